/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/desk.h"

#include "packet/arp.h"
#include "packet/csum.h"
#include "packet/eth.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"
#include "packet/udp.h"

#include "../t.h"

#define A6(...)                                                                \
	{                                                                      \
		.b = { __VA_ARGS__ }                                           \
	}
#define A4(a, b, c, d) A6([10] = 0xff, 0xff, a, b, c, d)
#define NOW            1000000u

static const struct weir_mac guest_mac = { { 2, 1, 1, 1, 1, 1 } },
			     gateway_mac = { { 2, 2, 2, 2, 2, 2 } },
			     other_mac = { { 2, 3, 3, 3, 3, 3 } };
static const struct weir_addr guest4 = A4(10, 0, 2, 15),
			      gateway4 = A4(10, 0, 2, 2),
			      dns4 = A4(10, 0, 2, 3), far4 = A4(1, 1, 1, 1),
			      none4 = A4(0, 0, 0, 0),
			      guest6 = A6(0xfd, 0x77, [15] = 15),
			      gateway6 = A6(0xfd, 0x77, [15] = 2),
			      dns6 = A6(0xfd, 0x77, [15] = 3),
			      router6 = A6(0xfe, 0x80, [15] = 2),
			      link6 = A6(0xfe, 0x80, [15] = 99),
			      far6 = A6(0x20, 0x01, 0x0d, 0xb8, [15] = 1),
			      none6, all_nodes = A6(0xff, 2, [15] = 1),
			      all_routers = A6(0xff, 2, [15] = 2);
static const uint8_t names[] = { 4, 'w', 'e', 'i', 'r', 0 };

/* a desk, the frame it is asked and the frame it gives */
struct world {
	struct weir_desk d;
	uint8_t in[70000], out[70000];
	struct weir_span span;
	struct weir_spans frame;
	struct weir_wr w;   /* the question, being written */
	struct weir_view v; /* the question, seen */
	size_t len;         /* of the answer */
	struct weir_view a; /* the answer, seen */
};

static struct weir_desk_config config_of(void)
{
	return (struct weir_desk_config){
		.net = { .guest = guest_mac,
			 .gateway = gateway_mac,
			 .guest4 = guest4,
			 .gateway4 = gateway4,
			 .dns4 = dns4,
			 .len4 = 24,
			 .has6 = true,
			 .guest6 = guest6,
			 .gateway6 = gateway6,
			 .dns6 = dns6,
			 .router6 = router6,
			 .len6 = 64 },
		.mtu = 1500,
		.ra = true,
		.other = true,
		.autonomous = true,
		.dnssl = names,
		.dnssl_len = sizeof(names),
	};
}

static void open_world(struct world *x)
{
	struct weir_desk_config c = config_of();

	weir_desk_init(&x->d, &c, NOW);
}

static void ask_begin(struct world *x, uint16_t type)
{
	x->w = weir_wr_over(x->in, sizeof(x->in));
	weir_eth_build(&(struct weir_eth){ .dst = gateway_mac,
					   .src = guest_mac,
					   .type = type },
		       &x->w);
}

static void ask_ip(struct world *x, const struct weir_addr *from,
		   const struct weir_addr *to, uint8_t proto, uint8_t ttl,
		   size_t n)
{
	bool v6 = !weir_addr_is4(to);

	ask_begin(x, v6 ? WEIR_ETH_IPV6 : WEIR_ETH_IPV4);
	if (v6)
		weir_ipv6_build(&(struct weir_ipv6){ .proto = proto,
						     .hops = ttl,
						     .payload_len = (uint16_t)n,
						     .from = *from,
						     .to = *to },
				&x->w);
	else
		weir_ipv4_build(&(struct weir_ipv4){ .proto = proto,
						     .ttl = ttl,
						     .total_len =
							     (uint16_t)(20 + n),
						     .from = *from,
						     .to = *to },
				&x->w);
}

static void see(const uint8_t *b, size_t n, struct world *x,
		struct weir_view *ret)
{
	x->span = (struct weir_span){ .at = (uint8_t *)(uintptr_t)b, .len = n };
	x->frame = (struct weir_spans){ .v = &x->span, .n = 1, .len = n };
	CHECK_EQ(weir_view_parse(NULL, &x->frame, ret), WEIR_REASON_NONE);
}

/* finish the ICMP checksum of the question */
static void ask_csum(struct world *x)
{
	uint32_t sum = 0;
	size_t at;

	see(x->in, weir_wr_len(&x->w), x, &x->v);
	at = x->v.l4_at;
	weir_wr_put16(&x->w, at + 2, 0);
	if (x->v.is_v6)
		sum = weir_csum_pseudo(&x->v.from, &x->v.to, 58,
				       (uint32_t)x->v.l4_len);
	sum = weir_csum_add(sum, x->in + at, x->v.l4_len);
	weir_wr_put16(&x->w, at + 2, weir_csum_finish(sum));
}

