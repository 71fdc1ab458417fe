/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/chunked.h"

#include "../t.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

struct seen {
	char body[256];
	size_t len, gone;
	enum weir_chunked_is is;
};

/* as a stream in pieces of @step bytes, in runs of @max; the bytes lie at the
 * end of their memory, where a sanitizer sees an overrun */
static struct seen read_all(const char *text, size_t len, size_t step,
			    size_t max)
{
	struct seen s = { .is = WEIR_CHUNKED_MORE };
	struct weir_chunked c;

	weir_chunked_init(&c);
	while (s.gone < len && s.is != WEIR_CHUNKED_END &&
	       s.is != WEIR_CHUNKED_BAD) {
		size_t n = len - s.gone < step ? len - s.gone : step;
		uint8_t *exact = malloc(n);
		struct weir_rd data, in = weir_rd_over(exact, n);

		CHECK(exact);
		memcpy(exact, text + s.gone, n);
		s.is = weir_chunked_look(&c, &in, max, &data);
		CHECK(weir_rd_ok(&in));
		CHECK_EQ(s.is == WEIR_CHUNKED_DATA, data.left > 0);
		CHECK(data.left <= max && data.left <= sizeof(s.body) - s.len);
		if (data.left)
			memcpy(s.body + s.len, data.at, data.left);
		s.len += data.left;
		if (s.is == WEIR_CHUNKED_MORE)
			CHECK_EQ(in.left, 0);
		s.gone += n - in.left;
		free(exact);
	}
	return s;
}

static void body_is_found_however_the_bytes_are_cut(void **state)
{
	static const char text[] = "5\r\nhello\r\n1\r\n \r\n00A\r\n0123456789"
				   "\r\nb\r\nabcdefghijk\r\n000\r\n\r\n";
	static const char want[] = "hello 0123456789abcdefghijk";

	(void)state;
	for (size_t step = 1; step < sizeof(text); step++) {
		for (size_t max = 1; max < 14; max++) {
			struct seen s =
				read_all(text, sizeof(text) - 1, step, max);

			CHECK_EQ(s.is, WEIR_CHUNKED_END);
			CHECK_EQ(s.len, sizeof(want) - 1);
			CHECK(memcmp(s.body, want, s.len) == 0);
			CHECK_EQ(s.gone, sizeof(text) - 3); /* trailers */
		}
	}
}

static void what_the_grammar_does_not_allow_is_bad_at_its_byte(void **state)
{
	static const struct {
		const char *text;
		size_t at; /* of the byte that is wrong */
	} bad[] = {
		{ "\r\n", 0 },
		{ "\n", 0 },
		{ " 5\r\n", 0 },
		{ "+5\r\n", 0 },
		{ "0x5\r\n", 1 },
		{ "g\r\n", 0 },
		{ "5\n", 1 },
		{ "5 \r\n", 1 },
		{ "5;a=b\r\n", 1 },
		{ "5\r\r\n", 2 },
		{ "1\r\nab", 4 },
		{ "1\r\na\n", 4 },
		{ "1\r\na\r\r", 5 },
		{ "1\r\na\r\n\r\n", 6 },
		{ "0000000000000001\r\n", 15 },
	};

	(void)state;
	for (size_t i = 0; i < LEN(bad); i++) {
		size_t len = strlen(bad[i].text), at = bad[i].at;

		CHECK_EQ(read_all(bad[i].text, len, 1, 9).is, WEIR_CHUNKED_BAD);
		CHECK_EQ(read_all(bad[i].text, len, len, 9).gone > 0, true);
		CHECK_EQ(read_all(bad[i].text, len, 1, 9).gone, at + 1);
		if (at) /* all before it is fine */
			CHECK(read_all(bad[i].text, at, 1, 9).is !=
			      WEIR_CHUNKED_BAD);
	}
}

static void largest_size_is_below_63_bits(void **state)
{
	static const char text[] = "fffffffffffffff\r\nx";
	struct weir_rd data, in = weir_rd_over(text, sizeof(text) - 1);
	struct weir_chunked c;

	(void)state;
	weir_chunked_init(&c);
	CHECK_EQ(weir_chunked_look(&c, &in, 9, &data), WEIR_CHUNKED_DATA);
	CHECK_EQ(data.left, 1);
	CHECK_EQ(c.left, ((uint64_t)1 << 60) - 2);
}

static void without_room_only_framing_is_taken(void **state)
{
	static const char text[] = "2\r\nab\r\n";
	struct weir_rd data, in = weir_rd_over(text, sizeof(text) - 1);
	struct weir_chunked c;

	(void)state;
	weir_chunked_init(&c);
	CHECK_EQ(weir_chunked_look(&c, &in, 0, &data), WEIR_CHUNKED_MORE);
	CHECK_EQ(in.left, 4);
	CHECK_EQ(weir_chunked_look(&c, &in, 0, &data), WEIR_CHUNKED_MORE);
	CHECK_EQ(in.left, 4);
	CHECK_EQ(weir_chunked_look(&c, &in, 1, &data), WEIR_CHUNKED_DATA);
	CHECK_EQ(weir_chunked_look(&c, &in, 1, &data), WEIR_CHUNKED_DATA);
	CHECK_EQ(weir_chunked_look(&c, &in, 0, &data), WEIR_CHUNKED_MORE);
	CHECK_EQ(in.left, 0);
}

static void end_stays(void **state)
{
	static const char text[] = "0\r\nA: b\r\n\r\n";
	struct weir_rd data, in = weir_rd_over(text, sizeof(text) - 1);
	struct weir_chunked c;

	(void)state;
	weir_chunked_init(&c);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(weir_chunked_look(&c, &in, 9, &data),
			 WEIR_CHUNKED_END);
		CHECK_EQ(in.left, sizeof(text) - 1 - 3);
	}
}

T_MAIN(T(body_is_found_however_the_bytes_are_cut),
       T(what_the_grammar_does_not_allow_is_bad_at_its_byte),
       T(largest_size_is_below_63_bits), T(without_room_only_framing_is_taken),
       T(end_stays))
