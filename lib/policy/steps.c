/* SPDX-License-Identifier: Apache-2.0 */
/*
 * steps.c - from what the rules say about a key to a function of steps
 *
 * For each channel the links that count there are painted, in the order of the
 * rules, on the 65,536 ports; a port keeps its first colour.  Only the ports
 * where a range begins or ends matter, so these are collected (a set of bits
 * gives them back sorted), and what lies between two of them is one cell.
 * Cells that have a colour are skipped by `next`, which is shortened as it is
 * walked: painting costs about the number of ranges, whatever they cover.
 *
 * Channel LAST is painted from the last rule to the first.
 */
#include "policy/steps.h"

#define ALL    65535u
#define DOT    853u
#define BIT(c) (UINT64_C(1) << (c))

/* ---- what counts where -------------------------------------------------- */

static bool has_port(const struct weir_draft *d,
		     const struct weir_draft_shape *s, uint16_t port)
{
	for (uint32_t i = 0; i < s->n_ports; i++)
		if (port >= d->port[s->port + i].low &&
		    port <= d->port[s->port + i].high)
			return true;
	return s->n_ports == 0;
}

/* Channels of an address that a link counts in, without its list's share. */
static uint64_t find_address(const struct weir_draft *d,
			     const struct weir_draft_link *l)
{
	const struct weir_draft_rule *r = &d->rule[l->of][l->rule - 1];
	const struct weir_draft_shape *s = &d->shape[l->shape];
	uint64_t p = s->protocols; /* TCP, UDP, ICMP are bits 0, 1, 2 */
	uint64_t ret;

	if (r->in)
		return (p & 3) << WEIR_INDEX_IN |
		       (r->allow ? 0 : (p & 3) << WEIR_INDEX_IN_DENY);
	ret = p << WEIR_INDEX_OUT;
	if (!r->allow)
		ret |= p << WEIR_INDEX_OUT_DENY;
	if (s->n_ports == 0 && !r->allow && !r->limited)
		ret |= BIT(WEIR_INDEX_ANSWER) | BIT(WEIR_INDEX_ANSWER_DENY);
	if (s->n_ports == 0 && r->allow &&
	    (l->what != WEIR_DRAFT_ANY || l->of == WEIR_DRAFT_OF_BOUNDS))
		ret |= BIT(WEIR_INDEX_ANSWER);
	if (r->allow && l->what == WEIR_DRAFT_NET && p & WEIR_RULE_TCP &&
	    has_port(d, s, DOT))
		ret |= BIT(WEIR_INDEX_DOT);
	return ret;
}

static uint64_t find_name(const struct weir_draft *d,
			  const struct weir_draft_link *l)
{
	const struct weir_draft_rule *r = &d->rule[l->of][l->rule - 1];
	const struct weir_draft_shape *s = &d->shape[l->shape];
	uint64_t p = s->protocols;

	if (!r->allow)
		return p << WEIR_INDEX_DENIES |
		       (s->n_ports == 0 && !r->limited ? BIT(WEIR_INDEX_ASKED)
						       : 0);
	return p << WEIR_INDEX_ALLOWS | p << WEIR_INDEX_LAST |
	       (r->unnamed && p & WEIR_RULE_TCP ? BIT(WEIR_INDEX_UNNAMED) : 0) |
	       BIT(WEIR_INDEX_ASKED) | BIT(WEIR_INDEX_ASKED_ALLOW);
}

static uint64_t find_channels(const struct weir_draft *d,
			      const struct weir_draft_link *l)
{
	bool bounds = l->of == WEIR_DRAFT_OF_BOUNDS;

	switch ((enum weir_draft_of)l->of) {
	case WEIR_DRAFT_OF_SETS:
		return BIT(l->rule);
	case WEIR_DRAFT_OF_HTTP:
		return BIT(WEIR_INDEX_ENTRY);
	case WEIR_DRAFT_OF_PORTS:
		return BIT(0);
	case WEIR_DRAFT_OF_RULES:
	case WEIR_DRAFT_OF_BOUNDS:
		break;
	}
	if (l->what & (WEIR_DRAFT_SELF | WEIR_DRAFT_BELOW))
		return find_name(d, l) << (bounds ? WEIR_INDEX_NAME_COUNT : 0);
	return find_address(d, l) << (bounds ? WEIR_INDEX_ADDRESS_COUNT : 0);
}

