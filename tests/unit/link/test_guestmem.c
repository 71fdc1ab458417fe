/* SPDX-License-Identifier: Apache-2.0 */
#include "link/guestmem.h"

#include <errno.h>

#include "../t.h"

static uint8_t bytes[0x4000];

static struct weir_guestmem_region region(uint64_t gpa, uint64_t size,
					  uint64_t uva, size_t at)
{
	return (struct weir_guestmem_region){
		.gpa = gpa, .size = size, .uva = uva, .host = bytes + at
	};
}

static int add(struct weir_guestmem *m, uint64_t gpa, uint64_t size,
	       uint64_t uva, size_t at)
{
	const struct weir_guestmem_region r = region(gpa, size, uva, at);

	return weir_guestmem_add(m, &r);
}

static void what_is_in_a_region_is_found_and_nothing_else(void **state)
{
	static struct weir_guestmem m;
	uint64_t have;

	(void)state;
	m.n = 0;
	CHECK_EQ(add(&m, 0x1000, 0x1000, 0x7000, 0), 0);
	CHECK_EQ(add(&m, 0x8000, 0x100, 0x9000, 0x1000), 0);
	CHECK(weir_guestmem_at(&m, 0x1000, 1, &have) == bytes && have == 1);
	CHECK(weir_guestmem_at(&m, 0x1fff, 9, &have) == bytes + 0xfff &&
	      have == 1);
	CHECK(weir_guestmem_at(&m, 0x8010, 0x10, &have) == bytes + 0x1010 &&
	      have == 0x10);
	CHECK(weir_guestmem_at(&m, 0x8010, UINT64_MAX, &have) && have == 0xf0);
	CHECK(!weir_guestmem_at(&m, 0xfff, 1, &have));
	CHECK(!weir_guestmem_at(&m, 0x2000, 1, &have));
	CHECK(!weir_guestmem_at(&m, 0x8100, 1, &have));
	CHECK(!weir_guestmem_at(&m, UINT64_MAX, 1, &have));
	CHECK(!weir_guestmem_at(&m, 0, 1, &have));
}

static void regions_that_wrap_or_are_empty_are_refused(void **state)
{
	static struct weir_guestmem m;

	(void)state;
	m.n = 0;
	CHECK_EQ(add(&m, 0x1000, 0, 0x1000, 0), -EINVAL);
	CHECK_EQ(add(&m, UINT64_MAX, 2, 0, 0), -EINVAL);
	CHECK_EQ(add(&m, UINT64_MAX - 0xfff, 0x1000, 0, 0), -EINVAL);
	CHECK_EQ(add(&m, 0, 0x1000, UINT64_MAX - 0xfff, 0), -EINVAL);
	CHECK_EQ(add(&m, 2, UINT64_MAX, 0, 0), -EINVAL);
	CHECK_EQ(m.n, 0);
	CHECK_EQ(add(&m, UINT64_MAX - 0x1000, 0x1000, 0, 0), 0);
}

static void regions_that_overlap_are_refused_in_either_space(void **state)
{
	static const struct {
		uint64_t gpa, size, uva;
		int want;
	} row[] = {
		{ 0x1000, 0x1000, 0x50000, -EEXIST },
		{ 0x0000, 0x1001, 0x50000, -EEXIST },
		{ 0x1fff, 0x1000, 0x50000, -EEXIST },
		{ 0x1800, 1, 0x50000, -EEXIST },
		{ 0, 0x10000, 0x50000, -EEXIST },
		{ 0x50000, 0x1000, 0x7000, -EEXIST },
		{ 0x50000, 0x1001, 0x6000, -EEXIST },
		{ 0x50000, 0x10, 0x7fff, -EEXIST },
		{ 0x0000, 0x1000, 0x6000, 0 },
		{ 0x2000, 0x1000, 0x8000, 0 },
	};
	static struct weir_guestmem m;

	(void)state;
	m.n = 0;
	CHECK_EQ(add(&m, 0x1000, 0x1000, 0x7000, 0), 0);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		CHECK_EQ(add(&m, row[i].gpa, row[i].size, row[i].uva, 0),
			 row[i].want);
	CHECK_EQ(m.n, 3);
}

