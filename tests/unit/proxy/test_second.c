/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_second.c - the second reader says so where it finds something else
 *
 * Our reader refuses what follows long before; here it is played by somebody
 * who does not.
 */
#include "proxy/second.h"

#include "../t.h"

static struct weir_second s;

static struct weir_rd all_of(const char *text)
{
	return weir_rd_over(text, strlen(text));
}

/* a head as @text has it, with the fields that somebody found in it */
static struct weir_second_head head(const char *text)
{
	struct weir_second_head h = { .text = all_of(text), .minor = 1 };
	const char *fields = strstr(text, "\n") + 1;

	h.fields = all_of(fields);
	if (strncmp(text, "HTTP/", 5) == 0) {
		h.status = (uint16_t)atoi(text + 9);
		return h;
	}
	h.method = weir_rd_over(text, strcspn(text, " "));
	h.target = weir_rd_over(text + h.method.left + 1,
				strcspn(text + h.method.left + 1, " "));
	return h;
}

static void the_same_is_the_same(void **state)
{
	struct weir_second_head h = head("GET /x HTTP/1.1\r\nHost: a.b\r\n"
					 "X:\r\nY: z \r\n\r\n");

	(void)state;
	CHECK_EQ(weir_second_head(&s, &h), WEIR_SECOND_SAME);
	h = head("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
	h.has_length = true;
	h.length = 2;
	CHECK_EQ(weir_second_head(&s, &h), WEIR_SECOND_SAME);
	h.bodiless = true;
	CHECK_EQ(weir_second_head(&s, &h), WEIR_SECOND_SAME);
}

static void another_first_line_is_seen(void **state)
{
	struct weir_second_head h, good;

	(void)state;
	good = head("GET /x HTTP/1.1\r\nHost: a.b\r\n\r\n");
	h = good;
	h.minor = 0;
	CHECK_EQ(weir_second_head(&s, &h), WEIR_SECOND_OTHER);
	h = good;
	h.method.left--;
	CHECK_EQ(weir_second_head(&s, &h), WEIR_SECOND_OTHER);
	h = good;
	h.method = all_of("PUT");
	CHECK_EQ(weir_second_head(&s, &h), WEIR_SECOND_OTHER);
	h = good;
	h.target.left--;
	CHECK_EQ(weir_second_head(&s, &h), WEIR_SECOND_OTHER);
	h = head("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	h.has_length = true;
	CHECK_EQ(weir_second_head(&s, &h), WEIR_SECOND_SAME);
	h.status = 204;
	CHECK_EQ(weir_second_head(&s, &h), WEIR_SECOND_OTHER);
	h = head("BREW / HTTP/1.1\r\n\r\n");
	CHECK_EQ(weir_second_head(&s, &h), WEIR_SECOND_METHOD);
}

static void other_fields_are_seen(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nA: b\r\nC: d\r\n\r\n";
	struct weir_second_head h = head(text);
	char other[sizeof(text)];

	(void)state;
	/* one less, one more, the same words at another place */
	h.fields = all_of(strstr(text, "C: d"));
	CHECK_EQ(weir_second_head(&s, &h), WEIR_SECOND_OTHER);
	h.fields = all_of("A: b\r\nC: d\r\nE: f\r\n\r\n");
	CHECK_EQ(weir_second_head(&s, &h), WEIR_SECOND_OTHER);
	memcpy(other, text, sizeof(text));
	h.fields = all_of(strstr(other, "A: b"));
	CHECK_EQ(weir_second_head(&s, &h), WEIR_SECOND_OTHER);
	h = head(text);
	h.text.left -= 2; /* no end yet */
	CHECK_EQ(weir_second_head(&s, &h), WEIR_SECOND_OTHER);
	/* a folded line, which llhttp reads as a longer value */
	h = head("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n");
	CHECK_EQ(weir_second_head(&s, &h), WEIR_SECOND_OTHER);
}

static void another_framing_is_seen(void **state)
{
	struct weir_second_head h;

	(void)state;
	h = head("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n");
	h.has_length = true;
	h.length = 5;
	CHECK_EQ(weir_second_head(&s, &h), WEIR_SECOND_SAME);
	h.length = 6;
	CHECK_EQ(weir_second_head(&s, &h), WEIR_SECOND_OTHER);
	h.length = 0;
	CHECK_EQ(weir_second_head(&s, &h), WEIR_SECOND_OTHER);
	h.has_length = false;
	CHECK_EQ(weir_second_head(&s, &h), WEIR_SECOND_OTHER);
	h = head("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
	CHECK_EQ(weir_second_head(&s, &h), WEIR_SECOND_OTHER);
	h.chunked = true;
	CHECK_EQ(weir_second_head(&s, &h), WEIR_SECOND_SAME);
	h = head("POST / HTTP/1.1\r\n\r\n");
	h.chunked = true;
	CHECK_EQ(weir_second_head(&s, &h), WEIR_SECOND_OTHER);
}

static void another_body_is_seen(void **state)
{
	static const char body[] = "3\r\nabc\r\n0\r\nX: y\r\n\r\n";
	static const struct {
		size_t eat, at, len, fields;
		bool end;
		enum weir_second_is is;
	} row[] = {
		{ 19, 3, 3, 11, true, WEIR_SECOND_SAME },
		{ 19, 3, 2, 11, true, WEIR_SECOND_OTHER },
		{ 19, 4, 2, 11, true, WEIR_SECOND_OTHER },
		{ 19, 3, 3, 11, false, WEIR_SECOND_OTHER },
		{ 19, 3, 3, 17, true, WEIR_SECOND_OTHER },
		{ 6, 3, 3, 0, false, WEIR_SECOND_SAME },
		{ 6, 3, 3, 0, true, WEIR_SECOND_OTHER },
		{ 5, 3, 3, 0, false, WEIR_SECOND_OTHER },
	};
	struct weir_rd none = weir_rd_over(body, 0);

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_second_head good =
			head("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
			     "\r\n");
		struct weir_rd fields = none;

		good.chunked = true;
		CHECK_EQ(weir_second_head(&s, &good), WEIR_SECOND_SAME);
		if (row[i].fields)
			fields = all_of(body + row[i].fields);
		if (weir_second_body(&s, weir_rd_over(body, row[i].eat),
				     weir_rd_over(body + row[i].at, row[i].len),
				     fields, row[i].end) != row[i].is)
			fail_msg("row %u", i);
	}
}

T_MAIN(T(the_same_is_the_same), T(another_first_line_is_seen),
       T(other_fields_are_seen), T(another_framing_is_seen),
       T(another_body_is_seen))
