/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dgram.c - frames over a unix datagram socket
 *
 *	bound ── somebody writes, weir_greet_peer() ──► met ──► gone (@end)
 *	                                                 ▲
 *	connected at the opening ────────────────────────┘
 *
 * One call a frame both ways: 32 datagrams a call (recvmmsg, sendmmsg) were
 * measured to save a tenth at most, since the cost is the kernel's buffer for
 * each; and frames read ahead would have to be announced to the loop.
 *
 * Towards the guest a frame goes from where it lies.  A peer that has not
 * connected to us (QEMU) takes 11 at a time: what it does not take waits in
 * @out, whole and in order, and goes when there is room; what does not fit
 * there is not taken.
 *
 * Once met the kernel keeps others out; what they sent before that is sorted
 * out by its sender's address until the queue was seen empty.  Once gone the
 * kernel lets others in again, and has thrown away what the guest had sent:
 * nothing is read after that.
 */
#include "link/dgram.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "base/must.h"
#include "base/rd.h"
#include "base/wr.h"

#define LENGTH_BYTES 4u
#define BUFFER_BYTES (1 << 20)

static const uint8_t greeting[4] = { 'V', 'F', 'K', 'T' };

size_t weir_dgram_bytes(void)
{
	return WEIR_DGRAM_BACKLOG_BYTES + 64;
}

/* Learn who it is connected to. */
static void meet(struct weir_dgram *d)
{
	d->peer_len = sizeof(d->peer);
	d->met = !getpeername(d->fd, (struct sockaddr *)&d->peer, &d->peer_len);
	/* one without an address (a socket pair) has had no chance to mix */
	d->mixed = d->met && d->peer_len > sizeof(d->peer.sun_family);
}

int weir_dgram_open(struct weir_dgram *d, int fd, uint32_t mtu, bool jumbo,
		    struct weir_arena *arena)
{
	uint8_t *out = weir_arena_take(arena, 1, WEIR_DGRAM_BACKLOG_BYTES, 64);
	const int room = BUFFER_BYTES;

	if (!out)
		return -ENOMEM;
	*d = (struct weir_dgram){ .fd = fd,
				  .most = weir_plain_most(mtu, jumbo) };
	weir_backlog_init(&d->out, out, WEIR_DGRAM_BACKLOG_BYTES);
	/* the machine's limit may be lower: it works with less */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	meet(d);
	return 0;
}

/* --- up --- */

static int end(struct weir_dgram *d, int err)
{
	d->end = err;
	return err;
}

/* Return: 0; -EAGAIN nobody has written; -EINVAL nobody to be answered. */
static int wait_for_peer(struct weir_dgram *d)
{
	int err = weir_greet_peer(d->fd);

	if (err)
		return err == -EAGAIN ? err : -EINVAL;
	meet(d);
	return d->met ? 0 : -EINVAL;
}

static bool is_peer(const struct weir_dgram *d, const struct msghdr *msg)
{
	return msg->msg_namelen == d->peer_len &&
	       memcmp(&d->peer, msg->msg_name, d->peer_len) == 0;
}

/*
 * One datagram.  Return: its bytes, 0 for a greeting; -EAGAIN, -EMSGSIZE,
 * -EINVAL as receive() says; another negative errno of the socket.
 */
