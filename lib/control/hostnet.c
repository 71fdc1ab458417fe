/* SPDX-License-Identifier: Apache-2.0 */
/* hostnet.c - which addresses the host has, and when that changes */
#include "control/hostnet.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/netlink.h"

static bool is_loopback(const struct weir_addr *a)
{
	static const struct weir_addr one = { .b = { [15] = 1 } };

	return weir_addr_is4(a) ? a->b[12] == 127 : weir_addr_is_equal(a, &one);
}

static bool is_linklocal6(const struct weir_addr *a)
{
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

/* an attribute of 4 or 16 bytes as an address */
static bool to_addr(struct weir_rd data, unsigned family, struct weir_addr *ret)
{
	struct weir_addr a = weir_addr_from4(0);

	if (family == AF_INET)
		weir_rd_copy(&data, a.b + 12, 4);
	else
		weir_rd_copy(&data, a.b, 16);
	if (!weir_rd_ok(&data) || data.left)
		return false;
	*ret = a;
	return true;
}

static int add(void *ctx, struct weir_netlink_message *m)
{
	struct weir_hostnet *h = ctx;
	struct weir_addr a, local;
	bool has = false, has_local = false;
	struct ifaddrmsg i;
	struct weir_rd data;
	uint16_t type;

	weir_rd_copy(&m->body, &i, sizeof(i));
	if (m->type != RTM_NEWADDR || !weir_rd_ok(&m->body) ||
	    (i.ifa_family != AF_INET && i.ifa_family != AF_INET6))
		return 0;
	/* IFA_LOCAL is ours where IFA_ADDRESS is the peer's */
	while (weir_netlink_next_attr(&m->body, &type, &data)) {
		if (type == IFA_ADDRESS)
			has = to_addr(data, i.ifa_family, &a);
		else if (type == IFA_LOCAL)
			has_local = to_addr(data, i.ifa_family, &local);
	}
	if (has_local)
		a = local;
	if ((!has && !has_local) || is_loopback(&a))
		return 0;
	if (h->n == WEIR_CHARTER_ADDRESSES_MAX) {
		h->full = true;
		return 0;
	}
	h->bits[h->n] =
		(uint8_t)(i.ifa_prefixlen + (i.ifa_family == AF_INET ? 96 : 0));
	h->addr[h->n++] = a;
	return 0;
}

int weir_hostnet_read(struct weir_hostnet *ret)
{
	int fd = weir_netlink_open(0), r;

	if (fd < 0)
		return fd;
	ret->n = 0;
	ret->full = false;
	r = weir_netlink_dump(fd, RTM_GETADDR, add, ret);
	close(fd);
	return r;
}

int weir_hostnet_watch(void)
{
	return weir_netlink_open(RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
}

void weir_hostnet_drain(int fd)
{
	char room[8192];
	ssize_t n;

	/* an overrun (ENOBUFS) is news too; only an empty queue ends it */
	do {
		n = recv(fd, room, sizeof(room), MSG_DONTWAIT);
	} while (n > 0 || (n < 0 && (errno == EINTR || errno == ENOBUFS)));
}

bool weir_hostnet_has_ipv6(const struct weir_hostnet *h)
{
	for (uint32_t i = 0; i < h->n; i++)
		if (!weir_addr_is4(&h->addr[i]) && !is_linklocal6(&h->addr[i]))
			return true;
	return false;
}

bool weir_hostnet_is_using(const struct weir_hostnet *h,
			   const struct weir_addr *a, unsigned bits)
{
	for (uint32_t i = 0; i < h->n; i++) {
		unsigned n = h->bits[i] < bits ? h->bits[i] : bits;
		unsigned whole = n / 8, rest = n % 8;
		uint8_t mask = (uint8_t)(0xff00u >> rest);

		if (weir_addr_is4(&h->addr[i]) == weir_addr_is4(a) &&
		    memcmp(h->addr[i].b, a->b, whole) == 0 &&
		    (!rest ||
		     ((h->addr[i].b[whole] ^ a->b[whole]) & mask) == 0))
			return true;
	}
	return false;
}
