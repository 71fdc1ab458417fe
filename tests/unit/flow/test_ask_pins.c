/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ask_pins.c - what the owner reads from the answers that go to the guest,
 * and answers that are forgotten
 */
#include "askworld.h"

static const struct query plain = {
	.name = "www.example", .type = 1, .id = 7, .flags = WEIR_DNS_RD
};

static struct world w;

/* the @i-th answer holds exactly these: "ADDRESS TTL[ hint]; …" */
static void told_has(unsigned i, const char *want)
{
	struct weir_sift_address got[WEIR_SIFT_ADDRESSES_MAX];
	unsigned n, k = 0;
	char copy[512], *part, *left;

	CHECK(i < w.n_told);
	n = weir_ask_addresses(w.told[i].bytes, w.told[i].len, got, LEN(got));
	snprintf(copy, sizeof(copy), "%s", want);
	for (part = strtok_r(copy, ";", &left); part;
	     part = strtok_r(NULL, ";", &left), k++) {
		char text[64], is[16] = "";
		struct weir_addr a;
		unsigned ttl;

		CHECK(sscanf(part, "%63s %u %15s", text, &ttl, is) >= 2);
		a = addr(text);
		CHECK(k < n);
		CHECK(weir_addr_is_equal(&got[k].addr, &a));
		CHECK_EQ(got[k].ttl, ttl);
		CHECK_EQ(got[k].hint, strcmp(is, "hint") == 0);
		CHECK(!got[k].drop);
	}
	CHECK_EQ(n, k);
}

static void new_cached_and_shared_answers_have_the_same_addresses(void **state)
{
	struct query other = plain;

	(void)state;
	other.id = 8;
	other.name = "WWW.example";
	other.tcp = true;
	world_open(&w, 1, true, NULL, 0);
	world_ask(&w, &plain);
	world_ask(&w, &other); /* waits with it */
	CHECK_EQ(w.n_sent, 1);
	world_serve(&w, 0,
		    "NOERROR: www.example 300 CNAME a.b; a.b 200 A 1.1.1.1; "
		    "a.b 200 A 1.1.1.2");
	CHECK_EQ(w.n_told, 2);
	told_has(0, "1.1.1.1 200; 1.1.1.2 200");
	told_has(1, "1.1.1.1 200; 1.1.1.2 200");
	world_wait(&w, 50 * SECOND);
	CHECK_EQ(world_ask(&w, &other), WEIR_ASK_REPLY);
	CHECK(w.told[2].cached);
	told_has(2, "1.1.1.1 150; 1.1.1.2 150"); /* what is left of it */
	world_close(&w);
}

static void what_was_dropped_is_not_there(void **state)
{
	(void)state;
	world_open(&w, 1, true, NULL, 0);
	w.drop[w.n_drops++] = addr("10.0.0.1");
	world_ask(&w, &plain);
	world_serve(&w, 0,
		    "NOERROR: www.example 300 A 10.0.0.1; "
		    "www.example 300 A 1.1.1.1; else.where 300 A 2.2.2.2");
	told_has(0, "1.1.1.1 300");
	world_ask(&w, &plain);
	told_has(1, "1.1.1.1 300");
	world_close(&w);
}

static void hints_are_there_and_marked(void **state)
{
	struct query q = plain;

	(void)state;
	q.type = WEIR_DNS_HTTPS;
	world_open(&w, 1, true, NULL, 0);
	w.drop[w.n_drops++] = addr("10.0.0.1");
	world_ask(&w, &q);
	world_serve(&w, 0,
		    "NOERROR: www.example 300 CNAME a.b; "
		    "a.b 200 HTTPS 1 . ipv4hint=1.1.1.1,10.0.0.1 "
		    "ipv6hint=2001:db8::1; a.b 100 HTTPS 2 . ipv4hint=1.1.1.2");
	told_has(0, "1.1.1.1 200 hint; 2001:db8::1 200 hint; "
		    "1.1.1.2 100 hint");
	world_wait(&w, 50 * SECOND);
	world_ask(&w, &q);
	told_has(1, "1.1.1.1 150 hint; 2001:db8::1 150 hint; "
		    "1.1.1.2 50 hint");
	world_close(&w);
}

static void answers_made_here_have_theirs(void **state)
{
	struct weir_local_host host = { .name = name("git.corp"),
					.addr = addr("10.9.9.9") };
	struct query q = plain;

	(void)state;
	q.name = "git.corp";
	world_open(&w, 1, true, &host, 1);
	world_ask(&w, &q);
	told_has(0, "10.9.9.9 60");
	world_close(&w);
}

