/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect.c - TCP flows whose bytes are looked at before they go on
 *
 * DOC: how it works
 *
 * A flow whose verdict waits for a name is dialled and accepted like any, and
 * the server is heard at once, WEIR_FIRST_DOWN bytes of it.  What the client
 * sends stays in the up store of its connection until it is known what it is
 * (flow/first): it is copied from there to be looked at, so whole.
 *
 *	FIRST ----- a name, or that there is none: judged again
 *	  |   allowed ------------------------------------> a flow like any
 *	  |   allowed, and TLS
 *	  +-------------> ANSWER     the server's is awaited: if it asks for
 *	  |                          another ClientHello FIRST again, once
 *	  |   allowed for its name, and plain HTTP
 *	  +-------------> REQUESTS   each head is judged (flow/requests)
 *	  |                 | denied: the host's side is shut for writing
 *	  |                 v
 *	  |               LAST       the answers under way come first
 *	  |   denied,       | the server's end
 *	  |   HTTP          v
 *	  +-------------> TOLD       403, FIN; the client is not heard any more
 *	  +-- denied ---> RST, or with `on_deny: drop` MUTE: nothing at all
 *
 * All states but the first column's end are WEIR_SIDE_GATED: only `free` bytes
 * may go up without a look.  Once the gate is open nothing of this is left on
 * the flow's way.
 *
 * Decided without all of them (flow/first: last) when WEIR_FIRST_BYTES are
 * held, WEIR_FIRST_MS after the first of them, and at a FIN; without any when
 * the server has said WEIR_FIRST_DOWN bytes on a port where it may be first.  What is TLS or
 * HTTP but cannot be read is denied, whatever the rules say of flows without a
 * name: else a rule that denies a name could be evaded by mumbling.
 */
#include "engine/inspect.h"

#include "engine/cross.h"
#include "engine/facts.h"
#include "engine/relay.h"
#include "engine/streams.h"
#include "engine/tell.h"
#include "engine/verdict.h"
#include "flow/first.h"
#include "flow/transmit.h"
#include "host/dial.h"
#include "policy/forbid.h"

#define PATIENCE_US (WEIR_FIRST_MS * 1000ull)
#define HTTP_PORT   80u
#define TLS_PORT    443u
#define MUTE_US     130000000u /* a guest has given up by then */

enum {
	FIRST = 1,
	ANSWER,
	REQUESTS,
	LAST,
	TOLD,
	MUTE,
};

static struct weir_watch *watch_of(const struct weir_house *h, uint32_t i)
{
	return &h->streams.watch[i];
}

size_t weir_inspect_bytes(uint32_t flows)
{
	return (size_t)flows * sizeof(struct weir_watch) + weir_shelf_bytes() +
	       WEIR_FIRST_BYTES + 192;
}

bool weir_inspect_init(struct weir_house *h, struct weir_arena *arena,
		       uint32_t flows)
{
	struct weir_streams *s = &h->streams;

	s->waiting = 0;
	s->watch = weir_arena_take(arena, flows, sizeof(*s->watch), 16);
	s->first = weir_arena_take(arena, 1, WEIR_FIRST_BYTES, 64);
	return s->watch && s->first &&
	       weir_shelf_init(&s->shown, arena, s->key);
}

void weir_inspect_begin(struct weir_house *h, uint32_t i)
{
	*watch_of(h, i) = (struct weir_watch){ .state = FIRST,
					       .due_us = WEIR_TRANSMIT_NEVER };
	h->streams.side[i].flags |= WEIR_SIDE_GATED;
}

/*
 * Bytes that are held take payload memory, which all share: so many flows may
 * wait for the rest of a head, and each WEIR_FIRST_MS.
 */
static void wait_for_more(struct weir_house *h, uint32_t i)
{
	struct weir_watch *w = watch_of(h, i);

	if (w->due_us == WEIR_TRANSMIT_NEVER)
		w->due_us = h->now_us + PATIENCE_US;
	if (!w->waiting)
		h->streams.waiting++;
	w->waiting = true;
}

static void wait_no_more(struct weir_house *h, uint32_t i)
{
	struct weir_watch *w = watch_of(h, i);

	w->due_us = WEIR_TRANSMIT_NEVER;
	if (w->waiting)
		h->streams.waiting--;
	w->waiting = false;
}

