/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.c - from what was asked for, and what the host is, to one network
 *
 * The guest's subnet is private to it: nothing on the host routes there.  It
 * must only not hide a subnet that the host really has, so a few are tried
 * and the first that overlaps none of the host's wins.
 */
#include "control/plan.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "policy/quota.h"
#include "sys/netdev.h"

static_assert(WEIR_QUOTA_RATE_MAX <= WEIR_CHARTER_RATE_MAX &&
		      WEIR_QUOTA_BURST_MAX <= WEIR_CHARTER_BURST_MAX,
	      "every rate that can be said can be told to the engine");

#define MTU_SOCKET 1500u /* what a virtual machine expects */
#define MAC_GUEST                                                              \
	{                                                                      \
		{                                                              \
			0x02, 'w', 'e', 'i', 'r', 0x0f                         \
		}                                                              \
	}
#define MAC_GATEWAY                                                            \
	{                                                                      \
		{                                                              \
			0x02, 'w', 'e', 'i', 'r', 0x02                         \
		}                                                              \
	}

static_assert(WEIR_PLAN_IDLE_MAX_S <= UINT32_MAX / 1000u,
	      "an idle time is told in milliseconds");

/* @where: in the file; NULL: by @option */
static bool refuse(char why[WEIR_PLAN_WHY_BYTES], const char *where,
		   const char *option, const char *sentence)
{
	snprintf(why, WEIR_PLAN_WHY_BYTES, "%s: %s", where ? where : option,
		 sentence);
	return false;
}

static uint32_t free_subnet(const struct weir_hostnet *h)
{
	static const uint32_t try[] = {
		0x0a000200, /* 10.0.2.0 */
		0x0a71c800, /* 10.113.200.0 */
		0xac1dc800, /* 172.29.200.0 */
		0xc0a8de00, /* 192.168.222.0 */
		0x647dc800, /* 100.125.200.0 */
	};

	for (size_t i = 0; i < sizeof(try) / sizeof(try[0]); i++) {
		struct weir_addr a = weir_addr_from4(try[i]);

		if (!weir_hostnet_is_using(h, &a, 96 + 24))
			return try[i];
	}
	return try[0];
}

