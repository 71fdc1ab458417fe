/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_inspect.c - flows whose first bytes decide, through the whole engine
 *
 * The rows 9, 10, 12 to 22 and 64 of tests/cases/tcp.tsv, and what lies around
 * them: clients that show names, or lie, or show none, against policies of
 * names; another policy while flows are open.
 */
#include "packet/icmp.h"
#include "shown.h"

/* --- rows of the table --- */

static void tcp_09_a_denied_syn_is_rst_and_nobody_is_called(void **state)
{
	(void)state;
	policy("deny any", NULL);
	begin();
	CHECK(!guest_connect(&g, &c, &far4, 80));
	CHECK_EQ(c.rsts, 1);
	CHECK_EQ(c.rst_ack, c.iss + 1);
	CHECK_EQ(w.dials, 0);
	CHECK_EQ(counted(WEIR_REASON_RULE), 1);
	done();
}

static void tcp_10_with_drop_there_is_no_frame(void **state)
{
	(void)state;
	policy("deny any", NULL);
	w.policy_flags |= WEIR_IMAGE_DROP;
	begin();
	CHECK(!guest_connect(&g, &c, &far4, 80));
	guest_pass_ms(&g, 3000);
	CHECK_EQ(c.frames, 0);
	CHECK_EQ(w.dials, 0);
	CHECK_EQ(counted(WEIR_REASON_RULE), 1);
	done();
}

static void tcp_12_a_server_that_speaks_first_is_heard_at_once(void **state)
{
	(void)state;
	connect_named(22);
	twin_tcp_gives(&w, twin_find(&w, 22), "SSH-2.0-x\r\n", 11);
	guest_talk(&g);
	CHECK_EQ(c.in.len, 11);
	done();
}

static void tcp_13_nothing_goes_on_before_the_hello_is_whole(void **state)
{
	struct hello h = hello_of("api.example.com", 60);
	uint8_t two[600];
	size_t cut = h.len / 2, len;

	(void)state;
	/* two records: the same message, the second half in its own */
	memcpy(two, h.b, cut);
	put16(two + 3, cut - 5);
	memcpy(two + cut, h.b, 3);
	put16(two + cut + 3, h.len - cut);
	memcpy(two + cut + 5, h.b + cut, h.len - cut);
	len = h.len + 5;
	connect_named(443);
	say(two, 20);
	CHECK_EQ(server_got(443), 0);
	say(two + 20, cut);
	CHECK_EQ(server_got(443), 0);
	say(two + 20 + cut, len - cut - 20);
	CHECK_EQ(server_got(443), len);
	assert_memory_equal(twin_find(&w, 443)->up.b, two, len);
	say("more", 4);
	CHECK_EQ(server_got(443), len + 4);
	done();
}

static void tcp_14_a_denied_name_is_rst_and_the_server_got_nothing(void **state)
{
	struct hello h = hello_of("evil.example.com", 0);
	struct twin_sock *s;

	(void)state;
	connect_named(443);
	s = twin_find(&w, 443);
	say(h.b, h.len);
	CHECK(c.rst);
	CHECK(is_gone(443));
	CHECK_EQ(s->up.len, 0);
	CHECK_EQ(counted(WEIR_REASON_SHOWN_MISMATCH), 1);
	done();
}

static void tcp_15_what_is_neither_tls_nor_http_is_rst_on_443(void **state)
{
	(void)state;
	connect_named(443);
	say("\x01\x02\x03\x04", 4);
	CHECK(c.rst);
	CHECK(is_gone(443));
	CHECK_EQ(counted(WEIR_REASON_NAME_REQUIRED), 1);
	done();
}

static void tcp_16_a_protocol_without_names_goes_by_its_pin(void **state)
{
	(void)state;
	connect_named(22);
	say("SSH-2.0-me\r\n", 12);
	CHECK_EQ(server_got(22), 12);
	say("abc", 3);
	CHECK_EQ(server_got(22), 15);
	done();
}

