/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule.c - one rule, text to meaning
 *
 * The text is a line of words.  Each part of the grammar looks at the next
 * word and takes it or leaves it to the part behind; the targets are last and
 * take or refuse what is left, so it is there that a word in the wrong place
 * is explained.
 *
 *	text -> action -> direction -> protocols -> words -> targets
 *	        must be   may be       may be       may be   one at least
 *
 * A host is read by rulehost.c, with rulenet.c for addresses and rulename.c for
 * names, ports by ruleport.c; ruleword.c knows the words of the language and
 * rulewhy.c writes the sentence.
 */
#include "policy/rule.h"

#include <string.h>

#include "policy/rulehost.h"
#include "policy/ruleport.h"
#include "policy/rulewhy.h"
#include "policy/ruleword.h"

#define GROUP_BYTES 63u

static const struct weir_rule_world empty_world = { .ctx = NULL };

/* struct line - a rule being read; @left is what has not been */
struct line {
	struct weir_rulewhy why;
	const struct weir_rule_world *world;
	struct weir_rulewhy_piece left;
	struct weir_rule *rule;
	bool has_any; /* `any` was written as the protocols */
};

static bool say(const struct line *l, struct weir_rulewhy_piece at,
		const char *form, const char *hint)
{
	return weir_rulewhy_say(&l->why, at.at, form, at,
				weir_rulewhy_word(hint));
}

/* --- words of a line ------------------------------------------------------ */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next word, not taken; empty, at the end of the text, if there is none. */
static struct weir_rulewhy_piece peek(struct line *l)
{
	struct weir_rulewhy_piece *p = &l->left, word;

	while (p->len && is_blank(p->at[0])) {
		p->at++;
		p->len--;
	}
	word = *p;
	for (word.len = 0; word.len < p->len && !is_blank(p->at[word.len]);)
		word.len++;
	return word;
}

static void take(struct line *l, struct weir_rulewhy_piece word)
{
	l->left.len -= (size_t)(word.at + word.len - l->left.at);
	l->left.at = word.at + word.len;
}

static bool is_last(struct line *l, struct weir_rulewhy_piece word)
{
	struct line after = *l;

	take(&after, word);
	return peek(&after).len == 0;
}

static bool is_word(struct weir_rulewhy_piece p, const char *word)
{
	size_t len = strlen(word);

	return p.len == len && memcmp(p.at, word, len) == 0;
}

static bool check_text(const struct line *l)
{
	struct weir_rulewhy_piece p = l->left;

	if (p.len > WEIR_RULE_TEXT_BYTES) {
		p.at += WEIR_RULE_TEXT_BYTES;
		return say(l, p,
			   "the rule is too long: it may have 4096 bytes, so "
			   "make several of it, or name a group or a list",
			   "");
	}
	for (; p.len; p.at++, p.len--) {
		unsigned char c = (unsigned char)p.at[0];

		if ((c >= 0x20 && c != 0x7f) || c == '\t')
			continue;
		p.len = 1;
		return say(l, p,
			   "%1 is a control character: a rule is one line of "
			   "text, its words separated by blanks",
			   "");
	}
	return true;
}

/* --- action, direction, protocols, words ---------------------------------- */

static bool parse_action(struct line *l)
{
	struct weir_rulewhy_piece p = peek(l);
	const struct weir_ruleword *k = weir_ruleword_find_in_case(p);
	const char *near;

	l->rule->allow = is_word(p, "allow");
	if (l->rule->allow || is_word(p, "deny")) {
		take(l, p);
		return true;
	}
	if (!p.len)
		return say(l, p,
			   "the rule is empty: it begins with `allow` or "
			   "`deny`, as in `allow tcp example.com:443`",
			   "");
	if (k && k->kind == WEIR_RULEWORD_ACTION)
		return say(l, p,
			   "%1 is no action: keywords are lower case, write %2",
			   k->text);
	near = weir_ruleword_nearest(p, WEIR_RULEWORD_ACTION, l->world);
	if (near)
		return say(l, p,
			   "%1 is no action: did you mean %2? (A rule begins "
			   "with `allow` or `deny`)",
			   near);
	return say(l, p,
		   "%1 is no action: a rule begins with `allow` or `deny`", "");
}

