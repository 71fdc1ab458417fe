/* SPDX-License-Identifier: Apache-2.0 */
/* test_echo.c - echo of the guest to hosts outside */
#include "flow/echo.h"

#include "../t.h"
#include "base/wr.h"
#include "flow/quote.h"
#include "packet/csum.h"
#include "packet/eth.h"
#include "packet/ipv4.h"

#define S 1000000ull

static const struct weir_assoc_ends four = {
	.guest = { .b = { [10] = 0xff, [11] = 0xff, 10, 0, 2, 15 } },
	.far = { .b = { [10] = 0xff, [11] = 0xff, 1, 2, 3, 4 } },
	.gport = 0x1234,
};
static const struct weir_assoc_ends six = {
	.guest = { .b = { 0xfd, 0x77, [15] = 0x15 } },
	.far = { .b = { 0x26, 0x06, [15] = 0x34 } },
	.gport = 0xffff,
};

/* A frame with an echo of @len bytes; returns its length. */
static size_t frame_of(const struct weir_assoc_ends *e, uint16_t seq,
		       size_t len, uint8_t *room, size_t cap)
{
	static const uint8_t body[64] = { 1, 2, 3, 4, 5 };
	struct weir_wr w = weir_wr_over(room, cap);

	weir_eth_build(&(struct weir_eth){ .type = weir_addr_is4(&e->far)
							   ? WEIR_ETH_IPV4
							   : WEIR_ETH_IPV6 },
		       &w);
	weir_quote_echo(e, 64, seq, body, len, &w);
	CHECK(weir_wr_ok(&w));
	return weir_wr_len(&w);
}

static enum weir_reason parse(uint8_t *frame, size_t len,
			      struct weir_assoc_ends *ret)
{
	struct weir_span one = { frame, len };
	struct weir_spans all = { &one, 1, len };
	struct weir_view v;

	CHECK_EQ(weir_view_parse(NULL, &all, &v), WEIR_REASON_NONE);
	return weir_echo_parse(&v, &all, ret);
}

static void a_request_says_who_pings_whom(void **state)
{
	const struct weir_assoc_ends *each[] = { &four, &six };
	struct weir_assoc_ends got;
	uint8_t room[200];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		size_t n = frame_of(each[i], 9, 33, room, sizeof(room));

		CHECK_EQ(parse(room, n, &got), WEIR_REASON_NONE);
		CHECK(weir_addr_is_equal(&got.guest, &each[i]->guest));
		CHECK(weir_addr_is_equal(&got.far, &each[i]->far));
		CHECK_EQ(got.gport, each[i]->gport);
		CHECK_EQ(got.fport, 0);
	}
}

static void a_wrong_checksum_is_refused_and_nothing_written(void **state)
{
	const struct weir_assoc_ends *each[] = { &four, &six };
	uint8_t room[200];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		size_t n = frame_of(each[i], 9, 20, room, sizeof(room));

		for (size_t at = n - 28; at < n; at++) {
			struct weir_assoc_ends got = { .gport = 77 };

			room[at] ^= 0x40;
			CHECK_EQ(parse(room, n, &got), WEIR_REASON_CSUM);
			CHECK_EQ(got.gport, 77);
			room[at] ^= 0x40;
		}
	}
}

/* What a ping socket gives: another ident, and whatever as checksum. */
static size_t reply_of(const struct weir_assoc_ends *e, size_t len,
		       uint8_t *room)
{
	struct weir_wr w = weir_wr_over(room, 100);

	weir_icmp_build(&(struct weir_icmp){ .type = weir_addr_is4(&e->far)
							     ? 0
							     : 129,
					     .id = 5,
					     .seq = 0x8001 },
			&w);
	for (size_t i = 0; i < len; i++)
		weir_wr_u8(&w, (uint8_t)(i * 7 + 1));
	weir_wr_put16(&w, WEIR_ICMP_CSUM_AT, 0xbeef);
	return weir_wr_len(&w);
}

