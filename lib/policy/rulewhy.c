/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rulewhy.c - the sentence that says why a text is no rule, and the remedy
 *
 * What the operator wrote is quoted, but escaped and never more than
 * QUOTE_BYTES of it: a sentence with two quotes fits, whatever the text.
 */
#include "policy/rulewhy.h"

#include <string.h>

#include "base/text.h"

#define QUOTE_BYTES 44u

struct weir_rulewhy_piece weir_rulewhy_word(const char *word)
{
	return (struct weir_rulewhy_piece){ .at = word, .len = strlen(word) };
}

/* As much of it as fits, byte by byte: an escape is not cut in two. */
static void add_piece(struct weir_text *t, struct weir_rulewhy_piece p,
		      const char *quote)
{
	char b[QUOTE_BYTES + 1];
	struct weir_text one = weir_text_over(b, sizeof(b));

	for (size_t i = 0; i < p.len && weir_text_ok(&one); i++)
		weir_text_add_escaped(&one, p.at + i, 1);
	weir_text_add(t, quote);
	weir_text_add(t, b);
	weir_text_add(t, weir_text_ok(&one) ? "" : "...");
	weir_text_add(t, quote);
}

bool weir_rulewhy_say(const struct weir_rulewhy *y, const char *at,
		      const char *form, struct weir_rulewhy_piece a,
		      struct weir_rulewhy_piece b)
{
	struct weir_text t =
		weir_text_over(y->error->why, sizeof(y->error->why));

	y->error->at = (size_t)(at - y->text);
	for (; *form; form++) {
		if (*form != '%')
			weir_text_add_char(&t, *form);
		else if (*++form == '0')
			add_piece(&t, a, "");
		else
			add_piece(&t, *form == '1' ? a : b, "`");
	}
	return false;
}
