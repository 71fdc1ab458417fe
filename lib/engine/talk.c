/* SPDX-License-Identifier: Apache-2.0 */
/* talk.c - conversations of UDP and echo: judged, opened, ended */
#include "engine/talk.h"

#include "engine/tell.h"
#include "engine/verdict.h"
#include "packet/ipv4.h"

static struct weir_assoc *assoc_of(struct weir_house *h,
				   enum weir_talk_kind kind)
{
	return kind == WEIR_TALK_UDP ? &h->datagrams.assoc : &h->echoes.assoc;
}

static uint8_t protocol_of(enum weir_talk_kind kind)
{
	return kind == WEIR_TALK_UDP ? WEIR_PROTO_UDP : WEIR_PROTO_ICMP;
}

/* Ports that would leak the host's neighbourhood or dodge its DNS. */
static enum weir_reason refused_port(uint16_t port)
{
	if (port == 853)
		return WEIR_REASON_DOT;
	if (port == 137 || port == 138 || port == 5353 || port == 5355)
		return WEIR_REASON_DEFAULT;
	return WEIR_REASON_NONE;
}

static struct weir_judge_verdict judge(struct weir_house *h,
				       enum weir_talk_kind kind,
				       const struct weir_assoc_ends *ends)
{
	enum weir_reason port = refused_port(ends->fport);

	if (weir_kind_is_broadcast(&h->facts, &ends->far))
		return weir_verdict_none(WEIR_REASON_MULTICAST);
	if (kind == WEIR_TALK_ECHO)
		return weir_verdict_out(h, WEIR_RULE_ICMP, &ends->far, 0,
					WEIR_JUDGE_SHOWN_NONE, NULL);
	if (port != WEIR_REASON_NONE)
		return weir_verdict_none(port);
	return weir_verdict_out(h, WEIR_RULE_UDP, &ends->far, ends->fport,
				WEIR_JUDGE_SHOWN_NONE, NULL);
}

struct weir_judge_verdict weir_talk_judge(struct weir_house *h,
					  enum weir_talk_kind kind,
					  const struct weir_assoc_ends *ends)
{
	struct weir_judge_verdict v = judge(h, kind, ends);

	if (v.said != WEIR_JUDGE_ALLOW)
		weir_tell_refused(h, protocol_of(kind), false, ends, &v);
	return v;
}

void weir_talk_open(struct weir_house *h, enum weir_talk_kind kind, uint32_t i,
		    const struct weir_judge_verdict *v)
{
	struct weir_assoc *a = assoc_of(h, kind);
	struct weir_assoc_mark *m = &a->conversation[i].mark;
	struct weir_assoc_ends ends;

	weir_assoc_ends_of(a, i, &ends);
	m->id = ++h->last_flow;
	m->rule = v->rule;
	m->by = (uint8_t)v->by;
	m->born_us = h->now_us;
	weir_pins_hold(&h->pins, &ends.far, h->now_us);
	weir_tell_talk(h, protocol_of(kind), &ends, m);
}

void weir_talk_ended(struct weir_house *h, enum weir_talk_kind kind, uint32_t i)
{
	struct weir_assoc *a = assoc_of(h, kind);
	struct weir_assoc_mark *m = &a->conversation[i].mark;
	struct weir_assoc_ends ends;

	if (m->id == 0)
		return;
	weir_assoc_ends_of(a, i, &ends);
	weir_pins_release(&h->pins, &ends.far, h->now_us);
	weir_tell_quiet(h, protocol_of(kind), &ends, m, h->talk_why);
}

bool weir_talk_is_denied(struct weir_house *h, enum weir_talk_kind kind,
			 uint32_t i)
{
	struct weir_assoc *a = assoc_of(h, kind);
	struct weir_assoc_ends ends;
	struct weir_judge_verdict v;

	weir_assoc_ends_of(a, i, &ends);
	v = judge(h, kind, &ends);
	if (v.said != WEIR_JUDGE_ALLOW) {
		v.reason = WEIR_REASON_POLICY_CHANGED;
		weir_tell_refused(h, protocol_of(kind), false, &ends, &v);
		return true;
	}
	a->conversation[i].mark.rule = v.rule;
	a->conversation[i].mark.by = (uint8_t)v.by;
	return false;
}
