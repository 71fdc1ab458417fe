/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/kind.h"

#include "packet/eth.h"
#include "packet/icmp.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"

#include "../t.h"

#define A6(...)                                                                \
	{                                                                      \
		.b = { __VA_ARGS__ }                                           \
	}
#define A4(a, b, c, d) A6([10] = 0xff, 0xff, a, b, c, d)
#define GUEST4         A4(10, 0, 2, 15)
#define GATEWAY4       A4(10, 0, 2, 2)
#define DNS4           A4(10, 0, 2, 3)
#define FAR4           A4(1, 1, 1, 1)
#define NONE4          A4(0, 0, 0, 0)
#define ALL4           A4(255, 255, 255, 255)
#define SUBNET4        A4(10, 0, 2, 255)
#define GROUP4         A4(224, 0, 0, 251)
#define GUEST6         A6(0xfd, 0x77, [15] = 15)
#define GATEWAY6       A6(0xfd, 0x77, [15] = 2)
#define DNS6           A6(0xfd, 0x77, [15] = 3)
#define ROUTER6        A6(0xfe, 0x80, [15] = 2)
#define LINK6          A6(0xfe, 0x80, [15] = 99)
#define OWN6           A6(0xfd, 0x77, [8] = 5, [15] = 1)
#define OTHER6         A6(0xfd, 0x78, [15] = 15)
#define FAR6           A6(0x20, 0x01, 0x0d, 0xb8, [15] = 1)
#define NONE6          A6(0)
#define GROUP6         A6(0xff, 0x02, [15] = 1)
#define GUEST                                                                  \
	{                                                                      \
		{                                                              \
			2, 1, 1, 1, 1, 1                                       \
		}                                                              \
	}
#define GATEWAY                                                                \
	{                                                                      \
		{                                                              \
			2, 2, 2, 2, 2, 2                                       \
		}                                                              \
	}

static const struct weir_kind_facts facts = {
	.guest = GUEST,
	.gateway = GATEWAY,
	.guest4 = GUEST4,
	.gateway4 = GATEWAY4,
	.dns4 = DNS4,
	.len4 = 24,
	.has6 = true,
	.guest6 = GUEST6,
	.gateway6 = GATEWAY6,
	.dns6 = DNS6,
	.router6 = ROUTER6,
	.len6 = 64,
};

/* what a row says of a frame; the destination MAC is made to fit */
struct row {
	struct weir_addr from, to;
	uint8_t proto;
	uint16_t first, second; /* ports; or type and code, and whatever */
	uint8_t ttl;
	enum weir_kind_room room;
	enum weir_reason why;
	bool learn;
};

static struct weir_mac mac_for(const struct weir_addr *to)
{
	struct weir_mac m = GATEWAY;

	if (to->b[0] == 0xff)
		return (struct weir_mac){ { 0x33, 0x33, 0, 0, 0, to->b[15] } };
	if (weir_ipv4_is_multicast(to))
		return (struct weir_mac){ { 1, 0, 0x5e, 0, 0, to->b[15] } };
	if (weir_kind_is_broadcast(&facts, to))
		memset(m.b, 0xff, 6);
	return m;
}

static struct weir_view view_of(const struct row *r, uint8_t l4[8])
{
	struct weir_view v = { .src = GUEST,
			       .dst = mac_for(&r->to),
			       .is_ip = true,
			       .is_v6 = !weir_addr_is4(&r->to),
			       .from = r->from,
			       .to = r->to,
			       .proto = r->proto,
			       .ttl = r->ttl,
			       .l4_len = 8 };

	memset(l4, 0, 8);
	l4[0] = (uint8_t)(r->first >> 8);
	l4[1] = (uint8_t)r->first;
	l4[2] = (uint8_t)(r->second >> 8);
	l4[3] = (uint8_t)r->second;
	v.ethertype = v.is_v6 ? WEIR_ETH_IPV6 : WEIR_ETH_IPV4;
	v.l4 = weir_rd_over(l4, 8);
	return v;
}

