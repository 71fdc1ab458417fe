/* SPDX-License-Identifier: Apache-2.0 */
#include "control/rulebook_ask.h"

#include "../t.h"

#define WORDS_MAX 8u

static struct weir_charter net(void)
{
	struct weir_charter c = {
		.guest4 = { { [10] = 0xff, 0xff, 10, 0, 2, 15 } },
		.gateway4 = { { [10] = 0xff, 0xff, 10, 0, 2, 2 } },
		.dns4 = { { [10] = 0xff, 0xff, 10, 0, 2, 3 } },
		.len4 = 24,
		.n_own = 1,
		.own = { { { [10] = 0xff, 0xff, 198, 51, 100, 7 } } },
		.n_hosts = 1,
		.host = { { .name = "db.internal" } },
	};

	return c;
}

/** struct question - words with blanks between them, and facts */
struct question {
	const char *words, *pin, *pin2, *shown;
	bool shown_none;
};

/* the words point into @mem */
static bool ask(const struct weir_rulebook *b, const struct question *q,
		char mem[400], struct weir_rulebook_answer *ret, char *why)
{
	const char *word[WORDS_MAX], *pin[2] = { q->pin, q->pin2 };
	struct weir_charter c = net();
	struct weir_rulebook_ask a = { .word = word,
				       .pin = pin,
				       .n_pins = (size_t)(q->pin != NULL) +
						 (q->pin2 != NULL),
				       .shown = q->shown,
				       .shown_none = q->shown_none,
				       .net = &c };
	char *left;

	snprintf(mem, 400, "%s", q->words);
	for (char *w = strtok_r(mem, " ", &left); w;
	     w = strtok_r(NULL, " ", &left))
		word[a.n_words++] = w;
	return weir_rulebook_ask_judge(b, &a, ret, why);
}

static void make(struct weir_rulebook *b, const char *const *rule)
{
	char why[WEIR_RULEBOOK_WHY_BYTES] = "";
	struct weir_settings s;

	weir_settings_init(&s);
	for (; *rule; rule++)
		CHECK(weir_settings_add(&s.rules, *rule, "weir.yaml:1"));
	CHECK(weir_settings_add(&s.bounds, "deny .evil.example",
				"weir.yaml:1"));
	if (!weir_rulebook_make(&s, b, why))
		fail_msg("%s", why);
	weir_settings_fini(&s);
}

