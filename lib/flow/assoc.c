/* SPDX-License-Identifier: Apache-2.0 */
/*
 * assoc.c - UDP: mappings of the guest's ports, conversations inside them
 *
 * DOC: how it works
 *
 *	mapping  (guest, gport)             one host socket of the owner
 *	   |
 *	   +-- conversation (far, fport)    judged; idle time; least recently
 *	   +-- conversation (far, fport)    used list
 *
 * A mapping lives as long as it has a conversation.  So a datagram from the
 * host finds its conversation by (mapping, far, fport) or is nobody's, and a
 * guest port that talks to thousands of destinations needs one socket.
 *
 * The lists of mappings and conversations by last use are exact; deadlines are set in the
 * wheel once and looked at again when they fire, so a busy conversation costs
 * no timer work per datagram.
 *
 * Invariants:
 *  1. mapping.conversations is the length of the list at mapping.first; it is
 *     0 only between weir_assoc_map() and the first weir_assoc_open().
 *  2. Each conversation is in by_ends, in its mapping's list, in the list by
 *     use, and has a deadline.
 *  3. A mapping was used when a conversation of it was, or when it was made.
 */
#include "flow/assoc.h"

#include "base/must.h"
#include "base/siphash.h"

/* --- the lists by use --- */

static bool order_init(struct weir_assoc_order *o, struct weir_arena *arena,
		       uint32_t n)
{
	o->oldest = WEIR_ASSOC_NONE;
	o->newest = WEIR_ASSOC_NONE;
	o->link = weir_arena_take(arena, n, sizeof(*o->link), 8);
	return o->link != NULL;
}

static void order_out(struct weir_assoc_order *o, uint32_t i)
{
	struct weir_assoc_link l = o->link[i];

	if (l.older == WEIR_ASSOC_NONE)
		o->oldest = l.newer;
	else
		o->link[l.older].newer = l.newer;
	if (l.newer == WEIR_ASSOC_NONE)
		o->newest = l.older;
	else
		o->link[l.newer].older = l.older;
}

static void order_in(struct weir_assoc_order *o, uint32_t i)
{
	o->link[i].newer = WEIR_ASSOC_NONE;
	o->link[i].older = o->newest;
	if (o->newest == WEIR_ASSOC_NONE)
		o->oldest = i;
	else
		o->link[o->newest].newer = i;
	o->newest = i;
}

static void order_use(struct weir_assoc_order *o, uint32_t i)
{
	if (o->newest == i)
		return;
	order_out(o, i);
	order_in(o, i);
}

/* --- birth --- */

size_t weir_assoc_bytes(uint32_t mappings, uint32_t conversations)
{
	return weir_pool_bytes(mappings) + weir_pool_bytes(conversations) +
	       weir_table_bytes(mappings) + weir_table_bytes(conversations) +
	       weir_timer_bytes(conversations) + 64 +
	       mappings * (sizeof(struct weir_assoc_mapping) +
			   sizeof(struct weir_assoc_link)) +
	       conversations * (sizeof(struct weir_assoc_conversation) +
				sizeof(struct weir_assoc_link));
}

bool weir_assoc_init(struct weir_assoc *a, struct weir_arena *arena,
		     uint32_t mappings, uint32_t conversations,
		     const uint64_t key[2], uint64_t now_us)
{
	a->ended = NULL;
	a->ctx = NULL;
	a->key[0] = key[0];
	a->key[1] = key[1];
	weir_assoc_set_idle(a, WEIR_UDP_IDLE_MS, WEIR_UDP_IDLE_TWOWAY_MS);
	a->mapping = weir_arena_take(arena, mappings, sizeof(*a->mapping), 8);
	a->conversation = weir_arena_take(arena, conversations,
					  sizeof(*a->conversation), 8);
	return a->mapping && a->conversation &&
	       order_init(&a->maps_by_use, arena, mappings) &&
	       order_init(&a->by_use, arena, conversations) &&
	       weir_pool_init(&a->mappings, arena, mappings) &&
	       weir_pool_init(&a->conversations, arena, conversations) &&
	       weir_table_init(&a->by_guest, arena, mappings) &&
	       weir_table_init(&a->by_ends, arena, conversations) &&
	       weir_timer_init(&a->timer, arena, conversations, now_us);
}

