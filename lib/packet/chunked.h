/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunked.h - the framing of a chunked body (RFC 9112 7.1)
 *
 * Read strictly: CRLF after each line, at most 15 digits, no chunk extensions.
 * So a size cannot overflow here, nor where 63 bits are all there is.  The
 * trailers behind the last chunk are the owner's (packet/head.h).
 *
 *	SIZE ─CR─► SIZE_LF ─LF─┬─► DATA ──► DATA_CR ──► DATA_LF ─┐
 *	  ▲                    └─► END                           │
 *	  └──────────────────────────────────────────────────────┘
 *
 * Each byte of the framing is looked at once and nothing is kept but numbers:
 * where the bytes are cut makes no difference.
 */
#ifndef WEIR_PACKET_CHUNKED_H
#define WEIR_PACKET_CHUNKED_H

#include <stddef.h>
#include <stdint.h>

#include "base/rd.h"

/** enum weir_chunked_is - what was found */
enum weir_chunked_is {
	WEIR_CHUNKED_MORE = 1, /* framing at most; not the end yet */
	WEIR_CHUNKED_DATA,     /* a run of body bytes */
	WEIR_CHUNKED_END,      /* the trailers follow; stays */
	WEIR_CHUNKED_BAD,
};

/** struct weir_chunked - where in a body one is; the room's own */
struct weir_chunked {
	uint64_t left; /* the size so far; in DATA what is left, > 0 */
	uint8_t state;
	uint8_t digits; /* of the size so far */
};

/** weir_chunked_init() - at the start of a body */
void weir_chunked_init(struct weir_chunked *c);

/**
 * weir_chunked_look() - take what comes next
 * @in:  the bytes behind those taken so far; what this call takes is cut off
 *       its front: framing, and behind it at most one run of body bytes
 * @max: so many bytes in that run at most; with 0 only framing is taken
 * @ret_data: DATA: the run, borrowed, at least one byte; else empty
 *
 * After BAD it must not be asked again.
 */
enum weir_chunked_is weir_chunked_look(struct weir_chunked *c,
				       struct weir_rd *in, size_t max,
				       struct weir_rd *ret_data);

#endif /* WEIR_PACKET_CHUNKED_H */