static void tcp_17_a_hello_that_never_ends_is_rst_at_16_kib(void **state)
{
	static uint8_t flood[WEIR_FIRST_BYTES];
	struct hello h = hello_of("api.example.com", 0);

	(void)state;
	memset(flood, 0, sizeof(flood));
	memcpy(flood, h.b, h.len);
	put16(flood + 3, 16379); /* the largest record but a few */
	put16(flood + 7, 40000);
	put16(flood + 9 + 41, 40000 - 43);
	put16(flood + h.len, 21); /* padding */
	put16(flood + h.len + 2, 40000 - 43 - 24 - 4);
	connect_named(443);
	guest_send(&g, &c, flood, sizeof(flood));
	guest_talk(&g);
	CHECK(c.rst);
	CHECK(is_gone(443));
	CHECK_EQ(counted(WEIR_REASON_BAD_HEAD), 1);
	done();
}

static void a_head_that_never_ends_is_rst_at_16_kib(void **state)
{
	static char flood[WEIR_FIRST_BYTES];
	static const char head[] =
		"GET / HTTP/1.1\r\nHost: api.example.com\r\n";
	size_t at = strlen(head);

	(void)state;
	memcpy(flood, head, at);
	for (; at + 4 <= sizeof(flood); at += 4)
		memcpy(flood + at, "a:\r\n", 4);
	connect_named(80);
	say(flood, 16000);
	CHECK(!c.rst);
	guest_send(&g, &c, (uint8_t *)flood + 16000, sizeof(flood) - 16000);
	guest_talk(&g);
	CHECK(c.rst);
	CHECK(is_gone(80));
	CHECK_EQ(counted(WEIR_REASON_BAD_HEAD), 1);
	done();
}

static void tcp_18_half_a_hello_is_rst_after_15_seconds(void **state)
{
	struct hello h = hello_of("api.example.com", 0);

	(void)state;
	connect_named(443);
	guest_pass_ms(&g, 60 * SECOND_MS); /* no byte: no clock */
	say(h.b, h.len / 2);
	guest_pass_ms(&g, 14 * SECOND_MS);
	CHECK(!c.rst);
	guest_pass_ms(&g, 2 * SECOND_MS);
	CHECK(c.rst);
	CHECK(is_gone(443));
	done();
}

static void tcp_19_a_fin_decides_with_what_is_there(void **state)
{
	struct hello h = hello_of("api.example.com", 0);
	struct twin_sock *s;

	(void)state;
	connect_named(443);
	s = twin_find(&w, 443);
	say(h.b, h.len / 2);
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK(c.rst);
	CHECK_EQ(s->up.len, 0);
	done();
}

static void tcp_20_a_denied_host_is_told_403(void **state)
{
	static const char ask[] =
		"GET /x HTTP/1.1\r\nHost: evil.example\r\n\r\n";
	struct twin_sock *s;

	(void)state;
	connect_named(80);
	s = twin_find(&w, 80);
	say(ask, strlen(ask));
	CHECK(!c.rst && c.fin);
	CHECK(holds(&c.in, "HTTP/1.1 403 "));
	CHECK(holds(&c.in, "reason: shown_mismatch\n"));
	CHECK(holds(&c.in, "host: evil.example\n"));
	CHECK_EQ(s->up.len, 0);
	CHECK(is_gone(80));
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	guest_pass_ms(&g, 3000); /* TIME-WAIT is ours */
	CHECK_EQ(counted(WEIR_REASON_SHOWN_MISMATCH), 1);
	done();
}

static void tcp_21_a_postgres_request_for_tls_goes_on_at_once(void **state)
{
	static const uint8_t ask[] = { 0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f };
	struct hello h = hello_of("api.example.com", 0);

	(void)state;
	connect_named(5432);
	say(ask, 8);
	CHECK_EQ(server_got(5432), 8);
	twin_tcp_gives(&w, twin_find(&w, 5432), "S", 1);
	guest_talk(&g);
	CHECK_EQ(c.in.len, 1);
	say(h.b, 30);
	CHECK_EQ(server_got(5432), 8);
	say(h.b + 30, h.len - 30);
	CHECK_EQ(server_got(5432), 8 + h.len);
	done();
}

