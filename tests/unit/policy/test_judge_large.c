/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_judge_large.c - policies as large as they come
 *
 * Each shape is meant to be the worst for some way of finding a rule.  The
 * answers are checked; the times are printed, and bounded only where a walk
 * over the rules would take many times longer than the slowest machine needs.
 * Figures that mean something:
 *	make MODE=release build/release/tests/unit/policy/test_judge_large.ok
 */
#include "policy/judge.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "../base/bench.h"
#include "../t.h"
#include "policy/compile.h"

#define RULES 10000u

/* ---- a large policy ----------------------------------------------------- */

struct large {
	void *work;
	struct weir_compile *c;
	void *bytes;
	size_t len;
	struct weir_image image;
	unsigned n;
};

static const struct weir_rule_world world;
static const struct weir_class_facts facts = { .len4 = 32 };

static void begin(struct large *l)
{
	l->work = reserve(weir_compile_bytes());
	l->n = 0;
	CHECK(l->work != NULL);
	l->c = weir_compile_init(l->work, weir_compile_bytes());
	CHECK(l->c != NULL);
}

static struct weir_rule parsed;

static void rule(struct large *l, const char *text)
{
	struct weir_rule_error error;

	if (!weir_rule_parse(text, strlen(text), &world, &parsed, &error))
		fail_msg("%s: %s", text, error.why);
	CHECK(weir_compile_rule(l->c, WEIR_COMPILE_RULES, &parsed, text,
				strlen(text)));
	l->n++;
}

static void finish(struct large *l)
{
	l->len = weir_compile_size(l->c);
	CHECK(l->len > 0);
	l->bytes = reserve(l->len);
	CHECK_EQ(weir_compile_write(l->c, l->bytes, l->len), l->len);
	munmap(l->work, weir_compile_bytes());
	CHECK(weir_image_open(l->bytes, l->len, &l->image));
	CHECK_EQ(l->image.n_rules, l->n);
}

static void end(struct large *l)
{
	munmap(l->bytes, l->len);
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Names and pins that a question borrows. */
static struct weir_dns_name name_of(const char *text)
{
	struct weir_dns_name n = { .len = 0 };

	CHECK(weir_dns_name_from_text(text, strlen(text), &n));
	return n;
}

static struct weir_judge_verdict ask(const struct large *l,
				     const struct weir_judge_flow *q)
{
	return weir_judge_flow(&l->image, &facts, q);
}

/*
 * The fastest of five rounds over @n questions, in ns each.  Shown, not judged:
 * a figure is judged in `make bench`; here the runner's limit on a whole test
 * ends one that has become hopeless.
 */
static void time_it(const char *what, const struct large *l,
		    const struct weir_judge_flow *q, unsigned n)
{
	uint64_t best = UINT64_MAX;

	for (unsigned round = 0; round < 5; round++) {
		uint64_t from = cpu_ns(), sum = 0;

		for (unsigned i = 0; i < n; i++)
			sum += ask(l, &q[i]).rule;
		from = cpu_ns() - from;
		best = from / n < best ? from / n : best;
		CHECK(sum < UINT64_MAX);
	}
	print_message("# %s: %u rules, image %zu KiB, %llu ns a verdict\n",
		      what, l->n, l->len / 1024, (unsigned long long)best);
}

static void is(struct weir_judge_verdict v, enum weir_judge_said said,
	       uint32_t rule_number)
{
	CHECK_EQ(v.said, said);
	CHECK_EQ(v.rule, rule_number);
}

/* ---- shapes ------------------------------------------------------------- */

static struct weir_judge_flow tcp(uint32_t ip, uint16_t port)
{
	return (struct weir_judge_flow){ .protocol = WEIR_RULE_TCP,
					 .to = weir_addr_from4(ip),
					 .port = port,
					 .shown =
						 WEIR_JUDGE_SHOWN_NOTHING_YET };
}

static void mixed_rules(void **state)
{
	static struct weir_judge_flow q[1000];
	static struct weir_dns_name name[1000];
	static const struct weir_dns_name *pin[1000];
	struct large l;
	uint64_t seed = 1;
	char text[128];

	(void)state;
	begin(&l);
	for (unsigned i = 0; i < RULES; i++) {
		unsigned a = below(&seed, 256), b = below(&seed, 256);
		unsigned port = 1 + below(&seed, 65535);

		if (i % 5 == 0)
			snprintf(text, sizeof(text), "allow tcp 20.%u.%u.%u:%u",
				 a, b, i % 256, port);
		else if (i % 5 == 1)
			snprintf(text, sizeof(text), "deny 21.%u.%u.0/24", a,
				 b);
		else if (i % 5 == 2)
			snprintf(text, sizeof(text),
				 "allow tcp host%u.sub.example.com:443", i);
		else if (i % 5 == 3)
			snprintf(text, sizeof(text), "deny .bad%u.example", i);
		else
			snprintf(text, sizeof(text),
				 "%s tcp private:%u linklocal",
				 i % 2 ? "allow" : "deny", port);
		rule(&l, text);
	}
	rule(&l, "allow public");
	finish(&l);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "host%u.sub.example.com",
			 10 * i + 2);
		name[i] = name_of(text);
		pin[i] = &name[i];
		q[i] = tcp(0x14000000u + (uint32_t)roll(&seed) % 0x2000000u,
			   443);
		if (i % 2) {
			q[i].pin = &pin[i];
			q[i].n_pins = 1;
		}
		if (i % 4 == 3) {
			q[i].shown = WEIR_JUDGE_SHOWN_NAME;
			q[i].name = &name[i];
		}
	}
	time_it("mixed", &l, q, 1000);
	q[1].to = weir_addr_from4(0x08080808);
	is(ask(&l, &q[1]), WEIR_JUDGE_DEFER, 4); /* may be bad3.example */
	q[3].to = weir_addr_from4(0x08080808);
	is(ask(&l, &q[3]), WEIR_JUDGE_ALLOW, 10 * 3 + 2 + 1);
	end(&l);
}

