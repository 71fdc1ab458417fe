/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_show.c - a policy and a verdict, for people and for programs
 *
 * A policy is gathered into one JSON value; what people read is printed from
 * the same value, so that both say the same.
 */
#include "check_show.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* texts are UTF-8 but for the paths of files: these are shown escaped */
static json_t *text_n(const char *s, size_t len)
{
	json_t *j = json_stringn(s, len);
	struct weir_text t;
	char *mem;

	if (j)
		return j;
	mem = malloc(4 * len + 1);
	if (!mem)
		return NULL;
	t = weir_text_over(mem, 4 * len + 1);
	weir_text_add_escaped(&t, s, len);
	j = json_stringn(mem, t.len);
	free(mem);
	return j;
}

static json_t *text(const char *s)
{
	return s ? text_n(s, strlen(s)) : json_null();
}

/* --- a verdict --- */

static const char *said(enum weir_judge_said s)
{
	switch (s) {
	case WEIR_JUDGE_ALLOW:
		return "allow";
	case WEIR_JUDGE_DENY:
		return "deny";
	case WEIR_JUDGE_DEFER:
		return "defer";
	}
	return "?";
}

static json_t *rule_of(const struct weir_judge_verdict *v)
{
	switch (v->by) {
	case WEIR_JUDGE_BY_RULE:
		return json_integer(v->rule);
	case WEIR_JUDGE_BY_BOUNDS:
		return json_sprintf("bounds %u", v->rule);
	case WEIR_JUDGE_BY_DEFAULT:
		return json_string("default");
	case WEIR_JUDGE_BY_NOTHING:
		break;
	}
	return json_null();
}

static bool show_json(const struct weir_rulebook_answer *a)
{
	const struct weir_judge_verdict *v = &a->verdict;
	bool has = v->said == WEIR_JUDGE_DENY;
	json_t *j = json_pack("{s:s, s:o, s:o, s:o}", "verdict", said(v->said),
			      "rule", rule_of(v), "text",
			      a->text ? text_n(a->text, a->len) : json_null(),
			      "reason",
			      has ? json_string(weir_reason_name(v->reason))
				  : json_null());
	bool ok = j && json_dumpf(j, stdout, JSON_COMPACT) == 0;

	json_decref(j);
	return ok && putchar('\n') != EOF;
}

/* the reason goes without saying if a rule denies because it does */
static bool is_plain(const struct weir_judge_verdict *v)
{
	return v->said != WEIR_JUDGE_DENY ||
	       (v->by == WEIR_JUDGE_BY_RULE && v->reason == WEIR_REASON_RULE) ||
	       (v->by == WEIR_JUDGE_BY_BOUNDS &&
		v->reason == WEIR_REASON_BOUNDS);
}

bool weir_check_show_verdict(const struct weir_rulebook_answer *a, bool json)
{
	const struct weir_judge_verdict *v = &a->verdict;

	if (json)
		return show_json(a);
	printf("%-5s  ", said(v->said));
	switch (v->by) {
	case WEIR_JUDGE_BY_RULE:
		printf("rule %u", v->rule);
		break;
	case WEIR_JUDGE_BY_BOUNDS:
		printf("bounds %u", v->rule);
		break;
	case WEIR_JUDGE_BY_DEFAULT:
		printf("default");
		break;
	case WEIR_JUDGE_BY_NOTHING:
		printf("no rule");
		break;
	}
	if (a->text)
		printf(": %.*s", (int)a->len, a->text);
	if (!is_plain(v))
		printf(" (%s)", weir_reason_name(v->reason));
	return putchar('\n') != EOF && fflush(stdout) == 0;
}

/* --- a policy as JSON --- */

static json_t *list_of(const struct weir_settings_list *l)
{
	json_t *j = json_array();

	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(j, text(l->at[i].text));
	return j;
}

static json_t *rules_of(const struct weir_rulebook_line *l, uint32_t n)
{
	json_t *j = json_array();

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(j, json_pack("{s:i, s:o, s:o}", "n",
						   (int)i + 1, "text",
						   text(l[i].text), "where",
						   text(l[i].where)));
	return j;
}

static json_t *net_of(uint32_t net)
{
	static const struct {
		uint32_t bit;
		const char *word;
	} word[] = { { WEIR_SETTINGS_PUBLIC, "public" },
		     { WEIR_SETTINGS_PRIVATE, "private" },
		     { WEIR_SETTINGS_HOST, "host" },
		     { WEIR_SETTINGS_ALL, "all" } };
	json_t *j = json_array();

	for (size_t i = 0; i < COUNT(word); i++)
		if (net & word[i].bit)
			json_array_append_new(j, json_string(word[i].word));
	return j;
}

static json_t *addr_of(const struct weir_addr *a)
{
	char mem[WEIR_TEXT_ADDR_BYTES];
	struct weir_text t = weir_text_over(mem, sizeof(mem));

	weir_text_add_addr(&t, a);
	return json_string(mem);
}

