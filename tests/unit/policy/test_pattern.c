/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/pattern.h"

#include "../t.h"

static uint32_t seed = 7;

static uint32_t roll(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static struct weir_dns_name name(const char *text)
{
	struct weir_dns_name n;

	CHECK(weir_dns_name_from_text(text, strlen(text), &n));
	return n;
}

/* "a", ".a" or "*.a" */
static struct weir_pattern pattern(const char *text)
{
	struct weir_pattern p = { .what = WEIR_PATTERN_SELF };

	if (*text == '*')
		p.what = WEIR_PATTERN_BELOW;
	else if (*text == '.')
		p.what = WEIR_PATTERN_SELF | WEIR_PATTERN_BELOW;
	p.base = name(text + (*text == '*' ? 2 : *text == '.' ? 1 : 0));
	return p;
}

static void random_name(char *to)
{
	unsigned labels = 1 + roll(4);

	for (unsigned i = 0; i < labels; i++) {
		unsigned len = roll(4) ? 1 : 2;

		if (i)
			*to++ = '.';
		while (len--)
			*to++ = "ab"[roll(2)];
	}
	*to = '\0';
}

/* The oracle: on text. */
static bool slow_has(unsigned what, const char *base, const char *n)
{
	size_t lb = strlen(base), ln = strlen(n);

	if (strcmp(base, n) == 0)
		return what & WEIR_PATTERN_SELF;
	return (what & WEIR_PATTERN_BELOW) && ln > lb + 1 &&
	       n[ln - lb - 1] == '.' && strcmp(n + ln - lb, base) == 0;
}

static void a_name_is_held_as_the_slow_way_says(void **state)
{
	unsigned held = 0;

	(void)state;
	for (int i = 0; i < 300000; i++) {
		char base[32], n[32];
		struct weir_pattern p = { .what = (uint8_t)(1 + roll(3)) };
		struct weir_dns_name wire;
		bool has;

		random_name(base);
		random_name(n);
		p.base = name(base);
		wire = name(n);
		has = weir_pattern_has(&p, &wire);
		CHECK_EQ(has, slow_has(p.what, base, n));
		held += has;
	}
	CHECK(held > 10000 && held < 290000);
}

static const struct {
	const char *pattern, *name;
	bool has;
} rows[] = {
	{ "example.com", "example.com", true },
	{ "example.com", "www.example.com", false },
	{ "example.com", "com", false },
	{ "*.example.com", "example.com", false },
	{ "*.example.com", "a.example.com", true },
	{ "*.example.com", "a.b.c.d.example.com", true },
	{ "*.example.com", "badexample.com", false },
	{ ".example.com", "example.com", true },
	{ ".example.com", "a.b.example.com", true },
	{ ".example.com", "badexample.com", false },
	{ ".example.com", "example.org", false },
	{ "*.com", "com", false },
	{ "*.com", "example.com", true },
};

static void a_star_is_below_and_a_dot_is_both(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct weir_pattern p = pattern(rows[i].pattern);
		struct weir_dns_name n = name(rows[i].name);

		CHECK_EQ(weir_pattern_has(&p, &n), rows[i].has);
	}
}

/*
 * The bytes of a length and of a label are told apart: \3 'c' 'o' 'm' inside
 * of a label is not the label `com`.
 */
static void a_label_that_looks_like_labels_is_one(void **state)
{
	static const uint8_t wire[] = { 5, 'x', 3, 'c', 'o', 'm', 0 };
	struct weir_dns_name n = { .len = sizeof(wire) };
	struct weir_pattern p = pattern("*.com");

	(void)state;
	memcpy(n.b, wire, sizeof(wire));
	CHECK(!weir_pattern_has(&p, &n));
}

static void a_pattern_covers_what_holds_each_of_its_names(void **state)
{
	unsigned covered = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct weir_pattern outer = { .what = (uint8_t)(1 + roll(3)) },
				    inner = { .what = (uint8_t)(1 + roll(3)) };
		char o[32], in[32], below[40];
		bool holds;

		random_name(o);
		random_name(in);
		outer.base = name(o);
		inner.base = name(in);
		/* the name, one below it, one far below it: there is no more */
		holds = !(inner.what & WEIR_PATTERN_SELF) ||
			slow_has(outer.what, o, in);
		snprintf(below, sizeof(below), "zz.%s", in);
		holds &= !(inner.what & WEIR_PATTERN_BELOW) ||
			 slow_has(outer.what, o, below);
		snprintf(below, sizeof(below), "y.zz.%s", in);
		holds &= !(inner.what & WEIR_PATTERN_BELOW) ||
			 slow_has(outer.what, o, below);
		CHECK_EQ(weir_pattern_covers(&outer, &inner), holds);
		covered += holds;
	}
	CHECK(covered > 1000);
}

