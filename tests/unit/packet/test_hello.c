/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/hello.h"

#include "base/limits.h"
#include "hellos.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static uint8_t msg[HELLOS_ROOM], raw[HELLOS_ROOM], other[HELLOS_ROOM];

/* the bytes lie at the end of their memory, where a sanitizer sees an overrun */
static enum weir_hello_is parse(const uint8_t *b, size_t n,
				struct weir_hello *ret)
{
	uint8_t *exact = malloc(n ? n : 1);
	enum weir_hello_is is;

	CHECK(exact);
	memcpy(exact, b, n);
	is = weir_hello_parse(exact, n, ret);
	free(exact);
	return is;
}

static enum weir_hello_is is(const uint8_t *b, size_t n)
{
	struct weir_hello h;

	return parse(b, n, &h);
}

static void shows(const struct weir_hello *h, const char *name)
{
	char text[1100];

	CHECK_EQ(h->has_name, name != NULL);
	if (!name)
		return;
	CHECK(weir_dns_name_to_text(&h->name, text, sizeof(text)));
	assert_string_equal(text, name);
}

/* the message of a file whose hello lies in one record */
static size_t read_message(const char *file, uint8_t *to)
{
	size_t n = hellos_read(file, raw, sizeof(raw));

	CHECK(n > 9);
	CHECK_EQ(n, 5u + ((unsigned)raw[3] << 8 | raw[4]));
	memcpy(to, raw + 5, n - 5);
	return n - 5;
}

/* oracle: a complete message in one piece, read by index */

static long num(const uint8_t *m, long end, long *at, int n)
{
	long v = 0;

	if (*at < 0 || *at + n > end) {
		*at = -1;
		return 0;
	}
	while (n--)
		v = v * 256 + m[(*at)++];
	return v;
}

static bool is_fine(const uint8_t *text, long n)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	long label = 0;

	if (n && text[n - 1] == '.')
		n--;
	if (n < 1 || n > 253)
		return false;
	for (long i = 0; i < n; i++) {
		if (!text[i] || !strchr(good, text[i]))
			return false;
		label = text[i] == '.' ? 0 : label + 1;
		if (label > 63 || (text[i] == '.' && (i == 0 || i == n - 1 ||
						      text[i - 1] == '.')))
			return false;
	}
	return true;
}

/* 0 malformed, 1 no name, 2 a name at *@ret; addresses are not looked at */
static int oracle_names(const uint8_t *m, long at, long end, long *ret)
{
	long list = num(m, end, &at, 2);
	int found = 1;

	if (at < 0 || list == 0 || at + list != end)
		return 0;
	while (at < end) {
		long type = num(m, end, &at, 1), n = num(m, end, &at, 2);

		if (at < 0 || n == 0 || at + n > end)
			return 0;
		if (type == 0 && (found == 2 || !is_fine(m + at, n)))
			return 0;
		if (type == 0) {
			found = 2;
			*ret = at;
		}
		at += n;
	}
	return found;
}

static int oracle(const uint8_t *m, long len, long *ret)
{
	long at = 4, end, n;
	int found = 1, seen = 0;

	end = 4 + ((long)m[1] << 16 | (long)m[2] << 8 | m[3]);
	if (m[0] != 1 || end > len || m[4] != 3)
		return 0;
	at += 34;
	n = num(m, end, &at, 1);
	if (at < 0 || n > 32)
		return 0;
	at += n;
	n = num(m, end, &at, 2);
	if (at < 0 || n < 2 || n % 2)
		return 0;
	at += n;
	n = num(m, end, &at, 1);
	if (at < 0 || n < 1)
		return 0;
	at += n;
	if (at == end)
		return 1;
	n = num(m, end, &at, 2);
	if (at < 0 || at + n != end)
		return 0;
	while (at < end) {
		long type = num(m, end, &at, 2), size = num(m, end, &at, 2);

		if (at < 0 || at + size > end)
			return 0;
		if (type == 0 &&
		    (seen++ || !(found = oracle_names(m, at, at + size, ret))))
			return 0;
		at += size;
	}
	return found;
}

