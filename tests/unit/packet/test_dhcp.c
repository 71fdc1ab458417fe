/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/dhcp.h"

#include "../t.h"

#define FIXED 240u /* up to and with the magic cookie */

static const struct weir_mac mac = { { 2, 9, 8, 7, 6, 5 } };
static const uint8_t names[] = { 4,   'w', 'e', 'i', 'r', 8, 'i', 'n', 't', 'e',
				 'r', 'n', 'a', 'l', 0,   3, 'l', 'a', 'n', 0 };

/* the fields before the options, as a client fills them */
static struct weir_wr open_message(uint8_t *b, size_t room)
{
	struct weir_wr w = weir_wr_over(b, room);

	weir_wr_u8(&w, 1);
	weir_wr_u8(&w, 1);
	weir_wr_u8(&w, 6);
	weir_wr_u8(&w, 0);
	weir_wr_be32(&w, 0x11223344);
	weir_wr_be16(&w, 7);
	weir_wr_be16(&w, 0x8000);
	weir_wr_be32(&w, 0x0a00020f);
	weir_wr_fill(&w, 0, 12);
	weir_wr_copy(&w, mac.b, 6);
	weir_wr_fill(&w, 0, 10 + 64 + 128);
	weir_wr_be32(&w, 0x63825363);
	return w;
}

static void option(struct weir_wr *w, uint8_t code, const char *body, size_t n)
{
	weir_wr_u8(w, code);
	weir_wr_u8(w, (uint8_t)n);
	weir_wr_copy(w, body, n);
}

/* every option that is known, and some that are not */
static size_t full_message(uint8_t *b, size_t room)
{
	struct weir_wr w = open_message(b, room);

	option(&w, 53, "\1", 1);
	weir_wr_u8(&w, 0);
	option(&w, 61, "\1\2\3\4\5\6\7", 7);
	option(&w, 50, "\12\0\2\20", 4);
	option(&w, 54, "\12\0\2\2", 4);
	option(&w, 57, "\5\334", 2);
	option(&w, 12, "victim", 6);
	option(&w, 60, "udhcp", 5);
	option(&w, 55, "\1\3\6\32\167\371", 6);
	option(&w, 80, NULL, 0);
	option(&w, 43, NULL, 0);
	weir_wr_u8(&w, 255);
	CHECK(weir_wr_ok(&w));
	return weir_wr_len(&w);
}

/* parse an exact copy, so that ASan sees a read past its edge */
static enum weir_reason parse(const uint8_t *b, size_t n, struct weir_dhcp *ret)
{
	uint8_t *exact = malloc(n + 1);
	struct weir_rd in;
	enum weir_reason why;

	assert_non_null(exact);
	memcpy(exact, b, n);
	in = weir_rd_over(exact, n);
	why = weir_dhcp_parse(&in, ret);
	free(exact);
	return why;
}

static void what_a_client_asks_is_read(void **state)
{
	uint8_t b[600];
	size_t n = full_message(b, sizeof(b));
	struct weir_rd in = weir_rd_over(b, n);
	struct weir_dhcp m;

	(void)state;
	CHECK_EQ(weir_dhcp_parse(&in, &m), WEIR_REASON_NONE);
	CHECK_EQ(m.type, WEIR_DHCP_DISCOVER);
	CHECK_EQ(m.xid, 0x11223344);
	CHECK(m.broadcast && m.has_requested && m.has_server && m.rapid);
	CHECK(weir_mac_is_equal(&m.mac, &mac));
	CHECK_EQ(weir_addr_to4(&m.client), 0x0a00020f);
	CHECK_EQ(weir_addr_to4(&m.requested), 0x0a000210);
	CHECK_EQ(weir_addr_to4(&m.server), 0x0a000202);
	CHECK_EQ(m.packet_max, 1500);
	CHECK_EQ(m.id_len, 7);
	CHECK_EQ(memcmp(m.id, "\1\2\3\4\5\6\7", 7), 0);
	CHECK(m.has_wants);
	for (unsigned i = 0; i < 256; i++)
		CHECK_EQ(m.wants[i / 8] >> i % 8 & 1,
			 i == 1 || i == 3 || i == 6 || i == 26 || i == 119 ||
				 i == 249);
}

