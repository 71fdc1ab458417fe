/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_websocket.c - any bytes may be the frames of a WebSocket
 *
 * The first byte says which way they go.  What goes on must be frames by a
 * second reading that knows only the RFC; without a swap they are the bytes that
 * came, wherever those are cut; with one that changes nothing the messages are
 * the same.
 */
#include "proxy/websocket.h"

#include <stdlib.h>

#define OUT_BYTES (1u << 18)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static enum weir_swap_is same(void *ctx, enum weir_swap_way way,
			      struct weir_rd *in, bool last, struct weir_wr *to)
{
	size_t n = in->left < to->left ? in->left : to->left;

	(void)ctx;
	(void)way;
	weir_wr_copy(to, weir_rd_take(in, n), n);
	return last && in->left == 0 ? WEIR_SWAP_DONE : WEIR_SWAP_WRITTEN;
}

static const struct weir_swap swap = { .body = same };

/** struct passed - what went on */
struct passed {
	uint8_t b[OUT_BYTES];
	size_t len;
	bool bad;
};

static void pass(struct passed *p, struct weir_rd in, size_t step, bool up,
		 bool swaps)
{
	static uint8_t mem[2][4096];
	struct weir_basin from = { .mem = mem[0], .cap = sizeof(mem[0]) };
	struct weir_basin to = { .mem = mem[1], .cap = sizeof(mem[1]) };
	enum weir_websocket_is is = WEIR_WEBSOCKET_WAIT;
	struct weir_websocket w;

	weir_websocket_init(&w, up ? WEIR_SWAP_UP : WEIR_SWAP_DOWN,
			    swaps ? &swap : NULL);
	p->len = 0;
	p->bad = false;
	while (in.left && !p->bad) {
		struct weir_wr room = weir_basin_room(&from);
		size_t n = step < in.left ? step : in.left;

		n = n < room.left ? n : room.left;
		must(n > 0);
		memcpy(room.at, weir_rd_take(&in, n), n);
		weir_basin_add(&from, n);
		do {
			size_t out;

			is = weir_websocket_step(&w, &from, &to);
			out = weir_basin_len(&to);
			must(out <= OUT_BYTES - p->len);
			memcpy(p->b + p->len, to.mem + to.from, out);
			p->len += out;
			weir_basin_drop(&to, out);
		} while (is == WEIR_WEBSOCKET_MOVED);
		p->bad = is == WEIR_WEBSOCKET_BAD;
	}
}

/* the messages that came to their end: opcodes and bytes; no control frames */
static uint64_t read_frames(const struct passed *p, bool up)
{
	struct weir_rd in = weir_rd_over(p->b, p->len);
	uint64_t story = 1, done = 1;
	bool message = false, closed = false;

	while (in.left) {
		uint8_t first = weir_rd_u8(&in), second = weir_rd_u8(&in);
		uint64_t len = second & 127, i;
		uint8_t key[4] = { 0 };

		must(!closed && !(first & 0x70));
		must(!!(second & 128) == up || !weir_rd_ok(&in));
		if (len == 126) {
			len = weir_rd_be16(&in);
			must(len > 125 || !weir_rd_ok(&in));
		} else if (len == 127) {
			len = weir_rd_be64(&in);
			must(len > 65535 || !weir_rd_ok(&in));
		}
		if (up)
			weir_rd_copy(&in, key, 4);
		if (first & 8) {
			must(len < 126 && first & 128);
			closed = (first & 15) == 8;
			(void)weir_rd_take(&in, (size_t)len);
			must(weir_rd_ok(&in)); /* whole, always */
			continue;
		}
		must(weir_rd_ok(&in));
		must(!(first & 15) == message && (first & 15) < 3);
		if (!message)
			story = story * 257 + (first & 15);
		message = !(first & 128);
		for (i = 0; i < len && in.left; i++)
			story = story * 31 + (weir_rd_u8(&in) ^ key[i & 3]);
		if (i < len)
			break; /* half a frame */
		if (!message)
			done = story;
	}
	return done;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct passed whole, cut;
	struct weir_rd in = weir_rd_over(data, size < 16384 ? size : 16384);
	bool up = in.left && weir_rd_u8(&in) & 1;
	uint64_t story;

	pass(&whole, in, SIZE_MAX, up, false);
	must(whole.len <= in.left);
	must(whole.len == 0 || memcmp(whole.b, in.at, whole.len) == 0);
	pass(&cut, in, 1, up, false);
	must(cut.len == whole.len && cut.bad == whole.bad);
	story = read_frames(&whole, up);
	pass(&cut, in, 7, up, true);
	must(cut.bad == whole.bad);
	must(read_frames(&cut, up) == story);
	return 0;
}
