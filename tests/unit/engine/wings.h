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

/** wings_is_twins() - is it a descriptor of the twin, not of the kernel? */
bool wings_is_twins(int fd);

/* wings_pairs.c: a descriptor is closed; messages by a pair; what is true of
 * such an end; and is the next call of a kind to fail? */
void wings_far_closed(struct twin_sock *s);
int wings_pair_send(int fd, enum weir_msg_kind kind, const void *body,
		    size_t len, const int *given, unsigned n);
int wings_pair_receive(int fd, void *buf, size_t cap, struct weir_msg *ret);
uint32_t wings_pair_mask(const struct twin_sock *s);
int wings_fails(int err, unsigned *skip);

#endif /* WINGS_H */
