/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twin.h - the wings in virtual time: a world around the real engine
 *
 * Defines what the engine calls of host/, link/ and sys/ that acts (sockets,
 * frames, epoll, clock, random bytes, messages) a second time, without a
 * kernel: linked before the libraries, these definitions win.  So the whole
 * of lib/engine runs, turn by turn, against hosts, servers and a guest that
 * a test scripts.
 *
 *	test					engine (its own thread)
 *	twin_open()	-- CHARTER, POLICY, LINK --->	weir_engine_run()
 *	twin_frame(), twin_tcp_*() ...
 *	twin_step()		----------------------> turns until it would
 *			      <- weir_loop_wait() ----- sleep
 *	twin_pass_us()		... and through every deadline on the way
 *	twin_close()		---- STOP ------------> end
 *
 * Only one of the two runs at a time.  Time moves only in twin_pass_us(), so a
 * run is the same each time.  Every frame for the guest is looked at (look.h);
 * what must not be is remembered in `wrong`, the first of it.
 *
 * One world at a time: the engine's calls name descriptors only.
 */
#ifndef TWIN_H
#define TWIN_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"
#include "engine/house.h"
#include "host/errqueue.h"
#include "look.h"
#include "sys/loop.h"
#include "sys/msg.h"

#define TWIN_SOCKS_MAX  16384u
#define TWIN_FD         1000000 /* the first descriptor of the twin */
#define TWIN_CONTROL    900000
#define TWIN_RULES_MAX  16u
#define TWIN_POLICY_MAX 16u
#define TWIN_EVER       UINT64_MAX

/** struct twin_bytes - bytes that wait; those before @at were taken */
struct twin_bytes {
	uint8_t *b;
	size_t at, len, cap;
};

/**
 * struct twin_gram - a datagram or message in a list
 *
 * Also a client that waits at a door, with what it has sent already, and an
 * error, with the beginning of the datagram it is about.
 */
struct twin_gram {
	struct twin_gram *next;
	struct weir_addr addr;
	uint16_t port;
	int err; /* instead of bytes: what receiving it returns */
	enum weir_msg_kind kind;
	int fd;      /* that comes with a message; 0: none */
	int other;   /* and the second */
	uint8_t ttl; /* of one sent; 0: as the socket says */
	bool whole;  /* of one sent: not to be cut */
	struct weir_errqueue_error error;
	size_t len;
	uint8_t b[];
};

struct twin_list {
	struct twin_gram *first, *last;
	unsigned n;
};

enum twin_kind {
	TWIN_TCP = 1,
	TWIN_UDP, /* ping sockets, too */
	TWIN_DNS,
	TWIN_LISTENER,
	TWIN_SPARE, /* a duplicate of another: nothing but a descriptor */
	TWIN_LINE,  /* an end of a pair that keeps messages apart */
	TWIN_FAR,   /* the other end of a pair that the engine made */
};

/** enum twin_stage - of a TCP socket */
enum twin_stage {
	TWIN_DIALLING = 1,
	TWIN_CONNECTED,
	TWIN_FAILED, /* @err says why; also after a reset */
};

/**
 * struct twin_sock - a host socket
 * @up:    what the engine sent; @down: what the host has for it
 * @space: bytes that a send still takes
 * @shut:  FIN was sent; @open: not closed; @hard: closed with RST
 * @echo:  what comes up goes down
 * @sent:  UDP: datagrams; DNS: the question; @come: those not received yet,
 *         or clients not accepted yet
 * @errors: UDP: what the network said; @err is then pending
 * @ident: of a ping socket, in place of the guest's
 * @pair:  the engine made it with another; @gone: that one is closed
 * @near:  FAR: the engine's end, an index; @given: the test has it
 */
struct twin_sock {
	enum twin_kind kind;
	enum twin_stage stage;
	bool open, shut, hard, eof, reset, echo, tcp, ping, whole;
	bool pair, gone, given;
	unsigned near;
	int err;
	struct weir_addr to;
	uint16_t port;
	uint64_t space;
	unsigned sends; /* TCP */
	struct twin_bytes up, down;
	struct twin_list sent, come, errors;
	uint16_t ident;
	/* epoll */
	bool watched, edge, in, out, poked, told;
	uint64_t tag;
};

