/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pins.c - which names the guest was told to be at which address
 *
 * Two kinds of entries: pins, and the addresses (hosts) they are at.  A host
 * has the list of its pins and the number of connections to it; so the
 * question that every conversation asks, which names are here, is one search
 * by a keyed hash and a short list.  A pin told again is found by the hash of
 * address and name together.
 *
 *	host ──► pin ──► pin ──► …     newest use first, at most NAMES_MAX
 *
 * All pins are besides on one of two lists, in the order of use: `free`, or
 * `held` while a connection to their address lives.  Room is made from the
 * old end of `free`, then from that of `held`.  A pin on `free` has a deadline
 * in the wheel; on `held` it has none, so connections that live for days wake
 * nobody.  What is expired but still in the wheel is not found and does not
 * come back.
 *
 *	          add()                   hold(): the first
 *	(none) ─────────► free, deadline ───────────────────► held, no deadline
 *	   ▲                │   ▲                                │
 *	   └────────────────┘   └────────────────────────────────┘
 *	    tick(), room made     release(): the last; 300 s more at least
 *
 * A host whose pins were all pushed out, or that had none when the connection
 * began, stays while a connection to it is counted: on the list `bare`, the
 * oldest of which goes when a host is wanted and there is none left.
 *
 * Invariants:
 *  1. A pin is in pool, by_name, its host's list and exactly one of free and
 *     held (held exactly if host.holds > 0), or in none of them.
 *  2. A pin has a deadline exactly while it is on free, and that is until_us.
 *  3. A host is in pool and by_addr exactly while host.n or host.holds is not
 *     0; on bare exactly while only host.holds is not.
 *
 * Limits: WEIR_PINS_MAX pins and hosts, WEIR_PINS_NAMES_MAX pins of one host.
 * The first hold and the last release walk the host's pins.
 */
#include "policy/pins.h"

#include "base/must.h"
#include "base/siphash.h"

#define NONE   UINT32_MAX
#define SECOND UINT64_C(1000000)
#define PASSED 2u /* deadlines looked at by a call that sets one */

size_t weir_pins_bytes(void)
{
	return 2 * weir_pool_bytes(WEIR_PINS_MAX) +
	       2 * weir_table_bytes(WEIR_PINS_MAX) +
	       weir_timer_bytes(WEIR_PINS_MAX) +
	       WEIR_PINS_MAX * (sizeof(struct weir_pins_entry) +
				sizeof(struct weir_dns_name) +
				sizeof(struct weir_pins_host) +
				3 * sizeof(struct weir_pins_link)) +
	       256;
}

bool weir_pins_init(struct weir_pins *p, struct weir_arena *arena,
		    const uint64_t key[2])
{
	const struct weir_pins_list none = { NONE, NONE };
	const uint32_t n = WEIR_PINS_MAX;

	*p = (struct weir_pins){ .key = { key[0], key[1] },
				 .least_s = WEIR_PINS_TTL_MIN_S,
				 .grace_s = WEIR_PINS_GRACE_S,
				 .free = none,
				 .held = none,
				 .bare = none };
	if (!weir_pool_init(&p->pins, arena, n) ||
	    !weir_pool_init(&p->hosts, arena, n) ||
	    !weir_table_init(&p->by_name, arena, n) ||
	    !weir_table_init(&p->by_addr, arena, n) ||
	    !weir_timer_init(&p->timer, arena, n, 0))
		return false;
	p->pin = weir_arena_take(arena, n, sizeof(*p->pin), 8);
	p->name = weir_arena_take(arena, n, sizeof(*p->name), 8);
	p->host = weir_arena_take(arena, n, sizeof(*p->host), 8);
	p->used = weir_arena_take(arena, n, sizeof(*p->used), 8);
	p->here = weir_arena_take(arena, n, sizeof(*p->here), 8);
	p->idle = weir_arena_take(arena, n, sizeof(*p->idle), 8);
	return p->pin && p->name && p->host && p->used && p->here && p->idle;
}

