/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.h - DNS: the guest's questions by UDP and TCP, the upstream sockets
 */
#ifndef WEIR_ENGINE_NAMES_H
#define WEIR_ENGINE_NAMES_H

#include "engine/house.h"

/** weir_names_bytes() - what weir_names_init() takes from an arena at most */
size_t weir_names_bytes(void);

/** weir_names_init() - from the charter; Return: false: no room */
bool weir_names_init(struct weir_house *h, struct weir_arena *arena);

/** weir_names_reload() - the charter's upstreams have changed */
void weir_names_reload(struct weir_house *h);

/** weir_names_datagram() - a question by UDP, to any address */
void weir_names_datagram(struct weir_house *h,
			 const struct weir_assoc_ends *ends,
			 const uint8_t *bytes, size_t len);

/**
 * weir_names_stream() - bytes wait in a DNS-over-TCP flow
 * @i: the flow
 *
 * Takes every whole message out of its up store and answers into its down
 * store, now or later.
 */
void weir_names_stream(struct weir_house *h, uint32_t i);

/** weir_names_event() - something happened on an upstream socket */
void weir_names_event(struct weir_house *h, uint32_t slot, uint32_t what);

/** weir_names_message() - a question by the guest's line @from lies in
 * @h->names.gathered, @len bytes; Return: false: it is none */
bool weir_names_message(struct weir_house *h, uint64_t from, size_t len);

/** weir_names_heard() - an answer by the resolver's line lies there.  Then
 * weir_names_go_on() */
void weir_names_heard(struct weir_house *h, uint8_t line, size_t len);

/** weir_names_go_on() - do what is to be done by now */
void weir_names_go_on(struct weir_house *h);

/** enum weir_names_again - is what a line owed asked of the same server again? */
enum weir_names_again { WEIR_NAMES_NOT, WEIR_NAMES_ONCE, WEIR_NAMES_ANYWAY };

/** weir_names_line_lost() - it ended.  Then weir_names_go_on() */
void weir_names_line_lost(struct weir_house *h, uint8_t line,
			  enum weir_names_again again);

/** weir_names_tick() - time has passed */
void weir_names_tick(struct weir_house *h);

/** weir_names_due_us() - when weir_names_tick() is wanted */
uint64_t weir_names_due_us(const struct weir_house *h);

/** weir_names_end_all() - close every socket: the network ends */
void weir_names_end_all(struct weir_house *h);

#endif /* WEIR_ENGINE_NAMES_H */
