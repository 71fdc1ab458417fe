/* SPDX-License-Identifier: Apache-2.0 */
/*
 * house.h - what the rooms of the engine share: one network and its guest
 *
 * One thread owns all of it.  The rooms of this floor are the loop (engine),
 * the two ways through the house (up, down), and for each kind of flow the
 * room that ties its pure state to host sockets (streams, datagrams, names).
 *
 *	card      the guest's card: whatever carries its frames
 *	engine    birth, messages from control, the turn of the loop
 *	up        a frame from the guest: seen, sorted, given to its room
 *	down      frames to the guest: headers, checksums, the link
 *	streams   TCP flows: dial, bytes both ways, ends
 *	foyer     who the guest is
 *	datagrams UDP flows
 *	echoes    echo to hosts outside
 *	courier   what those two share: a host socket and its errors
 *	parts     fragments, until they are a frame again
 *	names     DNS
 *	verdict   questions to the policy
 *	cross     flows that the proxy opens
 *	inspect   flows whose first bytes, or requests, decide
 *	revise    another policy: what is open is judged again
 *	tell      what happened, to the log
 */
#ifndef WEIR_ENGINE_HOUSE_H
#define WEIR_ENGINE_HOUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/pool.h"
#include "base/reason.h"
#include "base/table.h"
#include "base/timer.h"
#include "engine/card.h"
#include "engine/courier.h"
#include "flow/ask.h"
#include "flow/assoc.h"
#include "flow/conn.h"
#include "flow/desk.h"
#include "flow/frag.h"
#include "flow/lease.h"
#include "flow/requests.h"
#include "flow/shelf.h"
#include "flow/store.h"
#include "host/resolver.h"
#include "packet/hello.h"
#include "packet/kind.h"
#include "packet/view.h"
#include "policy/class.h"
#include "policy/image.h"
#include "policy/judge.h"
#include "policy/pins.h"
#include "policy/quota.h"
#include "record/event.h"
#include "record/journal.h"
#include "sys/charter.h"
#include "sys/summary.h"

#define WEIR_HOUSE_NONE   UINT32_MAX
#define WEIR_HOUSE_LIMITS 5u /* reasons that are limits */

/* frames that are held until the turn has read them all; then one more */
#define WEIR_HOUSE_HELD_BYTES   (256u << 10)
#define WEIR_HOUSE_FRAMES_BYTES (WEIR_HOUSE_HELD_BYTES + WEIR_LINK_ROOM_BYTES)

/* what a descriptor in the loop is: the top byte of its tag */
enum weir_house_tag {
	WEIR_HOUSE_TAG_CONTROL = 1,
	WEIR_HOUSE_TAG_LINK,
	WEIR_HOUSE_TAG_STREAM,   /* low 56 bits: see streams.c */
	WEIR_HOUSE_TAG_DATAGRAM, /* low 32 bits: the mapping */
	WEIR_HOUSE_TAG_ECHO,     /* low 32 bits: the mapping */
	WEIR_HOUSE_TAG_NAME,     /* low 32 bits: the slot */
	WEIR_HOUSE_TAG_DOOR,     /* low 32 bits: the door */
	WEIR_HOUSE_TAG_RELAY,    /* another thread has an errand */
	WEIR_HOUSE_TAG_PROXY,    /* the proxy says something */
	WEIR_HOUSE_TAG_LINE,     /* low 56 bits: see lines.c */
};

#define WEIR_HOUSE_TAG(kind, low) ((uint64_t)(kind) << 56 | (low))

/** struct weir_policy - the policy in force: an image and where it is mapped */
struct weir_policy {
	struct weir_image image;
	const void *bytes; /* NULL: none yet */
	size_t len;
};

/**
 * struct weir_fact - what a flow was judged by
 * @id: its number in the log
 * @rule, @by:  what allows it, see policy/judge.h
 * @shown: the name it showed, in weir_streams.shown
 * @held:  its address is held in the pins
 * @forgot: it showed a name that could not be kept
 * @told:  the log knows that it is open
 * @denied: and that it was denied later, by @rule and @by
 * @seen:  its first bytes were looked at; @http: and are of plain HTTP, whose
 *         later requests are not
 */
struct weir_fact {
	uint64_t id;
	uint32_t rule, shown;
	uint8_t by;
	bool held, forgot, told, denied, seen, http;
};

