/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message.h - one HTTP/1 message after another, read from a stream
 *
 * A pull interface.  The owner shows the bytes that it holds, is told what
 * stands at their beginning, drops what was eaten, and asks again:
 *
 *	HEAD, DATA as often as needed, END; then HEAD of the next message
 *
 * A head, and the trailers of a chunked body, are one piece: the owner must be
 * able to hold WEIR_MESSAGE_HEAD_BYTES.  Body bytes go on as they come.
 * Everything is read strictly (packet/head.h, packet/field.h) and read twice
 * (second.h); chunk extensions are refused.
 */
#ifndef WEIR_PROXY_MESSAGE_H
#define WEIR_PROXY_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/chunked.h"
#include "packet/head.h"
#include "proxy/hop.h"
#include "proxy/second.h"

#define WEIR_MESSAGE_HEAD_BYTES 15360u /* of a head, or of trailers */
#define WEIR_MESSAGE_FIELDS_MAX 128u   /* in a head, or in trailers */

/** enum weir_message_is - what stands at the beginning of the bytes */
enum weir_message_is {
	WEIR_MESSAGE_MORE = 1, /* nothing that can be told yet */
	WEIR_MESSAGE_HEAD,
	WEIR_MESSAGE_DATA,
	WEIR_MESSAGE_END,
	WEIR_MESSAGE_BAD, /* stays */
};

/** enum weir_message_fault - why it is BAD */
enum weir_message_fault {
	WEIR_MESSAGE_FAULT_NONE,
	WEIR_MESSAGE_FAULT_FORM,   /* malformed, or open to two readings */
	WEIR_MESSAGE_FAULT_LARGE,  /* a limit of this room */
	WEIR_MESSAGE_FAULT_METHOD, /* unknown to the second reader */
	WEIR_MESSAGE_FAULT_CUT,    /* the stream ended before the body did */
};

/** enum weir_message_body - how its end is found */
enum weir_message_body {
	WEIR_MESSAGE_BODY_NONE = 1,
	WEIR_MESSAGE_BODY_LENGTH,
	WEIR_MESSAGE_BODY_CHUNKED,
	WEIR_MESSAGE_BODY_CLOSE, /* the end of the stream; answers only */
};

/**
 * struct weir_message_answer - the head of an answer
 * @phrase: behind the status, may be empty; borrowed as the head is
 * @has_length: with @length: Content-Length, also where there is no body
 */
struct weir_message_answer {
	uint16_t status;
	uint8_t minor;
	bool has_length;
	uint64_t length;
	struct weir_rd phrase;
};

/**
 * struct weir_message - a reader; of what the owner may read:
 * @request: the head of a request, once HEAD was said.  Its windows are good
 *           as long as its bytes are held
 * @answer:  the same of an answer
 * @hop:     of either
 * @body:    of either
 * @fault:   if BAD
 */
struct weir_message {
	struct weir_head request;
	struct weir_message_answer answer;
	struct weir_hop hop;
	enum weir_message_body body;
	enum weir_message_fault fault;
	/* the room's own */
	struct weir_second second;
	struct weir_chunked chunks;
	uint64_t left;  /* of a body of known length */
	size_t scanned; /* bytes of a head or of trailers looked at */
	uint16_t lines; /* in them */
	uint8_t state;
	bool answers; /* it reads answers */
	bool to_head; /* the next one is to HEAD */
};

/**
 * struct weir_message_piece - what was found
 * @eat:  bytes to drop before the next look, whatever was said
 * @data: DATA: of the body, among those to drop; at least one
 * @fields: HEAD: behind the first line; END: the trailers; up to and with the
 *        empty line, or nothing at all
 */
struct weir_message_piece {
	size_t eat;
	struct weir_rd data, fields;
};

/** weir_message_init() - at the start of a stream of requests, or of answers */
void weir_message_init(struct weir_message *m, bool answers);

/** weir_message_expect() - the next answer is to a request with method HEAD, or
 * with another; it has to be said before each final answer */
void weir_message_expect(struct weir_message *m, bool to_head);

/**
 * weir_message_look() - what comes next?
 * @b:    @len bytes, not dropped yet
 * @max:  so many bytes of a body at most
 * @last: no more will come after them, for the stream has ended
 * @ret:  written whatever is said
 */
enum weir_message_is weir_message_look(struct weir_message *m, const uint8_t *b,
				       size_t len, size_t max, bool last,
				       struct weir_message_piece *ret);

/** weir_message_is_begun() - is a message under way: was HEAD said, and END
 * not yet? */
bool weir_message_is_begun(const struct weir_message *m);

#endif /* WEIR_PROXY_MESSAGE_H */
