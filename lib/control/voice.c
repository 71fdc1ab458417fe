/* SPDX-License-Identifier: Apache-2.0 */
/* voice.c - sentences for the operator; this floor prints nothing itself */
#include "control/voice.h"

#include <stdarg.h>
#include <stdio.h>

#define SENTENCE_BYTES 1024

void weir_voice_say(const struct weir_voice *v, enum weir_voice_tone tone,
		    const char *format, ...)
{
	char text[SENTENCE_BYTES];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	v->say(v->ctx, tone, text);
}
