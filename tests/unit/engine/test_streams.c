/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_streams.c - TCP flows through the whole engine
 *
 * Whole frames in, whole frames out, hosts of the twin on the other side.
 */
#include "packet/icmp.h"
#include "scene.h"

#define BIG (3u << 20)

static uint8_t big[BIG];

/* --- connect --- */

static void a_syn_is_answered_after_the_host_connected(void **state)
{
	struct twin_sock *s;

	(void)state;
	twin_init(&w);
	rule(TWIN_SILENT, 0, false);
	begin();
	guest_conn_init(&g, &c, &far4, 80);
	guest_syn(&g, &c);
	guest_pass_ms(&g, 200);
	CHECK_EQ(c.frames, 0);
	s = twin_find(&w, 80);
	CHECK(s && weir_addr_is_equal(&s->to, &far4));
	twin_tcp_connects(&w, s);
	guest_talk(&g);
	CHECK_EQ(c.synacks, 1);
	done();
}

static void a_syn_again_is_the_same_dial(void **state)
{
	(void)state;
	twin_init(&w);
	rule(TWIN_SILENT, 0, false);
	begin();
	guest_conn_init(&g, &c, &far4, 80);
	for (int i = 0; i < 3; i++) {
		guest_syn(&g, &c);
		guest_pass_ms(&g, 1000);
	}
	CHECK_EQ(w.dials, 1);
	twin_tcp_connects(&w, twin_find(&w, 80));
	guest_talk(&g);
	CHECK_EQ(c.synacks, 1);
	done();
}

static void both_families_echo(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		twin_init(&w);
		rule(TWIN_ACCEPT, 0, true);
		begin();
		CHECK(guest_connect(&g, &c, i ? &far6 : &far4, 80));
		guest_fill(big, 0, 100000);
		CHECK(guest_send(&g, &c, big, 100000));
		guest_pass_ms(&g, 100);
		CHECK_EQ(c.in.len, 100000);
		CHECK(guest_is_filled(c.in.b, 0, c.in.len));
		guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
		guest_talk(&g);
		CHECK(c.fin && !c.rst);
		done();
	}
}

static void a_refused_dial_is_rst(void **state)
{
	static const enum twin_how how[] = { TWIN_FAIL_NOW, TWIN_FAIL_LATER };

	(void)state;
	for (int i = 0; i < 2; i++) {
		twin_init(&w);
		rule(how[i], -ECONNREFUSED, false);
		begin();
		CHECK(!guest_connect(&g, &c, &far4, 81));
		CHECK_EQ(c.rsts, 1);
		CHECK_EQ(c.synacks, 0);
		CHECK_EQ(c.rst_ack, c.iss + 1);
		CHECK_EQ(counted(WEIR_REASON_REFUSED), 1);
		CHECK_EQ(w.n_open, 0);
		done();
	}
}

static void an_unreachable_host_is_icmp(void **state)
{
	static const int err[] = { -EHOSTUNREACH, -ENETUNREACH };

	(void)state;
	for (int i = 0; i < 4; i++) {
		twin_init(&w);
		rule(i & 1 ? TWIN_FAIL_NOW : TWIN_FAIL_LATER, err[i / 2],
		     false);
		begin();
		CHECK(!guest_connect(&g, &c, i & 1 ? &far6 : &far4, 81));
		CHECK(c.unreachable);
		CHECK_EQ(c.frames, 0);
		CHECK_EQ(g.error_type, i & 1 ? WEIR_ICMP6_UNREACHABLE
					     : WEIR_ICMP4_UNREACHABLE);
		CHECK_EQ(counted(WEIR_REASON_UNREACHABLE), 1);
		done();
	}
}

static void a_dial_that_times_out_is_silence(void **state)
{
	(void)state;
	twin_init(&w);
	rule(TWIN_SILENT, 0, false);
	begin();
	guest_conn_init(&g, &c, &far4, 81);
	guest_syn(&g, &c);
	guest_pass_ms(&g, 500);
	twin_tcp_fails(&w, twin_find(&w, 81), -ETIMEDOUT);
	guest_pass_ms(&g, 500);
	CHECK_EQ(c.frames, 0);
	CHECK_EQ(g.errors, 0);
	CHECK_EQ(counted(WEIR_REASON_TIMEOUT), 1);
	done();
}

