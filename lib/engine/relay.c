/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay.c - bytes both ways between a connection and its host socket
 *
 * The two loops that carry all payload.  Up, a large payload goes to send()
 * where it lies, and so does the first of a turn; the small ones behind it, and
 * what the socket refuses, are copied.  Down, recv() fills chunks and the link
 * gathers frames from them.  What is known of the socket is remembered in flags,
 * so that no call is made that would find nothing.
 *
 * A host error (reset) is told by recv(): bytes that came before it are read
 * first.  A send that fails takes the error with it, so BROKEN remembers it
 * and the end of file that recv() then shows is taken for what it is.
 */
#include "engine/relay.h"

#include <errno.h>

#include "engine/cross.h"
#include "engine/down.h"
#include "engine/inspect.h"
#include "engine/streams.h"
#include "engine/tolls.h"
#include "engine/up.h"
#include "flow/transmit.h"
#include "host/dial.h"
#include "sys/loop.h"

#define SERVE_BYTES 262144u /* from the host, a flow and turn */
#define READ_BYTES  131072u /* from the host, a call */
#define READ_FIRST  16384u  /* ... before it was seen to have much */
#define SMALL_BYTES 2048u   /* a payload that may wait for the turn's end */

void weir_relay_note(struct weir_house *h, uint32_t i, uint32_t what)
{
	struct weir_side *side = &h->streams.side[i];

	if (what & (WEIR_LOOP_IN | WEIR_LOOP_EOF | WEIR_LOOP_ERROR))
		side->flags |= WEIR_SIDE_READABLE;
	if (what & WEIR_LOOP_OUT)
		side->flags |= WEIR_SIDE_WRITABLE;
	if (what & (WEIR_LOOP_EOF | WEIR_LOOP_MARK))
		side->flags |= WEIR_SIDE_READ_ON;
	if (what & WEIR_LOOP_ERROR)
		side->flags |= WEIR_SIDE_ERROR;
	if (what & WEIR_LOOP_OUT && side->flags & WEIR_SIDE_CROSSED)
		(void)weir_loop_rearm(h->loop, side->fd, weir_streams_tag(h, i),
				      false);
}

/* A pair to the proxy is not watched for writing while it takes all (cross.c). */
static void note_full(struct weir_house *h, uint32_t i)
{
	struct weir_side *side = &h->streams.side[i];

	side->flags &= (uint16_t)~WEIR_SIDE_WRITABLE;
	if (side->flags & WEIR_SIDE_CROSSED &&
	    weir_loop_rearm(h->loop, side->fd, weir_streams_tag(h, i), true))
		side->flags |= WEIR_SIDE_BROKEN | WEIR_SIDE_READABLE;
}

/*
 * Give the host bytes, as many as the rate lets pass.  Returns how many it
 * took; 0 also if the send failed, which is remembered.
 */
static uint32_t give(struct weir_house *h, uint32_t i,
		     const struct weir_spans *bytes, size_t skip, size_t len)
{
	struct weir_side *side = &h->streams.side[i];
	struct weir_span part[WEIR_DIAL_SPANS_MAX];
	uint32_t may = weir_tolls_share(h, WEIR_TOLL_UP, i, (uint32_t)len);
	unsigned n =
		weir_spans_cut(bytes, skip, may, part, WEIR_DIAL_SPANS_MAX);
	long done;

	if (may == 0)
		return 0;
	done = weir_dial_send(side->fd, part, n);
	if (done < 0) {
		side->flags |= WEIR_SIDE_BROKEN | WEIR_SIDE_READABLE;
		done = 0;
	}
	if (done < (long)may)
		note_full(h, i);
	weir_tolls_pay(h, WEIR_TOLL_UP, i, (uint32_t)done);
	return (uint32_t)done;
}

void weir_relay_push_up(struct weir_house *h, uint32_t i)
{
	struct weir_conn *c = weir_relay_conn(h, i);
	struct weir_side *side = &h->streams.side[i];
	struct weir_span part[WEIR_DIAL_SPANS_MAX];
	struct weir_spans bytes = { part, 0, 0 };
	bool gated = side->flags & WEIR_SIDE_GATED;
	uint32_t done = 1;

	while (side->flags & WEIR_SIDE_WRITABLE && done) {
		bytes.n = weir_conn_up_peek(c, &h->env, part,
					    WEIR_DIAL_SPANS_MAX);
		bytes.len = 0;
		for (unsigned k = 0; k < bytes.n; k++)
			bytes.len += part[k].len;
		if (gated)
			bytes.len = weir_inspect_may(h, i, (uint32_t)bytes.len);
		if (bytes.len == 0)
			break;
		done = give(h, i, &bytes, 0, bytes.len);
		weir_conn_up_taken(c, &h->env, done);
		if (gated)
			weir_inspect_went(h, i, done);
	}
	if (gated && weir_inspect_is_first(h, i))
		return; /* its FIN too waits for the verdict */
	if (side->fd >= 0 && !(side->flags & WEIR_SIDE_DIALLING) &&
	    weir_conn_up_is_ended(c)) {
		(void)weir_dial_shut(side->fd);
		weir_conn_up_shut(c, h->now_us);
	}
}