static json_t *endpoint_of(const struct weir_charter_upstream *u)
{
	char mem[WEIR_TEXT_ENDPOINT_BYTES];
	struct weir_text t = weir_text_over(mem, sizeof(mem));

	weir_text_add_endpoint(&t, &u->addr, u->port);
	return u->name[0] ? json_sprintf("tls://%s@%s", u->name, mem)
			  : json_string(mem);
}

static json_t *cidr_of(const struct weir_addr *a, unsigned len)
{
	char mem[WEIR_TEXT_ADDR_BYTES];
	struct weir_text t = weir_text_over(mem, sizeof(mem));

	weir_text_add_addr(&t, a);
	return json_sprintf("%s/%u", mem, len);
}

static json_t *dns_of(const struct weir_check_policy *p)
{
	const struct weir_orders *o = p->o;
	const struct weir_settings *s = p->s;
	json_t *servers = json_array(), *search = json_array();
	json_t *hosts = json_object();

	for (uint32_t i = 0; i < o->n_dns; i++)
		json_array_append_new(servers, endpoint_of(&o->dns[i]));
	for (uint32_t i = 0; i < o->n_search; i++)
		json_array_append_new(search, text(o->search[i]));
	for (uint32_t i = 0; i < o->n_hosts; i++)
		json_object_set_new(hosts, o->host[i].name,
				    addr_of(&o->host[i].addr));
	return json_pack("{s:o, s:o, s:o, s:b, s:o}", "servers", servers,
			 "search", search, "hosts", hosts, "rebind_protection",
			 !s->no_rebind || s->multi_tenant, "private_names",
			 list_of(&s->private_names));
}

static json_t *groups_of(const struct weir_settings *s)
{
	json_t *j = json_object();

	for (size_t i = 0; i < s->n_groups; i++)
		json_object_set_new(j, s->group[i].name,
				    list_of(&s->group[i].members));
	return j;
}

static json_t *http_of(const struct weir_settings *s)
{
	json_t *j = json_array();

	for (size_t i = 0; i < s->n_http; i++)
		json_array_append_new(j,
				      json_pack("{s:o, s:o, s:o}", "host",
						text(s->http[i].host), "allow",
						list_of(&s->http[i].allow),
						"deny",
						list_of(&s->http[i].deny)));
	return j;
}

/* never a value, nor where it comes from */
static json_t *secrets_of(const struct weir_settings *s)
{
	json_t *j = json_array();

	for (size_t i = 0; i < s->n_secrets; i++)
		json_array_append_new(j,
				      json_pack("{s:o, s:o}", "name",
						text(s->secret[i].name),
						"hosts",
						list_of(&s->secret[i].hosts)));
	return j;
}

static json_t *network_of(const struct weir_charter *c)
{
	json_t *j = json_pack("{s:o, s:o, s:o}", "ipv4",
			      cidr_of(&c->guest4, c->len4), "gateway",
			      addr_of(&c->gateway4), "dns", addr_of(&c->dns4));

	if (!c->has6)
		return j;
	json_object_set_new(j, "ipv6", cidr_of(&c->guest6, c->len6));
	json_object_set_new(j, "gateway6", addr_of(&c->gateway6));
	json_object_set_new(j, "dns6", addr_of(&c->dns6));
	return j;
}

static json_t *warnings_of(const struct weir_lint *l)
{
	json_t *j = json_array();

	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(j, text(l->at[i]));
	if (l->left_out)
		json_array_append_new(j, json_sprintf("there are %zu more",
						      l->left_out));
	return j;
}

static json_t *policy_of(const struct weir_check_policy *p)
{
	const struct weir_settings *s = p->s;
	json_t *tls =
		json_pack("{s:o, s:o, s:o}", "intercept",
			  list_of(&s->intercept), "bypass", list_of(&s->bypass),
			  "insecure", list_of(&s->insecure));

	return json_pack(
		"{s:o, s:o, s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, "
		"s:o, s:o}",
		"bounds", rules_of(p->order->bound, p->order->n_bounds),
		"rules", rules_of(p->order->rule, p->order->n_rules), "net",
		net_of(p->order->net), "default_out",
		p->order->allow_out ? "allow" : "deny", "default_in", "allow",
		"on_deny", s->drop ? "drop" : "refuse", "quic",
		s->quic_pin ? "pin" : "refuse", "groups", groups_of(s), "dns",
		dns_of(p), "tls", tls, "http", http_of(s), "secrets",
		secrets_of(s), "network", network_of(p->net), "warnings",
		warnings_of(p->lint));
}

/* --- for people --- */

static const char *string_at(json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));

	return s ? s : "";
}

static void print_rules(json_t *list, const char *lead)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *r = json_array_get(list, i);

		printf("  %s%-3zu %s   (%s)\n", lead, i + 1,
		       string_at(r, "text"), string_at(r, "where"));
	}
}

