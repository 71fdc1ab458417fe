/* SPDX-License-Identifier: Apache-2.0 */
/* test_frag.c - parts put together, beside a map that has a mark for each byte
 */
#include "../t.h"
#include "base/limits.h"
#include "dice.h"
#include "flow/frag.h"
#include "packet/csum.h"
#include "packet/icmp.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"
#include "packet/udp.h"

#define CHUNKS (WEIR_FRAG_BYTES_MAX / WEIR_FRAG_CHUNK_BYTES)

static const struct weir_addr near6 = { .b = { 0xfd, 0x77, [15] = 15 } };
static const struct weir_addr far6 = { .b = { 0x20, 0x01, 0x0d,
					      0xb8, [15] = 1 } };
static const struct weir_mac guest = { { 2, 1, 1, 1, 1, 1 } };
static const struct weir_mac gateway = { { 2, 2, 2, 2, 2, 2 } };

/* one part as a test names it; @flip spoils its bytes */
struct part {
	uint32_t id;
	size_t from, len;
	bool more, v6;
	uint8_t proto, flip;
};

struct bench {
	void *mem;
	struct weir_frag frag;
	uint8_t frame[66000], out[WEIR_FRAG_WHOLE_BYTES];
	struct weir_span v[8];
	struct weir_spans spans;
	struct weir_wr to;
	uint64_t now_us;
	unsigned cuts; /* into how many spans a frame is cut */
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
	CHECK_EQ(weir_frag_due_us(&b->frag), UINT64_MAX);
	b->now_us = 1000000;
	b->cuts = 1;
	return b;
}

/* the invariants that frag.c numbers */
static void check_sound(const struct weir_frag *f)
{
	bool seen[CHUNKS] = { false };
	unsigned used = 0, chunks = 0, spare = 0;

	for (unsigned i = 0; i < WEIR_FRAG_DATAGRAMS_MAX; i++) {
		const struct weir_frag_datagram *d = &f->datagram[i];
		uint32_t have = 0, end = 0;

		if (!d->due_us)
			continue;
		used++;
		for (unsigned k = 0; k < WEIR_FRAG_CHUNKS_EACH; k++) {
			uint16_t c = d->chunk[k];

			if (c == WEIR_FRAG_NONE)
				continue;
			CHECK(c < f->fresh && !seen[c]);
			CHECK_EQ(d->why, WEIR_REASON_NONE);
			seen[c] = true;
			chunks++;
		}
		if (d->why != WEIR_REASON_NONE)
			continue;
		for (unsigned k = 0; k < d->n; k++) {
			CHECK(d->part[k].from >= end);
			CHECK(d->part[k].to > d->part[k].from);
			end = d->part[k].to;
			have += end - d->part[k].from;
		}
		CHECK_EQ(have, d->have);
		CHECK(d->n && d->n <= WEIR_FRAG_PARTS_MAX);
		CHECK(!d->end || (end <= d->end && have < d->end));
	}
	for (uint16_t c = f->free; c != WEIR_FRAG_NONE; c = f->next[c]) {
		CHECK(!seen[c]);
		seen[c] = true;
		spare++;
	}
	CHECK_EQ(used, f->used);
	CHECK_EQ(chunks, f->chunks);
	CHECK_EQ(chunks + spare, f->fresh);
	CHECK(f->fresh <= CHUNKS);
}

static void bench_close(struct bench *b)
{
	uint8_t quote[1280];

	check_sound(&b->frag);
	for (;;) {
		struct weir_wr w = weir_wr_over(quote, sizeof(quote));

		if (!weir_frag_expire(&b->frag, UINT64_MAX, &w))
			break;
	}
	CHECK_EQ(b->frag.used, 0);
	CHECK_EQ(b->frag.chunks, 0);
	CHECK_EQ(weir_frag_due_us(&b->frag), UINT64_MAX);
	check_sound(&b->frag);
	free(b->mem);
	free(b);
}

/* byte @at of datagram @id */
static uint8_t byte_of(uint32_t id, size_t at)
{
	return (uint8_t)(id * 31 + at * 7 + at / 256);
}

