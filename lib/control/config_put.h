/* SPDX-License-Identifier: Apache-2.0 */
/* config_put.h - texts of the file, with their places, into the settings */
#ifndef WEIR_CONTROL_CONFIG_PUT_H
#define WEIR_CONTROL_CONFIG_PUT_H

#include "control/config_tree.h"
#include "control/settings.h"

#define WEIR_CONFIG_PLACE_BYTES (WEIR_CONFIG_TREE_NAME_MAX + 32u)

/**
 * struct weir_config_put - what config_fill and config_entries work with
 * @t, @s: from, to
 * @why:   WEIR_CONFIG_WHY_BYTES for one sentence
 * @where: the place asked for last
 */
struct weir_config_put {
	const struct weir_config_tree *t;
	struct weir_settings *s;
	char *why;
	char where[WEIR_CONFIG_PLACE_BYTES];
};

/** weir_config_put_where() - its place, until the next call */
const char *weir_config_put_where(struct weir_config_put *p,
				  const struct weir_config_node *n);

/** weir_config_put_none() - memory is short; Return: false */
bool weir_config_put_none(const struct weir_config_put *p,
			  const struct weir_config_node *n);

/**
 * weir_config_put_list() - join texts to a list
 * @texts: @n of them, as loaded
 * @list:  the same in the tree, for their places; NULL with @n 0
 */
bool weir_config_put_list(struct weir_config_put *p,
			  struct weir_settings_list *to, char *const *texts,
			  uint32_t n, const struct weir_config_node *list);

/** weir_config_put_text() - unless @to is there already; @text may be NULL */
bool weir_config_put_text(struct weir_config_put *p, char **to,
			  const char *text, const struct weir_config_node *n);

/** weir_config_put_note() - see weir_settings_note(); @n NULL: not said */
bool weir_config_put_note(struct weir_config_put *p, const char *key,
			  const struct weir_config_node *n);

#endif /* WEIR_CONTROL_CONFIG_PUT_H */
