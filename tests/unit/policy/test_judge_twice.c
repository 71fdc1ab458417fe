/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_judge_twice.c - two judges, the same verdicts
 *
 * Policies are drawn from few names, addresses and ports, so that rules and
 * questions meet often.  The same seed draws the same policies; a difference
 * is told with the policy and the question.
 */
#include "policy/judge.h"

#include <stdio.h>

#include "../base/bench.h"
#include "../t.h"
#include "draw.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* A sanitized build is ten times slower. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define POLICIES 2000u
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define POLICIES 2000u
#endif
#endif
#ifndef POLICIES
#define POLICIES 20000u
#endif
#define QUESTIONS 60u /* of each policy */

static const char *const names[] = {
	"a.test",          "b.test",
	"x.a.test",        "y.x.a.test",
	"c.example",       "z.c.example",
	"google.internal", "metadata.google.internal",
	"build",           "other.org",
	"xa.test",
};

static const char *const patterns[] = {
	"a.test",           "*.a.test",
	".a.test",          "x.a.test",
	".x.a.test",        "b.test",
	"*.c.example",      ".c.example",
	".google.internal", "metadata.google.internal",
	"name=build",       "*.y.x.a.test",
};

static const char *const addrs[] = {
	"8.8.8.8",
	"8.8.4.4",
	"9.9.9.9",
	"10.0.0.5",
	"10.1.2.3",
	"192.168.7.7",
	"169.254.1.1",
	"169.254.169.254",
	"100.100.100.200",
	"224.0.0.251",
	"240.0.0.1",
	"127.0.0.1",
	"10.0.2.2",
	"10.0.2.77",
	"93.184.216.7",
	"2606:4700::1",
	"2606:4700::7",
	"fd12::1",
	"fe80::1",
	"ff02::fb",
	"64:ff9b::808:808",
	"64:ff9b::a00:5",
	"2002:a00:5::1",
	"2001:0:1:2:3:4:f7f7:f7f7",
	"::1",
	"2001:db8::1",
	"255.255.255.255",
};

static const char *const nets[] = {
	"8.8.8.8",          "8.8.0.0/16",
	"8.0.0.0/8",        "0.0.0.0/0",
	"9.9.9.9",          "10.0.0.0/8",
	"10.1.0.0/16",      "10.0.0.5",
	"192.168.0.0/16",   "169.254.0.0/16",
	"224.0.0.0/4",      "[::/0]",
	"[2606:4700::/32]", "[2606:4700::1]",
	"[64:ff9b::/96]",   "[64:ff9b::808:808]",
	"[2002::/16]",      "[fd12::1]",
	"[fc00::/7]",       "127.0.0.1",
};

static const char *const classes[] = {
	"public", "private", "host", "metadata", "linklocal", "multicast",
};

static const char *const ports[] = {
	":443",    ":80",   ":22", ":853",     ":80,443",
	":25-853", ":8443", ":53", ":1-65535", ":443-65535",
};

static const uint16_t asked_ports[] = { 443, 80, 22, 853, 8443, 25, 65535, 1 };

#define PICK(seed, list) ((list)[below(seed, LEN(list))])

static void draw_target(uint64_t *seed, bool in, char *to, size_t room,
			bool may_ports)
{
	const char *port =
		may_ports && below(seed, 3) == 0 ? PICK(seed, ports) : "";

	switch (below(seed, in ? 3 : 7)) {
	case 0:
		snprintf(to, room, "%s%s", PICK(seed, classes), port);
		break;
	case 1:
		snprintf(to, room, "%s%s", PICK(seed, nets), port);
		break;
	case 2:
		snprintf(to, room, "any%s", port);
		break;
	case 3:
		snprintf(to, room, "g%u%s", below(seed, DRAW_GROUPS), port);
		break;
	case 4:
		snprintf(to, room, below(seed, 3) ? "%s%s" : "dns",
			 PICK(seed, patterns), port);
		break;
	default:
		snprintf(to, room, "%s%s", PICK(seed, patterns), port);
		break;
	}
}

