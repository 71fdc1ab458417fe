/* SPDX-License-Identifier: Apache-2.0 */
/* values.c - what stands after an option, as an order */
#include "values.h"

#include <string.h>

#include "base/text.h"
#include "control/service.h"
#include "say.h"

static int read_number(const char *name, const char *v, uint64_t min,
		       uint64_t max, uint32_t *ret)
{
	uint64_t n;

	if (!weir_text_parse_u64(v, strlen(v), max, &n) || n < min)
		return weir_say_error("--%s %s: a number from %llu to %llu is "
				      "needed",
				      name, v, (unsigned long long)min,
				      (unsigned long long)max);
	*ret = (uint32_t)n;
	return 0;
}

int weir_values_read_mtu(struct weir_orders *o, const char *v)
{
	return read_number("mtu", v, WEIR_MTU_MIN, WEIR_MTU_MAX, &o->mtu);
}

int weir_values_read_max_flows(struct weir_orders *o, const char *v)
{
	return read_number("max-flows", v, 1, WEIR_CONNS_MAX, &o->max_flows);
}

static bool is_part(const char *at, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(at, word, n) == 0;
}

int weir_values_read_net(struct weir_orders *o, const char *v)
{
	uint32_t net = 0, parts = 0;
	bool alone = false;

	for (const char *at = v;; at += strcspn(at, ",") + 1) {
		size_t n = strcspn(at, ",");

		if (is_part(at, n, "public"))
			net |= WEIR_CHARTER_NET_PUBLIC;
		else if (is_part(at, n, "private"))
			net |= WEIR_CHARTER_NET_PRIVATE;
		else if (is_part(at, n, "host"))
			net |= WEIR_CHARTER_NET_HOST;
		else if (is_part(at, n, "all"))
			net |= WEIR_CHARTER_NET_ALL;
		else if (!is_part(at, n, "none"))
			return weir_say_error(
				"--net %s: it is made of public, private and "
				"host, or is all, or none",
				v);
		alone = alone || is_part(at, n, "all") ||
			is_part(at, n, "none");
		parts++;
		if (!at[n])
			break;
	}
	if (alone && parts > 1)
		return weir_say_error("--net %s: all and none stand alone", v);
	o->has_net = true;
	o->net = net;
	return 0;
}

static int too_many(const char *name, unsigned max)
{
	return weir_say_error("--%s: at most %u of them", name, max);
}

/* ADDR[:PORT], [V6]:PORT, V6 */
static bool parse_server(const char *v, struct weir_charter_upstream *ret)
{
	size_t n = strlen(v), host = n;
	const char *at = v, *port = NULL, *colon = strchr(v, ':');
	uint64_t number = 53;

	if (*v == '[') {
		const char *end = strchr(v, ']');

		if (!end || (end[1] && end[1] != ':'))
			return false;
		at = v + 1;
		host = (size_t)(end - at);
		port = end[1] ? end + 2 : NULL;
	} else if (colon && !strchr(colon + 1, ':')) {
		host = (size_t)(colon - v);
		port = colon + 1;
	}
	if (port && (!weir_text_parse_u64(port, strlen(port), 65535, &number) ||
		     number == 0))
		return false;
	ret->port = (uint16_t)number;
	return weir_text_parse_addr(at, host, &ret->addr);
}

int weir_values_read_dns(struct weir_orders *o, const char *v)
{
	if (strncmp(v, "tls://", 6) == 0)
		return weir_say_error("--dns %s: DNS over TLS is not there "
				      "yet, name a plain server",
				      v);
	if (o->n_dns == WEIR_DNS_UPSTREAMS_MAX)
		return too_many("dns", WEIR_DNS_UPSTREAMS_MAX);
	if (!parse_server(v, &o->dns[o->n_dns]))
		return weir_say_error("--dns %s: a server is ADDR, ADDR:PORT "
				      "or [V6]:PORT",
				      v);
	o->n_dns++;
	return 0;
}

