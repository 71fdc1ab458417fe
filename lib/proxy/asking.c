/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asking.c - the guest's requests: read, judged, written anew for the host
 *
 * The states are drawn in exchange.c.
 */
#include "proxy/asking.h"

#include "base/must.h"
#include "proxy/reply.h"
#include "proxy/rewrite.h"

/* what is remembered of a request: its head is overwritten by its body */
static void remember(struct weir_exchange *x)
{
	const struct weir_head *h = &x->up.m.request;
	const struct weir_hop *hop = &x->up.m.hop;

	x->request = (struct weir_forbid){
		.json = h->prefers_json,
		.head = h->method_len == 4 && memcmp(h->method, "HEAD", 4) == 0,
	};
	if (h->has_host) {
		x->host = h->host;
		x->request.host = &x->host;
	}
	x->old = h->minor == 0;
	x->closing = hop->close || (x->old && !hop->keep_alive);
	x->interim = 0;
	x->swap = NULL;
	x->websocket = !x->old && weir_hop_asks_websocket(hop) &&
		       x->up.m.body == WEIR_MESSAGE_BODY_NONE &&
		       h->method_len == 3 && memcmp(h->method, "GET", 3) == 0;
}

/*
 * 403 or 421.  The body is read away if that is no great matter; else it is the
 * end.  Return: it is to be read away.
 */
static bool deny(struct weir_exchange *x, enum weir_forbid_status status,
		 const struct weir_judge_verdict *v, uint64_t body)
{
	bool stay = !x->closing && body <= WEIR_EXCHANGE_DRAIN_BYTES;

	weir_reply_say(x, status, v, NULL, stay);
	x->drained = 0;
	x->answer = WEIR_STATE_ANSWER_NONE;
	if (stay)
		x->ask = WEIR_STATE_ASK_DRAIN;
	else
		weir_reply_finish(x, WEIR_EXCHANGE_FIN, WEIR_EXCHANGE_FIN);
	return stay;
}

/* the same where all of the body is still to come */
static void deny_head(struct weir_exchange *x, enum weir_forbid_status status,
		      const struct weir_judge_verdict *v, size_t head)
{
	if (!deny(x, status, v, x->up.m.request.length))
		return;
	weir_basin_drop(&x->up.in, head);
	weir_haul_begin(&x->up, WEIR_MESSAGE_BODY_NONE, NULL,
			WEIR_SWAP_BODY_SAME, false);
	x->up.discard = true;
}

static struct weir_judge_verdict leak(struct weir_exchange *x)
{
	weir_reply_tell(x, weir_forbid_code(WEIR_FORBID_DENIED),
			WEIR_REASON_LEAK);
	return (struct weir_judge_verdict){ .said = WEIR_JUDGE_DENY,
					    .by = WEIR_JUDGE_BY_NOTHING,
					    .reason = WEIR_REASON_LEAK };
}

/* the host hears of the request when all of it is here: nobody else can say
 * that the body is welcome */
