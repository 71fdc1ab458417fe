/* SPDX-License-Identifier: Apache-2.0 */
/* test_dial.c - TCP connections of the host, with real sockets on loopback */
#include "host/dial.h"

#include "../t.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct weir_addr loop4 = {
	.b = { [10] = 0xff, 0xff, 127, 0, 0, 1 }
};
static const struct weir_addr loop6 = { .b = { [15] = 1 } };

/* A listener on loopback, or -1 if the machine lacks the family. */
static int listener(bool six, uint16_t *ret_port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_addr = in6addr_loopback };
	const struct sockaddr *to = six ? (const struct sockaddr *)&in6
					: (const struct sockaddr *)&in;
	socklen_t len = six ? sizeof(in6) : sizeof(in);
	int fd =
		socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return -1;
	if (bind(fd, to, len) || listen(fd, 16)) {
		close(fd);
		return -1;
	}
	if (six) {
		CHECK_EQ(getsockname(fd, (struct sockaddr *)&in6, &len), 0);
		*ret_port = ntohs(in6.sin6_port);
	} else {
		CHECK_EQ(getsockname(fd, (struct sockaddr *)&in, &len), 0);
		*ret_port = ntohs(in.sin_port);
	}
	return fd;
}

static void await(int fd, short what)
{
	struct pollfd p = { .fd = fd, .events = what };

	CHECK_EQ(poll(&p, 1, 10000), 1);
}

/* A connection: ours, and the server's end of it. */
static void pair(int *ours, int *theirs)
{
	uint16_t port = 0;
	int l = listener(false, &port);

	CHECK(l >= 0);
	*ours = weir_dial_start(&loop4, port);
	CHECK(*ours >= 0);
	await(*ours, POLLOUT);
	CHECK_EQ(weir_dial_result(*ours), 0);
	*theirs = accept(l, NULL, NULL);
	CHECK(*theirs >= 0);
	close(l);
}

static long receive(int fd, void *to, size_t len)
{
	const struct weir_span part = { to, len };

	return weir_dial_receive(fd, &part, 1);
}

static long give(int fd, const char *text)
{
	uint8_t b[64];
	const struct weir_span part = { b, strlen(text) };

	memcpy(b, text, strlen(text));
	return weir_dial_send(fd, &part, 1);
}

static void a_dial_connects_and_carries_bytes_both_ways(void **state)
{
	char b[16];
	int a, s;

	(void)state;
	pair(&a, &s);
	CHECK_EQ(receive(a, b, sizeof(b)), -EAGAIN);
	CHECK_EQ(give(a, "ping"), 4);
	CHECK_EQ(recv(s, b, sizeof(b), 0), 4);
	CHECK_EQ(send(s, "pong!", 5, 0), 5);
	await(a, POLLIN);
	CHECK_EQ(receive(a, b, sizeof(b)), 5);
	CHECK(memcmp(b, "pong!", 5) == 0);
	weir_dial_close(a, false);
	close(s);
}

static void ipv6_connects_where_there_is_any(void **state)
{
	uint16_t port = 0;
	int l = listener(true, &port), fd;

	(void)state;
	if (l < 0)
		skip();
	fd = weir_dial_start(&loop6, port);
	CHECK(fd >= 0);
	await(fd, POLLOUT);
	CHECK_EQ(weir_dial_result(fd), 0);
	weir_dial_close(fd, false);
	close(l);
}

