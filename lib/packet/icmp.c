/* SPDX-License-Identifier: Apache-2.0 */
/*
 * icmp.c - ICMP of both families: echo and errors
 *
 * An error quotes the packet it is about, so the packet is parsed again here,
 * with the same parsers, from whatever is left of it.  What may not be quoted
 * is decided from those bytes alone; the rules that need to know the link
 * (its broadcast address, how often) are the desk's.
 */
#include "packet/icmp.h"

#include "packet/csum.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"

#define ERROR_TTL                 64u
#define ERROR4_TOS                0xc0u /* precedence 6, RFC 1812 4.3.2.5 */
#define IPV4_BROADCAST            0xffffffffu
#define PACKET_MAX                (WEIR_IPV6_HEADER_BYTES + 65535u)
#define ICMP6_FIRST_INFORMATIONAL 128u

/* what an error needs to know of the packet it is about */
struct quoted {
	bool v6;
	struct weir_addr from, to;
	uint8_t proto;
	uint32_t offset, next_at;
	size_t len;        /* by its own header */
	struct weir_rd l4; /* as much as there is */
};

enum weir_reason weir_icmp_parse(struct weir_rd *in, struct weir_icmp *ret)
{
	struct weir_rd h = weir_rd_sub(in, WEIR_ICMP_HEADER_BYTES);
	struct weir_icmp m;

	m.type = weir_rd_u8(&h);
	m.code = weir_rd_u8(&h);
	(void)weir_rd_be16(&h); /* the checksum */
	m.id = weir_rd_be16(&h);
	m.seq = weir_rd_be16(&h);
	if (!weir_rd_ok(&h))
		return WEIR_REASON_SHORT;
	*ret = m;
	return WEIR_REASON_NONE;
}

void weir_icmp_build(const struct weir_icmp *icmp, struct weir_wr *out)
{
	weir_wr_u8(out, icmp->type);
	weir_wr_u8(out, icmp->code);
	weir_wr_be16(out, 0);
	weir_wr_be16(out, icmp->id);
	weir_wr_be16(out, icmp->seq);
}

bool weir_icmp_is_echo(const struct weir_icmp *icmp, bool v6)
{
	return icmp->code == 0 &&
	       icmp->type == (v6 ? WEIR_ICMP6_ECHO : WEIR_ICMP4_ECHO);
}

bool weir_icmp_is_error(uint8_t type, bool v6)
{
	if (v6)
		return type < ICMP6_FIRST_INFORMATIONAL ||
		       type == WEIR_ICMP6_REDIRECT;
	return type == WEIR_ICMP4_UNREACHABLE || type == WEIR_ICMP4_QUENCH ||
	       type == WEIR_ICMP4_REDIRECT || type == WEIR_ICMP4_EXCEEDED ||
	       type == WEIR_ICMP4_PARAMETER;
}

static bool read_quoted4(struct weir_rd in, struct quoted *ret)
{
	struct weir_ipv4 ip;

	if (weir_ipv4_parse(&in, PACKET_MAX, &ip) != WEIR_REASON_NONE)
		return false;
	*ret = (struct quoted){ .from = ip.from,
				.to = ip.to,
				.proto = ip.proto,
				.offset = ip.offset,
				.len = ip.total_len,
				.l4 = in };
	return true;
}

static bool read_quoted6(struct weir_rd in, struct quoted *ret)
{
	struct weir_ipv6 ip;

	if (weir_ipv6_parse(&in, PACKET_MAX, &ip) != WEIR_REASON_NONE)
		return false;
	*ret = (struct quoted){ .v6 = true,
				.from = ip.from,
				.to = ip.to,
				.proto = ip.proto,
				.offset = ip.offset,
				.next_at = ip.next_at,
				.len = (size_t)ip.payload_len +
				       WEIR_IPV6_HEADER_BYTES,
				.l4 = in };
	return true;
}

static bool read_quoted(struct weir_rd in, struct quoted *ret)
{
	struct weir_rd peek = in;

	switch (weir_rd_u8(&peek) >> 4) {
	case 4:
		return read_quoted4(in, ret);
	case 6:
		return read_quoted6(in, ret);
	default:
		return false;
	}
}

/* is there exactly one sender, who can be told? */
static bool has_one_sender(const struct quoted *q)
{
	if (q->v6)
		return !weir_addr_is_zero(&q->from) &&
		       !weir_ipv6_is_multicast(&q->from);
	/* 240/4 holds the broadcast address, and nobody else */
	return (q->from.b[12] & 0xf0) < 0xe0 && q->from.b[12] != 0 &&
	       q->from.b[12] != 127;
}

static bool may_quote(const struct quoted *q, enum weir_icmp_why why)
{
	struct weir_rd l4 = q->l4;

	if (q->offset != 0 || !has_one_sender(q))
		return false;
	if (q->v6 && weir_ipv6_is_multicast(&q->to) &&
	    why != WEIR_ICMP_WHY_TOO_BIG)
		return false;
	if (!q->v6 && (weir_ipv4_is_multicast(&q->to) ||
		       weir_addr_to4(&q->to) == IPV4_BROADCAST))
		return false;
	if (q->proto != (q->v6 ? WEIR_PROTO_ICMPV6 : WEIR_PROTO_ICMP))
		return true;
	return l4.left && !weir_icmp_is_error(weir_rd_u8(&l4), q->v6);
}

bool weir_icmp_may_quote(struct weir_rd l3, enum weir_icmp_why why)
{
	struct quoted q;

	return read_quoted(l3, &q) && may_quote(&q, why);
}

static struct weir_icmp message4(const struct weir_icmp_error *e)
{
	struct weir_icmp m = { .type = WEIR_ICMP4_UNREACHABLE };

