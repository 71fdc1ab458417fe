/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/assoc.h"

#include "../t.h"

#define MAPPINGS      8u
#define CONVERSATIONS 32u
#define S             1000000ull

static const uint64_t key[2] = { 1, 2 };
static const struct weir_addr guest = {
	.b = { [10] = 0xff, [11] = 0xff, 10, 0, 2, 15 }
};

struct world {
	struct weir_assoc a;
	void *mem;
};

static void begin(struct world *w)
{
	size_t n = weir_assoc_bytes(MAPPINGS, CONVERSATIONS) + 4096;
	struct weir_arena arena;

	w->mem = calloc(1, n);
	CHECK(w->mem != NULL);
	weir_arena_init(&arena, w->mem, n);
	CHECK(weir_assoc_init(&w->a, &arena, MAPPINGS, CONVERSATIONS, key, 0));
}

static struct weir_assoc_ends ends(uint16_t gport, uint32_t far, uint16_t fport)
{
	return (struct weir_assoc_ends){ guest, weir_addr_from4(far), gport,
					 fport };
}

/* What the owner does with a datagram up; returns the mapping. */
static uint32_t send_up(struct world *w, struct weir_assoc_ends e, uint64_t now,
			uint32_t *closed)
{
	uint32_t m, gone = WEIR_ASSOC_NONE;

	*closed = WEIR_ASSOC_NONE;
	if (weir_assoc_up(&w->a, &e, now, &m) != WEIR_ASSOC_NONE)
		return m;
	if (m == WEIR_ASSOC_NONE)
		m = weir_assoc_map(&w->a, &e.guest, e.gport, &gone);
	(void)weir_assoc_open(&w->a, m, &e.far, e.fport, now, closed);
	CHECK(*closed == WEIR_ASSOC_NONE || gone == WEIR_ASSOC_NONE);
	if (*closed == WEIR_ASSOC_NONE)
		*closed = gone;
	return m;
}

static void a_reply_needs_a_conversation(void **state)
{
	struct weir_addr far = weir_addr_from4(0x08080808);
	struct weir_assoc_ends got;
	struct world w;
	uint32_t m, i, closed;

	(void)state;
	begin(&w);
	m = send_up(&w, ends(1000, 0x08080808, 53), 0, &closed);
	i = weir_assoc_down(&w.a, m, &far, 53, 1);
	CHECK(i != WEIR_ASSOC_NONE);
	weir_assoc_ends_of(&w.a, i, &got);
	CHECK_EQ(got.gport, 1000);
	CHECK_EQ(got.fport, 53);
	CHECK(weir_addr_is_equal(&got.far, &far));
	CHECK_EQ(weir_assoc_down(&w.a, m, &far, 54, 1), WEIR_ASSOC_NONE);
	far = weir_addr_from4(0x08080809);
	CHECK_EQ(weir_assoc_down(&w.a, m, &far, 53, 1), WEIR_ASSOC_NONE);
	free(w.mem);
}

static void one_port_has_one_mapping_for_many_destinations(void **state)
{
	struct world w;
	uint32_t m, closed;

	(void)state;
	begin(&w);
	m = send_up(&w, ends(1000, 1, 1), 0, &closed);
	for (uint32_t far = 2; far <= CONVERSATIONS; far++)
		CHECK_EQ(send_up(&w, ends(1000, far, 1), 0, &closed), m);
	CHECK_EQ(w.a.mapping[m].conversations, CONVERSATIONS);
	CHECK(send_up(&w, ends(1001, 1, 1), 0, &closed) != m);
	free(w.mem);
}

static void a_one_way_conversation_ends_after_60_s_a_two_way_after_180(void **s)
{
	struct weir_addr far = weir_addr_from4(2);
	struct world w;
	uint32_t one, two, m, closed;

	(void)s;
	begin(&w);
	one = send_up(&w, ends(1, 1, 1), 0, &closed);
	two = send_up(&w, ends(2, 2, 1), 0, &closed);
	CHECK(weir_assoc_down(&w.a, two, &far, 1, 10 * S) != WEIR_ASSOC_NONE);
	CHECK_EQ(weir_assoc_expire(&w.a, 59 * S, &m), WEIR_ASSOC_ENDED_NOTHING);
	CHECK_EQ(weir_assoc_expire(&w.a, 61 * S, &m), WEIR_ASSOC_ENDED_MAPPING);
	CHECK_EQ(m, one);
	CHECK_EQ(weir_assoc_expire(&w.a, 189 * S, &m),
		 WEIR_ASSOC_ENDED_NOTHING);
	CHECK_EQ(weir_assoc_expire(&w.a, 191 * S, &m),
		 WEIR_ASSOC_ENDED_MAPPING);
	CHECK_EQ(m, two);
	CHECK_EQ(weir_assoc_due_us(&w.a), UINT64_MAX);
	free(w.mem);
}

