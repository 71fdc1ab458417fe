/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_frag.c - a guest that sends parts of packets as it likes
 *
 * Input: records.  The first byte of each is what: bits 0 and 1: which of four
 * datagrams; bit 2: IPv6; bit 3: not the last; bit 4: wrong bytes; bit 5: time
 * passes, one byte of it follows; bit 6: a whole frame follows instead, two
 * bytes of length and it.  Else four bytes: offset in units of eight, length.
 *
 * All but the wrong bytes are a function of their place, so a whole datagram
 * that was given none of those is known.
 */
#include "flow/frag.h"

#include "base/limits.h"
#include "packet/csum.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"

#include <stdlib.h>

#define PROTO    253u /* for experiments: nobody looks inside */
#define SENT_MAX (1u << 18)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be(bool cond)
{
	if (!cond)
		abort();
}

struct house {
	struct weir_frag f;
	void *mem;
	uint8_t *frame, *out;
	uint64_t now_us;
	size_t sent;   /* bytes made up, to keep an input short */
	bool wrong[8]; /* was it ever given a wrong byte? */
};

static uint8_t byte_of(uint32_t id, size_t at)
{
	return (uint8_t)(id * 31 + at * 7 + at / 256);
}

static void check_whole(struct house *h, size_t n)
{
	struct weir_span one = { h->out, n };
	struct weir_spans spans = { &one, 1, n };
	struct weir_view v;
	uint32_t id;

	must_be(weir_view_parse(NULL, &spans, &v) == WEIR_REASON_NONE);
	must_be(!v.fragment && v.l3_at + v.l3_len == n);
	must_be(h->f.used < WEIR_FRAG_DATAGRAMS_MAX);
	id = (v.from.b[15] - 1u) & 7;
	if (v.proto != PROTO || h->wrong[id])
		return;
	for (size_t i = 0; i < v.l4_len; i++)
		must_be(h->out[v.l4_at + i] == byte_of(id, i));
}

static void check_sound(const struct weir_frag *f)
{
	unsigned used = 0, chunks = 0;

	for (unsigned i = 0; i < WEIR_FRAG_DATAGRAMS_MAX; i++) {
		const struct weir_frag_datagram *d = &f->datagram[i];
		uint32_t have = 0, end = 0;

		if (!d->due_us)
			continue;
		used++;
		for (unsigned k = 0; k < WEIR_FRAG_CHUNKS_EACH; k++)
			chunks += d->chunk[k] != WEIR_FRAG_NONE;
		if (d->why != WEIR_REASON_NONE)
			continue;
		for (unsigned k = 0; k < d->n; k++) {
			must_be(d->part[k].from >= end);
			end = d->part[k].to;
			have += end - d->part[k].from;
		}
		must_be(have == d->have && have > 0);
		must_be(!d->end || (end <= d->end && have < d->end));
	}
	must_be(used == f->used && chunks == f->chunks);
	must_be(chunks * WEIR_FRAG_CHUNK_BYTES <= WEIR_FRAG_BYTES_MAX);
}

static void feed(struct house *h, uint8_t *frame, size_t n)
{
	struct weir_span one = { frame, n };
	struct weir_spans spans = { &one, 1, n };
	struct weir_wr out = weir_wr_over(h->out, WEIR_FRAG_WHOLE_BYTES);
	struct weir_view v;
	enum weir_reason why;

	if (weir_view_parse(NULL, &spans, &v) != WEIR_REASON_NONE ||
	    !v.fragment)
		return;
	why = weir_frag_add(&h->f, &v, &spans, h->now_us, &out);
	must_be(weir_wr_ok(&out));
	must_be(why == WEIR_REASON_NONE || weir_wr_len(&out) == 0);
	if (weir_wr_len(&out))
		check_whole(h, weir_wr_len(&out));
	check_sound(&h->f);
}

static void write_headers(uint8_t what, size_t from, size_t len,
			  struct weir_wr *w)
{
	uint32_t id = what & 7;
	struct weir_addr six = { .b = { 0xfd, [15] = (uint8_t)(id + 1) } };

