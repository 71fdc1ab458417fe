/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/ndp.h"

#include "packet/icmp.h"

#include "../t.h"

static const struct weir_addr target = { .b = { 0xfd, 0x77, [13] = 1, 2, 3 } };
static const struct weir_mac mac = { { 2, 9, 8, 7, 6, 5 } };
static const uint8_t names[] = { 4, 'w', 'e', 'i', 'r', 0 };

static const struct weir_ndp_router router = {
	.hops = 64,
	.managed = true,
	.lifetime_s = 5400,
	.has_mac = true,
	.mac = { { 2, 9, 8, 7, 6, 5 } },
	.mtu = 1500,
	.prefix_len = 64,
	.autonomous = true,
	.valid_s = 86400,
	.preferred_s = 14400,
	.prefix = { .b = { 0xfd, 0x77 } },
	.has_dns = true,
	.dns = { .b = { 0xfd, 0x77, [15] = 3 } },
	.dnssl = names,
	.dnssl_len = sizeof(names),
};

/* the four messages, each in full */
static size_t build(unsigned kind, uint8_t *b, size_t room)
{
	struct weir_wr w = weir_wr_over(b, room);
	struct weir_ndp_ask ask = { target, true, mac };
	struct weir_ndp_answer answer = { true, true, true, target, true, mac };
	struct weir_ndp_seek seek = { true, mac };

	switch (kind) {
	case 0:
		weir_ndp_build_ask(&ask, &w);
		break;
	case 1:
		weir_ndp_build_answer(&answer, &w);
		break;
	case 2:
		weir_ndp_build_seek(&seek, &w);
		break;
	default:
		weir_ndp_build_router(&router, &w);
		break;
	}
	return weir_wr_ok(&w) ? weir_wr_len(&w) : 0;
}

static enum weir_reason parse(unsigned kind, const uint8_t *b, size_t n)
{
	struct weir_rd in = weir_rd_over(b, n);
	struct weir_ndp_ask ask;
	struct weir_ndp_answer answer;
	struct weir_ndp_seek seek;
	struct weir_ndp_router r;

	switch (kind) {
	case 0:
		return weir_ndp_parse_ask(&in, &ask);
	case 1:
		return weir_ndp_parse_answer(&in, &answer);
	case 2:
		return weir_ndp_parse_seek(&in, &seek);
	default:
		return weir_ndp_parse_router(&in, &r);
	}
}

static void what_is_asked_and_answered_comes_back(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		struct weir_ndp_answer a = { .router = i & 1,
					     .solicited = i & 2,
					     .override = i & 4,
					     .has_mac = i & 8,
					     .mac = mac,
					     .target = target },
				       got_a;
		struct weir_ndp_ask q = { .has_mac = i & 8,
					  .mac = mac,
					  .target = target },
				    got_q;
		struct weir_ndp_seek s = { .has_mac = i & 8, .mac = mac },
				     got_s;
		uint8_t b[32];
		struct weir_wr w = weir_wr_over(b, sizeof(b));
		struct weir_rd r;

		weir_ndp_build_answer(&a, &w);
		CHECK_EQ(b[0], WEIR_ICMP6_NA);
		r = weir_rd_over(b, weir_wr_len(&w));
		CHECK_EQ(weir_ndp_parse_answer(&r, &got_a), WEIR_REASON_NONE);
		CHECK_EQ(got_a.router, a.router);
		CHECK_EQ(got_a.solicited, a.solicited);
		CHECK_EQ(got_a.override, a.override);
		CHECK_EQ(got_a.has_mac, a.has_mac);
		CHECK(!a.has_mac || weir_mac_is_equal(&got_a.mac, &mac));
		CHECK(weir_addr_is_equal(&got_a.target, &target));

		w = weir_wr_over(b, sizeof(b));
		weir_ndp_build_ask(&q, &w);
		CHECK_EQ(b[0], WEIR_ICMP6_NS);
		r = weir_rd_over(b, weir_wr_len(&w));
		CHECK_EQ(weir_ndp_parse_ask(&r, &got_q), WEIR_REASON_NONE);
		CHECK_EQ(got_q.has_mac, q.has_mac);
		CHECK(weir_addr_is_equal(&got_q.target, &target));

		w = weir_wr_over(b, sizeof(b));
		weir_ndp_build_seek(&s, &w);
		CHECK_EQ(b[0], WEIR_ICMP6_RS);
		r = weir_rd_over(b, weir_wr_len(&w));
		CHECK_EQ(weir_ndp_parse_seek(&r, &got_s), WEIR_REASON_NONE);
		CHECK_EQ(got_s.has_mac, s.has_mac);
	}
}

