/* SPDX-License-Identifier: Apache-2.0 */
/*
 * websocket.c - the frames of one way of a WebSocket
 *
 *	     ┌─────────────────────── left == 0 ──┐
 *	     ▼                                    │
 *	  between ──step_head()──┬──► payload ────┘
 *	     ▲                   └──► control frame: whole, at once ──┐
 *	     └────────────────────────────────────────────────────────┘
 *
 * How it works.  Without a swap the header of a data frame is written as it was
 * understood, and its payload is copied, mask and all: the key stays the one
 * that the guest chose, as fresh as that was.  With a swap the payload of a
 * message is shown to it without its mask, and what it writes goes on in frames
 * of its own, as any intermediary may cut a message where no extension is in
 * use (RFC 6455 5.4); they are masked again with the key of the frame that the
 * bytes came in.
 *
 * Between two fragments a control frame may come, and passes.
 *
 * Not here: UTF-8 of text, which its receiver has to look at; the answer to a
 * Close, which is the other end's.
 */
#include "proxy/websocket.h"

#include "base/must.h"

#define CONTROL_MAX 125u
#define HEADER_MAX  14u
#define PIECE_MAX   65535u
#define PIECE_ROOM  1024u /* for what a swap writes, with its header */

enum {
	CONTINUATION = 0,
	TEXT = 1,
	BINARY = 2,
	CLOSE = 8,
	PING = 9,
	PONG = 10,
};

/** struct header - of a frame; @bytes: how long it is itself */
struct header {
	uint64_t len;
	uint8_t opcode, key[4];
	size_t bytes;
	bool fin;
};

void weir_websocket_init(struct weir_websocket *w, enum weir_swap_way way,
			 const struct weir_swap *swap)
{
	*w = (struct weir_websocket){ .way = way,
				      .swap = swap && swap->body ? swap : NULL,
				      .between = true };
}

static bool is_masked(const struct weir_websocket *w)
{
	return w->way == WEIR_SWAP_UP;
}

static enum weir_websocket_is bad(struct weir_websocket *w)
{
	w->bad = true;
	return WEIR_WEBSOCKET_BAD;
}

/* --- headers --- */

/* the first byte alone; a wrong one is told before more comes */
static bool is_allowed(const struct weir_websocket *w, uint8_t first)
{
	uint8_t opcode = first & 15;

	if (first & 0x70)
		return false;
	switch (opcode) {
	case CONTINUATION:
		return w->message;
	case TEXT:
	case BINARY:
		return !w->message;
	case CLOSE:
	case PING:
	case PONG:
		return first & 0x80;
	default:
		return false;
	}
}

static enum weir_websocket_is parse_header(const struct weir_websocket *w,
					   struct weir_rd in,
					   struct header *ret)
{
	size_t all = in.left;
	uint8_t first, second;

	if (all == 0)
		return WEIR_WEBSOCKET_WAIT;
	first = weir_rd_u8(&in);
	if (!is_allowed(w, first))
		return WEIR_WEBSOCKET_BAD;
	if (all == 1)
		return WEIR_WEBSOCKET_WAIT;
	second = weir_rd_u8(&in);
	ret->fin = first & 0x80;
	ret->opcode = first & 15;
	ret->len = second & 0x7f;
	if (!!(second & 0x80) != is_masked(w) ||
	    (ret->opcode & 8 && ret->len > CONTROL_MAX))
		return WEIR_WEBSOCKET_BAD;
	if (ret->len == 126) {
		ret->len = weir_rd_be16(&in);
		if (weir_rd_ok(&in) && ret->len < 126)
			return WEIR_WEBSOCKET_BAD;
	} else if (ret->len == 127) {
		ret->len = weir_rd_be64(&in);
		if (weir_rd_ok(&in) &&
		    (ret->len <= UINT16_MAX || ret->len > INT64_MAX))
			return WEIR_WEBSOCKET_BAD;
	}
	memset(ret->key, 0, sizeof(ret->key));
	if (is_masked(w))
		weir_rd_copy(&in, ret->key, sizeof(ret->key));
	ret->bytes = all - in.left;
	return weir_rd_ok(&in) ? WEIR_WEBSOCKET_MOVED : WEIR_WEBSOCKET_WAIT;
}

