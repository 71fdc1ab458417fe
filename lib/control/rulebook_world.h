/* SPDX-License-Identifier: Apache-2.0 */
/* rulebook_world.h - what rules are read with: groups, U-labels, suffixes */
#ifndef WEIR_CONTROL_RULEBOOK_WORLD_H
#define WEIR_CONTROL_RULEBOOK_WORLD_H

#include <stdbool.h>
#include <stddef.h>

#include "control/idn.h"
#include "control/settings.h"
#include "policy/rule.h"

/**
 * struct weir_rulebook_world - see the top
 * @rule: for weir_rule_parse() and weir_rule_parse_host()
 * @s:    whose groups count; borrowed
 *
 * @rule points into the struct: it does not move after init.
 */
struct weir_rulebook_world {
	struct weir_rule_world rule;
	struct weir_idn idn;
	const struct weir_settings *s;
	const char **names;
};

/** weir_rulebook_world_init() - Return: false: no memory */
bool weir_rulebook_world_init(struct weir_rulebook_world *w,
			      const struct weir_settings *s);

/** weir_rulebook_world_fini() - give it back */
void weir_rulebook_world_fini(struct weir_rulebook_world *w);

/** weir_rulebook_world_group() - the user's group of this name; NULL: none */
const struct weir_settings_group *
weir_rulebook_world_group(const struct weir_settings *s, const char *name,
			  size_t len);

#endif /* WEIR_CONTROL_RULEBOOK_WORLD_H */
