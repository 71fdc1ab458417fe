/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/pins.h"

#include "../t.h"

#define SECOND  UINT64_C(1000000)
#define MINUTE  (60 * SECOND)
#define GRACE   (300 * SECOND)
#define SOME    64u   /* names and addresses of the random test */
#define GRANULE 2048u /* the wheel is late by less than that */

static struct weir_pins pins;
static void *mem;
static uint64_t now, seed;

static uint32_t dice(uint32_t sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 20) % sides;
}

static int open_pins(void **state)
{
	const uint64_t key[2] = { 5, 6 };
	struct weir_arena arena;
	size_t n = weir_pins_bytes();

	(void)state;
	mem = calloc(1, n);
	weir_arena_init(&arena, mem, n);
	now = 10 * 86400 * SECOND; /* the machine has been up for a while */
	return !mem || !weir_pins_init(&pins, &arena, key);
}

static int close_pins(void **state)
{
	(void)state;
	free(mem);
	return 0;
}

static struct weir_addr addr(uint32_t i)
{
	return weir_addr_from4(0x5db80000u + i);
}

static struct weir_dns_name name(uint32_t i)
{
	struct weir_dns_name n = { .len = 0 };
	char text[32];
	int len = snprintf(text, sizeof(text), "n%u.example.com", i);

	CHECK(weir_dns_name_from_text(text, (size_t)len, &n));
	return n;
}

/* the inverse of name() */
static uint32_t number_of(const struct weir_dns_name *n)
{
	uint32_t v = 0;

	for (unsigned i = 2; i <= n->b[0]; i++)
		v = v * 10 + n->b[i] - '0';
	return v;
}

static void add(uint32_t a, uint32_t n, uint32_t ttl)
{
	struct weir_addr address = addr(a);
	struct weir_dns_name called = name(n);

	weir_pins_add(&pins, &address, &called, ttl, now);
}

static void hold(uint32_t a)
{
	struct weir_addr address = addr(a);

	weir_pins_hold(&pins, &address, now);
}

static void release(uint32_t a)
{
	struct weir_addr address = addr(a);

	weir_pins_release(&pins, &address, now);
}

static uint32_t count(uint32_t a)
{
	const struct weir_dns_name *found[WEIR_PINS_NAMES_MAX];
	struct weir_addr address = addr(a);

	return weir_pins_find(&pins, &address, now, found, WEIR_PINS_NAMES_MAX);
}

static bool has(uint32_t a, uint32_t n)
{
	const struct weir_dns_name *found[WEIR_PINS_NAMES_MAX];
	struct weir_addr address = addr(a);
	struct weir_dns_name want = name(n);
	uint32_t m = weir_pins_find(&pins, &address, now, found,
				    WEIR_PINS_NAMES_MAX);

	for (uint32_t i = 0; i < m; i++) {
		if (weir_dns_is_exact_name(found[i], &want))
			return true;
	}
	return false;
}

/* time passes; the owner ticks when it is asked to; how often */
static unsigned pass(uint64_t us)
{
	uint64_t end = now + us, last = 0;
	unsigned woken = 0;

	while (weir_pins_due_us(&pins) <= end) {
		if (now < weir_pins_due_us(&pins))
			now = weir_pins_due_us(&pins);
		weir_pins_tick(&pins, now);
		CHECK(woken == 0 || now - last >= MINUTE);
		last = now;
		woken++;
	}
	now = end;
	return woken;
}

static void a_list_is_sound(const struct weir_pins_list *l,
			    const struct weir_pins_link *link, uint32_t *n)
{
	uint32_t before = UINT32_MAX, i;

	for (i = l->oldest; i != UINT32_MAX; i = link[i].newer) {
		CHECK_EQ(link[i].older, before);
		CHECK(++*n <= WEIR_PINS_MAX);
		before = i;
	}
	CHECK_EQ(l->newest, before);
}