/* lists and sums */

static void put(struct weir_pins_list *l, struct weir_pins_link *link,
		uint32_t i)
{
	link[i] = (struct weir_pins_link){ .newer = NONE, .older = l->newest };
	if (l->newest != NONE)
		link[l->newest].newer = i;
	else
		l->oldest = i;
	l->newest = i;
}

static void cut(struct weir_pins_list *l, struct weir_pins_link *link,
		uint32_t i)
{
	uint32_t newer = link[i].newer, older = link[i].older;

	if (newer != NONE)
		link[newer].older = older;
	else
		l->newest = older;
	if (older != NONE)
		link[older].newer = newer;
	else
		l->oldest = newer;
}

static uint64_t after(uint64_t now_us, uint64_t s)
{
	uint64_t us = s * SECOND; /* s has 33 bits at most */

	return us > UINT64_MAX - now_us ? UINT64_MAX : now_us + us;
}

/* finding */

static uint32_t hash_of(const struct weir_pins *p, const struct weir_addr *a,
			const struct weir_dns_name *name)
{
	uint64_t w[3] = { 0, 0, 0 };

	memcpy(w, a->b, sizeof(a->b));
	if (name)
		w[2] = weir_siphash(p->key, name->b, name->len);
	return (uint32_t)weir_siphash_words(p->key, w, name ? 3 : 2);
}

static uint32_t find_host(const struct weir_pins *p, const struct weir_addr *a)
{
	uint32_t i = weir_table_first(&p->by_addr, hash_of(p, a, NULL));

	while (i != NONE && !weir_addr_is_equal(&p->host[i].addr, a))
		i = weir_table_next(&p->by_addr, i);
	return i;
}

static uint32_t find_pin(const struct weir_pins *p, const struct weir_addr *a,
			 const struct weir_dns_name *name)
{
	uint32_t i = weir_table_first(&p->by_name, hash_of(p, a, name));

	for (; i != NONE; i = weir_table_next(&p->by_name, i)) {
		if (weir_addr_is_equal(&p->host[p->pin[i].host].addr, a) &&
		    weir_dns_is_exact_name(&p->name[i], name))
			return i;
	}
	return NONE;
}

static bool is_live(const struct weir_pins *p, uint32_t i, uint64_t now_us)
{
	return p->host[p->pin[i].host].holds || p->pin[i].until_us > now_us;
}

/* coming and going */

/* the pin is on no list of use: it is the newest on its own, and wakes us or
 * does not */
static void enlist(struct weir_pins *p, uint32_t i)
{
	bool held = p->host[p->pin[i].host].holds != 0;

	put(held ? &p->held : &p->free, p->used, i);
	if (held)
		weir_timer_cancel(&p->timer, i);
	else
		weir_timer_set(&p->timer, i, p->pin[i].until_us);
}

static void delist(struct weir_pins *p, uint32_t i)
{
	bool held = p->host[p->pin[i].host].holds != 0;

	cut(held ? &p->held : &p->free, p->used, i);
}

static void drop_host(struct weir_pins *p, uint32_t h)
{
	weir_table_remove(&p->by_addr, h);
	weir_pool_give(&p->hosts, h);
}

static void drop_bare(struct weir_pins *p, uint32_t h)
{
	cut(&p->bare, p->idle, h);
	drop_host(p, h);
}

static void drop_pin(struct weir_pins *p, uint32_t i)
{
	uint32_t h = p->pin[i].host;
	struct weir_pins_host *host = &p->host[h];

	delist(p, i);
	cut(&host->names, p->here, i);
	weir_timer_cancel(&p->timer, i);
	weir_table_remove(&p->by_name, i);
	weir_pool_give(&p->pins, i);
	if (--host->n)
		return;
	if (host->holds)
		put(&p->bare, p->idle, h);
	else
		drop_host(p, h);
}

