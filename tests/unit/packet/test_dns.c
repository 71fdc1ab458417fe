/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/dns.h"

#include "../t.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* a question with EDNS: www.Example.com A IN, size 1232, DO, a cookie */
/* clang-format off */
static const uint8_t question[] = {
	0x12, 0x34, 0x01, 0x20, 0, 1, 0, 0, 0, 0, 0, 1,
	3, 'w', 'w', 'w', 7, 'E', 'x', 'a', 'm', 'p', 'l', 'e',
	3, 'c', 'o', 'm', 0, 0, 1, 0, 1,
	0, 0, 41, 0x04, 0xd0, 0, 0, 0x80, 0, 0, 12,
	0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8,
};
/* its answer: a CNAME to x.com by pointers, then its address, then an SOA */
static const uint8_t answer[] = {
	0x12, 0x34, 0x81, 0x80, 0, 1, 0, 2, 0, 1, 0, 0,
	3, 'w', 'w', 'w', 7, 'E', 'x', 'a', 'm', 'p', 'l', 'e',
	3, 'c', 'o', 'm', 0, 0, 1, 0, 1,
	0xc0, 12, 0, 5, 0, 1, 0, 0, 1, 0x2c, 0, 4, 1, 'x', 0xc0, 24,
	0xc0, 45, 0, 1, 0, 1, 0, 0, 0, 20, 0, 4, 93, 184, 216, 34,
	0xc0, 24, 0, 6, 0, 1, 0, 0, 0, 60, 0, 27,
	2, 'n', 's', 0xc0, 24, 0xc0, 16,
	0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5,
};
/* clang-format on */

static struct weir_dns_name name(const char *text)
{
	struct weir_dns_name n = { .len = 0 };

	CHECK(weir_dns_name_from_text(text, strlen(text), &n));
	return n;
}

static void is_text(const struct weir_dns_name *n, const char *want)
{
	char text[1024];

	CHECK(weir_dns_name_to_text(n, text, sizeof(text)) > 0);
	assert_string_equal(text, want);
}

static void reads_a_question_and_its_opt(void **state)
{
	struct weir_dns_walk w;
	struct weir_dns_question q;
	struct weir_dns_record r;
	struct weir_dns_edns e;

	(void)state;
	CHECK(weir_dns_walk_open(question, sizeof(question), &w));
	CHECK_EQ(w.header.id, 0x1234);
	CHECK_EQ(w.header.flags, WEIR_DNS_RD | WEIR_DNS_AD);
	CHECK(weir_dns_parse_question(&w, &q));
	is_text(&q.name, "www.Example.com");
	CHECK_EQ(q.type, WEIR_DNS_A);
	CHECK_EQ(q.class, WEIR_DNS_CLASS_IN);
	CHECK(!weir_dns_parse_question(&w, &q));
	CHECK_EQ(weir_dns_parse_record(&w, &r), WEIR_DNS_RECORD);
	CHECK_EQ(r.section, WEIR_DNS_ADDITIONAL);
	CHECK(weir_dns_parse_opt(&r, &e));
	CHECK_EQ(e.size, 1232);
	CHECK_EQ(e.version, 0);
	CHECK(e.dnssec_ok);
	CHECK_EQ(e.ede, WEIR_DNS_EDE_NONE);
	CHECK_EQ(weir_dns_parse_record(&w, &r), WEIR_DNS_END);
}

static void follows_pointers_in_owners_and_data(void **state)
{
	struct weir_dns_walk w;
	struct weir_dns_record r;
	struct weir_dns_name n;
	struct weir_addr a;

	(void)state;
	CHECK(weir_dns_walk_open(answer, sizeof(answer), &w));
	CHECK_EQ(weir_dns_parse_record(&w, &r), WEIR_DNS_RECORD);
	is_text(&r.owner, "www.Example.com");
	CHECK_EQ(r.ttl, 300);
	CHECK(weir_dns_parse_name(&w, &r.data, &n));
	is_text(&n, "x.com");
	CHECK_EQ(r.data.left, 0);
	CHECK_EQ(weir_dns_parse_record(&w, &r), WEIR_DNS_RECORD);
	is_text(&r.owner, "x.com");
	CHECK(weir_dns_parse_address(&r, &a));
	CHECK_EQ(weir_addr_to4(&a), 0x5db8d822);
	CHECK_EQ(weir_dns_parse_record(&w, &r), WEIR_DNS_RECORD);
	CHECK_EQ(r.section, WEIR_DNS_AUTHORITY);
	is_text(&r.owner, "com");
	CHECK_EQ(weir_dns_parse_record(&w, &r), WEIR_DNS_END);
}

