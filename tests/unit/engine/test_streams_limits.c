/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_streams_limits.c - TCP flows where something runs out, or ends
 *
 * TIME-WAIT, half-open flows, descriptors, payload memory, the gateway's two
 * families, and the end of the network.
 */
#include "scene.h"

static uint8_t big[1u << 20];

/* --- TIME-WAIT --- */

/* Leave the connection in TIME-WAIT. */
static void to_time_wait(void)
{
	struct twin_sock *s;

	CHECK(guest_connect(&g, &c, &far4, 80));
	s = twin_find(&w, 80);
	twin_tcp_ends(&w, s);
	guest_talk(&g);
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK(c.fin && !s->open);
	CHECK_EQ(w.house->streams.pool.used, 1);
}

static void a_new_syn_in_time_wait_is_served(void **state)
{
	(void)state;
	world();
	to_time_wait();
	c.iss = c.seq + 1000;
	c.fin = false;
	c.synacks = 0;
	guest_syn(&g, &c);
	guest_talk(&g);
	CHECK_EQ(c.synacks, 1);
	CHECK_EQ(w.dials, 2);
	guest_segment(&g, &c, WEIR_TCP_ACK, (const uint8_t *)"hello", 5);
	guest_talk(&g);
	CHECK_EQ(twin_find(&w, 80)->up.len, 5);
	CHECK_EQ(twin_summary(&w).tcp_now, 1);
	done();
}

