/* SPDX-License-Identifier: Apache-2.0 */
/* leasing.c - a message of DHCP or DHCPv6, in a frame, to the counter */
#include "leasing.h"

#include <stdlib.h>

#include "flow/lease.h"
#include "packet/csum.h"
#include "packet/eth.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"
#include "packet/udp.h"

#define QUESTION_MAX 2000u

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
	.mtu = 65520,
	.hostname = "box",
	.hostname_len = 3,
	.search = (const uint8_t *)"\3lan",
	.search_len = 5,
};

static void must_be(bool cond)
{
	if (!cond)
		abort();
}

/* the two ends of a question */
static void find_ends(bool v6, uint8_t how, struct weir_addr *from,
		      struct weir_addr *to)
{
	static const struct weir_addr local6 = { .b = { 0xfe,
							0x80, [15] = 9 } };
	static const struct weir_addr all6 = { .b = { 0xff, 2, [13] = 1, 0,
						      2 } };

	if (v6) {
		*from = how & 2 ? config.net.guest6 : local6;
		*to = how & 1 ? config.net.gateway6 : all6;
	} else {
		*from = how & 2 ? config.net.guest4 : weir_addr_from4(0);
		*to = how & 1 ? config.net.gateway4
			      : weir_addr_from4(0xffffffff);
	}
}

static void write_ip(const struct weir_addr *from, const struct weir_addr *to,
		     size_t len, struct weir_wr *w)
{
	if (weir_addr_is4(to))
		weir_ipv4_build(
			&(struct weir_ipv4){ .proto = WEIR_PROTO_UDP,
					     .total_len = (uint16_t)(20 + len),
					     .from = *from,
					     .to = *to },
			w);
	else
		weir_ipv6_build(&(struct weir_ipv6){ .proto = WEIR_PROTO_UDP,
						     .payload_len =
							     (uint16_t)len,
						     .from = *from,
						     .to = *to },
				w);
}

static size_t wrap(const uint8_t *body, size_t n, bool v6, uint8_t how,
		   uint8_t *frame)
{
	struct weir_wr w = weir_wr_over(frame, QUESTION_MAX + 62);
	struct weir_addr from, to;
	size_t len = 8 + n, at;
	uint32_t sum;

	find_ends(v6, how, &from, &to);
	weir_eth_build(&(struct weir_eth){ config.net.gateway, config.net.guest,
					   v6 ? WEIR_ETH_IPV6 : WEIR_ETH_IPV4 },
		       &w);
	write_ip(&from, &to, len, &w);
	at = weir_wr_len(&w);
	weir_udp_build(&(struct weir_udp){ 68, 67, (uint16_t)len, 0 }, &w);
	weir_wr_copy(&w, body, n);
	sum = weir_csum_pseudo(&from, &to, WEIR_PROTO_UDP, (uint32_t)len);
	sum = weir_csum_add(sum, frame + at, len);
	weir_wr_put16(&w, at + 6, weir_csum_finish_udp(sum));
	must_be(weir_wr_ok(&w));
	return weir_wr_len(&w);
}

static void check_answer(uint8_t *b, size_t n, bool v6)
{
	struct weir_span one = { b, n };
	struct weir_spans spans = { &one, 1, n };
	struct weir_view v;
	struct weir_rd in;
	struct weir_udp udp;

	must_be(weir_view_parse(NULL, &spans, &v) == WEIR_REASON_NONE);
	must_be(weir_view_l4_csum(&v, &spans, NULL) == WEIR_REASON_NONE);
	must_be(v.is_v6 == v6 && v.proto == WEIR_PROTO_UDP);
	must_be(weir_mac_is_equal(&v.src, &config.net.gateway));
	must_be(v.l3_at + v.l3_len == n);
	in = v.l4;
	must_be(weir_udp_parse(&in, v.l4_len, &udp) == WEIR_REASON_NONE);
	must_be(udp.dport == (v6 ? 546 : 68) && udp.csum);
}

void leasing_ask(const uint8_t *body, size_t n, bool v6, uint8_t how)
{
	uint8_t frame[QUESTION_MAX + 62], *exact, *room;
	struct weir_lease l;
	struct weir_span one;
	struct weir_spans spans = { &one, 1, 0 };
	struct weir_view v;
	struct weir_wr out;
	enum weir_reason why;

	if (n > QUESTION_MAX)
		return;
	spans.len = wrap(body, n, v6, how, frame);
	exact = malloc(spans.len);
	room = malloc(WEIR_LEASE_ANSWER_BYTES);
	must_be(exact && room);
	memcpy(exact, frame, spans.len);
	one = (struct weir_span){ exact, spans.len };
	weir_lease_init(&l, &config);
	must_be(weir_view_parse(NULL, &spans, &v) == WEIR_REASON_NONE);
	out = weir_wr_over(room, WEIR_LEASE_ANSWER_BYTES);
	why = weir_lease_answer(&l, &v, &spans, &out);
	must_be(why != WEIR_REASON_OVERSIZE && weir_wr_ok(&out));
	must_be(why == WEIR_REASON_NONE || weir_wr_len(&out) == 0);
	if (weir_wr_len(&out))
		check_answer(room, weir_wr_len(&out), v6);
	free(exact);
	free(room);
}