static void parse_direction(struct line *l)
{
	struct weir_rulewhy_piece p = peek(l);

	l->rule->in = is_word(p, "in");
	if (l->rule->in || is_word(p, "out"))
		take(l, p);
}

static bool refuse_protocol(const struct line *l, struct weir_rulewhy_piece p)
{
	const struct weir_ruleword *k = weir_ruleword_find(p);
	const char *near =
		weir_ruleword_nearest(p, WEIR_RULEWORD_PROTOCOL, l->world);

	if (!p.len)
		return say(l, p,
			   "a protocol is missing at the comma: they are "
			   "joined without blanks, as in `tcp,udp`",
			   "");
	if (k && (k->kind & WEIR_RULEWORD_HOST))
		return say(
			l, p,
			"%1 is no protocol: hosts are separated by blanks, not "
			"by commas",
			"");
	if (near)
		return say(l, p, "%1 is no protocol: did you mean %2?", near);
	return say(
		l, p,
		"%1 is no protocol: there are `tcp`, `udp`, `icmp` and `any`",
		"");
}

/* One of a list of protocols. */
static bool parse_protocol(struct line *l, struct weir_rulewhy_piece p)
{
	const struct weir_ruleword *k = weir_ruleword_find(p);
	struct weir_rule *r = l->rule;

	if (k && k->kind == WEIR_RULEWORD_ANY) {
		l->has_any = true;
		return true;
	}
	if (!k || k->kind != WEIR_RULEWORD_PROTOCOL)
		return refuse_protocol(l, p);
	if (r->protocols & k->value)
		return say(l, p, "%1 stands twice: write it once", "");
	if (k->value == WEIR_RULE_ICMP && r->in && r->allow)
		return say(l, p,
			   "%1 cannot be allowed `in`: only ports of tcp and "
			   "udp are published, write `tcp`, `udp` or neither",
			   "");
	r->protocols |= k->value;
	r->has_protocols = true;
	return true;
}

/* Is @p the protocols?  With a comma it is, unless it is made like a host. */
static bool is_protocols(struct line *l, struct weir_rulewhy_piece p)
{
	static const char of_hosts[] = {
		':', '.', '/', '[', ']', '*', '@', '='
	};
	const struct weir_ruleword *k = weir_ruleword_find(p);
	bool comma = false;

	if (k && k->kind == WEIR_RULEWORD_ANY)
		return !is_last(l, p);
	if (k)
		return k->kind == WEIR_RULEWORD_PROTOCOL;
	for (size_t i = 0; i < p.len; i++) {
		comma |= p.at[i] == ',';
		if (memchr(of_hosts, p.at[i], sizeof(of_hosts)))
			return false;
	}
	return comma;
}

static bool parse_protocols(struct line *l)
{
	struct weir_rulewhy_piece p = peek(l), one;
	bool more = is_protocols(l, p);

	if (more)
		take(l, p);
	while (more) {
		const char *comma = p.len ? memchr(p.at, ',', p.len) : NULL;

		one = p;
		more = comma != NULL;
		if (more) {
			one.len = (size_t)(comma - p.at);
			p.at += one.len + 1;
			p.len -= one.len + 1;
		}
		if (!parse_protocol(l, one))
			return false;
	}
	if (l->has_any || !l->rule->has_protocols) {
		l->rule->protocols = WEIR_RULE_ANY;
		l->rule->has_protocols = false;
	}
	return true;
}

