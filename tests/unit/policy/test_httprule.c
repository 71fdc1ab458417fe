/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/httprule.h"

#include "../t.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static uint64_t seed;

static uint32_t dice(uint32_t sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 20) % sides;
}

static struct weir_httprule_line line(const char *text, bool deny)
{
	struct weir_httprule_line l = { .deny = false };
	const char *why = NULL;

	if (!weir_httprule_parse(text, strlen(text), deny, &l, &why))
		fail_msg("%s: %s", text, why);
	return l;
}

/* --- paths ---------------------------------------------------------------- */

/* NULL: refused */
static const struct {
	const char *path, *want;
} paths[] = {
	{ "/", "/" },
	{ "/repos/x", "/repos/x" },
	{ "/repos/x/", "/repos/x/" },
	{ "/repos/x?per_page=1", "/repos/x" },
	{ "/x?a/../b", "/x" },
	{ "/?", "/" },
	{ "//", "/" },
	{ "//repos///x//", "/repos/x/" },
	{ "/%7Euser", "/~user" },
	{ "/%7euser", "/~user" },
	{ "/%72epos", "/repos" },
	{ "/%2e%2Ex", "/..x" },
	{ "/a%3Ab", "/a:b" },
	{ "/a%2ab", "/a*b" },
	{ "/a%3bb=c", "/a;b=c" },
	{ "/a%20b", "/a%20b" },
	{ "/a%c3%a9", "/a%C3%A9" },
	{ "/a\xc3\xa9", "/a%C3%A9" },
	{ "/{a}|\"<>^`", "/%7Ba%7D%7C%22%3C%3E%5E%60" },
	{ "/a%3Fb", "/a%3Fb" },
	{ "/a%25b", "/a%25b" },
	{ "/a%252Fb", "/a%252Fb" },
	{ "/a%0ab", "/a%0Ab" },
	{ "/a%7fb", "/a%7Fb" },
	{ "/...", "/..." },
	{ "/.a", "/.a" },
	{ "/a.", "/a." },
	{ "/a..", "/a.." },
	{ "/a/.../b", "/a/.../b" },
	{ "/.well-known/x", "/.well-known/x" },
	{ "/-._~!$&'()*+,;=:@", "/-._~!$&'()*+,;=:@" },
	{ "", NULL },
	{ "?", NULL },
	{ "*", NULL },
	{ "repos", NULL },
	{ "http://host/x", NULL },
	{ "/.", NULL },
	{ "/..", NULL },
	{ "/./", NULL },
	{ "/../", NULL },
	{ "/a/./b", NULL },
	{ "/a/../b", NULL },
	{ "/a/..", NULL },
	{ "/a//..", NULL },
	{ "/a/..?x", NULL },
	{ "/a/%2e%2e/b", NULL },
	{ "/a/.%2E/b", NULL },
	{ "/a/%2e/b", NULL },
	{ "/a/..;/b", NULL },
	{ "/a/..;x=y/b", NULL },
	{ "/a/.;/b", NULL },
	{ "/a/%2e.%3b/b", NULL },
	{ "/a%2Fb", NULL },
	{ "/a%2fb", NULL },
	{ "/a\\b", NULL },
	{ "/a%5Cb", NULL },
	{ "/a%5cb", NULL },
	{ "/a%00", NULL },
	{ "/a%", NULL },
	{ "/a%4", NULL },
	{ "/a%4?1", NULL },
	{ "/a%zz", NULL },
	{ "/a%+1", NULL },
	{ "/a%0x", NULL },
	{ "/a b", NULL },
	{ "/a\tb", NULL },
	{ "/a\nb", NULL },
	{ "/a\x7f", NULL },
	{ "/a#b", NULL },
};

