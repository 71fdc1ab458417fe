/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_names.c - DNS through the whole engine: UDP, TCP, upstream servers
 */
#include "dnsbits.h"
#include "scene.h"

static const struct weir_addr answer4 = {
	.b = { [10] = 0xff, 0xff, 93, 184, 216, 34 }
};

static void ask_udp(const struct weir_addr *to, uint16_t sport, uint16_t id,
		    const char *name, uint16_t type)
{
	static struct guest_frame f;
	uint8_t q[512];
	size_t len = dnsbits_ask(q, id, name, type);

	guest_udp_frame(&g, &(struct guest_ip){ .to = *to }, sport, 53, q, len,
			&f);
	guest_put(&g, &f);
}

/* The server answers the question it was asked last. */
static void server_answers(const struct weir_addr *addr, uint16_t flags)
{
	struct twin_sock *s = twin_find_kind(&w, TWIN_DNS);
	uint8_t a[512];
	size_t len;

	CHECK(s != NULL);
	len = dnsbits_answer(a, s->sent.last->b, s->sent.last->len, addr,
			     flags);
	twin_gives_gram(&w, s, &s->to, s->port, a, len, 0);
	guest_talk(&g);
}

static struct dnsbits last_reply(void)
{
	struct dnsbits d;

	CHECK(g.grams.last != NULL);
	CHECK(dnsbits_read(g.grams.last->b, g.grams.last->len, &d));
	return d;
}

/* --- UDP --- */

static void a_question_to_any_address_is_answered_from_there(void **state)
{
	const struct weir_addr to[] = { w.charter.dns4, far4, far6,
					weir_addr_from4(0x7f000001),
					weir_addr_from4(0xa9fea9fe) };
	struct dnsbits d;

	(void)state;
	world();
	for (unsigned i = 0; i < 5; i++) {
		struct weir_addr a = i ? to[i] : w.charter.dns4;
		char name[] = "a.example.org";

		name[0] = (char)('a' + i);
		ask_udp(&a, 5000, (uint16_t)(700 + i), name, WEIR_DNS_A);
		guest_talk(&g);
		CHECK_EQ(g.grams.n, i);
		server_answers(&answer4, 0);
		CHECK_EQ(g.grams.n, i + 1);
		CHECK(weir_addr_is_equal(&g.grams.last->addr, &a));
		CHECK_EQ(g.grams.last->port, 53);
		CHECK_EQ(g.gram_dport, 5000);
		d = last_reply();
		CHECK_EQ(d.id, 700 + i);
		CHECK(weir_addr_is_equal(&d.addr, &answer4));
		CHECK_EQ(w.n_open, 0);
	}
	done();
}

static void the_second_question_comes_from_the_cache(void **state)
{
	struct weir_summary s;

	(void)state;
	world();
	ask_udp(&w.charter.dns4, 5000, 1, "example.org", WEIR_DNS_A);
	guest_talk(&g);
	server_answers(&answer4, 0);
	ask_udp(&w.charter.dns6, 5001, 2, "EXAMPLE.org", WEIR_DNS_A);
	guest_talk(&g);
	CHECK_EQ(g.grams.n, 2);
	s = twin_summary(&w);
	CHECK_EQ(s.dns_sent, 1);
	CHECK_EQ(s.dns_cached, 1);
	CHECK_EQ(s.dns_questions, 2);
	done();
}

static void a_silent_server_is_followed_by_the_next(void **state)
{
	struct weir_addr first;

	(void)state;
	world();
	ask_udp(&w.charter.dns4, 5000, 1, "example.org", WEIR_DNS_A);
	guest_talk(&g);
	first = twin_find_kind(&w, TWIN_DNS)->to;
	guest_pass_ms(&g, WEIR_DNS_TIMEOUT_MS + 10);
	CHECK_EQ(w.n_open, 1);
	CHECK(!weir_addr_is_equal(&twin_find_kind(&w, TWIN_DNS)->to, &first));
	server_answers(&answer4, 0);
	CHECK_EQ(last_reply().rcode, WEIR_DNS_NOERROR);
	done();
}

static void when_every_server_is_silent_it_is_servfail(void **state)
{
	(void)state;
	world();
	ask_udp(&w.charter.dns4, 5000, 1, "example.org", WEIR_DNS_A);
	guest_pass_ms(&g, 20000);
	CHECK_EQ(last_reply().rcode, WEIR_DNS_SERVFAIL);
	CHECK_EQ(w.n_open, 0);
	done();
}

