/* SPDX-License-Identifier: Apache-2.0 */
/* test_pool.c - slots by index, with generations */
#include "../t.h"

#include "base/pool.h"
#include "bench.h"

static uint8_t mem[1 << 16];

static struct weir_pool fresh(uint32_t capacity)
{
	struct weir_arena a;
	struct weir_pool p;

	memset(mem, 0, sizeof(mem));
	weir_arena_init(&a, mem, sizeof(mem));
	CHECK(weir_pool_init(&p, &a, capacity));
	return p;
}

static void
slots_come_back_last_in_first_out_and_new_ones_in_order(void **state)
{
	struct weir_pool p = fresh(10);

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		CHECK_EQ(weir_pool_take(&p), i);
	weir_pool_give(&p, 3);
	weir_pool_give(&p, 0);
	CHECK_EQ(weir_pool_used(&p), 3);
	CHECK_EQ(weir_pool_take(&p), 0);
	CHECK_EQ(weir_pool_take(&p), 3);
	CHECK_EQ(weir_pool_take(&p), 5);
	CHECK_EQ(weir_pool_high(&p), 6);
	CHECK_EQ(weir_pool_used(&p), 6);
}

static void a_full_pool_gives_none_until_one_comes_back(void **state)
{
	struct weir_pool p = fresh(3);

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		CHECK_EQ(weir_pool_take(&p), i);
	CHECK_EQ(weir_pool_take(&p), WEIR_POOL_NONE);
	CHECK_EQ(weir_pool_used(&p), 3);
	weir_pool_give(&p, 1);
	CHECK_EQ(weir_pool_take(&p), 1);
	CHECK_EQ(weir_pool_take(&p), WEIR_POOL_NONE);
	p = fresh(0);
	CHECK_EQ(weir_pool_take(&p), WEIR_POOL_NONE);
}

static void a_stale_id_finds_nothing(void **state)
{
	struct weir_pool p = fresh(4);
	uint32_t i = weir_pool_take(&p);
	uint64_t old = weir_pool_id(&p, i), id;

	(void)state;
	CHECK(old != 0);
	CHECK_EQ(weir_pool_find(&p, old), i);
	weir_pool_give(&p, i);
	CHECK_EQ(weir_pool_find(&p, old), WEIR_POOL_NONE);
	CHECK_EQ(weir_pool_find(&p, old + (UINT64_C(1) << 32)), WEIR_POOL_NONE);
	CHECK_EQ(weir_pool_take(&p), i);
	id = weir_pool_id(&p, i);
	CHECK(id != old && id >> 32 > old >> 32);
	CHECK_EQ(weir_pool_find(&p, old), WEIR_POOL_NONE);
	CHECK_EQ(weir_pool_find(&p, id), i);
}

static void an_invented_id_finds_nothing(void **state)
{
	struct weir_pool p = fresh(4);
	uint64_t seed = 9;

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		CHECK_EQ(weir_pool_take(&p), i);
	memset(mem + 4 * WEIR_POOL_SLOT_BYTES, 1, 64); /* not the pool's */
	CHECK_EQ(weir_pool_find(&p, UINT64_C(0x0101010100000004)),
		 WEIR_POOL_NONE);
	p = fresh(4);
	CHECK_EQ(weir_pool_find(&p, 0), WEIR_POOL_NONE);
	CHECK_EQ(weir_pool_take(&p), 0);
	CHECK_EQ(weir_pool_find(&p, 0), WEIR_POOL_NONE);
	CHECK_EQ(weir_pool_find(&p, 1), WEIR_POOL_NONE);
	CHECK_EQ(weir_pool_find(&p, UINT64_C(1) << 32 | 1), WEIR_POOL_NONE);
	CHECK_EQ(weir_pool_find(&p, UINT64_C(1) << 32 | 4), WEIR_POOL_NONE);
	CHECK_EQ(weir_pool_find(&p, UINT64_MAX), WEIR_POOL_NONE);
	for (int k = 0; k < 100000; k++) {
		uint64_t id = roll(&seed) & UINT64_C(0x3ffffffff);

		CHECK_EQ(weir_pool_find(&p, id),
			 id == UINT64_C(1) << 32 ? 0 : WEIR_POOL_NONE);
	}
}

