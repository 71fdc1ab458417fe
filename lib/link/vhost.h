/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vhost.h - vhost-user: what the front-end says, and what is so afterwards
 *
 * DOC: how it works
 *
 * A VMM (the front-end) says over a unix socket where the guest's memory and
 * its rings are; we (the back-end) answer and serve the rings.  A message is
 *
 *	u32 request, u32 flags, u32 size, body; descriptors beside it
 *
 * in the machine's byte order.  This room reads messages and keeps what they
 * establish: features, regions, rings.  What a message makes the kernel do
 * (map, watch, close) goes through a table of the owner's, so all of it can be
 * tried without a kernel.  Frames are not its business.
 *
 * Every message is answered in one of four ways: by the answer it has of its
 * own; by an acknowledgement if the front-end wants one (REPLY_ACK); by
 * nothing; or the link goes down.  A refused message changes nothing; it is
 * acknowledged as refused where that was asked for, else the link goes down.
 * A message that is none (length, descriptors, version) always ends it.
 *
 * A ring of an even number goes down (the guest receives), an odd one up.
 *
 * Thread: the engine's.
 */
#ifndef WEIR_LINK_VHOST_H
#define WEIR_LINK_VHOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rd.h"
#include "base/wr.h"
#include "link/guestmem.h"
#include "link/vring.h"

#define WEIR_VHOST_HEAD_BYTES  12u
#define WEIR_VHOST_BODY_MAX    272u /* the longest: a memory table, a config */
#define WEIR_VHOST_REPLY_BYTES (WEIR_VHOST_HEAD_BYTES + WEIR_VHOST_BODY_MAX)
#define WEIR_VHOST_FDS_MAX     8u /* of a message */
#define WEIR_VHOST_RINGS_MAX   16u

/*
 * What GET_QUEUE_NUM says.  QEMU and DPDK read it as pairs of rings, others
 * as rings; eight is true either way with sixteen rings.
 */
#define WEIR_VHOST_PAIRS_MAX 8u

/* features, as bits */
#define WEIR_VHOST_F_CSUM       (UINT64_C(1) << 0)
#define WEIR_VHOST_F_GUEST_CSUM (UINT64_C(1) << 1)
#define WEIR_VHOST_F_MTU        (UINT64_C(1) << 3)
#define WEIR_VHOST_F_MAC        (UINT64_C(1) << 5)
#define WEIR_VHOST_F_GUEST_TSO4 (UINT64_C(1) << 7)
#define WEIR_VHOST_F_GUEST_TSO6 (UINT64_C(1) << 8)
#define WEIR_VHOST_F_HOST_TSO4  (UINT64_C(1) << 11)
#define WEIR_VHOST_F_HOST_TSO6  (UINT64_C(1) << 12)
#define WEIR_VHOST_F_MRG_RXBUF  (UINT64_C(1) << 15)
#define WEIR_VHOST_F_STATUS     (UINT64_C(1) << 16)
#define WEIR_VHOST_F_MQ         (UINT64_C(1) << 22)
#define WEIR_VHOST_F_INDIRECT   (UINT64_C(1) << 28)
#define WEIR_VHOST_F_EVENT_IDX  (UINT64_C(1) << 29)
#define WEIR_VHOST_F_PROTOCOL   (UINT64_C(1) << 30)
#define WEIR_VHOST_F_VERSION_1  (UINT64_C(1) << 32)

/* clang-format off */
#define WEIR_VHOST_FEATURES \
	(WEIR_VHOST_F_CSUM | WEIR_VHOST_F_GUEST_CSUM | WEIR_VHOST_F_MTU | \
	 WEIR_VHOST_F_MAC | WEIR_VHOST_F_GUEST_TSO4 | \
	 WEIR_VHOST_F_GUEST_TSO6 | WEIR_VHOST_F_HOST_TSO4 | \
	 WEIR_VHOST_F_HOST_TSO6 | WEIR_VHOST_F_MRG_RXBUF | \
	 WEIR_VHOST_F_STATUS | WEIR_VHOST_F_MQ | WEIR_VHOST_F_INDIRECT | \
	 WEIR_VHOST_F_EVENT_IDX | WEIR_VHOST_F_PROTOCOL | \
	 WEIR_VHOST_F_VERSION_1)
/* clang-format on */

/* protocol features, as bits */
#define WEIR_VHOST_P_MQ        (UINT64_C(1) << 0)
#define WEIR_VHOST_P_REPLY_ACK (UINT64_C(1) << 3)
#define WEIR_VHOST_P_CONFIG    (UINT64_C(1) << 9)
#define WEIR_VHOST_P_MEM_SLOTS (UINT64_C(1) << 15)
#define WEIR_VHOST_PROTOCOL                                                    \
	(WEIR_VHOST_P_MQ | WEIR_VHOST_P_REPLY_ACK | WEIR_VHOST_P_CONFIG |      \
	 WEIR_VHOST_P_MEM_SLOTS)

