/* SPDX-License-Identifier: Apache-2.0 */
/*
 * steer.h - which of several rings a conversation uses
 *
 * Both directions of a conversation have the same hash.  Where the guest sent
 * from, it is answered: its interrupts go where its program runs.
 */
#ifndef WEIR_LINK_STEER_H
#define WEIR_LINK_STEER_H

#include <stddef.h>
#include <stdint.h>

#define WEIR_STEER_HEAD_BYTES 64u /* more of a frame is not looked at */

/**
 * weir_steer_hash() - of a frame's two ends, the same either way round
 * @frame: from its Ethernet header on; WEIR_STEER_HEAD_BYTES are enough
 *
 * Addresses and, for TCP and UDP without fragments and IPv6 extension headers,
 * ports.  Not keyed: who chooses ports to make hashes equal has one ring.
 *
 * Return: 0 to 255; 0 for whatever is not IP.
 */
uint8_t weir_steer_hash(const uint8_t *frame, size_t len);

#endif /* WEIR_LINK_STEER_H */
