/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_handover.c - what the engine and the proxy tell each other is read whole
 * or not at all, and is written as it was read */
#include "sys/handover.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const uint8_t *room, const struct weir_wr *w,
		 const uint8_t *data, size_t size)
{
	if (!weir_wr_ok(w) || weir_wr_len(w) != size ||
	    memcmp(room, data, size) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[65536];
	static struct weir_handover x;
	struct weir_handover_denied d;
	struct weir_handover_end e;
	struct weir_rd in = weir_rd_over(data, size);
	struct weir_wr w = weir_wr_over(room, sizeof(room));

	if (weir_handover_parse(&in, &x)) {
		weir_handover_build(&x, &w);
		same(room, &w, data, size);
	}
	in = weir_rd_over(data, size);
	w = weir_wr_over(room, sizeof(room));
	if (weir_handover_parse_end(&in, &e)) {
		weir_handover_build_end(&e, &w);
		same(room, &w, data, size);
	}
	in = weir_rd_over(data, size);
	w = weir_wr_over(room, sizeof(room));
	if (weir_handover_parse_denied(&in, &d)) {
		weir_handover_build_denied(&d, &w);
		same(room, &w, data, size);
	}
	return 0;
}
