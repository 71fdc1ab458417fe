/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cross_proxy.c - the proxy of flows that it opens: what it says of them,
 * that it is full, dies, lies, or is not there
 */
#include "crossed.h"
#include "wings.h"

/* --- how one ended --- */

static void a_reset_with_a_reason_is_counted_as_that(void **state)
{
	struct given x;

	(void)state;
	x = crossed();
	twin_tcp_gives(&w, x.guest, "alert", 5);
	handed(x.x.flow, WEIR_HANDOVER_RESET, WEIR_REASON_UPSTREAM_CERT);
	twin_parts(&w, x.guest);
	guest_talk(&g);
	CHECK_EQ(c.in.len, 5); /* what came before it comes first */
	guest_segment(&g, &c, WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK(c.rst && !c.fin);
	CHECK(!x.guest->open);
	CHECK_EQ(counted(WEIR_REASON_UPSTREAM_CERT), 1);
	CHECK_EQ(counted(WEIR_REASON_HOST_RESET), 0);
	CHECK_EQ(told(WEIR_EVENT_FLOW_CLOSE), 1);
	CHECK_EQ(ev.reason, WEIR_REASON_UPSTREAM_CERT);
	done();
}

static void a_reset_without_a_reason_is_the_hosts(void **state)
{
	struct given x;

	(void)state;
	x = crossed();
	handed(x.x.flow, WEIR_HANDOVER_RESET, WEIR_REASON_NONE);
	twin_parts(&w, x.guest);
	guest_talk(&g);
	CHECK(c.rst && !c.fin);
	CHECK_EQ(counted(WEIR_REASON_HOST_RESET), 1);
	done();
}

/* A refusal that the guest was told in words ends in order. */
static void an_end_in_order_may_have_a_reason(void **state)
{
	struct given x;

	(void)state;
	x = crossed();
	twin_tcp_gives(&w, x.guest, "403", 3);
	handed(x.x.flow, WEIR_HANDOVER_CLOSED, WEIR_REASON_HTTP_RULE);
	twin_parts(&w, x.guest);
	guest_talk(&g);
	CHECK(c.fin && !c.rst);
	CHECK_EQ(c.in.len, 3);
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
	guest_pass_ms(&g, WEIR_TIME_WAIT_MS + 100);
	CHECK_EQ(flows(), 0);
	CHECK_EQ(counted(WEIR_REASON_HTTP_RULE), 1);
	CHECK_EQ(counted(WEIR_REASON_CLOSED), 0);
	done();
}

/* The end of the pair is read in a turn that has not heard the proxy yet. */
static void
the_proxy_is_heard_before_the_end_of_a_pair_is_believed(void **state)
{
	struct given x;

	(void)state;
	x = crossed();
	proxy->watched = false; /* as if it came a moment later */
	for (unsigned i = 0; i < 200; i++)
		denied(x.x.flow, WEIR_JUDGE_BY_RULE, 1, "GET", "/");
	handed(x.x.flow, WEIR_HANDOVER_RESET, WEIR_REASON_UPSTREAM_CERT);
	twin_parts(&w, x.guest);
	guest_talk(&g);
	proxy->watched = true;
	CHECK(c.rst && !c.fin);
	CHECK_EQ(counted(WEIR_REASON_UPSTREAM_CERT), 1);
	done();
}

static void and_that_it_died_too(void **state)
{
	struct given x;

	(void)state;
	x = crossed();
	proxy->watched = false;
	twin_dies(&w, proxy);
	guest_talk(&g);
	CHECK(c.rst && !c.fin);
	CHECK(!x.guest->open && !proxy->open);
	CHECK_EQ(counted(WEIR_REASON_PROXY_DOWN), 1);
	done();
}

static void a_reset_comes_behind_what_the_pair_holds(void **state)
{
	struct given x;

	(void)state;
	x = crossed();
	handed(x.x.flow, WEIR_HANDOVER_RESET, WEIR_REASON_NONE);
	guest_talk(&g);
	twin_tcp_gives(&w, x.guest, "page", 4);
	guest_talk(&g);
	CHECK_EQ(c.in.len, 4);
	CHECK(!c.rst); /* until it ends */
	guest_segment(&g, &c, WEIR_TCP_ACK, NULL, 0);
	twin_parts(&w, x.guest);
	guest_talk(&g);
	CHECK(c.rst && !c.fin);
	done();
}

static void but_not_behind_what_the_guest_does_not_read(void **state)
{
	struct given x;

	(void)state;
	x = crossed();
	c.window = 0;
	guest_segment(&g, &c, WEIR_TCP_ACK, NULL, 0);
	twin_tcp_gives(&w, x.guest, "page", 4);
	guest_talk(&g);
	handed(x.x.flow, WEIR_HANDOVER_RESET, WEIR_REASON_NONE);
	twin_parts(&w, x.guest);
	guest_talk(&g);
	CHECK(c.rst);
	CHECK_EQ(c.in.len, 0);
	CHECK(flows() == 0 && !x.guest->open);
	done();
}

static void an_end_of_a_flow_that_is_over_harms_no_other(void **state)
{
	struct given x, y;

	(void)state;
	x = crossed();
	guest_segment(&g, &c, WEIR_TCP_RST | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	shows(&more[0], 443, "www.example.org"); /* in its place */
	y = last();
	CHECK(y.x.flow != x.x.flow);
	handed(x.x.flow, WEIR_HANDOVER_RESET, WEIR_REASON_UPSTREAM_CERT);
	guest_talk(&g);
	twin_tcp_gives(&w, y.guest, "fine", 4);
	twin_tcp_ends(&w, y.guest);
	guest_talk(&g);
	CHECK(more[0].fin && !more[0].rst);
	CHECK_EQ(more[0].in.len, 4);
	done();
}

/* --- requests that were refused --- */

static void a_denied_request_is_counted_and_told(void **state)
{
	struct given x;

	(void)state;
	x = crossed();
	denied(x.x.flow, WEIR_JUDGE_BY_RULE, 1, "POST", "/v1/x?key=secret");
	guest_talk(&g);
	CHECK_EQ(counted(WEIR_REASON_HTTP_RULE), 1);
	CHECK_EQ(told(WEIR_EVENT_DENY), 1);
	CHECK(ev.has & WEIR_EVENT_HAS_REQUEST && ev.has & WEIR_EVENT_HAS_FLOW);
	assert_string_equal(ev.method, "POST");
	assert_string_equal(ev.path, "/v1/x");
	assert_string_equal(ev.shown, "www.example.com");
	CHECK_EQ(ev.reason, WEIR_REASON_HTTP_RULE);
	CHECK_EQ(ev.by, WEIR_EVENT_BY_RULE);
	CHECK_EQ(ev.rule, 1);
	assert_string_equal(ev.text, "allow public");
	/* its connection goes on */
	CHECK(!c.rst && !c.fin && x.guest->open);
	denied(x.x.flow, WEIR_JUDGE_BY_RULE, 1, "GET", "/");
	guest_talk(&g);
	CHECK_EQ(counted(WEIR_REASON_HTTP_RULE), 2);
	CHECK_EQ(told(WEIR_EVENT_DENY), 2);
	done();
}

static void one_that_could_not_be_read_is_told_without_it(void **state)
{
	struct given x;

	(void)state;
	x = crossed();
	denied(x.x.flow, WEIR_JUDGE_BY_NOTHING, 0, "", "");
	guest_talk(&g);
	CHECK_EQ(told(WEIR_EVENT_DENY), 1);
	CHECK(!(ev.has & WEIR_EVENT_HAS_REQUEST));
	CHECK_EQ(ev.by, WEIR_EVENT_BY_NOTHING);
	done();
}

static void a_rule_that_is_none_has_no_text(void **state)
{
	static const uint32_t number[] = { 2, 70000, UINT32_MAX };
	static const uint8_t by[] = { WEIR_JUDGE_BY_BOUNDS, 77, 255 };
	struct given x;

	(void)state;
	x = crossed();
	for (unsigned i = 0; i < 3; i++) {
		denied(x.x.flow, WEIR_JUDGE_BY_RULE, number[i], "GET", "/");
		guest_talk(&g);
		CHECK_EQ(told(WEIR_EVENT_DENY), i + 1);
		CHECK(!(ev.has & WEIR_EVENT_HAS_TEXT));
	}
	for (unsigned i = 0; i < 3; i++) {
		denied(x.x.flow, by[i], 1, "GET", "/");
		guest_talk(&g);
		CHECK_EQ(told(WEIR_EVENT_DENY), i + 4);
		CHECK_EQ(ev.by, WEIR_EVENT_BY_NOTHING);
	}
	done();
}

static void a_denial_in_a_flow_that_is_over_is_counted_only(void **state)
{
	struct given x;

	(void)state;
	x = crossed();
	guest_segment(&g, &c, WEIR_TCP_RST | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	denied(x.x.flow, WEIR_JUDGE_BY_RULE, 1, "GET", "/");
	denied(UINT64_MAX, WEIR_JUDGE_BY_RULE, 1, "GET", "/");
	denied(0, WEIR_JUDGE_BY_RULE, 1, "GET", "/");
	guest_talk(&g);
	CHECK_EQ(counted(WEIR_REASON_HTTP_RULE), 3);
	CHECK_EQ(told(WEIR_EVENT_DENY), 0);
	done();
}

/* --- there is none, or it is full --- */

static void without_a_proxy_it_is_proxy_down(void **state)
{
	(void)state;
	policy("intercept 443", "allow public");
	begin();
	shows(&c, 443, "www.example.com");
	CHECK(c.rst && is_gone(443));
	CHECK_EQ(counted(WEIR_REASON_PROXY_DOWN), 1);
	CHECK_EQ(w.n_open, 0);
	CHECK(guest_connect(&g, &more[0], &far4,
			    80)); /* others are none of it */
	done();
}

static void with_drop_that_is_silence(void **state)
{
	struct hello h = hello_of("www.example.com", 0);

	(void)state;
	policy("intercept 443", "allow public");
	w.policy_flags |= WEIR_IMAGE_DROP;
	begin();
	CHECK(guest_connect(&g, &c, &far4, 443));
	c.frames = 0;
	guest_segment(&g, &c, WEIR_TCP_ACK, h.b, h.len);
	guest_pass_ms(&g, 5000);
	CHECK_EQ(c.frames, 0);
	CHECK_EQ(w.n_open, 0);
	done();
}

static void one_that_cannot_be_watched_is_none(void **state)
{
	(void)state;
	policy("intercept 443", "allow public");
	begin();
	w.watch_err = -ENOMEM;
	proxy = twin_proxy(&w);
	twin_step(&w);
	w.watch_err = 0;
	CHECK(!proxy->open);
	shows(&c, 443, "www.example.com");
	CHECK(c.rst);
	CHECK_EQ(counted(WEIR_REASON_PROXY_DOWN), 1);
	done();
}

static void while_it_is_full_flows_wait_and_then_go_on(void **state)
{
	struct hello h = hello_of("n0.example.com", 0);
	char name[] = "n0.example.com";

	(void)state;
	crossing("intercept 443", "allow public", NULL);
	proxy->space = 0;
	for (unsigned i = 0; i < 10; i++) {
		name[1] = (char)('0' + i);
		shows(&more[i], 443, name);
	}
	guest_pass_ms(&g, 10000);
	CHECK_EQ(n_given(), 0);
	CHECK(proxy->out);
	shows(&c, 80, "www.example.com"); /* it is none of its own */
	CHECK(server_got(80) > 0);
	/* one at a time */
	for (unsigned i = 0; i < 10; i++) {
		CHECK_EQ(n_given(), i);
		proxy->space = 1;
		twin_poke(proxy);
		guest_talk(&g);
	}
	CHECK_EQ(n_given(), 10);
	for (unsigned i = 0; i < 10; i++) {
		CHECK(!more[i].rst);
		CHECK_EQ(given(i).guest->up.len, h.len);
	}
	CHECK_EQ(w.house->streams.waiting, 0);
	proxy->space = TWIN_EVER;
	twin_poke(proxy);
	guest_talk(&g);
	CHECK(!proxy->out); /* else it would turn and turn */
	done();
}

static void they_wait_so_long_and_no_longer(void **state)
{
	(void)state;
	crossing("intercept 443", "allow public", NULL);
	proxy->space = 0;
	shows(&c, 443, "www.example.com");
	guest_pass_ms(&g, WEIR_FIRST_MS - 100);
	CHECK(!c.rst);
	guest_pass_ms(&g, 200);
	CHECK(c.rst);
	CHECK_EQ(counted(WEIR_REASON_PROXY_DOWN), 1);
	CHECK_EQ(w.house->streams.waiting, 0);
	/* and the next one is not refused for that */
	shows(&more[0], 443, "www.example.com");
	CHECK(!more[0].rst);
	twin_tcp_takes(&w, proxy, TWIN_EVER);
	guest_talk(&g);
	CHECK_EQ(n_given(), 1);
	done();
}

static void one_that_waits_may_be_denied_meanwhile(void **state)
{
	(void)state;
	crossing("intercept 443", "allow public", NULL);
	proxy->space = 0;
	shows(&c, 443, "www.example.com");
	w.policy[1] = "deny any";
	twin_policy(&w);
	guest_talk(&g);
	CHECK(c.rst);
	CHECK_EQ(counted(WEIR_REASON_POLICY_CHANGED), 1);
	twin_tcp_takes(&w, proxy, TWIN_EVER);
	guest_talk(&g);
	CHECK_EQ(n_given(), 0);
	done();
}

static void one_that_waits_may_be_reset_or_end(void **state)
{
	(void)state;
	crossing("intercept 443", "allow public", NULL);
	proxy->space = 0;
	shows(&c, 443, "www.example.com");
	shows(&more[0], 443, "www.example.com");
	guest_segment(&g, &c, WEIR_TCP_RST | WEIR_TCP_ACK, NULL, 0);
	guest_segment(&g, &more[0], WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK_EQ(w.house->streams.waiting, 1);
	twin_tcp_takes(&w, proxy, TWIN_EVER);
	guest_talk(&g);
	CHECK_EQ(n_given(), 1);
	CHECK(last().guest->shut); /* its end goes there, too */
	CHECK_EQ(w.house->streams.waiting, 0);
	done();
}

static void those_that_wait_are_for_the_next_proxy(void **state)
{
	struct twin_sock *old;

	(void)state;
	crossing("intercept 443", "allow public", NULL);
	proxy->space = 0;
	shows(&c, 443, "www.example.com");
	old = proxy;
	proxy = twin_proxy(&w);
	guest_talk(&g);
	CHECK(!old->open);
	CHECK_EQ(n_given(), 1);
	CHECK(!c.rst);
	done();
}

static void one_that_dies_full_refuses_those_that_wait(void **state)
{
	(void)state;
	crossing("intercept 443", "allow public", NULL);
	proxy->space = 0;
	shows(&c, 443, "www.example.com");
	twin_dies(&w, proxy);
	guest_talk(&g);
	CHECK(c.rst);
	CHECK_EQ(counted(WEIR_REASON_PROXY_DOWN), 1);
	CHECK_EQ(w.n_open, 0);
	done();
}

/* --- it dies --- */

static void when_it_dies_its_flows_end_and_no_others(void **state)
{
	struct given x;

	(void)state;
	x = crossed();
	shows(&more[0], 443, "www.example.org");
	shows(&more[1], 80, "www.example.net");
	twin_tcp_gives(&w, x.guest, "some", 4);
	twin_dies(&w, proxy);
	guest_talk(&g);
	CHECK(c.rst && more[0].rst && !more[1].rst);
	CHECK(!c.fin && !more[0].fin);
	CHECK(!proxy->open);
	CHECK_EQ(w.n_open, 1);
	CHECK_EQ(counted(WEIR_REASON_PROXY_DOWN), 2);
	CHECK_EQ(told(WEIR_EVENT_FLOW_CLOSE), 2);
	CHECK_EQ(ev.reason, WEIR_REASON_PROXY_DOWN);
	shows(&more[2], 443, "www.example.com");
	CHECK(more[2].rst);
	/* the next one serves */
	proxy = twin_proxy(&w);
	twin_step(&w);
	shows(&more[3], 443, "www.example.com");
	CHECK_EQ(n_given(), 1);
	CHECK(!more[3].rst);
	done();
}

static void it_is_found_dead_by_a_handover(void **state)
{
	(void)state;
	crossing("intercept 443", "allow public", NULL);
	CHECK(guest_connect(&g, &c, &far4, 443));
	proxy->watched = false;
	proxy->gone = true;
	say(hello_of("www.example.com", 0).b,
	    hello_of("www.example.com", 0).len);
	CHECK(c.rst);
	CHECK_EQ(counted(WEIR_REASON_PROXY_DOWN), 1);
	proxy->watched = true;
	twin_poke(proxy);
	guest_talk(&g);
	CHECK(!proxy->open);
	done();
}

static void another_one_ends_what_the_one_before_had(void **state)
{
	struct twin_sock *old;

	(void)state;
	(void)crossed();
	old = proxy;
	proxy = twin_proxy(&w);
	guest_talk(&g);
	CHECK(!old->open && c.rst);
	CHECK_EQ(counted(WEIR_REASON_PROXY_DOWN), 1);
	shows(&more[0], 443, "www.example.com");
	CHECK_EQ(n_given(), 1);
	done();
}

/* --- it lies --- */

static void what_cannot_be_read_is_not_heard(void **state)
{
	static const enum weir_msg_kind kind[] = {
		WEIR_MSG_STOP,   WEIR_MSG_CHARTER,  WEIR_MSG_LINK,
		WEIR_MSG_POLICY, WEIR_MSG_PROXY,    WEIR_MSG_BYE,
		WEIR_MSG_EVENTS, WEIR_MSG_HANDOVER, WEIR_MSG_HANDED,
		WEIR_MSG_DENIED
	};
	static uint8_t junk[3000];
	struct given x;

	(void)state;
	x = crossed();
	memset(junk, 0xff, sizeof(junk));
	memcpy(junk, &x.x.flow, 8);
	for (unsigned i = 0; i < 10; i++) {
		for (size_t n = 0; n < 60; n++)
			twin_says(&w, proxy, kind[i], junk, n, 0);
		twin_says(&w, proxy, kind[i], junk, sizeof(junk), 0);
		twin_says(&w, proxy, kind[i], junk, 4, -EPROTO);
	}
	guest_talk(&g);
	CHECK(!proxy->come.first); /* 620 of them: more than one turn's */
	CHECK(!c.rst && x.guest->open && proxy->open);
	CHECK_EQ(told(WEIR_EVENT_DENY), 0);
	denied(x.x.flow, WEIR_JUDGE_BY_RULE, 1, "GET", "/");
	guest_talk(&g);
	CHECK_EQ(counted(WEIR_REASON_HTTP_RULE), 1);
	done();
}

static void descriptors_that_it_sends_are_closed(void **state)
{
	struct given x;
	unsigned had;

	(void)state;
	x = crossed();
	had = w.n_open;
	for (unsigned i = 0; i < 3; i++) {
		int fd = twin_sock_open(TWIN_SPARE);

		twin_says(&w, proxy, i == 1 ? WEIR_MSG_PROXY : WEIR_MSG_HANDED,
			  "x", 1, 0)
			->fd = fd;
	}
	guest_talk(&g);
	CHECK_EQ(w.n_open, had);
	CHECK(x.guest->open && proxy->open);
	done();
}

static void an_end_of_what_it_was_not_given_is_not_believed(void **state)
{
	uint64_t id;

	(void)state;
	crossing("intercept 443", "allow public", NULL);
	shows(&c, 80, "www.example.com");
	id = weir_pool_id(&w.house->streams.pool, 0);
	handed(id, WEIR_HANDOVER_RESET, WEIR_REASON_UPSTREAM_CERT);
	handed(id, WEIR_HANDOVER_CLOSED, WEIR_REASON_UPSTREAM_CERT);
	handed(id | UINT64_C(1) << 63, WEIR_HANDOVER_RESET, WEIR_REASON_NONE);
	handed(0, WEIR_HANDOVER_RESET, WEIR_REASON_NONE);
	handed(UINT64_MAX, WEIR_HANDOVER_RESET, WEIR_REASON_NONE);
	guest_talk(&g);
	CHECK(!c.rst);
	twin_tcp_ends(&w, twin_find(&w, 80));
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	guest_segment(&g, &c, WEIR_TCP_ACK, NULL, 0);
	guest_pass_ms(&g, WEIR_TIME_WAIT_MS + 100);
	CHECK_EQ(counted(WEIR_REASON_CLOSED), 1);
	done();
}

static void a_denial_in_what_it_was_not_given_is_not_told(void **state)
{
	(void)state;
	crossing("intercept 443", "allow public", NULL);
	shows(&c, 80, "www.example.com");
	denied(weir_pool_id(&w.house->streams.pool, 0), WEIR_JUDGE_BY_RULE, 1,
	       "GET", "/");
	guest_talk(&g);
	CHECK_EQ(told(WEIR_EVENT_DENY), 0);
	done();
}

static void an_end_said_often_is_one(void **state)
{
	struct given x;

	(void)state;
	x = crossed();
	for (unsigned i = 0; i < 600; i++)
		handed(x.x.flow, WEIR_HANDOVER_RESET,
		       i ? WEIR_REASON_NO_PIN : WEIR_REASON_CLIENT_CERT);
	guest_talk(&g);
	twin_parts(&w, x.guest);
	guest_talk(&g);
	CHECK(c.rst);
	CHECK_EQ(counted(WEIR_REASON_CLIENT_CERT), 1);
	CHECK_EQ(counted(WEIR_REASON_NO_PIN), 0);
	done();
}

static void an_error_of_its_pair_is_its_end(void **state)
{
	(void)state;
	(void)crossed();
	twin_says(&w, proxy, WEIR_MSG_HANDED, "", 0, -ECONNRESET);
	guest_talk(&g);
	CHECK(!proxy->open && c.rst);
	CHECK_EQ(counted(WEIR_REASON_PROXY_DOWN), 1);
	done();
}

T_MAIN(T(a_reset_with_a_reason_is_counted_as_that),
       T(a_reset_without_a_reason_is_the_hosts),
       T(an_end_in_order_may_have_a_reason),
       T(the_proxy_is_heard_before_the_end_of_a_pair_is_believed),
       T(and_that_it_died_too), T(a_reset_comes_behind_what_the_pair_holds),
       T(but_not_behind_what_the_guest_does_not_read),
       T(an_end_of_a_flow_that_is_over_harms_no_other),
       T(a_denied_request_is_counted_and_told),
       T(one_that_could_not_be_read_is_told_without_it),
       T(a_rule_that_is_none_has_no_text),
       T(a_denial_in_a_flow_that_is_over_is_counted_only),
       T(without_a_proxy_it_is_proxy_down), T(with_drop_that_is_silence),
       T(one_that_cannot_be_watched_is_none),
       T(while_it_is_full_flows_wait_and_then_go_on),
       T(they_wait_so_long_and_no_longer),
       T(one_that_waits_may_be_denied_meanwhile),
       T(one_that_waits_may_be_reset_or_end),
       T(those_that_wait_are_for_the_next_proxy),
       T(one_that_dies_full_refuses_those_that_wait),
       T(when_it_dies_its_flows_end_and_no_others),
       T(it_is_found_dead_by_a_handover),
       T(another_one_ends_what_the_one_before_had),
       T(what_cannot_be_read_is_not_heard),
       T(descriptors_that_it_sends_are_closed),
       T(an_end_of_what_it_was_not_given_is_not_believed),
       T(a_denial_in_what_it_was_not_given_is_not_told),
       T(an_end_said_often_is_one), T(an_error_of_its_pair_is_its_end))