/* lower case, without a final dot; false if it is no host name */
static bool copy_name(const char *at, size_t n,
		      char ret[WEIR_CHARTER_NAME_BYTES])
{
	size_t label = 0;

	if (n && at[n - 1] == '.')
		n--;
	if (n == 0 || n > 253)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = at[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c + 32);
		if (c == '.' ? label == 0
			     : !strchr("abcdefghijklmnopqrstuvwxyz0123456789-_",
				       c))
			return false;
		label = c == '.' ? 0 : label + 1;
		if (label > 63)
			return false;
		ret[i] = c;
	}
	ret[n] = 0;
	return label != 0;
}

int weir_values_read_search(struct weir_orders *o, const char *v)
{
	char name[WEIR_CHARTER_NAME_BYTES];

	if (o->n_search == WEIR_RESOLVERS_SEARCH_MAX)
		return too_many("search", WEIR_RESOLVERS_SEARCH_MAX);
	if (!copy_name(v, strlen(v), name))
		return weir_say_error("--search %s: that is no domain", v);
	o->search[o->n_search++] = v;
	return 0;
}

int weir_values_read_host(struct weir_orders *o, const char *v)
{
	struct weir_charter_host *h = &o->host[o->n_hosts];
	const char *is = strchr(v, '=');

	if (o->n_hosts == WEIR_CHARTER_HOSTS_MAX)
		return too_many("host", WEIR_CHARTER_HOSTS_MAX);
	if (!is || !copy_name(v, (size_t)(is - v), h->name) ||
	    !weir_text_parse_addr(is + 1, strlen(is + 1), &h->addr))
		return weir_say_error("--host %s: NAME=ADDR is needed, for "
				      "example --host db.internal=10.1.2.3",
				      v);
	o->n_hosts++;
	return 0;
}

int weir_values_read_ipv4(struct weir_orders *o, const char *v)
{
	uint8_t bits;

	if (!weir_text_parse_cidr(v, strlen(v), &o->ipv4, &bits) ||
	    !weir_addr_is4(&o->ipv4) || bits < 96)
		return weir_say_error("--ipv4 %s: ADDR/LEN is needed, for "
				      "example --ipv4 10.0.2.15/24",
				      v);
	o->has_ipv4 = true;
	o->len4 = (uint8_t)(bits - 96);
	return 0;
}

int weir_values_read_gateway(struct weir_orders *o, const char *v)
{
	if (!weir_text_parse_ip4(v, strlen(v), &o->gateway))
		return weir_say_error("--gateway %s: an IPv4 address is "
				      "needed, for example --gateway 10.0.2.2",
				      v);
	o->has_gateway = true;
	return 0;
}

int weir_values_read_ipv6(struct weir_orders *o, const char *v)
{
	if (strcmp(v, "off") == 0) {
		o->six = WEIR_PLAN_IPV6_OFF;
		return 0;
	}
	if (!weir_text_parse_cidr(v, strlen(v), &o->ipv6, &o->len6) ||
	    weir_addr_is4(&o->ipv6))
		return weir_say_error("--ipv6 %s: ADDR/LEN or off is needed, "
				      "for example --ipv6 fd77:6972::15/64",
				      v);
	o->six = WEIR_PLAN_IPV6_GIVEN;
	return 0;
}

int weir_values_read_mac(struct weir_orders *o, const char *v)
{
	static const struct weir_mac zero;

	if (!weir_text_parse_mac(v, strlen(v), &o->mac) || (o->mac.b[0] & 1) ||
	    weir_mac_is_equal(&o->mac, &zero))
		return weir_say_error("--mac %s: the address of one card is "
				      "needed, for example --mac "
				      "02:00:5e:00:53:01",
				      v);
	o->has_mac = true;
	return 0;
}

int weir_values_read_share(struct weir_orders *o, const char *v)
{
	if (o->n_shares == WEIR_PLAN_SHARES_MAX)
		return too_many("share", WEIR_PLAN_SHARES_MAX);
	if (*v != '/')
		return weir_say_error("--share %s: an absolute path is needed",
				      v);
	o->share[o->n_shares++] = v;
	return 0;
}

int weir_values_read_keep_fd(struct weir_orders *o, const char *v)
{
	uint32_t n = 0;

	if (o->n_kept == WEIR_PLAN_KEPT_MAX)
		return too_many("keep-fd", WEIR_PLAN_KEPT_MAX);
	if (read_number("keep-fd", v, 0, 1u << 20, &n))
		return 2;
	o->keep[o->n_kept++] = (int)n;
	return 0;
}

