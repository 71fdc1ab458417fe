/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frag.c - the parts of a packet of the guest, put together
 *
 * DOC: how it works
 *
 *	           first part                 the last hole filled
 *	  (free) ------------> unfinished ----------------------> (free), whole
 *	     ^                  |   |  |
 *	     |   time, room     |   |  +-- overlap, contradiction,
 *	     +------------------+   |      too many parts
 *	     |                      v
 *	     +------------------ spoiled: refuses what still comes of it
 *	         time, room
 *
 * The bytes of a part are copied to where they belong: chunk number
 * offset / WEIR_FRAG_CHUNK_BYTES of the datagram.  A chunk is taken when the
 * first byte of it comes, so memory is counted in chunks, and parts of eight
 * bytes far from each other cost what they really use.  Parts are remembered
 * one by one, in order, because a duplicate is one only if it has the same
 * ends; since no two overlap, a datagram is whole when the sum of their
 * lengths is its end.
 *
 * There are few datagrams, so they are found by looking at each: a keyed table
 * would cost more than the walk.
 *
 * Room is made by giving up the datagram that was begun first.  A guest that
 * begins a million and finishes none loses its own parts, never its
 * neighbour's, for it has none here; and a datagram whose parts come one after
 * the other is whole long before it is the oldest of 64.
 *
 * Invariants:
 *  1. part[] is sorted, nothing in it is empty or overlaps; @have is the sum.
 *  2. @end is 0, or no part ends after it and @have <= @end.
 *  3. Every byte of every part lies in a chunk; every chunk in use belongs to
 *     exactly one datagram, and none to one that is free or spoiled.
 *
 * Limits: WEIR_FRAG_*.  Hop-by-hop and destination options before the fragment
 * header were walked when the part was viewed and are dropped here; so are
 * IPv4 options.  TOS and hop limit are those of the part with offset 0: what
 * ECN says on other parts (RFC 3168 5.3) is lost.
 * RFC 791 3.2, 815, 1858, 3128, 5722, 6946 (atomic ones never get here), 8200
 * 4.5; the time is 30 s for both families, where RFC 8200 says 60.
 */
#include "flow/frag.h"

#include "base/must.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"

#define CHUNKS      (WEIR_FRAG_BYTES_MAX / WEIR_FRAG_CHUNK_BYTES)
#define PAYLOAD_MAX WEIR_FRAG_PAYLOAD_MAX_BYTES
#define UNIT        8u /* all but the last part are a multiple of this */

/* one datagram alone never fills the room, so there is another to give up */
_Static_assert(CHUNKS > WEIR_FRAG_CHUNKS_EACH, "room for more than one");
_Static_assert(CHUNKS < WEIR_FRAG_NONE, "chunks have 16-bit numbers");
_Static_assert(WEIR_FRAG_CHUNKS_EACH *WEIR_FRAG_CHUNK_BYTES > PAYLOAD_MAX,
	       "the longest has chunks enough");

size_t weir_frag_bytes(void)
{
	return WEIR_FRAG_DATAGRAMS_MAX * sizeof(struct weir_frag_datagram) +
	       CHUNKS * (sizeof(uint16_t) + WEIR_FRAG_CHUNK_BYTES) + 4096 + 32;
}

bool weir_frag_init(struct weir_frag *f, struct weir_arena *arena)
{
	*f = (struct weir_frag){ .free = WEIR_FRAG_NONE };
	f->datagram = weir_arena_take(arena, WEIR_FRAG_DATAGRAMS_MAX,
				      sizeof(*f->datagram), 8);
	f->next = weir_arena_take(arena, CHUNKS, sizeof(*f->next), 8);
	f->data = weir_arena_take(arena, CHUNKS, WEIR_FRAG_CHUNK_BYTES, 4096);
	return f->datagram && f->next && f->data;
}

/* --- slots and chunks --- */

static uint8_t *chunk_bytes(const struct weir_frag *f, uint16_t i)
{
	return f->data + (size_t)i * WEIR_FRAG_CHUNK_BYTES;
}

static void give_chunks(struct weir_frag *f, struct weir_frag_datagram *d)
{
	for (unsigned i = 0; i < WEIR_FRAG_CHUNKS_EACH; i++) {
		uint16_t c = d->chunk[i];

		d->chunk[i] = WEIR_FRAG_NONE;
		if (c == WEIR_FRAG_NONE)
			continue;
		f->next[c] = f->free;
		f->free = c;
		f->chunks--;
	}
}

