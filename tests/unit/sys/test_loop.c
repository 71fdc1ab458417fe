/* SPDX-License-Identifier: Apache-2.0 */
/* test_loop.c - waiting for descriptors, with the kernel's epoll */
#include "sys/loop.h"

#include "../t.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/clock.h"

#define PAIRS 80

static struct weir_loop_event ev[128];

static int loop_open(void)
{
	int l = weir_loop_open();

	CHECK(l >= 0);
	CHECK(fcntl(l, F_GETFD) & FD_CLOEXEC);
	return l;
}

static void pair(int s[2])
{
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s), 0);
}

static void part(int l, int s[2])
{
	close(s[0]);
	close(s[1]);
	close(l);
}

static void level_is_told_as_long_as_it_is_so(void **state)
{
	int l = loop_open(), s[2];
	char b;

	(void)state;
	pair(s);
	CHECK_EQ(weir_loop_watch(l, s[0], 0xfedcba9876543210u, false, false),
		 0);
	CHECK_EQ(weir_loop_wait(l, ev, 128, 0), 0);
	CHECK_EQ(write(s[1], "x", 1), 1);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(weir_loop_wait(l, ev, 128, 0), 1);
		CHECK(ev[0].tag == 0xfedcba9876543210u);
		CHECK_EQ(ev[0].what, WEIR_LOOP_IN);
	}
	CHECK_EQ(read(s[0], &b, 1), 1);
	CHECK_EQ(weir_loop_wait(l, ev, 128, 0), 0);
	part(l, s);
}

static void edge_is_told_once_for_each_change(void **state)
{
	int l = loop_open(), s[2];

	(void)state;
	pair(s);
	CHECK_EQ(weir_loop_watch(l, s[0], 7, true, true), 0);
	CHECK_EQ(weir_loop_wait(l, ev, 128, 0), 1);
	CHECK_EQ(ev[0].what, WEIR_LOOP_OUT);
	CHECK_EQ(weir_loop_wait(l, ev, 128, 0), 0);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(write(s[1], "x", 1), 1);
		CHECK_EQ(weir_loop_wait(l, ev, 128, 0), 1);
		CHECK(ev[0].what & WEIR_LOOP_IN);
		CHECK_EQ(weir_loop_wait(l, ev, 128, 0), 0);
	}
	part(l, s);
}

static void the_peers_end_is_eof(void **state)
{
	int l = loop_open(), s[2];

	(void)state;
	pair(s);
	CHECK_EQ(weir_loop_watch(l, s[0], 7, false, true), 0);
	CHECK_EQ(shutdown(s[1], SHUT_WR), 0);
	CHECK_EQ(weir_loop_wait(l, ev, 128, 0), 1);
	CHECK(ev[0].what & WEIR_LOOP_EOF);
	CHECK(!(ev[0].what & WEIR_LOOP_ERROR));
	part(l, s);
}

