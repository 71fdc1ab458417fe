/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_swap.c - where secrets come in: targets, fields, bodies, frames
 *
 * The swap of these tests writes UP for each "up" and stops at "leak"; it keeps
 * back what could be the beginning of either, as one that searches must.
 */
#include "talk.h"

#define OK0 "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

/* longer than what it replaces */
#define NEW "<<UP>>"

static struct talk t;

static struct state {
	enum weir_swap_body mode[3];
	size_t hold; /* more than this is not held */
	uint8_t kept[8];
	size_t n_kept;
	uint8_t body[4096];
	size_t n_body, told;
	bool full, last, frames;
} s;

static enum weir_swap_body begin(void *ctx, enum weir_swap_way way,
				 const struct weir_message *m,
				 struct weir_rd fields)
{
	(void)ctx;
	CHECK(way == WEIR_SWAP_UP ? m->request.method_len > 0
				  : m->answer.status >= 200);
	CHECK(fields.left >= 2);
	s.n_kept = s.n_body = s.told = 0;
	s.full = s.last = false;
	return s.mode[way];
}

/* "up" becomes NEW; STOP at "leak" */
static enum weir_swap_is change(struct weir_rd in, struct weir_wr *to)
{
	enum weir_swap_is is = WEIR_SWAP_SAME;

	if (memmem(in.at, in.left, "leak", 4))
		return WEIR_SWAP_STOP;
	if (memmem(in.at, in.left, "drop", 4))
		return WEIR_SWAP_DROP;
	if (!memmem(in.at, in.left, "up", 2))
		return is;
	while (in.left) {
		if (in.left >= 2 && memcmp(in.at, "up", 2) == 0) {
			weir_wr_copy(to, NEW, sizeof(NEW) - 1);
			(void)weir_rd_take(&in, 2);
		} else if (in.at[0] == '~') {
			weir_wr_u8(to, '\n'); /* no value any more */
			(void)weir_rd_u8(&in);
		} else {
			weir_wr_u8(to, weir_rd_u8(&in));
		}
	}
	return WEIR_SWAP_WRITTEN;
}

static enum weir_swap_is target(void *ctx, struct weir_rd in,
				struct weir_wr *to)
{
	(void)ctx;
	return change(in, to);
}

static enum weir_swap_is field(void *ctx, enum weir_swap_way way,
			       struct weir_rd name, struct weir_rd value,
			       struct weir_wr *to)
{
	(void)ctx;
	(void)way;
	(void)name;
	return change(value, to);
}

/* A byte of the body.  False: no room, and it was not taken. */
static bool push(uint8_t c, struct weir_wr *to, enum weir_swap_is *ret)
{
	if (to->left < 16)
		return false;
	s.kept[s.n_kept++] = c;
	while (s.n_kept) {
		size_t n = s.n_kept;

		if (n == 4 && memcmp(s.kept, "leak", 4) == 0)
			*ret = WEIR_SWAP_STOP;
		if (n == 2 && memcmp(s.kept, "up", 2) == 0) {
			weir_wr_copy(to, NEW, sizeof(NEW) - 1);
			s.n_kept = 0;
		} else if (memcmp(s.kept, "leak", n < 4 ? n : 4) == 0 ||
			   (n < 2 && s.kept[0] == 'u')) {
			break;
		} else {
			weir_wr_u8(to, s.kept[0]);
			memmove(s.kept, s.kept + 1, --s.n_kept);
		}
	}
	return true;
}

static enum weir_swap_is stream(struct weir_rd *in, bool last,
				struct weir_wr *to)
{
	enum weir_swap_is is = WEIR_SWAP_WRITTEN;

	while (in->left && is != WEIR_SWAP_STOP) {
		if (!push(in->at[0], to, &is))
			return is;
		(void)weir_rd_u8(in);
	}
	if (is == WEIR_SWAP_STOP || !last)
		return is;
	if (to->left < s.n_kept)
		return is;
	weir_wr_copy(to, s.kept, s.n_kept);
	s.n_kept = 0;
	return WEIR_SWAP_DONE;
}

