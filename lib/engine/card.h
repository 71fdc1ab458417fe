/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card.h - the guest's card: the one link this engine has
 *
 * Which kind it is the charter says; beyond this room nobody knows.
 */
#ifndef WEIR_ENGINE_CARD_H
#define WEIR_ENGINE_CARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "link/dgram.h"
#include "link/inproc.h"
#include "link/link.h"
#include "link/stream.h"
#include "link/tap.h"
#include "link/vhost_user.h"

struct weir_house;

/**
 * struct weir_card - the link and its state
 * @device: the network's end of rings in this process, or NULL; the link's
 *          while there is one
 * @given: the descriptor that control gave, until it is the link's; -1: none
 * @offered: WEIR_OFFLOAD_* that frames of the guest may need; what those for it
 *          may need is the charter's
 * @watched_out: the loop tells when it can be written
 * @probe_us: when a guest that says nothing is looked for
 * @link:  ops NULL: none yet, or no more
 */
struct weir_card {
	struct weir_device *device;
	int given;
	uint32_t offered;
	bool watched_out;
	uint64_t probe_us;
	struct weir_link link;
	union {
		struct weir_tap tap;
		struct weir_stream stream;
		struct weir_dgram dgram;
		struct weir_inproc inproc;
	} of;
};

/* the calls of all links */
#define WEIR_CARD_CALLS(X)                                                     \
	WEIR_TAP_CALLS(X)                                                      \
	WEIR_STREAM_CALLS(X) WEIR_DGRAM_CALLS(X) WEIR_VHOST_USER_CALLS(X)

/** weir_card_bytes() - what weir_card_open() takes from an arena at most */
size_t weir_card_bytes(void);

/**
 * weir_card_open() - make a link of the descriptor that was given, and watch it
 *
 * Return: 0 or a negative errno.
 */
int weir_card_open(struct weir_house *h, struct weir_arena *arena);

/** weir_card_is_given() - is there something to make a link of? */
bool weir_card_is_given(const struct weir_house *h);

/** weir_card_is_called() - did another thread of the process call? */
bool weir_card_is_called(struct weir_house *h);

/** weir_card_is_open() - is there a link? */
bool weir_card_is_open(const struct weir_house *h);

/** weir_card_is_full() - does what was sent wait for room?  Then TCP waits too,
 * or it would be sent for nothing */
static inline bool weir_card_is_full(const struct weir_card *c)
{
	return c->link.ops && c->link.ops->wants_out &&
	       c->link.ops->wants_out(c->link.self);
}

/** weir_card_event() - its descriptor is ready; Return: 0, or a negative errno:
 * it is down */
int weir_card_event(struct weir_house *h, uint32_t what);

/**
 * weir_card_heard() - its descriptor was ready: the guest is there
 *
 * A datagram socket does not tell that its peer has gone before something is
 * sent there; until then the kernel keeps the next guest out.  So after two
 * seconds of silence weir_card_tick() sends what asks for no answer: the
 * gateway's address, as ARP (RFC 5227 section 3).  Other links tell.
 */
void weir_card_heard(struct weir_house *h);

/** weir_card_due_us() - when weir_card_tick() is wanted */
uint64_t weir_card_due_us(const struct weir_house *h);

/** weir_card_tick() - look for a silent guest, if it is time */
void weir_card_tick(struct weir_house *h);

/** weir_card_flush() - the end of a turn; Return: 0, or a negative errno */
int weir_card_flush(struct weir_house *h);

/** weir_card_hang_up() - nothing comes or goes any more by rings that shut down;
 * their relay still calls, each time anew */
void weir_card_hang_up(struct weir_house *h);

/** weir_card_close() - give it back */
void weir_card_close(struct weir_house *h);

#endif /* WEIR_ENGINE_CARD_H */
