/* SPDX-License-Identifier: Apache-2.0 */
/* ping.c - ping sockets of the host: echo without privilege */
#include "host/ping.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/volley.h"

int weir_ping_open(bool v4)
{
	int fd = socket(v4 ? AF_INET : AF_INET6,
			SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);

	if (fd < 0)
		return -errno;
	weir_volley_prepare(fd, v4);
	return fd;
}

void weir_ping_close(int fd)
{
	if (fd >= 0)
		close(fd);
}