/* all of it is changed here, then told, then written */
static enum weir_swap_is hold(struct weir_rd *in, bool last, struct weir_wr *to)
{
	struct weir_wr here =
		weir_wr_over(s.body + s.n_body, sizeof(s.body) - s.n_body);
	enum weir_swap_is is = stream(in, last && !s.last, &here);
	size_t n;

	if (is == WEIR_SWAP_STOP)
		return is;
	s.n_body += weir_wr_len(&here);
	s.full = s.full || s.n_body > s.hold;
	s.last = s.last || is == WEIR_SWAP_DONE;
	n = s.n_body - s.told < to->left ? s.n_body - s.told : to->left;
	weir_wr_copy(to, s.body + s.told, n);
	s.told += n;
	return s.last && s.told == s.n_body && (n || to->left)
		       ? WEIR_SWAP_DONE
		       : WEIR_SWAP_WRITTEN;
}

static enum weir_swap_is body(void *ctx, enum weir_swap_way way,
			      struct weir_rd *in, bool last, struct weir_wr *to)
{
	(void)ctx;
	if (!s.frames && s.mode[way] == WEIR_SWAP_BODY_HOLD)
		return hold(in, last, to);
	return stream(in, last, to);
}

static enum weir_swap_held held(void *ctx, enum weir_swap_way way,
				uint64_t *ret)
{
	(void)ctx;
	(void)way;
	if (s.full)
		return WEIR_SWAP_HELD_CHUNKED;
	*ret = s.n_body;
	return s.last ? WEIR_SWAP_HELD_LENGTH : WEIR_SWAP_HELD_WAIT;
}

static bool frames(void *ctx, enum weir_swap_way way)
{
	(void)ctx;
	(void)way;
	s.n_kept = 0;
	return s.frames;
}

static const struct weir_swap swap = {
	.begin = begin,
	.target = target,
	.field = field,
	.body = body,
	.held = held,
	.frames = frames,
};

static void start(enum weir_swap_body up, enum weir_swap_body down)
{
	memset(&s, 0, sizeof(s));
	s.mode[WEIR_SWAP_UP] = up;
	s.mode[WEIR_SWAP_DOWN] = down;
	s.hold = 1000;
	talk_begin(&t);
	t.swap = &swap;
}

#define SAME   WEIR_SWAP_BODY_SAME
#define STREAM WEIR_SWAP_BODY_STREAM
#define HOLD   WEIR_SWAP_BODY_HOLD
#define SEARCH WEIR_SWAP_BODY_SEARCH

static void targets_and_fields_are_changed(void **state)
{
	(void)state;
	start(SAME, SAME);
	talk_say(&t, GUEST,
		 "GET /up?up HTTP/1.1\r\nHost: a.b\r\nX: drop me\r\nY: 1up2"
		 "\r\n\r\n");
	talk_heard(&t, HOST,
		   "GET /" NEW "?" NEW " HTTP/1.1\r\nHost: a.b\r\nY: 1" NEW
		   "2\r\n\r\n");
	talk_say(&t, HOST,
		 "HTTP/1.1 200 up\r\nX: up\r\nY: drop\r\nContent-Length: "
		 "2\r\n\r\nup");
	talk_heard(&t, GUEST,
		   "HTTP/1.1 200 up\r\nX: " NEW "\r\nContent-Length: "
		   "2\r\n\r\nup");
	/* trailers too */
	talk_say(&t, GUEST,
		 "POST / HTTP/1.1\r\nHost: a.b\r\nTransfer-Encoding: "
		 "chunked\r\n\r\n0\r\nX: up\r\n\r\n");
	CHECK(talk_has(&t, HOST, "\r\n\r\n0\r\nX: " NEW "\r\n\r\n"));
	talk_end(&t);
}

