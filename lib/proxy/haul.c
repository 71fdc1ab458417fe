/* SPDX-License-Identifier: Apache-2.0 */
/*
 * haul.c - one way of an exchange
 *
 *	in ──► message ──► (swap) ──► chunks, or plain ──► out
 *
 * How it works.  A step takes what is ready at the front of `in` and what fits
 * into `out`; it never takes from `in` what has no place, so a full `out` fills
 * `in`, and a full `in` keeps the sender waiting.  That is all of the
 * back-pressure, and all of the memory.
 *
 * A swap may eat less than it is shown: the rest stays at the front of `in`
 * (@rest bytes, already counted by the reader).  Trailers stay there too (@tail)
 * until the swap has written all of the body.
 *
 * Invariant: rest > 0 or tail: the reader is not asked.
 */
#include "proxy/haul.h"

#include "base/must.h"
#include "proxy/rewrite.h"

#define SMALL_BYTES 512u

void weir_haul_init(struct weir_haul *h, enum weir_swap_way way,
		    struct weir_basin in, struct weir_basin out)
{
	*h = (struct weir_haul){ .way = way, .in = in, .out = out };
	weir_message_init(&h->m, way == WEIR_SWAP_DOWN);
}

enum weir_message_is weir_haul_look(struct weir_haul *h,
				    struct weir_message_piece *ret)
{
	struct weir_rd in = weir_basin_bytes(&h->in);
	bool all = in.left <= WEIR_MESSAGE_HEAD_BYTES;

	return weir_message_look(&h->m, in.at,
				 all ? in.left : WEIR_MESSAGE_HEAD_BYTES, 0,
				 all && h->ended, ret);
}

enum weir_swap_body weir_haul_mode(const struct weir_haul *h,
				   const struct weir_swap *swap,
				   struct weir_rd fields)
{
	enum weir_swap_body mode = WEIR_SWAP_BODY_SAME;

	if (swap && swap->begin)
		mode = swap->begin(swap->ctx, h->way, &h->m, fields);
	if (h->m.body == WEIR_MESSAGE_BODY_NONE && mode != WEIR_SWAP_BODY_STOP)
		mode = WEIR_SWAP_BODY_SAME;
	return mode;
}

void weir_haul_begin(struct weir_haul *h, enum weir_message_body body,
		     const struct weir_swap *swap, enum weir_swap_body mode,
		     bool chunks)
{
	h->body = body;
	h->swap = swap;
	h->swaps = swap && swap->body && mode != WEIR_SWAP_BODY_SAME;
	h->held = h->swaps && mode == WEIR_SWAP_BODY_HOLD;
	h->chunks = chunks;
	h->discard = false;
	h->counted = h->swaps && body == WEIR_MESSAGE_BODY_LENGTH;
	h->left = h->way == WEIR_SWAP_UP ? h->m.request.length
					 : h->m.answer.length;
	h->tail = false;
	h->rest = 0;
}

void weir_haul_drop(struct weir_haul *h)
{
	weir_basin_empty(&h->out);
	weir_basin_drop(&h->in, h->rest);
	h->rest = 0;
	h->held = false;
	h->swaps = false;
	h->discard = true;
}

/* --- out --- */

/* @len bytes lie behind the place of a chunk's size */
static void put_chunk(struct weir_haul *h, uint8_t *room, size_t len)
{
	size_t at = weir_rewrite_chunk(room, len);
	size_t all = len + WEIR_REWRITE_CHUNK_BYTES - at;

	if (at)
		memmove(room, room + at, all);
	weir_basin_add(&h->out, all);
}

/* the place for body bytes in @room, as the framing leaves it */
static struct weir_wr place_of(const struct weir_haul *h, struct weir_wr room)
{
	size_t len = room.left;

	if (h->body != WEIR_MESSAGE_BODY_CHUNKED)
		return room;
	len = len > WEIR_REWRITE_CHUNK_BYTES ? len - WEIR_REWRITE_CHUNK_BYTES
					     : 0;
	if (len > WEIR_REWRITE_CHUNK_MAX)
		len = WEIR_REWRITE_CHUNK_MAX;
	return weir_wr_over(len ? room.at + 6 : room.at, len);
}

static void put(struct weir_haul *h, struct weir_wr room, size_t len)
{
	if (len == 0)
		return;
	if (h->counted) {
		weir_must(len <= h->left); /* the swap's own word */
		h->left -= len;
	}
	if (h->body == WEIR_MESSAGE_BODY_CHUNKED)
		put_chunk(h, room.at, len);
	else
		weir_basin_add(&h->out, len);
}

/* --- swaps --- */

