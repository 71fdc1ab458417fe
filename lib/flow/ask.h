/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ask.h - the guest's DNS questions: read, decided, answered, asked onward
 *
 * Pure: no socket, no clock, no frame.  The owner (the engine) brings events
 * and takes what is to be done:
 *
 *	a question came	 weir_ask_read(), and if that says JUDGE: judge its
 *			 name, then weir_ask_decide()
 *	an answer came	 weir_ask_upstream(), and if that says REVIEW: mark the
 *			 addresses that may not pass, then weir_ask_settle()
 *	an answer goes	 weir_ask_addresses(): what of it is to be pinned
 *	the policy is another one	weir_ask_forget()
 *	a send failed, or the server's socket did	weir_ask_failed(),
 *			 or weir_ask_repeat()
 *	time passed	 weir_ask_tick(), when weir_ask_due_us() says so
 *
 * After each of them, until it says IDLE:	weir_ask_next()
 *
 * An upstream question lives in a slot.  The owner keeps at most one socket
 * per slot, in an array of its own indexed by weir_ask_index().
 */
#ifndef WEIR_FLOW_ASK_H
#define WEIR_FLOW_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/pool.h"
#include "base/reason.h"
#include "base/table.h"
#include "flow/answers.h"
#include "flow/local.h"
#include "flow/respond.h"
#include "flow/servers.h"
#include "flow/sift.h"
#include "packet/dns.h"

#define WEIR_ASK_FROM_BYTES     48u
#define WEIR_ASK_ROOM_BYTES     65535u /* every message fits */
#define WEIR_ASK_SEND_MAX_BYTES 300u   /* every question sent upstream fits */
#define WEIR_ASK_RANDOM_BYTES   (2u + WEIR_DNS_CASE_BYTES)
#define WEIR_ASK_WAITERS_MAX    4096u /* guest questions waiting for answers */
#define WEIR_ASK_SHARE_MAX      256u  /* of them, for the same one */

/** struct weir_ask_from - whom to answer; opaque, given back as it was */
struct weir_ask_from {
	uint8_t b[WEIR_ASK_FROM_BYTES];
};

/**
 * struct weir_ask_config - the facts of one network; copied
 * @gateway4, @gateway6: what the alias names mean
 * @has6:    has the sandbox IPv6 (IPv4 it always has)
 * @server:  upstream servers in the order they are tried
 * @host:    names answered here
 * @timeout_ms: patience with one server, at least 1
 * @cache_entries: answers kept, at most WEIR_DNS_CACHE_ENTRIES; 0: none
 * @key:     random and secret
 */
struct weir_ask_config {
	struct weir_addr gateway4, gateway6;
	bool has6;
	unsigned n_servers, n_hosts;
	const struct weir_servers_entry *server;
	const struct weir_local_host *host;
	uint32_t timeout_ms, cache_entries;
	uint64_t key[2];
};

/** struct weir_ask_stats - what happened, ever growing */
struct weir_ask_stats {
	uint64_t questions; /* well-formed or not */
	uint64_t dropped;   /* not answered at all: DNS_FORM */
	uint64_t refused;   /* FORMERR, NOTIMP, REFUSED, BADVERS */
	uint64_t denied;    /* by the verdict */
	uint64_t local;     /* answered from the facts of the network */
	uint64_t cached;    /* answered from the cache */
	uint64_t shared;    /* joined a question already in flight */
	uint64_t sent;      /* upstream, repeats included */
	uint64_t ignored; /* upstream datagrams that echo no question of ours */
	uint64_t timeouts, failures; /* of attempts */
	uint64_t limit;              /* SERVFAIL for want of a slot or waiter */
	uint64_t filtered;           /* answers that lost their last address */
};

/** enum weir_ask_verdict - what the policy says of a name */
enum weir_ask_verdict {
	WEIR_ASK_ALLOW = 1,
	WEIR_ASK_DENY, /* NXDOMAIN, extended error 15; nothing leaves */
};

/**
 * struct weir_ask_in - a message from the guest
 * @bytes, @len: the DNS message, borrowed for the call
 * @from:    whom to answer
 * @tcp:     it came by TCP
 * @max_udp: most payload of a datagram to the guest without fragments
 */
struct weir_ask_in {
	const uint8_t *bytes;
	size_t len;
	struct weir_ask_from from;
	bool tcp;
	uint16_t max_udp;
};

/** struct weir_ask_guest - who asks, and how the answer must look */
struct weir_ask_guest {
	struct weir_ask_from from;
	struct weir_respond_style style;
	bool tcp;
};

/**
 * struct weir_ask_question - one well-formed question
 * @q: name (lower case), type, class: what the owner judges
 */
struct weir_ask_question {
	struct weir_dns_question q;
	struct weir_ask_guest guest;
};

