/* SPDX-License-Identifier: Apache-2.0 */
/* test_http2.c - requests and answers over HTTP/2; what is refused */
#include "h2world.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define ASK(method, host, path)                                                \
	":method: " method "|:scheme: https|:authority: " host "|:path: " path \
	"|"
#define GET  ASK("GET", "a.b", "/")
#define POST ASK("POST", "a.b", "/")
#define OK   ":status: 200|"

static struct h2world w;
static char large[300000];

static void heard(const char *got, const char *want)
{
	assert_string_equal(got, want);
}

static void said(const struct h2_stream *s, const void *bytes, size_t n)
{
	CHECK_EQ(s->len, n);
	CHECK(n == 0 || memcmp(s->body, bytes, n) == 0);
}

static bool has(const struct h2_stream *s, const char *text)
{
	return s->len && memmem(s->body, s->len, text, strlen(text));
}

static void fill(void)
{
	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (char)(i * 31 + i / 253);
}

/* the connection serves whatever came before */
static void check_usable(void)
{
	unsigned n = w.end[HOST].n;
	struct h2_stream *q = h2_get(&w, "/usable"), *a;

	h2_run(&w);
	a = h2_asked(&w, n);
	CHECK(strstr(a->fields, ":path: /usable|"));
	h2_answer(&w, a, OK, true);
	h2_run(&w);
	heard(q->fields, OK);
	CHECK(q->whole && q->closed && q->code == 0);
	CHECK_EQ(h2_state(&w)->n_streams, 0);
	CHECK_ENDS(&w, OPEN, OPEN);
}

static void a_request_and_its_answer_arrive(void **state)
{
	(void)state;
	for (size_t step = 0; step < 40; step += 1 + step) {
		struct h2_stream *q, *a;

		h2_begin(&w);
		w.step = step;
		q = h2_ask(&w, GET "accept: */*|x: |", true);
		h2_run(&w);
		a = h2_asked(&w, 0);
		heard(a->fields, GET "accept: */*|x: |");
		CHECK(a->whole && a->len == 0);
		h2_answer(&w, a, OK "set-cookie: a|set-cookie: b|", false);
		h2_say(&w, HOST, a, "hello", 5);
		h2_last(&w, HOST, a, NULL);
		h2_run(&w);
		heard(q->fields, OK "set-cookie: a|set-cookie: b|");
		said(q, "hello", 5);
		CHECK(q->whole && q->closed && q->code == 0);
		CHECK(a->closed && a->code == 0);
		CHECK_EQ(w.told, 0);
		check_usable();
		h2_fini(&w);
	}
}

static void bodies_and_trailers_go_both_ways(void **state)
{
	static const size_t sizes[] = { 0, 1, 16384, 65535, 65536, 300000 };

	(void)state;
	fill();
	for (unsigned i = 0; i < LEN(sizes) * 4; i++) {
		size_t n = sizes[i / 4];
		const char *tail = i & 1 ? "x-sum: 1|!secret: 2|" : NULL;
		struct h2_stream *q, *a;

		h2_begin(&w);
		w.step = i & 2 ? 777 : 0;
		q = h2_ask(&w, POST, false);
		h2_say(&w, GUEST, q, large, n);
		h2_last(&w, GUEST, q, tail);
		h2_run(&w);
		a = h2_asked(&w, 0);
		said(a, large, n);
		heard(a->trailer, tail ? tail : "");
		CHECK(a->whole);
		h2_answer(&w, a, OK, false);
		h2_say(&w, HOST, a, large, n);
		h2_run(&w);
		said(q, large, n);
		CHECK(!q->whole);
		h2_last(&w, HOST, a, tail);
		h2_run(&w);
		said(q, large, n);
		heard(q->trailer, tail ? tail : "");
		CHECK(q->whole && q->closed && q->code == 0);
		CHECK_EQ(w.told, 0);
		check_usable();
		h2_fini(&w);
	}
}

