/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vring.h - the device's side of a split virtqueue (virtio 1.2, 2.7)
 *
 * A ring is three tables in guest memory: descriptors, what the driver has
 * made available, and what the device has used.  The driver is hostile and
 * writes while we read: every byte is copied before it is believed, every
 * address is asked of the memory table, every walk is counted.
 *
 * One ring goes one way.  Up (the guest transmits): weir_vring_take() one
 * frame after the other.  Down: weir_vring_put().  Both leave used entries
 * behind that the driver sees with weir_vring_publish(), once a batch.
 *
 * Who has found nothing calls weir_vring_arm() before it sleeps; as long as
 * it has not, the driver is asked not to kick.
 *
 * Results: -EAGAIN nothing there, or no room; -EPROTO the ring itself is
 * broken (its indices are impossible or its memory is gone): from now on
 * everything says so, until weir_vring_start().
 */
#ifndef WEIR_LINK_VRING_H
#define WEIR_LINK_VRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "link/guestmem.h"

#define WEIR_VRING_SIZE_MAX  32768u /* entries of a ring (virtio 1.2, 2.7) */
#define WEIR_VRING_CHAIN_MAX 1024u  /* descriptors of a chain, all tables */
#define WEIR_VRING_HEADS_MAX 256u   /* buffers one frame down is spread over */
#define WEIR_VRING_SPANS_MAX 32u    /* of a frame down */

/** weir_vring_desc_bytes() - of the descriptor table of @num entries */
static inline uint64_t weir_vring_desc_bytes(uint32_t num)
{
	return 16 * (uint64_t)num;
}

/** weir_vring_avail_bytes() - of the available ring, its event index with it */
static inline uint64_t weir_vring_avail_bytes(uint32_t num)
{
	return 6 + 2 * (uint64_t)num;
}

/** weir_vring_used_bytes() - of the used ring, its event index with it */
static inline uint64_t weir_vring_used_bytes(uint32_t num)
{
	return 6 + 8 * (uint64_t)num;
}

/**
 * struct weir_vring - a ring; zeroed is one that is nowhere
 * @desc, @avail, @used: the tables, aligned to 16, 2 and 4 bytes; their bytes
 *             are those of the functions above.  NULL: nowhere, do not touch
 * @num:       entries, a power of two, at most WEIR_VRING_SIZE_MAX
 * @event_idx, @indirect: were they negotiated?
 * @next:      the available entry to be taken next
 * @seen:      our copy of the driver's index
 * @used_idx:  our index; what is beyond @shown the driver does not see yet
 * @shown:     the index the driver sees
 * @told:      @shown when it was last asked whether it wants an interrupt
 * @told_is:   there was such a time
 * @armed:     the driver kicks when it makes something available
 * @broken:    see above
 */
struct weir_vring {
	uint8_t *desc, *avail, *used;
	uint32_t num;
	bool event_idx, indirect;
	uint16_t next, seen, used_idx, shown, told;
	bool told_is, armed, broken;
};

/** struct weir_vring_piece - guest memory a frame goes to */
struct weir_vring_piece {
	uint8_t *at;
	size_t len;
};

/** struct weir_vring_head - a chain of the driver, and the bytes put in it */
struct weir_vring_head {
	uint16_t id;
	uint32_t len;
};

/** struct weir_vring_plan - where a frame goes; room for weir_vring_put() */
struct weir_vring_plan {
	struct weir_vring_piece piece[WEIR_VRING_CHAIN_MAX];
	struct weir_vring_head head[WEIR_VRING_HEADS_MAX];
	unsigned pieces, heads;
	uint64_t have;
};

/**
 * weir_vring_start() - begin, the tables being in place
 *
 * It begins where the used ring ends: what lies between that and the index of
 * whoever served the ring before was taken and never given back.
 *
 * Return: 0 or -EPROTO.
 */
int weir_vring_start(struct weir_vring *v);

/** weir_vring_is_empty() - is there nothing, as far as was seen? */
static inline bool weir_vring_is_empty(const struct weir_vring *v)
{
	return v->next == v->seen;
}

/** weir_vring_left() - how many chains are there, as far as was seen? */
static inline uint16_t weir_vring_left(const struct weir_vring *v)
{
	return (uint16_t)(v->seen - v->next);
}

/**
 * weir_vring_take() - the next chain up
 * @buf: @room bytes
 *
 * Return: its bytes; -EAGAIN; -EPROTO; -EINVAL a chain that cannot be read
 * (addresses, flags, a loop), -EMSGSIZE one longer than @room: both are passed
 * over and given back.
 */
int weir_vring_take(struct weir_vring *v, struct weir_guestmem *mem,
		    uint8_t *buf, size_t room);

/**
 * struct weir_vring_frame - a frame down
 * @part: @n spans, all of it but the header; at most WEIR_VRING_SPANS_MAX
 * @head: @head_len bytes that go before; where they are 12 the last two are
 *	set to the number of buffers
 * @merge: it may be spread over several buffers
 */
struct weir_vring_frame {
	const struct weir_span *part;
	unsigned n;
	const uint8_t *head;
	size_t head_len;
	bool merge;
};

/**
 * weir_vring_put() - one frame down, whole or not at all
 * @plan: room to work in; nothing in it matters before or after
 *
 * Return: 0; -EAGAIN it does not fit what the driver has made available: the
 * ring is armed, nothing was taken; -EPROTO.
 */
int weir_vring_put(struct weir_vring *v, struct weir_guestmem *mem,
		   const struct weir_vring_frame *f,
		   struct weir_vring_plan *plan);

/**
 * weir_vring_publish() - show the driver what was used
 *
 * Return: 1 it wants an interrupt; 0 it does not; -EPROTO.
 */
int weir_vring_publish(struct weir_vring *v);

/**
 * weir_vring_arm() - be kicked when the driver has made more available
 *
 * Return: 1 there is something already: look again, nobody will kick; 0
 * nothing; -EPROTO.
 */
int weir_vring_arm(struct weir_vring *v);

#endif /* WEIR_LINK_VRING_H */
