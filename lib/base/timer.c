/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timer.c - one deadline for each index: a hierarchical wheel
 *
 * Time is counted in granules of 1024 us; a deadline is met at its granule
 * rounded up, so never early.  There are 4 levels of 64 slots; a slot of level
 * n stands for 64^n granules.  A deadline is filed at the level of the highest
 * group of 6 bits in which its granule differs from now:
 *
 *	level 3   ...|xx....|......|......|......    262,144 granules a slot
 *	level 2          same|xx....|......|......      4,096
 *	level 1                 same|xx....|......         64
 *	level 0                        same|xx....          1
 *
 * So everything at level n comes before everything at level n + 1, and the
 * next thing to do is in the first busy slot of the lowest busy level: a bit
 * scan, not a walk.  When time reaches a slot of a higher level, its entries
 * move to a list of their own and from there, a bounded number per call, to
 * lower levels; a deadline moves down at most three times.  Empty slots are
 * never visited, so it does not matter how long the owner slept.
 *
 * The top level is a circle: a slot behind now means the next round.  What
 * lies beyond its 63 slots is filed in the last of them and moved on, by its
 * exact deadline, when that slot comes.
 *
 *   set ──► slot of a level ──► moving ──► slot of a lower level
 *    │            │ (level 0)      │
 *    │            ▼                ▼
 *    └──────► expired ◄────────────┘        expired ──► popped, not set
 *
 * Each list is doubly linked by index; the first entry's back link says whose
 * head it is (OWNER | list), so a whole slot changes lists by one word.
 *
 * Invariants:
 *   1. prev is 0 exactly while no deadline is set.
 *   2. busy has a bit exactly for each slot that is not empty.
 *   3. entries of levels 0 to 2 are in slots after that of now, and in its
 *      round; those of level 3 up to 63 slots after it.
 *   4. time passes a slot only after its entries were taken out of it.
 *   5. entries in the expired list have granules <= tick.
 */
#include "base/timer.h"

#include <stdalign.h>

#include "base/must.h"

#define GRANULE_BITS 10u
#define SLOT_BITS    6u
#define SLOT_MASK    (WEIR_TIMER_SLOTS - 1u)
#define TOP          (WEIR_TIMER_LEVELS - 1u)
#define MOVING       (WEIR_TIMER_LEVELS * WEIR_TIMER_SLOTS)
#define EXPIRED      (MOVING + 1u)
#define OWNER        (UINT32_C(1) << 31)

_Static_assert(1u << GRANULE_BITS == WEIR_TIMER_GRANULE_US, "granule");
_Static_assert(1u << SLOT_BITS == WEIR_TIMER_SLOTS, "slots");
_Static_assert(sizeof(struct weir_timer_entry) == WEIR_TIMER_ENTRY_BYTES,
	       "size");
_Static_assert(EXPIRED < WEIR_TIMER_LISTS, "lists");

bool weir_timer_init(struct weir_timer *t, struct weir_arena *arena,
		     uint32_t capacity, uint64_t now_us)
{
	struct weir_timer_entry *entry;

	weir_must(capacity < OWNER);
	entry = weir_arena_take(arena, capacity, sizeof(*entry),
				alignof(struct weir_timer_entry));
	if (!entry)
		return false;
	*t = (struct weir_timer){ .entry = entry,
				  .capacity = capacity,
				  .tick = now_us >> GRANULE_BITS };
	return true;
}

static void link_entry(struct weir_timer *t, uint32_t index, uint32_t list)
{
	uint32_t first = t->head[list];

	t->entry[index].next = first;
	t->entry[index].prev = OWNER | list;
	if (first)
		t->entry[first - 1].prev = index + 1;
	t->head[list] = index + 1;
	if (list < MOVING)
		t->busy[list / WEIR_TIMER_SLOTS] |= UINT64_C(1)
						    << (list & SLOT_MASK);
}

static void unlink_entry(struct weir_timer *t, uint32_t index)
{
	uint32_t next = t->entry[index].next, prev = t->entry[index].prev;

	if (next)
		t->entry[next - 1].prev = prev;
	if (prev & OWNER) {
		uint32_t list = prev & ~OWNER;

		t->head[list] = next;
		if (!next && list < MOVING)
			t->busy[list / WEIR_TIMER_SLOTS] &=
				~(UINT64_C(1) << (list & SLOT_MASK));
	} else {
		t->entry[prev - 1].next = next;
	}
	t->entry[index].prev = 0;
}

/* Hand all of a slot over to an empty list. */
static void splice(struct weir_timer *t, uint32_t slot, uint32_t list)
{
	uint32_t first = t->head[slot];

	weir_must(first && !t->head[list]);
	t->entry[first - 1].prev = OWNER | list;
	t->head[list] = first;
	t->head[slot] = 0;
	t->busy[slot / WEIR_TIMER_SLOTS] &=
		~(UINT64_C(1) << (slot & SLOT_MASK));
}

