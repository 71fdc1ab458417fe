/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/tcp.h"

#include "../t.h"

static const struct weir_tcp bare = {
	.sport = 40000,
	.dport = 443,
	.seq = 0xdeadbeef,
	.ack = 0x01020304,
	.flags = WEIR_TCP_ACK | WEIR_TCP_PSH,
	.window = 0xfffe,
	.urgent = 9,
	.wscale = -1,
};

static size_t build(const struct weir_tcp *t, uint8_t *b, size_t n)
{
	struct weir_wr w = weir_wr_over(b, n);

	memset(b, 0xaa, n);
	weir_tcp_build(t, &w);
	CHECK(weir_wr_ok(&w));
	return weir_wr_len(&w);
}

/* a header of 20 bytes and these options, the data offset made to fit */
static enum weir_reason parse_options(const uint8_t *o, size_t n,
				      struct weir_tcp *ret)
{
	uint8_t b[60];
	struct weir_rd in;

	assert_true(n % 4 == 0 && n <= 40);
	build(&bare, b, sizeof(b));
	b[12] = (uint8_t)((20 + n) / 4 << 4);
	memcpy(b + 20, o, n);
	in = weir_rd_over(b, 20 + n);
	return weir_tcp_parse(&in, ret);
}

static void check_equal(const struct weir_tcp *a, const struct weir_tcp *b)
{
	CHECK_EQ(a->sport, b->sport);
	CHECK_EQ(a->dport, b->dport);
	CHECK_EQ(a->seq, b->seq);
	CHECK_EQ(a->ack, b->ack);
	CHECK_EQ(a->flags, b->flags);
	CHECK_EQ(a->window, b->window);
	CHECK_EQ(a->urgent, b->urgent);
	CHECK_EQ(a->mss, b->mss);
	CHECK_EQ(a->wscale, b->wscale);
	CHECK_EQ(a->sack_ok, b->sack_ok);
	CHECK_EQ(a->n_sack, b->n_sack);
	for (unsigned i = 0; i < a->n_sack; i++) {
		CHECK_EQ(a->sack[i].from, b->sack[i].from);
		CHECK_EQ(a->sack[i].to, b->sack[i].to);
	}
}

static void a_header_lies_as_rfc_9293_draws_it(void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		0x9c, 0x40, 0x01, 0xbb, 0xde, 0xad, 0xbe, 0xef,
		0x01, 0x02, 0x03, 0x04, 0xa0, 0x12, 0xff, 0xfe,
		0x00, 0x00, 0x00, 0x00,
		2, 4, 0x05, 0xb4, 1, 3, 3, 7, 1, 1, 4, 2,
		1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2 };
	/* clang-format on */
	struct weir_tcp t = bare;
	uint8_t b[60];

	(void)state;
	t.flags = WEIR_TCP_SYN | WEIR_TCP_ACK;
	t.urgent = 0;
	t.mss = 1460;
	t.wscale = 7;
	t.sack_ok = true;
	CHECK_EQ(build(&t, b, sizeof(b)), 32);
	CHECK_EQ(b[12], 0x80);
	t.n_sack = 1;
	t.sack[0].from = 1;
	t.sack[0].to = 2;
	CHECK_EQ(build(&t, b, sizeof(b)), sizeof(want));
	CHECK_EQ(b[12], 0xb0);
	b[12] = 0xa0;
	CHECK_EQ(memcmp(b, want, sizeof(want)), 0);
}

static void what_is_built_is_parsed(void **state)
{
	static const int8_t scales[] = { -1, 0, 14 };

	(void)state;
	for (unsigned i = 0; i < 2 * 3 * 2 * 5 * 64; i++) {
		struct weir_tcp t = bare, got;
		uint8_t b[61];
		struct weir_rd in;
		size_t len;
		unsigned room;

		t.flags = i % 64;
		t.mss = i / 64 % 2 ? 1460 : 0;
		t.wscale = scales[i / 128 % 3];
		t.sack_ok = i / 384 % 2;
		t.n_sack = (uint8_t)(i / 768 % 5);
		for (unsigned k = 0; k < t.n_sack; k++) {
			t.sack[k].from = 0xfffffff0u + k * 100;
			t.sack[k].to = t.sack[k].from + 50;
		}
		len = build(&t, b, sizeof(b));
		CHECK(len <= WEIR_TCP_HEADER_MAX_BYTES && len % 4 == 0);
		in = weir_rd_over(b, len + 1);
		CHECK_EQ(weir_tcp_parse(&in, &got), WEIR_REASON_NONE);
		CHECK_EQ(got.header_len, len);
		CHECK_EQ(in.left, 1);
		CHECK(!got.has_ts);
		CHECK_EQ(b[WEIR_TCP_CSUM_AT] | b[WEIR_TCP_CSUM_AT + 1], 0);
		room = 40 - (t.mss ? 4u : 0u) - (t.wscale >= 0 ? 4u : 0u) -
		       (t.sack_ok ? 4u : 0u);
		if (t.n_sack > (room - 4) / 8)
			t.n_sack = (uint8_t)((room - 4) / 8);
		check_equal(&t, &got);
	}
}

static void more_blocks_than_there_are_places_are_not_read(void **state)
{
	struct weir_tcp t = bare;
	uint8_t b[60];

	(void)state;
	t.n_sack = 255;
	CHECK_EQ(build(&t, b, sizeof(b)), 20 + 4 + 32);
	CHECK_EQ(b[23], 34);
}

