/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_judge.c - rows of rules, a question, a verdict
 *
 * The conformance table holds what everybody must agree on; here is what it
 * leaves open or does not reach, one row a decision.  A rule that begins with
 * "bound " is of the bounds.
 */
#include "policy/judge.h"

#include <stdio.h>

#include "../t.h"
#include "draw.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

#define ALLOW WEIR_JUDGE_ALLOW
#define DENY  WEIR_JUDGE_DENY
#define DEFER WEIR_JUDGE_DEFER

#define NOTHING WEIR_JUDGE_BY_NOTHING
#define RULE    WEIR_JUDGE_BY_RULE
#define DEFAULT WEIR_JUDGE_BY_DEFAULT
#define BOUNDS  WEIR_JUDGE_BY_BOUNDS

/* settings of a row */
#define OPEN   WEIR_IMAGE_ALLOW_OUT
#define QUIC   WEIR_IMAGE_QUIC_PIN
#define I443   0x10000u /* TLS on 443 is intercepted */
#define I853   0x20000u
#define GUARDS 0x40000u /* a.test has a secret */

#define NONE "-"

struct row {
	const char *rules[6];
	uint32_t set;
	const char *flow; /* protocol address port */
	const char *pins[3];
	const char *shown; /* NULL: nothing yet; "-": none */
	struct weir_judge_verdict want;
};

#define SAY(said, by, rule, reason)                                            \
	{                                                                      \
		said, by, rule, WEIR_REASON_##reason, false                    \
	}
#define NAMED(by, rule)                                                        \
	{                                                                      \
		ALLOW, by, rule, WEIR_REASON_NONE, true                        \
	}

#define WEB "tcp 8.8.8.8 443"

