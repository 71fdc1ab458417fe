/* SPDX-License-Identifier: Apache-2.0 */
/*
 * steps.h - from what the rules say about a key to a function of steps
 */
#ifndef WEIR_POLICY_STEPS_H
#define WEIR_POLICY_STEPS_H

#include <stdint.h>

#include "policy/draft.h"

/**
 * weir_steps_build() - the function of a chain
 * @chain: its last link
 * @what:  bits of the links that count
 *
 * Equal functions are made once.  O(n log 65536) of the ranges of ports.
 * Return: the function; 0 if it says nothing, or for want of room (d->full).
 */
uint32_t weir_steps_build(struct weir_draft *d, uint32_t chain, uint8_t what);

#endif /* WEIR_POLICY_STEPS_H */
