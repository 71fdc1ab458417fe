/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk.c - answers to the guest that need nobody else
 *
 * The guest sees one neighbour: the gateway's Ethernet address, which stands
 * for the gateway, the DNS address and the router's link-local address.  The
 * desk speaks for that neighbour and for nobody else: whoever asks for another
 * address gets no answer, and finds out that nobody is there.
 *
 *	question                          answer
 *	ARP request for one of ours       ARP reply (a probe for it as well:
 *	                                  RFC 5227 2.4, the address is taken)
 *	neighbour solicitation for ours   advertisement; to all nodes if the
 *	                                  asker has no address yet
 *	router solicitation               router advertisement
 *	echo to one of ours               echo reply
 *	a packet without a hop left       time exceeded
 *	(the engine's word)               unreachable, prohibited, too big
 *
 * Every answer is a whole frame.  It is written to the end or not at all: if
 * there is no room the writer is put back to where it stood.
 *
 * Invariants:
 * 1. One frame in, at most one out, never longer than the question or
 *    WEIR_DESK_ANSWER_BYTES: the desk cannot be made to amplify.
 * 2. Errors cost a token; a guest that provokes them faster than
 *    WEIR_DESK_ERRORS_PER_S gets silence, and is counted.
 * 3. An address is learned from frames of the guest only, and never one of
 *    ours.
 *
 * Limits: no redirects, no proxying for others, no unsolicited neighbour
 * advertisements.
 * RFC 826, 4443, 4861, 4862, 5227, 6980 (fragments never get here), 8106.
 */
#include "flow/desk.h"

#include "base/must.h"
#include "packet/arp.h"
#include "packet/csum.h"
#include "packet/eth.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"

#define ANSWER_TTL         64u
#define MILLI              1000u
#define ROUTER_LIFETIME_S  5400u  /* three times WEIR_DESK_RA_MS */
#define PREFIX_VALID_S     86400u /* a day: a guest outlives pauses of Weir */
#define PREFIX_PREFERRED_S 14400u
#define PREFIX_BITS_SLAAC  64u /* RFC 4862 5.5.3 (d), RFC 2464 4 */
#define MTU_IPV6_MIN       1280u

static const struct weir_addr all_nodes = { .b = { 0xff, 0x02, [15] = 0x01 } };

void weir_desk_init(struct weir_desk *d, const struct weir_desk_config *config,
		    uint64_t now_ms)
{
	const struct weir_kind_facts *net = &config->net;

	weir_must(config->dnssl_len <= sizeof(d->dnssl));
	weir_must(weir_addr_is4(&net->gateway4) && weir_addr_is4(&net->dns4));
	*d = (struct weir_desk){ .config = *config, .filled_ms = now_ms };
	if (config->dnssl_len)
		memcpy(d->dnssl, config->dnssl, config->dnssl_len);
	d->config.dnssl = d->dnssl;
	d->tokens_milli = WEIR_DESK_ERRORS_BURST * MILLI;
	d->ra_due_ms =
		net->has6 && config->ra ? now_ms + WEIR_DESK_RA_MS : UINT64_MAX;
}

void weir_desk_meet(struct weir_desk *d, const struct weir_mac *guest)
{
	d->config.net.guest = *guest;
}

static unsigned find_neighbour(const struct weir_desk *d,
			       const struct weir_addr *addr)
{
	unsigned i;

	if (d->last < d->n_learned &&
	    weir_addr_is_equal(&d->learned[d->last].addr, addr))
		return d->last;
	for (i = 0; i < d->n_learned; i++) {
		if (weir_addr_is_equal(&d->learned[i].addr, addr))
			break;
	}
	return i;
}

/* a place for one more address; WEIR_DESK_NEIGHBOURS_MAX if there is none */
static unsigned take_place(struct weir_desk *d, uint64_t now_ms)
{
	unsigned oldest = 0;

	if (d->n_learned < WEIR_DESK_NEIGHBOURS_MAX)
		return d->n_learned++;
	for (unsigned i = 1; i < d->n_learned; i++) {
		if (d->learned[i].used_ms < d->learned[oldest].used_ms)
			oldest = i;
	}
	if (now_ms - d->learned[oldest].used_ms < WEIR_DESK_NEIGHBOUR_IDLE_MS)
		return WEIR_DESK_NEIGHBOURS_MAX;
	return oldest;
}

enum weir_reason weir_desk_admit(struct weir_desk *d,
				 const struct weir_addr *addr, uint64_t now_ms)
{
	unsigned i;

	if (weir_kind_is_ours(&d->config.net, addr))
		return WEIR_REASON_SPOOFED_SOURCE;
	i = find_neighbour(d, addr);
	if (i == d->n_learned)
		i = take_place(d, now_ms);
	if (i == WEIR_DESK_NEIGHBOURS_MAX)
		return WEIR_REASON_SPOOFED_SOURCE;
	d->learned[i].addr = *addr;
	d->learned[i].used_ms = now_ms;
	d->last = i;
	return WEIR_REASON_NONE;
}

static void write_eth(const struct weir_desk *d, const struct weir_mac *to,
		      uint16_t type, struct weir_wr *out)
{
	weir_eth_build(&(struct weir_eth){ .dst = *to,
					   .src = d->config.net.gateway,
					   .type = type },
		       out);
}

void weir_desk_address(const struct weir_desk *d, bool v6, struct weir_wr *out)
{
	write_eth(d, &d->config.net.guest, v6 ? WEIR_ETH_IPV6 : WEIR_ETH_IPV4,
		  out);
}

/* an answer that did not fit is no answer */
static enum weir_reason close_answer(struct weir_wr *out,
				     const struct weir_wr *before)
{
	if (weir_wr_ok(out))
		return WEIR_REASON_NONE;
	*out = *before;
	return WEIR_REASON_OVERSIZE;
}

static enum weir_reason answer_arp(const struct weir_desk *d,
				   const struct weir_view *v,
				   struct weir_wr *out)
{
	const struct weir_kind_facts *net = &d->config.net;
	struct weir_rd in = v->l3;
	struct weir_wr before = *out;
	struct weir_arp q, a;
	enum weir_reason why = weir_arp_parse(&in, &q);

	if (why != WEIR_REASON_NONE)
		return why;
	if (!weir_mac_is_equal(&q.from_mac, &v->src))
		return WEIR_REASON_SPOOFED_MAC;
	if (weir_addr_to4(&q.from) != 0 &&
	    !weir_addr_is_equal(&q.from, &net->guest4))
		return WEIR_REASON_SPOOFED_SOURCE;
	if (q.op != WEIR_ARP_REQUEST ||
	    (!weir_addr_is_equal(&q.to, &net->gateway4) &&
	     !weir_addr_is_equal(&q.to, &net->dns4)))
		return WEIR_REASON_NONE;
	a = (struct weir_arp){ .op = WEIR_ARP_REPLY,
			       .from_mac = net->gateway,
			       .to_mac = q.from_mac,
			       .from = q.to,
			       .to = q.from };
	write_eth(d, &v->src, WEIR_ETH_ARP, out);
	weir_arp_build(&a, out);
	return close_answer(out, &before);
}

/*
 * The Ethernet and IPv6 headers of a message of discovery; its body follows,
 * and then close_nd(), which knows how long it became.
 */
static void open_nd(const struct weir_desk *d, const struct weir_mac *guest,
		    const struct weir_addr *from, const struct weir_addr *to,
		    struct weir_wr *out)
{
	struct weir_mac mac = *guest;

	if (weir_ipv6_is_multicast(to)) { /* RFC 2464 7 */
		mac.b[0] = mac.b[1] = 0x33;
		memcpy(mac.b + 2, to->b + 12, 4);
	}
	write_eth(d, &mac, WEIR_ETH_IPV6, out);
	weir_ipv6_build(&(struct weir_ipv6){ .proto = WEIR_PROTO_ICMPV6,
					     .hops = WEIR_NDP_HOPS,
					     .from = *from,
					     .to = *to },
			out);
}

static enum weir_reason close_nd(const struct weir_addr *from,
				 const struct weir_addr *to,
				 const struct weir_wr *before,
				 struct weir_wr *out)
{
	size_t ip_at = weir_wr_len(before) + WEIR_ETH_HEADER_BYTES;
	size_t at = ip_at + WEIR_IPV6_HEADER_BYTES, len;
	uint32_t sum;

	if (!weir_wr_ok(out))
		return close_answer(out, before);
	len = weir_wr_len(out) - at;
	weir_wr_put16(out, ip_at + 4, (uint16_t)len);
	sum = weir_csum_pseudo(from, to, WEIR_PROTO_ICMPV6, (uint32_t)len);
	sum = weir_csum_add(sum, out->start + at, len);
	weir_wr_put16(out, at + WEIR_ICMP_CSUM_AT, weir_csum_finish(sum));
	return WEIR_REASON_NONE;
}

static enum weir_reason answer_ask(const struct weir_desk *d,
				   const struct weir_view *v,
				   struct weir_wr *out)
{
	bool nobody = weir_addr_is_zero(&v->from);
	const struct weir_addr *to = nobody ? &all_nodes : &v->from;
	struct weir_rd in = v->l4;
	struct weir_wr before = *out;
	struct weir_ndp_ask q;
	struct weir_ndp_answer a;
	struct weir_addr group;

	if (weir_ndp_parse_ask(&in, &q) != WEIR_REASON_NONE)
		return WEIR_REASON_ND;
	if (q.has_mac && !weir_mac_is_equal(&q.mac, &v->src))
		return WEIR_REASON_SPOOFED_MAC;
	group = weir_ndp_group(&q.target);
	if (nobody && (q.has_mac || !weir_addr_is_equal(&v->to, &group)))
		return WEIR_REASON_ND; /* RFC 4861 7.1.1 */
	if (weir_addr_is4(&q.target) ||
	    !weir_kind_is_ours(&d->config.net, &q.target))
		return WEIR_REASON_NONE;
	a = (struct weir_ndp_answer){ .router = true,
				      .solicited = !nobody,
				      .override = true,
				      .target = q.target,
				      .has_mac = true,
				      .mac = d->config.net.gateway };
	open_nd(d, &v->src, &q.target, to, out);
	weir_ndp_build_answer(&a, out);
	return close_nd(&q.target, to, &before, out);
}

/* what the guest says of its own addresses is of no use, unless it is ours */
static enum weir_reason hear_answer(const struct weir_desk *d,
				    const struct weir_view *v)
{
	struct weir_rd in = v->l4;
	struct weir_ndp_answer m;

	if (weir_ndp_parse_answer(&in, &m) != WEIR_REASON_NONE)
		return WEIR_REASON_ND;
	if (m.has_mac && !weir_mac_is_equal(&m.mac, &v->src))
		return WEIR_REASON_SPOOFED_MAC;
	if (weir_kind_is_ours(&d->config.net, &m.target))
		return WEIR_REASON_SPOOFED_SOURCE;
	return WEIR_REASON_NONE;
}

static struct weir_addr prefix_of(const struct weir_kind_facts *net)
{
	struct weir_addr p = net->guest6;

	for (unsigned bit = net->len6; bit < 128; bit++)
		p.b[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
	return p;
}

static enum weir_reason write_router(const struct weir_desk *d,
				     const struct weir_mac *guest,
				     const struct weir_addr *to,
				     struct weir_wr *out)
{
	const struct weir_desk_config *c = &d->config;
	struct weir_wr before = *out;
	struct weir_ndp_router m = { .hops = ANSWER_TTL,
				     .managed = c->managed,
				     .other = c->other,
				     .lifetime_s = ROUTER_LIFETIME_S,
				     .has_mac = true,
				     .mac = c->net.gateway,
				     .prefix_len = c->net.len6,
				     .valid_s = PREFIX_VALID_S,
				     .preferred_s = PREFIX_PREFERRED_S,
				     .has_dns = true,
				     .dns = c->net.dns6,
				     .dnssl = d->dnssl,
				     .dnssl_len = c->dnssl_len };

	m.mtu = c->mtu >= MTU_IPV6_MIN ? c->mtu : 0;
	m.prefix = prefix_of(&c->net);
	m.autonomous = c->autonomous && c->net.len6 == PREFIX_BITS_SLAAC;
	open_nd(d, guest, &c->net.router6, to, out);
	weir_ndp_build_router(&m, out);
	return close_nd(&c->net.router6, to, &before, out);
}

static enum weir_reason answer_seek(struct weir_desk *d,
				    const struct weir_view *v, uint64_t now_ms,
				    struct weir_wr *out)
{
	bool nobody = weir_addr_is_zero(&v->from);
	struct weir_rd in = v->l4;
	struct weir_ndp_seek q;

	if (weir_ndp_parse_seek(&in, &q) != WEIR_REASON_NONE)
		return WEIR_REASON_ND;
	if (q.has_mac && !weir_mac_is_equal(&q.mac, &v->src))
		return WEIR_REASON_SPOOFED_MAC;
	if (nobody && q.has_mac)
		return WEIR_REASON_ND; /* RFC 4861 6.1.1 */
	if (!d->config.ra)
		return WEIR_REASON_NONE;
	d->ra_due_ms = now_ms + WEIR_DESK_RA_MS;
	return write_router(d, &v->src, nobody ? &all_nodes : &v->from, out);
}

static enum weir_reason answer_nd(struct weir_desk *d,
				  const struct weir_view *v,
				  const struct weir_spans *frame,
				  uint64_t now_ms, struct weir_wr *out)
{
	struct weir_rd in = v->l4;

	if (!v->is_v6 || v->ttl != WEIR_NDP_HOPS ||
	    weir_view_l4_csum(v, frame, NULL) != WEIR_REASON_NONE)
		return WEIR_REASON_ND;
	if (v->l4.left != v->l4_len)
		return WEIR_REASON_ND; /* longer than any that is meant well */
	switch (weir_rd_u8(&in)) {
	case WEIR_ICMP6_NS:
		return answer_ask(d, v, out);
	case WEIR_ICMP6_NA:
		return hear_answer(d, v);
	case WEIR_ICMP6_RS:
		return answer_seek(d, v, now_ms, out);
	default: /* the guest is no router, and redirects nobody */
		return WEIR_REASON_ND;
	}
}

static void write_echo_ip(const struct weir_view *v, struct weir_wr *out)
{
	if (v->is_v6)
		weir_ipv6_build(
			&(struct weir_ipv6){ .traffic_class = v->tos,
					     .hops = ANSWER_TTL,
					     .proto = WEIR_PROTO_ICMPV6,
					     .payload_len = (uint16_t)v->l4_len,
					     .from = v->to,
					     .to = v->from },
			out);
	else
		weir_ipv4_build(
			&(struct weir_ipv4){
				.tos = v->tos,
				.ttl = ANSWER_TTL,
				.proto = WEIR_PROTO_ICMP,
				.total_len = (uint16_t)(v->l4_len +
							WEIR_IPV4_HEADER_BYTES),
				.df = true,
				.from = v->to,
				.to = v->from },
			out);
}

static enum weir_reason answer_echo(const struct weir_desk *d,
				    const struct weir_view *v,
				    const struct weir_spans *frame,
				    struct weir_wr *out)
{
	struct weir_wr before = *out;
	enum weir_reason why = weir_view_l4_csum(v, frame, NULL);
	uint32_t sum = 0;
	uint8_t *body;
	size_t at;

	if (why != WEIR_REASON_NONE)
		return why;
	if (v->l4_len < WEIR_ICMP_HEADER_BYTES)
		return WEIR_REASON_SHORT;
	write_eth(d, &v->src, v->ethertype, out);
	write_echo_ip(v, out);
	at = weir_wr_len(out);
	body = weir_wr_skip(out, v->l4_len);
	if (!body)
		return close_answer(out, &before);
	weir_spans_copy(frame, v->l4_at, body, v->l4_len);
	body[0] = v->is_v6 ? WEIR_ICMP6_ECHO_REPLY : WEIR_ICMP4_ECHO_REPLY;
	weir_wr_put16(out, at + WEIR_ICMP_CSUM_AT, 0);
	if (v->is_v6)
		sum = weir_csum_pseudo(&v->to, &v->from, WEIR_PROTO_ICMPV6,
				       (uint32_t)v->l4_len);
	sum = weir_csum_add(sum, body, v->l4_len);
	weir_wr_put16(out, at + WEIR_ICMP_CSUM_AT, weir_csum_finish(sum));
	return WEIR_REASON_NONE;
}

enum weir_reason weir_desk_answer(struct weir_desk *d,
				  const struct weir_view *v,
				  const struct weir_spans *frame,
				  enum weir_kind_room room, uint64_t now_ms,
				  struct weir_wr *out)
{
	switch (room) {
	case WEIR_KIND_ARP:
		return answer_arp(d, v, out);
	case WEIR_KIND_ND:
		return answer_nd(d, v, frame, now_ms, out);
	case WEIR_KIND_ECHO_HERE:
		return answer_echo(d, v, frame, out);
	case WEIR_KIND_EXPIRED:
		return weir_desk_unreachable(d,
					     &(struct weir_icmp_error){
						     .why = WEIR_ICMP_WHY_TTL },
					     v->l3, now_ms, out);
	case WEIR_KIND_DHCP:
	case WEIR_KIND_DHCPV6:
	case WEIR_KIND_DNS:
	case WEIR_KIND_TCP:
	case WEIR_KIND_UDP:
	case WEIR_KIND_ECHO:
	case WEIR_KIND_ICMP_ERROR:
	case WEIR_KIND_GROUP:
	case WEIR_KIND_FRAGMENT:
	case WEIR_KIND_OTHER:
		break;
	}
	return WEIR_REASON_NONE;
}

/* who sent the packet that an error is about, and where it was bound */
static bool read_ends(struct weir_rd l3, struct weir_addr *from,
		      struct weir_addr *to)
{
	if (l3.left && l3.at[0] >> 4 == 6) {
		(void)weir_rd_take(&l3, 8);
		weir_rd_copy(&l3, from->b, sizeof(from->b));
		weir_rd_copy(&l3, to->b, sizeof(to->b));
	} else {
		(void)weir_rd_take(&l3, 12);
		*from = weir_addr_from4(weir_rd_be32(&l3));
		*to = weir_addr_from4(weir_rd_be32(&l3));
	}
	return weir_rd_ok(&l3);
}

static struct weir_addr speaker(const struct weir_desk *d,
				const struct weir_addr *told)
{
	const struct weir_kind_facts *net = &d->config.net;

	if (weir_addr_is4(told))
		return net->gateway4;
	return weir_ipv6_is_linklocal(told) ? net->router6 : net->gateway6;
}

static bool take_token(struct weir_desk *d, uint64_t now_ms)
{
	uint64_t passed = now_ms - d->filled_ms;
	uint64_t full = WEIR_DESK_ERRORS_BURST * MILLI;

	/* so many in a second are so many thousandths in a millisecond */
	if (passed > full)
		passed = full;
	d->tokens_milli += passed * WEIR_DESK_ERRORS_PER_S;
	if (d->tokens_milli > full)
		d->tokens_milli = full;
	d->filled_ms = now_ms;
	if (d->tokens_milli < MILLI)
		return false;
	d->tokens_milli -= MILLI;
	return true;
}

enum weir_reason weir_desk_unreachable(struct weir_desk *d,
				       const struct weir_icmp_error *e,
				       struct weir_rd l3, uint64_t now_ms,
				       struct weir_wr *out)
{
	struct weir_icmp_error full = *e;
	struct weir_wr before = *out;
	struct weir_addr to;
	enum weir_reason why;

	if (!read_ends(l3, &full.to, &to) ||
	    weir_kind_is_broadcast(&d->config.net, &to) ||
	    weir_kind_is_ours(&d->config.net, &full.to) ||
	    !weir_icmp_may_quote(l3, e->why))
		return WEIR_REASON_ICMP;
	if (weir_addr_is_zero(&full.from) ||
	    weir_addr_is4(&full.from) != weir_addr_is4(&full.to))
		full.from = speaker(d, &full.to);
	if (!take_token(d, now_ms))
		return WEIR_REASON_LIMIT_RATE;
	weir_desk_address(d, !weir_addr_is4(&full.to), out);
	why = weir_icmp_build_error(&full, l3, out);
	if (why != WEIR_REASON_NONE)
		*out = before;
	return why != WEIR_REASON_NONE ? why : close_answer(out, &before);
}

uint64_t weir_desk_due(const struct weir_desk *d)
{
	return d->ra_due_ms;
}

bool weir_desk_tick(struct weir_desk *d, uint64_t now_ms, struct weir_wr *out)
{
	static const struct weir_mac none;

	if (now_ms < d->ra_due_ms)
		return false;
	d->ra_due_ms = now_ms + WEIR_DESK_RA_MS;
	if (weir_mac_is_equal(&d->config.net.guest, &none))
		return false;
	return write_router(d, &d->config.net.guest, &all_nodes, out) ==
	       WEIR_REASON_NONE;
}
