/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cross.h - TCP flows that the proxy opens: from the engine's side
 *
 * An intercepted flow stays a flow like any: its guest, its windows, its
 * counters are the engine's.  Only the socket at its other end is another one:
 * a pair, whose far end the proxy has, together with the host's socket that was
 * dialled before.  What the client sent and was held for its name goes into the
 * pair like everything after it.
 *
 *	guest ── conn ── side.fd ══ pair ══ proxy ── host's socket
 *
 * An end in order is an end of the pair, in both directions; a reset of the
 * guest closes the pair, which the proxy sees (it is not only shut).  The proxy
 * says how it ended (HANDED) before it closes its end, so that a reset is one
 * for the guest too.
 */
#ifndef WEIR_ENGINE_CROSS_H
#define WEIR_ENGINE_CROSS_H

#include "engine/house.h"
#include "sys/handover.h"
#include "sys/msg.h"

/* the calls of this room, for the engine's list */
#define WEIR_CROSS_CALLS(X) X(socketpair)

/** weir_cross_has_guarded() - is there a host whose requests the proxy hears? */
bool weir_cross_has_guarded(const struct weir_house *h);

/** weir_cross_is_watched() - may flow @i, allowed whatever it shows, be one that
 * the proxy is to open?  Then its first bytes are looked at */
bool weir_cross_is_watched(const struct weir_house *h, uint32_t i);

/**
 * weir_cross_is_wanted() - is flow @i, that has shown itself, to be opened?
 * @kind: what its bytes are
 * @name: what it showed, in lower case; NULL: nothing
 */
bool weir_cross_is_wanted(const struct weir_house *h, uint32_t i,
			  enum weir_handover_kind kind,
			  const struct weir_dns_name *name);

/**
 * weir_cross_hand() - hand it over
 *
 * Return: WEIR_REASON_NONE; PROXY_DOWN there is no proxy, or it does not listen
 * (@h->proxy_full: for the moment; weir_cross_writable() wakes the flow);
 * NO_FDS.  The flow is as it was then.
 */
enum weir_reason weir_cross_hand(struct weir_house *h, uint32_t i,
				 enum weir_handover_kind kind);

/**
 * weir_cross_join() - flow @i has no host: the proxy gets its pair, and @line
 * for what it says in plain (WEIR_HANDOVER_DOT); stays the caller's
 *
 * Return: WEIR_REASON_NONE; PROXY_DOWN, NO_FDS, NO_MEMORY.
 */
enum weir_reason weir_cross_join(struct weir_house *h, uint32_t i, int line);

/** weir_cross_send() - a HANDOVER; @fd stay the caller's
 * Return: WEIR_REASON_NONE; PROXY_DOWN. */
enum weir_reason weir_cross_send(struct weir_house *h,
				 const struct weir_handover *x,
				 const int fd[WEIR_HANDOVER_FDS]);

/** weir_cross_open() - control gave the socket to the proxy; -1: it is gone */
void weir_cross_open(struct weir_house *h, int fd);

/** weir_cross_event() - the proxy says something, or is gone: then what it had
 * open is reset.  Also before the end of a pair is believed */
void weir_cross_event(struct weir_house *h);

/** weir_cross_writable() - it takes more again: flows that wait for that go on */
void weir_cross_writable(struct weir_house *h);

#endif /* WEIR_ENGINE_CROSS_H */
