/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_fill.c - from what the file says to orders and settings
 *
 * libcyaml's structures have the values, the tree has their places; both are
 * walked side by side.  What libcyaml cannot load (CYAML_IGNORE in the schema)
 * is read from the tree alone.
 *
 * A value that the command line has said is judged all the same, into a spare
 * order that nobody reads: a file is right or wrong whatever stands beside it.
 */
#include "control/config_fill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config_entries.h"
#include "control/config_match.h"
#include "control/config_put.h"
#include "control/order.h"

#define NET_BYTES  256u
#define HOST_BYTES 512u

/* reads one text into orders; of order.h */
typedef bool (*reader)(struct weir_orders *o, const char *text, char *why);

/** struct fill - @spare takes what the command line has said already */
struct fill {
	struct weir_config_put p;
	struct weir_orders *o, *spare;
};

#define REFUSE(f, node, ...)                                                   \
	weir_config_tree_refuse((f)->p.t, (node)->line, (node)->column,        \
				(f)->p.why, __VA_ARGS__)

static const struct weir_config_node *
find(const struct fill *f, const struct weir_config_node *in, const char *key)
{
	return weir_config_tree_find(f->p.t, in, key);
}

static bool refuse_value(const struct fill *f, const struct weir_config_node *n,
			 const char *path, const char *text, const char *why)
{
	return REFUSE(f, n, "%s %.64s: %s", path, text, why);
}

/* a text of `interface`; NULL: it was not said */
static bool put(const struct fill *f, reader read, bool said, const char *text,
		const struct weir_config_node *n)
{
	char why[WEIR_ORDER_WHY_BYTES];

	if (!text || read(said ? f->spare : f->o, text, why))
		return true;
	return REFUSE(f, n, "interface.%s %.64s: %s",
		      weir_config_tree_key(f->p.t, n), text, why);
}

/** struct span - what a number may be; @in is the mapping, for the sentence */
struct span {
	const char *in, *key;
	uint64_t min, max;
};

static bool check_number(const struct fill *f, const struct span *s,
			 uint64_t number, const struct weir_config_node *in)
{
	if (number >= s->min && number <= s->max)
		return true;
	return REFUSE(f, find(f, in, s->key),
		      "%s.%s %llu: a number from %llu to %llu is needed", s->in,
		      s->key, (unsigned long long)number,
		      (unsigned long long)s->min, (unsigned long long)s->max);
}

/* @to: 0 where the command line said nothing; @from NULL: nor did the file */
static bool put_number(const struct fill *f, const struct span *s,
		       const uint32_t *from, const struct weir_config_node *in,
		       uint32_t *to)
{
	if (!from)
		return true;
	if (!check_number(f, s, *from, in))
		return false;
	if (*to == 0)
		*to = *from;
	return true;
}

/* ---- net ---- */

static bool fill_net(const struct fill *f, const struct weir_config_node *n)
{
	struct weir_settings *to = f->p.s->has_net ? NULL : f->p.s;
	char text[NET_BYTES] = "", why[WEIR_ORDER_WHY_BYTES];
	const struct weir_config_node *i;
	size_t len = 0;

	if (!n)
		return true;
	if (n->kind == WEIR_CONFIG_TEXT) {
		const char *whole = weir_config_tree_text(f->p.t, n);

		return weir_order_net(to, whole, why) ||
		       refuse_value(f, n, "net", whole, why);
	}
	if (n->kind != WEIR_CONFIG_LIST)
		return REFUSE(f, n,
			      "net: words are needed, for example net: public, "
			      "or net: [public, host]");
	if (!weir_config_match(f->p.t, n, &weir_config_schema_list, "net",
			       f->p.why))
		return false;
	if (n->n == 0)
		return REFUSE(f, n, "net: the list is empty, write none");
	for (i = weir_config_tree_first(f->p.t, n); i && len < sizeof(text);
	     i = weir_config_tree_next(f->p.t, i))
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
					len ? "," : "",
					weir_config_tree_text(f->p.t, i));
	if (len >= sizeof(text))
		return REFUSE(f, n,
			      "net: this list is too long, it has three "
			      "words at most");
	return weir_order_net(to, text, why) ||
	       refuse_value(f, n, "net", text, why);
}

/* ---- dns ---- */

static bool put_host(struct fill *f, const char *name, const char *addr,
		     const struct weir_config_node *n)
{
	char text[HOST_BYTES], why[WEIR_ORDER_WHY_BYTES];

	snprintf(text, sizeof(text), "%s%s%s", name, *name ? "=" : "", addr);
	return weir_order_host(f->o, text, why) ||
	       refuse_value(f, n, "dns.hosts", text, why);
}