static void what_must_not_go_on_is_403_and_the_next_one_served(void **state)
{
	static const char *const says[] = {
		"GET /leak HTTP/1.1\r\nHost: a.b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a.b\r\nX: leak\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a.b\r\nX: up~X: y\r\n\r\n",
		"GET /up~ HTTP/1.1\r\nHost: a.b\r\n\r\n",
	};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		start(SAME, SAME);
		talk_say(&t, GUEST, says[i]);
		CHECK(talk_has(&t, GUEST, "HTTP/1.1 403 "));
		CHECK(talk_has(&t, GUEST, "reason: leak\n"));
		talk_heard(&t, HOST, "");
		CHECK_EQ(t.reason, WEIR_REASON_LEAK);
		talk_say(&t, GUEST, "GET / HTTP/1.1\r\nHost: a.b\r\n\r\n");
		talk_heard(&t, HOST, "GET / HTTP/1.1\r\nHost: a.b\r\n\r\n");
		talk_end(&t);
	}
}

/* the bytes of a chunked message */
static void unchunk(const char *from, char *to)
{
	const char *at = strstr(from, "\r\n\r\n");
	size_t n;

	CHECK(at);
	for (at += 4; (n = strtoul(at, NULL, 16)) > 0; at += n + 2) {
		at = strstr(at, "\r\n") + 2;
		memcpy(to, at, n);
		to += n;
	}
	*to = 0;
}

static void a_streamed_body_goes_on_in_chunks(void **state)
{
	char got[100];

	(void)state;
	for (unsigned step = 0; step < 4; step++) {
		start(STREAM, STREAM);
		t.step = step;
		talk_say(&t, GUEST,
			 "POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: "
			 "12\r\n\r\nupupu lea ul");
		CHECK(talk_has(&t, HOST, "\r\nTransfer-Encoding: chunked"));
		unchunk(t.got[HOST], got);
		assert_string_equal(got, NEW NEW "u lea ul");
		talk_say(&t, HOST,
			 "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nupupup");
		unchunk(t.got[GUEST], got);
		assert_string_equal(got, NEW NEW NEW);
		talk_forget(&t);
		/* a message without a body has none afterwards */
		talk_say(&t, GUEST, "GET / HTTP/1.1\r\nHost: a.b\r\n\r\n");
		talk_heard(&t, HOST, "GET / HTTP/1.1\r\nHost: a.b\r\n\r\n");
		talk_end(&t);
	}
}

static void a_body_that_is_only_searched_keeps_its_framing(void **state)
{
	static const char *const says[] = {
		"POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: "
		"7\r\n\r\nle lea ",
		"POST / HTTP/1.1\r\nHost: a.b\r\nTransfer-Encoding: "
		"chunked\r\n\r\n7\r\nle lea \r\n0\r\nX: y\r\n\r\n",
	};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		start(SEARCH, SEARCH);
		talk_say(&t, GUEST, says[i]);
		talk_heard(&t, HOST, says[i]);
		talk_say(&t, HOST,
			 "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nlea");
		talk_heard(&t, GUEST,
			   "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nlea");
		talk_say(&t, GUEST,
			 "POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: "
			 "9\r\n\r\nxlea");
		CHECK(strcmp(t.got[HOST] + t.len[HOST] - 5, "\r\n\r\nx") == 0);
		talk_say(&t, GUEST, "k");
		CHECK(talk_has(&t, GUEST, "HTTP/1.1 403 "));
		CHECK_ENDS(&t, FIN, RESET);
		talk_end(&t);
	}
}

static void a_leak_in_a_body_that_went_on_is_a_break(void **state)
{
	(void)state;
	start(STREAM, STREAM);
	talk_say(&t, GUEST,
		 "POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: "
		 "12\r\n\r\nxyz leak");
	CHECK(talk_has(&t, GUEST, "HTTP/1.1 403 "));
	CHECK(!talk_has(&t, HOST, "leak"));
	CHECK_ENDS(&t, FIN, RESET);
	talk_end(&t);
	start(STREAM, STREAM);
	talk_say(&t, GUEST, "GET / HTTP/1.1\r\nHost: a.b\r\n\r\n");
	talk_say(&t, HOST, "HTTP/1.1 200 OK\r\n\r\nxyz leak");
	CHECK(!talk_has(&t, GUEST, "leak"));
	CHECK_ENDS(&t, RESET, RESET);
	talk_end(&t);
}

