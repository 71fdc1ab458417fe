/* SPDX-License-Identifier: Apache-2.0 */
/*
 * foyer.c - who the guest is, and what he is told on arrival
 *
 * The charter's addresses for those rooms that keep their own copy of them:
 * the sorting of frames, the classes, the desk, the leases.
 *
 * Where the guest brings his own card (a socket) and nobody named its Ethernet
 * address, the first frame does: from then on it is his.
 */
#include "engine/foyer.h"

#include <string.h>

#include "packet/ndp.h"

#define SOURCE_AT 6u /* in an Ethernet header */

void weir_foyer_learn(struct weir_house *h)
{
	const struct weir_charter *c = &h->charter;

	h->facts = (struct weir_kind_facts){
		.guest = c->guest_mac,
		.gateway = c->gateway_mac,
		.guest4 = c->guest4,
		.gateway4 = c->gateway4,
		.dns4 = c->dns4,
		.len4 = c->len4,
		.has6 = c->has6,
		.guest6 = c->guest6,
		.gateway6 = c->gateway6,
		.dns6 = c->dns6,
		.router6 = c->router6,
		.len6 = c->len6,
	};
	h->classes = (struct weir_class_facts){
		.gateway4 = c->gateway4,
		.dns4 = c->dns4,
		.guest4 = c->guest4,
		.len4 = c->len4,
		.own = h->charter.own,
		.n_own = c->n_own,
	};
	if (c->has6) {
		h->classes.gateway6 = c->gateway6;
		h->classes.dns6 = c->dns6;
		h->classes.guest6 = c->guest6;
		h->classes.len6 = c->len6;
	}
}

/* Of the search list what DHCP and RA can carry: whole names. */
static size_t search_bytes(const struct weir_house *h)
{
	const uint8_t *name = h->charter.search;
	size_t at = 0, whole = 0;

	while (at < h->charter.search_len && at < WEIR_NDP_DNSSL_MAX_BYTES) {
		uint8_t label = name[at];

		at += label + 1u;
		if (label == 0 && at <= WEIR_NDP_DNSSL_MAX_BYTES)
			whole = at;
	}
	return whole;
}

/* Router advertisements send the guest to DHCPv6 too, for who wants that. */
void weir_foyer_open(struct weir_house *h)
{
	const struct weir_desk_config desk = {
		.net = h->facts,
		.mtu = (uint16_t)h->charter.mtu,
		.ra = h->charter.has6,
		.managed = h->charter.has6,
		.other = h->charter.has6,
		.autonomous = true,
		.dnssl = h->charter.search,
		.dnssl_len = search_bytes(h),
	};
	const struct weir_lease_config lease = {
		.net = h->facts,
		.mtu = (uint16_t)h->charter.mtu,
		.search = h->charter.search,
		.search_len = search_bytes(h),
	};

	weir_lease_init(&h->lease, &lease);
	weir_desk_init(&h->desk, &desk, weir_house_now_ms(h));
}

void weir_foyer_meet(struct weir_house *h, const uint8_t *frame, size_t len)
{
	static const struct weir_mac none;
	struct weir_mac mac;

	if (len < SOURCE_AT + sizeof(mac.b))
		return;
	memcpy(mac.b, frame + SOURCE_AT, sizeof(mac.b));
	if (mac.b[0] & 1 || weir_mac_is_equal(&mac, &none) ||
	    weir_mac_is_equal(&mac, &h->charter.gateway_mac))
		return;
	h->charter.guest_mac = mac;
	h->stranger = false;
	weir_foyer_learn(h);
	weir_foyer_open(h);
}
