/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dgram.c - the bench's client for datagrams and for rates, beside load.c.
 *
 *   dgram up ADDR MS FINAL_MS    PER_SECOND PACKETS LOST_PERCENT
 *   dgram down ADDR MS FINAL_MS  the same the other way
 *   dgram pingpong ADDR MS       COUNT P50 P99 LOST, 64 bytes, microseconds
 *   dgram many ADDR COUNT        ANSWERED, of so many addresses of the server,
 *                                from DGRAM_MANY on, all from one port
 *   dgram burst ADDR COUNT       UP DOWN, how many arrive of so many at once
 *   dgram rateup ADDR STREAMS MS    BYTES SECONDS MSS of TCP, counted where it
 *   dgram ratedown ADDR STREAMS MS  arrives, after a second to get going
 *
 * up and down look for the highest rate with less than a thousandth lost by
 * bisection with probes of MS; once told to go they try that for FINAL_MS, and
 * a little less where it was too much.  -g first: as in load.c.
 */
#include "dgram.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

enum {
	RATE_LEAST = 10000, /* datagrams a second; below nobody is looked for */
	RATE_MOST = 800000,
	PROBES = 6, /* 800,000 / 10,000 = 80 = 1.07 ^ 2^6 */
	FINALS = 4, /* tries at the end, each a tenth slower */
	PING = 64,  /* bytes of a ping */
	PINGS_MAX = 1 << 20,
	WINDOW = 32, /* unanswered questions */
	MANY_MAX = 20000,
	STREAMS_MAX = 64,
	GRACE_S = 60, /* a client that hangs this long dies */
};

static bool gated;

struct talk {
	int orders, udp;
	bool up;
	uint32_t probe;
	uint64_t packets; /* of all probes since the runner said go */
	double lost;      /* share of the last probe */
	struct dgram_seen seen;
};

static struct dgram_reply reply_of(int fd)
{
	struct dgram_reply r;

	if (!load_read_all(fd, &r, sizeof(r)))
		load_die("the server's answer");
	return r;
}

static void order(int fd, const struct dgram_order *o)
{
	if (write(fd, o, sizeof(*o)) != (ssize_t)sizeof(*o))
		load_die("order");
}

/* A socket to our server, that has heard of us. */
static void talk_open(struct talk *t, const char *address)
{
	struct sockaddr_in to;
	char hello[8] = { 0 };

	t->orders = load_dial(address, LOAD_PORT_ORDERS);
	if (t->orders < 0)
		load_die("connect");
	to = load_address(address, (uint16_t)reply_of(t->orders).count);
	t->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (t->udp < 0 ||
	    connect(t->udp, (struct sockaddr *)&to, sizeof(to)) < 0)
		load_die("udp");
	dgram_prepare(t->udp);
	for (int tries = 0; tries < 100; tries++) {
		if (send(t->udp, hello, sizeof(hello), 0) > 0 &&
		    recv(t->udp, hello, sizeof(hello), 0) > 0)
			return;
	}
	load_die("udp: no answer");
}

/* Count what comes until the server has said how much it sent. */
static struct dgram_reply take(struct talk *t)
{
	static char bytes[DGRAM_BATCH][DGRAM_SIZE];
	struct mmsghdr m[DGRAM_BATCH] = { 0 };
	struct iovec iov[DGRAM_BATCH];
	struct dgram_reply r;