static enum weir_reason answer(struct world *x, enum weir_kind_room room,
			       uint64_t now)
{
	struct weir_wr out = weir_wr_over(x->out, sizeof(x->out));
	enum weir_reason why;

	see(x->in, weir_wr_len(&x->w), x, &x->v);
	why = weir_desk_answer(&x->d, &x->v, &x->frame, room, now, &out);
	CHECK(weir_wr_ok(&out));
	x->len = weir_wr_len(&out);
	if (why != WEIR_REASON_NONE)
		CHECK_EQ(x->len, 0);
	return why;
}

/* the answer is a good frame from the gateway to @to */
static void check_answer(struct world *x, const struct weir_addr *from,
			 const struct weir_addr *to)
{
	see(x->out, x->len, x, &x->a);
	CHECK(weir_mac_is_equal(&x->a.src, &gateway_mac));
	if (to->b[0] != 0xff)
		CHECK(weir_mac_is_equal(&x->a.dst, &guest_mac));
	CHECK(weir_addr_is_equal(&x->a.from, from));
	CHECK(weir_addr_is_equal(&x->a.to, to));
	CHECK_EQ(x->a.l3_at + x->a.l3_len, x->len);
	CHECK_EQ(weir_view_l4_csum(&x->a, &x->frame, NULL), WEIR_REASON_NONE);
}

static void ask_arp(struct world *x, enum weir_arp_op op,
		    const struct weir_mac *mac, const struct weir_addr *from,
		    const struct weir_addr *to)
{
	ask_begin(x, WEIR_ETH_ARP);
	weir_arp_build(&(struct weir_arp){ .op = op,
					   .from_mac = *mac,
					   .from = *from,
					   .to = *to },
		       &x->w);
}

static void arp_is_answered_for_our_addresses_only(void **state)
{
	static struct world x;
	static const struct {
		const struct weir_addr *from, *to;
		bool want;
	} row[] = {
		{ &guest4, &gateway4, true }, { &guest4, &dns4, true },
		{ &guest4, &guest4, false },  { &guest4, &far4, false },
		{ &none4, &guest4, false },   { &none4, &gateway4, true },
	};

	(void)state;
	open_world(&x);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_rd r;
		struct weir_arp a;

		ask_arp(&x, WEIR_ARP_REQUEST, &guest_mac, row[i].from,
			row[i].to);
		CHECK_EQ(answer(&x, WEIR_KIND_ARP, NOW), WEIR_REASON_NONE);
		CHECK_EQ(x.len, row[i].want ? 42 : 0);
		if (!row[i].want)
			continue;
		see(x.out, x.len, &x, &x.a);
		CHECK(weir_mac_is_equal(&x.a.dst, &guest_mac));
		CHECK(weir_mac_is_equal(&x.a.src, &gateway_mac));
		r = x.a.l3;
		CHECK_EQ(weir_arp_parse(&r, &a), WEIR_REASON_NONE);
		CHECK_EQ(a.op, WEIR_ARP_REPLY);
		CHECK(weir_mac_is_equal(&a.from_mac, &gateway_mac));
		CHECK(weir_mac_is_equal(&a.to_mac, &guest_mac));
		CHECK(weir_addr_is_equal(&a.from, row[i].to));
		CHECK(weir_addr_is_equal(&a.to, row[i].from));
	}
}

static void arp_for_somebody_else_is_refused(void **state)
{
	static struct world x;

	(void)state;
	open_world(&x);
	ask_arp(&x, WEIR_ARP_REQUEST, &other_mac, &guest4, &gateway4);
	CHECK_EQ(answer(&x, WEIR_KIND_ARP, NOW), WEIR_REASON_SPOOFED_MAC);
	ask_arp(&x, WEIR_ARP_REQUEST, &guest_mac, &gateway4, &gateway4);
	CHECK_EQ(answer(&x, WEIR_KIND_ARP, NOW), WEIR_REASON_SPOOFED_SOURCE);
	ask_arp(&x, WEIR_ARP_REPLY, &guest_mac, &dns4, &guest4);
	CHECK_EQ(answer(&x, WEIR_KIND_ARP, NOW), WEIR_REASON_SPOOFED_SOURCE);
	ask_arp(&x, WEIR_ARP_REPLY, &guest_mac, &guest4, &gateway4);
	CHECK_EQ(answer(&x, WEIR_KIND_ARP, NOW), WEIR_REASON_NONE);
	CHECK_EQ(x.len, 0);
	x.w.at = x.in + 41;
	CHECK_EQ(answer(&x, WEIR_KIND_ARP, NOW), WEIR_REASON_SHORT);
	x.w.at = x.in + 42;
	x.in[15] = 6;
	CHECK_EQ(answer(&x, WEIR_KIND_ARP, NOW), WEIR_REASON_ETHERTYPE);
}

