/* SPDX-License-Identifier: Apache-2.0 */
/* test_arena.c - memory cut from one run */
#include "../t.h"

#include "base/arena.h"
#include "bench.h"

static void cuts_are_aligned_apart_and_inside(void **state)
{
	static uint8_t mem[4096 + 1];
	uint64_t seed = 1;

	(void)state;
	for (int turn = 0; turn < 2000; turn++) {
		struct weir_arena a;
		uint8_t *end = mem + 1;

		weir_arena_init(&a, mem + 1, sizeof(mem) - 1);
		for (;;) {
			size_t count = below(&seed, 20);
			size_t size = 1 + below(&seed, 40);
			size_t align = (size_t)1 << below(&seed, 7);
			uint8_t *at = weir_arena_take(&a, count, size, align);

			if (!at)
				break;
			CHECK_EQ((uintptr_t)at % align, 0);
			CHECK(at >= end && at < end + align);
			end = at + count * size;
			CHECK(end <= mem + sizeof(mem));
			CHECK_EQ(a.left, (size_t)(mem + sizeof(mem) - end));
			if (!count && below(&seed, 50) == 0)
				break;
		}
	}
}

static void all_of_it_can_be_taken_and_not_a_byte_more(void **state)
{
	static uint64_t mem[8];
	struct weir_arena a;

	(void)state;
	weir_arena_init(&a, mem, sizeof(mem));
	CHECK(!weir_arena_take(&a, sizeof(mem) + 1, 1, 1));
	CHECK(!weir_arena_take(&a, 9, 8, 8));
	CHECK(weir_arena_take(&a, 7, 8, 8) == mem);
	CHECK(!weir_arena_take(&a, 2, 8, 8));
	CHECK(weir_arena_take(&a, 1, 8, 8) == mem + 7);
	CHECK(!weir_arena_take(&a, 1, 1, 1));
	CHECK_EQ(a.left, 0);
}

static void padding_that_does_not_fit_is_refused(void **state)
{
	static _Alignas(64) uint8_t mem[64];
	struct weir_arena a;

	(void)state;
	weir_arena_init(&a, mem + 1, 10);
	CHECK(!weir_arena_take(&a, 0, 1, 64));
	CHECK(!weir_arena_take(&a, 1, 1, 64));
	CHECK(a.at == mem + 1);
	CHECK_EQ(a.left, 10);
}

static void a_product_that_overflows_is_refused(void **state)
{
	static uint8_t mem[64];
	struct weir_arena a;

	(void)state;
	weir_arena_init(&a, mem, sizeof(mem));
	CHECK(!weir_arena_take(&a, SIZE_MAX / 8 + 2, 8, 1));
	CHECK(!weir_arena_take(&a, SIZE_MAX, SIZE_MAX, 1));
	CHECK(!weir_arena_take(&a, SIZE_MAX, 1, 1));
	CHECK(a.at == mem);
	CHECK_EQ(a.left, sizeof(mem));
}

static void cutting_touches_nothing(void **state)
{
	static uint8_t mem[256];
	struct weir_arena a;

	(void)state;
	memset(mem, 0xa5, sizeof(mem));
	weir_arena_init(&a, mem, sizeof(mem));
	while (weir_arena_take(&a, 3, 7, 4))
		;
	for (size_t i = 0; i < sizeof(mem); i++)
		CHECK_EQ(mem[i], 0xa5);
}

static void no_memory_is_an_empty_arena(void **state)
{
	struct weir_arena a;

	(void)state;
	weir_arena_init(&a, NULL, 100);
	CHECK(!weir_arena_take(&a, 1, 1, 1));
	CHECK(!weir_arena_take(&a, 0, 1, 1));
}

static void take_odd_alignment(void *arg)
{
	(void)weir_arena_take(arg, 1, 1, 3);
}

static void take_no_size(void *arg)
{
	(void)weir_arena_take(arg, 1, 0, 1);
}

static void nonsense_from_our_own_code_stops(void **state)
{
	static uint8_t mem[64];
	struct weir_arena a;

	(void)state;
	weir_arena_init(&a, mem, sizeof(mem));
	CHECK(stops(take_odd_alignment, &a));
	CHECK(stops(take_no_size, &a));
}

T_MAIN(T(cuts_are_aligned_apart_and_inside),
       T(all_of_it_can_be_taken_and_not_a_byte_more),
       T(padding_that_does_not_fit_is_refused),
       T(a_product_that_overflows_is_refused), T(cutting_touches_nothing),
       T(no_memory_is_an_empty_arena), T(nonsense_from_our_own_code_stops))
