/* SPDX-License-Identifier: Apache-2.0 */
/* slow.c - a second, slow reader, which knows nothing of lib/ */
#include "slow.h"

#include <ctype.h>
#include <strings.h>

#include "../t.h"

/* one line, without its end; NULL: not here */
static const char *line(const char *at, char *to, size_t room)
{
	const char *end = strstr(at, "\r\n");

	if (!end)
		return NULL;
	CHECK((size_t)(end - at) < room);
	CHECK(!memchr(at, '\n', (size_t)(end - at)));
	CHECK(!memchr(at, '\r', (size_t)(end - at)));
	memcpy(to, at, (size_t)(end - at));
	to[end - at] = 0;
	return end + 2;
}

static void check_field(char *text)
{
	char *colon = strchr(text, ':');

	CHECK(colon && colon > text && colon[1] == ' ');
	CHECK(colon[2] != ' ' && colon[2] != '\t');
	CHECK(!isspace((unsigned char)text[strlen(text) - 1]) || !colon[2]);
	for (char *c = text; c < colon; c++)
		CHECK(isalnum((unsigned char)*c) || *c == '-' || *c == '_');
}

/* lines up to the empty one, joined; NULL: not here */
static const char *block(const char *at, char *to, size_t room, long long *len,
			 struct slow *m)
{
	char text[20000];

	*to = 0;
	while ((at = line(at, text, sizeof(text))) && text[0]) {
		check_field(text);
		CHECK(strncasecmp(text, "keep-alive:", 11) != 0);
		if (strncasecmp(text, "content-length: ", 16) == 0) {
			CHECK_EQ(*len, -1);
			CHECK(isdigit((unsigned char)text[16]));
			*len = atoll(text + 16);
		} else if (strncasecmp(text, "transfer-encoding:", 18) == 0) {
			CHECK(strcmp(text, "Transfer-Encoding: chunked") == 0);
			CHECK(!m->chunked);
			m->chunked = true;
		} else if (strncasecmp(text, "connection:", 11) == 0) {
			m->close = strstr(text, "close") != NULL;
		} else {
			CHECK(strlen(to) + strlen(text) + 2 < room);
			strcat(strcat(to, text), "|");
		}
	}
	CHECK(!m->chunked || *len == -1);
	return at;
}

static const char *chunks(const char *at, const char *end, struct slow *m)
{
	char text[100];
	long long none = -1;
	struct slow dummy = { .status = 0 };

	for (;;) {
		unsigned long n;
		char *rest;

		at = line(at, text, sizeof(text));
		if (!at)
			return NULL;
		CHECK(isxdigit((unsigned char)text[0]));
		CHECK(text[0] != '0' || text[1] == 0);
		n = strtoul(text, &rest, 16);
		CHECK(*rest == 0);
		if (n == 0)
			break;
		if ((size_t)(end - at) < n + 2)
			return NULL;
		CHECK(m->len + n <= SLOW_BODY);
		memcpy(m->body + m->len, at, n);
		m->len += n;
		at += n;
		CHECK(at[0] == '\r' && at[1] == '\n');
		at += 2;
	}
	at = block(at, m->trailers, sizeof(m->trailers), &none, &dummy);
	CHECK(none == -1 && !dummy.chunked);
	return at;
}

size_t slow_read(const char *text, size_t len, bool to_head, struct slow *m)
{
	const char *end = text + len, *at;
	long long length = -1;

	memset(m, 0, sizeof(*m));
	at = line(text, m->first, sizeof(m->first));
	if (!at)
		return 0;
	if (strncmp(m->first, "HTTP/1.1 ", 9) == 0)
		m->status = atoi(m->first + 9);
	else
		CHECK(strcmp(m->first + strlen(m->first) - 9, " HTTP/1.1") ==
		      0);
	at = block(at, m->fields, sizeof(m->fields), &length, m);
	if (!at) {
		m->first[0] = 0;
		return 0;
	}
	if (m->status / 100 == 1 || m->status == 204 || m->status == 304 ||
	    to_head) {
		m->whole = true;
		return (size_t)(at - text);
	}
	if (m->chunked) {
		at = chunks(at, end, m);
		m->whole = at;
		return at ? (size_t)(at - text) : 0;
	}
	CHECK(!m->status || length >= 0); /* nothing ends with its stream */
	length = length < 0 ? 0 : length;
	if (end - at < length)
		return 0;
	CHECK(length <= SLOW_BODY);
	memcpy(m->body, at, (size_t)length);
	m->len = (size_t)length;
	m->whole = true;
	return (size_t)(at - text) + (size_t)length;
}
