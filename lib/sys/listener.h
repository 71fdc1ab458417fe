/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listener.h - sockets of the host that wait: for connections, for datagrams
 *
 * Control makes them, for it has the operator's rights (a port below 1024 may
 * need them); the engine takes what arrives.
 */
#ifndef WEIR_SYS_LISTENER_H
#define WEIR_SYS_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

#define WEIR_LISTENER_BACKLOG 1024

/* the calls that take what arrives, for the engine's list */
#define WEIR_LISTENER_CALLS(X) X(accept4) X(setsockopt) X(close) X(dup)

/**
 * weir_listener_open() - bind, and for TCP listen
 * @port: in host order; 0: any
 *
 * IPv6 sockets take IPv6 alone, so that one port of each family can be had.
 * Return: a non-blocking descriptor, close-on-exec; or a negative errno:
 * -EADDRINUSE, -EACCES, -EADDRNOTAVAIL ...
 */
int weir_listener_open(bool udp, const struct weir_addr *bind, uint16_t port);

/** weir_listener_port() - the port it was given; 0 if that cannot be told */
uint16_t weir_listener_port(int fd);

/**
 * weir_listener_accept() - take the next connection
 * @ret_from, @ret_port: who it is; untouched unless a descriptor is returned
 *
 * TCP_NODELAY and SO_KEEPALIVE are set.
 * Return: a non-blocking descriptor, close-on-exec; -EAGAIN none there;
 * -EMFILE, -ENFILE, -ENOBUFS, -ENOMEM: it still waits; another negative
 * errno: that connection is gone, go on.
 */
int weir_listener_accept(int fd, struct weir_addr *ret_from,
			 uint16_t *ret_port);

#endif /* WEIR_SYS_LISTENER_H */
