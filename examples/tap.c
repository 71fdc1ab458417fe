/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tap.c - a network namespace as the guest of a program: real frames at a port
 *
 *	tap [options] PID          the process whose network namespace it is
 *
 *	-d NAME    what its card is called (eth0)
 *	-n NET     what may be reached, as `weir run --net`
 *	-r RULE    one more rule; -p SPEC  one more published port
 *	-m MTU, -q FRAMES, -b BYTES   of the rings
 *	-o         no offloads: the guest finishes its checksums itself
 *	-e         print what happens, a line of JSON each
 *	-s         a slow guest: 16 frames, then it sleeps for a millisecond
 *
 * What a VMM does between a virtio-net queue and a port is done here between a
 * TAP device and a port, in one thread.  Prints `ready GUEST GATEWAY`, runs
 * until SIGTERM or SIGINT, stops the network in order and says what passed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <weir.h>

#define MANY 16u

/** struct wire - the two ends, and a frame that waits for room */
struct wire {
	int tap, signals;
	struct weir_port *port;
	int slow;
	size_t held; /* bytes of it */
	unsigned char up[WEIR_PORT_ROOM], down[WEIR_PORT_ROOM];
};

static void fail(const char *what)
{
	fprintf(stderr, "tap: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- the card ------------------------------------------------------------- */

/* A TAP in the namespace of @pid; this thread comes back. */
static int open_tap(const char *pid, const char *name, int offloads)
{
	const unsigned wanted = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there, fd;
	int header = WEIR_PORT_HEADER;
	struct ifreq r;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
	there = open(path, O_RDONLY | O_CLOEXEC);
	if (there < 0 || here < 0 || setns(there, CLONE_NEWNET))
		fail(path);
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	memset(&r, 0, sizeof(r));
	r.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &r) ||
	    ioctl(fd, TUNSETVNETHDRSZ, &header) ||
	    ioctl(fd, TUNSETOFFLOAD, offloads ? wanted : 0))
		fail("/dev/net/tun");
	if (setns(here, CLONE_NEWNET))
		fail("setns");
	close(here);
	close(there);
	return fd;
}

/* --- frames --------------------------------------------------------------- */

/* From the card into the ring; what finds no room is held, and no more read. */
static void carry_up(struct wire *w)
{
	for (unsigned i = 0; i < 4 * MANY; i++) {
		if (!w->held) {
			ssize_t n = read(w->tap, w->up, sizeof(w->up));

			if (n <= (ssize_t)WEIR_PORT_HEADER)
				return;
			w->held = (size_t)n;
		}
		if (weir_port_write_frame(w->port, WEIR_PORT_HEADER, w->up,
					  w->held) == -EAGAIN)
			return;
		w->held = 0; /* taken, or not fit to be */
	}
}

/* Return: 0 nothing more; 1 there may be; -1 the network has ended. */
static int carry_down(struct wire *w)
{
	for (unsigned i = 0; i < MANY; i++) {
		int n = weir_port_read_frame(w->port, w->down, sizeof(w->down));

		if (n == -EAGAIN)
			return 0;
		if (n == -ESHUTDOWN)
			return -1;
		/* a card that is down takes nothing: lost, as on a wire */
		if (n > 0 && write(w->tap, w->down, (size_t)n) < 0 &&
		    errno != EIO && errno != EAGAIN && errno != EINVAL)
			fail("write");
	}
	if (w->slow)
		usleep(1000);
	return 1;
}

static void carry(struct wire *w)
{
	int more = 1;

	for (;;) {
		struct pollfd p[3] = { { weir_port_fd(w->port), POLLIN, 0 },
				       { w->tap, POLLIN, 0 },
				       { w->signals, POLLIN, 0 } };

		if (w->held)
			p[1].fd = -1; /* first there has to be room */
		if (poll(p, 3, more ? 0 : -1) < 0 && errno != EINTR)
			fail("poll");
		if (p[2].revents)
			return;
		if (p[1].revents || w->held)
			carry_up(w);
		more = carry_down(w);
		if (more < 0)
			return;
	}
}

/* --- the program ---------------------------------------------------------- */

