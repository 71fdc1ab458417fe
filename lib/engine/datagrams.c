/* SPDX-License-Identifier: Apache-2.0 */
/*
 * datagrams.c - UDP flows: the guest's datagrams through host sockets
 *
 * Which conversations there are is kept by flow/assoc; this room judges the
 * first datagram of each, owns one socket per mapping, and carries datagrams
 * both ways.  The gateway stands for the host's loopback, in both directions.
 */
#include "engine/datagrams.h"

#include <errno.h>

#include "engine/down.h"
#include "engine/up.h"
#include "engine/verdict.h"
#include "host/dial.h"
#include "host/post.h"
#include "sys/entropy.h"
#include "sys/loop.h"

#define TURN_DATAGRAMS 64u /* from one mapping, a turn */

size_t weir_datagrams_bytes(void)
{
	return weir_assoc_bytes(WEIR_UDP_MAPPINGS_MAX,
				WEIR_UDP_CONVERSATIONS_MAX) +
	       WEIR_UDP_MAPPINGS_MAX * sizeof(int) +
	       WEIR_POST_DATAGRAM_MAX_BYTES + 64;
}

bool weir_datagrams_init(struct weir_house *h, struct weir_arena *arena)
{
	struct weir_datagrams *d = &h->datagrams;
	uint64_t key[2];

	weir_entropy_fill(key, sizeof(key));
	d->fd = weir_arena_take(arena, WEIR_UDP_MAPPINGS_MAX, sizeof(*d->fd),
				8);
	d->room = weir_arena_take(arena, 1, WEIR_POST_DATAGRAM_MAX_BYTES, 8);
	return d->fd && d->room &&
	       weir_assoc_init(&d->assoc, arena, WEIR_UDP_MAPPINGS_MAX,
			       WEIR_UDP_CONVERSATIONS_MAX, key, h->now_us);
}

/* Ports that would leak the host's neighbourhood or dodge its DNS. */
static bool is_refused_port(uint16_t port)
{
	return port == 137 || port == 138 || port == 853 || port == 5353 ||
	       port == 5355;
}

static enum weir_reason judge(struct weir_house *h,
			      const struct weir_assoc_ends *ends)
{
	enum weir_reason r = weir_verdict_judge(h, &ends->far);

	if (r == WEIR_REASON_NONE &&
	    weir_kind_is_broadcast(&h->facts, &ends->far))
		r = WEIR_REASON_MULTICAST;
	if (r == WEIR_REASON_NONE && is_refused_port(ends->fport))
		r = ends->fport == 853 ? WEIR_REASON_DOT : WEIR_REASON_DEFAULT;
	return r;
}

static enum weir_reason map(struct weir_house *h,
			    const struct weir_assoc_ends *ends,
			    uint32_t *ret_mapping)
{
	struct weir_datagrams *d = &h->datagrams;
	uint32_t m = weir_assoc_map(&d->assoc, &ends->guest, ends->gport);
	int fd, err;

	if (m == WEIR_ASSOC_NONE)
		return WEIR_REASON_LIMIT_UDP;
	fd = weir_post_open(weir_addr_is4(&ends->guest));
	err = fd;
	if (fd >= 0)
		err = weir_loop_watch(h->loop, fd,
				      WEIR_HOUSE_TAG(WEIR_HOUSE_TAG_DATAGRAM,
						     m),
				      false, false);
	if (err < 0) {
		weir_post_close(fd);
		weir_assoc_unmap(&d->assoc, m);
		return weir_dial_reason(err);
	}
	d->fd[m] = fd;
	*ret_mapping = m;
	return WEIR_REASON_NONE;
}

/* A conversation for a first datagram.  NONE: @ret_mapping may send. */
static enum weir_reason open_flow(struct weir_house *h,
				  const struct weir_assoc_ends *ends,
				  uint32_t *ret_mapping)
{
	struct weir_datagrams *d = &h->datagrams;
	enum weir_reason r = judge(h, ends);
	uint32_t closed;

	if (r == WEIR_REASON_NONE && *ret_mapping == WEIR_ASSOC_NONE)
		r = map(h, ends, ret_mapping);
	if (r != WEIR_REASON_NONE)
		return r;
	(void)weir_assoc_open(&d->assoc, *ret_mapping, &ends->far, ends->fport,
			      h->now_us, &closed);
	h->sum.udp_opened++;
	if (closed != WEIR_ASSOC_NONE)
		weir_post_close(d->fd[closed]);
	return WEIR_REASON_NONE;
}

