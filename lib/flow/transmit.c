/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transmit.c - the sending half of a connection: what goes to the guest, when
 *
 * DOC: how it works
 *
 * Bytes from the host lie in the store `down` until the guest acknowledged
 * them.  Sequence number snd_una is offset 0 of the store, so a segment is
 * always cut out of the store by the sequence number it begins with, a repeat
 * like a first sending:
 *
 *	 snd_una          snd_nxt       una+len      una+len+1
 *	    | in flight      | not sent    |  FIN       |
 *	    [ chunk ....][ chunk ....][ ch ]
 *	    ^ offset 0                      snd_max: highest ever sent
 *
 * There is no congestion to control between here and the guest: no more than
 * the guest's window is in flight, and that is all.  Frames can be lost all
 * the same (a full receive queue), so losses are repaired:
 *
 *  - three duplicate ACKs: the hole at snd_una is sent again, as long as SACK
 *    says it is, and again after each partial ACK (RFC 5681, 6582);
 *  - the RTO (RFC 6298): snd_nxt goes back to snd_una, and `cwnd` lets one
 *    segment out, then twice what is acknowledged, until all that was in
 *    flight is repaired; else cwnd is no limit.
 *
 * A window too small for a segment is waited for (RFC 9293 3.8.6.2.1); when
 * nothing is in flight a persist probe asks, with the same growing intervals.
 * A probe carries an old sequence number and no data, which every receiver
 * answers with an ACK.
 *
 * One deadline, due_send, serves RTO and persist: with bytes in flight it is
 * the RTO, else persist.
 *
 * Not here: timestamps, Nagle (what the host sent small goes on small),
 * congestion control, SACK scoreboard beyond the first hole.
 */
#include "flow/transmit.h"

#include "base/must.h"
#include "flow/seq.h"
#include "flow/window.h"

#define RTO_MIN_US   200000u
#define RTO_MAX_US   60000000u
#define REPEATS_MAX  15u
#define IP_TOTAL_MAX 65535u

static bool is4(const struct weir_conn *c)
{
	return weir_addr_is4(&c->ends.far);
}

static uint32_t in_flight(const struct weir_conn *c)
{
	return c->snd_nxt - c->snd_una;
}

/* --- segments --- */

static void begin(const struct weir_conn *c, struct weir_conn_out *o,
		  uint32_t seq)
{
	*o = (struct weir_conn_out){
		.tcp = { .sport = c->ends.fport,
			 .dport = c->ends.gport,
			 .seq = seq,
			 .wscale = -1 },
	};
}

static void finish(struct weir_conn *c)
{
	c->state = WEIR_CONN_OVER;
}

static void emit_rst(struct weir_conn *c, struct weir_conn_out *o)
{
	begin(c, o, c->state == WEIR_CONN_DIAL ? 0 : c->snd_max);
	o->tcp.flags = WEIR_TCP_RST;
	if (c->state != WEIR_CONN_CALL) { /* else nothing to acknowledge yet */
		o->tcp.flags |= WEIR_TCP_ACK;
		o->tcp.ack = c->rcv_nxt;
	}
	finish(c);
}

/* The guest acknowledged what is not ours: an older connection, most likely,
 * which it forgets for this.  Ours goes on. */
static void emit_refusal(struct weir_conn *c, struct weir_conn_out *o)
{
	begin(c, o, c->recover);
	o->tcp.flags = WEIR_TCP_RST;
	c->flags &= ~WEIR_CONN_F_REFUSE_NOW;
}

static void emit_unreachable(struct weir_conn *c, struct weir_conn_out *o)
{
	begin(c, o, 0);
	o->unreachable = true;
	finish(c);
}

/* Our SYN, when the guest is called: everything is offered. */
static void emit_syn(struct weir_conn *c, const struct weir_conn_env *env,
		     uint64_t now_us, struct weir_conn_out *o)
{
	begin(c, o, c->snd_una);
	o->tcp.flags = WEIR_TCP_SYN;
	o->tcp.window = (uint16_t)(c->rcv_edge - c->rcv_nxt);
	o->tcp.mss = (uint16_t)weir_window_mss_up(c, env);
	o->tcp.wscale = (int8_t)WEIR_WINDOW_SCALE;
	o->tcp.sack_ok = true;
	if (c->backoff == 0) {
		c->flags |= WEIR_CONN_F_RTT;
		c->rtt_seq = c->snd_nxt;
		c->rtt_at = now_us;
	}
	c->flags &= ~WEIR_CONN_F_SYNACK_NOW;
	c->due_send = now_us + c->rto;
}

