/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_stream.c - any bytes may come over a stream, cut anywhere
 *
 * The first byte says how the rest is cut.  Frames must be those that a plain
 * reading of the same bytes gives; after a length that is none, or the end,
 * there is nothing more, and the reason is the right one.
 */
#include "link/stream.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* The next frame of @in.  Return: its length, or why there is none. */
static int plain(struct weir_rd *in, const uint8_t **ret)
{
	bool none = in->left == 0;
	uint32_t len = weir_rd_be32(in);

	if (!weir_rd_ok(in))
		return none ? -EPIPE : -ECONNRESET;
	if (len < 1 || len > WEIR_FRAME_MAX_BYTES)
		return -EPROTO;
	*ret = weir_rd_take(in, len);
	return *ret ? (int)len : -ECONNRESET;
}

/* All that can be had now.  Return: why there is no more. */
static int drain(struct weir_stream *s, struct weir_rd *in)
{
	static uint8_t room[WEIR_LINK_ROOM_BYTES];
	const uint8_t *want = NULL;
	unsigned quiet = 0;

	for (;;) {
		struct pollfd p = { s->fd, POLLIN, 0 };
		int n = weir_stream_ops.receive(s, room);

		if (n == -EAGAIN && quiet++) {
			must(poll(&p, 1, 0) <= 0); /* nothing is left */
			return n;
		}
		if (n == -EAGAIN)
			continue;
		if (n < 0) {
			must(plain(in, &want) == n);
			must(weir_stream_ops.receive(s, room) == n);
			return n;
		}
		quiet = 0;
		must(plain(in, &want) == n - (int)WEIR_VNET_BYTES);
		must(memcmp(room + WEIR_VNET_BYTES, want,
			    (size_t)n - WEIR_VNET_BYTES) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t mem[512 << 10];
	struct weir_arena arena;
	struct weir_stream s;
	struct weir_rd in;
	int pair[2], end = -EAGAIN;
	uint32_t seed;

	if (!size)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		abort();
	weir_arena_init(&arena, mem, sizeof(mem));
	must(weir_stream_open(&s, pair[0], 1500, false, &arena) == 0);
	seed = data[0];
	in = weir_rd_over(data + 1, size - 1);
	for (size_t at = 1; at < size && end == -EAGAIN;) {
		size_t cut =
			1u + (data[0] & 1 ? seed >> 8 & 0xfff : seed >> 8 & 7);
		size_t n = cut < size - at ? cut : size - at;

		must(send(pair[1], data + at, n, MSG_DONTWAIT) == (ssize_t)n);
		at += n;
		seed = seed * 1664525u + 1013904223u;
		end = drain(&s, &in);
	}
	close(pair[1]);
	while (end == -EAGAIN)
		end = drain(&s, &in);
	must(end == -EPIPE || end == -ECONNRESET || end == -EPROTO);
	weir_stream_ops.close(&s);
	return 0;
}
