/* SPDX-License-Identifier: Apache-2.0 */
/* config_entries.c - what the file says of policy, secrets and recording */
#include "control/config_entries.h"

#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "control/config_match.h"
#include "control/order.h"

#define PLACEHOLDER_MIN 8u
#define PLACEHOLDER_MAX 1024u
#define TTL_MAX_S       31536000u /* a year */

#define REFUSE(p, node, ...)                                                   \
	weir_config_tree_refuse((p)->t, (node)->line, (node)->column,          \
				(p)->why, __VA_ARGS__)

static const struct weir_config_node *find(const struct weir_config_put *p,
					   const struct weir_config_node *in,
					   const char *key)
{
	return weir_config_tree_find(p->t, in, key);
}

static bool fill_group(struct weir_config_put *p,
		       const struct weir_config_node *n)
{
	const char *name = weir_config_tree_key(p->t, n);
	struct weir_config_node key = *n;
	const struct weir_config_node *i;
	struct weir_settings_group *g;
	char path[80];

	key.line = n->key_line;
	key.column = n->key_column;
	if (!*name)
		return REFUSE(p, &key, "groups: a group has a name");
	snprintf(path, sizeof(path), "groups.%.64s", name);
	if (!weir_config_match(p->t, n, &weir_config_schema_list, path, p->why))
		return false;
	g = weir_settings_add_group(p->s, name, weir_config_put_where(p, &key));
	if (!g)
		return weir_config_put_none(p, n);
	for (i = weir_config_tree_first(p->t, n); i;
	     i = weir_config_tree_next(p->t, i))
		if (!weir_settings_add(&g->members,
				       weir_config_tree_text(p->t, i),
				       weir_config_put_where(p, i)))
			return weir_config_put_none(p, i);
	return true;
}

static bool fill_groups(struct weir_config_put *p,
			const struct weir_config_node *n)
{
	const struct weir_config_node *i;

	if (!n)
		return true;
	if (n->kind != WEIR_CONFIG_MAPPING)
		return REFUSE(p, n,
			      "groups: a mapping is needed: write {NAME: "
			      "[HOST, HOST]}, or a line NAME: [HOST, HOST] for "
			      "each");
	for (i = weir_config_tree_first(p->t, n); i;
	     i = weir_config_tree_next(p->t, i))
		if (!fill_group(p, i))
			return false;
	return true;
}

static bool fill_http(struct weir_config_put *p,
		      const struct weir_config_raw *raw,
		      const struct weir_config_node *list)
{
	const struct weir_config_node *n = weir_config_tree_first(p->t, list);

	for (uint32_t i = 0; i < raw->n_http; i++) {
		const struct weir_config_http *from = &raw->http[i];
		struct weir_settings_http *to;

		weir_must(n);
		to = weir_settings_add_http(p->s, from->host,
					    weir_config_put_where(p, n));
		if (!to)
			return weir_config_put_none(p, n);
		if (!weir_config_put_list(p, &to->allow, from->allow,
					  from->n_allow, find(p, n, "allow")) ||
		    !weir_config_put_list(p, &to->deny, from->deny,
					  from->n_deny, find(p, n, "deny")) ||
		    !weir_config_put_note(p, "http", n))
			return false;
		n = weir_config_tree_next(p->t, n);
	}
	return true;
}

/* The text is not repeated: somebody may have put a secret itself there. */
static bool check_from(const struct weir_config_put *p, const char *from,
		       const struct weir_config_node *n)
{
	if (!from)
		return true;
	if (strncmp(from, "env:", 4) == 0)
		return weir_order_is_variable(from + 4, strlen(from + 4)) ||
		       REFUSE(p, find(p, n, "from"),
			      "secrets.from: after env: comes the name of a "
			      "variable, "
			      "for example env:API_KEY");
	if ((strncmp(from, "file:", 5) == 0 ||
	     strncmp(from, "exec:", 5) == 0) &&
	    from[5])
		return true;
	return REFUSE(
		p, find(p, n, "from"),
		"secrets.from: it is env:VARIABLE, file:PATH or exec:COMMAND; "
		"the value itself does not belong into this file");
}