/* the invariants of pins.c */
static void all_is_sound(void)
{
	uint32_t n_free = 0, n_held = 0, n_bare = 0, n_here = 0, hosts = 0;

	a_list_is_sound(&pins.free, pins.used, &n_free);
	a_list_is_sound(&pins.held, pins.used, &n_held);
	a_list_is_sound(&pins.bare, pins.idle, &n_bare);
	for (uint32_t h = 0; h < weir_pool_high(&pins.hosts); h++) {
		const struct weir_pins_host *host = &pins.host[h];
		uint32_t n = 0;

		CHECK_EQ(weir_pool_is_taken(&pins.hosts, h),
			 weir_table_has(&pins.by_addr, h));
		if (!weir_pool_is_taken(&pins.hosts, h))
			continue;
		CHECK(host->n || host->holds);
		a_list_is_sound(&host->names, pins.here, &n);
		CHECK_EQ(n, host->n);
		n_here += n;
		hosts++;
		n_bare -= n == 0;
	}
	CHECK_EQ(n_bare, 0);
	CHECK_EQ(hosts, weir_pool_used(&pins.hosts));
	CHECK_EQ(n_here, n_free + n_held);
	CHECK_EQ(n_here, weir_pool_used(&pins.pins));
	CHECK_EQ(n_here, weir_table_used(&pins.by_name));
	CHECK_EQ(pins.timer.armed, n_free);
	for (uint32_t i = 0; i < weir_pool_high(&pins.pins); i++) {
		if (!weir_pool_is_taken(&pins.pins, i))
			continue;
		CHECK_EQ(weir_timer_is_set(&pins.timer, i),
			 pins.host[pins.pin[i].host].holds == 0);
		if (weir_timer_is_set(&pins.timer, i))
			CHECK_EQ(weir_timer_due_us(&pins.timer, i),
				 pins.pin[i].until_us);
	}
}

static void a_pin_is_found_at_its_address_alone(void **state)
{
	struct weir_addr four = addr(1), six = { { 0x20, 1, [15] = 1 } };
	struct weir_addr mapped = { { [10] = 0xff, [11] = 0xff } };
	const struct weir_dns_name *found[2];
	struct weir_dns_name n = name(1);

	(void)state;
	add(1, 1, 300);
	weir_pins_add(&pins, &six, &n, 300, now);
	CHECK_EQ(count(1), 1);
	CHECK(has(1, 1) && !has(1, 2));
	CHECK_EQ(count(2), 0);
	CHECK_EQ(weir_pins_find(&pins, &six, now, found, 2), 1);
	CHECK(weir_dns_is_exact_name(found[0], &n));
	/* the mapped form of an IPv4 address is that address */
	memcpy(mapped.b + 12, four.b + 12, 4);
	CHECK_EQ(weir_pins_find(&pins, &mapped, now, found, 2), 1);
	all_is_sound();
}

static void answers_add_and_do_not_replace(void **state)
{
	(void)state;
	add(1, 1, 300);
	add(2, 1, 300);
	add(1, 2, 300);
	add(1, 1, 300);
	CHECK_EQ(count(1), 2);
	CHECK_EQ(count(2), 1);
	CHECK_EQ(weir_pool_used(&pins.pins), 3);
}

static void the_name_used_last_comes_first_and_no_more_than_asked(void **state)
{
	const struct weir_dns_name *found[4] = { NULL };
	struct weir_addr a = addr(1);
	struct weir_dns_name last;

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		add(1, i, 300);
	add(1, 2, 300);
	CHECK_EQ(weir_pins_find(&pins, &a, now, found, 2), 2);
	last = name(2);
	CHECK(weir_dns_is_exact_name(found[0], &last));
	last = name(3);
	CHECK(weir_dns_is_exact_name(found[1], &last));
	CHECK(found[2] == NULL);
	CHECK_EQ(weir_pins_find(&pins, &a, now, found, 0), 0);
}

static const struct {
	uint32_t ttl;
	uint64_t life_s;
} lives[] = {
	{ 0, 360 },
	{ 1, 360 },
	{ 59, 360 },
	{ 60, 360 },
	{ 61, 361 },
	{ 300, 600 },
	{ 86400, 86700 },
	{ 0x7fffffff, UINT64_C(0x7fffffff) + 300 },
	{ 0x80000000, UINT64_C(0x80000000) + 300 },
	{ UINT32_MAX, UINT64_C(0xffffffff) + 300 },
};

