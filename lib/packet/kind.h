/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kind.h - who serves this frame?
 *
 * Sorts a frame that was viewed, and refuses those that are not from our guest
 * or not for us.  It keeps nothing and knows no policy: whether a flow may be
 * is asked later, of the judge.
 */
#ifndef WEIR_PACKET_KIND_H
#define WEIR_PACKET_KIND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/reason.h"
#include "packet/view.h"

/** enum weir_kind_room - whom a frame is for */
enum weir_kind_room {
	WEIR_KIND_ARP,        /* desk */
	WEIR_KIND_ND,         /* desk: neighbour and router discovery */
	WEIR_KIND_DHCP,       /* UDP to port 67 */
	WEIR_KIND_DHCPV6,     /* UDP to port 547 */
	WEIR_KIND_DNS,        /* UDP or TCP to port 53 of any one host */
	WEIR_KIND_TCP,        /* conn */
	WEIR_KIND_UDP,        /* assoc; multicast and broadcast as well */
	WEIR_KIND_ECHO,       /* echo request to somewhere else */
	WEIR_KIND_ECHO_HERE,  /* desk: echo request to one of our addresses */
	WEIR_KIND_EXPIRED,    /* desk: would go out, but has no hop left */
	WEIR_KIND_ICMP_ERROR, /* an error from the guest, about what we sent */
	WEIR_KIND_GROUP,      /* IGMP, MLD, echo to a group: ignored, quietly */
	WEIR_KIND_FRAGMENT,   /* frag; the rest is asked of the whole packet */
	WEIR_KIND_OTHER       /* another protocol, or ICMP that nobody serves */
};

/**
 * struct weir_kind_facts - what the link and the addresses are
 * @guest:    source of every frame; all zero: not known, any one host will do
 * @gateway:  destination of every frame that is for one host
 * @guest4, @gateway4, @dns4: IPv4-mapped
 * @len4:     bits of the IPv4 subnet, for its broadcast address
 * @has6:     the guest has IPv6; without it IPv6 frames are not for us
 * @guest6, @gateway6, @dns6: as configured
 * @router6:  the link-local address we answer for
 * @len6:     bits of the IPv6 prefix
 */
struct weir_kind_facts {
	struct weir_mac guest, gateway;
	struct weir_addr guest4, gateway4, dns4;
	uint8_t len4;
	bool has6;
	struct weir_addr guest6, gateway6, dns6, router6;
	uint8_t len6;
};

/**
 * struct weir_kind - the answer
 * @room:  whom the frame is for
 * @sport, @dport: of TCP and UDP that are no fragments, else 0
 * @learn: the source is an address in the prefix that was not configured; the
 *         frame is good only if weir_desk_admit() says so
 */
struct weir_kind {
	enum weir_kind_room room;
	uint16_t sport, dport;
	bool learn;
};

/**
 * weir_kind_find() - sort a frame
 * @v:   from weir_view_parse()
 * @f:   the facts
 * @ret: untouched on failure
 *
 * Return: WEIR_REASON_NONE, or
 *   WEIR_REASON_NOT_FOR_US     the Ethernet destination is neither ours nor a
 *                              group, does not fit the IP destination, or IPv6
 *                              is off;
 *   WEIR_REASON_SPOOFED_MAC    the Ethernet source is not the guest;
 *   WEIR_REASON_SPOOFED_SOURCE the IP source is not the guest, or is none where
 *                              none is not allowed;
 *   WEIR_REASON_SHORT          no room for the ports or the ICMP header;
 *   WEIR_REASON_MULTICAST      TCP to a group.
 */
enum weir_reason weir_kind_find(const struct weir_view *v,
				const struct weir_kind_facts *f,
				struct weir_kind *ret);

/** weir_kind_is_ours() - one of the addresses we answer for? */
bool weir_kind_is_ours(const struct weir_kind_facts *f,
		       const struct weir_addr *a);

/**
 * weir_kind_is_broadcast() - 255.255.255.255, or all ones in the subnet?
 */
bool weir_kind_is_broadcast(const struct weir_kind_facts *f,
			    const struct weir_addr *a);

#endif /* WEIR_PACKET_KIND_H */
