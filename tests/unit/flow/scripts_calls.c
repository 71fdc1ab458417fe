/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scripts_calls.c - clients of the host come to the guest
 *
 * Rows of tcp.tsv about published ports, and what it does not say of them:
 * here the connection sends the SYN and the guest answers.
 */
#include "../t.h"
#include "scripts.h"

#define A  WEIR_TCP_ACK
#define S  WEIR_TCP_SYN
#define R  WEIR_TCP_RST
#define RA (WEIR_TCP_RST | WEIR_TCP_ACK)

void script_66(struct stage *s)
{
	act_call(s);
	act_raw(s, RA, 0, s->iss + 1);
	over_for(s, WEIR_REASON_REFUSED);
	CHECK(s->h.host.reset && !s->h.host.shut);
}

void script_67(struct stage *s)
{
	act_call_open(s);
	host_ends_first(s);
	skip_seen(s);
	act_send(s, WEIR_TCP_FIN, 0);
	see_ack(s, 2501);
	quiet(s);
	CHECK(s->h.host.shut && !s->h.host.reset);
	CHECK_EQ(s->h.conn.state, WEIR_CONN_WAIT);
}

/* RFC 6298: 1 s at first, twice as long each time; RFC 9293 3.8.3, R2 */
void script_a_guest_that_never_answers_is_called_for_30_seconds(struct stage *s)
{
	static const uint64_t at[] = { 1, 3, 7, 15 };
	uint64_t begun = s->h.now;

	act_call(s);
	quiet(s);
	pass(s, 29900 * MS);
	for (unsigned i = 0; i < 4; i++) {
		const struct stage_out *o = see_flags(s, S);

		CHECK_EQ(o->at, begun + at[i] * SECONDS);
		CHECK_EQ(o->t.seq, s->iss);
	}
	quiet(s);
	CHECK(s->h.alive && !s->h.host.reset);
	pass(s, 200 * MS);
	over_for(s, WEIR_REASON_TIMEOUT);
	CHECK(s->h.host.reset);
}

/*
 * RFC 9293 3.10.7.3 and 3.5.1: the guest may know an older connection of the
 * same ends; our RST makes it forget that one, and our SYN finds it listening.
 */
void script_a_strange_acknowledgement_is_refused_and_the_call_goes_on(
	struct stage *s)
{
	static const uint32_t off[] = { 0, 2, 5000, 0x80000000u, UINT32_MAX };
	static const uint8_t flags[] = { A, S | A, A | WEIR_TCP_FIN };

	act_call(s);
	for (unsigned i = 0; i < 15; i++) {
		uint32_t ack = s->iss + off[i / 3];

		act_raw(s, flags[i % 3], s->syn.seq, ack);
		CHECK_EQ(see_flags(s, R)->t.seq, ack);
		quiet(s);
		CHECK_EQ(s->h.said, WEIR_REASON_BAD_ACK);
		CHECK_EQ(s->h.conn.state, WEIR_CONN_CALL);
		/* a RST is never answered */
		act_raw(s, RA, s->syn.seq, ack);
		quiet(s);
		CHECK_EQ(s->h.conn.state, WEIR_CONN_CALL);
	}
	pass(s, SECONDS);
	CHECK_EQ(see_flags(s, S)->t.seq, s->iss);
	act_answer(s, 0);
	see_ack(s, 0);
	goes_on(s);
}

void script_only_a_RST_that_acknowledges_our_SYN_refuses(struct stage *s)
{
	act_call(s);
	act_raw(s, R, 0, 0);
	act_raw(s, R, s->iss + 1, 0);
	act_raw(s, RA, 0, s->iss);
	act_raw(s, RA, 0, s->iss + 2);
	quiet(s);
	CHECK(s->h.alive);
	/* an ACK alone is no answer either */
	act_raw(s, A, s->syn.seq + 1, s->iss + 1);
	quiet(s);
	CHECK_EQ(s->h.conn.state, WEIR_CONN_CALL);
	act_answer(s, 0);
	see_ack(s, 0);
	goes_on(s);
}

