/* SPDX-License-Identifier: Apache-2.0 */
/*
 * up.c - a frame from the guest: seen, sorted, given to its room
 *
 * The whole way of a frame is doc/path.md; this is its first half.  Nothing
 * here keeps anything of a frame: a room that wants bytes later copies them.
 * Datagrams alone stay where they were read until the turn's frames are all
 * read (see engine/datagrams): the next frame is read behind them.
 */
#include "engine/up.h"

#include <errno.h>

#include "engine/datagrams.h"
#include "engine/doors.h"
#include "engine/down.h"
#include "engine/echoes.h"
#include "engine/foyer.h"
#include "engine/names.h"
#include "engine/parts.h"
#include "engine/streams.h"
#include "engine/tolls.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"
#include "packet/udp.h"

#define ANSWER_BYTES  (WEIR_FRAME_MAX_BYTES + 256u)
#define ALIGN         64u
#define USUAL_MTU     1500u
#define EXPLORER_HOPS 32u

void weir_up_tell(struct weir_house *h, struct weir_rd l3,
		  const struct weir_icmp_error *e)
{
	struct weir_wr out = weir_wr_over(h->answer, ANSWER_BYTES);
	enum weir_reason r;

	r = weir_desk_unreachable(&h->desk, e, l3, weir_house_now_ms(h), &out);
	if (r != WEIR_REASON_NONE)
		weir_house_count(h, r);
	else if (weir_wr_len(&out))
		weir_down_frame(h, &out);
}

void weir_up_refuse(struct weir_house *h, struct weir_rd l3,
		    enum weir_icmp_why why)
{
	const struct weir_icmp_error e = { .why = why };

