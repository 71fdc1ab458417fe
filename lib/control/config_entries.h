/* SPDX-License-Identifier: Apache-2.0 */
/* config_entries.h - what the file says of policy, secrets and recording */
#ifndef WEIR_CONTROL_CONFIG_ENTRIES_H
#define WEIR_CONTROL_CONFIG_ENTRIES_H

#include "control/config_put.h"
#include "control/config_schema.h"

/**
 * weir_config_entries_fill() - into the settings
 * @raw, @root: the file, as in weir_config_fill()
 *
 * What rules, names and patterns mean is not judged here: they are texts.
 * Return: false, with a sentence in @p->why, if something else is wrong.
 */
bool weir_config_entries_fill(struct weir_config_put *p,
			      const struct weir_config_raw *raw,
			      const struct weir_config_node *root);

#endif /* WEIR_CONTROL_CONFIG_ENTRIES_H */
