/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_device.c - the network's end: staged frames, tokens, offload facts; and
 *                 the engine's link over it
 */
#include "pair.h"

#include "link/inproc.h"

#define HDR WEIR_PORT_HEADER

static uint8_t buf[WEIR_PORT_ROOM + 64];

static void put(struct pair *a, uint32_t seed, size_t len)
{
	CHECK_EQ(weir_port_write_frame(a->port, HDR, buf,
				       make_frame(buf, seed, len)),
		 0);
}

static int get(struct pair *a)
{
	return weir_port_read_frame(a->port, buf, sizeof(buf));
}

static void options_that_are_none_are_refused(void **state)
{
	struct weir_frames *f = weir_frames_new(NULL);
	struct weir_device_options o = { sizeof(o), 16, 0 };
	struct weir_device *device;

	(void)state;
	CHECK(!weir_device_new(f, &o) && errno == EINVAL);
	o = (struct weir_device_options){ sizeof(o), 0, 1 };
	CHECK(!weir_device_new(f, &o) && errno == EINVAL);
	o = (struct weir_device_options){ 7, 0, 0 };
	CHECK(!weir_device_new(f, &o) && errno == EINVAL);
	{
		struct {
			struct weir_device_options o;
			uint64_t later;
		} newer = { { sizeof(newer), 0, 0 }, 1 };

		CHECK(!weir_device_new(f, &newer.o) && errno == E2BIG);
	}
	device = weir_device_new(f, NULL);
	CHECK(device);
	CHECK(!weir_device_new(f, NULL) && errno == EBUSY);
	weir_device_free(device);
	device = weir_device_new(f, NULL);
	CHECK(device);
	weir_device_free(device);
	weir_frames_unref(f);
}

static void a_staged_frame_is_the_same_until_it_is_dropped(void **state)
{
	struct pair a = pair_open(4, 0, 0, 0);
	const struct weir_frame *f;

	(void)state;
	CHECK(!weir_device_stage(a.device));
	CHECK_EQ(weir_device_drop_staged(a.device), -ENOENT);
	put(&a, 1, 60);
	put(&a, 2, 61);
	f = weir_device_stage(a.device);
	CHECK(f && is_frame(f->at, f->len, 1, 60));
	CHECK(weir_device_stage(a.device) == f);
	CHECK(is_frame(f->at, f->len, 1, 60));
	CHECK_EQ(weir_device_drop_staged(a.device), 0);
	CHECK_EQ(weir_device_drop_staged(a.device), -ENOENT);
	f = weir_device_stage(a.device);
	CHECK(f && is_frame(f->at, f->len, 2, 61));
	/* another device finds it still there */
	weir_device_free(a.device);
	a.device = weir_device_new(a.frames, NULL);
	f = weir_device_stage(a.device);
	CHECK(f && is_frame(f->at, f->len, 2, 61));
	pair_close(&a);
}

static void a_whole_datagram_takes_the_place_of_its_last_fragment(void **state)
{
	struct pair a = pair_open(2, 0, 0, 0);
	static uint8_t whole[WEIR_PORT_ROOM + 1];
	const struct weir_frame *f;
	struct weir_rx_token rx;
	struct weir_tx_token tx;

	(void)state;
	CHECK_EQ(weir_device_replace_staged(a.device, whole, 100), -ENOENT);
	put(&a, 1, 60);
	put(&a, 2, 60);
	CHECK(weir_device_stage(a.device));
	CHECK_EQ(weir_device_replace_staged(a.device, whole, HDR), -EINVAL);
	CHECK_EQ(weir_device_replace_staged(a.device, whole, sizeof(whole)),
		 -EMSGSIZE);
	CHECK_EQ(weir_device_replace_staged(a.device, whole,
					    make_frame(whole, 3,
						       WEIR_PORT_FRAME_MAX)),
		 0);
	memset(whole, 0, sizeof(whole));
	f = weir_device_stage(a.device);
	CHECK(f && is_frame(f->at, f->len, 3, WEIR_PORT_FRAME_MAX));
	/* a part of itself */
	CHECK_EQ(weir_device_replace_staged(a.device, f->at, HDR + 40), 0);
	CHECK(weir_device_receive(a.device, &rx, &tx));
	CHECK(is_frame(rx.frame, rx.len, 3, 40));
	CHECK(weir_device_receive(a.device, &rx, &tx));
	CHECK(is_frame(rx.frame, rx.len, 2, 60));
	CHECK(!weir_device_receive(a.device, &rx, &tx));
	pair_close(&a);
}

