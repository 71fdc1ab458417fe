/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tap.h - frames in and out of a TAP with a virtio-net header
 *
 * The descriptor is made elsewhere (in the guest's network namespace, with
 * IFF_VNET_HDR and a 12-byte header) and is non-blocking.  One read is one
 * frame, up to 64 KB of it; so is one write.
 *
 * Thread: the engine's.
 */
#ifndef WEIR_LINK_TAP_H
#define WEIR_LINK_TAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/span.h"
#include "link/link.h"
#include "packet/vnethdr.h"

/* the calls of this room, for the engine's list */
#define WEIR_TAP_CALLS(X) X(read) X(writev) X(close)

/** struct weir_tap - one TAP, owned */
struct weir_tap {
	int fd;
};

/** weir_tap_open() - a link of a TAP's descriptor */
void weir_tap_open(struct weir_tap *t, int fd);

/* its table; @self is a struct weir_tap */
extern const struct weir_link_ops weir_tap_ops;

/**
 * weir_tap_receive() - take the next frame from the guest
 * @buf: WEIR_LINK_ROOM_BYTES of room; header first
 *
 * Return: bytes in @buf, header included; -EAGAIN none there; another
 * negative errno: the link is down (EIO, EBADFD: the interface is gone).
 */
int weir_tap_receive(int fd, uint8_t *buf);

/**
 * weir_tap_send() - give the guest one frame
 * @part: @n spans: virtio-net header and protocol headers first, then payload
 *
 * Return: 0; -EAGAIN or -ENOBUFS no room; another negative errno as above.
 */
int weir_tap_send(int fd, const struct weir_span *part, unsigned n);

#endif /* WEIR_LINK_TAP_H */
