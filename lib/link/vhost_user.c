/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vhost_user.c - the link to a VMM that shares its guest's memory
 *
 * How it works: one epoll descriptor of the link's own is what the engine
 * watches.  In it are the socket (level), the kicks of all rings (edge) and
 * one eventfd of ours (level) that says "there is more":
 *
 *	socket ── messages ──► vhost.c ── start, stop ──► rings
 *	kick ────────────────► ready[ring] ──► receive() ──► frames up
 *	busy ◄── flush(): a ring is still ready when the turn ends
 *
 * Kicks are never read: an edge comes with every write, and a read of what may
 * be no eventfd at all could wait for ever.  The front-end holds the same
 * open file, so closing ours takes nothing out of the epoll set: it is taken
 * out by hand, first.
 *
 * A ring is ready from a kick (or any message) until it was seen empty with
 * the driver asked to kick again (weir_vring_arm()).  Ready rings take turns,
 * a frame each.  What a turn leaves in them keeps busy readable, so that the
 * link is level-triggered as a TAP is; an idle link costs no wake.
 *
 * Rings started but not enabled: what the guest sends there is discarded, and
 * nothing is sent to it (vhost-user, "Ring states").  One that was never
 * spoken of is left alone: the front-end is about to enable it.
 *
 * A ring down that has no room is full until the guest kicks it: TCP waits
 * (wants_out()), which costs less than what it would send for nothing.
 *
 * Several pairs: where the guest sent from it is answered (steer.h); if that
 * ring is not there, in the first that is.
 *
 * Invariants
 *  1. A message is read into a buffer of ours before it is looked at, header
 *     first; never a byte beyond it, so descriptors belong to it.
 *  2. Replies never wait: a front-end that does not read them goes down.
 *  3. Nothing is allocated after the link was opened.
 *
 * Memory.  A region is mapped only if its file is as long as it is said to be.
 * A file that is cut later answers with SIGBUS: see sys/guarded.h.
 */
#include "link/vhost_user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "link/steer.h"
#include "link/vhost.h"
#include "sys/charter.h"
#include "sys/guarded.h"
#include "sys/loop.h"

#define EVENTS         32
#define MESSAGES_TURN  32u /* of one event() */
#define DISCARDS_TURN  64u /* of one receive() and ring */
#define ETHERNET_BYTES 14u
#define LEGACY_BYTES   10u /* of the header before VERSION_1 */

/* what a descriptor in the link's epoll set is */
enum tag { TAG_SOCKET, TAG_BUSY, TAG_KICK /* + ring */ };

/**
 * struct link - one front-end
 * @epoll: what the engine watches
 * @more:  the eventfd that says there is more; @busy: it is set
 * @full:  a ring down had no room, and was not kicked since
 * @ready: rings up that may have a frame
 * @turn:  the pair that is looked at next
 * @by:    from a conversation's hash to the pair it came from
 * @in, @got, @fds: the message being read
 */
struct link {
	int sock, epoll, more;
	bool busy, sealed, full;
	bool ready[WEIR_VHOST_RINGS_MAX];
	unsigned turn;
	uint8_t by[256];
	uint8_t in[WEIR_VHOST_HEAD_BYTES + WEIR_VHOST_BODY_MAX];
	size_t got;
	struct weir_vhost_fds fds;
	struct weir_vhost_user_counts counts;
	struct weir_vhost dev;
	struct weir_vring_plan plan;
};

static unsigned rx_of(unsigned pair)
{
	return 2 * pair;
}

static unsigned tx_of(unsigned pair)
{
	return 2 * pair + 1;
}

/* May frames go down in this pair? */
static bool is_open(const struct link *l, unsigned pair)
{
	return weir_vhost_is_live(&l->dev, rx_of(pair)) &&
	       weir_vhost_is_enabled(&l->dev, rx_of(pair));
}

/* ----------------------------------------------------- the host of vhost.c */

/* Mappings of large pages begin and end at large pages. */
static size_t grain(const struct stat *st)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t block = st->st_blksize > 0 ? (size_t)st->st_blksize : page;

	return block > page && !(block & (block - 1)) ? block : page;
}

static int check_file(const struct link *l, int fd, uint64_t end,
		      struct stat *st)
{
	int seals;

