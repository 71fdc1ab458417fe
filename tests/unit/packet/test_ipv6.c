/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/ipv6.h"

#include "base/limits.h"
#include "packet/ipv4.h"

#include "../t.h"

#define HOP         0
#define ROUTING     43
#define FRAGMENT    44
#define ESP         50
#define AUTH        51
#define DESTINATION 60

static const struct weir_ipv6 sample = {
	.traffic_class = 0xa5,
	.hops = 64,
	.proto = WEIR_PROTO_UDP,
	.flow_label = 0x54321,
	.payload_len = 8,
	.from = { .b = { 0xfd, 0x77, [15] = 15 } },
	.to = { .b = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } },
};

/* a header and @n bytes of @ext, the first of which is named @next */
struct packet {
	uint8_t b[2048];
	size_t len;
};

static void make(struct packet *p, uint8_t next, const uint8_t *ext, size_t n)
{
	struct weir_wr w = weir_wr_over(p->b, sizeof(p->b));
	struct weir_ipv6 ip = sample;

	ip.proto = next;
	ip.payload_len = (uint16_t)n;
	weir_ipv6_build(&ip, &w);
	weir_wr_copy(&w, ext, n);
	CHECK(weir_wr_ok(&w));
	p->len = weir_wr_len(&w);
}

static enum weir_reason parse(const struct packet *p, size_t window,
			      struct weir_ipv6 *ret)
{
	struct weir_rd in = weir_rd_over(p->b, window);

	return weir_ipv6_parse(&in, p->len, ret);
}

static void what_is_built_is_parsed(void **state)
{
	uint8_t b[49];
	struct weir_wr w = weir_wr_over(b, sizeof(b));
	struct weir_rd in = weir_rd_over(b, sizeof(b));
	struct weir_ipv6 got;

	(void)state;
	weir_ipv6_build(&sample, &w);
	CHECK(weir_wr_ok(&w));
	CHECK_EQ(weir_wr_len(&w), 40);
	CHECK_EQ(b[0], 0x6a);
	CHECK_EQ(b[1], 0x55);
	CHECK_EQ(b[6], WEIR_PROTO_UDP);
	CHECK_EQ(weir_ipv6_parse(&in, 48, &got), WEIR_REASON_NONE);
	CHECK_EQ(in.left, 9);
	CHECK_EQ(got.traffic_class, 0xa5);
	CHECK_EQ(got.flow_label, 0x54321);
	CHECK_EQ(got.hops, 64);
	CHECK_EQ(got.proto, WEIR_PROTO_UDP);
	CHECK_EQ(got.payload_len, 8);
	CHECK_EQ(got.header_len, 40);
	CHECK_EQ(got.next_at, 6);
	CHECK(!got.fragment);
	CHECK(weir_addr_is_equal(&got.from, &sample.from));
	CHECK(weir_addr_is_equal(&got.to, &sample.to));
	for (size_t n = 0; n < 40; n++) {
		w = weir_wr_over(b, n);
		weir_ipv6_build(&sample, &w);
		CHECK(!weir_wr_ok(&w));
	}
}

static void all_extension_headers_are_walked(void **state)
{
	/* clang-format off */
	static const uint8_t ext[] = {
		/* hop by hop */
		DESTINATION, 0, 5, 2, 0, 0, 1, 0,
		/* destination */
		ROUTING, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		/* routing, of a type that has nothing left to do */
		FRAGMENT, 0, 4, 0, 0, 0, 0, 0,
		/* a fragment that is all of it */
		AUTH, 0, 0, 0, 1, 2, 3, 4,
		/* authentication, 24 bytes */
		WEIR_PROTO_TCP, 4, 0, 0, 0, 0, 0, 1,
		0, 0, 0, 2, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
		/* and the payload */
		0x12, 0x34 };
	/* clang-format on */
	struct packet p;
	struct weir_ipv6 got;
	struct weir_rd in;

	(void)state;
	make(&p, HOP, ext, sizeof(ext));
	in = weir_rd_over(p.b, p.len);
	CHECK_EQ(weir_ipv6_parse(&in, p.len, &got), WEIR_REASON_NONE);
	CHECK_EQ(got.proto, WEIR_PROTO_TCP);
	CHECK_EQ(got.header_len, 40 + sizeof(ext) - 2);
	CHECK_EQ(got.next_at, 40 + 40);
	CHECK_EQ(got.id, 0x01020304);
	CHECK(!got.fragment);
	CHECK_EQ(in.left, 2);
	CHECK_EQ(*in.at, 0x12);
	for (size_t n = 0; n < p.len - 2; n++)
		CHECK_EQ(parse(&p, n, &got), WEIR_REASON_SHORT);
}

