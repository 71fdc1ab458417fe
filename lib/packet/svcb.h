/* SPDX-License-Identifier: Apache-2.0 */
/*
 * svcb.h - the data of SVCB and HTTPS records
 *
 * RFC 9460: a priority, a target name, and parameters in the order of their
 * keys.  Among them may be addresses (hints), which a client may use without
 * asking for them, and ech, with which it hides the name it shows.  Both must
 * be seen here, and can be left out when the data is written again.
 */
#ifndef WEIR_PACKET_SVCB_H
#define WEIR_PACKET_SVCB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rd.h"
#include "base/wr.h"
#include "packet/dns.h"

#define WEIR_SVCB_TYPE      64u /* RFC 9460 14.1; HTTPS is WEIR_DNS_HTTPS */
#define WEIR_SVCB_HINTS_MAX 64u /* of one record that can be kept */

/** enum weir_svcb_key - parameters known here, RFC 9460 14.3.2 */
enum weir_svcb_key {
	WEIR_SVCB_MANDATORY = 0,
	WEIR_SVCB_ALPN = 1,
	WEIR_SVCB_NO_DEFAULT_ALPN = 2,
	WEIR_SVCB_PORT = 3,
	WEIR_SVCB_IPV4HINT = 4,
	WEIR_SVCB_ECH = 5,
	WEIR_SVCB_IPV6HINT = 6,
	WEIR_SVCB_INVALID = 65535,
};

/**
 * struct weir_svcb - one record's data, checked; all windows borrowed
 * @priority: 0: an alias, which has no parameters (they are not looked at)
 * @target:   a name in full, as on the wire
 * @params:   all of them
 * @hint:     the values of ipv4hint and ipv6hint; empty if there is none
 * @has_ech:  there is an ech
 */
struct weir_svcb {
	uint16_t priority;
	struct weir_rd target, params, hint[2];
	bool has_ech;
};

/** weir_svcb_is() - is the data of this type of record ours? */
static inline bool weir_svcb_is(uint16_t type)
{
	return type == WEIR_SVCB_TYPE || type == WEIR_DNS_HTTPS;
}

/**
 * weir_svcb_parse() - read a record's data
 *
 * Keys must ascend, every value must be of the length and form of its key, the
 * target must not be compressed.
 * Return: false if the data is malformed; *@ret untouched then.
 */
bool weir_svcb_parse(struct weir_rd data, struct weir_svcb *ret);

/**
 * weir_svcb_hints() - the addresses, IPv4 first
 * @ret: the first @max of them
 *
 * Return: how many there are, maybe more than @max.
 */
unsigned weir_svcb_hints(const struct weir_svcb *s, struct weir_addr *ret,
			 unsigned max);

/**
 * weir_svcb_build() - write the data again
 * @keep:      a bit for each hint as listed; others, and those beyond
 *             WEIR_SVCB_HINTS_MAX, are left out
 * @strip_ech: leave ech out
 * @to:        never written more than was read
 *
 * A parameter without a value left is left out, and with it, and with ech,
 * its key in `mandatory`: the record is to work without it (RFC 9460 8 would
 * have clients refuse it otherwise).
 */
void weir_svcb_build(const struct weir_svcb *s, uint64_t keep, bool strip_ech,
		     struct weir_wr *to);

#endif /* WEIR_PACKET_SVCB_H */