static void many_at_once_are_not_mixed_up(void **state)
{
	struct h2_stream *q[50];
	char text[300];

	(void)state;
	h2_begin(&w);
	for (unsigned i = 0; i < LEN(q); i++) {
		snprintf(text, sizeof(text), POST "n: %u|", i);
		q[i] = h2_ask(&w, text, false);
		h2_say(&w, GUEST, q[i], text, strlen(text));
		h2_last(&w, GUEST, q[i], NULL);
	}
	h2_run(&w);
	for (unsigned i = LEN(q); i-- > 0;) {
		struct h2_stream *a = h2_asked(&w, i);

		snprintf(text, sizeof(text), OK "for: %s|",
			 strstr(a->fields, "n: ") + 3);
		text[strlen(text) - 1] = 0;
		said(a, a->fields, strlen(a->fields));
		h2_answer(&w, a, text, true);
	}
	h2_run(&w);
	for (unsigned i = 0; i < LEN(q); i++) {
		snprintf(text, sizeof(text), OK "for: %u|", i);
		heard(q[i]->fields, text);
	}
	check_usable();
	h2_fini(&w);
}

static void interim_answers_are_passed_on(void **state)
{
	struct h2_stream *q, *a;

	(void)state;
	h2_begin(&w);
	q = h2_ask(&w, POST "expect: 100-continue|", false);
	h2_run(&w);
	a = h2_asked(&w, 0);
	heard(a->fields, POST "expect: 100-continue|");
	CHECK(!a->whole);
	h2_interim(&w, a, ":status: 100|");
	h2_run(&w);
	heard(q->interim, ":status: 100|");
	h2_say(&w, GUEST, q, "x", 1);
	h2_last(&w, GUEST, q, NULL);
	h2_interim(&w, a, ":status: 103|link: x|");
	h2_run(&w);
	heard(q->interim, ":status: 100|:status: 103|link: x|");
	said(a, "x", 1);
	h2_answer(&w, a, OK, true);
	h2_run(&w);
	heard(q->fields, OK);
	check_usable();
	h2_fini(&w);
}

static void a_flood_of_interim_answers_is_502(void **state)
{
	struct h2_stream *q, *a;

	(void)state;
	h2_begin(&w);
	q = h2_get(&w, "/");
	h2_run(&w);
	a = h2_asked(&w, 0);
	for (unsigned i = 0; i < WEIR_EXCHANGE_INTERIM_MAX; i++)
		h2_interim(&w, a, ":status: 102|");
	h2_run(&w);
	CHECK_EQ(q->interims, WEIR_EXCHANGE_INTERIM_MAX);
	CHECK(!q->head);
	h2_interim(&w, a, ":status: 102|");
	h2_run(&w);
	CHECK_EQ(q->status, 502);
	CHECK(has(q, "\nreason: bad_answer\n"));
	CHECK(w.told == 1 && w.reason == WEIR_REASON_BAD_ANSWER);
	CHECK(a->closed);
	check_usable();
	h2_fini(&w);
}

static void an_answer_to_head_has_a_length_and_no_body(void **state)
{
	struct h2_stream *q, *a;

	(void)state;
	h2_begin(&w);
	q = h2_ask(&w, ASK("HEAD", "a.b", "/"), true);
	h2_run(&w);
	a = h2_asked(&w, 0);
	h2_answer(&w, a, OK "content-length: 5|", true);
	h2_run(&w);
	heard(q->fields, OK "content-length: 5|");
	CHECK(q->whole && q->len == 0 && q->code == 0);
	check_usable();
	h2_fini(&w);
}

static void what_must_not_be_indexed_is_not_indexed(void **state)
{
	struct h2_stream *q, *a;

	(void)state;
	h2_begin(&w);
	q = h2_ask(&w, POST "x: y|!secret: s|x: z|", false);
	h2_last(&w, GUEST, q, "t: 1|!u: 2|");
	h2_run(&w);
	a = h2_asked(&w, 0);
	heard(a->fields, POST "x: y|!secret: s|x: z|");
	heard(a->trailer, "t: 1|!u: 2|");
	h2_interim(&w, a, ":status: 103|!link: x|");
	h2_answer(&w, a, OK "!set-cookie: s|y: z|", true);
	h2_run(&w);
	heard(q->interim, ":status: 103|!link: x|");
	heard(q->fields, OK "!set-cookie: s|y: z|");
	h2_fini(&w);
}

