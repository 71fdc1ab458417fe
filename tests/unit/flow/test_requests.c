/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/requests.h"

#include "base/limits.h"

#include "../t.h"

#include "dice.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define HEADS  32u

/* a client's stream, and where its heads are */
struct stream {
	uint8_t b[60000];
	size_t len, head[HEADS], n_heads;
};

/* what was seen of it */
struct seen {
	size_t gone, head[HEADS], n_heads;
	enum weir_requests_is end; /* what it said when it stopped */
};

static struct stream sent;

/* take part in it as the engine does, from @seen on, with @here bytes arrived */
static void follow(struct weir_requests *r, const uint8_t *b, size_t here,
		   size_t *owed, struct seen *seen)
{
	struct weir_head head;
	uint64_t pass;

	for (;;) {
		size_t held, n = here - seen->gone < *owed ? here - seen->gone
							   : *owed;

		seen->gone += n;
		*owed -= n;
		held = here - seen->gone;
		seen->end = WEIR_REQUESTS_MORE;
		if (*owed)
			return;
		seen->end = weir_requests_look(r, b + seen->gone, held, false,
					       &pass, &head);
		if (seen->end == WEIR_REQUESTS_PASS) {
			CHECK(pass > 0);
			*owed = (size_t)pass;
			continue;
		}
		if (seen->end != WEIR_REQUESTS_HEAD)
			return;
		CHECK(seen->n_heads < HEADS);
		seen->head[seen->n_heads++] = seen->gone;
		CHECK(head.len <= held);
		weir_requests_allow(r, &head);
		seen->gone += head.len;
	}
}

/* @step: 0 in random pieces, else so many bytes at a time */
static struct seen follow_all(const uint8_t *b, size_t len, size_t step,
			      struct dice *dice)
{
	struct seen seen = { .gone = 0 };
	struct weir_requests r;
	size_t owed = 0, here = 0;

	weir_requests_init(&r);
	follow(&r, b, 0, &owed, &seen);
	while (here < len && seen.end != WEIR_REQUESTS_BAD) {
		size_t n = step ? step : 1 + dice_below(dice, 400);

		here = len - here < n ? len : here + n;
		follow(&r, b, here, &owed, &seen);
	}
	return seen;
}

static enum weir_requests_is ends(const char *text, size_t step)
{
	return follow_all((const uint8_t *)text, strlen(text), step, NULL).end;
}

/* a generator of streams */

static void put(struct stream *s, const char *text)
{
	size_t n = strlen(text);

	CHECK(s->len + n <= sizeof(s->b));
	memcpy(s->b + s->len, text, n);
	s->len += n;
}

/* bytes of a body: often such as would be a head or a chunk */
static void put_noise(struct stream *s, size_t n, struct dice *dice)
{
	static const char lures[] =
		"\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n";
	size_t at = dice_below(dice, sizeof(lures));

	CHECK(s->len + n <= sizeof(s->b));
	for (size_t i = 0; i < n; i++) {
		s->b[s->len++] = (uint8_t)lures[at % (sizeof(lures) - 1)];
		at += dice_below(dice, 9) ? 1 : 5;
	}
}

static void put_chunks(struct stream *s, struct dice *dice)
{
	char line[40];

	for (unsigned i = dice_below(dice, 6); i; i--) {
		size_t n = 1 + dice_below(dice, i % 2 ? 20 : 900);

		if (dice_one_in(dice, 2))
			snprintf(line, sizeof(line), "%0*zx\r\n",
				 (int)dice_below(dice, 16), n);
		else
			snprintf(line, sizeof(line), "%zX\r\n", n);
		put(s, line);
		put_noise(s, n, dice);
		put(s, "\r\n");
	}
	put(s, dice_below(dice, 2) ? "0\r\n" : "0000\r\n");
	if (dice_below(dice, 3) == 0)
		put(s, "X-Sum: abc\r\nY:\r\n");
	put(s, "\r\n");
}

