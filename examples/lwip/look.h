/* SPDX-License-Identifier: Apache-2.0 */
/*
 * look.h - what is to be done with a frame that is staged
 */
#ifndef LWIP_LOOK_H
#define LWIP_LOOK_H

#include <stddef.h>
#include <stdint.h>

#include <weir.h>

enum look {
	LOOK_PASS,    /* let it be received */
	LOOK_DROP,    /* it is not wanted */
	LOOK_KEPT,    /* a fragment that is kept here: drop it there */
	LOOK_REPLACE, /* the last one of a datagram, which is whole now */
};

/**
 * struct look_counts - what was seen
 * @syns, @questions: of TCP and DNS
 * @dropped:  by the rule
 * @kept:     fragments that were kept
 * @replaced: frames instead of which a datagram was received
 */
struct look_counts {
	unsigned long syns, questions, dropped, kept, replaced;
};

/**
 * look_begin() - the rule
 * @port: SYN segments to this port of TCP are dropped; 0: none
 */
void look_begin(uint16_t port);

/**
 * look_at() - a frame, header first
 * @ret: for LOOK_REPLACE: what takes its place; borrowed until the next call
 *
 * Prints a line for each SYN and each question.
 */
enum look look_at(const struct weir_frame *f, struct weir_frame *ret);

const struct look_counts *look_counts(void);

#endif /* LWIP_LOOK_H */
