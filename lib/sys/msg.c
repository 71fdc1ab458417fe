/* SPDX-License-Identifier: Apache-2.0 */
/* msg.c - small messages with descriptors between Weir's processes */
#include "sys/msg.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/must.h"
#include "base/wr.h"

/* room for the descriptors of one message, aligned as the kernel wants it */
union rights {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int) * WEIR_MSG_FDS_MAX)];
};

static void attach(struct msghdr *h, union rights *r, const int *fd, unsigned n)
{
	struct cmsghdr *c;

	memset(r, 0, sizeof(*r));
	h->msg_control = r->room;
	h->msg_controllen = CMSG_SPACE(sizeof(int) * n);
	c = CMSG_FIRSTHDR(h);
	weir_must(c != NULL);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * n);
	memcpy(CMSG_DATA(c), fd, sizeof(int) * n);
}

/** struct parcel - what goes into one packet, and how */
struct parcel {
	enum weir_msg_kind kind;
	const void *body;
	size_t len;
	const int *fd;
	unsigned n_fds;
	int flags;
};

static int send_parcel(int sock, const struct parcel *p)
{
	uint8_t head[WEIR_MSG_HEADER_BYTES], none = 0;
	struct weir_wr w = weir_wr_over(head, sizeof(head));
	struct iovec v[2];
	struct msghdr h = { .msg_iov = v, .msg_iovlen = 2 };
	union rights rights;
	ssize_t n;

	if (p->len > WEIR_MSG_MAX_BYTES || p->n_fds > WEIR_MSG_FDS_MAX)
		return -EMSGSIZE;
	weir_wr_u8(&w, WEIR_MSG_VERSION);
	weir_wr_u8(&w, (uint8_t)p->kind);
	weir_wr_be16(&w, 0);
	weir_wr_be32(&w, (uint32_t)p->len);
	v[0] = (struct iovec){ .iov_base = head, .iov_len = sizeof(head) };
	/* sendmsg() writes to no iovec; the interface cannot say so */
	memcpy(&v[1].iov_base, &p->body, sizeof(p->body));
	if (!p->body)
		v[1].iov_base = &none;
	v[1].iov_len = p->len;
	if (p->fd && p->n_fds)
		attach(&h, &rights, p->fd, p->n_fds);
	do {
		n = sendmsg(sock, &h, MSG_NOSIGNAL | p->flags);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int weir_msg_send(int sock, enum weir_msg_kind kind, const void *body,
		  size_t len, const int *fd, unsigned n_fds)
{
	const struct parcel p = { kind, body, len, fd, n_fds, 0 };

	return send_parcel(sock, &p);
}

int weir_msg_hand(int sock, enum weir_msg_kind kind, const void *body,
		  size_t len, int fd)
{
	uint8_t room[4 + WEIR_MSG_HAND_BYTES];
	struct weir_wr w = weir_wr_over(room, sizeof(room));
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0), r;

	if (own < 0)
		return errno == EINVAL ? -EMFILE : -errno;
	weir_wr_be32(&w, (uint32_t)own);
	if (len)
		weir_wr_copy(&w, body, len);
	r = weir_wr_ok(&w)
		    ? weir_msg_send(sock, kind, room, weir_wr_len(&w), NULL, 0)
		    : -EMSGSIZE;
	if (r)
		close(own);
	return r;
}

int weir_msg_try(int sock, enum weir_msg_kind kind, const void *body,
		 size_t len)
{
	const struct parcel p = { kind, body, len, NULL, 0, MSG_DONTWAIT };

	return send_parcel(sock, &p);
}

/* keep what SCM_RIGHTS brought, so that whatever follows can close it */
static void detach(struct msghdr *h, struct weir_msg *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n && m->n_fds < WEIR_MSG_FDS_MAX; i++)
			memcpy(&m->fd[m->n_fds++],
			       CMSG_DATA(c) + i * sizeof(int), sizeof(int));
	}
}

static bool read_packet(const void *buf, size_t n, struct weir_msg *m)
{
	struct weir_rd in = weir_rd_over(buf, n);
	uint8_t version = weir_rd_u8(&in), kind = weir_rd_u8(&in);
	uint16_t zero = weir_rd_be16(&in);
	uint32_t len = weir_rd_be32(&in);

	m->body = weir_rd_sub(&in, len);
	m->kind = (enum weir_msg_kind)kind;
	return weir_rd_ok(&m->body) && weir_rd_ok(&in) && in.left == 0 &&
	       version == WEIR_MSG_VERSION && kind != 0 &&
	       kind < WEIR_MSG_KINDS && zero == 0;
}

int weir_msg_receive(int sock, void *buf, size_t cap, struct weir_msg *ret)
{
	struct iovec v = { .iov_base = buf, .iov_len = cap };
	union rights rights = { .room = { 0 } };
	struct msghdr h = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = rights.room,
			    .msg_controllen = sizeof(rights.room) };
	struct weir_msg m = { .n_fds = 0 };
	ssize_t n;

	do {
		n = recvmsg(sock, &h, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	/* the other end closed and had not read all: that is told once, and
	 * before the messages it sent */
	if (n < 0 && errno == ECONNRESET)
		n = recvmsg(sock, &h, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	detach(&h, &m);
	if (n == 0) {
		weir_msg_close_fds(&m);
		return 0;
	}
	if ((h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) ||
	    !read_packet(buf, (size_t)n, &m)) {
		weir_msg_close_fds(&m);
		return -EPROTO;
	}
	*ret = m;
	return 1;
}

bool weir_msg_is_waiting(int sock)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };

	return sock >= 0 && poll(&p, 1, 0) > 0;
}

void weir_msg_close_fds(struct weir_msg *m)
{
	while (m->n_fds)
		close(m->fd[--m->n_fds]);
}