void weir_assoc_set_idle(struct weir_assoc *a, uint64_t idle_ms,
			 uint64_t twoway_ms)
{
	a->idle_us = idle_ms * 1000;
	a->idle_twoway_us = twoway_ms * 1000;
}

/* --- finding --- */

static uint32_t hash_of(const struct weir_assoc *a, const struct weir_addr *x,
			uint64_t more)
{
	uint64_t w[3];

	memcpy(w, x->b, 16);
	w[2] = more;
	return (uint32_t)weir_siphash_words(a->key, w, 3);
}

static uint32_t find_mapping(const struct weir_assoc *a,
			     const struct weir_addr *guest, uint16_t gport)
{
	uint32_t i = weir_table_first(&a->by_guest, hash_of(a, guest, gport));

	for (; i != WEIR_TABLE_NONE; i = weir_table_next(&a->by_guest, i))
		if (a->mapping[i].gport == gport &&
		    weir_addr_is_equal(&a->mapping[i].guest, guest))
			return i;
	return WEIR_ASSOC_NONE;
}

static uint32_t hash_ends(const struct weir_assoc *a, uint32_t mapping,
			  const struct weir_addr *far, uint16_t fport)
{
	return hash_of(a, far, (uint64_t)mapping << 16 | fport);
}

uint32_t weir_assoc_find(const struct weir_assoc *a, uint32_t mapping,
			 const struct weir_addr *far, uint16_t fport)
{
	uint32_t i = weir_table_first(&a->by_ends,
				      hash_ends(a, mapping, far, fport));

	for (; i != WEIR_TABLE_NONE; i = weir_table_next(&a->by_ends, i)) {
		const struct weir_assoc_conversation *c = &a->conversation[i];

		if (c->mapping == mapping && c->fport == fport &&
		    weir_addr_is_equal(&c->far, far))
			return i;
	}
	return WEIR_ASSOC_NONE;
}

static void use(struct weir_assoc *a, uint32_t i, uint64_t now_us)
{
	a->conversation[i].used_us = now_us;
	order_use(&a->by_use, i);
	order_use(&a->maps_by_use, a->conversation[i].mapping);
}

/* --- conversations and mappings --- */

static void drop_mapping(struct weir_assoc *a, uint32_t m)
{
	order_out(&a->maps_by_use, m);
	weir_table_remove(&a->by_guest, m);
	weir_pool_give(&a->mappings, m);
}

/* End a conversation; its mapping stays, perhaps without any. */
static void drop(struct weir_assoc *a, uint32_t i)
{
	struct weir_assoc_conversation *c = &a->conversation[i];
	struct weir_assoc_mapping *m = &a->mapping[c->mapping];

	if (a->ended)
		a->ended(a->ctx, i);
	if (c->prev == WEIR_ASSOC_NONE)
		m->first = c->next;
	else
		a->conversation[c->prev].next = c->next;
	if (c->next != WEIR_ASSOC_NONE)
		a->conversation[c->next].prev = c->prev;
	m->conversations--;
	order_out(&a->by_use, i);
	weir_timer_cancel(&a->timer, i);
	weir_table_remove(&a->by_ends, i);
	weir_pool_give(&a->conversations, i);
}

uint32_t weir_assoc_map(struct weir_assoc *a, const struct weir_addr *guest,
			uint16_t gport, uint32_t *ret_closed)
{
	uint32_t i = weir_pool_take(&a->mappings);

	*ret_closed = WEIR_ASSOC_NONE;
	if (i == WEIR_POOL_NONE) {
		*ret_closed = a->maps_by_use.oldest;
		weir_assoc_unmap(a, a->maps_by_use.oldest);
		i = weir_pool_take(&a->mappings);
	}
	weir_must(i != WEIR_POOL_NONE);
	a->mapping[i] = (struct weir_assoc_mapping){ .guest = *guest,
						     .gport = gport,
						     .first = WEIR_ASSOC_NONE };
	order_in(&a->maps_by_use, i);
	weir_table_put(&a->by_guest, i, hash_of(a, guest, gport));
	return i;
}

void weir_assoc_unmap(struct weir_assoc *a, uint32_t mapping)
{
	while (a->mapping[mapping].first != WEIR_ASSOC_NONE)
		drop(a, a->mapping[mapping].first);
	drop_mapping(a, mapping);
}