/* clang-format off */
static const struct row rows[] = {
	/* the order of refusals */
	{ { "bound deny any", "allow any" }, 0, "tcp 127.0.0.1 80", { 0 }, 0,
	  SAY(DENY, NOTHING, 0, MARTIAN) },
	{ { "allow 127.0.0.1" }, OPEN, "tcp 127.0.0.1 80", { 0 }, 0,
	  SAY(DENY, NOTHING, 0, MARTIAN) },
	{ { "allow any", "deny multicast" }, 0, "udp 224.0.0.251 5353", { 0 },
	  0, SAY(DENY, RULE, 2, MULTICAST) },
	{ { "deny udp any:5353" }, OPEN, "udp ff02::fb 5353", { 0 }, 0,
	  SAY(DENY, RULE, 1, MULTICAST) },
	{ { "deny 224.0.0.0/4:1" }, OPEN, "udp 224.0.0.251 5353", { 0 }, 0,
	  SAY(DENY, NOTHING, 0, MULTICAST) },
	{ { "deny multicast", "bound deny multicast" }, OPEN,
	  "udp 224.0.0.251 5353", { 0 }, 0, SAY(DENY, BOUNDS, 1, BOUNDS) },
	{ { "bound deny udp any:443", "allow public" }, I443,
	  "udp 8.8.8.8 443", { 0 }, 0, SAY(DENY, BOUNDS, 1, BOUNDS) },
	{ { "deny udp any:443" }, I443, "udp 8.8.8.8 443", { 0 }, 0,
	  SAY(DENY, NOTHING, 0, QUIC) },
	{ { "allow public" }, I443 | QUIC, "udp 8.8.8.8 443", { 0 }, 0,
	  SAY(ALLOW, RULE, 1, NONE) },
	{ { "allow public" }, GUARDS | QUIC, "udp 8.8.8.8 443", { "a.test" },
	  0, SAY(DENY, NOTHING, 0, QUIC) },
	{ { "allow public" }, GUARDS | QUIC, "udp 8.8.8.8 8443",
	  { "b.test", "a.test" }, 0, SAY(DENY, NOTHING, 0, QUIC) },
	{ { "allow public" }, GUARDS, "udp 8.8.8.8 443", { "b.test" }, 0,
	  SAY(ALLOW, RULE, 1, NONE) },
	{ { "allow public" }, GUARDS, "tcp 8.8.8.8 443", { "a.test" }, 0,
	  SAY(ALLOW, RULE, 1, NONE) },
	/* DNS over TLS */
	{ { "allow any" }, OPEN, "tcp 8.8.8.8 853", { 0 }, 0,
	  SAY(DENY, NOTHING, 0, DOT) },
	{ { "allow any" }, I853, "tcp 8.8.8.8 853", { 0 }, 0,
	  SAY(ALLOW, RULE, 1, NONE) },
	{ { "allow any", "allow tcp 8.8.0.0/16:800-900" }, 0,
	  "tcp 8.8.8.8 853", { 0 }, 0, SAY(ALLOW, RULE, 1, NONE) },
	{ { "allow any", "allow tcp 8.8.8.8:443" }, 0, "tcp 8.8.8.8 853",
	  { 0 }, 0, SAY(DENY, NOTHING, 0, DOT) },
	{ { "allow any", "allow udp 8.8.8.8" }, 0, "tcp 8.8.8.8 853", { 0 },
	  0, SAY(DENY, NOTHING, 0, DOT) },
	{ { "allow any", "deny tcp 8.8.8.8:853" }, 0, "tcp 8.8.8.8 853",
	  { 0 }, 0, SAY(DENY, NOTHING, 0, DOT) },
	{ { "deny 8.8.8.8", "allow 8.8.8.8" }, 0, "tcp 8.8.8.8 853", { 0 }, 0,
	  SAY(DENY, RULE, 1, RULE) },
	{ { "allow a.test" }, OPEN, "tcp 8.8.8.8 853", { "a.test" }, 0,
	  SAY(DENY, NOTHING, 0, DOT) },
	{ { "allow any" }, 0, "udp 8.8.8.8 853", { 0 }, 0,
	  SAY(ALLOW, RULE, 1, NONE) },
	/* IPv4 inside IPv6 */
	{ { "deny 10.0.0.0/8" }, OPEN, "tcp 64:ff9b::a00:5 443", { 0 }, 0,
	  SAY(DENY, RULE, 1, RULE) },
	{ { "deny 10.0.0.0/8" }, OPEN, "tcp 2002:a00:5::1 443", { 0 }, 0,
	  SAY(DENY, RULE, 1, RULE) },
	{ { "deny 8.8.8.8" }, OPEN, "tcp 2001:0:1:2:3:4:f7f7:f7f7 443", { 0 },
	  0, SAY(DENY, RULE, 1, RULE) },
	{ { "bound deny 10.0.0.5", "allow any" }, 0, "tcp 64:ff9b::a00:5 443",
	  { 0 }, 0, SAY(DENY, BOUNDS, 1, BOUNDS) },
	{ { "allow 10.0.0.0/8" }, 0, "tcp 64:ff9b::a00:5 443", { 0 }, 0,
	  SAY(DENY, DEFAULT, 0, DEFAULT) },
	{ { "allow [64:ff9b::/96]" }, 0, "tcp 64:ff9b::a00:5 443", { 0 }, 0,
	  SAY(ALLOW, RULE, 1, NONE) },
	/* waiting */
	{ { "deny a.test", "allow b.test" }, 0, WEB, { "b.test" }, 0,
	  SAY(DEFER, RULE, 1, NONE) },
	{ { "deny a.test", "allow b.test" }, 0, WEB, { 0 }, 0,
	  SAY(DENY, DEFAULT, 0, NO_PIN) },
	{ { "deny a.test", "deny b.test", "allow public" }, 0, WEB, { 0 }, 0,
	  SAY(DEFER, RULE, 1, NONE) },
	{ { "deny a.test", "deny b.test", "allow public" }, 0, WEB,
	  { "b.test" }, 0, SAY(DENY, RULE, 2, RULE) },
	{ { "deny a.test:80", "allow public" }, 0, WEB, { 0 }, 0,
	  SAY(ALLOW, RULE, 2, NONE) },
	{ { "deny udp a.test", "allow public" }, 0, WEB, { 0 }, 0,
	  SAY(ALLOW, RULE, 2, NONE) },
	{ { "deny a.test 8.8.8.8", "allow public" }, 0, WEB, { 0 }, 0,
	  SAY(DENY, RULE, 1, RULE) },
	{ { "allow unnamed a.test:443" }, 0, WEB, { "a.test" }, 0,
	  SAY(DEFER, RULE, 1, NONE) },
	/* the bounds wait */
	{ { "bound deny a.test" }, 0, WEB, { 0 }, 0,
	  SAY(DENY, DEFAULT, 0, DEFAULT) },
	{ { "bound deny a.test", "bound deny 8.8.8.8", "allow any" }, 0, WEB,
	  { 0 }, 0, SAY(DENY, BOUNDS, 2, BOUNDS) },
	{ { "bound deny a.test", "bound allow 8.8.8.8", "bound deny any",
	    "allow any" }, 0, WEB, { 0 }, 0, SAY(DEFER, BOUNDS, 1, NONE) },
	{ { "bound deny a.test", "deny b.test", "allow any" }, 0, WEB, { 0 },
	  0, SAY(DEFER, BOUNDS, 1, NONE) },
	{ { "bound deny a.test", "allow b.test" }, 0, WEB, { "b.test" }, 0,
	  SAY(DEFER, BOUNDS, 1, NONE) },
	{ { "bound deny a.test", "bound allow b.test" }, 0, WEB, { "b.test" },
	  0, SAY(DEFER, BOUNDS, 2, NONE) },
	{ { "bound allow b.test", "bound deny any", "allow any" }, 0, WEB,
	  { "b.test" }, 0, SAY(DEFER, BOUNDS, 1, NONE) },
	{ { "bound allow b.test", "bound deny any", "allow any" }, 0, WEB,
	  { "b.test" }, "a.test", SAY(DENY, BOUNDS, 2, BOUNDS) },
	{ { "bound allow b.test", "bound deny any", "allow any" }, 0, WEB,
	  { "b.test" }, "b.test", NAMED(RULE, 1) },
	{ { "bound deny a.test", "allow any" }, 0, "tcp 8.8.8.8 853", { 0 },
	  0, SAY(DENY, NOTHING, 0, DOT) },
	/* reasons: that of the last name rule passed over */
	{ { "allow a.test:443", "allow b.test:443" }, 0, WEB, { "a.test" },
	  NONE, SAY(DENY, DEFAULT, 0, NO_PIN) },
	{ { "allow b.test:443", "allow a.test:443" }, 0, WEB, { "a.test" },
	  NONE, SAY(DENY, DEFAULT, 0, NAME_REQUIRED) },
	{ { "allow b.test:443", "allow a.test:443" }, 0, WEB, { "a.test" },
	  "b.test", SAY(DENY, DEFAULT, 0, SHOWN_MISMATCH) },
	{ { "allow a.test:443 b.test:443 c.example:443" }, 0, WEB,
	  { "a.test" }, "x.org", SAY(DENY, DEFAULT, 0, SHOWN_MISMATCH) },
	{ { "allow a.test:443", "allow b.test:80" }, 0, WEB, { "a.test" },
	  NONE, SAY(DENY, DEFAULT, 0, NAME_REQUIRED) },
	{ { "allow a.test:80" }, 0, WEB, { 0 }, 0,
	  SAY(DENY, DEFAULT, 0, DEFAULT) },
	{ { "allow udp a.test" }, 0, WEB, { 0 }, 0,
	  SAY(DENY, DEFAULT, 0, DEFAULT) },
	{ { "allow a.test", "deny any" }, 0, WEB, { 0 }, 0,
	  SAY(DENY, RULE, 2, RULE) },
	{ { "allow a.test:443" }, 0, "udp 8.8.8.8 443", { 0 }, 0,
	  SAY(DENY, DEFAULT, 0, DEFAULT) },
	{ { "allow a.test" }, 0, "icmp 8.8.8.8 0", { 0 }, 0,
	  SAY(DENY, DEFAULT, 0, NO_PIN) },
	/* what holds for one name only */
	{ { "allow a.test" }, 0, WEB, { "a.test" }, "a.test", NAMED(RULE, 1) },
	{ { "allow a.test 8.8.8.8" }, 0, WEB, { "a.test" }, "a.test",
	  SAY(ALLOW, RULE, 1, NONE) },
	{ { "allow a.test:22" }, 0, "tcp 8.8.8.8 22", { "a.test" }, NONE,
	  NAMED(RULE, 1) },
	{ { "deny a.test", "allow public" }, 0, WEB, { 0 }, "b.test",
	  NAMED(RULE, 2) },
	{ { "deny a.test", "allow public" }, 0, WEB, { 0 }, NONE,
	  SAY(ALLOW, RULE, 2, NONE) },
	{ { "deny a.test" }, OPEN, WEB, { 0 }, "b.test", NAMED(DEFAULT, 0) },
	{ { "allow public", "deny a.test" }, 0, WEB, { 0 }, "a.test",
	  SAY(ALLOW, RULE, 1, NONE) },
	{ { "bound deny a.test", "allow public" }, 0, WEB, { 0 }, "b.test",
	  NAMED(RULE, 1) },
	/* QUIC by pins */
	{ { "allow a.test" }, QUIC, "udp 8.8.8.8 443", { "a.test" }, 0,
	  NAMED(RULE, 1) },
	{ { "allow a.test" }, 0, "udp 8.8.8.8 80", { "a.test" }, 0,
	  SAY(DENY, DEFAULT, 0, DEFAULT) },
};
/* clang-format on */

