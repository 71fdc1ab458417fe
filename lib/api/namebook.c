/* SPDX-License-Identifier: Apache-2.0 */
/* namebook.c - names that the program gives, and those the guest was told */
#include "api/namebook.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "engine/house.h"
#include "engine/verdict.h"
#include "sys/clock.h"

#define TTL_MAX_S 86400u

void weir_namebook_init(struct weir_namebook *b, struct weir_keeper *keeper)
{
	*b = (struct weir_namebook){ .keeper = keeper };
	weir_must(pthread_mutex_init(&b->lock, NULL) == 0);
}

void weir_namebook_fini(struct weir_namebook *b)
{
	for (size_t i = 0; i < b->n; i++)
		free(b->entry[i].addr);
	free(b->entry);
	pthread_mutex_destroy(&b->lock);
}

/* --- the engine's copy --- */

/**
 * struct change - the errand that brings it up to date
 * @was, @is: an entry before and after; n 0 is none
 */
struct change {
	struct weir_errand errand;
	const struct weir_namebook_entry *was, *is;
	uint32_t ttl_s;
};

static void do_change(void *owner, struct weir_errand *self)
{
	const struct change *c = (const struct change *)self;
	struct weir_house *h = owner;

	if (!h->up || !h->given)
		return;
	for (uint32_t i = 0; c->was && i < c->was->n; i++)
		(void)weir_pins_remove(h->given, &c->was->addr[i],
				       &c->was->name);
	for (uint32_t i = 0; c->is && i < c->is->n; i++)
		weir_pins_add(h->given, &c->is->addr[i], &c->is->name, c->ttl_s,
			      h->now_us);
}

static void tell(struct weir_namebook *b, const struct weir_namebook_entry *was,
		 const struct weir_namebook_entry *is, uint32_t ttl_s)
{
	struct change c = { { .run = do_change }, was, is, ttl_s };

	(void)weir_keeper_ask(b->keeper, &c.errand);
}

/* --- what is kept; the lock is held --- */

static void drop(struct weir_namebook *b, size_t i)
{
	b->total -= b->entry[i].n;
	free(b->entry[i].addr);
	b->entry[i] = b->entry[--b->n];
}

static int drop_expired(struct weir_namebook *b)
{
	uint64_t now = weir_clock_now_ms();
	int n = 0;

	for (size_t i = 0; i < b->n;) {
		if (b->entry[i].until_ms > now) {
			i++;
			continue;
		}
		n += (int)b->entry[i].n;
		tell(b, &b->entry[i], NULL, 0);
		drop(b, i);
	}
	return n;
}

static size_t find(const struct weir_namebook *b,
		   const struct weir_dns_name *name, bool is4)
{
	size_t i = 0;

	while (i < b->n && (b->entry[i].is4 != is4 ||
			    !weir_dns_is_exact_name(&b->entry[i].name, name)))
		i++;
	return i;
}

