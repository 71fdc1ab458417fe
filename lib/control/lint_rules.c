/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint_rules.c - the rules of a list side by side: which one covers which?
 *
 * A rule that covers another covers its first target.  If that is a name, one
 * of the other's names is the same or above it; if it is a network, one of the
 * other's networks is the same or holds it; unless the other has a wide target
 * (any, a class, a list).  So names and networks are found by a hash, once for
 * each name above and each length of prefix, wide rules stand in a list of
 * their own, and only what is found is compared.
 *
 * Ten thousand rules take some milliseconds.  A list made to be slow (all of
 * it wide) ends at WEIR_LINT_RULES_PAIRS_MAX.
 */
#include "control/lint_rules.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

/* keys of one target, as many as a name has labels or an address bits */
#define KEYS_MAX 130u

static uint64_t hash(const uint8_t *b, size_t len, uint64_t seed)
{
	uint64_t h = 14695981039346656037u ^ seed * 0x9e3779b97f4a7c15u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ b[i]) * 1099511628211u;
	return h ^ h >> 29;
}

static uint64_t name_key(const uint8_t *wire, size_t len)
{
	return hash(wire, len, 1000);
}

static uint64_t prefix_key(const struct weir_prefix *p, uint8_t bits)
{
	struct weir_addr a = weir_prefix_cut(&p->addr, bits);

	return hash(a.b, sizeof(a.b), bits + (p->v4 ? 500u : 0u));
}

static bool is_narrow(const struct weir_rule_target *t)
{
	return t->host == WEIR_RULE_HOST_NAME ||
	       t->host == WEIR_RULE_HOST_PREFIX;
}

/* Return: how many keys, one of which a narrow rule that holds @t has */
static size_t keys_above(const struct weir_rule_target *t,
			 uint64_t key[KEYS_MAX])
{
	const struct weir_dns_name *n = &t->name.base;
	size_t count = 0;

	if (t->host == WEIR_RULE_HOST_PREFIX) {
		for (unsigned b = t->prefix.v4 ? 96 : 0; b <= t->prefix.bits;
		     b++)
			key[count++] = prefix_key(&t->prefix, (uint8_t)b);
		return count;
	}
	for (size_t at = 0; at < n->len && n->b[at]; at += n->b[at] + 1u)
		key[count++] = name_key(n->b + at, n->len - at);
	return count;
}

static uint64_t own_key(const struct weir_rule_target *t)
{
	return t->host == WEIR_RULE_HOST_NAME
		       ? name_key(t->name.base.b, t->name.base.len)
		       : prefix_key(&t->prefix, t->prefix.bits);
}

/* the members of a group in the place of its target; those that do not fit
 * leave the rule as it is, and then only an equal word covers it */
static void expand(const struct weir_rulebook_world *w, struct weir_rule *r,
		   uint16_t at)
{
	const struct weir_rule_target of = r->target[at];
	const struct weir_settings_group *g =
		weir_rulebook_world_group(w->s, of.text, of.text_len);
	struct weir_rule_error e;
	uint16_t n = r->n_targets;

	if (!g || g->members.n == 0 ||
	    g->members.n > WEIR_RULE_TARGETS_MAX + 1u - n)
		return;
	for (size_t i = 0; i < g->members.n; i++) {
		const char *text = g->members.at[i].text;
		struct weir_rule_target *t = &r->target[i ? n++ : at];

		if (!weir_rule_parse_host(text, strlen(text), true, &w->rule, t,
					  &e)) {
			r->target[at] = of;
			return;
		}
		t->at = of.at;
		t->text = of.text;
		t->text_len = of.text_len;
		t->n_ports = of.n_ports;
		memcpy(t->port, of.port, sizeof(t->port));
	}
	r->n_targets = n;
}

/* bytes of a rule with as many targets as it has */
static size_t size_of(const struct weir_rule *r)
{
	return offsetof(struct weir_rule, target) +
	       r->n_targets * sizeof(r->target[0]);
}

static bool keep(struct weir_lint_rules *l, const struct weir_rule *r)
{
	size_t need = size_of(r);

	if (!l->bytes || l->room - l->len < need) {
		size_t room = 2 * l->room + need;
		uint8_t *more = realloc(l->bytes, room);

		if (!more)
			return false;
		l->bytes = more;
		l->room = room;
	}
	memcpy(l->bytes + l->len, r, need);
	l->len += need;
	return true;
}

static bool read_one(const struct weir_rulebook_world *w, const char *text,
		     struct weir_lint_rules *l)
{
	struct weir_rule_error e;
	struct weir_rule r;

