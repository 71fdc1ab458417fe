/* SPDX-License-Identifier: Apache-2.0 */
/* scripts_open.c - scripts of tcp.tsv: dial, handshake, hostile segments */
#include "../t.h"
#include "scripts.h"

#define A  WEIR_TCP_ACK
#define SA (WEIR_TCP_SYN | WEIR_TCP_ACK)
#define RA (WEIR_TCP_RST | WEIR_TCP_ACK)

void script_01(struct stage *s)
{
	const struct stage_out *o;

	act_syn(s);
	quiet(s);
	house_failed(&s->h, WEIR_REASON_REFUSED);
	o = see_flags(s, RA);
	CHECK_EQ(o->t.ack, s->syn.seq + 1);
	CHECK_EQ(o->t.seq, 0);
	over_for(s, WEIR_REASON_REFUSED);
}

void script_02(struct stage *s)
{
	const struct stage_out *o;
	uint64_t begun = s->h.now;

	act_syn(s);
	pass(s, 200 * MS);
	quiet(s);
	house_connected(&s->h);
	o = see_flags(s, SA);
	CHECK_EQ(o->t.ack, s->syn.seq + 1);
	CHECK_EQ(o->at, begun + 200 * MS);
	CHECK_EQ(o->t.mss, 1460);
	CHECK(o->t.sack_ok && o->t.wscale >= 0 && o->t.window > 0);
	quiet(s);
}

void script_03(struct stage *s)
{
	act_syn(s);
	house_failed(&s->h, WEIR_REASON_UNREACHABLE);
	CHECK(see(s)->unreachable);
	over_for(s, WEIR_REASON_UNREACHABLE);
}

static void be_ipv6(struct stage *s)
{
	memset(s->h.ends.guest.b, 0xfd, sizeof(s->h.ends.guest.b));
	memset(s->h.ends.far.b, 0x20, sizeof(s->h.ends.far.b));
	s->syn.mss = 1440;
}

void script_04(struct stage *s)
{
	be_ipv6(s);
	script_03(s);
}

void script_05(struct stage *s)
{
	act_syn(s);
	for (int i = 0; i < 5; i++) {
		pass(s, SECONDS << i);
		act_syn(s);
	}
	quiet(s);
	CHECK(s->h.alive);
	house_failed(&s->h, WEIR_REASON_TIMEOUT);
	over_for(s, WEIR_REASON_TIMEOUT);
}

void script_06(struct stage *s)
{
	uint64_t begun = s->h.now;

	act_syn(s);
	for (int i = 0; i < 3; i++) {
		pass(s, SECONDS << i);
		CHECK(s->h.alive);
		act_syn(s);
	}
	/* the next would come after 8 s */
	pass(s, 8 * SECONDS);
	CHECK(s->h.alive);
	pass(s, begun + 130 * SECONDS - s->h.now);
	over_for(s, WEIR_REASON_TIMEOUT);
	/* and one that never stops */
	begun = s->h.now;
	act_syn(s);
	while (s->h.alive && s->h.now < begun + 200 * SECONDS) {
		pass(s, SECONDS);
		if (s->h.alive)
			act_syn(s);
	}
	over_for(s, WEIR_REASON_TIMEOUT);
	CHECK(s->h.now >= begun + 120 * SECONDS);
	CHECK(s->h.now <= begun + 131 * SECONDS);
}

void script_07(struct stage *s)
{
	act_syn(s);
	pass(s, SECONDS);
	act_syn(s);
	pass(s, 2 * SECONDS);
	act_syn(s);
	quiet(s);
	CHECK_EQ(s->h.conn.state, WEIR_CONN_DIAL);
	house_connected(&s->h);
	see_flags(s, SA);
	quiet(s);
}

void script_08(struct stage *s)
{
	act_syn(s);
	/* one that only guesses does nothing */
	act_raw(s, WEIR_TCP_RST, s->syn.seq + 2, 0);
	act_raw(s, WEIR_TCP_RST, s->syn.seq, 0);
	CHECK(s->h.alive);
	act_raw(s, WEIR_TCP_RST, s->syn.seq + 1, 0);
	over_for(s, WEIR_REASON_GUEST_RESET);
	house_connected(&s->h);
	quiet(s);
}

void script_11(struct stage *s)
{
	struct weir_conn_ends four = s->h.ends;
	uint64_t begun = s->h.now;

	be_ipv6(s);
	act_syn(s);
	house_failed(&s->h, WEIR_REASON_REFUSED);
	see_flags(s, RA);
	over_for(s, WEIR_REASON_REFUSED);
	s->h.ends = four;
	s->syn.seq += 5000;
	act_syn(s);
	house_connected(&s->h);
	CHECK_EQ(see_flags(s, SA)->at, begun);
	quiet(s);
}