static void write_ip(const struct part *p, struct weir_wr *w)
{
	if (p->v6) {
		weir_ipv6_build(&(struct weir_ipv6){ .proto = 44,
						     .hops = 63,
						     .payload_len =
							     (uint16_t)(p->len +
									8),
						     .from = near6,
						     .to = far6 },
				w);
		weir_wr_u8(w, p->proto);
		weir_wr_u8(w, 0);
		weir_wr_be16(w, (uint16_t)(p->from | p->more));
		weir_wr_be32(w, p->id);
		return;
	}
	weir_ipv4_build(
		&(struct weir_ipv4){ .proto = p->proto,
				     .ttl = 63,
				     .total_len = (uint16_t)(p->len + 20),
				     .id = (uint16_t)p->id,
				     .more = p->more,
				     .offset = (uint16_t)p->from,
				     .from = weir_addr_from4(0x0a00020f),
				     .to = weir_addr_from4(0x01020304) },
		w);
}

static void open_frame(struct bench *b, bool v6, struct weir_wr *w)
{
	*w = weir_wr_over(b->frame, sizeof(b->frame));
	weir_eth_build(&(struct weir_eth){ gateway, guest,
					   v6 ? WEIR_ETH_IPV6 : WEIR_ETH_IPV4 },
		       w);
}

/* cut what was written into spans; the first holds the headers */
static void close_frame(struct bench *b, const struct weir_wr *w)
{
	size_t len = weir_wr_len(w), at = 0;
	unsigned n = len > 256 ? b->cuts : 1;

	CHECK(weir_wr_ok(w));
	for (unsigned i = 0; i < n; i++) {
		size_t part = i + 1 == n ? len - at : i ? 101 : 256;

		if (part > len - at)
			part = len - at;
		b->v[i] = (struct weir_span){ b->frame + at, part };
		at += part;
	}
	b->spans = (struct weir_spans){ b->v, n, len };
}

static void build(struct bench *b, const struct part *p)
{
	struct weir_wr w;

	open_frame(b, p->v6, &w);
	write_ip(p, &w);
	for (size_t i = 0; i < p->len; i++)
		weir_wr_u8(&w, byte_of(p->id, p->from + i) ^ p->flip);
	close_frame(b, &w);
}

static enum weir_reason feed(struct bench *b)
{
	struct weir_view v;

	CHECK_EQ(weir_view_parse(NULL, &b->spans, &v), WEIR_REASON_NONE);
	CHECK(v.fragment);
	b->to = weir_wr_over(b->out, sizeof(b->out));
	return weir_frag_add(&b->frag, &v, &b->spans, b->now_us, &b->to);
}

static enum weir_reason add(struct bench *b, const struct part *p)
{
	build(b, p);
	return feed(b);
}

/* the answer is whole, and it is datagram @id of @len bytes */
static void check_whole(struct bench *b, uint32_t id, size_t len, bool v6)
{
	size_t n = weir_wr_len(&b->to);
	struct weir_span one = { b->out, n };
	struct weir_spans spans = { &one, 1, n };
	struct weir_view v;

	CHECK_EQ(n, 14 + (v6 ? 40u : 20u) + len);
	CHECK_EQ(weir_view_parse(NULL, &spans, &v), WEIR_REASON_NONE);
	CHECK(!v.fragment && !v.df);
	CHECK_EQ(v.ttl, 63);
	CHECK_EQ(v.l4_len, len);
	CHECK(weir_mac_is_equal(&v.src, &guest));
	CHECK(weir_mac_is_equal(&v.dst, &gateway));
	CHECK_EQ(v.is_v6, v6);
	for (size_t i = 0; i < len; i++)
		if (b->out[v.l4_at + i] != byte_of(id, i))
			fail_msg("byte %zu of %u is wrong", i, id);
}

/* --- the oracle --- */

#define ORACLE_BYTES 2400u
#define ORACLE_IDS   6u

struct plain {
	bool came[ORACLE_BYTES];
	uint8_t byte[ORACLE_BYTES];
	struct part part[300];
	unsigned n;
	size_t end;
	enum weir_reason why;
};

static bool is_whole(const struct plain *o)
{
	for (size_t i = 0; i < o->end; i++)
		if (!o->came[i])
			return false;
	return o->end > 0;
}

static enum weir_reason judge(struct plain *o, const struct part *p)
{
	size_t to = p->from + p->len;

