/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn.c - one TCP connection of the guest, ended here
 *
 * DOC: how it works
 *
 * The guest believes it talks to the far address.  In truth its connection
 * ends here, and the engine has an ordinary host socket to that address.  So
 * there are two connections with a pipe between them, and the one promise is
 * that the guest cannot tell: what the far side did is what the guest sees.
 *
 *   guest SYN               a client of the host
 *      | weir_conn_init()      | weir_conn_call(): SYN
 *      |                     CALL -- RST, or 30 s of silence ----------+
 *      |                       | SYN-ACK, which we acknowledge         |
 *      |                       +---> OPEN                              |
 *    DIAL ---- weir_conn_host_failed(): RST, ICMP or silence ----------+
 *      | weir_conn_host_connected(): SYN-ACK                           |
 *    REPLY --- 30 s without the guest's ACK: silence ------------------+
 *      | the guest's ACK                                               |
 *    OPEN ---- RST from either side, passed on to the other -----------+
 *      | both FINs, all bytes on either side, host shut                |
 *      +------ the guest's FIN came first (LAST-ACK) ------------------+
 *      | ours came first                                               |
 *    WAIT ---- 2 s, a new SYN, or its place is needed ----------------+
 *                                                                      v
 *                                                                    OVER
 *
 * OPEN is one state: whether a direction is finished is told by flags, since
 * the directions end independently and in any order:
 *
 *   up:   guest FIN in order (GUEST_FIN), then every byte taken by the host,
 *         then the host's side shut for writing (HOST_SHUT)
 *   down: host end of file (HOST_EOF), then every byte and the FIN sent, then
 *         acknowledged (FIN_ACKED)
 *
 * Up.  Payload that comes in order while nothing waits goes from the frame
 * straight to the host (weir_conn_direct).  What the host does not take, and
 * what comes early, is copied into the store `up`.  Offset 0 of the store is
 * the first byte the host has not taken, so a byte with sequence number s lies
 * at offset up.len + (s - rcv_nxt), early or not.  Early runs are remembered
 * in `early` (gaps.h).
 *
 * Invariants:
 *  1. snd_una <= snd_nxt <= snd_max, in sequence space.
 *  2. Offset 0 of `down` is snd_una (from OPEN on).
 *  3. rcv_edge never moves left; no byte before it is dropped, but when
 *     payload memory is out, and then it was not acknowledged.
 *  4. rcv_nxt - up.len is the first byte the host has not taken (less the FIN).
 *  5. Nothing is done for a segment that RFC 9293 and 5961 say to drop.
 *
 * Urgent data is ordinary data; data on a SYN is not acknowledged, so the
 * guest sends it again; a simultaneous open is not answered.
 */
#include "flow/conn.h"

#include "base/must.h"
#include "base/siphash.h"
#include "flow/seq.h"
#include "flow/transmit.h"
#include "flow/window.h"

#define WINDOW_FIRST        262144u
#define MSS_DEFAULT4        536u
#define MSS_DEFAULT6        1220u
#define MSS_LEAST           88u
#define CHALLENGES_A_SECOND 100u
#define SECOND_US           1000000u
#define RTO_FIRST_US        1000000u
#define SYN_PATIENCE_US     (10u * SECOND_US)
#define KEEPALIVE_EVERY_US  (75ull * SECOND_US)
#define KEEPALIVES          9u

/* --- birth --- */

static uint32_t isn(const struct weir_conn_env *env,
		    const struct weir_conn_ends *e, uint64_t now_us)
{
	uint8_t key[36];
	uint64_t h;

	memcpy(key, e->guest.b, 16);
	memcpy(key + 16, e->far.b, 16);
	key[32] = (uint8_t)(e->gport >> 8);
	key[33] = (uint8_t)e->gport;
	key[34] = (uint8_t)(e->fport >> 8);
	key[35] = (uint8_t)e->fport;
	h = weir_siphash(env->secret, key, sizeof(key));
	return (uint32_t)h + (uint32_t)(now_us >> 2);
}

