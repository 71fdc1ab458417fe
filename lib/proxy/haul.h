/* SPDX-License-Identifier: Apache-2.0 */
/*
 * haul.h - one way of an exchange: what is read at one end is written at the
 *          other
 *
 * It owns the bytes of its way, the reader, and the body that is under way. Heads
 * are the business of exchange.c; from weir_haul_begin() to END the body is
 * carried here, through the swap if there is one.
 */
#ifndef WEIR_PROXY_HAUL_H
#define WEIR_PROXY_HAUL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/basin.h"
#include "proxy/message.h"
#include "proxy/swap.h"

/* so much of the way out is wanted before a swap is asked for a piece */
#define WEIR_HAUL_SWAP_BYTES 1024u

/** enum weir_haul_is - what a step did */
enum weir_haul_is {
	WEIR_HAUL_WAIT = 1, /* nothing: bytes or room are missing */
	WEIR_HAUL_MOVED,
	WEIR_HAUL_END, /* the message is over, and written to its end */
	WEIR_HAUL_BAD, /* as m.fault says, or trailers too large once swapped */
	WEIR_HAUL_STOP, /* the swap said so */
};

/**
 * struct weir_haul - a way
 * @in, @out: bytes that came; bytes that go
 * @m:     reads @in
 * @ended: no more will come; @dirty: for it broke off
 * @held:  what is in @out must not go yet
 * @discard: the body is read and goes nowhere
 */
struct weir_haul {
	struct weir_basin in, out;
	struct weir_message m;
	enum weir_swap_way way;
	bool ended, dirty, held, discard;
	/* the room's own */
	const struct weir_swap *swap;
	enum weir_message_body body;
	bool swaps, chunks, tail, counted;
	size_t rest, tail_len;
	uint64_t left;
};

/** weir_haul_init() - an empty way
 * @in, @out: memory, borrowed */
void weir_haul_init(struct weir_haul *h, enum weir_swap_way way,
		    struct weir_basin in, struct weir_basin out);

/** weir_haul_look() - the head that is to come: weir_message_look() on what may be
 * one */
enum weir_message_is weir_haul_look(struct weir_haul *h,
				    struct weir_message_piece *ret);

/** weir_haul_mode() - a head was read: what does the swap want of its body?
 * @swap: or NULL; @fields: behind the first line */
enum weir_swap_body weir_haul_mode(const struct weir_haul *h,
				   const struct weir_swap *swap,
				   struct weir_rd fields);

/**
 * weir_haul_begin() - the head is written: the body follows
 * @body:   how it is framed at the other end
 * @swap:   or NULL
 * @mode:   what its begin() said
 * @chunks: the other end knows chunks
 */
void weir_haul_begin(struct weir_haul *h, enum weir_message_body body,
		     const struct weir_swap *swap, enum weir_swap_body mode,
		     bool chunks);

/** weir_haul_step() - carry a piece; to be called until WAIT or an end */
enum weir_haul_is weir_haul_step(struct weir_haul *h);

/** weir_haul_drop() - what was held goes nowhere, nor does the rest of it */
void weir_haul_drop(struct weir_haul *h);

#endif /* WEIR_PROXY_HAUL_H */
