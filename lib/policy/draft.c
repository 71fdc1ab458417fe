/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draft.c - a policy while it is being compiled: keys and chains
 *
 * The tables hash with a seed that is the address of the memory, which nobody
 * who writes a list knows; the image does not depend on it, because ids are
 * given in the order of arrival.
 */
#include "policy/draft.h"

#include "base/arena.h"

/* 2^TOP slots are three quarters full with the most that is allowed. */
#define TOP 22u

static const uint32_t tables = 5;

/* Areas in the order of struct weir_draft; NULL where one does not fit. */
static bool cut(struct weir_draft *d, struct weir_arena *a)
{
	struct weir_draft_table *t[] = { &d->names, &d->nets, &d->links,
					 &d->functions, &d->pairs };
	bool ok = true;

#define TAKE(to, n)                                                            \
	ok &= ((to) = weir_arena_take(a, (n), sizeof(*(to)), 16)) != NULL
	TAKE(d->rule[0], WEIR_RULES_MAX);
	TAKE(d->rule[1], WEIR_RULES_MAX);
	TAKE(d->text, WEIR_DRAFT_TEXT_BYTES);
	TAKE(d->shape, WEIR_DRAFT_SHAPES_MAX);
	TAKE(d->port, WEIR_DRAFT_PORTS_MAX);
	TAKE(d->link, WEIR_DRAFT_LINKS_MAX);
	TAKE(d->pair_of, WEIR_DRAFT_LINKS_MAX);
	TAKE(d->steps_of, WEIR_DRAFT_LINKS_MAX);
	TAKE(d->order, WEIR_DRAFT_LINKS_MAX);
	TAKE(d->name, WEIR_DRAFT_NAMES_MAX);
	TAKE(d->wire, WEIR_DRAFT_WIRE_BYTES);
	TAKE(d->net, WEIR_DRAFT_NETS_MAX);
	TAKE(d->steps, WEIR_DRAFT_STEPS_MAX);
	TAKE(d->pair, WEIR_DRAFT_PAIRS_MAX);
	TAKE(d->entry, WEIR_DRAFT_HTTP_MAX + 1);
	TAKE(d->line, WEIR_DRAFT_LINES_MAX);
	TAKE(d->request, WEIR_DRAFT_REQUEST_BYTES);
	TAKE(d->work, 1);
	for (uint32_t i = 0; i < tables; i++) {
		t[i]->left = (1u << (TOP + 1)) - 1024;
		t[i]->mask = 1023;
		TAKE(t[i]->slot, 1u << (TOP + 1));
	}
#undef TAKE
	return ok;
}

size_t weir_draft_bytes(void)
{
	return sizeof(struct weir_draft) +
	       WEIR_INDEX_LISTS * WEIR_RULES_MAX *
		       sizeof(struct weir_draft_rule) +
	       WEIR_DRAFT_TEXT_BYTES +
	       WEIR_DRAFT_SHAPES_MAX * sizeof(struct weir_draft_shape) +
	       WEIR_DRAFT_PORTS_MAX * sizeof(struct weir_rule_range) +
	       WEIR_DRAFT_LINKS_MAX *
		       (sizeof(struct weir_draft_link) + 3 * sizeof(uint32_t)) +
	       WEIR_DRAFT_NAMES_MAX * sizeof(struct weir_draft_name) +
	       WEIR_DRAFT_WIRE_BYTES +
	       WEIR_DRAFT_NETS_MAX * sizeof(struct weir_draft_net) +
	       WEIR_DRAFT_STEPS_MAX * sizeof(uint32_t) +
	       WEIR_DRAFT_PAIRS_MAX * 2 * sizeof(uint32_t) +
	       (WEIR_DRAFT_HTTP_MAX + 1) * sizeof(struct weir_draft_entry) +
	       WEIR_DRAFT_LINES_MAX * sizeof(struct weir_draft_line) +
	       WEIR_DRAFT_REQUEST_BYTES + sizeof(struct weir_draft_work) +
	       tables * (1u << (TOP + 1)) * sizeof(struct weir_draft_slot) +
	       1024; /* alignment */
}

struct weir_draft *weir_draft_init(void *mem, size_t len)
{
	struct weir_arena a;
	struct weir_draft *d;

	weir_arena_init(&a, mem, len);
	d = weir_arena_take(&a, 1, sizeof(*d), 16);
	if (!d || !cut(d, &a))
		return NULL;
	d->seed = (uint32_t)((uintptr_t)mem >> 12);
	d->n_steps = 1; /* function 0 says nothing */
	return d;
}

const struct weir_draft_slot *weir_draft_slot(const struct weir_draft_table *t,
					      uint32_t hash,
					      const struct weir_draft_slot *at)
{
	uint32_t i = at ? (uint32_t)(at - t->slot) + 1 : hash;

	for (;; i++) {
		at = &t->slot[i & t->mask];
		if (at->id == 0)
			return NULL;
		if (at->hash == hash)
			return at;
	}
}