static void the_mapping_stays_while_it_has_a_conversation(void **state)
{
	struct world w;
	uint32_t m, got, closed;

	(void)state;
	begin(&w);
	m = send_up(&w, ends(1, 1, 1), 0, &closed);
	CHECK_EQ(send_up(&w, ends(1, 2, 1), 30 * S, &closed), m);
	CHECK_EQ(weir_assoc_expire(&w.a, 61 * S, &got),
		 WEIR_ASSOC_ENDED_CONVERSATION);
	CHECK_EQ(got, m);
	CHECK_EQ(weir_assoc_expire(&w.a, 91 * S, &got),
		 WEIR_ASSOC_ENDED_MAPPING);
	free(w.mem);
}

static void the_least_recently_used_makes_room(void **state)
{
	struct world w;
	uint32_t m, closed, unused;

	(void)state;
	begin(&w);
	m = send_up(&w, ends(1, 1, 1), 0, &closed);
	for (uint32_t far = 2; far <= CONVERSATIONS; far++)
		(void)send_up(&w, ends(2, far, 1), far, &closed);
	(void)send_up(&w, ends(1, 1, 1), 100, &closed); /* used again */
	(void)send_up(&w, ends(2, 99, 1), 101, &closed);
	CHECK_EQ(closed, WEIR_ASSOC_NONE);
	CHECK(weir_assoc_up(&w.a,
			    &(struct weir_assoc_ends){
				    guest, weir_addr_from4(2), 2, 1 },
			    102, &unused) == WEIR_ASSOC_NONE);
	/* push until the other port's only conversation is the oldest */
	for (uint32_t far = 200; far < 200 + CONVERSATIONS - 2; far++)
		(void)send_up(&w, ends(2, far, 1), far, &closed);
	CHECK_EQ(closed, WEIR_ASSOC_NONE);
	(void)send_up(&w, ends(2, 300, 1), 400, &closed);
	CHECK_EQ(closed, m);
	free(w.mem);
}

static void the_least_recently_used_mapping_makes_room(void **state)
{
	struct world w;
	uint32_t m[MAPPINGS], closed, got;
	struct weir_assoc_ends e;

	(void)state;
	begin(&w);
	for (uint16_t p = 0; p < MAPPINGS; p++)
		m[p] = send_up(&w, ends((uint16_t)(p + 1), 1, 1), p, &closed);
	CHECK_EQ(closed, WEIR_ASSOC_NONE);
	(void)send_up(&w, ends(1, 2, 1), 20, &closed); /* used again */
	e = ends(2, 1, 1); /* a reply is a use, too */
	CHECK(weir_assoc_down(&w.a, m[1], &e.far, 1, 21) != WEIR_ASSOC_NONE);
	got = send_up(&w, ends(100, 1, 1), 22, &closed);
	CHECK_EQ(closed, m[2]);
	CHECK_EQ(got, m[2]); /* the index is used again */
	e = ends(3, 1, 1);
	CHECK(weir_assoc_up(&w.a, &e, 23, &got) == WEIR_ASSOC_NONE);
	CHECK_EQ(got, WEIR_ASSOC_NONE);
	e = ends(1, 1, 1);
	CHECK(weir_assoc_up(&w.a, &e, 23, &got) != WEIR_ASSOC_NONE);
	CHECK_EQ(got, m[0]);
	free(w.mem);
}

static void old_flows_live_through_a_storm_of_ports_and_places(void **state)
{
	struct weir_assoc_ends old = ends(1, 7, 7), e;
	struct world w;
	uint32_t m, closed, got;

	(void)state;
	begin(&w);
	m = send_up(&w, old, 0, &closed);
	for (uint32_t k = 0; k < 1000000; k++) {
		e = ends((uint16_t)(2 + k % 60000), 100 + k, 9);
		(void)send_up(&w, e, k, &closed);
		CHECK(closed != m);
		if (k % 3 == 0)
			CHECK(weir_assoc_up(&w.a, &old, k, &got) !=
			      WEIR_ASSOC_NONE);
		CHECK(weir_pool_used(&w.a.mappings) <= MAPPINGS);
		CHECK(weir_pool_used(&w.a.conversations) <= CONVERSATIONS);
	}
	free(w.mem);
}

static void unmap_frees_all(void **state)
{
	struct world w;
	uint32_t m[MAPPINGS], closed;

	(void)state;
	begin(&w);
	for (uint16_t p = 0; p < MAPPINGS; p++) {
		m[p] = send_up(&w, ends((uint16_t)(p + 1), 1, 1), 0, &closed);
		(void)send_up(&w, ends((uint16_t)(p + 1), 2, 1), 0, &closed);
	}
	for (unsigned p = 0; p < MAPPINGS; p++)
		weir_assoc_unmap(&w.a, m[p]);
	CHECK_EQ(weir_pool_used(&w.a.conversations), 0);
	CHECK_EQ(weir_pool_used(&w.a.mappings), 0);
	CHECK_EQ(w.a.by_use.oldest, WEIR_ASSOC_NONE);
	CHECK_EQ(w.a.maps_by_use.oldest, WEIR_ASSOC_NONE);
	CHECK_EQ(w.a.maps_by_use.newest, WEIR_ASSOC_NONE);
	CHECK_EQ(weir_assoc_due_us(&w.a), UINT64_MAX);
	free(w.mem);
}

