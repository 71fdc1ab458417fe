/* SPDX-License-Identifier: Apache-2.0 */
/* parts.c - fragments of the guest, until they are a frame again */
#include "engine/parts.h"

#include "engine/up.h"
#include "packet/vnethdr.h"

#define WHOLE_BYTES (WEIR_VNET_BYTES + WEIR_FRAG_WHOLE_BYTES)

size_t weir_parts_bytes(void)
{
	return weir_frag_bytes() + WHOLE_BYTES + 64;
}

bool weir_parts_init(struct weir_house *h, struct weir_arena *arena)
{
	h->parts.whole = weir_arena_take(arena, 1, WHOLE_BYTES, 64);
	return h->parts.whole && weir_frag_init(&h->parts.frag, arena);
}

size_t weir_parts_join(struct weir_house *h, const struct weir_view *v,
		       const struct weir_spans *frame, uint8_t **ret)
{
	const struct weir_vnethdr plain = { .num_buffers = 1 };
	struct weir_frag *f = &h->parts.frag;
	struct weir_wr out = weir_wr_over(h->parts.whole, WHOLE_BYTES);
	enum weir_reason r;

	weir_vnethdr_build(&plain, &out);
	r = weir_frag_add(f, v, frame, h->now_us, &out);
	h->sum.reasons.count[WEIR_REASON_FRAGMENT_LIMIT] +=
		weir_frag_evicted(f);
	if (r != WEIR_REASON_NONE)
		weir_house_count(h, r);
	if (r != WEIR_REASON_NONE || weir_wr_len(&out) <= WEIR_VNET_BYTES)
		return 0;
	*ret = h->parts.whole;
	return weir_wr_len(&out);
}

void weir_parts_tick(struct weir_house *h)
{
	uint8_t room[WEIR_ICMP_ERROR6_MAX_BYTES];
	struct weir_wr quote = weir_wr_over(room, sizeof(room));

	while (weir_frag_expire(&h->parts.frag, h->now_us, &quote)) {
		weir_house_count(h, WEIR_REASON_FRAGMENT);
		if (weir_wr_len(&quote))
			weir_up_refuse(h,
				       weir_rd_over(room, weir_wr_len(&quote)),
				       WEIR_ICMP_WHY_REASSEMBLY);
		quote = weir_wr_over(room, sizeof(room));
	}
}

uint64_t weir_parts_due_us(const struct weir_house *h)
{
	return weir_frag_due_us(&h->parts.frag);
}
