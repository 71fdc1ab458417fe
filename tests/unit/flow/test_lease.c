/* SPDX-License-Identifier: Apache-2.0 */
/* test_lease.c - whole frames of a guest that asks for its address */
#include "../t.h"
#include "base/limits.h"
#include "flow/lease.h"
#include "packet/csum.h"
#include "packet/eth.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"
#include "packet/udp.h"

#define GUEST4   0x0a00020fu
#define GATEWAY4 0x0a000202u
#define OTHER4   0x0a000263u
#define ALL      0xffffffffu

static const uint8_t names[] = { 3, 'l', 'a', 'n', 0 };
static const struct weir_mac all_macs = { { 0xff, 0xff, 0xff, 0xff, 0xff,
					    0xff } };
static const struct weir_addr servers6 = { .b = { 0xff, 0x02, [13] = 1, 0,
						  2 } };
static const struct weir_addr local6 = { .b = { 0xfe, 0x80, [15] = 9 } };
static const struct weir_addr outside6 = { .b = { 0x20, 1, [15] = 9 } };
static const struct weir_addr second6 = { .b = { 0xfd, 0x77, [15] = 99 } };

static const struct weir_lease_config config = {
	.net = { .guest = { { 2, 1, 1, 1, 1, 1 } },
		 .gateway = { { 2, 2, 2, 2, 2, 2 } },
		 .guest4 = { .b = { [10] = 0xff, 0xff, 10, 0, 2, 15 } },
		 .gateway4 = { .b = { [10] = 0xff, 0xff, 10, 0, 2, 2 } },
		 .dns4 = { .b = { [10] = 0xff, 0xff, 10, 0, 2, 3 } },
		 .len4 = 24,
		 .has6 = true,
		 .guest6 = { .b = { 0xfd, 0x77, [15] = 0x15 } },
		 .gateway6 = { .b = { 0xfd, 0x77, [15] = 2 } },
		 .dns6 = { .b = { 0xfd, 0x77, [15] = 3 } },
		 .router6 = { .b = { 0xfe, 0x80, [15] = 2 } },
		 .len6 = 64 },
	.mtu = 1500,
	.hostname = "box",
	.hostname_len = 3,
	.search = names,
	.search_len = sizeof(names),
};

struct bench {
	struct weir_lease lease;
	uint32_t xid; /* 24 bits */
	uint8_t frame[3000], out[WEIR_LEASE_ANSWER_BYTES];
	size_t len;
	struct weir_wr to;
	struct weir_view answer;
	const uint8_t *body; /* of the answer */
	size_t body_len;
};

static void bench_open(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	weir_lease_init(&b->lease, &config);
	b->xid = 0xabcdef;
}

/* a frame around the message in @body */
static void wrap(struct bench *b, const struct weir_addr *from,
		 const struct weir_addr *to, const struct weir_wr *body)
{
	struct weir_wr w = weir_wr_over(b->frame, sizeof(b->frame));
	bool v6 = !weir_addr_is4(to);
	bool group = v6 ? weir_ipv6_is_multicast(to) : weir_addr_to4(to) == ALL;
	size_t len = 8 + weir_wr_len(body), at;
	struct weir_eth eth = { config.net.gateway, config.net.guest,
				v6 ? WEIR_ETH_IPV6 : WEIR_ETH_IPV4 };
	uint32_t sum =
		weir_csum_pseudo(from, to, WEIR_PROTO_UDP, (uint32_t)len);

	if (group)
		eth.dst = v6 ? (struct weir_mac){ { 0x33, 0x33, 0, 1, 0, 2 } }
			     : all_macs;
	weir_eth_build(&eth, &w);
	if (v6)
		weir_ipv6_build(&(struct weir_ipv6){ .hops = 1,
						     .proto = WEIR_PROTO_UDP,
						     .payload_len =
							     (uint16_t)len,
						     .from = *from,
						     .to = *to },
				&w);
	else
		weir_ipv4_build(
			&(struct weir_ipv4){ .ttl = 64,
					     .proto = WEIR_PROTO_UDP,
					     .total_len = (uint16_t)(len + 20),
					     .from = *from,
					     .to = *to },
			&w);
	at = weir_wr_len(&w);
	weir_udp_build(&(struct weir_udp){ .sport = v6 ? 546 : 68,
					   .dport = v6 ? 547 : 67,
					   .len = (uint16_t)len },
		       &w);
	weir_wr_copy(&w, body->start, weir_wr_len(body));
	CHECK(weir_wr_ok(&w));
	sum = weir_csum_add(sum, b->frame + at, len);
	weir_wr_put16(&w, at + 6, weir_csum_finish_udp(sum));
	b->len = weir_wr_len(&w);
}

