/* SPDX-License-Identifier: Apache-2.0 */
/* place.c - an address and port as the socket calls want it */
#include "sys/place.h"

#include <string.h>

socklen_t weir_place_fill(union weir_place *ret, const struct weir_addr *a,
			  uint16_t port)
{
	if (weir_addr_is4(a)) {
		ret->in = (struct sockaddr_in){
			.sin_family = AF_INET,
			.sin_port = htons(port),
			.sin_addr.s_addr = htonl(weir_addr_to4(a)),
		};
		return sizeof(ret->in);
	}
	ret->in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
					  .sin6_port = htons(port) };
	memcpy(&ret->in6.sin6_addr, a->b, sizeof(a->b));
	return sizeof(ret->in6);
}

void weir_place_read(const union weir_place *p, struct weir_addr *ret,
		     uint16_t *ret_port)
{
	if (p->any.sa_family == AF_INET) {
		*ret = weir_addr_from4(ntohl(p->in.sin_addr.s_addr));
		*ret_port = ntohs(p->in.sin_port);
	} else if (p->any.sa_family == AF_INET6) {
		memcpy(ret->b, &p->in6.sin6_addr, sizeof(ret->b));
		*ret_port = ntohs(p->in6.sin6_port);
	}
}
