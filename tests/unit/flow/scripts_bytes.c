/* SPDX-License-Identifier: Apache-2.0 */
/* scripts_bytes.c - scripts of tcp.tsv: bytes and ends */
#include "../t.h"
#include "scripts.h"

#define A  WEIR_TCP_ACK
#define RA (WEIR_TCP_RST | WEIR_TCP_ACK)

void script_23(struct stage *s)
{
	act_open(s);
	act_send(s, 0, 1000);
	act_send(s, WEIR_TCP_FIN, 0);
	CHECK_EQ(s->h.host.got, 1000);
	CHECK(s->h.host.shut);
	skip_seen(s);
	host_sends(s, 5000);
	act_drink(s);
	CHECK_EQ(s->got, 5000);
	host_ends(s);
	act_drink(s);
	CHECK(s->eof);
	over_for(s, WEIR_REASON_CLOSED);
}

void script_24(struct stage *s)
{
	act_open(s);
	host_ends_first(s);
	act_send(s, WEIR_TCP_FIN, 0);
	CHECK(s->h.host.shut);
	CHECK_EQ(s->h.conn.state, WEIR_CONN_WAIT);
	skip_seen(s);
}

void script_25(struct stage *s)
{
	act_open(s);
	act_send(s, WEIR_TCP_FIN, 10);
	host_sends(s, 1u << 20);
	host_ends(s);
	act_drink(s);
	CHECK_EQ(s->got, 1u << 20);
	CHECK(s->eof);
	over_for(s, WEIR_REASON_CLOSED);
}

void script_26(struct stage *s)
{
	act_open(s);
	guest_resets(s);
}

void script_27(struct stage *s)
{
	act_open(s);
	house_reset(&s->h);
	see_flags(s, RA);
	over_for(s, WEIR_REASON_HOST_RESET);
	/* what it sent before goes first, as far as there is room */
	s->syn.seq += 5000;
	s->h.host =
		(struct house_host){ .space = UINT64_MAX, .piece = UINT32_MAX };
	act_open(s);
	s->h.link = 0;
	host_sends(s, 2000);
	house_reset(&s->h);
	s->h.link = UINT32_MAX;
	house_turn(&s->h);
	see_host_reset(s);
}

void script_28(struct stage *s)
{
	const uint32_t all = 4u << 20;

	s->h.env.window_max = 8u << 20;
	act_open(s);
	/* a guest that uses what it is offered is invited to send that much */
	for (int i = 0; i < 40; i++) {
		s->h.link = 0;
		act_pour(s, UINT32_MAX, 65536);
		s->h.link = UINT32_MAX;
		house_turn(&s->h);
	}
	CHECK(s->h.watch.ack_edge - s->h.watch.ack > all);
	s->h.host.space = 0;
	act_pour(s, s->sent + all, 65536);
	act_send(s, WEIR_TCP_FIN, 0);
	skip_seen(s);
	for (int i = 0; i < 90; i++) {
		pass(s, SECONDS);
		act_ack(s);
	}
	CHECK(s->h.alive);
	CHECK_EQ(s->h.host.got + all, s->sent - 1);
	CHECK(!s->h.host.shut);
	host_takes(s, UINT64_MAX);
	CHECK_EQ(s->h.host.got, s->sent - 1);
	CHECK(s->h.host.shut);
	CHECK_EQ(s->h.pool.used, 0);
	skip_seen(s);
}

void script_29(struct stage *s)
{
	const uint32_t all = 1u << 20;

	s->syn.wscale = -1;
	s->syn.window = 4096;
	s->room = 4096;
	act_open(s);
	host_sends(s, all);
	host_ends(s);
	for (int i = 0; i < 5000 && s->read < all; i++) {
		uint32_t n;

		act_drink(s);
		n = s->got - s->read;
		CHECK(n <= s->room);
		s->read += n < 1024 ? n : 1024;
		if (n)
			act_ack(s);
		pass(s, SECONDS);
	}
	act_drink(s);
	CHECK_EQ(s->read, all);
	CHECK(s->eof);
}