static void one_class_with_many_ports(void **state)
{
	static struct weir_judge_flow q[1000];
	struct large l;
	char text[128];

	(void)state;
	begin(&l);
	for (unsigned i = 0; i < RULES; i++) {
		snprintf(text, sizeof(text), "%s tcp public:%u,%u-%u",
			 i % 2 ? "allow" : "deny", 1 + i, 60000 - 2 * i,
			 60000 - i);
		rule(&l, text);
	}
	finish(&l);
	for (unsigned i = 0; i < 1000; i++)
		q[i] = tcp(0x08080808, (uint16_t)(1 + 10 * i));
	time_it("one class, many ports", &l, q, 1000);
	for (unsigned i = 0; i < 1000; i++)
		is(ask(&l, &q[i]), WEIR_JUDGE_DENY, 10 * i + 1);
	q[0].port = 65000;
	is(ask(&l, &q[0]), WEIR_JUDGE_DENY, 0);
	q[0].port = 59999; /* 60000 - 2i to 60000 - i: i is 1 */
	is(ask(&l, &q[0]), WEIR_JUDGE_ALLOW, 2);
	end(&l);
}

static void many_denied_names(void **state)
{
	static struct weir_judge_flow q[1000];
	static struct weir_dns_name name[1000];
	struct large l;
	char text[128];

	(void)state;
	begin(&l);
	for (unsigned i = 0; i < RULES; i++) {
		snprintf(text, sizeof(text), "deny tcp .n%u.example.net:%u", i,
			 1001 + i % 2000);
		rule(&l, text);
	}
	rule(&l, "allow public");
	finish(&l);
	for (unsigned i = 0; i < 1000; i++)
		q[i] = tcp(0x08080808, (uint16_t)(1001 + i));
	time_it("denied names, nothing shown", &l, q, 1000);
	for (unsigned i = 0; i < 1000; i++)
		is(ask(&l, &q[i]), WEIR_JUDGE_DEFER, 1 + i);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "a.b.n%u.example.net", i);
		name[i] = name_of(text);
		q[i].shown = WEIR_JUDGE_SHOWN_NAME;
		q[i].name = &name[i];
	}
	time_it("denied names, one shown", &l, q, 1000);
	for (unsigned i = 0; i < 1000; i++)
		is(ask(&l, &q[i]), WEIR_JUDGE_DENY, 1 + i);
	end(&l);
}

