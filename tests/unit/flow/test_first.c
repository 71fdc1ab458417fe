/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/first.h"

#include "base/limits.h"

#include "../packet/hellos.h"
#include "../t.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static uint8_t msg[HELLOS_ROOM], raw[HELLOS_ROOM];
static const char ssl[] = "\0\0\0\x08\x04\xd2\x16\x2f";
static const char gss[] = "\0\0\0\x08\x04\xd2\x16\x30";

/* the bytes lie at the end of their memory, where a sanitizer sees an overrun */
static enum weir_first_is look(const void *b, size_t n, bool last)
{
	uint8_t *exact = malloc(n ? n : 1);
	struct weir_first f;
	enum weir_first_is is;

	CHECK(exact);
	memcpy(exact, b, n);
	is = weir_first_look(exact, n, 0, last, &f);
	free(exact);
	return is;
}

static void shows(const struct weir_first *f, const char *name)
{
	char text[1100];

	CHECK_EQ(f->has_name, name != NULL);
	if (!name)
		return;
	CHECK(weir_dns_name_to_text(&f->name, text, sizeof(text)));
	assert_string_equal(text, name);
}

/* every part is MORE, or BAD if no more comes; then it is @want */
static void grows_to(const void *b, size_t n, enum weir_first_is want)
{
	const uint8_t *at = b;

	for (size_t k = 1; k < n; k++) {
		CHECK_EQ(look(at, k, false), WEIR_FIRST_MORE);
		CHECK_EQ(look(at, k, true), WEIR_FIRST_BAD);
	}
	CHECK_EQ(look(at, n, false), want);
	CHECK_EQ(look(at, n, true), want);
}

static void real_hellos_show_their_names(void **state)
{
	struct weir_first f;

	(void)state;
	for (size_t i = 0; i < HELLOS_REAL; i++) {
		size_t n = hellos_read(hellos_real[i].file, raw, sizeof(raw));

		grows_to(raw, n, WEIR_FIRST_TLS);
		CHECK_EQ(weir_first_look(raw, n, 0, true, &f), WEIR_FIRST_TLS);
		shows(&f, hellos_real[i].name);
	}
}

static void a_hello_in_many_records_shows_its_name(void **state)
{
	size_t n = hellos_modern("a.example", true, msg);
	struct weir_first f;

	(void)state;
	n = hellos_wrap(msg, n, 11, raw);
	CHECK_EQ(weir_first_look(raw, n - 1, 0, false, &f), WEIR_FIRST_MORE);
	CHECK_EQ(weir_first_look(raw, n, 0, false, &f), WEIR_FIRST_TLS);
	shows(&f, "a.example");
}

static void a_hello_that_does_not_fit_is_bad(void **state)
{
	static uint8_t ext[8000] = { 0, 0x17, 0, 4 };
	size_t n;

	(void)state;
	ext[2] = (uint8_t)((sizeof(ext) - 4) >> 8);
	ext[3] = (uint8_t)(sizeof(ext) - 4);
	n = hellos_message(ext, sizeof(ext), msg);
	n = hellos_wrap(msg, n, 2, raw); /* seven bytes for two */
	CHECK(n > WEIR_FIRST_BYTES);
	CHECK_EQ(look(raw, WEIR_FIRST_BYTES - 1, false), WEIR_FIRST_MORE);
	CHECK_EQ(look(raw, WEIR_FIRST_BYTES, false), WEIR_FIRST_BAD);
}

static void a_head_shows_its_host_and_is_handed_on(void **state)
{
	static const char text[] = "GET /x HTTP/1.1\r\nHost: A.example:8080\r\n"
				   "\r\n";
	static const char none[] = "GET /x HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n";
	const uint8_t *b = (const uint8_t *)text;
	struct weir_first f;

	(void)state;
	grows_to(text, sizeof(text) - 1, WEIR_FIRST_HTTP);
	CHECK_EQ(weir_first_look(b, sizeof(text) - 1, 0, false, &f),
		 WEIR_FIRST_HTTP);
	shows(&f, "a.example");
	CHECK_EQ(f.head.len, sizeof(text) - 1);
	CHECK(f.head.path == text + 4);
	b = (const uint8_t *)none;
	CHECK_EQ(weir_first_look(b, sizeof(none) - 1, 0, false, &f),
		 WEIR_FIRST_HTTP);
	shows(&f, NULL);
}

