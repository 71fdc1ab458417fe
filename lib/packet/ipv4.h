/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipv4.h - the IPv4 header (RFC 791 3.1)
 */
#ifndef WEIR_PACKET_IPV4_H
#define WEIR_PACKET_IPV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rd.h"
#include "base/reason.h"
#include "base/wr.h"

#define WEIR_IPV4_HEADER_BYTES 20u /* without options */

/* upper layers, of both families */
#define WEIR_PROTO_ICMP   1u
#define WEIR_PROTO_IGMP   2u
#define WEIR_PROTO_TCP    6u
#define WEIR_PROTO_UDP    17u
#define WEIR_PROTO_ICMPV6 58u
#define WEIR_PROTO_NONE   59u

/**
 * struct weir_ipv4 - one header, in host order
 * @total_len:  header and payload
 * @df, @more:  "don't fragment", "more fragments"
 * @offset:     of this fragment, in bytes
 * @header_len: header and options, set by parsing, not read by building
 */
struct weir_ipv4 {
	uint8_t tos, ttl, proto;
	uint16_t total_len, id;
	bool df, more;
	uint16_t offset;
	struct weir_addr from, to;
	size_t header_len;
};

/**
 * weir_ipv4_parse() - read a header, step over its options
 * @in:     window on the packet, at least on its header; after success it
 *          stands behind the options
 * @packet_len: bytes there are of the packet, in @in or behind it
 * @ret:    untouched on failure
 *
 * Return: WEIR_REASON_NONE; WEIR_REASON_SHORT: the header does not end within
 * @in; WEIR_REASON_IP_HEADER: version, header length, or a total length that
 * is less than the header or more than @packet_len; WEIR_REASON_CSUM;
 * WEIR_REASON_FRAGMENT: a fragment that is empty, ends past 65,535 bytes, or is
 * not the last and no multiple of eight.
 */
enum weir_reason weir_ipv4_parse(struct weir_rd *in, size_t packet_len,
				 struct weir_ipv4 *ret);

/**
 * weir_ipv4_build() - write a header of 20 bytes, its checksum included
 *
 * @ip->from and @ip->to must be IPv4 (ours to see to).  @out goes bad if there
 * is no room.
 */
void weir_ipv4_build(const struct weir_ipv4 *ip, struct weir_wr *out);

/** weir_ipv4_is_multicast() - an IPv4 address in 224/4? */
bool weir_ipv4_is_multicast(const struct weir_addr *a);

#endif /* WEIR_PACKET_IPV4_H */
