/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.c - the bench's traffic: the one client for every tool measured.
 *
 *   load up ADDR STREAMS SECONDS    BYTES SECONDS, counted by the receiver
 *   load down ADDR STREAMS SECONDS  BYTES SECONDS
 *   load pingpong ADDR SIZE SECONDS COUNT P50 P99, microseconds
 *   load connect ADDR K SECONDS     DONE ERRORS SECONDS, K at a time
 *   load request ADDR K SECONDS     the same: connect, 64 B there and back, close
 *   load hold ADDR COUNT            HELD idle connections, until told to end
 *   load dns ADDR SECONDS           ANSWERS SECONDS, 100 names, 16 at a time
 *   load denied ADDR SECONDS        the same of answers that there is no such name
 *   load first ADDR                 the wall clock when the first echo came back
 *
 * With -g first it is gated: it prints "ready" once it could begin, waits for
 * a line on stdin, prints its figures, and waits for another line before it
 * ends; so the runner can read other processes' counters at both ends.
 * -p adds a number to every port, for servers behind published ones.
 * ADDR may be a name: then each bulk stream begins with a ClientHello that shows
 * it (hello.h), which is also what `request` sends there and back.
 * Datagrams and rates are dgram.c's.
 */
#include "load.h"
#include "hello.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	GRACE_S = 20,         /* a client that hangs this long dies */
	ROUNDS_MAX = 4 << 20, /* round trips remembered */
	SLOTS_MAX = 256,      /* connections in flight */
	REQUEST = 64,         /* bytes of a request and of its answer */
	NXDOMAIN = 3,
	STREAMS_MAX = 64, /* bulk streams */
	NAMES = 100,      /* names asked */
	WINDOW = 16,      /* questions in flight */
};

static bool gated;
static uint16_t shift; /* what is added to every port: see -p */
static uint8_t hello[HELLO_BYTES];
static size_t request_len = REQUEST; /* HELLO_BYTES if there is a hello */

static double now(clockid_t clock)
{
	return load_now(clock);
}

static void gate(const char *word)
{
	load_gate(gated, word);
}

static int dial(const char *address, uint16_t port)
{
	return load_dial(address, (uint16_t)(port + shift));
}

/* ---- bulk ---- */

struct stream {
	pthread_t thread;
	int fd;
	bool up;
	double until;
	uint64_t bytes;
};

static bool write_all(int fd, const void *from, size_t len)
{
	size_t put = 0;

	while (put < len) {
		ssize_t n = write(fd, (const char *)from + put, len - put);

		if (n <= 0)
			return false;
		put += (size_t)n;
	}
	return true;
}

static bool show_name(int fd)
{
	return request_len == REQUEST || write_all(fd, hello, sizeof(hello));
}

/* Up: chunks until time is up, the last one marked; the receiver counts. */
static void carry_up(struct stream *s, char *chunk)
{
	while (chunk[0] == 0) {
		chunk[0] = now(CLOCK_MONOTONIC) >= s->until;
		if (!write_all(s->fd, chunk, LOAD_CHUNK))
			load_die("write");
	}
	if (!load_read_all(s->fd, &s->bytes, sizeof(s->bytes)))
		load_die("the receiver's count");
}

static void carry_down(struct stream *s, char *chunk)
{
	while (now(CLOCK_MONOTONIC) < s->until) {
		ssize_t n = read(s->fd, chunk, LOAD_CHUNK);

		if (n <= 0)
			load_die("read");
		s->bytes += (uint64_t)n;
	}
}

static void *carry(void *arg)
{
	struct stream *s = arg;
	char *chunk = malloc(LOAD_CHUNK);

	if (!chunk)
		load_die("memory");
	load_fill(chunk);
	if (s->up)
		carry_up(s, chunk);
	else
		carry_down(s, chunk);
	close(s->fd);
	free(chunk);
	return NULL;
}

static void bulk(const char *address, bool up, int streams, double seconds)
{
	struct stream s[STREAMS_MAX];
	uint64_t bytes = 0;
	double start;

	for (int i = 0; i < streams; i++) {
		s[i] = (struct stream){ .up = up };
		s[i].fd = dial(address, up ? LOAD_PORT_SINK : LOAD_PORT_SOURCE);
		if (s[i].fd < 0 || !show_name(s[i].fd))
			load_die("connect");
	}
	gate("ready");
	start = now(CLOCK_MONOTONIC);
	for (int i = 0; i < streams; i++) {
		s[i].until = start + seconds;
		if (pthread_create(&s[i].thread, NULL, carry, &s[i]) != 0)
			load_die("thread");
	}
	for (int i = 0; i < streams; i++) {
		pthread_join(s[i].thread, NULL);
		bytes += s[i].bytes;
	}
	printf("%llu %.6f\n", (unsigned long long)bytes,
	       now(CLOCK_MONOTONIC) - start);
	gate("");
}

/* ---- request and response on one connection ---- */

