/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pieces.h - the bytes of one stream that wait to be sent
 *
 * Many streams share a connection, and each may have to wait for itself: a
 * queue of pieces from the heap.  What all of them hold together is the
 * owner's to count and to bound.
 */
#ifndef WEIR_PROXY_PIECES_H
#define WEIR_PROXY_PIECES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct weir_pieces - a queue; all zero: empty
 * @len: bytes in it
 */
struct weir_pieces {
	struct weir_piece *first, *last;
	size_t len;
};

/** weir_pieces_put() - @n more bytes, copied; Return: false: no memory */
bool weir_pieces_put(struct weir_pieces *q, const void *bytes, size_t n);

/** weir_pieces_get() - take the first @n, of @len at most, into @to */
void weir_pieces_get(struct weir_pieces *q, uint8_t *to, size_t n);

/** weir_pieces_empty() - all of it is gone */
void weir_pieces_empty(struct weir_pieces *q);

#endif /* WEIR_PROXY_PIECES_H */
