/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httprule.c - method and path of a request against the lines of an entry
 *
 * A request's path is first brought into one form, or refused; lines are
 * written in that form.  So matching compares bytes.
 *
 * Matching follows all ways at once: a bit for each place in the line's path
 * that the request's bytes so far may have led to.
 *
 *	at a byte	it equals the next one: one place on
 *	at *		any byte but a slash: stay, and one place on
 *	at **		any byte: stay, and one place on
 *
 * `*` and `**` take a byte before they are left, so they never match nothing,
 * and no place leads to another without a byte.  There is no going back, hence
 * no line and no path that makes it slow.
 *
 * RFC 3986 3.3 (path), 6.2.2 (normal form), 9110 9.1 (methods).
 */
#include "policy/httprule.h"

#include <string.h>

#define PATH_MAX_BYTES WEIR_HTTPRULE_PATH_MAX
#define WORDS          (PATH_MAX_BYTES / 64 + 1) /* a place behind the last */

_Static_assert(PATH_MAX_BYTES == 8192, "a sentence below says so");

static bool is_in(char c, const char *set, size_t n)
{
	return memchr(set, c, n) != NULL;
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* what stands in a path as it is: pchar and / (RFC 3986 3.3) */
static bool is_plain(char c)
{
	static const char marks[] = "-._~!$&'()*+,;=:@/";

	return is_upper(c) || (c >= 'a' && c <= 'z') || is_digit(c) ||
	       is_in(c, marks, sizeof(marks) - 1);
}

static int hex_of(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* the path's next byte, unescaped; how many it is made of, 0 if refused */
static size_t next_byte(const char *path, size_t len, char *ret)
{
	int high, low;

	*ret = *path;
	if (*path != '%')
		return (uint8_t)*path > ' ' && *path != 0x7f && *path != '#' &&
		       *path != '\\';
	if (len < 3)
		return 0;
	high = hex_of(path[1]);
	low = hex_of(path[2]);
	if (high < 0 || low < 0)
		return 0;
	*ret = (char)(uint8_t)(high << 4 | low);
	return *ret == '\0' || *ret == '/' || *ret == '\\' ? 0 : 3;
}

/* is a segment, up to its semicolon, `.` or `..`? */
static bool has_dots(const char *path, size_t len)
{
	size_t at = 0;

	while (at < len) {
		size_t dots = 0;

		at++; /* the slash */
		while (at < len && path[at] == '.') {
			at++;
			dots++;
		}
		if ((dots == 1 || dots == 2) &&
		    (at == len || path[at] == '/' || path[at] == ';'))
			return true;
		while (at < len && path[at] != '/')
			at++;
	}
	return false;
}

size_t weir_httprule_path(const char *path, size_t len, char *to, size_t room)
{
	static const char hex[] = "0123456789ABCDEF";
	const char *query = len ? memchr(path, '?', len) : NULL;
	size_t out = 0, took;
	char c;

	if (query)
		len = (size_t)(query - path);
	if (room > PATH_MAX_BYTES)
		room = PATH_MAX_BYTES;
	if (len == 0 || *path != '/')
		return 0;
	for (size_t at = 0; at < len; at += took) {
		size_t need;

		took = next_byte(path + at, len - at, &c);
		need = is_plain(c) ? 1 : 3;
		if (took == 0)
			return 0;
		if (c == '/' && out && to[out - 1] == '/')
			continue;
		if (room - out < need)
			return 0;
		if (need == 3) {
			to[out++] = '%';
			to[out++] = hex[(uint8_t)c >> 4];
			to[out++] = hex[(uint8_t)c & 0xf];
		} else {
			to[out++] = c;
		}
	}
	return has_dots(to, out) ? 0 : out;
}

/* reading a line */

static bool is_method(const char *s, size_t len)
{
	static const char marks[] = "!#$%&'+-.^_`|~";

	if (len == 1 && *s == '*')
		return true;
	for (size_t i = 0; i < len; i++) {
		if (!is_upper(s[i]) && !is_digit(s[i]) &&
		    !is_in(s[i], marks, sizeof(marks) - 1))
			return false;
	}
	return len != 0;
}

/* is an escape in the form that is judged? */
static bool is_escape(const char *s, size_t len)
{
	char c;

	return next_byte(s, len, &c) == 3 && !is_plain(c) && !(s[1] >= 'a') &&
	       !(s[2] >= 'a');
}

/* what is wrong with a line's path; NULL if nothing */
static const char *path_fault(const char *s, size_t len)
{
	if (len == 0 || *s != '/')
		return "the path of an HTTP rule begins with /";
	if (len > PATH_MAX_BYTES)
		return "the path of an HTTP rule is too long: no request with "
		       "a path of more than 8192 bytes is allowed";
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '?' || s[i] == '#')
			return "an HTTP rule is about the path: leave out the "
			       "query; a question mark in a path is %3F";
		if (s[i] == '%' ? !is_escape(s + i, len - i) : !is_plain(s[i]))
			return "write the path of an HTTP rule in its normal "
			       "form: what may stand in a path as it is, "
			       "without escape; all else as %XX in upper case; "
			       "%2F never matches";
		if (s[i] == '/' && i && s[i - 1] == '/')
			return "write one slash: // in a path is the same";
		if (i >= 2 && s[i] == '*' && s[i - 1] == '*' && s[i - 2] == '*')
			return "write * (within a segment) or ** (across "
			       "segments), not more stars";
	}
	return has_dots(s, len) ? "a segment . or .. never matches: requests "
				  "with such a path are refused"
				: NULL;
}