/* the frame in two places, the first as short as may be */
static enum weir_reason ask(struct bench *b)
{
	size_t first = b->len < 256 ? b->len : 256;
	struct weir_span v[2] = { { b->frame, first },
				  { b->frame + first, b->len - first } };
	struct weir_spans spans = { v, 2, b->len };
	struct weir_view view;
	struct weir_kind k;

	CHECK_EQ(weir_view_parse(NULL, &spans, &view), WEIR_REASON_NONE);
	CHECK_EQ(weir_kind_find(&view, &config.net, &k), WEIR_REASON_NONE);
	CHECK_EQ(k.room, view.is_v6 ? WEIR_KIND_DHCPV6 : WEIR_KIND_DHCP);
	b->to = weir_wr_over(b->out, sizeof(b->out));
	return weir_lease_answer(&b->lease, &view, &spans, &b->to);
}

/* look at what was answered; false if nothing was */
static bool look(struct bench *b)
{
	size_t n = weir_wr_len(&b->to);
	struct weir_span one = { b->out, n };
	struct weir_spans spans = { &one, 1, n };
	struct weir_rd in;
	struct weir_udp udp;

	if (!n)
		return false;
	CHECK_EQ(weir_view_parse(NULL, &spans, &b->answer), WEIR_REASON_NONE);
	CHECK_EQ(weir_view_l4_csum(&b->answer, &spans, NULL), WEIR_REASON_NONE);
	CHECK(weir_mac_is_equal(&b->answer.src, &config.net.gateway));
	CHECK_EQ(b->answer.l3_at + b->answer.l3_len, n);
	in = b->answer.l4;
	CHECK_EQ(weir_udp_parse(&in, b->answer.l4_len, &udp), WEIR_REASON_NONE);
	CHECK(udp.csum != 0);
	CHECK_EQ(udp.sport, b->answer.is_v6 ? 547 : 67);
	CHECK_EQ(udp.dport, b->answer.is_v6 ? 546 : 68);
	b->body = in.at;
	b->body_len = in.left;
	return true;
}

/* --- DHCP --- */

/* a question as a test names it; 0: not said */
struct ask4 {
	uint8_t type;
	uint32_t from, to, client, requested, server;
	bool broadcast, rapid;
	uint8_t id_len;
};

static void put_u32(struct weir_wr *w, uint8_t code, uint32_t v)
{
	if (!v)
		return;
	weir_wr_u8(w, code);
	weir_wr_u8(w, 4);
	weir_wr_be32(w, v);
}

static void build4(struct bench *b, const struct ask4 *q)
{
	uint8_t body[600];
	struct weir_wr w = weir_wr_over(body, sizeof(body));
	struct weir_addr from = weir_addr_from4(q->from);
	struct weir_addr to = weir_addr_from4(q->to);

	weir_wr_be32(&w, 0x01010600);
	weir_wr_be32(&w, b->xid);
	weir_wr_be32(&w, q->broadcast ? 0x8000 : 0);
	weir_wr_be32(&w, q->client);
	weir_wr_fill(&w, 0, 12);
	weir_wr_copy(&w, config.net.guest.b, 6);
	weir_wr_fill(&w, 0, 202);
	weir_wr_be32(&w, 0x63825363);
	weir_wr_u8(&w, 53);
	weir_wr_u8(&w, 1);
	weir_wr_u8(&w, q->type);
	put_u32(&w, 50, q->requested);
	put_u32(&w, 54, q->server);
	if (q->rapid)
		weir_wr_be16(&w, 80 << 8);
	if (q->id_len) {
		weir_wr_u8(&w, 61);
		weir_wr_u8(&w, q->id_len);
		weir_wr_fill(&w, 7, q->id_len);
	}
	weir_wr_u8(&w, 255);
	CHECK(weir_wr_ok(&w));
	wrap(b, &from, &to, &w);
}

