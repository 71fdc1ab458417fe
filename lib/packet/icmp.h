/* SPDX-License-Identifier: Apache-2.0 */
/*
 * icmp.h - ICMP of both families: echo and errors (RFC 792, 1812, 4443)
 */
#ifndef WEIR_PACKET_ICMP_H
#define WEIR_PACKET_ICMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rd.h"
#include "base/reason.h"
#include "base/wr.h"

#define WEIR_ICMP_HEADER_BYTES     8u
#define WEIR_ICMP_CSUM_AT          2u
#define WEIR_ICMP_ERROR4_MAX_BYTES 576u  /* RFC 1812 4.3.2.3 */
#define WEIR_ICMP_ERROR6_MAX_BYTES 1280u /* RFC 4443 2.4 (c) */

/* types */
#define WEIR_ICMP4_ECHO_REPLY  0u
#define WEIR_ICMP4_UNREACHABLE 3u
#define WEIR_ICMP4_QUENCH      4u
#define WEIR_ICMP4_REDIRECT    5u
#define WEIR_ICMP4_ECHO        8u
#define WEIR_ICMP4_EXCEEDED    11u
#define WEIR_ICMP4_PARAMETER   12u
#define WEIR_ICMP6_UNREACHABLE 1u
#define WEIR_ICMP6_TOO_BIG     2u
#define WEIR_ICMP6_EXCEEDED    3u
#define WEIR_ICMP6_PARAMETER   4u
#define WEIR_ICMP6_ECHO        128u
#define WEIR_ICMP6_ECHO_REPLY  129u
#define WEIR_ICMP6_MLD_QUERY   130u
#define WEIR_ICMP6_MLD_REPORT  131u
#define WEIR_ICMP6_MLD_DONE    132u
#define WEIR_ICMP6_RS          133u
#define WEIR_ICMP6_RA          134u
#define WEIR_ICMP6_NS          135u
#define WEIR_ICMP6_NA          136u
#define WEIR_ICMP6_REDIRECT    137u
#define WEIR_ICMP6_MLD2_REPORT 143u

/**
 * struct weir_icmp - the eight bytes every message begins with
 * @id, @seq: of an echo; else the same four bytes, whatever they mean
 */
struct weir_icmp {
	uint8_t type, code;
	uint16_t id, seq;
};

/**
 * weir_icmp_parse() - read a header
 * @in:  window on the message; after success it stands behind the header
 * @ret: untouched on failure
 *
 * Return: WEIR_REASON_NONE; WEIR_REASON_SHORT.
 */
enum weir_reason weir_icmp_parse(struct weir_rd *in, struct weir_icmp *ret);

/**
 * weir_icmp_build() - write a header; the checksum field is 0
 *
 * The caller fills the checksum.  @out goes bad if there is no room.
 */
void weir_icmp_build(const struct weir_icmp *icmp, struct weir_wr *out);

/** weir_icmp_is_echo() - an echo request? */
bool weir_icmp_is_echo(const struct weir_icmp *icmp, bool v6);

/** weir_icmp_is_error() - is @type an error, which none may answer? */
bool weir_icmp_is_error(uint8_t type, bool v6);

/** enum weir_icmp_why - what a packet is told that cannot go on */
enum weir_icmp_why {
	WEIR_ICMP_WHY_NET,        /* no route */
	WEIR_ICMP_WHY_HOST,       /* the host does not answer */
	WEIR_ICMP_WHY_PROTOCOL,   /* the host does not speak this */
	WEIR_ICMP_WHY_PORT,       /* nobody at this port */
	WEIR_ICMP_WHY_PROHIBITED, /* not allowed */
	WEIR_ICMP_WHY_TOO_BIG,    /* does not fit, see the MTU */
	WEIR_ICMP_WHY_TTL,        /* too many hops */
	WEIR_ICMP_WHY_REASSEMBLY  /* parts of it never came */
};

/**
 * struct weir_icmp_error - an error to be built
 * @why:      the cause
 * @mtu:      for WEIR_ICMP_WHY_TOO_BIG
 * @from:     who says so; of the family of the quoted packet
 * @to:       whom it is for
 */
struct weir_icmp_error {
	enum weir_icmp_why why;
	uint32_t mtu;
	struct weir_addr from, to;
};

/**
 * weir_icmp_may_quote() - may an error be sent about this packet?
 * @l3: window on the packet from its IP header on; as much as there is
 *
 * Never about an error, a redirect, a packet to or from a multicast or
 * broadcast address or from none, or a fragment other than the first (RFC 1122
 * 3.2.2, RFC 4443 2.4 (e)).  Too big, and only that, may be said of IPv6
 * multicast.
 */
bool weir_icmp_may_quote(struct weir_rd l3, enum weir_icmp_why why);

/**
 * weir_icmp_build_error() - write a whole IP packet that holds an error
 * @l3:  the packet it is about, from its IP header on, as much as there is
 * @out: gets the IP header, the ICMP header and as much of @l3 as goes into
 *       576 bytes (IPv4) or 1280 (IPv6), all checksums finished; goes bad if
 *       there is no room
 *
 * Return: WEIR_REASON_NONE; WEIR_REASON_ICMP: weir_icmp_may_quote() forbids it,
 * or the families do not fit, nothing is written.
 */
enum weir_reason weir_icmp_build_error(const struct weir_icmp_error *e,
				       struct weir_rd l3, struct weir_wr *out);

#endif /* WEIR_PACKET_ICMP_H */
