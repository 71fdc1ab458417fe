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

/* what of HTTPS records reaches a guest for which 10.0.0.x is dropped */
static void https_passes(const char *answer, bool strip_ech, const char *want)
{
	struct query q = { .name = "www.example", .type = 65, .tcp = true };
	static struct heard h;

	world_open(&w, 1, true, NULL, 0);
	w.strip_ech = strip_ech;
	w.drop[w.n_drops++] = addr("10.0.0.1");
	w.drop[w.n_drops++] = addr("10.0.0.2");
	w.drop[w.n_drops++] = addr("fd00::1");
	for (unsigned again = 0; again < 2; again++) { /* and from the cache */
		world_ask(&w, &q);
		for (unsigned i = again ? w.n_sent : 0; i < w.n_sent; i++)
			CHECK_EQ(world_serve(&w, i, answer), WEIR_ASK_REVIEW);
		CHECK_EQ(w.n_told, again + 1);
		told_is(&w, "NOERROR", want);
		hear(&w.told[again], &h);
		CHECK_EQ(h.edns.ede, WEIR_DNS_EDE_NONE);
	}
	CHECK_EQ(w.n_sent, 1);
	CHECK_EQ(w.ask.stats.filtered, 0);
	world_close(&w);
}

static void hints_are_filtered_and_the_record_stays(void **state)
{
	(void)state;
	https_passes("NOERROR: www.example 9 HTTPS 1 . alpn=h2 "
		     "ipv4hint=10.0.0.1,1.1.1.1,10.0.0.2 "
		     "ipv6hint=fd00::1,2001:db8::1",
		     false,
		     "www.example 9 HTTPS 1 . alpn=h2 ipv4hint=1.1.1.1 "
		     "ipv6hint=2001:db8::1");
	https_passes("NOERROR: www.example 9 HTTPS 1 . alpn=h2 "
		     "ipv4hint=10.0.0.1 ipv6hint=fd00::1",
		     false, "www.example 9 HTTPS 1 . alpn=h2");
	https_passes("NOERROR: www.example 9 HTTPS 1 . ipv4hint=10.0.0.1",
		     false, "www.example 9 HTTPS 1 .");
	https_passes("NOERROR: www.example 9 HTTPS 1 . "
		     "mandatory=alpn,ipv4hint alpn=h2 ipv4hint=10.0.0.1",
		     false, "www.example 9 HTTPS 1 . mandatory=alpn alpn=h2");
}

/* the list and what is written count alike */
static void hints_of_several_records_are_told_apart(void **state)
{
	(void)state;
	https_passes("NOERROR: www.example 9 CNAME a.b; "
		     "a.b 9 HTTPS 1 . ipv4hint=1.1.1.1,10.0.0.1,1.1.1.4; "
		     "c.d 9 HTTPS 1 . ipv4hint=1.1.1.9; "
		     "a.b 9 HTTPS 0 c.d; "
		     "a.b 9 HTTPS 2 e.f ipv4hint=10.0.0.2,1.1.1.2; "
		     "a.b 9 HTTPS 3 . alpn=h2; "
		     "a.b 9 HTTPS 4 . ipv4hint=1.1.1.3 ipv6hint=fd00::1",
		     true,
		     "www.example 9 CNAME a.b; "
		     "a.b 9 HTTPS 1 . ipv4hint=1.1.1.1,1.1.1.4; "
		     "a.b 9 HTTPS 0 c.d; "
		     "a.b 9 HTTPS 2 e.f ipv4hint=1.1.1.2; "
		     "a.b 9 HTTPS 3 . alpn=h2; "
		     "a.b 9 HTTPS 4 . ipv4hint=1.1.1.3");
}

static void ech_is_removed_if_it_is_to_be(void **state)
{
	const char *answer = "NOERROR: www.example 9 HTTPS 1 . "
			     "mandatory=alpn,ech alpn=h2 ech=AEX+DQ==";
	(void)state;
	https_passes(answer, false, answer + 9);
	https_passes(answer, true,
		     "www.example 9 HTTPS 1 . mandatory=alpn alpn=h2");
	https_passes("NOERROR: www.example 9 HTTPS 1 . ech=AEX+DQ==", true,
		     "www.example 9 HTTPS 1 .");
}

static void a_malformed_record_is_left_out(void **state)
{
	(void)state;
	https_passes("NOERROR: www.example 9 HTTPS 1 . ipv4hint=1.1.1.1; "
		     "www.example 9 HTTPS 1 . ipv4hint=10.0.0.1 alpn=h2; "
		     "www.example 9 HTTPS 1 . port=80 port=80; "
		     "www.example 9 HTTPS 2 . ipv4hint=10.0.0.1,1.1.1.2",
		     false,
		     "www.example 9 HTTPS 1 . ipv4hint=1.1.1.1; "
		     "www.example 9 HTTPS 2 . ipv4hint=1.1.1.2");
}

