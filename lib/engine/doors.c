/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doors.c - published ports: clients of the host who come to the guest
 *
 * DOC: how it works
 *
 * A door is a socket that control has bound; whatever arrives there goes to
 * one port of the guest.
 *
 * TCP.  An accepted connection becomes a flow that calls the guest
 * (weir_streams_call()).  Nothing is read from the client before the guest
 * has answered, and a guest that refuses resets the client.
 *
 * UDP.  Each client has a conversation: (door, client) on the host's side,
 * (guest port, a port of the gateway) on the guest's.  A datagram from the
 * guest to that port of the gateway goes back to the client through the
 * door's socket.  Conversations end after WEIR_UDP_IDLE_MS of silence; where
 * there are too many, a new client is not served.
 *
 * Who the guest sees: the gateway, with the client's port if that is free; or
 * the client itself if the door preserves sources and the client's address
 * could come from outside (not loopback, link-local, the guest's own subnet or
 * the other family).  A UDP client whose port means something here (DNS, DHCP)
 * is seen with another: the guest's answers would not be taken for that.
 *
 * At the limit of descriptors a connection that waits would be reported for
 * ever, so one descriptor is kept in reserve to take it and reset it with.
 * Where even that fails, or memory is short, the door is not looked at for
 * PAUSE_US.
 */
#include "engine/doors.h"

#include <errno.h>
#include <unistd.h>

#include "base/siphash.h"
#include "engine/down.h"
#include "engine/streams.h"
#include "engine/tell.h"
#include "engine/tolls.h"
#include "engine/verdict.h"
#include "host/dial.h"
#include "host/post.h"
#include "packet/ipv4.h"
#include "sys/entropy.h"
#include "sys/listener.h"
#include "sys/loop.h"

#define TURN_CLIENTS 64u /* of one door, a turn */
#define PORT_TRIES   64u /* for a port of the gateway */
#define PORT_LEAST   1024u
#define PAUSE_US     100000u

size_t weir_doors_bytes(void)
{
	const size_t n = WEIR_DOOR_CLIENTS_MAX;

	return WEIR_DOORS_MAX * sizeof(struct weir_door) +
	       n * sizeof(struct weir_door_client) + weir_pool_bytes(n) +
	       2 * weir_table_bytes(n) + weir_timer_bytes(n) + 256;
}

bool weir_doors_init(struct weir_house *h, struct weir_arena *arena)
{
	struct weir_doors *d = &h->doors;
	const uint32_t n = WEIR_DOOR_CLIENTS_MAX;

	weir_entropy_fill(d->key, sizeof(d->key));
	d->reserve = -1;
	d->resume_us = UINT64_MAX;
	d->door = weir_arena_take(arena, WEIR_DOORS_MAX, sizeof(*d->door), 8);
	d->client = weir_arena_take(arena, n, sizeof(*d->client), 8);
	return d->door && d->client && weir_pool_init(&d->clients, arena, n) &&
	       weir_table_init(&d->by_client, arena, n) &&
	       weir_table_init(&d->by_guest, arena, n) &&
	       weir_timer_init(&d->timer, arena, n, h->now_us);
}

int weir_doors_open(struct weir_house *h, const struct weir_charter_door *door,
		    int fd)
{
	struct weir_doors *d = &h->doors;
	uint32_t i = 0;
	int err;

	while (i < d->n && d->door[i].fd >= 0)
		i++;
	if (i == WEIR_DOORS_MAX) {
		close(fd);
		return -ENOSPC;
	}
	err = weir_loop_watch(h->loop, fd,
			      WEIR_HOUSE_TAG(WEIR_HOUSE_TAG_DOOR, i), false,
			      false);
	if (err) {
		close(fd);
		return err;
	}
	if (d->reserve < 0)
		d->reserve = dup(fd);
	d->door[i] = (struct weir_door){ .fd = fd, .is = *door };
	if (i == d->n)
		d->n++;
	return 0;
}

/* --- whom the guest sees --- */

/* May the client's own address be shown to the guest? */
static bool is_showable(const struct weir_house *h, const struct weir_addr *a,
			bool v4)
{
	if (weir_addr_is4(a) != v4)
		return false;
	switch (weir_class_find(&h->classes, a)) {
	case WEIR_CLASS_NEVER:
	case WEIR_CLASS_MULTICAST:
	case WEIR_CLASS_LINKLOCAL:
		return false;
	case WEIR_CLASS_HOST:
	case WEIR_CLASS_METADATA:
	case WEIR_CLASS_RESERVED:
	case WEIR_CLASS_PRIVATE:
	case WEIR_CLASS_PUBLIC:
		return true;
	}
	return false;
}

