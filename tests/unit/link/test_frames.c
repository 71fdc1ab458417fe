/* SPDX-License-Identifier: Apache-2.0 */
/* test_frames.c - what both ends share: options, life, counters, shutdown */
#include "pair.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/ring.h"

static void refused(const struct weir_frames_options *o, int err)
{
	struct weir_frames *f;

	errno = 0;
	f = weir_frames_new(o);
	CHECK(!f);
	CHECK_EQ(errno, err);
}

static void options_out_of_range_are_refused(void **state)
{
	static const struct {
		uint32_t capacity, mtu;
		size_t bytes;
		int err;
	} row[] = {
		{ 1, 0, 0, EINVAL },     { 3, 0, 0, EINVAL },
		{ 1000, 0, 0, EINVAL },  { 131072, 0, 0, EINVAL },
		{ 0, 575, 0, EINVAL },   { 0, 65521, 0, EINVAL },
		{ 0, 0, 65561, EINVAL }, { 0, 0, (1u << 30) + 1, EINVAL },
		{ 2, 576, 65562, 0 },    { 65536, 65520, 0, 0 },
		{ 0, 0, 1u << 30, 0 },   { 0, 0, 0, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct weir_frames_options o = {
			sizeof(o), row[i].capacity, row[i].mtu, row[i].bytes
		};

		if (row[i].err) {
			refused(&o, row[i].err);
		} else {
			struct weir_frames *f = weir_frames_new(&o);

			CHECK(f);
			weir_frames_unref(f);
		}
	}
	weir_frames_unref(weir_frames_new(NULL));
	weir_frames_unref(NULL);
}

static void options_of_another_age_are_read_as_they_say(void **state)
{
	struct {
		struct weir_frames_options o;
		uint64_t later;
	} newer = { { sizeof(newer), 2, 0, 0 }, 0 };
	struct weir_frames_options o = { sizeof(size_t), 3, 1, 1 };
	struct weir_frames *f;

	(void)state;
	f = weir_frames_new(&newer.o);
	CHECK(f);
	weir_frames_unref(f);
	newer.later = 1;
	refused(&newer.o, E2BIG);
	/* all behind its size is not there */
	f = weir_frames_new(&o);
	CHECK(f);
	weir_frames_unref(f);
	o.size = sizeof(size_t) - 1;
	refused(&o, EINVAL);
	o.size = 0;
	refused(&o, EINVAL);
}

static void counters_of_another_age_are_filled_as_they_say(void **state)
{
	struct weir_frames *f = weir_frames_new(NULL);
	struct {
		struct weir_frames_counts c;
		uint64_t later;
	} n = { .c = { .size = sizeof(n) }, .later = 7 };

	(void)state;
	CHECK_EQ(weir_frames_counters(f, &n.c), 0);
	CHECK_EQ(n.c.size, sizeof(n));
	CHECK_EQ(n.later, 7);
	n.c.up.frames = 5;
	n.c.up.bytes = 6;
	n.c.size = offsetof(struct weir_frames_counts, up.bytes);
	CHECK_EQ(weir_frames_counters(f, &n.c), 0);
	CHECK_EQ(n.c.up.frames, 0);
	CHECK_EQ(n.c.up.bytes, 6);
	n.c.size = sizeof(size_t) - 1;
	CHECK_EQ(weir_frames_counters(f, &n.c), -EINVAL);
	weir_frames_unref(f);
}

static int open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void descriptors_are_closed_with_the_last_who_holds(void **state)
{
	int before = open_descriptors();
	struct pair a = pair_open(0, 0, 0, 0);

	(void)state;
	CHECK_EQ(open_descriptors(), before + 3);
	for (int fd = 0; fd < 256; fd++)
		if (fd == weir_port_fd(a.port) ||
		    fd == weir_device_fd(a.device))
			CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK(weir_frames_ref(a.frames) == a.frames);
	weir_frames_unref(a.frames);
	weir_frames_unref(a.frames);
	weir_port_free(a.port);
	CHECK_EQ(open_descriptors(), before + 3);
	weir_device_free(a.device);
	CHECK_EQ(open_descriptors(), before);
	weir_port_free(NULL);
	weir_device_free(NULL);
}

static void without_descriptors_nothing_is_made_and_none_is_lost(void **state)
{
	struct rlimit was, few;
	int before = open_descriptors();

	(void)state;
	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &was), 0);
	for (int room = 0; room < 3; room++) {
		int fd = 0;

		/* so many free ones below the limit */
		for (int seen = 0; seen <= room; fd++)
			seen += fcntl(fd, F_GETFD) < 0;
		few = was;
		few.rlim_cur = (rlim_t)fd - 1;
		CHECK_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
		refused(NULL, EMFILE);
		CHECK_EQ(setrlimit(RLIMIT_NOFILE, &was), 0);
		CHECK_EQ(open_descriptors(), before);
	}
}

