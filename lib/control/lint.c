/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint.c - what in a policy is legal, and probably not what was meant
 *
 * Where a question can be asked the judge is asked, so that a warning says
 * what would happen: is the metadata service reached, can the name of a rule
 * be resolved at all.  Names below a pattern are asked for by a name that
 * nobody has.  What cannot be known (a list may hold the name) is no warning.
 */
#include "control/lint.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "control/excerpt.h"
#include "control/lint_rules.h"
#include "control/lists.h"
#include "control/rulebook_ask.h"

#define SAMPLE     "weir-lint-asks"
#define TEXT_SHOWN 80u

/** struct look - a policy being looked at */
struct look {
	const struct weir_settings *s;
	const struct weir_rulebook *b;
	const struct weir_charter *net;
	struct weir_class_facts classes;
	struct weir_rulebook_world w;
	struct weir_rulebook_order order;
	struct weir_lint_rules rules, bounds;
	struct weir_lint *out;
	bool no_memory;
};

__attribute__((format(printf, 2, 3))) static void warn(struct look *k,
						       const char *form, ...)
{
	char text[WEIR_LINT_TEXT_BYTES];
	va_list ap;

	if (k->out->n == WEIR_LINT_MAX) {
		k->out->left_out++;
		return;
	}
	va_start(ap, form);
	vsnprintf(text, sizeof(text), form, ap);
	va_end(ap);
	k->out->at[k->out->n] = strdup(text);
	if (k->out->at[k->out->n])
		k->out->n++;
	else
		k->no_memory = true;
}

/** struct said - a rule, or a part of its text, for a sentence */
struct said {
	char text[200];
};

/* rule 3 'allow tcp api.example.com:443' (weir.yaml:7) */
static struct said say_rule(const struct weir_lint_rule *l, const char *what,
			    uint32_t number)
{
	struct said s;
	struct weir_text t = weir_text_over(s.text, sizeof(s.text));

	weir_text_add(&t, what);
	weir_text_add(&t, " ");
	weir_text_add_u64(&t, number);
	weir_text_add(&t, " '");
	weir_excerpt_head(&t, l->line.text, strlen(l->line.text), TEXT_SHOWN);
	weir_text_add(&t, "' (");
	weir_excerpt_tail(&t, l->line.where, strlen(l->line.where), 60);
	weir_text_add(&t, ")");
	return s;
}

/* as it is written; a member of a group as `10.0.0.0/8 of corp` */
static struct said say_target(const struct weir_lint_rule *l,
			      const struct weir_rule_target *t)
{
	struct said s;
	struct weir_text to = weir_text_over(s.text, sizeof(s.text));
	const char *at = l->line.text + t->at;
	bool prefix = t->host == WEIR_RULE_HOST_PREFIX;

	if (t->text_len && (prefix || t->host == WEIR_RULE_HOST_NAME)) {
		char host[WEIR_PATTERN_TEXT_BYTES + 8];
		struct weir_text h = weir_text_over(host, sizeof(host));

		if (prefix)
			weir_prefix_print(&h, &t->prefix);
		else
			weir_pattern_print(&h, &t->name);
		weir_excerpt_head(&to, host, h.len, TEXT_SHOWN);
		weir_text_add(&to, " of ");
	}
	weir_excerpt_head(&to, at, strcspn(at, " \t"), TEXT_SHOWN);
	return s;
}

static struct said say_text(const char *text)
{
	struct said s;
	struct weir_text to = weir_text_over(s.text, sizeof(s.text));

	weir_excerpt_head(&to, text, strlen(text), TEXT_SHOWN);
	return s;
}

static struct said say_pattern(const struct weir_pattern *p)
{
	struct said s;
	struct weir_text to = weir_text_over(s.text, sizeof(s.text));

	weir_pattern_print(&to, p);
	return s;
}

/* --- questions --- */

/* a name below @p that nobody has; false: there is no room for one */
static bool sample_below(const struct weir_pattern *p, struct weir_dns_name *n)
{
	const size_t len = sizeof(SAMPLE) - 1;

	if (p->base.len + len + 1 > sizeof(n->b))
		return false;
	n->b[0] = (uint8_t)len;
	memcpy(n->b + 1, SAMPLE, len);
	memcpy(n->b + 1 + len, p->base.b, p->base.len);
	n->len = (uint8_t)(p->base.len + len + 1);
	return true;
}