/* real clients */

static void the_hellos_of_real_clients_show_their_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < HELLOS_REAL; i++) {
		size_t n = hellos_read(hellos_real[i].file, raw, sizeof(raw));
		struct weir_hello h;

		CHECK_EQ(parse(raw, n, &h), WEIR_HELLO_WHOLE);
		shows(&h, hellos_real[i].name);
		CHECK(!h.ech);
	}
}

static void every_part_of_a_real_hello_is_more(void **state)
{
	(void)state;
	for (size_t i = 0; i < HELLOS_REAL; i++) {
		size_t n = hellos_read(hellos_real[i].file, raw, sizeof(raw));

		for (size_t k = 0; k < n; k++)
			CHECK_EQ(is(raw, k), WEIR_HELLO_MORE);
	}
}

static void a_hello_cut_into_records_anywhere_is_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < HELLOS_REAL; i++) {
		size_t n = read_message(hellos_real[i].file, msg);
		struct weir_hello h;

		for (size_t k = 1; k <= n; k++) {
			size_t a = hellos_wrap(msg, k, k, other);
			size_t b = hellos_wrap(msg + k, n - k, n, other + a);

			CHECK_EQ(parse(other, a + b, &h), WEIR_HELLO_WHOLE);
			shows(&h, hellos_real[i].name);
			a = hellos_wrap(msg, n, k, other);
			CHECK_EQ(parse(other, a, &h), WEIR_HELLO_WHOLE);
			shows(&h, hellos_real[i].name);
			CHECK_EQ(is(other, a - 1), WEIR_HELLO_MORE);
		}
	}
}

static void every_part_of_a_hello_in_many_records_is_more(void **state)
{
	size_t n = read_message("openssl_tls12", msg);

	(void)state;
	for (size_t size = 1; size < 9; size++) {
		size_t all = hellos_wrap(msg, n, size, other);

		for (size_t k = 0; k < all; k++)
			CHECK_EQ(is(other, k), WEIR_HELLO_MORE);
		CHECK_EQ(is(other, all), WEIR_HELLO_WHOLE);
	}
}

static void
a_modern_hello_with_grease_and_ech_shows_the_outer_name(void **state)
{
	struct weir_hello h;
	size_t n;

	(void)state;
	n = hellos_modern("Public.Example", true, msg);
	for (size_t size = 1; size <= n; size += 7) {
		size_t all = hellos_wrap(msg, n, size, other);

		CHECK_EQ(parse(other, all, &h), WEIR_HELLO_WHOLE);
		shows(&h, "public.example");
		CHECK(h.ech);
		CHECK_EQ(is(other, all - 1), WEIR_HELLO_MORE);
	}
	n = hellos_modern(NULL, false, msg);
	n = hellos_wrap(msg, n, 16384, other);
	CHECK_EQ(parse(other, n, &h), WEIR_HELLO_WHOLE);
	shows(&h, NULL);
	CHECK(!h.ech);
}

static void bytes_after_the_hello_are_not_looked_at(void **state)
{
	size_t n = hellos_read("curl", raw, sizeof(raw));

	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		memset(raw + n, (int)c, 9);
		CHECK_EQ(is(raw, n + 9), WEIR_HELLO_WHOLE);
	}
	/* but not in the same record */
	n = hellos_read("curl", raw, sizeof(raw));
	raw[4] = (uint8_t)(raw[4] + 20);
	CHECK_EQ(is(raw, n), WEIR_HELLO_BAD);
}

