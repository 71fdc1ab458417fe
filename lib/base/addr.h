/* SPDX-License-Identifier: Apache-2.0 */
/*
 * addr.h - an address of either family, as one value
 *
 * IPv4 addresses are held IPv4-mapped (::ffff:a.b.c.d, RFC 4291 2.5.5.2), so
 * that one comparison and one hash serve both families.  A mapped address
 * that arrives inside an IPv6 packet is therefore the IPv4 address it wraps,
 * which is what every judgement wants.
 */
#ifndef WEIR_BASE_ADDR_H
#define WEIR_BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/** struct weir_addr - 16 bytes in network order */
struct weir_addr {
	uint8_t b[16];
};

/** weir_addr_from4() - from an IPv4 address in host order */
static inline struct weir_addr weir_addr_from4(uint32_t ip)
{
	struct weir_addr a = { .b = { [10] = 0xff, [11] = 0xff } };

	a.b[12] = (uint8_t)(ip >> 24);
	a.b[13] = (uint8_t)(ip >> 16);
	a.b[14] = (uint8_t)(ip >> 8);
	a.b[15] = (uint8_t)ip;
	return a;
}

/** weir_addr_is4() - is it IPv4 (mapped)? */
static inline bool weir_addr_is4(const struct weir_addr *a)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(a->b, prefix, sizeof(prefix)) == 0;
}

/** weir_addr_to4() - the IPv4 address in host order; only if weir_addr_is4() */
static inline uint32_t weir_addr_to4(const struct weir_addr *a)
{
	return (uint32_t)a->b[12] << 24 | (uint32_t)a->b[13] << 16 |
	       (uint32_t)a->b[14] << 8 | a->b[15];
}

static inline bool weir_addr_is_equal(const struct weir_addr *a,
				      const struct weir_addr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

/** weir_addr_is_zero() - :: (not 0.0.0.0, which is ::ffff:0.0.0.0) */
static inline bool weir_addr_is_zero(const struct weir_addr *a)
{
	static const uint8_t zero[16];

	return memcmp(a->b, zero, sizeof(zero)) == 0;
}

/** struct weir_mac - an Ethernet address, in wire order */
struct weir_mac {
	uint8_t b[6];
};

static inline bool weir_mac_is_equal(const struct weir_mac *a,
				     const struct weir_mac *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

#endif /* WEIR_BASE_ADDR_H */
