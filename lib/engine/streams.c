/* SPDX-License-Identifier: Apache-2.0 */
/*
 * streams.c - TCP flows: a connection of the guest tied to a host socket
 *
 * DOC: how it works
 *
 * A flow is two records with one index: the pure connection (flow/conn) and
 * the host's side (struct weir_side).  This room carries bytes and events
 * between them and decides nothing: what a segment means is conn's, whether a
 * destination is allowed is the verdict's.
 *
 * Host sockets are watched edge-triggered for both directions with a single
 * epoll_ctl, so what is known of a socket is remembered in flags (READABLE,
 * WRITABLE) and cleared when a call found it empty or full.  Nothing is asked
 * of the kernel that is known already.
 *
 * Everything that happens to a flow in a turn puts it on the busy list; the
 * list is served once at the end of the turn: up bytes that wait, then bytes
 * from the host as far as the guest's window goes, then the segments, then
 * the end.  So one ACK answers all frames of a turn.  In-order payload does
 * not wait for that if it is large or first: it goes straight to the socket.
 * A flow that could go on stays on the list, so many bytes a turn each.
 *
 *	   SYN
 *	    | judged, half-open limit, pool
 *	    v
 *	 dial ---- EPOLLOUT --> connected     fd watched, DIALLING cleared
 *	    |
 *	    +----- error -----> weir_conn_host_failed()
 *
 * A flow that is over is closed: with RST towards the host unless both sides
 * finished (reason CLOSED) or it never connected.  One in TIME-WAIT has no
 * socket any more, and goes when its place is needed.
 */
#include "engine/streams.h"

#include <errno.h>
#include <unistd.h>

#include "base/must.h"
#include "base/siphash.h"
#include "engine/cross.h"
#include "engine/down.h"
#include "engine/facts.h"
#include "engine/inspect.h"
#include "engine/lines.h"
#include "engine/names.h"
#include "engine/relay.h"
#include "engine/tell.h"
#include "engine/tolls.h"
#include "engine/up.h"
#include "engine/verdict.h"
#include "flow/transmit.h"
#include "host/dial.h"
#include "packet/ipv4.h"
#include "sys/loop.h"

#define OLD_DIAL_US 5000000u /* a dial that may go when there are many */
#define TURN_TIMERS 1024u
#define TURN_BYTES  1048576u /* from the host, all flows, a turn */
#define SWEEP       4096u    /* entries looked at for one in TIME-WAIT */

size_t weir_streams_bytes(uint32_t flows)
{
	return weir_pool_bytes(flows) + weir_table_bytes(flows) +
	       weir_timer_bytes(flows) + weir_inspect_bytes(flows) + 256 +
	       (size_t)flows *
		       (sizeof(struct weir_conn) + sizeof(struct weir_side));
}

bool weir_streams_init(struct weir_house *h, struct weir_arena *arena,
		       uint32_t flows)
{
	struct weir_streams *s = &h->streams;

	s->busy = s->busy_last = WEIR_HOUSE_NONE;
	s->conn = weir_arena_take(arena, flows, sizeof(*s->conn), 64);
	s->side = weir_arena_take(arena, flows, sizeof(*s->side), 16);
	return s->conn && s->side && weir_pool_init(&s->pool, arena, flows) &&
	       weir_table_init(&s->table, arena, flows) &&
	       weir_timer_init(&s->timer, arena, flows, h->now_us) &&
	       weir_inspect_init(h, arena, flows);
}

/* --- finding --- */

static uint32_t hash_ends(const struct weir_streams *s,
			  const struct weir_conn_ends *e)
{
	uint64_t w[5];

	memcpy(w, e->guest.b, 16);
	memcpy(w + 2, e->far.b, 16);
	w[4] = (uint64_t)e->gport << 16 | e->fport;
	return (uint32_t)weir_siphash_words(s->key, w, 5);
}

static bool is_same(const struct weir_conn_ends *a,
		    const struct weir_conn_ends *b)
{
	return a->gport == b->gport && a->fport == b->fport &&
	       weir_addr_is_equal(&a->far, &b->far) &&
	       weir_addr_is_equal(&a->guest, &b->guest);
}