static void pingpong(const char *address, size_t size, double seconds)
{
	float *us = calloc(ROUNDS_MAX, sizeof(*us));
	char *chunk = calloc(1, size);
	int fd = dial(address, LOAD_PORT_ECHO);
	size_t n = 0;
	double start, t;

	if (fd < 0 || !us || !chunk)
		load_die("connect");
	gate("ready");
	start = t = now(CLOCK_MONOTONIC);
	while (t < start + seconds && n < ROUNDS_MAX) {
		double after;

		if (write(fd, chunk, size) != (ssize_t)size ||
		    !load_read_all(fd, chunk, size))
			load_die("echo");
		after = now(CLOCK_MONOTONIC);
		us[n++] = (float)((after - t) * 1e6);
		t = after;
	}
	qsort(us, n, sizeof(*us), load_by_value);
	printf("%zu %.2f %.2f\n", n, (double)us[n / 2],
	       (double)us[n * 99 / 100]);
	gate("");
	free(us);
	free(chunk);
}

/* ---- connection storm ---- */

struct storm {
	const char *address;
	bool request; /* send and await an answer before closing */
	int epoll;
	int fd[SLOTS_MAX];
	bool asked[SLOTS_MAX];
	uint64_t started, done, errors;
};

static void storm_next(struct storm *s, uint32_t slot)
{
	uint16_t port = (uint16_t)(LOAD_PORT_ECHO + s->started++ % LOAD_ECHOES);
	struct sockaddr_in to =
		load_address(s->address, (uint16_t)(port + shift));
	struct linger reset = { .l_onoff = 1 };
	struct epoll_event ev = { .events = EPOLLOUT, .data.u32 = slot };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		load_die("socket");
	load_choose_congestion(fd);
	/* Connect-only ends with a reset: no TIME-WAIT eats the ports. */
	if (!s->request)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset,
				 sizeof(reset));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 &&
	    errno != EINPROGRESS)
		load_die("connect");
	s->fd[slot] = fd;
	s->asked[slot] = false;
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
		load_die("epoll");
}

/* The connection in @slot can write or read: one step further. */
static void storm_step(struct storm *s, uint32_t slot)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = slot };
	uint8_t bytes[HELLO_BYTES];
	int fd = s->fd[slot];
	int error = 0;
	socklen_t len = sizeof(error);

	if (!s->asked[slot]) {
		(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
		if (error == 0 && s->request) {
			s->asked[slot] = true;
			if (write(fd, hello, request_len) ==
				    (ssize_t)request_len &&
			    epoll_ctl(s->epoll, EPOLL_CTL_MOD, fd, &ev) == 0)
				return;
			error = EIO;
		}
	} else if (read(fd, bytes, request_len) != (ssize_t)request_len) {
		error = EIO;
	}
	close(fd);
	if (error)
		s->errors++;
	else
		s->done++;
	storm_next(s, slot);
}

static void storm(const char *address, bool request, uint32_t k, double seconds)
{
	struct storm s = { .address = address, .request = request };
	struct epoll_event ev[SLOTS_MAX];
	double start, t;

	s.epoll = epoll_create1(EPOLL_CLOEXEC);
	gate("ready");
	start = t = now(CLOCK_MONOTONIC);
	for (uint32_t i = 0; i < k; i++)
		storm_next(&s, i);
	while (t < start + seconds) {
		int n = epoll_wait(s.epoll, ev, SLOTS_MAX, 100);

		for (int i = 0; i < n; i++)
			storm_step(&s, ev[i].data.u32);
		t = now(CLOCK_MONOTONIC);
	}
	printf("%llu %llu %.6f\n", (unsigned long long)s.done,
	       (unsigned long long)s.errors, t - start);
	gate("");
}

/* ---- idle connections ---- */

static void hold(const char *address, int count)
{
	double until = now(CLOCK_MONOTONIC) + GRACE_S;
	int held = 0;

	while (held < count && now(CLOCK_MONOTONIC) < until) {
		uint16_t port = (uint16_t)(LOAD_PORT_ECHO + held % LOAD_ECHOES);

		if (dial(address, port) < 0)
			break;
		held++;
	}
	alarm(0);
	printf("%d\n", held);
	gate("");
}

/* ---- names ---- */

static void ask(int fd, unsigned n)
{
	uint8_t m[LOAD_DNS_MAX] = { 0 };
	char label[8];
	size_t at = 12, len;

	len = (size_t)snprintf(label, sizeof(label), "n%u", n % NAMES);
	m[0] = (uint8_t)(n >> 8);
	m[1] = (uint8_t)n;
	m[2] = 1; /* RD */
	m[5] = 1;
	m[at++] = (uint8_t)len;
	memcpy(m + at, label, len);
	at += len;
	memcpy(m + at, "\5bench\7example\0\0\1\0\1", 19);
	if (write(fd, m, at + 19) < 0 && errno != EAGAIN &&
	    errno != ECONNREFUSED)
		load_die("ask");
}

/*
 * Ask and take answers with @rcode until @count came or @until passed: how many
 * came.
 */
