/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_datagrams.c - UDP through the whole engine
 */
#include "packet/icmp.h"
#include "scene.h"

static const struct weir_addr other4 = {
	.b = { [10] = 0xff, 0xff, 93, 184, 1, 77 }
};

static void send_to(const struct weir_addr *to, uint16_t sport, uint16_t dport,
		    const void *b, size_t len)
{
	static struct guest_frame f;

	guest_udp_frame(&g, &(struct guest_ip){ .to = *to }, sport, dport, b,
			len, &f);
	guest_put(&g, &f);
}

static void a_datagram_goes_out_and_its_answer_comes_back(void **state)
{
	struct twin_sock *s;

	(void)state;
	for (int i = 0; i < 2; i++) {
		const struct weir_addr *far = i ? &far6 : &far4;

		world();
		send_to(far, 5000, 7, "ping", 4);
		guest_talk(&g);
		s = twin_find_kind(&w, TWIN_UDP);
		CHECK(s && s->sent.n == 1 && s->sent.last->len == 4);
		CHECK_EQ(s->sent.last->port, 7);
		CHECK(weir_addr_is_equal(&s->sent.last->addr, far));
		twin_gives_gram(&w, s, far, 7, "pong!", 5, 0);
		guest_talk(&g);
		CHECK_EQ(g.grams.n, 1);
		CHECK_EQ(g.grams.last->len, 5);
		CHECK(memcmp(g.grams.last->b, "pong!", 5) == 0);
		CHECK_EQ(g.grams.last->port, 7);
		CHECK_EQ(g.gram_dport, 5000);
		done();
	}
}

static void empty_and_odd_datagrams_pass(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	send_to(&far4, 5000, 7, "", 0);
	guest_talk(&g);
	s = twin_find_kind(&w, TWIN_UDP);
	CHECK(s && s->sent.n == 1 && s->sent.last->len == 0);
	twin_gives_gram(&w, s, &far4, 7, "", 0, 0);
	twin_gives_gram(&w, s, &far4, 7, "abc", 3, 0);
	guest_talk(&g);
	CHECK_EQ(g.grams.n, 2);
	CHECK_EQ(g.grams.first->len, 0);
	done();
}

static void bytes_behind_the_udp_length_are_no_part_of_it(void **state)
{
	static struct guest_frame f;
	struct twin_sock *s;
	uint8_t l4[8 + 10] = { 0x13, 0x88, 0, 7, 0, 12 };

	(void)state;
	world();
	memcpy(l4 + 8, "datajunk!!", 10);
	guest_ip(&g, &(struct guest_ip){ .to = far4, .proto = 17 }, l4,
		 sizeof(l4), &f);
	/* the sum is of what the UDP length says; none is allowed with IPv4 */
	f.b[12 + 14 + 20 + 6] = 0;
	f.b[12 + 14 + 20 + 7] = 0;
	guest_put(&g, &f);
	guest_talk(&g);
	s = twin_find_kind(&w, TWIN_UDP);
	CHECK(s && s->sent.n == 1);
	CHECK_EQ(s->sent.last->len, 4);
	done();
}

static void one_port_talks_to_many_destinations_through_one_socket(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	for (uint32_t i = 0; i < 5000; i++) {
		struct weir_addr to = weir_addr_from4(0x5db80000 + i);

		send_to(&to, 5000, 7, "x", 1);
		if (i % 100 == 0)
			twin_step(&w);
	}
	guest_talk(&g);
	CHECK_EQ(w.n_open, 1);
	s = twin_find_kind(&w, TWIN_UDP);
	for (uint32_t i = 0; i < 5000; i += 250) {
		struct weir_addr from = weir_addr_from4(0x5db80000 + i);

		twin_gives_gram(&w, s, &from, 7, "y", 1, 0);
	}
	guest_talk(&g);
	CHECK_EQ(g.grams.n, 20);
	CHECK_EQ(twin_summary(&w).udp_opened, 5000);
	done();
}

static void only_those_who_were_asked_may_answer(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	send_to(&far4, 5000, 7, "x", 1);
	guest_talk(&g);
	s = twin_find_kind(&w, TWIN_UDP);
	twin_gives_gram(&w, s, &other4, 7, "a", 1, 0);
	twin_gives_gram(&w, s, &far4, 8, "b", 1, 0);
	guest_talk(&g);
	CHECK_EQ(g.grams.n, 0);
	CHECK_EQ(counted(WEIR_REASON_NO_FLOW), 2);
	done();
}

