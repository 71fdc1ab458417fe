/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vnethdr.h - the header virtio puts before a frame
 *
 * 12 bytes, little-endian, with num_buffers: the layout of VIRTIO_F_VERSION_1
 * (virtio 1.2, 5.1.6), used by vhost-user, by TAP with TUNSETVNETHDRSZ 12 and
 * by the rings of libweir.  Offsets in it count from the Ethernet header.
 */
#ifndef WEIR_PACKET_VNETHDR_H
#define WEIR_PACKET_VNETHDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rd.h"
#include "base/reason.h"
#include "base/wr.h"

#define WEIR_VNET_BYTES 12u

/* flags */
#define WEIR_VNET_NEEDS_CSUM 0x01u /* checksum field holds the pseudo sum */
#define WEIR_VNET_DATA_VALID 0x02u /* checksum was verified, says the sender */

/* gso_type */
#define WEIR_VNET_GSO_NONE   0u
#define WEIR_VNET_GSO_TCPV4  1u
#define WEIR_VNET_GSO_TCPV6  4u
#define WEIR_VNET_GSO_UDP_L4 5u
#define WEIR_VNET_GSO_ECN    0x80u /* a bit beside a TCP type */

/* segments one UDP_L4 frame may stand for: Linux's UDP_MAX_SEGMENTS */
#define WEIR_VNET_USO_SEGMENTS_MAX 128u

/**
 * struct weir_vnethdr - its fields, in host order
 * @flags:       WEIR_VNET_NEEDS_CSUM, WEIR_VNET_DATA_VALID
 * @gso_type:    WEIR_VNET_GSO_..., perhaps with WEIR_VNET_GSO_ECN
 * @hdr_len:     length of all headers; a hint that nothing may rely on
 * @gso_size:    payload bytes of each segment
 * @csum_start:  where summing begins: the layer 4 header
 * @csum_offset: from there to the checksum field
 * @num_buffers: towards a guest with MRG_RXBUF; else 1 down, 0 up
 */
struct weir_vnethdr {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len;
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset;
	uint16_t num_buffers;
};

/**
 * weir_vnethdr_parse() - read a header
 * @ret: untouched on failure
 *
 * Return: WEIR_REASON_NONE, or WEIR_REASON_SHORT if there are not 12 bytes.
 * What the fields say is judged by weir_vnethdr_check().
 */
enum weir_reason weir_vnethdr_parse(struct weir_rd *in,
				    struct weir_vnethdr *ret);

/** weir_vnethdr_build() - write a header; @out turns bad if there is no room */
void weir_vnethdr_build(const struct weir_vnethdr *h, struct weir_wr *out);

/**
 * weir_vnethdr_check() - may a header that a guest gave be believed?
 * @h:         the header
 * @frame_len: bytes of the frame, without the header
 * @ipv4:      the frame is IPv4; false if IPv6 or something else
 * @proto:     layer 4 protocol, 0 if the frame has none
 * @l4_offset: from the start of the frame to the layer 4 header
 *
 * Refused: unknown flags and types; a type that is not that of the packet; GSO
 * without a segment size or without NEEDS_CSUM; NEEDS_CSUM for anything but
 * the packet's own TCP or UDP checksum field, or beyond the frame; a UDP_L4
 * frame of more than WEIR_VNET_USO_SEGMENTS_MAX segments.
 * Tolerated: the ECN bit beside a TCP type, DATA_VALID, any hdr_len.
 *
 * Return: WEIR_REASON_NONE or WEIR_REASON_VNET_HEADER.
 */
enum weir_reason weir_vnethdr_check(const struct weir_vnethdr *h,
				    size_t frame_len, bool ipv4, uint8_t proto,
				    size_t l4_offset);

#endif /* WEIR_PACKET_VNETHDR_H */
