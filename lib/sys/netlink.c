/* SPDX-License-Identifier: Apache-2.0 */
/* netlink.c - talk to the kernel's routing netlink */
#include "sys/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/must.h"

int weir_netlink_open(uint32_t groups)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int one = 1;
	int fd = socket(AF_NETLINK,
			SOCK_RAW | SOCK_CLOEXEC | (groups ? SOCK_NONBLOCK : 0),
			NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	/* answers need not repeat the question; old kernels do anyway */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a))) {
		int e = -errno;

		close(fd);
		return e;
	}
	return fd;
}

void weir_netlink_start(struct weir_netlink_batch *b)
{
	b->w = weir_wr_over(b->room, sizeof(b->room));
	b->message = 0;
	b->n = 0;
}

static void pad(struct weir_netlink_batch *b)
{
	size_t n = weir_wr_len(&b->w);

	weir_wr_fill(&b->w, 0, NLMSG_ALIGN(n) - n);
}

void weir_netlink_begin(struct weir_netlink_batch *b, uint16_t type,
			uint16_t flags, const void *fixed, size_t len)
{
	struct nlmsghdr h = {
		.nlmsg_type = type,
		.nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST | NLM_F_ACK),
		.nlmsg_seq = ++b->n,
	};

	b->message = weir_wr_len(&b->w);
	weir_wr_copy(&b->w, &h, sizeof(h));
	weir_wr_copy(&b->w, fixed, len);
	pad(b);
}

void weir_netlink_attr(struct weir_netlink_batch *b, uint16_t type,
		       const void *data, size_t len)
{
	struct rtattr a = { .rta_len = (uint16_t)RTA_LENGTH(len),
			    .rta_type = type };

	weir_wr_copy(&b->w, &a, sizeof(a));
	weir_wr_copy(&b->w, data, len);
	pad(b);
}

void weir_netlink_end(struct weir_netlink_batch *b)
{
	uint32_t len = (uint32_t)(weir_wr_len(&b->w) - b->message);

	weir_must(weir_wr_ok(&b->w));
	memcpy(b->room + b->message + offsetof(struct nlmsghdr, nlmsg_len),
	       &len, sizeof(len));
}

/* receive one packet; the sender must be the kernel */
static ssize_t receive(int fd, uint8_t *room, size_t cap)
{
	struct sockaddr_nl from = { .nl_pid = 0 };
	socklen_t len = sizeof(from);
	ssize_t n;

	do {
		n = recvfrom(fd, room, cap, MSG_TRUNC, (struct sockaddr *)&from,
			     &len);
	} while ((n < 0 && errno == EINTR) || (n >= 0 && from.nl_pid != 0));
	if (n < 0)
		return -errno;
	return (size_t)n > cap ? -EMSGSIZE : n;
}

/* the next message of a packet: false at its end */
static bool next_message(struct weir_rd *in, struct nlmsghdr *ret,
			 struct weir_rd *ret_body)
{
	struct nlmsghdr h;

	weir_rd_copy(in, &h, sizeof(h));
	if (!weir_rd_ok(in) || h.nlmsg_len < sizeof(h))
		return false;
	*ret_body = weir_rd_sub(in, h.nlmsg_len - sizeof(h));
	if (!weir_rd_ok(ret_body))
		return false;
	if (in->left)
		(void)weir_rd_take(in, NLMSG_ALIGN(h.nlmsg_len) - h.nlmsg_len);
	*ret = h;
	return true;
}

static int error_of(struct weir_rd body)
{
	int32_t e;

	weir_rd_copy(&body, &e, sizeof(e));
	return weir_rd_ok(&body) && e <= 0 ? e : -EPROTO;
}

int weir_netlink_commit(int fd, struct weir_netlink_batch *b,
			unsigned *ret_failed)
{
	uint8_t room[4096];
	unsigned answered = 0;
	int failed = 0;

	if (!b->n)
		return 0;
	if (send(fd, b->room, weir_wr_len(&b->w), 0) < 0)
		return -errno;
	while (answered < b->n) {
		ssize_t n = receive(fd, room, sizeof(room));
		struct weir_rd in, body;
		struct nlmsghdr h;

		if (n < 0)
			return (int)n;
		in = weir_rd_over(room, (size_t)n);
		while (next_message(&in, &h, &body)) {
			if (h.nlmsg_type != NLMSG_ERROR)
				continue;
			answered++;
			if (!failed && error_of(body)) {
				failed = error_of(body);
				if (ret_failed)
					*ret_failed = h.nlmsg_seq - 1;
			}
		}
	}
	return failed;
}

/* hand out one packet of a dump: 1 done, 0 more to come */
static int hand_out(const uint8_t *room, size_t n,
		    int (*each)(void *, struct weir_netlink_message *),
		    void *ctx)
{
	struct weir_rd in = weir_rd_over(room, n);
	struct weir_netlink_message m;
	struct nlmsghdr h;

	while (next_message(&in, &h, &m.body)) {
		int r;

		if (h.nlmsg_type == NLMSG_DONE)
			return 1;
		if (h.nlmsg_type == NLMSG_ERROR)
			return error_of(m.body) ? error_of(m.body) : 1;
		m.type = h.nlmsg_type;
		r = each(ctx, &m);
		if (r < 0)
			return r;
	}
	return 0;
}

int weir_netlink_dump(int fd, uint16_t type,
		      int (*each)(void *ctx, struct weir_netlink_message *m),
		      void *ctx)
{
	struct {
		struct nlmsghdr h;
		struct rtgenmsg g;
	} ask = { .h = { .nlmsg_len = sizeof(ask),
			 .nlmsg_type = type,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			 .nlmsg_seq = 1 } };
	uint8_t room[WEIR_NETLINK_ROOM_BYTES];
	int r = 0;

	if (send(fd, &ask, sizeof(ask), 0) < 0)
		return -errno;
	while (r == 0) {
		ssize_t n = receive(fd, room, sizeof(room));

		if (n < 0)
			return (int)n;
		r = hand_out(room, (size_t)n, each, ctx);
	}
	return r < 0 ? r : 0;
}

bool weir_netlink_next_attr(struct weir_rd *in, uint16_t *ret_type,
			    struct weir_rd *ret)
{
	struct rtattr a;
	struct weir_rd data;
	size_t gap;

	weir_rd_copy(in, &a, sizeof(a));
	if (!weir_rd_ok(in) || a.rta_len < sizeof(a))
		return false;
	data = weir_rd_sub(in, a.rta_len - sizeof(a));
	if (!weir_rd_ok(&data))
		return false;
	gap = RTA_ALIGN(a.rta_len) - a.rta_len;
	(void)weir_rd_take(in, gap < in->left ? gap : in->left);
	*ret_type = (uint16_t)(a.rta_type & 0x3fff); /* NLA_TYPE_MASK */
	*ret = data;
	return true;
}