/**
 * struct weir_watch - a TCP flow whose bytes are looked at; see inspect.c
 * @due_us: decided then, or ended
 * @free: bytes of the client that may go on
 * @seen: how many waited at the last look
 * @came: bytes of the server
 * @heard, @answered, @second: how far a TLS server's answer to the ClientHello
 *         is heard; it is none that asks for another; it was one
 * @waiting: it counts as one whose bytes are held
 * @peer: the client, of a flow that came in at a published port
 * @denied, @json, @head: the denial to be told, and how
 */
struct weir_watch {
	struct weir_requests requests;
	uint64_t due_us, free;
	uint32_t seen, came;
	uint8_t state, passed;
	bool json, head, waiting, answered, second;
	struct weir_hello_heard heard;
	struct weir_addr peer;
	struct weir_judge_verdict denied;
};

/**
 * struct weir_side - the host's side of a TCP flow
 * @fd:    socket, or -1 (DNS over TCP, TIME-WAIT)
 * @next:  in the list of flows that have something to do
 * @flags: WEIR_SIDE_*, see relay.h
 * @pending: DNS questions of a TCP flow that wait for their answers
 * @fact:  what it was judged by
 */
struct weir_side {
	int fd;
	uint32_t next;
	uint16_t flags;
	uint16_t pending;
	uint8_t fed[2]; /* see weir_toll.lap; by enum weir_toll_way */
	struct weir_fact fact;
};

/** struct weir_streams - all TCP flows */
struct weir_streams {
	struct weir_pool pool;
	struct weir_table table;
	struct weir_timer timer;
	struct weir_conn *conn;
	struct weir_side *side;
	struct weir_watch *watch; /* only of flows that are looked at */
	struct weir_shelf shown;  /* names that flows have shown */
	uint8_t *first;           /* what is looked at, WEIR_FIRST_BYTES */
	uint32_t waiting;         /* flows whose bytes are held: inspect.c */
	uint32_t busy, busy_last; /* list of flows with something to do */
	uint32_t half_open;
	bool starved;    /* some flow on the list lacks payload memory */
	uint32_t budget; /* bytes from the host, all flows, in this turn */
	uint32_t hand;   /* where the search for a TIME-WAIT entry goes on */
	uint64_t key[2];
};

/* lines to resolvers come first, then those of guests */
#define WEIR_LINES_MAX (WEIR_DNS_UPSTREAMS_MAX + WEIR_DNS_LINES_MAX)

/**
 * struct weir_line - DNS over TLS, see lines.h
 * @fd: -1: none; @gen: of the place, 24 bits
 * @pending: a guest's: questions that are not answered
 * @spoke: a resolver's: it has brought an answer
 */
struct weir_line {
	int fd;
	uint32_t gen, pending;
	bool spoke;
};

/**
 * struct weir_names_sent - a question in flight, by slot
 * @line: by which it went; 0: by a socket of its own; @id: of its message
 * @again: the slot's id, if it was asked once more already
 */
struct weir_names_sent {
	uint64_t again;
	uint16_t id;
	uint8_t line;
};

/** struct weir_names - DNS: the sockets of questions in flight */
struct weir_names {
	struct weir_ask ask;
	struct weir_ask_random random;
	struct weir_resolver_call *call; /* one per slot */
	uint64_t *slot;                  /* whose it is; 0: closed */
	uint8_t *room;                   /* for one message */
	uint8_t *gathered;               /* a question that came by TCP */
	struct weir_names_sent *sent;    /* by slot */
	struct weir_line line[WEIR_LINES_MAX];
};

#define WEIR_DATAGRAMS_HELD_MAX 64u /* at most one bit each in a word */

/**
 * struct weir_datagrams - UDP: the sockets of mappings
 * @courier: one per mapping
 * @held:    @n_held datagrams of the guest that go together
 * @done:    which of them went, while they go
 * @room:    for what comes from the host, weir_volley_room_bytes()
 */
struct weir_datagrams {
	struct weir_assoc assoc;
	struct weir_courier *courier;
	struct weir_courier_gram *held;
	unsigned n_held;
	uint64_t done;
	uint8_t *room;
};

/** struct weir_echoes - echo: the ping sockets of idents */
struct weir_echoes {
	struct weir_assoc assoc;
	struct weir_courier *courier; /* one per mapping */
};

/** struct weir_parts - fragments of the guest; @whole: a frame of them */
struct weir_parts {
	struct weir_frag frag;
	uint8_t *whole;
};

