/* SPDX-License-Identifier: Apache-2.0 */
/* stage.c - where the scripts of test_conn_cases.c play */
#include "stage.h"

#include "../t.h"

static void ok(const struct stage *s)
{
	if (s->h.why[0])
		fail_msg("%s", s->h.why);
}

static void note(void *arg, const struct weir_conn_out *o)
{
	struct stage *s = arg;

	if (s->n == STAGE_OUTS) {
		memmove(s->out, s->out + s->seen,
			(s->n - s->seen) * sizeof(s->out[0]));
		s->n -= s->seen;
		s->seen = 0;
	}
	assert_true(s->n < STAGE_OUTS);
	s->out[s->n++] = (struct stage_out){ .t = o->tcp,
					     .len = o->len,
					     .gso_size = o->gso_size,
					     .unreachable = o->unreachable,
					     .at = s->h.now };
}

struct stage *stage_new(void)
{
	struct stage *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	tape_init(&s->tape);
	house_open(&s->h, &s->tape, 2048);
	s->h.trace = getenv("TRACE") != NULL;
	s->h.sink = note;
	s->h.sink_arg = s;
	s->syn = (struct weir_tcp){ .sport = s->h.ends.gport,
				    .dport = s->h.ends.fport,
				    .seq = 7000,
				    .flags = WEIR_TCP_SYN,
				    .window = 64240,
				    .mss = 1460,
				    .wscale = 7,
				    .sack_ok = true };
	s->wnd = 512;
	return s;
}

void stage_end(struct stage *s)
{
	house_close(&s->h);
	ok(s);
	free(s);
}

void stage_again(struct stage *s)
{
	CHECK(!s->h.alive);
	s->h.host =
		(struct house_host){ .space = UINT64_MAX, .piece = UINT32_MAX };
	s->syn.seq += 1u << 20;
	s->seen = s->n = 0;
	s->sent = s->got = 0;
	s->eof = false;
}

void act_syn(struct stage *s)
{
	if (s->h.alive)
		house_segment(&s->h, &s->syn, NULL, 0);
	else
		house_syn(&s->h, &s->syn);
	ok(s);
}

void act_open(struct stage *s)
{
	const struct stage_out *o;

	act_syn(s);
	house_connected(&s->h);
	ok(s);
	o = see_flags(s, WEIR_TCP_SYN | WEIR_TCP_ACK);
	s->iss = o->t.seq;
	s->sent = s->got = 0;
	if (s->syn.wscale < 0 || o->t.wscale < 0)
		s->wnd = 65535;
	act_ack(s);
	skip_seen(s);
	CHECK_EQ(s->h.conn.state, WEIR_CONN_OPEN);
}

void act_open_shut(struct stage *s)
{
	s->syn.window = 1024;
	s->wnd = 8;
	act_open(s);
	s->wnd = 0;
	host_sends(s, 1024);
	act_drink(s);
	CHECK_EQ(s->got, 1024);
	skip_seen(s);
}

void act_call(struct stage *s)
{
	house_call(&s->h);
	ok(s);
	s->iss = see_flags(s, WEIR_TCP_SYN)->t.seq;
	s->sent = s->got = 0;
}

void act_answer(struct stage *s, uint32_t len)
{
	struct weir_tcp t = s->syn;

	t.flags = WEIR_TCP_SYN | WEIR_TCP_ACK;
	t.ack = s->iss + 1;
	house_segment(&s->h, &t, tape_at(&s->tape, TAPE_UP, 0), len);
	ok(s);
}

void act_call_open(struct stage *s)
{
	act_call(s);
	act_answer(s, 0);
	see_ack(s, 0);
	quiet(s);
	CHECK_EQ(s->h.conn.state, WEIR_CONN_OPEN);
	if (s->h.watch.our_wscale < 0)
		s->wnd = 65535;
}

void act_raw(struct stage *s, uint8_t flags, uint32_t seq, uint32_t ack)
{
	struct weir_tcp t = { .sport = s->h.ends.gport,
			      .dport = s->h.ends.fport,
			      .seq = seq,
			      .ack = ack,
			      .flags = flags,
			      .window = s->wnd,
			      .wscale = -1 };

	house_segment(&s->h, &t, NULL, 0);
	ok(s);
}

void act_at(struct stage *s, uint8_t flags, uint32_t off, uint32_t len)
{
	struct weir_tcp t = { .sport = s->h.ends.gport,
			      .dport = s->h.ends.fport,
			      .seq = s->syn.seq + 1 + off,
			      .ack = s->iss + 1 + s->got + (s->eof ? 1 : 0),
			      .flags = (uint8_t)(flags | WEIR_TCP_ACK),
			      .window = s->wnd,
			      .wscale = -1 };

	if (s->room)
		t.window = (uint16_t)(s->room - (s->got - s->read));
	house_segment(&s->h, &t, tape_at(&s->tape, TAPE_UP, off), len);
	ok(s);
}

