/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease.c - the guest asks for its address, by DHCP or DHCPv6
 *
 * There is one guest and one address of each family, and the guest may use it
 * whether it asked or not.  So there is nothing to remember: an answer follows
 * from the question alone, no table can be filled, and a guest that renews
 * with a Weir that was started anew is served as if nothing had happened.
 *
 *	DHCP question                        answer
 *	DISCOVER                             OFFER; with Rapid Commit ACK
 *	REQUEST to another server            none: it chose that one
 *	REQUEST, reboot, renew, rebind
 *	    for the guest's address          ACK
 *	    for any other                    NAK
 *	INFORM                               ACK without a lease
 *	DECLINE, RELEASE                     none: the address stays its own
 *
 *	DHCPv6 question                      answer
 *	SOLICIT                              ADVERTISE; with Rapid Commit REPLY
 *	REQUEST, RENEW, REBIND               REPLY: the address, and every other
 *	                                     it named with no life left
 *	CONFIRM                              REPLY: on the link or not
 *	RELEASE, DECLINE                     REPLY: success
 *	INFORMATION-REQUEST                  REPLY: resolver and search list
 *	to another server                    none
 *	to one of our addresses              REPLY: use multicast, or none
 *	                                     (RFC 8415 18.4)
 *
 * The first IA_NA of a message gets the address; further ones, temporary
 * addresses and prefixes are answered with "none available", so that a client
 * that asks for all of them goes on with what it has.
 *
 * Where an IPv4 answer goes (RFC 2131 4.1): a NAK to everybody; to the address
 * the client has, if it says one; to everybody if it says it cannot do
 * otherwise; else to the address it is given and its Ethernet address.
 *
 * Invariants: one frame in, at most one out, of at most
 * WEIR_LEASE_ANSWER_BYTES; a name that the guest gives itself is never read.
 *
 * Limits: a declined address is offered again: there is no other one.
 * RFC 2131, 2132, 3397, 4039, 6842, 8415, 3646.
 */
#include "flow/lease.h"

#include "base/must.h"
#include "packet/csum.h"
#include "packet/eth.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"
#include "packet/udp.h"

#define ANSWER_HOPS 64u
#define PACKET_MAX  (WEIR_LEASE_ANSWER_BYTES - WEIR_ETH_HEADER_BYTES)
#define HEADERS4    (WEIR_IPV4_HEADER_BYTES + WEIR_UDP_HEADER_BYTES)
#define HEADERS6    (WEIR_IPV6_HEADER_BYTES + WEIR_UDP_HEADER_BYTES)

static const struct weir_addr nobody4 = { .b = { [10] = 0xff, 0xff } };
static const struct weir_addr everybody4 = {
	.b = { [10] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }
};

void weir_lease_init(struct weir_lease *l,
		     const struct weir_lease_config *config)
{
	const struct weir_kind_facts *net = &config->net;

	weir_must(config->hostname_len <= sizeof(l->hostname));
	weir_must(config->search_len <= sizeof(l->search));
	weir_must(weir_addr_is4(&net->gateway4) && weir_addr_is4(&net->dns4) &&
		  weir_addr_is4(&net->guest4) && net->len4 <= 32);
	*l = (struct weir_lease){ .config = *config };
	if (config->hostname_len)
		memcpy(l->hostname, config->hostname, config->hostname_len);
	if (config->search_len)
		memcpy(l->search, config->search, config->search_len);
	l->config.hostname = l->hostname;
	l->config.search = l->search;
}

/* --- in and out --- */

/*
 * The message in one place: it may lie in several, and be longer than what
 * must lie in the first.
 */
static enum weir_reason take_message(const struct weir_view *v,
				     const struct weir_spans *frame,
				     uint8_t bytes[], struct weir_rd *ret)
{
	struct weir_rd in = v->l4;
	struct weir_udp udp;
	enum weir_reason why;
	size_t len;

	if (!v->is_ip || v->fragment || v->proto != WEIR_PROTO_UDP)
		return WEIR_REASON_DHCP;
	why = weir_udp_parse(&in, v->l4_len, &udp);
	if (why == WEIR_REASON_NONE)
		why = weir_view_l4_csum(v, frame, NULL);
	if (why != WEIR_REASON_NONE)
		return why;
	len = udp.len - WEIR_UDP_HEADER_BYTES;
	if (len > WEIR_LEASE_MESSAGE_MAX_BYTES)
		return WEIR_REASON_DHCP;
	len = weir_spans_copy(frame, v->l4_at + WEIR_UDP_HEADER_BYTES, bytes,
			      len);
	*ret = weir_rd_over(bytes, len);
	return WEIR_REASON_NONE;
}

