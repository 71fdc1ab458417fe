/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wings.c - what the engine calls, in virtual time
 *
 * epoll is kept as it is: an edge-triggered socket is told of once when it is
 * watched and once for each thing that happens to it (`poked`), with all that
 * is true of it at that time; a level-triggered one as long as it is so.
 *
 * mmap() is here as well, for three reasons: the engine's memory can be looked
 * at, it can be refused, and it is given back after each of many runs.
 */
#include "wings.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/dial.h"
#include "host/resolver.h"
#include "link/tap.h"
#include "sys/clock.h"
#include "sys/entropy.h"

#define SPINS_MAX 2000u   /* turns in which nothing is done */
#define STEPS_MAX 400000u /* turns between two sleeps */

struct twin *wings_world;

/* --- host/dial.h --- */

static const struct twin_rule *
rule_for(const struct twin *w, const struct weir_addr *to, uint16_t port)
{
	static const struct twin_rule accept;

	for (unsigned i = 0; i < w->n_rules; i++) {
		const struct twin_rule *r = &w->rule[i];

		if (r->port && r->port != port)
			continue;
		if (weir_addr_is_zero(&r->to) || weir_addr_is_equal(&r->to, to))
			return r;
	}
	return &accept;
}

int weir_dial_start(const struct weir_addr *to, uint16_t port)
{
	const struct twin_rule *r = rule_for(wings_world, to, port);
	struct twin_sock *s;
	int fd;

	if (r->how == TWIN_FAIL_NOW)
		return r->err;
	fd = twin_sock_open(TWIN_TCP);
	if (fd < 0)
		return fd;
	wings_world->dials++;
	s = twin_sock_of(fd);
	s->to = *to;
	s->port = port;
	s->echo = r->echo;
	s->stage = TWIN_DIALLING;
	if (r->how == TWIN_ACCEPT)
		twin_tcp_connects(wings_world, s);
	else if (r->how == TWIN_FAIL_LATER)
		twin_tcp_fails(wings_world, s, r->err);
	return fd;
}

int weir_dial_result(int fd)
{
	struct twin_sock *s = twin_sock_of(fd);
	int err;

	if (!s)
		return -EBADF;
	if (s->stage == TWIN_DIALLING)
		return 0; /* SO_ERROR says nothing yet */
	err = s->err;
	s->err = 0;
	return err;
}

enum weir_reason weir_dial_reason(int err)
{
	switch (-err) {
	case ECONNREFUSED:
	case ECONNRESET:
		return WEIR_REASON_REFUSED;
	case ETIMEDOUT:
		return WEIR_REASON_TIMEOUT;
	case EMFILE:
	case ENFILE:
		return WEIR_REASON_NO_FDS;
	case ENOMEM:
	case ENOBUFS:
		return WEIR_REASON_NO_MEMORY;
	case EADDRNOTAVAIL:
		return WEIR_REASON_BIND;
	default:
		return WEIR_REASON_UNREACHABLE;
	}
}

static long send_some(struct twin_sock *s, const struct weir_span *part,
		      unsigned n)
{
	long done = 0;

	for (unsigned i = 0; i < n; i++) {
		size_t len = part[i].len;

		if (len > s->space)
			len = (size_t)s->space;
		twin_bytes_put(s->echo ? &s->down : &s->up, part[i].at, len);
		if (s->space != TWIN_EVER)
			s->space -= len;
		done += (long)len;
	}
	if (s->echo && done)
		twin_poke(s);
	return done;
}

long weir_dial_send(int fd, const struct weir_span *part, unsigned n)
{
	struct twin_sock *s = twin_sock_of(fd);
	int err;

	if (!s)
		return -EBADF;
	if (n == 0 || n > WEIR_DIAL_SPANS_MAX)
		twin_wrong(wings_world,
			   "a send of nothing, or of too many parts");
	wings_world->acts++;
	if (s->stage == TWIN_DIALLING || s->shut) {
		twin_wrong(wings_world,
			   "bytes sent before connect or after FIN");
		return -EPIPE;
	}
	if (s->stage == TWIN_FAILED || s->gone) {
		err = s->err ? s->err : -EPIPE;
		s->err = 0;
		return err;
	}
	s->sends++;
	return send_some(s, part, n);
}