/**
 * struct weir_ask_out - room for a message, and what it is
 * @bytes, @room: set by the owner; WEIR_ASK_ROOM_BYTES is always enough
 * @len:    of the message
 * @from, @tcp: REPLY, TELL: whom to send it to
 * @slot:   SEND, CLOSE
 * @server: SEND: where to; @tcp: by TCP
 * @name, @type, @rcode, @answers, @cached: REPLY, TELL: for the log; @name is
 *          borrowed until the next call, NULL if the question has none
 * @reason: DROP
 */
struct weir_ask_out {
	uint8_t *bytes;
	size_t room, len;
	struct weir_ask_from from;
	bool tcp, cached;
	uint64_t slot;
	struct weir_servers_entry server;
	const struct weir_dns_name *name;
	uint16_t type, rcode, answers;
	enum weir_reason reason;
};

/** enum weir_ask_said - what becomes of a question */
enum weir_ask_said {
	WEIR_ASK_DROP = 1, /* nothing: it was no question */
	WEIR_ASK_REPLY,    /* the answer is in the room */
	WEIR_ASK_JUDGE,    /* the policy must be asked */
	WEIR_ASK_WAIT,     /* answered later, by weir_ask_next() */
};

/** enum weir_ask_took - what becomes of bytes from a server */
enum weir_ask_took {
	WEIR_ASK_IGNORED = 1, /* not an answer: go on listening */
	WEIR_ASK_TAKEN,       /* the server has spoken: weir_ask_next() */
	WEIR_ASK_REVIEW,      /* look at the addresses, then settle */
};

/** enum weir_ask_do - what is to be done */
enum weir_ask_do {
	WEIR_ASK_IDLE = 1, /* nothing more */
	WEIR_ASK_TELL,     /* send the answer in the room to the guest */
	WEIR_ASK_SEND,     /* close the slot's socket, send from a new one */
	WEIR_ASK_CLOSE,    /* close the slot's socket, if it has one */
};

/**
 * struct weir_ask_random - random bytes for one upstream question
 * @used: the bytes were used and must be replaced
 */
struct weir_ask_random {
	uint8_t b[WEIR_ASK_RANDOM_BYTES];
	bool used;
};

/**
 * struct weir_ask_review - an answer that was believed
 * @name, @type: the question
 * @address: what would become pins of @name; the owner marks what to @drop
 * @strip_ech: set by the owner: leave ech out of SVCB and HTTPS records
 *
 * If no A or AAAA record is left the guest is told NXDOMAIN with extended error
 * 17; an SVCB or HTTPS record stays without its hints.
 */
struct weir_ask_review {
	uint64_t slot;
	const struct weir_dns_name *name;
	uint16_t type;
	bool strip_ech;
	unsigned n;
	struct weir_sift_address address[WEIR_SIFT_ADDRESSES_MAX];
};

/** enum weir_ask_state - of a slot; see the drawing in ask.c */
enum weir_ask_state {
	WEIR_ASK_STATE_QUEUED = 1,
	WEIR_ASK_STATE_ASKED,
	WEIR_ASK_STATE_SETTLED,
	WEIR_ASK_STATE_LOST,
};

/** struct weir_ask_slot - one upstream question; the room's own */
struct weir_ask_slot {
	struct weir_dns_question q; /* lower case */
	uint8_t mix[WEIR_DNS_CASE_BYTES];
	struct weir_servers_tried tried;
	uint64_t due_us;
	uint32_t waiter, last_waiter, n_waiters;
	uint32_t earlier, later; /* of those asked */
	uint32_t after;          /* of those with something to be done */
	uint16_t id;
	uint8_t state, flavour;
	bool tcp, plain;
};

/** struct weir_ask_waiter - one guest question; the room's own */
struct weir_ask_waiter {
	struct weir_ask_guest guest;
	uint32_t next;
};

/** struct weir_ask_settled - the answer being told; the room's own */
struct weir_ask_settled {
	struct weir_answers_what what;
	uint16_t ede;
	uint8_t *room;        /* the message; */
	const uint8_t *bytes; /* what follows its question */
};

/** struct weir_ask - all questions of one network; read @stats only */
struct weir_ask {
	struct weir_ask_stats stats;
	struct weir_local local;
	bool has6, keeps;
	uint64_t timeout_us;
	struct weir_servers servers;
	uint64_t key[2];
	struct weir_answers answers;
	struct weir_pool slots, waiters;
	struct weir_table table;
	struct weir_ask_slot *slot;
	struct weir_ask_waiter *waiter;
	uint32_t first_asked, last_asked;
	uint32_t first_todo, last_todo;
	struct weir_ask_settled settled;
	struct weir_ask_question reading;
	bool telling; /* @settled is in use */
};

