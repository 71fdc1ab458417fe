/* SPDX-License-Identifier: Apache-2.0 */
/* test_exchange_ends.c - order, back-pressure, and who is told what of an end */
#include "talk.h"

#define OK0   "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define GET   "GET / HTTP/1.1\r\nHost: a.b\r\n\r\n"
#define POST5 "POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: 5\r\n\r\n"

static struct talk t;

static void pipelined_requests_are_answered_in_order(void **state)
{
	static const char three[] = "GET /1 HTTP/1.1\r\nHost: a.b\r\n\r\n"
				    "GET /no HTTP/1.1\r\nHost: a.b\r\n\r\n"
				    "GET /3 HTTP/1.1\r\nHost: a.b\r\n\r\n";

	(void)state;
	talk_begin(&t);
	talk_say(&t, GUEST, three);
	talk_heard(&t, HOST, "GET /1 HTTP/1.1\r\nHost: a.b\r\n\r\n");
	CHECK_EQ(t.asked, 1); /* the next one is not looked at yet */
	talk_say(&t, HOST, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na");
	CHECK(!talk_has(&t, GUEST, "403"));
	talk_say(&t, HOST, "b");
	CHECK(strstr(t.got[GUEST], "\r\n\r\nabHTTP/1.1 403 "));
	talk_heard(&t, HOST, "GET /3 HTTP/1.1\r\nHost: a.b\r\n\r\n");
	talk_forget(&t);
	talk_say(&t, HOST, OK0);
	talk_heard(&t, GUEST, OK0);
	CHECK_EQ(t.asked, 3);
	talk_end(&t);
}

static void a_guest_that_runs_ahead_waits(void **state)
{
	size_t took = 0, n = 0;

	(void)state;
	talk_begin(&t);
	for (unsigned i = 0; i < 5000; i++) {
		took += talk_offer(&t, GUEST, GET, strlen(GET));
		n += strlen(GET);
	}
	CHECK(took < n && took < 20000);
	CHECK_EQ(t.asked, 1);
	talk_end(&t);
}

static void a_guest_that_does_not_read_keeps_the_host_waiting(void **state)
{
	static char much[100000];
	size_t took;

	(void)state;
	memset(much, 'x', sizeof(much));
	talk_begin(&t);
	talk_say(&t, GUEST, GET);
	t.shut[GUEST] = true;
	talk_say(&t, HOST, "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n");
	took = talk_offer(&t, HOST, much, sizeof(much));
	CHECK(took > 20000 && took < 33000);
	t.shut[GUEST] = false;
	CHECK_EQ(took + talk_offer(&t, HOST, much, sizeof(much) - took),
		 sizeof(much));
	talk_say_bytes(&t, HOST, much, sizeof(much));
	CHECK(t.len[GUEST] > 200000);
	/* the same upwards */
	t.shut[HOST] = true;
	talk_say(&t, GUEST,
		 "POST / HTTP/1.1\r\nHost: a.b\r\nTransfer-Encoding: "
		 "chunked\r\n\r\n186a0\r\n");
	took = talk_offer(&t, GUEST, much, sizeof(much));
	CHECK(took > 20000 && took < 33000);
	t.shut[HOST] = false;
	CHECK_EQ(took + talk_offer(&t, GUEST, much, sizeof(much) - took),
		 sizeof(much));
	talk_say(&t, GUEST, "\r\n0\r\n\r\n");
	talk_end(&t);
}

/* 10 GB, through one block of 64 KiB; every byte of it looked at */
static void a_body_of_ten_gigabytes_takes_no_more_memory(void **state)
{
	static const uint64_t all = 10ull << 30;
	uint64_t sent = 0, got = 0;
	size_t n;

	(void)state;
	talk_begin(&t);
	talk_say(&t, GUEST,
		 "PUT / HTTP/1.1\r\nHost: a.b\r\nContent-Length: "
		 "10737418240\r\n\r\n");
	CHECK(talk_has(&t, HOST, "\r\nContent-Length: 10737418240\r\n\r\n"));
	while (got < all) {
		uint8_t *to = weir_exchange_room(t.x, GUEST, &n);

		n = n < all - sent ? n : (size_t)(all - sent);
		if (n)
			to[0] = (uint8_t)sent;
		weir_exchange_came(t.x, GUEST, n);
		sent += n;
		(void)weir_exchange_bytes(t.x, HOST, &n);
		CHECK(n > 0);
		got += n;
		weir_exchange_went(t.x, HOST, n);
	}
	CHECK_EQ(got, all);
	talk_say(&t, HOST, OK0);
	talk_heard(&t, GUEST, OK0);
	talk_end(&t);
}

static void an_early_answer_goes_on_at_once(void **state)
{
	(void)state;
	talk_begin(&t);
	talk_say(&t, GUEST, POST5 "he");
	talk_say(&t, HOST, OK0);
	talk_heard(&t, GUEST, OK0);
	talk_say(&t, GUEST, "llo" GET);
	talk_heard(&t, HOST, POST5 "hello" GET);
	talk_say(&t, HOST, OK0);
	talk_heard(&t, GUEST, OK0);
	CHECK_ENDS(&t, OPEN, OPEN);
	talk_end(&t);
}

static void an_early_answer_that_closes_ends_the_request(void **state)
{
	(void)state;
	talk_begin(&t);
	talk_say(&t, GUEST, POST5 "he");
	talk_say(&t, HOST,
		 "HTTP/1.1 413 No\r\nConnection: close\r\nContent-Length: "
		 "0\r\n\r\n");
	talk_heard(&t, GUEST,
		   "HTTP/1.1 413 No\r\nConnection: close\r\nContent-Length: "
		   "0\r\n\r\n");
	CHECK_ENDS(&t, FIN, RESET);
	talk_say(&t, GUEST, "llo");
	talk_heard(&t, HOST, POST5 "he");
	talk_end(&t);
}

static void a_host_that_takes_no_more_may_still_answer(void **state)
{
	(void)state;
	talk_begin(&t);
	talk_say(&t, GUEST, POST5 "he");
	weir_exchange_deaf(t.x, HOST);
	talk_forget(&t);
	talk_say(&t, GUEST, "l");
	talk_heard(&t, HOST, "");
	talk_say(&t, HOST, OK0);
	CHECK(talk_has(&t, GUEST, "HTTP/1.1 200 OK\r\nConnection: close\r\n"));
	CHECK_ENDS(&t, FIN, RESET);
	talk_end(&t);
	/* or nothing is asked of it any more */
	talk_begin(&t);
	weir_exchange_deaf(t.x, HOST);
	talk_say(&t, GUEST, GET);
	CHECK(talk_has(&t, GUEST, "reason: host_reset\n"));
	talk_heard(&t, HOST, "");
	talk_end(&t);
	talk_begin(&t);
	talk_say(&t, GUEST, GET);
	talk_say(&t, HOST, OK0);
	weir_exchange_deaf(t.x, HOST);
	talk_carry(&t);
	CHECK_ENDS(&t, FIN, FIN);
	talk_end(&t);
	/* or it does not */
	talk_begin(&t);
	talk_say(&t, GUEST, POST5 "he");
	talk_break(&t, HOST);
	CHECK(talk_has(&t, GUEST, "HTTP/1.1 502 "));
	CHECK(talk_has(&t, GUEST, "reason: host_reset\n"));
	talk_end(&t);
}

static void a_continue_is_the_hosts_to_say(void **state)
{
	static const char head[] = "POST / HTTP/1.1\r\nHost: a.b\r\nExpect: "
				   "100-continue\r\nContent-Length: "
				   "5\r\n\r\n";

	(void)state;
	talk_begin(&t);
	talk_say(&t, GUEST, head);
	talk_heard(&t, HOST, head);
	talk_heard(&t, GUEST, "");
	talk_say(&t, HOST, "HTTP/1.1 100 Continue\r\n\r\n");
	talk_heard(&t, GUEST, "HTTP/1.1 100 Continue\r\n\r\n");
	talk_say(&t, GUEST, "hello");
	talk_heard(&t, HOST, "hello");
	talk_say(&t, HOST, OK0);
	talk_heard(&t, GUEST, OK0);
	/* or a final one: what follows is the body all the same */
	talk_say(&t, GUEST, head);
	talk_say(&t, HOST, "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n");
	talk_forget(&t);
	talk_say(&t, GUEST, "GET /" GET);
	talk_heard(&t, HOST, "GET /" GET);
	talk_end(&t);
}

/* how a host ends in the middle, and what is truthful then */
static const struct {
	const char *says;
	bool breaks, resets, whole;
} cut[] = {
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", false, true,
	  false },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", true, true,
	  false },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
	  false, true, false },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
	  false, true, false },
	{ "HTTP/1.1 200 OK\r\n\r\nhel", true, true, false },
	{ "HTTP/1.1 200 OK\r\n\r\nhel", false, false, true },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", true, false,
	  true },
};

