/* SPDX-License-Identifier: Apache-2.0 */
/* cross.c - TCP flows that the proxy opens: from the engine's side */
#include "engine/cross.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/lines.h"
#include "engine/relay.h"
#include "engine/streams.h"
#include "engine/tell.h"
#include "engine/verdict.h"
#include "sys/loop.h"

#define TLS_PORT  443u
#define HTTP_PORT 80u
#define PROXY_TAG WEIR_HOUSE_TAG(WEIR_HOUSE_TAG_PROXY, 0)
#define WORDS     256u /* of the proxy, at once */

bool weir_cross_has_guarded(const struct weir_house *h)
{
	return h->policy.image.flags & WEIR_IMAGE_GUARDED;
}

bool weir_cross_is_watched(const struct weir_house *h, uint32_t i)
{
	const struct weir_conn *c = &h->streams.conn[i];

	if (h->streams.side[i].flags & (WEIR_SIDE_NAMES | WEIR_SIDE_IN) ||
	    weir_lines_is_dot(h, c->ends.fport))
		return false;
	return weir_image_is_intercepted(&h->policy.image, c->ends.fport) ||
	       (weir_cross_has_guarded(h) &&
		(c->ends.fport == TLS_PORT || c->ends.fport == HTTP_PORT));
}

bool weir_cross_is_wanted(const struct weir_house *h, uint32_t i,
			  enum weir_handover_kind kind,
			  const struct weir_dns_name *name)
{
	const struct weir_image *p = &h->policy.image;
	uint16_t port = h->streams.conn[i].ends.fport;
	bool guarded = name && weir_image_is_guarded(p, name);

	if (kind == WEIR_HANDOVER_HTTP)
		return guarded;
	if (guarded)
		return true;
	return weir_image_is_intercepted(p, port) &&
	       !(name && weir_image_is_bypassed(p, name));
}

static void put_name(char to[WEIR_HANDOVER_NAME_BYTES],
		     const struct weir_dns_name *name)
{
	char text[4 * WEIR_DNS_NAME_MAX_BYTES + 1];
	size_t n = weir_dns_name_to_text(name, text, sizeof(text));

	if (n >= WEIR_HANDOVER_NAME_BYTES)
		n = 0; /* escaped: no host is called so */
	memcpy(to, text, n);
	to[n] = 0;
}

/* Its number in the log, which no other guest's flow has, and its place. */
static uint64_t flow_of(const struct weir_house *h, uint32_t i)
{
	return (h->streams.side[i].fact.id & INT32_MAX) << 32 | i;
}

/* One that the proxy was given, or NONE. */
static uint32_t find_flow(const struct weir_house *h, uint64_t flow)
{
	uint32_t i = (uint32_t)flow;

	return weir_pool_is_taken(&h->streams.pool, i) &&
			       h->streams.side[i].flags & WEIR_SIDE_CROSSED &&
			       flow_of(h, i) == flow
		       ? i
		       : WEIR_HOUSE_NONE;
}

static void describe(struct weir_house *h, uint32_t i,
		     struct weir_handover *ret)
{
	const struct weir_dns_name *pin[WEIR_HANDOVER_PINS_MAX];
	const struct weir_conn *c = weir_relay_conn(h, i);
	const struct weir_fact *f = &h->streams.side[i].fact;
	const struct weir_dns_name *shown =
		weir_shelf_at(&h->streams.shown, f->shown);
	uint32_t n = weir_verdict_names(h, &c->ends.far, pin,
					WEIR_HANDOVER_PINS_MAX);

	ret->flow = flow_of(h, i);
	ret->to = c->ends.far;
	ret->port = c->ends.fport;
	ret->rule = f->rule;
	ret->by = f->by;
	ret->shown[0] = 0;
	if (shown)
		put_name(ret->shown, shown);
	ret->n_pins = 0;
	for (uint32_t k = 0; k < n; k++) {
		put_name(ret->pin[ret->n_pins], pin[k]);
		if (ret->pin[ret->n_pins][0])
			ret->n_pins++;
	}
}

enum weir_reason weir_cross_send(struct weir_house *h,
				 const struct weir_handover *x,
				 const int fd[WEIR_HANDOVER_FDS])
{
	uint8_t body[sizeof(*x) + 64];
	struct weir_wr w = weir_wr_over(body, sizeof(body));
	int r;

	_Static_assert(sizeof(body) <= WEIR_MSG_MAX_BYTES, "one message");
	weir_handover_build(x, &w);
	r = weir_msg_send(h->proxy, WEIR_MSG_HANDOVER, body, weir_wr_len(&w),
			  fd, WEIR_HANDOVER_FDS);
	if (r == -EAGAIN)
		h->proxy_full = weir_loop_change(h->loop, h->proxy, PROXY_TAG,
						 true, true) == 0;
	return r ? WEIR_REASON_PROXY_DOWN : WEIR_REASON_NONE;
}

/*
 * The pair takes the place of the host's socket, which the proxy has now.  A unix
 * socket is told to be writable after each read at its other end: that is asked
 * for only where a send came up short (relay.c).
 */
static bool swap(struct weir_house *h, uint32_t i, int fd)
{
	const uint16_t gone = WEIR_SIDE_READABLE | WEIR_SIDE_ERROR |
			      WEIR_SIDE_BROKEN | WEIR_SIDE_BULK;
	struct weir_side *side = &h->streams.side[i];

	if (side->fd >= 0)
		weir_loop_forget(h->loop, side->fd);
	if (weir_loop_watch(h->loop, fd, weir_streams_tag(h, i), false, true))
		return false;
	if (side->fd >= 0)
		close(side->fd);
	side->fd = fd;
	side->flags &= (uint16_t)~gone;
	side->flags |= WEIR_SIDE_WRITABLE | WEIR_SIDE_CROSSED;
	return true;
}

