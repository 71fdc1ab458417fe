/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dgram.h - what both ends of the bench's datagrams share.
 *
 * A client dials LOAD_PORT_ORDERS and is told the UDP port of a server process
 * of its own, which counts datagrams of DGRAM_SIZE and echoes all others.  Over
 * the same TCP connection it orders counts, and datagrams the other way.  Each
 * datagram carries the number of its probe and its place therein: what comes
 * twice, or late from the probe before, counts nothing.
 */
#ifndef BENCH_DGRAM_H
#define BENCH_DGRAM_H

#include "load.h"

#include <netinet/in.h>
#include <sys/prctl.h>

enum {
	DGRAM_SIZE = 1400,
	DGRAM_MAX = 4 << 20, /* of one probe */
	DGRAM_BATCH = 64,
	DGRAM_ROOM = 4 << 20,       /* receive buffers, the usual rmem_max */
	DGRAM_PATIENCE_US = 20000,  /* silence after which orders are read */
	DGRAM_TICK_NS = 50000,      /* least sleep of a sender */
	DGRAM_LATE_NS = 10000000,   /* a sender so late lets the rest go */
	DGRAM_GRACE_NS = 200000000, /* of one that is not let send */
};

/* The first of 65,536 addresses that are all the server's, see run. */
#define DGRAM_MANY "10.78.0.1"

enum dgram_kind {
	DGRAM_COUNT = 1, /* how many came of @probe */
	DGRAM_SEND,      /* send @count at @rate a second, 0: at once */
	DGRAM_TALLY,     /* bytes all sinks took so far, and when that was */
};

struct dgram_order {
	uint32_t kind, probe, rate, count;
};

struct dgram_reply {
	uint64_t count, ns;
};

struct dgram_mark {
	uint32_t probe, place;
};

struct dgram_seen {
	uint32_t probe;
	uint64_t count;
	uint8_t map[DGRAM_MAX / 8];
};

static inline uint64_t dgram_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* A datagram of @len bytes at @bytes has come. */
static inline void dgram_see(struct dgram_seen *seen, const void *bytes,
			     size_t len)
{
	struct dgram_mark mark;
	uint8_t bit;

	if (len != DGRAM_SIZE)
		return;
	memcpy(&mark, bytes, sizeof(mark));
	if (mark.place >= DGRAM_MAX || mark.probe < seen->probe)
		return;
	if (mark.probe > seen->probe) {
		memset(seen, 0, sizeof(*seen));
		seen->probe = mark.probe;
	}
	bit = (uint8_t)(1 << mark.place % 8);
	if (seen->map[mark.place / 8] & bit)
		return;
	seen->map[mark.place / 8] |= bit;
	seen->count++;
}

/* Room for what comes while its reader does not run; sleeps that are kept. */
static inline void dgram_prepare(int fd)
{
	struct timeval patience = { .tv_usec = DGRAM_PATIENCE_US };
	int room = DGRAM_ROOM;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)) < 0)
		load_die("SO_RCVTIMEO");
	(void)prctl(PR_SET_TIMERSLACK, 1);
}

/*
 * Send what @order says the way @to says (no name: connected).  Due datagrams
 * go together; time lost is not made up for, so that a sender that was not let
 * run sends no flood afterwards: it attains less.  Return: how many went, and
 * the nanoseconds that took.
 */
static inline struct dgram_reply dgram_send(int fd, const struct msghdr *to,
					    const struct dgram_order *order)
{
	static char bytes[DGRAM_BATCH][DGRAM_SIZE];
	struct mmsghdr m[DGRAM_BATCH];
	struct iovec iov[DGRAM_BATCH];
	uint64_t rate = order->rate, begun = dgram_ns(), from = begun, t;
	uint64_t last = begun + DGRAM_GRACE_NS;
	uint32_t sent = 0;

	if (rate)
		last += order->count * UINT64_C(1500000000) / rate;
	for (int i = 0; i < DGRAM_BATCH; i++) {
		iov[i] = (struct iovec){ bytes[i], DGRAM_SIZE };
		m[i].msg_hdr = *to;
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	while (sent < order->count && (t = dgram_ns()) < last) {
		uint64_t due = rate ? (t - from) * rate / 1000000000 + 1
				    : order->count;
		uint64_t n = 0;
		int done = 0;

		if (rate && due > sent &&
		    (due - sent) * 1000000000 / rate > DGRAM_LATE_NS) {
			from += (due - sent - 1) * 1000000000 / rate;
			due = sent + 1;
		}
		for (; n < DGRAM_BATCH && sent + n < order->count &&
		       sent + n < due;
		     n++) {
			struct dgram_mark mark = { order->probe,
						   sent + (uint32_t)n };

			memcpy(bytes[n], &mark, sizeof(mark));
		}
		if (n > 0)
			done = sendmmsg(fd, m, (unsigned)n, 0);
		if (done > 0)
			sent += (uint32_t)done;
		if (done < (int)n || n == 0 || (rate && n < DGRAM_BATCH)) {
			struct timespec nap = { .tv_nsec = DGRAM_TICK_NS };

			nanosleep(&nap, NULL);
		}
	}
	return (struct dgram_reply){ sent, dgram_ns() - begun };
}

#endif
