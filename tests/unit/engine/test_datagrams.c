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
		w.policy[w.n_policy++] = "allow host";
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

/* --- what the network says --- */

/*
 * The last error, said by @from, quotes the guest's datagram from port 5000 to
 * port 7 of @far, @len bytes of a pattern, as far as there is room; its header
 * says @said: no more is asked of the host's kernel than goes into a quote.
 */
static void quotes(const struct weir_addr *from, const struct weir_addr *far,
		   size_t len, size_t said)
{
	const struct twin_gram *m = g.told.last;
	bool v6 = !weir_addr_is4(far);
	size_t head = v6 ? 40 : 20, most = (v6 ? 1232u : 548u) - head - 8;
	const struct weir_addr *me = v6 ? &w.charter.guest6 : &w.charter.guest4;
	const uint8_t *ip = m->b + 8, *udp = ip + head;

	CHECK(weir_addr_is_equal(&m->addr, from));
	CHECK_EQ(m->len, 8 + head + 8 + (len < most ? len : most));
	CHECK(memcmp(ip + (v6 ? 8 : 12), me->b + (v6 ? 0 : 12), v6 ? 16 : 4) ==
	      0);
	CHECK(memcmp(ip + (v6 ? 24 : 16), far->b + (v6 ? 0 : 12),
		     v6 ? 16 : 4) == 0);
	CHECK_EQ(ip[v6 ? 6 : 9], 17);
	CHECK(memcmp(udp, "\x13\x88\0\7", 4) == 0);
	CHECK_EQ(udp[4] << 8 | udp[5], 8 + said);
	CHECK(guest_is_filled(udp + 8, 0, len < most ? len : most));
	if (len <= most)
		CHECK_EQ(look_fold(look_sum(look_pseudo(me, far, 17, 8 + len),
					    udp, 8 + len)),
			 0xffff);
}

/* A datagram of the pattern, and the socket it went through. */
static struct twin_sock *pattern_to(const struct weir_addr *far, size_t len)
{
	static uint8_t b[2000];

	guest_fill(b, 0, len);
	send_to(far, 5000, 7, b, len);
	guest_talk(&g);
	return twin_find_kind(&w, TWIN_UDP);
}

static void a_refused_port_is_refused_by_who_refused_it(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		const struct weir_addr *far = v6 ? &far6 : &far4;
		const struct weir_errqueue_error e = {
			.known = true, .why = WEIR_ICMP_WHY_PORT, .from = *far
		};
		struct twin_sock *s;

		world();
		s = pattern_to(far, 100);
		twin_tells(&w, s, s->sent.last, &e);
		guest_talk(&g);
		CHECK_EQ(g.errors, 1);
		CHECK_EQ(g.error_type,
			 v6 ? WEIR_ICMP6_UNREACHABLE : WEIR_ICMP4_UNREACHABLE);
		CHECK_EQ(g.error_code, v6 ? 4 : 3);
		quotes(far, far, 100, 100);
		/* the conversation is not over for that */
		twin_gives_gram(&w, s, far, 7, "y", 1, 0);
		guest_talk(&g);
		CHECK_EQ(g.grams.n, 1);
		done();
	}
}

static void a_port_of_the_loopback_is_refused_by_the_gateway(void **state)
{
	const struct weir_addr loop4 = weir_addr_from4(0x7f000001);
	const struct weir_addr loop6 = { .b = { [15] = 1 } };

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		const struct weir_errqueue_error e = {
			.known = true,
			.why = WEIR_ICMP_WHY_PORT,
			.from = v6 ? loop6 : loop4,
		};
		struct weir_addr gw;
		struct twin_sock *s;

		twin_init(&w);
		w.policy[w.n_policy++] = "allow host";
		begin();
		gw = v6 ? w.charter.gateway6 : w.charter.gateway4;
		s = pattern_to(&gw, 10);
		twin_tells(&w, s, s->sent.last, &e);
		guest_talk(&g);
		CHECK_EQ(g.errors, 1);
		quotes(&gw, &gw, 10, 10);
		done();
	}
}

