/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.c - slots by index, with generations instead of pointers
 *
 *   untouched ──take──► taken (gen odd) ──give──► spare (gen even, listed)
 *                           ▲                        │
 *                           └─────────take───────────┘
 *
 * Slots given back are taken again last in, first out, so that a pool which
 * was once full and is nearly empty works on few and warm pages.  Only when
 * none is spare does @high go up by one: a slot never used is never touched
 * and its page costs nothing.
 *
 * Invariants:
 *   1. gen is odd exactly while the slot is taken; it only goes up (modulo
 *      2^32, which keeps the parity).
 *   2. every slot below @high is taken or on the list of spares, once.
 *   3. used + length of the list == high <= capacity < WEIR_POOL_NONE.
 */
#include "base/pool.h"

#include <stdalign.h>

#include "base/must.h"

_Static_assert(sizeof(struct weir_pool_slot) == WEIR_POOL_SLOT_BYTES, "size");

bool weir_pool_init(struct weir_pool *p, struct weir_arena *arena,
		    uint32_t capacity)
{
	struct weir_pool_slot *slot;

	weir_must(capacity < WEIR_POOL_NONE);
	slot = weir_arena_take(arena, capacity, sizeof(*slot),
			       alignof(struct weir_pool_slot));
	if (!slot)
		return false;
	*p = (struct weir_pool){ .slot = slot,
				 .capacity = capacity,
				 .spare = WEIR_POOL_NONE };
	return true;
}

uint32_t weir_pool_take(struct weir_pool *p)
{
	uint32_t index = p->spare;

	if (index != WEIR_POOL_NONE)
		p->spare = p->slot[index].next;
	else if (p->high < p->capacity)
		index = p->high++;
	else
		return WEIR_POOL_NONE;
	p->slot[index].gen++;
	p->used++;
	return index;
}

void weir_pool_give(struct weir_pool *p, uint32_t index)
{
	weir_must(weir_pool_is_taken(p, index));
	p->slot[index].gen++;
	p->slot[index].next = p->spare;
	p->spare = index;
	p->used--;
}

uint64_t weir_pool_id(const struct weir_pool *p, uint32_t index)
{
	weir_must(weir_pool_is_taken(p, index));
	return (uint64_t)p->slot[index].gen << 32 | index;
}

uint32_t weir_pool_find(const struct weir_pool *p, uint64_t id)
{
	uint32_t index = (uint32_t)id;

	if (!weir_pool_is_taken(p, index) || p->slot[index].gen != id >> 32)
		return WEIR_POOL_NONE;
	return index;
}

bool weir_pool_is_taken(const struct weir_pool *p, uint32_t index)
{
	return index < p->high && (p->slot[index].gen & 1);
}
