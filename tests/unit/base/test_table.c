/* SPDX-License-Identifier: Apache-2.0 */
/* test_table.c - linear hashing against a list */
#include "../t.h"

#include "base/table.h"
#include "bench.h"

#define N 600u

static uint8_t mem[1 << 21];

static struct weir_table fresh(uint32_t capacity)
{
	struct weir_arena a;
	struct weir_table t;

	memset(mem, 0, sizeof(mem));
	weir_arena_init(&a, mem, sizeof(mem));
	CHECK(weir_table_init(&t, &a, capacity));
	return t;
}

/* The oracle: who is in, and under what. */
struct list {
	bool in[N];
	uint32_t hash[N];
	uint32_t used;
};

static void check_hash(const struct weir_table *t, const struct list *l,
		       uint32_t hash)
{
	bool seen[N] = { false };
	uint32_t found = 0, want = 0;

	for (uint32_t i = weir_table_first(t, hash); i != WEIR_TABLE_NONE;
	     i = weir_table_next(t, i)) {
		CHECK(i < N && l->in[i] && l->hash[i] == hash && !seen[i]);
		seen[i] = true;
		found++;
	}
	for (uint32_t i = 0; i < N; i++)
		want += l->in[i] && l->hash[i] == hash;
	CHECK_EQ(found, want);
}

static void run_against_list(uint64_t seed, uint32_t hashes, int steps)
{
	struct weir_table t = fresh(N);
	struct list l = { .used = 0 };
	uint32_t often = 5; /* puts in ten steps */
	uint32_t most = 1;

	for (int step = 0; step < steps; step++) {
		uint32_t i = below(&seed, N), before = t.buckets;
		uint32_t hash = (uint32_t)roll(&seed) % hashes * 0x9e3779b1u;

		if (step % 2000 == 0)
			often = 1 + below(&seed, 9);
		CHECK_EQ(weir_table_has(&t, i), l.in[i]);
		if (!l.in[i] && below(&seed, 10) < often) {
			weir_table_put(&t, i, hash);
			l.in[i] = true;
			l.hash[i] = hash;
			l.used++;
			most = l.used > most ? l.used : most;
		} else if (l.in[i] && below(&seed, 10) >= often) {
			weir_table_remove(&t, i);
			l.in[i] = false;
			l.used--;
		}
		CHECK(t.buckets - before <= 1);
		CHECK_EQ(t.buckets, most);
		CHECK_EQ(weir_table_used(&t), l.used);
		if (step % 16 == 0) {
			check_hash(&t, &l, hash);
			check_hash(&t, &l, l.hash[i]);
		}
	}
	for (uint32_t i = 0; i < N; i++)
		if (l.in[i])
			weir_table_remove(&t, i);
	CHECK_EQ(weir_table_used(&t), 0);
	for (uint32_t i = 0; i < N; i++)
		CHECK_EQ(weir_table_first(&t, l.hash[i]), WEIR_TABLE_NONE);
}

static void agrees_with_a_list_for_all_kinds_of_hashes(void **state)
{
	(void)state;
	run_against_list(1, UINT32_MAX, 200000);
	run_against_list(2, 200, 200000);
	run_against_list(3, 7, 100000);
	run_against_list(4, 1, 20000);
}

static void chains_stay_short_while_it_grows(void **state)
{
	enum { MANY = 131072 };
	struct weir_table t = fresh(MANY);
	uint64_t seed = 11, steps = 0;
	uint32_t longest = 0;

	(void)state;
	for (uint32_t i = 0; i < MANY; i++)
		weir_table_put(&t, i, (uint32_t)roll(&seed));
	CHECK_EQ(t.buckets, MANY);
	for (uint32_t b = 0; b < t.buckets; b++) {
		uint32_t len = 0, at = t.head[b];

		for (; at && at != UINT32_MAX; at = t.entry[at - 1].link)
			steps += ++len;
		longest = len > longest ? len : longest;
	}
	CHECK(longest <= 12); /* 7 to 9 of random hashes */
	CHECK(steps < 2 * MANY);
}

static void one_index_is_a_table_too(void **state)
{
	struct weir_table t = fresh(1);

	(void)state;
	CHECK_EQ(weir_table_first(&t, 5), WEIR_TABLE_NONE);
	weir_table_put(&t, 0, 5);
	CHECK_EQ(weir_table_first(&t, 5), 0);
	CHECK_EQ(weir_table_first(&t, 6), WEIR_TABLE_NONE);
	CHECK_EQ(weir_table_next(&t, 0), WEIR_TABLE_NONE);
	weir_table_remove(&t, 0);
	CHECK(!weir_table_has(&t, 0));
	CHECK(!weir_table_has(&t, 1));
}

static void put_zero(void *t)
{
	weir_table_put(t, 0, 1);
}

static void put_beyond(void *t)
{
	weir_table_put(t, 4, 1);
}

static void remove_zero(void *t)
{
	weir_table_remove(t, 0);
}

static void next_of_zero(void *t)
{
	(void)weir_table_next(t, 0);
}

static void init_none(void *a)
{
	struct weir_table t;

	(void)weir_table_init(&t, a, 0);
}

static void init_too_many(void *a)
{
	struct weir_table t;

	(void)weir_table_init(&t, a, (UINT32_C(1) << 31) + 1);
}

static void putting_or_removing_twice_stops(void **state)
{
	struct weir_table t = fresh(4);
	struct weir_arena a;

	(void)state;
	weir_arena_init(&a, mem, sizeof(mem));
	CHECK(stops(init_none, &a));
	CHECK(stops(init_too_many, &a));
	CHECK(!weir_table_init(&t, &a, UINT32_C(1) << 31));
	t = fresh(4);
	CHECK(stops(put_beyond, &t));
	CHECK(stops(next_of_zero, &t));
	CHECK(stops(remove_zero, &t));
	CHECK(!stops(put_zero, &t));
	weir_table_put(&t, 0, 1);
	CHECK(stops(put_zero, &t));
	CHECK(!weir_table_has(&t, 4)); /* though a head lies there */
	weir_table_remove(&t, 0);
	CHECK(stops(remove_zero, &t));
}

static void an_arena_too_small_is_refused(void **state)
{
	struct weir_arena a;
	struct weir_table t;

	(void)state;
	for (size_t n = 0; n < 8 * WEIR_TABLE_ENTRY_BYTES; n++) {
		weir_arena_init(&a, mem, n);
		CHECK(!weir_table_init(&t, &a, 8));
		CHECK_EQ(a.left, n);
	}
	weir_arena_init(&a, mem + 1, weir_table_bytes(8));
	CHECK(weir_table_init(&t, &a, 8));
}

static void entries_never_used_cost_no_page(void **state)
{
	size_t len = weir_table_bytes(10u << 20);
	void *at = reserve(len);
	struct weir_arena a;
	struct weir_table t;
	uint64_t seed = 1;

	(void)state;
	CHECK(at != NULL);
	weir_arena_init(&a, at, len);
	CHECK(weir_table_init(&t, &a, 10u << 20));
	CHECK_EQ(resident(at, len), 0);
	for (uint32_t i = 0; i < 100; i++)
		weir_table_put(&t, i, (uint32_t)roll(&seed));
	CHECK_EQ(resident(at, len), 2);
	CHECK_EQ(munmap(at, len), 0);
}

T_MAIN(T(agrees_with_a_list_for_all_kinds_of_hashes),
       T(chains_stay_short_while_it_grows), T(one_index_is_a_table_too),
       T(putting_or_removing_twice_stops), T(an_arena_too_small_is_refused),
       T(entries_never_used_cost_no_page))