void script_30(struct stage *s)
{
	act_open(s);
	act_send(s, WEIR_TCP_FIN, 700);
	CHECK_EQ(s->h.host.got, 700);
	CHECK(s->h.host.shut);
	see_ack(s, 701);
	quiet(s);
}

void script_31(struct stage *s)
{
	act_open(s);
	act_send(s, WEIR_TCP_FIN, 100);
	see_ack(s, 101);
	act_at(s, 0, 101, 500);
	see_ack(s, 101);
	act_at(s, WEIR_TCP_FIN, 50, 500);
	see_ack(s, 101);
	quiet(s);
	CHECK_EQ(s->h.host.got, 100);
}

void script_32(struct stage *s)
{
	act_open(s);
	act_at(s, WEIR_TCP_FIN, 1000, 1000);
	see_ack(s, 0);
	CHECK_EQ(s->h.host.got, 0);
	CHECK(!s->h.host.shut);
	pass(s, SECONDS);
	act_at(s, 0, 0, 1000);
	CHECK_EQ(s->h.host.got, 2000);
	CHECK(s->h.host.shut);
	see_ack(s, 2001);
	quiet(s);
}

void script_33(struct stage *s)
{
	act_open(s);
	act_send(s, WEIR_TCP_FIN, 0);
	see_ack(s, 1);
	for (int i = 0; i < 5; i++) {
		act_at(s, WEIR_TCP_FIN, 0, 0);
		see_ack(s, 1);
		quiet(s);
	}
	/* the house minds a second end of file */
	CHECK(s->h.host.shut);
}

void script_35(struct stage *s)
{
	uint64_t begun, last, gap = 0;
	unsigned probes = 0;

	act_open_shut(s);
	begun = last = s->h.now;
	host_sends(s, 10000);
	quiet(s);
	pass(s, 20 * SECONDS);
	while (s->seen < s->n) {
		const struct stage_out *o = see_flags(s, A);

		CHECK(o->len <= 1);
		if (o->at == last)
			continue; /* an ACK that goes with it */
		if (probes)
			CHECK(o->at - last > gap);
		else
			CHECK(o->at >= begun + 50 * MS);
		gap = o->at - last;
		last = o->at;
		probes++;
	}
	CHECK(probes >= 4);
	s->wnd = 512;
	act_ack(s);
	CHECK(s->seen < s->n);
	CHECK_EQ(s->out[s->seen].at, s->h.now);
	act_drink(s);
	CHECK_EQ(s->got, 11024);
}

/* The host reads nothing; the guest sends until nothing more is let in. */
static uint32_t fill(struct stage *s, uint32_t piece)
{
	s->h.host.space = 0;
	for (uint32_t before = UINT32_MAX; before != s->sent;) {
		before = s->sent;
		act_pour(s, UINT32_MAX, piece);
		pass(s, 100 * MS);
	}
	CHECK_EQ(s->h.watch.ack_edge, s->syn.seq + 1 + s->sent);
	return s->sent;
}

void script_36(struct stage *s)
{
	static const uint32_t piece[] = { 1460, 777, 100, 65000 };
	const struct stage_out *o = NULL;

	act_open(s);
	for (unsigned i = 0; i < 4; i++) {
		fill(s, piece[i]);
		while (s->seen < s->n)
			o = see_flags(s, A);
		assert_non_null(o);
		CHECK_EQ(o->t.window, 0);
		CHECK_EQ(o->t.ack, s->syn.seq + 1 + s->sent);
		host_takes(s, UINT64_MAX);
		CHECK_EQ(s->h.host.got, s->sent);
		CHECK_EQ(s->h.pool.used, 0);
	}
}