static void tcp_22_a_server_that_does_not_stop_is_heard_64_kib(void **state)
{
	static uint8_t flood[300000];
	struct hello h = hello_of("api.example.com", 0);

	(void)state;
	connect_named(443);
	c.greedy = true;
	twin_tcp_gives(&w, twin_find(&w, 443), flood, sizeof(flood));
	guest_pass_ms(&g, 1000);
	/* the last small segment waits for more that may not come yet */
	CHECK(c.in.len <= WEIR_FIRST_DOWN);
	CHECK(c.in.len > WEIR_FIRST_DOWN - 1460);
	say(h.b, h.len);
	guest_pass_ms(&g, 1000);
	CHECK_EQ(c.in.len, sizeof(flood));
	done();
}

static void a_client_that_only_listens_hears_all(void **state)
{
	static uint8_t flood[300000];

	(void)state;
	policy("deny ads.example.com", "allow public");
	begin();
	CHECK(guest_connect(&g, &c, &far4, 7004));
	c.greedy = true;
	twin_tcp_gives(&w, twin_find(&w, 7004), flood, sizeof(flood));
	guest_pass_ms(&g, 1000);
	CHECK_EQ(c.in.len, sizeof(flood));
	done();
}

static void tcp_64_another_policy_resets_what_it_denies(void **state)
{
	(void)state;
	policy("allow public", NULL);
	rule(TWIN_ACCEPT, 0, true);
	begin();
	CHECK(guest_connect(&g, &c, &far4, 80));
	say("abc", 3);
	CHECK_EQ(c.in.len, 3);
	w.policy[0] = "deny any";
	twin_policy(&w);
	guest_talk(&g);
	CHECK(c.rst);
	CHECK(is_gone(80));
	CHECK_EQ(counted(WEIR_REASON_POLICY_CHANGED), 1);
	done();
}

/* --- around them --- */

static void a_name_that_is_pinned_but_not_shown_is_not_enough(void **state)
{
	struct hello h = hello_of("api.example.com", 0);

	(void)state;
	policy("allow tcp api.example.com:443", NULL);
	begin();
	CHECK(!guest_connect(&g, &c, &far4, 443)); /* no pin */
	CHECK_EQ(w.dials, 0);
	CHECK_EQ(counted(WEIR_REASON_NO_PIN), 1);
	pin(&far4, "other.example.com");
	CHECK(!guest_connect(&g, &c, &far4, 443));
	pin(&far4, "api.example.com");
	CHECK(guest_connect(&g, &c, &far4, 443));
	say(h.b, h.len);
	CHECK_EQ(server_got(443), h.len);
	done();
}

static void a_name_that_is_denied_is_waited_for_on_any_port(void **state)
{
	struct hello good = hello_of("www.example.com", 0);
	struct hello bad = hello_of("ads.example.com", 0);

	(void)state;
	policy("deny ads.example.com", "allow public");
	begin();
	CHECK(guest_connect(&g, &c, &far4, 8443));
	say(good.b, good.len);
	CHECK_EQ(server_got(8443), good.len);
	CHECK(guest_connect(&g, &c, &far4, 8444));
	say(bad.b, bad.len);
	CHECK(c.rst);
	CHECK_EQ(counted(WEIR_REASON_RULE), 1);
	done();
}

static void an_end_without_a_byte_is_a_flow_without_a_name(void **state)
{
	(void)state;
	policy("deny ads.example.com", "allow public");
	begin();
	CHECK(guest_connect(&g, &c, &far4, 7));
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK(!c.rst);
	CHECK(twin_find(&w, 7)->shut);
	done();
}

