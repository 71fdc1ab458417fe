/* SPDX-License-Identifier: Apache-2.0 */
/*
 * servers.h - the upstream DNS servers, and which of them to ask
 *
 * In the order given, which may matter (a local stub knows names that the
 * others do not): but a server that was silent WEIR_SERVERS_SILENCES times in a
 * row comes last for WEIR_SERVERS_SHUN_US, and one already tried for a question
 * comes after those that were not.
 */
#ifndef WEIR_FLOW_SERVERS_H
#define WEIR_FLOW_SERVERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/limits.h"

#define WEIR_SERVERS_SILENCES  3u
#define WEIR_SERVERS_SHUN_US   10000000u
#define WEIR_SERVERS_TRIES     2u       /* for a question, at least */
#define WEIR_SERVERS_BUDGET_US 8000000u /* no try begins after this */

/** struct weir_servers_entry - one; @line: 0, or by which line it is asked and
 * not by a socket of the question's own: the owner's number */
struct weir_servers_entry {
	struct weir_addr addr;
	uint16_t port;
	uint8_t line;
};

struct weir_servers_health {
	uint64_t shun_until_us;
	uint32_t silences;
};

/** struct weir_servers - the list; at most WEIR_DNS_UPSTREAMS_MAX */
struct weir_servers {
	unsigned n;
	struct weir_servers_entry entry[WEIR_DNS_UPSTREAMS_MAX];
	struct weir_servers_health health[WEIR_DNS_UPSTREAMS_MAX];
};

/**
 * struct weir_servers_tried - what was done for one question
 * @now:   index of the server asked last
 * @tries: so far
 * @tried, @dead: a bit for each server: asked; not to be asked again
 * @since_us: when the question came
 */
struct weir_servers_tried {
	uint64_t since_us;
	uint8_t now, tries, tried, dead;
};

/** weir_servers_set() - the list; those beyond the limit are not looked at */
void weir_servers_set(struct weir_servers *s,
		      const struct weir_servers_entry *e, unsigned n);

/** weir_servers_forget() - the list is another one: no server was tried */
void weir_servers_forget(struct weir_servers_tried *t);

/**
 * weir_servers_choose() - the next server for a question
 * @t: @t->now is it, and counted as tried
 *
 * There are as many tries as servers, WEIR_SERVERS_TRIES at least.
 * Return: false if none is left, or time is up.
 */
bool weir_servers_choose(const struct weir_servers *s,
			 struct weir_servers_tried *t, uint64_t now_us);

/** weir_servers_spoke() - the server asked last gave an answer */
void weir_servers_spoke(struct weir_servers *s,
			const struct weir_servers_tried *t);

/** weir_servers_silent() - the server asked last gave none in time */
void weir_servers_silent(struct weir_servers *s,
			 const struct weir_servers_tried *t, uint64_t now_us);

/** weir_servers_refused() - the server asked last will not do for this one */
void weir_servers_refused(struct weir_servers_tried *t);

#endif /* WEIR_FLOW_SERVERS_H */
