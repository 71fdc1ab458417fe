/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer.c - the guest: a small TCP of its own, with a program on top of it
 *
 * Sequence numbers are turned into 64-bit offsets where they arrive and back
 * where they leave, so that nothing inside wraps.  Loss is repaired as a plain
 * Reno with SACK would: three duplicates or the RTO, then what is not known to
 * have arrived.
 */
#include "peer.h"

#include <string.h>

#define NEVER        UINT64_MAX
#define TIME_WAIT_US 60000000u
#define ALIVE_US     20000000u /* silence after which it asks */
#define TRIES_MAX    14u
#define ALIVE_TRIES  20u
#define CALLED_TRIES 10u

static uint32_t seq_of(const struct peer *p, uint64_t off)
{
	return p->want.isn + 1 + (uint32_t)off;
}

/* The offset near @near that @seq stands for. */
static uint64_t unwrap(uint32_t seq, uint32_t base, uint64_t near)
{
	int32_t delta = (int32_t)(seq - base - (uint32_t)near);
	int64_t off = (int64_t)near + delta;

	return off < 0 ? NEVER : (uint64_t)off;
}

static uint64_t end_off(const struct peer *p)
{
	return p->wrote + (p->closed ? 1 : 0);
}

static uint64_t window(const struct peer *p)
{
	uint64_t used = p->got - p->read;

	return used < p->want.room ? p->want.room - used : 0;
}

/* The edge moves by a segment, half the buffer, or not at all. */
static void open_window(struct peer *p)
{
	uint64_t edge = p->got + window(p), step = p->want.room / 2;
	unsigned scale = p->scale_out;
	uint64_t span;

	if (step > p->want.mss && p->want.mss)
		step = p->want.mss;
	if (edge >= p->adv + step)
		p->adv = edge;
	/* on the wire in whole units, rounded so that it never moves left */
	span = (p->adv - p->got + (1u << scale) - 1) >> scale;
	if (span > 65535)
		span = 65535;
	p->adv = p->got + (span << scale);
}

/* --- out --- */

static void put(struct peer *p, uint8_t flags, uint64_t off, uint32_t len)
{
	struct weir_tcp t = { .seq = seq_of(p, off),
			      .flags = (uint8_t)(flags | WEIR_TCP_ACK),
			      .wscale = -1 };
	unsigned scale = p->scale_out;

	open_window(p);
	t.ack = p->irs + 1 + (uint32_t)p->got + (p->eof ? 1 : 0);
	t.window = (uint16_t)((p->adv - p->got) >> scale);
	if (p->want.sack)
		for (unsigned i = 0; i < p->n_held && i < 4; i++) {
			t.sack[i].from = p->irs + 1 + (uint32_t)p->held[i].from;
			t.sack[i].to = p->irs + 1 + (uint32_t)p->held[i].to;
			t.n_sack++;
		}
	p->ack_now = false;
	p->unacked = 0;
	p->ack_at = NEVER;
	p->sent++;
	p->send(p->send_arg, &t, off, len);
}

static void put_syn(struct peer *p)
{
	struct weir_tcp t = { .seq = p->want.isn,
			      .flags = WEIR_TCP_SYN,
			      .mss = p->want.mss,
			      .wscale = p->want.wscale,
			      .sack_ok = p->want.sack };

	t.window = (uint16_t)(p->want.room < 65535 ? p->want.room : 65535);
	p->send(p->send_arg, &t, 0, 0);
}

static void put_synack(struct peer *p)
{
	struct weir_tcp t = { .seq = p->want.isn,
			      .ack = p->irs + 1,
			      .flags = WEIR_TCP_SYN | WEIR_TCP_ACK,
			      .mss = p->want.mss,
			      .wscale = p->scales ? p->want.wscale : -1,
			      .sack_ok = p->want.sack };

	t.window = (uint16_t)(p->want.room < 65535 ? p->want.room : 65535);
	p->send(p->send_arg, &t, 0, 0);
}

