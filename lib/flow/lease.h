/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease.h - the guest asks for its address, by DHCP or DHCPv6
 *
 * One address of each family for one guest.  Pure: a frame in, at most one
 * frame out, and nothing kept.
 *
 * Thread: one, that of the guest's card.
 */
#ifndef WEIR_FLOW_LEASE_H
#define WEIR_FLOW_LEASE_H

#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "base/span.h"
#include "base/wr.h"
#include "packet/dhcp.h"
#include "packet/dhcpv6.h"
#include "packet/kind.h"
#include "packet/view.h"

#define WEIR_LEASE_S                  86400u /* what an address is given for */
#define WEIR_LEASE_MESSAGE_MAX_BYTES  1472u  /* of a question */
#define WEIR_LEASE_HOSTNAME_MAX_BYTES 63u

/** room that every answer fits into: Ethernet and 1280 bytes of IP */
#define WEIR_LEASE_ANSWER_BYTES 1294u

/**
 * struct weir_lease_config - what the guest is told
 * @net:      the addresses; the gateway is router and server
 * @mtu:      of the link
 * @hostname, @hostname_len: as text; length 0: not told; at most
 *            WEIR_LEASE_HOSTNAME_MAX_BYTES
 * @search, @search_len: search list as encoded names, may be none; at most
 *            WEIR_DHCP_SEARCH_MAX_BYTES
 */
struct weir_lease_config {
	struct weir_kind_facts net;
	uint16_t mtu;
	const char *hostname;
	size_t hostname_len;
	const uint8_t *search;
	size_t search_len;
};

/** struct weir_lease - the caller's memory; read by nobody else */
struct weir_lease {
	struct weir_lease_config config;
	char hostname[WEIR_LEASE_HOSTNAME_MAX_BYTES];
	uint8_t search[WEIR_DHCP_SEARCH_MAX_BYTES];
};

/**
 * weir_lease_init() - open the counter
 *
 * Memory: copies all of @config; @l must stay where it is.
 */
void weir_lease_init(struct weir_lease *l,
		     const struct weir_lease_config *config);

/**
 * weir_lease_answer() - answer a frame of WEIR_KIND_DHCP or WEIR_KIND_DHCPV6
 * @v, @frame: the frame; its source was checked by weir_kind_find()
 * @out: gets one whole frame from Ethernet up, checksums finished, or nothing;
 *       WEIR_LEASE_ANSWER_BYTES is always enough
 *
 * Checks the UDP checksum itself.
 *
 * Return: WEIR_REASON_NONE: the answer is in @out, or there is none to give
 * (weir_wr_len() tells); WEIR_REASON_DHCP: malformed, relayed, or nothing that
 * a client says; WEIR_REASON_SPOOFED_MAC: DHCP for other hardware than the
 * frame came from; WEIR_REASON_CSUM, _SHORT, _UDP_LENGTH: as
 * weir_view_l4_csum(); WEIR_REASON_OVERSIZE: @out is too small.
 */
enum weir_reason weir_lease_answer(const struct weir_lease *l,
				   const struct weir_view *v,
				   const struct weir_spans *frame,
				   struct weir_wr *out);

#endif /* WEIR_FLOW_LEASE_H */
