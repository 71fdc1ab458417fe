/* SPDX-License-Identifier: Apache-2.0 */
/* wings.h - what twin.c and wings.c know of each other */
#ifndef WINGS_H
#define WINGS_H

#include "twin.h"

/* the world whose engine runs: its calls name descriptors only */
extern struct twin *wings_world;

/** wings_need() - @p, which must not be NULL: no test without memory */
void *wings_need(void *p);

/** twin_sock_open() - a new socket; Return: its descriptor, or -EMFILE */
int twin_sock_open(enum twin_kind kind);

/** twin_sock_of() - the open socket of a descriptor, or NULL: that is wrong */
struct twin_sock *twin_sock_of(int fd);

/** twin_sock_close() - it is closed, but can be looked at for a while */
void twin_sock_close(int fd);

#endif /* WINGS_H */
