/* SPDX-License-Identifier: Apache-2.0 */
/* config_put.c - texts of the file, with their places, into the settings */
#include "control/config_put.h"

#include "base/must.h"

const char *weir_config_put_where(struct weir_config_put *p,
				  const struct weir_config_node *n)
{
	weir_config_tree_place(p->t, n, p->where, sizeof(p->where));
	return p->where;
}

bool weir_config_put_none(const struct weir_config_put *p,
			  const struct weir_config_node *n)
{
	return weir_config_tree_refuse(p->t, n->line, n->column, p->why,
				       "memory is short");
}

bool weir_config_put_list(struct weir_config_put *p,
			  struct weir_settings_list *to, char *const *texts,
			  uint32_t n, const struct weir_config_node *list)
{
	const struct weir_config_node *at = weir_config_tree_first(p->t, list);

	for (uint32_t i = 0; i < n; i++) {
		weir_must(at); /* both were read from the same bytes */
		if (!weir_settings_add(to, texts[i],
				       weir_config_put_where(p, at)))
			return weir_config_put_none(p, at);
		at = weir_config_tree_next(p->t, at);
	}
	return true;
}

bool weir_config_put_text(struct weir_config_put *p, char **to,
			  const char *text, const struct weir_config_node *n)
{
	if (!text || *to || weir_settings_set(to, text))
		return true;
	return weir_config_put_none(p, n);
}

bool weir_config_put_note(struct weir_config_put *p, const char *key,
			  const struct weir_config_node *n)
{
	if (!n || weir_settings_note(p->s, key, weir_config_put_where(p, n)))
		return true;
	return weir_config_put_none(p, n);
}
