/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rulebook_order.c - the rules in the order in which they are asked
 *
 * The rules of the command line come first, then those of the file, then the
 * base: one `allow GROUP` for each word of `net`, always in the order public,
 * private, host.  Without `net` the base is public, unless a rule allows
 * something to go out: whoever lists what may be reached means only that.
 */
#include "control/rulebook_order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BASE_MAX 3u

static const struct weir_rulebook_line tenant[] = {
	{ "deny host", "--multi-tenant" },
	{ "deny private", "--multi-tenant" },
	{ "deny linklocal", "--multi-tenant" },
	{ "deny metadata", "--multi-tenant" },
	{ "deny multicast", "--multi-tenant" },
};
#define TENANT (sizeof(tenant) / sizeof(tenant[0]))

static bool has_allow_out(const struct weir_rulebook_world *w,
			  const struct weir_rulebook_order *o)
{
	struct weir_rule_error e;
	struct weir_rule r;

	for (uint32_t i = 0; i < o->n_rules; i++)
		if (weir_rule_parse(o->rule[i].text, strlen(o->rule[i].text),
				    &w->rule, &r, &e) &&
		    r.allow && !r.in)
			return true;
	return false;
}

static void add_base(const struct weir_rulebook_world *w,
		     struct weir_rulebook_order *o)
{
	static const struct {
		uint32_t bit;
		const char *text;
	} base[BASE_MAX] = { { WEIR_SETTINGS_PUBLIC, "allow public" },
			     { WEIR_SETTINGS_PRIVATE, "allow private" },
			     { WEIR_SETTINGS_HOST, "allow host" } };
	uint32_t net = w->s->net;

	if (!w->s->has_net)
		net = has_allow_out(w, o) ? 0 : WEIR_SETTINGS_PUBLIC;
	o->net = net;
	o->allow_out = net & WEIR_SETTINGS_ALL;
	if (o->allow_out)
		return;
	for (uint32_t i = 0; i < BASE_MAX; i++)
		if (net & base[i].bit)
			o->rule[o->n_rules++] = (struct weir_rulebook_line){
				base[i].text, w->s->has_net ? "net" : "base"
			};
}

static void add(struct weir_rulebook_line *to, uint32_t *n,
		const struct weir_settings_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		to[(*n)++] = (struct weir_rulebook_line){ l->at[i].text,
							  l->at[i].where };
}

int weir_rulebook_order_make(const struct weir_rulebook_world *w,
			     struct weir_rulebook_order *ret)
{
	const struct weir_settings *s = w->s;
	struct weir_rulebook_order o = { .n_rules = 0 };
	size_t rules = s->line_rules.n + s->rules.n + BASE_MAX;
	size_t bounds = s->bounds.n + TENANT;

	if (rules > WEIR_RULES_MAX || bounds > WEIR_RULES_MAX)
		return -E2BIG;
	o.rule = calloc(rules, sizeof(*o.rule));
	o.bound = calloc(bounds, sizeof(*o.bound));
	if (!o.rule || !o.bound) {
		weir_rulebook_order_free(&o);
		return -ENOMEM;
	}
	/* first, so that no bound of the file lets through what these deny */
	if (s->multi_tenant) {
		memcpy(o.bound, tenant, sizeof(tenant));
		o.n_bounds = TENANT;
	}
	add(o.bound, &o.n_bounds, &s->bounds);
	add(o.rule, &o.n_rules, &s->line_rules);
	add(o.rule, &o.n_rules, &s->rules);
	add_base(w, &o);
	*ret = o;
	return 0;
}

void weir_rulebook_order_free(struct weir_rulebook_order *o)
{
	free(o->rule);
	free(o->bound);
	*o = (struct weir_rulebook_order){ .n_rules = 0 };
}
