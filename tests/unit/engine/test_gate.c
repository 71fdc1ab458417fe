/* SPDX-License-Identifier: Apache-2.0 */
/* test_gate.c - flows whose bytes are looked at: at the edges, and in the log */
#include "packet/icmp.h"
#include "record/event.h"
#include "shown.h"

/* After that request, which goes on, one that shows a denied name does not. */
static void opens_no_gate(const char *request)
{
	static const char denied[] =
		"GET / HTTP/1.1\r\nHost: ads.example.com\r\n\r\n";

	policy("deny ads.example.com", "allow public");
	begin();
	CHECK(guest_connect(&g, &c, &far4, 80));
	say(request, strlen(request));
	CHECK_EQ(server_got(80), strlen(request));
	say(denied, strlen(denied));
	CHECK_EQ(server_got(80), strlen(request));
	done();
}

static void a_first_host_that_is_an_address_opens_no_gate(void **state)
{
	(void)state;
	opens_no_gate("GET / HTTP/1.1\r\nHost: 93.184.1.2\r\n\r\n");
}

static void a_first_host_that_is_allowed_opens_no_gate(void **state)
{
	(void)state;
	opens_no_gate("GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n");
}

static void a_first_request_without_a_host_opens_no_gate(void **state)
{
	(void)state;
	opens_no_gate("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
}

static void nothing_is_said_behind_the_end_of_the_server(void **state)
{
	static const char ask[] =
		"GET /x HTTP/1.1\r\nHost: evil.example\r\n\r\n";

	(void)state;
	connect_named(80);
	twin_tcp_gives(&w, twin_find(&w, 80), "bye", 3);
	twin_tcp_ends(&w, twin_find(&w, 80));
	twin_step(&w); /* the FIN is under way, not acknowledged */
	CHECK(guest_send(&g, &c, (const uint8_t *)ask, strlen(ask)));
	guest_talk(&g);
	guest_pass_ms(&g, 3000);
	CHECK(c.fin || c.rst);
	CHECK_EQ(c.in.len, 3); /* nothing behind its FIN */
	done();
}

static void a_mute_flow_ends_with_the_network(void **state)
{
	struct hello h = hello_of("evil.example.com", 0);

	(void)state;
	policy("allow tcp api.example.com:443", NULL);
	w.policy_flags |= WEIR_IMAGE_DROP;
	begin();
	pin(&far4, "api.example.com");
	CHECK(guest_connect(&g, &c, &far4, 443));
	guest_segment(&g, &c, WEIR_TCP_ACK, h.b, h.len);
	guest_talk(&g);
	done();
}

static void a_denial_in_time_wait_is_counted_as_one(void **state)
{
	static const char ask[] =
		"GET /x HTTP/1.1\r\nHost: evil.example\r\n\r\n";
	struct weir_tcp syn = { 0 };
	static struct guest_frame f;

	(void)state;
	connect_named(80);
	say(ask, strlen(ask));
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	syn = (struct weir_tcp){ .sport = c.sport,
				 .dport = 80,
				 .seq = c.seq + 100000,
				 .flags = WEIR_TCP_SYN,
				 .mss = 1460,
				 .wscale = -1,
				 .window = 60000 };
	guest_tcp_frame(&g, &(struct guest_ip){ .to = far4 }, &syn, NULL, 0,
			&f);
	guest_put(&g, &f);
	guest_talk(&g);
	CHECK_EQ(counted(WEIR_REASON_CLOSED), 0);
	CHECK_EQ(counted(WEIR_REASON_SHOWN_MISMATCH), 1);
	done();
}

static void an_upgrade_goes_on_without_a_word_of_the_guest(void **state)
{
	static const char ask[] = "GET /c HTTP/1.1\r\nHost: api.example.com\r\n"
				  "Connection: Upgrade\r\n"
				  "Upgrade: websocket\r\n\r\n";
	static const char yes[] = "HTTP/1.1 101 Switching Protocols\r\n\r\n";

	(void)state;
	connect_named(80);
	say(ask, strlen(ask));
	say("\x81\x01x", 3);
	CHECK_EQ(server_got(80), strlen(ask));
	twin_tcp_gives(&w, twin_find(&w, 80), yes, strlen(yes));
	twin_step(&w); /* the guest has not acknowledged */
	CHECK_EQ(server_got(80), strlen(ask) + 3);
	done();
}

static void a_policy_that_asks_for_no_name_opens_the_gate(void **state)
{
	static uint8_t flood[300000];

	(void)state;
	connect_named(443);
	c.greedy = true;
	twin_tcp_gives(&w, twin_find(&w, 443), flood, sizeof(flood));
	guest_pass_ms(&g, 1000);
	CHECK(c.in.len <= WEIR_FIRST_DOWN);
	w.policy[0] = "allow public";
	twin_policy(&w);
	guest_pass_ms(&g, 1000);
	CHECK_EQ(c.in.len, sizeof(flood));
	done();
}

static void such_a_policy_lets_half_a_hello_go(void **state)
{
	struct hello h = hello_of("www.example.com", 0);

	(void)state;
	connect_named(443);
	say(h.b, 30);
	w.policy[0] = "allow public";
	twin_policy(&w);
	guest_talk(&g);
	CHECK_EQ(server_got(443), 30);
	guest_pass_ms(&g, 20000);
	CHECK(!c.rst);
	done();
}

static void
the_same_policy_again_harms_no_flow_that_passed_8_bytes(void **state)
{
	static const uint8_t ask[] = { 0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f };
	struct hello h = hello_of("api.example.com", 0);

	(void)state;
	connect_named(443);
	say(ask, 8);
	CHECK_EQ(server_got(443), 8);
	twin_policy(&w);
	guest_talk(&g);
	CHECK(!c.rst);
	say(h.b, h.len);
	CHECK_EQ(server_got(443), 8 + h.len);
	done();
}

static void the_same_policy_again_harms_no_half_hello(void **state)
{
	struct hello h = hello_of("api.example.com", 0);

	(void)state;
	connect_named(443);
	say(h.b, 30);
	twin_policy(&w);
	guest_talk(&g);
	CHECK(!c.rst);
	say(h.b + 30, h.len - 30);
	CHECK_EQ(server_got(443), h.len);
	done();
}

static void exactly_64_kib_before_the_verdict_arrive_whole(void **state)
{
	static uint8_t flood[WEIR_FIRST_DOWN];

	(void)state;
	connect_named(22);
	c.greedy = true;
	twin_tcp_gives(&w, twin_find(&w, 22), flood, sizeof(flood));
	guest_pass_ms(&g, 1000);
	CHECK_EQ(c.in.len, sizeof(flood));
	done();
}

static void a_long_answer_is_not_cut_by_a_denied_request(void **state)
{
	static const char one[] =
		"GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n";
	static const char two[] =
		"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n";
	static uint8_t part[1000];
	struct twin_sock *s;

	(void)state;
	connect_named(80);
	c.greedy = true;
	s = twin_find(&w, 80);
	say(one, strlen(one));
	say(two, strlen(two));
	for (unsigned i = 0; i < 20; i++) {
		twin_tcp_gives(&w, s, part, sizeof(part));
		guest_pass_ms(&g, 1000);
		CHECK(!c.rst);
	}
	twin_tcp_ends(&w, s);
	guest_talk(&g);
	CHECK(holds(&c.in, "HTTP/1.1 403 "));
	done();
}

static void a_stop_does_not_wait_for_what_is_held(void **state)
{
	struct hello h = hello_of("api.example.com", 0);

	(void)state;
	connect_named(443);
	say(h.b, 30);
	twin_order(&w, WEIR_MSG_STOP, "", 0);
	twin_step(&w);
	CHECK(w.over);
	done();
}

static void a_403_into_a_shut_window_ends_in_time(void **state)
{
	static const char ask[] =
		"GET /x HTTP/1.1\r\nHost: evil.example\r\n\r\n";

	(void)state;
	connect_named(80);
	c.window = 0;
	say(ask, strlen(ask));
	guest_pass_ms(&g, 5000);
	CHECK(!c.rst);
	guest_pass_ms(&g, 15000);
	CHECK(c.rst);
	CHECK_EQ(counted(WEIR_REASON_SHOWN_MISMATCH), 1);
	done();
}

static void early_bytes_wait_for_the_verdict_too(void **state)
{
	struct hello h = hello_of("api.example.com", 0);
	uint32_t seq;

	(void)state;
	connect_named(443);
	seq = c.seq;
	c.seq = seq + 30;
	guest_segment(&g, &c, WEIR_TCP_ACK, h.b + 30, h.len - 30);
	guest_talk(&g);
	CHECK_EQ(server_got(443), 0);
	c.seq = seq;
	guest_segment(&g, &c, WEIR_TCP_ACK, h.b, 30);
	guest_talk(&g);
	CHECK_EQ(server_got(443), h.len);
	assert_memory_equal(twin_find(&w, 443)->up.b, h.b, h.len);
	done();
}

/* --- events --- */

static struct weir_event ev;

static void wants_all(void)
{
	w.charter.events = WEIR_EVENT_ALL & ~WEIR_EVENT_BIT(WEIR_EVENT_START);
}

/* How many events of a kind were told; the last of them is in @ev. */
static unsigned told(enum weir_event_kind kind)
{
	static struct weir_event e;
	unsigned n = 0;

	for (const struct twin_gram *m = w.said.first; m; m = m->next) {
		struct weir_rd in = weir_rd_over(m->b, m->len);

		if (m->kind != WEIR_MSG_EVENTS)
			continue;
		while (in.left) {
			uint16_t len = weir_rd_be16(&in);
			struct weir_rd one = weir_rd_sub(&in, len);

			CHECK(weir_event_parse(&one, &e));
			if (e.kind != kind)
				continue;
			n++;
			ev = e;
		}
	}
	return n;
}

static void is_told(unsigned open, unsigned close, unsigned deny)
{
	CHECK_EQ(told(WEIR_EVENT_FLOW_OPEN), open);
	CHECK_EQ(told(WEIR_EVENT_FLOW_CLOSE), close);
	CHECK_EQ(told(WEIR_EVENT_DENY), deny);
}

static void events_of_a_plain_flow(void **state)
{
	(void)state;
	twin_init(&w);
	wants_all();
	begin();
	CHECK(guest_connect(&g, &c, &far4, 80));
	is_told(1, 0, 0);
	guest_segment(&g, &c, WEIR_TCP_RST | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	is_told(1, 1, 0);
	CHECK(guest_connect(&g, &c, &far4, 81));
	CHECK_EQ(told(WEIR_EVENT_FLOW_OPEN), 2);
	guest_talk(&g);
	twin_order(&w, WEIR_MSG_STOP, "", 0);
	twin_step(&w);
	is_told(2, 2, 0);
	done();
}

static void events_of_a_denied_name(void **state)
{
	struct hello h = hello_of("evil.example.com", 0);

	(void)state;
	policy("allow tcp api.example.com:443", NULL);
	wants_all();
	begin();
	pin(&far4, "api.example.com");
	CHECK(guest_connect(&g, &c, &far4, 443));
	is_told(0, 0, 0);
	say(h.b, h.len);
	is_told(0, 0, 1);
	CHECK(strcmp(ev.shown, "evil.example.com") == 0);
	CHECK_EQ(ev.reason, WEIR_REASON_SHOWN_MISMATCH);
	guest_pass_ms(&g, 200000);
	is_told(0, 0, 1);
	CHECK_EQ(counted(WEIR_REASON_SHOWN_MISMATCH), 1);
	done();
}

static void events_of_requests(void **state)
{
	static const char one[] =
		"GET /a?b HTTP/1.1\r\nHost: api.example.com\r\n\r\n";
	static const char two[] =
		"GET /c?d HTTP/1.1\r\nHost: evil.example\r\n\r\n";

	(void)state;
	policy("allow tcp api.example.com:80", NULL);
	wants_all();
	begin();
	pin(&far4, "api.example.com");
	CHECK(guest_connect(&g, &c, &far4, 80));
	say(one, strlen(one));
	is_told(1, 0, 0);
	say(one, strlen(one));
	is_told(1, 0, 0);
	say(two, strlen(two));
	is_told(1, 0, 1);
	CHECK(strcmp(ev.path, "/c") == 0);
	say(two, strlen(two));
	guest_pass_ms(&g, 200000);
	is_told(1, 1, 1);
	CHECK_EQ(counted(WEIR_REASON_SHOWN_MISMATCH), 1);
	done();
}

static void events_of_another_policy(void **state)
{
	(void)state;
	policy("allow public", NULL);
	wants_all();
	begin();
	CHECK(guest_connect(&g, &c, &far4, 80));
	say("abc", 3);
	w.policy[0] = "deny any";
	twin_policy(&w);
	guest_talk(&g);
	(void)told(WEIR_EVENT_FLOW_CLOSE);
	CHECK_EQ(ev.reason, WEIR_REASON_POLICY_CHANGED);
	is_told(1, 1, 1);
	CHECK_EQ(ev.reason, WEIR_REASON_POLICY_CHANGED);
	CHECK_EQ(counted(WEIR_REASON_POLICY_CHANGED), 1);
	done();
}

static void all_that_ends_with_the_network_is_told(void **state)
{
	static struct guest_conn many[1000];

	(void)state;
	twin_init(&w);
	wants_all();
	begin();
	for (unsigned i = 0; i < 1000; i++)
		CHECK(guest_connect(&g, &many[i], &far4, 80));
	twin_order(&w, WEIR_MSG_STOP, "", 0);
	twin_step(&w);
	CHECK_EQ(told(WEIR_EVENT_LOST), 0);
	is_told(1000, 1000, 0);
	for (unsigned i = 0; i < 1000; i++)
		guest_conn_fini(&g, &many[i]);
	done();
}

static void udp_events(void **state)
{
	static struct guest_frame f;

	(void)state;
	twin_init(&w);
	wants_all();
	begin();
	guest_udp_frame(&g, &(struct guest_ip){ .to = far4 }, 4000, 9,
			(const uint8_t *)"x", 1, &f);
	guest_put(&g, &f);
	guest_talk(&g);
	is_told(1, 0, 0);
	w.policy[0] = w.policy[1] = "deny any";
	twin_policy(&w);
	guest_talk(&g);
	is_told(1, 1, 1);
	CHECK_EQ(counted(WEIR_REASON_POLICY_CHANGED), 1);
	done();
}

static void
a_policy_that_denies_a_thousand_is_told_a_thousand_times(void **state)
{
	static struct guest_conn many[1000];

	(void)state;
	twin_init(&w);
	wants_all();
	begin();
	for (unsigned i = 0; i < 1000; i++)
		CHECK(guest_connect(&g, &many[i], &far4, 80));
	w.policy[0] = w.policy[1] = "deny any";
	twin_policy(&w);
	twin_step(&w);
	CHECK_EQ(told(WEIR_EVENT_LOST), 0);
	is_told(1000, 1000, 1000);
	for (unsigned i = 0; i < 1000; i++)
		guest_conn_fini(&g, &many[i]);
	done();
}

static void a_client_at_a_door_hears_of_another_policy(void **state)
{
	const struct weir_charter_door door = {
		.id = 1,
		.udp = true,
		.bind = weir_addr_from4(0),
		.port = 5000,
		.guest_port = 5001,
	};
	struct twin_sock *s;

	(void)state;
	twin_init(&w);
	wants_all();
	begin();
	s = twin_door(&w, &door);
	twin_step(&w);
	twin_gives_gram(&w, s, &far4, 4000, "x", 1, 0);
	guest_talk(&g);
	CHECK_EQ(g.grams.n, 1);
	w.policy[2] = "deny in any";
	w.n_policy = 3;
	twin_policy(&w);
	guest_talk(&g);
	CHECK_EQ(told(WEIR_EVENT_DENY), 1);
	CHECK_EQ(ev.reason, WEIR_REASON_POLICY_CHANGED);
	CHECK_EQ(counted(WEIR_REASON_POLICY_CHANGED), 1);
	done();
}

static void every_limit_is_told(void **state)
{
	static struct guest_frame f;

	(void)state;
	twin_init(&w);
	wants_all();
	begin();
	w.post_err = -EAGAIN;
	guest_udp_frame(&g, &(struct guest_ip){ .to = far4 }, 4000, 9,
			(const uint8_t *)"x", 1, &f);
	guest_put(&g, &f);
	guest_talk(&g);
	CHECK_EQ(counted(WEIR_REASON_LIMIT_UDP), 1);
	CHECK_EQ(told(WEIR_EVENT_LIMIT), 1);
	CHECK_EQ(ev.reason, WEIR_REASON_LIMIT_UDP);
	done();
}

static void a_whole_hello_and_a_fin_go_on(void **state)
{
	struct hello h = hello_of("api.example.com", 0);

	(void)state;
	connect_named(443);
	guest_segment(&g, &c, WEIR_TCP_ACK | WEIR_TCP_FIN, h.b, h.len);
	guest_talk(&g);
	CHECK_EQ(server_got(443), h.len);
	CHECK(twin_find(&w, 443)->shut);
	done();
}

static void of_two_requests_in_a_segment_one_may_go(void **state)
{
	static const char two[] =
		"GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n"
		"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n";

	(void)state;
	connect_named(80);
	say(two, strlen(two));
	CHECK_EQ(server_got(80), 41);
	CHECK(twin_find(&w, 80)->shut);
	done();
}

static void what_a_full_host_did_not_take_goes_later(void **state)
{
	static const char head[] = "PUT / HTTP/1.1\r\nHost: api.example.com\r\n"
				   "Content-Length: 100\r\n\r\n";
	static uint8_t body[100];
	struct twin_sock *s;

	(void)state;
	connect_named(80);
	s = twin_find(&w, 80);
	twin_tcp_takes(&w, s, 10);
	say(head, strlen(head));
	say(body, 100);
	CHECK_EQ(s->up.len, 10);
	guest_segment(&g, &c, WEIR_TCP_ACK | WEIR_TCP_FIN, NULL, 0);
	guest_talk(&g);
	twin_tcp_takes(&w, s, 50);
	guest_talk(&g);
	twin_tcp_takes(&w, s, TWIN_EVER);
	guest_talk(&g);
	CHECK_EQ(s->up.len, strlen(head) + 100);
	CHECK(s->shut);
	done();
}

T_MAIN(T(a_first_host_that_is_an_address_opens_no_gate),
       T(a_first_host_that_is_allowed_opens_no_gate),
       T(a_first_request_without_a_host_opens_no_gate),
       T(nothing_is_said_behind_the_end_of_the_server),
       T(a_denial_in_time_wait_is_counted_as_one),
       T(an_upgrade_goes_on_without_a_word_of_the_guest),
       T(a_policy_that_asks_for_no_name_opens_the_gate),
       T(such_a_policy_lets_half_a_hello_go),
       T(the_same_policy_again_harms_no_flow_that_passed_8_bytes),
       T(the_same_policy_again_harms_no_half_hello),
       T(exactly_64_kib_before_the_verdict_arrive_whole),
       T(a_long_answer_is_not_cut_by_a_denied_request),
       T(a_stop_does_not_wait_for_what_is_held),
       T(a_403_into_a_shut_window_ends_in_time),
       T(early_bytes_wait_for_the_verdict_too), T(events_of_a_plain_flow),
       T(events_of_a_denied_name), T(events_of_requests),
       T(events_of_another_policy),

       T(all_that_ends_with_the_network_is_told), T(udp_events),
       T(a_client_at_a_door_hears_of_another_policy), T(every_limit_is_told),
       T(a_whole_hello_and_a_fin_go_on),
       T(of_two_requests_in_a_segment_one_may_go),
       T(what_a_full_host_did_not_take_goes_later),
       T(a_policy_that_denies_a_thousand_is_told_a_thousand_times),
       T(a_mute_flow_ends_with_the_network))