static void postgres_asks_for_encryption_twice_at_most(void **state)
{
	struct weir_first f;
	size_t n;

	(void)state;
	grows_to(ssl, 8, WEIR_FIRST_PASS);
	grows_to(gss, 8, WEIR_FIRST_PASS);
	for (unsigned passed = 0; passed < 2; passed++) {
		CHECK_EQ(weir_first_look((const uint8_t *)ssl, 8, passed, false,
					 &f),
			 WEIR_FIRST_PASS);
		CHECK_EQ(f.pass, 8);
	}
	CHECK_EQ(weir_first_look((const uint8_t *)ssl, 8, 2, false, &f),
		 WEIR_FIRST_BAD);
	CHECK_EQ(weir_first_look((const uint8_t *)gss, 8, 9, false, &f),
		 WEIR_FIRST_BAD);
	/* what follows at once is another look */
	memcpy(raw, ssl, 8);
	n = 8 + hellos_read("python", raw + 8, sizeof(raw) - 8);
	CHECK_EQ(weir_first_look(raw, n, 0, false, &f), WEIR_FIRST_PASS);
	CHECK_EQ(f.pass, 8);
	CHECK_EQ(weir_first_look(raw + 8, n - 8, 1, false, &f), WEIR_FIRST_TLS);
	shows(&f, "pypi.org");
}

#define ROW(text, is)                                                          \
	{                                                                      \
		text, sizeof(text) - 1, WEIR_FIRST_##is                        \
	}

static void other_protocols_do_not_wait(void **state)
{
	static const struct {
		const char *b;
		size_t n;
		enum weir_first_is is;
	} rows[] = {
		ROW("SSH-2.0-OpenSSH_9.2\r\n", OTHER),
		ROW("SSH-2", OTHER),
		ROW("EHLO a.example\r\n", OTHER),
		ROW("USER bob\r\n", OTHER),
		ROW("*1\r\n$4\r\nPING\r\n", OTHER),
		ROW("PING\r\n", OTHER),
		ROW("\0\0\0\x54\0\x03\0\0user", OTHER), /* Postgres, no TLS */
		ROW("\0\0\0\x54", OTHER),
		ROW("\0\0\0\x08\x04\xd2\x16\x2e", OTHER), /* its cancel */
		ROW("\x05\x01\0", OTHER),
		ROW("\x10\x20\0\x04MQTT", OTHER),
		ROW("\x80\x2e\x01\x03\x01", OTHER), /* an SSLv2 hello */
		ROW("REGISTER sip:a.example SIP/2.0\r\n", OTHER),
		ROW("PRI * HTTP/2.0\r\n", BAD),
		ROW("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", BAD),
		ROW("PRI * HTTP/2.1\r\n", BAD),
		ROW("PRI x\r\n", OTHER),
		ROW("GET / HTTP/1.1\n", BAD),
		ROW("\r\nGET / HTTP/1.1\r\n", BAD),
		ROW("\x16\x03\x01\0\x05\x02", BAD),
		ROW("\x15\x03\x01\0\x02\x01\x5a", BAD),
		/* HTTP/1 and SSLRequest would be another thing at their place
		 */
		ROW("\xff\0\0\0\x08\x04\xd2\x16\x2f", OTHER),
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		for (int last = 0; last < 2; last++) {
			enum weir_first_is is =
				look(rows[i].b, rows[i].n, last);

			if (is != rows[i].is)
				fail_msg("row %zu: %d, not %d", i, (int)is,
					 (int)rows[i].is);
		}
	}
}

static void what_could_still_show_a_name_is_bad_when_no_more_comes(void **state)
{
	static const struct {
		const char *b;
		size_t n;
	} rows[] = {
		{ "G", 1 },        { "PING", 4 },
		{ "GET / HT", 8 }, { "\r\n", 2 },
		{ "\0", 1 },       { "\0\0\0\x08\x04\xd2\x16", 7 },
		{ "\x16", 1 },     { "PRI * HTTP/2.0", 14 },
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		CHECK_EQ(look(rows[i].b, rows[i].n, false), WEIR_FIRST_MORE);
		CHECK_EQ(look(rows[i].b, rows[i].n, true), WEIR_FIRST_BAD);
	}
}

static void nothing_at_all_is_other_when_no_more_comes(void **state)
{
	struct weir_first f;

	(void)state;
	CHECK_EQ(weir_first_look(NULL, 0, 0, false, &f), WEIR_FIRST_MORE);
	CHECK_EQ(weir_first_look(NULL, 0, 0, true, &f), WEIR_FIRST_OTHER);
	CHECK_EQ(weir_first_look(NULL, 0, 2, true, &f), WEIR_FIRST_OTHER);
}