/* [NAME=ADDR], {NAME: ADDR} or {NAME: [ADDR, ADDR]} */
static bool fill_hosts(struct fill *f, const struct weir_config_node *n)
{
	const struct weir_config_tree *t = f->p.t;
	const struct weir_config_node *i, *j;

	if (!n)
		return true;
	if (n->kind != WEIR_CONFIG_LIST && n->kind != WEIR_CONFIG_MAPPING)
		return REFUSE(f, n,
			      "dns.hosts: names with their addresses are "
			      "needed, for example {db.internal: 10.1.2.3}");
	for (i = weir_config_tree_first(t, n); i;
	     i = weir_config_tree_next(t, i)) {
		const char *name = weir_config_tree_key(t, i);

		if (i->kind == WEIR_CONFIG_TEXT) {
			if (!put_host(f, name, weir_config_tree_text(t, i), i))
				return false;
			continue;
		}
		if (n->kind == WEIR_CONFIG_LIST)
			return REFUSE(f, i,
				      "dns.hosts: NAME=ADDR is needed, for "
				      "example db.internal=10.1.2.3");
		if (!weir_config_match(t, i, &weir_config_schema_list,
				       "dns.hosts", f->p.why))
			return false;
		for (j = weir_config_tree_first(t, i); j;
		     j = weir_config_tree_next(t, j))
			if (!put_host(f, name, weir_config_tree_text(t, j), j))
				return false;
	}
	return true;
}

static bool fill_servers(struct fill *f, const struct weir_config_dns *dns,
			 const struct weir_config_node *list)
{
	const struct weir_config_node *n = weir_config_tree_first(f->p.t, list);
	char why[WEIR_ORDER_WHY_BYTES];

	for (uint32_t i = 0; i < dns->n_servers; i++) {
		if (!weir_order_dns(f->o, dns->servers[i],
				    weir_config_put_where(&f->p, n), why))
			return refuse_value(f, n, "dns.servers",
					    dns->servers[i], why);
		n = weir_config_tree_next(f->p.t, n);
	}
	return true;
}

/* the orders borrow what the settings keep */
static bool fill_search(struct fill *f, const struct weir_config_dns *dns,
			const struct weir_config_node *list)
{
	struct weir_settings_list *kept = &f->p.s->search;
	const struct weir_config_node *n = weir_config_tree_first(f->p.t, list);
	char why[WEIR_ORDER_WHY_BYTES];

	if (!weir_config_put_list(&f->p, kept, dns->search, dns->n_search,
				  list))
		return false;
	for (size_t i = kept->n - dns->n_search; i < kept->n; i++) {
		if (!weir_order_search(f->o, kept->at[i].text, why))
			return refuse_value(f, n, "dns.search",
					    kept->at[i].text, why);
		n = weir_config_tree_next(f->p.t, n);
	}
	return true;
}

static bool fill_dns(struct fill *f, const struct weir_config_dns *dns,
		     const struct weir_config_node *n)
{
	static const struct span timeout = { "dns", "timeout_ms",
					     WEIR_PLAN_DNS_MIN_MS,
					     WEIR_PLAN_DNS_MAX_MS };
	static const struct span cache = { "dns", "cache_entries", 0,
					   WEIR_DNS_CACHE_ENTRIES };
	struct weir_orders *o = f->o;

	if (!fill_hosts(f, find(f, n, "hosts")))
		return false;
	if (!dns)
		return true;
	if (dns->cache_entries) {
		if (!check_number(f, &cache, *dns->cache_entries, n))
			return false;
		o->has_dns_cache = true;
		o->dns_cache_entries = *dns->cache_entries;
	}
	return fill_servers(f, dns, find(f, n, "servers")) &&
	       fill_search(f, dns, find(f, n, "search")) &&
	       put_number(f, &timeout, dns->timeout_ms, n, &o->dns_timeout_ms);
}

/* ---- interface, limits, publish ---- */

/* the place of @key, for weir_plan_make(); the settings keep the text */
static bool keep_place(struct fill *f, const struct weir_config_node *in,
		       const char *key, const char **to)
{
	const struct weir_config_node *n = find(f, in, key);
	struct weir_settings_list *kept = &f->p.s->places;

	if (!n)
		return true;
	if (!weir_settings_add(kept, key, weir_config_put_where(&f->p, n)))
		return weir_config_put_none(&f->p, n);
	*to = kept->at[kept->n - 1].where;
	return true;
}

static bool fill_interface(struct fill *f,
			   const struct weir_config_interface *from,
			   const struct weir_config_node *n)
{
	static const struct span mtu = { "interface", "mtu", WEIR_MTU_MIN,
					 WEIR_MTU_MAX };
	struct weir_orders *o = f->o;
	bool six = o->six != WEIR_PLAN_IPV6_AUTO;

	if (!from)
		return true;
	if ((!o->has_ipv4 && !keep_place(f, n, "ipv4", &o->place.ipv4)) ||
	    (!o->has_gateway &&
	     !keep_place(f, n, "gateway", &o->place.gateway)) ||
	    (!six && !keep_place(f, n, "ipv6", &o->place.ipv6)))
		return false;
	return put_number(f, &mtu, from->mtu, n, &o->mtu) &&
	       put(f, weir_order_ipv4, o->has_ipv4, from->ipv4,
		   find(f, n, "ipv4")) &&
	       put(f, weir_order_gateway, o->has_gateway, from->gateway,
		   find(f, n, "gateway")) &&
	       put(f, weir_order_ipv6, six, from->ipv6, find(f, n, "ipv6")) &&
	       put(f, weir_order_mac, o->has_mac, from->mac, find(f, n, "mac"));
}

