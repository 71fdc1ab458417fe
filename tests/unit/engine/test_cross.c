/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cross.c - flows that the proxy opens: which are handed to it, what is
 * said of them, and their bytes both ways; the test is the proxy
 *
 * What the proxy says and how it ends is in test_cross_proxy.c.
 */
#include "crossed.h"

static const char get_api[] = "GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n";
static const char get_www[] = "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n";

/* --- which --- */

static void tls_to_an_intercepted_port_is_handed_over(void **state)
{
	struct hello h = hello_of("www.example.com", 0);
	struct given x;

	(void)state;
	crossing("intercept 443", "allow public", NULL);
	CHECK(guest_connect(&g, &c, &far4, 443));
	CHECK_EQ(n_given(), 0);
	say(h.b, h.len - 1);
	CHECK_EQ(n_given(), 0);
	say(h.b + h.len - 1, 1);
	CHECK_EQ(n_given(), 1);
	x = last();
	CHECK_EQ(x.x.kind, WEIR_HANDOVER_TLS);
	CHECK_EQ(flows(), 1);
	CHECK(weir_addr_is_equal(&x.x.to, &far4));
	CHECK_EQ(x.x.port, 443);
	CHECK_EQ(x.x.by, WEIR_JUDGE_BY_RULE);
	CHECK_EQ(x.x.rule, 1);
	assert_string_equal(x.x.shown, "www.example.com");
	CHECK_EQ(x.x.n_pins, 0);
	/* all of it is in the pair, nothing went to the host */
	CHECK_EQ(x.guest->up.len, h.len);
	assert_memory_equal(x.guest->up.b, h.b, h.len);
	CHECK(x.host->kind == TWIN_TCP && x.host->port == 443);
	CHECK_EQ(x.host->up.len, 0);
	/* which is the proxy's: closed here, and without a reset */
	CHECK(!x.host->open && !x.host->hard && !x.host->shut);
	CHECK_EQ(w.n_open, 2);
	CHECK_EQ(told(WEIR_EVENT_FLOW_OPEN), 1);
	assert_string_equal(ev.shown, "www.example.com");
	done();
}

static void by_ipv6_and_at_another_port_too(void **state)
{
	struct hello h = hello_of("www.example.com", 0);
	struct given x;

	(void)state;
	crossing("intercept 8443", "allow public", NULL);
	CHECK(guest_connect(&g, &c, &far6, 8443));
	say(h.b, h.len);
	CHECK_EQ(n_given(), 1);
	x = last();
	CHECK(weir_addr_is_equal(&x.x.to, &far6));
	CHECK_EQ(x.x.port, 8443);
	shows(&more[0], 443, "www.example.com"); /* not intercepted */
	CHECK_EQ(n_given(), 1);
	CHECK_EQ(server_got(443), h.len);
	done();
}

static void a_hello_without_a_name_is_handed_over(void **state)
{
	struct hello h = hello_of("www.example.com", 0);

	(void)state;
	crossing("intercept 443", "allow public", NULL);
	h.b[9 + 34 + 1 + 6 + 3] = 77; /* of another type than server_name */
	CHECK(guest_connect(&g, &c, &far4, 443));
	say(h.b, h.len);
	CHECK_EQ(n_given(), 1);
	assert_string_equal(last().x.shown, "");
	done();
}

static void a_bypassed_name_goes_by(void **state)
{
	struct hello h = hello_of("www.bank.example", 0);

	(void)state;
	crossing("intercept 443", "bypass *.bank.example", "allow public");
	shows(&c, 443, "www.bank.example");
	CHECK_EQ(n_given(), 0);
	CHECK_EQ(server_got(443), h.len);
	shows(&more[0], 443, "bank.example");
	CHECK_EQ(n_given(), 1);
	done();
}

