/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answers.c - answers that were given before, kept while they hold
 *
 * An entry is a fixed head in an array and a chain of small cells.  Answers
 * differ much in size (60 bytes to 4 KiB), and cells of one size need neither
 * a search for room nor compaction: making room is dropping entries from the
 * old end until enough cells are spare.  The chain holds, one after the other:
 *
 *	name (lower case) | offset of each TTL, 2 bytes | bytes
 *
 * Heads are found by a keyed hash over name, type and flavour; 64 bits of it
 * are compared before the name is.  All heads are on one list from newest to
 * oldest use.
 *
 * Cells never used yet are counted by @fresh, spare ones are a stack: memory
 * is touched as the cache grows, and again in the order it is warm.
 *
 * Invariants:
 *  1. An entry is in pool, table and list, or in none of them.
 *  2. Every cell below @fresh is in exactly one chain or on the spare stack;
 *     @spares counts the stack.
 *  3. what.len + TTLs + name fit into the cells of the entry's chain.
 *
 * Limits: entries and cells, as given at birth; WEIR_ANSWERS_ENTRY_BYTES and
 * WEIR_ANSWERS_TTLS_MAX for one answer.
 */
#include "flow/answers.h"

#include "base/must.h"
#include "base/siphash.h"

#define NONE   UINT32_MAX
#define SECOND 1000000u /* in microseconds */

/* a place in a chain of cells, moving forward */
struct place {
	uint32_t cell;
	uint32_t at;
};

static uint32_t cells_for(size_t bytes)
{
	return (uint32_t)((bytes + WEIR_ANSWERS_CELL_BYTES - 1) /
			  WEIR_ANSWERS_CELL_BYTES);
}

static uint32_t ttls_of(const struct weir_answers_what *what)
{
	return (uint32_t)what->n[0] + what->n[1];
}

static uint64_t hash_of(const struct weir_answers *a,
			const struct weir_answers_key *key)
{
	uint64_t both[2] = { key->type, key->flavour };

	/* the name's hash, then words: no copy of the name is made */
	both[0] |= both[1] << 16;
	both[1] = weir_siphash(a->key, key->name->b, key->name->len);
	return weir_siphash_words(a->key, both, 2);
}

size_t weir_answers_bytes(uint32_t entries, size_t bytes)
{
	return weir_pool_bytes(entries) + weir_table_bytes(entries) +
	       (entries + (size_t)1) * sizeof(struct weir_answers_entry) +
	       bytes + 64;
}

bool weir_answers_init(struct weir_answers *a, struct weir_arena *arena,
		       uint32_t entries, size_t bytes, const uint64_t key[2])
{
	size_t cells = bytes / sizeof(struct weir_answers_cell);

	*a = (struct weir_answers){ .key = { key[0], key[1] },
				    .spare = NONE,
				    .newest = NONE,
				    .oldest = NONE };
	weir_must(cells >= cells_for(WEIR_ANSWERS_ENTRY_BYTES) && cells < NONE);
	a->n_cells = (uint32_t)cells;
	if (!weir_pool_init(&a->pool, arena, entries) ||
	    !weir_table_init(&a->table, arena, entries))
		return false;
	a->entry = weir_arena_take(arena, entries, sizeof(*a->entry),
				   _Alignof(struct weir_answers_entry));
	a->cell = weir_arena_take(arena, cells, sizeof(*a->cell),
				  _Alignof(struct weir_answers_cell));
	return a->entry && a->cell;
}

/* cells */

static uint32_t cell_take(struct weir_answers *a)
{
	uint32_t i = a->spare;

	if (i != NONE) {
		a->spare = a->cell[i].next;
		a->spares--;
	} else {
		weir_must(a->fresh < a->n_cells);
		i = a->fresh++;
	}
	a->cell[i].next = NONE;
	return i;
}

static void cells_give(struct weir_answers *a, uint32_t i)
{
	while (i != NONE) {
		uint32_t next = a->cell[i].next;

		a->cell[i].next = a->spare;
		a->spare = i;
		a->spares++;
		i = next;
	}
}

