/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/eth.h"

#include "../t.h"

static const struct weir_eth sample = {
	.dst = { { 0x02, 1, 2, 3, 4, 5 } },
	.src = { { 0x02, 6, 7, 8, 9, 10 } },
	.type = WEIR_ETH_IPV6,
};

static void what_is_built_is_parsed(void **state)
{
	static const uint16_t types[] = { WEIR_ETH_IPV4, WEIR_ETH_IPV6,
					  WEIR_ETH_ARP };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		uint8_t b[20];
		struct weir_wr w = weir_wr_over(b, sizeof(b));
		struct weir_eth e = sample, got;
		struct weir_rd r;

		e.type = types[i];
		weir_eth_build(&e, &w);
		CHECK(weir_wr_ok(&w));
		CHECK_EQ(weir_wr_len(&w), 14);
		CHECK_EQ(b[0], 2);
		CHECK_EQ(b[11], 10);
		CHECK_EQ(b[12] << 8 | b[13], types[i]);
		b[14] = 0x99;
		r = weir_rd_over(b, 15);
		CHECK_EQ(weir_eth_parse(&r, &got), WEIR_REASON_NONE);
		CHECK(weir_mac_is_equal(&got.dst, &e.dst));
		CHECK(weir_mac_is_equal(&got.src, &e.src));
		CHECK_EQ(got.type, types[i]);
		CHECK_EQ(r.left, 1);
		CHECK_EQ(*r.at, 0x99);
	}
}

static void every_truncation_is_short(void **state)
{
	uint8_t b[14];
	struct weir_wr w = weir_wr_over(b, sizeof(b));

	(void)state;
	weir_eth_build(&sample, &w);
	for (size_t n = 0; n < 14; n++) {
		struct weir_eth got = { .type = 7 };
		struct weir_rd r = weir_rd_over(b, n);

		CHECK_EQ(weir_eth_parse(&r, &got), WEIR_REASON_SHORT);
		CHECK_EQ(got.type, 7);
		w = weir_wr_over(b, n);
		weir_eth_build(&sample, &w);
		CHECK(!weir_wr_ok(&w));
	}
}

static void tags_and_unknown_types_are_refused(void **state)
{
	static const uint16_t types[] = { 0x8100, 0x88a8, 0x9100, 0x0801,
					  0x8863, 0x0040, 0x05dc, 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		uint8_t b[14];
		struct weir_wr w = weir_wr_over(b, sizeof(b));
		struct weir_rd r = weir_rd_over(b, sizeof(b));
		struct weir_eth e = sample, got = { .type = 7 };

		e.type = types[i];
		weir_eth_build(&e, &w);
		CHECK_EQ(weir_eth_parse(&r, &got), WEIR_REASON_ETHERTYPE);
		CHECK_EQ(got.type, 7);
	}
}

static void groups_are_told_apart(void **state)
{
	static const struct {
		struct weir_mac mac;
		bool all, any, v4, v6;
	} row[] = {
		{ { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } }, 1, 1, 0, 0 },
		{ { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe } }, 0, 1, 0, 0 },
		{ { { 0x01, 0x00, 0x5e, 0x7f, 0, 1 } }, 0, 1, 1, 0 },
		{ { { 0x01, 0x00, 0x5e, 0x80, 0, 1 } }, 0, 1, 0, 0 },
		{ { { 0x33, 0x33, 0, 0, 0, 1 } }, 0, 1, 0, 1 },
		{ { { 0x33, 0x32, 0, 0, 0, 1 } }, 0, 1, 0, 0 },
		{ { { 0x02, 0x33, 0, 0, 0, 1 } }, 0, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		CHECK_EQ(weir_eth_is_broadcast(&row[i].mac), row[i].all);
		CHECK_EQ(weir_eth_is_group(&row[i].mac), row[i].any);
		CHECK_EQ(weir_eth_is_group4(&row[i].mac), row[i].v4);
		CHECK_EQ(weir_eth_is_group6(&row[i].mac), row[i].v6);
	}
}

T_MAIN(T(what_is_built_is_parsed), T(every_truncation_is_short),
       T(tags_and_unknown_types_are_refused), T(groups_are_told_apart))
