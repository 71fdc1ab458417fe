/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - the options of `weir run`, as words and as orders */
#ifndef WEIR_CMD_OPTIONS_H
#define WEIR_CMD_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "control/plan.h"

/**
 * weir_options_parse() - read the words after `weir run`
 * @argc, @argv: they, without `weir` and `run`
 * @ret: zeroed by the caller; filled; borrows from @argv
 * @ret_help: --help was among them, nothing else counts
 *
 * Errors are said.
 *
 * Return: 0, or 2.
 */
int weir_options_parse(int argc, char **argv, struct weir_orders *ret,
		       bool *ret_help);

/** weir_options_print() - the list of options, two columns */
void weir_options_print(FILE *to);

/**
 * weir_options_nearest() - which of these words was probably meant?
 * @word: @n of them in @words
 *
 * Return: one, or NULL if none is near.
 */
const char *weir_options_nearest(const char *word, const char *const *words,
				 size_t n);

#endif /* WEIR_CMD_OPTIONS_H */
