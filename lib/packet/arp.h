/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arp.h - address resolution for IPv4 over Ethernet (RFC 826)
 */
#ifndef WEIR_PACKET_ARP_H
#define WEIR_PACKET_ARP_H

#include <stdint.h>

#include "base/addr.h"
#include "base/rd.h"
#include "base/reason.h"
#include "base/wr.h"

#define WEIR_ARP_BYTES 28u

enum weir_arp_op { WEIR_ARP_REQUEST = 1, WEIR_ARP_REPLY = 2 };

/** struct weir_arp - one packet; addresses are IPv4-mapped */
struct weir_arp {
	enum weir_arp_op op;
	struct weir_mac from_mac, to_mac;
	struct weir_addr from, to;
};

/**
 * weir_arp_parse() - read a packet
 * @in:  window on it; what follows (Ethernet padding) is left
 * @ret: untouched on failure
 *
 * Return: WEIR_REASON_NONE; WEIR_REASON_SHORT; WEIR_REASON_ETHERTYPE: for
 * other hardware or another protocol, or an operation other than the two.
 */
enum weir_reason weir_arp_parse(struct weir_rd *in, struct weir_arp *ret);

/** weir_arp_build() - write a packet; @out goes bad if there is no room */
void weir_arp_build(const struct weir_arp *arp, struct weir_wr *out);

#endif /* WEIR_PACKET_ARP_H */