static void questions_are_answered_with_the_text_of_the_rule(void **state)
{
	static const char *const rules[] = {
		"deny in 192.0.2.0/24",
		"allow tcp api.example.com:443",
		"allow tcp bücher.example:22",
		"allow host",
		"allow icmp 198.51.100.0/24",
		"allow [2001:db8::/32]:53",
		NULL,
	};
	static const struct {
		struct question q;
		enum weir_judge_said said;
		enum weir_judge_by by;
		const char *text;
	} row[] = {
		/* the name that will be shown may be the one the bounds deny */
		{ { .words = "out tcp 192.0.2.9:443",
		    .pin = "api.example.com=192.0.2.9" },
		  WEIR_JUDGE_DEFER,
		  WEIR_JUDGE_BY_BOUNDS,
		  "deny .evil.example" },
		{ { .words = "out tcp 192.0.2.9:443",
		    .pin = "api.example.com=192.0.2.9",
		    .shown = "API.example.com.:443" },
		  WEIR_JUDGE_ALLOW,
		  WEIR_JUDGE_BY_RULE,
		  "allow tcp api.example.com:443" },
		{ { .words = "out tcp 192.0.2.9:443",
		    .pin = "api.example.com=192.0.2.8",
		    .pin2 = "x.example=192.0.2.9" },
		  WEIR_JUDGE_DENY,
		  WEIR_JUDGE_BY_DEFAULT,
		  NULL },
		/* two pins, the second of the address in question */
		{ { .words = "out tcp 192.0.2.9:443",
		    .pin = "x.example=192.0.2.8",
		    .pin2 = "api.example.com=[::ffff:192.0.2.9]",
		    .shown = "api.example.com" },
		  WEIR_JUDGE_ALLOW,
		  WEIR_JUDGE_BY_RULE,
		  "allow tcp api.example.com:443" },
		/* an address in Host is no name */
		{ { .words = "out tcp 192.0.2.9:22",
		    .pin = "bücher.example=192.0.2.9",
		    .shown = "192.0.2.9:22" },
		  WEIR_JUDGE_ALLOW,
		  WEIR_JUDGE_BY_RULE,
		  "allow tcp bücher.example:22" },
		{ { .words = "out tcp 192.0.2.9:22",
		    .pin = "bücher.example=192.0.2.9",
		    .shown = "[2001:db8::1]:22" },
		  WEIR_JUDGE_ALLOW,
		  WEIR_JUDGE_BY_RULE,
		  "allow tcp bücher.example:22" },
		{ { .words = "out tcp 192.0.2.9:22",
		    .pin = "bücher.example=192.0.2.9",
		    .shown = "2001:db8::1" },
		  WEIR_JUDGE_ALLOW,
		  WEIR_JUDGE_BY_RULE,
		  "allow tcp bücher.example:22" },
		{ { .words = "out tcp 192.0.2.9:22",
		    .pin = "bücher.example=192.0.2.9",
		    .shown = "BÜCHER.example" },
		  WEIR_JUDGE_ALLOW,
		  WEIR_JUDGE_BY_RULE,
		  "allow tcp bücher.example:22" },
		{ { .words = "out tcp 192.0.2.9:22",
		    .pin = "bücher.example=192.0.2.9",
		    .shown_none = true },
		  WEIR_JUDGE_ALLOW,
		  WEIR_JUDGE_BY_RULE,
		  "allow tcp bücher.example:22" },
		{ { .words = "out tcp 198.51.100.7:1", .shown_none = true },
		  WEIR_JUDGE_ALLOW,
		  WEIR_JUDGE_BY_RULE,
		  "allow host" },
		{ { .words = "out icmp 198.51.100.8" },
		  WEIR_JUDGE_ALLOW,
		  WEIR_JUDGE_BY_RULE,
		  "allow icmp 198.51.100.0/24" },
		{ { .words = "out udp [2001:db8::1]:53" },
		  WEIR_JUDGE_ALLOW,
		  WEIR_JUDGE_BY_RULE,
		  "allow [2001:db8::/32]:53" },
		{ { .words = "out icmp [2001:db8::1]" },
		  WEIR_JUDGE_DENY,
		  WEIR_JUDGE_BY_DEFAULT,
		  NULL },
		{ { .words = "out icmp 2001:db8::1" },
		  WEIR_JUDGE_DENY,
		  WEIR_JUDGE_BY_DEFAULT,
		  NULL },
		{ { .words = "out tcp 127.0.0.1:80" },
		  WEIR_JUDGE_DENY,
		  WEIR_JUDGE_BY_NOTHING,
		  NULL },
		{ { .words = "in tcp 192.0.2.1:50000 80" },
		  WEIR_JUDGE_DENY,
		  WEIR_JUDGE_BY_RULE,
		  "deny in 192.0.2.0/24" },
		{ { .words = "in udp [2001:db8::1]:50000 80" },
		  WEIR_JUDGE_ALLOW,
		  WEIR_JUDGE_BY_DEFAULT,
		  NULL },
		{ { .words = "name a.evil.example" },
		  WEIR_JUDGE_DENY,
		  WEIR_JUDGE_BY_BOUNDS,
		  "deny .evil.example" },
		{ { .words = "name API.example.com. type65" },
		  WEIR_JUDGE_ALLOW,
		  WEIR_JUDGE_BY_RULE,
		  "allow tcp api.example.com:443" },
		{ { .words = "name bücher.example aaaa" },
		  WEIR_JUDGE_ALLOW,
		  WEIR_JUDGE_BY_RULE,
		  "allow tcp bücher.example:22" },
		{ { .words = "answer api.example.com 10.1.2.3" },
		  WEIR_JUDGE_DENY,
		  WEIR_JUDGE_BY_NOTHING,
		  NULL },
		{ { .words = "http api.example.com:8443 GET /" },
		  WEIR_JUDGE_ALLOW,
		  WEIR_JUDGE_BY_NOTHING,
		  NULL },
		{ { .words = "http api.example.com OPTIONS *" },
		  WEIR_JUDGE_ALLOW,
		  WEIR_JUDGE_BY_NOTHING,
		  NULL },
	};
	struct weir_rulebook b;

	(void)state;
	make(&b, rules);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char why[WEIR_RULEBOOK_WHY_BYTES] = "", mem[400];
		struct weir_rulebook_answer a;

		if (!ask(&b, &row[i].q, mem, &a, why))
			fail_msg("row %zu: %s: %s", i, row[i].q.words, why);
		if (a.verdict.said != row[i].said || a.verdict.by != row[i].by)
			fail_msg("row %zu: %s: said %d by %d %u (%s)", i,
				 row[i].q.words, a.verdict.said, a.verdict.by,
				 a.verdict.rule,
				 weir_reason_name(a.verdict.reason));
		if (!row[i].text != !a.text ||
		    (a.text && (a.len != strlen(row[i].text) ||
				memcmp(a.text, row[i].text, a.len) != 0)))
			fail_msg("row %zu: another text", i);
	}
	weir_rulebook_close(&b);
}

