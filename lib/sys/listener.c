/* SPDX-License-Identifier: Apache-2.0 */
/* listener.c - sockets of the host that wait: for connections, for datagrams */
#include "sys/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

/* The same socket address in the form the calls want. */
struct place {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} a;
	socklen_t len;
};

static struct place place_of(const struct weir_addr *a, uint16_t port)
{
	struct place p = { .len = sizeof(p.a.in) };

	if (weir_addr_is4(a)) {
		p.a.in = (struct sockaddr_in){
			.sin_family = AF_INET,
			.sin_port = htons(port),
			.sin_addr.s_addr = htonl(weir_addr_to4(a)),
		};
		return p;
	}
	p.len = sizeof(p.a.in6);
	p.a.in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
					 .sin6_port = htons(port) };
	memcpy(&p.a.in6.sin6_addr, a->b, sizeof(a->b));
	return p;
}

int weir_listener_open(bool udp, const struct weir_addr *bind_to, uint16_t port)
{
	const int on = 1;
	struct place p = place_of(bind_to, port);
	int kind = (udp ? SOCK_DGRAM : SOCK_STREAM), err = 0;
	int fd = socket(p.a.any.sa_family, kind | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0);

	if (fd < 0)
		return -errno;
	if (!udp)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (p.a.any.sa_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on,
				 sizeof(on));
	if (bind(fd, &p.a.any, p.len) ||
	    (!udp && listen(fd, WEIR_LISTENER_BACKLOG)))
		err = errno;
	if (!err)
		return fd;
	close(fd);
	return -err;
}

static void read_place(const struct place *p, struct weir_addr *ret_addr,
		       uint16_t *ret_port)
{
	if (p->a.any.sa_family == AF_INET) {
		*ret_addr = weir_addr_from4(ntohl(p->a.in.sin_addr.s_addr));
		*ret_port = ntohs(p->a.in.sin_port);
	} else {
		memcpy(ret_addr->b, &p->a.in6.sin6_addr, sizeof(ret_addr->b));
		*ret_port = ntohs(p->a.in6.sin6_port);
	}
}

uint16_t weir_listener_port(int fd)
{
	struct place p = { .len = sizeof(p.a) };
	struct weir_addr unused;
	uint16_t port = 0;

	if (getsockname(fd, &p.a.any, &p.len) == 0)
		read_place(&p, &unused, &port);
	return port;
}

int weir_listener_accept(int fd, struct weir_addr *ret_from, uint16_t *ret_port)
{
	const int on = 1;
	struct place p = { .len = sizeof(p.a) };
	int got;

	do
		got = accept4(fd, &p.a.any, &p.len,
			      SOCK_NONBLOCK | SOCK_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	(void)setsockopt(got, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(got, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	read_place(&p, ret_from, ret_port);
	return got;
}