	if (!weir_rule_parse(text, strlen(text), &w->rule, &r, &e))
		return false;
	for (uint16_t i = 0, n = r.n_targets; i < n; i++)
		if (r.target[i].host == WEIR_RULE_HOST_GROUP)
			expand(w, &r, i);
	return keep(l, &r);
}

static bool read_all(const struct weir_rulebook_world *w,
		     const struct weir_rulebook_line *line,
		     struct weir_lint_rules *l)
{
	size_t at = 0;

	for (uint32_t i = 0; i < l->n; i++)
		if (!read_one(w, line[i].text, l))
			return false;
	/* now that they do not move any more */
	for (uint32_t i = 0; i < l->n; i++) {
		l->at[i].line = line[i];
		l->at[i].rule = (const void *)(l->bytes + at);
		at += size_of(l->at[i].rule);
	}
	return true;
}

/* every narrow target by its key; rules with another in the list of wide ones */
static void index_rule(struct weir_lint_rules *l, uint32_t i)
{
	const struct weir_rule *r = l->at[i].rule;
	bool wide = false;

	for (uint16_t k = 0; k < r->n_targets; k++) {
		struct weir_lint_rules_entry *e = &l->entry[l->n_entries];
		uint32_t *head;

		if (!is_narrow(&r->target[k])) {
			wide = true;
			continue;
		}
		e->key = own_key(&r->target[k]);
		e->rule = i;
		head = &l->head[e->key & (l->n_heads - 1)];
		e->next = *head;
		*head = l->n_entries++;
	}
	if (wide)
		l->wide[l->n_wide++] = i;
}

static bool make_index(struct weir_lint_rules *l)
{
	size_t targets = 0;

	for (uint32_t i = 0; i < l->n; i++)
		targets += l->at[i].rule->n_targets;
	for (l->n_heads = 16; l->n_heads < targets;)
		l->n_heads *= 2;
	l->head = malloc(l->n_heads * sizeof(*l->head));
	l->entry = calloc(targets + 1, sizeof(*l->entry));
	l->wide = calloc(l->n + 1u, sizeof(*l->wide));
	if (!l->head || !l->entry || !l->wide)
		return false;
	memset(l->head, 0xff, l->n_heads * sizeof(*l->head));
	for (uint32_t i = 0; i < l->n; i++)
		index_rule(l, i);
	return true;
}

bool weir_lint_rules_make(const struct weir_rulebook_world *w,
			  const struct weir_rulebook_line *line, uint32_t n,
			  struct weir_lint_rules *ret)
{
	struct weir_lint_rules l = { .pairs = WEIR_LINT_RULES_PAIRS_MAX };

	l.at = calloc(n + 1u, sizeof(*l.at));
	if (!l.at)
		return false;
	l.n = n;
	if (!read_all(w, line, &l) || !make_index(&l)) {
		weir_lint_rules_free(&l);
		return false;
	}
	*ret = l;
	return true;
}

void weir_lint_rules_free(struct weir_lint_rules *l)
{
	free(l->at);
	free(l->bytes);
	free(l->head);
	free(l->entry);
	free(l->wide);
	*l = (struct weir_lint_rules){ .n = 0 };
}

/** struct search - what is looked for, and the first that was found */
struct search {
	const struct weir_lint_rule *inner;
	uint32_t best; /* nothing from here on is looked at */
	bool only_deny, found;
};

static void look_at(struct weir_lint_rules *l, struct search *s, uint32_t i)
{
	const struct weir_rule *o = l->at[i].rule;

	if (i >= s->best || (s->only_deny && o->allow) || l->pairs == 0)
		return;
	l->pairs--;
	if (!weir_rule_covers(o, s->inner->rule))
		return;
	s->best = i;
	s->found = true;
}

uint32_t weir_lint_rules_cover(struct weir_lint_rules *l, uint32_t n,
			       bool only_deny,
			       const struct weir_lint_rule *inner)
{
	struct search s = { .inner = inner,
			    .best = n < l->n ? n : l->n,
			    .only_deny = only_deny };
	const struct weir_rule_target *t = inner->rule->target;
	uint64_t key[KEYS_MAX];
	size_t keys = 0;

	if (l->pairs == 0)
		return 0;
	for (uint32_t i = 0; i < l->n_wide && l->wide[i] < s.best; i++)
		look_at(l, &s, l->wide[i]);
	if (inner->rule->n_targets && is_narrow(t))
		keys = keys_above(t, key);
	for (size_t k = 0; k < keys; k++) {
		uint32_t e = l->head[key[k] & (l->n_heads - 1)];

		for (; e != NONE; e = l->entry[e].next)
			if (l->entry[e].key == key[k])
				look_at(l, &s, l->entry[e].rule);
	}
	return s.found ? s.best + 1 : 0;
}