/* A TCP reset is EOF and an error, as streams.c expects. */
static void a_reset_is_an_error(void **state)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	int l = loop_open(), s[2];
	int lis = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK_EQ(bind(lis, (const struct sockaddr *)&in, sizeof(in)), 0);
	CHECK_EQ(listen(lis, 1), 0);
	CHECK_EQ(getsockname(lis, (struct sockaddr *)&in, &len), 0);
	s[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK_EQ(connect(s[0], (const struct sockaddr *)&in, sizeof(in)), 0);
	s[1] = accept(lis, NULL, NULL);
	CHECK_EQ(weir_loop_watch(l, s[0], 7, false, true), 0);
	CHECK_EQ(setsockopt(s[1], SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(s[1]);
	CHECK_EQ(weir_loop_wait(l, ev, 128, 10000000), 1);
	CHECK(ev[0].what & WEIR_LOOP_ERROR);
	CHECK(ev[0].what & WEIR_LOOP_EOF);
	CHECK(ev[0].what & WEIR_LOOP_IN);
	close(s[0]);
	close(lis);
	close(l);
}

static void what_is_waited_for_can_change(void **state)
{
	int l = loop_open(), s[2];

	(void)state;
	pair(s);
	CHECK_EQ(weir_loop_watch(l, s[0], 7, false, false), 0);
	CHECK_EQ(weir_loop_wait(l, ev, 128, 0), 0);
	CHECK_EQ(weir_loop_change(l, s[0], 8, false, true), 0);
	CHECK_EQ(weir_loop_wait(l, ev, 128, 0), 1);
	CHECK_EQ(ev[0].tag, 8);
	CHECK_EQ(ev[0].what, WEIR_LOOP_OUT);
	CHECK_EQ(weir_loop_change(l, s[0], 9, true, false), 0);
	CHECK_EQ(weir_loop_wait(l, ev, 128, 0), 0);
	part(l, s);
}

static void a_closed_descriptor_is_forgotten(void **state)
{
	int l = loop_open(), s[2], s2[2];

	(void)state;
	pair(s);
	CHECK_EQ(weir_loop_watch(l, s[0], 7, true, false), 0);
	CHECK_EQ(weir_loop_watch(l, s[0], 7, true, false), -EEXIST);
	CHECK_EQ(weir_loop_wait(l, ev, 128, 0), 1);
	close(s[0]);
	CHECK_EQ(weir_loop_wait(l, ev, 128, 0), 0);
	CHECK_EQ(weir_loop_watch(l, s[0], 7, true, false), -EBADF);
	pair(s2);
	CHECK_EQ(weir_loop_watch(l, s2[0], 8, true, false), 0);
	close(s[1]);
	part(l, s2);
}

/* Another process may have the file open, as a duplicate has it here. */
static void closing_is_not_enough_where_another_has_it_open(void **state)
{
	int l = loop_open(), s[2], other;

	(void)state;
	for (unsigned forget = 0; forget < 2; forget++) {
		pair(s);
		other = fcntl(s[0], F_DUPFD_CLOEXEC, 0);
		CHECK(other >= 0);
		CHECK_EQ(weir_loop_watch(l, s[0], 7, true, false), 0);
		CHECK_EQ(weir_loop_wait(l, ev, 128, 0), 1);
		if (forget) {
			weir_loop_forget(l, s[0]);
			weir_loop_forget(l, s[0]); /* once more is nothing */
		}
		close(s[0]);
		CHECK_EQ(weir_loop_wait(l, ev, 128, 0), forget ? 0 : 1);
		close(other);
		close(s[1]);
		CHECK_EQ(weir_loop_wait(l, ev, 128, 0), 0);
	}
	/* what was forgotten can be watched again, and others were not */
	pair(s);
	CHECK_EQ(weir_loop_watch(l, s[0], 7, true, false), 0);
	CHECK_EQ(weir_loop_watch(l, s[1], 8, true, false), 0);
	weir_loop_forget(l, s[0]);
	CHECK_EQ(weir_loop_wait(l, ev, 128, 0), 1);
	CHECK_EQ(ev[0].tag, 8);
	CHECK_EQ(weir_loop_watch(l, s[0], 9, true, false), 0);
	CHECK_EQ(weir_loop_wait(l, ev, 128, 0), 2);
	part(l, s);
}

static void no_more_than_wanted_and_than_a_batch_are_told(void **state)
{
	int l = loop_open(), s[PAIRS][2], n, seen = 0;

	(void)state;
	for (unsigned i = 0; i < PAIRS; i++) {
		pair(s[i]);
		CHECK_EQ(weir_loop_watch(l, s[i][0], i, true, true), 0);
	}
	n = weir_loop_wait(l, ev, 10, 0);
	CHECK_EQ(n, 10);
	for (seen = n; (n = weir_loop_wait(l, ev, 128, 0)) > 0; seen += n)
		CHECK(n <= 64);
	CHECK_EQ(seen, PAIRS);
	for (unsigned i = 0; i < PAIRS; i++) {
		close(s[i][0]);
		close(s[i][1]);
	}
	close(l);
}

static void a_timeout_is_never_early(void **state)
{
	static const uint64_t us[] = { 1, 999, 1000, 1001, 5500 };
	int l = loop_open();

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		uint64_t from = weir_clock_now_ns();

		CHECK_EQ(weir_loop_wait(l, ev, 128, us[i]), 0);
		CHECK(weir_clock_now_ns() - from >= us[i] * 1000);
	}
	close(l);
}

static void for_ever_is_until_something_happens(void **state)
{
	static const uint64_t us[] = { UINT64_MAX, UINT64_MAX - 1,
				       UINT64_C(1) << 62 };
	int l = loop_open(), s[2];

	(void)state;
	pair(s);
	CHECK_EQ(weir_loop_watch(l, s[0], 7, true, false), 0);
	for (unsigned i = 0; i < 3; i++)
		CHECK_EQ(weir_loop_wait(l, ev, 128, us[i]), 1);
	part(l, s);
	CHECK(weir_loop_wait(l, ev, 128, 0) < 0);
}

T_MAIN(T(level_is_told_as_long_as_it_is_so),
       T(edge_is_told_once_for_each_change), T(the_peers_end_is_eof),
       T(a_reset_is_an_error), T(what_is_waited_for_can_change),
       T(a_closed_descriptor_is_forgotten),
       T(closing_is_not_enough_where_another_has_it_open),
       T(no_more_than_wanted_and_than_a_batch_are_told),
       T(a_timeout_is_never_early), T(for_ever_is_until_something_happens))
