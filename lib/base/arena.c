/* SPDX-License-Identifier: Apache-2.0 */
/* arena.c - memory for a room, cut from one run and never given back */
#include "base/arena.h"

#include "base/must.h"

void weir_arena_init(struct weir_arena *a, void *mem, size_t len)
{
	a->at = mem;
	a->left = mem ? len : 0;
}

void *weir_arena_take(struct weir_arena *a, size_t count, size_t size,
		      size_t align)
{
	size_t pad;
	void *at;

	weir_must(size && align && (align & (align - 1)) == 0);
	if (!a->at)
		return NULL;
	pad = (size_t)(-(uintptr_t)a->at & (align - 1));
	if (pad > a->left || count > (a->left - pad) / size)
		return NULL;
	at = a->at + pad;
	a->at += pad + count * size;
	a->left -= pad + count * size;
	return at;
}
