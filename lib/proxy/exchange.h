/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange.h - one HTTP/1 connection of the guest and its host, put together
 *
 * An engine with doors.  The loop brings bytes that came from either side and
 * carries away bytes for either side; between the doors requests are read,
 * judged, and written anew, and so are answers.  No I/O, no clock; the memory
 * is one block that the owner gives, and all that a connection ever takes.
 *
 *	guest  ── room/came ──►  up    ── bytes/went ──►  host
 *	       ◄─ bytes/went ──  down  ◄── room/came ───
 *
 * After each turn the loop asks both sides for room, bytes and end:
 *
 *	room  == 0   do not read from this side (back-pressure)
 *	bytes == 0   nothing to write to it
 *	end   FIN    all is written: close_notify and shutdown for writing; go on
 *	             reading (it is thrown away) until the side ends or has had its
 *	             time, or a last answer is lost in a reset
 *	      RESET  close it at once, without a close_notify
 *
 * Both sides at FIN or RESET: it is over.
 */
#ifndef WEIR_PROXY_EXCHANGE_H
#define WEIR_PROXY_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "policy/forbid.h"
#include "policy/judge.h"
#include "proxy/message.h"
#include "proxy/swap.h"

/* of one connection, all in all: 64 KiB for what is on its way, and its state */
#define WEIR_EXCHANGE_BYTES (4 * 16384u + 4096u)

/* of the body of a denied request, read away for the next one to be served; if
 * there is more the connection ends with the answer */
#define WEIR_EXCHANGE_DRAIN_BYTES (1u << 20)

#define WEIR_EXCHANGE_INTERIM_MAX 16u /* interim answers before an answer */

struct weir_exchange;

enum weir_exchange_side { WEIR_EXCHANGE_GUEST, WEIR_EXCHANGE_HOST };

enum weir_exchange_end {
	WEIR_EXCHANGE_OPEN,
	WEIR_EXCHANGE_FIN,
	WEIR_EXCHANGE_RESET,
};

/** enum weir_exchange_said - what the owner says of a request */
enum weir_exchange_said {
	WEIR_EXCHANGE_ALLOW = 1,
	WEIR_EXCHANGE_DENY,        /* 403, with the verdict */
	WEIR_EXCHANGE_MISDIRECTED, /* 421: it names another host */
};

/**
 * struct weir_exchange_owner - who decides, and hears
 * @decide: of each request that could be read, before anything of it goes on.
 *          @m: its head (request: method, path, host) and @fields behind its
 *          first line, for who searches them; borrowed during the call.
 *          @ret: with DENY and MISDIRECTED the verdict that is told.
 *          @ret_swap: with ALLOW, or NULL; good until the answer is over, after
 *          a WebSocket handshake until the exchange is
 * @garbled: a request that is not judged, for it cannot be read or not be
 *          served: what there is of it, for who searches it. Return:
 *          WEIR_REASON_LEAK for 403, anything else for the answer that is due;
 *          may be NULL
 * @told:   something was refused that @decide did not: an answer made here, or
 *          (@status 0) a connection that is cut; may be NULL
 */
struct weir_exchange_owner {
	void *ctx;
	enum weir_exchange_said (*decide)(void *ctx,
					  const struct weir_message *m,
					  struct weir_rd fields,
					  struct weir_judge_verdict *ret,
					  const struct weir_swap **ret_swap);
	enum weir_reason (*garbled)(void *ctx, struct weir_rd bytes);
	void (*told)(void *ctx, uint16_t status, enum weir_reason reason);
};

/**
 * weir_exchange_init() - a connection without a byte
 * @mem: WEIR_EXCHANGE_BYTES, aligned as malloc() does; borrowed
 *
 * Return: the exchange, which lies in @mem.
 */
struct weir_exchange *
weir_exchange_init(void *mem, const struct weir_exchange_owner *owner);

/** weir_exchange_room() - where bytes from a side go
 * Return: the place; *@ret_len 0: none are wanted now */
uint8_t *weir_exchange_room(struct weir_exchange *x,
			    enum weir_exchange_side side, size_t *ret_len);

/** weir_exchange_came() - so many are there */
void weir_exchange_came(struct weir_exchange *x, enum weir_exchange_side side,
			size_t n);

/** weir_exchange_ended() - the side sends no more, and said so (close_notify;
 * without TLS: FIN) */
void weir_exchange_ended(struct weir_exchange *x, enum weir_exchange_side side);

/** weir_exchange_lost() - the side broke off: reset, or the end of its stream
 * without close_notify */
void weir_exchange_lost(struct weir_exchange *x, enum weir_exchange_side side);

/** weir_exchange_deaf() - the side takes no more bytes, but may still send */
void weir_exchange_deaf(struct weir_exchange *x, enum weir_exchange_side side);

/**
 * weir_exchange_fail() - the host cannot be asked, and why
 * @detail: a sentence for the guest (policy/forbid.h), or NULL; a constant
 *
 * Before an answer has begun the request under way, or the first one to come,
 * is answered with 502; later the same as weir_exchange_lost().
 */
void weir_exchange_fail(struct weir_exchange *x, enum weir_reason reason,
			const char *detail);

/** weir_exchange_bytes() - what is to be written to a side
 * Return: the first byte, borrowed until any other door is used */
const uint8_t *weir_exchange_bytes(struct weir_exchange *x,
				   enum weir_exchange_side side,
				   size_t *ret_len);

/** weir_exchange_went() - the first @n of them are written */
void weir_exchange_went(struct weir_exchange *x, enum weir_exchange_side side,
			size_t n);

/** weir_exchange_end() - is it time to end a side? */
enum weir_exchange_end weir_exchange_end(const struct weir_exchange *x,
					 enum weir_exchange_side side);

/** weir_exchange_is_idle() - is nothing under way?  For the loop's timers */
bool weir_exchange_is_idle(const struct weir_exchange *x);

/** weir_exchange_is_frames() - is it a WebSocket by now? */
bool weir_exchange_is_frames(const struct weir_exchange *x);

#endif /* WEIR_PROXY_EXCHANGE_H */
