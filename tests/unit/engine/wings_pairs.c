/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wings_pairs.c - socket pairs, and the proxy at their other ends
 *
 *	engine ── near │ far ── the test, once it was sent with a message
 *
 * A pair has two descriptors of the twin, both of which the engine must close.
 * What a test does to the near end is what the one who has the far end does: of
 * a stream that is what hosts do (twin.h), of one that keeps messages apart
 * twin_writes().  A far end that is closed and was given to nobody ends the
 * near one.
 *
 * The proxy's own pair is a near end alone: the engine did not make it.
 *
 * socketpair(), recv() and send() are here as close() is in wings_doors.c: for
 * the engine, whose sockets do not block, and for descriptors of the twin.
 */
#include "wings.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int wings_fails(int err, unsigned *skip)
{
	if (!err)
		return 0;
	if (*skip == 0)
		return err;
	--*skip;
	return 0;
}

/* --- pairs --- */

/* Two descriptors, or the negative errno. */
static int make_pair(enum twin_kind kind, int pair[2])
{
	struct twin *w = wings_world;
	int near = wings_fails(w->pair_err, &w->pair_skip), far;

	if (near == 0)
		near = twin_sock_open(kind);
	if (near < 0)
		return near;
	far = twin_sock_open(TWIN_FAR);
	if (far < 0) {
		twin_sock_close(near);
		return far;
	}
	twin_sock_of(near)->stage = TWIN_CONNECTED;
	twin_sock_of(near)->pair = true;
	twin_sock_of(far)->near = (unsigned)(near - TWIN_FD);
	pair[0] = near;
	pair[1] = far;
	return 0;
}

int socketpair(int domain, int type, int protocol, int pair[2])
{
	bool stream = (type & 0xf) == SOCK_STREAM;
	int err;

	if (!wings_world || !(type & SOCK_NONBLOCK))
		return (int)syscall(SYS_socketpair, domain, type, protocol,
				    pair);
	if (!(type & SOCK_CLOEXEC))
		twin_wrong(wings_world, "a pair that children would have");
	err = make_pair(stream ? TWIN_TCP : TWIN_LINE, pair);
	if (!err)
		return 0;
	errno = -err;
	return -1;
}

struct twin_sock *twin_near(struct twin *w, int fd)
{
	struct twin_sock *s = &w->sock[fd - TWIN_FD];

	return s->kind == TWIN_FAR ? &w->sock[s->near] : s;
}

void twin_parts(struct twin *w, struct twin_sock *near)
{
	(void)w;
	near->gone = true;
	near->eof = true;
	twin_poke(near);
}

void wings_far_closed(struct twin_sock *s)
{
	twin_parts(wings_world, &wings_world->sock[s->near]);
}

uint32_t wings_pair_mask(const struct twin_sock *s)
{
	uint32_t what = 0;

	if (s->in && (s->come.first || s->gone))
		what |= WEIR_LOOP_IN;
	if (s->out && (s->space || s->gone))
		what |= WEIR_LOOP_OUT;
	if (s->gone) /* that is told whatever is asked for */
		what |= WEIR_LOOP_EOF;
	return what;
}

/* --- lines --- */

void twin_writes(struct twin *w, struct twin_sock *near, const void *bytes,
		 size_t len)
{
	const struct weir_addr nobody = { .b = { 0 } };

	twin_gives_gram(w, near, &nobody, 0, bytes, len, 0);
}

static long read_line(struct twin_sock *s, void *to, size_t room)
{
	struct twin_gram *g = s->come.first;
	size_t n;

	if (!g && !s->gone)
		return -EAGAIN;
	wings_world->acts++;
	if (!g)
		return 0;
	if (g->err) {
		n = (size_t)-g->err;
		twin_list_drop(&s->come);
		return -(long)n;
	}
	n = g->len < room ? g->len : room;
	memcpy(to, g->b, n);
	twin_list_drop(&s->come);
	return (long)n;
}

