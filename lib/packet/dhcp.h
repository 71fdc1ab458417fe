/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dhcp.h - DHCP for IPv4, as its server sees it (RFC 2131, 2132)
 *
 * What a client asks is parsed, what a server answers is built.  Only what
 * lies in the UDP datagram: its headers are the caller's.
 */
#ifndef WEIR_PACKET_DHCP_H
#define WEIR_PACKET_DHCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rd.h"
#include "base/reason.h"
#include "base/wr.h"

#define WEIR_DHCP_PORT_SERVER 67u
#define WEIR_DHCP_PORT_CLIENT 68u

/* a client that says nothing takes packets of this size (RFC 2131 2) */
#define WEIR_DHCP_PACKET_BYTES 576u

/* the shortest message: BOOTP's, which some wait for (RFC 1542 2.1) */
#define WEIR_DHCP_MIN_BYTES 300u

/* the longest search list; one option holds 255 bytes */
#define WEIR_DHCP_SEARCH_MAX_BYTES 240u

/** enum weir_dhcp_type - option 53; values of the wire */
enum weir_dhcp_type {
	WEIR_DHCP_NOTHING = 0,
	WEIR_DHCP_DISCOVER = 1,
	WEIR_DHCP_OFFER = 2,
	WEIR_DHCP_REQUEST = 3,
	WEIR_DHCP_DECLINE = 4,
	WEIR_DHCP_ACK = 5,
	WEIR_DHCP_NAK = 6,
	WEIR_DHCP_RELEASE = 7,
	WEIR_DHCP_INFORM = 8
};

/**
 * struct weir_dhcp - what a client asks
 * @type:       one that clients send
 * @xid:        echoed
 * @broadcast:  it cannot take a unicast answer yet
 * @mac:        who it is (chaddr)
 * @client:     the address it has, or 0.0.0.0 (ciaddr)
 * @requested:  the one it wants, if @has_requested (option 50)
 * @server:     whom it speaks to, if @has_server (option 54)
 * @rapid:      Rapid Commit (option 80, RFC 4039)
 * @packet_max: IP packets it takes, at least WEIR_DHCP_PACKET_BYTES (option 57)
 * @has_wants, @wants: its parameter request list (option 55), a bit each
 * @id, @id_len: client identifier (option 61), borrowed; length 0: none
 */
struct weir_dhcp {
	enum weir_dhcp_type type;
	uint32_t xid;
	bool broadcast;
	struct weir_mac mac;
	struct weir_addr client;
	bool has_requested, has_server, rapid;
	struct weir_addr requested, server;
	uint16_t packet_max;
	bool has_wants;
	uint8_t wants[32];
	const uint8_t *id;
	size_t id_len;
};

/**
 * struct weir_dhcp_answer - what a server says
 * @type:     OFFER, ACK or NAK; a NAK reads only @server of all below
 * @client:   ciaddr
 * @your:     the address given, 0.0.0.0 for none
 * @server:   our identifier; router too
 * @dns:      the resolver
 * @len4:     bits of the subnet
 * @mtu:      always told: some clients take any if they are not told
 * @lease_s:  0: no lease, no times
 * @rapid:    option 80, if the client asked for it
 * @hostname, @hostname_len: as text; length 0: none
 * @search, @search_len: search list as encoded names (RFC 1035 3.1), at most
 *            WEIR_DHCP_SEARCH_MAX_BYTES; the first is the domain too
 */
struct weir_dhcp_answer {
	enum weir_dhcp_type type;
	struct weir_addr client, your, server, dns;
	uint8_t len4;
	uint16_t mtu;
	uint32_t lease_s;
	bool rapid;
	const char *hostname;
	size_t hostname_len;
	const uint8_t *search;
	size_t search_len;
};

/**
 * weir_dhcp_parse() - read a message of a client
 * @in:  window on the UDP payload
 * @ret: untouched on failure
 *
 * Refused: BOOTP without a message type, what servers say, hardware other than
 * Ethernet, relayed messages (giaddr), options that run over an edge, have a
 * length that is none of theirs, come twice or do not end with "end", also in
 * the two fields that option overload (52) lends.  Options that are not known
 * are stepped over.
 *
 * Memory: borrows @in's bytes.
 * Return: WEIR_REASON_NONE; WEIR_REASON_DHCP.
 */
enum weir_reason weir_dhcp_parse(struct weir_rd *in, struct weir_dhcp *ret);

/**
 * weir_dhcp_build() - write an answer
 * @q:   what is answered: @q->xid, @broadcast, @mac, @id and what it wants
 * @out: its room is what the client takes; the 300 bytes that every message is
 *       padded to must fit, or it goes bad
 *
 * Mask, router, resolver and MTU are told to everybody.  Hostname, domain,
 * search list and renewal times only to those who want them or have no list of
 * wants; of these, one that finds no room is left out.
 */
void weir_dhcp_build(const struct weir_dhcp *q,
		     const struct weir_dhcp_answer *a, struct weir_wr *out);

#endif /* WEIR_PACKET_DHCP_H */