static void emit_synack(struct weir_conn *c, const struct weir_conn_env *env,
			uint64_t now_us, struct weir_conn_out *o)
{
	uint32_t window = c->rcv_edge - c->rcv_nxt;

	begin(c, o, c->snd_una);
	o->tcp.flags = WEIR_TCP_SYN | WEIR_TCP_ACK;
	o->tcp.ack = c->rcv_nxt;
	o->tcp.window = (uint16_t)window;
	o->tcp.mss = (uint16_t)weir_window_mss_up(c, env);
	o->tcp.wscale = c->wscale < 0 ? -1 : (int8_t)WEIR_WINDOW_SCALE;
	o->tcp.sack_ok = (c->flags & WEIR_CONN_F_SACK) != 0;
	if (c->backoff == 0 && !(c->flags & WEIR_CONN_F_RTT)) {
		c->flags |= WEIR_CONN_F_RTT;
		c->rtt_seq = c->snd_nxt;
		c->rtt_at = now_us;
	}
	c->flags &= ~WEIR_CONN_F_SYNACK_NOW;
	c->due_send = now_us + c->rto;
}

static void put_sack(const struct weir_conn *c, struct weir_tcp *t)
{
	if (!(c->flags & WEIR_CONN_F_SACK))
		return;
	for (unsigned i = 0; i < c->early.n; i++) {
		t->sack[i].from = c->early.run[i].from;
		t->sack[i].to = c->early.run[i].to;
	}
	t->n_sack = c->early.n;
}

static void emit_ack(struct weir_conn *c, const struct weir_conn_env *env,
		     uint32_t seq, struct weir_conn_out *o)
{
	begin(c, o, seq);
	weir_window_put(c, env, &o->tcp);
	put_sack(c, &o->tcp);
}

/* Nobody takes the ACK of an old sequence number: it says nothing new. */
static void emit_probe(struct weir_conn *c, struct weir_conn_out *o)
{
	begin(c, o, c->snd_una - 1);
	o->tcp.flags = WEIR_TCP_ACK;
	o->tcp.ack = c->rcv_acked;
	o->tcp.window = (uint16_t)((c->rcv_edge - c->rcv_acked) >>
				   weir_window_scale(c));
	c->flags &= ~WEIR_CONN_F_PROBE_NOW;
}

/* The largest payload of one frame. */
static uint32_t frame_max(const struct weir_conn *c,
			  const struct weir_conn_env *env)
{
	uint32_t most;

	if (is4(c) ? !env->tso4 : !env->tso6)
		return c->mss;
	most = IP_TOTAL_MAX - (is4(c) ? 40u : 60u);
	return most - most % c->mss;
}

/*
 * Cut @n bytes at sequence number @seq out of the store, with FIN if @fin.
 * Whatever goes out this way carries the acknowledgement too.
 */
static void emit_bytes(struct weir_conn *c, struct weir_conn_env *env,
		       uint32_t seq, uint32_t n, struct weir_conn_out *o)
{
	begin(c, o, seq);
	weir_window_put(c, env, &o->tcp);
	o->len = n;
	c->quick = 0;
	if (n)
		o->n = weir_store_at(env->pool, &c->down, seq - c->snd_una, n,
				     o->payload, WEIR_CONN_SPANS_MAX);
	if (n > c->mss)
		o->gso_size = c->mss;
	if (seq - c->snd_una + n == c->down.len)
		o->tcp.flags |= WEIR_TCP_PSH;
}

/* Begin to time a segment that was never sent before (RFC 6298 3). */
static void time_it(struct weir_conn *c, uint32_t seq, uint64_t now_us)
{
	if (c->flags & WEIR_CONN_F_RTT || weir_seq_lt(seq, c->snd_max))
		return;
	c->flags |= WEIR_CONN_F_RTT;
	c->rtt_seq = c->snd_nxt;
	c->rtt_at = now_us;
}

/* How much of what is not sent may go now, as one frame; 0: wait. */
static uint32_t may_send(const struct weir_conn *c,
			 const struct weir_conn_env *env, uint32_t usable,
			 uint32_t unsent)
{
	uint32_t n = unsent, most = frame_max(c, env);

	if (n > most)
		n = most;
	if (n > usable)
		n = usable;
	if (n == most)
		return n;
	if (n == unsent) {
		if (c->flags & WEIR_CONN_F_MORE && weir_conn_down_wants(c, env))
			return 0;
		return n;
	}
	if (n >= c->mss)
		return n - n % c->mss;
	if (c->flags & WEIR_CONN_F_FORCE_NOW || n >= c->snd_wnd_max / 2)
		return n;
	if (in_flight(c) == 0 && weir_seq_lt(c->snd_nxt, c->snd_max))
		return n; /* after an RTO: it went once, however small it is */
	return 0;
}

