/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_engine.c - birth, messages from control, idle, and the end
 */
#include "scene.h"

static void charter_and_link_are_answered_by_ready(void **state)
{
	(void)state;
	world();
	CHECK_EQ(w.said.n, 1);
	CHECK(said(WEIR_MSG_READY));
	done();
}

static void stop_before_the_charter_ends_it(void **state)
{
	(void)state;
	twin_init(&w);
	twin_order(&w, WEIR_MSG_STOP, "", 0);
	begin();
	CHECK(!said(WEIR_MSG_READY));
	CHECK(said(WEIR_MSG_BYE));
	w.given_fd = -1;
	ended(0);
}

static void control_that_goes_away_ends_it(void **state)
{
	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 80));
	w.control_gone = true;
	twin_step(&w);
	guest_hear(&g);
	CHECK(c.rst);
	ended(1);
}

static void a_link_that_fails_ends_it_with_a_sentence(void **state)
{
	static const int err[] = { -EIO, -EBADFD };

	(void)state;
	for (int i = 0; i < 2; i++) {
		world();
		CHECK(guest_connect(&g, &c, &far4, 80));
		w.link_err = err[i];
		twin_step(&w);
		CHECK(said(WEIR_MSG_FAILED));
		ended(1);
	}
}

static void no_memory_is_one_sentence(void **state)
{
	(void)state;
	twin_init(&w);
	w.no_memory = true;
	begin();
	CHECK(said(WEIR_MSG_FAILED));
	CHECK(!said(WEIR_MSG_READY));
	ended(1);
}

static void a_second_link_and_charter_are_not_taken(void **state)
{
	uint8_t body[WEIR_MSG_MAX_BYTES];
	struct weir_wr to = weir_wr_over(body, sizeof(body));
	struct weir_charter other;

	(void)state;
	world();
	other = w.charter;
	other.mtu = 9000;
	weir_charter_build(&other, &to);
	twin_order(&w, WEIR_MSG_LINK, "", 0);
	twin_order(&w, WEIR_MSG_CHARTER, body, weir_wr_len(&to));
	twin_step(&w);
	CHECK_EQ(w.house->charter.mtu, 1500);
	CHECK_EQ(w.said.n, 1);
	done();
}

static void messages_that_are_not_for_the_engine_are_ignored(void **state)
{
	(void)state;
	world();
	for (int k = WEIR_MSG_READY; k < WEIR_MSG_KINDS; k++)
		twin_order(&w, (enum weir_msg_kind)k, "garbage", 7);
	twin_order(&w, WEIR_MSG_UPSTREAMS, "garbage", 7);
	twin_order(&w, WEIR_MSG_ADDRESSES, "garbage", 7);
	twin_order(&w, WEIR_MSG_UPSTREAMS, "", 0);
	twin_list_put(&w.orders, "x", 1)->err = -EPROTO;
	twin_step(&w);
	CHECK(!w.over);
	CHECK_EQ(w.said.n, 1);
	CHECK(guest_connect(&g, &c, &far4, 80));
	done();
}

static void a_charter_that_cannot_be_read_is_not_waited_behind(void **state)
{
	(void)state;
	twin_init(&w);
	w.charter.mtu = 100; /* out of range */
	begin();
	CHECK(!said(WEIR_MSG_READY));
	CHECK(said(WEIR_MSG_FAILED));
	ended(1);
}

static void each_charter_that_is_valid_opens(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		twin_init(&w);
		w.charter.has6 = i & 1;
		w.charter.offload = i & 2 ? 0 : w.charter.offload;
		w.charter.mtu = i & 1   ? WEIR_MTU_IPV6_MIN
				: i & 2 ? WEIR_MTU_MIN
					: WEIR_MTU_MAX;
		w.charter.max_flows = i & 1 ? 1 : WEIR_CONNS_MAX;
		w.charter.payload_bytes = i & 2 ? WEIR_CHUNK_BYTES : 1u << 28;
		begin();
		CHECK(said(WEIR_MSG_READY));
		CHECK(guest_connect(&g, &c, &far4, 80));
		done();
	}
}

/* The least memory there can be must do for one flow at every MTU. */
static void with_one_chunk_of_payload_bytes_still_pass(void **state)
{
	static const uint32_t mtu[] = { 1500, 9000, WEIR_MTU_MAX };
	static uint8_t b[40000];
	struct twin_sock *s;

	(void)state;
	for (int i = 0; i < 3; i++) {
		twin_init(&w);
		w.charter.payload_bytes = WEIR_CHUNK_BYTES;
		w.charter.mtu = mtu[i];
		begin();
		CHECK(guest_connect(&g, &c, &far4, 80));
		s = twin_find(&w, 80);
		guest_fill(b, 0, sizeof(b));
		twin_tcp_gives(&w, s, b, sizeof(b));
		guest_pass_ms(&g, 5000);
		CHECK_EQ(c.in.len, sizeof(b));
		CHECK(guest_is_filled(c.in.b, 0, sizeof(b)));
		CHECK(guest_send(&g, &c, b, sizeof(b)));
		CHECK_EQ(s->up.len, sizeof(b));
		done();
	}
}