static void put_rst(struct peer *p, uint32_t seq, uint32_t ack)
{
	struct weir_tcp t = { .seq = seq,
			      .ack = ack,
			      .flags = WEIR_TCP_RST | WEIR_TCP_ACK,
			      .wscale = -1 };

	p->send(p->send_arg, &t, 0, 0);
}

static void halt(struct peer *p, enum peer_state state)
{
	p->state = state;
	p->rto_at = p->ack_at = p->gulp_at = p->burst_at = NEVER;
	p->alive_at = NEVER;
}

/* What of [from, ...) is not known to have arrived; skips what is. */
static uint64_t skip_sacked(const struct peer *p, uint64_t from, uint64_t *stop)
{
	for (bool again = true; again;) {
		again = false;
		for (unsigned i = 0; i < p->n_sacked; i++)
			if (p->sacked[i].from <= from &&
			    from < p->sacked[i].to) {
				from = p->sacked[i].to;
				again = true;
			}
	}
	for (unsigned i = 0; i < p->n_sacked; i++)
		if (p->sacked[i].from > from && p->sacked[i].from < *stop)
			*stop = p->sacked[i].from;
	return from;
}

static uint32_t put_bytes(struct peer *p, uint64_t from, uint64_t most)
{
	uint64_t n = p->wrote > from ? p->wrote - from : 0;
	uint8_t flags = 0;

	if (n > most)
		n = most;
	if (p->closed && from + n == p->wrote)
		flags = WEIR_TCP_FIN;
	if (flags)
		p->fin_out = true;
	put(p, flags | (n ? WEIR_TCP_PSH : 0), from, (uint32_t)n);
	return (uint32_t)n + (flags ? 1 : 0);
}

static void arm(struct peer *p)
{
	if (p->rto_at == NEVER)
		p->rto_at = p->now + p->rto;
}

static void push(struct peer *p)
{
	uint64_t limit =
		p->una + (p->cwnd < p->want.flight ? p->cwnd : p->want.flight);

	if (limit > p->edge)
		limit = p->edge;
	while (p->state == PEER_OPEN && p->nxt < end_off(p)) {
		uint64_t stop = limit, n, sent;

		p->nxt = skip_sacked(p, p->nxt, &stop);
		if (p->nxt >= end_off(p))
			break;
		n = stop > p->nxt ? stop - p->nxt : 0;
		if (n > p->want.piece)
			n = p->want.piece;
		/* not a silly little, unless it is the last */
		if (n < p->mss && p->nxt + n < p->wrote && p->nxt > p->una &&
		    p->nxt >= p->max)
			break;
		if (n == 0 && p->nxt < p->wrote)
			break;
		if (n == 0 && p->nxt > p->una)
			break; /* a FIN alone, without room: later */
		sent = put_bytes(p, p->nxt, n);
		if (p->nxt < p->max)
			p->repeats++;
		p->nxt += sent;
		if (p->nxt > p->max)
			p->max = p->nxt;
	}
	if (p->una < end_off(p))
		arm(p); /* RTO, or persist */
}

/* --- in: acknowledgements --- */

static void note_sacked(struct peer *p, const struct weir_tcp *t)
{
	unsigned out = 0;

	for (unsigned i = 0; i < p->n_sacked; i++)
		if (p->sacked[i].to > p->una)
			p->sacked[out++] = p->sacked[i];
	p->n_sacked = out;
	if (!p->want.sack)
		return;
	for (unsigned i = 0; i < t->n_sack && p->n_sacked < PEER_RUNS; i++) {
		uint64_t from =
			unwrap(t->sack[i].from, p->want.isn + 1, p->una);
		uint64_t to = unwrap(t->sack[i].to, p->want.isn + 1, p->una);

		if (from < to && to <= p->max && from > p->una)
			p->sacked[p->n_sacked++] =
				(struct peer_run){ from, to };
	}
}

