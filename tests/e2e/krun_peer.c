/* SPDX-License-Identifier: Apache-2.0 */
/*
 * krun_peer.c - a guest's card as libkrun has it, with this kernel as the guest
 *
 *	krun_peer --stream PATH | --dgram PATH  [--own PATH] [--tap NAME]
 *	          [--mac MAC] [--mtu N] [--vfkit] [--unconnected]
 *	          [--offload] [--jumbo] [--one-byte] [--slow]
 *
 *	network stack ── TAP in this network namespace ── krun_peer ── PATH
 *
 * Run it in a network namespace of its own.  It makes the TAP, brings it up,
 * connects, prints `ready`, and carries frames until the other side goes:
 *
 *   - the 12-byte header is cut off on the way out and zeroes on the way in;
 *   - stream: 4 bytes of length, big-endian, and the frame in one write; what
 *     was not taken is finished before anything else; a frame that has begun
 *     to come is waited for, blocking;
 *   - dgram: bound to --own (PATH-krun.sock if not given), connected to PATH;
 *     --vfkit sends the greeting first; --unconnected names PATH with each
 *     datagram instead, as QEMU does.
 *
 * --offload lets the guest leave checksums unfinished and send up to 64 KB at
 * once; --jumbo lets it take frames above its MTU.  --one-byte writes so (only
 * stream);
 * --slow reads a frame each 2 ms.  PATH with @ is in the abstract namespace.
 *
 * Exit: 0 the other side went; 2 usage; 3 what came would crash libkrun (a
 * length of 0 or above 65550); 4 what came would stop the guest's receive path
 * (a frame above the MTU without --jumbo); 1 anything else.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define VNET      12
#define FRAME_MAX 65550u
#define SLOW_MS   2

struct peer {
	const char *path, *own, *tap, *mac;
	unsigned long mtu;
	int stream, vfkit, unconnected, offload, jumbo, one_byte, slow;
	int sock, dev;
	struct sockaddr_un to;
	socklen_t to_len;
	size_t at, len;   /* what of out is still to be written */
	uint64_t read_ms; /* not before */
	uint8_t out[VNET + FRAME_MAX], in[VNET + FRAME_MAX];
};

