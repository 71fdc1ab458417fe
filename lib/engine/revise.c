/* SPDX-License-Identifier: Apache-2.0 */
/*
 * revise.c - another policy: what is open is judged again, a part a turn
 *
 * What opens meanwhile is judged by the new one anyway, so one walk over all
 * places is enough, in whatever order they fill and empty.
 */
#include "engine/revise.h"

#include "engine/datagrams.h"
#include "engine/doors.h"
#include "engine/echoes.h"
#include "engine/inspect.h"

#define TURN_PLACES 512u

enum step {
	DONE,
	STREAMS,
	DATAGRAMS,
	ECHOES,
	DOORS,
};

void weir_revise_begin(struct weir_house *h)
{
	weir_ask_forget(&h->names.ask); /* it was filtered by the old one */
	h->revise = (struct weir_revise){ .step = STREAMS };
}

/* How many places the step at hand has. */
static uint32_t places(const struct weir_house *h)
{
	switch ((enum step)h->revise.step) {
	case STREAMS:
		return weir_pool_high(&h->streams.pool);
	case DATAGRAMS:
		return weir_pool_high(&h->datagrams.assoc.conversations);
	case ECHOES:
		return weir_pool_high(&h->echoes.assoc.conversations);
	case DOORS:
		return weir_pool_high(&h->doors.clients);
	case DONE:
		return 0;
	}
	return 0;
}

static void look(struct weir_house *h, uint32_t i)
{
	switch ((enum step)h->revise.step) {
	case STREAMS:
		if (weir_pool_is_taken(&h->streams.pool, i))
			weir_inspect_again(h, i);
		return;
	case DATAGRAMS:
		weir_datagrams_again(h, i);
		return;
	case ECHOES:
		weir_echoes_again(h, i);
		return;
	case DOORS:
		weir_doors_again(h, i);
		return;
	case DONE:
		return;
	}
}

bool weir_revise_turn(struct weir_house *h)
{
	struct weir_revise *r = &h->revise;

	for (uint32_t n = 0; n < TURN_PLACES && r->step != DONE; n++) {
		if (r->at < places(h)) {
			look(h, r->at++);
			continue;
		}
		r->step = r->step == DOORS ? DONE : (uint8_t)(r->step + 1);
		r->at = 0;
	}
	return r->step != DONE;
}