/* The guest's two ends of a conversation, but for the port on our side. */
static struct weir_assoc_ends ends_for(const struct weir_house *h,
				       const struct weir_charter_door *door,
				       const struct weir_addr *from,
				       uint16_t port)
{
	const struct weir_charter *c = &h->charter;
	bool v4 = !c->has6 || weir_addr_is4(&door->bind);
	struct weir_assoc_ends e = {
		.guest = v4 ? c->guest4 : c->guest6,
		.far = v4 ? c->gateway4 : c->gateway6,
		.gport = door->guest_port,
		.fport = port,
	};

	if (door->preserve_source && is_showable(h, from, v4))
		e.far = *from;
	return e;
}

/* The next port to try where one is taken. */
static uint16_t next_port(uint16_t port)
{
	return port == UINT16_MAX || port < PORT_LEAST ? PORT_LEAST
						       : (uint16_t)(port + 1);
}

/* May this client come in, or, @again, stay?  A denial is told to the log. */
static bool judge(struct weir_house *h, const struct weir_charter_door *door,
		  const struct weir_addr *from, uint16_t port, bool again,
		  struct weir_judge_verdict *ret)
{
	const struct weir_assoc_ends ends = {
		.guest = ends_for(h, door, from, port).guest,
		.far = *from,
		.gport = door->guest_port,
		.fport = port,
	};

	*ret = weir_verdict_in(h, door->udp ? WEIR_RULE_UDP : WEIR_RULE_TCP,
			       from, door->guest_port);
	if (ret->said == WEIR_JUDGE_ALLOW)
		return true;
	if (again)
		ret->reason = WEIR_REASON_POLICY_CHANGED;
	weir_tell_refused(h, door->udp ? WEIR_PROTO_UDP : WEIR_PROTO_TCP, true,
			  &ends, ret);
	return false;
}

/* --- TCP --- */

/* Look at the door, or do not. */
static void attend(struct weir_house *h, uint32_t i, bool look)
{
	struct weir_door *door = &h->doors.door[i];

	(void)weir_loop_change(h->loop, door->fd,
			       WEIR_HOUSE_TAG(WEIR_HOUSE_TAG_DOOR, i), look,
			       false);
	door->paused = !look;
	if (!look)
		h->doors.resume_us = h->now_us + PAUSE_US;
}

/*
 * No descriptor is left: take the client with the reserve, and reset it.
 * Returns as weir_listener_accept() did with the reserve.
 */
static int turn_away(struct weir_house *h, int listener)
{
	struct weir_doors *d = &h->doors;
	struct weir_addr from;
	uint16_t port;
	int fd;

	if (d->reserve >= 0)
		close(d->reserve);
	fd = weir_listener_accept(listener, &from, &port);
	if (fd >= 0)
		weir_house_count(h, WEIR_REASON_NO_FDS);
	weir_dial_close(fd, true);
	d->reserve = dup(listener);
	return fd;
}

static void admit(struct weir_house *h, const struct weir_door *door, int fd,
		  const struct weir_addr *from, uint16_t port)
{
	struct weir_assoc_ends e = ends_for(h, &door->is, from, port);
	struct weir_conn_ends ends = { e.guest, e.far, e.gport, e.fport };
	enum weir_reason r = WEIR_REASON_LIMIT_FLOWS;
	struct weir_judge_verdict v;
	bool may = judge(h, &door->is, from, port, false, &v);

	if (!may)
		r = v.reason;
	for (unsigned k = 0; may && k < PORT_TRIES; k++) {
		if (!weir_streams_is_taken(h, &ends)) {
			r = weir_streams_call(h, &ends, fd, from, &v);
			break;
		}
		ends.fport = next_port(ends.fport);
	}
	if (r == WEIR_REASON_NONE)
		return;
	weir_house_count(h, r);
	weir_dial_close(fd, true);
}

static void take_clients(struct weir_house *h, uint32_t i)
{
	const struct weir_door *door = &h->doors.door[i];

	for (unsigned k = 0; k < TURN_CLIENTS; k++) {
		struct weir_addr from;
		uint16_t port;
		int fd = weir_listener_accept(door->fd, &from, &port);

		if (fd >= 0) {
			admit(h, door, fd, &from, port);
			continue;
		}
		if (fd == -EMFILE || fd == -ENFILE)
			fd = turn_away(h, door->fd);
		if (fd == -EAGAIN)
			return;
		if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM ||
		    fd == -ENOBUFS) {
			attend(h, i, false);
			return;
		}
	}
}

