/* SPDX-License-Identifier: Apache-2.0 */
/*
 * errqueue.h - what the network said about datagrams that were sent
 *
 * A socket keeps ICMP errors in a queue beside its datagrams, each with the
 * beginning of the datagram it is about, where that was bound for, and who
 * said it (IP_RECVERR, IPV6_RECVERR).  Until it is read the next send or
 * receive of the socket fails with its errno, whatever the destination.
 */
#ifndef WEIR_HOST_ERRQUEUE_H
#define WEIR_HOST_ERRQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "packet/icmp.h"

/* the calls of this room, for the engine's list */
#define WEIR_ERRQUEUE_CALLS(X) X(recvmsg) X(setsockopt)

/**
 * struct weir_errqueue_error - one error
 * @known:    something the guest can be told: @why says what
 * @local:    said by this host, which sent nothing
 * @mtu:      of WEIR_ICMP_WHY_TOO_BIG
 * @from:     who said it; all zero if nobody did
 * @to, @port: where the datagram was bound for
 * @len:      bytes of the datagram that are known, in the caller's room
 */
struct weir_errqueue_error {
	bool known, local;
	enum weir_icmp_why why;
	uint32_t mtu;
	struct weir_addr from, to;
	uint16_t port;
	size_t len;
};

/** weir_errqueue_want() - from now on @fd, new, keeps errors */
void weir_errqueue_want(int fd, bool v4);

/**
 * weir_errqueue_take() - take the next error
 * @room: gets the first @cap bytes of the datagram; of a ping socket, from its
 *        ICMP header on
 *
 * Return: 1; 0 if there is none.
 */
int weir_errqueue_take(int fd, uint8_t *room, size_t cap,
		       struct weir_errqueue_error *ret);

#endif /* WEIR_HOST_ERRQUEUE_H */