static void arm_send(struct weir_conn *c, uint64_t now_us)
{
	if (c->due_send == WEIR_TRANSMIT_NEVER)
		c->due_send = now_us + c->rto;
}

/* New bytes, or after an RTO old ones again, from snd_nxt on. */
static bool emit_next(struct weir_conn *c, struct weir_conn_env *env,
		      uint64_t now_us, struct weir_conn_out *o)
{
	uint32_t flight = in_flight(c), wnd = c->snd_wnd, usable, unsent, n;
	uint32_t seq = c->snd_nxt;
	bool fin;

	if (c->flags & WEIR_CONN_F_FIN_ACKED || flight > c->down.len)
		return false; /* all is sent, FIN included */
	if (wnd > c->cwnd)
		wnd = c->cwnd;
	usable = wnd > flight ? wnd - flight : 0;
	unsent = c->down.len - flight;
	n = may_send(c, env, usable, unsent);
	fin = c->flags & WEIR_CONN_F_HOST_EOF && n == unsent && usable > n;
	if (n == 0 && !fin) {
		if (flight == 0 && (unsent || c->flags & WEIR_CONN_F_HOST_EOF))
			arm_send(c, now_us); /* persist */
		return false;
	}
	emit_bytes(c, env, seq, n, o);
	if (fin)
		o->tcp.flags |= WEIR_TCP_FIN;
	c->snd_nxt += n + (fin ? 1u : 0u);
	time_it(c, seq, now_us);
	if (weir_seq_lt(c->snd_max, c->snd_nxt))
		c->snd_max = c->snd_nxt;
	c->flags &= ~WEIR_CONN_F_FORCE_NOW;
	if (flight == 0)
		c->due_send = now_us + c->rto;
	return true;
}

/* The hole at snd_una once more; snd_nxt stays where it is. */
static bool emit_hole(struct weir_conn *c, struct weir_conn_env *env,
		      uint64_t now_us, struct weir_conn_out *o)
{
	uint32_t n = c->hole ? c->hole : c->mss, most = frame_max(c, env);

	c->flags &= ~(WEIR_CONN_F_REXMIT_NOW | WEIR_CONN_F_RTT);
	if (in_flight(c) == 0)
		return false;
	if (n > most)
		n = most;
	if (n > c->mss)
		n -= n % c->mss;
	if (n > c->down.len)
		n = c->down.len;
	if (n > in_flight(c))
		n = in_flight(c);
	emit_bytes(c, env, c->snd_una, n, o);
	if (n == c->down.len && in_flight(c) > n)
		o->tcp.flags |= WEIR_TCP_FIN;
	c->due_send = now_us + c->rto;
	return true;
}

static bool next_open(struct weir_conn *c, struct weir_conn_env *env,
		      uint64_t now_us, struct weir_conn_out *o)
{
	if (c->flags & WEIR_CONN_F_ACK_NOW && c->early.n) {
		emit_ack(c, env, c->snd_max, o);
		return true;
	}
	if (c->flags & WEIR_CONN_F_REXMIT_NOW && emit_hole(c, env, now_us, o))
		return true;
	if (emit_next(c, env, now_us, o))
		return true;
	if (c->flags & WEIR_CONN_F_HOST_RST) {
		emit_rst(c, o);
		return true;
	}
	if (c->flags & WEIR_CONN_F_ACK_NOW) {
		emit_ack(c, env, c->snd_max, o);
		return true;
	}
	if (c->flags & WEIR_CONN_F_PROBE_NOW) {
		emit_probe(c, o);
		return true;
	}
	return false;
}

static bool next_call(struct weir_conn *c, struct weir_conn_env *env,
		      uint64_t now_us, struct weir_conn_out *o)
{
	if (c->flags & WEIR_CONN_F_REFUSE_NOW) {
		emit_refusal(c, o);
		return true;
	}
	if (c->flags & WEIR_CONN_F_SYNACK_NOW) {
		emit_syn(c, env, now_us, o);
		return true;
	}
	return false;
}