/* may any name of the pattern be resolved?  @ret: what denied it, if not */
static bool can_resolve(const struct look *k, const struct weir_pattern *p,
			struct weir_judge_verdict *ret)
{
	struct weir_dns_name below;

	if (p->what & WEIR_PATTERN_SELF) {
		*ret = weir_judge_name(&k->b->image, &p->base);
		if (ret->said != WEIR_JUDGE_DENY)
			return true;
	}
	if (!(p->what & WEIR_PATTERN_BELOW))
		return false;
	if (!sample_below(p, &below))
		return true;
	*ret = weir_judge_name(&k->b->image, &below);
	return ret->said != WEIR_JUDGE_DENY;
}

static bool is_overlap(const struct weir_pattern *a,
		       const struct weir_pattern *b)
{
	return weir_pattern_covers(a, b) || weir_pattern_covers(b, a);
}

static struct said say_verdict(struct weir_judge_verdict v)
{
	struct said s;

	switch (v.by) {
	case WEIR_JUDGE_BY_RULE:
		snprintf(s.text, sizeof(s.text), "rule %u", v.rule);
		break;
	case WEIR_JUDGE_BY_BOUNDS:
		snprintf(s.text, sizeof(s.text), "bounds %u", v.rule);
		break;
	case WEIR_JUDGE_BY_DEFAULT:
		snprintf(s.text, sizeof(s.text), "the default");
		break;
	case WEIR_JUDGE_BY_NOTHING:
		snprintf(s.text, sizeof(s.text), "no rule");
		break;
	}
	return s;
}

/* --- targets that nothing can match --- */

static struct weir_prefix net4(uint32_t ip, unsigned len)
{
	return (struct weir_prefix){ .addr = weir_addr_from4(ip),
				     .bits = (uint8_t)(96 + len),
				     .v4 = true };
}

static struct weir_addr last_of(const struct weir_prefix *p)
{
	struct weir_addr a = p->addr;

	for (unsigned i = p->bits; i < 128; i++)
		a.b[i / 8] |= (uint8_t)(0x80u >> i % 8);
	return a;
}

/* inside the guest's subnet, and neither the gateway nor DNS */
static bool is_in_subnet(const struct weir_prefix *p,
			 const struct weir_addr *guest, uint8_t bits,
			 const struct weir_addr *gateway,
			 const struct weir_addr *dns)
{
	struct weir_prefix net = { .addr = weir_prefix_cut(guest, bits),
				   .bits = bits,
				   .v4 = weir_addr_is4(guest) };

	return weir_prefix_covers(&net, p) && !weir_prefix_has(p, gateway) &&
	       !weir_prefix_has(p, dns);
}

static const char *dead_prefix(const struct look *k, const struct weir_rule *r,
			       const struct weir_prefix *p)
{
	const struct weir_charter *c = k->net;
	const struct weir_prefix this = net4(0, 8), loop = net4(127u << 24, 8);
	const struct weir_prefix multi = net4(224u << 24, 4);
	const struct weir_prefix all = net4(0xffffffff, 32);
	const struct weir_prefix zero6 = { .bits = 96 };
	const struct weir_prefix multi6 = { .addr.b = { 0xff }, .bits = 8 };

	if (!c->has6 && !p->v4)
		return "this network has no IPv6";
	if (weir_prefix_covers(&this, p) || weir_prefix_covers(&loop, p) ||
	    weir_prefix_covers(&zero6, p))
		return "such addresses are refused before any rule; the "
		       "host's loopback is behind the gateway, say host";
	if (is_in_subnet(p, &c->guest4, (uint8_t)(96 + c->len4), &c->gateway4,
			 &c->dns4) ||
	    (c->has6 &&
	     is_in_subnet(p, &c->guest6, c->len6, &c->gateway6, &c->dns6)))
		return "that is the guest's own subnet, which is refused "
		       "before any rule";
	if (r->allow &&
	    (weir_prefix_covers(&multi, p) || weir_prefix_covers(&all, p) ||
	     weir_prefix_covers(&multi6, p)))
		return "multicast is never relayed, whatever is allowed";
	return NULL;
}

/* only ports of QUIC, only UDP: names decide nothing there */
static bool is_quic_only(const struct look *k, const struct weir_rule *r,
			 const struct weir_rule_target *t)
{
	uint8_t protocols = r->protocols;

	if (t->n_ports)
		protocols &= (uint8_t)~WEIR_RULE_ICMP;
	if (protocols != WEIR_RULE_UDP || t->n_ports == 0 || k->s->quic_pin)
		return false;
	for (uint16_t i = 0; i < t->n_ports; i++)
		if (t->port[i].low != t->port[i].high ||
		    (t->port[i].low != 80 && t->port[i].low != 443))
			return false;
	return true;
}