static void when_no_socket_can_be_had_it_is_servfail_at_once(void **state)
{
	static const int err[] = { -EMFILE, -ENETUNREACH, -ECONNREFUSED };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		twin_init(&w);
		w.dns_err = err[i];
		begin();
		ask_udp(&w.charter.dns4, 5000, 1, "example.org", WEIR_DNS_A);
		guest_talk(&g);
		CHECK_EQ(last_reply().rcode, WEIR_DNS_SERVFAIL);
		done();
	}
}

static void without_servers_it_is_servfail(void **state)
{
	(void)state;
	twin_init(&w);
	w.charter.n_upstreams = 0;
	begin();
	ask_udp(&w.charter.dns4, 5000, 1, "example.org", WEIR_DNS_A);
	guest_talk(&g);
	CHECK_EQ(last_reply().rcode, WEIR_DNS_SERVFAIL);
	done();
}

static void a_cut_answer_is_asked_for_by_tcp(void **state)
{
	(void)state;
	world();
	ask_udp(&w.charter.dns4, 5000, 1, "example.org", WEIR_DNS_A);
	guest_talk(&g);
	server_answers(NULL, WEIR_DNS_TC);
	CHECK_EQ(g.grams.n, 0);
	CHECK(twin_find_kind(&w, TWIN_DNS)->tcp);
	server_answers(&answer4, 0);
	CHECK_EQ(last_reply().answers, 1);
	done();
}

static void answers_to_other_questions_are_not_believed(void **state)
{
	struct twin_sock *s;
	uint8_t a[512];
	size_t len;

	(void)state;
	world();
	ask_udp(&w.charter.dns4, 5000, 1, "example.org", WEIR_DNS_A);
	guest_talk(&g);
	s = twin_find_kind(&w, TWIN_DNS);
	len = dnsbits_answer(a, s->sent.last->b, s->sent.last->len, &answer4,
			     0);
	a[0] ^= 1; /* another id */
	for (int i = 0; i < 100; i++)
		twin_gives_gram(&w, s, &s->to, 53, a, len, 0);
	guest_talk(&g);
	CHECK_EQ(g.grams.n, 0);
	CHECK_EQ(w.n_open, 1);
	a[0] ^= 1;
	twin_gives_gram(&w, s, &s->to, 53, a, len, 0);
	guest_talk(&g);
	CHECK_EQ(g.grams.n, 1);
	done();
}

static void what_is_no_question_is_counted_and_not_answered(void **state)
{
	static struct guest_frame f;
	uint8_t q[512];
	size_t len;

	(void)state;
	world();
	len = dnsbits_ask(q, 1, "example.org", WEIR_DNS_A);
	guest_udp_frame(&g, &(struct guest_ip){ .to = far4 }, 5000, 53, q, 11,
			&f);
	guest_put(&g, &f);
	q[2] |= 0x80; /* an answer */
	guest_udp_frame(&g, &(struct guest_ip){ .to = far4 }, 5000, 53, q, len,
			&f);
	guest_put(&g, &f);
	guest_udp_frame(&g, &(struct guest_ip){ .to = far4 }, 5000, 53, q, 0,
			&f);
	guest_put(&g, &f);
	guest_talk(&g);
	CHECK_EQ(g.grams.n, 0);
	CHECK_EQ(counted(WEIR_REASON_DNS_FORM), 3);
	done();
}

static void other_servers_are_asked_after_upstreams_changed(void **state)
{
	uint8_t body[512];
	struct weir_wr to = weir_wr_over(body, sizeof(body));
	struct weir_charter other;

	(void)state;
	world();
	other = w.charter;
	other.n_upstreams = 1;
	other.upstream[0] = (struct weir_charter_upstream){
		.addr = weir_addr_from4(0xc0a80963), .port = 5353
	};
	weir_charter_build_upstreams(&other, &to);
	twin_order(&w, WEIR_MSG_UPSTREAMS, body, weir_wr_len(&to));
	twin_step(&w);
	ask_udp(&w.charter.dns4, 5000, 1, "example.org", WEIR_DNS_A);
	guest_talk(&g);
	CHECK_EQ(twin_find_kind(&w, TWIN_DNS)->port, 5353);
	server_answers(&answer4, 0);
	CHECK_EQ(g.grams.n, 1);
	done();
}

