/* SPDX-License-Identifier: Apache-2.0 */
/* test_http2_ends.c - HTTP/2: resets, and who is told what of an end */
#include "h2world.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define OK     ":status: 200|"

static struct h2world w;
static char large[3000000];

static bool has(const struct h2_stream *s, const char *text)
{
	return s->len && memmem(s->body, s->len, text, strlen(text));
}

/* --- resets --- */

static void a_reset_is_passed_on_with_its_code(void **state)
{
	static const uint32_t codes[] = { NGHTTP2_CANCEL,
					  NGHTTP2_INTERNAL_ERROR,
					  NGHTTP2_REFUSED_STREAM,
					  NGHTTP2_HTTP_1_1_REQUIRED, 0x1234 };

	(void)state;
	h2_begin(&w);
	for (unsigned i = 0; i < LEN(codes) * 8; i++) {
		uint32_t code = codes[i / 8];
		bool open = i & 1, half = i & 2;
		enum weir_talk_side by = i & 4 ? HOST : GUEST;
		struct h2_stream *a, *q = h2_reach(&w, open, &a);

		if (half) {
			h2_answer(&w, a, OK, false);
			h2_say(&w, HOST, a, "hel", 3);
			h2_run(&w);
			CHECK(has(q, "hel"));
		}
		h2_reset(&w, by, by == HOST ? a : q, code);
		h2_run(&w);
		CHECK(q->closed && q->code == code && !q->whole);
		CHECK(a->closed && a->code == code);
		CHECK_EQ(q->head, half);
		CHECK_EQ(h2_state(&w)->n_streams, 0);
	}
	CHECK_EQ(w.told, 0);
	CHECK_ENDS(&w, OPEN, OPEN);
	h2_fini(&w);
}

static void what_came_before_a_reset_is_delivered(void **state)
{
	struct h2_stream *a, *q;

	(void)state;
	h2_begin(&w);
	q = h2_reach(&w, false, &a);
	w.end[GUEST].shut = true;
	h2_answer(&w, a, OK, false);
	h2_say(&w, HOST, a, large, 60000);
	h2_run(&w);
	h2_reset(&w, HOST, a, NGHTTP2_CANCEL);
	h2_run(&w);
	w.end[GUEST].shut = false;
	h2_run(&w);
	CHECK_EQ(q->len, 60000);
	CHECK(q->closed && q->code == NGHTTP2_CANCEL && !q->whole);
	h2_fini(&w);
}

/* a frame of its body is packed already, and waits for room */
static void
a_reset_of_an_upload_that_waits_for_the_host_is_passed_on(void **state)
{
	(void)state;
	for (unsigned by = 0; by < 3; by++) {
		struct h2_stream *a, *q;

		h2_begin(&w);
		q = h2_reach(&w, true, &a);
		w.end[HOST].shut = true;
		h2_say(&w, GUEST, q, large, 200000);
		h2_run(&w);
		w.end[HOST].shut = false;
		w.step = 20000;
		CHECK(h2_out(&w, HOST));
		w.step = 0;
		w.end[HOST].shut = true;
		h2_run(&w);
		CHECK(h2_state(&w)->held[HOST] > 0);
		if (by == 0)
			h2_reset(&w, GUEST, q, NGHTTP2_CANCEL);
		else if (by == 1)
			h2_last(&w, GUEST, q, "host: x|");
		else
			h2_answer(&w, a, ":status: 101|", true);
		h2_run(&w);
		w.end[HOST].shut = false;
		h2_run(&w);
		CHECK(q->closed || by == 2);
		CHECK(a->closed && a->code != 0 && !a->whole);
		CHECK_EQ(h2_state(&w)->held[HOST], 0);
		(void)h2_reach(&w, false, &a);
		CHECK_ENDS(&w, OPEN, OPEN);
		h2_fini(&w);
	}
}

