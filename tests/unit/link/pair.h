/* SPDX-License-Identifier: Apache-2.0 */
/* pair.h - both ends of a pair of rings, as a program outside holds them */
#ifndef TEST_LINK_PAIR_H
#define TEST_LINK_PAIR_H

#include "../t.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>

#include "weir.h"

struct pair {
	struct weir_frames *frames;
	struct weir_port *port;
	struct weir_device *device;
};

/** pair_open() - @capacity and @bytes of 0 are the defaults */
static inline struct pair pair_open(uint32_t capacity, size_t bytes,
				    uint32_t port_flags, uint32_t can)
{
	struct weir_frames_options f = { sizeof(f), capacity, 0, bytes };
	struct weir_port_options p = { sizeof(p), port_flags, can };
	struct weir_device_options d = { sizeof(d), can, 0 };
	struct pair a;

	a.frames = weir_frames_new(&f);
	CHECK(a.frames);
	a.port = weir_port_new(a.frames, &p);
	CHECK(a.port);
	a.device = weir_device_new(a.frames, &d);
	CHECK(a.device);
	return a;
}

static inline void pair_close(struct pair *a)
{
	weir_port_free(a->port);
	weir_device_free(a->device);
	weir_frames_unref(a->frames);
}

/** is_readable() - now */
static inline bool is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && p.revents == POLLIN;
}

/** counters() - of now */
static inline struct weir_frames_counts counters(const struct pair *a)
{
	struct weir_frames_counts c = { sizeof(c), { 0 }, { 0 } };

	CHECK_EQ(weir_frames_counters(a->frames, &c), 0);
	return c;
}

/** make_frame() - header of zeroes, and @len bytes that say which it is */
static inline size_t make_frame(uint8_t *buf, uint32_t seed, size_t len)
{
	memset(buf, 0, WEIR_PORT_HEADER);
	for (size_t i = 0; i < len; i++)
		buf[WEIR_PORT_HEADER + i] = (uint8_t)(seed * 31 + i * 7);
	return WEIR_PORT_HEADER + len;
}

/** is_frame() - is it what make_frame() made, whatever its header? */
static inline bool is_frame(const uint8_t *buf, size_t got, uint32_t seed,
			    size_t len)
{
	if (got != WEIR_PORT_HEADER + len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (buf[WEIR_PORT_HEADER + i] != (uint8_t)(seed * 31 + i * 7))
			return false;
	return true;
}

#endif /* TEST_LINK_PAIR_H */
