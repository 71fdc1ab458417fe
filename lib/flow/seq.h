/* SPDX-License-Identifier: Apache-2.0 */
/* seq.h - comparing TCP sequence numbers, which wrap (RFC 9293 3.4) */
#ifndef WEIR_FLOW_SEQ_H
#define WEIR_FLOW_SEQ_H

#include <stdbool.h>
#include <stdint.h>

/** weir_seq_lt() - does @a come before @b? */
static inline bool weir_seq_lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/** weir_seq_le() - does @a come before @b, or is it @b? */
static inline bool weir_seq_le(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) <= 0;
}

#endif /* WEIR_FLOW_SEQ_H */