static void a_reset_without_error_means_no_more_of_the_request(void **state)
{
	struct h2_stream *a, *q;

	(void)state;
	h2_begin(&w);
	q = h2_reach(&w, true, &a);
	h2_answer(&w, a, ":status: 413|", true);
	h2_run(&w);
	h2_reset(&w, HOST, a, NGHTTP2_NO_ERROR);
	h2_run(&w);
	CHECK(q->whole && q->status == 413);
	/* what it still says goes nowhere, and hurts nobody */
	h2_say(&w, GUEST, q, large, 200000);
	h2_last(&w, GUEST, q, NULL);
	h2_run(&w);
	CHECK(q->closed && q->code == 0 && a->len == 0);
	CHECK_EQ(h2_state(&w)->n_streams, 0);
	CHECK_ENDS(&w, OPEN, OPEN);
	h2_fini(&w);
}

static void an_early_answer_does_not_stop_the_request(void **state)
{
	struct h2_stream *a, *q;

	(void)state;
	h2_begin(&w);
	q = h2_reach(&w, true, &a);
	h2_answer(&w, a, OK, true);
	h2_run(&w);
	CHECK(q->whole && !q->closed);
	h2_say(&w, GUEST, q, large, 300000);
	h2_last(&w, GUEST, q, "x: y|");
	h2_run(&w);
	CHECK(a->whole && a->len == 300000 && a->closed && a->code == 0);
	CHECK(q->closed && q->code == 0);
	h2_fini(&w);
}

/* --- what is read away --- */

static void a_refused_body_is_read_away_to_its_limit(void **state)
{
	static const size_t sizes[] = { WEIR_EXCHANGE_DRAIN_BYTES,
					WEIR_EXCHANGE_DRAIN_BYTES + 1,
					sizeof(large) };

	(void)state;
	for (unsigned i = 0; i < LEN(sizes); i++) {
		bool more = sizes[i] > WEIR_EXCHANGE_DRAIN_BYTES;
		struct h2_stream *a, *q;

		h2_begin(&w);
		q = h2_ask(&w, H2_ASK("POST", "/no"), false);
		h2_run(&w);
		CHECK(q->status == 403 && q->whole && !q->closed);
		h2_say(&w, GUEST, q, large, sizes[i]);
		h2_run(&w);
		CHECK_EQ(q->closed, more);
		CHECK_EQ(q->code, NGHTTP2_NO_ERROR);
		if (!more)
			h2_last(&w, GUEST, q, NULL);
		else
			CHECK(q->said < WEIR_EXCHANGE_DRAIN_BYTES + 140000);
		h2_run(&w);
		CHECK(q->closed && q->code == 0);
		CHECK_EQ(h2_state(&w)->n_streams, 0);
		(void)h2_reach(&w, false, &a);
		CHECK_ENDS(&w, OPEN, OPEN);
		h2_fini(&w);
	}
}

/* the window of the connection is given back too */
static void many_refused_bodies_do_not_stop_the_connection(void **state)
{
	struct h2_stream *a, *q;

	(void)state;
	h2_begin(&w);
	for (unsigned i = 0; i < 20; i++) {
		q = h2_ask(&w, H2_ASK("POST", "/no"), false);
		h2_say(&w, GUEST, q, large, sizeof(large));
		h2_run(&w);
		CHECK(q->status == 403 && q->closed);
	}
	q = h2_reach(&w, true, &a);
	h2_say(&w, GUEST, q, large, sizeof(large));
	h2_last(&w, GUEST, q, NULL);
	h2_run(&w);
	CHECK(a->whole && a->len == sizeof(large));
	h2_fini(&w);
}

/* --- ends of the host --- */

enum how { ENDS, BREAKS, FAILS };

static void host_goes(enum how how)
{
	switch (how) {
	case ENDS:
		h2_ended(&w, HOST);
		break;
	case BREAKS:
		h2_lost(&w, HOST);
		break;
	case FAILS:
		(w.talk.ops->fail)(w.talk.self, WEIR_REASON_CLIENT_CERT,
				   "add it to tls.bypass");
		h2_run(&w);
		break;
	}
	CHECK_EQ(w.end[HOST].end,
		 how == ENDS ? WEIR_TALK_FIN : WEIR_TALK_RESET);
}

