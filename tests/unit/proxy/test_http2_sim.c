/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_http2_sim.c - a guest and a host that talk HTTP/2 by chance
 *
 * A guest asks, a host answers, each stream at its own pace; either may not
 * read, not speak, reset, change its windows, or go, at any moment.  Each byte
 * of a body is known from its stream and place, so what arrives is checked as
 * it is; in the end a stream is whole as it was meant, or visibly broken.
 */
#include "h2world.h"

/* one thread: there is nothing to find for who watches threads, two hundred times
 * slower */
#ifdef __SANITIZE_THREAD__
#define USUAL 5u
#else
#define USUAL 150u
#endif

#define ASKS 14u
#define BODY 250000u

/** struct turn - a request as it was meant, and its answer
 * @all: bytes to say, by side
 * @broken: somebody reset it
 */
struct turn {
	struct h2_stream *q, *a;
	char fields[300], tail[2][40];
	size_t all[2];
	bool has_tail[2], last[2], denied, answered, broken;
};

static struct h2world w;
static struct turn turn[ASKS];
static unsigned turns;
static uint64_t seed;
static bool over[2];

static uint32_t below(uint32_t n)
{
	return dice_below(&w.dice, n);
}

static bool once_in(uint32_t n)
{
	return dice_one_in(&w.dice, n);
}

static uint8_t byte(unsigned i, unsigned side, size_t at)
{
	return (uint8_t)(i * 37 + side * 101 + at * 7 + at / 255);
}

/* --- what is said --- */

static size_t length(void)
{
	static const uint32_t most[] = { 1, 20, 3000, 70000, BODY };

	return below(most[below(5)]);
}

static void ask(void)
{
	struct turn *t = &turn[turns];
	bool bare = once_in(3);

	*t = (struct turn){ .denied = once_in(8) };
	snprintf(t->fields, sizeof(t->fields),
		 ":method: %s|:scheme: https|:authority: a.b|:path: %s|n: %u|"
		 "%s",
		 bare ? "GET" : "POST", t->denied ? "/no/x" : "/yes", turns,
		 once_in(2) ? "!secret: 1|" : "");
	for (unsigned i = 0; i < 2; i++) {
		t->has_tail[i] = once_in(3);
		t->all[i] = length();
		snprintf(t->tail[i], sizeof(t->tail[i]), "t: %u|!u: 1|",
			 turns * 2 + i);
	}
	if (bare) {
		t->has_tail[GUEST] = false;
		t->all[GUEST] = 0;
		t->last[GUEST] = true;
	}
	t->q = h2_ask(&w, t->fields, bare);
	t->q->unread = once_in(4);
	turns++;
}

static void find_asked(void)
{
	for (unsigned i = 0; i < w.end[HOST].n; i++) {
		struct h2_stream *s = w.end[HOST].stream[i];
		const char *n = strstr(s->fields, "|n: ");
		unsigned k;

		if (!s->head)
			continue;
		CHECK(n);
		k = (unsigned)atoi(n + 4);
		CHECK(k < turns && !turn[k].denied);
		CHECK(!turn[k].a || turn[k].a == s);
		turn[k].a = s;
		assert_string_equal(s->fields, turn[k].fields);
	}
}

static void say(struct turn *t, enum weir_talk_side side, bool all)
{
	struct h2_stream *s = side == HOST ? t->a : t->q;
	unsigned i = (unsigned)(t - turn);
	uint8_t part[5000];
	size_t n;

	if (!s || t->last[side] || (side == HOST && !t->answered))
		return;
	do {
		n = t->all[side] - s->say_len;
		n = n < sizeof(part) ? n : sizeof(part);
		n = all ? n : below((uint32_t)n + 1);
		for (size_t k = 0; k < n; k++)
			part[k] = byte(i, side, s->say_len + k);
		h2_say(&w, side, s, part, n);
	} while (all && n);
	if (s->say_len == t->all[side] && (all || once_in(2))) {
		h2_last(&w, side, s, t->has_tail[side] ? t->tail[side] : NULL);
		t->last[side] = true;
	}
}

static void answer(struct turn *t)
{
	if (!t->a || t->a->closed || t->answered)
		return;
	if (once_in(3))
		h2_interim(&w, t->a, ":status: 103|link: x|");
	t->answered = true;
	t->last[HOST] = t->all[HOST] == 0 && !t->has_tail[HOST];
	h2_answer(&w, t->a, ":status: 200|from: host|", t->last[HOST]);
	t->a->unread = once_in(4);
}

