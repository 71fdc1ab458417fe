/* SPDX-License-Identifier: Apache-2.0 */
/*
 * swap.h - what may change in a message on its way: where secrets come in
 *
 * A table of functions that the owner of an exchange gives for one request and
 * its answer.  Each may be NULL: then nothing changes.  They see what was read
 * (never the framing, which is ours) and write what goes on.
 *
 * The order, for each way: begin(); target() (up only) and field() for each
 * field that goes on, in order; body() while it comes; field() for the trailers
 * that go on.  After a WebSocket handshake frames(), once for each way, and
 * body() for each message, to which fragments make no difference.
 */
#ifndef WEIR_PROXY_SWAP_H
#define WEIR_PROXY_SWAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rd.h"
#include "base/wr.h"
#include "proxy/message.h"

enum weir_swap_way {
	WEIR_SWAP_UP = 1, /* the guest's request */
	WEIR_SWAP_DOWN,   /* the host's answer */
};

/** enum weir_swap_body - what happens to a body */
enum weir_swap_body {
	WEIR_SWAP_BODY_SAME = 1, /* body() is not called */
	WEIR_SWAP_BODY_SEARCH,   /* body() writes what it reads, to the byte, or
				    STOPs: the framing stays */
	WEIR_SWAP_BODY_STREAM,   /* body(), and the length may become another */
	WEIR_SWAP_BODY_HOLD, /* the same, and nothing goes on until held() says
				how the length is told */
	WEIR_SWAP_BODY_STOP, /* the message must not go on */
};

/** enum weir_swap_is - of a target, a value, a piece of a body */
enum weir_swap_is {
	WEIR_SWAP_SAME = 1, /* it goes on as it is; nothing was written */
	WEIR_SWAP_WRITTEN,  /* what was written goes on */
	WEIR_SWAP_DROP,     /* the field does not go on */
	WEIR_SWAP_STOP,     /* the message must not go on */
	WEIR_SWAP_DONE,     /* body(): all of it is written */
};

/** enum weir_swap_held - of a body that is held */
enum weir_swap_held {
	WEIR_SWAP_HELD_WAIT = 1,
	WEIR_SWAP_HELD_LENGTH,  /* its length is known */
	WEIR_SWAP_HELD_CHUNKED, /* too long to hold: it goes on in chunks */
};

/**
 * struct weir_swap - the functions; @ctx is handed back to each
 * @begin: a head was read: @m, @fields behind its first line.  Not for interim
 *         answers.  Where there is no body the answer must be SAME or STOP
 * @target: of a request, path and query
 * @field:  a value; what is written must be one too, or it is STOP
 * @body:   read from @in, write to @to, as much as fits.  With @last: nothing
 *          follows @in, it is called until DONE; without: WRITTEN or STOP.  It
 *          must eat or write something where @in has bytes and @to 1 KiB of room,
 *          unless the body is held
 * @held:   for HOLD, after each body(); while it says WAIT @to has no room
 * @frames: does body() see the messages of a WebSocket?
 */
struct weir_swap {
	void *ctx;
	enum weir_swap_body (*begin)(void *ctx, enum weir_swap_way way,
				     const struct weir_message *m,
				     struct weir_rd fields);
	enum weir_swap_is (*target)(void *ctx, struct weir_rd target,
				    struct weir_wr *to);
	enum weir_swap_is (*field)(void *ctx, enum weir_swap_way way,
				   struct weir_rd name, struct weir_rd value,
				   struct weir_wr *to);
	enum weir_swap_is (*body)(void *ctx, enum weir_swap_way way,
				  struct weir_rd *in, bool last,
				  struct weir_wr *to);
	enum weir_swap_held (*held)(void *ctx, enum weir_swap_way way,
				    uint64_t *ret_length);
	bool (*frames)(void *ctx, enum weir_swap_way way);
};

#endif /* WEIR_PROXY_SWAP_H */