static bool parse_words(struct line *l)
{
	struct weir_rule *r = l->rule;

	for (;;) {
		struct weir_rulewhy_piece p = peek(l);
		bool broad = is_word(p, "broad");

		if (!broad && !is_word(p, "unnamed"))
			break;
		if (broad ? r->broad : r->unnamed)
			return say(l, p, "%1 stands twice: write it once", "");
		if (broad)
			r->broad = true;
		else
			r->unnamed = true;
		take(l, p);
	}
	if (!l->has_any && !r->has_protocols && (r->broad || r->unnamed) &&
	    is_word(peek(l), "any") && !is_last(l, peek(l)))
		return say(l, peek(l),
			   "%1 stands behind a word: the protocols come "
			   "first, as in `allow any broad *.com`",
			   "");
	return true;
}

/* --- targets -------------------------------------------------------------- */

/* A word of the language that is no host stands where a target should. */
static bool refuse_place(const struct line *l, struct weir_rulewhy_piece p,
			 const struct weir_ruleword *k, bool has_ports)
{
	const struct weir_rule *r = l->rule;

	if (k->kind == WEIR_RULEWORD_ACTION)
		return say(l, p,
			   "%1 is an action: it stands once, at the beginning "
			   "of the rule",
			   "");
	if (k->kind == WEIR_RULEWORD_DIRECTION)
		return say(l, p,
			   "%1 is a direction: it stands right behind the "
			   "action, as in `allow in tcp`",
			   "");
	if (k->kind == WEIR_RULEWORD_WORD)
		return say(l, p,
			   "%1 is no host: it stands before the targets, as in "
			   "`allow tcp broad *.com`",
			   "");
	if (has_ports)
		return say(l, p,
			   "%1 is a protocol, not a host: its ports stand "
			   "behind a host, as in `tcp any:443`",
			   "");
	if ((l->has_any || r->has_protocols) && !r->broad && !r->unnamed &&
	    !r->n_targets)
		return say(l, p,
			   "%1 is one more protocol: they are joined by "
			   "commas, as in `tcp,udp`",
			   "");
	return say(l, p,
		   "%1 is a protocol: protocols come before the words and the "
		   "targets, as in `allow tcp broad *.com`",
		   "");
}

/* What a target may not be together with the rest of its rule. */
static bool check_target(const struct line *l, struct weir_rulewhy_piece p,
			 const struct weir_rule_target *t, const char *ports)
{
	const struct weir_rule *r = l->rule;
	struct weir_rulewhy_piece at = { .at = ports };

	if (t->host == WEIR_RULE_HOST_CLASS &&
	    t->class == WEIR_CLASS_MULTICAST && r->allow)
		return say(l, p,
			   "%1 cannot be allowed, because it is never "
			   "relayed: leave it out",
			   "");
	if (t->host == WEIR_RULE_HOST_DNS && r->in)
		return say(l, p,
			   "%1 is about names, which are asked `out`: leave "
			   "out `in`",
			   "");
	if (t->host == WEIR_RULE_HOST_NAME && r->in)
		return say(l, p,
			   "%1 is a name, and the target of an `in` rule is "
			   "the peer, who has none: write its address, a group "
			   "or `any`",
			   "");
	if (!ports)
		return true;
	at.len = (size_t)(p.at + p.len - ports);
	if (t->host == WEIR_RULE_HOST_DNS)
		return say(l, at,
			   "`dns` is about names and has no ports: leave out "
			   "the colon and %1",
			   "");
	if (r->has_protocols && (r->protocols & WEIR_RULE_ICMP))
		return say(l, at,
			   "icmp has no ports: leave out the colon and %1, or "
			   "write a rule of its own for `icmp`",
			   "");
	return true;
}

static unsigned likely_kinds(const struct weir_rule *r)
{
	unsigned kinds = WEIR_RULEWORD_HOST;

	if (r->n_targets)
		return kinds;
	kinds |= WEIR_RULEWORD_WORD;
	if (r->broad || r->unnamed || r->has_protocols)
		return kinds;
	return kinds | WEIR_RULEWORD_PROTOCOL | WEIR_RULEWORD_DIRECTION;
}

