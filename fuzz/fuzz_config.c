/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_config.c - a configuration is understood or refused with its place;
 * what is understood keeps to its bounds, and has a text and a place each
 */
#include "control/config.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_list(const struct weir_settings_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		check(l->at[i].text[0] != 0);
		check(strncmp(l->at[i].where, "f:", 2) == 0);
	}
}

static void check_orders(const struct weir_orders *o)
{
	uint32_t ports = 0;

	check(o->n_dns <= WEIR_DNS_UPSTREAMS_MAX);
	check(o->n_search <= WEIR_RESOLVERS_SEARCH_MAX);
	check(o->n_hosts <= WEIR_CHARTER_HOSTS_MAX);
	check(o->n_publish <= WEIR_PUBLISH_SPECS_MAX);
	for (uint32_t i = 0; i < o->n_dns; i++)
		check(o->dns[i].port != 0);
	for (uint32_t i = 0; i < o->n_search; i++)
		check(o->search[i][0] != 0);
	for (uint32_t i = 0; i < o->n_publish; i++)
		ports += o->publish[i].n;
	check(ports <= WEIR_DOORS_MAX);
	check(o->max_flows <= WEIR_CONNS_MAX);
	check(o->mtu == 0 ||
	      (o->mtu >= WEIR_MTU_MIN && o->mtu <= WEIR_MTU_MAX));
}

static void check_settings(const struct weir_settings *s)
{
	check_list(&s->rules);
	check_list(&s->bounds);
	check_list(&s->private_names);
	check_list(&s->intercept);
	check_list(&s->bypass);
	check_list(&s->insecure);
	check_list(&s->upstream_ca);
	check(s->line_rules.n == 0);
	for (size_t i = 0; i < s->n_groups; i++) {
		check(s->group[i].name[0] != 0);
		check_list(&s->group[i].members);
	}
	for (size_t i = 0; i < s->n_http; i++) {
		check(s->http[i].host[0] != 0);
		check_list(&s->http[i].allow);
		check_list(&s->http[i].deny);
	}
	for (size_t i = 0; i < s->n_secrets; i++) {
		check(s->secret[i].name[0] != 0 && s->secret[i].hosts.n > 0);
		check_list(&s->secret[i].hosts);
		check_list(&s->secret[i].in);
	}
	check(s->net == 0 || s->has_net);
	check(s->net <= WEIR_SETTINGS_ALL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct weir_orders o;
	char why[WEIR_CONFIG_WHY_BYTES] = "";
	struct weir_settings s;
	bool ok;

	memset(&o, 0, sizeof(o));
	weir_settings_init(&s);
	o.settings = &s;
	ok = weir_config_parse(data, size, "f", &o, &s, why);
	check(ok == (why[0] == 0));
	check(ok || strncmp(why, "f:", 2) == 0);
	if (ok) {
		check_orders(&o);
		check_settings(&s);
	} else {
		/* libcyaml has nothing left to refuse */
		check(strncmp(why, "f: it cannot be loaded", 22) != 0);
	}
	weir_settings_fini(&s);
	return 0;
}
