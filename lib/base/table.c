/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.c - from a hash to the indices filed under it: linear hashing
 *
 * A table that doubles stops the house while it moves a hundred thousand
 * entries.  Linear hashing (Litwin, 1980) adds one bucket at a time instead.
 * With B buckets and H the largest power of two not above B, buckets 0 to
 * B - H - 1 have been split and use one bit more of the hash:
 *
 *	 0 ........ B-H ........ H ........ B
 *	 split      not yet      their other halves
 *
 *	bucket(hash) = hash mod 2H, or hash mod H where that is not below B
 *
 * Bucket B, when added, takes its entries from bucket B - H alone.  Each put
 * that makes more entries than buckets adds one, so chains hold one entry on
 * average and what a put costs does not depend on the size of the table.
 *
 * Buckets are not merged again: an empty one costs 4 bytes of a page that was
 * touched before, and there are never more than @capacity of them.
 *
 * Invariants:
 *   1. link is 0 exactly while an index is not in the table; otherwise it is
 *      the next index + 1, or LAST.
 *   2. every entry in the chain of bucket b has bucket(hash) == b.
 *   3. half <= buckets < 2 * half, and buckets <= capacity.
 */
#include "base/table.h"

#include <stdalign.h>

#include "base/must.h"

#define LAST UINT32_MAX

_Static_assert(sizeof(struct weir_table_entry) + sizeof(uint32_t) ==
		       WEIR_TABLE_ENTRY_BYTES,
	       "size");

bool weir_table_init(struct weir_table *t, struct weir_arena *arena,
		     uint32_t capacity)
{
	struct weir_arena a = *arena;
	struct weir_table_entry *entry;
	uint32_t *head;

	weir_must(capacity && capacity <= UINT32_C(1) << 31);
	entry = weir_arena_take(&a, capacity, sizeof(*entry),
				alignof(struct weir_table_entry));
	head = weir_arena_take(&a, capacity, sizeof(*head), alignof(uint32_t));
	if (!entry || !head)
		return false;
	*arena = a;
	*t = (struct weir_table){ .head = head,
				  .entry = entry,
				  .capacity = capacity,
				  .buckets = 1,
				  .half = 1 };
	return true;
}

static uint32_t bucket_of(const struct weir_table *t, uint32_t hash)
{
	uint32_t b = hash & (2 * t->half - 1);

	return b < t->buckets ? b : hash & (t->half - 1);
}

/* A head of 0 says empty, a link of 0 says not in the table: hence LAST. */
static void push(struct weir_table *t, uint32_t bucket, uint32_t index)
{
	uint32_t first = t->head[bucket];

	t->entry[index].link = first ? first : LAST;
	t->head[bucket] = index + 1;
}

static void grow(struct weir_table *t)
{
	uint32_t from = t->buckets - t->half;
	uint32_t at = t->head[from];

	t->buckets++;
	t->head[from] = 0;
	while (at && at != LAST) {
		uint32_t index = at - 1;

		at = t->entry[index].link;
		push(t, bucket_of(t, t->entry[index].hash), index);
	}
	if (t->buckets == 2 * t->half)
		t->half = t->buckets;
}

void weir_table_put(struct weir_table *t, uint32_t index, uint32_t hash)
{
	weir_must(index < t->capacity && !t->entry[index].link);
	t->entry[index].hash = hash;
	push(t, bucket_of(t, hash), index);
	t->used++;
	if (t->used > t->buckets && t->buckets < t->capacity)
		grow(t);
}

void weir_table_remove(struct weir_table *t, uint32_t index)
{
	uint32_t bucket, link;

	weir_must(weir_table_has(t, index));
	bucket = bucket_of(t, t->entry[index].hash);
	link = t->entry[index].link;
	if (t->head[bucket] == index + 1) {
		t->head[bucket] = link == LAST ? 0 : link;
	} else {
		uint32_t at = t->head[bucket] - 1;

		while (t->entry[at].link != index + 1)
			at = t->entry[at].link - 1;
		t->entry[at].link = link;
	}
	t->entry[index].link = 0;
	t->used--;
}

bool weir_table_has(const struct weir_table *t, uint32_t index)
{
	return index < t->capacity && t->entry[index].link;
}

static uint32_t seek(const struct weir_table *t, uint32_t at, uint32_t hash)
{
	while (at && at != LAST) {
		if (t->entry[at - 1].hash == hash)
			return at - 1;
		at = t->entry[at - 1].link;
	}
	return WEIR_TABLE_NONE;
}

uint32_t weir_table_first(const struct weir_table *t, uint32_t hash)
{
	return seek(t, t->head[bucket_of(t, hash)], hash);
}

uint32_t weir_table_next(const struct weir_table *t, uint32_t index)
{
	weir_must(weir_table_has(t, index));
	return seek(t, t->entry[index].link, t->entry[index].hash);
}
