/* SPDX-License-Identifier: Apache-2.0 */
/* pieces.c - the bytes of one stream that wait to be sent */
#include "proxy/pieces.h"

#include <stdlib.h>
#include <string.h>

#include "base/must.h"

#define PIECE_BYTES 1024u /* at least: small ones share one */

struct weir_piece {
	struct weir_piece *next;
	size_t cap, from, to;
	uint8_t bytes[];
};

bool weir_pieces_put(struct weir_pieces *q, const void *bytes, size_t n)
{
	struct weir_piece *p = q->last;

	if (n == 0)
		return true;
	if (!p || p->cap - p->to < n) {
		size_t cap = n > PIECE_BYTES ? n : PIECE_BYTES;

		p = malloc(sizeof(*p) + cap);
		if (!p)
			return false;
		*p = (struct weir_piece){ .cap = cap };
		if (q->last)
			q->last->next = p;
		else
			q->first = p;
		q->last = p;
	}
	memcpy(p->bytes + p->to, bytes, n);
	p->to += n;
	q->len += n;
	return true;
}

static void drop_first(struct weir_pieces *q)
{
	struct weir_piece *p = q->first;

	q->first = p->next;
	if (!q->first)
		q->last = NULL;
	free(p);
}

void weir_pieces_get(struct weir_pieces *q, uint8_t *to, size_t n)
{
	weir_must(n <= q->len);
	q->len -= n;
	while (n) {
		struct weir_piece *p = q->first;
		size_t some = p->to - p->from;

		some = some < n ? some : n;
		memcpy(to, p->bytes + p->from, some);
		p->from += some;
		to += some;
		n -= some;
		if (p->from == p->to)
			drop_first(q);
	}
}

void weir_pieces_empty(struct weir_pieces *q)
{
	while (q->first)
		drop_first(q);
	q->len = 0;
}