static void give(struct weir_frag *f, struct weir_frag_datagram *d)
{
	give_chunks(f, d);
	d->due_us = 0;
	f->used--;
}

/*
 * The one begun first, NULL if there is none.  With @holder only one that
 * holds chunks, and not that one.
 */
static struct weir_frag_datagram *
find_oldest(const struct weir_frag *f, const struct weir_frag_datagram *holder)
{
	struct weir_frag_datagram *oldest = NULL;

	for (unsigned i = 0; i < WEIR_FRAG_DATAGRAMS_MAX; i++) {
		struct weir_frag_datagram *d = &f->datagram[i];

		if (!d->due_us)
			continue;
		if (holder && (holder == d || d->why != WEIR_REASON_NONE))
			continue;
		if (!oldest || d->due_us < oldest->due_us)
			oldest = d;
	}
	return oldest;
}

static void evict(struct weir_frag *f, struct weir_frag_datagram *d)
{
	weir_must(d);
	if (d->why == WEIR_REASON_NONE)
		f->evicted++;
	give(f, d);
}

static uint16_t take_chunk(struct weir_frag *f,
			   const struct weir_frag_datagram *user)
{
	uint16_t c;

	if (f->free == WEIR_FRAG_NONE && f->fresh == CHUNKS)
		evict(f, find_oldest(f, user));
	c = f->free;
	if (c != WEIR_FRAG_NONE)
		f->free = f->next[c];
	else
		c = f->fresh++;
	f->chunks++;
	return c;
}

/* --- which datagram --- */

static uint8_t key_proto(const struct weir_view *v)
{
	return v->is_v6 ? 0 : v->proto;
}

static struct weir_frag_datagram *find(struct weir_frag *f,
				       const struct weir_view *v)
{
	for (unsigned i = 0; f->used && i < WEIR_FRAG_DATAGRAMS_MAX; i++) {
		struct weir_frag_datagram *d = &f->datagram[i];

		if (d->due_us && d->id == v->frag_id &&
		    d->key_proto == key_proto(v) &&
		    weir_addr_is_equal(&d->from, &v->from) &&
		    weir_addr_is_equal(&d->to, &v->to))
			return d;
	}
	return NULL;
}

static struct weir_frag_datagram *
begin(struct weir_frag *f, const struct weir_view *v, uint64_t now_us)
{
	struct weir_frag_datagram *d = NULL;

	if (f->used == WEIR_FRAG_DATAGRAMS_MAX)
		evict(f, find_oldest(f, NULL));
	for (unsigned i = 0; i < WEIR_FRAG_DATAGRAMS_MAX; i++) {
		d = &f->datagram[i];
		if (!d->due_us)
			break;
	}
	weir_must(d && !d->due_us);
	f->used++;
	d->due_us = now_us + WEIR_FRAG_TIMEOUT_MS * UINT64_C(1000);
	d->why = WEIR_REASON_NONE;
	d->from = v->from;
	d->to = v->to;
	d->id = v->frag_id;
	d->key_proto = key_proto(v);
	d->end = d->have = 0;
	d->n = 0;
	d->first = false;
	for (unsigned i = 0; i < WEIR_FRAG_CHUNKS_EACH; i++)
		d->chunk[i] = WEIR_FRAG_NONE;
	return d;
}

/* --- one part --- */

/* bytes of a datagram from @at on that lie in one place, at most @n of them */
static uint8_t *place_of(const struct weir_frag *f,
			 const struct weir_frag_datagram *d, size_t at,
			 size_t *n)
{
	size_t inside = at % WEIR_FRAG_CHUNK_BYTES;
	uint16_t c = d->chunk[at / WEIR_FRAG_CHUNK_BYTES];

	weir_must(c != WEIR_FRAG_NONE);
	if (*n > WEIR_FRAG_CHUNK_BYTES - inside)
		*n = WEIR_FRAG_CHUNK_BYTES - inside;
	return chunk_bytes(f, c) + inside;
}