static void a_guarded_name_is_handed_over_where_nothing_else_is(void **state)
{
	(void)state;
	crossing("guarded api.example.com", "allow public", NULL);
	shows(&c, 443, "www.example.com");
	CHECK_EQ(n_given(), 0);
	shows(&more[0], 443, "api.example.com");
	CHECK_EQ(n_given(), 1);
	CHECK_EQ(last().x.kind, WEIR_HANDOVER_TLS);
	shows(&more[1], 8443, "api.example.com"); /* not one of its ports */
	CHECK_EQ(n_given(), 1);
	CHECK(server_got(8443) > 0);
	done();
}

static void a_guarded_name_is_not_bypassed(void **state)
{
	(void)state;
	crossing("guarded api.example.com", "bypass *.example.com",
		 "allow public");
	w.policy[w.n_policy++] = "intercept 443";
	twin_policy(&w);
	twin_step(&w);
	shows(&c, 443, "www.example.com");
	CHECK_EQ(n_given(), 0);
	shows(&more[0], 443, "api.example.com");
	CHECK_EQ(n_given(), 1);
	done();
}

static void plain_http_is_handed_over_for_a_guarded_host_alone(void **state)
{
	(void)state;
	crossing("guarded api.example.com", "allow public", "intercept 443");
	CHECK(guest_connect(&g, &c, &far4, 80));
	say(get_api, strlen(get_api));
	CHECK_EQ(n_given(), 1);
	CHECK_EQ(last().x.kind, WEIR_HANDOVER_HTTP);
	CHECK_EQ(last().x.port, 80);
	assert_string_equal(last().x.shown, "api.example.com");
	CHECK(holds(&last().guest->up, "GET / HTTP/1.1\r\n"));
	CHECK(guest_connect(&g, &more[0], &far4, 80));
	CHECK(guest_send(&g, &more[0], (const uint8_t *)get_www,
			 strlen(get_www)));
	guest_talk(&g);
	CHECK_EQ(server_got(80), strlen(get_www));
	/* nor on the port of TLS */
	CHECK(guest_connect(&g, &more[1], &far4, 443));
	CHECK(guest_send(&g, &more[1], (const uint8_t *)get_www,
			 strlen(get_www)));
	guest_talk(&g);
	CHECK_EQ(server_got(443), strlen(get_www));
	CHECK_EQ(n_given(), 1);
	done();
}

static void a_guarded_host_is_not_asked_on_anothers_connection(void **state)
{
	(void)state;
	crossing("guarded api.example.com", "allow public", NULL);
	CHECK(guest_connect(&g, &c, &far4, 80));
	say(get_www, strlen(get_www));
	CHECK_EQ(server_got(80), strlen(get_www));
	twin_tcp_gives(&w, twin_find(&w, 80), "HTTP/1.1 204 No Content\r\n\r\n",
		       27);
	guest_talk(&g);
	say(get_api, strlen(get_api));
	CHECK_EQ(n_given(), 0);
	CHECK_EQ(server_got(80), strlen(get_www));
	CHECK_EQ(told(WEIR_EVENT_DENY), 1);
	CHECK_EQ(ev.reason, WEIR_REASON_SHOWN_MISMATCH);
	done();
}

static void what_is_neither_tls_nor_http_goes_by(void **state)
{
	(void)state;
	crossing("intercept 443", "allow public", NULL);
	CHECK(guest_connect(&g, &c, &far4, 443));
	say("\1\2\3 hello", 9);
	CHECK_EQ(n_given(), 0);
	CHECK_EQ(server_got(443), 9);
	done();
}

static void what_the_policy_denies_is_not_handed_over(void **state)
{
	(void)state;
	crossing("intercept 443", "deny ads.example.com", "allow public");
	shows(&c, 443, "ads.example.com");
	CHECK_EQ(n_given(), 0);
	CHECK(c.rst && is_gone(443));
	CHECK_EQ(counted(WEIR_REASON_RULE), 1);
	done();
}

static void a_server_that_speaks_first_is_not_opened(void **state)
{
	struct hello h = hello_of("www.example.com", 0);

	(void)state;
	crossing("intercept 443", "allow public", NULL);
	CHECK(guest_connect(&g, &c, &far4, 443));
	twin_tcp_gives(&w, twin_find(&w, 443), "hi", 2);
	guest_talk(&g);
	CHECK_EQ(c.in.len, 2);
	say(h.b, h.len);
	CHECK_EQ(n_given(), 0);
	CHECK(c.rst);
	CHECK_EQ(counted(WEIR_REASON_BAD_HEAD), 1);
	done();
}

