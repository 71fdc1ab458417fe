/* SPDX-License-Identifier: Apache-2.0 */
#include "askworld.h"

static const struct query plain = {
	.name = "www.example", .type = 1, .id = 7, .flags = WEIR_DNS_RD
};
#define ANSWER "NOERROR: www.example 300 A 93.184.216.34"

static struct world w;

static struct query ask_for(const char *text, uint16_t type)
{
	struct query q = plain;

	q.name = text;
	q.type = type;
	return q;
}

/* every list agrees with every other, and nothing is left to be done */
static void is_sound(const struct weir_ask *a)
{
	uint32_t n = 0, waiters = 0, before = UINT32_MAX;
	uint64_t due = 0;

	for (uint32_t i = a->first_asked; i != UINT32_MAX;
	     i = a->slot[i].later) {
		const struct weir_ask_slot *s = &a->slot[i];

		CHECK(weir_pool_is_taken(&a->slots, i));
		CHECK(weir_table_has(&a->table, i));
		CHECK_EQ(s->state, WEIR_ASK_STATE_ASKED);
		CHECK_EQ(s->earlier, before);
		CHECK(s->due_us >= due);
		CHECK(s->waiter != UINT32_MAX);
		for (uint32_t k = s->waiter; k != UINT32_MAX;
		     k = a->waiter[k].next)
			waiters++;
		due = s->due_us;
		before = i;
		n++;
	}
	CHECK_EQ(a->last_asked, before);
	CHECK_EQ(n, weir_pool_used(&a->slots));
	CHECK_EQ(n, weir_table_used(&a->table));
	CHECK_EQ(waiters, weir_pool_used(&a->waiters));
	CHECK_EQ(a->first_todo, UINT32_MAX);
	CHECK(!a->telling);
}

static void what_goes_upstream_is_ours_not_the_guests(void **state)
{
	/* a guest's question with a cookie, a client subnet and mixed case */
	/* clang-format off */
	static const uint8_t bytes[] = {
		0xab, 0xcd, 0x01, 0x10, 0, 1, 0, 0, 0, 0, 0, 1,
		1, 'A', 1, 'b', 0, 0, 16, 0, 1,
		0, 0, 41, 0x10, 0, 0, 0, 0x80, 0, 0, 23,
		0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8,
		0, 8, 0, 7, 0, 1, 24, 0, 10, 0, 2,
	};
	/* clang-format on */
	struct weir_dns_name want = name("a.b");
	static struct heard h;

	(void)state;
	world_open(&w, 1, true, NULL, 0);
	CHECK_EQ(world_bytes(&w, bytes, sizeof(bytes), &plain), WEIR_ASK_WAIT);
	CHECK_EQ(w.n_sent, 1);
	CHECK(w.sent[0].len <= WEIR_ASK_SEND_MAX_BYTES);
	CHECK(!w.sent[0].tcp);
	w.sent[0].bytes[2] |= 0x80; /* hear() reads answers */
	hear(&w.sent[0], &h);
	CHECK(h.h.id != 0xabcd);
	CHECK_EQ(h.h.flags,
		 WEIR_DNS_QR | WEIR_DNS_RD | WEIR_DNS_AD | WEIR_DNS_CD);
	CHECK(weir_dns_is_same_name(&h.q.name, &want));
	CHECK_EQ(h.q.type, 16);
	CHECK(h.has_edns);
	CHECK_EQ(h.edns.size, 1232);
	CHECK(h.edns.dnssec_ok);
	CHECK_EQ(w.sent[0].len, 12 + 5 + 4 + WEIR_DNS_OPT_BYTES);
	world_close(&w);
}

static void the_longest_name_fits_where_the_header_says(void **state)
{
	struct query q = plain;
	char text[254];

	(void)state;
	for (unsigned i = 0; i < 253; i++)
		text[i] = i % 2 ? '.' : 'a';
	text[253] = '\0';
	q.name = text;
	world_open(&w, 1, true, NULL, 0);
	CHECK_EQ(world_ask(&w, &q), WEIR_ASK_WAIT);
	CHECK_EQ(w.sent[0].len, 12 + 255 + 4 + WEIR_DNS_OPT_BYTES);
	CHECK(w.sent[0].len <= WEIR_ASK_SEND_MAX_BYTES);
	world_serve(&w, 0, "SERVFAIL:");
	told_is(&w, "SERVFAIL", "");
	CHECK(w.told[0].len <= WEIR_RESPOND_HEAD_BYTES);
	world_close(&w);
}

static void ids_and_cases_differ_from_try_to_try(void **state)
{
	struct query q = plain;
	unsigned same_id = 0, same_case = 0;
	char text[32];

	(void)state;
	world_open(&w, 1, true, NULL, 0);
	for (unsigned i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "www.example%u.abcdefgh",
			 i % 10 + 10);
		q.name = text;
		q.type = (uint16_t)(300 + i);
		world_ask(&w, &q);
		if (i >= 10) {
			const struct said *s = &w.sent[i], *t = s - 10;

			same_id += memcmp(s->bytes, t->bytes, 2) == 0;
			same_case +=
				memcmp(s->bytes + 12, t->bytes + 12, 23) == 0;
		}
	}
	CHECK(same_id <= 1);
	CHECK_EQ(same_case, 0); /* one in 2^19 each */
	world_close(&w);
}

