/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/answers.h"

#include "../t.h"

#define SECOND  UINT64_C(1000000)
#define ENTRIES 8u
#define BYTES   8192u

static const uint64_t secret[2] = { 1, 2 };

/* a cache in memory of its own, of exactly the size it asks for */
struct world {
	struct weir_answers a;
	void *mem;
};

static void world_open(struct world *w, uint32_t entries, size_t bytes)
{
	size_t n = weir_answers_bytes(entries, bytes);
	struct weir_arena arena;

	w->mem = calloc(1, n);
	weir_arena_init(&arena, w->mem, n);
	CHECK(weir_answers_init(&w->a, &arena, entries, bytes, secret));
}

static void world_close(struct world *w)
{
	free(w->mem);
}

static struct weir_dns_name name(const char *text)
{
	struct weir_dns_name n;

	CHECK(weir_dns_name_from_text(text, strlen(text), &n));
	return n;
}

/* keep @len bytes of value @fill with one TTL of @ttl at offset 2 */
static void put(struct world *w, const char *text, uint8_t fill, uint16_t len,
		uint32_t ttl, uint64_t now)
{
	struct weir_dns_name n = name(text);
	struct weir_answers_key key = { .name = &n, .type = 1 };
	struct weir_answers_what what = { .n = { 1, 0 },
					  .len = len,
					  .life_s = ttl };
	const uint16_t ttls[1] = { 2 };
	uint8_t b[WEIR_ANSWERS_ENTRY_BYTES + 64];
	struct weir_wr at = weir_wr_over(b, sizeof(b));

	weir_wr_fill(&at, fill, 2);
	weir_wr_be32(&at, ttl);
	weir_wr_fill(&at, fill, len - 6u);
	weir_answers_put(&w->a, &key, &what, b, ttls, now);
}

/* the TTL that is given out, 0 if nothing is; checks the bytes */
static uint32_t get(struct world *w, const char *text, uint8_t fill,
		    uint16_t len, uint64_t now)
{
	struct weir_dns_name n = name(text);
	struct weir_answers_key key = { .name = &n, .type = 1 };
	struct weir_answers_what what;
	uint32_t i = weir_answers_find(&w->a, &key, now, &what);
	uint8_t b[WEIR_ANSWERS_ENTRY_BYTES];
	struct weir_wr to = weir_wr_over(b, sizeof(b));
	struct weir_rd in = weir_rd_over(b + 2, 4);

	if (i == WEIR_POOL_NONE)
		return 0;
	CHECK_EQ(what.len, len);
	CHECK_EQ(what.n[0], 1);
	weir_answers_copy(&w->a, i, now, &to);
	CHECK_EQ(weir_wr_len(&to), len);
	for (size_t k = 0; k < len; k++) {
		if (k < 2 || k >= 6)
			CHECK_EQ(b[k], fill);
	}
	return weir_rd_be32(&in);
}

/* every entry is on the list both ways, every cell is somewhere once */
static void is_sound(const struct weir_answers *a)
{
	uint32_t n = 0, cells = 0, before = UINT32_MAX, spare = 0;

	for (uint32_t i = a->newest; i != UINT32_MAX; i = a->entry[i].older) {
		uint32_t c = a->entry[i].cell;

		CHECK_EQ(a->entry[i].newer, before);
		CHECK(weir_pool_is_taken(&a->pool, i));
		CHECK(weir_table_has(&a->table, i));
		for (; c != UINT32_MAX; c = a->cell[c].next)
			cells++;
		before = i;
		n++;
	}
	CHECK_EQ(a->oldest, before);
	CHECK_EQ(n, weir_answers_used(a));
	CHECK_EQ(n, weir_table_used(&a->table));
	for (uint32_t c = a->spare; c != UINT32_MAX; c = a->cell[c].next)
		spare++;
	CHECK_EQ(spare, a->spares);
	CHECK_EQ(cells + spare, a->fresh);
	CHECK(a->fresh <= a->n_cells);
}

static void an_answer_is_kept_and_counts_down(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, ENTRIES, BYTES);
	CHECK_EQ(get(&w, "a.example", 7, 40, 0), 0);
	put(&w, "a.example", 7, 40, 300, SECOND);
	CHECK_EQ(get(&w, "a.example", 7, 40, SECOND), 300);
	CHECK_EQ(get(&w, "a.example", 7, 40, 2 * SECOND - 1), 300);
	CHECK_EQ(get(&w, "a.example", 7, 40, 2 * SECOND), 299);
	CHECK_EQ(get(&w, "a.example", 7, 40, 300 * SECOND), 1);
	CHECK_EQ(get(&w, "a.example", 7, 40, 301 * SECOND - 1), 1);
	CHECK_EQ(get(&w, "a.example", 7, 40, 301 * SECOND), 0);
	CHECK_EQ(weir_answers_used(&w.a), 0);
	is_sound(&w.a);
	world_close(&w);
}

