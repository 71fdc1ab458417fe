/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/charter.h"

#include "../t.h"

#define SEARCH_BYTES 19u

static uint8_t room[WEIR_MSG_MAX_BYTES + 1];

static struct weir_addr v6(uint8_t a, uint8_t b, uint8_t last)
{
	struct weir_addr r = { .b = { a, b, [15] = last } };

	return r;
}

static struct weir_charter good(void)
{
	struct weir_charter c = {
		.link = WEIR_CHARTER_TAP,
		.offload = WEIR_OFFLOAD_CSUM | WEIR_OFFLOAD_TSO4,
		.mtu = 1500,
		.guest_mac = { { 2, 0, 0, 0, 0, 1 } },
		.gateway_mac = { { 2, 0, 0, 0, 0, 2 } },
		.guest4 = weir_addr_from4(0x0a00020f),
		.gateway4 = weir_addr_from4(0x0a000202),
		.dns4 = weir_addr_from4(0x0a000203),
		.len4 = 24,
		.has6 = true,
		.guest6 = v6(0xfd, 0x77, 0x15),
		.gateway6 = v6(0xfd, 0x77, 2),
		.dns6 = v6(0xfd, 0x77, 3),
		.router6 = v6(0xfe, 0x80, 2),
		.len6 = 64,
		.verbose = true,
		.max_flows = 10,
		.flows_per_second = 500,
		.payload_bytes = 1 << 20,
		.idle_s = 60,
		.udp_conversations = 100,
		.dns_timeout_ms = 500,
		.dns_cache_entries = 0,
		.up = { .bytes_per_s = 1250000, .burst_bytes = 65536 },
		.down = { .packets_per_s = 1000 },
		.search_len = SEARCH_BYTES,
		.search = "\4corp\7example\0\3lab\0",
		.n_upstreams = 2,
		.n_hosts = 1,
		.n_own = 3,
	};

	c.upstream[0].addr = weir_addr_from4(0x01010101);
	c.upstream[0].port = 53;
	c.upstream[1].addr = v6(0x26, 6, 1);
	c.upstream[1].port = 5353;
	memcpy(c.host[0].name, "build.internal", 15);
	c.host[0].addr = weir_addr_from4(0x0a010203);
	for (uint8_t i = 0; i < 3; i++)
		c.own[i] = v6(0x20, 1, i);
	return c;
}

static size_t build(const struct weir_charter *c)
{
	struct weir_wr w = weir_wr_over(room, WEIR_MSG_MAX_BYTES);

	weir_charter_build(c, &w);
	CHECK(weir_wr_ok(&w));
	return weir_wr_len(&w);
}

static bool parse(size_t n, struct weir_charter *ret)
{
	struct weir_rd in = weir_rd_over(room, n);

	return weir_charter_parse(&in, ret);
}

static void a_charter_survives_the_journey(void **state)
{
	struct weir_charter c = good(), got;

	(void)state;
	CHECK(weir_charter_is_valid(&c));
	CHECK(parse(build(&c), &got));
	CHECK_EQ(got.mtu, c.mtu);
	CHECK_EQ(got.offload, c.offload);
	CHECK(got.has6 && got.verbose);
	CHECK(memcmp(&got.guest4, &c.guest4, 16) == 0);
	CHECK(memcmp(&got.router6, &c.router6, 16) == 0);
	CHECK(memcmp(got.upstream, c.upstream, sizeof(got.upstream)) == 0);
	CHECK(memcmp(got.own, c.own, sizeof(got.own)) == 0);
	CHECK(memcmp(&got.host[0], &c.host[0], sizeof(got.host[0])) == 0);
	CHECK_EQ(got.max_flows, c.max_flows);
	CHECK_EQ(got.payload_bytes, c.payload_bytes);
	CHECK_EQ(got.flows_per_second, 500);
	CHECK_EQ(got.idle_s, 60);
	CHECK_EQ(got.udp_conversations, 100);
	CHECK_EQ(got.dns_timeout_ms, 500);
	CHECK_EQ(got.dns_cache_entries, 0);
	CHECK(memcmp(&got.up, &c.up, sizeof(got.up)) == 0);
	CHECK(memcmp(&got.down, &c.down, sizeof(got.down)) == 0);
	CHECK_EQ(got.search_len, SEARCH_BYTES);
	CHECK(memcmp(got.search, c.search, SEARCH_BYTES) == 0);
}