static void reset(struct turn *t)
{
	enum weir_talk_side side = once_in(2) ? GUEST : HOST;
	struct h2_stream *s = side == HOST ? t->a : t->q;

	/* nghttp2 would reset one that it did not open yet */
	if (!s || s->closed || over[side] ||
	    !nghttp2_session_find_stream(w.end[side].session, s->id))
		return;
	t->broken = true;
	/* said at once: nghttp2 hears no more of it from now on, not even that
	 * it is over and the next one may follow */
	w.end[side].still = false;
	h2_reset(&w, side, s,
		 once_in(2) ? NGHTTP2_CANCEL : NGHTTP2_INTERNAL_ERROR);
	h2_raw(&w, side, "", 0);
}

/* --- ends --- */

static void go(enum weir_talk_side side)
{
	bool empty = w.end[side].from == w.end[side].to;

	if (over[side] || h2_state(&w)->end[side] != WEIR_TALK_OPEN)
		return;
	switch (below(4)) {
	case 0: /* behind all that it said */
		w.end[side].still = true;
		if (!empty)
			return;
		w.talk.ops->ended(w.talk.self, side);
		break;
	case 1:
		w.talk.ops->lost(w.talk.self, side);
		break;
	case 2:
		if (w.end[side].shut)
			return;
		w.end[side].shut = true;
		w.talk.ops->deaf(w.talk.self, side);
		if (side == HOST)
			return;
		break;
	default:
		if (side == GUEST)
			return;
		(w.talk.ops->fail)(w.talk.self, WEIR_REASON_TIMEOUT, NULL);
		break;
	}
	over[side] = true;
	w.end[side].still = w.end[side].shut = true;
	h2_check(&w);
}

static void change_window(enum weir_talk_side side)
{
	nghttp2_settings_entry e = { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
				     below(200000) };

	CHECK(nghttp2_submit_settings(w.end[side].session, 0, &e, 1) == 0);
}

/* --- what was heard --- */

static void check_bytes(const struct turn *t, const struct h2_stream *s,
			enum weir_talk_side from)
{
	CHECK(s->len <= t->all[from]);
	for (size_t i = 0; i < s->len; i++)
		CHECK(s->body[i] == byte((unsigned)(t - turn), from, i));
	if (!s->whole)
		return;
	CHECK(t->last[from]);
	CHECK_EQ(s->len, t->all[from]);
	assert_string_equal(s->trailer, t->has_tail[from] ? t->tail[from] : "");
}

static void wrong(const struct turn *t, const char *what)
{
	const struct h2_stream *s[2] = { t->q, t->a };
	char text[2][200] = { "", "" };

	for (unsigned i = 0; i < 2; i++)
		if (s[i])
			snprintf(text[i], sizeof(text[i]),
				 "%d: said %zu of %zu, heard %zu, status %d, "
				 "whole %d, closed %d with %u",
				 s[i]->id, s[i]->said, t->all[i], s[i]->len,
				 s[i]->status, s[i]->whole, s[i]->closed,
				 s[i]->code);
	fail_msg("seed %llu, turn %u: %s\nguest %s\nhost %s",
		 (unsigned long long)seed, (unsigned)(t - turn), what, text[0],
		 text[1]);
}

static void check_turn(const struct turn *t)
{
	const struct h2_stream *q = t->q;
	bool quiet = !over[GUEST] && !over[HOST] && !t->broken;
	bool refused = !t->a && !q->head && q->code == NGHTTP2_REFUSED_STREAM;

	if (t->a)
		check_bytes(t, t->a, GUEST);
	if (t->a && quiet && !t->a->whole)
		wrong(t, "the request did not arrive");
	if (q->head && q->status == 200) {
		assert_string_equal(q->fields, ":status: 200|from: host|");
		check_bytes(t, q, HOST);
	} else if (q->head && q->status != (t->denied ? 403 : 502)) {
		wrong(t, "the answer is nobody's");
	} else if (q->head && !t->denied && quiet) {
		wrong(t, "the host was there");
	}
	if (over[GUEST] || q->whole)
		return;
	if (!q->closed)
		wrong(t, "it never ended");
	if (q->head && q->code == 0)
		wrong(t, "it is short, and nobody said so");
	if (quiet && !refused) /* asked before the limit was known */
		wrong(t, "nobody broke it");
}

/* --- a life --- */

