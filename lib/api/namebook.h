/* SPDX-License-Identifier: Apache-2.0 */
/*
 * namebook.h - names that the program gives, and those the guest was told
 *
 * What weir_net_cache_name() said is kept here, whether the network runs or
 * not; while it runs the engine has a copy, by which it judges.  What DNS
 * answers said is the engine's alone (policy/pins.h), and is asked for there.
 *
 * Thread: any; one lock.  The engine never takes it.
 */
#ifndef WEIR_API_NAMEBOOK_H
#define WEIR_API_NAMEBOOK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/keeper.h"
#include "base/addr.h"
#include "packet/dns.h"

#define WEIR_NAMEBOOK_ADDRESSES_MAX 256u  /* of one name and family */
#define WEIR_NAMEBOOK_MAX           4096u /* of all */

/** struct weir_namebook_entry - one name in one family, until then */
struct weir_namebook_entry {
	struct weir_dns_name name;
	bool is4;
	uint64_t until_ms;
	uint32_t n;
	struct weir_addr *addr;
};

/** struct weir_namebook - all of them; @total: addresses */
struct weir_namebook {
	pthread_mutex_t lock;
	struct weir_keeper *keeper;
	struct weir_namebook_entry *entry;
	size_t n;
	uint32_t total;
};

/**
 * struct weir_namebook_eve - what is kept before the engine begins
 * @errand: tells it that, of all errands the first
 */
struct weir_namebook_eve {
	struct weir_errand errand;
	struct weir_namebook_entry *entry;
	size_t n;
};

/** weir_namebook_init() - none; @keeper: of the engine, borrowed */
void weir_namebook_init(struct weir_namebook *b, struct weir_keeper *keeper);

/** weir_namebook_fini() - give it back */
void weir_namebook_fini(struct weir_namebook *b);

/** weir_namebook_copy() - for weir_keeper_start(); Return: 0 or -ENOMEM */
int weir_namebook_copy(struct weir_namebook *b, struct weir_namebook_eve *ret);

/** weir_namebook_begin() - the engine runs now: it is told what was changed
 * meanwhile */
void weir_namebook_begin(struct weir_namebook *b,
			 const struct weir_namebook_eve *eve);

/** weir_namebook_drop() - no errand is on its way any more: free the copy */
void weir_namebook_drop(struct weir_namebook_eve *eve);

/** weir_namebook_set() - Return: as weir_net_cache_name(), @n may be 0 */
int weir_namebook_set(struct weir_namebook *b, const char *name, bool is4,
		      const struct weir_addr *addr, size_t n, uint32_t ttl_s);

/** weir_namebook_clear() - Return: as weir_net_clear_name() */
int weir_namebook_clear(struct weir_namebook *b, const char *name);

/** weir_namebook_any() - Return: as weir_net_any_name() */
int weir_namebook_any(struct weir_namebook *b, const struct weir_addr *addr,
		      bool (*predicate)(void *arg, const char *name),
		      void *arg);

/** weir_namebook_expire() - Return: how many addresses went */
int weir_namebook_expire(struct weir_namebook *b);

#endif /* WEIR_API_NAMEBOOK_H */
