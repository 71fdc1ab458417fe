/* SPDX-License-Identifier: Apache-2.0 */
/* udp.c - the UDP header */
#include "packet/udp.h"

enum weir_reason weir_udp_parse(struct weir_rd *in, size_t l4_len,
				struct weir_udp *ret)
{
	struct weir_rd h = weir_rd_sub(in, WEIR_UDP_HEADER_BYTES);
	struct weir_udp u;

	u.sport = weir_rd_be16(&h);
	u.dport = weir_rd_be16(&h);
	u.len = weir_rd_be16(&h);
	u.csum = weir_rd_be16(&h);
	if (!weir_rd_ok(&h))
		return WEIR_REASON_SHORT;
	if (u.len < WEIR_UDP_HEADER_BYTES || u.len > l4_len)
		return WEIR_REASON_UDP_LENGTH;
	*ret = u;
	return WEIR_REASON_NONE;
}

void weir_udp_build(const struct weir_udp *udp, struct weir_wr *out)
{
	weir_wr_be16(out, udp->sport);
	weir_wr_be16(out, udp->dport);
	weir_wr_be16(out, udp->len);
	weir_wr_be16(out, 0);
}
