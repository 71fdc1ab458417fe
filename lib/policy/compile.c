/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile.c - rules into an image
 *
 * Adding says of each key what the rule says of it (draft.h).  At the end the
 * chains become functions (steps.h), names get their pair of functions, and
 * everything is laid out as index.h says.  Names and networks are placed in
 * their tables with a seed made from all of them, so that nobody who writes a
 * list can aim at one place; if a search would still be longer than
 * WEIR_INDEX_PROBES the next seed is tried.
 *
 * Limits: draft.h.  What does not fit makes the whole compilation fail, now
 * and later: a policy is never smaller than it was meant.
 */
#include "policy/compile.h"

#include "base/must.h"
#include "base/siphash.h"
#include "policy/draft.h"
#include "policy/steps.h"

#define SEEDS 16u
#define SETTINGS                                                               \
	(WEIR_IMAGE_ALLOW_OUT | WEIR_IMAGE_QUIC_PIN | WEIR_IMAGE_DROP |        \
	 WEIR_IMAGE_REBIND)

/* indexes of weir_draft.first */
enum { ALL, DNS, SHUT, META };

/* The room's own type is the draft. */
struct weir_compile {
	struct weir_draft draft;
};

size_t weir_compile_bytes(void)
{
	return weir_draft_bytes();
}

struct weir_compile *weir_compile_init(void *mem, size_t len)
{
	return (struct weir_compile *)weir_draft_init(mem, len);
}

void weir_compile_settings(struct weir_compile *c, uint32_t flags)
{
	c->draft.flags |= flags & SETTINGS;
}

static bool may_add(const struct weir_draft *d)
{
	return !d->full && !d->sealed;
}

static bool fail(struct weir_draft *d)
{
	d->full = true;
	return false;
}

/* ---- shapes ------------------------------------------------------------- */

static bool is_shape(const struct weir_draft *d, uint32_t id, uint8_t protocols,
		     const struct weir_rule_range *port, uint32_t n)
{
	const struct weir_draft_shape *s = &d->shape[id];

	return s->protocols == protocols && s->n_ports == n &&
	       (n == 0 ||
		memcmp(d->port + s->port, port, n * sizeof(*port)) == 0);
}

/* Protocols and ports of a target; those of this rule are looked at, the last
 * first.  Return: 0 if there is no room. */
static uint32_t find_shape(struct weir_draft *d, uint8_t protocols,
			   const struct weir_rule_range *port, uint32_t n)
{
	uint32_t id = d->n_shapes + 1;

	for (uint32_t i = d->n_shapes; i && i >= d->first_shape; i--)
		if (is_shape(d, i, protocols, port, n))
			return i;
	if (id >= WEIR_DRAFT_SHAPES_MAX || n > WEIR_RULE_PORTS_MAX ||
	    WEIR_DRAFT_PORTS_MAX - d->n_ports < n)
		return 0;
	d->shape[id] = (struct weir_draft_shape){ .port = d->n_ports,
						  .n_ports = (uint16_t)n,
						  .protocols = protocols };
	for (uint32_t i = 0; i < n; i++) {
		if (port[i].low > port[i].high)
			return 0;
		d->port[d->n_ports + i] = port[i];
	}
	d->n_ports += n;
	d->n_shapes = id;
	return id;
}

/* ---- what is no rule ---------------------------------------------------- */

bool weir_compile_intercept(struct weir_compile *c, struct weir_rule_range r)
{
	struct weir_draft *d = &c->draft;
	struct weir_draft_link l = { .rule = 1,
				     .of = WEIR_DRAFT_OF_PORTS,
				     .what = WEIR_DRAFT_ANY };

	if (!may_add(d))
		return false;
	d->first_shape = d->n_shapes + 1;
	l.shape = find_shape(d, WEIR_RULE_TCP, &r, 1);
	d->flags |= WEIR_IMAGE_NAMES;
	return (l.shape && weir_draft_say(d, &d->ports, l)) || fail(d);
}

static bool add_name(struct weir_draft *d, const struct weir_pattern *name,
		     struct weir_draft_link l)
{
	uint32_t id = weir_draft_find_name(d, &name->base);

	l.what = name->what & (WEIR_DRAFT_SELF | WEIR_DRAFT_BELOW);
	return id && l.what && weir_draft_say(d, &d->name[id].link, l);
}