static void a_received_frame_stays_until_the_next_or_the_flush(void **state)
{
	struct pair a = pair_open(2, 0, 0, 0);
	struct weir_rx_token rx;
	struct weir_tx_token tx;

	(void)state;
	put(&a, 1, 60);
	put(&a, 2, 60);
	CHECK(weir_device_receive(a.device, &rx, &tx));
	/* it takes its room until then */
	CHECK_EQ(weir_port_write_frame(a.port, HDR, buf, HDR + 60), -EAGAIN);
	CHECK(is_frame(rx.frame, rx.len, 1, 60));
	CHECK_EQ(weir_device_drop_staged(a.device), -ENOENT);
	weir_device_flush(a.device);
	CHECK(is_readable(weir_port_fd(a.port)));
	put(&a, 3, 60);
	CHECK(weir_device_receive(a.device, &rx, &tx));
	CHECK(is_frame(rx.frame, rx.len, 2, 60));
	CHECK(weir_device_stage(a.device));
	put(&a, 4, 60);
	pair_close(&a);
}

static void tokens_send_what_was_filled_in_and_only_once(void **state)
{
	struct pair a = pair_open(4, 0, 0, 0);
	struct weir_tx_token tx, old;

	(void)state;
	CHECK(weir_device_transmit(a.device, &tx));
	CHECK_EQ(weir_tx_token_fill(&tx, HDR), -EINVAL);
	CHECK_EQ(weir_tx_token_fill(&tx, HDR + 1515), -EMSGSIZE);
	CHECK_EQ(weir_tx_token_fill(&tx, HDR + 1514), 0);
	CHECK_EQ(weir_tx_token_fill(&tx, HDR + 70), 0);
	for (unsigned i = 0; i < HDR; i++)
		CHECK_EQ(tx.frame[i], i == 10);
	make_frame(buf, 1, 70);
	memcpy(tx.frame + HDR, buf + HDR, 70);
	CHECK_EQ(get(&a), -EAGAIN);
	CHECK_EQ(weir_tx_token_send(&tx), 0);
	CHECK_EQ(weir_tx_token_send(&tx), -EINVAL);
	CHECK_EQ(weir_tx_token_fill(&tx, HDR + 70), -EINVAL);
	weir_device_flush(a.device);
	CHECK_EQ(get(&a), HDR + 70);
	CHECK(is_frame(buf, HDR + 70, 1, 70));
	/* not filled, cancelled, out of date */
	CHECK(weir_device_transmit(a.device, &tx));
	CHECK_EQ(weir_tx_token_send(&tx), -EINVAL);
	CHECK(weir_device_transmit(a.device, &tx));
	CHECK_EQ(weir_tx_token_fill(&tx, HDR + 70), 0);
	weir_tx_token_cancel(&tx);
	CHECK_EQ(weir_tx_token_send(&tx), -EINVAL);
	CHECK(weir_device_transmit(a.device, &old));
	CHECK_EQ(weir_tx_token_fill(&old, HDR + 70), 0);
	CHECK(weir_device_transmit(a.device, &tx));
	CHECK_EQ(weir_tx_token_send(&old), -EINVAL);
	CHECK_EQ(weir_tx_token_fill(&tx, HDR + 71), 0);
	weir_tx_token_cancel(&old);
	CHECK_EQ(weir_tx_token_send(&tx), 0);
	CHECK_EQ(get(&a), HDR + 71);
	CHECK_EQ(get(&a), -EAGAIN);
	CHECK_EQ(counters(&a).down.frames, 2);
	CHECK_EQ(counters(&a).down.bytes, 141);
	CHECK(weir_device_transmit(a.device, &tx));
	CHECK_EQ(weir_tx_token_fill(&tx, HDR + 71), 0);
	weir_frames_begin_shutdown(a.frames);
	CHECK_EQ(weir_tx_token_send(&tx), -ESHUTDOWN);
	CHECK(!weir_device_transmit(a.device, &tx));
	CHECK_EQ(get(&a), -ESHUTDOWN);
	pair_close(&a);
}