	if (fstat(fd, st))
		return -errno;
	if (!S_ISREG(st->st_mode) || st->st_size < 0 ||
	    end > (uint64_t)st->st_size)
		return -EINVAL;
	if (!l->sealed && weir_guarded_is_possible())
		return 0;
	seals = fcntl(fd, F_GET_SEALS);
	return seals >= 0 && (seals & F_SEAL_SHRINK) ? 0 : -EPERM;
}

static int map(void *arg, int fd, uint64_t offset,
	       struct weir_guestmem_region *r)
{
	uint64_t skip, len;
	struct stat st;
	int err = check_file(arg, fd, offset + r->size, &st);

	if (err)
		return err;
	skip = offset % grain(&st);
	len = skip + r->size;
	len += grain(&st) - 1 - (len - 1) % grain(&st);
	r->map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		      (off_t)(offset - skip));
	if (r->map == MAP_FAILED)
		return -errno;
	r->map_len = len;
	r->host = (uint8_t *)r->map + skip;
	return 0;
}

static void unmap(void *arg, const struct weir_guestmem_region *r)
{
	(void)arg;
	(void)munmap(r->map, r->map_len);
}

/*
 * Is it a file of no type, as an eventfd is?  A pipe or a socket could be
 * closed at its other end, and a write then be a signal; a file of somebody's
 * own file system could wait for its owner.
 */
static bool is_plain(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == 0;
}

static int watch(void *arg, int fd, unsigned ring)
{
	const struct link *l = arg;

	if (!is_plain(fd))
		return -EINVAL;
	return weir_loop_watch(l->epoll, fd, TAG_KICK + ring, false, true);
}

static void unwatch(void *arg, int fd)
{
	const struct link *l = arg;

	(void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, NULL);
}

static int quiet(void *arg, int fd)
{
	int flags = is_plain(fd) ? fcntl(fd, F_GETFL) : -1;

	(void)arg;
	if (flags < 0)
		return -EINVAL;
	if (fcntl(fd, F_SETFL, flags | O_NONBLOCK))
		return -errno;
	return 0;
}

static void close_fd(void *arg, int fd)
{
	(void)arg;
	(void)close(fd);
}

static const struct weir_vhost_host host = { map,     unmap, watch,
					     unwatch, quiet, close_fd };

/* Tell somebody; who has not read 2^64 - 2 of these needs no more. */
static void signal_fd(int fd)
{
	const uint64_t one = 1;

	if (fd >= 0)
		(void)!write(fd, &one, sizeof(one));
}

/* --------------------------------------------------------------- messages */

/* keep what SCM_RIGHTS brought; false if there is no place for it */
static bool keep_fds(struct link *l, struct msghdr *h)
{
	bool fits = !(h->msg_flags & MSG_CTRUNC);

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (l->fds.n < WEIR_VHOST_FDS_MAX) {
				l->fds.fd[l->fds.n++] = fd;
				continue;
			}
			(void)close(fd);
			fits = false;
		}
	}
	return fits;
}