static void dhcp_is_answered_as_the_table_says(void **state)
{
	enum { DISCOVER = 1, REQUEST = 3, DECLINE, RELEASE = 7, INFORM };
	enum { OFFER = 2, ACK = 5, NAK = 6, BAD = 99 };
	static const struct {
		const char *what;
		struct ask4 q;
		uint8_t answer; /* 0: none; BAD: refused */
		uint32_t to, your, client;
	} rows[] = {
		{ "discover",
		  { DISCOVER, 0, ALL, 0, 0, 0, 0, 0, 0 },
		  OFFER,
		  GUEST4,
		  GUEST4,
		  0 },
		{ "discover, broadcast",
		  { DISCOVER, 0, ALL, 0, 0, 0, 1, 0, 0 },
		  OFFER,
		  ALL,
		  GUEST4,
		  0 },
		{ "discover, with a wish",
		  { DISCOVER, 0, ALL, 0, OTHER4, 0, 0, 0, 0 },
		  OFFER,
		  GUEST4,
		  GUEST4,
		  0 },
		{ "discover, rapid",
		  { DISCOVER, 0, ALL, 0, 0, 0, 0, 1, 0 },
		  ACK,
		  GUEST4,
		  GUEST4,
		  0 },
		{ "discover, rapid, broadcast",
		  { DISCOVER, 0, ALL, 0, 0, 0, 1, 1, 0 },
		  ACK,
		  ALL,
		  GUEST4,
		  0 },
		{ "request, selecting",
		  { REQUEST, 0, ALL, 0, GUEST4, GATEWAY4, 0, 0, 0 },
		  ACK,
		  GUEST4,
		  GUEST4,
		  0 },
		{ "request, selecting, broadcast",
		  { REQUEST, 0, ALL, 0, GUEST4, GATEWAY4, 1, 0, 0 },
		  ACK,
		  ALL,
		  GUEST4,
		  0 },
		{ "request, selecting another address",
		  { REQUEST, 0, ALL, 0, OTHER4, GATEWAY4, 0, 0, 0 },
		  NAK,
		  ALL,
		  0,
		  0 },
		{ "request, selecting another server",
		  { REQUEST, 0, ALL, 0, GUEST4, OTHER4, 0, 0, 0 },
		  0,
		  0,
		  0,
		  0 },
		{ "request, rapid means nothing",
		  { REQUEST, 0, ALL, 0, GUEST4, GATEWAY4, 0, 1, 0 },
		  ACK,
		  GUEST4,
		  GUEST4,
		  0 },
		{ "reboot",
		  { REQUEST, 0, ALL, 0, GUEST4, 0, 0, 0, 0 },
		  ACK,
		  GUEST4,
		  GUEST4,
		  0 },
		{ "reboot, another address",
		  { REQUEST, 0, ALL, 0, OTHER4, 0, 0, 0, 0 },
		  NAK,
		  ALL,
		  0,
		  0 },
		{ "renew",
		  { REQUEST, GUEST4, GATEWAY4, GUEST4, 0, 0, 0, 0, 0 },
		  ACK,
		  GUEST4,
		  GUEST4,
		  GUEST4 },
		{ "renew, broadcast does not matter",
		  { REQUEST, GUEST4, GATEWAY4, GUEST4, 0, 0, 1, 0, 0 },
		  ACK,
		  GUEST4,
		  GUEST4,
		  GUEST4 },
		{ "rebind",
		  { REQUEST, GUEST4, ALL, GUEST4, 0, 0, 0, 0, 0 },
		  ACK,
		  GUEST4,
		  GUEST4,
		  GUEST4 },
		{ "renew another address",
		  { REQUEST, GUEST4, GATEWAY4, OTHER4, 0, 0, 0, 0, 0 },
		  NAK,
		  ALL,
		  0,
		  0 },
		{ "request nothing",
		  { REQUEST, 0, ALL, 0, 0, 0, 0, 0, 0 },
		  BAD,
		  0,
		  0,
		  0 },
		{ "request nothing of us",
		  { REQUEST, 0, ALL, 0, 0, GATEWAY4, 0, 0, 0 },
		  BAD,
		  0,
		  0,
		  0 },
		{ "inform",
		  { INFORM, GUEST4, ALL, GUEST4, 0, 0, 0, 0, 0 },
		  ACK,
		  GUEST4,
		  0,
		  GUEST4 },
		{ "inform of another address",
		  { INFORM, GUEST4, ALL, OTHER4, 0, 0, 0, 0, 0 },
		  BAD,
		  0,
		  0,
		  0 },
		{ "inform of none",
		  { INFORM, 0, ALL, 0, 0, 0, 0, 0, 0 },
		  BAD,
		  0,
		  0,
		  0 },
		{ "decline",
		  { DECLINE, 0, ALL, 0, GUEST4, GATEWAY4, 0, 0, 0 },
		  0,
		  0,
		  0,
		  0 },
		{ "release",
		  { RELEASE, GUEST4, GATEWAY4, GUEST4, 0, GATEWAY4, 0, 0, 0 },
		  0,
		  0,
		  0,
		  0 },
		{ "an offer", { 2, 0, ALL, 0, 0, 0, 0, 0, 0 }, BAD, 0, 0, 0 },
		{ "an ack", { 5, 0, ALL, 0, 0, 0, 0, 0, 0 }, BAD, 0, 0, 0 },
		{ "type 13", { 13, 0, ALL, 0, 0, 0, 0, 0, 0 }, BAD, 0, 0, 0 },
	};
	struct bench b;

	(void)state;
	bench_open(&b);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum weir_reason why;
		uint8_t want = rows[i].answer;
		struct weir_rd in;

		build4(&b, &rows[i].q);
		why = ask(&b);
		if (why != (want == BAD ? WEIR_REASON_DHCP : WEIR_REASON_NONE))
			fail_msg("%s: %s", rows[i].what, weir_reason_name(why));
		if (look(&b) != (want && want != BAD))
			fail_msg("%s: answered, or not", rows[i].what);
		if (!want || want == BAD)
			continue;
		if (b.body[242] != want ||
		    weir_addr_to4(&b.answer.to) != rows[i].to)
			fail_msg("%s: %u", rows[i].what, b.body[242]);
		CHECK_EQ(weir_addr_to4(&b.answer.from), GATEWAY4);
		CHECK(weir_mac_is_equal(&b.answer.dst,
					rows[i].to == ALL ? &all_macs
							  : &config.net.guest));
		CHECK_EQ(memcmp(b.body + 4, "\0\xab\xcd\xef", 4), 0);
		CHECK_EQ(memcmp(b.body + 28, config.net.guest.b, 6), 0);
		in = weir_rd_over(b.body + 12, 8);
		CHECK_EQ(weir_rd_be32(&in), rows[i].client);
		CHECK_EQ(weir_rd_be32(&in), rows[i].your);
		CHECK(weir_wr_len(&b.to) >= 14 + 28 + 300);
	}
}

