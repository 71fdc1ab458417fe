/* SPDX-License-Identifier: Apache-2.0 */
/*
 * requests.h - where each request of an HTTP/1 connection begins
 *
 * A plain HTTP connection that was allowed because of its Host may carry a
 * second request with another one.  This room follows the framing of what the
 * client sends, so that every head is looked at, and says how many bytes may
 * go on before the next look.  It never guesses: what is ambiguous is BAD.
 *
 * Chunked bodies are read as strictly as packet/chunked.h does; trailers as in
 * packet/head.h, complete before they go on.  HTTP/2's preface, and whatever else is no request where
 * one must begin, is BAD.
 *
 * Upgrade and CONNECT.  The answer to a request can be told from the bytes of
 * other answers only if it is the first on its connection and has no body.  So
 * only such a request is waited for.  After any other Upgrade, and one to a
 * protocol that hides names (weir_head.hides), requests are followed as before,
 * and if the server does switch, the new protocol is BAD.  A later CONNECT is
 * BAD at once.
 */
#ifndef WEIR_FLOW_REQUESTS_H
#define WEIR_FLOW_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/chunked.h"
#include "packet/head.h"

/** enum weir_requests_is - what comes next */
enum weir_requests_is {
	WEIR_REQUESTS_PASS = 1, /* so many bytes of a body: let them go */
	WEIR_REQUESTS_HEAD,     /* a complete head: judge it; if allowed call
				   weir_requests_allow(), then look again */
	WEIR_REQUESTS_MORE,     /* not enough bytes yet */
	WEIR_REQUESTS_WAIT,     /* nothing goes on until the server answered an
				   Upgrade: weir_requests_answer() */
	WEIR_REQUESTS_FREE,     /* another protocol from here on: all may go */
	WEIR_REQUESTS_BAD,
};

/** struct weir_requests - the state of one connection; the room's own */
struct weir_requests {
	uint64_t left; /* of a body of known length */
	struct weir_chunked chunks;
	uint8_t state;
	bool later;   /* a request was allowed before */
	bool connect; /* what is waited for */
	/* the answer: where in the status line, or line of its head */
	uint8_t at;
	bool line;
	uint16_t status, heard;
};

/** weir_requests_init() - at the start of a stream */
void weir_requests_init(struct weir_requests *r);

/**
 * weir_requests_look() - what do the next bytes mean?
 * @b:    @len bytes that have not gone on yet
 * @last: no more than these will be held (WEIR_FIRST_BYTES), or will come
 * @ret_pass: PASS: how many may go on, at least 1, at most @len but for a body
 *        of known length, where it is what is left of it: more than @len is
 *        fine
 * @ret_head: HEAD; borrows @b
 *
 * PASS counts its bytes as gone.  Without bytes it is MORE, @last or not,
 * where nothing can be said.  BAD and FREE stay.
 */
enum weir_requests_is weir_requests_look(struct weir_requests *r,
					 const uint8_t *b, size_t len,
					 bool last, uint64_t *ret_pass,
					 struct weir_head *ret_head);

/**
 * weir_requests_allow() - the head may go on: @head->len bytes count as gone
 * @head: as weir_requests_look() gave it, just before
 */
void weir_requests_allow(struct weir_requests *r, const struct weir_head *head);

/**
 * weir_requests_answer() - after WAIT: bytes of the server's answer
 * @b: the next @len bytes since WAIT was said
 *
 * Interim answers (1xx but 101) are stepped over.  101, and 2xx to CONNECT,
 * makes all that follows FREE; after anything else requests are followed as
 * before.
 * Return: false if they do not tell yet; WEIR_FIRST_BYTES always do. True too
 * if nothing is waited for.
 */
bool weir_requests_answer(struct weir_requests *r, const uint8_t *b,
			  size_t len);

#endif /* WEIR_FLOW_REQUESTS_H */
