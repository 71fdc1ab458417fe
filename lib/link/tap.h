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
#include "packet/vnethdr.h"

/** room for any frame and its header, see weir_tap_receive() */
#define WEIR_TAP_ROOM_BYTES (WEIR_VNET_BYTES + WEIR_FRAME_MAX_BYTES)

/* the most spans a frame is written from, its headers included */
#define WEIR_TAP_SPANS_MAX 16u

/* the calls of this room, for the engine's list */
#define WEIR_TAP_CALLS(X) X(read) X(writev)

/**
 * weir_tap_receive() - take the next frame from the guest
 * @buf: WEIR_TAP_ROOM_BYTES of room; header first
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
