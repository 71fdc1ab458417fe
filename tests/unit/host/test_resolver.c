/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_resolver.c - calls to servers on this machine's loopback
 *
 * Waiting is always for an event, with a deadline that a passing test never
 * meets.
 */
#include "host/resolver.h"

#include "../t.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 5000

static const uint8_t question[] = "a question";
static uint8_t room[WEIR_RESOLVER_MESSAGE_MAX_BYTES];

/* a socket on loopback and where it is */
struct server {
	int fd;
	struct weir_addr addr;
	uint16_t port;
};

static struct server serve(bool tcp, bool six)
{
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6,
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in a4 = { .sin_family = AF_INET };
	struct server s = { .addr = weir_addr_from4(INADDR_LOOPBACK) };
	struct sockaddr *a = six ? (void *)&a6 : (void *)&a4;
	socklen_t len = six ? sizeof(a6) : sizeof(a4);

	a4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s.fd = socket(six ? AF_INET6 : AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM,
		      0);
	if (s.fd < 0 || bind(s.fd, a, len) != 0) {
		CHECK(six); /* a machine without IPv6 */
		if (s.fd >= 0)
			close(s.fd);
		s.fd = -1;
		return s;
	}
	CHECK_EQ(getsockname(s.fd, a, &len), 0);
	s.port = ntohs(six ? a6.sin6_port : a4.sin_port);
	if (six)
		s.addr = (struct weir_addr){ .b = { [15] = 1 } };
	if (tcp)
		CHECK_EQ(listen(s.fd, 8), 0);
	return s;
}

static void wait_for(int fd, short what)
{
	struct pollfd p = { .fd = fd, .events = what };

	CHECK_EQ(poll(&p, 1, PATIENCE_MS), 1);
}

/* run the call until it has something to say */
static int run(struct weir_resolver_call *c, size_t size)
{
	for (;;) {
		int n = weir_resolver_run(c, room, size);

		if (n != 0)
			return n;
		wait_for(c->fd,
			 weir_resolver_wants_write(c) ? POLLOUT : POLLIN);
	}
}

static int open_to(struct weir_resolver_call *c, const struct server *s,
		   bool tcp)
{
	weir_resolver_init(c);
	return weir_resolver_open(c, &s->addr, s->port, tcp, question,
				  sizeof(question));
}

/* what comes to a UDP server, and from where */
static void hear(int fd, struct sockaddr_in6 *from)
{
	uint8_t b[64];
	socklen_t len = sizeof(*from);

	wait_for(fd, POLLIN);
	CHECK_EQ(recvfrom(fd, b, sizeof(b), 0, (struct sockaddr *)from, &len),
		 sizeof(question));
	assert_memory_equal(b, question, sizeof(question));
}

static void say(int fd, const struct sockaddr_in6 *to, const char *text)
{
	socklen_t len = to->sin6_family == AF_INET6
				? sizeof(struct sockaddr_in6)
				: sizeof(struct sockaddr_in);

	CHECK_EQ(sendto(fd, text, strlen(text), 0, (const struct sockaddr *)to,
			len),
		 strlen(text));
}

static void a_datagram_goes_and_datagrams_come(void **state)
{
	(void)state;
	for (int six = 0; six < 2; six++) {
		struct server s = serve(false, six);
		struct weir_resolver_call c;
		struct sockaddr_in6 from;

		if (s.fd < 0)
			continue;
		CHECK_EQ(open_to(&c, &s, false), 0);
		CHECK(!weir_resolver_wants_write(&c));
		CHECK_EQ(weir_resolver_run(&c, room, sizeof(room)), 0);
		hear(s.fd, &from);
		say(s.fd, &from, "one");
		say(s.fd, &from, "three");
		CHECK_EQ(run(&c, sizeof(room)), 3);
		assert_memory_equal(room, "one", 3);
		CHECK_EQ(run(&c, sizeof(room)), 5);
		CHECK_EQ(weir_resolver_run(&c, room, sizeof(room)), 0);
		weir_resolver_close(&c);
		weir_resolver_close(&c);
		CHECK_EQ(c.fd, -1);
		CHECK_EQ(weir_resolver_run(&c, room, sizeof(room)), 0);
		close(s.fd);
	}
}