static uint32_t find(const struct weir_streams *s,
		     const struct weir_conn_ends *e, uint32_t hash)
{
	uint32_t i;

	for (i = weir_table_first(&s->table, hash); i != WEIR_TABLE_NONE;
	     i = weir_table_next(&s->table, i))
		if (is_same(&s->conn[i].ends, e))
			return i;
	return WEIR_HOUSE_NONE;
}

uint64_t weir_streams_id(const struct weir_house *h, uint32_t i)
{
	return weir_pool_id(&h->streams.pool, i);
}

uint32_t weir_streams_find_id(const struct weir_house *h, uint64_t id)
{
	return weir_pool_find(&h->streams.pool, id);
}

/* A tag holds 24 bits of the generation; stale events live for one turn. */
uint64_t weir_streams_tag(const struct weir_house *h, uint32_t i)
{
	uint64_t gen = weir_streams_id(h, i) >> 32 & 0xffffff;

	return WEIR_HOUSE_TAG(WEIR_HOUSE_TAG_STREAM, gen << 32 | i);
}

/* --- the busy list --- */

void weir_streams_busy(struct weir_house *h, uint32_t i)
{
	struct weir_streams *s = &h->streams;

	if (s->side[i].flags & WEIR_SIDE_BUSY)
		return;
	s->side[i].flags |= WEIR_SIDE_BUSY;
	s->side[i].next = WEIR_HOUSE_NONE;
	if (s->busy_last == WEIR_HOUSE_NONE)
		s->busy = i;
	else
		s->side[s->busy_last].next = i;
	s->busy_last = i;
}

/* --- ends --- */

static void leave_half_open(struct weir_house *h, uint32_t i)
{
	if (h->streams.side[i].flags & WEIR_SIDE_HALF) {
		h->streams.side[i].flags &= (uint16_t)~WEIR_SIDE_HALF;
		h->streams.half_open--;
	}
}

static void leave_table(struct weir_house *h, uint32_t i)
{
	if (weir_table_has(&h->streams.table, i))
		weir_table_remove(&h->streams.table, i);
}

static void close_side(struct weir_house *h, uint32_t i, bool reset)
{
	struct weir_side *side = &h->streams.side[i];

	weir_dial_close(side->fd, reset);
	side->fd = -1;
	side->flags &= (uint16_t) ~(WEIR_SIDE_READABLE | WEIR_SIDE_WRITABLE |
				    WEIR_SIDE_DIALLING);
}

void weir_streams_hang_up(struct weir_house *h, uint32_t i)
{
	close_side(h, i, false);
}

/* Must the host see a reset?  Not if both sides finished, nor if it never
 * connected, nor if we only stop and the guest had finished. */
static bool is_reset(struct weir_house *h, uint32_t i, enum weir_reason why)
{
	const struct weir_conn *c = weir_relay_conn(h, i);

	if (why == WEIR_REASON_CLOSED ||
	    h->streams.side[i].flags & WEIR_SIDE_DIALLING)
		return false;
	if (why == WEIR_REASON_SHUTDOWN || why == WEIR_REASON_LINK_DOWN)
		return !(c->flags & WEIR_CONN_F_HOST_SHUT);
	return true;
}

/* The flow is over; the entry is free afterwards.  Not while it is busy. */
static void end(struct weir_house *h, uint32_t i)
{
	struct weir_streams *s = &h->streams;
	struct weir_conn *c = &s->conn[i];
	enum weir_reason why = (enum weir_reason)c->over;

	weir_must(!(s->side[i].flags & WEIR_SIDE_BUSY));
	close_side(h, i, is_reset(h, i, why));
	leave_half_open(h, i);
	weir_house_count(h, why);
	weir_facts_end(h, i, why);
	h->sum.tcp_bytes_up += c->bytes_up;
	h->sum.tcp_bytes_down += c->bytes_down;
	h->sum.tcp_now--;
	weir_conn_free(c, &h->env);
	weir_timer_cancel(&s->timer, i);
	leave_table(h, i);
	weir_pool_give(&s->pool, i);
}

/* How one in TIME-WAIT ended: what was denied stays so. */
static enum weir_reason end_of(const struct weir_conn *c)
{
	return c->over == WEIR_REASON_NONE ? WEIR_REASON_CLOSED
					   : (enum weir_reason)c->over;
}