static void what_is_not_said_is_not_there(void **state)
{
	uint8_t b[600];
	struct weir_wr w = open_message(b, sizeof(b));
	struct weir_dhcp m;

	(void)state;
	b[10] = 0x7f; /* only the first flag means something */
	option(&w, 53, "\10", 1);
	weir_wr_u8(&w, 255);
	CHECK_EQ(parse(b, weir_wr_len(&w), &m), WEIR_REASON_NONE);
	CHECK_EQ(m.type, WEIR_DHCP_INFORM);
	CHECK(!m.broadcast && !m.has_requested && !m.has_server && !m.rapid);
	CHECK(!m.has_wants && m.id_len == 0);
	CHECK_EQ(m.packet_max, 576);
}

static void every_truncation_is_refused(void **state)
{
	uint8_t b[600];
	size_t n = full_message(b, sizeof(b));
	struct weir_dhcp m, before;

	(void)state;
	memset(&m, 0x5a, sizeof(m));
	before = m;
	for (size_t i = 0; i < n; i++)
		CHECK_EQ(parse(b, i, &m), WEIR_REASON_DHCP);
	CHECK_EQ(memcmp(&m, &before, sizeof(m)), 0);
	CHECK_EQ(parse(b, n, &m), WEIR_REASON_NONE);
	/* what lies behind the end does not matter */
	memset(b + n, 0xee, sizeof(b) - n);
	CHECK_EQ(parse(b, sizeof(b), &m), WEIR_REASON_NONE);
}

static void wrong_fields_are_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t v;
	} rows[] = {
		{ 0, 2 },   { 0, 0 },     { 1, 6 },     { 1, 0 },
		{ 2, 0 },   { 2, 5 },     { 2, 16 },    { 2, 255 },
		{ 24, 10 }, { 27, 1 },    { 236, 0 },   { 239, 0x64 },
		{ 242, 0 }, { 242, 2 },   { 242, 5 },   { 242, 6 },
		{ 242, 9 }, { 242, 13 },  { 242, 255 }, { 241, 0 },
		{ 241, 2 }, { 241, 255 },
	};
	uint8_t b[600];
	struct weir_dhcp m;

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = full_message(b, sizeof(b));

		b[rows[i].at] = rows[i].v;
		if (parse(b, n, &m) != WEIR_REASON_DHCP)
			fail_msg("byte %zu as %u is taken", rows[i].at,
				 rows[i].v);
	}
}

static void wrong_options_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		enum weir_reason why;
	} rows[] = {
		{ "\62\3\1\2\3", 5, WEIR_REASON_DHCP }, /* 50 */
		{ "\62\5\1\2\3\4\5", 7, WEIR_REASON_DHCP },
		{ "\62\0", 2, WEIR_REASON_DHCP },
		{ "\66\10\1\2\3\4\5\6\7\10", 10, WEIR_REASON_DHCP }, /* 54 */
		{ "\66\0", 2, WEIR_REASON_DHCP },
		{ "\71\1\1", 3, WEIR_REASON_DHCP }, /* 57 */
		{ "\71\4\1\1\1\1", 6, WEIR_REASON_DHCP },
		{ "\67\0", 2, WEIR_REASON_DHCP }, /* 55 */
		{ "\75\0", 2, WEIR_REASON_DHCP }, /* 61 */
		{ "\75\1\1", 3, WEIR_REASON_DHCP },
		{ "\75\2\1\1", 4, WEIR_REASON_NONE },
		{ "\120\1\1", 3, WEIR_REASON_DHCP }, /* 80 */
		{ "\64\0", 2, WEIR_REASON_DHCP },    /* 52 */
		{ "\64\1\0", 3, WEIR_REASON_DHCP },
		{ "\64\1\4", 3, WEIR_REASON_DHCP },
		{ "\64\2\1\1", 4, WEIR_REASON_DHCP },
		{ "\65\1\1", 3, WEIR_REASON_DHCP }, /* a second 53 */
		{ "\120\0\120\0", 4, WEIR_REASON_DHCP },
		{ "\75\2\1\1\75\2\1\1", 8, WEIR_REASON_DHCP },
		{ "\71\2\5\0\71\2\5\0", 8, WEIR_REASON_DHCP },
		{ "\67\1\1\67\1\3", 6, WEIR_REASON_NONE },
		{ "\14\1a\14\1b", 6, WEIR_REASON_NONE },
		{ "\14\377a", 3, WEIR_REASON_DHCP }, /* over the edge */
		{ "\14", 1, WEIR_REASON_DHCP },
		{ "", 0, WEIR_REASON_NONE },
	};
	struct weir_dhcp m;

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t b[300];
		struct weir_wr w = open_message(b, sizeof(b));

		option(&w, 53, "\1", 1);
		weir_wr_copy(&w, rows[i].bytes, rows[i].n);
		weir_wr_u8(&w, 255);
		if (parse(b, weir_wr_len(&w), &m) != rows[i].why)
			fail_msg("row %u", i);
	}
}

