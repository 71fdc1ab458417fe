/* SPDX-License-Identifier: Apache-2.0 */
/* say.c - sentences for the operator, on stderr */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/plan.h"

#define LINE_BYTES 2048

/* in one write(2), so that lines of several processes do not mingle */
static void out(const char *text, size_t n)
{
	while (n) {
		ssize_t done = write(STDERR_FILENO, text, n);

		if (done <= 0)
			return;
		text += done;
		n -= (size_t)done;
	}
}

int weir_say_error(const char *format, ...)
{
	char text[LINE_BYTES];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	weir_say_lines(text);
	return 2;
}

void weir_say_lines(const char *text)
{
	char line[LINE_BYTES + 64];
	const char *lead = "weir: ";

	while (*text) {
		size_t n = strcspn(text, "\n");
		int len = snprintf(line, sizeof(line), "%s%.*s\n", lead, (int)n,
				   text);

		out(line,
		    len < (int)sizeof(line) ? (size_t)len : sizeof(line) - 1);
		text += text[n] ? n + 1 : n;
		lead = "  ";
	}
}

void weir_say_voice(void *ctx, enum weir_voice_tone tone, const char *text)
{
	const struct weir_orders *o = ctx;

	if ((tone == WEIR_VOICE_WARNING && o->quiet) ||
	    (tone == WEIR_VOICE_NOTE && !o->verbose))
		return;
	weir_say_lines(text);
}