/* One that may go for another: in TIME-WAIT, or dialling in vain. */
static bool is_spare(const struct weir_house *h, uint32_t i, bool dial)
{
	const struct weir_streams *s = &h->streams;
	const struct weir_conn *c = &s->conn[i];

	if (!weir_pool_is_taken(&s->pool, i) ||
	    s->side[i].flags & WEIR_SIDE_BUSY)
		return false;
	if (!dial)
		return c->state == WEIR_CONN_WAIT;
	return c->state == WEIR_CONN_DIAL && h->now_us - c->born > OLD_DIAL_US;
}

/*
 * Make room: let one go that is in TIME-WAIT or, for @dial, has dialled for
 * long without an answer.  True if one was found.
 */
static bool evict(struct weir_house *h, bool dial)
{
	struct weir_streams *s = &h->streams;
	uint32_t high = weir_pool_high(&s->pool);

	for (uint32_t n = 0; n < SWEEP && n < high; n++) {
		uint32_t i = s->hand < high ? s->hand : 0;

		s->hand = i + 1;
		if (!is_spare(h, i, dial))
			continue;
		s->conn[i].over = (uint8_t)(dial ? WEIR_REASON_LIMIT_HALF_OPEN
						 : end_of(&s->conn[i]));
		end(h, i);
		return true;
	}
	return false;
}

/* --- births --- */

static void refuse(struct weir_house *h, const struct weir_conn_ends *e,
		   const struct weir_tcp *t, uint32_t len, enum weir_reason why)
{
	struct weir_conn_out out;

	weir_house_count(h, why);
	if (weir_conn_refuse(t, len, &out))
		weir_down_segment(h, &e->guest, &e->far, &out);
}

/* The policy denies a SYN. */
static void deny(struct weir_house *h, const struct weir_conn_ends *e,
		 const struct weir_tcp *t, uint32_t len,
		 const struct weir_judge_verdict *v)
{
	const struct weir_assoc_ends ends = { e->guest, e->far, e->gport,
					      e->fport };

	weir_tell_refused(h, WEIR_PROTO_TCP, false, &ends, v);
	if (weir_verdict_is_silent(h))
		weir_house_count(h, v->reason);
	else
		refuse(h, e, t, len, v->reason);
}

/* What a SYN to @e is worth; DNS is answered here, not dialled. */
static struct weir_judge_verdict judge(struct weir_house *h,
				       const struct weir_conn_ends *e, bool dns)
{
	const struct weir_judge_verdict ours = { .said = WEIR_JUDGE_ALLOW,
						 .by = WEIR_JUDGE_BY_NOTHING };

	if (dns || weir_lines_is_dot(h, e->fport))
		return ours;
	return weir_verdict_out(h, WEIR_RULE_TCP, &e->far, e->fport,
				WEIR_JUDGE_SHOWN_NOTHING_YET, NULL);
}

/* Begin to connect.  0, or the negative errno of a connect that failed. */
static int connect_to(struct weir_house *h, uint32_t i,
		      const struct weir_addr *to)
{
	struct weir_side *side = &h->streams.side[i];
	int err;

	side->fd = weir_dial_start(to, weir_relay_conn(h, i)->ends.fport);
	if (side->fd < 0) {
		err = side->fd;
		side->fd = -1;
		return err;
	}
	side->flags |= WEIR_SIDE_DIALLING;
	err = weir_loop_watch(h->loop, side->fd, weir_streams_tag(h, i), true,
			      true);
	if (err)
		close_side(h, i, false);
	return err ? -ENOMEM : 0;
}

/*
 * A connect failed.  The gateway stands for the loopback of both families, so
 * there the other one is tried, once.
 */
static void dial_failed(struct weir_house *h, uint32_t i, int err)
{
	struct weir_conn *c = weir_relay_conn(h, i);
	struct weir_side *side = &h->streams.side[i];
	enum weir_reason why = weir_dial_reason(err);
	struct weir_addr to, other;

	if (side->flags & WEIR_SIDE_OTHER && why != WEIR_REASON_NO_FDS &&
	    why != WEIR_REASON_NO_MEMORY) {
		side->flags &= (uint16_t)~WEIR_SIDE_OTHER;
		weir_verdict_place(h, &c->ends.far, &to, &other);
		err = connect_to(h, i, &other);
		if (err == 0)
			return;
		if (why != WEIR_REASON_REFUSED)
			why = weir_dial_reason(err);
	}
	weir_conn_host_failed(c, why);
}