static void a_client_at_a_published_port_is_never_handed_over(void **state)
{
	const struct weir_charter_door door = { .id = 1,
						.bind = weir_addr_from4(0),
						.port = 443,
						.guest_port = 443,
						.preserve_source = true };
	struct hello h = hello_of("api.example.com", 0);
	struct twin_sock *s;

	(void)state;
	crossing("intercept 443", "guarded api.example.com", "allow in any");
	s = twin_door(&w, &door);
	twin_step(&w);
	guest_listen(&g, &c, 443, true);
	twin_calls(&w, s, &far4, 443, h.b, h.len);
	guest_talk(&g);
	guest_talk(&g);
	CHECK_EQ(n_given(), 0);
	CHECK_EQ(c.in.len, h.len);
	/* and what the guest says back is no hello either */
	say(h.b, h.len);
	CHECK_EQ(n_given(), 0);
	CHECK_EQ(server_got(443), h.len);
	done();
}

/* --- what is said --- */

static void no_more_than_32_pins_are_said(void **state)
{
	char name[40];

	(void)state;
	crossing("intercept 443", "allow public", NULL);
	for (unsigned i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "n%u.example.com", i);
		pin(&far4, name);
	}
	shows(&c, 443, "n39.example.com");
	CHECK_EQ(last().x.n_pins, WEIR_HANDOVER_PINS_MAX);
	assert_string_equal(last().x.pin[0], "n39.example.com");
	for (unsigned i = 0; i < WEIR_HANDOVER_PINS_MAX; i++)
		CHECK(strstr(last().x.pin[i], ".example.com"));
	done();
}

/* Labels of bytes that are written \001: four times as long as text. */
static void pin_odd(unsigned labels, uint8_t len)
{
	struct weir_house *h = (struct weir_house *)(uintptr_t)w.house;
	struct weir_dns_name name = { .len = 0 };

	for (unsigned i = 0; i < labels; i++) {
		name.b[name.len++] = len;
		for (uint8_t n = 0; n < len; n++)
			name.b[name.len++] = 1;
	}
	name.b[name.len++] = 0;
	weir_pins_add(&h->pins, &far4, &name, 300, h->now_us);
}

static void a_pin_that_is_no_name_of_a_host_is_said_if_it_fits(void **state)
{
	(void)state;
	crossing("intercept 443", "allow public", NULL);
	pin_odd(3, 62);
	pin(&far4, "www.example.com");
	pin_odd(1, 2);
	shows(&c, 443, "www.example.com");
	CHECK_EQ(last().x.n_pins, 2);
	assert_string_equal(last().x.pin[0], "\\001\\001");
	assert_string_equal(last().x.pin[1], "www.example.com");
	done();
}

static void the_longest_name_is_said_whole(void **state)
{
	char name[WEIR_HANDOVER_NAME_BYTES] = { 0 };

	(void)state;
	crossing("intercept 443", "allow public", NULL);
	memset(name, 'a', 253);
	name[63] = name[127] = name[191] = '.';
	pin(&far4, name);
	shows(&c, 443, name);
	CHECK_EQ(n_given(), 1);
	assert_string_equal(last().x.shown, name);
	CHECK_EQ(last().x.n_pins, 1);
	assert_string_equal(last().x.pin[0], name);
	done();
}

static void a_default_and_the_rule_that_allow_it_are_said(void **state)
{
	(void)state;
	policy("intercept 443", "deny www.example.org");
	w.policy[w.n_policy++] = "allow api.example.com";
	w.policy_flags |= WEIR_IMAGE_ALLOW_OUT;
	begin();
	proxy = twin_proxy(&w);
	twin_step(&w);
	pin(&far4, "api.example.com");
	shows(&c, 443, "api.example.com");
	CHECK_EQ(last().x.rule, 2);
	CHECK_EQ(last().x.by, WEIR_JUDGE_BY_RULE);
	shows(&more[0], 443, "www.example.com");
	CHECK_EQ(n_given(), 2);
	CHECK_EQ(last().x.by, WEIR_JUDGE_BY_DEFAULT);
	CHECK_EQ(last().x.rule, 0);
	done();
}

