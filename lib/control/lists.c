/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lists.c - the files that rules name: one host a line
 *
 * A list may have a million lines, so it is read in large blocks and nothing
 * is kept of a line once it was handed on.  What is left of a block after its
 * last newline moves to the front, and the next block follows behind it; a
 * line that would not fit is too long anyway.
 */
#include "control/lists.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "control/excerpt.h"

#define BLOCK_BYTES (256u << 10)
#define NAME_SHOWN  120u /* the end of a longer path is shown */

/**
 * struct reader - a list being read
 * @buf, @have: BLOCK_BYTES, of which these hold what was read and not taken
 * @total: bytes of the file so far
 * @line: the one in hand, from 1
 */
struct reader {
	int fd;
	char *buf;
	size_t have, total;
	uint32_t line, hosts;
	const char *path;
	const struct weir_lists_take *take;
	char *why;
};

/* the sentence: the place, then what is wrong */
static bool refuse(struct reader *r, uint32_t line, const char *what)
{
	struct weir_text t = weir_text_over(r->why, WEIR_LISTS_WHY_BYTES);

	weir_excerpt_tail(&t, r->path, strlen(r->path), NAME_SHOWN);
	if (line) {
		weir_text_add(&t, ":");
		weir_text_add_u64(&t, line);
	}
	weir_text_add(&t, ": ");
	weir_text_add(&t, what);
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_binary(const char *at, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)at[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return true;
	}
	return false;
}

static bool take_host(struct reader *r, const char *at, size_t len,
		      size_t column)
{
	char what[WEIR_LISTS_WHY_BYTES] = "";

	for (size_t i = 0; i < len; i++)
		if (is_blank(at[i]))
			return refuse(r, r->line,
				      "there is more than one word on the "
				      "line: a list has one host a line, "
				      "nothing else");
	if (!r->take->host(r->take->ctx, at, len, column, what))
		return refuse(r, r->line, what);
	r->hosts++;
	return true;
}

static bool take_line(struct reader *r, const char *at, size_t len)
{
	const char *start = at, *end;

	r->line++;
	if (r->line > WEIR_LIST_NAMES_MAX)
		return refuse(r, r->line,
			      "a list has 1000000 lines at most: split it and "
			      "name both in the rule");
	if (len && at[len - 1] == '\r')
		len--;
	if (is_binary(at, len))
		return refuse(r, r->line,
			      "there are control characters in the line: a "
			      "list is a text file with one host a line");
	if (len > WEIR_LIST_LINE_BYTES)
		return refuse(r, r->line,
			      "the line is longer than 4096 bytes: a list has "
			      "one host a line");
	end = memchr(at, '#', len);
	if (!end)
		end = at + len;
	if (r->line == 1 && len >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	while (at < end && is_blank(*at))
		at++;
	while (at < end && is_blank(end[-1]))
		end--;
	if (at == end)
		return true;
	return take_host(r, at, (size_t)(end - at), (size_t)(at - start) + 1);
}

/* all whole lines in the buffer; what is left moves to its front */
static bool take_lines(struct reader *r)
{
	const char *at = r->buf;
	size_t left = r->have;

	while (left) {
		const char *nl = memchr(at, '\n', left);

		if (!nl)
			break;
		if (!take_line(r, at, (size_t)(nl - at)))
			return false;
		left -= (size_t)(nl - at) + 1;
		at = nl + 1;
	}
	memmove(r->buf, at, left);
	r->have = left;
	if (left <= WEIR_LIST_LINE_BYTES + 1)
		return true;
	return take_line(r, r->buf, left); /* which says that it is too long */
}

static bool fail(struct reader *r, int err)
{
	char what[128];

	snprintf(what, sizeof(what), "the list cannot be read: %s",
		 strerror(err));
	return refuse(r, 0, what);
}

static bool read_all(struct reader *r)
{
	for (;;) {
		ssize_t n =
			read(r->fd, r->buf + r->have, BLOCK_BYTES - r->have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(r, errno);
		if (n == 0)
			return r->have == 0 || take_line(r, r->buf, r->have);
		r->have += (size_t)n;
		r->total += (size_t)n;
		if (r->total > WEIR_LIST_BYTES)
			return refuse(r, 0,
				      "a list is 128 MiB long at most: split "
				      "it and name both in the rule");
		if (!take_lines(r))
			return false;
	}
}

static bool open_list(struct reader *r)
{
	struct stat st;

	/* a FIFO must not make us wait for its other end */
	r->fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (r->fd < 0)
		return fail(r, errno);
	if (fstat(r->fd, &st))
		return fail(r, errno);
	if (S_ISDIR(st.st_mode))
		return refuse(r, 0,
			      "that is a directory: name a file with one host "
			      "a line");
	if (!S_ISREG(st.st_mode))
		return refuse(r, 0,
			      "that is no regular file: a list is a text file "
			      "with one host a line");
	return true;
}

/* DIR/PATH, or PATH alone; terminated */
static bool join(const char *dir, const char *path, size_t len,
		 char ret[PATH_MAX])
{
	struct weir_text t = weir_text_over(ret, PATH_MAX);

	if (len == 0 || memchr(path, 0, len))
		return false;
	if (dir && path[0] != '/') {
		weir_text_add(&t, dir);
		weir_text_add(&t, "/");
	}
	weir_text_add_bytes(&t, path, len);
	return weir_text_ok(&t);
}

bool weir_lists_read(const char *dir, const char *path, size_t len,
		     const struct weir_lists_take *take, uint32_t *ret_n,
		     char why[WEIR_LISTS_WHY_BYTES])
{
	char full[PATH_MAX];
	struct reader r = { .fd = -1, .path = full, .take = take };
	bool ok = false;

	r.why = why;
	if (!join(dir, path, len, full)) {
		r.path = "file:";
		return refuse(&r, 0,
			      "the path is empty, too long or not text: name "
			      "a file with one host a line");
	}
	r.buf = malloc(BLOCK_BYTES);
	if (!r.buf)
		return refuse(&r, 0, "out of memory");
	if (open_list(&r))
		ok = read_all(&r);
	if (r.fd >= 0)
		close(r.fd);
	free(r.buf);
	if (ok)
		*ret_n = r.hosts;
	return ok;
}
