/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dot.c - DNS over TLS as a talk
 *
 * Each way has a basin for two messages of the largest size, in the form of the
 * stream: the length, then the message.  So a packet is read into its place
 * behind a length that is written afterwards, and a message goes to the line
 * from where it lies.
 *
 * An end in order ends the other side once all whole messages are delivered;
 * half a message is then lost, as it would be in any stream.  A length of zero is
 * no message: both sides are reset.
 */
#include "proxy/dot.h"

#include <stdlib.h>

#include "proxy/basin.h"

#define HEAD_BYTES    2u
#define MESSAGE_BYTES (HEAD_BYTES + UINT16_MAX)
#define WAY_BYTES     (2 * MESSAGE_BYTES)

/**
 * struct dot - @to: by the side it is for; @done: no more will come for it
 */
struct dot {
	enum weir_talk_side line;
	struct weir_basin to[2];
	bool done[2], broken;
	uint8_t mem[2][WAY_BYTES];
};

static enum weir_talk_side other(enum weir_talk_side side)
{
	return side == WEIR_TALK_GUEST ? WEIR_TALK_HOST : WEIR_TALK_GUEST;
}

/* bytes of the message at the front; 0: it is not whole */
static size_t front(const struct dot *d)
{
	struct weir_rd in = weir_basin_bytes(&d->to[d->line]);
	size_t len = weir_rd_be16(&in);

	return weir_rd_ok(&in) && in.left >= len ? len : 0;
}

static uint8_t *room(void *self, enum weir_talk_side side, size_t *ret_len)
{
	struct dot *d = self;
	struct weir_basin *b = &d->to[other(side)];
	struct weir_wr w = weir_basin_room(b);

	*ret_len = 0;
	if (d->broken || d->done[other(side)])
		return NULL;
	if (side != d->line) {
		*ret_len = w.left;
		return w.at;
	}
	if (w.left < MESSAGE_BYTES)
		return NULL;
	*ret_len = UINT16_MAX;
	return w.at + HEAD_BYTES;
}

static void came(void *self, enum weir_talk_side side, size_t n)
{
	struct dot *d = self;
	struct weir_basin *b = &d->to[other(side)];
	struct weir_wr w = weir_basin_room(b);
	struct weir_rd in;

	if (side == d->line) {
		weir_wr_be16(&w, (uint16_t)n);
		n += HEAD_BYTES;
	}
	weir_basin_add(b, n);
	in = weir_basin_bytes(b);
	if (side != d->line && in.left >= HEAD_BYTES && weir_rd_be16(&in) == 0)
		d->broken = true;
}

static void ended(void *self, enum weir_talk_side side)
{
	((struct dot *)self)->done[other(side)] = true;
}

static void broke(void *self, enum weir_talk_side side)
{
	(void)side;
	((struct dot *)self)->broken = true;
}

static void fail(void *self, enum weir_reason reason, const char *detail)
{
	(void)reason;
	(void)detail;
	broke(self, WEIR_TALK_HOST);
}

static const uint8_t *bytes(void *self, enum weir_talk_side side,
			    size_t *ret_len)
{
	const struct dot *d = self;
	const struct weir_basin *b = &d->to[side];

	if (d->broken) {
		*ret_len = 0;
		return NULL;
	}
	*ret_len = side == d->line ? front(d) : weir_basin_len(b);
	return b->mem + b->from + (side == d->line ? HEAD_BYTES : 0);
}

static void went(void *self, enum weir_talk_side side, size_t n)
{
	struct dot *d = self;
	struct weir_basin *b = &d->to[side];
	struct weir_rd in;

	weir_basin_drop(b, side == d->line ? n + HEAD_BYTES : n);
	in = weir_basin_bytes(b);
	if (side == d->line && in.left >= HEAD_BYTES && weir_rd_be16(&in) == 0)
		d->broken = true;
}

static enum weir_talk_end end(const void *self, enum weir_talk_side side)
{
	const struct dot *d = self;
	bool waits = side == d->line ? front(d) > 0
				     : weir_basin_len(&d->to[side]) > 0;

	if (d->broken)
		return WEIR_TALK_RESET;
	return d->done[side] && !waits ? WEIR_TALK_FIN : WEIR_TALK_OPEN;
}

bool weir_dot_open(enum weir_talk_side line, struct weir_talk *ret)
{
	static const struct weir_talk_ops ops = {
		.room = room,
		.came = came,
		.ended = ended,
		.lost = broke,
		.deaf = broke,
		.fail = fail,
		.bytes = bytes,
		.went = went,
		.end = end,
		.close = free,
	};
	struct dot *d = malloc(sizeof(*d));

	if (!d)
		return false;
	d->line = line;
	d->broken = false;
	for (unsigned i = 0; i < 2; i++) {
		d->done[i] = false;
		d->to[i] = (struct weir_basin){ .mem = d->mem[i],
						.cap = WAY_BYTES };
	}
	*ret = (struct weir_talk){ &ops, d };
	return true;
}
