/* SPDX-License-Identifier: Apache-2.0 */
/*
 * assoc.h - UDP: mappings of the guest's ports, conversations inside them
 *
 * A mapping is one guest address and port; the owner keeps one host socket
 * for it.  In it there is a conversation for each destination address and
 * port, judged at its first datagram.  A reply is taken only from a
 * conversation that exists.  Pure: the owner brings datagrams and time and
 * does the socket work.
 *
 * Echo is kept in the same way, by echo.h: a guest's ident is its port, and
 * every destination has port 0.
 *
 * Indices of mappings and conversations are stable while they live; the owner
 * may keep arrays of its own by mapping index.
 */
#ifndef WEIR_FLOW_ASSOC_H
#define WEIR_FLOW_ASSOC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/pool.h"
#include "base/table.h"
#include "base/timer.h"

#define WEIR_ASSOC_NONE UINT32_MAX

/** struct weir_assoc_ends - who talks to whom; ports in host order */
struct weir_assoc_ends {
	struct weir_addr guest, far;
	uint16_t gport, fport;
};

/**
 * struct weir_assoc_order - a list by use, exact
 * @link: one per index; the room's own
 */
struct weir_assoc_order {
	struct weir_assoc_link {
		uint32_t older, newer;
	} * link;
	uint32_t oldest, newest;
};

/** struct weir_assoc_mapping - the room's own; the owner may read */
struct weir_assoc_mapping {
	struct weir_addr guest;
	uint16_t gport;
	uint32_t conversations; /* how many */
	uint32_t first;         /* of them */
};

/**
 * struct weir_assoc_mark - what the owner remembers of a conversation
 *
 * All zero when it is opened; the room never looks at it.
 */
struct weir_assoc_mark {
	uint64_t id, born_us;
	uint64_t up_bytes, down_bytes;
	uint32_t up_packets, down_packets;
	uint32_t rule;
	uint8_t by;
};

/** struct weir_assoc_conversation - the room's own; the owner may read */
struct weir_assoc_conversation {
	struct weir_assoc_mark mark; /* the owner's */
	struct weir_addr far;
	uint32_t mapping;
	uint16_t fport;
	bool up, down;       /* has traffic gone this way? */
	uint32_t prev, next; /* in its mapping */
	uint64_t used_us;
};

/**
 * struct weir_assoc - all UDP of one network
 * @ended, @ctx: NULL, or called for each conversation that is ending, while it
 *               can still be asked about; set by the owner after the init
 */
struct weir_assoc {
	void (*ended)(void *ctx, uint32_t conversation);
	void *ctx;
	struct weir_pool mappings, conversations;
	struct weir_table by_guest, by_ends;
	struct weir_timer timer; /* of conversations */
	struct weir_assoc_mapping *mapping;
	struct weir_assoc_conversation *conversation;
	struct weir_assoc_order maps_by_use, by_use;
	uint64_t idle_us, idle_twoway_us;
	uint64_t key[2];
};

/** enum weir_assoc_ended - what weir_assoc_expire() found */
enum weir_assoc_ended {
	WEIR_ASSOC_ENDED_NOTHING = 0,
	WEIR_ASSOC_ENDED_CONVERSATION, /* its mapping lives on */
	WEIR_ASSOC_ENDED_MAPPING,      /* the last one of its mapping: close the
					  socket of @ret_mapping */
};

/** weir_assoc_bytes() - what weir_assoc_init() takes from an arena at most */
size_t weir_assoc_bytes(uint32_t mappings, uint32_t conversations);

/**
 * weir_assoc_init() - no mapping, no conversation
 * @mappings, @conversations: the most there may be
 * @key: random and secret
 *
 * Return: false if the arena has no room.
 */
bool weir_assoc_init(struct weir_assoc *a, struct weir_arena *arena,
		     uint32_t mappings, uint32_t conversations,
		     const uint64_t key[2], uint64_t now_us);