/* whom an answer goes to */
struct way {
	struct weir_mac mac;
	struct weir_addr from, to;
};

static void write_ip(const struct way *w, size_t len, struct weir_wr *out)
{
	if (weir_addr_is4(&w->to))
		weir_ipv4_build(
			&(struct weir_ipv4){
				.ttl = ANSWER_HOPS,
				.proto = WEIR_PROTO_UDP,
				.total_len = (uint16_t)(WEIR_IPV4_HEADER_BYTES +
							len),
				.df = true,
				.from = w->from,
				.to = w->to },
			out);
	else
		weir_ipv6_build(&(struct weir_ipv6){ .hops = ANSWER_HOPS,
						     .proto = WEIR_PROTO_UDP,
						     .payload_len =
							     (uint16_t)len,
						     .from = w->from,
						     .to = w->to },
				out);
}

/* a whole frame around a message; nothing if there is no room */
static enum weir_reason send(const struct weir_lease *l, const struct way *w,
			     const struct weir_wr *body, struct weir_wr *out)
{
	bool v4 = weir_addr_is4(&w->to);
	size_t len = WEIR_UDP_HEADER_BYTES + weir_wr_len(body), at;
	struct weir_wr before = *out;
	const struct weir_udp udp = {
		.sport = v4 ? WEIR_DHCP_PORT_SERVER : WEIR_DHCPV6_PORT_SERVER,
		.dport = v4 ? WEIR_DHCP_PORT_CLIENT : WEIR_DHCPV6_PORT_CLIENT,
		.len = (uint16_t)len,
	};
	uint32_t sum;

	weir_must(weir_wr_ok(body));
	weir_eth_build(&(struct weir_eth){ .dst = w->mac,
					   .src = l->config.net.gateway,
					   .type = v4 ? WEIR_ETH_IPV4
						      : WEIR_ETH_IPV6 },
		       out);
	write_ip(w, len, out);
	at = weir_wr_len(out);
	weir_udp_build(&udp, out);
	weir_wr_copy(out, body->start, weir_wr_len(body));
	if (!weir_wr_ok(out)) {
		*out = before;
		return WEIR_REASON_OVERSIZE;
	}
	sum = weir_csum_pseudo(&w->from, &w->to, WEIR_PROTO_UDP, (uint32_t)len);
	sum = weir_csum_add(sum, out->start + at, len);
	weir_wr_put16(out, at + WEIR_UDP_CSUM_AT, weir_csum_finish_udp(sum));
	return WEIR_REASON_NONE;
}

/* --- DHCP --- */

static enum weir_dhcp_type judge_request(const struct weir_kind_facts *net,
					 const struct weir_dhcp *q)
{
	bool has_client = !weir_addr_is_equal(&q->client, &nobody4);

	if (q->has_server && !weir_addr_is_equal(&q->server, &net->gateway4))
		return WEIR_DHCP_NOTHING;
	if (q->has_requested)
		return weir_addr_is_equal(&q->requested, &net->guest4)
			       ? WEIR_DHCP_ACK
			       : WEIR_DHCP_NAK;
	return has_client && weir_addr_is_equal(&q->client, &net->guest4)
		       ? WEIR_DHCP_ACK
		       : WEIR_DHCP_NAK;
}

/* which message answers; NOTHING: none */
static enum weir_dhcp_type judge4(const struct weir_kind_facts *net,
				  const struct weir_dhcp *q)
{
	switch (q->type) {
	case WEIR_DHCP_DISCOVER:
		return q->rapid ? WEIR_DHCP_ACK : WEIR_DHCP_OFFER;
	case WEIR_DHCP_REQUEST:
		return judge_request(net, q);
	case WEIR_DHCP_INFORM:
		return WEIR_DHCP_ACK;
	case WEIR_DHCP_DECLINE:
	case WEIR_DHCP_RELEASE:
	case WEIR_DHCP_NOTHING:
	case WEIR_DHCP_OFFER:
	case WEIR_DHCP_ACK:
	case WEIR_DHCP_NAK:
		break;
	}
	return WEIR_DHCP_NOTHING;
}