static void repair(struct peer *p)
{
	uint64_t stop = p->max, from = skip_sacked(p, p->una, &stop);

	if (from >= p->max)
		return;
	p->repeats++;
	put_bytes(p, from, stop - from < p->mss ? stop - from : p->mss);
}

/*
 * Return: false if the segment acknowledges what was never sent, and is to be
 * dropped.
 */
static bool take_ack(struct peer *p, const struct weir_tcp *t, uint32_t len)
{
	uint64_t ack = unwrap(t->ack, p->want.isn + 1, p->una), edge;
	bool plain = !len && !(t->flags & WEIR_TCP_FIN);

	if (ack == NEVER || ack > p->max) {
		p->ack_now = ack != NEVER;
		return false;
	}
	edge = ack + ((uint64_t)t->window << p->scale_in);
	if (ack == p->una && plain && edge == p->edge && p->una < p->max)
		p->dups++;
	if (edge > p->edge) {
		if (p->una == p->max)
			p->rto_at = NEVER; /* persist is over */
		p->edge = edge;
	}
	if (ack > p->una) {
		p->cwnd += (uint32_t)(ack - p->una);
		p->una = ack;
		p->tries = 0;
		p->dups = 0;
		p->rto = p->want.rto_us;
		p->rto_at = p->una < p->max ? p->now + p->rto : NEVER;
		if (p->nxt < ack)
			p->nxt = ack;
		p->fin_acked = p->fin_out && ack == p->wrote + 1;
	}
	note_sacked(p, t);
	if (ack < p->recover && p->una == ack && p->dups == 0)
		repair(p);
	if (p->dups == 3 && p->una >= p->recover) {
		p->recover = p->max;
		repair(p);
	}
	return true;
}

/* --- in: bytes --- */

static void hold(struct peer *p, uint64_t from, uint64_t to)
{
	struct peer_run r = { from, to };
	unsigned out = 0;

	for (unsigned i = 0; i < p->n_held; i++) {
		struct peer_run h = p->held[i];

		if (h.to < r.from || r.to < h.from) {
			p->held[out++] = h;
			continue;
		}
		r.from = h.from < r.from ? h.from : r.from;
		r.to = h.to > r.to ? h.to : r.to;
	}
	p->n_held = out;
	if (r.from <= p->got) {
		p->got = r.to > p->got ? r.to : p->got;
		return;
	}
	if (out == PEER_RUNS)
		return; /* no room to remember it: it will come again */
	memmove(p->held + 1, p->held, out * sizeof(r));
	p->held[0] = r;
	p->n_held++;
}

static void take_bytes(struct peer *p, const struct weir_tcp *t, uint64_t from,
		       uint32_t len)
{
	uint64_t to = from + len, before = p->got;

	if (t->flags & WEIR_TCP_FIN && (!p->fin_known || to < p->fin_at)) {
		p->fin_known = true;
		p->fin_at = to;
	}
	if (to > p->adv)
		to = p->adv;
	if (len && from < to && to > p->got)
		hold(p, from < p->got ? p->got : from, to);
	if (p->fin_known && p->got >= p->fin_at && !p->eof) {
		p->eof = true;
		p->ack_now = true;
	}
	p->unacked += p->got > before ? (uint32_t)(p->got - before) : 0;
	if (len && (p->got == before || p->n_held))
		p->ack_now = true;
	if (t->flags & WEIR_TCP_FIN)
		p->ack_now = true;
	if (p->unacked >= 2u * p->mss || (p->unacked && !p->want.delack_us))
		p->ack_now = true;
	if (p->unacked && p->ack_at == NEVER)
		p->ack_at = p->now + p->want.delack_us;
	if (p->got > before && p->gulp_at == NEVER)
		p->gulp_at = p->now + p->want.gulp_us;
	if (p->want.manner == PEER_EXIT && p->closed && p->got > before) {
		put_rst(p, seq_of(p, p->nxt), p->irs + 1 + (uint32_t)p->got);
		halt(p, PEER_ABORTED);
	}
}