static void check_rows(const struct row *row, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t l4[8];
		struct weir_view v = view_of(&row[i], l4);
		struct weir_kind k = { .sport = 7 };
		enum weir_reason why = weir_kind_find(&v, &facts, &k);

		if (why != row[i].why)
			fail_msg("row %zu: %s, not %s", i,
				 weir_reason_name(why),
				 weir_reason_name(row[i].why));
		if (why != WEIR_REASON_NONE) {
			CHECK_EQ(k.sport, 7);
			continue;
		}
		if (k.room != row[i].room)
			fail_msg("row %zu: room %d, not %d", i, (int)k.room,
				 (int)row[i].room);
		CHECK_EQ(k.learn, row[i].learn);
	}
}

#define ROWS(r) check_rows(r, sizeof(r) / sizeof((r)[0]))
#define OK      WEIR_REASON_NONE
#define SOURCE  WEIR_REASON_SPOOFED_SOURCE

static void ipv4_is_sorted(void **state)
{
	static const struct row row[] = {
		{ GUEST4, FAR4, 6, 9, 80, 64, WEIR_KIND_TCP, OK, 0 },
		{ GUEST4, FAR4, 6, 9, 53, 64, WEIR_KIND_DNS, OK, 0 },
		{ GUEST4, DNS4, 6, 9, 53, 64, WEIR_KIND_DNS, OK, 0 },
		{ GUEST4, FAR4, 17, 9, 53, 64, WEIR_KIND_DNS, OK, 0 },
		{ GUEST4, FAR4, 17, 9, 54, 64, WEIR_KIND_UDP, OK, 0 },
		{ GUEST4, GATEWAY4, 17, 9, 80, 64, WEIR_KIND_UDP, OK, 0 },
		{ GUEST4, GROUP4, 17, 9, 53, 64, WEIR_KIND_UDP, OK, 0 },
		{ GUEST4, GROUP4, 17, 9, 5353, 1, WEIR_KIND_UDP, OK, 0 },
		{ GUEST4, ALL4, 17, 9, 137, 64, WEIR_KIND_UDP, OK, 0 },
		{ GUEST4, SUBNET4, 17, 9, 137, 64, WEIR_KIND_UDP, OK, 0 },
		{ NONE4, ALL4, 17, 68, 67, 64, WEIR_KIND_DHCP, OK, 0 },
		{ GUEST4, GATEWAY4, 17, 68, 67, 1, WEIR_KIND_DHCP, OK, 0 },
		{ GUEST4, SUBNET4, 17, 68, 67, 1, WEIR_KIND_DHCP, OK, 0 },
		{ GUEST4, FAR4, 17, 68, 67, 64, WEIR_KIND_UDP, OK, 0 },
		{ GUEST4, GATEWAY4, 17, 9, 547, 64, WEIR_KIND_UDP, OK, 0 },
		{ GUEST4, GATEWAY4, 6, 9, 67, 64, WEIR_KIND_TCP, OK, 0 },
		{ GUEST4, GROUP4, 6, 9, 80, 64, 0, WEIR_REASON_MULTICAST, 0 },
		{ GUEST4, ALL4, 6, 9, 53, 64, 0, WEIR_REASON_MULTICAST, 0 },
		{ GUEST4, FAR4, 1, 0x0800, 0, 64, WEIR_KIND_ECHO, OK, 0 },
		{ GUEST4, FAR4, 1, 0x0801, 0, 64, WEIR_KIND_OTHER, OK, 0 },
		{ GUEST4, GATEWAY4, 1, 0x0800, 0, 1, WEIR_KIND_ECHO_HERE, OK,
		  0 },
		{ GUEST4, DNS4, 1, 0x0800, 0, 64, WEIR_KIND_ECHO_HERE, OK, 0 },
		{ GUEST4, ALL4, 1, 0x0800, 0, 64, WEIR_KIND_GROUP, OK, 0 },
		{ GUEST4, FAR4, 1, 0x0303, 0, 64, WEIR_KIND_ICMP_ERROR, OK, 0 },
		{ GUEST4, FAR4, 1, 0x0b00, 0, 64, WEIR_KIND_ICMP_ERROR, OK, 0 },
		{ GUEST4, FAR4, 1, 0x0000, 0, 64, WEIR_KIND_OTHER, OK, 0 },
		{ GUEST4, FAR4, 1, 0x0d00, 0, 64, WEIR_KIND_OTHER, OK, 0 },
		{ GUEST4, FAR4, 58, 0x8000, 0, 64, WEIR_KIND_OTHER, OK, 0 },
		{ GUEST4, FAR4, 132, 9, 80, 64, WEIR_KIND_OTHER, OK, 0 },
		{ NONE4, GROUP4, 2, 0x1600, 0, 1, WEIR_KIND_GROUP, OK, 0 },
	};

	(void)state;
	ROWS(row);
}