static void life_is_between_a_second_and_a_day(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, ENTRIES, BYTES);
	put(&w, "a", 7, 40, 0, 0);
	CHECK_EQ(get(&w, "a", 7, 40, SECOND - 1), 1); /* never below one */
	CHECK_EQ(get(&w, "a", 7, 40, SECOND), 0);
	put(&w, "b", 7, 40, UINT32_MAX, 0);
	CHECK(get(&w, "b", 7, 40, 86400 * SECOND - 1) > 0);
	CHECK_EQ(get(&w, "b", 7, 40, 86400 * SECOND), 0);
	world_close(&w);
}

static void name_type_and_flavour_are_the_key(void **state)
{
	static const struct {
		const char *name;
		uint16_t type;
		uint8_t flavour;
	} row[] = {
		{ "a.b", 1, 0 }, { "a.b", 28, 0 }, { "a.b", 1, 1 },
		{ "a.b", 1, 2 }, { "a.b", 1, 3 },  { "a.c", 1, 0 },
		{ "b", 1, 0 },
	};
	const uint16_t ttls[1] = { 0 };
	struct weir_answers_what what = { .n = { 1, 0 },
					  .len = 4,
					  .life_s = 60 };
	struct world w;

	(void)state;
	world_open(&w, ENTRIES, BYTES);
	for (uint8_t i = 0; i < 7; i++) {
		struct weir_dns_name n = name(row[i].name);
		struct weir_answers_key key = { &n, row[i].type,
						row[i].flavour };
		const uint8_t b[4] = { 0, 0, 1, i };

		weir_answers_put(&w.a, &key, &what, b, ttls, 0);
	}
	for (uint8_t i = 0; i < 7; i++) {
		struct weir_dns_name n = name(row[i].name);
		struct weir_answers_key key = { &n, row[i].type,
						row[i].flavour };
		uint8_t b[4];
		struct weir_wr to = weir_wr_over(b, sizeof(b));
		uint32_t at = weir_answers_find(&w.a, &key, 0, &what);

		CHECK(at != WEIR_POOL_NONE);
		weir_answers_copy(&w.a, at, 0, &to);
		CHECK_EQ(b[3], i);
	}
	world_close(&w);
}

static void the_same_question_has_one_answer(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, ENTRIES, BYTES);
	put(&w, "a", 7, 40, 300, 0);
	put(&w, "a", 8, 400, 200, SECOND);
	CHECK_EQ(weir_answers_used(&w.a), 1);
	CHECK_EQ(get(&w, "a", 8, 400, SECOND), 200);
	put(&w, "a", 9, WEIR_ANSWERS_ENTRY_BYTES, 200, SECOND); /* too large */
	CHECK_EQ(weir_answers_used(&w.a), 0); /* and the old one is not true */
	is_sound(&w.a);
	world_close(&w);
}

static void the_least_recently_used_makes_room(void **state)
{
	char text[8];
	struct world w;

	(void)state;
	world_open(&w, ENTRIES, BYTES);
	for (unsigned i = 0; i < ENTRIES; i++) {
		snprintf(text, sizeof(text), "n%u", i);
		put(&w, text, (uint8_t)i, 40, 300, 0);
	}
	CHECK_EQ(get(&w, "n0", 0, 40, 0), 300); /* used again */
	put(&w, "new", 99, 40, 300, 0);
	CHECK_EQ(weir_answers_used(&w.a), ENTRIES);
	CHECK_EQ(get(&w, "n0", 0, 40, 0), 300);
	CHECK_EQ(get(&w, "n1", 1, 40, 0), 0);
	CHECK_EQ(get(&w, "n2", 2, 40, 0), 300);
	is_sound(&w.a);
	world_close(&w);
}

static void bytes_are_bounded_too(void **state)
{
	struct world w;
	uint32_t most = BYTES / sizeof(struct weir_answers_cell);

	(void)state;
	world_open(&w, ENTRIES, BYTES);
	CHECK_EQ(w.a.n_cells, most);
	put(&w, "a", 1, 3000, 300, 0);
	put(&w, "b", 2, 3000, 300, 0);
	put(&w, "c", 3, 3000, 300, 0);
	CHECK_EQ(get(&w, "a", 1, 3000, 0), 0);
	CHECK_EQ(get(&w, "b", 2, 3000, 0), 300);
	CHECK_EQ(get(&w, "c", 3, 3000, 0), 300);
	CHECK_EQ(weir_answers_used(&w.a), 2);
	is_sound(&w.a);
	weir_answers_clear(&w.a);
	CHECK_EQ(weir_answers_used(&w.a), 0);
	CHECK_EQ(get(&w, "b", 2, 3000, 0), 0);
	is_sound(&w.a);
	world_close(&w);
}

