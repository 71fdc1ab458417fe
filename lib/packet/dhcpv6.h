/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dhcpv6.h - DHCP for IPv6, as its server sees it (RFC 8415)
 *
 * What a client asks is parsed, what a server answers is built.  Only what
 * lies in the UDP datagram: its headers are the caller's.
 */
#ifndef WEIR_PACKET_DHCPV6_H
#define WEIR_PACKET_DHCPV6_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rd.h"
#include "base/reason.h"
#include "base/wr.h"

#define WEIR_DHCPV6_PORT_SERVER 547u
#define WEIR_DHCPV6_PORT_CLIENT 546u

#define WEIR_DHCPV6_IAS_MAX        4u   /* identity associations in a message */
#define WEIR_DHCPV6_ADDRS_MAX      4u   /* addresses in one of them */
#define WEIR_DHCPV6_DUID_MAX_BYTES 130u /* RFC 8415 11.1 */
#define WEIR_DHCPV6_SERVER_BYTES   10u  /* our DUID, a DUID-LL */

/** enum weir_dhcpv6_type - message types; values of the wire */
enum weir_dhcpv6_type {
	WEIR_DHCPV6_NOTHING = 0,
	WEIR_DHCPV6_SOLICIT = 1,
	WEIR_DHCPV6_ADVERTISE = 2,
	WEIR_DHCPV6_REQUEST = 3,
	WEIR_DHCPV6_CONFIRM = 4,
	WEIR_DHCPV6_RENEW = 5,
	WEIR_DHCPV6_REBIND = 6,
	WEIR_DHCPV6_REPLY = 7,
	WEIR_DHCPV6_RELEASE = 8,
	WEIR_DHCPV6_DECLINE = 9,
	WEIR_DHCPV6_INFORMATION = 11
};

/** enum weir_dhcpv6_status - status codes; values of the wire */
enum weir_dhcpv6_status {
	WEIR_DHCPV6_SUCCESS = 0,
	WEIR_DHCPV6_NO_ADDRS = 2,
	WEIR_DHCPV6_NO_BINDING = 3,
	WEIR_DHCPV6_NOT_ON_LINK = 4,
	WEIR_DHCPV6_USE_MULTICAST = 5,
	WEIR_DHCPV6_NO_PREFIX = 6
};

/* identity associations are known by their option code */
#define WEIR_DHCPV6_IA_NA 3u  /* addresses */
#define WEIR_DHCPV6_IA_TA 4u  /* temporary addresses */
#define WEIR_DHCPV6_IA_PD 25u /* prefixes; what is in them is not read */

/**
 * struct weir_dhcpv6_ia - an identity association
 * @code:   WEIR_DHCPV6_IA_NA, _TA or _PD
 * @id:     the client's
 * @n, @addr: addresses it names
 * @status: of an answer: SUCCESS: @addr are told, the one given with its
 *          lifetimes and all others with none; else this code and nothing more
 */
struct weir_dhcpv6_ia {
	uint16_t code;
	uint32_t id;
	unsigned n;
	struct weir_addr addr[WEIR_DHCPV6_ADDRS_MAX];
	enum weir_dhcpv6_status status;
};

/**
 * struct weir_dhcpv6 - what a client asks
 * @type:        one that clients send
 * @xid:         24 bits, echoed
 * @client, @client_len: its DUID, borrowed; length 0: none
 * @server, @server_len: whom it speaks to, borrowed; length 0: to all
 * @rapid:       Rapid Commit
 * @has_wants:   it has a list of options that it wants
 * @wants_dns, @wants_search: resolvers and search list are in it
 * @n, @ia:      identity associations
 */
struct weir_dhcpv6 {
	enum weir_dhcpv6_type type;
	uint32_t xid;
	const uint8_t *client, *server;
	size_t client_len, server_len;
	bool rapid, has_wants, wants_dns, wants_search;
	unsigned n;
	struct weir_dhcpv6_ia ia[WEIR_DHCPV6_IAS_MAX];
};

/**
 * struct weir_dhcpv6_answer - what a server says
 * @type:     ADVERTISE or REPLY
 * @server:   our Ethernet address, from which our DUID is made
 * @has_status, @status: of the whole message
 * @rapid:    Rapid Commit
 * @n, @ia:   as in the question, with @ia[].status
 * @given:    the one address, @lease_s its lifetimes
 * @has_network: tell @dns and @search, if they are wanted
 * @search, @search_len: search list as encoded names (RFC 1035 3.1)
 */
struct weir_dhcpv6_answer {
	enum weir_dhcpv6_type type;
	struct weir_mac server;
	bool has_status;
	enum weir_dhcpv6_status status;
	bool rapid;
	unsigned n;
	struct weir_dhcpv6_ia ia[WEIR_DHCPV6_IAS_MAX];
	struct weir_addr given;
	uint32_t lease_s;
	bool has_network;
	struct weir_addr dns;
	const uint8_t *search;
	size_t search_len;
};

/**
 * weir_dhcpv6_parse() - read a message of a client
 * @in:  window on the UDP payload
 * @ret: untouched on failure
 *
 * Refused: what servers and relays say; options that run over an edge, have a
 * length that is none of theirs or come twice; more than WEIR_DHCPV6_IAS_MAX
 * associations or WEIR_DHCPV6_ADDRS_MAX addresses in one; identifiers missing
 * or there where RFC 8415 16 says so.  Options that are not known are stepped
 * over.
 *
 * Memory: borrows @in's bytes.
 * Return: WEIR_REASON_NONE; WEIR_REASON_DHCP.
 */
enum weir_reason weir_dhcpv6_parse(struct weir_rd *in, struct weir_dhcpv6 *ret);

/**
 * weir_dhcpv6_build() - write an answer
 * @q:   what is answered: @q->xid, @client and what it wants
 * @out: goes bad if there is no room
 */
void weir_dhcpv6_build(const struct weir_dhcpv6 *q,
		       const struct weir_dhcpv6_answer *a, struct weir_wr *out);

/** weir_dhcpv6_is_server() - is this DUID ours? */
bool weir_dhcpv6_is_server(const uint8_t *duid, size_t len,
			   const struct weir_mac *server);

#endif /* WEIR_PACKET_DHCPV6_H */