static void ask_ns(struct world *x, const struct weir_addr *from,
		   const struct weir_addr *to, const struct weir_addr *target,
		   const struct weir_mac *mac)
{
	struct weir_ndp_ask q = { .target = *target, .has_mac = mac };

	if (mac)
		q.mac = *mac;
	ask_ip(x, from, to, 58, 255, mac ? 32 : 24);
	weir_ndp_build_ask(&q, &x->w);
	ask_csum(x);
}

static void neighbours_are_answered_for_our_addresses_only(void **state)
{
	static struct world x;
	static const struct {
		const struct weir_addr *target;
		bool want;
	} row[] = { { &gateway6, true }, { &dns6, true },   { &router6, true },
		    { &guest6, false },  { &link6, false }, { &far6, false } };

	(void)state;
	open_world(&x);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_addr group = weir_ndp_group(row[i].target);
		struct weir_ndp_answer a;
		struct weir_rd r;

		ask_ns(&x, &guest6, &group, row[i].target, &guest_mac);
		CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_NONE);
		CHECK_EQ(x.len, row[i].want ? 14 + 40 + 32 : 0);
		if (!row[i].want)
			continue;
		check_answer(&x, row[i].target, &guest6);
		CHECK_EQ(x.a.ttl, 255);
		r = x.a.l4;
		CHECK_EQ(weir_ndp_parse_answer(&r, &a), WEIR_REASON_NONE);
		CHECK(a.router && a.solicited && a.override && a.has_mac);
		CHECK(weir_mac_is_equal(&a.mac, &gateway_mac));
		CHECK(weir_addr_is_equal(&a.target, row[i].target));
		/* a probe of whether we are still there, without address */
		ask_ns(&x, &link6, row[i].target, row[i].target, NULL);
		CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_NONE);
		check_answer(&x, row[i].target, &link6);
	}
}

static void duplicate_address_detection_is_answered_to_all_nodes(void **state)
{
	static const struct weir_mac want = { { 0x33, 0x33, 0, 0, 0, 1 } };
	static struct world x;
	struct weir_addr group = weir_ndp_group(&gateway6);
	struct weir_ndp_answer a;
	struct weir_rd r;

	(void)state;
	open_world(&x);
	ask_ns(&x, &none6, &group, &gateway6, NULL);
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_NONE);
	check_answer(&x, &gateway6, &all_nodes);
	CHECK(weir_mac_is_equal(&x.a.dst, &want));
	r = x.a.l4;
	CHECK_EQ(weir_ndp_parse_answer(&r, &a), WEIR_REASON_NONE);
	CHECK(!a.solicited);
	/* for its own address there is nobody to object */
	group = weir_ndp_group(&guest6);
	ask_ns(&x, &none6, &group, &guest6, NULL);
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_NONE);
	CHECK_EQ(x.len, 0);
}

static void malformed_discovery_is_refused(void **state)
{
	static struct world x;
	struct weir_addr group = weir_ndp_group(&gateway6);

	(void)state;
	open_world(&x);
	ask_ns(&x, &guest6, &group, &gateway6, &guest_mac);
	x.in[21] = 254; /* hop limit */
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_ND);
	x.in[21] = 255;
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_NONE);
	x.in[56] ^= 1; /* checksum */
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_ND);
	ask_ns(&x, &guest6, &group, &gateway6, &guest_mac);
	x.in[55] = 1; /* code */
	ask_csum(&x);
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_ND);
	ask_ns(&x, &guest6, &group, &gateway6, &guest_mac);
	x.in[54 + 25] = 0; /* option length */
	ask_csum(&x);
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_ND);
	/* RFC 4861 7.1.1: no address, so no option, and to the group only */
	ask_ns(&x, &none6, &group, &gateway6, &guest_mac);
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_ND);
	ask_ns(&x, &none6, &gateway6, &gateway6, NULL);
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_ND);
	ask_ns(&x, &guest6, &group, &gateway6, &other_mac);
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_SPOOFED_MAC);
}