/* Both sides close, the host first: TIME-WAIT is ours. */
static void close_host_first(struct stage *s)
{
	host_ends(s);
	act_drink(s);
	CHECK(s->eof);
	act_send(s, WEIR_TCP_FIN, 0);
	see_ack(s, s->sent);
	quiet(s);
	CHECK_EQ(s->h.conn.state, WEIR_CONN_WAIT);
}

void script_34(struct stage *s)
{
	uint32_t last;

	act_open(s);
	act_send(s, 0, 1000);
	host_sends(s, 5000);
	act_drink(s);
	close_host_first(s);
	CHECK_EQ(s->h.pool.used, 0);
	last = s->iss + 1 + s->got + 1;
	/* an old SYN does not replace it */
	act_raw(s, WEIR_TCP_SYN, s->syn.seq, 0);
	CHECK_EQ(s->h.conn.state, WEIR_CONN_WAIT);
	skip_seen(s);
	/* a repeated FIN is answered again */
	act_at(s, WEIR_TCP_FIN, s->sent - 1, 0);
	see_ack(s, s->sent);
	s->syn.seq += s->sent + 2;
	s->eof = false;
	act_syn(s);
	quiet(s);
	CHECK_EQ(s->h.conn.state, WEIR_CONN_DIAL);
	house_connected(&s->h);
	s->iss = see_flags(s, SA)->t.seq;
	CHECK(s->iss - last < 0x7fffffffu);
	s->sent = s->got = 0;
	act_ack(s);
	goes_on(s);
	/* and TIME-WAIT ends by itself, but not while the FIN is repeated */
	close_host_first(s);
	for (int i = 0; i < 4; i++) {
		pass(s, WEIR_TIME_WAIT_MS * MS * 3 / 4);
		CHECK(s->h.alive);
		act_at(s, WEIR_TCP_FIN, s->sent - 1, 0);
		see_ack(s, s->sent);
	}
	pass(s, WEIR_TIME_WAIT_MS * MS + SECONDS);
	over_for(s, WEIR_REASON_CLOSED);
}

void script_45(struct stage *s)
{
	uint64_t begun = s->h.now, last = s->h.now, gap = 0;
	unsigned repeats = 0;

	act_syn(s);
	house_connected(&s->h);
	see_flags(s, SA);
	quiet(s);
	pass(s, 29 * SECONDS);
	while (s->seen < s->n) {
		const struct stage_out *o = see_flags(s, SA);

		CHECK(o->at - last > gap);
		gap = o->at - last;
		last = o->at;
		repeats++;
	}
	CHECK(repeats >= 3);
	CHECK(s->h.alive);
	pass(s, begun + 31 * SECONDS - s->h.now);
	skip_seen(s);
	over_for(s, WEIR_REASON_TIMEOUT);
	CHECK(s->h.host.reset);
}

void script_52(struct stage *s)
{
	uint32_t first;

	act_syn(s);
	house_connected(&s->h);
	first = see_flags(s, SA)->t.seq;
	act_syn(s);
	CHECK_EQ(see_flags(s, SA)->t.seq, first);
	quiet(s);
	s->iss = first;
	act_ack(s);
	goes_on(s);
}

void script_53(struct stage *s)
{
	act_open(s);
	act_raw(s, WEIR_TCP_SYN, s->syn.seq + 90000, 0);
	see_ack(s, 0);
	quiet(s);
	act_syn(s);
	see_ack(s, 0);
	quiet(s);
	goes_on(s);
}

void script_54(struct stage *s)
{
	act_open(s);
	act_raw(s, WEIR_TCP_RST, s->syn.seq + 1 + 1, 0);
	see_ack(s, 0);
	act_raw(s, WEIR_TCP_RST, s->syn.seq + 1 + 20000, 0);
	see_ack(s, 0);
	quiet(s);
	goes_on(s);
}

void script_55(struct stage *s)
{
	act_open(s);
	goes_on(s);
	skip_seen(s);
	act_raw(s, WEIR_TCP_RST, s->syn.seq + 1 + s->sent - 200, 0);
	act_raw(s, WEIR_TCP_RST, s->h.watch.ack_edge + 1000, 0);
	act_raw(s, WEIR_TCP_RST, s->syn.seq + 0x80000000u, 0);
	quiet(s);
	goes_on(s);
}

void script_56(struct stage *s)
{
	uint32_t real;

	act_open(s);
	real = s->iss;
	s->iss += 1000;
	act_at(s, 0, 0, 100);
	see_ack(s, 0);
	quiet(s);
	CHECK_EQ(s->h.host.got, 0);
	CHECK_EQ(s->h.said, WEIR_REASON_BAD_ACK);
	s->iss = real;
	goes_on(s);
	/* RFC 5961: nor one from long ago */
	s->iss -= 0x40000000u;
	skip_seen(s);
	act_at(s, 0, s->sent, 100);
	see_ack(s, s->sent);
	quiet(s);
	s->iss = real;
	goes_on(s);
}

