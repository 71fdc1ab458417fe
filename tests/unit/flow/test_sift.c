/* SPDX-License-Identifier: Apache-2.0 */
#include "askworld.h"

static struct world w;

/* what of a server's answer reaches a guest that asks for www.example */
static void passes(uint16_t type, bool dnssec_ok, const char *answer,
		   const char *want)
{
	struct query q = { .name = "www.example",
			   .type = type,
			   .dnssec_ok = dnssec_ok,
			   .tcp = true };
	char rcode[32];

	snprintf(rcode, sizeof(rcode), "%.*s", (int)strcspn(answer, ": "),
		 answer);
	world_open(&w, 1, true, NULL, 0);
	world_ask(&w, &q);
	for (unsigned i = 0; i < w.n_sent; i++)
		world_serve(&w, i, answer);
	CHECK_EQ(w.n_told, 1);
	told_is(&w, rcode, want);
	world_close(&w);
}

static void the_chain_is_followed_in_any_order(void **state)
{
	(void)state;
	passes(1, false,
	       "NOERROR: www.example 9 CNAME a.b; a.b 9 CNAME c.d; c.d 9 A "
	       "1.1.1.1",
	       "www.example 9 CNAME a.b; a.b 9 CNAME c.d; c.d 9 A 1.1.1.1");
	passes(1, false,
	       "NOERROR: c.d 9 A 1.1.1.1; a.b 9 CNAME c.d; www.example 9 CNAME "
	       "a.b",
	       "c.d 9 A 1.1.1.1; a.b 9 CNAME c.d; www.example 9 CNAME a.b");
	passes(1, false, "NOERROR: WWW.Example 9 CNAME A.b; a.B 9 A 1.1.1.1",
	       "www.example 9 CNAME a.b; a.b 9 A 1.1.1.1");
}

static void only_the_end_of_the_chain_has_the_answer(void **state)
{
	(void)state;
	passes(1, false,
	       "NOERROR: www.example 9 CNAME a.b; www.example 9 A 9.9.9.9; "
	       "a.b 9 A 1.1.1.1; else.where 9 A 8.8.8.8",
	       "www.example 9 CNAME a.b; a.b 9 A 1.1.1.1");
	passes(1, false, "NOERROR: www.example 9 AAAA 2001:db8::1", "");
	passes(1, false, "NOERROR: else.where 9 CNAME www.example", "");
}

static void a_circle_of_names_ends(void **state)
{
	(void)state;
	passes(1, false,
	       "NOERROR: www.example 9 CNAME a.b; a.b 9 CNAME www.example",
	       "www.example 9 CNAME a.b; a.b 9 CNAME www.example");
	passes(1, false, "NOERROR: www.example 9 CNAME www.example",
	       "www.example 9 CNAME www.example");
}

static void a_chain_too_long_is_not_followed_to_its_end(void **state)
{
	struct query q = { .name = "www.example", .type = 1 };
	char text[2048] = "NOERROR: www.example 9 CNAME n0";
	static struct heard h;

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		sprintf(text + strlen(text), "; n%u 9 CNAME n%u", i, i + 1);
	strcat(text, "; n20 9 A 1.1.1.1");
	world_open(&w, 1, true, NULL, 0);
	world_ask(&w, &q);
	world_serve(&w, 0, text);
	hear(&w.told[0], &h);
	CHECK_EQ(h.n, WEIR_SIFT_CHAIN_MAX);
	CHECK_EQ(w.n_pins, 0);
	world_close(&w);
}

static void a_cname_asked_for_is_not_followed(void **state)
{
	(void)state;
	passes(5, false, "NOERROR: www.example 9 CNAME a.b; a.b 9 CNAME c.d",
	       "www.example 9 CNAME a.b");
}

static void other_sections_do_not_pass(void **state)
{
	(void)state;
	passes(1, false,
	       "NOERROR: www.example 9 A 1.1.1.1; | example 9 NS ns.example; "
	       "example 9 SOA 9; | ns.example 9 A 10.0.0.1",
	       "www.example 9 A 1.1.1.1");
	passes(1, false,
	       "NXDOMAIN: | example 9 SOA 9; example 9 SOA 9; "
	       "example 9 NS ns.example; | ns.example 9 A 10.0.0.1",
	       "| example 9 SOA 9");
	passes(1, false, "NXDOMAIN: | elsewhere 9 SOA 9", "");
	passes(1, false, "NXDOMAIN: www.example 9 A 1.1.1.1", "");
}

static void signatures_pass_if_they_were_wanted(void **state)
{
	const char *answer = "NOERROR: www.example 9 A 1.1.1.1; "
			     "www.example 9 RRSIG sig; else.where 9 RRSIG sig; "
			     "| example 9 NSEC x; example 9 RRSIG sig";
	(void)state;
	passes(1, false, answer, "www.example 9 A 1.1.1.1");
	passes(1, true, answer,
	       "www.example 9 A 1.1.1.1; www.example 9 RRSIG sig; "
	       "| example 9 NSEC x; example 9 RRSIG sig");
	passes(1, true,
	       "NOERROR: example 9 DNAME b; example 9 RRSIG sig; "
	       "www.example 9 CNAME www.b; www.b 9 A 1.1.1.1; x.y 9 DNAME z",
	       "example 9 DNAME b; example 9 RRSIG sig; "
	       "www.example 9 CNAME www.b; www.b 9 A 1.1.1.1");
	passes(46, false, "NOERROR: www.example 9 RRSIG sig",
	       "www.example 9 RRSIG sig");
}