static void a_pattern_is_printed_as_in_a_rule(void **state)
{
	static const char *const same[] = {
		"example.com", "*.example.com", ".example.com",
		"*.com",       ".com",          "_sip._tcp.example.com"
	};
	char b[WEIR_PATTERN_TEXT_BYTES];
	struct weir_pattern p;
	struct weir_text t;

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		p = pattern(same[i]);
		t = weir_text_over(b, sizeof(b));
		weir_pattern_print(&t, &p);
		assert_string_equal(b, same[i]);
	}
	p = pattern("build");
	t = weir_text_over(b, sizeof(b));
	weir_pattern_print(&t, &p);
	assert_string_equal(b, "name=build");
	t = weir_text_over(b, 4); /* no room is no harm */
	weir_pattern_print(&t, &p);
	CHECK(!weir_text_ok(&t));
}

static const struct {
	const char *text, *name; /* NULL: none */
} names[] = {
	{ "example.com", "example.com" },
	{ "API.GitHub.COM.", "api.github.com" },
	{ "build", "build" },
	{ "build.", "build" },
	{ "_sip._tcp.example.com", "_sip._tcp.example.com" },
	{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
	{ "1.2.3.4.in-addr.arpa", "1.2.3.4.in-addr.arpa" },
	{ "a.1", "a.1" },
	{ "1e100.net", "1e100.net" },
	{ "", NULL },
	{ ".", NULL },
	{ "..", NULL },
	{ ".example.com", NULL },
	{ "example.com..", NULL },
	{ "a..b", NULL },
	{ "*.example.com", NULL },
	{ "192.0.2.1", NULL },
	{ "192.0.2.1.", NULL },
	{ "10.1", NULL },
	{ "0x7f.1", NULL },
	{ "0x7f000001", NULL },
	{ "2130706433", NULL },
	{ "010.0.0.1", NULL },
	{ "[2001:db8::1]", NULL },
	{ "2001:db8::1", NULL },
	{ "example.com:80", NULL },
	{ "user@example.com", NULL },
	{ "exam ple.com", NULL },
	{ "b\xc3\xbc"
	  "cher.example",
	  NULL },
	{ "a\\.example", NULL },
};

static void a_shown_name_is_read_and_an_address_is_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct weir_dns_name n = { .len = 99 };
		bool is = weir_pattern_name(names[i].text,
					    strlen(names[i].text), &n);
		char b[WEIR_PATTERN_TEXT_BYTES];

		if (is != (names[i].name != NULL))
			fail_msg("%s", names[i].text);
		if (!is) {
			CHECK_EQ(n.len, 99);
			continue;
		}
		CHECK(weir_dns_name_to_text(&n, b, sizeof(b)));
		assert_string_equal(b, names[i].name);
	}
}

static void a_nul_inside_is_no_end(void **state)
{
	struct weir_dns_name n;

	(void)state;
	CHECK(!weir_pattern_name("example.com\0.evil", 17, &n));
	CHECK(weir_pattern_name("example.com\0.evil", 11, &n));
}

/* 63 and 253 bytes are a name, 64 and 254 are none; a final dot is free. */
static void the_longest_name_fits_and_one_more_does_not(void **state)
{
	char b[300];
	struct weir_dns_name n;

	(void)state;
	memset(b, 'a', sizeof(b));
	CHECK(weir_pattern_name(b, 63, &n));
	CHECK(!weir_pattern_name(b, 64, &n));
	for (size_t i = 63; i < 253; i += 64)
		b[i] = '.';
	CHECK(weir_pattern_name(b, 253, &n));
	CHECK_EQ(n.len, WEIR_DNS_NAME_MAX_BYTES);
	CHECK(!weir_pattern_name(b, 254, &n));
	b[253] = '.';
	CHECK(weir_pattern_name(b, 254, &n));
	for (size_t len = 255; len < sizeof(b); len++)
		CHECK(!weir_pattern_name(b, len, &n));
}

static void a_number_at_the_end_is_seen_in_each_spelling(void **state)
{
	static const char *const numeric[] = { "a.1", "a.b.00", "a.0x7f",
					       "1",   "a.0X",   "a.1." };
	static const char *const other[] = { "1.a", "a.1a", "a.0xg", "a.x1",
					     "a.",  "",     "a.-1" };

	(void)state;
	for (size_t i = 0; i < sizeof(numeric) / sizeof(numeric[0]); i++)
		CHECK(weir_pattern_is_numeric(numeric[i], strlen(numeric[i])));
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		CHECK(!weir_pattern_is_numeric(other[i], strlen(other[i])));
}

T_MAIN(T(a_name_is_held_as_the_slow_way_says),
       T(a_star_is_below_and_a_dot_is_both),
       T(a_label_that_looks_like_labels_is_one),
       T(a_pattern_covers_what_holds_each_of_its_names),
       T(a_pattern_is_printed_as_in_a_rule),
       T(a_shown_name_is_read_and_an_address_is_none),
       T(a_nul_inside_is_no_end),
       T(the_longest_name_fits_and_one_more_does_not),
       T(a_number_at_the_end_is_seen_in_each_spelling))
