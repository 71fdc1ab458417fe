/* SPDX-License-Identifier: Apache-2.0 */
/* ruleword.h - the words of the rule language, and which of them was meant */
#ifndef WEIR_POLICY_RULEWORD_H
#define WEIR_POLICY_RULEWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/rule.h"
#include "policy/rulewhy.h"

/** enum weir_ruleword_kind - where a word may stand; bits, to ask for several */
enum weir_ruleword_kind {
	WEIR_RULEWORD_ACTION = 1,
	WEIR_RULEWORD_DIRECTION = 2,
	WEIR_RULEWORD_PROTOCOL = 4, /* @value: WEIR_RULE_TCP ... */
	WEIR_RULEWORD_WORD = 8,
	WEIR_RULEWORD_ANY = 16,
	WEIR_RULEWORD_DNS = 32,
	WEIR_RULEWORD_GROUP = 64,   /* @value: enum weir_class */
	WEIR_RULEWORD_CLOSED = 128, /* a class, but no target */
	WEIR_RULEWORD_HOST = 16 | 32 | 64,
};

/** struct weir_ruleword - a word of the language */
struct weir_ruleword {
	const char *text;
	enum weir_ruleword_kind kind;
	uint8_t value;
};

/** weir_ruleword_find() - Return: NULL if it is none */
const struct weir_ruleword *weir_ruleword_find(struct weir_rulewhy_piece p);

/** weir_ruleword_find_in_case() - the same, whatever its case */
const struct weir_ruleword *
weir_ruleword_find_in_case(struct weir_rulewhy_piece p);

/** weir_ruleword_is() - is @p that lower-case @word, whatever its case? */
bool weir_ruleword_is(struct weir_rulewhy_piece p, const char *word);

/**
 * weir_ruleword_nearest() - what was meant by @p?
 * @kinds: of which kinds; with GROUP also the user's groups of @w
 *
 * A word that others use for the same (permit, lan), else the nearest by
 * letters, if any is near enough.
 * Return: terminated, or NULL.
 */
const char *weir_ruleword_nearest(struct weir_rulewhy_piece p, unsigned kinds,
				  const struct weir_rule_world *w);

#endif /* WEIR_POLICY_RULEWORD_H */