static bool is_acceptable(const struct peer *p, uint64_t from, uint64_t len)
{
	uint64_t next = p->got + (p->eof ? 1 : 0), edge = p->adv;

	if (from == NEVER)
		return false;
	if (edge < next)
		edge = next;
	if (p->want.strict && len == 0)
		return edge == next ? from == next
				    : from >= next && from < edge;
	if (p->want.strict)
		return edge > next &&
		       ((from >= next && from < edge) ||
			(from + len > next && from + len <= edge));
	return from + len >= next && from <= edge;
}

static void take_rst(struct peer *p, uint64_t from)
{
	uint64_t next = p->got + (p->eof ? 1 : 0);

	if (from == next)
		halt(p, p->fin_acked && p->eof ? PEER_TIME_WAIT : PEER_RESET);
	else if (is_acceptable(p, from, 0))
		p->ack_now = true; /* RFC 5961: a challenge */
}

/* What a SYN says of who sent it. */
static void learn(struct peer *p, const struct weir_tcp *t)
{
	uint32_t mss = t->mss ? t->mss : 536;

	p->irs = t->seq;
	p->scales = p->want.wscale >= 0 && t->wscale >= 0;
	if (p->scales) {
		p->scale_in = (unsigned)t->wscale;
		p->scale_out = (unsigned)p->want.wscale;
	}
	p->want.sack = p->want.sack && t->sack_ok;
	p->mss = mss < p->want.mss || !p->want.mss ? mss : p->want.mss;
	if (p->want.piece < p->mss)
		p->mss = p->want.piece;
	p->edge = t->window;
	p->adv = p->want.room < 65535 ? p->want.room : 65535;
}

static void opened(struct peer *p)
{
	p->state = PEER_OPEN;
	p->tries = 0;
	p->rto = p->want.rto_us > 1000000 ? p->want.rto_us : 1000000;
	p->rto_at = NEVER;
	p->burst_at = p->now;
}

static void take_syn(struct peer *p, const struct weir_tcp *t)
{
	if ((t->flags & (WEIR_TCP_SYN | WEIR_TCP_ACK | WEIR_TCP_RST)) !=
	    WEIR_TCP_SYN)
		return;
	if (p->want.refuses) {
		put_rst(p, 0, t->seq + 1);
		halt(p, PEER_REFUSED);
		return;
	}
	learn(p, t);
	p->state = PEER_CALLED;
	p->rto_at = p->now + p->rto;
	put_synack(p);
}

/* Return: true if it is open now, and the segment is to be looked at. */
static bool take_last(struct peer *p, const struct weir_tcp *t)
{
	if (t->flags & WEIR_TCP_RST) {
		if (t->seq == p->irs + 1)
			halt(p, PEER_RESET);
	} else if (t->flags & WEIR_TCP_SYN) {
		if (t->seq == p->irs)
			put_synack(p);
	} else if (t->flags & WEIR_TCP_ACK && t->ack == p->want.isn + 1) {
		opened(p);
		return true;
	}
	return false;
}

static void take_synack(struct peer *p, const struct weir_tcp *t)
{
	if (t->flags & WEIR_TCP_RST) {
		if (t->flags & WEIR_TCP_ACK && t->ack == p->want.isn + 1)
			halt(p, PEER_REFUSED);
		return;
	}
	if (t->flags != (WEIR_TCP_SYN | WEIR_TCP_ACK) ||
	    t->ack != p->want.isn + 1)
		return;
	learn(p, t);
	opened(p);
	p->ack_now = true;
}

static void settle(struct peer *p)
{
	if (p->state != PEER_OPEN)
		return;
	push(p);
	if (p->ack_now && p->state == PEER_OPEN)
		put(p, 0, p->nxt > p->max ? p->nxt : p->max, 0);
	if (p->eof && p->fin_acked && p->state == PEER_OPEN) {
		halt(p, PEER_TIME_WAIT);
		p->wait_until = p->now + TIME_WAIT_US;
	}
}

