/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/dhcpv6.h"

#include "../t.h"

static const struct weir_mac mac = { { 2, 9, 8, 7, 6, 5 } };
static const struct weir_addr given = { .b = { 0xfd, 0x77, [15] = 0x15 } };
static const struct weir_addr other = { .b = { 0xfd, 0x77, [15] = 0x16 } };
static const uint8_t duid[] = { 0, 1, 0, 1, 9, 9, 9, 9, 2, 1, 1, 1, 1, 1 };

static void option(struct weir_wr *w, uint16_t code, const void *body, size_t n)
{
	weir_wr_be16(w, code);
	weir_wr_be16(w, (uint16_t)n);
	weir_wr_copy(w, body, n);
}

static void write_ia(struct weir_wr *w, uint16_t code, uint32_t id,
		     unsigned addrs)
{
	size_t fixed = code == 4 ? 4 : 12;

	weir_wr_be16(w, code);
	weir_wr_be16(w, (uint16_t)(fixed + addrs * 28));
	weir_wr_be32(w, id);
	if (fixed == 12)
		weir_wr_be64(w, 0);
	for (unsigned i = 0; i < addrs; i++) {
		weir_wr_be16(w, 5);
		weir_wr_be16(w, 24);
		weir_wr_copy(w, i ? other.b : given.b, 16);
		weir_wr_be64(w, 0x0000000100000002);
	}
}

static struct weir_wr open_message(uint8_t *b, size_t room, uint8_t type)
{
	struct weir_wr w = weir_wr_over(b, room);

	weir_wr_be32(&w, (uint32_t)type << 24 | 0x123456);
	return w;
}

/* every option that is known, and one that is not; a window on each boundary */
static size_t full_message(uint8_t *b, size_t room, size_t *boundary,
			   unsigned *boundaries)
{
	struct weir_wr w = open_message(b, room, WEIR_DHCPV6_REQUEST);
	unsigned n = 0;

	option(&w, 1, duid, sizeof(duid));
	boundary[n++] = weir_wr_len(&w);
	option(&w, 2, "\0\3\0\1\2\11\10\7\6\5", 10);
	boundary[n++] = weir_wr_len(&w);
	option(&w, 8, "\0\0", 2);
	boundary[n++] = weir_wr_len(&w);
	write_ia(&w, 3, 77, 2);
	boundary[n++] = weir_wr_len(&w);
	write_ia(&w, 4, 78, 1);
	boundary[n++] = weir_wr_len(&w);
	write_ia(&w, 25, 79, 0);
	boundary[n++] = weir_wr_len(&w);
	option(&w, 14, NULL, 0);
	boundary[n++] = weir_wr_len(&w);
	option(&w, 6, "\0\27\0\30\0\122", 6);
	CHECK(weir_wr_ok(&w));
	*boundaries = n;
	return weir_wr_len(&w);
}

static enum weir_reason parse(const uint8_t *b, size_t n,
			      struct weir_dhcpv6 *ret)
{
	uint8_t *exact = malloc(n + 1);
	struct weir_rd in;
	enum weir_reason why;

	assert_non_null(exact);
	memcpy(exact, b, n);
	in = weir_rd_over(exact, n);
	why = weir_dhcpv6_parse(&in, ret);
	free(exact);
	return why;
}

static void what_a_client_asks_is_read(void **state)
{
	uint8_t b[600];
	size_t boundary[8];
	unsigned boundaries;
	size_t n = full_message(b, sizeof(b), boundary, &boundaries);
	struct weir_rd in = weir_rd_over(b, n);
	struct weir_dhcpv6 m;

	(void)state;
	CHECK_EQ(weir_dhcpv6_parse(&in, &m), WEIR_REASON_NONE);
	CHECK_EQ(m.type, WEIR_DHCPV6_REQUEST);
	CHECK_EQ(m.xid, 0x123456);
	CHECK_EQ(m.client_len, sizeof(duid));
	CHECK_EQ(memcmp(m.client, duid, sizeof(duid)), 0);
	CHECK(weir_dhcpv6_is_server(m.server, m.server_len, &mac));
	CHECK(!weir_dhcpv6_is_server(m.client, m.client_len, &mac));
	CHECK(m.rapid && m.has_wants && m.wants_dns && m.wants_search);
	CHECK_EQ(m.n, 3);
	CHECK_EQ(m.ia[0].code, WEIR_DHCPV6_IA_NA);
	CHECK_EQ(m.ia[0].id, 77);
	CHECK_EQ(m.ia[0].n, 2);
	CHECK(weir_addr_is_equal(&m.ia[0].addr[0], &given));
	CHECK(weir_addr_is_equal(&m.ia[0].addr[1], &other));
	CHECK_EQ(m.ia[1].code, WEIR_DHCPV6_IA_TA);
	CHECK_EQ(m.ia[1].id, 78);
	CHECK_EQ(m.ia[1].n, 1);
	CHECK_EQ(m.ia[2].code, WEIR_DHCPV6_IA_PD);
	CHECK_EQ(m.ia[2].id, 79);
	CHECK_EQ(m.ia[2].n, 0);
}

