/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_doors_grams.c - published UDP ports through the whole engine
 *
 * A client's datagrams come to the door's socket of the twin, and what that
 * socket sent is what clients got.
 */
#include "scene.h"

#define DOOR  5353
#define GUEST 7777
#define PORT  51000 /* of a client */

static const struct weir_addr other4 = {
	.b = { [10] = 0xff, 0xff, 93, 184, 1, 77 }
};

static struct weir_charter_door udp_door(uint32_t id, bool v6)
{
	return (struct weir_charter_door){
		.id = id,
		.udp = true,
		.bind = v6 ? (struct weir_addr){ .b = { 0 } }
			   : weir_addr_from4(0),
		.port = (uint16_t)(DOOR + id),
		.guest_port = GUEST,
	};
}

static struct twin_sock *publish(uint32_t id, bool v6, bool preserve)
{
	struct weir_charter_door door = udp_door(id, v6);
	struct twin_sock *s;

	door.preserve_source = preserve;
	s = twin_door(&w, &door);
	twin_step(&w);
	CHECK(s && s->watched);
	return s;
}

static struct weir_addr gw; /* the gateway, as the last door's clients are */

/* A house with one door: DOOR of that family. */
static struct twin_sock *one_door(bool v6)
{
	world();
	gw = v6 ? w.charter.gateway6 : w.charter.gateway4;
	return publish(0, v6, false);
}

/* From a client; the guest hears it. */
static void ask(struct twin_sock *door, const struct weir_addr *from,
		uint16_t port, const char *text)
{
	twin_gives_gram(&w, door, from, port, text, strlen(text), 0);
	guest_talk(&g);
}

/* From the guest, to whom it heard. */
static void answer(const struct weir_addr *to, uint16_t port, const char *text)
{
	static struct guest_frame f;

	guest_udp_frame(&g, &(struct guest_ip){ .to = *to }, GUEST, port,
			(const uint8_t *)text, strlen(text), &f);
	guest_put(&g, &f);
	guest_talk(&g);
}

/* The last that a client got. */
static bool got(const struct twin_sock *door, unsigned n,
		const struct weir_addr *to, uint16_t port, const char *text)
{
	const struct twin_gram *m = door->sent.last;

	return door->sent.n == n && m && m->port == port &&
	       m->len == strlen(text) && memcmp(m->b, text, m->len) == 0 &&
	       weir_addr_is_equal(&m->addr, to);
}

static bool heard(unsigned n, const struct weir_addr *from, uint16_t port,
		  const char *text)
{
	const struct twin_gram *m = g.grams.last;

	return g.grams.n == n && m && m->port == port &&
	       m->len == strlen(text) && memcmp(m->b, text, m->len) == 0 &&
	       weir_addr_is_equal(&m->addr, from) && g.gram_dport == GUEST;
}

static void a_client_is_answered_through_the_door(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		const struct weir_addr *from = v6 ? &far6 : &far4;
		struct twin_sock *door;

		door = one_door(v6);
		for (unsigned i = 1; i < 4; i++) {
			ask(door, from, PORT, "ping");
			CHECK(heard(i, &gw, PORT, "ping"));
			answer(&gw, PORT, "pong!");
			CHECK(got(door, i, from, PORT, "pong!"));
		}
		CHECK_EQ(w.n_open, 2); /* the door and the reserve */
		CHECK_EQ(twin_summary(&w).udp_down, 3);
		CHECK_EQ(twin_summary(&w).udp_up, 3);
		CHECK_EQ(g.errors, 0);
		done();
	}
}

static void empty_datagrams_pass(void **state)
{
	struct twin_sock *door;

	(void)state;
	door = one_door(false);
	ask(door, &far4, PORT, "");
	CHECK(heard(1, &w.charter.gateway4, PORT, ""));
	answer(&w.charter.gateway4, PORT, "");
	CHECK(got(door, 1, &far4, PORT, ""));
	done();
}

