/* SPDX-License-Identifier: Apache-2.0 */
/*
 * datagrams.c - UDP flows: the guest's datagrams through host sockets
 *
 * DOC: how it works
 *
 * Which conversations there are is kept by flow/assoc; this room judges the
 * first datagram of each, owns one socket per mapping, and carries datagrams
 * both ways.  The gateway stands for the host's loopback, in both directions.
 *
 * Up, datagrams are held, where they came, until the turn's frames are all
 * read or a flow opens; then each mapping's go in one call, in their order,
 * and those in a row that are of one size and for one place as one message,
 * which takes the host's stack one trip (UDP_SEGMENT).  One alone costs what
 * it cost before.  A message that fails is sent again, one datagram at a time
 * (engine/courier), which finds out whose fault it is.
 *
 * Down, a call takes what waits.  What the host has put together (UDP_GRO), and
 * what comes in a row from one place in one size, goes to the guest as one frame
 * if the link takes that.
 *
 * Invariants:
 *  1. A held datagram's bytes stay where they are until weir_datagrams_flush().
 *  2. While any is held no mapping and no conversation ends.
 */
#include "engine/datagrams.h"

#include <errno.h>

#include "engine/courier.h"
#include "engine/down.h"
#include "engine/talk.h"
#include "engine/tolls.h"
#include "engine/up.h"
#include "engine/verdict.h"
#include "host/dial.h"
#include "host/post.h"
#include "sys/entropy.h"
#include "sys/loop.h"

#define TURN_VOLLEYS      2u     /* from one mapping, a turn */
#define SEGMENT_MAX_BYTES 1472u  /* larger ones gain little and fit few ways */
#define MESSAGE_MAX_BYTES 65000u /* with headers an IP packet */

/* datagrams of one mapping, as messages */
struct volley {
	struct weir_volley_out out[WEIR_DATAGRAMS_HELD_MAX];
	/* which it is made of: those from first[i] up to first[i + 1] */
	unsigned first[WEIR_DATAGRAMS_HELD_MAX + 1];
	struct weir_span part[WEIR_VOLLEY_SPANS_MAX];
	unsigned n, parts;
};

_Static_assert(WEIR_DATAGRAMS_HELD_MAX <= WEIR_VOLLEY_OUT_MAX, "in one call");
_Static_assert(WEIR_DATAGRAMS_HELD_MAX *WEIR_COURIER_SPANS_MAX <=
		       WEIR_VOLLEY_SPANS_MAX,
	       "in one call");

size_t weir_datagrams_bytes(void)
{
	return weir_assoc_bytes(WEIR_UDP_MAPPINGS_MAX,
				WEIR_UDP_CONVERSATIONS_MAX) +
	       WEIR_UDP_MAPPINGS_MAX * sizeof(struct weir_courier) +
	       WEIR_DATAGRAMS_HELD_MAX * sizeof(struct weir_courier_gram) +
	       weir_volley_room_bytes() + 4096 + 64;
}

static void ended(void *house, uint32_t conversation)
{
	weir_talk_ended(house, WEIR_TALK_UDP, conversation);
}

bool weir_datagrams_init(struct weir_house *h, struct weir_arena *arena)
{
	struct weir_datagrams *d = &h->datagrams;
	uint64_t key[2];

	weir_entropy_fill(key, sizeof(key));
	d->courier = weir_arena_take(arena, WEIR_UDP_MAPPINGS_MAX,
				     sizeof(*d->courier), 8);
	d->held = weir_arena_take(arena, WEIR_DATAGRAMS_HELD_MAX,
				  sizeof(*d->held), 8);
	d->room = weir_arena_take(arena, 1, weir_volley_room_bytes(), 4096);
	if (!d->courier || !d->held || !d->room ||
	    !weir_assoc_init(&d->assoc, arena, WEIR_UDP_MAPPINGS_MAX,
			     h->charter.udp_conversations, key, h->now_us))
		return false;
	d->assoc.ended = ended;
	d->assoc.ctx = h;
	return true;
}

/* --- flows --- */

static void close_mapping(struct weir_datagrams *d, uint32_t m)
{
	if (m != WEIR_ASSOC_NONE)
		weir_post_close(d->courier[m].fd);
}

static enum weir_reason map(struct weir_house *h,
			    const struct weir_assoc_ends *ends,
			    uint32_t *ret_mapping)
{
	struct weir_datagrams *d = &h->datagrams;
	bool v4 = weir_addr_is4(&ends->guest);
	uint32_t closed, m;
	int fd, err;

	m = weir_assoc_map(&d->assoc, &ends->guest, ends->gport, &closed);
	close_mapping(d, closed);
	fd = weir_post_open(v4);
	err = fd;
	if (fd >= 0)
		err = weir_loop_watch(h->loop, fd,
				      WEIR_HOUSE_TAG(WEIR_HOUSE_TAG_DATAGRAM,
						     m),
				      false, false);
	if (err < 0) {
		weir_post_close(fd);
		weir_assoc_unmap(&d->assoc, m);
		return weir_dial_reason(err);
	}
	weir_courier_init(&d->courier[m], fd, v4, false);
	*ret_mapping = m;
	return WEIR_REASON_NONE;
}

