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
	struct weir_span part[1 + WEIR_CONN_SPANS_MAX];
	int err;

	part[0] = (struct weir_span){ head->start, weir_wr_len(head) };
	for (unsigned i = 0; i < n; i++)
		part[1 + i] = payload[i];
	err = weir_tap_send(h->link, part, n + 1);
	if (err) {
		weir_house_count(h, WEIR_REASON_LINK_FULL);
		return;
	}
	h->sum.frames_down++;
	h->sum.bytes_down += weir_wr_len(head) - WEIR_VNET_BYTES + len;
}

void weir_down_frame(struct weir_house *h, const struct weir_wr *frame)
{
	const struct weir_vnethdr plain = { .num_buffers = 1 };
	struct weir_span rest = { frame->start, weir_wr_len(frame) };
	uint8_t room[WEIR_VNET_BYTES];
	struct weir_wr head = weir_wr_over(room, sizeof(room));

	weir_vnethdr_build(&plain, &head);
	give(h, &head, &rest, 1, rest.len);
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

enum weir_reason weir_down_datagram(struct weir_house *h,
				    const struct weir_assoc_ends *ends,
				    const uint8_t *bytes, size_t len)
{
	const struct weir_vnethdr plain = { .num_buffers = 1 };
	const struct weir_udp udp = { ends->fport, ends->gport,
				      (uint16_t)(WEIR_UDP_HEADER_BYTES + len),
				      0 };
	uint8_t room[WEIR_FRAME_HEADER_BYTES], *b = NULL;
	struct weir_wr head = weir_wr_over(room, sizeof(room));
	struct weir_span payload;
	size_t ip = weir_addr_is4(&ends->guest) ? WEIR_IPV4_HEADER_BYTES
						: WEIR_IPV6_HEADER_BYTES;
	size_t at;
	uint32_t sum;

	if (ip + WEIR_UDP_HEADER_BYTES + len > h->charter.mtu)
		return WEIR_REASON_OVERSIZE;
	sum = weir_csum_pseudo(&ends->far, &ends->guest, WEIR_PROTO_UDP,
			       (uint32_t)(WEIR_UDP_HEADER_BYTES + len));
	weir_vnethdr_build(&plain, &head);
	put_ip(h, &head, &ends->far, &ends->guest, WEIR_PROTO_UDP,
	       WEIR_UDP_HEADER_BYTES + len);
	at = weir_wr_len(&head);
	b = head.at;
	weir_udp_build(&udp, &head);
	sum = weir_csum_add(sum, b, WEIR_UDP_HEADER_BYTES);
	sum = weir_csum_add(sum, bytes, len);
	weir_wr_put16(&head, at + WEIR_UDP_CSUM_AT, weir_csum_finish_udp(sum));
	/* the link only reads what it gathers */
	payload = (struct weir_span){ (uint8_t *)(uintptr_t)bytes, len };
	give(h, &head, &payload, len ? 1 : 0, len);
	return WEIR_REASON_NONE;
}