static const uint8_t request[43] = {
	22,   3,    3,    0,    88,   2,    0,    0,    84,   3,    3,
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
	0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
	0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

/* ...whether it comes at once or in two pieces */
static enum weir_hello_answer answer(const uint8_t *b, size_t n)
{
	struct weir_hello_heard heard = { 0 };
	enum weir_hello_answer all = weir_hello_answer(&heard, b, n);

	for (size_t cut = 0; cut < n; cut++) {
		enum weir_hello_answer part;

		heard = (struct weir_hello_heard){ 0 };
		part = weir_hello_answer(&heard, b, cut);
		if (part == WEIR_HELLO_ANSWER_MORE)
			part = weir_hello_answer(&heard, b + cut, n - cut);
		CHECK_EQ(part, all);
	}
	return all;
}

static void a_request_to_say_hello_again_is_told_apart(void **state)
{
	static const uint8_t any[] = { 2, 3, 4, 6, 7, 8 };
	uint8_t b[sizeof(request)];

	(void)state;
	CHECK_EQ(answer(request, sizeof(request)), WEIR_HELLO_ANSWER_RETRY);
	for (size_t n = 0; n < sizeof(request); n++)
		CHECK_EQ(answer(request, n), WEIR_HELLO_ANSWER_MORE);
	for (size_t i = 0; i < sizeof(request); i++) {
		memcpy(b, request, sizeof(b));
		b[i] ^= 1;
		CHECK_EQ(answer(b, sizeof(b)),
			 memchr(any, (int)i, sizeof(any))
				 ? WEIR_HELLO_ANSWER_RETRY
				 : WEIR_HELLO_ANSWER_OTHER);
	}
}

/* RFC 8446 5 and 6; a client that drops these goes on to what follows. */
static void what_clients_step_over_hides_no_request(void **state)
{
	static const struct {
		uint8_t b[8];
		size_t n;
		bool over;
	} row[] = {
		{ { 21, 3, 3, 0, 2, 1, 112 }, 7, true }, /* unrecognized_name */
		{ { 21, 3, 1, 0, 2, 1, 90 }, 7, true },
		{ { 21, 3, 3, 0, 2, 2, 40 }, 7, true }, /* it is over anyway */
		{ { 20, 3, 3, 0, 1, 1 }, 6, true },
		{ { 22, 3, 3, 0, 0 }, 5, true }, /* no bytes of a message */
		{ { 23, 3, 3, 0, 1, 0 }, 6, false },
		{ { 24, 3, 3, 0, 1, 0 }, 6, false },
		{ { 21, 2, 3, 0, 2, 1, 112 }, 7, false },
		{ { 'H', 'T', 'T', 'P' }, 4, false },
	};
	uint8_t b[3 * 8 + sizeof(request)];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		for (size_t times = 1; times <= 3; times++) {
			size_t n = 0;

			for (size_t k = 0; k < times; k++, n += row[i].n)
				memcpy(b + n, row[i].b, row[i].n);
			memcpy(b + n, request, sizeof(request));
			CHECK_EQ(answer(b, n + sizeof(request)),
				 row[i].over ? WEIR_HELLO_ANSWER_RETRY
					     : WEIR_HELLO_ANSWER_OTHER);
			b[n + 20] ^= 1; /* of the random */
			CHECK_EQ(answer(b, n + sizeof(request)),
				 WEIR_HELLO_ANSWER_OTHER);
		}
}

static void a_request_in_many_records_is_told_apart(void **state)
{
	static const uint8_t ccs[] = { 20, 3, 3, 0, 1, 1 };

	(void)state;
	for (size_t size = 1; size < sizeof(request); size++) {
		size_t n = 0;

		for (size_t at = 5; at < sizeof(request); at += size) {
			size_t part = sizeof(request) - at;

			part = part < size ? part : size;
			memcpy(raw + n, request, 3);
			raw[n + 3] = 0;
			raw[n + 4] = (uint8_t)part;
			memcpy(raw + n + 5, request + at, part);
			memcpy(raw + n + 5 + part, ccs, sizeof(ccs));
			n += 5 + part + sizeof(ccs);
		}
		CHECK_EQ(answer(raw, n - sizeof(ccs)), WEIR_HELLO_ANSWER_RETRY);
		raw[5] = 1; /* no ServerHello */
		CHECK_EQ(answer(raw, n - sizeof(ccs)), WEIR_HELLO_ANSWER_OTHER);
	}
}

/* a longer piece says the same */
static enum weir_hello_is settled(const uint8_t *b, size_t n,
				  struct weir_hello *h)
{
	enum weir_hello_is all = parse(b, n, h);

	for (size_t k = 0; k < n; k += 1 + k / 4) {
		enum weir_hello_is part = is(b, k);

		if (part != WEIR_HELLO_MORE)
			CHECK_EQ(part, all);
	}
	return all;
}

static void a_changed_byte_gives_what_a_second_parser_says(void **state)
{
	static const uint8_t flips[] = { 1, 2, 0x20, 0x7f, 0x80, 0xff };
	unsigned counts[3] = { 0 };

	(void)state;
	for (size_t i = 0; i < HELLOS_REAL; i++) {
		size_t n = read_message(hellos_real[i].file, msg);

		for (size_t k = 0; k < n * LEN(flips); k++) {
			uint8_t *at = msg + k / LEN(flips);
			struct weir_hello h;
			enum weir_hello_is got;
			long where = 0;
			int want;
			size_t all;

			*at ^= flips[k % LEN(flips)];
			want = oracle(msg, (long)n, &where);
			all = hellos_wrap(msg, n, 1 + k % 300, other);
			got = settled(other, all, &h);
			if (got == WEIR_HELLO_WHOLE && !h.has_name)
				CHECK_EQ(want, 1);
			else if (got == WEIR_HELLO_WHOLE)
				CHECK_EQ(want, 2);
			else
				CHECK_EQ(want, 0);
			counts[want]++;
			*at ^= flips[k % LEN(flips)];
		}
	}
	CHECK(counts[0] > 1000 && counts[1] > 1000 && counts[2] > 1000);
}

static void any_changed_byte_of_the_records_is_survived(void **state)
{
	size_t n = read_message("openssl_tls12", msg);
	size_t all = hellos_wrap(msg, n, 40, other);
	struct weir_hello h;

	(void)state;
	for (size_t k = 0; k < all; k++) {
		for (unsigned c = 0; c < 256; c += 5) {
			uint8_t was = other[k];

			other[k] = (uint8_t)c;
			(void)settled(other, all, &h);
			other[k] = was;
		}
	}
}

/* the grammar */

#define ROW(name, text, want, shown)                                           \
	{                                                                      \
		name, text, sizeof(text) - 1, want, shown                      \
	}
#define BAD  WEIR_HELLO_BAD
#define GOOD WEIR_HELLO_WHOLE

struct row {
	const char *what, *ext;
	size_t len;
	enum weir_hello_is want;
	const char *name;
};

/* clang-format off */
static const struct row rows[] = {
	ROW("no extension", "", GOOD, NULL),
	ROW("a name", "\0\0\0\x08\0\x06\0\0\x03" "a.b", GOOD, "a.b"),
	ROW("upper case", "\0\0\0\x08\0\x06\0\0\x03" "A.B", GOOD, "a.b"),
	ROW("one label", "\0\0\0\x06\0\x04\0\0\x01" "a", GOOD, "a"),
	ROW("a final dot", "\0\0\0\x09\0\x07\0\0\x04" "a.b.", GOOD, "a.b"),
	ROW("two final dots", "\0\0\0\x0a\0\x08\0\0\x05" "a.b..", BAD, NULL),
	ROW("a dot", "\0\0\0\x06\0\x04\0\0\x01" ".", BAD, NULL),
	ROW("a dot first", "\0\0\0\x07\0\x05\0\0\x02" ".a", BAD, NULL),
	ROW("an empty label", "\0\0\0\x09\0\x07\0\0\x04" "a..b", BAD, NULL),
	ROW("an empty name", "\0\0\0\x05\0\x03\0\0\0", BAD, NULL),
	ROW("NUL", "\0\0\0\x08\0\x06\0\0\x03" "a\0b", BAD, NULL),
	ROW("NUL last", "\0\0\0\x09\0\x07\0\0\x04" "a.b\0", BAD, NULL),
	ROW("a space", "\0\0\0\x08\0\x06\0\0\x03" "a b", BAD, NULL),
	ROW("a colon", "\0\0\0\x08\0\x06\0\0\x03" "a:1", BAD, NULL),
	ROW("UTF-8", "\0\0\0\x07\0\x05\0\0\x02\xc3\xa4", BAD, NULL),
	ROW("a star", "\0\0\0\x08\0\x06\0\0\x03" "*.b", BAD, NULL),
	ROW("IPv4", "\0\0\0\x0c\0\x0a\0\0\x07" "1.2.3.4", GOOD, NULL),
	ROW("IPv4 and a dot", "\0\0\0\x0d\0\x0b\0\0\x08" "1.2.3.4.", GOOD, NULL),
	ROW("IPv6", "\0\0\0\x0c\0\x0a\0\0\x07" "fe80::1", GOOD, NULL),
	ROW("IPv6 in brackets", "\0\0\0\x0a\0\x08\0\0\x05" "[::1]", BAD, NULL),
	ROW("two host_names",
	    "\0\0\0\x0e\0\x0c\0\0\x03" "a.b\0\0\x03" "a.b", BAD, NULL),
	ROW("an address and a host_name",
	    "\0\0\0\x12\0\x10\0\0\x07" "1.2.3.4\0\0\x03" "a.b", BAD, NULL),
	ROW("another type of name before it",
	    "\0\0\0\x0e\0\x0c\x07\0\x03" "x y\0\0\x03" "a.b", GOOD, "a.b"),
	ROW("another type of name alone",
	    "\0\0\0\x08\0\x06\x01\0\x03" "a.b", GOOD, NULL),
	ROW("an empty name of another type",
	    "\0\0\0\x05\0\x03\x01\0\0", BAD, NULL),
	ROW("two server_names",
	    "\0\0\0\x08\0\x06\0\0\x03" "a.b" "\0\0\0\x08\0\x06\0\0\x03" "a.b",
	    BAD, NULL),
	ROW("an empty server_name", "\0\0\0\0", BAD, NULL),
	ROW("an empty list", "\0\0\0\x02\0\0", BAD, NULL),
	ROW("a list that is too short", "\0\0\0\x08\0\x05\0\0\x03" "a.b",
	    BAD, NULL),
	ROW("a list that is too long", "\0\0\0\x08\0\x07\0\0\x03" "a.b",
	    BAD, NULL),
	ROW("a name that is too short", "\0\0\0\x08\0\x06\0\0\x02" "a.b",
	    BAD, NULL),
	ROW("a name that is too long", "\0\0\0\x08\0\x06\0\0\x04" "a.b",
	    BAD, NULL),
	ROW("an extension that is too long", "\0\x17\0\x01", BAD, NULL),
	ROW("half an extension", "\0\x17\0", BAD, NULL),
	ROW("an extension that reaches over its neighbour",
	    "\0\0\0\x08\0\x06\0\0\x07" "a.b\0\x17\0\0", BAD, NULL),
};
/* clang-format on */

static void the_name_is_read_by_the_grammar_and_nothing_else(void **state)
{
	struct weir_hello h;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		size_t n = hellos_message((const uint8_t *)rows[i].ext,
					  rows[i].len, msg);
		size_t all = hellos_wrap(msg, n, 16384, raw);
		enum weir_hello_is got = parse(raw, all, &h);

		if (got != rows[i].want)
			fail_msg("%s: %d, not %d", rows[i].what, (int)got,
				 (int)rows[i].want);
		if (got == GOOD)
			shows(&h, rows[i].name);
		all = hellos_wrap(msg, n, 1, raw);
		CHECK_EQ(is(raw, all), rows[i].want);
	}
}