static uint32_t cells_left(const struct weir_answers *a)
{
	return a->spares + (a->n_cells - a->fresh);
}

static uint32_t chain_take(struct weir_answers *a, uint32_t n)
{
	uint32_t first = NONE;

	while (n--) {
		uint32_t i = cell_take(a);

		a->cell[i].next = first;
		first = i;
	}
	return first;
}

/* the next run of at most @n bytes at a place, which moves behind it */
static uint8_t *run(const struct weir_answers *a, struct place *p, size_t n,
		    size_t *ret_n)
{
	size_t left;
	uint8_t *at;

	if (p->at == WEIR_ANSWERS_CELL_BYTES) {
		p->cell = a->cell[p->cell].next;
		p->at = 0;
	}
	left = WEIR_ANSWERS_CELL_BYTES - p->at;
	at = a->cell[p->cell].b + p->at;
	*ret_n = n < left ? n : left;
	p->at += (uint32_t)*ret_n;
	return at;
}

static void store(const struct weir_answers *a, struct place *p,
		  const uint8_t *from, size_t n)
{
	while (n) {
		size_t part;
		uint8_t *at = run(a, p, n, &part);

		memcpy(at, from, part);
		from += part;
		n -= part;
	}
}

static void load(const struct weir_answers *a, struct place *p, uint8_t *to,
		 size_t n)
{
	while (n) {
		size_t part;
		const uint8_t *at = run(a, p, n, &part);

		memcpy(to, at, part);
		to += part;
		n -= part;
	}
}

/* the list of use */

static void unlist(struct weir_answers *a, uint32_t i)
{
	struct weir_answers_entry *e = &a->entry[i];

	if (e->newer != NONE)
		a->entry[e->newer].older = e->older;
	else
		a->newest = e->older;
	if (e->older != NONE)
		a->entry[e->older].newer = e->newer;
	else
		a->oldest = e->newer;
}

static void enlist(struct weir_answers *a, uint32_t i)
{
	struct weir_answers_entry *e = &a->entry[i];

	e->newer = NONE;
	e->older = a->newest;
	if (a->newest != NONE)
		a->entry[a->newest].newer = i;
	else
		a->oldest = i;
	a->newest = i;
}

static void drop(struct weir_answers *a, uint32_t i)
{
	cells_give(a, a->entry[i].cell);
	unlist(a, i);
	weir_table_remove(&a->table, i);
	weir_pool_give(&a->pool, i);
}

static bool is_name(const struct weir_answers *a,
		    const struct weir_answers_entry *e,
		    const struct weir_dns_name *n)
{
	struct place p = { .cell = e->cell };
	uint8_t name[WEIR_DNS_NAME_MAX_BYTES];

	if (n->len <= WEIR_ANSWERS_CELL_BYTES)
		return memcmp(a->cell[e->cell].b, n->b, n->len) == 0;
	load(a, &p, name, n->len);
	return memcmp(name, n->b, n->len) == 0;
}

static uint32_t lookup(const struct weir_answers *a,
		       const struct weir_answers_key *key, uint64_t hash)
{
	uint32_t i = weir_table_first(&a->table, (uint32_t)hash);

	for (; i != WEIR_TABLE_NONE; i = weir_table_next(&a->table, i)) {
		const struct weir_answers_entry *e = &a->entry[i];

		if (e->hash == hash && e->type == key->type &&
		    e->flavour == key->flavour &&
		    e->name_len == key->name->len && is_name(a, e, key->name))
			return i;
	}
	return NONE;
}

uint32_t weir_answers_find(struct weir_answers *a,
			   const struct weir_answers_key *key, uint64_t now_us,
			   struct weir_answers_what *ret)
{
	uint32_t i = lookup(a, key, hash_of(a, key));
	struct weir_answers_entry *e;