	for (int i = 0; i < DGRAM_BATCH; i++) {
		iov[i] = (struct iovec){ bytes[i], DGRAM_SIZE };
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	for (;;) {
		int n = recvmmsg(t->udp, m, DGRAM_BATCH, MSG_WAITFORONE, NULL);

		for (int i = 0; i < n; i++)
			dgram_see(&t->seen, bytes[i], m[i].msg_len);
		if (n > 0)
			continue;
		if (recv(t->orders, &r, sizeof(r), MSG_PEEK | MSG_DONTWAIT) ==
		    (ssize_t)sizeof(r))
			return reply_of(t->orders);
	}
}

/* One probe, 0 as the rate: a burst.  How many arrived; @ret_attained a second. */
static uint64_t probe(struct talk *t, uint32_t rate, uint32_t count,
		      double *ret_attained)
{
	struct dgram_order o = { DGRAM_SEND, ++t->probe, rate, count };
	struct dgram_reply sent;
	uint64_t arrived;

	if (t->up) {
		struct msghdr connected = { 0 };

		sent = dgram_send(t->udp, &connected, &o);
		o.kind = DGRAM_COUNT;
		order(t->orders, &o);
		arrived = reply_of(t->orders).count;
	} else {
		order(t->orders, &o);
		sent = take(t);
		arrived = t->seen.probe == o.probe ? t->seen.count : 0;
	}
	t->packets += sent.count;
	t->lost = sent.count ? 1 - (double)arrived / (double)sent.count : 1;
	*ret_attained = (double)sent.count * 1e9 / (double)sent.ns;
	return arrived;
}

/* Whether @rate is attained with less than a thousandth lost. */
static bool holds(struct talk *t, double rate, double ms, double *ret_attained)
{
	uint32_t count = (uint32_t)(rate * ms / 1000);

	probe(t, (uint32_t)rate, count, ret_attained);
	return t->lost < 0.001 && *ret_attained > 0.95 * rate;
}

/* The geometric middle, by Newton: no maths library for one root. */
static double between(double least, double most)
{
	double root = most;

	for (int i = 0; i < 20; i++)
		root = (root + least * most / root) / 2;
	return root;
}

static void search(const char *address, bool up, double ms, double final_ms)
{
	static struct talk t;
	double least = RATE_LEAST, most = RATE_MOST, attained = 0;

	t.up = up;
	talk_open(&t, address);
	for (int i = 0; i < PROBES; i++) {
		double middle = between(least, most);

		/* a little lost may have been the machine: once more */
		if (holds(&t, middle, ms, &attained) ||
		    (t.lost < 0.01 && holds(&t, middle, ms, &attained)))
			least = middle;
		else
			most = middle;
	}
	load_gate(gated, "ready");
	t.packets = 0;
	for (int i = 0; i < FINALS; i++) {
		if (holds(&t, least, final_ms, &attained))
			break;
		least *= i < FINALS - 1 ? 0.9 : 1;
	}
	printf("%.0f %llu %.4f\n", attained, (unsigned long long)t.packets,
	       t.lost * 100);
	load_gate(gated, "");
}

static void pingpong(const char *address, double ms)
{
	static struct talk t;
	float *us = calloc(PINGS_MAX, sizeof(*us));
	char ping[PING] = { 0 };
	size_t n = 0, lost = 0;
	double start, sent, after;

	if (!us)
		load_die("memory");
	talk_open(&t, address);
	load_gate(gated, "ready");
	start = sent = load_now(CLOCK_MONOTONIC);
	while (sent < start + ms / 1000 && n < PINGS_MAX) {
		bool ok = send(t.udp, ping, PING, 0) == PING &&
			  recv(t.udp, ping, PING, 0) == PING;

		after = load_now(CLOCK_MONOTONIC);
		if (ok)
			us[n++] = (float)((after - sent) * 1e6);
		else
			lost++;
		sent = after;
	}
	qsort(us, n, sizeof(*us), load_by_value);
	printf("%zu %.2f %.2f %zu\n", n, n ? (double)us[n / 2] : 0,
	       n ? (double)us[n * 99 / 100] : 0, lost);
	load_gate(gated, "");
	free(us);
}

/* Ask @count addresses, a window at a time: how many answered in time. */
static void many(const char *address, uint32_t count)
{
	static struct talk t;
	static bool answered[MANY_MAX];
	struct sockaddr_in to, from;
	socklen_t len = sizeof(to);
	uint32_t base, got = 0, asked = 0;
	struct timeval patience = { .tv_usec = 200000 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	talk_open(&t, address);
	if (fd < 0 || getpeername(t.udp, (struct sockaddr *)&to, &len) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)) < 0)
		load_die("udp");
	base = ntohl(load_address(DGRAM_MANY, 0).sin_addr.s_addr);
	load_gate(gated, "ready");
	while (asked < count || len != 0) {
		uint32_t window =
			count - asked < WINDOW ? count - asked : WINDOW;
		uint32_t awaited = got + window, which;

		for (; window > 0; window--, asked++) {
			to.sin_addr.s_addr = htonl(base + asked);
			(void)sendto(fd, &asked, sizeof(asked), 0,
				     (struct sockaddr *)&to, sizeof(to));
		}
		do {
			len = sizeof(from);
			if (recvfrom(fd, &which, sizeof(which), 0,
				     (struct sockaddr *)&from,
				     &len) != (ssize_t)sizeof(which)) {
				len = 0; /* no more for now */
				break;
			}
			if (which < count && !answered[which] &&
			    from.sin_addr.s_addr == htonl(base + which)) {
				answered[which] = true;
				got++;
			}
		} while (got < awaited || asked == count);
	}
	printf("%u\n", got);
	load_gate(gated, "");
}