static void a_path_has_one_form_or_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(paths); i++) {
		char to[WEIR_HTTPRULE_PATH_MAX];
		size_t n =
			weir_httprule_path(paths[i].path, strlen(paths[i].path),
					   to, sizeof(to));

		if (!paths[i].want && n)
			fail_msg("%s became %.*s", paths[i].path, (int)n, to);
		if (!paths[i].want)
			continue;
		if (n != strlen(paths[i].want) ||
		    memcmp(to, paths[i].want, n) != 0)
			fail_msg("%s became %.*s, not %s", paths[i].path,
				 (int)n, to, paths[i].want);
		/* it is its own form */
		CHECK_EQ(weir_httprule_path(paths[i].want, n, to, sizeof(to)),
			 n);
		CHECK_EQ(memcmp(to, paths[i].want, n), 0);
	}
}

static void a_path_with_a_zero_byte_is_refused(void **state)
{
	char to[WEIR_HTTPRULE_PATH_MAX];

	(void)state;
	CHECK_EQ(weir_httprule_path("/a\0b", 4, to, sizeof(to)), 0);
	CHECK_EQ(weir_httprule_path(NULL, 0, to, sizeof(to)), 0);
}

/* the window is of the exact size, for the sanitizers to watch */
static void every_truncation_of_a_path_is_safe(void **state)
{
	static const char path[] = "/%72epos//x%20y/..%2e/%41?%";
	char to[WEIR_HTTPRULE_PATH_MAX];

	(void)state;
	for (size_t n = 0; n < sizeof(path); n++) {
		char *cut = malloc(n ? n : 1);
		bool ends = n && (path[n - 1] == '%' ||
				  (n > 1 && path[n - 2] == '%'));
		bool whole = n && (n > sizeof(path) - 3 || !ends);

		CHECK(cut != NULL);
		memcpy(cut, path, n);
		if (n == 17 || n == 18) /* "." and ".." as the last segment */
			whole = false;
		CHECK_EQ(weir_httprule_path(cut, n, to, sizeof(to)) != 0,
			 whole);
		free(cut);
	}
}

static void the_longest_path_fits_and_no_longer_one(void **state)
{
	static char path[4 * WEIR_HTTPRULE_PATH_MAX];
	static char to[WEIR_HTTPRULE_PATH_MAX + 8];
	const size_t max = WEIR_HTTPRULE_PATH_MAX;

	(void)state;
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	CHECK_EQ(weir_httprule_path(path, max, to, sizeof(to)), max);
	CHECK_EQ(weir_httprule_path(path, max + 1, to, sizeof(to)), 0);
	CHECK_EQ(weir_httprule_path(path, 9, to, 9), 9);
	CHECK_EQ(weir_httprule_path(path, 10, to, 9), 0);
	/* a long query does not count */
	path[max] = '?';
	CHECK_EQ(weir_httprule_path(path, sizeof(path), to, sizeof(to)), max);
	/* nor slashes that become one */
	memset(path, '/', sizeof(path));
	CHECK_EQ(weir_httprule_path(path, sizeof(path), to, sizeof(to)), 1);
	/* what grows must fit, too */
	memset(path, '{', sizeof(path));
	path[0] = '/';
	CHECK_EQ(weir_httprule_path(path, (max - 1) / 3 + 1, to, sizeof(to)),
		 (max - 1) / 3 * 3 + 1);
	CHECK_EQ(weir_httprule_path(path, (max - 1) / 3 + 2, to, sizeof(to)),
		 0);
}

static void random_paths_end_in_a_form_that_stays(void **state)
{
	static const char bytes[] = "/.%2eF;a?\\5c{";
	char to[WEIR_HTTPRULE_PATH_MAX], again[WEIR_HTTPRULE_PATH_MAX];
	unsigned taken = 0;

	(void)state;
	seed = 3;
	for (unsigned i = 0; i < 200000; i++) {
		char path[12] = "/";
		size_t len = 1 + dice(11), n;

		for (size_t k = 1; k < len; k++)
			path[k] = bytes[dice(sizeof(bytes) - 1)];
		n = weir_httprule_path(path, len, to, sizeof(to));
		taken += n != 0;
		if (n == 0)
			continue;
		CHECK_EQ(to[0], '/');
		CHECK(memchr(to, '?', n) == NULL);
		for (size_t k = 1; k < n; k++)
			CHECK(to[k] != '/' || to[k - 1] != '/');
		CHECK_EQ(weir_httprule_path(to, n, again, sizeof(again)), n);
		CHECK_EQ(memcmp(to, again, n), 0);
	}
	CHECK(taken > 20000);
}