/* a request for no address at all, or facts for an address that is not ours */
static bool is_senseless(const struct weir_kind_facts *net,
			 const struct weir_dhcp *q)
{
	if (q->type == WEIR_DHCP_REQUEST)
		return !q->has_requested &&
		       weir_addr_is_equal(&q->client, &nobody4);
	return q->type == WEIR_DHCP_INFORM &&
	       !weir_addr_is_equal(&q->client, &net->guest4);
}

static struct way find_way4(const struct weir_kind_facts *net,
			    const struct weir_dhcp *q, enum weir_dhcp_type type)
{
	struct way w = { .mac = q->mac,
			 .from = net->gateway4,
			 .to = net->guest4 };

	if (type != WEIR_DHCP_NAK &&
	    (weir_addr_is_equal(&q->client, &net->guest4) || !q->broadcast))
		return w;
	memset(w.mac.b, 0xff, sizeof(w.mac.b));
	w.to = everybody4;
	return w;
}

static struct weir_dhcp_answer fill4(const struct weir_lease *l,
				     const struct weir_dhcp *q,
				     enum weir_dhcp_type type)
{
	const struct weir_lease_config *c = &l->config;
	struct weir_dhcp_answer a = { .type = type,
				      .client = nobody4,
				      .your = nobody4,
				      .server = c->net.gateway4,
				      .dns = c->net.dns4,
				      .len4 = c->net.len4,
				      .mtu = c->mtu,
				      .hostname = c->hostname,
				      .hostname_len = c->hostname_len,
				      .search = c->search,
				      .search_len = c->search_len };

	a.rapid = q->type == WEIR_DHCP_DISCOVER;
	if (q->type == WEIR_DHCP_INFORM ||
	    (q->type == WEIR_DHCP_REQUEST && type == WEIR_DHCP_ACK))
		a.client = q->client;
	if (q->type != WEIR_DHCP_INFORM) {
		a.your = c->net.guest4;
		a.lease_s = WEIR_LEASE_S;
	}
	return a;
}

static enum weir_reason answer4(const struct weir_lease *l,
				const struct weir_view *v, struct weir_rd *in,
				struct weir_wr *out)
{
	const struct weir_kind_facts *net = &l->config.net;
	uint8_t bytes[PACKET_MAX - HEADERS4];
	struct weir_wr body = weir_wr_over(bytes, sizeof(bytes));
	struct weir_dhcp_answer a;
	struct weir_dhcp q;
	struct way w;
	size_t room;

	if (weir_dhcp_parse(in, &q) != WEIR_REASON_NONE ||
	    is_senseless(net, &q))
		return WEIR_REASON_DHCP;
	if (!weir_mac_is_equal(&q.mac, &v->src))
		return WEIR_REASON_SPOOFED_MAC;
	a = fill4(l, &q, judge4(net, &q));
	if (a.type == WEIR_DHCP_NOTHING)
		return WEIR_REASON_NONE;
	room = q.packet_max < l->config.mtu ? q.packet_max : l->config.mtu;
	if (room < WEIR_DHCP_PACKET_BYTES)
		room = WEIR_DHCP_PACKET_BYTES;
	if (body.left > room - HEADERS4)
		body.left = room - HEADERS4;
	weir_dhcp_build(&q, &a, &body);
	w = find_way4(net, &q, a.type);
	return send(l, &w, &body, out);
}

/* --- DHCPv6 --- */

static bool is_on_link(const struct weir_kind_facts *net,
		       const struct weir_dhcpv6_ia *ia)
{
	for (unsigned i = 0; i < ia->n; i++) {
		if (!weir_ipv6_is_within(&ia->addr[i], &net->guest6, net->len6))
			return false;
	}
	return true;
}

/* The associations as they were asked for, and what becomes of each. */
static void give6(const struct weir_kind_facts *net,
		  const struct weir_dhcpv6 *q, struct weir_dhcpv6_answer *a)
{
	bool given = false;

	a->n = q->n;
	for (unsigned i = 0; i < q->n; i++) {
		struct weir_dhcpv6_ia *ia = &a->ia[i];

		*ia = q->ia[i];
		if (ia->code == WEIR_DHCPV6_IA_PD)
			ia->status = WEIR_DHCPV6_NO_PREFIX;
		else if (ia->code == WEIR_DHCPV6_IA_TA || given)
			ia->status = WEIR_DHCPV6_NO_ADDRS;
		else if (q->type == WEIR_DHCPV6_REQUEST && !is_on_link(net, ia))
			ia->status = WEIR_DHCPV6_NOT_ON_LINK;
		else
			given = true;
	}
}

