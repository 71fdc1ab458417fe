/* SPDX-License-Identifier: Apache-2.0 */
/* look.c - a frame for the guest, seen with other eyes */
#include "look.h"

#include "packet/eth.h"
#include "packet/icmp.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"

uint32_t look_sum(uint32_t sum, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		sum += i & 1 ? b[i] : (uint32_t)b[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

uint16_t look_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint32_t look_pseudo(const struct weir_addr *from, const struct weir_addr *to,
		     uint8_t proto, size_t len)
{
	bool v4 = weir_addr_is4(from);
	size_t skip = v4 ? 12 : 0;
	uint32_t sum = look_sum(0, from->b + skip, 16 - skip);

	sum = look_sum(sum, to->b + skip, 16 - skip);
	return sum + proto + (uint32_t)(len >> 16) + (uint32_t)(len & 0xffff);
}

/* A finished checksum, or where the guest takes it the pseudo header's sum. */
static const char *look_partial(const struct look *f,
				const struct weir_charter *c, const uint8_t *l4,
				size_t len, size_t head)
{
	uint32_t sum = look_pseudo(&f->from, &f->to, f->proto, len);
	size_t at = (size_t)(l4 - f->b) - WEIR_VNET_BYTES;
	size_t where = f->proto == WEIR_PROTO_TCP ? 16 : 6;

	if (!(c->offload & WEIR_OFFLOAD_CSUM) && f->vnet.flags)
		return "a checksum is left to a guest that cannot";
	if (!f->vnet.flags)
		return look_fold(look_sum(sum, l4, len)) == 0xffff
			       ? NULL
			       : "a wrong checksum";
	if (f->vnet.flags != WEIR_VNET_NEEDS_CSUM)
		return "unknown flags";
	if (f->vnet.csum_start != at || f->vnet.csum_offset != where)
		return "NEEDS_CSUM for another place";
	if (f->vnet.hdr_len != at + head)
		return "hdr_len is not the length of the headers";
	return (uint16_t)(l4[where] << 8 | l4[where + 1]) == look_fold(sum)
		       ? NULL
		       : "not the pseudo header's sum";
}

static const char *look_tcp(struct look *f, const struct weir_charter *c,
			    const uint8_t *l4, size_t len)
{
	struct weir_rd in = weir_rd_over(l4, len);

	if (weir_tcp_parse(&in, &f->tcp) != WEIR_REASON_NONE)
		return "a TCP header that cannot be read";
	f->sport = f->tcp.sport;
	f->dport = f->tcp.dport;
	f->inner = (size_t)(in.at - f->b);
	f->inner_len = len - f->tcp.header_len;
	return look_partial(f, c, l4, len, f->tcp.header_len);
}

/* May it be that long, and does it say how it is to be cut? */
static const char *look_size(const struct look *f, const struct weir_charter *c,
			     size_t ip_len)
{
	size_t head = ip_len - f->inner_len, gso = f->vnet.gso_size;
	unsigned type = f->v6 ? WEIR_VNET_GSO_TCPV6 : WEIR_VNET_GSO_TCPV4;

	if (f->proto == WEIR_PROTO_UDP &&
	    f->vnet.gso_type == WEIR_VNET_GSO_UDP_L4) {
		if (!(c->offload & WEIR_OFFLOAD_USO) || !f->vnet.flags)
			return "gso of UDP for a guest that cannot";
		return gso && gso + head <= c->mtu ? NULL : "gso_size of UDP";
	}
	if (f->proto != WEIR_PROTO_TCP || f->vnet.gso_type == 0) {
		if (f->vnet.gso_type || gso)
			return "gso of something else than TCP";
		if (ip_len > c->mtu && f->proto != WEIR_PROTO_ICMP &&
		    f->proto != WEIR_PROTO_ICMPV6)
			return "larger than the MTU";
		return NULL;
	}
	if (f->vnet.gso_type != type)
		return "gso of the other family";
	if (!(c->offload & (f->v6 ? WEIR_OFFLOAD_TSO6 : WEIR_OFFLOAD_TSO4)))
		return "gso for a guest that cannot";
	if (gso == 0 || gso + head > c->mtu)
		return "gso_size does not fit the MTU";
	if (f->inner_len <= gso)
		return "gso with a single segment";
	if (f->tcp.flags & (WEIR_TCP_SYN | WEIR_TCP_RST))
		return "a SYN or RST that is to be cut";
	return NULL;
}

static const char *look_l4(struct look *f, const struct weir_charter *c,
			   const uint8_t *l4, size_t len)
{
	uint32_t sum = look_pseudo(&f->from, &f->to, f->proto, len);

	if (f->fragment)
		return f->vnet.flags ? "flags on a fragment" : NULL;
	if (f->proto == WEIR_PROTO_TCP)
		return look_tcp(f, c, l4, len);
	if (f->vnet.flags && f->proto != WEIR_PROTO_UDP)
		return "flags on something else than TCP and UDP";
	if (len < 8)
		return "an upper layer without a header";
	f->inner = (size_t)(l4 - f->b) + 8;
	f->inner_len = len - 8;
	if (f->proto == WEIR_PROTO_UDP) {
		f->sport = (uint16_t)(l4[0] << 8 | l4[1]);
		f->dport = (uint16_t)(l4[2] << 8 | l4[3]);
		if ((size_t)(l4[4] << 8 | l4[5]) != len)
			return "a wrong UDP length";
		if (!f->vnet.flags && l4[6] == 0 && l4[7] == 0)
			return "UDP without a checksum";
		return look_partial(f, c, l4, len, 8);
	}
	f->icmp_type = l4[0];
	f->icmp_code = l4[1];
	if (f->proto == WEIR_PROTO_ICMP)
		sum = 0;
	else if (f->proto != WEIR_PROTO_ICMPV6)
		return "another protocol";
	return look_fold(look_sum(sum, l4, len)) == 0xffff
		       ? NULL
		       : "a wrong ICMP checksum";
}

static const char *look_ip4(struct look *f, const struct weir_charter *c,
			    const uint8_t *ip, size_t len)
{
	const char *why;

	if (len < 20 || ip[0] != 0x45 || (size_t)(ip[2] << 8 | ip[3]) != len)
		return "a wrong IPv4 header or length";
	if (look_fold(look_sum(0, ip, 20)) != 0xffff)
		return "a wrong IPv4 header checksum";
	f->fragment = (ip[6] & 0x3f) || ip[7];
	f->proto = ip[9];
	if (f->fragment && f->proto == WEIR_PROTO_TCP)
		return "a segment in parts";
	f->from = weir_addr_from4((uint32_t)ip[12] << 24 |
				  (uint32_t)ip[13] << 16 |
				  (uint32_t)ip[14] << 8 | ip[15]);
	f->to = weir_addr_from4((uint32_t)ip[16] << 24 |
				(uint32_t)ip[17] << 16 | (uint32_t)ip[18] << 8 |
				ip[19]);
	if (!weir_addr_is_equal(&f->to, &c->guest4))
		return "IPv4 for somebody else";
	why = look_l4(f, c, ip + 20, len - 20);
	return why ? why : look_size(f, c, len);
}

static const char *look_ip6(struct look *f, const struct weir_charter *c,
			    const uint8_t *ip, size_t len)
{
	const char *why;

	if (!c->has6)
		return "IPv6 for a guest that has none";
	if (len < 40 || ip[0] >> 4 != 6 ||
	    (size_t)(ip[4] << 8 | ip[5]) != len - 40)
		return "a wrong IPv6 header or length";
	f->v6 = true;
	f->proto = ip[6];
	if (f->proto == 44 && len >= 48) {
		f->fragment = true;
		f->proto = ip[40];
	}
	memcpy(f->from.b, ip + 8, 16);
	memcpy(f->to.b, ip + 24, 16);
	why = look_l4(f, c, ip + 40, len - 40);
	return why ? why : look_size(f, c, len);
}

const char *look_at(struct look *f, const struct weir_charter *c)
{
	struct weir_rd in = weir_rd_over(f->b, f->len);
	struct weir_eth eth;

	if (weir_vnethdr_parse(&in, &f->vnet) != WEIR_REASON_NONE)
		return "no virtio header";
	if (f->vnet.num_buffers != 1)
		return "num_buffers is not 1";
	if (in.left > WEIR_FRAME_MAX_BYTES)
		return "longer than a frame can be";
	if (weir_eth_parse(&in, &eth) != WEIR_REASON_NONE)
		return "no Ethernet header";
	f->type = eth.type;
	if (!weir_mac_is_equal(&eth.src, &c->gateway_mac))
		return "not from the gateway's Ethernet address";
	if (!weir_mac_is_equal(&eth.dst, &c->guest_mac) &&
	    !(eth.type == WEIR_ETH_IPV6 && eth.dst.b[0] == 0x33))
		return "not for the guest's Ethernet address";
	if (eth.type == WEIR_ETH_IPV4)
		return look_ip4(f, c, in.at, in.left);
	if (eth.type == WEIR_ETH_IPV6)
		return look_ip6(f, c, in.at, in.left);
	return in.left == 28 ? NULL : "ARP of a wrong length";
}
