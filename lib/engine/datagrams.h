/* SPDX-License-Identifier: Apache-2.0 */
/*
 * datagrams.h - UDP flows: the guest's datagrams through host sockets
 */
#ifndef WEIR_ENGINE_DATAGRAMS_H
#define WEIR_ENGINE_DATAGRAMS_H

#include "engine/house.h"

/** weir_datagrams_bytes() - what weir_datagrams_init() takes from an arena */
size_t weir_datagrams_bytes(void);

/** weir_datagrams_init() - no flow; Return: false: no room */
bool weir_datagrams_init(struct weir_house *h, struct weir_arena *arena);

/**
 * weir_datagrams_up() - a datagram from the guest
 * @l3: the packet, to be quoted if it is refused
 * @payload: what is to be sent
 */
void weir_datagrams_up(struct weir_house *h, const struct weir_assoc_ends *ends,
		       struct weir_rd l3, const struct weir_spans *payload);

/** weir_datagrams_event() - something happened on a mapping's socket */
void weir_datagrams_event(struct weir_house *h, uint32_t mapping,
			  uint32_t what);

/** weir_datagrams_tick() - conversations that were silent too long end */
void weir_datagrams_tick(struct weir_house *h);

/** weir_datagrams_due_us() - when weir_datagrams_tick() is wanted */
uint64_t weir_datagrams_due_us(const struct weir_house *h);

/** weir_datagrams_end_all() - close every socket: the network ends */
void weir_datagrams_end_all(struct weir_house *h);

#endif /* WEIR_ENGINE_DATAGRAMS_H */
