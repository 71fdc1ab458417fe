/* SPDX-License-Identifier: Apache-2.0 */
/* test_slice.c - what is cut fits, and put together it is what it was */
#include "../t.h"
#include "dice.h"
#include "flow/frag.h"
#include "flow/slice.h"
#include "packet/eth.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"

#define PARTS 200u

static const struct weir_addr near6 = { .b = { 0xfd, 0x77, [15] = 15 } };
static const struct weir_addr far6 = { .b = { 0x20, 0x01, 0x0d,
					      0xb8, [15] = 1 } };

struct bench {
	void *mem;
	struct weir_frag frag;
	uint8_t whole[65536], out[WEIR_FRAG_WHOLE_BYTES];
	uint8_t frame[PARTS][1600 + 64000];
	size_t len[PARTS];
};

static struct bench *bench_open(void)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct weir_arena arena;

	assert_non_null(b);
	b->mem = calloc(1, weir_frag_bytes());
	assert_non_null(b->mem);
	weir_arena_init(&arena, b->mem, weir_frag_bytes());
	CHECK(weir_frag_init(&b->frag, &arena));
	for (size_t i = 0; i < sizeof(b->whole); i++)
		b->whole[i] = (uint8_t)(i * 7 + i / 256);
	return b;
}

static void bench_close(struct bench *b)
{
	CHECK_EQ(b->frag.used, 0);
	CHECK_EQ(b->frag.chunks, 0);
	free(b->mem);
	free(b);
}

static struct weir_slice_whole make(bool v6, size_t len, size_t mtu)
{
	return (struct weir_slice_whole){
		.from = v6 ? far6 : weir_addr_from4(0x01020304),
		.to = v6 ? near6 : weir_addr_from4(0x0a00020f),
		.proto = WEIR_PROTO_UDP,
		.tos = 0x10,
		.hops = 60,
		.id = 0x12345678,
		.mtu = mtu,
		.len = len
	};
}

/* cut into frames, each checked; how many */
static unsigned cut(struct bench *b, const struct weir_slice_whole *w)
{
	bool v6 = !weir_addr_is4(&w->to);
	size_t ip = v6 ? 40 : 20, at, len, next = 0;
	struct weir_slice s;
	unsigned n = 0;

	CHECK(weir_slice_init(&s, w));
	for (;; n++) {
		struct weir_wr head =
			weir_wr_over(b->frame[n], sizeof(b->frame[n]));
		size_t packet;

		CHECK(n < PARTS);
		weir_eth_build(&(struct weir_eth){ .type = v6 ? WEIR_ETH_IPV6
							      : WEIR_ETH_IPV4 },
			       &head);
		if (!weir_slice_next(&s, &head, &at, &len))
			break;
		CHECK(weir_wr_ok(&head));
		CHECK_EQ(at, next);
		next += len;
		packet = weir_wr_len(&head) - WEIR_ETH_HEADER_BYTES + len;
		CHECK(packet <= w->mtu);
		if (next < w->len) { /* no byte less than could be */
			CHECK_EQ(len % 8, 0);
			CHECK(packet + 8 > w->mtu);
		}
		if (n == 0 && next == w->len)
			CHECK_EQ(packet, ip + len);
		weir_wr_copy(&head, b->whole + at, len);
		CHECK(weir_wr_ok(&head));
		b->len[n] = weir_wr_len(&head);
	}
	CHECK_EQ(next, w->len);
	return n;
}

static void check_whole(struct bench *b, const struct weir_slice_whole *w,
			uint8_t *frame, size_t n)
{
	struct weir_span one = { frame, n };
	struct weir_spans spans = { &one, 1, n };
	struct weir_view v;

	(void)b;
	CHECK_EQ(weir_view_parse(NULL, &spans, &v), WEIR_REASON_NONE);
	CHECK(!v.fragment);
	CHECK_EQ(v.proto, w->proto);
	CHECK_EQ(v.tos, w->tos);
	CHECK_EQ(v.ttl, w->hops);
	CHECK(weir_addr_is_equal(&v.from, &w->from));
	CHECK(weir_addr_is_equal(&v.to, &w->to));
	CHECK_EQ(v.l4_len, w->len);
	CHECK_EQ(memcmp(frame + v.l4_at, b->whole, w->len), 0);
}

/* give the frames to the other room in any order */
static void join(struct bench *b, const struct weir_slice_whole *w, unsigned n,
		 struct dice *dice)
{
	unsigned order[PARTS];
	struct weir_wr out = weir_wr_over(b->out, sizeof(b->out));

