/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange.c - one HTTP/1 connection of the guest and its host, put together
 *
 * Two machines, one for each way; a turn steps both until neither moves.
 *
 *	ask:     ┌──────────── answered, and both stay ─────────────┐
 *	         ▼                                                  │
 *	       HEAD ── allowed ──► BODY ── END ──► DONE ────────────┤
 *	         │ │                                 └─ 101 ► FRAMES│
 *	         │ └── denied: 403, 421 ──► DRAIN ── END ───────────┘
 *	         └──── refused: 400, 431, 501, 502 ──► OVER
 *
 *	answer:  NONE ── allowed ──► HEAD ── final ──► BODY ── END ──► NONE
 *	                              │ ▲└─ 101 ──► FRAMES
 *	                              └─┘ 1xx
 *
 * How it works.  One request at a time: the head of the next one is not looked
 * at before the last one is sent and answered.  So answers are in order by
 * themselves, what a guest sends ahead is bounded by its basin, and no answer can
 * be taken for another one's.  Heads are written only into an empty way out,
 * where the largest has its place.
 *
 * Truth about ends.  A message that was cut must not look whole at the other
 * end: whoever was being told it is reset (RESET), after what was said so far.
 * A host that closes an idle connection, or does so while the first byte of a
 * later answer is awaited, is passed on as it is, since clients repeat such a
 * request and would not repeat one that was answered 502.
 *
 * Early answers go on at once, and the rest of the request follows as long as
 * the host takes it (RFC 9112 9.5).  If the answer says that the connection ends
 * it is ended behind the answer, wherever the request is.
 *
 * HTTP/1.0: requests go on as 1.1, since the next hop is ours to speak to; such
 * a guest gets no interim answers and no chunks.
 *
 * Upgrade: websocket goes on, and its frames are read (websocket.c).  Any other
 * protocol would hide what is said from the rules and from the search for
 * secrets: the field does not go on, as RFC 9110 7.8 allows, and the host
 * answers as if it had not been asked.  CONNECT is 501 for the same reason.
 *
 * The rooms: asking has the requests, answering the answers, reply the ends;
 * here are the doors, the turn, and what is neither request nor answer.
 *
 * Invariants:
 *  1. ask is BODY or DONE from the moment that a byte of a request is written
 *     for the host until it is answered.
 *  2. answer is HEAD or BODY only while a request is unanswered.
 *  3. Nothing that a host sent unasked reaches the guest.
 */
#include "proxy/exchange.h"

#include "proxy/answering.h"
#include "proxy/asking.h"
#include "proxy/reply.h"

#define WAY_BYTES                                                              \
	16384u /* a record of TLS: else each is two at the other end */

_Static_assert(sizeof(struct weir_exchange) + 4 * WAY_BYTES <=
		       WEIR_EXCHANGE_BYTES,
	       "a connection has its memory");
_Static_assert(WAY_BYTES >= WEIR_MESSAGE_HEAD_BYTES + 512u,
	       "a head that grows still fits");

struct weir_exchange *
weir_exchange_init(void *mem, const struct weir_exchange_owner *owner)
{
	struct weir_exchange *x = mem;
	uint8_t *at = (uint8_t *)mem + sizeof(*x);
	struct weir_basin b[4];

	for (unsigned i = 0; i < 4; i++) {
		b[i] = (struct weir_basin){ .mem = at, .cap = WAY_BYTES };
		at += b[i].cap;
	}
	*x = (struct weir_exchange){ .owner = *owner,
				     .ask = WEIR_STATE_ASK_HEAD,
				     .answer = WEIR_STATE_ANSWER_NONE };
	weir_haul_init(&x->up, WEIR_SWAP_UP, b[0], b[1]);
	weir_haul_init(&x->down, WEIR_SWAP_DOWN, b[2], b[3]);
	return x;
}

/* nothing is asked: whatever the host does now is about the connection */
static bool step_unasked(struct weir_exchange *x)
{
	bool idle = x->ask == WEIR_STATE_ASK_HEAD;

	if (weir_basin_len(&x->down.in)) {
		if (idle && !x->served) { /* it will be told why */
			weir_exchange_fail(x, WEIR_REASON_BAD_ANSWER, NULL);
			return false;
		}
		weir_reply_finish(x, WEIR_EXCHANGE_FIN, WEIR_EXCHANGE_RESET);
		return true;
	}
	if (!(x->down.ended || x->deaf) || x->ask == WEIR_STATE_ASK_DRAIN ||
	    (idle && !x->served))
		return false;
	weir_reply_finish(x, WEIR_EXCHANGE_FIN,
			  idle ? WEIR_EXCHANGE_FIN : WEIR_EXCHANGE_RESET);
	return true;
}

/* --- frames --- */

static bool step_frames(struct weir_exchange *x, struct weir_haul *h,
			struct weir_websocket *w, enum weir_exchange_side to)
{
	switch (weir_websocket_step(w, &h->in, &h->out)) {
	case WEIR_WEBSOCKET_MOVED:
		return true;
	case WEIR_WEBSOCKET_BAD:
		weir_reply_cut(x, WEIR_REASON_BAD_FRAME);
		return true;
	case WEIR_WEBSOCKET_STOP:
		weir_reply_cut(x, WEIR_REASON_LEAK);
		return true;
	case WEIR_WEBSOCKET_WAIT:
		break;
	}
	if (!h->ended || x->end[to] != WEIR_EXCHANGE_OPEN)
		return false;
	/* what is left is half a frame, or waits for room */
	if (weir_basin_len(&h->in) && weir_basin_len(&h->out))
		return false;
	if (weir_basin_len(&h->in) || !w->between)
		weir_reply_cut(x, WEIR_REASON_NONE);
	else
		x->end[to] = WEIR_EXCHANGE_FIN;
	return true;
}