long weir_dial_receive(int fd, const struct weir_span *part, unsigned n)
{
	struct twin_sock *s = twin_sock_of(fd);
	long done = 0;
	int err;

	if (!s)
		return -EBADF;
	if (n == 0 || n > WEIR_DIAL_SPANS_MAX)
		twin_wrong(wings_world,
			   "a receive into nothing or too many parts");
	wings_world->acts++;
	for (unsigned i = 0; i < n; i++) {
		size_t have = s->down.len - s->down.at;
		size_t len = part[i].len < have ? part[i].len : have;

		if (len)
			memcpy(part[i].at, s->down.b + s->down.at, len);
		s->down.at += len;
		done += (long)len;
	}
	if (done)
		return done;
	err = s->err;
	s->err = 0;
	if (err)
		return err;
	return s->eof ? 0 : -EAGAIN;
}

int weir_dial_shut(int fd)
{
	struct twin_sock *s = twin_sock_of(fd);

	if (!s)
		return -EBADF;
	wings_world->acts++;
	if (s->stage == TWIN_DIALLING || s->shut)
		twin_wrong(wings_world, "FIN before connect, or twice");
	if (s->stage == TWIN_FAILED)
		return -ENOTCONN;
	s->shut = true;
	if (s->echo)
		twin_tcp_ends(wings_world, s);
	return 0;
}

void weir_dial_close(int fd, bool reset)
{
	struct twin_sock *s;

	if (fd < 0)
		return;
	s = twin_sock_of(fd);
	if (s)
		s->hard = reset;
	twin_sock_close(fd);
}

/* --- host/resolver.h --- */

void weir_resolver_init(struct weir_resolver_call *c)
{
	*c = (struct weir_resolver_call){ .fd = -1 };
}

int weir_resolver_open(struct weir_resolver_call *c,
		       const struct weir_addr *server, uint16_t port, bool tcp,
		       const uint8_t *bytes, size_t len)
{
	struct twin_sock *s;
	int fd;

	if (c->fd >= 0)
		twin_wrong(wings_world, "a resolver call opened twice");
	if (wings_world->dns_err)
		return wings_world->dns_err;
	fd = twin_sock_open(TWIN_DNS);
	if (fd < 0)
		return fd;
	s = twin_sock_of(fd);
	s->to = *server;
	s->port = port;
	s->tcp = tcp;
	twin_list_put(&s->sent, bytes, len);
	c->fd = fd;
	c->tcp = tcp;
	c->sent = 0;
	c->out_len = tcp ? 1 : 0; /* one write more until it is sent */
	twin_poke(s);
	return 0;
}

bool weir_resolver_wants_write(const struct weir_resolver_call *c)
{
	return c->tcp && c->sent < c->out_len;
}

int weir_resolver_run(struct weir_resolver_call *c, uint8_t *to, size_t room)
{
	struct twin_sock *s = twin_sock_of(c->fd);
	struct twin_gram *g;
	size_t n;
	int r;

	if (!s)
		return -EBADF;
	wings_world->acts++;
	c->sent = c->out_len;
	g = s->come.first;
	if (!g)
		return 0;
	n = g->len < room ? g->len : room;
	r = g->err ? g->err : (int)n;
	memcpy(to, g->b, n);
	twin_list_drop(&s->come);
	return r;
}

void weir_resolver_close(struct weir_resolver_call *c)
{
	if (c->fd >= 0)
		twin_sock_close(c->fd);
	c->fd = -1;
}

/* --- link/tap.h --- */

void weir_tap_open(struct weir_tap *t, int fd)
{
	t->fd = fd;
}

static int tap_receive(void *self, uint8_t *buf)
{
	int fd = ((struct weir_tap *)self)->fd;
	struct twin_gram *g = wings_world->frames.first;
	int n;

	if (fd != wings_world->given_fd)
		twin_wrong(wings_world, "a frame from another descriptor");
	if (!g)
		return wings_world->link_err ? wings_world->link_err : -EAGAIN;
	wings_world->acts++;
	n = (int)g->len;
	memcpy(buf, g->b, g->len);
	twin_list_drop(&wings_world->frames);
	return n;
}