static void draw_text(uint64_t *seed, char *to, size_t room)
{
	static const char *const protocols[] = {
		"",      "",     "tcp ",     "tcp ",      "udp ",
		"icmp ", "any ", "tcp,udp ", "tcp,icmp ",
	};
	bool in = below(seed, 6) == 0, allow = below(seed, 2);
	const char *protocol = PICK(seed, protocols);
	uint32_t n = 1 + (below(seed, 3) == 0 ? below(seed, 4) : 0);
	size_t at = (size_t)
		snprintf(to, room, "%s%s %s%s", allow ? "allow" : "deny",
			 in ? " in" : "", protocol,
			 allow && !in && below(seed, 6) == 0 ? "unnamed " : "");

	for (uint32_t i = 0; i < n; i++) {
		char target[64];

		draw_target(seed, in, target, sizeof(target),
			    !strstr(protocol, "icmp"));
		at += (size_t)snprintf(to + at, room - at, "%s%s", i ? " " : "",
				       target);
	}
}

static void draw_rules(uint64_t *seed, struct draw *d, bool bounds, uint32_t n)
{
	char text[256];

	for (uint32_t i = 0, tries = 0; i < n && tries < 20 * n; tries++) {
		draw_text(seed, text, sizeof(text));
		i += draw_rule(d, bounds, text);
	}
}

static void draw_lists(uint64_t *seed, struct draw *d)
{
	struct slow_policy *p = &d->slow;

	if (below(seed, 5) == 0)
		p->intercept[p->n_intercept++] =
			(struct weir_rule_range){ 443, 443 };
	if (below(seed, 10) == 0)
		p->intercept[p->n_intercept++] =
			(struct weir_rule_range){ 800, 8500 };
	for (uint32_t i = below(seed, 3); i-- > 0;)
		CHECK(draw_pattern(PICK(seed, patterns),
				   &p->private_name[p->n_private++]));
	if (below(seed, 4) == 0)
		CHECK(draw_pattern(PICK(seed, patterns),
				   &p->guarded[p->n_guarded++]));
	if (below(seed, 4) == 0)
		CHECK(draw_pattern(PICK(seed, patterns),
				   &p->bypass[p->n_bypass++]));
	for (uint32_t i = below(seed, 8) == 0 ? below(seed, 4) : 0; i-- > 0;) {
		static const char *const lines[][4] = {
			{ "GET /a/*", "-* /a/b", NULL },
			{ "* /**", NULL },
			{ "-GET /a/c", NULL },
			{ "POST /a/b", "-POST /x", "GET /x", NULL },
		};

		CHECK(draw_http(d, PICK(seed, patterns), PICK(seed, lines)));
	}
}

static void draw_policy(uint64_t *seed, struct draw *d)
{
	draw_clear(d);
	d->slow.flags = (below(seed, 3) ? 0 : WEIR_IMAGE_ALLOW_OUT) |
			(below(seed, 4) ? 0 : WEIR_IMAGE_QUIC_PIN) |
			(below(seed, 8) ? WEIR_IMAGE_REBIND : 0);
	for (unsigned g = 0; g < DRAW_GROUPS; g++)
		for (uint32_t i = below(seed, 5); i-- > 0;)
			CHECK(draw_member(d, g,
					  below(seed, 2)
						  ? PICK(seed, nets)
						  : PICK(seed, patterns)));
	draw_lists(seed, d);
	draw_rules(seed, d, false, below(seed, 13));
	if (below(seed, 3) == 0)
		draw_rules(seed, d, true, 1 + below(seed, 5));
	CHECK(draw_image(d));
}

/* ---- questions ---------------------------------------------------------- */

struct question {
	struct weir_judge_flow flow;
	const struct weir_dns_name *pin[4];
	struct weir_dns_name name[LEN(names)];
	char text[512];
};