static void a_router_comes_back(void **state)
{
	uint8_t b[400];
	size_t n = build(3, b, sizeof(b));
	struct weir_rd r = weir_rd_over(b, n);
	struct weir_ndp_router got;

	(void)state;
	CHECK_EQ(n, 16 + 8 + 8 + 32 + 24 + 16);
	CHECK_EQ(weir_ndp_parse_router(&r, &got), WEIR_REASON_NONE);
	CHECK_EQ(got.hops, 64);
	CHECK(got.managed && !got.other);
	CHECK_EQ(got.lifetime_s, 5400);
	CHECK(got.has_mac && weir_mac_is_equal(&got.mac, &mac));
	CHECK_EQ(got.mtu, 1500);
	CHECK_EQ(got.prefix_len, 64);
	CHECK(got.autonomous);
	CHECK_EQ(got.valid_s, 86400);
	CHECK_EQ(got.preferred_s, 14400);
	CHECK(weir_addr_is_equal(&got.prefix, &router.prefix));
	CHECK(got.has_dns && weir_addr_is_equal(&got.dns, &router.dns));
	CHECK_EQ(got.dnssl_len, 8);
	CHECK_EQ(memcmp(got.dnssl, "\4weir\0\0", 8), 0);
}

static void a_router_with_nothing_to_say_is_sixteen_bytes(void **state)
{
	static const struct weir_ndp_router none = { .other = true };
	uint8_t b[16];
	struct weir_wr w = weir_wr_over(b, sizeof(b));
	struct weir_rd r = weir_rd_over(b, sizeof(b));
	struct weir_ndp_router got;

	(void)state;
	weir_ndp_build_router(&none, &w);
	CHECK(weir_wr_ok(&w));
	CHECK_EQ(weir_wr_len(&w), 16);
	CHECK_EQ(b[5], 0x40);
	CHECK_EQ(weir_ndp_parse_router(&r, &got), WEIR_REASON_NONE);
	CHECK(got.other && !got.managed && !got.has_mac && !got.has_dns);
	CHECK_EQ(got.prefix_len | got.mtu, 0);
	CHECK_EQ(got.dnssl_len, 0);
}

static void a_search_list_is_padded_to_eight(void **state)
{
	static const uint8_t list[WEIR_NDP_DNSSL_MAX_BYTES];

	(void)state;
	for (size_t n = 1; n <= sizeof(list); n++) {
		struct weir_ndp_router m = { .dnssl = list, .dnssl_len = n };
		struct weir_ndp_router got;
		uint8_t b[400];
		struct weir_wr w = weir_wr_over(b, sizeof(b));
		struct weir_rd r;

		weir_ndp_build_router(&m, &w);
		CHECK(weir_wr_ok(&w));
		CHECK_EQ(weir_wr_len(&w), 16 + 8 + (n + 7) / 8 * 8);
		r = weir_rd_over(b, weir_wr_len(&w));
		CHECK_EQ(weir_ndp_parse_router(&r, &got), WEIR_REASON_NONE);
		CHECK_EQ(got.dnssl_len, (n + 7) / 8 * 8);
	}
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 4; kind++) {
		uint8_t b[400], out[400];
		size_t len = build(kind, b, sizeof(b));
		unsigned good = 0;

		CHECK_EQ(parse(kind, b, len), WEIR_REASON_NONE);
		for (size_t n = 0; n < len; n++) {
			good += parse(kind, b, n) == WEIR_REASON_NONE;
			CHECK_EQ(build(kind, out, n), 0);
		}
		/* it may end between two options, and nowhere else */
		CHECK_EQ(good, kind == 3 ? 5 : 1);
	}
}

