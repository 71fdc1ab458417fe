/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.h - what the two halves of the bench's load tool share.
 *
 * load is the client that runs in a guest, serve the server that runs in the
 * host namespace.  Both are plain programs that know nothing of Weir, so
 * that every tool measured carries exactly the same traffic.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
	LOAD_PORT_SINK = 7001,   /* reads to the end, answers with the count */
	LOAD_PORT_SOURCE = 7002, /* writes until the client has enough */
	LOAD_PORT_ECHO = 7010,   /* the first of LOAD_ECHOES echo ports */
	LOAD_ECHOES = 8,         /* several, so that tuples do not run out */
	LOAD_CHUNK = 128 * 1024, /* one write or read of bulk data */
	LOAD_DNS_MAX = 512,      /* largest DNS message here */
};

static inline _Noreturn void load_die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* "10.77.1.1" and a port in host order; what is no address ends the program. */
static inline struct sockaddr_in load_address(const char *text, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(port) };

	if (inet_pton(AF_INET, text, &a.sin_addr) != 1) {
		errno = EINVAL;
		load_die(text);
	}
	return a;
}

/*
 * Bulk data: a chunk's first byte says whether it is the last.  Every page is
 * written, for untouched memory is one page of zeros, which copies twice as fast
 * as any data does.
 */
static inline void load_fill(char *chunk)
{
	memset(chunk, 0x5a, LOAD_CHUNK);
	chunk[0] = 0;
}

/* As many descriptors as the hard limit lets us have. */
static inline void load_raise_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

#endif
