/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/svcb.h"

#include "../t.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define ALL    UINT64_MAX

/*
 * Data as text: "1 www.x key=HEX key=HEX"; a dot separates nothing in HEX but
 * may be put anywhere in it, for the eye.
 */
static size_t data_of(const char *text, uint8_t *to, size_t room)
{
	struct weir_wr w = weir_wr_over(to, room);
	char copy[2048], *at, *word;
	struct weir_dns_name n;

	snprintf(copy, sizeof(copy), "%s", text);
	word = strtok_r(copy, " ", &at);
	weir_wr_be16(&w, (uint16_t)atoi(word));
	word = strtok_r(NULL, " ", &at);
	CHECK(weir_dns_name_from_text(word, strlen(word), &n));
	weir_wr_copy(&w, n.b, n.len);
	while ((word = strtok_r(NULL, " ", &at)) != NULL) {
		char *value = strchr(word, '=');
		size_t start;
		unsigned byte;

		weir_wr_be16(&w, (uint16_t)atoi(word));
		weir_wr_be16(&w, 0);
		start = weir_wr_len(&w);
		for (value++; *value; value += 2) {
			value += *value == '.';
			CHECK_EQ(sscanf(value, "%2x", &byte), 1);
			weir_wr_u8(&w, (uint8_t)byte);
		}
		weir_wr_put16(&w, start - 2,
			      (uint16_t)(weir_wr_len(&w) - start));
	}
	CHECK(weir_wr_ok(&w));
	return weir_wr_len(&w);
}

static bool parses(const uint8_t *b, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	struct weir_svcb s;
	bool ok;

	CHECK(exact != NULL);
	memcpy(exact, b, n);
	ok = weir_svcb_parse(weir_rd_over(exact, n), &s);
	free(exact);
	return ok;
}

static const char *const good[] = {
	"1 .",
	"1 www.example.com",
	"65535 . 1=026832",
	"1 . 1=026832.026833 2= 3=01bb",
	"1 . 4=5db8d822",
	"1 . 4=5db8d822.5db8d823 6=20010db8000000000000000000000001",
	"1 . 0=0004 4=5db8d822",
	"1 . 0=0001.0004.0005 1=026832 4=5db8d822 5=0045",
	"1 . 5=",
	"1 . 5=00",
	"1 . 7=2f646e732d7175657279 8= 65534=ff",
	/* an alias: what it may bring is not looked at */
	"0 www.example.com",
	"0 www.example.com 4=01 1=00",
};

static void data_in_the_right_form_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(good); i++) {
		uint8_t b[512];

		if (!parses(b, data_of(good[i], b, sizeof(b))))
			fail_msg("%s is refused", good[i]);
	}
}

static const char *const bad[] = {
	"1 . 0=",
	"1 . 0=00",
	"1 . 0=000004",
	"1 . 0=0000", /* itself */
	"1 . 0=0005.0004",
	"1 . 0=0004.0004",
	"1 . 1=",
	"1 . 1=00",
	"1 . 1=0268",
	"1 . 1=026832.00",
	"1 . 1=026832.03",
	"1 . 2=00",
	"1 . 3=",
	"1 . 3=01",
	"1 . 3=01bb00",
	"1 . 4=",
	"1 . 4=5db8d8",
	"1 . 4=5db8d82200",
	"1 . 6=",
	"1 . 6=20010db80000000000000000000001",
	"1 . 6=5db8d822",
	"1 . 65535=",
	"1 . 4=5db8d822 4=5db8d822",
	"1 . 4=5db8d822 3=01bb",
	"1 . 7=00 7=00",
	"1 . 1=026832 0=0001",
};

static void data_in_another_form_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(bad); i++) {
		uint8_t b[512];

		if (parses(b, data_of(bad[i], b, sizeof(b))))
			fail_msg("%s is taken", bad[i]);
	}
}

