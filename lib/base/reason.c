/* SPDX-License-Identifier: Apache-2.0 */
/* reason.c - the names of the reasons */
#include "base/reason.h"

const char *weir_reason_name(enum weir_reason r)
{
#define WEIR_REASON_TEXT(name, text) [WEIR_REASON_##name] = (text),
	static const char *const names[] = { WEIR_REASONS(WEIR_REASON_TEXT) };
#undef WEIR_REASON_TEXT

	return (unsigned)r < WEIR_REASON_COUNT ? names[r] : "unknown";
}