static void the_fullest_charter_fits_one_message(void **state)
{
	struct weir_charter c = good(), got;

	(void)state;
	c.n_upstreams = WEIR_DNS_UPSTREAMS_MAX;
	for (unsigned i = 0; i < c.n_upstreams; i++)
		c.upstream[i] = c.upstream[0];
	while (weir_charter_add_search(&c, "abcdef", 6))
		;
	c.n_own = WEIR_CHARTER_ADDRESSES_MAX;
	c.n_hosts = WEIR_CHARTER_HOSTS_MAX;
	for (unsigned i = 0; i < c.n_hosts; i++) {
		char *name = c.host[i].name;

		memset(name, 'a', 253);
		name[63] = name[127] = name[191] = '.';
		name[253] = 0;
	}
	CHECK(parse(build(&c), &got));
	CHECK_EQ(got.n_own, WEIR_CHARTER_ADDRESSES_MAX);
}

static void every_truncation_and_any_surplus_is_refused(void **state)
{
	struct weir_charter c = good(), got = { .mtu = 7 };
	size_t n = build(&c);

	(void)state;
	for (size_t i = 0; i < n; i++)
		CHECK(!parse(i, &got));
	CHECK(!parse(n + 1, &got));
	CHECK_EQ(got.mtu, 7);
}

static void bool_bytes_are_0_or_1_and_counts_are_bounded(void **state)
{
	static const struct {
		size_t back; /* from the end of the lists of an empty charter */
		uint8_t to;
	} row[] = {
		{ 1, 65 },  /* hosts */
		{ 3, 255 }, /* own */
		{ 4, 2 },   /* own, high byte */
		{ 5, 9 },   /* upstreams */
		{ 6 + SEARCH_BYTES + 1 + 48 + 16 + 8 + 4 + 4 + 4 + 1,
		  2 }, /* verbose */
	};
	struct weir_charter c = good(), got;

	(void)state;
	c.n_hosts = c.n_own = c.n_upstreams = 0;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		size_t n = build(&c);

		CHECK(parse(n, &got));
		room[n - row[i].back] = row[i].to;
		CHECK(!parse(n, &got));
	}
}

/* each row makes one value wrong */
#define BREAK(name, statement)                                                 \
	static void name(struct weir_charter *c)                               \
	{                                                                      \
		statement;                                                     \
	}
BREAK(no_link, c->link = (enum weir_charter_link)0)
BREAK(odd_offload, c->offload = 1u << 9)
BREAK(small_mtu, c->mtu = WEIR_MTU_MIN - 1)
BREAK(large_mtu, c->mtu = WEIR_MTU_MAX + 1)
BREAK(mtu_for_six, c->mtu = WEIR_MTU_IPV6_MIN - 1)
BREAK(group_mac, c->guest_mac.b[0] = 1)
BREAK(no_mac, memset(&c->gateway_mac, 0, 6))
BREAK(same_mac, c->guest_mac = c->gateway_mac)
BREAK(no_len4, c->len4 = 0)
BREAK(long_len4, c->len4 = 31)
BREAK(far_gateway, c->gateway4 = weir_addr_from4(0x0a000302))
BREAK(same_dns, c->dns4 = c->gateway4)
BREAK(loopback, c->guest4 = weir_addr_from4(0x7f000001))
BREAK(six_as_four, c->guest4 = c->guest6)
BREAK(four_as_six, c->guest6 = c->guest4)
BREAK(no_len6, c->len6 = 0)
BREAK(long_len6, c->len6 = 127)
BREAK(far_dns6, c->dns6.b[1] = 1)
BREAK(global_router, c->router6 = c->gateway6)
BREAK(no_flows, c->max_flows = 0)
BREAK(many_flows, c->max_flows = WEIR_CONNS_MAX + 1)
BREAK(no_payload, c->payload_bytes = 1)
BREAK(much_payload, c->payload_bytes = ~0ull)
BREAK(no_idle, c->idle_s = 0)
BREAK(long_idle, c->idle_s = WEIR_CHARTER_IDLE_MAX_S + 1)
BREAK(no_udp, c->udp_conversations = 0)
BREAK(much_udp, c->udp_conversations = WEIR_UDP_CONVERSATIONS_MAX + 1)
BREAK(no_patience, c->dns_timeout_ms = 0)
BREAK(much_patience, c->dns_timeout_ms = WEIR_CHARTER_DNS_TIMEOUT_MS + 1)
BREAK(large_cache, c->dns_cache_entries = WEIR_DNS_CACHE_ENTRIES + 1)
BREAK(no_port, c->upstream[0].port = 0)
BREAK(no_upstream, memset(&c->upstream[1].addr, 0, 16))
BREAK(no_name, c->host[0].name[0] = 0)
BREAK(upper_name, c->host[0].name[0] = 'B')
BREAK(final_dot, c->host[0].name[13] = '.')
BREAK(two_dots, c->host[0].name[4] = '.')
BREAK(control_name, c->host[0].name[2] = '\n')
BREAK(long_label, memset(c->host[0].name, 'a', 64))
BREAK(fast_bytes, c->up.bytes_per_s = WEIR_CHARTER_RATE_MAX + 1)
BREAK(fast_packets, c->down.packets_per_s = WEIR_CHARTER_RATE_MAX + 1)
BREAK(large_burst, c->up.burst_bytes = WEIR_CHARTER_BURST_MAX + 1)
BREAK(burst_alone, c->down.burst_bytes = 1)
BREAK(fast_flows, c->flows_per_second = WEIR_CHARTER_FLOWS_PER_SECOND_MAX + 1)
BREAK(long_search, c->search_len = WEIR_CHARTER_SEARCH_MAX + 1)
BREAK(search_root, c->search_len = 1; c->search[0] = 0)
BREAK(search_open, c->search_len = SEARCH_BYTES - 1)
BREAK(search_beyond, c->search[0] = 63)
BREAK(search_pointer, c->search[0] = 0xc0)
BREAK(search_blank, c->search[2] = ' ')
BREAK(search_two_ends, c->search[14] = 0)