/* --- UDP --- */

static uint32_t hash_of(const struct weir_doors *d, const struct weir_addr *a,
			uint64_t more)
{
	uint64_t w[3];

	memcpy(w, a->b, 16);
	w[2] = more;
	return (uint32_t)weir_siphash_words(d->key, w, 3);
}

static uint32_t hash_client(const struct weir_doors *d, uint32_t door,
			    const struct weir_addr *from, uint16_t port)
{
	return hash_of(d, from, (uint64_t)door << 16 | port);
}

static uint32_t hash_guest(const struct weir_doors *d,
			   const struct weir_assoc_ends *e)
{
	return hash_of(d, &e->far, (uint64_t)e->gport << 16 | e->fport);
}

static uint32_t find_client(const struct weir_doors *d, uint32_t door,
			    const struct weir_addr *from, uint16_t port)
{
	uint32_t i = weir_table_first(&d->by_client,
				      hash_client(d, door, from, port));

	for (; i != WEIR_TABLE_NONE; i = weir_table_next(&d->by_client, i)) {
		const struct weir_door_client *c = &d->client[i];

		if (c->door == door && c->port == port &&
		    weir_addr_is_equal(&c->from, from))
			return i;
	}
	return WEIR_HOUSE_NONE;
}

static uint32_t find_guest(const struct weir_doors *d,
			   const struct weir_assoc_ends *e)
{
	uint32_t i = weir_table_first(&d->by_guest, hash_guest(d, e));

	for (; i != WEIR_TABLE_NONE; i = weir_table_next(&d->by_guest, i)) {
		const struct weir_assoc_ends *o = &d->client[i].ends;

		if (o->gport == e->gport && o->fport == e->fport &&
		    weir_addr_is_equal(&o->far, &e->far) &&
		    weir_addr_is_equal(&o->guest, &e->guest))
			return i;
	}
	return WEIR_HOUSE_NONE;
}

static void forget(struct weir_doors *d, uint32_t i)
{
	weir_timer_cancel(&d->timer, i);
	weir_table_remove(&d->by_client, i);
	weir_table_remove(&d->by_guest, i);
	weir_pool_give(&d->clients, i);
}

/* What the guest sends to these ports is a question to us, never an answer. */
static bool is_served_here(uint16_t port)
{
	return port == 53 || port == 67 || port == 547;
}

/* A conversation for a client, or NONE and why. */
static uint32_t meet(struct weir_house *h, uint32_t door,
		     const struct weir_addr *from, uint16_t port,
		     enum weir_reason *ret_why)
{
	struct weir_doors *d = &h->doors;
	struct weir_assoc_ends e = ends_for(h, &d->door[door].is, from, port);
	struct weir_judge_verdict v;
	uint32_t i, m;

	*ret_why = WEIR_REASON_LIMIT_UDP;
	if (!judge(h, &d->door[door].is, from, port, false, &v)) {
		*ret_why = v.reason;
		return WEIR_HOUSE_NONE;
	}
	for (unsigned k = 0;
	     is_served_here(e.fport) || find_guest(d, &e) != WEIR_HOUSE_NONE;
	     k++) {
		if (k == PORT_TRIES)
			return WEIR_HOUSE_NONE;
		e.fport = next_port(e.fport);
	}
	/* a port the guest talks to at the gateway itself is not ours */
	if (weir_assoc_up(&h->datagrams.assoc, &e, h->now_us, &m) !=
	    WEIR_ASSOC_NONE)
		return WEIR_HOUSE_NONE;
	i = weir_pool_take(&d->clients);
	if (i == WEIR_POOL_NONE)
		return WEIR_HOUSE_NONE;
	d->client[i] = (struct weir_door_client){ .from = *from,
						  .port = port,
						  .door = door,
						  .ends = e,
						  .used_us = h->now_us };
	weir_table_put(&d->by_client, i, hash_client(d, door, from, port));
	weir_table_put(&d->by_guest, i, hash_guest(d, &e));
	weir_timer_set(&d->timer, i, h->now_us + WEIR_UDP_IDLE_MS * 1000ull);
	return i;
}