static void a_cut_answer_does_not_look_whole(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(cut) / sizeof(cut[0]); i++) {
		talk_begin(&t);
		talk_say(&t, GUEST, GET);
		talk_say(&t, HOST, cut[i].says);
		if (cut[i].breaks)
			talk_break(&t, HOST);
		else
			talk_hang_up(&t, HOST);
		CHECK(talk_has(&t, GUEST, "hel"));
		CHECK_EQ(t.end[GUEST], cut[i].resets ? WEIR_EXCHANGE_RESET
						     : WEIR_EXCHANGE_FIN);
		CHECK_EQ(t.told, cut[i].resets);
		CHECK(cut[i].whole || !talk_has(&t, GUEST, "\r\n0\r\n\r\n"));
		talk_end(&t);
	}
}

static void what_was_said_before_a_break_is_still_delivered(void **state)
{
	(void)state;
	talk_begin(&t);
	talk_say(&t, GUEST, GET);
	t.shut[GUEST] = true;
	talk_say(&t, HOST, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
	talk_break(&t, HOST);
	CHECK_ENDS(&t, OPEN, RESET);
	t.shut[GUEST] = false;
	talk_carry(&t);
	CHECK(talk_has(&t, GUEST, "\r\n\r\nhel"));
	CHECK_ENDS(&t, RESET, RESET);
	talk_end(&t);
}

static void an_idle_host_that_closes_is_passed_on(void **state)
{
	(void)state;
	talk_begin(&t);
	talk_say(&t, GUEST, GET);
	talk_say(&t, HOST, OK0);
	CHECK(weir_exchange_is_idle(t.x));
	talk_hang_up(&t, HOST);
	CHECK_ENDS(&t, FIN, FIN);
	talk_end(&t);
	/* with the next request already on its way */
	talk_begin(&t);
	talk_say(&t, GUEST, GET GET);
	talk_say(&t, HOST, OK0);
	talk_forget(&t);
	talk_hang_up(&t, HOST);
	talk_heard(&t, GUEST, ""); /* no 502: it may ask again */
	CHECK_ENDS(&t, FIN, RESET);
	CHECK_EQ(t.told, 0);
	talk_end(&t);
	/* but with half an answer */
	talk_begin(&t);
	talk_say(&t, GUEST, GET GET);
	talk_say(&t, HOST, OK0);
	talk_say(&t, HOST, "HTTP/1.1 200");
	talk_forget(&t);
	talk_hang_up(&t, HOST);
	CHECK(talk_has(&t, GUEST, "HTTP/1.1 502 "));
	talk_end(&t);
}

static void a_host_that_never_answers_is_502(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		talk_begin(&t);
		if (i)
			talk_say(&t, GUEST, GET);
		talk_hang_up(&t, HOST);
		if (!i)
			CHECK_ENDS(&t, OPEN, OPEN);
		if (!i)
			talk_say(&t, GUEST, GET);
		CHECK(talk_has(&t, GUEST, "HTTP/1.1 502 "));
		CHECK(talk_has(&t, GUEST, "reason: closed\n"));
		talk_end(&t);
	}
}

