/* SPDX-License-Identifier: Apache-2.0 */
/* test_forbid.c - the answer to a request that the policy denies */
#include "policy/forbid.h"

#include "../t.h"

static char text[WEIR_FORBID_BYTES + 1];

static const char *say(const struct weir_forbid *f)
{
	size_t len = weir_forbid_build(f, text);

	CHECK(len < sizeof(text));
	text[len] = 0;
	return text;
}

static struct weir_dns_name name(const char *s)
{
	struct weir_dns_name n;

	CHECK(weir_dns_name_from_text(s, strlen(s), &n));
	return n;
}

/* Content-Length says how much follows the head. */
static void check_length(const char *answer)
{
	const char *body = strstr(answer, "\r\n\r\n");
	const char *length = strstr(answer, "Content-Length: ");

	CHECK(body && length);
	CHECK_EQ(strtoul(length + 16, NULL, 10), strlen(body + 4));
}

static void it_is_text_with_four_fields(void **state)
{
	struct weir_dns_name host = name("evil.example");
	const struct weir_forbid f = {
		.host = &host,
		.verdict = { .said = WEIR_JUDGE_DENY,
			     .by = WEIR_JUDGE_BY_RULE,
			     .rule = 3,
			     .reason = WEIR_REASON_RULE },
	};
	const char *a = say(&f);

	(void)state;
	CHECK(strncmp(a, "HTTP/1.1 403 Forbidden\r\n", 24) == 0);
	CHECK(strstr(a, "\r\nContent-Type: text/plain; charset=utf-8\r\n"));
	CHECK(strstr(a, "\r\nConnection: close\r\n"));
	CHECK(strstr(a, "\nhost: evil.example\nrule: 3\nreason: rule\n"));
	CHECK(strstr(a, "\r\n\r\nerror: "));
	check_length(a);
}

static void it_is_json_where_that_is_wanted(void **state)
{
	static const struct {
		enum weir_judge_by by;
		const char *says;
	} row[] = {
		{ WEIR_JUDGE_BY_NOTHING, "\"rule\":null," },
		{ WEIR_JUDGE_BY_RULE, "\"rule\":7," },
		{ WEIR_JUDGE_BY_DEFAULT, "\"rule\":\"default\"," },
		{ WEIR_JUDGE_BY_BOUNDS, "\"rule\":\"bounds 7\"," },
	};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct weir_dns_name host = name("a.example");
		const struct weir_forbid f = {
			.host = i ? &host : NULL,
			.verdict = { .by = row[i].by,
				     .rule = 7,
				     .reason = WEIR_REASON_NO_PIN },
			.json = true,
		};
		const char *a = say(&f);

		CHECK(strstr(a, "\r\nContent-Type: application/json\r\n"));
		CHECK(strstr(a, row[i].says));
		CHECK(strstr(a,
			     i ? "\"host\":\"a.example\"" : "\"host\":null"));
		CHECK(strstr(a, "\"reason\":\"no_pin\"}\n"));
		check_length(a);
	}
}

static void a_name_cannot_break_out_of_its_quotes(void **state)
{
	struct weir_dns_name host = {
		.len = 8, .b = { 6, '"', '\\', '\n', '\r', 1, 'x', 0 }
	};
	const struct weir_forbid f = {
		.host = &host,
		.verdict = { .by = WEIR_JUDGE_BY_DEFAULT,
			     .reason = WEIR_REASON_DEFAULT },
		.json = true
	};
	const char *a = say(&f), *body = strstr(a, "\r\n\r\n");

	(void)state;
	CHECK(body && !strchr(strstr(body + 4, "{"), '\r'));
	CHECK(strchr(body + 4, '\n') == body + strlen(body) - 1);
	CHECK(strstr(body, "\"host\":\"\\\"\\\\"));
}

