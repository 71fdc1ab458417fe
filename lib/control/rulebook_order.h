/* SPDX-License-Identifier: Apache-2.0 */
/* rulebook_order.h - the rules in the order in which they are asked */
#ifndef WEIR_CONTROL_RULEBOOK_ORDER_H
#define WEIR_CONTROL_RULEBOOK_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "control/rulebook_world.h"
#include "control/settings.h"

/** struct weir_rulebook_line - a text of the settings, and its place */
struct weir_rulebook_line {
	const char *text, *where;
};

/**
 * struct weir_rulebook_order - the effective list
 * @rule:  @n_rules of them: command line, file, base; number 1 is rule[0]
 * @bound: @n_bounds of them: what --multi-tenant stands for, then the file's
 * @net: the base, WEIR_SETTINGS_* bits, said or not
 * @allow_out: the default of what goes out
 *
 * Memory: the arrays are the order's, the texts are those of the settings.
 */
struct weir_rulebook_order {
	struct weir_rulebook_line *rule, *bound;
	uint32_t n_rules, n_bounds, net;
	bool allow_out;
};

/**
 * weir_rulebook_order_make() - which rules there are, and in which order
 * @w:   what they are read with; its settings are asked for them
 * @ret: written on success
 *
 * A rule that is none is passed over here.
 * Return: 0, -E2BIG: more than WEIR_RULES_MAX, -ENOMEM.
 */
int weir_rulebook_order_make(const struct weir_rulebook_world *w,
			     struct weir_rulebook_order *ret);

/** weir_rulebook_order_free() - give the arrays back */
void weir_rulebook_order_free(struct weir_rulebook_order *o);

#endif /* WEIR_CONTROL_RULEBOOK_ORDER_H */