static void types_codes_and_targets_are_checked(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 4; kind++) {
		uint8_t b[400];
		size_t len = build(kind, b, sizeof(b));

		for (unsigned type = 0; type < 256; type++) {
			uint8_t was = b[0];

			b[0] = (uint8_t)type;
			CHECK_EQ(parse(kind, b, len), type == was
							      ? WEIR_REASON_NONE
							      : WEIR_REASON_ND);
			b[0] = was;
		}
		b[1] = 1;
		CHECK_EQ(parse(kind, b, len), WEIR_REASON_ND);
		b[1] = 0;
		if (kind > 1)
			continue;
		b[8] = 0xff;
		CHECK_EQ(parse(kind, b, len), WEIR_REASON_ND);
	}
}

static void options_of_a_wrong_length_are_refused(void **state)
{
	static const struct {
		unsigned kind;
		uint8_t type, length;
		enum weir_reason want;
	} row[] = {
		{ 0, 1, 1, WEIR_REASON_NONE },  { 0, 1, 0, WEIR_REASON_ND },
		{ 0, 1, 2, WEIR_REASON_ND },    { 0, 2, 2, WEIR_REASON_NONE },
		{ 0, 99, 0, WEIR_REASON_ND },   { 0, 99, 4, WEIR_REASON_NONE },
		{ 0, 99, 5, WEIR_REASON_ND },   { 0, 99, 255, WEIR_REASON_ND },
		{ 1, 2, 2, WEIR_REASON_ND },    { 1, 1, 2, WEIR_REASON_NONE },
		{ 2, 1, 2, WEIR_REASON_ND },    { 2, 14, 2, WEIR_REASON_NONE },
		{ 3, 1, 2, WEIR_REASON_ND },    { 3, 3, 4, WEIR_REASON_NONE },
		{ 3, 3, 3, WEIR_REASON_ND },    { 3, 5, 1, WEIR_REASON_NONE },
		{ 3, 5, 2, WEIR_REASON_ND },    { 3, 25, 3, WEIR_REASON_NONE },
		{ 3, 25, 1, WEIR_REASON_ND },   { 3, 25, 2, WEIR_REASON_ND },
		{ 3, 25, 4, WEIR_REASON_ND },   { 3, 31, 1, WEIR_REASON_ND },
		{ 3, 31, 2, WEIR_REASON_NONE }, { 3, 31, 0, WEIR_REASON_ND },
	};
	static const size_t fixed[] = { 24, 24, 8, 16 };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		size_t at = fixed[row[i].kind], n = row[i].length * 8u;
		uint8_t b[400];

		build(row[i].kind, b, sizeof(b));
		memset(b + at, 0, sizeof(b) - at);
		b[at] = row[i].type;
		b[at + 1] = row[i].length;
		if (n < 8)
			n = 8;
		if (n > 32)
			n = 32;
		CHECK_EQ(parse(row[i].kind, b, at + n), row[i].want);
	}
}

static void a_prefix_is_at_most_128_bits(void **state)
{
	uint8_t b[400];
	size_t n = build(3, b, sizeof(b));

	(void)state;
	CHECK_EQ(b[32], 3);
	b[34] = 128;
	CHECK_EQ(parse(3, b, n), WEIR_REASON_NONE);
	b[34] = 129;
	CHECK_EQ(parse(3, b, n), WEIR_REASON_ND);
}