static void look_at_name(struct look *k, const struct weir_lint_rule *l,
			 const struct weir_rule_target *t, const char *rule)
{
	struct weir_judge_verdict v = { .rule = 0 };
	struct said target = say_target(l, t);

	if (is_quic_only(k, l->rule, t))
		warn(k,
		     "%s: nothing matches %s: UDP to ports 80 and 443 is not "
		     "allowed by name unless quic is pin",
		     rule, target.text);
	else if (!can_resolve(k, &t->name, &v))
		warn(k,
		     "%s: nothing matches %s: %s denies the name, so the guest "
		     "is never told its address; put the rule before it",
		     rule, target.text, say_verdict(v).text);
}

static void look_at_suffix(struct look *k, const struct weir_lint_rule *l,
			   const struct weir_rule_target *t, const char *rule)
{
	struct said p = say_pattern(&t->name);
	const char *base = p.text + (p.text[0] == '*') + 1;

	if (!(t->name.what & WEIR_PATTERN_BELOW) || !l->rule->broad)
		return;
	if (p.text[0] != '*' && p.text[0] != '.')
		return;
	if (weir_idn_is_suffix(&k->w.idn, base))
		warn(k,
		     "%s: %s allows every name below the public suffix %s, "
		     "anybody's too",
		     rule, p.text, base);
}

static bool count_host(void *ctx, const char *text, size_t len, size_t column,
		       char why[WEIR_LISTS_WHY_BYTES])
{
	(void)ctx;
	(void)text;
	(void)len;
	(void)column;
	why[0] = '\0';
	return true;
}

static bool is_empty(const struct look *k, const struct weir_rule_target *t)
{
	const struct weir_lists_take take = { .host = count_host };
	const struct weir_settings_group *g;
	char why[WEIR_LISTS_WHY_BYTES];
	uint32_t n;

	if (t->host == WEIR_RULE_HOST_GROUP) {
		g = weir_rulebook_world_group(k->s, t->text, t->text_len);
		return g && g->members.n == 0;
	}
	return t->host == WEIR_RULE_HOST_FILE &&
	       weir_lists_read(k->s->dir, t->text, t->text_len, &take, &n,
			       why) &&
	       n == 0;
}

/**
 * struct trial - a target of addresses, tried out on the judge
 * @self: number of its rule
 * @here: what decided the first question about an address: all others about it
 *        must be decided by the same, so that nothing is left between the ends
 *        of a range of ports
 * @n:    questions about that address so far
 */
struct trial {
	const struct look *k;
	uint32_t self;
	struct weir_judge_verdict here;
	size_t n;
};

/* false: the rule itself decides it, or another than before */
static bool try_one(struct trial *y, struct weir_judge_flow *q)
{
	struct weir_judge_verdict v =
		weir_judge_flow(&y->k->b->image, &y->k->classes, q);
	bool before = v.said != WEIR_JUDGE_DEFER &&
		      (v.by == WEIR_JUDGE_BY_BOUNDS ||
		       (v.by == WEIR_JUDGE_BY_RULE && v.rule < y->self));

	if (y->n++ == 0)
		y->here = v;
	return before && v.by == y->here.by && v.rule == y->here.rule;
}

static bool try_addr(struct trial *y, const struct weir_rule *r,
		     const struct weir_rule_target *t,
		     const struct weir_addr *to)
{
	static const uint8_t protocol[] = { WEIR_RULE_TCP, WEIR_RULE_UDP };
	static const struct weir_rule_range all = { 1, 65535 };
	struct weir_judge_flow q = { .to = *to,
				     .shown = WEIR_JUDGE_SHOWN_NONE };

	y->n = 0;
	for (size_t i = 0; i < sizeof(protocol); i++) {
		q.protocol = protocol[i];
		if (!(r->protocols & protocol[i]))
			continue;
		for (uint16_t n = 0; n < t->n_ports || n == 0; n++) {
			const struct weir_rule_range *p =
				t->n_ports ? &t->port[n] : &all;

			q.port = p->low;
			if (!try_one(y, &q))
				return false;
			q.port = p->high;
			if (!try_one(y, &q))
				return false;
		}
	}
	q.protocol = WEIR_RULE_ICMP;
	q.port = 0;
	return !(r->protocols & WEIR_RULE_ICMP) || t->n_ports || try_one(y, &q);
}

