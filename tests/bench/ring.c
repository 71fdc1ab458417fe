/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring.c - frames from one thread to another: libweir's ring beside a queue
 *
 *	writer, processor 0 ──► ring, or queue ──► taker, processor 1
 *
 * ring   weir_port_write_frame(); weir_device_stage(), 64 a batch, one flush
 * queue  a bounded lock-free queue of pointers (D. Vyukov's), as many slots; a
 *        frame is allocated, filled, queued, and the eventfd written; the taker
 *        reads the eventfd, then takes all, copies and frees each
 *
 * Both copy each frame in and out, poll when there is nothing, and take turns,
 * sample by sample.  A full queue has no wake of its own: its writer yields.
 *
 * usage: ring rate BYTES SECONDS RUNS     Ethernet bytes of each frame
 *        ring wake COUNT RUNS
 * prints a line a sample, tab-separated: figure, tool, number.
 *   rate   frames a second        wakes  writes to the eventfd for 1,000 frames
 *   wake50, wake99  ns from the write of a single frame until a taker that
 *          slept in poll has it
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "weir.h"

#define SLOTS 1024u
#define BATCH 64u

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void pin(unsigned processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static void await(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
}

/* --- the queue ------------------------------------------------------------ */

struct heap_frame {
	size_t len;
	uint8_t bytes[];
};

struct cell {
	_Atomic size_t turn;
	struct heap_frame *frame;
};

struct queue {
	alignas(128) _Atomic size_t tail;
	alignas(128) _Atomic size_t head;
	alignas(128) struct cell cell[SLOTS];
	int fd;
};

static bool queue_put(struct queue *q, struct heap_frame *frame)
{
	size_t at = atomic_load_explicit(&q->tail, memory_order_relaxed);

	for (;;) {
		struct cell *c = &q->cell[at % SLOTS];
		size_t turn =
			atomic_load_explicit(&c->turn, memory_order_acquire);

		if (turn == at) {
			if (atomic_compare_exchange_weak_explicit(
				    &q->tail, &at, at + 1, memory_order_relaxed,
				    memory_order_relaxed)) {
				c->frame = frame;
				atomic_store_explicit(&c->turn, at + 1,
						      memory_order_release);
				return true;
			}
		} else if (turn < at) {
			return false;
		} else {
			at = atomic_load_explicit(&q->tail,
						  memory_order_relaxed);
		}
	}
}

static struct heap_frame *queue_get(struct queue *q)
{
	size_t at = atomic_load_explicit(&q->head, memory_order_relaxed);

	for (;;) {
		struct cell *c = &q->cell[at % SLOTS];
		size_t turn =
			atomic_load_explicit(&c->turn, memory_order_acquire);

		if (turn == at + 1) {
			if (atomic_compare_exchange_weak_explicit(
				    &q->head, &at, at + 1, memory_order_relaxed,
				    memory_order_relaxed)) {
				struct heap_frame *frame = c->frame;

				atomic_store_explicit(&c->turn, at + SLOTS,
						      memory_order_release);
				return frame;
			}
		} else if (turn < at + 1) {
			return NULL;
		} else {
			at = atomic_load_explicit(&q->head,
						  memory_order_relaxed);
		}
	}
}

/* --- both, as a writer and a taker see them ------------------------------- */

struct way {
	const char *name;
	/* writer */
	bool (*put)(struct way *w, const uint8_t *buf, size_t len);
	/* taker: Return: frames taken; 0: none, and it may sleep */
	unsigned (*get)(struct way *w, uint8_t *buf, unsigned most);
	void (*full)(struct way *w);
	int fd;
	struct weir_frames *frames;
	struct weir_port *port;
	struct weir_device *device;
	struct queue *queue;
	uint64_t wakes;
	/* of the sample */
	size_t len;
	uint64_t put_ns, got_ns, count;
	_Atomic uint64_t got;
	_Atomic bool stop;
};

static bool ring_put(struct way *w, const uint8_t *buf, size_t len)
{
	return weir_port_write_frame(w->port, WEIR_PORT_HEADER, buf, len) == 0;
}

static void ring_full(struct way *w)
{
	await(weir_port_fd(w->port));
}

static unsigned ring_get(struct way *w, uint8_t *buf, unsigned most)
{
	const struct weir_frame *f;
	unsigned n = 0;

	while (n < most && (f = weir_device_stage(w->device))) {
		memcpy(buf, f->at, f->len);
		weir_device_drop_staged(w->device);
		n++;
	}
	weir_device_flush(w->device);
	return n;
}

static bool heap_put(struct way *w, const uint8_t *buf, size_t len)
{
	struct heap_frame *f = malloc(sizeof(*f) + len);
	const uint64_t one = 1;

	if (!f)
		abort();
	f->len = len;
	memcpy(f->bytes, buf, len);
	while (!queue_put(w->queue, f))
		sched_yield();
	if (write(w->fd, &one, sizeof(one)) < 0)
		abort();
	w->wakes++;
	return true;
}

static unsigned heap_get(struct way *w, uint8_t *buf, unsigned most)
{
	struct heap_frame *f;
	uint64_t wakes;
	unsigned n = 0;

	if (read(w->fd, &wakes, sizeof(wakes)) < 0 && errno != EAGAIN)
		abort();
	(void)most; /* all: its wakes were read away */
	while ((f = queue_get(w->queue))) {
		memcpy(buf, f->bytes, f->len);
		free(f);
		n++;
	}
	return n;
}

static void ring_open(struct way *w)
{
	*w = (struct way){ .name = "ring",
			   .put = ring_put,
			   .get = ring_get,
			   .full = ring_full };
	w->frames = weir_frames_new(NULL);
	w->port = w->frames ? weir_port_new(w->frames, NULL) : NULL;
	w->device = w->port ? weir_device_new(w->frames, NULL) : NULL;
	if (!w->device) {
		perror("ring");
		exit(1);
	}
	w->fd = weir_device_fd(w->device);
}

static void ring_close(struct way *w)
{
	weir_port_free(w->port);
	weir_device_free(w->device);
	weir_frames_unref(w->frames);
}

static uint64_t ring_wakes(struct way *w)
{
	struct weir_frames_counts c = { sizeof(c), { 0 }, { 0 } };

	weir_frames_counters(w->frames, &c);
	return c.up.wakes + c.down.wakes;
}

static void heap_open(struct way *w)
{
	*w = (struct way){ .name = "queue", .put = heap_put, .get = heap_get };
	w->queue = aligned_alloc(128, (sizeof(*w->queue) + 127) / 128 * 128);
	w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!w->queue || w->fd < 0) {
		perror("ring");
		exit(1);
	}
	memset(w->queue, 0, sizeof(*w->queue));
	for (size_t i = 0; i < SLOTS; i++)
		atomic_init(&w->queue->cell[i].turn, i);
}

static void heap_close(struct way *w)
{
	close(w->fd);
	free(w->queue);
}

/* --- samples -------------------------------------------------------------- */

static void *take(void *arg)
{
	struct way *w = arg;
	static uint8_t buf[WEIR_PORT_ROOM];
	uint64_t got = 0;

	pin(1);
	while (!atomic_load_explicit(&w->stop, memory_order_acquire) ||
	       got < w->count) {
		unsigned n = w->get(w, buf, BATCH);

		if (!n) {
			await(w->fd);
			continue;
		}
		w->got_ns = now_ns();
		got += n;
		atomic_store_explicit(&w->got, got, memory_order_release);
	}
	return NULL;
}

static void end(struct way *w, pthread_t taker)
{
	const uint64_t one = 1;

	atomic_store_explicit(&w->stop, true, memory_order_release);
	if (w->frames)
		weir_frames_begin_shutdown(w->frames);
	else if (write(w->fd, &one, sizeof(one)) < 0)
		abort();
	pthread_join(taker, NULL);
}

static void rate(struct way *w, size_t len, double seconds)
{
	static uint8_t buf[WEIR_PORT_ROOM];
	pthread_t taker;
	uint64_t from, until, wakes;

	pin(0);
	memset(buf + WEIR_PORT_HEADER, 0xa5, sizeof(buf) - WEIR_PORT_HEADER);
	if (pthread_create(&taker, NULL, take, w))
		abort();
	from = now_ns();
	until = from + (uint64_t)(seconds * 1e9);
	do {
		for (unsigned i = 0; i < BATCH; i++) {
			while (!w->put(w, buf, WEIR_PORT_HEADER + len))
				w->full(w);
			w->count++;
		}
	} while (now_ns() < until);
	wakes = w->frames ? ring_wakes(w) : w->wakes;
	end(w, taker);
	printf("rate\t%s\t%.0f\n", w->name,
	       (double)w->count * 1e9 / (double)(w->got_ns - from));
	printf("wakes\t%s\t%.3f\n", w->name,
	       (double)wakes * 1000.0 / (double)w->count);
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* One frame at a time, to a taker that had time to fall asleep. */
static void wake(struct way *w, unsigned count)
{
	static uint8_t buf[WEIR_PORT_HEADER + 64];
	const struct timespec nap = { 0, 50000 };
	uint64_t *ns = calloc(count, sizeof(*ns));
	pthread_t taker;

	pin(0);
	if (!ns || pthread_create(&taker, NULL, take, w))
		abort();
	for (unsigned i = 0; i < count; i++) {
		nanosleep(&nap, NULL);
		w->put_ns = now_ns();
		w->put(w, buf, sizeof(buf));
		w->count++;
		while (atomic_load_explicit(&w->got, memory_order_acquire) <= i)
			;
		ns[i] = w->got_ns - w->put_ns;
	}
	end(w, taker);
	qsort(ns, count, sizeof(*ns), by_size);
	printf("wake50\t%s\t%llu\n", w->name,
	       (unsigned long long)ns[count / 2]);
	printf("wake99\t%s\t%llu\n", w->name,
	       (unsigned long long)ns[count - 1 - count / 100]);
	free(ns);
}

int main(int argc, char **argv)
{
	bool is_rate = argc == 5 && !strcmp(argv[1], "rate");
	static struct way w;
	int runs;

	if (!is_rate && !(argc == 4 && !strcmp(argv[1], "wake"))) {
		fprintf(stderr, "usage: ring rate BYTES SECONDS RUNS\n"
				"       ring wake COUNT RUNS\n");
		return 2;
	}
	runs = atoi(argv[argc - 1]);
	for (int i = 0; i < 2 * runs; i++) {
		/* each second pair the other way about */
		bool ring = (i ^ i >> 1) & 1;

		(ring ? ring_open : heap_open)(&w);
		if (is_rate)
			rate(&w, strtoul(argv[2], NULL, 10), atof(argv[3]));
		else
			wake(&w, (unsigned)strtoul(argv[2], NULL, 10));
		(ring ? ring_close : heap_close)(&w);
		(void)fflush(stdout);
	}
	return 0;
}
