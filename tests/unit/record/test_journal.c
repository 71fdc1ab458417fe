/* SPDX-License-Identifier: Apache-2.0 */
#include "record/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "sys/msg.h"

#include "../t.h"

static struct weir_journal j;
static struct weir_event e, got;
static uint8_t mem[WEIR_JOURNAL_BYTES], packet[WEIR_MSG_PACKET_BYTES];

/* who takes what the journal sends, and remembers what it said */
static struct {
	unsigned room;    /* bodies until the next -EAGAIN */
	int fail;         /* instead, if not 0 */
	unsigned bodies;  /* taken */
	size_t longest;   /* of them */
	uint64_t next;    /* the flow that has to come */
	uint64_t lost;    /* as said by `lost` events */
	uint64_t lost_us; /* when the last one was */
	unsigned marks;   /* how many of those */
} peer;

static int take(void *ctx, const void *body, size_t len)
{
	struct weir_rd in = weir_rd_over(body, len);

	CHECK(ctx == &peer);
	CHECK(len > 0 && len <= WEIR_MSG_MAX_BYTES);
	if (peer.fail)
		return peer.fail;
	if (!peer.room)
		return -EAGAIN;
	peer.room--;
	peer.bodies++;
	peer.longest = len > peer.longest ? len : peer.longest;
	while (in.left) {
		size_t n = weir_rd_be16(&in);
		struct weir_rd one = weir_rd_sub(&in, n);

		CHECK(weir_event_parse(&one, &got));
		if (got.kind == WEIR_EVENT_LOST) {
			/* it stands where the lost ones would have */
			peer.next += got.count;
			peer.lost += got.count;
			peer.lost_us = got.unix_us;
			peer.marks++;
			continue;
		}
		CHECK_EQ(got.flow, peer.next);
		peer.next++;
	}
	return 0;
}

static void begin(size_t len, uint32_t wanted)
{
	memset(&peer, 0, sizeof(peer));
	memset(mem, 0xa5, sizeof(mem));
	weir_journal_init(&j, mem, len, wanted);
}

static bool put(uint64_t flow, size_t text)
{
	weir_event_init(&e, WEIR_EVENT_FLOW_OPEN, 1000 + flow);
	e.has = WEIR_EVENT_HAS_FLOW | WEIR_EVENT_HAS_ENDS |
		WEIR_EVENT_HAS_VERDICT | WEIR_EVENT_HAS_TEXT;
	e.flow = flow;
	e.protocol = 6;
	e.verdict = 'a';
	memset(e.text, 't', text);
	e.text[text] = '\0';
	return weir_journal_put(&j, &e);
}

static int drain(unsigned room)
{
	peer.room = room;
	return weir_journal_drain(&j, take, &peer);
}

static void what_is_put_arrives_in_its_order(void **state)
{
	(void)state;
	begin(sizeof(mem), WEIR_EVENT_ALL);
	CHECK(!weir_journal_has_news(&j));
	CHECK_EQ(drain(1), 0);
	CHECK_EQ(peer.bodies, 0);
	for (uint64_t i = 0; i < 10; i++)
		CHECK(put(i, i));
	CHECK(weir_journal_has_news(&j));
	CHECK_EQ(drain(1), 0);
	CHECK_EQ(peer.next, 10);
	CHECK_EQ(peer.bodies, 1);
	CHECK(!weir_journal_has_news(&j));
}

static void what_nobody_wants_costs_a_bit_test(void **state)
{
	(void)state;
	begin(sizeof(mem), WEIR_EVENT_BIT(WEIR_EVENT_DENY));
	CHECK(weir_journal_wants(&j, WEIR_EVENT_DENY));
	CHECK(!weir_journal_wants(&j, WEIR_EVENT_FLOW_OPEN));
	CHECK(!put(0, 0));
	CHECK(!weir_journal_has_news(&j));
	CHECK_EQ(j.lost_ever, 0);
	CHECK_EQ(mem[0], 0xa5);
	weir_journal_init(&j, NULL, 0, 0);
	for (unsigned k = 0; k < WEIR_EVENT_KINDS; k++)
		CHECK(!weir_journal_wants(&j, (enum weir_event_kind)k));
	CHECK(!put(0, 0));
	CHECK_EQ(drain(1), 0);
}

