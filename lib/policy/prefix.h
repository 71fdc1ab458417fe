/* SPDX-License-Identifier: Apache-2.0 */
/* prefix.h - a network of addresses of either family, or one address */
#ifndef WEIR_POLICY_PREFIX_H
#define WEIR_POLICY_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/text.h"

/* room for the longest text of a network, with its terminator */
#define WEIR_PREFIX_TEXT_BYTES (WEIR_TEXT_ADDR_BYTES + 6u) /* [ADDR/128] */

/**
 * struct weir_prefix - the addresses that begin with the first @bits of @addr
 * @bits: of the 128 of struct weir_addr: 96 + LEN for IPv4, so that one
 *        comparison serves both families.  An IPv6 network of less than 96
 *        bits never holds an IPv4 address, although its bits may fit
 * @v4:   it is an IPv4 network
 *
 * Bits behind the prefix are zero.
 */
struct weir_prefix {
	struct weir_addr addr;
	uint8_t bits;
	bool v4;
};

/** weir_prefix_has() - is @a inside?  IPv4 only in IPv4, IPv6 only in IPv6 */
bool weir_prefix_has(const struct weir_prefix *p, const struct weir_addr *a);

/** weir_prefix_covers() - is every address of @inner in @outer? */
bool weir_prefix_covers(const struct weir_prefix *outer,
			const struct weir_prefix *inner);

/** weir_prefix_cut() - @a with all bits behind the first @bits zero */
struct weir_addr weir_prefix_cut(const struct weir_addr *a, uint8_t bits);

/** weir_prefix_print() - as in a rule: 192.0.2.1, 10.0.0.0/8, [2001:db8::/32] */
void weir_prefix_print(struct weir_text *t, const struct weir_prefix *p);

#endif /* WEIR_POLICY_PREFIX_H */