static enum weir_dns_step walk_all(const uint8_t *b, size_t n)
{
	struct weir_dns_walk w;
	struct weir_dns_record r;
	enum weir_dns_step step;

	if (!weir_dns_walk_open(b, n, &w))
		return WEIR_DNS_BAD;
	while ((step = weir_dns_parse_record(&w, &r)) == WEIR_DNS_RECORD) {
	}
	return step;
}

static void every_truncation_and_every_extra_byte_is_bad(void **state)
{
	uint8_t longer[sizeof(answer) + 1] = { 0 };

	(void)state;
	for (size_t n = 0; n < sizeof(question); n++)
		CHECK_EQ(walk_all(question, n), WEIR_DNS_BAD);
	for (size_t n = 0; n < sizeof(answer); n++)
		CHECK_EQ(walk_all(answer, n), WEIR_DNS_BAD);
	memcpy(longer, answer, sizeof(answer));
	CHECK_EQ(walk_all(longer, sizeof(answer)), WEIR_DNS_END);
	CHECK_EQ(walk_all(longer, sizeof(longer)), WEIR_DNS_BAD);
}

/* parse the name at @at of a message whose bytes follow a header of zeroes */
static bool name_at(const uint8_t *b, size_t len, size_t at,
		    struct weir_dns_name *ret)
{
	uint8_t *msg = calloc(1, WEIR_DNS_HEADER_BYTES + len);
	struct weir_dns_walk w;
	struct weir_rd in;
	bool ok;

	memcpy(msg + WEIR_DNS_HEADER_BYTES, b, len);
	CHECK(weir_dns_walk_open(msg, WEIR_DNS_HEADER_BYTES + len, &w));
	in = weir_rd_over(msg, WEIR_DNS_HEADER_BYTES + len);
	(void)weir_rd_take(&in, at);
	ok = weir_dns_parse_name(&w, &in, ret);
	free(msg);
	return ok;
}

static void a_pointer_must_point_before_its_labels(void **state)
{
	/* clang-format off */
	static const struct {
		uint8_t b[12];
		size_t len, at;
		bool ok;
	} row[] = {
		{ { 1, 'a', 0, 0xc0, 12 }, 5, 15, true },
		{ { 0xc0, 12 }, 2, 12, false },		      /* itself */
		{ { 1, 'a', 0xc0, 12 }, 4, 12, false },	      /* its start */
		{ { 0xc0, 14, 0xc0, 12 }, 4, 14, false },     /* a circle */
		{ { 0xc0, 14, 0xc0, 12 }, 4, 12, false },     /* forward */
		{ { 1, 'a', 0xc0, 16, 0 }, 5, 12, false },    /* forward */
		{ { 0xc0, 0 }, 2, 12, false },		      /* the header */
		{ { 0, 0xc0, 11 }, 3, 13, false },	      /* the header */
		{ { 0xc0 }, 1, 12, false },		      /* half of one */
		{ { 0, 0xc0, 12, 0xc0, 13 }, 5, 15, true },   /* twice */
		{ { 0x40, 0 }, 2, 12, false },		      /* reserved */
		{ { 0x80, 0 }, 2, 12, false },		      /* reserved */
		{ { 5, 'a', 'b' }, 3, 12, false },	      /* overrun */
		{ { 1, 'a' }, 2, 12, false },		      /* no root */
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < LEN(row); i++) {
		struct weir_dns_name n = { .len = 77 };
		bool ok = name_at(row[i].b, row[i].len, row[i].at, &n);

		if (ok != row[i].ok)
			fail_msg("row %zu", i);
		if (!ok)
			CHECK_EQ(n.len, 77);
	}
}

