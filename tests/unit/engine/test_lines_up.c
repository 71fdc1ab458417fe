/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lines_up.c - resolvers by TLS: one line each, which all questions share,
 * and where there is none
 *
 * Lines that end, and resolvers that change, are in test_lines_lost.c.
 */
#include "resolving.h"

#define SOME 20u

/* --- one line for all --- */

static void many_questions_are_one_dial_and_one_handover(void **state)
{
	struct given x;

	(void)state;
	world_of("dns.example", NULL);
	CHECK_EQ(w.dials, 0);
	for (uint16_t i = 0; i < SOME; i++)
		ask(i);
	CHECK_EQ(w.dials, 1);
	CHECK_EQ(n_given(), 1);
	x = last();
	CHECK_EQ(x.x.kind, WEIR_HANDOVER_RESOLVER);
	assert_string_equal(x.x.shown, "dns.example");
	CHECK(weir_addr_is_equal(&x.x.to, &first));
	CHECK_EQ(x.x.port, DOT);
	CHECK_EQ(x.x.n_pins, 0);
	CHECK_EQ(flows(), 0);
	CHECK(x.host->kind == TWIN_TCP && !x.host->open && !x.host->hard);
	CHECK(weir_addr_is_equal(&x.host->to, &first));
	CHECK(x.guest->kind == TWIN_LINE && x.guest->open);
	CHECK_EQ(x.guest->sent.n, SOME);
	CHECK_EQ(w.n_open, 2);
	for (uint16_t i = 0; i < SOME; i++) {
		answers(x.guest, asked(x.guest, i));
		CHECK_EQ(g.grams.n, i + 1u);
		CHECK_EQ(reply().id, i);
	}
	ask(100);
	CHECK_EQ(w.dials, 1);
	answers(x.guest, NULL);
	CHECK_EQ(reply().id, 100);
	CHECK_EQ(reply().rcode, WEIR_DNS_NOERROR);
	done();
}

static void answers_in_another_order_all_in_one_turn(void **state)
{
	struct twin_sock *line;
	struct dnsbits d;
	bool seen[SOME] = { false };

	(void)state;
	world_of("dns.example", NULL);
	for (uint16_t i = 0; i < SOME; i++)
		ask(i);
	line = last().guest;
	for (unsigned i = SOME; i > 0; i--)
		put_answer(line, asked(line, i - 1), (uint8_t)(i - 1), 0);
	guest_talk(&g);
	guest_talk(&g);
	CHECK_EQ(g.grams.n, SOME);
	for (const struct twin_gram *m = g.grams.first; m; m = m->next) {
		CHECK(dnsbits_read(m->b, m->len, &d));
		CHECK_EQ(d.rcode, WEIR_DNS_NOERROR);
		CHECK_EQ(d.addr.b[15], d.id); /* each its own */
		CHECK(d.id < SOME && !seen[d.id]);
		seen[d.id] = true;
	}
	done();
}

static void answers_that_nobody_asked_for_are_not_believed(void **state)
{
	struct twin_sock *line;
	uint8_t b[512];
	size_t len;

	(void)state;
	world_of("dns.example", NULL);
	ask(1);
	line = last().guest;
	len = dnsbits_answer(b, line->sent.last->b, line->sent.last->len, &far4,
			     0);
	b[0] ^= 1; /* another id */
	for (unsigned i = 0; i < 100; i++)
		twin_writes(&w, line, b, len);
	b[0] ^= 1;
	b[13] ^= 1; /* another name */
	for (unsigned i = 0; i < 100; i++)
		twin_writes(&w, line, b, len);
	b[13] ^= 1;
	for (size_t n = 1; n < 12; n++) /* no message at all */
		twin_writes(&w, line, b, n);
	twin_writes(&w, line, line->sent.last->b, line->sent.last->len);
	guest_talk(&g);
	CHECK(!line->come.first);
	CHECK_EQ(g.grams.n, 0);
	CHECK_EQ(w.dials, 1);
	answers(line, NULL);
	CHECK_EQ(reply().rcode, WEIR_DNS_NOERROR);
	answers(line, NULL); /* once more */
	CHECK_EQ(g.grams.n, 1);
	done();
}

/* Two of 65536 may be the same: then the name tells them apart. */
static void two_with_the_same_id_are_told_apart(void **state)
{
	struct weir_house *h;
	struct twin_sock *line;

	(void)state;
	world_of("dns.example", NULL);
	h = (struct weir_house *)(uintptr_t)w.house;
	ask(1);
	line = last().guest;
	memcpy(h->names.random.b, line->sent.last->b, 2);
	ask(2);
	CHECK(memcmp(asked(line, 0)->b, asked(line, 1)->b, 2) == 0);
	answers(line, asked(line, 1));
	CHECK_EQ(g.grams.n, 1);
	CHECK_EQ(reply().id, 2);
	answers(line, asked(line, 0));
	CHECK_EQ(g.grams.n, 2);
	CHECK_EQ(reply().id, 1);
	done();
}

