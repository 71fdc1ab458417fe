/* SPDX-License-Identifier: Apache-2.0 */
/* house.c - a connection at home: payload memory, a host socket, an engine */
#include "house.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TURN_STEPS 20000 /* more than any turn can need */
#define SPANS      8

static void broken(struct house *h, const char *why)
{
	if (!h->why[0])
		snprintf(h->why, sizeof(h->why), "at %" PRIu64 " us: %s",
			 h->now, why);
}

void house_open(struct house *h, struct tape *tape, uint32_t chunks)
{
	struct weir_arena arena;
	size_t len = (size_t)chunks * (WEIR_CHUNK_BYTES + 4) + 8192;

	*h = (struct house){
		.tape = tape, .now = 1000000, .link = UINT32_MAX, .expect = true
	};
	h->mem = calloc(1, len);
	if (!h->mem)
		abort();
	weir_arena_init(&arena, h->mem, len);
	if (!weir_store_pool_init(&h->pool, &arena,
				  (uint64_t)chunks * WEIR_CHUNK_BYTES))
		abort();
	h->env = (struct weir_conn_env){ .pool = &h->pool,
					 .secret = { 1, 2 },
					 .mtu = 1500,
					 .window_max = 1u << 20,
					 .idle_us = 7200000000u };
	h->ends = (struct weir_conn_ends){ .guest = weir_addr_from4(0x0a000202),
					   .far = weir_addr_from4(0xc0000201),
					   .gport = 40000,
					   .fport = 443 };
	h->host.space = UINT64_MAX;
	h->host.piece = UINT32_MAX;
}

static void host_took(struct house *h, const uint8_t *at, size_t n)
{
	struct house_host *s = &h->host;

	if (h->expect && n <= TAPE_PIECE &&
	    memcmp(at, tape_at(h->tape, TAPE_UP, s->got), n))
		broken(h, "the host is given other bytes than were sent");
	if (s->shut)
		broken(h, "the host is given bytes after end of file");
	if (s->keep)
		for (size_t i = 0; i < n && s->got + i < s->keep_max; i++)
			s->keep[s->got + i] = at[i];
	s->got += n;
	s->space -= n;
}

/* It may be larger than a piece of the tape: one call for each chunk's worth.
 */
static void host_took_span(struct house *h, const uint8_t *at, size_t n)
{
	while (n) {
		size_t part = n < TAPE_PIECE ? n : TAPE_PIECE;

		host_took(h, at, part);
		at += part;
		n -= part;
	}
}

static bool turn_up(struct house *h)
{
	struct house_host *s = &h->host;
	struct weir_span v[SPANS];
	unsigned n = weir_conn_up_peek(&h->conn, &h->env, v, SPANS);
	uint32_t took = 0;

	for (unsigned i = 0; i < n && s->space; i++) {
		size_t part = v[i].len < s->space ? v[i].len : s->space;

		host_took_span(h, v[i].at, part);
		took += (uint32_t)part;
	}
	if (took)
		weir_conn_up_taken(&h->conn, &h->env, took);
	if (weir_conn_up_is_ended(&h->conn)) {
		if (s->shut)
			broken(h, "a second end of file for the host");
		s->shut = true;
		weir_conn_up_shut(&h->conn, h->now);
		return true;
	}
	return took != 0;
}

/* Fill the room with what the host has.  Return: how many bytes. */
static uint32_t host_read(struct house *h, const struct weir_span *v,
			  unsigned n)
{
	struct house_host *s = &h->host;
	uint64_t most = s->has - s->given;
	uint32_t done = 0;

	if (most > s->piece)
		most = s->piece;
	for (unsigned i = 0; i < n; i++) {
		for (size_t at = 0; at < v[i].len && done < most;) {
			uint64_t part = v[i].len - at;

			part = part < most - done ? part : most - done;
			part = part < TAPE_PIECE ? part : TAPE_PIECE;
			memcpy(v[i].at + at,
			       tape_at(h->tape, TAPE_DOWN, s->given + done),
			       part);
			at += part;
			done += (uint32_t)part;
		}
	}
	return done;
}

