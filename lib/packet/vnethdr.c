/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vnethdr.c - the header virtio puts before a frame
 *
 * Pure: no state, no clock, no calls out.  virtio 1.2, 5.1.6.2.
 *
 * What a guest writes here decides how its frame is cut and whether its
 * checksum is believed, so every field that is used is checked against the
 * packet itself.  Nothing here completes a checksum: a frame whose NEEDS_CSUM
 * means another place than its own TCP or UDP field is refused.
 */
#include "packet/vnethdr.h"

#define PROTO_TCP       6u
#define PROTO_UDP       17u
#define TCP_CSUM_OFFSET 16u
#define UDP_CSUM_OFFSET 6u
#define UDP_HEADER      8u

static uint16_t rd_le16(struct weir_rd *in)
{
	uint16_t low = weir_rd_u8(in);

	return (uint16_t)(weir_rd_u8(in) << 8 | low);
}

static void wr_le16(struct weir_wr *out, uint16_t v)
{
	weir_wr_u8(out, (uint8_t)v);
	weir_wr_u8(out, (uint8_t)(v >> 8));
}

enum weir_reason weir_vnethdr_parse(struct weir_rd *in,
				    struct weir_vnethdr *ret)
{
	struct weir_rd r = weir_rd_sub(in, WEIR_VNET_BYTES);
	struct weir_vnethdr h;

	h.flags = weir_rd_u8(&r);
	h.gso_type = weir_rd_u8(&r);
	h.hdr_len = rd_le16(&r);
	h.gso_size = rd_le16(&r);
	h.csum_start = rd_le16(&r);
	h.csum_offset = rd_le16(&r);
	h.num_buffers = rd_le16(&r);
	if (!weir_rd_ok(&r))
		return WEIR_REASON_SHORT;
	*ret = h;
	return WEIR_REASON_NONE;
}

void weir_vnethdr_build(const struct weir_vnethdr *h, struct weir_wr *out)
{
	uint8_t *at = weir_wr_skip(out, WEIR_VNET_BYTES);
	struct weir_wr w;

	if (!at)
		return;
	w = weir_wr_over(at, WEIR_VNET_BYTES);
	weir_wr_u8(&w, h->flags);
	weir_wr_u8(&w, h->gso_type);
	wr_le16(&w, h->hdr_len);
	wr_le16(&w, h->gso_size);
	wr_le16(&w, h->csum_start);
	wr_le16(&w, h->csum_offset);
	wr_le16(&w, h->num_buffers);
}

/* Does NEEDS_CSUM mean the packet's own checksum field, inside the frame? */
static bool is_csum_good(const struct weir_vnethdr *h, size_t frame_len,
			 uint8_t proto, size_t l4_offset)
{
	unsigned want;

	if (proto == PROTO_TCP)
		want = TCP_CSUM_OFFSET;
	else if (proto == PROTO_UDP)
		want = UDP_CSUM_OFFSET;
	else
		return false;
	return h->csum_start == l4_offset && h->csum_offset == want &&
	       (size_t)h->csum_start + want + 2 <= frame_len;
}

/* May a UDP datagram of this frame be cut into so many? */
static bool is_uso_good(const struct weir_vnethdr *h, size_t frame_len,
			size_t l4_offset)
{
	size_t headers = l4_offset + UDP_HEADER;

	return frame_len >= headers &&
	       frame_len - headers <=
		       (size_t)h->gso_size * WEIR_VNET_USO_SEGMENTS_MAX;
}

static bool is_gso_good(const struct weir_vnethdr *h, size_t frame_len,
			bool ipv4, uint8_t proto, size_t l4_offset)
{
	if (!h->gso_size || !(h->flags & WEIR_VNET_NEEDS_CSUM))
		return false;
	switch (h->gso_type) {
	case WEIR_VNET_GSO_TCPV4:
	case WEIR_VNET_GSO_TCPV4 | WEIR_VNET_GSO_ECN:
		return ipv4 && proto == PROTO_TCP;
	case WEIR_VNET_GSO_TCPV6:
	case WEIR_VNET_GSO_TCPV6 | WEIR_VNET_GSO_ECN:
		return !ipv4 && proto == PROTO_TCP;
	case WEIR_VNET_GSO_UDP_L4:
		return proto == PROTO_UDP &&
		       is_uso_good(h, frame_len, l4_offset);
	}
	return false;
}

enum weir_reason weir_vnethdr_check(const struct weir_vnethdr *h,
				    size_t frame_len, bool ipv4, uint8_t proto,
				    size_t l4_offset)
{
	if (h->flags & ~(WEIR_VNET_NEEDS_CSUM | WEIR_VNET_DATA_VALID))
		return WEIR_REASON_VNET_HEADER;
	if ((h->flags & WEIR_VNET_NEEDS_CSUM) &&
	    !is_csum_good(h, frame_len, proto, l4_offset))
		return WEIR_REASON_VNET_HEADER;
	if (h->gso_type != WEIR_VNET_GSO_NONE &&
	    !is_gso_good(h, frame_len, ipv4, proto, l4_offset))
		return WEIR_REASON_VNET_HEADER;
	return WEIR_REASON_NONE;
}
