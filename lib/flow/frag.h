/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frag.h - the parts of a packet of the guest, put together
 *
 * Fragments of both families go in, whole frames come out, which go the way of
 * any other frame: nobody but this room ever sees a part.  Pure.
 *
 *	r = weir_frag_add(f, &view, &frame, now_us, &out);
 *	if (r == WEIR_REASON_NONE && weir_wr_len(&out))
 *		view what is in out, and sort it, as if it had just come
 *
 * Thread: one, that of the guest's card.
 */
#ifndef WEIR_FLOW_FRAG_H
#define WEIR_FLOW_FRAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/reason.h"
#include "base/span.h"
#include "base/wr.h"
#include "packet/eth.h"
#include "packet/view.h"

#define WEIR_FRAG_DATAGRAMS_MAX 64u        /* unfinished at once */
#define WEIR_FRAG_PARTS_MAX     128u       /* of one: 512 bytes each is all */
#define WEIR_FRAG_BYTES_MAX     (1u << 20) /* of all, in whole chunks */
#define WEIR_FRAG_TIMEOUT_MS    30000u     /* from the first part that came */
#define WEIR_FRAG_CHUNK_BYTES   2048u      /* what memory is counted in */

#define WEIR_FRAG_PAYLOAD_MAX_BYTES 65535u
#define WEIR_FRAG_CHUNKS_EACH       32u /* chunks of the longest */
#define WEIR_FRAG_HEAD_BYTES        (WEIR_VIEW_HEAD_BYTES - WEIR_ETH_HEADER_BYTES)

/** room for any whole frame: Ethernet, IPv6, the longest payload */
#define WEIR_FRAG_WHOLE_BYTES (14u + 40u + WEIR_FRAG_PAYLOAD_MAX_BYTES)

/** struct weir_frag_part - payload bytes [from, to) that came */
struct weir_frag_part {
	uint16_t from, to;
};

/**
 * struct weir_frag_datagram - one that is not whole yet; the room's own
 * @due_us:  when it is given up; 0: the slot is free
 * @why:     not NONE: spoiled; every part that still comes is refused for this
 * @from, @to, @id, @key_proto: which (RFC 791: with the protocol; RFC 8200: not)
 * @end:     length of its payload, 0 while the last part has not come
 * @have:    bytes that came
 * @n, @part: they are these, in order
 * @chunk:   where the bytes lie, WEIR_FRAG_NONE where none came
 * @first:   the part with offset 0 came: what follows is from its headers
 * @head, @head_len: its IP header and extension headers; 0: too long to keep
 */
struct weir_frag_datagram {
	uint64_t due_us;
	enum weir_reason why;
	struct weir_addr from, to;
	uint32_t id;
	uint8_t key_proto;
	uint32_t end, have;
	unsigned n;
	struct weir_frag_part part[WEIR_FRAG_PARTS_MAX];
	uint16_t chunk[WEIR_FRAG_CHUNKS_EACH];
	bool first;
	struct weir_eth eth;
	uint8_t tos, ttl, proto;
	uint32_t flow_label;
	size_t head_len;
	uint8_t head[WEIR_FRAG_HEAD_BYTES];
};

#define WEIR_FRAG_NONE UINT16_MAX

/**
 * struct weir_frag - all that is not whole yet of one network
 * @datagram: WEIR_FRAG_DATAGRAMS_MAX slots
 * @data:     the chunks; a page is used when first touched
 * @next:     per chunk, the next free one
 * @free:     the chunk given back last, or WEIR_FRAG_NONE
 * @fresh:    first chunk never used yet
 * @chunks:   chunks in use
 * @used:     slots in use
 * @evicted:  see weir_frag_evicted()
 */
struct weir_frag {
	struct weir_frag_datagram *datagram;
	uint8_t *data;
	uint16_t *next;
	uint16_t free, fresh, chunks;
	unsigned used;
	uint64_t evicted;
};

/** weir_frag_bytes() - what weir_frag_init() takes from an arena at most */
size_t weir_frag_bytes(void);

/**
 * weir_frag_init() - nothing is unfinished
 *
 * Return: false if the arena has no room.
 */
bool weir_frag_init(struct weir_frag *f, struct weir_arena *arena);

/**
 * weir_frag_add() - a part has come
 * @v, @frame: the frame, with @v->fragment; its source was checked by the
 *             caller, and it was sent by the guest
 * @out:       gets the whole frame if this part completes it, else nothing;
 *             WEIR_FRAG_WHOLE_BYTES is always enough.  It may hold bytes
 *             already, such as a place for a virtio header.
 *
 * The whole frame begins with the Ethernet header of the part with offset 0,
 * has an IP header without options, extension headers or a fragment header,
 * and its header checksum is right.  It parses: weir_view_parse() says NONE,
 * and that it is no fragment.  Its upper layer is as unchecked as before.
 *
 * An exact duplicate of a part changes nothing.  Any other overlap spoils the
 * datagram: what came and what still comes of it is dropped (RFC 5722 4,
 * RFC 8200 4.5; for IPv4 as well).
 * Where there is no room the datagram begun first goes, see
 * weir_frag_evicted().
 *
 * Memory: copies what it keeps.
 * Return: WEIR_REASON_NONE: kept, or whole and in @out (weir_wr_len() tells),
 * or a duplicate; otherwise the part was dropped and the datagram is spoiled:
 *   WEIR_REASON_FRAGMENT         it fits into no packet, or contradicts what
 *                                other parts say about the end, or the whole
 *                                would be a fragment again;
 *   WEIR_REASON_FRAGMENT_OVERLAP it overlaps;
 *   WEIR_REASON_FRAGMENT_LIMIT   more than WEIR_FRAG_PARTS_MAX parts;
 *   WEIR_REASON_OVERSIZE         the whole does not fit into @out;
 *   any of weir_view_parse()     the whole is malformed.
 */
enum weir_reason weir_frag_add(struct weir_frag *f, const struct weir_view *v,
			       const struct weir_spans *frame, uint64_t now_us,
			       struct weir_wr *out);

/**
 * weir_frag_evicted() - how many unfinished ones made room for others
 *
 * Since this was asked last.  Each is one WEIR_REASON_FRAGMENT_LIMIT.
 */
uint64_t weir_frag_evicted(struct weir_frag *f);

/** weir_frag_due_us() - when weir_frag_expire() is wanted; UINT64_MAX: never */
uint64_t weir_frag_due_us(const struct weir_frag *f);

/**
 * weir_frag_expire() - give up one that was not finished in time
 * @quote: gets the part with offset 0 from its IP header on, as much of it as
 *         there is room for, to be quoted in an ICMP error
 *         (WEIR_ICMP_WHY_REASSEMBLY); nothing if that part never came
 *
 * Call until it says false.  Each is one WEIR_REASON_FRAGMENT; spoiled ones,
 * which were counted when they were spoiled, go without a word.
 * Return: was there one?
 */
bool weir_frag_expire(struct weir_frag *f, uint64_t now_us,
		      struct weir_wr *quote);

#endif /* WEIR_FLOW_FRAG_H */