/* Do the ports of a target matter on this channel? */
static bool is_by_port(const struct weir_draft_link *l, uint32_t channel)
{
	if (l->of == WEIR_DRAFT_OF_PORTS)
		return true;
	if (l->of > WEIR_DRAFT_OF_BOUNDS)
		return false;
	if (l->what & (WEIR_DRAFT_SELF | WEIR_DRAFT_BELOW))
		return channel % WEIR_INDEX_NAME_COUNT < WEIR_INDEX_ASKED;
	return channel % WEIR_INDEX_ADDRESS_COUNT < WEIR_INDEX_ANSWER;
}

static bool is_backwards(const struct weir_draft_link *l, uint32_t channel)
{
	uint32_t c = channel % WEIR_INDEX_NAME_COUNT;

	return channel < 2 * WEIR_INDEX_NAME_COUNT &&
	       l->what & (WEIR_DRAFT_SELF | WEIR_DRAFT_BELOW) &&
	       c >= WEIR_INDEX_LAST && c < WEIR_INDEX_DENIES;
}

/* ---- painting ----------------------------------------------------------- */

/* The ranges of a link on a channel: the @i-th; false behind the last. */
static bool find_range(const struct weir_draft *d,
		       const struct weir_draft_link *l, uint32_t channel,
		       uint32_t i, struct weir_rule_range *ret)
{
	const struct weir_draft_shape *s = &d->shape[l->shape];

	if (is_by_port(l, channel) && s->n_ports) {
		if (i < s->n_ports)
			*ret = d->port[s->port + i];
		return i < s->n_ports;
	}
	*ret = (struct weir_rule_range){ 0, ALL };
	return i == 0;
}

static void mark(struct weir_draft_work *w, uint32_t port)
{
	w->bit[port / 64] |= BIT(port % 64);
	w->some[port / 4096] |= BIT(port / 64 % 64);
}

/* Marks to cells, in order; the marks are gone then.  Return: how many */
static uint32_t gather(struct weir_draft_work *w)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < 17; i++) {
		for (; w->some[i]; w->some[i] &= w->some[i] - 1) {
			uint32_t at =
				64 * i + (uint32_t)__builtin_ctzll(w->some[i]);

			for (; w->bit[at]; w->bit[at] &= w->bit[at] - 1) {
				uint32_t port =
					64 * at +
					(uint32_t)__builtin_ctzll(w->bit[at]);

				w->cell[port] = n;
				w->port[n] = port;
				w->value[n] = 0;
				w->next[n] = n;
				n++;
			}
		}
	}
	w->next[n] = n;
	return n;
}

/* The first cell from @i on without a colour. */
static uint32_t find_bare(struct weir_draft_work *w, uint32_t i)
{
	while (w->next[i] != i) {
		w->next[i] = w->next[w->next[i]];
		i = w->next[i];
	}
	return i;
}

static void paint(struct weir_draft_work *w, struct weir_rule_range r,
		  uint32_t colour)
{
	uint32_t end = w->cell[r.high + 1u];

	for (uint32_t i = find_bare(w, w->cell[r.low]); i < end;
	     i = find_bare(w, i)) {
		w->value[i] = colour;
		w->next[i] = i + 1;
	}
}

/* ---- a function being written ------------------------------------------- */

/* Pairs (x, value), to be sorted apart at the end. */
struct out {
	uint32_t *pair;
	uint32_t n, max;
	bool full;
};

static uint32_t value_of(const struct out *o, uint32_t n)
{
	return n ? o->pair[2 * n - 1] : 0;
}

static void step(struct out *o, uint32_t x, uint32_t value)
{
	if (o->n && o->pair[2 * o->n - 2] == x)
		o->n--;
	if (value_of(o, o->n) == value)
		return;
	if (o->n == o->max) {
		o->full = true;
		return;
	}
	o->pair[2 * o->n] = x;
	o->pair[2 * o->n + 1] = value;
	o->n++;
}