/* A simultaneous open is not answered: see doc/limits.md. */
void script_a_SYN_of_the_guest_does_not_answer_ours(struct stage *s)
{
	act_call(s);
	act_raw(s, S, s->syn.seq, 0);
	quiet(s);
	CHECK_EQ(s->h.conn.state, WEIR_CONN_CALL);
	act_answer(s, 0);
	see_ack(s, 0);
	goes_on(s);
}

void script_bytes_on_the_SYN_ACK_are_taken_when_they_come_again(struct stage *s)
{
	act_call(s);
	act_answer(s, 100);
	see_ack(s, 0);
	quiet(s);
	CHECK_EQ(s->h.host.got, 0);
	act_send(s, 0, 100);
	CHECK_EQ(s->h.host.got, 100);
	goes_on(s);
}

/* A server that speaks first, and whose FIN is in the same breath. */
void script_bytes_right_behind_the_SYN_ACK_reach_the_client(struct stage *s)
{
	act_call_open(s);
	act_send(s, 0, 1460);
	act_send(s, WEIR_TCP_FIN, 40);
	CHECK_EQ(s->h.host.got, 1500);
	CHECK(s->h.host.shut);
	skip_seen(s);
	host_sends(s, 700);
	act_drink(s);
	CHECK_EQ(s->got, 700);
}

void script_bytes_of_the_client_wait_for_the_answer(struct stage *s)
{
	act_call(s);
	host_sends(s, 5000);
	quiet(s);
	CHECK_EQ(s->h.host.given, 0);
	CHECK_EQ(s->h.pool.used, 0);
	act_answer(s, 0);
	act_drink(s);
	CHECK_EQ(s->got, 5000);
	goes_on(s);
}

void script_a_client_that_ends_before_the_answer_is_told_after_it(
	struct stage *s)
{
	act_call(s);
	host_sends(s, 10);
	host_ends(s);
	quiet(s);
	act_answer(s, 0);
	act_drink(s);
	CHECK_EQ(s->got, 10);
	CHECK(s->eof);
	act_send(s, WEIR_TCP_FIN, 20000);
	CHECK_EQ(s->h.host.got, 20000);
	CHECK_EQ(s->h.conn.state, WEIR_CONN_WAIT);
	skip_seen(s);
}

/*
 * The guest may have answered already: its SYN-ACK is on its way.  A RST with
 * an acknowledgement would have to acknowledge that, which we have not seen.
 */
void script_a_client_that_goes_before_the_answer_takes_its_SYN_back(
	struct stage *s)
{
	const struct stage_out *o;

	act_call(s);
	house_reset(&s->h);
	o = see_flags(s, R);
	CHECK_EQ(o->t.seq, s->iss + 1);
	CHECK_EQ(o->t.ack, 0);
	over_for(s, WEIR_REASON_HOST_RESET);
	/* and the SYN-ACK finds nobody */
	act_answer(s, 0);
	CHECK_EQ(see_flags(s, R)->t.seq, s->iss + 1);
	quiet(s);
}

void script_a_SYN_ACK_that_comes_again_is_acknowledged_again(struct stage *s)
{
	act_call_open(s);
	goes_on(s);
	skip_seen(s);
	act_answer(s, 0);
	see_ack(s, s->sent);
	quiet(s);
	goes_on(s);
}

/* RFC 6298 3, Karn: the answer to a repeated SYN measures nothing. */
void script_a_lost_SYN_does_not_hurt_the_RTO_of_what_follows(struct stage *s)
{
	uint64_t begun;

	act_call(s);
	pass(s, 3500 * MS);
	skip_seen(s);
	act_answer(s, 0);
	see_ack(s, 0);
	host_sends(s, 100);
	begun = see_flags(s, A)->at;
	pass(s, 1500 * MS);
	CHECK(see_flags(s, A)->at <= begun + SECONDS);
}

void script_a_guest_without_options_is_called_all_the_same(struct stage *s)
{
	s->syn.wscale = -1;
	s->syn.sack_ok = false;
	s->syn.mss = 0;
	s->syn.window = 3000;
	act_call_open(s);
	host_sends(s, 100000);
	while (s->seen < s->n)
		CHECK(see(s)->len <= 536);
	s->got = 3000;
	act_ack(s);
	act_drink(s);
	CHECK_EQ(s->got, 100000);
	/* early bytes: no SACK; the watch looks at the windows */
	act_at(s, 0, 2000, 1000);
	CHECK_EQ(see_ack(s, 0)->t.n_sack, 0);
	act_at(s, 0, 0, 2000);
	CHECK_EQ(s->h.host.got, 3000);
	CHECK(s->h.watch.ack_edge - s->h.watch.ack <= 65535);
	s->sent = 3000;
	goes_on(s);
}

