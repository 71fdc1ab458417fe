/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/respond.h"

#include "../t.h"

static struct weir_dns_question about(const char *text)
{
	struct weir_dns_question q = { .type = 1, .class = 1 };

	CHECK(weir_dns_name_from_text(text, strlen(text), &q.name));
	return q;
}

static size_t with_addresses(const struct weir_respond_style *s, unsigned n,
			     uint8_t *to, size_t room, uint16_t *ret_flags)
{
	struct weir_dns_question q = about("a.example");
	struct weir_addr a = weir_addr_from4(0x01020304);
	struct weir_respond r;
	struct weir_dns_walk w;
	size_t len;

	weir_respond_init(&r, s, &q, to, room);
	weir_respond_open(&r, WEIR_DNS_NOERROR);
	for (unsigned i = 0; i < n; i++)
		weir_dns_build_address(&r.b, &q.name, &a, 60);
	len = weir_respond_close(&r, WEIR_DNS_EDE_NONE);
	CHECK(weir_dns_walk_open(to, len, &w));
	CHECK_EQ(r.answers, w.header.n[WEIR_DNS_ANSWER]);
	*ret_flags = w.header.flags;
	return len;
}

static void an_answer_one_byte_too_long_is_its_head(void **state)
{
	struct weir_respond_style s = { .limit = 65535, .edns = true };
	uint8_t to[2048];
	uint16_t flags;
	size_t full, head;

	(void)state;
	full = with_addresses(&s, 30, to, sizeof(to), &flags);
	CHECK(!(flags & WEIR_DNS_TC));
	head = with_addresses(&s, 0, to, sizeof(to), &flags);
	CHECK_EQ(full, head + 30 * 16);
	for (size_t limit = full - 20; limit < full + 20; limit++) {
		size_t len;

		s.limit = (uint16_t)limit;
		len = with_addresses(&s, 30, to, sizeof(to), &flags);
		CHECK_EQ(len, limit < full ? head : full);
		CHECK_EQ((flags & WEIR_DNS_TC) != 0, limit < full);
	}
	s.limit = 65535; /* the room is a limit too */
	for (size_t room = full - 20; room < full + 20; room++)
		CHECK_EQ(with_addresses(&s, 30, to, room, &flags),
			 room < full ? head : full);
}

static void flags_of_the_guest_come_back_and_ours_are_ours(void **state)
{
	struct weir_respond_style s = { .limit = 512 };
	uint8_t to[512];
	uint16_t flags;

	(void)state;
	for (unsigned bit = 0; bit < 16; bit++) {
		uint16_t mine = WEIR_DNS_QR | WEIR_DNS_RA;

		s.flags = (uint16_t)(1u << bit);
		(void)with_addresses(&s, 1, to, sizeof(to), &flags);
		CHECK_EQ(flags, mine | (s.flags & (WEIR_DNS_RD | WEIR_DNS_CD)));
	}
}

static bool reads(const uint8_t *b, size_t n, struct weir_respond_style *s)
{
	const struct weir_respond_way way = { .max_udp = 1472 };
	struct weir_dns_question q;
	struct weir_dns_walk w;
	uint8_t version;

	return weir_dns_walk_open(b, n, &w) &&
	       weir_respond_read(&w, &way, &q, s, &version);
}

static void additional_records_are_few(void **state)
{
	/* a question for the root, then empty records of type 250 (TSIG) */
	uint8_t b[200] = { [2] = 1, [5] = 1, [14] = 1, [16] = 1 };
	struct weir_respond_style s;

	(void)state;
	for (uint8_t n = 0; n <= WEIR_RESPOND_EXTRA_MAX + 1; n++) {
		for (unsigned i = 0; i < n; i++)
			b[17 + 11 * i + 2] = 250;
		b[11] = n;
		CHECK_EQ(reads(b, 17u + 11u * n, &s),
			 n <= WEIR_RESPOND_EXTRA_MAX);
		CHECK(!reads(b, 17u + 11u * n - 1, &s));
		CHECK(!reads(b, 17u + 11u * n + 1, &s));
	}
	CHECK(!s.edns);
}

T_MAIN(T(an_answer_one_byte_too_long_is_its_head),
       T(flags_of_the_guest_come_back_and_ours_are_ours),
       T(additional_records_are_few))
