/* SPDX-License-Identifier: Apache-2.0 */
/* dial.c - TCP connections of the host: one ordinary socket each */
#include "host/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/place.h"

int weir_dial_start(const struct weir_addr *to, uint16_t port)
{
	const int on = 1;
	union weir_place where;
	socklen_t len = weir_place_fill(&where, to, port);
	int fd, err;

	fd = socket(where.any.sa_family,
		    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	if (connect(fd, &where.any, len) == 0 || errno == EINPROGRESS)
		return fd;
	err = errno;
	close(fd);
	return -err;
}

int weir_dial_result(int fd)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len))
		return -errno;
	return -err;
}

enum weir_reason weir_dial_reason(int err)
{
	switch (-err) {
	case ECONNREFUSED:
	case ECONNRESET:
		return WEIR_REASON_REFUSED;
	case ETIMEDOUT:
		return WEIR_REASON_TIMEOUT;
	case EMFILE:
	case ENFILE:
		return WEIR_REASON_NO_FDS;
	case ENOMEM:
	case ENOBUFS:
		return WEIR_REASON_NO_MEMORY;
	case EADDRNOTAVAIL:
		return WEIR_REASON_BIND; /* no source port or address left */
	default:
		return WEIR_REASON_UNREACHABLE;
	}
}

static void translate(struct iovec *v, const struct weir_span *part, unsigned n)
{
	weir_must(n <= WEIR_DIAL_SPANS_MAX);
	for (unsigned i = 0; i < n; i++)
		v[i] = (struct iovec){ part[i].at, part[i].len };
}

long weir_dial_send(int fd, const struct weir_span *part, unsigned n)
{
	struct iovec v[WEIR_DIAL_SPANS_MAX];
	struct msghdr m = { .msg_iov = v, .msg_iovlen = n };
	ssize_t done;

	translate(v, part, n);
	do
		done = n == 1 ? send(fd, v[0].iov_base, v[0].iov_len,
				     MSG_NOSIGNAL | MSG_DONTWAIT)
			      : sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (done < 0 && errno == EINTR);
	if (done < 0 && (errno == EAGAIN || errno == ENOBUFS))
		return 0;
	return done < 0 ? -errno : done;
}

long weir_dial_receive(int fd, const struct weir_span *part, unsigned n)
{
	struct iovec v[WEIR_DIAL_SPANS_MAX];
	struct msghdr m = { .msg_iov = v, .msg_iovlen = n };
	ssize_t done;

	translate(v, part, n);
	do
		done = n == 1 ? recv(fd, v[0].iov_base, v[0].iov_len,
				     MSG_DONTWAIT)
			      : recvmsg(fd, &m, MSG_DONTWAIT);
	while (done < 0 && errno == EINTR);
	return done < 0 ? -errno : done;
}

int weir_dial_shut(int fd)
{
	return shutdown(fd, SHUT_WR) ? -errno : 0;
}

void weir_dial_close(int fd, bool reset)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (fd < 0)
		return;
	if (reset)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}