/* One read(): it may give nothing, or tell the end of file. */
static bool turn_down(struct house *h)
{
	struct house_host *s = &h->host;
	uint32_t want = weir_conn_down_wants(&h->conn, &h->env), n, room = 0;
	struct weir_span v[SPANS];
	unsigned spans;

	if (!want || s->told)
		return false;
	if (s->given == s->has && s->will_end) {
		s->told = h->watch.eof = true;
		weir_conn_down_ended(&h->conn);
		return true;
	}
	if (s->given == s->has && !s->more)
		return false;
	spans = weir_conn_down_room(&h->conn, &h->env, want, v, SPANS);
	for (unsigned i = 0; i < spans; i++)
		room += (uint32_t)v[i].len;
	if (room > want)
		broken(h, "room for more than it wants");
	n = host_read(h, v, spans);
	s->given += n;
	h->watch.given += n;
	s->more = room && n == room;
	weir_conn_down_filled(&h->conn, &h->env, n, s->more);
	return n != 0;
}

static void say(struct house *h, bool up, const struct weir_tcp *t,
		uint32_t len)
{
	char line[200];

	if (!h->trace)
		return;
	watch_line(&h->watch, line, sizeof(line), up, t, len);
	printf("%12.6f %s\n", (double)h->now / 1e6, line);
}

static bool turn_next(struct house *h)
{
	struct weir_conn_out out;
	const char *why;

	if (!h->link || !weir_conn_next(&h->conn, &h->env, h->now, &out))
		return false;
	if (h->link != UINT32_MAX)
		h->link--;
	say(h, false, &out.tcp, out.len);
	why = watch_out(&h->watch, &out);
	if (why)
		broken(h, why);
	if (h->sink)
		h->sink(h->sink_arg, &out);
	return true;
}

/* The owner of a connection that is over closes the host's side and frees it.
 */
static void bury(struct house *h)
{
	struct house_host *s = &h->host;

	h->alive = false;
	h->over = (enum weir_reason)h->conn.over;
	if (h->over == WEIR_REASON_NONE)
		broken(h, "over for no reason");
	if (h->over != WEIR_REASON_CLOSED)
		s->reset = true;
	else if (!s->shut || !s->told)
		broken(h, "closed before both ends were");
	weir_conn_free(&h->conn, &h->env);
	if (h->pool.used != h->base)
		broken(h, "payload memory is held after the end");
	if (h->trace)
		printf("%12.6f over: %s\n", (double)h->now / 1e6,
		       weir_reason_name(h->over));
}

void house_turn(struct house *h)
{
	int steps = 0;
	bool more = true;

	while (h->alive && !h->why[0] && more) {
		bool up = !h->host.reset && turn_up(h);
		bool down = !h->host.reset && turn_down(h);
		bool next = false;

		while (!h->why[0] && h->conn.state != WEIR_CONN_OVER &&
		       steps++ < TURN_STEPS && turn_next(h))
			next = true;
		if (h->conn.state == WEIR_CONN_OVER)
			bury(h);
		if (steps > TURN_STEPS)
			broken(h, "a turn that does not end");
		more = up || down || next;
	}
	h->turns++;
}

void house_close(struct house *h)
{
	if (h->alive)
		weir_conn_free(&h->conn, &h->env);
	h->alive = false;
	if (h->pool.used != h->base)
		broken(h, "a chunk was lost");
	free(h->mem);
	h->mem = NULL;
}

void house_syn(struct house *h, const struct weir_tcp *syn)
{
	if (!weir_conn_is_syn(syn)) {
		broken(h, "a SYN that is none");
		return;
	}
	weir_conn_init(&h->conn, &h->env, &h->ends, syn, h->now);
	watch_open(&h->watch, h->tape, &h->env, &h->ends, syn);
	h->alive = true;
	say(h, true, syn, 0);
	house_turn(h);
}

void house_call(struct house *h)
{
	weir_conn_call(&h->conn, &h->env, &h->ends, h->now);
	watch_call(&h->watch, h->tape, &h->env, &h->ends);
	h->alive = true;
	house_turn(h);
}

void house_connected(struct house *h)
{
	if (!h->alive)
		return;
	h->watch.connected = true;
	weir_conn_host_connected(&h->conn, h->now);
	house_turn(h);
}

void house_failed(struct house *h, enum weir_reason why)
{
	if (!h->alive)
		return;
	weir_conn_host_failed(&h->conn, why);
	house_turn(h);
}

/* What the table does with a segment that belongs to no connection. */
static void refuse(struct house *h, const struct weir_tcp *t, uint32_t len)
{
	struct weir_conn_out out;

	memset(&out, 0xa5, sizeof(out));
	if (!weir_conn_refuse(t, len, &out))
		return;
	say(h, false, &out.tcp, out.len);
	if (!(out.tcp.flags & WEIR_TCP_RST) || out.len || out.n ||
	    out.gso_size || out.unreachable)
		broken(h, "a refusal that is more than a RST");
	if (h->sink)
		h->sink(h->sink_arg, &out);
}

