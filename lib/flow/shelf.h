/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shelf.h - names that connections have shown, each kept once
 *
 * A connection that was allowed for the name it showed is judged by that name
 * again when the policy changes.  Many show the same one, so it is kept once
 * and counted.
 */
#ifndef WEIR_FLOW_SHELF_H
#define WEIR_FLOW_SHELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/pool.h"
#include "base/table.h"
#include "packet/dns.h"

#define WEIR_SHELF_NONE UINT32_MAX

/** struct weir_shelf - all of them; fields are the room's own */
struct weir_shelf {
	struct weir_pool pool;
	struct weir_table table;
	struct weir_shelf_entry {
		uint32_t users;
		struct weir_dns_name name;
	} * entry;
	uint64_t key[2];
};

/** weir_shelf_bytes() - what weir_shelf_init() takes from an arena */
size_t weir_shelf_bytes(void);

/** weir_shelf_init() - empty; @key: random and secret
 * Return: false if the arena has no room */
bool weir_shelf_init(struct weir_shelf *s, struct weir_arena *arena,
		     const uint64_t key[2]);

/**
 * weir_shelf_take() - one more user of @name, in lower case
 *
 * Return: its place, to be given back; WEIR_SHELF_NONE if there are
 * WEIR_SHOWN_MAX others.
 */
uint32_t weir_shelf_take(struct weir_shelf *s,
			 const struct weir_dns_name *name);

/** weir_shelf_give() - one user less; WEIR_SHELF_NONE is fine */
void weir_shelf_give(struct weir_shelf *s, uint32_t place);

/** weir_shelf_at() - the name; borrowed until it is given back; NULL for NONE */
const struct weir_dns_name *weir_shelf_at(const struct weir_shelf *s,
					  uint32_t place);

#endif /* WEIR_FLOW_SHELF_H */
