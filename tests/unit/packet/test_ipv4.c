/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/ipv4.h"

#include "../t.h"

static const struct weir_ipv4 sample = {
	.tos = 0xb8,
	.ttl = 64,
	.proto = WEIR_PROTO_UDP,
	.total_len = 28,
	.id = 0x1234,
	.df = true,
	.from = { .b = { [10] = 0xff, 0xff, 10, 0, 2, 15 } },
	.to = { .b = { [10] = 0xff, 0xff, 1, 1, 1, 1 } },
};

/* the slow way, from the words of RFC 1071 */
static void fix_csum(uint8_t *b, size_t n)
{
	uint32_t sum = 0;

	b[10] = b[11] = 0;
	for (size_t i = 0; i < n; i += 2)
		sum += (uint32_t)b[i] << 8 | b[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	b[10] = (uint8_t)(~sum >> 8);
	b[11] = (uint8_t)~sum;
}

static void build(const struct weir_ipv4 *ip, uint8_t *b, size_t n)
{
	struct weir_wr w = weir_wr_over(b, n);

	memset(b, 0xaa, n);
	weir_ipv4_build(ip, &w);
	CHECK(weir_wr_ok(&w));
	CHECK_EQ(weir_wr_len(&w), WEIR_IPV4_HEADER_BYTES);
}

static enum weir_reason parse(const uint8_t *b, size_t window, size_t packet,
			      struct weir_ipv4 *ret)
{
	struct weir_rd in = weir_rd_over(b, window);

	return weir_ipv4_parse(&in, packet, ret);
}

static void what_is_built_is_parsed(void **state)
{
	static const struct {
		uint16_t offset, total;
		bool df, more;
	} row[] = { { 0, 28, true, false },
		    { 0, 28, false, true },
		    { 8, 28, false, true },
		    { 65512, 23, false, false },
		    { 1480, 21, true, false } };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint8_t b[60], copy[20];
		struct weir_ipv4 ip = sample, got;
		struct weir_rd in = weir_rd_over(b, sizeof(b));

		ip.offset = row[i].offset;
		ip.total_len = row[i].total;
		ip.df = row[i].df;
		ip.more = row[i].more;
		build(&ip, b, sizeof(b));
		memcpy(copy, b, 20);
		fix_csum(copy, 20);
		CHECK_EQ(memcmp(copy, b, 20), 0);
		CHECK_EQ(weir_ipv4_parse(&in, 28, &got), WEIR_REASON_NONE);
		CHECK_EQ(in.left, 40);
		CHECK_EQ(got.tos, ip.tos);
		CHECK_EQ(got.ttl, ip.ttl);
		CHECK_EQ(got.proto, ip.proto);
		CHECK_EQ(got.total_len, ip.total_len);
		CHECK_EQ(got.id, ip.id);
		CHECK_EQ(got.df, ip.df);
		CHECK_EQ(got.more, ip.more);
		CHECK_EQ(got.offset, ip.offset);
		CHECK_EQ(got.header_len, 20);
		CHECK(weir_addr_is_equal(&got.from, &ip.from));
		CHECK(weir_addr_is_equal(&got.to, &ip.to));
	}
}

static void options_are_stepped_over(void **state)
{
	(void)state;
	for (unsigned words = 5; words <= 15; words++) {
		uint8_t b[64];
		struct weir_rd in = weir_rd_over(b, sizeof(b));
		struct weir_ipv4 ip = sample, got;

		ip.total_len = (uint16_t)(words * 4 + 4);
		build(&ip, b, sizeof(b));
		b[0] = (uint8_t)(0x40 | words);
		fix_csum(b, words * 4);
		CHECK_EQ(weir_ipv4_parse(&in, sizeof(b), &got),
			 WEIR_REASON_NONE);
		CHECK_EQ(got.header_len, words * 4);
		CHECK_EQ(in.left, 64 - words * 4);
		for (size_t n = 0; n < words * 4; n++)
			CHECK_EQ(parse(b, n, sizeof(b), &got),
				 WEIR_REASON_SHORT);
	}
}

