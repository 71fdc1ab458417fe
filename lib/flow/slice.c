/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slice.c - a packet for the guest, cut to fit its card
 *
 * Every part but the last is the largest multiple of eight bytes that fits
 * behind the headers (RFC 791 3.2, RFC 8200 4.5).  A packet that is not cut
 * has DF, as all that Weir sends: its id means nothing then (RFC 6864 4.1).
 */
#include "flow/slice.h"

#include "base/limits.h"
#include "base/must.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"

#define FRAGMENT_BYTES 8u
#define PROTO_FRAGMENT 44u
#define PACKET_MAX     65535u
#define UNIT           8u

_Static_assert(WEIR_IPV6_HEADER_BYTES + FRAGMENT_BYTES == WEIR_SLICE_HEAD_BYTES,
	       "the longest headers");

bool weir_slice_init(struct weir_slice *s, const struct weir_slice_whole *w)
{
	bool v4 = weir_addr_is4(&w->to);
	size_t ip = v4 ? WEIR_IPV4_HEADER_BYTES : WEIR_IPV6_HEADER_BYTES;

	weir_must(w->mtu >= WEIR_MTU_MIN && v4 == weir_addr_is4(&w->from));
	*s = (struct weir_slice){ .whole = *w, .step = w->len };
	if (w->len > PACKET_MAX - (v4 ? ip : 0))
		return false;
	if (ip + w->len > w->mtu)
		s->step =
			(w->mtu - ip - (v4 ? 0 : FRAGMENT_BYTES)) / UNIT * UNIT;
	return true;
}

static void write4(const struct weir_slice *s, size_t len, struct weir_wr *head)
{
	const struct weir_slice_whole *w = &s->whole;
	const struct weir_ipv4 ip = {
		.tos = w->tos,
		.ttl = w->hops,
		.proto = w->proto,
		.total_len = (uint16_t)(WEIR_IPV4_HEADER_BYTES + len),
		.id = (uint16_t)w->id,
		.df = s->step >= w->len,
		.more = s->at + len < w->len,
		.offset = (uint16_t)s->at,
		.from = w->from,
		.to = w->to,
	};

	weir_ipv4_build(&ip, head);
}

static void write6(const struct weir_slice *s, size_t len, struct weir_wr *head)
{
	const struct weir_slice_whole *w = &s->whole;
	bool cut = s->step < w->len, more = s->at + len < w->len;
	size_t payload = len + (cut ? FRAGMENT_BYTES : 0);
	const struct weir_ipv6 ip = { .traffic_class = w->tos,
				      .hops = w->hops,
				      .proto = cut ? PROTO_FRAGMENT : w->proto,
				      .payload_len = (uint16_t)payload,
				      .from = w->from,
				      .to = w->to };

	weir_ipv6_build(&ip, head);
	if (!cut)
		return;
	weir_wr_u8(head, w->proto);
	weir_wr_u8(head, 0);
	weir_wr_be16(head, (uint16_t)(s->at | more));
	weir_wr_be32(head, w->id);
}

bool weir_slice_next(struct weir_slice *s, struct weir_wr *head, size_t *ret_at,
		     size_t *ret_len)
{
	size_t left = s->whole.len - s->at;
	size_t len = left < s->step ? left : s->step;

	if (s->begun && !left)
		return false;
	s->begun = true;
	if (weir_addr_is4(&s->whole.to))
		write4(s, len, head);
	else
		write6(s, len, head);
	*ret_at = s->at;
	*ret_len = len;
	s->at += len;
	return true;
}
