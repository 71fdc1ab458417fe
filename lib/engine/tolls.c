/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tolls.c - rates: how much may pass now, and what did
 *
 * A flow that may not move all it has stays on the busy list.  Those that wait
 * share the bucket in laps: who was cut short in a lap gets nothing more until
 * all that wait had something, so that one greedy flow does not empty it
 * before the others are asked.  TCP leaves the last part of the burst to UDP
 * and echo, which cannot wait.
 */
#include "engine/tolls.h"

#include "engine/relay.h"
#include "engine/streams.h"
#include "packet/eth.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"
#include "packet/tcp.h"
#include "packet/udp.h"

#define QUANTUM_BYTES 16384u /* worth waking up for */

static struct weir_toll *toll_of(struct weir_house *h, enum weir_toll_way way)
{
	return &h->tolls.way[way];
}

static void set_rate(struct weir_toll *t, const struct weir_charter_rate *r,
		     uint64_t now_us)
{
	const struct weir_quota_rate rate = { .bytes_per_s = r->bytes_per_s,
					      .packets_per_s = r->packets_per_s,
					      .burst_bytes = r->burst_bytes };

	t->on = r->bytes_per_s || r->packets_per_s;
	t->lap = 1;
	t->reserve = weir_quota_burst(&rate) / 2;
	if (t->reserve > 2 * QUANTUM_BYTES)
		t->reserve = 2 * QUANTUM_BYTES;
	weir_quota_init(&t->quota, &rate, now_us);
}

void weir_tolls_init(struct weir_house *h)
{
	const struct weir_charter_rate flows = {
		.packets_per_s = h->charter.flows_per_second
	};

	set_rate(toll_of(h, WEIR_TOLL_UP), &h->charter.up, h->now_us);
	set_rate(toll_of(h, WEIR_TOLL_DOWN), &h->charter.down, h->now_us);
	set_rate(&h->tolls.flows, &flows, h->now_us);
}

/* Ethernet, IP and TCP headers of a segment of flow @i. */
static uint32_t headers_of(struct weir_house *h, uint32_t i)
{
	bool v4 = weir_addr_is4(&weir_relay_conn(h, i)->ends.far);

	return WEIR_ETH_HEADER_BYTES + WEIR_TCP_HEADER_BYTES +
	       (v4 ? WEIR_IPV4_HEADER_BYTES : WEIR_IPV6_HEADER_BYTES);
}

/* What TCP may move now: the last part of the burst is for what cannot wait. */
static uint64_t above_reserve(struct weir_toll *t, uint64_t now_us)
{
	uint64_t left = weir_quota_bytes(&t->quota, now_us);

	if (left == UINT64_MAX)
		return left;
	return left > t->reserve ? left - t->reserve : 0;
}

/*
 * One flow's part of @left, at least what is worth a wake-up: a debt that the
 * reserve can bear.
 */
static uint64_t share_of(const struct weir_toll *t, uint32_t mss, uint64_t left)
{
	uint32_t least = mss < QUANTUM_BYTES ? mss : QUANTUM_BYTES;

	if (t->waited > 1)
		left /= t->waited;
	return left < least ? least : left;
}

uint32_t weir_tolls_share(struct weir_house *h, enum weir_toll_way way,
			  uint32_t i, uint32_t want)
{
	struct weir_toll *t = toll_of(h, way);
	struct weir_side *side = &h->streams.side[i];
	uint64_t left;

	if (!t->on || want == 0)
		return want;
	left = above_reserve(t, h->now_us);
	if (side->fed[way] == t->lap)
		left = 0; /* the others first */
	else if (left == 0)
		t->hungry++;
	if (left && left < want)
		left = share_of(t, weir_relay_conn(h, i)->mss, left);
	if (left >= want)
		return want;
	if (left)
		side->fed[way] = t->lap;
	t->waiting++;
	weir_streams_busy(h, i);
	return (uint32_t)left;
}

void weir_tolls_pay(struct weir_house *h, enum weir_toll_way way, uint32_t i,
		    uint32_t bytes)
{
	struct weir_toll *t = toll_of(h, way);
	uint32_t mss = weir_relay_conn(h, i)->mss;

	if (!t->on || bytes == 0)
		return;
	weir_quota_spend(&t->quota,
			 weir_quota_wire(bytes, mss, headers_of(h, i)),
			 weir_quota_segments(bytes, mss));
}

static bool pass(struct weir_house *h, struct weir_toll *t, size_t bytes,
		 uint32_t packets)
{
	if (!t->on)
		return true;
	if (!weir_quota_may(&t->quota, h->now_us)) {
		h->sum.reasons.count[WEIR_REASON_LIMIT_RATE] += packets;
		return false;
	}
	weir_quota_spend(&t->quota, bytes, packets);
	return true;
}

bool weir_tolls_pass(struct weir_house *h, enum weir_toll_way way, size_t bytes)
{
	return pass(h, toll_of(h, way), bytes, 1);
}

bool weir_tolls_datagram(struct weir_house *h, enum weir_toll_way way,
			 size_t payload, uint16_t segment)
{
	const uint32_t headers = WEIR_ETH_HEADER_BYTES +
				 WEIR_IPV4_HEADER_BYTES + WEIR_UDP_HEADER_BYTES;

	return pass(h, toll_of(h, way),
		    weir_quota_wire((uint32_t)payload, segment, headers),
		    weir_quota_segments((uint32_t)payload, segment));
}

void weir_tolls_owe(struct weir_house *h, enum weir_toll_way way, size_t bytes)
{
	if (toll_of(h, way)->on)
		weir_quota_spend(&toll_of(h, way)->quota, bytes, 1);
}

bool weir_tolls_flow(struct weir_house *h)
{
	return pass(h, &h->tolls.flows, 0, 1);
}

void weir_tolls_round(struct weir_house *h)
{
	for (int way = 0; way < WEIR_TOLL_WAYS; way++) {
		struct weir_toll *t = &h->tolls.way[way];

		if (t->hungry == 0)
			t->lap++;
		t->waited = t->waiting;
		t->waiting = 0;
		t->hungry = 0;
	}
}

uint64_t weir_tolls_due_us(struct weir_house *h)
{
	uint64_t due = UINT64_MAX;

	for (int way = 0; way < WEIR_TOLL_WAYS; way++) {
		struct weir_toll *t = &h->tolls.way[way];
		uint64_t d = UINT64_MAX;

		if (t->waiting)
			d = weir_quota_due_us(&t->quota,
					      t->reserve + QUANTUM_BYTES,
					      h->now_us);
		due = d < due ? d : due;
	}
	return due;
}