static void a_dial_ends_when_the_guest_gives_up(void **state)
{
	(void)state;
	twin_init(&w);
	rule(TWIN_SILENT, 0, false);
	begin();
	guest_conn_init(&g, &c, &far4, 81);
	guest_syn(&g, &c);
	guest_pass_ms(&g, 130000);
	CHECK_EQ(w.n_open, 0);
	CHECK_EQ(w.house->streams.pool.used, 0);
	CHECK_EQ(w.house->streams.half_open, 0);
	CHECK_EQ(c.frames, 0);
	done();
}

static void a_reset_while_dialling_ends_the_dial(void **state)
{
	(void)state;
	twin_init(&w);
	rule(TWIN_SILENT, 0, false);
	begin();
	guest_conn_init(&g, &c, &far4, 81);
	guest_syn(&g, &c);
	guest_talk(&g);
	guest_segment(&g, &c, WEIR_TCP_RST, NULL, 0);
	guest_talk(&g);
	CHECK_EQ(w.n_open, 0);
	CHECK_EQ(c.frames, 0);
	CHECK_EQ(counted(WEIR_REASON_GUEST_RESET), 1);
	done();
}

static void half_open_after_our_syn_ack_ends_in_30_s(void **state)
{
	(void)state;
	world();
	guest_conn_init(&g, &c, &far4, 80);
	guest_syn(&g, &c);
	guest_pass_ms(&g, 29000);
	CHECK(c.synacks >= 3);
	CHECK_EQ(w.n_open, 1);
	guest_pass_ms(&g, 2000);
	CHECK_EQ(w.n_open, 0);
	CHECK_EQ(counted(WEIR_REASON_TIMEOUT), 1);
	done();
}

/* --- bytes --- */

static void much_comes_down_in_large_frames(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 80));
	s = twin_find(&w, 80);
	guest_fill(big, 0, BIG);
	twin_tcp_gives(&w, s, big, BIG);
	twin_tcp_ends(&w, s);
	guest_pass_ms(&g, 100);
	CHECK_EQ(c.in.len, BIG);
	CHECK(guest_is_filled(c.in.b, 0, BIG));
	CHECK(c.fin && !c.rst && !c.gap);
	CHECK(c.largest > 60000);
	done();
}

static void without_offloads_segments_fit_the_mtu(void **state)
{
	struct twin_sock *s;

	(void)state;
	for (int i = 0; i < 4; i++) {
		twin_init(&w);
		w.charter.offload = i & 1 ? WEIR_OFFLOAD_CSUM : 0;
		w.charter.mtu = i & 2 ? 1280 : 9000;
		begin();
		CHECK(guest_connect(&g, &c, i & 2 ? &far6 : &far4, 80));
		s = twin_find(&w, 80);
		guest_fill(big, 0, 300001);
		twin_tcp_gives(&w, s, big, 300001);
		guest_pass_ms(&g, 100);
		CHECK_EQ(c.in.len, 300001);
		CHECK(guest_is_filled(c.in.b, 0, 300001));
		CHECK(c.largest <= 1460);
		done();
	}
}

static void small_frames_of_a_turn_go_together(void **state)
{
	static uint8_t bytes[100000];
	struct twin_sock *s;
	size_t at, n;

	(void)state;
	guest_fill(bytes, 0, sizeof(bytes));
	for (int i = 0; i < 2; i++) {
		world();
		CHECK(guest_connect(&g, &c, i ? &far6 : &far4, 80));
		s = twin_find(&w, 80);
		at = 0;
		for (unsigned k = 0; k < 30; k++, at += n) {
			n = k % 10 == 9 ? 5000 : 1460 - k;
			guest_segment(&g, &c, WEIR_TCP_ACK, bytes + at, n);
		}
		guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
		guest_talk(&g);
		CHECK_EQ(s->up.len, at);
		CHECK(guest_is_filled(s->up.b, 0, at));
		CHECK(s->shut && !c.rst);
		/* two for each large one; the first turns read one frame each */
		CHECK(s->sends >= 6 && s->sends <= 12);
		done();
	}
}