static void after_end(struct peer *p, const struct weir_tcp *t, uint32_t len)
{
	if (p->state == PEER_TIME_WAIT) {
		if (len || t->flags & (WEIR_TCP_FIN | WEIR_TCP_SYN))
			put(p, 0, p->max, 0);
		return;
	}
	if (t->flags & WEIR_TCP_RST)
		return;
	put_rst(p, t->ack, t->seq + len + (t->flags & WEIR_TCP_SYN ? 1 : 0));
}

void peer_segment(struct peer *p, const struct weir_tcp *t, uint32_t len,
		  uint64_t now)
{
	uint32_t base = p->irs + 1;
	uint64_t from, span = len + (t->flags & WEIR_TCP_FIN ? 1u : 0u);

	p->now = now;
	if (p->want.manner == PEER_VANISH && now >= p->want.until)
		return;
	p->alive_at = now + ALIVE_US;
	if (p->state == PEER_SYN_SENT) {
		take_synack(p, t);
		settle(p);
		return;
	}
	if (p->state == PEER_LISTEN) {
		p->alive_at = NEVER;
		take_syn(p, t);
		return;
	}
	if (p->state == PEER_CALLED && !take_last(p, t)) {
		p->alive_at = NEVER;
		return;
	}
	base = p->irs + 1;
	if (p->state != PEER_OPEN) {
		p->alive_at = NEVER;
		after_end(p, t, len);
		return;
	}
	if (p->una == p->max || p->edge <= p->una)
		p->tries = 0;
	from = unwrap(t->seq, base, p->got);
	if (t->flags & WEIR_TCP_RST) {
		take_rst(p, from);
	} else if (t->flags & WEIR_TCP_SYN || !is_acceptable(p, from, span)) {
		p->ack_now = true;
	} else if (t->flags & WEIR_TCP_ACK && take_ack(p, t, len)) {
		take_bytes(p, t, from, len);
	}
	settle(p);
}

void peer_unreachable(struct peer *p)
{
	if (p->state == PEER_SYN_SENT)
		halt(p, PEER_REFUSED);
}

/* --- the program and the clock --- */

static void burst(struct peer *p)
{
	uint64_t left = p->want.total - p->wrote;

	p->burst_at = NEVER;
	if (p->closed)
		return;
	p->wrote += left < p->want.burst ? left : p->want.burst;
	if (p->wrote < p->want.total)
		p->burst_at = p->now + p->want.burst_us;
	else if (p->want.manner != PEER_SECOND || p->eof_read)
		p->closed = true;
}

static void gulp(struct peer *p)
{
	uint64_t left = p->got - p->read, edge = p->adv;

	p->read += left < p->want.gulp ? left : p->want.gulp;
	p->gulp_at = p->read < p->got ? p->now + p->want.gulp_us : NEVER;
	if (p->eof && p->read == p->got && !p->eof_read) {
		p->eof_read = true;
		if (p->wrote == p->want.total)
			p->closed = true;
	}
	open_window(p);
	if (p->adv > edge)
		p->ack_now = true;
}

static void repeat(struct peer *p)
{
	p->rto_at = NEVER;
	if (p->tries++ >= TRIES_MAX && p->max > p->una) {
		put_rst(p, seq_of(p, p->nxt), p->irs + 1 + (uint32_t)p->got);
		halt(p, PEER_TIRED);
		return;
	}
	p->rto = p->rto > 30000000 ? 60000000 : p->rto * 2;
	p->rto_at = p->now + p->rto;
	if (p->max == p->una) { /* a closed window */
		uint64_t n = p->wrote > p->una ? 1 : 0;

		if (!p->want.nudge || !n) {
			put(p, 0, p->una - 1, 0);
			return;
		}
		p->nxt = p->una + put_bytes(p, p->una, 1);
		p->max = p->nxt > p->max ? p->nxt : p->max;
		return;
	}
	p->nxt = p->una;
	p->cwnd = 2 * p->mss;
	p->dups = 0;
	p->recover = p->max;
	if (p->edge > p->una) {
		push(p);
	} else { /* what was a probe once */
		p->repeats++;
		p->nxt = p->una + put_bytes(p, p->una, 1);
	}
	p->rto_at = p->now + p->rto;
}

