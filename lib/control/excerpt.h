/* SPDX-License-Identifier: Apache-2.0 */
/* excerpt.h - a part of a text that somebody chose, for a sentence */
#ifndef WEIR_CONTROL_EXCERPT_H
#define WEIR_CONTROL_EXCERPT_H

#include <stddef.h>

#include "base/text.h"

/**
 * weir_excerpt_head() - its beginning, escaped
 * @max: characters, without the "..." that says that there is more
 */
void weir_excerpt_head(struct weir_text *t, const char *s, size_t len,
		       size_t max);

/** weir_excerpt_tail() - its end, as of a path; otherwise the same */
void weir_excerpt_tail(struct weir_text *t, const char *s, size_t len,
		       size_t max);

#endif /* WEIR_CONTROL_EXCERPT_H */
