/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.c - the engine's bounded queue of events on their way to control
 *
 *	mem            from                to                        len
 *	 |.............|len|event|len|event|..........................|
 *	  sent          a packet is a slice of this
 *
 * Events lie in memory as they travel: a packet is a slice between two of
 * them, and nothing is copied but what stays when room is made at the end.
 *
 * Invariants:
 * 1. [from, to) is whole events; from <= to <= len.
 * 2. An event is in the journal, was sent, or is in @lost (and stands in the
 *    count of a `lost` event later): none goes unsaid.
 * 3. A `lost` event is put before whatever follows those it counts.
 */
#include "record/journal.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "base/must.h"
#include "base/rd.h"
#include "base/wr.h"
#include "sys/msg.h"

#define LENGTH_BYTES 2u

_Static_assert(WEIR_EVENT_BYTES + LENGTH_BYTES <= WEIR_MSG_MAX_BYTES,
	       "an event fits into a message");
_Static_assert(WEIR_EVENT_BYTES <= UINT16_MAX, "a length is u16");

void weir_journal_init(struct weir_journal *j, void *mem, size_t len,
		       uint32_t wanted)
{
	weir_must(mem || !len);
	memset(j, 0, sizeof(*j));
	j->mem = mem;
	j->len = len;
	j->wanted = wanted & WEIR_EVENT_ALL;
}

static void count_lost(struct weir_journal *j, uint64_t n)
{
	j->lost += n;
	j->lost_ever += n;
}

static bool append(struct weir_journal *j, const struct weir_event *e)
{
	struct weir_wr w = weir_wr_over(j->mem + j->to, j->len - j->to);

	weir_wr_be16(&w, 0);
	weir_event_build(e, &w);
	if (!weir_wr_ok(&w))
		return false;
	weir_wr_put16(&w, 0, (uint16_t)(weir_wr_len(&w) - LENGTH_BYTES));
	j->to += weir_wr_len(&w);
	return true;
}

static bool append_lost(struct weir_journal *j)
{
	struct weir_event e;

	if (!j->lost)
		return true;
	weir_event_init(&e, WEIR_EVENT_LOST, j->last_us);
	e.has = WEIR_EVENT_HAS_COUNT;
	e.count = j->lost;
	return append(j, &e);
}

/* the largest event shall fit if it can: what was sent gives its room */
static void make_room(struct weir_journal *j)
{
	if (!j->from || j->len - j->to >= WEIR_EVENT_BYTES + LENGTH_BYTES)
		return;
	memmove(j->mem, j->mem + j->from, j->to - j->from);
	j->to -= j->from;
	j->from = 0;
}

/* both or none: what was lost before @e, and @e */
static bool append_both(struct weir_journal *j, const struct weir_event *e)
{
	size_t before;

	make_room(j);
	before = j->to;
	if (append_lost(j) && append(j, e)) {
		j->lost = 0;
		return true;
	}
	j->to = before;
	return false;
}

bool weir_journal_put(struct weir_journal *j, const struct weir_event *e)
{
	bool fits;

	if (!weir_journal_wants(j, e->kind))
		return false;
	fits = j->len && append_both(j, e);
	if (!fits)
		count_lost(j, 1);
	j->last_us = e->unix_us;
	return fits;
}

bool weir_journal_limit(struct weir_journal *j, enum weir_reason r,
			uint64_t now_us)
{
	if (!weir_journal_wants(j, WEIR_EVENT_LIMIT) ||
	    (unsigned)r >= WEIR_REASON_COUNT || now_us < j->next_us[r])
		return false;
	j->next_us[r] = now_us + WEIR_JOURNAL_LIMIT_US;
	return true;
}

/* the whole events that make the next body, and how many they are */
static size_t next_body(const struct weir_journal *j, uint64_t *ret_n)
{
	struct weir_rd in = weir_rd_over(j->mem + j->from, j->to - j->from);
	size_t len = 0;
	uint64_t n = 0;

	while (in.left) {
		size_t one = LENGTH_BYTES + weir_rd_be16(&in);

		if (len + one > WEIR_MSG_MAX_BYTES)
			break;
		(void)weir_rd_take(&in, one - LENGTH_BYTES);
		weir_must(weir_rd_ok(&in)); /* invariant 1 */
		len += one;
		n++;
	}
	*ret_n = n;
	return len;
}

int weir_journal_drain(struct weir_journal *j, weir_journal_send *send,
		       void *ctx)
{
	for (;;) {
		uint64_t n;
		size_t len;
		int r;

		if (j->from == j->to) {
			/* nothing left: there is room to say what was lost */
			j->from = j->to = 0;
			if (!j->lost || !append_lost(j))
				return 0;
			j->lost = 0;
		}
		len = next_body(j, &n);
		r = send(ctx, j->mem + j->from, len);
		if (r == -ENOBUFS || r == -ENOMEM)
			return -EAGAIN;
		if (r < 0 && r != -EMSGSIZE)
			return r;
		j->from += len;
		if (r < 0) {
			count_lost(j, n);
			return r;
		}
	}
}

static int send_message(void *ctx, const void *body, size_t len)
{
	const int *sock = ctx;

	return weir_msg_try(*sock, WEIR_MSG_EVENTS, body, len);
}

int weir_journal_flush(struct weir_journal *j, int sock)
{
	return weir_journal_drain(j, send_message, &sock);
}
