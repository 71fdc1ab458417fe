/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_desk.c - a guest that sends whatever it likes to the desk, for a while
 *
 * Input: records of two bytes of length (big-endian), one of how, and a frame.
 * How: bit 0 puts the right Ethernet addresses in; bit 1 mends checksums;
 * bits 2 to 7 are how much time passes before.
 */
#include "flow/desk.h"

#include "packet/csum.h"
#include "packet/eth.h"
#include "packet/ipv4.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct weir_desk_config config = {
	.net = { .guest = { { 2, 1, 1, 1, 1, 1 } },
		 .gateway = { { 2, 2, 2, 2, 2, 2 } },
		 .guest4 = { .b = { [10] = 0xff, 0xff, 10, 0, 2, 15 } },
		 .gateway4 = { .b = { [10] = 0xff, 0xff, 10, 0, 2, 2 } },
		 .dns4 = { .b = { [10] = 0xff, 0xff, 10, 0, 2, 3 } },
		 .len4 = 24,
		 .has6 = true,
		 .guest6 = { .b = { 0xfd, 0x77, [15] = 15 } },
		 .gateway6 = { .b = { 0xfd, 0x77, [15] = 2 } },
		 .dns6 = { .b = { 0xfd, 0x77, [15] = 3 } },
		 .router6 = { .b = { 0xfe, 0x80, [15] = 2 } },
		 .len6 = 64 },
	.mtu = 1500,
	.ra = true,
	.autonomous = true,
	.dnssl = (const uint8_t *)"\4weir",
	.dnssl_len = 6,
};

static void must_be(bool cond)
{
	if (!cond)
		abort();
}

static void put16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

/* make what a well-meaning guest would have made right */
static void mend(uint8_t *b, size_t n, uint8_t how)
{
	struct weir_span one = { .at = b, .len = n };
	struct weir_spans frame = { .v = &one, .n = 1, .len = n };
	size_t header = n > 34 ? (b[14] & 15u) * 4u : 0;
	struct weir_view v;
	uint32_t sum = 0;

	if ((how & 1) && n >= 12) {
		memcpy(b, config.net.gateway.b, 6);
		memcpy(b + 6, config.net.guest.b, 6);
	}
	if (!(how & 2))
		return;
	if (header >= 20 && n >= 14 + header && b[12] == 8) {
		put16(b + 24, 0);
		put16(b + 24,
		      weir_csum_finish(weir_csum_add(0, b + 14, header)));
	}
	if (weir_view_parse(NULL, &frame, &v) != WEIR_REASON_NONE ||
	    (v.proto != WEIR_PROTO_ICMP && v.proto != WEIR_PROTO_ICMPV6) ||
	    v.l4_len < 4)
		return;
	put16(b + v.l4_at + 2, 0);
	if (v.is_v6)
		sum = weir_csum_pseudo(&v.from, &v.to, WEIR_PROTO_ICMPV6,
				       (uint32_t)v.l4_len);
	put16(b + v.l4_at + 2,
	      weir_csum_finish(weir_csum_add(sum, b + v.l4_at, v.l4_len)));
}

static void check_answer(uint8_t *b, size_t n)
{
	struct weir_span one = { .at = b, .len = n };
	struct weir_spans frame = { .v = &one, .n = 1, .len = n };
	struct weir_view v;

	must_be(weir_view_parse(NULL, &frame, &v) == WEIR_REASON_NONE);
	must_be(weir_mac_is_equal(&v.src, &config.net.gateway));
	must_be(weir_mac_is_equal(&v.dst, &config.net.guest) ||
		weir_eth_is_group6(&v.dst));
	must_be(v.l3_at + v.l3_len == n);
	if (!v.is_ip)
		return;
	must_be(weir_kind_is_ours(&config.net, &v.from));
	must_be(weir_view_l4_csum(&v, &frame, NULL) == WEIR_REASON_NONE);
}

static void send(struct weir_desk *d, uint8_t *b, size_t n, uint64_t now,
		 struct weir_wr *out)
{
	struct weir_span one = { .at = b, .len = n };
	struct weir_spans frame = { .v = &one, .n = 1, .len = n };
	struct weir_view v;
	struct weir_kind k;
	enum weir_reason why;

	if (weir_view_parse(NULL, &frame, &v) != WEIR_REASON_NONE ||
	    weir_kind_find(&v, &config.net, &k) != WEIR_REASON_NONE)
		return;
	if (k.learn && weir_desk_admit(d, &v.from, now) != WEIR_REASON_NONE)
		return;
	why = weir_desk_answer(d, &v, &frame, k.room, now, out);
	must_be(why != WEIR_REASON_OVERSIZE);
	must_be(weir_wr_ok(out));
	must_be(why == WEIR_REASON_NONE || weir_wr_len(out) == 0);
	must_be(d->n_learned <= WEIR_DESK_NEIGHBOURS_MAX);
	if (weir_wr_len(out))
		check_answer(out->start, weir_wr_len(out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_rd in = weir_rd_over(data, size);
	struct weir_desk d;
	uint64_t now = 1;

	weir_desk_init(&d, &config, now);
	for (unsigned turn = 0; turn < 64 && in.left; turn++) {
		size_t n = weir_rd_be16(&in), room;
		uint8_t how = weir_rd_u8(&in), *b, *to;
		struct weir_wr out;

		if (n > in.left)
			n = in.left;
		room = n > WEIR_DESK_ANSWER_BYTES ? n : WEIR_DESK_ANSWER_BYTES;
		b = malloc(n + 1);
		to = malloc(room);
		must_be(b && to);
		weir_rd_copy(&in, b, n);
		mend(b, n, how);
		now += (UINT64_C(1) << (how >> 2) % 32) - 1;
		out = weir_wr_over(to, room);
		if (weir_desk_tick(&d, now, &out))
			check_answer(to, weir_wr_len(&out));
		out = weir_wr_over(to, room);
		send(&d, b, n, now, &out);
		free(b);
		free(to);
	}
	return 0;
}
