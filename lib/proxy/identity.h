/* SPDX-License-Identifier: Apache-2.0 */
/* identity.h - is a request for the host of its connection? */
#ifndef WEIR_PROXY_IDENTITY_H
#define WEIR_PROXY_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "packet/head.h"

/**
 * weir_identity_is() - does the request name that host, and no other port?
 * @name: the one that the connection was opened for, in lower case
 * @port: where it was opened; a Host without a port is of any
 *
 * An address literal names no host.
 */
bool weir_identity_is(const struct weir_head *h,
		      const struct weir_dns_name *name, uint16_t port);

#endif /* WEIR_PROXY_IDENTITY_H */
