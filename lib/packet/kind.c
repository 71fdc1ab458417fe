/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kind.c - who serves this frame?
 *
 * Four questions, in this order, and the first "no" is the reason: is it from
 * our guest (Ethernet source)?  Is it for us (Ethernet destination, which must
 * fit the IP destination)?  What is it?  May it come from that IP address?  The
 * last comes late because some messages may come from no address at all.
 */
#include "packet/kind.h"

#include "packet/eth.h"
#include "packet/icmp.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"

#define PORT_DNS    53u
#define PORT_DHCP   67u
#define PORT_DHCPV6 547u

bool weir_kind_is_ours(const struct weir_kind_facts *f,
		       const struct weir_addr *a)
{
	if (weir_addr_is_equal(a, &f->gateway4) ||
	    weir_addr_is_equal(a, &f->dns4))
		return true;
	return f->has6 && (weir_addr_is_equal(a, &f->gateway6) ||
			   weir_addr_is_equal(a, &f->dns6) ||
			   weir_addr_is_equal(a, &f->router6));
}

bool weir_kind_is_broadcast(const struct weir_kind_facts *f,
			    const struct weir_addr *a)
{
	uint32_t ip, host;

	if (!weir_addr_is4(a))
		return false;
	ip = weir_addr_to4(a);
	if (ip == UINT32_MAX)
		return true;
	if (f->len4 >= 31) /* RFC 3021: there is none */
		return false;
	host = UINT32_MAX >> f->len4;
	return (ip | host) == (weir_addr_to4(&f->guest4) | host) &&
	       (ip & host) == host;
}

static bool is_group(const struct weir_kind_facts *f, const struct weir_view *v)
{
	if (v->is_v6)
		return weir_ipv6_is_multicast(&v->to);
	return weir_ipv4_is_multicast(&v->to) ||
	       weir_kind_is_broadcast(f, &v->to);
}

static enum weir_reason check_macs(const struct weir_view *v,
				   const struct weir_kind_facts *f)
{
	static const struct weir_mac none;
	bool known = !weir_mac_is_equal(&f->guest, &none);

	if (known ? !weir_mac_is_equal(&v->src, &f->guest)
		  : weir_eth_is_group(&v->src) ||
			    weir_mac_is_equal(&v->src, &f->gateway))
		return WEIR_REASON_SPOOFED_MAC;
	if (v->is_v6 && !f->has6)
		return WEIR_REASON_NOT_FOR_US;
	if (weir_mac_is_equal(&v->dst, &f->gateway))
		return WEIR_REASON_NONE;
	if (!v->is_ip)
		return weir_eth_is_broadcast(&v->dst) ? WEIR_REASON_NONE
						      : WEIR_REASON_NOT_FOR_US;
	if (!is_group(f, v))
		return WEIR_REASON_NOT_FOR_US;
	if (v->is_v6)
		return weir_eth_is_group6(&v->dst) ? WEIR_REASON_NONE
						   : WEIR_REASON_NOT_FOR_US;
	return weir_eth_is_group4(&v->dst) || weir_eth_is_broadcast(&v->dst)
		       ? WEIR_REASON_NONE
		       : WEIR_REASON_NOT_FOR_US;
}

/* is @room one that serves a host that has no address yet? */
static bool needs_no_source(const struct weir_view *v, enum weir_kind_room room)
{
	if (room == WEIR_KIND_GROUP)
		return v->is_v6 ? v->proto == WEIR_PROTO_ICMPV6
				: v->proto == WEIR_PROTO_IGMP;
	return room == WEIR_KIND_ND || room == WEIR_KIND_DHCP ||
	       room == WEIR_KIND_DHCPV6;
}

static enum weir_reason check_source4(const struct weir_view *v,
				      const struct weir_kind_facts *f,
				      const struct weir_kind *k)
{
	if (weir_addr_is_equal(&v->from, &f->guest4))
		return WEIR_REASON_NONE;
	if (weir_addr_to4(&v->from) == 0 && needs_no_source(v, k->room))
		return WEIR_REASON_NONE;
	return WEIR_REASON_SPOOFED_SOURCE;
}

static enum weir_reason check_source6(const struct weir_view *v,
				      const struct weir_kind_facts *f,
				      struct weir_kind *k)
{
	if (weir_addr_is_equal(&v->from, &f->guest6))
		return WEIR_REASON_NONE;
	if (weir_addr_is_zero(&v->from))
		return needs_no_source(v, k->room) ? WEIR_REASON_NONE
						   : WEIR_REASON_SPOOFED_SOURCE;
	if (weir_kind_is_ours(f, &v->from))
		return WEIR_REASON_SPOOFED_SOURCE;
	if (weir_ipv6_is_linklocal(&v->from))
		return WEIR_REASON_NONE;
	if (!weir_ipv6_is_within(&v->from, &f->guest6, f->len6))
		return WEIR_REASON_SPOOFED_SOURCE;
	k->learn = true;
	return WEIR_REASON_NONE;
}

