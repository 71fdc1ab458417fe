/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/arp.h"

#include "../t.h"

/* clang-format off */
static const uint8_t good[] = { 0, 1, 8, 0, 6, 4, 0, 1,
				2, 1, 2, 3, 4, 5, 10, 0, 2, 15,
				0, 0, 0, 0, 0, 0, 10, 0, 2, 2,
				0xee /* padding */ };
/* clang-format on */

static void a_request_is_read_and_padding_is_left(void **state)
{
	struct weir_rd r = weir_rd_over(good, sizeof(good));
	struct weir_arp a;

	(void)state;
	CHECK_EQ(weir_arp_parse(&r, &a), WEIR_REASON_NONE);
	CHECK_EQ(a.op, WEIR_ARP_REQUEST);
	CHECK_EQ(a.from_mac.b[5], 5);
	CHECK_EQ(a.to_mac.b[0], 0);
	CHECK(weir_addr_is4(&a.from) && weir_addr_is4(&a.to));
	CHECK_EQ(weir_addr_to4(&a.from), 0x0a00020f);
	CHECK_EQ(weir_addr_to4(&a.to), 0x0a000202);
	CHECK_EQ(r.left, 1);
}

static void what_is_parsed_is_built_again(void **state)
{
	struct weir_rd r = weir_rd_over(good, sizeof(good));
	uint8_t b[WEIR_ARP_BYTES];
	struct weir_wr w = weir_wr_over(b, sizeof(b));
	struct weir_arp a;

	(void)state;
	CHECK_EQ(weir_arp_parse(&r, &a), WEIR_REASON_NONE);
	weir_arp_build(&a, &w);
	CHECK(weir_wr_ok(&w));
	CHECK_EQ(weir_wr_len(&w), WEIR_ARP_BYTES);
	CHECK_EQ(memcmp(b, good, WEIR_ARP_BYTES), 0);
	w = weir_wr_over(b, WEIR_ARP_BYTES - 1);
	weir_arp_build(&a, &w);
	CHECK(!weir_wr_ok(&w));
}

static void every_truncation_is_short(void **state)
{
	(void)state;
	for (size_t n = 0; n < WEIR_ARP_BYTES; n++) {
		struct weir_rd r = weir_rd_over(good, n);
		struct weir_arp a = { .op = WEIR_ARP_REPLY };

		CHECK_EQ(weir_arp_parse(&r, &a), WEIR_REASON_SHORT);
		CHECK_EQ(a.op, WEIR_ARP_REPLY);
	}
}

static void other_hardware_protocols_and_operations_are_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t to;
	} row[] = { { 0, 1 },  { 1, 6 }, { 2, 0x86 }, { 3, 6 }, { 4, 8 },
		    { 5, 16 }, { 6, 1 }, { 7, 0 },    { 7, 3 } };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint8_t b[sizeof(good)];
		struct weir_rd r = weir_rd_over(b, sizeof(b));
		struct weir_arp a = { .op = WEIR_ARP_REPLY };

		memcpy(b, good, sizeof(b));
		b[row[i].at] = row[i].to;
		CHECK_EQ(weir_arp_parse(&r, &a), WEIR_REASON_ETHERTYPE);
		CHECK_EQ(a.op, WEIR_ARP_REPLY);
	}
}

T_MAIN(T(a_request_is_read_and_padding_is_left),
       T(what_is_parsed_is_built_again), T(every_truncation_is_short),
       T(other_hardware_protocols_and_operations_are_refused))