/* --- lines ---------------------------------------------------------------- */

static void a_line_is_a_method_and_a_path(void **state)
{
	static const char *const good[] = {
		"GET /",
		"* /",
		"POST /graphql",
		"M-SEARCH /x",
		"GET   /a/*/b",
		"* /**",
		"GET /a**b*c/",
		"GET /.well-known/*",
		"GET /a%20b/%C3%A9",
		"GET /v1/x:run",
	};

	(void)state;
	for (size_t i = 0; i < LEN(good); i++) {
		struct weir_httprule_line l = line(good[i], i & 1);

		CHECK_EQ(l.deny, i & 1);
		CHECK(l.method == good[i]);
		CHECK_EQ(l.method_len, strcspn(good[i], " "));
		CHECK(l.path == strchr(good[i], '/'));
		CHECK_EQ(l.path_len, strlen(l.path));
	}
}

/* @says: words that only this reason has */
static const struct {
	const char *text, *says;
} bad[] = {
	{ "", "METHOD PATH" },
	{ " ", "METHOD PATH" },
	{ " GET /", "METHOD PATH" },
	{ "/repos", "METHOD PATH" },
	{ "get /", "METHOD PATH" },
	{ "Get /", "METHOD PATH" },
	{ "G*T /", "METHOD PATH" },
	{ "** /", "METHOD PATH" },
	{ "GET\t/", "METHOD PATH" },
	{ "GET,POST /", "METHOD PATH" },
	{ "GET", "begins with /" },
	{ "GET ", "begins with /" },
	{ "GET repos", "begins with /" },
	{ "GET *", "begins with /" },
	{ "GET https://x/", "begins with /" },
	{ "GET /a?b", "query" },
	{ "GET /a#b", "query" },
	{ "GET /a b", "normal form" },
	{ "GET /a ", "normal form" },
	{ "GET /{id}", "normal form" },
	{ "GET /\xc3\xa9", "normal form" },
	{ "GET /%41", "normal form" },
	{ "GET /%3A", "normal form" },
	{ "GET /%c3%A9", "normal form" },
	{ "GET /%C3%a9", "normal form" },
	{ "GET /a%2Fb", "normal form" },
	{ "GET /a%5Cb", "normal form" },
	{ "GET /a%00b", "normal form" },
	{ "GET /a%2", "normal form" },
	{ "GET /a%", "normal form" },
	{ "GET /a%G0", "normal form" },
	{ "GET /a\\b", "normal form" },
	{ "GET /a//b", "one slash" },
	{ "GET //", "one slash" },
	{ "GET /***", "more stars" },
	{ "GET /a/./b", "segment . or .." },
	{ "GET /a/..", "segment . or .." },
	{ "GET /..;x", "segment . or .." },
};

static void what_is_no_line_is_refused_with_its_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(bad); i++) {
		struct weir_httprule_line l = { .path_len = 77 };
		const char *why = NULL;

		if (weir_httprule_parse(bad[i].text, strlen(bad[i].text), true,
					&l, &why))
			fail_msg("\"%s\" was taken", bad[i].text);
		CHECK(why != NULL);
		if (!strstr(why, bad[i].says))
			fail_msg("\"%s\": %s", bad[i].text, why);
		CHECK(strchr(why, '\n') == NULL);
		CHECK_EQ(l.path_len, 77);
	}
}