/* true if there is an answer */
static bool confirm6(const struct weir_kind_facts *net,
		     const struct weir_dhcpv6 *q, struct weir_dhcpv6_answer *a)
{
	unsigned named = 0;

	a->has_status = true;
	for (unsigned i = 0; i < q->n; i++) {
		named += q->ia[i].n;
		if (!is_on_link(net, &q->ia[i]))
			a->status = WEIR_DHCPV6_NOT_ON_LINK;
	}
	return named > 0; /* RFC 8415 18.3.3: nothing to confirm */
}

/* true if there is an answer */
static bool judge6(const struct weir_kind_facts *net,
		   const struct weir_dhcpv6 *q, struct weir_dhcpv6_answer *a)
{
	switch (q->type) {
	case WEIR_DHCPV6_SOLICIT:
		a->rapid = q->rapid;
		if (!q->rapid)
			a->type = WEIR_DHCPV6_ADVERTISE;
		give6(net, q, a);
		return true;
	case WEIR_DHCPV6_REQUEST:
	case WEIR_DHCPV6_RENEW:
	case WEIR_DHCPV6_REBIND:
		give6(net, q, a);
		return true;
	case WEIR_DHCPV6_CONFIRM:
		a->has_network = false;
		return confirm6(net, q, a);
	case WEIR_DHCPV6_RELEASE:
	case WEIR_DHCPV6_DECLINE:
		a->has_network = false;
		a->has_status = true;
		return true;
	case WEIR_DHCPV6_INFORMATION:
		return true;
	case WEIR_DHCPV6_NOTHING:
	case WEIR_DHCPV6_ADVERTISE:
	case WEIR_DHCPV6_REPLY:
		break;
	}
	return false;
}

/* to one of our addresses, which no client was ever told to do */
static bool refuse_unicast(const struct weir_dhcpv6 *q,
			   struct weir_dhcpv6_answer *a)
{
	a->has_network = false;
	a->has_status = true;
	a->status = WEIR_DHCPV6_USE_MULTICAST;
	return q->type == WEIR_DHCPV6_REQUEST || q->type == WEIR_DHCPV6_RENEW ||
	       q->type == WEIR_DHCPV6_RELEASE || q->type == WEIR_DHCPV6_DECLINE;
}

static enum weir_reason answer6(const struct weir_lease *l,
				const struct weir_view *v, struct weir_rd *in,
				struct weir_wr *out)
{
	const struct weir_lease_config *c = &l->config;
	uint8_t bytes[PACKET_MAX - HEADERS6];
	struct weir_wr body = weir_wr_over(bytes, sizeof(bytes));
	struct weir_dhcpv6_answer a = { .type = WEIR_DHCPV6_REPLY,
					.server = c->net.gateway,
					.given = c->net.guest6,
					.lease_s = WEIR_LEASE_S,
					.has_network = true,
					.dns = c->net.dns6,
					.search = c->search,
					.search_len = c->search_len };
	struct way w = { .mac = v->src,
			 .from = c->net.gateway6,
			 .to = v->from };
	struct weir_dhcpv6 q;
	bool has_answer;

	if (weir_addr_is_zero(&v->from) ||
	    weir_dhcpv6_parse(in, &q) != WEIR_REASON_NONE)
		return WEIR_REASON_DHCP;
	if (q.server_len &&
	    !weir_dhcpv6_is_server(q.server, q.server_len, &c->net.gateway))
		return WEIR_REASON_NONE;
	has_answer = weir_ipv6_is_multicast(&v->to) ? judge6(&c->net, &q, &a)
						    : refuse_unicast(&q, &a);
	if (!has_answer)
		return WEIR_REASON_NONE;
	if (weir_ipv6_is_linklocal(&v->from))
		w.from = c->net.router6;
	weir_dhcpv6_build(&q, &a, &body);
	return send(l, &w, &body, out);
}

enum weir_reason weir_lease_answer(const struct weir_lease *l,
				   const struct weir_view *v,
				   const struct weir_spans *frame,
				   struct weir_wr *out)
{
	uint8_t bytes[WEIR_LEASE_MESSAGE_MAX_BYTES];
	struct weir_rd in;
	enum weir_reason why = take_message(v, frame, bytes, &in);

	if (why != WEIR_REASON_NONE)
		return why;
	return v->is_v6 ? answer6(l, v, &in, out) : answer4(l, v, &in, out);
}