static void a_hello_without_extensions_shows_none(void **state)
{
	size_t n = hellos_message(NULL, 0, msg);
	struct weir_hello h;

	(void)state;
	n -= 2;
	msg[3] = (uint8_t)(msg[3] - 2);
	n = hellos_wrap(msg, n, 16384, raw);
	CHECK_EQ(parse(raw, n, &h), WEIR_HELLO_WHOLE);
	shows(&h, NULL);
}

static void lengths_before_the_extensions_are_checked(void **state)
{
	static const struct {
		size_t at;
		uint8_t with;
	} bad[] = {
		{ 0, 2 },   /* a ServerHello */
		{ 4, 2 },   /* SSLv2 */
		{ 38, 33 }, /* a session id that is too long */
		{ 72, 5 },  /* an odd number of bytes of suites */
		{ 72, 0 },  /* none */
		{ 79, 0 },  /* no compression */
		{ 82, 1 },  /* extensions beyond the message */
		{ 3, 76 },  /* a message that ends too early */
		{ 3, 200 }, /* ... and too late */
	};

	(void)state;
	for (size_t i = 0; i < LEN(bad); i++) {
		size_t n = hellos_message(NULL, 0, msg);

		msg[bad[i].at] = bad[i].with;
		n = hellos_wrap(msg, n, 16384, raw);
		CHECK_EQ(is(raw, n), WEIR_HELLO_BAD);
	}
}