static void of_two_addresses_the_first_counts(void **state)
{
	uint8_t b[48];
	size_t n = build(0, b, sizeof(b));
	struct weir_rd r;
	struct weir_ndp_ask got;

	(void)state;
	memcpy(b + n, b + 24, 8);
	b[n + 7] = 99;
	r = weir_rd_over(b, n + 8);
	CHECK_EQ(weir_ndp_parse_ask(&r, &got), WEIR_REASON_NONE);
	CHECK(weir_mac_is_equal(&got.mac, &mac));
}

static void of_two_router_options_the_first_counts(void **state)
{
	uint8_t b[400];
	size_t n = build(3, b, sizeof(b)), options = n - 16;
	struct weir_ndp_router got;
	struct weir_rd r;

	(void)state;
	memcpy(b + n, b + 16, options); /* all of them again, but other */
	b[n + 7]++;                     /* address */
	b[n + 15]++;                    /* MTU */
	b[n + 18]++;                    /* prefix */
	b[n + 71]++;                    /* DNS */
	b[n + 80]++;                    /* search list */
	memset(b + n + options, 0, 8);
	b[n + options] = 99; /* and one that nobody knows */
	b[n + options + 1] = 1;
	r = weir_rd_over(b, n + options + 8);
	CHECK_EQ(weir_ndp_parse_router(&r, &got), WEIR_REASON_NONE);
	CHECK(weir_mac_is_equal(&got.mac, &mac));
	CHECK_EQ(got.mtu, 1500);
	CHECK_EQ(got.prefix_len, 64);
	CHECK(weir_addr_is_equal(&got.dns, &router.dns));
	CHECK_EQ(got.dnssl[0], 4);
}

static void failure_leaves_the_result_alone(void **state)
{
	struct weir_ndp_ask q = { .has_mac = true, .mac = mac };
	struct weir_ndp_answer a = { .has_mac = true, .mac = mac };
	struct weir_ndp_seek s = { .has_mac = true, .mac = mac };
	struct weir_ndp_router m = { .mtu = 7 };
	uint8_t b[400];
	struct weir_rd r;

	(void)state;
	r = weir_rd_over(b, build(0, b, sizeof(b)) - 1);
	CHECK_EQ(weir_ndp_parse_ask(&r, &q), WEIR_REASON_ND);
	CHECK(q.has_mac && weir_mac_is_equal(&q.mac, &mac));
	r = weir_rd_over(b, build(1, b, sizeof(b)) - 1);
	CHECK_EQ(weir_ndp_parse_answer(&r, &a), WEIR_REASON_ND);
	CHECK(a.has_mac && weir_mac_is_equal(&a.mac, &mac));
	r = weir_rd_over(b, build(2, b, sizeof(b)) - 1);
	CHECK_EQ(weir_ndp_parse_seek(&r, &s), WEIR_REASON_ND);
	CHECK(s.has_mac && weir_mac_is_equal(&s.mac, &mac));
	r = weir_rd_over(b, build(3, b, sizeof(b)) - 1);
	CHECK_EQ(weir_ndp_parse_router(&r, &m), WEIR_REASON_ND);
	CHECK_EQ(m.mtu, 7);
}

static void a_group_has_the_last_three_bytes(void **state)
{
	static const struct weir_addr want = { .b = { 0xff, 2, [11] = 1, 0xff,
						      1, 2, 3 } };
	struct weir_addr got = weir_ndp_group(&target);

	(void)state;
	CHECK(weir_addr_is_equal(&got, &want));
}

T_MAIN(T(what_is_asked_and_answered_comes_back), T(a_router_comes_back),
       T(a_router_with_nothing_to_say_is_sixteen_bytes),
       T(a_search_list_is_padded_to_eight), T(every_truncation_is_refused),
       T(types_codes_and_targets_are_checked),
       T(options_of_a_wrong_length_are_refused),
       T(a_prefix_is_at_most_128_bits), T(of_two_addresses_the_first_counts),
       T(of_two_router_options_the_first_counts),
       T(failure_leaves_the_result_alone), T(a_group_has_the_last_three_bytes))
