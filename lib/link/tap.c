/* SPDX-License-Identifier: Apache-2.0 */
/* tap.c - frames in and out of a TAP with a virtio-net header */
#include "link/tap.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/must.h"

int weir_tap_receive(int fd, uint8_t *buf)
{
	ssize_t n;

	do
		n = read(fd, buf, WEIR_LINK_ROOM_BYTES);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return -EIO;
	return n < 0 ? -errno : (int)n;
}

int weir_tap_send(int fd, const struct weir_span *part, unsigned n)
{
	struct iovec v[WEIR_LINK_SPANS_MAX];
	ssize_t done;

	weir_must(n <= WEIR_LINK_SPANS_MAX);
	for (unsigned i = 0; i < n; i++)
		v[i] = (struct iovec){ part[i].at, part[i].len };
	do
		done = writev(fd, v, (int)n);
	while (done < 0 && errno == EINTR);
	return done < 0 ? -errno : 0;
}

/* --- as a link --- */

void weir_tap_open(struct weir_tap *t, int fd)
{
	*t = (struct weir_tap){ .fd = fd };
}

static int receive(void *self, uint8_t *buf)
{
	const struct weir_tap *t = self;
	int n = weir_tap_receive(t->fd, buf);

	return n == -ENOMEM ? -EINVAL : n; /* what the TAP cannot describe */
}

static int send_one(void *self, const struct weir_span *part, unsigned n)
{
	const struct weir_tap *t = self;

	return weir_tap_send(t->fd, part, n);
}

static int fd_of(const void *self)
{
	const struct weir_tap *t = self;

	return t->fd;
}

static void close_it(void *self)
{
	struct weir_tap *t = self;

	close(t->fd);
	t->fd = -1;
}

const struct weir_link_ops weir_tap_ops = {
	.receive = receive, .send = send_one, .fd = fd_of, .close = close_it
};
