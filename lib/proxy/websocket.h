/* SPDX-License-Identifier: Apache-2.0 */
/*
 * websocket.h - the frames of one way of a WebSocket (RFC 6455)
 *
 * Read strictly and written anew: masked from the guest and not masked from the
 * host, no reserved bits (no extension was agreed on), known opcodes, control
 * frames whole and at most 125 bytes, lengths in their shortest form, fragments
 * of one message in their order.  Payload goes on as it comes, in frames of any
 * length.  Behind a Close frame nothing goes on.
 */
#ifndef WEIR_PROXY_WEBSOCKET_H
#define WEIR_PROXY_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/basin.h"
#include "proxy/swap.h"

/** enum weir_websocket_is - what a step did */
enum weir_websocket_is {
	WEIR_WEBSOCKET_WAIT = 1, /* nothing: bytes or room are missing */
	WEIR_WEBSOCKET_MOVED,
	WEIR_WEBSOCKET_BAD,  /* stays */
	WEIR_WEBSOCKET_STOP, /* the swap said so */
};

/**
 * struct weir_websocket - one way; the room's own but for
 * @closed:   a Close frame went on
 * @between:  no frame is under way
 */
struct weir_websocket {
	bool closed, between;
	enum weir_swap_way way;
	const struct weir_swap *swap; /* NULL: payload goes on as it is */
	uint64_t left;                /* of the frame's payload */
	uint8_t key[4];
	uint8_t phase;  /* of the key */
	bool fin;       /* of the frame */
	bool message;   /* fragments of one are still to come */
	bool begun;     /* something of it was written: continuation frames */
	uint8_t opcode; /* of the message */
	bool bad;
	size_t clear; /* bytes at the front of the basin without their mask */
};

/** weir_websocket_init() - at the first byte behind the handshake
 * @swap: or NULL */
void weir_websocket_init(struct weir_websocket *w, enum weir_swap_way way,
			 const struct weir_swap *swap);

/**
 * weir_websocket_step() - pass a frame, or a piece of one
 * @in: what came; 139 bytes at least, where a control frame has its place
 * @out: what goes on; 1 KiB at least
 */
enum weir_websocket_is weir_websocket_step(struct weir_websocket *w,
					   struct weir_basin *in,
					   struct weir_basin *out);

#endif /* WEIR_PROXY_WEBSOCKET_H */
