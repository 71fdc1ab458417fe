/* SPDX-License-Identifier: Apache-2.0 */
/* rulenet.h - an address or network in a rule, text to meaning */
#ifndef WEIR_POLICY_RULENET_H
#define WEIR_POLICY_RULENET_H

#include <stdbool.h>

#include "policy/prefix.h"
#include "policy/rulewhy.h"

/** weir_rulenet_is_ip4() - digits and dots, at least one of each: no name */
bool weir_rulenet_is_ip4(struct weir_rulewhy_piece p);

/** weir_rulenet_is_naked_ip6() - IPv6 as it is, without its brackets? */
bool weir_rulenet_is_naked_ip6(struct weir_rulewhy_piece p);

/**
 * weir_rulenet_parse_ip4() - 192.0.2.1 or 10.0.0.0/8
 *
 * Return: false if it is neither; the error is said.
 */
bool weir_rulenet_parse_ip4(const struct weir_rulewhy *y,
			    struct weir_rulewhy_piece p,
			    struct weir_prefix *ret);

/**
 * weir_rulenet_parse_ip6() - what stands between brackets
 *
 * An IPv4-mapped address or network (::ffff:192.0.2.1, ::ffff:10.0.0.0/104)
 * is the IPv4 one, as everywhere.
 * Return: false if it is no IPv6; the error is said.
 */
bool weir_rulenet_parse_ip6(const struct weir_rulewhy *y,
			    struct weir_rulewhy_piece p,
			    struct weir_prefix *ret);

#endif /* WEIR_POLICY_RULENET_H */
