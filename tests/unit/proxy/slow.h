/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slow.h - a second, slow reader, which knows nothing of lib/
 *
 * It reads the one form in which messages are written anew, and fails the test
 * at anything else: other line ends, white space, framings, names.
 */
#ifndef SLOW_H
#define SLOW_H

#include <stdbool.h>
#include <stddef.h>

#define SLOW_BODY 70000u

/** struct slow - a message; @fields: without those that frame, joined by | */
struct slow {
	char first[400], fields[4000], trailers[1000];
	char body[SLOW_BODY];
	size_t len;
	int status; /* 0: a request */
	bool close, chunked, whole;
};

/**
 * slow_read() - the message at the beginning of @text, which is terminated
 * @to_head: the answer is to HEAD
 * Return: its bytes; 0: not complete (@ret->first is there if its head is)
 */
size_t slow_read(const char *text, size_t len, bool to_head, struct slow *ret);

#endif /* SLOW_H */
