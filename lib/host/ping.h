/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ping.h - ping sockets of the host: echo without privilege
 *
 * A datagram of such a socket is an ICMP message (RFC 792, 4443) from its
 * header on.  The kernel lets through echo requests up and their replies down,
 * writes the checksum, and puts the socket's own ident in place of whatever
 * was written; the owner restores it.  Datagrams go by volley.h, errors by
 * errqueue.h.  Whether a process may have one is a matter of its group:
 * net.ipv4.ping_group_range, for both families.
 */
#ifndef WEIR_HOST_PING_H
#define WEIR_HOST_PING_H

#include <stdbool.h>

/* the calls of this room, for the engine's list */
#define WEIR_PING_CALLS(X) X(socket) X(setsockopt) X(close)

/**
 * weir_ping_open() - a socket of that family, non-blocking
 *
 * Return: the socket; -EACCES, -EPERM: this process may have none; another
 * negative errno.
 */
int weir_ping_open(bool v4);

/** weir_ping_close() - fd may be -1 */
void weir_ping_close(int fd);

#endif /* WEIR_HOST_PING_H */
