/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_http1.c - a guest and a host that may say anything, anywhere cut
 *
 * The first three bits choose a swap that changes nothing.  The input is a
 * script.  A byte is a side (its lowest bit) and what happens:
 * so many bytes of the script are said (the next byte), the side ends, breaks
 * off, takes no more, reads or does not read for a while.
 *
 * Whatever reaches the host must be requests that were allowed, each readable
 * again and framed in one way only, also to the reader of plain HTTP
 * (flow/requests); whatever reaches the guest must be answers.  The same bytes,
 * read whole and one by one, are the same messages.
 */
#include "proxy/exchange.h"

#include "base/rd.h"
#include "flow/requests.h"
#include "proxy/identity.h"

#include <stdlib.h>

#define OUT_BYTES (1u << 20)
#define ASKED_MAX 65536u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* what was written to a side, and what was decided */
static struct world {
	struct weir_exchange *x;
	uint8_t out[2][OUT_BYTES];
	size_t len[2];
	bool shut[2], frames;
	enum weir_swap_body mode;
	uint32_t allowed, denied, asked;
	uint8_t to_head[ASKED_MAX];
} w;

/* --- a swap that changes nothing, and takes its time --- */

static enum weir_swap_body begin(void *ctx, enum weir_swap_way way,
				 const struct weir_message *m,
				 struct weir_rd fields)
{
	(void)ctx;
	must(way == WEIR_SWAP_UP ? m->request.method_len > 0
				 : m->answer.status >= 200);
	must(fields.left >= 2);
	return w.mode;
}

static enum weir_swap_is field(void *ctx, enum weir_swap_way way,
			       struct weir_rd name, struct weir_rd value,
			       struct weir_wr *to)
{
	(void)ctx;
	(void)way;
	must(name.left > 0);
	if (value.left & 1)
		return WEIR_SWAP_SAME;
	weir_wr_copy(to, value.at, value.left);
	return WEIR_SWAP_WRITTEN;
}

static enum weir_swap_is body(void *ctx, enum weir_swap_way way,
			      struct weir_rd *in, bool last, struct weir_wr *to)
{
	size_t n = in->left < to->left ? in->left : to->left;

	(void)ctx;
	(void)way;
	n = n < 5 ? n : 5;
	weir_wr_copy(to, weir_rd_take(in, n), n);
	return last && in->left == 0 ? WEIR_SWAP_DONE : WEIR_SWAP_WRITTEN;
}

static bool frames(void *ctx, enum weir_swap_way way)
{
	(void)ctx;
	return way == WEIR_SWAP_UP;
}

static const struct weir_swap swap = {
	.begin = begin,
	.field = field,
	.body = body,
	.frames = frames,
};

/* --- the guest, the host --- */

static enum weir_exchange_said decide(void *ctx, const struct weir_message *m,
				      struct weir_rd fields,
				      struct weir_judge_verdict *ret,
				      const struct weir_swap **ret_swap)
{
	const struct weir_head *h = &m->request;
	struct weir_dns_name host;

	(void)ctx;
	(void)fields;
	must(weir_dns_name_from_text("a.b", 3, &host));
	must(h->path_len > 0 && !h->connect);
	if (w.asked < ASKED_MAX)
		w.to_head[w.asked++] =
			h->method_len == 4 && memcmp(h->method, "HEAD", 4) == 0;
	*ret = (struct weir_judge_verdict){ .said = WEIR_JUDGE_DENY,
					    .by = WEIR_JUDGE_BY_DEFAULT,
					    .reason = WEIR_REASON_DEFAULT };
	if (!weir_identity_is(h, &host, 443)) {
		w.denied++;
		return WEIR_EXCHANGE_MISDIRECTED;
	}
	if (h->path_len > 1 && h->path[1] == 'n') {
		w.denied++;
		return WEIR_EXCHANGE_DENY;
	}
	w.allowed++;
	if (w.mode != WEIR_SWAP_BODY_SAME)
		*ret_swap = &swap;
	return WEIR_EXCHANGE_ALLOW;
}

