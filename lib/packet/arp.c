/* SPDX-License-Identifier: Apache-2.0 */
/* arp.c - address resolution for IPv4 over Ethernet */
#include "packet/arp.h"

#include "base/must.h"
#include "packet/eth.h"

#define ARP_HARDWARE_ETHERNET 1u
#define ARP_MAC_BYTES         6u
#define ARP_IPV4_BYTES        4u

enum weir_reason weir_arp_parse(struct weir_rd *in, struct weir_arp *ret)
{
	struct weir_rd p = weir_rd_sub(in, WEIR_ARP_BYTES);
	uint16_t hardware = weir_rd_be16(&p), protocol = weir_rd_be16(&p);
	uint8_t mac_len = weir_rd_u8(&p), ip_len = weir_rd_u8(&p);
	uint16_t op = weir_rd_be16(&p);
	struct weir_arp a = { .op = WEIR_ARP_REQUEST };

	weir_rd_copy(&p, a.from_mac.b, sizeof(a.from_mac.b));
	a.from = weir_addr_from4(weir_rd_be32(&p));
	weir_rd_copy(&p, a.to_mac.b, sizeof(a.to_mac.b));
	a.to = weir_addr_from4(weir_rd_be32(&p));
	if (!weir_rd_ok(&p))
		return WEIR_REASON_SHORT;
	if (hardware != ARP_HARDWARE_ETHERNET || protocol != WEIR_ETH_IPV4 ||
	    mac_len != ARP_MAC_BYTES || ip_len != ARP_IPV4_BYTES)
		return WEIR_REASON_ETHERTYPE;
	if (op != WEIR_ARP_REQUEST && op != WEIR_ARP_REPLY)
		return WEIR_REASON_ETHERTYPE;
	a.op = (enum weir_arp_op)op;
	*ret = a;
	return WEIR_REASON_NONE;
}

void weir_arp_build(const struct weir_arp *arp, struct weir_wr *out)
{
	weir_must(weir_addr_is4(&arp->from) && weir_addr_is4(&arp->to));
	weir_wr_be16(out, ARP_HARDWARE_ETHERNET);
	weir_wr_be16(out, WEIR_ETH_IPV4);
	weir_wr_u8(out, ARP_MAC_BYTES);
	weir_wr_u8(out, ARP_IPV4_BYTES);
	weir_wr_be16(out, (uint16_t)arp->op);
	weir_wr_copy(out, arp->from_mac.b, sizeof(arp->from_mac.b));
	weir_wr_be32(out, weir_addr_to4(&arp->from));
	weir_wr_copy(out, arp->to_mac.b, sizeof(arp->to_mac.b));
	weir_wr_be32(out, weir_addr_to4(&arp->to));
}
