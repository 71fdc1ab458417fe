/* SPDX-License-Identifier: Apache-2.0 */
/*
 * down.c - frames to the guest: headers, checksums, the link
 *
 * A segment's payload is never copied here: its headers are built in front and
 * the link gathers both.  Where the link takes partial checksums the sum of
 * the pseudo header is all that is computed (NEEDS_CSUM); a segment larger
 * than the MSS goes as one frame with gso_size, up to 64 KB.
 */
#include "engine/down.h"

#include <errno.h>

#include "base/must.h"
#include "flow/slice.h"
#include "packet/csum.h"
#include "packet/eth.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"
#include "packet/udp.h"

#define HOPS 64u

/* Give the link a frame whose first span is @head, virtio header included. */
static void give(struct weir_house *h, const struct weir_wr *head,
		 const struct weir_span *payload, unsigned n, size_t len)
{
	const struct weir_link *link = &h->card.link;
	struct weir_span part[WEIR_LINK_SPANS_MAX];
	int err;

	weir_must(n < WEIR_LINK_SPANS_MAX);

	part[0] = (struct weir_span){ head->start, weir_wr_len(head) };
	for (unsigned i = 0; i < n; i++)
		part[1 + i] = payload[i];
	err = link->ops ? link->ops->send(link->self, part, n + 1) : -ENOLINK;
	if (err) {
		weir_house_count(h, WEIR_REASON_LINK_FULL);
		return;
	}
	h->sum.frames_down++;
	h->sum.bytes_down += weir_wr_len(head) - WEIR_VNET_BYTES + len;
}

/* Ethernet and IP headers of a packet with @len bytes behind them. */
static void put_ip(struct weir_house *h, struct weir_wr *w,
		   const struct weir_addr *from, const struct weir_addr *to,
		   uint8_t proto, size_t len)
{
	bool v4 = weir_addr_is4(to);
	const struct weir_eth eth = { h->charter.guest_mac,
				      h->charter.gateway_mac,
				      v4 ? WEIR_ETH_IPV4 : WEIR_ETH_IPV6 };

	weir_eth_build(&eth, w);
	if (v4) {
		const struct weir_ipv4 ip = {
			.ttl = HOPS,
			.proto = proto,
			.total_len = (uint16_t)(WEIR_IPV4_HEADER_BYTES + len),
			.df = true,
			.from = *from,
			.to = *to,
		};

		weir_ipv4_build(&ip, w);
	} else {
		const struct weir_ipv6 ip = { .hops = HOPS,
					      .proto = proto,
					      .payload_len = (uint16_t)len,
					      .from = *from,
					      .to = *to };

		weir_ipv6_build(&ip, w);
	}
}

static void put_vnet(const struct weir_house *h, const struct weir_conn_out *o,
		     bool v4, size_t tcp_len, struct weir_wr *w)
{
	size_t l4 = WEIR_ETH_HEADER_BYTES +
		    (v4 ? WEIR_IPV4_HEADER_BYTES : WEIR_IPV6_HEADER_BYTES);
	struct weir_vnethdr v = { .num_buffers = 1 };

	if (h->charter.offload & WEIR_OFFLOAD_CSUM) {
		v.flags = WEIR_VNET_NEEDS_CSUM;
		v.csum_start = (uint16_t)l4;
		v.csum_offset = WEIR_TCP_CSUM_AT;
		v.hdr_len = (uint16_t)(l4 + tcp_len);
	}
	if (o->gso_size) {
		v.gso_type = v4 ? WEIR_VNET_GSO_TCPV4 : WEIR_VNET_GSO_TCPV6;
		v.gso_size = o->gso_size;
	}
	weir_vnethdr_build(&v, w);
}

void weir_down_segment(struct weir_house *h, const struct weir_addr *guest,
		       const struct weir_addr *far,
		       const struct weir_conn_out *out)
{
	const struct weir_spans payload = { out->payload, out->n, out->len };
	uint8_t room[WEIR_FRAME_HEADER_BYTES], bytes[WEIR_TCP_HEADER_MAX_BYTES];
	struct weir_wr head = weir_wr_over(room, sizeof(room));
	struct weir_wr tcp = weir_wr_over(bytes, sizeof(bytes));
	size_t len;
	uint32_t sum;
	uint16_t field;

	weir_tcp_build(&out->tcp, &tcp);
	len = weir_wr_len(&tcp) + out->len;
	sum = weir_csum_pseudo(far, guest, WEIR_PROTO_TCP, (uint32_t)len);
	if (h->charter.offload & WEIR_OFFLOAD_CSUM) {
		field = weir_csum_fold(sum);
	} else {
		sum = weir_csum_add(sum, bytes, weir_wr_len(&tcp));
		field = weir_csum_finish(
			weir_csum_spans(sum, &payload, 0, out->len));
	}
	weir_wr_put16(&tcp, WEIR_TCP_CSUM_AT, field);
	put_vnet(h, out, weir_addr_is4(guest), weir_wr_len(&tcp), &head);
	put_ip(h, &head, far, guest, WEIR_PROTO_TCP, len);
	weir_wr_copy(&head, bytes, weir_wr_len(&tcp));
	give(h, &head, out->payload, out->n, out->len);
}