static void a_name_has_at_most_255_bytes(void **state)
{
	struct weir_dns_name n;
	uint8_t b[512];

	(void)state;
	for (size_t last = 58; last <= 63; last++) {
		size_t at = 0;

		for (unsigned i = 0; i < 3; i++) {
			b[at] = 63;
			memset(b + at + 1, 'x', 63);
			at += 64;
		}
		b[at] = (uint8_t)last;
		memset(b + at + 1, 'y', last);
		at += last + 1;
		b[at++] = 0;
		CHECK_EQ(name_at(b, at, 12, &n), at <= 255);
		if (at <= 255)
			CHECK_EQ(n.len, at);
	}
	/* by pointers too: 200 labels of one byte before the 100 of another */
	memset(b, 0, sizeof(b));
	for (unsigned i = 0; i < 100; i++) {
		b[2 * i] = 1;
		b[2 * i + 1] = 'a';
	}
	for (unsigned i = 0; i < 100; i++) {
		b[201 + 2 * i] = 1;
		b[202 + 2 * i] = 'b';
	}
	b[401] = 0xc0;
	b[402] = 12;
	CHECK(!name_at(b, 403, 12 + 201, &n));
	CHECK(name_at(b, 403, 12 + 347, &n));
	CHECK_EQ(n.len, 255);
}

static void names_go_to_text_and_back(void **state)
{
	static const char *const good[] = { "a", "www.example.com", "_x._tcp.q",
					    "xn--mnchen-3ya.de" };
	static const char *const bad[] = { "a..b", ".a", "..", "a.." };
	struct weir_dns_name n, m;
	char text[300], label[70];

	(void)state;
	for (size_t i = 0; i < LEN(good); i++) {
		n = name(good[i]);
		is_text(&n, good[i]);
		CHECK_EQ(n.len, strlen(good[i]) + 2);
	}
	for (size_t i = 0; i < LEN(bad); i++)
		CHECK(!weir_dns_name_from_text(bad[i], strlen(bad[i]), &n));
	n = name("example.com.");
	m = name("example.com");
	CHECK(weir_dns_is_exact_name(&n, &m));
	n = name("");
	CHECK_EQ(n.len, 1);
	is_text(&n, ".");
	memset(label, 'l', sizeof(label));
	CHECK(weir_dns_name_from_text(label, 63, &n));
	CHECK(!weir_dns_name_from_text(label, 64, &n));
	for (size_t i = 0; i < 300; i++)
		text[i] = i % 2 ? '.' : 'a';
	CHECK(weir_dns_name_from_text(text, 253, &n)); /* 127 labels */
	CHECK_EQ(n.len, 255);
	CHECK(!weir_dns_name_from_text(text, 255, &n));
}

static void text_of_hostile_names_is_safe_and_bounded(void **state)
{
	struct weir_dns_name n = { .len = 7,
				   .b = { 5, '\n', '.', '\\', 0, 0xff, 0 } };
	char text[64];

	(void)state;
	is_text(&n, "\\010\\046\\092\\000\\255");
	for (size_t room = 0; room <= 20; room++) {
		text[0] = 'x';
		CHECK_EQ(weir_dns_name_to_text(&n, text, room), 0);
		CHECK(room == 0 || text[0] == '\0');
	}
	CHECK_EQ(weir_dns_name_to_text(&n, text, 21), 20);
}

static void case_counts_only_when_it_shall(void **state)
{
	struct weir_dns_name a = name("Www.EXAMPLE.com"),
			     b = name("wWw.example.COM"),
			     c = name("www.example.co"), l = a;
	uint8_t upper[WEIR_DNS_CASE_BYTES], all[WEIR_DNS_CASE_BYTES];

	(void)state;
	CHECK(weir_dns_is_same_name(&a, &b));
	CHECK(!weir_dns_is_exact_name(&a, &b));
	CHECK(!weir_dns_is_same_name(&a, &c));
	weir_dns_lower(&l, upper);
	is_text(&l, "www.example.com");
	weir_dns_raise(&l, upper);
	CHECK(weir_dns_is_exact_name(&l, &a));
	memset(all, 0xff, sizeof(all));
	weir_dns_raise(&l, all);
	is_text(&l, "WWW.EXAMPLE.COM");
	l = name("a-1_z.{[`@");
	weir_dns_raise(&l, all);
	is_text(&l, "A-1_Z.{[`@");
}