static void a_full_journal_is_sent_in_packets_of_whole_events(void **state)
{
	uint64_t n = 0;

	(void)state;
	begin(sizeof(mem), WEIR_EVENT_ALL);
	while (put(n, (size_t)n % 256))
		n++;
	CHECK(j.to > sizeof(mem) - 400);
	CHECK_EQ(j.lost, 1);
	CHECK_EQ(drain(100), 0);
	CHECK_EQ(peer.next, n + 1);
	CHECK_EQ(peer.lost, 1);
	CHECK_EQ(peer.bodies, 4); /* 64 KiB need 3, and the lost one */
	CHECK(peer.longest > WEIR_MSG_MAX_BYTES - 400);
}

static void what_is_not_taken_stays(void **state)
{
	uint64_t n = 0;

	(void)state;
	begin(sizeof(mem), WEIR_EVENT_ALL);
	while (n < 200) {
		CHECK(put(n, 255));
		n++;
	}
	CHECK_EQ(drain(0), -EAGAIN);
	CHECK_EQ(peer.next, 0);
	CHECK_EQ(drain(1), -EAGAIN);
	CHECK(peer.next > 90 && peer.next < 110);
	peer.fail = -ENOBUFS;
	CHECK_EQ(drain(1), -EAGAIN);
	peer.fail = -EPIPE;
	CHECK_EQ(drain(1), -EPIPE);
	peer.fail = 0;
	CHECK_EQ(drain(9), 0);
	CHECK_EQ(peer.next, n);
	CHECK_EQ(peer.lost, 0);
}

static void a_body_that_can_never_pass_is_lost_and_counted(void **state)
{
	(void)state;
	begin(sizeof(mem), WEIR_EVENT_ALL);
	for (uint64_t i = 0; i < 5; i++)
		CHECK(put(i, 0));
	peer.fail = -EMSGSIZE;
	CHECK_EQ(drain(1), -EMSGSIZE);
	CHECK_EQ(j.lost, 5);
	CHECK(weir_journal_has_news(&j));
	peer.fail = 0;
	CHECK(put(5, 0));
	CHECK_EQ(drain(1), 0);
	CHECK_EQ(peer.lost, 5);
	CHECK_EQ(peer.next, 6);
}

static void losses_are_said_first_when_there_is_room_again(void **state)
{
	uint64_t n = 0, all;

	(void)state;
	begin(sizeof(mem), WEIR_EVENT_ALL);
	while (put(n, 255))
		n++;
	for (all = n + 1; all < n + 50; all++)
		CHECK(!put(all, 255));
	CHECK_EQ(j.lost, 50);
	CHECK_EQ(drain(1), -EAGAIN); /* some room, but not all of it */
	CHECK_EQ(peer.marks, 0);
	CHECK(put(all, 255));
	CHECK_EQ(drain(9), 0);
	CHECK_EQ(peer.lost, 50);
	CHECK_EQ(peer.marks, 1);
	CHECK_EQ(peer.lost_us, 1000 + all - 1);
	CHECK_EQ(peer.next, all + 1);
	CHECK_EQ(j.lost, 0);
	CHECK_EQ(j.lost_ever, 50);
}

static void losses_are_said_also_if_nothing_follows(void **state)
{
	uint64_t n = 0;

	(void)state;
	begin(2000, WEIR_EVENT_BIT(WEIR_EVENT_FLOW_OPEN));
	while (put(n, 255))
		n++;
	CHECK_EQ(drain(9), 0);
	CHECK_EQ(peer.lost, 1); /* though nobody asked for `lost` */
	CHECK(!weir_journal_has_news(&j));
}

static void an_event_that_is_not_whole_counts_as_lost(void **state)
{
	(void)state;
	begin(sizeof(mem), WEIR_EVENT_ALL);
	weir_event_init(&e, WEIR_EVENT_FLOW_OPEN, 7);
	CHECK(!weir_journal_put(&j, &e));
	CHECK_EQ(drain(1), 0);
	CHECK_EQ(peer.lost, 1);
	CHECK_EQ(peer.lost_us, 7);
}

