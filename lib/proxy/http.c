/* SPDX-License-Identifier: Apache-2.0 */
/* http.c - HTTP/1 of an intercepted connection */
#include "proxy/http.h"

#include <stdlib.h>

#include "proxy/exchange.h"
#include "proxy/identity.h"

_Static_assert((int)WEIR_EXCHANGE_GUEST == (int)WEIR_TALK_GUEST &&
		       (int)WEIR_EXCHANGE_HOST == (int)WEIR_TALK_HOST &&
		       (int)WEIR_EXCHANGE_OPEN == (int)WEIR_TALK_OPEN &&
		       (int)WEIR_EXCHANGE_FIN == (int)WEIR_TALK_FIN &&
		       (int)WEIR_EXCHANGE_RESET == (int)WEIR_TALK_RESET,
	       "the same words");

/** struct http - one connection; the exchange lies in @mem */
struct http {
	const struct weir_http_owner *owner;
	const struct weir_crossing *x;
	struct weir_exchange *exchange;
	_Alignas(max_align_t) uint8_t mem[WEIR_EXCHANGE_BYTES];
};

static enum weir_exchange_side side_of(enum weir_talk_side side)
{
	return (enum weir_exchange_side)side;
}

/* --- decisions --- */

static void tell(const struct http *t, uint16_t status,
		 const struct weir_judge_verdict *v, const struct weir_head *h)
{
	const struct weir_http_told told = {
		.x = t->x, .status = status, .verdict = *v, .head = h
	};

	if (t->owner->tell)
		t->owner->tell(t->owner->ctx, &told);
}

static struct weir_judge_verdict none(enum weir_reason why)
{
	return (struct weir_judge_verdict){ .said = WEIR_JUDGE_DENY,
					    .by = WEIR_JUDGE_BY_NOTHING,
					    .reason = why };
}

/* A connection without a name is for its address, whatever its requests say. */
static bool is_for_us(const struct http *t, const struct weir_head *h)
{
	return !t->x->has_name ||
	       weir_identity_is(h, &t->x->name, t->x->handover.port);
}

static enum weir_exchange_said decide(void *ctx, const struct weir_message *m,
				      struct weir_rd fields,
				      struct weir_judge_verdict *ret,
				      const struct weir_swap **ret_swap)
{
	const struct weir_head *h = &m->request;
	struct http *t = ctx;

	(void)fields;

	*ret_swap = NULL;
	if (!is_for_us(t, h)) {
		*ret = none(WEIR_REASON_SHOWN_MISMATCH);
		tell(t, 421, ret, h);
		return WEIR_EXCHANGE_MISDIRECTED;
	}
	if (!t->x->has_name)
		return WEIR_EXCHANGE_ALLOW;
	*ret = weir_judge_http(t->owner->image, &t->x->name, h->method,
			       h->method_len, h->path, h->path_len);
	if (ret->said == WEIR_JUDGE_ALLOW)
		return WEIR_EXCHANGE_ALLOW;
	tell(t, 403, ret, h);
	return WEIR_EXCHANGE_DENY;
}

static void told(void *ctx, uint16_t status, enum weir_reason reason)
{
	const struct weir_judge_verdict v = none(reason);

	if (reason != WEIR_REASON_NONE)
		tell(ctx, status, &v, NULL);
}

/* --- doors --- */

static struct weir_exchange *exchange_of(const void *self)
{
	return ((const struct http *)self)->exchange;
}

static uint8_t *room(void *self, enum weir_talk_side side, size_t *ret_len)
{
	return weir_exchange_room(exchange_of(self), side_of(side), ret_len);
}

static void came(void *self, enum weir_talk_side side, size_t n)
{
	weir_exchange_came(exchange_of(self), side_of(side), n);
}

static void ended(void *self, enum weir_talk_side side)
{
	weir_exchange_ended(exchange_of(self), side_of(side));
}

static void lost(void *self, enum weir_talk_side side)
{
	weir_exchange_lost(exchange_of(self), side_of(side));
}

static void deaf(void *self, enum weir_talk_side side)
{
	weir_exchange_deaf(exchange_of(self), side_of(side));
}

static void fail(void *self, enum weir_reason reason, const char *detail)
{
	weir_exchange_fail(exchange_of(self), reason, detail);
}

static const uint8_t *bytes(void *self, enum weir_talk_side side,
			    size_t *ret_len)
{
	return weir_exchange_bytes(exchange_of(self), side_of(side), ret_len);
}

static void went(void *self, enum weir_talk_side side, size_t n)
{
	weir_exchange_went(exchange_of(self), side_of(side), n);
}

static enum weir_talk_end end(const void *self, enum weir_talk_side side)
{
	return (enum weir_talk_end)weir_exchange_end(exchange_of(self),
						     side_of(side));
}

bool weir_http_open(const struct weir_http_owner *owner,
		    const struct weir_crossing *x, struct weir_talk *ret)
{
	static const struct weir_talk_ops ops = {
		.room = room,
		.came = came,
		.ended = ended,
		.lost = lost,
		.deaf = deaf,
		.fail = fail,
		.bytes = bytes,
		.went = went,
		.end = end,
		.close = free,
	};
	struct http *t = malloc(sizeof(*t));
	struct weir_exchange_owner asks = { .ctx = t,
					    .decide = decide,
					    .told = told };

	if (!t)
		return false;
	t->owner = owner;
	t->x = x;
	t->exchange = weir_exchange_init(t->mem, &asks);
	*ret = (struct weir_talk){ &ops, t };
	return true;
}
