/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict.h - the engine's questions to the policy
 *
 * The policy is an image that control sent (policy/image); the facts are this
 * network's: its classes, the pins of this guest, what a client showed.  All
 * judging is policy/judge's.
 */
#ifndef WEIR_ENGINE_VERDICT_H
#define WEIR_ENGINE_VERDICT_H

#include "engine/house.h"
#include "policy/judge.h"

/**
 * weir_verdict_take() - another policy from now on
 * @fd: a sealed memory file with an image; stays the caller's
 *
 * Return: 0; -EPROTO it is no image; another negative errno: it cannot be
 * mapped.  The old one stays in force then.
 */
int weir_verdict_take(struct weir_house *h, int fd);

/** weir_verdict_given_bytes(), weir_verdict_given_init() - memory for the names
 * that our program gives, if there is one; as weir_pins_bytes(), _init() */
size_t weir_verdict_given_bytes(void);
bool weir_verdict_given_init(struct weir_house *h, struct weir_arena *arena,
			     const uint64_t key[2]);

/** weir_verdict_names() - as weir_pins_find(): names the guest was told to be
 * at @addr, and those our program gave it */
uint32_t weir_verdict_names(struct weir_house *h, const struct weir_addr *addr,
			    const struct weir_dns_name **ret, uint32_t max);

/** weir_verdict_drop() - unmap the policy */
void weir_verdict_drop(struct weir_house *h);

/**
 * weir_verdict_out() - judge a conversation that the guest opens
 * @protocol: a WEIR_RULE_* bit
 * @to, @port: as the guest wrote it; port 0 for ICMP
 * @shown, @name: what the client showed; @name in lower case, else NULL
 */
struct weir_judge_verdict
weir_verdict_out(struct weir_house *h, uint8_t protocol,
		 const struct weir_addr *to, uint16_t port,
		 enum weir_judge_shown shown, const struct weir_dns_name *name);

/** weir_verdict_in() - judge a client at a published port */
struct weir_judge_verdict weir_verdict_in(const struct weir_house *h,
					  uint8_t protocol,
					  const struct weir_addr *peer,
					  uint16_t guest_port);

/** weir_verdict_none() - a denial that no rule made, for reason @why */
struct weir_judge_verdict weir_verdict_none(enum weir_reason why);

/** weir_verdict_is_silent() - are denials told to nobody (`on_deny: drop`)? */
static inline bool weir_verdict_is_silent(const struct weir_house *h)
{
	return h->policy.image.flags & WEIR_IMAGE_DROP;
}

/**
 * weir_verdict_place() - the host address that @to stands for
 * @ret_other: set to the loopback address of the other family, tried when
 *             the first refuses; untouched unless true is returned
 *
 * The gateway is the host's loopback; every other address is itself.
 * Return: true if there is another to try.
 */
bool weir_verdict_place(const struct weir_house *h, const struct weir_addr *to,
			struct weir_addr *ret, struct weir_addr *ret_other);

#endif /* WEIR_ENGINE_VERDICT_H */
