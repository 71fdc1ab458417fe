/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_doors.c - published TCP ports through the whole engine
 *
 * Who comes in, whom the guest sees, and how it ends; see test_doors_limits.c
 * for what runs out.
 */
#include "doorway.h"

static uint8_t big[200000];

static bool is_from(const struct guest_conn *conn, const struct weir_addr *a,
		    uint16_t port)
{
	return conn->syns == 1 && conn->fport == port &&
	       weir_addr_is_equal(&conn->far, a);
}

/* --- who is seen --- */

static void
a_client_reaches_the_guest_as_the_gateway_with_its_port(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		const struct weir_addr *from = v6 ? &far6 : &far4;
		struct twin_sock *door, *s;

		world();
		door = publish(0, v6, false);
		guest_listen(&g, &c, GUEST, true);
		twin_calls(&w, door, from, PORT, "GET /", 5);
		guest_talk(&g);
		CHECK(is_from(&c,
			      v6 ? &w.charter.gateway6 : &w.charter.gateway4,
			      PORT));
		CHECK(weir_addr_is_equal(&c.from, v6 ? &w.charter.guest6
						     : &w.charter.guest4));
		CHECK(c.in.len == 5 && memcmp(c.in.b, "GET /", 5) == 0);
		s = twin_find(&w, PORT);
		guest_segment(&g, &c, WEIR_TCP_ACK, (const uint8_t *)"200", 3);
		guest_talk(&g);
		CHECK(s->up.len == 3 && memcmp(s->up.b, "200", 3) == 0);
		CHECK_EQ(w.dials, 0);
		CHECK_EQ(twin_summary(&w).tcp_opened, 1);
		done();
	}
}

/* Without IPv6 in the guest its clients come over IPv4. */
static void a_door_of_ipv6_leads_to_a_guest_of_ipv4(void **state)
{
	struct twin_sock *door;

	(void)state;
	twin_init(&w);
	w.charter.has6 = false;
	begin();
	door = publish(0, true, true);
	guest_listen(&g, &c, GUEST, true);
	twin_calls(&w, door, &far6, PORT, NULL, 0);
	guest_talk(&g);
	CHECK(is_from(&c, &w.charter.gateway4, PORT));
	done();
}

static void a_port_that_is_taken_gives_way_to_the_next(void **state)
{
	static const struct {
		uint16_t port, then;
	} row[] = { { PORT, PORT + 1 }, { 65535, 1024 }, { 700, 1024 } };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct twin_sock *door;

		world();
		door = publish(0, false, false);
		for (uint32_t k = 0; k < 2; k++) {
			struct weir_addr from = weir_addr_from4(0x5db80100 + k);

			guest_listen(&g, &d[k], GUEST, true);
			twin_calls(&w, door, &from, row[i].port, "x", 1);
			guest_talk(&g);
		}
		CHECK(is_from(&d[0], &w.charter.gateway4, row[i].port));
		CHECK(is_from(&d[1], &w.charter.gateway4, row[i].then));
		CHECK(d[0].in.len == 1 && d[1].in.len == 1);
		done();
	}
}

/* Port 53 is DNS for who dials it, not for who answers. */
static void a_client_may_come_from_port_53(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	guest_listen(&g, &c, GUEST, true);
	twin_calls(&w, publish(0, false, false), &far4, 53, "question", 8);
	guest_talk(&g);
	CHECK(is_from(&c, &w.charter.gateway4, 53) && c.in.len == 8);
	s = twin_find(&w, 53);
	guest_segment(&g, &c, WEIR_TCP_ACK, (const uint8_t *)"answer", 6);
	guest_talk(&g);
	CHECK(s->up.len == 6 && !c.rst);
	done();
}

