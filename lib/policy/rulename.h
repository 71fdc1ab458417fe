/* SPDX-License-Identifier: Apache-2.0 */
/* rulename.h - a name or pattern in a rule, text to meaning */
#ifndef WEIR_POLICY_RULENAME_H
#define WEIR_POLICY_RULENAME_H

#include <stdbool.h>

#include "policy/pattern.h"
#include "policy/rule.h"
#include "policy/rulewhy.h"

/**
 * weir_rulename_parse() - example.com, *.example.com, .example.com
 * @p:     all of it; not empty
 * @broad: a pattern on a public suffix is accepted
 * @ret:   undefined on failure
 *
 * A single label is a name here: whether it needs name= is the caller's.
 * Return: false if it is none; the error is said.
 */
bool weir_rulename_parse(const struct weir_rulewhy *y,
			 const struct weir_rule_world *w, bool broad,
			 struct weir_rulewhy_piece p, struct weir_pattern *ret);

#endif /* WEIR_POLICY_RULENAME_H */