static void each_wrong_value_is_refused(void **state)
{
	static void (*const row[])(struct weir_charter *) = {
		no_link,       odd_offload,     small_mtu,     large_mtu,
		mtu_for_six,   group_mac,       no_mac,        same_mac,
		no_len4,       long_len4,       far_gateway,   same_dns,
		loopback,      six_as_four,     four_as_six,   no_len6,
		long_len6,     far_dns6,        global_router, no_flows,
		many_flows,    no_payload,      much_payload,  no_idle,
		long_idle,     no_udp,          much_udp,      no_patience,
		much_patience, large_cache,     no_port,       no_upstream,
		no_name,       upper_name,      final_dot,     two_dots,
		control_name,  long_label,      fast_bytes,    fast_packets,
		large_burst,   burst_alone,     fast_flows,    long_search,
		search_root,   search_open,     search_beyond, search_pointer,
		search_blank,  search_two_ends,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_charter c = good(), got;

		row[i](&c);
		if (weir_charter_is_valid(&c) || parse(build(&c), &got))
			fail_msg("row %zu was accepted", i);
	}
}

static void without_ipv6_its_fields_do_not_matter(void **state)
{
	struct weir_charter c = good(), got;

	(void)state;
	c.has6 = false;
	c.mtu = 600;
	c.len6 = 0;
	memset(&c.guest6, 0, 16);
	CHECK(parse(build(&c), &got));
}

static void upstreams_and_own_addresses_change_alone(void **state)
{
	struct weir_charter c = good(), to = good();
	struct weir_wr w = weir_wr_over(room, sizeof(room));
	struct weir_rd in;

	(void)state;
	c.n_upstreams = 1;
	c.upstream[0].port = 99;
	weir_charter_build_upstreams(&c, &w);
	for (size_t i = 0; i < weir_wr_len(&w); i++) {
		in = weir_rd_over(room, i);
		CHECK(!weir_charter_parse_upstreams(&in, &to));
	}
	CHECK_EQ(to.n_upstreams, 2);
	in = weir_rd_over(room, weir_wr_len(&w));
	CHECK(weir_charter_parse_upstreams(&in, &to));
	CHECK_EQ(to.n_upstreams, 1);
	CHECK_EQ(to.upstream[0].port, 99);
	CHECK_EQ(to.n_own, 3);

	c.n_own = 2;
	w = weir_wr_over(room, sizeof(room));
	weir_charter_build_own(&c, &w);
	in = weir_rd_over(room, weir_wr_len(&w) + 1);
	CHECK(!weir_charter_parse_own(&in, &to));
	in = weir_rd_over(room, weir_wr_len(&w));
	CHECK(weir_charter_parse_own(&in, &to));
	CHECK_EQ(to.n_own, 2);
	CHECK_EQ(to.n_upstreams, 1);
}