static void a_truncation_is_refused_unless_it_ends_with_an_option(void **state)
{
	uint8_t b[600];
	size_t boundary[8];
	unsigned boundaries;
	size_t n = full_message(b, sizeof(b), boundary, &boundaries);
	struct weir_dhcpv6 m;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		bool whole = false;

		/* the first is the client's identifier; it lacks the server's */
		for (unsigned k = 1; k < boundaries; k++)
			whole |= i == boundary[k];
		if (parse(b, i, &m) !=
		    (whole ? WEIR_REASON_NONE : WEIR_REASON_DHCP))
			fail_msg("%zu of %zu bytes", i, n);
	}
	CHECK_EQ(parse(b, n, &m), WEIR_REASON_NONE);
}

static void each_type_has_the_identifiers_it_must_have(void **state)
{
	/* client, server, association: may it have it, or not? */
	static const struct {
		uint8_t type;
		const char *must, *may;
	} rows[] = {
		{ 1, "c", "ci" },   { 3, "cs", "csi" }, { 4, "c", "ci" },
		{ 5, "cs", "csi" }, { 6, "c", "ci" },   { 8, "cs", "csi" },
		{ 9, "cs", "csi" }, { 11, "", "cs" },
	};

	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		const char *must = "x", *may = "";

		for (unsigned i = 0; i < 8; i++) {
			if (rows[i].type != type)
				continue;
			must = rows[i].must;
			may = rows[i].may;
		}
		for (unsigned pick = 0; pick < 8; pick++) {
			uint8_t b[200];
			struct weir_wr w =
				open_message(b, sizeof(b), (uint8_t)type);
			bool good = *must != 'x';
			struct weir_dhcpv6 m;

			if (pick & 1)
				option(&w, 1, duid, sizeof(duid));
			if (pick & 2)
				option(&w, 2, duid, sizeof(duid));
			if (pick & 4)
				write_ia(&w, 3, 1, 0);
			for (unsigned k = 0; k < 3; k++) {
				bool has = pick >> k & 1;

				if (has ? !strchr(may, "csi"[k])
					: strchr(must, "csi"[k]) != NULL)
					good = false;
			}
			if ((parse(b, weir_wr_len(&w), &m) ==
			     WEIR_REASON_NONE) != good)
				fail_msg("type %u with %u", type, pick);
		}
	}
}

static void wrong_options_are_refused(void **state)
{
	static const struct {
		const char *what;
		const char *bytes;
		size_t n;
		enum weir_reason why;
	} rows[] = {
		{ "none", "", 0, WEIR_REASON_NONE },
		{ "unknown", "\377\377\0\1a", 5, WEIR_REASON_NONE },
		{ "a second client", "\0\1\0\4abcd", 8, WEIR_REASON_DHCP },
		{ "a server of two bytes", "\0\2\0\2ab", 6, WEIR_REASON_DHCP },
		{ "an empty server", "\0\2\0\0", 4, WEIR_REASON_DHCP },
		{ "over the edge", "\0\10\0\3ab", 6, WEIR_REASON_DHCP },
		{ "half a header", "\0\10\0", 3, WEIR_REASON_DHCP },
		{ "odd wants", "\0\6\0\3\0\27\0", 7, WEIR_REASON_DHCP },
		{ "no wants", "\0\6\0\0", 4, WEIR_REASON_NONE },
		{ "wants twice", "\0\6\0\2\0\27\0\6\0\2\0\30", 12,
		  WEIR_REASON_DHCP },
		{ "rapid with a byte", "\0\16\0\1a", 5, WEIR_REASON_DHCP },
		{ "rapid twice", "\0\16\0\0\0\16\0\0", 8, WEIR_REASON_DHCP },
		{ "a short association", "\0\3\0\13abcdefghijk", 15,
		  WEIR_REASON_DHCP },
		{ "a short temporary one", "\0\4\0\3abc", 7, WEIR_REASON_DHCP },
		{ "a temporary one", "\0\4\0\4abcd", 8, WEIR_REASON_NONE },
		{ "a short address inside",
		  "\0\4\0\30abcd\0\5\0\20aaaaaaaaaaaaaaaa", 28,
		  WEIR_REASON_DHCP },
		{ "an address over the inner edge",
		  "\0\4\0\14abcd\0\5\0\30aaaa"
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		  16, WEIR_REASON_DHCP },
		{ "an option inside", "\0\4\0\11abcd\0\15\0\1a", 13,
		  WEIR_REASON_NONE },
		{ "no address in a prefix",
		  "\0\31\0\24abcdefghijkl\0\5\0\4aaaa", 24, WEIR_REASON_NONE },
	};
	struct weir_dhcpv6 m;

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t b[200];
		struct weir_wr w =
			open_message(b, sizeof(b), WEIR_DHCPV6_SOLICIT);

		option(&w, 1, duid, sizeof(duid));
		weir_wr_copy(&w, rows[i].bytes, rows[i].n);
		if (parse(b, weir_wr_len(&w), &m) != rows[i].why)
			fail_msg("%s", rows[i].what);
	}
}