static void a_line_may_be_as_long_as_a_path(void **state)
{
	static char text[WEIR_HTTPRULE_PATH_MAX + 16];
	struct weir_httprule_line l;
	const char *why = NULL;
	size_t max = WEIR_HTTPRULE_PATH_MAX;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "GET /", 5);
	CHECK(weir_httprule_parse(text, 4 + max, false, &l, &why));
	CHECK(weir_httprule_has(&l, "GET", 3, text + 4, max));
	CHECK(!weir_httprule_has(&l, "GET", 3, text + 4, max - 1));
	CHECK(!weir_httprule_parse(text, 5 + max, false, &l, &why));
	CHECK(strstr(why, "too long") != NULL);
	/* what cannot be: a deny line has it, an allow line does not */
	l.path_len++;
	CHECK(!weir_httprule_has(&l, "GET", 3, "/", 1));
	l.deny = true;
	CHECK(weir_httprule_has(&l, "GET", 3, "/", 1));
}

static void every_truncation_of_a_line_is_safe(void **state)
{
	static const char text[] = "POST /a/**/b%20c/*";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		char *cut = malloc(n ? n : 1);
		struct weir_httprule_line l;
		const char *why;

		CHECK(cut != NULL);
		memcpy(cut, text, n);
		CHECK_EQ(weir_httprule_parse(cut, n, false, &l, &why),
			 n >= 6 && n != 13 && n != 14 && n != 19);
		free(cut);
	}
}

/* --- matching ------------------------------------------------------------- */

static const struct {
	const char *line, *method, *path;
	bool want;
} matches[] = {
	{ "GET /repos/*", "GET", "/repos/x", true },
	{ "GET /repos/*", "GET", "/repos/", false },
	{ "GET /repos/*", "GET", "/repos", false },
	{ "GET /repos/*", "GET", "/repos/x/y", false },
	{ "GET /repos/*", "GET", "/repos/x/", false },
	{ "GET /repos/*", "POST", "/repos/x", false },
	{ "GET /repos/*", "get", "/repos/x", false },
	{ "GET /repos/*", "GETX", "/repos/x", false },
	{ "GET /repos/*", "", "/repos/x", false },
	{ "* /repos/*", "BREW", "/repos/x", true },
	{ "* /repos/*/keys", "GET", "/repos/x/keys", true },
	{ "* /repos/*/keys", "GET", "/repos/x/keys/", false },
	{ "* /repos/*/keys", "GET", "/repos//keys", false },
	{ "* /repos/*/keys", "GET", "/repos/x/y/keys", false },
	{ "GET /repos/**", "GET", "/repos/x/y/", true },
	{ "GET /repos/**", "GET", "/repos/x", true },
	{ "GET /repos/**", "GET", "/repos/", false },
	{ "GET /**", "GET", "/x", true },
	{ "GET /**", "GET", "/", false },
	{ "GET /", "GET", "/", true },
	{ "GET /", "GET", "/x", false },
	{ "GET /**/keys", "GET", "/a/b/keys", true },
	{ "GET /**/keys", "GET", "/keys", false },
	{ "GET /**/keys", "GET", "/a/keys/b", false },
	{ "GET /**/keys/**", "GET", "/a/keys/b/keys/c", true },
	{ "GET /a*c", "GET", "/abc", true },
	{ "GET /a*c", "GET", "/ac", false },
	{ "GET /a*c", "GET", "/acc", true },
	{ "GET /a*c", "GET", "/a/c", false },
	{ "GET /a**c", "GET", "/a/c", true },
	{ "GET /a**c", "GET", "/ac", false },
	{ "GET /*.tar.gz", "GET", "/a.tar.tar.gz", true },
	{ "GET /*.tar.gz", "GET", "/.tar.gz", false },
	{ "GET /v1/*:run", "GET", "/v1/x:run", true },
	{ "GET /*/*", "GET", "/a/b", true },
	{ "GET /*/*", "GET", "/a/b/c", false },
	{ "GET /**/*", "GET", "/a/b/c", true },
	{ "GET /**/*", "GET", "/a", false },
	{ "GET /Repos", "GET", "/repos", false },
};

static void lines_match_as_they_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(matches); i++) {
		struct weir_httprule_line l = line(matches[i].line, false);

		if (weir_httprule_has(&l, matches[i].method,
				      strlen(matches[i].method),
				      matches[i].path,
				      strlen(matches[i].path)) !=
		    matches[i].want)
			fail_msg("%s: %s %s", matches[i].line,
				 matches[i].method, matches[i].path);
	}
}