	weir_up_tell(h, l3, &e);
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

/* a frame, seen; @parted: it came in fragments */
struct seen {
	struct weir_vnethdr vnet;
	struct weir_span bytes;
	struct weir_spans frame;
	struct weir_view v;
	struct weir_kind k;
	bool parted;
};

static uint16_t segment_of(const struct seen *s)
{
	return s->vnet.gso_type == WEIR_VNET_GSO_UDP_L4 ? s->vnet.gso_size : 0;
}

/*
 * Must a datagram not be cut on its way?  Not if it was cut before, or if its
 * sender does not mind.  DF alone says little: Linux sets it on whatever fits
 * its card, and this card may be far wider than any way out, with programs
 * that never heard of it.  So what is longer than the usual card takes may be
 * cut; but not if few hops are left to it, which only those who explore the way
 * do (tracepath).
 */
static bool is_whole(const struct seen *s)
{
	if (s->parted || !(s->v.is_v6 || s->v.df))
		return false;
	return segment_of(s) || s->v.l3_len <= USUAL_MTU ||
	       s->v.ttl < EXPLORER_HOPS;
}

static void to_lease(struct weir_house *h, const struct weir_view *v,
		     const struct weir_spans *frame)
{
	struct weir_wr out = weir_wr_over(h->answer, ANSWER_BYTES);
	enum weir_reason r = weir_lease_answer(&h->lease, v, frame, &out);

	if (r != WEIR_REASON_NONE)
		weir_house_count(h, r);
	else if (weir_wr_len(&out))
		weir_down_frame(h, &out);
}

static void to_udp(struct weir_house *h, const struct seen *s, bool dns)
{
	struct weir_span all[WEIR_CONN_SPANS_MAX], part[WEIR_CONN_SPANS_MAX];
	const struct weir_view *v = &s->v;
	struct weir_datagrams_in d = { .ends = { .guest = v->from,
						 .far = v->to },
				       .l3 = v->l3,
				       .ttl = v->ttl,
				       .whole = is_whole(s),
				       .segment = segment_of(s) };
	struct weir_spans payload = { all, 0, 0 };
	struct weir_rd in = v->l4;
	struct weir_udp u;
	enum weir_reason r = weir_udp_parse(&in, v->l4_len, &u);

	if (r != WEIR_REASON_NONE) {
		weir_house_count(h, r);
		return;
	}
	d.ends.gport = u.sport;
	d.ends.fport = u.dport;
	payload.n = weir_view_payload(v, &s->frame, WEIR_UDP_HEADER_BYTES, all,
				      WEIR_CONN_SPANS_MAX);
	payload.len = v->l4_len - WEIR_UDP_HEADER_BYTES;
	d.payload.v = part;
	d.payload.len = u.len - WEIR_UDP_HEADER_BYTES;
	d.payload.n = weir_spans_cut(&payload, 0, d.payload.len, part,
				     WEIR_CONN_SPANS_MAX);
	if (dns)
		weir_names_datagram(h, &d.ends, in.at,
				    d.payload.len < in.left ? d.payload.len
							    : in.left);
	else if (weir_tolls_datagram(h, WEIR_TOLL_UP, d.payload.len,
				     d.segment) &&
		 !weir_doors_reply(h, &d.ends, &d.payload))
		weir_datagrams_up(h, &d);
}

/* The frame was seen and sorted; its room takes it from here. */
static void hand_over(struct weir_house *h, const struct seen *s)
{
	const struct weir_spans *frame = &s->frame;
	const struct weir_view *v = &s->v;

	switch (s->k.room) {
	case WEIR_KIND_TCP:
		weir_streams_segment(h, v, frame, false);
		return;
	case WEIR_KIND_DNS:
		if (v->proto == WEIR_PROTO_TCP)
			weir_streams_segment(h, v, frame, true);
		else
			to_udp(h, s, true);
		return;
	case WEIR_KIND_UDP:
		to_udp(h, s, false);
		return;
	case WEIR_KIND_ARP:
	case WEIR_KIND_ND:
	case WEIR_KIND_ECHO_HERE:
	case WEIR_KIND_EXPIRED:
		to_desk(h, v, frame, s->k.room);
		return;
	case WEIR_KIND_ECHO:
		if (weir_tolls_pass(h, WEIR_TOLL_UP, frame->len))
			weir_echoes_up(h, v, frame, is_whole(s));
		return;
	case WEIR_KIND_FRAGMENT: /* see weir_up_frame() */
		weir_house_count(h, WEIR_REASON_FRAGMENT);
		return;
	case WEIR_KIND_DHCP:
	case WEIR_KIND_DHCPV6:
		to_lease(h, v, frame);
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
	uint32_t offload = h->card.offered;

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

/* Everything a frame, virtio header first, must be before a room sees it. */
static enum weir_reason look(struct weir_house *h, uint8_t *bytes, size_t len,
			     struct seen *s)
{
	struct weir_rd in = weir_rd_over(bytes, len);
	enum weir_reason r = weir_vnethdr_parse(&in, &s->vnet);

	if (r != WEIR_REASON_NONE)
		return r;
	if (!is_offered(h, &s->vnet))
		return WEIR_REASON_VNET_HEADER;
	s->bytes = (struct weir_span){ bytes + WEIR_VNET_BYTES, in.left };
	s->frame = (struct weir_spans){ &s->bytes, 1, in.left };
	r = weir_view_parse(&s->vnet, &s->frame, &s->v);
	if (r == WEIR_REASON_NONE)
		r = weir_kind_find(&s->v, &h->facts, &s->k);
	if (r == WEIR_REASON_NONE && s->k.learn)
		r = weir_desk_admit(&h->desk, &s->v.from, weir_house_now_ms(h));
	if (r == WEIR_REASON_NONE &&
	    (s->k.room == WEIR_KIND_TCP || s->k.room == WEIR_KIND_UDP ||
	     s->k.room == WEIR_KIND_DNS))
		r = weir_view_l4_csum(&s->v, &s->frame, &s->vnet);
	return r;
}

/* A fragment; if it makes a frame whole, that is served at once. */
static void join(struct weir_house *h, const struct seen *part)
{
	struct seen s = { .parted = true };
	enum weir_reason r;
	uint8_t *whole;
	size_t len = weir_parts_join(h, &part->v, &part->frame, &whole);

	if (!len)
		return;
	r = look(h, whole, len, &s);
	if (r != WEIR_REASON_NONE) {
		weir_house_count(h, r);
		return;
	}
	hand_over(h, &s);
	weir_datagrams_flush(h); /* the next one takes its place */
}

void weir_up_frame(struct weir_house *h, uint8_t *bytes, size_t len)
{
	struct seen s = { .parted = false };
	enum weir_reason r;

	if (h->stranger && len > WEIR_VNET_BYTES)
		weir_foyer_meet(h, bytes + WEIR_VNET_BYTES,
				len - WEIR_VNET_BYTES);
	h->sum.frames_up++;
	if (len > WEIR_VNET_BYTES)
		h->sum.bytes_up += len - WEIR_VNET_BYTES;
	r = look(h, bytes, len, &s);
	if (r != WEIR_REASON_NONE)
		weir_house_count(h, r);
	else if (s.k.room == WEIR_KIND_FRAGMENT)
		join(h, &s);
	else
		hand_over(h, &s);
}

/*
 * Where the next frame is read: in the place of the last one, unless its
 * datagrams are held, which end at @end; then behind it.
 */
static size_t place_next(struct weir_house *h, size_t end)
{
	if (end > WEIR_HOUSE_HELD_BYTES)
		weir_datagrams_flush(h);
	if (!weir_datagrams_is_holding(h))
		return 0;
	return (end + ALIGN - 1) / ALIGN * ALIGN;
}

/*
 * A turn reads until there is nothing more, 64 frames at most.  That last read
 * is a system call for nothing, which an exchange of single frames would pay
 * each time; so where the last turns found one frame each, one is read (the
 * link is level-triggered: what is left is reported again), and only every
 * fourth time it is looked for more.
 */
static int read_frames(struct weir_house *h)
{
	const struct weir_link *link = &h->card.link;
	unsigned most = WEIR_TURN_FRAMES_UP, i;
	size_t at = 0;

	if (h->singles % 4)
		most = 1;
	for (i = 0; i < most; i++) {
		int n = link->ops->receive(link->self, h->frame + at);

		if (n == -EAGAIN)
			break;
		if (n == -EINVAL || n == -EMSGSIZE) {
			weir_house_count(h, n == -EINVAL
						    ? WEIR_REASON_VNET_HEADER
						    : WEIR_REASON_OVERSIZE);
			continue; /* one that cannot be used */
		}
		if (n < 0)
			return n;
		weir_up_frame(h, h->frame + at, (size_t)n);
		at = place_next(h, at + (size_t)n);
	}
	h->singles = i == 1 ? h->singles + 1 : 0;
	return 0;
}

int weir_up_frames(struct weir_house *h)
{
	int r = read_frames(h);

	weir_datagrams_flush(h);
	return r;
}
