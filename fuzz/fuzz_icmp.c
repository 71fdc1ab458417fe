/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_icmp.c - errors about any bytes at all
 *
 * Input: one byte for the cause, then what is said to be a packet.
 */
#include "packet/icmp.h"

#include "packet/ipv4.h"
#include "packet/ipv6.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be(bool cond)
{
	if (!cond)
		abort();
}

static void check4(const uint8_t *b, size_t n)
{
	struct weir_rd in = weir_rd_over(b, n);
	struct weir_ipv4 ip;
	struct weir_icmp m;

	must_be(n <= WEIR_ICMP_ERROR4_MAX_BYTES);
	must_be(weir_ipv4_parse(&in, n, &ip) == WEIR_REASON_NONE);
	must_be(ip.total_len == n && ip.proto == WEIR_PROTO_ICMP);
	must_be(weir_icmp_parse(&in, &m) == WEIR_REASON_NONE);
	must_be(weir_icmp_is_error(m.type, false));
}

static void check6(const uint8_t *b, size_t n)
{
	struct weir_rd in = weir_rd_over(b, n);
	struct weir_ipv6 ip;
	struct weir_icmp m;

	must_be(n <= WEIR_ICMP_ERROR6_MAX_BYTES);
	must_be(weir_ipv6_parse(&in, n, &ip) == WEIR_REASON_NONE);
	must_be(ip.payload_len == n - 40 && ip.proto == WEIR_PROTO_ICMPV6);
	must_be(weir_icmp_parse(&in, &m) == WEIR_REASON_NONE);
	must_be(weir_icmp_is_error(m.type, true));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_rd in = weir_rd_over(data, size);
	unsigned why = weir_rd_u8(&in) % (WEIR_ICMP_WHY_REASSEMBLY + 1u);
	struct weir_icmp_error e = { .why = (enum weir_icmp_why)why,
				     .mtu = 1400 };
	uint8_t b[WEIR_ICMP_ERROR6_MAX_BYTES];
	struct weir_wr out = weir_wr_over(b, sizeof(b));
	bool v6 = in.left && in.at[0] >> 4 == 6;
	enum weir_reason got;

	e.from = v6 ? (struct weir_addr){ .b = { 0xfd, [15] = 2 } }
		    : weir_addr_from4(0x0a000202);
	e.to = v6 ? (struct weir_addr){ .b = { 0xfd, [15] = 15 } }
		  : weir_addr_from4(0x0a00020f);
	got = weir_icmp_build_error(&e, in, &out);
	must_be((got == WEIR_REASON_NONE) == weir_icmp_may_quote(in, e.why));
	must_be(weir_wr_ok(&out));
	if (got != WEIR_REASON_NONE)
		must_be(weir_wr_len(&out) == 0);
	else if (v6)
		check6(b, weir_wr_len(&out));
	else
		check4(b, weir_wr_len(&out));
	/* nobody answers the answer */
	if (got == WEIR_REASON_NONE)
		must_be(!weir_icmp_may_quote(weir_rd_over(b, weir_wr_len(&out)),
					     WEIR_ICMP_WHY_HOST));
	return 0;
}