enum weir_reason weir_down_packet(struct weir_house *h,
				  const struct weir_addr *from,
				  const struct weir_addr *to, uint8_t proto,
				  const struct weir_spans *l4)
{
	const struct weir_vnethdr plain = { .num_buffers = 1 };
	const struct weir_eth eth = { h->charter.guest_mac,
				      h->charter.gateway_mac,
				      weir_addr_is4(to) ? WEIR_ETH_IPV4
							: WEIR_ETH_IPV6 };
	const struct weir_slice_whole whole = { .from = *from,
						.to = *to,
						.proto = proto,
						.hops = HOPS,
						.id = h->slice_id++,
						.mtu = h->charter.mtu,
						.len = l4->len };
	struct weir_span part[WEIR_DOWN_SPANS_MAX];
	uint8_t room[WEIR_FRAME_HEADER_BYTES];
	struct weir_slice s;
	size_t at, len;

	if (!weir_slice_init(&s, &whole))
		return WEIR_REASON_OVERSIZE;
	for (;;) {
		struct weir_wr head = weir_wr_over(room, sizeof(room));

		weir_vnethdr_build(&plain, &head);
		weir_eth_build(&eth, &head);
		if (!weir_slice_next(&s, &head, &at, &len))
			return WEIR_REASON_NONE;
		give(h, &head, part,
		     weir_spans_cut(l4, at, len, part, WEIR_DOWN_SPANS_MAX),
		     len);
	}
}

/* A frame built whole that is longer than the MTU allows. */
static void cut_frame(struct weir_house *h, const struct weir_spans *frame)
{
	struct weir_span part[1];
	struct weir_spans l4 = { part, 1, 0 };
	struct weir_view v;

	if (weir_view_parse(NULL, frame, &v) != WEIR_REASON_NONE || !v.is_ip)
		return;
	part[0] = (struct weir_span){ frame->v[0].at + v.l4_at, v.l4_len };
	l4.len = v.l4_len;
	(void)weir_down_packet(h, &v.from, &v.to, v.proto, &l4);
}

void weir_down_frame(struct weir_house *h, const struct weir_wr *frame)
{
	const struct weir_vnethdr plain = { .num_buffers = 1 };
	struct weir_span rest = { frame->start, weir_wr_len(frame) };
	const struct weir_spans all = { &rest, 1, rest.len };
	uint8_t room[WEIR_VNET_BYTES];
	struct weir_wr head = weir_wr_over(room, sizeof(room));

	if (rest.len > WEIR_ETH_HEADER_BYTES + h->charter.mtu) {
		cut_frame(h, &all);
		return;
	}
	weir_vnethdr_build(&plain, &head);
	give(h, &head, &rest, 1, rest.len);
}

static size_t ip_bytes(const struct weir_addr *to)
{
	return weir_addr_is4(to) ? WEIR_IPV4_HEADER_BYTES
				 : WEIR_IPV6_HEADER_BYTES;
}

/* A UDP header before @len bytes, its checksum field as @field. */
static void put_udp(const struct weir_assoc_ends *ends, size_t len,
		    uint16_t field, struct weir_wr *w)
{
	const struct weir_udp udp = { ends->fport, ends->gport,
				      (uint16_t)(WEIR_UDP_HEADER_BYTES + len),
				      0 };
	size_t at = weir_wr_len(w);

	weir_udp_build(&udp, w);
	weir_wr_put16(w, at + WEIR_UDP_CSUM_AT, field);
}

static uint32_t pseudo_udp(const struct weir_assoc_ends *ends, size_t len)
{
	return weir_csum_pseudo(&ends->far, &ends->guest, WEIR_PROTO_UDP,
				(uint32_t)(WEIR_UDP_HEADER_BYTES + len));
}

/* The checksum of a datagram, all of it. */
static uint16_t sum_udp(const struct weir_assoc_ends *ends,
			const struct weir_spans *payload)
{
	uint32_t sum = weir_csum_fold(pseudo_udp(ends, payload->len));

	sum += (uint32_t)ends->fport + ends->gport;
	sum += (uint32_t)(WEIR_UDP_HEADER_BYTES + payload->len);
	return weir_csum_finish_udp(
		weir_csum_spans(sum, payload, 0, payload->len));
}

