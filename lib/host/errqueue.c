/* SPDX-License-Identifier: Apache-2.0 */
/* errqueue.c - what the network said about datagrams that were sent */
#include "host/errqueue.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include <linux/errqueue.h>

#include "sys/place.h"

#define CONTROL_BYTES 512u

void weir_errqueue_want(int fd, bool v4)
{
	const int on = 1;

	if (v4)
		(void)setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	else
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on,
				 sizeof(on));
}

/* RFC 792, 1122 3.2.2.1, 1812 5.2.7.1 */
static bool why4(uint8_t type, uint8_t code, enum weir_icmp_why *ret)
{
	static const enum weir_icmp_why unreachable[] = {
		[0] = WEIR_ICMP_WHY_NET,
		[1] = WEIR_ICMP_WHY_HOST,
		[2] = WEIR_ICMP_WHY_PROTOCOL,
		[3] = WEIR_ICMP_WHY_PORT,
		[4] = WEIR_ICMP_WHY_TOO_BIG,
		[5] = WEIR_ICMP_WHY_NET,
		[6] = WEIR_ICMP_WHY_NET,
		[7] = WEIR_ICMP_WHY_HOST,
		[8] = WEIR_ICMP_WHY_HOST,
		[9] = WEIR_ICMP_WHY_PROHIBITED,
		[10] = WEIR_ICMP_WHY_PROHIBITED,
		[11] = WEIR_ICMP_WHY_NET,
		[12] = WEIR_ICMP_WHY_HOST,
		[13] = WEIR_ICMP_WHY_PROHIBITED,
		[14] = WEIR_ICMP_WHY_HOST,
		[15] = WEIR_ICMP_WHY_PROHIBITED,
	};

	if (type == WEIR_ICMP4_UNREACHABLE &&
	    code < sizeof(unreachable) / sizeof(unreachable[0]))
		*ret = unreachable[code];
	else if (type == WEIR_ICMP4_EXCEEDED && code <= 1)
		*ret = code ? WEIR_ICMP_WHY_REASSEMBLY : WEIR_ICMP_WHY_TTL;
	else
		return false;
	return true;
}

/* RFC 4443 3 */
static bool why6(uint8_t type, uint8_t code, enum weir_icmp_why *ret)
{
	static const enum weir_icmp_why unreachable[] = {
		[0] = WEIR_ICMP_WHY_NET,        [1] = WEIR_ICMP_WHY_PROHIBITED,
		[2] = WEIR_ICMP_WHY_NET,        [3] = WEIR_ICMP_WHY_HOST,
		[4] = WEIR_ICMP_WHY_PORT,       [5] = WEIR_ICMP_WHY_PROHIBITED,
		[6] = WEIR_ICMP_WHY_PROHIBITED,
	};

	if (type == WEIR_ICMP6_UNREACHABLE &&
	    code < sizeof(unreachable) / sizeof(unreachable[0]))
		*ret = unreachable[code];
	else if (type == WEIR_ICMP6_TOO_BIG)
		*ret = WEIR_ICMP_WHY_TOO_BIG;
	else if (type == WEIR_ICMP6_EXCEEDED && code <= 1)
		*ret = code ? WEIR_ICMP_WHY_REASSEMBLY : WEIR_ICMP_WHY_TTL;
	else if (type == WEIR_ICMP6_PARAMETER && code == 1)
		*ret = WEIR_ICMP_WHY_PROTOCOL;
	else
		return false;
	return true;
}

static bool why_local(uint32_t err, enum weir_icmp_why *ret)
{
	switch (err) {
	case EMSGSIZE:
		*ret = WEIR_ICMP_WHY_TOO_BIG;
		return true;
	case EHOSTUNREACH:
		*ret = WEIR_ICMP_WHY_HOST;
		return true;
	case ENETUNREACH:
		*ret = WEIR_ICMP_WHY_NET;
		return true;
	default:
		return false;
	}
}

/* What the kernel says of the error; behind it lies who said it. */
static void read_error(const struct cmsghdr *c, struct weir_errqueue_error *ret)
{
	const uint8_t *data = CMSG_DATA(c);
	size_t len = c->cmsg_len - CMSG_LEN(0);
	struct sock_extended_err e;
	union weir_place from = { .any = { .sa_family = AF_UNSPEC } };
	uint16_t port;

	if (c->cmsg_len < CMSG_LEN(sizeof(e)))
		return;
	memcpy(&e, data, sizeof(e));
	len -= sizeof(e);
	memcpy(&from, data + sizeof(e),
	       len < sizeof(from) ? len : sizeof(from));
	ret->mtu = e.ee_info;
	switch (e.ee_origin) {
	case SO_EE_ORIGIN_ICMP:
		ret->known = why4(e.ee_type, e.ee_code, &ret->why);
		weir_place_read(&from, &ret->from, &port);
		break;
	case SO_EE_ORIGIN_ICMP6:
		ret->known = why6(e.ee_type, e.ee_code, &ret->why);
		weir_place_read(&from, &ret->from, &port);
		break;
	case SO_EE_ORIGIN_LOCAL:
		ret->local = true;
		ret->known = why_local(e.ee_errno, &ret->why);
		break;
	default:
		break;
	}
}

static bool is_error(const struct cmsghdr *c)
{
	return (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
	       (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the kernel writes there */
int weir_errqueue_take(int fd, uint8_t *room, size_t cap,
		       struct weir_errqueue_error *ret)
{
	union {
		struct cmsghdr align;
		uint8_t b[CONTROL_BYTES];
	} control;
	union weir_place to = { .any = { .sa_family = AF_UNSPEC } };
	struct iovec v = { room, cap };
	struct msghdr m = { .msg_name = &to,
			    .msg_namelen = sizeof(to),
			    .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	ssize_t n;

	do
		n = recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return 0;
	*ret = (struct weir_errqueue_error){ .len = (size_t)n };
	weir_place_read(&to, &ret->to, &ret->port);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		if (is_error(c))
			read_error(c, ret);
	return 1;
}
