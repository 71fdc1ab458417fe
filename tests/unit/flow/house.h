/* SPDX-License-Identifier: Apache-2.0 */
/*
 * house.h - a connection at home: payload memory, a host socket, an engine
 *
 * Does with struct weir_conn what the engine does, in virtual time, with a
 * host socket that is told how much it takes and gives.  Every segment that
 * comes out passes the watch.  A promise that is broken is written to `why`
 * once; nothing moves after it.
 */
#ifndef HOUSE_H
#define HOUSE_H

#include "flow/conn.h"
#include "watch.h"

/**
 * struct house_host - the socket on the host's side
 * @space:   bytes it takes before it is full
 * @got:     bytes it took, @shut its sending side was shut by us
 * @has:     bytes the far end sent in all, @given those that were read
 * @piece:   most bytes one read gives
 * @more:    the last read filled its room: it will be read again
 * @will_end: end of file follows @has bytes, @told we have read it
 * @reset:   it is gone, by a reset from either side
 * @keep:    if set, what it took is copied here, up to @keep_max
 */
struct house_host {
	uint64_t space, got, has, given;
	uint32_t piece;
	bool shut, will_end, told, reset, more;
	uint8_t *keep;
	size_t keep_max;
};

/**
 * struct house - one connection and what stands around it
 * @link:   frames the link takes now
 * @expect: the bytes of the up direction are those of the tape
 * @over:   why it ended, once @alive is false
 * @base:   chunks that somebody else holds
 */
struct house {
	void *mem;
	struct tape *tape;
	struct weir_store_pool pool;
	struct weir_conn_env env;
	struct weir_conn conn;
	struct watch watch;
	struct house_host host;
	struct weir_conn_ends ends;
	uint64_t now;
	uint32_t link, base;
	bool alive, expect, trace;
	enum weir_reason over, said;
	uint64_t turns, drops;
	void (*sink)(void *arg, const struct weir_conn_out *out);
	void *sink_arg;
	char why[256];
};

/** house_open() - an empty house with @chunks of payload memory */
void house_open(struct house *h, struct tape *tape, uint32_t chunks);

/** house_close() - free everything; @why is set if a chunk is missing */
void house_close(struct house *h);

/** house_syn() - a SYN that the table did not know: judged, dialled */
void house_syn(struct house *h, const struct weir_tcp *syn);

/** house_call() - a client of the host is here: the guest is called */
void house_call(struct house *h);

/** house_connected(), house_failed() - how the dial ended */
void house_connected(struct house *h);
void house_failed(struct house *h, enum weir_reason why);

/** house_segment() - a segment of the guest; @len bytes at @at */
void house_segment(struct house *h, const struct weir_tcp *t, const uint8_t *at,
		   uint32_t len);

/** house_turn() - move what can be moved between guest, memory and host */
void house_turn(struct house *h);

/** house_due() - when house_time() is wanted */
uint64_t house_due(const struct house *h);

/** house_time() - it is @now_us; due timers run */
void house_time(struct house *h, uint64_t now_us);

/** house_reset() - the host's side was reset */
void house_reset(struct house *h);

/** house_iss_at() - set the clock so that the initial sequence number that
 * @ends get lies at @iss or shortly before it */
void house_iss_at(struct house *h, const struct weir_tcp *syn, uint32_t iss);

#endif /* HOUSE_H */