static bool parse_target(struct line *l, struct weir_rulewhy_piece p)
{
	struct weir_rule *r = l->rule;
	struct weir_rule_target *t = &r->target[r->n_targets];
	struct weir_rulehost h = { .why = l->why,
				   .world = l->world,
				   .kinds = likely_kinds(r),
				   .broad = r->broad };
	struct weir_rulewhy_piece bare = p, ports;
	const char *colon = memchr(p.at, ':', p.len);
	const struct weir_ruleword *k;

	if (colon)
		bare.len = (size_t)(colon - p.at);
	k = weir_ruleword_find(bare);
	if (k && !(k->kind & (WEIR_RULEWORD_HOST | WEIR_RULEWORD_CLOSED)))
		return refuse_place(l, bare, k, colon != NULL);
	if (!weir_rulehost_parse(&h, p, t, &ports) ||
	    !check_target(l, p, t, ports.at))
		return false;
	return !ports.at || weir_ruleport_parse(&l->why, ports, t);
}

static bool parse_targets(struct line *l)
{
	struct weir_rulewhy_piece p = peek(l);

	if (!p.len)
		return say(l, p,
			   "the rule has no target: write one, as in "
			   "`example.com:443`, `public` or `any`",
			   "");
	for (; p.len; p = peek(l)) {
		if (l->rule->n_targets == WEIR_RULE_TARGETS_MAX)
			return say(l, p,
				   "%1 is one target too many: a rule has 64 "
				   "at most, so make two of it, or name a "
				   "group or a list",
				   "");
		take(l, p);
		if (!parse_target(l, p))
			return false;
		l->rule->n_targets++;
	}
	return true;
}

bool weir_rule_parse(const char *text, size_t len,
		     const struct weir_rule_world *w, struct weir_rule *ret,
		     struct weir_rule_error *ret_error)
{
	struct line l = { .why = { .text = text, .error = ret_error },
			  .world = w ? w : &empty_world,
			  .left = { .at = text, .len = len },
			  .rule = ret };

	memset(ret, 0, offsetof(struct weir_rule, target));
	if (!check_text(&l) || !parse_action(&l))
		return false;
	parse_direction(&l);
	return parse_protocols(&l) && parse_words(&l) && parse_targets(&l);
}

bool weir_rule_parse_host(const char *text, size_t len, bool broad,
			  const struct weir_rule_world *w,
			  struct weir_rule_target *ret,
			  struct weir_rule_error *ret_error)
{
	struct line l = { .why = { .text = text, .error = ret_error },
			  .world = w ? w : &empty_world,
			  .left = { .at = text, .len = len } };
	struct weir_rulehost h = {
		.why = l.why, .world = l.world, .broad = broad, .alone = true
	};
	struct weir_rulewhy_piece p, ports;
	struct weir_rule_target t;

	if (!check_text(&l))
		return false;
	p = peek(&l);
	if (!p.len)
		return say(&l, p,
			   "a host is missing: write a name, as in "
			   "`*.example.com`, or an address",
			   "");
	take(&l, p);
	if (peek(&l).len)
		return say(&l, peek(&l),
			   "%1 follows the host: one host stands alone", "");
	if (!weir_rulehost_parse(&h, p, &t, &ports))
		return false;
	if (ports.at)
		return say(&l, ports,
			   "a host has no ports here: leave out the colon and "
			   "%1, ports stand in a rule",
			   "");
	*ret = t;
	return true;
}

