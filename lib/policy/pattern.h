/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern.h - a name, or the names below one
 *
 * `example.com` is that name alone; `*.example.com` every name below it, at
 * any depth; `.example.com` both.  Compared without case and without one final
 * dot.
 */
#ifndef WEIR_POLICY_PATTERN_H
#define WEIR_POLICY_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "packet/dns.h"

/* room for the longest text of a name, with its terminator */
#define WEIR_PATTERN_TEXT_BYTES 256u

/* which names, bits of weir_pattern.what */
#define WEIR_PATTERN_SELF  1u /* the name */
#define WEIR_PATTERN_BELOW 2u /* those below it */

/** struct weir_pattern - @base in lower case; @what: one or both bits */
struct weir_pattern {
	uint8_t what;
	struct weir_dns_name base;
};

/** weir_pattern_has() - does it hold @name?  @name whole and in lower case */
bool weir_pattern_has(const struct weir_pattern *p,
		      const struct weir_dns_name *name);

/** weir_pattern_covers() - does @outer hold every name that @inner holds? */
bool weir_pattern_covers(const struct weir_pattern *outer,
			 const struct weir_pattern *inner);

/** weir_pattern_print() - as in a rule; a single label as name=LABEL */
void weir_pattern_print(struct weir_text *t, const struct weir_pattern *p);

/**
 * weir_pattern_name() - a name that somebody shows or asks for, from text
 * @text: letters, digits, hyphens, underscores and dots; one final dot and
 *        any case is fine
 * @ret:  lower case; written on success
 *
 * Return: false if it is none: the root, and every spelling of an IPv4 address
 * (each label a number: 10.0.0.1, 10.1, 0x7f.1, 2130706433) included.
 */
bool weir_pattern_name(const char *text, size_t len, struct weir_dns_name *ret);

/**
 * weir_pattern_is_numeric() - does it end in a number?
 * @text: one final dot is fine
 *
 * Some readers take such a name (a.1, a.0x7f) for a bad address; no rule may
 * hold one.
 */
bool weir_pattern_is_numeric(const char *text, size_t len);

#endif /* WEIR_POLICY_PATTERN_H */
