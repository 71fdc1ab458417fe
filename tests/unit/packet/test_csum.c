/* SPDX-License-Identifier: Apache-2.0 */
/* test_csum.c - the Internet checksum against a byte at a time */
#include "../t.h"

#include "../base/bench.h"
#include "packet/csum.h"

/* The oracle: RFC 1071 as it is told, one byte after the other. */
static uint16_t slow_sum(uint16_t sum, const uint8_t *p, size_t n)
{
	uint32_t s = sum;

	for (size_t i = 0; i < n; i++) {
		s += i & 1 ? p[i] : (uint32_t)p[i] << 8;
		if (s > 0xffff)
			s -= 0xffff;
	}
	return (uint16_t)s;
}

/* 0 and 0xffff are the same number in ones' complement. */
static bool is_same(uint16_t a, uint16_t b)
{
	return a == b || (a % 0xffff == 0 && b % 0xffff == 0);
}

static void example_of_the_rfc(void **state)
{
	static const uint8_t b[] = { 0, 1, 0xf2, 3, 0xf4, 0xf5, 0xf6, 0xf7 };

	(void)state;
	CHECK_EQ(weir_csum_fold(weir_csum_add(0, b, 8)), 0xddf2);
	CHECK_EQ(weir_csum_finish(weir_csum_add(0, b, 8)), 0x220d);
}

static void a_header_with_its_checksum_is_right(void **state)
{
	uint8_t h[20] = {
		0x45, 0,    0,    0x73, 0, 0, 0x40, 0,    0x40, 0x11,
		0xb8, 0x61, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0,    0xc7
	};

	(void)state;
	CHECK(weir_csum_is_ok(weir_csum_add(0, h, 20)));
	for (size_t i = 0; i < 20; i++) {
		h[i] ^= 0x10;
		CHECK(!weir_csum_is_ok(weir_csum_add(0, h, 20)));
		h[i] ^= 0x10;
	}
	h[10] = h[11] = 0;
	CHECK_EQ(weir_csum_finish(weir_csum_add(0, h, 20)), 0xb861);
}

static void every_length_and_alignment_agrees_with_the_slow_way(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (size_t n = 0; n <= 300; n++) {
		for (size_t off = 0; off < 8; off++) {
			uint8_t *exact = malloc(off + n ? off + n : 1), *p;
			uint16_t begin = (uint16_t)roll(&seed);

			CHECK(exact != NULL);
			p = exact + off;
			for (size_t i = 0; i < n; i++)
				p[i] = (uint8_t)(off == 7 ? 0xff : roll(&seed));
			CHECK(is_same(weir_csum_fold(
					      weir_csum_add(begin, p, n)),
				      slow_sum(begin, p, n)));
			free(exact);
		}
	}
}

static void the_largest_frame_of_ones_does_not_overflow(void **state)
{
	static uint8_t b[1 << 20];
	uint32_t sum = 0;

	(void)state;
	memset(b, 0xff, sizeof(b));
	CHECK_EQ(weir_csum_fold(weir_csum_add(0, b, sizeof(b))), 0xffff);
	CHECK_EQ(weir_csum_fold(weir_csum_add(UINT32_MAX, b, sizeof(b))),
		 0xffff);
	for (int i = 0; i < 200000; i++)
		sum = weir_csum_add(sum, b, 2);
	CHECK_EQ(weir_csum_fold(sum), 0xffff);
	b[0] = 0xfe;
	CHECK_EQ(weir_csum_fold(weir_csum_add(0, b, sizeof(b))), 0xfeff);
}

/* Words whose 64-bit sum, 2^48 + 2^32 - 1, needs every fold there is. */
static void carries_are_brought_round_to_the_last(void **state)
{
	enum { WORDS = 65537 };
	static uint8_t b[4 * WORDS + 4];
	static const uint32_t last = 0x10000;

	(void)state;
	memset(b, 0xff, sizeof(b));
	memcpy(b + sizeof(b) - 4, &last, 4);
	CHECK_EQ(weir_csum_fold(weir_csum_add(0, b, sizeof(b))),
		 slow_sum(0, b, sizeof(b)));
}

static void add_beyond_32_bits(void *p)
{
	(void)weir_csum_add(0, p, (size_t)UINT32_MAX + 1);
}

static void a_length_no_frame_can_have_stops(void **state)
{
	uint8_t b[1];

	(void)state;
	CHECK(stops(add_beyond_32_bits, b));
}

static void any_number_folds_to_its_remainder(void **state)
{
	uint64_t seed = 2;

	(void)state;
	for (uint32_t k = 0; k < 300000; k++) {
		uint32_t v = k < 140000 ? k : (uint32_t)roll(&seed);

		v = k % 7 == 0 ? ~v : v;
		CHECK_EQ(weir_csum_fold(v) % 0xffff, v % 0xffff);
		CHECK_EQ(weir_csum_fold(v) == 0, v == 0);
		CHECK_EQ(weir_csum_finish(v), 0xffff - weir_csum_fold(v));
	}
}