static void draw_question(uint64_t *seed, struct question *q)
{
	static const uint8_t protocols[] = { WEIR_RULE_TCP, WEIR_RULE_TCP,
					     WEIR_RULE_TCP, WEIR_RULE_UDP,
					     WEIR_RULE_ICMP };
	struct weir_judge_flow *f = &q->flow;
	const char *addr = PICK(seed, addrs);
	int at;

	/* most of all where names matter */
	if (below(seed, 2))
		addr = addrs[below(seed, 5)];
	f->protocol = PICK(seed, protocols);
	f->to = draw_addr(addr);
	f->port = f->protocol == WEIR_RULE_ICMP ? 0 : PICK(seed, asked_ports);
	f->pin = q->pin;
	f->n_pins = below(seed, 5) < 2 ? 0 : 1 + below(seed, 3);
	f->shown = WEIR_JUDGE_SHOWN_NOTHING_YET + below(seed, 3);
	at = snprintf(q->text, sizeof(q->text), "%u %s %u", f->protocol, addr,
		      f->port);
	for (uint32_t i = 0; i < f->n_pins; i++) {
		uint32_t n = below(seed, LEN(names));

		q->pin[i] = &q->name[n];
		at += snprintf(q->text + at, sizeof(q->text) - (size_t)at,
			       " pin %s", names[n]);
	}
	f->name = &q->name[below(seed, LEN(names))];
	if (f->n_pins && below(seed, 2))
		f->name = q->pin[below(seed, f->n_pins)];
	if (f->shown != WEIR_JUDGE_SHOWN_NAME)
		f->name = NULL;
	snprintf(q->text + at, sizeof(q->text) - (size_t)at, " shown %s",
		 f->name                             ? names[f->name - q->name]
		 : f->shown == WEIR_JUDGE_SHOWN_NONE ? "none"
						     : "nothing yet");
}

static void print_policy(const struct draw *d)
{
	const struct slow_policy *p = &d->slow;

	print_error(
		"flags %#x, %u intercepted, %u private, %u guarded, %u http\n",
		p->flags, p->n_intercept, p->n_private, p->n_guarded,
		p->n_http);
	for (unsigned g = 0; g < DRAW_GROUPS; g++)
		for (unsigned i = 0; i < d->n_group[g]; i++) {
			const struct weir_rule_target *t = &d->group[g][i];
			char mem[512];
			struct weir_text text = weir_text_over(mem, 512);

			if (t->host == WEIR_RULE_HOST_NAME)
				weir_pattern_print(&text, &t->name);
			else
				weir_prefix_print(&text, &t->prefix);
			print_error("g%u has %s\n", g, mem);
		}
	for (unsigned b = 2; b-- > 0;)
		for (unsigned i = 0; i < (b ? p->n_bounds : p->n_rules); i++)
			print_error("%s %u: %s\n", b ? "bound" : "rule", i + 1,
				    d->text[b][i]);
}

static void is_same(const struct draw *d, const char *question,
		    struct weir_judge_verdict fast,
		    struct weir_judge_verdict slow)
{
	if (fast.said == slow.said && fast.by == slow.by &&
	    fast.rule == slow.rule && fast.reason == slow.reason &&
	    fast.named == slow.named)
		return;
	print_policy(d);
	print_error("said, by, rule, reason, named: %d %d %u %s %d\n",
		    fast.said, fast.by, fast.rule,
		    weir_reason_name(fast.reason), fast.named);
	print_error("the slow judge:                %d %d %u %s %d\n",
		    slow.said, slow.by, slow.rule,
		    weir_reason_name(slow.reason), slow.named);
	fail_msg("%s", question);
}

/* An allow that is not `named` holds whatever else is shown. */
static void holds_for_all(const struct draw *d,
			  const struct weir_class_facts *f, struct question *q)
{
	struct weir_judge_flow again = q->flow;

	for (size_t i = 0; i < LEN(names); i++) {
		again.shown = WEIR_JUDGE_SHOWN_NAME;
		again.name = &q->name[i];
		if (weir_judge_flow(&d->image, f, &again).said ==
		    WEIR_JUDGE_ALLOW)
			continue;
		print_policy(d);
		fail_msg("%s, but %s is not allowed", q->text, names[i]);
	}
}

/* How often each verdict was seen: a test that only meets denials is none. */
static unsigned seen[4][5][WEIR_REASON_COUNT];

static void ask_flow(uint64_t *seed, const struct draw *d,
		     const struct weir_class_facts *f, struct question *q)
{
	struct weir_judge_verdict v;

	draw_question(seed, q);
	v = weir_judge_flow(&d->image, f, &q->flow);
	is_same(d, q->text, v, slow_flow(&d->slow, f, &q->flow));
	seen[v.said][v.by][v.reason]++;
	if (v.said == WEIR_JUDGE_ALLOW && !v.named &&
	    q->flow.protocol == WEIR_RULE_TCP &&
	    q->flow.shown != WEIR_JUDGE_SHOWN_NONE && below(seed, 8) == 0)
		holds_for_all(d, f, q);
}

