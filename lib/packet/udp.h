/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp.h - the UDP header (RFC 768)
 */
#ifndef WEIR_PACKET_UDP_H
#define WEIR_PACKET_UDP_H

#include <stddef.h>
#include <stdint.h>

#include "base/rd.h"
#include "base/reason.h"
#include "base/wr.h"

#define WEIR_UDP_HEADER_BYTES 8u
#define WEIR_UDP_CSUM_AT      6u /* where the checksum field begins */

/**
 * struct weir_udp - one header, in host order
 * @len:  header and payload
 * @csum: as on the wire; set by parsing, not read by building
 */
struct weir_udp {
	uint16_t sport, dport, len, csum;
};

/**
 * weir_udp_parse() - read a header
 * @in:     window on the datagram; after success it stands at the payload
 * @l4_len: bytes IP says there are, in @in or behind it
 * @ret:    untouched on failure
 *
 * Bytes behind @ret->len are no part of the datagram.
 *
 * Return: WEIR_REASON_NONE; WEIR_REASON_SHORT; WEIR_REASON_UDP_LENGTH: the
 * length is less than the header or more than @l4_len.
 */
enum weir_reason weir_udp_parse(struct weir_rd *in, size_t l4_len,
				struct weir_udp *ret);

/**
 * weir_udp_build() - write a header; the checksum field is 0
 *
 * The caller fills the checksum once the payload is known, or leaves it where
 * IPv4 allows.  @out goes bad if there is no room.
 */
void weir_udp_build(const struct weir_udp *udp, struct weir_wr *out);

#endif /* WEIR_PACKET_UDP_H */