/*
 * Of a guest that sends frame by frame all but the first of a turn are copied,
 * and go in one call at its end: a call for each was half of what they cost.
 * Not where memory is so short that the store might refuse them.
 */
static bool is_gathered(const struct weir_house *h, uint32_t i, uint32_t len)
{
	return h->streams.side[i].flags & WEIR_SIDE_BUSY &&
	       len <= SMALL_BYTES &&
	       h->payload.used + WEIR_TURN_FRAMES_UP <= h->payload.n / 2;
}

enum weir_reason weir_relay_segment(struct weir_house *h, uint32_t i,
				    const struct weir_tcp *t,
				    const struct weir_spans *payload,
				    struct weir_conn_direct *ret)
{
	const uint16_t other = WEIR_SIDE_GATED | WEIR_SIDE_NAMES;
	struct weir_conn *c = weir_relay_conn(h, i);

	if (payload->len > SMALL_BYTES && c->up.len &&
	    !(h->streams.side[i].flags & other))
		weir_relay_push_up(h, i);
	return weir_conn_segment(c, weir_relay_env(h, i), t, payload, h->now_us,
				 ret);
}

enum weir_reason weir_relay_pass_up(struct weir_house *h, uint32_t i,
				    const struct weir_spans *payload,
				    const struct weir_conn_direct *d)
{
	struct weir_conn *c = weir_relay_conn(h, i);
	uint16_t flags = h->streams.side[i].flags;
	uint32_t done = 0, may = d->len;

	if (flags & WEIR_SIDE_GATED)
		may = weir_inspect_may(h, i, may);
	if (flags & WEIR_SIDE_WRITABLE && may && !is_gathered(h, i, may))
		done = give(h, i, payload, d->skip, may);
	if (flags & WEIR_SIDE_GATED)
		weir_inspect_went(h, i, done);
	return weir_conn_take(c, weir_relay_env(h, i), payload, d, done,
			      h->now_us);
}

bool weir_relay_say(struct weir_house *h, uint32_t i,
		    const struct weir_spans *bytes)
{
	struct weir_conn_env *env = weir_relay_env(h, i);
	struct weir_conn *c = weir_relay_conn(h, i);
	struct weir_span part[WEIR_CONN_SPANS_MAX];
	size_t at = 0;
	unsigned n = weir_conn_down_room(c, env, (uint32_t)bytes->len, part,
					 WEIR_CONN_SPANS_MAX);

	for (unsigned k = 0; k < n; k++)
		at += weir_spans_copy(bytes, at, part[k].at, part[k].len);
	weir_conn_down_filled(c, env, at < bytes->len ? 0 : (uint32_t)at,
			      false);
	return at == bytes->len;
}

/* The end of a pair: the proxy says first if it is to be a reset. */
static bool is_broken(struct weir_house *h, uint32_t i)
{
	const struct weir_side *side = &h->streams.side[i];

	if (side->flags & WEIR_SIDE_CROSSED)
		weir_cross_event(h);
	return side->flags & (WEIR_SIDE_BROKEN | WEIR_SIDE_ERROR);
}

/* recv() found the end, or an error. */
static void read_end(struct weir_house *h, uint32_t i, long got)
{
	struct weir_conn *c = weir_relay_conn(h, i);
	struct weir_side *side = &h->streams.side[i];

	side->flags &= (uint16_t)~WEIR_SIDE_READABLE;
	if (got == -EAGAIN)
		return;
	if (got < 0 || is_broken(h, i)) {
		side->flags &= (uint16_t)~WEIR_SIDE_READABLE;
		weir_conn_host_reset(c);
		return;
	}
	if (c->flags & WEIR_CONN_F_RST_NOW)
		return; /* there is no proxy any more */
	side->flags |= WEIR_SIDE_ENDED_DOWN;
	if (!(side->flags & WEIR_SIDE_GATED) || weir_inspect_ended(h, i))
		weir_conn_down_ended(c);
}

