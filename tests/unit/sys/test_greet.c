/* SPDX-License-Identifier: Apache-2.0 */
/* test_greet.c - a bound datagram socket and those who write to it */
#include "sys/greet.h"

#include "../t.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A socket with a name of the kernel's choosing, in the abstract namespace. */
static int named(struct sockaddr_un *ret, socklen_t *len)
{
	const sa_family_t family = AF_UNIX;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	CHECK_EQ(bind(fd, (const struct sockaddr *)&family, sizeof(family)), 0);
	*len = sizeof(*ret);
	CHECK_EQ(getsockname(fd, (struct sockaddr *)ret, len), 0);
	return fd;
}

static int write_to(int fd, const char *what, const struct sockaddr_un *to,
		    socklen_t len)
{
	ssize_t n = sendto(fd, what, strlen(what), 0,
			   (const struct sockaddr *)to, len);

	return n < 0 ? -errno : 0;
}

static void the_first_who_writes_is_heard_and_nobody_else(void **state)
{
	struct sockaddr_un at, a, b;
	socklen_t at_len, a_len, b_len;
	int fd = named(&at, &at_len), one = named(&a, &a_len),
	    two = named(&b, &b_len);
	char got[16];

	(void)state;
	CHECK_EQ(weir_greet_peer(fd), -EAGAIN);
	CHECK_EQ(write_to(one, "first", &at, at_len), 0);
	CHECK_EQ(weir_greet_peer(fd), 0);
	CHECK_EQ(write_to(two, "second", &at, at_len), -EPERM);
	CHECK_EQ(recv(fd, got, sizeof(got), 0), 5); /* it stayed */
	CHECK_EQ(send(fd, "answer", 6, 0), 6);
	CHECK_EQ(recv(one, got, sizeof(got), 0), 6);
	CHECK_EQ(weir_greet_forget(fd), 0);
	CHECK_EQ(write_to(two, "second", &at, at_len), 0);
	CHECK_EQ(weir_greet_peer(fd), 0);
	CHECK_EQ(send(fd, "answer", 6, 0), 6);
	CHECK_EQ(recv(two, got, sizeof(got), 0), 6);
	close(fd);
	close(one);
	close(two);
}

static void who_cannot_be_answered_is_passed_over(void **state)
{
	struct sockaddr_un at, a;
	socklen_t at_len, a_len;
	int fd = named(&at, &at_len), one = named(&a, &a_len);
	int nobody = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	CHECK_EQ(write_to(nobody, "x", &at, at_len), 0);
	CHECK_EQ(write_to(one, "y", &at, at_len), 0);
	CHECK_EQ(weir_greet_peer(fd), -EDESTADDRREQ);
	close(one);
	CHECK_EQ(weir_greet_peer(fd), -ECONNREFUSED);
	CHECK_EQ(weir_greet_peer(fd), -EAGAIN);
	CHECK_EQ(weir_greet_peer(-1), -EBADF);
	CHECK_EQ(weir_greet_forget(-1), -EBADF);
	close(nobody);
	close(fd);
}

/* What the connection is for: 11 without it. */
static void a_peer_that_is_heard_alone_can_send_more_than_eleven(void **state)
{
	struct sockaddr_un at, a;
	socklen_t at_len, a_len;
	int fd = named(&at, &at_len), one = named(&a, &a_len);
	unsigned n = 0;

	(void)state;
	CHECK_EQ(connect(one, (const struct sockaddr *)&at, at_len), 0);
	CHECK_EQ(send(one, "x", 1, 0), 1);
	CHECK_EQ(weir_greet_peer(fd), 0);
	while (n < 10000 && send(one, "x", 1, 0) == 1)
		n++;
	CHECK(n > 100);
	close(one);
	close(fd);
}

T_MAIN(T(the_first_who_writes_is_heard_and_nobody_else),
       T(who_cannot_be_answered_is_passed_over),
       T(a_peer_that_is_heard_alone_can_send_more_than_eleven))
