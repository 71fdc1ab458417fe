/* SPDX-License-Identifier: Apache-2.0 */
/* test_rd.c - no read leaves the window */
#include "../t.h"

#include "base/rd.h"
#include "bench.h"

static const uint8_t some[16] = { 0x80, 1, 2, 3, 4, 5, 6, 7, 8, 9 };

static void numbers_are_read_big_endian(void **state)
{
	struct weir_rd r = weir_rd_over(some, 16);

	(void)state;
	CHECK_EQ(weir_rd_u8(&r), 0x80);
	CHECK_EQ(weir_rd_be16(&r), 0x0102);
	CHECK_EQ(weir_rd_be32(&r), 0x03040506);
	CHECK(weir_rd_be64(&r) == UINT64_C(0x0708090000000000));
	CHECK_EQ(r.left, 1);
	CHECK(weir_rd_ok(&r));
	r = weir_rd_over(some, 16);
	CHECK_EQ(weir_rd_be16(&r), 0x8001);
	r = weir_rd_over(some, 16);
	CHECK_EQ(weir_rd_be32(&r), 0x80010203);
}

/* Read @width bytes by the door that is made for it. */
static uint64_t read_width(struct weir_rd *r, size_t width)
{
	switch (width) {
	case 1:
		return weir_rd_u8(r);
	case 2:
		return weir_rd_be16(r);
	case 4:
		return weir_rd_be32(r);
	default:
		return weir_rd_be64(r);
	}
}

static void every_truncation_is_bad_and_zero_for_good(void **state)
{
	(void)state;
	for (size_t width = 1; width <= 8; width *= 2) {
		for (size_t n = 0; n <= width; n++) {
			uint8_t *exact = malloc(n ? n : 1);
			struct weir_rd r;
			uint64_t v;

			CHECK(exact != NULL);
			memset(exact, 0xff, n);
			r = weir_rd_over(exact, n);
			v = read_width(&r, width);
			CHECK_EQ(weir_rd_ok(&r), n == width);
			CHECK_EQ(r.left, 0);
			if (n == width)
				CHECK(v == UINT64_MAX >> (64 - 8 * width));
			else if (width < 8)
				CHECK_EQ(v, 0);
			CHECK_EQ(weir_rd_u8(&r), 0);
			CHECK(!weir_rd_ok(&r));
			free(exact);
		}
	}
}

static void bad_stays_bad_even_for_nothing(void **state)
{
	struct weir_rd r = weir_rd_over(some, 3);
	uint8_t to[4] = { 1, 1, 1, 1 };

	(void)state;
	CHECK_EQ(weir_rd_be32(&r), 0);
	CHECK(!weir_rd_take(&r, 0));
	CHECK_EQ(weir_rd_u8(&r), 0);
	CHECK(!weir_rd_ok(&r));
	weir_rd_copy(&r, to, 3);
	CHECK(to[0] == 0 && to[1] == 0 && to[2] == 0 && to[3] == 1);
}

static void nothing_can_be_taken_at_the_end(void **state)
{
	struct weir_rd r = weir_rd_over(some, 2);

	(void)state;
	CHECK(weir_rd_take(&r, 2) == some);
	CHECK(weir_rd_take(&r, 0) == some + 2);
	CHECK(weir_rd_ok(&r));
	CHECK(!weir_rd_take(&r, 1));
	CHECK(!weir_rd_ok(&r));
}

static void a_length_beyond_all_memory_is_bad(void **state)
{
	struct weir_rd r = weir_rd_over(some, 16);

	(void)state;
	CHECK(!weir_rd_take(&r, SIZE_MAX));
	CHECK(!weir_rd_ok(&r));
}

static void a_window_of_its_own_ends_where_its_length_says(void **state)
{
	struct weir_rd r = weir_rd_over(some, 10), sub;

	(void)state;
	sub = weir_rd_sub(&r, 4);
	CHECK_EQ(sub.left, 4);
	CHECK_EQ(weir_rd_be32(&sub), 0x80010203);
	CHECK_EQ(weir_rd_u8(&sub), 0);
	CHECK(!weir_rd_ok(&sub));
	CHECK(weir_rd_ok(&r));
	CHECK_EQ(weir_rd_u8(&r), 4);
	sub = weir_rd_sub(&r, 0);
	CHECK(weir_rd_ok(&sub));
	CHECK_EQ(sub.left, 0);
	sub = weir_rd_sub(&r, 6);
	CHECK(!weir_rd_ok(&sub));
	CHECK(!weir_rd_ok(&r));
	CHECK_EQ(sub.left, 0);
	CHECK_EQ(weir_rd_be16(&sub), 0);
}

static void bytes_are_copied_whole_or_zeroed(void **state)
{
	struct weir_rd r = weir_rd_over(some, 5);
	uint8_t to[4] = { 9, 9, 9, 9 };

	(void)state;
	weir_rd_copy(&r, to, 3);
	CHECK(memcmp(to, some, 3) == 0 && to[3] == 9);
	weir_rd_copy(&r, to, 3);
	CHECK(to[0] == 0 && to[1] == 0 && to[2] == 0 && to[3] == 9);
	CHECK(!weir_rd_ok(&r));
}

/* The oracle: a position, and whether it ever had to stop. */
static void agrees_with_a_position_for_any_sequence_of_reads(void **state)
{
	uint64_t seed = 21;

	(void)state;
	for (int turn = 0; turn < 20000; turn++) {
		size_t n = below(&seed, 17), at = 0;
		struct weir_rd r = weir_rd_over(some, n);
		bool bad = false;

		for (int k = 0; k < 8; k++) {
			size_t width = (size_t)1 << below(&seed, 3);
			uint64_t want = 0;

			bad = bad || n - at < width;
			for (size_t i = 0; !bad && i < width; i++)
				want = want << 8 | some[at++];
			CHECK(read_width(&r, width) == want);
			CHECK_EQ(weir_rd_ok(&r), !bad);
			CHECK_EQ(r.left, bad ? 0 : n - at);
		}
	}
}

T_MAIN(T(numbers_are_read_big_endian),
       T(every_truncation_is_bad_and_zero_for_good),
       T(bad_stays_bad_even_for_nothing), T(nothing_can_be_taken_at_the_end),
       T(a_length_beyond_all_memory_is_bad),
       T(a_window_of_its_own_ends_where_its_length_says),
       T(bytes_are_copied_whole_or_zeroed),
       T(agrees_with_a_position_for_any_sequence_of_reads))
