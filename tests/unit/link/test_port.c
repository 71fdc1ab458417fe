/* SPDX-License-Identifier: Apache-2.0 */
/* test_port.c - the guest's end: whole or not at all, and a wake for room */
#include "pair.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define HDR WEIR_PORT_HEADER

static uint8_t buf[WEIR_PORT_ROOM + 64];

static int write_one(struct pair *a, uint32_t seed, size_t len)
{
	return weir_port_write_frame(a->port, HDR, buf,
				     make_frame(buf, seed, len));
}

static bool take_one(struct pair *a, uint32_t seed, size_t len)
{
	const struct weir_frame *f = weir_device_stage(a->device);
	bool same = f && is_frame(f->at, f->len, seed, len);

	return same && weir_device_drop_staged(a->device) == 0;
}

/* The other side sends one; its flush is the caller's. */
static int send_one(struct pair *a, uint32_t seed, size_t len)
{
	struct weir_tx_token tx;

	if (!weir_device_transmit(a->device, &tx))
		return -EAGAIN;
	make_frame(buf, seed, len);
	CHECK_EQ(weir_tx_token_fill(&tx, HDR + len), 0);
	memcpy(tx.frame + HDR, buf + HDR, len);
	return weir_tx_token_send(&tx);
}

static void options_that_are_none_are_refused(void **state)
{
	struct weir_frames *f = weir_frames_new(NULL);
	struct weir_port_options o = { sizeof(o), 2, 0 };
	struct weir_port *port;

	(void)state;
	CHECK(!weir_port_new(f, &o) && errno == EINVAL);
	o = (struct weir_port_options){ sizeof(o), 0, 16 };
	CHECK(!weir_port_new(f, &o) && errno == EINVAL);
	o = (struct weir_port_options){ 0, 0, 0 };
	CHECK(!weir_port_new(f, &o) && errno == EINVAL);
	{
		struct {
			struct weir_port_options o;
			uint64_t later;
		} newer = { { sizeof(newer), 0, 0 }, 1 };

		CHECK(!weir_port_new(f, &newer.o) && errno == E2BIG);
	}
	port = weir_port_new(f, NULL);
	CHECK(port);
	CHECK(!weir_port_new(f, NULL) && errno == EBUSY);
	CHECK_EQ(weir_port_set_offloads(port, 16), -EINVAL);
	CHECK_EQ(weir_port_set_offloads(port, WEIR_CAN_ALL), 0);
	weir_port_free(port);
	port = weir_port_new(f, NULL);
	CHECK(port);
	weir_port_free(port);
	weir_frames_unref(f);
}

static void frames_arrive_as_they_were_written_in_their_order(void **state)
{
	static const size_t len[] = { 1,    14,   60,    1514,
				      9014, 4096, 65536, WEIR_PORT_FRAME_MAX };
	struct pair a = pair_open(0, 0, 0, 0);

	(void)state;
	for (uint32_t i = 0; i < 8; i++)
		CHECK_EQ(write_one(&a, i, len[i]), 0);
	for (uint32_t i = 0; i < 8; i++)
		CHECK(take_one(&a, i, len[i]));
	CHECK(!weir_device_stage(a.device));
	pair_close(&a);
}

static void a_header_of_any_length_becomes_one_of_twelve_bytes(void **state)
{
	static const size_t hdr[] = { 0, 10, 12, 20, 3 };
	struct pair a = pair_open(0, 0, 0, WEIR_CAN_ALL);

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		const struct weir_frame *f;

		memset(buf, 0xee, sizeof(buf));
		memset(buf, 0, hdr[i]);
		if (hdr[i])
			buf[0] = 1; /* NEEDS_CSUM */
		if (hdr[i] >= 10)
			buf[6] = 34; /* csum_start */
		CHECK_EQ(weir_port_write_frame(a.port, hdr[i], buf,
					       hdr[i] + 60),
			 0);
		f = weir_device_stage(a.device);
		CHECK(f);
		CHECK_EQ(f->len, HDR + 60);
		CHECK_EQ(f->at[0], hdr[i] ? 1 : 0);
		CHECK_EQ(f->at[6], hdr[i] >= 10 ? 34 : 0);
		for (unsigned k = 0; k < 60; k++)
			CHECK_EQ(f->at[HDR + k], 0xee);
		CHECK_EQ(weir_device_drop_staged(a.device), 0);
	}
	pair_close(&a);
}