static void ipv6_is_sorted(void **state)
{
	static const struct row row[] = {
		{ GUEST6, FAR6, 6, 9, 80, 64, WEIR_KIND_TCP, OK, 0 },
		{ GUEST6, FAR6, 6, 9, 53, 64, WEIR_KIND_DNS, OK, 0 },
		{ GUEST6, FAR6, 17, 9, 53, 64, WEIR_KIND_DNS, OK, 0 },
		{ GUEST6, FAR6, 17, 9, 443, 64, WEIR_KIND_UDP, OK, 0 },
		{ GUEST6, GROUP6, 17, 9, 5353, 1, WEIR_KIND_UDP, OK, 0 },
		{ LINK6, GROUP6, 17, 546, 547, 1, WEIR_KIND_DHCPV6, OK, 0 },
		{ LINK6, ROUTER6, 17, 546, 547, 1, WEIR_KIND_DHCPV6, OK, 0 },
		{ GUEST6, FAR6, 17, 546, 547, 64, WEIR_KIND_UDP, OK, 0 },
		{ GUEST6, GATEWAY6, 17, 9, 67, 64, WEIR_KIND_UDP, OK, 0 },
		{ GUEST6, GROUP6, 6, 9, 80, 64, 0, WEIR_REASON_MULTICAST, 0 },
		{ GUEST6, FAR6, 58, 0x8000, 0, 64, WEIR_KIND_ECHO, OK, 0 },
		{ GUEST6, GATEWAY6, 58, 0x8000, 0, 1, WEIR_KIND_ECHO_HERE, OK,
		  0 },
		{ LINK6, ROUTER6, 58, 0x8000, 0, 1, WEIR_KIND_ECHO_HERE, OK,
		  0 },
		{ GUEST6, DNS6, 58, 0x8000, 0, 1, WEIR_KIND_ECHO_HERE, OK, 0 },
		{ GUEST6, GROUP6, 58, 0x8000, 0, 1, WEIR_KIND_GROUP, OK, 0 },
		{ GUEST6, FAR6, 58, 0x8100, 0, 64, WEIR_KIND_OTHER, OK, 0 },
		{ GUEST6, FAR6, 58, 0x0104, 0, 64, WEIR_KIND_ICMP_ERROR, OK,
		  0 },
		{ LINK6, GROUP6, 58, 0x8500, 0, 255, WEIR_KIND_ND, OK, 0 },
		{ LINK6, GROUP6, 58, 0x8600, 0, 255, WEIR_KIND_ND, OK, 0 },
		{ LINK6, GROUP6, 58, 0x8700, 0, 255, WEIR_KIND_ND, OK, 0 },
		{ LINK6, GROUP6, 58, 0x8800, 0, 255, WEIR_KIND_ND, OK, 0 },
		{ LINK6, GROUP6, 58, 0x8900, 0, 255, WEIR_KIND_ND, OK, 0 },
		{ LINK6, GROUP6, 58, 0x8300, 0, 1, WEIR_KIND_GROUP, OK, 0 },
		{ LINK6, GROUP6, 58, 0x8f00, 0, 1, WEIR_KIND_GROUP, OK, 0 },
		{ GUEST6, FAR6, 1, 0x0800, 0, 64, WEIR_KIND_OTHER, OK, 0 },
		{ GUEST6, FAR6, 2, 0x1600, 0, 64, WEIR_KIND_OTHER, OK, 0 },
		{ GUEST6, FAR6, 59, 0, 0, 64, WEIR_KIND_OTHER, OK, 0 },
	};

	(void)state;
	ROWS(row);
}

