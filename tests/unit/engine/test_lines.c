/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lines.c - DNS over TLS from the guest: port 853 where it is intercepted;
 * the test is the proxy, which reads TLS and writes messages
 *
 * Resolvers by TLS are in test_lines_up.c and test_lines_lost.c.
 */
#include "crossed.h"
#include "dnsbits.h"

#define DOT     853
#define PENDING 64u

static const struct weir_addr answer4 = {
	.b = { [10] = 0xff, 0xff, 93, 184, 216, 34 }
};

static struct guest_conn many[WEIR_DNS_LINES_MAX + 1];

static void dot_world(void)
{
	crossing("intercept 853", "allow public", NULL);
}

/* A connection of the guest; Return: the engine's end of its line. */
static struct twin_sock *joined(struct guest_conn *conn)
{
	CHECK(guest_connect(&g, conn, &far4, DOT));
	return last().host;
}

/* What the proxy has read in TLS. */
static void ask(struct twin_sock *line, uint16_t id, const char *name)
{
	uint8_t q[512];
	size_t len = dnsbits_ask(q, id, name, WEIR_DNS_A);

	twin_writes(&w, line, q, len);
}

/* The server answers the question it was asked last. */
static void server_answers(const struct weir_addr *addr)
{
	struct twin_sock *s = twin_find_kind(&w, TWIN_DNS);
	uint8_t a[512];
	size_t len;

	CHECK(s != NULL);
	len = dnsbits_answer(a, s->sent.last->b, s->sent.last->len, addr, 0);
	twin_gives_gram(&w, s, &s->to, s->port, a, len, 0);
	guest_talk(&g);
}

/* The last answer by that line. */
static struct dnsbits reply(const struct twin_sock *line)
{
	struct dnsbits d;

	CHECK(line->sent.last != NULL);
	CHECK(dnsbits_read(line->sent.last->b, line->sent.last->len, &d));
	return d;
}

/* --- which --- */

static void port_853_of_any_address_is_answered(void **state)
{
	const struct weir_addr private = weir_addr_from4(0xc0a80505);
	struct weir_addr to[6] = { far4, far6, private };

	(void)state;
	policy("intercept 853", NULL); /* nothing is allowed */
	begin();
	proxy = twin_proxy(&w);
	twin_step(&w);
	to[3] = w.charter.dns4;
	to[4] = w.charter.dns6;
	to[5] = w.charter.gateway4;
	for (unsigned i = 0; i < 6; i++) {
		struct given x;

		CHECK(guest_connect(&g, &more[i], &to[i], DOT));
		CHECK_EQ(n_given(), i + 1);
		x = last();
		CHECK_EQ(x.x.kind, WEIR_HANDOVER_DOT);
		CHECK_EQ(flows(), i + 1);
		CHECK(weir_addr_is_equal(&x.x.to, &to[i]));
		CHECK_EQ(x.x.port, DOT);
		CHECK(x.guest->kind == TWIN_TCP && x.guest->open);
		CHECK(x.host->kind == TWIN_LINE && x.host->open);
	}
	CHECK_EQ(w.dials, 0);
	CHECK_EQ(w.n_open, 1 + 2 * 6);
	done();
}

static void where_it_is_not_intercepted_it_is_refused(void **state)
{
	(void)state;
	crossing("intercept 443", "allow public", NULL);
	CHECK(!guest_connect(&g, &c, &far4, DOT));
	CHECK(c.rst);
	CHECK(!guest_connect(&g, &more[0], &far6, DOT));
	CHECK_EQ(counted(WEIR_REASON_DOT), 2);
	CHECK_EQ(told(WEIR_EVENT_DENY), 2);
	CHECK_EQ(n_given(), 0);
	CHECK_EQ(w.dials, 0);
	done();
}