static void a_full_buffer_always_decides(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		memset(raw, (int)c, WEIR_FIRST_BYTES);
		CHECK(look(raw, WEIR_FIRST_BYTES, false) != WEIR_FIRST_MORE);
	}
	memset(raw, 'a', WEIR_FIRST_BYTES);
	memcpy(raw, "GET / HTTP/1.1\r\nX:", 18);
	CHECK_EQ(look(raw, WEIR_FIRST_BYTES - 1, false), WEIR_FIRST_MORE);
	CHECK_EQ(look(raw, WEIR_FIRST_BYTES, false), WEIR_FIRST_BAD);
	/* TLS, HTTP and their faults apart, any first byte is OTHER at once */
	for (unsigned c = 0; c < 256; c++) {
		uint8_t b = (uint8_t)c;
		bool may = (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
			   c == '\r' || c == '\n' || c == 0 ||
			   (c >= 20 && c <= 24);

		CHECK_EQ(look(&b, 1, false),
			 may ? WEIR_FIRST_MORE : WEIR_FIRST_OTHER);
	}
}

/* in two places, cut anywhere */
static enum weir_first_is records(const uint8_t *b, size_t n, uint32_t *pass)
{
	uint8_t *at = (uint8_t *)(uintptr_t)b;
	enum weir_first_is is = WEIR_FIRST_MORE;
	uint32_t first = 0;

	for (size_t cut = 0; cut <= n; cut++) {
		const struct weir_span part[] = { { at, cut },
						  { at + cut, n - cut } };

		*pass = 0;
		is = weir_first_records(&(struct weir_spans){ part, 2, n },
					pass);
		if (cut == 0)
			first = *pass;
		CHECK_EQ(*pass, first);
	}
	return is;
}

static void only_a_handshake_can_be_another_hello(void **state)
{
	uint8_t b[5] = { 0, 3, 3, 1, 2 };
	uint32_t pass;
	struct weir_first f;

	(void)state;
	CHECK_EQ(records(b, 0, &pass), WEIR_FIRST_MORE);
	for (unsigned type = 0; type < 256; type++) {
		bool other = type < 20 || type > 23;

		b[0] = (uint8_t)type;
		for (size_t n = 1; n < 5; n++)
			CHECK_EQ(records(b, n, &pass),
				 type == 22 ? WEIR_FIRST_TLS
				 : other    ? WEIR_FIRST_OTHER
					    : WEIR_FIRST_MORE);
		CHECK_EQ(weir_first_look_again(b, 1, false, &f),
			 other ? WEIR_FIRST_BAD : WEIR_FIRST_MORE);
		CHECK_EQ(weir_first_look_again(b, 1, true, &f), WEIR_FIRST_BAD);
		if (type == 22 || other)
			continue;
		CHECK_EQ(records(b, 5, &pass), WEIR_FIRST_PASS);
		CHECK_EQ(pass, 5 + 0x102);
		CHECK_EQ(weir_first_look_again(b, 5, true, &f),
			 WEIR_FIRST_PASS);
		CHECK_EQ(f.pass, 5 + 0x102);
	}
}

static void records_of_other_kinds_go_together(void **state)
{
	static const uint8_t two[] = { 20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 0 };
	static const uint8_t next[] = { 22, 0, 23, 19 };
	uint8_t b[sizeof(two) + 5];
	uint32_t pass;

	(void)state;
	memcpy(b, two, sizeof(two));
	for (size_t n = 5; n < 11; n++) {
		CHECK_EQ(records(b, n, &pass), WEIR_FIRST_PASS);
		CHECK_EQ(pass, 6);
	}
	for (size_t i = 0; i < sizeof(next); i++)
		for (size_t n = 0; n < 5; n++) {
			b[11] = next[i];
			CHECK_EQ(records(b, 11 + n, &pass), WEIR_FIRST_PASS);
			CHECK_EQ(pass, 11);
		}
	memcpy(b + 11, "\x17\3\3\x40\0", 5); /* and what is to come of it */
	CHECK_EQ(records(b, 16, &pass), WEIR_FIRST_PASS);
	CHECK_EQ(pass, 16 + 0x4000);
}

T_MAIN(T(only_a_handshake_can_be_another_hello),
       T(records_of_other_kinds_go_together), T(real_hellos_show_their_names),
       T(a_hello_in_many_records_shows_its_name),
       T(a_hello_that_does_not_fit_is_bad),
       T(a_head_shows_its_host_and_is_handed_on),
       T(postgres_asks_for_encryption_twice_at_most),
       T(other_protocols_do_not_wait),
       T(what_could_still_show_a_name_is_bad_when_no_more_comes),
       T(nothing_at_all_is_other_when_no_more_comes),
       T(a_full_buffer_always_decides))
