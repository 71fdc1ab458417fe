/* SPDX-License-Identifier: Apache-2.0 */
/* hostnet.h - which addresses the host has, and when that changes */
#ifndef WEIR_CONTROL_HOSTNET_H
#define WEIR_CONTROL_HOSTNET_H

#include <stdbool.h>
#include <stdint.h>

#include "sys/charter.h"

/**
 * struct weir_hostnet - the addresses of the host's interfaces but loopback
 * @addr, @bits: an address and the prefix of its subnet, in 128 bits
 * @full: there were more than fit
 */
struct weir_hostnet {
	uint32_t n;
	bool full;
	struct weir_addr addr[WEIR_CHARTER_ADDRESSES_MAX];
	uint8_t bits[WEIR_CHARTER_ADDRESSES_MAX];
};

/** weir_hostnet_read() - ask the kernel; Return: 0 or a negative errno */
int weir_hostnet_read(struct weir_hostnet *ret);

/**
 * weir_hostnet_watch() - a descriptor that is readable when one may have
 * changed; Return: it, or a negative errno
 */
int weir_hostnet_watch(void);

/** weir_hostnet_drain() - throw the news away; read the addresses afterwards */
void weir_hostnet_drain(int fd);

/** weir_hostnet_has_ipv6() - an IPv6 address beyond the link? */
bool weir_hostnet_has_ipv6(const struct weir_hostnet *h);

/**
 * weir_hostnet_is_using() - does a subnet of the host overlap this one?
 * @bits: in 128: 96 + LEN for IPv4
 */
bool weir_hostnet_is_using(const struct weir_hostnet *h,
			   const struct weir_addr *a, unsigned bits);

#endif /* WEIR_CONTROL_HOSTNET_H */