static void build_header(const struct header *h, bool masked,
			 struct weir_wr *to)
{
	uint8_t mask = masked ? 0x80 : 0;

	weir_wr_u8(to, (uint8_t)((h->fin ? 0x80 : 0) | h->opcode));
	if (h->len < 126) {
		weir_wr_u8(to, (uint8_t)(mask | h->len));
	} else if (h->len <= UINT16_MAX) {
		weir_wr_u8(to, mask | 126);
		weir_wr_be16(to, (uint16_t)h->len);
	} else {
		weir_wr_u8(to, mask | 127);
		weir_wr_be64(to, h->len);
	}
	if (masked)
		weir_wr_copy(to, h->key, sizeof(h->key));
}

static void mask(uint8_t *at, size_t len, const uint8_t key[4], size_t phase)
{
	for (size_t i = 0; i < len; i++)
		at[i] ^= key[(phase + i) & 3];
}

/* --- control frames --- */

/* RFC 6455 7.4: codes that may stand in a frame */
static bool is_close(const uint8_t *at, size_t len)
{
	unsigned code;

	if (len == 0)
		return true;
	if (len == 1)
		return false;
	code = (unsigned)at[0] << 8 | at[1];
	return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 &&
		code != 1006) ||
	       (code >= 3000 && code < 5000);
}

static enum weir_websocket_is step_control(struct weir_websocket *w,
					   const struct header *h,
					   struct weir_basin *in,
					   struct weir_basin *out)
{
	size_t len = (size_t)h->len, all = h->bytes + len;
	struct weir_wr to = weir_basin_room(out);
	const uint8_t *from = in->mem + in->from;
	uint8_t payload[CONTROL_MAX];

	if (weir_basin_len(in) < all || to.left < HEADER_MAX + len)
		return WEIR_WEBSOCKET_WAIT;
	memcpy(payload, from + h->bytes, len);
	mask(payload, len, h->key, 0);
	if (h->opcode == CLOSE && !is_close(payload, len))
		return bad(w);
	build_header(h, is_masked(w), &to);
	weir_wr_copy(&to, from + h->bytes, len);
	weir_basin_add(out, weir_wr_len(&to));
	weir_basin_drop(in, all);
	w->closed = h->opcode == CLOSE;
	return WEIR_WEBSOCKET_MOVED;
}

/* --- messages --- */

static void end_frame(struct weir_websocket *w)
{
	w->between = true;
	w->message = !w->fin;
}

static enum weir_websocket_is begin_frame(struct weir_websocket *w,
					  const struct header *h,
					  struct weir_basin *in,
					  struct weir_basin *out)
{
	if (!w->swap) {
		struct weir_wr to = weir_basin_room(out);

		build_header(h, is_masked(w), &to);
		if (!weir_wr_ok(&to))
			return WEIR_WEBSOCKET_WAIT;
		weir_basin_add(out, weir_wr_len(&to));
	}
	weir_basin_drop(in, h->bytes);
	if (h->opcode != CONTINUATION) {
		w->opcode = h->opcode;
		w->begun = false;
	}
	memcpy(w->key, h->key, sizeof(w->key));
	w->fin = h->fin;
	w->left = h->len;
	w->phase = 0;
	w->clear = 0;
	w->between = false;
	if (w->left == 0 && (!w->swap || !w->fin))
		end_frame(w);
	return WEIR_WEBSOCKET_MOVED;
}

static enum weir_websocket_is step_head(struct weir_websocket *w,
					struct weir_basin *in,
					struct weir_basin *out)
{
	struct header h;
	enum weir_websocket_is is = parse_header(w, weir_basin_bytes(in), &h);

	if (is == WEIR_WEBSOCKET_BAD)
		return bad(w);
	if (is != WEIR_WEBSOCKET_MOVED)
		return is;
	return h.opcode & 8 ? step_control(w, &h, in, out)
			    : begin_frame(w, &h, in, out);
}