/* option @code of a DHCP answer: is it there? */
static bool has4(const struct bench *b, uint8_t code)
{
	for (size_t at = 240; at < b->body_len && b->body[at] != 255;
	     at += b->body[at] ? 2u + b->body[at + 1] : 1)
		if (b->body[at] == code)
			return true;
	return false;
}

static void only_a_rapid_discover_gets_a_rapid_answer(void **state)
{
	struct ask4 q = { .type = 1, .to = ALL, .rapid = true };
	struct bench b;

	(void)state;
	bench_open(&b);
	build4(&b, &q);
	CHECK_EQ(ask(&b), WEIR_REASON_NONE);
	CHECK(look(&b) && has4(&b, 80) && has4(&b, 51) && has4(&b, 26));
	CHECK(has4(&b, 12) && has4(&b, 15) && has4(&b, 119));
	q.rapid = false;
	build4(&b, &q);
	CHECK_EQ(ask(&b), WEIR_REASON_NONE);
	CHECK(look(&b) && !has4(&b, 80));
	q = (struct ask4){
		.type = 3, .to = ALL, .requested = GUEST4, .rapid = true
	};
	build4(&b, &q);
	CHECK_EQ(ask(&b), WEIR_REASON_NONE);
	CHECK(look(&b) && !has4(&b, 80) && has4(&b, 51));
	q = (struct ask4){
		.type = 8, .from = GUEST4, .to = ALL, .client = GUEST4
	};
	build4(&b, &q);
	CHECK_EQ(ask(&b), WEIR_REASON_NONE);
	CHECK(look(&b) && !has4(&b, 51) && !has4(&b, 58) && has4(&b, 26));
}

static void an_answer_is_no_longer_than_the_client_takes(void **state)
{
	struct weir_lease_config c = config;
	uint8_t search[WEIR_DHCP_SEARCH_MAX_BYTES];
	struct ask4 q = { .type = 1, .to = ALL, .rapid = true, .id_len = 255 };
	struct bench b;

	(void)state;
	bench_open(&b);
	memset(search, 'a', sizeof(search));
	for (size_t i = 0; i < 239; i += 60)
		search[i] = i < 180 ? 59 : 58;
	search[239] = 0;
	c.search = search;
	c.search_len = sizeof(search);
	c.mtu = 65520;
	weir_lease_init(&b.lease, &c);
	build4(&b, &q);
	CHECK_EQ(ask(&b), WEIR_REASON_NONE);
	CHECK(look(&b) && !has4(&b, 119) && has4(&b, 26));
	CHECK(b.answer.l3_len <= 576);
	q.id_len = 0;
	build4(&b, &q); /* then there is room */
	CHECK_EQ(ask(&b), WEIR_REASON_NONE);
	CHECK(look(&b) && has4(&b, 119) && has4(&b, 26));
	CHECK(b.answer.l3_len <= 576);
}

