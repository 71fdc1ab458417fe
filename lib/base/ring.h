/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring.h - frames of any length from one thread to another, in place
 *
 * DOC: how it works
 *
 * One producer, one consumer, no lock, no allocation.  A ring is a circle of
 * slots, a power of two of them, and a run of bytes for what the slots point
 * at.  @tail counts what was ever published, @head what was ever given back;
 * they never wrap back (32 bits, subtracted modulo 2^32), and slot i is i
 * modulo the number of slots.
 *
 *	head            tail         next
 *	  │ published     │ reserved   │
 *	──┼───────────────┼────────────┼──────  slots
 *
 * What a slot points at lies in one piece.  The producer places it behind what
 * it placed last, or at the start of the bytes when the end is too near.  Where
 * the bytes in use begin it reads from slot @head, which it wrote itself: the
 * consumer tells it nothing but @head.
 *
 *	       oldest      at                  at       oldest
 *	─ ─ ─ ─ ┼───────────┼ ─ ─ ─      ───────┼ ─ ─ ─ ─ ┼───────────
 *	        │  in use   │               use │         │  in use
 *
 * A ring seen empty begins at its start again.  So one that is emptied as fast
 * as it is filled stays in the same few pages, which the caches know.
 *
 * Each thread keeps what it last saw of the other's index and looks again when
 * that is not enough (the producer also every 32 slots, for the sake of a ring
 * that is empty), so that the line of the other index moves between the
 * processors seldom.  The two indices, and what each side keeps for itself, lie
 * on lines of their own.
 *
 * Invariants
 *	1  head <= tail <= next <= head + slots, counted modulo 2^32.
 *	2  Bytes of slots from @head to @next do not overlap.
 *	3  A slot and its bytes are the producer's until @tail has passed it,
 *	   then the consumer's until @head has.
 *	4  An empty ring takes anything up to all its bytes.
 *
 * Limits: lengths and bytes below 2^31.
 */
#ifndef WEIR_BASE_RING_H
#define WEIR_BASE_RING_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atom.h"
#include "base/must.h"

/* two lines: processors fetch them in pairs */
#define WEIR_RING_LINE 128

/* what a slot points at begins at a multiple of this */
#define WEIR_RING_ALIGN 64u

/* slots after which the producer looks where the consumer is */
#define WEIR_RING_LOOK 32u

/** struct weir_ring_slot - where a frame lies, and its length */
struct weir_ring_slot {
	uint32_t at, len;
};

/**
 * struct weir_ring_in - what the producer knows
 * @next: slots ever reserved; @tail: of those, published
 * @head: as it was seen last
 * @at:   the first byte behind what was placed last
 */
struct weir_ring_in {
	struct weir_ring_slot *slot;
	uint8_t *mem;
	uint32_t mask, bytes;
	uint32_t next, tail, head;
	uint32_t at;
};

/**
 * struct weir_ring_out - what the consumer knows
 * @head: slots ever given back
 * @tail: as it was seen last
 */
struct weir_ring_out {
	const struct weir_ring_slot *slot;
	uint8_t *mem;
	uint32_t mask;
	uint32_t head, tail;
};

/** struct weir_ring - both ends, and the two indices they agree by */
struct weir_ring {
	alignas(WEIR_RING_LINE) WEIR_ATOM(uint32_t) tail;
	alignas(WEIR_RING_LINE) WEIR_ATOM(uint32_t) head;
	alignas(WEIR_RING_LINE) struct weir_ring_in in;
	alignas(WEIR_RING_LINE) struct weir_ring_out out;
};

/** weir_ring_round() - the bytes a frame of @len takes */
static inline uint32_t weir_ring_round(uint32_t len)
{
	return (len + WEIR_RING_ALIGN - 1) & ~(WEIR_RING_ALIGN - 1);
}

/**
 * weir_ring_init() - an empty ring
 * @slot:  @slots of them, a power of two; holds them
 * @mem:   @bytes, a multiple of WEIR_RING_ALIGN; holds them
 */
static inline void weir_ring_init(struct weir_ring *r,
				  struct weir_ring_slot *slot, uint32_t slots,
				  /* kept, to be written */
				  /* NOLINTNEXTLINE(readability-non-const-*) */
				  uint8_t *mem, uint32_t bytes)
{
	weir_must(slots && !(slots & (slots - 1)));
	weir_must(bytes % WEIR_RING_ALIGN == 0 && bytes < 1u << 31);
	r->in = (struct weir_ring_in){
		.slot = slot, .mem = mem, .mask = slots - 1, .bytes = bytes
	};
	r->out = (struct weir_ring_out){ .slot = slot,
					 .mem = mem,
					 .mask = slots - 1 };
	WEIR_ATOM_STORE(&r->head, 0u, WEIR_ATOM_RELAXED);
	WEIR_ATOM_STORE(&r->tail, 0u, WEIR_ATOM_RELAXED);
}

/* --- the producer's ------------------------------------------------------- */

/**
 * weir_ring_place() - where would @len more bytes go if @head were this?
 * @ret_at: may be NULL
 */
static inline bool weir_ring_place(const struct weir_ring_in *in, uint32_t head,
				   uint32_t len, uint32_t *ret_at)
{
	uint32_t need = weir_ring_round(len), at = in->at, oldest;

	if (in->next - head > in->mask)
		return false;
	if (in->next == head) {
		at = 0;
		if (need > in->bytes)
			return false;
	} else {
		oldest = in->slot[head & in->mask].at;
		if (at > oldest && need > in->bytes - at) {
			at = 0;
			if (need > oldest)
				return false;
		} else if (at <= oldest && need > oldest - at) {
			return false;
		}
	}
	if (ret_at)
		*ret_at = at;
	return true;
}