static void told(void *ctx, uint16_t status, enum weir_reason reason)
{
	(void)ctx;
	must(reason != WEIR_REASON_NONE);
	must(status == 0 || (status >= 400 && status < 600));
}

static void carry(void)
{
	for (unsigned again = 0; again < 4; again++) {
		unsigned side = again & 1;
		size_t n;
		const uint8_t *b =
			weir_exchange_bytes(w.x, (enum weir_exchange_side)side,
					    &n);

		if (w.shut[side] || n == 0)
			continue;
		if (n > OUT_BYTES - w.len[side])
			n = OUT_BYTES - w.len[side];
		memcpy(w.out[side] + w.len[side], b, n);
		w.len[side] += n;
		weir_exchange_went(w.x, (enum weir_exchange_side)side, n);
	}
	w.frames = w.frames || weir_exchange_is_frames(w.x);
}

static void say(enum weir_exchange_side side, struct weir_rd bytes)
{
	while (bytes.left) {
		size_t room;
		uint8_t *to = weir_exchange_room(w.x, side, &room);

		if (room == 0)
			return;
		room = room < bytes.left ? room : bytes.left;
		memcpy(to, weir_rd_take(&bytes, room), room);
		weir_exchange_came(w.x, side, room);
		carry();
	}
}

static void step(struct weir_rd *in)
{
	uint8_t op = weir_rd_u8(in);
	enum weir_exchange_side side =
		op & 1 ? WEIR_EXCHANGE_HOST : WEIR_EXCHANGE_GUEST;
	size_t n;

	switch (op >> 1 & 7) {
	case 0:
	case 1:
	case 2:
		n = weir_rd_u8(in);
		if (op & 0x10)
			n = n << 8 | weir_rd_u8(in);
		n = n < in->left ? n : in->left;
		say(side, weir_rd_sub(in, n));
		break;
	case 3:
		weir_exchange_ended(w.x, side);
		break;
	case 4:
		weir_exchange_lost(w.x, side);
		break;
	case 5:
		weir_exchange_deaf(w.x, side);
		break;
	case 6:
		w.shut[side] = !w.shut[side];
		break;
	default:
		weir_exchange_fail(w.x, WEIR_REASON_REFUSED, NULL);
		break;
	}
	carry();
}

/* what the host got: requests as they were allowed, perhaps cut */
static void check_host(void)
{
	struct weir_rd in = weir_rd_over(w.out[1], w.len[1]);
	struct weir_message m;
	uint32_t heads = 0;

	weir_message_init(&m, false);
	for (;;) {
		struct weir_message_piece p;
		enum weir_message_is is =
			weir_message_look(&m, in.at,
					  in.left < 15360 ? in.left : 15360,
					  SIZE_MAX, false, &p);

		must(is != WEIR_MESSAGE_BAD);
		(void)weir_rd_take(&in, p.eat);
		if (is == WEIR_MESSAGE_HEAD) {
			must(m.request.minor == 1 && m.request.has_host);
			heads++;
			if (w.frames && heads == w.allowed)
				return;
		}
		if (is == WEIR_MESSAGE_MORE && p.eat == 0)
			break;
	}
	must(heads <= w.allowed);
}

/* the reader of plain HTTP finds the same requests */
static void check_plain(void)
{
	struct weir_rd in = weir_rd_over(w.out[1], w.len[1]);
	struct weir_requests r;
	struct weir_head h;

	weir_requests_init(&r);
	while (in.left) {
		uint64_t pass = 0;

		switch (weir_requests_look(&r, in.at, in.left, false, &pass,
					   &h)) {
		case WEIR_REQUESTS_PASS:
			(void)weir_rd_take(&in, pass < in.left ? (size_t)pass
							       : in.left);
			break;
		case WEIR_REQUESTS_HEAD:
			weir_requests_allow(&r, &h);
			(void)weir_rd_take(&in, h.len);
			break;
		case WEIR_REQUESTS_BAD:
			must(w.frames);
			return;
		case WEIR_REQUESTS_MORE:
		case WEIR_REQUESTS_WAIT:
		case WEIR_REQUESTS_FREE:
			return;
		}
	}
}