/* towards a host that is not us, with no hop left? */
static bool is_expired(const struct weir_view *v,
		       const struct weir_kind_facts *f)
{
	return v->ttl <= 1 && !is_group(f, v) && !weir_kind_is_ours(f, &v->to);
}

static enum weir_reason sort_ports(const struct weir_view *v,
				   const struct weir_kind_facts *f,
				   struct weir_kind *k)
{
	struct weir_rd in = v->l4;
	bool udp = v->proto == WEIR_PROTO_UDP, group = is_group(f, v);
	bool near = group || weir_kind_is_ours(f, &v->to);

	k->sport = weir_rd_be16(&in);
	k->dport = weir_rd_be16(&in);
	if (!weir_rd_ok(&in))
		return WEIR_REASON_SHORT;
	if (!udp && group)
		return WEIR_REASON_MULTICAST;
	if (udp && near && !v->is_v6 && k->dport == PORT_DHCP)
		k->room = WEIR_KIND_DHCP;
	else if (udp && near && v->is_v6 && k->dport == PORT_DHCPV6)
		k->room = WEIR_KIND_DHCPV6;
	else if (!group && k->dport == PORT_DNS)
		k->room = WEIR_KIND_DNS;
	else if (is_expired(v, f))
		k->room = WEIR_KIND_EXPIRED;
	else
		k->room = udp ? WEIR_KIND_UDP : WEIR_KIND_TCP;
	return WEIR_REASON_NONE;
}

static enum weir_kind_room sort_echo(const struct weir_view *v,
				     const struct weir_kind_facts *f)
{
	if (is_group(f, v))
		return WEIR_KIND_GROUP;
	if (weir_kind_is_ours(f, &v->to))
		return WEIR_KIND_ECHO_HERE;
	return is_expired(v, f) ? WEIR_KIND_EXPIRED : WEIR_KIND_ECHO;
}

/* ICMPv6 that is neither echo nor an error */
static enum weir_kind_room sort_icmp6(uint8_t type)
{
	switch (type) {
	case WEIR_ICMP6_RS:
	case WEIR_ICMP6_RA:
	case WEIR_ICMP6_NS:
	case WEIR_ICMP6_NA:
	case WEIR_ICMP6_REDIRECT:
		return WEIR_KIND_ND;
	case WEIR_ICMP6_MLD_QUERY:
	case WEIR_ICMP6_MLD_REPORT:
	case WEIR_ICMP6_MLD_DONE:
	case WEIR_ICMP6_MLD2_REPORT:
		return WEIR_KIND_GROUP;
	default:
		return WEIR_KIND_OTHER;
	}
}

static enum weir_reason sort_icmp(const struct weir_view *v,
				  const struct weir_kind_facts *f,
				  struct weir_kind *k)
{
	struct weir_rd in = v->l4;
	struct weir_icmp m;

	if (weir_icmp_parse(&in, &m) != WEIR_REASON_NONE)
		return WEIR_REASON_SHORT;
	k->room = WEIR_KIND_OTHER;
	if (v->is_v6)
		k->room = sort_icmp6(m.type);
	if (k->room != WEIR_KIND_OTHER)
		return WEIR_REASON_NONE;
	if (weir_icmp_is_echo(&m, v->is_v6))
		k->room = sort_echo(v, f);
	else if (weir_icmp_is_error(m.type, v->is_v6))
		k->room = WEIR_KIND_ICMP_ERROR;
	return WEIR_REASON_NONE;
}

static enum weir_reason sort(const struct weir_view *v,
			     const struct weir_kind_facts *f,
			     struct weir_kind *k)
{
	k->room = WEIR_KIND_OTHER;
	if (v->fragment) {
		k->room = WEIR_KIND_FRAGMENT;
		return WEIR_REASON_NONE;
	}
	if (v->proto == WEIR_PROTO_TCP || v->proto == WEIR_PROTO_UDP)
		return sort_ports(v, f, k);
	if (v->proto == (v->is_v6 ? WEIR_PROTO_ICMPV6 : WEIR_PROTO_ICMP))
		return sort_icmp(v, f, k);
	if (!v->is_v6 && v->proto == WEIR_PROTO_IGMP)
		k->room = WEIR_KIND_GROUP;
	return WEIR_REASON_NONE;
}

enum weir_reason weir_kind_find(const struct weir_view *v,
				const struct weir_kind_facts *f,
				struct weir_kind *ret)
{
	struct weir_kind k = { .room = WEIR_KIND_ARP };
	enum weir_reason why = check_macs(v, f);

	if (why == WEIR_REASON_NONE && v->is_ip)
		why = sort(v, f, &k);
	if (why == WEIR_REASON_NONE && v->is_ip)
		why = v->is_v6 ? check_source6(v, f, &k)
			       : check_source4(v, f, &k);
	if (why == WEIR_REASON_NONE)
		*ret = k;
	return why;
}
