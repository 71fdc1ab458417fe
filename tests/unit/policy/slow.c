/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slow.c - a second judge: obvious, linear, without an image
 *
 * Read it beside the words of the policy; it is written to be compared with
 * them, not to be fast.
 */
#include "slow.h"

#include <string.h>

enum holds { NO, WAITS, YES };

/* A question about a conversation, and where it goes. */
struct asked {
	const struct slow_policy *p;
	const struct weir_judge_flow *q;
	enum weir_class class;
	struct weir_addr inner;
};

/* What a rule says of a question. */
struct said {
	enum holds holds;
	bool by_name;         /* only names hold */
	bool asks_name;       /* it has a name with this protocol and port */
	enum weir_reason why; /* of a name that does not hold */
};

static struct weir_judge_verdict say(enum weir_judge_said said,
				     enum weir_judge_by by, unsigned rule,
				     enum weir_reason why)
{
	return (struct weir_judge_verdict){
		.said = said, .by = by, .rule = rule, .reason = why
	};
}

static struct weir_judge_verdict nothing(enum weir_reason why)
{
	return say(why ? WEIR_JUDGE_DENY : WEIR_JUDGE_ALLOW,
		   WEIR_JUDGE_BY_NOTHING, 0, why);
}

static struct weir_judge_verdict bound(enum weir_judge_said said, unsigned i)
{
	return say(said, WEIR_JUDGE_BY_BOUNDS, i + 1,
		   said == WEIR_JUDGE_DENY ? WEIR_REASON_BOUNDS : 0);
}

static bool has_port(const struct weir_rule_target *ports, uint16_t port)
{
	for (unsigned i = 0; i < ports->n_ports; i++)
		if (port >= ports->port[i].low && port <= ports->port[i].high)
			return true;
	return ports->n_ports == 0;
}

static bool fits(const struct weir_rule *r, const struct weir_rule_target *t,
		 uint8_t protocol, uint16_t port)
{
	if (!(r->protocols & protocol))
		return false;
	if (protocol == WEIR_RULE_ICMP)
		return t->n_ports == 0;
	return has_port(t, port);
}

static bool is_limited(const struct weir_rule *r)
{
	return r->has_protocols && r->protocols != WEIR_RULE_ANY;
}

static bool is_same(const struct weir_dns_name *a,
		    const struct weir_dns_name *b)
{
	return a->len == b->len && !memcmp(a->b, b->b, a->len);
}

static bool is_web(uint16_t port)
{
	return port == 80 || port == 443;
}

static bool is_pinned(const struct weir_judge_flow *q,
		      const struct weir_pattern *name)
{
	for (unsigned i = 0; i < q->n_pins; i++)
		if (weir_pattern_has(name, q->pin[i]))
			return true;
	return false;
}

static bool is_shown_pinned(const struct weir_judge_flow *q)
{
	for (unsigned i = 0; i < q->n_pins; i++)
		if (is_same(q->pin[i], q->name))
			return true;
	return false;
}

/* "name, in an allow rule" */
static enum holds allow_name(const struct asked *a, const struct weir_rule *r,
			     const struct weir_pattern *name,
			     enum weir_reason *why)
{
	const struct weir_judge_flow *q = a->q;
	bool tcp = q->protocol == WEIR_RULE_TCP;

	if (q->protocol == WEIR_RULE_UDP && is_web(q->port) &&
	    !(a->p->flags & WEIR_IMAGE_QUIC_PIN))
		return NO;
	*why = WEIR_REASON_NO_PIN;
	if (!is_pinned(q, name))
		return NO;
	*why = WEIR_REASON_SHOWN_MISMATCH;
	if (q->shown == WEIR_JUDGE_SHOWN_NAME)
		return weir_pattern_has(name, q->name) && is_shown_pinned(q)
			       ? YES
			       : NO;
	if (tcp && q->shown == WEIR_JUDGE_SHOWN_NOTHING_YET)
		return WAITS;
	*why = WEIR_REASON_NAME_REQUIRED;
	return tcp && is_web(q->port) && !r->unnamed ? NO : YES;
}