static void udp_never_says_zero(void **state)
{
	(void)state;
	CHECK_EQ(weir_csum_finish(0xffff), 0);
	CHECK_EQ(weir_csum_finish_udp(0xffff), 0xffff);
	CHECK_EQ(weir_csum_finish_udp(0x1234), 0xedcb);
	CHECK_EQ(weir_csum_finish_udp(0), 0xffff);
}

static void spans_cut_anywhere_sum_like_the_flat_run(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (int turn = 0; turn < 100000; turn++) {
		uint8_t flat[256];
		struct weir_span v[6];
		struct weir_spans s = { v, below(&seed, 7), 0 };
		size_t skip = below(&seed, 150), n = below(&seed, 260), have;
		uint16_t begin = (uint16_t)roll(&seed);

		for (size_t i = 0; i < sizeof(flat); i += 8) {
			uint64_t w = roll(&seed);

			memcpy(flat + i, &w, 8);
		}
		for (unsigned i = 0; i < s.n; i++) {
			v[i].at = flat + s.len;
			v[i].len = below(&seed, turn & 1 ? 4 : 42);
			s.len += v[i].len;
		}
		have = skip < s.len ? s.len - skip : 0;
		have = n < have ? n : have;
		CHECK(is_same(weir_csum_fold(
				      weir_csum_spans(begin, &s, skip, n)),
			      slow_sum(begin, flat + (have ? skip : 0), have)));
	}
}

static void pseudo_headers_sum_like_their_bytes(void **state)
{
	uint64_t seed = 4;

	(void)state;
	for (int turn = 0; turn < 20000; turn++) {
		struct weir_addr a, b;
		uint32_t len = (uint32_t)roll(&seed) >> below(&seed, 32);
		uint8_t proto = (uint8_t)roll(&seed), p[40] = { 0 };
		unsigned quads = below(&seed, 4);

		for (size_t i = 0; i < 16; i++) {
			a.b[i] = (uint8_t)roll(&seed);
			b.b[i] = (uint8_t)roll(&seed);
		}
		if (quads & 1)
			a = weir_addr_from4((uint32_t)roll(&seed));
		if (quads & 2)
			b = weir_addr_from4((uint32_t)roll(&seed));
		if (quads == 3) {
			len &= 0xffff;
			memcpy(p, a.b + 12, 4);
			memcpy(p + 4, b.b + 12, 4);
			p[9] = proto;
			p[10] = (uint8_t)(len >> 8);
			p[11] = (uint8_t)len;
		} else {
			memcpy(p, a.b, 16);
			memcpy(p + 16, b.b, 16);
			for (unsigned i = 0; i < 4; i++)
				p[32 + i] = (uint8_t)(len >> (24 - 8 * i));
			p[39] = proto;
		}
		CHECK(is_same(weir_csum_fold(
				      weir_csum_pseudo(&a, &b, proto, len)),
			      slow_sum(0, p, quads == 3 ? 12 : 40)));
	}
}

/* A UDP datagram worked out by hand: 152.1.51.27 to 152.14.94.75. */
static void a_datagram_built_with_it_is_right(void **state)
{
	struct weir_addr src = weir_addr_from4(0x9801331b);
	struct weir_addr dst = weir_addr_from4(0x980e5e4b);
	uint8_t udp[10] = { 0xa0, 0x8f, 0x26, 0x94, 0, 10, 0, 0, 0x62, 0x62 };
	uint32_t sum = weir_csum_pseudo(&src, &dst, 17, sizeof(udp));
	uint16_t c = weir_csum_finish_udp(weir_csum_add(sum, udp, sizeof(udp)));

	(void)state;
	CHECK_EQ(c, 0x14de);
	udp[6] = (uint8_t)(c >> 8);
	udp[7] = (uint8_t)c;
	CHECK(weir_csum_is_ok(weir_csum_add(sum, udp, sizeof(udp))));
}

T_MAIN(T(example_of_the_rfc), T(a_header_with_its_checksum_is_right),
       T(every_length_and_alignment_agrees_with_the_slow_way),
       T(the_largest_frame_of_ones_does_not_overflow),
       T(carries_are_brought_round_to_the_last),
       T(a_length_no_frame_can_have_stops),
       T(any_number_folds_to_its_remainder), T(udp_never_says_zero),
       T(spans_cut_anywhere_sum_like_the_flat_run),
       T(pseudo_headers_sum_like_their_bytes),
       T(a_datagram_built_with_it_is_right))