/* a, b, c; or @none; nothing at all if that is NULL */
static void print_list(const char *what, json_t *list, const char *none)
{
	size_t n = json_array_size(list);

	if (n == 0 && none)
		printf("%-12s %s\n", what, none);
	for (size_t i = 0; i < n; i++) {
		if (i == 0)
			printf("%-12s ", what);
		printf("%s%s", json_string_value(json_array_get(list, i)),
		       i + 1 < n ? ", " : "\n");
	}
}

static void print_dns(json_t *dns)
{
	json_t *hosts = json_object_get(dns, "hosts");
	bool on = json_is_true(json_object_get(dns, "rebind_protection"));

	print_list("dns servers", json_object_get(dns, "servers"),
		   "those of this host");
	print_list("dns search", json_object_get(dns, "search"), NULL);
	for (void *h = json_object_iter(hosts); h;
	     h = json_object_iter_next(hosts, h))
		printf("%-12s %s is %s\n", "dns host", json_object_iter_key(h),
		       json_string_value(json_object_iter_value(h)));
	printf("%-12s %s\n", "rebinding",
	       on ? "answers with addresses that are not public are removed"
		  : "no protection");
	if (on)
		print_list("  but for", json_object_get(dns, "private_names"),
			   NULL);
}

static void print_groups(json_t *groups)
{
	for (void *g = json_object_iter(groups); g;
	     g = json_object_iter_next(groups, g)) {
		printf("%-12s %s\n", "group", json_object_iter_key(g));
		print_list("  members", json_object_iter_value(g), "none");
	}
}

static void print_hosts(json_t *http, json_t *secrets)
{
	for (size_t i = 0; i < json_array_size(http); i++) {
		json_t *e = json_array_get(http, i);

		printf("%-12s %s\n", "http", string_at(e, "host"));
		print_list("  deny", json_object_get(e, "deny"), NULL);
		print_list("  allow", json_object_get(e, "allow"), "nothing");
	}
	for (size_t i = 0; i < json_array_size(secrets); i++) {
		json_t *e = json_array_get(secrets, i);

		printf("%-12s %s\n", "secret", string_at(e, "name"));
		print_list("  for", json_object_get(e, "hosts"), "no host");
	}
}

/* Only where plaintext is seen a leak is seen. */
static void print_tls(json_t *j)
{
	json_t *tls = json_object_get(j, "tls");
	bool hosts = json_array_size(json_object_get(j, "http")) ||
		     json_array_size(json_object_get(j, "secrets"));

	if (json_array_size(json_object_get(tls, "intercept"))) {
		print_list("intercept", json_object_get(tls, "intercept"),
			   NULL);
		print_list("  but for", json_object_get(tls, "bypass"), NULL);
	} else {
		printf("%-12s %s\n", "intercept",
		       hosts ? "hosts of secrets and of http entries; TLS to "
			       "all others is not looked at"
			     : "nothing");
	}
	print_list("insecure", json_object_get(tls, "insecure"), NULL);
}

static void print_policy(json_t *j)
{
	json_t *net = json_object_get(j, "network");

	if (json_array_size(json_object_get(j, "bounds"))) {
		puts("bounds, asked first, what they deny stays denied:");
		print_rules(json_object_get(j, "bounds"), "bounds ");
	}
	puts("rules, the first that matches decides:");
	print_rules(json_object_get(j, "rules"), "");
	printf("%-12s %s\n", "default out", string_at(j, "default_out"));
	printf("%-12s %s\n", "default in", "allow, to published ports");
	print_list("net", json_object_get(j, "net"), "none");
	printf("%-12s %s\n", "on_deny", string_at(j, "on_deny"));
	printf("%-12s %s\n", "quic", string_at(j, "quic"));
	print_dns(json_object_get(j, "dns"));
	print_tls(j);
	print_groups(json_object_get(j, "groups"));
	print_hosts(json_object_get(j, "http"), json_object_get(j, "secrets"));
	printf("%-12s %s, gateway %s, dns %s\n", "guest",
	       string_at(net, "ipv4"), string_at(net, "gateway"),
	       string_at(net, "dns"));
	if (json_object_get(net, "ipv6"))
		printf("%-12s %s, gateway %s, dns %s\n", "",
		       string_at(net, "ipv6"), string_at(net, "gateway6"),
		       string_at(net, "dns6"));
}

bool weir_check_show_policy(const struct weir_check_policy *p, bool json)
{
	json_t *j = policy_of(p);
	bool ok = j != NULL;

	if (ok && json)
		ok = json_dumpf(j, stdout, JSON_INDENT(2)) == 0 &&
		     putchar('\n') != EOF;
	else if (ok)
		print_policy(j);
	json_decref(j);
	return ok && fflush(stdout) == 0 && !ferror(stdout);
}
