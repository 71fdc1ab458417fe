/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h - from a hash to the indices filed under it
 *
 * The table knows hashes and indices, not keys: the caller walks the indices
 * with an equal hash and compares keys in its own arrays.
 *
 *	for (i = weir_table_first(t, h); i != WEIR_TABLE_NONE;
 *	     i = weir_table_next(t, i))
 *		if (key_is_equal(&flow[i].key, key))
 *			return i;
 *
 * It grows by one bucket at a time (no pause at any size).  Hashes must be
 * keyed (siphash.h): the low bits choose the bucket.  Between _first() and
 * _next() the table must not change.
 */
#ifndef WEIR_BASE_TABLE_H
#define WEIR_BASE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

#define WEIR_TABLE_NONE        UINT32_MAX
#define WEIR_TABLE_ENTRY_BYTES 12u /* with its share of the heads */

struct weir_table_entry {
	uint32_t link; /* 0: not in the table */
	uint32_t hash;
};

/**
 * struct weir_table - the buckets and their chains
 * @head:     one per bucket, index + 1, 0 if empty; untouched beyond @buckets
 * @entry:    one per index
 * @capacity: indices are below this
 * @used:     entries in the table
 * @buckets:  buckets in use, from 1 to @capacity; never fewer again
 * @half:     the largest power of two not above @buckets
 */
struct weir_table {
	uint32_t *head;
	struct weir_table_entry *entry;
	uint32_t capacity;
	uint32_t used;
	uint32_t buckets;
	uint32_t half;
};

/** weir_table_bytes() - what weir_table_init() takes from an arena at most */
static inline size_t weir_table_bytes(uint32_t capacity)
{
	return (size_t)capacity * WEIR_TABLE_ENTRY_BYTES + 16;
}

/**
 * weir_table_init() - an empty table for indices 0 to @capacity - 1
 * @capacity: 1 to 2^31
 *
 * Return: false if the arena has no room.
 */
bool weir_table_init(struct weir_table *t, struct weir_arena *arena,
		     uint32_t capacity);

/** weir_table_put() - file @index, not yet in the table, under @hash */
void weir_table_put(struct weir_table *t, uint32_t index, uint32_t hash);

/** weir_table_remove() - take @index, which is in the table, out of it */
void weir_table_remove(struct weir_table *t, uint32_t index);

/** weir_table_has() - is @index in the table? */
bool weir_table_has(const struct weir_table *t, uint32_t index);

/** weir_table_first() - an index filed under @hash, or WEIR_TABLE_NONE */
uint32_t weir_table_first(const struct weir_table *t, uint32_t hash);

/**
 * weir_table_next() - another one with the hash of @index
 * @index: as returned by weir_table_first() or weir_table_next()
 *
 * Return: an index, each once, or WEIR_TABLE_NONE after the last.
 */
uint32_t weir_table_next(const struct weir_table *t, uint32_t index);

/** weir_table_used() - how many indices are in the table */
static inline uint32_t weir_table_used(const struct weir_table *t)
{
	return t->used;
}

#endif /* WEIR_BASE_TABLE_H */