void script_57(struct stage *s)
{
	const struct stage_out *o;

	s->iss = 500;
	s->got = 77;
	act_at(s, 0, 33, 10);
	o = see_flags(s, WEIR_TCP_RST);
	CHECK_EQ(o->t.seq, 500 + 1 + 77);
	CHECK_EQ(o->t.sport, s->h.ends.fport);
	CHECK_EQ(o->t.dport, s->h.ends.gport);
	quiet(s);
	/* without an ACK there is no number to take: acknowledge it instead */
	act_raw(s, WEIR_TCP_FIN, 9000, 0);
	o = see_flags(s, RA);
	CHECK_EQ(o->t.seq, 0);
	CHECK_EQ(o->t.ack, 9001);
	quiet(s);
}

void script_58(struct stage *s)
{
	act_raw(s, WEIR_TCP_RST, 1, 1);
	act_raw(s, RA, 1, 1);
	act_raw(s, WEIR_TCP_RST | WEIR_TCP_SYN, 1, 1);
	quiet(s);
}

void script_59(struct stage *s)
{
	act_open(s);
	goes_on(s);
	skip_seen(s);
	act_at(s, 0, s->sent - 1, 0);
	see_ack(s, s->sent);
	act_at(s, 0, s->sent - 1, 1);
	see_ack(s, s->sent);
	quiet(s);
	CHECK_EQ(s->h.host.got, s->sent);
	goes_on(s);
}

void script_60(struct stage *s)
{
	act_syn(s);
	/* repeated with bytes while the dial is under way */
	house_segment(&s->h, &s->syn, tape_at(&s->tape, TAPE_UP, 0), 100);
	CHECK_EQ(s->h.host.got, 0);
	house_connected(&s->h);
	s->iss = see_flags(s, SA)->t.seq;
	/* and after it */
	house_segment(&s->h, &s->syn, tape_at(&s->tape, TAPE_UP, 0), 100);
	CHECK_EQ(see_flags(s, SA)->t.ack, s->syn.seq + 1);
	quiet(s);
	act_send(s, 0, 100);
	CHECK_EQ(s->h.host.got, 100);
	goes_on(s);
}

void script_61(struct stage *s)
{
	const struct stage_out *o;

	s->syn.wscale = -1;
	s->syn.sack_ok = false;
	act_syn(s);
	house_connected(&s->h);
	o = see_flags(s, SA);
	CHECK_EQ(o->t.wscale, -1);
	CHECK(!o->t.sack_ok);
	s->iss = o->t.seq;
	s->wnd = 65535;
	act_ack(s);
	/* the watch reads every window unscaled; these bytes fit into it */
	act_send(s, 0, 1000);
	act_at(s, 0, 3000, 1000);
	CHECK_EQ(s->h.watch.our_wscale, -1);
	CHECK(s->h.watch.ack_edge - s->h.watch.ack <= 65535);
	act_at(s, 0, 1000, 2000);
	CHECK_EQ(s->h.host.got, 4000);
	s->sent = 4000;
	for (unsigned i = 0; i < s->n; i++)
		CHECK_EQ(s->out[i].t.n_sack, 0);
	goes_on(s);
}

void script_62(struct stage *s)
{
	s->syn.has_ts = true;
	act_open(s);
	goes_on(s);
	host_sends(s, 100000);
	act_drink(s);
	for (unsigned i = 0; i < s->n; i++)
		CHECK(!s->out[i].t.has_ts);
}

static void sees_small(struct stage *s, bool tso, uint32_t mss)
{
	bool large = false;

	s->h.env.tso4 = tso;
	s->syn.mss = (uint16_t)mss;
	act_open(s);
	host_sends(s, 100000);
	act_drink(s);
	CHECK_EQ(s->got, 100000);
	for (unsigned i = 0; i < s->n; i++) {
		const struct stage_out *o = &s->out[i];

		CHECK(o->gso_size ? o->gso_size <= mss : o->len <= mss);
		large = large || o->gso_size;
	}
	CHECK_EQ(large, tso);
	act_at(s, WEIR_TCP_RST, s->sent, 0);
	stage_again(s);
}

void script_63(struct stage *s)
{
	sees_small(s, false, 536);
	sees_small(s, true, 536);
	/* none at all means 536 */
	s->syn.mss = 0;
	s->h.env.tso4 = false;
	act_open(s);
	host_sends(s, 5000);
	while (s->seen < s->n)
		CHECK(see(s)->len <= 536);
}

void script_65(struct stage *s)
{
	act_open(s);
	goes_on(s);
	act_drink(s);
	pass(s, SECONDS);
	skip_seen(s);
	/* from now on nothing is due but the question of idleness */
	CHECK(house_due(&s->h) >= s->h.now + 60 * SECONDS);
	CHECK(house_due(&s->h) >= s->h.env.idle_us);
	CHECK_EQ(s->h.pool.used, 0);
	pass(s, 60 * SECONDS);
	quiet(s);
	goes_on(s);
}
