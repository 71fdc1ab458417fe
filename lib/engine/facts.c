/* SPDX-License-Identifier: Apache-2.0 */
/* facts.c - what a TCP flow was judged by, for the log and for another policy */
#include "engine/facts.h"

#include "engine/inspect.h"
#include "engine/relay.h"
#include "engine/tell.h"

static struct weir_fact *fact_of(struct weir_house *h, uint32_t i)
{
	return &h->streams.side[i].fact;
}

void weir_facts_begin(struct weir_house *h, uint32_t i,
		      const struct weir_judge_verdict *v)
{
	*fact_of(h, i) = (struct weir_fact){ .id = ++h->last_flow,
					     .rule = v->rule,
					     .by = (uint8_t)v->by,
					     .shown = WEIR_SHELF_NONE };
}

void weir_facts_hold(struct weir_house *h, uint32_t i)
{
	weir_pins_hold(&h->pins, &weir_relay_conn(h, i)->ends.far, h->now_us);
	fact_of(h, i)->held = true;
}

void weir_facts_show(struct weir_house *h, uint32_t i,
		     const struct weir_dns_name *name)
{
	struct weir_shelf *shown = &h->streams.shown;
	struct weir_fact *f = fact_of(h, i);
	uint32_t old = f->shown;

	f->shown = name ? weir_shelf_take(shown, name) : WEIR_SHELF_NONE;
	f->forgot = name && f->shown == WEIR_SHELF_NONE;
	weir_shelf_give(shown, old);
}

void weir_facts_allow(struct weir_house *h, uint32_t i,
		      const struct weir_judge_verdict *v)
{
	const struct weir_side *side = &h->streams.side[i];
	struct weir_fact *f = fact_of(h, i);

	f->rule = v->rule;
	f->by = (uint8_t)v->by;
	if (f->told || side->fd < 0 || side->flags & WEIR_SIDE_DIALLING)
		return;
	f->told = true;
	weir_tell_open(h, i, v);
}

void weir_facts_deny(struct weir_house *h, uint32_t i,
		     const struct weir_judge_verdict *v)
{
	struct weir_fact *f = fact_of(h, i);

	f->rule = v->rule;
	f->by = (uint8_t)v->by;
	f->denied = true;
}

void weir_facts_connected(struct weir_house *h, uint32_t i)
{
	const struct weir_judge_verdict v = {
		.said = WEIR_JUDGE_ALLOW,
		.by = (enum weir_judge_by)fact_of(h, i)->by,
		.rule = fact_of(h, i)->rule,
	};

	weir_facts_allow(h, i, &v);
}

void weir_facts_end(struct weir_house *h, uint32_t i, enum weir_reason why)
{
	struct weir_fact *f = fact_of(h, i);

	if (h->streams.side[i].flags & WEIR_SIDE_GATED)
		weir_inspect_end(h, i);
	if (f->told)
		weir_tell_close(h, i, why);
	weir_shelf_give(&h->streams.shown, f->shown);
	if (f->held)
		weir_pins_release(&h->pins, &weir_relay_conn(h, i)->ends.far,
				  h->now_us);
	*f = (struct weir_fact){ .shown = WEIR_SHELF_NONE };
}