/* --- the turn --- */

static bool step_up(struct weir_exchange *x)
{
	if (x->ask == WEIR_STATE_ASK_FRAMES)
		return step_frames(x, &x->up, &x->ups, WEIR_EXCHANGE_HOST);
	return weir_asking_step(x);
}

static bool step_down(struct weir_exchange *x)
{
	if (x->answer == WEIR_STATE_ANSWER_FRAMES)
		return step_frames(x, &x->down, &x->downs, WEIR_EXCHANGE_GUEST);
	if (x->answer == WEIR_STATE_ANSWER_NONE)
		return step_unasked(x);
	return weir_answering_step(x);
}

static void turn(struct weir_exchange *x)
{
	bool moved;

	do {
		moved = step_down(x);
		moved = step_up(x) || moved;
	} while (moved);
}

/* --- doors --- */

/* the way on which a side speaks, and the one on which it is spoken to */
static struct weir_haul *from(struct weir_exchange *x,
			      enum weir_exchange_side side)
{
	return side == WEIR_EXCHANGE_GUEST ? &x->up : &x->down;
}

static struct weir_haul *towards(struct weir_exchange *x,
				 enum weir_exchange_side side)
{
	return side == WEIR_EXCHANGE_GUEST ? &x->down : &x->up;
}

uint8_t *weir_exchange_room(struct weir_exchange *x,
			    enum weir_exchange_side side, size_t *ret_len)
{
	struct weir_haul *h = from(x, side);
	struct weir_wr room = weir_basin_room(&h->in);

	*ret_len = h->ended ? 0 : room.left;
	return room.at;
}

void weir_exchange_came(struct weir_exchange *x, enum weir_exchange_side side,
			size_t n)
{
	if (x->ask == WEIR_STATE_ASK_OVER || from(x, side)->ended)
		return; /* nobody listens any more */
	weir_basin_add(&from(x, side)->in, n);
	turn(x);
}

void weir_exchange_ended(struct weir_exchange *x, enum weir_exchange_side side)
{
	from(x, side)->ended = true;
	turn(x);
}

void weir_exchange_lost(struct weir_exchange *x, enum weir_exchange_side side)
{
	struct weir_haul *h = from(x, side);

	if (x->ask == WEIR_STATE_ASK_OVER)
		return;
	h->ended = true;
	h->dirty = true;
	if (side == WEIR_EXCHANGE_GUEST)
		weir_reply_finish(x, WEIR_EXCHANGE_RESET, WEIR_EXCHANGE_RESET);
	else
		weir_exchange_deaf(x, side);
}

void weir_exchange_deaf(struct weir_exchange *x, enum weir_exchange_side side)
{
	if (x->ask == WEIR_STATE_ASK_OVER) {
		weir_basin_empty(&towards(x, side)->out);
		return;
	}
	if (side == WEIR_EXCHANGE_GUEST || x->ask == WEIR_STATE_ASK_FRAMES) {
		weir_reply_cut(x, WEIR_REASON_NONE);
		return;
	}
	/* its answer may be on its way nevertheless */
	weir_basin_empty(&x->up.out);
	x->closing = true;
	x->deaf = true;
	if (x->ask == WEIR_STATE_ASK_BODY)
		weir_haul_drop(&x->up);
	turn(x);
}

void weir_exchange_fail(struct weir_exchange *x, enum weir_reason reason,
			const char *detail)
{
	x->failed = reason;
	x->detail = detail;
	weir_basin_empty(&x->down.in);
	weir_exchange_lost(x, WEIR_EXCHANGE_HOST);
}

const uint8_t *weir_exchange_bytes(struct weir_exchange *x,
				   enum weir_exchange_side side,
				   size_t *ret_len)
{
	const struct weir_haul *h = towards(x, side);

	*ret_len = h->held ? 0 : weir_basin_len(&h->out);
	return h->out.mem + h->out.from;
}

void weir_exchange_went(struct weir_exchange *x, enum weir_exchange_side side,
			size_t n)
{
	weir_basin_drop(&towards(x, side)->out, n);
	turn(x);
}

enum weir_exchange_end weir_exchange_end(const struct weir_exchange *x,
					 enum weir_exchange_side side)
{
	const struct weir_haul *h =
		side == WEIR_EXCHANGE_GUEST ? &x->down : &x->up;

	return weir_basin_len(&h->out) ? WEIR_EXCHANGE_OPEN : x->end[side];
}

bool weir_exchange_is_idle(const struct weir_exchange *x)
{
	return x->ask == WEIR_STATE_ASK_HEAD &&
	       x->answer == WEIR_STATE_ANSWER_NONE &&
	       weir_basin_len(&x->up.in) == 0 &&
	       weir_basin_len(&x->down.out) == 0;
}

bool weir_exchange_is_frames(const struct weir_exchange *x)
{
	return x->ask == WEIR_STATE_ASK_FRAMES;
}