static void deny(struct weir_house *h, struct weir_rd l3, enum weir_reason r)
{
	weir_house_count(h, r);
	if (r == WEIR_REASON_MULTICAST)
		return;
	weir_up_refuse(h, l3,
		       r == WEIR_REASON_UNREACHABLE ? WEIR_ICMP_WHY_HOST
						    : WEIR_ICMP_WHY_PROHIBITED);
}

void weir_datagrams_up(struct weir_house *h, const struct weir_assoc_ends *ends,
		       struct weir_rd l3, const struct weir_spans *payload)
{
	struct weir_datagrams *d = &h->datagrams;
	struct weir_addr to, other;
	enum weir_reason r;
	uint32_t m;
	int err;

	if (ends->fport == 0 || ends->gport == 0) {
		weir_house_count(h, WEIR_REASON_UDP_LENGTH);
		return;
	}
	if (weir_assoc_up(&d->assoc, ends, h->now_us, &m) == WEIR_ASSOC_NONE) {
		r = open_flow(h, ends, &m);
		if (r != WEIR_REASON_NONE) {
			deny(h, l3, r);
			return;
		}
	}
	(void)weir_verdict_place(h, &ends->far, &to, &other);
	err = weir_post_send(d->fd[m], &to, ends->fport, payload);
	if (err == 0)
		h->sum.udp_up++;
	else if (err == -EAGAIN || err == -ENOBUFS)
		weir_house_count(h, WEIR_REASON_LIMIT_UDP);
	else
		deny(h, l3, weir_dial_reason(err));
}

/* The far address as the guest knows it. */
static void rename_loopback(const struct weir_house *h, struct weir_addr *a)
{
	const struct weir_addr loop4 = weir_addr_from4(0x7f000001);
	const struct weir_addr loop6 = { .b = { [15] = 1 } };

	if (weir_addr_is_equal(a, &loop4))
		*a = h->charter.gateway4;
	else if (weir_addr_is_equal(a, &loop6))
		*a = h->charter.gateway6;
}

void weir_datagrams_event(struct weir_house *h, uint32_t mapping, uint32_t what)
{
	struct weir_datagrams *d = &h->datagrams;
	struct weir_assoc_ends ends;
	struct weir_addr from;
	enum weir_reason r;
	uint16_t port = 0;
	uint32_t i;

	(void)what;
	if (!weir_pool_is_taken(&d->assoc.mappings, mapping))
		return; /* it ended earlier in this turn */
	for (unsigned k = 0; k < TURN_DATAGRAMS; k++) {
		int n = weir_post_receive(d->fd[mapping], d->room, &from,
					  &port);

		if (n == -EAGAIN)
			return;
		if (n < 0)
			continue; /* an error of an earlier datagram */
		rename_loopback(h, &from);
		i = weir_assoc_down(&d->assoc, mapping, &from, port, h->now_us);
		if (i == WEIR_ASSOC_NONE) {
			weir_house_count(h, WEIR_REASON_NO_FLOW);
			continue;
		}
		weir_assoc_ends_of(&d->assoc, i, &ends);
		r = weir_down_datagram(h, &ends, d->room, (size_t)n);
		if (r != WEIR_REASON_NONE)
			weir_house_count(h, r);
		else
			h->sum.udp_down++;
	}
}

void weir_datagrams_tick(struct weir_house *h)
{
	struct weir_datagrams *d = &h->datagrams;
	enum weir_assoc_ended ended;
	uint32_t m;

	while ((ended = weir_assoc_expire(&d->assoc, h->now_us, &m)) !=
	       WEIR_ASSOC_ENDED_NOTHING) {
		weir_house_count(h, WEIR_REASON_IDLE);
		if (ended == WEIR_ASSOC_ENDED_MAPPING)
			weir_post_close(d->fd[m]);
	}
	h->sum.udp_now = weir_pool_used(&d->assoc.conversations);
}

uint64_t weir_datagrams_due_us(const struct weir_house *h)
{
	return weir_assoc_due_us(&h->datagrams.assoc);
}

void weir_datagrams_end_all(struct weir_house *h)
{
	struct weir_datagrams *d = &h->datagrams;
	uint32_t high = weir_pool_high(&d->assoc.mappings);

	for (uint32_t m = 0; m < high; m++)
		if (weir_pool_is_taken(&d->assoc.mappings, m))
			weir_post_close(d->fd[m]);
}
