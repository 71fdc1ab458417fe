/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eth.h - the Ethernet II header
 */
#ifndef WEIR_PACKET_ETH_H
#define WEIR_PACKET_ETH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rd.h"
#include "base/reason.h"
#include "base/wr.h"

#define WEIR_ETH_HEADER_BYTES 14u

#define WEIR_ETH_IPV4 0x0800u
#define WEIR_ETH_ARP  0x0806u
#define WEIR_ETH_IPV6 0x86ddu

struct weir_eth {
	struct weir_mac dst, src;
	uint16_t type;
};

/**
 * weir_eth_parse() - read the header
 * @in:  window on the frame; after success it stands at the payload
 * @ret: untouched on failure
 *
 * Return: WEIR_REASON_NONE; WEIR_REASON_SHORT; WEIR_REASON_ETHERTYPE: not one
 * of the three types above, so also VLAN tags and 802.3 lengths.
 */
enum weir_reason weir_eth_parse(struct weir_rd *in, struct weir_eth *ret);

/** weir_eth_build() - write the header; @out goes bad if there is no room */
void weir_eth_build(const struct weir_eth *eth, struct weir_wr *out);

/** weir_eth_is_broadcast() - ff:ff:ff:ff:ff:ff? */
bool weir_eth_is_broadcast(const struct weir_mac *mac);

/** weir_eth_is_group() - broadcast, or a multicast group of any protocol? */
bool weir_eth_is_group(const struct weir_mac *mac);

/** weir_eth_is_group4() - a group of IPv4 (RFC 1112 6.4)? */
bool weir_eth_is_group4(const struct weir_mac *mac);

/** weir_eth_is_group6() - a group of IPv6 (RFC 2464 7)? */
bool weir_eth_is_group6(const struct weir_mac *mac);

#endif /* WEIR_PACKET_ETH_H */