static void what_nobody_asked_for_does_not_reach_the_guest(void **state)
{
	(void)state;
	talk_begin(&t);
	talk_say(&t, GUEST, GET);
	talk_say(&t, HOST, OK0 "HTTP/1.1 200 OK\r\nX: smuggled\r\n\r\n");
	talk_heard(&t, GUEST, OK0);
	CHECK_ENDS(&t, FIN, RESET);
	talk_end(&t);
	/* a server that speaks first */
	talk_begin(&t);
	talk_say(&t, HOST, "220 hello\r\n");
	CHECK_ENDS(&t, OPEN, OPEN);
	talk_say(&t, GUEST, GET);
	CHECK(talk_has(&t, GUEST, "reason: bad_answer\n"));
	talk_heard(&t, HOST, "");
	talk_end(&t);
}

static void a_guest_that_has_said_all_still_hears_its_answer(void **state)
{
	(void)state;
	talk_begin(&t);
	talk_say(&t, GUEST, GET);
	talk_hang_up(&t, GUEST);
	CHECK_ENDS(&t, OPEN, OPEN);
	talk_say(&t, HOST, OK0);
	talk_heard(&t, GUEST, OK0);
	CHECK_ENDS(&t, FIN, FIN);
	talk_end(&t);
	/* nothing was asked, or half a head */
	for (unsigned i = 0; i < 2; i++) {
		talk_begin(&t);
		talk_say(&t, GUEST, i ? "GET / HT" : "");
		talk_hang_up(&t, GUEST);
		CHECK_ENDS(&t, FIN, FIN);
		talk_heard(&t, HOST, "");
		talk_end(&t);
	}
}

