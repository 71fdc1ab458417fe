/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h - from what was asked for, and what the host is, to one network */
#ifndef WEIR_CONTROL_PLAN_H
#define WEIR_CONTROL_PLAN_H

#include "control/hostnet.h"
#include "control/resolvers.h"
#include "sys/charter.h"

#define WEIR_PLAN_SHARES_MAX 32u
#define WEIR_PLAN_KEPT_MAX   64u
#define WEIR_PLAN_WHY_BYTES  160u

/** enum weir_plan_ipv6 - is there IPv6? AUTO: if the host has it */
enum weir_plan_ipv6 {
	WEIR_PLAN_IPV6_AUTO,
	WEIR_PLAN_IPV6_OFF,
	WEIR_PLAN_IPV6_GIVEN
};

/**
 * struct weir_orders - what the operator asked for; zero means the default
 * @net: WEIR_CHARTER_NET_* bits, if @has_net
 * @dns: these instead of the host's resolvers
 * @search: these instead of the host's domains; borrowed
 * @host: names answered here
 * @mtu, @max_flows: numbers, 0 if not given
 * @ipv4, @len4: the guest's address, if @has_ipv4
 * @gateway: if @has_gateway
 * @ipv6, @len6: if @six is GIVEN
 * @mac: the guest's, if @has_mac
 * @share: @n_shares paths not to be covered; borrowed
 * @keep: @n_kept descriptors that CMD inherits
 * @as_root: CMD sees itself as uid 0
 * @argv: CMD and its arguments, ended by NULL; borrowed
 */
struct weir_orders {
	bool has_net, has_ipv4, has_gateway, has_mac;
	bool as_root, unconfined, quiet, verbose;
	enum weir_plan_ipv6 six;
	uint8_t len4, len6;
	uint32_t net, mtu, max_flows;
	struct weir_addr ipv4, gateway, ipv6;
	struct weir_mac mac;
	uint32_t n_dns, n_search, n_hosts, n_shares, n_kept;
	struct weir_charter_upstream dns[WEIR_DNS_UPSTREAMS_MAX];
	const char *search[WEIR_RESOLVERS_SEARCH_MAX];
	struct weir_charter_host host[WEIR_CHARTER_HOSTS_MAX];
	const char *share[WEIR_PLAN_SHARES_MAX];
	int keep[WEIR_PLAN_KEPT_MAX];
	char *const *argv;
};

/**
 * weir_plan_make() - the network of one run, but for its link
 * @o: what was asked for
 * @h, @r: what the host has
 * @ret: filled; `link` and `offload` as for a TAP without offload
 * @why: on failure one sentence for the operator
 *
 * Return: false if the orders contradict each other.
 */
bool weir_plan_make(const struct weir_orders *o, const struct weir_hostnet *h,
		    const struct weir_resolvers *r, struct weir_charter *ret,
		    char why[WEIR_PLAN_WHY_BYTES]);

/** weir_plan_upstreams() - the resolvers alone, after the host's changed */
void weir_plan_upstreams(const struct weir_orders *o,
			 const struct weir_resolvers *r,
			 struct weir_charter *c);

/** weir_plan_own() - the host's own addresses alone, after they changed */
void weir_plan_own(const struct weir_hostnet *h, struct weir_charter *c);

#endif /* WEIR_CONTROL_PLAN_H */
