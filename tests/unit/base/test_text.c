/* SPDX-License-Identifier: Apache-2.0 */
/* test_text.c - numbers and addresses against the C library */
#include "../t.h"

#include <arpa/inet.h>
#include <inttypes.h>

#include "base/text.h"
#include "bench.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* The C library's view of bytes as IPv6, or of the mapped as IPv4. */
static void slow_text(const struct weir_addr *a, char *to, socklen_t room)
{
	bool quad = weir_addr_is4(a);

	CHECK(inet_ntop(quad ? AF_INET : AF_INET6, quad ? a->b + 12 : a->b, to,
			room) != NULL);
}

static bool slow_parse(const char *s, struct weir_addr *ret)
{
	struct weir_addr a = { .b = { [10] = 0xff, [11] = 0xff } };

	if (inet_pton(AF_INET, s, a.b + 12) != 1 &&
	    inet_pton(AF_INET6, s, a.b) != 1)
		return false;
	*ret = a;
	return true;
}

/* Parse from memory of exactly that size, so that a sanitizer sees the end. */
static bool parse_exact(const char *s, struct weir_addr *ret)
{
	size_t len = strlen(s);
	char *exact = malloc(len ? len : 1);
	bool ok;

	CHECK(exact != NULL);
	memcpy(exact, s, len);
	ok = weir_text_parse_addr(exact, len, ret);
	free(exact);
	return ok;
}

static struct weir_addr some_addr(uint64_t *seed)
{
	struct weir_addr a;

	for (size_t i = 0; i < 16; i += 2) {
		uint64_t v = below(seed, 2) ? 0 : roll(seed);

		v >>= below(seed, 16);
		a.b[i] = (uint8_t)(v >> 8);
		a.b[i + 1] = (uint8_t)v;
	}
	if (below(seed, 4) == 0)
		a = weir_addr_from4((uint32_t)roll(seed));
	return a;
}

/* The C library writes ::a.b.c.d for these; RFC 5952 5 does not ask for it. */
static bool is_compatible(const struct weir_addr *a)
{
	static const uint8_t zero[12];

	return memcmp(a->b, zero, 12) == 0;
}

static void addresses_are_written_as_the_c_library_does(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int k = 0; k < 200000; k++) {
		struct weir_addr a = some_addr(&seed), back;
		char b[WEIR_TEXT_ADDR_BYTES], want[INET6_ADDRSTRLEN];
		struct weir_text t = weir_text_over(b, sizeof(b));

		weir_text_add_addr(&t, &a);
		CHECK(weir_text_ok(&t));
		CHECK_EQ(t.len, strlen(b));
		CHECK(weir_text_parse_addr(b, t.len, &back));
		CHECK(weir_addr_is_equal(&a, &back));
		slow_text(&a, want, sizeof(want));
		if (!is_compatible(&a))
			assert_string_equal(b, want);
	}
}

static void addresses_known_by_heart(void **state)
{
	static const char *const same[] = {
		"::",
		"::1",
		"1::",
		"0.0.0.0",
		"255.255.255.255",
		"2001:db8::1:0:0:1",
		"2001:db8:0:1:1:1:1:1",
		"2001:0:0:1::1",
		"fe80::1:2:3:4",
		"::102:304",
		"64:ff9b::c000:221",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	};
	struct weir_addr a;
	struct weir_text t;
	char b[WEIR_TEXT_ADDR_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(same); i++) {
		CHECK(parse_exact(same[i], &a));
		t = weir_text_over(b, sizeof(b));
		weir_text_add_addr(&t, &a);
		assert_string_equal(b, same[i]);
	}
	CHECK(parse_exact("::ffff:192.0.2.1", &a));
	CHECK(weir_addr_is4(&a));
	CHECK_EQ(weir_addr_to4(&a), 0xc0000201);
	CHECK(parse_exact("::FFFF:C000:201", &a));
	CHECK_EQ(weir_addr_to4(&a), 0xc0000201);
}