/* well-formed but for how long the parts are */
static enum weir_hello_is with_parts(size_t session, size_t suites,
				     size_t compression)
{
	size_t len = 34 + 1 + session + 2 + suites + 1 + compression + 2;
	struct weir_wr w = weir_wr_over(msg, sizeof(msg));

	weir_wr_be16(&w, 0x0100);
	weir_wr_be16(&w, (uint16_t)len);
	weir_wr_be16(&w, 0x0303);
	weir_wr_fill(&w, 0, 32);
	weir_wr_u8(&w, (uint8_t)session);
	weir_wr_fill(&w, 0, session);
	weir_wr_be16(&w, (uint16_t)suites);
	weir_wr_fill(&w, 0, suites);
	weir_wr_u8(&w, (uint8_t)compression);
	weir_wr_fill(&w, 0, compression);
	weir_wr_be16(&w, 0);
	return is(raw, hellos_wrap(msg, weir_wr_len(&w), 16384, raw));
}

static void each_part_has_its_least_and_its_most(void **state)
{
	(void)state;
	CHECK_EQ(with_parts(0, 2, 1), WEIR_HELLO_WHOLE);
	CHECK_EQ(with_parts(32, 512, 255), WEIR_HELLO_WHOLE);
	CHECK_EQ(with_parts(33, 2, 1), WEIR_HELLO_BAD);
	CHECK_EQ(with_parts(0, 0, 1), WEIR_HELLO_BAD);
	CHECK_EQ(with_parts(0, 3, 1), WEIR_HELLO_BAD);
	CHECK_EQ(with_parts(0, 2, 0), WEIR_HELLO_BAD);
}

