/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_tree.c - a YAML document as a tree whose every node knows its place
 *
 * libcyaml, which loads the values, gives the place of a mapping at best and
 * takes the last of two equal keys.  So libyaml's events are read once before
 * it: they are few kinds, come in order, and each has its line and column.
 *
 *   stream, document ──► value ──► text: a node
 *                          │
 *                          ├► list: a node, values until its end
 *                          └► mapping: a node, (key, value) until its end;
 *                             then its keys are sorted and compared
 *
 * The nodes stand in one array and the texts in another, both grow by
 * doubling, so nodes name each other by index until the tree is complete.
 * There is no recursion: the values that are open are a stack of
 * WEIR_CONFIG_TREE_DEPTH_MAX.
 *
 * An alias ends it, so a document is never larger than its bytes.  Directives
 * end it as well: libyaml looks for each among all before it.
 */
#include "control/config_tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define NO_MEMORY "memory is short"

/**
 * struct reader - while it is read
 * @open:  indices of the values that are not ended yet, outermost first
 * @key:   the innermost is a mapping and its key was read; @key_mark is its
 *         place
 * @ended: the document is complete
 */
struct reader {
	struct weir_config_tree t;
	yaml_parser_t parser;
	uint32_t open[WEIR_CONFIG_TREE_DEPTH_MAX];
	uint32_t depth;
	bool has_key, begun, ended;
	uint32_t key;
	yaml_mark_t key_mark;
	char *why;
};

bool weir_config_tree_refuse(const struct weir_config_tree *t, uint32_t line,
			     uint32_t column, char why[WEIR_CONFIG_WHY_BYTES],
			     const char *format, ...)
{
	struct weir_config_node place = { .line = line, .column = column };
	size_t n;
	va_list ap;

	weir_config_tree_place(t, &place, why, WEIR_CONFIG_WHY_BYTES);
	n = strlen(why);
	n += (size_t)snprintf(why + n, WEIR_CONFIG_WHY_BYTES - n, ": ");
	va_start(ap, format);
	vsnprintf(why + n, WEIR_CONFIG_WHY_BYTES - n, format, ap);
	va_end(ap);
	return false;
}

void weir_config_tree_place(const struct weir_config_tree *t,
			    const struct weir_config_node *of, char *ret,
			    size_t room)
{
	size_t n = strlen(t->name);
	bool whole = n <= WEIR_CONFIG_TREE_NAME_MAX;
	const char *name =
		whole ? t->name : t->name + n - WEIR_CONFIG_TREE_NAME_MAX;

	if (of->line)
		snprintf(ret, room, "%s%s:%u:%u", whole ? "" : "...", name,
			 of->line, of->column);
	else
		snprintf(ret, room, "%s%s", whole ? "" : "...", name);
}

static uint32_t line_of(const yaml_mark_t *m)
{
	return (uint32_t)m->line + 1;
}

static uint32_t column_of(const yaml_mark_t *m)
{
	return (uint32_t)m->column + 1;
}

/* refuse at a mark of libyaml */
#define REFUSE(r, mark, ...)                                                   \
	weir_config_tree_refuse(&(r)->t, line_of(mark), column_of(mark),       \
				(r)->why, __VA_ARGS__)

/* ---- bytes ---- */

