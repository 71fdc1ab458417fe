/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csum.h - the Internet checksum (RFC 1071)
 *
 * A sum is a number in HOST order: the ones' complement sum of the bytes read
 * as big-endian 16-bit words.  So a value goes on the wire through
 * weir_wr_be16() and comes from it through weir_rd_be16(), a header field
 * held in host order may simply be added, and 0 is where a sum starts.
 *
 *	sum = weir_csum_pseudo(&src, &dst, 6, len);
 *	sum = weir_csum_add(sum, header, 20);       even, but for the last
 *	sum = weir_csum_spans(sum, payload, 0, n);
 *	weir_wr_put16(w, at, weir_csum_finish(sum));
 */
#ifndef WEIR_PACKET_CSUM_H
#define WEIR_PACKET_CSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/span.h"

/**
 * weir_csum_add() - add @n bytes to a sum
 * @sum: of an even number of bytes; any 32-bit value
 *
 * An odd @n is padded with a zero byte, so it must be the last part.
 */
uint32_t weir_csum_add(uint32_t sum, const void *p, size_t n);

/**
 * weir_csum_spans() - add bytes [@skip, @skip + @n) of a run to a sum
 * @sum: of an even number of bytes
 *
 * Spans may begin and end at odd places.
 * Bounds: a run that ends before is added up to its end.
 */
uint32_t weir_csum_spans(uint32_t sum, const struct weir_spans *s, size_t skip,
			 size_t n);

/**
 * weir_csum_pseudo() - the sum of a pseudo header
 * @len: of the layer 4 header and payload
 *
 * RFC 9293 3.1 if both addresses are IPv4 (mapped), else RFC 8200 8.1.
 */
uint32_t weir_csum_pseudo(const struct weir_addr *src,
			  const struct weir_addr *dst, uint8_t proto,
			  uint32_t len);

/**
 * weir_csum_fold() - a sum in 16 bits, NOT complemented
 *
 * This is what a frame with VIRTIO_NET_HDR_F_NEEDS_CSUM carries in its
 * checksum field, made from the pseudo header alone.
 */
static inline uint16_t weir_csum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

/** weir_csum_finish() - the checksum: a folded sum, complemented */
static inline uint16_t weir_csum_finish(uint32_t sum)
{
	return (uint16_t)~weir_csum_fold(sum);
}

/** weir_csum_finish_udp() - the same, but never 0 (RFC 768, RFC 8200 8.1) */
static inline uint16_t weir_csum_finish_udp(uint32_t sum)
{
	uint16_t c = weir_csum_finish(sum);

	return c ? c : 0xffff;
}

/** weir_csum_is_ok() - is a sum that includes its checksum field right? */
static inline bool weir_csum_is_ok(uint32_t sum)
{
	return weir_csum_fold(sum) == 0xffff;
}

#endif /* WEIR_PACKET_CSUM_H */