static void only_whole_labels_are_below(void **state)
{
	static const struct {
		const char *name, *base;
		bool below;
	} row[] = {
		{ "a.b", "b", true },       { "b", "b", true },
		{ "B", "b", true },         { "a.B", "b", true },
		{ "ab", "b", false },       { "b", "a.b", false },
		{ "x", ".", true },         { "", "x", false },
		{ "a.bb.c", "b.c", false }, { "b.c.d", "b.c", false },
	};

	(void)state;
	for (size_t i = 0; i < LEN(row); i++) {
		struct weir_dns_name n = name(row[i].name),
				     b = name(row[i].base);

		if (weir_dns_is_below(&n, &b) != row[i].below)
			fail_msg("%s below %s", row[i].name, row[i].base);
	}
}

static void reverse_names_are_those_of_the_rfcs(void **state)
{
	struct weir_addr a = weir_addr_from4(0x0a00020f),
			 b = { .b = { 0x20, 0x01, 0x0d, 0xb8, [15] = 0x1f } };
	struct weir_dns_name n;

	(void)state;
	weir_dns_name_of_address(&a, &n);
	is_text(&n, "15.2.0.10.in-addr.arpa");
	a = weir_addr_from4(0xfffe6400);
	weir_dns_name_of_address(&a, &n);
	is_text(&n, "0.100.254.255.in-addr.arpa");
	weir_dns_name_of_address(&b, &n);
	is_text(&n, "f.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
		    "8.b.d.0.1.0.0.2.ip6.arpa");
}

static void options_of_edns_stay_in_their_record(void **state)
{
	/* clang-format off */
	static const struct {
		uint8_t data[12];
		size_t len;
		bool ok;
		uint16_t ede;
	} row[] = {
		{ { 0 }, 0, true, WEIR_DNS_EDE_NONE },
		{ { 0, 15, 0, 2, 0, 15 }, 6, true, 15 },
		{ { 0, 15, 0, 4, 0, 17, 'h', 'i' }, 8, true, 17 },
		{ { 0, 15, 0, 1, 9 }, 5, true, WEIR_DNS_EDE_NONE },
		{ { 0, 10, 0, 0, 0, 15, 0, 2, 0, 22 }, 10, true, 22 },
		{ { 0, 15, 0, 2, 0, 3, 0, 15, 0, 2, 0, 4 }, 12, true, 3 },
		{ { 0, 15, 0, 3, 0, 15 }, 6, false, 0 },
		{ { 0, 15, 0 }, 3, false, 0 },
		{ { 0 }, 1, false, 0 },
	};
	/* clang-format on */
	struct weir_dns_record r = { .type = WEIR_DNS_OPT,
				     .class = 4096,
				     .ttl = 0x01020000 };
	struct weir_dns_edns e;

	(void)state;
	r.owner = name("");
	for (size_t i = 0; i < LEN(row); i++) {
		r.data = weir_rd_over(row[i].data, row[i].len);
		if (weir_dns_parse_opt(&r, &e) != row[i].ok)
			fail_msg("row %zu", i);
		if (!row[i].ok)
			continue;
		CHECK_EQ(e.ede, row[i].ede);
		CHECK_EQ(e.rcode_high, 1);
		CHECK_EQ(e.version, 2);
		CHECK(!e.dnssec_ok);
	}
	r.owner = name("x");
	CHECK(!weir_dns_parse_opt(&r, &e));
}

static void an_address_has_the_length_of_its_type(void **state)
{
	static const uint8_t b[17] = { 0 };
	struct weir_dns_record r;
	struct weir_addr a;

	(void)state;
	for (size_t n = 0; n <= sizeof(b); n++) {
		r.data = weir_rd_over(b, n);
		r.type = WEIR_DNS_A;
		CHECK_EQ(weir_dns_parse_address(&r, &a), n == 4);
		r.type = WEIR_DNS_AAAA;
		CHECK_EQ(weir_dns_parse_address(&r, &a), n == 16);
		r.type = WEIR_DNS_TXT;
		CHECK(!weir_dns_parse_address(&r, &a));
	}
}

