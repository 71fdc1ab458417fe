/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view.c - one frame, seen: where its layers are and whom they name
 *
 * The head of the frame is parsed in the first span, where it must lie; lengths
 * are checked against the whole run, so a payload may lie anywhere.
 *
 * Invariants of a view: 14 = l3_at <= l4_at <= l3_at + l3_len <= frame length;
 * for IP l4_at + l4_len = l3_at + l3_len; @l3 and @l4 are no longer than
 * @l3_len and @l4_len and lie in the first span.
 */
#include "packet/view.h"

#include "base/limits.h"
#include "packet/csum.h"
#include "packet/eth.h"
#include "packet/icmp.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"
#include "packet/tcp.h"
#include "packet/udp.h"

static struct weir_rd first_span(const struct weir_spans *frame)
{
	size_t len;

	if (frame->n == 0)
		return weir_rd_over(NULL, 0);
	len = frame->v[0].len;
	return weir_rd_over(frame->v[0].at,
			    len < frame->len ? len : frame->len);
}

/* the part of @in that belongs to a layer of @len bytes */
static struct weir_rd upto(struct weir_rd in, size_t len)
{
	if (in.left > len)
		in.left = len;
	return in;
}

static enum weir_reason see4(struct weir_rd *in, size_t packet_len,
			     struct weir_view *v)
{
	struct weir_ipv4 ip;
	enum weir_reason why = weir_ipv4_parse(in, packet_len, &ip);

	if (why != WEIR_REASON_NONE)
		return why;
	v->from = ip.from;
	v->to = ip.to;
	v->proto = ip.proto;
	v->ttl = ip.ttl;
	v->tos = ip.tos;
	v->df = ip.df;
	v->fragment = ip.more || ip.offset;
	v->frag_more = ip.more;
	v->frag_offset = ip.offset;
	v->frag_id = ip.id;
	v->l3_len = ip.total_len;
	v->l4_at = v->l3_at + ip.header_len;
	return WEIR_REASON_NONE;
}

static enum weir_reason see6(struct weir_rd *in, size_t packet_len,
			     struct weir_view *v)
{
	struct weir_ipv6 ip;
	enum weir_reason why = weir_ipv6_parse(in, packet_len, &ip);

	if (why != WEIR_REASON_NONE)
		return why;
	v->is_v6 = true;
	v->from = ip.from;
	v->to = ip.to;
	v->proto = ip.proto;
	v->ttl = ip.hops;
	v->tos = ip.traffic_class;
	v->fragment = ip.fragment;
	v->frag_more = ip.more;
	v->frag_offset = ip.offset;
	v->frag_id = ip.id;
	v->flow_label = ip.flow_label;
	v->l3_len = (size_t)ip.payload_len + WEIR_IPV6_HEADER_BYTES;
	v->l4_at = v->l3_at + ip.header_len;
	return WEIR_REASON_NONE;
}

/* the protocol that a virtio header may speak of */
static enum weir_reason check_vnethdr(const struct weir_vnethdr *h,
				      size_t frame_len,
				      const struct weir_view *v)
{
	uint8_t proto = v->is_ip && !v->fragment ? v->proto : 0;

	if (!h)
		return WEIR_REASON_NONE;
	return weir_vnethdr_check(h, frame_len, v->is_ip && !v->is_v6, proto,
				  v->l4_at);
}

enum weir_reason weir_view_parse(const struct weir_vnethdr *h,
				 const struct weir_spans *frame,
				 struct weir_view *ret)
{
	struct weir_view v = { .l3_at = WEIR_ETH_HEADER_BYTES };
	struct weir_rd in = first_span(frame);
	struct weir_eth eth;
	enum weir_reason why;