static void repeat_syn(struct peer *p)
{
	bool called = p->state == PEER_CALLED;

	if (p->tries++ >= (called ? CALLED_TRIES : 6)) {
		halt(p, called ? PEER_TIRED : PEER_REFUSED);
		return;
	}
	p->rto *= 2;
	p->rto_at = p->now + p->rto;
	if (called)
		put_synack(p);
	else
		put_syn(p);
}

/* Is anybody there? */
static void ask(struct peer *p)
{
	p->alive_at = p->now + ALIVE_US;
	if (p->una < p->max)
		return; /* the RTO asks */
	if (p->tries++ >= ALIVE_TRIES) {
		halt(p, PEER_TIRED);
		return;
	}
	put(p, 0, p->max - 1, 0);
}

void peer_time(struct peer *p, uint64_t now)
{
	p->now = now;
	if (p->want.manner == PEER_VANISH && now >= p->want.until) {
		halt(p, PEER_GONE);
		return;
	}
	if (p->want.manner == PEER_ABORT && now >= p->want.until &&
	    p->state <= PEER_OPEN) {
		if (p->state != PEER_LISTEN)
			put_rst(p, seq_of(p, p->max),
				p->irs + 1 + (uint32_t)p->got);
		halt(p, PEER_ABORTED);
		return;
	}
	if (p->state < PEER_OPEN) {
		if (p->rto_at <= now)
			repeat_syn(p);
		return;
	}
	if (p->state == PEER_TIME_WAIT && p->wait_until <= now)
		halt(p, PEER_GONE);
	if (p->state != PEER_OPEN)
		return;
	if (p->burst_at <= now)
		burst(p);
	if (p->gulp_at <= now)
		gulp(p);
	if (p->eof && p->read == p->got && !p->eof_read)
		gulp(p);
	if (p->ack_at <= now)
		p->ack_now = true;
	if (p->rto_at <= now)
		repeat(p);
	else if (p->alive_at <= now)
		ask(p);
	settle(p);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t peer_due(const struct peer *p)
{
	uint64_t due = NEVER;

	if (p->state <= PEER_OPEN &&
	    (p->want.manner == PEER_ABORT || p->want.manner == PEER_VANISH))
		due = p->want.until;
	if (p->state == PEER_TIME_WAIT)
		return p->wait_until;
	if (p->state > PEER_OPEN)
		return NEVER;
	due = sooner(due, p->rto_at);
	if (p->state < PEER_OPEN)
		return due;
	due = sooner(due, p->burst_at);
	due = sooner(due, p->gulp_at);
	due = sooner(due, p->ack_at);
	if (p->eof && p->read == p->got && !p->eof_read)
		due = p->now;
	return sooner(due, p->alive_at);
}

static void begin(struct peer *p, const struct peer_want *want,
		  enum peer_state state, uint64_t now)
{
	p->want = *want;
	p->state = state;
	p->now = now;
	p->rto = 1000000;
	p->cwnd = want->flight;
	p->burst_at = p->ack_at = p->gulp_at = p->wait_until = NEVER;
	p->alive_at = p->rto_at = NEVER;
}

void peer_listen(struct peer *p, const struct peer_want *want, uint64_t now)
{
	begin(p, want, PEER_LISTEN, now);
}

void peer_open(struct peer *p, const struct peer_want *want, uint64_t now)
{
	begin(p, want, PEER_SYN_SENT, now);
	p->rto_at = now + p->rto;
	put_syn(p);
	p->rto = want->rto_us > p->rto ? want->rto_us : p->rto;
}

bool peer_is_done(const struct peer *p)
{
	return p->state >= PEER_TIME_WAIT;
}