/* What the SYN says of the guest; also when it dials again from its port. */
static void learn(struct weir_conn *c, const struct weir_conn_env *env,
		  const struct weir_tcp *syn)
{
	uint32_t most = weir_window_mss_up(c, env), mss = syn->mss;

	if (mss == 0)
		mss = weir_addr_is4(&c->ends.far) ? MSS_DEFAULT4 : MSS_DEFAULT6;
	if (mss < MSS_LEAST)
		mss = MSS_LEAST;
	c->mss = (uint16_t)(mss < most ? mss : most);
	c->wscale = syn->wscale;
	c->flags &= ~WEIR_CONN_F_SACK;
	if (syn->sack_ok)
		c->flags |= WEIR_CONN_F_SACK;
	c->rcv_nxt = syn->seq + 1;
	c->rcv_acked = c->rcv_nxt;
	c->rcv_edge = c->rcv_nxt;
	c->snd_wnd = syn->window;
	c->snd_wnd_max = syn->window;
	c->snd_wl1 = syn->seq;
}

static void set_isn(struct weir_conn *c, uint32_t iss)
{
	c->snd_una = iss;
	c->snd_nxt = iss + 1;
	c->snd_max = iss + 1;
}

static void begin(struct weir_conn *c, const struct weir_conn_env *env,
		  const struct weir_conn_ends *ends, enum weir_conn_state state,
		  uint64_t now_us)
{
	*c = (struct weir_conn){
		.ends = *ends,
		.state = (uint8_t)state,
		.cwnd = UINT32_MAX,
		.rto = RTO_FIRST_US,
		.rcv_cap = WINDOW_FIRST,
		.due_send = WEIR_TRANSMIT_NEVER,
		.due_ack = WEIR_TRANSMIT_NEVER,
		.due_life = now_us + SYN_PATIENCE_US,
		.heard = now_us,
		.born = now_us,
	};
	if (c->rcv_cap > env->window_max)
		c->rcv_cap = env->window_max;
	weir_store_init(&c->up);
	weir_store_init(&c->down);
	set_isn(c, isn(env, ends, now_us));
}

void weir_conn_init(struct weir_conn *c, const struct weir_conn_env *env,
		    const struct weir_conn_ends *ends,
		    const struct weir_tcp *syn, uint64_t now_us)
{
	begin(c, env, ends, WEIR_CONN_DIAL, now_us);
	learn(c, env, syn);
}

/* The right edge as our SYN told it. */
static void first_edge(struct weir_conn *c)
{
	uint32_t window = c->rcv_cap;

	c->rcv_edge =
		c->rcv_nxt + (window < WEIR_WINDOW_IN_SYN ? window & ~127u
							  : WEIR_WINDOW_IN_SYN);
}

void weir_conn_call(struct weir_conn *c, const struct weir_conn_env *env,
		    const struct weir_conn_ends *ends, uint64_t now_us)
{
	begin(c, env, ends, WEIR_CONN_CALL, now_us);
	first_edge(c);
	c->flags |= WEIR_CONN_F_SYNACK_NOW;
	c->due_life = now_us + WEIR_HALF_OPEN_MS * 1000ull;
}

bool weir_conn_is_syn(const struct weir_tcp *t)
{
	return (t->flags & (WEIR_TCP_SYN | WEIR_TCP_ACK | WEIR_TCP_RST |
			    WEIR_TCP_FIN)) == WEIR_TCP_SYN;
}

bool weir_conn_is_reusable(const struct weir_conn *c, const struct weir_tcp *t)
{
	return c->state == WEIR_CONN_WAIT && weir_conn_is_syn(t) &&
	       weir_seq_le(c->rcv_nxt, t->seq);
}

