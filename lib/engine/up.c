/* SPDX-License-Identifier: Apache-2.0 */
/*
 * up.c - a frame from the guest: seen, sorted, given to its room
 *
 * The whole way of a frame is doc/path.md; this is its first half.  Nothing
 * here keeps anything of a frame: a room that wants bytes later copies them.
 */
#include "engine/up.h"

#include <errno.h>

#include "engine/datagrams.h"
#include "engine/doors.h"
#include "engine/down.h"
#include "engine/names.h"
#include "engine/streams.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"
#include "packet/udp.h"

#define ANSWER_BYTES (WEIR_FRAME_MAX_BYTES + 256u)

void weir_up_refuse(struct weir_house *h, struct weir_rd l3,
		    enum weir_icmp_why why)
{
	const struct weir_icmp_error e = { .why = why };
	struct weir_wr out = weir_wr_over(h->answer, ANSWER_BYTES);
	enum weir_reason r;

	r = weir_desk_unreachable(&h->desk, &e, l3, weir_house_now_ms(h), &out);
	if (r != WEIR_REASON_NONE)
		weir_house_count(h, r);
	else if (weir_wr_len(&out))
		weir_down_frame(h, &out);
}

struct weir_rd weir_up_quote(struct weir_house *h, const struct weir_conn *c)
{
	const struct weir_tcp t = { .sport = c->ends.gport,
				    .dport = c->ends.fport,
				    .seq = c->rcv_nxt - 1,
				    .flags = WEIR_TCP_SYN,
				    .wscale = -1 };
	struct weir_wr w = weir_wr_over(h->quote, sizeof(h->quote));

	if (weir_addr_is4(&c->ends.far)) {
		const struct weir_ipv4 ip = {
			.ttl = 64,
			.proto = WEIR_PROTO_TCP,
			.total_len =
				WEIR_IPV4_HEADER_BYTES + WEIR_TCP_HEADER_BYTES,
			.df = true,
			.from = c->ends.guest,
			.to = c->ends.far,
		};

		weir_ipv4_build(&ip, &w);
	} else {
		const struct weir_ipv6 ip = {
			.hops = 64,
			.proto = WEIR_PROTO_TCP,
			.payload_len = WEIR_TCP_HEADER_BYTES,
			.from = c->ends.guest,
			.to = c->ends.far,
		};

		weir_ipv6_build(&ip, &w);
	}
	weir_tcp_build(&t, &w);
	return weir_rd_over(h->quote, weir_wr_len(&w));
}

static void to_desk(struct weir_house *h, const struct weir_view *v,
		    const struct weir_spans *frame, enum weir_kind_room room)
{
	struct weir_wr out = weir_wr_over(h->answer, ANSWER_BYTES);
	enum weir_reason r;

	r = weir_desk_answer(&h->desk, v, frame, room, weir_house_now_ms(h),
			     &out);
	if (r != WEIR_REASON_NONE)
		weir_house_count(h, r);
	else if (weir_wr_len(&out))
		weir_down_frame(h, &out);
}

static void to_udp(struct weir_house *h, const struct weir_view *v,
		   const struct weir_spans *frame, bool dns)
{
	struct weir_span all[WEIR_CONN_SPANS_MAX], part[WEIR_CONN_SPANS_MAX];
	struct weir_spans payload = { all, 0, 0 };
	struct weir_assoc_ends e = { .guest = v->from, .far = v->to };
	struct weir_rd in = v->l4;
	struct weir_udp u;
	enum weir_reason r = weir_udp_parse(&in, v->l4_len, &u);

	if (r != WEIR_REASON_NONE) {
		weir_house_count(h, r);
		return;
	}
	e.gport = u.sport;
	e.fport = u.dport;
	payload.n = weir_view_payload(v, frame, WEIR_UDP_HEADER_BYTES, all,
				      WEIR_CONN_SPANS_MAX);
	payload.len = v->l4_len - WEIR_UDP_HEADER_BYTES;
	payload.n = weir_spans_cut(&payload, 0, u.len - WEIR_UDP_HEADER_BYTES,
				   part, WEIR_CONN_SPANS_MAX);
	payload.v = part;
	payload.len = u.len - WEIR_UDP_HEADER_BYTES;
	if (dns)
		weir_names_datagram(h, &e, in.at,
				    payload.len < in.left ? payload.len
							  : in.left);
	else if (!weir_doors_reply(h, &e, &payload))
		weir_datagrams_up(h, &e, v->l3, &payload);
}