static void bytes_of_tls_go_both_ways_and_are_not_looked_at(void **state)
{
	struct given x;

	(void)state;
	dot_world();
	(void)joined(&c);
	x = last();
	say("\1\2\3", 3);
	CHECK_EQ(x.guest->up.len, 3);
	twin_tcp_gives(&w, x.guest, "\4\5", 2);
	guest_talk(&g);
	CHECK_EQ(c.in.len, 2);
	twin_tcp_ends(&w, x.guest);
	guest_talk(&g);
	CHECK(c.fin);
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK(!x.guest->open && x.guest->shut);
	twin_parts(&w, x.host);
	guest_pass_ms(&g, WEIR_TIME_WAIT_MS + 100);
	CHECK_EQ(w.n_open, 1);
	CHECK_EQ(counted(WEIR_REASON_CLOSED), 1);
	done();
}

/* The client's next connection may be from the same port. */
static void one_in_time_wait_gives_way_to_another(void **state)
{
	struct weir_tcp syn = { .dport = DOT,
				.flags = WEIR_TCP_SYN,
				.mss = 1460,
				.wscale = -1,
				.window = 60000 };
	static struct guest_frame f;
	struct given x;

	(void)state;
	dot_world();
	(void)joined(&c);
	x = last();
	twin_tcp_ends(&w, x.guest);
	guest_talk(&g);
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	syn.sport = c.sport;
	syn.seq = c.seq + 100000;
	guest_tcp_frame(&g, &(struct guest_ip){ .to = far4 }, &syn, NULL, 0,
			&f);
	guest_put(&g, &f);
	guest_talk(&g);
	CHECK_EQ(n_given(), 2);
	CHECK(last().host != x.host && last().host->open);
	CHECK_EQ(c.synacks, 2);
	done();
}

/* --- questions and answers --- */

static void a_question_is_answered_by_its_line_and_pinned(void **state)
{
	struct twin_sock *line, *other;
	struct weir_summary s;

	(void)state;
	crossing("intercept 853", "allow tcp www.example.org:80", NULL);
	line = joined(&c);
	other = joined(&more[0]);
	CHECK(!guest_connect(&g, &more[1], &answer4, 80));
	ask(line, 77, "www.example.org");
	guest_talk(&g);
	CHECK_EQ(line->sent.n, 0);
	server_answers(&answer4);
	CHECK_EQ(line->sent.n, 1);
	CHECK_EQ(other->sent.n, 0);
	CHECK_EQ(reply(line).id, 77);
	CHECK_EQ(reply(line).rcode, WEIR_DNS_NOERROR);
	CHECK(memcmp(reply(line).addr.b, answer4.b, 16) == 0);
	CHECK(guest_connect(&g, &more[2], &answer4, 80));
	CHECK_EQ(told(WEIR_EVENT_DNS), 1);
	assert_string_equal(ev.name, "www.example.org");
	ask(other, 78, "www.example.org"); /* from the cache, at once */
	guest_talk(&g);
	CHECK_EQ(reply(other).id, 78);
	s = twin_summary(&w);
	CHECK_EQ(s.dns_questions, 2);
	CHECK_EQ(s.dns_sent, 1);
	CHECK_EQ(s.dns_cached, 1);
	done();
}

static void a_name_that_is_denied_is_nxdomain(void **state)
{
	struct twin_sock *line;

	(void)state;
	crossing("intercept 853", "deny ads.example.com", "allow public");
	line = joined(&c);
	ask(line, 5, "ads.example.com");
	guest_talk(&g);
	CHECK_EQ(reply(line).id, 5);
	CHECK_EQ(reply(line).rcode, WEIR_DNS_NXDOMAIN);
	CHECK_EQ(counted(WEIR_REASON_RULE), 1);
	CHECK_EQ(told(WEIR_EVENT_DENY), 1);
	CHECK_EQ(twin_summary(&w).dns_sent, 0);
	done();
}