void weir_conn_init_after(struct weir_conn *c, const struct weir_conn_env *env,
			  const struct weir_tcp *syn, uint64_t now_us)
{
	struct weir_conn_ends ends = c->ends;
	uint32_t last = c->snd_max, iss = isn(env, &ends, now_us);

	weir_conn_free(c, env);
	weir_conn_init(c, env, &ends, syn, now_us);
	if (weir_seq_le(iss, last))
		set_isn(c, last + UINT16_MAX);
}

void weir_conn_free(struct weir_conn *c, const struct weir_conn_env *env)
{
	weir_store_clear(env->pool, &c->up);
	weir_store_clear(env->pool, &c->down);
}

bool weir_conn_refuse(const struct weir_tcp *t, uint32_t len,
		      struct weir_conn_out *ret)
{
	if (t->flags & WEIR_TCP_RST)
		return false;
	*ret = (struct weir_conn_out){
		.tcp = { .sport = t->dport,
			 .dport = t->sport,
			 .flags = WEIR_TCP_RST,
			 .wscale = -1 },
	};
	if (t->flags & WEIR_TCP_ACK) {
		ret->tcp.seq = t->ack;
		return true;
	}
	ret->tcp.flags |= WEIR_TCP_ACK;
	ret->tcp.ack = t->seq + len + (t->flags & WEIR_TCP_SYN ? 1u : 0u) +
		       (t->flags & WEIR_TCP_FIN ? 1u : 0u);
	return true;
}

/* --- ends --- */

static void over(struct weir_conn *c, enum weir_reason why)
{
	if (c->over == WEIR_REASON_NONE)
		c->over = (uint8_t)why;
	c->state = WEIR_CONN_OVER;
}

/* Both FINs are exchanged with the guest: it may have forgotten all of this
 * while the host still takes what it sent. */
static bool guest_is_done(const struct weir_conn *c)
{
	const uint32_t both = WEIR_CONN_F_FIN_ACKED | WEIR_CONN_F_GUEST_FIN;

	return (c->flags & both) == both;
}

/* Is everything said, on both sides? */
static void settle(struct weir_conn *c, uint64_t now_us)
{
	if (c->state != WEIR_CONN_OPEN || !guest_is_done(c) ||
	    !(c->flags & WEIR_CONN_F_HOST_SHUT))
		return;
	if (!(c->flags & WEIR_CONN_F_ACTIVE)) {
		over(c, WEIR_REASON_CLOSED);
		return;
	}
	c->state = WEIR_CONN_WAIT;
	c->due_send = WEIR_TRANSMIT_NEVER;
	c->due_life = now_us + WEIR_TIME_WAIT_MS * 1000ull;
}

void weir_conn_abort(struct weir_conn *c, enum weir_reason why)
{
	if (c->state == WEIR_CONN_OVER)
		return;
	if (c->over == WEIR_REASON_NONE)
		c->over = (uint8_t)why;
	c->flags |= WEIR_CONN_F_RST_NOW;
}

/* --- what the host did --- */

void weir_conn_host_connected(struct weir_conn *c, uint64_t now_us)
{
	if (c->state != WEIR_CONN_DIAL)
		return;
	c->state = WEIR_CONN_REPLY;
	c->flags |= WEIR_CONN_F_SYNACK_NOW;
	first_edge(c);
	c->due_life = now_us + WEIR_HALF_OPEN_MS * 1000ull;
}

void weir_conn_host_failed(struct weir_conn *c, enum weir_reason why)
{
	if (c->state != WEIR_CONN_DIAL)
		return;
	if (why == WEIR_REASON_TIMEOUT) {
		over(c, why);
		return;
	}
	c->over = (uint8_t)why;
	c->flags |= why == WEIR_REASON_UNREACHABLE ? WEIR_CONN_F_UNREACH_NOW
						   : WEIR_CONN_F_RST_NOW;
}

