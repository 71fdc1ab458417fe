/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ndp.h - IPv6 neighbour discovery messages (RFC 4861, 8106)
 *
 * The windows given here begin at the ICMPv6 type.  Hop limit and checksum are
 * the caller's to check: they are not in the message.
 */
#ifndef WEIR_PACKET_NDP_H
#define WEIR_PACKET_NDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rd.h"
#include "base/reason.h"
#include "base/wr.h"

#define WEIR_NDP_HOPS            255u /* the only hop limit that is good */
#define WEIR_NDP_DNSSL_MAX_BYTES 240u

/** struct weir_ndp_ask - a neighbour solicitation */
struct weir_ndp_ask {
	struct weir_addr target;
	bool has_mac; /* source link-layer address option */
	struct weir_mac mac;
};

/** struct weir_ndp_answer - a neighbour advertisement */
struct weir_ndp_answer {
	bool router, solicited, override;
	struct weir_addr target;
	bool has_mac; /* target link-layer address option */
	struct weir_mac mac;
};

/** struct weir_ndp_seek - a router solicitation */
struct weir_ndp_seek {
	bool has_mac; /* source link-layer address option */
	struct weir_mac mac;
};

/**
 * struct weir_ndp_router - a router advertisement
 * @hops:         what the guest should send with; 0: not said
 * @managed:      addresses by DHCPv6 (M)
 * @other:        the rest by DHCPv6 (O)
 * @lifetime_s:   as a default router
 * @has_mac:      source link-layer address option
 * @mtu:          0: no option
 * @prefix_len:   0: no option
 * @autonomous:   addresses may be made from the prefix (A); it is on the link
 * @valid_s, @preferred_s: of the prefix
 * @has_dns, @dns: one recursive server, for @lifetime_s
 * @dnssl, @dnssl_len: search list as encoded names (RFC 1035 3.1), borrowed;
 *                length 0: no option; at most WEIR_NDP_DNSSL_MAX_BYTES
 */
struct weir_ndp_router {
	uint8_t hops;
	bool managed, other;
	uint16_t lifetime_s;
	bool has_mac;
	struct weir_mac mac;
	uint32_t mtu;
	uint8_t prefix_len;
	bool autonomous;
	uint32_t valid_s, preferred_s;
	struct weir_addr prefix;
	bool has_dns;
	struct weir_addr dns;
	const uint8_t *dnssl;
	size_t dnssl_len;
};

/*
 * The four parsers read a whole message from its ICMPv6 type on.  @ret is
 * untouched on failure.  Options that are not known are stepped over; of one
 * that comes twice the first counts.
 *
 * Return: WEIR_REASON_NONE; WEIR_REASON_ND: the type is another, the code is
 * not 0, the message is too short, an option has length 0, a wrong length, or
 * does not end within the message, or the target is a multicast address.
 */
enum weir_reason weir_ndp_parse_ask(struct weir_rd *in,
				    struct weir_ndp_ask *ret);
enum weir_reason weir_ndp_parse_answer(struct weir_rd *in,
				       struct weir_ndp_answer *ret);
enum weir_reason weir_ndp_parse_seek(struct weir_rd *in,
				     struct weir_ndp_seek *ret);
enum weir_reason weir_ndp_parse_router(struct weir_rd *in,
				       struct weir_ndp_router *ret);

/*
 * The four builders write the same messages, checksum field 0: the caller
 * fills it.  @out goes bad if there is no room.
 */
void weir_ndp_build_ask(const struct weir_ndp_ask *m, struct weir_wr *out);
void weir_ndp_build_answer(const struct weir_ndp_answer *m,
			   struct weir_wr *out);
void weir_ndp_build_seek(const struct weir_ndp_seek *m, struct weir_wr *out);
void weir_ndp_build_router(const struct weir_ndp_router *m,
			   struct weir_wr *out);

/** weir_ndp_group() - the solicited-node group of @a (RFC 4291 2.7.1) */
struct weir_addr weir_ndp_group(const struct weir_addr *a);

#endif /* WEIR_PACKET_NDP_H */
