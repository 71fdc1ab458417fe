/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vhost_user.h - the link to a VMM that shares its guest's memory
 *
 * One connected unix socket is one link.  When the front-end goes, so does the
 * link; when it comes back it brings a new socket, which is a new link.
 *
 * What the guest's memory needs: sys/guarded.h installed in the process, or
 * @sealed.
 *
 * Thread: the engine's.
 */
#ifndef WEIR_LINK_VHOST_USER_H
#define WEIR_LINK_VHOST_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "link/link.h"

/* the calls of this room, for the engine's list */
/* clang-format off */
#define WEIR_VHOST_USER_CALLS(X) \
	X(recvmsg) X(sendmsg) X(read) X(write) X(close) X(fcntl) \
	X(newfstatat) X(fstat) X(mmap) X(munmap) X(eventfd2) \
	X(epoll_create1) X(epoll_ctl) X(epoll_pwait) X(epoll_wait)
/* clang-format on */

/**
 * struct weir_vhost_user_options - what the card is
 * @mac: its address, for a front-end that asks
 * @mtu: the same
 * @sealed: take only memory that nobody can cut (F_SEAL_SHRINK): for a process
 *	that does not have its SIGBUS answered
 */
struct weir_vhost_user_options {
	struct weir_mac mac;
	uint16_t mtu;
	bool sealed;
};

/**
 * struct weir_vhost_user_counts - what happened so far
 * @refused: messages of the front-end
 * @broken:  rings that were given up until the front-end starts them again
 * @bad:     frames up that could not be read
 * @discarded: frames up from rings that are not enabled
 * @full:    frames down for which there was no room
 * @unable:  frames down that need an offload the guest has not
 * @kicks:   of the guest
 * @calls:   interrupts for the guest
 */
struct weir_vhost_user_counts {
	uint64_t refused, broken, bad, discarded, full, unable, kicks, calls;
};

/**
 * weir_vhost_user_open() - serve a front-end
 * @sock: a connected unix stream socket
 * @ret: the link; see link.h.  wants_out() is never true: a descriptor for
 *	rings is never "writable"; when there is room again fd() is readable
 *
 * Memory: takes @sock on success.
 * Return: 0 or a negative errno.
 */
int weir_vhost_user_open(int sock, const struct weir_vhost_user_options *o,
			 struct weir_link *ret);

/**
 * weir_vhost_user_offload() - what the guest takes now
 *
 * Return: WEIR_OFFLOAD_* bits (sys/charter.h).  They change when the guest's
 * driver starts; a frame that asks for more is not sent, -EAGAIN.
 */
uint32_t weir_vhost_user_offload(const void *self);

/** weir_vhost_user_is_up() - does the guest have a card that works? */
bool weir_vhost_user_is_up(const void *self);

/** weir_vhost_user_counts() - see struct weir_vhost_user_counts */
struct weir_vhost_user_counts weir_vhost_user_counts(const void *self);

/**
 * weir_vhost_user_why() - what was wrong with the last message refused
 *
 * Return: a sentence for the operator, constant, or NULL.
 */
const char *weir_vhost_user_why(const void *self);

#endif /* WEIR_LINK_VHOST_USER_H */