void act_send(struct stage *s, uint8_t flags, uint32_t len)
{
	uint32_t off = s->sent;

	s->sent += len + (flags & WEIR_TCP_FIN ? 1 : 0);
	act_at(s, flags, off, len);
}

void act_ack(struct stage *s)
{
	act_at(s, 0, s->sent, 0);
}

void act_pour(struct stage *s, uint32_t end, uint32_t piece)
{
	while (s->sent < end) {
		uint32_t edge = s->h.watch.ack_edge - s->syn.seq - 1;
		uint32_t stop = end < edge ? end : edge, n = piece;

		if (stop <= s->sent)
			return;
		if (n > stop - s->sent)
			n = stop - s->sent;
		act_send(s, 0, n);
	}
}

void act_drink(struct stage *s)
{
	while (s->seen < s->n) {
		const struct stage_out *o = &s->out[s->seen++];
		uint32_t off = o->t.seq - s->iss - 1;

		if (o->t.flags & WEIR_TCP_RST)
			fail_msg("a RST instead of bytes");
		if (!o->len && !(o->t.flags & WEIR_TCP_FIN))
			continue;
		if (off <= s->got && off + o->len >= s->got) {
			s->got = off + o->len;
			s->eof = s->eof || o->t.flags & WEIR_TCP_FIN;
		}
		act_ack(s);
	}
}

void host_sends(struct stage *s, uint32_t n)
{
	s->h.host.has += n;
	house_turn(&s->h);
	ok(s);
}

void host_ends(struct stage *s)
{
	s->h.host.will_end = true;
	house_turn(&s->h);
	ok(s);
}

void host_takes(struct stage *s, uint64_t n)
{
	s->h.host.space = n;
	house_turn(&s->h);
	ok(s);
}

void host_ends_first(struct stage *s)
{
	host_sends(s, 3000);
	host_ends(s);
	act_drink(s);
	CHECK_EQ(s->got, 3000);
	CHECK(s->eof);
	act_send(s, 0, 2000);
	pass(s, 10 * SECONDS);
	act_send(s, 0, 500);
	CHECK_EQ(s->h.host.got, 2500);
	CHECK(!s->h.host.shut);
}

void guest_resets(struct stage *s)
{
	act_send(s, 0, 100);
	skip_seen(s);
	act_at(s, WEIR_TCP_RST, s->sent, 0);
	over_for(s, WEIR_REASON_GUEST_RESET);
	CHECK(s->h.host.reset && !s->h.host.shut);
}

void see_host_reset(struct stage *s)
{
	CHECK_EQ(see_flags(s, WEIR_TCP_ACK)->len, 1460);
	CHECK_EQ(see_flags(s, WEIR_TCP_ACK)->len, 540);
	see_flags(s, WEIR_TCP_RST | WEIR_TCP_ACK);
	over_for(s, WEIR_REASON_HOST_RESET);
}

void pass(struct stage *s, uint64_t us)
{
	uint64_t end = s->h.now + us;

	while (house_due(&s->h) <= end) {
		uint64_t due = house_due(&s->h);

		house_time(&s->h, due > s->h.now ? due : s->h.now);
		ok(s);
	}
	s->h.now = end;
}

const struct stage_out *see(struct stage *s)
{
	if (s->seen == s->n)
		fail_msg("nothing came out");
	return &s->out[s->seen++];
}

const struct stage_out *see_flags(struct stage *s, uint8_t flags)
{
	const struct stage_out *o = see(s);

	CHECK(!o->unreachable);
	CHECK_EQ(o->t.flags & ~WEIR_TCP_PSH, flags);
	return o;
}

const struct stage_out *see_ack(struct stage *s, uint32_t off)
{
	const struct stage_out *o = see_flags(s, WEIR_TCP_ACK);

	CHECK_EQ(o->t.ack - s->syn.seq - 1, off);
	return o;
}

void quiet(struct stage *s)
{
	if (s->seen != s->n) {
		const struct weir_tcp *t = &s->out[s->seen].t;

		fail_msg("came out: flags %x seq %u len %u ack %u", t->flags,
			 t->seq - s->iss, s->out[s->seen].len,
			 t->ack - s->syn.seq);
	}
}

void skip_seen(struct stage *s)
{
	s->seen = s->n;
}

void over_for(struct stage *s, enum weir_reason why)
{
	quiet(s);
	CHECK(!s->h.alive);
	assert_string_equal(weir_reason_name(s->h.over), weir_reason_name(why));
	CHECK_EQ(s->h.pool.used, 0);
}

void goes_on(struct stage *s)
{
	uint64_t up = s->h.host.got;
	uint32_t down = s->got;

	CHECK(s->h.alive);
	skip_seen(s);
	act_send(s, 0, 300);
	CHECK_EQ(s->h.host.got, up + 300);
	host_sends(s, 400);
	act_drink(s);
	CHECK_EQ(s->got, down + 400);
}
