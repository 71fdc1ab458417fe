/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lines_lost.c - resolvers by TLS: lines that end with questions out, and
 * other resolvers meanwhile
 */
#include "resolving.h"

/* --- it ends --- */

static void what_a_good_line_owed_is_asked_once_more(void **state)
{
	struct twin_sock *old, *line;

	(void)state;
	world_of("dns.example", "two.example");
	ask(1);
	old = last().guest;
	answers(old, NULL);
	ask(2);
	ask(3);
	twin_parts(&w, old); /* it was idle for too long */
	guest_talk(&g);
	CHECK(!old->open);
	CHECK_EQ(n_given(), 2);
	CHECK_EQ(w.dials, 2);
	line = last().guest;
	assert_string_equal(last().x.shown, "dns.example");
	CHECK_EQ(line->sent.n, 2);
	answers(line, asked(line, 0));
	answers(line, asked(line, 1));
	CHECK_EQ(g.grams.n, 3);
	CHECK_EQ(reply().rcode, WEIR_DNS_NOERROR);
	done();
}

static void but_only_once(void **state)
{
	struct twin_sock *line;

	(void)state;
	world_of("dns.example", "two.example");
	ask(1);
	answers(last().guest, NULL);
	ask(2);
	twin_parts(&w, last().guest);
	guest_talk(&g);
	line = last().guest; /* has that one again, */
	ask(3);
	answers(line, NULL); /* spoke, */
	CHECK_EQ(reply().id, 3);
	ask(4);
	twin_parts(&w, line); /* and ends */
	guest_talk(&g);
	/* the new one was owed for the first time, the old one is the next's */
	CHECK_EQ(n_given(), 4);
	for (unsigned i = 2; i < 4; i++) {
		line = given(i).guest;
		CHECK_EQ(line->sent.n, 1);
		answers(line, NULL);
	}
	CHECK(strcmp(given(2).x.shown, given(3).x.shown) != 0);
	CHECK_EQ(g.grams.n, 4);
	CHECK_EQ(reply().rcode, WEIR_DNS_NOERROR);
	done();
}

/* Another one's failure is not its second time. */
static void what_failed_elsewhere_is_asked_once_more_too(void **state)
{
	struct twin_sock *line;

	(void)state;
	world_of("dns.example", "two.example");
	ask(1);
	ask(2);
	twin_parts(&w, last().guest); /* never spoke */
	guest_talk(&g);
	line = last().guest;
	CHECK_EQ(line->sent.n, 2);
	answers(line, asked(line, 1));
	CHECK_EQ(g.grams.n, 1);
	twin_parts(&w, line); /* a good one */
	guest_talk(&g);
	CHECK_EQ(g.grams.n, 1);
	CHECK_EQ(n_given(), 3);
	assert_string_equal(last().x.shown, "two.example");
	answers(last().guest, NULL);
	CHECK_EQ(reply().rcode, WEIR_DNS_NOERROR);
	done();
}

static void answers_that_came_before_the_end_count(void **state)
{
	struct twin_sock *line;

	(void)state;
	world_of("dns.example", NULL);
	for (uint16_t i = 0; i < 40; i++)
		ask(i);
	line = last().guest;
	for (unsigned i = 0; i < 40; i++)
		put_answer(line, asked(line, i), 1, 0);
	twin_parts(&w, line);
	guest_talk(&g);
	CHECK_EQ(g.grams.n, 40);
	CHECK_EQ(reply().rcode, WEIR_DNS_NOERROR);
	CHECK(!line->open);
	CHECK_EQ(w.dials, 1);
	CHECK_EQ(w.n_open, 1);
	done();
}

/*
 * One that closes with questions unread is told as reset, and that once and
 * before what it said (unix(7) keeps that; see weir_msg_receive()).
 */
static void also_if_questions_were_left_unread(void **state)
{
	struct twin_sock *line;

	(void)state;
	world_of("dns.example", NULL);
	ask(1);
	ask(2);
	line = last().guest;
	twin_gives_gram(&w, line, &first, 0, "", 0, -ECONNRESET);
	put_answer(line, asked(line, 0), 1, 0);
	twin_parts(&w, line);
	guest_talk(&g);
	CHECK(!line->open);
	CHECK_EQ(g.grams.n, 1);
	CHECK_EQ(reply().id, 1);
	CHECK_EQ(reply().rcode, WEIR_DNS_NOERROR);
	/* the other is asked once more: it spoke */
	CHECK_EQ(n_given(), 2);
	answers(last().guest, NULL);
	CHECK_EQ(reply().id, 2);
	CHECK_EQ(reply().rcode, WEIR_DNS_NOERROR);
	done();
}

