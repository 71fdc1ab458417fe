/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_vring.c - a ring against a driver that is honest, late, or hostile
 *
 * The guest's memory ends at a page that nobody may touch.
 */
#include "link/vring.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../t.h"
#include "driver.h"
#include "sys/guarded.h"

#define BYTES 0x80000u
#define DATA  0x20000u /* where frames lie */
#define INDEX 0x18000u /* where indirect tables lie */

static uint8_t *mem;
static struct weir_guestmem table;
static struct weir_vring v;
static struct driver d;
static struct weir_vring_plan plan;
static uint8_t room[70000];

static int set_up(void **state)
{
	uint8_t *all = mmap(NULL, BYTES + 0x2000, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	if (all == MAP_FAILED)
		return -1;
	mem = all + 0x1000;
	return mprotect(mem, BYTES, PROT_READ | PROT_WRITE);
}

/* A fresh ring whose indices are at @idx already. */
static void fresh_at(uint32_t num, uint16_t idx, bool event_idx)
{
	const struct weir_guestmem_region r = { .gpa = DRIVER_GPA,
						.size = BYTES,
						.uva = 0x7f0000000000,
						.host = mem };

	memset(&table, 0, sizeof(table));
	CHECK_EQ(weir_guestmem_add(&table, &r), 0);
	driver_init(&d, mem, 0, num);
	driver_move(&d, idx);
	v = (struct weir_vring){ .desc = mem + driver_desc(&d),
				 .avail = mem + driver_avail(&d),
				 .used = mem + driver_used(&d),
				 .num = num,
				 .event_idx = event_idx,
				 .indirect = true };
	CHECK_EQ(weir_vring_start(&v), 0);
}

static void fresh(void)
{
	fresh_at(16, 0, false);
}

static uint64_t data(size_t off)
{
	return DRIVER_GPA + DATA + off;
}

static int take(void)
{
	return weir_vring_take(&v, &table, room, sizeof(room));
}

static int put(size_t len, bool merge)
{
	static uint8_t frame[70000];
	static const uint8_t head[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
	struct weir_span part[3] = { { frame, len / 3 },
				     { frame, 0 },
				     { frame + len / 3, len - len / 3 } };
	const struct weir_vring_frame f = { .part = part,
					    .n = 3,
					    .head = head,
					    .head_len = 12,
					    .merge = merge };

	for (size_t i = 0; i < len; i++)
		frame[i] = (uint8_t)(i * 3 + (i >> 8));
	return weir_vring_put(&v, &table, &f, &plan);
}

static void expect_used(uint32_t id, uint32_t len)
{
	uint32_t got_id, got_len;

	CHECK(driver_used_next(&d, &got_id, &got_len));
	CHECK_EQ(got_id, id);
	CHECK_EQ(got_len, len);
}

/* ---------------------------------------------------------------------- up */

static void a_chain_is_read_in_its_order_and_given_back(void **state)
{
	uint32_t id, len;

	(void)state;
	fresh();
	for (unsigned i = 0; i < 1000; i++)
		mem[DATA + i] = (uint8_t)(i * 5);
	driver_write(&d, 3, data(0), 10, DRIVER_NEXT, 7);
	driver_write(&d, 7, data(500), 100, DRIVER_NEXT, 1);
	driver_write(&d, 1, data(200), 1, 0, 9);
	CHECK_EQ(take(), -EAGAIN);
	driver_offer(&d, 3);
	CHECK_EQ(take(), 111);
	CHECK(memcmp(room, mem + DATA, 10) == 0);
	CHECK(memcmp(room + 10, mem + DATA + 500, 100) == 0);
	CHECK_EQ(room[110], mem[DATA + 200]);
	CHECK(!driver_used_next(&d, &id, &len)); /* not yet shown */
	CHECK_EQ(weir_vring_publish(&v), 1);
	expect_used(3, 0);
	CHECK_EQ(weir_vring_publish(&v), 0);
	CHECK_EQ(take(), -EAGAIN);
}

static void an_indirect_table_is_read_wherever_it_lies(void **state)
{
	(void)state;
	fresh();
	for (unsigned i = 0; i < 40; i++)
		driver_write_at(&d, INDEX + 16 * (size_t)i, data(i * 10), 10,
				i < 39 ? DRIVER_NEXT : 0, i + 1);
	for (unsigned i = 0; i < 400; i++)
		mem[DATA + i] = (uint8_t)(i ^ 0x35);
	driver_write(&d, 0, DRIVER_GPA + INDEX, 640, DRIVER_INDIRECT, 0);
	driver_offer(&d, 0);
	CHECK_EQ(take(), 400);
	CHECK(memcmp(room, mem + DATA, 400) == 0);
	/* after a descriptor of the ring's own */
	driver_write(&d, 5, data(0), 10, DRIVER_NEXT, 0);
	driver_offer(&d, 5);
	CHECK_EQ(take(), 410);
	/* not if it was not negotiated */
	v.indirect = false;
	driver_offer(&d, 0);
	CHECK_EQ(take(), -EINVAL);
}

static void a_chain_that_is_none_is_passed_over_and_given_back(void **state)
{
	static const struct {
		uint64_t addr;
		uint32_t len;
		unsigned flags, next;
		int want;
	} row[] = {
		{ DRIVER_GPA - 1, 2, 0, 0, -EINVAL },
		{ DRIVER_GPA + BYTES - 1, 2, 0, 0, -EINVAL },
		{ DRIVER_GPA + BYTES, 1, 0, 0, -EINVAL },
		{ UINT64_MAX, 2, 0, 0, -EINVAL },
		{ UINT64_MAX - 10, 60000, 0, 0, -EINVAL },
		{ 0, 1, 0, 0, -EINVAL },
		{ DRIVER_GPA, 70001, 0, 0, -EMSGSIZE },
		{ DRIVER_GPA, UINT32_MAX, 0, 0, -EMSGSIZE },
		{ DRIVER_GPA, 10, DRIVER_WRITE, 0, -EINVAL },
		{ DRIVER_GPA, 0, DRIVER_NEXT, 0, -EINVAL },     /* a loop */
		{ DRIVER_GPA, 100, DRIVER_NEXT, 0, -EMSGSIZE }, /* the same */
		{ DRIVER_GPA, 1, DRIVER_NEXT, 16, -EINVAL },
		{ DRIVER_GPA, 1, DRIVER_NEXT, 65535, -EINVAL },
		{ DRIVER_GPA, 15, DRIVER_INDIRECT, 0, -EINVAL },
		{ DRIVER_GPA, 0, DRIVER_INDIRECT, 0, -EINVAL },
		{ DRIVER_GPA, 17, DRIVER_INDIRECT, 0, -EINVAL },
		{ DRIVER_GPA, 0xfffffff0, DRIVER_INDIRECT, 0, -EINVAL },
		{ DRIVER_GPA, 16 * 1025, DRIVER_INDIRECT, 0, -EINVAL },
		{ DRIVER_GPA + BYTES, 16, DRIVER_INDIRECT, 0, -EINVAL },
		{ UINT64_MAX - 8, 16, DRIVER_INDIRECT, 0, -EINVAL },
		{ DRIVER_GPA, 16, DRIVER_INDIRECT | DRIVER_NEXT, 1, -EINVAL },
		{ DRIVER_GPA, 16, DRIVER_INDIRECT | DRIVER_WRITE, 0, -EINVAL },
		/* the descriptor is its own table: a table in a table */
		{ DRIVER_GPA, 16, DRIVER_INDIRECT, 0, -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		fresh();
		driver_write(&d, 0, row[i].addr, row[i].len, row[i].flags,
			     row[i].next);
		driver_write(&d, 1, data(0), 20, 0, 0);
		driver_offer(&d, 0);
		driver_offer(&d, 1);
		CHECK_EQ(take(), row[i].want);
		CHECK_EQ(take(), 20); /* the next one is none the worse */
		CHECK_EQ(take(), -EAGAIN);
		CHECK_EQ(weir_vring_publish(&v), 1);
		expect_used(0, 0);
		expect_used(1, 0);
	}
}

static void the_longest_chain_is_read_and_one_more_is_not(void **state)
{
	(void)state;
	for (unsigned n = WEIR_VRING_CHAIN_MAX - 2; n <= WEIR_VRING_CHAIN_MAX;
	     n++) {
		fresh();
		for (unsigned i = 0; i < n; i++)
			driver_write_at(&d, INDEX + 16 * (size_t)i, data(i), 1,
					i + 1 < n ? DRIVER_NEXT : 0, i + 1);
		driver_write(&d, 0, DRIVER_GPA + INDEX, 16 * n, DRIVER_INDIRECT,
			     0);
		driver_offer(&d, 0);
		/* the descriptor that leads there counts as well */
		CHECK_EQ(take(), n < WEIR_VRING_CHAIN_MAX ? (int)n : -EINVAL);
	}
}

static void a_frame_that_straddles_regions_is_whole(void **state)
{
	const struct weir_guestmem_region next = {
		.gpa = DRIVER_GPA + BYTES,
		.size = 100,
		.uva = 0x1000,
		.host = mem + DATA,
	};

	(void)state;
	fresh();
	CHECK_EQ(weir_guestmem_add(&table, &next), 0);
	memset(mem + BYTES - 50, 0xaa, 50);
	memset(mem + DATA, 0xbb, 100);
	driver_write(&d, 0, DRIVER_GPA + BYTES - 50, 150, 0, 0);
	driver_offer(&d, 0);
	CHECK_EQ(take(), 150);
	CHECK(room[49] == 0xaa && room[50] == 0xbb && room[149] == 0xbb);
	driver_write(&d, 0, DRIVER_GPA + BYTES - 50, 151, 0, 0);
	driver_offer(&d, 0);
	CHECK_EQ(take(), -EINVAL);
}

static void impossible_indices_break_the_ring_until_it_is_started(void **state)
{
	static const uint16_t idx[] = { 17, 18, 1000, 0x8000, 0xffff };

	(void)state;
	for (size_t i = 0; i < sizeof(idx) / sizeof(idx[0]); i++) {
		fresh();
		driver_put16(&d, driver_avail(&d) + 2, idx[i]);
		CHECK_EQ(take(), -EPROTO);
		driver_put16(&d, driver_avail(&d) + 2, 0);
		CHECK_EQ(take(), -EPROTO);
		CHECK_EQ(put(10, true), -EPROTO);
		CHECK_EQ(weir_vring_arm(&v), -EPROTO);
		CHECK_EQ(weir_vring_publish(&v), -EPROTO);
		CHECK_EQ(weir_vring_start(&v), 0);
		CHECK_EQ(take(), -EAGAIN);
	}
	fresh();
	driver_offer(&d, 16); /* a head beyond the table */
	CHECK_EQ(take(), -EPROTO);
}

static void a_full_ring_is_emptied_and_no_more(void **state)
{
	(void)state;
	fresh();
	for (unsigned i = 0; i < 16; i++)
		driver_write(&d, i, data(i), 20, 0, 0);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 16; i++)
			driver_offer(&d, i);
		for (unsigned i = 0; i < 16; i++)
			CHECK_EQ(take(), 20);
		CHECK_EQ(take(), -EAGAIN);
		CHECK_EQ(weir_vring_publish(&v), 1);
		for (unsigned i = 0; i < 16; i++)
			expect_used(i, 0);
	}
}

/* -------------------------------------------------------------------- down */

static void offer_room(unsigned slot, uint32_t len)
{
	driver_write(&d, slot, data(slot * 0x2000), len, DRIVER_WRITE, 0);
	driver_offer(&d, slot);
}

static void check_frame(size_t from, const uint8_t *at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		CHECK_EQ(at[i], (uint8_t)((from + i) * 3 + ((from + i) >> 8)));
}

static void a_frame_down_fills_one_buffer(void **state)
{
	(void)state;
	fresh();
	offer_room(0, 2000);
	memset(mem + DATA, 0xee, 2000);
	CHECK_EQ(put(1000, false), 0);
	CHECK_EQ(weir_vring_publish(&v), 1);
	expect_used(0, 1012);
	CHECK(mem[DATA] == 1 && mem[DATA + 9] == 10);
	CHECK(mem[DATA + 10] == 1 && mem[DATA + 11] == 0);
	check_frame(0, mem + DATA + 12, 1000);
	CHECK_EQ(mem[DATA + 1012], 0xee);
}

static void a_frame_down_is_spread_where_that_was_agreed(void **state)
{
	(void)state;
	fresh();
	offer_room(0, 500);
	offer_room(1, 500);
	CHECK_EQ(put(1000, true), -EAGAIN); /* 12 bytes too few */
	CHECK_EQ(weir_vring_publish(&v), 0);
	offer_room(2, 500);
	CHECK_EQ(put(1000, true), 0);
	CHECK_EQ(weir_vring_publish(&v), 1);
	expect_used(0, 500);
	expect_used(1, 500);
	expect_used(2, 12);
	CHECK(mem[DATA + 10] == 3 && mem[DATA + 11] == 0);
	check_frame(0, mem + DATA + 12, 488);
	check_frame(488, mem + DATA + 0x2000, 500);
	check_frame(988, mem + DATA + 0x4000, 12);
}

static void without_that_it_fits_one_or_is_not_sent(void **state)
{
	(void)state;
	fresh();
	offer_room(0, 1011);
	offer_room(1, 4000);
	CHECK_EQ(put(1000, false), -EAGAIN);
	CHECK_EQ(put(999, false), 0); /* the buffer is there still */
	CHECK_EQ(put(1000, false), 0);
	CHECK_EQ(weir_vring_publish(&v), 1);
	expect_used(0, 1011);
	expect_used(1, 1012);
}

static void a_header_may_lie_in_several_descriptors(void **state)
{
	(void)state;
	fresh();
	driver_write(&d, 0, data(0), 1, DRIVER_WRITE | DRIVER_NEXT, 1);
	driver_write(&d, 1, data(100), 10, DRIVER_WRITE | DRIVER_NEXT, 2);
	driver_write(&d, 2, data(200), 0, DRIVER_WRITE | DRIVER_NEXT, 3);
	driver_write(&d, 3, data(300), 500, DRIVER_WRITE, 0);
	driver_offer(&d, 0);
	CHECK_EQ(put(60, true), 0);
	CHECK(mem[DATA] == 1 && mem[DATA + 100] == 2);
	CHECK(mem[DATA + 109] == 1 && mem[DATA + 300] == 0);
	check_frame(0, mem + DATA + 301, 60);
	CHECK_EQ(weir_vring_publish(&v), 1);
	expect_used(0, 72);
}

static void the_largest_frame_goes_into_buffers_of_a_page(void **state)
{
	(void)state;
	fresh_at(32, 0, true);
	for (unsigned i = 0; i < 17; i++)
		offer_room(i, 4096);
	CHECK_EQ(put(65538, true), 0);
	CHECK_EQ(weir_vring_publish(&v), 1);
	for (unsigned i = 0; i < 16; i++)
		expect_used(i, 4096);
	expect_used(16, 65550 - 16 * 4096);
	CHECK_EQ(mem[DATA + 10], 17);
	check_frame(16 * 4096 - 12, mem + DATA + 16 * 0x2000, 14);
}

static void a_buffer_that_is_none_breaks_the_ring(void **state)
{
	static const struct {
		uint64_t addr;
		uint32_t len;
		unsigned flags, next;
	} row[] = {
		{ DRIVER_GPA, 1500, 0, 0 },
		{ DRIVER_GPA - 1, 1500, DRIVER_WRITE, 0 },
		{ DRIVER_GPA + BYTES - 10, 1500, DRIVER_WRITE, 0 },
		{ UINT64_MAX - 4, 1500, DRIVER_WRITE, 0 },
		{ DRIVER_GPA, 0, DRIVER_WRITE | DRIVER_NEXT, 0 },
		{ DRIVER_GPA, 0, DRIVER_WRITE | DRIVER_NEXT, 99 },
		{ DRIVER_GPA, 16, DRIVER_INDIRECT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		fresh();
		driver_write(&d, 0, row[i].addr, row[i].len, row[i].flags,
			     row[i].next);
		driver_offer(&d, 0);
		CHECK_EQ(put(100, true), -EPROTO);
		CHECK(v.broken);
	}
}

static void many_tiny_or_empty_buffers_end_somewhere(void **state)
{
	(void)state;
	fresh_at(256, 0, false);
	driver_write(&d, 0, data(0), 0, DRIVER_WRITE, 0);
	for (unsigned i = 0; i < 256; i++)
		driver_offer(&d, 0);
	CHECK_EQ(put(100, true), -EAGAIN);
	CHECK(!v.broken);
	fresh_at(256, 0, false);
	driver_write(&d, 0, data(0), 1, DRIVER_WRITE, 0);
	for (unsigned i = 0; i < 256; i++)
		driver_offer(&d, 0);
	CHECK_EQ(put(244, true), 0);
	CHECK_EQ(put(245, true), -EAGAIN);
}

static void an_index_that_goes_back_takes_no_buffer_twice(void **state)
{
	(void)state;
	fresh();
	offer_room(0, 2000);
	offer_room(1, 2000);
	CHECK_EQ(put(100, true), 0);
	driver_put16(&d, driver_avail(&d) + 2, 0); /* behind what was taken */
	CHECK_EQ(put(100, true), 0);               /* what was seen is there */
	CHECK_EQ(put(100, true), -EPROTO);
}

/* ----------------------------------------------------------- notifications */

static void without_event_idx_flags_say_who_wants_to_hear(void **state)
{
	(void)state;
	fresh();
	driver_write(&d, 0, data(0), 20, 0, 0);
	CHECK_EQ(driver_get16(&d, driver_used(&d)), 0);
	driver_offer(&d, 0);
	CHECK_EQ(take(), 20);
	CHECK_EQ(driver_get16(&d, driver_used(&d)), 1); /* at work */
	CHECK_EQ(take(), -EAGAIN);
	CHECK_EQ(weir_vring_arm(&v), 0);
	CHECK_EQ(driver_get16(&d, driver_used(&d)), 0);
	driver_offer(&d, 0);
	CHECK_EQ(weir_vring_arm(&v), 1); /* came in between */
	driver_put16(&d, driver_avail(&d), 1);
	CHECK_EQ(take(), 20);
	CHECK_EQ(weir_vring_publish(&v), 0); /* it polls */
	driver_put16(&d, driver_avail(&d), 0);
	driver_offer(&d, 0);
	CHECK_EQ(take(), 20);
	CHECK_EQ(weir_vring_publish(&v), 1);
}

/* Does a driver that goes from @old to @now kick?  (virtio 1.2, 2.7.10) */
static bool driver_kicks(uint16_t old, uint16_t now)
{
	for (uint16_t i = old; i != now; i++)
		if (i == driver_avail_event(&d))
			return true;
	return false;
}

/*
 * Over and over the ring, across 65535: a driver that asks for an interrupt
 * every @every entries is told then and only then, and it kicks exactly when
 * nobody is at work.
 */
static void event_indices_hold_across_their_wrap(void **state)
{
	(void)state;
	for (unsigned every = 1; every <= 16; every += 5) {
		unsigned asked = 0, told = 0;

		fresh_at(16, 65535 - 1000, true);
		driver_write(&d, 0, data(0), 20, 0, 0);
		driver_set_used_event(&d, (uint16_t)(d.seen + every - 1));
		CHECK_EQ(weir_vring_arm(&v), 0);
		v.told_is = true; /* the first publish always tells */
		for (unsigned i = 0; i < 3000; i++) {
			uint16_t old = d.idx;
			unsigned n = 1 + i % 7, before = told;
			uint32_t id, len;

			for (unsigned k = 0; k < n; k++)
				driver_offer(&d, 0);
			CHECK(driver_kicks(old, d.idx));
			for (unsigned k = 0; k < n; k++)
				CHECK_EQ(take(), 20);
			old = d.idx;
			driver_offer(&d, 0);
			CHECK(!driver_kicks(old, d.idx)); /* at work */
			CHECK_EQ(take(), 20);
			CHECK_EQ(take(), -EAGAIN);
			CHECK_EQ(weir_vring_arm(&v), 0);
			told += weir_vring_publish(&v) == 1;
			while (driver_used_next(&d, &id, &len))
				if ((uint16_t)(d.seen - 1) ==
				    driver_get16(&d, driver_avail(&d) + 4 + 32))
					asked++;
			if (told != before) /* as after an interrupt */
				driver_set_used_event(&d,
						      (uint16_t)(d.seen +
								 every - 1));
			CHECK_EQ(told, asked);
		}
		CHECK(told > 100);
	}
}

static void a_ring_down_without_room_asks_to_be_kicked(void **state)
{
	(void)state;
	fresh_at(16, 65533, true);
	offer_room(0, 100);
	CHECK_EQ(put(1000, true), -EAGAIN);
	CHECK_EQ(driver_avail_event(&d), d.idx);
	for (unsigned i = 1; i < 11; i++)
		offer_room(i, 100);
	CHECK_EQ(put(1000, true), 0);
	fresh();
	CHECK_EQ(put(10, true), -EAGAIN);
	CHECK_EQ(driver_get16(&d, driver_used(&d)), 0);
	offer_room(0, 100);
	CHECK_EQ(put(10, true), 0);
	CHECK_EQ(driver_get16(&d, driver_used(&d)), 1);
}

static void a_ring_begins_where_its_used_entries_end(void **state)
{
	(void)state;
	fresh();
	driver_write(&d, 0, data(0), 20, 0, 0);
	for (unsigned i = 0; i < 5; i++)
		driver_offer(&d, 0);
	for (unsigned i = 0; i < 5; i++)
		CHECK_EQ(take(), 20);
	/* the three that were never shown as used are taken once more */
	driver_put16(&d, driver_used(&d) + 2, 2);
	CHECK_EQ(weir_vring_start(&v), 0);
	for (unsigned i = 0; i < 3; i++)
		CHECK_EQ(take(), 20);
	CHECK_EQ(take(), -EAGAIN);
}

/* ------------------------------------------------------------------ gone */

static void memory_that_was_cut_breaks_rings_and_nothing_else(void **state)
{
	int fd = memfd_create("guest", MFD_CLOEXEC);
	uint8_t *cut;
	struct weir_guestmem_region r = { .gpa = 0x40000000,
					  .size = 0x10000,
					  .uva = 0x1000 };

	(void)state;
	if (!weir_guarded_is_possible())
		skip();
	CHECK_EQ(weir_guarded_install(), 0);
	CHECK_EQ(ftruncate(fd, 0x10000), 0);
	cut = mmap(NULL, 0x10000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(cut != MAP_FAILED);
	r.host = cut;
	fresh();
	CHECK_EQ(weir_guestmem_add(&table, &r), 0);
	driver_write(&d, 0, r.gpa, 100, 0, 0);
	driver_offer(&d, 0);
	CHECK_EQ(take(), 100);
	CHECK_EQ(ftruncate(fd, 0), 0);
	driver_offer(&d, 0);
	CHECK_EQ(take(), -EINVAL); /* payload up: the frame is lost */
	driver_write(&d, 1, r.gpa, 16, DRIVER_INDIRECT, 0);
	driver_offer(&d, 1);
	CHECK_EQ(take(), -EINVAL); /* a table */
	CHECK(!v.broken);
	driver_write(&d, 2, r.gpa, 2000, DRIVER_WRITE, 0);
	driver_offer(&d, 2);
	CHECK_EQ(put(100, true), -EPROTO); /* a buffer */
	for (unsigned what = 0; what < 3; what++) {
		fresh();
		driver_write(&d, 0, data(0), 20, 0, 0);
		driver_offer(&d, 0);
		if (what == 0)
			v.desc = cut;
		else if (what == 1)
			v.avail = cut;
		else
			v.used = cut;
		CHECK_EQ(take(), what == 0 ? -EINVAL : -EPROTO);
		CHECK_EQ(weir_vring_start(&v), what == 2 ? -EPROTO : 0);
	}
	munmap(cut, 0x10000);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		T(a_chain_is_read_in_its_order_and_given_back),
		T(an_indirect_table_is_read_wherever_it_lies),
		T(a_chain_that_is_none_is_passed_over_and_given_back),
		T(the_longest_chain_is_read_and_one_more_is_not),
		T(a_frame_that_straddles_regions_is_whole),
		T(impossible_indices_break_the_ring_until_it_is_started),
		T(a_full_ring_is_emptied_and_no_more),
		T(a_frame_down_fills_one_buffer),
		T(a_frame_down_is_spread_where_that_was_agreed),
		T(without_that_it_fits_one_or_is_not_sent),
		T(a_header_may_lie_in_several_descriptors),
		T(the_largest_frame_goes_into_buffers_of_a_page),
		T(a_buffer_that_is_none_breaks_the_ring),
		T(many_tiny_or_empty_buffers_end_somewhere),
		T(an_index_that_goes_back_takes_no_buffer_twice),
		T(without_event_idx_flags_say_who_wants_to_hear),
		T(event_indices_hold_across_their_wrap),
		T(a_ring_down_without_room_asks_to_be_kicked),
		T(a_ring_begins_where_its_used_entries_end),
		T(memory_that_was_cut_breaks_rings_and_nothing_else),
	};

	return cmocka_run_group_tests(cases, set_up, NULL);
}