static void silence_ends_a_conversation(void **state)
{
	(void)state;
	world();
	send_to(&far4, 5000, 7, "x", 1);
	guest_pass_ms(&g, WEIR_UDP_IDLE_MS - 2000);
	CHECK_EQ(w.n_open, 1);
	guest_pass_ms(&g, 4000);
	CHECK_EQ(w.n_open, 0);
	CHECK_EQ(counted(WEIR_REASON_IDLE), 1);
	done();
}

static void a_conversation_both_ways_lives_longer(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	send_to(&far4, 5000, 7, "x", 1);
	guest_talk(&g);
	s = twin_find_kind(&w, TWIN_UDP);
	twin_gives_gram(&w, s, &far4, 7, "y", 1, 0);
	guest_pass_ms(&g, WEIR_UDP_IDLE_TWOWAY_MS - 2000);
	CHECK_EQ(w.n_open, 1);
	guest_pass_ms(&g, 4000);
	CHECK_EQ(w.n_open, 0);
	done();
}

static void a_burst_of_200_arrives_whole(void **state)
{
	struct twin_sock *s;
	uint8_t b[1400];

	(void)state;
	world();
	send_to(&far4, 5000, 7, "x", 1);
	guest_talk(&g);
	s = twin_find_kind(&w, TWIN_UDP);
	for (int i = 0; i < 200; i++) {
		guest_fill(b, (size_t)i, sizeof(b));
		twin_gives_gram(&w, s, &far4, 7, b, sizeof(b), 0);
	}
	guest_talk(&g);
	CHECK_EQ(g.grams.n, 200);
	done();
}

static void a_reply_larger_than_the_mtu_comes_in_parts(void **state)
{
	static uint8_t b[65507];
	struct twin_sock *s;

	(void)state;
	world();
	send_to(&far4, 5000, 7, "x", 1);
	guest_talk(&g);
	s = twin_find_kind(&w, TWIN_UDP);
	twin_gives_gram(&w, s, &far4, 7, b, 1472, 0);
	twin_gives_gram(&w, s, &far4, 7, b, 1473, 0);
	twin_gives_gram(&w, s, &far4, 7, b, sizeof(b), 0);
	guest_talk(&g);
	CHECK_EQ(g.grams.n, 1);
	CHECK_EQ(g.fragments, 2 + 45);
	done();
}

static void an_error_of_one_destination_does_not_stop_the_others(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	send_to(&far4, 5000, 7, "x", 1);
	guest_talk(&g);
	s = twin_find_kind(&w, TWIN_UDP);
	twin_gives_gram(&w, s, &far4, 7, "", 0, -ECONNREFUSED);
	twin_gives_gram(&w, s, &far4, 7, "y", 1, 0);
	guest_talk(&g);
	CHECK_EQ(g.grams.n, 1);
	done();
}

static void a_send_that_fails_is_told_or_counted(void **state)
{
	static const struct {
		int err;
		enum weir_reason why;
		bool told;
	} row[] = {
		{ -EAGAIN, WEIR_REASON_LIMIT_UDP, false },
		{ -ENOBUFS, WEIR_REASON_LIMIT_UDP, false },
		{ -ENETUNREACH, WEIR_REASON_UNREACHABLE, true },
		{ -EHOSTUNREACH, WEIR_REASON_UNREACHABLE, true },
		{ -EPERM, WEIR_REASON_UNREACHABLE, true },
	};

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		twin_init(&w);
		w.post_err = row[i].err;
		begin();
		send_to(i & 1 ? &far4 : &far6, 5000, 7, "x", 1);
		guest_talk(&g);
		CHECK_EQ(counted(row[i].why), 1);
		CHECK_EQ(g.errors, row[i].told);
		done();
	}
}

static void
without_descriptors_a_new_port_is_refused_and_old_ones_live(void **state)
{
	(void)state;
	twin_init(&w);
	w.max_socks = 1;
	begin();
	send_to(&far4, 5000, 7, "x", 1);
	send_to(&far4, 5001, 7, "x", 1);
	guest_talk(&g);
	CHECK_EQ(counted(WEIR_REASON_NO_FDS), 1);
	CHECK_EQ(g.errors, 1);
	send_to(&other4, 5000, 7, "x", 1);
	guest_talk(&g);
	CHECK_EQ(twin_find_kind(&w, TWIN_UDP)->sent.n, 2);
	done();
}