static void
a_shutdown_is_sticky_and_every_descriptor_stays_readable(void **state)
{
	struct pair a = pair_open(0, 0, 0, 0);
	uint8_t buf[WEIR_PORT_ROOM];
	size_t n = make_frame(buf, 1, 60);

	(void)state;
	CHECK_EQ(weir_port_write_frame(a.port, WEIR_PORT_HEADER, buf, n), 0);
	CHECK(!weir_frames_is_shutting_down(a.frames));
	weir_frames_begin_shutdown(a.frames);
	weir_frames_begin_shutdown(a.frames);
	CHECK(weir_frames_is_shutting_down(a.frames));
	CHECK_EQ(weir_port_write_frame(a.port, WEIR_PORT_HEADER, buf, n),
		 -ESHUTDOWN);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(weir_port_read_frame(a.port, buf, sizeof(buf)),
			 -ESHUTDOWN);
		(void)weir_device_take_relay(a.device);
		CHECK(is_readable(weir_port_fd(a.port)));
		CHECK(is_readable(weir_device_fd(a.device)));
		CHECK(is_readable(weir_device_relay_fd(a.device)));
	}
	/* what was taken before is there still */
	CHECK(weir_device_stage(a.device));
	CHECK_EQ(weir_device_drop_staged(a.device), 0);
	CHECK(!weir_device_stage(a.device));
	CHECK(is_readable(weir_device_fd(a.device)));
	pair_close(&a);
}

static void *shut_down(void *frames)
{
	weir_frames_begin_shutdown(frames);
	return NULL;
}

static void who_sleeps_in_poll_wakes_at_the_shutdown(void **state)
{
	struct pair a = pair_open(0, 0, 0, 0);
	uint8_t buf[64];
	pthread_t other;

	(void)state;
	CHECK_EQ(weir_port_read_frame(a.port, buf, sizeof(buf)), -EAGAIN);
	CHECK(!weir_device_stage(a.device));
	{
		struct pollfd p[3] = {
			{ weir_port_fd(a.port), POLLIN, 0 },
			{ weir_device_fd(a.device), POLLIN, 0 },
			{ weir_device_relay_fd(a.device), POLLIN, 0 },
		};

		for (int i = 0; i < 3; i++)
			CHECK(!is_readable(p[i].fd));
		CHECK_EQ(pthread_create(&other, NULL, shut_down, a.frames), 0);
		for (int i = 0; i < 3; i++)
			CHECK_EQ(poll(&p[i], 1, 10000), 1);
	}
	CHECK_EQ(pthread_join(other, NULL), 0);
	pair_close(&a);
}

static void relayed_work_is_one_wake_until_it_is_taken(void **state)
{
	struct pair a = pair_open(0, 0, 0, 0);
	int fd = weir_device_relay_fd(a.device);

	(void)state;
	CHECK(!weir_device_take_relay(a.device));
	for (int round = 0; round < 3; round++) {
		weir_frames_relay(a.frames);
		weir_frames_relay(a.frames);
		CHECK(is_readable(fd));
		CHECK(!is_readable(weir_device_fd(a.device)));
		CHECK(weir_device_take_relay(a.device));
		CHECK(!is_readable(fd));
		CHECK(!weir_device_take_relay(a.device));
	}
	pair_close(&a);
}