static void identifiers_and_associations_are_bounded(void **state)
{
	uint8_t b[1400], id[132] = { 0 };
	struct weir_dhcpv6 m;

	(void)state;
	for (size_t len = 0; len <= sizeof(id); len++) {
		struct weir_wr w =
			open_message(b, sizeof(b), WEIR_DHCPV6_SOLICIT);

		option(&w, 1, id, len);
		CHECK_EQ(parse(b, weir_wr_len(&w), &m),
			 len >= 3 && len <= 130 ? WEIR_REASON_NONE
						: WEIR_REASON_DHCP);
	}
	for (unsigned n = 0; n < 8; n++) {
		for (unsigned addrs = 0; addrs < 6; addrs++) {
			struct weir_wr w =
				open_message(b, sizeof(b), WEIR_DHCPV6_SOLICIT);

			option(&w, 1, duid, sizeof(duid));
			for (unsigned i = 0; i < n; i++)
				write_ia(&w, 3, i, addrs);
			CHECK_EQ(parse(b, weir_wr_len(&w), &m),
				 n <= 4 && (addrs <= 4 || n == 0)
					 ? WEIR_REASON_NONE
					 : WEIR_REASON_DHCP);
		}
	}
}

/* --- answers --- */

static const uint8_t names[] = { 3, 'l', 'a', 'n', 0 };

static const struct weir_dhcpv6_answer reply = {
	.type = WEIR_DHCPV6_REPLY,
	.server = { { 2, 9, 8, 7, 6, 5 } },
	.given = { .b = { 0xfd, 0x77, [15] = 0x15 } },
	.lease_s = 86400,
	.has_network = true,
	.dns = { .b = { 0xfd, 0x77, [15] = 3 } },
	.search = names,
	.search_len = sizeof(names),
};

/* a second reader: where option @code begins in @n bytes, NULL if nowhere */
static const uint8_t *look_up(const uint8_t *b, size_t n, unsigned code,
			      size_t *ret_len)
{
	size_t at = 0;

	while (at < n) {
		size_t len = (size_t)b[at + 2] << 8 | b[at + 3];

		CHECK(at + 4 + len <= n);
		if (((unsigned)b[at] << 8 | b[at + 1]) == code) {
			*ret_len = len;
			return b + at + 4;
		}
		at += 4 + len;
	}
	CHECK_EQ(at, n);
	return NULL;
}

static void check_option(const struct weir_wr *w, unsigned code,
			 const void *want, size_t want_len)
{
	size_t len = 0;
	const uint8_t *at =
		look_up(w->start + 4, weir_wr_len(w) - 4, code, &len);

	if (!at || len != want_len || memcmp(at, want, len) != 0)
		fail_msg("option %u", code);
}

static bool has_option(const struct weir_wr *w, unsigned code)
{
	size_t len;

	return look_up(w->start + 4, weir_wr_len(w) - 4, code, &len) != NULL;
}

static void an_answer_says_all_that_is_needed(void **state)
{
	static const char ia[] =
		"\0\0\0\115\0\0\250\300\0\1\16\0"
		"\0\5\0\30\375\167\0\0\0\0\0\0\0\0\0\0\0\0\0\25"
		"\0\1\121\200\0\1\121\200"
		"\0\5\0\30\375\167\0\0\0\0\0\0\0\0\0\0\0\0\0\26"
		"\0\0\0\0\0\0\0\0";
	uint8_t b[600];
	struct weir_wr w = weir_wr_over(b, sizeof(b));
	struct weir_dhcpv6 q = { .xid = 0x654321,
				 .client = duid,
				 .client_len = sizeof(duid) };
	struct weir_dhcpv6_answer a = reply;

	(void)state;
	a.rapid = true;
	a.has_status = true;
	a.n = 1;
	a.ia[0] = (struct weir_dhcpv6_ia){
		.code = 3, .id = 77, .n = 2, .addr = { given, other }
	};
	weir_dhcpv6_build(&q, &a, &w);
	CHECK(weir_wr_ok(&w));
	CHECK_EQ(memcmp(b, "\7\145\103\41", 4), 0);
	check_option(&w, 1, duid, sizeof(duid));
	check_option(&w, 2, "\0\3\0\1\2\11\10\7\6\5", 10);
	check_option(&w, 13, "\0\0", 2);
	check_option(&w, 14, "", 0);
	check_option(&w, 23, reply.dns.b, 16);
	check_option(&w, 24, names, sizeof(names));
	check_option(&w, 3, ia, sizeof(ia) - 1);
	CHECK(!has_option(&w, 7));
	a.type = WEIR_DHCPV6_ADVERTISE;
	w = weir_wr_over(b, sizeof(b));
	weir_dhcpv6_build(&q, &a, &w);
	CHECK_EQ(b[0], 2);
	check_option(&w, 7, "\377", 1);
}