void weir_conn_host_reset(struct weir_conn *c)
{
	if (c->state == WEIR_CONN_WAIT) {
		over(c, WEIR_REASON_CLOSED);
	} else if (c->state == WEIR_CONN_REPLY || c->state == WEIR_CONN_CALL) {
		weir_conn_abort(c, WEIR_REASON_HOST_RESET);
	} else if (c->state == WEIR_CONN_OPEN) {
		if (c->over == WEIR_REASON_NONE)
			c->over = WEIR_REASON_HOST_RESET;
		c->flags |= WEIR_CONN_F_HOST_RST;
		c->flags &= ~WEIR_CONN_F_MORE;
	}
}

void weir_conn_down_ended(struct weir_conn *c)
{
	c->flags |= WEIR_CONN_F_HOST_EOF;
	c->flags &= ~WEIR_CONN_F_MORE;
}

uint32_t weir_conn_down_wants(const struct weir_conn *c,
			      const struct weir_conn_env *env)
{
	uint64_t left = weir_store_pool_left(env->pool) / 4;
	uint32_t held = c->down.len, limit = c->snd_wnd;

	if (c->state != WEIR_CONN_OPEN ||
	    c->flags & (WEIR_CONN_F_HOST_EOF | WEIR_CONN_F_HOST_RST))
		return 0;
	if (limit > env->window_max)
		limit = env->window_max;
	if (held == 0 && limit < c->mss)
		limit = c->mss; /* what persist asks for must be there */
	if (held + left < limit)
		limit = held + (uint32_t)left;
	if (limit <= held || (held && limit - held < c->mss))
		return 0;
	return limit - held;
}

bool weir_conn_down_is_stuck(const struct weir_conn *c)
{
	return c->down.len != 0 && c->snd_nxt == c->snd_una;
}

unsigned weir_conn_down_room(struct weir_conn *c, struct weir_conn_env *env,
			     uint32_t want, struct weir_span *ret, unsigned max)
{
	uint32_t reach;

	reach = weir_store_reach(env->pool, &c->down, c->down.len + want);
	c->flags |= WEIR_CONN_F_MORE;
	if (reach <= c->down.len)
		return 0;
	return weir_store_at(env->pool, &c->down, c->down.len,
			     reach - c->down.len, ret, max);
}

void weir_conn_down_filled(struct weir_conn *c, struct weir_conn_env *env,
			   uint32_t n, bool more)
{
	weir_store_grow(&c->down, n);
	weir_store_trim(env->pool, &c->down);
	if (!more)
		c->flags &= ~WEIR_CONN_F_MORE;
}

/* --- up --- */

static void absorb_fin(struct weir_conn *c)
{
	const uint32_t known = WEIR_CONN_F_FIN_KNOWN | WEIR_CONN_F_GUEST_FIN;

	if ((c->flags & known) != WEIR_CONN_F_FIN_KNOWN ||
	    c->rcv_nxt != c->fin_at)
		return;
	if (c->rcv_edge == c->rcv_nxt)
		c->rcv_edge++;
	c->rcv_nxt++;
	c->flags |= WEIR_CONN_F_GUEST_FIN | WEIR_CONN_F_ACK_NOW;
	if (c->flags & WEIR_CONN_F_HOST_EOF &&
	    c->snd_max - c->snd_una > c->down.len)
		c->flags |= WEIR_CONN_F_ACTIVE; /* ours is under way */
	if (c->flags & WEIR_CONN_F_FIN_ACKED)
		c->flags |= WEIR_CONN_F_ACTIVE;
}

/* Early runs that are in order now become part of the store. */
static void join_early(struct weir_conn *c)
{
	uint8_t before = c->early.n;
	uint32_t next = weir_gaps_join(&c->early, c->rcv_nxt);

	weir_store_grow(&c->up, next - c->rcv_nxt);
	c->rcv_nxt = next;
	if (c->early.n != before)
		c->flags |= WEIR_CONN_F_ACK_NOW; /* a gap was filled */
}

/* A quarter of payload memory is for what comes down. */
static bool may_keep(const struct weir_conn_env *env)
{
	return weir_store_pool_left(env->pool) >
	       (uint64_t)(env->pool->n / 4) * WEIR_CHUNK_BYTES;
}