static void records_between_are_checked(void **state)
{
	static const struct {
		size_t at;
		uint8_t with;
		enum weir_hello_is want;
	} rows_[] = {
		{ 0, 23, WEIR_HELLO_BAD },     { 0, 20, WEIR_HELLO_BAD },
		{ 0, 21, WEIR_HELLO_BAD },     { 1, 2, WEIR_HELLO_BAD },
		{ 1, 0xfe, WEIR_HELLO_BAD },   { 2, 0, WEIR_HELLO_WHOLE },
		{ 2, 0xff, WEIR_HELLO_WHOLE }, { 3, 0xff, WEIR_HELLO_BAD },
		{ 4, 0, WEIR_HELLO_BAD },
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows_); i++) {
		size_t n = read_message("openssl_tls12", msg), all;

		all = hellos_wrap(msg, n, 100, other);
		other[105 + rows_[i].at] = rows_[i].with;
		CHECK_EQ(is(other, all), rows_[i].want);
	}
}

static void a_message_that_cannot_fit_is_bad_at_once(void **state)
{
	size_t most = WEIR_FIRST_BYTES - 5 - 4, n;

	(void)state;
	memset(msg, 0, sizeof(msg));
	msg[0] = 1;
	msg[2] = (uint8_t)((most + 1) >> 8);
	msg[3] = (uint8_t)(most + 1);
	n = hellos_wrap(msg, 300, 300, raw);
	CHECK_EQ(is(raw, 8), WEIR_HELLO_MORE);
	CHECK_EQ(is(raw, 9), WEIR_HELLO_BAD);
	CHECK_EQ(is(raw, n), WEIR_HELLO_BAD);
	/* the largest that fits */
	n = most - 79;
	memset(other, 0, sizeof(other));
	other[1] = 0x17;
	other[2] = (uint8_t)((n - 4) >> 8);
	other[3] = (uint8_t)(n - 4);
	n = hellos_message(other, n, msg);
	n = hellos_wrap(msg, n, 16384, raw);
	CHECK_EQ(n, WEIR_FIRST_BYTES);
	CHECK_EQ(is(raw, n - 1), WEIR_HELLO_MORE);
	CHECK_EQ(is(raw, n), WEIR_HELLO_WHOLE);
}