static void other_hardware_gets_no_lease(void **state)
{
	struct ask4 q = { .type = 1, .to = ALL };
	struct bench b;

	(void)state;
	bench_open(&b);
	build4(&b, &q);
	b.frame[14 + 28 + 28] ^= 4;
	b.frame[40] = b.frame[41] = 0; /* IPv4 may go without a checksum */
	CHECK_EQ(ask(&b), WEIR_REASON_SPOOFED_MAC);
	CHECK(!look(&b));
}

/* --- DHCPv6 --- */

/* a question as a test names it; associations are letters, see put_ia() */
struct ask6 {
	uint8_t type;
	bool client, server, wrong_server, rapid;
	const char *ias;
};

/*
 * n, t, p: an association without addresses; a: with the guest's, b: with
 * another of its prefix, o: with one of another prefix, x: with the first two
 */
static void put_ia(struct weir_wr *w, char kind, uint32_t id)
{
	const struct weir_addr *addr[2] = { NULL, NULL };
	unsigned n = 0;

	if (kind == 'a' || kind == 'x')
		addr[n++] = &config.net.guest6;
	if (kind == 'b' || kind == 'x')
		addr[n++] = &second6;
	if (kind == 'o')
		addr[n++] = &outside6;
	weir_wr_be16(w, kind == 't' ? 4 : kind == 'p' ? 25 : 3);
	weir_wr_be16(w, (uint16_t)((kind == 't' ? 4 : 12) + n * 28));
	weir_wr_be32(w, id);
	if (kind != 't')
		weir_wr_be64(w, 0);
	for (unsigned i = 0; i < n; i++) {
		weir_wr_be32(w, 5 << 16 | 24);
		weir_wr_copy(w, addr[i]->b, 16);
		weir_wr_be64(w, 0);
	}
}

static void build6(struct bench *b, const struct ask6 *q,
		   const struct weir_addr *from, const struct weir_addr *to)
{
	uint8_t body[600];
	struct weir_wr w = weir_wr_over(body, sizeof(body));
	uint32_t id = 1;

	weir_wr_be32(&w, (uint32_t)q->type << 24 | b->xid);
	if (q->client)
		weir_wr_copy(&w, "\0\1\0\6client", 10);
	if (q->server || q->wrong_server) {
		weir_wr_copy(&w, "\0\2\0\12\0\3\0\1", 8);
		weir_wr_copy(&w, config.net.gateway.b, 6);
		if (q->wrong_server)
			body[weir_wr_len(&w) - 1] ^= 1;
	}
	if (q->rapid)
		weir_wr_be32(&w, 14 << 16);
	for (const char *ia = q->ias; *ia; ia++)
		put_ia(&w, *ia, id++);
	CHECK(weir_wr_ok(&w));
	wrap(b, from, to, &w);
}

/*
 * The answer as a word: A or R, then what is in it: options of the message,
 * and for each association what became of its addresses.
 */
static void spell(struct weir_rd in, char *word, size_t room)
{
	size_t n = strlen(word);

	while (in.left && n + 3 < room) {
		unsigned code = weir_rd_be16(&in);
		struct weir_rd body = weir_rd_sub(&in, weir_rd_be16(&in));
		struct weir_addr a;

		CHECK(weir_rd_ok(&in));
		switch (code) {
		case 3:
		case 4:
		case 25:
			word[n++] = code == 3 ? 'n' : code == 4 ? 't' : 'p';
			(void)weir_rd_take(&body, code == 4 ? 4 : 12);
			word[n] = 0;
			spell(body, word, room);
			n = strlen(word);
			break;
		case 5:
			weir_rd_copy(&body, a.b, 16);
			word[n++] = weir_addr_is_equal(&a, &config.net.guest6)
					    ? '+'
					    : '-';
			CHECK_EQ(weir_rd_be64(&body) != 0, word[n - 1] == '+');
			break;
		case 7:
			word[n++] = '!';
			break;
		case 13:
			word[n++] = (char)('0' + weir_rd_be16(&body));
			break;
		case 14:
			word[n++] = 'r';
			break;
		case 23:
			word[n++] = 'd';
			break;
		case 24:
			word[n++] = 's';
			break;
		default:
			break;
		}
	}
	word[n] = 0;
}

