/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class.c - what kind of address is this?
 *
 * One table of prefixes, in the order of the classes; the first that fits
 * decides.  The classes `never` and `host` also depend on the sandbox and on
 * the host, and are asked first.  IANA special-purpose registries (RFC 6890).
 */
#include "policy/class.h"

#include <stdbool.h>
#include <stddef.h>

#define A4(a, b, c, d)                                                         \
	{                                                                      \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, (a), (b), (c), (d)   \
	}

struct prefix {
	uint8_t net[16];
	uint8_t bits;
	uint8_t class;
};

/* clang-format off */
static const struct prefix table[] = {
	{ A4(0, 0, 0, 0), 104, WEIR_CLASS_NEVER },
	{ A4(127, 0, 0, 0), 104, WEIR_CLASS_NEVER },
	{ { 0 }, 96, WEIR_CLASS_NEVER }, /* ::, ::1 and IPv4-compatible */
	{ A4(169, 254, 169, 254), 128, WEIR_CLASS_METADATA },
	{ A4(169, 254, 170, 2), 128, WEIR_CLASS_METADATA },
	{ A4(169, 254, 169, 253), 128, WEIR_CLASS_METADATA },
	{ { 0xfd, 0, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54 }, 128,
	  WEIR_CLASS_METADATA },
	{ A4(100, 100, 100, 200), 128, WEIR_CLASS_METADATA },
	{ A4(168, 63, 129, 16), 128, WEIR_CLASS_METADATA },
	{ A4(192, 0, 0, 192), 128, WEIR_CLASS_METADATA },
	{ A4(224, 0, 0, 0), 100, WEIR_CLASS_MULTICAST },
	{ { 0xff }, 8, WEIR_CLASS_MULTICAST },
	{ A4(255, 255, 255, 255), 128, WEIR_CLASS_MULTICAST },
	{ A4(240, 0, 0, 0), 100, WEIR_CLASS_RESERVED },
	{ A4(192, 0, 0, 0), 120, WEIR_CLASS_RESERVED },
	{ A4(192, 0, 2, 0), 120, WEIR_CLASS_RESERVED },
	{ A4(198, 51, 100, 0), 120, WEIR_CLASS_RESERVED },
	{ A4(203, 0, 113, 0), 120, WEIR_CLASS_RESERVED },
	{ A4(192, 88, 99, 0), 120, WEIR_CLASS_RESERVED },
	{ A4(198, 18, 0, 0), 111, WEIR_CLASS_RESERVED },
	{ { 0, 0x64, 0xff, 0x9b, 0, 1 }, 48, WEIR_CLASS_RESERVED },
	{ { 0x01 }, 64, WEIR_CLASS_RESERVED }, /* 100::/64 */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, WEIR_CLASS_RESERVED },
	{ { 0x3f, 0xff }, 20, WEIR_CLASS_RESERVED },
	{ { 0xfe, 0xc0 }, 10, WEIR_CLASS_RESERVED },
	{ A4(10, 0, 0, 0), 104, WEIR_CLASS_PRIVATE },
	{ A4(172, 16, 0, 0), 108, WEIR_CLASS_PRIVATE },
	{ A4(192, 168, 0, 0), 112, WEIR_CLASS_PRIVATE },
	{ A4(100, 64, 0, 0), 106, WEIR_CLASS_PRIVATE },
	{ { 0xfc }, 7, WEIR_CLASS_PRIVATE },
	{ A4(169, 254, 0, 0), 112, WEIR_CLASS_LINKLOCAL },
	{ { 0xfe, 0x80 }, 10, WEIR_CLASS_LINKLOCAL },
};
/* clang-format on */

static bool is_within(const uint8_t *a, const uint8_t *net, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, net, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ net[whole]) >> (8 - rest)) == 0;
}

struct weir_addr weir_class_unwrap(const struct weir_addr *a)
{
	static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };
	static const uint8_t teredo[4] = { 0x20, 0x01 };
	uint8_t v[4];

	if (memcmp(a->b, nat64, sizeof(nat64)) == 0) {
		memcpy(v, a->b + 12, 4);
	} else if (a->b[0] == 0x20 && a->b[1] == 0x02) {
		memcpy(v, a->b + 2, 4);
	} else if (memcmp(a->b, teredo, sizeof(teredo)) == 0) {
		for (unsigned i = 0; i < 4; i++)
			v[i] = (uint8_t)~a->b[12 + i];
	} else {
		return *a;
	}
	return weir_addr_from4((uint32_t)v[0] << 24 | (uint32_t)v[1] << 16 |
			       (uint32_t)v[2] << 8 | v[3]);
}

static bool is_host(const struct weir_class_facts *f, const struct weir_addr *a)
{
	if (weir_addr_is_equal(a, &f->gateway4) ||
	    weir_addr_is_equal(a, &f->dns4))
		return true;
	if (f->len6 && (weir_addr_is_equal(a, &f->gateway6) ||
			weir_addr_is_equal(a, &f->dns6)))
		return true;
	for (uint32_t i = 0; i < f->n_own; i++)
		if (weir_addr_is_equal(a, &f->own[i]))
			return true;
	return false;
}

/* An address of the guest's own subnet, which no host socket can reach. */
static bool is_subnet(const struct weir_class_facts *f,
		      const struct weir_addr *a)
{
	if (weir_addr_is4(a))
		return is_within(a->b, f->guest4.b, 96u + f->len4);
	return f->len6 && is_within(a->b, f->guest6.b, f->len6);
}

enum weir_class weir_class_find(const struct weir_class_facts *f,
				const struct weir_addr *a)
{
	struct weir_addr in = weir_class_unwrap(a);
	bool host = is_host(f, &in), never = is_subnet(f, &in);

	if (host && never)
		return WEIR_CLASS_HOST; /* gateway and DNS */
	if (never)
		return WEIR_CLASS_NEVER;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct prefix *p = &table[i];

		if (host && p->class > WEIR_CLASS_NEVER)
			break;
		if (is_within(in.b, p->net, p->bits))
			return (enum weir_class)p->class;
	}
	return host ? WEIR_CLASS_HOST : WEIR_CLASS_PUBLIC;
}

const char *weir_class_name(enum weir_class c)
{
	static const char *const names[] = {
		[WEIR_CLASS_NEVER] = "never",
		[WEIR_CLASS_HOST] = "host",
		[WEIR_CLASS_METADATA] = "metadata",
		[WEIR_CLASS_MULTICAST] = "multicast",
		[WEIR_CLASS_RESERVED] = "reserved",
		[WEIR_CLASS_PRIVATE] = "private",
		[WEIR_CLASS_LINKLOCAL] = "linklocal",
		[WEIR_CLASS_PUBLIC] = "public",
	};

	return (unsigned)c < sizeof(names) / sizeof(names[0]) && names[c]
		       ? names[c]
		       : "unknown";
}
