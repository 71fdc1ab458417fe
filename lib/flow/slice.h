/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slice.h - a packet for the guest, cut to fit its card
 *
 * The other way of frag.h: a datagram that is longer than the MTU goes as
 * fragments.  Nothing is copied; the room says for each packet what its IP
 * header is and which bytes follow it.
 *
 *	weir_slice_init(&s, &whole);
 *	while (weir_slice_next(&s, &head, &at, &len))
 *		give(head, weir_spans_cut(payload, at, len, ...));
 */
#ifndef WEIR_FLOW_SLICE_H
#define WEIR_FLOW_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/wr.h"

/** room for what weir_slice_next() writes: IPv6 and a fragment header */
#define WEIR_SLICE_HEAD_BYTES 48u

/**
 * struct weir_slice_whole - what is to be cut
 * @from, @to:   of one family
 * @proto, @tos, @hops: as in the IP header
 * @id:          the caller's: not soon again for these two addresses; IPv4
 *               takes 16 bits of it
 * @mtu:         of the guest's card, at least WEIR_MTU_MIN
 * @len:         upper layer header and payload; its checksum was computed over
 *               the whole
 */
struct weir_slice_whole {
	struct weir_addr from, to;
	uint8_t proto, tos, hops;
	uint32_t id;
	size_t mtu, len;
};

/**
 * struct weir_slice - how far it is cut
 * @at:   bytes of it that went
 * @step: bytes in each packet but the last
 */
struct weir_slice {
	struct weir_slice_whole whole;
	size_t at, step;
	bool begun;
};

/**
 * weir_slice_init() - begin to cut
 *
 * Return: false if no packet can be so long: more than 65,515 bytes of IPv4 or
 * 65,535 of IPv6.
 */
bool weir_slice_init(struct weir_slice *s, const struct weir_slice_whole *w);

/**
 * weir_slice_next() - the next packet
 * @head:    gets its IP header, for IPv6 with a fragment header if it is one;
 *           behind whatever the caller wrote (virtio and Ethernet headers)
 * @ret_at:  where its bytes begin in the upper layer
 * @ret_len: how many they are
 *
 * What fits the MTU is one packet without a fragment header.  @head goes bad
 * if there is no room.
 * Return: false if there is none left.
 */
bool weir_slice_next(struct weir_slice *s, struct weir_wr *head, size_t *ret_at,
		     size_t *ret_len);

#endif /* WEIR_FLOW_SLICE_H */