static void other_idle_times_can_be_set(void **state)
{
	struct weir_addr far = weir_addr_from4(1);
	struct world w;
	uint32_t m, closed;

	(void)state;
	begin(&w);
	weir_assoc_set_idle(&w.a, 5000, 7000);
	m = send_up(&w, ends(1, 1, 1), 0, &closed);
	CHECK(weir_assoc_down(&w.a, m, &far, 1, 4 * S) != WEIR_ASSOC_NONE);
	(void)send_up(&w, ends(2, 1, 1), 0, &closed);
	CHECK_EQ(weir_assoc_expire(&w.a, 4 * S, &m), WEIR_ASSOC_ENDED_NOTHING);
	CHECK_EQ(weir_assoc_expire(&w.a, 6 * S, &m), WEIR_ASSOC_ENDED_MAPPING);
	CHECK_EQ(weir_assoc_expire(&w.a, 10 * S, &m), WEIR_ASSOC_ENDED_NOTHING);
	CHECK_EQ(weir_assoc_expire(&w.a, 12 * S, &m), WEIR_ASSOC_ENDED_MAPPING);
	free(w.mem);
}

static void finding_is_no_use(void **state)
{
	struct weir_addr far = weir_addr_from4(1), other = weir_addr_from4(2);
	struct world w;
	uint32_t m, i, closed;

	(void)state;
	begin(&w);
	m = send_up(&w, ends(1, 1, 9), 0, &closed);
	i = weir_assoc_find(&w.a, m, &far, 9);
	CHECK(i != WEIR_ASSOC_NONE);
	CHECK_EQ(weir_assoc_find(&w.a, m, &far, 8), WEIR_ASSOC_NONE);
	CHECK_EQ(weir_assoc_find(&w.a, m, &other, 9), WEIR_ASSOC_NONE);
	CHECK_EQ(w.a.conversation[i].used_us, 0);
	CHECK(!w.a.conversation[i].down);
	free(w.mem);
}

/* --- against an oracle that keeps everything in one array --- */

struct naive {
	uint16_t gport, fport;
	uint32_t far;
	uint64_t used;
	bool down, live;
};

static uint32_t roll(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % below;
}

static void naive_expire(struct naive *all, size_t n, uint64_t now)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].live &&
		    now >= all[i].used + (all[i].down ? 180 : 60) * S)
			all[i].live = false;
}

static void agrees_with_an_array_over_random_traffic(void **state)
{
	struct naive all[4 * 6];
	uint64_t now = 0;
	uint32_t seed = 7, m, closed;
	struct world w;

	(void)state;
	memset(all, 0, sizeof(all));
	begin(&w);
	for (unsigned step = 0; step < 200000; step++) {
		uint32_t k = roll(&seed, 4 * 6);
		struct weir_assoc_ends e =
			ends((uint16_t)(1 + k / 6), 100 + k % 6, 7);
		bool down = roll(&seed, 3) == 0;

		now += roll(&seed, 4) ? roll(&seed, 1000) : 20 * S;
		/* the wheel is late by at most a granule: step over the edge */
		naive_expire(all, 24, now - now % 2048);
		while (weir_assoc_expire(&w.a, now - now % 2048 + 2000, &m) !=
		       WEIR_ASSOC_ENDED_NOTHING)
			;
		now = now - now % 2048 + 2048;
		naive_expire(all, 24, now);
		while (weir_assoc_expire(&w.a, now + 1024, &m) !=
		       WEIR_ASSOC_ENDED_NOTHING)
			;
		now += 2048;
		if (down) {
			uint32_t i = WEIR_ASSOC_NONE;

			(void)weir_assoc_up(&w.a, &e, now, &m);
			if (m != WEIR_ASSOC_NONE)
				i = weir_assoc_down(&w.a, m, &e.far, 7, now);
			CHECK_EQ(i != WEIR_ASSOC_NONE, all[k].live);
			if (all[k].live) {
				all[k].used = now;
				all[k].down = true;
			}
			continue;
		}
		(void)send_up(&w, e, now, &closed);
		if (!all[k].live)
			all[k].down = false;
		all[k].live = true;
		all[k].used = now;
	}
	free(w.mem);
}

T_MAIN(T(a_reply_needs_a_conversation),
       T(one_port_has_one_mapping_for_many_destinations),
       T(a_one_way_conversation_ends_after_60_s_a_two_way_after_180),
       T(the_mapping_stays_while_it_has_a_conversation),
       T(the_least_recently_used_makes_room),
       T(the_least_recently_used_mapping_makes_room),
       T(old_flows_live_through_a_storm_of_ports_and_places),
       T(unmap_frees_all), T(other_idle_times_can_be_set), T(finding_is_no_use),
       T(agrees_with_an_array_over_random_traffic))