static void print(void *arg, const char *event, size_t len)
{
	(void)arg;
	(void)len;
	puts(event);
	fflush(stdout);
}

static void say_address(const struct weir_ip *ip)
{
	printf(" %u.%u.%u.%u", ip->bytes[0], ip->bytes[1], ip->bytes[2],
	       ip->bytes[3]);
}

static void say_ready(const struct weir_net *net)
{
	struct weir_ip guest, gateway;

	if (weir_net_guest(net, 4, &guest) ||
	    weir_net_gateway(net, 4, &gateway))
		exit(1);
	printf("ready");
	say_address(&guest);
	say_address(&gateway);
	printf("\n");
	fflush(stdout);
}

static void say_counts(struct weir_net *net)
{
	struct weir_frames_counts rings;
	struct weir_net_counts c;

	memset(&rings, 0, sizeof(rings));
	memset(&c, 0, sizeof(c));
	rings.size = sizeof(rings);
	c.size = sizeof(c);
	if (weir_net_counters(net, &c) ||
	    weir_frames_counters(weir_net_frames(net), &rings))
		exit(1);
	printf("up %llu bytes %llu frames %llu wakes, down %llu bytes %llu "
	       "frames %llu wakes %llu refused, %llu denied\n",
	       (unsigned long long)c.bytes_up, (unsigned long long)c.frames_up,
	       (unsigned long long)rings.up.wakes,
	       (unsigned long long)c.bytes_down,
	       (unsigned long long)c.frames_down,
	       (unsigned long long)rings.down.wakes,
	       (unsigned long long)rings.down.refused,
	       (unsigned long long)c.denied);
}

static int take_signals(void)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGTERM);
	sigaddset(&s, SIGINT);
	sigprocmask(SIG_BLOCK, &s, NULL);
	return signalfd(-1, &s, SFD_CLOEXEC);
}

int main(int argc, char **argv)
{
	static const char *rules[64], *ports[64];
	static struct wire w;
	struct weir_net_options o;
	struct weir_frames_options frames;
	struct weir_port_options card;
	struct weir_error why;
	struct weir_net *net;
	const char *name = "eth0";
	int c, events = 0, r;

	memset(&o, 0, sizeof(o));
	memset(&frames, 0, sizeof(frames));
	memset(&card, 0, sizeof(card));
	o.size = sizeof(o);
	frames.size = sizeof(frames);
	card.size = sizeof(card);
	card.offloads = WEIR_CAN_CSUM | WEIR_CAN_TSO4 | WEIR_CAN_TSO6;
	o.rules = rules;
	o.publish = ports;
	o.frames = &frames;
	o.port = &card;
	while ((c = getopt(argc, argv, "d:n:r:p:m:q:b:oes")) != -1) {
		if (c == 'd')
			name = optarg;
		else if (c == 'n')
			o.net = optarg;
		else if (c == 'r' && o.n_rules < 64)
			rules[o.n_rules++] = optarg;
		else if (c == 'p' && o.n_publish < 64)
			ports[o.n_publish++] = optarg;
		else if (c == 'm')
			frames.mtu = (uint32_t)atoi(optarg);
		else if (c == 'q')
			frames.capacity = (uint32_t)atoi(optarg);
		else if (c == 'b')
			frames.bytes = (size_t)atol(optarg);
		else if (c == 'o')
			card.offloads = 0;
		else if (c == 'e')
			events = 1;
		else if (c == 's')
			w.slow = 1;
		else
			return 2;
	}
	if (optind + 1 != argc)
		return 2;
	w.signals = take_signals();
	net = weir_net_new(&o, &why);
	if (!net || (events && weir_net_set_event_hook(net, print, NULL)) ||
	    weir_net_start(net, &why)) {
		fprintf(stderr, "tap: %s\n", why.text);
		return 1;
	}
	w.port = weir_net_port(net);
	w.tap = open_tap(argv[optind], name, card.offloads != 0);
	say_ready(net);
	carry(&w);
	r = weir_net_stop(net);
	say_counts(net);
	weir_net_free(net);
	if (r)
		fprintf(stderr, "tap: %s\n", strerror(-r));
	return r ? 1 : 0;
}
