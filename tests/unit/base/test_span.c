/* SPDX-License-Identifier: Apache-2.0 */
/* test_span.c - several places, one run */
#include "../t.h"

#include "base/span.h"
#include "bench.h"

/* "abcdefghij" in five places, two of them empty. */
static uint8_t text[] = "abcdefghij";
static const struct weir_span places[] = {
	{ text, 3 }, { text + 3, 0 }, { text + 3, 1 },
	{ NULL, 0 }, { text + 4, 6 },
};
static const struct weir_spans run = { places, 5, 10 };

static void any_part_is_copied_as_from_one_place(void **state)
{
	(void)state;
	for (size_t skip = 0; skip <= 12; skip++) {
		for (size_t n = 0; n <= 12; n++) {
			size_t want = skip >= 10      ? 0
				      : n < 10 - skip ? n
						      : 10 - skip;
			uint8_t *exact = malloc(n ? n : 1);

			CHECK(exact != NULL);
			CHECK_EQ(weir_spans_copy(&run, skip, exact, n), want);
			if (want)
				CHECK(memcmp(exact, text + skip, want) == 0);
			free(exact);
		}
	}
}

static void any_part_is_cut_as_spans_of_the_same_bytes(void **state)
{
	(void)state;
	for (size_t skip = 0; skip <= 12; skip++) {
		for (size_t n = 0; n <= 12; n++) {
			size_t want = skip >= 10      ? 0
				      : n < 10 - skip ? n
						      : 10 - skip,
			       done = 0;
			struct weir_span cut[5];
			unsigned k = weir_spans_cut(&run, skip, n, cut, 5);

			CHECK(k <= 3);
			for (unsigned i = 0; i < k; i++) {
				CHECK(cut[i].len > 0);
				CHECK(cut[i].at == text + skip + done);
				done += cut[i].len;
			}
			CHECK_EQ(done, want);
		}
	}
}

static void no_more_spans_are_written_than_asked_for(void **state)
{
	struct weir_span cut[4];

	(void)state;
	for (unsigned max = 0; max <= 3; max++) {
		memset(cut, 0, sizeof(cut));
		CHECK_EQ(weir_spans_cut(&run, 0, 10, cut, max), max);
		CHECK(cut[max].at == NULL && cut[max].len == 0);
	}
	CHECK_EQ(weir_spans_cut(&run, 1, 2, cut, 4), 1);
	CHECK_EQ(cut[0].len, 2);
}

static void a_skip_beyond_all_memory_gives_nothing(void **state)
{
	struct weir_span cut[5];
	uint8_t to[4];

	(void)state;
	CHECK_EQ(weir_spans_copy(&run, SIZE_MAX, to, 4), 0);
	CHECK_EQ(weir_spans_cut(&run, SIZE_MAX, SIZE_MAX, cut, 5), 0);
	CHECK_EQ(weir_spans_cut(&run, 9, SIZE_MAX, cut, 5), 1);
}

static void no_places_are_no_bytes(void **state)
{
	static const struct weir_spans none = { NULL, 0, 0 };
	struct weir_span cut[1];
	uint8_t to[1];

	(void)state;
	CHECK_EQ(weir_spans_copy(&none, 0, to, 1), 0);
	CHECK_EQ(weir_spans_cut(&none, 0, 1, cut, 1), 0);
}

static void agrees_with_the_flat_run_for_random_places(void **state)
{
	uint64_t seed = 8;

	(void)state;
	for (int turn = 0; turn < 20000; turn++) {
		uint8_t flat[64], to[80];
		struct weir_span v[8], cut[8];
		struct weir_spans s = { v, 1 + below(&seed, 8), 0 };
		size_t skip = below(&seed, 70), n = below(&seed, 80), want;
		unsigned k;

		for (size_t i = 0; i < sizeof(flat); i++)
			flat[i] = (uint8_t)roll(&seed);
		for (unsigned i = 0; i < s.n; i++) {
			v[i].at = flat + s.len;
			v[i].len = below(&seed, 9);
			s.len += v[i].len;
		}
		want = skip >= s.len ? 0 : s.len - skip;
		want = n < want ? n : want;
		CHECK_EQ(weir_spans_copy(&s, skip, to, n), want);
		CHECK(!want || memcmp(to, flat + skip, want) == 0);
		k = weir_spans_cut(&s, skip, n, cut, 8);
		s = (struct weir_spans){ cut, k, want };
		memset(to, 0, sizeof(to));
		CHECK_EQ(weir_spans_copy(&s, 0, to, sizeof(to)), want);
		CHECK(!want || memcmp(to, flat + skip, want) == 0);
	}
}

T_MAIN(T(any_part_is_copied_as_from_one_place),
       T(any_part_is_cut_as_spans_of_the_same_bytes),
       T(no_more_spans_are_written_than_asked_for),
       T(a_skip_beyond_all_memory_gives_nothing), T(no_places_are_no_bytes),
       T(agrees_with_the_flat_run_for_random_places))
