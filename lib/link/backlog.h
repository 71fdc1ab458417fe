/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backlog.h - bytes for the guest that its socket has not taken yet
 *
 * A ring of bytes in memory of the owner.  What is put in comes out in order,
 * as at most two spans.  Putting in more than there is room for, and dropping
 * more than there is, are mistakes of the owner.
 *
 * Thread: the engine's.
 */
#ifndef WEIR_LINK_BACKLOG_H
#define WEIR_LINK_BACKLOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/**
 * struct weir_backlog - a ring of bytes
 * @mem: borrowed, @cap bytes
 * @at:  the first byte that waits
 * @len: how many wait
 */
struct weir_backlog {
	uint8_t *mem;
	size_t cap, at, len;
};

/** weir_backlog_init() - an empty ring over @cap bytes at @mem */
void weir_backlog_init(struct weir_backlog *b, uint8_t *mem, size_t cap);

/** weir_backlog_room() - Return: how many bytes can be put in */
size_t weir_backlog_room(const struct weir_backlog *b);

/** weir_backlog_put() - @n bytes behind those that wait; they fit */
void weir_backlog_put(struct weir_backlog *b, const uint8_t *from, size_t n);

/**
 * weir_backlog_view() - bytes [@skip, @skip + @n) of those that wait
 * @ret: borrowed until something is put in or dropped
 *
 * Return: how many spans, 0 to 2; fewer bytes than @n if fewer wait.
 */
unsigned weir_backlog_view(const struct weir_backlog *b, size_t skip, size_t n,
			   struct weir_span ret[2]);

/** weir_backlog_drop() - forget the first @n bytes; so many wait */
void weir_backlog_drop(struct weir_backlog *b, size_t n);

#endif /* WEIR_LINK_BACKLOG_H */
