/* SPDX-License-Identifier: Apache-2.0 */
/*
 * courier.c - a host socket that carries a guest's datagrams: UDP or echo
 *
 * DOC: errors
 *
 * The host's kernel keeps what the network says about a datagram beside the
 * socket, with where it was bound for and its first bytes; no word of it in
 * the guest's terms.  So:
 *
 *	bound for   finds the conversation; none: nobody's, dropped
 *	bytes       and the conversation make the guest's packet again
 *		    (flow/quote), which is quoted
 *	said by     is who the guest hears it from, so traceroute sees the way;
 *		    the host's loopback is the gateway to him
 *
 * Until it is read, a waiting error fails the next send, whatever that is: it
 * is told, and the datagram sent again.
 *
 * DOC: whole or in parts
 *
 * Sockets send with DF and know the way's MTU.  A datagram that may be cut has
 * the socket switched over for it, and back for the next that may not, so it
 * is the same socket and port.
 */
#include "engine/courier.h"

#include <errno.h>

#include "engine/house.h"
#include "engine/up.h"
#include "engine/verdict.h"
#include "flow/quote.h"
#include "host/dial.h"
#include "host/errqueue.h"

#define HEARD_MAX   64u   /* errors read at once */
#define QUOTE_BYTES 1232u /* RFC 4443: as much as fits into 1280 */
#define TRIES       3u    /* each but the last may meet errors of others */
#define GUEST_TTL   64u

void weir_courier_init(struct weir_courier *c, int fd, bool v4, bool echo)
{
	*c = (struct weir_courier){
		.fd = fd, .echo = echo, .v4 = v4, .whole = true
	};
}

uint8_t weir_courier_ttl(uint8_t guest)
{
	uint8_t ttl = guest > 1 ? (uint8_t)(guest - 1) : 1;

	return ttl == WEIR_VOLLEY_HOPS ? 0 : ttl;
}

void weir_courier_keep_whole(struct weir_courier *c, bool whole)
{
	if (c->whole == whole)
		return;
	c->whole = whole;
	weir_volley_keep_whole(c->fd, c->v4, whole);
}

void weir_courier_rename(const struct weir_house *h, struct weir_addr *a)
{
	const struct weir_addr loop4 = weir_addr_from4(0x7f000001);
	const struct weir_addr loop6 = { .b = { [15] = 1 } };

	if (weir_addr_is_equal(a, &loop4))
		*a = h->charter.gateway4;
	else if (weir_addr_is_equal(a, &loop6))
		*a = h->charter.gateway6;
}

static void tell_too_big(struct weir_house *h, struct weir_rd l3, uint32_t mtu)
{
	const struct weir_icmp_error e = { .why = WEIR_ICMP_WHY_TOO_BIG,
					   .mtu = mtu };

	weir_up_tell(h, l3, &e);
}

void weir_courier_deny(struct weir_house *h, struct weir_rd l3,
		       enum weir_reason r)
{
	bool verdict = r < WEIR_REASON_REFUSED;
	enum weir_icmp_why why = WEIR_ICMP_WHY_PROHIBITED;

	weir_house_count(h, r);
	if (r == WEIR_REASON_MULTICAST ||
	    (verdict && weir_verdict_is_silent(h)))
		return;
	if (r == WEIR_REASON_UNREACHABLE)
		why = WEIR_ICMP_WHY_HOST;
	if (r == WEIR_REASON_QUIC)
		why = WEIR_ICMP_WHY_PORT; /* at once, so TCP is tried */
	weir_up_refuse(h, l3, why);
}

/* --- what is heard --- */

/* The guest's packet again, from the bytes that the kernel kept of it. */
static void quote(const struct weir_courier *c, const struct weir_assoc_ends *e,
		  const struct weir_errqueue_error *x, const uint8_t *bytes,
		  struct weir_wr *out)
{
	uint8_t ttl = x->why == WEIR_ICMP_WHY_TTL ? 1 : GUEST_TTL;
	struct weir_rd in = weir_rd_over(bytes, x->len);
	struct weir_icmp m = { .seq = 0 };

	if (!c->echo) {
		weir_quote_udp(e, ttl, bytes, x->len, out);
		return;
	}
	(void)weir_icmp_parse(&in, &m);
	weir_quote_echo(e, ttl, m.seq, in.at, in.left, out);
}