static void a_pin_lives_for_its_ttl_and_the_grace(void **state)
{
	uint64_t start = now;

	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		close_pins(state);
		open_pins(state);
		now = start;
		add(1, 1, lives[i].ttl);
		now = start + lives[i].life_s * SECOND - 1;
		CHECK(has(1, 1));
		now++;
		CHECK(!has(1, 1));
		CHECK_EQ(weir_pool_used(&pins.pins), 1); /* not looked at yet */
		if (lives[i].ttl > 86400)
			continue; /* years at once: the wheel takes its time */
		(void)pass(5 * MINUTE);
		CHECK_EQ(weir_pool_used(&pins.pins), 0);
		all_is_sound();
	}
}

static void the_end_of_time_is_no_danger(void **state)
{
	(void)state;
	now = UINT64_MAX - 10 * SECOND;
	add(1, 1, UINT32_MAX);
	CHECK(has(1, 1));
	hold(1);
	release(1);
	CHECK(has(1, 1));
	weir_pins_tick(&pins, now);
	CHECK(has(1, 1));
	CHECK(weir_pins_due_us(&pins) > now);
	now = 0; /* a clock that goes back harms nobody */
	add(1, 2, 60);
	weir_pins_tick(&pins, now);
	CHECK_EQ(count(1), 2);
	all_is_sound();
}

static void told_again_a_pin_lives_longer_never_shorter(void **state)
{
	(void)state;
	add(1, 1, 1000);
	now += 10 * SECOND;
	add(1, 1, 60);
	now += 1289 * SECOND;
	CHECK(has(1, 1));
	add(1, 1, 60);
	now += 359 * SECOND;
	CHECK(has(1, 1));
	now += SECOND;
	CHECK(!has(1, 1));
}

static void a_connection_keeps_the_pins_of_its_address(void **state)
{
	(void)state;
	add(1, 1, 60);
	add(2, 1, 60);
	hold(1);
	hold(1);
	(void)pass(7200 * SECOND);
	CHECK(has(1, 1) && !has(2, 1));
	release(1);
	(void)pass(7200 * SECOND);
	CHECK(has(1, 1));
	release(1);
	now += GRACE - 1;
	CHECK(has(1, 1));
	now++;
	CHECK(!has(1, 1));
	all_is_sound();
}

static void a_short_connection_does_not_shorten_a_long_life(void **state)
{
	(void)state;
	add(1, 1, 86400);
	hold(1);
	release(1);
	now += 86699 * SECOND;
	CHECK(has(1, 1));
	now += SECOND;
	CHECK(!has(1, 1));
}

static void a_pin_made_while_a_connection_lives_is_held_by_it(void **state)
{
	(void)state;
	hold(1); /* no pin yet */
	CHECK_EQ(count(1), 0);
	add(1, 1, 60);
	(void)pass(7200 * SECOND);
	CHECK(has(1, 1));
	release(1);
	now += GRACE;
	CHECK(!has(1, 1));
	all_is_sound();
}

static void an_expired_pin_does_not_come_back(void **state)
{
	(void)state;
	add(1, 1, 60);
	now += 360 * SECOND; /* and nobody ticked */
	hold(1);
	CHECK(!has(1, 1));
	add(1, 2, 60);
	CHECK_EQ(count(1), 1);
	release(1);
	CHECK(!has(1, 1) && has(1, 2));
	all_is_sound();
}

static void a_release_that_no_hold_came_before_is_nothing(void **state)
{
	(void)state;
	release(1);
	add(1, 1, 60);
	release(1);
	hold(1);
	release(1);
	release(1);
	CHECK(has(1, 1));
	all_is_sound();
	hold(2);
	release(2);
	CHECK_EQ(weir_pool_used(&pins.hosts), 1);
}