static void dhcpv6_is_answered_as_the_table_says(void **state)
{
	static const struct {
		const char *what;
		struct ask6 q;
		const char *answer; /* NULL: refused; "": none */
	} rows[] = {
		{ "solicit", { 1, 1, 0, 0, 0, "n" }, "A!n+ds" },
		{ "solicit, rapid", { 1, 1, 0, 0, 1, "n" }, "Rrn+ds" },
		{ "solicit with a wish", { 1, 1, 0, 0, 0, "b" }, "A!n+-ds" },
		{ "solicit for nothing", { 1, 1, 0, 0, 0, "" }, "A!ds" },
		{ "solicit for all", { 1, 1, 0, 0, 0, "ntp" }, "A!n+t2p6ds" },
		{ "solicit for two", { 1, 1, 0, 0, 0, "nn" }, "A!n+n2ds" },
		{ "solicit for a prefix", { 1, 1, 0, 0, 0, "p" }, "A!p6ds" },
		{ "solicit of nobody", { 1, 0, 0, 0, 0, "n" }, NULL },
		{ "solicit of us", { 1, 1, 1, 0, 0, "n" }, NULL },
		{ "request", { 3, 1, 1, 0, 0, "a" }, "Rn+ds" },
		{ "request, rapid", { 3, 1, 1, 0, 1, "a" }, "Rn+ds" },
		{ "request of two", { 3, 1, 1, 0, 0, "x" }, "Rn+-ds" },
		{ "request off the link", { 3, 1, 1, 0, 0, "o" }, "Rn4ds" },
		{ "request off the link, then well",
		  { 3, 1, 1, 0, 0, "oa" },
		  "Rn4n+ds" },
		{ "request of another", { 3, 1, 0, 1, 0, "a" }, "" },
		{ "request of nobody", { 3, 1, 0, 0, 0, "a" }, NULL },
		{ "confirm", { 4, 1, 0, 0, 0, "a" }, "R0" },
		{ "confirm another", { 4, 1, 0, 0, 0, "b" }, "R0" },
		{ "confirm off the link", { 4, 1, 0, 0, 0, "ao" }, "R4" },
		{ "confirm nothing", { 4, 1, 0, 0, 0, "n" }, "" },
		{ "renew", { 5, 1, 1, 0, 0, "a" }, "Rn+ds" },
		{ "renew another", { 5, 1, 1, 0, 0, "o" }, "Rn+-ds" },
		{ "renew a prefix too", { 5, 1, 1, 0, 0, "ap" }, "Rn+p6ds" },
		{ "renew with another", { 5, 1, 0, 1, 0, "a" }, "" },
		{ "rebind", { 6, 1, 0, 0, 0, "a" }, "Rn+ds" },
		{ "rebind with us", { 6, 1, 1, 0, 0, "a" }, NULL },
		{ "release", { 8, 1, 1, 0, 0, "a" }, "R0" },
		{ "release to another", { 8, 1, 0, 1, 0, "a" }, "" },
		{ "decline", { 9, 1, 1, 0, 0, "a" }, "R0" },
		{ "information", { 11, 1, 0, 0, 0, "" }, "Rds" },
		{ "information for nobody", { 11, 0, 0, 0, 0, "" }, "Rds" },
		{ "information from us", { 11, 1, 1, 0, 0, "" }, "Rds" },
		{ "information from another", { 11, 1, 0, 1, 0, "" }, "" },
		{ "information with address", { 11, 1, 0, 0, 0, "n" }, NULL },
		{ "advertise", { 2, 1, 1, 0, 0, "a" }, NULL },
		{ "reply", { 7, 1, 1, 0, 0, "a" }, NULL },
		{ "reconfigure", { 10, 1, 1, 0, 0, "" }, NULL },
		{ "relayed", { 12, 1, 0, 0, 0, "" }, NULL },
		{ "relayed back", { 13, 1, 1, 0, 0, "" }, NULL },
	};
	struct bench b;

	(void)state;
	bench_open(&b);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *want = rows[i].answer;
		enum weir_reason why;
		char word[64] = "";

		build6(&b, &rows[i].q, &local6, &servers6);
		why = ask(&b);
		if (why != (want ? WEIR_REASON_NONE : WEIR_REASON_DHCP))
			fail_msg("%s: %s", rows[i].what, weir_reason_name(why));
		if (look(&b)) {
			CHECK_EQ(memcmp(b.body + 1, "\xab\xcd\xef", 3), 0);
			CHECK(weir_mac_is_equal(&b.answer.dst,
						&config.net.guest));
			CHECK(weir_addr_is_equal(&b.answer.to, &local6));
			CHECK(weir_addr_is_equal(&b.answer.from,
						 &config.net.router6));
			word[0] = b.body[0] == 2 ? 'A' : 'R';
			CHECK_EQ(b.body[0], word[0] == 'A' ? 2 : 7);
			spell(weir_rd_over(b.body + 4, b.body_len - 4), word,
			      sizeof(word));
		}
		if (strcmp(word, want ? want : "") != 0)
			fail_msg("%s: %s", rows[i].what, word);
	}
}