static void search_domains_are_names_on_the_wire(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} row[] = {
		{ "corp.example", true },
		{ "lab.", true },
		{ "Under_score-1", true },
		{ "", false },
		{ ".", false },
		{ ".a", false },
		{ "a..b", false },
		{ "a b", false },
		{ "a..", false },
		{ "caf\xc3\xa9", false },
	};
	struct weir_charter c = good(), was;
	char longest[260];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		was = c = good();
		c.search_len = was.search_len = 0;
		if (weir_charter_add_search(&c, row[i].text,
					    strlen(row[i].text)) != row[i].ok)
			fail_msg("'%s'", row[i].text);
		CHECK(weir_charter_is_valid(&c));
		CHECK(row[i].ok || c.search_len == 0);
	}
	c.search_len = 0;
	CHECK(weir_charter_add_search(&c, "corp.example", 12));
	CHECK(weir_charter_add_search(&c, "lab.", 4));
	was = good();
	CHECK_EQ(c.search_len, SEARCH_BYTES);
	CHECK(memcmp(c.search, was.search, SEARCH_BYTES) == 0);
	memset(longest, 'a', sizeof(longest));
	CHECK(!weir_charter_add_search(&c, longest, 64));
	CHECK(weir_charter_add_search(&c, longest, 63));
	longest[63] = longest[127] = longest[191] = '.';
	CHECK(!weir_charter_add_search(&c, longest, 253));
	CHECK_EQ(c.search_len, SEARCH_BYTES + 65);
	c.search_len = 0;
	CHECK(!weir_charter_add_search(&c, longest, 254));
	CHECK(weir_charter_add_search(&c, longest, 253));
	CHECK_EQ(c.search_len, 255);
}

static void limits_change_alone_and_whole(void **state)
{
	struct weir_charter c = good(), to = good();
	struct weir_wr w = weir_wr_over(room, sizeof(room));
	struct weir_rd in;

	(void)state;
	c.up = (struct weir_charter_rate){ .packets_per_s = 7 };
	c.down = (struct weir_charter_rate){ .bytes_per_s = 8 };
	c.max_flows = 9;
	c.mtu = 600;
	weir_charter_build_limits(&c, &w);
	for (size_t i = 0; i <= weir_wr_len(&w) + 1; i++) {
		in = weir_rd_over(room, i);
		CHECK_EQ(weir_charter_parse_limits(&in, &to),
			 i == weir_wr_len(&w));
		CHECK_EQ(to.max_flows, i < weir_wr_len(&w) ? 10 : 9);
	}
	CHECK_EQ(to.up.packets_per_s, 7);
	CHECK_EQ(to.up.bytes_per_s, 0);
	CHECK_EQ(to.down.bytes_per_s, 8);
	CHECK_EQ(to.mtu, 1500);
	for (int i = 0; i < 4; i++) {
		struct weir_charter bad = good();

		if (i == 0)
			bad.max_flows = 0;
		else if (i == 1)
			bad.max_flows = WEIR_CONNS_MAX + 1;
		else if (i == 2)
			bad.up.bytes_per_s = WEIR_CHARTER_RATE_MAX + 1ull;
		else
			bad.down.burst_bytes = WEIR_CHARTER_BURST_MAX + 1ull;
		w = weir_wr_over(room, sizeof(room));
		weir_charter_build_limits(&bad, &w);
		in = weir_rd_over(room, weir_wr_len(&w));
		CHECK(!weir_charter_parse_limits(&in, &to));
	}
	CHECK_EQ(to.max_flows, 9);
}

T_MAIN(T(search_domains_are_names_on_the_wire),
       T(a_charter_survives_the_journey),
       T(the_fullest_charter_fits_one_message),
       T(every_truncation_and_any_surplus_is_refused),
       T(bool_bytes_are_0_or_1_and_counts_are_bounded),
       T(each_wrong_value_is_refused), T(without_ipv6_its_fields_do_not_matter),
       T(upstreams_and_own_addresses_change_alone),
       T(limits_change_alone_and_whole))