/* what the guest got: answers, no more final ones than requests, but for the
 * refusal of what could not be read */
static void check_guest(void)
{
	struct weir_rd in = weir_rd_over(w.out[0], w.len[0]);
	struct weir_message m;
	uint32_t finals = 0;

	weir_message_init(&m, true);
	for (;;) {
		struct weir_message_piece p;
		enum weir_message_is is;

		weir_message_expect(&m, finals < w.asked && w.to_head[finals]);
		is = weir_message_look(&m, in.at,
				       in.left < 15360 ? in.left : 15360,
				       SIZE_MAX, false, &p);
		must(is != WEIR_MESSAGE_BAD);
		(void)weir_rd_take(&in, p.eat);
		if (is == WEIR_MESSAGE_HEAD && m.answer.status == 101)
			return;
		if (is == WEIR_MESSAGE_END && m.answer.status >= 200)
			finals++;
		if (is == WEIR_MESSAGE_MORE && p.eat == 0)
			break;
	}
	must(finals <= w.asked + 1);
}

static void play(struct weir_rd in)
{
	static const struct weir_exchange_owner owner = { .decide = decide,
							  .told = told };
	void *mem = malloc(WEIR_EXCHANGE_BYTES);

	must(mem);
	w.x = weir_exchange_init(mem, &owner);
	w.len[0] = w.len[1] = 0;
	w.shut[0] = w.shut[1] = w.frames = false;
	w.allowed = w.denied = w.asked = 0;
	w.mode = WEIR_SWAP_BODY_SAME;
	if (in.left && in.at[0] >> 5 == 1)
		w.mode = WEIR_SWAP_BODY_STREAM;
	if (in.left && in.at[0] >> 5 == 2)
		w.mode = WEIR_SWAP_BODY_SEARCH;
	while (in.left)
		step(&in);
	w.shut[0] = w.shut[1] = false;
	carry();
	check_host();
	check_plain();
	check_guest();
	free(mem);
}

/* a story of messages: a hash of what was found, wherever it was cut */
static uint64_t read_all(struct weir_rd in, size_t step_bytes, bool answers)
{
	struct weir_message m;
	uint64_t story = 1;
	size_t have = 0;

	weir_message_init(&m, answers);
	for (;;) {
		bool last = have == in.left;
		struct weir_message_piece p;
		enum weir_message_is is =
			weir_message_look(&m, in.at, have, SIZE_MAX, last, &p);

		must(p.eat <= have);
		for (size_t i = 0; i < p.data.left; i++)
			story = story * 31 + p.data.at[i];
		if (is == WEIR_MESSAGE_HEAD || is == WEIR_MESSAGE_END)
			story = story * 257 + (unsigned)is;
		if (is == WEIR_MESSAGE_BAD)
			return story * 259 + (unsigned)m.fault;
		(void)weir_rd_take(&in, p.eat);
		have -= p.eat;
		if (is != WEIR_MESSAGE_MORE || p.eat)
			continue;
		if (last)
			return story;
		have = in.left - have > step_bytes ? have + step_bytes
						   : in.left;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_rd in = weir_rd_over(data, size < 15000 ? size : 15000);

	play(weir_rd_over(data, size));
	for (unsigned answers = 0; answers < 2; answers++) {
		uint64_t whole = read_all(in, SIZE_MAX, answers);

		must(read_all(in, 1, answers) == whole);
		must(read_all(in, 7, answers) == whole);
	}
	return 0;
}
