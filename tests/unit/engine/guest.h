/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest.h - the guest of a twin: frames up, and what came of them
 *
 * Builds whole frames, finished checksums and all, so that one of them can be
 * broken afterwards; and a small TCP without buffers or timers of its own: the
 * test says what it sends and when, and it keeps what comes.
 */
#ifndef GUEST_H
#define GUEST_H

#include "twin.h"

#define GUEST_FRAME_MAX (WEIR_VNET_BYTES + WEIR_FRAME_MAX_BYTES)
#define GUEST_CONNS_MAX 4096u

/** struct guest_frame - one frame being made; @len of @b, virtio first */
struct guest_frame {
	size_t len;
	uint8_t b[GUEST_FRAME_MAX + 64];
};

/** struct guest_ip - what the headers say; empty: from the guest, ttl 64 */
struct guest_ip {
	struct weir_addr from, to;
	uint8_t proto, ttl;
};

/**
 * struct guest_conn - a TCP connection as the guest knows it
 * @seq, @ack: the next of ours, the next of theirs
 * @acked:  how far they acknowledged ours; @room: their window, in bytes
 * @in:     their bytes, in order
 * @greedy: acknowledge whatever comes; @fin_sent: for the test to remember
 * @listens: it waits for a SYN to @sport, which says the rest; @answers: with
 *          SYN-ACK, at once; @syns: how many came
 */
struct guest_conn {
	struct weir_addr from, far;
	uint16_t sport, fport, window;
	uint32_t iss, seq, ack, acked, room;
	int8_t wscale, their_scale;
	bool greedy, open, fin, rst, unreachable, gap, fin_sent;
	bool listens, answers;
	unsigned syns, synacks, rsts, frames;
	uint32_t rst_seq, rst_ack, largest;
	struct twin_bytes in;
};

/** struct guest - connections, and everything else that came */
struct guest {
	struct twin *w;
	struct guest_conn *conn[GUEST_CONNS_MAX];
	unsigned n_conns;
	uint16_t next_port;
	unsigned fragments; /* parts of packets that came */
	unsigned echoes, arps, errors, adverts, strays; /* frames that came */
	uint8_t error_type, error_code;
	struct weir_addr echo_from;
	struct twin_list grams; /* UDP that came; @addr, @port: from */
	uint16_t gram_dport;
	/* whole ICMP messages that came: echo replies, errors; @addr: from */
	struct twin_list pongs, told;
};

/* frames: the IP header is left at 26 (v4) or v6, the rest follows it */
void guest_ip(const struct guest *g, const struct guest_ip *ip,
	      const uint8_t *l4, size_t len, struct guest_frame *ret);
void guest_tcp_frame(const struct guest *g, const struct guest_ip *ip,
		     const struct weir_tcp *t, const uint8_t *b, size_t len,
		     struct guest_frame *ret);
void guest_udp_frame(const struct guest *g, const struct guest_ip *ip,
		     uint16_t sport, uint16_t dport, const uint8_t *b,
		     size_t len, struct guest_frame *ret);
void guest_echo_frame(const struct guest *g, const struct guest_ip *ip,
		      size_t len, struct guest_frame *ret);
/** guest_ping_frame() - an echo of that ident and number, and a pattern */
void guest_ping_frame(const struct guest *g, const struct guest_ip *ip,
		      uint16_t id, uint16_t seq, size_t len,
		      struct guest_frame *ret);
void guest_arp_frame(const struct guest *g, const struct weir_addr *target,
		     struct guest_frame *ret);
/** guest_resum() - make IPv4 header and TCP, UDP or ICMP sums right again */
void guest_resum(struct guest_frame *f);
/** guest_put() - give it to the engine */
void guest_put(struct guest *g, const struct guest_frame *f);

/** guest_init() - a guest of @w */
void guest_init(struct guest *g, struct twin *w);

/** guest_fini() - forget what came */
void guest_fini(struct guest *g);

/** guest_hear() - take all that came; false if there was nothing */
bool guest_hear(struct guest *g);

/** guest_talk() - the engine goes on, the guest hears, until both rest */
void guest_talk(struct guest *g);

/** guest_pass_ms() - the same with time; the guest hears every so often */
void guest_pass_ms(struct guest *g, uint64_t ms);

/* TCP: each sends at once, but the engine sees it with guest_talk() */
void guest_conn_init(struct guest *g, struct guest_conn *c,
		     const struct weir_addr *far, uint16_t fport);
/** guest_listen() - wait for a SYN; @answers: as it comes */
void guest_listen(struct guest *g, struct guest_conn *c, uint16_t port,
		  bool answers);
void guest_conn_fini(struct guest *g, struct guest_conn *c);
void guest_syn(struct guest *g, struct guest_conn *c);
void guest_segment(struct guest *g, struct guest_conn *c, uint8_t flags,
		   const uint8_t *b, size_t len);
/** guest_connect() - init, SYN, talk, and ACK if it was accepted */
bool guest_connect(struct guest *g, struct guest_conn *c,
		   const struct weir_addr *far, uint16_t fport);
/** guest_send() - all of it, as the window lets it, talking meanwhile */
bool guest_send(struct guest *g, struct guest_conn *c, const uint8_t *b,
		size_t len);

/** guest_fill() - bytes of a pattern, from its place @at on */
void guest_fill(uint8_t *to, size_t at, size_t len);
/** guest_is_filled() - are these bytes of the pattern? */
bool guest_is_filled(const uint8_t *b, size_t at, size_t len);

#endif /* GUEST_H */
