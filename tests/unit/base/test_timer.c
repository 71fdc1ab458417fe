/* SPDX-License-Identifier: Apache-2.0 */
/* test_timer.c - the wheel against a list of deadlines */
#include "../t.h"

#include "base/timer.h"
#include "bench.h"

#define MS     UINT64_C(1000)
#define SECOND (1000 * MS)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)
#define N      100u

static uint8_t mem[1 << 20];

static struct weir_timer fresh(uint32_t capacity, uint64_t now_us)
{
	struct weir_arena a;
	struct weir_timer t;

	memset(mem, 0, weir_timer_bytes(capacity));
	weir_arena_init(&a, mem, sizeof(mem));
	CHECK(weir_timer_init(&t, &a, capacity, now_us));
	return t;
}

/* When a deadline is met at the latest: the next whole granule. */
static uint64_t met(uint64_t due_us)
{
	return due_us > UINT64_MAX - 1023 ? UINT64_MAX
					  : (due_us + 1023) / 1024 * 1024;
}

/* The oracle: UINT64_MAX is "not set". */
struct list {
	uint64_t due[N];
	bool late[N]; /* had passed when it was set: comes in any order */
	uint64_t now;
	uint64_t last; /* when the one popped last was met */
};

static uint64_t earliest(const struct list *l)
{
	uint64_t first = UINT64_MAX;

	for (uint32_t i = 0; i < N; i++)
		if (l->due[i] < first)
			first = l->due[i];
	return first;
}

static void check_next(const struct weir_timer *t, const struct list *l,
		       bool drained)
{
	uint64_t next = weir_timer_next_us(t), first = earliest(l);
	uint32_t armed = 0;

	for (uint32_t i = 0; i < N; i++)
		armed += l->due[i] != UINT64_MAX;
	CHECK_EQ(t->armed, armed);
	if (first == UINT64_MAX) {
		CHECK(next == UINT64_MAX);
		return;
	}
	CHECK(next <= (met(first) > l->now ? met(first) : l->now));
	if (drained)
		CHECK(next > l->now);
}

/* Pop up to @max; true if there was none left. */
static bool expire(struct weir_timer *t, struct list *l, uint32_t max)
{
	while (max--) {
		uint32_t i = weir_timer_expire(t, l->now);

		if (i == WEIR_TIMER_NONE) {
			uint64_t first = earliest(l);

			CHECK(first == UINT64_MAX || met(first) > l->now);
			return true;
		}
		CHECK(i < N && l->due[i] <= l->now);
		if (!l->late[i]) {
			CHECK(met(l->due[i]) >= l->last);
			l->last = met(l->due[i]);
		}
		l->due[i] = UINT64_MAX;
		CHECK(!weir_timer_is_set(t, i));
	}
	return false;
}

static uint64_t some_span(uint64_t *seed)
{
	switch (below(seed, 8)) {
	case 0:
		return below(seed, 3);
	case 1:
		return roll(seed) % (3 * MS);
	case 2:
		return roll(seed) % (70 * MS);
	case 3:
		return roll(seed) % (5 * SECOND);
	case 4:
		return roll(seed) % (300 * SECOND);
	case 5:
		return roll(seed) % (4 * HOUR);
	case 6:
		return below(seed, 64) * MS * 1024; /* on edges of slots */
	default:
		return roll(seed) % (4 * DAY);
	}
}

static uint32_t set_some(struct weir_timer *t, struct list *l, uint64_t *seed)
{
	uint32_t i = below(seed, N);
	uint64_t due = l->now + some_span(seed);

	if (below(seed, 50) == 0)
		due = roll(seed) % (l->now + 1);
	if (below(seed, 200) == 0)
		due = UINT64_MAX - 1 - below(seed, 5000);
	weir_timer_set(t, i, due);
	l->due[i] = due;
	l->late[i] = due <= l->now;
	return i;
}

