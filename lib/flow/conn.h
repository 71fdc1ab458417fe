/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn.h - one TCP connection of the guest, ended here
 *
 * Pure: no socket, no clock, no frame.  The owner (the engine) brings what
 * happened (a segment, the host connected, the host socket can be read) and
 * takes what is to be done (bytes for the host, room for bytes from the host,
 * the next segment for the guest).  Four doors on the payload:
 *
 *	up:    weir_conn_segment() shows new bytes in place, weir_conn_take()
 *	       says how many of them the host took; what it did not take is kept
 *	       and offered again by weir_conn_up_peek() / weir_conn_up_taken()
 *	down:  weir_conn_down_room() / weir_conn_down_filled() from the host,
 *	       weir_conn_next() towards the guest
 *
 * `up` is from the guest to the host, `down` the other way.  Time is in
 * microseconds since any fixed start.  RFC 9293, 5961, 6298, 5681, 6582, 2018,
 * 7323 (window scale only), 6528.
 */
#ifndef WEIR_FLOW_CONN_H
#define WEIR_FLOW_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/limits.h"
#include "base/reason.h"
#include "base/span.h"
#include "flow/gaps.h"
#include "flow/store.h"
#include "packet/tcp.h"

#define WEIR_CONN_SPANS_MAX 8u /* places a segment's payload may lie in */

/**
 * enum weir_conn_state - where a connection is; see the drawing in conn.c
 */
enum weir_conn_state {
	WEIR_CONN_DIAL = 1, /* the guest's SYN is here, the host is dialled */
	WEIR_CONN_CALL,     /* a client of the host is here, SYN sent */
	WEIR_CONN_REPLY,    /* the host connected, SYN-ACK sent */
	WEIR_CONN_OPEN,     /* the guest acknowledged it; also half-closed */
	WEIR_CONN_WAIT,     /* TIME-WAIT: only repeats are answered */
	WEIR_CONN_OVER,     /* nothing more happens; the owner frees it */
};

/**
 * struct weir_conn_env - what all connections of one network share
 * @pool:       payload memory
 * @secret:     random key of initial sequence numbers (RFC 6528)
 * @mtu:        IP MTU of the guest's card
 * @tso4, @tso6: may a segment be larger than the MSS and carry gso_size
 * @window_max: most payload kept per connection and direction, bytes
 * @idle_us:    silence after which the guest is asked whether it lives
 * @challenge_at, @challenges: rate limit of RFC 5961 section 7
 */
struct weir_conn_env {
	struct weir_store_pool *pool;
	uint64_t secret[2];
	uint32_t mtu;
	bool tso4, tso6;
	uint32_t window_max;
	uint64_t idle_us;
	uint64_t challenge_at;
	uint32_t challenges;
};

/** struct weir_conn_ends - who talks to whom; ports in host order */
struct weir_conn_ends {
	struct weir_addr guest, far;
	uint16_t gport, fport;
};

/**
 * struct weir_conn - the state of one connection; fields are the room's own
 *
 * The owner may read @ends, @state, @over and the byte counts.
 */
struct weir_conn {
	struct weir_conn_ends ends;
	uint8_t state;   /* enum weir_conn_state */
	uint8_t over;    /* enum weir_reason, once WEIR_CONN_OVER */
	uint16_t mss;    /* most payload of one segment towards the guest */
	uint32_t flags;  /* what has happened, what is to be sent */
	int8_t wscale;   /* the guest's; -1: no scaling in either direction */
	uint8_t backoff; /* repeats in a row without an answer */
	uint8_t dupacks;
	uint8_t quick; /* so many acknowledgements more without delay */
	/* down: RFC 9293 3.3.1 names */
	uint32_t snd_una, snd_nxt, snd_max, snd_wnd, snd_wl1;
	uint32_t snd_wnd_max; /* largest window the guest ever offered */
	uint32_t recover;     /* RFC 6582; valid while recovering.  In CALL the
			       * number that is refused, see transmit.h */
	uint32_t cwnd; /* limit in flight after an RTO, else UINT32_MAX */
	uint32_t hole; /* bytes missing at snd_una as SACK tells, or 0 */
	struct weir_store down;
	/* up */
	uint32_t rcv_nxt, rcv_edge, rcv_cap, rcv_acked, fin_at;
	struct weir_gaps early;
	struct weir_store up;
	/* RFC 6298, microseconds */
	uint32_t srtt, rttvar, rto, rtt_seq;
	uint64_t rtt_at;
	/* when something is due, microseconds; UINT64_MAX never */
	uint64_t due_send, due_ack, due_life;
	uint64_t heard; /* the guest's last segment; in DIAL its last SYN */
	uint64_t born;
	uint64_t bytes_up, bytes_down; /* payload that went through */
};