static void answers_without_addresses_have_none(void **state)
{
	struct query q = plain;

	(void)state;
	world_open(&w, 1, true, NULL, 0);
	world_ask(&w, &plain);
	world_serve(&w, 0, "NXDOMAIN: www.example 300 A 1.1.1.1");
	told_has(0, "");
	q.type = 16;
	world_ask(&w, &q);
	world_serve(&w, 1, "NOERROR: www.example 300 TXT \"1.1.1.1\"");
	told_has(1, "");
	w.verdict = WEIR_ASK_DENY;
	q.name = "b.example";
	world_ask(&w, &q);
	told_has(2, "");
	w.verdict = WEIR_ASK_ALLOW;
	q.questions = 2; /* FORMERR, no question in it */
	world_ask(&w, &q);
	told_has(3, "");
	world_close(&w);
}

static void an_answer_that_is_cut_has_none(void **state)
{
	char text[2048] = "NOERROR: www.example 300 A 1.1.1.1";
	struct query q = plain;

	(void)state;
	for (unsigned i = 0; i < 39; i++)
		strcat(text, "; www.example 300 A 1.1.1.1");
	q.noedns = true; /* 512 bytes */
	world_open(&w, 1, true, NULL, 0);
	world_ask(&w, &q);
	world_serve(&w, 0, text);
	told_has(0, "");
	CHECK(w.told[0].bytes[2] & 2); /* TC */
	world_close(&w);
}

static void no_more_than_asked_for_are_written(void **state)
{
	struct weir_sift_address got[3] = { { .ttl = 77 },
					    { .ttl = 77 },
					    { .ttl = 77 } };

	(void)state;
	world_open(&w, 1, true, NULL, 0);
	world_ask(&w, &plain);
	world_serve(&w, 0,
		    "NOERROR: www.example 300 A 1.1.1.1; "
		    "www.example 300 A 1.1.1.2; www.example 300 A 1.1.1.3");
	CHECK_EQ(weir_ask_addresses(w.told[0].bytes, w.told[0].len, got, 2), 2);
	CHECK_EQ(got[1].ttl, 300);
	CHECK_EQ(got[2].ttl, 77);
	CHECK_EQ(weir_ask_addresses(w.told[0].bytes, w.told[0].len, NULL, 0),
		 0);
	world_close(&w);
}

static void what_is_no_whole_answer_has_none(void **state)
{
	struct weir_sift_address got[4];

	(void)state;
	world_open(&w, 1, true, NULL, 0);
	world_ask(&w, &plain);
	world_serve(&w, 0, "NOERROR: www.example 300 A 1.1.1.1");
	for (size_t n = 0; n < w.told[0].len; n++) {
		uint8_t *cut = malloc(n ? n : 1);

		memcpy(cut, w.told[0].bytes, n);
		CHECK_EQ(weir_ask_addresses(cut, n, got, 4), 0);
		free(cut);
	}
	told_has(0, "1.1.1.1 300");
	world_close(&w);
}

static void after_another_policy_nothing_comes_from_the_cache(void **state)
{
	struct query q = plain;

	(void)state;
	q.name = "b.example";
	world_open(&w, 1, true, NULL, 0);
	world_ask(&w, &plain);
	world_serve(&w, 0, "NOERROR: www.example 300 A 10.0.0.1");
	world_ask(&w, &q); /* in flight */
	weir_ask_forget(&w.ask);
	CHECK_EQ(weir_answers_used(&w.ask.answers), 0);
	w.drop[w.n_drops++] = addr("10.0.0.1");
	CHECK_EQ(world_ask(&w, &plain), WEIR_ASK_WAIT);
	world_serve(&w, 2, "NOERROR: www.example 300 A 10.0.0.1");
	told_is(&w, "NXDOMAIN", "");
	/* what was in flight is reviewed as of now */
	world_serve(&w, 1,
		    "NOERROR: b.example 300 A 10.0.0.1; b.example 9 A 1.1.1.1");
	told_is(&w, "NOERROR", "b.example 9 A 1.1.1.1");
	world_close(&w);
}

T_MAIN(T(new_cached_and_shared_answers_have_the_same_addresses),
       T(what_was_dropped_is_not_there), T(hints_are_there_and_marked),
       T(answers_made_here_have_theirs), T(answers_without_addresses_have_none),
       T(an_answer_that_is_cut_has_none), T(no_more_than_asked_for_are_written),
       T(what_is_no_whole_answer_has_none),
       T(after_another_policy_nothing_comes_from_the_cache))