void script_37(struct stage *s)
{
	uint32_t end, half;

	act_open(s);
	end = fill(s, 1460);
	half = end / 2;
	skip_seen(s);
	for (int i = 0; i < 5000; i++) {
		uint32_t edge = s->h.watch.ack_edge, gain;

		host_takes(s, 100);
		if (s->seen == s->n)
			continue;
		/* no probe was sent: it came by itself, and it is worth it */
		see_flags(s, A);
		quiet(s);
		gain = s->h.watch.ack_edge - edge;
		CHECK(gain >= 1460 || gain >= half);
		act_pour(s, UINT32_MAX, 1460);
		skip_seen(s);
	}
	CHECK(s->sent > end + 300000);
	host_takes(s, UINT64_MAX);
	CHECK_EQ(s->h.host.got, s->sent);
}

void script_38(struct stage *s)
{
	const struct stage_out *o;

	act_open(s);
	fill(s, 1460);
	for (int i = 0; i < 3; i++) {
		skip_seen(s);
		act_at(s, 0, s->sent, 1);
		o = see_ack(s, s->sent);
		CHECK_EQ(o->t.window, 0);
		quiet(s);
		pass(s, SECONDS);
	}
	/* the other kind, with an old number and no byte */
	act_at(s, 0, s->sent - 1, 0);
	CHECK_EQ(see_ack(s, s->sent)->t.window, 0);
	quiet(s);
	host_takes(s, UINT64_MAX);
	act_send(s, 0, 1);
	CHECK_EQ(s->h.host.got, s->sent);
	goes_on(s);
}

/* The watch looks at every window; this gives it odd ones to look at. */
void script_39(struct stage *s)
{
	struct dice d = { 39 };

	act_open(s);
	for (int i = 0; i < 3000; i++) {
		uint32_t n = dice_from(&d, 1, 3000);

		s->h.host.space = dice_one_in(&d, 3) ? 0 : dice_below(&d, 4000);
		act_pour(s, s->sent + n, dice_from(&d, 1, 1460));
		if (dice_one_in(&d, 4))
			act_at(s, 0, s->sent - 1, 1);
		if (dice_one_in(&d, 4))
			host_sends(s, dice_below(&d, 3000));
		if (dice_one_in(&d, 3))
			act_drink(s);
		pass(s, dice_below(&d, 50000));
		skip_seen(s);
	}
	host_takes(s, UINT64_MAX);
	CHECK_EQ(s->h.host.got, s->sent);
	CHECK(s->sent > 1000000);
}

void script_40(struct stage *s)
{
	const struct stage_out *o;

	act_open(s);
	act_at(s, 0, 0, 1460);
	skip_seen(s);
	act_at(s, 0, 2920, 1460);
	o = see_ack(s, 1460);
	CHECK_EQ(o->t.n_sack, 1);
	CHECK_EQ(o->t.sack[0].from, s->syn.seq + 1 + 2920);
	CHECK_EQ(o->t.sack[0].to, s->syn.seq + 1 + 4380);
	CHECK_EQ(s->h.host.got, 1460);
	act_at(s, 0, 1460, 1460);
	o = see_ack(s, 4380);
	CHECK_EQ(o->t.n_sack, 0);
	quiet(s);
	CHECK_EQ(s->h.host.got, 4380);
	/* the latest comes first */
	act_at(s, 0, 10000, 100);
	see(s);
	act_at(s, 0, 20000, 100);
	o = see_ack(s, 4380);
	CHECK_EQ(o->t.n_sack, 2);
	CHECK_EQ(o->t.sack[0].from, s->syn.seq + 1 + 20000);
	CHECK_EQ(o->t.sack[1].from, s->syn.seq + 1 + 10000);
}

