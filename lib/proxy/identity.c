/* SPDX-License-Identifier: Apache-2.0 */
/* identity.c - is a request for the host of its connection? */
#include "proxy/identity.h"

#include <string.h>

#include "base/text.h"

bool weir_identity_is(const struct weir_head *h,
		      const struct weir_dns_name *name, uint16_t port)
{
	const char *colon;
	uint64_t shown;
	size_t at;

	if (!h->has_host || !weir_dns_is_exact_name(&h->host, name))
		return false;
	colon = memchr(h->host_text, ':', h->host_text_len);
	if (!colon)
		return true;
	at = (size_t)(colon - h->host_text) + 1;
	return weir_text_parse_u64(colon + 1, h->host_text_len - at, UINT16_MAX,
				   &shown) &&
	       shown == port;
}