static void a_cut_request_does_not_look_whole(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		talk_begin(&t);
		talk_say(&t, GUEST,
			 i ? POST5 "hel"
			   : "POST / HTTP/1.1\r\nHost: a.b\r\n"
			     "Transfer-Encoding: chunked\r\n\r\n5\r\nhel");
		talk_hang_up(&t, GUEST);
		CHECK(!talk_has(&t, HOST, "\r\n0\r\n"));
		CHECK_ENDS(&t, FIN, RESET);
		talk_end(&t);
	}
	/* a guest that is gone takes its host along */
	talk_begin(&t);
	talk_say(&t, GUEST, GET);
	talk_break(&t, GUEST);
	CHECK_ENDS(&t, RESET, RESET);
	talk_end(&t);
}

static void a_body_that_breaks_its_framing_is_told(void **state)
{
	(void)state;
	talk_begin(&t);
	talk_say(&t, GUEST,
		 "POST / HTTP/1.1\r\nHost: a.b\r\nTransfer-Encoding: "
		 "chunked\r\n\r\n5\r\nhello\r\n5;x\r\n");
	CHECK(talk_has(&t, GUEST, "HTTP/1.1 400 "));
	CHECK(!talk_has(&t, HOST, "\r\n0\r\n"));
	CHECK_ENDS(&t, FIN, RESET);
	CHECK_EQ(t.reason, WEIR_REASON_BAD_HEAD);
	talk_end(&t);
	/* behind the beginning of an answer nothing can be said */
	talk_begin(&t);
	talk_say(&t, GUEST,
		 "POST / HTTP/1.1\r\nHost: a.b\r\nTransfer-Encoding: "
		 "chunked\r\n\r\n5\r\nhello\r\n");
	talk_say(&t, HOST, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
	talk_say(&t, GUEST, "5;x\r\n");
	CHECK_ENDS(&t, RESET, RESET);
	talk_end(&t);
}

static void a_host_may_close_while_a_denied_body_is_read_away(void **state)
{
	(void)state;
	talk_begin(&t);
	talk_say(&t, GUEST,
		 "POST /no HTTP/1.1\r\nHost: a.b\r\nContent-Length: "
		 "5\r\n\r\nhe");
	talk_hang_up(&t, HOST);
	CHECK_ENDS(&t, OPEN, OPEN);
	talk_forget(&t);
	talk_say(&t, GUEST, "llo" GET);
	CHECK(talk_has(&t, GUEST, "HTTP/1.1 502 "));
	talk_end(&t);
	/* or the guest */
	talk_begin(&t);
	talk_say(&t, GUEST,
		 "POST /no HTTP/1.1\r\nHost: a.b\r\nContent-Length: "
		 "5\r\n\r\nhe");
	talk_hang_up(&t, GUEST);
	CHECK_ENDS(&t, FIN, FIN);
	talk_end(&t);
}

T_MAIN(T(pipelined_requests_are_answered_in_order),
       T(a_guest_that_runs_ahead_waits),
       T(a_guest_that_does_not_read_keeps_the_host_waiting),
       T(a_body_of_ten_gigabytes_takes_no_more_memory),
       T(an_early_answer_goes_on_at_once),
       T(an_early_answer_that_closes_ends_the_request),
       T(a_host_that_takes_no_more_may_still_answer),
       T(a_continue_is_the_hosts_to_say), T(a_cut_answer_does_not_look_whole),
       T(what_was_said_before_a_break_is_still_delivered),
       T(an_idle_host_that_closes_is_passed_on),
       T(a_host_that_never_answers_is_502),
       T(what_nobody_asked_for_does_not_reach_the_guest),
       T(a_guest_that_has_said_all_still_hears_its_answer),
       T(a_cut_request_does_not_look_whole),
       T(a_body_that_breaks_its_framing_is_told),
       T(a_host_may_close_while_a_denied_body_is_read_away))