static void what_is_not_given_has_a_status_and_no_address(void **state)
{
	uint8_t b[600];
	struct weir_wr w = weir_wr_over(b, sizeof(b));
	struct weir_dhcpv6 q = { .xid = 1 };
	struct weir_dhcpv6_answer a = reply;

	(void)state;
	a.n = 3;
	a.ia[0] = (struct weir_dhcpv6_ia){
		.code = 3, .id = 1, .status = WEIR_DHCPV6_NO_ADDRS, .n = 1
	};
	a.ia[1] = (struct weir_dhcpv6_ia){ .code = 4,
					   .id = 2,
					   .status = WEIR_DHCPV6_NO_ADDRS };
	a.ia[2] = (struct weir_dhcpv6_ia){ .code = 25,
					   .id = 3,
					   .status = WEIR_DHCPV6_NO_PREFIX };
	weir_dhcpv6_build(&q, &a, &w);
	check_option(&w, 3, "\0\0\0\1\0\0\0\0\0\0\0\0\0\15\0\2\0\2", 18);
	check_option(&w, 4, "\0\0\0\2\0\15\0\2\0\2", 10);
	check_option(&w, 25, "\0\0\0\3\0\0\0\0\0\0\0\0\0\15\0\2\0\6", 18);
	CHECK(!has_option(&w, 1)); /* the client said none */
}

static void the_list_of_wants_is_honoured(void **state)
{
	(void)state;
	for (unsigned pick = 0; pick < 16; pick++) {
		uint8_t b[600];
		struct weir_wr w = weir_wr_over(b, sizeof(b));
		struct weir_dhcpv6 q = { .has_wants = pick & 1,
					 .wants_dns = pick & 2,
					 .wants_search = pick & 4 };
		struct weir_dhcpv6_answer a = reply;

		a.has_network = pick & 8;
		weir_dhcpv6_build(&q, &a, &w);
		CHECK_EQ(has_option(&w, 23),
			 (pick & 8) && (!(pick & 1) || (pick & 2)));
		CHECK_EQ(has_option(&w, 24),
			 (pick & 8) && (!(pick & 1) || (pick & 4)));
	}
}

static void without_room_the_writer_is_bad(void **state)
{
	struct weir_dhcpv6 q = { .client = duid, .client_len = sizeof(duid) };
	struct weir_dhcpv6_answer a = reply;
	bool whole = false;

	(void)state;
	a.n = 1;
	a.ia[0] = (struct weir_dhcpv6_ia){ .code = 3 };
	for (size_t room = 0; room < 300; room++) {
		uint8_t *b = malloc(room + 1);
		struct weir_wr w = weir_wr_over(b, room);

		weir_dhcpv6_build(&q, &a, &w);
		CHECK(!whole || weir_wr_ok(&w));
		whole = weir_wr_ok(&w);
		CHECK(!whole || has_option(&w, 24));
		free(b);
	}
	CHECK(whole);
}

static void a_server_is_known_by_all_of_its_identifier(void **state)
{
	uint8_t id[11] = { 0, 3, 0, 1, 2, 9, 8, 7, 6, 5, 0 };

	(void)state;
	for (size_t len = 0; len <= 11; len++)
		CHECK_EQ(weir_dhcpv6_is_server(id, len, &mac), len == 10);
	for (unsigned i = 0; i < 10; i++) {
		id[i] ^= 1;
		CHECK(!weir_dhcpv6_is_server(id, 10, &mac));
		id[i] ^= 1;
	}
}

T_MAIN(T(what_a_client_asks_is_read),
       T(a_truncation_is_refused_unless_it_ends_with_an_option),
       T(each_type_has_the_identifiers_it_must_have),
       T(wrong_options_are_refused),
       T(identifiers_and_associations_are_bounded),
       T(an_answer_says_all_that_is_needed),
       T(what_is_not_given_has_a_status_and_no_address),
       T(the_list_of_wants_is_honoured), T(without_room_the_writer_is_bad),
       T(a_server_is_known_by_all_of_its_identifier))