static void a_router_that_lets_no_more_hops_is_seen(void **state)
{
	const struct weir_errqueue_error e = { .known = true,
					       .why = WEIR_ICMP_WHY_TTL,
					       .from = other4 };
	static struct guest_frame f;
	struct twin_sock *s;
	uint8_t b[20];

	(void)state;
	world();
	guest_fill(b, 0, sizeof(b));
	guest_udp_frame(&g, &(struct guest_ip){ .to = far4, .ttl = 5 }, 5000, 7,
			b, sizeof(b), &f);
	guest_put(&g, &f);
	guest_talk(&g);
	s = twin_find_kind(&w, TWIN_UDP);
	CHECK_EQ(s->sent.last->ttl, 4);
	twin_tells(&w, s, s->sent.last, &e);
	guest_talk(&g);
	CHECK(g.error_type == WEIR_ICMP4_EXCEEDED && g.error_code == 0);
	quotes(&other4, &far4, sizeof(b), sizeof(b));
	CHECK_EQ(g.told.last->b[8 + 8], 1); /* it expired there */
	done();
}

static void a_narrow_way_becomes_too_big_with_its_mtu(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		const struct weir_addr *far = v6 ? &far6 : &far4;
		const struct weir_errqueue_error e = {
			.known = true,
			.why = WEIR_ICMP_WHY_TOO_BIG,
			.mtu = 1400,
			.from = v6 ? far6 : other4,
		};
		struct twin_sock *s;
		const uint8_t *m;

		world();
		s = pattern_to(far, 1450 - (v6 ? 20 : 0));
		CHECK(s->sent.last->whole);
		/* a router on the way */
		twin_tells(&w, s, s->sent.last, &e);
		guest_talk(&g);
		m = g.told.last->b;
		CHECK(v6 ? m[0] == WEIR_ICMP6_TOO_BIG
			 : m[0] == WEIR_ICMP4_UNREACHABLE && m[1] == 4);
		CHECK_EQ(m[6] << 8 | m[7], 1400);
		quotes(&e.from, far, 1450 - (v6 ? 20 : 0), 1232);
		/* the host, which learned it */
		w.way_mtu = 1350;
		CHECK(pattern_to(far, 1400) == s);
		CHECK_EQ(s->sent.n, 1);
		CHECK_EQ(g.errors, 2);
		m = g.told.last->b;
		CHECK(v6 ? m[0] == WEIR_ICMP6_TOO_BIG
			 : m[0] == WEIR_ICMP4_UNREACHABLE && m[1] == 4);
		CHECK_EQ(m[6] << 8 | m[7], 1350);
		quotes(v6 ? &w.charter.gateway6 : &w.charter.gateway4, far,
		       1400, 1400);
		CHECK_EQ(counted(WEIR_REASON_OVERSIZE), 1);
		/* what fits goes on */
		(void)pattern_to(far, 1350 - (v6 ? 48 : 28));
		CHECK(s->sent.n == 2 && g.errors == 2);
		done();
	}
}

/* Without DF the host's kernel cuts it. */
static void what_may_be_cut_passes_a_narrow_way(void **state)
{
	static struct guest_frame f;
	struct twin_sock *s;
	uint8_t b[1400];

	(void)state;
	world();
	w.way_mtu = 600;
	guest_fill(b, 0, sizeof(b));
	guest_udp_frame(&g, &(struct guest_ip){ .to = far4 }, 5000, 7, b,
			sizeof(b), &f);
	f.b[WEIR_VNET_BYTES + 14 + 6] = 0; /* DF */
	guest_resum(&f);
	guest_put(&g, &f);
	guest_talk(&g);
	s = twin_find_kind(&w, TWIN_UDP);
	CHECK(s->sent.n == 1 && !s->sent.last->whole);
	CHECK_EQ(g.errors, 0);
	/* and the next with DF does not */
	guest_udp_frame(&g, &(struct guest_ip){ .to = far4 }, 5000, 7, b,
			sizeof(b), &f);
	guest_put(&g, &f);
	guest_talk(&g);
	CHECK(s->sent.n == 1 && g.errors == 1);
	done();
}