static void welcome(struct weir_exchange *x)
{
	static const char go[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct weir_wr to = weir_basin_room(&x->down.out);

	weir_wr_copy(&to, go, sizeof(go) - 1);
	weir_basin_add(&x->down.out, weir_wr_len(&to));
}

/* write the head for the host; what follows is the body's business */
static void forward(struct weir_exchange *x, struct weir_rd fields, size_t head)
{
	const struct weir_message *m = &x->up.m;
	struct weir_wr to = weir_basin_room(&x->up.out);
	enum weir_swap_body mode = weir_haul_mode(&x->up, x->swap, fields);
	bool held = mode == WEIR_SWAP_BODY_HOLD;
	struct weir_rewrite o = { .body = m->body,
				  .length = m->request.length,
				  .close = x->closing,
				  .websocket = x->websocket,
				  .trailers = m->hop.trailers && !x->old,
				  .no_expect = x->old || held,
				  .swap = x->swap };
	enum weir_rewrite_is is = WEIR_REWRITE_STOP;
	struct weir_judge_verdict v;

	if (m->request.has_length && o.body == WEIR_MESSAGE_BODY_NONE)
		o.body = WEIR_MESSAGE_BODY_LENGTH; /* of nothing, but said */
	weir_rewrite_change(&o, mode, WEIR_MESSAGE_BODY_CHUNKED);
	to.left -= WEIR_STATE_LATER_BYTES;
	if (mode != WEIR_SWAP_BODY_STOP)
		is = weir_rewrite_request(&o, m, fields, &to);
	if (is == WEIR_REWRITE_STOP) {
		v = leak(x);
		deny_head(x, WEIR_FORBID_DENIED, &v, head);
		return;
	}
	if (is == WEIR_REWRITE_FULL) {
		weir_reply_refuse(x, WEIR_FORBID_TOO_LARGE,
				  WEIR_REASON_BAD_HEAD, NULL);
		return;
	}
	if (held && m->hop.expect && !x->old)
		welcome(x);
	weir_basin_add(&x->up.out, weir_wr_len(&to));
	weir_basin_drop(&x->up.in, head);
	weir_haul_begin(&x->up, o.body, x->swap, mode, true);
	weir_message_expect(&x->down.m, x->request.head);
	x->ask = WEIR_STATE_ASK_BODY;
	x->answer = WEIR_STATE_ANSWER_HEAD;
}

/* an answer without a judgement; a secret in it is a leak all the same */
static void refuse(struct weir_exchange *x, enum weir_forbid_status status,
		   enum weir_reason reason, const char *detail)
{
	if (x->owner.garbled &&
	    x->owner.garbled(x->owner.ctx, weir_basin_bytes(&x->up.in)) ==
		    WEIR_REASON_LEAK)
		weir_reply_refuse(x, WEIR_FORBID_DENIED, WEIR_REASON_LEAK,
				  NULL);
	else
		weir_reply_refuse(x, status, reason, detail);
}

static void on_request(struct weir_exchange *x, struct weir_rd fields,
		       size_t head)
{
	const struct weir_head *h = &x->up.m.request;
	struct weir_judge_verdict v = { .said = WEIR_JUDGE_DENY,
					.by = WEIR_JUDGE_BY_NOTHING };

	remember(x);
	if (h->connect) {
		refuse(x, WEIR_FORBID_UNKNOWN, WEIR_REASON_TUNNEL,
		       "CONNECT is not passed on where requests are read");
		return;
	}
	if (h->host_text_len == 0 && !x->old) { /* RFC 9112 3.2 */
		refuse(x, WEIR_FORBID_BAD, WEIR_REASON_BAD_HEAD, NULL);
		return;
	}
	switch (x->owner.decide(x->owner.ctx, &x->up.m, fields, &v, &x->swap)) {
	case WEIR_EXCHANGE_DENY:
		deny_head(x, WEIR_FORBID_DENIED, &v, head);
		return;
	case WEIR_EXCHANGE_MISDIRECTED:
		deny_head(x, WEIR_FORBID_MISDIRECTED, &v, head);
		return;
	case WEIR_EXCHANGE_ALLOW:
		break;
	}
	if (x->down.ended || x->deaf)
		weir_reply_missing(x, x->down.dirty || x->deaf
					      ? WEIR_REASON_HOST_RESET
					      : WEIR_REASON_CLOSED);
	else
		forward(x, fields, head);
}

static void refuse_bad(struct weir_exchange *x)
{
	switch (x->up.m.fault) {
	case WEIR_MESSAGE_FAULT_LARGE:
		refuse(x, WEIR_FORBID_TOO_LARGE, WEIR_REASON_BAD_HEAD, NULL);
		return;
	case WEIR_MESSAGE_FAULT_METHOD:
		refuse(x, WEIR_FORBID_UNKNOWN, WEIR_REASON_BAD_HEAD, NULL);
		return;
	case WEIR_MESSAGE_FAULT_NONE:
	case WEIR_MESSAGE_FAULT_FORM:
	case WEIR_MESSAGE_FAULT_CUT:
		break;
	}
	refuse(x, WEIR_FORBID_BAD, WEIR_REASON_BAD_HEAD, NULL);
}

static bool step_head(struct weir_exchange *x)
{
	struct weir_message_piece p;

	if (x->answer != WEIR_STATE_ANSWER_NONE || weir_basin_len(&x->up.out) ||
	    !weir_reply_has_room(x))
		return false;
	switch (weir_haul_look(&x->up, &p)) {
	case WEIR_MESSAGE_HEAD:
		on_request(x, p.fields, p.eat);
		return true;
	case WEIR_MESSAGE_BAD:
		x->request = (struct weir_forbid){ .json = false };
		refuse_bad(x);
		return true;
	case WEIR_MESSAGE_MORE:
	case WEIR_MESSAGE_DATA:
	case WEIR_MESSAGE_END:
		break;
	}
	if (!x->up.ended)
		return false;
	weir_reply_finish(x, WEIR_EXCHANGE_FIN, WEIR_EXCHANGE_FIN);
	return true;
}

/* the body broke its framing, or off */
static void broken_request(struct weir_exchange *x)
{
	if (x->up.m.fault == WEIR_MESSAGE_FAULT_CUT)
		weir_reply_finish(x, WEIR_EXCHANGE_FIN, WEIR_EXCHANGE_RESET);
	else if (x->answer == WEIR_STATE_ANSWER_HEAD && weir_reply_has_room(x))
		refuse_bad(x);
	else
		weir_reply_cut(x, WEIR_REASON_BAD_HEAD);
}

/* a secret on its way to where it must not go */
static void leaking_request(struct weir_exchange *x)
{
	bool unanswered =
		x->answer == WEIR_STATE_ANSWER_HEAD && weir_reply_has_room(x);
	struct weir_judge_verdict v;

	if (x->up.held && unanswered) { /* nothing of it went on */
		weir_haul_drop(&x->up);
		v = leak(x);
		(void)deny(x, WEIR_FORBID_DENIED, &v, 0);
	} else if (unanswered) {
		weir_reply_refuse(x, WEIR_FORBID_DENIED, WEIR_REASON_LEAK,
				  NULL);
	} else {
		weir_reply_cut(x, WEIR_REASON_LEAK);
	}
}

static bool step_body(struct weir_exchange *x)
{
	switch (weir_haul_step(&x->up)) {
	case WEIR_HAUL_WAIT:
		return false;
	case WEIR_HAUL_MOVED:
		return true;
	case WEIR_HAUL_END:
		x->ask = WEIR_STATE_ASK_DONE;
		if (x->answer == WEIR_STATE_ANSWER_NONE) /* it was early */
			weir_reply_next(x);
		return true;
	case WEIR_HAUL_BAD:
		broken_request(x);
		return true;
	case WEIR_HAUL_STOP:
		break;
	}
	leaking_request(x);
	return true;
}

static bool step_drain(struct weir_exchange *x)
{
	size_t before = weir_basin_len(&x->up.in);
	enum weir_haul_is is = weir_haul_step(&x->up);

	x->drained += before - weir_basin_len(&x->up.in);
	if (is == WEIR_HAUL_WAIT)
		return false;
	if (is == WEIR_HAUL_END)
		weir_reply_next(x);
	else if (is != WEIR_HAUL_MOVED ||
		 x->drained > WEIR_EXCHANGE_DRAIN_BYTES)
		weir_reply_finish(x, WEIR_EXCHANGE_FIN, WEIR_EXCHANGE_FIN);
	return true;
}

bool weir_asking_step(struct weir_exchange *x)
{
	switch (x->ask) {
	case WEIR_STATE_ASK_HEAD:
		return step_head(x);
	case WEIR_STATE_ASK_BODY:
		return step_body(x);
	case WEIR_STATE_ASK_DRAIN:
		return step_drain(x);
	case WEIR_STATE_ASK_DONE:
	case WEIR_STATE_ASK_FRAMES:
	case WEIR_STATE_ASK_OVER:
		break;
	}
	return false;
}
