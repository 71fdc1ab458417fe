/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern.c - a name, or the names below one
 *
 * Names are wire names in lower case, so a name ends with the base if the last
 * bytes are equal and begin at a label: `badexample.com` ends with the bytes
 * of `example.com`, yet its last labels are others.
 */
#include "policy/pattern.h"

#include <string.h>

/* Is byte @at of @name the length of a label?  Never reads past @at. */
static bool is_label(const struct weir_dns_name *name, unsigned at)
{
	unsigned i = 0;

	while (i < at)
		i += name->b[i] + 1u;
	return i == at;
}

static bool is_end(const struct weir_dns_name *name,
		   const struct weir_dns_name *base)
{
	unsigned at;

	if (name->len < base->len)
		return false;
	at = (unsigned)name->len - base->len;
	return memcmp(name->b + at, base->b, base->len) == 0 &&
	       is_label(name, at);
}

bool weir_pattern_has(const struct weir_pattern *p,
		      const struct weir_dns_name *name)
{
	unsigned which = name->len == p->base.len ? WEIR_PATTERN_SELF
						  : WEIR_PATTERN_BELOW;

	return (p->what & which) && is_end(name, &p->base);
}

bool weir_pattern_covers(const struct weir_pattern *outer,
			 const struct weir_pattern *inner)
{
	if ((inner->what & WEIR_PATTERN_SELF) &&
	    !weir_pattern_has(outer, &inner->base))
		return false;
	if (!(inner->what & WEIR_PATTERN_BELOW))
		return true;
	return (outer->what & WEIR_PATTERN_BELOW) &&
	       is_end(&inner->base, &outer->base);
}

void weir_pattern_print(struct weir_text *t, const struct weir_pattern *p)
{
	char name[4 * WEIR_DNS_NAME_MAX_BYTES + 1]; /* all of it as \DDD */
	size_t len = weir_dns_name_to_text(&p->base, name, sizeof(name));

	if (p->what & WEIR_PATTERN_BELOW)
		weir_text_add(t, p->what & WEIR_PATTERN_SELF ? "." : "*.");
	else if (!memchr(name, '.', len))
		weir_text_add(t, "name=");
	weir_text_add_bytes(t, name, len);
}

/* What a byte of a name becomes; 0 for those no name has. */
static const uint8_t lower[256] = {
	['-'] = '-', ['.'] = '.', ['_'] = '_', ['0'] = '0', ['1'] = '1',
	['2'] = '2', ['3'] = '3', ['4'] = '4', ['5'] = '5', ['6'] = '6',
	['7'] = '7', ['8'] = '8', ['9'] = '9', ['a'] = 'a', ['b'] = 'b',
	['c'] = 'c', ['d'] = 'd', ['e'] = 'e', ['f'] = 'f', ['g'] = 'g',
	['h'] = 'h', ['i'] = 'i', ['j'] = 'j', ['k'] = 'k', ['l'] = 'l',
	['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q',
	['r'] = 'r', ['s'] = 's', ['t'] = 't', ['u'] = 'u', ['v'] = 'v',
	['w'] = 'w', ['x'] = 'x', ['y'] = 'y', ['z'] = 'z', ['A'] = 'a',
	['B'] = 'b', ['C'] = 'c', ['D'] = 'd', ['E'] = 'e', ['F'] = 'f',
	['G'] = 'g', ['H'] = 'h', ['I'] = 'i', ['J'] = 'j', ['K'] = 'k',
	['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p',
	['Q'] = 'q', ['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u',
	['V'] = 'v', ['W'] = 'w', ['X'] = 'x', ['Y'] = 'y', ['Z'] = 'z',
};

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	       (c >= 'A' && c <= 'F');
}

/* 10, 010, 0x0a and 0x: what a reader of addresses takes for a number. */
static bool is_number(const char *label, size_t len)
{
	bool hex = len >= 2 && label[0] == '0' &&
		   (label[1] == 'x' || label[1] == 'X');

	for (size_t i = hex ? 2 : 0; i < len; i++) {
		if (hex ? !is_hex(label[i]) : label[i] < '0' || label[i] > '9')
			return false;
	}
	return len > 0;
}

bool weir_pattern_is_numeric(const char *text, size_t len)
{
	size_t from;

	if (len && text[len - 1] == '.')
		len--;
	for (from = len; from && text[from - 1] != '.';)
		from--;
	return is_number(text + from, len - from);
}

/* Is every label a number, as in each spelling of an IPv4 address? */
static bool is_address(const char *text, size_t len)
{
	while (len) {
		const char *dot = memchr(text, '.', len);
		size_t label = dot ? (size_t)(dot - text) : len;

		if (!is_number(text, label))
			return false;
		label += dot ? 1 : 0;
		text += label;
		len -= label;
	}
	return true;
}

static bool close_label(struct weir_dns_name *n, unsigned at, unsigned end)
{
	unsigned len = end - at - 1;

	n->b[at] = (uint8_t)len;
	return len > 0 && len <= WEIR_DNS_LABEL_MAX_BYTES;
}

/* One walk, for lists are long: labels are closed as their dots come. */
bool weir_pattern_name(const char *text, size_t len, struct weir_dns_name *ret)
{
	struct weir_dns_name n;
	unsigned label = 0, out = 1; /* where its length goes; the next byte */

	if (len && text[len - 1] == '.')
		len--;
	if (len == 0 || len + 2 > sizeof(n.b))
		return false;
	for (size_t i = 0; i < len; i++) {
		uint8_t c = lower[(unsigned char)text[i]];

		if (c == '.') {
			if (!close_label(&n, label, out))
				return false;
			label = out++;
		} else if (c) {
			n.b[out++] = c;
		} else {
			return false;
		}
	}
	if (!close_label(&n, label, out) ||
	    (weir_pattern_is_numeric(text, len) && is_address(text, len)))
		return false;
	n.b[out++] = 0;
	ret->len = (uint8_t)out;
	memcpy(ret->b, n.b, out);
	return true;
}