static void what_is_not_an_address_is_refused(void **state)
{
	static const char *const bad[] = { "",
					   ".",
					   ":",
					   "1",
					   "1.2.3",
					   "10.1",
					   "1.2.3.4.",
					   ".1.2.3.4",
					   "1.2.3.4.5",
					   "1..3.4",
					   "01.2.3.4",
					   "1.2.3.04",
					   "010.0.0.1",
					   "1.2.3.00",
					   "256.1.1.1",
					   "1.2.3.1000",
					   "0x1.2.3.4",
					   "1.2.3.4 ",
					   " 1.2.3.4",
					   "+1.2.3.4",
					   "1.2.3.-4",
					   "1.2.3.4/8",
					   ":::",
					   "1:::2",
					   "1::2::3",
					   "1:2:3:4:5:6:7",
					   "1:2:3:4:5:6:7:8:9",
					   "1:2:3:4:5:6:7:",
					   ":1:2:3:4:5:6:7",
					   "::1:",
					   "1:2:3:4:5:6:7:8::",
					   "::1:2:3:4:5:6:7:8",
					   "1:2:3:4::5:6:7:8",
					   "12345::",
					   "g::",
					   "::1%1",
					   "fe80::1%eth0",
					   "[::1]",
					   "::1.2.3",
					   "::1.2.3.4.5",
					   "::01.2.3.4",
					   "1.2.3.4::",
					   "::1.2.3.4:5",
					   "1:2:3:4:5:6:7:1.2.3.4",
					   "1:2:3:4:5:1.2.3.4",
					   "::2:3:4:5:6:7:1.2.3.4",
					   "1.2.3.4:1::" };
	static const char *const good[] = { "1:2:3:4:5:6:7::",
					    "::1:2:3:4:5:6:7",
					    "1:2:3:4:5:6:1.2.3.4",
					    "::2:3:4:5:6:1.2.3.4",
					    "1::1.2.3.4",
					    "0001::0000",
					    "AbCd::eF" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct weir_addr a = { .b = { 7, 8, 9 } }, before = a;

		if (parse_exact(bad[i], &a))
			fail_msg("%s was taken for an address", bad[i]);
		CHECK(weir_addr_is_equal(&a, &before));
	}
	for (size_t i = 0; i < COUNT(good); i++) {
		struct weir_addr a, want;

		if (!parse_exact(good[i], &a))
			fail_msg("%s was refused", good[i]);
		CHECK(slow_parse(good[i], &want));
		CHECK(weir_addr_is_equal(&a, &want));
	}
}

/* An address with a few characters changed, or characters alone. */
static void some_text(uint64_t *seed, char *to, size_t room)
{
	static const char set[] = "0123456789abcfF::..%/ 0012";
	struct weir_addr a = some_addr(seed);
	size_t len;

	slow_text(&a, to, (socklen_t)room);
	if (below(seed, 3) == 0) {
		len = below(seed, (uint32_t)room);
		for (size_t i = 0; i < len; i++)
			to[i] = set[below(seed, sizeof(set) - 1)];
		to[len] = '\0';
	}
	len = strlen(to);
	for (uint32_t n = below(seed, 3); n && len; n--) {
		size_t at = below(seed, (uint32_t)len);

		if (below(seed, 3) == 0) {
			memmove(to + at, to + at + 1, len - at);
			len--;
		} else {
			to[at] = set[below(seed, sizeof(set) - 1)];
		}
	}
}

static void random_text_is_judged_as_the_c_library_does(void **state)
{
	uint64_t seed = 2;
	int good = 0;

	(void)state;
	for (int k = 0; k < 300000; k++) {
		struct weir_addr a, want;
		char s[INET6_ADDRSTRLEN];
		bool ok;

		some_text(&seed, s, sizeof(s));
		ok = slow_parse(s, &want);
		if (parse_exact(s, &a) != ok)
			fail_msg("\"%s\" is %s address", s, ok ? "an" : "no");
		good += ok;
		CHECK(!ok || weir_addr_is_equal(&a, &want));
	}
	CHECK(good > 50000 && good < 250000);
}

static void numbers_are_written_as_printf_does(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (int k = 0; k < 100000; k++) {
		uint64_t v = k ? roll(&seed) >> below(&seed, 64) : 0;
		unsigned digits = below(&seed, 17);
		char b[64], want[64];
		struct weir_text t = weir_text_over(b, sizeof(b));

		if (k == 1)
			v = UINT64_MAX;
		weir_text_add_u64(&t, v);
		weir_text_add_char(&t, ' ');
		weir_text_add_hex(&t, v, digits);
		(void)snprintf(want, sizeof(want), "%" PRIu64 " %0*" PRIx64, v,
			       (int)(digits ? digits : 1), v);
		assert_string_equal(b, want);
	}
}

