/* SPDX-License-Identifier: Apache-2.0 */
/*
 * post.h - UDP sockets of the host: datagrams to anybody, from anybody
 *
 * One socket per mapping, not connected, so one guest port may talk to many
 * destinations.  Non-blocking.  Its datagrams go by volley.h.
 */
#ifndef WEIR_HOST_POST_H
#define WEIR_HOST_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/span.h"

#define WEIR_POST_SPANS_MAX          8u
#define WEIR_POST_DATAGRAM_MAX_BYTES 65535u

/* the calls of this room, for the engine's list */
#define WEIR_POST_CALLS(X)                                                     \
	X(socket)                                                              \
	X(setsockopt)                                                          \
	X(sendmsg) X(sendmmsg) X(recvfrom) X(recvmmsg) X(recvmsg) X(close)

/**
 * weir_post_open() - a socket of that family
 *
 * What comes in may be several datagrams in one (UDP_GRO): see volley.h, by
 * which it is used; errors are kept (errqueue.h).
 * Return: the socket, or a negative errno.
 */
int weir_post_open(bool v4);

/**
 * weir_post_send() - send one datagram
 *
 * Return: 0; -EAGAIN the socket is full; -EMSGSIZE; -ENETUNREACH,
 * -EHOSTUNREACH, -EACCES ...: it cannot be sent there.
 */
int weir_post_send(int fd, const struct weir_addr *to, uint16_t port,
		   const struct weir_spans *payload);

/**
 * weir_post_receive() - take one datagram
 * @to: WEIR_POST_DATAGRAM_MAX_BYTES of room
 *
 * Return: its length, which may be 0; -EAGAIN none there; another negative
 * errno: an earlier datagram's error, go on.
 */
int weir_post_receive(int fd, uint8_t *to, struct weir_addr *ret_from,
		      uint16_t *ret_port);

/** weir_post_close() - fd may be -1 */
void weir_post_close(int fd);

#endif /* WEIR_HOST_POST_H */
