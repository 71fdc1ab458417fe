/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timer.h - one deadline for each index, for any number of indices
 *
 * A hierarchical wheel: setting, moving and cancelling a deadline are a few
 * words of work, however many are set, and so is the question when to wake.
 * A deadline never fires early and, if the owner asks in time, late by less
 * than a granule (1024 us).
 *
 * Time is whatever monotonic microseconds the owner passes in; the wheel's
 * own time is the latest one it was told.  A `now_us` below that counts as
 * that.
 *
 *	while ((i = weir_timer_expire(t, now_us)) != WEIR_TIMER_NONE)
 *		deadline_passed(i);
 *	sleep_until(weir_timer_next_us(t));
 *
 * Deadlines of any distance are kept exactly; one beyond the wheel's horizon
 * (4.7 hours) is looked at once in each horizon.
 */
#ifndef WEIR_BASE_TIMER_H
#define WEIR_BASE_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

#define WEIR_TIMER_NONE        UINT32_MAX
#define WEIR_TIMER_GRANULE_US  1024u
#define WEIR_TIMER_ENTRY_BYTES 16u
#define WEIR_TIMER_LEVELS      4u
#define WEIR_TIMER_SLOTS       64u /* per level; one bit each in a word */
#define WEIR_TIMER_LISTS       (WEIR_TIMER_LEVELS * WEIR_TIMER_SLOTS + 2u)
#define WEIR_TIMER_MOVES       1024u /* entries moved down by one call at most */

struct weir_timer_entry {
	uint64_t due_us;
	uint32_t next; /* index + 1, 0 after the last */
	uint32_t prev; /* index + 1, or which list it is first of; 0: not set */
};

/**
 * struct weir_timer - a wheel
 * @entry:    one per index
 * @capacity: indices are below this
 * @armed:    deadlines set
 * @tick:     the wheel's time in granules
 * @busy:     per level, a bit for each slot with entries
 * @head:     the lists: slots of each level, then those moving down, then
 *            those whose deadline has passed; index + 1, 0 if empty
 */
struct weir_timer {
	struct weir_timer_entry *entry;
	uint32_t capacity;
	uint32_t armed;
	uint64_t tick;
	uint64_t busy[WEIR_TIMER_LEVELS];
	uint32_t head[WEIR_TIMER_LISTS];
};

/** weir_timer_bytes() - what weir_timer_init() takes from an arena at most */
static inline size_t weir_timer_bytes(uint32_t capacity)
{
	return (size_t)capacity * WEIR_TIMER_ENTRY_BYTES + 16;
}

/**
 * weir_timer_init() - a wheel for indices 0 to @capacity - 1, none set
 * @capacity: below 2^31
 *
 * Return: false if the arena has no room.
 */
bool weir_timer_init(struct weir_timer *t, struct weir_arena *arena,
		     uint32_t capacity, uint64_t now_us);

/**
 * weir_timer_set() - set the deadline of @index, in place of any it had
 * @due_us: a deadline that has passed is met by the next weir_timer_expire()
 */
void weir_timer_set(struct weir_timer *t, uint32_t index, uint64_t due_us);

/** weir_timer_cancel() - forget the deadline of @index, if it has one */
void weir_timer_cancel(struct weir_timer *t, uint32_t index);

/** weir_timer_is_set() - has @index a deadline that was not popped yet? */
bool weir_timer_is_set(const struct weir_timer *t, uint32_t index);

/** weir_timer_due_us() - the deadline of @index as set, UINT64_MAX if none */
uint64_t weir_timer_due_us(const struct weir_timer *t, uint32_t index);

/**
 * weir_timer_next_us() - when weir_timer_expire() must be called again
 *
 * Return: a time by which nothing is late; not later than the first deadline
 * rounded up to a granule, earlier at most once per level of the wheel for
 * each deadline.  UINT64_MAX if none is set; the time already passed if there
 * is something to do now.
 */
uint64_t weir_timer_next_us(const struct weir_timer *t);

/**
 * weir_timer_expire() - move time on and pop one deadline that has passed
 *
 * Deadlines come in the order of their granules (but those that had passed
 * when they were set come first).  The popped index is not set any more and
 * may be set again at once.
 *
 * Bounds: a call moves at most WEIR_TIMER_MOVES entries, however far time
 * has gone on.  When it stops for that with none found it returns
 * WEIR_TIMER_NONE, and weir_timer_next_us() says not to sleep.
 * Return: an index, or WEIR_TIMER_NONE when there is none to pop.
 */
uint32_t weir_timer_expire(struct weir_timer *t, uint64_t now_us);

#endif /* WEIR_BASE_TIMER_H */