static void both_types_of_record_are_taken_apart_if_asked_for(void **state)
{
	(void)state;
	passes(64, false,
	       "NOERROR: www.example 9 SVCB 1 . alpn=h2; "
	       "www.example 9 SVCB 1 . port=80 alpn=h2; "
	       "www.example 9 HTTPS 1 . alpn=h3",
	       "www.example 9 SVCB 1 . alpn=h2");
	passes(1, false,
	       "NOERROR: www.example 9 HTTPS 1 . ipv4hint=1.1.1.1; "
	       "www.example 9 A 1.1.1.2",
	       "www.example 9 A 1.1.1.2");
}

static void a_changed_record_is_not_verified_any_more(void **state)
{
	struct query q = { .name = "www.example",
			   .type = 65,
			   .dnssec_ok = true,
			   .tcp = true };
	static struct heard h;

	(void)state;
	for (unsigned strip = 0; strip < 2; strip++) {
		world_open(&w, 1, true, NULL, 0);
		w.strip_ech = strip;
		world_ask(&w, &q);
		world_serve(&w, 0,
			    "NOERROR AD: www.example 9 HTTPS 1 . ech=AEX+DQ==");
		hear(&w.told[0], &h);
		CHECK_EQ((h.h.flags & WEIR_DNS_AD) != 0, !strip);
		world_close(&w);
	}
}

/* one HTTPS record with @hints of 4 bytes and @more bytes of something */
static void serve_long(unsigned hints, size_t more)
{
	static uint8_t b[16384];
	struct weir_wr to = weir_wr_over(b, sizeof(b));
	size_t data;

	weir_wr_copy(&to, w.sent[0].bytes, 29); /* header, question */
	b[2] |= 0x80;
	b[7] = 1;
	b[11] = 0;
	weir_wr_be16(&to, 0xc00c);
	weir_wr_be16(&to, 65);
	weir_wr_be16(&to, 1);
	weir_wr_be32(&to, 9);
	weir_wr_be16(&to, 0);
	data = weir_wr_len(&to);
	weir_wr_be16(&to, 1);
	weir_wr_u8(&to, 0);
	weir_wr_be16(&to, 4);
	weir_wr_be16(&to, (uint16_t)(hints * 4));
	for (uint32_t i = 0; i < hints; i++)
		weir_wr_be32(&to, 0x01000000 + i);
	weir_wr_be16(&to, 999);
	weir_wr_be16(&to, (uint16_t)more);
	weir_wr_fill(&to, 7, more);
	weir_wr_put16(&to, data - 2, (uint16_t)(weir_wr_len(&to) - data));
	CHECK_EQ(world_give(&w, 0, b, weir_wr_len(&to)), WEIR_ASK_REVIEW);
}

static void hints_and_data_are_bounded(void **state)
{
	struct query q = { .name = "www.example", .type = 65, .tcp = true };
	static const struct {
		unsigned hints;
		size_t more, want;
	} row[] = {
		{ 10, 10, 3 + 4 + 40 + 4 + 10 },
		{ 64, 10, 3 + 4 + 256 + 4 + 10 },
		{ 65, 10, 3 + 4 + 256 + 4 + 10 },
		{ 500, 10, 3 + 4 + 256 + 4 + 10 },
		{ 1, WEIR_SIFT_SVCB_BYTES - 15, WEIR_SIFT_SVCB_BYTES },
		{ 1, WEIR_SIFT_SVCB_BYTES - 14, 0 },
	};
	struct weir_dns_record r;
	struct weir_dns_walk in;

	(void)state;
	for (size_t i = 0; i < LEN(row); i++) {
		world_open(&w, 1, true, NULL, 0);
		world_ask(&w, &q);
		serve_long(row[i].hints, row[i].more);
		CHECK_EQ(w.n_pins, row[i].hints < RECORDS_MAX ? row[i].hints
							      : RECORDS_MAX);
		CHECK(weir_dns_walk_open(w.told[0].bytes, w.told[0].len, &in));
		CHECK_EQ(in.header.n[WEIR_DNS_ANSWER], row[i].want != 0);
		CHECK_EQ(weir_dns_parse_record(&in, &r), WEIR_DNS_RECORD);
		if (row[i].want)
			CHECK_EQ(r.data.left, row[i].want);
		world_close(&w);
	}
}

T_MAIN(T(the_chain_is_followed_in_any_order),
       T(only_the_end_of_the_chain_has_the_answer), T(a_circle_of_names_ends),
       T(a_chain_too_long_is_not_followed_to_its_end),
       T(a_cname_asked_for_is_not_followed), T(other_sections_do_not_pass),
       T(signatures_pass_if_they_were_wanted), T(ttls_are_clamped),
       T(addresses_are_listed_as_pins),
       T(addresses_beyond_the_limit_are_removed),
       T(nonsense_among_records_is_left_out),
       T(hints_are_filtered_and_the_record_stays),
       T(hints_of_several_records_are_told_apart),
       T(ech_is_removed_if_it_is_to_be), T(a_malformed_record_is_left_out),
       T(both_types_of_record_are_taken_apart_if_asked_for),
       T(a_changed_record_is_not_verified_any_more),
       T(hints_and_data_are_bounded))
