/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leasing.h - a message of DHCP or DHCPv6, in a frame, to the counter
 */
#ifndef LEASING_H
#define LEASING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * leasing_ask() - send the message in a frame that is otherwise right
 * @how: bit 0: to one of our addresses, not to all; bit 1: from an address
 *
 * Aborts if what is answered is no frame that a guest can take.
 */
void leasing_ask(const uint8_t *body, size_t n, bool v6, uint8_t how);

#endif /* LEASING_H */