static void die(const char *what)
{
	fprintf(stderr, "krun_peer: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void say_and_exit(int status, const char *what, unsigned long n)
{
	fprintf(stderr, "krun_peer: %s: %lu\n", what, n);
	exit(status);
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* --- the card --- */

static void parse_mac(const char *text, char *to)
{
	for (unsigned i = 0; i < 6; i++) {
		char *end;
		unsigned long v = strtoul(text, &end, 16);

		if (end == text || v > 255 || *end != (i < 5 ? ':' : 0))
			exit(2);
		to[i] = (char)v;
		text = end + 1;
	}
}

static void set_up_interface(const struct peer *p)
{
	struct ifreq r = { .ifr_flags = 0 };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (s < 0)
		die("socket");
	memcpy(r.ifr_name, p->tap, strlen(p->tap) + 1);
	if (p->mac) {
		parse_mac(p->mac, r.ifr_hwaddr.sa_data);
		r.ifr_hwaddr.sa_family = ARPHRD_ETHER;
		if (ioctl(s, SIOCSIFHWADDR, &r))
			die("--mac");
	}
	r.ifr_mtu = (int)p->mtu;
	if (ioctl(s, SIOCSIFMTU, &r))
		die("--mtu");
	if (ioctl(s, SIOCGIFFLAGS, &r))
		die("interface");
	r.ifr_flags |= IFF_UP;
	if (ioctl(s, SIOCSIFFLAGS, &r))
		die("interface up");
	close(s);
}

static void open_tap(struct peer *p)
{
	struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	unsigned long offload = 0;
	int vnet = VNET;

	if (p->offload)
		offload = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
	if (strlen(p->tap) >= sizeof(r.ifr_name))
		exit(2);
	memcpy(r.ifr_name, p->tap, strlen(p->tap) + 1);
	p->dev = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (p->dev < 0)
		die("/dev/net/tun");
	if (ioctl(p->dev, TUNSETIFF, &r) ||
	    ioctl(p->dev, TUNSETVNETHDRSZ, &vnet) ||
	    ioctl(p->dev, TUNSETOFFLOAD, offload))
		die("TAP");
}

/* --- the socket --- */

static socklen_t address(const char *path, struct sockaddr_un *ret)
{
	size_t n = strlen(path);

	memset(ret, 0, sizeof(*ret));
	ret->sun_family = AF_UNIX;
	if (n == 0 || n >= sizeof(ret->sun_path))
		exit(2);
	memcpy(ret->sun_path, path, n);
	if (*path == '@')
		ret->sun_path[0] = 0;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n +
			   (*path != '@'));
}

static void bind_own(const struct peer *p)
{
	struct sockaddr_un own;
	char made[sizeof(own.sun_path)];
	const char *path = p->own;
	socklen_t len;

	if (!path) {
		if (strlen(p->path) + 10 >= sizeof(made))
			exit(2);
		snprintf(made, sizeof(made), "%.96s-krun.sock", p->path);
		path = made;
	}
	if (*path != '@')
		unlink(path);
	len = address(path, &own);
	if (bind(p->sock, (const struct sockaddr *)&own, len))
		die(path);
}

static ssize_t send_some(const struct peer *p, const uint8_t *b, size_t n)
{
	ssize_t done;

	if (p->unconnected)
		done = sendto(p->sock, b, n, MSG_DONTWAIT | MSG_NOSIGNAL,
			      (const struct sockaddr *)&p->to, p->to_len);
	else
		done = send(p->sock, b, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (done >= 0 || errno == EAGAIN || errno == ENOBUFS)
		return done;
	if (errno == EPIPE || errno == ECONNRESET || errno == ECONNREFUSED ||
	    errno == ENOTCONN)
		exit(0);
	die("send");
	return -1;
}

static void open_socket(struct peer *p)
{
	int room = 7 << 20;

	p->sock = socket(AF_UNIX,
			 (p->stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC,
			 0);
	if (p->sock < 0)
		die("socket");
	(void)setsockopt(p->sock, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	(void)setsockopt(p->sock, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (!p->stream)
		bind_own(p);
	p->to_len = address(p->path, &p->to);
	if (!p->unconnected &&
	    connect(p->sock, (const struct sockaddr *)&p->to, p->to_len))
		die(p->path);
	if (p->vfkit && send_some(p, (const uint8_t *)"VFKT", 4) != 4)
		die("greeting");
}

/* --- frames out --- */

static void write_rest(struct peer *p)
{
	while (p->len) {
		size_t n = p->one_byte && p->stream ? 1 : p->len;
		ssize_t done = send_some(p, p->out + p->at, n);

		if (done < 0)
			return;
		p->at += (size_t)done;
		p->len -= (size_t)done;
	}
}

/* The length goes into the end of the header, as libkrun does it. */
static void take_from_guest(struct peer *p)
{
	ssize_t n = read(p->dev, p->out, sizeof(p->out));

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= VNET)
		die("TAP");
	p->at = VNET;
	p->len = (size_t)n - VNET;
	if (p->stream) {
		size_t len = p->len;

		p->out[VNET - 4] = (uint8_t)(len >> 24);
		p->out[VNET - 3] = (uint8_t)(len >> 16);
		p->out[VNET - 2] = (uint8_t)(len >> 8);
		p->out[VNET - 1] = (uint8_t)len;
		p->at -= 4;
		p->len += 4;
	}
	write_rest(p);
}

/* --- frames in --- */

/* All @n bytes, waiting for them.  Return: false there were none at all. */
static bool read_all(const struct peer *p, uint8_t *to, size_t n, bool begun)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = recv(p->sock, to + have, n - have,
				   begun ? MSG_WAITALL : MSG_DONTWAIT);

		if (got == 0 || (got < 0 && errno == ECONNRESET))
			exit(0);
		if (got < 0 && errno == EAGAIN && !begun)
			return false;
		if (got < 0 && errno != EINTR)
			die("recv");
		begun = begun || got > 0;
		have += got > 0 ? (size_t)got : 0;
	}
	return true;
}

static size_t read_stream(struct peer *p)
{
	uint8_t head[4];
	size_t len;

	if (!read_all(p, head, sizeof(head), false))
		return 0;
	len = (size_t)head[0] << 24 | (size_t)head[1] << 16 |
	      (size_t)head[2] << 8 | head[3];
	if (len < 1 || len > FRAME_MAX)
		say_and_exit(3, "a length that crashes libkrun", len);
	read_all(p, p->in + VNET, len, true);
	return len;
}

static size_t read_dgram(struct peer *p)
{
	ssize_t n = recv(p->sock, p->in + VNET, FRAME_MAX,
			 MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		if (errno == ECONNRESET || errno == ECONNREFUSED)
			exit(0);
		die("recv");
	}
	if (n > (ssize_t)FRAME_MAX)
		say_and_exit(3, "a datagram too large", (unsigned long)n);
	return n > 0 ? (size_t)n : 0;
}

/* One frame.  The guest may refuse it (down, no memory): a card drops it. */
static void give_to_guest(struct peer *p)
{
	size_t len = p->stream ? read_stream(p) : read_dgram(p);

	if (!len)
		return;
	if (!p->jumbo && len > p->mtu + 14 + 4)
		say_and_exit(4, "a frame that stops the guest's receive path",
			     len);
	memset(p->in, 0, VNET);
	(void)!write(p->dev, p->in, VNET + len);
	if (p->slow)
		p->read_ms = now_ms() + SLOW_MS;
}

static void carry(struct peer *p)
{
	for (;;) {
		uint64_t now = p->slow ? now_ms() : 0;
		bool listens = now >= p->read_ms;
		struct pollfd f[2] = {
			{ p->sock,
			  (short)((listens ? POLLIN : 0) |
				  (p->len ? POLLOUT : 0)),
			  0 },
			{ p->len ? -1 : p->dev, POLLIN, 0 },
		};

		if (poll(f, 2, listens ? -1 : (int)(p->read_ms - now)) < 0 &&
		    errno != EINTR)
			die("poll");
		if (f[0].revents & POLLOUT)
			write_rest(p);
		if (listens && (f[0].revents & (POLLIN | POLLHUP | POLLERR)))
			give_to_guest(p);
		if (!p->len && (f[1].revents & POLLIN))
			take_from_guest(p);
	}
}

static int usage(void)
{
	fputs("krun_peer --stream PATH | --dgram PATH [--own PATH] "
	      "[--tap NAME] [--mac MAC] [--mtu N] [--vfkit] [--unconnected] "
	      "[--offload] [--jumbo] [--one-byte] [--slow]\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static struct peer p = { .tap = "eth0", .mtu = 1500 };
	const struct option o[] = {
		{ "stream", 1, NULL, 's' },
		{ "dgram", 1, NULL, 'd' },
		{ "own", 1, NULL, 'o' },
		{ "tap", 1, NULL, 't' },
		{ "mac", 1, NULL, 'm' },
		{ "mtu", 1, NULL, 'u' },
		{ "vfkit", 0, &p.vfkit, 1 },
		{ "unconnected", 0, &p.unconnected, 1 },
		{ "offload", 0, &p.offload, 1 },
		{ "jumbo", 0, &p.jumbo, 1 },
		{ "one-byte", 0, &p.one_byte, 1 },
		{ "slow", 0, &p.slow, 1 },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", o, NULL)) != -1) {
		if (c == 's' || c == 'd') {
			p.path = optarg;
			p.stream = c == 's';
		} else if (c == 'o') {
			p.own = optarg;
		} else if (c == 't') {
			p.tap = optarg;
		} else if (c == 'm') {
			p.mac = optarg;
		} else if (c == 'u') {
			p.mtu = strtoul(optarg, NULL, 10);
		} else if (c) {
			return usage();
		}
	}
	if (!p.path || optind != argc || p.mtu < 68 || p.mtu > 65521 ||
	    (p.stream && (p.vfkit || p.unconnected || p.own)))
		return usage();
	open_tap(&p);
	open_socket(&p);
	set_up_interface(&p);
	puts("ready");
	fflush(stdout);
	carry(&p);
}