/** weir_ask_bytes() - what weir_ask_init() takes from an arena at most */
size_t weir_ask_bytes(void);

/**
 * weir_ask_init() - no question asked, no answer kept
 *
 * Servers beyond WEIR_DNS_UPSTREAMS_MAX and hosts beyond WEIR_DNS_HOSTS_MAX
 * are not looked at.
 * Memory: copies all of @config; tables from @arena.
 * Return: false if the arena has no room.
 */
bool weir_ask_init(struct weir_ask *a, struct weir_arena *arena,
		   const struct weir_ask_config *config);

/**
 * weir_ask_set_servers() - other upstream servers from now on
 *
 * The network has changed, so what the old ones said is forgotten.
 */
void weir_ask_set_servers(struct weir_ask *a,
			  const struct weir_servers_entry *s, unsigned n);

/**
 * weir_ask_forget() - the policy is another one: no answer is kept any more
 *
 * What is in flight is reviewed when it comes, by the policy of then.
 */
void weir_ask_forget(struct weir_ask *a);

/** weir_ask_index() - the slot's place in arrays, < WEIR_DNS_INFLIGHT_MAX */
uint32_t weir_ask_index(uint64_t slot);

/**
 * weir_ask_read() - a message from the guest
 * @ret: written if JUDGE
 * @out: DROP: @out->reason; REPLY: the answer
 *
 * Return: WEIR_ASK_DROP, _REPLY or _JUDGE.
 */
enum weir_ask_said weir_ask_read(struct weir_ask *a,
				 const struct weir_ask_in *in,
				 struct weir_ask_question *ret,
				 struct weir_ask_out *out);

/**
 * weir_ask_decide() - the question is judged
 * @q: from weir_ask_read()
 *
 * Return: WEIR_ASK_REPLY or _WAIT.
 */
enum weir_ask_said weir_ask_decide(struct weir_ask *a,
				   const struct weir_ask_question *q,
				   enum weir_ask_verdict verdict,
				   uint64_t now_us, struct weir_ask_out *out);

/**
 * weir_ask_upstream() - a message came on a slot's socket
 * @slot:  may be one that is over
 * @bytes: @len bytes, borrowed; until weir_ask_settle() if REVIEW
 * @ret:   written if REVIEW
 */
enum weir_ask_took weir_ask_upstream(struct weir_ask *a, uint64_t slot,
				     const uint8_t *bytes, size_t len,
				     uint64_t now_us,
				     struct weir_ask_review *ret);

/**
 * weir_ask_settle() - the answer under review goes to the guest and the cache
 * @r: as weir_ask_upstream() left it, but for @r->address[].drop and
 *     @r->strip_ech
 * @bytes, @len: the same bytes
 */
void weir_ask_settle(struct weir_ask *a, const struct weir_ask_review *r,
		     const uint8_t *bytes, size_t len, uint64_t now_us);

/**
 * weir_ask_failed() - a slot's socket could not be opened, or broke
 * @slot: may be one that is over
 */
void weir_ask_failed(struct weir_ask *a, uint64_t slot, uint64_t now_us);

/** weir_ask_repeat() - ask the same server once more: what it was asked over is
 * gone, for no fault of this question; @slot: as above */
void weir_ask_repeat(struct weir_ask *a, uint64_t slot, uint64_t now_us);

/** weir_ask_due_us() - when weir_ask_tick() is wanted; UINT64_MAX never */
uint64_t weir_ask_due_us(const struct weir_ask *a);

/** weir_ask_tick() - time has passed */
void weir_ask_tick(struct weir_ask *a, uint64_t now_us);

/**
 * weir_ask_next() - the next thing to be done
 * @random: used by SEND only, which sets @random->used; must not be used
 *          before
 *
 * Call it after each event until it says IDLE.
 */
enum weir_ask_do weir_ask_next(struct weir_ask *a,
			       struct weir_ask_random *random, uint64_t now_us,
			       struct weir_ask_out *out);

/**
 * weir_ask_addresses() - what of an answer to the guest is to be pinned
 * @msg: @len bytes: any answer, as REPLY or TELL left it in the room
 * @ret: the first @max of them; each with what is left of its TTL
 *
 * Those at the end of the CNAME chain that begins at the question, and the
 * hints of SVCB and HTTPS records there; the pins' name is @name of struct
 * weir_ask_out.  So a pin is made alike whether the answer is new, shared or
 * from the cache.
 * Return: how many; 0 for an answer that is cut, or says anything but NOERROR.
 */
unsigned weir_ask_addresses(const uint8_t *msg, size_t len,
			    struct weir_sift_address *ret, unsigned max);

#endif /* WEIR_FLOW_ASK_H */
