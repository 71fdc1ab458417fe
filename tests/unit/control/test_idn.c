/* SPDX-License-Identifier: Apache-2.0 */
#include "control/idn.h"

#include "../t.h"

static void letters_beyond_ascii_become_a_labels(void **state)
{
	static const struct {
		const char *in, *out;
	} row[] = {
		{ "bücher.example", "xn--bcher-kva.example" },
		{ "BÜCHER.Example", "xn--bcher-kva.example" },
		/* e and a combining accent are one letter */
		{ "cafe\xcc\x81.example", "xn--caf-dma.example" },
		/* non-transitional: sharp s and final sigma stay */
		{ "faß.example", "xn--fa-hia.example" },
		{ "βόλος.example", "xn--nxasmm1c.example" },
		{ "日本語.example", "xn--wgv71a119e.example" },
		{ "_sip._tcp.bücher.example",
		  "_sip._tcp.xn--bcher-kva.example" },
		/* other full stops are full stops */
		{ "bücher。example", "xn--bcher-kva.example" },
		{ "bücher.example.", "xn--bcher-kva.example." },
		{ "ＡＰＩ.example", "api.example" },
		{ "api.example", "api.example" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char ret[WEIR_PATTERN_TEXT_BYTES] = "";

		if (!weir_idn_to_ascii(NULL, row[i].in, strlen(row[i].in), ret))
			fail_msg("%s is refused", row[i].in);
		if (strcmp(ret, row[i].out) != 0)
			fail_msg("%s became %s", row[i].in, ret);
	}
}

static void what_is_no_name_in_any_script_is_refused(void **state)
{
	static const char *const row[] = {
		"",
		"\xff.example",         /* no UTF-8 */
		"b\xc3.example",        /* a letter cut in two */
		"b\xc3\xfc.example",    /* half a letter */
		"\xc0\xaf.example",     /* a slash, one byte too long */
		"\xed\xa0\x80.example", /* a surrogate */
		"ü..example",
		"ü／x.example", /* a fullwidth slash is a slash */
		"ü example",
		"１０.０.０.１", /* fullwidth digits make an address */
		"ü.１２３",
		"\xf0\x9f\x98\x80.example", /* no letter at all */
		"xn--ü.example",
		"a\xe2\x80\xae.example", /* right-to-left override */
	};
	char ret[WEIR_PATTERN_TEXT_BYTES] = "as it was";

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (weir_idn_to_ascii(NULL, row[i], strlen(row[i]), ret))
			fail_msg("row %zu: %s became %s", i, row[i], ret);
	CHECK(!weir_idn_to_ascii(NULL, "a\0b.example", 11, ret));
	CHECK(strcmp(ret, "as it was") == 0);
}

static void a_name_is_as_long_as_a_name_may_be(void **state)
{
	char ret[WEIR_PATTERN_TEXT_BYTES], text[2048];
	size_t n = 0;

	(void)state;
	while (n < 62)
		text[n++] = 'x';
	memcpy(text + n, "ü", 3);
	CHECK(!weir_idn_to_ascii(NULL, text, n + 2, ret)); /* label */
	memset(text, 'x', sizeof(text));
	for (n = 30; n < sizeof(text); n += 31)
		text[n] = '.';
	memcpy(text, "ü", 2);
	CHECK(weir_idn_to_ascii(NULL, text, 240, ret));
	CHECK(!weir_idn_to_ascii(NULL, text, 260, ret));
	CHECK(!weir_idn_to_ascii(NULL, text, sizeof(text), ret));
}

static void every_beginning_is_read_or_refused(void **state)
{
	static const char name[] = "βόλος.日本語.bücher.example";

	(void)state;
	for (size_t n = 0; n < sizeof(name); n++) {
		char ret[WEIR_PATTERN_TEXT_BYTES], *cut = malloc(n + 1);

		CHECK(cut);
		memcpy(cut, name, n);
		if (weir_idn_to_ascii(NULL, cut, n, ret))
			CHECK(strlen(ret) < sizeof(ret));
		free(cut);
	}
}

static void public_suffixes_are_those_of_the_list(void **state)
{
	static const char *const yes[] = { "com", "co.uk", "github.io",
					   "nosuchtld", "xn--p1ai" };
	static const char *const no[] = { "example.com", "bbc.co.uk",
					  "pythonhosted.org",
					  "weir.github.io" };
	struct weir_idn x;

	(void)state;
	weir_idn_init(&x);
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (!weir_idn_is_suffix(&x, yes[i]))
			fail_msg("%s is none", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (weir_idn_is_suffix(&x, no[i]))
			fail_msg("%s is one", no[i]);
	weir_idn_fini(&x);
	weir_idn_fini(&x); /* nothing to give back is fine */
}

static void names_of_questions_may_have_any_script(void **state)
{
	struct weir_dns_name a, b;

	(void)state;
	CHECK(weir_idn_name("bücher.example", strlen("bücher.example"), &a));
	CHECK(weir_idn_name("XN--bcher-kva.example.", 22, &b));
	CHECK_EQ(a.len, b.len);
	CHECK(memcmp(a.b, b.b, a.len) == 0);
	CHECK(!weir_idn_name("192.0.2.1", 9, &a));
	CHECK(!weir_idn_name("", 0, &a));
	CHECK(!weir_idn_name("\xff", 1, &a));
}

T_MAIN(T(letters_beyond_ascii_become_a_labels),
       T(what_is_no_name_in_any_script_is_refused),
       T(a_name_is_as_long_as_a_name_may_be),
       T(every_beginning_is_read_or_refused),
       T(public_suffixes_are_those_of_the_list),
       T(names_of_questions_may_have_any_script))
