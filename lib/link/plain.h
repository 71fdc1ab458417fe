/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain.h - frames over a socket whose wire has no virtio header
 *
 * What stream.c and dgram.c do alike: the header of a frame for the engine is
 * made up, that of one for the guest is left out.
 */
#ifndef WEIR_LINK_PLAIN_H
#define WEIR_LINK_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/link.h"

/* the calls of this room, for the engine's list */
#define WEIR_PLAIN_CALLS(X) X(close)

/**
 * weir_plain_most() - the largest frame towards a guest
 * @mtu:   of its card: with headers, a VLAN's too, 18 bytes more
 * @jumbo: as large as any
 */
size_t weir_plain_most(uint32_t mtu, bool jumbo);

/** weir_plain_head() - the header of a frame that came without: no offload */
void weir_plain_head(uint8_t head[WEIR_VNET_BYTES]);

/**
 * weir_plain_cut() - a frame for the guest, without its header
 * @part:    @n spans, as the send() of a link has them
 * @ret:     WEIR_LINK_SPANS_MAX of room
 * @ret_len: bytes of the frame
 *
 * Return: how many spans.
 */
unsigned weir_plain_cut(const struct weir_span *part, unsigned n,
			struct weir_span *ret, size_t *ret_len);

/**
 * weir_plain_close() - close a link's socket; once more is nothing
 *
 * Return: -EBADF, which is why the link is down then.
 */
int weir_plain_close(int *fd);

#endif /* WEIR_LINK_PLAIN_H */
