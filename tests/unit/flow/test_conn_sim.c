/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_conn_sim.c - a guest, a bad channel, a connection and a fickle host
 *
 *	peer (a TCP of its own) == channel == house (conn, engine) == host
 *
 * Each seed is one world: what the guest is like, what the channel does to
 * frames (loses, doubles, delays, overtakes, splits large ones), how the host
 * socket takes and gives, who closes first and how, how much payload memory
 * there is, where sequence numbers begin.  Time is virtual and jumps from
 * event to event.  At the end of each world one sentence must be true: every
 * byte arrived once and in order, both ways, and both ends were told of the
 * end; or both ends saw a reset, and something in the world was the cause.
 *
 * In a third of the worlds it is a client of the host who comes: the connection
 * calls, and the guest listens, or not.
 *
 *	SEED=17 build/dev/tests/unit/flow/test_conn_sim    one world, with trace
 *	SEEDS=100000 ...                                   more worlds
 */
#include <inttypes.h>

#include "../t.h"
#include "house.h"
#include "peer.h"

#define WORLDS      2500u
#define FRAMES_MAX  16384u
#define EVENTS_MAX  3000000u
#define SECOND      UINT64_C(1000000)
#define NEVER       UINT64_MAX
#define LIMIT_HOURS 6u

/** struct frame - a segment under way; its bytes are those of the tape */
struct frame {
	uint64_t at, off;
	uint32_t order, len;
	bool up, unreachable;
	struct weir_tcp t;
};

enum host_manner {
	HOST_FIRST,  /* ends after its last byte */
	HOST_SECOND, /* ends when the guest has ended */
	HOST_RESETS, /* at `until` */
	HOST_REFUSES,
	HOST_UNREACHABLE,
	HOST_TIMES_OUT,
	HOST_ABORTED, /* the engine ends it at `until` */
};

/** struct world - everything there is, for one seed */
struct world {
	struct dice dice;
	struct house house;
	struct peer peer;
	struct frame *frame; /* a heap, the earliest on top */
	uint32_t n, order;
	uint64_t now, end;
	/* the channel */
	uint32_t loss, twice, overtake; /* one in so many; 0: never */
	uint64_t delay, jitter, blind_at, blind_us;
	bool split;
	uint32_t link; /* frames the link takes in one go */
	/* the host */
	enum host_manner host;
	uint64_t host_total, host_until, dialled_at;
	uint32_t host_burst, host_gulp, host_room;
	uint64_t host_burst_us, host_gulp_us, host_burst_at, host_gulp_at;
	uint64_t host_buffered, host_seen;
	/* somebody else who wants payload memory */
	struct weir_store hog;
	uint64_t hog_at, hog_us;
	bool calls; /* a client of the host is who begins */
	bool started;
	uint64_t events;
	char why[300];
};

static struct tape tape;

/* --- the channel --- */