/* "name, in a deny rule" */
static enum holds deny_name(const struct asked *a,
			    const struct weir_pattern *name)
{
	const struct weir_judge_flow *q = a->q;

	if (is_pinned(q, name) || (q->shown == WEIR_JUDGE_SHOWN_NAME &&
				   weir_pattern_has(name, q->name)))
		return YES;
	return q->protocol == WEIR_RULE_TCP &&
			       q->shown == WEIR_JUDGE_SHOWN_NOTHING_YET
		       ? WAITS
		       : NO;
}

static bool holds_net(const struct asked *a, bool allow,
		      const struct weir_prefix *net)
{
	return weir_prefix_has(net, &a->q->to) ||
	       (!allow && weir_prefix_has(net, &a->inner));
}

static void try_target(const struct asked *a, const struct weir_rule *r,
		       const struct weir_rule_target *t,
		       const struct weir_rule_target *ports, struct said *s)
{
	enum weir_reason why = WEIR_REASON_NONE;
	bool name = t->host == WEIR_RULE_HOST_NAME;
	enum holds h = NO;

	if (!fits(r, ports, a->q->protocol, a->q->port))
		return;
	if (t->host == WEIR_RULE_HOST_ANY ||
	    (t->host == WEIR_RULE_HOST_CLASS && t->class == a->class) ||
	    (t->host == WEIR_RULE_HOST_PREFIX &&
	     holds_net(a, r->allow, &t->prefix)))
		h = YES;
	else if (name && r->allow)
		h = allow_name(a, r, &t->name, &why);
	else if (name)
		h = deny_name(a, &t->name);
	s->asks_name |= name;
	if (h == YES)
		s->by_name = name && (s->holds != YES || s->by_name);
	if (h > s->holds)
		s->holds = h;
	if (why && (s->why == 0 || s->why == WEIR_REASON_NO_PIN))
		s->why = why;
}

static struct said try_rule(const struct asked *a, const struct slow_rule *r)
{
	struct said s = { .holds = NO };

	if (r->r.in)
		return s;
	for (unsigned i = 0; i < r->r.n_targets; i++)
		try_target(a, &r->r, &r->r.target[i], &r->r.target[i], &s);
	for (unsigned i = 0; i < r->n_hosts; i++)
		try_target(a, &r->r, &r->host[i], &r->r.target[r->of[i]], &s);
	return s;
}

static struct weir_judge_verdict walk_bounds(const struct asked *a,
					     unsigned from, bool named);
static struct weir_judge_verdict walk_rules(const struct asked *a,
					    unsigned from, bool named);

/* Is there anything that could be shown with which the rest allows?  None
 * shown, or a pinned name: any other name only matches denials. */
static bool could_allow(const struct asked *a, bool bounds, unsigned from)
{
	struct weir_judge_flow q = *a->q;
	struct asked b = *a;

	b.q = &q;
	for (unsigned i = 0; i <= a->q->n_pins; i++) {
		q.shown = i ? WEIR_JUDGE_SHOWN_NAME : WEIR_JUDGE_SHOWN_NONE;
		q.name = i ? a->q->pin[i - 1] : NULL;
		if ((bounds ? walk_bounds(&b, from, false)
			    : walk_rules(&b, from, false))
			    .said == WEIR_JUDGE_ALLOW)
			return true;
	}
	return false;
}

static struct weir_judge_verdict walk_rules(const struct asked *a,
					    unsigned from, bool named)
{
	enum weir_reason why = WEIR_REASON_DEFAULT;
	struct weir_judge_verdict v;

	for (unsigned i = from; i < a->p->n_rules; i++) {
		const struct slow_rule *r = &a->p->rules[i];
		struct said s = try_rule(a, r);

		if (s.holds == YES && !r->r.allow)
			return say(WEIR_JUDGE_DENY, WEIR_JUDGE_BY_RULE, i + 1,
				   WEIR_REASON_RULE);
		if (s.holds == YES) {
			v = say(WEIR_JUDGE_ALLOW, WEIR_JUDGE_BY_RULE, i + 1, 0);
			v.named = named || s.by_name;
			return v;
		}
		if (s.holds == WAITS &&
		    (r->r.allow || could_allow(a, false, i + 1)))
			return say(WEIR_JUDGE_DEFER, WEIR_JUDGE_BY_RULE, i + 1,
				   0);
		if (s.why)
			why = s.why;
		named |= !r->r.allow && s.asks_name &&
			 a->q->shown == WEIR_JUDGE_SHOWN_NAME;
	}
	if (!(a->p->flags & WEIR_IMAGE_ALLOW_OUT))
		return say(WEIR_JUDGE_DENY, WEIR_JUDGE_BY_DEFAULT, 0, why);
	v = say(WEIR_JUDGE_ALLOW, WEIR_JUDGE_BY_DEFAULT, 0, 0);
	v.named = named;
	return v;
}