static void a_resolver_that_fails_one_is_not_asked_that_again(void **state)
{
	struct given x, y;

	(void)state;
	world_of("dns.example", "two.example");
	ask(1);
	x = last();
	put_answer(x.guest, x.guest->sent.last, 1, WEIR_DNS_SERVFAIL);
	guest_talk(&g);
	y = last();
	CHECK_EQ(n_given(), 2);
	CHECK(weir_addr_is_equal(&y.x.to, &second));
	assert_string_equal(y.x.shown, "two.example");
	CHECK(y.x.flow != x.x.flow);
	answers(y.guest, NULL);
	CHECK_EQ(reply().rcode, WEIR_DNS_NOERROR);
	CHECK(x.guest->open && y.guest->open);
	done();
}

static void an_answer_that_is_cut_is_asked_for_once_more(void **state)
{
	struct twin_sock *line;

	(void)state;
	world_of("dns.example", NULL);
	ask(1);
	line = last().guest;
	put_answer(line, line->sent.last, 1, WEIR_DNS_TC);
	guest_talk(&g);
	CHECK_EQ(g.grams.n, 0);
	CHECK_EQ(line->sent.n, 2);
	CHECK_EQ(w.dials, 1);
	answers(line, NULL);
	CHECK_EQ(reply().rcode, WEIR_DNS_NOERROR);
	done();
}

/* Between those that are asked for once more, which must be what was asked. */
static void the_answer_to_another_harms_it_not(void **state)
{
	struct twin_sock *line;

	(void)state;
	world_of("dns.example", "two.example");
	ask(1);
	line = last().guest;
	put_answer(line, line->sent.last, 1, WEIR_DNS_TC);
	guest_talk(&g);
	ask(2);
	CHECK_EQ(line->sent.n, 3);
	answers(line, asked(line, 0)); /* what was cut, whole by now */
	CHECK_EQ(g.grams.n, 0);
	answers(line, asked(line, 2));
	CHECK_EQ(reply().id, 2);
	answers(line, asked(line, 1));
	CHECK_EQ(g.grams.n, 2);
	CHECK_EQ(reply().id, 1);
	CHECK_EQ(reply().rcode, WEIR_DNS_NOERROR);
	CHECK_EQ(n_given(), 1);
	done();
}

static void one_that_is_cut_by_a_line_that_ends_goes_by_the_next(void **state)
{
	struct twin_sock *line;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		world_of("dns.example", NULL);
		ask(1);
		line = last().guest;
		ask(2);
		put_answer(line, asked(line, 0), 1, WEIR_DNS_TC);
		put_answer(line, asked(line, 1), 1, WEIR_DNS_TC);
		twin_parts(&w, line);
		proxy->space = i ? 0 : TWIN_EVER;
		guest_talk(&g);
		CHECK(!line->open);
		if (i) {
			CHECK_EQ(g.grams.n, 2);
			CHECK_EQ(reply().rcode, WEIR_DNS_SERVFAIL);
			CHECK_EQ(w.n_open, 1);
		} else {
			CHECK_EQ(n_given(), 2);
			line = last().guest;
			CHECK_EQ(line->sent.n, 2);
			answers(line, asked(line, 0));
			answers(line, asked(line, 1));
			CHECK_EQ(g.grams.n, 2);
			CHECK_EQ(reply().rcode, WEIR_DNS_NOERROR);
		}
		done();
	}
}

static void a_silent_one_is_followed_by_the_next(void **state)
{
	struct given x, y;

	(void)state;
	world_of("dns.example", "two.example");
	ask(1);
	x = last();
	guest_pass_ms(&g, PATIENCE);
	CHECK_EQ(n_given(), 2);
	y = last();
	answers(x.guest, NULL); /* too late: it is not asked any more */
	CHECK_EQ(g.grams.n, 0);
	answers(y.guest, NULL);
	CHECK_EQ(reply().rcode, WEIR_DNS_NOERROR);
	CHECK_EQ(w.n_open, 3);
	done();
}

static void when_all_are_silent_it_is_servfail(void **state)
{
	(void)state;
	world_of("dns.example", "two.example");
	ask(1);
	guest_pass_ms(&g, 20000);
	CHECK_EQ(reply().rcode, WEIR_DNS_SERVFAIL);
	CHECK_EQ(w.dials, 2);
	ask(2); /* by the lines that are */
	CHECK_EQ(w.dials, 2);
	done();
}

static void a_guests_line_is_answered_by_a_resolvers(void **state)
{
	struct twin_sock *line, *up;
	uint8_t q[512];
	size_t len = dnsbits_ask(q, 7, "www.example.com", WEIR_DNS_A);

	(void)state;
	twin_init(&w);
	w.policy[w.n_policy++] = "intercept 853";
	upstreams(&w.charter, "dns.example", NULL);
	begin();
	proxy = twin_proxy(&w);
	twin_step(&w);
	CHECK(guest_connect(&g, &c, &far4, DOT));
	line = last().host;
	twin_writes(&w, line, q, len);
	guest_talk(&g);
	CHECK_EQ(n_given(), 2);
	up = last().guest;
	CHECK(up != line);
	answers(up, NULL);
	CHECK_EQ(line->sent.n, 1);
	CHECK(line->sent.first->b[1] == 7);
	done();
}

