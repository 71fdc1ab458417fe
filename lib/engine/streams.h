/* SPDX-License-Identifier: Apache-2.0 */
/*
 * streams.h - TCP flows: a connection of the guest tied to a host socket
 */
#ifndef WEIR_ENGINE_STREAMS_H
#define WEIR_ENGINE_STREAMS_H

#include "engine/house.h"

/** weir_streams_bytes() - what weir_streams_init() takes from an arena */
size_t weir_streams_bytes(uint32_t flows);

/** weir_streams_init() - no flow; Return: false if the arena has no room */
bool weir_streams_init(struct weir_house *h, struct weir_arena *arena,
		       uint32_t flows);

/**
 * weir_streams_segment() - a TCP segment from the guest
 * @v, @frame: as seen; the checksum was verified
 * @dns: to port 53: answered here, not dialled
 */
void weir_streams_segment(struct weir_house *h, const struct weir_view *v,
			  const struct weir_spans *frame, bool dns);

/** weir_streams_is_taken() - is there a flow between these ends? */
bool weir_streams_is_taken(const struct weir_house *h,
			   const struct weir_conn_ends *ends);

/**
 * weir_streams_call() - a flow for a client of the host: call the guest
 * @ends: not taken
 * @fd:   the client's connection; the flow's if NONE is returned
 * @peer: its address
 * @v:    what allows it
 *
 * Return: WEIR_REASON_NONE; LIMIT_HALF_OPEN, LIMIT_FLOWS or NO_MEMORY.
 */
enum weir_reason weir_streams_call(struct weir_house *h,
				   const struct weir_conn_ends *ends, int fd,
				   const struct weir_addr *peer,
				   const struct weir_judge_verdict *v);

/** weir_streams_hang_up() - close the host's side of flow @i, in order */
void weir_streams_hang_up(struct weir_house *h, uint32_t i);

/** weir_streams_event() - something happened on a host socket
 * @low: the tag's low 56 bits; @what: WEIR_LOOP_* */
void weir_streams_event(struct weir_house *h, uint64_t low, uint32_t what);

/** weir_streams_tick() - timers that are due */
void weir_streams_tick(struct weir_house *h);

/** weir_streams_due_us() - when weir_streams_tick() is wanted */
uint64_t weir_streams_due_us(const struct weir_house *h);

/**
 * weir_streams_serve() - serve every flow that has something to do, once
 *
 * Bytes to and from the host, segments to the guest, ends.
 * Return: true if some flow has more to do at once.
 */
bool weir_streams_serve(struct weir_house *h);

/** weir_streams_busy() - the flow has something to do: serve it this turn */
void weir_streams_busy(struct weir_house *h, uint32_t i);

/** weir_streams_id() - a name of the flow that outlives it; never 0 */
uint64_t weir_streams_id(const struct weir_house *h, uint32_t i);

/** weir_streams_find_id() - the flow, or WEIR_HOUSE_NONE if it is gone */
uint32_t weir_streams_find_id(const struct weir_house *h, uint64_t id);

/** weir_streams_tag() - what its host socket is watched under */
uint64_t weir_streams_tag(const struct weir_house *h, uint32_t i);

/** weir_streams_owes() - does what the guest sent still wait for a host? */
bool weir_streams_owes(const struct weir_house *h);

/**
 * weir_streams_end_all() - the network ends, for reason @why
 *
 * Every flow is reset on both sides, but one whose guest has finished: its
 * host socket is closed in order, so that what it sent still arrives.
 */
void weir_streams_end_all(struct weir_house *h, enum weir_reason why);

#endif /* WEIR_ENGINE_STREAMS_H */