/* The limit of half-open flows holds for ports that are used again, too. */
static void half_open_is_limited_in_time_wait_as_well(void **state)
{
	const uint32_t n = WEIR_HALF_OPEN_MAX + 50;
	struct guest_conn *d = calloc(n, sizeof(*d));

	(void)state;
	assert_non_null(d);
	twin_init(&w);
	w.charter.max_flows = 8192;
	w.rule[0].how = TWIN_ACCEPT;
	w.n_rules = 1;
	begin();
	for (uint32_t i = 0; i < n; i++) {
		CHECK(guest_connect(&g, &d[i], &far4, 80));
		twin_tcp_ends(&w, twin_find(&w, 80));
		guest_talk(&g);
		guest_segment(&g, &d[i], WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
		guest_talk(&g);
		guest_conn_fini(&g, &d[i]);
	}
	CHECK_EQ(w.house->streams.pool.used, n);
	w.rule[0].how = TWIN_SILENT;
	w.drop_frames = true;
	for (uint32_t i = 0; i < n; i++) {
		d[i].iss = d[i].seq + 1000;
		guest_syn(&g, &d[i]);
		if (i % 50 == 0)
			twin_step(&w);
	}
	twin_step(&w);
	CHECK_EQ(w.house->streams.half_open, WEIR_HALF_OPEN_MAX);
	CHECK_EQ(w.n_open, WEIR_HALF_OPEN_MAX);
	done();
	free(d);
}

static void time_wait_makes_room_when_flows_run_out(void **state)
{
	static struct guest_conn d[40];

	(void)state;
	twin_init(&w);
	w.charter.max_flows = 8;
	begin();
	for (int i = 0; i < 40; i++) {
		CHECK(guest_connect(&g, &d[i], &far4, 80));
		twin_tcp_ends(&w, twin_find(&w, 80));
		guest_talk(&g);
		guest_segment(&g, &d[i], WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
		guest_talk(&g);
	}
	CHECK_EQ(w.house->streams.pool.used, 8);
	CHECK_EQ(counted(WEIR_REASON_LIMIT_FLOWS), 0);
	CHECK_EQ(counted(WEIR_REASON_CLOSED), 32);
	done();
}

/* --- limits --- */

static void
at_the_limit_of_flows_new_ones_are_reset_and_old_ones_live(void **state)
{
	static struct guest_conn d[10];

	(void)state;
	twin_init(&w);
	w.charter.max_flows = 8;
	rule(TWIN_ACCEPT, 0, true);
	begin();
	for (int i = 0; i < 8; i++)
		CHECK(guest_connect(&g, &d[i], &far4, 80));
	CHECK(!guest_connect(&g, &d[8], &far4, 80));
	CHECK(d[8].rst);
	CHECK_EQ(counted(WEIR_REASON_LIMIT_FLOWS), 1);
	for (int i = 0; i < 8; i++) {
		CHECK(guest_send(&g, &d[i], (const uint8_t *)"ping", 4));
		guest_talk(&g);
		CHECK_EQ(d[i].in.len, 4);
	}
	guest_segment(&g, &d[0], WEIR_TCP_RST | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK(guest_connect(&g, &d[9], &far4, 80));
	done();
}

static void
without_descriptors_new_flows_are_reset_and_old_ones_live(void **state)
{
	static struct guest_conn d[2];

	(void)state;
	twin_init(&w);
	w.max_socks = 1;
	rule(TWIN_ACCEPT, 0, true);
	begin();
	CHECK(guest_connect(&g, &d[0], &far4, 80));
	CHECK(!guest_connect(&g, &d[1], &far4, 80));
	CHECK(d[1].rst);
	CHECK_EQ(counted(WEIR_REASON_NO_FDS), 1);
	CHECK(guest_send(&g, &d[0], (const uint8_t *)"ping", 4));
	guest_talk(&g);
	CHECK_EQ(d[0].in.len, 4);
	CHECK_EQ(w.house->streams.pool.used, 1);
	done();
}

/* A raw SYN that costs the test nothing afterwards. */
static void syn(uint32_t i, const struct weir_addr *far)
{
	static struct guest_frame f;
	const struct guest_ip ip = { .to = *far };
	const struct weir_tcp t = { .sport = (uint16_t)(1024 + i % 60000),
				    .dport = (uint16_t)(1000 + i / 60000),
				    .flags = WEIR_TCP_SYN,
				    .seq = i,
				    .window = 1000,
				    .wscale = -1 };

	guest_tcp_frame(&g, &ip, &t, NULL, 0, &f);
	guest_put(&g, &f);
}

/* tcp-51 */
static void a_flood_of_syns_into_silence_uses_nothing_up(void **state)
{
	const struct weir_addr silent = {
		.b = { [10] = 0xff, 0xff, 93, 184, 1, 99 }
	};
	static struct guest_frame f;
	struct weir_summary s;

	(void)state;
	twin_init(&w);
	w.charter.max_flows = 16384;
	w.rule[0] = (struct twin_rule){ .to = silent, .how = TWIN_SILENT };
	w.rule[1] = (struct twin_rule){ .how = TWIN_ACCEPT, .echo = true };
	w.n_rules = 2;
	begin();
	CHECK(guest_connect(&g, &c, &far4, 80));
	w.drop_frames = true;
	for (uint32_t i = 0; i < 100000; i++) {
		syn(i, &silent);
		if (i % 500 == 0) {
			twin_step(&w);
			CHECK(w.house->streams.half_open <= WEIR_HALF_OPEN_MAX);
			CHECK(w.n_open <= WEIR_HALF_OPEN_MAX + 1);
		}
	}
	w.drop_frames = false;
	CHECK(guest_send(&g, &c, (const uint8_t *)"still here", 10));
	guest_talk(&g);
	CHECK_EQ(c.in.len, 10);
	guest_echo_frame(&g, &(struct guest_ip){ .to = w.charter.gateway4 }, 56,
			 &f);
	guest_put(&g, &f);
	guest_talk(&g);
	CHECK_EQ(g.echoes, 1);
	s = twin_summary(&w);
	CHECK_EQ(s.reasons.count[WEIR_REASON_LIMIT_HALF_OPEN],
		 100000 - WEIR_HALF_OPEN_MAX);
	guest_pass_ms(&g, 131000);
	CHECK_EQ(w.n_open, 1);
	CHECK_EQ(w.house->streams.half_open, 0);
	CHECK_EQ(w.house->streams.pool.used, 1);
	CHECK_EQ(w.house->payload.used, 0);
	CHECK(guest_send(&g, &c, (const uint8_t *)"and here", 8));
	guest_talk(&g);
	CHECK_EQ(c.in.len, 18);
	done();
}

static void three_hundred_syns_and_resets_use_nothing_up(void **state)
{
	static struct guest_conn d;

	(void)state;
	world();
	for (int i = 0; i < 300; i++) {
		guest_conn_init(&g, &d, &far4, 80);
		guest_syn(&g, &d);
		guest_talk(&g);
		guest_segment(&g, &d, WEIR_TCP_RST, NULL, 0);
		guest_talk(&g);
		guest_conn_fini(&g, &d);
	}
	CHECK_EQ(w.house->streams.pool.used, 0);
	CHECK_EQ(w.n_open, 0);
	CHECK(guest_connect(&g, &c, &far4, 80));
	done();
}

/* --- payload memory --- */

static void without_payload_memory_up_bytes_wait_at_the_guest(void **state)
{
	static struct guest_conn d[4];
	struct twin_sock *s[4];
	static uint8_t bytes[65536];

	(void)state;
	twin_init(&w);
	w.charter.payload_bytes = 4u * WEIR_CHUNK_BYTES;
	begin();
	for (unsigned i = 0; i < 4; i++) {
		CHECK(guest_connect(&g, &d[i], &far4, (uint16_t)(80 + i)));
		s[i] = twin_find(&w, (uint16_t)(80 + i));
		twin_tcp_takes(&w, s[i], 0);
	}
	guest_fill(bytes, 0, sizeof(bytes));
	for (unsigned i = 0; i < 4; i++) {
		guest_segment(&g, &d[i], WEIR_TCP_ACK, bytes, 32000);
		guest_talk(&g);
	}
	CHECK(w.house->payload.used <= 4);
	for (unsigned i = 0; i < 4; i++)
		twin_tcp_takes(&w, s[i], TWIN_EVER);
	guest_pass_ms(&g, 1000);
	for (unsigned i = 0; i < 4; i++) {
		uint32_t got = d[i].acked - d[i].iss - 1;

		CHECK_EQ(s[i]->up.len, got);
		d[i].seq = d[i].acked; /* what was not taken comes again */
		CHECK(guest_send(&g, &d[i], bytes + got, 65536 - got));
		guest_pass_ms(&g, 500);
		CHECK_EQ(s[i]->up.len, 65536);
		CHECK(guest_is_filled(s[i]->up.b, 0, 65536));
	}
	done();
}

/*
 * One flow holds all payload memory; another has bytes to read and waits.
 * When the first ends the other must go on without any further event.
 */
static void
a_flow_that_waits_for_memory_goes_on_when_there_is_some(void **state)
{
	static struct guest_conn hog, poor;
	struct twin_sock *s;

	(void)state;
	twin_init(&w);
	w.charter.payload_bytes = WEIR_CHUNK_BYTES;
	begin();
	CHECK(guest_connect(&g, &poor, &far4, 81));
	CHECK(guest_connect(&g, &hog, &far4, 80));
	hog.greedy = false;
	guest_fill(big, 0, 8000);
	twin_tcp_gives(&w, twin_find(&w, 80), big, 8000);
	guest_talk(&g);
	CHECK_EQ(hog.in.len, 8000);
	CHECK_EQ(w.house->payload.used, 1);
	s = twin_find(&w, 81);
	twin_tcp_gives(&w, s, "poor", 4);
	guest_talk(&g);
	CHECK_EQ(poor.in.len, 0);
	guest_segment(&g, &hog, WEIR_TCP_RST | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK_EQ(poor.in.len, 4);
	done();
}

/* --- nobody there, and denied --- */

static void
a_segment_of_no_flow_is_reset_and_a_reset_is_not_answered(void **state)
{
	(void)state;
	world();
	guest_conn_init(&g, &c, &far4, 80);
	c.seq = 500;
	c.ack = 700;
	guest_segment(&g, &c, WEIR_TCP_ACK, (const uint8_t *)"x", 1);
	guest_talk(&g);
	CHECK(c.rsts == 1 && c.rst_seq == 700);
	guest_segment(&g, &c, WEIR_TCP_RST, NULL, 0);
	guest_segment(&g, &c, WEIR_TCP_RST | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK_EQ(c.rsts, 1);
	CHECK_EQ(counted(WEIR_REASON_NO_FLOW), 3);
	CHECK_EQ(w.house->streams.pool.used, 0);
	done();
}

/* --- the gateway --- */

static void gateway_world(enum twin_how how4, int err4, bool echo6)
{
	twin_init(&w);
	w.policy[w.n_policy++] = "allow host";
	w.rule[0] = (struct twin_rule){ .to = weir_addr_from4(0x7f000001),
					.how = how4,
					.err = err4 };
	w.rule[1] = (struct twin_rule){ .to = { .b = { [15] = 1 } },
					.echo = echo6 };
	w.n_rules = 2;
	begin();
}

static void the_gateway_is_the_loopback(void **state)
{
	struct twin_sock *s;

	(void)state;
	gateway_world(TWIN_ACCEPT, 0, false);
	CHECK(guest_connect(&g, &c, &w.charter.gateway4, 80));
	s = twin_find(&w, 80);
	CHECK_EQ(weir_addr_to4(&s->to), 0x7f000001);
	guest_conn_fini(&g, &c);
	CHECK(guest_connect(&g, &c, &w.charter.gateway6, 81));
	s = twin_find(&w, 81);
	CHECK(s->to.b[15] == 1 && s->to.b[0] == 0 && s->to.b[10] == 0);
	done();
}

static void the_gateway_falls_back(enum twin_how how)
{
	struct twin_sock *s;

	gateway_world(how, -ECONNREFUSED, false);
	CHECK(guest_connect(&g, &c, &w.charter.gateway4, 80));
	s = twin_find(&w, 80);
	CHECK(s && s->to.b[15] == 1 && !weir_addr_is4(&s->to));
	/* the second dial is a connection like any other: its end is FIN */
	twin_tcp_gives(&w, s, "hello", 5);
	twin_tcp_ends(&w, s);
	guest_talk(&g);
	CHECK_EQ(c.in.len, 5);
	CHECK(!c.rst);
	CHECK(c.fin);
	done();
}

static void the_gateway_falls_back_to_the_other_family(void **state)
{
	(void)state;
	the_gateway_falls_back(TWIN_FAIL_LATER);
}

static void the_gateway_falls_back_when_connect_itself_fails(void **state)
{
	(void)state;
	the_gateway_falls_back(TWIN_FAIL_NOW);
}

static void a_port_of_the_gateway_that_both_refuse_is_refused(void **state)
{
	static const int err6[] = { -ECONNREFUSED, -EADDRNOTAVAIL,
				    -EAFNOSUPPORT, -ENETUNREACH };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		twin_init(&w);
		w.policy[w.n_policy++] = "allow host";
		w.rule[0] =
			(struct twin_rule){ .to = weir_addr_from4(0x7f000001),
					    .how = TWIN_FAIL_LATER,
					    .err = -ECONNREFUSED };
		w.rule[1] = (struct twin_rule){ .how = TWIN_FAIL_NOW,
						.err = err6[i] };
		w.n_rules = 2;
		begin();
		CHECK(!guest_connect(&g, &c, &w.charter.gateway4, 80));
		CHECK(c.rst && !c.unreachable);
		CHECK_EQ(counted(WEIR_REASON_REFUSED), 1);
		CHECK_EQ(w.n_open, 0);
		done();
	}
}

/* The error of the first socket must not cling to the second. */
static void after_the_fallback_a_full_window_is_no_reset(void **state)
{
	struct twin_sock *s;

	(void)state;
	gateway_world(TWIN_FAIL_LATER, -ECONNREFUSED, false);
	CHECK(guest_connect(&g, &c, &w.charter.gateway4, 80));
	s = twin_find(&w, 80);
	c.window = 0;
	guest_segment(&g, &c, WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	twin_tcp_gives(&w, s, "wait", 4);
	guest_pass_ms(&g, 500);
	CHECK(!c.rst);
	c.window = 1000;
	guest_segment(&g, &c, WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK(!c.rst && c.in.len == 4);
	done();
}

/* --- the end --- */

static void stop_resets_every_flow_on_both_sides(void **state)
{
	static struct guest_conn d[4];
	struct twin_sock *s[4];
	const char *why;

	(void)state;
	twin_init(&w);
	w.rule[0] = (struct twin_rule){ .port = 83, .how = TWIN_SILENT };
	w.n_rules = 1;
	begin();
	for (unsigned i = 0; i < 3; i++) {
		CHECK(guest_connect(&g, &d[i], &far4, (uint16_t)(80 + i)));
		s[i] = twin_find(&w, (uint16_t)(80 + i));
	}
	guest_conn_init(&g, &d[3], &far4, 83);
	guest_syn(&g, &d[3]);
	guest_segment(&g, &d[1], WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
	guest_fill(big, 0, 500000);
	d[2].greedy = false;
	guest_talk(&g);
	twin_tcp_gives(&w, s[2], big, 500000);
	twin_order(&w, WEIR_MSG_STOP, "", 0);
	twin_step(&w);
	guest_hear(&g);
	for (unsigned i = 0; i < 4; i++)
		CHECK(d[i].rst);
	for (unsigned i = 0; i < 3; i++)
		CHECK(!s[i]->open && s[i]->hard == (i != 1)); /* 1 has ended */
	CHECK(w.over);
	CHECK_EQ(w.status, 0);
	pthread_join(w.thread, NULL);
	why = twin_settle(&w);
	guest_fini(&g);
	if (why)
		fail_msg("%s", why);
}

T_MAIN(T(a_new_syn_in_time_wait_is_served),
       T(half_open_is_limited_in_time_wait_as_well),
       T(time_wait_makes_room_when_flows_run_out),
       T(at_the_limit_of_flows_new_ones_are_reset_and_old_ones_live),
       T(without_descriptors_new_flows_are_reset_and_old_ones_live),
       T(a_flood_of_syns_into_silence_uses_nothing_up),
       T(three_hundred_syns_and_resets_use_nothing_up),
       T(without_payload_memory_up_bytes_wait_at_the_guest),
       T(a_flow_that_waits_for_memory_goes_on_when_there_is_some),
       T(a_segment_of_no_flow_is_reset_and_a_reset_is_not_answered),
       T(the_gateway_is_the_loopback),
       T(the_gateway_falls_back_to_the_other_family),
       T(the_gateway_falls_back_when_connect_itself_fails),
       T(a_port_of_the_gateway_that_both_refuse_is_refused),
       T(after_the_fallback_a_full_window_is_no_reset),
       T(stop_resets_every_flow_on_both_sides))