static void networks_in_networks(void **state)
{
	static struct weir_judge_flow q[1000];
	struct large l;
	uint64_t seed = 3;
	char text[128], addr[48];
	struct weir_addr deep = { .b = { 0x26 } };

	(void)state;
	begin(&l);
	for (unsigned i = 0; i < 16; i++)
		deep.b[i] = i ? 0xff : 0x26;
	for (unsigned i = 0; i < RULES; i++) {
		struct weir_addr a =
			weir_prefix_cut(&deep, (uint8_t)(1 + i % 128));
		struct weir_text t = weir_text_over(addr, sizeof(addr));

		weir_text_add_addr(&t, &a);
		snprintf(text, sizeof(text), "deny tcp [%s/%u]:%u", addr,
			 1 + i % 128, 1 + i);
		rule(&l, text);
	}
	rule(&l, "allow public");
	finish(&l);
	for (unsigned i = 0; i < 1000; i++) {
		q[i] = tcp(0, (uint16_t)(1 + below(&seed, 20000)));
		q[i].to = deep;
	}
	time_it("128 networks, one in the other", &l, q, 1000);
	q[0].port = 77;
	is(ask(&l, &q[0]), WEIR_JUDGE_DENY, 77);
	q[0].port = 20000;
	is(ask(&l, &q[0]), WEIR_JUDGE_ALLOW, RULES + 1);
	end(&l);
}

static void all_lengths_of_networks(void **state)
{
	static struct weir_judge_flow q[1000];
	struct large l;
	uint64_t seed = 4;
	char text[128];

	(void)state;
	begin(&l);
	for (unsigned i = 0; i < RULES; i++) {
		unsigned len = 8 + i % 25;
		uint32_t ip =
			(uint32_t)roll(&seed) & (UINT32_MAX << (32 - len));

		snprintf(text, sizeof(text), "deny tcp %u.%u.%u.%u/%u:%u",
			 ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255, len,
			 1 + below(&seed, 65535));
		rule(&l, text);
	}
	rule(&l, "allow public");
	finish(&l);
	for (unsigned i = 0; i < 1000; i++)
		q[i] = tcp((uint32_t)roll(&seed) | 0x10000000u,
			   (uint16_t)roll(&seed));
	time_it("IPv4 networks of 25 lengths", &l, q, 1000);
	end(&l);
}

static void a_guest_with_many_long_names_at_one_address(void **state)
{
	static struct weir_judge_flow q[10];
	static struct weir_dns_name name[WEIR_PINS_NAMES_MAX];
	static const struct weir_dns_name *pin[WEIR_PINS_NAMES_MAX];
	struct large l;
	char text[512];

	(void)state;
	begin(&l);
	for (unsigned i = 0; i < RULES; i++) {
		snprintf(text, sizeof(text), "allow tcp *.n%u.example.org:443",
			 i);
		rule(&l, text);
	}
	finish(&l);
	for (unsigned i = 0; i < WEIR_PINS_NAMES_MAX; i++) {
		unsigned at = 0;

		while (at < 220)
			at += (unsigned)snprintf(text + at, sizeof(text) - at,
						 "%u.", i % 10);
		snprintf(text + at, sizeof(text) - at, "n%u.example.org",
			 i * 30);
		name[i] = name_of(text);
		pin[i] = &name[i];
	}
	for (unsigned i = 0; i < 10; i++) {
		q[i] = tcp(0x08080808, 443);
		q[i].pin = pin;
		q[i].n_pins = WEIR_PINS_NAMES_MAX;
	}
	time_it("256 pins of 110 labels", &l, q, 10);
	is(ask(&l, &q[0]), WEIR_JUDGE_DEFER, 1);
	end(&l);
}

