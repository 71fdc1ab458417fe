/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings.c - what is allowed and what is recorded, as the operator wrote it
 *
 * Lists and arrays grow by doubling: one whose length is neither 0 nor a power
 * of two has room for one more.
 */
#include "control/settings.h"

/* gcc 12 loses what is stored in an array that realloc(3) gave; the leak
 * sanitizer looks at the same lines in the tests */
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** struct row - a key whose machinery is to come, and what it asks for */
struct row {
	const char *key, *what;
};

/* a row goes when `run` and `serve` do what it says */
static const struct row rows[] = {
	{ "tls.reflection", "the search for reflected secrets is" },
	{ "secrets", "swapping secrets in is" },
	{ "metrics", "metrics: the endpoint is" },
	{ "capture", "capturing is" },
	{ "control", "the control socket is" },
};

void weir_settings_init(struct weir_settings *s)
{
	*s = (struct weir_settings){ .dir = NULL };
}

void weir_settings_free(struct weir_settings_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->at[i].text);
		free(l->at[i].where);
	}
	free(l->at);
	*l = (struct weir_settings_list){ .n = 0 };
}

static void free_secret(struct weir_settings_secret *e)
{
	free(e->name);
	free(e->from);
	free(e->placeholder);
	free(e->where);
	free(e->on_leak);
	weir_settings_free(&e->hosts);
	weir_settings_free(&e->in);
	weir_settings_free(&e->passthrough);
}

static void free_entries(struct weir_settings *s)
{
	for (size_t i = 0; i < s->n_groups; i++) {
		free(s->group[i].name);
		free(s->group[i].where);
		weir_settings_free(&s->group[i].members);
	}
	for (size_t i = 0; i < s->n_http; i++) {
		free(s->http[i].host);
		free(s->http[i].where);
		weir_settings_free(&s->http[i].allow);
		weir_settings_free(&s->http[i].deny);
	}
	for (size_t i = 0; i < s->n_secrets; i++)
		free_secret(&s->secret[i]);
	for (size_t i = 0; i < s->n_later; i++)
		free(s->later[i].where);
	free(s->group);
	free(s->http);
	free(s->secret);
	free(s->later);
}

void weir_settings_fini(struct weir_settings *s)
{
	struct weir_settings_list *list[] = {
		&s->line_rules, &s->rules,   &s->bounds,   &s->private_names,
		&s->intercept,  &s->bypass,  &s->insecure, &s->upstream_ca,
		&s->search,     &s->dns_tls, &s->places,
	};
	char *text[] = { s->dir, s->config,  s->ca_cert, s->ca_key,
			 s->log, s->metrics, s->capture, s->control };

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		weir_settings_free(list[i]);
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		free(text[i]);
	free_entries(s);
	weir_settings_init(s);
}

/* room for one more of @size bytes behind the @n at @at; NULL: no memory */
static void *grow(void *at, size_t n, size_t size)
{
	if (n & (n - 1))
		return at;
	return realloc(at, (n ? 2 * n : 1) * size);
}

bool weir_settings_add(struct weir_settings_list *l, const char *text,
		       const char *where)
{
	void *at = grow(l->at, l->n, sizeof(*l->at));
	struct weir_settings_text *t;

	if (!at)
		return false;
	l->at = at;
	t = &l->at[l->n];
	*t = (struct weir_settings_text){ .text = NULL };
	if (!weir_settings_set(&t->text, text) ||
	    !weir_settings_set(&t->where, where)) {
		free(t->text);
		return false;
	}
	l->n++;
	return true;
}

bool weir_settings_insert(struct weir_settings_list *l, size_t at,
			  const char *text, const char *where)
{
	struct weir_settings_text last;

	if (!weir_settings_add(l, text, where))
		return false;
	last = l->at[l->n - 1];
	memmove(l->at + at + 1, l->at + at, (l->n - 1 - at) * sizeof(*l->at));
	l->at[at] = last;
	return true;
}

void weir_settings_remove(struct weir_settings_list *l, size_t at)
{
	free(l->at[at].text);
	free(l->at[at].where);
	memmove(l->at + at, l->at + at + 1, (l->n - 1 - at) * sizeof(*l->at));
	l->n--;
}

bool weir_settings_set(char **to, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return false;
	free(*to);
	*to = copy;
	return true;
}

struct weir_settings_group *weir_settings_add_group(struct weir_settings *s,
						    const char *name,
						    const char *where)
{
	void *at = grow(s->group, s->n_groups, sizeof(*s->group));
	struct weir_settings_group *e;

	if (!at)
		return NULL;
	s->group = at;
	e = &s->group[s->n_groups];
	*e = (struct weir_settings_group){ .name = NULL };
	if (!weir_settings_set(&e->name, name) ||
	    !weir_settings_set(&e->where, where)) {
		free(e->name);
		return NULL;
	}
	s->n_groups++;
	return e;
}

struct weir_settings_http *weir_settings_add_http(struct weir_settings *s,
						  const char *host,
						  const char *where)
{
	void *at = grow(s->http, s->n_http, sizeof(*s->http));
	struct weir_settings_http *e;

	if (!at)
		return NULL;
	s->http = at;
	e = &s->http[s->n_http];
	*e = (struct weir_settings_http){ .host = NULL };
	if (!weir_settings_set(&e->host, host) ||
	    !weir_settings_set(&e->where, where)) {
		free(e->host);
		return NULL;
	}
	s->n_http++;
	return e;
}

struct weir_settings_secret *weir_settings_add_secret(struct weir_settings *s,
						      const char *name,
						      const char *where)
{
	void *at = grow(s->secret, s->n_secrets, sizeof(*s->secret));
	struct weir_settings_secret *e;

	if (!at)
		return NULL;
	s->secret = at;
	e = &s->secret[s->n_secrets];
	*e = (struct weir_settings_secret){ .name = NULL };
	if (!weir_settings_set(&e->name, name) ||
	    !weir_settings_set(&e->where, where)) {
		free(e->name);
		return NULL;
	}
	s->n_secrets++;
	return e;
}

bool weir_settings_note(struct weir_settings *s, const char *key,
			const char *where)
{
	const struct row *found = NULL;
	struct weir_settings_later *l;
	void *at;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].key, key) == 0)
			found = &rows[i];
	if (!found)
		return true;
	at = grow(s->later, s->n_later, sizeof(*l));
	if (!at)
		return false;
	s->later = at;
	l = &s->later[s->n_later];
	*l = (struct weir_settings_later){ .what = found->what };
	if (!weir_settings_set(&l->where, where))
		return false;
	s->n_later++;
	return true;
}

bool weir_settings_is_ready(const struct weir_settings *s, char *why,
			    size_t room)
{
	if (s->n_later == 0)
		return true;
	snprintf(why, room,
		 "%s: %s not there yet in this version; weir check knows it",
		 s->later[0].where, s->later[0].what);
	return false;
}