static int tap_send(void *self, const struct weir_span *part, unsigned n)
{
	int fd = ((struct weir_tap *)self)->fd;
	struct twin *w = wings_world;
	struct look *f;
	size_t len = 0;
	const char *why;

	if (fd != w->given_fd || n == 0 || n > WEIR_LINK_SPANS_MAX)
		twin_wrong(w, "a frame of no parts, or for nobody");
	w->acts++;
	if (w->link_room == 0)
		return -EAGAIN;
	if (w->link_room != UINT32_MAX)
		w->link_room--;
	for (unsigned i = 0; i < n; i++)
		len += part[i].len;
	f = wings_need(calloc(1, sizeof(*f) + len));
	for (unsigned i = 0; i < n; i++) {
		memcpy(f->b + f->len, part[i].at, part[i].len);
		f->len += part[i].len;
	}
	why = look_at(f, &w->charter);
	if (why)
		twin_wrong(w, why);
	w->n_out++;
	if (w->drop_frames) {
		free(f);
		return 0;
	}
	if (w->out_last)
		w->out_last->next = f;
	else
		w->out = f;
	w->out_last = f;
	return 0;
}

static int tap_fd(const void *self)
{
	return ((const struct weir_tap *)self)->fd;
}

static bool tap_wants_out(const void *self)
{
	(void)self;
	return wings_world->link_waits && wings_world->link_room == 0;
}

static void tap_close(void *self)
{
	close(((struct weir_tap *)self)->fd);
}

const struct weir_link_ops weir_tap_ops = { .receive = tap_receive,
					    .send = tap_send,
					    .wants_out = tap_wants_out,
					    .fd = tap_fd,
					    .close = tap_close };

/* --- sys/clock.h, sys/entropy.h --- */

uint64_t weir_clock_now_ns(void)
{
	return wings_world->now * 1000;
}

uint64_t weir_clock_unix_us(void)
{
	return UINT64_C(1700000000000000) + wings_world->now;
}

uint64_t weir_clock_now_ms(void)
{
	return wings_world->now / 1000;
}

int weir_entropy_fill(void *to, size_t len)
{
	uint8_t *b = to;

	for (size_t i = 0; i < len; i++) {
		wings_world->dice =
			wings_world->dice * 6364136223846793005u + 1;
		b[i] = (uint8_t)(wings_world->dice >> 56);
	}
	return 0;
}

/* --- sys/msg.h --- */

int weir_msg_send(int sock, enum weir_msg_kind kind, const void *body,
		  size_t len, const int *fd, unsigned n_fds)
{
	struct twin *w = wings_world;
	struct twin_gram *g;

	if (sock != TWIN_CONTROL)
		return wings_pair_send(sock, kind, body, len, fd, n_fds);
	if (n_fds)
		twin_wrong(w, "descriptors for control");
	g = twin_list_put(&w->said, body, len);
	g->kind = kind;
	if (kind == WEIR_MSG_BYE && w->house && w->house->up) {
		w->end_chunks = w->house->payload.used;
		w->end_flows = weir_pool_used(&w->house->streams.pool);
		w->end_half = w->house->streams.half_open;
	}
	return w->control_gone ? -EPIPE : 0;
}

/* The first link, or the one that follows one that was lost. */
static int give_link(struct twin *w)
{
	int fd = w->link_sock < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC)
				  : fcntl(w->link_sock, F_DUPFD_CLOEXEC, 3);

	if (w->given_fd < 0 || w->link_lost)
		w->given_fd = fd;
	w->link_lost = false;
	return fd;
}

int weir_msg_receive(int sock, void *buf, size_t cap, struct weir_msg *ret)
{
	struct twin *w = wings_world;
	struct twin_gram *g = w->orders.first;

	if (sock != TWIN_CONTROL)
		return wings_pair_receive(sock, buf, cap, ret);
	w->acts++;
	if (!g)
		return w->control_gone ? 0 : -EAGAIN;
	if (g->err || g->len > cap) {
		twin_list_drop(&w->orders);
		return -EPROTO;
	}
	memcpy(buf, g->b, g->len);
	*ret = (struct weir_msg){ .kind = g->kind,
				  .body = weir_rd_over(buf, g->len) };
	if (g->fd) {
		ret->fd[0] = g->fd;
		ret->n_fds = 1;
	}
	if (g->kind == WEIR_MSG_LINK) {
		ret->fd[0] = give_link(w);
		ret->n_fds = 1;
	}
	if (g->kind == WEIR_MSG_POLICY && w->policy_fd >= 0) {
		ret->fd[0] = fcntl(w->policy_fd, F_DUPFD_CLOEXEC, 3);
		ret->n_fds = 1;
	}
	twin_list_drop(&w->orders);
	return 1;
}

