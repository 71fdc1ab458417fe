/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quote.h - a packet of the guest, written again from what is known of it
 *
 * An ICMP error quotes the packet it is about.  The host's kernel keeps the
 * payload of a datagram that met an error, not its headers, and those would
 * be the host's: the guest's are made again from the conversation.
 */
#ifndef WEIR_FLOW_QUOTE_H
#define WEIR_FLOW_QUOTE_H

#include <stddef.h>
#include <stdint.h>

#include "base/wr.h"
#include "flow/assoc.h"

/** headers of any packet quoted here */
#define WEIR_QUOTE_HEADER_BYTES 48u

/**
 * weir_quote_udp() - a datagram from @e->guest to @e->far, checksums right
 * @ttl: what its header says
 * @out: from the IP header on; goes bad if there is no room for
 *       WEIR_QUOTE_HEADER_BYTES and @len
 */
void weir_quote_udp(const struct weir_assoc_ends *e, uint8_t ttl,
		    const uint8_t *bytes, size_t len, struct weir_wr *out);

/**
 * weir_quote_echo() - an echo request, likewise
 * @e:     its ident is @e->gport
 * @bytes: @len of what lies behind its header
 */
void weir_quote_echo(const struct weir_assoc_ends *e, uint8_t ttl, uint16_t seq,
		     const uint8_t *bytes, size_t len, struct weir_wr *out);

#endif /* WEIR_FLOW_QUOTE_H */