static void a_long_message_of_discovery_is_refused(void **state)
{
	static struct world x;
	struct weir_span two[2];
	struct weir_wr out;
	struct weir_addr group = weir_ndp_group(&gateway6);

	(void)state;
	open_world(&x);
	ask_ns(&x, &guest6, &group, &gateway6, &guest_mac);
	out = weir_wr_over(x.out, sizeof(x.out));
	two[0] = (struct weir_span){ .at = x.in, .len = 78 };
	two[1] = (struct weir_span){ .at = x.in + 78, .len = 8 };
	x.frame = (struct weir_spans){ .v = two, .n = 2, .len = 86 };
	CHECK_EQ(weir_view_parse(NULL, &x.frame, &x.v), WEIR_REASON_NONE);
	CHECK_EQ(weir_view_l4_csum(&x.v, &x.frame, NULL), WEIR_REASON_NONE);
	CHECK_EQ(weir_desk_answer(&x.d, &x.v, &x.frame, WEIR_KIND_ND, NOW,
				  &out),
		 WEIR_REASON_ND);
}

static void the_guest_is_no_router_and_not_us(void **state)
{
	static struct world x;
	struct weir_ndp_router ra = { .lifetime_s = 1800 };
	struct weir_ndp_answer na = { .target = guest6,
				      .has_mac = true,
				      .mac = guest_mac };

	(void)state;
	open_world(&x);
	ask_ip(&x, &link6, &all_nodes, 58, 255, 16);
	weir_ndp_build_router(&ra, &x.w);
	ask_csum(&x);
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_ND);
	x.in[54] = WEIR_ICMP6_REDIRECT;
	ask_csum(&x);
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_ND);

	ask_ip(&x, &guest6, &all_nodes, 58, 255, 32);
	weir_ndp_build_answer(&na, &x.w);
	ask_csum(&x);
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_NONE);
	CHECK_EQ(x.len, 0);
	ask_ip(&x, &guest6, &all_nodes, 58, 255, 32);
	na.target = gateway6;
	weir_ndp_build_answer(&na, &x.w);
	ask_csum(&x);
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_SPOOFED_SOURCE);
	ask_ip(&x, &guest6, &all_nodes, 58, 255, 32);
	na.mac = other_mac;
	weir_ndp_build_answer(&na, &x.w);
	ask_csum(&x);
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_SPOOFED_MAC);
	x.in[54 + 25] = 2;
	ask_csum(&x);
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_ND);
}

static void ask_rs(struct world *x, const struct weir_addr *from,
		   const struct weir_mac *mac)
{
	struct weir_ndp_seek q = { .has_mac = mac };

	if (mac)
		q.mac = *mac;
	ask_ip(x, from, &all_routers, 58, 255, mac ? 16 : 8);
	weir_ndp_build_seek(&q, &x->w);
	ask_csum(x);
}

static void a_router_is_shown_when_it_is_sought(void **state)
{
	static const struct weir_addr prefix = A6(0xfd, 0x77);
	static struct world x;
	struct weir_ndp_router a;
	struct weir_rd r;

	(void)state;
	open_world(&x);
	ask_rs(&x, &link6, &guest_mac);
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_NONE);
	check_answer(&x, &router6, &link6);
	CHECK_EQ(x.a.ttl, 255);
	r = x.a.l4;
	CHECK_EQ(weir_ndp_parse_router(&r, &a), WEIR_REASON_NONE);
	CHECK_EQ(a.hops, 64);
	CHECK(!a.managed && a.other && a.autonomous);
	CHECK(a.lifetime_s >= 1800 && a.lifetime_s <= 9000);
	CHECK_EQ(a.mtu, 1500);
	CHECK_EQ(a.prefix_len, 64);
	CHECK(weir_addr_is_equal(&a.prefix, &prefix));
	CHECK(a.valid_s >= a.preferred_s && a.preferred_s > 1800);
	CHECK(a.has_dns && weir_addr_is_equal(&a.dns, &dns6));
	CHECK(a.has_mac && weir_mac_is_equal(&a.mac, &gateway_mac));
	CHECK_EQ(memcmp(a.dnssl, "\4weir\0\0", 8), 0);
	ask_rs(&x, &none6, NULL);
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_NONE);
	check_answer(&x, &router6, &all_nodes);
	ask_rs(&x, &none6, &guest_mac);
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_ND);
	ask_rs(&x, &link6, &other_mac);
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_SPOOFED_MAC);
	x.in[54 + 9] = 0;
	ask_csum(&x);
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_ND);
}

