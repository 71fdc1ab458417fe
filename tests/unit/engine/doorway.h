/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doorway.h - a published TCP port, and clients who come to it
 *
 * The client's side of a connection is the host's side of a socket of the
 * twin: what went up is what it read, `shut` is its end of file, and `hard`
 * that it saw a reset.
 */
#ifndef DOORWAY_H
#define DOORWAY_H

#include "scene.h"

#define DOOR  8080
#define GUEST 80
#define PORT  51000 /* of a client */

static const struct weir_addr other4 UNUSED = {
	.b = { [10] = 0xff, 0xff, 93, 184, 1, 77 }
};

static struct guest_conn d[80] UNUSED;

UNUSED static struct twin_sock *publish(uint32_t id, bool v6, bool preserve)
{
	const struct weir_charter_door door = {
		.id = id,
		.bind = v6 ? (struct weir_addr){ .b = { 0 } }
			   : weir_addr_from4(0),
		.port = (uint16_t)(DOOR + id),
		.guest_port = GUEST,
		.preserve_source = preserve,
	};
	struct twin_sock *s = twin_door(&w, &door);

	twin_step(&w);
	CHECK(s && s->watched);
	return s;
}

/* A client comes; the guest, which listens with @c, answers as it does. */
UNUSED static struct twin_sock *come(struct twin_sock *door,
				     struct guest_conn *conn, bool answers)
{
	guest_listen(&g, conn, GUEST, answers);
	twin_calls(&w, door, &far4, PORT, NULL, 0);
	guest_talk(&g);
	return twin_find(&w, PORT);
}

/* A client that was taken, and reset at once. */
UNUSED static bool was_reset(uint16_t port)
{
	for (unsigned i = 0; i < w.n_socks; i++) {
		const struct twin_sock *s = &w.sock[i];

		if (s->kind == TWIN_TCP && s->port == port)
			return !s->open && s->hard && !s->shut;
	}
	return false;
}

#endif /* DOORWAY_H */