static void open_gate(struct weir_house *h, uint32_t i)
{
	wait_no_more(h, i);
	h->streams.side[i].flags &= (uint16_t)~WEIR_SIDE_GATED;
}

/* --- denials --- */

/* 403, and that is all it hears. */
static void say(struct weir_house *h, uint32_t i)
{
	struct weir_conn *c = weir_relay_conn(h, i);
	struct weir_watch *w = watch_of(h, i);
	const struct weir_forbid f = {
		.host = weir_shelf_at(&h->streams.shown,
				      h->streams.side[i].fact.shown),
		.verdict = w->denied,
		.json = w->json,
		.head = w->head,
	};
	char text[WEIR_FORBID_BYTES];
	struct weir_span part = { (uint8_t *)text, 0 };

	part.len = weir_forbid_build(&f, text);
	weir_streams_hang_up(h, i);
	if (weir_relay_say(h, i, &(struct weir_spans){ &part, 1, part.len }))
		weir_conn_down_ended(c);
	else
		weir_conn_abort(c, w->denied.reason);
	w->state = TOLD;
	w->due_us = h->now_us + PATIENCE_US;
}

/* Nothing more is said or heard: as if every segment were lost. */
static void mute(struct weir_house *h, uint32_t i)
{
	struct weir_watch *w = watch_of(h, i);

	weir_streams_hang_up(h, i);
	w->state = MUTE;
	w->due_us = h->now_us + MUTE_US;
}

static void deny(struct weir_house *h, uint32_t i,
		 const struct weir_judge_verdict *v,
		 const struct weir_dns_name *name, const struct weir_head *head)
{
	struct weir_conn *c = weir_relay_conn(h, i);
	struct weir_watch *w = watch_of(h, i);

	weir_facts_show(h, i, name);
	weir_facts_deny(h, i, v);
	weir_tell_deny(h, i, v, head);
	wait_no_more(h, i);
	w->denied = *v;
	w->free = 0;
	if (c->over == WEIR_REASON_NONE)
		c->over = (uint8_t)v->reason; /* counted at its end */
	if (weir_verdict_is_silent(h)) {
		mute(h, i);
		return;
	}
	if (!head || c->flags & (WEIR_CONN_F_HOST_EOF | WEIR_CONN_F_HOST_RST)) {
		weir_conn_abort(c, v->reason); /* no more can be said */
		return;
	}
	w->json = head->prefers_json;
	w->head = head->method_len == 4 && memcmp(head->method, "HEAD", 4) == 0;
	if (w->state == FIRST || h->streams.side[i].fd < 0) {
		say(h, i);
		return;
	}
	w->state = LAST;
	w->due_us = h->now_us + PATIENCE_US;
	(void)weir_dial_shut(h->streams.side[i].fd);
}

/* --- looks --- */

/* What waits, where it lies; @part: WEIR_CONN_SPANS_MAX of room. */
static struct weir_spans waits(struct weir_house *h, uint32_t i,
			       struct weir_span *part)
{
	struct weir_conn *c = weir_relay_conn(h, i);
	unsigned n = weir_conn_up_peek(c, &h->env, part, WEIR_CONN_SPANS_MAX);

	return (struct weir_spans){ part, n, c->up.len };
}

/* Copy what waits to be looked at; at most WEIR_FIRST_BYTES. */
static size_t gather(struct weir_house *h, uint32_t i)
{
	struct weir_span part[WEIR_CONN_SPANS_MAX];
	struct weir_spans all = waits(h, i, part);

	return weir_spans_copy(&all, 0, h->streams.first, WEIR_FIRST_BYTES);
}

/* Will no more of it come in time? */
static bool is_last(const struct weir_house *h, uint32_t i)
{
	const struct weir_conn *c = &h->streams.conn[i];

	return c->flags & WEIR_CONN_F_GUEST_FIN ||
	       c->up.len >= WEIR_FIRST_BYTES ||
	       h->now_us >= watch_of(h, i)->due_us ||
	       (h->streams.waiting >= WEIR_FIRST_MAX &&
		!watch_of(h, i)->waiting);
}