static void one_authority_is_shown_to_the_host(void **state)
{
	static const char *const asks[] = {
		GET "host: a.b|",
		GET "host: A.b|",
		":method: GET|:scheme: https|:path: /|host: a.b|",
	};

	(void)state;
	h2_begin(&w);
	for (unsigned i = 0; i < LEN(asks); i++) {
		(void)h2_ask(&w, asks[i], true);
		h2_run(&w);
		CHECK(strstr(h2_asked(&w, i)->fields, ":authority: a.b|"));
		CHECK(!strstr(h2_asked(&w, i)->fields, "host: "));
	}
	h2_fini(&w);
}

static void padding_is_dropped(void **state)
{
	size_t before;

	(void)state;
	fill();
	h2_begin(&w);
	w.end[GUEST].pad = w.end[HOST].pad = 200;
	for (unsigned i = 0; i < 2; i++) {
		struct h2_stream *q = h2_ask(&w, POST, false), *a;

		h2_say(&w, GUEST, q, large, sizeof(large));
		h2_last(&w, GUEST, q, NULL);
		h2_run(&w);
		a = h2_asked(&w, i);
		said(a, large, sizeof(large));
		h2_answer(&w, a, OK, false);
		h2_say(&w, HOST, a, "x", 1);
		w.end[GUEST].shut = true;
		h2_run(&w);
		w.end[HOST].still = true;
		(void)w.talk.ops->bytes(w.talk.self, GUEST, &before);
		CHECK(before < 100); /* a head and a byte */
		w.end[GUEST].shut = w.end[HOST].still = false;
		h2_last(&w, HOST, a, NULL);
		h2_run(&w);
		said(q, "x", 1);
	}
	check_usable();
	h2_fini(&w);
}

/* --- refusals --- */

static const struct {
	const char *asks;
	int status;
	const char *says;
	enum weir_reason reason;
} refused[] = {
	{ ASK("GET", "a.b", "/no"), 403, "reason: http_rule\n",
	  WEIR_REASON_HTTP_RULE },
	{ ASK("GET", "a.b", "/no/way?x"), 403, "host: a.b\n",
	  WEIR_REASON_HTTP_RULE },
	{ ASK("GET", "c.d", "/"), 421, "reason: shown_mismatch\n",
	  WEIR_REASON_SHOWN_MISMATCH },
	{ ASK("GET", "a.b:444", "/"), 421, "reason: shown_mismatch\n",
	  WEIR_REASON_SHOWN_MISMATCH },
	{ ASK("GET", "1.2.3.4", "/"), 421, "host: none\n",
	  WEIR_REASON_SHOWN_MISMATCH },
	{ ":method: GET|:scheme: https|:path: /|host: c.d|", 421, "host: c.d\n",
	  WEIR_REASON_SHOWN_MISMATCH },
	{ GET "host: c.d|", 400, "error: malformed", WEIR_REASON_BAD_HEAD },
	{ GET "host: a.b:443|", 400, "error: malformed", WEIR_REASON_BAD_HEAD },
	{ ":method: GET|:scheme: http|:authority: a.b|:path: /|", 400,
	  "error: malformed", WEIR_REASON_BAD_HEAD },
	{ GET "content_length: 5|", 400, "error: malformed",
	  WEIR_REASON_BAD_HEAD },
	{ ASK("GET", "a.b", "/\xc3\xa4"), 400, "error: malformed",
	  WEIR_REASON_BAD_HEAD },
	{ ASK("GET", "u@a.b", "/"), 400, "error: malformed",
	  WEIR_REASON_BAD_HEAD },
	{ ASK("GET", "a.b:x", "/"), 400, "error: malformed",
	  WEIR_REASON_BAD_HEAD },
	{ ASK("get", "a.b", "/"), 400, "error: malformed",
	  WEIR_REASON_BAD_HEAD },
	{ ":method: CONNECT|:authority: a.b:443|", 501, "reason: tunnel\n",
	  WEIR_REASON_TUNNEL },
};