bool weir_compile_name(struct weir_compile *c, enum weir_compile_names list,
		       const struct weir_pattern *name)
{
	struct weir_draft *d = &c->draft;
	struct weir_draft_link l = { .of = WEIR_DRAFT_OF_SETS };

	if (!may_add(d))
		return false;
	switch (list) {
	case WEIR_COMPILE_PRIVATE:
		l.rule = WEIR_INDEX_PRIVATE;
		break;
	case WEIR_COMPILE_BYPASS:
		l.rule = WEIR_INDEX_BYPASS;
		break;
	case WEIR_COMPILE_INSECURE:
		l.rule = WEIR_INDEX_INSECURE;
		break;
	case WEIR_COMPILE_GUARDED:
		l.rule = WEIR_INDEX_GUARDED;
		d->flags |= WEIR_IMAGE_NAMES | WEIR_IMAGE_GUARDED;
		break;
	}
	return add_name(d, name, l) || fail(d);
}

/* ---- rules -------------------------------------------------------------- */

static void note_first(struct weir_draft *d, unsigned what, bool holds)
{
	if (holds && d->first[d->list][what] == 0)
		d->first[d->list][what] = d->n_rules[d->list];
}

/* A deny decides a name only if it has neither ports nor protocols. */
static void note_asked(struct weir_draft *d, const struct weir_rule_target *t)
{
	const struct weir_draft_rule *r =
		&d->rule[d->list][d->n_rules[d->list] - 1];
	bool any = t->host == WEIR_RULE_HOST_ANY;
	bool dns = t->host == WEIR_RULE_HOST_DNS;
	bool class = t->host == WEIR_RULE_HOST_CLASS;
	bool shut = !r->allow && !r->limited && t->n_ports == 0;

	if (r->in)
		return;
	note_first(d, ALL,
		   r->allow && (any || dns ||
				(class && (t->class == WEIR_CLASS_PUBLIC ||
					   t->class == WEIR_CLASS_PRIVATE))));
	note_first(d, ALL, shut && any);
	note_first(d, SHUT, shut && any);
	note_first(d, DNS, shut && dns);
	note_first(d, META,
		   r->allow && class && t->class == WEIR_CLASS_METADATA);
}

static bool say_name(struct weir_draft *d, const struct weir_pattern *name,
		     struct weir_draft_link l)
{
	d->flags |= WEIR_IMAGE_NAMES;
	if (!add_name(d, name, l))
		return false;
	if (l.of != WEIR_DRAFT_OF_RULES && l.of != WEIR_DRAFT_OF_BOUNDS)
		return true;
	l.what = WEIR_DRAFT_SELF;
	return weir_draft_say(d, &d->every, l);
}

static bool say_net(struct weir_draft *d, const struct weir_prefix *net,
		    struct weir_draft_link l)
{
	uint32_t id = weir_draft_find_net(d, net);

	l.what = WEIR_DRAFT_NET;
	return id && weir_draft_say(d, &d->net[id].link, l);
}

/* One target of the last rule, with the ports of another where that is how it
 * came into the rule. */
static bool add_target(struct weir_draft *d, const struct weir_rule_target *t,
		       const struct weir_rule_target *ports)
{
	uint32_t number = d->n_rules[d->list];
	const struct weir_draft_rule *r = &d->rule[d->list][number - 1];
	uint8_t protocols = ports->n_ports ? r->protocols & 3 : r->protocols;
	struct weir_draft_link l = { .rule = number, .of = (uint8_t)d->list };

	l.shape = find_shape(d, protocols, ports->port, ports->n_ports);
	if (l.shape == 0)
		return false;
	switch (t->host) {
	case WEIR_RULE_HOST_ANY:
		l.what = WEIR_DRAFT_ANY;
		note_asked(d, t);
		return weir_draft_say(d, &d->any, l);
	case WEIR_RULE_HOST_DNS:
		note_asked(d, t);
		return true;
	case WEIR_RULE_HOST_CLASS:
		l.what = WEIR_DRAFT_CLASS;
		note_asked(d, t);
		weir_must((unsigned)t->class < 9);
		return weir_draft_say(d, &d->class[t->class], l);
	case WEIR_RULE_HOST_PREFIX:
		return say_net(d, &t->prefix, l);
	case WEIR_RULE_HOST_NAME:
		return r->in || say_name(d, &t->name, l);
	case WEIR_RULE_HOST_GROUP:
	case WEIR_RULE_HOST_FILE:
		return true;
	}
	return false;
}