static void a_host_that_takes_little_gets_everything_once(void **state)
{
	struct twin_sock *s;
	static uint8_t bytes[200000];

	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 80));
	s = twin_find(&w, 80);
	twin_tcp_takes(&w, s, 0);
	guest_fill(bytes, 0, sizeof(bytes));
	CHECK(guest_send(&g, &c, bytes, sizeof(bytes)));
	CHECK_EQ(s->up.len, 0);
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK(!s->shut);
	for (unsigned i = 0; i < 500 && s->up.len < sizeof(bytes); i++) {
		twin_tcp_takes(&w, s, 1 + i * 7 % 3000);
		guest_talk(&g);
	}
	twin_tcp_takes(&w, s, TWIN_EVER);
	guest_talk(&g);
	CHECK_EQ(s->up.len, sizeof(bytes));
	CHECK(guest_is_filled(s->up.b, 0, sizeof(bytes)));
	CHECK(s->shut && !c.rst);
	done();
}

static void a_guest_that_reads_slowly_gets_everything_and_fin(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	guest_conn_init(&g, &c, &far4, 80);
	c.wscale = -1;
	c.window = 4000;
	c.greedy = false;
	guest_syn(&g, &c);
	guest_talk(&g);
	guest_segment(&g, &c, WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	s = twin_find(&w, 80);
	guest_fill(big, 0, 58236);
	twin_tcp_gives(&w, s, big, 58236);
	twin_tcp_ends(&w, s);
	for (int i = 0; i < 200 && !c.fin; i++) {
		guest_pass_ms(&g, 20);
		c.window = i & 1 ? 0 : 4000;
		guest_segment(&g, &c, WEIR_TCP_ACK, NULL, 0);
	}
	CHECK_EQ(c.in.len, 58236);
	CHECK(guest_is_filled(c.in.b, 0, 58236));
	CHECK(c.fin && !c.rst);
	done();
}

static void a_lost_frame_is_sent_again(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 80));
	s = twin_find(&w, 80);
	guest_fill(big, 0, 5000);
	w.link_room = 0;
	twin_tcp_gives(&w, s, big, 5000);
	guest_pass_ms(&g, 50);
	CHECK_EQ(c.in.len, 0);
	w.link_room = UINT32_MAX;
	guest_pass_ms(&g, 2000);
	CHECK_EQ(c.in.len, 5000);
	CHECK(guest_is_filled(c.in.b, 0, 5000));
	CHECK(counted(WEIR_REASON_LINK_FULL) >= 1);
	done();
}

/* --- ends, in every order --- */

static void guest_first_then_host(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 80));
	s = twin_find(&w, 80);
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK,
		      (const uint8_t *)"last", 4);
	guest_talk(&g);
	CHECK(s->shut && s->up.len == 4 && s->open);
	guest_fill(big, 0, 1u << 20);
	twin_tcp_gives(&w, s, big, 1u << 20);
	twin_tcp_ends(&w, s);
	guest_pass_ms(&g, 200);
	CHECK_EQ(c.in.len, 1u << 20);
	CHECK(c.fin && !c.rst);
	CHECK(!s->open && !s->hard);
	CHECK_EQ(w.house->streams.pool.used, 0);
	CHECK_EQ(counted(WEIR_REASON_CLOSED), 1);
	done();
}

static void host_first_then_guest(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 80));
	s = twin_find(&w, 80);
	twin_tcp_gives(&w, s, "bye", 3);
	twin_tcp_ends(&w, s);
	guest_talk(&g);
	CHECK(c.fin && c.in.len == 3);
	CHECK(s->open && !s->shut);
	guest_fill(big, 0, 70000);
	CHECK(guest_send(&g, &c, big, 70000));
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK_EQ(s->up.len, 70000);
	CHECK(s->shut && !s->open && !s->hard && !c.rst);
	CHECK_EQ(w.house->streams.pool.used, 1); /* TIME-WAIT */
	guest_pass_ms(&g, 2100);
	CHECK_EQ(w.house->streams.pool.used, 0);
	done();
}

static void both_at_once(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 80));
	s = twin_find(&w, 80);
	c.greedy = false;
	twin_tcp_ends(&w, s);
	twin_step(&w);
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	guest_segment(&g, &c, WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK(c.fin && s->shut && !s->hard && !c.rst);
	guest_pass_ms(&g, 2100);
	CHECK_EQ(w.house->streams.pool.used, 0);
	done();
}