static void dial(struct weir_house *h, uint32_t i, const struct weir_addr *to)
{
	int err = connect_to(h, i, to);

	if (err)
		dial_failed(h, i, err);
}

/* The host's side of a flow that was just made, allowed or deferred by @v; @in:
 * WEIR_SIDE_IN, or 0. */
static void begin(struct weir_house *h, uint32_t i,
		  const struct weir_judge_verdict *v, uint16_t in)
{
	struct weir_side *side = &h->streams.side[i];

	*side = (struct weir_side){ .fd = -1, .next = WEIR_HOUSE_NONE };
	side->flags = WEIR_SIDE_HALF | in;
	weir_facts_begin(h, i, v);
	if (v->said == WEIR_JUDGE_DEFER || weir_cross_is_watched(h, i))
		weir_inspect_begin(h, i);
	h->streams.half_open++;
	h->sum.tcp_opened++;
	h->sum.tcp_now++;
	weir_streams_busy(h, i);
}

/* The guest's SYN was allowed: dial, or for DNS answer it at once. */
static void connect_host(struct weir_house *h, uint32_t i, bool dns)
{
	struct weir_conn *c = weir_relay_conn(h, i);
	struct weir_side *side = &h->streams.side[i];
	struct weir_addr to, other;

	if (dns) {
		side->flags |= WEIR_SIDE_NAMES;
		weir_conn_host_connected(c, h->now_us);
		return;
	}
	if (weir_lines_is_dot(h, c->ends.fport)) {
		weir_lines_join(h, i);
		return;
	}
	weir_facts_hold(h, i);
	if (weir_verdict_place(h, &c->ends.far, &to, &other))
		side->flags |= WEIR_SIDE_OTHER;
	dial(h, i, &to);
}

/* A slot for a new flow, or why there is none; the limit may be lower now. */
static enum weir_reason take_slot(struct weir_house *h, uint32_t *ret)
{
	struct weir_streams *s = &h->streams;
	uint32_t n, max = h->charter.max_flows;

	if (s->half_open >= WEIR_HALF_OPEN_MAX && !evict(h, true))
		return WEIR_REASON_LIMIT_HALF_OPEN;
	n = weir_pool_used(&s->pool);
	if (n > max || (n == max && !evict(h, false)))
		return WEIR_REASON_LIMIT_FLOWS;
	*ret = weir_pool_take(&s->pool);
	return *ret == WEIR_POOL_NONE ? WEIR_REASON_LIMIT_FLOWS
				      : WEIR_REASON_NONE;
}

static void open_flow(struct weir_house *h, const struct weir_conn_ends *e,
		      const struct weir_tcp *t, uint32_t len, uint32_t hash,
		      bool dns)
{
	struct weir_streams *s = &h->streams;
	struct weir_judge_verdict v = judge(h, e, dns);
	enum weir_reason why;
	uint32_t i;

	if (v.said == WEIR_JUDGE_DENY) {
		deny(h, e, t, len, &v);
		return;
	}
	if (!weir_tolls_flow(h))
		return; /* as if lost: the SYN comes again */
	why = take_slot(h, &i);
	if (why != WEIR_REASON_NONE) {
		refuse(h, e, t, len, why);
		return;
	}
	weir_conn_init(&s->conn[i], &h->env, e, t, h->now_us);
	weir_table_put(&s->table, i, hash);
	begin(h, i, &v, 0);
	connect_host(h, i, dns);
}

bool weir_streams_is_taken(const struct weir_house *h,
			   const struct weir_conn_ends *ends)
{
	return find(&h->streams, ends, hash_ends(&h->streams, ends)) !=
	       WEIR_HOUSE_NONE;
}

enum weir_reason weir_streams_call(struct weir_house *h,
				   const struct weir_conn_ends *ends, int fd,
				   const struct weir_addr *peer,
				   const struct weir_judge_verdict *v)
{
	struct weir_streams *s = &h->streams;
	enum weir_reason why;
	uint32_t i;

	why = take_slot(h, &i);
	if (why != WEIR_REASON_NONE)
		return why;
	if (weir_loop_watch(h->loop, fd, weir_streams_tag(h, i), true, true)) {
		weir_pool_give(&s->pool, i);
		return WEIR_REASON_NO_MEMORY;
	}
	weir_conn_call(&s->conn[i], &h->env, ends, h->now_us);
	weir_table_put(&s->table, i, hash_ends(s, ends));
	begin(h, i, v, WEIR_SIDE_IN);
	s->side[i].fd = fd;
	s->side[i].flags |= WEIR_SIDE_WRITABLE;
	s->watch[i].peer = *peer;
	return WEIR_REASON_NONE;
}

