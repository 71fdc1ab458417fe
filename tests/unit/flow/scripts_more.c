/* SPDX-License-Identifier: Apache-2.0 */
/* scripts_more.c - scripts for what tcp.tsv does not say */
#include "../t.h"
#include "scripts.h"

#define A  WEIR_TCP_ACK
#define RA (WEIR_TCP_RST | WEIR_TCP_ACK)

/* Within what every guest's RTO allows, 200 ms, whatever the window does. */
void script_a_small_request_is_acknowledged_soon(struct stage *s)
{
	static const uint32_t size[] = { 1, 10, 100, 127, 128, 129, 1460 };

	act_open(s);
	for (unsigned i = 0; i < 7; i++) {
		act_send(s, 0, size[i]);
		pass(s, 100 * MS);
		CHECK_EQ(s->h.watch.ack, s->syn.seq + 1 + s->sent);
		CHECK_EQ(s->h.host.got, s->sent);
	}
	skip_seen(s);
	pass(s, 60 * SECONDS);
	quiet(s);
}

void script_what_a_blocked_host_does_not_take_is_acknowledged_all_the_same(
	struct stage *s)
{
	act_open(s);
	s->h.host.space = 0;
	for (unsigned i = 0; i < 50; i++) {
		act_send(s, 0, 1 + i * 13 % 300);
		pass(s, 100 * MS);
		CHECK_EQ(s->h.watch.ack, s->syn.seq + 1 + s->sent);
	}
	host_takes(s, UINT64_MAX);
	CHECK_EQ(s->h.host.got, s->sent);
	skip_seen(s);
}

void script_a_silent_guest_is_asked_and_then_given_up(struct stage *s)
{
	uint64_t begun;
	unsigned asked = 0;

	s->h.env.idle_us = 600 * SECONDS;
	act_open(s);
	goes_on(s);
	skip_seen(s);
	pass(s, 599 * SECONDS);
	skip_seen(s);
	begun = s->h.now;
	/* one that answers lives on */
	pass(s, 2 * SECONDS);
	CHECK_EQ(see_flags(s, A)->len, 0);
	skip_seen(s);
	act_ack(s);
	pass(s, 598 * SECONDS);
	quiet(s);
	while (s->h.alive && s->h.now < begun + 3600 * SECONDS) {
		pass(s, SECONDS);
		while (s->seen < s->n)
			asked += !(see(s)->t.flags & WEIR_TCP_RST);
	}
	CHECK(asked >= 3);
	over_for(s, WEIR_REASON_IDLE);
	CHECK(s->h.host.reset);
}

/* Both have said FIN and the guest has forgotten; the host reads slowly. */
void script_a_guest_that_has_finished_is_not_asked_again(struct stage *s)
{
	s->h.env.idle_us = 60 * SECONDS;
	act_open(s);
	s->h.host.space = 0;
	act_send(s, WEIR_TCP_FIN, 50000);
	host_ends(s);
	act_drink(s);
	CHECK(s->eof);
	skip_seen(s);
	pass(s, 3600 * SECONDS);
	quiet(s);
	CHECK(s->h.alive);
	host_takes(s, UINT64_MAX);
	CHECK_EQ(s->h.host.got, 50000);
	CHECK(s->h.host.shut);
	over_for(s, WEIR_REASON_CLOSED);
}

/* Nothing was waiting when the window was full; the guest's word that it is
 * open again is lost. */
void script_a_lost_window_update_is_found_out(struct stage *s)
{
	act_open_shut(s);
	host_sends(s, 5000);
	quiet(s);
	for (int i = 0; i < 100 && s->seen == s->n; i++)
		pass(s, 100 * MS);
	/* asked, it answers */
	CHECK(see_flags(s, A)->len <= 1);
	s->wnd = 512;
	act_ack(s);
	act_drink(s);
	CHECK_EQ(s->got, 6024);
}

/* One that went only because nothing was in flight for long: what was sent
 * once is no longer a matter of silly windows. */
void script_a_small_segment_is_repeated_at_its_RTO(struct stage *s)
{
	uint64_t last, gap = 0;
	unsigned repeats = 0;

	s->syn.window = 4096;
	s->wnd = 4096 >> 7;
	act_open(s);
	host_sends(s, 100000);
	skip_seen(s);
	s->got = 4096;
	s->wnd = 1024 >> 7;
	act_ack(s);
	quiet(s);
	for (int i = 0; i < 100 && s->seen == s->n; i++)
		pass(s, 20 * MS);
	last = see_flags(s, A)->at;
	pass(s, 25 * SECONDS);
	while (s->seen < s->n) {
		const struct stage_out *o = see_flags(s, A);

		CHECK_EQ(o->t.seq, s->iss + 1 + 4096);
		CHECK_EQ(o->len, 1024);
		if (repeats++)
			CHECK_EQ(o->at - last, 2 * gap);
		gap = o->at - last;
		last = o->at;
	}
	CHECK(repeats >= 5);
}