static void place(struct weir_draft_table *t, struct weir_draft_slot s)
{
	uint32_t i = s.hash;

	while (t->slot[i & t->mask].id)
		i++;
	t->slot[i & t->mask] = s;
}

bool weir_draft_put(struct weir_draft_table *t, uint32_t hash, uint32_t id)
{
	if (t->n >= t->mask / 4 * 3) {
		struct weir_draft_slot *old = t->slot;
		uint32_t size = t->mask + 1;

		if (t->left < 2 * size)
			return false;
		t->slot = old + size;
		t->left -= 2 * size;
		t->mask = 2 * size - 1;
		for (uint32_t i = 0; i < size; i++)
			if (old[i].id)
				place(t, old[i]);
	}
	place(t, (struct weir_draft_slot){ .hash = hash, .id = id });
	t->n++;
	return true;
}

uint32_t weir_draft_hash(const struct weir_draft *d, const uint32_t *word,
			 uint32_t n)
{
	uint64_t h = d->seed;

	for (uint32_t i = 0; i < n; i++) {
		h = (h ^ word[i]) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	return (uint32_t)h;
}

uint32_t weir_draft_find_name(struct weir_draft *d,
			      const struct weir_dns_name *name)
{
	const struct weir_draft_slot *s = NULL;
	uint32_t labels = 0, id = d->n_names + 1;
	uint32_t hash = (uint32_t)weir_index_hash_name(d->seed, name->b,
						       name->len, &labels);

	if (labels == 0)
		return 0;
	while ((s = weir_draft_slot(&d->names, hash, s)))
		if (memcmp(d->wire + d->name[s->id].wire, name->b, name->len) ==
		    0)
			return s->id;
	if (id >= WEIR_DRAFT_NAMES_MAX ||
	    WEIR_DRAFT_WIRE_BYTES - d->n_wire < WEIR_DNS_NAME_MAX_BYTES ||
	    !weir_draft_put(&d->names, hash, id))
		return 0;
	d->name[id].wire = d->n_wire;
	memcpy(d->wire + d->n_wire, name->b, name->len);
	d->n_wire += name->len;
	d->n_names = id;
	if (labels > d->labels)
		d->labels = labels;
	return id;
}

uint32_t weir_draft_find_net(struct weir_draft *d,
			     const struct weir_prefix *net)
{
	const struct weir_draft_slot *s = NULL;
	uint32_t meta = weir_index_meta(net->bits, net->v4);
	uint32_t hash =
		(uint32_t)weir_index_hash_net(d->seed, &net->addr, meta);
	uint32_t id = d->n_nets + 1, len = net->bits;

	if (net->bits > 128 || (net->v4 && net->bits < 96))
		return 0;
	while ((s = weir_draft_slot(&d->nets, hash, s)))
		if (d->net[s->id].meta == meta &&
		    weir_addr_is_equal(&d->net[s->id].addr, &net->addr))
			return s->id;
	if (id >= WEIR_DRAFT_NETS_MAX || !weir_draft_put(&d->nets, hash, id))
		return 0;
	d->net[id].addr = net->addr;
	d->net[id].meta = meta;
	d->n_nets = id;
	if (net->v4)
		d->len4[(len - 96) / 32] |= 1u << (len - 96) % 32;
	else
		d->len6[len / 32] |= 1u << len % 32;
	return id;
}

static bool is_same(const struct weir_draft_link *a,
		    const struct weir_draft_link *b)
{
	return a->rule == b->rule && a->shape == b->shape && a->of == b->of &&
	       a->what == b->what;
}

/* A rule says a handful of different things at most, so this walk is short. */
static bool is_said(const struct weir_draft *d, uint32_t chain,
		    const struct weir_draft_link *l)
{
	for (; chain; chain = d->link[chain].before) {
		const struct weir_draft_link *said = &d->link[chain];

		if (said->of != l->of || said->rule != l->rule)
			return false;
		if (is_same(said, l))
			return true;
	}
	return false;
}

bool weir_draft_say(struct weir_draft *d, uint32_t *chain,
		    struct weir_draft_link l)
{
	const struct weir_draft_slot *s = NULL;
	uint32_t id = d->n_links + 1, hash;

	if (is_said(d, *chain, &l))
		return true;
	l.before = *chain;
	hash = weir_draft_hash(d,
			       (uint32_t[]){ l.before, l.rule, l.shape,
					     (uint32_t)l.of << 8 | l.what },
			       4);
	while ((s = weir_draft_slot(&d->links, hash, s))) {
		if (d->link[s->id].before == l.before &&
		    is_same(&d->link[s->id], &l)) {
			*chain = s->id;
			return true;
		}
	}
	if (id >= WEIR_DRAFT_LINKS_MAX || !weir_draft_put(&d->links, hash, id))
		return false;
	d->link[id] = l;
	d->n_links = *chain = id;
	return true;
}