/* Room for @e, which is none of those that are there; it is taken. */
static int add(struct weir_namebook *b, const struct weir_namebook_entry *e)
{
	struct weir_namebook_entry *more =
		realloc(b->entry, (b->n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	b->entry = more;
	b->entry[b->n++] = *e;
	b->total += e->n;
	return 0;
}

static bool read_name(const char *text, struct weir_dns_name *ret)
{
	if (!text || !weir_dns_name_from_text(text, strlen(text), ret) ||
	    ret->len <= 1)
		return false;
	weir_dns_lower(ret, NULL);
	return true;
}

/* @e instead of what was there, or if it is empty nothing. */
static int replace(struct weir_namebook *b, struct weir_namebook_entry *e,
		   uint32_t ttl_s)
{
	size_t at = find(b, &e->name, e->is4);
	struct weir_namebook_entry was = { .n = 0 };
	int r = 0;

	if (at < b->n)
		was = b->entry[at];
	if (b->total - was.n + e->n > WEIR_NAMEBOOK_MAX)
		return -ENOSPC;
	if (at < b->n && e->n) {
		b->entry[at] = *e;
		b->total += e->n - was.n;
	} else if (e->n) {
		r = add(b, e);
	}
	if (r)
		return r;
	tell(b, &was, e, ttl_s);
	if (at < b->n && !e->n)
		drop(b, at);
	else
		free(was.addr);
	return 0;
}

/* --- calls --- */

int weir_namebook_set(struct weir_namebook *b, const char *name, bool is4,
		      const struct weir_addr *addr, size_t n, uint32_t ttl_s)
{
	struct weir_namebook_entry e = { .is4 = is4 };
	int r;

	if (!read_name(name, &e.name))
		return -EINVAL;
	if (n > WEIR_NAMEBOOK_ADDRESSES_MAX)
		return -ENOSPC;
	ttl_s = ttl_s > TTL_MAX_S ? TTL_MAX_S : ttl_s;
	ttl_s = ttl_s ? ttl_s : 1;
	e.n = (uint32_t)n;
	e.until_ms = weir_clock_now_ms() + ttl_s * 1000ull;
	e.addr = n ? malloc(n * sizeof(*e.addr)) : NULL;
	if (n && !e.addr)
		return -ENOMEM;
	if (n)
		memcpy(e.addr, addr, n * sizeof(*e.addr));
	pthread_mutex_lock(&b->lock);
	(void)drop_expired(b);
	r = replace(b, &e, ttl_s);
	pthread_mutex_unlock(&b->lock);
	if (r)
		free(e.addr);
	return r;
}

int weir_namebook_clear(struct weir_namebook *b, const char *name)
{
	struct weir_dns_name n;
	int found = 0;

	if (!read_name(name, &n))
		return -EINVAL;
	pthread_mutex_lock(&b->lock);
	(void)drop_expired(b);
	for (int is4 = 0; is4 < 2; is4++) {
		size_t at = find(b, &n, is4);

		if (at == b->n)
			continue;
		found++;
		tell(b, &b->entry[at], NULL, 0);
		drop(b, at);
	}
	pthread_mutex_unlock(&b->lock);
	return found ? 0 : -ENOENT;
}

/* --- the start --- */

/* To the engine's copy, as long as they are good. */
static void give(struct weir_house *h, const struct weir_namebook_entry *e,
		 size_t n)
{
	uint64_t now = weir_clock_now_ms();

	for (size_t i = 0; i < n; i++) {
		struct change c = { .is = &e[i] };

		if (e[i].until_ms <= now)
			continue;
		c.ttl_s = (uint32_t)((e[i].until_ms - now + 999) / 1000);
		do_change(h, &c.errand);
	}
}

static void do_first(void *owner, struct weir_errand *self)
{
	const struct weir_namebook_eve *eve =
		(const struct weir_namebook_eve *)self;

	give(owner, eve->entry, eve->n);
}

int weir_namebook_copy(struct weir_namebook *b, struct weir_namebook_eve *ret)
{
	int r = 0;

	*ret = (struct weir_namebook_eve){ .errand = { .run = do_first } };
	pthread_mutex_lock(&b->lock);
	ret->entry = b->n ? calloc(b->n, sizeof(*ret->entry)) : NULL;
	if (b->n && !ret->entry)
		r = -ENOMEM;
	for (size_t i = 0; i < b->n && r == 0; i++) {
		const struct weir_namebook_entry *from = &b->entry[i];
		size_t len = from->n * sizeof(*from->addr);
		struct weir_addr *addr = malloc(len);

		if (!addr) {
			r = -ENOMEM;
			break;
		}
		memcpy(addr, from->addr, len);
		ret->entry[i] = *from;
		ret->entry[i].addr = addr;
		ret->n++;
	}
	pthread_mutex_unlock(&b->lock);
	if (r)
		weir_namebook_drop(ret);
	return r;
}

/** struct renewal - the errand that brings the copy up to date, all of it */
struct renewal {
	struct weir_errand errand;
	const struct weir_namebook_eve *eve;
	const struct weir_namebook *book; /* whose lock is held */
};

static void do_renew(void *owner, struct weir_errand *self)
{
	const struct renewal *r = (const struct renewal *)self;

	for (size_t i = 0; i < r->eve->n; i++) {
		struct change c = { .was = &r->eve->entry[i] };

		do_change(owner, &c.errand);
	}
	give(owner, r->book->entry, r->book->n);
}

void weir_namebook_begin(struct weir_namebook *b,
			 const struct weir_namebook_eve *eve)
{
	struct renewal r = { { .run = do_renew }, eve, b };

	pthread_mutex_lock(&b->lock);
	(void)weir_keeper_ask(b->keeper, &r.errand);
	pthread_mutex_unlock(&b->lock);
}

void weir_namebook_drop(struct weir_namebook_eve *eve)
{
	for (size_t i = 0; i < eve->n; i++)
		free(eve->entry[i].addr);
	free(eve->entry);
}

/* --- what is gone, and questions --- */

int weir_namebook_expire(struct weir_namebook *b)
{
	int n;

	pthread_mutex_lock(&b->lock);
	n = drop_expired(b);
	pthread_mutex_unlock(&b->lock);
	return n;
}

/** struct question - the errand that asks which names an address has */
struct question {
	struct weir_errand errand;
	struct weir_addr addr;
	struct weir_dns_name *name; /* room for @max */
	uint32_t n, max;
};

static void do_ask(void *owner, struct weir_errand *self)
{
	const struct weir_dns_name *pin[WEIR_PINS_NAMES_MAX];
	struct question *q = (struct question *)self;
	struct weir_house *h = owner;
	uint32_t n;

	if (!h->up)
		return;
	n = weir_pins_find(&h->pins, &q->addr, h->now_us, pin,
			   WEIR_PINS_NAMES_MAX);
	for (uint32_t i = 0; i < n && q->n < q->max; i++)
		q->name[q->n++] = *pin[i];
}

static bool has(const struct weir_namebook_entry *e, const struct weir_addr *a)
{
	for (uint32_t i = 0; i < e->n; i++)
		if (weir_addr_is_equal(&e->addr[i], a))
			return true;
	return false;
}

/* Those that the program gave it. */
static int copy_given(struct weir_namebook *b, struct question *q)
{
	uint64_t now = weir_clock_now_ms();

	pthread_mutex_lock(&b->lock);
	q->max = (uint32_t)b->n + WEIR_PINS_NAMES_MAX;
	q->name = malloc(q->max * sizeof(*q->name));
	for (size_t i = 0; q->name && i < b->n; i++)
		if (b->entry[i].until_ms > now && has(&b->entry[i], &q->addr))
			q->name[q->n++] = b->entry[i].name;
	pthread_mutex_unlock(&b->lock);
	return q->name ? 0 : -ENOMEM;
}

int weir_namebook_any(struct weir_namebook *b, const struct weir_addr *addr,
		      bool (*predicate)(void *arg, const char *name), void *arg)
{
	struct question q = { { .run = do_ask }, *addr, NULL, 0, 0 };
	char text[4 * WEIR_DNS_NAME_MAX_BYTES + 1];
	int r = copy_given(b, &q);

	if (r)
		return r;
	(void)weir_keeper_ask(b->keeper, &q.errand);
	for (uint32_t i = 0; i < q.n && r == 0; i++) {
		(void)weir_dns_name_to_text(&q.name[i], text, sizeof(text));
		r = predicate(arg, text);
	}
	free(q.name);
	return r;
}
