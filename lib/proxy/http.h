/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.h - HTTP/1 of an intercepted connection: an exchange as a talk, and what
 *          decides its requests
 *
 * Each request must be for the host its connection was opened for (else 421),
 * and is asked of the HTTP rules (else 403); what is refused is told to who
 * wants to know.
 */
#ifndef WEIR_PROXY_HTTP_H
#define WEIR_PROXY_HTTP_H

#include <stdbool.h>

#include "policy/image.h"
#include "policy/judge.h"
#include "proxy/crossing.h"
#include "proxy/talk.h"

/**
 * struct weir_http_told - a request that was not let through
 * @status: of the answer; 0: the connection was cut
 * @verdict: why; @head: its head, or NULL: it could not be read
 */
struct weir_http_told {
	const struct weir_crossing *x;
	uint16_t status;
	struct weir_judge_verdict verdict;
	const struct weir_head *head;
};

/**
 * struct weir_http_owner - what all connections share; borrowed
 * @image: the policy in force, at any time
 * @tell:  hears of refusals; may be NULL
 */
struct weir_http_owner {
	void *ctx;
	const struct weir_image *image;
	void (*tell)(void *ctx, const struct weir_http_told *t);
};

/** weir_http_open() - begin one; Return: false: no memory */
bool weir_http_open(const struct weir_http_owner *owner,
		    const struct weir_crossing *x, struct weir_talk *ret);

#endif /* WEIR_PROXY_HTTP_H */
