/* SPDX-License-Identifier: Apache-2.0 */
/* pass.c - a talk that is not opened: bytes go on as they came */
#include "pass.h"

#include <stdlib.h>
#include <string.h>

/** struct way - from one side to the other; [@from, @to) of @b waits */
struct way {
	size_t from, to;
	bool ended, lost, deaf;
	uint8_t b[WEIR_PASS_BYTES];
};

/** struct pass - by the side the bytes come from */
struct pass {
	struct way way[2];
};

static struct way *from(void *self, enum weir_talk_side side)
{
	return &((struct pass *)self)->way[side];
}

static struct way *towards(void *self, enum weir_talk_side side)
{
	return &((struct pass *)self)->way[!side];
}

static uint8_t *room(void *self, enum weir_talk_side side, size_t *ret_len)
{
	struct way *w = from(self, side);

	if (w->from == w->to)
		w->from = w->to = 0;
	if (w->deaf) { /* nobody wants it: it is thrown away */
		w->from = w->to = 0;
	} else if (w->from) {
		memmove(w->b, w->b + w->from, w->to - w->from);
		w->to -= w->from;
		w->from = 0;
	}
	*ret_len = sizeof(w->b) - w->to;
	return w->b + w->to;
}

static void came(void *self, enum weir_talk_side side, size_t n)
{
	struct way *w = from(self, side);

	if (!w->deaf)
		w->to += n;
}

static void ended(void *self, enum weir_talk_side side)
{
	from(self, side)->ended = true;
}

static void lost(void *self, enum weir_talk_side side)
{
	from(self, side)->lost = true;
	towards(self, side)->deaf = true;
}

static void deaf(void *self, enum weir_talk_side side)
{
	struct way *w = towards(self, side);

	w->deaf = true;
	w->from = w->to = 0;
}

static void fail(void *self, enum weir_reason reason, const char *detail)
{
	(void)reason;
	(void)detail;
	lost(self, WEIR_TALK_HOST);
}

static const uint8_t *bytes(void *self, enum weir_talk_side side,
			    size_t *ret_len)
{
	const struct way *w = towards(self, side);

	*ret_len = w->to - w->from;
	return w->b + w->from;
}

static void went(void *self, enum weir_talk_side side, size_t n)
{
	towards(self, side)->from += n;
}

static enum weir_talk_end end(const void *self, enum weir_talk_side side)
{
	const struct way *w = &((const struct pass *)self)->way[!side];

	if (w->from < w->to && !w->deaf)
		return WEIR_TALK_OPEN;
	if (w->lost)
		return WEIR_TALK_RESET;
	return w->ended || w->deaf ? WEIR_TALK_FIN : WEIR_TALK_OPEN;
}

bool weir_pass_open(struct weir_talk *ret)
{
	static const struct weir_talk_ops ops = {
		.room = room,
		.came = came,
		.ended = ended,
		.lost = lost,
		.deaf = deaf,
		.fail = fail,
		.bytes = bytes,
		.went = went,
		.end = end,
		.close = free,
	};
	struct pass *p = malloc(sizeof(*p));

	if (!p)
		return false;
	for (int i = 0; i < 2; i++)
		memset(&p->way[i], 0, offsetof(struct way, b));
	*ret = (struct weir_talk){ &ops, p };
	return true;
}