/* One read; returns the bytes that came. */
static uint32_t read_once(struct weir_house *h, uint32_t i, uint32_t want)
{
	struct weir_conn *c = weir_relay_conn(h, i);
	struct weir_side *side = &h->streams.side[i];
	struct weir_span part[WEIR_DIAL_SPANS_MAX];
	size_t room = 0;
	unsigned n;
	long got;

	if (want > READ_BYTES)
		want = READ_BYTES;
	if (want > READ_FIRST && !(side->flags & WEIR_SIDE_BULK))
		want = READ_FIRST;
	n = weir_conn_down_room(c, &h->env, want, part, WEIR_DIAL_SPANS_MAX);
	if (n == 0) {
		weir_conn_down_filled(c, &h->env, 0, false);
		weir_house_count(h, WEIR_REASON_LIMIT_PAYLOAD);
		return 0;
	}
	for (unsigned k = 0; k < n; k++)
		room += part[k].len;
	got = weir_dial_receive(side->fd, part, n);
	weir_conn_down_filled(c, &h->env, got > 0 ? (uint32_t)got : 0,
			      got == (long)room);
	if (got <= 0) {
		read_end(h, i, got);
		return 0;
	}
	if (side->flags & WEIR_SIDE_GATED) {
		weir_inspect_came(h, i, part, (uint32_t)got);
		if (weir_inspect_room(h, i, 1) == 0) /* no more for now */
			weir_conn_down_filled(c, &h->env, 0, false);
	}
	if ((size_t)got == room)
		side->flags |= WEIR_SIDE_BULK;
	else if ((size_t)got < READ_FIRST)
		side->flags &= (uint16_t)~WEIR_SIDE_BULK;
	if ((size_t)got < room &&
	    !(side->flags & (WEIR_SIDE_READ_ON | WEIR_SIDE_ERROR)))
		side->flags &= (uint16_t)~WEIR_SIDE_READABLE;
	return (uint32_t)got;
}

void weir_relay_segments(struct weir_house *h, uint32_t i)
{
	struct weir_conn *c = weir_relay_conn(h, i);
	struct weir_conn_out out;
	struct weir_rd l3;

	for (;;) {
		if (weir_card_is_full(&h->card) && !h->ending) {
			weir_streams_busy(h, i); /* when there is room again */
			return;
		}
		if (!weir_conn_next(c, weir_relay_env(h, i), h->now_us, &out))
			return;
		if (!out.unreachable) {
			weir_down_segment(h, &c->ends.guest, &c->ends.far,
					  &out);
			continue;
		}
		/* the guest's SYN as it would look, to be quoted */
		l3 = weir_up_quote(h, c);
		weir_up_refuse(h, l3, WEIR_ICMP_WHY_HOST);
	}
}

/* The host's side is broken, and recv() will not be the one to tell. */
static bool is_dead(struct weir_house *h, uint32_t i)
{
	struct weir_conn *c = weir_relay_conn(h, i);
	uint16_t flags = h->streams.side[i].flags;

	if (c->state != WEIR_CONN_OPEN)
		return false;
	if (flags & WEIR_SIDE_ENDED_DOWN)
		return flags & (WEIR_SIDE_ERROR | WEIR_SIDE_BROKEN);
	return flags & (WEIR_SIDE_ERROR | WEIR_SIDE_BROKEN) &&
	       weir_conn_down_is_stuck(c);
}

bool weir_relay_pull_down(struct weir_house *h, uint32_t i)
{
	struct weir_conn *c = weir_relay_conn(h, i);
	struct weir_side *side = &h->streams.side[i];
	uint32_t done = 0, got = 1, want = 0;

	while (side->flags & WEIR_SIDE_READABLE && done < SERVE_BYTES) {
		want = weir_conn_down_wants(c, &h->env);
		if (side->flags & WEIR_SIDE_GATED)
			want = weir_inspect_room(h, i, want);
		want = weir_tolls_share(h, WEIR_TOLL_DOWN, i, want);
		if (want == 0)
			break;
		got = read_once(h, i, want);
		weir_tolls_pay(h, WEIR_TOLL_DOWN, i, got);
		done += got;
		weir_relay_segments(h, i);
		if (c->state == WEIR_CONN_OVER)
			return false;
	}
	h->streams.budget -=
		done < h->streams.budget ? done : h->streams.budget;
	if (is_dead(h, i))
		weir_conn_host_reset(c);
	return want && got && side->flags & WEIR_SIDE_READABLE;
}
