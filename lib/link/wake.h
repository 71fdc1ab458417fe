/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wake.h - an eventfd that wakes one sleeper
 *
 * Wakes coalesce and are sticky: readable until they are read away.
 */
#ifndef WEIR_LINK_WAKE_H
#define WEIR_LINK_WAKE_H

#include <stdint.h>

/* the calls of this room, for the engine's list */
#define WEIR_WAKE_CALLS(X) X(read) X(write) X(eventfd2)

/** weir_wake_open() - Return: a descriptor, or -EMFILE, -ENFILE, -ENOMEM */
int weir_wake_open(void);

/**
 * weir_wake_write() - it becomes readable
 *
 * Thread: any; also from a signal handler: errno is kept.
 */
void weir_wake_write(int fd);

/**
 * weir_wake_read() - it is not readable any more
 *
 * Return: how many writes that were; 0: it was not readable.
 */
uint64_t weir_wake_read(int fd);

#endif /* WEIR_LINK_WAKE_H */