int weir_msg_try(int sock, enum weir_msg_kind kind, const void *body,
		 size_t len)
{
	return weir_msg_send(sock, kind, body, len, NULL, 0);
}

void weir_msg_close_fds(struct weir_msg *m)
{
	for (unsigned i = 0; i < m->n_fds; i++)
		close(m->fd[i]);
	m->n_fds = 0;
}

/* --- sys/loop.h --- */

int weir_loop_open(void)
{
	wings_world->loop_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return wings_world->loop_fd;
}

int weir_loop_watch(int loop, int fd, uint64_t tag, bool out, bool edge)
{
	struct twin *w = wings_world;
	struct twin_sock *s;

	if (loop != w->loop_fd)
		return -EBADF;
	if (fd == TWIN_CONTROL) {
		w->control_tag = tag;
		return 0;
	}
	if (fd == w->given_fd) {
		if (w->link_watched)
			return -EEXIST;
		w->link_tag = tag;
		w->link_watched = true;
		w->link_out = out;
		return 0;
	}
	s = twin_sock_of(fd);
	if (!s || s->watched)
		return s ? -EEXIST : -EBADF;
	if (wings_fails(w->watch_err, &w->watch_skip))
		return w->watch_err;
	s->watched = true;
	s->edge = edge;
	s->in = true;
	s->out = out;
	s->tag = tag;
	twin_poke(s);
	return 0;
}

int weir_loop_rearm(int loop, int fd, uint64_t tag, bool out)
{
	struct twin_sock *s = twin_sock_of(fd);

	if (loop != wings_world->loop_fd || !s || !s->watched || !s->edge) {
		twin_wrong(wings_world, "rearming of what is not watched");
		return -ENOENT;
	}
	s->tag = tag;
	s->out = out;
	twin_poke(s);
	return 0;
}

int weir_loop_change(int loop, int fd, uint64_t tag, bool in, bool out)
{
	struct twin_sock *s;

	if (fd == wings_world->given_fd && wings_world->link_watched) {
		wings_world->link_out = out;
		return 0;
	}
	s = twin_sock_of(fd);
	if (loop != wings_world->loop_fd || !s || !s->watched) {
		twin_wrong(wings_world, "change of what is not watched");
		return -ENOENT;
	}
	s->tag = tag;
	s->in = in;
	s->out = out;
	s->edge = false;
	twin_poke(s);
	return 0;
}

/* What epoll would say of a socket now. */
static uint32_t mask_of(const struct twin_sock *s)
{
	uint32_t what = 0;

	if (s->kind == TWIN_LINE)
		return wings_pair_mask(s);
	if (s->kind != TWIN_TCP) {
		if (s->come.first && s->in)
			what |= WEIR_LOOP_IN;
		if (s->out)
			what |= WEIR_LOOP_OUT;
		if (s->errors.first)
			what |= WEIR_LOOP_ERROR;
		return what;
	}
	if (s->stage == TWIN_DIALLING)
		return 0;
	if (s->down.at < s->down.len || s->eof || s->stage == TWIN_FAILED)
		what |= WEIR_LOOP_IN;
	if (s->space || s->stage == TWIN_FAILED)
		what |= WEIR_LOOP_OUT;
	if (s->eof || s->stage == TWIN_FAILED)
		what |= WEIR_LOOP_EOF;
	if (s->err)
		what |= WEIR_LOOP_ERROR;
	if (!s->out)
		what &= ~WEIR_LOOP_OUT;
	return what;
}

static int gather_socks(struct twin *w, struct weir_loop_event *ret, int max)
{
	bool level = false;
	int n = 0;
	unsigned i;

	if (!w->dirty)
		return 0;
	for (i = 0; i < w->n_socks && n < max; i++) {
		struct twin_sock *s = &w->sock[i];
		uint32_t what;

		if (!s->open || !s->watched || (s->edge && !s->poked))
			continue;
		s->poked = false;
		what = mask_of(s);
		if (!what)
			continue;
		ret[n++] = (struct weir_loop_event){ s->tag, what };
		level = level || !s->edge;
	}
	w->dirty = level || i < w->n_socks;
	return n;
}