/* --- idle --- */

/* Answer every SYN-ACK that came; forget all frames. */
static unsigned acknowledge(void)
{
	static struct guest_frame f;
	unsigned n = 0;

	for (struct look *o = w.out; o; o = o->next) {
		const struct guest_ip ip = { .to = o->from };
		const struct weir_tcp t = { .sport = o->tcp.dport,
					    .dport = o->tcp.sport,
					    .flags = WEIR_TCP_ACK,
					    .seq = o->tcp.ack,
					    .ack = o->tcp.seq + 1,
					    .window = 1000,
					    .wscale = -1 };

		if (!(o->tcp.flags & WEIR_TCP_SYN))
			continue;
		guest_tcp_frame(&g, &ip, &t, NULL, 0, &f);
		guest_put(&g, &f);
		n++;
	}
	twin_out_clear(&w);
	twin_step(&w);
	return n;
}

/* tcp-65 */
static void ten_thousand_idle_connections_wake_nobody(void **state)
{
	static struct guest_frame f;
	unsigned opened = 0;
	uint64_t wakes;

	(void)state;
	twin_init(&w);
	w.charter.max_flows = 16384;
	begin();
	for (uint16_t i = 0; i < 10000; i++) {
		const struct weir_tcp t = { .sport = (uint16_t)(2000 + i),
					    .dport = 80,
					    .flags = WEIR_TCP_SYN,
					    .seq = i,
					    .window = 1000,
					    .wscale = -1 };

		guest_tcp_frame(&g, &(struct guest_ip){ .to = far4 }, &t, NULL,
				0, &f);
		guest_put(&g, &f);
		if (i % 250 == 249) {
			twin_step(&w);
			opened += acknowledge();
		}
	}
	CHECK_EQ(opened, 10000);
	CHECK_EQ(twin_summary(&w).tcp_now, 10000);
	CHECK_EQ(w.house->streams.half_open, 0);
	CHECK_EQ(w.house->payload.used, 0);
	twin_pass_us(&w, 40000000); /* what was armed for the handshake */
	wakes = w.wakes;
	twin_pass_us(&w, 60000000);
	CHECK_EQ(w.wakes - wakes, 0);
	done();
}

static void an_idle_network_sleeps_until_its_next_advertisement(void **state)
{
	uint64_t wakes;

	(void)state;
	world();
	guest_pass_ms(&g, 60000);
	wakes = w.wakes;
	twin_pass_us(&w, 1000000ull * 60 * 25);
	CHECK_EQ(w.wakes, wakes);
	twin_pass_us(&w, 1000000ull * 60 * 60);
	guest_hear(&g);
	CHECK(g.adverts >= 1);
	CHECK(w.wakes - wakes < 10);
	done();
}

static void two_hours_of_silence_ask_and_then_end(void **state)
{
	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 80));
	c.greedy = false;
	for (int i = 0; i < 7199 / 7; i++)
		twin_pass_us(&w, 7000000);
	guest_hear(&g);
	CHECK_EQ(c.rst, 0);
	twin_pass_us(&w, 30000000);
	guest_hear(&g);
	CHECK(c.frames >= 2); /* SYN-ACK and a question */
	twin_pass_us(&w, 1000000ull * 75 * 10);
	guest_hear(&g);
	CHECK(c.rst);
	CHECK_EQ(counted(WEIR_REASON_IDLE), 1);
	CHECK_EQ(w.n_open, 0);
	done();
}

T_MAIN(T(charter_and_link_are_answered_by_ready),
       T(stop_before_the_charter_ends_it), T(control_that_goes_away_ends_it),
       T(a_link_that_fails_ends_it_with_a_sentence),
       T(no_memory_is_one_sentence), T(a_second_link_and_charter_are_not_taken),
       T(messages_that_are_not_for_the_engine_are_ignored),
       T(a_charter_that_cannot_be_read_is_not_waited_behind),
       T(each_charter_that_is_valid_opens),
       T(with_one_chunk_of_payload_bytes_still_pass),
       T(ten_thousand_idle_connections_wake_nobody),
       T(an_idle_network_sleeps_until_its_next_advertisement),
       T(two_hours_of_silence_ask_and_then_end))