static void the_longest_name_fits(void **state)
{
	struct weir_dns_name host = { .len = 255 };
	const struct weir_forbid f = { .host = &host,
				       .verdict = {
					       .by = WEIR_JUDGE_BY_BOUNDS,
					       .rule = UINT32_MAX,
					       .reason = WEIR_REASON_BOUNDS } };

	(void)state;
	for (unsigned at = 0; at < 254; at += 64) {
		host.b[at] = at == 192 ? 61 : 63;
		memset(host.b + at + 1, at ? 'a' : 1, host.b[at]);
	}
	check_length(say(&f));
}

static void an_answer_to_head_has_no_body(void **state)
{
	const struct weir_forbid f = {
		.verdict = { .by = WEIR_JUDGE_BY_DEFAULT,
			     .reason = WEIR_REASON_DEFAULT },
		.head = true
	};
	const char *a = say(&f);

	(void)state;
	CHECK(strcmp(a + strlen(a) - 4, "\r\n\r\n") == 0);
	CHECK(!strstr(a, "Content-Length: 0"));
}

static void each_status_has_its_line_and_its_word(void **state)
{
	static const struct {
		const char *line, *word;
	} row[] = {
		{ "HTTP/1.1 403 Forbidden\r\n", "\"error\":\"denied\"," },
		{ "HTTP/1.1 400 Bad Request\r\n",
		  "\"error\":\"bad_request\"," },
		{ "HTTP/1.1 421 Misdirected Request\r\n",
		  "\"error\":\"misdirected\"," },
		{ "HTTP/1.1 431 Request Header Fields Too Large\r\n",
		  "\"error\":\"too_large\"," },
		{ "HTTP/1.1 501 Not Implemented\r\n",
		  "\"error\":\"not_implemented\"," },
		{ "HTTP/1.1 502 Bad Gateway\r\n",
		  "\"error\":\"bad_gateway\"," },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_forbid f = {
			.status = (enum weir_forbid_status)i,
			.verdict = { .by = WEIR_JUDGE_BY_NOTHING,
				     .reason = WEIR_REASON_BAD_HEAD },
			.json = true,
			.stay = i & 1,
			.detail = i & 2 ? "try another" : NULL,
		};
		const char *a = say(&f);

		CHECK(strncmp(a, row[i].line, strlen(row[i].line)) == 0);
		CHECK_EQ(weir_forbid_code(f.status), atoi(a + 9));
		CHECK(strstr(a, row[i].word));
		CHECK(strstr(a, i & 1 ? "\r\nConnection: keep-alive\r\n"
				      : "\r\nConnection: close\r\n"));
		CHECK(!!strstr(a, ",\"detail\":\"try another\"}") == !!(i & 2));
		check_length(a);
		f.json = false;
		a = say(&f);
		CHECK(!!strstr(a, "\ndetail: try another\n") == !!(i & 2));
		check_length(a);
	}
}

static void the_longest_detail_fits_too(void **state)
{
	char detail[WEIR_FORBID_DETAIL + 1];
	struct weir_dns_name host = { .len = 255 };
	struct weir_forbid f = {
		.status = WEIR_FORBID_TOO_LARGE,
		.host = &host,
		.verdict = { .by = WEIR_JUDGE_BY_BOUNDS,
			     .rule = UINT32_MAX,
			     .reason = WEIR_REASON_SHOWN_MISMATCH },
		.detail = detail,
	};

	(void)state;
	memset(detail, 'x', sizeof(detail) - 1);
	detail[sizeof(detail) - 1] = 0;
	for (unsigned at = 0; at < 254; at += 64) {
		host.b[at] = at == 192 ? 61 : 63;
		memset(host.b + at + 1, '"', host.b[at]);
	}
	for (unsigned json = 0; json < 2; json++) {
		f.json = json;
		check_length(say(&f));
	}
}

T_MAIN(T(each_status_has_its_line_and_its_word), T(the_longest_detail_fits_too),
       T(it_is_text_with_four_fields), T(it_is_json_where_that_is_wanted),
       T(a_name_cannot_break_out_of_its_quotes), T(the_longest_name_fits),
       T(an_answer_to_head_has_no_body))
