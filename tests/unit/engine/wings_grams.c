/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wings_grams.c - what the engine calls to send and receive datagrams
 *
 * (That lists are here has a reason: each test uses them, so this file is
 * linked before the library's.)
 *
 * UDP and ping sockets are lists: what was sent, what has come.  A message that
 * stands for several datagrams is taken apart when it is sent; what comes is
 * one datagram a message.
 *
 * Errors are kept as Linux keeps them: the loop tells of them as long as there
 * are any, and until they are read the next send or receive fails with the
 * first one's errno, whatever it is for.  One that this host itself says of a
 * datagram (it does not fit) is only in the queue: that send failed already.
 */
#include "wings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/errqueue.h"
#include "host/ping.h"
#include "host/post.h"
#include "host/volley.h"
#include "packet/icmp.h"

/* --- lists --- */

struct twin_gram *twin_list_put(struct twin_list *l, const void *bytes,
				size_t len)
{
	struct twin_gram *g = wings_need(calloc(1, sizeof(*g) + len + 1));

	if (len)
		memcpy(g->b, bytes, len);
	g->len = len;
	if (l->last)
		l->last->next = g;
	else
		l->first = g;
	l->last = g;
	l->n++;
	return g;
}

void twin_list_drop(struct twin_list *l)
{
	struct twin_gram *g = l->first;

	l->first = g->next;
	if (!l->first)
		l->last = NULL;
	l->n--;
	free(g);
}

void twin_list_clear(struct twin_list *l)
{
	while (l->first)
		twin_list_drop(l);
}

void twin_gives_gram(struct twin *w, struct twin_sock *s,
		     const struct weir_addr *from, uint16_t port,
		     const void *bytes, size_t len, int err)
{
	struct twin_gram *g = twin_list_put(&s->come, bytes, len);

	(void)w;
	g->addr = *from;
	g->port = port;
	g->err = err;
	twin_poke(s);
}

/* --- host/post.h --- */

int weir_post_open(bool v4)
{
	int fd = twin_sock_open(TWIN_UDP);

	if (fd >= 0 && v4)
		twin_sock_of(fd)->to = weir_addr_from4(0);
	if (fd >= 0)
		twin_sock_of(fd)->whole = true;
	return fd;
}

/* An error of an earlier datagram that waits; it is said once. */
static int pending(struct twin_sock *s)
{
	int err = s->err;

	s->err = 0;
	return err;
}

static int errno_of(const struct weir_errqueue_error *e)
{
	if (e->why == WEIR_ICMP_WHY_PORT)
		return -ECONNREFUSED;
	return e->why == WEIR_ICMP_WHY_TOO_BIG ? -EMSGSIZE : -EHOSTUNREACH;
}

static void put_error(struct twin_sock *s, const struct weir_addr *to,
		      uint16_t port, const struct weir_errqueue_error *e,
		      const uint8_t *b, size_t len)
{
	struct twin_gram *x = twin_list_put(&s->errors, b, len);

	x->error = *e;
	x->error.to = *to;
	x->error.port = s->ping ? 0 : port;
	if (!e->local)
		s->err = errno_of(e);
	twin_poke(s);
}

void twin_tells(struct twin *w, struct twin_sock *s, const struct twin_gram *g,
		const struct weir_errqueue_error *e)
{
	(void)w;
	put_error(s, &g->addr, g->port, e, g->b, g->len);
}

/* What the kernel says at once of a datagram to be sent. */
static int refuse(struct twin_sock *s, const struct weir_addr *to,
		  uint16_t port, const uint8_t *b, size_t len)
{
	const struct weir_errqueue_error e = { .known = true,
					       .local = true,
					       .why = WEIR_ICMP_WHY_TOO_BIG,
					       .mtu = wings_world->way_mtu };
	size_t head = (weir_addr_is4(to) ? 20u : 40u) + (s->ping ? 0u : 8u);

	if (weir_addr_is4(&s->to) != weir_addr_is4(to))
		twin_wrong(wings_world, "a datagram of the other family");
	if (wings_world->post_err)
		return wings_world->post_err;
	if (s->err)
		return pending(s);
	if (!e.mtu || !s->whole || head + len <= e.mtu)
		return 0;
	put_error(s, to, port, &e, b, len);
	return -EMSGSIZE;
}

/* A ping socket lets echo requests through, and writes its own ident. */
static void make_ping(const struct twin_sock *s, uint8_t *b, size_t len)
{
	uint8_t type =
		weir_addr_is4(&s->to) ? WEIR_ICMP4_ECHO : WEIR_ICMP6_ECHO;

	if (len < WEIR_ICMP_HEADER_BYTES || b[0] != type || b[1]) {
		twin_wrong(wings_world, "a ping that is no echo request");
		return;
	}
	b[2] = b[3] = 0;
	b[4] = (uint8_t)(s->ident >> 8);
	b[5] = (uint8_t)s->ident;
}

int weir_post_send(int fd, const struct weir_addr *to, uint16_t port,
		   const struct weir_spans *payload)
{
	struct twin_sock *s = twin_sock_of(fd);
	uint8_t *b = wings_need(malloc(WEIR_POST_DATAGRAM_MAX_BYTES * 2));
	struct twin_gram *g;
	size_t len = 0;
	int err = -EBADF;

	wings_world->acts++;
	/* all that lies in the spans, as sendmsg() would */
	for (unsigned i = 0; i < payload->n; i++) {
		memcpy(b + len, payload->v[i].at, payload->v[i].len);
		len += payload->v[i].len;
	}
	if (s)
		err = refuse(s, to, port, b, len);
	if (err == 0) {
		if (s->ping)
			make_ping(s, b, len);
		if (s->sent.n == 64)
			twin_list_drop(&s->sent);
		g = twin_list_put(&s->sent, b, len);
		g->whole = s->whole;
		g->addr = *to;
		g->port = port;
		if (s->echo)
			twin_gives_gram(wings_world, s, to, port, b, len, 0);
	}
	free(b);
	return err;
}

int weir_post_receive(int fd, uint8_t *to, struct weir_addr *ret_from,
		      uint16_t *ret_port)
{
	struct twin_sock *s = twin_sock_of(fd);
	struct twin_gram *g = s ? s->come.first : NULL;
	int r;

	wings_world->acts++;
	if (s && s->err)
		return pending(s);
	if (!g)
		return -EAGAIN;
	wings_world->takes++;
	r = g->err ? g->err : (int)g->len;
	if (!g->err) {
		memcpy(to, g->b, g->len);
		*ret_from = g->addr;
		*ret_port = g->port;
	}
	twin_list_drop(&s->come);
	return r;
}

void weir_post_close(int fd)
{
	if (fd >= 0)
		twin_sock_close(fd);
}

/* --- host/ping.h --- */

int weir_ping_open(bool v4)
{
	int fd;

	if (wings_world->ping_err)
		return wings_world->ping_err;
	fd = twin_sock_open(TWIN_UDP);
	if (fd >= 0 && v4)
		twin_sock_of(fd)->to = weir_addr_from4(0);
	if (fd >= 0) {
		twin_sock_of(fd)->whole = true;
		twin_sock_of(fd)->ping = true;
		twin_sock_of(fd)->ident = (uint16_t)(0xa000 + fd - TWIN_FD);
	}
	return fd;
}

void twin_pongs(struct twin *w, struct twin_sock *s, const struct twin_gram *g)
{
	uint8_t *b = wings_need(malloc(g->len));

	memcpy(b, g->b, g->len);
	b[0] = weir_addr_is4(&s->to) ? WEIR_ICMP4_ECHO_REPLY
				     : WEIR_ICMP6_ECHO_REPLY;
	twin_gives_gram(w, s, &g->addr, 0, b, g->len, 0);
	free(b);
}

void weir_ping_close(int fd)
{
	if (fd >= 0)
		twin_sock_close(fd);
}

/* --- host/volley.h --- */

void weir_volley_prepare(int fd, bool v4)
{
	(void)twin_sock_of(fd);
	(void)v4;
}

void weir_volley_keep_whole(int fd, bool v4, bool whole)
{
	struct twin_sock *s = twin_sock_of(fd);

	if (s && weir_addr_is4(&s->to) != v4)
		twin_wrong(wings_world, "a socket of the other family");
	if (s)
		s->whole = whole;
}

/* One message, cut into its datagrams. */
static int send_cut(int fd, const struct weir_volley_out *o)
{
	size_t step = o->segment ? o->segment : o->payload.len, at = 0;
	struct weir_span part[WEIR_POST_SPANS_MAX];
	struct twin_sock *s = twin_sock_of(fd);
	unsigned pieces = 0;
	int err;

	if (o->segment && wings_world->segment_err)
		return wings_world->segment_err;
	do {
		struct weir_spans one = { part, 0, step };

		if (one.len > o->payload.len - at)
			one.len = o->payload.len - at;
		one.n = weir_spans_cut(&o->payload, at, one.len, part,
				       WEIR_POST_SPANS_MAX);
		err = weir_post_send(fd, &o->to, o->port, &one);
		if (err)
			return err;
		s->sent.last->ttl = o->ttl;
		at += one.len;
		pieces++;
	} while (at < o->payload.len);
	if (pieces > WEIR_VOLLEY_SEGMENTS_MAX)
		twin_wrong(wings_world, "a message of too many datagrams");
	return 0;
}

int weir_volley_send(int fd, const struct weir_volley_out *out, unsigned n)
{
	unsigned spans = 0;

	for (unsigned i = 0; i < n; i++)
		spans += out[i].payload.n;
	if (n == 0 || n > WEIR_VOLLEY_OUT_MAX || spans > WEIR_VOLLEY_SPANS_MAX)
		twin_wrong(wings_world, "a volley of nothing, or too large");
	for (unsigned i = 0; i < n; i++) {
		int err = send_cut(fd, &out[i]);

		if (err)
			return i ? (int)i : err;
	}
	return (int)n;
}

size_t weir_volley_room_bytes(void)
{
	return (size_t)WEIR_VOLLEY_IN_MAX * WEIR_VOLLEY_DATAGRAM_BYTES;
}

int weir_volley_receive(int fd, uint8_t *room, struct weir_volley_in *ret,
			unsigned n)
{
	unsigned i;

	if (n == 0 || n > WEIR_VOLLEY_IN_MAX)
		twin_wrong(wings_world, "a volley for nothing, or too large");
	for (i = 0; i < n; i++) {
		uint8_t *at = room + (size_t)i * WEIR_VOLLEY_DATAGRAM_BYTES;
		int len = weir_post_receive(fd, at, &ret[i].from, &ret[i].port);

		if (len < 0)
			return i ? (int)i : len;
		ret[i].segment = 0;
		ret[i].part[0] = (struct weir_span){ at, (size_t)len };
		ret[i].n = len ? 1 : 0;
		ret[i].len = (size_t)len;
	}
	return (int)i;
}

/* --- host/errqueue.h --- */

void weir_errqueue_want(int fd, bool v4)
{
	(void)twin_sock_of(fd);
	(void)v4;
}

int weir_errqueue_take(int fd, uint8_t *room, size_t cap,
		       struct weir_errqueue_error *ret)
{
	struct twin_sock *s = twin_sock_of(fd);
	struct twin_gram *g = s ? s->errors.first : NULL;

	if (!g)
		return 0;
	wings_world->acts++;
	*ret = g->error;
	ret->len = g->len < cap ? g->len : cap;
	memcpy(room, g->b, ret->len);
	twin_list_drop(&s->errors);
	g = s->errors.first;
	s->err = g && !g->error.local ? errno_of(&g->error) : 0;
	return 1;
}