/* RFC 9293 3.8.6, MUST-34: it should not, but it may. */
void script_a_guest_that_takes_its_window_back_is_waited_for(struct stage *s)
{
	act_open(s);
	s->wnd = 0;
	act_ack(s);
	host_sends(s, 10000);
	for (int i = 0; i < 3600; i++) {
		if (s->seen < s->n)
			act_ack(s);
		skip_seen(s);
		pass(s, SECONDS);
	}
	CHECK(s->h.alive);
	skip_seen(s);
	s->wnd = 512;
	act_ack(s);
	for (int i = 0; i < 100; i++) {
		act_drink(s);
		pass(s, SECONDS);
	}
	CHECK_EQ(s->got, 10000);
}

void script_an_acknowledgement_has_the_newest_number_even_after_a_timeout(
	struct stage *s)
{
	bool found = false;

	act_open(s);
	host_sends(s, 20000);
	skip_seen(s);
	s->got = 1460;
	act_ack(s);
	/* the RTO sends the first one again, alone; then the guest speaks */
	pass(s, 2 * SECONDS);
	skip_seen(s);
	act_send(s, 0, 3000);
	while (s->seen < s->n) {
		const struct stage_out *o = see(s);

		if (o->len)
			continue;
		CHECK_EQ(o->t.seq, s->iss + 1 + 20000);
		found = true;
	}
	CHECK(found);
}

void script_a_probe_does_not_swallow_an_acknowledgement(struct stage *s)
{
	uint32_t heard = 0;

	act_open_shut(s);
	host_sends(s, 10);
	skip_seen(s);
	for (int i = 0; i < 3000; i++) {
		if (i % 7 == 0 && i < 2900)
			act_send(s, 0, 10);
		pass(s, 3 * MS);
		/* what an old number says the guest does not hear */
		for (; s->seen < s->n; s->seen++)
			if (s->out[s->seen].t.seq == s->iss + 1 + s->got)
				heard = s->out[s->seen].t.ack;
	}
	CHECK_EQ(heard - s->syn.seq - 1, s->sent);
}

void script_a_late_segment_with_a_new_acknowledgement_brings_its_window(
	struct stage *s)
{
	s->syn.wscale = -1;
	s->syn.window = 2000;
	act_open(s);
	s->wnd = 2000;
	act_ack(s);
	act_at(s, 0, 100, 100);
	host_sends(s, 2000);
	skip_seen(s);
	/* 0-99 come late; the guest has 2000 bytes and no room */
	s->got = 2000;
	s->wnd = 0;
	act_at(s, 0, 0, 100);
	s->sent = 200;
	skip_seen(s);
	host_sends(s, 2000);
	while (s->seen < s->n)
		CHECK_EQ(see(s)->len, 0);
}

void script_little_memory_makes_a_little_window_not_none(struct stage *s)
{
	uint32_t hog = 2048 - 4;
	struct weir_store other;

	s->h.env.mtu = 65520;
	s->syn.mss = 65480;
	act_open(s);
	weir_store_init(&other);
	CHECK_EQ(weir_store_reach(&s->h.pool, &other, hog * WEIR_CHUNK_BYTES),
		 hog * WEIR_CHUNK_BYTES);
	s->h.base = hog;
	for (int i = 0; i < 200 && s->sent < 1000000; i++) {
		act_pour(s, 1000000, 65480);
		pass(s, 100 * MS);
		skip_seen(s);
	}
	CHECK_EQ(s->sent, 1000000);
	CHECK_EQ(s->h.host.got, 1000000);
	weir_store_clear(&s->h.pool, &other);
	s->h.base = 0;
}

void script_a_flood_of_SYNs_is_challenged_a_hundred_times_a_second(
	struct stage *s)
{
	act_open(s);
	for (int round = 0; round < 3; round++) {
		unsigned answers = 0;

		pass(s, 2 * SECONDS);
		for (int i = 0; i < 1000; i++)
			act_syn(s);
		for (; s->seen < s->n; s->seen++)
			answers++;
		CHECK(answers > 0 && answers <= 100);
	}
	goes_on(s);
}

void script_room_that_was_not_filled_is_given_back(struct stage *s)
{
	s->syn.wscale = 10;
	s->wnd = 1024;
	act_open(s);
	host_sends(s, 10);
	CHECK_EQ(s->h.pool.used, 1);
	act_drink(s);
	CHECK_EQ(s->h.pool.used, 0);
}

void script_an_end_of_file_behind_a_closed_window_arrives(struct stage *s)
{
	act_open_shut(s);
	host_ends(s);
	for (int i = 0; i < 100 && !s->eof; i++) {
		act_drink(s);
		pass(s, SECONDS);
		s->wnd = i > 10 ? 512 : 0;
		act_ack(s);
	}
	CHECK(s->eof);
}