static void a_deny_line_has_the_method_in_any_case(void **state)
{
	struct weir_httprule_line deny = line("DELETE /x", true);
	struct weir_httprule_line allow = line("DELETE /x", false);

	(void)state;
	CHECK(weir_httprule_has(&deny, "delete", 6, "/x", 2));
	CHECK(weir_httprule_has(&deny, "Delete", 6, "/x", 2));
	CHECK(!weir_httprule_has(&deny, "delet@", 6, "/x", 2));
	CHECK(!weir_httprule_has(&allow, "delete", 6, "/x", 2));
}

/* the slow and obvious way: every way a star can go */
static bool oracle(const char *line, const char *path)
{
	bool across = line[0] == '*' && line[1] == '*';

	if (!*line || !*path)
		return !*line && !*path;
	if (*line != '*')
		return *line == *path && oracle(line + 1, path + 1);
	for (size_t n = 1; path[n - 1]; n++) {
		if (!across && path[n - 1] == '/')
			return false;
		if (oracle(line + 1 + across, path + n))
			return true;
	}
	return false;
}

static void random_lines_agree_with_the_oracle(void **state)
{
	static const char bytes[] = "a/b*";
	unsigned matched = 0;

	(void)state;
	seed = 5;
	for (unsigned i = 0; i < 300000; i++) {
		char text[16] = "/", path[16] = "/";
		struct weir_httprule_line l = { .method = "*",
						.method_len = 1,
						.path = text };
		size_t n = dice(9), m = dice(10);
		bool has;

		for (size_t k = 1; k <= n; k++)
			text[k] = bytes[dice(4)];
		for (size_t k = 1; k <= m; k++)
			path[k] = bytes[dice(3)];
		l.path_len = (uint16_t)(n + 1);
		has = weir_httprule_has(&l, "GET", 3, path, m + 1);
		if (has != oracle(text, path))
			fail_msg("%s has %s", text, path);
		matched += has;
	}
	CHECK(matched > 3000);
}

/* places beyond the first word of bits */
static void long_lines_agree_with_the_oracle(void **state)
{
	char text[400], path[400];
	unsigned matched = 0;

	(void)state;
	seed = 6;
	for (unsigned i = 0; i < 20000; i++) {
		struct weir_httprule_line l = { .method = "*",
						.method_len = 1,
						.path = text };
		size_t same = 50 + dice(200), n = same, m = same;
		bool has;

		memset(text, 'x', sizeof(text));
		memset(path, 'x', sizeof(path));
		text[0] = path[0] = '/';
		text[1 + dice((uint32_t)same)] = '*';
		for (unsigned k = dice(6); k; k--)
			text[n++] = "a/b*"[dice(4)];
		for (unsigned k = dice(6); k; k--)
			path[m++] = "a/b"[dice(3)];
		text[n] = path[m] = '\0';
		l.path_len = (uint16_t)n;
		has = weir_httprule_has(&l, "GET", 3, path, m);
		if (has != oracle(text, path))
			fail_msg("%s has %s", text, path);
		matched += has;
	}
	CHECK(matched > 500);
}

/* Going back for each star would take 8192^30 steps here: it would not end. */
static void no_line_and_no_path_make_it_slow(void **state)
{
	static char path[WEIR_HTTPRULE_PATH_MAX];
	static const char *const hard[] = {
		"GET /*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*ab",
		"GET /**a**a**a**a**a**a**a**a**a**a**a**a**a**a**a**a**a**ab",
		"GET /**/**/**/**/**/**/**/**/**/**/**/**/**/**/**/**/**/**/b",
		"GET /**a*a**a*a**a*a**a*a**a*a**a*a**a*a**a*a**a*a**a*a**a*b",
	};

	(void)state;
	for (size_t i = 0; i < LEN(hard); i++) {
		struct weir_httprule_line l = line(hard[i], false);

		memset(path, 'a', sizeof(path));
		if (i == 2) {
			for (size_t k = 0; k < sizeof(path); k += 2)
				path[k] = '/';
		}
		path[0] = '/';
		for (unsigned k = 0; k < 100; k++)
			CHECK(!weir_httprule_has(&l, "GET", 3, path,
						 sizeof(path)));
		path[sizeof(path) - 1] = 'b';
		path[sizeof(path) - 2] = i == 2 ? '/' : 'a';
		CHECK(weir_httprule_has(&l, "GET", 3, path, sizeof(path)));
	}
}

