/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_wakes.c - no wake is lost, in any order of the atomic operations
 *
 * The real ring.h, end.h and end.c, with atomic operations and eventfds put in
 * their place by those of a small machine: each thread is a coroutine that
 * stops before every such operation, and the machine tries every order of all
 * of them, again and again from the start, and leaves out worlds it has seen.
 * Stores that are not of FULL order wait in a store buffer of their thread and
 * reach memory at any later time, as on real processors.
 *
 * A world in which nobody can go on and somebody is not done is a lost wake.
 * A thread that polls four times for nothing while all others stand still spins.
 *
 * That the machine would see a mistake is shown by making some: each weakens
 * one step of the protocol, and a wake is lost.
 */
#include "../t.h"

#include <stdbool.h>
#include <ucontext.h>

#define WEIR_ATOM_RELAXED 0
#define WEIR_ATOM_ACQUIRE 1
#define WEIR_ATOM_RELEASE 2
#define WEIR_ATOM_FULL    3

#define WEIR_ATOM(type) type
#define WEIR_ATOM_LOAD(at, order)                                              \
	((__typeof__(*(at)))sim_load((at), sizeof(*(at)), (order)))
#define WEIR_ATOM_STORE(at, v, order)                                          \
	sim_store((at), sizeof(*(at)), (uint64_t)(v), (order))
#define WEIR_ATOM_SWAP(at, v) sim_swap((at), sizeof(*(at)), (uint64_t)(v))
#define WEIR_END_WRITE(fd)    sim_write(fd)
#define WEIR_END_READ(fd)     sim_read(fd)

static uint64_t sim_load(const void *at, size_t size, int order);
static void sim_store(void *at, size_t size, uint64_t v, int order);
static uint64_t sim_swap(void *at, size_t size, uint64_t v);
static void sim_write(int fd);
static uint64_t sim_read(int fd);

/* the code that is tested */
#include "link/end.h"

#include "link/end.c" /* NOLINT(bugprone-suspicious-include): on purpose */

/* --- the machine ---------------------------------------------------------- */

#define THREADS 3
#define BUFFER  4
#define DEPTH   4000
#define SEEN    (1u << 22)
#define STACK   65536

enum mistake {
	NONE,
	WEAK_PUBLISH,  /* a is no FULL store: it may pass b */
	WEAK_ANNOUNCE, /* 2 is no FULL swap: it may pass 3 */
	NO_RECHECK,    /* 3 is left out */
	LATE_READ,     /* 1 happens after 2 */
	NO_REANNOUNCE, /* 2 is left out where the same was announced */
	NO_OWN_WRITE,  /* who finds something at 3 does not write */
	MISTAKES,
};

static const char *const name_of[] = {
	"none",      "weak publish",  "weak announce", "no recheck",
	"late read", "no reannounce", "no own write",
};

struct buffered {
	void *at;
	size_t size;
	uint64_t v;
};

/* What a state is made of, but for the coroutines' own variables. */
static struct world {
	struct weir_ring up, down;
	struct weir_ring_slot slot[2][2];
	struct weir_end port, device;
	uint32_t shutdown;
	struct {
		struct buffered store[BUFFER];
		unsigned n;
		uint64_t past;  /* what it did and saw since its last mark */
		int polls;      /* -1: no; else the descriptor it waits for */
		unsigned vain;  /* polls that brought nothing */
		unsigned moved; /* world.moved at the last poll */
		bool done, stale;
		uint64_t last_tail, last_head; /* as it saw them last */
		bool owes_read;
	} thread[THREADS];
	uint64_t fd[2];
	bool edge[2];
	unsigned moved; /* frames taken or put, by anybody */
} w;

static uint8_t memory[2][256];
static ucontext_t machine, context[THREADS];
static uint8_t stack[THREADS][STACK] __attribute__((aligned(64)));
static void (*body[THREADS])(void);
static unsigned threads, running, frames, slots;
static enum mistake mistake;
static bool edge_triggered;
static const char *wrong;

static uint8_t choice[DEPTH], choices[DEPTH];
static unsigned depth, fixed;
static uint64_t *seen;
static size_t seen_n, executions;