static int read_one(struct weir_dgram *d, uint8_t *to)
{
	struct sockaddr_un from;
	struct iovec v = { to, WEIR_FRAME_MAX_BYTES };
	struct msghdr msg = { .msg_iov = &v, .msg_iovlen = 1 };
	ssize_t n;

	if (d->mixed) {
		msg.msg_name = &from;
		msg.msg_namelen = sizeof(from);
	}
	do
		n = recvmsg(d->fd, &msg, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (d->mixed && !is_peer(d, &msg))
		return -EINVAL;
	if (n == 0 || (msg.msg_flags & MSG_TRUNC))
		return -EMSGSIZE;
	if (!d->begun && n == sizeof(greeting) &&
	    memcmp(to, greeting, sizeof(greeting)) == 0)
		n = 0;
	d->begun = true;
	return (int)n;
}

static int receive(void *self, uint8_t *buf)
{
	struct weir_dgram *d = self;
	int n = 0;

	if (d->end)
		return d->end;
	if (!d->met)
		n = wait_for_peer(d);
	if (n == 0)
		n = read_one(d, buf + WEIR_VNET_BYTES);
	if (n == 0) /* greeted; once in its life */
		n = read_one(d, buf + WEIR_VNET_BYTES);
	if (n == -EAGAIN)
		d->mixed = false;
	if (n == -EAGAIN || n == -EMSGSIZE || n == -EINVAL)
		return n;
	if (n < 0)
		return end(d, n);
	weir_plain_head(buf);
	return (int)WEIR_VNET_BYTES + n;
}

/* --- down --- */

/*
 * One datagram.  Return: 0; -EAGAIN room will be told of; -ENOBUFS it cannot
 * go; another negative errno: the guest is gone.
 */
static int write_one(struct weir_dgram *d, const struct weir_span *part,
		     unsigned n)
{
	struct iovec v[WEIR_LINK_SPANS_MAX];
	struct msghdr msg = { .msg_iov = v, .msg_iovlen = n };
	ssize_t done;

	weir_must(n <= WEIR_LINK_SPANS_MAX);
	for (unsigned i = 0; i < n; i++)
		v[i] = (struct iovec){ part[i].at, part[i].len };
	do
		done = sendmsg(d->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (done < 0 && errno == EINTR);
	if (done >= 0)
		return 0;
	if (errno == EAGAIN)
		return -EAGAIN;
	if (errno == ENOBUFS || errno == ENOMEM || errno == EMSGSIZE)
		return -ENOBUFS;
	return end(d, -errno);
}

/* What waits, as far as there is room. */
static void write_backlog(struct weir_dgram *d)
{
	while (d->out.len && !d->end) {
		uint8_t head[LENGTH_BYTES];
		struct weir_rd in = weir_rd_over(head, sizeof(head));
		struct weir_span part[2];
		struct weir_spans whole = { part, 0, LENGTH_BYTES };
		uint32_t len;

		whole.n = weir_backlog_view(&d->out, 0, LENGTH_BYTES, part);
		weir_must(weir_spans_copy(&whole, 0, head, LENGTH_BYTES) ==
			  LENGTH_BYTES);
		len = weir_rd_be32(&in);
		whole.n = weir_backlog_view(&d->out, LENGTH_BYTES, len, part);
		if (write_one(d, part, whole.n) == -EAGAIN)
			return;
		weir_backlog_drop(&d->out, LENGTH_BYTES + len);
	}
}

/* Return: 0, or -EAGAIN it does not fit. */
static int keep(struct weir_dgram *d, const struct weir_span *part, unsigned n,
		size_t len)
{
	uint8_t head[LENGTH_BYTES];
	struct weir_wr w = weir_wr_over(head, sizeof(head));

	if (weir_backlog_room(&d->out) < LENGTH_BYTES + len)
		return -EAGAIN;
	weir_wr_be32(&w, (uint32_t)len);
	weir_backlog_put(&d->out, head, sizeof(head));
	for (unsigned i = 0; i < n; i++)
		weir_backlog_put(&d->out, part[i].at, part[i].len);
	return 0;
}

static int send_frame(void *self, const struct weir_span *part, unsigned n)
{
	struct weir_dgram *d = self;
	struct weir_span out[WEIR_LINK_SPANS_MAX];
	size_t len;
	int err;

	n = weir_plain_cut(part, n, out, &len);
	if (len > d->most)
		return -EMSGSIZE;
	if (d->end)
		return d->end;
	if (!d->met)
		return -EAGAIN;
	if (d->out.len)
		return keep(d, out, n, len);
	err = write_one(d, out, n);
	if (err == -EAGAIN)
		return keep(d, out, n, len);
	return err == -ENOBUFS ? -EAGAIN : err;
}

static bool wants_out(const void *self)
{
	const struct weir_dgram *d = self;

	return d->out.len || d->end;
}

static bool flush(void *self)
{
	return wants_out(self);
}

/* --- both --- */

static int get_fd(const void *self)
{
	const struct weir_dgram *d = self;

	return d->fd;
}

static int event(void *self, bool in, bool out)
{
	struct weir_dgram *d = self;

	(void)in;
	if (out)
		write_backlog(d);
	return d->end;
}

static void close_dgram(void *self)
{
	struct weir_dgram *d = self;

	d->end = weir_plain_close(&d->fd);
}

const struct weir_link_ops weir_dgram_ops = {
	.receive = receive,
	.send = send_frame,
	.flush = flush,
	.wants_out = wants_out,
	.fd = get_fd,
	.event = event,
	.close = close_dgram,
};
