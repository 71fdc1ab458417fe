/* SPDX-License-Identifier: Apache-2.0 */
#include "control/plan.h"

#include "../t.h"

static const struct weir_resolvers one = {
	.n_servers = 1, .server = { { .addr = { { 1, 2 } }, .port = 53 } }
};

static bool plan(const struct weir_orders *o, const struct weir_hostnet *h,
		 struct weir_charter *c)
{
	char why[WEIR_PLAN_WHY_BYTES] = "";
	bool ok = weir_plan_make(o, h, &one, c, why);

	CHECK_EQ(ok, *why == 0); /* a refusal has its sentence */
	return ok;
}

static struct weir_addr v6(uint8_t first, uint8_t second)
{
	struct weir_addr a = { .b = { first, second, [15] = 1 } };

	return a;
}

static void the_defaults_are_those_of_the_manual(void **state)
{
	struct weir_orders o = { .mtu = 0 };
	struct weir_hostnet h = { .n = 1, .addr = { v6(0x20, 1) } };
	struct weir_charter c;

	(void)state;
	CHECK(plan(&o, &h, &c));
	CHECK_EQ(weir_addr_to4(&c.guest4), 0x0a00020f);
	CHECK_EQ(weir_addr_to4(&c.gateway4), 0x0a000202);
	CHECK_EQ(weir_addr_to4(&c.dns4), 0x0a000203);
	CHECK_EQ(c.len4, 24);
	CHECK_EQ(c.mtu, 65520);
	CHECK(c.has6);
	CHECK_EQ(c.guest6.b[0], 0xfd);
	CHECK_EQ(c.guest6.b[15], 0x15);
	CHECK_EQ(c.gateway6.b[15], 2);
	CHECK_EQ(c.dns6.b[15], 3);
	CHECK_EQ(c.len6, 64);
	CHECK_EQ(c.router6.b[0], 0xfe);
	CHECK_EQ(c.n_upstreams, 1);
	CHECK_EQ(c.n_own, 1);
}

static void limits_are_those_ordered_or_their_defaults(void **state)
{
	struct weir_orders o = { .idle_s = 60,
				 .udp_conversations = 7,
				 .dns_timeout_ms = 300,
				 .has_dns_cache = true,
				 .flows_per_second = 9,
				 .payload_bytes = 1 << 20 };
	static const struct weir_orders none;
	struct weir_resolvers r = { .n_servers = 0 };
	struct weir_hostnet h = { .n = 0 };
	char why[WEIR_PLAN_WHY_BYTES];
	struct weir_charter c;

	(void)state;
	CHECK(weir_plan_make(&o, &h, &r, &c, why));
	CHECK_EQ(c.idle_s, 60);
	CHECK_EQ(c.udp_conversations, 7);
	CHECK_EQ(c.dns_timeout_ms, 300);
	CHECK_EQ(c.dns_cache_entries, 0);
	CHECK_EQ(c.flows_per_second, 9);
	CHECK_EQ(c.payload_bytes, 1 << 20);
	CHECK(weir_plan_make(&none, &h, &r, &c, why));
	CHECK_EQ(c.idle_s, WEIR_IDLE_MS / 1000);
	CHECK_EQ(c.udp_conversations, WEIR_UDP_CONVERSATIONS_MAX);
	CHECK_EQ(c.dns_timeout_ms, WEIR_DNS_TIMEOUT_MS);
	CHECK_EQ(c.dns_cache_entries, WEIR_DNS_CACHE_ENTRIES);
	CHECK_EQ(c.payload_bytes, WEIR_PAYLOAD_BYTES);
}