static void what_a_router_says_follows_the_configuration(void **state)
{
	static struct world x;
	struct weir_desk_config c = config_of();
	struct weir_ndp_router a;
	struct weir_rd r;

	(void)state;
	c.managed = true;
	c.other = false;
	c.mtu = 1279;
	c.net.len6 = 60;
	c.net.guest6.b[7] = 0xff;
	c.dnssl_len = 0;
	weir_desk_init(&x.d, &c, NOW);
	ask_rs(&x, &link6, &guest_mac);
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_NONE);
	check_answer(&x, &router6, &link6);
	r = x.a.l4;
	CHECK_EQ(weir_ndp_parse_router(&r, &a), WEIR_REASON_NONE);
	CHECK(a.managed && !a.other && !a.autonomous);
	CHECK_EQ(a.mtu, 0);
	CHECK_EQ(a.prefix_len, 60);
	CHECK_EQ(a.prefix.b[7], 0xf0);
	CHECK_EQ(a.prefix.b[15], 0);
	CHECK_EQ(a.dnssl_len, 0);
	c.mtu = 1280; /* the least there can be, and the longest list */
	c.dnssl = x.out;
	c.dnssl_len = WEIR_NDP_DNSSL_MAX_BYTES;
	weir_desk_init(&x.d, &c, NOW);
	ask_rs(&x, &link6, &guest_mac);
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_NONE);
	check_answer(&x, &router6, &link6);
	r = x.a.l4;
	CHECK_EQ(weir_ndp_parse_router(&r, &a), WEIR_REASON_NONE);
	CHECK_EQ(a.mtu, 1280);
	CHECK_EQ(a.dnssl_len, WEIR_NDP_DNSSL_MAX_BYTES);
	c.ra = false;
	weir_desk_init(&x.d, &c, NOW);
	CHECK_EQ(answer(&x, WEIR_KIND_ND, NOW), WEIR_REASON_NONE);
	CHECK_EQ(x.len, 0);
	CHECK_EQ(weir_desk_due(&x.d), -1);
}

static void unasked_routers_come_every_half_hour_at_most(void **state)
{
	static struct world x;
	struct weir_wr out = weir_wr_over(x.out, sizeof(x.out));
	uint64_t due;

	(void)state;
	open_world(&x);
	due = weir_desk_due(&x.d);
	CHECK_EQ(due, NOW + 1800000);
	CHECK(!weir_desk_tick(&x.d, due - 1, &out));
	CHECK_EQ(weir_wr_len(&out), 0);
	CHECK(weir_desk_tick(&x.d, due, &out));
	x.len = weir_wr_len(&out);
	check_answer(&x, &router6, &all_nodes);
	CHECK(!weir_desk_tick(&x.d, due, &out));
	CHECK_EQ(weir_desk_due(&x.d), due + 1800000);
	/* one that was asked for counts */
	ask_rs(&x, &link6, &guest_mac);
	CHECK_EQ(answer(&x, WEIR_KIND_ND, due + 5), WEIR_REASON_NONE);
	CHECK_EQ(weir_desk_due(&x.d), due + 5 + 1800000);
	/* nobody there to hear it */
	weir_desk_meet(&x.d, &(struct weir_mac){ { 0 } });
	out = weir_wr_over(x.out, sizeof(x.out));
	CHECK(!weir_desk_tick(&x.d, due + 5 + 1800000, &out));
	CHECK_EQ(weir_wr_len(&out), 0);
	CHECK(weir_desk_due(&x.d) > due + 5 + 1800000);
	/* no room */
	weir_desk_meet(&x.d, &guest_mac);
	out = weir_wr_over(x.out, 60);
	CHECK(!weir_desk_tick(&x.d, weir_desk_due(&x.d), &out));
	CHECK_EQ(weir_wr_len(&out), 0);
}

static void ask_echo(struct world *x, const struct weir_addr *from,
		     const struct weir_addr *to, size_t n)
{
	bool v6 = !weir_addr_is4(to);

	ask_ip(x, from, to, v6 ? 58 : 1, 64, 8 + n);
	weir_icmp_build(&(struct weir_icmp){ .type = v6 ? 128 : 8,
					     .id = 0x1234,
					     .seq = 0x5678 },
			&x->w);
	for (size_t i = 0; i < n; i++)
		weir_wr_u8(&x->w, (uint8_t)(i * 3));
	ask_csum(x);
}

static void echo_comes_back_from_our_addresses(void **state)
{
	static struct world x;
	static const struct {
		const struct weir_addr *from, *to;
	} row[] = { { &guest4, &gateway4 },
		    { &guest4, &dns4 },
		    { &guest6, &gateway6 },
		    { &guest6, &dns6 },
		    { &link6, &router6 } };
	static const size_t sizes[] = { 0, 1, 56, 57, 1472, 65000 };

	(void)state;
	open_world(&x);
	for (size_t i = 0; i < 5 * 6; i++) {
		size_t n = sizes[i % 6];
		struct weir_icmp m;
		struct weir_rd r;

		ask_echo(&x, row[i / 6].from, row[i / 6].to, n);
		CHECK_EQ(answer(&x, WEIR_KIND_ECHO_HERE, NOW),
			 WEIR_REASON_NONE);
		CHECK_EQ(x.len, weir_wr_len(&x.w));
		check_answer(&x, row[i / 6].to, row[i / 6].from);
		CHECK_EQ(x.a.ttl, 64);
		r = x.a.l4;
		CHECK_EQ(weir_icmp_parse(&r, &m), WEIR_REASON_NONE);
		CHECK_EQ(m.type, x.a.is_v6 ? 129 : 0);
		CHECK_EQ(m.id, 0x1234);
		CHECK_EQ(m.seq, 0x5678);
		CHECK_EQ(r.left, n);
		CHECK_EQ(memcmp(r.at, x.in + x.v.l4_at + 8, n), 0);
	}
}

