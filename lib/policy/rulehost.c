/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rulehost.c - one host of a rule, text to meaning; where its ports begin
 *
 * One look at the bytes says what it could be:
 *
 *	file:...               a list; ports only if what follows the last colon
 *	                       is made of digits, commas and hyphens
 *	[...                   IPv6 up to the bracket
 *	:// @ several colons   something that is no host: said, with the remedy
 *	digits and dots        IPv4, or nothing
 *	a word                 any, dns, a class, a user's group, or nothing
 *	the rest               a name or a pattern
 */
#include "policy/rulehost.h"

#include <string.h>

#include "base/text.h"
#include "policy/class.h"
#include "policy/rulename.h"
#include "policy/rulenet.h"
#include "policy/ruleword.h"

#define no          weir_rulewhy_no
#define HINT_BYTES  80u
#define GROUP_BYTES 63u

/* struct look - which bytes there are; @colon: where the first is, or the end */
struct look {
	size_t colon, colons;
	bool at, slash, url, dot, star;
};

static struct look look_at(struct weir_rulewhy_piece p)
{
	struct look l = { .colon = p.len };

	for (size_t i = 0; i < p.len; i++) {
		char c = p.at[i];

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			continue;
		if (c == ':' && l.colons++ == 0)
			l.colon = i;
		l.url |= c == '/' && i >= 2 && p.at[i - 1] == '/' &&
			 p.at[i - 2] == ':';
		l.at |= c == '@';
		l.slash |= c == '/' && l.colons == 0;
		l.dot |= c == '.' && l.colons == 0;
		l.star |= c == '*' && l.colons == 0;
	}
	return l;
}

static bool begins(struct weir_rulewhy_piece p, const char *with)
{
	size_t len = strlen(with);

	return p.len >= len && memcmp(p.at, with, len) == 0;
}

static struct weir_rulewhy_piece skip(struct weir_rulewhy_piece p, size_t n)
{
	return (struct weir_rulewhy_piece){ .at = p.at + n, .len = p.len - n };
}

static struct weir_rulewhy_piece only(struct weir_rulewhy_piece p, size_t n)
{
	return (struct weir_rulewhy_piece){ .at = p.at, .len = n };
}

static bool say(const struct weir_rulehost *h, struct weir_rulewhy_piece at,
		const char *form, struct weir_rulewhy_piece hint)
{
	return weir_rulewhy_say(&h->why, at.at, form, at, hint);
}

/* --- what is no host ------------------------------------------------------ */

/* The host inside of scheme://user@host:port/path, as it should be written. */
static bool refuse_url(const struct weir_rulehost *h,
		       struct weir_rulewhy_piece p)
{
	static const char ends[] = { '/', '?', '#' };
	struct weir_rulewhy_piece host = p;
	char b[HINT_BYTES];
	struct weir_text t = weir_text_over(b, sizeof(b));
	size_t end = 0;

	while (!begins(host, "://"))
		host = skip(host, 1);
	host = skip(host, 3);
	while (end < host.len && !memchr(ends, host.at[end], sizeof(ends))) {
		if (host.at[end++] == '@') {
			host = skip(host, end);
			end = 0;
		}
	}
	weir_text_add_bytes(&t, host.at, end);
	if (end && !memchr(host.at, ':', end) && begins(p, "https:"))
		weir_text_add(&t, ":443");
	else if (end && !memchr(host.at, ':', end) && begins(p, "http:"))
		weir_text_add(&t, ":80");
	return say(h, p, "%1 is a URL: write its host and port alone, as in %2",
		   weir_text_ok(&t) && t.len
			   ? (struct weir_rulewhy_piece){ b, t.len }
			   : weir_rulewhy_word("example.com:443"));
}

static bool refuse_user(const struct weir_rulehost *h,
			struct weir_rulewhy_piece p)
{
	struct weir_rulewhy_piece host = p;

	while (host.len && memchr(host.at, '@', host.len))
		host = skip(host, 1);
	return say(h, p, "%1 has a user, who is no part of a host: write %2",
		   host.len ? host : weir_rulewhy_word("example.com"));
}

static bool refuse_path(const struct weir_rulehost *h,
			struct weir_rulewhy_piece p)
{
	struct weir_rulewhy_piece host = p;

	if (p.at[0] == '/' || begins(p, "./") || begins(p, "../"))
		return say(h, p,
			   "%1 is a path: a list of hosts is written as in "
			   "`file:hosts.txt`",
			   no);
	host.len = (size_t)((const char *)memchr(p.at, '/', p.len) - p.at);
	return say(h, p,
		   "%1 has a path, which is no part of a host: write %2, and "
		   "the path in an entry of `http`",
		   host);
}

static bool refuse_naked_ip6(const struct weir_rulehost *h,
			     struct weir_rulewhy_piece p)
{
	char b[HINT_BYTES];
	struct weir_text t = weir_text_over(b, sizeof(b));

	weir_text_add_char(&t, '[');
	weir_text_add_bytes(&t, p.at, p.len);
	weir_text_add_char(&t, ']');
	return say(h, p,
		   "%1 is IPv6, which stands in brackets, its ports behind "
		   "them: write %2",
		   weir_text_ok(&t) && weir_rulenet_is_naked_ip6(p)
			   ? weir_rulewhy_word(b)
			   : weir_rulewhy_word("[2001:db8::1]:443"));
}

static bool refuse_colons(const struct weir_rulehost *h,
			  struct weir_rulewhy_piece p, const struct look *l)
{
	size_t second;

	for (size_t i = 1; i < p.len; i++)
		if (p.at[i - 1] == ':' && p.at[i] == ':')
			return refuse_naked_ip6(h, p);
	if (weir_rulenet_is_naked_ip6(p))
		return refuse_naked_ip6(h, p);
	for (second = l->colon + 1; p.at[second] != ':';)
		second++;
	return say(h, skip(p, second),
		   "there is more than one colon: ports are joined by commas, "
		   "as in `80,443`",
		   no);
}

/* FILE: or Name= where file: or name= is meant: @with, in any case. */
static bool is_shouted(struct weir_rulewhy_piece p, const char *with)
{
	return p.len >= strlen(with) && !begins(p, with) &&
	       weir_ruleword_is(only(p, strlen(with)), with);
}

static bool refuse_shouted(const struct weir_rulehost *h,
			   struct weir_rulewhy_piece p, const char *with)
{
	return say(h, p, "%1 means nothing: keywords are lower case, write %2",
		   weir_rulewhy_word(with));
}

/* --- words ---------------------------------------------------------------- */

static bool is_group(const struct weir_rulehost *h, struct weir_rulewhy_piece p)
{
	return h->world->is_group &&
	       h->world->is_group(h->world->ctx, p.at, p.len);
}

/* @class: 0 for loopback */
static bool refuse_closed(const struct weir_rulehost *h,
			  struct weir_rulewhy_piece p, uint8_t class)
{
	if (!class)
		return say(h, p,
			   "%1 is no target: what a guest says to its own "
			   "loopback never gets here, and the loopback of the "
			   "host is reached by %2",
			   weir_rulewhy_word("host"));
	if (class == WEIR_CLASS_NEVER)
		return say(h, p,
			   "%1 is no target: these addresses are refused "
			   "before any rule, so leave it out",
			   no);
	return say(h, p,
		   "%1 is no target: write the reserved addresses that are "
		   "meant, or `any`",
		   no);
}

static bool refuse_number(const struct weir_rulehost *h,
			  struct weir_rulewhy_piece p)
{
	return say(h, p,
		   "%1 is a number, not a host: a port stands behind its host, "
		   "as in `any:443`",
		   no);
}

/* A word of letters, digits, hyphens and underscores that means nothing. */
static bool refuse_word(const struct weir_rulehost *h,
			struct weir_rulewhy_piece p)
{
	const struct weir_ruleword *k = weir_ruleword_find_in_case(p);
	const char *near;

	if (k && k->kind == WEIR_RULEWORD_CLOSED)
		return refuse_closed(h, p, k->value);
	if (k)
		return say(
			h, p,
			"%1 means nothing: keywords are lower case, write %2",
			weir_rulewhy_word(k->text));
	if (weir_ruleword_is(p, "localhost"))
		return refuse_closed(h, p, 0);
	if (weir_pattern_is_numeric(p.at, p.len))
		return refuse_number(h, p);
	if (weir_ruleword_is(p, "file") || weir_ruleword_is(p, "name"))
		return say(h, p,
			   "%1 alone is no host: write `file:PATH` for a list, "
			   "`name=LABEL` for a name without a dot",
			   no);
	near = weir_ruleword_nearest(p, h->kinds, h->world);
	if (near)
		return say(h, p,
			   "%1 is no group: did you mean %2? (A name without "
			   "a dot is written `name=%0`)",
			   weir_rulewhy_word(near));
	return say(h, p,
		   "%1 is no group: a name without a dot is written "
		   "`name=%0`",
		   no);
}

/* The same where only addresses and names may stand. */
static bool refuse_word_alone(const struct weir_rulehost *h,
			      struct weir_rulewhy_piece p)
{
	const struct weir_ruleword *k = weir_ruleword_find(p);

	if ((k && (k->kind & WEIR_RULEWORD_HOST)) || is_group(h, p))
		return say(h, p,
			   "%1 cannot stand here, only addresses and names: "
			   "write it in a rule",
			   no);
	return say(h, p,
		   "%1 has no dot: a name without one is written `name=%0`",
		   no);
}

static bool parse_word(const struct weir_rulehost *h,
		       struct weir_rulewhy_piece p, struct weir_rule_target *t)
{
	const struct weir_ruleword *k = weir_ruleword_find(p);

	if (h->alone)
		return refuse_word_alone(h, p);
	if (!k && is_group(h, p)) {
		t->host = WEIR_RULE_HOST_GROUP;
		t->text = p.at;
		t->text_len = p.len;
		return true;
	}
	if (!k || !(k->kind & WEIR_RULEWORD_HOST))
		return refuse_word(h, p);
	if (k->kind == WEIR_RULEWORD_ANY) {
		t->host = WEIR_RULE_HOST_ANY;
	} else if (k->kind == WEIR_RULEWORD_DNS) {
		t->host = WEIR_RULE_HOST_DNS;
	} else {
		t->host = WEIR_RULE_HOST_CLASS;
		t->class = (enum weir_class)k->value;
	}
	return true;
}

static bool is_word(struct weir_rulewhy_piece p)
{
	for (size_t i = 0; i < p.len; i++) {
		char c = p.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return p.len > 0 && p.len <= GROUP_BYTES;
}

/* --- the kinds of host ---------------------------------------------------- */

static bool parse_name(const struct weir_rulehost *h,
		       struct weir_rulewhy_piece p, struct weir_rule_target *t)
{
	t->host = WEIR_RULE_HOST_NAME;
	if (!weir_rulename_parse(&h->why, h->world, h->broad, p, &t->name))
		return false;
	if (t->name.what != WEIR_PATTERN_SELF ||
	    t->name.base.len != t->name.base.b[0] + 2u)
		return true;
	return say(h, p,
		   "%1 has one label: a name without a dot inside is written "
		   "`name=%0`",
		   no);
}

/* Behind name=. */
static bool parse_label(const struct weir_rulehost *h,
			struct weir_rulewhy_piece p, struct weir_rule_target *t)
{
	t->host = WEIR_RULE_HOST_NAME;
	if (!p.len)
		return say(h, p,
			   "the name behind `name=` is missing: write it, as "
			   "in `name=build`",
			   no);
	if (p.at[0] == '.' || p.at[0] == '*')
		return say(h, p,
			   "%1 is a pattern, `name=` takes one name: leave "
			   "`name=` out",
			   no);
	return weir_rulename_parse(&h->why, h->world, h->broad, p, &t->name);
}

static bool is_ports(struct weir_rulewhy_piece p)
{
	for (size_t i = 0; i < p.len; i++)
		if ((p.at[i] < '0' || p.at[i] > '9') && p.at[i] != ',' &&
		    p.at[i] != '-')
			return false;
	return true;
}

/* A path may have colons: only the last can begin ports. */
static bool parse_file(const struct weir_rulehost *h,
		       struct weir_rulewhy_piece p, struct weir_rule_target *t,
		       struct weir_rulewhy_piece *ports)
{
	struct weir_rulewhy_piece path = skip(p, strlen("file:"));
	size_t colon = path.len;

	if (h->alone)
		return say(h, p,
			   "%1 cannot stand here, only addresses and names: "
			   "name the list in a rule",
			   no);
	while (colon && path.at[colon - 1] != ':')
		colon--;
	if (colon && is_ports(skip(path, colon))) {
		*ports = skip(path, colon);
		path.len = colon - 1;
	}
	if (!path.len)
		return say(h, path,
			   "the path of the list is missing: write it, as in "
			   "`file:hosts.txt`",
			   no);
	t->host = WEIR_RULE_HOST_FILE;
	t->text = path.at;
	t->text_len = path.len;
	return true;
}

static bool parse_bracket(const struct weir_rulehost *h,
			  struct weir_rulewhy_piece p,
			  struct weir_rule_target *t,
			  struct weir_rulewhy_piece *ports)
{
	const char *end = memchr(p.at, ']', p.len);
	struct weir_rulewhy_piece in = skip(p, 1), rest;

	if (!end)
		return say(h, p,
			   "the bracket is not closed: write `]` behind the "
			   "address, then the ports, as in "
			   "`[2001:db8::1]:443`",
			   no);
	in.len = (size_t)(end - in.at);
	rest = skip(p, in.len + 2);
	t->host = WEIR_RULE_HOST_PREFIX;
	if (!weir_rulenet_parse_ip6(&h->why, in, &t->prefix))
		return false;
	if (!rest.len)
		return true;
	if (rest.at[0] == '/')
		return say(h, rest,
			   "%1 belongs inside the brackets, as in "
			   "`[2001:db8::/32]`",
			   no);
	if (rest.at[0] != ':')
		return say(h, rest,
			   "%1 follows the bracket: only a colon and ports "
			   "can, as in `[2001:db8::1]:443`",
			   no);
	*ports = skip(rest, 1);
	return true;
}

static bool parse_plain(const struct weir_rulehost *h,
			struct weir_rulewhy_piece p, const struct look *l,
			struct weir_rule_target *t)
{
	if (begins(p, "name="))
		return parse_label(h, skip(p, strlen("name=")), t);
	if (weir_rulenet_is_ip4(p)) {
		t->host = WEIR_RULE_HOST_PREFIX;
		return weir_rulenet_parse_ip4(&h->why, p, &t->prefix);
	}
	if (l->slash)
		return refuse_path(h, p);
	if (p.len == 1 && l->star)
		return say(h, p,
			   "a star alone is no host: write `any` for every "
			   "host",
			   no);
	if (!l->dot && is_word(p))
		return parse_word(h, p, t);
	return parse_name(h, p, t);
}

bool weir_rulehost_parse(const struct weir_rulehost *h,
			 struct weir_rulewhy_piece p,
			 struct weir_rule_target *ret,
			 struct weir_rulewhy_piece *ret_ports)
{
	struct look l = look_at(p);

	memset(ret, 0, sizeof(*ret));
	ret->at = (size_t)(p.at - h->why.text);
	*ret_ports = (struct weir_rulewhy_piece){ .at = NULL };
	if (begins(p, "file:"))
		return parse_file(h, p, ret, ret_ports);
	if (is_shouted(p, "file:"))
		return refuse_shouted(h, p, "file:");
	if (is_shouted(p, "name="))
		return refuse_shouted(h, p, "name=");
	if (p.at[0] == '[')
		return parse_bracket(h, p, ret, ret_ports);
	if (l.url)
		return refuse_url(h, p);
	if (l.at)
		return refuse_user(h, p);
	if (l.colons > 1)
		return refuse_colons(h, p, &l);
	if (!l.colon)
		return say(h, p,
			   "the host before the colon is missing: write `any` "
			   "for every host, as in `any:443`",
			   no);
	if (l.colons)
		*ret_ports = skip(p, l.colon + 1);
	return parse_plain(h, only(p, l.colon), &l, ret);
}