static void an_idle_sandbox_is_not_woken(void **state)
{
	(void)state;
	CHECK_EQ(weir_pins_due_us(&pins), UINT64_MAX);
	add(1, 1, 60);
	CHECK(weir_pins_due_us(&pins) != UINT64_MAX);
	CHECK(pass(3600 * SECOND) <= 6); /* 360 s, once a minute at most */
	CHECK_EQ(weir_pins_due_us(&pins), UINT64_MAX);
	/* a connection for days: its pin has no deadline */
	add(1, 1, 60);
	hold(1);
	CHECK_EQ(weir_pins_due_us(&pins), UINT64_MAX);
	release(1);
	CHECK(weir_pins_due_us(&pins) != UINT64_MAX);
	CHECK(pass(86400 * SECOND) <= 6);
	CHECK_EQ(weir_pins_due_us(&pins), UINT64_MAX);
	/* the longest life there is: now and then, not every minute */
	add(1, 1, 86400);
	CHECK(pass(90000 * SECOND) <= 16);
	CHECK_EQ(weir_pins_due_us(&pins), UINT64_MAX);
	CHECK_EQ(weir_pool_used(&pins.pins), 0);
}

static void a_tick_has_bounded_work(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3 * WEIR_PINS_TICK_MAX; i++)
		add(i, i, 60);
	now += 400 * SECOND;
	weir_pins_tick(&pins, now);
	CHECK(weir_pool_used(&pins.pins) >= 2 * WEIR_PINS_TICK_MAX);
	CHECK(weir_pins_due_us(&pins) >= now + MINUTE);
	CHECK_EQ(count(5), 0); /* all are expired nevertheless */
	weir_pins_tick(&pins, now);
	weir_pins_tick(&pins, now); /* not due */
	CHECK(weir_pool_used(&pins.pins) >= 2 * WEIR_PINS_TICK_MAX);
	(void)pass(10 * MINUTE);
	CHECK_EQ(weir_pool_used(&pins.pins), 0);
	all_is_sound();
}

static void an_address_has_so_many_names_and_the_oldest_goes(void **state)
{
	(void)state;
	add(2, 0, 60);
	for (uint32_t i = 0; i < WEIR_PINS_NAMES_MAX; i++)
		add(1, i, 60);
	add(1, 0, 60); /* used again: now 1 is the oldest */
	add(1, 1000, 60);
	CHECK_EQ(count(1), WEIR_PINS_NAMES_MAX);
	CHECK(has(1, 0) && !has(1, 1) && has(1, 2) && has(1, 1000));
	hold(1);
	add(1, 1001, 60);
	CHECK_EQ(count(1), WEIR_PINS_NAMES_MAX);
	CHECK(!has(1, 2) && has(1, 3) && has(1, 1001));
	CHECK(has(2, 0));
	all_is_sound();
}

static void expired_names_make_room_before_living_ones(void **state)
{
	(void)state;
	add(1, 7777, 1000); /* the oldest */
	for (uint32_t i = 1; i < WEIR_PINS_NAMES_MAX; i++)
		add(1, i, 60);
	now += 400 * SECOND;
	add(1, 5000, 60);
	CHECK(has(1, 7777));
	CHECK_EQ(count(1), 2);
	/* all of an address expired: it is made anew */
	for (uint32_t i = 0; i < WEIR_PINS_NAMES_MAX; i++)
		add(3, i, 60);
	now += 400 * SECOND;
	add(3, 9999, 60);
	CHECK_EQ(count(3), 1);
	all_is_sound();
}

static void when_it_is_full_the_oldest_goes_held_ones_last(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < WEIR_PINS_MAX; i++)
		add(i, 1, 86400);
	CHECK_EQ(weir_pool_used(&pins.pins), WEIR_PINS_MAX);
	hold(0); /* the oldest two have a connection */
	hold(1);
	add(2, 1, 86400); /* and the third is told again */
	add(WEIR_PINS_MAX, 1, 60);
	CHECK(has(0, 1) && has(1, 1) && has(2, 1) && !has(3, 1));
	CHECK(has(4, 1) && has(WEIR_PINS_MAX, 1));
	all_is_sound();
	/* expired ones go before that */
	now += 400 * SECOND;
	add(70000, 1, 86400);
	CHECK(has(4, 1) && !has(WEIR_PINS_MAX, 1));
	CHECK_EQ(weir_pool_used(&pins.pins), WEIR_PINS_MAX);
	/* a released one is young again */
	release(0);
	add(70001, 1, 86400);
	CHECK(has(0, 1) && !has(4, 1));
	all_is_sound();
}

