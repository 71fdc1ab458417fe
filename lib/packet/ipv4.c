/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipv4.c - the IPv4 header, bytes to fields and back
 *
 * Options are stepped over and never written.  A source route (RFC 791 3.1)
 * therefore has no effect: the packet is for its destination field.
 */
#include "packet/ipv4.h"

#include "base/must.h"
#include "packet/csum.h"

#define IPV4_CSUM_AT   10u
#define IPV4_DF        0x4000u
#define IPV4_MF        0x2000u
#define IPV4_OFFSET    0x1fffu
#define IPV4_TOTAL_MAX 65535u

/* does a fragment of @len bytes fit into a packet? */
static bool fragment_fits(const struct weir_ipv4 *ip, size_t len)
{
	if (len == 0 || (ip->more && len % 8 != 0))
		return false;
	return ip->header_len + ip->offset + len <= IPV4_TOTAL_MAX;
}

static enum weir_reason check(const struct weir_ipv4 *ip, uint8_t version,
			      size_t packet_len)
{
	if (version != 4 || ip->header_len < WEIR_IPV4_HEADER_BYTES)
		return WEIR_REASON_IP_HEADER;
	if (ip->total_len < ip->header_len || ip->total_len > packet_len)
		return WEIR_REASON_IP_HEADER;
	return WEIR_REASON_NONE;
}

enum weir_reason weir_ipv4_parse(struct weir_rd *in, size_t packet_len,
				 struct weir_ipv4 *ret)
{
	const uint8_t *start = in->at;
	struct weir_rd fixed = weir_rd_sub(in, WEIR_IPV4_HEADER_BYTES);
	uint8_t version_ihl = weir_rd_u8(&fixed);
	struct weir_ipv4 ip = { .header_len = (version_ihl & 15u) * 4u };
	enum weir_reason why;
	uint16_t flags;

	ip.tos = weir_rd_u8(&fixed);
	ip.total_len = weir_rd_be16(&fixed);
	ip.id = weir_rd_be16(&fixed);
	flags = weir_rd_be16(&fixed);
	ip.df = flags & IPV4_DF;
	ip.more = flags & IPV4_MF;
	ip.offset = (uint16_t)((flags & IPV4_OFFSET) * 8);
	ip.ttl = weir_rd_u8(&fixed);
	ip.proto = weir_rd_u8(&fixed);
	(void)weir_rd_be16(&fixed); /* the checksum, summed with the rest */
	ip.from = weir_addr_from4(weir_rd_be32(&fixed));
	ip.to = weir_addr_from4(weir_rd_be32(&fixed));
	if (!weir_rd_ok(&fixed))
		return WEIR_REASON_SHORT;
	why = check(&ip, version_ihl >> 4, packet_len);
	if (why != WEIR_REASON_NONE)
		return why;
	if (!weir_rd_take(in, ip.header_len - WEIR_IPV4_HEADER_BYTES))
		return WEIR_REASON_SHORT;
	if (!weir_csum_is_ok(weir_csum_add(0, start, ip.header_len)))
		return WEIR_REASON_CSUM;
	if ((ip.more || ip.offset) &&
	    !fragment_fits(&ip, ip.total_len - ip.header_len))
		return WEIR_REASON_FRAGMENT;
	*ret = ip;
	return WEIR_REASON_NONE;
}

void weir_ipv4_build(const struct weir_ipv4 *ip, struct weir_wr *out)
{
	size_t at = weir_wr_len(out);
	unsigned flags = ip->offset / 8u;

	weir_must(weir_addr_is4(&ip->from) && weir_addr_is4(&ip->to));
	weir_must(ip->offset % 8 == 0);
	flags |= ip->df ? IPV4_DF : 0;
	flags |= ip->more ? IPV4_MF : 0;
	weir_wr_u8(out, 0x45);
	weir_wr_u8(out, ip->tos);
	weir_wr_be16(out, ip->total_len);
	weir_wr_be16(out, ip->id);
	weir_wr_be16(out, (uint16_t)flags);
	weir_wr_u8(out, ip->ttl);
	weir_wr_u8(out, ip->proto);
	weir_wr_be16(out, 0);
	weir_wr_be32(out, weir_addr_to4(&ip->from));
	weir_wr_be32(out, weir_addr_to4(&ip->to));
	if (weir_wr_ok(out))
		weir_wr_put16(out, at + IPV4_CSUM_AT,
			      weir_csum_finish(
				      weir_csum_add(0, out->start + at,
						    WEIR_IPV4_HEADER_BYTES)));
}

bool weir_ipv4_is_multicast(const struct weir_addr *a)
{
	return weir_addr_is4(a) && (a->b[12] & 0xf0) == 0xe0;
}