static void every_bit_of_the_header_is_summed(void **state)
{
	uint8_t b[24];

	(void)state;
	for (unsigned bit = 0; bit < 160; bit++) {
		struct weir_ipv4 got = { .id = 7 };

		build(&sample, b, sizeof(b));
		b[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
		CHECK(parse(b, sizeof(b), 28, &got) != WEIR_REASON_NONE);
		CHECK_EQ(got.id, 7);
	}
}

static void each_bad_field_has_its_reason(void **state)
{
	static const struct {
		size_t at;
		uint8_t high, low;
		enum weir_reason want;
	} row[] = {
		{ 0, 0x55, 0, WEIR_REASON_IP_HEADER }, /* version 5 */
		{ 0, 0x65, 0, WEIR_REASON_IP_HEADER }, /* version 6 */
		{ 0, 0x44, 0, WEIR_REASON_IP_HEADER }, /* four words */
		{ 0, 0x40, 0, WEIR_REASON_IP_HEADER }, /* no words */
		{ 2, 0, 19, WEIR_REASON_IP_HEADER },   /* ends in its header */
		{ 2, 0, 0, WEIR_REASON_IP_HEADER },    /* says nothing */
		{ 2, 0, 29, WEIR_REASON_IP_HEADER },   /* more than there is */
		{ 2, 0xff, 0xff, WEIR_REASON_IP_HEADER },
		{ 0, 0x48, 0, WEIR_REASON_IP_HEADER },   /* options past it */
		{ 10, 0, 0, WEIR_REASON_CSUM },          /* no checksum */
		{ 6, 0x20, 0, WEIR_REASON_NONE },        /* first of several */
		{ 6, 0x00, 1, WEIR_REASON_NONE },        /* last */
		{ 6, 0x1f, 0xff, WEIR_REASON_FRAGMENT }, /* past 65535 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint8_t b[28];
		struct weir_ipv4 got = { .id = 7 };
		enum weir_reason want = row[i].want;

		build(&sample, b, sizeof(b));
		b[row[i].at] = row[i].high;
		b[row[i].at + 1] = row[i].low;
		if (want != WEIR_REASON_CSUM)
			fix_csum(b, 20);
		CHECK_EQ(parse(b, sizeof(b), 28, &got), want);
		if (want != WEIR_REASON_NONE)
			CHECK_EQ(got.id, 7);
	}
}

static void fragments_that_fit_into_no_packet_are_refused(void **state)
{
	static const struct {
		uint16_t offset, payload;
		bool more;
		enum weir_reason want;
	} row[] = {
		{ 0, 8, true, WEIR_REASON_NONE },
		{ 0, 7, true, WEIR_REASON_FRAGMENT },
		{ 8, 0, true, WEIR_REASON_FRAGMENT },
		{ 8, 0, false, WEIR_REASON_FRAGMENT },
		{ 0, 0, false, WEIR_REASON_NONE }, /* not a fragment */
		{ 8, 1, false, WEIR_REASON_NONE },
		{ 65512, 3, false, WEIR_REASON_NONE },
		{ 65512, 4, false, WEIR_REASON_FRAGMENT },
		{ 65528, 1, false, WEIR_REASON_FRAGMENT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint8_t b[40];
		struct weir_ipv4 ip = sample, got;

		ip.df = false;
		ip.offset = row[i].offset;
		ip.more = row[i].more;
		ip.total_len = (uint16_t)(20 + row[i].payload);
		build(&ip, b, sizeof(b));
		CHECK_EQ(parse(b, sizeof(b), 40, &got), row[i].want);
	}
}

static void a_header_may_follow_something_else(void **state)
{
	uint8_t b[33], copy[20];
	struct weir_wr w = weir_wr_over(b, sizeof(b));

	(void)state;
	weir_wr_fill(&w, 0x77, 13);
	weir_ipv4_build(&sample, &w);
	CHECK(weir_wr_ok(&w));
	memcpy(copy, b + 13, 20);
	fix_csum(copy, 20);
	CHECK_EQ(memcmp(copy, b + 13, 20), 0);
	CHECK_EQ(b[12], 0x77);
}

static void a_writer_without_room_goes_bad(void **state)
{
	uint8_t b[20];

	(void)state;
	for (size_t n = 0; n < 20; n++) {
		struct weir_wr w = weir_wr_over(b, n);

		weir_ipv4_build(&sample, &w);
		CHECK(!weir_wr_ok(&w));
	}
}

static void groups_are_224_to_239(void **state)
{
	struct weir_addr a = weir_addr_from4(0xdfffffff);
	struct weir_addr six = { .b = { [12] = 0xe0 } };

	(void)state;
	CHECK(!weir_ipv4_is_multicast(&a));
	a = weir_addr_from4(0xe0000000);
	CHECK(weir_ipv4_is_multicast(&a));
	a = weir_addr_from4(0xefffffff);
	CHECK(weir_ipv4_is_multicast(&a));
	a = weir_addr_from4(0xf0000000);
	CHECK(!weir_ipv4_is_multicast(&a));
	CHECK(!weir_ipv4_is_multicast(&six));
}

T_MAIN(T(what_is_built_is_parsed), T(options_are_stepped_over),
       T(every_bit_of_the_header_is_summed), T(each_bad_field_has_its_reason),
       T(fragments_that_fit_into_no_packet_are_refused),
       T(a_header_may_follow_something_else), T(a_writer_without_room_goes_bad),
       T(groups_are_224_to_239))