static void an_address_that_is_denied_is_left_out(void **state)
{
	const struct weir_addr private = weir_addr_from4(0xc0a80505);
	struct twin_sock *line;

	(void)state;
	dot_world();
	line = joined(&c);
	ask(line, 5, "www.example.com");
	guest_talk(&g);
	server_answers(&private);
	CHECK_EQ(reply(line).rcode, WEIR_DNS_NXDOMAIN);
	CHECK_EQ(counted(WEIR_REASON_REBIND), 1);
	done();
}

static void questions_by_line_udp_and_tcp_share_one_answer(void **state)
{
	static struct guest_frame f;
	struct twin_sock *line;
	uint8_t q[514];
	size_t len;

	(void)state;
	dot_world();
	line = joined(&c);
	ask(line, 1, "www.example.com");
	ask(line, 1, "www.example.com"); /* the same once more is one more */
	len = dnsbits_ask(q + 2, 2, "www.example.com", WEIR_DNS_A);
	guest_udp_frame(&g, &(struct guest_ip){ .to = w.charter.dns4 }, 5000,
			53, q + 2, len, &f);
	guest_put(&g, &f);
	guest_talk(&g);
	CHECK(guest_connect(&g, &more[0], &far4, 53));
	put16(q, len);
	guest_segment(&g, &more[0], WEIR_TCP_ACK, q, len + 2);
	guest_talk(&g);
	CHECK_EQ(twin_summary(&w).dns_sent, 1);
	server_answers(&answer4);
	CHECK_EQ(line->sent.n, 2);
	CHECK_EQ(g.grams.n, 1);
	CHECK(more[0].in.len > len);
	done();
}

/* --- limits --- */

static void with_64_pending_it_is_not_read_and_then_again(void **state)
{
	struct twin_sock *line;
	char name[40];

	(void)state;
	dot_world();
	line = joined(&c);
	for (uint16_t i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "n%u.example.com", i);
		ask(line, i, name);
	}
	guest_talk(&g);
	CHECK_EQ(line->come.n, 200 - PENDING);
	CHECK(!line->in);
	CHECK_EQ(line->sent.n, 0);
	for (unsigned i = 1; i <= 136; i++) {
		server_answers(&answer4);
		CHECK_EQ(line->sent.n, i);
		CHECK_EQ(line->come.n, 136 - i);
	}
	CHECK(!line->in); /* 64 again */
	for (unsigned i = 137; i <= 200; i++) {
		server_answers(&answer4);
		CHECK_EQ(line->sent.n, i);
		CHECK(line->in);
	}
	CHECK_EQ(w.n_open, 3);
	done();
}

/* Equal ones are answered all in one turn. */
static void with_64_of_the_same_pending_it_is_read_again(void **state)
{
	struct twin_sock *line;

	(void)state;
	dot_world();
	line = joined(&c);
	for (uint16_t i = 0; i < 100; i++)
		ask(line, i, "www.example.com");
	guest_talk(&g);
	CHECK_EQ(line->come.n, 100 - PENDING);
	server_answers(&answer4);
	guest_talk(&g);
	CHECK_EQ(line->come.n, 0);
	CHECK_EQ(line->sent.n, 100);
	CHECK(line->in);
	done();
}

static void many_that_are_answered_at_once_never_pause_it(void **state)
{
	struct twin_sock *line;

	(void)state;
	dot_world();
	line = joined(&c);
	for (uint16_t i = 0; i < 1000; i++)
		ask(line, i, "localhost");
	guest_talk(&g);
	CHECK_EQ(line->sent.n, 1000);
	CHECK(line->in && line->open);
	done();
}

/* The end is told whether it is asked for or not: it must not turn and turn. */
static void one_that_ends_with_64_pending_is_closed(void **state)
{
	struct twin_sock *line;
	char name[40];

	(void)state;
	dot_world();
	line = joined(&c);
	for (uint16_t i = 0; i < 80; i++) {
		snprintf(name, sizeof(name), "n%u.example.com", i);
		ask(line, i, name);
	}
	guest_talk(&g);
	CHECK(!line->in);
	twin_parts(&w, line);
	guest_talk(&g);
	CHECK(!line->open);
	while (twin_find_kind(&w, TWIN_DNS))
		server_answers(&answer4);
	CHECK_EQ(line->sent.n, 0);
	done();
}

