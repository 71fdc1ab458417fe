/* SPDX-License-Identifier: Apache-2.0 */
/* config_fill.h - from what the file says to orders and settings */
#ifndef WEIR_CONTROL_CONFIG_FILL_H
#define WEIR_CONTROL_CONFIG_FILL_H

#include "control/config_schema.h"
#include "control/config_tree.h"
#include "control/plan.h"

/**
 * weir_config_fill() - judge each value and put it where it belongs
 * @t:   the file with its places, matched by weir_config_schema
 * @raw: the same file with its values; NULL: only keys that are read by hand
 * @o, @s: what the command line said; it wins over values that stand alone,
 *       lists are joined
 * @why: on failure one sentence: place, key, value, what is needed
 */
bool weir_config_fill(const struct weir_config_tree *t,
		      const struct weir_config_raw *raw, struct weir_orders *o,
		      struct weir_settings *s, char why[WEIR_CONFIG_WHY_BYTES]);

#endif /* WEIR_CONTROL_CONFIG_FILL_H */