static void small_letters_on_port_80_evade_no_name(void **state)
{
	static const char ask[] = "get / HTTP/1.1\r\nHost: ads.example\r\n\r\n";

	(void)state;
	policy("deny ads.example", "allow public");
	begin();
	CHECK(guest_connect(&g, &c, &far4, 80));
	say(ask, strlen(ask));
	CHECK(c.rst);
	CHECK_EQ(counted(WEIR_REASON_BAD_HEAD), 1);
	CHECK(guest_connect(&g, &c, &far4, 80));
	say("\x01\x02\x03", 3);
	CHECK_EQ(server_got(80), 3);
	done();
}

static void a_second_request_is_judged_like_the_first(void **state)
{
	static const char one[] = "POST / HTTP/1.1\r\nHost: api.example.com\r\n"
				  "Content-Length: 5\r\n\r\nhello";
	static const char two[] =
		"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n";
	struct twin_sock *s;

	(void)state;
	connect_named(80);
	s = twin_find(&w, 80);
	say(one, strlen(one));
	CHECK_EQ(s->up.len, strlen(one));
	twin_tcp_gives(&w, s, "HTTP/1.1 204 no\r\n\r\n", 19);
	guest_talk(&g);
	say(one, strlen(one));
	CHECK_EQ(s->up.len, 2 * strlen(one));
	say(two, strlen(two));
	CHECK_EQ(s->up.len, 2 * strlen(one));
	CHECK(s->shut);
	twin_tcp_gives(&w, s, "HTTP/1.1 200 ok\r\n\r\n", 19);
	twin_tcp_ends(&w, s);
	guest_talk(&g);
	CHECK(holds(&c.in, "HTTP/1.1 200 ok\r\n\r\nHTTP/1.1 403 "));
	CHECK(c.fin && !c.rst);
	done();
}