static void answers_to_a_line_that_is_gone_go_nowhere(void **state)
{
	struct twin_sock *line, *next;

	(void)state;
	dot_world();
	line = joined(&c);
	ask(line, 9, "www.example.com");
	guest_talk(&g);
	twin_parts(&w, line);
	guest_talk(&g);
	CHECK(!line->open);
	next = joined(&more[0]); /* in its place */
	server_answers(&answer4);
	CHECK_EQ(line->sent.n, 0);
	CHECK_EQ(next->sent.n, 0);
	ask(next, 10, "www.example.com");
	guest_talk(&g);
	CHECK_EQ(reply(next).id, 10);
	done();
}

static void one_more_than_128_is_limit_flows(void **state)
{
	struct given x;

	(void)state;
	dot_world();
	for (unsigned i = 0; i < WEIR_DNS_LINES_MAX; i++)
		(void)joined(&many[i]);
	CHECK(!guest_connect(&g, &many[WEIR_DNS_LINES_MAX], &far4, DOT));
	CHECK(many[WEIR_DNS_LINES_MAX].rst);
	CHECK_EQ(counted(WEIR_REASON_LIMIT_FLOWS), 1);
	CHECK_EQ(w.n_open, 1 + 2 * WEIR_DNS_LINES_MAX);
	/* one that ends makes room */
	x = given(40);
	twin_parts(&w, x.host);
	twin_parts(&w, x.guest);
	guest_talk(&g);
	ask(joined(&c), 1, "localhost");
	guest_talk(&g);
	CHECK_EQ(last().host->sent.n, 1);
	CHECK_EQ(given(39).host->sent.n, 0);
	done();
}

static void a_line_that_does_not_read_is_closed(void **state)
{
	struct twin_sock *line, *other;

	(void)state;
	dot_world();
	line = joined(&c);
	other = joined(&more[0]);
	line->space = 3;
	for (uint16_t i = 0; i < 10; i++)
		ask(line, i, "localhost");
	guest_talk(&g);
	CHECK_EQ(line->sent.n, 3);
	CHECK(!line->open);
	CHECK_EQ(counted(WEIR_REASON_LIMIT_PAYLOAD), 1);
	ask(other, 1, "localhost");
	guest_talk(&g);
	CHECK_EQ(other->sent.n, 1);
	done();
}

static void nor_one_that_does_not_when_answers_come_late(void **state)
{
	struct twin_sock *line;

	(void)state;
	dot_world();
	line = joined(&c);
	line->space = 3;
	for (uint16_t i = 0; i < 70; i++)
		ask(line, i, "www.example.com");
	guest_talk(&g);
	CHECK_EQ(line->come.n, 6);
	server_answers(&answer4);
	CHECK_EQ(line->sent.n, 3);
	CHECK(!line->open);
	CHECK_EQ(counted(WEIR_REASON_LIMIT_PAYLOAD), 1);
	done();
}

/* --- what is none --- */

static void what_is_no_question_ends_its_line(void **state)
{
	static const uint8_t junk[5];
	uint8_t q[512];
	size_t len = dnsbits_ask(q, 1, "www.example.com", WEIR_DNS_A);
	const struct {
		const uint8_t *b;
		size_t len;
	} row[] = { { q, 1 }, { q, 11 }, { q, len }, { junk, 5 } };

	(void)state;
	dot_world();
	q[2] |= 0x80; /* an answer */
	for (unsigned i = 0; i < 4; i++) {
		struct twin_sock *line = joined(&more[i]);

		ask(line, 3, "localhost");
		twin_writes(&w, line, row[i].b, row[i].len);
		ask(line, 4, "localhost");
		guest_talk(&g);
		CHECK(!line->open);
		CHECK_EQ(line->sent.n, 1);
		CHECK_EQ(counted(WEIR_REASON_DNS_FORM), i + 1);
	}
	CHECK_EQ(w.n_open, 1 + 4); /* their pairs */
	done();
}

