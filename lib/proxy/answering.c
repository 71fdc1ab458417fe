/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answering.c - the host's answers: read, and written anew for the guest
 *
 * The states are drawn in exchange.c.
 */
#include "proxy/answering.h"

#include "base/must.h"
#include "proxy/reply.h"
#include "proxy/rewrite.h"

/* what the host sent is no answer to anything */
static void bad_answer(struct weir_exchange *x)
{
	if (x->answer == WEIR_STATE_ANSWER_HEAD && weir_reply_has_room(x))
		weir_reply_refuse(x, WEIR_FORBID_UPSTREAM,
				  WEIR_REASON_BAD_ANSWER, NULL);
	else
		weir_reply_cut(x, WEIR_REASON_BAD_ANSWER);
}

/* 100 to 199 but 101 (RFC 9110 15.2): passed on; it has no body */
static void on_interim(struct weir_exchange *x, struct weir_rd fields,
		       size_t head)
{
	struct weir_wr to = weir_basin_room(&x->down.out);
	struct weir_rewrite o = { .body = WEIR_MESSAGE_BODY_NONE,
				  .swap = x->swap };
	struct weir_message_piece p;

	if (x->interim++ == WEIR_EXCHANGE_INTERIM_MAX ||
	    (!x->old && weir_rewrite_answer(&o, &x->down.m, fields, &to) !=
				WEIR_REWRITE_DONE)) {
		bad_answer(x);
		return;
	}
	if (!x->old)
		weir_basin_add(&x->down.out, weir_wr_len(&to));
	weir_basin_drop(&x->down.in, head);
	weir_must(weir_message_look(&x->down.m, NULL, 0, 0, false, &p) ==
		  WEIR_MESSAGE_END);
}

static const struct weir_swap *swap_of_frames(const struct weir_exchange *x,
					      enum weir_swap_way way)
{
	const struct weir_swap *s = x->swap;

	return s && s->frames && s->frames(s->ctx, way) ? s : NULL;
}

static void on_switch(struct weir_exchange *x, struct weir_rd fields,
		      size_t head)
{
	struct weir_wr to = weir_basin_room(&x->down.out);
	struct weir_rewrite o = { .body = WEIR_MESSAGE_BODY_NONE,
				  .websocket = true,
				  .swap = x->swap };

	if (!x->websocket || x->ask != WEIR_STATE_ASK_DONE ||
	    !weir_hop_gives_websocket(&x->down.m.hop) ||
	    weir_rewrite_answer(&o, &x->down.m, fields, &to) !=
		    WEIR_REWRITE_DONE) {
		bad_answer(x);
		return;
	}
	weir_basin_add(&x->down.out, weir_wr_len(&to));
	weir_basin_drop(&x->down.in, head);
	weir_websocket_init(&x->ups, WEIR_SWAP_UP,
			    swap_of_frames(x, WEIR_SWAP_UP));
	weir_websocket_init(&x->downs, WEIR_SWAP_DOWN,
			    swap_of_frames(x, WEIR_SWAP_DOWN));
	x->ask = WEIR_STATE_ASK_FRAMES;
	x->answer = WEIR_STATE_ANSWER_FRAMES;
}

/* how the body of an answer is framed for the guest */
static void frame_answer(const struct weir_exchange *x, struct weir_rewrite *o)
{
	const struct weir_message *m = &x->down.m;
	uint16_t status = m->answer.status;

	o->body = m->body;
	o->length = m->answer.length;
	switch (m->body) {
	case WEIR_MESSAGE_BODY_NONE:
		if (m->answer.has_length && status != 204)
			o->body = WEIR_MESSAGE_BODY_LENGTH;
		break;
	case WEIR_MESSAGE_BODY_LENGTH:
		break;
	case WEIR_MESSAGE_BODY_CHUNKED:
	case WEIR_MESSAGE_BODY_CLOSE:
		o->body = x->old ? WEIR_MESSAGE_BODY_CLOSE
				 : WEIR_MESSAGE_BODY_CHUNKED;
		break;
	}
}