static void every_truncation_is_refused_but_at_the_end_of_a_value(void **state)
{
	uint8_t b[512];
	size_t n = data_of("1 www.x 1=026832 4=5db8d822 5=0045", b, sizeof(b));

	(void)state;
	CHECK_EQ(n, 2 + 7 + 7 + 8 + 6);
	for (size_t cut = 0; cut <= n; cut++)
		CHECK_EQ(parses(b, cut),
			 cut == 9 || cut == 16 || cut == 24 || cut == 30);
}

static void a_target_is_a_name_in_full(void **state)
{
	static const uint8_t pointer[] = { 0, 1, 0xc0, 12 };
	static const uint8_t late[] = { 0, 1, 1, 'a', 0xc0, 0 };
	static const uint8_t strange[] = { 0, 1, 0x41, 'a', 0 };
	uint8_t b[512];
	struct weir_wr w = weir_wr_over(b, sizeof(b));

	(void)state;
	CHECK(!parses(pointer, sizeof(pointer)));
	CHECK(!parses(late, sizeof(late)));
	CHECK(!parses(strange, sizeof(strange)));
	weir_wr_be16(&w, 1);
	for (unsigned i = 0; i < 127; i++)
		weir_wr_be16(&w, 0x0161);
	weir_wr_u8(&w, 0);
	CHECK(parses(b, 2 + 255));
	b[2 + 254] = 1; /* one label more */
	b[2 + 255] = 'a';
	b[2 + 256] = 0;
	CHECK(!parses(b, 2 + 257));
	b[2] = 64;
	CHECK(!parses(b, 2 + 257));
}

static void a_failure_writes_nothing(void **state)
{
	struct weir_svcb s = { .priority = 77 };
	uint8_t b[64];
	size_t n = data_of("1 . 4=01", b, sizeof(b));

	(void)state;
	CHECK(!weir_svcb_parse(weir_rd_over(b, n), &s));
	CHECK_EQ(s.priority, 77);
}

static void hints_are_listed_ipv4_first(void **state)
{
	struct weir_addr got[4], mapped;
	struct weir_svcb s;
	uint8_t b[256];
	size_t n = data_of("1 . 4=5db8d822.0a4d1f09 "
			   "6=20010db8000000000000000000000001"
			   ".00000000000000000000ffff0a000001",
			   b, sizeof(b));

	(void)state;
	CHECK(weir_svcb_parse(weir_rd_over(b, n), &s));
	CHECK(!s.has_ech);
	CHECK_EQ(weir_svcb_hints(&s, got, 4), 4);
	CHECK_EQ(weir_addr_to4(&got[0]), 0x5db8d822);
	CHECK_EQ(weir_addr_to4(&got[1]), 0x0a4d1f09);
	CHECK(!weir_addr_is4(&got[2]));
	CHECK_EQ(got[2].b[15], 1);
	mapped = weir_addr_from4(0x0a000001);
	CHECK(weir_addr_is_equal(&got[3], &mapped));
	got[1] = mapped;
	CHECK_EQ(weir_svcb_hints(&s, got, 1), 4); /* and no more is written */
	CHECK(weir_addr_is_equal(&got[1], &mapped));
	CHECK_EQ(weir_svcb_hints(&s, NULL, 0), 4);
	n = data_of("0 x 4=5db8d822 5=00", b, sizeof(b));
	CHECK(weir_svcb_parse(weir_rd_over(b, n), &s));
	CHECK_EQ(weir_svcb_hints(&s, NULL, 0), 0);
	CHECK(!s.has_ech);
}

