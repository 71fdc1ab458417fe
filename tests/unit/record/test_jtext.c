/* SPDX-License-Identifier: Apache-2.0 */
#include "record/jtext.h"

#include "../t.h"

static void every_string_has_its_one_form(void **state)
{
	static const struct {
		const char *in, *out;
	} row[] = {
		{ "", "\"\"" },
		{ "plain text ~", "\"plain text ~\"" },
		{ "a\"b\\c/d", "\"a\\\"b\\\\c/d\"" },
		{ "\n\r\t\b\f\x1b\x7f",
		  "\"\\u000a\\u000d\\u0009\\u0008\\u000c\\u001b\\u007f\"" },
		{ "\xc2\x85\xc3\xa9", "\"\\u0085\\u00e9\"" },
		{ "\xe2\x80\xa8\xe2\x80\xae", "\"\\u2028\\u202e\"" },
		{ "\xed\x9f\xbf\xee\x80\x80", "\"\\ud7ff\\ue000\"" },
		{ "\xef\xbf\xbf\xf0\x90\x80\x80", "\"\\uffff\\ud800\\udc00\"" },
		{ "\xf0\x9f\x98\x80", "\"\\ud83d\\ude00\"" },
		{ "\xf4\x8f\xbf\xbf", "\"\\udbff\\udfff\"" },
		/* what is no UTF-8, a U+FFFD for each byte */
		{ "\x80", "\"\\ufffd\"" },
		{ "a\xff\x62", "\"a\\ufffdb\"" },
		{ "\xc0\x80", "\"\\ufffd\\ufffd\"" }, /* overlong */
		{ "\xc1\xbf", "\"\\ufffd\\ufffd\"" },
		{ "\xe0\x9f\xbf", "\"\\ufffd\\ufffd\\ufffd\"" },
		{ "\xf0\x8f\xbf\xbf", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
		{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" }, /* surrogate */
		{ "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
		{ "\xf8\x88\x80\x80\x80",
		  "\"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\"" },
		{ "\xe2\x80", "\"\\ufffd\\ufffd\"" }, /* cut */
		{ "\xe2\"", "\"\\ufffd\\\"\"" },
		{ "\xf0\x9f\x98z", "\"\\ufffd\\ufffd\\ufffdz\"" },
	};
	char room[128];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_text t = weir_text_over(room, sizeof(room));

		weir_jtext_add(&t, row[i].in, strlen(row[i].in));
		CHECK(weir_text_ok(&t));
		assert_string_equal(room, row[i].out);
	}
}

static void no_byte_needs_more_than_the_limit_says(void **state)
{
	char room[3 * WEIR_JTEXT_BYTE_MAX + 3];

	(void)state;
	for (unsigned a = 0; a < 256; a++) {
		for (unsigned b = 0; b < 256; b++) {
			const uint8_t in[3] = { (uint8_t)a, (uint8_t)b, 0x80 };
			struct weir_text t = weir_text_over(room, sizeof(room));

			weir_jtext_add(&t, in, sizeof(in));
			CHECK(weir_text_ok(&t));
			CHECK(room[0] == '"' && room[t.len - 1] == '"');
			for (size_t i = 0; i < t.len; i++)
				CHECK(room[i] >= 0x20 && room[i] < 0x7f);
		}
	}
}

static void what_does_not_fit_is_said(void **state)
{
	char room[16];

	(void)state;
	for (size_t n = 1; n < sizeof(room); n++) {
		struct weir_text t = weir_text_over(room, n);

		weir_jtext_add(&t, "a\n\xff\x62", 4); /* 16 characters */
		CHECK(!weir_text_ok(&t));
	}
}

T_MAIN(T(every_string_has_its_one_form),
       T(no_byte_needs_more_than_the_limit_says), T(what_does_not_fit_is_said))