static void what_is_refused_is_answered_and_the_next_one_served(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LEN(refused) * 2; i++) {
		unsigned k = i / 2;
		struct h2_stream *q;

		h2_begin(&w);
		q = h2_ask(&w, refused[k].asks, !(i & 1));
		h2_run(&w);
		if (q->status != refused[k].status)
			fail_msg("%s is %d", refused[k].asks, q->status);
		if (!has(q, refused[k].says))
			fail_msg("%s says %.*s", refused[k].asks, (int)q->len,
				 (const char *)q->body);
		CHECK(q->whole);
		CHECK(strstr(q->fields, "content-type: text/plain"));
		CHECK(strstr(q->fields, "cache-control: no-store|"));
		CHECK_EQ(w.told, 1);
		CHECK_EQ(w.reason, refused[k].reason);
		CHECK_EQ(w.status, refused[k].status);
		CHECK_EQ(w.end[HOST].n, 0);
		if (i & 1) { /* the rest of it is read away */
			CHECK(!q->closed);
			h2_say(&w, GUEST, q, large, 100000);
			h2_last(&w, GUEST, q, "x: y|");
			h2_run(&w);
		}
		CHECK(q->closed && q->code == 0);
		check_usable();
		h2_fini(&w);
	}
}

static void a_refusal_is_told_in_the_form_that_is_liked(void **state)
{
	struct h2_stream *q;

	(void)state;
	h2_begin(&w);
	q = h2_ask(&w, ASK("GET", "a.b", "/no") "accept: application/json|",
		   true);
	h2_run(&w);
	CHECK(strstr(q->fields, "content-type: application/json|"));
	CHECK(has(q, "\"http_rule\""));
	q = h2_ask(&w, ASK("HEAD", "a.b", "/no"), true);
	h2_run(&w);
	CHECK(q->status == 403 && q->whole && q->len == 0);
	CHECK(strstr(q->fields, "content-length: "));
	check_usable();
	h2_fini(&w);
}

/* @n fields with @len bytes of value each */
static void ask_large(unsigned n, size_t len, struct h2_stream **ret)
{
	static char text[40000];
	size_t at = (size_t)snprintf(text, sizeof(text), GET);

	for (unsigned i = 0; i < n; i++) {
		at += (size_t)snprintf(text + at, sizeof(text) - at,
				       "x%u: ", i);
		memset(text + at, 'v', len);
		at += len;
		text[at++] = '|';
		text[at] = 0;
	}
	*ret = h2_ask(&w, text, true);
	h2_run(&w);
}

static void a_head_that_is_too_large_is_431(void **state)
{
	static const struct {
		unsigned n;
		size_t len;
		int status;
	} row[] = { { 128, 1, 0 },     { 129, 1, 431 },   { 250, 0, 431 },
		    { 1, 15270, 0 },   { 1, 15400, 431 }, { 10, 1500, 0 },
		    { 10, 1600, 431 }, { 15, 1500, 431 } };

	(void)state;
	for (unsigned i = 0; i < LEN(row); i++) {
		struct h2_stream *q;

		h2_begin(&w);
		ask_large(row[i].n, row[i].len, &q);
		CHECK_EQ(q->status, row[i].status);
		CHECK_EQ(w.end[HOST].n, row[i].status == 0);
		if (row[i].status) {
			CHECK(q->whole && q->closed && q->code == 0);
			CHECK_EQ(w.reason, WEIR_REASON_BAD_HEAD);
			check_usable();
		}
		h2_fini(&w);
	}
}

static void a_bomb_of_fields_ends_the_connection(void **state)
{
	/* one field of 4,000 bytes into the table, then references to it */
	uint8_t block[4000 + 400] = { 0x82, 0x87, 0x84, 0x40, 1, 'x' };
	struct weir_wr to = weir_wr_over(block + 6, sizeof(block) - 6);

	(void)state;
	h2_begin(&w);
	weir_wr_u8(&to, 0x7f); /* 127 + (3873 - 0) in the form of 5.1 */
	weir_wr_u8(&to, 0x80 | (3873 & 0x7f));
	weir_wr_u8(&to, 3873 >> 7);
	weir_wr_fill(&to, 'v', 4000);
	while (to.left)
		weir_wr_u8(&to, 0xbe);
	w.careless = true;
	h2_frame(&w, GUEST, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, block,
		 sizeof(block));
	h2_frame(&w, GUEST, NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1,
		 block + sizeof(block) - 100, 100);
	h2_run(&w);
	CHECK(w.end[GUEST].goaway);
	CHECK_EQ(w.end[GUEST].goaway_code, NGHTTP2_ENHANCE_YOUR_CALM);
	CHECK_EQ(w.end[HOST].n, 0);
	CHECK_EQ(w.end[GUEST].end, WEIR_TALK_FIN);
	CHECK(w.end[HOST].end != WEIR_TALK_OPEN);
	CHECK_EQ(w.reason, WEIR_REASON_BAD_FRAME);
	h2_fini(&w);
}

