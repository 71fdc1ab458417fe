/* SPDX-License-Identifier: Apache-2.0 */
/* ruleport.h - the ports of a target, text to meaning */
#ifndef WEIR_POLICY_RULEPORT_H
#define WEIR_POLICY_RULEPORT_H

#include <stdbool.h>

#include "policy/rule.h"
#include "policy/rulewhy.h"

/**
 * weir_ruleport_parse() - 443, 80,443 or 8000-8999
 * @p: what stands behind the colon
 * @t: gets the ranges, sorted and apart; it has none before
 *
 * Return: false if they are no ports; the error is said.
 */
bool weir_ruleport_parse(const struct weir_rulewhy *y,
			 struct weir_rulewhy_piece p,
			 struct weir_rule_target *t);

#endif /* WEIR_POLICY_RULEPORT_H */