static void check_told(enum how how, const struct h2_stream *q)
{
	static const char *const reason[] = { "reason: closed\n",
					      "reason: host_reset\n",
					      "reason: client_cert\n" };
	static const enum weir_reason want[] = { WEIR_REASON_CLOSED,
						 WEIR_REASON_HOST_RESET,
						 WEIR_REASON_CLIENT_CERT };

	CHECK(q->status == 502 && q->whole && q->closed && q->code == 0);
	CHECK(has(q, reason[how]));
	CHECK_EQ(has(q, "\ndetail: add it to tls.bypass\n"), how == FAILS);
	CHECK(w.told && w.status == 502 && w.reason == want[how]);
}

static void a_host_that_goes_unanswered_is_502(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 24; i++) {
		enum how how = (enum how)(i % 3);
		bool open = i / 3 & 1, interim = i / 6 & 1, many = i / 12;
		struct h2_stream *a, *q, *b, *p;

		h2_begin(&w);
		q = h2_reach(&w, open, &a);
		p = many ? h2_reach(&w, !open, &b) : q;
		if (interim)
			h2_interim(&w, a, ":status: 103|link: x|");
		if (open)
			h2_say(&w, GUEST, q, large, 1000);
		h2_run(&w);
		host_goes(how);
		CHECK(w.end[GUEST].goaway && w.end[GUEST].goaway_code == 0);
		if (open)
			h2_last(&w, GUEST, q, NULL);
		if (many && !open)
			h2_last(&w, GUEST, p, NULL);
		h2_run(&w);
		check_told(how, q);
		check_told(how, p);
		CHECK_EQ(w.told, 1 + many);
		CHECK_EQ(w.end[GUEST].end, WEIR_TALK_FIN);
		h2_fini(&w);
	}
}

static void a_host_that_goes_in_the_middle_is_a_reset(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		enum how how = (enum how)(i % 3);
		bool open = i / 3 & 1, shut = i / 6;
		struct h2_stream *a, *q;

		h2_begin(&w);
		q = h2_reach(&w, open, &a);
		h2_answer(&w, a, OK "content-length: 5|", false);
		h2_run(&w);
		w.end[GUEST].shut = shut;
		h2_say(&w, HOST, a, "hel", 3);
		h2_run(&w);
		host_goes(how);
		w.end[GUEST].shut = false;
		h2_run(&w);
		CHECK(q->status == 200 && has(q, "hel") && !q->whole);
		CHECK(q->closed && q->code == NGHTTP2_INTERNAL_ERROR);
		CHECK(w.end[GUEST].goaway);
		CHECK_EQ(w.end[GUEST].end, WEIR_TALK_FIN);
		h2_fini(&w);
	}
}

static void a_complete_answer_is_delivered_whatever_the_host_does(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		enum how how = (enum how)(i % 3);
		bool open = i / 3 & 1, tail = i / 6;
		struct h2_stream *a, *q;

		h2_begin(&w);
		q = h2_reach(&w, open, &a);
		w.end[GUEST].shut = true;
		h2_answer(&w, a, OK, false);
		h2_say(&w, HOST, a, large, 10000);
		h2_last(&w, HOST, a, tail ? "x: y|" : NULL);
		h2_run(&w);
		host_goes(how);
		w.end[GUEST].shut = false;
		h2_run(&w);
		CHECK(q->status == 200 && q->len == 10000 && q->whole);
		CHECK(!tail || strcmp(q->trailer, "x: y|") == 0);
		if (open) {
			h2_last(&w, GUEST, q, NULL);
			h2_run(&w);
		}
		CHECK(q->closed && q->code == 0);
		CHECK_EQ(w.told, 0);
		CHECK_EQ(w.end[GUEST].end, WEIR_TALK_FIN);
		h2_fini(&w);
	}
}

static void an_idle_host_that_goes_is_passed_on(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct h2_stream *a, *q;

		h2_begin(&w);
		q = h2_reach(&w, false, &a);
		h2_answer(&w, a, OK, true);
		h2_run(&w);
		host_goes((enum how)i);
		CHECK(q->whole && w.end[GUEST].goaway);
		CHECK_EQ(w.end[GUEST].goaway_last, q->id);
		CHECK_EQ(w.end[GUEST].end, WEIR_TALK_FIN);
		CHECK_EQ(w.told, 0);
		h2_fini(&w);
	}
}

