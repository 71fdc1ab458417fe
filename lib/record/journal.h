/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h - the engine's bounded queue of events on their way to control
 *
 * DOC: how it works
 *
 * The engine asks weir_journal_wants() before it fills an event, puts it, and
 * flushes at the end of its turn.  Nothing waits: what does not fit into the
 * journal is counted, and as soon as there is room again a `lost` event with
 * that count stands where the missing ones would have stood.
 *
 *	if (weir_journal_wants(j, WEIR_EVENT_FLOW_OPEN)) {
 *		weir_event_init(e, WEIR_EVENT_FLOW_OPEN, unix_us);
 *		... fill e ...
 *		weir_journal_put(j, e);
 *	}
 *	...
 *	if (weir_journal_has_news(j))
 *		r = weir_journal_flush(j, sock);
 *
 * Thread: one.
 */
#ifndef WEIR_RECORD_JOURNAL_H
#define WEIR_RECORD_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "record/event.h"

/* a good size, and the time between two `limit` events of one reason */
#define WEIR_JOURNAL_BYTES    65536u
#define WEIR_JOURNAL_LIMIT_US 1000000u

/**
 * struct weir_journal - events that control has not taken yet
 * @mem:  borrowed, of @len bytes; u16 length and event, one after the other
 * @from: the first that is not sent; @to: the end of the last
 * @wanted: mask of WEIR_EVENT_BIT()
 * @lost: since the last `lost` event; @lost_ever: all of them, for counters
 * @last_us: the time of the event put last, also if it was lost
 * @next_us: per reason, when the next `limit` event may be
 */
struct weir_journal {
	uint8_t *mem;
	size_t len;
	size_t from, to;
	uint32_t wanted;
	uint64_t lost, lost_ever, last_us;
	uint64_t next_us[WEIR_REASON_COUNT];
};

/**
 * weir_journal_init() - an empty journal
 * @mem: @len bytes, borrowed for its life; NULL and 0 if nothing is wanted
 * @wanted: the kinds that are put, mask of WEIR_EVENT_BIT(); 0: none, and
 *          every call is a bit test.  `lost` comes whether wanted or not.
 */
void weir_journal_init(struct weir_journal *j, void *mem, size_t len,
		       uint32_t wanted);

/** weir_journal_wants() - is it worth the while to fill such an event? */
static inline bool weir_journal_wants(const struct weir_journal *j,
				      enum weir_event_kind kind)
{
	return j->wanted >> kind & 1;
}

/** weir_journal_has_news() - is there anything to flush? */
static inline bool weir_journal_has_news(const struct weir_journal *j)
{
	return j->from < j->to || j->lost;
}

/**
 * weir_journal_put() - append one
 *
 * Memory: copies.  Only the bytes that the event has are written.
 *
 * Return: false if its kind is not wanted; if it does not fit or is not whole
 * (event.h), which is counted as lost.
 */
bool weir_journal_put(struct weir_journal *j, const struct weir_event *e);

/**
 * weir_journal_limit() - may a `limit` event of this reason be told now?
 * @now_us: of a clock that never goes back
 *
 * Return: true at most once a second for each reason, and never if `limit`
 * is not wanted.
 */
bool weir_journal_limit(struct weir_journal *j, enum weir_reason r,
			uint64_t now_us);

/**
 * weir_journal_send - hands one body of an EVENTS message on, without waiting
 *
 * Return: 0 taken; -EAGAIN not now; another negative errno: never.
 */
typedef int weir_journal_send(void *ctx, const void *body, size_t len);

/**
 * weir_journal_drain() - send whole events in bodies of at most
 * WEIR_MSG_MAX_BYTES, until nothing is left or nothing is taken
 *
 * Return: 0 nothing is left; -EAGAIN (also for -ENOBUFS and -ENOMEM) some is,
 * come again when the other end can take it; another negative errno of @send:
 * the rest is kept, but for -EMSGSIZE, where what was not taken is lost.
 */
int weir_journal_drain(struct weir_journal *j, weir_journal_send *send,
		       void *ctx);

/**
 * weir_journal_flush() - the same, as WEIR_MSG_EVENTS on a SEQPACKET socket
 * @sock: may be one that blocks: this does not
 */
int weir_journal_flush(struct weir_journal *j, int sock);

#endif /* WEIR_RECORD_JOURNAL_H */