static void what_has_no_hop_left_does_not_go_out(void **state)
{
	static const struct row row[] = {
		{ GUEST4, FAR4, 6, 9, 80, 1, WEIR_KIND_EXPIRED, OK, 0 },
		{ GUEST4, FAR4, 6, 9, 80, 0, WEIR_KIND_EXPIRED, OK, 0 },
		{ GUEST4, FAR4, 6, 9, 80, 2, WEIR_KIND_TCP, OK, 0 },
		{ GUEST4, FAR4, 17, 9, 80, 1, WEIR_KIND_EXPIRED, OK, 0 },
		{ GUEST4, FAR4, 1, 0x0800, 0, 1, WEIR_KIND_EXPIRED, OK, 0 },
		{ GUEST6, FAR6, 6, 9, 80, 1, WEIR_KIND_EXPIRED, OK, 0 },
		{ GUEST6, FAR6, 58, 0x8000, 0, 1, WEIR_KIND_EXPIRED, OK, 0 },
		/* these need not go out */
		{ GUEST4, GATEWAY4, 6, 9, 80, 1, WEIR_KIND_TCP, OK, 0 },
		{ GUEST4, FAR4, 17, 9, 53, 1, WEIR_KIND_DNS, OK, 0 },
		{ GUEST6, ROUTER6, 6, 9, 80, 0, WEIR_KIND_TCP, OK, 0 },
	};

	(void)state;
	ROWS(row);
}

static void sources_are_the_guest(void **state)
{
	static const struct row row[] = {
		{ FAR4, FAR4, 6, 9, 80, 64, 0, SOURCE, 0 },
		{ GATEWAY4, FAR4, 6, 9, 80, 64, 0, SOURCE, 0 },
		{ SUBNET4, FAR4, 6, 9, 80, 64, 0, SOURCE, 0 },
		{ GROUP4, FAR4, 6, 9, 80, 64, 0, SOURCE, 0 },
		{ NONE4, FAR4, 6, 9, 80, 64, 0, SOURCE, 0 },
		{ NONE4, FAR4, 17, 9, 67, 64, 0, SOURCE, 0 },
		{ NONE4, FAR4, 17, 9, 53, 64, 0, SOURCE, 0 },
		{ NONE4, GATEWAY4, 1, 0x0800, 0, 64, 0, SOURCE, 0 },
		{ NONE4, ALL4, 1, 0x0800, 0, 64, 0, SOURCE, 0 },
		{ FAR4, ALL4, 17, 68, 67, 64, 0, SOURCE, 0 },
		{ FAR6, FAR6, 6, 9, 80, 64, 0, SOURCE, 0 },
		{ OTHER6, FAR6, 6, 9, 80, 64, 0, SOURCE, 0 },
		{ GATEWAY6, FAR6, 6, 9, 80, 64, 0, SOURCE, 0 },
		{ DNS6, FAR6, 6, 9, 80, 64, 0, SOURCE, 0 },
		{ ROUTER6, GROUP6, 58, 0x8600, 0, 255, 0, SOURCE, 0 },
		{ GROUP6, FAR6, 6, 9, 80, 64, 0, SOURCE, 0 },
		{ NONE6, FAR6, 6, 9, 80, 64, 0, SOURCE, 0 },
		{ NONE6, FAR6, 17, 9, 53, 64, 0, SOURCE, 0 },
		{ NONE6, GATEWAY6, 58, 0x8000, 0, 64, 0, SOURCE, 0 },
		/* none, where it may be */
		{ NONE6, GROUP6, 58, 0x8500, 0, 255, WEIR_KIND_ND, OK, 0 },
		{ NONE6, GROUP6, 58, 0x8700, 0, 255, WEIR_KIND_ND, OK, 0 },
		{ NONE6, GROUP6, 58, 0x8f00, 0, 1, WEIR_KIND_GROUP, OK, 0 },
		{ NONE6, GROUP6, 17, 546, 547, 1, WEIR_KIND_DHCPV6, OK, 0 },
		/* its own */
		{ LINK6, FAR6, 6, 9, 80, 64, WEIR_KIND_TCP, OK, 0 },
		{ OWN6, FAR6, 6, 9, 80, 64, WEIR_KIND_TCP, OK, 1 },
		{ OWN6, GROUP6, 58, 0x8700, 0, 255, WEIR_KIND_ND, OK, 1 },
	};

	(void)state;
	ROWS(row);
}

static const struct row tcp4 = { GUEST4, FAR4,          6,  9, 80,
				 64,     WEIR_KIND_TCP, OK, 0 };
static const struct row tcp6 = { GUEST6, FAR6,          6,  9, 80,
				 64,     WEIR_KIND_TCP, OK, 0 };

