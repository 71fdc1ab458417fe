/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_httprule.c - any bytes may be a line, any bytes a path
 *
 * Input: a flag (1), the length of a line (1), the line, a path.  A line that
 * is taken has a path in the form that is judged; a request's path in that form
 * stays as it is; and matching agrees with a table of all places of the line
 * and all of the path.
 */
#include "policy/httprule.h"

#include <stdlib.h>
#include <string.h>

#include "base/rd.h"

#define TABLE 300u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* can places of the line from @i on have bytes of the path from @j on? */
static bool slow(const struct weir_httprule_line *l, const char *path,
		 size_t len)
{
	static bool can[TABLE + 1][TABLE + 1];
	size_t m = l->path_len;

	for (size_t i = m + 1; i-- > 0;) {
		bool star = i < m && l->path[i] == '*';
		bool across = star && i + 1 < m && l->path[i + 1] == '*';

		for (size_t j = len + 1; j-- > 0;) {
			if (i == m || j == len)
				can[i][j] = i == m && j == len;
			else if (!star)
				can[i][j] = l->path[i] == path[j] &&
					    can[i + 1][j + 1];
			else
				can[i][j] = (across || path[j] != '/') &&
					    (can[i][j + 1] ||
					     can[i + 1 + across][j + 1]);
		}
	}
	return can[0][0];
}

static void check_form(const char *path, size_t len)
{
	static char again[WEIR_HTTPRULE_PATH_MAX];

	must(path[0] == '/' && len <= WEIR_HTTPRULE_PATH_MAX);
	must(!memchr(path, '?', len) && !memchr(path, '\\', len));
	must(weir_httprule_path(path, len, again, sizeof(again)) == len);
	must(memcmp(path, again, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[WEIR_HTTPRULE_PATH_MAX];
	struct weir_rd in = weir_rd_over(data, size);
	bool deny = weir_rd_u8(&in) & 1;
	struct weir_rd text = weir_rd_sub(&in, weir_rd_u8(&in));
	struct weir_httprule_line l;
	const char *why = NULL;
	size_t len = 0;

	if (!weir_rd_ok(&in))
		return 0;
	if (in.left)
		len = weir_httprule_path((const char *)in.at, in.left, path,
					 sizeof(path));
	if (len)
		check_form(path, len);
	if (!weir_httprule_parse((const char *)text.at, text.left, deny, &l,
				 &why)) {
		must(why && *why);
		return 0;
	}
	must(l.deny == deny && l.method_len && l.path_len);
	check_form(l.path, l.path_len);
	if (len == 0 || len > TABLE || l.path_len > TABLE)
		return 0;
	must(weir_httprule_has(&l, l.method, l.method_len, path, len) ==
	     slow(&l, path, len));
	must(!weir_httprule_has(&l, "", 0, path, len) || l.method[0] == '*');
	return 0;
}
