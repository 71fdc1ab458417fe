/* SPDX-License-Identifier: Apache-2.0 */
/* test_pieces.c - a queue of bytes, against a plain array */
#include "proxy/pieces.h"

#include "../flow/dice.h"
#include "../t.h"

#define BYTES 200000u

static uint8_t said[BYTES], got[BYTES];

static void say(size_t n)
{
	for (size_t i = 0; i < n; i++)
		said[i] = (uint8_t)(i * 7 + i / 251);
}

static void what_is_put_is_got_in_order(void **state)
{
	struct weir_pieces q = { .len = 0 };

	(void)state;
	CHECK(weir_pieces_put(&q, "hello ", 6));
	CHECK(weir_pieces_put(&q, "world", 5));
	CHECK_EQ(q.len, 11);
	weir_pieces_get(&q, got, 8);
	CHECK(memcmp(got, "hello wo", 8) == 0);
	CHECK(weir_pieces_put(&q, "!", 1));
	CHECK_EQ(q.len, 4);
	weir_pieces_get(&q, got, 4);
	CHECK(memcmp(got, "rld!", 4) == 0);
	CHECK_EQ(q.len, 0);
}

static void nothing_is_nothing(void **state)
{
	struct weir_pieces q = { .len = 0 };

	(void)state;
	weir_pieces_empty(&q);
	CHECK(weir_pieces_put(&q, NULL, 0));
	CHECK(weir_pieces_put(&q, "x", 0));
	CHECK(!q.first && !q.last && q.len == 0);
	weir_pieces_get(&q, NULL, 0);
	CHECK_EQ(q.len, 0);
	weir_pieces_empty(&q);
}

static void an_empty_queue_holds_no_memory(void **state)
{
	struct weir_pieces q = { .len = 0 };

	(void)state;
	say(5000);
	for (unsigned i = 0; i < 3; i++) {
		CHECK(weir_pieces_put(&q, said, 1 + i * 2000));
		CHECK(q.first && q.last);
		weir_pieces_get(&q, got, 1 + i * 2000);
		CHECK(!q.first && !q.last && q.len == 0);
	}
	CHECK(weir_pieces_put(&q, said, 5000));
	CHECK(weir_pieces_put(&q, said, 5000));
	weir_pieces_empty(&q);
	CHECK(!q.first && !q.last && q.len == 0);
	CHECK(weir_pieces_put(&q, "again", 5));
	weir_pieces_get(&q, got, 5);
	CHECK(memcmp(got, "again", 5) == 0);
}

/* around the size of a piece, in two parts each */
static void every_size_near_that_of_a_piece_is_kept(void **state)
{
	(void)state;
	say(4000);
	for (size_t a = 1020; a < 1028; a++)
		for (size_t b = 0; b < 1030; b += b < 5 || b > 1015 ? 1 : 97) {
			struct weir_pieces q = { .len = 0 };

			CHECK(weir_pieces_put(&q, said, a));
			CHECK(weir_pieces_put(&q, said + a, b));
			CHECK_EQ(q.len, a + b);
			memset(got, 0, a + b);
			weir_pieces_get(&q, got, a - 1);
			weir_pieces_get(&q, got + a - 1, b + 1);
			CHECK(memcmp(got, said, a + b) == 0);
			CHECK(!q.first && !q.last && q.len == 0);
		}
}

/* the queue is @said from @from to @to */
static void play(uint64_t seed)
{
	static const uint32_t most[] = { 3, 60, 1500, 20000 };
	struct dice d = { seed };
	struct weir_pieces q = { .len = 0 };
	size_t from = 0, to = 0, n;

	for (unsigned i = 0; i < 400; i++) {
		n = dice_below(&d, most[dice_below(&d, 4)]);
		if (dice_one_in(&d, 16) || to + n > BYTES) {
			weir_pieces_empty(&q);
			from = to = 0;
		} else if (dice_one_in(&d, 2)) {
			for (size_t k = to; k < to + n; k++)
				said[k] = (uint8_t)dice_u64(&d);
			CHECK(weir_pieces_put(&q, said + to, n));
			to += n;
		} else {
			n = n < q.len ? n : q.len;
			weir_pieces_get(&q, got, n);
			CHECK(memcmp(got, said + from, n) == 0);
			from += n;
		}
		CHECK_EQ(q.len, to - from);
		CHECK((q.len == 0) == (q.first == NULL));
		CHECK((q.first == NULL) == (q.last == NULL));
	}
	weir_pieces_empty(&q);
}

static void by_chance_it_is_a_plain_array(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++)
		play(seed);
}

T_MAIN(T(what_is_put_is_got_in_order), T(nothing_is_nothing),
       T(an_empty_queue_holds_no_memory),
       T(every_size_near_that_of_a_piece_is_kept),
       T(by_chance_it_is_a_plain_array))