static void copy_in(struct weir_frag *f, struct weir_frag_datagram *d,
		    const struct weir_view *v, const struct weir_spans *frame)
{
	size_t at = v->frag_offset, end = at + v->l4_len, from = v->l4_at;

	for (size_t c = at / WEIR_FRAG_CHUNK_BYTES;
	     c * WEIR_FRAG_CHUNK_BYTES < end; c++) {
		if (d->chunk[c] == WEIR_FRAG_NONE)
			d->chunk[c] = take_chunk(f, d);
	}
	while (at < end) {
		size_t n = end - at;
		uint8_t *to = place_of(f, d, at, &n);

		/* the frame is as long as its spans say, which are ours */
		weir_must(weir_spans_copy(frame, from, to, n) == n);
		at += n;
		from += n;
	}
}

/* are the bytes of this part the ones that came before? */
static bool is_same(const struct weir_frag *f,
		    const struct weir_frag_datagram *d,
		    const struct weir_view *v, const struct weir_spans *frame)
{
	size_t at = v->frag_offset, end = at + v->l4_len, from = v->l4_at;

	while (at < end) {
		uint8_t again[256];
		size_t n = end - at < sizeof(again) ? end - at : sizeof(again);
		const uint8_t *had = place_of(f, d, at, &n);

		if (weir_spans_copy(frame, from, again, n) != n ||
		    memcmp(had, again, n) != 0)
			return false;
		at += n;
		from += n;
	}
	return true;
}

/*
 * Does the end that this part ends at agree with what is known?  It is the
 * last one or there must be more after it.
 */
static bool end_agrees(const struct weir_frag_datagram *d, size_t to, bool more)
{
	uint32_t reach = d->n ? d->part[d->n - 1].to : 0;

	if (more)
		return !d->end || to < d->end;
	return d->end ? to == d->end : to >= reach;
}

static void note_first(struct weir_frag_datagram *d, const struct weir_view *v,
		       const struct weir_spans *frame)
{
	size_t len = v->l4_at - v->l3_at;

	d->first = true;
	d->eth = (struct weir_eth){ v->dst, v->src, v->ethertype };
	d->tos = v->tos;
	d->ttl = v->ttl;
	d->proto = v->proto;
	d->flow_label = v->flow_label;
	d->head_len = len <= sizeof(d->head) ? len : 0;
	weir_spans_copy(frame, v->l3_at, d->head, d->head_len);
}

static enum weir_reason place(struct weir_frag *f, struct weir_frag_datagram *d,
			      const struct weir_view *v,
			      const struct weir_spans *frame)
{
	size_t from = v->frag_offset, to = from + v->l4_len;
	struct weir_frag_part *p = d->part;
	unsigned i = 0;

	while (i < d->n && p[i].from < from)
		i++;
	if (i < d->n && p[i].from == from && p[i].to == to) {
		if (v->frag_more == (d->end == to))
			return WEIR_REASON_FRAGMENT;
		return is_same(f, d, v, frame) ? WEIR_REASON_NONE
					       : WEIR_REASON_FRAGMENT_OVERLAP;
	}
	if ((i > 0 && p[i - 1].to > from) || (i < d->n && p[i].from < to))
		return WEIR_REASON_FRAGMENT_OVERLAP;
	if (!end_agrees(d, to, v->frag_more))
		return WEIR_REASON_FRAGMENT;
	if (d->n == WEIR_FRAG_PARTS_MAX)
		return WEIR_REASON_FRAGMENT_LIMIT;
	memmove(&p[i + 1], &p[i], (d->n - i) * sizeof(*p));
	p[i] = (struct weir_frag_part){ (uint16_t)from, (uint16_t)to };
	d->n++;
	d->have += (uint32_t)v->l4_len;
	if (!v->frag_more)
		d->end = (uint32_t)to;
	if (from == 0)
		note_first(d, v, frame);
	copy_in(f, d, v, frame);
	return WEIR_REASON_NONE;
}

/* --- the whole --- */

static void write_headers(const struct weir_frag_datagram *d,
			  struct weir_wr *out)
{
	weir_eth_build(&d->eth, out);
	if (d->eth.type == WEIR_ETH_IPV4)
		weir_ipv4_build(
			&(struct weir_ipv4){
				.tos = d->tos,
				.ttl = d->ttl,
				.proto = d->proto,
				.id = (uint16_t)d->id,
				.total_len = (uint16_t)(WEIR_IPV4_HEADER_BYTES +
							d->end),
				.from = d->from,
				.to = d->to },
			out);
	else
		weir_ipv6_build(&(struct weir_ipv6){ .traffic_class = d->tos,
						     .hops = d->ttl,
						     .proto = d->proto,
						     .flow_label =
							     d->flow_label,
						     .payload_len =
							     (uint16_t)d->end,
						     .from = d->from,
						     .to = d->to },
				out);
}