/* drop at most @max pins whose deadline has passed; how many */
static uint32_t drop_passed(struct weir_pins *p, uint64_t now_us, uint32_t max)
{
	uint32_t n = 0, i;

	while (n < max && (i = weir_timer_expire(&p->timer, now_us)) != NONE) {
		drop_pin(p, i);
		n++;
	}
	return n;
}

static void drop_expired_of(struct weir_pins *p, uint32_t h, uint64_t now_us)
{
	uint32_t i = p->host[h].names.oldest;

	while (i != NONE) {
		uint32_t next = p->here[i].newer;

		if (!is_live(p, i, now_us))
			drop_pin(p, i); /* with the last of them, the host */
		i = next;
	}
}

/* a new host; only if there are fewer pins than hosts may be, or one is bare */
static uint32_t take_host(struct weir_pins *p, const struct weir_addr *a)
{
	uint32_t h;

	if (weir_pool_used(&p->hosts) == WEIR_PINS_MAX)
		drop_bare(p, p->bare.oldest);
	h = weir_pool_take(&p->hosts);
	weir_must(h != NONE);
	p->host[h] =
		(struct weir_pins_host){ .addr = *a, .names = { NONE, NONE } };
	weir_table_put(&p->by_addr, h, hash_of(p, a, NULL));
	return h;
}

/* room for one more pin at @a */
static void make_room(struct weir_pins *p, const struct weir_addr *a,
		      uint64_t now_us)
{
	uint32_t h = find_host(p, a);

	if (h != NONE && p->host[h].n == WEIR_PINS_NAMES_MAX) {
		drop_expired_of(p, h, now_us);
		h = find_host(p, a); /* it may be gone */
	}
	if (h != NONE && p->host[h].n == WEIR_PINS_NAMES_MAX)
		drop_pin(p, p->host[h].names.oldest);
	while (weir_pool_used(&p->pins) == WEIR_PINS_MAX) {
		if (drop_passed(p, now_us, 1))
			break;
		if (weir_timer_next_us(&p->timer) <= now_us)
			continue; /* the wheel was interrupted */
		drop_pin(p, p->free.oldest != NONE ? p->free.oldest
						   : p->held.oldest);
	}
}

static uint32_t take_pin(struct weir_pins *p, const struct weir_addr *a,
			 const struct weir_dns_name *name, uint64_t now_us)
{
	uint32_t h, i;

	make_room(p, a, now_us);
	h = find_host(p, a);
	if (h == NONE)
		h = take_host(p, a);
	else if (p->host[h].n == 0)
		cut(&p->bare, p->idle, h);
	i = weir_pool_take(&p->pins);
	weir_must(i != NONE);
	p->host[h].n++;
	p->pin[i] = (struct weir_pins_entry){ .host = h };
	p->name[i].len = name->len;
	memcpy(p->name[i].b, name->b, name->len);
	weir_table_put(&p->by_name, i, hash_of(p, a, name));
	return i;
}

void weir_pins_be_exact(struct weir_pins *p)
{
	p->least_s = p->grace_s = 0;
}

void weir_pins_add(struct weir_pins *p, const struct weir_addr *addr,
		   const struct weir_dns_name *name, uint32_t ttl,
		   uint64_t now_us)
{
	uint64_t life = ttl > p->least_s ? ttl : p->least_s;
	uint64_t until = after(now_us, life + p->grace_s);
	uint32_t i;

	(void)drop_passed(p, now_us, PASSED);
	i = find_pin(p, addr, name);
	if (i != NONE) {
		delist(p, i);
		cut(&p->host[p->pin[i].host].names, p->here, i);
	} else {
		i = take_pin(p, addr, name, now_us);
	}
	if (p->pin[i].until_us < until)
		p->pin[i].until_us = until;
	put(&p->host[p->pin[i].host].names, p->here, i);
	enlist(p, i);
}

