/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_svcb.c - any bytes may be the data of an HTTPS record
 *
 * Input: which hints stay (8), whether ech goes (1), the data.  What is written
 * again is no longer than what was read, has the hints that were to stay and
 * no other, and no ech if it was to go; written again with nothing to leave
 * out it is the same.
 */
#include "packet/svcb.h"

#include <stdlib.h>

#define DATA_MAX 65535u
#define LIST_MAX 20000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* are the hints of @to those of @from whose bit is set? */
static void check_hints(const struct weir_svcb *from, uint64_t keep,
			const struct weir_svcb *to)
{
	static struct weir_addr all[LIST_MAX], some[LIST_MAX];
	unsigned n = weir_svcb_hints(from, all, LIST_MAX), k = 0;
	unsigned m = weir_svcb_hints(to, some, LIST_MAX);

	must(n < LIST_MAX && m <= WEIR_SVCB_HINTS_MAX);
	for (unsigned i = 0; i < n && i < WEIR_SVCB_HINTS_MAX; i++) {
		if (keep >> i & 1) {
			must(k < m && weir_addr_is_equal(&all[i], &some[k]));
			k++;
		}
	}
	must(k == m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t once[DATA_MAX], twice[DATA_MAX];
	struct weir_rd in = weir_rd_over(data, size);
	uint64_t keep = weir_rd_be64(&in);
	bool strip_ech = weir_rd_u8(&in) & 1;
	struct weir_wr w = weir_wr_over(once, sizeof(once));
	struct weir_svcb s, t;
	size_t len;

	if (in.left > DATA_MAX || !weir_svcb_parse(in, &s))
		return 0;
	weir_svcb_build(&s, keep, strip_ech, &w);
	must(weir_wr_ok(&w));
	len = weir_wr_len(&w);
	must(len <= in.left);
	must(weir_svcb_parse(weir_rd_over(once, len), &t));
	must(t.priority == s.priority && t.target.left == s.target.left);
	must(t.has_ech == (s.has_ech && !strip_ech));
	check_hints(&s, keep, &t);
	w = weir_wr_over(twice, sizeof(twice));
	weir_svcb_build(&t, UINT64_MAX, false, &w);
	must(weir_wr_len(&w) == len && memcmp(once, twice, len) == 0);
	return 0;
}
