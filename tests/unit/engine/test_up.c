/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_up.c - bad frames through the whole engine: one reason each, no answer
 *
 * Each row is a good frame that is broken in one place.  After every row the
 * gateway must still answer an echo.
 */
#include "packet/icmp.h"
#include "packet/vnethdr.h"
#include "scene.h"

#define ETH 12u /* where things lie in a frame with its header */
#define IP  (ETH + 14u)
#define L4  (IP + 20u) /* IPv4 */
#define L46 (IP + 40u) /* IPv6 */

enum base { SYN4, SYN6, UDP4, UDP6, ECHO4, ECHO6, NOTHING };

/* change @n bytes at @at, then make the sums right again if @resum */
struct row {
	const char *what;
	enum base base;
	enum weir_reason why;
	size_t at, n;
	uint8_t to[8];
	bool resum;
	size_t cut; /* the frame's length then, 0: as it is */
};

static void make(enum base base, struct guest_frame *f)
{
	const bool six = base == SYN6 || base == UDP6 || base == ECHO6;
	const struct guest_ip ip = { .to = six ? far6 : far4 };
	const struct guest_ip here = { .to = six ? w.charter.gateway6
						 : w.charter.gateway4 };
	const struct weir_tcp syn = { .sport = 4000,
				      .dport = 80,
				      .flags = WEIR_TCP_SYN,
				      .seq = 1,
				      .window = 1000,
				      .mss = 1460,
				      .wscale = -1 };

	switch (base) {
	case SYN4:
	case SYN6:
		guest_tcp_frame(&g, &ip, &syn, NULL, 0, f);
		return;
	case UDP4:
	case UDP6:
		guest_udp_frame(&g, &ip, 4000, 7, (const uint8_t *)"hello", 5,
				f);
		return;
	case ECHO4:
	case ECHO6:
		guest_echo_frame(&g, &here, 16, f);
		return;
	case NOTHING:
		memset(f->b, 0, 200);
		f->len = 60;
		return;
	}
}

#define R(r) WEIR_REASON_##r