static void tell(struct weir_house *h, const struct weir_courier *c,
		 const struct weir_assoc *a, uint32_t mapping,
		 struct weir_errqueue_error *x, const uint8_t *bytes)
{
	uint8_t room[QUOTE_BYTES + WEIR_QUOTE_HEADER_BYTES];
	struct weir_wr w = weir_wr_over(room, sizeof(room));
	struct weir_icmp_error e = { .why = x->why, .mtu = x->mtu };
	struct weir_assoc_ends ends;
	uint32_t i;

	weir_courier_rename(h, &x->to);
	weir_courier_rename(h, &x->from);
	i = weir_assoc_find(a, mapping, &x->to, x->port);
	if (!x->known || i == WEIR_ASSOC_NONE) {
		weir_house_count(h, x->known ? WEIR_REASON_NO_FLOW
					     : WEIR_REASON_ICMP);
		return;
	}
	weir_assoc_ends_of(a, i, &ends);
	if (!weir_addr_is_equal(&x->from, &ends.guest))
		e.from = x->from;
	quote(c, &ends, x, bytes, &w);
	if (weir_wr_ok(&w))
		weir_up_tell(h, weir_rd_over(room, weir_wr_len(&w)), &e);
}

uint32_t weir_courier_hear(struct weir_house *h, const struct weir_courier *c,
			   const struct weir_assoc *a, uint32_t mapping)
{
	struct weir_errqueue_error x;
	uint8_t bytes[QUOTE_BYTES];
	uint32_t mtu = 0;

	for (unsigned k = 0; k < HEARD_MAX; k++) {
		if (!weir_errqueue_take(c->fd, bytes, sizeof(bytes), &x))
			break;
		/* what this host says at once the sender hears himself */
		if (!x.local)
			tell(h, c, a, mapping, &x, bytes);
		else if (x.known && x.why == WEIR_ICMP_WHY_TOO_BIG)
			mtu = x.mtu;
	}
	return mtu;
}

/* --- sending --- */

/* 0, or a negative errno that is this datagram's own. */
static int send_once(struct weir_house *h, struct weir_courier *c,
		     const struct weir_assoc *a,
		     const struct weir_courier_gram *g, uint32_t *ret_mtu)
{
	int err = 0;

	for (unsigned k = 0; k < TRIES; k++) {
		uint32_t mtu;

		err = weir_volley_send(c->fd, &g->out, 1);
		if (err > 0)
			return 0;
		if (err == -EAGAIN || err == -ENOBUFS)
			return err;
		mtu = weir_courier_hear(h, c, a, g->mapping);
		if (mtu) {
			*ret_mtu = mtu;
			return -EMSGSIZE;
		}
	}
	return err;
}

static void settle(struct weir_house *h, const struct weir_courier *c,
		   const struct weir_courier_gram *g, int err)
{
	if (err == 0 && !c->echo)
		h->sum.udp_up++;
	else if (err == -EAGAIN || err == -ENOBUFS)
		weir_house_count(h, WEIR_REASON_LIMIT_UDP);
	else if (err == -EMSGSIZE)
		weir_house_count(h, WEIR_REASON_OVERSIZE);
	else if (err)
		weir_courier_deny(h, g->l3, weir_dial_reason(err));
}

static void send_one(struct weir_house *h, struct weir_courier *c,
		     const struct weir_assoc *a,
		     const struct weir_courier_gram *g)
{
	uint32_t mtu = 0;
	int err;

	weir_courier_keep_whole(c, g->whole);
	err = send_once(h, c, a, g, &mtu);
	if (err == -EMSGSIZE && mtu)
		tell_too_big(h, g->l3, mtu);
	settle(h, c, g, err);
}

void weir_courier_send(struct weir_house *h, struct weir_courier *c,
		       const struct weir_assoc *a, struct weir_courier_gram *g)
{
	const struct weir_spans all = g->out.payload;
	struct weir_courier_gram one = *g;
	struct weir_span part[WEIR_CONN_SPANS_MAX];
	size_t unit = g->out.segment ? g->out.segment : all.len;

	g->gone = true;
	if (!g->out.segment) {
		send_one(h, c, a, g);
		return;
	}
	one.out.segment = 0;
	one.out.payload.v = part;
	for (size_t at = 0; at < all.len; at += unit) {
		size_t left = all.len - at;

		one.out.payload.len = left < unit ? left : unit;
		one.out.payload.n = weir_spans_cut(&all, at, unit, part,
						   WEIR_CONN_SPANS_MAX);
		send_one(h, c, a, &one);
	}
}
