/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/udp.h"

#include "../t.h"

static const uint8_t good[] = { 0xc0, 0x00, 0x00, 0x35, 0,  11,
				0xab, 0xcd, 'a',  'b',  'c' };

static void a_header_is_read(void **state)
{
	struct weir_rd r = weir_rd_over(good, sizeof(good));
	struct weir_udp u;

	(void)state;
	CHECK_EQ(weir_udp_parse(&r, sizeof(good), &u), WEIR_REASON_NONE);
	CHECK_EQ(u.sport, 0xc000);
	CHECK_EQ(u.dport, 53);
	CHECK_EQ(u.len, 11);
	CHECK_EQ(u.csum, 0xabcd);
	CHECK_EQ(r.left, 3);
	CHECK_EQ(*r.at, 'a');
}

static void what_is_parsed_is_built_with_an_empty_checksum(void **state)
{
	struct weir_rd r = weir_rd_over(good, sizeof(good));
	uint8_t b[8], want[8];
	struct weir_wr w = weir_wr_over(b, sizeof(b));
	struct weir_udp u;

	(void)state;
	CHECK_EQ(weir_udp_parse(&r, sizeof(good), &u), WEIR_REASON_NONE);
	weir_udp_build(&u, &w);
	CHECK(weir_wr_ok(&w));
	CHECK_EQ(weir_wr_len(&w), 8);
	memcpy(want, good, 8);
	want[WEIR_UDP_CSUM_AT] = want[WEIR_UDP_CSUM_AT + 1] = 0;
	CHECK_EQ(memcmp(b, want, 8), 0);
	w = weir_wr_over(b, 7);
	weir_udp_build(&u, &w);
	CHECK(!weir_wr_ok(&w));
}

static void every_truncation_is_short(void **state)
{
	(void)state;
	for (size_t n = 0; n < 8; n++) {
		struct weir_rd r = weir_rd_over(good, n);
		struct weir_udp u = { .len = 7 };

		CHECK_EQ(weir_udp_parse(&r, n, &u), WEIR_REASON_SHORT);
		CHECK_EQ(u.len, 7);
	}
}

static void a_length_is_between_the_header_and_what_there_is(void **state)
{
	static const struct {
		uint16_t len;
		size_t l4_len;
		enum weir_reason want;
	} row[] = {
		{ 8, 11, WEIR_REASON_NONE },
		{ 10, 11, WEIR_REASON_NONE },
		{ 11, 11, WEIR_REASON_NONE },
		{ 12, 11, WEIR_REASON_UDP_LENGTH },
		{ 7, 11, WEIR_REASON_UDP_LENGTH },
		{ 0, 11, WEIR_REASON_UDP_LENGTH },
		{ 0xffff, 11, WEIR_REASON_UDP_LENGTH },
		{ 0xffff, 0xffff, WEIR_REASON_NONE }, /* the rest scattered */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint8_t b[sizeof(good)];
		struct weir_rd r = weir_rd_over(b, sizeof(b));
		struct weir_udp u = { .sport = 7 };

		memcpy(b, good, sizeof(b));
		b[4] = (uint8_t)(row[i].len >> 8);
		b[5] = (uint8_t)row[i].len;
		CHECK_EQ(weir_udp_parse(&r, row[i].l4_len, &u), row[i].want);
		if (row[i].want != WEIR_REASON_NONE)
			CHECK_EQ(u.sport, 7);
	}
}

T_MAIN(T(a_header_is_read), T(what_is_parsed_is_built_with_an_empty_checksum),
       T(every_truncation_is_short),
       T(a_length_is_between_the_header_and_what_there_is))