static void a_payload_that_ends_in_a_header_is_refused(void **state)
{
	static const uint8_t kinds[] = { HOP, ROUTING, FRAGMENT, AUTH,
					 DESTINATION };
	uint8_t ext[24] = { WEIR_PROTO_TCP, 1, 4, 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(kinds); i++) {
		size_t whole = kinds[i] == FRAGMENT ? 8
			       : kinds[i] == AUTH   ? 12
						    : 16;

		for (size_t n = 0; n <= whole; n++) {
			struct packet p;
			struct weir_ipv6 got = { .id = 7 };

			ext[3] = 0;
			make(&p, kinds[i], ext, n);
			if (kinds[i] == FRAGMENT)
				p.b[42] = 0;
			CHECK_EQ(parse(&p, p.len, &got),
				 n < whole ? WEIR_REASON_IP_HEADER
					   : WEIR_REASON_NONE);
			/* the window ends later than the payload says */
			CHECK_EQ(parse(&p, sizeof(p.b), &got),
				 n < whole ? WEIR_REASON_IP_HEADER
					   : WEIR_REASON_NONE);
		}
	}
}

static void fragments_end_the_walk(void **state)
{
	static const struct {
		uint16_t offset_more;
		size_t payload;
		enum weir_reason want;
		bool fragment;
	} row[] = {
		{ 0x0000, 8, WEIR_REASON_NONE, false }, /* RFC 6946 */
		{ 0x0006, 8, WEIR_REASON_NONE, false }, /* reserved bits */
		{ 0x0001, 8, WEIR_REASON_NONE, true },
		{ 0x0001, 9, WEIR_REASON_FRAGMENT, true },
		{ 0x0001, 0, WEIR_REASON_FRAGMENT, true },
		{ 0x0008, 0, WEIR_REASON_FRAGMENT, true },
		{ 0x0008, 9, WEIR_REASON_NONE, true },
		{ 0x0009, 16, WEIR_REASON_NONE, true },
		{ 0xfff8, 7, WEIR_REASON_NONE, true },
		{ 0xfff8, 8, WEIR_REASON_FRAGMENT, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint8_t ext[32] = { WEIR_PROTO_UDP, 0, 0, 0, 0xca, 0xfe, 0, 1 };
		struct packet p;
		struct weir_ipv6 got = { .id = 7 };

		ext[2] = (uint8_t)(row[i].offset_more >> 8);
		ext[3] = (uint8_t)row[i].offset_more;
		make(&p, FRAGMENT, ext, 8 + row[i].payload);
		CHECK_EQ(parse(&p, p.len, &got), row[i].want);
		if (row[i].want != WEIR_REASON_NONE) {
			CHECK_EQ(got.id, 7);
			continue;
		}
		CHECK_EQ(got.fragment, row[i].fragment);
		CHECK_EQ(got.more, row[i].offset_more & 1);
		CHECK_EQ(got.offset, row[i].offset_more & 0xfff8);
		CHECK_EQ(got.id, 0xcafe0001);
		CHECK_EQ(got.header_len, 48);
		CHECK_EQ(got.next_at, 40);
	}
}

static void what_follows_a_fragment_header_is_not_walked(void **state)
{
	static const uint8_t ext[24] = { DESTINATION, 0, 0, 1,        0,
					 0,           0, 1, FRAGMENT, 9 };
	struct packet p;
	struct weir_ipv6 got;

	(void)state;
	make(&p, FRAGMENT, ext, sizeof(ext));
	CHECK_EQ(parse(&p, p.len, &got), WEIR_REASON_NONE);
	CHECK_EQ(got.proto, DESTINATION);
	CHECK_EQ(got.header_len, 48);
}

static void each_bad_chain_has_its_reason(void **state)
{
	static const struct {
		uint8_t next;
		uint8_t ext[32];
		enum weir_reason want;
	} row[] = {
		/* routing: type 0; segments left */
		{ ROUTING, { 17, 0, 0, 0 }, WEIR_REASON_IP_HEADER },
		{ ROUTING, { 17, 0, 0, 1 }, WEIR_REASON_IP_HEADER },
		{ ROUTING, { 17, 0, 4, 1 }, WEIR_REASON_IP_HEADER },
		{ ROUTING, { 17, 0, 4, 0 }, WEIR_REASON_NONE },
		/* hop by hop: not first */
		{ DESTINATION,
		  { HOP, 0, 0, 0, 0, 0, 0, 0, 17 },
		  WEIR_REASON_IP_HEADER },
		{ HOP,
		  { HOP, 0, 0, 0, 0, 0, 0, 0, 17 },
		  WEIR_REASON_IP_HEADER },
		/* authentication: shorter than its fixed part */
		{ AUTH, { 17, 0 }, WEIR_REASON_IP_HEADER },
		{ AUTH, { 17, 1 }, WEIR_REASON_NONE },
		/* longer than the payload */
		{ DESTINATION, { 17, 4 }, WEIR_REASON_IP_HEADER },
		{ DESTINATION, { 17, 3 }, WEIR_REASON_NONE },
		{ AUTH, { 17, 7 }, WEIR_REASON_IP_HEADER },
		{ AUTH, { 17, 6 }, WEIR_REASON_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct packet p;
		struct weir_ipv6 got = { .id = 7 };

		make(&p, row[i].next, row[i].ext, 32);
		CHECK_EQ(parse(&p, p.len, &got), row[i].want);
		if (row[i].want != WEIR_REASON_NONE)
			CHECK_EQ(got.id, 7);
	}
}

static void so_many_extension_headers_and_no_more(void **state)
{
	uint8_t ext[8 * (WEIR_IPV6_EXT_MAX + 1)] = { 0 };

	(void)state;
	for (unsigned n = 1; n <= WEIR_IPV6_EXT_MAX + 1; n++) {
		struct packet p;
		struct weir_ipv6 got;

		for (unsigned i = 0; i < n; i++)
			ext[8 * (size_t)i] = i + 1 < n ? DESTINATION : 17;
		make(&p, DESTINATION, ext, 8 * (size_t)n);
		CHECK_EQ(parse(&p, p.len, &got), n > WEIR_IPV6_EXT_MAX
							 ? WEIR_REASON_IP_HEADER
							 : WEIR_REASON_NONE);
	}
}

static void encrypted_and_empty_have_no_upper_layer(void **state)
{
	static const uint8_t body[16];
	struct packet p;
	struct weir_ipv6 got;

	(void)state;
	make(&p, ESP, body, sizeof(body));
	CHECK_EQ(parse(&p, p.len, &got), WEIR_REASON_NONE);
	CHECK_EQ(got.proto, WEIR_PROTO_NONE);
	make(&p, WEIR_PROTO_NONE, body, 0);
	CHECK_EQ(parse(&p, p.len, &got), WEIR_REASON_NONE);
	CHECK_EQ(got.proto, WEIR_PROTO_NONE);
}

static void versions_and_lengths_are_checked(void **state)
{
	static const uint8_t body[8];
	struct packet p;
	struct weir_ipv6 got = { .id = 7 };

	(void)state;
	for (unsigned version = 0; version < 16; version++) {
		make(&p, 17, body, sizeof(body));
		p.b[0] = (uint8_t)(version << 4);
		CHECK_EQ(parse(&p, p.len, &got),
			 version == 6 ? WEIR_REASON_NONE
				      : WEIR_REASON_IP_HEADER);
	}
	make(&p, 17, body, sizeof(body));
	p.len--; /* one byte less than it says */
	CHECK_EQ(parse(&p, p.len, &got), WEIR_REASON_IP_HEADER);
	p.len = 39;
	CHECK_EQ(parse(&p, 48, &got), WEIR_REASON_IP_HEADER);
	p.len = 1000; /* padding behind */
	CHECK_EQ(parse(&p, 1000, &got), WEIR_REASON_NONE);
	CHECK_EQ(got.payload_len, 8);
}

static void ipv4_addresses_inside_are_martians(void **state)
{
	static const uint8_t body[8];
	struct weir_addr mapped = weir_addr_from4(0x01010101);
	struct packet p;
	struct weir_ipv6 got;

	(void)state;
	make(&p, 17, body, sizeof(body));
	memcpy(p.b + 8, mapped.b, 16);
	CHECK_EQ(parse(&p, p.len, &got), WEIR_REASON_MARTIAN);
	make(&p, 17, body, sizeof(body));
	memcpy(p.b + 24, mapped.b, 16);
	CHECK_EQ(parse(&p, p.len, &got), WEIR_REASON_MARTIAN);
}

static void prefixes_are_compared_bit_by_bit(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits <= 128; bits++) {
		struct weir_addr a = sample.from, b = sample.from;

		if (bits < 128)
			b.b[bits / 8] ^= (uint8_t)(0x80u >> bits % 8);
		CHECK(weir_ipv6_is_within(&a, &b, bits));
		if (bits < 128)
			CHECK(!weir_ipv6_is_within(&a, &b, bits + 1));
	}
	CHECK(!weir_ipv6_is_within(&sample.from, &sample.from, 129));
}

static void kinds_of_address(void **state)
{
	static const struct {
		uint8_t high, low;
		bool group, link;
	} row[] = { { 0xff, 0x02, 1, 0 }, { 0xfe, 0x80, 0, 1 },
		    { 0xfe, 0xbf, 0, 1 }, { 0xfe, 0xc0, 0, 0 },
		    { 0xfe, 0x7f, 0, 0 }, { 0xfd, 0x80, 0, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_addr a = { .b = { row[i].high, row[i].low } };

		CHECK_EQ(weir_ipv6_is_multicast(&a), row[i].group);
		CHECK_EQ(weir_ipv6_is_linklocal(&a), row[i].link);
	}
}

T_MAIN(T(what_is_built_is_parsed), T(all_extension_headers_are_walked),
       T(a_payload_that_ends_in_a_header_is_refused), T(fragments_end_the_walk),
       T(what_follows_a_fragment_header_is_not_walked),
       T(each_bad_chain_has_its_reason),
       T(so_many_extension_headers_and_no_more),
       T(encrypted_and_empty_have_no_upper_layer),
       T(versions_and_lengths_are_checked),
       T(ipv4_addresses_inside_are_martians),
       T(prefixes_are_compared_bit_by_bit), T(kinds_of_address))