/* base/ring.h against an obvious oracle: a list of lengths. */
static void
a_ring_never_overlaps_never_loses_and_fits_when_it_says(void **state)
{
	enum { SLOTS = 16, BYTES = 4096 };
	static struct weir_ring r;
	static struct weir_ring_slot slot[SLOTS];
	static uint8_t mem[BYTES], owner[BYTES];
	struct {
		uint8_t *at;
		uint32_t len;
		uint8_t tag;
	} queue[SLOTS];
	uint32_t head = 0, tail = 0, seed = 1, fulls = 0, len;

	(void)state;
	weir_ring_init(&r, slot, SLOTS, mem, BYTES);
	for (unsigned i = 0; i < 200000; i++) {
		seed = seed * 1664525 + 1013904223;
		len = 1 + (seed >> 16) % (i & 1024 ? 2000 : 200);
		if ((seed >> 8) % 5 < (i & 4096 ? 3 : 2)) {
			uint8_t *at = weir_ring_reserve(&r, len);

			if (!at) {
				/* exactly when it says, and not before */
				uint32_t when = weir_ring_when(&r, len);

				CHECK(when != head);
				CHECK(!weir_ring_place(&r.in, when - 1, len,
						       NULL));
				fulls++;
				continue;
			}
			CHECK(at >= mem && at + len <= mem + BYTES);
			for (uint32_t k = 0; k < len; k++) {
				CHECK_EQ(owner[at - mem + k], 0);
				owner[at - mem + k] = (uint8_t)(i % 255 + 1);
			}
			queue[tail % SLOTS].at = at;
			queue[tail % SLOTS].len = len;
			queue[tail++ % SLOTS].tag = (uint8_t)(i % 255 + 1);
			weir_ring_publish(&r);
		} else if (head == tail) {
			CHECK(!weir_ring_has(&r, 0));
		} else {
			uint8_t *at;

			CHECK(weir_ring_has(&r, tail - head - 1));
			CHECK(!weir_ring_has(&r, tail - head));
			at = weir_ring_at(&r, 0, &len);
			CHECK(at == queue[head % SLOTS].at);
			CHECK_EQ(len, queue[head % SLOTS].len);
			memset(owner + (at - mem), 0, len);
			head++;
			weir_ring_give(&r, 1);
		}
	}
	CHECK(fulls > 1000);
	while (weir_ring_has(&r, 0))
		weir_ring_give(&r, 1);
	CHECK(weir_ring_reserve(&r, BYTES));
}

static void a_ring_goes_on_when_its_indices_wrap(void **state)
{
	static struct weir_ring r;
	static struct weir_ring_slot slot[4];
	static uint8_t mem[256];
	uint32_t len;

	(void)state;
	weir_ring_init(&r, slot, 4, mem, sizeof(mem));
	r.in.next = r.in.tail = r.in.head = UINT32_MAX - 5;
	r.out.head = r.out.tail = UINT32_MAX - 5;
	r.head = r.tail = UINT32_MAX - 5;
	for (uint32_t i = 1; i < 20; i++) {
		CHECK(weir_ring_reserve(&r, i));
		weir_ring_publish_full(&r);
		CHECK(weir_ring_reserve(&r, i));
		weir_ring_publish_full(&r);
		for (int k = 0; k < 2; k++) {
			CHECK(weir_ring_has(&r, 0));
			(void)weir_ring_at(&r, 0, &len);
			CHECK_EQ(len, i);
			weir_ring_give_full(&r, 1);
		}
		CHECK(!weir_ring_has(&r, 0));
	}
}

T_MAIN(T(options_out_of_range_are_refused),
       T(options_of_another_age_are_read_as_they_say),
       T(counters_of_another_age_are_filled_as_they_say),
       T(descriptors_are_closed_with_the_last_who_holds),
       T(without_descriptors_nothing_is_made_and_none_is_lost),
       T(a_shutdown_is_sticky_and_every_descriptor_stays_readable),
       T(who_sleeps_in_poll_wakes_at_the_shutdown),
       T(relayed_work_is_one_wake_until_it_is_taken),
       T(a_ring_never_overlaps_never_loses_and_fits_when_it_says),
       T(a_ring_goes_on_when_its_indices_wrap))
