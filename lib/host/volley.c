/* SPDX-License-Identifier: Apache-2.0 */
/*
 * volley.c - many datagrams of one socket in one call
 *
 * A message that comes is read into two places: its first bytes into a small
 * slot beside those of its neighbours, what is longer into a large place of its
 * own that is not touched otherwise.  So a volley of small datagrams stays in
 * the cache.
 */
#include "host/volley.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/must.h"
#include "host/errqueue.h"
#include "sys/place.h"

#define REST_BYTES (WEIR_VOLLEY_DATAGRAM_BYTES + 1u - WEIR_VOLLEY_SLOT_BYTES)

/* room for hops and segment size, and for what comes */
#define CONTROL_BYTES (CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(uint16_t)))

struct control {
	alignas(struct cmsghdr) uint8_t b[CONTROL_BYTES];
};

/* Append a control message; returns what it took. */
static size_t put(struct control *c, size_t at, int level, int type,
		  const void *data, size_t len)
{
	struct cmsghdr h = { .cmsg_level = level,
			     .cmsg_type = type,
			     .cmsg_len = CMSG_LEN(len) };

	memset(c->b + at, 0, CMSG_SPACE(len));
	memcpy(c->b + at, &h, sizeof(h));
	memcpy(c->b + at + CMSG_LEN(0), data, len);
	return CMSG_SPACE(len);
}

static void control_out(struct msghdr *m, struct control *c,
			const struct weir_volley_out *out)
{
	bool v4 = weir_addr_is4(&out->to);
	const int hops = out->ttl;
	size_t n = 0;

	if (out->ttl)
		n += put(c, n, v4 ? IPPROTO_IP : IPPROTO_IPV6,
			 v4 ? IP_TTL : IPV6_HOPLIMIT, &hops, sizeof(hops));
	if (out->segment)
		n += put(c, n, SOL_UDP, UDP_SEGMENT, &out->segment,
			 sizeof(out->segment));
	if (n) {
		m->msg_control = c->b;
		m->msg_controllen = n;
	}
}

int weir_volley_send(int fd, const struct weir_volley_out *out, unsigned n)
{
	struct mmsghdr m[WEIR_VOLLEY_OUT_MAX];
	union weir_place to[WEIR_VOLLEY_OUT_MAX];
	struct control control[WEIR_VOLLEY_OUT_MAX];
	struct iovec v[WEIR_VOLLEY_SPANS_MAX];
	unsigned used = 0;
	int done;

	weir_must(n > 0 && n <= WEIR_VOLLEY_OUT_MAX);
	for (unsigned i = 0; i < n; i++) {
		const struct weir_spans *p = &out[i].payload;
		struct msghdr *h = &m[i].msg_hdr;

		weir_must(p->n <= WEIR_VOLLEY_SPANS_MAX - used);
		*h = (struct msghdr){ .msg_name = &to[i],
				      .msg_iov = v + used,
				      .msg_iovlen = p->n };
		h->msg_namelen =
			weir_place_fill(&to[i], &out[i].to, out[i].port);
		for (unsigned k = 0; k < p->n; k++)
			v[used++] = (struct iovec){ p->v[k].at, p->v[k].len };
		control_out(h, &control[i], &out[i]);
	}
	do
		done = n == 1 ? (int)sendmsg(fd, &m[0].msg_hdr,
					     MSG_NOSIGNAL | MSG_DONTWAIT)
			      : sendmmsg(fd, m, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return -errno;
	return n == 1 ? 1 : done;
}

size_t weir_volley_room_bytes(void)
{
	return WEIR_VOLLEY_IN_MAX * (WEIR_VOLLEY_SLOT_BYTES + REST_BYTES);
}

static uint16_t segment_of(struct msghdr *m)
{
	int size = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO &&
		    c->cmsg_len == CMSG_LEN(sizeof(size)))
			memcpy(&size, CMSG_DATA(c), sizeof(size));
	return size > 0 && size <= UINT16_MAX ? (uint16_t)size : 0;
}

static void describe(struct weir_volley_in *ret, struct msghdr *m, size_t len,
		     const union weir_place *from)
{
	size_t slot = m->msg_iov[0].iov_len;

	*ret = (struct weir_volley_in){ .len = len, .n = len > slot ? 2 : 1 };
	ret->part[0].at = m->msg_iov[0].iov_base;
	ret->part[0].len = len < slot ? len : slot;
	ret->part[1].at = m->msg_iov[1].iov_base;
	ret->part[1].len = len - ret->part[0].len;
	ret->segment = segment_of(m);
	if (ret->segment >= len)
		ret->segment = 0;
	weir_place_read(from, &ret->from, &ret->port);
}

int weir_volley_receive(int fd, uint8_t *room, struct weir_volley_in *ret,
			unsigned n)
{
	uint8_t *rest = room + WEIR_VOLLEY_IN_MAX * WEIR_VOLLEY_SLOT_BYTES;
	struct mmsghdr m[WEIR_VOLLEY_IN_MAX];
	union weir_place from[WEIR_VOLLEY_IN_MAX];
	struct control control[WEIR_VOLLEY_IN_MAX];
	struct iovec v[WEIR_VOLLEY_IN_MAX][2];
	int done;

	weir_must(n > 0 && n <= WEIR_VOLLEY_IN_MAX);
	for (unsigned i = 0; i < n; i++) {
		v[i][0] = (struct iovec){ room + i * WEIR_VOLLEY_SLOT_BYTES,
					  WEIR_VOLLEY_SLOT_BYTES };
		v[i][1] = (struct iovec){ rest + i * REST_BYTES, REST_BYTES };
		from[i].any.sa_family = AF_UNSPEC;
		m[i].msg_hdr =
			(struct msghdr){ .msg_name = &from[i],
					 .msg_namelen = sizeof(from[i]),
					 .msg_iov = v[i],
					 .msg_iovlen = 2,
					 .msg_control = &control[i],
					 .msg_controllen = CONTROL_BYTES };
	}
	do
		done = recvmmsg(fd, m, n, MSG_DONTWAIT, NULL);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return -errno;
	for (int i = 0; i < done; i++)
		describe(&ret[i], &m[i].msg_hdr, m[i].msg_len, &from[i]);
	return done;
}

void weir_volley_prepare(int fd, bool v4)
{
	const int hops = WEIR_VOLLEY_HOPS;

	weir_errqueue_want(fd, v4);
	weir_volley_keep_whole(fd, v4, true);
	if (v4)
		(void)setsockopt(fd, IPPROTO_IP, IP_TTL, &hops, sizeof(hops));
	else
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops,
				 sizeof(hops));
}

void weir_volley_keep_whole(int fd, bool v4, bool whole)
{
	const int how4 = whole ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT;
	const int how6 = whole ? IPV6_PMTUDISC_DO : IPV6_PMTUDISC_WANT;

	if (v4)
		(void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &how4,
				 sizeof(how4));
	else
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &how6,
				 sizeof(how6));
}