static const struct {
	const char *from;
	uint64_t keep;
	bool strip_ech;
	const char *to;
} again[] = {
	{ "1 . 1=026832 4=01010101.02020202", ALL, false,
	  "1 . 1=026832 4=01010101.02020202" },
	{ "1 . 1=026832 4=01010101.02020202", 1, true,
	  "1 . 1=026832 4=01010101" },
	{ "1 . 1=026832 4=01010101.02020202", 2, true,
	  "1 . 1=026832 4=02020202" },
	{ "1 . 1=026832 4=01010101.02020202", 0, true, "1 . 1=026832" },
	{ "1 . 1=026832 4=01010101.02020202", 4, true, "1 . 1=026832" },
	{ "1 a.b 4=01010101 5=0045 6=20010db8000000000000000000000001", ALL,
	  false, "1 a.b 4=01010101 5=0045 6=20010db8000000000000000000000001" },
	{ "1 a.b 4=01010101 5=0045 6=20010db8000000000000000000000001", ALL,
	  true, "1 a.b 4=01010101 6=20010db8000000000000000000000001" },
	{ "1 a.b 4=01010101 5=0045 6=20010db8000000000000000000000001", 1,
	  false, "1 a.b 4=01010101 5=0045" },
	{ "1 a.b 4=01010101 5=0045 6=20010db8000000000000000000000001", 2, true,
	  "1 a.b 6=20010db8000000000000000000000001" },
	{ "1 . 5=0045", 0, true, "1 ." },
	{ "1 . 5=0045", 0, false, "1 . 5=0045" },
	{ "1 . 5=", 0, true, "1 ." },
	{ "1 . 5=", 0, false, "1 . 5=" },
	/* what is gone is not mandatory any more */
	{ "1 . 0=0005 5=0045", 0, true, "1 ." },
	{ "1 . 0=0001.0005 1=026832 5=0045", 0, true, "1 . 0=0001 1=026832" },
	{ "1 . 0=0001.0005 1=026832 5=0045", 0, false,
	  "1 . 0=0001.0005 1=026832 5=0045" },
	{ "1 . 0=0004.0005 4=01010101 5=0045", 0, true, "1 ." },
	{ "1 . 0=0004.0005 4=01010101 5=0045", 1, true,
	  "1 . 0=0004 4=01010101" },
	{ "1 . 0=0004.0006 4=01010101 6=20010db8000000000000000000000001", 1,
	  true, "1 . 0=0004 4=01010101" },
	/* what never was there is none of our business */
	{ "1 . 0=0004.0005.0006 1=026832", 0, true,
	  "1 . 0=0004.0005.0006 1=026832" },
	/* others stay as they are, the empty ones too */
	{ "1 . 1=026832 2= 3=01bb 5=00 7=2f 8= 999=", 0, true,
	  "1 . 1=026832 2= 3=01bb 7=2f 8= 999=" },
	/* an alias has no parameters */
	{ "0 a.b 1=026832 4=01010101 5=00", ALL, false, "0 a.b" },
};

static void what_is_written_again_is_what_is_to_stay(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(again); i++) {
		uint8_t from[256], want[256], got[256];
		size_t n = data_of(again[i].from, from, sizeof(from));
		size_t m = data_of(again[i].to, want, sizeof(want));
		struct weir_wr w = weir_wr_over(got, sizeof(got));
		struct weir_svcb s;

		CHECK(weir_svcb_parse(weir_rd_over(from, n), &s));
		weir_svcb_build(&s, again[i].keep, again[i].strip_ech, &w);
		CHECK(weir_wr_ok(&w));
		if (weir_wr_len(&w) != m || memcmp(got, want, m) != 0)
			fail_msg("%s did not become %s", again[i].from,
				 again[i].to);
		CHECK(parses(got, m));
	}
}