static void equal_questions_share_one_and_each_gets_its_own_answer(void **state)
{
	struct query q[3] = { plain, plain, plain };
	static struct heard h;

	(void)state;
	world_open(&w, 1, true, NULL, 0);
	q[1].name = "WWW.Example";
	q[1].id = 8;
	q[1].who = 1;
	q[1].tcp = true;
	q[2].name = "www.EXAMPLE";
	q[2].who = 2;
	q[2].noedns = true;
	q[2].flags = 0;
	for (unsigned i = 0; i < 3; i++)
		CHECK_EQ(world_ask(&w, &q[i]), WEIR_ASK_WAIT);
	CHECK_EQ(w.n_sent, 1);
	CHECK_EQ(w.ask.stats.shared, 2);
	is_sound(&w.ask);
	CHECK_EQ(world_serve(&w, 0, ANSWER), WEIR_ASK_REVIEW);
	CHECK_EQ(w.n_told, 3);
	CHECK_EQ(w.n_closed, 1);
	for (unsigned i = 0; i < 3; i++) {
		struct weir_dns_name want = name(q[i].name);

		hear(&w.told[i], &h);
		CHECK_EQ(h.h.id, q[i].id);
		CHECK(weir_dns_is_exact_name(&h.q.name, &want));
		CHECK_EQ(h.has_edns, !q[i].noedns);
		CHECK_EQ(h.h.flags, WEIR_DNS_QR | WEIR_DNS_RA | q[i].flags);
		hears(&h, "www.example 300 A 93.184.216.34", true);
		CHECK_EQ(w.told[i].from.b[0], q[i].who);
		CHECK_EQ(w.told[i].from.b[WEIR_ASK_FROM_BYTES - 1], q[i].who);
		CHECK_EQ(w.told[i].tcp, q[i].tcp);
	}
	is_sound(&w.ask);
	world_close(&w);
}

static void a_guest_that_repeats_itself_is_told_once(void **state)
{
	struct query other = plain;

	(void)state;
	world_open(&w, 1, true, NULL, 0);
	for (unsigned i = 0; i < 5; i++)
		CHECK_EQ(world_ask(&w, &plain), WEIR_ASK_WAIT);
	other.id = 9;
	CHECK_EQ(world_ask(&w, &other), WEIR_ASK_WAIT);
	world_serve(&w, 0, ANSWER);
	CHECK_EQ(w.n_told, 2);
	CHECK_EQ(w.n_sent, 1);
	world_close(&w);
}

static void on_a_stream_each_question_has_its_answer(void **state)
{
	struct query q = plain;

	(void)state;
	q.tcp = true;
	world_open(&w, 1, true, NULL, 0);
	for (unsigned i = 0; i < 3; i++)
		CHECK_EQ(world_ask(&w, &q), WEIR_ASK_WAIT);
	CHECK_EQ(world_ask(&w, &plain), WEIR_ASK_WAIT);
	world_serve(&w, 0, ANSWER);
	CHECK_EQ(w.n_told, 4);
	CHECK_EQ(w.n_sent, 1);
	world_close(&w);
}

static void what_was_answered_is_answered_from_the_cache(void **state)
{
	struct query q = plain;

	(void)state;
	world_open(&w, 1, true, NULL, 0);
	world_ask(&w, &plain);
	world_serve(&w, 0, ANSWER);
	CHECK(!w.told[0].cached);
	world_wait(&w, 100 * SECOND);
	q.name = "WwW.eXample";
	CHECK_EQ(world_ask(&w, &q), WEIR_ASK_REPLY);
	told_is(&w, "NOERROR", "www.example 200 A 93.184.216.34");
	CHECK(w.told[1].cached);
	CHECK_EQ(memcmp(w.told[1].bytes + 12, "\3WwW\7eXample", 13), 0);
	world_wait(&w, 199 * SECOND);
	CHECK_EQ(world_ask(&w, &plain), WEIR_ASK_REPLY);
	told_is(&w, "NOERROR", "www.example 1 A 93.184.216.34");
	world_wait(&w, SECOND);
	CHECK_EQ(world_ask(&w, &plain), WEIR_ASK_WAIT);
	CHECK_EQ(w.n_sent, 2);
	CHECK_EQ(w.ask.stats.cached, 2);
	world_close(&w);
}

/* how long is this answer kept, in seconds?  0: not at all */
static unsigned kept_for(const char *answer, uint16_t type)
{
	struct query q = ask_for("www.example", type);
	unsigned lo = 0, hi = 200000;

	while (lo < hi) { /* kept is a matter of before and after */
		unsigned mid = (lo + hi) / 2;

		world_open(&w, 1, true, NULL, 0);
		world_ask(&w, &q);
		CHECK_EQ(world_serve(&w, 0, answer), WEIR_ASK_REVIEW);
		w.now += mid * SECOND;
		if (world_ask(&w, &q) == WEIR_ASK_REPLY)
			lo = mid + 1;
		else
			hi = mid;
		world_close(&w);
	}
	return lo;
}

static void answers_are_kept_as_long_as_they_hold(void **state)
{
	static const struct {
		const char *answer;
		unsigned seconds;
	} row[] = {
		{ "NOERROR: www.example 300 A 1.1.1.1", 300 },
		{ "NOERROR: www.example 300 A 1.1.1.1; www.example 30 A "
		  "1.1.1.2",
		  30 },
		{ "NOERROR: www.example 20 CNAME x.example; x.example 60 A "
		  "1.1.1.1",
		  20 },
		{ "NOERROR: www.example 0 A 1.1.1.1", 1 },
		{ "NOERROR: www.example 999999 A 1.1.1.1", 86400 },
		{ "NOERROR: www.example 4294967295 A 1.1.1.1", 1 },
		/* RFC 2308: the lesser of the SOA's TTL and its minimum */
		{ "NXDOMAIN: | example 900 SOA 60", 60 },
		{ "NXDOMAIN: | example 50 SOA 60", 50 },
		{ "NOERROR: | example 900 SOA 70", 70 },
		{ "NXDOMAIN: | example 90000 SOA 90000", 3600 },
		{ "NXDOMAIN: | example 90000 SOA 0", 1 },
		{ "NXDOMAIN: www.example 5 CNAME x.example; | example 900 SOA "
		  "60",
		  5 },
		{ "NXDOMAIN:", 0 },
		{ "NOERROR:", 0 },
		{ "NOERROR: www.example 20 CNAME x.example", 0 },
		/* an SOA that does not speak for the name proves nothing */
		{ "NXDOMAIN: | other 900 SOA 60", 0 },
	};

	(void)state;
	for (size_t i = 0; i < LEN(row); i++) {
		unsigned got = kept_for(row[i].answer, 1);

		if (got != row[i].seconds)
			fail_msg("%s: kept %u s", row[i].answer, got);
	}
}