	if (what & 4) {
		weir_eth_build(&(struct weir_eth){ .type = WEIR_ETH_IPV6 }, w);
		weir_ipv6_build(
			&(struct weir_ipv6){ .proto = 44,
					     .payload_len = (uint16_t)(len + 8),
					     .from = six,
					     .to = six },
			w);
		weir_wr_be16(w, PROTO << 8);
		weir_wr_be16(w, (uint16_t)(from | (what >> 3 & 1)));
		weir_wr_be32(w, 1);
		return;
	}
	weir_eth_build(&(struct weir_eth){ .type = WEIR_ETH_IPV4 }, w);
	weir_ipv4_build(&(struct weir_ipv4){ .proto = PROTO,
					     .total_len = (uint16_t)(len + 20),
					     .more = what >> 3 & 1,
					     .offset = (uint16_t)from,
					     .from = weir_addr_from4(id + 1),
					     .to = weir_addr_from4(1) },
			w);
}

static void send_part(struct house *h, uint8_t what, struct weir_rd *in)
{
	size_t from = (weir_rd_be16(in) & 0x1fffu) * 8u;
	size_t len = weir_rd_be16(in) % 65000u;
	struct weir_wr w = weir_wr_over(h->frame, WEIR_FRAME_MAX_BYTES);
	uint8_t *b;

	write_headers(what, from, len, &w);
	b = weir_wr_skip(&w, len);
	must_be(b);
	for (size_t i = 0; i < len; i++)
		b[i] = byte_of(what & 7, from + i) ^ (what >> 4 & 1);
	if (what & 16)
		h->wrong[what & 7] = true;
	h->sent += len;
	feed(h, h->frame, weir_wr_len(&w));
}

static void send_frame(struct house *h, struct weir_rd *in)
{
	size_t n = weir_rd_be16(in), header;
	uint8_t *b;

	if (n > in->left)
		n = in->left;
	b = malloc(n + 1);
	must_be(b);
	weir_rd_copy(in, b, n);
	for (unsigned i = 0; i < 8; i++)
		h->wrong[i] = true; /* it may be a part of any */
	header = n > 34 ? (b[14] & 15u) * 4u : 0;
	if (header >= 20 && n >= 14 + header && b[12] == 8) {
		uint16_t c;

		b[24] = b[25] = 0;
		c = weir_csum_finish(weir_csum_add(0, b + 14, header));
		b[24] = (uint8_t)(c >> 8);
		b[25] = (uint8_t)c;
	}
	feed(h, b, n);
	free(b);
}

static void pass(struct house *h, uint8_t time)
{
	uint8_t quote[600];
	struct weir_wr w = weir_wr_over(quote, sizeof(quote));

	h->now_us += time * UINT64_C(1000000);
	while (weir_frag_expire(&h->f, h->now_us, &w)) {
		must_be(weir_wr_ok(&w));
		w = weir_wr_over(quote, sizeof(quote));
	}
	must_be(weir_frag_due_us(&h->f) > h->now_us);
	check_sound(&h->f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_rd in = weir_rd_over(data, size);
	struct house h = { .now_us = 1 };
	struct weir_arena arena;

	h.mem = calloc(1, weir_frag_bytes());
	h.frame = malloc(WEIR_FRAME_MAX_BYTES);
	h.out = malloc(WEIR_FRAG_WHOLE_BYTES);
	must_be(h.mem && h.frame && h.out);
	weir_arena_init(&arena, h.mem, weir_frag_bytes());
	must_be(weir_frag_init(&h.f, &arena));
	for (unsigned turn = 0; turn < 300 && in.left && h.sent < SENT_MAX;
	     turn++) {
		uint8_t what = weir_rd_u8(&in);

		if (what & 32)
			pass(&h, weir_rd_u8(&in));
		if (what & 64)
			send_frame(&h, &in);
		else
			send_part(&h, what, &in);
	}
	pass(&h, 255);
	must_be(h.f.used == 0 && h.f.chunks == 0);
	free(h.mem);
	free(h.frame);
	free(h.out);
	return 0;
}
