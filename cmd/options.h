/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - the options of `run` and `serve`, as words and as orders */
#ifndef WEIR_CMD_OPTIONS_H
#define WEIR_CMD_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "control/plan.h"

/** enum weir_options_of - whose options; bits */
enum weir_options_of {
	WEIR_OPTIONS_RUN = 1,
	WEIR_OPTIONS_SERVE = 2,
	WEIR_OPTIONS_BOTH = 3,
};

/**
 * weir_options_parse() - read the words after `weir run` or `weir serve`
 * @of: which of the two
 * @argc, @argv: they, without `weir` and `run`
 * @ret: zeroed by the caller; filled; borrows from @argv
 * @ret_help: --help was among them, nothing else counts
 *
 * Errors are said.
 *
 * Return: 0, or 2.
 */
int weir_options_parse(enum weir_options_of of, int argc, char **argv,
		       struct weir_orders *ret, bool *ret_help);

/** weir_options_print() - the list of options, two columns */
void weir_options_print(enum weir_options_of of, FILE *to);

/**
 * weir_options_nearest() - which of these words was probably meant?
 * @word: @n of them in @words
 *
 * Return: one, or NULL if none is near.
 */
const char *weir_options_nearest(const char *word, const char *const *words,
				 size_t n);

#endif /* WEIR_CMD_OPTIONS_H */
