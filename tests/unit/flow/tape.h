/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tape.h - two endless runs of bytes that everybody can look up
 *
 * Byte number i of a direction is the same for who sends it, who carries it
 * and who checks it; any 64 KiB of it lie in one piece.  The period is a prime
 * so that bytes that slipped by a segment, a chunk or a page are noticed.
 */
#ifndef TAPE_H
#define TAPE_H

#include <stdint.h>

#include "dice.h"

#define TAPE_PERIOD 99991u
#define TAPE_PIECE  65536u

enum tape_way { TAPE_UP, TAPE_DOWN };

struct tape {
	uint8_t byte[2][TAPE_PERIOD + TAPE_PIECE];
};

static inline void tape_init(struct tape *t)
{
	struct dice d = { 4711 };

	for (unsigned way = 0; way < 2; way++)
		for (unsigned i = 0; i < TAPE_PERIOD + TAPE_PIECE; i++)
			t->byte[way][i] =
				i < TAPE_PERIOD ? (uint8_t)(dice_u64(&d) >> 24)
						: t->byte[way][i - TAPE_PERIOD];
}

/** tape_at() - the bytes from @off on; at least TAPE_PIECE of them */
static inline uint8_t *tape_at(struct tape *t, enum tape_way way, uint64_t off)
{
	return &t->byte[way][off % TAPE_PERIOD];
}

#endif /* TAPE_H */