static void bootp_has_no_type_and_is_refused(void **state)
{
	uint8_t b[300];
	struct weir_wr w = open_message(b, sizeof(b));
	struct weir_dhcp m;

	(void)state;
	weir_wr_u8(&w, 255);
	weir_wr_fill(&w, 0, 300 - weir_wr_len(&w));
	CHECK_EQ(parse(b, 300, &m), WEIR_REASON_DHCP);
	memset(b + FIXED, 0, 300 - FIXED); /* padding without an end */
	CHECK_EQ(parse(b, 300, &m), WEIR_REASON_DHCP);
}

static void a_size_that_is_too_small_is_the_smallest(void **state)
{
	static const struct {
		const char *v;
		unsigned want;
	} rows[] = { { "\0\0", 576 },
		     { "\2\77", 576 },
		     { "\2\101", 577 },
		     { "\377\377", 65535 } };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		uint8_t b[300];
		struct weir_wr w = open_message(b, sizeof(b));
		struct weir_dhcp m;

		option(&w, 53, "\1", 1);
		option(&w, 57, rows[i].v, 2);
		weir_wr_u8(&w, 255);
		CHECK_EQ(parse(b, weir_wr_len(&w), &m), WEIR_REASON_NONE);
		CHECK_EQ(m.packet_max, rows[i].want);
	}
}

static void options_in_lent_fields_are_read(void **state)
{
	/* the type in one, Rapid Commit in the other */
	static const uint8_t type[] = { 53, 1, 3, 255 },
			     rapid[] = { 0, 0, 80, 0, 255 };
	struct weir_dhcp m;

	(void)state;
	for (unsigned lent = 1; lent < 4; lent++) {
		uint8_t b[300];
		struct weir_wr w = open_message(b, sizeof(b));
		char v = (char)lent;
		bool file = lent & 1, sname = lent & 2;

		option(&w, 52, &v, 1);
		weir_wr_u8(&w, 255);
		memcpy(b + 108, type, sizeof(type));
		memcpy(b + 44, rapid, sizeof(rapid));
		CHECK_EQ(parse(b, weir_wr_len(&w), &m),
			 file ? WEIR_REASON_NONE : WEIR_REASON_DHCP);
		if (file)
			CHECK_EQ(m.rapid, sname);
	}
}

static void lent_fields_are_read_as_strictly(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} rows[] = {
		{ "", 0 },                /* no end */
		{ "\14\177", 2 },         /* over the edge */
		{ "\65\1\1\377", 4 },     /* a second type */
		{ "\64\1\2\377", 4 },     /* lends on */
		{ "\62\3\1\2\3\377", 6 }, /* a wrong length */
	};
	struct weir_dhcp m;

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (unsigned lent = 1; lent < 3; lent++) {
			uint8_t b[300];
			struct weir_wr w = open_message(b, sizeof(b));
			char v = (char)lent;

			option(&w, 53, "\1", 1);
			option(&w, 52, &v, 1);
			weir_wr_u8(&w, 255);
			memcpy(b + (lent == 1 ? 108 : 44), rows[i].bytes,
			       rows[i].n);
			if (parse(b, weir_wr_len(&w), &m) != WEIR_REASON_DHCP)
				fail_msg("row %u, %u", i, lent);
			b[FIXED + 5] = (uint8_t)(3 - lent);
			b[lent == 1 ? 44 : 108] =
				255; /* the other one is fine */
			CHECK_EQ(parse(b, weir_wr_len(&w), &m),
				 WEIR_REASON_NONE);
		}
	}
}

/* --- answers --- */

static const struct weir_dhcp_answer offer = {
	.type = WEIR_DHCP_OFFER,
	.client = { .b = { [10] = 0xff, 0xff } },
	.your = { .b = { [10] = 0xff, 0xff, 10, 0, 2, 15 } },
	.server = { .b = { [10] = 0xff, 0xff, 10, 0, 2, 2 } },
	.dns = { .b = { [10] = 0xff, 0xff, 10, 0, 2, 3 } },
	.len4 = 24,
	.mtu = 1500,
	.lease_s = 86400,
	.rapid = true,
	.hostname = "box",
	.hostname_len = 3,
	.search = names,
	.search_len = sizeof(names),
};

