/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tell.c - what happens in the engine, to the event log
 *
 * Every function begins with the question whether anybody wants it, which is
 * one bit: a network without a log pays no more.
 */
#include "engine/tell.h"

#include <errno.h>

#include "engine/relay.h"
#include "engine/verdict.h"
#include "sys/clock.h"
#include "sys/msg.h"

bool weir_tell_init(struct weir_house *h, struct weir_arena *arena,
		    uint32_t wanted)
{
	void *mem = weir_arena_take(arena, 1, WEIR_JOURNAL_BYTES, 64);

	weir_journal_init(&h->journal, mem, mem ? WEIR_JOURNAL_BYTES : 0,
			  wanted);
	return mem != NULL;
}

void weir_tell_want(struct weir_house *h, uint32_t wanted)
{
	h->journal.wanted = wanted;
}

static struct weir_event *begin(struct weir_house *h, enum weir_event_kind kind)
{
	weir_event_init(&h->event, kind, weir_clock_unix_us());
	return &h->event;
}

/* A turn may have more to tell than the journal holds. */
static void put(struct weir_house *h)
{
	if (h->journal.to - h->journal.from > WEIR_JOURNAL_BYTES / 2 &&
	    !h->deaf)
		h->deaf = !weir_tell_flush(h, h->ending);
	(void)weir_journal_put(&h->journal, &h->event);
}

/* --- parts of an event --- */

static void add_name(char to[WEIR_EVENT_TEXT_BYTES],
		     const struct weir_dns_name *name)
{
	char text[4 * WEIR_DNS_NAME_MAX_BYTES + 1];
	size_t len = weir_dns_name_to_text(name, text, sizeof(text));

	weir_event_copy(to, WEIR_EVENT_TEXT_BYTES, text, len);
}

/* The guest's end is the source of what it opened, else the destination. */
static void add_ends(struct weir_event *e, uint8_t protocol, bool in,
		     const struct weir_assoc_ends *ends)
{
	e->has |= WEIR_EVENT_HAS_ENDS;
	if (protocol != WEIR_PROTO_ICMP)
		e->has |= WEIR_EVENT_HAS_PORTS;
	e->protocol = protocol;
	e->src = in ? ends->far : ends->guest;
	e->dst = in ? ends->guest : ends->far;
	e->sport = in ? ends->fport : ends->gport;
	e->dport = in ? ends->gport : ends->fport;
}

static void add_pins(struct weir_house *h, const struct weir_addr *far)
{
	const struct weir_dns_name *pin[WEIR_EVENT_NAMES_MAX];
	struct weir_event *e = &h->event;

	e->n_names = weir_verdict_names(h, far, pin, WEIR_EVENT_NAMES_MAX);
	for (uint32_t i = 0; i < e->n_names; i++)
		add_name(e->names[i], pin[i]);
}

static enum weir_event_by by_of(enum weir_judge_by by)
{
	switch (by) {
	case WEIR_JUDGE_BY_NOTHING:
		return WEIR_EVENT_BY_NOTHING;
	case WEIR_JUDGE_BY_RULE:
		return WEIR_EVENT_BY_RULE;
	case WEIR_JUDGE_BY_DEFAULT:
		return WEIR_EVENT_BY_DEFAULT;
	case WEIR_JUDGE_BY_BOUNDS:
		return WEIR_EVENT_BY_BOUNDS;
	}
	return WEIR_EVENT_BY_NOTHING;
}

static void add_verdict(struct weir_house *h, char said, enum weir_judge_by by,
			uint32_t rule)
{
	struct weir_event *e = &h->event;
	bool bounds = by == WEIR_JUDGE_BY_BOUNDS;
	const char *text;
	size_t len = 0;

	e->has |= WEIR_EVENT_HAS_VERDICT;
	e->verdict = said;
	e->by = by_of(by);
	e->rule = rule;
	if (by != WEIR_JUDGE_BY_RULE && !bounds)
		return;
	text = weir_image_text(&h->policy.image, bounds, rule, &len);
	if (!text)
		return;
	e->has |= WEIR_EVENT_HAS_TEXT;
	weir_event_copy(e->text, sizeof(e->text), text, len);
}

static void add_reason(struct weir_event *e, enum weir_reason why)
{
	e->has |= WEIR_EVENT_HAS_REASON;
	e->reason = why;
}