static bool check_secret(const struct weir_config_put *p,
			 const struct weir_config_secret *e,
			 const struct weir_config_node *n)
{
	const char *mark = e->placeholder;
	size_t len = mark ? strlen(mark) : PLACEHOLDER_MIN;

	if (!weir_order_is_variable(e->name, strlen(e->name)))
		return REFUSE(
			p, find(p, n, "name"),
			"secrets.name: it names a variable of the guest, for "
			"example API_KEY");
	for (size_t i = 0; i < p->s->n_secrets; i++)
		if (strcmp(p->s->secret[i].name, e->name) == 0)
			return REFUSE(p, find(p, n, "name"),
				      "secrets.name: %.64s is there already "
				      "(%s), keep "
				      "one of them",
				      e->name, p->s->secret[i].where);
	if (len < PLACEHOLDER_MIN || len > PLACEHOLDER_MAX ||
	    (mark && strpbrk(mark, "\r\n")))
		return REFUSE(
			p, find(p, n, "placeholder"),
			"secrets.placeholder: it is one line of %u to %u bytes",
			PLACEHOLDER_MIN, PLACEHOLDER_MAX);
	if (e->ttl && (*e->ttl == 0 || *e->ttl > TTL_MAX_S))
		return REFUSE(p, find(p, n, "ttl"),
			      "secrets.ttl: a number of seconds from 1 to %u "
			      "is needed",
			      TTL_MAX_S);
	return check_from(p, e->from, n);
}

static bool put_places(struct weir_config_put *p,
		       struct weir_settings_secret *to,
		       const struct weir_config_secret *from,
		       const struct weir_config_node *list)
{
	const struct weir_config_node *n = weir_config_tree_first(p->t, list);

	for (uint32_t i = 0; i < from->n_in; i++) {
		weir_must(n);
		if (!weir_settings_add(&to->in,
				       weir_config_schema_in[from->in[i]].str,
				       weir_config_put_where(p, n)))
			return weir_config_put_none(p, n);
		n = weir_config_tree_next(p->t, n);
	}
	return true;
}

static bool put_secret(struct weir_config_put *p,
		       const struct weir_config_secret *from,
		       const struct weir_config_node *n)
{
	struct weir_settings_secret *to =
		weir_settings_add_secret(p->s, from->name,
					 weir_config_put_where(p, n));

	if (!to)
		return weir_config_put_none(p, n);
	to->plain_http = from->plain_http && *from->plain_http;
	to->has_ttl = from->ttl;
	to->ttl_s = from->ttl ? *from->ttl : 0;
	return weir_config_put_text(p, &to->from, from->from, n) &&
	       weir_config_put_text(p, &to->placeholder, from->placeholder,
				    n) &&
	       (!from->on_leak ||
		weir_config_put_text(
			p, &to->on_leak,
			weir_config_schema_on_leak[*from->on_leak].str, n)) &&
	       weir_config_put_list(p, &to->hosts, from->hosts, from->n_hosts,
				    find(p, n, "hosts")) &&
	       weir_config_put_list(p, &to->passthrough, from->passthrough,
				    from->n_passthrough,
				    find(p, n, "passthrough")) &&
	       put_places(p, to, from, find(p, n, "in")) &&
	       weir_config_put_note(p, "secrets", n);
}

static bool fill_secrets(struct weir_config_put *p,
			 const struct weir_config_raw *raw,
			 const struct weir_config_node *list)
{
	const struct weir_config_node *n = weir_config_tree_first(p->t, list);

	for (uint32_t i = 0; i < raw->n_secrets; i++) {
		weir_must(n);
		if (!check_secret(p, &raw->secrets[i], n) ||
		    !put_secret(p, &raw->secrets[i], n))
			return false;
		n = weir_config_tree_next(p->t, n);
	}
	return true;
}

static bool check_ports(const struct weir_config_put *p,
			const struct weir_config_node *list)
{
	const struct weir_config_node *n;

	for (n = weir_config_tree_first(p->t, list); n;
	     n = weir_config_tree_next(p->t, n)) {
		const char *text = weir_config_tree_text(p->t, n);

		if (!weir_order_is_ports(text, strlen(text)))
			return REFUSE(p, n,
				      "tls.intercept %.64s: a port is needed, "
				      "or a range, for example 443 or "
				      "8000-8999",
				      text);
	}
	return true;
}