static void draw(struct weir_draft *d, uint32_t n, uint32_t channel,
		 struct out *o)
{
	struct weir_draft_work *w = d->work;
	bool back = is_backwards(&d->link[d->order[0]], channel);
	struct weir_rule_range r;
	uint32_t cells;

	for (uint32_t i = 0; i < n; i++) {
		const struct weir_draft_link *l = &d->link[d->order[i]];

		if (!(find_channels(d, l) & BIT(channel)))
			continue;
		for (uint32_t k = 0; find_range(d, l, channel, k, &r); k++) {
			mark(w, r.low);
			mark(w, r.high + 1u);
		}
	}
	cells = gather(w);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t id = d->order[back ? n - 1 - i : i];
		const struct weir_draft_link *l = &d->link[id];
		bool rule = l->of <= WEIR_DRAFT_OF_BOUNDS;

		if (!(find_channels(d, l) & BIT(channel)))
			continue;
		for (uint32_t k = 0; find_range(d, l, channel, k, &r); k++)
			paint(w, r, rule ? l->rule : 1);
	}
	for (uint32_t i = 0; i < cells; i++)
		step(o, (channel << 16) + w->port[i], w->value[i]);
}

/* HTTP entries have no ports: the n-th stands at port n. */
static void list_entries(struct weir_draft *d, uint32_t n, struct out *o)
{
	uint32_t x = weir_index_x(WEIR_INDEX_ENTRY, 0);

	for (uint32_t i = 0; i < n; i++)
		if (d->link[d->order[i]].of == WEIR_DRAFT_OF_HTTP)
			step(o, x++, d->link[d->order[i]].rule);
	step(o, x, 0);
}

/* (x, value)… to n, x…, value… where the next function may stand; if it
 * stands somewhere already, that one. */
static uint32_t intern(struct weir_draft *d, const struct out *o)
{
	uint32_t *to = d->steps + d->n_steps, words = 2 * o->n + 1, hash;
	const struct weir_draft_slot *s = NULL;

	to[0] = o->n;
	for (uint32_t i = 0; i < o->n; i++) {
		to[1 + i] = o->pair[2 * i];
		to[1 + o->n + i] = o->pair[2 * i + 1];
	}
	hash = weir_draft_hash(d, to, words);
	while ((s = weir_draft_slot(&d->functions, hash, s)))
		if (memcmp(d->steps + s->id, to, 4 * (size_t)words) == 0)
			return s->id;
	if (!weir_draft_put(&d->functions, hash, d->n_steps)) {
		d->full = true;
		return 0;
	}
	d->n_steps += words;
	return d->n_steps - words;
}

uint32_t weir_steps_build(struct weir_draft *d, uint32_t chain, uint8_t what)
{
	uint32_t room = (WEIR_DRAFT_STEPS_MAX - d->n_steps - 1) / 4, n = 0;
	uint64_t channels = 0;
	/* written behind where it will stand: twice the room */
	struct out o = { .pair = d->steps + d->n_steps + 1 + 2 * room,
			 .max = room };

	for (uint32_t i = chain; i; i = d->link[i].before) {
		if (d->link[i].what & what) {
			d->order[n++] = i;
			channels |= find_channels(d, &d->link[i]);
		}
	}
	for (uint32_t i = 0; i < n / 2; i++) {
		uint32_t swap = d->order[i];

		d->order[i] = d->order[n - 1 - i];
		d->order[n - 1 - i] = swap;
	}
	for (uint32_t c = 0; c < 64; c++) {
		if (!(channels & BIT(c)))
			continue;
		if (c == WEIR_INDEX_ENTRY &&
		    what & (WEIR_DRAFT_SELF | WEIR_DRAFT_BELOW))
			list_entries(d, n, &o);
		else
			draw(d, n, c, &o);
	}
	if (o.full)
		d->full = true;
	return o.n && !o.full ? intern(d, &o) : 0;
}
