/* SPDX-License-Identifier: Apache-2.0 */
/* test_http2_windows.c - HTTP/2: windows, back-pressure, limits */
#include "h2world.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define OK     ":status: 200|"

static struct h2world w;
static char large[3000000];

static void windows_of_one_end_are_those_of_the_other(void **state)
{
	static const int32_t windows[] = { 1,     100,     65535,
					   70000, 1 << 20, INT32_MAX };

	(void)state;
	for (unsigned i = 0; i < LEN(windows) * 2; i++) {
		int32_t n = windows[i / 2];
		struct h2_stream *a, *q;

		h2_init(&w);
		w.step = i & 1 ? 999 : 0;
		w.end[GUEST].window = n;
		w.end[HOST].window = n;
		w.end[GUEST].all = w.end[HOST].all = n < 65535 ? 0 : n;
		h2_open(&w);
		h2_run(&w);
		q = h2_reach(&w, true, &a);
		CHECK_EQ(nghttp2_session_get_stream_remote_window_size(
				 w.end[GUEST].session, q->id),
			 n);
		CHECK_EQ(nghttp2_session_get_stream_remote_window_size(
				 w.end[HOST].session, a->id),
			 n);
		CHECK_EQ(nghttp2_session_get_remote_window_size(
				 w.end[GUEST].session),
			 n > 65535 ? n : 65535);
		CHECK_EQ(nghttp2_session_get_remote_window_size(
				 w.end[HOST].session),
			 n > 65535 ? n : 65535);
		h2_answer(&w, a, OK, false);
		h2_say(&w, GUEST, q, large, n > 1 ? 300000 : 3000);
		h2_say(&w, HOST, a, large, n > 1 ? 300000 : 3000);
		h2_last(&w, GUEST, q, NULL);
		h2_last(&w, HOST, a, NULL);
		h2_run(&w);
		CHECK(a->whole && a->len == (n > 1 ? 300000 : 3000));
		CHECK(q->whole && q->len == (n > 1 ? 300000 : 3000));
		CHECK(n < 65535 || w.most_held[HOST] <= 65535);
		h2_fini(&w);
	}
}

/* The host is told of the guest's small first window, which holds for it once it
 * says so: what was granted meanwhile must hold too. */
static void a_window_that_grows_before_the_host_agreed_is_granted(void **state)
{
	(void)state;
	for (unsigned all = 0; all < 2; all++) {
		nghttp2_settings_entry e = {
			NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 50001
		};
		struct h2_stream *a, *q;

		h2_init(&w);
		w.end[GUEST].window = 1;
		h2_open(&w);
		w.end[HOST].still = true;
		q = h2_get(&w, "/");
		q->unread = true;
		h2_run(&w);
		if (all)
			CHECK(nghttp2_submit_settings(w.end[GUEST].session, 0,
						      &e, 1) == 0);
		else
			CHECK(nghttp2_submit_window_update(w.end[GUEST].session,
							   0, q->id,
							   50000) == 0);
		h2_run(&w);
		w.end[HOST].still = false;
		a = h2_asked(&w, 0);
		h2_answer(&w, a, OK, false);
		h2_say(&w, HOST, a, large, sizeof(large));
		h2_run(&w);
		CHECK_EQ(q->len, 50001);
		h2_fini(&w);
	}
}

static void a_stream_that_is_not_read_stops_no_other(void **state)
{
	(void)state;
	for (unsigned down = 0; down < 2; down++) {
		enum weir_talk_side from = down ? HOST : GUEST;
		struct h2_stream *a[5], *q[5];

		h2_init(&w);
		w.end[GUEST].all = w.end[HOST].all = 1 << 24;
		h2_open(&w);
		h2_run(&w);
		for (unsigned i = 0; i < LEN(q); i++) {
			q[i] = h2_reach(&w, true, &a[i]);
			(down ? q[i] : a[i])->unread = i < 4;
			h2_answer(&w, a[i], OK, false);
		}
		for (unsigned i = 0; i < LEN(q); i++) {
			h2_say(&w, from, down ? a[i] : q[i], large,
			       sizeof(large));
			h2_last(&w, from, down ? a[i] : q[i], NULL);
			h2_run(&w);
		}
		for (unsigned i = 0; i < 4; i++)
			CHECK_EQ((down ? q[i] : a[i])->len, 65535);
		CHECK_EQ((down ? q[4] : a[4])->len, sizeof(large));
		for (unsigned i = 0; i < 4; i++)
			h2_read(&w, down ? GUEST : HOST, down ? q[i] : a[i]);
		h2_run(&w);
		for (unsigned i = 0; i < 4; i++)
			CHECK_EQ((down ? q[i] : a[i])->len, sizeof(large));
		h2_fini(&w);
	}
}

