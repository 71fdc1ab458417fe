/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_tcp.c - any bytes as a TCP header; what is read is written and read */
#include "packet/tcp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be(bool cond)
{
	if (!cond)
		abort();
}

static void compare(const struct weir_tcp *a, const struct weir_tcp *b)
{
	must_be(a->sport == b->sport && a->dport == b->dport);
	must_be(a->seq == b->seq && a->ack == b->ack);
	must_be(a->flags == b->flags && a->window == b->window);
	must_be(a->urgent == b->urgent && a->mss == b->mss);
	must_be(a->wscale == b->wscale && a->sack_ok == b->sack_ok);
	must_be(b->n_sack <= a->n_sack && !b->has_ts);
	for (unsigned i = 0; i < b->n_sack; i++)
		must_be(a->sack[i].from == b->sack[i].from &&
			a->sack[i].to == b->sack[i].to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_rd in = weir_rd_over(data, size);
	struct weir_tcp t, again;
	uint8_t b[WEIR_TCP_HEADER_MAX_BYTES];
	struct weir_wr out = weir_wr_over(b, sizeof(b));

	if (weir_tcp_parse(&in, &t) != WEIR_REASON_NONE)
		return 0;
	must_be(t.header_len >= 20 && t.header_len <= 60);
	must_be(in.at == data + t.header_len && in.left == size - t.header_len);
	must_be(t.wscale >= -1 && t.wscale <= 14 && t.n_sack <= 4);
	weir_tcp_build(&t, &out);
	must_be(weir_wr_ok(&out) && weir_wr_len(&out) % 4 == 0);
	in = weir_rd_over(b, weir_wr_len(&out));
	must_be(weir_tcp_parse(&in, &again) == WEIR_REASON_NONE);
	must_be(in.left == 0);
	compare(&t, &again);
	return 0;
}