static struct weir_judge_verdict walk_bounds(const struct asked *a,
					     unsigned from, bool named)
{
	for (unsigned i = from; i < a->p->n_bounds; i++) {
		const struct slow_rule *r = &a->p->bounds[i];
		struct said s = try_rule(a, r);

		if (s.holds == YES && !r->r.allow)
			return bound(WEIR_JUDGE_DENY, i);
		if (s.holds == YES)
			return walk_rules(a, 0, named || s.by_name);
		if (s.holds == WAITS &&
		    (r->r.allow || could_allow(a, true, i + 1)))
			return bound(WEIR_JUDGE_DEFER, i);
		named |= !r->r.allow && s.asks_name &&
			 a->q->shown == WEIR_JUDGE_SHOWN_NAME;
	}
	return walk_rules(a, 0, named);
}

/* A bound that denies whatever will be shown; -1 for none. */
static int find_denying(const struct asked *a)
{
	for (unsigned i = 0; i < a->p->n_bounds; i++) {
		struct said s = try_rule(a, &a->p->bounds[i]);

		if (s.holds == YES && !a->p->bounds[i].r.allow)
			return (int)i;
		if (s.holds != NO && a->p->bounds[i].r.allow)
			break;
	}
	return -1;
}

static struct weir_judge_verdict multicast(const struct asked *a)
{
	for (unsigned i = 0; i < a->p->n_bounds; i++)
		if (!a->p->bounds[i].r.allow &&
		    try_rule(a, &a->p->bounds[i]).holds == YES)
			return bound(WEIR_JUDGE_DENY, i);
	for (unsigned i = 0; i < a->p->n_rules; i++)
		if (!a->p->rules[i].r.allow &&
		    try_rule(a, &a->p->rules[i]).holds == YES)
			return say(WEIR_JUDGE_DENY, WEIR_JUDGE_BY_RULE, i + 1,
				   WEIR_REASON_MULTICAST);
	return nothing(WEIR_REASON_MULTICAST);
}

static bool is_intercepted(const struct slow_policy *p, uint16_t port)
{
	for (unsigned i = 0; i < p->n_intercept; i++)
		if (port >= p->intercept[i].low && port <= p->intercept[i].high)
			return true;
	return false;
}

static bool is_guarded(const struct slow_policy *p,
		       const struct weir_judge_flow *q)
{
	for (unsigned i = 0; i < p->n_guarded; i++)
		if (is_pinned(q, &p->guarded[i]))
			return true;
	for (unsigned i = 0; i < p->n_http; i++)
		if (is_pinned(q, &p->http[i].host))
			return true;
	return false;
}

/* "TCP/853 without interception is refused unless an address rule names it" */
static bool is_dot(const struct asked *a)
{
	const struct weir_judge_flow *q = a->q;

	if (q->protocol != WEIR_RULE_TCP || q->port != 853 ||
	    is_intercepted(a->p, 853))
		return false;
	for (unsigned i = 0; i < a->p->n_rules; i++) {
		const struct slow_rule *s = &a->p->rules[i];
		const struct weir_rule *r = &s->r;

		if (!r->allow || r->in)
			continue;
		for (unsigned k = 0; k < r->n_targets; k++)
			if (r->target[k].host == WEIR_RULE_HOST_PREFIX &&
			    fits(r, &r->target[k], q->protocol, q->port) &&
			    weir_prefix_has(&r->target[k].prefix, &q->to))
				return false;
		for (unsigned k = 0; k < s->n_hosts; k++)
			if (s->host[k].host == WEIR_RULE_HOST_PREFIX &&
			    fits(r, &r->target[s->of[k]], q->protocol,
				 q->port) &&
			    weir_prefix_has(&s->host[k].prefix, &q->to))
				return false;
	}
	return true;
}

