/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local.h - names answered from the facts of the network
 *
 * The operator's names (`--host`), the alias names of the host, the reverse
 * names of the gateway, and localhost: no policy and no server is asked.
 */
#ifndef WEIR_FLOW_LOCAL_H
#define WEIR_FLOW_LOCAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/limits.h"
#include "flow/respond.h"

/** struct weir_local_host - a name and an address of it; @name lower case */
struct weir_local_host {
	struct weir_dns_name name;
	struct weir_addr addr;
};

/** struct weir_local - the facts; the room's own */
struct weir_local {
	struct weir_addr gateway[2];
	struct weir_dns_name reverse[2]; /* as asked for by PTR questions */
	bool has6;
	unsigned n_hosts;
	struct weir_local_host *host;
};

/** weir_local_bytes() - what weir_local_init() takes from an arena at most */
size_t weir_local_bytes(void);

/**
 * weir_local_init() - the facts of a network
 * @gateway: IPv4 and IPv6 address of the gateway
 * @has6:    has the sandbox IPv6; if not, @gateway[1] is not read
 *
 * Return: false if the arena has no room.
 */
bool weir_local_init(struct weir_local *l, struct weir_arena *arena,
		     const struct weir_addr gateway[2], bool has6);

/**
 * weir_local_add() - a name answered here; a name may have several addresses
 *
 * Return: false if there are WEIR_DNS_HOSTS_MAX already.
 */
bool weir_local_add(struct weir_local *l, const struct weir_local_host *h);

/**
 * weir_local_answer() - answer a question if it is about such a name
 * @r: as weir_respond_init() left it
 *
 * A type for which there is nothing: NOERROR, empty.
 * Return: the length of the answer, 0 if the name is none of ours.
 */
size_t weir_local_answer(const struct weir_local *l, struct weir_respond *r);

#endif /* WEIR_FLOW_LOCAL_H */
