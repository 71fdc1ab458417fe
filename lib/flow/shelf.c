/* SPDX-License-Identifier: Apache-2.0 */
/* shelf.c - names that connections have shown, each kept once */
#include "flow/shelf.h"

#include "base/must.h"
#include "base/siphash.h"

size_t weir_shelf_bytes(void)
{
	return weir_pool_bytes(WEIR_SHOWN_MAX) +
	       weir_table_bytes(WEIR_SHOWN_MAX) +
	       WEIR_SHOWN_MAX * sizeof(struct weir_shelf_entry) + 64;
}

bool weir_shelf_init(struct weir_shelf *s, struct weir_arena *arena,
		     const uint64_t key[2])
{
	memcpy(s->key, key, sizeof(s->key));
	s->entry = weir_arena_take(arena, WEIR_SHOWN_MAX, sizeof(*s->entry), 8);
	return s->entry && weir_pool_init(&s->pool, arena, WEIR_SHOWN_MAX) &&
	       weir_table_init(&s->table, arena, WEIR_SHOWN_MAX);
}

uint32_t weir_shelf_take(struct weir_shelf *s, const struct weir_dns_name *name)
{
	uint32_t hash = (uint32_t)weir_siphash(s->key, name->b, name->len), i;

	for (i = weir_table_first(&s->table, hash); i != WEIR_TABLE_NONE;
	     i = weir_table_next(&s->table, i)) {
		if (!weir_dns_is_exact_name(&s->entry[i].name, name))
			continue;
		s->entry[i].users++;
		return i;
	}
	i = weir_pool_take(&s->pool);
	if (i == WEIR_POOL_NONE)
		return WEIR_SHELF_NONE;
	s->entry[i].users = 1;
	s->entry[i].name.len = name->len;
	memcpy(s->entry[i].name.b, name->b, name->len);
	weir_table_put(&s->table, i, hash);
	return i;
}

void weir_shelf_give(struct weir_shelf *s, uint32_t place)
{
	if (place == WEIR_SHELF_NONE)
		return;
	weir_must(weir_pool_is_taken(&s->pool, place));
	if (--s->entry[place].users)
		return;
	weir_table_remove(&s->table, place);
	weir_pool_give(&s->pool, place);
}

const struct weir_dns_name *weir_shelf_at(const struct weir_shelf *s,
					  uint32_t place)
{
	return place == WEIR_SHELF_NONE ? NULL : &s->entry[place].name;
}