static void numbers_are_read_up_to_their_limit(void **state)
{
	static const struct {
		const char *s;
		uint64_t max;
		bool ok;
		uint64_t v;
	} row[] = {
		{ "0", 0, true, 0 },
		{ "1", 0, false, 0 },
		{ "65535", 65535, true, 65535 },
		{ "65536", 65535, false, 0 },
		{ "655350", 65535, false, 0 },
		{ "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, false, 0 },
		{ "18446744073709551620", UINT64_MAX, false, 0 },
		{ "99999999999999999999999", UINT64_MAX, false, 0 },
		{ "", 9, false, 0 },
		{ "00", 9, false, 0 },
		{ "01", 9, false, 0 },
		{ "+1", 9, false, 0 },
		{ "-1", UINT64_MAX, false, 0 },
		{ " 1", 9, false, 0 },
		{ "1 ", 9, false, 0 },
		{ "1a", 99, false, 0 },
		{ "0x1", 99, false, 0 },
		{ "\xb1", 99, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		size_t len = strlen(row[i].s);
		char *exact = malloc(len ? len : 1);
		uint64_t v = 77;

		CHECK(exact != NULL);
		memcpy(exact, row[i].s, len);
		CHECK_EQ(weir_text_parse_u64(exact, len, row[i].max, &v),
			 row[i].ok);
		CHECK(v == (row[i].ok ? row[i].v : 77));
		free(exact);
	}
}

static void small_limits_agree_with_counting(void **state)
{
	(void)state;
	for (uint64_t max = 0; max < 120; max++) {
		for (unsigned n = 0; n < 1300; n++) {
			char b[8];
			uint64_t v;
			int len = snprintf(b, sizeof(b), "%u", n);

			CHECK_EQ(weir_text_parse_u64(b, (size_t)len, max, &v),
				 n <= max);
		}
	}
}

static void endpoints_and_hardware_addresses_are_written(void **state)
{
	static const struct weir_mac mac = { { 2, 0, 0x5e, 0xff, 0x53, 0xa } };
	struct weir_addr a = weir_addr_from4(0xc0000201);
	char b[WEIR_TEXT_ENDPOINT_BYTES];
	struct weir_text t = weir_text_over(b, sizeof(b));

	(void)state;
	weir_text_add_endpoint(&t, &a, 80);
	assert_string_equal(b, "192.0.2.1:80");
	memset(a.b, 0xff, sizeof(a.b));
	t = weir_text_over(b, sizeof(b));
	weir_text_add_endpoint(&t, &a, 65535);
	assert_string_equal(b,
			    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
	CHECK_EQ(t.len + 1, WEIR_TEXT_ENDPOINT_BYTES);
	t = weir_text_over(b, WEIR_TEXT_MAC_BYTES);
	weir_text_add_mac(&t, &mac);
	CHECK(weir_text_ok(&t));
	assert_string_equal(b, "02:00:5e:ff:53:0a");
}

static void hardware_addresses_are_read(void **state)
{
	static const uint8_t want[6] = { 0x02, 0xab, 0xcd, 0xef, 0x00, 0x9f };
	static const char *const good[] = { "02:ab:cd:ef:00:9f",
					    "02-AB-CD-EF-00-9F" };
	static const char *const bad[] = {
		"02:ab:cd-ef:00:9f", "02.ab.cd.ef.00.9f", "02:ab:cd:ef:00:9",
		"02:ab:cd:ef:00:9g", "2:ab:cd:ef:00:9ff", "02:ab:cd:ef:00:9f:",
		"0 :ab:cd:ef:00:9f"
	};
	struct weir_mac m;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		CHECK(weir_text_parse_mac(good[i], 17, &m));
		CHECK(memcmp(m.b, want, 6) == 0);
	}
	memset(m.b, 9, 6);
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(!weir_text_parse_mac(bad[i], strlen(bad[i]), &m));
	for (size_t n = 0; n < 17; n++) {
		char *exact = malloc(n ? n : 1);

		CHECK(exact != NULL);
		memcpy(exact, good[0], n);
		CHECK(!weir_text_parse_mac(exact, n, &m));
		free(exact);
	}
	CHECK_EQ(m.b[0], 9);
}

static void prefixes_are_read_in_the_bits_of_both_families(void **state)
{
	static const struct {
		const char *s;
		int bits; /* -1: refused */
		const char *addr;
	} row[] = {
		{ "0.0.0.0/0", 96, "0.0.0.0" },
		{ "10.0.2.0/24", 120, "10.0.2.0" },
		{ "10.0.2.7/24", 120, "10.0.2.7" },
		{ "192.0.2.1/32", 128, "192.0.2.1" },
		{ "::/0", 0, "::" },
		{ "2001:db8::/32", 32, "2001:db8::" },
		{ "::1/128", 128, "::1" },
		{ "::ffff:10.0.0.0/104", 104, "10.0.0.0" },
		{ "10.0.0.0/33", -1, NULL },
		{ "::/129", -1, NULL },
		{ "10.0.0.0", -1, NULL },
		{ "10.0.0.0/", -1, NULL },
		{ "10.0.0.0/08", -1, NULL },
		{ "10.0.0.0/8/8", -1, NULL },
		{ "10.0.0.0/-1", -1, NULL },
		{ "10.0.0.0/255.0.0.0", -1, NULL },
		{ "10.0/8", -1, NULL },
		{ "/8", -1, NULL },
		{ "/", -1, NULL },
		{ "", -1, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct weir_addr a, want;
		size_t len = strlen(row[i].s);
		char *exact = malloc(len ? len : 1);
		uint8_t bits = 200;
		bool ok;

		CHECK(exact != NULL);
		memcpy(exact, row[i].s, len);
		ok = weir_text_parse_cidr(exact, len, &a, &bits);
		free(exact);
		CHECK_EQ(ok, row[i].bits >= 0);
		CHECK_EQ(bits, ok ? row[i].bits : 200);
		if (!ok)
			continue;
		CHECK(slow_parse(row[i].addr, &want));
		CHECK(weir_addr_is_equal(&a, &want));
	}
}

static void what_others_chose_is_escaped(void **state)
{
	static const char in[] = "a\\b\n\x1b[0m\x7f\0~ \xc3\xa9";
	char b[64];
	struct weir_text t = weir_text_over(b, sizeof(b));

	(void)state;
	weir_text_add_escaped(&t, in, sizeof(in) - 1);
	assert_string_equal(b, "a\\\\b\\x0a\\x1b[0m\\x7f\\x00~ \\xc3\\xa9");
	for (unsigned c = 0; c < 256; c++) {
		uint8_t byte = (uint8_t)c;

		t = weir_text_over(b, sizeof(b));
		weir_text_add_escaped(&t, &byte, 1);
		for (size_t i = 0; i < t.len; i++)
			CHECK(b[i] >= 0x20 && b[i] < 0x7f);
		CHECK_EQ(t.len, c == '\\' ? 2 : c >= 0x20 && c < 0x7f ? 1 : 4);
	}
}

/* One call of each kind; @k says which. */
static void add_part(struct weir_text *t, unsigned k)
{
	static const struct weir_mac mac = { { 1, 2, 3, 4, 5, 6 } };
	const struct weir_addr ip4 = weir_addr_from4(0x0a000203);
	static const struct weir_addr ip6 = { { 0x20, 1, [15] = 1 } };

	switch (k) {
	case 0:
		weir_text_add(t, "from ");
		break;
	case 1:
		weir_text_add_addr(t, &ip4);
		break;
	case 2:
		weir_text_add_char(t, '|');
		break;
	case 3:
		weir_text_add_endpoint(t, &ip6, 443);
		break;
	case 4:
		weir_text_add_mac(t, &mac);
		break;
	case 5:
		weir_text_add_u64(t, 1234567890);
		break;
	case 6:
		weir_text_add_hex(t, 0xbeef, 8);
		break;
	case 7:
		weir_text_add_bytes(t, "xyz", 3);
		break;
	default:
		weir_text_add_escaped(t, "a\\\n\n", 4);
	}
}

static void
a_part_that_does_not_fit_is_left_out_with_all_that_follows(void **state)
{
	enum { PARTS = 9 };
	char whole[128];
	size_t end[PARTS + 1] = { 0 };
	struct weir_text t = weir_text_over(whole, sizeof(whole));

	(void)state;
	for (unsigned k = 0; k < PARTS; k++) {
		add_part(&t, k);
		end[k + 1] = t.len;
		CHECK(end[k + 1] > end[k]);
	}
	CHECK(weir_text_ok(&t));
	for (size_t room = 1; room <= end[PARTS] + 1; room++) {
		char *exact = malloc(room);
		unsigned fit = 0;

		CHECK(exact != NULL);
		t = weir_text_over(exact, room);
		for (unsigned k = 0; k < PARTS; k++) {
			add_part(&t, k);
			CHECK_EQ(weir_text_ok(&t), end[k + 1] < room);
		}
		while (fit < PARTS && end[fit + 1] < room)
			fit++;
		CHECK_EQ(t.len, end[fit]);
		CHECK_EQ(strlen(exact), t.len);
		CHECK(memcmp(exact, whole, t.len) == 0);
		free(exact);
	}
}

static void open_no_room(void *mem)
{
	(void)weir_text_over(mem, 0);
}

static void add_too_many_digits(void *mem)
{
	struct weir_text t = weir_text_over(mem, 40);

	weir_text_add_hex(&t, 1, 17);
}

static void nonsense_from_our_own_code_stops(void **state)
{
	char b[40];

	(void)state;
	CHECK(stops(open_no_room, b));
	CHECK(stops(add_too_many_digits, b));
}

T_MAIN(T(addresses_are_written_as_the_c_library_does),
       T(addresses_known_by_heart), T(what_is_not_an_address_is_refused),
       T(random_text_is_judged_as_the_c_library_does),
       T(numbers_are_written_as_printf_does),
       T(numbers_are_read_up_to_their_limit),
       T(small_limits_agree_with_counting),
       T(endpoints_and_hardware_addresses_are_written),
       T(hardware_addresses_are_read),
       T(prefixes_are_read_in_the_bits_of_both_families),
       T(what_others_chose_is_escaped),
       T(a_part_that_does_not_fit_is_left_out_with_all_that_follows),
       T(nonsense_from_our_own_code_stops))
