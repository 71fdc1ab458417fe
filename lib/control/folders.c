/* SPDX-License-Identifier: Apache-2.0 */
/* folders.c - the directories that a policy is read from */
#include "control/folders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIXES "/usr/share/publicsuffix"
#define FILE_OF  "file:"

static void add(struct weir_folders *f, char *path)
{
	for (size_t i = 0; i < f->n; i++)
		if (path && strcmp(f->path[i], path) == 0) {
			free(path);
			return;
		}
	if (path && f->n < WEIR_FOLDERS_MAX)
		f->path[f->n++] = path;
	else
		free(path);
}

/* The folder of the file @name (@len bytes), which may be relative to @dir. */
static void add_folder_of(struct weir_folders *f, const char *dir,
			  const char *name, size_t len)
{
	const char *from = dir ? dir : ".";
	char *path;

	while (len && name[len - 1] != '/')
		len--;
	if (len && name[0] == '/')
		path = strndup(name, len);
	else if (asprintf(&path, "%s/%.*s", from, (int)len, name) < 0)
		path = NULL;
	add(f, path);
}

/* Every file:PATH among the words of a rule; ports behind it do no harm. */
static void add_lists(struct weir_folders *f, const struct weir_settings *s,
		      const struct weir_settings_list *rules)
{
	for (size_t i = 0; i < rules->n; i++) {
		const char *at = rules->at[i].text;

		while (*at) {
			size_t len = strcspn(at, " \t");

			if (strncmp(at, FILE_OF, strlen(FILE_OF)) == 0)
				add_folder_of(f, s->dir, at + strlen(FILE_OF),
					      len - strlen(FILE_OF));
			at += len;
			at += strspn(at, " \t");
		}
	}
}

void weir_folders_find(const struct weir_settings *s, struct weir_folders *ret)
{
	*ret = (struct weir_folders){ .n = 0 };
	add(ret, strdup(SUFFIXES));
	if (s->config)
		add_folder_of(ret, NULL, s->config, strlen(s->config));
	add_lists(ret, s, &s->line_rules);
	add_lists(ret, s, &s->rules);
	add_lists(ret, s, &s->bounds);
}

void weir_folders_free(struct weir_folders *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->path[i]);
	f->n = 0;
}
