/* SPDX-License-Identifier: Apache-2.0 */
/*
 * courier.h - a host socket that carries a guest's datagrams: UDP or echo
 *
 * What datagrams and echoes share: a datagram leaves as whole as the guest
 * wants it, and what the network says about it comes to the guest, as if it
 * had been said to him.
 */
#ifndef WEIR_ENGINE_COURIER_H
#define WEIR_ENGINE_COURIER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rd.h"
#include "base/reason.h"
#include "base/span.h"
#include "flow/assoc.h"
#include "host/volley.h"

struct weir_house;

/* spans of one datagram that can wait for others; one with more cannot */
#define WEIR_COURIER_SPANS_MAX 4u

/**
 * struct weir_courier - the socket of one mapping
 * @fd:       UDP, or a ping socket if @echo
 * @v4:       of which family
 * @whole:    how weir_volley_keep_whole() was called last
 * @no_segments: the way out takes none
 */
struct weir_courier {
	int fd;
	bool echo, v4, whole, no_segments;
};

/**
 * struct weir_courier_gram - a datagram of the guest on its way
 * @mapping: whose it is, see flow/assoc.h
 * @whole: it must not be cut
 * @gone:  was given to the socket, or refused
 * @l3:    the packet, to be quoted; borrowed
 * @part:  what @out.payload is made of
 */
struct weir_courier_gram {
	uint32_t mapping;
	bool whole, gone;
	struct weir_rd l3;
	struct weir_span part[WEIR_COURIER_SPANS_MAX];
	struct weir_volley_out out;
};

/** weir_courier_init() - a socket just opened */
void weir_courier_init(struct weir_courier *c, int fd, bool v4, bool echo);

/** weir_courier_ttl() - the hops that are left of a guest's; 0 as a new socket */
uint8_t weir_courier_ttl(uint8_t guest);

/** weir_courier_keep_whole() - from the next datagram on */
void weir_courier_keep_whole(struct weir_courier *c, bool whole);

/**
 * weir_courier_send() - send one datagram, and say what cannot be
 * @a: where @g->mapping is
 *
 * An error of another datagram that was waiting is told, and this one sent
 * again.  What cannot be sent is counted and told.
 */
void weir_courier_send(struct weir_house *h, struct weir_courier *c,
		       const struct weir_assoc *a, struct weir_courier_gram *g);

/**
 * weir_courier_hear() - tell the guest what was said about datagrams of his
 *
 * Return: 0, or the MTU of the way out that one just sent did not fit.
 */
uint32_t weir_courier_hear(struct weir_house *h, const struct weir_courier *c,
			   const struct weir_assoc *a, uint32_t mapping);

/** weir_courier_deny() - count why a packet does not go on, and tell the guest,
 * unless that is a verdict and verdicts are silent */
void weir_courier_deny(struct weir_house *h, struct weir_rd l3,
		       enum weir_reason r);

/** weir_courier_rename() - a loopback address as the guest knows it */
void weir_courier_rename(const struct weir_house *h, struct weir_addr *a);

#endif /* WEIR_ENGINE_COURIER_H */
