/* SPDX-License-Identifier: Apache-2.0 */
/* test_quote.c - a packet of the guest, written again */
#include "flow/quote.h"

#include "../t.h"
#include "base/span.h"
#include "packet/csum.h"
#include "packet/icmp.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"
#include "packet/udp.h"

static const struct weir_assoc_ends four = {
	.guest = { .b = { [10] = 0xff, [11] = 0xff, 10, 0, 2, 15 } },
	.far = { .b = { [10] = 0xff, [11] = 0xff, 1, 2, 3, 4 } },
	.gport = 4711,
	.fport = 33434,
};
static const struct weir_assoc_ends six = {
	.guest = { .b = { 0xfd, 0x77, [15] = 0x15 } },
	.far = { .b = { 0x26, 0x06, [15] = 0x34 } },
	.gport = 4711,
	.fport = 33434,
};

static const uint8_t bytes[] = "forty-two bytes of payload, or a few less";

static void check_ip(const struct weir_assoc_ends *e, struct weir_rd *in,
		     uint8_t proto, uint8_t ttl)
{
	struct weir_ipv4 ip4;
	struct weir_ipv6 ip6;
	size_t n = in->left;

	if (weir_addr_is4(&e->far)) {
		CHECK_EQ(weir_ipv4_parse(in, n, &ip4), WEIR_REASON_NONE);
		CHECK_EQ(ip4.total_len, n);
		CHECK_EQ(ip4.proto, proto);
		CHECK_EQ(ip4.ttl, ttl);
		CHECK(ip4.df && !ip4.more && ip4.offset == 0);
		CHECK(weir_addr_is_equal(&ip4.from, &e->guest));
		CHECK(weir_addr_is_equal(&ip4.to, &e->far));
		return;
	}
	CHECK_EQ(weir_ipv6_parse(in, n, &ip6), WEIR_REASON_NONE);
	CHECK_EQ(ip6.payload_len + WEIR_IPV6_HEADER_BYTES, n);
	CHECK_EQ(ip6.proto, proto);
	CHECK_EQ(ip6.hops, ttl);
	CHECK(weir_addr_is_equal(&ip6.from, &e->guest));
	CHECK(weir_addr_is_equal(&ip6.to, &e->far));
}

static void udp_of_every_length_is_right(const struct weir_assoc_ends *e)
{
	uint8_t room[200];

	for (size_t len = 0; len <= sizeof(bytes); len++) {
		struct weir_wr w = weir_wr_over(room, sizeof(room));
		struct weir_rd in, l4;
		struct weir_udp u;
		uint32_t sum;

		weir_quote_udp(e, 7, bytes, len, &w);
		CHECK(weir_wr_ok(&w));
		in = weir_rd_over(room, weir_wr_len(&w));
		check_ip(e, &in, WEIR_PROTO_UDP, 7);
		l4 = in;
		CHECK_EQ(weir_udp_parse(&in, in.left, &u), WEIR_REASON_NONE);
		CHECK_EQ(u.sport, 4711);
		CHECK_EQ(u.dport, 33434);
		CHECK_EQ(u.len, len + WEIR_UDP_HEADER_BYTES);
		CHECK(u.csum != 0);
		CHECK_EQ(in.left, len);
		CHECK(len == 0 || memcmp(in.at, bytes, len) == 0);
		sum = weir_csum_pseudo(&e->guest, &e->far, WEIR_PROTO_UDP,
				       (uint32_t)l4.left);
		CHECK(weir_csum_is_ok(weir_csum_add(sum, l4.at, l4.left)));
	}
}

static void a_datagram_is_as_the_guest_sent_it(void **state)
{
	(void)state;
	udp_of_every_length_is_right(&four);
	udp_of_every_length_is_right(&six);
}

static void echo_of_every_length_is_right(const struct weir_assoc_ends *e)
{
	bool v4 = weir_addr_is4(&e->far);
	uint8_t proto = v4 ? WEIR_PROTO_ICMP : WEIR_PROTO_ICMPV6;
	uint8_t room[200];

	for (size_t len = 0; len <= sizeof(bytes); len++) {
		struct weir_wr w = weir_wr_over(room, sizeof(room));
		struct weir_rd in, l4;
		struct weir_icmp m;
		uint32_t sum = 0;

		weir_quote_echo(e, 1, 0xabcd, bytes, len, &w);
		CHECK(weir_wr_ok(&w));
		in = weir_rd_over(room, weir_wr_len(&w));
		check_ip(e, &in, proto, 1);
		l4 = in;
		CHECK_EQ(weir_icmp_parse(&in, &m), WEIR_REASON_NONE);
		CHECK(weir_icmp_is_echo(&m, !v4));
		CHECK_EQ(m.id, 4711);
		CHECK_EQ(m.seq, 0xabcd);
		CHECK_EQ(in.left, len);
		CHECK(len == 0 || memcmp(in.at, bytes, len) == 0);
		if (!v4)
			sum = weir_csum_pseudo(&e->guest, &e->far, proto,
					       (uint32_t)l4.left);
		CHECK(weir_csum_is_ok(weir_csum_add(sum, l4.at, l4.left)));
	}
}

static void an_echo_is_as_the_guest_sent_it(void **state)
{
	(void)state;
	echo_of_every_length_is_right(&four);
	echo_of_every_length_is_right(&six);
}

static void without_room_the_writer_goes_bad(void **state)
{
	uint8_t room[WEIR_QUOTE_HEADER_BYTES + 10];

	(void)state;
	for (size_t n = 0; n < sizeof(room); n++) {
		struct weir_wr w = weir_wr_over(room, n);

		weir_quote_udp(&six, 1, bytes, 10, &w);
		CHECK(!weir_wr_ok(&w));
		w = weir_wr_over(room, n);
		weir_quote_echo(&six, 1, 1, bytes, 10, &w);
		CHECK(!weir_wr_ok(&w));
	}
}

T_MAIN(T(a_datagram_is_as_the_guest_sent_it),
       T(an_echo_is_as_the_guest_sent_it), T(without_room_the_writer_goes_bad))
