/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port.c - the guest's end of the rings: weir.h's struct weir_port
 *
 * A frame is copied into the ring, or written there in place; it is taken whole
 * or not at all, so nothing is ever unfinished.  What a port reserved lies in
 * the ring beyond what is published: one reservation at a time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "link/frames.h"
#include "weir.h"

#define FRAME_MIN (WEIR_PORT_HEADER + 1)

struct weir_port {
	struct weir_frames *frames;
	struct weir_end *end;
	bool lossy;
};

struct weir_port *weir_port_new(struct weir_frames *frames,
				const struct weir_port_options *options)
{
	struct weir_port_options o = { 0 };
	int err = weir_frames_options_read(&o, sizeof(o), options);
	struct weir_port *port;

	if (!err &&
	    ((o.flags & ~WEIR_PORT_LOSSY) || o.offloads & ~WEIR_CAN_ALL))
		err = -EINVAL;
	if (err) {
		errno = -err;
		return NULL;
	}
	port = malloc(sizeof(*port));
	if (!port)
		return NULL;
	err = weir_frames_take(frames, WEIR_FRAMES_PORT, o.offloads);
	if (err) {
		free(port);
		errno = -err;
		return NULL;
	}
	*port = (struct weir_port){ .frames = frames,
				    .end = &frames->end[WEIR_FRAMES_PORT],
				    .lossy = o.flags & WEIR_PORT_LOSSY };
	return port;
}

void weir_port_free(struct weir_port *port)
{
	if (!port)
		return;
	weir_ring_trim(port->end->out, 0);
	port->end->wanted = 0;
	weir_frames_give(port->frames, WEIR_FRAMES_PORT);
	free(port);
}

int weir_port_set_offloads(struct weir_port *port, uint32_t offloads)
{
	if (offloads & ~WEIR_CAN_ALL)
		return -EINVAL;
	WEIR_ATOM_STORE(&port->frames->can[WEIR_FRAMES_PORT], offloads,
			WEIR_ATOM_RELAXED);
	return 0;
}

/* A frame that is reserved and written, header first, is as it may be. */
static void admit(struct weir_port *port, uint8_t *at, size_t len)
{
	struct weir_end *e = port->end;

	(void)weir_frames_clear(at, weir_frames_agreed(port->frames));
	WEIR_ATOM_COUNT(&e->frames, 1u);
	WEIR_ATOM_COUNT(&e->bytes, len - WEIR_PORT_HEADER);
}

/* Return: 0; or why not even a ring with room would take it. */
static int check(struct weir_port *port, size_t hdr_len, size_t len)
{
	struct weir_end *e = port->end;

	if (hdr_len >= len)
		return -EINVAL;
	if (len - hdr_len > WEIR_PORT_FRAME_MAX) {
		WEIR_ATOM_COUNT(&e->oversize, 1u);
		return -EMSGSIZE;
	}
	if (weir_ring_reserved(e->out))
		return -EBUSY;
	return weir_end_is_down(e) ? -ESHUTDOWN : 0;
}

/* Return: 0 and where; or what to return. */
static int make_room(struct weir_port *port, uint32_t len, uint8_t **ret)
{
	struct weir_end *e = port->end;

	*ret = weir_end_reserve(e, len);
	if (*ret)
		return 0;
	if (!port->lossy && !weir_end_refuse(e, len)) {
		/* it came in between */
		*ret = weir_end_reserve(e, len);
		weir_must(*ret);
		return 0;
	}
	WEIR_ATOM_COUNT(&e->refused, 1u);
	return -EAGAIN;
}

/* Header and frame into the ring; a header of another length is made to fit. */
static void copy_in(uint8_t *to, size_t hdr_len, const uint8_t *buf, size_t len)
{
	size_t head = hdr_len < WEIR_PORT_HEADER ? hdr_len : WEIR_PORT_HEADER;

	if (hdr_len == WEIR_PORT_HEADER) {
		memcpy(to, buf, len);
		return;
	}
	memset(to, 0, WEIR_PORT_HEADER);
	memcpy(to, buf, head);
	memcpy(to + WEIR_PORT_HEADER, buf + hdr_len, len - hdr_len);
}

