/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipv6.h - the IPv6 header and its extension headers (RFC 8200)
 */
#ifndef WEIR_PACKET_IPV6_H
#define WEIR_PACKET_IPV6_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rd.h"
#include "base/reason.h"
#include "base/wr.h"

#define WEIR_IPV6_HEADER_BYTES 40u /* without extension headers */

/**
 * struct weir_ipv6 - one header and what its extension headers say
 * @payload_len: everything behind the first 40 bytes, extension headers too
 * @proto:       upper layer; WEIR_PROTO_NONE if there is none that we can see
 * @fragment:    a part of a packet (one that is all of it is none, RFC 6946);
 *               the walk ends behind the fragment header, and @proto is what
 *               that header names, which may be an extension header again
 * @more, @offset, @id: of the fragment header; @offset in bytes
 * @next_at:     where the byte is that names @proto, from the first byte of the
 *               packet; set by parsing
 * @header_len:  header and extension headers walked, set by parsing
 */
struct weir_ipv6 {
	uint8_t traffic_class, hops, proto;
	uint32_t flow_label;
	uint16_t payload_len;
	bool fragment, more;
	uint16_t offset;
	uint32_t id, next_at;
	struct weir_addr from, to;
	size_t header_len;
};

/**
 * weir_ipv6_parse() - read a header, walk its extension headers
 * @in:         window on the packet, at least on its headers; after success it
 *              stands at the upper layer
 * @packet_len: bytes there are of the packet, in @in or behind it
 * @ret:        untouched on failure
 *
 * Walked: hop-by-hop options (first only), routing (type 0 never, others only
 * with no segments left), destination options, fragment, authentication; at
 * most WEIR_IPV6_EXT_MAX.  ESP and "no next header" end the walk.
 *
 * Return: WEIR_REASON_NONE; WEIR_REASON_SHORT: a header does not end within
 * @in; WEIR_REASON_IP_HEADER: version, a payload length of more than there is,
 * extension headers past it, too many, or of a kind that is refused;
 * WEIR_REASON_FRAGMENT: as for weir_ipv4_parse(); WEIR_REASON_MARTIAN: an
 * IPv4-mapped address, which has no business on the wire (RFC 4942 2.2).
 */
enum weir_reason weir_ipv6_parse(struct weir_rd *in, size_t packet_len,
				 struct weir_ipv6 *ret);

/**
 * weir_ipv6_build() - write a header of 40 bytes, with no extension headers
 *
 * Reads neither the fragment fields nor @header_len.  @out goes bad if there is
 * no room.
 */
void weir_ipv6_build(const struct weir_ipv6 *ip, struct weir_wr *out);

/** weir_ipv6_is_multicast() - in ff00::/8? */
bool weir_ipv6_is_multicast(const struct weir_addr *a);

/** weir_ipv6_is_linklocal() - in fe80::/10? */
bool weir_ipv6_is_linklocal(const struct weir_addr *a);

/** weir_ipv6_is_within() - do @a and @net agree in the first @bits bits? */
bool weir_ipv6_is_within(const struct weir_addr *a, const struct weir_addr *net,
			 unsigned bits);

#endif /* WEIR_PACKET_IPV6_H */