static bool is_sooner(const struct frame *a, const struct frame *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void heap_put(struct world *w, const struct frame *f)
{
	uint32_t i = w->n++;

	while (i && is_sooner(f, &w->frame[(i - 1) / 2])) {
		w->frame[i] = w->frame[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	w->frame[i] = *f;
}

static struct frame heap_take(struct world *w)
{
	struct frame top = w->frame[0], last = w->frame[--w->n];
	uint32_t i = 0, k;

	while ((k = 2 * i + 1) < w->n) {
		if (k + 1 < w->n && is_sooner(&w->frame[k + 1], &w->frame[k]))
			k++;
		if (!is_sooner(&w->frame[k], &last))
			break;
		w->frame[i] = w->frame[k];
		i = k;
	}
	w->frame[i] = last;
	return top;
}

static void carry(struct world *w, struct frame *f)
{
	int copies = w->twice && dice_one_in(&w->dice, w->twice) ? 2 : 1;
	bool blind =
		w->now >= w->blind_at && w->now < w->blind_at + w->blind_us;

	if (blind || (w->loss && dice_one_in(&w->dice, w->loss)))
		return;
	while (copies--) {
		f->at = w->now + w->delay;
		if (w->overtake && dice_one_in(&w->dice, w->overtake))
			f->at += dice_below(&w->dice, (uint32_t)w->jitter);
		f->order = w->order++;
		if (w->n < FRAMES_MAX)
			heap_put(w, f);
	}
}

static void from_peer(void *arg, const struct weir_tcp *t, uint64_t off,
		      uint32_t len)
{
	struct world *w = arg;
	struct frame f = { .up = true, .t = *t, .off = off, .len = len };

	f.t.sport = w->house.ends.gport;
	f.t.dport = w->house.ends.fport;
	carry(w, &f);
}

/* A large frame arrives whole, or as the segments it stands for. */
static void from_house(void *arg, const struct weir_conn_out *out)
{
	struct world *w = arg;
	struct frame f = { .up = false,
			   .t = out->tcp,
			   .len = out->len,
			   .unreachable = out->unreachable };
	uint32_t left = out->len;

	if (!out->gso_size || !w->split) {
		carry(w, &f);
		return;
	}
	while (left) {
		f.len = left < out->gso_size ? left : out->gso_size;
		left -= f.len;
		f.t.flags = out->tcp.flags;
		if (left)
			f.t.flags &= (uint8_t) ~(WEIR_TCP_FIN | WEIR_TCP_PSH);
		carry(w, &f);
		f.t.seq += f.len;
	}
}

/* --- the host --- */

static void host_takes(struct world *w)
{
	struct house_host *s = &w->house.host;
	uint64_t room;

	w->host_buffered += s->got - w->host_seen;
	w->host_seen = s->got;
	if (w->host_gulp_at <= w->now) {
		uint64_t n = w->host_buffered < w->host_gulp ? w->host_buffered
							     : w->host_gulp;

		w->host_buffered -= n;
		w->host_gulp_at = NEVER;
	}
	if (w->host_buffered && w->host_gulp_at == NEVER)
		w->host_gulp_at = w->now + w->host_gulp_us;
	room = w->host_room > w->host_buffered ? w->host_room - w->host_buffered
					       : 0;
	s->space = room;
}

static void host_gives(struct world *w)
{
	struct house_host *s = &w->house.host;
	uint64_t left = w->host_total - s->has;

	if (w->host_burst_at <= w->now) {
		w->host_burst_at = NEVER;
		s->has += left < w->host_burst ? left : w->host_burst;
		if (s->has < w->host_total)
			w->host_burst_at = w->now + w->host_burst_us;
	}
	if (s->has == w->host_total &&
	    (w->host != HOST_SECOND || (s->shut && w->host_buffered == 0)))
		s->will_end = true;
}

/* How the dial and the life of the host's side go on. */
static void host_acts(struct world *w)
{
	struct house *h = &w->house;

	if (w->dialled_at <= w->now) {
		w->dialled_at = NEVER;
		if (w->host == HOST_REFUSES)
			house_failed(h, WEIR_REASON_REFUSED);
		else if (w->host == HOST_UNREACHABLE)
			house_failed(h, WEIR_REASON_UNREACHABLE);
		else if (w->host == HOST_TIMES_OUT)
			house_failed(h, WEIR_REASON_TIMEOUT);
		else
			house_connected(h);
		w->host_burst_at = w->now;
	}
	if (w->host_until <= w->now && w->dialled_at != NEVER) {
		w->host_until = w->dialled_at + 1;
	} else if (w->host_until <= w->now) {
		w->host_until = NEVER;
		if (w->host == HOST_RESETS)
			house_reset(h);
		else if (h->alive) {
			weir_conn_abort(&h->conn, WEIR_REASON_POLICY_CHANGED);
			house_turn(h);
		}
	}
}

/* Another connection takes and gives back what memory it can get. */
static void hog_acts(struct world *w)
{
	struct weir_store_pool *p = &w->house.pool;

	if (w->hog_at > w->now)
		return;
	w->hog_at = w->now + 1 + dice_below(&w->dice, (uint32_t)w->hog_us);
	if (w->now > 60 * SECOND + w->end) {
		w->hog_at = NEVER;
		weir_store_clear(p, &w->hog);
	} else if (w->hog.chunks) {
		weir_store_clear(p, &w->hog);
	} else {
		weir_store_reach(p, &w->hog,
				 dice_below(&w->dice, p->n + 1) *
					 WEIR_CHUNK_BYTES);
	}
	w->house.base = w->hog.chunks;
}

/* --- births --- */

static uint32_t pick(struct world *w, const uint32_t *of, unsigned n)
{
	return of[dice_below(&w->dice, n)];
}
#define PICK(w, ...)                                                           \
	pick(w, (const uint32_t[]){ __VA_ARGS__ },                             \
	     sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

static void choose_channel(struct world *w)
{
	bool bad = !dice_one_in(&w->dice, 3);

	w->delay = PICK(w, 0, 20, 200, 5000, 50000);
	w->split = dice_one_in(&w->dice, 2);
	w->blind_at = NEVER;
	w->link = PICK(w, UINT32_MAX, UINT32_MAX, 1, 3, 16);
	if (!bad)
		return;
	w->loss = PICK(w, 0, 5, 10, 30, 100, 300);
	w->twice = PICK(w, 0, 0, 5, 50);
	w->overtake = PICK(w, 0, 2, 10, 50);
	w->jitter = PICK(w, 10, 1000, 20000, 500000);
	if (dice_one_in(&w->dice, 8)) {
		w->blind_at = dice_below(&w->dice, 3000000);
		w->blind_us = dice_below(&w->dice, 20000000);
	}
}

static void choose_house(struct world *w)
{
	struct house *h = &w->house;

	house_open(h, &tape, PICK(w, 256, 256, 64, 16, 8));
	h->sink = from_house;
	h->sink_arg = w;
	h->env.mtu = PICK(w, 1500, 1500, 576, 1280, 9000, 65520);
	if (dice_one_in(&w->dice, 3)) {
		h->ends.guest.b[10] = h->ends.far.b[10] = 0xfd;
		h->env.mtu = h->env.mtu < 1280 ? 1280 : h->env.mtu;
	}
	h->env.tso4 = h->env.tso6 = !dice_one_in(&w->dice, 3);
	h->env.window_max = PICK(w, 65536, 262144, 1048576, 4194304);
	h->env.secret[0] = dice_u64(&w->dice);
	h->env.idle_us = PICK(w, 100, 600, 7200) * SECOND;
	weir_store_init(&w->hog);
	w->hog_at = NEVER;
	if (dice_one_in(&w->dice, 5)) {
		w->hog_at = h->now;
		w->hog_us = PICK(w, 1000, 100000, 3000000);
	}
}

static void choose_peer(struct world *w, struct peer_want *p)
{
	uint32_t most = w->house.env.mtu - 60;

	*p = (struct peer_want){
		.isn = dice_one_in(&w->dice, 2)
			       ? UINT32_MAX - dice_below(&w->dice, 100000)
			       : (uint32_t)dice_u64(&w->dice),
		.mss = (uint16_t)(dice_one_in(&w->dice, 4)
					  ? dice_from(&w->dice, 88, most)
					  : most),
		.wscale = (int8_t)PICK(w, 0, 2, 7, 14),
		.sack = !dice_one_in(&w->dice, 3),
		.strict = dice_one_in(&w->dice, 8),
		.nudge = dice_one_in(&w->dice, 2),
		.manner =
			PICK(w, PEER_FIRST, PEER_FIRST, PEER_FIRST, PEER_FIRST,
			     PEER_FIRST, PEER_SECOND, PEER_SECOND, PEER_SECOND,
			     PEER_SECOND, PEER_EXIT, PEER_ABORT, PEER_VANISH),
		.until = NEVER,
		.room = PICK(w, 2000, 8192, 65535, 300000, 2000000),
		.flight = PICK(w, 3000, 65536, 262144, 1000000),
		.burst = PICK(w, 1, 100, 3000, 20000, 100000),
		.gulp = PICK(w, 200, 5000, 60000, 1000000),
		.burst_us = PICK(w, 0, 10, 1000, 30000),
		.gulp_us = PICK(w, 0, 100, 10000, 200000),
		.delack_us = PICK(w, 0, 40000, 200000),
		.rto_us = PICK(w, 200000, 1000000),
	};
	if (dice_one_in(&w->dice, 5))
		p->wscale = -1;
	while (p->wscale > 0 && p->room >> p->wscale < 500)
		p->wscale--;
	if (dice_one_in(&w->dice, 12))
		p->mss = 0;
	p->piece = dice_one_in(&w->dice, 2) ? 60000 : p->mss ? p->mss : 536;
	p->total = dice_below(&w->dice, PICK(w, 10, 2000, 50000, 300000));
	if (p->burst < 100 && p->total > 3000)
		p->burst = 2000;
	if (p->gulp < 1000 && w->host_total > 30000)
		p->gulp = 3000;
}

static void choose_host(struct world *w, const struct peer_want *p)
{
	w->host = PICK(w, HOST_FIRST, HOST_FIRST, HOST_SECOND, HOST_SECOND);
	if (dice_one_in(&w->dice, 6))
		w->host = PICK(w, HOST_RESETS, HOST_RESETS, HOST_REFUSES,
			       HOST_UNREACHABLE, HOST_TIMES_OUT, HOST_ABORTED);
	if (p->manner == PEER_SECOND && w->host == HOST_SECOND)
		w->host = HOST_FIRST;
	w->host_burst = PICK(w, 1, 700, 8000, 65536, 1000000);
	if (w->host_burst < 100 && w->host_total > 3000)
		w->host_burst = 1500;
	w->host_burst_us = PICK(w, 0, 10, 1000, 20000);
	w->host_gulp = PICK(w, 300, 4000, 65536, 1000000);
	if (w->host_gulp < 1000 && p->total > 30000)
		w->host_gulp = 2000;
	w->host_gulp_us = PICK(w, 0, 10, 1000, 50000, 3000000);
	if (p->total / w->host_gulp * w->host_gulp_us > 1000 * SECOND)
		w->host_gulp_us = 50000;
	/* one that sleeps longer than a guest repeats itself */
	if (p->total < 20000 && dice_one_in(&w->dice, 6)) {
		w->host_gulp = 1000000;
		w->host_gulp_us = 1200 * SECOND;
	}
	w->host_room = PICK(w, 500, 4096, 65536, 4000000);
	if (w->host_room < 4000 && p->total > 30000)
		w->host_room = 4000;
	if (w->host_gulp_us > SECOND * 60 && w->host_room < p->total / 3)
		w->host_room = (uint32_t)p->total / 3;
	w->host_burst_at = w->host_gulp_at = w->host_until = NEVER;
	w->house.host.piece = PICK(w, 1000, 30000, UINT32_MAX, UINT32_MAX);
}

/* The guest is called, and whoever calls has connected already. */
static void call(struct world *w, struct peer_want *p)
{
	p->refuses = w->host == HOST_REFUSES;
	if (w->host == HOST_UNREACHABLE || w->host == HOST_TIMES_OUT)
		w->host = HOST_FIRST;
	w->started = true;
	w->host_burst_at = w->now;
	peer_listen(&w->peer, p, w->now);
	house_call(&w->house);
}

static void start(struct world *w, uint64_t seed, bool trace)
{
	struct dice other = { .state = seed * 77 };
	struct weir_tcp syn = { .flags = WEIR_TCP_SYN, .wscale = -1 };
	struct peer_want p;
	uint64_t life;

	w->dice.state = seed * 0x9e3779b9u + 77;
	w->host_total =
		dice_below(&w->dice, PICK(w, 10, 2000, 50000, 300000, 1000000));
	choose_channel(w);
	choose_house(w);
	choose_peer(w, &p);
	choose_host(w, &p);
	w->house.trace = trace;
	if (dice_one_in(&w->dice, 2))
		house_iss_at(&w->house, &syn,
			     UINT32_MAX - dice_below(&w->dice, 100000));
	w->now = w->house.now;
	life = w->now + dice_below(&w->dice, PICK(w, 3000, 300000, 9000000));
	w->blind_at += w->blind_at == NEVER ? 0 : w->now;
	if (p.manner == PEER_ABORT || p.manner == PEER_VANISH)
		p.until = life;
	if (w->host == HOST_RESETS || w->host == HOST_ABORTED)
		w->host_until = life;
	if (p.manner == PEER_VANISH)
		w->house.env.idle_us = 600 * SECOND;
	w->dialled_at = NEVER;
	w->peer.send = from_peer;
	w->peer.send_arg = w;
	w->end = w->now;
	w->calls = dice_one_in(&other, 3);
	if (w->calls)
		call(w, &p);
	else
		peer_open(&w->peer, &p, w->now);
}

/* --- life --- */

static void arrive_up(struct world *w, const struct frame *f)
{
	struct house *h = &w->house;

	if (!w->started && weir_conn_is_syn(&f->t)) {
		w->started = true;
		house_syn(h, &f->t);
		w->dialled_at = w->now + dice_below(&w->dice, 3000000);
		return;
	}
	if (w->started)
		house_segment(h, &f->t, tape_at(&tape, TAPE_UP, f->off),
			      f->len);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t next_event(const struct world *w)
{
	uint64_t at = w->n ? w->frame[0].at : NEVER;

	at = sooner(at, peer_due(&w->peer));
	at = sooner(at, house_due(&w->house));
	if (!w->house.alive)
		return at;
	at = sooner(at, w->dialled_at);
	at = sooner(at, w->host_until);
	at = sooner(at, w->host_burst_at);
	at = sooner(at, w->host_gulp_at);
	return sooner(at, w->hog_at);
}

/* The engine comes round until the link has taken what there is. */
static void turns(struct world *w)
{
	struct house *h = &w->house;
	uint64_t outs;

	do {
		outs = h->watch.outs;
		h->link = w->link;
		house_turn(h);
	} while (h->watch.outs != outs && h->alive && !h->why[0]);
}

static void step(struct world *w)
{
	struct house *h = &w->house;

	h->now = w->now;
	h->link = w->link;
	host_takes(w);
	host_gives(w);
	hog_acts(w);
	if (h->alive)
		host_acts(w);
	house_time(h, w->now);
	while (w->n && w->frame[0].at <= w->now) {
		struct frame f = heap_take(w);

		if (f.up)
			arrive_up(w, &f);
		else if (f.unreachable)
			peer_unreachable(&w->peer);
		else
			peer_segment(&w->peer, &f.t, f.len, w->now);
		if (++w->events > EVENTS_MAX)
			break;
	}
	if (peer_due(&w->peer) <= w->now)
		peer_time(&w->peer, w->now);
	turns(w);
	host_takes(w);
	host_gives(w);
	turns(w);
}

static bool is_finished(const struct world *w)
{
	if (!w->started && !w->n && peer_is_done(&w->peer))
		return true; /* it left before its SYN arrived */
	if (w->peer.state == PEER_LISTEN && !w->n && !w->house.alive)
		return true; /* no SYN arrived */
	return w->started && !w->house.alive && peer_is_done(&w->peer);
}

/* --- judgement --- */

#define WRONG(w, ...)                                                          \
	do {                                                                   \
		snprintf((w)->why, sizeof((w)->why), __VA_ARGS__);             \
		return;                                                        \
	} while (0)

static void judge_whole(struct world *w)
{
	const struct house_host *s = &w->house.host;
	const struct peer *p = &w->peer;

	if (s->got != p->want.total)
		WRONG(w, "the host got %" PRIu64 " of %" PRIu64 " bytes",
		      s->got, p->want.total);
	if (p->got != w->host_total)
		WRONG(w, "the guest got %" PRIu64 " of %" PRIu64 " bytes",
		      p->got, w->host_total);
	if (!s->shut || !p->eof)
		WRONG(w, "no end of file for the %s",
		      p->eof ? "host" : "guest");
	/* only the acknowledgement of its FIN was lost, until it was too late */
	if (p->state == PEER_RESET && p->fin_out && p->max == p->want.total + 1)
		return;
	if (p->state != PEER_TIME_WAIT && p->state != PEER_GONE)
		WRONG(w, "closed, but the guest is in state %d", p->state);
}

static bool has_cause(const struct world *w)
{
	/* the handshake itself was lost, for as long as it is waited for */
	if (w->house.over == WEIR_REASON_TIMEOUT && !w->peer.got &&
	    !w->house.host.got && (w->loss || w->blind_us))
		return true;
	/* its last acknowledgement was, until it had forgotten everything */
	if (w->house.over == WEIR_REASON_GUEST_RESET &&
	    w->peer.state == PEER_GONE && w->peer.fin_acked && w->loss)
		return true;
	return w->peer.want.manner >= PEER_EXIT || w->host >= HOST_RESETS;
}

/* Each end must know that it was no orderly end. */
static void judge_reset(struct world *w)
{
	const struct house *h = &w->house;
	const struct peer *p = &w->peer;

	if (!has_cause(w))
		WRONG(w, "ended by %s, the guest in state %d, without a cause",
		      weir_reason_name(h->over), p->state);
	if (p->state == PEER_TIME_WAIT || p->state == PEER_GONE) {
		/* it had all, or is the one that left */
		if (p->want.manner != PEER_VANISH && p->got != w->host_total)
			WRONG(w,
			      "the guest saw an orderly end, with %" PRIu64
			      " of %" PRIu64 " bytes",
			      p->got, w->host_total);
	}
	if (h->over == WEIR_REASON_CLOSED && h->host.got != p->want.total)
		WRONG(w,
		      "the host saw an orderly end, with %" PRIu64
		      " of %" PRIu64 " bytes",
		      h->host.got, p->want.total);
	if (w->host == HOST_REFUSES && h->over != WEIR_REASON_REFUSED &&
	    p->want.manner < PEER_EXIT &&
	    !(w->calls && (w->loss || w->blind_us)))
		WRONG(w, "refused, but over for %s", weir_reason_name(h->over));
}

static void judge(struct world *w)
{
	struct house *h = &w->house;

	if (h->why[0])
		WRONG(w, "%s", h->why);
	if (w->events > EVENTS_MAX)
		WRONG(w, "too many events");
	if (!is_finished(w))
		WRONG(w,
		      "no end after %u h: conn in state %d%s, guest in %d, "
		      "up %" PRIu64 "/%" PRIu64 " down %" PRIu64 "/%" PRIu64,
		      LIMIT_HOURS, h->conn.state, h->alive ? "" : " (buried)",
		      w->peer.state, h->host.got, w->peer.want.total,
		      w->peer.got, w->host_total);
	if (h->over == WEIR_REASON_CLOSED && !has_cause(w))
		judge_whole(w);
	else
		judge_reset(w);
}

static void describe(const struct world *w)
{
	const struct peer_want *p = &w->peer.want;
	const struct house *h = &w->house;

	printf("%s begins\n", w->calls ? "the host" : "the guest");
	printf("guest: manner %d total %" PRIu64 " mss %u wscale %d sack %d "
	       "strict %d room %u flight %u piece %u burst %u/%" PRIu64
	       " gulp %u/%" PRIu64 " delack %" PRIu64 "\n",
	       p->manner, p->total, p->mss, p->wscale, p->sack, p->strict,
	       p->room, p->flight, p->piece, p->burst, p->burst_us, p->gulp,
	       p->gulp_us, p->delack_us);
	printf("host: manner %d total %" PRIu64 " burst %u/%" PRIu64
	       " gulp %u/%" PRIu64 " room %u piece %u\n",
	       w->host, w->host_total, w->host_burst, w->host_burst_us,
	       w->host_gulp, w->host_gulp_us, w->host_room, h->host.piece);
	printf("channel: loss 1/%u twice 1/%u overtake 1/%u delay %" PRIu64
	       " jitter %" PRIu64 " link %u split %d blind %" PRIu64 "+%" PRIu64
	       "; mtu %u tso %d chunks %u window_max %u idle %" PRIu64 "s\n",
	       w->loss, w->twice, w->overtake, w->delay, w->jitter, w->link,
	       w->split, w->blind_at, w->blind_us, h->env.mtu, h->env.tso4,
	       h->pool.n, h->env.window_max, h->env.idle_us / SECOND);
}

struct totals {
	uint64_t bytes, outs, events, whole, reset, repeats;
	double hours;
};

/* Return: false if a sentence was not true. */
static bool run_world(uint64_t seed, bool trace, struct totals *sum)
{
	struct world *w = calloc(1, sizeof(*w));
	bool good;

	assert_non_null(w);
	w->frame = calloc(FRAMES_MAX, sizeof(*w->frame));
	assert_non_null(w->frame);
	start(w, seed, trace);
	if (trace)
		describe(w);
	while (!is_finished(w) && !w->house.why[0] && w->events < EVENTS_MAX) {
		uint64_t at = next_event(w);

		if (at == NEVER || at > w->end + LIMIT_HOURS * 3600 * SECOND)
			break;
		w->now = at > w->now ? at : w->now;
		step(w);
		w->events++;
	}
	weir_store_clear(&w->house.pool, &w->hog);
	w->house.base = 0;
	judge(w);
	house_close(&w->house);
	if (!w->why[0] && w->house.why[0])
		snprintf(w->why, sizeof(w->why), "%s", w->house.why);
	good = !w->why[0];
	if (!good)
		printf("SEED=%" PRIu64 ": %s\n", seed, w->why);
	sum->bytes += w->house.host.got + w->peer.got;
	sum->outs += w->house.watch.outs;
	sum->events += w->events;
	sum->repeats += w->peer.repeats;
	sum->whole += w->house.over == WEIR_REASON_CLOSED;
	sum->reset += w->house.over != WEIR_REASON_CLOSED;
	sum->hours += (double)(w->now - w->end) / 3.6e9;
	free(w->frame);
	free(w);
	return good;
}

static void
every_byte_arrives_once_and_in_order_or_both_ends_see_a_reset(void **state)
{
	const char *one = getenv("SEED"), *many = getenv("SEEDS");
	uint64_t from = one ? strtoull(one, NULL, 0) : 1;
	uint64_t n = one ? 1 : many ? strtoull(many, NULL, 0) : WORLDS;
	struct totals sum = { 0 };
	unsigned bad = 0;

	(void)state;
	tape_init(&tape);
	for (uint64_t seed = from; seed < from + n && bad < 20; seed++)
		bad += !run_world(seed, one != NULL, &sum);
	printf("# %" PRIu64 " worlds: %" PRIu64 " whole, %" PRIu64
	       " reset; %" PRIu64 " bytes, %" PRIu64 " segments down, %" PRIu64
	       " guest repeats, %" PRIu64 " events, %.0f hours\n",
	       n, sum.whole, sum.reset, sum.bytes, sum.outs, sum.repeats,
	       sum.events, sum.hours);
	if (bad)
		fail_msg("%u worlds went wrong", bad);
}

/* --- many --- */

#define MANY      100000u
#define STATE_MAX 384u

/* Open number @i, exchange a request and an answer, and leave it alone. */
static void use_once(struct weir_conn *c, struct weir_conn_env *env, uint32_t i,
		     uint64_t now)
{
	struct weir_conn_ends ends = { .guest = weir_addr_from4(0x0a000202),
				       .far = weir_addr_from4(0xc0000200 +
							      i / 60000),
				       .gport = (uint16_t)(1024 + i % 60000),
				       .fport = 80 };
	struct weir_tcp t = { .seq = i * 7919,
			      .flags = WEIR_TCP_SYN,
			      .window = 64240,
			      .mss = 1460,
			      .wscale = 7 };
	struct weir_span bytes = { tape_at(&tape, TAPE_UP, 0), 100 }, room[4];
	struct weir_spans none = { &bytes, 0, 0 }, some = { &bytes, 1, 100 };
	struct weir_conn_direct d;
	struct weir_conn_out out;

	weir_conn_init(c, env, &ends, &t, now);
	weir_conn_host_connected(c, now);
	assert_true(weir_conn_next(c, env, now, &out));
	t = (struct weir_tcp){ .seq = t.seq + 1,
			       .ack = out.tcp.seq + 1,
			       .flags = WEIR_TCP_ACK,
			       .window = 502,
			       .wscale = -1 };
	weir_conn_segment(c, env, &t, &none, now, &d);
	weir_conn_segment(c, env, &t, &some, now, &d);
	CHECK_EQ(d.len, 100);
	weir_conn_take(c, env, &some, &d, 100, now);
	CHECK(weir_conn_down_room(c, env, 500, room, 4) > 0);
	weir_conn_down_filled(c, env, 500, false);
	while (weir_conn_next(c, env, now, &out)) {
	}
	t.seq += 100;
	t.ack += 500;
	weir_conn_segment(c, env, &t, &none, now, &d);
	while (weir_conn_next(c, env, now, &out)) {
	}
	CHECK_EQ(c->state, WEIR_CONN_OPEN);
}

static void
a_hundred_thousand_idle_connections_cost_their_state_alone(void **state)
{
	struct weir_conn *c = calloc(MANY, sizeof(*c));
	struct house h;
	uint64_t now = 5 * SECOND, wakes = 0;

	(void)state;
	assert_non_null(c);
	CHECK(sizeof(*c) <= STATE_MAX);
	tape_init(&tape);
	house_open(&h, &tape, 16);
	for (uint32_t i = 0; i < MANY; i++)
		use_once(&c[i], &h.env, i, now);
	CHECK_EQ(h.pool.used, 0);
	for (uint32_t i = 0; i < MANY; i++) {
		/* nothing is due before the question whether it lives */
		CHECK(weir_conn_due_us(&c[i]) >= now + h.env.idle_us);
		wakes += weir_conn_due_us(&c[i]) < now + 60 * SECOND;
		weir_conn_free(&c[i], &h.env);
	}
	CHECK_EQ(wakes, 0);
	printf("# %u idle connections: %zu bytes each, %u chunks in use at "
	       "once\n",
	       MANY, sizeof(*c), h.pool.fresh);
	CHECK_EQ(h.pool.fresh, 1);
	house_close(&h);
	free(c);
}

T_MAIN(T(a_hundred_thousand_idle_connections_cost_their_state_alone),
       T(every_byte_arrives_once_and_in_order_or_both_ends_see_a_reset))