	for (unsigned i = 0; i < o->n; i++) {
		const struct part *q = &o->part[i];

		if (q->from != p->from || q->len != p->len)
			continue;
		if (q->more != p->more)
			return WEIR_REASON_FRAGMENT;
		return q->flip == p->flip ? WEIR_REASON_NONE
					  : WEIR_REASON_FRAGMENT_OVERLAP;
	}
	for (size_t i = p->from; i < to; i++)
		if (o->came[i])
			return WEIR_REASON_FRAGMENT_OVERLAP;
	if (o->end && (p->more ? to >= o->end : to != o->end))
		return WEIR_REASON_FRAGMENT;
	for (size_t i = to; !p->more && i < ORACLE_BYTES; i++)
		if (o->came[i])
			return WEIR_REASON_FRAGMENT;
	if (o->n == WEIR_FRAG_PARTS_MAX)
		return WEIR_REASON_FRAGMENT_LIMIT;
	o->part[o->n++] = *p;
	for (size_t i = p->from; i < to; i++) {
		o->came[i] = true;
		o->byte[i] = byte_of(p->id, i) ^ p->flip;
	}
	if (!p->more)
		o->end = to;
	return WEIR_REASON_NONE;
}

/* a part of a datagram of @len bytes, mostly as it should be */
static struct part throw_part(struct dice *d, uint32_t id, size_t len,
			      uint32_t grain)
{
	uint32_t units = (uint32_t)((len + 7) / 8), from, n;
	struct part p = { .id = id, .proto = WEIR_PROTO_UDP, .v6 = id & 1 };

	from = dice_below(d, units) / grain * grain;
	n = grain;
	if (dice_one_in(d, 60))
		n = dice_from(d, 1, grain + 3);
	if (dice_one_in(d, 100))
		from = dice_below(d, units);
	p.from = from * 8u;
	p.len = n * 8u;
	p.more = true;
	if (p.from + p.len >= len) {
		p.len = len - p.from;
		p.more = false;
	}
	if (dice_one_in(d, 150))
		p.more = !p.more;
	if (dice_one_in(d, 200))
		p.flip = 1;
	if (p.more)
		p.len = (p.len + 7) / 8 * 8;
	return p;
}

static void random_parts_give_what_a_map_gives(void **state)
{
	static struct plain o[ORACLE_IDS];
	struct bench *b = bench_open();
	unsigned whole = 0, spoiled = 0;

	(void)state;
	b->cuts = 4;
	for (uint64_t seed = 0; seed < 300; seed++) {
		struct dice d = { seed };
		size_t len[ORACLE_IDS];
		uint32_t grain[ORACLE_IDS];

		memset(o, 0, sizeof(o));
		for (unsigned i = 0; i < ORACLE_IDS; i++) {
			len[i] = dice_from(&d, 9, ORACLE_BYTES - 16);
			grain[i] = dice_from(&d, 1, 40);
		}
		for (unsigned turn = 0; turn < 400; turn++) {
			unsigned i = dice_below(&d, ORACLE_IDS);
			struct part p = throw_part(&d, i, len[i], grain[i]);
			enum weir_reason want = o[i].why, got;

			if (p.from == 0 && !p.more)
				continue; /* that would be no fragment */
			got = add(b, &p);
			if (want == WEIR_REASON_NONE)
				want = o[i].why = judge(&o[i], &p);
			CHECK_EQ(got, want);
			spoiled += want != WEIR_REASON_NONE;
			if (want == WEIR_REASON_NONE && is_whole(&o[i])) {
				size_t ip = i & 1 ? 54 : 34;

				CHECK_EQ(weir_wr_len(&b->to), ip + o[i].end);
				CHECK_EQ(memcmp(b->out + ip, o[i].byte,
						o[i].end),
					 0);
				memset(&o[i], 0, sizeof(o[i]));
				whole++;
			} else {
				CHECK_EQ(weir_wr_len(&b->to), 0);
			}
		}
		check_sound(&b->frag);
		b->now_us += WEIR_FRAG_TIMEOUT_MS * 1000ull;
		for (;;) {
			uint8_t quote[600];
			struct weir_wr w = weir_wr_over(quote, sizeof(quote));

			if (!weir_frag_expire(&b->frag, b->now_us, &w))
				break;
		}
		CHECK_EQ(b->frag.used, 0);
	}
	CHECK(whole > 1000 && spoiled > 1000); /* both were seen often */
	bench_close(b);
}

/* --- one thing at a time --- */