static void mapped_addresses_are_unwrapped(void **state)
{
	static const uint8_t b[16] = {
		[10] = 0xff, [11] = 0xff, 10, 77, 31, 9
	};
	struct weir_dns_record r = { .type = WEIR_DNS_AAAA,
				     .data = weir_rd_over(b, sizeof(b)) };
	struct weir_addr a;

	(void)state;
	CHECK(weir_dns_parse_address(&r, &a));
	CHECK(weir_addr_is4(&a));
	CHECK_EQ(weir_addr_to4(&a), 0x0a4d1f09);
}

/* copy a message record by record; its length, or 0 */
static size_t again(const uint8_t *b, size_t n, uint8_t *to, size_t room)
{
	struct weir_dns_build out;
	struct weir_dns_question q;
	struct weir_dns_record r;
	struct weir_dns_walk w;

	if (!weir_dns_walk_open(b, n, &w) || !weir_dns_parse_question(&w, &q))
		return 0;
	weir_dns_build_open(&out, to, room, w.header.id, w.header.flags, &q);
	while (weir_dns_parse_record(&w, &r) == WEIR_DNS_RECORD) {
		if (!weir_dns_build_again(&out, &w, &r))
			return 0;
	}
	return weir_dns_build_close(&out);
}

static void a_message_written_again_says_the_same(void **state)
{
	uint8_t to[512];
	size_t n;

	(void)state;
	/* already as small as can be: byte for byte the same */
	n = again(answer, sizeof(answer), to, sizeof(to));
	CHECK_EQ(n, sizeof(answer));
	assert_memory_equal(to, answer, n);
	for (size_t room = 0; room < sizeof(answer); room++)
		CHECK_EQ(again(answer, sizeof(answer), to, room), 0);
}

/* record @type with @data behind a question for "a.b", and its copy's data */
static size_t copied(uint16_t type, const uint8_t *data, size_t len,
		     uint8_t *to, size_t room)
{
	static const uint8_t head[] = { 0, 0, 0x80, 0, 0, 1,    0, 1,
					0, 0, 0,    0, 1, 'a',  1, 'b',
					0, 0, 1,    0, 1, 0xc0, 12 };
	uint8_t msg[256];
	struct weir_wr w = weir_wr_over(msg, sizeof(msg));
	size_t n, fixed = sizeof(head) + 10;

	weir_wr_copy(&w, head, sizeof(head));
	weir_wr_be16(&w, type);
	weir_wr_be16(&w, 1);
	weir_wr_be32(&w, 60);
	weir_wr_be16(&w, (uint16_t)len);
	weir_wr_copy(&w, data, len);
	CHECK(weir_wr_ok(&w));
	n = again(msg, weir_wr_len(&w), to, room);
	if (n) {
		CHECK_EQ(to[fixed - 2] << 8 | to[fixed - 1], n - fixed);
		memmove(to, to + fixed, n - fixed);
		return n - fixed;
	}
	return 0;
}

