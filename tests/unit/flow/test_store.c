/* SPDX-License-Identifier: Apache-2.0 */
/* test_store.c - runs of bytes in chunks, beside a plain array that never errs
 */
#include "../t.h"
#include "dice.h"
#include "flow/store.h"

#define CHUNKS 12u
#define BYTES  (CHUNKS * WEIR_CHUNK_BYTES)
#define STORES 3u
#define SPANS  16u

/* The oracle: byte i of the store, and whether anybody ever wrote it. */
struct plain {
	uint8_t *byte;
	bool *known;
	uint32_t len, reach;
};

struct bench {
	struct weir_arena arena;
	void *mem;
	struct weir_store_pool pool;
	struct weir_store store[STORES];
	struct plain plain[STORES];
	struct dice dice;
};

static void bench_open(struct bench *b, uint64_t seed)
{
	size_t len = BYTES + 64 * 1024;

	memset(b, 0, sizeof(*b));
	b->dice.state = seed;
	b->mem = calloc(1, len);
	assert_non_null(b->mem);
	weir_arena_init(&b->arena, b->mem, len);
	CHECK(weir_store_pool_init(&b->pool, &b->arena, BYTES));
	CHECK_EQ(b->pool.n, CHUNKS);
	CHECK_EQ(weir_store_pool_left(&b->pool), BYTES);
	for (unsigned i = 0; i < STORES; i++) {
		weir_store_init(&b->store[i]);
		b->plain[i].byte = calloc(2, BYTES);
		b->plain[i].known = calloc(2, BYTES);
		assert_non_null(b->plain[i].byte);
		assert_non_null(b->plain[i].known);
	}
}

static void bench_close(struct bench *b)
{
	for (unsigned i = 0; i < STORES; i++) {
		weir_store_clear(&b->pool, &b->store[i]);
		free(b->plain[i].byte);
		free(b->plain[i].known);
	}
	CHECK_EQ(b->pool.used, 0);
	CHECK_EQ(weir_store_pool_left(&b->pool), BYTES);
	free(b->mem);
}

/* The invariants that store.c numbers, and that chunks are neither lost nor
 * shared. */
static void check_sound(struct bench *b)
{
	bool seen[CHUNKS] = { false };
	uint32_t used = 0, spare = 0;

	for (unsigned k = 0; k < STORES; k++) {
		const struct weir_store *s = &b->store[k];
		uint32_t n = 0, last = WEIR_STORE_NONE;

		for (uint32_t i = s->first; i != WEIR_STORE_NONE;
		     i = b->pool.next[i]) {
			CHECK(i < b->pool.fresh && !seen[i]);
			seen[i] = true;
			if (n == s->cur_no)
				CHECK_EQ(i, s->cur);
			last = i;
			n++;
		}
		CHECK_EQ(n, s->chunks);
		CHECK_EQ(last, s->last);
		CHECK(n ? s->cur_no < n : s->cur == WEIR_STORE_NONE);
		CHECK(n || (s->skip == 0 && s->len == 0));
		CHECK(s->skip < WEIR_CHUNK_BYTES);
		CHECK(s->skip + s->len <= n * WEIR_CHUNK_BYTES);
		CHECK_EQ(s->len, b->plain[k].len);
		CHECK_EQ(n * WEIR_CHUNK_BYTES - s->skip, b->plain[k].reach);
		used += n;
	}
	for (uint32_t i = b->pool.free; i != WEIR_STORE_NONE;
	     i = b->pool.next[i]) {
		CHECK(!seen[i]);
		seen[i] = true;
		spare++;
	}
	CHECK_EQ(used, b->pool.used);
	CHECK_EQ(used + spare, b->pool.fresh);
	CHECK(b->pool.fresh <= CHUNKS);
}

/* Walk what weir_store_at() shows of [off, off + n); every known byte must be
 * the oracle's.  Return: bytes shown. */
static uint32_t check_shown(struct bench *b, unsigned k, uint32_t off,
			    uint32_t n, unsigned max)
{
	const struct plain *o = &b->plain[k];
	struct weir_span v[SPANS];
	unsigned spans = weir_store_at(&b->pool, &b->store[k], off, n, v, max);
	uint32_t at = off;

	CHECK(spans <= max);
	for (unsigned i = 0; i < spans; i++) {
		CHECK(v[i].len > 0);
		CHECK(v[i].at >= b->pool.data);
		CHECK(v[i].at + v[i].len <= b->pool.data + BYTES);
		for (size_t j = 0; j < v[i].len; j++, at++)
			if (o->known[at] && v[i].at[j] != o->byte[at])
				fail_msg("store %u: byte %u is %u, not %u", k,
					 at, v[i].at[j], o->byte[at]);
	}
	if (spans < max) {
		uint32_t end = off + n < o->reach ? off + n : o->reach;

		CHECK_EQ(at, off >= o->reach ? off : end);
	}
	return at - off;
}

