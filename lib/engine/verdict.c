/* SPDX-License-Identifier: Apache-2.0 */
/* verdict.c - the engine's questions to the policy */
#include "engine/verdict.h"

#include <errno.h>

#include "sys/shared.h"

int weir_verdict_take(struct weir_house *h, int fd)
{
	struct weir_policy next = { .bytes = NULL };
	int err = weir_shared_map(fd, &next.bytes, &next.len);

	if (err)
		return err;
	if (!weir_image_open(next.bytes, next.len, &next.image)) {
		weir_shared_unmap(next.bytes, next.len);
		return -EPROTO;
	}
	weir_verdict_drop(h);
	h->policy = next;
	return 0;
}

void weir_verdict_drop(struct weir_house *h)
{
	weir_shared_unmap(h->policy.bytes, h->policy.len);
	h->policy.bytes = NULL;
}

struct weir_judge_verdict weir_verdict_none(enum weir_reason why)
{
	return (struct weir_judge_verdict){ .said = WEIR_JUDGE_DENY,
					    .by = WEIR_JUDGE_BY_NOTHING,
					    .reason = why };
}

/* The DNS address answers questions and echo, and is no host otherwise. */
static bool is_dns(const struct weir_house *h, const struct weir_addr *a)
{
	return weir_addr_is_equal(a, &h->charter.dns4) ||
	       (h->charter.has6 && weir_addr_is_equal(a, &h->charter.dns6));
}

size_t weir_verdict_given_bytes(void)
{
	return sizeof(struct weir_pins) + weir_pins_bytes() + 64;
}

bool weir_verdict_given_init(struct weir_house *h, struct weir_arena *arena,
			     const uint64_t key[2])
{
	if (!h->errands)
		return true; /* nobody who could */
	h->given = weir_arena_take(arena, 1, sizeof(*h->given), 64);
	if (!h->given || !weir_pins_init(h->given, arena, key))
		return false;
	weir_pins_be_exact(h->given);
	return true;
}

uint32_t weir_verdict_names(struct weir_house *h, const struct weir_addr *addr,
			    const struct weir_dns_name **ret, uint32_t max)
{
	uint32_t n = 0;

	if (h->given)
		n = weir_pins_find(h->given, addr, h->now_us, ret, max);
	return n + weir_pins_find(&h->pins, addr, h->now_us, ret + n, max - n);
}

struct weir_judge_verdict
weir_verdict_out(struct weir_house *h, uint8_t protocol,
		 const struct weir_addr *to, uint16_t port,
		 enum weir_judge_shown shown, const struct weir_dns_name *name)
{
	const struct weir_dns_name *pin[WEIR_PINS_NAMES_MAX];
	struct weir_judge_flow q = { .protocol = protocol,
				     .to = *to,
				     .port = port,
				     .pin = pin,
				     .shown = shown,
				     .name = name };

	if (is_dns(h, to))
		return weir_verdict_none(WEIR_REASON_DEFAULT);
	q.n_pins = weir_verdict_names(h, to, pin, WEIR_PINS_NAMES_MAX);
	return weir_judge_flow(&h->policy.image, &h->classes, &q);
}

struct weir_judge_verdict weir_verdict_in(const struct weir_house *h,
					  uint8_t protocol,
					  const struct weir_addr *peer,
					  uint16_t guest_port)
{
	return weir_judge_in(&h->policy.image, &h->classes, protocol, peer,
			     guest_port);
}

bool weir_verdict_place(const struct weir_house *h, const struct weir_addr *to,
			struct weir_addr *ret, struct weir_addr *ret_other)
{
	const struct weir_addr loop4 = weir_addr_from4(0x7f000001);
	const struct weir_addr loop6 = { .b = { [15] = 1 } };

	if (weir_addr_is_equal(to, &h->charter.gateway4)) {
		*ret = loop4;
		*ret_other = loop6;
		return true;
	}
	if (h->charter.has6 && weir_addr_is_equal(to, &h->charter.gateway6)) {
		*ret = loop6;
		*ret_other = loop4;
		return true;
	}
	*ret = *to;
	return false;
}