static void what_others_send_never_gets_here(void **state)
{
	struct server s = serve(false, false), other = serve(false, false);
	struct weir_resolver_call c;
	struct sockaddr_in6 from;

	(void)state;
	CHECK_EQ(open_to(&c, &s, false), 0);
	hear(s.fd, &from);
	say(other.fd, &from, "forged"); /* arrives at once, or never */
	say(s.fd, &from, "true");
	CHECK_EQ(run(&c, sizeof(room)), 4);
	assert_memory_equal(room, "true", 4);
	CHECK_EQ(weir_resolver_run(&c, room, sizeof(room)), 0);
	weir_resolver_close(&c);
	close(s.fd);
	close(other.fd);
}

static void each_call_has_a_port_of_its_own(void **state)
{
	enum { CALLS = 32 };
	struct server s = serve(false, false);
	static struct weir_resolver_call c[CALLS];
	uint16_t port[CALLS], least = UINT16_MAX, most = 0;
	unsigned in_order = 0;

	(void)state;
	for (unsigned i = 0; i < CALLS; i++) {
		struct sockaddr_in6 from;

		CHECK_EQ(open_to(&c[i], &s, false), 0);
		hear(s.fd, &from);
		port[i] = ntohs(from.sin6_port);
		for (unsigned k = 0; k < i; k++)
			CHECK(port[k] != port[i]);
		if (i && port[i] == port[i - 1] + 1)
			in_order++;
		least = port[i] < least ? port[i] : least;
		most = port[i] > most ? port[i] : most;
	}
	CHECK(in_order < CALLS / 4);
	CHECK(most - least > CALLS * 4);
	for (unsigned i = 0; i < CALLS; i++)
		weir_resolver_close(&c[i]);
	close(s.fd);
}

static void a_closed_port_is_said_to_refuse(void **state)
{
	(void)state;
	for (int tcp = 0; tcp < 2; tcp++) {
		struct server s = serve(tcp, false);
		struct weir_resolver_call c;
		int rc;

		close(s.fd);
		rc = open_to(&c, &s, tcp);
		if (rc == 0)
			rc = run(&c, sizeof(room));
		CHECK_EQ(rc, -ECONNREFUSED);
		weir_resolver_close(&c);
	}
}

/* the server's end of a TCP call, the question read from it */
static int accept_call(struct weir_resolver_call *c, const struct server *s)
{
	uint8_t b[64];
	size_t got = 0;
	int fd;

	CHECK_EQ(open_to(c, s, true), 0);
	CHECK(weir_resolver_wants_write(c));
	wait_for(c->fd, POLLOUT);
	CHECK_EQ(weir_resolver_run(c, room, sizeof(room)), 0);
	CHECK(!weir_resolver_wants_write(c));
	wait_for(s->fd, POLLIN);
	fd = accept(s->fd, NULL, NULL);
	CHECK(fd >= 0);
	while (got < 2 + sizeof(question)) {
		ssize_t n;

		wait_for(fd, POLLIN);
		n = recv(fd, b + got, sizeof(b) - got, 0);
		CHECK(n > 0);
		got += (size_t)n;
	}
	CHECK_EQ(got, 2 + sizeof(question));
	CHECK_EQ(b[0] << 8 | b[1], sizeof(question));
	assert_memory_equal(b + 2, question, sizeof(question));
	return fd;
}

static void a_stream_is_cut_into_messages(void **state)
{
	static const uint8_t two[] = "\0\5hello\0\3you";
	struct server s = serve(true, false);
	struct weir_resolver_call c;
	int fd = accept_call(&c, &s);
	unsigned messages = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(two) - 1; i++) { /* byte by byte */
		int n;

		CHECK_EQ(send(fd, two + i, 1, 0), 1);
		wait_for(c.fd, POLLIN);
		n = weir_resolver_run(&c, room, sizeof(room));
		CHECK_EQ(n, i == 6 ? 5 : i == 11 ? 3 : 0);
		if (n > 0)
			assert_memory_equal(room, messages++ ? "you" : "hello",
					    (size_t)n);
	}
	CHECK_EQ(messages, 2);
	CHECK_EQ(weir_resolver_run(&c, room, sizeof(room)), 0);
	weir_resolver_close(&c);
	close(fd);
	close(s.fd);
}

