/* SPDX-License-Identifier: Apache-2.0 */
/*
 * basin.h - bytes on their way: in at one end, out at the other, in one piece
 *
 * A run of memory of fixed size.  What was taken makes room again when it is
 * asked for; the bytes then move to the front, so windows on them do not
 * outlive weir_basin_room().
 */
#ifndef WEIR_PROXY_BASIN_H
#define WEIR_PROXY_BASIN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/must.h"
#include "base/rd.h"
#include "base/wr.h"

/**
 * struct weir_basin - @cap bytes at @mem, of which [@from, @to) are in use
 */
struct weir_basin {
	uint8_t *mem;
	size_t cap, from, to;
};

static inline size_t weir_basin_len(const struct weir_basin *b)
{
	return b->to - b->from;
}

/** weir_basin_left() - room for so many more */
static inline size_t weir_basin_left(const struct weir_basin *b)
{
	return b->cap - weir_basin_len(b);
}

/** weir_basin_bytes() - what is in it */
static inline struct weir_rd weir_basin_bytes(const struct weir_basin *b)
{
	return weir_rd_over(b->mem + b->from, weir_basin_len(b));
}

/** weir_basin_drop() - the first @n are gone */
static inline void weir_basin_drop(struct weir_basin *b, size_t n)
{
	weir_must(n <= weir_basin_len(b));
	b->from += n;
	if (b->from == b->to)
		b->from = b->to = 0;
}

/**
 * weir_basin_room() - room in one piece
 *
 * All there is, or a quarter of the basin at least: bytes are not moved for
 * less than that.
 */
static inline struct weir_wr weir_basin_room(struct weir_basin *b)
{
	if (b->from && b->cap - b->to < b->cap / 4) {
		memmove(b->mem, b->mem + b->from, weir_basin_len(b));
		b->to -= b->from;
		b->from = 0;
	}
	return weir_wr_over(b->mem + b->to, b->cap - b->to);
}

/** weir_basin_add() - the first @n of the room are in use */
static inline void weir_basin_add(struct weir_basin *b, size_t n)
{
	weir_must(n <= b->cap - b->to);
	b->to += n;
}

/** weir_basin_empty() - all of it is gone */
static inline void weir_basin_empty(struct weir_basin *b)
{
	b->from = b->to = 0;
}

#endif /* WEIR_PROXY_BASIN_H */