static void data_of_known_types_is_taken_apart(void **state)
{
	/* names: c.a.b compressed in, then written short or in full */
	/* clang-format off */
	static const struct {
		uint16_t type;
		uint8_t in[24];
		size_t in_len;
		uint8_t out[24];
		size_t out_len; /* 0: refused */
	} row[] = {
		{ WEIR_DNS_NS, { 1, 'c', 0xc0, 12 }, 4, { 1, 'c', 0xc0, 12 }, 4 },
		{ WEIR_DNS_NS, { 1, 'c', 1, 'a', 1, 'B', 0 }, 7, { 1, 'c', 0xc0, 12 }, 4 },
		{ WEIR_DNS_NS, { 1, 'c', 0xc0, 12, 0 }, 5, { 0 }, 0 },
		{ WEIR_DNS_NS, { 1, 'c' }, 2, { 0 }, 0 },
		{ WEIR_DNS_NS, { 0 }, 0, { 0 }, 0 },
		{ WEIR_DNS_NS, { 0xc0, 33 }, 2, { 0 }, 0 }, /* itself */
		{ WEIR_DNS_MX, { 0, 9, 0xc0, 12 }, 4, { 0, 9, 0xc0, 12 }, 4 },
		{ WEIR_DNS_MX, { 0, 0xc0 }, 2, { 0 }, 0 },
		{ WEIR_DNS_SRV, { 0, 1, 0, 2, 0, 3, 0xc0, 12 }, 8,
		  { 0, 1, 0, 2, 0, 3, 1, 'a', 1, 'b', 0 }, 11 },
		{ WEIR_DNS_DNAME, { 0xc0, 12 }, 2, { 1, 'a', 1, 'b', 0 }, 5 },
		{ 35, { 0, 1, 0, 2, 1, 'u', 2, 'x', 'y', 0, 0xc0, 12 }, 12,
		  { 0, 1, 0, 2, 1, 'u', 2, 'x', 'y', 0, 1, 'a', 1, 'b', 0 }, 15 },
		{ 35, { 0, 1, 0, 2, 9, 'u' }, 6, { 0 }, 0 },
		{ WEIR_DNS_TXT, { 0xc0, 12, 7 }, 3, { 0xc0, 12, 7 }, 3 },
		{ WEIR_DNS_A, { 1, 2, 3, 4 }, 4, { 1, 2, 3, 4 }, 4 },
		{ WEIR_DNS_A, { 1, 2, 3 }, 3, { 0 }, 0 },
		{ WEIR_DNS_AAAA, { 1, 2, 3, 4 }, 4, { 0 }, 0 },
	};
	/* clang-format on */
	uint8_t to[512];

	(void)state;
	for (size_t i = 0; i < LEN(row); i++) {
		size_t n = copied(row[i].type, row[i].in, row[i].in_len, to,
				  sizeof(to));

		if (n != row[i].out_len || memcmp(to, row[i].out, n) != 0)
			fail_msg("row %zu: %zu bytes", i, n);
	}
}

static void a_refused_record_leaves_no_trace(void **state)
{
	static const uint8_t bad[] = { 1, 'z', 9 };
	uint8_t to[256];
	struct weir_dns_question q = { .name = name("a.b"),
				       .type = 2,
				       .class = 1 };
	struct weir_dns_record r = { .section = WEIR_DNS_ANSWER,
				     .owner = name("z.y.a.b"),
				     .type = WEIR_DNS_NS,
				     .class = 1,
				     .data = weir_rd_over(bad, sizeof(bad)) };
	struct weir_dns_walk from = { .msg = bad, .len = sizeof(bad) };
	struct weir_dns_build b;
	size_t before;

	(void)state;
	weir_dns_build_open(&b, to, sizeof(to), 1, 0, &q);
	before = weir_wr_len(&b.w);
	CHECK(!weir_dns_build_again(&b, &from, &r));
	CHECK_EQ(weir_wr_len(&b.w), before);
	weir_dns_build_name(&b, &q.name, WEIR_DNS_CNAME, &r.owner, 1);
	CHECK_EQ(weir_dns_build_close(&b), before + 12 + 4 + 2);
	CHECK_EQ(walk_all(to, before + 18), WEIR_DNS_END);
}

static void names_are_compressed_without_regard_to_case(void **state)
{
	uint8_t to[256];
	struct weir_dns_question q = { .name = name("Mail.Example.com"),
				       .type = 1,
				       .class = 1 };
	struct weir_dns_name owner = name("mail.example.COM"),
			     target = name("x.EXAMPLE.com");
	struct weir_dns_build b;
	struct weir_dns_record r;
	struct weir_dns_walk w;
	size_t n;

	(void)state;
	weir_dns_build_open(&b, to, sizeof(to), 1, 0, &q);
	weir_dns_build_name(&b, &owner, WEIR_DNS_CNAME, &target, 7);
	n = weir_dns_build_close(&b);
	CHECK_EQ(n, 12 + 18 + 4 + 2 + 10 + 4);
	CHECK(weir_dns_walk_open(to, n, &w));
	CHECK_EQ(weir_dns_parse_record(&w, &r), WEIR_DNS_RECORD);
	is_text(&r.owner, "Mail.Example.com");
	CHECK(weir_dns_parse_name(&w, &r.data, &target));
	is_text(&target, "x.Example.com");
}