bool weir_httprule_parse(const char *text, size_t len, bool deny,
			 struct weir_httprule_line *ret, const char **ret_why)
{
	const char *space = len ? memchr(text, ' ', len) : NULL;
	size_t method = space ? (size_t)(space - text) : len, at = method;
	const char *why;

	while (at < len && text[at] == ' ')
		at++;
	if (!is_method(text, method))
		why = "an HTTP rule is METHOD PATH, as in \"GET /repos/*\": "
		      "the method in upper case, or * for any";
	else if (method > UINT16_MAX)
		why = "the method of an HTTP rule is too long";
	else
		why = path_fault(text + at, len - at);
	if (why) {
		*ret_why = why;
		return false;
	}
	*ret = (struct weir_httprule_line){ .deny = deny,
					    .method = text,
					    .path = text + at,
					    .method_len = (uint16_t)method,
					    .path_len = (uint16_t)(len - at) };
	return true;
}

/* matching */

static bool has_method(const struct weir_httprule_line *l, const char *method,
		       size_t len)
{
	if (l->method_len == 1 && l->method[0] == '*')
		return true;
	if (l->method_len != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = method[i];

		if (l->deny && c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (c != l->method[i])
			return false;
	}
	return true;
}

/* struct places - a bit for each place in a line's path */
struct places {
	uint64_t w[WORDS];
};

static void set(struct places *p, size_t at)
{
	p->w[at / 64] |= UINT64_C(1) << at % 64;
}

/* where @c leads from place @at of the line */
static void step(const struct weir_httprule_line *l, size_t at, char c,
		 struct places *to)
{
	size_t after = at + 1;

	if (at == l->path_len)
		return; /* the line ended before the path */
	if (l->path[at] != '*') {
		if (l->path[at] == c)
			set(to, after);
		return;
	}
	if (after < l->path_len && l->path[after] == '*')
		after++;
	else if (c == '/')
		return;
	set(to, at);
	set(to, after);
}

static bool has_path(const struct weir_httprule_line *l, const char *path,
		     size_t len)
{
	size_t words = l->path_len / 64u + 1u;
	struct places now, next;
	uint64_t any = 1; /* no place is left: no way leads on */

	memset(now.w, 0, words * sizeof(now.w[0]));
	set(&now, 0);
	for (size_t i = 0; i < len && any; i++) {
		memset(next.w, 0, words * sizeof(next.w[0]));
		any = 0;
		for (size_t w = 0; w < words; w++) {
			uint64_t left = now.w[w];

			for (; left; left &= left - 1)
				step(l, w * 64 + (size_t)__builtin_ctzll(left),
				     path[i], &next);
			any |= next.w[w]; /* steps lead forward: it is final */
		}
		memcpy(now.w, next.w, words * sizeof(now.w[0]));
	}
	return now.w[l->path_len / 64u] >> l->path_len % 64u & 1;
}

bool weir_httprule_has(const struct weir_httprule_line *l, const char *method,
		       size_t method_len, const char *path, size_t path_len)
{
	if (l->path_len > PATH_MAX_BYTES || path_len > PATH_MAX_BYTES)
		return l->deny; /* neither can be */
	return has_method(l, method, method_len) && has_path(l, path, path_len);
}