	if (frame->len > WEIR_FRAME_MAX_BYTES)
		return WEIR_REASON_OVERSIZE;
	why = weir_eth_parse(&in, &eth);
	if (why != WEIR_REASON_NONE)
		return why;
	v.dst = eth.dst;
	v.src = eth.src;
	v.ethertype = eth.type;
	v.is_ip = eth.type != WEIR_ETH_ARP;
	v.l3_len = frame->len - WEIR_ETH_HEADER_BYTES;
	v.l3 = in;
	v.l4_at = v.l3_at;
	if (eth.type == WEIR_ETH_IPV4)
		why = see4(&in, v.l3_len, &v);
	else if (eth.type == WEIR_ETH_IPV6)
		why = see6(&in, v.l3_len, &v);
	if (why == WEIR_REASON_NONE)
		why = check_vnethdr(h, frame->len, &v);
	if (why != WEIR_REASON_NONE)
		return why;
	v.l3 = upto(v.l3, v.l3_len);
	if (v.is_ip) {
		v.l4_len = v.l3_at + v.l3_len - v.l4_at;
		v.l4 = upto(in, v.l4_len);
	}
	*ret = v;
	return WEIR_REASON_NONE;
}

/* where a protocol keeps its checksum, and if it is summed with addresses */
struct summed {
	size_t at;
	bool pseudo;
};

static bool find_sum(const struct weir_view *v, struct summed *ret)
{
	ret->pseudo = true;
	switch (v->proto) {
	case WEIR_PROTO_TCP:
		ret->at = WEIR_TCP_CSUM_AT;
		return true;
	case WEIR_PROTO_UDP:
		ret->at = WEIR_UDP_CSUM_AT;
		return true;
	case WEIR_PROTO_ICMP:
		ret->at = WEIR_ICMP_CSUM_AT;
		ret->pseudo = false;
		return !v->is_v6;
	case WEIR_PROTO_ICMPV6:
		ret->at = WEIR_ICMP_CSUM_AT;
		return v->is_v6;
	default:
		return false;
	}
}

static enum weir_reason check_sum(const struct weir_view *v,
				  const struct weir_spans *frame,
				  const struct summed *s, size_t len)
{
	struct weir_rd in = v->l4;
	uint32_t start = 0;
	uint16_t field;

	(void)weir_rd_take(&in, s->at);
	field = weir_rd_be16(&in);
	if (!weir_rd_ok(&in))
		return WEIR_REASON_SHORT;
	if (v->proto == WEIR_PROTO_UDP && field == 0)
		return v->is_v6 ? WEIR_REASON_CSUM : WEIR_REASON_NONE;
	if (s->pseudo)
		start = weir_csum_pseudo(&v->from, &v->to, v->proto,
					 (uint32_t)len);
	if (s->pseudo && v->proto != WEIR_PROTO_ICMPV6 &&
	    field == weir_csum_fold(start))
		return WEIR_REASON_NONE;
	if (!weir_csum_is_ok(weir_csum_spans(start, frame, v->l4_at, len)))
		return WEIR_REASON_CSUM;
	return WEIR_REASON_NONE;
}

enum weir_reason weir_view_l4_csum(const struct weir_view *v,
				   const struct weir_spans *frame,
				   const struct weir_vnethdr *h)
{
	struct summed s;
	size_t len = v->l4_len;

	if (!v->is_ip || v->fragment || !find_sum(v, &s))
		return WEIR_REASON_NONE;
	if (v->proto == WEIR_PROTO_UDP) {
		struct weir_rd in = v->l4;
		struct weir_udp udp;
		enum weir_reason why = weir_udp_parse(&in, len, &udp);

		if (why != WEIR_REASON_NONE)
			return why;
		len = udp.len;
	}
	if (h && (h->flags & WEIR_VNET_NEEDS_CSUM) &&
	    h->csum_start == v->l4_at && h->csum_offset == s.at &&
	    v->l4_len >= s.at + 2)
		return WEIR_REASON_NONE;
	return check_sum(v, frame, &s, len);
}

unsigned weir_view_payload(const struct weir_view *v,
			   const struct weir_spans *frame, size_t header_len,
			   struct weir_span *ret, unsigned max)
{
	if (header_len >= v->l4_len)
		return 0;
	return weir_spans_cut(frame, v->l4_at + header_len,
			      v->l4_len - header_len, ret, max);
}