static void a_host_that_was_never_there_is_told_to_the_first(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		struct h2_stream *q;

		h2_init(&w);
		h2_open(&w);
		if (i / 3)
			h2_run(&w);
		if (!(i / 3))
			w.end[HOST].shut = w.end[HOST].still = true;
		host_goes((enum how)(i % 3));
		CHECK(!w.end[GUEST].goaway);
		CHECK_EQ(w.end[GUEST].end, WEIR_TALK_OPEN);
		q = h2_get(&w, "/");
		h2_run(&w);
		check_told((enum how)(i % 3), q);
		CHECK(w.end[GUEST].goaway);
		CHECK_EQ(w.end[GUEST].goaway_last, q->id);
		CHECK_EQ(w.end[GUEST].end, WEIR_TALK_FIN);
		h2_fini(&w);
	}
}

/* RFC 9113 6.8: the last stream of a GOAWAY is never above that of one before;
 * here the second request came before the first GOAWAY was written */
static void a_second_goaway_names_no_higher_stream(void **state)
{
	(void)state;
	h2_begin(&w);
	(w.talk.ops->fail)(w.talk.self, WEIR_REASON_REFUSED, NULL);
	(void)h2_get(&w, "/");
	(void)h2_get(&w, "/");
	h2_frame(&w, GUEST, NGHTTP2_PING, 0, 0, "bad", 3);
	h2_run(&w);
	CHECK(w.end[GUEST].goaway);
	CHECK_EQ(w.end[GUEST].goaway_code, NGHTTP2_FRAME_SIZE_ERROR);
	h2_fini(&w);
}

static void a_denial_is_told_even_without_a_host(void **state)
{
	struct h2_stream *q;

	(void)state;
	h2_begin(&w);
	(w.talk.ops->fail)(w.talk.self, WEIR_REASON_REFUSED, NULL);
	q = h2_get(&w, "/no");
	h2_run(&w);
	CHECK(q->status == 403 && q->whole);
	h2_fini(&w);
}

static void goaway_of_the_host_is_passed_on(void **state)
{
	for (unsigned late = 0; late < 2; late++) {
		struct h2_stream *a, *q, *p;

		(void)state;
		h2_begin(&w);
		q = h2_reach(&w, false, &a);
		w.end[HOST].shut = true;
		p = h2_get(&w, "/2");
		if (!late)
			h2_run(&w);
		CHECK(nghttp2_submit_goaway(w.end[HOST].session, 0, a->id, 0,
					    NULL, 0) == 0);
		while (h2_in(&w, HOST))
			;
		w.end[HOST].shut = false;
		h2_run(&w);
		CHECK(w.end[GUEST].goaway && w.end[GUEST].goaway_code == 0);
		CHECK(p->closed && p->code == NGHTTP2_REFUSED_STREAM);
		CHECK(!p->head && !q->closed);
		CHECK_EQ(w.end[GUEST].end, WEIR_TALK_OPEN);
		h2_answer(&w, a, OK, true);
		h2_run(&w);
		CHECK(q->whole && q->code == 0);
		CHECK_EQ(w.end[GUEST].end, WEIR_TALK_FIN);
		CHECK(w.end[HOST].end != WEIR_TALK_OPEN);
		CHECK_EQ(w.told, 0);
		h2_fini(&w);
	}
}

/* RFC 9113 6.8: first one with the highest number, then the true one */
static void a_graceful_goaway_loses_nothing(void **state)
{
	struct h2_stream *a, *q, *b, *p;

	(void)state;
	h2_begin(&w);
	q = h2_reach(&w, false, &a);
	CHECK(nghttp2_submit_shutdown_notice(w.end[HOST].session) == 0);
	h2_run(&w);
	CHECK(w.end[GUEST].goaway);
	CHECK(!q->closed);
	(void)b;
	(void)p;
	CHECK(nghttp2_submit_goaway(w.end[HOST].session, 0, a->id, 0, NULL,
				    0) == 0);
	h2_answer(&w, a, OK, true);
	h2_run(&w);
	CHECK(q->whole && q->code == 0);
	CHECK_EQ(w.end[GUEST].end, WEIR_TALK_FIN);
	h2_fini(&w);
}