static void ttls_are_clamped(void **state)
{
	(void)state;
	passes(1, false,
	       "NOERROR: www.example 0 A 1.1.1.1; www.example 86401 A 1.1.1.2; "
	       "www.example 2147483648 A 1.1.1.3; www.example 86400 A 1.1.1.4",
	       "www.example 1 A 1.1.1.1; www.example 86400 A 1.1.1.2; "
	       "www.example 1 A 1.1.1.3; www.example 86400 A 1.1.1.4");
	passes(1, false, "NXDOMAIN: | example 9000 SOA 4000",
	       "| example 3600 SOA 4000");
}

static void addresses_are_listed_as_pins(void **state)
{
	struct query q = { .name = "www.example", .type = 28 };

	(void)state;
	world_open(&w, 1, true, NULL, 0);
	world_ask(&w, &q);
	world_serve(&w, 0,
		    "NOERROR: www.example 9 CNAME a.b; a.b 9 AAAA 2001:db8::1; "
		    "a.b 9 AAAA ::ffff:10.0.0.1; c.d 9 AAAA 2001:db8::2; "
		    "| | a.b 9 AAAA 2001:db8::3");
	CHECK_EQ(w.n_pins, 2);
	CHECK_EQ(w.pin[0].b[15], 1);
	CHECK(weir_addr_is4(&w.pin[1]));
	world_close(&w);
}

static void addresses_beyond_the_limit_are_removed(void **state)
{
	/* by hand: the text form has room for fewer */
	static uint8_t b[8192];
	struct query q = { .name = "www.example", .type = 1, .tcp = true };
	struct weir_ask_review r;
	struct weir_dns_build m;
	struct weir_dns_question asked;
	struct weir_dns_walk in;
	size_t n;

	(void)state;
	world_open(&w, 1, true, NULL, 0);
	world_ask(&w, &q);
	CHECK(weir_dns_walk_open(w.sent[0].bytes, w.sent[0].len, &in));
	CHECK(weir_dns_parse_question(&in, &asked));
	weir_dns_build_open(&m, b, sizeof(b), in.header.id, WEIR_DNS_QR,
			    &asked);
	for (uint32_t i = 0; i < 2 * WEIR_SIFT_ADDRESSES_MAX; i++) {
		struct weir_addr a = weir_addr_from4(0x01000000 + i);

		weir_dns_build_address(&m, &asked.name, &a, 60 + i);
	}
	n = weir_dns_build_close(&m);
	CHECK_EQ(weir_ask_upstream(&w.ask, w.sent[0].slot, b, n, w.now, &r),
		 WEIR_ASK_REVIEW);
	CHECK_EQ(r.n, WEIR_SIFT_ADDRESSES_MAX);
	CHECK_EQ(r.address[5].ttl, 65);
	CHECK_EQ(r.type, 1);
	r.address[0].drop = true;
	weir_ask_settle(&w.ask, &r, b, n, w.now);
	world_drain(&w);
	CHECK(weir_dns_walk_open(w.told[0].bytes, w.told[0].len, &in));
	CHECK_EQ(in.header.n[WEIR_DNS_ANSWER], WEIR_SIFT_ADDRESSES_MAX - 1);
	world_close(&w);
}

static void nonsense_among_records_is_left_out(void **state)
{
	/* an A record of 3 bytes and one of class CH beside a good one */
	static const uint8_t tail[] = {
		0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 3, 1, 2, 3, 0xc0,
		12,   0,  1, 0, 3, 0, 0, 0, 9, 0, 4, 1, 2, 3, 4, 0xc0,
		12,   0,  1, 0, 1, 0, 0, 0, 9, 0, 4, 1, 1, 1, 1,
	};
	struct query q = { .name = "www.example", .type = 1 };
	uint8_t b[256];
	struct weir_wr to = weir_wr_over(b, sizeof(b));

	(void)state;
	world_open(&w, 1, true, NULL, 0);
	world_ask(&w, &q);
	weir_wr_copy(&to, w.sent[0].bytes, 29); /* header, question */
	weir_wr_copy(&to, tail, sizeof(tail));
	b[2] |= 0x80;
	b[7] = 3;
	b[11] = 0;
	CHECK_EQ(world_give(&w, 0, b, weir_wr_len(&to)), WEIR_ASK_REVIEW);
	told_is(&w, "NOERROR", "www.example 9 A 1.1.1.1");
	world_close(&w);
}

T_MAIN(T(the_chain_is_followed_in_any_order),
       T(only_the_end_of_the_chain_has_the_answer), T(a_circle_of_names_ends),
       T(a_chain_too_long_is_not_followed_to_its_end),
       T(a_cname_asked_for_is_not_followed), T(other_sections_do_not_pass),
       T(signatures_pass_if_they_were_wanted), T(ttls_are_clamped),
       T(addresses_are_listed_as_pins),
       T(addresses_beyond_the_limit_are_removed),
       T(nonsense_among_records_is_left_out))