bool weir_pins_remove(struct weir_pins *p, const struct weir_addr *addr,
		      const struct weir_dns_name *name)
{
	uint32_t i = find_pin(p, addr, name);

	if (i == NONE)
		return false;
	drop_pin(p, i);
	return true;
}

uint32_t weir_pins_find(struct weir_pins *p, const struct weir_addr *addr,
			uint64_t now_us, const struct weir_dns_name **ret,
			uint32_t max)
{
	uint32_t h = find_host(p, addr), n = 0, i;

	if (h == NONE)
		return 0;
	for (i = p->host[h].names.newest; i != NONE && n < max;
	     i = p->here[i].older) {
		if (is_live(p, i, now_us))
			ret[n++] = &p->name[i];
	}
	return n;
}

/* connections */

/* the host has so many connections: all its pins change lists, oldest first */
static void set_holds(struct weir_pins *p, uint32_t h, uint32_t holds)
{
	uint32_t i;

	for (i = p->host[h].names.oldest; i != NONE; i = p->here[i].newer)
		delist(p, i);
	p->host[h].holds = holds;
	for (i = p->host[h].names.oldest; i != NONE; i = p->here[i].newer)
		enlist(p, i);
}

void weir_pins_hold(struct weir_pins *p, const struct weir_addr *addr,
		    uint64_t now_us)
{
	uint32_t h = find_host(p, addr);

	if (h != NONE && p->host[h].holds) {
		if (p->host[h].holds < UINT32_MAX)
			p->host[h].holds++;
		return;
	}
	if (h != NONE)
		drop_expired_of(p, h, now_us);
	h = find_host(p, addr);
	if (h != NONE) {
		set_holds(p, h, 1);
		return;
	}
	if (weir_pool_used(&p->hosts) == WEIR_PINS_MAX &&
	    p->bare.oldest == NONE)
		return; /* all have pins: this one is not counted */
	h = take_host(p, addr);
	p->host[h].holds = 1;
	put(&p->bare, p->idle, h);
}

void weir_pins_release(struct weir_pins *p, const struct weir_addr *addr,
		       uint64_t now_us)
{
	uint32_t h = find_host(p, addr);
	uint64_t until = after(now_us, WEIR_PINS_GRACE_S);

	if (h == NONE || p->host[h].holds == 0)
		return;
	if (p->host[h].holds > 1) {
		p->host[h].holds--;
		return;
	}
	if (p->host[h].n == 0) {
		drop_bare(p, h);
		return;
	}
	(void)drop_passed(p, now_us, PASSED); /* none of this host's */
	for (uint32_t i = p->host[h].names.oldest; i != NONE;
	     i = p->here[i].newer) {
		if (p->pin[i].until_us < until)
			p->pin[i].until_us = until;
	}
	set_holds(p, h, 0);
}

/* time */

void weir_pins_tick(struct weir_pins *p, uint64_t now_us)
{
	if (now_us < weir_pins_due_us(p))
		return;
	p->ticked_us = now_us;
	(void)drop_passed(p, now_us, WEIR_PINS_TICK_MAX);
}

uint64_t weir_pins_due_us(const struct weir_pins *p)
{
	uint64_t next = weir_timer_next_us(&p->timer);
	uint64_t again = after(p->ticked_us, WEIR_PINS_TICK_S);

	return next > again ? next : again;
}

bool weir_pins_walk(const struct weir_pins *p, uint32_t *at,
		    struct weir_addr *ret_addr, struct weir_dns_name *ret_name,
		    uint64_t *ret_until_us)
{
	for (; *at < weir_pool_high(&p->pins); ++*at) {
		const struct weir_pins_entry *e = &p->pin[*at];

		if (!weir_pool_is_taken(&p->pins, *at))
			continue;
		*ret_addr = p->host[e->host].addr;
		*ret_name = p->name[*at];
		*ret_until_us =
			p->host[e->host].holds ? UINT64_MAX : e->until_us;
		++*at;
		return true;
	}
	return false;
}