static void where_64_ports_are_taken_a_client_is_reset(void **state)
{
	struct twin_sock *door;

	(void)state;
	world();
	door = publish(0, false, false);
	for (uint32_t k = 0; k < 65; k++) {
		struct weir_addr from = weir_addr_from4(0x5db80100 + k);

		guest_listen(&g, &d[k], GUEST, true);
		twin_calls(&w, door, &from, PORT, "x", 1);
		guest_talk(&g);
		CHECK_EQ(d[k].syns, k < 64);
	}
	for (uint32_t k = 0; k < 64; k++)
		CHECK_EQ(d[k].fport, PORT + k);
	CHECK_EQ(counted(WEIR_REASON_LIMIT_FLOWS), 1);
	CHECK_EQ(twin_summary(&w).tcp_now, 64);
	/* those who are there live on; one that leaves makes room */
	guest_segment(&g, &d[0], WEIR_TCP_RST | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	guest_conn_fini(&g, &d[0]);
	twin_calls(&w, door, &far4, PORT, NULL, 0);
	guest_talk(&g);
	CHECK(d[64].syns == 1 && d[64].fport == PORT);
	done();
}

struct shown {
	uint8_t a[16];
	bool six, shown;
};

static void preserve_source_shows_only_what_may_come_from_outside(void **state)
{
	static const struct shown row[] = {
		{ { 93, 184, 1, 2 }, false, true },
		{ { 192, 168, 5, 5 }, false, true },
		{ { 100, 64, 1, 1 }, false, true },
		{ { 127, 0, 0, 1 }, false, false },
		{ { 127, 1, 2, 3 }, false, false },
		{ { 169, 254, 9, 9 }, false, false },
		{ { 10, 0, 2, 99 }, false, false }, /* the guest's subnet */
		{ { 10, 0, 2, 15 }, false, false }, /* the guest itself */
		{ { 0, 0, 0, 0 }, false, false },
		{ { 224, 0, 0, 5 }, false, false },
		{ { 255, 255, 255, 255 }, false, false },
		{ { 0x26, 0x06, [15] = 9 }, true, true },
		{ { 0xfc, 7, [15] = 9 }, true, true },
		{ { [15] = 1 }, true, false },
		{ { 0xfe, 0x80, [15] = 9 }, true, false },
		{ { 0xfd, 1, [15] = 99 }, true, false },
		{ { 0xff, 2, [15] = 1 }, true, false },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_addr from = weir_addr_from4(0), see;

		memcpy(from.b + (row[i].six ? 0 : 12), row[i].a,
		       row[i].six ? 16 : 4);
		for (int keep = 0; keep < 2; keep++) {
			world();
			see = row[i].six ? w.charter.gateway6
					 : w.charter.gateway4;
			if (keep && row[i].shown)
				see = from;
			guest_listen(&g, &c, GUEST, true);
			twin_calls(&w, publish(0, row[i].six, keep), &from,
				   PORT, "x", 1);
			guest_talk(&g);
			if (!is_from(&c, &see, PORT) || c.in.len != 1)
				fail_msg("row %u, keep %d", i, keep);
			done();
		}
	}
}

/* IPv4 clients of a guest that is reached over IPv6, and the other way. */
static void a_client_of_the_other_family_is_the_gateway(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		world();
		guest_listen(&g, &c, GUEST, true);
		twin_calls(&w, publish(0, v6, true), v6 ? &far4 : &far6, PORT,
			   NULL, 0);
		guest_talk(&g);
		CHECK(is_from(&c,
			      v6 ? &w.charter.gateway6 : &w.charter.gateway4,
			      PORT));
		done();
	}
}

/* --- the policy --- */

static void
a_client_that_is_denied_is_reset_and_the_guest_hears_nothing(void **state)
{
	static const char *const deny[] = { "deny in 93.184.1.2",
					    "deny in tcp public:80",
					    "deny in any" };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct twin_sock *door;

		twin_init(&w);
		w.policy[w.n_policy++] = "allow in 93.184.1.77";
		w.policy[w.n_policy++] = deny[i];
		begin();
		door = publish(0, false, i == 1);
		guest_listen(&g, &c, GUEST, true);
		twin_calls(&w, door, &far4, PORT, "x", 1);
		guest_talk(&g);
		CHECK(was_reset(PORT));
		CHECK(c.syns == 0 && g.strays == 0);
		CHECK_EQ(counted(WEIR_REASON_RULE), 1);
		twin_calls(&w, door, &other4, PORT + 1, "x", 1);
		guest_talk(&g);
		CHECK(c.syns == 1 && c.in.len == 1);
		done();
	}
}

/* A client on this machine is of the class host, however it is shown. */
static void a_client_of_the_loopback_is_of_the_host(void **state)
{
	const struct weir_addr loop4 = weir_addr_from4(0x7f000001);
	const struct weir_addr loop6 = { .b = { [15] = 1 } };

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		struct twin_sock *door;

		twin_init(&w);
		w.policy[w.n_policy++] = "deny in host";
		begin();
		door = publish(0, v6, false);
		twin_calls(&w, door, v6 ? &loop6 : &loop4, PORT, "x", 1);
		twin_calls(&w, door, v6 ? &far6 : &far4, PORT + 1, "x", 1);
		guest_talk(&g);
		CHECK(was_reset(PORT) && twin_find(&w, PORT + 1));
		done();
	}
}