static void add_request(struct weir_event *e, const struct weir_head *head)
{
	size_t len = head->path_len;
	const char *query = memchr(head->path, '?', len);

	if (query)
		len = (size_t)(query - head->path);
	e->has |= WEIR_EVENT_HAS_REQUEST;
	weir_event_copy(e->method, sizeof(e->method), head->method,
			head->method_len);
	weir_event_copy(e->path, sizeof(e->path), head->path, len);
}

/* --- TCP --- */

static void add_flow(struct weir_house *h, uint32_t i)
{
	const struct weir_conn_ends *c = &weir_relay_conn(h, i)->ends;
	const struct weir_side *side = &h->streams.side[i];
	const struct weir_assoc_ends ends = { c->guest, c->far, c->gport,
					      c->fport };
	const struct weir_dns_name *shown =
		weir_shelf_at(&h->streams.shown, side->fact.shown);
	bool in = side->flags & WEIR_SIDE_IN;

	h->event.has |= WEIR_EVENT_HAS_FLOW;
	h->event.flow = side->fact.id;
	add_ends(&h->event, WEIR_PROTO_TCP, in, &ends);
	if (in)
		h->event.src = h->streams.watch[i].peer;
	else
		add_pins(h, &ends.far);
	if (!shown)
		return;
	h->event.has |= WEIR_EVENT_HAS_SHOWN;
	add_name(h->event.shown, shown);
}

void weir_tell_deny(struct weir_house *h, uint32_t i,
		    const struct weir_judge_verdict *v,
		    const struct weir_head *head)
{
	struct weir_event *e;

	if (!weir_journal_wants(&h->journal, WEIR_EVENT_DENY))
		return;
	e = begin(h, WEIR_EVENT_DENY);
	add_flow(h, i);
	add_verdict(h, 'd', v->by, v->rule);
	add_reason(e, v->reason);
	if (head)
		add_request(e, head);
	put(h);
}

void weir_tell_refused(struct weir_house *h, uint8_t protocol, bool in,
		       const struct weir_assoc_ends *ends,
		       const struct weir_judge_verdict *v)
{
	if (!weir_journal_wants(&h->journal, WEIR_EVENT_DENY))
		return;
	begin(h, WEIR_EVENT_DENY);
	add_ends(&h->event, protocol, in, ends);
	if (!in)
		add_pins(h, &ends->far);
	add_verdict(h, 'd', v->by, v->rule);
	add_reason(&h->event, v->reason);
	put(h);
}

void weir_tell_open(struct weir_house *h, uint32_t i,
		    const struct weir_judge_verdict *v)
{
	if (!weir_journal_wants(&h->journal, WEIR_EVENT_FLOW_OPEN))
		return;
	begin(h, WEIR_EVENT_FLOW_OPEN);
	add_flow(h, i);
	add_verdict(h, 'a', v->by, v->rule);
	put(h);
}

void weir_tell_close(struct weir_house *h, uint32_t i, enum weir_reason why)
{
	const struct weir_conn *c = weir_relay_conn(h, i);
	const struct weir_fact *f = &h->streams.side[i].fact;
	struct weir_event *e;

	if (!weir_journal_wants(&h->journal, WEIR_EVENT_FLOW_CLOSE))
		return;
	e = begin(h, WEIR_EVENT_FLOW_CLOSE);
	add_flow(h, i);
	add_verdict(h, f->denied ? 'd' : 'a', (enum weir_judge_by)f->by,
		    f->rule);
	add_reason(e, why);
	e->has |= WEIR_EVENT_HAS_BYTES;
	e->up = c->bytes_up;
	e->down = c->bytes_down;
	e->ms = (h->now_us - c->born) / 1000;
	if (c->srtt) {
		e->has |= WEIR_EVENT_HAS_RTT;
		e->rtt_us = c->srtt;
	}
	put(h);
}

/* --- UDP and echo --- */

static void add_talk(struct weir_house *h, uint8_t protocol,
		     const struct weir_assoc_ends *ends,
		     const struct weir_assoc_mark *m)
{
	h->event.has |= WEIR_EVENT_HAS_FLOW;
	h->event.flow = m->id;
	add_ends(&h->event, protocol, false, ends);
	add_pins(h, &ends->far);
	add_verdict(h, 'a', (enum weir_judge_by)m->by, m->rule);
}

