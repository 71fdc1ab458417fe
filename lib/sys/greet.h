/* SPDX-License-Identifier: Apache-2.0 */
/*
 * greet.h - tie a bound datagram socket to the first who writes to it
 *
 * A unix datagram socket that is connected back hears nobody else, and the
 * peer's queue towards it is as long as its buffer: 3,641 frames instead of 11,
 * beyond which some peers leak what they could not send.
 *
 * A peer with a path is reached through the file system: by a process that
 * sees it, so not by a confined one.
 */
#ifndef WEIR_SYS_GREET_H
#define WEIR_SYS_GREET_H

/* the calls of this room, for a process's list */
#define WEIR_GREET_CALLS(X) X(recvmsg) X(connect)

/**
 * weir_greet_peer() - connect @fd to the sender of the datagram that waits
 *
 * The datagram stays for whoever reads @fd next, and is not looked at.
 *
 * Return: 0 connected; -EAGAIN none waits; -EDESTADDRREQ its sender has no
 * address; another negative errno of the connect: it cannot be answered.  In
 * the last two cases the datagram is gone, and the next one may be better.
 */
int weir_greet_peer(int fd);

/**
 * weir_greet_forget() - @fd is free again for whoever writes next
 *
 * What the old peer sent and nobody read is gone.
 * Return: 0 or a negative errno.
 */
int weir_greet_forget(int fd);

#endif /* WEIR_SYS_GREET_H */