static const struct row rows[] = {
	/* lengths */
	{ "one byte", SYN4, R(SHORT), 0, 0, { 0 }, false, 1 },
	{ "half a virtio header", SYN4, R(SHORT), 0, 0, { 0 }, false, 11 },
	{ "no frame behind it", SYN4, R(SHORT), 0, 0, { 0 }, false, 12 },
	{ "half an Ethernet header", SYN4, R(SHORT), 0, 0, { 0 }, false, 20 },
	{ "half an IPv4 header", SYN4, R(SHORT), 0, 0, { 0 }, false, IP + 19 },
	{ "half an IPv6 header", SYN6, R(SHORT), 0, 0, { 0 }, false, IP + 39 },
	{ "cut IPv4 packet", SYN4, R(IP_HEADER), 0, 0, { 0 }, false, L4 + 10 },
	{ "cut IPv6 packet", SYN6, R(IP_HEADER), 0, 0, { 0 }, false, L46 + 9 },
	/* the virtio header */
	{ "unknown flag", SYN4, R(VNET_HEADER), 0, 1, { 0x80 }, false, 0 },
	{ "RSC_INFO", SYN4, R(VNET_HEADER), 0, 1, { 4 }, false, 0 },
	{ "unknown gso",
	  SYN4,
	  R(VNET_HEADER),
	  0,
	  6,
	  { 1, 9, 0, 0, 100, 0 },
	  false,
	  0 },
	{ "gso without csum",
	  SYN4,
	  R(VNET_HEADER),
	  0,
	  6,
	  { 0, 1, 0, 0, 100, 0 },
	  false,
	  0 },
	{ "gso of size 0",
	  SYN4,
	  R(VNET_HEADER),
	  0,
	  8,
	  { 1, 1, 0, 0, 0, 0, 34, 0 },
	  false,
	  0 },
	{ "TSO6 of IPv4",
	  SYN4,
	  R(VNET_HEADER),
	  0,
	  8,
	  { 1, 4, 0, 0, 100, 0, 34, 0 },
	  false,
	  0 },
	{ "TSO4 of IPv6",
	  SYN6,
	  R(VNET_HEADER),
	  0,
	  8,
	  { 1, 1, 0, 0, 100, 0, 54, 0 },
	  false,
	  0 },
	{ "TSO of UDP",
	  UDP4,
	  R(VNET_HEADER),
	  0,
	  8,
	  { 1, 1, 0, 0, 100, 0, 34, 0 },
	  false,
	  0 },
	{ "NEEDS_CSUM past the end",
	  SYN4,
	  R(VNET_HEADER),
	  0,
	  8,
	  { 1, 0, 0, 0, 0, 0, 255, 255 },
	  false,
	  0 },
	{ "NEEDS_CSUM in the IP header",
	  SYN4,
	  R(VNET_HEADER),
	  0,
	  8,
	  { 1, 0, 0, 0, 0, 0, 14, 0 },
	  false,
	  0 },
	{ "NEEDS_CSUM of an echo",
	  ECHO4,
	  R(VNET_HEADER),
	  0,
	  8,
	  { 1, 0, 0, 0, 0, 0, 34, 0 },
	  false,
	  0 },
	/* Ethernet */
	{ "zeroes", NOTHING, R(ETHERTYPE), 0, 0, { 0 }, false, 0 },
	{ "VLAN", SYN4, R(ETHERTYPE), ETH + 12, 2, { 0x81, 0 }, false, 0 },
	{ "802.3", SYN4, R(ETHERTYPE), ETH + 12, 2, { 0, 60 }, false, 0 },
	{ "another destination",
	  SYN4,
	  R(NOT_FOR_US),
	  ETH + 5,
	  1,
	  { 9 },
	  false,
	  0 },
	{ "broadcast of unicast",
	  SYN4,
	  R(NOT_FOR_US),
	  ETH,
	  6,
	  { 255, 255, 255, 255, 255, 255 },
	  false,
	  0 },
	/* tcp-50 */
	{ "spoofed MAC", SYN4, R(SPOOFED_MAC), ETH + 11, 1, { 9 }, false, 0 },
	{ "spoofed MAC, IPv6",
	  SYN6,
	  R(SPOOFED_MAC),
	  ETH + 11,
	  1,
	  { 9 },
	  false,
	  0 },
	{ "the gateway's MAC",
	  UDP4,
	  R(SPOOFED_MAC),
	  ETH + 11,
	  1,
	  { 2 },
	  false,
	  0 },
	/* IP */
	{ "version 5", SYN4, R(IP_HEADER), IP, 1, { 0x55 }, false, 0 },
	{ "version 4 as IPv6", SYN6, R(IP_HEADER), IP, 1, { 0x40 }, false, 0 },
	{ "header of 16", SYN4, R(IP_HEADER), IP, 1, { 0x44 }, false, 0 },
	{ "header past the end",
	  SYN4,
	  R(IP_HEADER),
	  IP,
	  1,
	  { 0x4f },
	  false,
	  0 },
	{ "total length 10",
	  SYN4,
	  R(IP_HEADER),
	  IP + 2,
	  2,
	  { 0, 10 },
	  true,
	  0 },
	{ "total length 65535",
	  SYN4,
	  R(IP_HEADER),
	  IP + 2,
	  2,
	  { 255, 255 },
	  true,
	  0 },
	{ "header checksum", SYN4, R(CSUM), IP + 10, 1, { 0xab }, false, 0 },
	{ "payload length 65535",
	  SYN6,
	  R(IP_HEADER),
	  IP + 4,
	  2,
	  { 255, 255 },
	  false,
	  0 },
	{ "mapped address in IPv6",
	  SYN6,
	  R(MARTIAN),
	  IP + 24,
	  8,
	  { 0 },
	  true,
	  0 }, /* and more, see below */
	{ "fragment past 65535",
	  UDP4,
	  R(FRAGMENT),
	  IP + 6,
	  2,
	  { 0x1f, 0xff },
	  true,
	  0 },
	/* tcp-49 */
	{ "spoofed source",
	  SYN4,
	  R(SPOOFED_SOURCE),
	  IP + 15,
	  1,
	  { 77 },
	  true,
	  0 },
	{ "spoofed source, IPv6",
	  SYN6,
	  R(SPOOFED_SOURCE),
	  IP + 8,
	  2,
	  { 0x20, 0x01 },
	  true,
	  0 },
	{ "the gateway's source",
	  UDP4,
	  R(SPOOFED_SOURCE),
	  IP + 15,
	  1,
	  { 2 },
	  true,
	  0 },
	{ "no source", SYN4, R(SPOOFED_SOURCE), IP + 12, 4, { 0 }, true, 0 },
	/* upper layers; tcp-47 */
	{ "TCP checksum", SYN4, R(CSUM), L4 + 16, 2, { 0x12, 0x34 }, false, 0 },
	{ "TCP checksum, IPv6",
	  SYN6,
	  R(CSUM),
	  L46 + 16,
	  2,
	  { 0x12, 0x34 },
	  false,
	  0 },
	{ "UDP checksum", UDP4, R(CSUM), L4 + 6, 2, { 0x12, 0x34 }, false, 0 },
	{ "no UDP checksum in IPv6",
	  UDP6,
	  R(CSUM),
	  L46 + 6,
	  2,
	  { 0, 0 },
	  false,
	  0 },
	{ "echo checksum",
	  ECHO4,
	  R(CSUM),
	  L4 + 2,
	  2,
	  { 0x12, 0x34 },
	  false,
	  0 },
	{ "data offset 4", SYN4, R(TCP_HEADER), L4 + 12, 1, { 0x40 }, true, 0 },
	{ "data offset 15",
	  SYN4,
	  R(TCP_HEADER),
	  L4 + 12,
	  1,
	  { 0xf0 },
	  true,
	  0 },
	{ "option of length 0",
	  SYN4,
	  R(TCP_OPTIONS),
	  L4 + 20,
	  2,
	  { 99, 0 },
	  true,
	  0 },
	{ "option past the end",
	  SYN4,
	  R(TCP_OPTIONS),
	  L4 + 20,
	  2,
	  { 2, 40 },
	  true,
	  0 },
	{ "UDP length 7", UDP4, R(UDP_LENGTH), L4 + 4, 2, { 0, 7 }, false, 0 },
	{ "UDP length 65535",
	  UDP4,
	  R(UDP_LENGTH),
	  L4 + 4,
	  2,
	  { 255, 255 },
	  false,
	  0 },
	{ "UDP length 7, IPv6",
	  UDP6,
	  R(UDP_LENGTH),
	  L46 + 4,
	  2,
	  { 0, 7 },
	  false,
	  0 },
	{ "another protocol", SYN4, R(ICMP), IP + 9, 1, { 132 }, true, 0 },
	{ "an ICMP error", ECHO4, R(ICMP), L4, 2, { 3, 1 }, true, 0 },
	{ "ND with a small hop limit",
	  ECHO6,
	  R(ND),
	  L46,
	  2,
	  { 135, 0 },
	  true,
	  0 },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void break_it(const struct row *r, struct guest_frame *f)
{
	make(r->base, f);
	memcpy(f->b + r->at, r->to, r->n);
	if (r->why == WEIR_REASON_MARTIAN) {
		memset(f->b + IP + 24, 0, 10);
		memset(f->b + IP + 34, 0xff, 2);
	}
	if (r->resum)
		guest_resum(f);
	if (r->cut)
		f->len = r->cut;
}

/* Nothing may have come of it but one count. */
static void expect(const char *what, enum weir_reason why,
		   const struct weir_summary *before)
{
	struct weir_summary s = twin_summary(&w);

	for (unsigned k = 0; k < WEIR_REASON_COUNT; k++) {
		uint64_t want = before->reasons.count[k] + (k == why);

		if (s.reasons.count[k] != want)
			fail_msg("%s: %s was counted %d times, not %d", what,
				 weir_reason_name((enum weir_reason)k),
				 (int)(s.reasons.count[k] -
				       before->reasons.count[k]),
				 k == why);
	}
	if (guest_hear(&g) || s.frames_down != before->frames_down)
		fail_msg("%s: it was answered", what);
	if (w.n_open || w.dials || w.house->streams.pool.used)
		fail_msg("%s: something came of it", what);
}

static void the_gateway_answers(void)
{
	static struct guest_frame f;
	unsigned before = g.echoes;

	make(ECHO4, &f);
	guest_put(&g, &f);
	guest_talk(&g);
	CHECK_EQ(g.echoes, before + 1);
}

static void each_bad_frame_has_its_reason_and_no_answer(void **state)
{
	static struct guest_frame f;

	(void)state;
	world();
	for (unsigned i = 0; i < ROWS; i++) {
		struct weir_summary before = twin_summary(&w);

		break_it(&rows[i], &f);
		guest_put(&g, &f);
		twin_step(&w);
		expect(rows[i].what, rows[i].why, &before);
		the_gateway_answers();
	}
	done();
}

static void every_truncation_of_a_frame_is_dropped(void **state)
{
	static struct guest_frame f;

	(void)state;
	world();
	for (int b = SYN4; b <= ECHO6; b++) {
		make((enum base)b, &f);
		for (size_t len = 1; len < f.len; len++) {
			twin_frame(&w, f.b, len);
			twin_step(&w);
			CHECK(!guest_hear(&g));
		}
	}
	CHECK_EQ(w.n_open, 0);
	CHECK_EQ(w.house->streams.pool.used, 0);
	the_gateway_answers();
	done();
}

/* tcp-48 is of links without a header; a TAP that says so takes it as well. */
static void a_partial_checksum_is_good_where_the_header_says_so(void **state)
{
	static struct guest_frame f;

	(void)state;
	world();
	make(SYN4, &f);
	f.b[L4 + 16] = 0x12;
	f.b[L4 + 17] = 0x34;
	f.b[0] = WEIR_VNET_NEEDS_CSUM;
	f.b[6] = 34; /* little-endian */
	f.b[8] = 16;
	guest_put(&g, &f);
	guest_talk(&g);
	CHECK_EQ(w.dials, 1);
	done();
}

static void a_large_segment_goes_up_in_one_piece(void **state)
{
	static uint8_t b[65000];
	static struct guest_frame f;
	struct weir_tcp t = { .flags = WEIR_TCP_ACK, .wscale = -1 };
	struct twin_sock *s;

	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 80));
	guest_fill(b, 0, sizeof(b));
	t.sport = c.sport;
	t.dport = 80;
	t.seq = c.seq;
	t.ack = c.ack;
	t.window = 1000;
	guest_tcp_frame(&g, &(struct guest_ip){ .to = far4 }, &t, b, sizeof(b),
			&f);
	memcpy(f.b, "\1\1\66\0\xb4\5\42\0\20\0\0\0", 12); /* TSO4, 1460 */
	guest_put(&g, &f);
	guest_talk(&g);
	s = twin_find(&w, 80);
	CHECK_EQ(s->up.len, sizeof(b));
	CHECK(guest_is_filled(s->up.b, 0, sizeof(b)));
	done();
}

