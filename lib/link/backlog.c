/* SPDX-License-Identifier: Apache-2.0 */
/* backlog.c - bytes for the guest that its socket has not taken yet */
#include "link/backlog.h"

#include <string.h>

#include "base/must.h"

void weir_backlog_init(struct weir_backlog *b, uint8_t *mem, size_t cap)
{
	b->mem = mem;
	b->cap = cap;
	b->at = 0;
	b->len = 0;
}

size_t weir_backlog_room(const struct weir_backlog *b)
{
	return b->cap - b->len;
}

void weir_backlog_put(struct weir_backlog *b, const uint8_t *from, size_t n)
{
	size_t to, first;

	weir_must(n <= weir_backlog_room(b));
	if (!n)
		return;
	to = b->at + b->len;
	if (to >= b->cap)
		to -= b->cap;
	first = n < b->cap - to ? n : b->cap - to;
	memcpy(b->mem + to, from, first);
	if (first < n)
		memcpy(b->mem, from + first, n - first);
	b->len += n;
}

unsigned weir_backlog_view(const struct weir_backlog *b, size_t skip, size_t n,
			   struct weir_span ret[2])
{
	size_t at, first;

	if (skip >= b->len || !n)
		return 0;
	if (n > b->len - skip)
		n = b->len - skip;
	at = b->at + skip;
	if (at >= b->cap)
		at -= b->cap;
	first = n < b->cap - at ? n : b->cap - at;
	ret[0] = (struct weir_span){ b->mem + at, first };
	if (first == n)
		return 1;
	ret[1] = (struct weir_span){ b->mem, n - first };
	return 2;
}

void weir_backlog_drop(struct weir_backlog *b, size_t n)
{
	weir_must(n <= b->len);
	b->len -= n;
	b->at += n;
	if (b->at >= b->cap)
		b->at -= b->cap;
	if (!b->len)
		b->at = 0; /* the memory that is in use stays the same */
}
