/* SPDX-License-Identifier: Apache-2.0 */
/*
 * look.h - a frame for the guest, seen with other eyes
 *
 * Reads what the engine gave to the link, by its own code where the engine has
 * code for the same (checksums above all), and says what is wrong with it.
 */
#ifndef LOOK_H
#define LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/tcp.h"
#include "packet/vnethdr.h"
#include "sys/charter.h"

/**
 * struct look - one frame, and what is in it
 * @fragment: a part of a packet, whose upper layer is not looked at
 * @type:  Ethernet type; @proto: of IP
 * @icmp_type, @icmp_code: of ICMP
 * @inner: where the upper layer's payload begins, @inner_len bytes
 */
struct look {
	struct look *next;
	uint16_t type;
	bool v6, fragment;
	uint8_t proto, icmp_type, icmp_code;
	struct weir_addr from, to;
	uint16_t sport, dport;
	struct weir_tcp tcp;
	struct weir_vnethdr vnet;
	size_t inner, inner_len;
	size_t len; /* of @b: virtio header and frame */
	uint8_t b[];
};

/**
 * look_at() - what is wrong with a frame for the guest?
 * @f: @f->b and @f->len set; the rest is filled
 *
 * Return: NULL if it is as it must be; else a sentence.
 */
const char *look_at(struct look *f, const struct weir_charter *c);

/** look_sum() - the Internet checksum's sum, the slow way; not folded */
uint32_t look_sum(uint32_t sum, const uint8_t *b, size_t len);

/** look_fold() - 16 bits of it */
uint16_t look_fold(uint32_t sum);

/** look_pseudo() - of a pseudo header */
uint32_t look_pseudo(const struct weir_addr *from, const struct weir_addr *to,
		     uint8_t proto, size_t len);

#endif /* LOOK_H */
