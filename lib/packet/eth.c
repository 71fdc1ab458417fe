/* SPDX-License-Identifier: Apache-2.0 */
/* eth.c - the Ethernet II header */
#include "packet/eth.h"

#include <string.h>

enum weir_reason weir_eth_parse(struct weir_rd *in, struct weir_eth *ret)
{
	struct weir_rd h = weir_rd_sub(in, WEIR_ETH_HEADER_BYTES);
	struct weir_eth e = { .type = 0 };

	weir_rd_copy(&h, e.dst.b, sizeof(e.dst.b));
	weir_rd_copy(&h, e.src.b, sizeof(e.src.b));
	e.type = weir_rd_be16(&h);
	if (!weir_rd_ok(&h))
		return WEIR_REASON_SHORT;
	if (e.type != WEIR_ETH_IPV4 && e.type != WEIR_ETH_IPV6 &&
	    e.type != WEIR_ETH_ARP)
		return WEIR_REASON_ETHERTYPE;
	*ret = e;
	return WEIR_REASON_NONE;
}

void weir_eth_build(const struct weir_eth *eth, struct weir_wr *out)
{
	weir_wr_copy(out, eth->dst.b, sizeof(eth->dst.b));
	weir_wr_copy(out, eth->src.b, sizeof(eth->src.b));
	weir_wr_be16(out, eth->type);
}

bool weir_eth_is_broadcast(const struct weir_mac *mac)
{
	static const struct weir_mac all = { { 0xff, 0xff, 0xff, 0xff, 0xff,
					       0xff } };

	return weir_mac_is_equal(mac, &all);
}

bool weir_eth_is_group(const struct weir_mac *mac)
{
	return mac->b[0] & 1;
}

bool weir_eth_is_group4(const struct weir_mac *mac)
{
	static const uint8_t prefix[3] = { 0x01, 0x00, 0x5e };

	return memcmp(mac->b, prefix, sizeof(prefix)) == 0 &&
	       !(mac->b[3] & 0x80);
}

bool weir_eth_is_group6(const struct weir_mac *mac)
{
	return mac->b[0] == 0x33 && mac->b[1] == 0x33;
}
