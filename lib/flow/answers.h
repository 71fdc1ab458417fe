/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answers.h - answers that were given before, kept while they hold
 *
 * A bounded cache from (name, type, flavour) to the part of an answer that
 * follows its question, least recently used out.  It knows nothing of what it
 * keeps but where the TTLs are, which it counts down (RFC 1035 3.2.1, 2181 8).
 *
 * Because names of one length take the same room in a message, what follows
 * the question lies at the same offset in every answer to it, and compression
 * pointers in it stay true.
 */
#ifndef WEIR_FLOW_ANSWERS_H
#define WEIR_FLOW_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/pool.h"
#include "base/table.h"
#include "base/wr.h"
#include "packet/dns.h"

#define WEIR_ANSWERS_CELL_BYTES     124u /* payload of a cell; 128 with its link */
#define WEIR_ANSWERS_BYTES          (8u << 20) /* cells of one cache */
#define WEIR_ANSWERS_ENTRY_BYTES    4096u      /* a larger answer is not kept */
#define WEIR_ANSWERS_TTLS_MAX       255u       /* nor is one of more records */
#define WEIR_ANSWERS_TTL_MIN_S      1u
#define WEIR_ANSWERS_TTL_MAX_S      86400u
#define WEIR_ANSWERS_NEGATIVE_MAX_S 3600u /* RFC 2308 5 */

/* flavours of a question: they change what a right answer is */
#define WEIR_ANSWERS_DO 1u /* DNSSEC records wanted */
#define WEIR_ANSWERS_CD 2u /* unverified data accepted */

/**
 * struct weir_answers_key - a question
 * @name:    lower case
 * @flavour: WEIR_ANSWERS_* bits
 */
struct weir_answers_key {
	const struct weir_dns_name *name;
	uint16_t type;
	uint8_t flavour;
};

/**
 * struct weir_answers_what - an answer, without its bytes
 * @flags:   result code and AD as in a header
 * @n:       records in the answer and authority sections; one TTL each
 * @len:     bytes that follow the question
 * @life_s:  how long it holds
 */
struct weir_answers_what {
	uint16_t flags;
	uint16_t n[2];
	uint16_t len;
	uint32_t life_s;
};

struct weir_answers_entry {
	uint64_t hash;
	uint64_t since_us, until_us;
	struct weir_answers_what what;
	uint32_t cell; /* first; name, TTL offsets, bytes */
	uint32_t newer, older;
	uint16_t type;
	uint8_t flavour, name_len;
};

struct weir_answers_cell {
	uint32_t next;
	uint8_t b[WEIR_ANSWERS_CELL_BYTES];
};

/** struct weir_answers - a cache; the fields are the room's own */
struct weir_answers {
	uint64_t key[2];
	struct weir_pool pool;
	struct weir_table table;
	struct weir_answers_entry *entry;
	struct weir_answers_cell *cell;
	uint32_t n_cells, fresh, spare, spares; /* cells */
	uint32_t newest, oldest;
};

/** weir_answers_bytes() - what weir_answers_init() takes from an arena */
size_t weir_answers_bytes(uint32_t entries, size_t bytes);

/**
 * weir_answers_init() - an empty cache
 * @entries: at most this many answers
 * @bytes:   memory for what they hold, WEIR_ANSWERS_ENTRY_BYTES or more
 * @key:     random and secret: nobody shall aim for one bucket
 *
 * Memory: from @arena; touched when used.
 * Return: false if the arena has no room.
 */
bool weir_answers_init(struct weir_answers *a, struct weir_arena *arena,
		       uint32_t entries, size_t bytes, const uint64_t key[2]);

/**
 * weir_answers_find() - is there an answer that still holds?
 * @ret: written if there is; its life is what is left of it
 *
 * Return: its index for weir_answers_copy(), until the cache is called again;
 * WEIR_POOL_NONE if there is none.
 */
uint32_t weir_answers_find(struct weir_answers *a,
			   const struct weir_answers_key *key, uint64_t now_us,
			   struct weir_answers_what *ret);

/**
 * weir_answers_copy() - write what follows the question, TTLs counted down
 * @index: from weir_answers_find()
 */
void weir_answers_copy(const struct weir_answers *a, uint32_t index,
		       uint64_t now_us, struct weir_wr *to);

/**
 * weir_answers_put() - keep an answer, in place of any to the same question
 * @what:  @what->life_s is clamped to WEIR_ANSWERS_TTL_MIN_S .. _MAX_S
 * @bytes: @what->len bytes, copied
 * @ttls:  where the TTL of each record lies in @bytes, in their order
 *
 * What is too large is not kept.  Makes room by dropping the least recently
 * used answers.
 */
void weir_answers_put(struct weir_answers *a,
		      const struct weir_answers_key *key,
		      const struct weir_answers_what *what,
		      const uint8_t *bytes, const uint16_t *ttls,
		      uint64_t now_us);

/** weir_answers_clear() - forget all */
void weir_answers_clear(struct weir_answers *a);

/** weir_answers_used() - how many answers are kept */
static inline uint32_t weir_answers_used(const struct weir_answers *a)
{
	return weir_pool_used(&a->pool);
}

#endif /* WEIR_FLOW_ANSWERS_H */