static void ipv6_follows_the_host_the_mtu_and_the_order(void **state)
{
	static const struct {
		uint8_t own; /* first byte of the host's address */
		uint32_t mtu;
		enum weir_plan_ipv6 six;
		bool want;
	} row[] = {
		{ 0x20, 0, WEIR_PLAN_IPV6_AUTO, true },
		{ 0xfd, 0, WEIR_PLAN_IPV6_AUTO, true },
		{ 0xfe, 0, WEIR_PLAN_IPV6_AUTO, false }, /* link-local */
		{ 0x20, 1279, WEIR_PLAN_IPV6_AUTO, false },
		{ 0x20, 1280, WEIR_PLAN_IPV6_AUTO, true },
		{ 0x20, 0, WEIR_PLAN_IPV6_OFF, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_orders o = { .mtu = row[i].mtu, .six = row[i].six };
		struct weir_hostnet h = { .n = 1,
					  .addr = { v6(row[i].own, 0x80) } };
		struct weir_charter c;

		CHECK(plan(&o, &h, &c));
		if (c.has6 != row[i].want)
			fail_msg("row %zu", i);
	}
}

static void another_range_when_the_host_uses_this_one(void **state)
{
	static const struct {
		uint32_t own;
		uint8_t bits;
		uint32_t want;
	} row[] = {
		{ 0x0a000305, 24, 0x0a00020f }, /* 10.0.3.5/24: a neighbour */
		{ 0x0a000205, 24, 0x0a71c80f }, { 0x0a000305, 16, 0x0a71c80f },
		{ 0x0a000281, 25, 0x0a71c80f }, { 0x0a010203, 8, 0xac1dc80f },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_hostnet h = {
			.n = 1,
			.addr = { weir_addr_from4(row[i].own) },
			.bits = { (uint8_t)(96 + row[i].bits) }
		};
		struct weir_orders o = { .mtu = 0 };
		struct weir_charter c;

		CHECK(plan(&o, &h, &c));
		CHECK_EQ(weir_addr_to4(&c.guest4), row[i].want);
	}
}

static void gateway_and_dns_step_aside(void **state)
{
	struct weir_orders o = { .has_ipv4 = true,
				 .ipv4 = weir_addr_from4(0xc0a80002),
				 .len4 = 29 };
	struct weir_hostnet h = { .n = 0 };
	struct weir_charter c;

	(void)state;
	CHECK(plan(&o, &h, &c));
	CHECK_EQ(weir_addr_to4(&c.gateway4), 0xc0a80003);
	CHECK_EQ(weir_addr_to4(&c.dns4), 0xc0a80004);
	o.has_gateway = true;
	o.gateway = weir_addr_from4(0xc0a80006);
	CHECK(plan(&o, &h, &c));
	CHECK_EQ(weir_addr_to4(&c.gateway4), 0xc0a80006);
	CHECK_EQ(weir_addr_to4(&c.dns4), 0xc0a80003);
}

static void a_gateway_alone_names_the_subnet(void **state)
{
	struct weir_orders o = { .has_gateway = true,
				 .gateway = weir_addr_from4(0xac100501) };
	struct weir_hostnet h = { .n = 0 };
	struct weir_charter c;

	(void)state;
	CHECK(plan(&o, &h, &c));
	CHECK_EQ(weir_addr_to4(&c.guest4), 0xac10050f);
}

static void a_guest_with_the_gateways_mac_moves_the_gateway(void **state)
{
	struct weir_orders o = { .mtu = 0 };
	struct weir_hostnet h = { .n = 0 };
	struct weir_charter c;

	(void)state;
	CHECK(plan(&o, &h, &c));
	o.has_mac = true;
	o.mac = c.gateway_mac;
	CHECK(plan(&o, &h, &c));
	CHECK(!weir_mac_is_equal(&c.guest_mac, &c.gateway_mac));
}

static void contradictions_are_refused(void **state)
{
	static const struct {
		uint32_t ip, gateway;
		uint8_t len;
	} row[] = {
		{ 0x0a000000, 0, 24 },          /* the subnet itself */
		{ 0x0a0000ff, 0, 24 },          /* broadcast */
		{ 0x0a00000f, 0, 30 },          /* no room */
		{ 0x0a00000f, 0, 7 },           /* too much of it */
		{ 0x0a00000f, 0x0a000102, 24 }, /* elsewhere */
		{ 0x0a00000f, 0x0a00000f, 24 }, /* the guest */
		{ 0x0a00000f, 0x0a0000ff, 24 }, /* broadcast */
		{ 0x7f000005, 0, 24 },          /* loopback */
		{ 0xe0000005, 0, 24 },          /* multicast */
	};
	struct weir_hostnet h = { .n = 0 };
	struct weir_charter c;
	struct weir_orders six = { .six = WEIR_PLAN_IPV6_GIVEN,
				   .ipv6 = v6(0x20, 1),
				   .len6 = 64 };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_orders o = { .has_ipv4 = true,
					 .ipv4 = weir_addr_from4(row[i].ip),
					 .len4 = row[i].len,
					 .has_gateway = row[i].gateway != 0,
					 .gateway = weir_addr_from4(
						 row[i].gateway) };

		if (plan(&o, &h, &c))
			fail_msg("row %zu was accepted", i);
	}
	CHECK(plan(&six, &h, &c));
	six.mtu = 1279;
	CHECK(!plan(&six, &h, &c));
	six.mtu = 0;
	six.len6 = 126;
	CHECK(!plan(&six, &h, &c));
	six.len6 = 64;
	six.ipv6 = v6(0xff, 2);
	CHECK(!plan(&six, &h, &c));
}

static void servers_of_the_orders_replace_the_hosts(void **state)
{
	struct weir_orders o = { .n_dns = 2,
				 .dns = { { .addr = { { 9 } }, .port = 1 },
					  { .addr = { { 8 } }, .port = 2 } } };
	struct weir_hostnet h = { .n = 0 };
	struct weir_charter c;

	(void)state;
	CHECK(plan(&o, &h, &c));
	CHECK_EQ(c.n_upstreams, 2);
	CHECK_EQ(c.upstream[1].port, 2);
}

