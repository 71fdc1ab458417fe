/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view.h - one frame, seen: where its layers are and whom they name
 *
 * A view is made once per frame and borrowed by everybody who looks at it.
 * It says where things are; it does not judge them (kind.h does).
 *
 * Precondition of every function here: the first span of the frame holds at
 * least the first WEIR_VIEW_HEAD_BYTES bytes of it, or all of it if it is
 * shorter.  The links see to that: TAP and the socket links read into one
 * place, vhost-user copies that much.  A frame whose headers do not end within
 * its first span is refused as short.
 */
#ifndef WEIR_PACKET_VIEW_H
#define WEIR_PACKET_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rd.h"
#include "base/reason.h"
#include "base/span.h"
#include "packet/vnethdr.h"

/** the longest head of a frame that must lie in its first span */
#define WEIR_VIEW_HEAD_BYTES 256u

/**
 * struct weir_view - what one frame says about itself
 * @dst, @src:   Ethernet
 * @ethertype:   one of WEIR_ETH_IPV4, WEIR_ETH_IPV6, WEIR_ETH_ARP
 * @is_ip:       IPv4 or IPv6; if not, what follows is zero but for @l3*
 * @is_v6:       IPv6; @from and @to are then no IPv4 addresses
 * @from, @to:   IP
 * @proto:       of the upper layer, behind IPv6 extension headers
 * @ttl:         time to live, or hop limit
 * @tos:         type of service, or traffic class
 * @df:          IPv4's "don't fragment"
 * @fragment:    a part of a packet: @l4 is a part of its payload, which may
 *               begin anywhere, and must not be parsed
 * @frag_more:   not the last part
 * @frag_offset: bytes of the packet's payload before this part
 * @frag_id:     which packet
 * @flow_label:  IPv6
 * @l3_at:       where the IP header (or ARP) begins in the frame
 * @l3_len:      IP header and payload, without Ethernet padding
 * @l4_at:       where the upper layer begins in the frame
 * @l4_len:      its length over all spans
 * @l3, @l4:     the part of each that lies in the first span, borrowed
 */
struct weir_view {
	struct weir_mac dst, src;
	uint16_t ethertype;
	bool is_ip, is_v6;
	struct weir_addr from, to;
	uint8_t proto, ttl, tos;
	bool df, fragment, frag_more;
	uint32_t frag_offset, frag_id;
	uint32_t flow_label;
	size_t l3_at, l3_len;
	size_t l4_at, l4_len;
	struct weir_rd l3, l4;
};

/**
 * weir_view_parse() - find the layers of a frame
 * @h:     what the link said about the frame, or NULL if it says nothing;
 *         checked with weir_vnethdr_check() and not read otherwise
 * @frame: from the first byte of the Ethernet header on
 * @ret:   untouched on failure
 *
 * Memory: borrows @frame's bytes for as long as @ret is used.
 *
 * Return: WEIR_REASON_NONE, or
 *   WEIR_REASON_SHORT       it ends within a header;
 *   WEIR_REASON_OVERSIZE    more than WEIR_FRAME_MAX_BYTES;
 *   WEIR_REASON_ETHERTYPE   neither IPv4, IPv6 nor ARP (so also VLAN tags);
 *   WEIR_REASON_IP_HEADER   version, lengths or extension headers are wrong;
 *   WEIR_REASON_CSUM        IPv4 header checksum;
 *   WEIR_REASON_FRAGMENT    a part that fits into no packet;
 *   WEIR_REASON_MARTIAN     an IPv4 address inside an IPv6 header;
 *   WEIR_REASON_VNET_HEADER @h does not fit the frame.
 */
enum weir_reason weir_view_parse(const struct weir_vnethdr *h,
				 const struct weir_spans *frame,
				 struct weir_view *ret);

/**
 * weir_view_l4_csum() - is the checksum of the upper layer good?
 * @h: as for weir_view_parse(), or NULL
 *
 * Good is: NEEDS_CSUM for this very field, which says that the bytes never
 * left the machine; the right sum; for TCP and UDP the pseudo-header sum alone,
 * folded, which is what an offloading guest leaves behind a link without
 * headers; none at all where UDP over IPv4 may go without.  DATA_VALID is a
 * claim that a guest cannot make: it is not believed.  Only TCP, UDP, ICMP and
 * ICMPv6 have sums that are known; everything else, and fragments, are good.
 *
 * Return: WEIR_REASON_NONE; WEIR_REASON_CSUM; WEIR_REASON_SHORT if the upper
 * layer ends before its checksum field does; WEIR_REASON_UDP_LENGTH if the
 * UDP length is more than there is or less than its header.
 */
enum weir_reason weir_view_l4_csum(const struct weir_view *v,
				   const struct weir_spans *frame,
				   const struct weir_vnethdr *h);

/**
 * weir_view_payload() - the bytes behind the upper layer's header
 * @header_len: how long that header is
 * @ret:        filled with at most @max spans, borrowed from @frame
 *
 * Return: how many spans; 0 if there is no payload.
 */
unsigned weir_view_payload(const struct weir_view *v,
			   const struct weir_spans *frame, size_t header_len,
			   struct weir_span *ret, unsigned max);

#endif /* WEIR_PACKET_VIEW_H */
