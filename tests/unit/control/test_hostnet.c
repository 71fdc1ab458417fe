/* SPDX-License-Identifier: Apache-2.0 */
#include "control/hostnet.h"

#include <unistd.h>

#include "../t.h"

static void an_overlap_is_seen_from_both_sides(void **state)
{
	static const struct {
		uint32_t own, ask;
		uint8_t own_len, ask_len;
		bool want;
	} row[] = {
		{ 0x0a000201, 0x0a000200, 24, 24, true },
		{ 0x0a000301, 0x0a000200, 24, 24, false },
		{ 0x0a000301, 0x0a000200, 16, 24, true },
		{ 0x0a000203, 0x0a000000, 32, 8, true },
		{ 0x0b000203, 0x0a000000, 32, 8, false },
		{ 0x0a000281, 0x0a000200, 25, 25, false },
		{ 0x0a000281, 0x0a000280, 25, 26, true },
		{ 0x0b000001, 0x0a000200, 0, 24, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_hostnet h = {
			.n = 1,
			.addr = { weir_addr_from4(row[i].own) },
			.bits = { (uint8_t)(96 + row[i].own_len) }
		};
		struct weir_addr a = weir_addr_from4(row[i].ask);

		if (weir_hostnet_is_using(&h, &a, 96u + row[i].ask_len) !=
		    row[i].want)
			fail_msg("row %zu", i);
	}
}

static void an_ipv6_default_subnet_is_no_ipv4_one(void **state)
{
	struct weir_hostnet h = { .n = 1,
				  .addr = { { { 0x20 } } },
				  .bits = { 0 } };
	struct weir_addr a = weir_addr_from4(0x0a000200);

	(void)state;
	CHECK(!weir_hostnet_is_using(&h, &a, 96 + 24));
}

static void the_host_is_read_without_loopback(void **state)
{
	static struct weir_hostnet h;

	(void)state;
	CHECK_EQ(weir_hostnet_read(&h), 0);
	for (uint32_t i = 0; i < h.n; i++) {
		static const struct weir_addr one = { .b = { [15] = 1 } };

		CHECK(!weir_addr_is_equal(&h.addr[i], &one));
		CHECK(!weir_addr_is4(&h.addr[i]) || h.addr[i].b[12] != 127);
		CHECK(h.bits[i] <= 128);
	}
}

static void a_watch_opens_and_drains_at_once(void **state)
{
	int fd = weir_hostnet_watch();

	(void)state;
	CHECK(fd >= 0);
	weir_hostnet_drain(fd);
	close(fd);
}

T_MAIN(T(an_overlap_is_seen_from_both_sides),
       T(an_ipv6_default_subnet_is_no_ipv4_one),
       T(the_host_is_read_without_loopback),
       T(a_watch_opens_and_drains_at_once))