/* A new SYN on a connection in TIME-WAIT: judged and dialled like any. */
static void reopen_flow(struct weir_house *h, uint32_t i,
			const struct weir_tcp *t, uint32_t len)
{
	struct weir_conn *c = weir_relay_conn(h, i);
	bool dns = h->streams.side[i].flags & WEIR_SIDE_NAMES;
	struct weir_judge_verdict v = judge(h, &c->ends, dns);

	if (v.said == WEIR_JUDGE_DENY) {
		deny(h, &c->ends, t, len, &v);
		return;
	}
	if (h->streams.half_open >= WEIR_HALF_OPEN_MAX) {
		refuse(h, &c->ends, t, len, WEIR_REASON_LIMIT_HALF_OPEN);
		return;
	}
	weir_house_count(h, end_of(c));
	weir_facts_end(h, i, end_of(c));
	h->sum.tcp_bytes_up += c->bytes_up;
	h->sum.tcp_bytes_down += c->bytes_down;
	h->sum.tcp_now--;
	weir_timer_cancel(&h->streams.timer, i);
	weir_conn_init_after(c, &h->env, t, h->now_us);
	begin(h, i, &v, 0);
	connect_host(h, i, dns);
}

/* --- up --- */

/* DNS by TCP: when the guest is done and all is answered, so are we. */
static void serve_names(struct weir_house *h, uint32_t i)
{
	struct weir_conn *c = weir_relay_conn(h, i);
	struct weir_side *side = &h->streams.side[i];

	weir_names_stream(h, i);
	if (!(c->flags & WEIR_CONN_F_GUEST_FIN) || side->pending)
		return;
	if (c->up.len) /* half a question */
		weir_conn_up_taken(c, &h->env_names, c->up.len);
	if (!(side->flags & WEIR_SIDE_ENDED_DOWN))
		weir_conn_down_ended(c);
	side->flags |= WEIR_SIDE_ENDED_DOWN;
	if (weir_conn_up_is_ended(c))
		weir_conn_up_shut(c, h->now_us);
}

static bool is_mute(const struct weir_house *h, uint32_t i)
{
	return h->streams.side[i].flags & WEIR_SIDE_GATED &&
	       weir_inspect_is_mute(h, i);
}

static void segment_for(struct weir_house *h, uint32_t i,
			const struct weir_tcp *t,
			const struct weir_spans *payload)
{
	struct weir_conn_direct d;
	enum weir_reason r;

	if (is_mute(h, i))
		return;
	r = weir_relay_segment(h, i, t, payload, &d);
	if (d.len)
		r = weir_relay_pass_up(h, i, payload, &d);
	if (r != WEIR_REASON_NONE)
		weir_house_count(h, r);
	if (weir_relay_conn(h, i)->state == WEIR_CONN_OVER)
		leave_table(h, i); /* its ports may be used again at once */
	weir_streams_busy(h, i);
}

void weir_streams_segment(struct weir_house *h, const struct weir_view *v,
			  const struct weir_spans *frame, bool dns)
{
	struct weir_span part[WEIR_CONN_SPANS_MAX];
	struct weir_spans payload = { part, 0, 0 };
	struct weir_rd in = v->l4;
	struct weir_conn_ends e = { .guest = v->from, .far = v->to };
	struct weir_tcp t;
	enum weir_reason r = weir_tcp_parse(&in, &t);
	uint32_t hash, i;
	bool reuse;

	if (r != WEIR_REASON_NONE) {
		weir_house_count(h, r);
		return;
	}
	payload.len = v->l4_len - t.header_len;
	payload.n = weir_view_payload(v, frame, t.header_len, part,
				      WEIR_CONN_SPANS_MAX);
	e.gport = t.sport;
	e.fport = t.dport;
	if (payload.len == 0)
		weir_tolls_owe(h, WEIR_TOLL_UP, frame->len);
	hash = hash_ends(&h->streams, &e);
	i = find(&h->streams, &e, hash);
	reuse = i != WEIR_HOUSE_NONE &&
		weir_conn_is_reusable(weir_relay_conn(h, i), &t);
	if (reuse && h->streams.side[i].flags & WEIR_SIDE_BUSY) {
		leave_table(h, i); /* its last segment is still to be sent */
		reuse = false;
		i = WEIR_HOUSE_NONE;
	}
	if (reuse)
		reopen_flow(h, i, &t, (uint32_t)payload.len);
	else if (i != WEIR_HOUSE_NONE)
		segment_for(h, i, &t, &payload);
	else if (weir_conn_is_syn(&t) && t.dport && t.sport)
		open_flow(h, &e, &t, (uint32_t)payload.len, hash, dns);
	else
		refuse(h, &e, &t, (uint32_t)payload.len, WEIR_REASON_NO_FLOW);
}

