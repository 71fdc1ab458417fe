/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h - the configuration file
 *
 * YAML, and so JSON too; its keys are the words of the options.  A file is
 * understood whole or refused: with its line, its column and what to do.
 */
#ifndef WEIR_CONTROL_CONFIG_H
#define WEIR_CONTROL_CONFIG_H

#include "control/config_tree.h"
#include "control/plan.h"

/**
 * weir_config_load() - read a file
 * @o, @s: what the command line said.  Values that stand alone are filled in
 *       where it said nothing, lists are joined, the file's behind; rules have
 *       a list of their own.  @s keeps the path and its folder too.
 * @why: on failure one sentence for the operator
 *
 * `net` goes to both, @o->settings must be @s or NULL.
 *
 * Memory: @o borrows from @s.
 * Return: false: @o and @s are of no use but for weir_settings_fini().
 */
bool weir_config_load(const char *path, struct weir_orders *o,
		      struct weir_settings *s, char why[WEIR_CONFIG_WHY_BYTES]);

/**
 * weir_config_parse() - the same from memory
 * @name: what stands for the file in sentences and places
 */
bool weir_config_parse(const uint8_t *bytes, size_t len, const char *name,
		       struct weir_orders *o, struct weir_settings *s,
		       char why[WEIR_CONFIG_WHY_BYTES]);

#endif /* WEIR_CONTROL_CONFIG_H */