static uint64_t granule_of(uint64_t due_us)
{
	return (due_us >> GRANULE_BITS) +
	       ((due_us & (WEIR_TIMER_GRANULE_US - 1)) != 0);
}

/* Which list a deadline belongs to, seen from now. */
static uint32_t list_for(const struct weir_timer *t, uint64_t due_us)
{
	uint64_t when = granule_of(due_us);
	uint64_t top_now = t->tick >> (TOP * SLOT_BITS);
	unsigned level;

	if (when <= t->tick)
		return EXPIRED;
	level = (63u - (unsigned)__builtin_clzll(when ^ t->tick)) / SLOT_BITS;
	if (level >= TOP) {
		uint64_t slot = when >> (TOP * SLOT_BITS);

		if (slot - top_now > SLOT_MASK)
			slot = top_now + SLOT_MASK;
		return TOP * WEIR_TIMER_SLOTS + (uint32_t)(slot & SLOT_MASK);
	}
	return level * WEIR_TIMER_SLOTS +
	       (uint32_t)(when >> (level * SLOT_BITS) & SLOT_MASK);
}

void weir_timer_set(struct weir_timer *t, uint32_t index, uint64_t due_us)
{
	weir_must(index < t->capacity);
	if (t->entry[index].prev)
		unlink_entry(t, index);
	else
		t->armed++;
	t->entry[index].due_us = due_us;
	link_entry(t, index, list_for(t, due_us));
}

void weir_timer_cancel(struct weir_timer *t, uint32_t index)
{
	weir_must(index < t->capacity);
	if (!t->entry[index].prev)
		return;
	unlink_entry(t, index);
	t->armed--;
}

bool weir_timer_is_set(const struct weir_timer *t, uint32_t index)
{
	weir_must(index < t->capacity);
	return t->entry[index].prev != 0;
}

uint64_t weir_timer_due_us(const struct weir_timer *t, uint32_t index)
{
	return weir_timer_is_set(t, index) ? t->entry[index].due_us
					   : UINT64_MAX;
}

/* The first busy slot: true with the granule it begins at and its list. */
static bool find_busy(const struct weir_timer *t, uint64_t *ret_tick,
		      uint32_t *ret_slot)
{
	for (unsigned level = 0; level < TOP; level++) {
		unsigned shift = level * SLOT_BITS;
		uint64_t round = t->tick >> (shift + SLOT_BITS) << SLOT_BITS;
		unsigned slot;

		if (!t->busy[level])
			continue;
		slot = (unsigned)__builtin_ctzll(t->busy[level]);
		*ret_tick = (round | slot) << shift;
		*ret_slot = level * WEIR_TIMER_SLOTS + slot;
		return true;
	}
	if (t->busy[TOP]) {
		uint64_t now = t->tick >> (TOP * SLOT_BITS);
		unsigned by = (unsigned)(now & SLOT_MASK);
		uint64_t ring = t->busy[TOP] >> by |
				t->busy[TOP] << ((64u - by) & SLOT_MASK);
		unsigned ahead = (unsigned)__builtin_ctzll(ring);

		*ret_tick = (now + ahead) << (TOP * SLOT_BITS);
		*ret_slot = TOP * WEIR_TIMER_SLOTS + ((by + ahead) & SLOT_MASK);
		return true;
	}
	return false;
}

uint64_t weir_timer_next_us(const struct weir_timer *t)
{
	uint64_t tick = t->tick;
	uint32_t slot;

	if (!t->head[MOVING] && !t->head[EXPIRED] &&
	    !find_busy(t, &tick, &slot))
		return UINT64_MAX;
	return tick << GRANULE_BITS;
}

uint32_t weir_timer_expire(struct weir_timer *t, uint64_t now_us)
{
	uint64_t now = now_us >> GRANULE_BITS, tick;
	uint32_t slot, moves = 0;

	for (;;) {
		if (t->head[EXPIRED]) {
			uint32_t index = t->head[EXPIRED] - 1;

			weir_timer_cancel(t, index);
			return index;
		}
		if (t->head[MOVING]) {
			uint32_t index = t->head[MOVING] - 1;

			if (moves++ == WEIR_TIMER_MOVES)
				return WEIR_TIMER_NONE;
			unlink_entry(t, index);
			link_entry(t, index,
				   list_for(t, t->entry[index].due_us));
			continue;
		}
		if (!find_busy(t, &tick, &slot) || tick > now)
			break;
		t->tick = tick;
		splice(t, slot, slot < WEIR_TIMER_SLOTS ? EXPIRED : MOVING);
	}
	if (now > t->tick)
		t->tick = now;
	return WEIR_TIMER_NONE;
}
