/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bridge.c - the card of a guest at a unix socket, with this kernel as the guest
 *
 *	bridge stream|dgram PATH [offload] CMD...
 *
 *	load ── TCP ── eth0, a TAP ── bridge ── PATH ── the tool that is measured
 *
 * Makes eth0 in this network namespace, as it comes, connects to PATH, becomes CMD, and
 * carries frames from a child until CMD ends.
 *
 * It is the same for every tool, and no better than a virtual machine monitor:
 * up, one write a frame (QEMU, libkrun, vfkit); down, as many bytes as there are
 * are read at once and cut (QEMU), datagrams one by one.  A socket that is full
 * stops the card; CMD makes its queue so long that nothing is lost in it, for a
 * virtio ring would stop too.
 *
 * Without `offload` frames are what QEMU's are: no larger than the MTU, with
 * their checksums.  With it the guest may leave checksums unfinished and send
 * 64 KB at once, as libkrun lets it, and takes frames above its MTU; the virtio
 * header that would tell is cut off on the way out and zeroes on the way in.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	VNET = 12,
	LENGTH = 4,
	FRAME_MAX = 65550,
	TURN = 64,      /* frames each way, then the other */
	ROOM = 1 << 18, /* what is read at once */
};

struct bridge {
	int tap, sock;
	bool stream;
	size_t vnet; /* bytes of header at the TAP */
	/* up: a frame, its length before it; what of it is still to be written */
	uint8_t up[VNET + FRAME_MAX];
	size_t at, left;
	/* down: bytes that came, not cut yet */
	uint8_t down[ROOM];
	size_t have;
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bridge: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- the two ends --- */

static void open_tap(struct bridge *b)
{
	struct ifreq r = { .ifr_name = "eth0",
			   .ifr_flags = IFF_TAP | IFF_NO_PI };
	int vnet = VNET;

	if (b->vnet)
		r.ifr_flags |= IFF_VNET_HDR;
	b->tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (b->tap < 0 || ioctl(b->tap, TUNSETIFF, &r))
		die("TAP");
	if (b->vnet && (ioctl(b->tap, TUNSETVNETHDRSZ, &vnet) ||
			ioctl(b->tap, TUNSETOFFLOAD,
			      TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6)))
		die("offload");
}

static void open_socket(struct bridge *b, const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX }, own = to;
	int type = b->stream ? SOCK_STREAM : SOCK_DGRAM;

	if (snprintf(own.sun_path, sizeof(own.sun_path), "%s.guest", path) >=
	    (int)sizeof(own.sun_path)) {
		errno = ENAMETOOLONG;
		die(path);
	}
	strcpy(to.sun_path, path);
	b->sock = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (b->sock < 0)
		die("socket");
	unlink(own.sun_path);
	if (!b->stream && bind(b->sock, (struct sockaddr *)&own, sizeof(own)))
		die(own.sun_path);
	if (connect(b->sock, (struct sockaddr *)&to, sizeof(to)))
		die(path);
}

/* --- up --- */

/* Return: false the socket takes no more now. */
static bool write_rest(struct bridge *b)
{
	while (b->left) {
		ssize_t n = send(b->sock, b->up + b->at, b->left, MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == ENOBUFS))
			return false;
		if (n < 0)
			die("send");
		b->at += (size_t)n;
		b->left -= (size_t)n;
	}
	return true;
}

static void carry_up(struct bridge *b)
{
	for (int i = 0; i < TURN && write_rest(b); i++) {
		/* where its length has room before it */
		uint8_t *frame = b->up + VNET;
		ssize_t n = read(b->tap, frame - b->vnet, b->vnet + FRAME_MAX);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= (ssize_t)b->vnet)
			die("TAP");
		b->left = (size_t)n - b->vnet;
		b->at = VNET;
		if (!b->stream)
			continue;
		frame[-4] = (uint8_t)(b->left >> 24);
		frame[-3] = (uint8_t)(b->left >> 16);
		frame[-2] = (uint8_t)(b->left >> 8);
		frame[-1] = (uint8_t)b->left;
		b->at -= LENGTH;
		b->left += LENGTH;
	}
	(void)write_rest(b);
}

/* --- down --- */

/* What the guest refuses (its memory is full) is lost, as at any card. */
static void give(const struct bridge *b, uint8_t *frame, size_t len)
{
	static uint8_t zeroes[VNET];
	struct iovec v[2] = { { zeroes, b->vnet }, { frame, len } };

	(void)!writev(b->tap, b->vnet ? v : v + 1, b->vnet ? 2 : 1);
}

/* Return: bytes; 0 there are none now. */
static size_t read_some(struct bridge *b)
{
	ssize_t n =
		recv(b->sock, b->down + b->have, sizeof(b->down) - b->have, 0);

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0)
		die("the tool went");
	return (size_t)n;
}

static void carry_down_stream(struct bridge *b)
{
	size_t at = 0;

	b->have += read_some(b);
	while (b->have - at >= LENGTH) {
		uint8_t *p = b->down + at;
		size_t len = (size_t)p[0] << 24 | (size_t)p[1] << 16 |
			     (size_t)p[2] << 8 | p[3];

		if (len < 1 || len > FRAME_MAX) {
			errno = EPROTO;
			die("length");
		}
		if (b->have - at < LENGTH + len)
			break;
		give(b, p + LENGTH, len);
		at += LENGTH + len;
	}
	b->have -= at;
	memmove(b->down, b->down + at, b->have);
}

static void carry_down_dgram(struct bridge *b)
{
	size_t n;

	for (int i = 0; i < TURN && (n = read_some(b)) != 0; i++)
		give(b, b->down, n);
}

static _Noreturn void carry(struct bridge *b)
{
	for (;;) {
		struct pollfd f[2] = {
			{ b->sock, b->left ? POLLIN | POLLOUT : POLLIN, 0 },
			{ b->left ? -1 : b->tap, POLLIN, 0 },
		};

		if (poll(f, 2, -1) < 0)
			die("poll");
		if (f[0].revents & (POLLIN | POLLHUP | POLLERR)) {
			if (b->stream)
				carry_down_stream(b);
			else
				carry_down_dgram(b);
		}
		if (f[0].revents & POLLOUT || f[1].revents)
			carry_up(b);
	}
}

int main(int argc, char **argv)
{
	static struct bridge b;
	pid_t cmd = getpid();

	b.stream = argc > 1 && strcmp(argv[1], "stream") == 0;
	if (argc > 3 && strcmp(argv[3], "offload") == 0)
		b.vnet = VNET;
	argv += b.vnet ? 4 : 3;
	if (argc < 4 || !*argv) {
		fputs("usage: bridge stream|dgram PATH [offload] CMD...\n",
		      stderr);
		return 2;
	}
	open_tap(&b);
	open_socket(&b, argv[b.vnet ? -2 : -1]);
	switch (fork()) {
	case -1:
		die("fork");
	case 0:
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != cmd)
			return 1;
		carry(&b);
	}
	execvp(*argv, argv);
	die(*argv);
}