static bool copy_text(struct weir_draft *d, const char *text, size_t len,
		      uint32_t *ret)
{
	if (len > WEIR_RULE_TEXT_BYTES ||
	    len > WEIR_DRAFT_TEXT_BYTES - d->n_text)
		return false;
	memcpy(d->text + d->n_text, text, len);
	*ret = d->n_text;
	d->n_text += (uint32_t)len;
	return true;
}

bool weir_compile_rule(struct weir_compile *c, enum weir_compile_list list,
		       const struct weir_rule *r, const char *text, size_t len)
{
	struct weir_draft *d = &c->draft;
	uint32_t at = list == WEIR_COMPILE_BOUNDS ? WEIR_INDEX_OF_BOUNDS
						  : WEIR_INDEX_OF_RULES;
	uint32_t n = d->n_rules[at], text_at = 0;

	if (!may_add(d))
		return false;
	if (n == WEIR_RULES_MAX || !copy_text(d, text, len, &text_at))
		return fail(d);
	d->rule[at][n] = (struct weir_draft_rule){
		.text = text_at,
		.text_len = (uint16_t)len,
		.protocols = r->protocols & WEIR_RULE_ANY,
		.allow = r->allow,
		.in = r->in,
		.unnamed = r->unnamed,
		/* any is what is meant if none are written */
		.limited = r->has_protocols && r->protocols != WEIR_RULE_ANY,
	};
	d->n_rules[at] = n + 1;
	d->list = at;
	d->first_shape = d->n_shapes + 1;
	for (uint32_t i = 0; i < r->n_targets; i++)
		if (!add_target(d, &r->target[i], &r->target[i]))
			return fail(d);
	return true;
}

bool weir_compile_host(struct weir_compile *c,
		       const struct weir_rule_target *of,
		       const struct weir_rule_target *host)
{
	struct weir_draft *d = &c->draft;

	if (!may_add(d) || d->n_rules[d->list] == 0)
		return false;
	return add_target(d, host, of) || fail(d);
}

/* ---- HTTP entries ------------------------------------------------------- */

static bool copy_request(struct weir_draft *d, const char *text, uint32_t len,
			 uint32_t *ret_at)
{
	if (len > WEIR_DRAFT_REQUEST_BYTES - d->n_request)
		return false;
	memcpy(d->request + d->n_request, text, len);
	*ret_at = d->n_request;
	d->n_request += len;
	return true;
}

static bool add_line(struct weir_draft *d, const struct weir_httprule_line *l)
{
	uint32_t *w = d->line[d->n_lines].word;

	if (d->n_lines == WEIR_DRAFT_LINES_MAX)
		return false;
	w[0] = l->deny;
	w[2] = l->method_len;
	w[4] = l->path_len;
	d->n_lines++;
	return copy_request(d, l->method, l->method_len, &w[1]) &&
	       copy_request(d, l->path, l->path_len, &w[3]);
}

bool weir_compile_http(struct weir_compile *c,
		       const struct weir_httprule_entry *e)
{
	struct weir_draft *d = &c->draft;
	struct weir_draft_link l = { .of = WEIR_DRAFT_OF_HTTP };

	if (!may_add(d))
		return false;
	if (d->n_entries == WEIR_DRAFT_HTTP_MAX)
		return fail(d);
	d->entry[d->n_entries] =
		(struct weir_draft_entry){ .line = d->n_lines,
					   .n_lines = e->n_lines };
	l.rule = ++d->n_entries;
	d->flags |= WEIR_IMAGE_HTTP;
	for (uint32_t i = 0; i < e->n_lines; i++)
		if (!add_line(d, &e->line[i]))
			return fail(d);
	if (!say_name(d, &e->host, l))
		return fail(d);
	return weir_compile_name(c, WEIR_COMPILE_GUARDED, &e->host);
}

/* ---- working out -------------------------------------------------------- */

