/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings.h - what is allowed and what is recorded, as the operator wrote it
 *
 * The options of the command line and the configuration file fill one of
 * these; texts are kept as written, each with the place it comes from, so that
 * an error can name it.  What the texts mean is the rulebook's.
 *
 * Memory: everything added is copied and belongs to the settings;
 * weir_settings_fini() gives it back.
 */
#ifndef WEIR_CONTROL_SETTINGS_H
#define WEIR_CONTROL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/event.h"

/** struct weir_settings_text - a text and its place: "--allow", "weir.yaml:3" */
struct weir_settings_text {
	char *text, *where;
};

/** struct weir_settings_list - texts in their order */
struct weir_settings_list {
	struct weir_settings_text *at;
	size_t n;
};

/** struct weir_settings_group - a user's group and its members */
struct weir_settings_group {
	char *name, *where;
	struct weir_settings_list members;
};

/** struct weir_settings_http - an entry of `http` */
struct weir_settings_http {
	char *host, *where;
	struct weir_settings_list allow, deny;
};

/** struct weir_settings_secret - an entry of `secrets`, or a --secret */
struct weir_settings_secret {
	char *name, *from, *placeholder, *where; /* NULL: not said */
	struct weir_settings_list hosts, in, passthrough;
	char *on_leak;
	bool plain_http, has_ttl;
	uint32_t ttl_s;
};

/** struct weir_settings_later - something said whose machinery is to come */
struct weir_settings_later {
	const char *what; /* a constant: "interception is" */
	char *where;
};

/** enum weir_settings_base - `net`: bits; 0 with @has_net is none */
enum weir_settings_base {
	WEIR_SETTINGS_PUBLIC = 1,
	WEIR_SETTINGS_PRIVATE = 2,
	WEIR_SETTINGS_HOST = 4,
	WEIR_SETTINGS_ALL = 8, /* stands alone */
};

/**
 * struct weir_settings - see the top
 * @dir:    directory of the configuration file, for relative `file:` paths;
 *          NULL: the working directory
 * @config: path of the file, NULL: none
 * @line_rules: of the command line: whole rules (--allow X is `allow X`),
 *          first in the evaluation; then @rules, of the file; then the base
 * @intercept: ports and ranges as text, one each
 * @dns_tls: resolvers tls://NAME@ADDR[:PORT]
 * @search, @places: texts of the file that struct weir_orders borrows
 * @no_rebind: no protection against rebinding
 * @log:    NULL: none; "-" is stderr
 * @events: bits 1 << enum weir_event_kind that go to the log; 0: all
 * @later:  what weir_settings_note() kept
 */
struct weir_settings {
	char *dir, *config;
	struct weir_settings_list line_rules, rules, bounds;
	struct weir_settings_group *group;
	size_t n_groups;
	struct weir_settings_http *http;
	size_t n_http;
	struct weir_settings_secret *secret;
	size_t n_secrets;
	bool has_net, has_quic;
	bool multi_tenant, drop, quic_pin, no_rebind;
	uint32_t net; /* enum weir_settings_base */
	struct weir_settings_list private_names;
	struct weir_settings_list intercept, bypass, insecure, upstream_ca;
	struct weir_settings_list search, dns_tls, places;
	char *ca_cert, *ca_key;
	bool reflection_strict;
	char *log, *metrics, *capture, *control;
	uint32_t events;
	struct weir_settings_later *later;
	size_t n_later;
};

/** weir_settings_init() - nothing said */
void weir_settings_init(struct weir_settings *s);

/** weir_settings_fini() - give everything back; @s as after init */
void weir_settings_fini(struct weir_settings *s);

/** weir_settings_add() - one more text; Return: false: no memory */
bool weir_settings_add(struct weir_settings_list *l, const char *text,
		       const char *where);

/** weir_settings_insert() - one more text, before the one at @at (or behind all)
 * Return: false: no memory */
bool weir_settings_insert(struct weir_settings_list *l, size_t at,
			  const char *text, const char *where);

/** weir_settings_remove() - one less; @at: below @l->n */
void weir_settings_remove(struct weir_settings_list *l, size_t at);

/** weir_settings_free() - all of them; @l is empty then */
void weir_settings_free(struct weir_settings_list *l);

/**
 * weir_settings_set() - a text that stands alone: @to is replaced by a copy
 *
 * Return: false, with *@to untouched, if there is no memory.
 */
bool weir_settings_set(char **to, const char *text);

/**
 * weir_settings_add_group() - one more group, without members
 *
 * Return: it, valid until the next is added; NULL: no memory.
 */
struct weir_settings_group *weir_settings_add_group(struct weir_settings *s,
						    const char *name,
						    const char *where);

/** weir_settings_add_http() - one more entry of `http`; as add_group() */
struct weir_settings_http *weir_settings_add_http(struct weir_settings *s,
						  const char *host,
						  const char *where);

/** weir_settings_add_secret() - one more entry of `secrets`; as add_group() */
struct weir_settings_secret *weir_settings_add_secret(struct weir_settings *s,
						      const char *name,
						      const char *where);

/**
 * weir_settings_note() - @key was said at @where
 * @key: of the configuration, "tls.intercept"; an option has the same
 *
 * Kept if what it asks for is not there yet in this version, so that `run` and
 * `serve` can refuse it; any other key is nothing to note.
 *
 * Return: false: no memory.
 */
bool weir_settings_note(struct weir_settings *s, const char *key,
			const char *where);

/**
 * weir_settings_is_ready() - is the machinery there for all that was said?
 * @why: if not, one sentence about the first of it, at most @room bytes
 */
bool weir_settings_is_ready(const struct weir_settings *s, char *why,
			    size_t room);

#endif /* WEIR_CONTROL_SETTINGS_H */