/* a second reader: option @code of an answer, or NULL; @ret_len its length */
static const uint8_t *look_up(const uint8_t *b, size_t n, uint8_t code,
			      size_t *ret_len)
{
	size_t at = FIXED;

	while (at < n && b[at] != 255) {
		if (b[at] == 0) {
			at++;
			continue;
		}
		if (b[at] == code) {
			*ret_len = b[at + 1];
			return b + at + 2;
		}
		at += 2u + b[at + 1];
	}
	CHECK(at < n);
	return NULL;
}

static void check_option(const uint8_t *b, size_t n, uint8_t code,
			 const char *want, size_t want_len)
{
	size_t len = 0;
	const uint8_t *at = look_up(b, n, code, &len);

	if (!at || len != want_len || memcmp(at, want, len) != 0)
		fail_msg("option %u", code);
}

static void an_answer_says_all_that_is_needed(void **state)
{
	uint8_t b[548];
	struct weir_wr w = weir_wr_over(b, sizeof(b));
	struct weir_dhcp q = { .xid = 0xdeadbeef,
			       .broadcast = true,
			       .mac = mac,
			       .rapid = true,
			       .id = (const uint8_t *)"\1abc",
			       .id_len = 4 };
	size_t n;

	(void)state;
	weir_dhcp_build(&q, &offer, &w);
	CHECK(weir_wr_ok(&w));
	n = weir_wr_len(&w);
	CHECK(n >= WEIR_DHCP_MIN_BYTES);
	CHECK_EQ(memcmp(b, "\2\1\6\0\xde\xad\xbe\xef\0\0\x80\0", 12), 0);
	CHECK_EQ(memcmp(b + 12, "\0\0\0\0\12\0\2\17\0\0\0\0\0\0\0\0", 16), 0);
	CHECK_EQ(memcmp(b + 28, mac.b, 6), 0);
	for (unsigned i = 34; i < 236; i++)
		CHECK_EQ(b[i], 0);
	check_option(b, n, 53, "\2", 1);
	check_option(b, n, 54, "\12\0\2\2", 4);
	check_option(b, n, 51, "\0\1\121\200", 4);
	check_option(b, n, 58, "\0\0\250\300", 4);
	check_option(b, n, 59, "\0\1\47\120", 4); /* seven eighths */
	check_option(b, n, 1, "\377\377\377\0", 4);
	check_option(b, n, 3, "\12\0\2\2", 4);
	check_option(b, n, 6, "\12\0\2\3", 4);
	check_option(b, n, 26, "\5\334", 2);
	check_option(b, n, 80, "", 0);
	check_option(b, n, 61, "\1abc", 4);
	check_option(b, n, 12, "box", 3);
	check_option(b, n, 15, "weir.internal", 13);
	check_option(b, n, 119, (const char *)names, sizeof(names));
}

static void a_refusal_says_little(void **state)
{
	uint8_t b[548];
	struct weir_wr w = weir_wr_over(b, sizeof(b));
	struct weir_dhcp q = { .mac = mac, .rapid = true };
	struct weir_dhcp_answer a = offer;
	size_t len;

	(void)state;
	a.type = WEIR_DHCP_NAK;
	weir_dhcp_build(&q, &a, &w);
	CHECK_EQ(weir_wr_len(&w), WEIR_DHCP_MIN_BYTES);
	check_option(b, 300, 53, "\6", 1);
	check_option(b, 300, 54, "\12\0\2\2", 4);
	for (unsigned i = 12; i < 28; i++)
		CHECK_EQ(b[i], 0);
	for (unsigned code = 1; code < 255; code++)
		CHECK_EQ(look_up(b, 300, (uint8_t)code, &len) != NULL,
			 code == 53 || code == 54);
}

static void
the_list_of_wants_is_honoured_but_the_mtu_is_always_told(void **state)
{
	static const uint8_t wished[] = { 12, 15, 58, 59, 119 };
	size_t len;

	(void)state;
	for (unsigned pick = 0; pick < 32; pick++) {
		uint8_t b[548];
		struct weir_wr w = weir_wr_over(b, sizeof(b));
		struct weir_dhcp q = { .mac = mac, .has_wants = true };

		for (unsigned i = 0; i < 5; i++)
			if (pick >> i & 1)
				q.wants[wished[i] / 8] |=
					(uint8_t)(1u << wished[i] % 8);
		weir_dhcp_build(&q, &offer, &w);
		for (unsigned i = 0; i < 5; i++)
			CHECK_EQ(look_up(b, weir_wr_len(&w), wished[i], &len) !=
					 NULL,
				 pick >> i & 1);
		check_option(b, weir_wr_len(&w), 26, "\5\334", 2);
		check_option(b, weir_wr_len(&w), 51, "\0\1\121\200", 4);
		CHECK(!look_up(b, weir_wr_len(&w), 80, &len));
	}
}

