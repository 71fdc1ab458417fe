/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.h - the guest's card, whatever carries its frames
 *
 * The engine knows no TAP, socket or ring: it takes frames from a link and
 * gives frames to it through this table.  A frame begins with a virtio-net
 * header of 12 bytes (packet/vnethdr.h) on every link; one whose wire has none
 * makes it up.
 *
 * Thread: the engine's.
 */
#ifndef WEIR_LINK_LINK_H
#define WEIR_LINK_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/span.h"
#include "packet/vnethdr.h"

/* room for any frame and its header */
#define WEIR_LINK_ROOM_BYTES (WEIR_VNET_BYTES + WEIR_FRAME_MAX_BYTES)

/* the most spans a frame is given in, its headers included */
#define WEIR_LINK_SPANS_MAX 16u

/**
 * struct weir_link_ops - what a link can do; @self is the link's own
 *
 * @receive: the next frame of the guest into @buf, WEIR_LINK_ROOM_BYTES of
 *	room, header first.  Returns its bytes; -EAGAIN there is none now;
 *	-EINVAL one that cannot be used was passed over (the engine counts
 *	`vnet_header`), -EMSGSIZE one that was too long or too short
 *	(`oversize`): ask again; another negative errno: the link is down
 * @send: one frame for the guest, @n spans, header first.  All of it is taken
 *	or nothing.  Returns 0; -EAGAIN no room now (the frame is the caller's
 *	still, who drops it: TCP sends again); another negative errno: down
 * @flush: the end of a turn: what was sent is on its way, the other side is
 *	woken, once.  Returns true if something waits for room: @wants_out
 * @wants_out: is it to be told when its descriptor can be written?
 * @fd: readable when receive() or event() may have something; one descriptor
 *	for the link's whole life
 * @event: the descriptor was ready; before receive().  Returns 0 or a negative
 *	errno: the link is down
 * @close: the end; closes what the link owns
 *
 * @flush, @wants_out and @event may be NULL: there is nothing to do.
 */
struct weir_link_ops {
	int (*receive)(void *self, uint8_t *buf);
	int (*send)(void *self, const struct weir_span *part, unsigned n);
	bool (*flush)(void *self);
	bool (*wants_out)(const void *self);
	int (*fd)(const void *self);
	int (*event)(void *self, bool in, bool out);
	void (*close)(void *self);
};

/** struct weir_link - a link and its table */
struct weir_link {
	const struct weir_link_ops *ops;
	void *self;
};

#endif /* WEIR_LINK_LINK_H */