static void
dhcpv6_to_one_of_our_addresses_is_told_to_use_multicast(void **state)
{
	static const struct {
		struct ask6 q;
		const char *answer;
	} rows[] = {
		{ { 1, 1, 0, 0, 0, "n" }, "" },
		{ { 3, 1, 1, 0, 0, "a" }, "R5" },
		{ { 4, 1, 0, 0, 0, "a" }, "" },
		{ { 5, 1, 1, 0, 0, "a" }, "R5" },
		{ { 6, 1, 0, 0, 0, "a" }, "" },
		{ { 8, 1, 1, 0, 0, "a" }, "R5" },
		{ { 9, 1, 1, 0, 0, "a" }, "R5" },
		{ { 11, 1, 0, 0, 0, "" }, "" },
	};
	struct bench b;

	(void)state;
	bench_open(&b);
	for (unsigned i = 0; i < 8; i++) {
		char word[64] = "";

		build6(&b, &rows[i].q, &config.net.guest6,
		       &config.net.gateway6);
		CHECK_EQ(ask(&b), WEIR_REASON_NONE);
		if (look(&b)) {
			CHECK(weir_addr_is_equal(&b.answer.from,
						 &config.net.gateway6));
			CHECK(weir_addr_is_equal(&b.answer.to,
						 &config.net.guest6));
			word[0] = b.body[0] == 7 ? 'R' : '?';
			spell(weir_rd_over(b.body + 4, b.body_len - 4), word,
			      sizeof(word));
		}
		if (strcmp(word, rows[i].answer) != 0)
			fail_msg("row %u: %s", i, word);
	}
}

static void dhcpv6_from_no_address_is_refused(void **state)
{
	static const struct weir_addr none;
	struct ask6 q = { 1, true, false, false, false, "n" };
	struct bench b;

	(void)state;
	bench_open(&b);
	build6(&b, &q, &none, &servers6);
	CHECK_EQ(ask(&b), WEIR_REASON_DHCP);
	CHECK(!look(&b));
}

/* --- both --- */

static void build_either(struct bench *b, bool v6)
{
	if (v6)
		build6(b, &(struct ask6){ 1, true, false, false, true, "ntp" },
		       &local6, &servers6);
	else
		build4(b, &(struct ask4){ .type = 1,
					  .to = ALL,
					  .rapid = true,
					  .id_len = 19 });
}

static void a_wrong_checksum_is_refused(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		build_either(&b, v6);
		for (size_t i = v6 ? 60 : 40; i < b.len; i++) {
			b.frame[i] ^= 0x40;
			CHECK_EQ(ask(&b), WEIR_REASON_CSUM);
			CHECK(!look(&b));
			b.frame[i] ^= 0x40;
		}
		CHECK_EQ(ask(&b), WEIR_REASON_NONE);
		CHECK(look(&b));
	}
}

/* a sum of zero says that there is none, which IPv6 does not allow */
static void no_answer_has_a_checksum_of_zero(void **state)
{
	unsigned ones = 0;
	struct bench b;

	(void)state;
	bench_open(&b);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		for (b.xid = 0; b.xid < 65536; b.xid++) {
			build_either(&b, v6);
			CHECK_EQ(ask(&b), WEIR_REASON_NONE);
			CHECK(look(&b));
			ones += b.body[-2] == 0xff && b.body[-1] == 0xff;
		}
	}
	CHECK(ones >= 2); /* it would have been zero */
}

static void a_lying_udp_length_is_refused(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		size_t at = v6 ? 58 : 38;
		unsigned good;

		build_either(&b, v6);
		good = (unsigned)b.frame[at] << 8 | b.frame[at + 1];
		for (unsigned len = 0; len < 1200; len++) {
			enum weir_reason why;

			b.frame[at] = (uint8_t)(len >> 8);
			b.frame[at + 1] = (uint8_t)len;
			why = ask(&b);
			if (len < 8 || len > good)
				CHECK_EQ(why, WEIR_REASON_UDP_LENGTH);
			else
				CHECK_EQ(why, len == good ? WEIR_REASON_NONE
							  : WEIR_REASON_CSUM);
		}
	}
}