static void ask_others(uint64_t *seed, const struct draw *d,
		       const struct weir_class_facts *f, struct question *q)
{
	const char *addr = PICK(seed, addrs);
	struct weir_addr a = draw_addr(addr);
	uint32_t n = below(seed, LEN(names));
	uint16_t port = PICK(seed, asked_ports);
	uint8_t protocol = below(seed, 2) ? WEIR_RULE_TCP : WEIR_RULE_UDP;
	const char *path = below(seed, 2) ? "/a/b" : "/x?y";
	const char *method = below(seed, 2) ? "GET" : "POST";

	snprintf(q->text, sizeof(q->text), "name %s", names[n]);
	is_same(d, q->text, weir_judge_name(&d->image, &q->name[n]),
		slow_name(&d->slow, &q->name[n]));
	snprintf(q->text, sizeof(q->text), "in %u %s %u", protocol, addr, port);
	is_same(d, q->text, weir_judge_in(&d->image, f, protocol, &a, port),
		slow_in(&d->slow, f, protocol, &a, port));
	snprintf(q->text, sizeof(q->text), "answer %s %s", names[n], addr);
	is_same(d, q->text, weir_judge_answer(&d->image, f, &q->name[n], &a),
		slow_answer(&d->slow, f, &q->name[n], &a));
	snprintf(q->text, sizeof(q->text), "http %s %s %s", names[n], method,
		 path);
	is_same(d, q->text,
		weir_judge_http(&d->image, &q->name[n], method, strlen(method),
				path, 4),
		slow_http(&d->slow, &q->name[n], method, strlen(method), path,
			  4));
}

static void the_second_judge_agrees_on_a_million_questions(void **state)
{
	struct weir_class_facts f = draw_facts();
	struct draw *d = draw_new();
	uint64_t seed = 20251120;
	struct question q;

	(void)state;
	for (size_t i = 0; i < LEN(names); i++)
		q.name[i] = draw_name(names[i]);
	for (uint32_t i = 0; i < POLICIES; i++) {
		draw_policy(&seed, d);
		for (uint32_t k = 0; k < QUESTIONS; k++)
			ask_flow(&seed, d, &f, &q);
		for (uint32_t k = 0; k < 8; k++)
			ask_others(&seed, d, &f, &q);
	}
	draw_free(d);
}

static void every_kind_of_verdict_was_among_them(void **state)
{
	static const enum weir_reason defaults[] = {
		WEIR_REASON_DEFAULT, WEIR_REASON_NO_PIN,
		WEIR_REASON_NAME_REQUIRED, WEIR_REASON_SHOWN_MISMATCH
	};
	static const enum weir_reason nothings[] = { WEIR_REASON_QUIC,
						     WEIR_REASON_DOT,
						     WEIR_REASON_MARTIAN,
						     WEIR_REASON_MULTICAST };
	unsigned enough = POLICIES / 100;

	(void)state;
	CHECK(seen[WEIR_JUDGE_ALLOW][WEIR_JUDGE_BY_RULE][0] > enough);
	CHECK(seen[WEIR_JUDGE_ALLOW][WEIR_JUDGE_BY_DEFAULT][0] > enough);
	CHECK(seen[WEIR_JUDGE_DEFER][WEIR_JUDGE_BY_RULE][0] > enough);
	CHECK(seen[WEIR_JUDGE_DEFER][WEIR_JUDGE_BY_BOUNDS][0] > enough);
	CHECK(seen[WEIR_JUDGE_DENY][WEIR_JUDGE_BY_RULE][WEIR_REASON_RULE] >
	      enough);
	CHECK(seen[WEIR_JUDGE_DENY][WEIR_JUDGE_BY_RULE][WEIR_REASON_MULTICAST] >
	      enough);
	CHECK(seen[WEIR_JUDGE_DENY][WEIR_JUDGE_BY_BOUNDS][WEIR_REASON_BOUNDS] >
	      enough);
	for (size_t i = 0; i < LEN(defaults); i++)
		CHECK(seen[WEIR_JUDGE_DENY][WEIR_JUDGE_BY_DEFAULT]
			  [defaults[i]] > enough);
	for (size_t i = 0; i < LEN(nothings); i++)
		CHECK(seen[WEIR_JUDGE_DENY][WEIR_JUDGE_BY_NOTHING]
			  [nothings[i]] > enough);
}

T_MAIN(T(the_second_judge_agrees_on_a_million_questions),
       T(every_kind_of_verdict_was_among_them))