static void what_can_be_no_frame_is_refused(void **state)
{
	struct pair a = pair_open(0, 0, 0, 0);

	(void)state;
	CHECK_EQ(weir_port_write_frame(a.port, 13, buf, 12), -EINVAL);
	CHECK_EQ(weir_port_write_frame(a.port, 12, buf, 12), -EINVAL);
	CHECK_EQ(weir_port_write_frame(a.port, 0, buf, 0), -EINVAL);
	CHECK_EQ(weir_port_write_frame(a.port, 12, buf, WEIR_PORT_ROOM + 1),
		 -EMSGSIZE);
	CHECK_EQ(weir_port_write_frame(a.port, 0, buf, WEIR_PORT_FRAME_MAX + 1),
		 -EMSGSIZE);
	CHECK_EQ(counters(&a).up.oversize, 2);
	CHECK_EQ(counters(&a).up.frames, 0);
	CHECK(!weir_device_stage(a.device));
	weir_frames_begin_shutdown(a.frames);
	CHECK_EQ(write_one(&a, 0, 60), -ESHUTDOWN);
	pair_close(&a);
}

static void a_full_ring_takes_nothing_and_tells_when_there_is_room(void **state)
{
	struct pair a = pair_open(4, 0, 0, 0);

	(void)state;
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 4; i++)
			CHECK_EQ(write_one(&a, i, 60), 0);
		CHECK_EQ(write_one(&a, 9, 60), -EAGAIN);
		CHECK(!is_readable(weir_port_fd(a.port)));
		CHECK(take_one(&a, 0, 60));
		weir_device_flush(a.device);
		CHECK(is_readable(weir_port_fd(a.port)));
		CHECK_EQ(write_one(&a, 4, 60), 0);
		CHECK_EQ(write_one(&a, 9, 60), -EAGAIN);
		CHECK(!is_readable(weir_port_fd(a.port)));
		for (uint32_t i = 1; i < 5; i++)
			CHECK(take_one(&a, i, 60));
		CHECK(!weir_device_stage(a.device));
		weir_device_flush(a.device);
		weir_port_forget_write(a.port);
	}
	CHECK_EQ(counters(&a).up.refused, 6);
	CHECK_EQ(counters(&a).up.frames, 15);
	CHECK_EQ(counters(&a).up.bytes, 15 * 60);
	pair_close(&a);
}

static void room_is_told_when_the_frame_fits_and_not_before(void **state)
{
	struct pair a = pair_open(64, 65600, 0, 0);
	uint32_t n = 0;

	(void)state;
	while (write_one(&a, n, 3000) == 0)
		n++;
	CHECK(n > 10 && n < 64);
	CHECK_EQ(write_one(&a, n, 9000), -EAGAIN);
	for (uint32_t i = 0; i < 3; i++) {
		CHECK(!is_readable(weir_port_fd(a.port)));
		CHECK(take_one(&a, i, 3000));
		weir_device_flush(a.device);
	}
	CHECK(is_readable(weir_port_fd(a.port)));
	CHECK_EQ(write_one(&a, n, 9000), 0);
	/* the largest fits when it is empty */
	CHECK_EQ(write_one(&a, 0, WEIR_PORT_FRAME_MAX), -EAGAIN);
	for (uint32_t i = 3; i < n; i++) {
		CHECK(take_one(&a, i, 3000));
		weir_device_flush(a.device);
		CHECK(!is_readable(weir_port_fd(a.port)));
	}
	CHECK(take_one(&a, n, 9000));
	weir_device_flush(a.device);
	CHECK(is_readable(weir_port_fd(a.port)));
	CHECK_EQ(write_one(&a, 0, WEIR_PORT_FRAME_MAX), 0);
	pair_close(&a);
}

static void room_that_came_is_told_though_reading_took_the_wake(void **state)
{
	struct pair a = pair_open(2, 0, 0, 0);

	(void)state;
	CHECK_EQ(write_one(&a, 0, 60), 0);
	CHECK_EQ(write_one(&a, 1, 60), 0);
	CHECK_EQ(write_one(&a, 2, 60), -EAGAIN);
	CHECK(take_one(&a, 0, 60));
	weir_device_flush(a.device);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(weir_port_read_frame(a.port, buf, sizeof(buf)),
			 -EAGAIN);
		CHECK(is_readable(weir_port_fd(a.port)));
	}
	weir_port_forget_write(a.port);
	CHECK_EQ(weir_port_read_frame(a.port, buf, sizeof(buf)), -EAGAIN);
	CHECK(!is_readable(weir_port_fd(a.port)));
	pair_close(&a);
}

