/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idn.h - what the world outside knows of names: U-labels and public suffixes
 *
 * U-labels by UTS-46, non-transitional (libidn2); public suffixes by the list
 * of the system, or the one built into libpsl if that is newer.
 */
#ifndef WEIR_CONTROL_IDN_H
#define WEIR_CONTROL_IDN_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/pattern.h"

/** struct weir_idn - @suffixes: the list, read when it is first asked */
struct weir_idn {
	void *suffixes;
};

/** weir_idn_init() - nothing is read yet */
void weir_idn_init(struct weir_idn *x);

/** weir_idn_fini() - give the list back */
void weir_idn_fini(struct weir_idn *x);

/**
 * weir_idn_to_ascii() - a name with letters beyond ASCII as A-labels
 * @ctx:  not looked at: the signature is that of weir_rule_world
 * @text: @len bytes of UTF-8, without a pattern's star or dot before it
 * @ret:  lower case, terminated; written on success
 *
 * Return: false if it is no UTF-8, or no name: not of letters, digits, hyphens
 * and underscores, too long, or an address literal.
 */
bool weir_idn_to_ascii(void *ctx, const char *text, size_t len,
		       char ret[WEIR_PATTERN_TEXT_BYTES]);

/**
 * weir_idn_is_suffix() - is a name in the public suffix list?
 * @ctx:  a struct weir_idn
 * @name: lower case, A-labels
 *
 * Both halves of the list count, registries (co.uk) and those who give names
 * away below their own (github.io).
 */
bool weir_idn_is_suffix(void *ctx, const char *name);

/**
 * weir_idn_name() - a name that somebody asks for or shows, in any script
 *
 * weir_pattern_name() for text that may have letters beyond ASCII.
 * Return: false, with *@ret untouched, if it is none.
 */
bool weir_idn_name(const char *text, size_t len, struct weir_dns_name *ret);

#endif /* WEIR_CONTROL_IDN_H */