static bool try_some(struct trial *y, const struct weir_rule *r,
		     const struct weir_rule_target *t,
		     const struct weir_addr *at, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (weir_prefix_has(&t->prefix, &at[i]) &&
		    !try_addr(y, r, t, &at[i]))
			return false;
	return true;
}

/*
 * Is every flow to it decided before?  Asked at its ends, and where another
 * class lies inside: the metadata services, the gateway, the host itself.
 */
static bool is_decided(const struct look *k, const struct weir_rule *r,
		       const struct weir_rule_target *t, struct trial *y)
{
	const struct weir_addr ends[] = { t->prefix.addr, last_of(&t->prefix) };
	const struct weir_addr other[] = {
		weir_addr_from4(0xa9fea9fe),
		weir_addr_from4(0xa9feaa02),
		weir_addr_from4(0xa9fea9fd),
		weir_addr_from4(0x646464c8),
		weir_addr_from4(0xa83f8110),
		weir_addr_from4(0xc00000c0),
		{ { 0xfd, 0, 0x0e, 0xc2, [14] = 2, [15] = 0x54 } },
		k->net->gateway4,
		k->net->dns4,
		k->net->gateway6,
		k->net->dns6,
	};

	/* the first address last: its verdict is what is shown */
	return try_some(y, r, t, k->net->own, k->net->n_own) &&
	       try_some(y, r, t, other, sizeof(other) / sizeof(other[0])) &&
	       try_some(y, r, t, ends + 1, 1) && try_some(y, r, t, ends, 1);
}

static void look_at_prefix(struct look *k, const struct weir_lint_rule *l,
			   const struct weir_rule_target *t, uint32_t number,
			   const char *rule)
{
	const char *dead = dead_prefix(k, l->rule, &t->prefix);
	struct trial y = { .k = k, .self = number };

	if (dead)
		warn(k, "%s: nothing matches %s: %s", rule,
		     say_target(l, t).text, dead);
	else if (number && is_decided(k, l->rule, t, &y))
		warn(k, "%s: nothing matches %s: %s decides it before", rule,
		     say_target(l, t).text, say_verdict(y.here).text);
}

/* @number: of a rule; 0 of a bound */
static void look_at_targets(struct look *k, const struct weir_lint_rule *l,
			    uint32_t number, const char *rule)
{
	for (uint16_t i = 0; i < l->rule->n_targets; i++) {
		const struct weir_rule_target *t = &l->rule->target[i];

		if (t->host == WEIR_RULE_HOST_PREFIX && !l->rule->in)
			look_at_prefix(k, l, t, number, rule);
		else if (is_empty(k, t))
			warn(k,
			     "%s: nothing matches %s: there is no host in it",
			     rule, say_target(l, t).text);
		if (t->host != WEIR_RULE_HOST_NAME || !l->rule->allow)
			continue;
		look_at_name(k, l, t, rule);
		look_at_suffix(k, l, t, rule);
	}
}

/* --- rules --- */

static void look_at_list(struct look *k, struct weir_lint_rules *l,
			 const char *what)
{
	for (uint32_t i = 0; i < l->n; i++) {
		const struct weir_lint_rule *r = &l->at[i];
		struct said rule = say_rule(r, what, i + 1);
		uint32_t by = weir_lint_rules_cover(l, i, false, r);

		if (by) {
			warn(k,
			     "%s is never asked: %s covers all of it; take it "
			     "away or put it before that",
			     rule.text,
			     say_rule(&l->at[by - 1], what, by).text);
			continue;
		}
		by = l == &k->rules && r->rule->allow
			     ? weir_lint_rules_cover(&k->bounds, k->bounds.n,
						     true, r)
			     : 0;
		if (by) {
			warn(k, "%s allows nothing: %s denies all of it",
			     rule.text,
			     say_rule(&k->bounds.at[by - 1], "bounds", by)
				     .text);
			continue;
		}
		look_at_targets(k, r, l == &k->rules ? i + 1 : 0, rule.text);
	}
	if (l->pairs == 0)
		warn(k, "there are too many rules to compare each with all "
			"before it: some that are never asked are not found");
}