static void a_lossy_port_drops_counts_and_says_0(void **state)
{
	struct pair a = pair_open(2, 0, WEIR_PORT_LOSSY, 0);
	struct weir_frame v = { NULL, 80 };

	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		CHECK_EQ(write_one(&a, i, 60), 0);
	CHECK_EQ(counters(&a).up.frames, 2);
	CHECK_EQ(counters(&a).up.refused, 8);
	CHECK_EQ(weir_port_reserve(a.port, &v, 1), -EAGAIN);
	CHECK(take_one(&a, 0, 60) && take_one(&a, 1, 60));
	weir_device_flush(a.device);
	CHECK(!is_readable(weir_port_fd(a.port)));
	CHECK_EQ(write_one(&a, 10, 60), 0);
	CHECK(take_one(&a, 10, 60));
	pair_close(&a);
}

static void
what_comes_is_read_whole_or_dropped_if_there_is_no_room(void **state)
{
	struct pair a = pair_open(0, 0, 0, 0);

	(void)state;
	CHECK_EQ(weir_port_read_frame(a.port, buf, sizeof(buf)), -EAGAIN);
	CHECK_EQ(send_one(&a, 1, 100), 0);
	CHECK_EQ(send_one(&a, 2, 1514), 0);
	CHECK_EQ(send_one(&a, 3, 100), 0);
	CHECK(!is_readable(weir_port_fd(a.port)));
	weir_device_flush(a.device);
	CHECK(is_readable(weir_port_fd(a.port)));
	CHECK_EQ(weir_port_read_frame(a.port, buf, HDR + 100), HDR + 100);
	CHECK(is_frame(buf, HDR + 100, 1, 100));
	CHECK_EQ(buf[10], 1); /* num_buffers */
	/* level-triggered: what is left is told */
	CHECK(is_readable(weir_port_fd(a.port)));
	CHECK_EQ(weir_port_read_frame(a.port, buf, HDR + 1513), -EMSGSIZE);
	CHECK_EQ(weir_port_read_frame(a.port, buf, HDR + 99), -EMSGSIZE);
	CHECK_EQ(counters(&a).down.oversize, 2);
	CHECK_EQ(weir_port_read_frame(a.port, buf, 0), -EAGAIN);
	CHECK(!is_readable(weir_port_fd(a.port)));
	CHECK_EQ(counters(&a).down.frames, 3);
	CHECK_EQ(counters(&a).down.wakes, 1);
	weir_frames_begin_shutdown(a.frames);
	CHECK_EQ(weir_port_read_frame(a.port, buf, 0), -ESHUTDOWN);
	pair_close(&a);
}

static void nothing_is_ever_unfinished(void **state)
{
	struct pair a = pair_open(0, 0, 0, 0);

	(void)state;
	CHECK(!weir_port_has_unfinished_write(a.port));
	CHECK_EQ(weir_port_try_finish_write(a.port, HDR, buf, 100), 0);
	CHECK_EQ(counters(&a).up.frames, 0);
	pair_close(&a);
}

static void an_edge_triggered_poller_misses_nothing(void **state)
{
	struct pair a = pair_open(0, 0, 0, 0);
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	(void)state;
	CHECK(ep >= 0);
	CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, weir_port_fd(a.port), &e), 0);
	CHECK_EQ(epoll_wait(ep, &e, 1, 0), 0);
	for (uint32_t round = 0; round < 5; round++) {
		for (uint32_t i = 0; i < round; i++)
			CHECK_EQ(send_one(&a, i, 60), 0);
		weir_device_flush(a.device);
		CHECK_EQ(epoll_wait(ep, &e, 1, 0), round ? 1 : 0);
		CHECK_EQ(epoll_wait(ep, &e, 1, 0), 0);
		for (uint32_t i = 0; i < round; i++)
			CHECK(weir_port_read_frame(a.port, buf, sizeof(buf)) >
			      0);
		CHECK_EQ(weir_port_read_frame(a.port, buf, sizeof(buf)),
			 -EAGAIN);
	}
	close(ep);
	pair_close(&a);
}

