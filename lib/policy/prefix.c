/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prefix.c - a network of addresses of either family, or one address
 *
 * The families are kept apart by the flag, not by the bits: ::/0 begins with
 * the same zero bits as every mapped IPv4 address and holds none of them.
 */
#include "policy/prefix.h"

#include <string.h>

#define ALL_BITS 128u

static bool is_begun_by(const struct weir_addr *a, const struct weir_addr *net,
			unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (bits >= ALL_BITS)
		return weir_addr_is_equal(a, net);
	if (memcmp(a->b, net->b, whole) != 0)
		return false;
	return rest == 0 || ((a->b[whole] ^ net->b[whole]) >> (8 - rest)) == 0;
}

bool weir_prefix_has(const struct weir_prefix *p, const struct weir_addr *a)
{
	return weir_addr_is4(a) == p->v4 && is_begun_by(a, &p->addr, p->bits);
}

bool weir_prefix_covers(const struct weir_prefix *outer,
			const struct weir_prefix *inner)
{
	return outer->v4 == inner->v4 && outer->bits <= inner->bits &&
	       is_begun_by(&inner->addr, &outer->addr, outer->bits);
}

struct weir_addr weir_prefix_cut(const struct weir_addr *a, uint8_t bits)
{
	struct weir_addr net = { .b = { 0 } };
	unsigned whole = bits / 8u, rest = bits % 8u;

	if (bits >= ALL_BITS)
		return *a;
	memcpy(net.b, a->b, whole);
	if (rest)
		net.b[whole] = (uint8_t)(a->b[whole] & 0xff00u >> rest);
	return net;
}

void weir_prefix_print(struct weir_text *t, const struct weir_prefix *p)
{
	unsigned before = p->v4 ? 96 : 0;

	if (!p->v4)
		weir_text_add_char(t, '[');
	weir_text_add_addr(t, &p->addr);
	if (p->bits < ALL_BITS && p->bits >= before) {
		weir_text_add_char(t, '/');
		weir_text_add_u64(t, p->bits - before);
	}
	if (!p->v4)
		weir_text_add_char(t, ']');
}
