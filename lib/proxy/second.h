/* SPDX-License-Identifier: Apache-2.0 */
/*
 * second.h - llhttp as the second reader of every message
 *
 * A message goes on only if two readers found the same in it: ours, which
 * knows the grammar and nothing more, and llhttp, which is what a widespread
 * server reads with.  Where they differ somebody behind us may differ too.
 */
#ifndef WEIR_PROXY_SECOND_H
#define WEIR_PROXY_SECOND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <llhttp/llhttp.h>

#include "base/rd.h"

/**
 * struct weir_second - the second reader of one message; the room's own
 * @fields: what our reader found and llhttp has still to find
 * @value:  of the field that llhttp is in
 * @data:   body bytes that must come next, and @len how many
 */
struct weir_second {
	llhttp_t parser;
	struct weir_rd fields, value;
	struct weir_rd target;
	const uint8_t *data;
	size_t len;
	bool bodiless, differs, headed, complete;
};

/**
 * struct weir_second_head - what our reader made of a head
 * @text:   all of it, with the empty line; borrowed during the call
 * @fields: of it, behind the first line
 * @method, @target: a request's; empty for an answer
 * @status: an answer's; 0 for a request
 * @minor:  HTTP/1.@minor
 * @chunked, @has_length, @length: how the body is framed
 * @bodiless: an answer without a body, whatever its fields say
 */
struct weir_second_head {
	struct weir_rd text, fields, method, target;
	uint16_t status;
	uint8_t minor;
	bool chunked, has_length, bodiless;
	uint64_t length;
};

/** enum weir_second_is - what it says */
enum weir_second_is {
	WEIR_SECOND_SAME = 1,
	WEIR_SECOND_OTHER,
	WEIR_SECOND_METHOD, /* a method that llhttp does not know */
};

/**
 * weir_second_head() - read a head; begins a message
 */
enum weir_second_is weir_second_head(struct weir_second *s,
				     const struct weir_second_head *h);

/**
 * weir_second_body() - read on
 * @eaten: bytes our reader stepped over since
 * @data:  body bytes among them, in one run
 * @trailers: the fields among them, if the end of a chunked body is
 * @end:   the message ends with them
 */
enum weir_second_is weir_second_body(struct weir_second *s,
				     struct weir_rd eaten, struct weir_rd data,
				     struct weir_rd trailers, bool end);

#endif /* WEIR_PROXY_SECOND_H */
