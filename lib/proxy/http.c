/* SPDX-License-Identifier: Apache-2.0 */
/* http.c - what decides the requests of intercepted connections; HTTP/1 of one */
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

static void tell(const struct weir_http_owner *owner,
		 const struct weir_crossing *x, uint16_t status,
		 const struct weir_judge_verdict *v, const struct weir_head *h)
{
	const struct weir_http_told told = {
		.x = x, .status = status, .verdict = *v, .head = h
	};

	if (owner->tell)
		owner->tell(owner->ctx, &told);
}

struct weir_judge_verdict weir_http_refused(enum weir_reason why)
{
	return (struct weir_judge_verdict){ .said = WEIR_JUDGE_DENY,
					    .by = WEIR_JUDGE_BY_NOTHING,
					    .reason = why };
}

void weir_http_tell(const struct weir_http_owner *owner,
		    const struct weir_crossing *x, uint16_t status,
		    enum weir_reason reason)
{
	const struct weir_judge_verdict v = weir_http_refused(reason);

	if (reason != WEIR_REASON_NONE)
		tell(owner, x, status, &v, NULL);
}

/* A connection without a name is for its address, whatever its requests say. */
static bool is_for_us(const struct weir_crossing *x, const struct weir_head *h)
{
	return !x->has_name || weir_identity_is(h, &x->name, x->handover.port);
}

enum weir_exchange_said weir_http_decide(const struct weir_http_owner *owner,
					 const struct weir_crossing *x,
					 const struct weir_head *h,
					 struct weir_judge_verdict *ret)
{
	if (!is_for_us(x, h)) {
		*ret = weir_http_refused(WEIR_REASON_SHOWN_MISMATCH);
		tell(owner, x, 421, ret, h);
		return WEIR_EXCHANGE_MISDIRECTED;
	}
	if (!x->has_name)
		return WEIR_EXCHANGE_ALLOW;
	*ret = weir_judge_http(owner->image, &x->name, h->method, h->method_len,
			       h->path, h->path_len);
	if (ret->said == WEIR_JUDGE_ALLOW)
		return WEIR_EXCHANGE_ALLOW;
	tell(owner, x, 403, ret, h);
	return WEIR_EXCHANGE_DENY;
}

static enum weir_exchange_said decide(void *ctx, const struct weir_message *m,
				      struct weir_rd fields,
				      struct weir_judge_verdict *ret,
				      const struct weir_swap **ret_swap)
{
	const struct http *t = ctx;

	(void)fields;
	*ret_swap = NULL;
	return weir_http_decide(t->owner, t->x, &m->request, ret);
}

static void told(void *ctx, uint16_t status, enum weir_reason reason)
{
	const struct http *t = ctx;

	weir_http_tell(t->owner, t->x, status, reason);
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
