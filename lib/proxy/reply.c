/* SPDX-License-Identifier: Apache-2.0 */
/* reply.c - how a request, or all of an exchange, comes to its end */
#include "proxy/reply.h"

#include "base/must.h"

/* --- ends --- */

void weir_reply_finish(struct weir_exchange *x, enum weir_exchange_end guest,
		       enum weir_exchange_end host)
{
	x->ask = WEIR_STATE_ASK_OVER;
	x->answer = WEIR_STATE_ANSWER_OVER;
	x->end[WEIR_EXCHANGE_GUEST] = guest;
	x->end[WEIR_EXCHANGE_HOST] = host;
	x->up.held = x->down.held = false;
	weir_basin_empty(&x->up.in);
	weir_basin_empty(&x->down.in);
	if (host == WEIR_EXCHANGE_RESET)
		weir_basin_empty(&x->up.out);
}

void weir_reply_tell(struct weir_exchange *x, uint16_t status,
		     enum weir_reason reason)
{
	if (x->owner.told)
		x->owner.told(x->owner.ctx, status, reason);
}

/* what was said so far cannot be taken back: both sides see a break */
void weir_reply_cut(struct weir_exchange *x, enum weir_reason reason)
{
	if (reason != WEIR_REASON_NONE)
		weir_reply_tell(x, 0, reason);
	weir_reply_finish(x, WEIR_EXCHANGE_RESET, WEIR_EXCHANGE_RESET);
}

/* --- answers of ours --- */

bool weir_reply_has_room(const struct weir_exchange *x)
{
	return weir_basin_left(&x->down.out) == x->down.out.cap;
}

/* what it says of the host and of Accept is known from x->request */
void weir_reply_say(struct weir_exchange *x, enum weir_forbid_status status,
		    const struct weir_judge_verdict *v, const char *detail,
		    bool stay)
{
	struct weir_wr to = weir_basin_room(&x->down.out);

	weir_must(to.left >= WEIR_FORBID_BYTES);
	x->request.status = status;
	x->request.verdict = *v;
	x->request.stay = stay;
	x->request.detail = detail;
	weir_basin_add(&x->down.out,
		       weir_forbid_build(&x->request, (char *)to.at));
}

/* an answer of ours that @decide knows nothing of; the connection ends */
void weir_reply_refuse(struct weir_exchange *x, enum weir_forbid_status status,
		       enum weir_reason reason, const char *detail)
{
	const struct weir_judge_verdict v = { .said = WEIR_JUDGE_DENY,
					      .by = WEIR_JUDGE_BY_NOTHING,
					      .reason = reason };
	bool asked = x->answer != WEIR_STATE_ANSWER_NONE;

	weir_reply_tell(x, weir_forbid_code(status), reason);
	weir_reply_say(x, status, &v, detail, false);
	weir_reply_finish(x, WEIR_EXCHANGE_FIN,
			  asked ? WEIR_EXCHANGE_RESET : WEIR_EXCHANGE_FIN);
}

/* the host gave no answer: 502, or for a client that will ask again its end */
void weir_reply_missing(struct weir_exchange *x, enum weir_reason reason)
{
	bool silent = weir_basin_len(&x->down.in) == 0;

	if (x->failed != WEIR_REASON_NONE)
		reason = x->failed;
	else if (x->served && silent) {
		weir_reply_finish(x,
				  x->down.dirty ? WEIR_EXCHANGE_RESET
						: WEIR_EXCHANGE_FIN,
				  WEIR_EXCHANGE_RESET);
		return;
	}
	weir_reply_refuse(x, WEIR_FORBID_UPSTREAM, reason, x->detail);
}

/* both ways of one request are over */
void weir_reply_next(struct weir_exchange *x)
{
	if (x->closing)
		weir_reply_finish(x, WEIR_EXCHANGE_FIN, WEIR_EXCHANGE_FIN);
	else
		x->ask = WEIR_STATE_ASK_HEAD;
}
