/* SPDX-License-Identifier: Apache-2.0 */
/* test_wr.c - no write leaves the window */
#include "../t.h"

#include "base/rd.h"
#include "base/wr.h"

static void numbers_are_written_big_endian(void **state)
{
	static const uint8_t want[] = { 1,    2,    3,    4,    5,
					6,    7,    0x88, 0x99, 0xaa,
					0xbb, 0xcc, 0xdd, 0xee, 0xff };
	uint8_t b[sizeof(want)];
	struct weir_wr w = weir_wr_over(b, sizeof(b));

	(void)state;
	weir_wr_u8(&w, 1);
	weir_wr_be16(&w, 0x0203);
	weir_wr_be32(&w, 0x04050607);
	weir_wr_be64(&w, UINT64_C(0x8899aabbccddeeff));
	CHECK(weir_wr_ok(&w));
	CHECK_EQ(weir_wr_len(&w), sizeof(want));
	CHECK_EQ(w.left, 0);
	CHECK(memcmp(b, want, sizeof(want)) == 0);
}

static void put_u8(struct weir_wr *w)
{
	weir_wr_u8(w, 0xff);
}

static void put_be16(struct weir_wr *w)
{
	weir_wr_be16(w, 0xffff);
}

static void put_be32(struct weir_wr *w)
{
	weir_wr_be32(w, 0xffffffff);
}

static void put_copy(struct weir_wr *w)
{
	weir_wr_copy(w, "\xff\xff\xff", 3);
}

static void put_fill(struct weir_wr *w)
{
	weir_wr_fill(w, 0xff, 5);
}

static void what_does_not_fit_is_not_written_nor_is_what_follows(void **state)
{
	static const struct {
		void (*put)(struct weir_wr *);
		size_t width;
	} row[] = { { put_u8, 1 },
		    { put_be16, 2 },
		    { put_be32, 4 },
		    { put_copy, 3 },
		    { put_fill, 5 } };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		for (size_t room = 0; room <= row[i].width; room++) {
			uint8_t *exact = calloc(1, room ? room : 1);
			struct weir_wr w = weir_wr_over(exact, room);
			bool fits = room == row[i].width;

			CHECK(exact != NULL);
			row[i].put(&w);
			CHECK_EQ(weir_wr_ok(&w), fits);
			CHECK_EQ(weir_wr_len(&w), fits ? room : 0);
			weir_wr_u8(&w, 7);
			CHECK(!weir_wr_ok(&w));
			for (size_t k = 0; k < room; k++)
				CHECK_EQ(exact[k], fits ? 0xff : 0);
			free(exact);
		}
	}
}

static void eight_bytes_that_do_not_fit_turn_it_bad(void **state)
{
	(void)state;
	for (size_t room = 0; room <= 8; room++) {
		uint8_t b[8];
		struct weir_wr w = weir_wr_over(b, room);

		weir_wr_be64(&w, 1);
		CHECK_EQ(weir_wr_ok(&w), room == 8);
	}
}

static void a_reserve_is_room_for_the_caller(void **state)
{
	uint8_t b[6] = { 0 };
	struct weir_wr w = weir_wr_over(b, sizeof(b));

	(void)state;
	weir_wr_u8(&w, 1);
	CHECK(weir_wr_skip(&w, 4) == b + 1);
	CHECK_EQ(weir_wr_len(&w), 5);
	CHECK(!weir_wr_skip(&w, 2));
	CHECK(!weir_wr_skip(&w, 0));
	CHECK(!weir_wr_ok(&w));
	CHECK_EQ(weir_wr_len(&w), 5);
	w = weir_wr_over(b, sizeof(b));
	CHECK(!weir_wr_skip(&w, SIZE_MAX));
}

static void writing_nothing_is_no_error(void **state)
{
	uint8_t b[1];
	struct weir_wr w = weir_wr_over(b, 0);

	(void)state;
	weir_wr_copy(&w, NULL, 0);
	weir_wr_fill(&w, 0, 0);
	CHECK(weir_wr_ok(&w));
	CHECK_EQ(weir_wr_len(&w), 0);
}

static void only_bytes_already_written_can_be_set_again(void **state)
{
	(void)state;
	for (size_t at = 0; at < 8; at++) {
		uint8_t b[8] = { 0 };
		struct weir_wr w = weir_wr_over(b, sizeof(b));

		weir_wr_fill(&w, 0, 5);
		weir_wr_put16(&w, at, 0xabcd);
		for (size_t i = 0; i < 8; i++) {
			bool set = at + 2 <= 5 && (i == at || i == at + 1);

			CHECK_EQ(b[i], !set ? 0 : i == at ? 0xab : 0xcd);
		}
		CHECK_EQ(weir_wr_len(&w), 5);
	}
}

static void a_bad_writer_sets_nothing_again(void **state)
{
	uint8_t b[4] = { 0 };
	struct weir_wr w = weir_wr_over(b, sizeof(b));

	(void)state;
	weir_wr_be32(&w, 0);
	weir_wr_u8(&w, 0);
	weir_wr_put16(&w, 0, 0xffff);
	CHECK(b[0] == 0 && b[1] == 0);
}

static void what_is_written_is_read_back(void **state)
{
	uint8_t b[64];
	struct weir_wr w = weir_wr_over(b, sizeof(b));
	struct weir_rd r;

	(void)state;
	for (uint8_t i = 0; i < 4; i++) {
		weir_wr_u8(&w, i);
		weir_wr_be16(&w, (uint16_t)(0xff00 | i));
		weir_wr_be32(&w, 0xfffefd00 | i);
		weir_wr_be64(&w, UINT64_C(0xfedcba9876543200) | i);
	}
	r = weir_rd_over(b, weir_wr_len(&w));
	for (uint8_t i = 0; i < 4; i++) {
		CHECK_EQ(weir_rd_u8(&r), i);
		CHECK_EQ(weir_rd_be16(&r), 0xff00 | i);
		CHECK_EQ(weir_rd_be32(&r), 0xfffefd00 | i);
		CHECK(weir_rd_be64(&r) == (UINT64_C(0xfedcba9876543200) | i));
	}
	CHECK(weir_rd_ok(&r));
	CHECK_EQ(r.left, 0);
}

T_MAIN(T(numbers_are_written_big_endian),
       T(what_does_not_fit_is_not_written_nor_is_what_follows),
       T(eight_bytes_that_do_not_fit_turn_it_bad),
       T(a_reserve_is_room_for_the_caller), T(writing_nothing_is_no_error),
       T(only_bytes_already_written_can_be_set_again),
       T(a_bad_writer_sets_nothing_again), T(what_is_written_is_read_back))
