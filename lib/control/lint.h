/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint.h - what in a policy is legal, and probably not what was meant
 *
 * Rules that an earlier one wholly covers; rules, and targets of rules, that
 * nothing can match; patterns on public suffixes; the host or the metadata
 * service of a cloud left open by a sweeping word; secrets and HTTP rules for
 * hosts that no rule allows; groups that no rule names.
 */
#ifndef WEIR_CONTROL_LINT_H
#define WEIR_CONTROL_LINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/rulebook.h"
#include "sys/charter.h"

#define WEIR_LINT_MAX        1000u /* warnings kept */
#define WEIR_LINT_TEXT_BYTES 512u

/**
 * struct weir_lint - warnings, one sentence each
 * @at: @n of them, terminated, printable
 * @left_out: how many more there are
 */
struct weir_lint {
	char **at;
	size_t n, left_out;
};

/**
 * weir_lint_make() - look at a policy
 * @s:   what it was made from
 * @b:   compiled from @s
 * @net: the network it is for
 * @ret: written on success
 *
 * Return: false: no memory.
 */
bool weir_lint_make(const struct weir_settings *s,
		    const struct weir_rulebook *b,
		    const struct weir_charter *net, struct weir_lint *ret);

/** weir_lint_free() - give them back */
void weir_lint_free(struct weir_lint *l);

#endif /* WEIR_CONTROL_LINT_H */