static void a_malformed_message_is_reset_and_the_next_one_served(void **state)
{
	static const char *const asks[] = {
		":method: GET|:scheme: https|:path: /|",
		GET "host: a.b|host: a.b|",
		GET "connection: close|",
		GET "transfer-encoding: chunked|",
		GET "te: gzip|",
		GET "content-length: x|",
		GET "x: a\rb|",
		":method: GET|:scheme: https|:authority: a.b|",
		GET ":path: /|",
		GET "x y: z|",
		ASK("GET", "a.b", "/a b"),
	};

	(void)state;
	for (unsigned i = 0; i < LEN(asks); i++) {
		struct h2_stream *q;

		h2_begin(&w);
		q = h2_ask(&w, asks[i], true);
		h2_run(&w);
		if (!q->closed ||
		    (q->code != NGHTTP2_PROTOCOL_ERROR && q->status != 400))
			fail_msg("%s is %u", asks[i], q->code);
		CHECK_EQ(w.told, 1);
		CHECK_EQ(w.reason, WEIR_REASON_BAD_HEAD);
		CHECK_EQ(w.end[HOST].n, 0);
		check_usable();
		h2_fini(&w);
	}
}

static void a_body_that_is_not_as_long_as_it_says_is_reset(void **state)
{
	(void)state;
	for (size_t n = 4; n <= 6; n += 2) {
		struct h2_stream *q;

		h2_begin(&w);
		q = h2_ask(&w, POST "content-length: 5|", false);
		h2_say(&w, GUEST, q, "hello!", n);
		h2_last(&w, GUEST, q, NULL);
		h2_run(&w);
		CHECK(q->closed && q->code == NGHTTP2_PROTOCOL_ERROR);
		CHECK(!h2_asked(&w, 0)->whole);
		CHECK(h2_asked(&w, 0)->closed);
		CHECK(h2_asked(&w, 0)->code != 0);
		check_usable();
		h2_fini(&w);
	}
}

static void trailers_that_frame_or_name_a_host_are_reset(void **state)
{
	static const char *const tails[] = { "host: a.b|", "content-length: 5|",
					     "content_length: 5|" };

	(void)state;
	for (unsigned i = 0; i < LEN(tails); i++) {
		struct h2_stream *q, *a;

		h2_begin(&w);
		q = h2_ask(&w, POST, false);
		h2_run(&w);
		h2_last(&w, GUEST, q, tails[i]);
		h2_run(&w);
		a = h2_asked(&w, 0);
		CHECK(q->closed && q->code == NGHTTP2_PROTOCOL_ERROR);
		CHECK(a->closed && a->code != 0 && !a->whole);
		CHECK_EQ(w.told, 1);
		check_usable();
		h2_fini(&w);
	}
}

static void what_is_no_answer_is_502(void **state)
{
	static const char *const says[] = {
		":status: 200|connection: close|",
		":status: 2000|",
		":status: 101|",
		"x: y|",
		":status: 200|:path: /|",
		":status: 200|content-length: x|",
		":status: 200|transfer-encoding: chunked|",
	};

	(void)state;
	for (unsigned i = 0; i < LEN(says); i++) {
		struct h2_stream *q, *a;

		h2_begin(&w);
		q = h2_get(&w, "/");
		h2_run(&w);
		a = h2_asked(&w, 0);
		h2_answer(&w, a, says[i], true);
		h2_run(&w);
		if (q->status != 502)
			fail_msg("%s is %d", says[i], q->status);
		CHECK(has(q, "reason: bad_answer\n"));
		CHECK(w.told == 1 && w.reason == WEIR_REASON_BAD_ANSWER);
		CHECK(q->closed && q->code == 0);
		check_usable();
		h2_fini(&w);
	}
}

