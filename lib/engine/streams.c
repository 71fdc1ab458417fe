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
 * not wait for that: it goes from the frame straight to the host's socket.
 * A flow that could go on stays on the list: SERVE_BYTES a turn each.
 *
 *	   SYN
 *	    | judged, half-open limit, pool
 *	    v
 *	 dial ---- EPOLLOUT --> connected     fd watched, DIALLING cleared
 *	    |
 *	    +----- error -----> weir_conn_host_failed()
 *
 * A host error (reset) is told by recv(): bytes that came before it are read
 * first.  A send that fails takes the error with it, so BROKEN remembers it
 * and the end of file that recv() then shows is taken for what it is.
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
#include "engine/down.h"
#include "engine/names.h"
#include "engine/up.h"
#include "engine/verdict.h"
#include "flow/transmit.h"
#include "host/dial.h"
#include "sys/loop.h"

#define SERVE_BYTES 262144u /* from the host, a flow and turn */
#define READ_BYTES  131072u /* from the host, a call */
#define SWEEP       4096u   /* entries looked at for one in TIME-WAIT */

/* weir_side.flags */
#define SIDE_BUSY       0x1u   /* on the busy list */
#define SIDE_READABLE   0x2u   /* recv() may find something */
#define SIDE_WRITABLE   0x4u   /* send() may take something */
#define SIDE_DIALLING   0x8u   /* connect is under way */
#define SIDE_EOF        0x10u  /* the peer sends no more: read on to see it */
#define SIDE_ERROR      0x20u  /* an error is pending */
#define SIDE_BROKEN     0x40u  /* a send failed */
#define SIDE_HALF       0x80u  /* counted as half-open */
#define SIDE_NAMES      0x100u /* DNS over TCP: no socket */
#define SIDE_OTHER      0x200u /* loopback: another family may be tried */
#define SIDE_ENDED_DOWN 0x400u /* end of file was read */

static struct weir_conn *conn_of(struct weir_house *h, uint32_t i)
{
	return &h->streams.conn[i];
}

static struct weir_conn_env *env_of(struct weir_house *h, uint32_t i)
{
	return h->streams.side[i].flags & SIDE_NAMES ? &h->env_names : &h->env;
}

size_t weir_streams_bytes(uint32_t flows)
{
	return weir_pool_bytes(flows) + weir_table_bytes(flows) +
	       weir_timer_bytes(flows) + 256 +
	       (size_t)flows *
		       (sizeof(struct weir_conn) + sizeof(struct weir_side));
}

