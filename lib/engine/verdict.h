/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict.h - may the guest talk to this address?
 *
 * Asked once per conversation.  Until there are rules the classes decide
 * (policy/class.h): never and multicast are refused whatever is configured,
 * the others as `--net` says.
 */
#ifndef WEIR_ENGINE_VERDICT_H
#define WEIR_ENGINE_VERDICT_H

#include "engine/house.h"

/**
 * weir_verdict_judge() - judge a destination
 * @to: the address as the guest wrote it
 *
 * Return: WEIR_REASON_NONE: allowed; MARTIAN, MULTICAST, or DEFAULT.
 */
enum weir_reason weir_verdict_judge(const struct weir_house *h,
				    const struct weir_addr *to);

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