static void sizes_at_the_limits_are_kept_or_not(void **state)
{
	/* the name "a" takes 3 bytes, the offset of one TTL 2 */
	const uint16_t most = WEIR_ANSWERS_ENTRY_BYTES - 5;
	char text[254];
	struct world w;

	(void)state;
	world_open(&w, ENTRIES, BYTES);
	put(&w, "a", 7, most, 300, 0);
	CHECK_EQ(get(&w, "a", 7, most, 0), 300);
	put(&w, "a", 7, most + 1, 300, 0);
	CHECK_EQ(get(&w, "a", 7, most + 1, 0), 0);
	for (unsigned i = 0; i < 253; i++) /* a name in three cells */
		text[i] = i % 50 == 49 ? '.' : 'x';
	text[253] = '\0';
	for (uint16_t len = 100; len < 400; len++) { /* every cell border */
		put(&w, text, (uint8_t)len, len, 300, 0);
		CHECK_EQ(get(&w, text, (uint8_t)len, len, 0), 300);
	}
	is_sound(&w.a);
	world_close(&w);
}

static void many_records_count_down_each(void **state)
{
	static uint8_t b[4 * 300], out[4 * 300];
	uint16_t ttls[300];
	struct weir_dns_name n = name("m");
	struct weir_answers_key key = { .name = &n, .type = 1 };
	struct weir_answers_what what, got;
	struct weir_wr w = weir_wr_over(b, sizeof(b));
	struct weir_wr to = weir_wr_over(out, sizeof(out));
	struct world world;
	uint32_t i;

	(void)state;
	world_open(&world, ENTRIES, BYTES);
	for (uint16_t k = 0; k < 300; k++) {
		ttls[k] = (uint16_t)(4 * k);
		weir_wr_be32(&w, 100u + k);
	}
	what = (struct weir_answers_what){ .n = { 256, 0 },
					   .len = 4 * 256,
					   .life_s = 90 };
	weir_answers_put(&world.a, &key, &what, b, ttls, 0);
	CHECK_EQ(weir_answers_used(&world.a), 0); /* one too many */
	what.n[0] = 200;
	what.n[1] = 55;
	what.len = 4 * 255;
	weir_answers_put(&world.a, &key, &what, b, ttls, 0);
	i = weir_answers_find(&world.a, &key, 10 * SECOND, &got);
	CHECK(i != WEIR_POOL_NONE);
	CHECK_EQ(got.life_s, 80);
	CHECK_EQ(got.n[0], 200);
	CHECK_EQ(got.n[1], 55);
	weir_answers_copy(&world.a, i, 10 * SECOND, &to);
	for (uint32_t k = 0; k < 255; k++) {
		struct weir_rd in = weir_rd_over(out + 4 * k, 4);

		CHECK_EQ(weir_rd_be32(&in), 90 + k);
	}
	to = weir_wr_over(out, 4 * 255 - 1);
	weir_answers_copy(&world.a, i, 10 * SECOND, &to);
	CHECK(!weir_wr_ok(&to)); /* no room: nothing is written */
	world_close(&world);
}

/* against a slow and obvious cache: an array searched from its start */
static void it_agrees_with_an_obvious_one(void **state)
{
	struct {
		uint8_t fill;
		uint16_t len;
		uint64_t until;
	} want[40] = { 0 };
	uint32_t seed = 3;
	uint64_t now = 0;
	struct world w;
	char text[16];

	(void)state;
	world_open(&w, 64, 1u << 20); /* nothing has to make room */
	for (unsigned step = 0; step < 20000; step++) {
		unsigned i = (seed = seed * 1664525u + 1013904223u) >> 8, k;

		k = i % 40;
		now += i % 7 * SECOND / 3;
		snprintf(text, sizeof(text), "n%u", k);
		if (i >> 8 & 1) {
			want[k].fill = (uint8_t)step;
			want[k].len = (uint16_t)(6 + (i >> 9) % 600);
			want[k].until = now + (1 + i % 50) * SECOND;
			put(&w, text, want[k].fill, want[k].len, 1 + i % 50,
			    now);
		}
		CHECK_EQ(get(&w, text, want[k].fill, want[k].len, now) != 0,
			 now < want[k].until);
		if (step % 500 == 0)
			is_sound(&w.a);
	}
	world_close(&w);
}

T_MAIN(T(an_answer_is_kept_and_counts_down),
       T(life_is_between_a_second_and_a_day),
       T(name_type_and_flavour_are_the_key),
       T(the_same_question_has_one_answer),
       T(the_least_recently_used_makes_room), T(bytes_are_bounded_too),
       T(sizes_at_the_limits_are_kept_or_not), T(many_records_count_down_each),
       T(it_agrees_with_an_obvious_one))