	for (unsigned i = 0; i < n; i++) {
		unsigned j = dice_below(dice, i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	for (unsigned i = 0; i < n; i++) {
		unsigned k = order[i];
		struct weir_span one = { b->frame[k], b->len[k] };
		struct weir_spans spans = { &one, 1, b->len[k] };
		struct weir_view v;

		CHECK_EQ(weir_wr_len(&out), 0);
		CHECK_EQ(weir_view_parse(NULL, &spans, &v), WEIR_REASON_NONE);
		CHECK(v.fragment);
		CHECK(!v.df);
		CHECK_EQ(v.frag_id, v.is_v6 ? w->id : w->id & 0xffff);
		CHECK_EQ(weir_frag_add(&b->frag, &v, &spans, 1, &out),
			 WEIR_REASON_NONE);
	}
	check_whole(b, w, b->out, weir_wr_len(&out));
}

static void what_is_cut_comes_together(void **state)
{
	static const size_t mtus[] = { 576,  577,  583,  584,  1280,
				       1400, 1500, 9000, 65520 };
	struct bench *b = bench_open();
	struct dice dice = { 5 };

	(void)state;
	for (unsigned turn = 0; turn < 400; turn++) {
		bool v6 = turn & 1;
		size_t mtu = mtus[dice_below(&dice, 9)];
		/* the longest frame that can be seen (WEIR_FRAME_MAX_BYTES) */
		size_t max = v6 ? 65496 : 65515, len;
		struct weir_slice_whole w;
		unsigned n;

		len = dice_one_in(&dice, 4)
			      ? max - dice_below(&dice, 20)
			      : 9 + dice_below(&dice, (uint32_t)(mtu * 3));
		if (len > max)
			len = max;
		w = make(v6, len, mtu);
		n = cut(b, &w);
		CHECK_EQ(n == 1, len + (v6 ? 40 : 20) <= mtu);
		if (n == 1)
			check_whole(b, &w, b->frame[0], b->len[0]);
		else
			join(b, &w, n, &dice);
	}
	bench_close(b);
}

static void around_the_mtu_nothing_is_off_by_one(void **state)
{
	struct bench *b = bench_open();
	struct dice dice = { 6 };

	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		size_t ip = v6 ? 40 : 20;

		for (size_t len = 1400; len < 1700; len++) {
			struct weir_slice_whole w = make(v6, len, 1500);
			unsigned n = cut(b, &w);

			CHECK_EQ(n, len + ip <= 1500 ? 1 : 2);
			if (n > 1)
				join(b, &w, n, &dice);
		}
	}
	bench_close(b);
}

static void what_fits_says_do_not_fragment(void **state)
{
	struct bench *b = bench_open();
	struct weir_slice_whole w = make(false, 100, 1500);
	struct weir_rd in;
	struct weir_ipv4 ip;

	(void)state;
	CHECK_EQ(cut(b, &w), 1);
	in = weir_rd_over(b->frame[0] + 14, b->len[0] - 14);
	CHECK_EQ(weir_ipv4_parse(&in, in.left, &ip), WEIR_REASON_NONE);
	CHECK(ip.df && !ip.more);
	w = make(true, 0, 1500); /* even nothing is one packet */
	CHECK_EQ(cut(b, &w), 1);
	CHECK_EQ(b->len[0], 54);
	bench_close(b);
}

static void what_no_packet_can_hold_is_refused(void **state)
{
	struct weir_slice_whole w = make(false, 65515, 1500);
	struct weir_slice s;

	(void)state;
	CHECK(weir_slice_init(&s, &w));
	w.len++;
	CHECK(!weir_slice_init(&s, &w));
	w = make(true, 65535, 1500);
	CHECK(weir_slice_init(&s, &w));
	w.len++;
	CHECK(!weir_slice_init(&s, &w));
}

static void without_room_the_writer_is_bad(void **state)
{
	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct weir_slice_whole w = make(v6, 3000, 1500);
		size_t need = v6 ? 48 : 20;

		for (size_t room = 0; room <= need; room++) {
			uint8_t *exact = malloc(room + 1);
			struct weir_wr head = weir_wr_over(exact, room);
			struct weir_slice s;
			size_t at, len;

			CHECK(weir_slice_init(&s, &w));
			CHECK(weir_slice_next(&s, &head, &at, &len));
			CHECK_EQ(weir_wr_ok(&head), room == need);
			free(exact);
		}
	}
}

T_MAIN(T(what_is_cut_comes_together), T(around_the_mtu_nothing_is_off_by_one),
       T(what_fits_says_do_not_fragment), T(what_no_packet_can_hold_is_refused),
       T(without_room_the_writer_is_bad))