static void two_clients_with_one_port_are_told_apart(void **state)
{
	struct twin_sock *door;

	(void)state;
	door = one_door(false);
	ask(door, &far4, PORT, "one");
	CHECK(heard(1, &gw, PORT, "one"));
	ask(door, &other4, PORT, "two");
	CHECK(heard(2, &gw, PORT + 1, "two"));
	ask(door, &far4, PORT, "three");
	CHECK(heard(3, &gw, PORT, "three"));
	answer(&gw, PORT + 1, "for two");
	CHECK(got(door, 1, &other4, PORT, "for two"));
	answer(&gw, PORT, "for one");
	CHECK(got(door, 2, &far4, PORT, "for one"));
	done();
}

/* The same client at two doors to one port of the guest. */
static void two_doors_are_told_apart(void **state)
{
	struct twin_sock *door[2];

	(void)state;
	door[0] = one_door(false);
	door[1] = publish(1, false, false);
	ask(door[0], &far4, PORT, "a");
	ask(door[1], &far4, PORT, "b");
	CHECK(heard(2, &gw, PORT + 1, "b"));
	answer(&gw, PORT, "A");
	answer(&gw, PORT + 1, "B");
	CHECK(got(door[0], 1, &far4, PORT, "A"));
	CHECK(got(door[1], 1, &far4, PORT, "B"));
	done();
}

static void preserve_source_shows_the_client_where_it_can(void **state)
{
	static const struct {
		uint8_t a[16];
		bool six, shown;
	} row[] = {
		{ { 93, 184, 1, 2 }, false, true },
		{ { 127, 0, 0, 1 }, false, false },
		{ { 169, 254, 9, 9 }, false, false },
		{ { 10, 0, 2, 99 }, false, false },
		{ { 0x26, 0x06, [15] = 9 }, true, true },
		{ { [15] = 1 }, true, false },
		{ { 0xfd, 1, [15] = 99 }, true, false },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_addr from = weir_addr_from4(0), see;
		struct twin_sock *door;

		memcpy(from.b + (row[i].six ? 0 : 12), row[i].a,
		       row[i].six ? 16 : 4);
		world();
		see = row[i].six ? w.charter.gateway6 : w.charter.gateway4;
		if (row[i].shown)
			see = from;
		door = publish(0, row[i].six, true);
		ask(door, &from, PORT, "x");
		if (!heard(1, &see, PORT, "x"))
			fail_msg("row %u", i);
		answer(&see, PORT, "y");
		if (!got(door, 1, &from, PORT, "y"))
			fail_msg("row %u: no answer", i);
		done();
	}
}

/* What the guest sends to port 53 is a question to Weir, not an answer. */
static void a_client_from_port_53_is_answered_too(void **state)
{
	(void)state;
	for (int keep = 0; keep < 2; keep++) {
		const struct weir_addr *see;
		struct twin_sock *door;

		world();
		see = keep ? &far4 : &w.charter.gateway4;
		door = publish(0, false, keep);
		ask(door, &far4, 53, "x");
		CHECK_EQ(g.grams.n, 1);
		CHECK(weir_addr_is_equal(&g.grams.last->addr, see));
		answer(see, g.grams.last->port, "y");
		CHECK(got(door, 1, &far4, 53, "y"));
		CHECK_EQ(counted(WEIR_REASON_DNS_FORM), 0);
		done();
	}
}

/* Nor is what it sends to the gateway's port of DHCP. */
static void a_client_from_a_port_of_dhcp_is_answered_too(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		const struct weir_addr *from = v6 ? &far6 : &far4;
		uint16_t port = v6 ? 547 : 67;
		struct twin_sock *door;

		door = one_door(v6);
		ask(door, from, port, "x");
		CHECK_EQ(g.grams.n, 1);
		answer(&gw, g.grams.last->port, "y");
		CHECK(got(door, 1, from, port, "y"));
		done();
	}
}

