/* SPDX-License-Identifier: Apache-2.0 */
/* resolvers.h - whom the host asks for names, and when that changes */
#ifndef WEIR_CONTROL_RESOLVERS_H
#define WEIR_CONTROL_RESOLVERS_H

#include <stddef.h>

#include "sys/charter.h"

#define WEIR_RESOLVERS_SEARCH_MAX 6u

/**
 * struct weir_resolvers - what /etc/resolv.conf says
 * @server: in its order
 * @search: domains as written
 * @ndots: of an `options` line; 0 if there is none
 */
struct weir_resolvers {
	uint32_t n_servers;
	struct weir_charter_upstream server[WEIR_DNS_UPSTREAMS_MAX];
	uint32_t n_search;
	char search[WEIR_RESOLVERS_SEARCH_MAX][WEIR_CHARTER_NAME_BYTES];
	unsigned ndots;
};

/**
 * weir_resolvers_parse() - read the text of a resolv.conf(5)
 * @r: servers are added to it; a `search` or `domain` line replaces
 *
 * What is not understood is passed over, as libc does; so are servers with a
 * zone (fe80::1%eth0), which other processes could not reach.
 */
void weir_resolvers_parse(const char *text, size_t len,
			  struct weir_resolvers *r);

/**
 * weir_resolvers_read() - the host's resolvers
 *
 * A local stub comes first, so that split DNS works; the list behind it, where
 * systemd-resolved keeps one, follows.  No server at all means 127.0.0.1, as
 * in libc.
 */
void weir_resolvers_read(struct weir_resolvers *ret);

/**
 * weir_resolvers_watch() - a descriptor that is readable when the file may
 * have changed; Return: it (inotify, non-blocking), or a negative errno
 */
int weir_resolvers_watch(void);

/** weir_resolvers_drain() - throw the news away; read the file afterwards */
void weir_resolvers_drain(int fd);

/** weir_resolvers_is_equal() - the same servers in the same order? */
bool weir_resolvers_is_equal(const struct weir_resolvers *a,
			     const struct weir_resolvers *b);

#endif /* WEIR_CONTROL_RESOLVERS_H */