/* --- there is no line --- */

static void without_a_proxy_the_next_is_asked(void **state)
{
	struct twin_sock *s;

	(void)state;
	world_of("dns.example", ""); /* which is asked by UDP */
	twin_dies(&w, proxy);
	guest_talk(&g);
	ask(1);
	CHECK_EQ(w.dials, 0);
	s = twin_find_kind(&w, TWIN_DNS);
	CHECK(s && weir_addr_is_equal(&s->to, &second));
	done();
}

static void without_any_it_is_servfail(void **state)
{
	(void)state;
	world_of("dns.example", "two.example");
	twin_dies(&w, proxy);
	guest_talk(&g);
	ask(1);
	CHECK_EQ(reply().rcode, WEIR_DNS_SERVFAIL);
	proxy = twin_proxy(&w);
	twin_step(&w);
	ask(2);
	CHECK_EQ(n_given(), 1);
	answers(last().guest, NULL);
	CHECK_EQ(reply().rcode, WEIR_DNS_NOERROR);
	done();
}

static void while_the_proxy_is_full_the_next_is_asked(void **state)
{
	(void)state;
	world_of("dns.example", "");
	proxy->space = 0;
	ask(1);
	CHECK_EQ(n_given(), 0);
	CHECK(twin_find_kind(&w, TWIN_DNS));
	CHECK_EQ(w.n_open, 2); /* no line, no host */
	ask(2);
	CHECK_EQ(w.n_open, 3);
	CHECK_EQ(w.dials, 1);
	twin_tcp_takes(&w, proxy, TWIN_EVER);
	guest_talk(&g);
	ask(3);
	CHECK_EQ(n_given(), 1);
	done();
}

static void when_the_proxy_dies_its_lines_do(void **state)
{
	struct twin_sock *line;

	(void)state;
	world_of("dns.example", NULL);
	ask(1);
	line = last().guest;
	answers(line, NULL);
	ask(2);
	twin_dies(&w, proxy);
	guest_talk(&g);
	CHECK(!line->open);
	CHECK_EQ(w.n_open, 0);
	CHECK_EQ(reply().id, 2);
	CHECK_EQ(reply().rcode, WEIR_DNS_SERVFAIL);
	done();
}

static void where_something_cannot_be_had_the_next_is_asked(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		twin_init(&w);
		upstreams(&w.charter, "dns.example", "");
		begin();
		proxy = twin_proxy(&w);
		twin_step(&w);
		if (i == 0)
			rule(TWIN_FAIL_NOW, -ENETUNREACH, false);
		else if (i == 1)
			w.pair_err = -EMFILE;
		else if (i == 2)
			w.max_socks = 2;
		else if (i == 3)
			w.max_socks = 3;
		else
			w.watch_err = -ENOMEM;
		w.dns_err = -EMFILE;
		ask(1);
		CHECK_EQ(n_given(), 0);
		CHECK_EQ(reply().rcode, WEIR_DNS_SERVFAIL);
		CHECK_EQ(w.n_open, 1);
		w.n_rules = 0;
		w.pair_err = w.watch_err = 0;
		w.max_socks = TWIN_SOCKS_MAX - 1;
		ask(2);
		CHECK_EQ(n_given(), 1);
		done();
	}
}

/* What it dials is the proxy's to find out. */
static void a_dial_that_fails_later_ends_the_line(void **state)
{
	(void)state;
	twin_init(&w);
	upstreams(&w.charter, "dns.example", NULL);
	begin();
	rule(TWIN_FAIL_LATER, -ECONNREFUSED, false);
	proxy = twin_proxy(&w);
	twin_step(&w);
	ask(1);
	CHECK_EQ(n_given(), 1);
	twin_parts(&w, last().guest);
	guest_talk(&g);
	CHECK_EQ(reply().rcode, WEIR_DNS_SERVFAIL);
	done();
}

T_MAIN(T(many_questions_are_one_dial_and_one_handover),
       T(answers_in_another_order_all_in_one_turn),
       T(answers_that_nobody_asked_for_are_not_believed),
       T(two_with_the_same_id_are_told_apart),
       T(a_resolver_that_fails_one_is_not_asked_that_again),
       T(an_answer_that_is_cut_is_asked_for_once_more),
       T(the_answer_to_another_harms_it_not),
       T(one_that_is_cut_by_a_line_that_ends_goes_by_the_next),
       T(a_silent_one_is_followed_by_the_next),
       T(when_all_are_silent_it_is_servfail),
       T(a_guests_line_is_answered_by_a_resolvers),
       T(without_a_proxy_the_next_is_asked), T(without_any_it_is_servfail),
       T(while_the_proxy_is_full_the_next_is_asked),
       T(when_the_proxy_dies_its_lines_do),
       T(where_something_cannot_be_had_the_next_is_asked),
       T(a_dial_that_fails_later_ends_the_line))
