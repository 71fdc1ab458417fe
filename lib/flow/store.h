/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - payload that waits: runs of bytes in chunks of one shared pool
 *
 * A store is one run of bytes that grows at its end and is dropped from its
 * front, kept in chunks of WEIR_CHUNK_BYTES.
 * Offsets count from the first byte held.  Chunks may reach beyond the bytes
 * held: room to read into, or data that came before its time.
 */
#ifndef WEIR_FLOW_STORE_H
#define WEIR_FLOW_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/span.h"

#define WEIR_STORE_NONE UINT32_MAX

/**
 * struct weir_store_pool - the chunks of one network
 * @data:   @n chunks of address space; a page is used when first touched
 * @next:   per chunk, the next of its list
 * @free:   chunks given back, last in first out
 * @fresh:  first chunk never used yet
 * @used:   chunks in stores now
 */
struct weir_store_pool {
	uint8_t *data;
	uint32_t *next;
	uint32_t free, fresh, used, n;
};

/**
 * struct weir_store - one run of bytes
 * @first, @last: its chunks; WEIR_STORE_NONE if it has none
 * @chunks:  how many
 * @skip:    bytes of @first dropped already
 * @len:     bytes held
 * @cur:     the chunk looked at last, @cur_no the how manieth
 */
struct weir_store {
	uint32_t first, last, chunks, skip, len;
	uint32_t cur, cur_no;
};

/**
 * weir_store_pool_init() - a pool of @bytes of payload memory from @arena
 *
 * Return: false if the arena has no room.
 */
bool weir_store_pool_init(struct weir_store_pool *p, struct weir_arena *arena,
			  uint64_t bytes);

/** weir_store_pool_left() - bytes in chunks that nobody holds */
static inline uint64_t weir_store_pool_left(const struct weir_store_pool *p)
{
	return (uint64_t)(p->n - p->used) * WEIR_CHUNK_BYTES;
}

/** weir_store_init() - an empty store */
void weir_store_init(struct weir_store *s);

/** weir_store_clear() - forget every byte and give every chunk back */
void weir_store_clear(struct weir_store_pool *p, struct weir_store *s);

/**
 * weir_store_reach() - have chunks for the bytes up to offset @end
 *
 * Return: the offset they reach to, less than @end if the pool ran out.
 */
uint32_t weir_store_reach(struct weir_store_pool *p, struct weir_store *s,
			  uint32_t end);

/**
 * weir_store_at() - where the bytes [@off, @off + @n) lie
 * @ret: filled with at most @max spans, valid until the store changes
 *
 * The range is cut to where chunks reach to.  For reading what is held and
 * for writing into room alike.
 *
 * Return: how many spans.
 */
unsigned weir_store_at(struct weir_store_pool *p, struct weir_store *s,
		       uint32_t off, uint32_t n, struct weir_span *ret,
		       unsigned max);

/**
 * weir_store_write() - copy bytes [@skip, @skip + @n) of @from to offset @off
 *
 * Takes chunks as needed.  The bytes are not held until weir_store_grow().
 * Return: bytes copied, fewer if the pool ran out.
 */
uint32_t weir_store_write(struct weir_store_pool *p, struct weir_store *s,
			  uint32_t off, const struct weir_spans *from,
			  uint32_t skip, uint32_t n);

/** weir_store_grow() - the @n bytes after the last are held now */
void weir_store_grow(struct weir_store *s, uint32_t n);

/** weir_store_drop() - let the first @n bytes go; n <= len */
void weir_store_drop(struct weir_store_pool *p, struct weir_store *s,
		     uint32_t n);

/** weir_store_trim() - give back chunks beyond the bytes held */
void weir_store_trim(struct weir_store_pool *p, struct weir_store *s);

#endif /* WEIR_FLOW_STORE_H */