static void an_answer_that_turns_bad_is_reset(void **state)
{
	(void)state;
	for (size_t n = 4; n <= 6; n += 2) {
		struct h2_stream *q, *a;

		h2_begin(&w);
		q = h2_get(&w, "/");
		h2_run(&w);
		a = h2_asked(&w, 0);
		h2_answer(&w, a, OK "content-length: 5|", false);
		h2_run(&w);
		h2_say(&w, HOST, a, "hello!", n);
		h2_last(&w, HOST, a, NULL);
		h2_run(&w);
		CHECK(q->head && !q->whole && q->closed && q->code != 0);
		check_usable();
		h2_fini(&w);
	}
}

/* whoever sees it is told why, as for HTTP/1 */
static void a_body_that_does_not_fit_its_length_is_told(void **state)
{
	struct h2_stream *q, *a;

	(void)state;
	for (unsigned answers = 0; answers < 2; answers++) {
		h2_begin(&w);
		q = answers ? h2_get(&w, "/")
			    : h2_ask(&w, POST "content-length: 5|", false);
		h2_run(&w);
		a = h2_asked(&w, 0);
		if (answers)
			h2_answer(&w, a, OK "content-length: 5|", false);
		h2_say(&w, answers ? HOST : GUEST, answers ? a : q, "hell", 4);
		h2_last(&w, answers ? HOST : GUEST, answers ? a : q, NULL);
		h2_run(&w);
		CHECK(q->closed && q->code != 0 && a->closed);
		CHECK_EQ(w.told, 1);
		CHECK_EQ(w.reason, answers ? WEIR_REASON_BAD_ANSWER
					   : WEIR_REASON_BAD_HEAD);
		h2_fini(&w);
	}
}

static void a_push_is_refused(void **state)
{
	struct h2_stream *q;
	static const uint8_t push[] = { 0, 0, 0, 2, 0x82, 0x87, 0x84 };

	(void)state;
	h2_begin(&w);
	CHECK_EQ(nghttp2_session_get_remote_settings(
			 w.end[HOST].session, NGHTTP2_SETTINGS_ENABLE_PUSH),
		 0);
	/* one all the same breaks the rules: 6.6 */
	q = h2_get(&w, "/");
	h2_run(&w);
	w.careless = true;
	h2_frame(&w, HOST, NGHTTP2_PUSH_PROMISE, NGHTTP2_FLAG_END_HEADERS,
		 h2_asked(&w, 0)->id, push, sizeof(push));
	h2_run(&w);
	CHECK_EQ(q->status, 502);
	CHECK_EQ(w.end[GUEST].n, 1);
	CHECK_ENDS(&w, FIN, FIN);
	CHECK(w.end[GUEST].goaway);
	h2_fini(&w);
}

static void a_name_is_not_asked_for_where_there_is_none(void **state)
{
	struct h2_stream *q;

	(void)state;
	h2_init(&w);
	w.x.has_name = false;
	h2_open(&w);
	q = h2_ask(&w, ASK("GET", "1.2.3.4", "/no"), true);
	h2_run(&w);
	heard(h2_asked(&w, 0)->fields, ASK("GET", "1.2.3.4", "/no"));
	h2_answer(&w, h2_asked(&w, 0), OK, true);
	h2_run(&w);
	heard(q->fields, OK);
	h2_fini(&w);
}

T_MAIN(T(a_request_and_its_answer_arrive), T(bodies_and_trailers_go_both_ways),
       T(many_at_once_are_not_mixed_up), T(interim_answers_are_passed_on),
       T(a_flood_of_interim_answers_is_502),
       T(an_answer_to_head_has_a_length_and_no_body),
       T(what_must_not_be_indexed_is_not_indexed),
       T(one_authority_is_shown_to_the_host), T(padding_is_dropped),
       T(what_is_refused_is_answered_and_the_next_one_served),
       T(a_refusal_is_told_in_the_form_that_is_liked),
       T(a_head_that_is_too_large_is_431),
       T(a_bomb_of_fields_ends_the_connection),
       T(a_malformed_message_is_reset_and_the_next_one_served),
       T(a_body_that_is_not_as_long_as_it_says_is_reset),
       T(trailers_that_frame_or_name_a_host_are_reset),
       T(what_is_no_answer_is_502), T(an_answer_that_turns_bad_is_reset),
       T(a_body_that_does_not_fit_its_length_is_told), T(a_push_is_refused),
       T(a_name_is_not_asked_for_where_there_is_none))