/* --- bytes --- */

static void bytes_go_both_ways(void **state)
{
	static uint8_t much[300000];
	struct given x;
	size_t had;

	(void)state;
	x = crossed();
	had = x.guest->up.len;
	c.greedy = true;
	guest_fill(much, 0, sizeof(much));
	twin_tcp_gives(&w, x.guest, much, sizeof(much));
	guest_pass_ms(&g, 1000);
	CHECK_EQ(c.in.len, sizeof(much));
	CHECK(guest_is_filled(c.in.b, 0, c.in.len));
	twin_tcp_takes(&w, x.guest, 5000);
	CHECK(!guest_send(&g, &c, much, sizeof(much)));
	CHECK_EQ(x.guest->up.len, had + 5000);
	twin_tcp_takes(&w, x.guest, TWIN_EVER);
	guest_pass_ms(&g, 1000);
	CHECK(x.guest->up.len > had + 5000);
	CHECK(guest_is_filled(x.guest->up.b + had, 0, x.guest->up.len - had));
	CHECK_EQ(x.host->up.len, 0);
	done();
}

static void the_guest_ends_first(void **state)
{
	struct given x;

	(void)state;
	x = crossed();
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK(x.guest->shut && x.guest->open && !c.fin);
	twin_tcp_gives(&w, x.guest, "late", 4);
	guest_talk(&g);
	CHECK_EQ(c.in.len, 4);
	handed(x.x.flow, WEIR_HANDOVER_CLOSED, WEIR_REASON_NONE);
	twin_parts(&w, x.guest);
	guest_talk(&g);
	CHECK(c.fin && !c.rst);
	guest_segment(&g, &c, WEIR_TCP_ACK, NULL, 0);
	guest_pass_ms(&g, WEIR_TIME_WAIT_MS + 100);
	CHECK(flows() == 0 && !x.guest->open);
	CHECK_EQ(counted(WEIR_REASON_CLOSED), 1);
	CHECK_EQ(told(WEIR_EVENT_FLOW_CLOSE), 1);
	CHECK_EQ(ev.reason, WEIR_REASON_CLOSED);
	CHECK_EQ(ev.down, 4);
	done();
}

static void the_proxy_ends_first(void **state)
{
	struct given x;
	size_t had;

	(void)state;
	x = crossed();
	had = x.guest->up.len;
	twin_tcp_gives(&w, x.guest, "all", 3);
	twin_tcp_ends(&w, x.guest);
	guest_talk(&g);
	CHECK(c.fin && !c.rst);
	CHECK_EQ(c.in.len, 3);
	guest_segment(&g, &c, WEIR_TCP_ACK, (const uint8_t *)"mine", 4);
	guest_talk(&g);
	CHECK_EQ(x.guest->up.len, had + 4);
	CHECK(!x.guest->shut);
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK(!x.guest->open && !x.guest->hard && x.guest->shut);
	guest_pass_ms(&g, WEIR_TIME_WAIT_MS + 100);
	CHECK_EQ(counted(WEIR_REASON_CLOSED), 1);
	done();
}

