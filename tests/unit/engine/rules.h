/* SPDX-License-Identifier: Apache-2.0 */
/* rules.h - a policy for the twin, from the texts of its rules */
#ifndef RULES_H
#define RULES_H

#include <stdint.h>

/**
 * rules_make() - compile
 * @rule: @n texts in their order; one that begins with "bounds " is a bound.
 *        "intercept PORT", "bypass NAME" and "guarded NAME" are no rules: TLS
 *        to that port is intercepted, of that name it is not, that name has
 *        rules of HTTP
 * @flags: WEIR_IMAGE_ALLOW_OUT, QUIC_PIN, DROP, REBIND
 *
 * Return: a sealed memory file with the image; a text that is no rule aborts.
 */
int rules_make(const char *const *rule, unsigned n, uint32_t flags);

#endif /* RULES_H */