static void do_reach(struct bench *b, unsigned k)
{
	struct plain *o = &b->plain[k];
	uint32_t left = (uint32_t)weir_store_pool_left(&b->pool);
	uint32_t end = dice_below(&b->dice, BYTES + 2 * WEIR_CHUNK_BYTES);
	uint32_t got = weir_store_reach(&b->pool, &b->store[k], end);

	if (end <= o->reach + left)
		CHECK_EQ(got, end);
	else
		CHECK_EQ(got, o->reach + left);
	while (o->reach < got)
		o->reach += WEIR_CHUNK_BYTES;
}

/* A source in up to five pieces, some of them empty. */
static struct weir_spans cut_source(struct bench *b, uint8_t *from, size_t len,
				    struct weir_span v[5])
{
	size_t at = 0;

	for (unsigned i = 0; i < 5; i++) {
		size_t part =
			i == 4 ? len - at
			       : dice_below(&b->dice, (uint32_t)(len - at + 1));

		v[i] = (struct weir_span){ from + at, part };
		at += part;
	}
	return (struct weir_spans){ v, 5, len };
}

static void do_write(struct bench *b, unsigned k)
{
	struct plain *o = &b->plain[k];
	uint32_t left = (uint32_t)weir_store_pool_left(&b->pool);
	uint32_t off =
		o->len +
		(dice_one_in(&b->dice, 2) ? 0 : dice_below(&b->dice, 70000));
	uint32_t n =
		dice_below(&b->dice, dice_one_in(&b->dice, 4) ? 90000 : 3000);
	uint32_t skip = dice_below(&b->dice, 100), can = o->reach + left, got;
	uint8_t *from = malloc(skip + n + 1);
	struct weir_span v[5];
	struct weir_spans s;

	assert_non_null(from);
	for (uint32_t i = 0; i < skip + n; i++)
		from[i] = (uint8_t)dice_u64(&b->dice);
	s = cut_source(b, from, skip + n, v);
	got = weir_store_write(&b->pool, &b->store[k], off, &s, skip, n);
	CHECK_EQ(got, off >= can ? 0 : off + n <= can ? n : can - off);
	memcpy(o->byte + off, from + skip, got);
	memset(o->known + off, true, got);
	while (o->reach < off + n && o->reach < can)
		o->reach += WEIR_CHUNK_BYTES;
	free(from);
}

static void do_grow(struct bench *b, unsigned k)
{
	struct plain *o = &b->plain[k];
	uint32_t n = dice_below(&b->dice, o->reach - o->len + 1);

	weir_store_grow(&b->store[k], n);
	o->len += n;
}

static void do_drop(struct bench *b, unsigned k)
{
	struct plain *o = &b->plain[k];
	uint32_t n = dice_one_in(&b->dice, 3)
			     ? o->len
			     : dice_below(&b->dice, o->len + 1);

	weir_store_drop(&b->pool, &b->store[k], n);
	o->len -= n;
	o->reach -= n;
	memmove(o->byte, o->byte + n, 2 * BYTES - n);
	memmove(o->known, o->known + n, 2 * BYTES - n);
	/* a store that has let its last chunk go begins anew */
	if (b->store[k].chunks == 0)
		o->reach = 0;
}

static void do_trim(struct bench *b, unsigned k)
{
	struct plain *o = &b->plain[k];
	uint32_t over;

	weir_store_trim(&b->pool, &b->store[k]);
	over = o->len ? (o->reach - o->len) / WEIR_CHUNK_BYTES : 0;
	o->reach = o->len ? o->reach - over * WEIR_CHUNK_BYTES : 0;
	memset(o->known + o->reach, false, 2 * BYTES - o->reach);
	if (o->len == 0)
		CHECK_EQ(b->store[k].chunks, 0);
}

static void do_clear(struct bench *b, unsigned k)
{
	weir_store_clear(&b->pool, &b->store[k]);
	b->plain[k].len = b->plain[k].reach = 0;
	memset(b->plain[k].known, false, 2 * BYTES);
	CHECK_EQ(b->store[k].chunks, 0);
}