/* Read on, up to @upto bytes of the message.  Return: 1 they are there. */
static int read_on(struct link *l, size_t upto)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int) * WEIR_VHOST_FDS_MAX)];
	} rights = { .room = { 0 } };
	struct iovec v = { l->in + l->got, upto - l->got };
	struct msghdr h = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = rights.room,
			    .msg_controllen = sizeof(rights.room) };
	ssize_t n;

	if (l->got == upto)
		return 1;
	do {
		n = recvmsg(l->sock, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (!keep_fds(l, &h)) {
		l->dev.why = "a message has too many descriptors";
		return -EPROTO;
	}
	if (n == 0)
		return -EPIPE;
	l->got += (size_t)n;
	return l->got == upto;
}

static int reply(const struct link *l, const struct weir_wr *out)
{
	struct iovec v = { out->start, weir_wr_len(out) };
	struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1 };
	ssize_t n;

	if (v.iov_len == 0)
		return 0;
	do {
		n = sendmsg(l->sock, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return (size_t)n == v.iov_len ? 0 : -ETIMEDOUT;
}

static void wake_rings(struct link *l)
{
	for (unsigned pair = 0; pair < WEIR_VHOST_PAIRS_MAX; pair++)
		l->ready[tx_of(pair)] = true;
}

/* Return: 1 a message was served; 0 there is no whole one; down. */
static int message(struct link *l)
{
	uint8_t room[WEIR_VHOST_REPLY_BYTES];
	struct weir_wr out = weir_wr_over(room, sizeof(room));
	struct weir_vhost_head h;
	struct weir_rd in;
	int r;

	if (l->got < WEIR_VHOST_HEAD_BYTES) {
		r = read_on(l, WEIR_VHOST_HEAD_BYTES);
		if (r <= 0)
			return r;
	}
	in = weir_rd_over(l->in, WEIR_VHOST_HEAD_BYTES);
	r = weir_vhost_head_parse(&in, &h);
	if (r) {
		l->dev.refused++;
		l->dev.why = "what the front-end says is not vhost-user";
		return r;
	}
	r = read_on(l, WEIR_VHOST_HEAD_BYTES + h.size);
	if (r <= 0)
		return r;
	in = weir_rd_over(l->in + WEIR_VHOST_HEAD_BYTES, h.size);
	r = weir_vhost_serve(&l->dev, &h, in, &l->fds, &out);
	l->got = 0;
	l->full = false;
	wake_rings(l);
	if (r == 0)
		r = reply(l, &out);
	return r ? r : 1;
}

static int event(void *self, bool in, bool out)
{
	struct weir_loop_event e[EVENTS];
	struct link *l = self;
	int n = weir_loop_wait(l->epoll, e, EVENTS, 0), r = 1;

	(void)in;
	(void)out;
	for (int i = 0; i < n; i++) {
		if (e[i].tag >= TAG_KICK) {
			unsigned ring = (unsigned)(e[i].tag - TAG_KICK);

			l->ready[ring] = true;
			if (ring % 2 == 0)
				l->full = false;
			l->counts.kicks++;
		} else if (e[i].tag == TAG_SOCKET) {
			for (unsigned k = 0; r > 0 && k < MESSAGES_TURN; k++)
				r = message(l);
		}
	}
	if (n < 0)
		return n;
	return r < 0 ? r : 0;
}

/* --------------------------------------------------------------- frames up */

static void give_up(struct link *l, unsigned ring)
{
	l->counts.broken++;
	l->ready[ring] = false;
	signal_fd(l->dev.ring[ring].err);
}

/* A frame of @ring, as its chain has it.  -EAGAIN: it is not ready any more. */
static int take(struct link *l, unsigned ring, uint8_t *buf, size_t room)
{
	struct weir_vring *v = &l->dev.ring[ring].vring;
	int n = weir_vring_take(v, &l->dev.mem, buf, room);

	if (n == -EAGAIN) {
		int more = weir_vring_arm(v);

		n = more == 1 ? weir_vring_take(v, &l->dev.mem, buf, room)
			      : (more ? more : -EAGAIN);
	}
	if (n == -EAGAIN)
		l->ready[ring] = false;
	if (n == -EPROTO) {
		give_up(l, ring);
		n = -EINVAL;
	}
	return n;
}

static void discard(struct link *l, unsigned ring, uint8_t *buf)
{
	for (unsigned i = 0; i < DISCARDS_TURN; i++) {
		if (take(l, ring, buf, WEIR_LINK_ROOM_BYTES) == -EAGAIN ||
		    !l->ready[ring])
			return;
		l->counts.discarded++;
	}
}

/* Make the chain's @n bytes at @buf + @skip a frame with 12 bytes of header. */
static int finish(struct link *l, unsigned pair, uint8_t *buf, int n)
{
	size_t header = weir_vhost_header_bytes(&l->dev);
	size_t skip = WEIR_VNET_BYTES - header;

	if (n < 0 || (size_t)n < header + ETHERNET_BYTES) {
		l->counts.bad++;
		return n < 0 ? n : -EMSGSIZE;
	}
	if (skip)
		memmove(buf, buf + skip, header);
	/* num_buffers says nothing on the way up */
	memset(buf + LEGACY_BYTES, 0, WEIR_VNET_BYTES - LEGACY_BYTES);
	n += (int)skip;
	if (is_open(l, 1))
		l->by[weir_steer_hash(buf + WEIR_VNET_BYTES,
				      (size_t)n - WEIR_VNET_BYTES)] =
			(uint8_t)pair;
	return n;
}

static int receive(void *self, uint8_t *buf)
{
	struct link *l = self;
	size_t skip = WEIR_VNET_BYTES - weir_vhost_header_bytes(&l->dev);

	for (unsigned i = 0; i < WEIR_VHOST_PAIRS_MAX; i++) {
		unsigned pair = l->turn, ring = tx_of(pair);
		int n;

		l->turn = (pair + 1) % WEIR_VHOST_PAIRS_MAX;
		if (!l->ready[ring])
			continue;
		if (!weir_vhost_is_live(&l->dev, ring)) {
			l->ready[ring] = false;
			continue;
		}
		if (!weir_vhost_is_enabled(&l->dev, ring)) {
			if (l->dev.ring[ring].said)
				discard(l, ring, buf);
			else
				l->ready[ring] = false;
			continue;
		}
		n = take(l, ring, buf + skip, WEIR_LINK_ROOM_BYTES - skip);
		if (n != -EAGAIN)
			return finish(l, pair, buf, n);
	}
	return -EAGAIN;
}

/* ------------------------------------------------------------- frames down */

static uint32_t offload(const struct weir_vhost *d)
{
	uint32_t bits = 0;

	if (!(d->features & WEIR_VHOST_F_GUEST_CSUM))
		return 0;
	bits |= WEIR_OFFLOAD_CSUM;
	if (d->features & WEIR_VHOST_F_GUEST_TSO4)
		bits |= WEIR_OFFLOAD_TSO4;
	if (d->features & WEIR_VHOST_F_GUEST_TSO6)
		bits |= WEIR_OFFLOAD_TSO6;
	return bits;
}

/* Does the guest take a frame with this header? */
static bool is_able(const struct link *l, const uint8_t head[WEIR_VNET_BYTES])
{
	struct weir_rd in = weir_rd_over(head, WEIR_VNET_BYTES);
	uint32_t has = offload(&l->dev);
	struct weir_vnethdr h;

	if (weir_vnethdr_parse(&in, &h) != WEIR_REASON_NONE)
		return false;
	if ((h.flags & WEIR_VNET_NEEDS_CSUM) && !(has & WEIR_OFFLOAD_CSUM))
		return false;
	if (h.gso_type == WEIR_VNET_GSO_NONE)
		return true;
	return (h.gso_type == WEIR_VNET_GSO_TCPV4 &&
		(has & WEIR_OFFLOAD_TSO4)) ||
	       (h.gso_type == WEIR_VNET_GSO_TCPV6 && (has & WEIR_OFFLOAD_TSO6));
}

/* The pair a frame goes down in; WEIR_VHOST_PAIRS_MAX if there is none. */
static unsigned choose(const struct link *l, const struct weir_spans *frame)
{
	uint8_t head[WEIR_STEER_HEAD_BYTES];
	unsigned pair;
	size_t n;

	if (is_open(l, 0) && !is_open(l, 1))
		return 0; /* the others are rarely there without the second */
	n = weir_spans_copy(frame, WEIR_VNET_BYTES, head, sizeof(head));
	pair = l->by[weir_steer_hash(head, n)];
	if (is_open(l, pair))
		return pair;
	for (pair = 0; pair < WEIR_VHOST_PAIRS_MAX; pair++)
		if (is_open(l, pair))
			break;
	return pair;
}

static int send_frame(void *self, const struct weir_span *part, unsigned n)
{
	struct link *l = self;
	uint8_t head[WEIR_VNET_BYTES];
	struct weir_span rest[WEIR_LINK_SPANS_MAX];
	struct weir_spans frame = { part, n, 0 };
	struct weir_vring_frame f = {
		.part = rest,
		.head = head,
		.head_len = weir_vhost_header_bytes(&l->dev),
		.merge = l->dev.features & WEIR_VHOST_F_MRG_RXBUF,
	};
	struct weir_vring *v;
	unsigned ring;
	int r;

	weir_must(n <= WEIR_LINK_SPANS_MAX);
	for (unsigned i = 0; i < n; i++)
		frame.len += part[i].len;
	weir_must(weir_spans_copy(&frame, 0, head, sizeof(head)) ==
		  sizeof(head));
	if (!is_able(l, head)) {
		l->counts.unable++;
		return -EAGAIN;
	}
	f.n = weir_spans_cut(&frame, sizeof(head), frame.len - sizeof(head),
			     rest, WEIR_LINK_SPANS_MAX);
	ring = rx_of(choose(l, &frame));
	if (ring >= WEIR_VHOST_RINGS_MAX) {
		l->counts.full++;
		return -EAGAIN;
	}
	v = &l->dev.ring[ring].vring;
	r = weir_vring_put(v, &l->dev.mem, &f, &l->plan);
	if (r == -EPROTO)
		give_up(l, ring);
	if (r)
		l->counts.full++;
	/* a frame for which even a stocked ring is too small is lost: the
	 * guest would not kick */
	if (r == -EAGAIN ? weir_vring_left(v) < v->num / 2
			 : !r && weir_vring_is_empty(v))
		l->full = weir_vring_arm(v) == 0;
	return r ? -EAGAIN : 0;
}

/* ------------------------------------------------------------------ a turn */

/* Show the guest what was used, and look whether a ring up has more. */
static bool settle(struct link *l, unsigned ring)
{
	struct weir_vhost_ring *r = &l->dev.ring[ring];
	int want = weir_vring_publish(&r->vring), more = 0;

	if (want == 1) {
		signal_fd(r->call);
		l->counts.calls++;
	}
	if (want >= 0 && l->ready[ring]) {
		more = !weir_vring_is_empty(&r->vring);
		if (!more)
			more = weir_vring_arm(&r->vring);
		l->ready[ring] = more == 1;
	}
	if (want < 0 || more < 0)
		give_up(l, ring);
	return more == 1;
}

static void set_busy(struct link *l, bool busy)
{
	uint64_t count;

	if (busy == l->busy)
		return;
	if (busy)
		signal_fd(l->more);
	else
		(void)!read(l->more, &count, sizeof(count));
	l->busy = busy;
}

static bool flush(void *self)
{
	struct link *l = self;
	bool busy = false;

	for (unsigned ring = 0; ring < WEIR_VHOST_RINGS_MAX; ring++) {
		/* that a ring down has room again is no work */
		if (ring % 2 == 0)
			l->ready[ring] = false;
		if (!weir_vhost_is_live(&l->dev, ring))
			continue;
		if (!l->dev.ring[ring].said &&
		    !weir_vhost_is_enabled(&l->dev, ring))
			continue;
		busy |= settle(l, ring);
	}
	set_busy(l, busy);
	return false;
}

static bool wants_out(const void *self)
{
	const struct link *l = self;

	return l->full;
}

static int fd_of(const void *self)
{
	const struct link *l = self;

	return l->epoll;
}

/* ------------------------------------------------------------ open and close */

static void close_link(void *self)
{
	struct link *l = self;

	weir_vhost_fini(&l->dev);
	for (unsigned i = 0; i < l->fds.n; i++)
		(void)close(l->fds.fd[i]);
	(void)close(l->sock);
	(void)close(l->more);
	(void)close(l->epoll);
	free(l);
}

static const struct weir_link_ops ops = {
	.receive = receive,
	.send = send_frame,
	.flush = flush,
	.wants_out = wants_out,
	.fd = fd_of,
	.event = event,
	.close = close_link,
};

static int watch_own(const struct link *l)
{
	int err;

	if (l->epoll < 0)
		return l->epoll;
	if (l->more < 0)
		return l->more;
	err = weir_loop_watch(l->epoll, l->sock, TAG_SOCKET, false, false);
	return err ? err
		   : weir_loop_watch(l->epoll, l->more, TAG_BUSY, false, false);
}

int weir_vhost_user_open(int sock, const struct weir_vhost_user_options *o,
			 struct weir_link *ret)
{
	struct link *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->sock = sock;
	l->sealed = o->sealed;
	l->epoll = weir_loop_open();
	l->more = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->more < 0)
		l->more = -errno;
	err = watch_own(l);
	if (err) {
		if (l->more >= 0)
			(void)close(l->more);
		if (l->epoll >= 0)
			(void)close(l->epoll);
		free(l);
		return err;
	}
	weir_vhost_init(&l->dev, &o->mac, o->mtu, &host, l);
	*ret = (struct weir_link){ &ops, l };
	return 0;
}

uint32_t weir_vhost_user_offload(const void *self)
{
	const struct link *l = self;

	return offload(&l->dev);
}

bool weir_vhost_user_is_up(const void *self)
{
	const struct link *l = self;

	for (unsigned pair = 0; pair < WEIR_VHOST_PAIRS_MAX; pair++)
		if (is_open(l, pair))
			return true;
	return false;
}

struct weir_vhost_user_counts weir_vhost_user_counts(const void *self)
{
	const struct link *l = self;
	struct weir_vhost_user_counts c = l->counts;

	c.refused = l->dev.refused;
	return c;
}

const char *weir_vhost_user_why(const void *self)
{
	const struct link *l = self;

	return l->dev.why;
}