static void
a_reservation_is_written_in_place_and_committed_at_once(void **state)
{
	struct pair a = pair_open(8, 0, 0, 0);
	struct weir_frame v[10];
	int n;

	(void)state;
	for (int i = 0; i < 10; i++)
		v[i].len = HDR + 200;
	CHECK_EQ(weir_port_reserve(a.port, v, 0), -EINVAL);
	n = weir_port_reserve(a.port, v, 10);
	CHECK_EQ(n, 8);
	CHECK_EQ(weir_port_reserve(a.port, v + 8, 1), -EBUSY);
	CHECK_EQ(write_one(&a, 0, 60), -EBUSY);
	CHECK(!weir_device_stage(a.device));
	for (int i = 0; i < n; i++)
		v[i].len = make_frame(v[i].at, (uint32_t)i, 100 + (size_t)i);
	CHECK_EQ(weir_port_commit(a.port, v, 9), -EINVAL);
	v[3].len = HDR + 201;
	CHECK_EQ(weir_port_commit(a.port, v, 5), -EINVAL);
	v[3].len = HDR;
	CHECK_EQ(weir_port_commit(a.port, v, 5), -EINVAL);
	v[3].len = HDR + 103;
	CHECK_EQ(weir_port_commit(a.port, v, 5), 0);
	CHECK(is_readable(weir_device_fd(a.device)));
	CHECK_EQ(counters(&a).up.wakes, 1);
	CHECK_EQ(counters(&a).up.frames, 5);
	for (uint32_t i = 0; i < 5; i++)
		CHECK(take_one(&a, i, 100 + i));
	CHECK(!weir_device_stage(a.device));
	/* none of them, and all the room is there again */
	CHECK_EQ(weir_port_reserve(a.port, v, 8), 8);
	CHECK_EQ(weir_port_commit(a.port, NULL, 0), 0);
	CHECK_EQ(weir_port_commit(a.port, v, 1), -EINVAL);
	CHECK(!weir_device_stage(a.device));
	for (uint32_t i = 0; i < 8; i++)
		CHECK_EQ(write_one(&a, i, 60), 0);
	v[0].len = HDR + 60;
	CHECK_EQ(weir_port_reserve(a.port, v, 1), -EAGAIN);
	CHECK(take_one(&a, 0, 60));
	weir_device_flush(a.device);
	CHECK(is_readable(weir_port_fd(a.port)));
	pair_close(&a);
}

static void a_reservation_that_cannot_be_is_refused(void **state)
{
	struct pair a = pair_open(8, 0, 0, 0);
	struct weir_frame v[3] = { { NULL, WEIR_PORT_ROOM + 1 },
				   { NULL, 0 },
				   { NULL, 0 } };

	(void)state;
	CHECK_EQ(weir_port_reserve(a.port, v, 1), -EMSGSIZE);
	v[0].len = HDR;
	CHECK_EQ(weir_port_reserve(a.port, v, 1), -EINVAL);
	v[0].len = WEIR_PORT_ROOM;
	v[1].len = HDR + 1;
	v[2].len = WEIR_PORT_ROOM + 1;
	CHECK_EQ(weir_port_reserve(a.port, v, 3), 2);
	CHECK_EQ(weir_port_commit(a.port, v, 0), 0);
	v[1].len = 3;
	CHECK_EQ(weir_port_reserve(a.port, v, 3), 1);
	weir_frames_begin_shutdown(a.frames);
	CHECK_EQ(weir_port_commit(a.port, v, 1), -ESHUTDOWN);
	CHECK_EQ(weir_port_reserve(a.port, v, 1), -ESHUTDOWN);
	CHECK(!weir_device_stage(a.device));
	pair_close(&a);
}

static void a_port_that_goes_cancels_what_it_reserved(void **state)
{
	struct pair a = pair_open(2, 0, 0, 0);
	struct weir_frame v[2] = { { NULL, 100 }, { NULL, 100 } };

	(void)state;
	CHECK_EQ(weir_port_reserve(a.port, v, 2), 2);
	weir_port_free(a.port);
	a.port = weir_port_new(a.frames, NULL);
	CHECK(a.port);
	CHECK_EQ(write_one(&a, 1, 60), 0);
	CHECK_EQ(write_one(&a, 2, 60), 0);
	CHECK(take_one(&a, 1, 60) && take_one(&a, 2, 60));
	pair_close(&a);
}