void weir_tell_talk(struct weir_house *h, uint8_t protocol,
		    const struct weir_assoc_ends *ends,
		    const struct weir_assoc_mark *m)
{
	if (!weir_journal_wants(&h->journal, WEIR_EVENT_FLOW_OPEN))
		return;
	begin(h, WEIR_EVENT_FLOW_OPEN);
	add_talk(h, protocol, ends, m);
	put(h);
}

void weir_tell_quiet(struct weir_house *h, uint8_t protocol,
		     const struct weir_assoc_ends *ends,
		     const struct weir_assoc_mark *m, enum weir_reason why)
{
	struct weir_event *e;

	if (!weir_journal_wants(&h->journal, WEIR_EVENT_FLOW_CLOSE))
		return;
	e = begin(h, WEIR_EVENT_FLOW_CLOSE);
	add_talk(h, protocol, ends, m);
	add_reason(e, why);
	e->has |= WEIR_EVENT_HAS_BYTES | WEIR_EVENT_HAS_PACKETS;
	e->up = m->up_bytes;
	e->down = m->down_bytes;
	e->up_packets = m->up_packets;
	e->down_packets = m->down_packets;
	e->ms = (h->now_us - m->born_us) / 1000;
	put(h);
}

/* --- names --- */

static void add_question(struct weir_event *e, const struct weir_dns_name *name,
			 uint16_t type)
{
	e->has |= WEIR_EVENT_HAS_NAME;
	e->type = type;
	add_name(e->name, name);
}

void weir_tell_name_denied(struct weir_house *h,
			   const struct weir_dns_name *name, uint16_t type,
			   const struct weir_judge_verdict *v)
{
	struct weir_event *e;

	if (!weir_journal_wants(&h->journal, WEIR_EVENT_DENY))
		return;
	e = begin(h, WEIR_EVENT_DENY);
	add_question(e, name, type);
	add_verdict(h, 'd', v->by, v->rule);
	add_reason(e, v->reason);
	put(h);
}

void weir_tell_name(struct weir_house *h, const struct weir_ask_out *o)
{
	struct weir_event *e;

	if (!o->name || !weir_journal_wants(&h->journal, WEIR_EVENT_DNS))
		return;
	e = begin(h, WEIR_EVENT_DNS);
	add_question(e, o->name, o->type);
	e->has |= WEIR_EVENT_HAS_RCODE;
	e->rcode = o->rcode;
	e->answers = o->answers;
	e->cached = o->cached;
	put(h);
}

/* --- limits, and sending --- */

void weir_tell_limits(struct weir_house *h)
{
	static const enum weir_reason limit[WEIR_HOUSE_LIMITS] = {
		WEIR_REASON_LIMIT_FLOWS,     WEIR_REASON_LIMIT_RATE,
		WEIR_REASON_LIMIT_HALF_OPEN, WEIR_REASON_LIMIT_PAYLOAD,
		WEIR_REASON_LIMIT_UDP,
	};

	if (!weir_journal_wants(&h->journal, WEIR_EVENT_LIMIT))
		return;
	for (unsigned i = 0; i < WEIR_HOUSE_LIMITS; i++) {
		uint64_t n = h->sum.reasons.count[limit[i]];

		if (n == h->limits_told[i])
			continue;
		h->limits_told[i] = n;
		if (!weir_journal_limit(&h->journal, limit[i], h->now_us))
			continue;
		add_reason(begin(h, WEIR_EVENT_LIMIT), limit[i]);
		put(h);
	}
}

static int try_send(void *house, const void *body, size_t len)
{
	const struct weir_house *h = house;

	return weir_msg_try(h->control, WEIR_MSG_EVENTS, body, len);
}

static int send_all(void *house, const void *body, size_t len)
{
	const struct weir_house *h = house;

	return weir_msg_send(h->control, WEIR_MSG_EVENTS, body, len, NULL, 0);
}

bool weir_tell_flush(struct weir_house *h, bool wait)
{
	if (!weir_journal_has_news(&h->journal))
		return true;
	return weir_journal_drain(&h->journal, wait ? send_all : try_send, h) !=
	       -EAGAIN;
}
