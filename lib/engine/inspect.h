/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect.h - TCP flows whose bytes are looked at before they go on
 *
 * Used by streams.c and relay.c for flows that are WEIR_SIDE_GATED.
 */
#ifndef WEIR_ENGINE_INSPECT_H
#define WEIR_ENGINE_INSPECT_H

#include "engine/house.h"

/** weir_inspect_bytes() - what weir_inspect_init() takes from an arena */
size_t weir_inspect_bytes(uint32_t flows);

/** weir_inspect_init() - nothing is looked at; Return: false: no room */
bool weir_inspect_init(struct weir_house *h, struct weir_arena *arena,
		       uint32_t flows);

/** weir_inspect_begin() - flow @i was deferred: its first bytes decide */
void weir_inspect_begin(struct weir_house *h, uint32_t i);

/**
 * weir_inspect_serve() - look at what the client sent, and let go what may go
 *
 * In the place of weir_relay_push_up().
 */
void weir_inspect_serve(struct weir_house *h, uint32_t i);

/** weir_inspect_is_mute() - is it dropped: nothing is sent, nothing heard? */
bool weir_inspect_is_mute(const struct weir_house *h, uint32_t i);

/** weir_inspect_is_first() - is it not yet known what it shows? */
bool weir_inspect_is_first(const struct weir_house *h, uint32_t i);

/** weir_inspect_is_held() - does all it sent wait for more of its own, not for
 * a host?  Of any flow */
bool weir_inspect_is_held(const struct weir_house *h, uint32_t i);

/** weir_inspect_may() - of @want bytes from the client, how many may go on
 * without a look */
uint32_t weir_inspect_may(const struct weir_house *h, uint32_t i,
			  uint32_t want);

/** weir_inspect_went() - so many of them did */
void weir_inspect_went(struct weir_house *h, uint32_t i, uint32_t bytes);

/** weir_inspect_room() - of @want bytes from the server, how many may come */
uint32_t weir_inspect_room(const struct weir_house *h, uint32_t i,
			   uint32_t want);

/** weir_inspect_came() - @bytes came from the server, in as many of @part as
 * they fill */
void weir_inspect_came(struct weir_house *h, uint32_t i,
		       const struct weir_span *part, uint32_t bytes);

/** weir_inspect_ended() - the server sends no more
 * Return: false if the guest's side was ended here */
bool weir_inspect_ended(struct weir_house *h, uint32_t i);

/** weir_inspect_end() - the flow ends */
void weir_inspect_end(struct weir_house *h, uint32_t i);

/** weir_inspect_due_us() - when weir_inspect_tick() is wanted */
uint64_t weir_inspect_due_us(const struct weir_house *h, uint32_t i);

/** weir_inspect_tick() - time has passed; then it is served */
void weir_inspect_tick(struct weir_house *h, uint32_t i);

/** weir_inspect_again() - the policy is another one: judge flow @i again,
 * gated or not; it is reset if it is denied now */
void weir_inspect_again(struct weir_house *h, uint32_t i);

#endif /* WEIR_ENGINE_INSPECT_H */