static void take_datagrams(struct weir_house *h, uint32_t door)
{
	struct weir_doors *d = &h->doors;

	for (unsigned k = 0; k < TURN_CLIENTS; k++) {
		struct weir_addr from;
		enum weir_reason r;
		uint16_t port = 0;
		uint32_t i;
		int n = weir_post_receive(d->door[door].fd, h->datagrams.room,
					  &from, &port);

		if (n == -EAGAIN)
			return;
		if (n < 0)
			continue; /* an error of an earlier datagram */
		i = find_client(d, door, &from, port);
		if (i == WEIR_HOUSE_NONE)
			i = meet(h, door, &from, port, &r);
		if (i == WEIR_HOUSE_NONE) {
			weir_house_count(h, r);
			continue;
		}
		d->client[i].used_us = h->now_us;
		if (!weir_tolls_datagram(h, WEIR_TOLL_DOWN, (size_t)n, 0))
			continue;
		r = weir_down_datagram(h, &d->client[i].ends, h->datagrams.room,
				       (size_t)n);
		if (r != WEIR_REASON_NONE)
			weir_house_count(h, r);
		else
			h->sum.udp_down++;
	}
}

bool weir_doors_reply(struct weir_house *h, const struct weir_assoc_ends *ends,
		      const struct weir_spans *payload)
{
	struct weir_doors *d = &h->doors;
	struct weir_door_client *c;
	uint32_t i;

	if (weir_pool_used(&d->clients) == 0)
		return false;
	i = find_guest(d, ends);
	if (i == WEIR_HOUSE_NONE)
		return false;
	c = &d->client[i];
	c->used_us = h->now_us;
	if (weir_post_send(d->door[c->door].fd, &c->from, c->port, payload))
		weir_house_count(h, WEIR_REASON_LIMIT_UDP);
	else
		h->sum.udp_up++;
	return true;
}

/* --- ends and time --- */

void weir_doors_event(struct weir_house *h, uint32_t index)
{
	struct weir_doors *d = &h->doors;

	if (index >= d->n || d->door[index].fd < 0)
		return; /* closed earlier in this turn */
	if (d->door[index].is.udp)
		take_datagrams(h, index);
	else
		take_clients(h, index);
}

void weir_doors_tick(struct weir_house *h)
{
	struct weir_doors *d = &h->doors;
	uint32_t i;

	while ((i = weir_timer_expire(&d->timer, h->now_us)) !=
	       WEIR_TIMER_NONE) {
		uint64_t due =
			d->client[i].used_us + WEIR_UDP_IDLE_MS * 1000ull;

		if (h->now_us < due)
			weir_timer_set(&d->timer, i, due);
		else
			forget(d, i);
	}
	if (h->now_us < d->resume_us)
		return;
	d->resume_us = UINT64_MAX;
	for (i = 0; i < d->n; i++)
		if (d->door[i].fd >= 0 && d->door[i].paused)
			attend(h, i, true);
}

uint64_t weir_doors_due_us(const struct weir_house *h)
{
	uint64_t due = weir_timer_next_us(&h->doors.timer);

	return h->doors.resume_us < due ? h->doors.resume_us : due;
}

void weir_doors_close(struct weir_house *h, uint32_t id)
{
	struct weir_doors *d = &h->doors;
	uint32_t high = weir_pool_high(&d->clients), door = 0;

	while (door < d->n &&
	       (d->door[door].fd < 0 || d->door[door].is.id != id))
		door++;
	if (door == d->n)
		return;
	close(d->door[door].fd);
	d->door[door].fd = -1;
	for (uint32_t i = 0; i < high; i++)
		if (weir_pool_is_taken(&d->clients, i) &&
		    d->client[i].door == door)
			forget(d, i);
}

void weir_doors_again(struct weir_house *h, uint32_t client)
{
	struct weir_doors *d = &h->doors;
	const struct weir_door_client *c = &d->client[client];
	struct weir_judge_verdict v;

	if (!weir_pool_is_taken(&d->clients, client) ||
	    judge(h, &d->door[c->door].is, &c->from, c->port, true, &v))
		return;
	weir_house_count(h, WEIR_REASON_POLICY_CHANGED);
	forget(d, client);
}

void weir_doors_end_all(struct weir_house *h)
{
	struct weir_doors *d = &h->doors;

	for (uint32_t i = 0; i < d->n; i++)
		if (d->door[i].fd >= 0)
			close(d->door[i].fd);
	if (d->reserve >= 0)
		close(d->reserve);
}
