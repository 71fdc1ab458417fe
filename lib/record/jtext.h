/* SPDX-License-Identifier: Apache-2.0 */
/* jtext.h - any bytes as a string of JSON (RFC 8259 7), in ASCII */
#ifndef WEIR_RECORD_JTEXT_H
#define WEIR_RECORD_JTEXT_H

#include <stddef.h>

#include "base/text.h"

/* a byte becomes at most so many; the quotes are two more */
#define WEIR_JTEXT_BYTE_MAX 6u

/**
 * weir_jtext_add() - add a string with its quotes
 * @s: @len bytes that somebody else chose, whatever they are
 *
 * Printable ASCII stays, but for the quote and the backslash; every other
 * character is \uXXXX (two of them above U+FFFF), and a byte that belongs to no
 * UTF-8 character is U+FFFD.  So the string cannot be left, a line stays one
 * line, and a terminal is told nothing.  Check weir_text_ok() afterwards: what
 * did not fit leaves a part.
 */
void weir_jtext_add(struct weir_text *to, const void *s, size_t len);

#endif /* WEIR_RECORD_JTEXT_H */
