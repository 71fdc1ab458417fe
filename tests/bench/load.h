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
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	LOAD_PORT_SINK = 7001,   /* reads to the end, answers with the count */
	LOAD_PORT_SOURCE = 7002, /* writes until the client has enough */
	LOAD_PORT_ORDERS = 7003, /* see dgram.h */
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

static inline double load_now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Where it is @gated: say @word and wait for the runner's next line. */
static inline void load_gate(bool gated, const char *word)
{
	char line[16];

	fflush(stdout);
	if (!gated)
		return;
	if (*word)
		puts(word);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(1);
}

/*
 * The kernel's default may pace by its own clock (bbr), which measures that
 * clock.  Only reno is in every kernel and free to everybody; where a round
 * trip is microseconds cubic does the same.
 */
static inline void load_choose_congestion(int fd)
{
	const char *name = getenv("BENCH_CC");

	if (!name)
		name = "reno";
	if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name,
		       (socklen_t)strlen(name)) < 0)
		load_die(name);
}

/* A TCP connection, -1 if there is none. */
static inline int load_dial(const char *address, uint16_t port)
{
	struct sockaddr_in to = load_address(address, port);
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	load_choose_congestion(fd);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

static inline bool load_read_all(int fd, void *to, size_t len)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, (char *)to + got, len - got);

		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	return true;
}

static inline int load_by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static inline long load_number(const char *text, long max)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end != 0 || n < 0 || n > max) {
		errno = EINVAL;
		load_die(text);
	}
	return n;
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