static void set_up(struct draw *d, const char *const rules[6], uint32_t set)
{
	draw_clear(d);
	d->slow.flags = (set & 0xffff) | WEIR_IMAGE_REBIND;
	if (set & I443)
		d->slow.intercept[d->slow.n_intercept++] =
			(struct weir_rule_range){ 443, 443 };
	if (set & I853)
		d->slow.intercept[d->slow.n_intercept++] =
			(struct weir_rule_range){ 800, 900 };
	if (set & GUARDS)
		CHECK(draw_pattern("a.test",
				   &d->slow.guarded[d->slow.n_guarded++]));
	CHECK(draw_member(d, 0, "10.0.0.0/8"));
	CHECK(draw_member(d, 0, ".corp.example"));
	for (unsigned i = 0; i < 6 && rules[i]; i++) {
		bool bound = strncmp(rules[i], "bound ", 6) == 0;

		if (!draw_rule(d, bound, rules[i] + (bound ? 6 : 0)))
			fail_msg("no rule: %s", rules[i]);
	}
	CHECK(draw_image(d));
}

static void is(struct weir_judge_verdict v,
	       const struct weir_judge_verdict *want, size_t row)
{
	if (v.said != want->said || v.by != want->by || v.rule != want->rule ||
	    v.reason != want->reason || v.named != want->named)
		fail_msg("row %zu: said %d by %d rule %u %s named %d", row,
			 v.said, v.by, v.rule, weir_reason_name(v.reason),
			 v.named);
}