/* Make room for one more: the least recently used goes. */
static uint32_t evict(struct weir_assoc *a, uint32_t keep)
{
	uint32_t m = a->conversation[a->by_use.oldest].mapping;

	drop(a, a->by_use.oldest);
	if (m == keep || a->mapping[m].conversations)
		return WEIR_ASSOC_NONE;
	drop_mapping(a, m);
	return m;
}

uint32_t weir_assoc_open(struct weir_assoc *a, uint32_t mapping,
			 const struct weir_addr *far, uint16_t fport,
			 uint64_t now_us, uint32_t *ret_closed)
{
	struct weir_assoc_mapping *m = &a->mapping[mapping];
	uint32_t i = weir_pool_take(&a->conversations);

	*ret_closed = WEIR_ASSOC_NONE;
	if (i == WEIR_POOL_NONE) {
		*ret_closed = evict(a, mapping);
		i = weir_pool_take(&a->conversations);
	}
	weir_must(i != WEIR_POOL_NONE);
	a->conversation[i] = (struct weir_assoc_conversation){
		.far = *far,
		.mapping = mapping,
		.fport = fport,
		.up = true,
		.prev = WEIR_ASSOC_NONE,
		.next = m->first,
		.used_us = now_us,
	};
	if (m->first != WEIR_ASSOC_NONE)
		a->conversation[m->first].prev = i;
	m->first = i;
	m->conversations++;
	order_in(&a->by_use, i);
	order_use(&a->maps_by_use, mapping);
	weir_table_put(&a->by_ends, i, hash_ends(a, mapping, far, fport));
	weir_timer_set(&a->timer, i, now_us + a->idle_us);
	return i;
}

/* --- datagrams --- */

uint32_t weir_assoc_up(struct weir_assoc *a, const struct weir_assoc_ends *ends,
		       uint64_t now_us, uint32_t *ret_mapping)
{
	uint32_t m = find_mapping(a, &ends->guest, ends->gport), i;

	*ret_mapping = m;
	if (m == WEIR_ASSOC_NONE)
		return WEIR_ASSOC_NONE;
	i = weir_assoc_find(a, m, &ends->far, ends->fport);
	if (i != WEIR_ASSOC_NONE) {
		a->conversation[i].up = true;
		use(a, i, now_us);
	}
	return i;
}

uint32_t weir_assoc_down(struct weir_assoc *a, uint32_t mapping,
			 const struct weir_addr *far, uint16_t fport,
			 uint64_t now_us)
{
	uint32_t i = weir_assoc_find(a, mapping, far, fport);

	if (i != WEIR_ASSOC_NONE) {
		a->conversation[i].down = true;
		use(a, i, now_us);
	}
	return i;
}

void weir_assoc_ends_of(const struct weir_assoc *a, uint32_t conversation,
			struct weir_assoc_ends *ret)
{
	const struct weir_assoc_conversation *c =
		&a->conversation[conversation];
	const struct weir_assoc_mapping *m = &a->mapping[c->mapping];

	*ret = (struct weir_assoc_ends){ m->guest, c->far, m->gport, c->fport };
}

enum weir_assoc_ended weir_assoc_close(struct weir_assoc *a,
				       uint32_t conversation,
				       uint32_t *ret_mapping)
{
	uint32_t m = a->conversation[conversation].mapping;

	*ret_mapping = m;
	drop(a, conversation);
	if (a->mapping[m].conversations)
		return WEIR_ASSOC_ENDED_CONVERSATION;
	drop_mapping(a, m);
	return WEIR_ASSOC_ENDED_MAPPING;
}

/* --- time --- */

uint64_t weir_assoc_due_us(const struct weir_assoc *a)
{
	return weir_timer_next_us(&a->timer);
}

enum weir_assoc_ended weir_assoc_expire(struct weir_assoc *a, uint64_t now_us,
					uint32_t *ret_mapping)
{
	uint32_t i;

	while ((i = weir_timer_expire(&a->timer, now_us)) != WEIR_TIMER_NONE) {
		const struct weir_assoc_conversation *c = &a->conversation[i];
		uint64_t idle_us =
			c->up && c->down ? a->idle_twoway_us : a->idle_us;
		uint64_t due = c->used_us + idle_us;

		if (now_us < due) {
			weir_timer_set(&a->timer, i, due);
			continue;
		}
		return weir_assoc_close(a, i, ret_mapping);
	}
	return WEIR_ASSOC_ENDED_NOTHING;
}
