/* SPDX-License-Identifier: Apache-2.0 */
/* servers.c - the upstream DNS servers, and which of them to ask */
#include "flow/servers.h"

#include <string.h>

_Static_assert(WEIR_DNS_UPSTREAMS_MAX <= 8, "a bit each in tried and dead");

/* ranks: shunned counts one, tried counts two; the lowest is asked */
#define RANK_NONE 4u

void weir_servers_set(struct weir_servers *s,
		      const struct weir_servers_entry *e, unsigned n)
{
	s->n = n < WEIR_DNS_UPSTREAMS_MAX ? n : WEIR_DNS_UPSTREAMS_MAX;
	memset(s->health, 0, sizeof(s->health));
	for (unsigned i = 0; i < s->n; i++)
		s->entry[i] = e[i];
}

void weir_servers_forget(struct weir_servers_tried *t)
{
	t->now = t->tried = t->dead = 0;
}

bool weir_servers_choose(const struct weir_servers *s,
			 struct weir_servers_tried *t, uint64_t now_us)
{
	unsigned most = s->n < WEIR_SERVERS_TRIES ? WEIR_SERVERS_TRIES : s->n;
	unsigned best = RANK_NONE, rank;

	if (t->tries >= most || now_us - t->since_us >= WEIR_SERVERS_BUDGET_US)
		return false;
	for (unsigned i = 0; i < s->n; i++) {
		rank = (t->tried >> i & 1u) * 2u +
		       (s->health[i].shun_until_us > now_us ? 1u : 0u);
		if (t->dead >> i & 1u || rank >= best)
			continue;
		best = rank;
		t->now = (uint8_t)i;
	}
	if (best == RANK_NONE)
		return false;
	t->tried |= (uint8_t)(1u << t->now);
	t->tries++;
	return true;
}

void weir_servers_spoke(struct weir_servers *s,
			const struct weir_servers_tried *t)
{
	s->health[t->now] = (struct weir_servers_health){ .silences = 0 };
}

void weir_servers_silent(struct weir_servers *s,
			 const struct weir_servers_tried *t, uint64_t now_us)
{
	struct weir_servers_health *h = &s->health[t->now];

	if (++h->silences < WEIR_SERVERS_SILENCES)
		return;
	h->silences = 0;
	h->shun_until_us = now_us + WEIR_SERVERS_SHUN_US;
}

void weir_servers_refused(struct weir_servers_tried *t)
{
	t->dead |= (uint8_t)(1u << t->now);
}