/**
 * struct weir_conn_direct - new payload that may go to the host at once
 *
 * Bytes [@skip, @skip + @len) of the segment's payload.  If @len is not 0 the
 * owner must call weir_conn_take() before any other call on the connection.
 */
struct weir_conn_direct {
	uint32_t skip, len;
};

/**
 * struct weir_conn_out - one segment for the guest
 * @tcp:      header; ports are from the host's side; checksum to be filled
 * @gso_size: 0, or the segment size of a large frame
 * @payload:  @n spans, @len bytes; borrowed until the next call on the
 *            connection that is not a question
 * @unreachable: no segment: an ICMP destination unreachable that quotes the
 *            guest's SYN is to be sent instead
 */
struct weir_conn_out {
	struct weir_tcp tcp;
	uint16_t gso_size;
	unsigned n;
	uint32_t len;
	struct weir_span payload[WEIR_CONN_SPANS_MAX];
	bool unreachable;
};

/**
 * weir_conn_init() - a connection from the guest's SYN; the host is dialled
 * @c:       caller's memory
 * @env:     shared facts
 * @ends:    addresses and ports
 * @syn:     the guest's SYN, checked by weir_conn_is_syn()
 * @now_us:  time
 *
 * Nothing is sent before weir_conn_host_connected() or _host_failed().
 */
void weir_conn_init(struct weir_conn *c, const struct weir_conn_env *env,
		    const struct weir_conn_ends *ends,
		    const struct weir_tcp *syn, uint64_t now_us);

/**
 * weir_conn_call() - a connection to the guest, for a client of the host
 *
 * The SYN is sent, and repeated, by weir_conn_next().  The guest's answer
 * makes it OPEN; its RST ends it with REFUSED, silence with TIMEOUT.  A guest
 * that acknowledges something else, for it knows an older connection of these
 * ends, is sent a RST for that (RFC 9293 3.5.1), and the call goes on.
 */
void weir_conn_call(struct weir_conn *c, const struct weir_conn_env *env,
		    const struct weir_conn_ends *ends, uint64_t now_us);

/** weir_conn_is_syn() - SYN alone (ECN bits aside): it may open a connection */
bool weir_conn_is_syn(const struct weir_tcp *t);

/**
 * weir_conn_is_reusable() - may this SYN replace a connection in TIME-WAIT?
 *
 * RFC 9293 3.6.1: its sequence number lies beyond the last one received.  The
 * owner then frees @c and judges and dials anew; weir_conn_init_after() makes
 * the new initial sequence number lie beyond the old.
 */
bool weir_conn_is_reusable(const struct weir_conn *c, const struct weir_tcp *t);

/** weir_conn_init_after() - weir_conn_init() over a connection it replaces */
void weir_conn_init_after(struct weir_conn *c, const struct weir_conn_env *env,
			  const struct weir_tcp *syn, uint64_t now_us);

/**
 * weir_conn_refuse() - the RST that answers a segment no connection wants
 * @t:       the segment; @len its payload bytes
 * @ret:     the answer
 *
 * RFC 9293 3.10.7.1.  Also the RST,ACK for a SYN that is denied.
 * Return: false if it must not be answered (it is itself a RST).
 */
bool weir_conn_refuse(const struct weir_tcp *t, uint32_t len,
		      struct weir_conn_out *ret);

/**
 * weir_conn_segment() - a segment from the guest arrived
 * @t:       its header, checksum verified
 * @payload: its payload, borrowed
 * @now_us:  time
 * @ret:     payload that may go on directly; always written
 *
 * Return: WEIR_REASON_NONE, or why it was dropped (OUT_OF_WINDOW, BAD_ACK,
 * TCP_HEADER, LIMIT_PAYLOAD); the connection lives on and may answer.
 */
enum weir_reason
weir_conn_segment(struct weir_conn *c, struct weir_conn_env *env,
		  const struct weir_tcp *t, const struct weir_spans *payload,
		  uint64_t now_us, struct weir_conn_direct *ret);