static void silence_ends_a_conversation(void **state)
{
	struct twin_sock *door;
	uint64_t wakes;

	(void)state;
	door = one_door(false);
	ask(door, &far4, PORT, "x");
	guest_pass_ms(&g, WEIR_UDP_IDLE_MS - 500);
	answer(&gw, PORT, "y"); /* either way counts */
	guest_pass_ms(&g, WEIR_UDP_IDLE_MS - 500);
	CHECK_EQ(weir_pool_used(&w.house->doors.clients), 1);
	ask(door, &far4, PORT, "x");
	CHECK(heard(2, &gw, PORT, "x"));
	guest_pass_ms(&g, WEIR_UDP_IDLE_MS - 500);
	CHECK_EQ(weir_pool_used(&w.house->doors.clients), 1);
	guest_pass_ms(&g, 1500);
	CHECK_EQ(weir_pool_used(&w.house->doors.clients), 0);
	/* an answer that is too late is for the gateway itself: refused */
	answer(&gw, PORT, "late");
	CHECK(got(door, 1, &far4, PORT, "y"));
	CHECK(g.errors == 1 && counted(WEIR_REASON_DEFAULT) == 1);
	wakes = w.wakes;
	twin_pass_us(&w, 1000000ull * 60);
	CHECK_EQ(w.wakes, wakes);
	ask(door, &far4, PORT, "again");
	CHECK(heard(3, &gw, PORT, "again"));
	done();
}

static void too_many_clients_are_not_served_and_old_ones_live(void **state)
{
	struct weir_addr from;
	struct twin_sock *door;
	uint32_t i;

	(void)state;
	door = one_door(false);
	ask(door, &far4, PORT, "first");
	w.drop_frames = true;
	for (i = 1; i < WEIR_DOOR_CLIENTS_MAX; i++) {
		from = weir_addr_from4(0x5db90000 + i);
		twin_gives_gram(&w, door, &from, (uint16_t)(2000 + i), "x", 1,
				0);
	}
	twin_step(&w);
	CHECK_EQ(weir_pool_used(&w.house->doors.clients),
		 WEIR_DOOR_CLIENTS_MAX);
	CHECK_EQ(counted(WEIR_REASON_LIMIT_UDP), 0);
	w.drop_frames = false;
	for (i = 0; i < 10; i++) {
		from = weir_addr_from4(0x5dba0000 + i);
		ask(door, &from, PORT, "x");
	}
	CHECK_EQ(counted(WEIR_REASON_LIMIT_UDP), 10);
	CHECK_EQ(g.grams.n, 1);
	ask(door, &far4, PORT, "second");
	CHECK(heard(2, &gw, PORT, "second"));
	answer(&gw, PORT, "y");
	CHECK(got(door, 1, &far4, PORT, "y"));
	/* all but that one have been silent by then */
	guest_pass_ms(&g, WEIR_UDP_IDLE_MS + 2000);
	CHECK_EQ(weir_pool_used(&w.house->doors.clients), 0);
	ask(door, &other4, PORT, "third");
	CHECK(heard(3, &gw, PORT, "third"));
	done();
}

static void where_64_ports_are_taken_a_client_is_not_served(void **state)
{
	struct twin_sock *door;

	(void)state;
	door = one_door(false);
	for (uint32_t i = 0; i < 66; i++) {
		struct weir_addr from = weir_addr_from4(0x5db90000 + i);

		ask(door, &from, PORT, "x");
	}
	CHECK_EQ(g.grams.n, 65); /* its own, and 64 more */
	CHECK_EQ(g.grams.last->port, PORT + 64);
	CHECK_EQ(counted(WEIR_REASON_LIMIT_UDP), 1);
	done();
}