static void privacy_addresses_are_served_up_to_their_limit(void **state)
{
	static struct guest_conn d[WEIR_DESK_NEIGHBOURS_MAX + 1];

	(void)state;
	world();
	for (unsigned i = 0; i <= WEIR_DESK_NEIGHBOURS_MAX; i++) {
		guest_conn_init(&g, &d[i], &far6, 80);
		d[i].from = w.charter.guest6;
		d[i].from.b[8] = (uint8_t)(i + 1);
		guest_syn(&g, &d[i]);
		guest_talk(&g);
		CHECK_EQ(d[i].synacks, i < WEIR_DESK_NEIGHBOURS_MAX);
	}
	CHECK_EQ(counted(WEIR_REASON_SPOOFED_SOURCE), 1);
	done();
}

/* A frame that stands for several datagrams must not become one of them. */
static void a_datagram_that_is_to_be_cut_does_not_go_out_whole(void **state)
{
	static struct guest_frame f;
	static uint8_t b[3000];
	struct twin_sock *s;

	(void)state;
	world();
	guest_udp_frame(&g, &(struct guest_ip){ .to = far4 }, 4000, 7, b,
			sizeof(b), &f);
	memcpy(f.b, "\1\5\52\0\350\3\42\0\6\0\0\0", 12); /* 1000 each */
	guest_put(&g, &f);
	guest_talk(&g);
	s = twin_find_kind(&w, TWIN_UDP);
	for (struct twin_gram *m = s ? s->sent.first : NULL; m; m = m->next)
		CHECK(m->len <= 1000);
	done();
}

