/* SPDX-License-Identifier: Apache-2.0 */
/* test_post.c - UDP sockets of the host, real ones on loopback */
#include "host/post.h"

#include "../t.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct weir_addr loop4 = {
	.b = { [10] = 0xff, 0xff, 127, 0, 0, 1 }
};
static const struct weir_addr loop6 = { .b = { [15] = 1 } };
static uint8_t room[WEIR_POST_DATAGRAM_MAX_BYTES];

/* Somebody to talk to, bound to loopback; -1 without IPv6. */
static int other(bool six, uint16_t *ret_port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_addr = in6addr_loopback };
	socklen_t len = six ? sizeof(in6) : sizeof(in);
	int fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return -1;
	if (bind(fd,
		 six ? (const struct sockaddr *)&in6
		     : (const struct sockaddr *)&in,
		 len)) {
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

static void await(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	CHECK_EQ(poll(&p, 1, 10000), 1);
}

static int post(int fd, bool six, uint16_t port, void *b, size_t len)
{
	const struct weir_span part = { b, len };
	const struct weir_spans all = { &part, len ? 1 : 0, len };

	return weir_post_send(fd, six ? &loop6 : &loop4, port, &all);
}

static void there_and_back(bool six)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	struct weir_addr who;
	uint16_t port = 0, back = 0;
	int o = other(six, &port), p = weir_post_open(!six);
	char b[16];

	if (o < 0) {
		weir_post_close(p);
		skip();
	}
	CHECK(p >= 0);
	CHECK(fcntl(p, F_GETFL) & O_NONBLOCK);
	CHECK(fcntl(p, F_GETFD) & FD_CLOEXEC);
	CHECK_EQ(weir_post_receive(p, room, &who, &back), -EAGAIN);
	memcpy(b, "ping", 4);
	CHECK_EQ(post(p, six, port, b, 4), 0);
	CHECK_EQ(recvfrom(o, b, sizeof(b), 0, (struct sockaddr *)&from, &len),
		 4);
	CHECK_EQ(sendto(o, "pong!", 5, 0, (struct sockaddr *)&from, len), 5);
	await(p);
	CHECK_EQ(weir_post_receive(p, room, &who, &back), 5);
	CHECK(memcmp(room, "pong!", 5) == 0);
	CHECK(weir_addr_is_equal(&who, six ? &loop6 : &loop4));
	CHECK_EQ(back, port);
	weir_post_close(p);
	close(o);
}

static void a_datagram_goes_there_and_back(void **state)
{
	(void)state;
	there_and_back(false);
}

static void over_ipv6_too(void **state)
{
	(void)state;
	there_and_back(true);
}

static void the_empty_and_the_largest_datagram_pass(void **state)
{
	static uint8_t big[65508], got[65536];
	uint16_t port = 0;
	int o = other(false, &port), p = weir_post_open(true);

	(void)state;
	CHECK(o >= 0 && p >= 0);
	CHECK_EQ(post(p, false, port, big, 0), 0);
	CHECK_EQ(recv(o, got, sizeof(got), 0), 0);
	big[65506] = 42;
	CHECK_EQ(post(p, false, port, big, 65507), 0);
	CHECK_EQ(recv(o, got, sizeof(got), 0), 65507);
	CHECK_EQ(got[65506], 42);
	CHECK_EQ(post(p, false, port, big, 65508), -EMSGSIZE);
	weir_post_close(p);
	close(o);
}

static void several_spans_are_one_datagram(void **state)
{
	uint8_t a[] = "ab", b[] = "cde";
	const struct weir_span part[2] = { { a, 2 }, { b, 3 } };
	const struct weir_spans all = { part, 2, 5 };
	uint16_t port = 0;
	int o = other(false, &port), p = weir_post_open(true);
	char got[16];

	(void)state;
	CHECK_EQ(weir_post_send(p, &loop4, port, &all), 0);
	CHECK_EQ(recv(o, got, sizeof(got), 0), 5);
	CHECK(memcmp(got, "abcde", 5) == 0);
	weir_post_close(p);
	close(o);
}

static void one_socket_talks_to_many(void **state)
{
	struct weir_addr who;
	uint16_t port[20], back;
	int o[20], p = weir_post_open(true);
	uint8_t b[1] = { 0 };

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct sockaddr_storage from;
		socklen_t len = sizeof(from);

		o[i] = other(false, &port[i]);
		b[0] = (uint8_t)i;
		CHECK_EQ(post(p, false, port[i], b, 1), 0);
		CHECK_EQ(recvfrom(o[i], b, 1, 0, (struct sockaddr *)&from,
				  &len),
			 1);
		CHECK_EQ(sendto(o[i], b, 1, 0, (struct sockaddr *)&from, len),
			 1);
		await(p);
		CHECK_EQ(weir_post_receive(p, room, &who, &back), 1);
		CHECK(back == port[i] && room[0] == i);
		close(o[i]);
	}
	weir_post_close(p);
}

/* An error of one destination must not eat what goes to another. */
static void a_closed_port_does_not_disturb_the_others(void **state)
{
	uint16_t dead = 0, port = 0;
	int d = other(false, &dead), o = other(false, &port);
	int p = weir_post_open(true);
	uint8_t b[4] = { 0 };

	(void)state;
	close(d);
	for (int i = 0; i < 3; i++) {
		(void)post(p, false, dead, b, 4);
		/* the error is told once, at the next send, whoever it is to */
		if (post(p, false, port, b, 4) != 0)
			CHECK_EQ(post(p, false, port, b, 4), 0);
		CHECK_EQ(recv(o, b, 4, 0), 4);
	}
	weir_post_close(p);
	weir_post_close(-1);
	close(o);
}

T_MAIN(T(a_datagram_goes_there_and_back), T(over_ipv6_too),
       T(the_empty_and_the_largest_datagram_pass),
       T(several_spans_are_one_datagram), T(one_socket_talks_to_many),
       T(a_closed_port_does_not_disturb_the_others))
