/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - the options of `run`, `serve` and `check` */
#ifndef WEIR_CMD_OPTIONS_H
#define WEIR_CMD_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "control/plan.h"

/** enum weir_options_of - whose options; bits */
enum weir_options_of {
	WEIR_OPTIONS_RUN = 1,
	WEIR_OPTIONS_SERVE = 2,
	WEIR_OPTIONS_CHECK = 4,
	WEIR_OPTIONS_BOTH = 3,
	WEIR_OPTIONS_ALL = 7,
};

/**
 * weir_options_parse() - read the words after `weir run`, `serve` or `check`
 * @of: which of them
 * @argc, @argv: they, without `weir` and `run`; never written to
 * @ret: zeroed by the caller but for @ret->settings, which the caller has
 *       initialised and gives back in the end, after @ret's last use; filled,
 *       and borrows from @argv and the settings.  Without settings (NULL) the
 *       options of policy and recording are refused.
 * @ret_help: --help was among them, nothing else counts
 *
 * The command line first, then the file that --config names.  The same words
 * can be read again, into fresh orders and settings, when that file changed.
 *
 * `run` and `serve` refuse what this version has no machinery for; `check`
 * accepts it.  The options of `check` may stand behind its question.
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