static void the_ident_comes_back_with_the_right_checksum(void **state)
{
	const struct weir_assoc_ends *each[] = { &four, &six };
	uint8_t room[100], head[WEIR_ICMP_HEADER_BYTES];

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		for (size_t len = 0; len < 60; len++) {
			const struct weir_assoc_ends *e = each[i];
			size_t n = reply_of(e, len, room);
			size_t cut = n < 11 ? n : 11; /* an odd place */
			struct weir_span part[] = { { room, cut },
						    { room + cut, n - cut } };
			struct weir_spans msg = { part, 2, n };
			struct weir_rd in = weir_rd_over(head, sizeof(head));
			struct weir_icmp m;
			uint32_t sum = 0;

			CHECK_EQ(weir_echo_answer(e, &msg, head),
				 WEIR_REASON_NONE);
			CHECK_EQ(weir_icmp_parse(&in, &m), WEIR_REASON_NONE);
			CHECK_EQ(m.id, e->gport);
			CHECK_EQ(m.seq, 0x8001);
			CHECK_EQ(m.type, i ? 129 : 0);
			memcpy(room, head, sizeof(head));
			if (i)
				sum = weir_csum_pseudo(&e->far, &e->guest,
						       WEIR_PROTO_ICMPV6,
						       (uint32_t)n);
			CHECK(weir_csum_is_ok(weir_csum_add(sum, room, n)));
		}
}

static void what_is_no_reply_does_not_come_in(void **state)
{
	uint8_t room[100], head[WEIR_ICMP_HEADER_BYTES] = { 0 };
	size_t n = reply_of(&four, 20, room);

	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		struct weir_span one = { room, n };
		struct weir_spans msg = { &one, 1, n };

		room[0] = (uint8_t)type;
		CHECK_EQ(weir_echo_answer(&four, &msg, head),
			 type == 0 ? WEIR_REASON_NONE : WEIR_REASON_ICMP);
		CHECK_EQ(weir_echo_answer(&six, &msg, head),
			 type == 129 ? WEIR_REASON_NONE : WEIR_REASON_ICMP);
	}
	room[0] = 0;
	room[1] = 1; /* a code */
	CHECK_EQ(weir_echo_answer(&four,
				  &(struct weir_spans){
					  &(struct weir_span){ room, n }, 1,
					  n },
				  head),
		 WEIR_REASON_ICMP);
	room[1] = 0;
	for (size_t len = 0; len < WEIR_ICMP_HEADER_BYTES; len++)
		CHECK_EQ(weir_echo_answer(&four,
					  &(struct weir_spans){
						  &(struct weir_span){ room,
								       len },
						  1, len },
					  head),
			 WEIR_REASON_ICMP);
	CHECK_EQ(weir_echo_answer(&four, &(struct weir_spans){ NULL, 0, 0 },
				  head),
		 WEIR_REASON_ICMP);
}

static void idents_are_bounded_and_end_after_60_s(void **state)
{
	static const uint64_t key[2] = { 1, 2 };
	size_t n = weir_echo_bytes() + 4096;
	void *mem = calloc(1, n);
	struct weir_arena arena;
	struct weir_assoc a;
	uint32_t m, closed, ended = 0;

	(void)state;
	CHECK(mem != NULL);
	weir_arena_init(&arena, mem, n);
	CHECK(weir_echo_init(&a, &arena, key, 0));
	for (uint16_t ident = 0; ident < WEIR_ECHO_IDENTS_MAX + 50; ident++) {
		m = weir_assoc_map(&a, &four.guest, ident, &closed);
		CHECK_EQ(closed != WEIR_ASSOC_NONE,
			 ident >= WEIR_ECHO_IDENTS_MAX);
		(void)weir_assoc_open(&a, m, &four.far, 0, 0, &closed);
		CHECK(weir_assoc_down(&a, m, &four.far, 0, 1) !=
		      WEIR_ASSOC_NONE);
	}
	CHECK_EQ(weir_assoc_expire(&a, 59 * S, &m), WEIR_ASSOC_ENDED_NOTHING);
	while (weir_assoc_expire(&a, 61 * S, &m) == WEIR_ASSOC_ENDED_MAPPING)
		ended++;
	CHECK_EQ(ended, WEIR_ECHO_IDENTS_MAX);
	free(mem);
}

T_MAIN(T(a_request_says_who_pings_whom),
       T(a_wrong_checksum_is_refused_and_nothing_written),
       T(the_ident_comes_back_with_the_right_checksum),
       T(what_is_no_reply_does_not_come_in),
       T(idents_are_bounded_and_end_after_60_s))
