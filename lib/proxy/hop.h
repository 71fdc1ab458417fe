/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hop.h - the fields of a head that are for the next hop alone
 *
 * RFC 9110 7.6.1.  They are read here, never passed on, and written anew where
 * they hold for the next hop too.
 */
#ifndef WEIR_PROXY_HOP_H
#define WEIR_PROXY_HOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rd.h"

#define WEIR_HOP_NAMES_MAX 32u /* members of all Connection fields of a head */

/**
 * struct weir_hop - what one head says
 * @close, @keep_alive, @upgrade: Connection says so
 * @names:     members of Connection that name other fields
 * @trailers:  TE says that trailers are welcome
 * @expect:    Expect: 100-continue
 * @websocket: Upgrade has websocket; @protocols: how many it has
 * @keys, @versions, @accepts, @extensions: how many fields of the WebSocket
 *             handshake there are; @key_fits: of 24 bytes, @version_fits: 13
 */
struct weir_hop {
	bool close, keep_alive, upgrade, trailers, expect, websocket;
	bool key_fits, version_fits;
	uint8_t names, protocols, keys, versions, accepts, extensions;
};

/**
 * weir_hop_read() - look through the fields of a head
 * @fields: behind the first line, already found to be good
 *
 * Return: false if Connection has more than WEIR_HOP_NAMES_MAX members, or
 * names Host or the framing.
 */
bool weir_hop_read(struct weir_rd fields, struct weir_hop *ret);

/**
 * weir_hop_has() - is the field for this hop alone?
 * @fields: of its head: Connection may name it
 * @h:      of the same head
 */
bool weir_hop_has(const struct weir_hop *h, struct weir_rd fields,
		  struct weir_rd name);

/** weir_hop_asks_websocket() - is it the handshake of RFC 6455 4.1, as far as
 * fields go? */
bool weir_hop_asks_websocket(const struct weir_hop *h);

/** weir_hop_gives_websocket() - is it the answer of 4.2.2, without extension? */
bool weir_hop_gives_websocket(const struct weir_hop *h);

#endif /* WEIR_PROXY_HOP_H */
