/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolver.h - one question to one DNS server: a socket, a message, an answer
 *
 * A call is one try by UDP or TCP.  Each has a socket of its own, connected to
 * the server, so that the kernel chooses a random source port and passes only
 * what comes from the server's address and port; other datagrams never get
 * here.  Nothing blocks.
 *
 *	weir_resolver_open() → epoll @fd for weir_resolver_wants()
 *	→ on an event weir_resolver_run() until it is 0
 *	→ weir_resolver_close()
 *
 * Thread: the engine's.
 */
#ifndef WEIR_HOST_RESOLVER_H
#define WEIR_HOST_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define WEIR_RESOLVER_QUESTION_MAX_BYTES 512u
#define WEIR_RESOLVER_MESSAGE_MAX_BYTES  65535u

/* the calls of this room, for the engine's list; the last three are malloc's */
#define WEIR_RESOLVER_CALLS(X)                                                 \
	X(socket)                                                              \
	X(connect) X(sendto) X(recvfrom) X(close) X(brk) X(mmap) X(munmap)

/**
 * struct weir_resolver_call - one try; the fields are the room's own but @fd
 * @fd:   for epoll; -1: closed
 * @out:  TCP: length and question; @sent of @out_len are with the kernel
 * @in:   TCP: length, then message; @got of @want bytes have come
 */
struct weir_resolver_call {
	int fd;
	bool tcp;
	uint16_t sent, out_len;
	uint32_t got, want;
	uint8_t head[2];
	uint8_t *in;
	uint8_t out[2 + WEIR_RESOLVER_QUESTION_MAX_BYTES];
};

/** weir_resolver_init() - a closed call */
void weir_resolver_init(struct weir_resolver_call *c);

/**
 * weir_resolver_open() - send a question
 * @c:     closed
 * @bytes: @len bytes, at most WEIR_RESOLVER_QUESTION_MAX_BYTES; copied
 *
 * Return: 0, or a negative errno and @c is closed: -EMFILE, -ENETUNREACH,
 * -ECONNREFUSED, -EMSGSIZE …
 */
int weir_resolver_open(struct weir_resolver_call *c,
		       const struct weir_addr *server, uint16_t port, bool tcp,
		       const uint8_t *bytes, size_t len);

/** weir_resolver_wants_write() - wait until it can be written to (else read) */
bool weir_resolver_wants_write(const struct weir_resolver_call *c);

/**
 * weir_resolver_run() - go on after an event
 * @to: room for @room bytes; a longer datagram is cut, and its header says so
 *      or it is malformed
 *
 * A UDP call may bring several messages, one each time; a TCP call brings one.
 * Return: the length of a message in @to; 0: nothing now, wait again; a
 * negative errno: the call has failed (-ECONNREFUSED, -ECONNRESET, -EPIPE: the
 * server closed, -EPROTO: a length of 0, -ENOMEM, -EMSGSIZE: no room).
 */
int weir_resolver_run(struct weir_resolver_call *c, uint8_t *to, size_t room);

/** weir_resolver_close() - give the socket back; does nothing if closed */
void weir_resolver_close(struct weir_resolver_call *c);

#endif /* WEIR_HOST_RESOLVER_H */