static void one_that_ends_before_it_spoke_is_followed_by_the_next(void **state)
{
	struct twin_sock *line;

	(void)state;
	world_of("dns.example", "two.example");
	ask(1);
	ask(2);
	twin_parts(&w, last().guest); /* its certificate was another's */
	guest_talk(&g);
	CHECK_EQ(n_given(), 2);
	assert_string_equal(last().x.shown, "two.example");
	line = last().guest;
	CHECK_EQ(line->sent.n, 2);
	answers(line, asked(line, 0));
	answers(line, asked(line, 1));
	CHECK_EQ(g.grams.n, 2);
	CHECK_EQ(reply().rcode, WEIR_DNS_NOERROR);
	done();
}

static void or_it_is_servfail(void **state)
{
	(void)state;
	world_of("dns.example", "two.example");
	ask(1);
	twin_parts(&w, last().guest);
	guest_talk(&g);
	twin_parts(&w, last().guest);
	guest_talk(&g);
	CHECK_EQ(reply().rcode, WEIR_DNS_SERVFAIL);
	CHECK_EQ(w.dials, 2);
	CHECK_EQ(w.n_open, 1);
	ask(2); /* tried again for that one */
	CHECK_EQ(w.dials, 3);
	done();
}

/* A question finds it ended that the loop has not told of. */
static void one_that_ended_unheard_is_made_again(void **state)
{
	struct twin_sock *old, *line;

	(void)state;
	world_of("dns.example", NULL);
	ask(1);
	old = last().guest;
	answers(old, NULL);
	ask(2);
	old->watched = false;
	twin_parts(&w, old);
	ask(3);
	CHECK(!old->open);
	CHECK_EQ(n_given(), 2);
	line = last().guest;
	CHECK_EQ(line->sent.n, 2); /* also what the old one owed */
	answers(line, asked(line, 0));
	answers(line, asked(line, 1));
	CHECK_EQ(g.grams.n, 3);
	CHECK_EQ(reply().rcode, WEIR_DNS_NOERROR);
	done();
}

static void one_that_ended_unheard_and_never_spoke_is_not(void **state)
{
	struct twin_sock *old;

	(void)state;
	world_of("dns.example", "two.example");
	ask(1);
	old = last().guest;
	old->watched = false;
	twin_parts(&w, old);
	ask(2);
	CHECK_EQ(n_given(), 2);
	assert_string_equal(last().x.shown, "two.example");
	CHECK_EQ(last().guest->sent.n, 1);
	old->watched = true;
	twin_poke(old);
	guest_talk(&g);
	CHECK(!old->open);
	CHECK_EQ(last().guest->sent.n, 2);
	done();
}

static void one_that_takes_no_more_is_followed_by_the_next(void **state)
{
	struct twin_sock *line;

	(void)state;
	world_of("dns.example", "two.example");
	ask(1);
	line = last().guest;
	answers(line, NULL);
	line->space = 0;
	ask(2);
	CHECK_EQ(n_given(), 2);
	assert_string_equal(last().x.shown, "two.example");
	CHECK(line->open);
	line->space = TWIN_EVER;
	ask(3);
	CHECK_EQ(n_given(), 2);
	CHECK_EQ(line->sent.n, 2);
	done();
}

/* The proxy makes and breaks them: no question is asked for ever. */
static void a_line_that_ends_at_once_each_time_ends_the_question(void **state)
{
	(void)state;
	world_of("dns.example", "two.example");
	for (uint16_t i = 0; i < 30; i++) {
		ask(i);
		for (unsigned n = 0; n < 10 && w.n_open > 1; n++) {
			struct twin_sock *line = last().guest;

			twin_writes(&w, line, "anything", 8);
			twin_parts(&w, line);
			guest_talk(&g);
		}
		CHECK_EQ(w.n_open, 1);
		CHECK_EQ(g.grams.n, i + 1u);
		CHECK_EQ(reply().rcode, WEIR_DNS_SERVFAIL);
	}
	CHECK(sent() <= 30 * 4);
	done();
}

/* --- other resolvers, and the end --- */

/* @spoke: the line had brought an answer; @tls: the new ones are by TLS too */
static void changes(bool spoke, bool tls, const char *other)
{
	struct twin_sock *old;
	unsigned had = spoke ? 1 : 0;

	world_of("dns.example", "two.example");
	ask(1);
	old = last().guest;
	if (spoke) {
		answers(old, NULL);
		ask(2);
	}
	ask(3);
	reload(tls ? "new.example" : "", other);
	CHECK(!old->open);
	CHECK_EQ(g.grams.n, had); /* none failed for that */
	if (tls) {
		CHECK_EQ(n_given(), 2);
		assert_string_equal(last().x.shown, "new.example");
		CHECK_EQ(last().guest->sent.n, 2);
		answers(last().guest, asked(last().guest, 0));
		answers(last().guest, asked(last().guest, 1));
		CHECK_EQ(reply().rcode, WEIR_DNS_NOERROR);
		CHECK_EQ(g.grams.n, had + 2);
	} else {
		CHECK_EQ(n_given(), 1);
		CHECK(twin_find_kind(&w, TWIN_DNS));
		CHECK_EQ(w.n_open, 3);
	}
	done();
}

