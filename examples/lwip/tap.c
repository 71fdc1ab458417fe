/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tap.c - this kernel as the other side of the rings, by a TAP: see tap.h
 *
 * Nothing is lost here for want of room: as long as a ring is full the TAP is
 * not read, its queue fills, and the kernel holds its senders back.
 */
#define _GNU_SOURCE
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 32u
#define VLAN  18u /* Ethernet, and a tag that a guest may send */

static int set_up(const char *name, unsigned mtu)
{
	struct ifreq r = { .ifr_mtu = (int)mtu };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = 0;

	if (s < 0)
		return -errno;
	strcpy(r.ifr_name, name);
	if (ioctl(s, SIOCSIFMTU, &r))
		err = -errno;
	r.ifr_flags = IFF_UP | IFF_RUNNING;
	if (!err && ioctl(s, SIOCSIFFLAGS, &r))
		err = -errno;
	close(s);
	return err;
}

int tap_open(const char *name, unsigned mtu)
{
	struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int header = WEIR_PORT_HEADER, err;
	int tap;

	if (strlen(name) >= IFNAMSIZ)
		return -EINVAL;
	tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tap < 0)
		return -errno;
	strcpy(r.ifr_name, name);
	/* no offloads: lwIP takes only frames that are finished */
	if (ioctl(tap, TUNSETIFF, &r) || ioctl(tap, TUNSETVNETHDRSZ, &header) ||
	    ioctl(tap, TUNSETOFFLOAD, 0))
		err = -errno;
	else
		err = set_up(name, mtu);
	if (err) {
		close(tap);
		return err;
	}
	return tap;
}

/*
 * The kernel drops what it does not want itself: a frame it refuses is lost,
 * as on a wire.
 */
static void give(int tap, const struct weir_frame *f)
{
	ssize_t n;

	do
		n = write(tap, f->at, f->len);
	while (n < 0 && errno == EINTR);
}

/* --- a guest ---------------------------------------------------------------- */

/* Return: 0 all is read; 1 there is more; -EAGAIN no room; a negative errno. */
static int port_up(int tap, struct weir_port *port, size_t most)
{
	struct weir_frame v[BATCH];
	unsigned k = 0;
	ssize_t n = 0;
	int r, err;

	for (unsigned i = 0; i < BATCH; i++)
		v[i].len = most;
	r = weir_port_reserve(port, v, BATCH);
	if (r < 0)
		return r;
	while (k < (unsigned)r && (n = read(tap, v[k].at, most)) > 0)
		v[k++].len = (size_t)n;
	/* what was reserved and not read into is given back */
	err = n < 0 && errno != EAGAIN && errno != EINTR ? -errno : 0;
	r = weir_port_commit(port, v, k);
	return err ? err : r ? r : k == BATCH;
}

static int port_down(int tap, struct weir_port *port)
{
	struct weir_frame v[BATCH];
	int r = weir_port_peek(port, v, BATCH);

	if (r < 0)
		return r;
	for (int i = 0; i < r; i++)
		give(tap, &v[i]);
	(void)weir_port_release(port, (unsigned)r);
	return r;
}

int tap_is_guest(int tap, struct weir_port *port, unsigned mtu)
{
	struct pollfd p[2] = { { .fd = tap },
			       { .fd = weir_port_fd(port), .events = POLLIN } };
	size_t most = WEIR_PORT_HEADER + VLAN + mtu;
	int up, down;

	for (;;) {
		up = port_up(tap, port, most);
		if (up < 0 && up != -EAGAIN)
			return up == -ESHUTDOWN ? 0 : up;
		down = port_down(tap, port);
		if (down < 0 && down != -EAGAIN)
			return down == -ESHUTDOWN ? 0 : down;
		/* both were called until they said that there is no more, or
		 * they are called again at once */
		p[0].events = up == -EAGAIN ? 0 : POLLIN;
		if (poll(p, 2, up == 1 || down > 0 ? 0 : -1) < 0 &&
		    errno != EINTR)
			return -errno;
		if (p[0].revents & (POLLERR | POLLNVAL))
			return -EIO;
	}
}

/* --- a network -------------------------------------------------------------- */

static bool device_up(int tap, struct weir_device *dev)
{
	const struct weir_frame *f = NULL;

	for (unsigned i = 0; i < BATCH; i++) {
		f = weir_device_stage(dev);
		if (!f)
			return false;
		give(tap, f);
		(void)weir_device_drop_staged(dev);
	}
	return true;
}

/* Return: 0 all is read; 1 there is more; -EAGAIN no room; a negative errno. */
static int device_down(int tap, struct weir_device *dev, size_t most)
{
	struct weir_tx_token tx;
	ssize_t n;

	for (unsigned i = 0; i < BATCH; i++) {
		if (!weir_device_transmit(dev, &tx))
			return -EAGAIN;
		(void)weir_tx_token_fill(&tx, most);
		n = read(tap, tx.frame, most);
		if (n <= 0) {
			weir_tx_token_cancel(&tx);
			return n < 0 && errno != EAGAIN && errno != EINTR
				       ? -errno
				       : 0;
		}
		/* shorter; what was read stays where it is */
		(void)weir_tx_token_fill(&tx, (size_t)n);
		if (weir_tx_token_send(&tx) == -ESHUTDOWN)
			return -ESHUTDOWN;
	}
	return 1;
}

int tap_is_network(int tap, struct weir_device *dev,
		   const struct weir_frames *frames)
{
	struct pollfd p[2] = {
		{ .fd = tap }, { .fd = weir_device_fd(dev), .events = POLLIN }
	};
	struct weir_device_card card = { .size = sizeof(card) };
	int down;
	bool more;

	(void)weir_device_capabilities(dev, &card);
	while (!weir_frames_is_shutting_down(frames)) {
		down = device_down(tap, dev, WEIR_PORT_HEADER + card.max_frame);
		more = device_up(tap, dev);
		if (down < 0 && down != -EAGAIN && down != -ESHUTDOWN)
			return down;
		weir_device_flush(dev);
		p[0].events = down == -EAGAIN ? 0 : POLLIN;
		if (poll(p, 2, more || down == 1 ? 0 : -1) < 0 &&
		    errno != EINTR)
			return -errno;
		if (p[0].revents & (POLLERR | POLLNVAL))
			return -EIO;
	}
	return 0;
}
