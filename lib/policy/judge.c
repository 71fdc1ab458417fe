/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.c - question to verdict
 *
 * The rules are not walked.  For every key that fits the question the image
 * knows the first rule that holds (index.h); the smallest of these numbers is
 * where a walk would have stopped.  Numbers are kept apart by how a rule holds:
 *
 *	sure   by address: any, a class, a network
 *	deny   a deny by a name that is pinned or shown
 *	allow  an allow by a name; while a name may still be shown (TCP, nothing
 *	       shown yet) it only waits
 *	could  the first deny by any name at all with this protocol and port:
 *	       the name that will be shown may be the one
 *
 * Between two of one rule sure wins over waiting.  A walk that stops at
 * min(sure, deny, allow) has passed `could` over if that is smaller; then what
 * would have been allowed waits for it.
 *
 * Both lists, bounds and rules, are looked up at the same time.
 */
#include "policy/judge.h"

#include "policy/httprule.h"
#include "policy/index.h"

#define PORT_HTTP  80u
#define PORT_HTTPS 443u
#define PORT_DOT   853u
#define NOBODY     UINT32_MAX

/* Rule numbers of one list; NOBODY for none. */
struct found {
	uint32_t sure, deny, allow, could;
};

/* What one question finds. */
struct hearing {
	const struct weir_image *p;
	const struct weir_judge_flow *q;
	uint32_t proto; /* 0 TCP, 1 UDP, 2 ICMP: offset of a channel */
	bool waits;     /* a name may still be shown */
	bool by_name;   /* TCP that must show a name and showed none, or QUIC
			   that does not go by pins, does not */
	struct found in[WEIR_INDEX_LISTS];
	uint32_t pinned; /* last allow rule by name that a pin fits; 0: none */
	bool guarded;    /* a pinned name has secrets or HTTP rules */
};

/* How one list ends. */
struct ruling {
	enum weir_judge_said said;
	uint32_t rule; /* 0: the default */
	uint32_t
		could; /* a deny rule that what is allowed waits for; 0: none */
	bool named;
};

static struct weir_judge_verdict deny_by_nothing(enum weir_reason why)
{
	return (struct weir_judge_verdict){ .said = WEIR_JUDGE_DENY,
					    .by = WEIR_JUDGE_BY_NOTHING,
					    .reason = why };
}

static struct weir_judge_verdict allow_by_nothing(void)
{
	return (struct weir_judge_verdict){ .said = WEIR_JUDGE_ALLOW,
					    .by = WEIR_JUDGE_BY_NOTHING,
					    .reason = WEIR_REASON_NONE };
}

/* What a rule of a list said; a denial of the bounds has their reason. */
static struct weir_judge_verdict by_rule(enum weir_judge_said said,
					 uint32_t list, uint32_t rule,
					 enum weir_reason why)
{
	bool bounds = list == WEIR_INDEX_OF_BOUNDS;

	if (said != WEIR_JUDGE_DENY)
		why = WEIR_REASON_NONE;
	else if (bounds)
		why = WEIR_REASON_BOUNDS;
	return (struct weir_judge_verdict){
		.said = said,
		.by = bounds ? WEIR_JUDGE_BY_BOUNDS : WEIR_JUDGE_BY_RULE,
		.rule = rule,
		.reason = why,
	};
}

static struct weir_judge_verdict by_default(bool allow, enum weir_reason why)
{
	return (struct weir_judge_verdict){
		.said = allow ? WEIR_JUDGE_ALLOW : WEIR_JUDGE_DENY,
		.by = WEIR_JUDGE_BY_DEFAULT,
		.reason = allow ? WEIR_REASON_NONE : why,
	};
}

static bool is_allow(const struct weir_image *p, uint32_t list, uint32_t rule)
{
	enum weir_index_section s = list == WEIR_INDEX_OF_BOUNDS
					    ? WEIR_INDEX_BOUNDS
					    : WEIR_INDEX_RULES;

	return weir_index_word(p, s, WEIR_INDEX_RULE_WORDS * (rule - 1) + 2) &
	       WEIR_INDEX_ALLOW;
}

static uint32_t count(const struct weir_image *p, uint32_t list)
{
	return list == WEIR_INDEX_OF_BOUNDS ? p->n_bounds : p->n_rules;
}