static uint32_t mask_of_link(const struct twin *w)
{
	struct pollfd p = { w->given_fd, POLLIN, 0 };
	uint32_t what = 0;

	if (!w->link_watched)
		return 0;
	if (w->link_sock < 0)
		return w->frames.first || w->link_err ? WEIR_LOOP_IN : 0;
	if (w->link_out)
		p.events |= POLLOUT;
	(void)poll(&p, 1, 0);
	if (p.revents & POLLIN)
		what |= WEIR_LOOP_IN;
	if (p.revents & POLLOUT)
		what |= WEIR_LOOP_OUT;
	if (p.revents & POLLHUP)
		what |= WEIR_LOOP_EOF;
	if (p.revents & POLLERR)
		what |= WEIR_LOOP_ERROR;
	return what;
}

static int gather(struct twin *w, struct weir_loop_event *ret, int max)
{
	uint32_t link = mask_of_link(w);
	int n = 0;

	if ((w->orders.first || w->control_gone) && n < max)
		ret[n++] = (struct weir_loop_event){ w->control_tag,
						     WEIR_LOOP_IN };
	if (link && n < max)
		ret[n++] = (struct weir_loop_event){ w->link_tag, link };
	return n + gather_socks(w, ret + n, max - n);
}

static void watch_spins(struct twin *w, bool sleeps)
{
	w->turns++;
	if (w->accepts > w->accepts_most)
		w->accepts_most = w->accepts;
	w->accepts = 0;
	if (w->takes > w->takes_most)
		w->takes_most = w->takes;
	w->takes = 0;
	if (w->acts != w->acts_then || sleeps)
		w->waits_zero = 0;
	else if (++w->waits_zero > SPINS_MAX)
		twin_wrong(w, "the engine turns and does nothing");
	w->acts_then = w->acts;
	if (w->turns > STEPS_MAX)
		twin_wrong(w, "the engine turns and turns");
	if (w->wrong[0] && (w->waits_zero > SPINS_MAX || w->turns > STEPS_MAX))
		w->control_gone = true;
}

static void hand_over(struct twin *w)
{
	sem_post(&w->to_test);
	sem_wait(&w->to_engine);
}

/* Without this the link would stay, and what another process has too: that it
 * is closed is not enough. */
void weir_loop_forget(int loop, int fd)
{
	struct twin *w = wings_world;
	bool link = fd == w->given_fd;
	struct twin_sock *s = link ? NULL : twin_sock_of(fd);

	if (loop != w->loop_fd || !(link ? w->link_watched : s && s->watched))
		twin_wrong(w, "what is not watched is forgotten");
	if (s)
		s->watched = false;
	if (!link)
		return;
	w->link_watched = false;
	w->link_lost = true;
}

int weir_loop_wait(int loop, struct weir_loop_event *ret, int max,
		   uint64_t timeout_us)
{
	struct twin *w = wings_world;
	uint64_t due = UINT64_MAX;
	int n;

	if (loop != w->loop_fd)
		return -EBADF;
	watch_spins(w, timeout_us != 0);
	if (timeout_us < UINT64_MAX / 2)
		due = w->now + (timeout_us + 999) / 1000 * 1000;
	for (;;) {
		n = gather(w, ret, max);
		w->wakes++;
		if (n || timeout_us == 0)
			return n;
		if (due <= w->until) {
			w->now = due;
			return 0;
		}
		w->wakes--;
		if (w->now < w->until)
			w->now = w->until;
		w->turns = 0;
		if (w->idle)
			w->idle(w);
		else
			hand_over(w);
	}
}

/* --- memory --- */

/* Hidden, so that only what is linked with this file sees it. */
void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t off)
{
	struct twin *w = wings_world;
	void *p;

	if (w && w->no_memory && flags & MAP_NORESERVE) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	p = (void *)syscall(SYS_mmap, at, len, prot, flags, fd, off);
	if (!w || p == MAP_FAILED || fd >= 0)
		return p;
	if (flags & MAP_NORESERVE && !w->arena && w->house) {
		w->arena = p;
		w->arena_len = len;
	} else if (len == sizeof(struct weir_house) && !w->house) {
		w->house = p;
	}
	return p;
}

int munmap(void *at, size_t len)
{
	if (wings_world && at == wings_world->house)
		wings_world->house = NULL;
	if (wings_world && at == wings_world->arena)
		wings_world->arena = NULL;
	return (int)syscall(SYS_munmap, at, len);
}

bool weir_msg_is_waiting(int sock)
{
	const struct twin *w = wings_world;

	return sock == TWIN_CONTROL && (w->orders.first || w->control_gone);
}