static void put_request(struct stream *s, struct dice *dice)
{
	unsigned kind = dice_below(dice, 3);
	size_t n = dice_below(dice, 3000);
	char head[200];

	s->head[s->n_heads++] = s->len;
	snprintf(head, sizeof(head), "%s /%u HTTP/1.1\r\nHost: h%u.example\r\n",
		 kind ? "POST" : "GET", dice_below(dice, 1000),
		 dice_below(dice, 9));
	put(s, head);
	if (kind == 1) {
		snprintf(head, sizeof(head), "Content-Length: %zu\r\n", n);
		put(s, head);
	}
	if (kind == 2)
		put(s, "Transfer-Encoding: chunked\r\n");
	if (s->n_heads > 1 && dice_below(dice, 5) == 0)
		put(s, "Upgrade: websocket\r\n");
	put(s, "\r\n");
	if (kind == 1)
		put_noise(s, n, dice);
	if (kind == 2)
		put_chunks(s, dice);
}

static void every_head_is_seen_once_and_every_byte_goes_on_once(void **state)
{
	struct dice dice = { 1 };

	(void)state;
	for (unsigned round = 0; round < 400; round++) {
		unsigned n = 1 + dice_below(&dice, 9);

		sent.len = 0;
		sent.n_heads = 0;
		while (n--)
			put_request(&sent, &dice);
		for (size_t step = 0; step < 4; step++) {
			struct seen seen =
				follow_all(sent.b, sent.len, step, &dice);

			CHECK_EQ(seen.end, WEIR_REQUESTS_MORE);
			CHECK_EQ(seen.gone, sent.len);
			CHECK_EQ(seen.n_heads, sent.n_heads);
			for (size_t i = 0; i < sent.n_heads; i++)
				CHECK_EQ(seen.head[i], sent.head[i]);
		}
	}
}

static void a_changed_byte_is_seen_the_same_however_it_is_cut(void **state)
{
	struct dice dice = { 2 };
	unsigned bad = 0, good = 0;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		struct seen once, cut;

		sent.len = 0;
		sent.n_heads = 0;
		for (unsigned n = 1 + dice_below(&dice, 3); n; n--)
			put_request(&sent, &dice);
		sent.b[dice_below(&dice, (uint32_t)sent.len)] =
			(uint8_t)dice_below(&dice, 256);
		once = follow_all(sent.b, sent.len, sent.len, NULL);
		cut = follow_all(sent.b, sent.len, 0, &dice);
		CHECK_EQ(cut.end, once.end);
		CHECK_EQ(cut.n_heads, once.n_heads);
		for (size_t i = 0; i < once.n_heads; i++)
			CHECK_EQ(cut.head[i], once.head[i]);
		bad += once.end == WEIR_REQUESTS_BAD;
		good += once.end == WEIR_REQUESTS_MORE;
	}
	CHECK(bad > 100 && good > 100);
}

/* a request with chunks, whose body is @c, and one after it */
#define CHUNKS(c)                                                              \
	"POST / HTTP/1.1\r\nHost: a.b\r\nTransfer-Encoding: chunked\r\n\r\n" c \
	"GET /2 HTTP/1.1\r\nHost: c.d\r\n\r\n"

