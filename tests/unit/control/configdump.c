/* SPDX-License-Identifier: Apache-2.0 */
/* configdump.c - orders and settings as lines, for .ok files */
#include "configdump.h"

#include "base/text.h"
#include "record/event.h"

static void list(FILE *to, const char *name, const struct weir_settings_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		fprintf(to, "%s: %s (%s)\n", name, l->at[i].text,
			l->at[i].where);
}

static void text(FILE *to, const char *name, const char *v)
{
	if (v)
		fprintf(to, "%s: %s\n", name, v);
}

static void flag(FILE *to, const char *name, bool v)
{
	if (v)
		fprintf(to, "%s\n", name);
}

static void number(FILE *to, const char *name, uint64_t v)
{
	if (v)
		fprintf(to, "%s: %llu\n", name, (unsigned long long)v);
}

static void address(FILE *to, const char *name, const struct weir_addr *a,
		    unsigned v)
{
	char room[WEIR_TEXT_ADDR_BYTES];
	struct weir_text t = weir_text_over(room, sizeof(room));

	weir_text_add_addr(&t, a);
	fprintf(to, "%s: %s %u\n", name, room, v);
}

static void rate(FILE *to, const char *name, const struct weir_charter_rate *r)
{
	if (r->bytes_per_s || r->packets_per_s)
		fprintf(to, "%s: %llu B/s, %llu pps, burst %llu\n", name,
			(unsigned long long)r->bytes_per_s,
			(unsigned long long)r->packets_per_s,
			(unsigned long long)r->burst_bytes);
}

static void dump_interface(FILE *to, const struct weir_orders *o)
{
	number(to, "mtu", o->mtu);
	if (o->has_ipv4)
		address(to, "ipv4", &o->ipv4, o->len4);
	if (o->has_gateway)
		address(to, "gateway", &o->gateway, 32);
	flag(to, "ipv6: off", o->six == WEIR_PLAN_IPV6_OFF);
	if (o->six == WEIR_PLAN_IPV6_GIVEN)
		address(to, "ipv6", &o->ipv6, o->len6);
	if (o->has_mac)
		fprintf(to, "mac: %02x..%02x\n", o->mac.b[0], o->mac.b[5]);
	text(to, "place ipv4", o->place.ipv4);
	text(to, "place gateway", o->place.gateway);
	text(to, "place ipv6", o->place.ipv6);
}

static void dump_orders(FILE *to, const struct weir_orders *o)
{
	for (uint32_t i = 0; i < o->n_dns; i++)
		address(to, o->dns[i].name[0] ? o->dns[i].name : "dns",
			&o->dns[i].addr, o->dns[i].port);
	for (uint32_t i = 0; i < o->n_search; i++)
		text(to, "search", o->search[i]);
	for (uint32_t i = 0; i < o->n_hosts; i++)
		address(to, o->host[i].name, &o->host[i].addr, 0);
	number(to, "dns timeout", o->dns_timeout_ms);
	if (o->has_dns_cache)
		fprintf(to, "dns cache: %u\n", o->dns_cache_entries);
	dump_interface(to, o);
	for (uint32_t i = 0; i < o->n_publish; i++)
		fprintf(to, "publish: %u -> %u, %u of %s%s\n",
			o->publish[i].host, o->publish[i].guest,
			o->publish[i].n, o->publish[i].udp ? "udp" : "tcp",
			o->preserve_source[i] ? ", source kept" : "");
	number(to, "flows", o->max_flows);
	number(to, "flows per second", o->flows_per_second);
	number(to, "payload", o->payload_bytes);
	number(to, "idle", o->idle_s);
	number(to, "udp", o->udp_conversations);
	rate(to, "up", &o->up);
	rate(to, "down", &o->down);
}

static void dump_secret(FILE *to, const struct weir_settings_secret *e)
{
	fprintf(to, "secret: %s (%s)\n", e->name, e->where);
	list(to, "  host", &e->hosts);
	text(to, "  from", e->from);
	text(to, "  placeholder", e->placeholder);
	list(to, "  in", &e->in);
	text(to, "  on leak", e->on_leak);
	list(to, "  passthrough", &e->passthrough);
	flag(to, "  plain http", e->plain_http);
	if (e->has_ttl)
		number(to, "  ttl", e->ttl_s);
}

static void dump_entries(FILE *to, const struct weir_settings *s)
{
	for (size_t i = 0; i < s->n_groups; i++) {
		fprintf(to, "group: %s (%s)\n", s->group[i].name,
			s->group[i].where);
		list(to, "  member", &s->group[i].members);
	}
	for (size_t i = 0; i < s->n_http; i++) {
		fprintf(to, "http: %s (%s)\n", s->http[i].host,
			s->http[i].where);
		list(to, "  allow", &s->http[i].allow);
		list(to, "  deny", &s->http[i].deny);
	}
	for (size_t i = 0; i < s->n_secrets; i++)
		dump_secret(to, &s->secret[i]);
}

static void dump_record(FILE *to, const struct weir_settings *s)
{
	text(to, "log", s->log);
	for (unsigned k = 1; k < WEIR_EVENT_KINDS; k++)
		if (s->events & 1u << k)
			text(to, "event",
			     weir_event_name((enum weir_event_kind)k));
	text(to, "metrics", s->metrics);
	text(to, "capture", s->capture);
	text(to, "control", s->control);
}

void config_dump(FILE *to, const struct weir_orders *o,
		 const struct weir_settings *s)
{
	char why[256];

	if (s->has_net)
		fprintf(to, "net: %u\n", s->net);
	list(to, "line rule", &s->line_rules);
	list(to, "rule", &s->rules);
	list(to, "bound", &s->bounds);
	flag(to, "multi-tenant", s->multi_tenant);
	flag(to, "on_deny: drop", s->drop);
	if (s->has_quic)
		text(to, "quic", s->quic_pin ? "pin" : "refuse");
	flag(to, "no rebinding protection", s->no_rebind);
	list(to, "private name", &s->private_names);
	list(to, "dns by tls", &s->dns_tls);
	dump_entries(to, s);
	list(to, "intercept", &s->intercept);
	list(to, "bypass", &s->bypass);
	list(to, "upstream ca", &s->upstream_ca);
	list(to, "insecure", &s->insecure);
	text(to, "ca cert", s->ca_cert);
	text(to, "ca key", s->ca_key);
	flag(to, "reflection: strict", s->reflection_strict);
	dump_record(to, s);
	dump_orders(to, o);
	if (!weir_settings_is_ready(s, why, sizeof(why)))
		text(to, "later", why);
}
