/* SPDX-License-Identifier: Apache-2.0 */
/* values.c - what stands after an option, as an order */
#include "values.h"

#include "control/doorstep.h"
#include "control/order.h"
#include "control/service.h"
#include "say.h"

static int read_number(const char *name, const char *v, uint64_t min,
		       uint64_t max, uint32_t *ret)
{
	char why[WEIR_ORDER_WHY_BYTES];
	uint64_t n = 0;

	if (!weir_order_number(v, min, max, &n, why))
		return weir_say_error("--%s %s: %s", name, v, why);
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

static int too_many(const char *name, unsigned max)
{
	return weir_say_error("--%s: at most %u of them", name, max);
}

/* one of the readers that the configuration file has too */
static int read_order(const char *name, const char *v, struct weir_orders *o,
		      bool (*read)(struct weir_orders *o, const char *v,
				   char *why))
{
	char why[WEIR_ORDER_WHY_BYTES];

	return read(o, v, why) ? 0
			       : weir_say_error("--%s %s: %s", name, v, why);
}

int weir_values_read_net(struct weir_orders *o, const char *v)
{
	char why[WEIR_ORDER_WHY_BYTES];

	if (weir_order_net(o->settings, v, why))
		return 0;
	return weir_say_error("--net %s: %s", v, why);
}

int weir_values_read_dns(struct weir_orders *o, const char *v)
{
	char why[WEIR_ORDER_WHY_BYTES];

	if (!weir_order_dns(o, v, "--dns", why))
		return weir_say_error("--dns %s: %s", v, why);
	return 0;
}

int weir_values_read_search(struct weir_orders *o, const char *v)
{
	return read_order("search", v, o, weir_order_search);
}

int weir_values_read_host(struct weir_orders *o, const char *v)
{
	return read_order("host", v, o, weir_order_host);
}

int weir_values_read_ipv4(struct weir_orders *o, const char *v)
{
	return read_order("ipv4", v, o, weir_order_ipv4);
}

int weir_values_read_gateway(struct weir_orders *o, const char *v)
{
	return read_order("gateway", v, o, weir_order_gateway);
}

int weir_values_read_ipv6(struct weir_orders *o, const char *v)
{
	return read_order("ipv6", v, o, weir_order_ipv6);
}

int weir_values_read_mac(struct weir_orders *o, const char *v)
{
	return read_order("mac", v, o, weir_order_mac);
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
	char why[WEIR_ORDER_WHY_BYTES];

	if (!weir_order_publish(o, v, false, why))
		return weir_say_error("--publish %s: %s", v, why);
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

static int set_link(struct weir_orders *o, enum weir_charter_link link,
		    const char *name)
{
	if (o->serve.link)
		return weir_say_error("serve: one guest only, --%s is one too "
				      "many",
				      name);
	o->serve.link = link;
	return 0;
}

int weir_values_read_netns(struct weir_orders *o, const char *v)
{
	if (!*v)
		return weir_say_error("--netns: the number of a process, or a "
				      "path like /run/netns/NAME is needed");
	o->serve.netns = v;
	return set_link(o, WEIR_CHARTER_TAP, "netns");
}

static int read_socket(struct weir_orders *o, const char *v,
		       enum weir_charter_link link, const char *name)
{
	if (!*v)
		return weir_say_error("--%s: the path of a socket is needed",
				      name);
	o->serve.path = v;
	return set_link(o, link, name);
}

int weir_values_read_stream(struct weir_orders *o, const char *v)
{
	return read_socket(o, v, WEIR_CHARTER_STREAM, "stream");
}

int weir_values_read_dgram(struct weir_orders *o, const char *v)
{
	return read_socket(o, v, WEIR_CHARTER_DGRAM, "dgram");
}

int weir_values_read_vhost_user(struct weir_orders *o, const char *v)
{
	return read_socket(o, v, WEIR_CHARTER_VHOST, "vhost-user");
}

int weir_values_read_jumbo(struct weir_orders *o, const char *v)
{
	(void)v;
	o->serve.jumbo = true;
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

int weir_values_read_fd(struct weir_orders *o, const char *v)
{
	int r = read_fd("fd", v, &o->serve.fd);

	if (r)
		return r;
	r = set_link(o, weir_doorstep_kind(o->serve.fd), "fd");
	if (r || o->serve.link)
		return r;
	return weir_say_error("--fd %s: that is no unix socket, stream or "
			      "datagram, that is open here",
			      v);
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