/* --- TCP --- */

static size_t frame_question(uint8_t to[514], uint16_t id, const char *name)
{
	size_t len = dnsbits_ask(to + 2, id, name, WEIR_DNS_A);

	to[0] = (uint8_t)(len >> 8);
	to[1] = (uint8_t)len;
	return len + 2;
}

/* How many answers lie in what came by TCP; all whole. */
static unsigned answers_in(const struct twin_bytes *b, uint16_t *ids)
{
	struct dnsbits d;
	unsigned n = 0;

	for (size_t at = 0; at < b->len; n++) {
		size_t len;

		CHECK(at + 2 <= b->len);
		len = (size_t)b->b[at] << 8 | b->b[at + 1];
		CHECK(at + 2 + len <= b->len);
		CHECK(dnsbits_read(b->b + at + 2, len, &d));
		ids[n] = d.id;
		at += 2 + len;
	}
	return n;
}

static void
questions_by_tcp_are_answered_in_the_order_they_are_known(void **state)
{
	uint8_t q[514];
	uint16_t ids[8];
	size_t len;

	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 53));
	CHECK_EQ(w.dials, 0);
	len = frame_question(q, 1, "slow.example");
	guest_segment(&g, &c, WEIR_TCP_ACK, q, len);
	guest_talk(&g);
	len = frame_question(q, 2, "localhost");
	guest_segment(&g, &c, WEIR_TCP_ACK, q, 5);
	guest_talk(&g);
	guest_segment(&g, &c, WEIR_TCP_ACK, q + 5, len - 5);
	guest_talk(&g);
	CHECK_EQ(answers_in(&c.in, ids), 1);
	CHECK_EQ(ids[0], 2);
	server_answers(&answer4, 0);
	CHECK_EQ(answers_in(&c.in, ids), 2);
	CHECK_EQ(ids[1], 1);
	CHECK(!c.fin && !c.rst);
	done();
}

static void pipelined_questions_are_all_answered(void **state)
{
	static uint8_t all[200 * 40];
	uint16_t ids[256];
	size_t len = 0;
	uint8_t q[514];

	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &w.charter.dns6, 53));
	for (uint16_t i = 0; i < 200; i++) {
		size_t n = frame_question(q, i, "localhost");

		memcpy(all + len, q, n);
		len += n;
	}
	CHECK(guest_send(&g, &c, all, len));
	guest_pass_ms(&g, 100);
	CHECK_EQ(answers_in(&c.in, ids), 200);
	done();
}

static void a_half_close_is_answered_first_and_then_closed(void **state)
{
	uint8_t q[514];
	uint16_t ids[8];
	size_t len;

	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 53));
	len = frame_question(q, 9, "example.org");
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, q, len);
	guest_talk(&g);
	CHECK(!c.fin);
	server_answers(&answer4, 0);
	CHECK_EQ(answers_in(&c.in, ids), 1);
	CHECK(c.fin && !c.rst);
	guest_pass_ms(&g, 2100);
	CHECK_EQ(w.house->streams.pool.used, 0);
	done();
}

static void half_a_question_and_fin_is_fin(void **state)
{
	uint8_t q[514];

	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 53));
	(void)frame_question(q, 9, "example.org");
	guest_segment(&g, &c, WEIR_TCP_FIN | WEIR_TCP_ACK, q, 9);
	guest_talk(&g);
	CHECK(c.fin && !c.rst);
	done();
}

static void silence_for_30_s_is_fin(void **state)
{
	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 53));
	guest_pass_ms(&g, 29000);
	CHECK(!c.fin);
	guest_pass_ms(&g, 2000);
	CHECK(c.fin && !c.rst);
	guest_pass_ms(&g, 200000);
	CHECK_EQ(w.house->streams.pool.used, 0);
	done();
}

static void a_stream_that_is_no_dns_is_reset(void **state)
{
	static const uint8_t junk[] = { 0, 3, 'a', 'b', 'c' };

	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 53));
	guest_segment(&g, &c, WEIR_TCP_ACK, junk, sizeof(junk));
	guest_talk(&g);
	CHECK(c.rst);
	CHECK_EQ(counted(WEIR_REASON_DNS_FORM), 1);
	CHECK_EQ(w.house->streams.pool.used, 0);
	done();
}