/* a guest's first window on a stream is 65,535 bytes, whatever the host takes:
 * what a few uploads then hold is too much, and nothing else is read */
static void small_windows_of_a_host_stop_no_other_stream(void **state)
{
	struct h2_stream *a, *q;

	(void)state;
	h2_init(&w);
	w.end[HOST].window = 1000;
	w.end[HOST].all = w.end[GUEST].all = 1 << 24;
	h2_open(&w);
	h2_run(&w);
	for (unsigned i = 0; i < 3; i++) {
		q = h2_reach(&w, true, &a);
		a->unread = true;
		h2_say(&w, GUEST, q, large, 60000);
	}
	h2_run(&w);
	q = h2_get(&w, "/other");
	h2_run(&w);
	CHECK_EQ(w.end[HOST].n, 4);
	h2_answer(&w, h2_asked(&w, 3), OK, true);
	h2_run(&w);
	CHECK(q->whole);
	h2_fini(&w);
}

static void set_windows(uint32_t n)
{
	nghttp2_settings_entry e = { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, n };

	for (unsigned i = 0; i < 2; i++)
		CHECK(nghttp2_submit_settings(w.end[i].session, 0, &e, 1) == 0);
	h2_run(&w);
}

/* each waits for what the other one is not read for */
static void windows_that_both_shrink_do_not_stop_it_for_ever(void **state)
{
	struct h2_stream *a[3], *q[3];

	(void)state;
	h2_init(&w);
	w.shrinks = true;
	w.end[HOST].all = w.end[GUEST].all = 1 << 24;
	h2_open(&w);
	h2_run(&w);
	for (unsigned i = 0; i < LEN(q); i++) {
		q[i] = h2_reach(&w, true, &a[i]);
		h2_answer(&w, a[i], OK, false);
	}
	h2_run(&w);
	set_windows(0);
	for (unsigned i = 0; i < LEN(q); i++) {
		h2_say(&w, GUEST, q[i], large, 60000);
		h2_say(&w, HOST, a[i], large, 60000);
		h2_last(&w, GUEST, q[i], NULL);
		h2_last(&w, HOST, a[i], NULL);
	}
	h2_run(&w);
	set_windows(65535);
	for (unsigned i = 0; i < LEN(q); i++)
		CHECK((q[i]->whole && a[i]->whole) ||
		      w.end[GUEST].end != WEIR_TALK_OPEN);
	h2_fini(&w);
}

/* what was said before they were known waits, or was never more than one
 * connection's first window */
static void first_windows_that_come_late_stop_nothing(void **state)
{
	struct h2_stream *a[9], *q[9];

	(void)state;
	h2_init(&w);
	w.end[HOST].window = 1;
	h2_open(&w);
	w.end[HOST].still = true; /* its settings come late */
	for (unsigned i = 0; i < LEN(q); i++) {
		q[i] = h2_ask(&w, H2_POST, false);
		h2_say(&w, GUEST, q[i], large, 60000);
		h2_last(&w, GUEST, q[i], NULL);
	}
	w.shrinks = true;
	h2_run(&w);
	w.end[HOST].still = false;
	for (unsigned i = 0; i < w.end[HOST].n; i++)
		h2_asked(&w, i)->unread = true;
	h2_run(&w);
	CHECK_EQ(w.end[HOST].n, LEN(q));
	for (unsigned i = 0; i < LEN(q); i++)
		a[i] = h2_asked(&w, i);
	for (unsigned i = 0; i < LEN(q); i++) {
		h2_read(&w, HOST, a[i]);
		CHECK(nghttp2_submit_window_update(w.end[HOST].session, 0,
						   a[i]->id, 100000) == 0);
	}
	h2_run(&w);
	for (unsigned i = 0; i < LEN(q); i++)
		CHECK(a[i]->whole && a[i]->len == 60000);
	h2_fini(&w);
}