static void the_socket_is_ready_for_use(void **state)
{
	int a, s, on = 0;
	socklen_t len = sizeof(on);

	(void)state;
	pair(&a, &s);
	CHECK_EQ(getsockopt(a, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
	CHECK(on);
	CHECK_EQ(getsockopt(a, SOL_SOCKET, SO_KEEPALIVE, &on, &len), 0);
	CHECK(on);
	CHECK(fcntl(a, F_GETFL) & O_NONBLOCK);
	CHECK(fcntl(a, F_GETFD) & FD_CLOEXEC);
	weir_dial_close(a, false);
	close(s);
}

/* Loopback tells at once, in connect(); other hosts by an event. */
static void a_closed_port_refuses_at_once_or_by_an_event(void **state)
{
	uint16_t port = 0;
	int l = listener(false, &port), fd;

	(void)state;
	CHECK(l >= 0);
	close(l);
	fd = weir_dial_start(&loop4, port);
	if (fd >= 0) {
		await(fd, POLLOUT);
		CHECK_EQ(weir_dial_result(fd), -ECONNREFUSED);
		weir_dial_close(fd, false);
	} else {
		CHECK_EQ(fd, -ECONNREFUSED);
	}
}

static void a_destination_that_cannot_be_is_an_error_and_no_socket(void **state)
{
	const struct weir_addr group = weir_addr_from4(0xe0000001);
	int before = dup(0), after;

	(void)state;
	close(before);
	CHECK(weir_dial_start(&group, 80) < 0);
	after = dup(0);
	close(after);
	CHECK_EQ(after, before);
}

static void a_reset_is_seen_as_a_reset_and_not_as_the_end(void **state)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };
	char b[16];
	int a, s;

	(void)state;
	pair(&a, &s);
	CHECK_EQ(setsockopt(s, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(s);
	await(a, POLLIN);
	CHECK_EQ(receive(a, b, sizeof(b)), -ECONNRESET);
	CHECK(give(a, "x") < 0); /* and no SIGPIPE */
	weir_dial_close(a, false);
}

static void the_end_is_seen_as_the_end(void **state)
{
	char b[16];
	int a, s;

	(void)state;
	pair(&a, &s);
	CHECK_EQ(send(s, "bye", 3, 0), 3);
	CHECK_EQ(shutdown(s, SHUT_WR), 0);
	await(a, POLLIN);
	CHECK_EQ(receive(a, b, sizeof(b)), 3);
	await(a, POLLIN);
	CHECK_EQ(receive(a, b, sizeof(b)), 0);
	CHECK_EQ(give(a, "still"), 5);
	CHECK_EQ(recv(s, b, sizeof(b), 0), 5);
	weir_dial_close(a, false);
	close(s);
}

static void shut_ends_our_direction_only(void **state)
{
	char b[16];
	int a, s;

	(void)state;
	pair(&a, &s);
	CHECK_EQ(weir_dial_shut(a), 0);
	CHECK_EQ(recv(s, b, sizeof(b), 0), 0);
	CHECK_EQ(send(s, "more", 4, 0), 4);
	await(a, POLLIN);
	CHECK_EQ(receive(a, b, sizeof(b)), 4);
	CHECK_EQ(give(a, "x"), -EPIPE);
	weir_dial_close(a, false);
	close(s);
}

static void close_says_fin_or_reset(void **state)
{
	char b[16];
	int a, s;

	(void)state;
	pair(&a, &s);
	weir_dial_close(a, false);
	await(s, POLLIN);
	CHECK_EQ(recv(s, b, sizeof(b), 0), 0);
	close(s);
	pair(&a, &s);
	weir_dial_close(a, true);
	await(s, POLLIN);
	CHECK_EQ(recv(s, b, sizeof(b), 0), -1);
	CHECK_EQ(errno, ECONNRESET);
	close(s);
	weir_dial_close(-1, true);
	weir_dial_close(-1, false);
}

static void a_full_socket_takes_part_and_then_nothing(void **state)
{
	static uint8_t big[1u << 20], got[65536];
	const struct weir_span part[3] = { { big, 1000 },
					   { big + 1000, 1 },
					   { big + 1001, sizeof(big) - 1001 } };
	const int small = 8192;
	size_t sent = 0, seen = 0;
	long n;
	int a, s;

	(void)state;
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7 + i / 256);
	pair(&a, &s);
	CHECK_EQ(setsockopt(a, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)),
		 0);
	n = weir_dial_send(a, part, 3);
	CHECK(n > 0 && (size_t)n < sizeof(big));
	sent = (size_t)n;
	while (seen < sizeof(big)) {
		const struct weir_span rest = { big + sent,
						sizeof(big) - sent };

		if (rest.len) {
			n = weir_dial_send(a, &rest, 1);
			CHECK(n >= 0);
			sent += (size_t)n;
		}
		n = recv(s, got, sizeof(got),
			 sent < sizeof(big) ? MSG_DONTWAIT : 0);
		CHECK(n != 0);
		if (n < 0)
			continue;
		CHECK(memcmp(got, big + seen, (size_t)n) == 0);
		seen += (size_t)n;
	}
	weir_dial_close(a, false);
	close(s);
}

static void bytes_arrive_in_every_span_in_order(void **state)
{
	uint8_t b[6] = { 0 };
	const struct weir_span part[3] = { { b, 1 },
					   { b + 1, 2 },
					   { b + 3, 3 } };
	int a, s;

	(void)state;
	pair(&a, &s);
	CHECK_EQ(send(s, "abcde", 5, 0), 5);
	await(a, POLLIN);
	CHECK_EQ(weir_dial_receive(a, part, 3), 5);
	CHECK(memcmp(b, "abcde", 6) == 0);
	weir_dial_close(a, false);
	close(s);
}

static void errors_of_a_dial_have_their_reasons(void **state)
{
	static const struct {
		int err;
		enum weir_reason why;
	} row[] = {
		{ ECONNREFUSED, WEIR_REASON_REFUSED },
		{ ECONNRESET, WEIR_REASON_REFUSED },
		{ ETIMEDOUT, WEIR_REASON_TIMEOUT },
		{ EMFILE, WEIR_REASON_NO_FDS },
		{ ENFILE, WEIR_REASON_NO_FDS },
		{ ENOMEM, WEIR_REASON_NO_MEMORY },
		{ ENOBUFS, WEIR_REASON_NO_MEMORY },
		{ EADDRNOTAVAIL, WEIR_REASON_BIND },
		{ ENETUNREACH, WEIR_REASON_UNREACHABLE },
		{ EHOSTUNREACH, WEIR_REASON_UNREACHABLE },
		{ EACCES, WEIR_REASON_UNREACHABLE },
		{ EPERM, WEIR_REASON_UNREACHABLE },
		{ EINVAL, WEIR_REASON_UNREACHABLE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		CHECK_EQ(weir_dial_reason(-row[i].err), row[i].why);
}

T_MAIN(T(a_dial_connects_and_carries_bytes_both_ways),
       T(ipv6_connects_where_there_is_any), T(the_socket_is_ready_for_use),
       T(a_closed_port_refuses_at_once_or_by_an_event),
       T(a_destination_that_cannot_be_is_an_error_and_no_socket),
       T(a_reset_is_seen_as_a_reset_and_not_as_the_end),
       T(the_end_is_seen_as_the_end), T(shut_ends_our_direction_only),
       T(close_says_fin_or_reset), T(a_full_socket_takes_part_and_then_nothing),
       T(bytes_arrive_in_every_span_in_order),
       T(errors_of_a_dial_have_their_reasons))
