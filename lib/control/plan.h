/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h - from what was asked for, and what the host is, to one network */
#ifndef WEIR_CONTROL_PLAN_H
#define WEIR_CONTROL_PLAN_H

#include "control/hostnet.h"
#include "control/publish.h"
#include "control/resolvers.h"
#include "control/settings.h"
#include "sys/charter.h"

#define WEIR_PLAN_SHARES_MAX 32u
#define WEIR_PLAN_KEPT_MAX   64u
#define WEIR_PLAN_WHY_BYTES  512u

/* the most that may be asked for */
#define WEIR_PLAN_PAYLOAD_MAX_BYTES (1ull << 40)
#define WEIR_PLAN_IDLE_MAX_S        2592000u /* 30 days */
#define WEIR_PLAN_DNS_MIN_MS        100u
#define WEIR_PLAN_DNS_MAX_MS        60000u

/* what one question of `weir check` has */
#define WEIR_PLAN_WORDS_MAX 8u
#define WEIR_PLAN_PINS_MAX  256u
#define WEIR_PLAN_OWN_MAX   WEIR_CHARTER_ADDRESSES_MAX

/** enum weir_plan_ipv6 - is there IPv6? AUTO: if the host has it */
enum weir_plan_ipv6 {
	WEIR_PLAN_IPV6_AUTO,
	WEIR_PLAN_IPV6_OFF,
	WEIR_PLAN_IPV6_GIVEN
};

/**
 * struct weir_orders_serve - what `serve` alone is told; paths are borrowed
 * @netns:  where the guest is, a process or a path; NULL: another link
 * @link:   how its frames come; 0: no link was named
 * @path:   of a socket, or NULL: @fd is an inherited one, connected
 * @jumbo:  frames above the MTU may go to the guest
 * @userns: the user namespace to enter; NULL: the owner
 * @tap:    name of the card; NULL: the default
 * @no_config: leave addresses and routes to the guest
 * @pid_file: NULL: none
 * @ready_fd, @exit_fd, @grace_s: if @has_*
 * @one_off: end with the first guest
 */
struct weir_orders_serve {
	enum weir_charter_link link;
	const char *netns, *userns, *tap, *pid_file, *path;
	int fd;
	bool jumbo, no_config, one_off, has_ready_fd, has_exit_fd, has_grace;
	int ready_fd, exit_fd;
	uint32_t grace_s;
};

/**
 * struct weir_orders_check - what `check` alone is told; texts are borrowed
 * @pin: @n_pins texts, NAME=ADDR each, as written
 * @own: @n_own addresses of --host-address, as written
 * @shown: NULL: none was given
 * @word: the question, @n_words of them; none: lint
 */
struct weir_orders_check {
	bool json, strict, shown_none;
	uint32_t n_pins, n_own, n_words;
	const char *shown;
	const char *pin[WEIR_PLAN_PINS_MAX];
	const char *own[WEIR_PLAN_OWN_MAX];
	const char *word[WEIR_PLAN_WORDS_MAX];
};

/**
 * struct weir_orders_places - where the file says it, for sentences; borrowed
 * from the settings; NULL: the command line, or nobody
 */
struct weir_orders_places {
	const char *ipv4, *gateway, *ipv6;
};

/**
 * struct weir_orders - what the operator asked for; zero means the default
 * @dns: these instead of the host's resolvers
 * @search: these instead of the host's domains; borrowed
 * @host: names answered here
 * @mtu, @max_flows: numbers, 0 if not given
 * @ipv4, @len4: the guest's address, if @has_ipv4
 * @gateway: if @has_gateway
 * @ipv6, @len6: if @six is GIVEN
 * @mac: the guest's, if @has_mac
 * @flows_per_second, @idle_s, @udp_conversations: numbers, 0 if not given
 * @payload_bytes: memory for payload, 0 if not given
 * @dns_timeout_ms: of one upstream, 0 if not given
 * @dns_cache_entries: if @has_dns_cache; 0 is none
 * @publish: @n_publish ports, or ranges of them
 * @preserve_source: of each of them: does the guest see the client's address?
 * @up, @down: rates; zero: no limit
 * @config: the configuration file, NULL: none; borrowed
 * @settings: what is allowed and recorded, for the same options; borrowed
 * @place: of what weir_plan_make() may find fault with
 * @serve: only for `serve`; @check: only for `check`
 *
 * Only for `run`:
 * @share: @n_shares paths not to be covered; borrowed
 * @keep: @n_kept descriptors that CMD inherits
 * @as_root: CMD sees itself as uid 0
 * @argv: CMD and its arguments, ended by NULL; borrowed
 */
struct weir_orders {
	bool has_ipv4, has_gateway, has_mac;
	bool as_root, unconfined, quiet, verbose, has_dns_cache;
	enum weir_plan_ipv6 six;
	uint8_t len4, len6;
	uint32_t mtu, max_flows;
	uint32_t flows_per_second, idle_s, udp_conversations;
	uint32_t dns_timeout_ms, dns_cache_entries;
	uint64_t payload_bytes;
	struct weir_addr ipv4, gateway, ipv6;
	struct weir_mac mac;
	struct weir_charter_rate up, down;
	uint32_t n_dns, n_search, n_hosts, n_publish, n_shares, n_kept;
	struct weir_charter_upstream dns[WEIR_DNS_UPSTREAMS_MAX];
	const char *search[WEIR_RESOLVERS_SEARCH_MAX];
	struct weir_charter_host host[WEIR_CHARTER_HOSTS_MAX];
	struct weir_publish publish[WEIR_PUBLISH_SPECS_MAX];
	bool preserve_source[WEIR_PUBLISH_SPECS_MAX];
	const char *config;
	struct weir_settings *settings;
	struct weir_orders_places place;
	struct weir_orders_serve serve;
	struct weir_orders_check check;
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

/**
 * weir_plan_parse_rate() - a rate as it is written: 10mbit,1000pps/512k
 * @ret_why: written on failure: the end of a sentence, a constant
 *
 * Return: false, with *@ret untouched, if it is anything else.
 */
bool weir_plan_parse_rate(const char *text, struct weir_charter_rate *ret,
			  const char **ret_why);

/** weir_plan_is_card() - may the guest's card be called so? */
bool weir_plan_is_card(const char *name);

/** weir_plan_upstreams() - the resolvers alone, after the host's changed */
void weir_plan_upstreams(const struct weir_orders *o,
			 const struct weir_resolvers *r,
			 struct weir_charter *c);

/** weir_plan_own() - the host's own addresses alone, after they changed */
void weir_plan_own(const struct weir_hostnet *h, struct weir_charter *c);

#endif /* WEIR_CONTROL_PLAN_H */