/*
 * A conversation for a first datagram.  NONE: it is @ret_talk, and
 * @ret_mapping may send.
 */
static enum weir_reason open_flow(struct weir_house *h,
				  const struct weir_assoc_ends *ends,
				  uint32_t *ret_mapping, uint32_t *ret_talk)
{
	struct weir_datagrams *d = &h->datagrams;
	struct weir_judge_verdict v = weir_talk_judge(h, WEIR_TALK_UDP, ends);
	enum weir_reason r = v.reason;
	uint32_t closed;

	if (v.said != WEIR_JUDGE_ALLOW)
		return r;
	h->talk_why = WEIR_REASON_LIMIT_UDP;
	weir_datagrams_flush(h); /* others may end to make room */
	if (*ret_mapping == WEIR_ASSOC_NONE)
		r = map(h, ends, ret_mapping);
	if (r != WEIR_REASON_NONE)
		return r;
	*ret_talk = weir_assoc_open(&d->assoc, *ret_mapping, &ends->far,
				    ends->fport, h->now_us, &closed);
	h->sum.udp_opened++;
	close_mapping(d, closed);
	weir_talk_open(h, WEIR_TALK_UDP, *ret_talk, &v);
	return WEIR_REASON_NONE;
}

/* --- up --- */

/* Does @o, for a message of @count datagrams so far, take one more? */
static bool joins(const struct weir_volley_out *o, unsigned count,
		  const struct weir_volley_out *next)
{
	size_t unit = count == 1 ? o->payload.len : o->segment;

	if (count == 1 && o->segment)
		return false; /* the guest's own message */
	return count < WEIR_VOLLEY_SEGMENTS_MAX && next->segment == 0 &&
	       next->payload.len > 0 && next->payload.len <= unit &&
	       unit <= SEGMENT_MAX_BYTES &&
	       o->payload.len == unit * count && /* none shorter before */
	       o->payload.len + next->payload.len <= MESSAGE_MAX_BYTES &&
	       o->port == next->port && o->ttl == next->ttl &&
	       weir_addr_is_equal(&o->to, &next->to);
}

/* Messages of @n held datagrams of one courier, alike in wholeness. */
static void bundle(struct volley *v, const struct weir_courier *c,
		   struct weir_courier_gram *const *gram, unsigned n)
{
	v->n = 0;
	v->parts = 0;
	for (unsigned i = 0; i < n; i++) {
		const struct weir_volley_out *g = &gram[i]->out;
		struct weir_volley_out *o = v->n ? &v->out[v->n - 1] : NULL;

		if (o && !c->no_segments && c->whole &&
		    joins(o, i - v->first[v->n - 1], g)) {
			if (!o->segment)
				o->segment = (uint16_t)o->payload.len;
			o->payload.n += g->payload.n;
			o->payload.len += g->payload.len;
		} else {
			v->first[v->n] = i;
			o = &v->out[v->n++];
			*o = *g;
			o->payload.v = v->part + v->parts;
		}
		for (unsigned k = 0; k < g->payload.n; k++)
			v->part[v->parts++] = g->payload.v[k];
	}
	v->first[v->n] = n;
}

/* Send @n held datagrams of one mapping, alike in wholeness. */
static void send_run(struct weir_house *h, struct weir_courier_gram **gram,
		     unsigned n)
{
	struct weir_datagrams *d = &h->datagrams;
	struct weir_courier *c = &d->courier[gram[0]->mapping];
	struct volley v;
	unsigned at = 0;

	weir_courier_keep_whole(c, gram[0]->whole);
	bundle(&v, c, gram, n);
	while (at < v.n) {
		int r = weir_volley_send(c->fd, v.out + at, v.n - at);

		if (r > 0) {
			at += (unsigned)r;
			continue;
		}
		if (v.out[at].segment && (r == -EINVAL || r == -EIO))
			c->no_segments = true;
		for (unsigned i = v.first[at]; i < v.first[at + 1]; i++)
			weir_courier_send(h, c, &d->assoc, gram[i]);
		/* that may have changed it */
		weir_courier_keep_whole(c, gram[0]->whole);
		at++;
	}
	for (unsigned i = 0; i < n; i++)
		if (!gram[i]->gone)
			h->sum.udp_up++;
}