/* The frame was seen and sorted; its room takes it from here. */
static void hand_over(struct weir_house *h, const struct weir_view *v,
		      const struct weir_spans *frame, const struct weir_kind *k)
{
	switch (k->room) {
	case WEIR_KIND_TCP:
		weir_streams_segment(h, v, frame, false);
		return;
	case WEIR_KIND_DNS:
		if (v->proto == WEIR_PROTO_TCP)
			weir_streams_segment(h, v, frame, true);
		else
			to_udp(h, v, frame, true);
		return;
	case WEIR_KIND_UDP:
		to_udp(h, v, frame, false);
		return;
	case WEIR_KIND_ARP:
	case WEIR_KIND_ND:
	case WEIR_KIND_ECHO_HERE:
	case WEIR_KIND_EXPIRED:
		to_desk(h, v, frame, k->room);
		return;
	case WEIR_KIND_ECHO:
		weir_house_count(h, WEIR_REASON_ICMP);
		weir_up_refuse(h, v->l3, WEIR_ICMP_WHY_PROHIBITED);
		return;
	case WEIR_KIND_FRAGMENT:
		weir_house_count(h, WEIR_REASON_FRAGMENT);
		return;
	case WEIR_KIND_DHCP:
	case WEIR_KIND_DHCPV6:
		weir_house_count(h, WEIR_REASON_DHCP);
		return;
	case WEIR_KIND_ICMP_ERROR:
	case WEIR_KIND_OTHER:
		weir_house_count(h, WEIR_REASON_ICMP);
		return;
	case WEIR_KIND_GROUP:
		return;
	}
}

/* Did we offer to take frames that stand for several packets of this kind? */
static bool is_offered(const struct weir_house *h, const struct weir_vnethdr *v)
{
	uint32_t offload = h->charter.offload;

	switch (v->gso_type & ~WEIR_VNET_GSO_ECN) {
	case WEIR_VNET_GSO_TCPV4:
		return offload & WEIR_OFFLOAD_TSO4;
	case WEIR_VNET_GSO_TCPV6:
		return offload & WEIR_OFFLOAD_TSO6;
	case WEIR_VNET_GSO_UDP_L4:
		return offload & WEIR_OFFLOAD_USO;
	default:
		return true; /* none; others were refused */
	}
}

/* Everything a frame must be before a room sees it. */
static enum weir_reason look(struct weir_house *h, struct weir_rd *in,
			     struct weir_vnethdr *vnet,
			     struct weir_spans *frame, struct weir_view *v,
			     struct weir_kind *k)
{
	enum weir_reason r = weir_vnethdr_parse(in, vnet);

	if (r != WEIR_REASON_NONE)
		return r;
	if (!is_offered(h, vnet))
		return WEIR_REASON_VNET_HEADER;
	frame->len = in->left;
	r = weir_view_parse(vnet, frame, v);
	if (r == WEIR_REASON_NONE)
		r = weir_kind_find(v, &h->facts, k);
	if (r == WEIR_REASON_NONE && k->learn)
		r = weir_desk_admit(&h->desk, &v->from, weir_house_now_ms(h));
	if (r == WEIR_REASON_NONE &&
	    (k->room == WEIR_KIND_TCP || k->room == WEIR_KIND_UDP ||
	     k->room == WEIR_KIND_DNS))
		r = weir_view_l4_csum(v, frame, vnet);
	return r;
}

void weir_up_frame(struct weir_house *h, uint8_t *bytes, size_t len)
{
	struct weir_rd in = weir_rd_over(bytes, len);
	struct weir_span whole = { NULL, 0 };
	struct weir_spans frame = { &whole, 1, 0 };
	struct weir_vnethdr vnet;
	struct weir_view v;
	struct weir_kind k;
	enum weir_reason r;

	h->sum.frames_up++;
	if (len > WEIR_VNET_BYTES) {
		whole.at = bytes + WEIR_VNET_BYTES;
		whole.len = len - WEIR_VNET_BYTES;
		h->sum.bytes_up += whole.len;
	}
	r = look(h, &in, &vnet, &frame, &v, &k);
	if (r != WEIR_REASON_NONE) {
		weir_house_count(h, r);
		return;
	}
	hand_over(h, &v, &frame, &k);
}

/*
 * A turn reads until there is nothing more, 64 frames at most.  That last read
 * is a system call for nothing, which an exchange of single frames would pay
 * each time; so where the last turns found one frame each, one is read (the
 * link is level-triggered: what is left is reported again), and only every
 * fourth time it is looked for more.
 */
int weir_up_frames(struct weir_house *h)
{
	unsigned most = WEIR_TURN_FRAMES_UP, i;

	if (h->singles % 4)
		most = 1;
	for (i = 0; i < most; i++) {
		int n = weir_tap_receive(h->link, h->frame);

		if (n == -EAGAIN)
			break;
		if (n < 0)
			return n;
		weir_up_frame(h, h->frame, (size_t)n);
	}
	h->singles = i == 1 ? h->singles + 1 : 0;
	return 0;
}