/* The smaller of a number and what a function says; 0 there is none. */
static inline uint32_t first(const struct weir_image *p, uint32_t so_far,
			     uint32_t f, uint32_t channel, uint16_t port)
{
	uint32_t v = weir_index_value(p, f, weir_index_x(channel, port));

	return v && v < so_far ? v : so_far;
}

/* ---- by address --------------------------------------------------------- */

/* The keys that fit an address. */
struct place {
	enum weir_class class;
	uint32_t n_nets, n_inner;
	uint32_t net[WEIR_INDEX_NETS_MAX];
	uint32_t inner[WEIR_INDEX_NETS_MAX]; /* of the IPv4 address inside */
};

static void find_place(const struct weir_image *p, enum weir_class class,
		       const struct weir_addr *a, struct place *ret)
{
	struct weir_addr inner = weir_class_unwrap(a);

	ret->class = class;
	ret->n_inner = 0;
	ret->n_nets = weir_index_find_nets(p, a, ret->net);
	if (!weir_addr_is_equal(&inner, a))
		ret->n_inner = weir_index_find_nets(p, &inner, ret->inner);
}

/* The first rule of a list on @channel; of an address inside another only
 * denials count, on @inner. */
static uint32_t find_sure(const struct weir_image *p, const struct place *at,
			  uint32_t list, uint32_t channel, uint32_t inner,
			  uint16_t port)
{
	uint32_t ret = NOBODY;

	channel += list * WEIR_INDEX_ADDRESS_COUNT;
	inner += list * WEIR_INDEX_ADDRESS_COUNT;
	ret = first(p, ret, p->word[WEIR_INDEX_W_ANY], channel, port);
	ret = first(p, ret, p->word[WEIR_INDEX_W_CLASS + (uint32_t)at->class],
		    channel, port);
	for (uint32_t i = 0; i < at->n_nets; i++)
		ret = first(p, ret, at->net[i], channel, port);
	for (uint32_t i = 0; i < at->n_inner; i++)
		ret = first(p, ret, at->inner[i], inner, port);
	return ret;
}

/* ---- by name ------------------------------------------------------------ */

static bool is_same(const struct weir_dns_name *a,
		    const struct weir_dns_name *b)
{
	return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}

/* What the rules say of one name at this address. */
static void hear_name(struct hearing *h, const struct weir_dns_name *name,
		      bool may_allow, bool pinned)
{
	uint32_t f[WEIR_INDEX_NAMES_MAX];
	uint32_t n = weir_index_find_names(h->p, name, f);
	uint16_t port = h->q->port;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t last;

		for (uint32_t list = 0; list < WEIR_INDEX_LISTS; list++) {
			uint32_t base = list * WEIR_INDEX_NAME_COUNT;
			struct found *to = &h->in[list];

			if (count(h->p, list) == 0)
				continue;
			to->deny = first(h->p, to->deny, f[i],
					 base + WEIR_INDEX_DENIES + h->proto,
					 port);
			if (may_allow)
				to->allow = first(
					h->p, to->allow, f[i],
					base + (h->by_name ? WEIR_INDEX_UNNAMED
							   : WEIR_INDEX_ALLOWS +
								     h->proto),
					port);
		}
		if (!pinned)
			continue;
		last = weir_index_value(h->p, f[i],
					weir_index_x(WEIR_INDEX_LAST + h->proto,
						     port));
		h->pinned = last > h->pinned ? last : h->pinned;
		h->guarded |=
			h->q->protocol == WEIR_RULE_UDP &&
			weir_index_value(h->p, f[i],
					 weir_index_x(WEIR_INDEX_GUARDED, 0));
	}
}

static bool is_web(uint16_t port)
{
	return port == PORT_HTTP || port == PORT_HTTPS;
}

static void hear_names(struct hearing *h)
{
	const struct weir_judge_flow *q = h->q;
	bool shown = q->shown == WEIR_JUDGE_SHOWN_NAME, pinned = false;
	bool quic = q->protocol == WEIR_RULE_UDP && is_web(q->port) &&
		    !(h->p->flags & WEIR_IMAGE_QUIC_PIN);

	h->by_name = q->protocol == WEIR_RULE_TCP && is_web(q->port) &&
		     q->shown == WEIR_JUDGE_SHOWN_NONE;
	for (uint32_t i = 0; i < q->n_pins; i++) {
		bool same = shown && is_same(q->pin[i], q->name);

		pinned |= same;
		hear_name(h, q->pin[i], !quic && (same || !shown), true);
	}
	if (shown && !pinned)
		hear_name(h, q->name, false, false);
	for (uint32_t list = 0; list < WEIR_INDEX_LISTS; list++)
		h->in[list].could =
			first(h->p, NOBODY, h->p->word[WEIR_INDEX_W_EVERY],
			      list * WEIR_INDEX_NAME_COUNT + WEIR_INDEX_DENIES +
				      h->proto,
			      q->port);
}