static void a_client_that_is_denied_later_is_reset(void **state)
{
	struct twin_sock *door, *s, *t;

	(void)state;
	world();
	door = publish(0, false, false);
	s = come(door, &c, true);
	guest_listen(&g, &d[0], GUEST, true);
	twin_calls(&w, door, &other4, PORT + 1, "x", 1);
	guest_talk(&g);
	t = twin_find(&w, PORT + 1);
	w.policy[w.n_policy++] = "deny in 93.184.1.2";
	twin_policy(&w);
	guest_talk(&g);
	CHECK(c.rst && !s->open && s->hard);
	CHECK_EQ(counted(WEIR_REASON_POLICY_CHANGED), 1);
	twin_tcp_gives(&w, t, "more", 4);
	guest_talk(&g);
	CHECK(!d[0].rst && d[0].in.len == 5);
	done();
}

/* --- the guest's answer --- */

/* tcp-66 */
static void a_guest_that_refuses_resets_the_client(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	s = come(publish(0, false, false), &c, false);
	CHECK(s->open && c.syns == 1);
	guest_segment(&g, &c, WEIR_TCP_RST | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK(!s->open && s->hard && !s->shut);
	CHECK_EQ(s->up.len, 0);
	CHECK_EQ(counted(WEIR_REASON_REFUSED), 1);
	CHECK_EQ(w.house->streams.half_open, 0);
	done();
}

static void a_guest_that_is_silent_is_called_for_30_s(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	s = come(publish(0, false, false), &c, false);
	twin_tcp_gives(&w, s, "hello", 5);
	guest_pass_ms(&g, WEIR_HALF_OPEN_MS - 100);
	CHECK_EQ(c.syns, 5);
	CHECK(s->open && s->down.at == 0);
	guest_pass_ms(&g, 200);
	CHECK(!s->open && s->hard && !s->shut);
	CHECK_EQ(counted(WEIR_REASON_TIMEOUT), 1);
	CHECK_EQ(w.house->streams.half_open, 0);
	CHECK_EQ(w.house->streams.pool.used, 0);
	done();
}

/* RFC 9293 3.5.1: it knows an older connection of the same ends. */
static void
a_guest_with_another_connection_is_told_and_called_again(void **state)
{
	struct twin_sock *s;
	uint32_t right;

	(void)state;
	world();
	s = come(publish(0, false, false), &c, false);
	right = c.ack;
	c.ack += 5000;
	guest_segment(&g, &c, WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK(c.rst && c.rst_seq == right + 5000);
	CHECK(s->open);
	CHECK_EQ(counted(WEIR_REASON_BAD_ACK), 1);
	c.rst = false;
	c.ack = right;
	guest_pass_ms(&g, 1100);
	CHECK_EQ(c.syns, 2);
	guest_segment(&g, &c, WEIR_TCP_SYN | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	twin_tcp_gives(&w, s, "hello", 5);
	guest_talk(&g);
	CHECK(!c.rst && c.in.len == 5);
	done();
}

/* --- bytes and ends --- */

static void much_passes_both_ways(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	s = come(publish(0, false, false), &c, true);
	guest_fill(big, 0, sizeof(big));
	twin_tcp_gives(&w, s, big, sizeof(big));
	CHECK(guest_send(&g, &c, big, sizeof(big)));
	guest_pass_ms(&g, 500);
	CHECK(c.in.len == sizeof(big) && guest_is_filled(c.in.b, 0, c.in.len));
	CHECK(s->up.len == sizeof(big) &&
	      guest_is_filled(s->up.b, 0, s->up.len));
	done();
}

/* tcp-67 */
static void a_client_that_half_closes_still_hears_the_guest(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	s = come(publish(0, false, false), &c, true);
	twin_tcp_gives(&w, s, "request", 7);
	twin_tcp_ends(&w, s);
	guest_talk(&g);
	CHECK(c.fin && c.in.len == 7 && !c.rst);
	guest_pass_ms(&g, 60000);
	guest_fill(big, 0, sizeof(big));
	CHECK(guest_send(&g, &c, big, sizeof(big)));
	CHECK(s->up.len == sizeof(big) && !s->shut);
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK(s->shut && !s->open && !s->hard);
	CHECK_EQ(counted(WEIR_REASON_HOST_RESET), 0);
	guest_pass_ms(&g, WEIR_TIME_WAIT_MS + 1000);
	CHECK_EQ(counted(WEIR_REASON_CLOSED), 1);
	CHECK_EQ(w.house->streams.pool.used, 0);
	done();
}

static void a_guest_that_half_closes_still_hears_the_client(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	s = come(publish(0, false, false), &c, true);
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK,
		      (const uint8_t *)"bye", 3);
	guest_talk(&g);
	CHECK(s->shut && s->up.len == 3 && s->open);
	guest_pass_ms(&g, 60000);
	guest_fill(big, 0, sizeof(big));
	twin_tcp_gives(&w, s, big, sizeof(big));
	guest_pass_ms(&g, 500);
	CHECK(c.in.len == sizeof(big) && !c.fin);
	twin_tcp_ends(&w, s);
	guest_talk(&g);
	CHECK(c.fin && !c.rst);
	CHECK(!s->open && !s->hard);
	CHECK_EQ(counted(WEIR_REASON_CLOSED), 1);
	done();
}

static void a_reset_is_passed_on_both_ways(void **state)
{
	struct twin_sock *door, *s;

	(void)state;
	world();
	door = publish(0, false, false);
	s = come(door, &c, true);
	twin_tcp_gives(&w, s, "last", 4);
	twin_tcp_resets(&w, s);
	guest_talk(&g);
	CHECK(c.rst && c.in.len == 4 && !c.fin && !s->open);
	CHECK_EQ(counted(WEIR_REASON_HOST_RESET), 1);
	guest_conn_fini(&g, &c);
	s = come(door, &c, true);
	CHECK(s->open && c.syns == 1);
	guest_segment(&g, &c, WEIR_TCP_RST | WEIR_TCP_ACK, NULL, 0);
	guest_talk(&g);
	CHECK(!s->open && s->hard && !s->shut);
	CHECK_EQ(counted(WEIR_REASON_GUEST_RESET), 1);
	done();
}

/* It has gone while the guest thinks: that is told as soon as it answers. */
static void a_client_that_leaves_before_the_answer_is_not_kept(void **state)
{
	(void)state;
	for (int how = 0; how < 2; how++) {
		struct twin_sock *s;

		world();
		s = come(publish(0, false, false), &c, false);
		if (how)
			twin_tcp_resets(&w, s);
		else
			twin_tcp_ends(&w, s);
		guest_talk(&g);
		guest_segment(&g, &c, WEIR_TCP_SYN | WEIR_TCP_ACK, NULL, 0);
		guest_talk(&g);
		CHECK(how ? c.rst && !s->open : c.fin && !c.rst && s->open);
		done();
	}
}

static void a_client_that_does_not_read_is_waited_for(void **state)
{
	struct twin_sock *s;

	(void)state;
	world();
	s = come(publish(0, false, false), &c, true);
	twin_tcp_takes(&w, s, 0);
	guest_fill(big, 0, 100000);
	for (size_t at = 0; at < 60000; at += 1000)
		guest_segment(&g, &c, WEIR_TCP_ACK, big + at, 1000);
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, NULL, 0);
	guest_pass_ms(&g, 90000);
	CHECK(s->up.len == 0 && !s->shut && s->open);
	twin_tcp_takes(&w, s, TWIN_EVER);
	guest_talk(&g);
	CHECK(s->up.len == 60000 && s->shut);
	CHECK(guest_is_filled(s->up.b, 0, 60000));
	done();
}

T_MAIN(T(a_client_reaches_the_guest_as_the_gateway_with_its_port),
       T(a_door_of_ipv6_leads_to_a_guest_of_ipv4),
       T(a_port_that_is_taken_gives_way_to_the_next),
       T(a_client_may_come_from_port_53),
       T(where_64_ports_are_taken_a_client_is_reset),
       T(preserve_source_shows_only_what_may_come_from_outside),
       T(a_client_of_the_other_family_is_the_gateway),
       T(a_client_that_is_denied_is_reset_and_the_guest_hears_nothing),
       T(a_client_of_the_loopback_is_of_the_host),
       T(a_client_that_is_denied_later_is_reset),
       T(a_guest_that_refuses_resets_the_client),
       T(a_guest_that_is_silent_is_called_for_30_s),
       T(a_guest_with_another_connection_is_told_and_called_again),
       T(much_passes_both_ways),
       T(a_client_that_half_closes_still_hears_the_guest),
       T(a_guest_that_half_closes_still_hears_the_client),
       T(a_reset_is_passed_on_both_ways),
       T(a_client_that_leaves_before_the_answer_is_not_kept),
       T(a_client_that_does_not_read_is_waited_for))
