/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_doors_limits.c - published TCP ports where something runs out, or ends
 */
#include "doorway.h"

/* --- limits --- */

static void without_descriptors_clients_are_taken_and_reset(void **state)
{
	struct twin_sock *door, *s;
	uint64_t wakes;

	(void)state;
	world();
	door = publish(0, false, false);
	s = come(door, &c, true);
	CHECK_EQ(w.n_open, 3); /* the door, the reserve, the client */
	w.max_socks = w.n_open;
	for (uint16_t i = 0; i < 300; i++)
		twin_calls(&w, door, &far4, (uint16_t)(PORT + 1 + i), "x", 1);
	wakes = w.wakes;
	guest_talk(&g);
	guest_pass_ms(&g, 1000);
	CHECK(w.wakes - wakes < 100);
	CHECK_EQ(door->come.n, 0);
	CHECK_EQ(counted(WEIR_REASON_NO_FDS), 300);
	for (uint16_t i = 0; i < 300; i++)
		CHECK(was_reset((uint16_t)(PORT + 1 + i)));
	CHECK_EQ(g.strays, 0);
	CHECK_EQ(w.n_open, 3);
	/* who is there lives on; and afterwards all is well */
	twin_tcp_gives(&w, s, "hello", 5);
	guest_talk(&g);
	CHECK_EQ(c.in.len, 5);
	w.max_socks = 100;
	guest_listen(&g, &d[0], GUEST, true);
	twin_calls(&w, door, &far4, 60000, "x", 1);
	guest_talk(&g);
	CHECK_EQ(d[0].in.len, 1);
	done();
}

/* Somebody else takes the descriptor that the reserve gave up. */
static void where_even_the_reserve_does_not_help_the_door_rests(void **state)
{
	static const int err[] = { -EMFILE, -ENFILE, -ENOMEM, -ENOBUFS };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct twin_sock *door;
		uint64_t wakes;

		world();
		door = publish(0, false, false);
		w.accept_err = err[i];
		guest_listen(&g, &c, GUEST, true);
		twin_calls(&w, door, &far4, PORT, "x", 1);
		wakes = w.wakes;
		guest_pass_ms(&g, 10000);
		/* ten times a second, and not more */
		CHECK(w.wakes - wakes >= 90 && w.wakes - wakes <= 210);
		CHECK_EQ(door->come.n, 1);
		CHECK_EQ(c.syns, 0);
		w.accept_err = 0;
		guest_pass_ms(&g, 100);
		CHECK_EQ(door->come.n, 0);
		CHECK_EQ(c.in.len, 1);
		CHECK_EQ(w.n_open, 3);
		/* and nobody wakes up for nothing any more */
		guest_pass_ms(&g, 1000);
		wakes = w.wakes;
		twin_pass_us(&w, 1000000);
		CHECK_EQ(w.wakes, wakes);
		done();
	}
}

static void a_client_that_is_gone_already_is_passed_over(void **state)
{
	struct twin_sock *door;

	(void)state;
	world();
	door = publish(0, false, false);
	for (int i = 0; i < 10; i++)
		twin_calls(&w, door, &far4, PORT, NULL, 0)->err = -ECONNABORTED;
	CHECK(come(door, &c, true));
	CHECK_EQ(c.syns, 1);
	done();
}

static void a_storm_of_clients_is_taken_64_a_turn(void **state)
{
	struct twin_sock *doors[2];
	struct guest_conn *many = calloc(1000, sizeof(*many));

	(void)state;
	assert_non_null(many);
	world();
	doors[0] = publish(0, false, false);
	doors[1] = publish(1, false, false);
	rule(TWIN_ACCEPT, 0, true);
	CHECK(guest_connect(&g, &c, &far4, 443));
	guest_segment(&g, &c, WEIR_TCP_ACK, (const uint8_t *)"ping", 4);
	for (uint16_t i = 0; i < 1000; i++) {
		guest_listen(&g, &many[i], GUEST, true);
		twin_calls(&w, doors[i & 1], &far4, (uint16_t)(2000 + i), "x",
			   1);
	}
	guest_pass_ms(&g, 100);
	CHECK_EQ(w.accepts_most, 128);
	CHECK_EQ(c.in.len, 4);
	for (unsigned i = 0; i < 1000; i++)
		CHECK(many[i].syns == 1 && many[i].in.len == 1);
	done();
	free(many);
}