/* a simple generator for the random messages below */
static uint32_t dice(uint32_t *s)
{
	*s = *s * 1664525u + 1013904223u;
	return *s >> 8;
}

static struct weir_dns_name random_name(uint32_t *seed)
{
	static const char *const label[] = { "a",   "b",   "cc", "example",
					     "COM", "Net", "x-1" };
	char text[128] = "";

	for (unsigned i = dice(seed) % 6; i-- > 0;) {
		strcat(text, label[dice(seed) % LEN(label)]);
		strcat(text, ".");
	}
	return name(text);
}

static void compressed_messages_read_back_as_written(void **state)
{
	static uint8_t to[65535];
	uint32_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		struct weir_dns_name owner[60], data[60], got;
		struct weir_dns_question q = { .name = random_name(&seed),
					       .type = 5,
					       .class = 1 };
		unsigned count = dice(&seed) % 60;
		struct weir_dns_build b;
		struct weir_dns_record r;
		struct weir_dns_walk w;
		size_t n;

		weir_dns_build_open(&b, to, sizeof(to), 9, 0, &q);
		for (unsigned i = 0; i < count; i++) {
			owner[i] = random_name(&seed);
			data[i] = random_name(&seed);
			weir_dns_build_name(&b, &owner[i], WEIR_DNS_CNAME,
					    &data[i], i);
		}
		n = weir_dns_build_close(&b);
		CHECK(weir_dns_walk_open(to, n, &w));
		for (unsigned i = 0; i < count; i++) {
			CHECK_EQ(weir_dns_parse_record(&w, &r),
				 WEIR_DNS_RECORD);
			CHECK(weir_dns_is_same_name(&r.owner, &owner[i]));
			CHECK(weir_dns_parse_name(&w, &r.data, &got));
			CHECK(weir_dns_is_same_name(&got, &data[i]));
			CHECK_EQ(r.ttl, i);
		}
		CHECK_EQ(weir_dns_parse_record(&w, &r), WEIR_DNS_END);
	}
}

static void no_pointer_reaches_beyond_14_bits(void **state)
{
	static uint8_t to[65535];
	struct weir_dns_question q = { .name = name("q"),
				       .type = 16,
				       .class = 1 };
	uint8_t fill[1000];
	struct weir_dns_record r = { .section = WEIR_DNS_ANSWER,
				     .owner = q.name,
				     .type = 16,
				     .class = 1 };
	struct weir_dns_name far = name("far.away"), got;
	struct weir_dns_build b;
	struct weir_dns_walk w;
	enum weir_dns_step step;
	unsigned seen = 0;
	size_t n;

	(void)state;
	memset(fill, 'x', sizeof(fill));
	weir_dns_build_open(&b, to, sizeof(to), 9, 0, &q);
	for (unsigned i = 0; i < 20; i++) {
		r.data = weir_rd_over(fill, sizeof(fill));
		weir_dns_build_record(&b, &r);
	}
	weir_dns_build_name(&b, &q.name, WEIR_DNS_CNAME, &far, 1);
	weir_dns_build_name(&b, &far, WEIR_DNS_CNAME, &far, 1);
	n = weir_dns_build_close(&b);
	CHECK(n > 0x4000);
	CHECK(weir_dns_walk_open(to, n, &w));
	while ((step = weir_dns_parse_record(&w, &r)) == WEIR_DNS_RECORD) {
		if (r.type != WEIR_DNS_CNAME)
			continue;
		CHECK(weir_dns_parse_name(&w, &r.data, &got));
		CHECK(weir_dns_is_same_name(&got, &far));
		seen++;
	}
	CHECK_EQ(step, WEIR_DNS_END);
	CHECK_EQ(seen, 2);
}