static void smuggled_requests_are_bad(void **state)
{
	static const char *const bad[] = {
		/* sizes */
		CHUNKS("\r\n\r\n"),
		CHUNKS("x\r\n\r\n"),
		CHUNKS("0x1\r\na\r\n0\r\n\r\n"),
		CHUNKS("+1\r\na\r\n0\r\n\r\n"),
		CHUNKS("-1\r\na\r\n0\r\n\r\n"),
		CHUNKS(" 1\r\na\r\n0\r\n\r\n"),
		CHUNKS("1 \r\na\r\n0\r\n\r\n"),
		CHUNKS("1\t\r\na\r\n0\r\n\r\n"),
		CHUNKS("1_0\r\naaaaaaaaaaaaaaaa\r\n0\r\n\r\n"),
		CHUNKS("1,1\r\na\r\n0\r\n\r\n"),
		CHUNKS("0000000000000001\r\na\r\n0\r\n\r\n"),
		CHUNKS("10000000000000001\r\na\r\n0\r\n\r\n"),
		CHUNKS("ffffffffffffffff\r\na\r\n0\r\n\r\n"),
		/* ends of lines */
		CHUNKS("1\na\r\n0\r\n\r\n"),
		CHUNKS("1\ra\r\n0\r\n\r\n"),
		CHUNKS("1\r\r\na\r\n0\r\n\r\n"),
		CHUNKS("1\r\na\n0\r\n\r\n"),
		CHUNKS("1\r\na0\r\n\r\n"),
		CHUNKS("1\r\nab\r\n0\r\n\r\n"),
		CHUNKS("2\r\na\r\n0\r\n\r\n"),
		CHUNKS("1\r\na\rX0\r\n\r\n"),
		CHUNKS("1\r\na\r\n\r\n0\r\n\r\n"),
		CHUNKS("0\n\r\n"),
		CHUNKS("0\r\n\n"),
		CHUNKS("0\r\n"), /* the next request is no trailer */
		/* extensions */
		CHUNKS("1;\r\na\r\n0\r\n\r\n"),
		CHUNKS("1;a=b\r\na\r\n0\r\n\r\n"),
		CHUNKS("1 ;a\r\na\r\n0\r\n\r\n"),
		CHUNKS("1;a\nxx\r\n0\r\n\r\n"),
		CHUNKS("1;a\rxx\r\n0\r\n\r\n"),
		CHUNKS("1;a=\"\r\n0\r\n\r\n\"\r\na\r\n0\r\n\r\n"),
		CHUNKS("0;a\r\n\r\n"),
		/* trailers */
		CHUNKS("0\r\nHost: c.d\r\n\r\n"),
		CHUNKS("0\r\nContent-Length: 5\r\n\r\n"),
		CHUNKS("0\r\nTransfer-Encoding: chunked\r\n\r\n"),
		CHUNKS("0\r\n X: y\r\n\r\n"),
		CHUNKS("0\r\nX: y\n\r\n"),
		CHUNKS("0\r\nX : y\r\n\r\n"),
		/* what stands between requests */
		CHUNKS("0\r\n\r\n\r\n"),
		CHUNKS("0\r\n\r\n\n"),
		CHUNKS("0\r\n\r\nX"
		       "\x16"),
		CHUNKS("0\r\n\r\n\x16\x03\x01"),
		CHUNKS("0\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
		CHUNKS("0\r\n\r\nget /1 HTTP/1.1\r\nHost: a.b\r\n\r\n"),
		CHUNKS("0\r\n\r\nCONNECT a.b:1 HTTP/1.1\r\nHost: a.b\r\n\r\n"),
		CHUNKS("0\r\n\r\nGET /1\r\n"),
		/* framings that contradict each other */
		"POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: 6\r\n"
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
		"POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: 1\r\n"
		"Content-Length: 2\r\n\r\naG",
		"POST / HTTP/1.1\r\nHost: a.b\r\n"
		"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a.b\r\n"
		"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a.b\r\n"
		"Transfer-Encoding:\x0b"
		"chunked\r\n\r\n0\r\n\r\n",
		"POST / HTTP/1.0\r\nHost: a.b\r\n"
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"\x16\x03\x01",
	};

	(void)state;
	for (size_t i = 0; i < LEN(bad); i++) {
		for (size_t step = 1; step < 40; step += 3) {
			enum weir_requests_is end = ends(bad[i], step);

			if (end != WEIR_REQUESTS_BAD)
				fail_msg("%d: %s", (int)end, bad[i]);
		}
	}
}

static void good_chunks_are_followed(void **state)
{
	static const char *const good[] = {
		CHUNKS("0\r\n\r\n"),
		CHUNKS("1\r\na\r\n0\r\n\r\n"),
		CHUNKS("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"),
		CHUNKS("000000000000001\r\na\r\n000000000000000\r\n\r\n"),
		CHUNKS("0\r\nX: y\r\nZ:\r\n\r\n"),
	};

	(void)state;
	for (size_t i = 0; i < LEN(good); i++) {
		for (size_t step = 1; step < 40; step++) {
			struct seen seen =
				follow_all((const uint8_t *)good[i],
					   strlen(good[i]), step, NULL);

			CHECK_EQ(seen.end, WEIR_REQUESTS_MORE);
			CHECK_EQ(seen.n_heads, 2);
			CHECK_EQ(seen.gone, strlen(good[i]));
		}
	}
}

/* one request, allowed; what comes next with @rest held */

static struct weir_requests after(const char *text)
{
	struct weir_requests r;
	struct weir_head head;
	uint64_t pass = 0;

	weir_requests_init(&r);
	CHECK_EQ(weir_requests_look(&r, (const uint8_t *)text, strlen(text),
				    false, &pass, &head),
		 WEIR_REQUESTS_HEAD);
	weir_requests_allow(&r, &head);
	return r;
}

static enum weir_requests_is next(struct weir_requests *r, const char *text,
				  bool last)
{
	struct weir_head head;
	uint64_t pass;

	return weir_requests_look(r, (const uint8_t *)text, strlen(text), last,
				  &pass, &head);
}

static void a_body_of_known_length_passes_in_one(void **state)
{
	struct weir_requests r = after("PUT / HTTP/1.1\r\nHost: a.b\r\n"
				       "Content-Length: 9223372036854775807\r\n"
				       "\r\n");
	struct weir_head head;
	uint64_t pass = 0;

	(void)state;
	CHECK_EQ(weir_requests_look(&r, NULL, 0, false, &pass, &head),
		 WEIR_REQUESTS_PASS);
	CHECK(pass == INT64_MAX);
	CHECK_EQ(next(&r, "GET", false), WEIR_REQUESTS_MORE);
}

static void a_head_is_the_same_until_it_is_allowed(void **state)
{
	struct weir_requests r;

	(void)state;
	weir_requests_init(&r);
	CHECK_EQ(next(&r, "GET / HTTP/1.1\r\n\r\n", false), WEIR_REQUESTS_HEAD);
	CHECK_EQ(next(&r, "GET / HTTP/1.1\r\n\r\n", true), WEIR_REQUESTS_HEAD);
}

static void half_a_head_or_trailer_is_bad_when_no_more_comes(void **state)
{
	struct weir_requests r;

	(void)state;
	weir_requests_init(&r);
	CHECK_EQ(next(&r, "GET", false), WEIR_REQUESTS_MORE);
	CHECK_EQ(next(&r, "", true), WEIR_REQUESTS_MORE);
	CHECK_EQ(next(&r, "GET", true), WEIR_REQUESTS_BAD);
	CHECK_EQ(next(&r, "GET / HTTP/1.1\r\n\r\n", false), WEIR_REQUESTS_BAD);
	r = after("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
	CHECK_EQ(next(&r, "", true), WEIR_REQUESTS_MORE);
	CHECK_EQ(next(&r, "5\r\nab", true), WEIR_REQUESTS_PASS);
	CHECK_EQ(next(&r, "", true), WEIR_REQUESTS_MORE);
	CHECK_EQ(next(&r, "cde\r\n0\r\n", true), WEIR_REQUESTS_PASS);
	CHECK_EQ(next(&r, "", true), WEIR_REQUESTS_MORE);
	CHECK_EQ(next(&r, "X", false), WEIR_REQUESTS_MORE);
	CHECK_EQ(next(&r, "X", true), WEIR_REQUESTS_BAD);
}

static void a_trailer_that_never_ends_is_bad(void **state)
{
	struct weir_requests r =
		after("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
	struct weir_head head;
	uint64_t pass;

	(void)state;
	CHECK_EQ(next(&r, "0\r\n", false), WEIR_REQUESTS_PASS);
	memset(sent.b, 'a', sizeof(sent.b));
	CHECK_EQ(weir_requests_look(&r, sent.b, WEIR_FIRST_BYTES - 1, false,
				    &pass, &head),
		 WEIR_REQUESTS_MORE);
	CHECK_EQ(weir_requests_look(&r, sent.b, WEIR_FIRST_BYTES, false, &pass,
				    &head),
		 WEIR_REQUESTS_BAD);
}

/* Upgrade */

#define WS                                                                     \
	"GET / HTTP/1.1\r\nHost: a.b\r\nConnection: Upgrade\r\n"               \
	"Upgrade: websocket\r\n\r\n"
#define TUNNEL "CONNECT a.b:443 HTTP/1.1\r\nHost: a.b:443\r\n\r\n"

static void an_answer_frees_what_follows_or_does_not(void **state)
{
	static const struct {
		const char *request, *answer;
		enum weir_requests_is then;
	} rows[] = {
		{ WS, "HTTP/1.1 101", WEIR_REQUESTS_FREE },
		{ WS, "HTTP/1.1 101 Switching Protocols\r\n\r\n",
		  WEIR_REQUESTS_FREE },
		{ WS, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 x\r\n\r\n",
		  WEIR_REQUESTS_FREE },
		{ WS,
		  "HTTP/1.1 103 x\r\nLink: </a>\r\n\r\nHTTP/1.1 102\r\n\r\n"
		  "HTTP/1.0 101 x\n\n",
		  WEIR_REQUESTS_FREE },
		{ WS, "HTTP/1.1 100 x\n\nHTTP/1.1 101", WEIR_REQUESTS_FREE },
		{ WS, "HTTP/1.1 200", WEIR_REQUESTS_MORE },
		{ WS, "HTTP/1.1 400 HTTP/1.1 101\r\n\r\nHTTP/1.1 101\r\n\r\n",
		  WEIR_REQUESTS_MORE },
		{ WS, "HTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 x\r\n\r\n",
		  WEIR_REQUESTS_MORE },
		{ WS, "HTTP/1.1 103 x\r\n\r\n220 x\r\n\r\n",
		  WEIR_REQUESTS_MORE },
		{ WS, "HTTP/1.1  101", WEIR_REQUESTS_MORE },
		{ WS, "HTTP/1.1 1x1", WEIR_REQUESTS_MORE },
		{ WS, "HTTP/2 101", WEIR_REQUESTS_MORE },
		{ WS, "HTTP/1.1x101", WEIR_REQUESTS_MORE },
		{ WS, "HTTP/1.1 0:1", WEIR_REQUESTS_MORE },
		{ WS, "HTTP/1.1 2/1", WEIR_REQUESTS_MORE },
		{ WS, "x", WEIR_REQUESTS_MORE },
		{ TUNNEL, "HTTP/1.1 200", WEIR_REQUESTS_FREE },
		{ TUNNEL, "HTTP/1.0 299 x\r\n\r\n", WEIR_REQUESTS_FREE },
		{ TUNNEL, "HTTP/1.1 101", WEIR_REQUESTS_MORE },
		{ TUNNEL, "HTTP/1.1 407 x", WEIR_REQUESTS_MORE },
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		struct weir_requests r = after(rows[i].request);
		const uint8_t *b = (const uint8_t *)rows[i].answer;
		size_t n = strlen(rows[i].answer), told = 0;

		for (size_t k = 0; k < n; k++) {
			CHECK_EQ(next(&r, "GET", false),
				 told ? rows[i].then : WEIR_REQUESTS_WAIT);
			if (weir_requests_answer(&r, b + k, 1))
				told = 1;
		}
		CHECK(told);
		if (next(&r, "", false) != rows[i].then)
			fail_msg("%s", rows[i].answer);
		/* it is asked only once */
		CHECK(weir_requests_answer(&r, b, n));
		CHECK_EQ(next(&r, "", false), rows[i].then);
	}
}

static void a_request_after_an_upgrade_that_failed_is_looked_at(void **state)
{
	struct weir_requests r = after(WS);

	(void)state;
	CHECK(weir_requests_answer(&r, (const uint8_t *)"HTTP/1.1 400", 12));
	CHECK_EQ(next(&r, "GET / HTTP/1.1\r\nHost: c.d\r\n\r\n", false),
		 WEIR_REQUESTS_HEAD);
	CHECK_EQ(next(&r, "\x81\x80", false), WEIR_REQUESTS_BAD);
}

static void interim_answers_that_never_end_free_nothing(void **state)
{
	struct weir_requests r = after(WS);

	(void)state;
	memset(sent.b, 'a', sizeof(sent.b));
	memcpy(sent.b, "HTTP/1.1 100 ", 13);
	CHECK(!weir_requests_answer(&r, sent.b, WEIR_FIRST_BYTES - 1));
	CHECK_EQ(next(&r, "GET", false), WEIR_REQUESTS_WAIT);
	CHECK(weir_requests_answer(&r, sent.b, 1));
	CHECK_EQ(next(&r, "GET", false), WEIR_REQUESTS_MORE);
}

static void only_the_first_request_without_a_body_can_switch(void **state)
{
	static const char *const others[] = {
		"GET / HTTP/1.1\r\nHost: a.b\r\nUpgrade: h2c\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a.b\r\nUpgrade: TLS/1.2\r\n\r\n",
		"GET / HTTP/1.1\r\nUpgrade: websocket, h2c\r\n\r\n",
	};
	struct weir_requests r;
	struct weir_head head;
	uint64_t pass = 0;

	(void)state;
	for (size_t i = 0; i < LEN(others); i++) {
		r = after(others[i]);
		CHECK_EQ(next(&r, "GET", false), WEIR_REQUESTS_MORE);
		CHECK_EQ(next(&r, "\x16", false), WEIR_REQUESTS_BAD);
		r = after(others[i]);
		CHECK_EQ(next(&r, "PRI * HTTP/2.0\r\n\r\n", false),
			 WEIR_REQUESTS_BAD);
	}
	/* a body first */
	r = after("GET / HTTP/1.1\r\nUpgrade: websocket\r\n"
		  "Content-Length: 2\r\n\r\n");
	CHECK_EQ(next(&r, "ab", false), WEIR_REQUESTS_PASS);
	CHECK_EQ(next(&r, "\x81\x80", false), WEIR_REQUESTS_BAD);
	/* a later request */
	r = after("GET / HTTP/1.1\r\nHost: a.b\r\n\r\n");
	CHECK_EQ(weir_requests_look(&r, (const uint8_t *)WS, sizeof(WS) - 1,
				    false, &pass, &head),
		 WEIR_REQUESTS_HEAD);
	weir_requests_allow(&r, &head);
	CHECK_EQ(next(&r, "GET", false), WEIR_REQUESTS_MORE);
	r = after("GET / HTTP/1.1\r\nHost: a.b\r\n\r\n");
	CHECK_EQ(next(&r, TUNNEL, false), WEIR_REQUESTS_BAD);
	/* a length of 0 is no body */
	r = after("GET / HTTP/1.1\r\nUpgrade: websocket\r\n"
		  "Content-Length: 0\r\n\r\n");
	CHECK_EQ(next(&r, "", false), WEIR_REQUESTS_WAIT);
}

T_MAIN(T(every_head_is_seen_once_and_every_byte_goes_on_once),
       T(a_changed_byte_is_seen_the_same_however_it_is_cut),
       T(smuggled_requests_are_bad), T(good_chunks_are_followed),
       T(a_body_of_known_length_passes_in_one),
       T(a_head_is_the_same_until_it_is_allowed),
       T(half_a_head_or_trailer_is_bad_when_no_more_comes),
       T(a_trailer_that_never_ends_is_bad),
       T(an_answer_frees_what_follows_or_does_not),
       T(a_request_after_an_upgrade_that_failed_is_looked_at),
       T(interim_answers_that_never_end_free_nothing),
       T(only_the_first_request_without_a_body_can_switch))
