/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crossing.h - one intercepted connection: two sockets, two TLS sides, a talk
 *
 * DOC: how it works
 *
 *	 guest's end of                                       host's
 *	 the pair                plain bytes                  socket
 *	   ══► TLS ──► ┌──────────────────────────┐ ──► TLS ──►
 *	               │ talk: exchange, pass ... │
 *	   ◄── TLS ◄── └──────────────────────────┘ ◄── TLS ◄──
 *
 *	HELLO ──► DIAL ──────► ANSWER ──► TALK ──► OVER
 *	  │ the      │ the host's   │        │ both sides have ended,
 *	  │ guest's  │ handshake    │        │ or one cannot go on
 *	  ▼ is none  ▼ failed       ▼        ▼
 *	 OVER       ANSWER, to say why: 502
 *
 * Plain HTTP begins in TALK; a guest's DNS over TLS has no host: HELLO, ANSWER,
 * TALK; ours to a resolver no guest: DIAL, TALK.
 *
 * The host is asked before the guest is answered, so that the guest is told
 * only protocols that the host speaks.  A host that is not to be believed is
 * told to the guest in a protocol it understands: TLS with our leaf, then 502.
 *
 * Nothing is read that has no room: the kernel keeps the other side waiting.
 * The memory of a connection is what its talk keeps, and TLS's own.
 *
 * Ends are the talk's to say.  A side that is to end hears close_notify and
 * FIN, and is listened to for WEIR_CROSSING_LINGER_US more, since what it
 * still sends would otherwise come back as a reset and take our last words
 * with it.
 */
#ifndef WEIR_PROXY_CROSSING_H
#define WEIR_PROXY_CROSSING_H

#include <stdbool.h>
#include <stdint.h>

#include "packet/dns.h"
#include "proxy/secure.h"
#include "proxy/talk.h"
#include "sys/handover.h"

#define WEIR_CROSSING_SHAKE_US  20000000u /* for a handshake */
#define WEIR_CROSSING_LINGER_US 2000000u

/** enum weir_crossing_state - see the top */
enum weir_crossing_state {
	WEIR_CROSSING_HELLO = 1,
	WEIR_CROSSING_DIAL,
	WEIR_CROSSING_ANSWER,
	WEIR_CROSSING_TALK,
	WEIR_CROSSING_OVER,
};

/**
 * struct weir_crossing_side - one of the two
 * @tls: ssl NULL: plain
 * @ended: it says no more; @lost: nothing goes any more
 * @shut: we say no more, and it was told; @linger_us: listened to until then
 * @watched: what the loop is to wait for, WEIR_LOOP_IN and _OUT; _EOF: that it
 *           hangs up, which a loop tells of whatever is watched; 0: nothing
 * @watching: what it waits for; the loop's own
 * @dry: it was read to its end, and nothing was told of it since
 */
struct weir_crossing_side {
	int fd;
	struct weir_secure_side tls;
	bool ended, lost, deaf, shut, dry;
	uint64_t linger_us;
	uint32_t watched, watching;
	uint64_t bytes_in, bytes_out;
};

struct weir_crossing;

/**
 * struct weir_crossing_owner - who has them
 * @open: both sides stand, or @x->why says what is wrong with the host: sets
 *        @x->talk by @x->protocol.  Return: false: no memory
 * @is_insecure: is the certificate of this host believed whatever it is?
 */
struct weir_crossing_owner {
	void *ctx;
	bool (*open)(void *ctx, struct weir_crossing *x);
	bool (*is_insecure)(void *ctx, const struct weir_dns_name *name);
};

/**
 * struct weir_crossing - a connection
 * @handover: what the engine said of it
 * @side: by enum weir_talk_side
 * @protocol: of both sides, one WEIR_SECURE_*, or 0
 * @name: it was opened for, if @has_name
 * @why, @text: what is wrong with the host
 * @how: it ended
 * @again: there was more to do when its turn was over
 * @due_us: when weir_crossing_run() is wanted whatever its sockets say
 */
struct weir_crossing {
	struct weir_handover handover;
	const struct weir_crossing_owner *owner;
	enum weir_crossing_state state;
	struct weir_crossing_side side[2];
	struct weir_secure *secure;
	struct weir_secure_hello hello;
	uint8_t protocol;
	bool has_name, again;
	struct weir_dns_name name;
	enum weir_reason why;
	char text[WEIR_SECURE_WHY_BYTES];
	enum weir_handover_how how;
	struct weir_talk talk;
	uint64_t due_us;
};

/**
 * weir_crossing_begin() - a connection that was handed over
 * @x:  the caller's memory, need not be zero
 * @fd: by enum weir_talk_side; non-blocking; its own from now on
 *
 * Return: false: no memory; both descriptors are closed.
 */
bool weir_crossing_begin(struct weir_crossing *x, struct weir_secure *secure,
			 const struct weir_crossing_owner *owner,
			 const struct weir_handover *h, const int fd[2],
			 uint64_t now_us);

/**
 * weir_crossing_run() - do what can be done now, a bounded part of it
 *
 * After it @watched of both sides says what to wait for.
 * Return: false: it is over.
 */
bool weir_crossing_run(struct weir_crossing *x, uint64_t now_us,
		       int64_t unix_s);

/** weir_crossing_ready() - the loop told something of a side: it may have bytes */
void weir_crossing_ready(struct weir_crossing *x, enum weir_talk_side side);

/** weir_crossing_gone() - the other end of the guest's pair is closed */
void weir_crossing_gone(struct weir_crossing *x);

/** weir_crossing_tell() - how it ended, once weir_crossing_run() says that it
 * is over */
void weir_crossing_tell(const struct weir_crossing *x,
			struct weir_handover_end *ret);

/** weir_crossing_close() - give it back
 * @ret: what to tell the engine */
void weir_crossing_close(struct weir_crossing *x,
			 struct weir_handover_end *ret);

#endif /* WEIR_PROXY_CROSSING_H */
