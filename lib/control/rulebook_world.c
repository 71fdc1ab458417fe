/* SPDX-License-Identifier: Apache-2.0 */
/* rulebook_world.c - what rules are read with: groups, U-labels, suffixes */
#include "control/rulebook_world.h"

#include <stdlib.h>
#include <string.h>

const struct weir_settings_group *
weir_rulebook_world_group(const struct weir_settings *s, const char *name,
			  size_t len)
{
	for (size_t i = 0; i < s->n_groups; i++)
		if (strlen(s->group[i].name) == len &&
		    memcmp(s->group[i].name, name, len) == 0)
			return &s->group[i];
	return NULL;
}

static bool is_group(void *ctx, const char *word, size_t len)
{
	struct weir_rulebook_world *w = ctx;

	return weir_rulebook_world_group(w->s, word, len) != NULL;
}

static bool is_suffix(void *ctx, const char *name)
{
	struct weir_rulebook_world *w = ctx;

	return weir_idn_is_suffix(&w->idn, name);
}

bool weir_rulebook_world_init(struct weir_rulebook_world *w,
			      const struct weir_settings *s)
{
	*w = (struct weir_rulebook_world){ .s = s };
	w->names = calloc(s->n_groups + 1, sizeof(*w->names));
	if (!w->names)
		return false;
	for (size_t i = 0; i < s->n_groups; i++)
		w->names[i] = s->group[i].name;
	weir_idn_init(&w->idn);
	w->rule = (struct weir_rule_world){ .ctx = w,
					    .to_ascii = weir_idn_to_ascii,
					    .is_suffix = is_suffix,
					    .is_group = is_group,
					    .group = w->names,
					    .n_groups = s->n_groups };
	return true;
}

void weir_rulebook_world_fini(struct weir_rulebook_world *w)
{
	free(w->names);
	w->names = NULL;
	weir_idn_fini(&w->idn);
}