static uint64_t ask_many(int fd, int rcode, uint64_t count, double until)
{
	uint8_t m[LOAD_DNS_MAX];
	uint64_t answers = 0;
	unsigned asked = 0;

	for (int i = 0; i < WINDOW; i++)
		ask(fd, asked++);
	while (answers < count && now(CLOCK_MONOTONIC) < until) {
		ssize_t n = read(fd, m, sizeof(m));

		if (n < 12) { /* lost, by the receive timeout: fill up again */
			for (int i = 0; i < WINDOW; i++)
				ask(fd, asked++);
			continue;
		}
		if ((m[3] & 15) == rcode && (rcode != 0 || m[7] > 0))
			answers++;
		ask(fd, asked++);
	}
	return answers;
}

static void dns(const char *address, int rcode, double seconds)
{
	struct sockaddr_in to = load_address(address, 53);
	struct timeval patience = { .tv_usec = 100000 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t answers;
	double start;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)) < 0)
		load_die("dns");
	start = now(CLOCK_MONOTONIC);
	if (ask_many(fd, rcode, (uint64_t)NAMES * 2, start + 5) == 0) {
		errno = ETIMEDOUT;
		load_die("dns: no answer");
	}
	gate("ready");
	start = now(CLOCK_MONOTONIC);
	answers = ask_many(fd, rcode, UINT64_MAX, start + seconds);
	printf("%llu %.6f\n", (unsigned long long)answers,
	       now(CLOCK_MONOTONIC) - start);
	gate("");
}

/* ---- start ---- */

static void first(const char *address)
{
	const struct timespec again = { .tv_nsec = 200000 };
	char byte = 0;
	int fd;

	while ((fd = dial(address, LOAD_PORT_ECHO)) < 0)
		nanosleep(&again, NULL);
	if (write(fd, &byte, 1) != 1 || !load_read_all(fd, &byte, 1))
		load_die("echo");
	printf("%.6f\n", now(CLOCK_REALTIME));
	gate("");
}

/* The address of a name, in @ret, and the hello that shows it. */
static const char *look_up(const char *name, char ret[INET_ADDRSTRLEN])
{
	struct addrinfo want = { .ai_family = AF_INET,
				 .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	struct sockaddr_in at;

	if (strlen(name) > HELLO_NAME_MAX ||
	    getaddrinfo(name, NULL, &want, &found) != 0)
		load_die(name);
	memcpy(&at, found->ai_addr, sizeof(at));
	freeaddrinfo(found);
	hello_write(hello, name);
	request_len = sizeof(hello);
	if (!inet_ntop(AF_INET, &at.sin_addr, ret, INET_ADDRSTRLEN))
		load_die(name);
	return ret;
}

static bool run(int argc, char **argv)
{
	char found[INET_ADDRSTRLEN];
	const char *mode = argv[0], *address = argv[1];
	long a = argc > 2 ? load_number(argv[2], 1 << 20) : 0;
	double seconds = argc > 3 ? (double)load_number(argv[3], 3600) : 0;

	alarm((unsigned)(argc > 3 ? seconds : (double)a) + GRACE_S);
	if (strspn(address, "0123456789.") != strlen(address))
		address = look_up(address, found);
	if (argc == 4 && strcmp(mode, "up") == 0 && a <= STREAMS_MAX)
		bulk(address, true, (int)a, seconds);
	else if (argc == 4 && strcmp(mode, "down") == 0 && a <= STREAMS_MAX)
		bulk(address, false, (int)a, seconds);
	else if (argc == 4 && strcmp(mode, "pingpong") == 0 && a > 0)
		pingpong(address, (size_t)a, seconds);
	else if (argc == 4 && strcmp(mode, "connect") == 0 && a <= SLOTS_MAX)
		storm(address, false, (uint32_t)a, seconds);
	else if (argc == 4 && strcmp(mode, "request") == 0 && a <= SLOTS_MAX)
		storm(address, true, (uint32_t)a, seconds);
	else if (argc == 3 && strcmp(mode, "hold") == 0)
		hold(address, (int)a);
	else if (argc == 3 && strcmp(mode, "dns") == 0)
		dns(address, 0, (double)a);
	else if (argc == 3 && strcmp(mode, "denied") == 0)
		dns(address, NXDOMAIN, (double)a);
	else if (argc == 2 && strcmp(mode, "first") == 0)
		first(address);
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	load_raise_files();
	argc--;
	argv++;
	if (argc > 0 && strcmp(argv[0], "-g") == 0) {
		gated = true;
		argc--;
		argv++;
	}
	if (argc > 1 && strcmp(argv[0], "-p") == 0) {
		shift = (uint16_t)load_number(argv[1], 50000);
		argc -= 2;
		argv += 2;
	}
	if (argc >= 2 && run(argc, argv))
		return 0;
	fputs("usage: load [-g] [-p SHIFT] MODE ADDR [N] [SECONDS], see "
	      "load.c\n",
	      stderr);
	return 2;
}
