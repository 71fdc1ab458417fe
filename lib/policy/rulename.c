/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rulename.c - a name or pattern in a rule, text to meaning
 *
 * A good name costs one walk: it is tried as it is, and only what fails is
 * looked at again to say why.  Letters beyond ASCII are converted first, and
 * what comes out is checked as if it had been written: a full-width digit or
 * dot hides nothing.
 */
#include "policy/rulename.h"

#include <string.h>

#include "base/text.h"

#define NAME_MAX_BYTES (WEIR_DNS_NAME_MAX_BYTES - 2u) /* as text */

static bool has_high(struct weir_rulewhy_piece p)
{
	for (size_t i = 0; i < p.len; i++)
		if ((unsigned char)p.at[i] >= 0x80)
			return true;
	return false;
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

static bool refuse_byte(const struct weir_rulewhy *y, const char *at)
{
	struct weir_rulewhy_piece c = { at, 1 };

	if (*at == '*')
		return weir_rulewhy_say(
			y, at,
			"a star stands only for the first label, as in "
			"`*.example.com`",
			weir_rulewhy_no, weir_rulewhy_no);
	if (*at == ',' || *at == ';')
		return weir_rulewhy_say(
			y, at, "hosts are separated by blanks, not by %1", c,
			weir_rulewhy_no);
	if (*at == '[' || *at == ']')
		return weir_rulewhy_say(
			y, at,
			"a bracket stands only around IPv6, as in "
			"`[2001:db8::1]:443`",
			weir_rulewhy_no, weir_rulewhy_no);
	return weir_rulewhy_say(
		y, at,
		"%1 cannot be in a name: letters, digits, `-` and `_`, joined "
		"by dots",
		c, weir_rulewhy_no);
}

static bool refuse_label(const struct weir_rulewhy *y, const char *at,
			 size_t len)
{
	struct weir_rulewhy_piece label = { at, len };

	if (len)
		return weir_rulewhy_say(
			y, at,
			"the label %1 is too long: shorten it to 63 bytes",
			label, weir_rulewhy_no);
	return weir_rulewhy_say(
		y, at,
		"a label of the name is empty: write one dot between two "
		"labels, as in `api.example.com`",
		weir_rulewhy_no, weir_rulewhy_no);
}

static bool refuse_number(const struct weir_rulewhy *y,
			  struct weir_rulewhy_piece p)
{
	return weir_rulewhy_say(
		y, p.at,
		"%1 ends in a number, which is neither a name nor an address: "
		"an address is four decimal numbers, as in `192.0.2.1`",
		p, weir_rulewhy_no);
}

/* Why weir_pattern_name() did not take @p, which is not empty. */
static bool refuse(const struct weir_rulewhy *y, struct weir_rulewhy_piece p)
{
	size_t from = 0;

	for (size_t i = 0; i < p.len; i++)
		if (!is_name_byte(p.at[i]))
			return refuse_byte(y, p.at + i);
	for (size_t i = 0; i <= p.len; i++) {
		if (i < p.len && p.at[i] != '.')
			continue;
		if (i == p.len && from == i && from > 1)
			break; /* a final dot */
		if (i == from || i - from > WEIR_DNS_LABEL_MAX_BYTES)
			return refuse_label(y, p.at + from, i - from);
		from = i + 1;
	}
	if (p.len - (p.at[p.len - 1] == '.') > NAME_MAX_BYTES)
		return weir_rulewhy_say(
			y, p.at,
			"the name %1 is too long: a name has at most 253 "
			"bytes, perhaps `*.` and its end is meant",
			p, weir_rulewhy_no);
	return refuse_number(y, p);
}

/* The same after conversion: positions in @ascii mean nothing to anyone. */
static bool refuse_converted(const struct weir_rulewhy *y,
			     struct weir_rulewhy_piece p,
			     struct weir_rulewhy_piece ascii)
{
	return weir_rulewhy_say(
		y, p.at,
		"%1 becomes %2, which is no name: labels of letters, digits, "
		"`-` and `_`, the last no number",
		p, ascii);
}

static bool convert(const struct weir_rulewhy *y,
		    const struct weir_rule_world *w,
		    struct weir_rulewhy_piece p, struct weir_dns_name *ret)
{
	char ascii[WEIR_PATTERN_TEXT_BYTES] = "";
	struct weir_rulewhy_piece q = { ascii, 0 };

	if (!w->to_ascii || !w->to_ascii(w->ctx, p.at, p.len, ascii))
		return weir_rulewhy_say(
			y, p.at,
			"%1 is no name beyond ASCII: check its letters, or "
			"write its labels as `xn--...`",
			p, weir_rulewhy_no);
	q.len = strnlen(ascii, sizeof(ascii));
	if (!weir_pattern_name(q.at, q.len, ret) ||
	    weir_pattern_is_numeric(q.at, q.len))
		return refuse_converted(y, p, q);
	return true;
}

static bool parse_base(const struct weir_rulewhy *y,
		       const struct weir_rule_world *w,
		       struct weir_rulewhy_piece p, struct weir_dns_name *ret)
{
	if (!weir_pattern_name(p.at, p.len, ret))
		return has_high(p) ? convert(y, w, p, ret) : refuse(y, p);
	if (weir_pattern_is_numeric(p.at, p.len))
		return refuse_number(y, p);
	return true;
}

static bool is_public(const struct weir_rule_world *w,
		      const struct weir_dns_name *base)
{
	char name[WEIR_PATTERN_TEXT_BYTES];
	unsigned dot = base->b[0];

	if (base->len == dot + 2u)
		return true;
	if (!w->is_suffix)
		return false;
	/* lengths become dots, the root's the end: nothing has to be escaped */
	memcpy(name, base->b + 1, base->len - 1u);
	for (; base->b[dot + 1]; dot += base->b[dot + 1] + 1u)
		name[dot] = '.';
	return w->is_suffix(w->ctx, name);
}

static bool refuse_broad(const struct weir_rulewhy *y,
			 struct weir_rulewhy_piece p)
{
	return weir_rulewhy_say(
		y, p.at,
		"%1 is every name below a public suffix: name a site below "
		"it, or give the rule the word `broad`",
		p, weir_rulewhy_no);
}

bool weir_rulename_parse(const struct weir_rulewhy *y,
			 const struct weir_rule_world *w, bool broad,
			 struct weir_rulewhy_piece p, struct weir_pattern *ret)
{
	struct weir_rulewhy_piece base = p;
	size_t skip = 0;

	ret->what = WEIR_PATTERN_SELF;
	if (p.len >= 2 && p.at[0] == '*' && p.at[1] == '.') {
		ret->what = WEIR_PATTERN_BELOW;
		skip = 2;
	} else if (p.at[0] == '.') {
		ret->what = WEIR_PATTERN_SELF | WEIR_PATTERN_BELOW;
		skip = 1;
	}
	base.at += skip;
	base.len -= skip;
	if (!base.len)
		return weir_rulewhy_say(
			y, p.at,
			"%1 has no name behind its dot: write `any` for every "
			"host, or a name, as in `.example.com`",
			p, weir_rulewhy_no);
	if (!parse_base(y, w, base, &ret->base))
		return false;
	if (skip && !broad && is_public(w, &ret->base))
		return refuse_broad(y, p);
	return true;
}