static void the_longest_datagrams_come_whole(void **state)
{
	static const struct {
		bool v6;
		size_t len, step;
	} rows[] = {
		{ false, 65515, 1480 }, { false, 65515, 552 },
		{ true, 65496, 1448 },  { true, 65496, 1232 },
		{ false, 1481, 1480 },  { true, 9, 8 },
		{ false, 65515, 512 },  { false, 1024, 8 },
	};
	struct bench *b = bench_open();

	(void)state;
	for (unsigned row = 0; row < 8; row++) {
		for (size_t at = 0; at < rows[row].len; at += rows[row].step) {
			struct part p = { .id = row,
					  .from = at,
					  .len = rows[row].step,
					  .more = true,
					  .v6 = rows[row].v6,
					  .proto = WEIR_PROTO_UDP };

			if (at + p.len >= rows[row].len) {
				p.len = rows[row].len - at;
				p.more = false;
			}
			CHECK_EQ(add(b, &p), WEIR_REASON_NONE);
			if (p.more)
				CHECK_EQ(weir_wr_len(&b->to), 0);
		}
		check_whole(b, row, rows[row].len, rows[row].v6);
		CHECK_EQ(b->frag.used, 0);
	}
	bench_close(b);
}

static void what_contradicts_itself_is_dropped_whole(void **state)
{
	enum {
		N = WEIR_REASON_NONE,
		F = WEIR_REASON_FRAGMENT,
		O = WEIR_REASON_FRAGMENT_OVERLAP
	};
	static const struct {
		const char *what;
		struct {
			size_t from, len;
			bool more;
			uint8_t flip;
		} part[3];
		int why[3];
	} rows[] = {
		{ "tail over head",
		  { { 0, 16, true, 0 },
		    { 8, 16, true, 0 },
		    { 32, 8, true, 0 } },
		  { N, O, O } },
		{ "head over tail",
		  { { 16, 16, true, 0 },
		    { 8, 16, true, 0 },
		    { 40, 8, true, 0 } },
		  { N, O, O } },
		{ "inside",
		  { { 0, 64, true, 0 },
		    { 8, 8, true, 0 },
		    { 64, 8, false, 0 } },
		  { N, O, O } },
		{ "around",
		  { { 8, 8, true, 0 },
		    { 0, 64, true, 0 },
		    { 64, 8, false, 0 } },
		  { N, O, O } },
		{ "the same place, other bytes",
		  { { 8, 8, true, 0 }, { 8, 8, true, 1 }, { 16, 8, false, 0 } },
		  { N, O, O } },
		{ "the same place, now the last",
		  { { 8, 8, true, 0 },
		    { 8, 8, false, 0 },
		    { 16, 8, false, 0 } },
		  { N, F, F } },
		{ "the same place, not the last any more",
		  { { 8, 8, false, 0 },
		    { 8, 8, true, 0 },
		    { 16, 8, false, 0 } },
		  { N, F, F } },
		{ "a later last",
		  { { 8, 8, false, 0 },
		    { 16, 8, false, 0 },
		    { 0, 8, true, 0 } },
		  { N, F, F } },
		{ "an earlier last",
		  { { 16, 8, false, 0 },
		    { 8, 8, false, 0 },
		    { 0, 8, true, 0 } },
		  { N, F, F } },
		{ "a last that reaches further",
		  { { 16, 8, false, 0 },
		    { 16, 9, false, 0 },
		    { 0, 8, true, 0 } },
		  { N, O, O } },
		{ "beyond the last",
		  { { 8, 8, false, 0 }, { 24, 8, true, 0 }, { 0, 8, true, 0 } },
		  { N, F, F } },
		{ "a last before what came",
		  { { 24, 8, true, 0 }, { 8, 8, false, 0 }, { 0, 8, true, 0 } },
		  { N, F, F } },
		{ "an odd last, overlapped",
		  { { 8, 3, false, 0 }, { 8, 8, true, 0 }, { 0, 8, true, 0 } },
		  { N, O, O } },
		{ "a duplicate is none of these",
		  { { 8, 3, false, 0 }, { 8, 3, false, 0 }, { 0, 8, true, 0 } },
		  { N, N, N } },
	};
	struct bench *b = bench_open();

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (unsigned v6 = 0; v6 < 2; v6++)
			for (unsigned k = 0; k < 3; k++) {
				struct part p = { .id = i * 2 + v6,
						  .from = rows[i].part[k].from,
						  .len = rows[i].part[k].len,
						  .more = rows[i].part[k].more,
						  .flip = rows[i].part[k].flip,
						  .v6 = v6,
						  .proto = WEIR_PROTO_UDP };
				int got = (int)add(b, &p);

				if (got != rows[i].why[k])
					fail_msg("%s: part %u gives %d",
						 rows[i].what, k, got);
			}
		check_sound(&b->frag);
	}
	check_whole(b, 27, 11, true);
	bench_close(b);
}