/* --- the host's events --- */

/* A connect is decided.  True if it succeeded. */
static bool dialled(struct weir_house *h, uint32_t i, uint32_t what)
{
	struct weir_side *side = &h->streams.side[i];
	int err = 0;

	if (what & (WEIR_LOOP_ERROR | WEIR_LOOP_EOF))
		err = weir_dial_result(side->fd);
	else if (!(what & WEIR_LOOP_OUT))
		return false;
	side->flags &= (uint16_t)~WEIR_SIDE_DIALLING;
	if (err) {
		close_side(h, i, false);
		dial_failed(h, i, err);
		return false;
	}
	side->flags |= WEIR_SIDE_WRITABLE;
	weir_conn_host_connected(weir_relay_conn(h, i), h->now_us);
	if (!(side->flags & WEIR_SIDE_GATED))
		weir_facts_connected(h, i);
	return true;
}

void weir_streams_event(struct weir_house *h, uint64_t low, uint32_t what)
{
	struct weir_streams *s = &h->streams;
	uint32_t i = (uint32_t)low;

	if (!weir_pool_is_taken(&s->pool, i) ||
	    weir_streams_tag(h, i) !=
		    WEIR_HOUSE_TAG(WEIR_HOUSE_TAG_STREAM, low) ||
	    s->side[i].fd < 0)
		return; /* it ended earlier in this turn */
	if (!(s->side[i].flags & WEIR_SIDE_DIALLING) || dialled(h, i, what))
		weir_relay_note(h, i, what);
	weir_streams_busy(h, i);
}

/* --- serving --- */

static void rearm(struct weir_house *h, uint32_t i)
{
	uint64_t due = weir_conn_due_us(weir_relay_conn(h, i)), d;

	if (h->streams.side[i].flags & WEIR_SIDE_GATED) {
		d = weir_inspect_due_us(h, i);
		due = d < due || is_mute(h, i) ? d : due;
	}
	if (due < weir_timer_due_us(&h->streams.timer, i))
		weir_timer_set(&h->streams.timer, i, due);
}

/*
 * Serve one flow; true if it could go on at once.  One that only lacks payload
 * memory stays on the list, to be tried again in the turn that frees some.
 */
static bool serve(struct weir_house *h, uint32_t i)
{
	struct weir_conn *c = weir_relay_conn(h, i);
	struct weir_side *side = &h->streams.side[i];
	bool more = false;

	if (c->state == WEIR_CONN_OPEN) {
		leave_half_open(h, i);
		if (side->flags & WEIR_SIDE_IN && !side->fact.told)
			weir_facts_connected(h, i);
	}
	if (side->flags & WEIR_SIDE_NAMES)
		serve_names(h, i);
	else if (side->flags & WEIR_SIDE_GATED)
		weir_inspect_serve(h, i);
	else
		weir_relay_push_up(h, i);
	if (side->fd >= 0 && !(side->flags & WEIR_SIDE_DIALLING))
		more = weir_relay_pull_down(h, i);
	if (side->flags & WEIR_SIDE_GATED)
		weir_inspect_serve(h, i); /* an answer may have freed bytes */
	if (!is_mute(h, i))
		weir_relay_segments(h, i);
	else if (c->flags & WEIR_CONN_F_RST_NOW)
		c->state = WEIR_CONN_OVER; /* not even that is said */
	if (c->state == WEIR_CONN_OVER) {
		if (!(side->flags &
		      WEIR_SIDE_BUSY)) /* else in the next round */
			end(h, i);
		return side->flags & WEIR_SIDE_BUSY &&
		       !weir_card_is_full(&h->card);
	}
	if (c->state == WEIR_CONN_WAIT && side->fd >= 0)
		close_side(h, i, false);
	rearm(h, i);
	if (side->flags & WEIR_SIDE_READABLE && !more &&
	    weir_store_pool_left(&h->payload) == 0) {
		h->streams.starved = true;
		weir_streams_busy(h, i);
	}
	if (more)
		weir_streams_busy(h, i);
	return more;
}

