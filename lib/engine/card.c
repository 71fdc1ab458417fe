/* SPDX-License-Identifier: Apache-2.0 */
/* card.c - the guest's card: the one link this engine has */
#include "engine/card.h"

#include <errno.h>
#include <unistd.h>

#include "engine/down.h"
#include "engine/house.h"
#include "packet/arp.h"
#include "packet/eth.h"
#include "sys/guarded.h"
#include "sys/loop.h"

#define SILENCE_US 2000000u

#define TAG WEIR_HOUSE_TAG(WEIR_HOUSE_TAG_LINK, 0)

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

size_t weir_card_bytes(void)
{
	return larger(weir_stream_bytes(), weir_dgram_bytes());
}

static int open_vhost(struct weir_house *h)
{
	const struct weir_vhost_user_options o = {
		.mac = h->charter.guest_mac,
		.mtu = (uint16_t)h->charter.mtu,
		.sealed = !weir_guarded_is_possible(),
	};
	int r = weir_vhost_user_open(h->card.given, &o, &h->card.link);

	h->card.offered =
		WEIR_OFFLOAD_CSUM | WEIR_OFFLOAD_TSO4 | WEIR_OFFLOAD_TSO6;
	return r;
}

/* What the guest's driver takes, once it runs, is for its driver to say. */
static void follow_offload(struct weir_house *h)
{
	uint32_t now;

	if (!h->card.link.ops)
		return;
	if (h->charter.link == WEIR_CHARTER_VHOST)
		now = weir_vhost_user_offload(h->card.link.self);
	else if (h->charter.link == WEIR_CHARTER_INPROC)
		now = weir_inproc_offload(&h->card.of.inproc);
	else
		return;
	h->charter.offload = now;
	h->env.tso4 = h->env_names.tso4 = now & WEIR_OFFLOAD_TSO4;
	h->env.tso6 = h->env_names.tso6 = now & WEIR_OFFLOAD_TSO6;
}

static int open_link(struct weir_house *h, struct weir_arena *arena)
{
	const struct weir_charter *charter = &h->charter;
	struct weir_card *c = &h->card;
	int r = -EPROTO;

	c->offered = charter->offload;
	switch (charter->link) {
	case WEIR_CHARTER_TAP:
		weir_tap_open(&c->of.tap, c->given);
		c->link = (struct weir_link){ &weir_tap_ops, &c->of.tap };
		return 0;
	case WEIR_CHARTER_STREAM:
		r = weir_stream_open(&c->of.stream, c->given, charter->mtu,
				     charter->jumbo, arena);
		if (r == 0)
			c->link = (struct weir_link){ &weir_stream_ops,
						      &c->of.stream };
		return r;
	case WEIR_CHARTER_DGRAM:
		r = weir_dgram_open(&c->of.dgram, c->given, charter->mtu,
				    charter->jumbo, arena);
		if (r == 0)
			c->link = (struct weir_link){ &weir_dgram_ops,
						      &c->of.dgram };
		return r;
	case WEIR_CHARTER_VHOST:
		return open_vhost(h);
	case WEIR_CHARTER_INPROC:
		if (!c->device)
			return r;
		weir_inproc_init(&c->of.inproc, c->device, &c->link);
		/* what was not agreed on the port has cleared */
		c->offered = WEIR_CAN_ALL;
		follow_offload(h);
		return 0;
	}
	return r;
}

int weir_card_open(struct weir_house *h, struct weir_arena *arena)
{
	struct weir_card *c = &h->card;
	int r = open_link(h, arena);

	if (r)
		return r;
	c->given = -1;
	weir_card_heard(h);
	return weir_loop_watch(h->loop, c->link.ops->fd(c->link.self), TAG,
			       false, false);
}

bool weir_card_is_given(const struct weir_house *h)
{
	return h->card.given >= 0 || h->card.device;
}

bool weir_card_is_called(struct weir_house *h)
{
	return h->card.device && weir_device_take_relay(h->card.device);
}

bool weir_card_is_open(const struct weir_house *h)
{
	return h->card.link.ops != NULL;
}

int weir_card_event(struct weir_house *h, uint32_t what)
{
	struct weir_link *l = &h->card.link;
	int r;

	if (!l->ops || !l->ops->event)
		return 0;
	/* an end or an error is for the next receive() to find */
	r = l->ops->event(l->self, (what & ~(uint32_t)WEIR_LOOP_OUT) != 0,
			  (what & WEIR_LOOP_OUT) != 0);
	follow_offload(h);
	return r;
}

void weir_card_heard(struct weir_house *h)
{
	h->card.probe_us = h->now_us + SILENCE_US;
}

uint64_t weir_card_due_us(const struct weir_house *h)
{
	bool silent = h->charter.link == WEIR_CHARTER_DGRAM;

	return silent && weir_card_is_open(h) ? h->card.probe_us : UINT64_MAX;
}

void weir_card_tick(struct weir_house *h)
{
	const struct weir_charter *c = &h->charter;
	const struct weir_eth eth = { c->guest_mac, c->gateway_mac,
				      WEIR_ETH_ARP };
	const struct weir_arp arp = { .op = WEIR_ARP_REQUEST,
				      .from_mac = c->gateway_mac,
				      .from = c->gateway4,
				      .to = c->gateway4 };
	uint8_t room[WEIR_ETH_HEADER_BYTES + WEIR_ARP_BYTES];
	struct weir_wr w = weir_wr_over(room, sizeof(room));

	if (h->now_us < weir_card_due_us(h))
		return;
	weir_card_heard(h);
	if (weir_card_is_full(&h->card))
		return;
	weir_eth_build(&eth, &w);
	weir_arp_build(&arp, &w);
	weir_down_frame(h, &w);
}

int weir_card_flush(struct weir_house *h)
{
	struct weir_card *c = &h->card;
	struct weir_link *l = &c->link;
	bool wants;

	if (!l->ops || !l->ops->flush)
		return 0;
	wants = l->ops->flush(l->self);
	if (wants == c->watched_out)
		return 0;
	c->watched_out = wants;
	return weir_loop_change(h->loop, l->ops->fd(l->self), TAG, true, wants);
}

void weir_card_hang_up(struct weir_house *h)
{
	struct weir_card *c = &h->card;
	int relay = weir_device_relay_fd(c->device);

	weir_loop_forget(h->loop, c->link.ops->fd(c->link.self));
	c->link.ops = NULL;
	/* it is readable for good now, which is to wake nobody */
	weir_loop_forget(h->loop, relay);
	(void)weir_loop_watch(h->loop, relay,
			      WEIR_HOUSE_TAG(WEIR_HOUSE_TAG_RELAY, 0), false,
			      true);
}

void weir_card_close(struct weir_house *h)
{
	struct weir_card *c = &h->card;

	if (c->link.ops) { /* and with it, @device */
		/* control has it open too */
		weir_loop_forget(h->loop, c->link.ops->fd(c->link.self));
		c->link.ops->close(c->link.self);
	} else if (c->given >= 0) {
		close(c->given);
	} else {
		weir_device_free(c->device);
	}
	c->device = NULL;
	c->link.ops = NULL;
	c->given = -1;
}
