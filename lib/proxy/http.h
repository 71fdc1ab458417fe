/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.h - what decides the requests of intercepted connections; HTTP/1 of one,
 *          an exchange as a talk (HTTP/2: http2.h)
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
#include "proxy/exchange.h"
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

#define WEIR_HTTP_IN_BYTES 16384u

/**
 * struct weir_http_owner - what all connections share; borrowed
 * @image: the policy in force, at any time
 * @tell:  hears of refusals; may be NULL
 * @in:    WEIR_HTTP_IN_BYTES, between two system calls; @head: WEIR_FIRST_BYTES,
 *         while a head is looked at
 */
struct weir_http_owner {
	void *ctx;
	const struct weir_image *image;
	uint8_t *in, *head;
	void (*tell)(void *ctx, const struct weir_http_told *t);
};

/**
 * weir_http_decide() - may this request go on?
 * @ret: the verdict, if not; then it was told
 */
enum weir_exchange_said weir_http_decide(const struct weir_http_owner *owner,
					 const struct weir_crossing *x,
					 const struct weir_head *h,
					 struct weir_judge_verdict *ret);

/** weir_http_refused() - the verdict on what nobody judged */
struct weir_judge_verdict weir_http_refused(enum weir_reason why);

/** weir_http_tell() - something else is refused, or (@status 0) broken off;
 * with WEIR_REASON_NONE nobody hears of it */
void weir_http_tell(const struct weir_http_owner *owner,
		    const struct weir_crossing *x, uint16_t status,
		    enum weir_reason reason);

/** weir_http_open() - begin one; Return: false: no memory */
bool weir_http_open(const struct weir_http_owner *owner,
		    const struct weir_crossing *x, struct weir_talk *ret);

#endif /* WEIR_PROXY_HTTP_H */
