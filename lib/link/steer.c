/* SPDX-License-Identifier: Apache-2.0 */
/* steer.c - which of several rings a conversation uses */
#include "link/steer.h"

#include <stdbool.h>

#include "base/rd.h"

#define TYPE_IPV4 0x0800u
#define TYPE_IPV6 0x86ddu
#define TCP       6u
#define UDP       17u

static uint32_t both_words(struct weir_rd *r, unsigned words)
{
	uint32_t x = 0;

	for (unsigned i = 0; i < 2 * words; i++)
		x ^= weir_rd_be32(r);
	return x;
}

/* Leaves @r at the ports if there are any: *@ret_ports */
static uint32_t ipv4(struct weir_rd *r, bool *ret_ports)
{
	unsigned header = 4 * (weir_rd_u8(r) & 15u);
	uint16_t fragment;
	uint8_t proto;
	uint32_t x;

	(void)weir_rd_take(r, 5);
	fragment = weir_rd_be16(r);
	(void)weir_rd_u8(r);
	proto = weir_rd_u8(r);
	(void)weir_rd_be16(r);
	x = both_words(r, 1);
	if (header >= 20)
		(void)weir_rd_take(r, header - 20);
	*ret_ports = !(fragment & 0x3fff) && (proto == TCP || proto == UDP);
	return x;
}

static uint32_t ipv6(struct weir_rd *r, bool *ret_ports)
{
	uint8_t next;

	(void)weir_rd_take(r, 6);
	next = weir_rd_u8(r);
	(void)weir_rd_u8(r);
	*ret_ports = next == TCP || next == UDP;
	return both_words(r, 4);
}

uint8_t weir_steer_hash(const uint8_t *frame, size_t len)
{
	struct weir_rd r = weir_rd_over(frame, len);
	bool ports = false;
	uint32_t x;

	(void)weir_rd_take(&r, 12);
	switch (weir_rd_be16(&r)) {
	case TYPE_IPV4:
		x = ipv4(&r, &ports);
		break;
	case TYPE_IPV6:
		x = ipv6(&r, &ports);
		break;
	default:
		return 0;
	}
	if (ports) {
		uint32_t from = weir_rd_be16(&r);

		x ^= from ^ weir_rd_be16(&r);
	}
	x *= 0x9e3779b1u;
	return (uint8_t)(x >> 24);
}
