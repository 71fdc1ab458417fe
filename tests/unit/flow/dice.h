/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dice.h - chance that can be repeated: the same seed, the same throws
 *
 * SplitMix64 (Steele, Lea, Flood 2014).
 */
#ifndef DICE_H
#define DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
	uint64_t state;
};

static inline uint64_t dice_u64(struct dice *d)
{
	uint64_t z = (d->state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/** dice_below() - 0 .. @n - 1; 0 if @n is 0 */
static inline uint32_t dice_below(struct dice *d, uint32_t n)
{
	return n ? (uint32_t)(dice_u64(d) >> 32) % n : 0;
}

/** dice_from() - @low .. @high, both included */
static inline uint32_t dice_from(struct dice *d, uint32_t low, uint32_t high)
{
	return low + dice_below(d, high - low + 1);
}

/** dice_one_in() - true once in @n throws */
static inline bool dice_one_in(struct dice *d, uint32_t n)
{
	return dice_below(d, n) == 0;
}

#endif /* DICE_H */