static void every_truncation_is_a_header_reason(void **state)
{
	struct weir_tcp t = bare;
	uint8_t b[60];
	size_t len;

	(void)state;
	t.mss = 1460;
	t.wscale = 2;
	t.n_sack = 2;
	len = build(&t, b, sizeof(b));
	for (size_t n = 0; n < len; n++) {
		struct weir_tcp got = { .seq = 7 };
		struct weir_rd in = weir_rd_over(b, n);
		struct weir_wr w;
		uint8_t out[60];

		CHECK_EQ(weir_tcp_parse(&in, &got), WEIR_REASON_TCP_HEADER);
		CHECK_EQ(got.seq, 7);
		w = weir_wr_over(out, n);
		weir_tcp_build(&t, &w);
		CHECK(!weir_wr_ok(&w));
	}
}

static void a_data_offset_below_five_is_refused(void **state)
{
	(void)state;
	for (unsigned words = 0; words < 16; words++) {
		struct weir_tcp got;
		uint8_t b[60];
		struct weir_rd in = weir_rd_over(b, sizeof(b));

		build(&bare, b, sizeof(b));
		memset(b + 20, 1, 40);
		b[12] = (uint8_t)(words << 4);
		CHECK_EQ(weir_tcp_parse(&in, &got),
			 words < 5 ? WEIR_REASON_TCP_HEADER : WEIR_REASON_NONE);
		if (words >= 5)
			CHECK_EQ(in.left, 60 - words * 4);
	}
}

static void reserved_and_ecn_bits_are_not_kept(void **state)
{
	struct weir_tcp got;
	uint8_t b[20];
	struct weir_rd in = weir_rd_over(b, sizeof(b));

	(void)state;
	build(&bare, b, sizeof(b));
	b[12] = 0x5f;
	b[13] = 0xd0;
	CHECK_EQ(weir_tcp_parse(&in, &got), WEIR_REASON_NONE);
	CHECK_EQ(got.flags, WEIR_TCP_ACK);
	CHECK_EQ(got.header_len, 20);
}

static void options_of_a_wrong_length_are_refused(void **state)
{
	static const struct {
		uint8_t o[40];
		size_t n;
	} row[] = {
		{ { 2, 3, 5, 0 }, 4 }, /* MSS */
		{ { 2, 5, 5, 0, 1, 0 }, 8 },
		{ { 2, 2, 0, 0 }, 4 },
		{ { 3, 2, 0, 0 }, 4 }, /* window scale */
		{ { 3, 4, 7, 7 }, 4 },
		{ { 4, 3, 0, 0 }, 4 }, /* SACK-permitted */
		{ { 5, 2, 0, 0 }, 4 }, /* SACK */
		{ { 5, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 12 },
		{ { 5, 11 }, 12 },
		{ { 8, 9 }, 12 }, /* timestamps */
		{ { 8, 11 }, 12 },
		{ { 99, 0, 0, 0 }, 4 }, /* unknown, no length */
		{ { 99, 1, 0, 0 }, 4 },
		{ { 99, 5, 0, 0 }, 4 }, /* past the end */
		{ { 99, 255, 0, 0 }, 4 },
		{ { 1, 1, 1, 2 }, 4 }, /* kind at the end */
		{ { 1, 1, 2, 4 }, 4 }, /* length at the end */
		{ { 1, 5, 10, 0, 0, 0, 0, 0 }, 8 },
		{ { 5, 42 }, 40 }, /* five blocks */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_tcp got = { .seq = 7 };

		CHECK_EQ(parse_options(row[i].o, row[i].n, &got),
			 WEIR_REASON_TCP_OPTIONS);
		CHECK_EQ(got.seq, 7);
	}
}

static void unknown_options_are_stepped_over(void **state)
{
	static const uint8_t o[] = {
		34, 10, 1, 2,    3,  4, 5, 6, 7, 8, 254, 2,
		2,  4,  5, 0xb4, 19, 3, 9, 0, 0, 9, 9,   9
	};
	struct weir_tcp got;

	(void)state;
	CHECK_EQ(parse_options(o, sizeof(o), &got), WEIR_REASON_NONE);
	CHECK_EQ(got.mss, 1460);
	CHECK_EQ(got.wscale, -1);
}

static void nothing_is_read_behind_the_end_of_options(void **state)
{
	static const uint8_t o[] = { 0, 2, 0, 0xff, 2, 4, 5, 0xb4 };
	struct weir_tcp got;

	(void)state;
	CHECK_EQ(parse_options(o, sizeof(o), &got), WEIR_REASON_NONE);
	CHECK_EQ(got.mss, 0);
}

static void a_scale_above_fourteen_is_fourteen(void **state)
{
	(void)state;
	for (unsigned shift = 0; shift < 256; shift++) {
		uint8_t o[] = { 1, 3, 3, (uint8_t)shift };
		struct weir_tcp got;

		CHECK_EQ(parse_options(o, sizeof(o), &got), WEIR_REASON_NONE);
		CHECK_EQ(got.wscale, shift > 14 ? 14 : shift);
	}
}

static void timestamps_are_seen(void **state)
{
	static const uint8_t o[] = { 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8 };
	struct weir_tcp got;

	(void)state;
	CHECK_EQ(parse_options(o, sizeof(o), &got), WEIR_REASON_NONE);
	CHECK(got.has_ts);
}

T_MAIN(T(a_header_lies_as_rfc_9293_draws_it), T(what_is_built_is_parsed),
       T(more_blocks_than_there_are_places_are_not_read),
       T(every_truncation_is_a_header_reason),
       T(a_data_offset_below_five_is_refused),
       T(reserved_and_ecn_bits_are_not_kept),
       T(options_of_a_wrong_length_are_refused),
       T(unknown_options_are_stepped_over),
       T(nothing_is_read_behind_the_end_of_options),
       T(a_scale_above_fourteen_is_fourteen), T(timestamps_are_seen))
