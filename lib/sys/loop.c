/* SPDX-License-Identifier: Apache-2.0 */
/* loop.c - wait for descriptors (epoll) */
#include "sys/loop.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <sys/epoll.h>

#define BATCH 64

int weir_loop_open(void)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int control(int loop, int op, int fd, uint64_t tag, bool out, bool edge)
{
	struct epoll_event e = { .data = { .u64 = tag } };

	e.events = EPOLLIN | EPOLLPRI | EPOLLRDHUP;
	if (out)
		e.events |= EPOLLOUT;
	if (edge)
		e.events |= EPOLLET;
	return epoll_ctl(loop, op, fd, &e) ? -errno : 0;
}

int weir_loop_watch(int loop, int fd, uint64_t tag, bool out, bool edge)
{
	return control(loop, EPOLL_CTL_ADD, fd, tag, out, edge);
}

int weir_loop_rearm(int loop, int fd, uint64_t tag, bool out)
{
	return control(loop, EPOLL_CTL_MOD, fd, tag, out, true);
}

int weir_loop_change(int loop, int fd, uint64_t tag, bool in, bool out)
{
	struct epoll_event e = { .data = { .u64 = tag } };

	if (in)
		e.events |= EPOLLIN;
	if (out)
		e.events |= EPOLLOUT;
	return epoll_ctl(loop, EPOLL_CTL_MOD, fd, &e) ? -errno : 0;
}

static uint32_t translate(uint32_t e)
{
	uint32_t what = 0;

	if (e & EPOLLIN)
		what |= WEIR_LOOP_IN;
	if (e & EPOLLPRI)
		what |= WEIR_LOOP_IN | WEIR_LOOP_MARK;
	if (e & EPOLLOUT)
		what |= WEIR_LOOP_OUT;
	if (e & (EPOLLRDHUP | EPOLLHUP))
		what |= WEIR_LOOP_EOF;
	if (e & EPOLLERR)
		what |= WEIR_LOOP_ERROR;
	return what;
}

void weir_loop_forget(int loop, int fd)
{
	(void)epoll_ctl(loop, EPOLL_CTL_DEL, fd, NULL);
}

int weir_loop_wait(int loop, struct weir_loop_event *ret, int max,
		   uint64_t timeout_us)
{
	struct epoll_event e[BATCH];
	uint64_t ms = timeout_us / 1000 + (timeout_us % 1000 ? 1 : 0);
	int n, timeout = -1;

	if (timeout_us != UINT64_MAX)
		timeout = ms > INT_MAX ? INT_MAX : (int)ms;
	n = epoll_wait(loop, e, max < BATCH ? max : BATCH, timeout);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++)
		ret[i] = (struct weir_loop_event){ e[i].data.u64,
						   translate(e[i].events) };
	return n;
}