static void hints_beyond_the_limit_are_left_out(void **state)
{
	static uint8_t b[2048], got[2048];
	struct weir_wr w = weir_wr_over(b, sizeof(b));
	struct weir_svcb s;

	(void)state;
	weir_wr_be16(&w, 1);
	weir_wr_u8(&w, 0);
	weir_wr_be16(&w, WEIR_SVCB_IPV4HINT);
	weir_wr_be16(&w, 70 * 4);
	for (uint32_t i = 0; i < 70; i++)
		weir_wr_be32(&w, i);
	weir_wr_be16(&w, WEIR_SVCB_IPV6HINT);
	weir_wr_be16(&w, 16);
	weir_wr_fill(&w, 0x20, 16);
	CHECK(weir_svcb_parse(weir_rd_over(b, weir_wr_len(&w)), &s));
	CHECK_EQ(weir_svcb_hints(&s, NULL, 0), 71);
	w = weir_wr_over(got, sizeof(got));
	weir_svcb_build(&s, ALL, false, &w);
	CHECK_EQ(weir_wr_len(&w), 3 + 4 + WEIR_SVCB_HINTS_MAX * 4);
	CHECK_EQ(memcmp(got + 7, b + 7, WEIR_SVCB_HINTS_MAX * 4), 0);
	/* the last of IPv4 and the first of IPv6 at the limit itself */
	CHECK(weir_svcb_parse(weir_rd_over(got, weir_wr_len(&w)), &s));
	CHECK_EQ(weir_svcb_hints(&s, NULL, 0), WEIR_SVCB_HINTS_MAX);
}

static void hints_of_both_families_share_the_bits(void **state)
{
	static uint8_t b[2048], got[2048];
	struct weir_addr left[WEIR_SVCB_HINTS_MAX];
	struct weir_wr w = weir_wr_over(b, sizeof(b));
	struct weir_svcb s, t;

	(void)state;
	weir_wr_be16(&w, 1);
	weir_wr_u8(&w, 0);
	weir_wr_be16(&w, WEIR_SVCB_IPV4HINT);
	weir_wr_be16(&w, 40 * 4);
	for (uint32_t i = 0; i < 40; i++)
		weir_wr_be32(&w, i);
	weir_wr_be16(&w, WEIR_SVCB_IPV6HINT);
	weir_wr_be16(&w, 30 * 16);
	for (uint8_t i = 40; i < 70; i++)
		weir_wr_fill(&w, i, 16);
	CHECK(weir_svcb_parse(weir_rd_over(b, weir_wr_len(&w)), &s));
	for (unsigned bit = 0; bit < 64; bit++) {
		w = weir_wr_over(got, sizeof(got));
		weir_svcb_build(&s, UINT64_C(1) << bit, true, &w);
		CHECK(weir_svcb_parse(weir_rd_over(got, weir_wr_len(&w)), &t));
		CHECK_EQ(weir_svcb_hints(&t, left, 2), 1);
		CHECK_EQ(left[0].b[15], bit);
	}
}

static void what_does_not_fit_is_told(void **state)
{
	uint8_t b[256], got[256];
	size_t n = data_of("1 a.b 0=0001 1=026832 4=01010101 5=0045", b,
			   sizeof(b));
	struct weir_svcb s;

	(void)state;
	CHECK(weir_svcb_parse(weir_rd_over(b, n), &s));
	for (size_t room = 0; room <= n; room++) {
		struct weir_wr w = weir_wr_over(got, room);

		weir_svcb_build(&s, ALL, false, &w);
		CHECK_EQ(weir_wr_ok(&w), room == n);
	}
}

static void both_types_are_ours(void **state)
{
	(void)state;
	CHECK(weir_svcb_is(64) && weir_svcb_is(65));
	CHECK(!weir_svcb_is(1) && !weir_svcb_is(28) && !weir_svcb_is(63));
}

T_MAIN(T(data_in_the_right_form_is_read), T(data_in_another_form_is_refused),
       T(every_truncation_is_refused_but_at_the_end_of_a_value),
       T(a_target_is_a_name_in_full), T(a_failure_writes_nothing),
       T(hints_are_listed_ipv4_first),
       T(what_is_written_again_is_what_is_to_stay),
       T(hints_beyond_the_limit_are_left_out),
       T(hints_of_both_families_share_the_bits), T(what_does_not_fit_is_told),
       T(both_types_are_ours))
