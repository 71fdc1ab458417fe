/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.c - the receiving half's promises: acknowledgement and window
 *
 * DOC: how it works
 *
 * Every byte up to the right edge rcv_edge may be sent by the guest and will
 * be kept; the edge never moves left.  It is moved right as the host takes
 * bytes and as payload memory allows, never by a silly little
 * (RFC 9293 3.8.6.2.2), and rcv_cap, the most it may have outstanding, doubles
 * for a guest that uses most of its window in one go.
 *
 * The field on the wire counts in units of 2^scale; where the distance is no
 * multiple the edge moves right by what is missing, and where the connection's
 * own queue has no room left for that, the acknowledgement is held back by the
 * few bytes instead (HELD, until the host takes some), so that ACK + window is
 * exactly the edge in either case.
 *
 * Acknowledgements are delayed by at most DELAY_ACK_US in the hope of a
 * segment to ride on.  Where that hope fails (the timer fires) the guest may
 * be waiting (Nagle), so the next QUICK_ACKS are sent at once.  A lot of bytes,
 * a gap, a FIN or a window that can be opened are acknowledged at once.
 */
#include "flow/window.h"

#include "flow/seq.h"
#include "flow/transmit.h"

#define DELAY_ACK_US 10000u
#define QUICK_ACKS   16u
#define ACK_EVERY    16384u /* bytes, or two full segments if that is less */

uint32_t weir_window_mss_up(const struct weir_conn *c,
			    const struct weir_conn_env *env)
{
	return env->mtu - (weir_addr_is4(&c->ends.far) ? 40u : 60u);
}

/* The window it may have now: what it grew to, less where memory is short. */
static uint32_t cap_of(const struct weir_conn *c,
		       const struct weir_conn_env *env)
{
	uint64_t left = weir_store_pool_left(env->pool) / 8;
	uint32_t cap = c->rcv_cap;

	if (cap > left)
		cap = (uint32_t)left;
	if (c->wscale < 0 && cap > UINT16_MAX)
		cap = UINT16_MAX;
	return cap;
}

/* How far the right edge could be moved, bytes. */
static uint32_t offer(const struct weir_conn *c,
		      const struct weir_conn_env *env)
{
	uint32_t cap = cap_of(c, env), edge;

	if (cap <= c->up.len)
		return 0;
	/* in the units of the wire: what is gained is what the guest sees */
	edge = c->rcv_nxt + ((cap - c->up.len) >>
			     weir_window_scale(c) << weir_window_scale(c));
	return weir_seq_lt(c->rcv_edge, edge) ? edge - c->rcv_edge : 0;
}

/* The least by which it is moved. */
static uint32_t step_of(const struct weir_conn *c,
			const struct weir_conn_env *env)
{
	uint32_t half = cap_of(c, env) / 2;
	uint32_t mss = weir_window_mss_up(c, env);

	return mss < half ? mss : half;
}

/* Move the right edge, but never by a silly little (RFC 9293 3.8.6.2.2). */
static void open_window(struct weir_conn *c, const struct weir_conn_env *env)
{
	uint32_t gain = offer(c, env);

	if (gain && gain >= step_of(c, env))
		c->rcv_edge += gain;
}

void weir_window_put(struct weir_conn *c, const struct weir_conn_env *env,
		     struct weir_tcp *t)
{
	unsigned s = weir_window_scale(c);
	uint32_t span, units, lost;

	open_window(c, env);
	span = c->rcv_edge - c->rcv_nxt;
	units = (span + (1u << s) - 1) >> s;
	lost = (units << s) - span;
	t->flags |= WEIR_TCP_ACK;
	t->ack = c->rcv_nxt;
	c->flags &= ~(WEIR_CONN_F_ACK_NOW | WEIR_CONN_F_HELD);
	if (c->up.len + span + lost <= c->rcv_cap + c->rcv_cap / 8 ||
	    c->flags & WEIR_CONN_F_GUEST_FIN) {
		c->rcv_edge += lost;
	} else {
		t->ack -= lost;
		c->flags |= WEIR_CONN_F_HELD;
	}
	t->window = (uint16_t)(units > UINT16_MAX ? UINT16_MAX : units);
	c->rcv_acked = t->ack;
	c->due_ack = WEIR_TRANSMIT_NEVER;
}

/*
 * A window update of its own: when the window was all but shut, and, once the
 * host took what waited, when it could be doubled.
 */
static void check(struct weir_conn *c, const struct weir_conn_env *env,
		  bool drained)
{
	uint32_t gain = offer(c, env);
	uint32_t left = c->rcv_edge - c->rcv_nxt;
	uint32_t step = step_of(c, env);

	if (c->flags & WEIR_CONN_F_GUEST_FIN || gain == 0 || gain < step)
		return;
	if (left < step || (drained && gain >= cap_of(c, env) / 2))
		c->flags |= WEIR_CONN_F_ACK_NOW;
}

/* In-order payload was accepted: when is it acknowledged? */
static void schedule(struct weir_conn *c, uint64_t now_us)
{
	uint32_t since = c->rcv_nxt - c->rcv_acked;
	uint32_t two = 2u * c->mss; /* it sends what it takes, most likely */

	if (c->quick || since >= (two < ACK_EVERY ? two : ACK_EVERY)) {
		c->flags |= WEIR_CONN_F_ACK_NOW;
		if (c->quick)
			c->quick--;
	} else if (c->due_ack == WEIR_TRANSMIT_NEVER) {
		c->due_ack = now_us + DELAY_ACK_US;
	}
}

/* A guest that uses most of its window in one go gets a larger one. */
static void grow(struct weir_conn *c, const struct weir_conn_env *env)
{
	if (c->up.len || c->wscale < 0 || c->rcv_cap >= env->window_max)
		return;
	if (c->rcv_edge - c->rcv_nxt >= c->rcv_cap / 2)
		return;
	c->rcv_cap *= 2;
	if (c->rcv_cap > env->window_max)
		c->rcv_cap = env->window_max;
}

void weir_window_accepted(struct weir_conn *c, const struct weir_conn_env *env,
			  uint64_t now_us)
{
	grow(c, env);
	schedule(c, now_us);
	check(c, env, false);
}

void weir_window_drained(struct weir_conn *c, const struct weir_conn_env *env)
{
	if (c->flags & WEIR_CONN_F_HELD)
		c->flags |= WEIR_CONN_F_ACK_NOW;
	check(c, env, true);
}

void weir_window_tick(struct weir_conn *c)
{
	c->due_ack = WEIR_TRANSMIT_NEVER;
	c->flags |= WEIR_CONN_F_ACK_NOW;
	c->quick = QUICK_ACKS;
}
