/* SPDX-License-Identifier: Apache-2.0 */
/* gaps.c - runs of sequence numbers that came before their time */
#include "flow/gaps.h"

#include <stddef.h>
#include <string.h>

#include "flow/seq.h"

static void forget(struct weir_gaps *g, unsigned i)
{
	g->n--;
	memmove(&g->run[i], &g->run[i + 1], (g->n - i) * sizeof(g->run[0]));
}

bool weir_gaps_note(struct weir_gaps *g, uint32_t from, uint32_t to)
{
	for (unsigned i = 0; i < g->n;) {
		struct weir_gaps_run o = g->run[i];

		if (weir_seq_lt(to, o.from) || weir_seq_lt(o.to, from)) {
			i++;
			continue;
		}
		if (weir_seq_lt(o.from, from))
			from = o.from;
		if (weir_seq_lt(to, o.to))
			to = o.to;
		forget(g, i);
		i = 0; /* it may touch an earlier one now */
	}
	if (g->n == WEIR_GAPS_MAX)
		return false;
	memmove(&g->run[1], &g->run[0], g->n * sizeof(g->run[0]));
	g->run[0] = (struct weir_gaps_run){ from, to };
	g->n++;
	return true;
}

uint32_t weir_gaps_join(struct weir_gaps *g, uint32_t next)
{
	for (unsigned i = 0; i < g->n;) {
		struct weir_gaps_run r = g->run[i];

		if (weir_seq_lt(next, r.from)) {
			i++;
			continue;
		}
		forget(g, i);
		if (weir_seq_lt(next, r.to))
			next = r.to;
		i = 0;
	}
	return next;
}

bool weir_gaps_is_beyond(const struct weir_gaps *g, uint32_t seq)
{
	for (unsigned i = 0; i < g->n; i++)
		if (weir_seq_lt(seq, g->run[i].to))
			return true;
	return false;
}
