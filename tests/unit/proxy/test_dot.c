/* SPDX-License-Identifier: Apache-2.0 */
/* test_dot.c - DNS over TLS: messages with their length, and in packets */
#include "proxy/dot.h"

#include <stdlib.h>

#include "../t.h"

#define LINE   WEIR_TALK_HOST
#define STREAM WEIR_TALK_GUEST

static struct weir_talk t;

static void begin(void)
{
	CHECK(weir_dot_open(LINE, &t));
}

static void end(void)
{
	t.ops->close(t.self);
}

/* so much of @bytes as is wanted; Return: that */
static size_t say(enum weir_talk_side side, const void *bytes, size_t n)
{
	size_t room;
	uint8_t *to = t.ops->room(t.self, side, &room);

	room = room < n ? room : n;
	if (room == 0)
		return 0;
	memcpy(to, bytes, room);
	t.ops->came(t.self, side, room);
	return room;
}

static void heard(enum weir_talk_side side, const void *want, size_t n)
{
	size_t len;
	const uint8_t *b = t.ops->bytes(t.self, side, &len);

	CHECK_EQ(len, n);
	if (n) {
		CHECK(memcmp(b, want, n) == 0);
		t.ops->went(t.self, side, n);
	}
}

static void a_message_is_a_packet_wherever_it_is_cut(void **state)
{
	static const uint8_t said[] = "\0\3abc\0\1d\0\4efgh";

	(void)state;
	for (size_t cut = 1; cut < sizeof(said) - 1; cut++) {
		begin();
		CHECK_EQ(say(STREAM, said, cut), cut);
		CHECK_EQ(say(STREAM, said + cut, sizeof(said) - 1 - cut),
			 sizeof(said) - 1 - cut);
		heard(LINE, "abc", 3);
		heard(LINE, "d", 1);
		heard(LINE, "efgh", 4);
		heard(LINE, "", 0);
		end();
	}
}

static void a_packet_gets_its_length(void **state)
{
	(void)state;
	begin();
	CHECK_EQ(say(LINE, "abc", 3), 3);
	CHECK_EQ(say(LINE, "d", 1), 1);
	heard(STREAM, "\0\3abc\0\1d", 8);
	heard(STREAM, "", 0);
	end();
}

static void the_largest_have_room_and_no_third(void **state)
{
	uint8_t *big = calloc(1, 2 + UINT16_MAX);
	size_t len;

	(void)state;
	begin();
	CHECK(big);
	big[0] = big[1] = 0xff;
	CHECK_EQ(say(LINE, big + 2, UINT16_MAX), UINT16_MAX);
	CHECK_EQ(say(LINE, big + 2, UINT16_MAX), UINT16_MAX);
	CHECK_EQ(say(LINE, "x", 1), 0);
	(void)t.ops->bytes(t.self, STREAM, &len);
	CHECK_EQ(len, 2u * (2 + UINT16_MAX));
	end();
	begin();
	CHECK_EQ(say(STREAM, big, 2 + UINT16_MAX), 2 + UINT16_MAX);
	CHECK_EQ(say(STREAM, big, 2 + UINT16_MAX), 2 + UINT16_MAX);
	(void)t.ops->room(t.self, STREAM, &len);
	CHECK_EQ(len, 0);
	heard(LINE, big + 2, UINT16_MAX);
	CHECK(say(STREAM, big, 1) == 1);
	heard(LINE, big + 2, UINT16_MAX);
	heard(LINE, "", 0);
	end();
	free(big);
}

static void ends_come_behind_what_is_whole(void **state)
{
	(void)state;
	begin();
	CHECK_EQ(say(STREAM, "\0\2ab\0\5c", 7), 7);
	t.ops->ended(t.self, STREAM);
	CHECK_EQ(t.ops->end(t.self, LINE), WEIR_TALK_OPEN);
	heard(LINE, "ab", 2);
	CHECK_EQ(t.ops->end(t.self, LINE), WEIR_TALK_FIN);
	/* what was asked is still answered */
	CHECK_EQ(t.ops->end(t.self, STREAM), WEIR_TALK_OPEN);
	CHECK_EQ(say(LINE, "xy", 2), 2);
	t.ops->ended(t.self, LINE);
	CHECK_EQ(t.ops->end(t.self, STREAM), WEIR_TALK_OPEN);
	heard(STREAM, "\0\2xy", 4);
	CHECK_EQ(t.ops->end(t.self, STREAM), WEIR_TALK_FIN);
	CHECK_EQ(say(STREAM, "z", 1), 0);
	end();
}

static void is_broken(void)
{
	size_t len;

	CHECK_EQ(t.ops->end(t.self, LINE), WEIR_TALK_RESET);
	CHECK_EQ(t.ops->end(t.self, STREAM), WEIR_TALK_RESET);
	(void)t.ops->room(t.self, STREAM, &len);
	CHECK_EQ(len, 0);
	(void)t.ops->bytes(t.self, STREAM, &len);
	CHECK_EQ(len, 0);
	end();
}

static void a_length_of_zero_is_no_message(void **state)
{
	(void)state;
	begin();
	CHECK_EQ(say(STREAM, "\0", 1), 1);
	CHECK_EQ(t.ops->end(t.self, LINE), WEIR_TALK_OPEN);
	CHECK_EQ(say(STREAM, "\0", 1), 1);
	is_broken();
	begin();
	CHECK_EQ(say(STREAM, "\0\1a\0\0\0\1b", 8), 8);
	heard(LINE, "a", 1);
	is_broken();
}

static void one_that_breaks_off_is_a_reset_for_the_other(void **state)
{
	(void)state;
	begin();
	CHECK_EQ(say(LINE, "abc", 3), 3);
	t.ops->lost(t.self, STREAM);
	is_broken();
	begin();
	t.ops->deaf(t.self, LINE);
	is_broken();
	begin();
	(t.ops->fail)(t.self, WEIR_REASON_UPSTREAM_CERT, "no");
	is_broken();
}

T_MAIN(cmocka_unit_test(a_message_is_a_packet_wherever_it_is_cut),
       cmocka_unit_test(a_packet_gets_its_length),
       cmocka_unit_test(the_largest_have_room_and_no_third),
       cmocka_unit_test(ends_come_behind_what_is_whole),
       cmocka_unit_test(a_length_of_zero_is_no_message),
       cmocka_unit_test(one_that_breaks_off_is_a_reset_for_the_other))