/** weir_ring_look() - see where the consumer is now */
static inline void weir_ring_look(struct weir_ring *r)
{
	r->in.head = WEIR_ATOM_LOAD(&r->head, WEIR_ATOM_FULL);
}

/**
 * weir_ring_reserve() - room for one more
 * @len: more than 0
 *
 * Return: where to write @len bytes, the producer's until they are published;
 * NULL: no room.
 */
static inline uint8_t *weir_ring_reserve(struct weir_ring *r, uint32_t len)
{
	struct weir_ring_in *in = &r->in;
	uint32_t at;

	if (!(in->next & (WEIR_RING_LOOK - 1)))
		weir_ring_look(r);
	if (!weir_ring_place(in, in->head, len, &at)) {
		weir_ring_look(r);
		if (!weir_ring_place(in, in->head, len, &at))
			return NULL;
	}
	in->slot[in->next++ & in->mask] = (struct weir_ring_slot){ at, len };
	in->at = at + weir_ring_round(len);
	return in->mem + at;
}

/** weir_ring_reserved() - how many are reserved and not published */
static inline uint32_t weir_ring_reserved(const struct weir_ring *r)
{
	return r->in.next - r->in.tail;
}

/** weir_ring_own() - the @i-th of those reserved */
static inline struct weir_ring_slot *weir_ring_own(struct weir_ring *r,
						   uint32_t i)
{
	weir_must(i < weir_ring_reserved(r));
	return &r->in.slot[(r->in.tail + i) & r->in.mask];
}

/**
 * weir_ring_trim() - give back all but the first @n of those reserved
 *
 * And what the last of these no longer needs, its length having been lowered.
 */
static inline void weir_ring_trim(struct weir_ring *r, uint32_t n)
{
	struct weir_ring_in *in = &r->in;
	const struct weir_ring_slot *last;

	weir_must(n <= weir_ring_reserved(r));
	if (n < weir_ring_reserved(r))
		in->at = in->slot[(in->tail + n) & in->mask].at;
	in->next = in->tail + n;
	if (n) {
		last = &in->slot[(in->next - 1) & in->mask];
		in->at = last->at + weir_ring_round(last->len);
	}
}

/** weir_ring_publish() - the consumer may have all that is reserved */
static inline void weir_ring_publish(struct weir_ring *r)
{
	r->in.tail = r->in.next;
	WEIR_ATOM_STORE(&r->tail, r->in.tail, WEIR_ATOM_RELEASE);
}

/**
 * weir_ring_publish_full() - the same; and loads of FULL order after it see
 *                            what the consumer did before it could see this
 */
static inline void weir_ring_publish_full(struct weir_ring *r)
{
	r->in.tail = r->in.next;
	WEIR_ATOM_STORE(&r->tail, r->in.tail, WEIR_ATOM_FULL);
}

/** weir_ring_fits() - is there room for @len, perhaps by the newest word? */
static inline bool weir_ring_fits(struct weir_ring *r, uint32_t len)
{
	if (weir_ring_place(&r->in, r->in.head, len, NULL))
		return true;
	weir_ring_look(r);
	return weir_ring_place(&r->in, r->in.head, len, NULL);
}

/** weir_ring_when() - the least @head at which @len bytes will fit */
static inline uint32_t weir_ring_when(const struct weir_ring *r, uint32_t len)
{
	uint32_t head = r->in.head;

	while (head != r->in.next && !weir_ring_place(&r->in, head, len, NULL))
		head++;
	return head;
}

/* --- the consumer's ------------------------------------------------------- */

/** weir_ring_has() - is there an @i-th frame, counted from 0? */
static inline bool weir_ring_has(struct weir_ring *r, uint32_t i)
{
	struct weir_ring_out *out = &r->out;

	if (out->tail - out->head > i)
		return true;
	out->tail = WEIR_ATOM_LOAD(&r->tail, WEIR_ATOM_FULL);
	return out->tail - out->head > i;
}

/**
 * weir_ring_at() - the @i-th frame, which weir_ring_has()
 * @ret_len: its bytes
 *
 * Return: its first byte, the consumer's until it is given back.
 */
static inline uint8_t *weir_ring_at(struct weir_ring *r, uint32_t i,
				    uint32_t *ret_len)
{
	const struct weir_ring_slot *s;

	weir_must(r->out.tail - r->out.head > i);
	s = &r->out.slot[(r->out.head + i) & r->out.mask];
	*ret_len = s->len;
	return r->out.mem + s->at;
}

/** weir_ring_give() - give back the first @n */
static inline void weir_ring_give(struct weir_ring *r, uint32_t n)
{
	weir_must(r->out.tail - r->out.head >= n);
	r->out.head += n;
	WEIR_ATOM_STORE(&r->head, r->out.head, WEIR_ATOM_RELEASE);
}

/** weir_ring_give_full() - the same, as weir_ring_publish_full() */
static inline void weir_ring_give_full(struct weir_ring *r, uint32_t n)
{
	weir_must(r->out.tail - r->out.head >= n);
	r->out.head += n;
	WEIR_ATOM_STORE(&r->head, r->out.head, WEIR_ATOM_FULL);
}

#endif /* WEIR_BASE_RING_H */
