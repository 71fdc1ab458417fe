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
 * struct weir_datagrams_in - a datagram from the guest
 * @l3:      the packet, to be quoted if it is refused
 * @ttl:     as it says
 * @whole:   it must not be cut
 * @segment: 0; else it stands for several of this size, as GSO has it
 * @payload: what is to be sent
 */
struct weir_datagrams_in {
	struct weir_assoc_ends ends;
	struct weir_rd l3;
	uint8_t ttl;
	bool whole;
	uint16_t segment;
	struct weir_spans payload;
};

/**
 * weir_datagrams_up() - a datagram from the guest
 *
 * Memory: @in's bytes must stay until weir_datagrams_flush(), unless
 * weir_datagrams_is_holding() says that nothing is held.
 */
void weir_datagrams_up(struct weir_house *h,
		       const struct weir_datagrams_in *in);

/** weir_datagrams_is_holding() - are bytes of a frame still needed? */
static inline bool weir_datagrams_is_holding(const struct weir_house *h)
{
	return h->datagrams.n_held > 0;
}

/** weir_datagrams_flush() - send all that is held */
void weir_datagrams_flush(struct weir_house *h);

/** weir_datagrams_event() - something happened on a mapping's socket */
void weir_datagrams_event(struct weir_house *h, uint32_t mapping,
			  uint32_t what);

/** weir_datagrams_tick() - conversations that were silent too long end */
void weir_datagrams_tick(struct weir_house *h);

/** weir_datagrams_due_us() - when weir_datagrams_tick() is wanted */
uint64_t weir_datagrams_due_us(const struct weir_house *h);

/** weir_datagrams_end_all() - close every socket: the network ends */
void weir_datagrams_end_all(struct weir_house *h, enum weir_reason why);

/** weir_datagrams_again() - the policy is another one: UDP conversation @i, if there is one,
 * ends if it is denied now */
void weir_datagrams_again(struct weir_house *h, uint32_t i);

#endif /* WEIR_ENGINE_DATAGRAMS_H */