static uint32_t find_pair(struct weir_draft *d, uint32_t self, uint32_t below)
{
	const struct weir_draft_slot *s = NULL;
	uint32_t word[2] = { self, below }, id = d->n_pairs + 1;
	uint32_t hash = weir_draft_hash(d, word, 2);

	while ((s = weir_draft_slot(&d->pairs, hash, s)))
		if (d->pair[s->id][0] == self && d->pair[s->id][1] == below)
			return s->id;
	if (id >= WEIR_DRAFT_PAIRS_MAX ||
	    !weir_draft_put(&d->pairs, hash, id)) {
		d->full = true;
		return 0;
	}
	d->pair[id][0] = self;
	d->pair[id][1] = below;
	return d->n_pairs = id;
}

static uint32_t pair_of(struct weir_draft *d, uint32_t link)
{
	if (d->pair_of[link] == 0) {
		uint32_t self = weir_steps_build(d, link, WEIR_DRAFT_SELF);
		uint32_t below = weir_steps_build(d, link, WEIR_DRAFT_BELOW);

		d->pair_of[link] = find_pair(d, self, below);
	}
	return d->pair_of[link];
}

static uint32_t steps_of(struct weir_draft *d, uint32_t link)
{
	if (link && d->steps_of[link] == 0)
		d->steps_of[link] =
			weir_steps_build(d, link,
					 WEIR_DRAFT_ANY | WEIR_DRAFT_CLASS |
						 WEIR_DRAFT_NET);
	return link ? d->steps_of[link] : 0;
}

static void work_out(struct weir_draft *d)
{
	for (uint32_t i = 1; i <= d->n_names && !d->full; i++)
		(void)pair_of(d, d->name[i].link);
	for (uint32_t i = 1; i <= d->n_nets && !d->full; i++)
		(void)steps_of(d, d->net[i].link);
	for (uint32_t i = 0; i < 9; i++)
		d->class[i] = steps_of(d, d->class[i]);
	d->any = steps_of(d, d->any);
	d->ports = steps_of(d, d->ports);
	d->every = weir_steps_build(d, d->every, WEIR_DRAFT_SELF);
	d->sealed = true;
}

/* ---- laying out --------------------------------------------------------- */

/* Slots for @n keys: a third of them is used, of many three fifths. */
static uint32_t slots_for(uint32_t n)
{
	return n < 65536 ? 3 * n : n / 3 * 5 + 5;
}

static void measure(const struct weir_draft *d,
		    uint64_t ret[WEIR_INDEX_SECTIONS])
{
	ret[WEIR_INDEX_RULES] =
		4ull * WEIR_INDEX_RULE_WORDS * d->n_rules[WEIR_INDEX_OF_RULES];
	ret[WEIR_INDEX_BOUNDS] =
		4ull * WEIR_INDEX_RULE_WORDS * d->n_rules[WEIR_INDEX_OF_BOUNDS];
	ret[WEIR_INDEX_TEXTS] = d->n_text;
	ret[WEIR_INDEX_STEPS] = 4ull * d->n_steps;
	ret[WEIR_INDEX_NAMES] =
		(uint64_t)WEIR_INDEX_SLOT_BYTES * slots_for(d->n_names);
	ret[WEIR_INDEX_WIRE] = d->n_wire;
	ret[WEIR_INDEX_PAIRS] = 8ull * (d->n_pairs + 1);
	ret[WEIR_INDEX_NETS] =
		(uint64_t)WEIR_INDEX_NET_BYTES * slots_for(d->n_nets);
	ret[WEIR_INDEX_HTTP] = 8ull * d->n_entries;
	ret[WEIR_INDEX_LINES] = 4ull * WEIR_INDEX_LINE_WORDS * d->n_lines;
	ret[WEIR_INDEX_REQUESTS] = d->n_request;
}

size_t weir_compile_size(struct weir_compile *c)
{
	uint64_t size[WEIR_INDEX_SECTIONS], sum = WEIR_INDEX_HEAD_BYTES;

	if (!c->draft.sealed && !c->draft.full)
		work_out(&c->draft);
	if (c->draft.full)
		return 0;
	measure(&c->draft, size);
	for (uint32_t i = 0; i < WEIR_INDEX_SECTIONS; i++)
		sum += (size[i] + 7) & ~7ull;
	return sum <= WEIR_IMAGE_BYTES ? (size_t)sum : 0;
}

