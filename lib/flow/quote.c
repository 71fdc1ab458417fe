/* SPDX-License-Identifier: Apache-2.0 */
/* quote.c - a packet of the guest, written again from what is known of it */
#include "flow/quote.h"

#include "packet/csum.h"
#include "packet/icmp.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"
#include "packet/udp.h"

_Static_assert(WEIR_IPV6_HEADER_BYTES + WEIR_UDP_HEADER_BYTES ==
		       WEIR_QUOTE_HEADER_BYTES,
	       "the longest headers");
_Static_assert(WEIR_UDP_HEADER_BYTES == WEIR_ICMP_HEADER_BYTES,
	       "both are as long");

static void put_ip(const struct weir_assoc_ends *e, uint8_t ttl, uint8_t proto,
		   size_t len, struct weir_wr *out)
{
	if (weir_addr_is4(&e->far))
		weir_ipv4_build(
			&(struct weir_ipv4){
				.ttl = ttl,
				.proto = proto,
				.total_len = (uint16_t)(WEIR_IPV4_HEADER_BYTES +
							len),
				.df = true,
				.from = e->guest,
				.to = e->far },
			out);
	else
		weir_ipv6_build(&(struct weir_ipv6){ .hops = ttl,
						     .proto = proto,
						     .payload_len =
							     (uint16_t)len,
						     .from = e->guest,
						     .to = e->far },
				out);
}

void weir_quote_udp(const struct weir_assoc_ends *e, uint8_t ttl,
		    const uint8_t *bytes, size_t len, struct weir_wr *out)
{
	size_t l4 = WEIR_UDP_HEADER_BYTES + len, at;
	const struct weir_udp u = { .sport = e->gport,
				    .dport = e->fport,
				    .len = (uint16_t)l4 };
	uint32_t sum;

	put_ip(e, ttl, WEIR_PROTO_UDP, l4, out);
	at = weir_wr_len(out);
	weir_udp_build(&u, out);
	weir_wr_copy(out, bytes, len);
	if (!weir_wr_ok(out))
		return;
	sum = weir_csum_pseudo(&e->guest, &e->far, WEIR_PROTO_UDP,
			       (uint32_t)l4);
	sum = weir_csum_add(sum, out->start + at, l4);
	weir_wr_put16(out, at + WEIR_UDP_CSUM_AT, weir_csum_finish_udp(sum));
}

void weir_quote_echo(const struct weir_assoc_ends *e, uint8_t ttl, uint16_t seq,
		     const uint8_t *bytes, size_t len, struct weir_wr *out)
{
	bool v4 = weir_addr_is4(&e->far);
	uint8_t proto = v4 ? WEIR_PROTO_ICMP : WEIR_PROTO_ICMPV6;
	size_t l4 = WEIR_ICMP_HEADER_BYTES + len, at;
	const struct weir_icmp m = { .type = v4 ? WEIR_ICMP4_ECHO
						: WEIR_ICMP6_ECHO,
				     .id = e->gport,
				     .seq = seq };
	uint32_t sum = 0;

	put_ip(e, ttl, proto, l4, out);
	at = weir_wr_len(out);
	weir_icmp_build(&m, out);
	weir_wr_copy(out, bytes, len);
	if (!weir_wr_ok(out))
		return;
	if (!v4)
		sum = weir_csum_pseudo(&e->guest, &e->far, proto, (uint32_t)l4);
	sum = weir_csum_add(sum, out->start + at, l4);
	weir_wr_put16(out, at + WEIR_ICMP_CSUM_AT, weir_csum_finish(sum));
}