static void a_hand_made_view_cannot_lie(void **state)
{
	static const struct {
		bool v6;
		uint32_t from;
		size_t len;
		bool more;
	} rows[] = {
		{ false, 65512, 8, false },
		{ true, 65528, 8, false },
		{ false, 8, 0, true },
		{ true, 8, 12, true },
		{ false, 65528, 65528, true },
		{ false, 4, 8, true },
		{ false, UINT32_MAX - 7, 16, true },
	};
	struct bench *b = bench_open();
	struct part p = { .len = 64, .more = true, .proto = WEIR_PROTO_UDP };

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct weir_view v;

		p.v6 = rows[i].v6;
		build(b, &p);
		CHECK_EQ(weir_view_parse(NULL, &b->spans, &v),
			 WEIR_REASON_NONE);
		v.frag_offset = rows[i].from;
		v.frag_more = rows[i].more;
		v.l4_len = rows[i].len;
		b->to = weir_wr_over(b->out, sizeof(b->out));
		CHECK_EQ(weir_frag_add(&b->frag, &v, &b->spans, 1, &b->to),
			 WEIR_REASON_FRAGMENT);
		CHECK_EQ(b->frag.used, 0);
	}
	bench_close(b);
}

static void too_many_parts_spoil_a_datagram(void **state)
{
	struct bench *b = bench_open();
	struct part p = {
		.len = 8, .more = true, .id = 3, .proto = WEIR_PROTO_UDP
	};

	(void)state;
	for (unsigned i = 0; i < WEIR_FRAG_PARTS_MAX; i++, p.from += 16)
		CHECK_EQ(add(b, &p), WEIR_REASON_NONE);
	check_sound(&b->frag);
	CHECK_EQ(add(b, &p), WEIR_REASON_FRAGMENT_LIMIT);
	CHECK_EQ(b->frag.chunks, 0);
	p.from = 8;
	CHECK_EQ(add(b, &p), WEIR_REASON_FRAGMENT_LIMIT);
	bench_close(b);
}

static void datagrams_are_told_apart(void **state)
{
	struct bench *b = bench_open();
	struct part p = { .len = 8, .more = true, .id = 3, .proto = 17 };

	(void)state;
	CHECK_EQ(add(b, &p), WEIR_REASON_NONE);
	p.proto = 1; /* IPv4: another packet */
	CHECK_EQ(add(b, &p), WEIR_REASON_NONE);
	CHECK_EQ(b->frag.used, 2);
	p.v6 = true;
	CHECK_EQ(add(b, &p), WEIR_REASON_NONE);
	CHECK_EQ(b->frag.used, 3);
	p.proto = 17; /* IPv6: a part of the same */
	CHECK_EQ(add(b, &p), WEIR_REASON_NONE);
	CHECK_EQ(b->frag.used, 3);
	p.id += 65536;
	CHECK_EQ(add(b, &p), WEIR_REASON_NONE);
	CHECK_EQ(b->frag.used, 4);
	build(b, &p);
	b->frame[14 + 23] ^= 1; /* from */
	CHECK_EQ(feed(b), WEIR_REASON_NONE);
	build(b, &p);
	b->frame[14 + 39] ^= 1; /* to */
	CHECK_EQ(feed(b), WEIR_REASON_NONE);
	CHECK_EQ(b->frag.used, 6);
	bench_close(b);
}

