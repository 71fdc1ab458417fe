/* SPDX-License-Identifier: Apache-2.0 */
/* cases.c - the tables of tests/cases, as they are: tabs, no quoting */
#include "cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (1u << 20)
#define UP_MAX   8

static FILE *find(const char *name)
{
	const char *dir = getenv("WEIR_CASES");
	char path[1024], up[64] = "";
	FILE *f = NULL;

	if (dir) {
		snprintf(path, sizeof(path), "%s/%s", dir, name);
		return fopen(path, "r");
	}
	for (int i = 0; i < UP_MAX && !f; i++) {
		snprintf(path, sizeof(path), "%stests/cases/%s", up, name);
		f = fopen(path, "r");
		strcat(up, "../");
	}
	return f;
}

/* Return: how many fields the line has. */
static unsigned cut_line(char *line, struct cases_row *row)
{
	unsigned n = 0;

	for (char *at = line; at; n++) {
		char *tab = strchr(at, '\t');

		if (n < CASES_COLUMNS_MAX)
			row->field[n] = at;
		if (tab)
			*tab++ = '\0';
		at = tab;
	}
	return n;
}

static const char *cut(struct cases *c)
{
	char *line = c->text;

	c->columns = 0;
	while (*line) {
		struct cases_row row = { { NULL } };
		char *end = strchr(line, '\n');
		unsigned n;

		if (!end)
			return "the last line does not end";
		*end = '\0';
		n = cut_line(line, &row);
		if (c->columns == 0) {
			c->columns = n;
			c->head = row;
			if (n > CASES_COLUMNS_MAX)
				return "too many columns";
		} else if (n != c->columns) {
			return "a row with another number of fields";
		} else if (cases_find(c, row.field[0])) {
			return "an id stands there twice";
		} else {
			c->row[c->n++] = row;
		}
		line = end + 1;
	}
	return c->n ? NULL : "no rows";
}

const char *cases_open(struct cases *c, const char *name)
{
	FILE *f = find(name);
	size_t len, lines = 1;

	*c = (struct cases){ .text = NULL };
	if (!f)
		return "not found; WEIR_CASES may name its folder";
	c->text = calloc(1, TEXT_MAX + 1);
	len = c->text ? fread(c->text, 1, TEXT_MAX, f) : 0;
	fclose(f);
	if (len == 0 || len == TEXT_MAX)
		return "empty or too long";
	for (size_t i = 0; i < len; i++)
		lines += c->text[i] == '\n';
	c->row = calloc(lines, sizeof(*c->row));
	return c->row ? cut(c) : "no memory";
}

const struct cases_row *cases_find(const struct cases *c, const char *id)
{
	for (unsigned i = 0; i < c->n; i++)
		if (strcmp(c->row[i].field[0], id) == 0)
			return &c->row[i];
	return NULL;
}

void cases_close(struct cases *c)
{
	free(c->row);
	free(c->text);
	*c = (struct cases){ .text = NULL };
}