static enum weir_reason keep_early(struct weir_conn *c,
				   struct weir_conn_env *env,
				   const struct weir_spans *payload,
				   uint32_t seq, struct weir_conn_direct part)
{
	uint32_t off = c->up.len + (seq - c->rcv_nxt), got = 0;

	c->flags |= WEIR_CONN_F_ACK_NOW;
	if (may_keep(env))
		got = weir_store_write(env->pool, &c->up, off, payload,
				       part.skip, part.len);
	if (got == 0) {
		if (c->up.len == 0 && c->early.n == 0)
			weir_store_clear(env->pool, &c->up);
		return WEIR_REASON_LIMIT_PAYLOAD;
	}
	if (!weir_gaps_note(&c->early, seq, seq + got))
		return WEIR_REASON_OUT_OF_WINDOW;
	return got < part.len ? WEIR_REASON_LIMIT_PAYLOAD : WEIR_REASON_NONE;
}

static enum weir_reason keep_next(struct weir_conn *c,
				  struct weir_conn_env *env,
				  const struct weir_spans *payload,
				  struct weir_conn_direct part)
{
	uint32_t got = 0;

	if (may_keep(env))
		got = weir_store_write(env->pool, &c->up, c->up.len, payload,
				       part.skip, part.len);
	if (got) {
		weir_store_grow(&c->up, got);
		c->rcv_nxt += got;
	} else if (c->up.len == 0 && c->early.n == 0) {
		weir_store_clear(env->pool, &c->up);
	}
	return got < part.len ? WEIR_REASON_LIMIT_PAYLOAD : WEIR_REASON_NONE;
}

/* Bytes in order have been accepted, here or by the host. */
static void accepted(struct weir_conn *c, const struct weir_conn_env *env,
		     uint64_t now_us)
{
	if (c->early.n)
		join_early(c);
	weir_window_accepted(c, env, now_us);
	absorb_fin(c);
	settle(c, now_us);
}

enum weir_reason weir_conn_take(struct weir_conn *c, struct weir_conn_env *env,
				const struct weir_spans *payload,
				const struct weir_conn_direct *d,
				uint32_t taken, uint64_t now_us)
{
	struct weir_conn_direct rest = { d->skip + taken, d->len - taken };
	enum weir_reason r = WEIR_REASON_NONE;

	weir_must(taken <= d->len);
	c->rcv_nxt += taken;
	c->bytes_up += taken;
	if (rest.len)
		r = keep_next(c, env, payload, rest);
	accepted(c, env, now_us);
	return r;
}

unsigned weir_conn_up_peek(struct weir_conn *c, struct weir_conn_env *env,
			   struct weir_span *ret, unsigned max)
{
	if (c->up.len == 0)
		return 0;
	return weir_store_at(env->pool, &c->up, 0, c->up.len, ret, max);
}

void weir_conn_up_taken(struct weir_conn *c, struct weir_conn_env *env,
			uint32_t n)
{
	weir_store_drop(env->pool, &c->up, n);
	if (c->up.len == 0 && c->early.n == 0)
		weir_store_clear(env->pool, &c->up);
	c->bytes_up += n;
	weir_window_drained(c, env);
}

bool weir_conn_up_is_ended(const struct weir_conn *c)
{
	return c->state == WEIR_CONN_OPEN && c->up.len == 0 &&
	       (c->flags & (WEIR_CONN_F_GUEST_FIN | WEIR_CONN_F_HOST_SHUT)) ==
		       WEIR_CONN_F_GUEST_FIN;
}

void weir_conn_up_shut(struct weir_conn *c, uint64_t now_us)
{
	c->flags |= WEIR_CONN_F_HOST_SHUT;
	settle(c, now_us);
}

/* --- a segment --- */

