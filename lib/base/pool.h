/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.h - slots by index, with generations instead of pointers
 *
 * A pool says which of @capacity slots are in use; what a slot holds lies in
 * the owner's own arrays, indexed alike (and zeroed by the owner, if need be,
 * when a slot is taken: a reused slot holds what its last user left).
 *
 * A slot's generation goes up with every take and give, so an id kept after
 * its slot was given back finds nothing.  An id is never 0, and comes again
 * only after 2^31 takes of the same slot.
 */
#ifndef WEIR_BASE_POOL_H
#define WEIR_BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

#define WEIR_POOL_NONE       UINT32_MAX
#define WEIR_POOL_SLOT_BYTES 8u

struct weir_pool_slot {
	uint32_t gen;  /* odd: taken */
	uint32_t next; /* only while it is given back */
};

/**
 * struct weir_pool - who has which slot
 * @slot:     one per index; never touched beyond @high
 * @capacity: slots in all
 * @used:     slots taken now
 * @high:     slots ever taken: indices from here on are untouched
 * @spare:    the slot given back last, or WEIR_POOL_NONE
 */
struct weir_pool {
	struct weir_pool_slot *slot;
	uint32_t capacity;
	uint32_t used;
	uint32_t high;
	uint32_t spare;
};

/** weir_pool_bytes() - what weir_pool_init() takes from an arena at most */
static inline size_t weir_pool_bytes(uint32_t capacity)
{
	return (size_t)capacity * WEIR_POOL_SLOT_BYTES + WEIR_POOL_SLOT_BYTES;
}

/**
 * weir_pool_init() - a pool of @capacity free slots
 * @capacity: less than WEIR_POOL_NONE
 *
 * Return: false if the arena has no room.
 */
bool weir_pool_init(struct weir_pool *p, struct weir_arena *arena,
		    uint32_t capacity);

/**
 * weir_pool_take() - take a free slot: the one given back last, else a new one
 *
 * Return: its index, or WEIR_POOL_NONE if every slot is taken.
 */
uint32_t weir_pool_take(struct weir_pool *p);

/** weir_pool_give() - give slot @index, which must be taken, back */
void weir_pool_give(struct weir_pool *p, uint32_t index);

/** weir_pool_id() - the id of slot @index, which must be taken; never 0 */
uint64_t weir_pool_id(const struct weir_pool *p, uint32_t index);

/**
 * weir_pool_find() - the slot that an id means
 * @id: may come from anywhere
 *
 * Return: its index, or WEIR_POOL_NONE if it was given back or never was.
 */
uint32_t weir_pool_find(const struct weir_pool *p, uint64_t id);

/** weir_pool_is_taken() - is slot @index, which may be any number, taken? */
bool weir_pool_is_taken(const struct weir_pool *p, uint32_t index);

/** weir_pool_used() - how many slots are taken */
static inline uint32_t weir_pool_used(const struct weir_pool *p)
{
	return p->used;
}

/** weir_pool_high() - one more than the highest index ever taken, to walk all */
static inline uint32_t weir_pool_high(const struct weir_pool *p)
{
	return p->high;
}

#endif /* WEIR_BASE_POOL_H */