static void a_message_that_is_too_long_is_refused(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		for (size_t len = WEIR_LEASE_MESSAGE_MAX_BYTES;
		     len < WEIR_LEASE_MESSAGE_MAX_BYTES + 2; len++) {
			uint8_t body[2000] = { 0 };
			struct weir_wr w = weir_wr_over(body, sizeof(body));
			size_t ip = v6 ? 62 : 42, n;

			build_either(&b, v6);
			n = b.len - ip;
			weir_wr_copy(&w, b.frame + ip, n);
			if (v6) { /* one long option that is not known */
				weir_wr_be16(&w, 999);
				weir_wr_be16(&w, (uint16_t)(len - n - 4));
			}
			weir_wr_fill(&w, 0, len - weir_wr_len(&w));
			if (v6)
				wrap(&b, &local6, &servers6, &w);
			else
				wrap(&b,
				     &(struct weir_addr){
					     .b = { [10] = 0xff, 0xff } },
				     &(struct weir_addr){ .b = { [10] = 0xff,
								 0xff,
								 0xff,
								 0xff,
								 0xff,
								 0xff } },
				     &w);
			CHECK_EQ(ask(&b), len > WEIR_LEASE_MESSAGE_MAX_BYTES
						  ? WEIR_REASON_DHCP
						  : WEIR_REASON_NONE);
		}
	}
}

static void without_room_there_is_no_answer(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct weir_span one;
		struct weir_spans spans = { &one, 1, 0 };
		struct weir_view v;
		size_t need;

		build_either(&b, v6);
		CHECK_EQ(ask(&b), WEIR_REASON_NONE);
		need = weir_wr_len(&b.to);
		one = (struct weir_span){ b.frame, b.len };
		spans.len = b.len;
		CHECK_EQ(weir_view_parse(NULL, &spans, &v), WEIR_REASON_NONE);
		for (size_t room = 0; room <= need; room++) {
			uint8_t *exact = malloc(room + 1);
			struct weir_wr w = weir_wr_over(exact, room);

			CHECK_EQ(weir_lease_answer(&b.lease, &v, &spans, &w),
				 room < need ? WEIR_REASON_OVERSIZE
					     : WEIR_REASON_NONE);
			CHECK_EQ(weir_wr_len(&w), room < need ? 0 : need);
			CHECK(weir_wr_ok(&w));
			free(exact);
		}
	}
}

static void the_longest_answers_fit_their_room(void **state)
{
	struct weir_lease_config c = config;
	uint8_t search[WEIR_DHCP_SEARCH_MAX_BYTES] = { 0 };
	uint8_t body[1400], id[130] = { 0 };
	struct bench b;
	struct weir_wr w = weir_wr_over(body, sizeof(body));

	(void)state;
	bench_open(&b);
	c.search = search;
	c.search_len = sizeof(search);
	weir_lease_init(&b.lease, &c);
	weir_wr_be32(&w, 5u << 24);
	weir_wr_be32(&w, 1 << 16 | 130);
	weir_wr_copy(&w, id, sizeof(id));
	weir_wr_copy(&w, "\0\2\0\12\0\3\0\1\2\2\2\2\2\2", 14);
	for (uint32_t i = 0; i < WEIR_DHCPV6_IAS_MAX; i++) {
		weir_wr_be32(&w, 3 << 16 | (12 + 4 * 28));
		weir_wr_be32(&w, i);
		weir_wr_be64(&w, 0);
		for (unsigned k = 0; k < WEIR_DHCPV6_ADDRS_MAX; k++) {
			weir_wr_be32(&w, 5 << 16 | 24);
			weir_wr_copy(&w, second6.b, 16);
			weir_wr_be64(&w, 0);
		}
	}
	CHECK(weir_wr_ok(&w));
	wrap(&b, &local6, &servers6, &w);
	CHECK_EQ(ask(&b), WEIR_REASON_NONE);
	CHECK(look(&b));
	CHECK(b.answer.l3_len <= 1280);
}

T_MAIN(T(dhcp_is_answered_as_the_table_says),
       T(only_a_rapid_discover_gets_a_rapid_answer),
       T(an_answer_is_no_longer_than_the_client_takes),
       T(other_hardware_gets_no_lease), T(dhcpv6_is_answered_as_the_table_says),
       T(dhcpv6_to_one_of_our_addresses_is_told_to_use_multicast),
       T(dhcpv6_from_no_address_is_refused), T(a_wrong_checksum_is_refused),
       T(no_answer_has_a_checksum_of_zero), T(a_lying_udp_length_is_refused),
       T(a_message_that_is_too_long_is_refused),
       T(without_room_there_is_no_answer),
       T(the_longest_answers_fit_their_room))
