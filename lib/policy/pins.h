/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pins.h - which names the guest was told to be at which address
 *
 * A pin is (address, name, expiry), made from the answers this guest got and
 * from nothing else.  Its life is the record's TTL, at least 60 s, and 300 s
 * more; it does not end while a connection to its address lives, and then has
 * 300 s more.  Answers add, they never replace.  At most WEIR_PINS_MAX, and
 * WEIR_PINS_NAMES_MAX at one address; when there is no room an expired one
 * goes, else the one that was used longest ago, those of addresses with a
 * connection last.  A pin is used when the guest is told it, when the first
 * connection to its address begins and when the last one ends.
 */
#ifndef WEIR_POLICY_PINS_H
#define WEIR_POLICY_PINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/pool.h"
#include "base/table.h"
#include "base/timer.h"
#include "packet/dns.h"

#define WEIR_PINS_TTL_MIN_S 60u
#define WEIR_PINS_GRACE_S   300u
#define WEIR_PINS_TICK_S    60u   /* weir_pins_tick() is not wanted earlier */
#define WEIR_PINS_TICK_MAX  1024u /* pins that one weir_pins_tick() lets go */

/** struct weir_pins_link, weir_pins_list - by index, in the order of use */
struct weir_pins_link {
	uint32_t newer, older;
};
struct weir_pins_list {
	uint32_t newest, oldest;
};

/** struct weir_pins_entry - one pin, but for its name; the room's own */
struct weir_pins_entry {
	uint64_t until_us;
	uint32_t host;
};

/** struct weir_pins_host - one address; the room's own */
struct weir_pins_host {
	struct weir_addr addr;
	uint32_t holds, n;           /* connections, names */
	struct weir_pins_list names; /* pins, linked by weir_pins.here */
};

/**
 * struct weir_pins - all pins of one guest; caller's memory, the room's fields
 * @least_s, @grace_s: see weir_pins_be_exact()
 * @by_name, @by_addr: pins by (address, name), hosts by address
 * @free, @held: all pins, by whether a connection to their address lives
 * @bare: hosts with connections but without a name
 */
struct weir_pins {
	uint64_t key[2], ticked_us;
	uint32_t least_s, grace_s;
	struct weir_pool pins, hosts;
	struct weir_table by_name, by_addr;
	struct weir_timer timer;
	struct weir_pins_entry *pin;
	struct weir_dns_name *name;
	struct weir_pins_host *host;
	struct weir_pins_link *used, *here, *idle;
	struct weir_pins_list free, held, bare;
};

/** weir_pins_bytes() - what weir_pins_init() takes from an arena at most */
size_t weir_pins_bytes(void);

/** weir_pins_init() - none; @key: random and secret; Return: false: no room */
bool weir_pins_init(struct weir_pins *p, struct weir_arena *arena,
		    const uint64_t key[2]);

/**
 * weir_pins_be_exact() - from now on a pin lives as long as was said
 *
 * For names that were not learned from answers but given by the program that
 * holds the guest, and kept in a struct weir_pins of their own.
 */
void weir_pins_be_exact(struct weir_pins *p);

/**
 * weir_pins_add() - the guest was told that @name is at @addr
 * @addr: an IPv4-mapped address is the IPv4 address
 * @name: the question's, in lower case
 * @ttl:  seconds, as in the record
 *
 * Told again, a pin may live longer by it, never shorter.
 */
void weir_pins_add(struct weir_pins *p, const struct weir_addr *addr,
		   const struct weir_dns_name *name, uint32_t ttl,
		   uint64_t now_us);

/** weir_pins_remove() - forget one pin; Return: false: it is not there */
bool weir_pins_remove(struct weir_pins *p, const struct weir_addr *addr,
		      const struct weir_dns_name *name);

/**
 * weir_pins_find() - the names pinned to an address
 * @ret: at most @max of them (WEIR_PINS_NAMES_MAX is always enough), borrowed
 *       until the next call that changes @p; the one used last comes first
 *
 * Expired pins are not found.  O(names at that address).
 * Return: how many.
 */
uint32_t weir_pins_find(struct weir_pins *p, const struct weir_addr *addr,
			uint64_t now_us, const struct weir_dns_name **ret,
			uint32_t max);

/**
 * weir_pins_hold() - a connection to @addr lives from now on; counted
 *
 * An expired pin does not come back by it.  An address without a pin is
 * counted as well, so that one made later lives as long as the connection;
 * there are WEIR_PINS_MAX addresses with pins or connections at most, and the
 * connections of one that has no pin are forgotten first.
 */
void weir_pins_hold(struct weir_pins *p, const struct weir_addr *addr,
		    uint64_t now_us);

/** weir_pins_release() - one of them is over; nothing if none is counted */
void weir_pins_release(struct weir_pins *p, const struct weir_addr *addr,
		       uint64_t now_us);

/** weir_pins_tick() - let expired ones go; WEIR_PINS_TICK_MAX at once */
void weir_pins_tick(struct weir_pins *p, uint64_t now_us);

/**
 * weir_pins_due_us() - when weir_pins_tick() is wanted; UINT64_MAX never
 *
 * Not more often than once in WEIR_PINS_TICK_S: an expired pin is not found
 * anyway.  Never if there is none, or none but those a connection holds.
 */
uint64_t weir_pins_due_us(const struct weir_pins *p);

/**
 * weir_pins_walk() - the pins one after another, for tests and status
 * @at: 0 to begin; *@at is where to go on
 * @ret_until_us: when it expires, maybe in the past; UINT64_MAX while a
 *      connection holds it
 *
 * Return: false at the end.
 */
bool weir_pins_walk(const struct weir_pins *p, uint32_t *at,
		    struct weir_addr *ret_addr, struct weir_dns_name *ret_name,
		    uint64_t *ret_until_us);

#endif /* WEIR_POLICY_PINS_H */