static void at_the_limit_of_flows_a_client_is_reset(void **state)
{
	struct twin_sock *door;

	(void)state;
	twin_init(&w);
	w.charter.max_flows = 1;
	begin();
	door = publish(0, false, false);
	CHECK(come(door, &c, true));
	twin_calls(&w, door, &far4, PORT + 1, NULL, 0);
	guest_talk(&g);
	CHECK_EQ(counted(WEIR_REASON_LIMIT_FLOWS), 1);
	CHECK(was_reset(PORT + 1));
	CHECK_EQ(w.n_open, 3);
	guest_segment(&g, &c, WEIR_TCP_RST | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	twin_calls(&w, door, &far4, PORT + 1, NULL, 0);
	guest_talk(&g);
	CHECK(twin_find(&w, PORT + 1));
	done();
}

static void clients_of_a_silent_guest_stay_within_the_half_open(void **state)
{
	struct twin_sock *door;

	(void)state;
	twin_init(&w);
	w.charter.max_flows = 2 * WEIR_HALF_OPEN_MAX;
	begin();
	w.drop_frames = true;
	door = publish(0, false, false);
	for (uint32_t i = 0; i < WEIR_HALF_OPEN_MAX + 100; i++)
		twin_calls(&w, door, &far4, (uint16_t)(2000 + i), NULL, 0);
	twin_step(&w);
	CHECK_EQ(w.house->streams.half_open, WEIR_HALF_OPEN_MAX);
	CHECK_EQ(counted(WEIR_REASON_LIMIT_HALF_OPEN), 100);
	CHECK_EQ(w.n_open, WEIR_HALF_OPEN_MAX + 2);
	twin_pass_us(&w, WEIR_HALF_OPEN_MS * 1000ull + 100000);
	CHECK_EQ(w.house->streams.half_open, 0);
	CHECK_EQ(w.n_open, 2);
	done();
}

static void one_door_too_many_is_closed(void **state)
{
	struct twin_sock *last;

	(void)state;
	world();
	for (uint32_t i = 0; i < WEIR_DOORS_MAX; i++)
		(void)publish(i, false, false);
	CHECK_EQ(w.n_open, WEIR_DOORS_MAX + 1);
	last = twin_door(&w, &(struct weir_charter_door){
				     .id = 5000,
				     .bind = weir_addr_from4(0),
				     .port = 1,
				     .guest_port = 1 });
	twin_step(&w);
	CHECK(!last->open);
	CHECK_EQ(counted(WEIR_REASON_BIND), 1);
	/* one that goes makes room */
	twin_undoor(&w, 17);
	twin_step(&w);
	(void)publish(5001, false, false);
	CHECK_EQ(w.n_open, WEIR_DOORS_MAX + 1);
	done();
}

/* --- come and go --- */

static void
a_door_that_is_closed_is_forgotten_and_its_clients_live(void **state)
{
	struct twin_sock *door, *other, *s;

	(void)state;
	world();
	door = publish(0, false, false);
	other = publish(1, false, false);
	s = come(door, &c, true);
	twin_calls(&w, door, &far4, PORT + 1, NULL, 0);
	twin_undoor(&w, 0);
	twin_undoor(&w, 77); /* never was */
	guest_talk(&g);
	CHECK(!door->open && other->open);
	twin_tcp_gives(&w, s, "hello", 5);
	guest_talk(&g);
	CHECK_EQ(c.in.len, 5);
	twin_undoor(&w, 0);
	twin_step(&w);
	/* the place is used again, under another name */
	door = publish(9, false, false);
	twin_undoor(&w, 0);
	twin_step(&w);
	CHECK(door->open);
	guest_listen(&g, &d[0], GUEST, true);
	twin_calls(&w, door, &far4, PORT + 2, "x", 1);
	guest_talk(&g);
	CHECK_EQ(d[0].in.len, 1);
	done();
}

static void a_door_that_rests_can_be_closed(void **state)
{
	struct twin_sock *door;

	(void)state;
	world();
	door = publish(0, false, false);
	w.accept_err = -ENOMEM;
	twin_calls(&w, door, &far4, PORT, NULL, 0);
	twin_step(&w);
	twin_undoor(&w, 0);
	twin_step(&w);
	CHECK(!door->open);
	twin_pass_us(&w, 1000000);
	CHECK(!w.over && w.wrong[0] == 0);
	done();
}

static void a_message_that_is_no_door_closes_what_came_with_it(void **state)
{
	struct twin_sock *door;

	(void)state;
	world();
	door = twin_door(&w, &(struct weir_charter_door){
				     .bind = weir_addr_from4(0), .port = 1 });
	twin_step(&w); /* guest port 0 */
	CHECK(!door->open);
	door = twin_door(&w, &(struct weir_charter_door){
				     .bind = weir_addr_from4(0),
				     .port = 1,
				     .guest_port = 1 });
	w.orders.last->len--;
	twin_step(&w);
	CHECK(!door->open);
	CHECK_EQ(w.n_open, 0);
	done();
}

static void at_the_end_clients_are_reset(void **state)
{
	struct twin_sock *s, *t;

	(void)state;
	world();
	s = come(publish(0, false, false), &c, true);
	t = come(publish(1, false, false), &d[0], false);
	CHECK(s != t);
	twin_order(&w, WEIR_MSG_STOP, "", 0);
	twin_step(&w);
	guest_hear(&g);
	CHECK(w.over && s->hard && t->hard);
	CHECK(c.rst && d[0].rst);
	pthread_join(w.thread, NULL);
	CHECK(twin_settle(&w) == NULL);
	guest_fini(&g);
}

T_MAIN(T(without_descriptors_clients_are_taken_and_reset),
       T(where_even_the_reserve_does_not_help_the_door_rests),
       T(a_client_that_is_gone_already_is_passed_over),
       T(a_storm_of_clients_is_taken_64_a_turn),
       T(at_the_limit_of_flows_a_client_is_reset),
       T(clients_of_a_silent_guest_stay_within_the_half_open),
       T(one_door_too_many_is_closed),
       T(a_door_that_is_closed_is_forgotten_and_its_clients_live),
       T(a_door_that_rests_can_be_closed),
       T(a_message_that_is_no_door_closes_what_came_with_it),
       T(at_the_end_clients_are_reset))