static void store(uint8_t *at, uint32_t v)
{
	memcpy(at, &v, sizeof(v));
}

/* The slot where a key may stand: @used bytes in, a word that is not 0 is in
 * use.  NULL if the reader would not find it. */
static uint8_t *find_slot(uint8_t *table, uint32_t n, uint32_t bytes,
			  uint32_t used, uint64_t hash)
{
	uint32_t at = weir_index_home(hash, n);

	for (uint32_t i = 0; i < WEIR_INDEX_PROBES; i++) {
		uint8_t *slot = table + bytes * (size_t)at;

		if (weir_index_load(slot + used) == 0)
			return slot;
		at = at + 1 == n ? 0 : at + 1;
	}
	return NULL;
}

static bool place_names(const struct weir_draft *d, uint32_t seed, uint8_t *to)
{
	uint32_t n = slots_for(d->n_names), labels;

	memset(to, 0, WEIR_INDEX_SLOT_BYTES * (size_t)n);
	for (uint32_t i = 1; i <= d->n_names; i++) {
		uint32_t wire = d->name[i].wire;
		uint32_t end =
			i == d->n_names ? d->n_wire : d->name[i + 1].wire;
		uint64_t hash = weir_index_hash_name(seed, d->wire + wire,
						     end - wire, &labels);
		uint8_t *slot =
			find_slot(to, n, WEIR_INDEX_SLOT_BYTES, 4, hash);

		if (!slot)
			return false;
		store(slot, wire);
		store(slot + 4,
		      d->pair_of[d->name[i].link] | weir_index_tag(hash));
	}
	return true;
}

static bool place_nets(const struct weir_draft *d, uint32_t seed, uint8_t *to)
{
	uint32_t n = slots_for(d->n_nets);

	memset(to, 0, WEIR_INDEX_NET_BYTES * (size_t)n);
	for (uint32_t i = 1; i <= d->n_nets; i++) {
		const struct weir_draft_net *net = &d->net[i];
		uint64_t hash =
			weir_index_hash_net(seed, &net->addr, net->meta);
		uint8_t *slot =
			find_slot(to, n, WEIR_INDEX_NET_BYTES, 16, hash);

		if (!slot)
			return false;
		memcpy(slot, net->addr.b, 16);
		store(slot + 16, d->steps_of[net->link]);
		store(slot + 20, weir_index_mark(hash, net->meta));
	}
	return true;
}

static void write_rules(const struct weir_draft *d, uint32_t list, uint8_t *to)
{
	for (uint32_t i = 0; i < d->n_rules[list]; i++) {
		const struct weir_draft_rule *r = &d->rule[list][i];
		uint8_t *at = to + 4 * WEIR_INDEX_RULE_WORDS * (size_t)i;

		store(at, r->text);
		store(at + 4, r->text_len);
		store(at + 8, r->allow ? WEIR_INDEX_ALLOW : 0);
	}
}

static void write_head(const struct weir_draft *d, uint32_t seed, size_t len,
		       uint8_t *to)
{
	uint32_t w[WEIR_IMAGE_WORDS] = {
		[WEIR_INDEX_W_MAGIC] = WEIR_INDEX_MAGIC,
		[WEIR_INDEX_W_VERSION] = WEIR_INDEX_VERSION,
		[WEIR_INDEX_W_BYTES] = (uint32_t)len,
		[WEIR_INDEX_W_FLAGS] = d->flags,
		[WEIR_INDEX_W_RULES] = d->n_rules[WEIR_INDEX_OF_RULES],
		[WEIR_INDEX_W_BOUNDS] = d->n_rules[WEIR_INDEX_OF_BOUNDS],
		[WEIR_INDEX_W_SEED] = seed,
		[WEIR_INDEX_W_LABELS] = d->labels,
		[WEIR_INDEX_W_ANY] = d->any,
		[WEIR_INDEX_W_EVERY] = d->every,
		[WEIR_INDEX_W_PORTS] = d->ports,
	};

	memcpy(w + WEIR_INDEX_W_LEN4, d->len4, sizeof(d->len4));
	memcpy(w + WEIR_INDEX_W_LEN6, d->len6, sizeof(d->len6));
	memcpy(w + WEIR_INDEX_W_CLASS, d->class, sizeof(d->class));
	for (uint32_t i = 0; i < WEIR_INDEX_LISTS; i++) {
		w[WEIR_INDEX_W_ALL + i] = d->first[i][ALL];
		w[WEIR_INDEX_W_DNS + i] = d->first[i][DNS];
		w[WEIR_INDEX_W_SHUT + i] = d->first[i][SHUT];
		w[WEIR_INDEX_W_META + i] = d->first[i][META];
	}
	memcpy(to, w, sizeof(w));
}

