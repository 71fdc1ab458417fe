/* SPDX-License-Identifier: Apache-2.0 */
/* excerpt.c - a part of a text that somebody chose, for a sentence */
#include "control/excerpt.h"

#include <stdint.h>

/* what weir_text_add_escaped() makes of it */
static size_t width(char c)
{
	uint8_t b = (uint8_t)c;

	if (b < 0x20 || b > 0x7e)
		return 4;
	return b == '\\' ? 2 : 1;
}

void weir_excerpt_head(struct weir_text *t, const char *s, size_t len,
		       size_t max)
{
	size_t n = 0, wide = 0;

	while (n < len && wide + width(s[n]) <= max)
		wide += width(s[n++]);
	weir_text_add_escaped(t, s, n);
	if (n < len)
		weir_text_add(t, "...");
}

void weir_excerpt_tail(struct weir_text *t, const char *s, size_t len,
		       size_t max)
{
	size_t from = len, wide = 0;

	while (from && wide + width(s[from - 1]) <= max)
		wide += width(s[--from]);
	if (from)
		weir_text_add(t, "...");
	weir_text_add_escaped(t, s + from, len - from);
}