/** weir_assoc_set_idle() - other idle times than those of UDP */
void weir_assoc_set_idle(struct weir_assoc *a, uint64_t idle_ms,
			 uint64_t twoway_ms);

/**
 * weir_assoc_up() - a datagram from the guest
 * @ret_mapping: written if there is one for its source, else WEIR_ASSOC_NONE
 *
 * Return: its conversation, used now; WEIR_ASSOC_NONE if there is none yet:
 * judge it, then weir_assoc_map() if it has no mapping, then
 * weir_assoc_open().
 */
uint32_t weir_assoc_up(struct weir_assoc *a, const struct weir_assoc_ends *ends,
		       uint64_t now_us, uint32_t *ret_mapping);

/**
 * weir_assoc_map() - a mapping for a guest address and port that has none
 * @ret_closed: a mapping that went to make room, whose socket the owner closes;
 *              else WEIR_ASSOC_NONE
 *
 * Where there are too many, the one least recently used goes with all its
 * conversations.  The owner opens the new one's socket; if that fails it calls
 * weir_assoc_unmap().
 * Return: its index; it may be that of @ret_closed.
 */
uint32_t weir_assoc_map(struct weir_assoc *a, const struct weir_addr *guest,
			uint16_t gport, uint32_t *ret_closed);

/** weir_assoc_unmap() - end a mapping and all its conversations */
void weir_assoc_unmap(struct weir_assoc *a, uint32_t mapping);

/**
 * weir_assoc_open() - a conversation that was judged and allowed
 * @ret_closed: a mapping that lost its last conversation to make room, whose
 *              socket the owner closes; else WEIR_ASSOC_NONE
 *
 * Where there are too many, the one least recently used goes.
 * Return: its index.
 */
uint32_t weir_assoc_open(struct weir_assoc *a, uint32_t mapping,
			 const struct weir_addr *far, uint16_t fport,
			 uint64_t now_us, uint32_t *ret_closed);

/**
 * weir_assoc_down() - a datagram came from the host on a mapping's socket
 *
 * Return: its conversation, used now; WEIR_ASSOC_NONE: nobody asked for it.
 */
uint32_t weir_assoc_down(struct weir_assoc *a, uint32_t mapping,
			 const struct weir_addr *far, uint16_t fport,
			 uint64_t now_us);

/**
 * weir_assoc_find() - a conversation that nothing came or went in just now
 *
 * Return: its index, or WEIR_ASSOC_NONE.
 */
uint32_t weir_assoc_find(const struct weir_assoc *a, uint32_t mapping,
			 const struct weir_addr *far, uint16_t fport);

/** weir_assoc_ends_of() - who talks to whom in a conversation */
void weir_assoc_ends_of(const struct weir_assoc *a, uint32_t conversation,
			struct weir_assoc_ends *ret);

/**
 * weir_assoc_close() - end a conversation now
 * @ret_mapping: as of weir_assoc_expire()
 */
enum weir_assoc_ended weir_assoc_close(struct weir_assoc *a,
				       uint32_t conversation,
				       uint32_t *ret_mapping);

/** weir_assoc_due_us() - when weir_assoc_expire() is wanted; UINT64_MAX never */
uint64_t weir_assoc_due_us(const struct weir_assoc *a);

/**
 * weir_assoc_expire() - end one conversation that was silent for too long
 * @ret_mapping: its mapping; no longer valid after _ENDED_MAPPING but as the
 *               index of the owner's array
 *
 * WEIR_UDP_IDLE_MS after the last datagram in either direction, or
 * WEIR_UDP_IDLE_TWOWAY_MS once both were seen.  Call until NOTHING.
 */
enum weir_assoc_ended weir_assoc_expire(struct weir_assoc *a, uint64_t now_us,
					uint32_t *ret_mapping);

#endif /* WEIR_FLOW_ASSOC_H */