static void flavours_of_a_question_are_kept_apart(void **state)
{
	struct query q = plain;

	(void)state;
	world_open(&w, 1, true, NULL, 0);
	for (unsigned i = 0; i < 4; i++) {
		q.dnssec_ok = i & 1;
		q.flags = i & 2 ? WEIR_DNS_RD | WEIR_DNS_CD : WEIR_DNS_RD;
		CHECK_EQ(world_ask(&w, &q), WEIR_ASK_WAIT);
		CHECK_EQ(w.n_sent, i + 1);
	}
	for (unsigned i = 0; i < 4; i++)
		world_serve(&w, i, ANSWER);
	CHECK_EQ(w.n_told, 4);
	for (unsigned i = 0; i < 4; i++) {
		q.dnssec_ok = i & 1;
		q.flags = i & 2 ? WEIR_DNS_RD | WEIR_DNS_CD : WEIR_DNS_RD;
		CHECK_EQ(world_ask(&w, &q), WEIR_ASK_REPLY);
	}
	world_close(&w);
}

static void failures_are_not_kept(void **state)
{
	(void)state;
	world_open(&w, 1, true, NULL, 0);
	for (unsigned i = 0; i < 3; i++) {
		CHECK_EQ(world_ask(&w, &plain), WEIR_ASK_WAIT);
		world_serve(&w, i, "SERVFAIL:");
		told_is(&w, "SERVFAIL", "");
	}
	CHECK_EQ(weir_answers_used(&w.ask.answers), 0);
	world_close(&w);
}

static void a_denied_name_stays_here(void **state)
{
	static struct heard h;
	struct query q = plain;

	(void)state;
	world_open(&w, 1, true, NULL, 0);
	world_ask(&w, &plain);
	world_serve(&w, 0, ANSWER); /* even if it is in the cache */
	w.verdict = WEIR_ASK_DENY;
	CHECK_EQ(world_ask(&w, &plain), WEIR_ASK_REPLY);
	told_is(&w, "NXDOMAIN", "");
	hear(&w.told[1], &h);
	CHECK_EQ(h.edns.ede, WEIR_DNS_EDE_BLOCKED);
	q.type = WEIR_DNS_ANY;
	CHECK_EQ(world_ask(&w, &q), WEIR_ASK_REPLY);
	told_is(&w, "NXDOMAIN", "");
	CHECK_EQ(w.n_sent, 1);
	CHECK_EQ(w.ask.stats.denied, 2);
	world_close(&w);
}

static void dropped_addresses_do_not_reach_the_guest_or_the_cache(void **state)
{
	static struct heard h;
	struct query q = plain;

	(void)state;
	q.flags |= WEIR_DNS_AD;
	world_open(&w, 1, true, NULL, 0);
	w.drop[w.n_drops++] = addr("10.0.0.1");
	world_ask(&w, &q);
	world_serve(&w, 0,
		    "NOERROR AD: www.example 300 A 10.0.0.1; "
		    "www.example 200 A 1.1.1.1; www.example 9 A 10.0.0.1");
	told_is(&w, "NOERROR", "www.example 200 A 1.1.1.1");
	world_ask(&w, &q);
	told_is(&w, "NOERROR", "www.example 200 A 1.1.1.1");
	hear(&w.told[1], &h);
	CHECK(!(h.h.flags & WEIR_DNS_AD)); /* no more what was verified */
	world_wait(&w, 400 * SECOND);
	world_ask(&w, &q);
	world_serve(&w, 1, "NOERROR: www.example 300 A 10.0.0.1");
	told_is(&w, "NXDOMAIN", "");
	hear(&w.told[w.n_told - 1], &h);
	CHECK_EQ(h.edns.ede, WEIR_DNS_EDE_FILTERED);
	CHECK_EQ(w.ask.stats.filtered, 1);
	CHECK_EQ(world_ask(&w, &q), WEIR_ASK_WAIT);
	world_close(&w);
}

static void a_silent_server_is_followed_by_the_next(void **state)
{
	(void)state;
	world_open(&w, 3, true, NULL, 0);
	world_ask(&w, &plain);
	CHECK_EQ(weir_ask_due_us(&w.ask), w.now + WEIR_DNS_TIMEOUT_MS * 1000);
	world_wait(&w, 2 * SECOND - 1);
	CHECK_EQ(w.n_sent, 1);
	world_wait(&w, 1);
	CHECK_EQ(w.n_sent, 2);
	world_wait(&w, 2 * SECOND);
	CHECK_EQ(w.n_sent, 3);
	for (unsigned i = 0; i < 3; i++)
		CHECK_EQ(w.sent[i].server.port, 53 + i);
	CHECK(w.sent[0].slot == w.sent[2].slot);
	world_wait(&w, 2 * SECOND);
	told_is(&w, "SERVFAIL", "");
	CHECK_EQ(w.n_closed, 1);
	CHECK_EQ(w.ask.stats.timeouts, 3);
	CHECK_EQ(weir_ask_due_us(&w.ask), UINT64_MAX);
	/* it answers now, but nobody listens */
	CHECK_EQ(world_serve(&w, 2, ANSWER), WEIR_ASK_IGNORED);
	is_sound(&w.ask);
	world_close(&w);
}

static void a_single_server_is_tried_twice(void **state)
{
	(void)state;
	world_open(&w, 1, true, NULL, 0);
	world_ask(&w, &plain);
	world_wait(&w, 2 * SECOND);
	CHECK_EQ(w.n_sent, 2);
	CHECK_EQ(world_serve(&w, 1, ANSWER), WEIR_ASK_REVIEW);
	told_is(&w, "NOERROR", "www.example 300 A 93.184.216.34");
	world_close(&w);
}