static void generations_survive_their_wrap(void **state)
{
	struct weir_pool p = fresh(1);

	(void)state;
	CHECK_EQ(weir_pool_take(&p), 0);
	p.slot[0].gen = UINT32_MAX;
	CHECK_EQ(weir_pool_find(&p, weir_pool_id(&p, 0)), 0);
	weir_pool_give(&p, 0);
	CHECK(!weir_pool_is_taken(&p, 0));
	CHECK_EQ(weir_pool_find(&p, 0), WEIR_POOL_NONE);
	CHECK_EQ(weir_pool_take(&p), 0);
	CHECK(weir_pool_id(&p, 0) != 0);
}

static void agrees_with_a_list_of_who_has_what(void **state)
{
	enum { N = 50 };
	struct weir_pool p = fresh(N);
	uint64_t id[N] = { 0 }, seed = 4;
	uint32_t used = 0;

	(void)state;
	for (int step = 0; step < 300000; step++) {
		uint32_t i = below(&seed, N);

		if (below(&seed, 2)) {
			i = weir_pool_take(&p);
			CHECK_EQ(i == WEIR_POOL_NONE, used == N);
			if (i == WEIR_POOL_NONE)
				continue;
			CHECK(i < N && !id[i]);
			id[i] = weir_pool_id(&p, i);
			used++;
		} else if (id[i]) {
			weir_pool_give(&p, i);
			CHECK_EQ(weir_pool_find(&p, id[i]), WEIR_POOL_NONE);
			id[i] = 0;
			used--;
		}
		CHECK_EQ(weir_pool_used(&p), used);
		i = below(&seed, N + 5);
		CHECK_EQ(weir_pool_is_taken(&p, i), i < N && id[i]);
		if (i < N && id[i])
			CHECK_EQ(weir_pool_find(&p, id[i]), i);
	}
}

static void give_first(void *p)
{
	weir_pool_give(p, 0);
}

static void give_beyond(void *p)
{
	weir_pool_give(p, UINT32_MAX);
}

static void id_of_free(void *p)
{
	(void)weir_pool_id(p, 1);
}

static void init_too_many(void *a)
{
	struct weir_pool p;

	(void)weir_pool_init(&p, a, WEIR_POOL_NONE);
}

static void giving_back_twice_stops(void **state)
{
	struct weir_pool p = fresh(2);
	struct weir_arena a;

	(void)state;
	CHECK(stops(give_first, &p));
	CHECK_EQ(weir_pool_take(&p), 0);
	CHECK(!stops(give_first, &p));
	weir_pool_give(&p, 0);
	CHECK(stops(give_first, &p));
	CHECK(stops(give_beyond, &p));
	CHECK(stops(id_of_free, &p));
	weir_arena_init(&a, mem, 8);
	CHECK(stops(init_too_many, &a));
}

static void an_arena_too_small_is_refused(void **state)
{
	struct weir_arena a;
	struct weir_pool p;

	(void)state;
	for (size_t n = 0; n < 8 * WEIR_POOL_SLOT_BYTES; n++) {
		weir_arena_init(&a, mem, n);
		CHECK(!weir_pool_init(&p, &a, 8));
		CHECK_EQ(a.left, n);
	}
	weir_arena_init(&a, mem + 1, weir_pool_bytes(8));
	CHECK(weir_pool_init(&p, &a, 8));
}

static void slots_never_used_cost_no_page(void **state)
{
	size_t len = weir_pool_bytes(10u << 20);
	void *at = reserve(len);
	struct weir_arena a;
	struct weir_pool p;

	(void)state;
	CHECK(at != NULL);
	weir_arena_init(&a, at, len);
	CHECK(weir_pool_init(&p, &a, 10u << 20));
	CHECK_EQ(resident(at, len), 0);
	for (uint32_t i = 0; i < 100; i++)
		CHECK_EQ(weir_pool_take(&p), i);
	CHECK_EQ(weir_pool_find(&p, UINT64_C(1) << 32 | 5000000),
		 WEIR_POOL_NONE);
	CHECK_EQ(resident(at, len), 1);
	CHECK_EQ(munmap(at, len), 0);
}

T_MAIN(T(slots_come_back_last_in_first_out_and_new_ones_in_order),
       T(a_full_pool_gives_none_until_one_comes_back),
       T(a_stale_id_finds_nothing), T(an_invented_id_finds_nothing),
       T(generations_survive_their_wrap), T(agrees_with_a_list_of_who_has_what),
       T(giving_back_twice_stops), T(an_arena_too_small_is_refused),
       T(slots_never_used_cost_no_page))