static void when_all_are_held_the_oldest_of_them_goes(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < WEIR_PINS_MAX; i++) {
		add(i, 1, 60);
		hold(i);
	}
	add(90000, 1, 60);
	CHECK(!has(0, 1) && has(1, 1) && has(90000, 1));
	CHECK_EQ(weir_pool_used(&pins.pins), WEIR_PINS_MAX);
	all_is_sound();
	/* there is one that is not held: it goes first */
	hold(80000); /* no room to count it: the room lives on */
	add(90001, 1, 60);
	CHECK(!has(90000, 1) && has(1, 1) && has(90001, 1));
	release(80000);
	release(0);
	all_is_sound();
}

static void connections_without_a_pin_make_room(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < WEIR_PINS_MAX + 10; i++)
		hold(i);
	CHECK_EQ(weir_pool_used(&pins.hosts), WEIR_PINS_MAX);
	for (uint32_t i = 0; i < WEIR_PINS_MAX; i++)
		add(100000 + i, 1, 60);
	CHECK_EQ(weir_pool_used(&pins.pins), WEIR_PINS_MAX);
	for (uint32_t i = 0; i < WEIR_PINS_MAX + 10; i++)
		release(i);
	CHECK(has(100000, 1) && has(100000 + WEIR_PINS_MAX - 1, 1));
	all_is_sound();
}

/* the whole wheel has passed at once, in the middle of being full */
static void a_full_house_that_has_expired_is_no_house(void **state)
{
	(void)state;
	add(400000, 1, 86400); /* the oldest, and they would go first */
	add(500000, 1, 86400);
	for (uint32_t i = 2; i < WEIR_PINS_MAX; i++)
		add(i, 1, 60);
	CHECK_EQ(weir_pool_used(&pins.pins), WEIR_PINS_MAX);
	now += 1000 * SECOND;
	for (uint32_t i = 0; i < 1000; i++)
		add(600000 + i, 1, 60);
	CHECK(has(500000, 1) && has(400000, 1));
	CHECK(has(600000, 1) && has(600999, 1));
	all_is_sound();
}

static void the_walk_shows_each_once(void **state)
{
	uint32_t at = 0, n = 0, seen = 0;
	struct weir_dns_name called;
	struct weir_addr a;
	uint64_t until;

	(void)state;
	CHECK(!weir_pins_walk(&pins, &at, &a, &called, &until));
	for (uint32_t i = 0; i < 8; i++)
		add(i, i, 60);
	hold(3);
	now += 10 * SECOND;
	for (uint32_t i = 0; i < WEIR_PINS_NAMES_MAX; i++) {
		add(7, 100 + i, 60); /* pushes n7 out */
	}
	at = 0;
	while (weir_pins_walk(&pins, &at, &a, &called, &until)) {
		uint32_t i = weir_addr_to4(&a) - 0x5db80000u;
		struct weir_dns_name want = name(i);

		if (i == 7) {
			CHECK_EQ(until, now + 360 * SECOND);
		} else {
			CHECK(weir_dns_is_exact_name(&want, &called));
			CHECK_EQ(until,
				 i == 3 ? UINT64_MAX : now + 350 * SECOND);
			seen |= 1u << i;
		}
		n++;
	}
	CHECK_EQ(n, 7 + WEIR_PINS_NAMES_MAX);
	CHECK_EQ(seen, 0x7f);
}

/* --- the oracle: one flat list, searched from end to end ------------------ */

#define TOLD_MAX (WEIR_PINS_MAX + 1)

static struct told {
	uint32_t a, n;
	uint64_t until, used;
} told[TOLD_MAX];
static uint32_t n_told, holds[1u << 17];
static uint64_t uses;

static bool told_lives(const struct told *t)
{
	return holds[t->a] || t->until > now;
}

static void told_forget(uint32_t i)
{
	told[i] = told[--n_told];
}

/* what is expired is gone */
static void told_sweep(void)
{
	for (uint32_t i = n_told; i-- > 0;) {
		if (!told_lives(&told[i]))
			told_forget(i);
	}
}

