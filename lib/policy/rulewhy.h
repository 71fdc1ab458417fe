/* SPDX-License-Identifier: Apache-2.0 */
/* rulewhy.h - the sentence that says why a text is no rule, and the remedy */
#ifndef WEIR_POLICY_RULEWHY_H
#define WEIR_POLICY_RULEWHY_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/rule.h"

/** struct weir_rulewhy_piece - @len bytes of a text, borrowed */
struct weir_rulewhy_piece {
	const char *at;
	size_t len;
};

/**
 * struct weir_rulewhy - where sentences go
 * @text:  positions are counted from here
 * @error: written by weir_rulewhy_say()
 */
struct weir_rulewhy {
	const char *text;
	struct weir_rule_error *error;
};

/** weir_rulewhy_no - for a form that speaks of fewer than two pieces */
static const struct weir_rulewhy_piece weir_rulewhy_no = { "", 0 };

/** weir_rulewhy_word() - a terminated string as a piece */
struct weir_rulewhy_piece weir_rulewhy_word(const char *word);

/**
 * weir_rulewhy_say() - write the error
 * @at:   inside the text or at its end
 * @form: the sentence; %1 and %2 stand for @a and @b, which are quoted,
 *        escaped and cut to a length at which everything fits; %0 is @a without
 *        quotes, inside of others
 *
 * Return: false, so that a parser can end with it.
 */
bool weir_rulewhy_say(const struct weir_rulewhy *y, const char *at,
		      const char *form, struct weir_rulewhy_piece a,
		      struct weir_rulewhy_piece b);

#endif /* WEIR_POLICY_RULEWHY_H */