/* The guest asked a server of the host at that port: its answers are those. */
static void a_port_where_the_guest_is_a_client_is_not_a_clients(void **state)
{
	const struct weir_addr loop = weir_addr_from4(0x7f000001);
	struct twin_sock *door, *s;

	(void)state;
	twin_init(&w);
	w.policy[w.n_policy++] = "allow host";
	begin();
	gw = w.charter.gateway4;
	door = publish(0, false, false);
	answer(&gw, PORT, "question");
	s = twin_find_kind(&w, TWIN_UDP);
	CHECK(s != door && s->sent.n == 1);
	ask(door, &far4, PORT, "x");
	CHECK_EQ(g.grams.n, 0);
	CHECK_EQ(counted(WEIR_REASON_LIMIT_UDP), 1);
	twin_gives_gram(&w, s, &loop, PORT, "answer", 6, 0);
	guest_talk(&g);
	CHECK(heard(1, &gw, PORT, "answer"));
	answer(&gw, PORT, "thanks");
	CHECK(s->sent.n == 2 && door->sent.n == 0);
	done();
}

static void an_error_at_the_door_does_not_close_it(void **state)
{
	struct twin_sock *door;

	(void)state;
	door = one_door(false);
	twin_gives_gram(&w, door, &far4, 1, "", 0, -ECONNREFUSED);
	ask(door, &far4, PORT, "x");
	CHECK(heard(1, &gw, PORT, "x"));
	w.post_err = -EAGAIN;
	answer(&gw, PORT, "lost");
	CHECK_EQ(counted(WEIR_REASON_LIMIT_UDP), 1);
	CHECK_EQ(door->sent.n, 0);
	w.post_err = 0;
	answer(&gw, PORT, "y");
	CHECK(got(door, 1, &far4, PORT, "y"));
	done();
}

static void large_datagrams_pass_both_ways(void **state)
{
	static uint8_t b[65507];
	static struct guest_frame f;
	struct twin_sock *door;

	(void)state;
	twin_init(&w);
	w.charter.mtu = WEIR_MTU_MAX;
	begin();
	door = publish(0, false, false);
	guest_fill(b, 0, sizeof(b));
	twin_gives_gram(&w, door, &far4, PORT, b, 65000, 0);
	guest_talk(&g);
	CHECK(g.grams.n == 1 && g.grams.last->len == 65000);
	CHECK(guest_is_filled(g.grams.last->b, 0, 65000));
	twin_gives_gram(&w, door, &far4, PORT, b, sizeof(b), 0);
	guest_talk(&g);
	CHECK_EQ(g.fragments, 2);
	guest_udp_frame(&g, &(struct guest_ip){ .to = w.charter.gateway4 },
			GUEST, PORT, b, 65000, &f);
	guest_put(&g, &f);
	guest_talk(&g);
	CHECK(door->sent.n == 1 && door->sent.last->len == 65000);
	CHECK(guest_is_filled(door->sent.last->b, 0, 65000));
	done();
}

static void a_storm_of_datagrams_is_taken_64_a_turn(void **state)
{
	struct twin_sock *door;

	(void)state;
	door = one_door(false);
	w.drop_frames = true;
	for (unsigned i = 0; i < 6400; i++)
		twin_gives_gram(&w, door, &far4, PORT, "x", 1, 0);
	twin_step(&w);
	CHECK_EQ(door->come.n, 0);
	CHECK_EQ(twin_summary(&w).udp_down, 6400);
	CHECK_EQ(w.takes_most, 64);
	done();
}

static void a_door_that_is_closed_forgets_its_clients(void **state)
{
	struct twin_sock *door, *other;

	(void)state;
	door = one_door(false);
	other = publish(1, false, false);
	ask(door, &far4, PORT, "x");
	ask(other, &other4, 2000, "x");
	CHECK_EQ(weir_pool_used(&w.house->doors.clients), 2);
	twin_undoor(&w, 0);
	twin_step(&w);
	CHECK(!door->open && other->open);
	CHECK_EQ(weir_pool_used(&w.house->doors.clients), 1);
	answer(&gw, PORT, "y");
	CHECK(g.errors == 1 && counted(WEIR_REASON_DEFAULT) == 1);
	answer(&gw, 2000, "z");
	CHECK(got(other, 1, &other4, 2000, "z"));
	/* another takes its place, and none of its conversations */
	door = publish(2, false, false);
	answer(&gw, PORT, "y");
	CHECK_EQ(door->sent.n, 0);
	ask(door, &far4, PORT, "x");
	CHECK(heard(3, &gw, PORT, "x"));
	done();
}

