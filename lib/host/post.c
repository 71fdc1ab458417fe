/* SPDX-License-Identifier: Apache-2.0 */
/* post.c - UDP sockets of the host: datagrams to anybody, from anybody */
#include "host/post.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/must.h"
#include "host/volley.h"
#include "sys/place.h"

#define BUFFER_BYTES (4 << 20) /* a burst of large datagrams */

int weir_post_open(bool v4)
{
	const int size = BUFFER_BYTES, on = 1;
	int fd;

	fd = socket(v4 ? AF_INET : AF_INET6,
		    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
	if (fd < 0)
		return -errno;
	/* as much as the host's limit lets us have */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	(void)setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof(on));
	weir_volley_prepare(fd, v4);
	return fd;
}

int weir_post_send(int fd, const struct weir_addr *to, uint16_t port,
		   const struct weir_spans *payload)
{
	union weir_place place;
	struct iovec v[WEIR_POST_SPANS_MAX];
	struct msghdr m = { .msg_name = &place,
			    .msg_namelen = weir_place_fill(&place, to, port),
			    .msg_iov = v,
			    .msg_iovlen = payload->n };
	ssize_t done;

	weir_must(payload->n <= WEIR_POST_SPANS_MAX);
	for (unsigned i = 0; i < payload->n; i++)
		v[i] = (struct iovec){ payload->v[i].at, payload->v[i].len };
	do
		done = sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (done < 0 && errno == EINTR);
	return done < 0 ? -errno : 0;
}

int weir_post_receive(int fd, uint8_t *to, struct weir_addr *ret_from,
		      uint16_t *ret_port)
{
	union weir_place from = { .any = { .sa_family = AF_UNSPEC } };
	socklen_t len = sizeof(from);
	ssize_t n;

	do
		n = recvfrom(fd, to, WEIR_POST_DATAGRAM_MAX_BYTES, MSG_DONTWAIT,
			     &from.any, &len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	weir_place_read(&from, ret_from, ret_port);
	return (int)n;
}

void weir_post_close(int fd)
{
	if (fd >= 0)
		close(fd);
}