static void names_answered_here_are_nobodys_to_deny(void **state)
{
	static const char *const rules[] = { "deny dns", NULL };
	static const char *const ours[] = { "name host.weir.internal",
					    "name HOST.containers.internal.",
					    "name host.docker.internal AAAA",
					    "name db.internal" };
	struct question q = { .words = "name db.example" };
	char why[WEIR_RULEBOOK_WHY_BYTES] = "", mem[400];
	struct weir_rulebook_answer a;
	struct weir_rulebook b;

	(void)state;
	make(&b, rules);
	CHECK(ask(&b, &q, mem, &a, why));
	CHECK_EQ(a.verdict.said, WEIR_JUDGE_DENY);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		q.words = ours[i];
		CHECK(ask(&b, &q, mem, &a, why));
		CHECK_EQ(a.verdict.said, WEIR_JUDGE_ALLOW);
		CHECK_EQ(a.verdict.by, WEIR_JUDGE_BY_NOTHING);
		CHECK_EQ(a.verdict.reason, WEIR_REASON_NONE);
		CHECK(!a.text);
	}
	weir_rulebook_close(&b);
}

static void a_wrong_question_is_told_the_right_form(void **state)
{
	static const struct {
		struct question q;
		const char *says;
	} row[] = {
		{ { .words = "" }, "the questions are out tcp ADDR:PORT" },
		{ { .words = "outt tcp 192.0.2.1:80" },
		  "'outt': there is no such question; they are out tcp" },
		{ { .words = "out" }, "the question is out tcp ADDR:PORT" },
		{ { .words = "out tcp" }, "the question is out tcp" },
		{ { .words = "out tcp 192.0.2.1:80 x" }, "the question is" },
		{ { .words = "out sctp 192.0.2.1:80" },
		  "'sctp': the protocol is tcp, udp or icmp" },
		{ { .words = "out TCP 192.0.2.1:80" }, "'TCP': the protocol" },
		{ { .words = "out tcp 192.0.2.1" },
		  "an address and a port are wanted" },
		{ { .words = "out tcp [2001:db8::1]" },
		  "an address and a port are wanted" },
		{ { .words = "out tcp 2001:db8::1:443" },
		  "stands in brackets" },
		{ { .words = "out tcp [192.0.2.1]:443" },
		  "that is no address" },
		{ { .words = "out tcp [2001:db8::1:443" },
		  "that is no address" },
		{ { .words = "out tcp 192.0.2.256:443" },
		  "that is no address" },
		{ { .words = "out tcp 010.0.0.1:443" }, "that is no address" },
		{ { .words = "out tcp api.example.com:443" },
		  "that is no address and port, as 192.0.2.1:443 or "
		  "[2001:db8::1]:443; what is known of a name is said with "
		  "--pin" },
		{ { .words = "out tcp 192.0.2.1:0" }, "from 1 to 65535" },
		{ { .words = "out tcp 192.0.2.1:65536" }, "from 1 to 65535" },
		{ { .words = "out tcp 192.0.2.1:080" }, "from 1 to 65535" },
		{ { .words = "out tcp 192.0.2.1:" }, "from 1 to 65535" },
		{ { .words = "out icmp 192.0.2.1:80" }, "ICMP has no ports" },
		{ { .words = "out icmp x" }, "ICMP has no ports" },
		{ { .words = "in tcp 192.0.2.1:80" },
		  "the question is in tcp PEER:PORT GUESTPORT" },
		{ { .words = "in icmp 192.0.2.1:1 80" },
		  "'icmp': the protocol is tcp or udp" },
		{ { .words = "in tcp 192.0.2.1:1 0" }, "the guest's port" },
		{ { .words = "in tcp 192.0.2.1 80" }, "an address and a port" },
		{ { .words = "name" }, "the question is name NAME [TYPE]" },
		{ { .words = "name a b c" }, "the question is name NAME" },
		{ { .words = "name 192.0.2.1" },
		  "'192.0.2.1': that is no name" },
		{ { .words = "name a..b" }, "that is no name" },
		{ { .words = "name b\xff.example" },
		  "'b\\xff.example': that is no name" },
		{ { .words = "name a.example AAAAA" },
		  "'AAAAA': there is no such type" },
		{ { .words = "name a.example TYPE65536" },
		  "there is no such type" },
		{ { .words = "answer a.example" },
		  "the question is answer NAME ADDR" },
		{ { .words = "answer a.example x" },
		  "'x': that is no address" },
		{ { .words = "answer 192.0.2.1 192.0.2.1" },
		  "that is no name" },
		{ { .words = "http a.example GET" },
		  "the question is http HOST METHOD PATH" },
		{ { .words = "http 192.0.2.1 GET /" }, "that is no name" },
		{ { .words = "http a.example G(T /" }, "that is no method" },
		{ { .words = "http a.example GET x" },
		  "a path begins with a slash" },
		{ { .words = "name a.example", .pin = "a.example" },
		  "'a.example': --pin takes NAME=ADDR" },
		{ { .words = "name a.example", .pin = "=192.0.2.1" },
		  "--pin takes NAME=ADDR" },
		{ { .words = "name a.example", .pin = "a.example=x" },
		  "--pin takes NAME=ADDR" },
		{ { .words = "out tcp 192.0.2.1:1",
		    .pin = "a=192.0.2.1",
		    .pin2 = "192.0.2.1=a" },
		  "--pin takes NAME=ADDR" },
		{ { .words = "name a.example", .shown = "a b" },
		  "'a b': --shown takes a name" },
		{ { .words = "name a.example", .shown = "" },
		  "--shown takes a name" },
		{ { .words = "name a.example", .shown = ":80" },
		  "--shown takes a name" },
		{ { .words = "name a.example",
		    .shown = "a.example",
		    .shown_none = true },
		  "exclude each other" },
	};
	static const char *const rules[] = { NULL };
	struct weir_rulebook b;

	(void)state;
	make(&b, rules);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char why[WEIR_RULEBOOK_WHY_BYTES] = "", mem[400];
		struct weir_rulebook_answer a = { .len = 4711 };

		if (ask(&b, &row[i].q, mem, &a, why))
			fail_msg("row %zu is answered: %s", i, row[i].q.words);
		if (!strstr(why, row[i].says))
			fail_msg("row %zu: %s: %s", i, row[i].q.words, why);
		CHECK_EQ(a.len, 4711);
	}
	weir_rulebook_close(&b);
}

static void the_classes_are_those_of_the_network(void **state)
{
	struct weir_charter c = net();
	struct weir_class_facts f = weir_rulebook_ask_classes(&c);
	struct weir_addr six = { .b = { 0xfd, [15] = 2 } };

	(void)state;
	CHECK_EQ(weir_class_find(&f, &c.gateway4), WEIR_CLASS_HOST);
	CHECK_EQ(weir_class_find(&f, &c.guest4), WEIR_CLASS_NEVER);
	CHECK_EQ(weir_class_find(&f, &c.own[0]), WEIR_CLASS_HOST);
	c.gateway6 = c.guest6 = six;
	c.guest6.b[15] = 15;
	c.len6 = 64;
	f = weir_rulebook_ask_classes(&c);
	CHECK_EQ(weir_class_find(&f, &six), WEIR_CLASS_PRIVATE);
	c.has6 = true;
	f = weir_rulebook_ask_classes(&c);
	CHECK_EQ(weir_class_find(&f, &six), WEIR_CLASS_HOST);
}

T_MAIN(T(questions_are_answered_with_the_text_of_the_rule),
       T(names_answered_here_are_nobodys_to_deny),
       T(a_wrong_question_is_told_the_right_form),
       T(the_classes_are_those_of_the_network))