static void on_final(struct weir_exchange *x, struct weir_rd fields,
		     size_t head)
{
	const struct weir_message *m = &x->down.m;
	struct weir_wr to = weir_basin_room(&x->down.out);
	enum weir_swap_body mode = weir_haul_mode(&x->down, x->swap, fields);
	struct weir_rewrite o = { .swap = x->swap };

	if (mode == WEIR_SWAP_BODY_STOP) {
		weir_reply_refuse(x, WEIR_FORBID_UPSTREAM, WEIR_REASON_LEAK,
				  NULL);
		return;
	}
	frame_answer(x, &o);
	weir_rewrite_change(&o, mode,
			    x->old ? WEIR_MESSAGE_BODY_CLOSE
				   : WEIR_MESSAGE_BODY_CHUNKED);
	x->closing = x->closing || m->hop.close ||
		     (m->answer.minor == 0 && !m->hop.keep_alive) ||
		     m->body == WEIR_MESSAGE_BODY_CLOSE ||
		     o.body == WEIR_MESSAGE_BODY_CLOSE;
	o.close = x->closing;
	o.keep = x->old && !x->closing;
	to.left -= WEIR_STATE_LATER_BYTES;
	if (weir_rewrite_answer(&o, m, fields, &to) != WEIR_REWRITE_DONE) {
		bad_answer(x);
		return;
	}
	weir_basin_add(&x->down.out, weir_wr_len(&to));
	weir_basin_drop(&x->down.in, head);
	weir_haul_begin(&x->down, o.body, x->swap, mode, !x->old);
	x->answer = WEIR_STATE_ANSWER_BODY;
}

static bool step_head(struct weir_exchange *x)
{
	struct weir_message_piece p;
	uint16_t status;

	if (!weir_reply_has_room(x))
		return false;
	switch (weir_haul_look(&x->down, &p)) {
	case WEIR_MESSAGE_HEAD:
		status = x->down.m.answer.status;
		if (status == 101)
			on_switch(x, p.fields, p.eat);
		else if (status < 200)
			on_interim(x, p.fields, p.eat);
		else
			on_final(x, p.fields, p.eat);
		return true;
	case WEIR_MESSAGE_BAD:
		bad_answer(x);
		return true;
	case WEIR_MESSAGE_MORE:
	case WEIR_MESSAGE_DATA:
	case WEIR_MESSAGE_END:
		break;
	}
	if (!x->down.ended)
		return false;
	weir_reply_missing(x, x->down.dirty ? WEIR_REASON_HOST_RESET
					    : WEIR_REASON_CLOSED);
	return true;
}

static void answered(struct weir_exchange *x)
{
	x->answer = WEIR_STATE_ANSWER_NONE;
	x->served = true;
	if (x->ask == WEIR_STATE_ASK_DONE)
		weir_reply_next(x);
	else if (x->closing)
		weir_reply_finish(x, WEIR_EXCHANGE_FIN, WEIR_EXCHANGE_RESET);
}

static bool step_body(struct weir_exchange *x)
{
	switch (weir_haul_step(&x->down)) {
	case WEIR_HAUL_WAIT:
		return false;
	case WEIR_HAUL_MOVED:
		return true;
	case WEIR_HAUL_END:
		answered(x);
		return true;
	case WEIR_HAUL_BAD:
		weir_reply_cut(x, x->down.m.fault == WEIR_MESSAGE_FAULT_FORM
					  ? WEIR_REASON_BAD_ANSWER
					  : WEIR_REASON_HOST_RESET);
		return true;
	case WEIR_HAUL_STOP:
		break;
	}
	weir_reply_cut(x, WEIR_REASON_LEAK);
	return true;
}

bool weir_answering_step(struct weir_exchange *x)
{
	switch (x->answer) {
	case WEIR_STATE_ANSWER_HEAD:
		return step_head(x);
	case WEIR_STATE_ANSWER_BODY:
		return step_body(x);
	case WEIR_STATE_ANSWER_NONE:
	case WEIR_STATE_ANSWER_FRAMES:
	case WEIR_STATE_ANSWER_OVER:
		break;
	}
	return false;
}