/* the requests that are served */
enum weir_vhost_request {
	WEIR_VHOST_GET_FEATURES = 1,
	WEIR_VHOST_SET_FEATURES = 2,
	WEIR_VHOST_SET_OWNER = 3,
	WEIR_VHOST_RESET_OWNER = 4,
	WEIR_VHOST_SET_MEM_TABLE = 5,
	WEIR_VHOST_SET_VRING_NUM = 8,
	WEIR_VHOST_SET_VRING_ADDR = 9,
	WEIR_VHOST_SET_VRING_BASE = 10,
	WEIR_VHOST_GET_VRING_BASE = 11,
	WEIR_VHOST_SET_VRING_KICK = 12,
	WEIR_VHOST_SET_VRING_CALL = 13,
	WEIR_VHOST_SET_VRING_ERR = 14,
	WEIR_VHOST_GET_PROTOCOL_FEATURES = 15,
	WEIR_VHOST_SET_PROTOCOL_FEATURES = 16,
	WEIR_VHOST_GET_QUEUE_NUM = 17,
	WEIR_VHOST_SET_VRING_ENABLE = 18,
	WEIR_VHOST_GET_CONFIG = 24,
	WEIR_VHOST_SET_CONFIG = 25,
	WEIR_VHOST_GET_MAX_MEM_SLOTS = 36,
	WEIR_VHOST_ADD_MEM_REG = 37,
	WEIR_VHOST_REM_MEM_REG = 38,
	WEIR_VHOST_REQUESTS /* one past the last */
};

/**
 * struct weir_vhost_host - what the owner does for this room; @arg is its own
 *
 * @map: map @r->size bytes that begin @offset into the file @fd, for reading
 *	and writing; set @r->host, @r->map and @r->map_len.  0 or a negative
 *	errno.  @fd stays with this room
 * @unmap: undo that
 * @watch: from now on kicks of @ring come through @fd, which is this room's;
 *	0 or a negative errno
 * @unwatch: no more; before @fd is closed
 * @quiet: a write to @fd must not wait from now on; 0 or a negative errno
 * @close: close a descriptor
 */
struct weir_vhost_host {
	int (*map)(void *arg, int fd, uint64_t offset,
		   struct weir_guestmem_region *r);
	void (*unmap)(void *arg, const struct weir_guestmem_region *r);
	int (*watch)(void *arg, int fd, unsigned ring);
	void (*unwatch)(void *arg, int fd);
	int (*quiet)(void *arg, int fd);
	void (*close)(void *arg, int fd);
};

/**
 * struct weir_vhost_ring - what is known of a ring
 * @vring: the ring itself
 * @desc, @avail, @used: where it is in the front-end
 * @base: where it begins, or where it ended
 * @kick, @call, @err: descriptors or -1
 * @addressed: the addresses are known
 * @started: it has a kick, until GET_VRING_BASE
 * @said: SET_VRING_ENABLE spoke of it; else it is enabled where the front-end
 *	does not use protocol features
 * @enabled: as it said
 */
struct weir_vhost_ring {
	struct weir_vring vring;
	uint64_t desc, avail, used;
	uint16_t base;
	int kick, call, err;
	bool addressed, started, said, enabled;
};

/**
 * struct weir_vhost - one connection
 * @mac, @mtu: the card's
 * @features, @protocol: what the front-end took
 * @featured: it said so
 * @refused: messages refused
 * @why: a sentence on the last of them, or NULL
 */
struct weir_vhost {
	struct weir_mac mac;
	uint16_t mtu;
	const struct weir_vhost_host *host;
	void *arg;
	uint64_t features, protocol;
	bool featured;
	uint64_t refused;
	const char *why;
	struct weir_guestmem mem;
	struct weir_vhost_ring ring[WEIR_VHOST_RINGS_MAX];
};

/** struct weir_vhost_head - the header of a message */
struct weir_vhost_head {
	uint32_t request, flags, size;
};

/** struct weir_vhost_fds - descriptors beside a message */
struct weir_vhost_fds {
	int fd[WEIR_VHOST_FDS_MAX];
	unsigned n;
};

/**
 * weir_vhost_init() - a connection on which nothing was said
 *
 * Memory: borrows @host.
 */
void weir_vhost_init(struct weir_vhost *d, const struct weir_mac *mac,
		     uint16_t mtu, const struct weir_vhost_host *host,
		     void *arg);

/** weir_vhost_fini() - close and unmap all there is */
void weir_vhost_fini(struct weir_vhost *d);

/**
 * weir_vhost_head_parse() - read a header
 *
 * Return: 0; -EPROTO it is none: too short, another version, a reply, or a
 * body above WEIR_VHOST_BODY_MAX.
 */
int weir_vhost_head_parse(struct weir_rd *in, struct weir_vhost_head *ret);

/**
 * weir_vhost_serve() - do what a message says
 * @body: its body, as long as the header says
 * @fds: what came beside it; all of it is closed or kept, and @fds empty
 * @reply: WEIR_VHOST_REPLY_BYTES of room; what is written is to be sent
 *
 * Return: 0; a negative errno: the link is down (-EPROTO for the
 * front-end's mistakes, see @why; others of the host's calls).
 */
int weir_vhost_serve(struct weir_vhost *d, const struct weir_vhost_head *h,
		     struct weir_rd body, struct weir_vhost_fds *fds,
		     struct weir_wr *reply);

/** weir_vhost_is_live() - may ring @i be touched now? */
static inline bool weir_vhost_is_live(const struct weir_vhost *d, unsigned i)
{
	const struct weir_vhost_ring *r = &d->ring[i];

	return r->started && r->vring.desc && !r->vring.broken && d->featured;
}

/** weir_vhost_is_enabled() - may frames go through ring @i, if it is live? */
static inline bool weir_vhost_is_enabled(const struct weir_vhost *d, unsigned i)
{
	const struct weir_vhost_ring *r = &d->ring[i];

	return r->said ? r->enabled : !(d->features & WEIR_VHOST_F_PROTOCOL);
}

/** weir_vhost_header_bytes() - of the virtio-net header before each frame */
static inline size_t weir_vhost_header_bytes(const struct weir_vhost *d)
{
	return d->features & (WEIR_VHOST_F_VERSION_1 | WEIR_VHOST_F_MRG_RXBUF)
		       ? 12
		       : 10;
}

#endif /* WEIR_LINK_VHOST_H */