static void each_row_has_its_verdict(void **state)
{
	struct weir_class_facts f = draw_facts();
	struct draw *d = draw_new();

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		const struct row *r = &rows[i];
		struct weir_dns_name name[4];
		const struct weir_dns_name *pin[3];
		struct weir_judge_flow q = { .pin = pin };
		char protocol[8], addr[64];
		unsigned port = 0;

		CHECK_EQ(sscanf(r->flow, "%7s %63s %u", protocol, addr, &port),
			 3);
		q.protocol = protocol[0] == 't'   ? WEIR_RULE_TCP
			     : protocol[0] == 'u' ? WEIR_RULE_UDP
						  : WEIR_RULE_ICMP;
		q.to = draw_addr(addr);
		q.port = (uint16_t)port;
		for (unsigned k = 0; k < 3 && r->pins[k]; k++) {
			name[k] = draw_name(r->pins[k]);
			pin[q.n_pins++] = &name[k];
		}
		q.shown = WEIR_JUDGE_SHOWN_NOTHING_YET;
		if (r->shown && strcmp(r->shown, NONE) != 0) {
			q.shown = WEIR_JUDGE_SHOWN_NAME;
			name[3] = draw_name(r->shown);
			q.name = &name[3];
		} else if (r->shown) {
			q.shown = WEIR_JUDGE_SHOWN_NONE;
		}
		set_up(d, r->rules, r->set);
		is(weir_judge_flow(&d->image, &f, &q), &r->want, i);
		is(slow_flow(&d->slow, &f, &q), &r->want, i);
	}
	draw_free(d);
}