static void no_try_begins_after_the_budget(void **state)
{
	(void)state;
	world_open(&w, 8, true, NULL, 0);
	world_ask(&w, &plain);
	world_wait(&w, 60 * SECOND);
	CHECK_EQ(w.n_sent, 4); /* 0, 2, 4, 6 s; not at 8 */
	told_is(&w, "SERVFAIL", "");
	world_close(&w);
}

static void a_failing_server_is_followed_by_the_next_at_once(void **state)
{
	static const char *const bad[] = {
		"SERVFAIL:",
		"REFUSED:",
		"YXDOMAIN:",
	};

	(void)state;
	for (size_t i = 0; i < LEN(bad); i++) {
		world_open(&w, 2, true, NULL, 0);
		world_ask(&w, &plain);
		CHECK_EQ(world_serve(&w, 0, bad[i]), WEIR_ASK_TAKEN);
		CHECK_EQ(w.n_sent, 2);
		CHECK_EQ(w.sent[1].server.port, 54);
		world_serve(&w, 1, ANSWER);
		told_is(&w, "NOERROR", "www.example 300 A 93.184.216.34");
		world_close(&w);
	}
	world_open(&w, 2, true, NULL, 0);
	world_ask(&w, &plain);
	weir_ask_failed(&w.ask, w.sent[0].slot, w.now); /* the socket */
	world_drain(&w);
	CHECK_EQ(w.n_sent, 2);
	weir_ask_failed(&w.ask, w.sent[1].slot, w.now);
	world_drain(&w);
	told_is(&w, "SERVFAIL", "");
	weir_ask_failed(&w.ask, w.sent[1].slot, w.now); /* over: nothing */
	world_drain(&w);
	CHECK_EQ(w.n_told, 1);
	is_sound(&w.ask);
	world_close(&w);
}

static void with_no_server_at_all_it_is_a_failure_at_once(void **state)
{
	static struct heard h;

	(void)state;
	world_open(&w, 0, true, NULL, 0);
	CHECK_EQ(world_ask(&w, &plain), WEIR_ASK_WAIT);
	told_is(&w, "SERVFAIL", "");
	hear(&w.told[0], &h);
	CHECK_EQ(h.edns.ede, WEIR_DNS_EDE_NO_REACHABLE);
	CHECK_EQ(w.n_sent, 0);
	is_sound(&w.ask);
	world_close(&w);
}

static void a_server_that_was_silent_three_times_comes_last(void **state)
{
	struct query q = plain;

	(void)state;
	world_open(&w, 2, true, NULL, 0);
	for (unsigned i = 0; i < 3; i++) {
		q.type = (uint16_t)(20 + i);
		world_ask(&w, &q);
		CHECK_EQ(w.sent[2 * i].server.port, 53);
		world_wait(&w, 2 * SECOND);
		CHECK_EQ(w.sent[2 * i + 1].server.port, 54);
		world_serve(&w, 2 * i + 1, "NXDOMAIN:");
	}
	q.type = 30;
	world_ask(&w, &q);
	CHECK_EQ(w.sent[6].server.port, 54);
	world_serve(&w, 6, "NXDOMAIN:");
	world_wait(&w, 10 * SECOND);
	world_ask(&w, &q);
	CHECK_EQ(w.sent[7].server.port, 53);
	world_close(&w);
}

static void an_answer_makes_up_for_silences(void **state)
{
	struct query q = plain;

	(void)state;
	world_open(&w, 2, true, NULL, 0);
	for (unsigned i = 0; i < 8; i++) { /* silent, silent, answers, … */
		q.type = (uint16_t)(300 + i);
		world_ask(&w, &q);
		CHECK_EQ(w.sent[w.n_sent - 1].server.port, 53);
		if (i % 3 < 2)
			world_wait(&w, 2 * SECOND);
		world_serve(&w, w.n_sent - 1, "NXDOMAIN:");
	}
	world_close(&w);
}

static void a_truncated_answer_is_asked_for_by_tcp(void **state)
{
	(void)state;
	world_open(&w, 2, true, NULL, 0);
	world_ask(&w, &plain);
	CHECK_EQ(world_serve(&w, 0, "NOERROR TC:"), WEIR_ASK_TAKEN);
	CHECK_EQ(w.n_sent, 2);
	CHECK(w.sent[1].tcp);
	CHECK_EQ(w.sent[1].server.port, 53); /* the same one */
	world_serve(&w, 1, ANSWER);
	told_is(&w, "NOERROR", "www.example 300 A 93.184.216.34");
	world_close(&w);

	world_open(&w, 2, true, NULL, 0);
	world_ask(&w, &plain);
	world_serve(&w, 0, "NOERROR TC:");
	world_serve(&w, 1, "NOERROR TC:"); /* by TCP: nonsense */
	CHECK_EQ(w.n_sent, 3);
	CHECK(!w.sent[2].tcp);
	CHECK_EQ(w.sent[2].server.port, 54);
	world_close(&w);
}

static void a_server_without_edns_is_asked_without(void **state)
{
	static const char *const how[] = { "FORMERR:", "NOTIMP:", NULL };
	static struct heard h;

	(void)state;
	for (size_t i = 0; i < LEN(how); i++) {
		uint8_t bare[12] = { [2] = 0x81, [3] = 1 };

		world_open(&w, 1, true, NULL, 0);
		world_ask(&w, &plain);
		memcpy(bare, w.sent[0].bytes, 2);
		if (how[i])
			CHECK_EQ(world_serve(&w, 0, how[i]), WEIR_ASK_TAKEN);
		else
			CHECK_EQ(world_give(&w, 0, bare, 12), WEIR_ASK_TAKEN);
		CHECK_EQ(w.n_sent, 2);
		CHECK_EQ(w.sent[1].server.port, 53);
		w.sent[1].bytes[2] |= 0x80;
		hear(&w.sent[1], &h);
		CHECK(!h.has_edns);
		memcpy(bare, w.sent[1].bytes, 2);
		CHECK_EQ(world_give(&w, 1, bare, 12), WEIR_ASK_IGNORED);
		world_serve(&w, 1, how[i] ? ANSWER : "FORMERR:");
		told_is(&w, how[i] ? "NOERROR" : "SERVFAIL",
			how[i] ? "www.example 300 A 93.184.216.34" : "");
		world_close(&w);
	}
}