static void a_server_cannot_make_compression_dear(void **state)
{
	static uint8_t to[65535];
	struct weir_dns_question q = { .name = name("q"),
				       .type = 2,
				       .class = 1 };
	struct weir_dns_build b;
	char text[254];

	(void)state;
	weir_dns_build_open(&b, to, sizeof(to), 9, 0, &q);
	for (unsigned i = 0; i < 200; i++) { /* 127 labels, all new */
		struct weir_dns_name n;

		for (unsigned k = 0; k < 253; k++)
			text[k] = k % 2 ? '.' : (char)('a' + i % 26);
		text[252] = (char)('a' + i / 26);
		CHECK(weir_dns_name_from_text(text, 253, &n));
		weir_dns_build_name(&b, &q.name, WEIR_DNS_NS, &n, 1);
	}
	CHECK_EQ(b.work, 0);
	CHECK_EQ(walk_all(to, weir_dns_build_close(&b)), WEIR_DNS_END);
}

static void an_opt_reads_back_as_written(void **state)
{
	static const struct weir_dns_edns row[] = {
		{ .size = 1232, .ede = WEIR_DNS_EDE_NONE },
		{ .size = 4096, .dnssec_ok = true, .ede = 15 },
		{ .size = 512, .rcode_high = 1, .ede = WEIR_DNS_EDE_NONE },
	};
	uint8_t to[64];

	(void)state;
	for (size_t i = 0; i < LEN(row); i++) {
		struct weir_dns_build b;
		struct weir_dns_walk w;
		struct weir_dns_record r;
		struct weir_dns_edns e;
		size_t n, extra = row[i].ede == WEIR_DNS_EDE_NONE
					  ? 0
					  : WEIR_DNS_EDE_BYTES;

		weir_dns_build_open(&b, to, sizeof(to), 1, 2, NULL);
		weir_dns_build_opt(&b, &row[i]);
		n = weir_dns_build_close(&b);
		CHECK_EQ(n, WEIR_DNS_HEADER_BYTES + WEIR_DNS_OPT_BYTES + extra);
		CHECK(weir_dns_walk_open(to, n, &w));
		CHECK_EQ(weir_dns_parse_record(&w, &r), WEIR_DNS_RECORD);
		CHECK(weir_dns_parse_opt(&r, &e));
		CHECK_EQ(e.size, row[i].size);
		CHECK_EQ(e.ede, row[i].ede);
		CHECK_EQ(e.rcode_high, row[i].rcode_high);
		CHECK_EQ(e.dnssec_ok, row[i].dnssec_ok);
	}
}

static void the_builder_tells_where_ttls_are(void **state)
{
	uint8_t to[256];
	struct weir_dns_question q = { .name = name("a.b"),
				       .type = 1,
				       .class = 1 };
	struct weir_addr a = weir_addr_from4(0x01020304);
	struct weir_dns_build b;
	uint16_t at[2];

	(void)state;
	weir_dns_build_open(&b, to, sizeof(to), 1, 0, &q);
	b.ttls = at;
	b.max_ttls = 2;
	for (uint32_t i = 0; i < 3; i++)
		weir_dns_build_address(&b, &q.name, &a, 0x11223300 + i);
	CHECK_EQ(b.n_ttls, 3); /* one more than there was room for */
	for (uint8_t i = 0; i < 2; i++) {
		const uint8_t want[4] = { 0x11, 0x22, 0x33, i };

		assert_memory_equal(to + at[i], want, 4);
	}
}

T_MAIN(T(reads_a_question_and_its_opt), T(follows_pointers_in_owners_and_data),
       T(every_truncation_and_every_extra_byte_is_bad),
       T(a_pointer_must_point_before_its_labels),
       T(a_name_has_at_most_255_bytes), T(names_go_to_text_and_back),
       T(text_of_hostile_names_is_safe_and_bounded),
       T(case_counts_only_when_it_shall), T(only_whole_labels_are_below),
       T(reverse_names_are_those_of_the_rfcs),
       T(options_of_edns_stay_in_their_record),
       T(an_address_has_the_length_of_its_type),
       T(mapped_addresses_are_unwrapped),
       T(a_message_written_again_says_the_same),
       T(data_of_known_types_is_taken_apart),
       T(a_refused_record_leaves_no_trace),
       T(names_are_compressed_without_regard_to_case),
       T(compressed_messages_read_back_as_written),
       T(no_pointer_reaches_beyond_14_bits),
       T(a_server_cannot_make_compression_dear),
       T(an_opt_reads_back_as_written), T(the_builder_tells_where_ttls_are))
