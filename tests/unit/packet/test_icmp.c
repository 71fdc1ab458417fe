/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/icmp.h"

#include "packet/csum.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"

#include "../t.h"

static const struct weir_addr guest6 = { .b = { 0xfd, 0x77, [15] = 15 } };
static const struct weir_addr far6 = { .b = { 0x20, 0x01, 0x0d,
					      0xb8, [15] = 1 } };
static const struct weir_addr gateway6 = { .b = { 0xfd, 0x77, [15] = 2 } };

#define GUEST4   0x0a00020fu
#define FAR4     0x01010101u
#define GATEWAY4 0x0a000202u

struct packet {
	uint8_t b[4000];
	size_t len;
};

static struct weir_rd over(const struct packet *p)
{
	return weir_rd_over(p->b, p->len);
}

/* a packet with @n bytes of payload that begins with @first */
static void make4(struct packet *p, uint8_t proto, uint32_t from, uint32_t to,
		  uint16_t offset, uint8_t first, size_t n)
{
	struct weir_wr w = weir_wr_over(p->b, sizeof(p->b));
	struct weir_ipv4 ip = { .ttl = 64,
				.proto = proto,
				.offset = offset,
				.total_len = (uint16_t)(20 + n),
				.from = weir_addr_from4(from),
				.to = weir_addr_from4(to) };

	weir_ipv4_build(&ip, &w);
	for (size_t i = 0; i < n; i++)
		weir_wr_u8(&w, i ? (uint8_t)i : first);
	CHECK(weir_wr_ok(&w));
	p->len = weir_wr_len(&w);
}

static void make6(struct packet *p, uint8_t proto, const struct weir_addr *from,
		  const struct weir_addr *to, uint8_t first, size_t n)
{
	struct weir_wr w = weir_wr_over(p->b, sizeof(p->b));
	struct weir_ipv6 ip = { .hops = 64,
				.proto = proto,
				.payload_len = (uint16_t)n,
				.from = *from,
				.to = *to };

	weir_ipv6_build(&ip, &w);
	for (size_t i = 0; i < n; i++)
		weir_wr_u8(&w, i ? (uint8_t)i : first);
	CHECK(weir_wr_ok(&w));
	p->len = weir_wr_len(&w);
}

static void a_header_comes_back(void **state)
{
	static const struct weir_icmp m = {
		.type = 8, .code = 1, .id = 0x1234, .seq = 0xabcd
	};
	uint8_t b[9];
	struct weir_wr w = weir_wr_over(b, sizeof(b));
	struct weir_rd r = weir_rd_over(b, sizeof(b));
	struct weir_icmp got;

	(void)state;
	weir_icmp_build(&m, &w);
	CHECK(weir_wr_ok(&w));
	CHECK_EQ(weir_wr_len(&w), 8);
	CHECK_EQ(b[2] | b[3], 0);
	CHECK_EQ(weir_icmp_parse(&r, &got), WEIR_REASON_NONE);
	CHECK_EQ(got.type, 8);
	CHECK_EQ(got.code, 1);
	CHECK_EQ(got.id, 0x1234);
	CHECK_EQ(got.seq, 0xabcd);
	CHECK_EQ(r.left, 1);
	for (size_t n = 0; n < 8; n++) {
		r = weir_rd_over(b, n);
		got.id = 7;
		CHECK_EQ(weir_icmp_parse(&r, &got), WEIR_REASON_SHORT);
		CHECK_EQ(got.id, 7);
		w = weir_wr_over(b, n);
		weir_icmp_build(&m, &w);
		CHECK(!weir_wr_ok(&w));
	}
}

static void questions_and_errors_are_told_apart(void **state)
{
	static const uint8_t errors4[] = { 3, 4, 5, 11, 12 };

	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		struct weir_icmp m = { .type = (uint8_t)type };
		bool want4 = memchr(errors4, (int)type, sizeof(errors4));

		CHECK_EQ(weir_icmp_is_error(m.type, false), want4);
		CHECK_EQ(weir_icmp_is_error(m.type, true),
			 type < 128 || type == 137);
		CHECK_EQ(weir_icmp_is_echo(&m, false), type == 8);
		CHECK_EQ(weir_icmp_is_echo(&m, true), type == 128);
		m.code = 1;
		CHECK(!weir_icmp_is_echo(&m, false));
		CHECK(!weir_icmp_is_echo(&m, true));
	}
}

