/* SPDX-License-Identifier: Apache-2.0 */
/* test_backlog.c - a ring of bytes, beside a plain array that only grows */
#include "link/backlog.h"

#include "../t.h"
#include "socket.h"

static void what_is_put_in_comes_out_in_order(void **state)
{
	uint8_t mem[61], all[61 * 4], got[61];
	uint32_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		struct weir_backlog b;
		size_t in = 0, out = 0;

		weir_backlog_init(&b, mem,
				  1 + socket_dice(&seed) % sizeof(mem));
		while (in < sizeof(all)) {
			size_t n = socket_dice(&seed) %
				   (weir_backlog_room(&b) + 1);
			size_t skip, len;
			struct weir_span v[2];
			struct weir_spans s = { v, 0, 0 };

			if (n > sizeof(all) - in)
				n = sizeof(all) - in;
			for (size_t i = 0; i < n; i++)
				all[in + i] = (uint8_t)socket_dice(&seed);
			weir_backlog_put(&b, all + in, n);
			in += n;
			CHECK_EQ(b.len, in - out);
			CHECK_EQ(weir_backlog_room(&b), b.cap - b.len);
			skip = socket_dice(&seed) % (b.len + 2);
			len = socket_dice(&seed) % (b.len + 2);
			s.n = weir_backlog_view(&b, skip, len, v);
			n = skip < b.len ? b.len - skip : 0;
			n = n < len ? n : len;
			CHECK_EQ(weir_spans_copy(&s, 0, got, sizeof(got)), n);
			if (n)
				CHECK(!memcmp(got, all + out + skip, n));
			n = socket_dice(&seed) % (b.len + 1);
			weir_backlog_drop(&b, n);
			out += n;
		}
	}
}

static void one_that_is_full_has_no_room_and_one_span_or_two(void **state)
{
	uint8_t mem[8];
	struct weir_backlog b;
	struct weir_span v[2];

	(void)state;
	weir_backlog_init(&b, mem, sizeof(mem));
	CHECK_EQ(weir_backlog_view(&b, 0, 1, v), 0);
	weir_backlog_put(&b, (const uint8_t *)"01234567", 8);
	CHECK_EQ(weir_backlog_room(&b), 0);
	CHECK_EQ(weir_backlog_view(&b, 0, 8, v), 1);
	weir_backlog_drop(&b, 3);
	weir_backlog_put(&b, (const uint8_t *)"89a", 3);
	CHECK_EQ(weir_backlog_view(&b, 0, 99, v), 2);
	CHECK(v[0].len == 5 && v[1].len == 3 && v[1].at == mem);
	CHECK_EQ(weir_backlog_view(&b, 5, 3, v), 1);
	CHECK(v[0].at == mem && v[0].len == 3);
	CHECK_EQ(weir_backlog_view(&b, 8, 1, v), 0);
}

T_MAIN(T(what_is_put_in_comes_out_in_order),
       T(one_that_is_full_has_no_room_and_one_span_or_two))