/* --- the rows of tests/cases/policy.tsv ----------------------------------- */

static FILE *open_cases(void)
{
	const char *dir = getenv("WEIR_CASES");
	char path[4096] = "tests/cases/policy.tsv";
	FILE *f;

	if (dir) {
		snprintf(path, sizeof(path), "%s/policy.tsv", dir);
		return fopen(path, "r");
	}
	for (unsigned up = 0; up < 8; up++) {
		f = fopen(path, "r");
		if (f)
			return f;
		memmove(path + 3, path, strlen(path) + 1);
		memcpy(path, "../", 3);
	}
	return NULL;
}

/* does a line in the list that begins behind @at match? */
static bool list_has(char *at, bool deny, const char *method, const char *path,
		     size_t len)
{
	char *end = at ? strchr(at, ']') : NULL;

	while (at && (at = strchr(at, '"')) && at < end) {
		char *close = strchr(at + 1, '"');
		struct weir_httprule_line l;

		*close = '\0';
		l = line(at + 1, deny);
		if (weir_httprule_has(&l, method, strlen(method), path, len))
			return true;
		at = close + 1;
	}
	return false;
}

/* the entry's answer, from the text of the row */
static bool row_allows(char *config, char *question)
{
	char to[WEIR_HTTPRULE_PATH_MAX], *left;
	char *http = strstr(config, "http: ["), *deny, *allow;
	const char *method, *path;
	size_t n;

	CHECK_EQ(strcmp(strtok_r(question, " ", &left), "http"), 0);
	(void)strtok_r(NULL, " ", &left); /* the host */
	method = strtok_r(NULL, " ", &left);
	path = strtok_r(NULL, " '", &left);
	CHECK(http && path);
	deny = strstr(http, "deny: [");
	allow = strstr(http, "allow: [");
	n = weir_httprule_path(path, strlen(path), to, sizeof(to));
	return n && !list_has(deny, true, method, to, n) &&
	       list_has(allow, false, method, to, n);
}

static void the_rows_of_the_table_hold(void **state)
{
	FILE *f = open_cases();
	char row[4096];
	unsigned ran = 0;

	(void)state;
	if (!f)
		fail_msg("tests/cases/policy.tsv is not here: set WEIR_CASES");
	while (fgets(row, sizeof(row), f)) {
		char *at = row, *id = strsep(&at, "\t");
		char *config, *question, *verdict;

		if (strncmp(id, "http-", 5) != 0)
			continue;
		config = strsep(&at, "\t");
		question = strsep(&at, "\t");
		verdict = strsep(&at, "\t");
		if (row_allows(config, question) !=
		    (strcmp(verdict, "allow") == 0))
			fail_msg("%s is no %s", id, verdict);
		ran++;
	}
	fclose(f);
	CHECK(ran >= 9);
}

T_MAIN(T(a_path_has_one_form_or_is_refused),
       T(a_path_with_a_zero_byte_is_refused),
       T(every_truncation_of_a_path_is_safe),
       T(the_longest_path_fits_and_no_longer_one),
       T(random_paths_end_in_a_form_that_stays),
       T(a_line_is_a_method_and_a_path),
       T(what_is_no_line_is_refused_with_its_reason),
       T(a_line_may_be_as_long_as_a_path),
       T(every_truncation_of_a_line_is_safe), T(lines_match_as_they_say),
       T(a_deny_line_has_the_method_in_any_case),
       T(random_lines_agree_with_the_oracle),
       T(long_lines_agree_with_the_oracle), T(no_line_and_no_path_make_it_slow),
       T(the_rows_of_the_table_hold))
