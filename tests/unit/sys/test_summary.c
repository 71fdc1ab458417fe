/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/summary.h"

#include "../t.h"

static size_t build(const struct weir_summary *s, uint8_t *b, size_t n)
{
	struct weir_wr w = weir_wr_over(b, n);

	weir_summary_build(s, &w);
	CHECK(weir_wr_ok(&w));
	return weir_wr_len(&w);
}

/* every field another value, so that two exchanged ones show */
static struct weir_summary distinct(void)
{
	uint64_t v[sizeof(struct weir_summary) / sizeof(uint64_t)];
	struct weir_summary s;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		v[i] = i << 40 | (i + 1);
	memcpy(&s, v, sizeof(s));
	return s;
}

static void a_summary_survives_the_journey(void **state)
{
	struct weir_summary s = distinct(), got;
	uint8_t b[2048];
	size_t n = build(&s, b, sizeof(b));
	struct weir_rd in = weir_rd_over(b, n);

	(void)state;
	CHECK(weir_summary_parse(&in, &got));
	CHECK(memcmp(&s, &got, sizeof(s)) == 0);
}

static void every_truncation_and_any_surplus_is_refused(void **state)
{
	struct weir_summary s = distinct(), got = { .frames_up = 7 };
	uint8_t b[2048];
	size_t n = build(&s, b, sizeof(b));
	struct weir_rd in;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		in = weir_rd_over(b, i);
		CHECK(!weir_summary_parse(&in, &got));
	}
	in = weir_rd_over(b, n + 1);
	CHECK(!weir_summary_parse(&in, &got));
	CHECK_EQ(got.frames_up, 7);
}

static void another_number_of_reasons_is_refused(void **state)
{
	struct weir_summary s = distinct(), got;
	uint8_t b[2048];
	size_t n = build(&s, b, sizeof(b)), at = 16 * 8 + 1;
	struct weir_rd in = weir_rd_over(b, n);

	(void)state;
	CHECK_EQ(b[at], WEIR_REASON_COUNT);
	b[at]++;
	CHECK(!weir_summary_parse(&in, &got));
}

T_MAIN(T(a_summary_survives_the_journey),
       T(every_truncation_and_any_surplus_is_refused),
       T(another_number_of_reasons_is_refused))
