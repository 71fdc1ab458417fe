/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream.h - frames over a unix stream socket
 *
 * What QEMU (`-netdev stream`), libkrun and the clients of passt speak: a
 * length of 4 bytes, big-endian, 1 to WEIR_FRAME_MAX_BYTES, then the Ethernet
 * frame; no virtio header, which is made up here (zeroes, num_buffers 1).  A
 * guest behind it may send TSO frames with unfinished checksums all the same:
 * weir_view_l4_csum() knows them.
 *
 * Thread: the engine's.
 */
#ifndef WEIR_LINK_STREAM_H
#define WEIR_LINK_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/limits.h"
#include "link/backlog.h"
#include "link/link.h"
#include "link/plain.h"

#define WEIR_STREAM_LENGTH_BYTES 4u

/* frames for the guest that wait: for the end of the turn, or for room */
#define WEIR_STREAM_BACKLOG_BYTES (256u << 10)

/* so many do not wait for the end of the turn */
#define WEIR_STREAM_GATHER_BYTES (64u << 10)

/* a frame as large goes from where it lies, without a copy */
#define WEIR_STREAM_DIRECT_BYTES (16u << 10)

/* the calls of this room, for the engine's list */
#define WEIR_STREAM_CALLS(X)                                                   \
	X(recvmsg) X(sendmsg) X(setsockopt) WEIR_PLAIN_CALLS(X)

/**
 * struct weir_stream - one connection
 * @fd:      the socket; -1 when closed
 * @most:    the largest frame towards the guest
 * @head:    @n_head bytes of the next frame's length
 * @need:    its length, 0 while that is not known
 * @part:    its first @have bytes, if it came in pieces
 * @drained: the last read found the end of what there was
 * @end:     why nothing more can be received, or 0
 * @broken:  why nothing more can be sent, or 0
 * @out:     taken and not yet written; its first frame may have begun
 * @blocked: the socket took less than it was given
 */
struct weir_stream {
	int fd;
	size_t most;
	uint8_t head[WEIR_STREAM_LENGTH_BYTES];
	size_t n_head, need, have;
	uint8_t *part;
	bool drained, blocked;
	int end, broken;
	struct weir_backlog out;
};

/** weir_stream_bytes() - Return: what weir_stream_open() takes of an arena */
size_t weir_stream_bytes(void);

/**
 * weir_stream_open() - frames over a connected stream socket
 * @fd:    blocking or not: no call of this room waits
 * @mtu:   of the guest's card: frames towards it are at most 18 bytes larger
 * @jumbo: they may be larger, up to WEIR_FRAME_MAX_BYTES; only for a guest
 *	   that can take them: libkrun's receive path stops for ever at one it
 *	   did not ask for
 *
 * Memory: takes @fd, and weir_stream_bytes() of @arena; both are the caller's
 * still if it fails.
 * Return: 0; -ENOMEM the arena is too small.
 */
int weir_stream_open(struct weir_stream *s, int fd, uint32_t mtu, bool jumbo,
		     struct weir_arena *arena);

/*
 * The table, for a struct weir_stream as self.  Beyond link.h:
 *
 * receive() ends with -EPIPE  the peer closed between two frames;
 *                     -ECONNRESET  it closed within one, or reset;
 *                     -EPROTO  a length of 0 or more than a frame: where the
 *                              next one begins is not known any more;
 *                     another errno of the socket.
 *   What the peer sent before comes first.  The end stays.
 * send()    -EAGAIN also once the peer reads no more: then receive() or
 *           event() says so soon, after the last frame.  -EMSGSIZE: larger
 *           than was allowed at the opening, a mistake of the caller.
 */
extern const struct weir_link_ops weir_stream_ops;

#endif /* WEIR_LINK_STREAM_H */
