/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tolls.h - rates: how much may pass now, and what did
 *
 * One bucket for each direction of the network (policy/quota.h), and one for
 * new flows.  TCP is slowed by its windows: bytes that may not pass yet wait
 * where they are, up in the connection's store, down in the host's socket.
 * What has no window (UDP, echo) is dropped when its bucket is empty.
 */
#ifndef WEIR_ENGINE_TOLLS_H
#define WEIR_ENGINE_TOLLS_H

#include "engine/house.h"

/** weir_tolls_init() - from the charter; unlimited where it says nothing */
void weir_tolls_init(struct weir_house *h);

/**
 * weir_tolls_share() - how many bytes of payload may a TCP flow move now?
 * @i:    the flow; where it may move fewer than @want it is put on the busy
 *        list, and the loop wakes when the bucket has filled
 * @want: what it would move
 *
 * Flows that wait share what there is.  Pay with weir_tolls_pay().
 * Return: 0 to @want.
 */
uint32_t weir_tolls_share(struct weir_house *h, enum weir_toll_way way,
			  uint32_t i, uint32_t want);

/** weir_tolls_pay() - a TCP flow moved @bytes of payload; counted as the
 * segments they stand for */
void weir_tolls_pay(struct weir_house *h, enum weir_toll_way way, uint32_t i,
		    uint32_t bytes);

/**
 * weir_tolls_pass() - may a frame of @bytes pass that nothing can hold back?
 *
 * Return: true, and it is paid for; false: drop it, which is counted.
 */
bool weir_tolls_pass(struct weir_house *h, enum weir_toll_way way,
		     size_t bytes);

/**
 * weir_tolls_datagram() - weir_tolls_pass() for @payload bytes of UDP or echo
 * @segment: 0, or the size of the datagrams that the payload stands for
 */
bool weir_tolls_datagram(struct weir_house *h, enum weir_toll_way way,
			 size_t payload, uint16_t segment);

/** weir_tolls_owe() - a frame of @bytes passed that is never held back (an
 * acknowledgement): what follows waits for it */
void weir_tolls_owe(struct weir_house *h, enum weir_toll_way way, size_t bytes);

/** weir_tolls_flow() - may a new flow begin?  Return: as weir_tolls_pass() */
bool weir_tolls_flow(struct weir_house *h);

/** weir_tolls_round() - flows are about to be served: begin to count anew */
void weir_tolls_round(struct weir_house *h);

/** weir_tolls_due_us() - when flows that wait may go on; UINT64_MAX: none */
uint64_t weir_tolls_due_us(struct weir_house *h);

#endif /* WEIR_ENGINE_TOLLS_H */