int weir_port_write_frame(struct weir_port *port, size_t hdr_len,
			  const void *buf, size_t len)
{
	int err = check(port, hdr_len, len);
	uint8_t *at;
	size_t all;

	if (err)
		return err;
	all = WEIR_PORT_HEADER + len - hdr_len;
	err = make_room(port, (uint32_t)all, &at);
	if (err)
		return port->lossy ? 0 : err;
	copy_in(at, hdr_len, buf, len);
	admit(port, at, all);
	weir_end_send_now(port->end);
	return 0;
}

void weir_port_forget_write(struct weir_port *port)
{
	port->end->wanted = 0;
}

int weir_port_read_frame(struct weir_port *port, void *buf, size_t cap)
{
	struct weir_end *e = port->end;
	uint32_t len;
	const uint8_t *at;
	int r;

	if (!weir_end_has(e, 0))
		return weir_end_is_down(e) ? -ESHUTDOWN : -EAGAIN;
	at = weir_ring_at(e->in, 0, &len);
	if (len <= cap) {
		memcpy(buf, at, len);
		r = (int)len;
	} else {
		WEIR_ATOM_COUNT(&e->dropped, 1u);
		r = -EMSGSIZE;
	}
	weir_end_give_now(e, 1);
	return r;
}

bool weir_port_has_unfinished_write(const struct weir_port *port)
{
	(void)port;
	return false;
}

int weir_port_try_finish_write(struct weir_port *port, size_t hdr_len,
			       const void *buf, size_t len)
{
	(void)port;
	(void)hdr_len;
	(void)buf;
	(void)len;
	return 0;
}

int weir_port_fd(const struct weir_port *port)
{
	return port->end->fd;
}

/* Return: 0; or why a reservation of @len cannot be. */
static int check_room(size_t len)
{
	if (len < FRAME_MIN)
		return -EINVAL;
	return len > WEIR_PORT_ROOM ? -EMSGSIZE : 0;
}

int weir_port_reserve(struct weir_port *port, struct weir_frame *v, unsigned n)
{
	struct weir_end *e = port->end;
	unsigned i;
	int err;

	if (!n)
		return -EINVAL;
	err = check_room(v[0].len);
	if (!err && weir_ring_reserved(e->out))
		err = -EBUSY;
	if (!err && weir_end_is_down(e))
		err = -ESHUTDOWN;
	if (!err)
		err = make_room(port, (uint32_t)v[0].len, &v[0].at);
	if (err)
		return err;
	for (i = 1; i < n && i < INT32_MAX && !check_room(v[i].len); i++) {
		uint8_t *at = weir_end_reserve(e, (uint32_t)v[i].len);

		if (!at)
			break;
		v[i].at = at;
	}
	return (int)i;
}

int weir_port_commit(struct weir_port *port, const struct weir_frame *v,
		     unsigned n)
{
	struct weir_end *e = port->end;

	if (n > weir_ring_reserved(e->out))
		return -EINVAL;
	for (unsigned i = 0; i < n; i++)
		if (v[i].len < FRAME_MIN ||
		    v[i].len > weir_ring_own(e->out, i)->len)
			return -EINVAL;
	if (weir_end_is_down(e)) {
		weir_ring_trim(e->out, 0);
		return -ESHUTDOWN;
	}
	for (unsigned i = 0; i < n; i++) {
		struct weir_ring_slot *s = weir_ring_own(e->out, i);

		s->len = (uint32_t)v[i].len;
		admit(port, e->out->in.mem + s->at, s->len);
	}
	weir_ring_trim(e->out, n);
	if (n)
		weir_end_send_now(e);
	return 0;
}

int weir_port_peek(struct weir_port *port, struct weir_frame *v, unsigned n)
{
	struct weir_end *e = port->end;
	unsigned i;

	if (!n)
		return -EINVAL;
	for (i = 0; i < n && i < INT32_MAX && weir_end_has(e, i); i++) {
		uint32_t len;

		v[i].at = weir_ring_at(e->in, i, &len);
		v[i].len = len;
	}
	if (i)
		return (int)i;
	return weir_end_is_down(e) ? -ESHUTDOWN : -EAGAIN;
}

int weir_port_release(struct weir_port *port, unsigned n)
{
	struct weir_end *e = port->end;

	if (!n)
		return 0;
	if (!weir_ring_has(e->in, n - 1))
		return -EINVAL;
	weir_end_give_now(e, n);
	return 0;
}