/**
 * weir_conn_take() - the host took @taken bytes of a direct payload
 *
 * The rest is copied and offered by weir_conn_up_peek().  What does not fit
 * into payload memory is not acknowledged; the guest will send it again.
 * Return: WEIR_REASON_NONE or WEIR_REASON_LIMIT_PAYLOAD.
 */
enum weir_reason weir_conn_take(struct weir_conn *c, struct weir_conn_env *env,
				const struct weir_spans *payload,
				const struct weir_conn_direct *d,
				uint32_t taken, uint64_t now_us);

/** weir_conn_up_peek() - bytes kept for the host; Return: how many spans */
unsigned weir_conn_up_peek(struct weir_conn *c, struct weir_conn_env *env,
			   struct weir_span *ret, unsigned max);

/** weir_conn_up_taken() - the host took the first @n of them */
void weir_conn_up_taken(struct weir_conn *c, struct weir_conn_env *env,
			uint32_t n);

/** weir_conn_up_is_ended() - every byte is taken and the guest sent FIN:
 * shut the host's side for writing, then call weir_conn_up_shut() */
bool weir_conn_up_is_ended(const struct weir_conn *c);

/** weir_conn_up_shut() - the host's side is shut for writing */
void weir_conn_up_shut(struct weir_conn *c, uint64_t now_us);

/** weir_conn_down_wants() - bytes it would take from the host now; 0: none */
uint32_t weir_conn_down_wants(const struct weir_conn *c,
			      const struct weir_conn_env *env);

/** weir_conn_down_is_stuck() - bytes are held and none is in flight: the guest
 * keeps its window shut */
bool weir_conn_down_is_stuck(const struct weir_conn *c);

/**
 * weir_conn_down_room() - where the next @want bytes from the host go
 *
 * Return: how many spans; 0 if payload memory ran out.  Follow with
 * weir_conn_down_filled(), also if nothing was read.
 */
unsigned weir_conn_down_room(struct weir_conn *c, struct weir_conn_env *env,
			     uint32_t want, struct weir_span *ret,
			     unsigned max);

/**
 * weir_conn_down_filled() - @n bytes were read into the room
 * @more: the host probably has more (the read was as long as the room): a
 *        last small segment is kept back until the next read, which must
 *        come soon and without a new event, as long as weir_conn_down_wants()
 */
void weir_conn_down_filled(struct weir_conn *c, struct weir_conn_env *env,
			   uint32_t n, bool more);

/** weir_conn_down_ended() - the host sends no more (end of file) */
void weir_conn_down_ended(struct weir_conn *c);

/** weir_conn_host_connected() - the dial succeeded: SYN-ACK */
void weir_conn_host_connected(struct weir_conn *c, uint64_t now_us);

/**
 * weir_conn_host_failed() - the dial failed
 * @why: REFUSED → RST; UNREACHABLE → ICMP; TIMEOUT → silence; other reasons
 *       (limits, NO_FDS, NO_MEMORY, a verdict) → RST
 */
void weir_conn_host_failed(struct weir_conn *c, enum weir_reason why);

/** weir_conn_host_reset() - the host side was reset: what it sent before goes
 * out as far as the guest's window lets it, then RST */
void weir_conn_host_reset(struct weir_conn *c);

/** weir_conn_abort() - end it now with RST to the guest, for reason @why */
void weir_conn_abort(struct weir_conn *c, enum weir_reason why);

/**
 * weir_conn_next() - the next segment for the guest
 * @ret: written only if there is one
 *
 * Call only when the link takes a frame: the segment counts as sent.
 * Return: true if there is one; call again.  Afterwards look at the state:
 * sending a RST ends the connection.
 */
bool weir_conn_next(struct weir_conn *c, struct weir_conn_env *env,
		    uint64_t now_us, struct weir_conn_out *ret);

/** weir_conn_due_us() - when weir_conn_tick() is wanted; UINT64_MAX never */
uint64_t weir_conn_due_us(const struct weir_conn *c);

/** weir_conn_tick() - time has passed; then call weir_conn_next() */
void weir_conn_tick(struct weir_conn *c, struct weir_conn_env *env,
		    uint64_t now_us);

/** weir_conn_free() - give payload memory back */
void weir_conn_free(struct weir_conn *c, const struct weir_conn_env *env);

#endif /* WEIR_FLOW_CONN_H */
