/* SPDX-License-Identifier: Apache-2.0 */
/*
 * values_policy.c - what is allowed and recorded, from the command line
 *
 * options.c has looked: the orders have settings.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/order.h"
#include "control/settings.h"
#include "say.h"
#include "values.h"

static int no_memory(void)
{
	return weir_say_error("memory is short");
}

static int empty(const char *name, const char *takes)
{
	return weir_say_error("--%s: %s is needed", name, takes);
}

int weir_values_read_config(struct weir_orders *o, const char *v)
{
	if (!*v)
		return empty("config", "a file");
	if (o->config)
		return weir_say_error("--config %s: %s is read already, there "
				      "is one file",
				      v, o->config);
	o->config = v;
	return 0;
}

static int add_rule(struct weir_orders *o, const char *action, const char *v,
		    const char *where)
{
	size_t room = strlen(action) + strlen(v) + 1;
	char *rule = malloc(room);
	bool ok;

	if (!rule)
		return no_memory();
	snprintf(rule, room, "%s%s", action, v);
	ok = weir_settings_add(&o->settings->line_rules, rule, where);
	free(rule);
	return ok ? 0 : no_memory();
}

int weir_values_read_allow(struct weir_orders *o, const char *v)
{
	return add_rule(o, "allow ", v, "--allow");
}

int weir_values_read_deny(struct weir_orders *o, const char *v)
{
	return add_rule(o, "deny ", v, "--deny");
}

int weir_values_read_rule(struct weir_orders *o, const char *v)
{
	return add_rule(o, "", v, "--rule");
}

int weir_values_read_multi_tenant(struct weir_orders *o, const char *v)
{
	(void)v;
	o->settings->multi_tenant = true;
	return 0;
}

int weir_values_read_no_rebind(struct weir_orders *o, const char *v)
{
	(void)v;
	o->settings->no_rebind = true;
	return 0;
}

/* one text to a list, and the note that it was said */
static int add(struct weir_settings *s, struct weir_settings_list *to,
	       const char *v, const char *key, const char *where)
{
	if (!weir_settings_add(to, v, where) ||
	    !weir_settings_note(s, key, where))
		return no_memory();
	return 0;
}

int weir_values_read_intercept(struct weir_orders *o, const char *v)
{
	struct weir_settings *s = o->settings;

	for (const char *at = v;; at += strcspn(at, ",") + 1) {
		size_t n = strcspn(at, ",");
		char one[16];

		if (n >= sizeof(one) || !weir_order_is_ports(at, n))
			return weir_say_error("--intercept %s: ports are "
					      "needed, for example 443 or "
					      "443,8000-8999",
					      v);
		memcpy(one, at, n);
		one[n] = 0;
		if (add(s, &s->intercept, one, "tls.intercept", "--intercept"))
			return 2;
		if (!at[n])
			return 0;
	}
}

int weir_values_read_bypass(struct weir_orders *o, const char *v)
{
	if (!*v)
		return empty("bypass", "a name");
	return add(o->settings, &o->settings->bypass, v, "tls.bypass",
		   "--bypass");
}

int weir_values_read_upstream_ca(struct weir_orders *o, const char *v)
{
	if (!*v)
		return empty("upstream-ca", "a file");
	return add(o->settings, &o->settings->upstream_ca, v, "tls.upstream_ca",
		   "--upstream-ca");
}

int weir_values_read_insecure(struct weir_orders *o, const char *v)
{
	if (!*v)
		return empty("insecure", "a name");
	return add(o->settings, &o->settings->insecure, v, "tls.insecure",
		   "--insecure");
}

int weir_values_read_quic(struct weir_orders *o, const char *v)
{
	bool pin = strcmp(v, "pin") == 0;

	if (!pin && strcmp(v, "refuse") != 0)
		return weir_say_error("--quic %s: it is refuse or pin", v);
	o->settings->has_quic = true;
	o->settings->quic_pin = pin;
	return 0;
}

/* HOST[,HOST...] */
static int add_hosts(struct weir_settings_secret *e, const char *hosts)
{
	char *copy = strdup(hosts), *rest = copy;
	bool ok = copy;

	while (ok && rest)
		ok = weir_settings_add(&e->hosts, strsep(&rest, ","),
				       "--secret");
	free(copy);
	return ok ? 0 : no_memory();
}

int weir_values_read_secret(struct weir_orders *o, const char *v)
{
	struct weir_settings *s = o->settings;
	const char *at = strchr(v, '@');
	struct weir_settings_secret *e;
	char *from = NULL;

	/* the text is not repeated: it may be a secret that came here astray */
	if (!at || !weir_order_is_variable(v, (size_t)(at - v)) || !at[1] ||
	    at[1] == ',' || strstr(at, ",,") || at[strlen(at) - 1] == ',')
		return weir_say_error("--secret: NAME@HOST is needed, for "
				      "example API_KEY@api.example.com; the "
				      "value comes from the environment");
	if (asprintf(&from, "env:%.*s", (int)(at - v), v) < 0)
		return no_memory();
	for (size_t i = 0; i < s->n_secrets; i++)
		if (strcmp(s->secret[i].name, from + 4) == 0) {
			free(from);
			return weir_say_error("--secret %s: this name is there "
					      "already, give all hosts at "
					      "once: NAME@HOST,HOST",
					      v);
		}
	e = weir_settings_add_secret(s, from + 4, "--secret");
	if (!e || !weir_settings_note(s, "secrets", "--secret")) {
		free(from);
		return no_memory();
	}
	e->from = from;
	return add_hosts(e, at + 1);
}

static int set(char **to, const char *name, const char *takes, const char *v)
{
	if (!*v)
		return empty(name, takes);
	return weir_settings_set(to, v) ? 0 : no_memory();
}

int weir_values_read_log(struct weir_orders *o, const char *v)
{
	return set(&o->settings->log, "log", "a file, or - for stderr,", v);
}

int weir_values_read_metrics(struct weir_orders *o, const char *v)
{
	if (!weir_order_is_endpoint(v))
		return weir_say_error("--metrics %s: ADDR:PORT is needed, for "
				      "example 127.0.0.1:9090",
				      v);
	if (!weir_settings_note(o->settings, "metrics", "--metrics"))
		return no_memory();
	return set(&o->settings->metrics, "metrics", "ADDR:PORT", v);
}

int weir_values_read_capture(struct weir_orders *o, const char *v)
{
	if (!weir_settings_note(o->settings, "capture", "--capture"))
		return no_memory();
	return set(&o->settings->capture, "capture", "a file", v);
}

int weir_values_read_control(struct weir_orders *o, const char *v)
{
	if (!weir_settings_note(o->settings, "control", "--control"))
		return no_memory();
	return set(&o->settings->control, "control", "a path", v);
}