static void a_reset_of_the_guest_closes_the_pair(void **state)
{
	struct given x;

	(void)state;
	x = crossed();
	guest_segment(&g, &c, WEIR_TCP_RST | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK(!x.guest->open && !x.guest->shut);
	CHECK_EQ(counted(WEIR_REASON_GUEST_RESET), 1);
	handed(x.x.flow, WEIR_HANDOVER_RESET, WEIR_REASON_NONE);
	guest_talk(&g);
	CHECK_EQ(counted(WEIR_REASON_HOST_RESET), 0);
	done();
}

static void a_host_that_ended_before_does_not_keep_the_flow(void **state)
{
	struct hello h = hello_of("www.example.com", 0);
	struct given x;

	(void)state;
	for (unsigned reset = 0; reset < 2; reset++) {
		crossing("intercept 443", "allow public", NULL);
		CHECK(guest_connect(&g, &c, &far4, 443));
		twin_tcp_ends(&w, twin_find(&w, 443));
		guest_talk(&g);
		CHECK(c.fin);
		say(h.b, h.len);
		CHECK_EQ(n_given(), 1);
		x = last();
		handed(x.x.flow,
		       reset ? WEIR_HANDOVER_RESET : WEIR_HANDOVER_CLOSED,
		       WEIR_REASON_NONE);
		twin_parts(&w, x.guest);
		guest_talk(&g);
		CHECK_EQ(c.rst, reset);
		guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
		guest_pass_ms(&g, WEIR_TIME_WAIT_MS + 100);
		CHECK_EQ(flows(), 0);
		done();
	}
}

static void an_end_behind_the_hello_goes_there_too(void **state)
{
	struct hello h = hello_of("www.example.com", 0);

	(void)state;
	crossing("intercept 443", "allow public", NULL);
	CHECK(guest_connect(&g, &c, &far4, 443));
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, h.b, h.len);
	guest_talk(&g);
	CHECK_EQ(n_given(), 1);
	CHECK_EQ(last().guest->up.len, h.len);
	CHECK(last().guest->shut && !last().host->shut);
	done();
}

/* --- what fails --- */

static void no_pair_can_be_had(void **state)
{
	(void)state;
	crossing("intercept 443", "allow public", NULL);
	w.pair_err = -EMFILE;
	shows(&c, 443, "www.example.com");
	CHECK_EQ(n_given(), 0);
	CHECK(c.rst && is_gone(443));
	CHECK_EQ(counted(WEIR_REASON_NO_FDS), 1);
	CHECK_EQ(w.n_open, 1);
	w.pair_err = 0;
	shows(&more[0], 443, "www.example.com");
	CHECK_EQ(n_given(), 1);
	done();
}

static void one_descriptor_is_too_few(void **state)
{
	(void)state;
	crossing("intercept 443", "allow public", NULL);
	w.max_socks = 3; /* the proxy's, the host's, and one */
	shows(&c, 443, "www.example.com");
	CHECK(c.rst);
	CHECK_EQ(counted(WEIR_REASON_NO_FDS), 1);
	CHECK_EQ(w.n_open, 1);
	done();
}

static void the_pair_cannot_be_watched(void **state)
{
	struct hello h = hello_of("www.example.com", 0);
	struct given x;

	(void)state;
	crossing("intercept 443", "allow public", NULL);
	CHECK(guest_connect(&g, &c, &far4, 443));
	w.watch_err = -ENOMEM;
	say(h.b, h.len);
	CHECK(c.rst);
	CHECK_EQ(counted(WEIR_REASON_NO_MEMORY), 1);
	x = last(); /* the proxy has it, and sees that it is closed */
	CHECK(!x.guest->open && !x.host->open);
	CHECK_EQ(w.n_open, 1);
	handed(x.x.flow, WEIR_HANDOVER_RESET, WEIR_REASON_NONE);
	guest_talk(&g);
	done();
}

/* --- another policy, and the end --- */

static void another_policy_denies_what_was_handed_over(void **state)
{
	struct given x;

	(void)state;
	x = crossed();
	w.policy[1] = "deny any";
	twin_policy(&w);
	guest_talk(&g);
	CHECK(c.rst);
	CHECK(!x.guest->open);
	CHECK_EQ(counted(WEIR_REASON_POLICY_CHANGED), 1);
	done();
}

static void the_same_policy_again_harms_none_that_was_handed_over(void **state)
{
	struct given x;

	(void)state;
	x = crossed();
	twin_policy(&w);
	guest_talk(&g);
	w.policy[0] = "allow api.example.com"; /* nothing is intercepted */
	twin_policy(&w);
	guest_talk(&g);
	twin_tcp_gives(&w, x.guest, "still", 5);
	guest_talk(&g);
	CHECK(!c.rst && x.guest->open);
	CHECK_EQ(c.in.len, 5);
	done();
}