	if (i == NONE)
		return WEIR_POOL_NONE;
	e = &a->entry[i];
	if (now_us >= e->until_us) {
		drop(a, i);
		return WEIR_POOL_NONE;
	}
	if (a->newest != i) {
		unlist(a, i);
		enlist(a, i);
	}
	*ret = e->what;
	ret->life_s = (uint32_t)((e->until_us - now_us) / SECOND);
	return i;
}

void weir_answers_copy(const struct weir_answers *a, uint32_t index,
		       uint64_t now_us, struct weir_wr *to)
{
	const struct weir_answers_entry *e = &a->entry[index];
	uint32_t n = ttls_of(&e->what), age;
	struct place p = { .cell = e->cell };
	uint8_t head[WEIR_DNS_NAME_MAX_BYTES + 2 * WEIR_ANSWERS_TTLS_MAX];
	size_t head_len = e->name_len + 2u * n;
	struct weir_rd ttls = weir_rd_over(head, head_len);
	uint8_t *at = weir_wr_skip(to, e->what.len);

	weir_must(head_len <= sizeof(head));
	if (!at)
		return;
	load(a, &p, head, head_len);
	load(a, &p, at, e->what.len);
	age = now_us > e->since_us ? (uint32_t)((now_us - e->since_us) / SECOND)
				   : 0;
	(void)weir_rd_take(&ttls, e->name_len);
	while (ttls.left) {
		uint8_t *where = at + weir_rd_be16(&ttls);
		struct weir_rd in = weir_rd_over(where, 4);
		uint32_t ttl = weir_rd_be32(&in);
		struct weir_wr w = weir_wr_over(where, 4);

		weir_wr_be32(&w, ttl > age ? ttl - age : 1);
	}
}

static bool is_keepable(const struct weir_answers_what *what,
			const struct weir_answers_key *key,
			const uint16_t *ttls)
{
	uint32_t n = ttls_of(what);

	if (n > WEIR_ANSWERS_TTLS_MAX ||
	    key->name->len + 2 * n + what->len > WEIR_ANSWERS_ENTRY_BYTES)
		return false;
	for (uint32_t i = 0; i < n; i++)
		weir_must(ttls[i] + 4u <= what->len);
	return true;
}

void weir_answers_put(struct weir_answers *a,
		      const struct weir_answers_key *key,
		      const struct weir_answers_what *what,
		      const uint8_t *bytes, const uint16_t *ttls,
		      uint64_t now_us)
{
	uint64_t hash = hash_of(a, key), life = what->life_s;
	uint32_t i = lookup(a, key, hash), n = ttls_of(what), cells;
	struct weir_answers_entry *e;
	struct place p = { .at = 0 };

	if (i != NONE)
		drop(a, i);
	if (!is_keepable(what, key, ttls))
		return;
	cells = cells_for(key->name->len + 2 * n + what->len);
	while (cells_left(a) < cells ||
	       weir_pool_used(&a->pool) == a->pool.capacity)
		drop(a, a->oldest);
	i = weir_pool_take(&a->pool);
	e = &a->entry[i];
	if (life < WEIR_ANSWERS_TTL_MIN_S)
		life = WEIR_ANSWERS_TTL_MIN_S;
	if (life > WEIR_ANSWERS_TTL_MAX_S)
		life = WEIR_ANSWERS_TTL_MAX_S;
	*e = (struct weir_answers_entry){
		.hash = hash,
		.since_us = now_us,
		.until_us = now_us + life * SECOND,
		.what = *what,
		.cell = chain_take(a, cells),
		.type = key->type,
		.flavour = key->flavour,
		.name_len = key->name->len,
	};
	p.cell = e->cell;
	store(a, &p, key->name->b, key->name->len);
	for (uint32_t k = 0; k < n; k++) {
		uint8_t be[2] = { (uint8_t)(ttls[k] >> 8), (uint8_t)ttls[k] };

		store(a, &p, be, sizeof(be));
	}
	store(a, &p, bytes, what->len);
	weir_table_put(&a->table, i, (uint32_t)hash);
	enlist(a, i);
}

void weir_answers_clear(struct weir_answers *a)
{
	while (a->oldest != NONE)
		drop(a, a->oldest);
}