static void reopen(struct house *h, const struct weir_tcp *syn)
{
	weir_conn_init_after(&h->conn, &h->env, syn, h->now);
	watch_open(&h->watch, h->tape, &h->env, &h->ends, syn);
	h->host =
		(struct house_host){ .space = UINT64_MAX, .piece = UINT32_MAX };
	house_turn(h);
}

static void arrive(struct house *h, const struct weir_tcp *t,
		   const struct weir_spans *s)
{
	struct weir_conn_direct d = { 77, 77 };
	struct weir_span v[SPANS];
	uint32_t took = 0;
	unsigned n;

	h->said = weir_conn_segment(&h->conn, &h->env, t, s, h->now, &d);
	if (h->said != WEIR_REASON_NONE)
		h->drops++;
	if (!d.len)
		return;
	if ((uint64_t)d.skip + d.len > s->len) {
		broken(h, "direct bytes beyond the payload");
		return;
	}
	n = weir_spans_cut(s, d.skip, d.len, v, SPANS);
	for (unsigned i = 0; i < n && h->host.space && !h->host.reset; i++) {
		size_t part =
			v[i].len < h->host.space ? v[i].len : h->host.space;

		host_took_span(h, v[i].at, part);
		took += (uint32_t)part;
	}
	weir_conn_take(&h->conn, &h->env, s, &d, took, h->now);
}

void house_segment(struct house *h, const struct weir_tcp *t, const uint8_t *at,
		   uint32_t len)
{
	struct weir_span v[3];
	struct weir_spans s = { v, 3, len };
	uint8_t *exact;

	say(h, true, t, len);
	if (!h->alive) {
		refuse(h, t, len);
		return;
	}
	if (h->conn.state == WEIR_CONN_WAIT &&
	    weir_conn_is_reusable(&h->conn, t)) {
		reopen(h, t);
		return;
	}
	/* a copy of its exact size, gone afterwards, in three pieces */
	exact = malloc(len ? len : 1);
	if (!exact)
		abort();
	if (len)
		memcpy(exact, at, len);
	v[0] = (struct weir_span){ exact, len / 3 };
	v[1] = (struct weir_span){ exact + len / 3, len / 2 - len / 3 };
	v[2] = (struct weir_span){ exact + len / 2, len - len / 2 };
	/* the guest may dial anew from the same port */
	if (h->conn.state == WEIR_CONN_DIAL && weir_conn_is_syn(t) &&
	    t->seq != h->watch.syn.seq)
		watch_open(&h->watch, h->tape, &h->env, &h->ends, t);
	watch_in(&h->watch, t, len);
	arrive(h, t, &s);
	free(exact);
	house_turn(h);
}

uint64_t house_due(const struct house *h)
{
	return h->alive && !h->why[0] ? weir_conn_due_us(&h->conn) : UINT64_MAX;
}

void house_time(struct house *h, uint64_t now_us)
{
	h->now = now_us;
	if (house_due(h) <= now_us) {
		weir_conn_tick(&h->conn, &h->env, now_us);
		house_turn(h);
		if (house_due(h) <= now_us)
			broken(h, "what was due is due again at once");
	}
}

void house_reset(struct house *h)
{
	if (!h->alive || h->host.reset)
		return;
	h->host.reset = true;
	weir_conn_host_reset(&h->conn);
	house_turn(h);
}

static uint32_t iss_of(struct house *h, const struct weir_tcp *syn,
		       uint64_t now)
{
	struct weir_conn_out out = { 0 };
	struct weir_conn c;

	weir_conn_init(&c, &h->env, &h->ends, syn, now);
	weir_conn_host_connected(&c, now);
	if (!weir_conn_next(&c, &h->env, now, &out))
		broken(h, "no SYN-ACK");
	weir_conn_free(&c, &h->env);
	return out.tcp.seq;
}

/* The number grows with the clock (RFC 6528): how fast is measured. */
void house_iss_at(struct house *h, const struct weir_tcp *syn, uint32_t iss)
{
	uint32_t here = iss_of(h, syn, h->now);
	uint32_t step = iss_of(h, syn, h->now + 1000000) - here;

	if (step == 0)
		broken(h, "initial sequence numbers stand still");
	else
		h->now += (uint64_t)(iss - here) * 1000000 / step;
}
