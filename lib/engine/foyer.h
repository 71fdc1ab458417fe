/* SPDX-License-Identifier: Apache-2.0 */
/* foyer.h - who the guest is, and what he is told on arrival */
#ifndef WEIR_ENGINE_FOYER_H
#define WEIR_ENGINE_FOYER_H

#include "engine/house.h"

/** weir_foyer_learn() - the charter's addresses, for sorting and classes */
void weir_foyer_learn(struct weir_house *h);

/** weir_foyer_open() - begin to answer ARP, ND, DHCP and to advertise */
void weir_foyer_open(struct weir_house *h);

/**
 * weir_foyer_meet() - the first frame of a guest whose Ethernet address nobody
 *                     named: it is its source's
 * @frame: @len bytes, Ethernet header first
 */
void weir_foyer_meet(struct weir_house *h, const uint8_t *frame, size_t len);

#endif /* WEIR_ENGINE_FOYER_H */
