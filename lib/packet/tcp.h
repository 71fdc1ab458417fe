/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp.h - the TCP header and its options (RFC 9293 3.1, 2018, 7323)
 */
#ifndef WEIR_PACKET_TCP_H
#define WEIR_PACKET_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rd.h"
#include "base/reason.h"
#include "base/wr.h"

#define WEIR_TCP_HEADER_BYTES     20u /* without options */
#define WEIR_TCP_HEADER_MAX_BYTES 60u /* with all the options there can be */
#define WEIR_TCP_CSUM_AT          16u /* where the checksum field begins */
#define WEIR_TCP_WSCALE_MAX       14  /* RFC 7323 2.3 */

#define WEIR_TCP_FIN 0x01u
#define WEIR_TCP_SYN 0x02u
#define WEIR_TCP_RST 0x04u
#define WEIR_TCP_PSH 0x08u
#define WEIR_TCP_ACK 0x10u
#define WEIR_TCP_URG 0x20u

/** struct weir_tcp_block - sequence numbers [@from, @to) that have arrived */
struct weir_tcp_block {
	uint32_t from, to;
};

/**
 * struct weir_tcp - one header, in host order
 * @flags:      the six of RFC 793; ECN bits are not kept
 * @window:     as on the wire, not scaled
 * @mss:        0 if the option is not there
 * @wscale:     -1 if the option is not there, else 0..14 (more is 14)
 * @sack_ok:    SACK-permitted is there
 * @has_ts:     timestamps are there; never built
 * @n_sack:     blocks in @sack
 * @header_len: header and options, set by parsing, not read by building
 */
struct weir_tcp {
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t window, urgent;
	uint16_t mss;
	int8_t wscale;
	bool sack_ok, has_ts;
	uint8_t n_sack;
	struct weir_tcp_block sack[4];
	size_t header_len;
};

/**
 * weir_tcp_parse() - read a header and its options
 * @in:  window on the segment; after success it stands at the payload
 * @ret: untouched on failure
 *
 * Options that are not known are stepped over; of one that comes twice the
 * last counts.  The checksum is not looked at (weir_view_l4_csum()).
 *
 * Return: WEIR_REASON_NONE; WEIR_REASON_TCP_HEADER: too short, or a data
 * offset below five words or past the end; WEIR_REASON_TCP_OPTIONS: an option
 * whose length is none it can have, or that does not end within the header.
 */
enum weir_reason weir_tcp_parse(struct weir_rd *in, struct weir_tcp *ret);

/**
 * weir_tcp_build() - write a header and its options
 *
 * Written options: MSS if not 0, window scale if not negative, SACK-permitted
 * if @sack_ok, and the first @n_sack blocks, at most as many as fit into 40
 * bytes of options; padded to words.  The checksum field is 0: the caller
 * fills it, once the payload is known.  @out goes bad if there is no room.
 */
void weir_tcp_build(const struct weir_tcp *tcp, struct weir_wr *out);

#endif /* WEIR_PACKET_TCP_H */