/* ---- names -------------------------------------------------------------- */

struct name_row {
	const char *rules[6];
	uint32_t set;
	const char *name;
	struct weir_judge_verdict want;
};

#define META "metadata.google.internal"

/* clang-format off */
static const struct name_row name_rows[] = {
	{ { "deny dns" }, OPEN, "a.test", SAY(DENY, RULE, 1, DNS_OFF) },
	{ { "deny dns a.test" }, OPEN, "a.test", SAY(DENY, RULE, 1, RULE) },
	{ { "deny dns any" }, OPEN, "a.test", SAY(DENY, RULE, 1, RULE) },
	{ { "deny udp dns" }, OPEN, "a.test", SAY(ALLOW, DEFAULT, 0, NONE) },
	{ { "deny any a.test" }, OPEN, "a.test", SAY(DENY, RULE, 1, RULE) },
	{ { "deny tcp,udp a.test" }, OPEN, "a.test",
	  SAY(ALLOW, DEFAULT, 0, NONE) },
	{ { "deny in any" }, OPEN, "a.test", SAY(ALLOW, DEFAULT, 0, NONE) },
	{ { "allow in any" }, 0, "a.test", SAY(DENY, DEFAULT, 0, DEFAULT) },
	{ { "deny g0", "allow public" }, 0, "git.corp.example",
	  SAY(DENY, RULE, 1, RULE) },
	{ { "deny g0:443", "allow public" }, 0, "git.corp.example",
	  SAY(ALLOW, RULE, 2, NONE) },
	{ { "bound deny dns", "allow a.test" }, 0, "a.test",
	  SAY(DENY, BOUNDS, 1, BOUNDS) },
	{ { "bound allow a.test", "bound deny any", "allow broad .test" }, 0,
	  "a.test", SAY(ALLOW, RULE, 1, NONE) },
	{ { "bound allow a.test", "bound deny any", "allow any" }, 0, "b.test",
	  SAY(DENY, BOUNDS, 2, BOUNDS) },
	{ { "bound allow any" }, 0, "a.test", SAY(DENY, DEFAULT, 0, DEFAULT) },
	{ { "allow any" }, OPEN, META, SAY(DENY, NOTHING, 0, DEFAULT) },
	{ { "allow dns" }, OPEN, META, SAY(DENY, NOTHING, 0, DEFAULT) },
	{ { "allow any", "allow metadata:80" }, 0, META,
	  SAY(ALLOW, RULE, 2, NONE) },
	{ { "allow any", "allow broad .internal" }, 0, META,
	  SAY(ALLOW, RULE, 2, NONE) },
	{ { "deny .google.internal", "allow metadata" }, 0, META,
	  SAY(DENY, RULE, 1, RULE) },
	{ { "deny dns", "allow metadata" }, 0, META,
	  SAY(DENY, RULE, 1, DNS_OFF) },
	{ { "deny any", "allow metadata" }, 0, META,
	  SAY(DENY, RULE, 1, RULE) },
	{ { "bound deny any", "allow metadata" }, 0, META,
	  SAY(DENY, BOUNDS, 1, BOUNDS) },
	{ { "bound allow metadata" }, OPEN, META,
	  SAY(DENY, NOTHING, 0, DEFAULT) },
	{ { "deny any" }, 0, META, SAY(DENY, NOTHING, 0, DEFAULT) },
	{ { "allow metadata" }, 0, "x." META, SAY(DENY, DEFAULT, 0, DEFAULT) },
};
/* clang-format on */

static void each_name_has_its_verdict(void **state)
{
	struct draw *d = draw_new();

	(void)state;
	for (size_t i = 0; i < LEN(name_rows); i++) {
		const struct name_row *r = &name_rows[i];
		struct weir_dns_name name = draw_name(r->name);

		set_up(d, r->rules, r->set);
		is(weir_judge_name(&d->image, &name), &r->want, i);
		is(slow_name(&d->slow, &name), &r->want, i);
	}
	draw_free(d);
}

