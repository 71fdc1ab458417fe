/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_quota.c - a rate survives its text; a bucket keeps its promises
 *
 * Input: the length of a text, the text; then steps of a kind (1), a time (8)
 * and a number (8), until they end.
 */
#include "policy/quota.h"

#include <stdlib.h>

#include "base/rd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool cond)
{
	if (!cond)
		abort();
}

static void read_rate(const char *text, size_t len, struct weir_quota_rate *r)
{
	struct weir_quota_rate again;
	char mem[WEIR_QUOTA_TEXT_BYTES];
	struct weir_text t = weir_text_over(mem, sizeof(mem));
	const char *why = NULL;

	if (!weir_quota_parse(text, len, r, &why)) {
		must(why && *why);
		return;
	}
	must(weir_quota_is_valid(r) && (r->bytes_per_s || r->packets_per_s));
	weir_quota_print(&t, r);
	must(weir_text_ok(&t));
	must(weir_quota_parse(mem, t.len, &again, &why));
	must(again.bytes_per_s == r->bytes_per_s &&
	     again.packets_per_s == r->packets_per_s &&
	     again.burst_bytes == r->burst_bytes);
}

static void check(struct weir_quota q, const struct weir_quota_rate *r,
		  uint64_t want, uint64_t now)
{
	uint64_t has = weir_quota_bytes(&q, now);
	uint64_t due = weir_quota_due_us(&q, want, now);
	uint64_t burst = weir_quota_burst(r);

	must(r->bytes_per_s ? has <= burst : has == 0 || has == UINT64_MAX);
	must((has > 0) == weir_quota_may(&q, now));
	must((has > 0) == (weir_quota_packets(&q, now) > 0));
	if (!r->bytes_per_s || want == 0)
		want = 1;
	else if (want > burst)
		want = burst;
	must(due >= now);
	if (due == UINT64_MAX) /* the clock ends before */
		return;
	must((due == now) == (has >= want));
	if (due == now)
		return;
	must(weir_quota_bytes(&q, due - 1) < want);
	must(weir_quota_bytes(&q, due) >= want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_rd in = weir_rd_over(data, size);
	struct weir_rd text = weir_rd_sub(&in, weir_rd_u8(&in));
	struct weir_quota_rate r = { 0 };
	struct weir_quota q;
	uint64_t now = 0;

	read_rate((const char *)text.at, text.left, &r);
	weir_quota_init(&q, &r, now);
	while (in.left) {
		uint8_t kind = weir_rd_u8(&in);
		uint64_t time = weir_rd_be64(&in) >> (kind & 63);
		uint64_t n = weir_rd_be64(&in);

		if (!weir_rd_ok(&in))
			break;
		now = time > UINT64_MAX - now ? UINT64_MAX : now + time;
		check(q, &r, n, now);
		must(weir_quota_may(&q, now) ==
		     (weir_quota_bytes(&q, now) > 0));
		if (kind & 64)
			weir_quota_spend(&q, n >> (n & 63), n & 127);
		if (kind & 128) {
			r.bytes_per_s = n >> (n & 31);
			r.packets_per_s = n & 0xffff;
			r.burst_bytes = n >> 24;
			weir_quota_set(&q, &r, now);
		}
		check(q, &r, n, now);
		(void)weir_quota_wire((uint32_t)n, (uint32_t)(n >> 32),
				      (uint32_t)time);
	}
	return 0;
}