static void a_host_that_takes_no_more_may_still_answer(void **state)
{
	struct h2_stream *a, *q;

	(void)state;
	h2_begin(&w);
	q = h2_reach(&w, true, &a);
	w.talk.ops->deaf(w.talk.self, HOST);
	h2_say(&w, GUEST, q, large, 100000);
	h2_answer(&w, a, OK, true);
	h2_run(&w);
	CHECK(q->whole && q->status == 200);
	CHECK(w.end[GUEST].goaway);
	CHECK_EQ(a->len, 0);
	host_goes(ENDS);
	h2_last(&w, GUEST, q, NULL);
	h2_run(&w);
	CHECK(q->closed && q->code == 0);
	CHECK_EQ(w.end[GUEST].end, WEIR_TALK_FIN);
	h2_fini(&w);
	/* or it goes */
	h2_begin(&w);
	q = h2_reach(&w, false, &a);
	w.talk.ops->deaf(w.talk.self, HOST);
	h2_run(&w);
	host_goes(BREAKS);
	check_told(BREAKS, q);
	h2_fini(&w);
}

static void bytes_of_a_host_that_are_no_http2_are_502(void **state)
{
	struct h2_stream *a, *q;

	(void)state;
	for (unsigned asked = 0; asked < 2; asked++) {
		h2_init(&w);
		h2_open(&w);
		w.end[HOST].still = true;
		h2_run(&w);
		if (asked)
			q = h2_reach(&w, false, &a);
		w.careless = true;
		h2_raw(&w, HOST, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
		h2_run(&w);
		if (!asked)
			q = h2_get(&w, "/");
		h2_run(&w);
		CHECK(q->status == 502 && q->whole);
		CHECK(has(q, "reason: bad_answer\n"));
		CHECK(w.end[HOST].end != WEIR_TALK_OPEN);
		CHECK_EQ(w.end[GUEST].end, WEIR_TALK_FIN);
		h2_fini(&w);
	}
}

/* --- ends of the guest --- */

static void a_guest_that_goes_takes_its_streams_along(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		bool breaks = i & 1, open = i & 2, half = i & 4, idle = i & 8;
		struct h2_stream *a, *q = NULL;

		h2_begin(&w);
		if (!idle)
			q = h2_reach(&w, open, &a);
		if (q && half) {
			h2_answer(&w, a, OK, false);
			h2_say(&w, HOST, a, "hel", 3);
			h2_run(&w);
		}
		if (i == 3 || i == 6)
			w.talk.ops->deaf(w.talk.self, GUEST);
		else if (breaks)
			h2_lost(&w, GUEST);
		else
			h2_ended(&w, GUEST);
		h2_run(&w);
		CHECK(w.end[GUEST].end != WEIR_TALK_OPEN);
		CHECK_EQ(w.end[HOST].end,
			 idle && !breaks ? WEIR_TALK_FIN : WEIR_TALK_RESET);
		CHECK_EQ(w.end[HOST].goaway, idle && !breaks);
		h2_fini(&w);
	}
}

/* the last words for it cannot be written: nobody else is to hear of it */
static void a_host_that_is_deaf_behind_the_end_changes_nothing(void **state)
{
	(void)state;
	h2_begin(&w);
	w.end[HOST].shut = true;
	h2_ended(&w, GUEST);
	CHECK_ENDS(&w, FIN, OPEN);
	w.talk.ops->deaf(w.talk.self, HOST);
	CHECK_EQ(w.talk.ops->end(w.talk.self, GUEST), WEIR_TALK_FIN);
	CHECK(w.talk.ops->end(w.talk.self, HOST) != WEIR_TALK_OPEN);
	h2_fini(&w);
}

static void a_guest_that_ends_before_it_begins_ends_the_host(void **state)
{
	(void)state;
	h2_init(&w);
	h2_open(&w);
	h2_ended(&w, GUEST);
	CHECK_ENDS(&w, FIN, FIN);
	h2_fini(&w);
	h2_init(&w);
	h2_open(&w);
	h2_lost(&w, GUEST);
	CHECK_ENDS(&w, RESET, RESET);
	h2_fini(&w);
}