static void an_end_that_takes_nothing_keeps_the_other_one_waiting(void **state)
{
	struct h2_stream *a, *q;
	size_t n;

	(void)state;
	h2_init(&w);
	for (unsigned i = 0; i < 2; i++)
		w.end[i].window = w.end[i].all = 1 << 24;
	h2_open(&w);
	h2_run(&w);
	q = h2_reach(&w, true, &a);
	h2_answer(&w, a, OK, false);
	h2_run(&w);
	w.end[GUEST].shut = w.end[HOST].shut = true;
	h2_say(&w, HOST, a, large, sizeof(large));
	h2_say(&w, GUEST, q, large, sizeof(large));
	h2_run(&w);
	for (unsigned i = 0; i < 2; i++) {
		(void)w.talk.ops->room(w.talk.self, (enum weir_talk_side)i, &n);
		CHECK_EQ(n, 0);
		(void)w.talk.ops->bytes(w.talk.self, (enum weir_talk_side)i,
					&n);
		CHECK(n <= 3 * WEIR_HTTP2_FRAME_BYTES);
		CHECK(w.most_held[i] <=
		      WEIR_HTTP2_HELD_BYTES + WEIR_HTTP_IN_BYTES);
	}
	w.end[GUEST].shut = w.end[HOST].shut = false;
	h2_run(&w);
	CHECK(q->len == sizeof(large) && a->len == sizeof(large));
	h2_fini(&w);
}

/* a window is for bytes; nghttp2 gives back that of padding, but late */
static void padding_takes_nothing_from_a_window(void **state)
{
	struct h2_stream *a, *q;

	(void)state;
	h2_begin(&w);
	w.end[GUEST].pad = 255;
	q = h2_reach(&w, true, &a);
	a->unread = true;
	for (unsigned i = 0; i < 70000; i += 100) {
		h2_say(&w, GUEST, q, large, 100);
		h2_run(&w);
	}
	CHECK_EQ(a->len, 65535);
	h2_fini(&w);
}

/* nor is it given back twice: by nghttp2, and by us */
static void padding_is_not_granted_twice(void **state)
{
	struct h2_stream *a, *q;

	(void)state;
	h2_begin(&w);
	w.end[GUEST].pad = 255;
	q = h2_reach(&w, true, &a);
	for (unsigned i = 0; i < 3000; i++) {
		h2_say(&w, GUEST, q, "x", 1);
		h2_run(&w);
	}
	CHECK_EQ(a->len, 3000);
	w.end[HOST].shut = true;
	h2_say(&w, GUEST, q, large, sizeof(large));
	h2_run(&w);
	CHECK(nghttp2_session_get_local_window_size(
		      h2_state(&w)->session[GUEST]) +
		      (int64_t)h2_state(&w)->held[HOST] <=
	      nghttp2_session_get_remote_window_size(
		      h2_state(&w)->session[HOST]));
	h2_fini(&w);
}

/* the rest of requests that were reset, 2 GB of it in the end: what is thrown
 * away is granted again, and nghttp2 counts it too */
static void what_is_ignored_for_long_does_not_end_the_connection(void **state)
{
	struct h2_stream *a, *q;

	(void)state;
	h2_begin(&w);
	q = h2_reach(&w, true, &a);
	h2_reset(&w, GUEST, q, NGHTTP2_CANCEL);
	h2_run(&w);
	w.careless = w.end[GUEST].still = true; /* it keeps no account */
	for (unsigned i = 0; i < 131100 && w.told == 0; i++) {
		h2_frame(&w, GUEST, NGHTTP2_DATA, 0, q->id, large, 16384);
		h2_run(&w);
	}
	CHECK_EQ(w.told, 0);
	CHECK_ENDS(&w, OPEN, OPEN);
	CHECK(a->closed);
	h2_fini(&w);
}

