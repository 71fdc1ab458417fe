/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gaps.h - runs of sequence numbers that came before their time
 *
 * A receiver that misses a segment keeps what comes after it.  This is the
 * bounded list of those runs, the latest first, which is the order SACK wants
 * (RFC 2018 4); runs that touch are one.  The bytes lie elsewhere.
 */
#ifndef WEIR_FLOW_GAPS_H
#define WEIR_FLOW_GAPS_H

#include <stdbool.h>
#include <stdint.h>

#define WEIR_GAPS_MAX 4u

/** struct weir_gaps_run - sequence numbers [from, to) */
struct weir_gaps_run {
	uint32_t from, to;
};

/** struct weir_gaps - all zero: none */
struct weir_gaps {
	struct weir_gaps_run run[WEIR_GAPS_MAX];
	uint8_t n;
};

/**
 * weir_gaps_note() - [@from, @to) has come
 *
 * Return: false if there is no place for one more: forget its bytes.
 */
bool weir_gaps_note(struct weir_gaps *g, uint32_t from, uint32_t to);

/**
 * weir_gaps_join() - everything before @next has come
 *
 * Runs that are reached by that are no longer early and are forgotten.
 * Return: the new first number that is missing, @next or later.
 */
uint32_t weir_gaps_join(struct weir_gaps *g, uint32_t next);

/** weir_gaps_is_beyond() - does some run reach beyond @seq? */
bool weir_gaps_is_beyond(const struct weir_gaps *g, uint32_t seq);

#endif /* WEIR_FLOW_GAPS_H */