static void search_domains_go_to_the_guest(void **state)
{
	static const uint8_t hosts[] = "\3lab\0", given[] = "\1a\1b\0\1c\0";
	struct weir_resolvers r = { .n_search = 3,
				    .search = { "b\"d", "lab", "" } };
	struct weir_orders o = { .mtu = 0 };
	struct weir_hostnet h = { .n = 0 };
	char why[WEIR_PLAN_WHY_BYTES];
	struct weir_charter c;

	(void)state;
	CHECK(weir_plan_make(&o, &h, &r, &c, why));
	CHECK_EQ(c.search_len, sizeof(hosts) - 1);
	CHECK(memcmp(c.search, hosts, c.search_len) == 0);
	o.n_search = 2;
	o.search[0] = "a.b.";
	o.search[1] = "c";
	CHECK(weir_plan_make(&o, &h, &r, &c, why));
	CHECK_EQ(c.search_len, sizeof(given) - 1);
	CHECK(memcmp(c.search, given, c.search_len) == 0);
}

static void rates_go_to_the_engine(void **state)
{
	struct weir_charter_rate got = { .bytes_per_s = 7 };
	struct weir_orders o = { .mtu = 0 };
	struct weir_hostnet h = { .n = 0 };
	const char *why = NULL;
	struct weir_charter c;

	(void)state;
	CHECK(plan(&o, &h, &c));
	CHECK_EQ(c.up.bytes_per_s + c.down.packets_per_s, 0);
	CHECK(!weir_plan_parse_rate("fast", &got, &why));
	CHECK(why && got.bytes_per_s == 7);
	CHECK(weir_plan_parse_rate("10mbit,1000pps/512k", &got, &why));
	CHECK_EQ(got.bytes_per_s, 1250000);
	CHECK_EQ(got.packets_per_s, 1000);
	CHECK_EQ(got.burst_bytes, 512 * 1024);
	o.up = got;
	CHECK(weir_plan_parse_rate("8000gbit", &o.down, &why));
	CHECK(plan(&o, &h, &c));
	CHECK_EQ(c.up.burst_bytes, 512 * 1024);
	CHECK_EQ(c.down.bytes_per_s, 1000000000000);
}

static void limits_go_to_the_engine(void **state)
{
	struct weir_orders o = { .mtu = 0 };
	struct weir_hostnet h = { .n = 0 };
	struct weir_charter c;

	(void)state;
	CHECK(plan(&o, &h, &c));
	CHECK_EQ(c.flows_per_second, 0);
	CHECK_EQ(c.payload_bytes, WEIR_PAYLOAD_BYTES);
	o.flows_per_second = 50;
	o.payload_bytes = WEIR_PLAN_PAYLOAD_MAX_BYTES;
	CHECK(plan(&o, &h, &c));
	CHECK_EQ(c.flows_per_second, 50);
	CHECK_EQ(c.payload_bytes, WEIR_PLAN_PAYLOAD_MAX_BYTES);
	o.payload_bytes = WEIR_CHUNK_BYTES;
	CHECK(plan(&o, &h, &c));
}

static void a_refusal_names_the_place_in_the_file(void **state)
{
	struct weir_orders o = { .has_ipv4 = true,
				 .ipv4 = weir_addr_from4(0x0a00000f),
				 .len4 = 24,
				 .has_gateway = true,
				 .gateway = weir_addr_from4(0x0a000102) };
	struct weir_hostnet h = { .n = 0 };
	char why[WEIR_PLAN_WHY_BYTES];
	struct weir_charter c;

	(void)state;
	CHECK(!weir_plan_make(&o, &h, &one, &c, why));
	CHECK(strcmp(why, "--gateway: the address must be one of the guest's "
			  "subnet") == 0);
	o.place.gateway = "weir.yaml:3:12";
	CHECK(!weir_plan_make(&o, &h, &one, &c, why));
	CHECK(strncmp(why, "weir.yaml:3:12: the address must be", 35) == 0);
	o.has_gateway = false;
	o.len4 = 30;
	o.place.ipv4 = "weir.yaml:2:9";
	CHECK(!weir_plan_make(&o, &h, &one, &c, why));
	CHECK(strncmp(why, "weir.yaml:2:9: the prefix must be", 33) == 0);
	o.has_ipv4 = false;
	o.six = WEIR_PLAN_IPV6_GIVEN;
	o.ipv6 = v6(0x20, 1);
	o.len6 = 126;
	o.place.ipv6 = "weir.yaml:4:9";
	CHECK(!weir_plan_make(&o, &h, &one, &c, why));
	CHECK(strncmp(why, "weir.yaml:4:9: the prefix must be", 33) == 0);
}

T_MAIN(T(search_domains_go_to_the_guest), T(rates_go_to_the_engine),
       T(limits_go_to_the_engine), T(a_refusal_names_the_place_in_the_file),
       T(the_defaults_are_those_of_the_manual),
       T(limits_are_those_ordered_or_their_defaults),
       T(ipv6_follows_the_host_the_mtu_and_the_order),
       T(another_range_when_the_host_uses_this_one),
       T(gateway_and_dns_step_aside), T(a_gateway_alone_names_the_subnet),
       T(a_guest_with_the_gateways_mac_moves_the_gateway),
       T(contradictions_are_refused),
       T(servers_of_the_orders_replace_the_hosts))