/* Judge again with what was shown.  True if it is allowed. */
static bool allow(struct weir_house *h, uint32_t i,
		  const struct weir_dns_name *name,
		  const struct weir_head *head, bool *ret_named)
{
	const struct weir_conn *c = weir_relay_conn(h, i);
	struct weir_judge_verdict v =
		weir_verdict_out(h, WEIR_RULE_TCP, &c->ends.far, c->ends.fport,
				 name ? WEIR_JUDGE_SHOWN_NAME
				      : WEIR_JUDGE_SHOWN_NONE,
				 name);

	if (v.said != WEIR_JUDGE_ALLOW) {
		deny(h, i, &v, name, head);
		return false;
	}
	weir_facts_show(h, i, name);
	weir_facts_allow(h, i, &v);
	*ret_named = v.named;
	return true;
}

static bool refuse_bad(struct weir_house *h, uint32_t i)
{
	const struct weir_judge_verdict v =
		weir_verdict_none(WEIR_REASON_BAD_HEAD);

	deny(h, i, &v, NULL, NULL);
	return true;
}

static enum weir_handover_kind kind_of(uint32_t hello)
{
	return hello ? WEIR_HANDOVER_TLS : WEIR_HANDOVER_HTTP;
}

/* It is the proxy's to open; what was held goes there too. */
static bool hand(struct weir_house *h, uint32_t i, uint32_t hello)
{
	struct weir_judge_verdict v;
	enum weir_reason why = WEIR_REASON_BAD_HEAD;

	if (!watch_of(h, i)->came) /* a server that spoke first is none */
		why = weir_cross_hand(h, i, kind_of(hello));
	if (why == WEIR_REASON_NONE) {
		h->streams.side[i].fact.seen = true;
		open_gate(h, i);
		return true;
	}
	if (h->proxy_full && h->now_us < watch_of(h, i)->due_us) {
		watch_of(h, i)->seen = 0; /* it asks again */
		wait_for_more(h, i);
		return false;
	}
	v = weir_verdict_none(why);
	deny(h, i, &v, NULL, NULL);
	return true;
}

/*
 * The name is known, or that there is none.  @hello: bytes of a ClientHello, 0:
 * it is none.  True: go on.
 */
static bool decide(struct weir_house *h, uint32_t i,
		   const struct weir_dns_name *name,
		   const struct weir_head *head, uint32_t hello)
{
	struct weir_watch *w = watch_of(h, i);
	bool named;

	if (!allow(h, i, name, head, &named))
		return true;
	if ((hello || head) && weir_cross_is_wanted(h, i, kind_of(hello), name))
		return hand(h, i, hello);
	wait_no_more(h, i);
	w->seen = 0;
	w->state = REQUESTS;
	weir_requests_init(&w->requests);
	h->streams.side[i].fact.seen = true;
	if (hello && !w->second) {
		w->state = ANSWER;
		w->free = hello;
	} else if (!head || (name && !named && !weir_cross_has_guarded(h))) {
		/* no name: the next may have one */
		h->streams.side[i].fact.http = head != NULL;
		open_gate(h, i);
	}
	return true;
}

/*
 * On port 80 words that are no request as RFC 9112 has it (`get`) are taken for
 * one all the same by some servers, name and all.
 */