static void bytes_of_a_guest_that_are_no_http2_end_it(void **state)
{
	static const char *const says[] = {
		"GET / HTTP/1.1\r\nHost: a.b\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\4\1\0\0\0\0\1\xff\xff",
	};

	(void)state;
	for (unsigned i = 0; i < LEN(says); i++) {
		h2_init(&w);
		h2_open(&w);
		w.end[GUEST].still = true;
		w.careless = true;
		h2_raw(&w, GUEST, says[i], i ? 24 + 11 : strlen(says[i]));
		h2_run(&w);
		CHECK(w.end[GUEST].end != WEIR_TALK_OPEN);
		CHECK(w.end[HOST].end != WEIR_TALK_OPEN);
		CHECK_EQ(w.reason, WEIR_REASON_BAD_FRAME);
		CHECK_EQ(w.told, 1);
		h2_fini(&w);
	}
}

static void goaway_of_the_guest_ends_it_behind_its_answers(void **state)
{
	struct h2_stream *a, *q;

	(void)state;
	h2_begin(&w);
	q = h2_reach(&w, false, &a);
	CHECK(nghttp2_submit_goaway(w.end[GUEST].session, 0, 0, 0, NULL, 0) ==
	      0);
	h2_run(&w);
	CHECK_ENDS(&w, OPEN, OPEN);
	h2_answer(&w, a, OK, true);
	h2_run(&w);
	CHECK(q->whole && q->code == 0);
	h2_ended(&w, GUEST);
	CHECK_ENDS(&w, FIN, FIN);
	CHECK(w.end[HOST].goaway && w.end[HOST].goaway_code == 0);
	h2_fini(&w);
}

static void a_flood_is_ended(void **state)
{
	static const uint8_t ping[8];
	unsigned i;

	(void)state;
	h2_begin(&w);
	w.careless = true;
	w.end[GUEST].shut = true;
	for (i = 0; i < 30000; i++)
		h2_frame(&w, GUEST, NGHTTP2_PING, 0, 0, ping, 8);
	h2_run(&w);
	CHECK(nghttp2_session_get_outbound_queue_size(
		      h2_state(&w)->session[GUEST]) < 3000);
	w.end[GUEST].shut = false;
	h2_run(&w);
	CHECK_ENDS(&w, OPEN, OPEN);
	h2_fini(&w);
	/* SETTINGS with more than anybody needs */
	h2_begin(&w);
	w.careless = true;
	{
		static uint8_t entries[6 * 100];

		for (i = 0; i < 100; i++)
			entries[6 * i + 1] = 0x99;
		h2_frame(&w, GUEST, NGHTTP2_SETTINGS, 0, 0, entries,
			 sizeof(entries));
	}
	h2_run(&w);
	CHECK(w.end[GUEST].goaway);
	CHECK_EQ(w.end[GUEST].end, WEIR_TALK_FIN);
	h2_fini(&w);
}

T_MAIN(T(a_reset_is_passed_on_with_its_code),
       T(what_came_before_a_reset_is_delivered),
       T(a_reset_of_an_upload_that_waits_for_the_host_is_passed_on),
       T(a_reset_without_error_means_no_more_of_the_request),
       T(an_early_answer_does_not_stop_the_request),
       T(a_refused_body_is_read_away_to_its_limit),
       T(many_refused_bodies_do_not_stop_the_connection),
       T(a_host_that_goes_unanswered_is_502),
       T(a_host_that_goes_in_the_middle_is_a_reset),
       T(a_complete_answer_is_delivered_whatever_the_host_does),
       T(an_idle_host_that_goes_is_passed_on),
       T(a_host_that_was_never_there_is_told_to_the_first),
       T(a_second_goaway_names_no_higher_stream),
       T(a_denial_is_told_even_without_a_host),
       T(goaway_of_the_host_is_passed_on), T(a_graceful_goaway_loses_nothing),
       T(a_host_that_takes_no_more_may_still_answer),
       T(bytes_of_a_host_that_are_no_http2_are_502),
       T(a_guest_that_goes_takes_its_streams_along),
       T(a_host_that_is_deaf_behind_the_end_changes_nothing),
       T(a_guest_that_ends_before_it_begins_ends_the_host),
       T(bytes_of_a_guest_that_are_no_http2_end_it),
       T(goaway_of_the_guest_ends_it_behind_its_answers), T(a_flood_is_ended))
