/* SPDX-License-Identifier: Apache-2.0 */
/* test_shelf.c - names that connections have shown, each kept once */
#include "flow/shelf.h"

#include <stdio.h>
#include <stdlib.h>

#include "../t.h"

static struct weir_shelf shelf;
static void *room;

static int set_up(void **state)
{
	const uint64_t key[2] = { 1, 2 };
	size_t len = weir_shelf_bytes();
	struct weir_arena arena;

	(void)state;
	room = calloc(1, len);
	weir_arena_init(&arena, room, len);
	return room && weir_shelf_init(&shelf, &arena, key) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	free(room);
	return 0;
}

static struct weir_dns_name name(const char *text)
{
	struct weir_dns_name n;

	assert_true(weir_dns_name_from_text(text, strlen(text), &n));
	return n;
}

static void a_name_is_kept_once(void **state)
{
	struct weir_dns_name a = name("a.example"), b = name("b.example");
	uint32_t i = weir_shelf_take(&shelf, &a);
	uint32_t j = weir_shelf_take(&shelf, &b);

	(void)state;
	assert_int_not_equal(i, j);
	assert_int_equal(weir_shelf_take(&shelf, &a), i);
	assert_true(weir_dns_is_exact_name(weir_shelf_at(&shelf, i), &a));
	assert_true(weir_dns_is_exact_name(weir_shelf_at(&shelf, j), &b));
	assert_int_equal(weir_pool_used(&shelf.pool), 2);
}

static void it_goes_with_its_last_user(void **state)
{
	struct weir_dns_name a = name("a.example");
	uint32_t i = weir_shelf_take(&shelf, &a);

	(void)state;
	assert_int_equal(weir_shelf_take(&shelf, &a), i);
	weir_shelf_give(&shelf, i);
	assert_int_equal(weir_pool_used(&shelf.pool), 1);
	weir_shelf_give(&shelf, i);
	assert_int_equal(weir_pool_used(&shelf.pool), 0);
	weir_shelf_give(&shelf, WEIR_SHELF_NONE);
	assert_null(weir_shelf_at(&shelf, WEIR_SHELF_NONE));
}

static void a_full_shelf_says_so(void **state)
{
	struct weir_dns_name n;
	char text[32];

	(void)state;
	for (unsigned i = 0; i < WEIR_SHOWN_MAX; i++) {
		snprintf(text, sizeof(text), "n%u.example", i);
		n = name(text);
		assert_int_not_equal(weir_shelf_take(&shelf, &n),
				     WEIR_SHELF_NONE);
	}
	n = name("one.more.example");
	assert_int_equal(weir_shelf_take(&shelf, &n), WEIR_SHELF_NONE);
	n = name("n7.example");
	assert_int_not_equal(weir_shelf_take(&shelf, &n), WEIR_SHELF_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_name_is_kept_once, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(it_goes_with_its_last_user,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_shelf_says_so, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