/* An ACK that hostile or confused segments provoke: rate limited. */
static void challenge(struct weir_conn *c, struct weir_conn_env *env,
		      uint64_t now_us)
{
	if (now_us - env->challenge_at >= SECOND_US) {
		env->challenge_at = now_us;
		env->challenges = 0;
	}
	if (env->challenges >= CHALLENGES_A_SECOND)
		return;
	env->challenges++;
	c->flags |= WEIR_CONN_F_ACK_NOW;
}

static enum weir_reason dial_segment(struct weir_conn *c,
				     const struct weir_conn_env *env,
				     const struct weir_tcp *t, uint64_t now_us)
{
	uint64_t last = c->born + WEIR_DIAL_MS * 1000ull, next;

	if (t->flags & WEIR_TCP_RST) {
		if (t->seq != c->rcv_nxt)
			return WEIR_REASON_OUT_OF_WINDOW;
		over(c, WEIR_REASON_GUEST_RESET);
		return WEIR_REASON_NONE;
	}
	if (!weir_conn_is_syn(t))
		return WEIR_REASON_BAD_ACK;
	if (t->seq + 1 != c->rcv_nxt)
		learn(c, env, t); /* the port was used again meanwhile */
	next = now_us + SYN_PATIENCE_US + 3 * (now_us - c->heard);
	c->due_life = next < last ? next : last;
	c->heard = now_us;
	return WEIR_REASON_NONE;
}

/* RFC 9293 3.10.7.3, but that a SYN alone (simultaneous open) is dropped. */
static enum weir_reason call_segment(struct weir_conn *c,
				     const struct weir_conn_env *env,
				     const struct weir_tcp *t, uint64_t now_us)
{
	bool rst = (t->flags & WEIR_TCP_RST) != 0;

	if (!(t->flags & WEIR_TCP_ACK) || t->ack != c->snd_nxt) {
		if (t->flags & WEIR_TCP_ACK && !rst) {
			c->recover = t->ack;
			c->flags |= WEIR_CONN_F_REFUSE_NOW;
		}
		return WEIR_REASON_BAD_ACK;
	}
	if (rst) {
		over(c, WEIR_REASON_REFUSED);
		return WEIR_REASON_NONE;
	}
	if (!(t->flags & WEIR_TCP_SYN))
		return WEIR_REASON_TCP_HEADER;
	learn(c, env, t);
	first_edge(c);
	weir_transmit_opened(c, now_us);
	c->state = WEIR_CONN_OPEN;
	c->heard = now_us;
	c->due_life = now_us + env->idle_us;
	c->flags |= WEIR_CONN_F_ACK_NOW;
	return WEIR_REASON_NONE;
}

/*
 * RFC 9293 3.10.7.4, first.  Into a window that is closed fit a FIN alone and,
 * for the sake of their ACK, a probe of one byte at the edge and what follows
 * it; the byte is not taken (new_part()).
 */
static bool is_acceptable(const struct weir_conn *c, uint32_t seq,
			  uint32_t bytes, bool fin)
{
	uint32_t last = c->rcv_edge;

	if (bytes == 0)
		return weir_seq_le(c->rcv_nxt, seq) &&
		       weir_seq_le(seq, fin ? last : last + 1);
	return weir_seq_le(seq, last) &&
	       weir_seq_lt(c->rcv_nxt, seq + bytes + (fin ? 1u : 0u));
}

