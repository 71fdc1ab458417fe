/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frames.h - what a port and a device share: weir.h's struct weir_frames
 *
 * The manual of its calls is include/weir.h; here is what its two ends know of
 * it.
 */
#ifndef WEIR_LINK_FRAMES_H
#define WEIR_LINK_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atom.h"
#include "base/ring.h"
#include "link/end.h"
#include "weir.h"

/* who holds which end */
enum weir_frames_side {
	WEIR_FRAMES_PORT,
	WEIR_FRAMES_DEVICE,
	WEIR_FRAMES_SIDES,
};

/**
 * struct weir_frames - both rings, both ends, in one region with their memory
 * @refs:  who holds it
 * @taken: an end is in somebody's hands
 * @can:   WEIR_CAN_* of each
 * @relay: somebody wrote to @relay_fd and nobody took it
 * @region_bytes: of all of it
 */
struct weir_frames {
	struct weir_end end[WEIR_FRAMES_SIDES];
	struct weir_ring up, down;
	alignas(WEIR_RING_LINE) WEIR_ATOM(uint32_t) refs;
	WEIR_ATOM(uint32_t) shutdown;
	WEIR_ATOM(uint32_t) taken[WEIR_FRAMES_SIDES];
	WEIR_ATOM(uint32_t) can[WEIR_FRAMES_SIDES];
	WEIR_ATOM(uint32_t) relay;
	int relay_fd;
	uint32_t mtu;
	size_t region_bytes;
};

/**
 * weir_frames_options_read() - a struct of options of any age
 * @to:   @size bytes, of this library's struct; zero before
 * @from: begins with its own size; NULL: all is default
 *
 * Return: 0; -EINVAL its size is too small for itself; -E2BIG it has something
 * that is not zero and that this library does not know.
 */
int weir_frames_options_read(void *to, size_t size, const void *from);

/**
 * weir_frames_answer() - fill a caller's struct of any age
 * @to:   begins with its own size, which stays
 * @from: @size bytes
 *
 * Return: 0; -EINVAL its size is too small for itself.
 */
int weir_frames_answer(void *to, const void *from, size_t size);

/**
 * weir_frames_take() - somebody wants an end; a reference more
 * @can: his WEIR_CAN_*
 *
 * Return: 0; -EBUSY somebody has it.
 */
int weir_frames_take(struct weir_frames *frames, enum weir_frames_side side,
		     uint32_t can);

/** weir_frames_give() - he gives it back, and his reference */
void weir_frames_give(struct weir_frames *frames, enum weir_frames_side side);

/** weir_frames_agreed() - WEIR_CAN_* that both ends take; 0 without CSUM */
static inline uint32_t weir_frames_agreed(const struct weir_frames *frames)
{
	uint32_t both = WEIR_ATOM_LOAD(&frames->can[WEIR_FRAMES_PORT],
				       WEIR_ATOM_RELAXED) &
			WEIR_ATOM_LOAD(&frames->can[WEIR_FRAMES_DEVICE],
				       WEIR_ATOM_RELAXED);

	return both & WEIR_CAN_CSUM ? both : 0;
}

/**
 * weir_frames_clear() - offload facts that were not agreed on are cleared
 * @header: WEIR_PORT_HEADER bytes
 * @agreed: see weir_frames_agreed()
 *
 * Return: true if the frame stays a segment that stands for several.
 */
bool weir_frames_clear(uint8_t *header, uint32_t agreed);

#endif /* WEIR_LINK_FRAMES_H */