#define START(text, want)                                                      \
	{                                                                      \
		text, sizeof(text) - 1, WEIR_HELLO_##want                      \
	}

static void the_first_bytes_tell_tls_from_the_rest(void **state)
{
	static const struct {
		const char *b;
		size_t n;
		enum weir_hello_is want;
	} starts[] = {
		START("", MORE),
		START("G", NO),
		START("SSH-2.0-OpenSSH\r\n", NO),
		START("\0", NO),
		START("\x13"
		      "BitTorrent",
		      NO),
		START("\x80\x2e\x01\x03\x01", NO), /* an SSLv2 hello */
		START("\x16", MORE),
		START("\x16\x03", MORE),
		START("\x16\x03\x01", MORE),
		START("\x16\x03\x01\x40\0", MORE),
		START("\x16\x03\x01\x40\x01", BAD),
		START("\x16\x03\x01\0\0", BAD),
		START("\x16\x03\x01\0\x05\x01", MORE),
		START("\x16\x03\x01\0\x05\x02", BAD),
		/* other records of TLS first: servers step over some */
		START("\x15\x03", MORE),
		START("\x15\x03\x01", BAD),
		START("\x14\x03\x03", BAD),
		START("\x17\x03\x03", BAD),
		START("\x17\x03\x04", BAD),
		START("\x17\x03\x05", NO),
		START("\x17\x04", MORE),
		START("\x17\x04\x01", NO),
		/* versions that some servers do not look at */
		START("\x16\x05", MORE),
		START("\x16\x05\x01\0\x05", MORE),
		START("\x16\x05\x01\0\x05\x01", BAD),
		START("\x16\x05\x01\0\x05\x02", NO),
		START("\x16\x05\x01\0\0", NO),
		START("\x16\x05\x01\x40\0", MORE),
		START("\x16\x05\x01\x40\x01", NO),
		START("\x15\x05\x01\0\x02\x01", BAD),
		START("\x15\x05\x01\0\x02\x02", BAD),
		START("\x15\x05\x01\0\x02\x03", NO),
		START("\x15\x05\x01\0\x03", NO),
	};

	(void)state;
	for (size_t i = 0; i < LEN(starts); i++) {
		enum weir_hello_is got =
			is((const uint8_t *)starts[i].b, starts[i].n);

		if (got != starts[i].want)
			fail_msg("row %zu: %d, not %d", i, (int)got,
				 (int)starts[i].want);
	}
	for (unsigned c = 0; c < 256; c++) {
		uint8_t b = (uint8_t)c;

		CHECK_EQ(is(&b, 1),
			 c >= 20 && c <= 24 ? WEIR_HELLO_MORE : WEIR_HELLO_NO);
	}
}

