/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dgram.h - frames over a unix datagram socket
 *
 * What vfkit, krunkit and gvproxy's clients speak, and QEMU (`-netdev dgram`):
 * a datagram is an Ethernet frame without a virtio header.  The first may be a
 * greeting, `VFKT`, which is no frame.  Offloads as in stream.h.
 *
 * The socket is connected to its guest, or bound: then it is connected to the
 * first who writes (sys/greet.h).  A confined process can do that only with
 * peers in the abstract namespace; for one with a path the socket must come
 * connected.
 *
 * The kernel tells nobody that the peer of a datagram socket is gone: it is
 * known when the next frame is sent.
 *
 * Thread: the engine's.
 */
#ifndef WEIR_LINK_DGRAM_H
#define WEIR_LINK_DGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/arena.h"
#include "base/limits.h"
#include "link/backlog.h"
#include "link/link.h"
#include "link/plain.h"
#include "sys/greet.h"

/* frames for the guest that wait for room */
#define WEIR_DGRAM_BACKLOG_BYTES (256u << 10)

/* the calls of this room, for the engine's list */
#define WEIR_DGRAM_CALLS(X)                                                    \
	X(recvmsg)                                                             \
	X(sendmsg)                                                             \
	X(getpeername) X(setsockopt) WEIR_GREET_CALLS(X) WEIR_PLAIN_CALLS(X)

/**
 * struct weir_dgram - one socket
 * @fd:      -1 when closed
 * @most:    the largest frame towards the guest
 * @met:     it is connected, to @peer, @peer_len bytes of address
 * @mixed:   what others sent before that may still be in the queue
 * @begun:   a datagram of the peer has come: no greeting any more
 * @end:     why it is down, or 0
 * @out:     frames that wait, each behind its length
 */
struct weir_dgram {
	int fd;
	size_t most;
	bool met, mixed, begun;
	struct sockaddr_un peer;
	socklen_t peer_len;
	int end;
	struct weir_backlog out;
};

/** weir_dgram_bytes() - Return: what weir_dgram_open() takes of an arena */
size_t weir_dgram_bytes(void);

/**
 * weir_dgram_open() - frames over a datagram socket, connected or bound
 * @fd:    blocking or not: no call of this room waits
 * @mtu:   of the guest's card: frames towards it are at most 18 bytes larger
 * @jumbo: they may be larger, up to WEIR_FRAME_MAX_BYTES; see stream.h
 *
 * Memory: takes @fd, and weir_dgram_bytes() of @arena; both are the caller's
 * still if it fails.
 * Return: 0; -ENOMEM the arena is too small.
 */
int weir_dgram_open(struct weir_dgram *d, int fd, uint32_t mtu, bool jumbo,
		    struct weir_arena *arena);

/*
 * The table, for a struct weir_dgram as self.  Beyond link.h:
 *
 * receive() -EMSGSIZE  a datagram of no bytes, or of more than a frame
 *           -EINVAL    from somebody who cannot be answered, or is not the
 *                      guest
 *           -ECONNREFUSED, -ECONNRESET, -ENOTCONN  the guest is gone; what
 *                      it sent last and was not read yet, the kernel threw away
 * send()    -EAGAIN also while no guest has written.  -EMSGSIZE: larger than
 *           was allowed at the opening, a mistake of the caller.
 */
extern const struct weir_link_ops weir_dgram_ops;

#endif /* WEIR_LINK_DGRAM_H */