static bool fill_tls(struct weir_config_put *p,
		     const struct weir_config_tls *from,
		     const struct weir_config_node *n)
{
	static const struct {
		const char *key, *note;
	} row[] = {
		{ "intercept", "tls.intercept" },
		{ "bypass", "tls.bypass" },
		{ "upstream_ca", "tls.upstream_ca" },
		{ "insecure", "tls.insecure" },
		{ "ca", "tls.ca" },
		{ "reflection", "tls.reflection" },
	};
	struct weir_settings *s = p->s;

	if (!from)
		return true;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (!weir_config_put_note(p, row[i].note,
					  find(p, n, row[i].key)))
			return false;
	s->reflection_strict =
		from->reflection &&
		*from->reflection == WEIR_CONFIG_REFLECTION_STRICT;
	return check_ports(p, find(p, n, "intercept")) &&
	       weir_config_put_list(p, &s->intercept, from->intercept,
				    from->n_intercept,
				    find(p, n, "intercept")) &&
	       weir_config_put_list(p, &s->bypass, from->bypass, from->n_bypass,
				    find(p, n, "bypass")) &&
	       weir_config_put_list(p, &s->upstream_ca, from->upstream_ca,
				    from->n_upstream_ca,
				    find(p, n, "upstream_ca")) &&
	       weir_config_put_list(p, &s->insecure, from->insecure,
				    from->n_insecure, find(p, n, "insecure")) &&
	       (!from->ca ||
		(weir_config_put_text(p, &s->ca_cert, from->ca->cert, n) &&
		 weir_config_put_text(p, &s->ca_key, from->ca->key, n)));
}

static bool fill_record(struct weir_config_put *p,
			const struct weir_config_raw *raw,
			const struct weir_config_node *root)
{
	struct weir_settings *s = p->s;

	if (raw->metrics && !weir_order_is_endpoint(raw->metrics))
		return REFUSE(p, find(p, root, "metrics"),
			      "metrics %.64s: ADDR:PORT is needed, for example "
			      "127.0.0.1:9090",
			      raw->metrics);
	if (raw->log && raw->log->events)
		s->events = *raw->log->events;
	return (!raw->log ||
		weir_config_put_text(p, &s->log, raw->log->file, root)) &&
	       weir_config_put_text(p, &s->metrics, raw->metrics, root) &&
	       weir_config_put_text(p, &s->capture, raw->capture, root) &&
	       weir_config_put_text(p, &s->control, raw->control, root) &&
	       weir_config_put_note(p, "metrics", find(p, root, "metrics")) &&
	       weir_config_put_note(p, "capture", find(p, root, "capture")) &&
	       weir_config_put_note(p, "control", find(p, root, "control"));
}

static bool fill_rules(struct weir_config_put *p,
		       const struct weir_config_raw *raw,
		       const struct weir_config_node *root)
{
	const struct weir_config_dns *dns = raw->dns;
	struct weir_settings *s = p->s;

	s->drop = raw->on_deny && *raw->on_deny == WEIR_CONFIG_ON_DENY_DROP;
	if (raw->quic && !s->has_quic) {
		s->has_quic = true;
		s->quic_pin = *raw->quic == WEIR_CONFIG_QUIC_PIN;
	}
	if (dns && dns->rebind_protection && !*dns->rebind_protection)
		s->no_rebind = true;
	return weir_config_put_list(p, &s->rules, raw->rules, raw->n_rules,
				    find(p, root, "rules")) &&
	       weir_config_put_list(p, &s->bounds, raw->bounds, raw->n_bounds,
				    find(p, root, "bounds")) &&
	       (!dns ||
		weir_config_put_list(p, &s->private_names, dns->private_names,
				     dns->n_private_names,
				     find(p, find(p, root, "dns"),
					  "private_names")));
}

bool weir_config_entries_fill(struct weir_config_put *p,
			      const struct weir_config_raw *raw,
			      const struct weir_config_node *root)
{
	return fill_rules(p, raw, root) &&
	       fill_groups(p, find(p, root, "groups")) &&
	       fill_tls(p, raw->tls, find(p, root, "tls")) &&
	       fill_http(p, raw, find(p, root, "http")) &&
	       fill_secrets(p, raw, find(p, root, "secrets")) &&
	       fill_record(p, raw, root);
}
