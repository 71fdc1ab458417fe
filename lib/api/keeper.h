/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeper.h - the two threads of a struct weir_net, and who may do what in which
 *
 * DOC: how it works
 *
 *	program's threads        keeper's thread           engine's thread
 *	weir_net_...()
 *	   │ weir_keeper_do() ──► network (control) ─────► messages, as to a
 *	   │                      hooks                    process of its own
 *	   └ weir_keeper_ask() ──────────────────────────► house
 *
 * What `run` and `serve` do in their process the keeper's thread does here: it
 * alone touches the struct weir_network once that runs, so it has no lock.  The
 * engine's thread is the engine as it is in a process, at the other end of a
 * socket pair.  Whoever wants something of either brings an errand
 * (sys/errand.h) and waits; a hook, which is called by the keeper itself, works
 * on the network directly.
 *
 *	         start: READY               stop, trigger, frames shut down,
 *	NEW ──────────────────► RUNNING ──────────────────────────────► ENDED
 *	  └─► STARTING ─► ENDED: it could not be started    the engine failed
 *
 * Invariants:
 *  1. In NEW nothing but the caller, who holds the lock, touches the network;
 *     from STARTING on the keeper's thread alone; in ENDED nobody changes it.
 *  2. No lock is held while a hook runs.
 *  3. The engine takes no errand any more before it waits for the keeper to
 *     read its last events, so neither waits for the other.
 *  4. After ENDED no hook is called and both threads do nothing more.
 */
#ifndef WEIR_API_KEEPER_H
#define WEIR_API_KEEPER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "control/network.h"
#include "sys/errand.h"
#include "weir.h"

enum weir_keeper_state {
	WEIR_KEEPER_NEW,
	WEIR_KEEPER_STARTING,
	WEIR_KEEPER_RUNNING,
	WEIR_KEEPER_ENDED,
};

/**
 * struct weir_keeper - see the top
 * @device: the engine's from the start on
 * @errands: for the engine; @wishes: for the keeper
 * @lock: of everything from @state to @trigger_hook; @changed: of those
 * @error: why it could not be started
 * @left, @stopping, @joined: a stop has this result; is under way; is over
 * @calling: the event hook is being called
 * @over: nothing changes any more: no wishes are taken, no trigger
 * @parting: has the engine leave its counters in @last when it takes no more
 *           errands, which is guarded by the lock of those
 * @wake: calls the keeper; @sock: the engine's end of the pair
 * @engine_status: what the engine's thread returned
 * @lines: of events, on their way to the hook; @more: others may wait already
 */
struct weir_keeper {
	struct weir_network network;
	struct weir_frames *frames;
	struct weir_device *device;
	struct weir_errand_list errands, wishes;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum weir_keeper_state state;
	int error, left;
	bool stopping, joined, triggered, calling;
	void (*event_hook)(void *arg, const char *event, size_t len);
	void *event_arg;
	void (*trigger_hook)(void *arg);
	void *trigger_arg;
	bool over;
	struct weir_errand parting;
	struct weir_summary last;
	pthread_t thread, engine;
	int wake, sock, engine_status;
	bool more;
	char lines[WEIR_LOG_BYTES + 1];
};

/**
 * weir_keeper_init() - a network that is not planned yet
 * @k: zeroed memory
 * @frames, @device: borrowed, and taken: freed by the engine or fini()
 *
 * Return: 0, or -EMFILE, -ENFILE, -ENOMEM; @device is the caller's then.
 */
int weir_keeper_init(struct weir_keeper *k, const struct weir_orders *o,
		     const struct weir_voice *v, struct weir_frames *frames,
		     struct weir_device *device);

/** weir_keeper_fini() - stopped, or never started: give everything back */
void weir_keeper_fini(struct weir_keeper *k);

/**
 * weir_keeper_start() - begin
 * @first: an errand that the engine does before it takes a frame; it may still
 *         do it when this returns, but not after a later one or a failure
 *
 * Return: as weir_net_start()
 */
int weir_keeper_start(struct weir_keeper *k, struct weir_errand *first);

/** weir_keeper_stop() - Return: as weir_net_stop() */
int weir_keeper_stop(struct weir_keeper *k, uint32_t grace_ms);

/**
 * weir_keeper_do() - an errand to the network, a struct weir_network
 *
 * Thread: any but the engine's.
 * Return: false: it has ended, nothing was done.
 */
bool weir_keeper_do(struct weir_keeper *k, struct weir_errand *e);

/**
 * weir_keeper_ask() - an errand to the engine, a struct weir_house
 *
 * What weir_keeper_do() said to it before was heard before.
 *
 * Return: false: it is not running, nothing was done.
 */
bool weir_keeper_ask(struct weir_keeper *k, struct weir_errand *e);

/** weir_keeper_hear_events() - Return: as weir_net_set_event_hook() */
int weir_keeper_hear_events(struct weir_keeper *k,
			    void (*fn)(void *arg, const char *event,
				       size_t len),
			    void *arg);

/** weir_keeper_hear_trigger() - as weir_net_set_termination_hook() */
int weir_keeper_hear_trigger(struct weir_keeper *k, void (*fn)(void *arg),
			     void *arg);

/** weir_keeper_trigger() - Return: as weir_net_trigger_termination() */
int weir_keeper_trigger(struct weir_keeper *k);

/** weir_keeper_last() - counters, when the engine takes no errand: of the end */
void weir_keeper_last(struct weir_keeper *k, struct weir_summary *ret);

#endif /* WEIR_API_KEEPER_H */