static void mappings_and_conversations_stay_within_their_limits(void **state)
{
	uint32_t i;

	(void)state;
	world();
	w.drop_frames = true;
	for (i = 0; i < WEIR_UDP_MAPPINGS_MAX + 10; i++) {
		send_to(&far4, (uint16_t)(2000 + i), 7, "x", 1);
		if (i % 64 == 0)
			twin_step(&w);
	}
	twin_step(&w);
	CHECK_EQ(w.n_open, WEIR_UDP_MAPPINGS_MAX);
	for (i = 0; i < 20000; i++) {
		struct weir_addr to = weir_addr_from4(0x5db80000 + i);

		send_to(&to, 2000, 7, "x", 1);
		if (i % 64 == 0)
			twin_step(&w);
	}
	twin_step(&w);
	/* the least recently used conversations went, and their sockets */
	CHECK_EQ(w.n_open, 1);
	CHECK_EQ(w.house->datagrams.assoc.conversations.used,
		 WEIR_UDP_CONVERSATIONS_MAX);
	twin_pass_us(&w, (WEIR_UDP_IDLE_MS + 3000) * 1000ull);
	CHECK_EQ(w.n_open, 0);
	done();
}

static void the_gateway_is_the_loopback_in_both_directions(void **state)
{
	const struct weir_addr loop4 = weir_addr_from4(0x7f000001);
	const struct weir_addr loop6 = { .b = { [15] = 1 } };

	(void)state;
	for (int i = 0; i < 2; i++) {
		const struct weir_addr *loop = i ? &loop6 : &loop4;
		struct weir_addr gw;
		struct twin_sock *s;

		twin_init(&w);
		w.charter.net |= WEIR_CHARTER_NET_HOST;
		begin();
		gw = i ? w.charter.gateway6 : w.charter.gateway4;
		send_to(&gw, 5000, 7, "x", 1);
		guest_talk(&g);
		s = twin_find_kind(&w, TWIN_UDP);
		CHECK(s && s->sent.n == 1);
		CHECK(weir_addr_is_equal(&s->sent.last->addr, loop));
		twin_gives_gram(&w, s, loop, 7, "y", 1, 0);
		guest_talk(&g);
		CHECK_EQ(g.grams.n, 1);
		CHECK(weir_addr_is_equal(&g.grams.last->addr, &gw));
		done();
	}
}

static void neighbourhood_ports_and_groups_are_refused(void **state)
{
	static const uint16_t port[] = { 137, 138, 5353, 5355 };

	(void)state;
	world();
	for (unsigned i = 0; i < 4; i++)
		send_to(&far4, 5000, port[i], "x", 1);
	send_to(&far4, 5000, 853, "x", 1);
	guest_talk(&g);
	CHECK_EQ(counted(WEIR_REASON_DEFAULT), 4);
	CHECK_EQ(counted(WEIR_REASON_DOT), 1);
	CHECK_EQ(w.n_open, 0);
	CHECK_EQ(g.errors, 5);
	done();
}

static void port_0_is_no_port(void **state)
{
	(void)state;
	world();
	send_to(&far4, 0, 7, "x", 1);
	send_to(&far4, 5000, 0, "x", 1);
	guest_talk(&g);
	CHECK_EQ(counted(WEIR_REASON_UDP_LENGTH), 2);
	CHECK_EQ(w.n_open, 0);
	done();
}

T_MAIN(T(a_datagram_goes_out_and_its_answer_comes_back),
       T(empty_and_odd_datagrams_pass),
       T(bytes_behind_the_udp_length_are_no_part_of_it),
       T(one_port_talks_to_many_destinations_through_one_socket),
       T(only_those_who_were_asked_may_answer), T(silence_ends_a_conversation),
       T(a_conversation_both_ways_lives_longer),
       T(a_burst_of_200_arrives_whole),
       T(a_reply_larger_than_the_mtu_comes_in_parts),
       T(an_error_of_one_destination_does_not_stop_the_others),
       T(a_send_that_fails_is_told_or_counted),
       T(without_descriptors_a_new_port_is_refused_and_old_ones_live),
       T(mappings_and_conversations_stay_within_their_limits),
       T(the_gateway_is_the_loopback_in_both_directions),
       T(neighbourhood_ports_and_groups_are_refused), T(port_0_is_no_port))
