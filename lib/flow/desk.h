/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk.h - answers to the guest that need nobody else
 *
 * ARP, neighbour and router discovery, echo to our own addresses, and the
 * errors the guest is told.  Pure: frames and time in, at most one frame out.
 *
 * Thread: one, that of the guest's card.
 */
#ifndef WEIR_FLOW_DESK_H
#define WEIR_FLOW_DESK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rd.h"
#include "base/reason.h"
#include "base/span.h"
#include "base/wr.h"
#include "packet/icmp.h"
#include "packet/kind.h"
#include "packet/ndp.h"
#include "packet/view.h"

#define WEIR_DESK_NEIGHBOURS_MAX    16u     /* learned addresses of the guest */
#define WEIR_DESK_NEIGHBOUR_IDLE_MS 600000u /* then one may be replaced */
#define WEIR_DESK_RA_MS             1800000u /* between two unasked */
#define WEIR_DESK_ERRORS_PER_S      1000u    /* ICMP errors to the guest */
#define WEIR_DESK_ERRORS_BURST      200u

/**
 * struct weir_desk_config - what the desk answers with
 * @net:       the addresses; while @net.guest is all zero nothing is said
 *             unasked
 * @mtu:       of the link
 * @ra:        advertise ourselves as a router
 * @managed, @other: M and O of the advertisement
 * @autonomous: A of its prefix; taken only with a prefix of 64 bits
 * @dnssl, @dnssl_len: search list as encoded names, may be none; copied
 */
struct weir_desk_config {
	struct weir_kind_facts net;
	uint16_t mtu;
	bool ra, managed, other, autonomous;
	const uint8_t *dnssl;
	size_t dnssl_len;
};

/** struct weir_desk_neighbour - an address the guest gave itself */
struct weir_desk_neighbour {
	struct weir_addr addr;
	uint64_t used_ms;
};

/** struct weir_desk - the caller's memory; read by nobody else */
struct weir_desk {
	struct weir_desk_config config;
	uint8_t dnssl[WEIR_NDP_DNSSL_MAX_BYTES];
	struct weir_desk_neighbour learned[WEIR_DESK_NEIGHBOURS_MAX];
	unsigned n_learned, last; /* @last: the one met last */
	uint64_t tokens_milli;    /* thousandths of an error */
	uint64_t filled_ms;       /* when they were last counted up */
	uint64_t ra_due_ms;       /* UINT64_MAX: never */
};

/**
 * weir_desk_init() - open the desk
 * @now_ms: the clock, as in every call after; it never runs backwards
 *
 * Memory: copies all of @config.
 */
void weir_desk_init(struct weir_desk *d, const struct weir_desk_config *config,
		    uint64_t now_ms);

/** weir_desk_meet() - from now on this is the guest's Ethernet address */
void weir_desk_meet(struct weir_desk *d, const struct weir_mac *guest);

/**
 * weir_desk_admit() - may the guest use this address of its prefix?
 *
 * Learns it, at most WEIR_DESK_NEIGHBOURS_MAX; one that was not seen for
 * WEIR_DESK_NEIGHBOUR_IDLE_MS makes room.
 *
 * Return: WEIR_REASON_NONE; WEIR_REASON_SPOOFED_SOURCE: one of ours, or too
 * many.
 */
enum weir_reason weir_desk_admit(struct weir_desk *d,
				 const struct weir_addr *addr, uint64_t now_ms);

/**
 * weir_desk_answer() - answer a frame of the desk's kinds
 * @v, @frame: the frame
 * @room:      from weir_kind_find(): WEIR_KIND_ARP, _ND, _ECHO_HERE, _EXPIRED;
 *             for all others there is nothing to say
 * @out:       gets one whole frame from Ethernet up, checksums finished, or
 *             nothing; room for the frame's length, and for no less than
 *             WEIR_DESK_ANSWER_BYTES, is always enough
 *
 * Checks the checksum of ND and echo itself.  The answer to an echo is as long
 * as the question, whatever the MTU.
 *
 * Return: WEIR_REASON_NONE: the answer is in @out, or there is none to give
 * (weir_wr_len() tells); WEIR_REASON_SPOOFED_MAC, _SPOOFED_SOURCE: ARP or ND
 * that speaks for another; WEIR_REASON_ND, _CSUM, _SHORT, _ETHERTYPE:
 * malformed; WEIR_REASON_ICMP: no error may be sent about such a packet;
 * WEIR_REASON_LIMIT_RATE: one error too many; WEIR_REASON_OVERSIZE: @out is
 * too small.
 */
enum weir_reason weir_desk_answer(struct weir_desk *d,
				  const struct weir_view *v,
				  const struct weir_spans *frame,
				  enum weir_kind_room room, uint64_t now_ms,
				  struct weir_wr *out);

/** room that every answer but a long echo fits into */
#define WEIR_DESK_ANSWER_BYTES 1294u

/**
 * weir_desk_unreachable() - tell the guest that a packet of its cannot go on
 * @e:   @e->why and @e->mtu; @e->from: who says so, or the gateway if it is all
 *       zero or of the other family; @e->to is not read: the source of @l3 is
 *       told
 * @l3:  that packet from its IP header on, as much as there is
 * @out: gets one whole frame of at most WEIR_DESK_ANSWER_BYTES
 *
 * Return: WEIR_REASON_NONE: written; WEIR_REASON_ICMP: nothing may be said
 * about such a packet; WEIR_REASON_LIMIT_RATE: one error too many;
 * WEIR_REASON_OVERSIZE: @out is too small.
 */
enum weir_reason weir_desk_unreachable(struct weir_desk *d,
				       const struct weir_icmp_error *e,
				       struct weir_rd l3, uint64_t now_ms,
				       struct weir_wr *out);

/** weir_desk_address() - write the Ethernet header of a frame to the guest */
void weir_desk_address(const struct weir_desk *d, bool v6, struct weir_wr *out);

/**
 * weir_desk_due() - when has the desk something to say unasked?
 *
 * Return: that time, or UINT64_MAX for never.
 */
uint64_t weir_desk_due(const struct weir_desk *d);

/**
 * weir_desk_tick() - say it, if it is time
 * @out: gets one whole frame (a router advertisement), or nothing
 *
 * Return: true if something was written.
 */
bool weir_desk_tick(struct weir_desk *d, uint64_t now_ms, struct weir_wr *out);

#endif /* WEIR_FLOW_DESK_H */