/** struct weir_door - a published port; @fd -1: none */
struct weir_door {
	int fd;
	bool paused; /* it is not looked at for a while */
	struct weir_charter_door is;
};

/** struct weir_door_client - a UDP client at a door */
struct weir_door_client {
	struct weir_addr from;
	uint16_t port;
	uint32_t door;
	struct weir_assoc_ends ends; /* as the guest sees it */
	uint64_t used_us;
};

/** struct weir_doors - all published ports */
struct weir_doors {
	struct weir_door *door;
	uint32_t n;
	int reserve;        /* a descriptor for when there is none */
	uint64_t resume_us; /* when paused doors are looked at again */
	struct weir_pool clients;
	struct weir_table by_client, by_guest;
	struct weir_timer timer;
	struct weir_door_client *client;
	uint64_t key[2];
};

enum weir_toll_way { WEIR_TOLL_UP, WEIR_TOLL_DOWN, WEIR_TOLL_WAYS };

/**
 * struct weir_toll - a rate of one direction
 * @on:      is there one at all
 * @waiting: flows that found too little in this round; @waited in the last
 * @lap:     a flow that was cut short in this lap gets no more until all that
 *           wait had something; @hungry: those found in this round that had not
 */
struct weir_toll {
	bool on;
	struct weir_quota quota;
	uint32_t waiting, waited;
	uint32_t hungry;
	uint64_t reserve; /* bytes TCP leaves for what cannot wait */
	uint8_t lap;
};

/**
 * struct weir_revise - where the judging of open conversations by a new policy
 *                      goes on; see revise.c
 */
struct weir_revise {
	uint8_t step;
	uint32_t at;
};

/** struct weir_tolls - all rates */
struct weir_tolls {
	struct weir_toll way[WEIR_TOLL_WAYS], flows;
};

struct weir_house {
	int loop, control, proxy; /* @proxy -1: there is none */
	struct weir_card card;
	bool proxy_full; /* it takes no flow at the moment */
	bool up;         /* charter and link are in force */
	bool stopping;
	uint64_t stop_us; /* then it ends, whatever still waits */
	bool link_ready;  /* the loop said so in this turn */
	bool link_lost;   /* it is down */
	bool stranger;    /* its Ethernet address is not known yet */
	bool deaf;        /* control took not all events */
	bool ending;      /* the last events: control is waited for */
	bool called;      /* another thread did, in this turn */
	bool owed;        /* it ended before the hosts had taken all */
	unsigned singles; /* turns in a row that found one frame */
	uint64_t now_us;
	void *mem; /* all that the rooms' arena gave */
	size_t mem_len;
	struct weir_charter charter;
	struct weir_kind_facts facts;
	struct weir_class_facts classes;
	struct weir_policy policy;
	struct weir_pins pins;
	struct weir_pins *given; /* by our program; NULL: none has us inside */
	struct weir_errand_list *errands; /* the same */
	struct weir_journal journal;
	struct weir_event event;   /* being told */
	uint64_t last_flow;        /* the number of the last one that opened */
	enum weir_reason talk_why; /* why conversations end now: talk.c */
	struct weir_revise revise;
	struct weir_conn_env env;
	struct weir_conn_env env_names; /* DNS over TCP: a shorter life */
	struct weir_store_pool payload;
	struct weir_desk desk;
	struct weir_lease lease;
	struct weir_streams streams;
	struct weir_datagrams datagrams;
	struct weir_echoes echoes;
	struct weir_parts parts;
	struct weir_names names;
	struct weir_doors doors;
	struct weir_tolls tolls;
	struct weir_summary sum;
	uint64_t limits_told[WEIR_HOUSE_LIMITS]; /* of sum.reasons: tell.c */
	uint32_t slice_id; /* of the next packet that is cut */
	uint8_t *frame;    /* from the guest, WEIR_HOUSE_FRAMES_BYTES */
	uint8_t *answer;   /* one frame to the guest, built whole */
	uint8_t quote[WEIR_FRAME_HEADER_BYTES]; /* see weir_up_quote() */
};

/** weir_house_count() - count a reason */
static inline void weir_house_count(struct weir_house *h, enum weir_reason r)
{
	h->sum.reasons.count[r]++;
}

/** weir_house_now_ms() - the time of this turn in milliseconds */
static inline uint64_t weir_house_now_ms(const struct weir_house *h)
{
	return h->now_us / 1000;
}

#endif /* WEIR_ENGINE_HOUSE_H */