static void burst(const char *address, uint32_t count)
{
	static struct talk t;
	double attained;
	uint64_t up, down;

	talk_open(&t, address);
	load_gate(gated, "ready");
	t.up = true;
	up = probe(&t, 0, count, &attained);
	t.up = false;
	down = probe(&t, 0, count, &attained);
	printf("%llu %llu\n", (unsigned long long)up, (unsigned long long)down);
	load_gate(gated, "");
}

/* ---- rates of TCP ---- */

struct stream {
	pthread_t thread;
	int fd;
	bool up;
	atomic_ullong *bytes;
};

/* Until the process ends. */
static void *carry(void *arg)
{
	struct stream *s = arg;
	char *chunk = malloc(LOAD_CHUNK);
	ssize_t n;

	if (!chunk)
		load_die("memory");
	load_fill(chunk);
	do {
		n = s->up ? write(s->fd, chunk, LOAD_CHUNK)
			  : read(s->fd, chunk, LOAD_CHUNK);
		if (n > 0)
			atomic_fetch_add(s->bytes, (unsigned long long)n);
	} while (n > 0);
	load_die("stream");
}

/* Bytes arrived so far, and when that was: said by who receives them. */
static struct dgram_reply tally(struct talk *t, atomic_ullong *bytes)
{
	struct dgram_order o = { .kind = DGRAM_TALLY };

	if (!t->up)
		return (struct dgram_reply){ atomic_load(bytes), dgram_ns() };
	order(t->orders, &o);
	return reply_of(t->orders);
}

static void rate(const char *address, bool up, int streams, double ms)
{
	static struct talk t;
	static atomic_ullong bytes;
	static struct stream s[STREAMS_MAX];
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);
	struct dgram_reply from, to;

	t.up = up;
	talk_open(&t, address);
	for (int i = 0; i < streams; i++) {
		s[i] = (struct stream){ .up = up, .bytes = &bytes };
		s[i].fd = load_dial(address,
				    up ? LOAD_PORT_SINK : LOAD_PORT_SOURCE);
		if (s[i].fd < 0)
			load_die("connect");
	}
	if (getsockopt(s[0].fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		load_die("TCP_INFO");
	load_gate(gated, "ready");
	for (int i = 0; i < streams; i++)
		if (pthread_create(&s[i].thread, NULL, carry, &s[i]) != 0)
			load_die("thread");
	sleep(1);
	from = tally(&t, &bytes);
	usleep((useconds_t)(ms * 1000));
	to = tally(&t, &bytes);
	printf("%llu %.6f %u\n", (unsigned long long)(to.count - from.count),
	       (double)(to.ns - from.ns) / 1e9, info.tcpi_snd_mss);
	load_gate(gated, "");
	exit(0);
}

static bool run(int argc, char **argv)
{
	const char *mode = argv[0], *address = argv[1];
	long a = argc > 2 ? load_number(argv[2], 1 << 20) : 0;
	long b = argc > 3 ? load_number(argv[3], 1 << 20) : 0;

	alarm((unsigned)(a + b) / 1000 + GRACE_S);
	if (argc == 4 && strcmp(mode, "up") == 0)
		search(address, true, (double)a, (double)b);
	else if (argc == 4 && strcmp(mode, "down") == 0)
		search(address, false, (double)a, (double)b);
	else if (argc == 3 && strcmp(mode, "pingpong") == 0)
		pingpong(address, (double)a);
	else if (argc == 3 && strcmp(mode, "many") == 0 && a <= MANY_MAX)
		many(address, (uint32_t)a);
	else if (argc == 3 && strcmp(mode, "burst") == 0)
		burst(address, (uint32_t)a);
	else if (argc == 4 && strcmp(mode, "rateup") == 0 && a > 0 &&
		 a <= STREAMS_MAX)
		rate(address, true, (int)a, (double)b);
	else if (argc == 4 && strcmp(mode, "ratedown") == 0 && a > 0 &&
		 a <= STREAMS_MAX)
		rate(address, false, (int)a, (double)b);
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	gated = argc > 1 && strcmp(argv[1], "-g") == 0;
	argc -= gated ? 2 : 1;
	argv += gated ? 2 : 1;
	if (argc >= 2 && run(argc, argv))
		return 0;
	fputs("usage: dgram [-g] MODE ADDR [N] [MS], see dgram.c\n", stderr);
	return 2;
}