/* The watch minds if what the SYN invited is taken back. */
void script_a_small_window_is_small_in_the_SYN_too(struct stage *s)
{
	static const uint32_t most[] = { 8192, 65407, 65408, 65536, 1u << 20 };

	for (unsigned i = 0; i < 5; i++) {
		uint32_t cap = most[i] & ~127u;

		s->h.env.window_max = most[i];
		act_call(s);
		CHECK_EQ(s->h.watch.our_window, cap < 65408 ? cap : 65408);
		act_answer(s, 0);
		see_ack(s, 0);
		act_pour(s, 200000, 1460);
		skip_seen(s);
		CHECK_EQ(s->h.host.got, 200000);
		act_at(s, R, s->sent, 0);
		over_for(s, WEIR_REASON_GUEST_RESET);
		stage_again(s);
	}
}

/* CLOSING: the FINs cross, so TIME-WAIT is on both sides. */
void script_both_close_at_once(struct stage *s)
{
	act_call_open(s);
	host_ends(s);
	CHECK_EQ(see_flags(s, A | WEIR_TCP_FIN)->t.seq, s->iss + 1);
	act_send(s, WEIR_TCP_FIN, 0);
	see_ack(s, 1);
	quiet(s);
	CHECK(s->h.host.shut);
	CHECK_EQ(s->h.conn.state, WEIR_CONN_OPEN);
	s->eof = true;
	act_ack(s);
	quiet(s);
	CHECK_EQ(s->h.conn.state, WEIR_CONN_WAIT);
	/* its FIN again, because our ACK was lost */
	act_at(s, WEIR_TCP_FIN, 0, 0);
	see_ack(s, 1);
	pass(s, WEIR_TIME_WAIT_MS * MS + SECONDS);
	over_for(s, WEIR_REASON_CLOSED);
	CHECK(!s->h.host.reset);
	/* the same, but what is acknowledged first is the guest's data */
	stage_again(s);
	act_call_open(s);
	host_sends(s, 1000);
	host_ends(s);
	skip_seen(s);
	s->got = 1000;
	act_send(s, WEIR_TCP_FIN, 300);
	see_ack(s, 301);
	CHECK_EQ(s->h.host.got, 300);
	s->eof = true;
	act_ack(s);
	CHECK_EQ(s->h.conn.state, WEIR_CONN_WAIT);
	quiet(s);
}

/* LAST-ACK: no TIME-WAIT here. */
void script_the_guest_closes_first(struct stage *s)
{
	act_call_open(s);
	act_send(s, 0, 1000);
	act_send(s, WEIR_TCP_FIN, 0);
	CHECK_EQ(s->h.host.got, 1000);
	CHECK(s->h.host.shut);
	skip_seen(s);
	pass(s, 40 * SECONDS);
	host_sends(s, 70000);
	act_drink(s);
	CHECK_EQ(s->got, 70000);
	host_ends(s);
	act_drink(s);
	CHECK(s->eof);
	over_for(s, WEIR_REASON_CLOSED);
	CHECK(!s->h.host.reset);
}

void script_the_client_resets(struct stage *s)
{
	act_call_open(s);
	host_sends(s, 2000);
	house_reset(&s->h);
	see_host_reset(s);
}

void script_the_guest_resets(struct stage *s)
{
	act_call_open(s);
	guest_resets(s);
}

void script_a_call_over_IPv6(struct stage *s)
{
	memset(s->h.ends.guest.b, 0xfd, sizeof(s->h.ends.guest.b));
	memset(s->h.ends.far.b, 0x20, sizeof(s->h.ends.far.b));
	s->syn.mss = 1440;
	act_call(s);
	CHECK_EQ(s->out[0].t.mss, 1440);
	act_answer(s, 0);
	see_ack(s, 0);
	goes_on(s);
}