static void the_hosts_limit_of_streams_is_the_guests(void **state)
{
	struct h2_stream *q[20], *a;

	(void)state;
	h2_init(&w);
	h2_open(&w);
	w.end[HOST].still = true;
	h2_run(&w);
	CHECK_EQ(nghttp2_session_get_remote_settings(
			 w.end[GUEST].session,
			 NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS),
		 WEIR_HTTP2_STREAMS_MAX);
	h2_fini(&w);
	h2_init(&w);
	w.end[HOST].streams = 7;
	h2_open(&w);
	h2_run(&w);
	CHECK_EQ(nghttp2_session_get_remote_settings(
			 w.end[GUEST].session,
			 NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS),
		 7);
	for (unsigned i = 0; i < LEN(q); i++)
		q[i] = h2_get(&w, "/");
	h2_run(&w);
	CHECK_EQ(w.end[HOST].n, 7);
	for (unsigned i = 0; i < LEN(q); i++) {
		a = h2_asked(&w, i);
		h2_answer(&w, a, OK, true);
		h2_run(&w);
		CHECK(q[i]->whole);
	}
	h2_fini(&w);
	/* one that takes more than we do */
	h2_init(&w);
	w.end[HOST].streams = 100000;
	h2_open(&w);
	h2_run(&w);
	CHECK_EQ(nghttp2_session_get_remote_settings(
			 w.end[GUEST].session,
			 NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS),
		 WEIR_HTTP2_STREAMS_MAX);
	h2_fini(&w);
}

/* asked before the limit is known: they wait for their turn */
static void requests_beyond_a_late_limit_wait(void **state)
{
	struct h2_stream *q[20];

	(void)state;
	h2_init(&w);
	w.end[HOST].streams = 3;
	h2_open(&w);
	w.careless = true; /* the host refuses what it did not allow yet */
	w.end[HOST].still = true;
	for (unsigned i = 0; i < LEN(q); i++)
		q[i] = h2_get(&w, "/");
	w.end[HOST].shut = true;
	h2_run(&w);
	w.end[HOST].shut = w.end[HOST].still = false;
	h2_run(&w);
	for (unsigned i = 0; i < w.end[HOST].n; i++) {
		h2_answer(&w, h2_asked(&w, i), OK, true);
		h2_run(&w);
	}
	for (unsigned i = 0; i < LEN(q); i++)
		CHECK(q[i]->closed &&
		      (q[i]->whole || q[i]->code == NGHTTP2_REFUSED_STREAM));
	CHECK_EQ(h2_state(&w)->n_streams, 0);
	h2_fini(&w);
}

/* asked and given up again, while the host takes no more */
static void rapid_resets_do_not_pile_up(void **state)
{
	(void)state;
	h2_init(&w);
	w.end[HOST].streams = 100;
	h2_open(&w);
	h2_run(&w);
	w.careless = true;
	w.end[HOST].shut = true;
	for (unsigned i = 0; i < 400 && !w.end[GUEST].goaway; i++) {
		struct h2_stream *q = h2_get(&w, "/");

		h2_run(&w);
		if (!q->closed)
			h2_reset(&w, GUEST, q, NGHTTP2_CANCEL);
		h2_run(&w);
		CHECK(h2_state(&w)->n_streams <=
		      2 * WEIR_HTTP2_STREAMS_MAX + 1);
	}
	w.end[HOST].shut = false;
	h2_run(&w);
	CHECK_EQ(h2_state(&w)->n_streams, 0);
	h2_fini(&w);
}

T_MAIN(T(windows_of_one_end_are_those_of_the_other),
       T(a_window_that_grows_before_the_host_agreed_is_granted),
       T(a_stream_that_is_not_read_stops_no_other),
       T(small_windows_of_a_host_stop_no_other_stream),
       T(windows_that_both_shrink_do_not_stop_it_for_ever),
       T(first_windows_that_come_late_stop_nothing),
       T(an_end_that_takes_nothing_keeps_the_other_one_waiting),
       T(padding_takes_nothing_from_a_window), T(padding_is_not_granted_twice),
       T(what_is_ignored_for_long_does_not_end_the_connection),
       T(the_hosts_limit_of_streams_is_the_guests),
       T(requests_beyond_a_late_limit_wait), T(rapid_resets_do_not_pile_up))