static void a_held_body_has_its_length(void **state)
{
	(void)state;
	for (unsigned step = 0; step < 4; step++) {
		start(HOLD, HOLD);
		t.step = step;
		talk_say(&t, GUEST,
			 "POST / HTTP/1.1\r\nHost: a.b\r\nTransfer-Encoding: "
			 "chunked\r\n\r\n5\r\nupup!\r\n");
		talk_heard(&t, HOST, "");
		talk_say(&t, GUEST, "0\r\nX: y\r\n\r\n");
		talk_heard(&t, HOST,
			   "POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: "
			   "13\r\n\r\n" NEW NEW "!");
		talk_say(&t, HOST, "HTTP/1.1 200 OK\r\n\r\nup");
		talk_heard(&t, GUEST, "");
		talk_hang_up(&t, HOST);
		talk_heard(&t, GUEST,
			   "HTTP/1.1 200 OK\r\nConnection: close\r\n"
			   "Content-Length: 6\r\n\r\n" NEW);
		CHECK_ENDS(&t, FIN, FIN);
		talk_end(&t);
	}
}

static void too_much_to_hold_goes_on_in_chunks(void **state)
{
	char got[100];

	(void)state;
	start(HOLD, SAME);
	s.hold = 10;
	talk_say(&t, GUEST,
		 "POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: "
		 "20\r\n\r\nupupup");
	CHECK(talk_has(&t, HOST, "\r\nTransfer-Encoding: chunked\r\n"));
	talk_say(&t, GUEST, "0123456789abcd");
	unchunk(t.got[HOST], got);
	assert_string_equal(got, NEW NEW NEW "0123456789abcd");
	talk_end(&t);
}

static void a_leak_in_a_held_body_is_403_and_nothing_went_on(void **state)
{
	static const char *const rest[] = {
		"Content-Length: 20\r\n\r\nleak0123456789abcdef",
		"Transfer-Encoding: chunked\r\n\r\n4\r\nleak\r\n3\r\nabc\r\n0"
		"\r\nX: y\r\n\r\n",
	};

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		start(HOLD, SAME);
		t.step = i / 2;
		talk_say(&t, GUEST, "POST / HTTP/1.1\r\nHost: a.b\r\n");
		talk_say(&t, GUEST, rest[i & 1]);
		CHECK(talk_has(&t, GUEST, "HTTP/1.1 403 "));
		talk_heard(&t, HOST, "");
		CHECK_ENDS(&t, OPEN, OPEN);
		talk_say(&t, GUEST, "GET / HTTP/1.1\r\nHost: a.b\r\n\r\n");
		talk_heard(&t, HOST, "GET / HTTP/1.1\r\nHost: a.b\r\n\r\n");
		talk_end(&t);
	}
}

static void whoever_waits_for_100_while_his_body_is_held_is_told(void **state)
{
	(void)state;
	start(HOLD, SAME);
	talk_say(&t, GUEST,
		 "POST / HTTP/1.1\r\nHost: a.b\r\nExpect: 100-continue\r\n"
		 "Content-Length: 2\r\n\r\n");
	talk_heard(&t, GUEST, "HTTP/1.1 100 Continue\r\n\r\n");
	talk_say(&t, GUEST, "up");
	talk_heard(&t, HOST,
		   "POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: "
		   "6\r\n\r\n" NEW);
	talk_end(&t);
}

static void a_long_streamed_body_is_changed_all_over(void **state)
{
	static char much[60000], want[400000], got[400000];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(much); i++) {
		much[i] = i % 5 == 0 ? 'u' : i % 5 == 1 ? 'p' : 'x';
		if (i % 5 == 1)
			n += (size_t)sprintf(want + n, NEW);
		else if (i % 5 > 1)
			want[n++] = 'x';
	}
	start(STREAM, SAME);
	talk_say(&t, GUEST,
		 "POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: "
		 "60000\r\n\r\n");
	talk_say_bytes(&t, GUEST, much, sizeof(much));
	unchunk(t.got[HOST], got);
	CHECK_EQ(strlen(got), n);
	CHECK(memcmp(got, want, n) == 0);
	talk_end(&t);
}

