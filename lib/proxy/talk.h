/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk.h - what is said between two sides, whatever the protocol
 *
 * The loop that has the sockets brings bytes and carries bytes away; a talk
 * is what stands between the doors (exchange for HTTP/1; pass, below, for what
 * is not opened further).  What each door means is told in exchange.h.
 */
#ifndef WEIR_PROXY_TALK_H
#define WEIR_PROXY_TALK_H

#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"

enum weir_talk_side { WEIR_TALK_GUEST, WEIR_TALK_HOST };

/** enum weir_talk_end - is it time to end a side? */
enum weir_talk_end {
	WEIR_TALK_OPEN,
	WEIR_TALK_FIN,   /* all is written: say so, and read on for a while */
	WEIR_TALK_RESET, /* close it at once */
};

/**
 * struct weir_talk_ops - the doors; @self is the talk's own
 * @room, @came: where bytes from a side go; that they are there
 * @ended, @lost: a side says no more; it broke off
 * @deaf: a side takes no more
 * @fail: the host cannot be asked, and why
 * @bytes, @went: what is to be written to a side; that it is
 * @close: gives the talk back
 */
struct weir_talk_ops {
	uint8_t *(*room)(void *self, enum weir_talk_side side, size_t *ret_len);
	void (*came)(void *self, enum weir_talk_side side, size_t n);
	void (*ended)(void *self, enum weir_talk_side side);
	void (*lost)(void *self, enum weir_talk_side side);
	void (*deaf)(void *self, enum weir_talk_side side);
	void (*fail)(void *self, enum weir_reason reason, const char *detail);
	const uint8_t *(*bytes)(void *self, enum weir_talk_side side,
				size_t *ret_len);
	void (*went)(void *self, enum weir_talk_side side, size_t n);
	enum weir_talk_end (*end)(const void *self, enum weir_talk_side side);
	void (*close)(void *self);
};

/** struct weir_talk - one of them; ops NULL: none yet */
struct weir_talk {
	const struct weir_talk_ops *ops;
	void *self;
};

#endif /* WEIR_PROXY_TALK_H */
