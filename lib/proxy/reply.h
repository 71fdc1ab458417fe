/* SPDX-License-Identifier: Apache-2.0 */
/* reply.h - how a request, or all of an exchange, comes to its end */
#ifndef WEIR_PROXY_REPLY_H
#define WEIR_PROXY_REPLY_H

#include "proxy/state.h"

/** weir_reply_finish() - it is over: each side hears so behind its bytes */
void weir_reply_finish(struct weir_exchange *x, enum weir_exchange_end guest,
		       enum weir_exchange_end host);

/** weir_reply_tell() - let the owner know; @status 0: a break */
void weir_reply_tell(struct weir_exchange *x, uint16_t status,
		     enum weir_reason reason);

/** weir_reply_cut() - what was said so far cannot be taken back: both sides see
 * a break
 * @reason: for the owner, or NONE */
void weir_reply_cut(struct weir_exchange *x, enum weir_reason reason);

/** weir_reply_has_room() - can an answer of ours be written? */
bool weir_reply_has_room(const struct weir_exchange *x);

/** weir_reply_say() - write an answer to the request that is remembered */
void weir_reply_say(struct weir_exchange *x, enum weir_forbid_status status,
		    const struct weir_judge_verdict *v, const char *detail,
		    bool stay);

/** weir_reply_refuse() - the same for what the owner did not decide, and that
 * is the end */
void weir_reply_refuse(struct weir_exchange *x, enum weir_forbid_status status,
		       enum weir_reason reason, const char *detail);

/** weir_reply_missing() - the host gave no answer: 502, or for a client that
 * will ask again its end */
void weir_reply_missing(struct weir_exchange *x, enum weir_reason reason);

/** weir_reply_next() - a request is sent and answered */
void weir_reply_next(struct weir_exchange *x);

#endif /* WEIR_PROXY_REPLY_H */
