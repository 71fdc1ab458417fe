/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolver.c - one question to one DNS server: a socket, a message, an answer
 *
 * UDP: the question is sent when the call is opened; each datagram is a
 * message of its own, true or not, and the call lives until it is closed.  The
 * kernel picks a random port when an unbound socket is connected, and drops
 * datagrams from elsewhere (RFC 5452 9.1, 9.2).
 *
 * TCP: length and question are written in one piece as soon as the connection
 * is there, then a length and so many bytes are read (RFC 1035 4.2.2).  Memory
 * for them is taken when the length is known, so a server that says nothing
 * holds none.  No other question is sent on the connection.
 *
 * The kernel's errors for TCP's connect come out of the first send.
 */
#include "host/resolver.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/place.h"

#define LENGTH_BYTES 2u

void weir_resolver_init(struct weir_resolver_call *c)
{
	*c = (struct weir_resolver_call){ .fd = -1 };
}

/* calls: connect */
static int connect_to(int fd, const struct weir_addr *server, uint16_t port)
{
	union weir_place to;
	socklen_t len = weir_place_fill(&to, server, port);
	int rc = connect(fd, &to.any, len);

	return rc == 0 || errno == EINPROGRESS ? 0 : -errno;
}

/* calls: sendto */
static int write_out(struct weir_resolver_call *c)
{
	while (c->sent < c->out_len) {
		ssize_t n = send(c->fd, c->out + c->sent,
				 (size_t)(c->out_len - c->sent), MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		c->sent = (uint16_t)(c->sent + n);
	}
	return 0;
}

/* calls: socket */
int weir_resolver_open(struct weir_resolver_call *c,
		       const struct weir_addr *server, uint16_t port, bool tcp,
		       const uint8_t *bytes, size_t len)
{
	size_t skip = tcp ? LENGTH_BYTES : 0;
	int rc;

	weir_must(c->fd < 0);
	if (len > WEIR_RESOLVER_QUESTION_MAX_BYTES)
		return -EMSGSIZE;
	c->tcp = tcp;
	c->sent = 0;
	c->got = c->want = 0;
	c->out[0] = (uint8_t)(len >> 8);
	c->out[1] = (uint8_t)len;
	memcpy(c->out + skip, bytes, len);
	c->out_len = (uint16_t)(len + skip);
	c->fd = socket(weir_addr_is4(server) ? AF_INET : AF_INET6,
		       (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK |
			       SOCK_CLOEXEC,
		       0);
	if (c->fd < 0)
		return -errno;
	rc = connect_to(c->fd, server, port);
	if (rc == 0 && !tcp)
		rc = write_out(c);
	/* a datagram that found no room is lost like any other: time will tell */
	if (rc < 0)
		weir_resolver_close(c);
	return rc;
}

bool weir_resolver_wants_write(const struct weir_resolver_call *c)
{
	return c->tcp && c->sent < c->out_len;
}

/* calls: recvfrom */
static int read_some(struct weir_resolver_call *c, uint8_t *to, size_t room)
{
	ssize_t n = recv(c->fd, to, room, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return n == 0 && c->tcp ? -EPIPE : (int)n;
}

/* the length and memory for the message; 1 when both are there */
static int read_length(struct weir_resolver_call *c, size_t room)
{
	int n;

	while (c->got < LENGTH_BYTES) {
		n = read_some(c, c->head + c->got, LENGTH_BYTES - c->got);
		if (n <= 0)
			return n;
		c->got += (uint32_t)n;
	}
	if (c->in)
		return 1;
	c->want = (uint32_t)c->head[0] << 8 | c->head[1];
	if (c->want == 0)
		return -EPROTO;
	if (c->want > room)
		return -EMSGSIZE;
	c->in = malloc(c->want);
	return c->in ? 1 : -ENOMEM;
}

static int read_message(struct weir_resolver_call *c, uint8_t *to, size_t room)
{
	int n = read_length(c, room);

	if (n <= 0)
		return n;
	while (c->got - LENGTH_BYTES < c->want) {
		uint32_t have = c->got - LENGTH_BYTES;

		n = read_some(c, c->in + have, c->want - have);
		if (n <= 0)
			return n;
		c->got += (uint32_t)n;
	}
	memcpy(to, c->in, c->want);
	free(c->in); /* whatever may follow is a message of its own */
	c->in = NULL;
	c->got = 0;
	return (int)c->want;
}

int weir_resolver_run(struct weir_resolver_call *c, uint8_t *to, size_t room)
{
	int rc;

	if (room > WEIR_RESOLVER_MESSAGE_MAX_BYTES)
		room = WEIR_RESOLVER_MESSAGE_MAX_BYTES;
	if (c->fd < 0)
		return 0;
	if (!c->tcp)
		return read_some(c, to, room);
	rc = write_out(c);
	if (rc < 0 || c->sent < c->out_len)
		return rc;
	return read_message(c, to, room);
}

/* calls: close */
void weir_resolver_close(struct weir_resolver_call *c)
{
	if (c->fd >= 0)
		(void)close(c->fd);
	free(c->in);
	c->fd = -1;
	c->in = NULL;
}
