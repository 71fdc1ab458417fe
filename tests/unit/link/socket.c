/* SPDX-License-Identifier: Apache-2.0 */
/* socket.c - what the tests of links over sockets share */
#include "socket.h"

#include <dirent.h>
#include <poll.h>
#include <sys/uio.h>

#include "../t.h"

unsigned socket_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	CHECK(dir != NULL);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

short socket_ready(const struct weir_link_ops *ops, const void *link)
{
	struct pollfd p = { ops->fd(link), POLLIN, 0 };

	if (ops->wants_out(link))
		p.events |= POLLOUT;
	CHECK(poll(&p, 1, 0) >= 0);
	return p.revents;
}

void socket_pass(int fd, const void *bytes, size_t len)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} c = { .room = { 0 } };
	struct iovec v = { (void *)(uintptr_t)bytes, len };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = &c,
			    .msg_controllen = sizeof(c) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	const int pass[2] = { 0, 1 };

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(pass));
	memcpy(CMSG_DATA(h), pass, sizeof(pass));
	CHECK_EQ(sendmsg(fd, &m, 0), len);
}

void socket_frame(uint8_t *to, size_t len, unsigned number)
{
	for (size_t i = 0; i < len; i++)
		to[i] = (uint8_t)(number * 31 + i * 7 + (i >> 8));
}

uint32_t socket_dice(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}