/* RST, SYN and sequence checks.  NONE: go on with its ACK. */
static enum weir_reason screen(struct weir_conn *c, struct weir_conn_env *env,
			       const struct weir_tcp *t, uint32_t bytes,
			       uint64_t now_us)
{
	bool fin = (t->flags & WEIR_TCP_FIN) != 0;

	if (t->flags & WEIR_TCP_RST) {
		if (c->state == WEIR_CONN_OPEN && guest_is_done(c))
			return WEIR_REASON_OUT_OF_WINDOW; /* late */
		if (t->seq == c->rcv_nxt || t->seq == c->rcv_acked) {
			over(c, WEIR_REASON_GUEST_RESET);
			return WEIR_REASON_GUEST_RESET;
		}
		if (is_acceptable(c, t->seq, bytes, fin))
			challenge(c, env, now_us);
		return WEIR_REASON_OUT_OF_WINDOW;
	}
	if (t->flags & WEIR_TCP_SYN) {
		challenge(c, env, now_us);
		return WEIR_REASON_OUT_OF_WINDOW;
	}
	if (!is_acceptable(c, t->seq, bytes, fin)) {
		if (bytes || fin || t->seq == c->rcv_nxt - 1)
			c->flags |= WEIR_CONN_F_ACK_NOW;
		else
			challenge(c, env, now_us);
		return WEIR_REASON_OUT_OF_WINDOW;
	}
	return t->flags & WEIR_TCP_ACK ? WEIR_REASON_NONE
				       : WEIR_REASON_TCP_HEADER;
}

static enum weir_reason open_it(struct weir_conn *c, struct weir_conn_env *env,
				const struct weir_tcp *t, uint64_t now_us)
{
	if (t->ack != c->snd_nxt) {
		challenge(c, env, now_us);
		return WEIR_REASON_BAD_ACK;
	}
	weir_transmit_opened(c, now_us);
	c->state = WEIR_CONN_OPEN;
	c->heard = now_us;
	c->due_life = now_us + env->idle_us;
	return WEIR_REASON_NONE;
}

static void note_fin(struct weir_conn *c, uint32_t at)
{
	if (c->flags & WEIR_CONN_F_FIN_KNOWN)
		return;
	if (weir_seq_lt(at, c->rcv_nxt) || weir_seq_lt(c->rcv_edge, at))
		return;
	if (weir_gaps_is_beyond(&c->early, at))
		return;
	c->fin_at = at;
	c->flags |= WEIR_CONN_F_FIN_KNOWN;
}

/* The part of the payload that is new, in the window and before a FIN. */
static struct weir_conn_direct new_part(const struct weir_conn *c, uint32_t seq,
					uint32_t bytes)
{
	struct weir_conn_direct part = { 0, bytes };
	uint32_t end = seq + bytes, stop = c->rcv_edge;

	if (c->flags & WEIR_CONN_F_FIN_KNOWN && weir_seq_lt(c->fin_at, stop))
		stop = c->fin_at;
	if (weir_seq_lt(seq, c->rcv_nxt))
		part.skip = c->rcv_nxt - seq;
	if (weir_seq_lt(stop, end))
		end = stop;
	part.len =
		weir_seq_lt(seq + part.skip, end) ? end - (seq + part.skip) : 0;
	return part;
}

static enum weir_reason
take_payload(struct weir_conn *c, struct weir_conn_env *env,
	     const struct weir_tcp *t, const struct weir_spans *payload,
	     uint64_t now_us, struct weir_conn_direct *ret)
{
	uint32_t bytes = (uint32_t)payload->len, seq;
	struct weir_conn_direct part = new_part(c, t->seq, bytes);
	enum weir_reason r = WEIR_REASON_NONE;

	if (t->flags & WEIR_TCP_FIN)
		note_fin(c, t->seq + bytes);
	if (part.len == 0) {
		if (bytes || t->flags & WEIR_TCP_FIN)
			c->flags |= WEIR_CONN_F_ACK_NOW; /* a repeat */
		absorb_fin(c);
		return WEIR_REASON_NONE;
	}
	seq = t->seq + part.skip;
	if (seq != c->rcv_nxt)
		return keep_early(c, env, payload, seq, part);
	if (c->up.len == 0 && c->early.n == 0) {
		*ret = part;
		return WEIR_REASON_NONE;
	}
	r = keep_next(c, env, payload, part);
	accepted(c, env, now_us);
	return r;
}

