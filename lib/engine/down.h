/* SPDX-License-Identifier: Apache-2.0 */
/*
 * down.h - frames to the guest: headers, checksums, the link
 */
#ifndef WEIR_ENGINE_DOWN_H
#define WEIR_ENGINE_DOWN_H

#include "engine/house.h"

/**
 * weir_down_segment() - send a segment of a TCP flow
 * @guest, @far: the flow's addresses
 * @out:         from weir_conn_next() or weir_conn_refuse()
 */
void weir_down_segment(struct weir_house *h, const struct weir_addr *guest,
		       const struct weir_addr *far,
		       const struct weir_conn_out *out);

/** weir_down_datagram() - one datagram of @len bytes, as weir_down_udp() */
enum weir_reason weir_down_datagram(struct weir_house *h,
				    const struct weir_assoc_ends *ends,
				    const uint8_t *bytes, size_t len);

/* places of a frame beside its headers */
#define WEIR_DOWN_RUN_MAX (WEIR_LINK_SPANS_MAX - 1u)

/**
 * weir_down_udp() - send what came from a host's socket
 * @payload: of one datagram; or of several, each @segment long but for the
 *           last, if that is not 0; at most WEIR_DOWN_RUN_MAX spans
 *
 * Larger ones than the MTU allows go in fragments.
 * Return: WEIR_REASON_NONE; WEIR_REASON_OVERSIZE: more than a packet holds.
 */
enum weir_reason weir_down_udp(struct weir_house *h,
			       const struct weir_assoc_ends *ends,
			       const struct weir_spans *payload,
			       uint16_t segment);

#define WEIR_DOWN_SPANS_MAX 4u

/**
 * weir_down_packet() - send an IP packet, in fragments if need be
 * @l4: its upper layer, at most WEIR_DOWN_SPANS_MAX spans, checksum finished
 *
 * Return: WEIR_REASON_NONE; WEIR_REASON_OVERSIZE: more than a packet holds.
 */
enum weir_reason weir_down_packet(struct weir_house *h,
				  const struct weir_addr *from,
				  const struct weir_addr *to, uint8_t proto,
				  const struct weir_spans *l4);

/**
 * weir_down_frame() - send a frame that was built whole, checksums and all
 * @frame: from the Ethernet header on; a longer one than the MTU allows goes
 *         in fragments
 */
void weir_down_frame(struct weir_house *h, const struct weir_wr *frame);

#endif /* WEIR_ENGINE_DOWN_H */