static size_t shown(const struct weir_websocket *w, const struct weir_basin *in)
{
	size_t len = weir_basin_len(in);

	return w->left < len ? (size_t)w->left : len;
}

static enum weir_websocket_is step_plain(struct weir_websocket *w,
					 struct weir_basin *in,
					 struct weir_basin *out)
{
	struct weir_wr to = weir_basin_room(out);
	size_t n = shown(w, in);

	n = n < to.left ? n : to.left;
	if (n == 0)
		return WEIR_WEBSOCKET_WAIT;
	weir_wr_copy(&to, in->mem + in->from, n);
	weir_basin_add(out, n);
	weir_basin_drop(in, n);
	w->left -= n;
	if (w->left == 0)
		end_frame(w);
	return WEIR_WEBSOCKET_MOVED;
}

/* what the swap wrote behind the place of the longest header, as a frame */
static void put_piece(struct weir_websocket *w, struct weir_basin *out,
		      uint8_t *payload, size_t len, bool fin)
{
	struct weir_wr to = weir_basin_room(out);
	struct header h = {
		.fin = fin,
		.opcode = w->begun ? CONTINUATION : w->opcode,
		.len = len,
	};

	memcpy(h.key, w->key, sizeof(h.key));
	mask(payload, len, h.key, 0);
	build_header(&h, is_masked(w), &to);
	memmove(to.at, payload, len);
	(void)weir_wr_skip(&to, len);
	weir_must(weir_wr_ok(&to));
	weir_basin_add(out, weir_wr_len(&to));
	w->begun = true;
}

/* the payload without its mask, once */
static void unmask(struct weir_websocket *w, struct weir_basin *in, size_t n)
{
	if (n <= w->clear)
		return;
	mask(in->mem + in->from + w->clear, n - w->clear, w->key, w->phase);
	w->phase = (uint8_t)((w->phase + n - w->clear) & 3);
	w->clear = n;
}

static enum weir_websocket_is step_swap(struct weir_websocket *w,
					struct weir_basin *in,
					struct weir_basin *out)
{
	struct weir_wr room = weir_basin_room(out), to;
	size_t n = shown(w, in), len, ate;
	bool last = w->fin && n == w->left;
	struct weir_rd from;
	enum weir_swap_is is;

	if (room.left < PIECE_ROOM || (n == 0 && !last))
		return WEIR_WEBSOCKET_WAIT;
	len = room.left - HEADER_MAX;
	to = weir_wr_over(room.at + HEADER_MAX,
			  len < PIECE_MAX ? len : PIECE_MAX);
	unmask(w, in, n);
	from = weir_rd_over(in->mem + in->from, n);
	is = w->swap->body(w->swap->ctx, w->way, &from, last, &to);
	if (is == WEIR_SWAP_STOP)
		return WEIR_WEBSOCKET_STOP;
	ate = n - from.left;
	weir_basin_drop(in, ate);
	w->clear -= ate;
	w->left -= ate;
	weir_must(is != WEIR_SWAP_DONE || (last && from.left == 0));
	if (weir_wr_len(&to) || is == WEIR_SWAP_DONE)
		put_piece(w, out, room.at + HEADER_MAX, weir_wr_len(&to),
			  is == WEIR_SWAP_DONE);
	if (is == WEIR_SWAP_DONE || (w->left == 0 && !w->fin))
		end_frame(w);
	else if (ate == 0 && weir_wr_len(&to) == 0)
		return WEIR_WEBSOCKET_WAIT;
	return WEIR_WEBSOCKET_MOVED;
}

enum weir_websocket_is weir_websocket_step(struct weir_websocket *w,
					   struct weir_basin *in,
					   struct weir_basin *out)
{
	if (w->bad)
		return WEIR_WEBSOCKET_BAD;
	if (w->closed) { /* RFC 6455 5.5.1: nothing counts any more */
		weir_basin_empty(in);
		return WEIR_WEBSOCKET_WAIT;
	}
	if (w->between)
		return step_head(w, in, out);
	return w->swap ? step_swap(w, in, out) : step_plain(w, in, out);
}