static uint64_t mix(uint64_t h, const void *at, size_t n)
{
	const uint8_t *b = at;

	for (; n >= 8; n -= 8, b += 8) {
		uint64_t v;

		memcpy(&v, b, 8);
		h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	for (; n; n--, b++)
		h = (h ^ *b) * UINT64_C(0x100000001b3);
	return h ^ h >> 32;
}

/* Stop before an operation, until the machine says go on. */
static void step(void)
{
	unsigned me = running;

	swapcontext(&context[me], &machine);
}

static void saw(uint64_t op, uint64_t v)
{
	uint64_t both[2] = { op, v };

	w.thread[running].past = mix(w.thread[running].past, both, 16);
}

/* The coroutine's own variables are these, and nothing else matters. */
static void mark(uint64_t a, uint64_t b)
{
	uint64_t both[2] = { a, b };

	w.thread[running].past = mix(1, both, 16);
}

static uint64_t fetch(const void *at, size_t size)
{
	uint32_t v32;
	uint64_t v;

	if (size == 4) {
		memcpy(&v32, at, 4);
		return v32;
	}
	memcpy(&v, at, 8);
	return v;
}

static void put(void *at, size_t size, uint64_t v)
{
	uint32_t v32 = (uint32_t)v;

	if (size == 4)
		memcpy(at, &v32, 4);
	else
		memcpy(at, &v, 8);
}

static void drain_one(unsigned t)
{
	struct buffered *b = w.thread[t].store;

	put(b[0].at, b[0].size, b[0].v);
	w.thread[t].n--;
	memmove(b, b + 1, (BUFFER - 1) * sizeof(*b));
	memset(&b[BUFFER - 1], 0, sizeof(*b));
}

static uint64_t visible(const void *at, size_t size)
{
	for (unsigned i = w.thread[running].n; i-- > 0;)
		if (w.thread[running].store[i].at == at)
			return w.thread[running].store[i].v;
	return fetch(at, size);
}

static void buffer(void *at, size_t size, uint64_t v)
{
	unsigned t = running;

	while (w.thread[t].n == BUFFER)
		drain_one(t);
	w.thread[t].store[w.thread[t].n++] = (struct buffered){ at, size, v };
}

static bool is_counter(const void *at)
{
	return at == &w.port.wakes || at == &w.device.wakes;
}

static uint64_t *last_of(const void *at)
{
	if (at == &w.up.tail || at == &w.down.tail)
		return &w.thread[running].last_tail;
	if (at == &w.up.head || at == &w.down.head)
		return &w.thread[running].last_head;
	return NULL;
}

static uint64_t sim_load(const void *at, size_t size, int order)
{
	uint64_t v, *last = last_of(at);

	(void)order;
	if (is_counter(at))
		return 0; /* nobody decides by it */
	step();
	v = visible(at, size);
	if (last && w.thread[running].stale)
		v = *last;
	else if (last)
		*last = v;
	saw(1, v);
	return v;
}

static void sim_store(void *at, size_t size, uint64_t v, int order)
{
	bool full = order == WEIR_ATOM_FULL && mistake != WEAK_PUBLISH;

	if (is_counter(at))
		return;
	step();
	saw(2, v);
	if (!full) {
		buffer(at, size, v);
		return;
	}
	while (w.thread[running].n)
		drain_one(running);
	put(at, size, v);
}

static uint64_t sim_swap(void *at, size_t size, uint64_t v)
{
	uint64_t was;
	struct weir_end *own = running == 0 ? &w.port : &w.device;
	bool announces = v != 0;

	step();
	if (mistake == NO_REANNOUNCE && announces && own->announced == v) {
		w.thread[running].stale = true;
		return v;
	}
	if (!(mistake == WEAK_ANNOUNCE && announces))
		while (w.thread[running].n)
			drain_one(running);
	was = visible(at, size);
	if (mistake == WEAK_ANNOUNCE && announces)
		buffer(at, size, v);
	else
		put(at, size, v);
	if (announces && mistake == NO_RECHECK)
		w.thread[running].stale = true;
	saw(3, was);
	if (announces && w.thread[running].owes_read) {
		step();
		w.fd[running] = 0;
		w.thread[running].owes_read = false;
	}
	return was;
}

static void sim_write(int fd)
{
	step();
	saw(4, 0);
	if (mistake == NO_OWN_WRITE && fd == (int)running)
		return;
	w.fd[fd]++;
	w.edge[fd] = true;
}

static uint64_t sim_read(int fd)
{
	uint64_t n;

	step();
	n = w.fd[fd];
	if (mistake == LATE_READ)
		w.thread[running].owes_read = true;
	else
		w.fd[fd] = 0;
	saw(5, n);
	return n;
}

/* As the caller's poll does: return when the descriptor is readable. */
static void sim_poll(int fd)
{
	w.thread[running].stale = false;
	w.thread[running].polls = fd;
	step();
	w.thread[running].polls = -1;
	w.edge[fd] = false;
	if (w.thread[running].moved != w.moved)
		w.thread[running].vain = 0;
	w.thread[running].moved = w.moved;
	if (++w.thread[running].vain > 3)
		wrong = "it polls again and again for nothing";
	saw(6, 0);
}

static void run(void)
{
	body[running]();
	w.thread[running].done = true;
	/* what it has stored is on its way still */
	for (;;)
		step();
}

static bool can_run(unsigned t)
{
	int fd = w.thread[t].polls;

	if (w.thread[t].done)
		return false;
	return fd < 0 || (w.fd[fd] && (!edge_triggered || w.edge[fd]));
}

/* What can happen next: thread t goes on (t), or its oldest store lands. */
static unsigned enabled(uint8_t *what)
{
	unsigned n = 0;

	for (unsigned t = 0; t < threads; t++)
		if (can_run(t))
			what[n++] = (uint8_t)t;
	for (unsigned t = 0; t < threads; t++)
		if (w.thread[t].n)
			what[n++] = (uint8_t)(t + 16);
	return n;
}

/* How often something happened since the start decides nothing. */
static uint64_t sum_up(void)
{
	static struct world c;
	struct weir_end *e[] = { &c.port, &c.device };

	memcpy(&c, &w, sizeof(c));
	for (unsigned i = 0; i < 2; i++) {
		e[i]->claims -= e[i]->drained;
		e[i]->drained = 0;
	}
	for (unsigned t = 0; t < THREADS; t++) {
		c.thread[t].moved = c.moved - c.thread[t].moved;
		if (mistake == NO_RECHECK || mistake == NO_REANNOUNCE)
			continue;
		c.thread[t].last_tail = c.thread[t].last_head = 0;
	}
	if (!edge_triggered)
		c.edge[0] = c.edge[1] = false;
	return mix(7, &c, sizeof(c));
}

static bool is_new(void)
{
	uint64_t h = sum_up(), at = h & (SEEN - 1);

	h |= 1;
	for (; seen[at]; at = (at + 1) & (SEEN - 1))
		if (seen[at] == h)
			return false;
	if (seen_n > SEEN / 4 * 3) {
		wrong = "more worlds than there is room for";
		return false;
	}
	seen[at] = h;
	seen_n++;
	return true;
}

static void connect_ends(void)
{
	memset(&w, 0, sizeof(w));
	for (unsigned i = 0; i < THREADS; i++)
		w.thread[i].polls = -1;
	w.up.in = w.down.in =
		(struct weir_ring_in){ .mask = slots - 1, .bytes = 256 };
	w.up.in.slot = w.slot[0];
	w.down.in.slot = w.slot[1];
	w.up.in.mem = memory[0];
	w.down.in.mem = memory[1];
	w.up.out = (struct weir_ring_out){ .slot = w.slot[0],
					   .mem = memory[0],
					   .mask = slots - 1 };
	w.down.out = (struct weir_ring_out){ .slot = w.slot[1],
					     .mem = memory[1],
					     .mask = slots - 1 };
	w.port = (struct weir_end){ .fd = 0,
				    .in = &w.down,
				    .out = &w.up,
				    .peer = &w.device,
				    .shutdown = &w.shutdown };
	w.device = (struct weir_end){ .fd = 1,
				      .in = &w.up,
				      .out = &w.down,
				      .peer = &w.port,
				      .shutdown = &w.shutdown };
	/* as weir_end_init() leaves them */
	w.port.announced = w.port.waits = WEIR_END_FRAMES;
	w.device.announced = w.device.waits = WEIR_END_FRAMES;
}

static void go_on(unsigned t)
{
	for (unsigned i = 0; i < threads; i++)
		if (i != t)
			w.thread[i].vain = 0;
	running = t;
	swapcontext(&machine, &context[t]);
}

/* One execution: as it was decided up to @fixed, the first of all after. */
static void execute(void)
{
	uint8_t what[2 * THREADS];

	connect_ends();
	for (unsigned t = 0; t < threads; t++) {
		getcontext(&context[t]);
		context[t].uc_stack.ss_sp = stack[t];
		context[t].uc_stack.ss_size = STACK;
		context[t].uc_link = NULL;
		makecontext(&context[t], run, 0);
		go_on(t);
	}
	executions++;
	for (depth = 0; !wrong; depth++) {
		unsigned n = enabled(what);
		bool all = true;

		for (unsigned t = 0; t < threads; t++)
			all = all && w.thread[t].done;
		if (!n && !all)
			wrong = "a wake was lost";
		if (!n)
			return;
		if (depth == DEPTH) {
			wrong = "it does not end";
			return;
		}
		if (depth >= fixed) {
			if (!is_new())
				return;
			choice[depth] = 0;
			choices[depth] = (uint8_t)n;
		}
		if (what[choice[depth]] >= 16)
			drain_one(what[choice[depth]] - 16u);
		else
			go_on(what[choice[depth]]);
	}
}

struct scene {
	const char *name;
	unsigned n, frames, slots;
	void (*body[THREADS])(void);
	bool level; /* makes sense for level-triggered pollers only */
};

/* Return: what is wrong in some order of a scene; NULL: nothing in any. */
static const char *explore(enum mistake m, bool edge, const struct scene *in)
{
	mistake = m;
	edge_triggered = edge;
	threads = in->n;
	frames = in->frames;
	slots = in->slots;
	for (unsigned t = 0; t < threads; t++)
		body[t] = in->body[t];
	wrong = NULL;
	fixed = depth = 0;
	seen_n = executions = 0;
	memset(seen, 0, SEEN * sizeof(*seen));
	for (;;) {
		execute();
		if (wrong)
			return wrong;
		while (depth > 0 && choice[depth - 1] + 1 >= choices[depth - 1])
			depth--;
		if (!depth)
			return NULL;
		choice[depth - 1]++;
		fixed = depth;
	}
}

/* --- the threads: as weir.h says one waits -------------------------------- */

#define LEN 40u

static bool put_one(struct weir_end *e)
{
	if (!weir_end_reserve(e, LEN)) {
		if (weir_end_refuse(e, LEN))
			return false;
		if (!weir_end_reserve(e, LEN))
			wrong = "there was room and there is none";
	}
	w.moved++;
	return true;
}

static bool put_answer(struct weir_end *e)
{
	if (!weir_end_reserve(e, LEN)) {
		if (weir_end_refuse_answer(e, LEN))
			return false;
		if (!weir_end_reserve(e, LEN))
			wrong = "there was room and there is none";
	}
	w.moved++;
	return true;
}

/* Writes until it is refused, then polls. */
static void writer(void)
{
	for (unsigned n = 0; n < frames;) {
		mark(n, 0);
		if (put_one(&w.port)) {
			weir_end_send_now(&w.port);
			n++;
		} else {
			sim_poll(0);
		}
	}
}

/* The same in batches, with one look at the other side. */
static void batch_writer(void)
{
	for (unsigned n = 0; n < frames;) {
		bool full = false;

		mark(n, 0);
		while (n < frames && !full) {
			if (put_one(&w.port)) {
				weir_end_send(&w.port);
				n++;
			} else {
				full = true;
			}
		}
		weir_end_flush(&w.port);
		if (full)
			sim_poll(0);
	}
}

/* Takes until there is nothing, then polls. */
static void taker(void)
{
	for (unsigned n = 0; n < frames;) {
		mark(n, 0);
		if (weir_end_has(&w.device, 0)) {
			weir_end_give_now(&w.device, 1);
			w.moved++;
			n++;
		} else {
			sim_poll(1);
		}
	}
}

/* Takes one, then polls: a level-triggered loop with other things to do. */
static void lazy_taker(void)
{
	for (unsigned n = 0; n < frames;) {
		mark(n, 0);
		sim_poll(1);
		if (weir_end_has(&w.device, 0)) {
			weir_end_give_now(&w.device, 1);
			w.moved++;
			n++;
		}
	}
}

static void batch_taker(void)
{
	for (unsigned n = 0; n < frames;) {
		mark(n, 0);
		while (n < frames && weir_end_has(&w.device, 0)) {
			weir_end_give(&w.device, 1);
			w.moved++;
			n++;
		}
		weir_end_flush(&w.device);
		if (n < frames)
			sim_poll(1);
	}
}

/* Both ways over one descriptor: what is read away of one must not be lost. */
static void caller(void)
{
	unsigned put_n = 0, got = 0;

	while (put_n < frames || got < frames) {
		bool full = false;

		while (put_n < frames && !full) {
			mark(put_n, got);
			if (put_one(&w.port)) {
				weir_end_send_now(&w.port);
				put_n++;
			} else {
				full = true;
			}
		}
		mark(put_n, got + 16 * full);
		while (weir_end_has(&w.port, 0)) {
			weir_end_give_now(&w.port, 1);
			w.moved++;
			got++;
			mark(put_n, got + 16 * full);
		}
		mark(put_n, got + 32);
		if (put_n < frames || got < frames)
			sim_poll(0);
	}
}

/* Sends back each that it takes; keeps it while there is no room. */
static void echoer(void)
{
	unsigned put_n = 0;

	while (put_n < frames) {
		bool stuck = false;

		mark(put_n, 1);
		while (put_n < frames && !stuck && weir_end_has(&w.device, 0)) {
			if (put_answer(&w.device)) {
				weir_end_send(&w.device);
				weir_end_give(&w.device, 1);
				w.moved++;
				put_n++;
				mark(put_n, 0);
			} else {
				stuck = true;
			}
		}
		mark(put_n, 2);
		weir_end_flush(&w.device);
		mark(put_n, 3);
		if (put_n < frames)
			sim_poll(1);
	}
}

/* As weir_frames_begin_shutdown(). */
static void stopper(void)
{
	WEIR_ATOM_STORE(&w.shutdown, 1u, WEIR_ATOM_FULL);
	WEIR_END_WRITE(0);
	WEIR_END_WRITE(1);
}

static void stopped_writer(void)
{
	for (unsigned n = 0; n < frames && !weir_end_is_down(&w.port);) {
		mark(n, 0);
		if (put_one(&w.port)) {
			weir_end_send_now(&w.port);
			n++;
		} else if (!weir_end_is_down(&w.port)) {
			sim_poll(0);
		}
	}
}

/* Waits for more frames than come: only the shutdown ends it. */
static void stopped_taker(void)
{
	for (unsigned n = 0;;) {
		mark(n, 0);
		if (weir_end_has(&w.device, 0)) {
			weir_end_give_now(&w.device, 1);
			w.moved++;
			n++;
		} else if (weir_end_is_down(&w.device)) {
			return;
		} else {
			sim_poll(1);
		}
	}
}

static const struct scene scenes[] = {
	{ "one by one", 2, 3, 2, { writer, taker }, false },
	{ "one a poll", 2, 3, 2, { writer, lazy_taker }, true },
	{ "in batches", 2, 3, 2, { batch_writer, batch_taker }, false },
	{ "batches of one", 2, 3, 2, { writer, batch_taker }, false },
	{ "both ways", 2, 2, 1, { caller, echoer }, false },
	{ "a shutdown",
	  3,
	  2,
	  1,
	  { stopped_writer, stopped_taker, stopper },
	  false },
};

#define SCENES (sizeof(scenes) / sizeof(scenes[0]))

/* --- tests ---------------------------------------------------------------- */

static void no_order_of_operations_loses_a_wake_or_spins(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SCENES; i++) {
		for (int edge = 0; edge <= !scenes[i].level; edge++) {
			const char *why = explore(NONE, edge, &scenes[i]);

			print_message("# %s, %s: %zu worlds, %zu orders\n",
				      scenes[i].name, edge ? "edge" : "level",
				      seen_n, executions);
			if (why)
				fail_msg("%s: %s", scenes[i].name, why);
			CHECK(executions > 100);
		}
	}
}

static void each_step_left_out_loses_a_wake(void **state)
{
	(void)state;
	for (enum mistake m = NONE + 1; m < MISTAKES; m++) {
		const char *why = NULL;
		unsigned i;

		for (i = 0; i < SCENES && !why; i++)
			why = explore(m, false, &scenes[i]);
		if (!why)
			fail_msg("%s: nothing was seen", name_of[m]);
		print_message("# %s: %s, %s, after %zu orders\n", name_of[m],
			      scenes[i - 1].name, why, executions);
	}
}

static int set_up(void **state)
{
	(void)state;
	seen = calloc(SEEN, sizeof(*seen));
	return !seen;
}

static int tear_down(void **state)
{
	(void)state;
	free(seen);
	return 0;
}

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#elif defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#endif

int main(void)
{
	const struct CMUnitTest cases[] = {
		T(no_order_of_operations_loses_a_wake_or_spins),
		T(each_step_left_out_loses_a_wake),
	};

#ifdef SANITIZED
	/* they do not follow coroutines; the code is the same without them */
	puts("skip - every order of the wakes: not under a sanitizer");
	(void)cases;
	(void)set_up;
	(void)tear_down;
	return 0;
#else
	return cmocka_run_group_tests(cases, set_up, tear_down);
#endif
}
