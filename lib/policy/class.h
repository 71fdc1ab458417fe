/* SPDX-License-Identifier: Apache-2.0 */
/*
 * class.h - what kind of address is this?
 *
 * The classes of the policy, in the order in which the first that fits
 * decides.  IPv4 inside IPv6 (mapped, NAT64, 6to4, Teredo) is classified by
 * the IPv4 address it carries.
 */
#ifndef WEIR_POLICY_CLASS_H
#define WEIR_POLICY_CLASS_H

#include <stdint.h>

#include "base/addr.h"

enum weir_class {
	WEIR_CLASS_NEVER = 1, /* refused before any rule */
	WEIR_CLASS_HOST,      /* the gateway, and the host's own addresses */
	WEIR_CLASS_METADATA,  /* where clouds keep credentials */
	WEIR_CLASS_MULTICAST, /* broadcast too */
	WEIR_CLASS_RESERVED,
	WEIR_CLASS_PRIVATE,
	WEIR_CLASS_LINKLOCAL,
	WEIR_CLASS_PUBLIC,
};

/**
 * struct weir_class_facts - what the classes depend on
 * @gateway4, @dns4, @guest4, @len4: IPv4 of the sandbox (mapped)
 * @gateway6, @dns6, @guest6, @len6: IPv6; all zero, and 0, if there is none
 * @own:  the host's own addresses but loopback, borrowed
 * @n_own: how many
 */
struct weir_class_facts {
	struct weir_addr gateway4, dns4, guest4;
	struct weir_addr gateway6, dns6, guest6;
	uint8_t len4, len6;
	const struct weir_addr *own;
	uint32_t n_own;
};

/** weir_class_find() - the class of @a */
enum weir_class weir_class_find(const struct weir_class_facts *f,
				const struct weir_addr *a);

/** weir_class_name() - "never", "host", ...; for people and rules */
const char *weir_class_name(enum weir_class c);

/**
 * weir_class_unwrap() - the IPv4 address inside an IPv6 one, if any
 *
 * NAT64 64:ff9b::/96 (RFC 6052), 6to4 2002::/16 (RFC 3056), Teredo 2001::/32
 * (the client, RFC 4380 4).
 * Return: that address (mapped); @a itself if there is none inside.
 */
struct weir_addr weir_class_unwrap(const struct weir_addr *a);

#endif /* WEIR_POLICY_CLASS_H */