static void send_plain(struct pair *a)
{
	struct weir_tx_token tx;

	CHECK(weir_device_transmit(a->device, &tx));
	CHECK_EQ(weir_tx_token_fill(&tx, HDR + 60), 0);
	CHECK_EQ(weir_tx_token_send(&tx), 0);
}

static void without_room_nothing_is_taken_and_room_is_told(void **state)
{
	struct pair a = pair_open(2, 0, 0, 0);
	int fd = weir_device_fd(a.device);
	struct weir_rx_token rx;
	struct weir_tx_token tx;

	(void)state;
	send_plain(&a);
	send_plain(&a);
	CHECK(!weir_device_transmit(a.device, &tx));
	weir_device_flush(a.device);
	CHECK(!is_readable(fd));
	CHECK_EQ(get(&a), HDR + 60);
	CHECK(is_readable(fd));
	CHECK(!weir_device_stage(a.device));
	CHECK(is_readable(fd)); /* until it is tried again */
	send_plain(&a);
	/* an answer that finds no room leaves its frame, and waits for room */
	put(&a, 1, 60);
	CHECK(!weir_device_receive(a.device, &rx, &tx));
	CHECK(!is_readable(fd));
	put(&a, 2, 60);
	CHECK(!is_readable(fd));
	/* as does whatever else it has to send: it has seen that frame */
	CHECK(!weir_device_transmit(a.device, &tx));
	CHECK(!is_readable(fd));
	CHECK_EQ(get(&a), HDR + 60);
	CHECK(is_readable(fd));
	CHECK(weir_device_receive(a.device, &rx, &tx));
	CHECK(is_frame(rx.frame, rx.len, 1, 60));
	weir_tx_token_cancel(&tx);
	/* forgotten */
	send_plain(&a);
	CHECK(!weir_device_transmit(a.device, &tx));
	CHECK(weir_device_stage(a.device));
	CHECK_EQ(weir_device_drop_staged(a.device), 0);
	weir_device_forget_transmit(a.device);
	CHECK(!weir_device_stage(a.device));
	CHECK_EQ(get(&a), HDR + 60);
	CHECK(!is_readable(fd));
	CHECK_EQ(counters(&a).down.refused, 4);
	pair_close(&a);
}

static void a_batch_is_one_wake(void **state)
{
	struct pair a = pair_open(0, 0, 0, 0);

	(void)state;
	for (int i = 0; i < 64; i++)
		send_plain(&a);
	CHECK_EQ(counters(&a).down.wakes, 0);
	weir_device_flush(a.device);
	weir_device_flush(a.device);
	CHECK_EQ(counters(&a).down.wakes, 1);
	pair_close(&a);
}

/* --- offload facts -------------------------------------------------------- */

#define NEEDS_CSUM 1u
#define DATA_VALID 2u

static const struct {
	uint8_t flags, gso;
	uint32_t needs; /* of both sides */
} facts[] = {
	{ NEEDS_CSUM, 0, WEIR_CAN_CSUM },
	{ DATA_VALID, 0, WEIR_CAN_CSUM },
	{ NEEDS_CSUM, 1, WEIR_CAN_CSUM | WEIR_CAN_TSO4 },
	{ NEEDS_CSUM, 0x81, WEIR_CAN_CSUM | WEIR_CAN_TSO4 },
	{ NEEDS_CSUM, 4, WEIR_CAN_CSUM | WEIR_CAN_TSO6 },
	{ NEEDS_CSUM, 5, WEIR_CAN_CSUM | WEIR_CAN_USO },
	{ NEEDS_CSUM, 3, UINT32_MAX }, /* UFO, which nobody can */
	{ 0, 0, 0 },
};

static size_t make_facts(unsigned i, size_t len)
{
	size_t n = make_frame(buf, i, len);

	buf[0] = facts[i].flags;
	buf[1] = facts[i].gso;
	for (uint8_t k = 2; k < 10; k++)
		buf[k] = k;
	buf[10] = 1;
	return n;
}

static void check_facts(unsigned i, uint32_t both, const uint8_t *at)
{
	uint32_t agreed = both & WEIR_CAN_CSUM ? both : 0;
	bool kept = !(facts[i].needs & ~agreed) && (facts[i].needs || agreed);

	CHECK_EQ(at[0], kept ? facts[i].flags : 0);
	CHECK_EQ(at[1], kept ? facts[i].gso : 0);
	for (uint8_t k = 2; k < 10; k++)
		CHECK_EQ(at[k], kept ? k : 0);
	CHECK_EQ(at[10], 1);
}