static void a_reset_of_the_guest_is_a_reset_for_the_host(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 80));
	s = twin_find(&w, 80);
	guest_segment(&g, &c, WEIR_TCP_RST | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK(!s->open && s->hard);
	CHECK_EQ(counted(WEIR_REASON_GUEST_RESET), 1);
	CHECK_EQ(w.house->streams.pool.used, 0);
	done();
}

static void a_reset_of_the_host_is_a_reset_for_the_guest(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 80));
	s = twin_find(&w, 80);
	twin_tcp_gives(&w, s, "last words", 10);
	twin_tcp_resets(&w, s);
	guest_talk(&g);
	CHECK_EQ(c.in.len, 10);
	CHECK(c.rst && !c.fin);
	CHECK_EQ(c.rst_seq, c.ack);
	CHECK_EQ(counted(WEIR_REASON_HOST_RESET), 1);
	CHECK_EQ(w.n_open, 0);
	done();
}

/* What happens at the host before the guest's last ACK is not forgotten. */
static void a_server_that_speaks_and_ends_at_once_is_heard(void **state)
{
	struct twin_sock *s;

	(void)state;
	for (int i = 0; i < 3; i++) {
		world();
		guest_conn_init(&g, &c, &far4, 80);
		guest_syn(&g, &c);
		guest_talk(&g);
		CHECK_EQ(c.synacks, 1);
		s = twin_find(&w, 80);
		twin_tcp_gives(&w, s, "banner", 6);
		guest_talk(&g);
		if (i == 1)
			twin_tcp_ends(&w, s);
		if (i == 2)
			twin_tcp_resets(&w, s);
		guest_pass_ms(&g, 100);
		CHECK_EQ(c.in.len, 0);
		guest_segment(&g, &c, WEIR_TCP_ACK, NULL, 0);
		guest_talk(&g);
		CHECK_EQ(c.in.len, 6);
		CHECK_EQ(c.fin, i == 1);
		CHECK_EQ(c.rst, i == 2);
		done();
	}
}

static void a_reset_is_seen_when_sending_too(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 80));
	s = twin_find(&w, 80);
	s->stage =
		TWIN_FAILED; /* no event yet: the send is the first to know */
	s->err = -EPIPE;
	guest_segment(&g, &c, WEIR_TCP_ACK, (const uint8_t *)"x", 1);
	guest_talk(&g);
	CHECK_EQ(c.fin, 0);
	s->eof = true;
	twin_poke(s);
	guest_talk(&g);
	CHECK(c.rst && !c.fin);
	done();
}

static void a_reset_of_the_host_reaches_a_guest_with_no_window(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 80));
	s = twin_find(&w, 80);
	c.window = 0;
	guest_segment(&g, &c, WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	twin_tcp_gives(&w, s, "unread", 6);
	guest_talk(&g);
	twin_tcp_resets(&w, s);
	guest_talk(&g);
	CHECK(c.rst);
	done();
}

T_MAIN(T(a_syn_is_answered_after_the_host_connected),
       T(a_syn_again_is_the_same_dial), T(both_families_echo),
       T(a_refused_dial_is_rst), T(an_unreachable_host_is_icmp),
       T(a_dial_that_times_out_is_silence),
       T(a_dial_ends_when_the_guest_gives_up),
       T(a_reset_while_dialling_ends_the_dial),
       T(half_open_after_our_syn_ack_ends_in_30_s),
       T(much_comes_down_in_large_frames),
       T(without_offloads_segments_fit_the_mtu),
       T(small_frames_of_a_turn_go_together),
       T(a_host_that_takes_little_gets_everything_once),
       T(a_guest_that_reads_slowly_gets_everything_and_fin),
       T(a_lost_frame_is_sent_again), T(guest_first_then_host),
       T(host_first_then_guest), T(both_at_once),
       T(a_reset_of_the_guest_is_a_reset_for_the_host),
       T(a_reset_of_the_host_is_a_reset_for_the_guest),
       T(a_server_that_speaks_and_ends_at_once_is_heard),
       T(a_reset_is_seen_when_sending_too),
       T(a_reset_of_the_host_reaches_a_guest_with_no_window))
