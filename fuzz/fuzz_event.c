/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_event.c - whatever another process tells is refused, or one honest line
 *
 * What is accepted is written as it was read; its line is printable ASCII with
 * one newline, at its end; strings are closed and braces balanced outside them.
 */
#include "record/event.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool so)
{
	if (!so)
		abort();
}

/* an object without objects in it, and lists without lists */
static void check_line(const char *s, size_t n)
{
	bool string = false, list = false;

	must(n > 3 && s[0] == '{' && s[n - 2] == '}' && s[n - 1] == '\n');
	for (size_t i = 0; i + 1 < n; i++) {
		must(s[i] >= 0x20 && s[i] < 0x7f);
		if (string && s[i] == '\\') {
			i++;
			must(s[i] == '"' || s[i] == '\\' || s[i] == 'u');
			continue;
		}
		if (s[i] == '"')
			string = !string;
		if (string)
			continue;
		must(s[i] != '\\');
		must(s[i] != '{' || i == 0);
		must(s[i] != '}' || i == n - 2);
		must(s[i] != '[' || !list);
		must(s[i] != ']' || list);
		list = s[i] == '[' || (list && s[i] != ']');
	}
	must(!string && !list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char line[WEIR_EVENT_LINE_BYTES];
	static uint8_t again[WEIR_EVENT_BYTES];
	static struct weir_event e;
	struct weir_rd in = weir_rd_over(data, size);
	struct weir_wr w = weir_wr_over(again, sizeof(again));
	struct weir_text t = weir_text_over(line, sizeof(line));

	memset(&e, 0xa5, sizeof(e)); /* nothing of it may be told */
	if (!weir_event_parse(&in, &e))
		return 0;
	weir_event_build(&e, &w);
	must(weir_wr_ok(&w) && weir_wr_len(&w) == size);
	must(memcmp(again, data, size) == 0);
	weir_event_print(&e, &t);
	must(weir_text_ok(&t));
	check_line(line, t.len);
	return 0;
}