static void a_full_table_takes_no_more_until_one_goes(void **state)
{
	static struct weir_guestmem m;
	struct weir_guestmem_region gone;
	uint64_t i;

	(void)state;
	m.n = 0;
	for (i = 0; i < WEIR_GUESTMEM_REGIONS_MAX; i++)
		CHECK_EQ(add(&m, i * 0x1000, 0x1000, i * 0x1000, 0), 0);
	CHECK_EQ(add(&m, i * 0x1000, 0x1000, i * 0x1000, 0), -ENOSPC);
	CHECK_EQ(weir_guestmem_remove(&m, 0x3000, 0x1000, 0x4000, &gone),
		 -ENOENT);
	CHECK_EQ(weir_guestmem_remove(&m, 0x3000, 0x2000, 0x3000, &gone),
		 -ENOENT);
	CHECK_EQ(weir_guestmem_remove(&m, 0x3000, 0x1000, 0x3000, &gone), 0);
	CHECK_EQ(gone.gpa, 0x3000);
	CHECK_EQ(weir_guestmem_remove(&m, 0x3000, 0x1000, 0x3000, &gone),
		 -ENOENT);
	CHECK_EQ(add(&m, i * 0x1000, 0x1000, i * 0x1000, 0), 0);
}

static void what_goes_on_in_the_next_region_is_read_in_pieces(void **state)
{
	static struct weir_guestmem m;
	uint8_t got[0x30];

	(void)state;
	m.n = 0;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 13 >> 3);
	/* three in a row for the guest, the other way round for us */
	CHECK_EQ(add(&m, 0x1000, 0x10, 0x1000, 0x2000), 0);
	CHECK_EQ(add(&m, 0x1010, 0x10, 0x3000, 0x1000), 0);
	CHECK_EQ(add(&m, 0x1020, 0x10, 0x2000, 0x0000), 0);
	CHECK(weir_guestmem_read(&m, 0x1000, got, 0x30));
	CHECK(memcmp(got, bytes + 0x2000, 0x10) == 0);
	CHECK(memcmp(got + 0x10, bytes + 0x1000, 0x10) == 0);
	CHECK(memcmp(got + 0x20, bytes, 0x10) == 0);
	CHECK(!weir_guestmem_read(&m, 0x1001, got, 0x30));
	CHECK(!weir_guestmem_read(&m, 0xfff, got, 2));
	CHECK(weir_guestmem_read(&m, 0xdead0000, got, 0));
}

static void a_place_of_the_front_end_is_whole_or_nowhere(void **state)
{
	static struct weir_guestmem m;

	(void)state;
	m.n = 0;
	CHECK_EQ(add(&m, 0, 0x1000, 0x10000, 0), 0);
	CHECK_EQ(add(&m, 0x1000, 0x1000, 0x11000, 0x1000), 0);
	CHECK(weir_guestmem_user(&m, 0x10000, 0x1000) == bytes);
	CHECK(weir_guestmem_user(&m, 0x10ff0, 0x10) == bytes + 0xff0);
	CHECK(!weir_guestmem_user(&m, 0x10ff0, 0x11)); /* on in the next */
	CHECK(!weir_guestmem_user(&m, 0x10000, 0x1001));
	CHECK(!weir_guestmem_user(&m, 0x10000, UINT64_MAX));
	CHECK(!weir_guestmem_user(&m, 0xffff, 1));
	CHECK(!weir_guestmem_user(&m, 0x12000, 1));
	CHECK(!weir_guestmem_user(&m, UINT64_MAX, 2));
}

T_MAIN(T(what_is_in_a_region_is_found_and_nothing_else),
       T(regions_that_wrap_or_are_empty_are_refused),
       T(regions_that_overlap_are_refused_in_either_space),
       T(a_full_table_takes_no_more_until_one_goes),
       T(what_goes_on_in_the_next_region_is_read_in_pieces),
       T(a_place_of_the_front_end_is_whole_or_nowhere))
