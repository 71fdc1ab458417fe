/* SPDX-License-Identifier: Apache-2.0 */
/* rulehost.h - one host of a rule, text to meaning; where its ports begin */
#ifndef WEIR_POLICY_RULEHOST_H
#define WEIR_POLICY_RULEHOST_H

#include <stdbool.h>

#include "policy/rule.h"
#include "policy/rulewhy.h"

/**
 * struct weir_rulehost - how to read a host
 * @why:   where errors go
 * @world: what the owner knows
 * @kinds: words that could have been meant as well, WEIR_RULEWORD_*
 * @broad: a pattern on a public suffix is accepted
 * @alone: not in a rule: neither any, dns, a group nor a list is one
 */
struct weir_rulehost {
	struct weir_rulewhy why;
	const struct weir_rule_world *world;
	unsigned kinds;
	bool broad, alone;
};

/**
 * weir_rulehost_parse() - read @p, a host and perhaps its ports
 * @ret:       written on success but for the ports: @n_ports is 0
 * @ret_ports: written on success: what stands behind the colon; @at is NULL if
 *             there is no colon
 *
 * Return: false if it is no host; the error is said.
 */
bool weir_rulehost_parse(const struct weir_rulehost *h,
			 struct weir_rulewhy_piece p,
			 struct weir_rule_target *ret,
			 struct weir_rulewhy_piece *ret_ports);

#endif /* WEIR_POLICY_RULEHOST_H */
