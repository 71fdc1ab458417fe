/* SPDX-License-Identifier: Apache-2.0 */
/* config_match.h - does a tree have the shape of a schema, and if not, where? */
#ifndef WEIR_CONTROL_CONFIG_MATCH_H
#define WEIR_CONTROL_CONFIG_MATCH_H

#include <cyaml/cyaml.h>
#include <stdbool.h>

#include "control/config_tree.h"

/**
 * weir_config_match() - look at every value below @n
 * @path: what @n is called, "dns.servers"; "" for the whole file
 * @why:  on failure one sentence: place, path, what is needed
 *
 * Stricter than libcyaml, which takes any word for a true and any number that
 * strtoull(3) reads: what matches here it loads, and to the value written.
 *
 * Return: false at the first that does not fit: an unknown key, one that is
 * needed and missing, a wrong type, word or length.
 */
bool weir_config_match(const struct weir_config_tree *t,
		       const struct weir_config_node *n,
		       const cyaml_schema_value_t *schema, const char *path,
		       char why[WEIR_CONFIG_WHY_BYTES]);

#endif /* WEIR_CONTROL_CONFIG_MATCH_H */
