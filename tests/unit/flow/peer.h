/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer.h - the guest: a small TCP of its own, with a program on top of it
 *
 * Written from the RFCs alone, not from flow/conn, so that the two agree on
 * the wire or not at all.  It has no buffers: what it sends is the tape, and
 * of what it receives it keeps only which bytes came (the watch compares the
 * bytes themselves).  The program sends `total` bytes in bursts, reads at its
 * own pace, and closes in one of several ways.
 */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "dice.h"
#include "packet/tcp.h"

#define PEER_RUNS 24u

/** enum peer_manner - how the program closes */
enum peer_manner {
	PEER_FIRST,  /* FIN after its last byte, then reads to the end */
	PEER_SECOND, /* FIN once it has read the end of file */
	PEER_EXIT,   /* after its last byte it is gone: who writes gets RST */
	PEER_ABORT,  /* RST at `until` */
	PEER_VANISH, /* silent for ever from `until` on */
};

enum peer_state {
	PEER_SYN_SENT,
	PEER_LISTEN, /* for one SYN */
	PEER_CALLED, /* it came; SYN-ACK sent */
	PEER_OPEN,
	PEER_TIME_WAIT, /* closed in order */
	PEER_GONE,      /* closed in order, and forgotten */
	PEER_REFUSED,   /* its SYN was answered by RST or ICMP, or by nobody */
	PEER_RESET,     /* the other side reset it */
	PEER_ABORTED,   /* it reset the other side */
	PEER_TIRED,     /* it repeated too often */
};

/** struct peer_run - bytes [from, to) of a stream */
struct peer_run {
	uint64_t from, to;
};

/**
 * struct peer_want - what a peer is like
 * @burst, @burst_us: the program writes so many bytes, then sleeps
 * @gulp, @gulp_us:   it reads so many, then sleeps
 * @room:     its receive buffer
 * @flight:   most it has in flight
 * @piece:    most payload in a frame: its MSS, or more (TSO)
 * @delack_us: how long it keeps an ACK back; 0: never
 * @strict:   RFC 9293's test of acceptability to the letter
 * @nudge:    its zero-window probes carry a byte (else an old number)
 * @refuses:  nobody listens: RST for each SYN
 */
struct peer_want {
	uint32_t isn;
	uint16_t mss;
	int8_t wscale;
	bool sack, strict, nudge, refuses;
	uint64_t total, until;
	enum peer_manner manner;
	uint32_t burst, gulp, room, flight, piece;
	uint64_t burst_us, gulp_us, delack_us, rto_us;
};

struct peer {
	struct peer_want want;
	enum peer_state state;
	uint64_t now;
	/* up: offsets in the stream; the SYN is not counted, the FIN is */
	uint64_t una, nxt, max, edge, wrote;
	uint32_t mss;
	bool scales; /* so does the other side's SYN */
	unsigned scale_in, scale_out;
	bool fin_out, fin_acked, closed;
	uint64_t rto, rto_at, burst_at, alive_at;
	uint32_t tries, dups, cwnd;
	uint64_t recover;
	struct peer_run sacked[PEER_RUNS];
	unsigned n_sacked;
	/* down */
	uint32_t irs;
	uint64_t got, read, adv, fin_at;
	bool fin_known, eof, eof_read;
	struct peer_run held[PEER_RUNS];
	unsigned n_held;
	uint64_t ack_at, gulp_at, wait_until;
	uint32_t unacked;
	bool ack_now;
	uint64_t repeats, sent;
	void (*send)(void *arg, const struct weir_tcp *t, uint64_t off,
		     uint32_t len);
	void *send_arg;
};

/** peer_open() - sends its SYN; @p->send and send_arg are set already */
void peer_open(struct peer *p, const struct peer_want *want, uint64_t now);

/** peer_listen() - waits for a SYN instead */
void peer_listen(struct peer *p, const struct peer_want *want, uint64_t now);

/** peer_segment() - a segment came with @len bytes of payload */
void peer_segment(struct peer *p, const struct weir_tcp *t, uint32_t len,
		  uint64_t now);

/** peer_unreachable() - an ICMP that quotes its SYN */
void peer_unreachable(struct peer *p);

/** peer_due() - when peer_time() is wanted */
uint64_t peer_due(const struct peer *p);

/** peer_time() - it is @now */
void peer_time(struct peer *p, uint64_t now);

/** peer_is_done() - nothing more is to be expected from it */
bool peer_is_done(const struct peer *p);

#endif /* PEER_H */