/* frames without a mask, one message put together */
static size_t unframe(const char *from, size_t len, char *to)
{
	const uint8_t *at = (const uint8_t *)from, *end = at + len;
	size_t n = 0;
	bool fin = false;

	while (at < end) {
		size_t bytes = at[1] & 127, head = 2;

		CHECK(!fin);
		fin = at[0] & 128;
		CHECK_EQ(at[0] & 127, n ? 0 : at[0] & 127);
		if (bytes == 126) {
			bytes = (size_t)at[2] << 8 | at[3];
			head = 4;
		}
		if (at[1] & 128) {
			for (size_t i = 0; i < bytes; i++)
				to[n++] = (char)(at[head + 4 + i] ^
						 at[head + (i & 3)]);
			head += 4;
		} else {
			memcpy(to + n, at + head, bytes);
			n += bytes;
		}
		at += head + bytes;
	}
	CHECK(at == end && fin);
	to[n] = 0;
	return n;
}

static void messages_of_a_websocket_are_changed(void **state)
{
	static const char up[] = "\x01\x83\x01\x02\x03\x04\x79\x77\x73"
				 "\x89\x80\x01\x02\x03\x04"
				 "\x00\x80\x05\x06\x07\x08"
				 "\x80\x84\x05\x06\x07\x08\x70\x76\x26\x7d";
	char got[200];

	(void)state;
	for (unsigned step = 0; step < 4; step++) {
		start(SAME, SAME);
		s.frames = true;
		talk_say(&t, GUEST,
			 "GET /w HTTP/1.1\r\nHost: a.b\r\nConnection: Upgrade"
			 "\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13"
			 "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
			 "\r\n\r\n");
		talk_say(&t, HOST,
			 "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: "
			 "websocket\r\nSec-WebSocket-Accept: x\r\n\r\n");
		talk_forget(&t);
		t.step = step;
		talk_say_bytes(&t, HOST, "\x81\x06-up-up\x82\x00", 10);
		/* the last one is empty and whole */
		CHECK(memcmp(t.got[GUEST] + t.len[GUEST] - 2, "\x82\x00", 2) ==
		      0);
		unframe(t.got[GUEST], t.len[GUEST] - 2, got);
		assert_string_equal(got, "-" NEW "-" NEW);
		/* "xup" "" "up!u" in fragments, with a ping between them */
		talk_say_bytes(&t, GUEST, up, sizeof(up) - 1);
		if (step == 0) {
			char *ping = memmem(t.got[HOST], t.len[HOST],
					    "\x89\x80\1\2\3\4", 6);

			CHECK(ping);
			memmove(ping, ping + 6,
				t.len[HOST] - 6 - (size_t)(ping - t.got[HOST]));
			unframe(t.got[HOST], t.len[HOST] - 6, got);
			assert_string_equal(got, "x" NEW NEW "!u");
		}
		talk_say_bytes(&t, HOST, "\x81\x04leak", 6);
		CHECK_ENDS(&t, RESET, RESET);
		talk_end(&t);
	}
}

T_MAIN(T(targets_and_fields_are_changed),
       T(what_must_not_go_on_is_403_and_the_next_one_served),
       T(a_streamed_body_goes_on_in_chunks),
       T(a_body_that_is_only_searched_keeps_its_framing),
       T(a_leak_in_a_body_that_went_on_is_a_break),
       T(a_held_body_has_its_length), T(too_much_to_hold_goes_on_in_chunks),
       T(a_leak_in_a_held_body_is_403_and_nothing_went_on),
       T(whoever_waits_for_100_while_his_body_is_held_is_told),
       T(a_long_streamed_body_is_changed_all_over),
       T(messages_of_a_websocket_are_changed))
