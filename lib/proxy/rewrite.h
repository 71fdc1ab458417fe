/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rewrite.h - write anew what was read
 *
 * One form for everything: HTTP/1.1, single spaces, an origin-form target, the
 * fields in their order and as they came, without those of the hop before, and
 * at the end those of the next: Connection, Upgrade, TE and the framing.
 */
#ifndef WEIR_PROXY_REWRITE_H
#define WEIR_PROXY_REWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rd.h"
#include "base/wr.h"
#include "proxy/message.h"
#include "proxy/swap.h"

/* beside the bytes of a chunk: its size, up to 16^4 - 1, and two line ends */
#define WEIR_REWRITE_CHUNK_BYTES 8u
#define WEIR_REWRITE_CHUNK_MAX   0xffffu

/** enum weir_rewrite_is */
enum weir_rewrite_is {
	WEIR_REWRITE_DONE = 1,
	WEIR_REWRITE_FULL, /* no room */
	WEIR_REWRITE_STOP, /* a swap said so, or wrote no value */
};

/**
 * struct weir_rewrite - how a head is written
 * @body, @length: the framing: LENGTH, 0 included, or CHUNKED; NONE and CLOSE
 *          say nothing
 * @later:  the framing and the empty line come later
 * @close, @keep: what Connection says
 * @websocket: the handshake goes on: Upgrade stays, extensions do not
 * @trailers:  TE: trailers
 * @no_expect: Expect does not go on
 */
struct weir_rewrite {
	enum weir_message_body body;
	uint64_t length;
	bool later, close, keep, websocket, trailers, no_expect;
	const struct weir_swap *swap;
};

/** weir_rewrite_change() - a swap changes the body: nobody knows its length, or
 * not yet
 * @other: how it is framed then */
void weir_rewrite_change(struct weir_rewrite *o, enum weir_swap_body mode,
			 enum weir_message_body other);

/** weir_rewrite_request() - write the head of a request
 * @fields: behind its first line */
enum weir_rewrite_is weir_rewrite_request(const struct weir_rewrite *o,
					  const struct weir_message *m,
					  struct weir_rd fields,
					  struct weir_wr *to);

/** weir_rewrite_answer() - write the head of an answer */
enum weir_rewrite_is weir_rewrite_answer(const struct weir_rewrite *o,
					 const struct weir_message *m,
					 struct weir_rd fields,
					 struct weir_wr *to);

/** weir_rewrite_framing() - what @later left out */
void weir_rewrite_framing(enum weir_message_body body, uint64_t length,
			  struct weir_wr *to);

/**
 * weir_rewrite_chunk() - make a chunk of bytes that are already in their place
 * @to: its first 6 bytes are left free for the size; then come @len bytes, at
 *      least one and at most WEIR_REWRITE_CHUNK_MAX
 *
 * Return: where in @to the chunk begins; it ends 2 bytes behind the bytes.
 */
size_t weir_rewrite_chunk(uint8_t *to, size_t len);

/** weir_rewrite_end() - the last chunk, with trailers
 * @fields: of the message; may be nothing */
enum weir_rewrite_is weir_rewrite_end(const struct weir_swap *swap,
				      enum weir_swap_way way,
				      struct weir_rd fields,
				      struct weir_wr *to);

#endif /* WEIR_PROXY_REWRITE_H */
