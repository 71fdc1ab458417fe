/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tell.h - what happens in the engine, to the event log
 *
 * Nothing is done where nobody wants that kind of event.
 */
#ifndef WEIR_ENGINE_TELL_H
#define WEIR_ENGINE_TELL_H

#include "engine/house.h"
#include "packet/head.h"
#include "packet/ipv4.h"

/** weir_tell_init() - @wanted: kinds of events, mask of WEIR_EVENT_BIT()
 * Return: false if the arena has no room for the journal */
bool weir_tell_init(struct weir_house *h, struct weir_arena *arena,
		    uint32_t wanted);

/** weir_tell_want() - other kinds of events from now on */
void weir_tell_want(struct weir_house *h, uint32_t wanted);

/** weir_tell_deny() - TCP flow @i is denied; @head: for a request, or NULL */
void weir_tell_deny(struct weir_house *h, uint32_t i,
		    const struct weir_judge_verdict *v,
		    const struct weir_head *head);

/**
 * weir_tell_refused() - a conversation is denied before it is one
 * @protocol: 6, 17 or 1
 * @in: a client at a published port: @ends->far is its address
 */
void weir_tell_refused(struct weir_house *h, uint8_t protocol, bool in,
		       const struct weir_assoc_ends *ends,
		       const struct weir_judge_verdict *v);

/** weir_tell_open() - TCP flow @i is allowed and connected */
void weir_tell_open(struct weir_house *h, uint32_t i,
		    const struct weir_judge_verdict *v);

/** weir_tell_close() - TCP flow @i is over */
void weir_tell_close(struct weir_house *h, uint32_t i, enum weir_reason why);

/** weir_tell_talk() - a conversation of UDP or echo opens */
void weir_tell_talk(struct weir_house *h, uint8_t protocol,
		    const struct weir_assoc_ends *ends,
		    const struct weir_assoc_mark *m);

/** weir_tell_quiet() - it is over */
void weir_tell_quiet(struct weir_house *h, uint8_t protocol,
		     const struct weir_assoc_ends *ends,
		     const struct weir_assoc_mark *m, enum weir_reason why);

/** weir_tell_name() - a question was answered */
void weir_tell_name(struct weir_house *h, const struct weir_ask_out *o);

/** weir_tell_name_denied() - a name is denied, or addresses it has */
void weir_tell_name_denied(struct weir_house *h,
			   const struct weir_dns_name *name, uint16_t type,
			   const struct weir_judge_verdict *v);

/** weir_tell_limits() - those that were counted since the last call; at most one
 * a second each */
void weir_tell_limits(struct weir_house *h);

/**
 * weir_tell_flush() - send to control what was told
 * @wait: until control takes it
 *
 * Return: false if some is left.
 */
bool weir_tell_flush(struct weir_house *h, bool wait);

#endif /* WEIR_ENGINE_TELL_H */