/* may it go now, and how long is it? */
static bool release(struct weir_haul *h)
{
	struct weir_wr to;
	uint64_t length = 0;

	switch (h->swap->held(h->swap->ctx, h->way, &length)) {
	case WEIR_SWAP_HELD_WAIT:
		return false;
	case WEIR_SWAP_HELD_LENGTH:
		h->body = WEIR_MESSAGE_BODY_LENGTH;
		h->counted = true;
		h->left = length;
		break;
	case WEIR_SWAP_HELD_CHUNKED:
		h->body = h->chunks ? WEIR_MESSAGE_BODY_CHUNKED
				    : WEIR_MESSAGE_BODY_CLOSE;
		break;
	}
	to = weir_basin_room(&h->out);
	weir_rewrite_framing(h->body, length, &to);
	weir_must(weir_wr_ok(&to)); /* the head left room for it */
	weir_basin_add(&h->out, weir_wr_len(&to));
	h->held = false;
	return true;
}

static enum weir_haul_is step_swap(struct weir_haul *h)
{
	struct weir_rd in = weir_rd_over(h->in.mem + h->in.from, h->rest);
	struct weir_wr room = weir_basin_room(&h->out);
	struct weir_wr to =
		h->held ? weir_wr_over(room.at, 0) : place_of(h, room);
	enum weir_swap_is is;
	size_t ate;
	bool moved;

	if (!h->held && to.left < WEIR_HAUL_SWAP_BYTES)
		return WEIR_HAUL_WAIT;
	is = h->swap->body(h->swap->ctx, h->way, &in, h->tail, &to);
	if (is == WEIR_SWAP_STOP)
		return WEIR_HAUL_STOP;
	ate = h->rest - in.left;
	weir_basin_drop(&h->in, ate);
	h->rest -= ate;
	moved = ate || weir_wr_len(&to);
	put(h, room, weir_wr_len(&to));
	if (h->held)
		moved = release(h) || moved;
	if (is == WEIR_SWAP_DONE) {
		weir_must(h->tail && !h->rest && !h->held &&
			  (!h->counted || h->left == 0));
		h->swaps = false;
		moved = true;
	}
	return moved ? WEIR_HAUL_MOVED : WEIR_HAUL_WAIT;
}

/* --- steps --- */

static enum weir_haul_is step_tail(struct weir_haul *h)
{
	if (h->body == WEIR_MESSAGE_BODY_CHUNKED && !h->discard) {
		struct weir_rd fields =
			weir_rd_over(h->in.mem + h->in.from, h->tail_len);
		bool empty = weir_basin_len(&h->out) == 0;
		struct weir_wr to = weir_basin_room(&h->out);

		switch (weir_rewrite_end(h->swap, h->way, fields, &to)) {
		case WEIR_REWRITE_DONE:
			break;
		case WEIR_REWRITE_FULL:
			return empty ? WEIR_HAUL_BAD : WEIR_HAUL_WAIT;
		case WEIR_REWRITE_STOP:
			return WEIR_HAUL_STOP;
		}
		weir_basin_add(&h->out, weir_wr_len(&to));
	}
	weir_basin_drop(&h->in, h->tail_len);
	h->tail = false;
	return WEIR_HAUL_END;
}

/* so many bytes of the body can be taken */
static size_t limit(const struct weir_haul *h, const struct weir_wr *to)
{
	if (h->discard || h->swaps)
		return SIZE_MAX;
	if (h->body == WEIR_MESSAGE_BODY_CHUNKED && to->left < SMALL_BYTES &&
	    weir_basin_len(&h->out))
		return 0; /* a chunk that is mostly its size: rather wait */
	return to->left;
}

static enum weir_haul_is step_message(struct weir_haul *h)
{
	struct weir_rd in = weir_basin_bytes(&h->in);
	struct weir_wr room = weir_basin_room(&h->out);
	struct weir_wr to = place_of(h, room);
	size_t max = limit(h, &to);
	struct weir_message_piece p;

	if (h->m.body == WEIR_MESSAGE_BODY_CLOSE && h->dirty && !in.left)
		return WEIR_HAUL_BAD; /* nobody said that this is the end */
	switch (weir_message_look(&h->m, in.at, in.left, max, h->ended, &p)) {
	case WEIR_MESSAGE_DATA:
		if (h->swaps) {
			h->rest = p.data.left;
			weir_basin_drop(&h->in, p.eat - h->rest);
			return WEIR_HAUL_MOVED;
		}
		if (!h->discard) {
			weir_wr_copy(&to, p.data.at, p.data.left);
			put(h, room, p.data.left);
		}
		weir_basin_drop(&h->in, p.eat);
		return WEIR_HAUL_MOVED;
	case WEIR_MESSAGE_END:
		h->tail = true;
		h->tail_len = p.eat;
		return WEIR_HAUL_MOVED;
	case WEIR_MESSAGE_MORE:
		weir_basin_drop(&h->in, p.eat);
		return p.eat ? WEIR_HAUL_MOVED : WEIR_HAUL_WAIT;
	case WEIR_MESSAGE_HEAD:
	case WEIR_MESSAGE_BAD:
		break;
	}
	return WEIR_HAUL_BAD;
}

enum weir_haul_is weir_haul_step(struct weir_haul *h)
{
	if (h->rest || (h->tail && h->swaps))
		return step_swap(h);
	return h->tail ? step_tail(h) : step_message(h);
}
