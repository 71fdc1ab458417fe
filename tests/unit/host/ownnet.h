/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ownnet.h - a network namespace for one test, with nothing but a loopback
 *
 * With a user namespace if it takes that.  A machine that gives neither skips.
 */
#ifndef OWNNET_H
#define OWNNET_H

#include <stdbool.h>

/**
 * ownnet_run() - run @f in a process and network of its own
 *
 * @f says what was wrong, or NULL.
 */
void ownnet_run(const char *(*f)(void));

/** ownnet_set() - write @text into the file @path; false: it cannot be */
bool ownnet_set(const char *path, const char *text);

/** ownnet_loop_mtu() - set the loopback's MTU; false: it cannot be */
bool ownnet_loop_mtu(int mtu);

#endif /* OWNNET_H */