/* Send all that is held of the mapping of the @first, and mark it. */
static void send_mapping(struct weir_house *h, unsigned first)
{
	struct weir_datagrams *d = &h->datagrams;
	struct weir_courier_gram *gram[WEIR_DATAGRAMS_HELD_MAX] = { NULL };
	uint32_t mapping = d->held[first].mapping;
	unsigned n = 0;

	for (unsigned i = first; i < d->n_held; i++) {
		struct weir_courier_gram *g = &d->held[i];

		if (g->mapping != mapping)
			continue;
		d->done |= UINT64_C(1) << i;
		if (n && gram[0]->whole != g->whole) {
			send_run(h, gram, n);
			n = 0;
		}
		gram[n++] = g;
	}
	if (n)
		send_run(h, gram, n);
}

void weir_datagrams_flush(struct weir_house *h)
{
	struct weir_datagrams *d = &h->datagrams;

	d->done = 0;
	for (unsigned i = 0; i < d->n_held; i++)
		if (!(d->done >> i & 1))
			send_mapping(h, i);
	d->n_held = 0;
}

/* Where a gateway's datagrams go; others go where they are bound for. */
static struct weir_addr place(const struct weir_house *h,
			      const struct weir_addr *far)
{
	struct weir_addr to, other;

	(void)weir_verdict_place(h, far, &to, &other);
	return to;
}

/* Datagrams that @bytes of payload stand for; @segment 0: one. */
static uint32_t packets_of(size_t bytes, uint16_t segment)
{
	return segment ? (uint32_t)((bytes + segment - 1) / segment) : 1;
}

/* more segments than a host's socket takes at once */
static bool has_too_many(const struct weir_datagrams_in *in)
{
	return in->segment &&
	       in->payload.len > (size_t)in->segment * WEIR_VOLLEY_SEGMENTS_MAX;
}

static void hold(struct weir_house *h, const struct weir_datagrams_in *in,
		 uint32_t m)
{
	struct weir_datagrams *d = &h->datagrams;
	struct weir_courier_gram *g = &d->held[d->n_held];

	*g = (struct weir_courier_gram){ .mapping = m,
					 .whole = in->whole,
					 .l3 = in->l3 };
	g->out = (struct weir_volley_out){ .to = place(h, &in->ends.far),
					   .port = in->ends.fport,
					   .ttl = weir_courier_ttl(in->ttl),
					   .segment = in->segment,
					   .payload = in->payload };
	if (in->payload.n > WEIR_COURIER_SPANS_MAX || has_too_many(in)) {
		weir_datagrams_flush(h);
		weir_courier_send(h, &d->courier[m], &d->assoc, g);
		return;
	}
	for (unsigned i = 0; i < in->payload.n; i++)
		g->part[i] = in->payload.v[i];
	g->out.payload.v = g->part;
	if (++d->n_held == WEIR_DATAGRAMS_HELD_MAX)
		weir_datagrams_flush(h);
}

void weir_datagrams_up(struct weir_house *h, const struct weir_datagrams_in *in)
{
	struct weir_datagrams *d = &h->datagrams;
	struct weir_assoc_mark *mark;
	enum weir_reason r;
	uint32_t m, i;

	if (in->ends.fport == 0 || in->ends.gport == 0) {
		weir_house_count(h, WEIR_REASON_UDP_LENGTH);
		return;
	}
	i = weir_assoc_up(&d->assoc, &in->ends, h->now_us, &m);
	if (i == WEIR_ASSOC_NONE) {
		r = open_flow(h, &in->ends, &m, &i);
		if (r != WEIR_REASON_NONE) {
			weir_courier_deny(h, in->l3, r);
			return;
		}
	}
	mark = &d->assoc.conversation[i].mark;
	mark->up_bytes += in->payload.len;
	mark->up_packets += packets_of(in->payload.len, in->segment);
	hold(h, in, m);
}

/* --- down --- */

static void give_down(struct weir_house *h, uint32_t mapping,
		      const struct weir_addr *from, uint16_t port,
		      const struct weir_spans *payload, uint16_t segment)
{
	struct weir_datagrams *d = &h->datagrams;
	struct weir_addr far = *from;
	struct weir_assoc_ends ends;
	enum weir_reason r;
	uint32_t i, n;

	weir_courier_rename(h, &far);
	i = weir_assoc_down(&d->assoc, mapping, &far, port, h->now_us);
	if (i == WEIR_ASSOC_NONE) {
		weir_house_count(h, WEIR_REASON_NO_FLOW);
		return;
	}
	weir_assoc_ends_of(&d->assoc, i, &ends);
	if (!weir_tolls_datagram(h, WEIR_TOLL_DOWN, payload->len, segment))
		return;
	r = weir_down_udp(h, &ends, payload, segment);
	if (r != WEIR_REASON_NONE) {
		weir_house_count(h, r);
		return;
	}
	n = packets_of(payload->len, segment);
	h->sum.udp_down += n;
	d->assoc.conversation[i].mark.down_bytes += payload->len;
	d->assoc.conversation[i].mark.down_packets += n;
}