static void run_against_list(uint64_t seed, uint64_t start, uint32_t quiet,
			     int steps)
{
	struct weir_timer t = fresh(N, start);
	struct list l = { .now = start };
	bool drained = true;

	for (uint32_t i = 0; i < N; i++)
		l.due[i] = UINT64_MAX;
	for (int step = 0; step < steps; step++) {
		uint32_t i = below(&seed, N);

		switch (below(&seed, 8)) {
		case 0:
		case 1:
		case 2:
			i = set_some(&t, &l, &seed);
			drained = drained && !l.late[i];
			break;
		case 3:
			weir_timer_cancel(&t, i);
			l.due[i] = UINT64_MAX;
			break;
		case 4:
			if (below(&seed, quiet) == 0)
				l.now += some_span(&seed);
			l.now += below(&seed, 2048);
			drained = expire(&t, &l, below(&seed, 4));
			break;
		case 5:
			drained = expire(&t, &l, UINT32_MAX);
			break;
		default:
			CHECK(weir_timer_due_us(&t, i) == l.due[i]);
			CHECK_EQ(weir_timer_is_set(&t, i),
				 l.due[i] != UINT64_MAX);
			check_next(&t, &l, drained);
		}
	}
}

static void agrees_with_a_list_over_a_million_steps(void **state)
{
	(void)state;
	run_against_list(1, 0, 3, 250000);
	run_against_list(2, 12345678901, 30, 250000);
	run_against_list(3, (UINT64_C(1) << 28) - 7, 300, 250000);
	run_against_list(4, (UINT64_C(1) << 34) - 5000, 5, 250000);
}

/* Sleep exactly as told until the one deadline comes; how many times? */
static uint32_t wakes_for(uint64_t start, uint64_t after)
{
	struct weir_timer t = fresh(1, start);
	uint64_t now = start, due = start + after;
	uint32_t wakes = 0;

	weir_timer_set(&t, 0, due);
	for (;;) {
		uint64_t next = weir_timer_next_us(&t);

		CHECK(next != UINT64_MAX);
		now = next > now ? next : now;
		wakes++;
		if (weir_timer_expire(&t, now) == 0)
			break;
		CHECK(wakes < 1000);
	}
	CHECK(now >= due && now - due < WEIR_TIMER_GRANULE_US);
	CHECK(weir_timer_next_us(&t) == UINT64_MAX);
	return wakes;
}

static void one_deadline_wakes_at_most_once_per_level(void **state)
{
	uint64_t seed = 5;

	(void)state;
	for (int k = 0; k < 20000; k++) {
		uint64_t start = roll(&seed) >> (16 + below(&seed, 40));

		CHECK(wakes_for(start, roll(&seed) % (4 * HOUR)) <=
		      WEIR_TIMER_LEVELS);
		CHECK(wakes_for(start, 4 * HOUR) <= WEIR_TIMER_LEVELS);
	}
}

static void beyond_the_horizon_it_wakes_once_a_horizon(void **state)
{
	(void)state;
	CHECK(wakes_for(123456789, 30 * DAY) <=
	      30 * 24 * 10 / 46 + 1 + WEIR_TIMER_LEVELS);
}

static void a_deadline_that_has_passed_is_met_at_once(void **state)
{
	struct weir_timer t = fresh(2, 10 * SECOND);

	(void)state;
	weir_timer_set(&t, 1, 3);
	CHECK(weir_timer_next_us(&t) <= 10 * SECOND);
	CHECK_EQ(weir_timer_expire(&t, 10 * SECOND), 1);
	CHECK_EQ(weir_timer_expire(&t, 10 * SECOND), WEIR_TIMER_NONE);
}

static void time_that_goes_back_is_the_time_it_was(void **state)
{
	struct weir_timer t = fresh(2, 10 * SECOND);

	(void)state;
	weir_timer_set(&t, 0, 11 * SECOND);
	CHECK_EQ(weir_timer_expire(&t, 5 * SECOND), WEIR_TIMER_NONE);
	CHECK(weir_timer_next_us(&t) <= met(11 * SECOND));
	CHECK_EQ(weir_timer_expire(&t, 11 * SECOND + 1023), 0);
}

