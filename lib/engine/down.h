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

/**
 * weir_down_datagram() - send a UDP datagram
 * @from, @sport: whom it comes from; @to, @dport: the guest
 * @bytes: @len bytes of payload
 *
 * Return: WEIR_REASON_NONE, or OVERSIZE: larger than the MTU allows.
 */
enum weir_reason weir_down_datagram(struct weir_house *h,
				    const struct weir_assoc_ends *ends,
				    const uint8_t *bytes, size_t len);

/** weir_down_frame() - send a frame that was built whole, checksums and all;
 * @frame: from the Ethernet header on */
void weir_down_frame(struct weir_house *h, const struct weir_wr *frame);

#endif /* WEIR_ENGINE_DOWN_H */