bool weir_rule_can_name(const char *word, size_t len)
{
	struct weir_rulewhy_piece p = { word, len };
	bool letter = false;

	if (len > GROUP_BYTES || weir_ruleword_find(p))
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = word[i];

		if (c >= 'a' && c <= 'z')
			letter = true;
		else if (!((c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return letter;
}

/* --- is a rule in vain? --------------------------------------------------- */

static unsigned protocols_of(const struct weir_rule *r,
			     const struct weir_rule_target *t)
{
	return r->protocols & (t->n_ports ? (unsigned)~WEIR_RULE_ICMP : ~0u);
}

static bool covers_ports(const struct weir_rule_target *outer,
			 const struct weir_rule_target *inner)
{
	size_t o = 0;

	if (!outer->n_ports || !inner->n_ports)
		return !outer->n_ports;
	for (size_t i = 0; i < inner->n_ports; i++) {
		while (o < outer->n_ports &&
		       outer->port[o].high < inner->port[i].high)
			o++;
		if (o == outer->n_ports ||
		    outer->port[o].low > inner->port[i].low)
			return false;
	}
	return true;
}

static bool covers_host(const struct weir_rule_target *outer,
			const struct weir_rule_target *inner)
{
	if (outer->host == WEIR_RULE_HOST_ANY)
		return true;
	if (outer->host != inner->host)
		return false;
	switch (outer->host) {
	case WEIR_RULE_HOST_ANY:
	case WEIR_RULE_HOST_DNS:
		return true;
	case WEIR_RULE_HOST_CLASS:
		return outer->class == inner->class;
	case WEIR_RULE_HOST_PREFIX:
		return weir_prefix_covers(&outer->prefix, &inner->prefix);
	case WEIR_RULE_HOST_NAME:
		return weir_pattern_covers(&outer->name, &inner->name);
	case WEIR_RULE_HOST_GROUP:
	case WEIR_RULE_HOST_FILE:
		return outer->text_len == inner->text_len &&
		       memcmp(outer->text, inner->text, inner->text_len) == 0;
	}
	return false;
}

static bool is_about_names(const struct weir_rule_target *t)
{
	return t->host == WEIR_RULE_HOST_ANY || t->host == WEIR_RULE_HOST_DNS ||
	       t->host == WEIR_RULE_HOST_NAME ||
	       t->host == WEIR_RULE_HOST_GROUP ||
	       t->host == WEIR_RULE_HOST_FILE;
}

/* An allow decides each name it holds, a deny only if it is about all of it. */
static bool decides_names(const struct weir_rule *r,
			  const struct weir_rule_target *t)
{
	return !r->in && is_about_names(t) &&
	       (r->allow || (!t->n_ports && !r->has_protocols));
}

/* May an answer hold other than public addresses because of this target? */
static bool opens_answers(const struct weir_rule *r,
			  const struct weir_rule_target *t)
{
	static const struct weir_class_facts nowhere = { .len4 = 0 };

	if (!r->allow || r->in || t->n_ports)
		return false;
	if (t->host == WEIR_RULE_HOST_CLASS)
		return t->class != WEIR_CLASS_PUBLIC;
	if (t->host == WEIR_RULE_HOST_PREFIX)
		return weir_class_find(&nowhere, &t->prefix.addr) !=
		       WEIR_CLASS_PUBLIC;
	return t->host == WEIR_RULE_HOST_GROUP;
}

static bool covers_target(const struct weir_rule *earlier,
			  const struct weir_rule_target *outer,
			  const struct weir_rule *later,
			  const struct weir_rule_target *inner)
{
	if (!covers_host(outer, inner))
		return false;
	if (inner->host == WEIR_RULE_HOST_DNS)
		return decides_names(earlier, outer);
	if (!covers_ports(outer, inner) ||
	    (protocols_of(later, inner) & ~protocols_of(earlier, outer)))
		return false;
	if (!later->allow && decides_names(later, inner) &&
	    !decides_names(earlier, outer))
		return false;
	if (later->unnamed && later->allow && earlier->allow &&
	    !earlier->unnamed && outer->host != WEIR_RULE_HOST_ANY &&
	    is_about_names(outer))
		return false;
	return !(earlier->allow && outer->host == WEIR_RULE_HOST_ANY &&
		 opens_answers(later, inner));
}

bool weir_rule_covers(const struct weir_rule *earlier,
		      const struct weir_rule *later)
{
	if (earlier->in != later->in)
		return false;
	for (size_t i = 0; i < later->n_targets; i++) {
		size_t o = 0;

		while (o < earlier->n_targets &&
		       !covers_target(earlier, &earlier->target[o], later,
				      &later->target[i]))
			o++;
		if (o == earlier->n_targets)
			return false;
	}
	return true;
}
