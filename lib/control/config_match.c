/* SPDX-License-Identifier: Apache-2.0 */
/* config_match.c - does a tree have the shape of a schema, and if not, where? */
#include "control/config_match.h"

#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "base/nearest.h"
#include "base/text.h"

#define PATH_BYTES  96u
#define LIST_BYTES  256u
#define CHOICES_MAX 32u

/** struct match - where the walk is */
struct match {
	const struct weir_config_tree *t;
	char *why;
	char path[PATH_BYTES];
};

/** struct choices - words that could have stood there */
struct choices {
	const char *at[CHOICES_MAX];
	size_t n;
};

#define REFUSE(m, node, ...)                                                   \
	weir_config_tree_refuse((m)->t, (node)->line, (node)->column,          \
				(m)->why, __VA_ARGS__)

static bool match(struct match *m, const struct weir_config_node *n,
		  const cyaml_schema_value_t *schema);

static void add_choice(struct choices *c, const char *word)
{
	weir_must(c->n < CHOICES_MAX);
	c->at[c->n++] = word;
}

/* "a, b, c" */
static void list_choices(const struct choices *c, char ret[LIST_BYTES])
{
	struct weir_text out = weir_text_over(ret, LIST_BYTES);

	for (size_t i = 0; i < c->n; i++) {
		weir_text_add(&out, i ? ", " : "");
		weir_text_add(&out, c->at[i]);
	}
}

static const char *kind_name(enum weir_config_kind k)
{
	switch (k) {
	case WEIR_CONFIG_NOTHING:
		return "nothing";
	case WEIR_CONFIG_TEXT:
		return "a text";
	case WEIR_CONFIG_LIST:
		return "a list";
	case WEIR_CONFIG_MAPPING:
		return "a mapping";
	}
	return "";
}

/* is it of this kind? */
static bool is_kind(const struct match *m, const struct weir_config_node *n,
		    enum weir_config_kind want)
{
	const char *path = *m->path ? m->path : "the file";
	static const char *const remedy[] = {
		[WEIR_CONFIG_NOTHING] = "",
		[WEIR_CONFIG_TEXT] = "put quotes around it if it is one",
		[WEIR_CONFIG_LIST] =
			"write [ONE, TWO], or a line with a dash for each",
		[WEIR_CONFIG_MAPPING] =
			"write {KEY: VALUE}, or a line KEY: VALUE for each",
	};

	if (n->kind == want)
		return true;
	if (n->kind == WEIR_CONFIG_NOTHING)
		return REFUSE(m, n,
			      "%s: %s is needed and nothing is here: write it, "
			      "or remove the key",
			      path, kind_name(want));
	if (want == WEIR_CONFIG_TEXT && n->kind == WEIR_CONFIG_LIST)
		return REFUSE(m, n,
			      "%s: a text is needed and this is a list: write "
			      "it without brackets and dashes",
			      path);
	return REFUSE(m, n, "%s: %s is needed and this is %s: %s", path,
		      kind_name(want), kind_name(n->kind), remedy[want]);
}

static bool match_text(const struct match *m, const struct weir_config_node *n,
		       const cyaml_schema_value_t *schema)
{
	size_t len;

	if (!is_kind(m, n, WEIR_CONFIG_TEXT))
		return false;
	len = strlen(weir_config_tree_text(m->t, n));
	if (len >= schema->string.min && len <= schema->string.max)
		return true;
	return REFUSE(m, n,
		      "%s: this text is empty: write it, or remove the key",
		      m->path);
}

static bool match_number(const struct match *m,
			 const struct weir_config_node *n,
			 const cyaml_schema_value_t *schema)
{
	const char *text = weir_config_tree_text(m->t, n);
	uint64_t max =
		schema->data_size == sizeof(uint64_t) ? UINT64_MAX : UINT32_MAX;
	uint64_t number;

	if (n->kind == WEIR_CONFIG_TEXT && n->plain &&
	    weir_text_parse_u64(text, strlen(text), max, &number))
		return true;
	return REFUSE(m, n,
		      "%s: a number is needed, at most %llu, in decimal digits "
		      "and without quotes",
		      m->path, (unsigned long long)max);
}