/* A good question is answered at once, and the next one ends the flow. */
static void a_question_answered_and_junk_in_one_segment_is_reset(void **state)
{
	uint8_t q[514];
	size_t len;

	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 53));
	len = frame_question(q, 1, "localhost");
	memcpy(q + len, "\0\1x", 3);
	guest_segment(&g, &c, WEIR_TCP_ACK, q, len + 3);
	guest_talk(&g);
	CHECK(c.rst);
	CHECK_EQ(w.house->streams.pool.used, 0);
	done();
}

static void stop_with_questions_left_in_a_stream_ends_in_order(void **state)
{
	uint8_t q[514];
	size_t len;

	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 53));
	guest_fill(q, 0, sizeof(q));
	len = frame_question(q, 1, "localhost");
	/* 63 wait for the server, so that one is left when all ends */
	for (int i = 0; i < 64; i++) {
		char name[32];
		uint8_t slow[514];
		size_t n;

		snprintf(name, sizeof(name), "n%d.example", i);
		n = frame_question(slow, (uint16_t)i, name);
		guest_segment(&g, &c, WEIR_TCP_ACK, slow, n);
	}
	guest_segment(&g, &c, WEIR_TCP_ACK, q, len);
	guest_talk(&g);
	done();
}

/* The guest reads no answers: what waits for it is bounded. */
static void answers_that_nobody_reads_end_the_flow(void **state)
{
	uint8_t q[514];
	size_t len;

	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 53));
	c.window = 0;
	len = frame_question(q, 1, "localhost");
	for (int i = 0; i < 6000 && !c.rst; i++) {
		guest_segment(&g, &c, WEIR_TCP_ACK, q, len);
		if (i % 50 == 0)
			guest_talk(&g);
	}
	guest_talk(&g);
	CHECK(c.rst);
	CHECK_EQ(counted(WEIR_REASON_LIMIT_PAYLOAD), 1);
	CHECK_EQ(w.house->payload.used, 0);
	done();
}

static void a_reset_while_the_answer_is_awaited_is_forgotten(void **state)
{
	uint8_t q[514];
	size_t len;

	(void)state;
	world();
	CHECK(guest_connect(&g, &c, &far4, 53));
	len = frame_question(q, 1, "example.org");
	guest_segment(&g, &c, WEIR_TCP_ACK, q, len);
	guest_talk(&g);
	guest_segment(&g, &c, WEIR_TCP_RST, NULL, 0);
	guest_talk(&g);
	CHECK_EQ(w.house->streams.pool.used, 0);
	server_answers(&answer4, 0);
	CHECK_EQ(c.in.len, 0);
	done();
}

static void stop_with_questions_in_flight_leaves_no_socket(void **state)
{
	(void)state;
	world();
	for (uint16_t i = 0; i < 50; i++) {
		char name[32];

		snprintf(name, sizeof(name), "n%d.example", i);
		ask_udp(&w.charter.dns4, 5000, i, name, WEIR_DNS_A);
	}
	guest_talk(&g);
	CHECK_EQ(w.n_open, 50);
	done();
}

T_MAIN(T(a_question_to_any_address_is_answered_from_there),
       T(the_second_question_comes_from_the_cache),
       T(a_silent_server_is_followed_by_the_next),
       T(when_every_server_is_silent_it_is_servfail),
       T(when_no_socket_can_be_had_it_is_servfail_at_once),
       T(without_servers_it_is_servfail), T(a_cut_answer_is_asked_for_by_tcp),
       T(answers_to_other_questions_are_not_believed),
       T(what_is_no_question_is_counted_and_not_answered),
       T(other_servers_are_asked_after_upstreams_changed),
       T(questions_by_tcp_are_answered_in_the_order_they_are_known),
       T(pipelined_questions_are_all_answered),
       T(a_half_close_is_answered_first_and_then_closed),
       T(half_a_question_and_fin_is_fin), T(silence_for_30_s_is_fin),
       T(a_stream_that_is_no_dns_is_reset),
       T(a_reset_while_the_answer_is_awaited_is_forgotten),
       T(stop_with_questions_in_flight_leaves_no_socket),
       T(answers_that_nobody_reads_end_the_flow),
       T(stop_with_questions_left_in_a_stream_ends_in_order),
       T(a_question_answered_and_junk_in_one_segment_is_reset))