static void facts_are_kept_if_both_sides_can_and_cleared_else(void **state)
{
	const uint32_t all = WEIR_CAN_ALL + 1;

	(void)state;
	for (uint32_t mine = 0; mine < all * all; mine++) {
		struct weir_frames *f = weir_frames_new(NULL);
		struct weir_port_options p = { sizeof(p), 0, mine % all };
		struct weir_device_options d = { sizeof(d), mine / all, 0 };
		struct pair a = { f, weir_port_new(f, &p),
				  weir_device_new(f, &d) };
		uint32_t both = mine % all & mine / all;

		for (unsigned i = 0; i < sizeof(facts) / sizeof(facts[0]);
		     i++) {
			const struct weir_frame *up;
			struct weir_tx_token tx;
			size_t n = make_facts(i, 60);

			CHECK_EQ(weir_port_write_frame(a.port, HDR, buf, n), 0);
			up = weir_device_stage(a.device);
			CHECK(up && is_frame(up->at, up->len, i, 60));
			check_facts(i, both, up->at);
			CHECK_EQ(weir_device_drop_staged(a.device), 0);
			CHECK(weir_device_transmit(a.device, &tx));
			CHECK_EQ(weir_tx_token_fill(&tx, n), 0);
			memcpy(tx.frame, buf, n);
			CHECK_EQ(weir_tx_token_send(&tx), 0);
			CHECK_EQ(get(&a), (int)n);
			check_facts(i, both, buf);
		}
		pair_close(&a);
	}
}

static void a_segment_goes_only_to_a_guest_that_cuts_it(void **state)
{
	struct pair a = pair_open(0, 0, 0, WEIR_CAN_ALL);
	struct weir_tx_token tx;
	size_t n = make_facts(2, 40000);

	(void)state;
	for (int round = 0; round < 4; round++) {
		static const uint32_t can[] = { WEIR_CAN_ALL,
						WEIR_CAN_CSUM | WEIR_CAN_TSO6,
						WEIR_CAN_CSUM, 0 };
		int filled;

		CHECK_EQ(weir_port_set_offloads(a.port, can[round]), 0);
		make_facts(2, 40000);
		CHECK(weir_device_transmit(a.device, &tx));
		filled = weir_tx_token_fill(&tx, n);
		CHECK_EQ(filled, round < 2 ? 0 : -EMSGSIZE);
		if (filled)
			continue;
		memcpy(tx.frame, buf, n);
		CHECK_EQ(weir_tx_token_send(&tx), round ? -EMSGSIZE : 0);
		CHECK_EQ(get(&a), round ? -EAGAIN : (int)n);
	}
	/* long and no segment at all */
	CHECK_EQ(weir_port_set_offloads(a.port, WEIR_CAN_ALL), 0);
	CHECK(weir_device_transmit(a.device, &tx));
	CHECK_EQ(weir_tx_token_fill(&tx, HDR + 1515), 0);
	CHECK_EQ(weir_tx_token_send(&tx), -EMSGSIZE);
	CHECK_EQ(counters(&a).down.oversize, 2);
	CHECK_EQ(counters(&a).down.frames, 1);
	pair_close(&a);
}

static void a_device_says_what_its_card_can(void **state)
{
	struct pair a = pair_open(0, 0, 0, WEIR_CAN_ALL);
	struct weir_device_card c = { .size = sizeof(c) };

	(void)state;
	CHECK_EQ(weir_device_capabilities(a.device, &c), 0);
	CHECK_EQ(c.medium, WEIR_MEDIUM_ETHERNET);
	CHECK_EQ(c.mtu, 1500);
	CHECK_EQ(c.max_frame, 1514);
	CHECK_EQ(c.offloads, WEIR_CAN_ALL);
	CHECK_EQ(c.max_segment, WEIR_PORT_FRAME_MAX);
	CHECK_EQ(weir_port_set_offloads(a.port, WEIR_CAN_TSO4), 0);
	CHECK_EQ(weir_device_capabilities(a.device, &c), 0);
	CHECK_EQ(c.offloads, 0);
	CHECK_EQ(c.max_segment, 1514);
	c.size = 1;
	CHECK_EQ(weir_device_capabilities(a.device, &c), -EINVAL);
	pair_close(&a);
}