bool weir_transmit_next(struct weir_conn *c, struct weir_conn_env *env,
			uint64_t now_us, struct weir_conn_out *ret)
{
	if (c->state == WEIR_CONN_OVER)
		return false;
	if (c->flags & WEIR_CONN_F_RST_NOW) {
		emit_rst(c, ret);
		return true;
	}
	if (c->flags & WEIR_CONN_F_UNREACH_NOW) {
		emit_unreachable(c, ret);
		return true;
	}
	switch ((enum weir_conn_state)c->state) {
	case WEIR_CONN_DIAL:
	case WEIR_CONN_OVER:
		return false;
	case WEIR_CONN_CALL:
		return next_call(c, env, now_us, ret);
	case WEIR_CONN_REPLY:
		if (c->flags & WEIR_CONN_F_SYNACK_NOW) {
			emit_synack(c, env, now_us, ret);
			return true;
		}
		if (c->flags & WEIR_CONN_F_ACK_NOW) {
			emit_ack(c, env, c->snd_max, ret);
			return true;
		}
		return false;
	case WEIR_CONN_OPEN:
	case WEIR_CONN_WAIT:
		return next_open(c, env, now_us, ret);
	}
	return false;
}

/* --- acknowledgements --- */

/* RFC 6298 2. */
static void measure(struct weir_conn *c, uint64_t now_us)
{
	uint64_t took = now_us - c->rtt_at;
	uint32_t r = took > RTO_MAX_US ? RTO_MAX_US : (uint32_t)took, gap;

	c->flags &= ~WEIR_CONN_F_RTT;
	if (r == 0)
		r = 1;
	if (c->srtt == 0) {
		c->srtt = r;
		c->rttvar = r / 2;
	} else {
		gap = r > c->srtt ? r - c->srtt : c->srtt - r;
		c->rttvar = c->rttvar - c->rttvar / 4 + gap / 4;
		c->srtt = c->srtt - c->srtt / 8 + r / 8;
	}
}

static void fresh_rto(struct weir_conn *c)
{
	uint64_t rto = c->srtt + 4ull * c->rttvar;

	if (c->srtt == 0)
		rto = 1000000; /* RFC 6298 2.1 */
	if (rto < RTO_MIN_US)
		rto = RTO_MIN_US;
	c->rto = rto > RTO_MAX_US ? RTO_MAX_US : (uint32_t)rto;
	c->backoff = 0;
}

void weir_transmit_opened(struct weir_conn *c, uint64_t now_us)
{
	c->snd_una = c->snd_nxt;
	if (c->flags & WEIR_CONN_F_RTT)
		measure(c, now_us);
	fresh_rto(c);
	c->flags &= ~WEIR_CONN_F_SYNACK_NOW;
	c->due_send = WEIR_TRANSMIT_NEVER;
}

/* Everything that was in flight at the loss has arrived, or part of it. */
static void repair(struct weir_conn *c, uint32_t acked)
{
	if (!(c->flags & WEIR_CONN_F_RECOVER))
		return;
	if (!weir_seq_lt(c->snd_una, c->recover)) {
		c->flags &= ~WEIR_CONN_F_RECOVER;
		c->cwnd = UINT32_MAX;
	} else if (c->cwnd == UINT32_MAX) {
		c->flags |= WEIR_CONN_F_REXMIT_NOW; /* a partial ACK */
	} else {
		uint32_t more = acked > UINT32_MAX / 4 ? acked : acked * 2;

		c->cwnd = c->cwnd > UINT32_MAX / 2 ? c->cwnd : c->cwnd + more;
	}
}

static void advance(struct weir_conn *c, struct weir_conn_env *env,
		    uint32_t ack, uint64_t now_us)
{
	uint32_t acked = ack - c->snd_una, bytes = acked;

	if (bytes > c->down.len)
		bytes = c->down.len;
	if (acked > bytes)
		c->flags |= WEIR_CONN_F_FIN_ACKED;
	weir_store_drop(env->pool, &c->down, bytes);
	if (c->down.len == 0)
		weir_store_clear(env->pool, &c->down);
	c->bytes_down += bytes;
	c->snd_una = ack;
	if (weir_seq_lt(c->snd_nxt, ack))
		c->snd_nxt = ack;
	if (c->flags & WEIR_CONN_F_RTT && weir_seq_le(c->rtt_seq, ack))
		measure(c, now_us);
	c->dupacks = 0;
	fresh_rto(c);
	repair(c, acked);
	c->due_send = in_flight(c) ? now_us + c->rto : WEIR_TRANSMIT_NEVER;
}