/* One more message into it; NULL and *@ret_err why not. */
static struct twin_gram *put_line(struct twin_sock *s, const void *bytes,
				  size_t len, int *ret_err)
{
	*ret_err = s->gone ? -EPIPE : s->space ? 0 : -EAGAIN;
	if (*ret_err)
		return NULL;
	wings_world->acts++;
	if (s->space != TWIN_EVER)
		s->space--;
	return twin_list_put(&s->sent, bytes, len);
}

static struct twin_sock *line_of(int fd)
{
	struct twin_sock *s = twin_sock_of(fd);

	if (s && s->kind != TWIN_LINE)
		twin_wrong(wings_world, "a message by what keeps none apart");
	return s && s->kind == TWIN_LINE ? s : NULL;
}

ssize_t recv(int fd, void *to, size_t room, int flags)
{
	struct twin_sock *s;
	long n = -EBADF;

	if (!wings_is_twins(fd))
		return syscall(SYS_recvfrom, fd, to, room, flags, NULL, NULL);
	s = line_of(fd);
	if (s)
		n = read_line(s, to, room);
	if (n >= 0)
		return n;
	errno = (int)-n;
	return -1;
}

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	struct twin_sock *s;
	int err = -EBADF;

	if (!wings_is_twins(fd))
		return syscall(SYS_sendto, fd, bytes, len, flags, NULL, 0);
	if (!(flags & MSG_NOSIGNAL))
		twin_wrong(wings_world, "a send that may end the engine");
	s = line_of(fd);
	if (s && put_line(s, bytes, len, &err))
		return (ssize_t)len;
	errno = -err;
	return -1;
}

/* --- the proxy --- */

int wings_pair_send(int fd, enum weir_msg_kind kind, const void *body,
		    size_t len, const int *given, unsigned n)
{
	struct twin_sock *s = line_of(fd);
	struct twin_gram *g;
	int err = -EBADF;

	if (!s || !(g = put_line(s, body, len, &err)))
		return err;
	if (len > WEIR_MSG_MAX_BYTES || n > 2)
		twin_wrong(wings_world, "a message too large");
	g->kind = kind;
	for (unsigned i = 0; i < n; i++) {
		struct twin_sock *x = twin_sock_of(given[i]);

		if (x)
			x->given = true;
		*(i ? &g->other : &g->fd) = given[i];
	}
	return 0;
}

int wings_pair_receive(int fd, void *buf, size_t cap, struct weir_msg *ret)
{
	struct twin_sock *s = line_of(fd);
	struct twin_gram *g = s ? s->come.first : NULL;
	int r = 1;

	if (!s)
		return -EBADF;
	if (!g && !s->gone)
		return -EAGAIN;
	wings_world->acts++;
	if (!g)
		return 0;
	if (g->err || g->len > cap) {
		r = g->err ? g->err : -EPROTO;
	} else {
		memcpy(buf, g->b, g->len);
		*ret = (struct weir_msg){ .kind = g->kind,
					  .body = weir_rd_over(buf, g->len) };
		if (g->fd)
			ret->fd[ret->n_fds++] = g->fd;
	}
	twin_list_drop(&s->come);
	return r;
}

struct twin_sock *twin_proxy(struct twin *w)
{
	int fd = twin_sock_open(TWIN_LINE);
	struct twin_gram *g;

	if (fd < 0)
		return NULL;
	g = twin_list_put(&w->orders, "", 0);
	g->kind = WEIR_MSG_PROXY;
	g->fd = fd;
	return twin_sock_of(fd);
}

struct twin_gram *twin_says(struct twin *w, struct twin_sock *proxy,
			    enum weir_msg_kind kind, const void *body,
			    size_t len, int err)
{
	struct twin_gram *g;

	twin_writes(w, proxy, body, len);
	g = proxy->come.last;
	g->kind = kind;
	g->err = err;
	return g;
}

void twin_dies(struct twin *w, struct twin_sock *proxy)
{
	for (const struct twin_gram *g = proxy->sent.first; g; g = g->next) {
		int fd[2] = { g->fd, g->other };

		for (unsigned i = 0; i < 2; i++)
			if (fd[i] && twin_near(w, fd[i])->pair)
				twin_parts(w, twin_near(w, fd[i]));
	}
	twin_parts(w, proxy);
}