enum weir_reason
weir_conn_segment(struct weir_conn *c, struct weir_conn_env *env,
		  const struct weir_tcp *t, const struct weir_spans *payload,
		  uint64_t now_us, struct weir_conn_direct *ret)
{
	uint32_t bytes = (uint32_t)payload->len;
	bool plain = bytes == 0 && !(t->flags & WEIR_TCP_FIN);
	enum weir_reason r;

	*ret = (struct weir_conn_direct){ 0, 0 };
	if (c->state == WEIR_CONN_OVER)
		return WEIR_REASON_NO_FLOW;
	if (c->state == WEIR_CONN_DIAL)
		return dial_segment(c, env, t, now_us);
	if (c->state == WEIR_CONN_CALL)
		return call_segment(c, env, t, now_us);
	if (c->state == WEIR_CONN_REPLY && weir_conn_is_syn(t) &&
	    t->seq + 1 == c->rcv_nxt) {
		c->flags |= WEIR_CONN_F_SYNACK_NOW;
		return WEIR_REASON_NONE;
	}
	if (c->state != WEIR_CONN_REPLY)
		c->heard = now_us;
	if (c->state == WEIR_CONN_WAIT && t->flags & WEIR_TCP_FIN)
		c->due_life = now_us + WEIR_TIME_WAIT_MS * 1000ull;
	r = screen(c, env, t, bytes, now_us);
	if (r == WEIR_REASON_GUEST_RESET)
		return WEIR_REASON_NONE;
	if (r == WEIR_REASON_NONE && c->state == WEIR_CONN_REPLY)
		r = open_it(c, env, t, now_us);
	if (r != WEIR_REASON_NONE)
		return r;
	r = weir_transmit_acked(c, env, t, plain, now_us);
	if (r != WEIR_REASON_NONE) {
		challenge(c, env, now_us);
		return r;
	}
	r = take_payload(c, env, t, payload, now_us, ret);
	settle(c, now_us);
	return r;
}

/* --- towards the guest, and time --- */

bool weir_conn_next(struct weir_conn *c, struct weir_conn_env *env,
		    uint64_t now_us, struct weir_conn_out *ret)
{
	return weir_transmit_next(c, env, now_us, ret);
}

uint64_t weir_conn_due_us(const struct weir_conn *c)
{
	uint64_t due = c->due_life;

	if (c->due_send < due)
		due = c->due_send;
	return c->due_ack < due ? c->due_ack : due;
}

static void life_tick(struct weir_conn *c, const struct weir_conn_env *env,
		      uint64_t now_us)
{
	uint64_t ask = c->heard + env->idle_us;

	switch ((enum weir_conn_state)c->state) {
	case WEIR_CONN_DIAL:
	case WEIR_CONN_CALL:
	case WEIR_CONN_REPLY:
		over(c, WEIR_REASON_TIMEOUT);
		return;
	case WEIR_CONN_WAIT:
		over(c, WEIR_REASON_CLOSED);
		return;
	case WEIR_CONN_OPEN:
		break;
	case WEIR_CONN_OVER:
		return;
	}
	if (guest_is_done(c)) { /* the host's to notice */
		c->due_life = now_us + env->idle_us;
	} else if (now_us < ask) {
		c->due_life = ask;
	} else if (now_us < ask + KEEPALIVES * KEEPALIVE_EVERY_US) {
		c->flags |= WEIR_CONN_F_PROBE_NOW;
		c->due_life = now_us + KEEPALIVE_EVERY_US;
	} else {
		weir_conn_abort(c, WEIR_REASON_IDLE);
		c->due_life = WEIR_TRANSMIT_NEVER;
	}
}

void weir_conn_tick(struct weir_conn *c, struct weir_conn_env *env,
		    uint64_t now_us)
{
	if (c->state == WEIR_CONN_OVER)
		return;
	if (c->due_send <= now_us)
		weir_transmit_tick(c, now_us);
	if (c->due_ack <= now_us)
		weir_window_tick(c);
	if (c->due_life <= now_us)
		life_tick(c, env, now_us);
}
