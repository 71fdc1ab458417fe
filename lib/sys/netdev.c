/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netdev.c - the guest's card where the guest is a namespace: a TAP
 *
 * Everything is set by one batch of netlink requests, so that the card is
 * ready when the answer arrives.  The gateway's neighbour entries are made
 * permanent beforehand: the first packet need not wait for ARP or NDP, and a
 * guest that asks all the same is answered by the engine.
 */
#include "sys/netdev.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_tun.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/netlink.h"

#define TXQLEN            4096u
#define VNET_HEADER_BYTES 12
/* newer than the headers of Debian 12; only together (EINVAL otherwise) */
#define USO4              0x20u
#define USO6              0x40u

/* a setting the kernel does not have is not an error */
static void set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t ignored;

	if (fd < 0)
		return;
	ignored = write(fd, value, strlen(value));
	(void)ignored;
	close(fd);
}

void weir_netdev_prepare(bool has6, gid_t gid)
{
	char range[32];

	snprintf(range, sizeof(range), "%u %u", gid, gid);
	set("/proc/sys/net/ipv4/ping_group_range", range);
	set("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
	if (has6) {
		set("/proc/sys/net/ipv6/conf/default/accept_ra", "0");
		set("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
	} else {
		set("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	}
}

void weir_netdev_quiet(const char *name, bool has6)
{
	static const struct {
		const char *file, *value;
	} row[] = { { "accept_ra", "0" }, { "accept_dad", "0" } };
	char path[80];

	for (size_t i = 0; has6 && i < sizeof(row) / sizeof(row[0]); i++) {
		snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s",
			 name, row[i].file);
		set(path, row[i].value);
	}
	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6",
		 name);
	set(path, has6 ? "0" : "1");
}

bool weir_netdev_is_name(const char *name)
{
	size_t n = strnlen(name, WEIR_NETDEV_NAME_BYTES);

	if (n == 0 || n == WEIR_NETDEV_NAME_BYTES || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0 || strcmp(name, "lo") == 0 ||
	    strcmp(name, "all") == 0 || strcmp(name, "default") == 0)
		return false;
	/* %d would make the kernel choose */
	for (size_t i = 0; i < n; i++)
		if (name[i] <= ' ' || name[i] > '~' || strchr("/:%", name[i]))
			return false;
	return true;
}

void weir_netdev_explain(const char *name, int error,
			 char why[WEIR_NETDEV_WHY_BYTES])
{
	if (error == -ENOENT || error == -ENODEV || error == -ENXIO)
		snprintf(why, WEIR_NETDEV_WHY_BYTES,
			 "there is no /dev/net/tun; as root load it: modprobe "
			 "tun");
	else if (error == -EACCES || error == -EPERM)
		snprintf(why, WEIR_NETDEV_WHY_BYTES,
			 "/dev/net/tun may not be opened (%s); as root allow "
			 "it: chmod 0666 /dev/net/tun",
			 strerror(-error));
	else
		snprintf(why, WEIR_NETDEV_WHY_BYTES,
			 "%s cannot be made from /dev/net/tun: %s", name,
			 strerror(-error));
}

static uint32_t set_offload(int fd)
{
	static const struct {
		unsigned long tun;
		uint32_t ours;
	} row[] = {
		{ TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | USO4 | USO6,
		  WEIR_OFFLOAD_CSUM | WEIR_OFFLOAD_TSO4 | WEIR_OFFLOAD_TSO6 |
			  WEIR_OFFLOAD_USO },
		{ TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6,
		  WEIR_OFFLOAD_CSUM | WEIR_OFFLOAD_TSO4 | WEIR_OFFLOAD_TSO6 },
		{ TUN_F_CSUM, WEIR_OFFLOAD_CSUM },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (ioctl(fd, TUNSETOFFLOAD, row[i].tun) == 0)
			return row[i].ours;
	return 0;
}

int weir_netdev_make(const char *name, uint32_t *ret_offload)
{
	struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int header = VNET_HEADER_BYTES, fd, e;

	if (!weir_netdev_is_name(name))
		return -EINVAL;
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	memcpy(r.ifr_name, name, strlen(name));
	if (ioctl(fd, TUNSETIFF, &r) || ioctl(fd, TUNSETVNETHDRSZ, &header)) {
		e = -errno;
		close(fd);
		return e;
	}
	*ret_offload = set_offload(fd);
	return fd;
}

int weir_netdev_open(uint32_t *ret_offload)
{
	return weir_netdev_make(WEIR_NETDEV_NAME, ret_offload);
}

static int index_of(int sock, const char *name)
{
	struct ifreq r = { .ifr_ifindex = 0 };

	memcpy(r.ifr_name, name, strlen(name) + 1);
	return ioctl(sock, SIOCGIFINDEX, &r) ? -errno : r.ifr_ifindex;
}

/* the bytes of an address as its family has them */
static const uint8_t *bytes_of(const struct weir_addr *a, size_t *ret_len)
{
	bool is4 = weir_addr_is4(a);

	*ret_len = is4 ? 4 : 16;
	return is4 ? a->b + 12 : a->b;
}

static unsigned char family_of(const struct weir_addr *a)
{
	return weir_addr_is4(a) ? AF_INET : AF_INET6;
}

static void put_up(struct weir_netlink_batch *b, int index)
{
	struct ifinfomsg i = { .ifi_index = index,
			       .ifi_flags = IFF_UP,
			       .ifi_change = IFF_UP };

	weir_netlink_begin(b, RTM_NEWLINK, 0, &i, sizeof(i));
	weir_netlink_end(b);
}

/* what is so whoever configures it: its address, its size, its queue */
static void put_card(struct weir_netlink_batch *b, int index,
		     const struct weir_charter *c)
{
	struct ifinfomsg i = { .ifi_index = index };
	uint32_t queue = TXQLEN;

	weir_netlink_begin(b, RTM_NEWLINK, 0, &i, sizeof(i));
	weir_netlink_attr(b, IFLA_ADDRESS, c->guest_mac.b, 6);
	weir_netlink_attr(b, IFLA_MTU, &c->mtu, sizeof(c->mtu));
	weir_netlink_attr(b, IFLA_TXQLEN, &queue, sizeof(queue));
	weir_netlink_end(b);
}

int weir_netdev_move(const char *name, int netns, const struct weir_charter *c)
{
	struct ifinfomsg i = { .ifi_family = AF_UNSPEC };
	int fd = weir_netlink_open(0), index, r;
	uint32_t to = (uint32_t)netns;
	struct weir_netlink_batch b;

	if (fd < 0)
		return fd;
	index = index_of(fd, name);
	r = index < 0 ? index : 0;
	if (r == 0) {
		i.ifi_index = index;
		weir_netlink_start(&b);
		put_card(&b, index, c);
		weir_netlink_begin(&b, RTM_NEWLINK, 0, &i, sizeof(i));
		weir_netlink_attr(&b, IFLA_NET_NS_FD, &to, sizeof(to));
		weir_netlink_end(&b);
		r = weir_netlink_commit(fd, &b, NULL);
	}
	close(fd);
	return r;
}

static void put_address(struct weir_netlink_batch *b, int index,
			const struct weir_addr *a, uint8_t len)
{
	struct ifaddrmsg i = { .ifa_family = family_of(a),
			       .ifa_prefixlen = len,
			       .ifa_flags = IFA_F_PERMANENT | IFA_F_NODAD,
			       .ifa_scope = RT_SCOPE_UNIVERSE,
			       .ifa_index = (uint32_t)index };
	size_t n;
	const uint8_t *at = bytes_of(a, &n);

	weir_netlink_begin(b, RTM_NEWADDR, NLM_F_CREATE, &i, sizeof(i));
	weir_netlink_attr(b, IFA_LOCAL, at, n);
	weir_netlink_attr(b, IFA_ADDRESS, at, n);
	if (n == 4) {
		uint32_t host = weir_addr_to4(a) | (0xffffffffu >> len);
		struct weir_addr all = weir_addr_from4(host);

		weir_netlink_attr(b, IFA_BROADCAST, all.b + 12, 4);
	}
	weir_netlink_end(b);
}

static void put_default(struct weir_netlink_batch *b, int index,
			const struct weir_addr *via)
{
	struct rtmsg r = { .rtm_family = family_of(via),
			   .rtm_table = RT_TABLE_MAIN,
			   .rtm_protocol = RTPROT_STATIC,
			   .rtm_scope = RT_SCOPE_UNIVERSE,
			   .rtm_type = RTN_UNICAST };
	uint32_t out = (uint32_t)index;
	size_t n;
	const uint8_t *at = bytes_of(via, &n);

	weir_netlink_begin(b, RTM_NEWROUTE, NLM_F_CREATE, &r, sizeof(r));
	weir_netlink_attr(b, RTA_GATEWAY, at, n);
	weir_netlink_attr(b, RTA_OIF, &out, sizeof(out));
	weir_netlink_end(b);
}

static void put_neighbour(struct weir_netlink_batch *b, int index,
			  const struct weir_addr *a, const struct weir_mac *m)
{
	struct ndmsg d = { .ndm_family = family_of(a),
			   .ndm_ifindex = index,
			   .ndm_state = NUD_PERMANENT };
	size_t n;
	const uint8_t *at = bytes_of(a, &n);

	weir_netlink_begin(b, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &d,
			   sizeof(d));
	weir_netlink_attr(b, NDA_DST, at, n);
	weir_netlink_attr(b, NDA_LLADDR, m->b, sizeof(m->b));
	weir_netlink_end(b);
}

static void put_family(struct weir_netlink_batch *b, int index,
		       const struct weir_charter *c, bool six)
{
	const struct weir_addr *gateway = six ? &c->gateway6 : &c->gateway4;
	const struct weir_addr *dns = six ? &c->dns6 : &c->dns4;

	put_address(b, index, six ? &c->guest6 : &c->guest4,
		    six ? c->len6 : c->len4);
	put_default(b, index, six ? &c->router6 : gateway);
	put_neighbour(b, index, gateway, &c->gateway_mac);
	put_neighbour(b, index, dns, &c->gateway_mac);
	if (six)
		put_neighbour(b, index, &c->router6, &c->gateway_mac);
}

/* what request @n of the batch was about, for the operator */
static const char *name_of(unsigned n)
{
	static const char *const name[] = {
		"the loopback interface",
		"the card",
		"the card",
		"the IPv4 address",
		"the IPv4 route",
		"a neighbour",
		"a neighbour",
		"the IPv6 address",
		"the IPv6 route",
	};

	return n < sizeof(name) / sizeof(name[0]) ? name[n] : "a neighbour";
}

int weir_netdev_configure(const char *name, const struct weir_charter *c,
			  const char **ret_what)
{
	int fd = weir_netlink_open(0), index, lo, r;
	struct weir_netlink_batch b;
	unsigned failed = 0;

	*ret_what = "netlink";
	if (fd < 0)
		return fd;
	index = index_of(fd, name);
	lo = index_of(fd, "lo");
	r = index < 0 ? index : lo < 0 ? lo : 0;
	if (r == 0) {
		weir_netlink_start(&b);
		put_up(&b, lo);
		put_card(&b, index, c);
		put_up(&b, index);
		put_family(&b, index, c, false);
		if (c->has6)
			put_family(&b, index, c, true);
		r = weir_netlink_commit(fd, &b, &failed);
		*ret_what = name_of(failed);
	}
	close(fd);
	return r;
}
