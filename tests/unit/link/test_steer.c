/* SPDX-License-Identifier: Apache-2.0 */
#include "link/steer.h"

#include <stdbool.h>

#include "../t.h"

static uint8_t f[WEIR_STEER_HEAD_BYTES];

static void put16(size_t at, unsigned v)
{
	f[at] = (uint8_t)(v >> 8);
	f[at + 1] = (uint8_t)v;
}

/* a frame from @a:@p to @b:@q */
static uint8_t hash4(uint8_t a, unsigned p, uint8_t b, unsigned q)
{
	memset(f, 0, sizeof(f));
	put16(12, 0x0800);
	f[14] = 0x45;
	f[23] = 6;
	f[26] = f[30] = 10;
	f[29] = a;
	f[33] = b;
	put16(34, p);
	put16(36, q);
	return weir_steer_hash(f, sizeof(f));
}

static uint8_t hash6(uint8_t a, unsigned p, uint8_t b, unsigned q)
{
	memset(f, 0, sizeof(f));
	put16(12, 0x86dd);
	f[14] = 0x60;
	f[20] = 17;
	f[22] = f[38] = 0xfd;
	f[37] = a;
	f[53] = b;
	put16(54, p);
	put16(56, q);
	return weir_steer_hash(f, sizeof(f));
}

static void both_ways_of_a_conversation_are_the_same(void **state)
{
	(void)state;
	for (unsigned p = 1; p < 2000; p += 7) {
		CHECK_EQ(hash4(1, p, 2, 443), hash4(2, 443, 1, p));
		CHECK_EQ(hash6(1, p, 2, 53), hash6(2, 53, 1, p));
	}
}

static void different_conversations_are_spread(void **state)
{
	bool seen4[256] = { false }, seen6[256] = { false };
	unsigned n4 = 0, n6 = 0;

	(void)state;
	for (unsigned p = 40000; p < 42000; p++) {
		uint8_t a = hash4(1, p, 2, 443), b = hash6(1, p, 2, 443);

		n4 += !seen4[a];
		n6 += !seen6[b];
		seen4[a] = seen6[b] = true;
	}
	CHECK(n4 > 200 && n6 > 200);
}

static void parts_of_a_datagram_go_where_their_first_goes(void **state)
{
	uint8_t whole;

	(void)state;
	(void)hash4(1, 5, 2, 6);
	f[20] = 0x20; /* more to come */
	whole = weir_steer_hash(f, sizeof(f));
	put16(34, 999); /* payload, not a port */
	CHECK_EQ(weir_steer_hash(f, sizeof(f)), whole);
	put16(20, 100);
	CHECK_EQ(weir_steer_hash(f, sizeof(f)), whole);
}

static void any_frame_however_short_has_a_hash(void **state)
{
	(void)state;
	(void)hash4(1, 2, 3, 4);
	for (size_t n = 0; n <= sizeof(f); n++) {
		uint8_t *exact = malloc(n ? n : 1);

		CHECK(exact != NULL);
		memcpy(exact, f, n);
		for (unsigned ihl = 0; ihl < 16; ihl++) {
			if (n > 14)
				exact[14] = (uint8_t)(0x40 | ihl);
			(void)weir_steer_hash(exact, n);
		}
		free(exact);
	}
	CHECK_EQ(weir_steer_hash(f, 13), 0);
	put16(12, 0x0806);
	CHECK_EQ(weir_steer_hash(f, sizeof(f)), 0);
}

T_MAIN(T(both_ways_of_a_conversation_are_the_same),
       T(different_conversations_are_spread),
       T(parts_of_a_datagram_go_where_their_first_goes),
       T(any_frame_however_short_has_a_hash))