static bool is_word(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/*
 * A client that says nothing while the server has said all it may before the
 * verdict: it only listens, and shows no name.  Not on the ports whose clients
 * speak first.
 */
static bool is_listener(const struct weir_house *h, uint32_t i)
{
	uint16_t port = h->streams.conn[i].ends.fport;

	return watch_of(h, i)->came >= WEIR_FIRST_DOWN && port != HTTP_PORT &&
	       port != TLS_PORT;
}

/*
 * What the first bytes are.  Before a second hello there may be records of
 * other kinds, many and long: those are not copied to be looked at.
 */
static enum weir_first_is what_is(struct weir_house *h, uint32_t i, bool last,
				  struct weir_first *ret)
{
	const struct weir_watch *w = watch_of(h, i);
	struct weir_span part[WEIR_CONN_SPANS_MAX];
	struct weir_spans all;

	if (!w->second)
		return weir_first_look(h->streams.first, gather(h, i),
				       w->passed, last, ret);
	all = waits(h, i, part);
	if (weir_first_records(&all, &ret->pass) == WEIR_FIRST_PASS)
		return WEIR_FIRST_PASS;
	return weir_first_look_again(h->streams.first, gather(h, i), last, ret);
}

/* The first bytes.  True if something came of it. */
static bool look_first(struct weir_house *h, uint32_t i)
{
	struct weir_watch *w = watch_of(h, i);
	const struct weir_conn *c = weir_relay_conn(h, i);
	bool last = is_last(h, i);
	struct weir_first f;

	if (c->up.len == 0 && w->second) {
		if (c->flags & WEIR_CONN_F_GUEST_FIN)
			open_gate(h, i); /* for that; no hello comes */
		return false;
	}
	if (c->up.len == 0)
		return (c->flags & WEIR_CONN_F_GUEST_FIN ||
			is_listener(h, i)) &&
		       decide(h, i, NULL, NULL, 0);
	if (c->up.len == w->seen && !last)
		return false;
	w->seen = c->up.len;
	switch (what_is(h, i, last, &f)) {
	case WEIR_FIRST_MORE:
		wait_for_more(h, i);
		return false;
	case WEIR_FIRST_PASS:
		wait_no_more(h, i);
		w->passed += !w->second;
		w->free = f.pass;
		w->seen = 0;
		return true;
	case WEIR_FIRST_TLS:
		return decide(h, i, f.has_name ? &f.name : NULL, NULL, f.pass);
	case WEIR_FIRST_HTTP:
		return decide(h, i, f.has_name ? &f.name : NULL, &f.head, 0);
	case WEIR_FIRST_OTHER:
		if (c->ends.fport == HTTP_PORT && is_word(h->streams.first[0]))
			return refuse_bad(h, i);
		return decide(h, i, NULL, NULL, 0);
	case WEIR_FIRST_BAD:
		return refuse_bad(h, i);
	}
	return false;
}

/*
 * Behind a ClientHello, while the server has not answered it: what could be
 * another one waits.  True if something came of it.
 */
static bool look_behind(struct weir_house *h, uint32_t i)
{
	struct weir_watch *w = watch_of(h, i);
	struct weir_span part[WEIR_CONN_SPANS_MAX];
	struct weir_spans all = waits(h, i, part);
	uint32_t pass;

	switch (weir_first_records(&all, &pass)) {
	case WEIR_FIRST_PASS:
		w->free = pass;
		return true;
	case WEIR_FIRST_OTHER: /* no server of TLS takes it */
		open_gate(h, i);
		return true;
	case WEIR_FIRST_MORE:
	case WEIR_FIRST_TLS:
	case WEIR_FIRST_HTTP:
	case WEIR_FIRST_BAD:
		break;
	}
	if (!w->answered && !(h->streams.side[i].flags & WEIR_SIDE_ENDED_DOWN))
		return false;
	open_gate(h, i);
	return true;
}

/* A host that the proxy is to hear may not be asked on another one's way. */
static bool refuse_guarded(struct weir_house *h, uint32_t i,
			   const struct weir_head *head)
{
	const struct weir_judge_verdict v =
		weir_verdict_none(WEIR_REASON_SHOWN_MISMATCH);

	if (!head->has_host ||
	    !weir_cross_is_wanted(h, i, WEIR_HANDOVER_HTTP, &head->host))
		return false;
	deny(h, i, &v, &head->host, head);
	return true;
}

/* What follows on a plain HTTP connection.  True if something came of it. */
static bool look_request(struct weir_house *h, uint32_t i)
{
	struct weir_watch *w = watch_of(h, i);
	const struct weir_conn *c = weir_relay_conn(h, i);
	struct weir_head head;
	bool named, last = is_last(h, i);
	size_t len;

	if (c->up.len == 0 || (c->up.len == w->seen && !last))
		return false;
	w->seen = c->up.len;
	len = gather(h, i);
	switch (weir_requests_look(&w->requests, h->streams.first, len, last,
				   &w->free, &head)) {
	case WEIR_REQUESTS_MORE:
		wait_for_more(h, i);
		return false;
	case WEIR_REQUESTS_WAIT:
		return false;
	case WEIR_REQUESTS_PASS:
		wait_no_more(h, i);
		w->seen = 0;
		return true;
	case WEIR_REQUESTS_HEAD:
		if (!allow(h, i, head.has_host ? &head.host : NULL, &head,
			   &named) ||
		    refuse_guarded(h, i, &head))
			return true;
		wait_no_more(h, i);
		weir_requests_allow(&w->requests, &head);
		w->free = head.len;
		w->seen = 0;
		return true;
	case WEIR_REQUESTS_FREE:
		open_gate(h, i);
		return true;
	case WEIR_REQUESTS_BAD:
		return refuse_bad(h, i);
	}
	return false;
}

/* One look, as the state has it.  True if something came of it. */
static bool look(struct weir_house *h, uint32_t i)
{
	switch (watch_of(h, i)->state) {
	case FIRST:
		return look_first(h, i);
	case ANSWER:
		return look_behind(h, i);
	default:
		return look_request(h, i);
	}
}

/* It was told no, and what it still sends is thrown away. */
static void ignore(struct weir_house *h, uint32_t i)
{
	struct weir_conn *c = weir_relay_conn(h, i);

	if (c->up.len)
		weir_conn_up_taken(c, &h->env, c->up.len);
	if (weir_conn_up_is_ended(c))
		weir_conn_up_shut(c, h->now_us);
}

void weir_inspect_serve(struct weir_house *h, uint32_t i)
{
	struct weir_side *side = &h->streams.side[i];
	struct weir_conn *c = weir_relay_conn(h, i);
	struct weir_watch *w = watch_of(h, i);
	bool more = c->state == WEIR_CONN_OPEN;

	while (more && side->flags & WEIR_SIDE_GATED && w->state < LAST &&
	       !(c->flags & WEIR_CONN_F_RST_NOW)) {
		weir_relay_push_up(h, i);
		if (w->free && w->state == FIRST && weir_conn_up_is_ended(c)) {
			open_gate(h, i); /* for its FIN: the rest never comes */
			break;
		}
		if (w->free)
			return; /* more of it comes, or the host is full */
		more = look(h, i);
	}
	if (!(side->flags & WEIR_SIDE_GATED) || w->state == ANSWER ||
	    w->state == REQUESTS)
		weir_relay_push_up(h, i); /* what waited; its FIN */
	else if (w->state == LAST || w->state == TOLD)
		ignore(h, i);
}

bool weir_inspect_is_mute(const struct weir_house *h, uint32_t i)
{
	return watch_of(h, i)->state == MUTE;
}

/* --- what may go, what came --- */

uint32_t weir_inspect_may(const struct weir_house *h, uint32_t i, uint32_t want)
{
	uint64_t free = watch_of(h, i)->free;

	return want < free ? want : (uint32_t)free;
}

void weir_inspect_went(struct weir_house *h, uint32_t i, uint32_t bytes)
{
	watch_of(h, i)->free -= bytes;
}

bool weir_inspect_is_first(const struct weir_house *h, uint32_t i)
{
	return watch_of(h, i)->state == FIRST;
}

static bool is_first(const struct weir_house *h, uint32_t i)
{
	return h->streams.side[i].flags & WEIR_SIDE_GATED &&
	       weir_inspect_is_first(h, i);
}

bool weir_inspect_is_held(const struct weir_house *h, uint32_t i)
{
	return is_first(h, i) && watch_of(h, i)->free == 0;
}

uint32_t weir_inspect_room(const struct weir_house *h, uint32_t i,
			   uint32_t want)
{
	const struct weir_watch *w = watch_of(h, i);
	uint32_t left =
		w->came < WEIR_FIRST_DOWN ? WEIR_FIRST_DOWN - w->came : 0;

	return w->state != FIRST || want < left ? want : left;
}

/*
 * The server's answer to a ClientHello.  To Postgres's requests it has answered
 * a letter each, which may come as late as this.
 */
static void hear(struct weir_watch *w, const uint8_t *b, size_t len)
{
	while (!w->heard.type && w->passed && len && *b >= 'A' && *b <= 'Z') {
		w->passed--;
		b++;
		len--;
	}
	switch (weir_hello_answer(&w->heard, b, len)) {
	case WEIR_HELLO_ANSWER_MORE:
		break;
	case WEIR_HELLO_ANSWER_RETRY:
		w->state = FIRST;
		w->second = true;
		w->came = 0;
		break;
	case WEIR_HELLO_ANSWER_OTHER:
		w->answered = true; /* the gate opens when it is served */
		break;
	}
}

void weir_inspect_came(struct weir_house *h, uint32_t i,
		       const struct weir_span *part, uint32_t bytes)
{
	struct weir_watch *w = watch_of(h, i);

	w->came += bytes;
	if (w->state == LAST)
		w->due_us = h->now_us + PATIENCE_US; /* its silence ends it */
	for (; bytes; part++) {
		uint32_t n = (uint32_t)part->len;

		n = n < bytes ? n : bytes;
		if (w->state == ANSWER && !w->answered)
			hear(w, part->at, n);
		if (w->state == REQUESTS &&
		    weir_requests_answer(&w->requests, part->at, n))
			w->seen = 0; /* look again */
		bytes -= n;
	}
}

bool weir_inspect_ended(struct weir_house *h, uint32_t i)
{
	if (watch_of(h, i)->state != LAST)
		return true;
	say(h, i);
	return false;
}

void weir_inspect_end(struct weir_house *h, uint32_t i)
{
	wait_no_more(h, i);
}

/* --- time, and another policy --- */

uint64_t weir_inspect_due_us(const struct weir_house *h, uint32_t i)
{
	return watch_of(h, i)->due_us;
}

void weir_inspect_tick(struct weir_house *h, uint32_t i)
{
	struct weir_watch *w = watch_of(h, i);
	struct weir_conn *c = weir_relay_conn(h, i);

	if (h->now_us < w->due_us)
		return;
	if (w->state == MUTE)
		c->state = WEIR_CONN_OVER;
	else if (w->state == LAST || w->state == TOLD)
		weir_conn_abort(c, w->denied.reason);
	/* FIRST is decided when it is served, REQUESTS has no deadline */
}

/* What is known of a flow that is open: the question as it would be now. */
static struct weir_judge_verdict judge_again(struct weir_house *h, uint32_t i)
{
	const struct weir_conn *c = weir_relay_conn(h, i);
	const struct weir_side *side = &h->streams.side[i];
	enum weir_judge_shown shown = WEIR_JUDGE_SHOWN_NONE;
	const struct weir_dns_name *name =
		weir_shelf_at(&h->streams.shown, side->fact.shown);

	if (side->flags & WEIR_SIDE_IN)
		return weir_verdict_in(h, WEIR_RULE_TCP, &watch_of(h, i)->peer,
				       c->ends.gport);
	if (side->fact.forgot)
		return weir_verdict_none(WEIR_REASON_POLICY_CHANGED);
	if (name)
		shown = WEIR_JUDGE_SHOWN_NAME;
	else if (c->bytes_up == 0 || is_first(h, i))
		shown = WEIR_JUDGE_SHOWN_NOTHING_YET;
	return weir_verdict_out(h, WEIR_RULE_TCP, &c->ends.far, c->ends.fport,
				shown, name);
}

/*
 * Did bytes go up that nobody looked at, or nobody looks at any more?  Then a
 * verdict that rests on a name rests on nothing.
 */
static bool is_unseen(const struct weir_house *h, uint32_t i)
{
	const struct weir_fact *f = &h->streams.side[i].fact;

	return f->http || (!f->seen && h->streams.conn[i].bytes_up != 0);
}

void weir_inspect_again(struct weir_house *h, uint32_t i)
{
	struct weir_side *side = &h->streams.side[i];
	struct weir_conn *c = weir_relay_conn(h, i);
	bool gated = side->flags & WEIR_SIDE_GATED;
	struct weir_judge_verdict v;

	if (side->flags & (WEIR_SIDE_NAMES | WEIR_SIDE_DOT) ||
	    c->state == WEIR_CONN_WAIT || c->state == WEIR_CONN_OVER ||
	    c->flags & WEIR_CONN_F_RST_NOW ||
	    (gated && watch_of(h, i)->state >= LAST))
		return;
	v = judge_again(h, i);
	if (v.said == WEIR_JUDGE_DENY ||
	    (v.said == WEIR_JUDGE_ALLOW && v.named && !gated &&
	     is_unseen(h, i))) {
		v.said = WEIR_JUDGE_DENY;
		v.reason = WEIR_REASON_POLICY_CHANGED;
		weir_facts_deny(h, i, &v);
		weir_tell_deny(h, i, &v, NULL);
		weir_conn_abort(c, WEIR_REASON_POLICY_CHANGED);
		weir_streams_busy(h, i);
	} else if (v.said == WEIR_JUDGE_DEFER) {
		if (!gated)
			weir_inspect_begin(h, i);
		weir_streams_busy(h, i);
	} else {
		if (is_first(h, i) &&
		    !watch_of(h, i)->second) { /* no name matters any more */
			open_gate(h, i);
			weir_streams_busy(h, i);
		}
		weir_facts_allow(h, i, &v);
	}
}