/** enum twin_how - what becomes of a dial */
enum twin_how {
	TWIN_ACCEPT = 0,
	TWIN_SILENT,     /* nothing, until the test says */
	TWIN_FAIL_NOW,   /* connect() itself fails with @err */
	TWIN_FAIL_LATER, /* by an event */
};

/** struct twin_rule - for dials to @port (0: any) of @to (all zero: any) */
struct twin_rule {
	struct weir_addr to;
	uint16_t port;
	enum twin_how how;
	int err;
	bool echo;
};

struct twin {
	/* the script */
	struct weir_charter charter;
	/* the policy: texts of rules, see rules.h, and WEIR_IMAGE_* */
	const char *policy[TWIN_POLICY_MAX];
	unsigned n_policy;
	uint32_t policy_flags;
	struct twin_rule rule[TWIN_RULES_MAX]; /* the first that fits */
	unsigned n_rules;
	unsigned max_socks; /* then EMFILE */
	uint32_t link_room; /* frames that the link takes */
	int post_err;       /* what sending a datagram returns */
	int dns_err;        /* what opening a resolver call returns */
	int ping_err;       /* what opening a ping socket returns */
	int accept_err;     /* what accepting a client that waits returns */
	int segment_err;    /* what sending several datagrams as one returns */
	int pair_err;       /* what making a pair returns, but for the first */
	unsigned pair_skip; /* so many */
	int watch_err;      /* what watching a socket returns, likewise */
	unsigned watch_skip;
	uint32_t way_mtu; /* of every way out; 0: any datagram fits */
	int link_err;     /* what receiving a frame returns when none waits */
	bool link_waits;  /* it says that it takes none: as sockets do */
	/* the link is this socket of the kernel's, and no twin's: the test is
	 * its peer, and keeps it open as control does; -1: none */
	int link_sock;
	bool no_memory;   /* the next large mmap() fails */
	bool drop_frames; /* do not keep frames for the guest */
	/* asked when nothing is ready; may change all this.  NULL: the test */
	void (*idle)(struct twin *w);
	void *idle_arg;
	/* time, microseconds */
	uint64_t now, until;
	/* what is */
	struct twin_sock *sock;
	unsigned n_socks, n_open, next_sock;
	struct twin_list frames; /* for the engine */
	struct twin_list orders; /* messages for the engine */
	bool control_gone;
	int loop_fd, given_fd, policy_fd;
	bool link_watched, link_out, link_lost;
	bool dirty; /* some socket may have something to tell */
	uint64_t link_tag, control_tag;
	uint64_t dice;
	/* what happened */
	struct look *out, *out_last; /* frames for the guest */
	uint64_t n_out;
	struct twin_list said; /* messages from the engine */
	unsigned dials, turns, waits_zero;
	unsigned accepts, accepts_most; /* clients: in this turn, in any */
	unsigned takes, takes_most;     /* datagrams received, likewise */
	uint64_t wakes; /* times the engine was woken, or woke */
	uint64_t acts;  /* calls of wings that did something */
	uint64_t acts_then;
	const struct weir_house *house;
	void *arena;
	size_t arena_len;
	uint32_t end_chunks, end_flows, end_half;
	bool over;
	int status;
	char wrong[160];
	/* the two that take turns */
	pthread_t thread;
	sem_t to_engine, to_test;
};

/** twin_init() - a world as most tests want it; change it, then open it */
void twin_init(struct twin *w);

/** twin_open() - begin, up to READY */
void twin_open(struct twin *w);

/** twin_run() - all of it in the caller's thread; @w->idle drives */
void twin_run(struct twin *w);

/**
 * twin_close() - STOP, and see that nothing is left
 *
 * Return: NULL, or what was wrong.
 */
const char *twin_close(struct twin *w);

/** twin_settle() - see that nothing is left; the engine ended already */
const char *twin_settle(struct twin *w);

/** twin_step() - let the engine go on until it would sleep */
void twin_step(struct twin *w);

/** twin_pass_us() - let time pass, and the engine act in it */
void twin_pass_us(struct twin *w, uint64_t us);

/** twin_order() - a message for the engine; TALLY is answered in @w->said */
void twin_order(struct twin *w, enum weir_msg_kind kind, const void *body,
		size_t len);