static void a_broken_echo_does_not_come_back(void **state)
{
	static struct world x;

	(void)state;
	open_world(&x);
	ask_echo(&x, &guest4, &gateway4, 10);
	x.in[50] ^= 1;
	CHECK_EQ(answer(&x, WEIR_KIND_ECHO_HERE, NOW), WEIR_REASON_CSUM);
	ask_ip(&x, &guest4, &gateway4, 1, 64, 4);
	weir_wr_be32(&x.w, 0x08000000);
	ask_csum(&x);
	CHECK_EQ(answer(&x, WEIR_KIND_ECHO_HERE, NOW), WEIR_REASON_SHORT);
}

static void an_answer_without_room_is_none_at_all(void **state)
{
	static struct world x;
	struct weir_addr group = weir_ndp_group(&gateway6);

	(void)state;
	open_world(&x);
	for (unsigned i = 0; i < 5; i++) {
		static const enum weir_kind_room rooms[] = {
			WEIR_KIND_ARP, WEIR_KIND_ND, WEIR_KIND_ND,
			WEIR_KIND_ECHO_HERE, WEIR_KIND_EXPIRED
		};
		size_t whole;

		if (i == 0)
			ask_arp(&x, WEIR_ARP_REQUEST, &guest_mac, &guest4,
				&gateway4);
		else if (i == 1)
			ask_ns(&x, &guest6, &group, &gateway6, &guest_mac);
		else if (i == 2)
			ask_rs(&x, &link6, &guest_mac);
		else if (i == 3)
			ask_echo(&x, &guest4, &gateway4, 30);
		else
			ask_echo(&x, &guest6, &far6, 30);
		CHECK_EQ(answer(&x, rooms[i], NOW), WEIR_REASON_NONE);
		whole = x.len;
		CHECK(whole > 0 && whole <= WEIR_DESK_ANSWER_BYTES);
		see(x.in, weir_wr_len(&x.w), &x, &x.v);
		for (size_t n = 0; n < whole; n++) {
			struct weir_wr out = weir_wr_over(x.out, n);

			CHECK_EQ(weir_desk_answer(&x.d, &x.v, &x.frame,
						  rooms[i], NOW + 1000 * n,
						  &out),
				 WEIR_REASON_OVERSIZE);
			CHECK(weir_wr_ok(&out));
			CHECK_EQ(weir_wr_len(&out), 0);
		}
	}
}

static void other_rooms_have_nothing_to_say(void **state)
{
	static struct world x;

	(void)state;
	open_world(&x);
	ask_echo(&x, &guest4, &gateway4, 10);
	for (int room = 0; room <= WEIR_KIND_OTHER; room++) {
		if (room == WEIR_KIND_ARP || room == WEIR_KIND_ND ||
		    room == WEIR_KIND_ECHO_HERE || room == WEIR_KIND_EXPIRED)
			continue;
		CHECK_EQ(answer(&x, (enum weir_kind_room)room, NOW),
			 WEIR_REASON_NONE);
		CHECK_EQ(x.len, 0);
	}
}

static void what_has_no_hop_left_is_told_by_the_gateway(void **state)
{
	static struct world x;
	static const struct {
		const struct weir_addr *from, *to, *says;
	} row[] = { { &guest4, &far4, &gateway4 },
		    { &guest6, &far6, &gateway6 },
		    { &link6, &far6, &router6 } };

	(void)state;
	open_world(&x);
	for (size_t i = 0; i < 3; i++) {
		struct weir_icmp m;
		struct weir_rd r;

		ask_echo(&x, row[i].from, row[i].to, 100);
		CHECK_EQ(answer(&x, WEIR_KIND_EXPIRED, NOW), WEIR_REASON_NONE);
		check_answer(&x, row[i].says, row[i].from);
		r = x.a.l4;
		CHECK_EQ(weir_icmp_parse(&r, &m), WEIR_REASON_NONE);
		CHECK_EQ(m.type, x.a.is_v6 ? 3 : 11);
		CHECK_EQ(m.code, 0);
		CHECK_EQ(r.left, weir_wr_len(&x.w) - 14);
		CHECK_EQ(memcmp(r.at, x.in + 14, r.left), 0);
	}
}

