/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h - what happened, in a few lines for a person */
#ifndef WEIR_CONTROL_DIGEST_H
#define WEIR_CONTROL_DIGEST_H

#include <stdint.h>

#include "base/text.h"
#include "sys/summary.h"

#define WEIR_DIGEST_BYTES 1536u

/**
 * weir_digest_build() - at most 12 lines
 * @s: what was counted
 * @ms: how long it took
 */
void weir_digest_build(const struct weir_summary *s, uint64_t ms,
		       struct weir_text *to);

#endif /* WEIR_CONTROL_DIGEST_H */