static void write_bytes(const struct weir_frag *f,
			const struct weir_frag_datagram *d, size_t end,
			struct weir_wr *out)
{
	for (size_t at = 0; at < end;) {
		size_t n = end - at;
		const uint8_t *from = place_of(f, d, at, &n);

		weir_wr_copy(out, from, n);
		at += n;
	}
}

/* is what was put together a frame that all others can take? */
static enum weir_reason look(struct weir_span frame)
{
	struct weir_spans whole = { &frame, 1, frame.len };
	struct weir_view v;
	enum weir_reason why = weir_view_parse(NULL, &whole, &v);

	if (why == WEIR_REASON_NONE && v.fragment)
		return WEIR_REASON_FRAGMENT;
	return why;
}

static enum weir_reason finish(const struct weir_frag *f,
			       const struct weir_frag_datagram *d,
			       struct weir_wr *out)
{
	struct weir_wr before = *out;
	struct weir_span frame = { before.at, 0 };
	enum weir_reason why = WEIR_REASON_OVERSIZE;

	write_headers(d, out);
	write_bytes(f, d, d->end, out);
	frame.len = weir_wr_len(out) - weir_wr_len(&before);
	if (weir_wr_ok(out))
		why = look(frame);
	if (why != WEIR_REASON_NONE)
		*out = before;
	return why;
}

enum weir_reason weir_frag_add(struct weir_frag *f, const struct weir_view *v,
			       const struct weir_spans *frame, uint64_t now_us,
			       struct weir_wr *out)
{
	size_t to = v->frag_offset + v->l4_len, max = PAYLOAD_MAX;
	struct weir_frag_datagram *d;
	enum weir_reason why;

	if (!v->is_v6)
		max -= WEIR_IPV4_HEADER_BYTES;
	if (!v->is_ip || !v->fragment || v->l4_len == 0 || to > max ||
	    v->frag_offset % UNIT || (v->frag_more && v->l4_len % UNIT))
		return WEIR_REASON_FRAGMENT;
	d = find(f, v);
	if (d && now_us >= d->due_us) { /* nobody looked in time */
		evict(f, d);
		d = NULL;
	}
	if (!d)
		d = begin(f, v, now_us);
	if (d->why != WEIR_REASON_NONE)
		return d->why;
	d->why = place(f, d, v, frame);
	if (d->why != WEIR_REASON_NONE)
		give_chunks(f, d);
	if (d->why != WEIR_REASON_NONE || !d->end || d->have < d->end)
		return d->why;
	why = finish(f, d, out);
	give(f, d);
	return why;
}

/* --- what was not finished --- */

uint64_t weir_frag_evicted(struct weir_frag *f)
{
	uint64_t n = f->evicted;

	f->evicted = 0;
	return n;
}

uint64_t weir_frag_due_us(const struct weir_frag *f)
{
	const struct weir_frag_datagram *d;

	if (!f->used)
		return UINT64_MAX;
	d = find_oldest(f, NULL);
	weir_must(d);
	return d->due_us;
}

static void write_quote(const struct weir_frag *f,
			const struct weir_frag_datagram *d,
			struct weir_wr *quote)
{
	size_t n;

	if (!d->first || !d->head_len || quote->left < d->head_len)
		return;
	weir_wr_copy(quote, d->head, d->head_len);
	n = d->part[0].to;
	write_bytes(f, d, n < quote->left ? n : quote->left, quote);
}

bool weir_frag_expire(struct weir_frag *f, uint64_t now_us,
		      struct weir_wr *quote)
{
	while (f->used) {
		struct weir_frag_datagram *d = find_oldest(f, NULL);
		bool unfinished;

		if (!d || now_us < d->due_us)
			return false;
		unfinished = d->why == WEIR_REASON_NONE;
		if (unfinished)
			write_quote(f, d, quote);
		give(f, d);
		if (unfinished)
			return true;
	}
	return false;
}