static void move(void)
{
	static const size_t steps[] = { 1, 9, 100, 5000, 0 };
	enum weir_talk_side side = once_in(2) ? GUEST : HOST;

	w.step = steps[below(5)];
	for (unsigned n = 1 + below(20); n; n--)
		if (once_in(2))
			(void)h2_out(&w, side);
		else if (!over[side])
			(void)h2_in(&w, side);
	find_asked();
}

static void act(bool mortal)
{
	enum weir_talk_side side = once_in(2) ? GUEST : HOST;
	struct turn *t = &turn[below(turns)];

	switch (below(12)) {
	case 0:
		if (turns < ASKS && !over[GUEST])
			ask();
		break;
	case 1:
		answer(t);
		break;
	case 2:
		if (!over[side] && once_in(3))
			w.end[side].shut = !w.end[side].shut;
		break;
	case 3:
		if (!over[side] && once_in(3))
			w.end[side].still = !w.end[side].still;
		break;
	case 4:
		if (once_in(10))
			reset(t);
		break;
	case 5:
		if (mortal && once_in(20))
			go(side);
		break;
	case 6:
		if (w.shrinks && once_in(4))
			change_window(side);
		break;
	case 7:
		h2_read(&w, GUEST, t->q);
		if (t->a)
			h2_read(&w, HOST, t->a);
		break;
	default:
		say(t, side, once_in(8));
		break;
	}
}

/* all that is due is said and read, and nothing is left */
static void finish(void)
{
	bool more;

	for (unsigned i = 0; i < 2; i++)
		if (!over[i])
			w.end[i].still = w.end[i].shut = false;
	w.step = 0;
	do {
		more = false;
		for (unsigned i = 0; i < turns; i++) {
			answer(&turn[i]);
			say(&turn[i], GUEST, true);
			say(&turn[i], HOST, true);
			h2_read(&w, GUEST, turn[i].q);
			if (turn[i].a) {
				h2_read(&w, HOST, turn[i].a);
				turn[i].a->unread = false;
			}
		}
		h2_run(&w);
		find_asked();
		for (unsigned i = 0; i < turns; i++)
			more = more || (turn[i].a && !turn[i].a->closed &&
					!turn[i].answered);
	} while (more);
}

static void play(void)
{
	static const int32_t windows[] = { 0, 700, 5000, 65535, 1 << 20 };
	bool mortal, deaf;

	h2_init(&w);
	w.dice.state = seed;
	mortal = once_in(2);
	w.shrinks = once_in(4);
	for (unsigned i = 0; i < 2; i++) {
		w.end[i].window = windows[below(5)];
		w.end[i].all = once_in(2) ? 0 : 1 << 20;
		w.end[i].pad = once_in(4) ? below(256) : 0;
		over[i] = false;
	}
	w.end[HOST].streams = once_in(2) ? 0 : 1 + below(10);
	turns = 0;
	h2_open(&w);
	ask();
	for (unsigned i = 50 + below(1500); i; i--)
		if (once_in(3))
			act(mortal);
		else
			move();
	/* a host that takes no more, or did not end in time, ends at last */
	deaf = h2_state(&w)->mute[HOST];
	if (deaf && !over[HOST]) {
		w.talk.ops->lost(w.talk.self, HOST);
		over[HOST] = w.end[HOST].still = w.end[HOST].shut = true;
	}
	finish();
	for (unsigned i = 0; i < turns; i++)
		check_turn(&turn[i]);
	if (!over[GUEST] && w.end[GUEST].end == WEIR_TALK_OPEN &&
	    h2_state(&w)->n_streams)
		wrong(&turn[0], "a stream is left");
	if (!over[GUEST])
		h2_ended(&w, GUEST);
	for (unsigned i = 0; i < 2; i++)
		CHECK(w.end[i].end != WEIR_TALK_OPEN ||
		      (over[i] && w.end[i].shut));
	h2_fini(&w);
}

/* SEED=n: that one alone; SEEDS=n: so many */
static void what_one_meant_the_other_one_hears(void **state)
{
	const char *only = getenv("SEED"), *many = getenv("SEEDS");
	uint64_t last = many ? strtoull(many, NULL, 10) : USUAL;

	(void)state;
	if (only) {
		seed = strtoull(only, NULL, 10);
		play();
		return;
	}
	for (seed = 1; seed <= last; seed++)
		play();
}

T_MAIN(T(what_one_meant_the_other_one_hears))