static void half_a_question_is_formerr_and_one_too_long_harms_none(void **state)
{
	static uint8_t big[70000];
	struct twin_sock *line;
	uint8_t q[512];
	size_t len;

	(void)state;
	dot_world();
	line = joined(&c);
	len = dnsbits_ask(q, 1, "www.example.com", WEIR_DNS_A);
	for (size_t n = 12; n < len; n++) {
		twin_writes(&w, line, q, n);
		guest_talk(&g);
		CHECK(line->open);
		CHECK_EQ(reply(line).rcode, WEIR_DNS_FORMERR);
	}
	memcpy(big, q, len);
	twin_writes(&w, line, big, sizeof(big));
	ask(line, 7, "localhost");
	guest_talk(&g);
	CHECK(line->open);
	CHECK_EQ(reply(line).id, 7);
	done();
}

static void what_the_line_brings_is_read_before_its_end(void **state)
{
	struct twin_sock *line;

	(void)state;
	dot_world();
	line = joined(&c);
	ask(line, 1, "localhost");
	twin_parts(&w, line);
	line->gone = false; /* it shut its side: reading goes on */
	guest_talk(&g);
	CHECK_EQ(line->sent.n, 1);
	twin_parts(&w, line);
	guest_talk(&g);
	CHECK(!line->open);
	done();
}

/* --- what fails --- */

static void without_a_proxy_it_is_refused(void **state)
{
	(void)state;
	policy("intercept 853", "allow public");
	begin();
	CHECK(!guest_connect(&g, &c, &far4, DOT));
	CHECK(c.rst);
	CHECK_EQ(counted(WEIR_REASON_PROXY_DOWN), 1);
	CHECK_EQ(w.n_open, 0);
	done();
}

static void while_the_proxy_is_full_it_is_refused(void **state)
{
	(void)state;
	dot_world();
	proxy->space = 0;
	CHECK(!guest_connect(&g, &c, &far4, DOT));
	CHECK(!guest_connect(&g, &more[0], &far4, DOT));
	CHECK_EQ(counted(WEIR_REASON_PROXY_DOWN), 2);
	CHECK_EQ(w.n_open, 1);
	twin_tcp_takes(&w, proxy, TWIN_EVER);
	guest_talk(&g);
	(void)joined(&more[1]);
	done();
}

static void where_something_cannot_be_had_nothing_is_left(void **state)
{
	static const struct {
		bool watch;
		unsigned skip;
		enum weir_reason why;
		unsigned handed;
	} row[] = { { false, 0, WEIR_REASON_NO_FDS, 0 },
		    { false, 1, WEIR_REASON_NO_FDS, 0 },
		    { true, 0, WEIR_REASON_NO_FDS, 0 },
		    { true, 1, WEIR_REASON_NO_MEMORY, 1 } };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		dot_world();
		if (row[i].watch) {
			w.watch_err = -ENOMEM;
			w.watch_skip = row[i].skip;
		} else {
			w.pair_err = -EMFILE;
			w.pair_skip = row[i].skip;
		}
		CHECK(!guest_connect(&g, &c, &far4, DOT));
		CHECK(c.rst);
		CHECK_EQ(n_given(), row[i].handed);
		if (row[i].handed)
			CHECK(!last().host->open && !last().guest->open);
		CHECK_EQ(counted(row[i].why), 1);
		CHECK_EQ(w.n_open, 1);
		w.watch_err = w.pair_err = 0;
		(void)joined(&more[0]);
		done();
	}
}

static void where_descriptors_run_out_none_is_lost(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 4; n++) {
		dot_world();
		w.max_socks = 1 + n;
		CHECK(!guest_connect(&g, &c, &far4, DOT));
		CHECK_EQ(counted(WEIR_REASON_NO_FDS), 1);
		CHECK_EQ(w.n_open, 1);
		done();
	}
}