static void without_a_lease_there_are_no_times(void **state)
{
	uint8_t b[548];
	struct weir_wr w = weir_wr_over(b, sizeof(b));
	struct weir_dhcp q = { .mac = mac };
	struct weir_dhcp_answer a = offer;
	size_t len;

	(void)state;
	a.lease_s = 0;
	a.hostname_len = a.search_len = 0;
	weir_dhcp_build(&q, &a, &w);
	for (unsigned i = 0; i < 6; i++)
		CHECK(!look_up(b, weir_wr_len(&w),
			       (const uint8_t[]){ 51, 58, 59, 12, 15, 119 }[i],
			       &len));
}

static void any_subnet_has_its_mask(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits <= 32; bits++) {
		uint8_t b[548], mask[4] = { 0 };
		struct weir_wr w = weir_wr_over(b, sizeof(b));
		struct weir_dhcp q = { .mac = mac };
		struct weir_dhcp_answer a = offer;

		for (unsigned i = 0; i < bits; i++)
			mask[i / 8] |= (uint8_t)(0x80u >> i % 8);
		a.len4 = (uint8_t)bits;
		weir_dhcp_build(&q, &a, &w);
		check_option(b, weir_wr_len(&w), 1, (const char *)mask, 4);
	}
}

static void what_has_no_room_is_left_out_or_the_writer_is_bad(void **state)
{
	uint8_t id[255], search[WEIR_DHCP_SEARCH_MAX_BYTES];
	struct weir_dhcp q = {
		.mac = mac, .id = id, .id_len = 255, .rapid = true
	};
	struct weir_dhcp_answer a = offer;
	bool all = false;
	size_t len;

	(void)state;
	memset(id, 1, sizeof(id));
	for (size_t i = 0; i < sizeof(search); i++)
		search[i] = i % 48 ? 'a' : 47;
	search[192] = 46;
	search[239] = 0;
	a.search = search;
	a.search_len = sizeof(search);
	for (size_t room = 0; room < 1200; room++) {
		uint8_t *b = malloc(room + 1);
		struct weir_wr w = weir_wr_over(b, room);

		weir_dhcp_build(&q, &a, &w);
		CHECK(weir_wr_ok(&w) || room < 576 - 28);
		if (weir_wr_ok(&w)) {
			CHECK(look_up(b, weir_wr_len(&w), 61, &len));
			CHECK(look_up(b, weir_wr_len(&w), 26, &len));
			all = look_up(b, weir_wr_len(&w), 119, &len) &&
			      look_up(b, weir_wr_len(&w), 15, &len);
		}
		free(b);
	}
	CHECK(all);
}

static void a_search_list_that_is_none_has_no_domain(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} rows[] = { { "\4we", 3 }, { "\0", 1 }, { "\4weir", 5 } };
	size_t len;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		uint8_t b[548];
		struct weir_wr w = weir_wr_over(b, sizeof(b));
		struct weir_dhcp q = { .mac = mac };
		struct weir_dhcp_answer a = offer;

		a.search = (const uint8_t *)rows[i].bytes;
		a.search_len = rows[i].n;
		weir_dhcp_build(&q, &a, &w);
		CHECK(!look_up(b, weir_wr_len(&w), 15, &len));
	}
}

T_MAIN(T(what_a_client_asks_is_read), T(what_is_not_said_is_not_there),
       T(every_truncation_is_refused), T(wrong_fields_are_refused),
       T(wrong_options_are_refused), T(bootp_has_no_type_and_is_refused),
       T(a_size_that_is_too_small_is_the_smallest),
       T(options_in_lent_fields_are_read), T(lent_fields_are_read_as_strictly),
       T(an_answer_says_all_that_is_needed), T(a_refusal_says_little),
       T(the_list_of_wants_is_honoured_but_the_mtu_is_always_told),
       T(without_a_lease_there_are_no_times), T(any_subnet_has_its_mask),
       T(what_has_no_room_is_left_out_or_the_writer_is_bad),
       T(a_search_list_that_is_none_has_no_domain))
