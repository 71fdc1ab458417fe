/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httprule.h - method and path of a request against the lines of an entry
 *
 *	line   := METHOD PATH          METHOD: a token in upper case, or *
 *	PATH   := begins with /        * within a segment, ** across segments
 *
 * `*` and `**` do not match nothing; a trailing slash counts; // is one slash.
 * A path that could mean another (%2F, `.` or `..` as a segment, also when
 * percent-encoded or followed by a semicolon, a NUL, a backslash, a fragment,
 * white space, an escape that is none) is refused whatever the lines say.
 */
#ifndef WEIR_POLICY_HTTPRULE_H
#define WEIR_POLICY_HTTPRULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "policy/pattern.h"

/** struct weir_httprule_line - one line; borrows the text it was read from */
struct weir_httprule_line {
	bool deny;
	const char *method, *path; /* not terminated; method "*": any */
	uint16_t method_len, path_len;
};

/** struct weir_httprule_entry - the lines of one host pattern; borrowed */
struct weir_httprule_entry {
	struct weir_pattern host;
	const struct weir_httprule_line *line;
	uint32_t n_lines;
};

/**
 * weir_httprule_parse() - read a line
 * @deny: it stands in the deny list
 * @ret:  written on success; borrows @text
 * @ret_why: written on failure: one sentence, a constant, with the remedy
 *
 * The path must be written in the form that is judged, see
 * weir_httprule_path(): a line that could never match is an error.
 */
bool weir_httprule_parse(const char *text, size_t len, bool deny,
			 struct weir_httprule_line *ret, const char **ret_why);

/**
 * weir_httprule_path() - the path of a request in the form that is judged
 * @path: as in the request line; the query is cut off
 * @room: of @to, at least WEIR_HTTPRULE_PATH_MAX
 *
 * // becomes /; characters that may stand in a path as they are do so, also
 * if they came percent-encoded (RFC 3986 3.3; more than 6.2.2.2 asks for,
 * because servers read them alike); all others are percent-encoded in upper
 * case.
 * Return: its length; 0 if the path is refused or, in this form, longer than
 * WEIR_HTTPRULE_PATH_MAX.
 */
size_t weir_httprule_path(const char *path, size_t len, char *to, size_t room);

/**
 * weir_httprule_has() - does a line match?  @path from weir_httprule_path()
 *
 * An allow line wants the method as written (RFC 9110 9.1); a deny line has it
 * in any case, because some servers do.
 * Bounds: not more than length of the line times length of the path.
 */
bool weir_httprule_has(const struct weir_httprule_line *l, const char *method,
		       size_t method_len, const char *path, size_t path_len);

#endif /* WEIR_POLICY_HTTPRULE_H */