/* --- the policy --- */

static void a_client_that_is_denied_is_not_heard(void **state)
{
	struct twin_sock *door;

	(void)state;
	twin_init(&w);
	w.policy[w.n_policy++] = "deny in udp 93.184.1.77:7777";
	begin();
	door = publish(0, false, false);
	ask(door, &other4, PORT, "x");
	ask(door, &other4, PORT, "x");
	CHECK_EQ(g.grams.n, 0);
	CHECK_EQ(counted(WEIR_REASON_RULE), 2);
	CHECK_EQ(weir_pool_used(&w.house->doors.clients), 0);
	ask(door, &far4, PORT, "y");
	CHECK(heard(1, &w.charter.gateway4, PORT, "y"));
	done();
}

static void a_client_that_is_denied_later_is_heard_no_more(void **state)
{
	struct twin_sock *door;

	(void)state;
	door = one_door(false);
	ask(door, &far4, PORT, "a");
	ask(door, &other4, 2000, "b");
	CHECK_EQ(g.grams.n, 2);
	w.policy[w.n_policy++] = "deny in 93.184.1.77";
	twin_policy(&w);
	guest_talk(&g);
	CHECK_EQ(weir_pool_used(&w.house->doors.clients), 1);
	CHECK_EQ(counted(WEIR_REASON_POLICY_CHANGED), 1);
	ask(door, &other4, 2000, "b");
	CHECK_EQ(g.grams.n, 2);
	answer(&gw, 2000, "B"); /* for the gateway itself: refused */
	CHECK(door->sent.n == 0 && g.errors == 1);
	answer(&gw, PORT, "A");
	CHECK(got(door, 1, &far4, PORT, "A"));
	done();
}

static void a_rate_counts_what_comes_through_a_door(void **state)
{
	struct twin_sock *door;

	(void)state;
	twin_init(&w);
	w.charter.down = (struct weir_charter_rate){ .packets_per_s = 10 };
	begin();
	w.drop_frames = true;
	door = publish(0, false, false);
	for (unsigned i = 0; i < 1000; i++)
		twin_gives_gram(&w, door, &far4, PORT, "x", 1, 0);
	twin_step(&w);
	CHECK(twin_summary(&w).udp_down < 100);
	CHECK_EQ(counted(WEIR_REASON_LIMIT_RATE) + twin_summary(&w).udp_down,
		 1000);
	done();
}

T_MAIN(T(a_client_is_answered_through_the_door), T(empty_datagrams_pass),
       T(two_clients_with_one_port_are_told_apart), T(two_doors_are_told_apart),
       T(preserve_source_shows_the_client_where_it_can),
       T(a_client_from_port_53_is_answered_too),
       T(a_client_from_a_port_of_dhcp_is_answered_too),
       T(silence_ends_a_conversation),
       T(too_many_clients_are_not_served_and_old_ones_live),
       T(where_64_ports_are_taken_a_client_is_not_served),
       T(a_port_where_the_guest_is_a_client_is_not_a_clients),
       T(an_error_at_the_door_does_not_close_it),
       T(large_datagrams_pass_both_ways),
       T(a_storm_of_datagrams_is_taken_64_a_turn),
       T(a_door_that_is_closed_forgets_its_clients),
       T(a_client_that_is_denied_is_not_heard),
       T(a_client_that_is_denied_later_is_heard_no_more),
       T(a_rate_counts_what_comes_through_a_door))