static void frames_are_looked_at_in_place_and_released_at_once(void **state)
{
	struct pair a = pair_open(4, 0, 0, 0);
	struct weir_frame v[8];

	(void)state;
	CHECK_EQ(weir_port_peek(a.port, v, 8), -EAGAIN);
	CHECK_EQ(weir_port_peek(a.port, v, 0), -EINVAL);
	CHECK_EQ(weir_port_release(a.port, 0), 0);
	CHECK_EQ(weir_port_release(a.port, 1), -EINVAL);
	for (uint32_t i = 0; i < 4; i++)
		CHECK_EQ(send_one(&a, i, 60 + i), 0);
	CHECK_EQ(send_one(&a, 4, 64), -EAGAIN);
	weir_device_flush(a.device);
	for (int twice = 0; twice < 2; twice++) {
		CHECK_EQ(weir_port_peek(a.port, v, 8), 4);
		for (uint32_t i = 0; i < 4; i++)
			CHECK(is_frame(v[i].at, v[i].len, i, 60 + i));
	}
	CHECK_EQ(weir_port_peek(a.port, v, 2), 2);
	CHECK_EQ(weir_port_release(a.port, 5), -EINVAL);
	CHECK(!is_readable(weir_device_fd(a.device)));
	CHECK_EQ(weir_port_release(a.port, 3), 0);
	CHECK(is_readable(weir_device_fd(a.device)));
	CHECK_EQ(weir_port_peek(a.port, v, 8), 1);
	CHECK(is_frame(v[0].at, v[0].len, 3, 63));
	CHECK_EQ(weir_port_release(a.port, 1), 0);
	weir_frames_begin_shutdown(a.frames);
	CHECK_EQ(weir_port_peek(a.port, v, 8), -ESHUTDOWN);
	pair_close(&a);
}

static void busy_sides_wake_nobody(void **state)
{
	struct pair a = pair_open(0, 0, 0, 0);

	(void)state;
	CHECK(!weir_device_stage(a.device));
	for (uint32_t i = 0; i < 1000; i++)
		CHECK_EQ(write_one(&a, i, 60), 0);
	CHECK_EQ(counters(&a).up.wakes, 1);
	for (uint32_t i = 0; i < 1000; i++) {
		CHECK(take_one(&a, i, 60));
		CHECK_EQ(write_one(&a, 1000 + i, 60), 0);
		weir_device_flush(a.device);
	}
	CHECK_EQ(counters(&a).up.wakes, 1);
	CHECK_EQ(counters(&a).down.wakes, 0);
	pair_close(&a);
}

/* --- two threads ---------------------------------------------------------- */

#define STRESS_NS 3000000000ull

struct stress {
	struct pair a;
	uint32_t lens;      /* the largest frame, some of them */
	_Atomic bool ended; /* the other one has seen the shutdown */
	uint32_t up, down;  /* taken, by the device and by the port */
	bool wrong;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Its number, and bytes that follow from it. */
static size_t stamp(uint8_t *at, uint32_t n, uint32_t most)
{
	size_t len = 8 + n * 2654435761u % (n % 512 ? 192 : most - 8);

	memset(at, 0, HDR);
	memcpy(at + HDR, &n, 4);
	at[HDR + len - 1] = (uint8_t)(n * 7);
	return HDR + len;
}

static bool is_stamped(const uint8_t *at, size_t got, uint32_t n, uint32_t most)
{
	size_t len = 8 + n * 2654435761u % (n % 512 ? 192 : most - 8);

	return got == HDR + len && !memcmp(at + HDR, &n, 4) &&
	       at[HDR + len - 1] == (uint8_t)(n * 7);
}

/* Sleep until woken; 10 s without is a lost wake. */
static void sleep_on(int fd, bool *wrong)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (poll(&p, 1, 10000) != 1)
		*wrong = true;
}

static bool put_down(struct stress *s, uint32_t n)
{
	struct weir_tx_token tx;
	uint8_t room[HDR + 256];
	size_t len;

	if (!weir_device_transmit(s->a.device, &tx))
		return false;
	len = stamp(room, n, 200);
	if (weir_tx_token_fill(&tx, len) == 0) {
		memcpy(tx.frame + HDR, room + HDR, len - HDR);
		(void)weir_tx_token_send(&tx);
	}
	return true;
}