/* Many in one far slot, a sleep of three days, some cancelled half-way. */
static void a_long_sleep_is_caught_up_in_bounded_steps(void **state)
{
	enum { MANY = 20000 };
	struct weir_timer t = fresh(MANY, 0);
	uint64_t now = 3 * HOUR;
	uint32_t pauses = 0, popped = 0;

	(void)state;
	for (uint32_t i = 0; i < MANY; i++)
		weir_timer_set(&t, i, now + i * 10);
	/* to the beginning of that slot: they move, none has passed */
	now = weir_timer_next_us(&t);
	CHECK(now < 3 * HOUR);
	while (weir_timer_next_us(&t) <= now) {
		CHECK_EQ(weir_timer_expire(&t, now), WEIR_TIMER_NONE);
		if (++pauses % 5 == 0)
			weir_timer_cancel(&t, pauses);
		CHECK(pauses <= MANY / WEIR_TIMER_MOVES + 1);
	}
	CHECK_EQ(pauses, MANY / WEIR_TIMER_MOVES + 1);
	now += 3 * DAY;
	for (int calls = 0; calls < 2 * MANY && t.armed; calls++)
		popped += weir_timer_expire(&t, now) != WEIR_TIMER_NONE;
	CHECK_EQ(popped, MANY - pauses / 5);
	CHECK_EQ(weir_timer_expire(&t, now), WEIR_TIMER_NONE);
	CHECK(weir_timer_next_us(&t) == UINT64_MAX);
}

static void set_beyond(void *t)
{
	weir_timer_set(t, 2, 1);
}

static void cancel_beyond(void *t)
{
	weir_timer_cancel(t, 2);
}

static void ask_beyond(void *t)
{
	(void)weir_timer_is_set(t, 2);
}

static void init_too_many(void *a)
{
	struct weir_timer t;

	(void)weir_timer_init(&t, a, UINT32_C(1) << 31, 0);
}

static void an_index_that_is_none_stops(void **state)
{
	struct weir_timer t = fresh(2, 0);
	struct weir_arena a;

	(void)state;
	weir_arena_init(&a, mem, sizeof(mem));
	CHECK(stops(init_too_many, &a));
	CHECK(stops(ask_beyond, &t));
	CHECK(stops(set_beyond, &t));
	CHECK(stops(cancel_beyond, &t));
}

static void an_arena_too_small_is_refused(void **state)
{
	struct weir_arena a;
	struct weir_timer t;

	(void)state;
	for (size_t n = 0; n < 4 * WEIR_TIMER_ENTRY_BYTES; n++) {
		weir_arena_init(&a, mem, n);
		CHECK(!weir_timer_init(&t, &a, 4, 0));
		CHECK_EQ(a.left, n);
	}
	weir_arena_init(&a, mem + 1, weir_timer_bytes(4));
	CHECK(weir_timer_init(&t, &a, 4, 0));
}

static void entries_never_set_cost_no_page(void **state)
{
	size_t len = weir_timer_bytes(10u << 20);
	void *at = reserve(len);
	struct weir_arena a;
	struct weir_timer t;

	(void)state;
	CHECK(at != NULL);
	weir_arena_init(&a, at, len);
	CHECK(weir_timer_init(&t, &a, 10u << 20, 99));
	CHECK_EQ(resident(at, len), 0);
	for (uint32_t i = 0; i < 100; i++)
		weir_timer_set(&t, i, i * SECOND);
	CHECK_EQ(resident(at, len), 1);
	CHECK_EQ(munmap(at, len), 0);
}

T_MAIN(T(agrees_with_a_list_over_a_million_steps),
       T(one_deadline_wakes_at_most_once_per_level),
       T(beyond_the_horizon_it_wakes_once_a_horizon),
       T(a_deadline_that_has_passed_is_met_at_once),
       T(time_that_goes_back_is_the_time_it_was),
       T(a_long_sleep_is_caught_up_in_bounded_steps),
       T(an_index_that_is_none_stops), T(an_arena_too_small_is_refused),
       T(entries_never_set_cost_no_page))
