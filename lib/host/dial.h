/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dial.h - TCP connections of the host: one ordinary socket each
 *
 * Non-blocking throughout.  Errors come back as negative errno values;
 * weir_dial_reason() translates them into what becomes of the flow.
 *
 * Thread: the engine's.
 */
#ifndef WEIR_HOST_DIAL_H
#define WEIR_HOST_DIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/reason.h"
#include "base/span.h"

#define WEIR_DIAL_SPANS_MAX 16u

/* the calls of this room, for the engine's list */
#define WEIR_DIAL_CALLS(X)                                                     \
	X(socket)                                                              \
	X(setsockopt)                                                          \
	X(getsockopt)                                                          \
	X(connect)                                                             \
	X(sendmsg) X(sendto) X(recvfrom) X(recvmsg) X(shutdown) X(close)

/**
 * weir_dial_start() - begin to connect
 * @to, @port: where to
 *
 * TCP_NODELAY and SO_KEEPALIVE are set.  The socket becomes writable when the
 * connect succeeded or failed; weir_dial_result() tells.
 *
 * Return: the socket (connected already or under way); or a negative errno.
 */
int weir_dial_start(const struct weir_addr *to, uint16_t port);

/** weir_dial_result() - how a connect that was decided has ended
 *
 * Ask when the socket became writable or has an error.
 * Return: 0 connected; or the negative errno it failed with.
 */
int weir_dial_result(int fd);

/** weir_dial_reason() - what a negative errno of a connect means to a flow */
enum weir_reason weir_dial_reason(int err);

/**
 * weir_dial_send() - give the host bytes
 *
 * Return: bytes taken (0 if the socket is full), or a negative errno, with
 * which the connection is dead (ECONNRESET, EPIPE ...).  No SIGPIPE.
 */
long weir_dial_send(int fd, const struct weir_span *part, unsigned n);

/**
 * weir_dial_receive() - take bytes from the host
 *
 * Return: bytes written into @part; 0 end of file; -EAGAIN none there now;
 * another negative errno, with which the connection is dead.
 */
long weir_dial_receive(int fd, const struct weir_span *part, unsigned n);

/** weir_dial_shut() - send FIN; 0 or a negative errno */
int weir_dial_shut(int fd);

/** weir_dial_close() - close; @reset: with RST instead of FIN; fd may be -1 */
void weir_dial_close(int fd, bool reset);

#endif /* WEIR_HOST_DIAL_H */