struct weir_judge_verdict slow_flow(const struct slow_policy *p,
				    const struct weir_class_facts *f,
				    const struct weir_judge_flow *q)
{
	struct asked a = { .p = p, .q = q };
	int denying;

	a.class = weir_class_find(f, &q->to);
	a.inner = weir_class_unwrap(&q->to);
	if (a.class == WEIR_CLASS_NEVER)
		return nothing(WEIR_REASON_MARTIAN);
	if (a.class == WEIR_CLASS_MULTICAST)
		return multicast(&a);
	denying = find_denying(&a);
	if (denying >= 0)
		return bound(WEIR_JUDGE_DENY, (unsigned)denying);
	if (q->protocol == WEIR_RULE_UDP &&
	    (is_guarded(p, q) ||
	     (is_intercepted(p, q->port) && !(p->flags & WEIR_IMAGE_QUIC_PIN))))
		return nothing(WEIR_REASON_QUIC);
	if (is_dot(&a))
		return nothing(WEIR_REASON_DOT);
	return walk_bounds(&a, 0, false);
}

/* ---- in ----------------------------------------------------------------- */

static bool holds_peer(const struct weir_rule *r,
		       const struct weir_rule_target *t,
		       const struct weir_rule_target *ports,
		       const struct asked *a)
{
	return fits(r, ports, a->q->protocol, a->q->port) &&
	       (t->host == WEIR_RULE_HOST_ANY ||
		(t->host == WEIR_RULE_HOST_CLASS && t->class == a->class) ||
		(t->host == WEIR_RULE_HOST_PREFIX &&
		 holds_net(a, r->allow, &t->prefix)));
}

static int find_in(const struct asked *a, const struct slow_rule *rule,
		   unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct weir_rule *r = &rule[i].r;

		if (!r->in)
			continue;
		for (unsigned k = 0; k < r->n_targets; k++)
			if (holds_peer(r, &r->target[k], &r->target[k], a))
				return (int)i;
		for (unsigned k = 0; k < rule[i].n_hosts; k++)
			if (holds_peer(r, &rule[i].host[k],
				       &r->target[rule[i].of[k]], a))
				return (int)i;
	}
	return -1;
}

struct weir_judge_verdict
slow_in(const struct slow_policy *p, const struct weir_class_facts *f,
	uint8_t protocol, const struct weir_addr *peer, uint16_t guest_port)
{
	struct weir_judge_flow q = { .protocol = protocol,
				     .to = *peer,
				     .port = guest_port };
	struct asked a = { .p = p, .q = &q };
	struct weir_addr one = { .b = { [15] = 1 } };
	int i;

	a.class = weir_class_find(f, peer);
	a.inner = weir_class_unwrap(peer);
	if (weir_addr_is_equal(peer, &one) ||
	    (weir_addr_is4(peer) && peer->b[12] == 127))
		a.class = WEIR_CLASS_HOST;
	i = find_in(&a, p->bounds, p->n_bounds);
	if (i >= 0 && !p->bounds[i].r.allow)
		return bound(WEIR_JUDGE_DENY, (unsigned)i);
	i = find_in(&a, p->rules, p->n_rules);
	if (i < 0)
		return say(WEIR_JUDGE_ALLOW, WEIR_JUDGE_BY_DEFAULT, 0, 0);
	return p->rules[i].r.allow ? say(WEIR_JUDGE_ALLOW, WEIR_JUDGE_BY_RULE,
					 (unsigned)i + 1, 0)
				   : say(WEIR_JUDGE_DENY, WEIR_JUDGE_BY_RULE,
					 (unsigned)i + 1, WEIR_REASON_RULE);
}

/* ---- name --------------------------------------------------------------- */

/* How a rule decides a name: in this order. */
enum asked_by { BY_NOTHING, BY_DNS, BY_ALL, BY_NAME };