static void without_ipv6_its_frames_are_not_for_us(void **state)
{
	static struct guest_frame f;
	struct weir_summary before;

	(void)state;
	twin_init(&w);
	w.charter.has6 = false;
	begin();
	before = twin_summary(&w);
	make(SYN6, &f);
	guest_put(&g, &f);
	twin_step(&w);
	expect("SYN over IPv6", WEIR_REASON_NOT_FOR_US, &before);
	done();
}

static void an_echo_to_each_of_our_addresses_is_answered(void **state)
{
	static struct guest_frame f;

	(void)state;
	world();
	for (unsigned i = 0; i < 5; i++) {
		const struct weir_addr to[] = {
			w.charter.gateway4, w.charter.dns4, w.charter.gateway6,
			w.charter.dns6, w.charter.router6
		};
		struct guest_ip ip = { .to = to[i] };

		if (i == 4)
			ip.from = (struct weir_addr){ .b = { 0xfe,
							     0x80, [15] = 5 } };
		guest_echo_frame(&g, &ip, 1000 + i, &f);
		guest_put(&g, &f);
		guest_talk(&g);
		CHECK_EQ(g.echoes, i + 1);
		CHECK(weir_addr_is_equal(&g.echo_from, &to[i]));
	}
	done();
}

/* Where ping sockets are forbidden. */
static void an_echo_to_anybody_else_is_prohibited(void **state)
{
	static struct guest_frame f;

	(void)state;
	twin_init(&w);
	w.ping_err = -EACCES;
	begin();
	guest_echo_frame(&g, &(struct guest_ip){ .to = far4 }, 56, &f);
	guest_put(&g, &f);
	guest_talk(&g);
	CHECK_EQ(g.echoes, 0);
	CHECK(g.error_type == 3 && g.error_code == 13);
	guest_echo_frame(&g, &(struct guest_ip){ .to = far6 }, 56, &f);
	guest_put(&g, &f);
	guest_talk(&g);
	CHECK(g.error_type == 1 && g.error_code == 1);
	CHECK_EQ(counted(WEIR_REASON_ICMP), 2);
	done();
}