/* ---- answers ------------------------------------------------------------ */

struct answer_row {
	const char *rules[6];
	const char *addr;
	struct weir_judge_verdict want;
};

/* clang-format off */
static const struct answer_row answer_rows[] = {
	{ { "deny public" }, "8.8.8.8", SAY(ALLOW, NOTHING, 0, NONE) },
	{ { NULL }, "10.0.0.5", SAY(DENY, NOTHING, 0, REBIND) },
	{ { "allow tcp private" }, "10.0.0.5", SAY(ALLOW, RULE, 1, NONE) },
	{ { "allow private:1-65535" }, "10.0.0.5",
	  SAY(DENY, NOTHING, 0, REBIND) },
	{ { "allow 10.0.0.5" }, "10.0.0.5", SAY(ALLOW, RULE, 1, NONE) },
	{ { "allow g0" }, "10.0.0.5", SAY(ALLOW, RULE, 1, NONE) },
	{ { "allow g0:80" }, "10.0.0.5", SAY(DENY, NOTHING, 0, REBIND) },
	{ { "allow any" }, "10.0.0.5", SAY(DENY, NOTHING, 0, REBIND) },
	{ { "deny any", "allow private" }, "10.0.0.5",
	  SAY(DENY, RULE, 1, REBIND) },
	{ { "deny tcp any:25", "allow private" }, "10.0.0.5",
	  SAY(ALLOW, RULE, 2, NONE) },
	{ { "deny udp any", "allow private" }, "10.0.0.5",
	  SAY(ALLOW, RULE, 2, NONE) },
	{ { "deny 10.0.0.0/8", "allow private" }, "64:ff9b::a00:5",
	  SAY(DENY, RULE, 1, REBIND) },
	{ { "allow 10.0.0.0/8" }, "64:ff9b::a00:5",
	  SAY(DENY, NOTHING, 0, REBIND) },
	{ { "bound deny 10.0.0.0/8", "allow private" }, "10.0.0.5",
	  SAY(DENY, BOUNDS, 1, BOUNDS) },
	{ { "bound allow any", "bound deny any", "allow private" },
	  "10.0.0.5", SAY(ALLOW, RULE, 1, NONE) },
	{ { "allow 127.0.0.0/8" }, "127.0.0.1",
	  SAY(DENY, NOTHING, 0, REBIND) },
	{ { "allow 224.0.0.0/4" }, "224.0.0.251",
	  SAY(DENY, NOTHING, 0, REBIND) },
	{ { "deny in private", "allow private" }, "10.0.0.5",
	  SAY(ALLOW, RULE, 2, NONE) },
	{ { "allow host" }, "10.0.2.2", SAY(ALLOW, RULE, 1, NONE) },
	{ { "allow host" }, "93.184.216.7", SAY(ALLOW, RULE, 1, NONE) },
};
/* clang-format on */

static void each_answer_has_its_verdict(void **state)
{
	struct weir_class_facts f = draw_facts();
	struct weir_dns_name name = draw_name("nas.example");
	struct draw *d = draw_new();

	(void)state;
	for (size_t i = 0; i < LEN(answer_rows); i++) {
		const struct answer_row *r = &answer_rows[i];
		struct weir_addr a = draw_addr(r->addr);

		set_up(d, r->rules, 0);
		is(weir_judge_answer(&d->image, &f, &name, &a), &r->want, i);
		is(slow_answer(&d->slow, &f, &name, &a), &r->want, i);
	}
	draw_free(d);
}

static struct weir_judge_verdict answer(const struct draw *d, const char *name,
					const char *addr)
{
	struct weir_class_facts f = draw_facts();
	struct weir_dns_name n = draw_name(name);
	struct weir_addr a = draw_addr(addr);

	return weir_judge_answer(&d->image, &f, &n, &a);
}