static void a_million_that_never_finish_stay_bounded(void **state)
{
	struct bench *b = bench_open();
	struct part p = { .len = 1448, .more = true, .v6 = true, .proto = 17 };
	struct part good = { .id = 5, .len = 1448, .v6 = true, .proto = 17 };
	struct weir_view v;
	uint32_t whole = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000000; i++) {
		if (i % 10000 < 40) { /* a good one among them */
			good.from = i % 10000 * 1448ul;
			good.more = i % 10000 < 39;
			CHECK_EQ(add(b, &good), WEIR_REASON_NONE);
			if (!good.more) {
				check_whole(b, 5, 40 * 1448, true);
				whole++;
			}
			build(b, &p);
		}
		CHECK_EQ(weir_view_parse(NULL, &b->spans, &v),
			 WEIR_REASON_NONE);
		v.frag_id = 1000 + i;
		v.frag_offset = i % 40 * 1448;
		b->to = weir_wr_over(b->out, sizeof(b->out));
		CHECK_EQ(weir_frag_add(&b->frag, &v, &b->spans, b->now_us++,
				       &b->to),
			 WEIR_REASON_NONE);
		CHECK(b->frag.used <= WEIR_FRAG_DATAGRAMS_MAX);
		CHECK(b->frag.chunks <= CHUNKS);
	}
	CHECK_EQ(whole, 100);
	CHECK_EQ(weir_frag_evicted(&b->frag),
		 1000000 - WEIR_FRAG_DATAGRAMS_MAX);
	CHECK_EQ(weir_frag_evicted(&b->frag), 0);
	bench_close(b);
}

static void long_ones_make_room_by_age(void **state)
{
	struct bench *b = bench_open();
	struct part p = { .len = 64000, .more = true, .proto = 17 };

	(void)state;
	for (p.id = 100; p.id < 104; p.id++) { /* spoiled, the oldest of all */
		struct part over = {
			.id = p.id, .from = 8, .len = 8, .proto = 17
		};

		CHECK_EQ(add(b, &p), WEIR_REASON_NONE);
		CHECK_EQ(add(b, &over), WEIR_REASON_FRAGMENT_OVERLAP);
	}
	b->now_us++;
	for (p.id = 0; p.id < 60; p.id++, b->now_us++) {
		CHECK_EQ(add(b, &p), WEIR_REASON_NONE);
		check_sound(&b->frag);
	}
	CHECK_EQ(b->frag.used, 4 + 16); /* 32 chunks each, of 512 */
	CHECK_EQ(weir_frag_evicted(&b->frag), 44);
	for (p.id = 44; p.id < 60; p.id++) {
		struct part last = {
			.id = p.id, .from = 64000, .len = 11, .proto = 17
		};

		CHECK_EQ(add(b, &last), WEIR_REASON_NONE);
		check_whole(b, p.id, 64011, false);
	}
	CHECK_EQ(b->frag.used, 4);
	bench_close(b);
}

/* what comes back for @b's only datagram; its length */
static size_t expire(struct bench *b, uint64_t now_us, uint8_t *quote,
		     size_t room)
{
	struct weir_wr w = weir_wr_over(quote, room);

	CHECK(weir_frag_expire(&b->frag, now_us, &w));
	CHECK(weir_wr_ok(&w));
	CHECK(!weir_frag_expire(&b->frag, now_us, &w));
	return weir_wr_len(&w);
}

static void what_is_late_is_quoted(void **state)
{
	struct bench *b = bench_open();

	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct part p = { .id = 9,
				  .len = 1448,
				  .more = true,
				  .v6 = v6,
				  .proto = 17 };
		uint64_t due = b->now_us + WEIR_FRAG_TIMEOUT_MS * 1000ull;
		uint8_t quote[2000], err[1400];
		struct weir_wr w = weir_wr_over(quote, sizeof(quote));
		struct weir_icmp_error e = {
			.why = WEIR_ICMP_WHY_REASSEMBLY,
			.from = v6 ? far6 : weir_addr_from4(0x0a000202),
			.to = v6 ? near6 : weir_addr_from4(0x0a00020f)
		};
		size_t n, whole = (v6 ? 48u : 20u) + 1448;

		CHECK_EQ(add(b, &p), WEIR_REASON_NONE);
		CHECK_EQ(weir_frag_due_us(&b->frag), due);
		b->now_us += 5000; /* the first to come sets the time */
		p.from = 2896;
		CHECK_EQ(add(b, &p), WEIR_REASON_NONE);
		CHECK_EQ(weir_frag_due_us(&b->frag), due);
		CHECK(!weir_frag_expire(&b->frag, due - 1, &w));
		n = expire(b, due, quote, sizeof(quote));
		CHECK_EQ(n, whole);
		p.from = 0;
		build(b, &p);
		CHECK_EQ(memcmp(quote, b->frame + 14, whole), 0);
		w = weir_wr_over(err, sizeof(err));
		CHECK_EQ(weir_icmp_build_error(&e, weir_rd_over(quote, n), &w),
			 WEIR_REASON_NONE);
		CHECK(weir_wr_ok(&w));

		CHECK_EQ(add(b, &p), WEIR_REASON_NONE); /* less room */
		n = expire(b, UINT64_MAX, quote, 100);
		CHECK_EQ(n, 100);
		CHECK_EQ(add(b, &p), WEIR_REASON_NONE); /* not for a header */
		CHECK_EQ(expire(b, UINT64_MAX, quote, 19), 0);
		p.from = 1448; /* the first never came */
		CHECK_EQ(add(b, &p), WEIR_REASON_NONE);
		CHECK_EQ(expire(b, UINT64_MAX, quote, sizeof(quote)), 0);
	}
	bench_close(b);
}

