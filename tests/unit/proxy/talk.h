/* SPDX-License-Identifier: Apache-2.0 */
/* talk.h - a guest, an exchange and a host, and what each of them heard */
#ifndef TALK_H
#define TALK_H

#include "proxy/exchange.h"

#include "../t.h"

#define TALK_BYTES 600000u

/**
 * struct talk - the world of a test
 * @step: so many bytes at a time, in and out; 0: all
 * @shut: a side takes nothing
 * @got:  what each side was sent, terminated
 * @end:  what it was told of its end
 * @swap: of each request that is allowed
 * @asked: how often @decide was asked, and @path, the last one
 * @garbled: how often something was no request; "leak" in it is one
 * @told, @status, @reason: what was told to the owner, the last one
 */
struct talk {
	struct weir_exchange *x;
	void *mem;
	size_t step;
	bool shut[2];
	char got[2][TALK_BYTES];
	size_t len[2];
	enum weir_exchange_end end[2];
	const struct weir_swap *swap;
	unsigned asked, told, garbled;
	char path[256];
	uint16_t status;
	enum weir_reason reason;
};

/*
 * Requests for a.b are allowed but for /no...; of other hosts they are
 * misdirected.
 */
void talk_begin(struct talk *t);
void talk_end(struct talk *t);

/** talk_say() - @side says that; what is not wanted at once is a failure
 * unless @side was told of its end */
void talk_say(struct talk *t, enum weir_exchange_side side, const char *text);
void talk_say_bytes(struct talk *t, enum weir_exchange_side side,
		    const char *bytes, size_t n);

/** talk_offer() - as much of it as is wanted; Return: that */
size_t talk_offer(struct talk *t, enum weir_exchange_side side,
		  const char *bytes, size_t n);

/** talk_carry() - everybody takes what there is for him */
void talk_carry(struct talk *t);

void talk_hang_up(struct talk *t, enum weir_exchange_side side);
void talk_break(struct talk *t, enum weir_exchange_side side);

/** talk_heard() - exactly this since the last time */
void talk_heard_at(struct talk *t, enum weir_exchange_side side,
		   const char *want, int line);
/** talk_has() - it is in what was heard; nothing is forgotten */
bool talk_has(const struct talk *t, enum weir_exchange_side side,
	      const char *text);
void talk_forget(struct talk *t);

#define GUEST WEIR_EXCHANGE_GUEST
#define HOST  WEIR_EXCHANGE_HOST

#define talk_heard(t, side, want) talk_heard_at(t, side, want, __LINE__)

#define CHECK_ENDS(t, guest, host)                                             \
	do {                                                                   \
		CHECK_EQ((t)->end[GUEST], WEIR_EXCHANGE_##guest);              \
		CHECK_EQ((t)->end[HOST], WEIR_EXCHANGE_##host);                \
	} while (0)

#endif /* TALK_H */
