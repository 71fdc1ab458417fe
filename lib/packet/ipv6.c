/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipv6.c - the IPv6 header and the walk over its extension headers
 *
 * The walk ends at the first header that is none of the five it knows: that is
 * the upper layer.  Each step shrinks the window and counts towards
 * WEIR_IPV6_EXT_MAX, so a chain of empty headers ends soon.  A fragment ends
 * the walk, because what follows is a piece of something; what it names as
 * next is walked once the packet is whole.
 */
#include "packet/ipv6.h"

#include "base/limits.h"
#include "packet/ipv4.h"

#define EXT_HOP_BY_HOP  0u
#define EXT_ROUTING     43u
#define EXT_FRAGMENT    44u
#define EXT_AUTH        51u
#define EXT_DESTINATION 60u
#define PROTO_ESP       50u
#define PAYLOAD_MAX     65535u
#define NEXT_AT         6u

/* @left: bytes of payload, by the payload length, not by the window */
struct walk {
	struct weir_rd *in;
	size_t left;
	uint8_t next;
};

static enum weir_reason step(struct walk *w, size_t n, struct weir_rd *ret)
{
	if (n > w->left)
		return WEIR_REASON_IP_HEADER;
	*ret = weir_rd_sub(w->in, n);
	if (!weir_rd_ok(ret))
		return WEIR_REASON_SHORT;
	w->left -= n;
	return WEIR_REASON_NONE;
}

static enum weir_reason take_fragment(struct walk *w, struct weir_ipv6 *ip)
{
	struct weir_rd h;
	enum weir_reason why = step(w, 8, &h);
	uint16_t offset;

	if (why != WEIR_REASON_NONE)
		return why;
	w->next = weir_rd_u8(&h);
	(void)weir_rd_u8(&h); /* reserved */
	offset = weir_rd_be16(&h);
	ip->id = weir_rd_be32(&h);
	ip->offset = offset & 0xfff8u;
	ip->more = offset & 1;
	ip->fragment = ip->more || ip->offset;
	if (!ip->fragment)
		return WEIR_REASON_NONE;
	if (w->left == 0 || (ip->more && w->left % 8 != 0) ||
	    ip->offset + w->left > PAYLOAD_MAX)
		return WEIR_REASON_FRAGMENT;
	return WEIR_REASON_NONE;
}

/* one header of options, routing or authentication */
static enum weir_reason take_other(struct walk *w)
{
	uint8_t kind = w->next, length;
	struct weir_rd h, peek;
	enum weir_reason why = step(w, 8, &h);

	if (why != WEIR_REASON_NONE)
		return why;
	w->next = weir_rd_u8(&h);
	length = weir_rd_u8(&h);
	if (kind == EXT_ROUTING) {
		uint8_t type = weir_rd_u8(&h), segments = weir_rd_u8(&h);

		/* RFC 5095 1; others might send it on, which we do not */
		if (type == 0 || segments != 0)
			return WEIR_REASON_IP_HEADER;
	}
	if (kind != EXT_AUTH)
		return step(w, (size_t)length * 8, &peek);
	if (length == 0) /* RFC 4302 2.2: words of four bytes, less two */
		return WEIR_REASON_IP_HEADER;
	return step(w, (size_t)length * 4, &peek);
}

static bool is_extension(uint8_t next)
{
	return next == EXT_HOP_BY_HOP || next == EXT_ROUTING ||
	       next == EXT_FRAGMENT || next == EXT_AUTH ||
	       next == EXT_DESTINATION;
}

static enum weir_reason walk(struct walk *w, struct weir_ipv6 *ip)
{
	for (unsigned n = 0; is_extension(w->next) && !ip->fragment; n++) {
		enum weir_reason why;

		if (n == WEIR_IPV6_EXT_MAX)
			return WEIR_REASON_IP_HEADER;
		if (w->next == EXT_HOP_BY_HOP && n > 0) /* RFC 8200 4.1 */
			return WEIR_REASON_IP_HEADER;
		ip->next_at = (uint32_t)(WEIR_IPV6_HEADER_BYTES +
					 ip->payload_len - w->left);
		why = w->next == EXT_FRAGMENT ? take_fragment(w, ip)
					      : take_other(w);
		if (why != WEIR_REASON_NONE)
			return why;
	}
	ip->proto = w->next == PROTO_ESP ? WEIR_PROTO_NONE : w->next;
	return WEIR_REASON_NONE;
}

enum weir_reason weir_ipv6_parse(struct weir_rd *in, size_t packet_len,
				 struct weir_ipv6 *ret)
{
	struct weir_rd fixed = weir_rd_sub(in, WEIR_IPV6_HEADER_BYTES);
	uint32_t first = weir_rd_be32(&fixed);
	struct weir_ipv6 ip = { .flow_label = first & 0xfffff,
				.next_at = NEXT_AT };
	struct walk w = { .in = in };
	enum weir_reason why;

	ip.traffic_class = (uint8_t)(first >> 20);
	ip.payload_len = weir_rd_be16(&fixed);
	w.next = weir_rd_u8(&fixed);
	ip.hops = weir_rd_u8(&fixed);
	weir_rd_copy(&fixed, ip.from.b, sizeof(ip.from.b));
	weir_rd_copy(&fixed, ip.to.b, sizeof(ip.to.b));
	if (!weir_rd_ok(&fixed))
		return WEIR_REASON_SHORT;
	if (first >> 28 != 6 || packet_len < WEIR_IPV6_HEADER_BYTES ||
	    ip.payload_len > packet_len - WEIR_IPV6_HEADER_BYTES)
		return WEIR_REASON_IP_HEADER;
	if (weir_addr_is4(&ip.from) || weir_addr_is4(&ip.to))
		return WEIR_REASON_MARTIAN;
	w.left = ip.payload_len;
	why = walk(&w, &ip);
	if (why != WEIR_REASON_NONE)
		return why;
	ip.header_len = WEIR_IPV6_HEADER_BYTES + ip.payload_len - w.left;
	*ret = ip;
	return WEIR_REASON_NONE;
}

void weir_ipv6_build(const struct weir_ipv6 *ip, struct weir_wr *out)
{
	weir_wr_be32(out, 6u << 28 | (uint32_t)ip->traffic_class << 20 |
				  (ip->flow_label & 0xfffff));
	weir_wr_be16(out, ip->payload_len);
	weir_wr_u8(out, ip->proto);
	weir_wr_u8(out, ip->hops);
	weir_wr_copy(out, ip->from.b, sizeof(ip->from.b));
	weir_wr_copy(out, ip->to.b, sizeof(ip->to.b));
}

bool weir_ipv6_is_multicast(const struct weir_addr *a)
{
	return a->b[0] == 0xff;
}

bool weir_ipv6_is_linklocal(const struct weir_addr *a)
{
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

bool weir_ipv6_is_within(const struct weir_addr *a, const struct weir_addr *net,
			 unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (bits > 128)
		return false;
	if (memcmp(a->b, net->b, whole) != 0)
		return false;
	return rest == 0 || (a->b[whole] ^ net->b[whole]) >> (8 - rest) == 0;
}