/* A datagram that the guest's card cannot take at once. */
static enum weir_reason give_parts(struct weir_house *h,
				   const struct weir_assoc_ends *ends,
				   const struct weir_spans *payload)
{
	uint8_t room[WEIR_UDP_HEADER_BYTES];
	struct weir_wr head = weir_wr_over(room, sizeof(room));
	struct weir_span part[WEIR_DOWN_SPANS_MAX] = {
		{ room, WEIR_UDP_HEADER_BYTES }
	};
	struct weir_spans l4 = { part, 1,
				 WEIR_UDP_HEADER_BYTES + payload->len };

	if (l4.len > UINT16_MAX)
		return WEIR_REASON_OVERSIZE;
	put_udp(ends, payload->len, sum_udp(ends, payload), &head);
	l4.n += weir_spans_cut(payload, 0, payload->len, part + 1,
			       WEIR_DOWN_SPANS_MAX - 1);
	return weir_down_packet(h, &ends->far, &ends->guest, WEIR_PROTO_UDP,
				&l4);
}

/* One frame: a datagram, or several of @segment bytes. */
static void give_udp(struct weir_house *h, const struct weir_assoc_ends *ends,
		     const struct weir_spans *payload, uint16_t segment)
{
	struct weir_vnethdr v = { .num_buffers = 1 };
	uint8_t room[WEIR_FRAME_HEADER_BYTES];
	struct weir_wr head = weir_wr_over(room, sizeof(room));
	size_t l4 = WEIR_ETH_HEADER_BYTES + ip_bytes(&ends->guest);
	uint16_t field;

	if (h->charter.offload & WEIR_OFFLOAD_CSUM) {
		v.flags = WEIR_VNET_NEEDS_CSUM;
		v.csum_start = (uint16_t)l4;
		v.csum_offset = WEIR_UDP_CSUM_AT;
		v.hdr_len = (uint16_t)(l4 + WEIR_UDP_HEADER_BYTES);
		field = weir_csum_fold(pseudo_udp(ends, payload->len));
	} else {
		field = sum_udp(ends, payload);
	}
	if (segment) {
		v.gso_type = WEIR_VNET_GSO_UDP_L4;
		v.gso_size = segment;
	}
	weir_vnethdr_build(&v, &head);
	put_ip(h, &head, &ends->far, &ends->guest, WEIR_PROTO_UDP,
	       WEIR_UDP_HEADER_BYTES + payload->len);
	put_udp(ends, payload->len, field, &head);
	give(h, &head, payload->v, payload->len ? payload->n : 0, payload->len);
}

static enum weir_reason give_one(struct weir_house *h,
				 const struct weir_assoc_ends *ends,
				 const struct weir_spans *payload)
{
	if (ip_bytes(&ends->guest) + WEIR_UDP_HEADER_BYTES + payload->len >
	    h->charter.mtu)
		return give_parts(h, ends, payload);
	give_udp(h, ends, payload, 0);
	return WEIR_REASON_NONE;
}

enum weir_reason weir_down_udp(struct weir_house *h,
			       const struct weir_assoc_ends *ends,
			       const struct weir_spans *payload,
			       uint16_t segment)
{
	const uint32_t need = WEIR_OFFLOAD_USO | WEIR_OFFLOAD_CSUM;
	size_t headers = ip_bytes(&ends->guest) + WEIR_UDP_HEADER_BYTES;
	struct weir_span part[WEIR_DOWN_SPANS_MAX];
	enum weir_reason r = WEIR_REASON_NONE;
	struct weir_spans one = { part, 0, 0 };

	if (!segment)
		return give_one(h, ends, payload);
	if ((h->charter.offload & need) == need &&
	    headers + segment <= h->charter.mtu &&
	    headers + payload->len <= UINT16_MAX) {
		give_udp(h, ends, payload, segment);
		return WEIR_REASON_NONE;
	}
	for (size_t at = 0; at < payload->len; at += segment) {
		size_t left = payload->len - at;

		one.len = left < segment ? left : segment;
		one.n = weir_spans_cut(payload, at, one.len, part,
				       WEIR_DOWN_SPANS_MAX);
		r = give_one(h, ends, &one);
	}
	return r;
}

enum weir_reason weir_down_datagram(struct weir_house *h,
				    const struct weir_assoc_ends *ends,
				    const uint8_t *bytes, size_t len)
{
	/* the link only reads what it gathers */
	struct weir_span part = { (uint8_t *)(uintptr_t)bytes, len };
	const struct weir_spans payload = { &part, 1, len };

	return weir_down_udp(h, ends, &payload, 0);
}