/* does the guest reach it because of a sweeping word? */
static void look_at_sweep(struct look *k, const struct weir_addr *to,
			  uint16_t port, const char *what, const char *remedy)
{
	struct weir_judge_flow q = { .protocol = WEIR_RULE_TCP,
				     .to = *to,
				     .port = port,
				     .shown = WEIR_JUDGE_SHOWN_NONE };
	struct weir_judge_verdict v =
		weir_judge_flow(&k->b->image, &k->classes, &q);

	if (v.said != WEIR_JUDGE_ALLOW)
		return;
	if (v.by == WEIR_JUDGE_BY_DEFAULT) {
		warn(k,
		     "net: all also reaches %s: add %s, or name what is meant",
		     what, remedy);
		return;
	}
	if (v.by != WEIR_JUDGE_BY_RULE || v.rule == 0 || v.rule > k->rules.n)
		return;
	for (uint16_t i = 0; i < k->rules.at[v.rule - 1].rule->n_targets; i++)
		if (k->rules.at[v.rule - 1].rule->target[i].host ==
		    WEIR_RULE_HOST_ANY) {
			warn(k, "%s also reaches %s: put %s before it",
			     say_rule(&k->rules.at[v.rule - 1], "rule", v.rule)
				     .text,
			     what, remedy);
			return;
		}
}

static void look_at_sweeps(struct look *k)
{
	const struct weir_addr metadata = weir_addr_from4(0xa9fea9fe);

	look_at_sweep(k, &k->net->gateway4, 22, "this host", "deny host");
	look_at_sweep(k, &metadata, 80,
		      "the metadata service of a cloud (169.254.169.254), "
		      "where its credentials are",
		      "deny metadata");
}

static bool names_group(const struct weir_rulebook_world *w,
			const struct weir_rulebook_line *l, const char *name)
{
	struct weir_rule_error e;
	struct weir_rule r;

	if (!weir_rule_parse(l->text, strlen(l->text), &w->rule, &r, &e))
		return false;
	for (uint16_t i = 0; i < r.n_targets; i++)
		if (r.target[i].host == WEIR_RULE_HOST_GROUP &&
		    r.target[i].text_len == strlen(name) &&
		    memcmp(r.target[i].text, name, strlen(name)) == 0)
			return true;
	return false;
}

static void look_at_groups(struct look *k)
{
	for (size_t i = 0; i < k->s->n_groups; i++) {
		const struct weir_settings_group *g = &k->s->group[i];
		bool used = false;

		for (uint32_t n = 0; !used && n < k->order.n_rules; n++)
			used = strstr(k->order.rule[n].text, g->name) &&
			       names_group(&k->w, &k->order.rule[n], g->name);
		for (uint32_t n = 0; !used && n < k->order.n_bounds; n++)
			used = strstr(k->order.bound[n].text, g->name) &&
			       names_group(&k->w, &k->order.bound[n], g->name);
		if (!used)
			warn(k, "%s: no rule names the group %s",
			     say_text(g->where).text, say_text(g->name).text);
	}
}

/* --- secrets and HTTP rules --- */

/**
 * struct carriers - which rules could let a flow to a host through
 * @by_name: one names it, or may (a list)
 * @anyhow: one goes by address, or everything is allowed
 */
struct carriers {
	bool by_name, anyhow;
};

static void add_carrier(struct carriers *c, const struct weir_rule_target *t,
			const struct weir_pattern *p)
{
	switch (t->host) {
	case WEIR_RULE_HOST_ANY:
	case WEIR_RULE_HOST_CLASS:
	case WEIR_RULE_HOST_PREFIX:
		c->anyhow = true;
		break;
	case WEIR_RULE_HOST_NAME:
		c->by_name |= is_overlap(&t->name, p);
		break;
	case WEIR_RULE_HOST_GROUP:
	case WEIR_RULE_HOST_FILE:
		c->anyhow = c->by_name = true;
		break;
	case WEIR_RULE_HOST_DNS:
		break;
	}
}

static struct carriers find_carriers(const struct look *k,
				     const struct weir_pattern *p)
{
	struct carriers c = { .anyhow = k->order.allow_out };

	for (uint32_t i = 0; i < k->rules.n; i++) {
		const struct weir_rule *r = k->rules.at[i].rule;

		if (!r->allow || r->in || !(r->protocols & WEIR_RULE_TCP))
			continue;
		for (uint16_t n = 0; n < r->n_targets; n++)
			add_carrier(&c, &r->target[n], p);
	}
	return c;
}

