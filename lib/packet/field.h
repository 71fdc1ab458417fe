/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field.h - lines and fields of an HTTP/1 message, requests and answers alike
 *
 * RFC 9112 5, read strictly: a line ends with CRLF, a name is a token with its
 * colon right behind it, a line is never folded, and a value has no control
 * characters but the tab.  All windows are on the caller's bytes.
 */
#ifndef WEIR_PACKET_FIELD_H
#define WEIR_PACKET_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rd.h"

/** enum weir_field_is - what the next line is */
enum weir_field_is {
	WEIR_FIELD_MORE = 1, /* its end is not here */
	WEIR_FIELD_BAD,
	WEIR_FIELD_HERE,
	WEIR_FIELD_END, /* the empty line */
};

/** weir_field_is_token() - may it stand in a token? (RFC 9110 5.6.2) */
bool weir_field_is_token(uint8_t c);

/** weir_field_is() - is it that word, without regard to case?
 * @word: in lower case */
bool weir_field_is(struct weir_rd w, const char *word);

/** weir_field_before() - cut off what lies before the first @c, and step over
 * that; all of it if there is none */
struct weir_rd weir_field_before(struct weir_rd *in, uint8_t c);

/** weir_field_trim() - without spaces and tabs at its ends */
struct weir_rd weir_field_trim(struct weir_rd w);

/** weir_field_item() - cut off the next member of a list, RFC 9110 5.6.1;
 * it may be empty.  Quoted strings are not known here */
struct weir_rd weir_field_item(struct weir_rd *list);

/** weir_field_line() - cut off a line, without its CRLF
 * Return: MORE, BAD (a bare LF), HERE. */
enum weir_field_is weir_field_line(struct weir_rd *in, struct weir_rd *ret);

/** weir_field_next() - cut off a field
 * @name, @value: written for HERE; the value without white space at its ends */
enum weir_field_is weir_field_next(struct weir_rd *in, struct weir_rd *name,
				   struct weir_rd *value);

/** weir_field_is_vital() - does it say where a request goes or where it ends?
 * Host, Content-Length, Transfer-Encoding */
bool weir_field_is_vital(struct weir_rd name);

/** weir_field_is_disguised() - a vital name but for the hyphen, which some
 * gateways make one */
bool weir_field_is_disguised(struct weir_rd name);

/** weir_field_has_vital() - does a list (Connection) name a vital field?  Then
 * the next hop would take it away */
bool weir_field_has_vital(struct weir_rd list);

/** weir_field_has() - does a list have that member?  @word as above */
bool weir_field_has(struct weir_rd list, const char *word);

#endif /* WEIR_PACKET_FIELD_H */