static void *be_device(void *arg)
{
	struct stress *s = arg;
	struct weir_device *dev = s->a.device;
	uint32_t seed = 5, sent = 0;
	bool wrong = false;

	while (!wrong) {
		const struct weir_frame *f = NULL;
		uint32_t batch = next(&seed) % 100, i;
		bool full = false;

		for (i = 0; i < batch && (f = weir_device_stage(dev)); i++) {
			wrong |= !is_stamped(f->at, f->len, s->up++, s->lens);
			(void)weir_device_drop_staged(dev);
		}
		for (i = next(&seed) % 50; i && !full; i--) {
			full = !put_down(s, sent);
			sent += !full;
		}
		weir_device_flush(dev);
		if (weir_frames_is_shutting_down(s->a.frames) &&
		    !weir_device_stage(dev))
			break;
		if ((!f && next(&seed) % 4) || full)
			sleep_on(weir_device_fd(dev), &wrong);
	}
	s->wrong |= wrong;
	atomic_store(&s->ended, true);
	return NULL;
}

static void two_threads_lose_no_frame_and_no_wake(void **state)
{
	static const size_t most[] = { 200, WEIR_PORT_FRAME_MAX };
	static uint8_t room[WEIR_PORT_ROOM];

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		static struct stress s;
		uint64_t until = now_ns() + STRESS_NS / 2;
		uint32_t sent = 0, seed = 1;
		bool wrong = false;
		pthread_t other;

		memset(&s, 0, sizeof(s));
		s.a = pair_open(round ? 64 : 256, round ? 131072 : 0, 0, 0);
		s.lens = (uint32_t)most[round];
		CHECK_EQ(pthread_create(&other, NULL, be_device, &s), 0);
		while (!wrong && now_ns() < until) {
			uint32_t batch = next(&seed) % 300;
			int r = 0;

			for (; batch && r == 0; batch--) {
				size_t n = stamp(room, sent, s.lens);

				r = weir_port_write_frame(s.a.port, HDR, room,
							  n);
				sent += r == 0;
			}
			wrong |= r != 0 && r != -EAGAIN;
			for (batch = next(&seed) % 100; batch; batch--) {
				int n = weir_port_read_frame(s.a.port, room,
							     sizeof(room));

				if (n == -EAGAIN)
					break;
				wrong |= n < 0 || !is_stamped(room, (size_t)n,
							      s.down++, 200);
			}
			if (r == -EAGAIN)
				sleep_on(weir_port_fd(s.a.port), &wrong);
		}
		/* in the middle of it all */
		weir_frames_begin_shutdown(s.a.frames);
		CHECK_EQ(weir_port_write_frame(s.a.port, HDR, room, HDR + 60),
			 -ESHUTDOWN);
		CHECK_EQ(pthread_join(other, NULL), 0);
		CHECK(atomic_load(&s.ended));
		CHECK(!wrong && !s.wrong);
		CHECK_EQ(s.up, sent);
		CHECK_EQ(counters(&s.a).up.frames, sent);
		print_message("# %u up, %u down, %llu and %llu wakes\n", s.up,
			      s.down,
			      (unsigned long long)counters(&s.a).up.wakes,
			      (unsigned long long)counters(&s.a).down.wakes);
		CHECK(s.up > 1000 && s.down > 100);
		pair_close(&s.a);
	}
}

T_MAIN(T(options_that_are_none_are_refused),
       T(frames_arrive_as_they_were_written_in_their_order),
       T(a_header_of_any_length_becomes_one_of_twelve_bytes),
       T(what_can_be_no_frame_is_refused),
       T(a_full_ring_takes_nothing_and_tells_when_there_is_room),
       T(room_is_told_when_the_frame_fits_and_not_before),
       T(room_that_came_is_told_though_reading_took_the_wake),
       T(a_lossy_port_drops_counts_and_says_0),
       T(what_comes_is_read_whole_or_dropped_if_there_is_no_room),
       T(nothing_is_ever_unfinished),
       T(an_edge_triggered_poller_misses_nothing),
       T(a_reservation_is_written_in_place_and_committed_at_once),
       T(a_reservation_that_cannot_be_is_refused),
       T(a_port_that_goes_cancels_what_it_reserved),
       T(frames_are_looked_at_in_place_and_released_at_once),
       T(busy_sides_wake_nobody), T(two_threads_lose_no_frame_and_no_wake))