static bool is_reachable(const struct look *k, const struct weir_pattern *p)
{
	struct carriers c = find_carriers(k, p);
	struct weir_judge_verdict v;

	if (c.by_name && p->what & WEIR_PATTERN_BELOW)
		return true;
	return (c.by_name || c.anyhow) && can_resolve(k, p, &v);
}

static bool parse_pattern(const struct look *k, const char *text,
			  struct weir_pattern *ret)
{
	struct weir_rule_target t;
	struct weir_rule_error e;

	if (!weir_rule_parse_host(text, strlen(text), true, &k->w.rule, &t,
				  &e) ||
	    t.host != WEIR_RULE_HOST_NAME)
		return false;
	*ret = t.name;
	return true;
}

static void look_at_bypass(struct look *k, const struct weir_pattern *host,
			   const char *what, const char *text)
{
	struct weir_pattern p;

	for (size_t i = 0; i < k->s->bypass.n; i++)
		if (parse_pattern(k, k->s->bypass.at[i].text, &p) &&
		    weir_pattern_covers(&p, host))
			warn(k,
			     "%s: TLS to %s is not intercepted, because of "
			     "tls.bypass %s (%s): it has no effect there",
			     what, text, say_text(k->s->bypass.at[i].text).text,
			     say_text(k->s->bypass.at[i].where).text);
}

static void look_at_host(struct look *k, const char *what, const char *text)
{
	struct said shown = say_text(text);
	struct weir_pattern p;

	if (!parse_pattern(k, text, &p))
		return;
	if (!is_reachable(k, &p))
		warn(k,
		     "%s: no rule allows %s, so it has no effect: add the rule "
		     "'allow tcp %s:443'",
		     what, shown.text, shown.text);
	look_at_bypass(k, &p, what, shown.text);
}

static void look_at_hosts(struct look *k)
{
	char what[420];

	for (size_t i = 0; i < k->s->n_secrets; i++) {
		const struct weir_settings_secret *s = &k->s->secret[i];

		for (size_t n = 0; n < s->hosts.n; n++) {
			snprintf(what, sizeof(what), "%s: secret %s",
				 say_text(s->hosts.at[n].where).text,
				 say_text(s->name ? s->name : "?").text);
			look_at_host(k, what, s->hosts.at[n].text);
		}
	}
	for (size_t i = 0; i < k->s->n_http; i++) {
		snprintf(what, sizeof(what), "%s: http entry",
			 say_text(k->s->http[i].where).text);
		look_at_host(k, what, k->s->http[i].host);
	}
}

/* --- all of it --- */

static void look_at_all(struct look *k)
{
	look_at_list(k, &k->bounds, "bounds");
	look_at_list(k, &k->rules, "rule");
	look_at_sweeps(k);
	look_at_groups(k);
	look_at_hosts(k);
	if (k->s->no_rebind && k->s->multi_tenant)
		warn(k, "--no-rebind-protection has no effect together with "
			"--multi-tenant");
}

static bool read_rules(struct look *k)
{
	if (weir_rulebook_order_make(&k->w, &k->order))
		return false;
	return weir_lint_rules_make(&k->w, k->order.rule, k->order.n_rules,
				    &k->rules) &&
	       weir_lint_rules_make(&k->w, k->order.bound, k->order.n_bounds,
				    &k->bounds);
}

bool weir_lint_make(const struct weir_settings *s,
		    const struct weir_rulebook *b,
		    const struct weir_charter *net, struct weir_lint *ret)
{
	struct weir_lint l = { .at = calloc(WEIR_LINT_MAX, sizeof(*l.at)) };
	struct look k = { .s = s, .b = b, .net = net, .out = &l };
	bool ok = l.at != NULL;

	if (!ok || !weir_rulebook_world_init(&k.w, s)) {
		weir_lint_free(&l);
		return false;
	}
	k.classes = weir_rulebook_ask_classes(net);
	ok = read_rules(&k);
	if (ok)
		look_at_all(&k);
	weir_lint_rules_free(&k.rules);
	weir_lint_rules_free(&k.bounds);
	weir_rulebook_order_free(&k.order);
	weir_rulebook_world_fini(&k.w);
	if (!ok || k.no_memory) {
		weir_lint_free(&l);
		return false;
	}
	*ret = l;
	return true;
}

void weir_lint_free(struct weir_lint *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->at[i]);
	free(l->at);
	*l = (struct weir_lint){ .n = 0 };
}