/* --- ends --- */

static void when_the_proxy_dies_they_end_with_it(void **state)
{
	struct twin_sock *line;

	(void)state;
	dot_world();
	line = joined(&c);
	(void)joined(&more[0]);
	ask(line, 1, "www.example.com");
	guest_talk(&g);
	twin_dies(&w, proxy);
	guest_talk(&g);
	CHECK(c.rst && more[0].rst && !line->open);
	CHECK_EQ(counted(WEIR_REASON_PROXY_DOWN), 2);
	server_answers(&answer4);
	CHECK_EQ(w.n_open, 0);
	done();
}

static void a_reset_of_the_guest_leaves_the_line_to_the_proxy(void **state)
{
	struct twin_sock *line;

	(void)state;
	dot_world();
	line = joined(&c);
	guest_segment(&g, &c, WEIR_TCP_RST | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK(!last().guest->open && line->open);
	twin_parts(&w, line);
	guest_talk(&g);
	CHECK_EQ(w.n_open, 1);
	done();
}

static void another_policy_leaves_those_that_are_open(void **state)
{
	struct twin_sock *line;

	(void)state;
	dot_world();
	line = joined(&c);
	w.policy[0] = "deny ads.example.com";
	twin_policy(&w);
	guest_talk(&g);
	CHECK(!c.rst && line->open);
	ask(line, 1, "ads.example.com"); /* names are judged by it */
	guest_talk(&g);
	CHECK_EQ(reply(line).rcode, WEIR_DNS_NXDOMAIN);
	CHECK(!guest_connect(&g, &more[0], &far4, DOT));
	CHECK_EQ(counted(WEIR_REASON_DOT), 1);
	done();
}

static void a_stop_with_questions_out_leaves_no_socket(void **state)
{
	struct twin_sock *line;
	char name[40];

	(void)state;
	dot_world();
	for (unsigned k = 0; k < 3; k++) {
		line = joined(&more[k]);
		for (uint16_t i = 0; i < 70; i++) {
			snprintf(name, sizeof(name), "n%u.example.com", i);
			ask(line, i, name);
		}
		guest_talk(&g);
	}
	done();
}

T_MAIN(T(port_853_of_any_address_is_answered),
       T(where_it_is_not_intercepted_it_is_refused),
       T(bytes_of_tls_go_both_ways_and_are_not_looked_at),
       T(one_in_time_wait_gives_way_to_another),
       T(a_question_is_answered_by_its_line_and_pinned),
       T(a_name_that_is_denied_is_nxdomain),
       T(an_address_that_is_denied_is_left_out),
       T(questions_by_line_udp_and_tcp_share_one_answer),
       T(with_64_pending_it_is_not_read_and_then_again),
       T(with_64_of_the_same_pending_it_is_read_again),
       T(many_that_are_answered_at_once_never_pause_it),
       T(one_that_ends_with_64_pending_is_closed),
       T(answers_to_a_line_that_is_gone_go_nowhere),
       T(one_more_than_128_is_limit_flows),
       T(a_line_that_does_not_read_is_closed),
       T(nor_one_that_does_not_when_answers_come_late),
       T(what_is_no_question_ends_its_line),
       T(half_a_question_is_formerr_and_one_too_long_harms_none),
       T(what_the_line_brings_is_read_before_its_end),
       T(without_a_proxy_it_is_refused),
       T(while_the_proxy_is_full_it_is_refused),
       T(where_something_cannot_be_had_nothing_is_left),
       T(where_descriptors_run_out_none_is_lost),
       T(when_the_proxy_dies_they_end_with_it),
       T(a_reset_of_the_guest_leaves_the_line_to_the_proxy),
       T(another_policy_leaves_those_that_are_open),
       T(a_stop_with_questions_out_leaves_no_socket))