static void a_private_name_may_be_anywhere_but_never(void **state)
{
	struct draw *d = draw_new();

	(void)state;
	CHECK(draw_pattern("*.corp.example", &d->slow.private_name[0]));
	d->slow.n_private = 1;
	d->slow.flags = WEIR_IMAGE_REBIND;
	CHECK(draw_rule(d, false, "deny 10.0.0.5"));
	CHECK(draw_rule(d, true, "deny linklocal"));
	CHECK(draw_image(d));
	CHECK_EQ(answer(d, "a.corp.example", "10.9.9.9").said, ALLOW);
	CHECK_EQ(answer(d, "a.corp.example", "10.0.0.5").said, ALLOW);
	CHECK_EQ(answer(d, "a.corp.example", "127.0.0.1").said, DENY);
	CHECK_EQ(answer(d, "a.corp.example", "10.0.2.77").said, DENY);
	CHECK_EQ(answer(d, "corp.example", "10.9.9.9").said, DENY);
	CHECK_EQ(answer(d, "a.corp.example", "169.254.1.1").by, BOUNDS);
	d->slow.flags = 0; /* the protection is off */
	CHECK(draw_image(d));
	CHECK_EQ(answer(d, "corp.example", "10.9.9.9").said, ALLOW);
	CHECK_EQ(answer(d, "corp.example", "169.254.1.1").said, ALLOW);
	draw_free(d);
}

/* ---- HTTP --------------------------------------------------------------- */

static enum weir_reason http(const struct draw *d, const char *host,
			     const char *method, const char *path)
{
	struct weir_dns_name name = draw_name(host);
	struct weir_judge_verdict v =
		weir_judge_http(&d->image, &name, method, strlen(method), path,
				strlen(path));

	CHECK_EQ(v.said, v.reason ? DENY : ALLOW);
	CHECK_EQ(v.by, NOTHING);
	return v.reason;
}

static void entries_of_one_host_are_one(void **state)
{
	static const char *const one[] = { "GET /a/*", "-* /a/key", NULL };
	static const char *const two[] = { "POST /a/key", "GET /b", NULL };
	static const char *const three[] = { "-GET /b", NULL };
	struct draw *d = draw_new();

	(void)state;
	CHECK(draw_http(d, ".api.test", one));
	CHECK(draw_http(d, ".api.test", two));
	CHECK(draw_http(d, "*.api.test", three));
	CHECK(draw_image(d));
	CHECK_EQ(http(d, "api.test", "GET", "/a/x"), WEIR_REASON_NONE);
	CHECK_EQ(http(d, "x.api.test", "GET", "/a/x"), WEIR_REASON_NONE);
	CHECK_EQ(http(d, "api.test", "GET", "/b"), WEIR_REASON_NONE);
	CHECK_EQ(http(d, "x.api.test", "GET", "/b"), WEIR_REASON_HTTP_RULE);
	CHECK_EQ(http(d, "api.test", "POST", "/a/key"), WEIR_REASON_HTTP_RULE);
	CHECK_EQ(http(d, "api.test", "PUT", "/b"), WEIR_REASON_HTTP_RULE);
	CHECK_EQ(http(d, "other.test", "PUT", "/b"), WEIR_REASON_NONE);
	CHECK_EQ(http(d, "api.test", "GET", "/a/../b"), WEIR_REASON_HTTP_RULE);
	CHECK_EQ(http(d, "other.test", "GET", "/a/../b"), WEIR_REASON_NONE);
	CHECK(d->image.flags & WEIR_IMAGE_HTTP);
	draw_free(d);
}

static void an_entry_without_lines_denies_all(void **state)
{
	static const char *const nothing[] = { NULL };
	struct draw *d = draw_new();

	(void)state;
	CHECK(draw_http(d, "api.test", nothing));
	CHECK(draw_image(d));
	CHECK_EQ(http(d, "api.test", "GET", "/"), WEIR_REASON_HTTP_RULE);
	CHECK_EQ(http(d, "x.api.test", "GET", "/"), WEIR_REASON_NONE);
	draw_free(d);
}

T_MAIN(T(each_row_has_its_verdict), T(each_name_has_its_verdict),
       T(each_answer_has_its_verdict),
       T(a_private_name_may_be_anywhere_but_never),
       T(entries_of_one_host_are_one), T(an_entry_without_lines_denies_all))