void script_41(struct stage *s)
{
	struct weir_tcp t = { .flags = A, .window = 512, .wscale = -1 };
	uint8_t old[100], other[100], kept[200] = { 0 };

	memset(old, 'o', sizeof(old));
	memset(other, 'x', 50);
	memset(other + 50, 'n', 50);
	s->h.expect = false;
	s->h.host.keep = kept;
	s->h.host.keep_max = sizeof(kept);
	act_open(s);
	t.sport = s->h.ends.gport;
	t.dport = s->h.ends.fport;
	t.ack = s->iss + 1;
	t.seq = s->syn.seq + 1;
	house_segment(&s->h, &t, old, 100);
	t.seq += 50;
	house_segment(&s->h, &t, other, 100);
	CHECK_EQ(s->h.host.got, 150);
	assert_memory_equal(kept, old, 100);
	assert_memory_equal(kept + 100, other + 50, 50);
	pass(s, SECONDS);
	while (s->seen < s->n)
		see_flags(s, A);
	CHECK_EQ(s->h.watch.ack, s->syn.seq + 1 + 150);
}

void script_42(struct stage *s)
{
	uint32_t edge;

	act_open(s);
	edge = s->h.watch.ack_edge - s->syn.seq - 1;
	act_at(s, 0, edge, 100);
	see_ack(s, 0);
	edge = s->h.watch.ack_edge - s->syn.seq - 1;
	act_at(s, WEIR_TCP_FIN, edge + 5000, 100);
	see_ack(s, 0);
	CHECK_EQ(s->h.said, WEIR_REASON_OUT_OF_WINDOW);
	quiet(s);
	CHECK_EQ(s->h.host.got, 0);
	CHECK_EQ(s->h.pool.used, 0);
	goes_on(s);
}

void script_43(struct stage *s)
{
	uint64_t last, gap = 0;
	unsigned repeats = 0;

	act_open(s);
	host_sends(s, 3000);
	last = see_flags(s, A)->at;
	CHECK_EQ(s->out[s->seen - 1].t.seq, s->iss + 1);
	skip_seen(s);
	pass(s, 25 * SECONDS);
	while (s->seen < s->n) {
		const struct stage_out *o = see_flags(s, A);

		CHECK_EQ(o->t.seq, s->iss + 1);
		CHECK_EQ(o->len, 1460);
		if (repeats++)
			CHECK_EQ(o->at - last, 2 * gap);
		gap = o->at - last;
		last = o->at;
		CHECK(gap >= 100 * MS);
	}
	CHECK(repeats >= 5);
	/* one answer, and all is well */
	s->got = 1460;
	act_ack(s);
	act_drink(s);
	CHECK_EQ(s->got, 3000);
}

void script_44(struct stage *s)
{
	const struct stage_out *o;

	act_open(s);
	host_sends(s, 7300);
	for (int i = 0; i < 5; i++)
		CHECK_EQ(see_flags(s, A)->len, 1460);
	quiet(s);
	s->got = 1460;
	act_ack(s);
	act_ack(s);
	act_ack(s);
	quiet(s);
	act_ack(s);
	o = see_flags(s, A);
	CHECK_EQ(o->t.seq, s->iss + 1 + 1460);
	CHECK_EQ(o->len, 1460);
	CHECK_EQ(o->at, s->h.now);
	quiet(s);
	s->got = 7300;
	act_ack(s);
	pass(s, 10 * SECONDS);
	quiet(s);
}

void script_46(struct stage *s)
{
	const uint32_t all = 10u << 20;

	s->syn.seq = UINT32_MAX - 3000000;
	s->h.env.tso4 = true;
	house_iss_at(&s->h, &s->syn, UINT32_MAX - 3000000);
	act_open(s);
	CHECK(s->iss > UINT32_MAX - 4000000);
	s->h.host.has = all;
	s->h.host.will_end = true;
	for (int i = 0; i < 100000 && (s->sent < all || s->got < all); i++) {
		act_pour(s, s->sent + 100000 < all ? s->sent + 100000 : all,
			 1460);
		house_turn(&s->h);
		act_drink(s);
	}
	CHECK_EQ(s->got, all);
	CHECK_EQ(s->h.host.got, all);
	CHECK(s->eof);
	act_send(s, WEIR_TCP_FIN, 0);
	CHECK(s->h.host.shut);
	CHECK_EQ(s->h.conn.state, WEIR_CONN_WAIT);
}
