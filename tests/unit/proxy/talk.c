/* SPDX-License-Identifier: Apache-2.0 */
/* talk.c - a guest, an exchange and a host */
#include "talk.h"

#include "proxy/identity.h"

static enum weir_exchange_said decide(void *ctx, const struct weir_message *m,
				      struct weir_rd fields,
				      struct weir_judge_verdict *ret,
				      const struct weir_swap **ret_swap)
{
	const struct weir_head *h = &m->request;
	struct talk *t = ctx;
	struct weir_dns_name host;

	CHECK(fields.left >= 2);
	CHECK(weir_dns_name_from_text("a.b", 3, &host));
	t->asked++;
	snprintf(t->path, sizeof(t->path), "%.*s %.*s", (int)h->method_len,
		 h->method, (int)h->path_len, h->path);
	ret->by = WEIR_JUDGE_BY_NOTHING;
	if (!weir_identity_is(h, &host, 443)) {
		ret->reason = WEIR_REASON_SHOWN_MISMATCH;
		return WEIR_EXCHANGE_MISDIRECTED;
	}
	if (h->path_len >= 3 && memcmp(h->path, "/no", 3) == 0) {
		ret->reason = WEIR_REASON_HTTP_RULE;
		return WEIR_EXCHANGE_DENY;
	}
	*ret_swap = t->swap;
	return WEIR_EXCHANGE_ALLOW;
}

static enum weir_reason garbled(void *ctx, struct weir_rd bytes)
{
	struct talk *t = ctx;

	t->garbled++;
	return memmem(bytes.at, bytes.left, "leak", 4) ? WEIR_REASON_LEAK
						       : WEIR_REASON_NONE;
}

static void told(void *ctx, uint16_t status, enum weir_reason reason)
{
	struct talk *t = ctx;

	t->told++;
	t->status = status;
	t->reason = reason;
}

void talk_begin(struct talk *t)
{
	const struct weir_exchange_owner owner = {
		.ctx = t, .decide = decide, .garbled = garbled, .told = told
	};

	memset(t, 0, sizeof(*t));
	t->mem = malloc(WEIR_EXCHANGE_BYTES);
	CHECK(t->mem);
	memset(t->mem, 0xa5, WEIR_EXCHANGE_BYTES);
	t->x = weir_exchange_init(t->mem, &owner);
}

void talk_end(struct talk *t)
{
	free(t->mem);
}

static bool carry(struct talk *t, enum weir_exchange_side side)
{
	size_t n;
	const uint8_t *b = weir_exchange_bytes(t->x, side, &n);

	if (n == 0 || t->shut[side])
		return false;
	CHECK_EQ(t->end[side], WEIR_EXCHANGE_OPEN);
	n = t->step && t->step < n ? t->step : n;
	CHECK(t->len[side] + n < TALK_BYTES);
	memcpy(t->got[side] + t->len[side], b, n);
	t->len[side] += n;
	t->got[side][t->len[side]] = 0;
	weir_exchange_went(t->x, side, n);
	return true;
}

void talk_carry(struct talk *t)
{
	bool more;

	do {
		more = carry(t, GUEST);
		more = carry(t, HOST) || more;
	} while (more);
	for (unsigned i = 0; i < 2; i++) {
		enum weir_exchange_end e =
			weir_exchange_end(t->x, (enum weir_exchange_side)i);

		CHECK(t->end[i] == WEIR_EXCHANGE_OPEN || e == t->end[i] ||
		      e == WEIR_EXCHANGE_RESET);
		t->end[i] = e;
	}
}

size_t talk_offer(struct talk *t, enum weir_exchange_side side,
		  const char *bytes, size_t n)
{
	size_t done = 0, room;

	talk_carry(t);
	while (done < n) {
		uint8_t *to = weir_exchange_room(t->x, side, &room);
		size_t part = t->step ? t->step : n;

		part = part < n - done ? part : n - done;
		part = part < room ? part : room;
		if (part == 0)
			break;
		memcpy(to, bytes + done, part);
		weir_exchange_came(t->x, side, part);
		done += part;
		talk_carry(t);
	}
	return done;
}

void talk_say_bytes(struct talk *t, enum weir_exchange_side side,
		    const char *bytes, size_t n)
{
	CHECK_EQ(talk_offer(t, side, bytes, n), n);
}

void talk_say(struct talk *t, enum weir_exchange_side side, const char *text)
{
	talk_say_bytes(t, side, text, strlen(text));
}

void talk_hang_up(struct talk *t, enum weir_exchange_side side)
{
	weir_exchange_ended(t->x, side);
	talk_carry(t);
}

void talk_break(struct talk *t, enum weir_exchange_side side)
{
	weir_exchange_lost(t->x, side);
	talk_carry(t);
}

void talk_heard_at(struct talk *t, enum weir_exchange_side side,
		   const char *want, int line)
{
	if (strcmp(t->got[side], want) != 0)
		fail_msg("line %d: %s heard\n%s\nnot\n%s", line,
			 side == GUEST ? "the guest" : "the host", t->got[side],
			 want);
	t->len[side] = 0;
	t->got[side][0] = 0;
}

bool talk_has(const struct talk *t, enum weir_exchange_side side,
	      const char *text)
{
	return strstr(t->got[side], text) != NULL;
}

void talk_forget(struct talk *t)
{
	for (unsigned i = 0; i < 2; i++) {
		t->len[i] = 0;
		t->got[i][0] = 0;
	}
}