static enum weir_reason tell(struct world *x, const struct weir_icmp_error *e,
			     uint64_t now)
{
	struct weir_wr out = weir_wr_over(x->out, sizeof(x->out));
	enum weir_reason why;

	see(x->in, weir_wr_len(&x->w), x, &x->v);
	why = weir_desk_unreachable(&x->d, e, x->v.l3, now, &out);
	x->len = weir_wr_len(&out);
	if (why != WEIR_REASON_NONE)
		CHECK_EQ(x->len, 0);
	return why;
}

static void errors_come_from_whom_the_engine_says(void **state)
{
	static struct world x;
	struct weir_icmp_error e = { .why = WEIR_ICMP_WHY_TOO_BIG,
				     .mtu = 1400 };
	struct weir_icmp m;
	struct weir_rd r;

	(void)state;
	open_world(&x);
	ask_ip(&x, &guest4, &far4, 17, 64, 8);
	weir_wr_fill(&x.w, 0, 8);
	CHECK_EQ(tell(&x, &e, NOW), WEIR_REASON_NONE);
	check_answer(&x, &gateway4, &guest4);
	r = x.a.l4;
	CHECK_EQ(weir_icmp_parse(&r, &m), WEIR_REASON_NONE);
	CHECK_EQ(m.type, 3);
	CHECK_EQ(m.code, 4);
	CHECK_EQ(m.seq, 1400);
	e.from = far4;
	CHECK_EQ(tell(&x, &e, NOW), WEIR_REASON_NONE);
	check_answer(&x, &far4, &guest4);
	e.from = far6; /* cannot say anything about IPv4 */
	CHECK_EQ(tell(&x, &e, NOW), WEIR_REASON_NONE);
	check_answer(&x, &gateway4, &guest4);
}

static void what_must_not_be_answered_is_not(void **state)
{
	static const struct weir_addr subnet = A4(10, 0, 2, 255);
	static struct world x;
	struct weir_icmp_error e = { .why = WEIR_ICMP_WHY_PORT };

	(void)state;
	open_world(&x);
	ask_ip(&x, &guest4, &subnet, 17, 64, 8);
	weir_wr_fill(&x.w, 0, 8);
	CHECK_EQ(tell(&x, &e, NOW), WEIR_REASON_ICMP);
	ask_ip(&x, &gateway4, &far4, 17, 64, 8);
	weir_wr_fill(&x.w, 0, 8);
	CHECK_EQ(tell(&x, &e, NOW), WEIR_REASON_ICMP);
	ask_ip(&x, &guest6, &all_nodes, 17, 64, 8);
	weir_wr_fill(&x.w, 0, 8);
	CHECK_EQ(tell(&x, &e, NOW), WEIR_REASON_ICMP);
	ask_ip(&x, &guest6, &far6, 17, 64, 8);
	weir_wr_fill(&x.w, 0, 8);
	for (size_t n = 0; n < 40; n++) {
		struct weir_wr out = weir_wr_over(x.out, sizeof(x.out));

		CHECK_EQ(weir_desk_unreachable(&x.d, &e,
					       weir_rd_over(x.in + 14, n), NOW,
					       &out),
			 WEIR_REASON_ICMP);
	}
	/* none of these cost anything */
	for (unsigned i = 0; i < WEIR_DESK_ERRORS_BURST; i++)
		CHECK_EQ(tell(&x, &e, NOW), WEIR_REASON_NONE);
	CHECK_EQ(tell(&x, &e, NOW), WEIR_REASON_LIMIT_RATE);
}

static unsigned told(struct world *x, unsigned tries, uint64_t now)
{
	struct weir_icmp_error e = { .why = WEIR_ICMP_WHY_PORT };
	unsigned n = 0;

	for (unsigned i = 0; i < tries; i++)
		n += tell(x, &e, now) == WEIR_REASON_NONE;
	return n;
}

static void errors_are_limited_to_a_rate(void **state)
{
	static struct world x;
	unsigned n = 0;

	(void)state;
	open_world(&x);
	ask_ip(&x, &guest4, &far4, 17, 64, 8);
	weir_wr_fill(&x.w, 0, 8);
	CHECK_EQ(told(&x, 1000, NOW), WEIR_DESK_ERRORS_BURST);
	CHECK_EQ(told(&x, 1000, NOW + 10), WEIR_DESK_ERRORS_PER_S / 100);
	for (uint64_t ms = 0; ms < 1000; ms++)
		n += told(&x, 3, NOW + 11 + ms);
	CHECK_EQ(n, WEIR_DESK_ERRORS_PER_S);
	/* a long rest gives one burst, and no more */
	CHECK_EQ(told(&x, 1000, NOW + (UINT64_C(1) << 50)),
		 WEIR_DESK_ERRORS_BURST);
}