static void what_a_good_line_owed_is_asked_of_the_new_resolvers(void **state)
{
	(void)state;
	changes(true, true, NULL);
	changes(true, true, "other.example");
	changes(true, false, "other.example");
}

/* That it had not spoken yet is no fault of theirs. */
static void what_another_owed_is_asked_of_the_new_resolvers(void **state)
{
	(void)state;
	changes(false, true, "other.example");
	changes(false, false, "other.example");
}

static void also_if_there_is_but_one(void **state)
{
	(void)state;
	changes(false, true, NULL);
}

static void what_was_asked_twice_is_asked_of_the_new_resolvers(void **state)
{
	struct twin_sock *line;

	(void)state;
	world_of("dns.example", NULL);
	ask(1);
	answers(last().guest, NULL);
	ask(2);
	twin_parts(&w, last().guest);
	guest_talk(&g);
	line = last().guest;
	CHECK_EQ(line->sent.n, 1);
	reload("new.example", NULL);
	CHECK(!line->open);
	CHECK_EQ(n_given(), 3);
	answers(last().guest, NULL);
	CHECK_EQ(reply().id, 2);
	CHECK_EQ(reply().rcode, WEIR_DNS_NOERROR);
	done();
}

static void with_no_resolver_left_it_is_servfail(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		world_of("dns.example", "two.example");
		ask(1);
		if (i) {
			answers(last().guest, NULL);
			ask(2);
		}
		reload("", NULL);
		CHECK_EQ(g.grams.n, 1 + i);
		CHECK_EQ(reply().rcode, WEIR_DNS_SERVFAIL);
		CHECK_EQ(w.n_open, 1);
		done();
	}
}

static void one_by_tls_instead_of_one_by_udp(void **state)
{
	(void)state;
	world_of("", NULL);
	ask(1);
	CHECK(twin_find_kind(&w, TWIN_DNS));
	reload("dns.example", NULL);
	ask(2);
	CHECK_EQ(n_given(), 1);
	guest_pass_ms(&g, PATIENCE); /* the first one's server is silent */
	CHECK(!twin_find_kind(&w, TWIN_DNS));
	CHECK(last().guest->sent.n >= 2);
	done();
}

static void an_end_of_its_line_said_by_the_proxy_is_no_flows(void **state)
{
	struct given x;

	(void)state;
	world_of("dns.example", NULL);
	ask(1);
	x = last();
	handed(x.x.flow, WEIR_HANDOVER_RESET, WEIR_REASON_UPSTREAM_CERT);
	denied(x.x.flow, WEIR_JUDGE_BY_NOTHING, 0, "", "");
	guest_talk(&g);
	CHECK(x.guest->open);
	CHECK_EQ(told(WEIR_EVENT_DENY), 0);
	answers(x.guest, NULL);
	CHECK_EQ(reply().rcode, WEIR_DNS_NOERROR);
	done();
}

static void a_stop_with_lines_open_leaves_no_socket(void **state)
{
	(void)state;
	world_of("dns.example", "two.example");
	for (uint16_t i = 0; i < 100; i++)
		ask(i);
	guest_pass_ms(&g, PATIENCE);
	CHECK_EQ(w.n_open, 3);
	done();
}

T_MAIN(T(what_a_good_line_owed_is_asked_once_more), T(but_only_once),
       T(what_failed_elsewhere_is_asked_once_more_too),
       T(answers_that_came_before_the_end_count),
       T(also_if_questions_were_left_unread),
       T(one_that_ends_before_it_spoke_is_followed_by_the_next),
       T(or_it_is_servfail), T(one_that_ended_unheard_is_made_again),
       T(one_that_ended_unheard_and_never_spoke_is_not),
       T(one_that_takes_no_more_is_followed_by_the_next),
       T(a_line_that_ends_at_once_each_time_ends_the_question),
       T(what_a_good_line_owed_is_asked_of_the_new_resolvers),
       T(what_another_owed_is_asked_of_the_new_resolvers),
       T(also_if_there_is_but_one),
       T(what_was_asked_twice_is_asked_of_the_new_resolvers),
       T(with_no_resolver_left_it_is_servfail),
       T(one_by_tls_instead_of_one_by_udp),
       T(an_end_of_its_line_said_by_the_proxy_is_no_flows),
       T(a_stop_with_lines_open_leaves_no_socket))