/* How long is the hole at snd_una, as the guest's SACK blocks tell? */
static uint32_t sacked_hole(const struct weir_conn *c, const struct weir_tcp *t)
{
	uint32_t hole = 0;

	for (unsigned i = 0; i < t->n_sack; i++) {
		uint32_t from = t->sack[i].from;

		if (!weir_seq_lt(c->snd_una, from) ||
		    !weir_seq_lt(from, c->snd_max))
			continue;
		if (hole == 0 || from - c->snd_una < hole)
			hole = from - c->snd_una;
	}
	return hole;
}

static void duplicate(struct weir_conn *c)
{
	if (c->dupacks < UINT8_MAX)
		c->dupacks++;
	if (c->dupacks != 3 || c->flags & WEIR_CONN_F_RECOVER)
		return;
	c->flags |= WEIR_CONN_F_RECOVER | WEIR_CONN_F_REXMIT_NOW;
	c->recover = c->snd_max;
}

/*
 * RFC 9293 3.10.7.4, "update send window"; but what acknowledges new bytes
 * always counts, as a window belongs to its acknowledgement.
 */
static bool take_window(struct weir_conn *c, const struct weir_tcp *t,
			bool advanced)
{
	uint32_t wnd = t->window;
	bool changed;

	if (c->wscale > 0)
		wnd <<= (unsigned)c->wscale;
	if (!advanced && !weir_seq_lt(c->snd_wl1, t->seq) &&
	    !(c->snd_wl1 == t->seq && (wnd > c->snd_wnd || wnd == 0)))
		return false;
	changed = wnd != c->snd_wnd;
	c->snd_wl1 = t->seq;
	if (changed && in_flight(c) == 0 && wnd > c->snd_wnd) {
		fresh_rto(c); /* persist is over */
		c->due_send = WEIR_TRANSMIT_NEVER;
	}
	c->snd_wnd = wnd;
	if (wnd > c->snd_wnd_max)
		c->snd_wnd_max = wnd;
	return changed;
}

enum weir_reason weir_transmit_acked(struct weir_conn *c,
				     struct weir_conn_env *env,
				     const struct weir_tcp *t, bool plain,
				     uint64_t now_us)
{
	bool old = weir_seq_lt(t->ack, c->snd_una), same, changed;

	if (weir_seq_lt(c->snd_max, t->ack))
		return WEIR_REASON_BAD_ACK;
	if (old && weir_seq_lt(t->ack, c->snd_una - c->snd_wnd_max - 1))
		return WEIR_REASON_BAD_ACK; /* RFC 5961 5.2 */
	if (old)
		return WEIR_REASON_NONE;
	same = t->ack == c->snd_una;
	if (!same)
		advance(c, env, t->ack, now_us);
	c->hole = sacked_hole(c, t);
	changed = take_window(c, t, !same);
	if (same && plain && !changed && in_flight(c))
		duplicate(c);
	return WEIR_REASON_NONE;
}

/* --- time --- */

static void again(struct weir_conn *c)
{
	c->backoff++;
	c->rto = c->rto > RTO_MAX_US / 2 ? RTO_MAX_US : c->rto * 2;
	c->due_send = WEIR_TRANSMIT_NEVER;
}

void weir_transmit_tick(struct weir_conn *c, uint64_t now_us)
{
	bool lost = in_flight(c) != 0;

	if (c->backoff >= REPEATS_MAX && lost) {
		weir_conn_abort(c, WEIR_REASON_TIMEOUT);
		return;
	}
	if (c->backoff >= REPEATS_MAX)
		c->backoff--; /* a closed window is waited for */
	again(c);
	c->flags &= ~WEIR_CONN_F_RTT;
	if (c->state == WEIR_CONN_REPLY || c->state == WEIR_CONN_CALL) {
		c->flags |= WEIR_CONN_F_SYNACK_NOW;
	} else if (lost) {
		c->snd_nxt = c->snd_una;
		c->recover = c->snd_max;
		c->cwnd = c->mss;
		c->dupacks = 0;
		c->flags |= WEIR_CONN_F_RECOVER;
		c->flags &= ~WEIR_CONN_F_REXMIT_NOW;
	} else if (c->snd_wnd) {
		c->flags |= WEIR_CONN_F_FORCE_NOW;
	} else {
		c->flags |= WEIR_CONN_F_PROBE_NOW;
		c->due_send = now_us + c->rto;
	}
}