static void write_sections(const struct weir_draft *d,
			   uint8_t *const at[WEIR_INDEX_SECTIONS])
{
	write_rules(d, WEIR_INDEX_OF_RULES, at[WEIR_INDEX_RULES]);
	write_rules(d, WEIR_INDEX_OF_BOUNDS, at[WEIR_INDEX_BOUNDS]);
	memcpy(at[WEIR_INDEX_TEXTS], d->text, d->n_text);
	store(at[WEIR_INDEX_STEPS], 0);
	memcpy(at[WEIR_INDEX_STEPS] + 4, d->steps + 1,
	       4 * ((size_t)d->n_steps - 1));
	memcpy(at[WEIR_INDEX_WIRE], d->wire, d->n_wire);
	memcpy(at[WEIR_INDEX_PAIRS], d->pair, 8 * ((size_t)d->n_pairs + 1));
	for (uint32_t i = 0; i < d->n_entries; i++) {
		store(at[WEIR_INDEX_HTTP] + 8 * (size_t)i, d->entry[i].line);
		store(at[WEIR_INDEX_HTTP] + 8 * (size_t)i + 4,
		      d->entry[i].n_lines);
	}
	memcpy(at[WEIR_INDEX_LINES], d->line,
	       sizeof(struct weir_draft_line) * (size_t)d->n_lines);
	memcpy(at[WEIR_INDEX_REQUESTS], d->request, d->n_request);
}

/* The @i-th seed for these names and networks. */
static uint32_t find_seed(const struct weir_draft *d, uint32_t i)
{
	uint64_t key[2] = { i, 0 };

	key[1] = weir_siphash(key, d->wire, d->n_wire);
	return (uint32_t)weir_siphash(key, d->net + 1,
				      sizeof(*d->net) * (size_t)d->n_nets);
}

static bool place(const struct weir_draft *d,
		  uint8_t *const at[WEIR_INDEX_SECTIONS], uint32_t *ret_seed)
{
	for (uint32_t i = 0; i < SEEDS; i++) {
		uint32_t seed = find_seed(d, i);

		if (place_names(d, seed, at[WEIR_INDEX_NAMES]) &&
		    place_nets(d, seed, at[WEIR_INDEX_NETS])) {
			*ret_seed = seed;
			return true;
		}
	}
	return false;
}

size_t weir_compile_write(struct weir_compile *c, void *to, size_t room)
{
	static const uint64_t key[2] = { 1, 2 };
	struct weir_draft *d = &c->draft;
	uint8_t *bytes = to, *at[WEIR_INDEX_SECTIONS];
	uint64_t size[WEIR_INDEX_SECTIONS], hash;
	size_t len = weir_compile_size(c), end = WEIR_INDEX_HEAD_BYTES;
	uint32_t seed;

	if (len == 0 || len > room)
		return 0;
	measure(d, size);
	for (uint32_t i = 0; i < WEIR_INDEX_SECTIONS; i++) {
		uint8_t *table = bytes + 4 * WEIR_IMAGE_WORDS + 8 * (size_t)i;

		store(table, (uint32_t)end);
		store(table + 4, (uint32_t)size[i]);
		at[i] = bytes + end;
		memset(at[i] + size[i], 0, -size[i] & 7);
		end += (size[i] + 7) & ~(size_t)7;
	}
	write_sections(d, at);
	if (!place(d, at, &seed))
		return 0;
	write_head(d, seed, len, bytes);
	hash = weir_siphash(key, to, len);
	store(bytes + 4 * WEIR_INDEX_W_HASH, (uint32_t)hash);
	store(bytes + 4 * (WEIR_INDEX_W_HASH + 1), (uint32_t)(hash >> 32));
	return len;
}
