/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wings_doors.c - what the engine calls at published ports
 *
 * A door's socket is made by the test, as control would make it, and passed
 * with its message.  Clients wait in its list until they are accepted.
 *
 * The engine closes and duplicates these descriptors itself, so dup() and
 * close() are here as well: a descriptor in reserve is one of those that may
 * run out.
 */
#include "wings.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/listener.h"

struct twin_sock *twin_door(struct twin *w,
			    const struct weir_charter_door *door)
{
	int fd = twin_sock_open(door->udp ? TWIN_UDP : TWIN_LISTENER);
	uint8_t body[64];
	struct weir_wr to = weir_wr_over(body, sizeof(body));
	struct twin_sock *s;
	struct twin_gram *g;

	if (fd < 0)
		return NULL;
	s = twin_sock_of(fd);
	weir_charter_build_door(door, &to);
	g = twin_list_put(&w->orders, body, weir_wr_len(&to));
	g->kind = WEIR_MSG_DOOR;
	g->fd = fd;
	if (weir_addr_is4(&door->bind))
		s->to = weir_addr_from4(0);
	s->port = door->port;
	return s;
}

void twin_undoor(struct twin *w, uint32_t id)
{
	uint8_t body[4];
	struct weir_wr to = weir_wr_over(body, sizeof(body));

	weir_wr_be32(&to, id);
	twin_order(w, WEIR_MSG_UNDOOR, body, sizeof(body));
}

struct twin_gram *twin_calls(struct twin *w, struct twin_sock *door,
			     const struct weir_addr *from, uint16_t port,
			     const void *bytes, size_t len)
{
	struct twin_gram *g = twin_list_put(&door->come, bytes, len);

	(void)w;
	g->addr = *from;
	g->port = port;
	twin_poke(door);
	return g;
}

int weir_listener_accept(int fd, struct weir_addr *ret_from, uint16_t *ret_port)
{
	struct twin *w = wings_world;
	struct twin_sock *door = twin_sock_of(fd), *s;
	struct twin_gram *g = door ? door->come.first : NULL;
	int got = w->accept_err;

	if (door && door->kind != TWIN_LISTENER)
		twin_wrong(w, "a client accepted at no door");
	if (!g)
		return -EAGAIN;
	if (got == 0)
		got = g->err ? g->err : twin_sock_open(TWIN_TCP);
	if (got < 0 && got != g->err)
		return got; /* it still waits */
	w->acts++;
	if (got >= 0) {
		w->accepts++;
		s = twin_sock_of(got);
		s->stage = TWIN_CONNECTED;
		s->to = g->addr;
		s->port = g->port;
		twin_bytes_put(&s->down, g->b, g->len);
		*ret_from = g->addr;
		*ret_port = g->port;
	}
	twin_list_drop(&door->come);
	return got;
}

/* --- descriptors: hidden, so that only what is linked here sees them --- */

bool wings_is_twins(int fd)
{
	return wings_world && fd >= TWIN_FD;
}

int dup(int fd)
{
	int got;

	if (!wings_is_twins(fd))
		return (int)syscall(SYS_dup, fd);
	got = twin_sock_of(fd) ? twin_sock_open(TWIN_SPARE) : -EBADF;
	if (got >= 0)
		return got;
	errno = -got;
	return -1;
}

int close(int fd)
{
	if (!wings_is_twins(fd))
		return (int)syscall(SYS_close, fd);
	twin_sock_close(fd);
	return 0;
}