/* @host: what the proxy has at the other end: the host's socket, or a line */
static enum weir_reason hand(struct weir_house *h, uint32_t i,
			     enum weir_handover_kind kind, int host)
{
	struct weir_handover x = { .kind = kind };
	enum weir_reason why;
	int pair[2], fd[WEIR_HANDOVER_FDS];

	if (h->proxy < 0 || h->proxy_full)
		return WEIR_REASON_PROXY_DOWN;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		       pair))
		return WEIR_REASON_NO_FDS;
	describe(h, i, &x);
	fd[WEIR_HANDOVER_HOST] = host;
	fd[WEIR_HANDOVER_GUEST] = pair[1];
	why = weir_cross_send(h, &x, fd);
	close(pair[1]);
	if (why == WEIR_REASON_NONE && swap(h, i, pair[0]))
		return WEIR_REASON_NONE;
	close(pair[0]); /* the proxy, if it has the other end, sees that */
	return why == WEIR_REASON_NONE ? WEIR_REASON_NO_MEMORY : why;
}

enum weir_reason weir_cross_hand(struct weir_house *h, uint32_t i,
				 enum weir_handover_kind kind)
{
	return hand(h, i, kind, h->streams.side[i].fd);
}

enum weir_reason weir_cross_join(struct weir_house *h, uint32_t i, int line)
{
	return hand(h, i, WEIR_HANDOVER_DOT, line);
}

static void end_all(struct weir_house *h);

/* Those that wait until it takes more try again. */
static void wake(struct weir_house *h)
{
	const uint32_t high = weir_pool_high(&h->streams.pool);

	h->proxy_full = false;
	for (uint32_t i = 0; h->up && i < high; i++)
		if (weir_pool_is_taken(&h->streams.pool, i) &&
		    h->streams.side[i].flags & WEIR_SIDE_GATED)
			weir_streams_busy(h, i);
}

void weir_cross_open(struct weir_house *h, int fd)
{
	if (h->proxy >= 0) {
		close(h->proxy);
		if (h->up)
			end_all(h);
	}
	h->proxy = fd;
	if (h->proxy_full)
		wake(h);
	if (fd < 0)
		return;
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	if (weir_loop_watch(h->loop, fd, PROXY_TAG, false, false)) {
		close(fd);
		h->proxy = -1;
	}
}

/* One has ended; what the pair still holds comes before its end. */
static void take_end(struct weir_house *h, struct weir_rd *body)
{
	struct weir_handover_end e;
	uint32_t i;

	if (!weir_handover_parse_end(body, &e))
		return;
	i = find_flow(h, e.flow);
	if (i == WEIR_HOUSE_NONE)
		return;
	if (e.why != WEIR_REASON_NONE && weir_relay_conn(h, i)->over == 0)
		weir_relay_conn(h, i)->over = (uint8_t)e.why;
	if (e.how == WEIR_HANDOVER_RESET)
		h->streams.side[i].flags |=
			WEIR_SIDE_BROKEN | WEIR_SIDE_READABLE;
	weir_streams_busy(h, i);
}

/* A request was refused: counted and told as if it were ours. */
static void take_denied(struct weir_house *h, struct weir_rd *body)
{
	struct weir_handover_denied d;
	struct weir_judge_verdict v = { .said = WEIR_JUDGE_DENY };
	struct weir_head head = { .len = 0 };
	uint32_t i;

	if (!weir_handover_parse_denied(body, &d))
		return;
	weir_house_count(h, d.why);
	i = find_flow(h, d.flow);
	if (i == WEIR_HOUSE_NONE)
		return; /* its flow is over by now */
	v.by = d.by == WEIR_JUDGE_BY_RULE && d.rule ? WEIR_JUDGE_BY_RULE
						    : WEIR_JUDGE_BY_NOTHING;
	v.rule = d.rule;
	v.reason = d.why;
	head.method = (const char *)d.method.at;
	head.method_len = d.method.left;
	head.path = (const char *)d.path.at;
	head.path_len = d.path.left;
	weir_tell_deny(h, i, &v, head.method_len ? &head : NULL);
}

/* The proxy has gone, and all it had open. */
static void end_all(struct weir_house *h)
{
	const uint32_t high = weir_pool_high(&h->streams.pool);

	for (uint32_t i = 0; i < high; i++) {
		if (!weir_pool_is_taken(&h->streams.pool, i) ||
		    !(h->streams.side[i].flags & WEIR_SIDE_CROSSED))
			continue;
		weir_conn_abort(weir_relay_conn(h, i), WEIR_REASON_PROXY_DOWN);
		weir_streams_busy(h, i);
	}
}

/* True: there may be more. */
static bool hear(struct weir_house *h)
{
	uint8_t buf[WEIR_MSG_PACKET_BYTES];
	struct weir_msg m;
	int r = weir_msg_receive(h->proxy, buf, sizeof(buf), &m);

	if (r == -EAGAIN)
		return false;
	if (r == -EPROTO)
		return true;
	if (r <= 0) {
		weir_cross_open(h, -1);
		return false;
	}
	weir_msg_close_fds(&m);
	if (m.kind == WEIR_MSG_HANDED && h->up)
		take_end(h, &m.body);
	else if (m.kind == WEIR_MSG_DENIED && h->up)
		take_denied(h, &m.body);
	return true;
}

void weir_cross_event(struct weir_house *h)
{
	for (unsigned n = 0; h->proxy >= 0 && n < WORDS && hear(h); n++)
		;
}

void weir_cross_writable(struct weir_house *h)
{
	if (h->proxy < 0 || !h->proxy_full)
		return;
	(void)weir_loop_change(h->loop, h->proxy, PROXY_TAG, true, false);
	wake(h);
}