static void a_spoiled_one_refuses_until_its_time_is_over(void **state)
{
	struct bench *b = bench_open();
	struct part p = { .id = 9, .len = 16, .more = true, .proto = 17 };
	uint8_t quote[100];
	struct weir_wr w = weir_wr_over(quote, sizeof(quote));

	(void)state;
	CHECK_EQ(add(b, &p), WEIR_REASON_NONE);
	p.from = 8;
	CHECK_EQ(add(b, &p), WEIR_REASON_FRAGMENT_OVERLAP);
	p.from = 80;
	b->now_us += WEIR_FRAG_TIMEOUT_MS * 1000ull - 1;
	CHECK_EQ(add(b, &p), WEIR_REASON_FRAGMENT_OVERLAP);
	b->now_us++;
	CHECK(!weir_frag_expire(&b->frag, b->now_us, &w));
	CHECK_EQ(weir_wr_len(&w), 0);
	CHECK_EQ(b->frag.used, 0);
	CHECK_EQ(add(b, &p), WEIR_REASON_NONE);
	/* the same if nobody asked in time */
	p.from = 88;
	CHECK_EQ(add(b, &p), WEIR_REASON_FRAGMENT_OVERLAP);
	b->now_us += WEIR_FRAG_TIMEOUT_MS * 1000ull;
	CHECK_EQ(add(b, &p), WEIR_REASON_NONE);
	CHECK_EQ(b->frag.used, 1);
	CHECK_EQ(weir_frag_evicted(&b->frag), 0); /* spoiled were counted */
	bench_close(b);
}

static void a_whole_without_room_is_given_up(void **state)
{
	struct bench *b = bench_open();

	(void)state;
	for (size_t room = 0; room <= 14 + 20 + 40; room++) {
		struct part p = {
			.id = 9, .len = 32, .more = true, .proto = 17
		};
		uint8_t *exact = malloc(room + 1);
		struct weir_wr w = weir_wr_over(exact, room);
		bool fits = room == 14 + 20 + 40;
		struct weir_view v;

		CHECK_EQ(add(b, &p), WEIR_REASON_NONE);
		p = (struct part){ .id = 9, .from = 32, .len = 8, .proto = 17 };
		build(b, &p);
		CHECK_EQ(weir_view_parse(NULL, &b->spans, &v),
			 WEIR_REASON_NONE);
		CHECK_EQ(weir_frag_add(&b->frag, &v, &b->spans, b->now_us, &w),
			 fits ? WEIR_REASON_NONE : WEIR_REASON_OVERSIZE);
		CHECK_EQ(weir_wr_len(&w), fits ? room : 0);
		CHECK(weir_wr_ok(&w));
		CHECK_EQ(b->frag.used, 0);
		free(exact);
	}
	bench_close(b);
}

static void what_stands_before_the_whole_stays(void **state)
{
	struct bench *b = bench_open();
	struct part p = { .id = 9, .len = 32, .more = true, .proto = 17 };
	uint8_t room[200];
	struct weir_wr w = weir_wr_over(room, sizeof(room));
	struct weir_view v;

	(void)state;
	CHECK_EQ(add(b, &p), WEIR_REASON_NONE);
	p = (struct part){ .id = 9, .from = 32, .len = 8, .proto = 17 };
	build(b, &p);
	CHECK_EQ(weir_view_parse(NULL, &b->spans, &v), WEIR_REASON_NONE);
	weir_wr_fill(&w, 0xaa, 12);
	CHECK_EQ(weir_frag_add(&b->frag, &v, &b->spans, b->now_us, &w),
		 WEIR_REASON_NONE);
	for (unsigned i = 0; i < 12; i++)
		CHECK_EQ(room[i], 0xaa);
	b->to = weir_wr_over(b->out, sizeof(b->out));
	weir_wr_copy(&b->to, room + 12, weir_wr_len(&w) - 12);
	check_whole(b, 9, 40, false);
	bench_close(b);
}