static void a_host_is_a_name_or_a_literal_or_bad(void **state)
{
	static const struct {
		const char *text;
		enum weir_hello_host want;
	} hosts[] = {
		{ "example.com", WEIR_HELLO_HOST_NAME },
		{ "EXAMPLE.com.", WEIR_HELLO_HOST_NAME },
		{ "_dmarc.ex-ample.com", WEIR_HELLO_HOST_NAME },
		{ "xn--bcher-kva.example", WEIR_HELLO_HOST_NAME },
		{ "azAZ09.b", WEIR_HELLO_HOST_NAME },
		{ "127.1", WEIR_HELLO_HOST_NAME }, /* matches no rule */
		{ "010.0.0.1", WEIR_HELLO_HOST_NAME },
		{ "10.0.0.1", WEIR_HELLO_HOST_LITERAL },
		{ "10.0.0.1.", WEIR_HELLO_HOST_LITERAL },
		{ "2001:db8::1", WEIR_HELLO_HOST_LITERAL },
		{ "::ffff:10.0.0.1", WEIR_HELLO_HOST_LITERAL },
		{ "fe80::1%eth0", WEIR_HELLO_HOST_BAD },
		{ "", WEIR_HELLO_HOST_BAD },
		{ ".", WEIR_HELLO_HOST_BAD },
		{ "..", WEIR_HELLO_HOST_BAD },
		{ "a..", WEIR_HELLO_HOST_BAD },
		{ "a/b", WEIR_HELLO_HOST_BAD },
		{ "a@b", WEIR_HELLO_HOST_BAD },
		{ "a%2eb", WEIR_HELLO_HOST_BAD },
		{ "a,b", WEIR_HELLO_HOST_BAD },
		{ "a\tb", WEIR_HELLO_HOST_BAD },
	};
	struct weir_dns_name n;
	char text[256];

	(void)state;
	for (size_t i = 0; i < LEN(hosts); i++) {
		if (weir_hello_host_parse(hosts[i].text, strlen(hosts[i].text),
					  &n) != hosts[i].want)
			fail_msg("\"%s\"", hosts[i].text);
	}
	/* the lengths of RFC 1035 */
	memset(text, 'a', sizeof(text));
	CHECK_EQ(weir_hello_host_parse(text, 63, &n), WEIR_HELLO_HOST_NAME);
	CHECK_EQ(weir_hello_host_parse(text, 64, &n), WEIR_HELLO_HOST_BAD);
	for (size_t i = 49; i < sizeof(text); i += 50)
		text[i] = '.';
	CHECK_EQ(weir_hello_host_parse(text, 253, &n), WEIR_HELLO_HOST_NAME);
	CHECK_EQ(weir_hello_host_parse(text, 254, &n), WEIR_HELLO_HOST_BAD);
	text[253] = '.';
	CHECK_EQ(weir_hello_host_parse(text, 254, &n), WEIR_HELLO_HOST_NAME);
}

static void the_longest_name_fits_and_one_more_does_not(void **state)
{
	static uint8_t ext[400];
	char text[300];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 49; i < sizeof(text); i += 50)
		text[i] = '.';
	text[253] = '.';
	for (size_t len = 253; len < 256; len++) {
		struct weir_wr w = weir_wr_over(ext, sizeof(ext));
		size_t n;

		hellos_put_name(&w, text, len);
		n = hellos_message(ext, weir_wr_len(&w), msg);
		n = hellos_wrap(msg, n, 16384, raw);
		CHECK_EQ(is(raw, n),
			 len < 255 ? WEIR_HELLO_WHOLE : WEIR_HELLO_BAD);
	}
}

T_MAIN(T(the_hellos_of_real_clients_show_their_names),
       T(every_part_of_a_real_hello_is_more),
       T(a_hello_cut_into_records_anywhere_is_the_same),
       T(every_part_of_a_hello_in_many_records_is_more),
       T(a_modern_hello_with_grease_and_ech_shows_the_outer_name),
       T(a_request_to_say_hello_again_is_told_apart),
       T(what_clients_step_over_hides_no_request),
       T(a_request_in_many_records_is_told_apart),
       T(bytes_after_the_hello_are_not_looked_at),
       T(a_changed_byte_gives_what_a_second_parser_says),
       T(any_changed_byte_of_the_records_is_survived),
       T(the_name_is_read_by_the_grammar_and_nothing_else),
       T(a_hello_without_extensions_shows_none),
       T(lengths_before_the_extensions_are_checked),
       T(each_part_has_its_least_and_its_most), T(records_between_are_checked),
       T(a_message_that_cannot_fit_is_bad_at_once),
       T(the_first_bytes_tell_tls_from_the_rest),
       T(a_host_is_a_name_or_a_literal_or_bad),
       T(the_longest_name_fits_and_one_more_does_not))