/* length of the UTF-8 character at @b (RFC 3629); 0: it is none */
static size_t utf8_length(const uint8_t *b, size_t left)
{
	uint32_t min[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c;
	size_t n = b[0] < 0x80           ? 1
		   : (b[0] >> 5) == 0x06 ? 2
		   : (b[0] >> 4) == 0x0e ? 3
		   : (b[0] >> 3) == 0x1e ? 4
					 : 0;

	if (n < 2 || n > left)
		return n == 1;
	c = b[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (b[i] & 0x3f);
	}
	if (c < min[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return n;
}

/* C0 but for tab and newline, DEL, C1 */
static bool is_control(const uint8_t *b, size_t n)
{
	if (n == 1)
		return (b[0] < 0x20 && b[0] != '\t' && b[0] != '\n') ||
		       b[0] == 0x7f;
	return n == 2 && b[0] == 0xc2 && b[1] < 0xa0;
}

static bool check_bytes(struct reader *r, const uint8_t *b, size_t len)
{
	uint32_t line = 1, column = 1;

	for (size_t i = 0; i < len;) {
		size_t n = utf8_length(b + i, len - i);

		if (n == 0)
			return weir_config_tree_refuse(
				&r->t, line, column, r->why,
				"the byte 0x%02x is no UTF-8, save the file in "
				"that encoding",
				b[i]);
		if (is_control(b + i, n) && b[i] != '\r')
			return weir_config_tree_refuse(
				&r->t, line, column, r->why,
				"there is a control character (U+%04X), remove "
				"it",
				n == 1 ? b[i] : b[i + 1]);
		if (b[i] == '%' && column == 1)
			return weir_config_tree_refuse(
				&r->t, line, column, r->why,
				"a line that begins with %% is a directive, "
				"which is not used here: remove it");
		column++;
		if (b[i] == '\n') {
			line++;
			column = 1;
		}
		i += n;
	}
	return true;
}

/* a text after its escapes were undone */
static bool check_text(struct reader *r, const yaml_event_t *e)
{
	const uint8_t *b = e->data.scalar.value;
	size_t len = e->data.scalar.length;

	for (size_t i = 0; i < len;) {
		size_t n = utf8_length(b + i, len - i);

		if (n == 0 || is_control(b + i, n))
			return REFUSE(r, &e->start_mark,
				      "there is a control character in this "
				      "text (U+%04X), remove it",
				      n == 2 ? b[i + 1] : b[i]);
		i += n;
	}
	return true;
}

/* ---- nodes ---- */

static bool keep_text(struct reader *r, const yaml_event_t *e, uint32_t *ret)
{
	struct weir_config_tree *t = &r->t;
	size_t len = e->data.scalar.length;

	if (!check_text(r, e))
		return false;
	if (len >= t->texts_room - t->used) {
		size_t room = 2 * t->texts_room + len + 1;
		char *more = realloc(t->texts, room);

		if (!more || room > UINT32_MAX) {
			t->texts = more ? more : t->texts;
			return REFUSE(r, &e->start_mark, NO_MEMORY);
		}
		t->texts = more;
		t->texts_room = room;
	}
	memcpy(t->texts + t->used, e->data.scalar.value, len);
	t->texts[t->used + len] = 0;
	*ret = (uint32_t)t->used;
	t->used += len + 1;
	return true;
}

static bool is_nothing(const yaml_event_t *e)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };
	const char *text = (const char *)e->data.scalar.value;

	if (e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

/* one more node, and its place in what is open */
static struct weir_config_node *add(struct reader *r, const yaml_event_t *e)
{
	struct weir_config_tree *t = &r->t;
	struct weir_config_node *node, *in;

	if (t->n == t->room) {
		uint32_t room = t->room ? 2 * t->room : 64;
		void *more = room > WEIR_CONFIG_TREE_NODES_MAX
				     ? NULL
				     : realloc(t->node, room * sizeof(*node));

		if (!more) {
			(void)REFUSE(r, &e->start_mark,
				     "these are more than %u values: put names "
				     "into a list of their own and write "
				     "file:PATH",
				     WEIR_CONFIG_TREE_NODES_MAX);
			return NULL;
		}
		t->node = more;
		t->room = room;
	}
	node = &t->node[t->n];
	*node = (struct weir_config_node){ .line = line_of(&e->start_mark),
					   .column =
						   column_of(&e->start_mark) };
	if (r->depth) {
		in = &t->node[r->open[r->depth - 1]];
		if (in->n++)
			t->node[in->last].next = t->n;
		else
			in->first = t->n;
		in->last = t->n;
		if (in->kind == WEIR_CONFIG_MAPPING) {
			node->key = r->key;
			node->key_line = line_of(&r->key_mark);
			node->key_column = column_of(&r->key_mark);
			r->has_key = false;
		}
	}
	t->n++;
	return node;
}

static bool is_at_key(const struct reader *r)
{
	return r->depth && !r->has_key &&
	       r->t.node[r->open[r->depth - 1]].kind == WEIR_CONFIG_MAPPING;
}

static bool read_text(struct reader *r, const yaml_event_t *e)
{
	struct weir_config_node *node;
	uint32_t text = 0;

	if (e->data.scalar.tag)
		return REFUSE(r, &e->start_mark,
			      "tags (!) are not used here, remove it");
	if (is_at_key(r)) {
		r->has_key = true;
		r->key_mark = e->start_mark;
		return keep_text(r, e, &r->key);
	}
	if (!keep_text(r, e, &text))
		return false;
	node = add(r, e);
	if (!node)
		return false;
	node->kind = is_nothing(e) ? WEIR_CONFIG_NOTHING : WEIR_CONFIG_TEXT;
	node->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->text = text;
	return true;
}

static bool begin(struct reader *r, const yaml_event_t *e,
		  enum weir_config_kind kind)
{
	const yaml_char_t *tag = kind == WEIR_CONFIG_LIST
					 ? e->data.sequence_start.tag
					 : e->data.mapping_start.tag;
	struct weir_config_node *node;

	if (tag)
		return REFUSE(r, &e->start_mark,
			      "tags (!) are not used here, remove it");
	if (is_at_key(r))
		return REFUSE(r, &e->start_mark,
			      "a key is a word, not a list or a mapping: put "
			      "quotes around a text that begins with [ or {");
	if (r->depth == WEIR_CONFIG_TREE_DEPTH_MAX)
		return REFUSE(r, &e->start_mark,
			      "this is nested more than %u deep, nothing here "
			      "needs that",
			      WEIR_CONFIG_TREE_DEPTH_MAX);
	node = add(r, e);
	if (!node)
		return false;
	node->kind = kind;
	r->open[r->depth++] = r->t.n - 1;
	return true;
}

/* ---- equal keys ---- */

/** struct entry - a key and its value's index, which grows with its place */
struct entry {
	const char *key;
	uint32_t node;
};

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = strcmp(x->key, y->key);

	if (c)
		return c;
	return x->node < y->node ? -1 : x->node > y->node;
}

/* the first value whose key was there before; 0: there is none */
static uint32_t find_double(const struct entry *e, size_t n, uint32_t *ret_one)
{
	uint32_t found = 0;

	for (size_t i = 1; i < n; i++)
		if (strcmp(e[i - 1].key, e[i].key) == 0 &&
		    (!found || e[i].node < found)) {
			found = e[i].node;
			*ret_one = e[i - 1].node;
		}
	return found;
}

static bool end_mapping(struct reader *r, const yaml_event_t *event)
{
	const struct weir_config_tree *t = &r->t;
	const struct weir_config_node *in = &t->node[r->open[r->depth - 1]];
	struct entry *e = calloc(in->n + 1u, sizeof(*e));
	uint32_t n = 0, one = 0, two;

	if (!e)
		return REFUSE(r, &event->start_mark, NO_MEMORY);
	for (uint32_t i = in->first; i; i = t->node[i].next)
		e[n++] = (struct entry){ t->texts + t->node[i].key, i };
	qsort(e, n, sizeof(*e), compare);
	two = find_double(e, n, &one);
	free(e);
	if (two)
		return weir_config_tree_refuse(
			t, t->node[two].key_line, t->node[two].key_column,
			r->why,
			"%.64s is there already (line %u), keep one of them",
			t->texts + t->node[two].key, t->node[one].key_line);
	r->depth--;
	return true;
}

/* ---- events ---- */

static bool take(struct reader *r, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
		return true;
	case YAML_STREAM_END_EVENT:
		r->ended = true;
		return true;
	case YAML_DOCUMENT_START_EVENT:
		if (r->begun)
			return REFUSE(r, &e->start_mark,
				      "a second document begins here, one is "
				      "all that is read");
		r->begun = true;
		return true;
	case YAML_DOCUMENT_END_EVENT:
		return true;
	case YAML_ALIAS_EVENT:
		return REFUSE(r, &e->start_mark,
			      "aliases (*%.64s) are not used here: write the "
			      "value again, or make it a group",
			      (const char *)e->data.alias.anchor);
	case YAML_SCALAR_EVENT:
		return read_text(r, e);
	case YAML_SEQUENCE_START_EVENT:
		return begin(r, e, WEIR_CONFIG_LIST);
	case YAML_MAPPING_START_EVENT:
		return begin(r, e, WEIR_CONFIG_MAPPING);
	case YAML_SEQUENCE_END_EVENT:
		r->depth--;
		return true;
	case YAML_MAPPING_END_EVENT:
		return end_mapping(r, e);
	}
	return true;
}

/* what libyaml says of bytes that are no YAML */
static bool refuse_form(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem ? p->problem : NO_MEMORY;

	if (p->error == YAML_MEMORY_ERROR)
		return REFUSE(r, &p->mark, NO_MEMORY);
	if (p->error == YAML_READER_ERROR)
		return REFUSE(r, &p->mark, "this is no YAML: %s", problem);
	if (p->context)
		return REFUSE(r, &p->problem_mark,
			      "this is no YAML: %s %s that begins at line %u, "
			      "column %u; look at its quotes, brackets and "
			      "indentation",
			      problem, p->context, line_of(&p->context_mark),
			      column_of(&p->context_mark));
	return REFUSE(r, &p->problem_mark,
		      "this is no YAML: %s; look at quotes, brackets and "
		      "indentation",
		      problem);
}

static bool read_events(struct reader *r)
{
	while (!r->ended) {
		yaml_event_t e;
		bool ok;

		if (!yaml_parser_parse(&r->parser, &e))
			return refuse_form(r);
		ok = take(r, &e);
		yaml_event_delete(&e);
		if (!ok)
			return false;
	}
	return true;
}

bool weir_config_tree_read(const uint8_t *bytes, size_t len, const char *name,
			   struct weir_config_tree *ret,
			   char why[WEIR_CONFIG_WHY_BYTES])
{
	struct reader r = { .t = { .name = name }, .why = why };
	bool ok = check_bytes(&r, bytes, len);

	if (!ok)
		return false;
	if (!yaml_parser_initialize(&r.parser))
		return weir_config_tree_refuse(&r.t, 0, 0, why, NO_MEMORY);
	yaml_parser_set_input_string(&r.parser, bytes, len);
	ok = read_events(&r);
	yaml_parser_delete(&r.parser);
	if (ok)
		*ret = r.t;
	else
		weir_config_tree_fini(&r.t);
	return ok;
}

void weir_config_tree_fini(struct weir_config_tree *t)
{
	free(t->node);
	free(t->texts);
	*t = (struct weir_config_tree){ .n = 0 };
}

/* ---- looking at it ---- */

const struct weir_config_node *
weir_config_tree_first(const struct weir_config_tree *t,
		       const struct weir_config_node *of)
{
	return of && of->first ? &t->node[of->first] : NULL;
}

const struct weir_config_node *
weir_config_tree_next(const struct weir_config_tree *t,
		      const struct weir_config_node *after)
{
	return after->next ? &t->node[after->next] : NULL;
}

const struct weir_config_node *
weir_config_tree_find(const struct weir_config_tree *t,
		      const struct weir_config_node *in, const char *key)
{
	const struct weir_config_node *n = weir_config_tree_first(t, in);

	while (n && strcmp(weir_config_tree_key(t, n), key) != 0)
		n = weir_config_tree_next(t, n);
	return n;
}

const char *weir_config_tree_text(const struct weir_config_tree *t,
				  const struct weir_config_node *of)
{
	return of->kind == WEIR_CONFIG_TEXT ? t->texts + of->text : "";
}

const char *weir_config_tree_key(const struct weir_config_tree *t,
				 const struct weir_config_node *of)
{
	return of->key_line ? t->texts + of->key : "";
}