/* Flows from @i to @tail were not served: they are first in the next turn. */
static void put_back(struct weir_streams *s, uint32_t i, uint32_t tail)
{
	s->side[tail].next = s->busy;
	if (s->busy == WEIR_HOUSE_NONE)
		s->busy_last = tail;
	s->busy = i;
}

bool weir_streams_serve(struct weir_house *h)
{
	struct weir_streams *s = &h->streams;
	uint32_t i = s->busy, tail = s->busy_last;
	bool more = false;

	s->busy = WEIR_HOUSE_NONE;
	s->busy_last = WEIR_HOUSE_NONE;
	s->starved = false;
	s->budget = TURN_BYTES;
	weir_tolls_round(h);
	while (i != WEIR_HOUSE_NONE && s->budget) {
		uint32_t next = s->side[i].next;

		s->side[i].flags &= (uint16_t)~WEIR_SIDE_BUSY;
		if (serve(h, i))
			more = true;
		i = next;
	}
	if (i != WEIR_HOUSE_NONE) {
		put_back(s, i, tail);
		more = true;
	}
	/* those that lacked memory, if another gave some back meanwhile */
	if (s->starved && weir_store_pool_left(&h->payload))
		more = true;
	return more;
}

/* --- time --- */

/* DNS by TCP that is silent for long: FIN, and if that does not help, RST. */
static void tick_names(struct weir_house *h, uint32_t i)
{
	struct weir_conn *c = weir_relay_conn(h, i);
	struct weir_side *side = &h->streams.side[i];

	if (c->state != WEIR_CONN_OPEN ||
	    h->now_us - c->heard < WEIR_DNS_TCP_IDLE_MS * 1000ull)
		return;
	if (side->flags & WEIR_SIDE_ENDED_DOWN)
		weir_conn_abort(c, WEIR_REASON_IDLE);
	else
		weir_conn_down_ended(c);
	side->flags |= WEIR_SIDE_ENDED_DOWN;
}

void weir_streams_tick(struct weir_house *h)
{
	struct weir_streams *s = &h->streams;
	uint32_t i, n = 0;

	/* those left over are due at once, in the next turn */
	while (n++ < TURN_TIMERS &&
	       (i = weir_timer_expire(&s->timer, h->now_us)) !=
		       WEIR_TIMER_NONE) {
		struct weir_conn *c = &s->conn[i];

		if (s->side[i].flags & WEIR_SIDE_NAMES)
			tick_names(h, i);
		if (s->side[i].flags & WEIR_SIDE_GATED)
			weir_inspect_tick(h, i);
		weir_conn_tick(c, weir_relay_env(h, i), h->now_us);
		weir_streams_busy(h, i);
	}
}

uint64_t weir_streams_due_us(const struct weir_house *h)
{
	return weir_timer_next_us(&h->streams.timer);
}

bool weir_streams_owes(const struct weir_house *h)
{
	const struct weir_streams *s = &h->streams;
	uint32_t high = weir_pool_high(&s->pool);

	for (uint32_t i = 0; i < high; i++)
		if (weir_pool_is_taken(&s->pool, i) && s->conn[i].up.len &&
		    s->conn[i].state == WEIR_CONN_OPEN && s->side[i].fd >= 0 &&
		    !weir_inspect_is_held(h, i))
			return true;
	return false;
}

void weir_streams_end_all(struct weir_house *h, enum weir_reason why)
{
	struct weir_streams *s = &h->streams;
	uint32_t high = weir_pool_high(&s->pool);

	for (uint32_t i = 0; i < high; i++) {
		if (!weir_pool_is_taken(&s->pool, i))
			continue;
		weir_conn_abort(&s->conn[i], why);
		weir_streams_busy(h, i);
	}
	while (weir_streams_serve(h))
		;
}
