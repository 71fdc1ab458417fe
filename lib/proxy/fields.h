/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields.h - a block of HTTP/2 fields: a head, or trailers
 *
 * nghttp2 decodes it field by field; here it is collected until it is whole.
 * Then it is judged in the form of HTTP/1, so that there is one reader that
 * says what a request is, and what could be read in two ways by whoever makes
 * HTTP/1 of it behind us does not pass (RFC 9113 10.3).
 *
 * Limits: those of a head in HTTP/1 (message.h).
 */
#ifndef WEIR_PROXY_FIELDS_H
#define WEIR_PROXY_FIELDS_H

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rd.h"
#include "base/wr.h"
#include "proxy/message.h"

#define WEIR_FIELDS_PSEUDO_MAX 5u
#define WEIR_FIELDS_MAX        (WEIR_MESSAGE_FIELDS_MAX + WEIR_FIELDS_PSEUDO_MAX)

/* what came beyond the limits, before the block is given up */
#define WEIR_FIELDS_BOMB_BYTES (1u << 20)

/**
 * struct weir_fields - what was decoded so far
 * @nv:    in their order; windows on @text.  The flag NO_INDEX stays
 * @n:     how many; the first @pseudo have a name with a colon
 * @large: more than the limits came; @over: so many bytes
 */
struct weir_fields {
	size_t n, pseudo, len, over;
	bool large;
	nghttp2_nv nv[WEIR_FIELDS_MAX];
	uint8_t text[WEIR_MESSAGE_HEAD_BYTES];
};

/** weir_fields_begin() - none yet */
void weir_fields_begin(struct weir_fields *f);

/** weir_fields_add() - one more, copied
 * Return: false: it is a bomb; the block is not worth to be decoded further */
bool weir_fields_add(struct weir_fields *f, struct weir_rd name,
		     struct weir_rd value, uint8_t flags);

/** weir_fields_literal() - a field of ours; both outlive it */
nghttp2_nv weir_fields_literal(const char *name, const char *value);

/** weir_fields_find() - a value; .at NULL: there is none.  @name in lower case */
struct weir_rd weir_fields_find(const struct weir_fields *f, const char *name);

/**
 * weir_fields_settle() - one authority: Host goes, and is it if there is no other
 *
 * Return: false if there is none, or Host differs (RFC 9113 8.3.1).
 */
bool weir_fields_settle(struct weir_fields *f);

/** weir_fields_to_head() - a settled request as HTTP/1 has it; @to turns bad
 * if there is no room: WEIR_FIRST_BYTES is enough */
void weir_fields_to_head(const struct weir_fields *f, struct weir_wr *to);

/** weir_fields_to_trailer() - the same of trailers, with the empty line */
void weir_fields_to_trailer(const struct weir_fields *f, struct weir_wr *to);

#endif /* WEIR_PROXY_FIELDS_H */
