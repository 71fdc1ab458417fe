/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_summary.c - what is accepted is written as it was read */
#include "sys/summary.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[4096];
	struct weir_rd in = weir_rd_over(data, size);
	struct weir_wr w = weir_wr_over(room, sizeof(room));
	struct weir_summary s;

	if (weir_summary_parse(&in, &s)) {
		weir_summary_build(&s, &w);
		if (!weir_wr_ok(&w) || weir_wr_len(&w) != size ||
		    memcmp(room, data, size) != 0)
			abort();
	}
	return 0;
}
