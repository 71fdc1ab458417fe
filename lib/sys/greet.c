/* SPDX-License-Identifier: Apache-2.0 */
/* greet.c - tie a bound datagram socket to the first who writes to it */
#include "sys/greet.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Who sent the datagram that waits?  Return: 0 or a negative errno. */
static int sender(int fd, int flags, struct sockaddr_un *ret, socklen_t *len)
{
	struct msghdr msg = { .msg_name = ret, .msg_namelen = sizeof(*ret) };
	ssize_t n;

	do
		n = recvmsg(fd, &msg, MSG_DONTWAIT | flags);
	while (n < 0 && errno == EINTR);
	*len = msg.msg_namelen;
	return n < 0 ? -errno : 0;
}

int weir_greet_peer(int fd)
{
	struct sockaddr_un from;
	socklen_t len;
	int err = sender(fd, MSG_PEEK, &from, &len);

	if (err)
		return err;
	if (len <= sizeof(from.sun_family))
		err = -EDESTADDRREQ;
	else if (connect(fd, (const struct sockaddr *)&from, len))
		err = -errno;
	if (err)
		(void)sender(fd, 0, &from, &len);
	return err;
}

int weir_greet_forget(int fd)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };

	return connect(fd, &none, sizeof(none)) ? -errno : 0;
}