/* the one used longest ago; held ones last */
static void told_evict(uint32_t a, bool only)
{
	uint32_t best = UINT32_MAX;

	for (uint32_t i = 0; i < n_told; i++) {
		if (only && told[i].a != a)
			continue;
		if (best == UINT32_MAX ||
		    (holds[told[i].a] == 0) > (holds[told[best].a] == 0) ||
		    ((holds[told[i].a] == 0) == (holds[told[best].a] == 0) &&
		     told[i].used < told[best].used))
			best = i;
	}
	CHECK(best != UINT32_MAX);
	told_forget(best);
}

static void told_add(uint32_t a, uint32_t n, uint32_t ttl)
{
	uint64_t until = now + (ttl < 60 ? 60 : ttl) * SECOND + GRACE;
	uint32_t here = 0, i;

	told_sweep();
	for (i = 0; i < n_told && (told[i].a != a || told[i].n != n); i++)
		here += told[i].a == a;
	if (i == n_told) {
		if (here == WEIR_PINS_NAMES_MAX)
			told_evict(a, true);
		if (n_told == WEIR_PINS_MAX)
			told_evict(0, false);
		i = n_told++;
		told[i] = (struct told){ .a = a, .n = n };
	}
	if (told[i].until < until)
		told[i].until = until;
	told[i].used = ++uses;
}

/* oldest first, so that their order stays */
static void told_use_all(uint32_t a)
{
	uint64_t start = uses;

	for (;;) {
		uint32_t best = UINT32_MAX;

		for (uint32_t i = 0; i < n_told; i++) {
			if (told[i].a == a && told[i].used <= start &&
			    (best == UINT32_MAX ||
			     told[i].used < told[best].used))
				best = i;
		}
		if (best == UINT32_MAX)
			return;
		told[best].used = ++uses;
	}
}

static void told_hold(uint32_t a)
{
	told_sweep();
	if (holds[a]++ == 0)
		told_use_all(a);
}

static void told_release(uint32_t a)
{
	told_sweep();
	if (holds[a] == 0 || --holds[a])
		return;
	for (uint32_t i = 0; i < n_told; i++) {
		if (told[i].a == a && told[i].until < now + GRACE)
			told[i].until = now + GRACE;
	}
	told_use_all(a);
}

static void they_agree_on(uint32_t a)
{
	const struct weir_dns_name *found[WEIR_PINS_NAMES_MAX];
	struct weir_addr address = addr(a);
	uint32_t n = weir_pins_find(&pins, &address, now, found,
				    WEIR_PINS_NAMES_MAX);
	uint64_t before = UINT64_MAX;
	uint32_t want = 0;

	for (uint32_t i = 0; i < n_told; i++)
		want += told[i].a == a && told_lives(&told[i]);
	CHECK_EQ(n, want);
	for (uint32_t k = 0; k < n; k++) { /* names, in the order of use */
		uint32_t called = number_of(found[k]), i = 0;

		while (i < n_told && (told[i].a != a || told[i].n != called))
			i++;
		CHECK(i < n_told);
		CHECK(told[i].used < before);
		before = told[i].used;
	}
}

/* no deadline lies so near that the wheel may not have met it */
static void step_over_granules(void)
{
	for (uint32_t i = 0; i < n_told; i++) {
		if (told[i].until <= now && now - told[i].until < GRANULE) {
			now += GRANULE;
			i = UINT32_MAX;
		}
	}
}

static void random_step(uint32_t addresses, uint32_t names, uint32_t jump_s)
{
	uint32_t a = dice(addresses), n = dice(names), what = dice(16);
	uint32_t ttl = dice(4) ? dice(400) : dice(4000);

	if (what < 8) {
		told_add(a, n, ttl);
		add(a, n, ttl);
	} else if (what < 10) {
		told_hold(a);
		hold(a);
	} else if (what < 13) {
		told_release(a);
		release(a);
	} else if (what < 15) {
		now += (uint64_t)dice(jump_s + 1) * SECOND + dice(1000000);
		step_over_granules();
		if (weir_pins_due_us(&pins) <= now)
			weir_pins_tick(&pins, now);
	}
	they_agree_on(a);
}

static void begin_oracle(uint64_t with)
{
	seed = with;
	n_told = 0;
	memset(holds, 0, sizeof(holds));
}

