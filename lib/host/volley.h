/* SPDX-License-Identifier: Apache-2.0 */
/*
 * volley.h - many datagrams of one socket in one call
 *
 * UDP sockets (post.h) and ping sockets (ping.h) alike.  Both ways a message
 * may stand for several datagrams of one size to or from one place (UDP_SEGMENT,
 * UDP_GRO): one trip through the host's stack for all of them.
 */
#ifndef WEIR_HOST_VOLLEY_H
#define WEIR_HOST_VOLLEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/span.h"

#define WEIR_VOLLEY_OUT_MAX        64u  /* messages given at once */
#define WEIR_VOLLEY_IN_MAX         32u  /* messages taken at once */
#define WEIR_VOLLEY_SEGMENTS_MAX   64u  /* UDP_MAX_SEGMENTS of Linux 6.1 */
#define WEIR_VOLLEY_SPANS_MAX      256u /* of all messages given at once */
#define WEIR_VOLLEY_DATAGRAM_BYTES 65535u
#define WEIR_VOLLEY_SLOT_BYTES     2048u /* the first bytes of each, together */

#define WEIR_VOLLEY_HOPS 63u /* of a new socket: a guest's 64, one hop later */

/* the calls of this room, for the engine's list */
#define WEIR_VOLLEY_CALLS(X) X(sendmmsg) X(recvmmsg) X(setsockopt)

/**
 * weir_volley_prepare() - a new socket: whole datagrams (see
 * weir_volley_keep_whole()), WEIR_VOLLEY_HOPS, errors kept
 */
void weir_volley_prepare(int fd, bool v4);

/**
 * struct weir_volley_out - a message to be sent
 * @to, @port: where to; the port means nothing to a ping socket
 * @ttl:       hops it may take; 0: as many as the socket says
 * @segment:   0: one datagram; else several, each so long but for the last
 * @payload:   its bytes
 */
struct weir_volley_out {
	struct weir_addr to;
	uint16_t port;
	uint8_t ttl;
	uint16_t segment;
	struct weir_spans payload;
};

/**
 * weir_volley_send() - send messages in their order
 * @n: at most WEIR_VOLLEY_OUT_MAX, of WEIR_VOLLEY_SPANS_MAX spans together
 *
 * Return: how many of the first were sent, at least one; or what became of the
 * first: -EAGAIN the socket is full; -EMSGSIZE; -EINVAL, -EIO: the way there
 * takes no segments; -ENETUNREACH, -EHOSTUNREACH, -EACCES ...: it cannot be
 * sent there, or an error of an earlier one was waiting (errqueue.h).
 */
int weir_volley_send(int fd, const struct weir_volley_out *out, unsigned n);

/**
 * struct weir_volley_in - a message that came
 * @from, @port: from whom
 * @segment: 0: one datagram; else several, each so long but for the last
 * @part, @n, @len: its bytes, in the caller's room
 */
struct weir_volley_in {
	struct weir_addr from;
	struct weir_span part[2];
	size_t len;
	unsigned n;
	uint16_t port;
	uint16_t segment;
};

/** weir_volley_room_bytes() - room that weir_volley_receive() needs */
size_t weir_volley_room_bytes(void);

/**
 * weir_volley_receive() - take messages that wait
 * @room: weir_volley_room_bytes() of it; only what is needed is touched
 * @ret:  at most @n, which is at most WEIR_VOLLEY_IN_MAX
 *
 * Return: how many, at least one; -EAGAIN none there; another negative errno:
 * an error of a datagram sent earlier (errqueue.h), go on.
 */
int weir_volley_receive(int fd, uint8_t *room, struct weir_volley_in *ret,
			unsigned n);

/**
 * weir_volley_keep_whole() - may what is sent be cut on its way, or not?
 * @whole: with DF, and -EMSGSIZE if the way is known to be too narrow; else cut
 *         here if need be, and on the way where the family has it
 */
void weir_volley_keep_whole(int fd, bool v4, bool whole);

#endif /* WEIR_HOST_VOLLEY_H */
