/* SPDX-License-Identifier: Apache-2.0 */
/* crossing.c - one intercepted connection */
#include "proxy/crossing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/loop.h"

#define ROUNDS_MAX  8u   /* in one run: others wait too */
#define SHORT_BYTES 8192 /* of a record, which has 16,384 at most */

#define GUEST WEIR_TALK_GUEST
#define HOST  WEIR_TALK_HOST

/* --- bytes --- */

static long read_side(struct weir_crossing_side *s, void *to, size_t n)
{
	ssize_t got;

	if (s->tls.ssl)
		return weir_secure_read(&s->tls, to, n);
	got = recv(s->fd, to, n, MSG_DONTWAIT);
	if (got >= 0)
		return got;
	return errno == EAGAIN || errno == EINTR ? -EAGAIN : -ECONNRESET;
}

static long write_side(struct weir_crossing_side *s, const void *from, size_t n)
{
	ssize_t done;

	if (s->tls.ssl)
		return weir_secure_write(&s->tls, from, n);
	done = send(s->fd, from, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (done >= 0)
		return done;
	return errno == EAGAIN || errno == EINTR ? -EAGAIN : -ECONNRESET;
}

/*
 * With TLS 1.3 a host that wants our certificate says so after its handshake, in
 * the place of its first byte (RFC 8446 4.4.2.4).
 */
static void lose(struct weir_crossing *x, enum weir_talk_side i)
{
	struct weir_crossing_side *s = &x->side[i];

	s->lost = true;
	if (i == HOST && s->tls.ssl && !s->bytes_in &&
	    weir_secure_why(&s->tls, x->text) == WEIR_REASON_CLIENT_CERT) {
		x->why = WEIR_REASON_CLIENT_CERT;
		x->talk.ops->fail(x->talk.self, x->why, x->text);
		return;
	}
	x->talk.ops->lost(x->talk.self, i);
}

/*
 * A read that would find nothing is a system call, and with TLS a buffer for a
 * record.  A record that is not full is mostly the last for now; if it is not the
 * loop, which is told by level, says so.
 */
static bool is_dry(const struct weir_crossing_side *s, long n, size_t room)
{
	if (n == -EAGAIN)
		return !s->tls.wants_write;
	return n > 0 && s->tls.ssl && (size_t)n < room && n < SHORT_BYTES &&
	       !weir_secure_has(&s->tls);
}

/* From a side into the talk.  True if something came. */
static bool take(struct weir_crossing *x, enum weir_talk_side i)
{
	struct weir_crossing_side *s = &x->side[i];
	uint8_t *room;
	size_t len;
	long n;

	if (s->ended || s->lost || s->dry || s->fd < 0)
		return false;
	room = x->talk.ops->room(x->talk.self, i, &len);
	if (!len)
		return false;
	n = read_side(s, room, len);
	s->dry = is_dry(s, n, len);
	if (n > 0) {
		s->bytes_in += (uint64_t)n;
		x->talk.ops->came(x->talk.self, i, (size_t)n);
	} else if (n == 0) {
		s->ended = true;
		x->talk.ops->ended(x->talk.self, i);
	} else if (n != -EAGAIN) {
		lose(x, i);
	}
	return n != -EAGAIN;
}

/* From the talk to a side.  True if something went. */
static bool give(struct weir_crossing *x, enum weir_talk_side i)
{
	struct weir_crossing_side *s = &x->side[i];
	const uint8_t *bytes;
	size_t len;
	long n;

	bytes = x->talk.ops->bytes(x->talk.self, i, &len);
	if (!len || s->lost || s->deaf || s->fd < 0)
		return false;
	n = write_side(s, bytes, len);
	if (n > 0) {
		s->bytes_out += (uint64_t)n;
		x->talk.ops->went(x->talk.self, i, (size_t)n);
	} else if (n != -EAGAIN) {
		s->deaf = true;
		x->talk.ops->deaf(x->talk.self, i);
	}
	return n != -EAGAIN;
}

/* The talk says that a side ends.  True if that is news. */
static bool finish(struct weir_crossing *x, enum weir_talk_side i,
		   uint64_t now_us)
{
	struct weir_crossing_side *s = &x->side[i];
	int r = 1;

	switch (x->talk.ops->end(x->talk.self, i)) {
	case WEIR_TALK_OPEN:
		return false;
	case WEIR_TALK_RESET:
		if (s->lost)
			return false;
		s->lost = true;
		return true;
	case WEIR_TALK_FIN:
		break;
	}
	if (s->shut || s->lost)
		return false;
	if (s->tls.ssl && !s->deaf)
		r = weir_secure_end(&s->tls);
	if (r == -EAGAIN)
		return false;
	s->shut = true;
	s->linger_us = now_us + WEIR_CROSSING_LINGER_US;
	(void)shutdown(s->fd, SHUT_WR);
	return true;
}

/* --- states --- */

/* TLS begins on the host's socket, which is offered these protocols. */
static int dial_host(struct weir_crossing *x, uint8_t protocols)
{
	struct weir_secure_target t = { .addr = &x->handover.to,
					.protocols = protocols };
	int r;

	if (x->has_name) {
		t.name = &x->name;
		t.insecure = x->owner->is_insecure(x->owner->ctx, &x->name);
	}
	r = weir_secure_dial(x->secure, x->side[HOST].fd, &t,
			     &x->side[HOST].tls);
	if (r == 0)
		x->state = WEIR_CROSSING_DIAL;
	return r;
}

bool weir_crossing_begin(struct weir_crossing *x, struct weir_secure *secure,
			 const struct weir_crossing_owner *owner,
			 const struct weir_handover *h, const int fd[2],
			 uint64_t now_us)
{
	struct weir_handover_end e;

	*x = (struct weir_crossing){
		.handover = *h,
		.owner = owner,
		.secure = secure,
		.state = WEIR_CROSSING_HELLO,
		.how = WEIR_HANDOVER_RESET,
		.due_us = now_us + WEIR_CROSSING_SHAKE_US,
		.side = { { .fd = fd[GUEST] }, { .fd = fd[HOST] } },
	};
	x->has_name =
		h->shown[0] &&
		weir_dns_name_from_text(h->shown, strlen(h->shown), &x->name);
	switch (h->kind) {
	case WEIR_HANDOVER_HTTP:
		x->state = WEIR_CROSSING_TALK;
		x->protocol = WEIR_SECURE_HTTP1;
		return true;
	case WEIR_HANDOVER_RESOLVER:
		if (dial_host(x, 0) == 0)
			return true;
		break;
	case WEIR_HANDOVER_TLS:
	case WEIR_HANDOVER_DOT:
		if (weir_secure_accept(secure, fd[GUEST],
				       &x->side[GUEST].tls) == 0)
			return true;
		break;
	}
	weir_crossing_close(x, &e);
	return false;
}

/* What the hello says must be what the engine judged. */
static bool is_same_name(const struct weir_crossing *x)
{
	if (x->hello.has_name != x->has_name)
		return false;
	return !x->has_name || weir_dns_is_exact_name(&x->hello.name, &x->name);
}

/* The guest is told who we say that we are, and in which protocol. */
static int show_leaf(struct weir_crossing *x, int64_t unix_s)
{
	int r = weir_secure_answer(x->secure, &x->side[GUEST].tls,
				   x->has_name ? &x->name : NULL,
				   &x->handover.to, x->protocol, unix_s);

	x->state = WEIR_CROSSING_ANSWER;
	x->due_us += WEIR_CROSSING_SHAKE_US;
	return r ? r : 1;
}

/* Nobody looked at the hello of a DOT before us, and no host is asked. */
static int hear_hello(struct weir_crossing *x, int64_t unix_s)
{
	const uint8_t http = WEIR_SECURE_HTTP1 | WEIR_SECURE_HTTP2;
	int r = weir_secure_hello(&x->side[GUEST].tls, &x->hello);

	if (r != 1)
		return r;
	if (x->handover.kind == WEIR_HANDOVER_DOT) {
		x->has_name = x->hello.has_name;
		x->name = x->hello.name;
		return show_leaf(x, unix_s);
	}
	if (!is_same_name(x))
		return -EPROTO;
	r = dial_host(x, x->hello.protocols & http);
	return r ? r : 1;
}

/* The protocol in which a guest can be told that its host is none. */
static uint8_t plain_words(const struct weir_crossing *x)
{
	uint8_t p = x->hello.protocols;

	return p & WEIR_SECURE_HTTP1 ? WEIR_SECURE_HTTP1
				     : p & WEIR_SECURE_HTTP2;
}

static int ask_host(struct weir_crossing *x, uint64_t now_us, int64_t unix_s)
{
	int r = weir_secure_shake(&x->side[HOST].tls);

	if (r == -EAGAIN && now_us < x->due_us)
		return r;
	if (r == 1) {
		x->protocol = weir_secure_protocol(&x->side[HOST].tls);
	} else {
		x->why = weir_secure_why(&x->side[HOST].tls, x->text);
		if (r == -EAGAIN)
			snprintf(x->text, sizeof(x->text),
				 "TLS with the host failed: it is silent");
		x->protocol = plain_words(x);
		x->side[HOST].lost = true;
	}
	if (x->handover.kind != WEIR_HANDOVER_RESOLVER)
		return show_leaf(x, unix_s);
	x->state = WEIR_CROSSING_TALK;
	x->due_us = UINT64_MAX;
	return 1;
}

static int answer_guest(struct weir_crossing *x)
{
	int r = weir_secure_shake(&x->side[GUEST].tls);

	if (r == 1) {
		x->state = WEIR_CROSSING_TALK;
		x->due_us = UINT64_MAX;
	}
	return r;
}

static bool is_side_over(const struct weir_crossing_side *s, uint64_t now_us)
{
	return s->lost || (s->shut && (s->ended || now_us >= s->linger_us));
}

/* A side that was listened to long enough waits for the other one. */
static void set_due(struct weir_crossing *x, uint64_t now_us)
{
	x->due_us = UINT64_MAX;
	for (int i = 0; i < 2; i++) {
		const struct weir_crossing_side *s = &x->side[i];

		if (s->shut && !s->ended && !s->lost && s->linger_us > now_us &&
		    s->linger_us < x->due_us)
			x->due_us = s->linger_us;
	}
}

/* Return: 1 something moved; -EAGAIN nothing can; -EPROTO it is over. */
static int talk(struct weir_crossing *x, uint64_t now_us)
{
	bool more = take(x, GUEST);

	more = take(x, HOST) || more;
	more = give(x, HOST) || more;
	more = give(x, GUEST) || more;
	more = finish(x, HOST, now_us) || more;
	more = finish(x, GUEST, now_us) || more;
	if (is_side_over(&x->side[GUEST], now_us) &&
	    is_side_over(&x->side[HOST], now_us)) {
		if (!x->side[GUEST].lost)
			x->how = WEIR_HANDOVER_CLOSED;
		return -EPROTO;
	}
	set_due(x, now_us);
	return more ? 1 : -EAGAIN;
}

static int begin_talk(struct weir_crossing *x)
{
	if (!x->owner->open(x->owner->ctx, x))
		return -ENOMEM;
	if (x->why)
		x->talk.ops->fail(x->talk.self, x->why, x->text);
	return 1;
}

static int step(struct weir_crossing *x, uint64_t now_us, int64_t unix_s)
{
	switch (x->state) {
	case WEIR_CROSSING_HELLO:
		return hear_hello(x, unix_s);
	case WEIR_CROSSING_DIAL:
		return ask_host(x, now_us, unix_s);
	case WEIR_CROSSING_ANSWER:
		return answer_guest(x);
	case WEIR_CROSSING_TALK:
		return x->talk.ops ? talk(x, now_us) : begin_talk(x);
	case WEIR_CROSSING_OVER:
		break;
	}
	return -EPROTO;
}

/* What a side waits for, once nothing more can be done. */
static void watch(struct weir_crossing *x, enum weir_talk_side i)
{
	static const enum weir_talk_side shaking[] = {
		[WEIR_CROSSING_HELLO] = GUEST,
		[WEIR_CROSSING_DIAL] = HOST,
		[WEIR_CROSSING_ANSWER] = GUEST,
	};
	struct weir_crossing_side *s = &x->side[i];
	size_t room, bytes;

	s->watched = 0;
	if (s->lost)
		return;
	/* whatever it waits for: a guest that is gone is to be seen */
	if (i == GUEST && !s->shut)
		s->watched = WEIR_LOOP_EOF;
	if (s->tls.wants_write)
		s->watched |= WEIR_LOOP_OUT;
	if (x->state != WEIR_CROSSING_TALK) {
		if (shaking[x->state] == i)
			s->watched |= WEIR_LOOP_IN;
		return;
	}
	if (!x->talk.ops)
		return;
	(void)x->talk.ops->room(x->talk.self, i, &room);
	if (room && !s->ended)
		s->watched |= WEIR_LOOP_IN;
	(void)x->talk.ops->bytes(x->talk.self, i, &bytes);
	if (bytes && !s->deaf)
		s->watched |= WEIR_LOOP_OUT;
}

/* A host that is silent is told to the guest, who then has as long again. */
static bool is_too_late(const struct weir_crossing *x, uint64_t now_us)
{
	return now_us >= x->due_us && (x->state == WEIR_CROSSING_HELLO ||
				       x->state == WEIR_CROSSING_ANSWER);
}

bool weir_crossing_run(struct weir_crossing *x, uint64_t now_us, int64_t unix_s)
{
	int r = is_too_late(x, now_us) ? -EPROTO : 1;

	for (unsigned i = 0; r == 1 && i < ROUNDS_MAX; i++)
		r = step(x, now_us, unix_s);
	if (r != 1 && r != -EAGAIN) {
		x->state = WEIR_CROSSING_OVER;
		return false;
	}
	x->again = r == 1;
	watch(x, GUEST);
	watch(x, HOST);
	return true;
}

void weir_crossing_ready(struct weir_crossing *x, enum weir_talk_side side)
{
	x->side[side].dry = false;
}

void weir_crossing_gone(struct weir_crossing *x)
{
	if (x->side[GUEST].lost)
		return;
	if (x->talk.ops)
		lose(x, GUEST);
	else
		x->state = WEIR_CROSSING_OVER;
}

/* --- the end --- */

static void close_side(struct weir_crossing_side *s, bool reset)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	weir_secure_close(&s->tls);
	if (s->fd < 0)
		return;
	if (reset)
		(void)setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &now,
				 sizeof(now));
	close(s->fd);
	s->fd = -1;
}

void weir_crossing_tell(const struct weir_crossing *x,
			struct weir_handover_end *ret)
{
	*ret = (struct weir_handover_end){
		.flow = x->handover.flow,
		.up = x->side[HOST].bytes_out,
		.down = x->side[HOST].bytes_in,
		.how = x->how,
		.why = x->why,
	};
}

void weir_crossing_close(struct weir_crossing *x, struct weir_handover_end *ret)
{
	weir_crossing_tell(x, ret);
	if (x->talk.ops)
		x->talk.ops->close(x->talk.self);
	x->talk = (struct weir_talk){ .ops = NULL };
	close_side(&x->side[HOST], !x->side[HOST].shut || x->side[HOST].deaf);
	close_side(&x->side[GUEST], false);
}
