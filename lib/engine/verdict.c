/* SPDX-License-Identifier: Apache-2.0 */
/* verdict.c - may the guest talk to this address? */
#include "engine/verdict.h"

enum weir_reason weir_verdict_judge(const struct weir_house *h,
				    const struct weir_addr *to)
{
	uint32_t net = h->charter.net, needs = 0;

	switch (weir_class_find(&h->classes, to)) {
	case WEIR_CLASS_NEVER:
		return WEIR_REASON_MARTIAN;
	case WEIR_CLASS_MULTICAST:
		return WEIR_REASON_MULTICAST;
	case WEIR_CLASS_HOST:
		if (weir_addr_is_equal(to, &h->charter.dns4) ||
		    (h->charter.has6 &&
		     weir_addr_is_equal(to, &h->charter.dns6)))
			return WEIR_REASON_DEFAULT; /* port 53 and echo only */
		needs = WEIR_CHARTER_NET_HOST;
		break;
	case WEIR_CLASS_METADATA:
		needs = WEIR_CHARTER_NET_METADATA;
		break;
	case WEIR_CLASS_PRIVATE:
		needs = WEIR_CHARTER_NET_PRIVATE;
		break;
	case WEIR_CLASS_LINKLOCAL:
		needs = WEIR_CHARTER_NET_LINKLOCAL;
		break;
	case WEIR_CLASS_RESERVED:
	case WEIR_CLASS_PUBLIC:
		needs = WEIR_CHARTER_NET_PUBLIC;
		break;
	}
	return (net & needs) == needs ? WEIR_REASON_NONE : WEIR_REASON_DEFAULT;
}

bool weir_verdict_place(const struct weir_house *h, const struct weir_addr *to,
			struct weir_addr *ret, struct weir_addr *ret_other)
{
	const struct weir_addr loop4 = weir_addr_from4(0x7f000001);
	const struct weir_addr loop6 = { .b = { [15] = 1 } };

	if (weir_addr_is_equal(to, &h->charter.gateway4)) {
		*ret = loop4;
		*ret_other = loop6;
		return true;
	}
	if (h->charter.has6 && weir_addr_is_equal(to, &h->charter.gateway6)) {
		*ret = loop6;
		*ret_other = loop4;
		return true;
	}
	*ret = *to;
	return false;
}
