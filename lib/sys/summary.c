/* SPDX-License-Identifier: Apache-2.0 */
/* summary.c - what the engine counted, as it crosses to control */
#include "sys/summary.h"

#include <stddef.h>

/* the order on the wire; every field once */
static const size_t order[] = {
	offsetof(struct weir_summary, frames_up),
	offsetof(struct weir_summary, frames_down),
	offsetof(struct weir_summary, bytes_up),
	offsetof(struct weir_summary, bytes_down),
	offsetof(struct weir_summary, tcp_opened),
	offsetof(struct weir_summary, tcp_now),
	offsetof(struct weir_summary, tcp_bytes_up),
	offsetof(struct weir_summary, tcp_bytes_down),
	offsetof(struct weir_summary, udp_opened),
	offsetof(struct weir_summary, udp_now),
	offsetof(struct weir_summary, udp_up),
	offsetof(struct weir_summary, udp_down),
	offsetof(struct weir_summary, dns_questions),
	offsetof(struct weir_summary, dns_cached),
	offsetof(struct weir_summary, dns_sent),
	offsetof(struct weir_summary, dns_failed),
};

#define ORDER_N (sizeof(order) / sizeof(order[0]))

_Static_assert(ORDER_N * sizeof(uint64_t) + sizeof(struct weir_tally) ==
		       sizeof(struct weir_summary),
	       "every field has its place on the wire");

void weir_summary_build(const struct weir_summary *s, struct weir_wr *to)
{
	for (size_t i = 0; i < ORDER_N; i++) {
		uint64_t v;

		memcpy(&v, (const char *)s + order[i], sizeof(v));
		weir_wr_be64(to, v);
	}
	weir_wr_be16(to, WEIR_REASON_COUNT);
	for (unsigned i = 0; i < WEIR_REASON_COUNT; i++)
		weir_wr_be64(to, s->reasons.count[i]);
}

bool weir_summary_parse(struct weir_rd *in, struct weir_summary *ret)
{
	struct weir_summary s;

	for (size_t i = 0; i < ORDER_N; i++) {
		uint64_t v = weir_rd_be64(in);

		memcpy((char *)&s + order[i], &v, sizeof(v));
	}
	if (weir_rd_be16(in) != WEIR_REASON_COUNT)
		return false;
	for (unsigned i = 0; i < WEIR_REASON_COUNT; i++)
		s.reasons.count[i] = weir_rd_be64(in);
	if (!weir_rd_ok(in) || in->left)
		return false;
	*ret = s;
	return true;
}
