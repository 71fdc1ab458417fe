/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doors.h - published ports: clients of the host who come to the guest
 */
#ifndef WEIR_ENGINE_DOORS_H
#define WEIR_ENGINE_DOORS_H

#include "engine/house.h"

/** weir_doors_bytes() - what weir_doors_init() takes from an arena at most */
size_t weir_doors_bytes(void);

/** weir_doors_init() - no door; Return: false: no room */
bool weir_doors_init(struct weir_house *h, struct weir_arena *arena);

/**
 * weir_doors_open() - publish a port
 * @door: what is published
 * @fd:   its socket, bound; the house's from now on, also if this fails
 *
 * Return: 0; -ENOSPC too many doors; another negative errno: not watched.
 */
int weir_doors_open(struct weir_house *h, const struct weir_charter_door *door,
		    int fd);

/** weir_doors_close() - publish a port no longer; what is open stays open
 * @id: as control named it; one that is not there is not minded */
void weir_doors_close(struct weir_house *h, uint32_t id);

/** weir_doors_event() - somebody is at a door */
void weir_doors_event(struct weir_house *h, uint32_t index);

/**
 * weir_doors_reply() - a datagram of the guest that may answer a client
 *
 * Return: true if it belonged to a door's conversation and was sent.
 */
bool weir_doors_reply(struct weir_house *h, const struct weir_assoc_ends *ends,
		      const struct weir_spans *payload);

/** weir_doors_tick() - conversations that were silent too long end */
void weir_doors_tick(struct weir_house *h);

/** weir_doors_due_us() - when weir_doors_tick() is wanted */
uint64_t weir_doors_due_us(const struct weir_house *h);

/** weir_doors_end_all() - close every socket: the network ends */
void weir_doors_end_all(struct weir_house *h);

/** weir_doors_again() - the policy is another one: the UDP client @client, if
 * there is one, ends if it is denied now */
void weir_doors_again(struct weir_house *h, uint32_t client);

#endif /* WEIR_ENGINE_DOORS_H */
