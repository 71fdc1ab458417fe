/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rulenet.c - an address or network in a rule, text to meaning
 *
 * What the strict readers of base/text.h refuse is looked at again, only to
 * say why; nothing is guessed.
 */
#include "policy/rulenet.h"

#include <string.h>

#include "base/text.h"

#define no weir_rulewhy_no

static struct weir_rulewhy_piece before(struct weir_rulewhy_piece p, char c)
{
	const char *at = p.len ? memchr(p.at, c, p.len) : NULL;

	return (struct weir_rulewhy_piece){ .at = p.at,
					    .len = at ? (size_t)(at - p.at)
						      : p.len };
}

/* What follows the end of @head, which is shorter, and one byte more. */
static struct weir_rulewhy_piece behind(struct weir_rulewhy_piece p,
					struct weir_rulewhy_piece head)
{
	return (struct weir_rulewhy_piece){ .at = p.at + head.len + 1,
					    .len = p.len - head.len - 1 };
}

bool weir_rulenet_is_ip4(struct weir_rulewhy_piece p)
{
	struct weir_rulewhy_piece a = before(p, '/');
	bool dot = false, digit = false;

	for (size_t i = 0; i < a.len; i++) {
		if (a.at[i] == '.')
			dot = true;
		else if (a.at[i] >= '0' && a.at[i] <= '9')
			digit = true;
		else
			return false;
	}
	return digit && (dot || a.len < p.len) && a.at[0] != '.';
}

bool weir_rulenet_is_naked_ip6(struct weir_rulewhy_piece p)
{
	struct weir_rulewhy_piece a = before(p, '/');
	struct weir_addr addr;

	return weir_text_parse_ip6(a.at, a.len, &addr);
}

static bool refuse_ip4(const struct weir_rulewhy *y,
		       struct weir_rulewhy_piece a)
{
	struct weir_rulewhy_piece left = a, part;
	uint64_t v;

	for (;;) {
		part = before(left, '.');
		if (part.len > 1 && part.at[0] == '0')
			return weir_rulewhy_say(
				y, part.at,
				"%1 begins with a zero, which some read as "
				"octal: write its decimal number without "
				"leading zeroes",
				part, no);
		if (part.len &&
		    !weir_text_parse_u64(part.at, part.len, 255, &v))
			return weir_rulewhy_say(
				y, part.at,
				"%1 is too large for an IPv4 address: each of "
				"its four numbers is 0 to 255",
				part, no);
		if (part.len == left.len)
			break;
		left = behind(left, part);
	}
	return weir_rulewhy_say(y, a.at,
				"%1 is no IPv4 address: write all four "
				"numbers, as in `192.0.2.1` or `10.0.0.0/8`",
				a, no);
}

static bool refuse_bits(const struct weir_rulewhy *y,
			struct weir_rulewhy_piece bits, const char *form)
{
	if (!bits.len)
		return weir_rulewhy_say(y, bits.at,
					"the length of the prefix is missing "
					"behind the slash: write it, as in "
					"`10.0.0.0/8` or `[2001:db8::/32]`",
					no, no);
	return weir_rulewhy_say(y, bits.at, form, bits, no);
}

/* The network that was meant goes into the sentence. */
static bool refuse_host_bits(const struct weir_rulewhy *y,
			     struct weir_rulewhy_piece p,
			     const struct weir_addr *a, uint8_t bits, bool v4)
{
	struct weir_prefix meant = { .addr = weir_prefix_cut(a, bits),
				     .bits = bits,
				     .v4 = v4 };
	char b[WEIR_PREFIX_TEXT_BYTES];
	struct weir_text t = weir_text_over(b, sizeof(b));

	weir_prefix_print(&t, &meant);
	return weir_rulewhy_say(y, p.at,
				"%1 has bits set behind its prefix: did you "
				"mean the network %2?",
				p, weir_rulewhy_word(b));
}

bool weir_rulenet_parse_ip4(const struct weir_rulewhy *y,
			    struct weir_rulewhy_piece p,
			    struct weir_prefix *ret)
{
	struct weir_rulewhy_piece a = before(p, '/');
	struct weir_prefix n = { .bits = 128, .v4 = true };
	uint8_t bits;
	struct weir_addr cut;

	if (!weir_text_parse_ip4(a.at, a.len, &n.addr))
		return refuse_ip4(y, a);
	if (a.len < p.len) {
		if (!weir_text_parse_cidr(p.at, p.len, &n.addr, &bits))
			return refuse_bits(y, behind(p, a),
					   "%1 is no length of an IPv4 prefix: "
					   "write a number of 0 to 32, as in "
					   "`10.0.0.0/8`");
		n.bits = bits;
	}
	cut = weir_prefix_cut(&n.addr, n.bits);
	if (!weir_addr_is_equal(&cut, &n.addr))
		return refuse_host_bits(y, p, &n.addr, n.bits, true);
	*ret = n;
	return true;
}

static bool refuse_ip6(const struct weir_rulewhy *y,
		       struct weir_rulewhy_piece p, struct weir_rulewhy_piece a)
{
	const char *zone = a.len ? memchr(a.at, '%', a.len) : NULL;

	if (!p.len)
		return weir_rulewhy_say(y, p.at,
					"the brackets are empty: write an "
					"address, as in `[2001:db8::1]`",
					no, no);
	if (zone)
		return weir_rulewhy_say(
			y, zone,
			"an IPv6 address has no zone here: "
			"leave out the percent sign and what follows",
			no, no);
	if (a.len && memchr(a.at, ':', a.len))
		return weir_rulewhy_say(y, a.at,
					"%1 is no IPv6 address: it is written "
					"as in `[2001:db8::1]`",
					a, no);
	return weir_rulewhy_say(y, p.at,
				"brackets hold IPv6 only, as in "
				"`[2001:db8::1]`: write %1 without them",
				p, no);
}

bool weir_rulenet_parse_ip6(const struct weir_rulewhy *y,
			    struct weir_rulewhy_piece p,
			    struct weir_prefix *ret)
{
	struct weir_rulewhy_piece a = before(p, '/');
	struct weir_prefix n = { .bits = 128 };
	uint8_t bits;
	struct weir_addr cut;

	if (!weir_text_parse_ip6(a.at, a.len, &n.addr))
		return refuse_ip6(y, p, a);
	if (a.len < p.len) {
		if (!weir_text_parse_cidr(p.at, p.len, &n.addr, &bits))
			return refuse_bits(y, behind(p, a),
					   "%1 is no length of an IPv6 prefix: "
					   "write a number of 0 to 128, as in "
					   "`[2001:db8::/32]`");
		n.bits = bits;
	}
	n.v4 = n.bits >= 96 && weir_addr_is4(&n.addr);
	cut = weir_prefix_cut(&n.addr, n.bits);
	if (!weir_addr_is_equal(&cut, &n.addr))
		return refuse_host_bits(y, p, &n.addr, n.bits, n.v4);
	*ret = n;
	return true;
}