static struct weir_addr own(unsigned i)
{
	struct weir_addr a = A6(0xfd, 0x77, [8] = 1);

	a.b[14] = (uint8_t)(i >> 8);
	a.b[15] = (uint8_t)i;
	return a;
}

static void so_many_addresses_are_learned_and_no_more(void **state)
{
	static struct world x;
	struct weir_addr a;

	(void)state;
	open_world(&x);
	for (unsigned i = 0; i < 100; i++) {
		a = own(i);
		CHECK_EQ(weir_desk_admit(&x.d, &a, NOW + i),
			 i < WEIR_DESK_NEIGHBOURS_MAX
				 ? WEIR_REASON_NONE
				 : WEIR_REASON_SPOOFED_SOURCE);
	}
	for (unsigned i = 0; i < WEIR_DESK_NEIGHBOURS_MAX; i++) {
		a = own(i);
		CHECK_EQ(weir_desk_admit(&x.d, &a, NOW + 1000),
			 WEIR_REASON_NONE);
	}
	CHECK_EQ(weir_desk_admit(&x.d, &gateway6, NOW),
		 WEIR_REASON_SPOOFED_SOURCE);
}

static void an_address_long_unused_makes_room(void **state)
{
	static struct world x;
	struct weir_addr a, b = own(500);
	uint64_t later = NOW + WEIR_DESK_NEIGHBOUR_IDLE_MS;

	(void)state;
	open_world(&x);
	for (unsigned i = 0; i < WEIR_DESK_NEIGHBOURS_MAX; i++) {
		a = own(i);
		CHECK_EQ(weir_desk_admit(&x.d, &a, NOW), WEIR_REASON_NONE);
	}
	for (unsigned i = 0; i < WEIR_DESK_NEIGHBOURS_MAX; i++) {
		a = own(i);
		if (i != 7)
			CHECK_EQ(weir_desk_admit(&x.d, &a, later - 1),
				 WEIR_REASON_NONE);
	}
	CHECK_EQ(weir_desk_admit(&x.d, &b, later - 1),
		 WEIR_REASON_SPOOFED_SOURCE);
	CHECK_EQ(weir_desk_admit(&x.d, &b, later), WEIR_REASON_NONE);
	a = own(7); /* whose place it was */
	CHECK_EQ(weir_desk_admit(&x.d, &a, later), WEIR_REASON_SPOOFED_SOURCE);
	a = own(8);
	CHECK_EQ(weir_desk_admit(&x.d, &a, later), WEIR_REASON_NONE);
}

static void a_frame_is_addressed_to_the_guest(void **state)
{
	static struct world x;

	(void)state;
	open_world(&x);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		uint8_t b[14];
		struct weir_wr w = weir_wr_over(b, sizeof(b));
		struct weir_rd r = weir_rd_over(b, sizeof(b));
		struct weir_eth e;

		weir_desk_meet(&x.d, v6 ? &other_mac : &guest_mac);
		weir_desk_address(&x.d, v6, &w);
		CHECK_EQ(weir_eth_parse(&r, &e), WEIR_REASON_NONE);
		CHECK_EQ(e.type, v6 ? WEIR_ETH_IPV6 : WEIR_ETH_IPV4);
		CHECK(weir_mac_is_equal(&e.dst, v6 ? &other_mac : &guest_mac));
		CHECK(weir_mac_is_equal(&e.src, &gateway_mac));
	}
}

T_MAIN(T(arp_is_answered_for_our_addresses_only),
       T(arp_for_somebody_else_is_refused),
       T(neighbours_are_answered_for_our_addresses_only),
       T(duplicate_address_detection_is_answered_to_all_nodes),
       T(malformed_discovery_is_refused),
       T(a_long_message_of_discovery_is_refused),
       T(the_guest_is_no_router_and_not_us),
       T(a_router_is_shown_when_it_is_sought),
       T(what_a_router_says_follows_the_configuration),
       T(unasked_routers_come_every_half_hour_at_most),
       T(echo_comes_back_from_our_addresses),
       T(a_broken_echo_does_not_come_back),
       T(an_answer_without_room_is_none_at_all),
       T(other_rooms_have_nothing_to_say),
       T(what_has_no_hop_left_is_told_by_the_gateway),
       T(errors_come_from_whom_the_engine_says),
       T(what_must_not_be_answered_is_not), T(errors_are_limited_to_a_rate),
       T(so_many_addresses_are_learned_and_no_more),
       T(an_address_long_unused_makes_room),
       T(a_frame_is_addressed_to_the_guest))