static void half_a_hello_goes_by_once_nothing_is_intercepted(void **state)
{
	struct hello h = hello_of("www.example.com", 0);

	(void)state;
	crossing("allow public", "intercept 443", NULL);
	CHECK(guest_connect(&g, &c, &far4, 443));
	say(h.b, 30);
	CHECK_EQ(server_got(443), 0);
	w.n_policy = 1;
	twin_policy(&w);
	guest_talk(&g);
	say(h.b + 30, h.len - 30);
	CHECK_EQ(server_got(443), h.len);
	CHECK_EQ(n_given(), 0);
	done();
}

static void one_that_is_open_is_not_handed_over_later(void **state)
{
	struct hello h = hello_of("www.example.com", 0);

	(void)state;
	crossing("allow public", "intercept 443", NULL);
	w.n_policy = 1;
	twin_policy(&w);
	twin_step(&w);
	shows(&c, 443, "www.example.com");
	CHECK_EQ(server_got(443), h.len);
	w.n_policy = 2;
	twin_policy(&w);
	guest_talk(&g);
	say(h.b, h.len);
	CHECK_EQ(n_given(), 0);
	CHECK_EQ(server_got(443), 2 * h.len);
	done();
}

static void the_network_stops(void **state)
{
	struct given x;

	(void)state;
	x = crossed();
	shows(&more[0], 443, "www.example.org");
	twin_order(&w, WEIR_MSG_STOP, "", 0);
	twin_step(&w);
	CHECK(w.over);
	CHECK(!x.guest->open && !proxy->open);
	done();
}

static void a_stop_waits_for_what_the_proxy_has_not_read(void **state)
{
	struct given x;
	size_t had;

	(void)state;
	x = crossed();
	had = x.guest->up.len;
	twin_tcp_takes(&w, x.guest, 0);
	say("last words", 10);
	twin_order(&w, WEIR_MSG_STOP, "", 0);
	twin_step(&w);
	CHECK(!w.over);
	twin_tcp_takes(&w, x.guest, TWIN_EVER);
	twin_step(&w);
	CHECK(w.over);
	CHECK_EQ(x.guest->up.len, had + 10);
	done();
}

T_MAIN(T(tls_to_an_intercepted_port_is_handed_over),
       T(by_ipv6_and_at_another_port_too),
       T(a_hello_without_a_name_is_handed_over), T(a_bypassed_name_goes_by),
       T(a_guarded_name_is_handed_over_where_nothing_else_is),
       T(a_guarded_name_is_not_bypassed),
       T(plain_http_is_handed_over_for_a_guarded_host_alone),
       T(a_guarded_host_is_not_asked_on_anothers_connection),
       T(what_is_neither_tls_nor_http_goes_by),
       T(what_the_policy_denies_is_not_handed_over),
       T(a_server_that_speaks_first_is_not_opened),
       T(a_client_at_a_published_port_is_never_handed_over),
       T(no_more_than_32_pins_are_said),
       T(a_pin_that_is_no_name_of_a_host_is_said_if_it_fits),
       T(the_longest_name_is_said_whole),
       T(a_default_and_the_rule_that_allow_it_are_said), T(bytes_go_both_ways),
       T(the_guest_ends_first), T(the_proxy_ends_first),
       T(a_reset_of_the_guest_closes_the_pair),
       T(a_host_that_ended_before_does_not_keep_the_flow),
       T(an_end_behind_the_hello_goes_there_too), T(no_pair_can_be_had),
       T(one_descriptor_is_too_few), T(the_pair_cannot_be_watched),
       T(another_policy_denies_what_was_handed_over),
       T(the_same_policy_again_harms_none_that_was_handed_over),
       T(half_a_hello_goes_by_once_nothing_is_intercepted),
       T(one_that_is_open_is_not_handed_over_later), T(the_network_stops),
       T(a_stop_waits_for_what_the_proxy_has_not_read))