static void an_answer_whose_case_was_lost_is_asked_for_by_tcp(void **state)
{
	uint8_t b[512];
	size_t n;

	(void)state;
	world_open(&w, 1, true, NULL, 0);
	world_ask(&w, &plain);
	for (unsigned i = 0; i < 2; i++) {
		n = serve_build(&w, i, ANSWER, b, sizeof(b));
		for (size_t k = 12; k < 25; k++) /* the question's letters */
			b[k] = (uint8_t)(b[k] >= 'A' && b[k] <= 'Z'
						 ? b[k] | 0x20
						 : b[k]);
		CHECK(memcmp(b + 12, w.sent[i].bytes + 12, 13) != 0);
		CHECK_EQ(world_give(&w, i, b, n),
			 i ? WEIR_ASK_REVIEW : WEIR_ASK_TAKEN);
		CHECK_EQ(w.n_told, i);
		CHECK_EQ(w.n_sent, 2);
		CHECK(w.sent[1].tcp);
	}
	told_is(&w, "NOERROR", "www.example 300 A 93.184.216.34");
	CHECK_EQ(w.ask.stats.ignored, 1);
	world_close(&w);
}

static void what_echoes_no_question_is_ignored(void **state)
{
	uint8_t b[512], c[512];
	size_t n;

	(void)state;
	world_open(&w, 1, true, NULL, 0);
	world_ask(&w, &plain);
	n = serve_build(&w, 0, ANSWER, b, sizeof(b));
	for (unsigned bit = 0; bit < 8 * 29; bit++) {
		enum weir_ask_took took;

		/* any bit of id, QR, opcode, count and question */
		if ((bit >= 16 && bit < 32 && (bit < 19 || bit > 23)) ||
		    (bit >= 48 && bit < 96))
			continue;
		memcpy(c, b, n);
		c[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (bit / 8 > 12 && bit / 8 < 25 && bit % 8 == 5)
			continue; /* case, above */
		took = world_give(&w, 0, c, n);
		if (took != WEIR_ASK_IGNORED)
			fail_msg("bit %u: %d", bit, took);
	}
	CHECK(w.ask.stats.ignored > 100);
	CHECK_EQ(w.n_told, 0);
	CHECK_EQ(world_give(&w, 0, w.sent[0].bytes, w.sent[0].len),
		 WEIR_ASK_IGNORED); /* its own echo */
	for (size_t k = 0; k < 12; k++)
		CHECK_EQ(world_give(&w, 0, b, k), WEIR_ASK_IGNORED);
	CHECK_EQ(world_give(&w, 0, b, n), WEIR_ASK_REVIEW);
	told_is(&w, "NOERROR", "www.example 300 A 93.184.216.34");
	world_close(&w);
}

static void a_message_cut_anywhere_is_a_failure_of_the_server(void **state)
{
	uint8_t b[512];

	(void)state;
	for (size_t k = 29;; k++) {
		size_t n;

		world_open(&w, 1, true, NULL, 0);
		world_ask(&w, &plain);
		n = serve_build(&w, 0, ANSWER, b, sizeof(b));
		if (k == n) {
			world_close(&w);
			break;
		}
		CHECK_EQ(world_give(&w, 0, b, k), WEIR_ASK_TAKEN);
		told_is(&w, "SERVFAIL", "");
		world_close(&w);
	}
}

static void what_is_no_question_is_dropped_or_refused(void **state)
{
	/* clang-format off */
	static const struct {
		uint8_t b[48];
		size_t len;
		const char *rcode; /* NULL: dropped */
	} row[] = {
		{ { 0 }, 0, NULL },
		{ { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0 }, 11, NULL },
		{ { 0, 1, 0x81, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1 }, 17, NULL },
		{ { 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 12, "FORMERR" },
		{ { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0 }, 12, "FORMERR" },
		{ { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0 }, 16, "FORMERR" },
		{ { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0 }, 18, "FORMERR" },
		{ { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1 }, 17, "FORMERR" },
		{ { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1 }, 18, "FORMERR" },
		/* two OPT records */
		{ { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 1, 0, 1,
		    0, 0, 41, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 41, 4, 0, 0, 0, 0, 0, 0, 0 },
		  39, "FORMERR" },
		/* an OPT record with a name */
		{ { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1,
		    1, 'x', 0, 0, 41, 4, 0, 0, 0, 0, 0, 0, 0 }, 30, "FORMERR" },
		/* an answer in a question */
		{ { 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1,
		    0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0 }, 28, "FORMERR" },
		/* EDNS version 1 */
		{ { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1,
		    0, 0, 41, 4, 0, 0, 1, 0, 0, 0, 0 }, 28, "BADVERS" },
		/* NOTIFY, and an opcode nobody knows, with nothing behind it */
		{ { 0, 1, 0x20, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1 }, 17, "NOTIMP" },
		{ { 0, 1, 0x78, 0, 0, 9, 0, 9, 0, 9, 0, 9 }, 12, "NOTIMP" },
		/* classes CH and ANY */
		{ { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 3 }, 17, "REFUSED" },
		{ { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 255 }, 17, "REFUSED" },
		/* AXFR, OPT as a type, type 0 */
		{ { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 252, 0, 1 }, 17, "REFUSED" },
		{ { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 41, 0, 1 }, 17, "REFUSED" },
		{ { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, 17, "REFUSED" },
	};
	/* clang-format on */
	static struct heard h;

	(void)state;
	world_open(&w, 1, true, NULL, 0);
	for (size_t i = 0; i < LEN(row); i++) {
		uint8_t *exact = malloc(row[i].len ? row[i].len : 1);
		enum weir_ask_said said;

		memcpy(exact, row[i].b, row[i].len);
		said = world_bytes(&w, exact, row[i].len, &plain);
		free(exact);
		if (said != (row[i].rcode ? WEIR_ASK_REPLY : WEIR_ASK_DROP))
			fail_msg("row %zu: %d", i, said);
		if (!row[i].rcode)
			continue;
		told_is(&w, row[i].rcode, "");
		hear(&w.told[w.n_told - 1], &h);
		CHECK_EQ(h.h.id, 1);
		CHECK_EQ(h.h.flags & WEIR_DNS_OPCODE_MASK,
			 ((unsigned)row[i].b[2] << 8) & WEIR_DNS_OPCODE_MASK);
	}
	CHECK_EQ(w.n_sent, 0);
	CHECK_EQ(w.ask.stats.dropped, 3);
	CHECK_EQ(w.ask.stats.refused, LEN(row) - 3);
	is_sound(&w.ask);
	world_close(&w);
}

static void any_is_answered_small_and_here(void **state)
{
	struct query q = ask_for("www.example", WEIR_DNS_ANY);
	static struct heard h;

	(void)state;
	world_open(&w, 1, true, NULL, 0);
	CHECK_EQ(world_ask(&w, &q), WEIR_ASK_REPLY);
	hear(&w.told[0], &h);
	CHECK_EQ(h.rcode, 0);
	CHECK_EQ(h.n, 1);
	CHECK_EQ(h.record[0].type, WEIR_DNS_HINFO);
	CHECK_EQ(h.record[0].len, 9);
	assert_memory_equal(h.record[0].data, "\7RFC8482\0", 9);
	CHECK_EQ(w.n_sent, 0);
	world_close(&w);
}

static void answers_fit_the_way_they_go(void **state)
{
	static const struct {
		uint16_t size, max_udp;
		bool noedns;
		unsigned most;
	} row[] = {
		{ 512, 1472, false, 512 },      { 1232, 1472, false, 1232 },
		{ 0xffff, 65492, false, 4096 }, { 4096, 1472, false, 1472 },
		{ 100, 1472, false, 512 },      { 4096, 1472, true, 512 },
		{ 4096, 548, false, 548 },
	};
	static struct heard h;
	char text[64];

	(void)state;
	for (unsigned bytes = 400; bytes < 4060; bytes += 13) {
		struct query q = ask_for("t.example", WEIR_DNS_TXT);

		snprintf(text, sizeof(text),
			 "NOERROR: t.example 60 TXT %u bytes", bytes);
		world_open(&w, 1, true, NULL, 0);
		q.tcp = true;
		world_ask(&w, &q);
		for (unsigned i = 0; i < w.n_sent; i++)
			world_serve(&w, i, text);
		told_is(&w, "NOERROR", strchr(text, ':') + 1);
		q.tcp = false;
		for (size_t i = 0; i < LEN(row); i++) {
			unsigned full = (unsigned)w.told[0].len;

			q.size = row[i].size;
			q.max_udp = row[i].max_udp;
			q.noedns = row[i].noedns;
			full -= q.noedns ? WEIR_DNS_OPT_BYTES : 0;
			if (world_ask(&w, &q) == WEIR_ASK_WAIT) {
				/* too large for the cache */
				world_serve(&w, w.n_sent - 1, text);
				world_serve(&w, w.n_sent - 1, text);
			}
			hear(&w.told[w.n_told - 1], &h);
			CHECK(w.told[w.n_told - 1].len <= row[i].most);
			CHECK_EQ((h.h.flags & WEIR_DNS_TC) != 0,
				 full > row[i].most);
			CHECK_EQ(h.n, full > row[i].most ? 0 : 1);
		}
		world_close(&w);
	}
}

static void a_tcp_guest_gets_64_kib(void **state)
{
	static uint8_t b[65535];
	static struct heard h;
	struct query q = ask_for("t.example", WEIR_DNS_TXT);
	struct weir_dns_question asked;
	struct weir_dns_build m;
	struct weir_dns_walk in;
	uint8_t fill[4000];
	unsigned n = 0;

	(void)state;
	q.tcp = true;
	memset(fill, 'x', sizeof(fill));
	world_open(&w, 1, true, NULL, 0);
	world_ask(&w, &q);
	world_serve(&w, 0, "NOERROR TC:");
	CHECK(weir_dns_walk_open(w.sent[1].bytes, w.sent[1].len, &in));
	CHECK(weir_dns_parse_question(&in, &asked));
	weir_dns_build_open(&m, b, sizeof(b), in.header.id, WEIR_DNS_QR,
			    &asked);
	for (n = 0; n < 16; n++) {
		struct weir_dns_record r = {
			.section = WEIR_DNS_ANSWER,
			.owner = asked.name,
			.type = 16,
			.class = 1,
			.ttl = 5,
			.data = weir_rd_over(fill, sizeof(fill))
		};
		weir_dns_build_record(&m, &r);
	}
	CHECK_EQ(world_give(&w, 1, b, weir_dns_build_close(&m)),
		 WEIR_ASK_REVIEW);
	hear(&w.told[0], &h);
	CHECK_EQ(h.n, 16);
	CHECK(w.told[0].len > 64000);
	world_close(&w);
}

static void an_answer_that_cannot_be_written_again_is_a_failure(void **state)
{
	/* 5,400 NS records whose data points far back: 64 KiB, and no more room
	 * for an OPT record */
	static uint8_t b[65535];
	struct query q = ask_for("t", WEIR_DNS_TXT);
	struct weir_wr m = weir_wr_over(b, sizeof(b));

	(void)state;
	q.tcp = true;
	world_open(&w, 1, true, NULL, 0);
	world_ask(&w, &q);
	world_serve(&w, 0, "NOERROR TC:");
	weir_wr_copy(&m, w.sent[1].bytes, 2);
	weir_wr_be16(&m, WEIR_DNS_QR);
	weir_wr_be16(&m, 1);
	weir_wr_be16(&m, 1);
	weir_wr_be32(&m, 0);
	weir_wr_copy(&m, w.sent[1].bytes + 12, 3 + 4);
	weir_wr_be16(&m, 0xc00c);
	weir_wr_be16(&m, 16);
	weir_wr_be16(&m, 1);
	weir_wr_be32(&m, 60);
	weir_wr_be16(&m, (uint16_t)(m.left - 2));
	weir_wr_fill(&m, 'x', m.left);
	CHECK(weir_wr_ok(&m));
	CHECK_EQ(world_give(&w, 1, b, sizeof(b)), WEIR_ASK_REVIEW);
	told_is(&w, "SERVFAIL", "");
	is_sound(&w.ask);
	world_close(&w);
}

static void verified_data_is_said_to_those_who_ask(void **state)
{
	static const struct {
		uint16_t flags;
		bool dnssec_ok, server, want;
	} row[] = {
		{ WEIR_DNS_RD, false, true, false },
		{ WEIR_DNS_RD | WEIR_DNS_AD, false, true, true },
		{ WEIR_DNS_RD, true, true, true },
		{ WEIR_DNS_RD | WEIR_DNS_AD, true, false, false },
	};
	static struct heard h;

	(void)state;
	for (size_t i = 0; i < LEN(row); i++) {
		struct query q = plain;

		q.flags = row[i].flags;
		q.dnssec_ok = row[i].dnssec_ok;
		world_open(&w, 1, true, NULL, 0);
		world_ask(&w, &q);
		world_serve(&w, 0,
			    row[i].server
				    ? "NOERROR AD: www.example 300 A 1.1.1.1"
				    : ANSWER);
		world_ask(&w, &q); /* and the same from the cache */
		for (unsigned k = 0; k < 2; k++) {
			hear(&w.told[k], &h);
			CHECK_EQ((h.h.flags & WEIR_DNS_AD) != 0, row[i].want);
			CHECK_EQ(h.edns.dnssec_ok, row[i].dnssec_ok);
		}
		world_close(&w);
	}
}

static void at_the_limit_new_questions_fail_and_old_ones_live(void **state)
{
	struct query q = plain;
	char text[32];

	(void)state;
	world_open(&w, 1, true, NULL, 0);
	q.name = text;
	for (unsigned i = 0; i < WEIR_DNS_INFLIGHT_MAX; i++) {
		snprintf(text, sizeof(text), "n%u.example", i);
		CHECK_EQ(world_ask(&w, &q), WEIR_ASK_WAIT);
		CHECK_EQ(w.n_sent, 1);
		world_forget(&w);
	}
	CHECK_EQ(world_ask(&w, &plain), WEIR_ASK_REPLY);
	told_is(&w, "SERVFAIL", "");
	CHECK_EQ(w.ask.stats.limit, 1);
	is_sound(&w.ask);
	snprintf(text, sizeof(text), "n5.example");
	q.who = 1;
	CHECK_EQ(world_ask(&w, &q), WEIR_ASK_WAIT); /* sharing needs none */
	world_forget(&w);
	while (weir_ask_due_us(&w.ask) != UINT64_MAX) {
		/* one at a time, so that what is sent fits into the notes */
		uint32_t i = w.ask.first_asked;

		weir_ask_failed(&w.ask, weir_pool_id(&w.ask.slots, i), w.now);
		world_drain(&w);
		told_is(&w, "SERVFAIL", "");
		world_forget(&w);
	}
	is_sound(&w.ask);
	CHECK_EQ(world_ask(&w, &plain), WEIR_ASK_WAIT);
	world_close(&w);
}

static void waiters_are_bounded_too(void **state)
{
	struct query q = plain;

	(void)state;
	world_open(&w, 1, true, NULL, 0);
	for (unsigned i = 0; i < WEIR_ASK_SHARE_MAX; i++) {
		q.id = (uint16_t)i;
		CHECK_EQ(world_ask(&w, &q), WEIR_ASK_WAIT);
	}
	q.id = 9999;
	CHECK_EQ(world_ask(&w, &q), WEIR_ASK_REPLY);
	told_is(&w, "SERVFAIL", "");
	for (unsigned type = 20; type < 20 + 15; type++) {
		q.type = (uint16_t)type;
		for (unsigned i = 0; i < WEIR_ASK_SHARE_MAX; i++) {
			q.id = (uint16_t)i;
			CHECK_EQ(world_ask(&w, &q), WEIR_ASK_WAIT);
		}
	}
	CHECK_EQ(weir_pool_used(&w.ask.waiters), WEIR_ASK_WAITERS_MAX);
	q.type = 99; /* a slot is free, a waiter is not */
	CHECK_EQ(world_ask(&w, &q), WEIR_ASK_REPLY);
	told_is(&w, "SERVFAIL", "");
	is_sound(&w.ask);
	world_close(&w);
}

static void other_servers_take_over_and_the_cache_is_forgotten(void **state)
{
	const struct weir_servers_entry other = { addr("198.51.100.9"), 5353,
						  0 };
	struct query q = ask_for("b.example", 1);

	(void)state;
	world_open(&w, 2, true, NULL, 0);
	world_ask(&w, &plain);
	world_serve(&w, 0, ANSWER);
	world_ask(&w, &q);
	weir_ask_failed(&w.ask, w.sent[1].slot, w.now);
	world_drain(&w);
	CHECK_EQ(w.sent[2].server.port, 54);
	weir_ask_set_servers(&w.ask, &other, 1);
	CHECK_EQ(world_ask(&w, &plain), WEIR_ASK_WAIT); /* not from cache */
	CHECK_EQ(w.sent[3].server.port, 5353);
	world_serve(&w, 2, "NOERROR: b.example 5 A 1.1.1.1"); /* still good */
	told_is(&w, "NOERROR", "b.example 5 A 1.1.1.1");
	weir_ask_set_servers(&w.ask, &other, 0);
	world_serve(&w, 3, "NOERROR TC:");
	told_is(&w, "SERVFAIL", "");
	CHECK_EQ(w.n_sent, 4);
	is_sound(&w.ask);
	world_close(&w);
}

static void a_stale_slot_means_nothing(void **state)
{
	uint64_t old;

	(void)state;
	world_open(&w, 1, true, NULL, 0);
	world_ask(&w, &plain);
	old = w.sent[0].slot;
	world_serve(&w, 0, ANSWER);
	w.now += 400 * SECOND;
	world_ask(&w, &plain);
	CHECK_EQ(weir_ask_index(w.sent[1].slot), weir_ask_index(old));
	CHECK(w.sent[1].slot != old);
	weir_ask_failed(&w.ask, old, w.now);
	weir_ask_failed(&w.ask, 0, w.now);
	weir_ask_failed(&w.ask, UINT64_MAX, w.now);
	world_drain(&w);
	CHECK_EQ(w.n_told, 1);
	world_serve(&w, 1, ANSWER);
	CHECK_EQ(w.n_told, 2);
	world_close(&w);
}

/* arbitrary order of everything: each question has one answer, and no more */
static void chaos(uint32_t seed)
{
	static const char *const answer[] = {
		"NOERROR: a.example 3 A 1.1.1.1",
		"NXDOMAIN: | example 9 SOA 9",
		"NOERROR:",
		"SERVFAIL:",
		"REFUSED:",
		"FORMERR:",
		"NOERROR TC:",
		"NOERROR: a.example 3 CNAME b.example; b.example 1 A 10.0.0.1",
	};
	unsigned asked = 0, told = 0;
	char text[32];

	world_open(&w, seed % 4, true, NULL, 0);
	w.seed = seed;
	w.drop[w.n_drops++] = addr("10.0.0.1");
	for (unsigned step = 0; step < 3000; step++) {
		unsigned what = world_dice(&w) % 8;
		struct query q = plain;

		if (what < 3 && w.n_sent < SAID_MAX - 8) {
			snprintf(text, sizeof(text), "%c.example",
				 "abcdef"[world_dice(&w) % 6]);
			q.name = text;
			q.id = (uint16_t)step; /* never the same twice */
			q.tcp = world_dice(&w) % 2;
			world_ask(&w, &q);
			asked++;
		} else if (what < 6 && w.n_sent) {
			world_serve(&w, world_dice(&w) % w.n_sent,
				    answer[world_dice(&w) % LEN(answer)]);
		} else if (what == 6 && w.n_sent) {
			weir_ask_failed(&w.ask,
					w.sent[world_dice(&w) % w.n_sent].slot,
					w.now);
			world_drain(&w);
		} else {
			world_wait(&w, world_dice(&w) % SECOND);
		}
		is_sound(&w.ask);
		if (w.n_sent > SAID_MAX / 2 || w.n_told > SAID_MAX / 2) {
			told += w.n_told;
			world_forget(&w);
		}
	}
	world_wait(&w, 60 * SECOND);
	CHECK_EQ(told + w.n_told, asked);
	CHECK_EQ(weir_pool_used(&w.ask.slots), 0);
	CHECK_EQ(weir_pool_used(&w.ask.waiters), 0);
	world_close(&w);
}

static void every_question_is_answered_once_whatever_happens(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 12; seed++)
		chaos(seed);
}

T_MAIN(T(what_goes_upstream_is_ours_not_the_guests),
       T(the_longest_name_fits_where_the_header_says),
       T(ids_and_cases_differ_from_try_to_try),
       T(equal_questions_share_one_and_each_gets_its_own_answer),
       T(a_guest_that_repeats_itself_is_told_once),
       T(on_a_stream_each_question_has_its_answer),
       T(what_was_answered_is_answered_from_the_cache),
       T(answers_are_kept_as_long_as_they_hold),
       T(flavours_of_a_question_are_kept_apart), T(failures_are_not_kept),
       T(a_denied_name_stays_here),
       T(dropped_addresses_do_not_reach_the_guest_or_the_cache),
       T(a_silent_server_is_followed_by_the_next),
       T(a_single_server_is_tried_twice), T(no_try_begins_after_the_budget),
       T(a_failing_server_is_followed_by_the_next_at_once),
       T(with_no_server_at_all_it_is_a_failure_at_once),
       T(a_server_that_was_silent_three_times_comes_last),
       T(an_answer_makes_up_for_silences),
       T(a_truncated_answer_is_asked_for_by_tcp),
       T(a_server_without_edns_is_asked_without),
       T(an_answer_whose_case_was_lost_is_asked_for_by_tcp),
       T(what_echoes_no_question_is_ignored),
       T(a_message_cut_anywhere_is_a_failure_of_the_server),
       T(what_is_no_question_is_dropped_or_refused),
       T(any_is_answered_small_and_here), T(answers_fit_the_way_they_go),
       T(a_tcp_guest_gets_64_kib),
       T(an_answer_that_cannot_be_written_again_is_a_failure),
       T(verified_data_is_said_to_those_who_ask),
       T(at_the_limit_new_questions_fail_and_old_ones_live),
       T(waiters_are_bounded_too),
       T(other_servers_take_over_and_the_cache_is_forgotten),
       T(a_stale_slot_means_nothing),
       T(every_question_is_answered_once_whatever_happens))