static void each_cause_has_its_type_and_code(void **state)
{
	static const struct {
		enum weir_icmp_why why;
		uint8_t type4, code4, type6, code6;
		uint32_t rest4, rest6;
	} row[] = {
		{ WEIR_ICMP_WHY_NET, 3, 0, 1, 0, 0, 0 },
		{ WEIR_ICMP_WHY_HOST, 3, 1, 1, 3, 0, 0 },
		{ WEIR_ICMP_WHY_PROTOCOL, 3, 2, 4, 1, 0, 6 },
		{ WEIR_ICMP_WHY_PORT, 3, 3, 1, 4, 0, 0 },
		{ WEIR_ICMP_WHY_PROHIBITED, 3, 13, 1, 1, 0, 0 },
		{ WEIR_ICMP_WHY_TOO_BIG, 3, 4, 2, 0, 0xffff, 70000 },
		{ WEIR_ICMP_WHY_TTL, 11, 0, 3, 0, 0, 0 },
		{ WEIR_ICMP_WHY_REASSEMBLY, 11, 1, 3, 1, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_icmp_error e = { .why = row[i].why,
					     .mtu = 70000,
					     .from = weir_addr_from4(GATEWAY4),
					     .to = weir_addr_from4(GUEST4) };
		uint8_t b[1400];
		struct weir_wr w = weir_wr_over(b, sizeof(b));
		struct weir_rd r;
		struct weir_icmp m;
		struct packet p;

		make4(&p, WEIR_PROTO_UDP, GUEST4, FAR4, 0, 0, 16);
		CHECK_EQ(weir_icmp_build_error(&e, over(&p), &w),
			 WEIR_REASON_NONE);
		r = weir_rd_over(b + 20, 8);
		CHECK_EQ(weir_icmp_parse(&r, &m), WEIR_REASON_NONE);
		CHECK_EQ(m.type, row[i].type4);
		CHECK_EQ(m.code, row[i].code4);
		CHECK_EQ((uint32_t)m.id << 16 | m.seq, row[i].rest4);

		e.from = gateway6;
		e.to = guest6;
		make6(&p, WEIR_PROTO_UDP, &guest6, &far6, 0, 16);
		w = weir_wr_over(b, sizeof(b));
		CHECK_EQ(weir_icmp_build_error(&e, over(&p), &w),
			 WEIR_REASON_NONE);
		r = weir_rd_over(b + 40, 8);
		CHECK_EQ(weir_icmp_parse(&r, &m), WEIR_REASON_NONE);
		CHECK_EQ(m.type, row[i].type6);
		CHECK_EQ(m.code, row[i].code6);
		CHECK_EQ((uint32_t)m.id << 16 | m.seq, row[i].rest6);
	}
}

static void an_ipv4_error_quotes_up_to_576_bytes(void **state)
{
	static const size_t payload[] = {
		0, 8, 9, 520, 527, 528, 529, 530, 1400
	};
	static const struct weir_icmp_error e = {
		.why = WEIR_ICMP_WHY_PORT,
		.from = { .b = { [10] = 0xff, 0xff, 10, 0, 2, 2 } },
		.to = { .b = { [10] = 0xff, 0xff, 10, 0, 2, 15 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(payload) / sizeof(payload[0]); i++) {
		uint8_t b[577];
		struct weir_wr w = weir_wr_over(b, sizeof(b));
		struct weir_rd r;
		struct weir_ipv4 ip;
		struct packet p;
		size_t want;

		make4(&p, WEIR_PROTO_TCP, GUEST4, FAR4, 0, 0, payload[i]);
		want = 28 + p.len > 576 ? 576 : 28 + p.len;
		p.len += 7; /* padding is not quoted */
		CHECK_EQ(weir_icmp_build_error(&e, over(&p), &w),
			 WEIR_REASON_NONE);
		CHECK(weir_wr_ok(&w));
		CHECK_EQ(weir_wr_len(&w), want);
		r = weir_rd_over(b, want);
		CHECK_EQ(weir_ipv4_parse(&r, want, &ip), WEIR_REASON_NONE);
		CHECK_EQ(ip.proto, WEIR_PROTO_ICMP);
		CHECK_EQ(ip.total_len, want);
		CHECK(weir_addr_is_equal(&ip.from, &e.from));
		CHECK(weir_addr_is_equal(&ip.to, &e.to));
		CHECK(weir_csum_is_ok(weir_csum_add(0, b + 20, want - 20)));
		CHECK_EQ(memcmp(b + 28, p.b, want - 28), 0);
		for (size_t n = 0; n < want; n++) {
			w = weir_wr_over(b, n);
			weir_icmp_build_error(&e, over(&p), &w);
			CHECK(!weir_wr_ok(&w));
		}
	}
}

static void an_ipv6_error_quotes_up_to_1280_bytes(void **state)
{
	static const size_t payload[] = { 0, 8, 1191, 1192, 1193, 2000 };
	struct weir_icmp_error e = { .why = WEIR_ICMP_WHY_PROHIBITED,
				     .from = gateway6,
				     .to = guest6 };

	(void)state;
	for (size_t i = 0; i < sizeof(payload) / sizeof(payload[0]); i++) {
		uint8_t b[1281];
		struct weir_wr w = weir_wr_over(b, sizeof(b));
		struct weir_rd r;
		struct weir_ipv6 ip;
		struct packet p;
		size_t want;
		uint32_t sum;

		make6(&p, WEIR_PROTO_TCP, &guest6, &far6, 0, payload[i]);
		want = 48 + p.len > 1280 ? 1280 : 48 + p.len;
		p.len += 7;
		CHECK_EQ(weir_icmp_build_error(&e, over(&p), &w),
			 WEIR_REASON_NONE);
		CHECK(weir_wr_ok(&w));
		CHECK_EQ(weir_wr_len(&w), want);
		r = weir_rd_over(b, want);
		CHECK_EQ(weir_ipv6_parse(&r, want, &ip), WEIR_REASON_NONE);
		CHECK_EQ(ip.proto, WEIR_PROTO_ICMPV6);
		CHECK_EQ(ip.payload_len, want - 40);
		sum = weir_csum_pseudo(&ip.from, &ip.to, WEIR_PROTO_ICMPV6,
				       (uint32_t)(want - 40));
		CHECK(weir_csum_is_ok(weir_csum_add(sum, b + 40, want - 40)));
		CHECK_EQ(memcmp(b + 48, p.b, want - 48), 0);
	}
}

static void some_ipv4_packets_are_never_answered(void **state)
{
	static const struct {
		uint8_t proto;
		uint32_t from, to;
		uint16_t offset;
		uint8_t first;
		bool want;
	} row[] = {
		{ WEIR_PROTO_UDP, GUEST4, FAR4, 0, 0, true },
		{ WEIR_PROTO_ICMP, GUEST4, FAR4, 0, 8, true },
		{ WEIR_PROTO_ICMP, GUEST4, FAR4, 0, 0, true },
		{ WEIR_PROTO_ICMP, GUEST4, FAR4, 0, 3, false },
		{ WEIR_PROTO_ICMP, GUEST4, FAR4, 0, 11, false },
		{ WEIR_PROTO_ICMP, GUEST4, FAR4, 0, 5, false },
		{ WEIR_PROTO_UDP, GUEST4, FAR4, 8, 0, false },
		{ WEIR_PROTO_UDP, GUEST4, 0xe00000fb, 0, 0, false },
		{ WEIR_PROTO_UDP, GUEST4, 0xffffffff, 0, 0, false },
		{ WEIR_PROTO_UDP, 0, FAR4, 0, 0, false },
		{ WEIR_PROTO_UDP, 0xe0000001, FAR4, 0, 0, false },
		{ WEIR_PROTO_UDP, 0xffffffff, FAR4, 0, 0, false },
		{ WEIR_PROTO_UDP, 0x7f000001, FAR4, 0, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_icmp_error e = { .from = weir_addr_from4(GATEWAY4),
					     .to = weir_addr_from4(GUEST4) };
		uint8_t b[600];
		struct weir_wr w = weir_wr_over(b, sizeof(b));
		struct packet p;

		make4(&p, row[i].proto, row[i].from, row[i].to, row[i].offset,
		      row[i].first, 16);
		CHECK_EQ(weir_icmp_may_quote(over(&p), WEIR_ICMP_WHY_HOST),
			 row[i].want);
		e.why = WEIR_ICMP_WHY_HOST;
		CHECK_EQ(weir_icmp_build_error(&e, over(&p), &w),
			 row[i].want ? WEIR_REASON_NONE : WEIR_REASON_ICMP);
		CHECK_EQ(weir_wr_len(&w) != 0, row[i].want);
	}
}

static void some_ipv6_packets_are_never_answered(void **state)
{
	static const struct weir_addr none,
		group = { .b = { 0xff, 2, [15] = 1 } };
	const struct {
		uint8_t proto;
		const struct weir_addr *from, *to;
		uint8_t first;
		bool want, want_too_big;
	} row[] = {
		{ WEIR_PROTO_UDP, &guest6, &far6, 0, true, true },
		{ WEIR_PROTO_ICMPV6, &guest6, &far6, 128, true, true },
		{ WEIR_PROTO_ICMPV6, &guest6, &far6, 1, false, false },
		{ WEIR_PROTO_ICMPV6, &guest6, &far6, 3, false, false },
		{ WEIR_PROTO_ICMPV6, &guest6, &far6, 137, false, false },
		{ WEIR_PROTO_ICMPV6, &guest6, &far6, 100, false, false },
		{ WEIR_PROTO_UDP, &guest6, &group, 0, false, true },
		{ WEIR_PROTO_UDP, &none, &far6, 0, false, false },
		{ WEIR_PROTO_UDP, &group, &far6, 0, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct packet p;

		make6(&p, row[i].proto, row[i].from, row[i].to, row[i].first,
		      16);
		CHECK_EQ(weir_icmp_may_quote(over(&p), WEIR_ICMP_WHY_NET),
			 row[i].want);
		CHECK_EQ(weir_icmp_may_quote(over(&p), WEIR_ICMP_WHY_TOO_BIG),
			 row[i].want_too_big);
	}
}

static void ipv6_fragments_other_than_the_first_are_not_answered(void **state)
{
	struct packet p;

	(void)state;
	for (unsigned offset = 0; offset <= 8; offset += 8) {
		make6(&p, 44, &guest6, &far6, WEIR_PROTO_UDP, 24);
		p.b[41] = 0;
		p.b[42] = 0;
		p.b[43] = (uint8_t)(offset | 1);
		CHECK_EQ(weir_icmp_may_quote(over(&p), WEIR_ICMP_WHY_HOST),
			 offset == 0);
	}
}

static void only_a_packet_can_be_quoted(void **state)
{
	struct packet p;
	uint8_t b[1400];

	(void)state;
	make4(&p, WEIR_PROTO_ICMP, GUEST4, FAR4, 0, 8, 16);
	for (size_t n = 0; n < p.len; n++)
		CHECK_EQ(weir_icmp_may_quote(weir_rd_over(p.b, n),
					     WEIR_ICMP_WHY_HOST),
			 n > 20); /* the type must be seen */
	make6(&p, WEIR_PROTO_UDP, &guest6, &far6, 0, 16);
	for (size_t n = 0; n < p.len; n++)
		CHECK_EQ(weir_icmp_may_quote(weir_rd_over(p.b, n),
					     WEIR_ICMP_WHY_HOST),
			 n >= 40);
	memset(b, 0x55, sizeof(b));
	CHECK(!weir_icmp_may_quote(weir_rd_over(b, sizeof(b)),
				   WEIR_ICMP_WHY_HOST));
}

static void families_must_fit(void **state)
{
	struct weir_icmp_error e = { .from = weir_addr_from4(GATEWAY4),
				     .to = weir_addr_from4(GUEST4) };
	uint8_t b[1400];
	struct weir_wr w = weir_wr_over(b, sizeof(b));
	struct packet p;

	(void)state;
	make6(&p, WEIR_PROTO_UDP, &guest6, &far6, 0, 16);
	CHECK_EQ(weir_icmp_build_error(&e, over(&p), &w), WEIR_REASON_ICMP);
	make4(&p, WEIR_PROTO_UDP, GUEST4, FAR4, 0, 0, 16);
	e.to = guest6;
	CHECK_EQ(weir_icmp_build_error(&e, over(&p), &w), WEIR_REASON_ICMP);
	CHECK_EQ(weir_wr_len(&w), 0);
}

T_MAIN(T(a_header_comes_back), T(questions_and_errors_are_told_apart),
       T(each_cause_has_its_type_and_code),
       T(an_ipv4_error_quotes_up_to_576_bytes),
       T(an_ipv6_error_quotes_up_to_1280_bytes),
       T(some_ipv4_packets_are_never_answered),
       T(some_ipv6_packets_are_never_answered),
       T(ipv6_fragments_other_than_the_first_are_not_answered),
       T(only_a_packet_can_be_quoted), T(families_must_fit))
