/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_charter.c - what is accepted is valid, and is written as it was read */
#include "sys/charter.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[WEIR_MSG_MAX_BYTES];
	static struct weir_charter c;
	struct weir_rd in = weir_rd_over(data, size);
	struct weir_wr w = weir_wr_over(room, sizeof(room));

	if (weir_charter_parse(&in, &c)) {
		weir_charter_build(&c, &w);
		if (!weir_charter_is_valid(&c) || !weir_wr_ok(&w) ||
		    weir_wr_len(&w) != size || memcmp(room, data, size) != 0)
			abort();
	}
	in = weir_rd_over(data, size);
	(void)weir_charter_parse_upstreams(&in, &c);
	in = weir_rd_over(data, size);
	(void)weir_charter_parse_own(&in, &c);
	if (c.n_upstreams > WEIR_DNS_UPSTREAMS_MAX ||
	    c.n_own > WEIR_CHARTER_ADDRESSES_MAX)
		abort();
	return 0;
}
