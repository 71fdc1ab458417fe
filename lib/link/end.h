/* SPDX-License-Identifier: Apache-2.0 */
/*
 * end.h - one end of two rings: what comes in, what goes out, who sleeps
 *
 * The guest's port and the network's device are both an end; each belongs to
 * one thread.  How they wake each other is told at the top of end.c.
 */
#ifndef WEIR_LINK_END_H
#define WEIR_LINK_END_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/atom.h"
#include "base/ring.h"

/*
 * What an end waits for, in weir_end.waits; 0: it is awake.  The low 32 bits
 * are, with WEIR_END_ROOM, the head at which its frame will fit.
 */
#define WEIR_END_FRAMES   (UINT64_C(1) << 32)
#define WEIR_END_ROOM     (UINT64_C(1) << 33)
#define WEIR_END_SHUTDOWN (UINT64_C(1) << 34) /* never waited for: it is told */

/**
 * struct weir_end - one end
 *
 * @waits, @fd: for the other end to read
 * @in:   the ring this end takes from; @out: the one it puts into
 * @peer: the other end
 * @shutdown: set once, for both
 * @announced: what @waits was set to last; 0: nothing is, @fd is readable
 * @claims:  how often @fd was written to, or will be at once
 * @drained: of those, read away
 * @wanted:  bytes of the frame that found no room; 0: none waits
 * @settled: frames it had ever given back when it last went to sleep
 * @gave, @sent: since the last flush
 * @frames, @bytes, @refused, @oversize, @wakes: what this end did, see
 *           struct weir_frames_tally; @dropped: came in too large for it
 */
struct weir_end {
	alignas(WEIR_RING_LINE) WEIR_ATOM(uint64_t) waits;
	int fd;

	alignas(WEIR_RING_LINE) struct weir_ring *in;
	struct weir_ring *out;
	struct weir_end *peer;
	WEIR_ATOM(uint32_t) * shutdown;
	uint64_t announced;
	uint64_t claims, drained;
	uint32_t wanted;
	uint32_t settled;
	bool gave, sent;
	WEIR_ATOM(uint64_t) frames;
	WEIR_ATOM(uint64_t) bytes;
	WEIR_ATOM(uint64_t) refused;
	WEIR_ATOM(uint64_t) oversize;
	WEIR_ATOM(uint64_t) dropped;
	WEIR_ATOM(uint64_t) wakes;
};

/**
 * weir_end_init() - an end that waits for frames
 * @e: @fd, @in, @out, @peer and @shutdown are set, the rest is zero
 */
void weir_end_init(struct weir_end *e);

/**
 * weir_end_settle() - nothing to take, or no room: may this end sleep?
 * @frames: frames are waited for; false: some are there and must wait too
 *
 * Announces what it waits for: frames, and room if @wanted.
 *
 * Return: 0 yes: @fd will be readable when there is something; else what is
 * there (WEIR_END_FRAMES, _ROOM, _SHUTDOWN), and @fd is readable or will be at
 * once, however much of it is taken.
 */
uint64_t weir_end_settle(struct weir_end *e, bool frames);

/** weir_end_wake() - the other end has announced that it waits: wake it */
void weir_end_wake(struct weir_end *e, uint64_t waits);

/** weir_end_is_down() - was the shutdown begun? */
static inline bool weir_end_is_down(const struct weir_end *e)
{
	return WEIR_ATOM_LOAD(e->shutdown, WEIR_ATOM_ACQUIRE);
}

/* After a FULL store to tail or head: does the other end sleep? */
static inline void weir_end_look(struct weir_end *e)
{
	uint64_t waits = WEIR_ATOM_LOAD(&e->peer->waits, WEIR_ATOM_FULL);

	if (__builtin_expect(waits != 0, 0))
		weir_end_wake(e, waits);
	e->sent = false;
	e->gave = false;
}

/**
 * weir_end_reserve() - room for a frame of @len bytes, in the ring out
 *
 * Return: where it is; NULL: no room, which weir_end_refuse() then tells.
 */
static inline uint8_t *weir_end_reserve(struct weir_end *e, uint32_t len)
{
	return weir_ring_reserve(e->out, len);
}

/**
 * weir_end_refuse() - a frame of @len bytes found no room
 *
 * Return: true: there is none, and @fd tells when there is; false: there is
 * now.
 */
static inline bool weir_end_refuse(struct weir_end *e, uint32_t len)
{
	e->wanted = len;
	return !(weir_end_settle(e, true) & WEIR_END_ROOM);
}

/**
 * weir_end_refuse_answer() - the same, for the answer to a frame that waits
 *
 * That frame, and others behind it, then do not keep @fd readable.
 */
static inline bool weir_end_refuse_answer(struct weir_end *e, uint32_t len)
{
	e->wanted = len;
	return !(weir_end_settle(e, false) & WEIR_END_ROOM);
}

/** weir_end_send() - publish what is reserved; the flush is to follow */
static inline void weir_end_send(struct weir_end *e)
{
	weir_ring_publish(e->out);
	e->wanted = 0;
	e->sent = true;
}

/** weir_end_send_now() - publish what is reserved, and wake */
static inline void weir_end_send_now(struct weir_end *e)
{
	weir_ring_publish_full(e->out);
	e->wanted = 0;
	e->sent = true;
	weir_end_look(e);
}

/**
 * weir_end_has() - is there an @i-th frame to take, counted from 0?
 *
 * Return: true; false: there is not, and if @i is 0 @fd tells when there is.
 */
static inline bool weir_end_has(struct weir_end *e, uint32_t i)
{
	if (weir_ring_has(e->in, i))
		return true;
	return i == 0 && weir_end_settle(e, true) & WEIR_END_FRAMES;
}

/** weir_end_give() - the first @n frames are done with; the flush follows */
static inline void weir_end_give(struct weir_end *e, uint32_t n)
{
	weir_ring_give(e->in, n);
	e->gave = true;
}

/** weir_end_give_now() - the first @n frames are done with, and wake */
static inline void weir_end_give_now(struct weir_end *e, uint32_t n)
{
	weir_ring_give_full(e->in, n);
	e->gave = true;
	weir_end_look(e);
}

/** weir_end_flush() - the end of a batch of weir_end_send(), _give() */
static inline void weir_end_flush(struct weir_end *e)
{
	if (!e->sent && !e->gave)
		return;
	if (e->sent)
		weir_ring_publish_full(e->out);
	if (e->gave)
		weir_ring_give_full(e->in, 0);
	weir_end_look(e);
}

#endif /* WEIR_LINK_END_H */
