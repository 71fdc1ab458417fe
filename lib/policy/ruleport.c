/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ruleport.c - the ports of a target, text to meaning
 *
 * Ranges are put in their place as they are read, so they are sorted and apart
 * at any time, and the limit counts what is left of them.
 */
#include "policy/ruleport.h"

#include <string.h>

#include "base/text.h"
#include "policy/ruleword.h"

#define PORT_MAX_VALUE 65535u

static bool say(const struct weir_rulewhy *y, struct weir_rulewhy_piece at,
		const char *form, const char *hint)
{
	return weir_rulewhy_say(y, at.at, form, at, weir_rulewhy_word(hint));
}

static bool is_word(struct weir_rulewhy_piece p, const char *word)
{
	size_t len = strlen(word);

	return p.len == len && memcmp(p.at, word, len) == 0;
}

static const char *service_port(struct weir_rulewhy_piece p)
{
	static const char *const known[][2] = {
		{ "http", "80" },       { "https", "443" },
		{ "ssh", "22" },        { "dns", "53" },
		{ "domain", "53" },     { "smtp", "25" },
		{ "imap", "143" },      { "ftp", "21" },
		{ "ntp", "123" },       { "mysql", "3306" },
		{ "postgres", "5432" }, { "postgresql", "5432" },
		{ "redis", "6379" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (weir_ruleword_is(p, known[i][0]))
			return known[i][1];
	return NULL;
}

static bool is_digits(struct weir_rulewhy_piece p)
{
	for (size_t i = 0; i < p.len; i++)
		if (p.at[i] < '0' || p.at[i] > '9')
			return false;
	return p.len > 0;
}

static bool refuse_port(const struct weir_rulewhy *y,
			struct weir_rulewhy_piece p)
{
	const char *service = service_port(p);

	if (!p.len)
		return say(y, p,
			   "a port is missing: write it, as in `80,443` or "
			   "`8000-8999`, or leave the colon out for every port",
			   "");
	if (service)
		return say(y, p, "a port is a number: %1 is %2", service);
	if (is_word(p, "*") || is_word(p, "any"))
		return say(y, p,
			   "a port is a number: leave the colon and %1 out for "
			   "every port",
			   "");
	if (memchr(p.at, '/', p.len))
		return say(y, p,
			   "%1 is no port: leave out the slash and what "
			   "follows; a protocol stands before the targets, a "
			   "path in an entry of `http`",
			   "");
	if (!is_digits(p))
		return say(y, p,
			   "%1 is no port: a port is a number of 1 to 65535",
			   "");
	if (p.len > 1 && p.at[0] == '0')
		return say(y, p,
			   "%1 begins with a zero: write the port without "
			   "leading zeroes, as in `80`",
			   "");
	return say(y, p, "%1 is out of range: a port is 1 to 65535", "");
}

static bool parse_port(const struct weir_rulewhy *y,
		       struct weir_rulewhy_piece p, uint16_t *ret)
{
	uint64_t v;

	if (!weir_text_parse_u64(p.at, p.len, PORT_MAX_VALUE, &v) || !v)
		return refuse_port(y, p);
	*ret = (uint16_t)v;
	return true;
}

static bool parse_range(const struct weir_rulewhy *y,
			struct weir_rulewhy_piece p,
			struct weir_rule_range *ret)
{
	const char *hyphen = p.len ? memchr(p.at, '-', p.len) : NULL;
	struct weir_rulewhy_piece high = p;
	struct weir_rule_range r = { 0, 0 };
	char b[16];
	struct weir_text t = weir_text_over(b, sizeof(b));

	if (!hyphen) {
		if (!parse_port(y, p, &r.low))
			return false;
		*ret = (struct weir_rule_range){ r.low, r.low };
		return true;
	}
	high.at = hyphen + 1;
	high.len = (size_t)(p.at + p.len - high.at);
	if (!parse_port(y,
			(struct weir_rulewhy_piece){ p.at,
						     p.len - high.len - 1 },
			&r.low) ||
	    !parse_port(y, high, &r.high))
		return false;
	if (r.low <= r.high) {
		*ret = r;
		return true;
	}
	weir_text_add_u64(&t, r.high);
	weir_text_add_char(&t, '-');
	weir_text_add_u64(&t, r.low);
	return say(y, p,
		   "the range %1 is reversed: the lower port comes first, as "
		   "in %2",
		   b);
}

/* Into its place among the others; those it reaches become one with it. */
static bool add_range(struct weir_rule_target *t, struct weir_rule_range r)
{
	size_t from = 0, to;

	while (from < t->n_ports && t->port[from].high + 1 < r.low)
		from++;
	for (to = from; to < t->n_ports && t->port[to].low <= r.high + 1;
	     to++) {
		if (t->port[to].low < r.low)
			r.low = t->port[to].low;
		if (t->port[to].high > r.high)
			r.high = t->port[to].high;
	}
	if (to == from && t->n_ports == WEIR_RULE_PORTS_MAX)
		return false;
	memmove(t->port + from + 1, t->port + to,
		(t->n_ports - to) * sizeof(t->port[0]));
	t->port[from] = r;
	t->n_ports = (uint16_t)(t->n_ports - (to - from) + 1);
	return true;
}

bool weir_ruleport_parse(const struct weir_rulewhy *y,
			 struct weir_rulewhy_piece p,
			 struct weir_rule_target *t)
{
	struct weir_rule_range r = { 0, 0 };
	bool more = true;

	while (more) {
		const char *comma = p.len ? memchr(p.at, ',', p.len) : NULL;
		struct weir_rulewhy_piece one = p;

		more = comma != NULL;
		if (more) {
			one.len = (size_t)(comma - p.at);
			p.at += one.len + 1;
			p.len -= one.len + 1;
		}
		if (!parse_range(y, one, &r))
			return false;
		if (!add_range(t, r))
			return say(y, one,
				   "%1 is one range of ports too many: a "
				   "target has 32 at most, write the host "
				   "twice",
				   "");
	}
	return true;
}