static enum asked_by asked_by(const struct weir_rule *r,
			      const struct weir_rule_target *t,
			      const struct weir_rule_target *ports,
			      const struct weir_dns_name *name)
{
	bool open = t->host == WEIR_RULE_HOST_CLASS &&
		    (t->class == WEIR_CLASS_PUBLIC ||
		     t->class == WEIR_CLASS_PRIVATE);

	if (!r->allow && (ports->n_ports || is_limited(r)))
		return BY_NOTHING;
	if (t->host == WEIR_RULE_HOST_NAME && weir_pattern_has(&t->name, name))
		return BY_NAME;
	if (t->host == WEIR_RULE_HOST_ANY || (open && r->allow))
		return BY_ALL;
	return t->host == WEIR_RULE_HOST_DNS ? BY_DNS : BY_NOTHING;
}

static enum asked_by best_by(const struct slow_rule *s,
			     const struct weir_dns_name *name)
{
	enum asked_by best = BY_NOTHING, by;

	if (s->r.in)
		return best;
	for (unsigned i = 0; i < s->r.n_targets; i++) {
		by = asked_by(&s->r, &s->r.target[i], &s->r.target[i], name);
		best = by > best ? by : best;
	}
	for (unsigned i = 0; i < s->n_hosts; i++) {
		by = asked_by(&s->r, &s->host[i], &s->r.target[s->of[i]], name);
		best = by > best ? by : best;
	}
	return best;
}

/* Is it an allow rule that names this name, or metadata? */
static bool opens_metadata(const struct slow_rule *s,
			   const struct weir_dns_name *name)
{
	if (!s->r.allow || s->r.in)
		return false;
	for (unsigned i = 0; i < s->r.n_targets; i++)
		if (s->r.target[i].host == WEIR_RULE_HOST_CLASS &&
		    s->r.target[i].class == WEIR_CLASS_METADATA)
			return true;
	return best_by(s, name) == BY_NAME;
}

static struct weir_judge_verdict metadata_name(const struct slow_policy *p,
					       const struct weir_dns_name *name)
{
	unsigned i, last = 0;

	while (last < p->n_rules && !opens_metadata(&p->rules[last], name))
		last++;
	if (last == p->n_rules)
		return nothing(WEIR_REASON_DEFAULT);
	for (i = 0; i < last; i++) {
		enum asked_by by = best_by(&p->rules[i], name);

		if (by != BY_NOTHING && !p->rules[i].r.allow)
			return say(WEIR_JUDGE_DENY, WEIR_JUDGE_BY_RULE, i + 1,
				   by == BY_DNS ? WEIR_REASON_DNS_OFF
						: WEIR_REASON_RULE);
	}
	return say(WEIR_JUDGE_ALLOW, WEIR_JUDGE_BY_RULE, last + 1, 0);
}

struct weir_judge_verdict slow_name(const struct slow_policy *p,
				    const struct weir_dns_name *name)
{
	struct weir_dns_name metadata;

	for (unsigned i = 0; i < p->n_bounds; i++) {
		if (best_by(&p->bounds[i], name) == BY_NOTHING)
			continue;
		if (!p->bounds[i].r.allow)
			return bound(WEIR_JUDGE_DENY, i);
		break;
	}
	if (weir_dns_name_from_text("metadata.google.internal", 24,
				    &metadata) &&
	    is_same(name, &metadata))
		return metadata_name(p, name);
	for (unsigned i = 0; i < p->n_rules; i++) {
		enum asked_by by = best_by(&p->rules[i], name);

		if (by == BY_NOTHING)
			continue;
		if (p->rules[i].r.allow)
			return say(WEIR_JUDGE_ALLOW, WEIR_JUDGE_BY_RULE, i + 1,
				   0);
		return say(WEIR_JUDGE_DENY, WEIR_JUDGE_BY_RULE, i + 1,
			   by == BY_DNS ? WEIR_REASON_DNS_OFF
					: WEIR_REASON_RULE);
	}
	return p->flags & WEIR_IMAGE_ALLOW_OUT
		       ? say(WEIR_JUDGE_ALLOW, WEIR_JUDGE_BY_DEFAULT, 0, 0)
		       : say(WEIR_JUDGE_DENY, WEIR_JUDGE_BY_DEFAULT, 0,
			     WEIR_REASON_DEFAULT);
}

