/* SPDX-License-Identifier: Apache-2.0 */
/* lint_rules.h - the rules of a list side by side: which one covers which? */
#ifndef WEIR_CONTROL_LINT_RULES_H
#define WEIR_CONTROL_LINT_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/rulebook_order.h"
#include "policy/rule.h"

#define WEIR_LINT_RULES_PAIRS_MAX 20000000u /* pairs that are compared */

/**
 * struct weir_lint_rule - one of them
 * @line: its text and place
 * @rule: only as many targets as it has are there; user groups are their
 *        members where these fit into a rule; @text of such a target is the
 *        group's name
 */
struct weir_lint_rule {
	struct weir_rulebook_line line;
	const struct weir_rule *rule;
};

/** struct weir_lint_rules_entry - a target of a rule, found by its key */
struct weir_lint_rules_entry {
	uint64_t key;
	uint32_t rule, next;
};

/**
 * struct weir_lint_rules - a list; number 1 is at[0]
 * @pairs: how many more pairs may be compared; at 0 no rule covers another
 *
 * The other fields are the room's own.
 */
struct weir_lint_rules {
	struct weir_lint_rule *at;
	uint32_t n;
	uint64_t pairs;
	uint32_t *head, *wide;
	uint32_t n_heads, n_wide, n_entries;
	struct weir_lint_rules_entry *entry;
	uint8_t *bytes;
	size_t len, room;
};

/**
 * weir_lint_rules_make() - read @n rules
 * @ret: written on success; its lines borrow from @line
 *
 * Return: false: no memory, or one is no rule.
 */
bool weir_lint_rules_make(const struct weir_rulebook_world *w,
			  const struct weir_rulebook_line *line, uint32_t n,
			  struct weir_lint_rules *ret);

/** weir_lint_rules_free() - give them back */
void weir_lint_rules_free(struct weir_lint_rules *l);

/**
 * weir_lint_rules_cover() - the first of a list that wholly covers a rule
 * @n: of the first so many
 * @only_deny: only if it denies
 *
 * Return: its number, 0: none does.
 */
uint32_t weir_lint_rules_cover(struct weir_lint_rules *l, uint32_t n,
			       bool only_deny,
			       const struct weir_lint_rule *inner);

#endif /* WEIR_CONTROL_LINT_RULES_H */