/* the first address of the subnet from .2 on that is none of the two */
static struct weir_addr free_host(struct weir_addr net, unsigned bits,
				  const struct weir_addr *a,
				  const struct weir_addr *b)
{
	for (unsigned i = bits; i < 128; i++)
		net.b[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
	net.b[15] |= 2;
	while (weir_addr_is_equal(&net, a) || weir_addr_is_equal(&net, b))
		net.b[15]++;
	return net;
}

static bool plan_ipv4(const struct weir_orders *o, const struct weir_hostnet *h,
		      struct weir_charter *c, char *why)
{
	uint32_t mask, last;

	c->guest4 = o->ipv4;
	c->len4 = o->len4;
	if (!o->has_ipv4) {
		uint32_t net = free_subnet(h);

		if (o->has_gateway)
			net = weir_addr_to4(&o->gateway) & 0xffffff00;
		c->guest4 = weir_addr_from4(net | 15);
		c->len4 = 24;
	}
	if (c->len4 < 8 || c->len4 > 29)
		return refuse(why, o->place.ipv4, "--ipv4",
			      "the prefix must be 8 to 29 bits, "
			      "there are three addresses in it");
	c->gateway4 = o->has_gateway ? o->gateway
				     : free_host(c->guest4, 96u + c->len4,
						 &c->guest4, &c->guest4);
	c->dns4 = free_host(c->guest4, 96u + c->len4, &c->guest4, &c->gateway4);
	mask = 0xffffffffu >> c->len4;
	last = weir_addr_to4(&c->guest4) & mask;
	if (last == 0 || last == mask)
		return refuse(why, o->place.ipv4, "--ipv4",
			      "that is the subnet's own or its "
			      "broadcast address, choose another");
	last = weir_addr_to4(&c->gateway4) & mask;
	if (last == 0 || last == mask ||
	    ((weir_addr_to4(&c->gateway4) ^ weir_addr_to4(&c->guest4)) & ~mask))
		return refuse(why, o->place.gateway, "--gateway",
			      "the address must be one of the "
			      "guest's subnet");
	if (weir_addr_is_equal(&c->gateway4, &c->guest4))
		return refuse(why, o->place.gateway, "--gateway",
			      "that is the guest's own "
			      "address, choose another");
	return true;
}

static bool plan_ipv6(const struct weir_orders *o, const struct weir_hostnet *h,
		      struct weir_charter *c, char *why)
{
	static const struct weir_addr guest = { .b = { 0xfd, 0x77, 0x69,
						       0x72, [15] = 0x15 } };

	c->has6 = o->six == WEIR_PLAN_IPV6_GIVEN ||
		  (o->six == WEIR_PLAN_IPV6_AUTO && weir_hostnet_has_ipv6(h) &&
		   c->mtu >= WEIR_MTU_IPV6_MIN);
	if (!c->has6)
		return true;
	if (c->mtu < WEIR_MTU_IPV6_MIN)
		return refuse(why, o->place.ipv6, "--ipv6",
			      "IPv6 needs an MTU of 1280 or more, "
			      "see --mtu");
	c->guest6 = o->six == WEIR_PLAN_IPV6_GIVEN ? o->ipv6 : guest;
	c->len6 = o->six == WEIR_PLAN_IPV6_GIVEN ? o->len6 : 64;
	if (c->len6 < 8 || c->len6 > 125)
		return refuse(why, o->place.ipv6, "--ipv6",
			      "the prefix must be 8 to 125 bits, "
			      "there are three addresses in it");
	c->gateway6 = free_host(c->guest6, c->len6, &c->guest6, &c->guest6);
	c->dns6 = free_host(c->guest6, c->len6, &c->guest6, &c->gateway6);
	c->router6 = (struct weir_addr){ .b = { 0xfe, 0x80, [15] = 0x02 } };
	return true;
}

bool weir_plan_parse_rate(const char *text, struct weir_charter_rate *ret,
			  const char **ret_why)
{
	struct weir_quota_rate r;

	if (!weir_quota_parse(text, strlen(text), &r, ret_why))
		return false;
	*ret = (struct weir_charter_rate){ .bytes_per_s = r.bytes_per_s,
					   .packets_per_s = r.packets_per_s,
					   .burst_bytes = r.burst_bytes };
	return true;
}

bool weir_plan_is_card(const char *name)
{
	return weir_netdev_is_name(name);
}

/* for guests that ask; what is no name, or too much, is left out */
static void plan_search(const struct weir_orders *o,
			const struct weir_resolvers *r, struct weir_charter *c)
{
	uint32_t n = o->n_search ? o->n_search : r->n_search;

	for (uint32_t i = 0; i < n; i++) {
		const char *name = o->n_search ? o->search[i] : r->search[i];

		(void)weir_charter_add_search(c, name, strlen(name));
	}
}

void weir_plan_upstreams(const struct weir_orders *o,
			 const struct weir_resolvers *r, struct weir_charter *c)
{
	const struct weir_charter_upstream *from =
		o->n_dns ? o->dns : r->server;

	c->n_upstreams = o->n_dns ? o->n_dns : r->n_servers;
	memcpy(c->upstream, from, c->n_upstreams * sizeof(*from));
}

void weir_plan_own(const struct weir_hostnet *h, struct weir_charter *c)
{
	c->n_own = h->n;
	memcpy(c->own, h->addr, h->n * sizeof(h->addr[0]));
}

bool weir_plan_make(const struct weir_orders *o, const struct weir_hostnet *h,
		    const struct weir_resolvers *r, struct weir_charter *ret,
		    char why[WEIR_PLAN_WHY_BYTES])
{
	static const struct weir_mac guest = MAC_GUEST, gateway = MAC_GATEWAY;
	struct weir_charter *c = ret;

	*c = (struct weir_charter){ .link = o->serve.link ? o->serve.link
							  : WEIR_CHARTER_TAP,
				    .jumbo = o->serve.jumbo };
	c->mtu = c->link == WEIR_CHARTER_TAP ? WEIR_MTU_MAX : MTU_SOCKET;
	c->mtu = o->mtu ? o->mtu : c->mtu;
	c->guest_mac = o->has_mac ? o->mac : guest;
	c->any_mac = !o->has_mac && c->link != WEIR_CHARTER_TAP;
	c->gateway_mac = gateway;
	if (weir_mac_is_equal(&c->guest_mac, &gateway))
		c->gateway_mac.b[5]++;
	if (!plan_ipv4(o, h, c, why) || !plan_ipv6(o, h, c, why))
		return false;
	c->verbose = o->verbose;
	c->max_flows = o->max_flows ? o->max_flows : WEIR_CONNS_MAX;
	c->flows_per_second = o->flows_per_second;
	c->payload_bytes =
		o->payload_bytes ? o->payload_bytes : WEIR_PAYLOAD_BYTES;
	c->idle_s = o->idle_s ? o->idle_s : WEIR_IDLE_MS / 1000;
	c->udp_conversations = o->udp_conversations
				       ? o->udp_conversations
				       : WEIR_UDP_CONVERSATIONS_MAX;
	c->dns_timeout_ms =
		o->dns_timeout_ms ? o->dns_timeout_ms : WEIR_DNS_TIMEOUT_MS;
	c->dns_cache_entries = o->has_dns_cache ? o->dns_cache_entries
						: WEIR_DNS_CACHE_ENTRIES;
	c->up = o->up;
	c->down = o->down;
	plan_search(o, r, c);
	c->n_hosts = o->n_hosts;
	memcpy(c->host, o->host, o->n_hosts * sizeof(o->host[0]));
	weir_plan_upstreams(o, r, c);
	weir_plan_own(h, c);
	return weir_charter_is_valid(c) ||
	       refuse(why, o->place.ipv4 ? o->place.ipv4 : o->place.ipv6,
		      "--ipv4, --gateway, --ipv6, --mac",
		      "the addresses given do not make a network");
}
