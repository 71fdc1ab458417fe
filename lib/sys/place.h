/* SPDX-License-Identifier: Apache-2.0 */
/* place.h - an address and port as the socket calls want it */
#ifndef WEIR_SYS_PLACE_H
#define WEIR_SYS_PLACE_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/addr.h"

/** union weir_place - a socket address of either family; pass &p.any */
union weir_place {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/**
 * weir_place_fill() - write an address and port
 *
 * IPv4 (mapped) becomes AF_INET.
 * Return: its length.
 */
socklen_t weir_place_fill(union weir_place *ret, const struct weir_addr *a,
			  uint16_t port);

/** weir_place_read() - read them; of another family nothing is written */
void weir_place_read(const union weir_place *p, struct weir_addr *ret,
		     uint16_t *ret_port);

#endif /* WEIR_SYS_PLACE_H */