static void a_journal_too_small_for_anything_does_no_harm(void **state)
{
	(void)state;
	for (size_t len = 0; len < 60; len++) {
		begin(len, WEIR_EVENT_ALL);
		CHECK(!put(0, 0));
		CHECK(!put(1, 0));
		(void)drain(9);
		CHECK_EQ(j.lost_ever, 2);
		CHECK_EQ(j.lost + peer.lost, 2);
		for (size_t i = len; i < 60; i++)
			CHECK_EQ(mem[i], 0xa5);
	}
}

/* whatever the peer takes and when: each event came or was counted, in order */
static void nothing_goes_unsaid_whatever_the_peer_does(void **state)
{
	uint64_t seed = 1, n = 0, kept = 0;

	(void)state;
	begin(12000, WEIR_EVENT_ALL);
	for (unsigned i = 0; i < 100000; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		kept += put(n, (seed >> 33) % 256);
		n++;
		if ((seed >> 50) % (i / 1000 % 2 ? 8 : 200) == 0)
			(void)drain((seed >> 60) % 2);
		CHECK(j.from <= j.to && j.to <= 12000);
	}
	CHECK_EQ(drain(99), 0);
	CHECK_EQ(peer.next, n);
	CHECK_EQ(peer.lost, n - kept);
	CHECK_EQ(j.lost_ever, n - kept);
	CHECK(peer.lost > 1000 && kept > 1000 && peer.marks > 100);
}

static void a_limit_is_told_once_a_second_for_each_reason(void **state)
{
	const enum weir_reason a = WEIR_REASON_LIMIT_FLOWS,
			       b = WEIR_REASON_LIMIT_UDP;

	(void)state;
	begin(sizeof(mem), WEIR_EVENT_ALL);
	CHECK(weir_journal_limit(&j, a, 5));
	CHECK(!weir_journal_limit(&j, a, 5));
	CHECK(weir_journal_limit(&j, b, 6));
	CHECK(!weir_journal_limit(&j, a, 1000004));
	CHECK(weir_journal_limit(&j, a, 1000005));
	CHECK(!weir_journal_limit(&j, a, 2000004));
	CHECK(weir_journal_limit(&j, b, 1000006));
	CHECK(!weir_journal_limit(&j, WEIR_REASON_COUNT, 9000000));
	begin(sizeof(mem), WEIR_EVENT_BIT(WEIR_EVENT_DENY));
	CHECK(!weir_journal_limit(&j, a, 5));
}

static void a_flush_fills_the_socket_and_goes_on_later(void **state)
{
	uint64_t n = 0;
	struct weir_msg m;
	int s[2], r;

	(void)state;
	begin(sizeof(mem), WEIR_EVENT_ALL);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
	CHECK_EQ(fcntl(s[1], F_SETFL, O_NONBLOCK), 0); /* ours blocks */
	do {
		while (put(n, 255))
			n++;
		n++; /* the one that was lost */
		r = weir_journal_flush(&j, s[0]);
	} while (r == 0);
	CHECK_EQ(r, -EAGAIN);
	peer.room = 1000;
	while ((r = weir_msg_receive(s[1], packet, sizeof(packet), &m)) == 1) {
		CHECK_EQ(m.kind, WEIR_MSG_EVENTS);
		CHECK_EQ(take(&peer, m.body.at, m.body.left), 0);
		(void)weir_journal_flush(&j, s[0]);
	}
	CHECK_EQ(r, -EAGAIN);
	CHECK_EQ(peer.next, n);
	CHECK(!weir_journal_has_news(&j));
	close(s[1]);
	CHECK(put(n, 0));
	CHECK_EQ(weir_journal_flush(&j, s[0]), -EPIPE);
	close(s[0]);
}

T_MAIN(T(what_is_put_arrives_in_its_order),
       T(what_nobody_wants_costs_a_bit_test),
       T(a_full_journal_is_sent_in_packets_of_whole_events),
       T(what_is_not_taken_stays),
       T(a_body_that_can_never_pass_is_lost_and_counted),
       T(losses_are_said_first_when_there_is_room_again),
       T(losses_are_said_also_if_nothing_follows),
       T(an_event_that_is_not_whole_counts_as_lost),
       T(a_journal_too_small_for_anything_does_no_harm),
       T(nothing_goes_unsaid_whatever_the_peer_does),
       T(a_limit_is_told_once_a_second_for_each_reason),
       T(a_flush_fills_the_socket_and_goes_on_later))