static void a_long_body_goes_on_without_looks(void **state)
{
	static const char head[] = "PUT / HTTP/1.1\r\nHost: api.example.com\r\n"
				   "Content-Length: 200000\r\n\r\n";
	static uint8_t body[200000];

	(void)state;
	connect_named(80);
	say(head, strlen(head));
	guest_fill(body, 0, sizeof(body));
	say(body, sizeof(body));
	CHECK_EQ(server_got(80), strlen(head) + sizeof(body));
	CHECK(guest_is_filled(twin_find(&w, 80)->up.b + strlen(head), 0,
			      sizeof(body)));
	say("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 38);
	CHECK_EQ(server_got(80), strlen(head) + sizeof(body));
	done();
}

static void an_upgrade_is_free_once_the_server_agrees(void **state)
{
	static const char ask[] = "GET /c HTTP/1.1\r\nHost: api.example.com\r\n"
				  "Connection: Upgrade\r\n"
				  "Upgrade: websocket\r\n\r\n";
	static const char yes[] = "HTTP/1.1 101 Switching Protocols\r\n\r\n";

	(void)state;
	connect_named(80);
	say(ask, strlen(ask));
	CHECK_EQ(server_got(80), strlen(ask));
	say("\x81\x01x", 3);
	CHECK_EQ(server_got(80), strlen(ask));
	twin_tcp_gives(&w, twin_find(&w, 80), yes, 9);
	guest_talk(&g);
	CHECK_EQ(server_got(80), strlen(ask));
	twin_tcp_gives(&w, twin_find(&w, 80), yes + 9, strlen(yes) - 9);
	guest_talk(&g);
	CHECK_EQ(server_got(80), strlen(ask) + 3);
	done();
}

static void a_denial_after_the_first_bytes_can_be_silent(void **state)
{
	struct hello h = hello_of("evil.example.com", 0);
	unsigned frames;

	(void)state;
	policy("allow tcp api.example.com:443", NULL);
	w.policy_flags |= WEIR_IMAGE_DROP;
	begin();
	pin(&far4, "api.example.com");
	CHECK(guest_connect(&g, &c, &far4, 443));
	guest_segment(&g, &c, WEIR_TCP_ACK, h.b, h.len);
	guest_talk(&g);
	frames = c.frames;
	guest_segment(&g, &c, WEIR_TCP_ACK, h.b, h.len);
	guest_pass_ms(&g, 30 * SECOND_MS);
	CHECK_EQ(c.frames, frames);
	CHECK(is_gone(443));
	guest_pass_ms(&g, 200 * SECOND_MS);
	CHECK_EQ(w.house->streams.pool.used, 0);
	CHECK_EQ(counted(WEIR_REASON_SHOWN_MISMATCH), 1);
	done();
}

static void another_policy_judges_by_the_name_that_was_shown(void **state)
{
	struct hello h = hello_of("www.example.com", 0);

	(void)state;
	policy("deny ads.example.com", "allow public");
	begin();
	CHECK(guest_connect(&g, &c, &far4, 443));
	say(h.b, h.len);
	w.policy[0] = "deny other.example.com";
	twin_policy(&w);
	guest_talk(&g);
	CHECK(!c.rst);
	w.policy[0] = "deny .example.com";
	twin_policy(&w);
	guest_talk(&g);
	CHECK(c.rst);
	CHECK_EQ(counted(WEIR_REASON_POLICY_CHANGED), 1);
	done();
}

static void half_hellos_starve_nobody(void **state)
{
	struct hello h = hello_of("api.example.com", 0);
	static struct guest_conn many[WEIR_FIRST_MAX + 1];
	unsigned n = WEIR_FIRST_MAX + 1;

	(void)state;
	policy("allow tcp api.example.com:443", NULL);
	w.charter.max_flows = 4096;
	w.charter.payload_bytes = 256u << 20;
	begin();
	pin(&far4, "api.example.com");
	for (unsigned i = 0; i < n; i++) {
		CHECK(guest_connect(&g, &many[i], &far4, 443));
		guest_segment(&g, &many[i], WEIR_TCP_ACK, h.b, h.len / 2);
		guest_talk(&g);
	}
	CHECK(many[n - 1].rst); /* one more than may wait */
	CHECK(!many[0].rst && !many[n - 2].rst);
	CHECK_EQ(w.house->streams.waiting, WEIR_FIRST_MAX);
	CHECK(guest_connect(&g, &c, &far4, 443)); /* whole in one go */
	say(h.b, h.len);
	CHECK_EQ(server_got(443), h.len);
	guest_pass_ms(&g, 16 * SECOND_MS);
	CHECK(many[0].rst && many[n - 2].rst);
	CHECK_EQ(w.house->streams.waiting, 0);
	done();
}

static void half_a_later_head_has_15_seconds_too(void **state)
{
	static const char one[] = "GET / HTTP/1.1\r\nHost: api.example.com\r\n"
				  "\r\nGET / HT";

	(void)state;
	connect_named(80);
	say(one, strlen(one));
	CHECK_EQ(w.house->streams.waiting, 1);
	guest_pass_ms(&g, 16 * SECOND_MS);
	CHECK(c.rst);
	CHECK_EQ(w.house->streams.waiting, 0);
	done();
}

static void what_nobody_looked_at_does_not_pass_by_a_name(void **state)
{
	static const char one[] = "GET / HTTP/1.1\r\nHost: b.example\r\n\r\n";

	(void)state;
	policy("allow tcp api.example.com:80", "allow public");
	begin();
	pin(&far4, "b.example");
	CHECK(guest_connect(&g, &c, &far4, 80));
	say(one, strlen(one));
	CHECK_EQ(server_got(80), strlen(one));
	w.policy[0] = "allow tcp b.example:80";
	w.n_policy = 1;
	twin_policy(&w);
	guest_talk(&g);
	CHECK(c.rst);
	CHECK_EQ(counted(WEIR_REASON_POLICY_CHANGED), 1);
	done();
}

static void a_protocol_without_names_outlives_the_same_policy(void **state)
{
	(void)state;
	connect_named(22);
	say("SSH-2.0-me\r\n", 12);
	twin_policy(&w);
	guest_talk(&g);
	CHECK(!c.rst);
	done();
}

static void a_name_that_was_shown_is_given_back(void **state)
{
	struct hello h = hello_of("www.example.com", 0);

	(void)state;
	policy("deny ads.example.com", "allow public");
	begin();
	CHECK(guest_connect(&g, &c, &far4, 443));
	say(h.b, h.len);
	CHECK_EQ(weir_pool_used(&w.house->streams.shown.pool), 1);
	guest_segment(&g, &c, WEIR_TCP_RST | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK_EQ(weir_pool_used(&w.house->streams.shown.pool), 0);
	done();
}

static void a_connection_keeps_its_pin_alive(void **state)
{
	struct hello h = hello_of("api.example.com", 0);

	(void)state;
	connect_named(443);
	say(h.b, h.len);
	guest_pass_ms(&g, 3600 * SECOND_MS);
	w.policy[0] = "allow tcp api.example.com";
	twin_policy(&w);
	guest_talk(&g);
	CHECK(!c.rst);
	guest_segment(&g, &c, WEIR_TCP_RST | WEIR_TCP_ACK, NULL, 0);
	guest_pass_ms(&g, 299 * SECOND_MS);
	CHECK(guest_connect(&g, &c, &far4, 443));
	guest_segment(&g, &c, WEIR_TCP_RST | WEIR_TCP_ACK, NULL, 0);
	guest_pass_ms(&g, 301 * SECOND_MS);
	CHECK(!guest_connect(&g, &c, &far4, 443));
	done();
}

/* The first bytes of a ServerHello that is a HelloRetryRequest, or is none. */
static size_t answer(uint8_t b[49], bool again)
{
	static const uint8_t head[] = { 22, 3, 3, 0, 38, 2, 0, 0, 34, 3, 3 };
	static const uint8_t retry[] = {
		0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
		0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
		0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e,
		0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
	};
	static const uint8_t ccs[] = { 20, 3, 3, 0, 1, 1 };

	memcpy(b, head, sizeof(head));
	memcpy(b + 11, retry, sizeof(retry));
	if (!again)
		b[11] ^= 0x80;
	memcpy(b + 43, ccs, sizeof(ccs));
	return 49;
}

static void hear(bool again)
{
	uint8_t b[49];

	twin_tcp_gives(&w, twin_find(&w, 443), b, answer(b, again));
	guest_talk(&g);
}

static void the_second_hello_is_judged_like_the_first(void **state)
{
	static const uint8_t ccs[] = { 20, 3, 3, 0, 1, 1 };
	struct hello good = hello_of("api.example.com", 0);
	struct hello bad = hello_of("evil.example.com", 0);

	(void)state;
	for (unsigned way = 0; way < 3; way++) {
		connect_named(443);
		say(good.b, good.len);
		CHECK_EQ(server_got(443), good.len);
		if (way & 1) { /* before the server has asked */
			say(bad.b, bad.len);
			CHECK_EQ(server_got(443), good.len);
		}
		hear(true);
		CHECK_EQ(c.in.len, 49);
		if (way == 0) {
			say(ccs, 3);
			say(ccs + 3, 3);
			CHECK_EQ(server_got(443), good.len + 6);
			say(bad.b, bad.len);
		}
		if (way == 2) { /* the same name: all goes on */
			say(good.b, 40);
			CHECK_EQ(server_got(443), good.len);
			say(good.b + 40, good.len - 40);
			say(bad.b, bad.len);
			CHECK(!c.rst);
			CHECK_EQ(server_got(443), 2 * good.len + bad.len);
		} else {
			CHECK(c.rst);
			CHECK(is_gone(443));
		}
		done();
	}
}

/* OpenSSL 3.0's client steps over it and says another hello. */
static void a_warning_before_its_request_opens_no_gate(void **state)
{
	static const uint8_t warning[] = { 21, 3, 3, 0, 2, 1, 112 };
	static const uint8_t ccs[] = { 20, 3, 3, 0, 1, 1 };
	struct hello good = hello_of("api.example.com", 0);
	struct hello bad = hello_of("evil.example.com", 0);
	struct twin_sock *s;

	(void)state;
	connect_named(443);
	s = twin_find(&w, 443);
	say(good.b, good.len);
	twin_tcp_gives(&w, s, warning, sizeof(warning));
	guest_talk(&g);
	twin_tcp_gives(&w, s, ccs, sizeof(ccs));
	hear(true);
	CHECK_EQ(c.in.len, sizeof(warning) + sizeof(ccs) + 49);
	say(bad.b, bad.len);
	CHECK(c.rst);
	CHECK(is_gone(443));
	done();
	/* before another answer it harms nobody */
	connect_named(443);
	say(good.b, good.len);
	twin_tcp_gives(&w, twin_find(&w, 443), warning, sizeof(warning));
	hear(false);
	say(bad.b, bad.len);
	CHECK_EQ(server_got(443), good.len + bad.len);
	done();
}

static void after_another_answer_nothing_is_looked_at(void **state)
{
	struct hello good = hello_of("api.example.com", 0);
	struct hello bad = hello_of("evil.example.com", 0);

	(void)state;
	connect_named(443);
	say(good.b, good.len);
	say(bad.b, bad.len); /* early data, to us */
	CHECK_EQ(server_got(443), good.len);
	hear(false);
	CHECK_EQ(server_got(443), good.len + bad.len);
	say(bad.b, bad.len);
	CHECK_EQ(server_got(443), good.len + 2 * bad.len);
	CHECK_EQ(c.in.len, 49);
	done();
}

static void early_data_goes_before_the_second_hello(void **state)
{
	static uint8_t early[5 + 16384 + 256] = { 23, 3, 3, 0x41, 0 };
	struct hello h = hello_of("api.example.com", 0);

	(void)state;
	connect_named(443);
	say(h.b, h.len);
	say(early, 5000);
	CHECK_EQ(server_got(443), h.len + 5000);
	hear(true);
	for (size_t at = 5000; at < sizeof(early); at += 5000)
		say(early + at,
		    sizeof(early) - at < 5000 ? sizeof(early) - at : 5000);
	CHECK_EQ(server_got(443), h.len + sizeof(early));
	w.policy[0] = "allow tcp *.example.com:443";
	twin_policy(&w); /* does not open the gate */
	guest_talk(&g);
	say(h.b, h.len - 1);
	CHECK_EQ(server_got(443), h.len + sizeof(early));
	say(h.b + h.len - 1, 1);
	CHECK_EQ(server_got(443), 2 * h.len + sizeof(early));
	done();
}

/* Before the server has asked, and after: one call of the host for all. */
static void many_small_records_cost_no_more_than_their_bytes(void **state)
{
	static const uint8_t empty[] = { 23, 3, 3, 0, 0 };
	static uint8_t many[5 * 2800];
	struct hello h = hello_of("api.example.com", 0);

	(void)state;
	for (size_t i = 0; i < sizeof(many); i += 5)
		memcpy(many + i, empty, 5);
	for (unsigned way = 0; way < 2; way++) {
		uint64_t acts;

		connect_named(443);
		say(h.b, h.len);
		if (way)
			hear(true);
		acts = w.acts;
		say(many, sizeof(many));
		CHECK_EQ(server_got(443), h.len + sizeof(many));
		CHECK(w.acts - acts < 100);
		/* nor were they copied to be looked at */
		CHECK(memcmp(w.house->streams.first, h.b, h.len) == 0);
		done();
	}
}

static void without_a_name_at_first_the_second_hello_is_judged(void **state)
{
	struct hello none = hello_of("10.9.8.7", 0); /* an address is no name */
	struct hello bad = hello_of("evil.example.com", 0);

	(void)state;
	policy("deny evil.example.com", "allow public");
	begin();
	CHECK(guest_connect(&g, &c, &far4, 443));
	say(none.b, none.len);
	CHECK_EQ(server_got(443), none.len);
	hear(true);
	say(bad.b, bad.len);
	CHECK(c.rst);
	CHECK(is_gone(443));
	done();
}

static void what_waits_behind_a_hello_does_not_outlive_the_server(void **state)
{
	static const uint8_t cut[] = { 20, 3, 3, 0, 16 };
	struct hello h = hello_of("api.example.com", 0);

	(void)state;
	for (unsigned way = 0; way < 2; way++) {
		connect_named(443);
		say(h.b, h.len);
		if (way) {
			hear(true);
			say(cut, 5); /* a record that never ends */
		} else {
			say(h.b, 1);
		}
		guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
		guest_talk(&g);
		if (!way)
			twin_tcp_ends(&w, twin_find(&w, 443));
		guest_talk(&g);
		CHECK(way ? twin_find(&w, 443)->shut
			  : is_gone(443) || twin_find(&w, 443)->shut);
		done();
	}
}

static void an_end_instead_of_the_second_hello_goes_on(void **state)
{
	struct hello h = hello_of("api.example.com", 0);

	(void)state;
	connect_named(443);
	say(h.b, h.len);
	hear(true);
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK(!c.rst);
	CHECK(twin_find(&w, 443)->shut);
	done();
}

T_MAIN(T(many_small_records_cost_no_more_than_their_bytes),
       T(without_a_name_at_first_the_second_hello_is_judged),
       T(what_waits_behind_a_hello_does_not_outlive_the_server),
       T(the_second_hello_is_judged_like_the_first),
       T(a_warning_before_its_request_opens_no_gate),
       T(after_another_answer_nothing_is_looked_at),
       T(early_data_goes_before_the_second_hello),
       T(an_end_instead_of_the_second_hello_goes_on),
       T(tcp_09_a_denied_syn_is_rst_and_nobody_is_called),
       T(tcp_10_with_drop_there_is_no_frame),
       T(tcp_12_a_server_that_speaks_first_is_heard_at_once),
       T(tcp_13_nothing_goes_on_before_the_hello_is_whole),
       T(tcp_14_a_denied_name_is_rst_and_the_server_got_nothing),
       T(tcp_15_what_is_neither_tls_nor_http_is_rst_on_443),
       T(tcp_16_a_protocol_without_names_goes_by_its_pin),
       T(tcp_17_a_hello_that_never_ends_is_rst_at_16_kib),
       T(a_head_that_never_ends_is_rst_at_16_kib),
       T(tcp_18_half_a_hello_is_rst_after_15_seconds),
       T(tcp_19_a_fin_decides_with_what_is_there),
       T(tcp_20_a_denied_host_is_told_403),
       T(tcp_21_a_postgres_request_for_tls_goes_on_at_once),
       T(tcp_22_a_server_that_does_not_stop_is_heard_64_kib),
       T(a_client_that_only_listens_hears_all),
       T(tcp_64_another_policy_resets_what_it_denies),
       T(a_name_that_is_pinned_but_not_shown_is_not_enough),
       T(a_name_that_is_denied_is_waited_for_on_any_port),
       T(an_end_without_a_byte_is_a_flow_without_a_name),
       T(small_letters_on_port_80_evade_no_name),
       T(a_second_request_is_judged_like_the_first),
       T(a_long_body_goes_on_without_looks),
       T(an_upgrade_is_free_once_the_server_agrees),
       T(a_denial_after_the_first_bytes_can_be_silent),
       T(another_policy_judges_by_the_name_that_was_shown),
       T(half_hellos_starve_nobody), T(half_a_later_head_has_15_seconds_too),
       T(what_nobody_looked_at_does_not_pass_by_a_name),
       T(a_protocol_without_names_outlives_the_same_policy),
       T(a_name_that_was_shown_is_given_back),
       T(a_connection_keeps_its_pin_alive))