int weir_values_read_root(struct weir_orders *o, const char *v)
{
	(void)v;
	o->as_root = true;
	return 0;
}

int weir_values_read_unconfined(struct weir_orders *o, const char *v)
{
	(void)v;
	o->unconfined = true;
	return 0;
}

int weir_values_read_quiet(struct weir_orders *o, const char *v)
{
	(void)v;
	o->quiet = true;
	return 0;
}

int weir_values_read_verbose(struct weir_orders *o, const char *v)
{
	(void)v;
	o->verbose = true;
	return 0;
}

int weir_values_read_publish(struct weir_orders *o, const char *v)
{
	char why[WEIR_PUBLISH_WHY_BYTES];
	uint32_t ports = 0;

	if (o->n_publish == WEIR_PUBLISH_SPECS_MAX)
		return too_many("publish", WEIR_PUBLISH_SPECS_MAX);
	if (!weir_publish_parse(v, &o->publish[o->n_publish], why))
		return weir_say_error("--publish %s: %s", v, why);
	o->n_publish++;
	for (uint32_t i = 0; i < o->n_publish; i++)
		ports += o->publish[i].n;
	if (ports > WEIR_DOORS_MAX)
		return weir_say_error("--publish %s: at most %u ports can be "
				      "published",
				      v, WEIR_DOORS_MAX);
	return 0;
}

static int read_rate(const char *name, const char *v,
		     struct weir_charter_rate *ret)
{
	const char *why = "";

	if (!weir_plan_parse_rate(v, ret, &why))
		return weir_say_error("--%s %s: %s", name, v, why);
	return 0;
}

int weir_values_read_limit_up(struct weir_orders *o, const char *v)
{
	return read_rate("limit-up", v, &o->up);
}

int weir_values_read_limit_down(struct weir_orders *o, const char *v)
{
	return read_rate("limit-down", v, &o->down);
}

int weir_values_read_netns(struct weir_orders *o, const char *v)
{
	if (o->serve.netns)
		return weir_say_error("serve: one guest only, --netns is "
				      "there twice");
	if (!*v)
		return weir_say_error("--netns: the number of a process, or a "
				      "path like /run/netns/NAME is needed");
	o->serve.netns = v;
	return 0;
}

int weir_values_read_userns(struct weir_orders *o, const char *v)
{
	if (!*v)
		return weir_say_error(
			"--userns: the number of a process, or "
			"a path like /proc/PID/ns/user is needed");
	o->serve.userns = v;
	return 0;
}

int weir_values_read_tap(struct weir_orders *o, const char *v)
{
	if (!weir_plan_is_card(v))
		return weir_say_error("--tap %s: a card has a name of 1 to 15 "
				      "characters without / : %% and blanks, "
				      "and is not lo",
				      v);
	o->serve.tap = v;
	return 0;
}

int weir_values_read_no_config(struct weir_orders *o, const char *v)
{
	(void)v;
	o->serve.no_config = true;
	return 0;
}

int weir_values_read_pid(struct weir_orders *o, const char *v)
{
	o->serve.pid_file = v;
	return 0;
}

static int read_fd(const char *name, const char *v, int *ret)
{
	uint32_t n = 0;

	if (read_number(name, v, 0, 1u << 20, &n))
		return 2;
	*ret = (int)n;
	return 0;
}

int weir_values_read_ready_fd(struct weir_orders *o, const char *v)
{
	o->serve.has_ready_fd = true;
	return read_fd("ready-fd", v, &o->serve.ready_fd);
}

int weir_values_read_exit_fd(struct weir_orders *o, const char *v)
{
	o->serve.has_exit_fd = true;
	return read_fd("exit-fd", v, &o->serve.exit_fd);
}

int weir_values_read_one_off(struct weir_orders *o, const char *v)
{
	(void)v;
	o->serve.one_off = true;
	return 0;
}

int weir_values_read_grace(struct weir_orders *o, const char *v)
{
	o->serve.has_grace = true;
	return read_number("grace", v, 0, WEIR_SERVICE_GRACE_MAX_S,
			   &o->serve.grace_s);
}
