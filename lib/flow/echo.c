/* SPDX-License-Identifier: Apache-2.0 */
/* echo.c - echo of the guest to hosts outside */
#include "flow/echo.h"

#include "base/wr.h"
#include "packet/csum.h"
#include "packet/ipv4.h"

size_t weir_echo_bytes(void)
{
	return weir_assoc_bytes(WEIR_ECHO_IDENTS_MAX,
				WEIR_ECHO_CONVERSATIONS_MAX);
}

bool weir_echo_init(struct weir_assoc *a, struct weir_arena *arena,
		    const uint64_t key[2], uint64_t now_us)
{
	if (!weir_assoc_init(a, arena, WEIR_ECHO_IDENTS_MAX,
			     WEIR_ECHO_CONVERSATIONS_MAX, key, now_us))
		return false;
	weir_assoc_set_idle(a, WEIR_ECHO_IDLE_MS, WEIR_ECHO_IDLE_MS);
	return true;
}

enum weir_reason weir_echo_parse(const struct weir_view *v,
				 const struct weir_spans *frame,
				 struct weir_assoc_ends *ret)
{
	struct weir_rd in = v->l4;
	struct weir_icmp m;
	enum weir_reason r = weir_icmp_parse(&in, &m);

	if (r == WEIR_REASON_NONE)
		r = weir_view_l4_csum(v, frame, NULL);
	if (r != WEIR_REASON_NONE)
		return r;
	*ret = (struct weir_assoc_ends){ .guest = v->from,
					 .far = v->to,
					 .gport = m.id };
	return WEIR_REASON_NONE;
}

enum weir_reason weir_echo_answer(const struct weir_assoc_ends *e,
				  const struct weir_spans *msg, uint8_t *ret)
{
	bool v4 = weir_addr_is4(&e->far);
	uint8_t type = v4 ? WEIR_ICMP4_ECHO_REPLY : WEIR_ICMP6_ECHO_REPLY;
	struct weir_wr w = weir_wr_over(ret, WEIR_ICMP_HEADER_BYTES);
	struct weir_rd in;
	struct weir_icmp m;
	uint32_t sum = 0;

	if (msg->n == 0)
		return WEIR_REASON_ICMP;
	in = weir_rd_over(msg->v[0].at, msg->v[0].len);
	if (weir_icmp_parse(&in, &m) != WEIR_REASON_NONE || m.type != type ||
	    m.code != 0)
		return WEIR_REASON_ICMP;
	m.id = e->gport;
	weir_icmp_build(&m, &w);
	if (!v4)
		sum = weir_csum_pseudo(&e->far, &e->guest, WEIR_PROTO_ICMPV6,
				       (uint32_t)msg->len);
	sum = weir_csum_add(sum, ret, WEIR_ICMP_HEADER_BYTES);
	sum = weir_csum_spans(sum, msg, WEIR_ICMP_HEADER_BYTES,
			      msg->len - WEIR_ICMP_HEADER_BYTES);
	weir_wr_put16(&w, WEIR_ICMP_CSUM_AT, weir_csum_finish(sum));
	return WEIR_REASON_NONE;
}