static void a_waiting_error_does_not_cost_the_next_datagram(void **state)
{
	const struct weir_errqueue_error e = { .known = true,
					       .why = WEIR_ICMP_WHY_PORT,
					       .from = far4 };
	struct twin_sock *s;

	(void)state;
	world();
	s = pattern_to(&far4, 10);
	send_to(&other4, 5000, 9, "x", 1);
	guest_talk(&g);
	CHECK_EQ(s->sent.n, 2);
	/* in one turn with datagrams that go together */
	twin_tells(&w, s, s->sent.first, &e);
	for (unsigned i = 0; i < 5; i++)
		send_to(&other4, 5000, 9, "abc", 3);
	send_to(&far4, 5000, 7, "de", 2);
	guest_talk(&g);
	CHECK_EQ(s->sent.n, 8);
	CHECK(s->sent.last->len == 2 &&
	      weir_addr_is_equal(&s->sent.last->addr, &far4));
	CHECK_EQ(g.errors, 1);
	quotes(&far4, &far4, 10, 10);
	CHECK_EQ(counted(WEIR_REASON_REFUSED), 0);
	CHECK_EQ(twin_summary(&w).udp_up, 8);
	done();
}

static void an_error_of_a_conversation_that_is_over_is_nobodys(void **state)
{
	const struct weir_errqueue_error e = { .known = true,
					       .why = WEIR_ICMP_WHY_PORT,
					       .from = far4 };
	struct twin_gram *m;
	struct twin_sock *s;

	(void)state;
	world();
	s = pattern_to(&far4, 10);
	m = s->sent.last;
	m->port = 8; /* the port is part of it */
	twin_tells(&w, s, m, &e);
	guest_talk(&g);
	m->port = 7;
	m->addr = other4;
	twin_tells(&w, s, m, &e);
	guest_talk(&g);
	CHECK_EQ(counted(WEIR_REASON_NO_FLOW), 2);
	CHECK_EQ(g.errors, 0);
	done();
}

static void errors_are_told_at_a_rate(void **state)
{
	const struct weir_errqueue_error e = { .known = true,
					       .why = WEIR_ICMP_WHY_PORT,
					       .from = far4 };
	struct twin_sock *s;

	(void)state;
	world();
	s = pattern_to(&far4, 10);
	for (unsigned i = 0; i < 3000; i++)
		twin_tells(&w, s, s->sent.last, &e);
	guest_talk(&g);
	CHECK_EQ(g.errors, WEIR_DESK_ERRORS_BURST);
	CHECK_EQ(counted(WEIR_REASON_LIMIT_RATE),
		 3000 - WEIR_DESK_ERRORS_BURST);
	/* datagrams pass all the same */
	twin_gives_gram(&w, s, &far4, 7, "y", 1, 0);
	guest_talk(&g);
	CHECK_EQ(g.grams.n, 1);
	done();
}

/* A way out without UDP_SEGMENT: found out once, and nothing is lost. */
static void where_several_cannot_go_as_one_each_goes_alone(void **state)
{
	static const int err[] = { -EINVAL, -EIO };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct twin_sock *s;

		world();
		w.segment_err = err[i];
		s = pattern_to(&far4, 10);
		for (unsigned k = 0; k < 20; k++)
			send_to(&far4, 5000, 7, "abc", 3);
		guest_talk(&g);
		CHECK_EQ(s->sent.n, 21);
		CHECK(w.house->datagrams.courier[0].no_segments);
		w.segment_err = -EFAULT; /* not tried again */
		for (unsigned k = 0; k < 20; k++)
			send_to(&far4, 5000, 7, "abc", 3);
		guest_talk(&g);
		CHECK_EQ(s->sent.n, 41);
		CHECK_EQ(twin_summary(&w).udp_up, 41);
		CHECK_EQ(g.errors, 0);
		done();
	}
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
       T(neighbourhood_ports_and_groups_are_refused), T(port_0_is_no_port),
       T(a_refused_port_is_refused_by_who_refused_it),
       T(a_port_of_the_loopback_is_refused_by_the_gateway),
       T(a_router_that_lets_no_more_hops_is_seen),
       T(a_narrow_way_becomes_too_big_with_its_mtu),
       T(what_may_be_cut_passes_a_narrow_way),
       T(a_waiting_error_does_not_cost_the_next_datagram),
       T(an_error_of_a_conversation_that_is_over_is_nobodys),
       T(errors_are_told_at_a_rate),
       T(where_several_cannot_go_as_one_each_goes_alone))
