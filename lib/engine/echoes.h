/* SPDX-License-Identifier: Apache-2.0 */
/*
 * echoes.h - echo of the guest to hosts outside, through ping sockets
 */
#ifndef WEIR_ENGINE_ECHOES_H
#define WEIR_ENGINE_ECHOES_H

#include "engine/house.h"

/** weir_echoes_bytes() - what weir_echoes_init() takes from an arena */
size_t weir_echoes_bytes(void);

/** weir_echoes_init() - nobody pings; Return: false: no room */
bool weir_echoes_init(struct weir_house *h, struct weir_arena *arena);

/** weir_echoes_check() - say it to the operator if there can be no echo */
void weir_echoes_check(struct weir_house *h);

/**
 * weir_echoes_up() - an echo request to a host outside
 * @whole: it must not be cut
 */
void weir_echoes_up(struct weir_house *h, const struct weir_view *v,
		    const struct weir_spans *frame, bool whole);

/** weir_echoes_event() - something happened on an ident's socket */
void weir_echoes_event(struct weir_house *h, uint32_t mapping, uint32_t what);

/** weir_echoes_tick() - those that were silent too long end */
void weir_echoes_tick(struct weir_house *h);

/** weir_echoes_due_us() - when weir_echoes_tick() is wanted */
uint64_t weir_echoes_due_us(const struct weir_house *h);

/** weir_echoes_end_all() - close every socket: the network ends */
void weir_echoes_end_all(struct weir_house *h, enum weir_reason why);

/** weir_echoes_again() - the policy is another one: echo conversation @i, if there is one,
 * ends if it is denied now */
void weir_echoes_again(struct weir_house *h, uint32_t i);

#endif /* WEIR_ENGINE_ECHOES_H */
