/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parts.h - fragments of the guest, until they are a frame again
 */
#ifndef WEIR_ENGINE_PARTS_H
#define WEIR_ENGINE_PARTS_H

#include "engine/house.h"

/** weir_parts_bytes() - what weir_parts_init() takes from an arena at most */
size_t weir_parts_bytes(void);

/** weir_parts_init() - nothing is unfinished; Return: false: no room */
bool weir_parts_init(struct weir_house *h, struct weir_arena *arena);

/**
 * weir_parts_join() - a fragment
 * @v, @frame: it; its source was checked
 * @ret: if it was the last missing one, the whole frame, virtio header first;
 *       borrowed until the next call
 *
 * Return: bytes at @ret; 0: not whole yet, or dropped, which is counted.
 */
size_t weir_parts_join(struct weir_house *h, const struct weir_view *v,
		       const struct weir_spans *frame, uint8_t **ret);

/** weir_parts_tick() - those that did not come in time are told */
void weir_parts_tick(struct weir_house *h);

/** weir_parts_due_us() - when weir_parts_tick() is wanted */
uint64_t weir_parts_due_us(const struct weir_house *h);

#endif /* WEIR_ENGINE_PARTS_H */