/* ---- answer ------------------------------------------------------------- */

static bool holds_answer(const struct asked *a, const struct weir_rule *r,
			 const struct weir_rule_target *t,
			 const struct weir_rule_target *ports, bool bounds)
{
	if (ports->n_ports || (!r->allow && is_limited(r)))
		return false;
	if (t->host == WEIR_RULE_HOST_ANY)
		return !r->allow || bounds;
	return (t->host == WEIR_RULE_HOST_CLASS && t->class == a->class) ||
	       (t->host == WEIR_RULE_HOST_PREFIX &&
		holds_net(a, r->allow, &t->prefix));
}

static int find_answer(const struct asked *a, const struct slow_rule *rule,
		       unsigned n, bool bounds)
{
	for (unsigned i = 0; i < n; i++) {
		const struct weir_rule *r = &rule[i].r;

		if (r->in ||
		    (r->allow && !bounds && a->class == WEIR_CLASS_MULTICAST))
			continue;
		for (unsigned k = 0; k < r->n_targets; k++)
			if (holds_answer(a, r, &r->target[k], &r->target[k],
					 bounds))
				return (int)i;
		for (unsigned k = 0; k < rule[i].n_hosts; k++)
			if (holds_answer(a, r, &rule[i].host[k],
					 &r->target[rule[i].of[k]], bounds))
				return (int)i;
	}
	return -1;
}

struct weir_judge_verdict slow_answer(const struct slow_policy *p,
				      const struct weir_class_facts *f,
				      const struct weir_dns_name *name,
				      const struct weir_addr *addr)
{
	struct weir_judge_flow q = { .to = *addr };
	struct asked a = { .p = p, .q = &q };
	int i;

	a.class = weir_class_find(f, addr);
	a.inner = weir_class_unwrap(addr);
	if (!(p->flags & WEIR_IMAGE_REBIND) || a.class == WEIR_CLASS_PUBLIC)
		return nothing(WEIR_REASON_NONE);
	if (a.class == WEIR_CLASS_NEVER)
		return nothing(WEIR_REASON_REBIND);
	i = find_answer(&a, p->bounds, p->n_bounds, true);
	if (i >= 0 && !p->bounds[i].r.allow)
		return bound(WEIR_JUDGE_DENY, (unsigned)i);
	i = find_answer(&a, p->rules, p->n_rules, false);
	if (i >= 0 && p->rules[i].r.allow)
		return say(WEIR_JUDGE_ALLOW, WEIR_JUDGE_BY_RULE,
			   (unsigned)i + 1, 0);
	for (unsigned k = 0; k < p->n_private; k++)
		if (weir_pattern_has(&p->private_name[k], name))
			return nothing(WEIR_REASON_NONE);
	if (i >= 0)
		return say(WEIR_JUDGE_DENY, WEIR_JUDGE_BY_RULE, (unsigned)i + 1,
			   WEIR_REASON_REBIND);
	return nothing(WEIR_REASON_REBIND);
}

/* ---- http --------------------------------------------------------------- */

struct weir_judge_verdict slow_http(const struct slow_policy *p,
				    const struct weir_dns_name *host,
				    const char *method, size_t method_len,
				    const char *path, size_t path_len)
{
	char clean[WEIR_HTTPRULE_PATH_MAX];
	size_t len = weir_httprule_path(path, path_len, clean, sizeof(clean));
	bool entry = false, allow = false, deny = false;

	for (unsigned i = 0; i < p->n_http; i++) {
		const struct weir_httprule_entry *e = &p->http[i];

		if (!weir_pattern_has(&e->host, host))
			continue;
		entry = true;
		for (unsigned k = 0; k < e->n_lines && len; k++) {
			if (!weir_httprule_has(&e->line[k], method, method_len,
					       clean, len))
				continue;
			deny |= e->line[k].deny;
			allow |= !e->line[k].deny;
		}
	}
	return nothing(!entry || (allow && !deny) ? WEIR_REASON_NONE
						  : WEIR_REASON_HTTP_RULE);
}
