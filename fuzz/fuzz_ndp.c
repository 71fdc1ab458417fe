/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_ndp.c - any bytes as discovery; what is read is written and read */
#include "packet/ndp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be(bool cond)
{
	if (!cond)
		abort();
}

static struct weir_rd written(const uint8_t *b, const struct weir_wr *w)
{
	must_be(weir_wr_ok(w) && weir_wr_len(w) % 8 == 0);
	return weir_rd_over(b, weir_wr_len(w));
}

static void fuzz_neighbours(struct weir_rd in)
{
	uint8_t b[64];
	struct weir_wr w = weir_wr_over(b, sizeof(b));
	struct weir_rd r = in;
	struct weir_ndp_ask q, q2;
	struct weir_ndp_answer a, a2;
	struct weir_ndp_seek s, s2;

	if (weir_ndp_parse_ask(&r, &q) == WEIR_REASON_NONE) {
		weir_ndp_build_ask(&q, &w);
		r = written(b, &w);
		must_be(weir_ndp_parse_ask(&r, &q2) == WEIR_REASON_NONE);
		must_be(weir_addr_is_equal(&q.target, &q2.target));
		must_be(q.has_mac == q2.has_mac);
		must_be(weir_mac_is_equal(&q.mac, &q2.mac));
	}
	r = in;
	w = weir_wr_over(b, sizeof(b));
	if (weir_ndp_parse_answer(&r, &a) == WEIR_REASON_NONE) {
		weir_ndp_build_answer(&a, &w);
		r = written(b, &w);
		must_be(weir_ndp_parse_answer(&r, &a2) == WEIR_REASON_NONE);
		must_be(weir_addr_is_equal(&a.target, &a2.target));
		must_be(a.has_mac == a2.has_mac && a.router == a2.router);
		must_be(a.solicited == a2.solicited);
		must_be(a.override == a2.override);
	}
	r = in;
	w = weir_wr_over(b, sizeof(b));
	if (weir_ndp_parse_seek(&r, &s) == WEIR_REASON_NONE) {
		weir_ndp_build_seek(&s, &w);
		r = written(b, &w);
		must_be(weir_ndp_parse_seek(&r, &s2) == WEIR_REASON_NONE);
		must_be(s.has_mac == s2.has_mac);
	}
}

static void fuzz_router(struct weir_rd in)
{
	const uint8_t *start = in.at, *end = in.at + in.left;
	uint8_t b[512];
	struct weir_wr w = weir_wr_over(b, sizeof(b));
	struct weir_ndp_router m, again;

	if (weir_ndp_parse_router(&in, &m) != WEIR_REASON_NONE)
		return;
	must_be(m.prefix_len <= 128);
	if (m.dnssl_len)
		must_be(m.dnssl > start && m.dnssl + m.dnssl_len <= end);
	if (m.dnssl_len > WEIR_NDP_DNSSL_MAX_BYTES)
		m.dnssl_len = 0;
	weir_ndp_build_router(&m, &w);
	in = written(b, &w);
	must_be(weir_ndp_parse_router(&in, &again) == WEIR_REASON_NONE);
	must_be(m.hops == again.hops && m.mtu == again.mtu);
	must_be(m.managed == again.managed && m.other == again.other);
	must_be(m.lifetime_s == again.lifetime_s);
	must_be(m.has_mac == again.has_mac && m.has_dns == again.has_dns);
	must_be(m.prefix_len == again.prefix_len);
	must_be(m.dnssl_len == again.dnssl_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_neighbours(weir_rd_over(data, size));
	fuzz_router(weir_rd_over(data, size));
	return 0;
}