static bool match_yes_no(const struct match *m,
			 const struct weir_config_node *n)
{
	const char *text = weir_config_tree_text(m->t, n);

	if (n->kind == WEIR_CONFIG_TEXT && n->plain &&
	    (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
		return true;
	return REFUSE(m, n, "%s: true or false is needed, without quotes",
		      m->path);
}

static bool match_word(const struct match *m, const struct weir_config_node *n,
		       const cyaml_schema_value_t *schema)
{
	const cyaml_strval_t *words = schema->enumeration.strings;
	const char *text = weir_config_tree_text(m->t, n);
	char list[LIST_BYTES];
	const char *meant;
	struct choices c = { .n = 0 };

	if (!is_kind(m, n, WEIR_CONFIG_TEXT))
		return false;
	for (uint32_t i = 0; i < schema->enumeration.count; i++) {
		if (strcmp(text, words[i].str) == 0)
			return true;
		add_choice(&c, words[i].str);
	}
	meant = weir_nearest_find(text, c.at, c.n);
	list_choices(&c, list);
	return REFUSE(m, n, "%s: it is one of %s%s%s%s", m->path, list,
		      meant ? "; did you mean " : "", meant ? meant : "",
		      meant ? "?" : "");
}

/* the values of a list, each by @entry, or as a word if that is NULL */
static bool match_list(struct match *m, const struct weir_config_node *n,
		       const cyaml_schema_value_t *schema,
		       const cyaml_schema_value_t *entry)
{
	size_t end = strlen(m->path);
	const struct weir_config_node *i;
	unsigned number = 0;

	if (!is_kind(m, n, WEIR_CONFIG_LIST))
		return false;
	for (i = weir_config_tree_first(m->t, n); i;
	     i = weir_config_tree_next(m->t, i)) {
		snprintf(m->path + end, PATH_BYTES - end, "[%u]", ++number);
		if (entry ? !match(m, i, entry) : !match_word(m, i, schema))
			return false;
		m->path[end] = 0;
	}
	return true;
}

static bool match_sequence(struct match *m, const struct weir_config_node *n,
			   const cyaml_schema_value_t *schema)
{
	if (!match_list(m, n, schema, schema->sequence.entry))
		return false;
	if (n->n < schema->sequence.min)
		return REFUSE(m, n, "%s: at least one is needed", m->path);
	if (n->n > schema->sequence.max)
		return REFUSE(m, n, "%s: at most %u of them", m->path,
			      schema->sequence.max);
	return true;
}

static bool match_flags(struct match *m, const struct weir_config_node *n,
			const cyaml_schema_value_t *schema)
{
	if (!match_list(m, n, schema, NULL))
		return false;
	return n->n > 0 ||
	       REFUSE(m, n, "%s: at least one is needed, or remove the key",
		      m->path);
}

static bool refuse_key(const struct match *m, const struct weir_config_node *n,
		       const cyaml_schema_field_t *fields)
{
	const char *key = weir_config_tree_key(m->t, n), *meant;
	struct weir_config_node at = *n;
	struct choices c = { .n = 0 };
	char list[LIST_BYTES];

	at.line = n->key_line;
	at.column = n->key_column;
	for (; fields->key; fields++)
		add_choice(&c, fields->key);
	meant = weir_nearest_find(key, c.at, c.n);
	if (!*key)
		key = "\"\"";
	if (meant)
		return REFUSE(m, &at,
			      "%s%sthere is no key %.64s, did you mean "
			      "%s?",
			      m->path, *m->path ? ": " : "", key, meant);
	list_choices(&c, list);
	return REFUSE(m, &at, "%s%sthere is no key %.64s, the keys are %s",
		      m->path, *m->path ? ": " : "", key, list);
}

static bool match_mapping(struct match *m, const struct weir_config_node *n,
			  const cyaml_schema_field_t *fields)
{
	size_t end = strlen(m->path);
	const struct weir_config_node *i;
	const cyaml_schema_field_t *f;

	if (!is_kind(m, n, WEIR_CONFIG_MAPPING))
		return false;
	for (i = weir_config_tree_first(m->t, n); i;
	     i = weir_config_tree_next(m->t, i)) {
		const char *key = weir_config_tree_key(m->t, i);

		for (f = fields; f->key && strcmp(f->key, key) != 0;)
			f++;
		if (!f->key)
			return refuse_key(m, i, fields);
		snprintf(m->path + end, PATH_BYTES - end, "%s%s",
			 end ? "." : "", key);
		if (!match(m, i, &f->value))
			return false;
		m->path[end] = 0;
	}
	for (f = fields; f->key; f++)
		if (!(f->value.flags & CYAML_FLAG_OPTIONAL) &&
		    !weir_config_tree_find(m->t, n, f->key))
			return REFUSE(m, n, "%s: %s is missing", m->path,
				      f->key);
	return true;
}

static bool match(struct match *m, const struct weir_config_node *n,
		  const cyaml_schema_value_t *schema)
{
	switch (schema->type) {
	case CYAML_UINT:
		return match_number(m, n, schema);
	case CYAML_BOOL:
		return match_yes_no(m, n);
	case CYAML_ENUM:
		return match_word(m, n, schema);
	case CYAML_FLAGS:
		return match_flags(m, n, schema);
	case CYAML_STRING:
		return match_text(m, n, schema);
	case CYAML_MAPPING:
		return match_mapping(m, n, schema->mapping.fields);
	case CYAML_SEQUENCE:
		return match_sequence(m, n, schema);
	case CYAML_IGNORE:
		return true;
	case CYAML_INT:
	case CYAML_FLOAT:
	case CYAML_BITFIELD:
	case CYAML_SEQUENCE_FIXED:
	case CYAML__TYPE_COUNT:
		break;
	}
	weir_must(false); /* no key of ours */
	return false;
}

bool weir_config_match(const struct weir_config_tree *t,
		       const struct weir_config_node *n,
		       const cyaml_schema_value_t *schema, const char *path,
		       char why[WEIR_CONFIG_WHY_BYTES])
{
	struct match m = { .t = t };

	m.why = why;
	snprintf(m.path, sizeof(m.path), "%s", path);
	return match(&m, n, schema);
}