static void random_operations_agree_with_the_oracle(void **state)
{
	for (uint64_t s = 1; s <= 40; s++) {
		close_pins(state);
		open_pins(state);
		begin_oracle(s * 0x9e3779b97f4a7c15u);
		for (unsigned i = 0; i < 3000; i++)
			random_step(s & 1 ? SOME : 2, SOME,
				    60 * (uint32_t)(s & 7));
		all_is_sound();
		told_sweep();
		for (uint32_t a = 0; a <= SOME; a++)
			they_agree_on(a);
	}
}

static void random_operations_at_one_full_address_agree(void **state)
{
	for (uint64_t s = 1; s <= 4; s++) {
		close_pins(state);
		open_pins(state);
		begin_oracle(s);
		for (unsigned i = 0; i < 6000; i++)
			random_step(2, 2 * WEIR_PINS_NAMES_MAX, (uint32_t)s);
		all_is_sound();
	}
}

static void random_operations_in_a_full_house_agree(void **state)
{
	uint32_t many = WEIR_PINS_MAX / 2 + 1;

	(void)state;
	begin_oracle(77);
	for (uint32_t i = 0; i < WEIR_PINS_MAX; i++) {
		uint32_t ttl = 400 + dice(4000);

		/* a sweep for each would take the oracle minutes */
		told[n_told++] = (struct told){
			.a = i % many,
			.n = i / many,
			.until = now + ttl * SECOND + GRACE,
			.used = ++uses,
		};
		add(i % many, i / many, ttl);
	}
	for (unsigned i = 0; i < 6000; i++)
		random_step(2 * many, 4, i & 1023 ? 1 : 900);
	all_is_sound();
	for (uint32_t a = 0; a < 2 * many; a += 97)
		they_agree_on(a);
}

static void one_that_was_given_lives_as_long_as_was_said(void **state)
{
	struct weir_addr one = addr(1);
	struct weir_dns_name called = name(1), other = name(3);

	(void)state;
	weir_pins_be_exact(&pins);
	add(1, 1, 1);
	add(1, 2, 600);
	CHECK(has(1, 1) && has(1, 2));
	now += SECOND - 1;
	CHECK(has(1, 1));
	now++;
	CHECK(!has(1, 1) && has(1, 2));
	CHECK(weir_pins_remove(&pins, &one, &called)); /* not swept yet */
	CHECK(!weir_pins_remove(&pins, &one, &called));
	CHECK(!weir_pins_remove(&pins, &one, &other));
	all_is_sound();
	called = name(2);
	hold(1);
	CHECK(weir_pins_remove(&pins, &one, &called));
	CHECK_EQ(count(1), 0);
	all_is_sound();
	release(1);
	all_is_sound();
}

#define P(f) cmocka_unit_test_setup_teardown(f, open_pins, close_pins)

T_MAIN(P(a_pin_is_found_at_its_address_alone),
       P(answers_add_and_do_not_replace),
       P(the_name_used_last_comes_first_and_no_more_than_asked),
       P(a_pin_lives_for_its_ttl_and_the_grace),
       P(the_end_of_time_is_no_danger),
       P(told_again_a_pin_lives_longer_never_shorter),
       P(a_connection_keeps_the_pins_of_its_address),
       P(a_short_connection_does_not_shorten_a_long_life),
       P(a_pin_made_while_a_connection_lives_is_held_by_it),
       P(an_expired_pin_does_not_come_back),
       P(a_release_that_no_hold_came_before_is_nothing),
       P(an_idle_sandbox_is_not_woken), P(a_tick_has_bounded_work),
       P(an_address_has_so_many_names_and_the_oldest_goes),
       P(expired_names_make_room_before_living_ones),
       P(when_it_is_full_the_oldest_goes_held_ones_last),
       P(when_all_are_held_the_oldest_of_them_goes),
       P(connections_without_a_pin_make_room),
       P(a_full_house_that_has_expired_is_no_house),
       P(one_that_was_given_lives_as_long_as_was_said),
       P(the_walk_shows_each_once), P(random_operations_agree_with_the_oracle),
       P(random_operations_at_one_full_address_agree),
       P(random_operations_in_a_full_house_agree))