/** twin_policy() - the policy as it is in @w now, from now on */
void twin_policy(struct twin *w);

/** twin_frame() - a frame from the guest, virtio header first */
void twin_frame(struct twin *w, const void *bytes, size_t len);

/** twin_wrong() - remember that something must not be */
void twin_wrong(struct twin *w, const char *what);

/** twin_summary() - ask for the counters */
struct weir_summary twin_summary(struct twin *w);

/** twin_find() - the open TCP socket to that port dialled last, or NULL */
struct twin_sock *twin_find(struct twin *w, uint16_t port);

/** twin_find_kind() - the open socket of that kind made last, or NULL */
struct twin_sock *twin_find_kind(struct twin *w, enum twin_kind kind);

/** twin_poke() - something happened to a socket: epoll looks again */
void twin_poke(struct twin_sock *s);

/* what hosts do */
void twin_tcp_connects(struct twin *w, struct twin_sock *s);
void twin_tcp_fails(struct twin *w, struct twin_sock *s, int err);
void twin_tcp_gives(struct twin *w, struct twin_sock *s, const void *bytes,
		    size_t len);
void twin_tcp_ends(struct twin *w, struct twin_sock *s);
void twin_tcp_resets(struct twin *w, struct twin_sock *s);
void twin_tcp_takes(struct twin *w, struct twin_sock *s, uint64_t space);
/* a datagram, or a message of a DNS server; an error if @err (negative) */
void twin_gives_gram(struct twin *w, struct twin_sock *s,
		     const struct weir_addr *from, uint16_t port,
		     const void *bytes, size_t len, int err);

/**
 * twin_tells() - the network says something of a datagram
 * @s: the socket that sent it
 * @g: the datagram, in @s->sent
 * @e: what is said; where it was bound for is filled in
 */
void twin_tells(struct twin *w, struct twin_sock *s, const struct twin_gram *g,
		const struct weir_errqueue_error *e);
/** twin_pongs() - an echo that a ping socket sent is answered */
void twin_pongs(struct twin *w, struct twin_sock *s, const struct twin_gram *g);

/* published ports: wings_doors.c */

/** twin_door() - publish a port; Return: its socket; NULL: none is left */
struct twin_sock *twin_door(struct twin *w,
			    const struct weir_charter_door *door);
/** twin_undoor() - publish it no longer */
void twin_undoor(struct twin *w, uint32_t id);
/**
 * twin_calls() - a client comes to a TCP door, with bytes it sent at once
 *
 * Once it is accepted, twin_find() by its port finds the engine's socket, and
 * the host's side of that is the client.
 */
struct twin_gram *twin_calls(struct twin *w, struct twin_sock *door,
			     const struct weir_addr *from, uint16_t port,
			     const void *bytes, size_t len);

/* socket pairs, and the proxy at their other ends: wings_pairs.c */

/** twin_proxy() - a proxy, from now on; Return: the engine's end of its pair,
 * in whose @sent is what it was told */
struct twin_sock *twin_proxy(struct twin *w);
/** twin_says() - the proxy says something; @err: that it cannot be read */
struct twin_gram *twin_says(struct twin *w, struct twin_sock *proxy,
			    enum weir_msg_kind kind, const void *body,
			    size_t len, int err);
/** twin_near() - what came with a HANDOVER: a host's socket, or the engine's
 * end of a pair, which may be closed by now */
struct twin_sock *twin_near(struct twin *w, int fd);
/** twin_parts() - the other end of that one is closed */
void twin_parts(struct twin *w, struct twin_sock *near);
/** twin_dies() - the proxy ends, and with it all it was given */
void twin_dies(struct twin *w, struct twin_sock *proxy);
/** twin_writes() - a message to the engine's end of a pair that keeps them
 * apart; what it sent there is in @sent */
void twin_writes(struct twin *w, struct twin_sock *near, const void *bytes,
		 size_t len);

/* lists and bytes */
struct twin_gram *twin_list_put(struct twin_list *l, const void *bytes,
				size_t len);
void twin_list_drop(struct twin_list *l);
void twin_list_clear(struct twin_list *l);
void twin_bytes_put(struct twin_bytes *to, const void *bytes, size_t len);
void twin_out_clear(struct twin *w);

#endif /* TWIN_H */
