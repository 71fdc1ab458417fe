/* SPDX-License-Identifier: Apache-2.0 */
/* listener.c - sockets of the host that wait: for connections, for datagrams */
#include "sys/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/place.h"

int weir_listener_open(bool udp, const struct weir_addr *bind_to, uint16_t port)
{
	const int on = 1;
	union weir_place p;
	socklen_t len = weir_place_fill(&p, bind_to, port);
	int kind = (udp ? SOCK_DGRAM : SOCK_STREAM), err = 0;
	int fd =
		socket(p.any.sa_family, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (!udp)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (p.any.sa_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on,
				 sizeof(on));
	if (bind(fd, &p.any, len) ||
	    (!udp && listen(fd, WEIR_LISTENER_BACKLOG)))
		err = errno;
	if (!err)
		return fd;
	close(fd);
	return -err;
}

uint16_t weir_listener_port(int fd)
{
	union weir_place p = { .any = { .sa_family = AF_UNSPEC } };
	socklen_t len = sizeof(p);
	struct weir_addr unused;
	uint16_t port = 0;

	if (getsockname(fd, &p.any, &len) == 0)
		weir_place_read(&p, &unused, &port);
	return port;
}

int weir_listener_accept(int fd, struct weir_addr *ret_from, uint16_t *ret_port)
{
	const int on = 1;
	union weir_place p = { .any = { .sa_family = AF_UNSPEC } };
	socklen_t len = sizeof(p);
	int got;

	do
		got = accept4(fd, &p.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	(void)setsockopt(got, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(got, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	weir_place_read(&p, ret_from, ret_port);
	return got;
}
