/* SPDX-License-Identifier: Apache-2.0 */
/* folders.c - the files that Weir reads and writes, and where they lie */
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

/* The file @name (@len bytes), which may be relative to @dir. */
static void add_file(struct weir_folders *f, const char *dir, const char *name,
		     size_t len)
{
	char *path;

	if (len && name[0] == '/')
		path = strndup(name, len);
	else if (asprintf(&path, "%s/%.*s", dir ? dir : ".", (int)len, name) <
		 0)
		path = NULL;
	add(f, path);
}

/* Without the ports that may stand behind a list: digits, commas, hyphens. */
static size_t without_ports(const char *name, size_t len)
{
	size_t n = len;

	while (n && strchr("0123456789,-", name[n - 1]))
		n--;
	return n > 1 && n < len && name[n - 1] == ':' ? n - 1 : len;
}

/* Every file:PATH among the words of a rule. */
static void add_lists(struct weir_folders *f, const struct weir_settings *s,
		      const struct weir_settings_list *rules)
{
	for (size_t i = 0; i < rules->n; i++) {
		const char *at = rules->at[i].text;

		while (*at) {
			size_t n = strcspn(at, " \t"), m = strlen(FILE_OF);

			if (strncmp(at, FILE_OF, m) == 0) {
				add_file(f, s->dir, at + m, n - m);
				add_file(f, s->dir, at + m,
					 without_ports(at + m, n - m));
			}
			at += n;
			at += strspn(at, " \t");
		}
	}
}

static void add_read(struct weir_folders *f, const struct weir_settings *s)
{
	if (s->config)
		add_file(f, NULL, s->config, strlen(s->config));
	add_lists(f, s, &s->line_rules);
	add_lists(f, s, &s->rules);
	add_lists(f, s, &s->bounds);
}

void weir_folders_files(const struct weir_settings *s, struct weir_folders *ret)
{
	*ret = (struct weir_folders){ .n = 0 };
	if (s->log && strcmp(s->log, "-") != 0)
		add_file(ret, NULL, s->log, strlen(s->log));
	if (s->ca_key)
		add_file(ret, s->dir, s->ca_key, strlen(s->ca_key));
	add_read(ret, s);
}

static void add_folder_of(struct weir_folders *f, const char *file)
{
	const char *end = file ? strrchr(file, '/') : NULL;

	if (end)
		add(f, strndup(file, (size_t)(end + 1 - file)));
}

void weir_folders_find(const struct weir_settings *s, struct weir_folders *ret)
{
	struct weir_folders files = { .n = 0 };

	*ret = (struct weir_folders){ .n = 0 };
	add(ret, strdup(SUFFIXES));
	add_read(&files, s);
	for (size_t i = 0; i < files.n; i++) {
		char *real = realpath(files.path[i], NULL);

		add_folder_of(ret, files.path[i]);
		add_folder_of(ret, real); /* where links lead */
		free(real);
	}
	weir_folders_free(&files);
}

void weir_folders_free(struct weir_folders *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->path[i]);
	f->n = 0;
}