static enum weir_reason with_macs(const struct row *r, struct weir_mac src,
				  struct weir_mac dst,
				  const struct weir_kind_facts *f)
{
	uint8_t l4[8];
	struct weir_view v = view_of(r, l4);
	struct weir_kind k;

	v.src = src;
	v.dst = dst;
	return weir_kind_find(&v, f, &k);
}

static void ethernet_destinations_fit_the_ip_destination(void **state)
{
	static const struct weir_mac guest = GUEST, gateway = GATEWAY,
				     all = { { 255, 255, 255, 255, 255, 255 } },
				     group4 = { { 1, 0, 0x5e, 0, 0, 1 } },
				     group6 = { { 0x33, 0x33, 0, 0, 0, 1 } },
				     other = { { 2, 3, 3, 3, 3, 3 } };
	static const struct row to_group4 = { GUEST4, GROUP4, 17, 9, 9,
					      1,      0,      OK, 0 };
	static const struct row to_all4 = {
		GUEST4, ALL4, 17, 9, 9, 1, 0, OK, 0
	};
	static const struct row to_group6 = { GUEST6, GROUP6, 17, 9, 9,
					      1,      0,      OK, 0 };
	static const struct {
		const struct row *r;
		const struct weir_mac *dst;
		bool want;
	} row[] = {
		{ &tcp4, &gateway, true },      { &tcp4, &all, false },
		{ &tcp4, &group4, false },      { &tcp4, &other, false },
		{ &tcp4, &guest, false },       { &tcp6, &gateway, true },
		{ &tcp6, &group6, false },      { &tcp6, &all, false },
		{ &to_group4, &group4, true },  { &to_group4, &all, true },
		{ &to_group4, &gateway, true }, { &to_group4, &group6, false },
		{ &to_group4, &other, false },  { &to_all4, &all, true },
		{ &to_all4, &gateway, true },   { &to_all4, &other, false },
		{ &to_group6, &group6, true },  { &to_group6, &group4, false },
		{ &to_group6, &all, false },    { &to_group6, &gateway, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		CHECK_EQ(with_macs(row[i].r, guest, *row[i].dst, &facts),
			 row[i].want ? OK : WEIR_REASON_NOT_FOR_US);
}

static void ethernet_sources_are_the_guest(void **state)
{
	static const struct weir_mac guest = GUEST, gateway = GATEWAY,
				     group = { { 3, 1, 1, 1, 1, 1 } },
				     other = { { 2, 1, 1, 1, 1, 2 } };
	struct weir_kind_facts any = facts;

	(void)state;
	memset(&any.guest, 0, sizeof(any.guest));
	CHECK_EQ(with_macs(&tcp4, guest, gateway, &facts), OK);
	CHECK_EQ(with_macs(&tcp4, other, gateway, &facts),
		 WEIR_REASON_SPOOFED_MAC);
	CHECK_EQ(with_macs(&tcp4, gateway, gateway, &facts),
		 WEIR_REASON_SPOOFED_MAC);
	CHECK_EQ(with_macs(&tcp4, other, gateway, &any), OK);
	CHECK_EQ(with_macs(&tcp4, group, gateway, &any),
		 WEIR_REASON_SPOOFED_MAC);
	CHECK_EQ(with_macs(&tcp4, gateway, gateway, &any),
		 WEIR_REASON_SPOOFED_MAC);
}

static void arp_is_for_us_or_for_all(void **state)
{
	struct weir_view v = { .src = GUEST,
			       .dst = GATEWAY,
			       .ethertype = WEIR_ETH_ARP };
	struct weir_kind k = { .room = WEIR_KIND_OTHER };

	(void)state;
	CHECK_EQ(weir_kind_find(&v, &facts, &k), OK);
	CHECK_EQ(k.room, WEIR_KIND_ARP);
	memset(v.dst.b, 0xff, 6);
	CHECK_EQ(weir_kind_find(&v, &facts, &k), OK);
	v.dst.b[5] = 0xfe;
	CHECK_EQ(weir_kind_find(&v, &facts, &k), WEIR_REASON_NOT_FOR_US);
	v.dst.b[5] = 0xff;
	v.src.b[5]++;
	CHECK_EQ(weir_kind_find(&v, &facts, &k), WEIR_REASON_SPOOFED_MAC);
}

static void without_ipv6_it_is_not_for_us(void **state)
{
	static const struct weir_mac guest = GUEST, gateway = GATEWAY;
	struct weir_kind_facts f = facts;

	(void)state;
	f.has6 = false;
	CHECK_EQ(with_macs(&tcp6, guest, gateway, &f), WEIR_REASON_NOT_FOR_US);
	CHECK_EQ(with_macs(&tcp4, guest, gateway, &f), OK);
	CHECK(!weir_kind_is_ours(&f, &f.gateway6));
	CHECK(weir_kind_is_ours(&facts, &f.gateway6));
	CHECK(weir_kind_is_ours(&f, &f.gateway4));
	CHECK(!weir_kind_is_ours(&f, &f.guest4));
}

static void ports_are_told(void **state)
{
	uint8_t l4[8];
	struct weir_view v = view_of(&tcp4, l4);
	struct weir_kind k;

	(void)state;
	CHECK_EQ(weir_kind_find(&v, &facts, &k), OK);
	CHECK_EQ(k.sport, 9);
	CHECK_EQ(k.dport, 80);
}

static void headers_that_are_cut_off_are_short(void **state)
{
	static const struct row echo4 = { GUEST4, FAR4, 1,  0x0800, 0,
					  64,     0,    OK, 0 };
	static const struct row ask6 = { LINK6, GROUP6, 58, 0x8700, 0,
					 255,   0,      OK, 0 };
	static const struct {
		const struct row *r;
		size_t need;
	} row[] = { { &tcp4, 4 }, { &tcp6, 4 }, { &echo4, 8 }, { &ask6, 8 } };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		for (size_t n = 0; n <= 8; n++) {
			uint8_t l4[8];
			struct weir_view v = view_of(row[i].r, l4);
			struct weir_kind k;

			v.l4.left = n;
			CHECK_EQ(weir_kind_find(&v, &facts, &k),
				 n < row[i].need ? WEIR_REASON_SHORT : OK);
		}
	}
}

static void fragments_are_for_frag_if_they_are_the_guests(void **state)
{
	uint8_t l4[8];
	struct row r = tcp4;
	struct weir_view v;
	struct weir_kind k;

	(void)state;
	v = view_of(&r, l4);
	v.fragment = true;
	CHECK_EQ(weir_kind_find(&v, &facts, &k), OK);
	CHECK_EQ(k.room, WEIR_KIND_FRAGMENT);
	CHECK_EQ(k.sport | k.dport, 0);
	r.from = weir_addr_from4(0);
	r.to = weir_addr_from4(0xffffffff);
	r.proto = 17;
	r.second = 67;
	v = view_of(&r, l4);
	v.fragment = true;
	CHECK_EQ(weir_kind_find(&v, &facts, &k), SOURCE);
}

static void a_broadcast_address_is_all_ones(void **state)
{
	static const struct {
		uint8_t len;
		uint32_t ip;
		bool want;
	} row[] = {
		{ 24, 0x0a0002ff, true },  { 24, 0x0a0003ff, false },
		{ 24, 0x0a0002fe, false }, { 16, 0x0a00ffff, true },
		{ 16, 0x0a0002ff, false }, { 30, 0x0a00020f, true },
		{ 31, 0x0a00020f, false }, { 32, 0x0a00020f, false },
		{ 32, 0xffffffff, true },  { 0, 0xffffffff, true },
		{ 0, 0x7fffffff, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_kind_facts f = facts;
		struct weir_addr a = weir_addr_from4(row[i].ip);

		f.len4 = row[i].len;
		CHECK_EQ(weir_kind_is_broadcast(&f, &a), row[i].want);
	}
	CHECK(!weir_kind_is_broadcast(&facts, &facts.gateway6));
}

T_MAIN(T(ipv4_is_sorted), T(ipv6_is_sorted),
       T(what_has_no_hop_left_does_not_go_out), T(sources_are_the_guest),
       T(ethernet_destinations_fit_the_ip_destination),
       T(ethernet_sources_are_the_guest), T(arp_is_for_us_or_for_all),
       T(without_ipv6_it_is_not_for_us), T(ports_are_told),
       T(headers_that_are_cut_off_are_short),
       T(fragments_are_for_frag_if_they_are_the_guests),
       T(a_broadcast_address_is_all_ones))
