/* SPDX-License-Identifier: Apache-2.0 */
/* socket.h - what the tests of links over sockets share */
#ifndef TEST_LINK_SOCKET_H
#define TEST_LINK_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "link/link.h"

/** socket_descriptors() - how many this process has open */
unsigned socket_descriptors(void);

/** socket_ready() - what poll() says now, asked as the engine asks */
short socket_ready(const struct weir_link_ops *ops, const void *link);

/** socket_pass() - send @len bytes, and two descriptors with them */
void socket_pass(int fd, const void *bytes, size_t len);

/** socket_frame() - the bytes of frame @number */
void socket_frame(uint8_t *to, size_t len, unsigned number);

/** socket_dice() - a number of 24 bits */
uint32_t socket_dice(uint32_t *seed);

#endif /* TEST_LINK_SOCKET_H */