static void one_step(struct bench *b)
{
	unsigned k = dice_below(&b->dice, STORES);
	uint32_t what = dice_below(&b->dice, 100), off;

	if (what < 5)
		do_reach(b, k);
	else if (what < 40)
		do_write(b, k);
	else if (what < 60)
		do_grow(b, k);
	else if (what < 80)
		do_drop(b, k);
	else if (what < 85)
		do_trim(b, k);
	else if (what < 87)
		do_clear(b, k);
	off = dice_below(&b->dice, b->plain[k].reach + 100);
	check_shown(b, k, off, dice_below(&b->dice, 80000),
		    dice_from(&b->dice, 1, SPANS));
	check_sound(b);
}

static void random_steps_agree_with_a_plain_array(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct bench b;

		bench_open(&b, seed);
		for (int i = 0; i < 1500; i++)
			one_step(&b);
		for (unsigned k = 0; k < STORES; k++)
			check_shown(&b, k, 0, b.plain[k].len, SPANS);
		bench_close(&b);
	}
}

static void when_the_pool_runs_out_the_store_says_how_far_it_got(void **state)
{
	struct bench b;
	uint8_t one = 7;
	struct weir_span v = { &one, 1 };
	struct weir_spans s = { &v, 1, 1 };

	(void)state;
	bench_open(&b, 1);
	CHECK_EQ(weir_store_reach(&b.pool, &b.store[0], BYTES - 1), BYTES - 1);
	CHECK_EQ(weir_store_pool_left(&b.pool), 0);
	CHECK_EQ(weir_store_reach(&b.pool, &b.store[0], BYTES + 1), BYTES);
	CHECK_EQ(weir_store_reach(&b.pool, &b.store[1], 1), 0);
	CHECK_EQ(weir_store_write(&b.pool, &b.store[1], 0, &s, 0, 1), 0);
	CHECK_EQ(b.store[1].chunks, 0);
	/* what one gives back the other can have */
	weir_store_grow(&b.store[0], WEIR_CHUNK_BYTES + 1);
	weir_store_drop(&b.pool, &b.store[0], WEIR_CHUNK_BYTES);
	CHECK_EQ(weir_store_write(&b.pool, &b.store[1], 0, &s, 0, 1), 1);
	CHECK_EQ(weir_store_pool_left(&b.pool), 0);
	weir_store_trim(&b.pool, &b.store[0]);
	CHECK_EQ(b.pool.used, 2);
	bench_close(&b);
}

static void a_source_that_ends_early_ends_the_copy(void **state)
{
	struct bench b;
	uint8_t few[10] = { 1, 2, 3 };
	struct weir_span v = { few, sizeof(few) };
	struct weir_spans s = { &v, 1, sizeof(few) };

	(void)state;
	bench_open(&b, 1);
	CHECK_EQ(weir_store_write(&b.pool, &b.store[0], 0, &s, 4, 100), 6);
	CHECK_EQ(weir_store_write(&b.pool, &b.store[0], 0, &s, 10, 100), 0);
	b.plain[0].reach = WEIR_CHUNK_BYTES;
	check_sound(&b);
	bench_close(&b);
}

static void a_pool_needs_at_least_one_chunk_and_room_for_it(void **state)
{
	struct weir_store_pool p;
	struct weir_arena a;
	static uint64_t little[512];

	(void)state;
	weir_arena_init(&a, little, sizeof(little));
	CHECK(!weir_store_pool_init(&p, &a, 0));
	CHECK(!weir_store_pool_init(&p, &a, WEIR_CHUNK_BYTES - 1));
	CHECK(!weir_store_pool_init(&p, &a, WEIR_CHUNK_BYTES));
	CHECK(!weir_store_pool_init(&p, &a, UINT64_MAX));
}

static void pages_are_touched_in_the_order_they_are_needed(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 1);
	for (int i = 0; i < 1000; i++) {
		CHECK_EQ(weir_store_reach(&b.pool, &b.store[0], 1), 1);
		weir_store_clear(&b.pool, &b.store[0]);
	}
	CHECK_EQ(b.pool.fresh, 1);
	bench_close(&b);
}

T_MAIN(T(random_steps_agree_with_a_plain_array),
       T(when_the_pool_runs_out_the_store_says_how_far_it_got),
       T(a_source_that_ends_early_ends_the_copy),
       T(a_pool_needs_at_least_one_chunk_and_room_for_it),
       T(pages_are_touched_in_the_order_they_are_needed))