/* ---- a conversation out ------------------------------------------------- */

static uint32_t lower(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static struct ruling settle(const struct hearing *h, uint32_t list)
{
	const struct found *in = &h->in[list];
	bool shown = h->q->shown == WEIR_JUDGE_SHOWN_NAME;
	uint32_t sure = lower(in->sure, in->deny);
	uint32_t at = lower(sure, in->allow);
	struct ruling r = { .rule = at == NOBODY ? 0 : at };

	if (at == NOBODY)
		r.said = list == WEIR_INDEX_OF_BOUNDS ||
					 h->p->flags & WEIR_IMAGE_ALLOW_OUT
				 ? WEIR_JUDGE_ALLOW
				 : WEIR_JUDGE_DENY;
	else if (h->waits && in->allow < sure)
		r.said = WEIR_JUDGE_DEFER;
	else
		r.said = is_allow(h->p, list, at) ? WEIR_JUDGE_ALLOW
						  : WEIR_JUDGE_DENY;
	if (h->waits && in->could < at)
		r.could = in->could;
	r.named = in->allow < sure || (shown && in->could < at);
	return r;
}

/* Why no name rule held where the default denies. */
static enum weir_reason find_why(const struct hearing *h)
{
	const struct weir_judge_flow *q = h->q;
	uint32_t last =
		weir_index_value(h->p, h->p->word[WEIR_INDEX_W_EVERY],
				 weir_index_x(WEIR_INDEX_LAST + h->proto,
					      q->port));

	if (last == 0 || (q->protocol == WEIR_RULE_UDP && is_web(q->port) &&
			  !(h->p->flags & WEIR_IMAGE_QUIC_PIN)))
		return WEIR_REASON_DEFAULT;
	if (h->pinned != last)
		return WEIR_REASON_NO_PIN;
	return q->shown == WEIR_JUDGE_SHOWN_NAME ? WEIR_REASON_SHOWN_MISMATCH
						 : WEIR_REASON_NAME_REQUIRED;
}

/* What no rule can allow: 0, or the reason. */
static enum weir_reason find_refusal(const struct hearing *h,
				     const struct place *at)
{
	const struct weir_judge_flow *q = h->q;
	bool intercepted = weir_image_is_intercepted(h->p, q->port);

	if (q->protocol == WEIR_RULE_UDP &&
	    (h->guarded ||
	     (intercepted && !(h->p->flags & WEIR_IMAGE_QUIC_PIN))))
		return WEIR_REASON_QUIC;
	if (q->protocol != WEIR_RULE_TCP || q->port != PORT_DOT || intercepted)
		return WEIR_REASON_NONE;
	for (uint32_t i = 0; i < at->n_nets; i++)
		if (weir_index_value(h->p, at->net[i],
				     weir_index_x(WEIR_INDEX_DOT, 0)))
			return WEIR_REASON_NONE;
	return WEIR_REASON_DOT;
}

/* No rule can allow it; but a deny that holds is named. */
static struct weir_judge_verdict judge_multicast(const struct hearing *h)
{
	static const uint32_t order[] = { WEIR_INDEX_OF_BOUNDS,
					  WEIR_INDEX_OF_RULES };

	for (uint32_t i = 0; i < WEIR_INDEX_LISTS; i++) {
		const struct found *in = &h->in[order[i]];
		uint32_t at = lower(in->sure, in->deny);

		if (at != NOBODY)
			return by_rule(WEIR_JUDGE_DENY, order[i], at,
				       WEIR_REASON_MULTICAST);
	}
	return deny_by_nothing(WEIR_REASON_MULTICAST);
}

/* Bounds that do not deny, and the rules, together. */
static struct weir_judge_verdict join(const struct hearing *h,
				      const struct ruling *bounds,
				      const struct ruling *rules)
{
	struct weir_judge_verdict v;

	if (rules->said == WEIR_JUDGE_DENY && bounds->said != WEIR_JUDGE_DEFER)
		return rules->rule
			       ? by_rule(WEIR_JUDGE_DENY, WEIR_INDEX_OF_RULES,
					 rules->rule, WEIR_REASON_RULE)
			       : by_default(false, find_why(h));
	if (rules->said != WEIR_JUDGE_DENY && bounds->could)
		return by_rule(WEIR_JUDGE_DEFER, WEIR_INDEX_OF_BOUNDS,
			       bounds->could, WEIR_REASON_NONE);
	if (bounds->said == WEIR_JUDGE_DEFER)
		return by_rule(WEIR_JUDGE_DEFER, WEIR_INDEX_OF_BOUNDS,
			       bounds->rule, WEIR_REASON_NONE);
	if (rules->could || rules->said == WEIR_JUDGE_DEFER)
		return by_rule(WEIR_JUDGE_DEFER, WEIR_INDEX_OF_RULES,
			       rules->could ? rules->could : rules->rule,
			       WEIR_REASON_NONE);
	v = rules->rule ? by_rule(WEIR_JUDGE_ALLOW, WEIR_INDEX_OF_RULES,
				  rules->rule, WEIR_REASON_NONE)
			: by_default(true, WEIR_REASON_NONE);
	v.named = bounds->named || rules->named;
	return v;
}

static uint32_t find_proto(uint8_t protocol)
{
	if (protocol == WEIR_RULE_TCP)
		return 0;
	return protocol == WEIR_RULE_UDP ? 1 : 2;
}

struct weir_judge_verdict weir_judge_flow(const struct weir_image *p,
					  const struct weir_class_facts *f,
					  const struct weir_judge_flow *q)
{
	static const struct found nobody = { NOBODY, NOBODY, NOBODY, NOBODY };
	enum weir_class class = weir_class_find(f, &q->to);
	struct hearing h = { .p = p,
			     .q = q,
			     .proto = find_proto(q->protocol),
			     .waits = q->protocol == WEIR_RULE_TCP &&
				      q->shown == WEIR_JUDGE_SHOWN_NOTHING_YET,
			     .in = { nobody, nobody } };
	uint32_t denies = WEIR_INDEX_OUT_DENY + h.proto;
	uint32_t channel = class == WEIR_CLASS_MULTICAST
				   ? denies
				   : WEIR_INDEX_OUT + h.proto;
	struct ruling bounds, rules;
	enum weir_reason refusal;
	struct place at;

	if (class == WEIR_CLASS_NEVER)
		return deny_by_nothing(WEIR_REASON_MARTIAN);
	find_place(p, class, &q->to, &at);
	for (uint32_t list = 0; list < WEIR_INDEX_LISTS; list++)
		if (count(p, list))
			h.in[list].sure = find_sure(p, &at, list, channel,
						    denies, q->port);
	if (p->size[WEIR_INDEX_NAMES])
		hear_names(&h);
	if (class == WEIR_CLASS_MULTICAST)
		return judge_multicast(&h);
	bounds = settle(&h, WEIR_INDEX_OF_BOUNDS);
	if (bounds.said == WEIR_JUDGE_DENY)
		return by_rule(WEIR_JUDGE_DENY, WEIR_INDEX_OF_BOUNDS,
			       bounds.rule, WEIR_REASON_BOUNDS);
	refusal = find_refusal(&h, &at);
	if (refusal != WEIR_REASON_NONE)
		return deny_by_nothing(refusal);
	rules = settle(&h, WEIR_INDEX_OF_RULES);
	return join(&h, &bounds, &rules);
}

/* ---- the other questions ------------------------------------------------ */

static bool is_loopback(const struct weir_addr *a)
{
	static const struct weir_addr one = { .b = { [15] = 1 } };

	return weir_addr_is4(a) ? weir_addr_to4(a) >> 24 == 127
				: weir_addr_is_equal(a, &one);
}

struct weir_judge_verdict weir_judge_in(const struct weir_image *p,
					const struct weir_class_facts *f,
					uint8_t protocol,
					const struct weir_addr *peer,
					uint16_t guest_port)
{
	enum weir_class class = weir_class_find(f, peer);
	uint32_t udp = protocol == WEIR_RULE_UDP, at[WEIR_INDEX_LISTS];
	struct place place;

	if (is_loopback(peer))
		class = WEIR_CLASS_HOST;
	find_place(p, class, peer, &place);
	for (uint32_t list = 0; list < WEIR_INDEX_LISTS; list++)
		at[list] = find_sure(p, &place, list, WEIR_INDEX_IN + udp,
				     WEIR_INDEX_IN_DENY + udp, guest_port);
	if (at[WEIR_INDEX_OF_BOUNDS] != NOBODY &&
	    !is_allow(p, WEIR_INDEX_OF_BOUNDS, at[WEIR_INDEX_OF_BOUNDS]))
		return by_rule(WEIR_JUDGE_DENY, WEIR_INDEX_OF_BOUNDS,
			       at[WEIR_INDEX_OF_BOUNDS], WEIR_REASON_BOUNDS);
	if (at[WEIR_INDEX_OF_RULES] == NOBODY)
		return by_default(true, WEIR_REASON_NONE);
	return by_rule(is_allow(p, WEIR_INDEX_OF_RULES, at[WEIR_INDEX_OF_RULES])
			       ? WEIR_JUDGE_ALLOW
			       : WEIR_JUDGE_DENY,
		       WEIR_INDEX_OF_RULES, at[WEIR_INDEX_OF_RULES],
		       WEIR_REASON_RULE);
}

static bool is_metadata_name(const struct weir_dns_name *name)
{
	static const uint8_t wire[] = "\x08metadata\x06google\x08internal";

	return name->len == sizeof(wire) &&
	       memcmp(name->b, wire, sizeof(wire)) == 0;
}

/* A rule number of the head. */
static uint32_t noted(const struct weir_image *p, uint32_t word, uint32_t list)
{
	return p->word[word + list] ? p->word[word + list] : NOBODY;
}

struct weir_judge_verdict weir_judge_name(const struct weir_image *p,
					  const struct weir_dns_name *name)
{
	static const uint32_t order[] = { WEIR_INDEX_OF_BOUNDS,
					  WEIR_INDEX_OF_RULES };
	uint32_t f[WEIR_INDEX_NAMES_MAX];
	uint32_t n = weir_index_find_names(p, name, f);
	bool metadata = is_metadata_name(name);

	for (uint32_t k = 0; k < WEIR_INDEX_LISTS; k++) {
		uint32_t list = order[k], base = list * WEIR_INDEX_NAME_COUNT;
		uint32_t all = noted(p, WEIR_INDEX_W_ALL, list), asked = NOBODY;
		uint32_t dns = noted(p, WEIR_INDEX_W_DNS, list), at;
		uint32_t opens = noted(p, WEIR_INDEX_W_META, list);
		bool special = metadata && list == WEIR_INDEX_OF_RULES;

		for (uint32_t i = 0; i < n; i++) {
			asked = first(p, asked, f[i], base + WEIR_INDEX_ASKED,
				      0);
			opens = first(p, opens, f[i],
				      base + WEIR_INDEX_ASKED_ALLOW, 0);
		}
		if (special && opens == NOBODY)
			return deny_by_nothing(WEIR_REASON_DEFAULT);
		if (special)
			all = lower(opens, noted(p, WEIR_INDEX_W_SHUT, list));
		at = lower(lower(all, dns), asked);
		if (at == NOBODY)
			continue;
		if (!is_allow(p, list, at))
			return by_rule(WEIR_JUDGE_DENY, list, at,
				       at < all && at < asked
					       ? WEIR_REASON_DNS_OFF
					       : WEIR_REASON_RULE);
		if (list == WEIR_INDEX_OF_RULES)
			return by_rule(WEIR_JUDGE_ALLOW, list, at,
				       WEIR_REASON_NONE);
	}
	return by_default(p->flags & WEIR_IMAGE_ALLOW_OUT, WEIR_REASON_DEFAULT);
}

struct weir_judge_verdict weir_judge_answer(const struct weir_image *p,
					    const struct weir_class_facts *f,
					    const struct weir_dns_name *name,
					    const struct weir_addr *a)
{
	enum weir_class class = weir_class_find(f, a);
	uint32_t bound, rule;
	struct place at;

	if (!(p->flags & WEIR_IMAGE_REBIND) || class == WEIR_CLASS_PUBLIC)
		return allow_by_nothing();
	if (class == WEIR_CLASS_NEVER)
		return deny_by_nothing(WEIR_REASON_REBIND);
	find_place(p, class, a, &at);
	bound = find_sure(p, &at, WEIR_INDEX_OF_BOUNDS, WEIR_INDEX_ANSWER,
			  WEIR_INDEX_ANSWER_DENY, 0);
	if (bound != NOBODY && !is_allow(p, WEIR_INDEX_OF_BOUNDS, bound))
		return by_rule(WEIR_JUDGE_DENY, WEIR_INDEX_OF_BOUNDS, bound,
			       WEIR_REASON_BOUNDS);
	rule = find_sure(p, &at, WEIR_INDEX_OF_RULES,
			 class == WEIR_CLASS_MULTICAST ? WEIR_INDEX_ANSWER_DENY
						       : WEIR_INDEX_ANSWER,
			 WEIR_INDEX_ANSWER_DENY, 0);
	if (rule != NOBODY && is_allow(p, WEIR_INDEX_OF_RULES, rule))
		return by_rule(WEIR_JUDGE_ALLOW, WEIR_INDEX_OF_RULES, rule,
			       WEIR_REASON_NONE);
	if (weir_index_is_member(p, WEIR_INDEX_PRIVATE, name))
		return allow_by_nothing();
	if (rule != NOBODY)
		return by_rule(WEIR_JUDGE_DENY, WEIR_INDEX_OF_RULES, rule,
			       WEIR_REASON_REBIND);
	return deny_by_nothing(WEIR_REASON_REBIND);
}

/* A request under judgement. */
struct request {
	const char *method, *path;
	size_t method_len, path_len;
	bool allowed, denied;
	uint32_t lines; /* that may still be looked at: each once */
};

/* A text of a line; NULL if it leads outside. */
static const char *find_text(const struct weir_image *p, uint32_t at,
			     uint32_t len)
{
	uint32_t size = p->size[WEIR_INDEX_REQUESTS];

	if (len > UINT16_MAX || len > size || at > size - len)
		return NULL;
	return (const char *)p->at[WEIR_INDEX_REQUESTS] + at;
}

static void try_entry(const struct weir_image *p, uint32_t number,
		      struct request *r)
{
	uint32_t line = weir_index_word(p, WEIR_INDEX_HTTP, 2 * (number - 1));
	uint32_t n = weir_index_word(p, WEIR_INDEX_HTTP, 2 * (number - 1) + 1);

	for (; n && r->lines && !r->denied; n--, line++, r->lines--) {
		uint32_t w = WEIR_INDEX_LINE_WORDS * line;
		struct weir_httprule_line l = {
			.deny = weir_index_word(p, WEIR_INDEX_LINES, w) != 0
		};
		uint32_t method = weir_index_word(p, WEIR_INDEX_LINES, w + 2);
		uint32_t path = weir_index_word(p, WEIR_INDEX_LINES, w + 4);

		l.method =
			find_text(p,
				  weir_index_word(p, WEIR_INDEX_LINES, w + 1),
				  method);
		l.path = find_text(p,
				   weir_index_word(p, WEIR_INDEX_LINES, w + 3),
				   path);
		l.method_len = (uint16_t)method;
		l.path_len = (uint16_t)path;
		if (!l.method || !l.path ||
		    !weir_httprule_has(&l, r->method, r->method_len, r->path,
				       r->path_len))
			continue;
		r->denied = l.deny;
		r->allowed |= !l.deny;
	}
}

struct weir_judge_verdict weir_judge_http(const struct weir_image *p,
					  const struct weir_dns_name *host,
					  const char *method, size_t method_len,
					  const char *path, size_t path_len)
{
	char clean[WEIR_HTTPRULE_PATH_MAX];
	uint32_t f[WEIR_INDEX_NAMES_MAX], entries = 0, number;
	uint32_t n = weir_index_find_names(p, host, f);
	uint32_t max = lower(p->size[WEIR_INDEX_HTTP] / 8, UINT16_MAX);
	struct request r = {
		.method = method,
		.method_len = method_len,
		.path = clean,
		.lines = p->size[WEIR_INDEX_LINES] / 4 / WEIR_INDEX_LINE_WORDS,
	};

	r.path_len = weir_httprule_path(path, path_len, clean, sizeof(clean));
	for (uint32_t i = 0; i < n && !r.denied; i++) {
		for (uint32_t k = 0; k < max; k++) {
			number = weir_index_value(p, f[i],
						  weir_index_x(WEIR_INDEX_ENTRY,
							       (uint16_t)k));
			if (number == 0)
				break;
			entries++;
			if (r.path_len)
				try_entry(p, number, &r);
		}
	}
	if (entries && (r.denied || !r.allowed))
		return deny_by_nothing(WEIR_REASON_HTTP_RULE);
	return allow_by_nothing();
}