static void the_last_hop_is_told(void **state)
{
	static struct guest_frame f;

	(void)state;
	world();
	guest_udp_frame(&g, &(struct guest_ip){ .to = far4, .ttl = 1 }, 4000,
			33434, NULL, 0, &f);
	guest_put(&g, &f);
	guest_talk(&g);
	CHECK(g.error_type == WEIR_ICMP4_EXCEEDED && g.errors == 1);
	CHECK_EQ(w.n_open, 0);
	done();
}

static void arp_is_answered_for_our_addresses_only(void **state)
{
	static struct guest_frame f;
	struct weir_addr nobody = weir_addr_from4(0x0a000263);

	(void)state;
	world();
	guest_arp_frame(&g, &w.charter.gateway4, &f);
	guest_put(&g, &f);
	guest_arp_frame(&g, &w.charter.dns4, &f);
	guest_put(&g, &f);
	guest_arp_frame(&g, &nobody, &f);
	guest_put(&g, &f);
	guest_talk(&g);
	CHECK_EQ(g.arps, 2);
	done();
}

/* A flood of everything: one turn is bounded, and the gateway answers after. */
static void after_a_flood_of_garbage_the_gateway_answers(void **state)
{
	static struct guest_frame f;
	uint32_t dice = 1;

	(void)state;
	world();
	w.drop_frames = true;
	for (unsigned i = 0; i < 30000; i++) {
		make((enum base)(i % 6), &f);
		for (unsigned k = 0; k < 3; k++) {
			dice = dice * 1664525 + 1013904223;
			f.b[dice % f.len] ^= (uint8_t)(dice >> 24);
		}
		if (i & 1)
			guest_resum(&f);
		if (i % 7 == 0)
			f.len = 1 + dice % f.len;
		guest_put(&g, &f);
		if (i % 256 == 0)
			twin_step(&w);
	}
	twin_step(&w);
	w.drop_frames = false;
	the_gateway_answers();
	CHECK(guest_connect(&g, &c, &far4, 80));
	done();
}

T_MAIN(T(each_bad_frame_has_its_reason_and_no_answer),
       T(every_truncation_of_a_frame_is_dropped),
       T(a_partial_checksum_is_good_where_the_header_says_so),
       T(a_large_segment_goes_up_in_one_piece),
       T(privacy_addresses_are_served_up_to_their_limit),
       T(a_datagram_that_is_to_be_cut_does_not_go_out_whole),
       T(without_ipv6_its_frames_are_not_for_us),
       T(an_echo_to_each_of_our_addresses_is_answered),
       T(an_echo_to_anybody_else_is_prohibited), T(the_last_hop_is_told),
       T(arp_is_answered_for_our_addresses_only),
       T(after_a_flood_of_garbage_the_gateway_answers))