/* How many of @in, from the first on, can go to the guest as one frame? */
static unsigned run_of(const struct weir_house *h,
		       const struct weir_volley_in *in, unsigned n)
{
	size_t unit = in[0].len;
	unsigned k = 1;

	if (!(h->charter.offload & WEIR_OFFLOAD_USO) || in[0].segment ||
	    in[0].n != 1 || unit == 0)
		return 1;
	while (k < n && k < WEIR_DOWN_RUN_MAX && in[k - 1].len == unit &&
	       !in[k].segment && in[k].len <= unit && in[k].len > 0 &&
	       in[k].port == in[0].port &&
	       weir_addr_is_equal(&in[k].from, &in[0].from))
		k++;
	return k;
}

static void give_all(struct weir_house *h, uint32_t mapping,
		     const struct weir_volley_in *in, unsigned n)
{
	struct weir_span part[WEIR_DOWN_RUN_MAX];
	struct weir_spans run = { part, 0, 0 };

	for (unsigned at = 0, k; at < n; at += k) {
		const struct weir_volley_in *first = &in[at];
		const struct weir_spans one = { first->part, first->n,
						first->len };

		k = run_of(h, first, n - at);
		if (k == 1) {
			give_down(h, mapping, &first->from, first->port, &one,
				  first->segment);
			continue;
		}
		run.len = 0;
		for (run.n = 0; run.n < k; run.n++) {
			part[run.n] = first[run.n].part[0];
			run.len += first[run.n].len;
		}
		give_down(h, mapping, &first->from, first->port, &run,
			  (uint16_t)first->len);
	}
}

void weir_datagrams_event(struct weir_house *h, uint32_t mapping, uint32_t what)
{
	struct weir_datagrams *d = &h->datagrams;
	struct weir_courier *c = &d->courier[mapping];
	struct weir_volley_in in[WEIR_VOLLEY_IN_MAX];

	if (!weir_pool_is_taken(&d->assoc.mappings, mapping))
		return; /* it ended earlier in this turn */
	if (what & WEIR_LOOP_ERROR)
		(void)weir_courier_hear(h, c, &d->assoc, mapping);
	for (unsigned k = 0; k < TURN_VOLLEYS; k++) {
		int n = weir_volley_receive(c->fd, d->room, in,
					    WEIR_VOLLEY_IN_MAX);

		if (n == -EAGAIN)
			return;
		if (n < 0) {
			(void)weir_courier_hear(h, c, &d->assoc, mapping);
			continue;
		}
		give_all(h, mapping, in, (unsigned)n);
		if ((unsigned)n < WEIR_VOLLEY_IN_MAX)
			return;
	}
}

/* --- ends --- */

void weir_datagrams_tick(struct weir_house *h)
{
	struct weir_datagrams *d = &h->datagrams;
	enum weir_assoc_ended end;
	uint32_t m;

	h->talk_why = WEIR_REASON_IDLE;
	while ((end = weir_assoc_expire(&d->assoc, h->now_us, &m)) !=
	       WEIR_ASSOC_ENDED_NOTHING) {
		weir_house_count(h, WEIR_REASON_IDLE);
		if (end == WEIR_ASSOC_ENDED_MAPPING)
			close_mapping(d, m);
	}
	h->sum.udp_now = weir_pool_used(&d->assoc.conversations);
}

uint64_t weir_datagrams_due_us(const struct weir_house *h)
{
	return weir_assoc_due_us(&h->datagrams.assoc);
}

void weir_datagrams_again(struct weir_house *h, uint32_t i)
{
	struct weir_datagrams *d = &h->datagrams;
	uint32_t m;

	if (!weir_pool_is_taken(&d->assoc.conversations, i) ||
	    !weir_talk_is_denied(h, WEIR_TALK_UDP, i))
		return;
	weir_house_count(h, WEIR_REASON_POLICY_CHANGED);
	h->talk_why = WEIR_REASON_POLICY_CHANGED;
	if (weir_assoc_close(&d->assoc, i, &m) == WEIR_ASSOC_ENDED_MAPPING)
		close_mapping(d, m);
}

void weir_datagrams_end_all(struct weir_house *h, enum weir_reason why)
{
	struct weir_datagrams *d = &h->datagrams;
	uint32_t high = weir_pool_high(&d->assoc.mappings);

	h->talk_why = why;
	for (uint32_t m = 0; m < high; m++) {
		if (!weir_pool_is_taken(&d->assoc.mappings, m))
			continue;
		close_mapping(d, m);
		weir_assoc_unmap(&d->assoc, m);
	}
	h->sum.udp_now = weir_pool_used(&d->assoc.conversations);
}