bool weir_streams_init(struct weir_house *h, struct weir_arena *arena,
		       uint32_t flows)
{
	struct weir_streams *s = &h->streams;

	s->busy = WEIR_HOUSE_NONE;
	s->busy_last = WEIR_HOUSE_NONE;
	s->conn = weir_arena_take(arena, flows, sizeof(*s->conn), 64);
	s->side = weir_arena_take(arena, flows, sizeof(*s->side), 16);
	return s->conn && s->side && weir_pool_init(&s->pool, arena, flows) &&
	       weir_table_init(&s->table, arena, flows) &&
	       weir_timer_init(&s->timer, arena, flows, h->now_us);
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
static uint64_t tag_of(const struct weir_house *h, uint32_t i)
{
	uint64_t gen = weir_streams_id(h, i) >> 32 & 0xffffff;

	return WEIR_HOUSE_TAG(WEIR_HOUSE_TAG_STREAM, gen << 32 | i);
}

/* --- the busy list --- */

void weir_streams_busy(struct weir_house *h, uint32_t i)
{
	struct weir_streams *s = &h->streams;

	if (s->side[i].flags & SIDE_BUSY)
		return;
	s->side[i].flags |= SIDE_BUSY;
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
	if (h->streams.side[i].flags & SIDE_HALF) {
		h->streams.side[i].flags &= (uint16_t)~SIDE_HALF;
		h->streams.half_open--;
	}
}

static void close_side(struct weir_house *h, uint32_t i, bool reset)
{
	struct weir_side *side = &h->streams.side[i];

	weir_dial_close(side->fd, reset);
	side->fd = -1;
	side->flags &=
		(uint16_t) ~(SIDE_READABLE | SIDE_WRITABLE | SIDE_DIALLING);
}

/* The flow is over; the entry is free afterwards.  Not while it is busy. */
static void end(struct weir_house *h, uint32_t i)
{
	struct weir_streams *s = &h->streams;
	struct weir_conn *c = &s->conn[i];
	enum weir_reason why = (enum weir_reason)c->over;

	weir_must(!(s->side[i].flags & SIDE_BUSY));
	close_side(h, i,
		   why != WEIR_REASON_CLOSED &&
			   !(s->side[i].flags & SIDE_DIALLING));
	leave_half_open(h, i);
	weir_house_count(h, why);
	h->sum.tcp_bytes_up += c->bytes_up;
	h->sum.tcp_bytes_down += c->bytes_down;
	h->sum.tcp_now--;
	weir_conn_free(c, &h->env);
	weir_timer_cancel(&s->timer, i);
	weir_table_remove(&s->table, i);
	weir_pool_give(&s->pool, i);
}

/* Make room: let one go that is in TIME-WAIT.  True if one was found. */
static bool evict_waiting(struct weir_house *h)
{
	struct weir_streams *s = &h->streams;
	uint32_t high = weir_pool_high(&s->pool);

	for (uint32_t n = 0; n < SWEEP && n < high; n++) {
		uint32_t i = s->hand < high ? s->hand : 0;

		s->hand = i + 1;
		if (!weir_pool_is_taken(&s->pool, i) ||
		    s->conn[i].state != WEIR_CONN_WAIT ||
		    s->side[i].flags & SIDE_BUSY)
			continue;
		s->conn[i].over = WEIR_REASON_CLOSED;
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

/* Begin to connect.  0, or the negative errno of a connect that failed. */
static int connect_to(struct weir_house *h, uint32_t i,
		      const struct weir_addr *to)
{
	struct weir_side *side = &h->streams.side[i];
	int err;

	side->fd = weir_dial_start(to, conn_of(h, i)->ends.fport);
	if (side->fd < 0) {
		err = side->fd;
		side->fd = -1;
		return err;
	}
	side->flags |= SIDE_DIALLING;
	err = weir_loop_watch(h->loop, side->fd, tag_of(h, i), true, true);
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
	struct weir_conn *c = conn_of(h, i);
	struct weir_side *side = &h->streams.side[i];
	enum weir_reason why = weir_dial_reason(err);
	struct weir_addr to, other;

	if (side->flags & SIDE_OTHER && why != WEIR_REASON_NO_FDS &&
	    why != WEIR_REASON_NO_MEMORY) {
		side->flags &= (uint16_t)~SIDE_OTHER;
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

/* The host side of a connection that was just made from a SYN. */
static void begin(struct weir_house *h, uint32_t i, bool dns)
{
	struct weir_conn *c = conn_of(h, i);
	struct weir_side *side = &h->streams.side[i];
	struct weir_addr to, other;

	*side = (struct weir_side){ .fd = -1, .next = WEIR_HOUSE_NONE };
	side->flags = SIDE_HALF;
	h->streams.half_open++;
	h->sum.tcp_opened++;
	h->sum.tcp_now++;
	if (dns) {
		side->flags |= SIDE_NAMES;
		weir_conn_host_connected(c, h->now_us);
	} else {
		if (weir_verdict_place(h, &c->ends.far, &to, &other))
			side->flags |= SIDE_OTHER;
		dial(h, i, &to);
	}
	weir_streams_busy(h, i);
}

static void open_flow(struct weir_house *h, const struct weir_conn_ends *e,
		      const struct weir_tcp *t, uint32_t len, uint32_t hash,
		      bool dns)
{
	struct weir_streams *s = &h->streams;
	enum weir_reason why =
		dns ? WEIR_REASON_NONE : weir_verdict_judge(h, &e->far);
	uint32_t i;

	if (why != WEIR_REASON_NONE) {
		refuse(h, e, t, len, why);
		return;
	}
	if (s->half_open >= WEIR_HALF_OPEN_MAX) {
		refuse(h, e, t, len, WEIR_REASON_LIMIT_HALF_OPEN);
		return;
	}
	i = weir_pool_take(&s->pool);
	if (i == WEIR_POOL_NONE && evict_waiting(h))
		i = weir_pool_take(&s->pool);
	if (i == WEIR_POOL_NONE) {
		refuse(h, e, t, len, WEIR_REASON_LIMIT_FLOWS);
		return;
	}
	weir_conn_init(&s->conn[i], &h->env, e, t, h->now_us);
	weir_table_put(&s->table, i, hash);
	begin(h, i, dns);
}

/* A new SYN on a connection in TIME-WAIT: judged and dialled like any. */
static void reopen_flow(struct weir_house *h, uint32_t i,
			const struct weir_tcp *t, uint32_t len)
{
	struct weir_conn *c = conn_of(h, i);
	bool dns = h->streams.side[i].flags & SIDE_NAMES;
	enum weir_reason why =
		dns ? WEIR_REASON_NONE : weir_verdict_judge(h, &c->ends.far);

	if (h->streams.side[i].flags & SIDE_BUSY)
		return; /* its last segment first; the SYN will come again */
	if (why != WEIR_REASON_NONE) {
		refuse(h, &c->ends, t, len, why);
		return;
	}
	weir_house_count(h, WEIR_REASON_CLOSED);
	h->sum.tcp_bytes_up += c->bytes_up;
	h->sum.tcp_bytes_down += c->bytes_down;
	h->sum.tcp_now--;
	weir_timer_cancel(&h->streams.timer, i);
	weir_conn_init_after(c, &h->env, t, h->now_us);
	begin(h, i, dns);
}

/* --- up --- */

/* DNS by TCP: when the guest is done and all is answered, so are we. */
static void serve_names(struct weir_house *h, uint32_t i)
{
	struct weir_conn *c = conn_of(h, i);
	struct weir_side *side = &h->streams.side[i];

	weir_names_stream(h, i);
	if (!(c->flags & WEIR_CONN_F_GUEST_FIN) || side->pending)
		return;
	if (c->up.len) /* half a question */
		weir_conn_up_taken(c, &h->env_names, c->up.len);
	if (!(side->flags & SIDE_ENDED_DOWN))
		weir_conn_down_ended(c);
	side->flags |= SIDE_ENDED_DOWN;
	if (weir_conn_up_is_ended(c))
		weir_conn_up_shut(c, h->now_us);
}

/* Bytes that wait in the store, to the host. */
static void push_up(struct weir_house *h, uint32_t i)
{
	struct weir_conn *c = conn_of(h, i);
	struct weir_side *side = &h->streams.side[i];
	struct weir_span part[WEIR_DIAL_SPANS_MAX];

	while (side->flags & SIDE_WRITABLE) {
		unsigned n = weir_conn_up_peek(c, &h->env, part,
					       WEIR_DIAL_SPANS_MAX);
		size_t len = 0;
		long done;

		if (n == 0)
			break;
		for (unsigned k = 0; k < n; k++)
			len += part[k].len;
		done = weir_dial_send(side->fd, part, n);
		if (done < 0) {
			side->flags |= SIDE_BROKEN | SIDE_READABLE;
			side->flags &= (uint16_t)~SIDE_WRITABLE;
			return;
		}
		if ((size_t)done < len)
			side->flags &= (uint16_t)~SIDE_WRITABLE;
		weir_conn_up_taken(c, &h->env, (uint32_t)done);
	}
	if (side->fd >= 0 && !(side->flags & SIDE_DIALLING) &&
	    weir_conn_up_is_ended(c)) {
		(void)weir_dial_shut(side->fd);
		weir_conn_up_shut(c, h->now_us);
	}
}

/* New payload in order: from the frame to the host, the rest is kept. */
static enum weir_reason pass_up(struct weir_house *h, uint32_t i,
				const struct weir_spans *payload,
				const struct weir_conn_direct *d)
{
	struct weir_conn *c = conn_of(h, i);
	struct weir_side *side = &h->streams.side[i];
	struct weir_span part[WEIR_DIAL_SPANS_MAX];
	long done = 0;

	if (side->flags & SIDE_WRITABLE) {
		unsigned n = weir_spans_cut(payload, d->skip, d->len, part,
					    WEIR_DIAL_SPANS_MAX);

		done = weir_dial_send(side->fd, part, n);
		if (done < 0) {
			side->flags |= SIDE_BROKEN | SIDE_READABLE;
			done = 0;
		}
		if (done < (long)d->len)
			side->flags &= (uint16_t)~SIDE_WRITABLE;
	}
	return weir_conn_take(c, env_of(h, i), payload, d, (uint32_t)done,
			      h->now_us);
}

static void segment_for(struct weir_house *h, uint32_t i,
			const struct weir_tcp *t,
			const struct weir_spans *payload)
{
	struct weir_conn_direct d;
	enum weir_reason r;

	r = weir_conn_segment(conn_of(h, i), env_of(h, i), t, payload,
			      h->now_us, &d);
	if (d.len)
		r = pass_up(h, i, payload, &d);
	if (r != WEIR_REASON_NONE)
		weir_house_count(h, r);
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

	if (r != WEIR_REASON_NONE) {
		weir_house_count(h, r);
		return;
	}
	payload.len = v->l4_len - t.header_len;
	payload.n = weir_view_payload(v, frame, t.header_len, part,
				      WEIR_CONN_SPANS_MAX);
	e.gport = t.sport;
	e.fport = t.dport;
	hash = hash_ends(&h->streams, &e);
	i = find(&h->streams, &e, hash);
	if (i != WEIR_HOUSE_NONE && weir_conn_is_reusable(conn_of(h, i), &t))
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
	side->flags &= (uint16_t)~SIDE_DIALLING;
	if (err) {
		close_side(h, i, false);
		dial_failed(h, i, err);
		return false;
	}
	side->flags |= SIDE_WRITABLE;
	weir_conn_host_connected(conn_of(h, i), h->now_us);
	return true;
}

static void note(struct weir_side *side, uint32_t what)
{
	if (what & (WEIR_LOOP_IN | WEIR_LOOP_EOF | WEIR_LOOP_ERROR))
		side->flags |= SIDE_READABLE;
	if (what & WEIR_LOOP_OUT)
		side->flags |= SIDE_WRITABLE;
	if (what & WEIR_LOOP_EOF)
		side->flags |= SIDE_EOF;
	if (what & WEIR_LOOP_ERROR)
		side->flags |= SIDE_ERROR;
}

void weir_streams_event(struct weir_house *h, uint64_t low, uint32_t what)
{
	struct weir_streams *s = &h->streams;
	uint32_t i = (uint32_t)low;

	if (!weir_pool_is_taken(&s->pool, i) ||
	    tag_of(h, i) != WEIR_HOUSE_TAG(WEIR_HOUSE_TAG_STREAM, low) ||
	    s->side[i].fd < 0)
		return; /* it ended earlier in this turn */
	if (!(s->side[i].flags & SIDE_DIALLING) || dialled(h, i, what))
		note(&s->side[i], what);
	weir_streams_busy(h, i);
}

/* --- down --- */

/* recv() found the end, or an error. */
static void read_end(struct weir_conn *c, struct weir_side *side, long got)
{
	side->flags &= (uint16_t)~SIDE_READABLE;
	if (got == -EAGAIN)
		return;
	if (got < 0 || side->flags & (SIDE_BROKEN | SIDE_ERROR)) {
		weir_conn_host_reset(c);
		return;
	}
	side->flags |= SIDE_ENDED_DOWN;
	weir_conn_down_ended(c);
}

/* One read; returns the bytes that came. */
static uint32_t read_once(struct weir_house *h, uint32_t i, uint32_t want)
{
	struct weir_conn *c = conn_of(h, i);
	struct weir_side *side = &h->streams.side[i];
	struct weir_span part[WEIR_DIAL_SPANS_MAX];
	size_t room = 0;
	unsigned n;
	long got;

	if (want > READ_BYTES)
		want = READ_BYTES;
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
		read_end(c, side, got);
		return 0;
	}
	if ((size_t)got < room && !(side->flags & (SIDE_EOF | SIDE_ERROR)))
		side->flags &= (uint16_t)~SIDE_READABLE;
	return (uint32_t)got;
}

static void send_segments(struct weir_house *h, uint32_t i)
{
	struct weir_conn *c = conn_of(h, i);
	struct weir_conn_out out;
	struct weir_rd l3;

	while (weir_conn_next(c, env_of(h, i), h->now_us, &out)) {
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
	struct weir_conn *c = conn_of(h, i);
	uint16_t flags = h->streams.side[i].flags;

	if (c->state != WEIR_CONN_OPEN)
		return false;
	if (flags & SIDE_ENDED_DOWN)
		return flags & (SIDE_ERROR | SIDE_BROKEN);
	return flags & SIDE_ERROR && weir_conn_down_is_stuck(c);
}

/* Bytes from the host, as far as the guest's window goes. */
static void pull_down(struct weir_house *h, uint32_t i)
{
	struct weir_conn *c = conn_of(h, i);
	struct weir_side *side = &h->streams.side[i];
	uint32_t done = 0, want;

	while (side->flags & SIDE_READABLE && done < SERVE_BYTES) {
		want = weir_conn_down_wants(c, &h->env);
		if (want == 0)
			break;
		done += read_once(h, i, want);
		send_segments(h, i);
		if (c->state == WEIR_CONN_OVER)
			return;
	}
	if (is_dead(h, i))
		weir_conn_host_reset(c);
}

static void rearm(struct weir_house *h, uint32_t i)
{
	uint64_t due = weir_conn_due_us(conn_of(h, i));

	if (due < weir_timer_due_us(&h->streams.timer, i))
		weir_timer_set(&h->streams.timer, i, due);
}

/*
 * Serve one flow; true if it could go on at once.  One that only lacks payload
 * memory stays on the list, to be tried again in the turn that frees some.
 */
static bool serve(struct weir_house *h, uint32_t i)
{
	struct weir_conn *c = conn_of(h, i);
	struct weir_side *side = &h->streams.side[i];

	if (c->state == WEIR_CONN_OPEN)
		leave_half_open(h, i);
	if (side->flags & SIDE_NAMES)
		serve_names(h, i);
	else
		push_up(h, i);
	if (side->fd >= 0 && !(side->flags & SIDE_DIALLING))
		pull_down(h, i);
	send_segments(h, i);
	if (c->state == WEIR_CONN_OVER) {
		if (!(side->flags & SIDE_BUSY)) /* else in the next round */
			end(h, i);
		return side->flags & SIDE_BUSY;
	}
	if (c->state == WEIR_CONN_WAIT && side->fd >= 0)
		close_side(h, i, false);
	rearm(h, i);
	if (!(side->flags & SIDE_READABLE))
		return false;
	if (weir_conn_down_wants(c, &h->env) == 0) {
		if (weir_store_pool_left(&h->payload) == 0)
			weir_streams_busy(h, i);
		return false;
	}
	weir_streams_busy(h, i);
	return true;
}

bool weir_streams_serve(struct weir_house *h)
{
	struct weir_streams *s = &h->streams;
	uint32_t i = s->busy;
	bool more = false;

	s->busy = WEIR_HOUSE_NONE;
	s->busy_last = WEIR_HOUSE_NONE;
	while (i != WEIR_HOUSE_NONE) {
		uint32_t next = s->side[i].next;

		s->side[i].flags &= (uint16_t)~SIDE_BUSY;
		if (serve(h, i))
			more = true;
		i = next;
	}
	/* those that lacked memory, if another gave some back meanwhile */
	if (s->busy != WEIR_HOUSE_NONE && weir_store_pool_left(&h->payload))
		more = true;
	return more;
}

/* --- time --- */

/* DNS by TCP that is silent for long: FIN, and if that does not help, RST. */
static void tick_names(struct weir_house *h, uint32_t i)
{
	struct weir_conn *c = conn_of(h, i);
	struct weir_side *side = &h->streams.side[i];

	if (c->state != WEIR_CONN_OPEN ||
	    h->now_us - c->heard < WEIR_DNS_TCP_IDLE_MS * 1000ull)
		return;
	if (side->flags & SIDE_ENDED_DOWN)
		weir_conn_abort(c, WEIR_REASON_IDLE);
	else
		weir_conn_down_ended(c);
	side->flags |= SIDE_ENDED_DOWN;
}

void weir_streams_tick(struct weir_house *h)
{
	struct weir_streams *s = &h->streams;
	uint32_t i;

	while ((i = weir_timer_expire(&s->timer, h->now_us)) !=
	       WEIR_TIMER_NONE) {
		struct weir_conn *c = &s->conn[i];

		if (s->side[i].flags & SIDE_NAMES)
			tick_names(h, i);
		weir_conn_tick(c, env_of(h, i), h->now_us);
		weir_streams_busy(h, i);
	}
}

uint64_t weir_streams_due_us(const struct weir_house *h)
{
	return weir_timer_next_us(&h->streams.timer);
}

void weir_streams_end_all(struct weir_house *h)
{
	struct weir_streams *s = &h->streams;
	uint32_t high = weir_pool_high(&s->pool);

	for (uint32_t i = 0; i < high; i++) {
		if (!weir_pool_is_taken(&s->pool, i))
			continue;
		weir_conn_abort(&s->conn[i], WEIR_REASON_SHUTDOWN);
		weir_streams_busy(h, i);
	}
	(void)weir_streams_serve(h);
}
