/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lists.h - the files that rules name: one host a line
 *
 * Blank lines and lines that begin with # are passed over, what follows a #
 * too; lines may end as those of DOS do.
 */
#ifndef WEIR_CONTROL_LISTS_H
#define WEIR_CONTROL_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEIR_LISTS_WHY_BYTES 400u

/**
 * struct weir_lists_take - who gets the hosts
 * @host: one host; @text is @len bytes, not terminated, without blanks around
 *        it, borrowed for the call; @column: from 1, where it begins.  It
 *        returns false if that is no host, having written a sentence without
 *        the place into @why
 */
struct weir_lists_take {
	bool (*host)(void *ctx, const char *text, size_t len, size_t column,
		     char why[WEIR_LISTS_WHY_BYTES]);
	void *ctx;
};

/**
 * weir_lists_read() - read one
 * @dir:  what a relative path is relative to; NULL: the working directory
 * @path: @len bytes, not terminated
 * @take: called for each host, in their order
 * @ret_n: how many hosts there were; written on success
 * @why:  on failure one sentence: FILE:LINE, what, the remedy
 *
 * Memory: a block of 256 KiB, whatever the length of the file.
 * Return: false if it cannot be read, is no regular file, is longer than
 * WEIR_LIST_BYTES or WEIR_LIST_NAMES_MAX lines, has a line longer than
 * WEIR_LIST_LINE_BYTES or with control characters, or @take refused a line.
 */
bool weir_lists_read(const char *dir, const char *path, size_t len,
		     const struct weir_lists_take *take, uint32_t *ret_n,
		     char why[WEIR_LISTS_WHY_BYTES]);

#endif /* WEIR_CONTROL_LISTS_H */