/* --- the engine's link ---------------------------------------------------- */

static void the_engine_takes_and_gives_frames_through_its_table(void **state)
{
	struct pair a = pair_open(2, 0, 0, 0);
	struct weir_inproc self;
	struct weir_link link;
	static uint8_t room[WEIR_LINK_ROOM_BYTES];
	uint8_t head[HDR + 14] = { [10] = 1 }, payload[1500];
	const struct weir_span part[3] = { { head, sizeof(head) },
					   { payload, 700 },
					   { payload + 700, 800 } };
	const struct weir_span longer[2] = { { head, sizeof(head) },
					     { room, 1501 } };

	(void)state;
	weir_inproc_init(&self, a.device, &link);
	CHECK_EQ(link.ops->fd(link.self), weir_device_fd(a.device));
	CHECK_EQ(link.ops->receive(link.self, room), -EAGAIN);
	put(&a, 1, 1514);
	put(&a, 2, WEIR_PORT_FRAME_MAX);
	CHECK(is_readable(link.ops->fd(link.self)));
	CHECK_EQ(link.ops->event(link.self, true, false), 0);
	CHECK_EQ(link.ops->receive(link.self, room), HDR + 1514);
	CHECK(is_frame(room, HDR + 1514, 1, 1514));
	/* level-triggered: what is left is told */
	CHECK(is_readable(link.ops->fd(link.self)));
	CHECK_EQ(link.ops->receive(link.self, room), WEIR_LINK_ROOM_BYTES);
	CHECK(is_frame(room, sizeof(room), 2, WEIR_PORT_FRAME_MAX));
	CHECK_EQ(link.ops->receive(link.self, room), -EAGAIN);
	CHECK(!is_readable(link.ops->fd(link.self)));

	memset(payload, 0x5a, sizeof(payload));
	CHECK_EQ(link.ops->send(link.self, longer, 2), 0);
	CHECK_EQ(counters(&a).down.oversize, 1);
	CHECK_EQ(link.ops->send(link.self, part, 3), 0);
	CHECK(!link.ops->wants_out(link.self));
	CHECK_EQ(link.ops->send(link.self, part, 1), 0);
	CHECK(link.ops->wants_out(link.self)); /* TCP waits */
	CHECK_EQ(link.ops->send(link.self, part, 3), -EAGAIN);
	CHECK(!is_readable(weir_port_fd(a.port)));
	CHECK(!link.ops->flush(link.self));
	CHECK(is_readable(weir_port_fd(a.port)));
	CHECK_EQ(get(&a), HDR + 1514);
	CHECK_EQ(buf[10], 1);
	CHECK(memcmp(buf + HDR + 14, payload, 1500) == 0);
	/* room is told once */
	CHECK(is_readable(link.ops->fd(link.self)));
	CHECK_EQ(link.ops->event(link.self, true, false), 0);
	CHECK(!link.ops->wants_out(link.self));
	CHECK_EQ(link.ops->receive(link.self, room), -EAGAIN);
	CHECK(!is_readable(link.ops->fd(link.self)));
	CHECK_EQ(get(&a), HDR + 14);

	put(&a, 3, 60);
	weir_frames_begin_shutdown(a.frames);
	CHECK_EQ(link.ops->send(link.self, part, 3), -ESHUTDOWN);
	CHECK_EQ(link.ops->receive(link.self, room), HDR + 60);
	CHECK_EQ(link.ops->receive(link.self, room), -ESHUTDOWN);
	link.ops->close(link.self);
	a.device = NULL;
	pair_close(&a);
}

T_MAIN(T(options_that_are_none_are_refused),
       T(a_staged_frame_is_the_same_until_it_is_dropped),
       T(a_whole_datagram_takes_the_place_of_its_last_fragment),
       T(a_received_frame_stays_until_the_next_or_the_flush),
       T(tokens_send_what_was_filled_in_and_only_once),
       T(without_room_nothing_is_taken_and_room_is_told),
       T(a_batch_is_one_wake),
       T(facts_are_kept_if_both_sides_can_and_cleared_else),
       T(a_segment_goes_only_to_a_guest_that_cuts_it),
       T(a_device_says_what_its_card_can),
       T(the_engine_takes_and_gives_frames_through_its_table))