/* a part behind a header of hop-by-hop options, @inner_next first in it */
static void build_nested(struct bench *b, size_t from, bool more,
			 uint8_t inner_next)
{
	struct weir_wr w;

	open_frame(b, true, &w);
	weir_ipv6_build(&(struct weir_ipv6){ .hops = 63,
					     .payload_len = 8 + 8 + 16,
					     .from = near6,
					     .to = far6 },
			&w);
	weir_wr_u8(&w, 44); /* hop-by-hop options: PadN */
	weir_wr_u8(&w, 0);
	weir_wr_be16(&w, 0x0104);
	weir_wr_be32(&w, 0);
	weir_wr_u8(&w, inner_next);
	weir_wr_u8(&w, 0);
	weir_wr_be16(&w, (uint16_t)(from | more));
	weir_wr_be32(&w, 7);
	weir_wr_u8(&w, 17); /* read if @inner_next is a fragment header */
	weir_wr_u8(&w, 0);
	weir_wr_be16(&w, 801);
	weir_wr_be32(&w, 0);
	weir_wr_be64(&w, 0);
	close_frame(b, &w);
}

static void
extension_headers_before_are_dropped_and_after_are_walked(void **state)
{
	struct bench *b = bench_open();
	struct weir_rd in;
	struct weir_ipv6 ip;

	(void)state;
	build_nested(b, 0, true, 17);
	CHECK_EQ(feed(b), WEIR_REASON_NONE);
	build_nested(b, 16, false, 17);
	CHECK_EQ(feed(b), WEIR_REASON_NONE);
	CHECK_EQ(weir_wr_len(&b->to), 14 + 40 + 32);
	in = weir_rd_over(b->out + 14, 72);
	CHECK_EQ(weir_ipv6_parse(&in, 72, &ip), WEIR_REASON_NONE);
	CHECK_EQ(ip.header_len, 40);
	CHECK_EQ(ip.proto, 17);
	/* a fragment inside, at once and behind destination options */
	build_nested(b, 0, true, 44);
	CHECK_EQ(feed(b), WEIR_REASON_NONE);
	build_nested(b, 16, false, 17);
	CHECK_EQ(feed(b), WEIR_REASON_FRAGMENT);
	CHECK_EQ(weir_wr_len(&b->to), 0);
	CHECK_EQ(b->frag.used, 0);
	build_nested(b, 0, true, 60);
	b->frame[14 + 40 + 16] = 44;
	b->frame[14 + 40 + 16 + 8] = 17;
	b->frame[14 + 40 + 16 + 11] = 1; /* more */
	CHECK_EQ(feed(b), WEIR_REASON_NONE);
	build_nested(b, 16, false, 17);
	CHECK_EQ(feed(b), WEIR_REASON_FRAGMENT);
	bench_close(b);
}

static void its_room_is_what_it_says(void **state)
{
	size_t need = weir_frag_bytes();
	uint8_t *mem = calloc(1, need);

	(void)state;
	assert_non_null(mem);
	for (size_t room = 0; room < need - 9000; room += 4001) {
		struct weir_arena arena;
		struct weir_frag f;

		weir_arena_init(&arena, mem, room);
		CHECK(!weir_frag_init(&f, &arena));
	}
	free(mem);
}

T_MAIN(T(random_parts_give_what_a_map_gives),
       T(the_longest_datagrams_come_whole),
       T(what_contradicts_itself_is_dropped_whole),
       T(a_hand_made_view_cannot_lie), T(too_many_parts_spoil_a_datagram),
       T(datagrams_are_told_apart), T(a_million_that_never_finish_stay_bounded),
       T(long_ones_make_room_by_age), T(what_is_late_is_quoted),
       T(a_spoiled_one_refuses_until_its_time_is_over),
       T(a_whole_without_room_is_given_up),
       T(what_stands_before_the_whole_stays),
       T(extension_headers_before_are_dropped_and_after_are_walked),
       T(its_room_is_what_it_says))