static bool put_rate(struct fill *f, const char *text,
		     const struct weir_config_node *n,
		     struct weir_charter_rate *to)
{
	struct weir_charter_rate r;
	const char *why = "";

	if (!text)
		return true;
	if (!weir_plan_parse_rate(text, &r, &why))
		return REFUSE(f, n, "limits.%s %.64s: %s",
			      weir_config_tree_key(f->p.t, n), text, why);
	if (to->bytes_per_s == 0 && to->packets_per_s == 0)
		*to = r;
	return true;
}

static bool fill_limits(struct fill *f, const struct weir_config_limits *from,
			const struct weir_config_node *n)
{
	static const struct span flows = { "limits", "flows", 1,
					   WEIR_CONNS_MAX };
	static const struct span pace = { "limits", "flows_per_second", 1,
					  WEIR_CHARTER_FLOWS_PER_SECOND_MAX };
	static const struct span idle = { "limits", "idle_s", 1,
					  WEIR_PLAN_IDLE_MAX_S };
	static const struct span udp = { "limits", "udp_conversations", 1,
					 WEIR_UDP_CONVERSATIONS_MAX };
	static const struct span payload = { "limits", "payload_bytes",
					     WEIR_CHUNK_BYTES,
					     WEIR_PLAN_PAYLOAD_MAX_BYTES };
	struct weir_orders *o = f->o;

	if (!from)
		return true;
	if (from->payload_bytes) {
		if (!check_number(f, &payload, *from->payload_bytes, n))
			return false;
		o->payload_bytes = *from->payload_bytes;
	}
	return put_number(f, &flows, from->flows, n, &o->max_flows) &&
	       put_number(f, &pace, from->flows_per_second, n,
			  &o->flows_per_second) &&
	       put_number(f, &idle, from->idle_s, n, &o->idle_s) &&
	       put_number(f, &udp, from->udp_conversations, n,
			  &o->udp_conversations) &&
	       put_rate(f, from->up, find(f, n, "up"), &o->up) &&
	       put_rate(f, from->down, find(f, n, "down"), &o->down);
}

/* a SPEC, or {port: SPEC, preserve_source: true} */
static bool put_port(struct fill *f, const struct weir_config_node *n)
{
	const struct weir_config_tree *t = f->p.t;
	const struct weir_config_node *spec = n, *keep = NULL;
	char why[WEIR_ORDER_WHY_BYTES];
	bool kept;

	if (n->kind == WEIR_CONFIG_MAPPING) {
		if (!weir_config_match(t, n, &weir_config_schema_port,
				       "publish", f->p.why))
			return false;
		spec = find(f, n, "port");
		keep = find(f, n, "preserve_source");
	} else if (n->kind != WEIR_CONFIG_TEXT) {
		return REFUSE(f, n,
			      "publish: a port is needed, for example "
			      "\"8080:80\" or {port: \"8080:80\"}");
	}
	kept = keep && strcmp(weir_config_tree_text(t, keep), "true") == 0;
	return weir_order_publish(f->o, weir_config_tree_text(t, spec), kept,
				  why) ||
	       refuse_value(f, spec, "publish", weir_config_tree_text(t, spec),
			    why);
}

static bool fill_publish(struct fill *f, const struct weir_config_node *n)
{
	const struct weir_config_node *i;

	if (!n)
		return true;
	if (n->kind != WEIR_CONFIG_LIST)
		return REFUSE(f, n,
			      "publish: a list is needed, for example "
			      "[\"8080:80\"]");
	for (i = weir_config_tree_first(f->p.t, n); i;
	     i = weir_config_tree_next(f->p.t, i))
		if (!put_port(f, i))
			return false;
	return true;
}

bool weir_config_fill(const struct weir_config_tree *t,
		      const struct weir_config_raw *raw, struct weir_orders *o,
		      struct weir_settings *s, char why[WEIR_CONFIG_WHY_BYTES])
{
	static const struct weir_config_raw nothing;
	const struct weir_config_raw *r = raw ? raw : &nothing;
	const struct weir_config_node *root = t->node;
	struct weir_orders *spare = calloc(1, sizeof(*spare));
	struct fill f = { .p = { .t = t, .s = s }, .o = o, .spare = spare };
	bool ok;

	f.p.why = why;
	if (!spare)
		return weir_config_put_none(&f.p, root);
	ok = fill_net(&f, find(&f, root, "net")) &&
	     fill_dns(&f, r->dns, find(&f, root, "dns")) &&
	     fill_interface(&f, r->interface, find(&f, root, "interface")) &&
	     fill_limits(&f, r->limits, find(&f, root, "limits")) &&
	     fill_publish(&f, find(&f, root, "publish")) &&
	     weir_config_entries_fill(&f.p, r, root);
	free(spare);
	return ok;
}
