/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h - memory for a room, cut from one run and never given back
 *
 * The wings reserve address space once (zeroed, without commitment); pools,
 * tables and wheels cut their arrays from it at birth.  Cutting touches
 * nothing: a page costs memory only when its first entry is used.
 */
#ifndef WEIR_BASE_ARENA_H
#define WEIR_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct weir_arena - what is left of a run of zeroed memory
 * @at:   first byte not cut off yet
 * @left: bytes from @at to the end
 */
struct weir_arena {
	uint8_t *at;
	size_t left;
};

/**
 * weir_arena_init() - open an arena on @len zeroed bytes at @mem
 *
 * Memory: borrows @mem, which must outlive everything cut from it.
 */
void weir_arena_init(struct weir_arena *a, void *mem, size_t len);

/**
 * weir_arena_take() - cut off @count objects of @size bytes
 * @align: a power of two
 *
 * Memory: the bytes are not touched; they are zero because the run was.
 * Return: the first object, or NULL if they do not fit (@count * @size may
 * overflow), in which case the arena is as before.
 */
void *weir_arena_take(struct weir_arena *a, size_t count, size_t size,
		      size_t align);

#endif /* WEIR_BASE_ARENA_H */
