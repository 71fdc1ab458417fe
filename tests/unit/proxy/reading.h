/* SPDX-License-Identifier: Apache-2.0 */
/* reading.h - a stream of messages read in pieces, and what was found in it */
#ifndef READING_H
#define READING_H

#include "proxy/message.h"

#include "../t.h"

#define READING_BYTES 400000u

/** struct reading - bodies and trailers one behind the other; @story: one letter
 * for each HEAD and END, and for the fault: F L M C */
struct reading {
	char story[64];
	unsigned n_story;
	uint8_t body[READING_BYTES];
	size_t len;
	enum weir_message_fault fault;
};

/**
 * reading_of() - read @len bytes that come @step at a time; 0: by chance, of
 * @seed
 * @max: of a body, for each look
 */
void reading_of(struct reading *r, const char *bytes, size_t len, size_t step,
		size_t max, bool answers, bool to_head, unsigned seed);

/** reading_is_same() - */
bool reading_is_same(const struct reading *a, const struct reading *b);

#endif /* READING_H */