static void the_largest_message_arrives_whole(void **state)
{
	static uint8_t big[2 + WEIR_RESOLVER_MESSAGE_MAX_BYTES];
	struct server s = serve(true, false);
	struct weir_resolver_call c;
	int fd = accept_call(&c, &s), n = 0;
	size_t sent = 0;

	(void)state;
	for (size_t i = 2; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7);
	big[0] = big[1] = 0xff;
	while (n == 0) {
		ssize_t k =
			send(fd, big + sent, sizeof(big) - sent, MSG_DONTWAIT);

		if (k > 0)
			sent += (size_t)k;
		wait_for(c.fd, POLLIN);
		n = weir_resolver_run(&c, room, sizeof(room));
	}
	CHECK_EQ(n, WEIR_RESOLVER_MESSAGE_MAX_BYTES);
	assert_memory_equal(room, big + 2, sizeof(room));
	weir_resolver_close(&c);
	close(fd);
	close(s.fd);
}

static void a_stream_that_lies_or_breaks_is_an_error(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool reset;
		size_t room;
		int want;
	} row[] = {
		{ "", 0, false, 512, -EPIPE },
		{ "\0", 1, false, 512, -EPIPE },
		{ "\0\5", 2, false, 512, -EPIPE },
		{ "\0\5hell", 6, false, 512, -EPIPE },
		{ "\0\5hell", 6, true, 512, -ECONNRESET },
		{ "\0\0", 2, false, 512, -EPROTO },
		{ "\2\1", 2, false, 512, -EMSGSIZE },
		{ "\0\5hello", 7, false, 5, 5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct linger now = { .l_onoff = 1 };
		struct server s = serve(true, false);
		struct weir_resolver_call c;
		int fd = accept_call(&c, &s), got;

		CHECK_EQ(send(fd, row[i].bytes, row[i].len, 0), row[i].len);
		if (row[i].len)
			wait_for(c.fd, POLLIN);
		if (row[i].reset) {
			CHECK_EQ(weir_resolver_run(&c, room, 512), 0);
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &now,
				   sizeof(now));
		}
		close(fd);
		got = run(&c, row[i].room);
		if (got != row[i].want)
			fail_msg("row %zu: %d", i, got);
		weir_resolver_close(&c);
		close(s.fd);
	}
}

static void what_cannot_be_opened_is_closed(void **state)
{
	static const uint8_t longer[WEIR_RESOLVER_QUESTION_MAX_BYTES + 1];
	struct server s = serve(false, false);
	struct weir_resolver_call c;
	struct rlimit old, none;

	(void)state;
	weir_resolver_init(&c);
	CHECK_EQ(weir_resolver_open(&c, &s.addr, s.port, false, longer,
				    sizeof(longer)),
		 -EMSGSIZE);
	CHECK_EQ(c.fd, -1);
	CHECK_EQ(weir_resolver_open(&c, &s.addr, s.port, false, longer,
				    sizeof(longer) - 1),
		 0);
	weir_resolver_close(&c);
	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
	CHECK_EQ(open_to(&c, &s, false), -EMFILE);
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
	CHECK_EQ(c.fd, -1);
	close(s.fd);
}

T_MAIN(T(a_datagram_goes_and_datagrams_come),
       T(what_others_send_never_gets_here), T(each_call_has_a_port_of_its_own),
       T(a_closed_port_is_said_to_refuse), T(a_stream_is_cut_into_messages),
       T(the_largest_message_arrives_whole),
       T(a_stream_that_lies_or_breaks_is_an_error),
       T(what_cannot_be_opened_is_closed))
