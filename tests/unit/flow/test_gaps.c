/* SPDX-License-Identifier: Apache-2.0 */
/* test_gaps.c - early runs, beside a map that has a bit for every number */
#include "../t.h"
#include "dice.h"
#include "flow/gaps.h"

#define NUMBERS 96u

/*
 * The oracle: when the run that number i lies in was touched last, 0 if i has
 * not come.  Runs are what stands together; the latest one comes first.
 */
struct plain {
	uint32_t base;
	unsigned touched[NUMBERS + 2];
	unsigned now;
};

static unsigned plain_runs(const struct plain *o, struct weir_gaps_run *ret)
{
	unsigned n = 0, stamp[NUMBERS];

	for (unsigned i = 0; i < NUMBERS; i++) {
		unsigned to = i, at = n;
		struct weir_gaps_run r;

		if (!o->touched[i])
			continue;
		while (to < NUMBERS && o->touched[to])
			to++;
		r = (struct weir_gaps_run){ o->base + i, o->base + to };
		for (; at > 0 && stamp[at - 1] < o->touched[i]; at--) {
			stamp[at] = stamp[at - 1];
			ret[at] = ret[at - 1];
		}
		stamp[at] = o->touched[i];
		ret[at] = r;
		n++;
		i = to;
	}
	return n;
}

static bool plain_note(struct plain *o, unsigned from, unsigned to)
{
	struct weir_gaps_run run[NUMBERS];
	struct plain before = *o;

	o->now++;
	for (unsigned i = from; i < to; i++)
		o->touched[i] = o->now;
	if (plain_runs(o, run) > WEIR_GAPS_MAX) {
		*o = before;
		return false;
	}
	while (from > 0 && o->touched[from - 1])
		o->touched[--from] = o->now;
	while (to < NUMBERS && o->touched[to])
		o->touched[to++] = o->now;
	return true;
}

static unsigned plain_join(struct plain *o, unsigned next)
{
	for (unsigned i = 0; i < next; i++)
		o->touched[i] = 0;
	while (next < NUMBERS && o->touched[next])
		o->touched[next++] = 0;
	return next;
}

static void check_same(const struct plain *o, const struct weir_gaps *g)
{
	struct weir_gaps_run run[NUMBERS];
	unsigned n = plain_runs(o, run), highest = 0;

	CHECK_EQ(g->n, n);
	for (unsigned i = 0; i < n; i++) {
		CHECK_EQ(g->run[i].from, run[i].from);
		CHECK_EQ(g->run[i].to, run[i].to);
	}
	for (unsigned i = 0; i < NUMBERS; i++)
		if (o->touched[i])
			highest = i + 1;
	for (unsigned i = 0; i < NUMBERS; i++)
		CHECK_EQ(weir_gaps_is_beyond(g, o->base + i), i < highest);
}

static void any_order_gives_what_a_map_gives(void **state)
{
	static const uint32_t bases[] = { 0,          1000,       0x7fffffd0,
					  0x80000000, 0xffffffd0, 0xffffffff };

	(void)state;
	for (uint64_t seed = 0; seed < 3000; seed++) {
		struct dice dice = { seed };
		struct plain o = { .base = bases[seed % 6] };
		struct weir_gaps g = { 0 };
		unsigned widest = dice_from(&dice, 1, 40);

		for (unsigned turn = 0; turn < 60; turn++) {
			unsigned from = dice_below(&dice, NUMBERS);
			unsigned most = NUMBERS - from, to;

			if (dice_one_in(&dice, 12)) {
				uint32_t got =
					weir_gaps_join(&g, o.base + from);

				CHECK_EQ(got - o.base, plain_join(&o, from));
			} else {
				most = most < widest ? most : widest;
				to = from + dice_from(&dice, 1, most);
				CHECK_EQ(weir_gaps_note(&g, o.base + from,
							o.base + to),
					 plain_note(&o, from, to));
			}
			check_same(&o, &g);
		}
	}
}

static void a_fifth_run_is_refused_and_changes_nothing(void **state)
{
	struct weir_gaps g = { 0 }, before;

	(void)state;
	for (uint32_t i = 0; i < WEIR_GAPS_MAX; i++)
		CHECK(weir_gaps_note(&g, 100 + i * 10, 105 + i * 10));
	before = g;
	CHECK(!weir_gaps_note(&g, 200, 210));
	CHECK_EQ(memcmp(&g, &before, sizeof(g)), 0);
	CHECK(weir_gaps_note(&g, 105, 110)); /* joins two: there is a place */
	CHECK_EQ(g.n, WEIR_GAPS_MAX - 1);
	CHECK_EQ(g.run[0].from, 100);
	CHECK_EQ(g.run[0].to, 115);
	CHECK(weir_gaps_note(&g, 200, 210));
}

static void one_part_that_covers_all_leaves_one_run(void **state)
{
	struct weir_gaps g = { 0 };

	(void)state;
	for (uint32_t i = 0; i < WEIR_GAPS_MAX; i++)
		CHECK(weir_gaps_note(&g, 100 + i * 10, 105 + i * 10));
	CHECK(weir_gaps_note(&g, 90, 200));
	CHECK_EQ(g.n, 1);
	CHECK_EQ(weir_gaps_join(&g, 89), 89);
	CHECK_EQ(weir_gaps_join(&g, 90), 200);
	CHECK_EQ(g.n, 0);
	CHECK(!weir_gaps_is_beyond(&g, 0));
}

T_MAIN(T(any_order_gives_what_a_map_gives),
       T(a_fifth_run_is_refused_and_changes_nothing),
       T(one_part_that_covers_all_leaves_one_run))