	switch (e->why) {
	case WEIR_ICMP_WHY_NET:
		m.code = 0;
		break;
	case WEIR_ICMP_WHY_HOST:
		m.code = 1;
		break;
	case WEIR_ICMP_WHY_PROTOCOL:
		m.code = 2;
		break;
	case WEIR_ICMP_WHY_PORT:
		m.code = 3;
		break;
	case WEIR_ICMP_WHY_TOO_BIG: /* RFC 1191 4 */
		m.code = 4;
		m.seq = e->mtu > UINT16_MAX ? UINT16_MAX : (uint16_t)e->mtu;
		break;
	case WEIR_ICMP_WHY_PROHIBITED: /* RFC 1812 5.2.7.1 */
		m.code = 13;
		break;
	case WEIR_ICMP_WHY_TTL:
		m.type = WEIR_ICMP4_EXCEEDED;
		break;
	case WEIR_ICMP_WHY_REASSEMBLY:
		m.type = WEIR_ICMP4_EXCEEDED;
		m.code = 1;
		break;
	}
	return m;
}

/* @next_at: where the packet names the protocol nobody speaks */
static struct weir_icmp message6(const struct weir_icmp_error *e,
				 uint32_t next_at)
{
	struct weir_icmp m = { .type = WEIR_ICMP6_UNREACHABLE };
	uint32_t rest = 0;

	switch (e->why) {
	case WEIR_ICMP_WHY_NET:
		m.code = 0;
		break;
	case WEIR_ICMP_WHY_PROHIBITED:
		m.code = 1;
		break;
	case WEIR_ICMP_WHY_HOST:
		m.code = 3;
		break;
	case WEIR_ICMP_WHY_PORT:
		m.code = 4;
		break;
	case WEIR_ICMP_WHY_PROTOCOL: /* RFC 4443 3.4 */
		m.type = WEIR_ICMP6_PARAMETER;
		m.code = 1;
		rest = next_at;
		break;
	case WEIR_ICMP_WHY_TOO_BIG:
		m.type = WEIR_ICMP6_TOO_BIG;
		rest = e->mtu;
		break;
	case WEIR_ICMP_WHY_TTL:
		m.type = WEIR_ICMP6_EXCEEDED;
		break;
	case WEIR_ICMP_WHY_REASSEMBLY:
		m.type = WEIR_ICMP6_EXCEEDED;
		m.code = 1;
		break;
	}
	m.id = (uint16_t)(rest >> 16);
	m.seq = (uint16_t)rest;
	return m;
}

static size_t shorter(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void build4(const struct weir_icmp_error *e, const uint8_t *quote,
		   size_t n, struct weir_wr *out)
{
	struct weir_icmp m = message4(e);
	size_t l4_len, at;

	n = shorter(n, WEIR_ICMP_ERROR4_MAX_BYTES - WEIR_IPV4_HEADER_BYTES -
			       WEIR_ICMP_HEADER_BYTES);
	l4_len = WEIR_ICMP_HEADER_BYTES + n;
	weir_ipv4_build(
		&(struct weir_ipv4){
			.tos = ERROR4_TOS,
			.ttl = ERROR_TTL,
			.proto = WEIR_PROTO_ICMP,
			.total_len =
				(uint16_t)(WEIR_IPV4_HEADER_BYTES + l4_len),
			.df = true,
			.from = e->from,
			.to = e->to },
		out);
	at = weir_wr_len(out);
	weir_icmp_build(&m, out);
	weir_wr_copy(out, quote, n);
	if (!weir_wr_ok(out))
		return;
	weir_wr_put16(out, at + WEIR_ICMP_CSUM_AT,
		      weir_csum_finish(
			      weir_csum_add(0, out->start + at, l4_len)));
}

static void build6(const struct weir_icmp_error *e, const struct weir_icmp *m,
		   const uint8_t *quote, size_t n, struct weir_wr *out)
{
	size_t l4_len, at;
	uint32_t sum;

	n = shorter(n, WEIR_ICMP_ERROR6_MAX_BYTES - WEIR_IPV6_HEADER_BYTES -
			       WEIR_ICMP_HEADER_BYTES);
	l4_len = WEIR_ICMP_HEADER_BYTES + n;
	weir_ipv6_build(&(struct weir_ipv6){ .hops = ERROR_TTL,
					     .proto = WEIR_PROTO_ICMPV6,
					     .payload_len = (uint16_t)l4_len,
					     .from = e->from,
					     .to = e->to },
			out);
	at = weir_wr_len(out);
	weir_icmp_build(m, out);
	weir_wr_copy(out, quote, n);
	if (!weir_wr_ok(out))
		return;
	sum = weir_csum_pseudo(&e->from, &e->to, WEIR_PROTO_ICMPV6,
			       (uint32_t)l4_len);
	sum = weir_csum_add(sum, out->start + at, l4_len);
	weir_wr_put16(out, at + WEIR_ICMP_CSUM_AT, weir_csum_finish(sum));
}

enum weir_reason weir_icmp_build_error(const struct weir_icmp_error *e,
				       struct weir_rd l3, struct weir_wr *out)
{
	struct quoted q;
	struct weir_icmp m;
	size_t n;

	if (!read_quoted(l3, &q) || !may_quote(&q, e->why))
		return WEIR_REASON_ICMP;
	if (weir_addr_is4(&e->from) == q.v6 || weir_addr_is4(&e->to) == q.v6)
		return WEIR_REASON_ICMP;
	n = shorter(l3.left, q.len);
	if (!q.v6) {
		build4(e, l3.at, n, out);
		return WEIR_REASON_NONE;
	}
	m = message6(e, q.next_at);
	build6(e, &m, l3.at, n, out);
	return WEIR_REASON_NONE;
}