/* ---- a million names ---------------------------------------------------- */

/* As block lists have them: 20 bytes or so each, many below common names. */
static struct weir_dns_name listed(uint64_t i)
{
	static const char *const tops[] = { "com",   "net", "org",  "example",
					    "co.uk", "io",  "info", "biz" };
	uint64_t seed = i;
	char text[64];

	snprintf(text, sizeof(text), "%s%06llx-%llx.%s", i % 3 ? "" : "ads.",
		 (unsigned long long)i, (unsigned long long)roll(&seed) & 0xfff,
		 tops[i % 8]);
	return name_of(text);
}

static void a_million_names_are_one_rule(void **state)
{
	static const char deny[] = "deny file:list";
	struct weir_rule_target host = { .host = WEIR_RULE_HOST_NAME };
	struct weir_judge_flow q = tcp(0x08080808, 443);
	struct weir_dns_name name, *list;
	uint64_t from, added, written, best = UINT64_MAX;
	struct large l;

	(void)state;
	list = reserve(WEIR_LIST_NAMES_MAX * sizeof(*list));
	CHECK(list != NULL);
	for (uint64_t i = 0; i < WEIR_LIST_NAMES_MAX; i++)
		list[i] = listed(i);
	begin(&l);
	rule(&l, deny);
	from = cpu_ns();
	for (uint64_t i = 0; i < WEIR_LIST_NAMES_MAX; i++) {
		host.name.base = list[i];
		host.name.what = i % 2 ? WEIR_PATTERN_SELF
				       : WEIR_PATTERN_SELF | WEIR_PATTERN_BELOW;
		CHECK(weir_compile_host(l.c, &parsed.target[0], &host));
	}
	added = cpu_ns() - from;
	l.len = weir_compile_size(l.c);
	l.bytes = reserve(l.len);
	CHECK_EQ(weir_compile_write(l.c, l.bytes, l.len), l.len);
	written = cpu_ns() - from - added;
	print_message("# a million names: image %.1f MB, %.0f ms to add, %.0f "
		      "ms to write, %zu MB of memory meanwhile\n",
		      (double)l.len / 1e6, (double)added / 1e6,
		      (double)written / 1e6,
		      resident(l.work, weir_compile_bytes()) * 4096 / 1000000);
	munmap(l.work, weir_compile_bytes());
	CHECK(l.len < 60u << 20);
	from = cpu_ns();
	CHECK(weir_image_open(l.bytes, l.len, &l.image));
	print_message("# opened in %llu ns\n",
		      (unsigned long long)(cpu_ns() - from));
	q.shown = WEIR_JUDGE_SHOWN_NAME;
	q.name = &name;
	for (unsigned round = 0; round < 3; round++) {
		from = cpu_ns();
		for (uint64_t i = 0; i < 100000; i++) {
			struct weir_judge_verdict v =
				weir_judge_name(&l.image, &list[i * 9 + 1]);

			CHECK(v.rule == 1);
		}
		from = (cpu_ns() - from) / 100000;
		best = from < best ? from : best;
	}
	print_message("# a name question: %llu ns\n", (unsigned long long)best);
	for (uint64_t i = 0; i < WEIR_LIST_NAMES_MAX; i += 7) {
		name = list[i];
		is(ask(&l, &q), WEIR_JUDGE_DENY, 1);
		name.b[1] = name.b[1] == 'z' ? 'y' : 'z';
		is(ask(&l, &q), WEIR_JUDGE_DENY, 0);
	}
	end(&l);
	munmap(list, WEIR_LIST_NAMES_MAX * sizeof(*list));
}

T_MAIN(T(mixed_rules), T(one_class_with_many_ports), T(many_denied_names),
       T(networks_in_networks), T(all_lengths_of_networks),
       T(a_guest_with_many_long_names_at_one_address),
       T(a_million_names_are_one_rule))
