/* SPDX-License-Identifier: Apache-2.0 */
/* proxy.c - the process that opens what is intercepted */
#include "proxy/proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/pool.h"
#include "base/timer.h"
#include "packet/head.h"
#include "policy/image.h"
#include "proxy/crossing.h"
#include "proxy/dot.h"
#include "proxy/http.h"
#include "proxy/http2.h"
#include "proxy/leaf.h"
#include "proxy/secure.h"
#include "sys/clock.h"
#include "sys/loop.h"
#include "sys/msg.h"
#include "sys/shared.h"

#define CONNS_MAX    4096u
#define EVENTS       64
#define SECRET_BYTES 65536u
#define DEAF_US      5000u /* the engine had no room for a message */

enum tag { TAG_CONTROL = 1, TAG_ENGINE, TAG_GUEST, TAG_HOST };

#define TAG(kind, low) ((uint64_t)(kind) << 56 | (low))

/**
 * struct proxy - all of it
 * @conn:  by slot of @conns, that of no other is looked at
 * @timer: when a connection is to run whatever its sockets say; at once if it
 *         had more to do
 * @due:   a turn's, of those whose time has come
 */
struct proxy {
	int control, engine, loop;
	bool ready, over;
	int status;
	struct weir_leaf_mint *mint;
	struct weir_secure *secure;
	struct weir_image image;
	const void *policy;
	size_t policy_len;
	struct weir_crossing_owner owner;
	struct weir_http_owner http;
	struct weir_handover handover; /* the newest */
	void *memory;                  /* of the next two */
	struct weir_pool conns;
	struct weir_timer timer;
	struct weir_crossing *conn[CONNS_MAX];
	uint32_t due[CONNS_MAX];
	uint8_t room[WEIR_MSG_PACKET_BYTES];
	char noted[WEIR_SECURE_WHY_BYTES]; /* of a resolver, the last time */
	uint8_t in[WEIR_HTTP_IN_BYTES], head[WEIR_FIRST_BYTES]; /* of @http */
};

void weir_proxy_prepare(void)
{
	(void)signal(SIGPIPE, SIG_IGN); /* TLS writes with write(2) */
	tzset();                        /* even gmtime() reads a file once */
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	(void)CRYPTO_secure_malloc_init(SECRET_BYTES, 32);
	(void)OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}

static void fail(struct proxy *p, const char *what, int err)
{
	char text[160];

	snprintf(text, sizeof(text), "%s: %s", what, strerror(-err));
	(void)weir_msg_send(p->control, WEIR_MSG_FAILED, text, strlen(text),
			    NULL, 0);
	p->over = true;
	p->status = 1;
}

/* --- connections --- */

/* A stale event is not the next one's: 24 bits of the slot's generation say so.
 */
static uint64_t tag_of(const struct proxy *p, uint32_t i, enum tag side)
{
	uint64_t gen = weir_pool_id(&p->conns, i) >> 32 & 0xffffff;

	return TAG(side, gen << 32 | i);
}

/* False: the engine has no room for it now. */
static bool tell_end(const struct proxy *p, const struct weir_handover_end *e)
{
	uint8_t body[64];
	struct weir_wr w = weir_wr_over(body, sizeof(body));

	weir_handover_build_end(e, &w);
	return p->engine < 0 || weir_msg_try(p->engine, WEIR_MSG_HANDED, body,
					     weir_wr_len(&w)) != -EAGAIN;
}

/* Who waits for nothing is not watched: the kernel would tell of a hang-up again
 * and again. */
static bool change(struct proxy *p, uint32_t i, enum tag side)
{
	struct weir_crossing *x = p->conn[i];
	struct weir_crossing_side *s =
		&x->side[side == TAG_GUEST ? WEIR_TALK_GUEST : WEIR_TALK_HOST];
	uint64_t tag = tag_of(p, i, side);

	if (s->watched) {
		if (s->watching == s->watched)
			return true;
		if (!s->watching &&
		    weir_loop_watch(p->loop, s->fd, tag, false, false))
			return false;
		s->watching = s->watched;
		return weir_loop_change(p->loop, s->fd, tag,
					s->watched & WEIR_LOOP_IN,
					s->watched & WEIR_LOOP_OUT) == 0;
	}
	if (s->watching)
		weir_loop_forget(p->loop, s->fd);
	s->watching = 0;
	return true;
}

/* Why a resolver cannot be asked is nobody's answer: the operator is told, once
 * for each change. */
static void note(struct proxy *p, const struct weir_crossing *x)
{
	char text[WEIR_SECURE_WHY_BYTES + WEIR_HANDOVER_NAME_BYTES + 64];

	if (x->handover.kind != WEIR_HANDOVER_RESOLVER || !x->why ||
	    strcmp(x->text, p->noted) == 0)
		return;
	memcpy(p->noted, x->text, sizeof(p->noted));
	snprintf(text, sizeof(text),
		 "the resolver %s cannot be asked by TLS: %s",
		 x->handover.shown, x->text);
	(void)weir_msg_try(p->control, WEIR_MSG_NOTE, text, strlen(text));
}

/* How it ended is said before the pair is closed: else a reset would look like
 * an end in order. */
static void drop(struct proxy *p, uint32_t i)
{
	struct weir_crossing *x = p->conn[i];
	struct weir_handover_end e;

	note(p, x);
	weir_crossing_tell(x, &e);
	if (!tell_end(p, &e) && !p->over) {
		x->state = WEIR_CROSSING_OVER;
		weir_timer_set(&p->timer, i,
			       weir_clock_now_ns() / 1000 + DEAF_US);
		x->side[WEIR_TALK_GUEST].watched = 0;
		x->side[WEIR_TALK_HOST].watched = 0;
		(void)change(p, i, TAG_GUEST);
		(void)change(p, i, TAG_HOST);
		return;
	}
	weir_crossing_close(x, &e);
	free(x);
	weir_timer_cancel(&p->timer, i);
	weir_pool_give(&p->conns, i);
}

/* What is refused is the engine's to count and to tell: it has the flow. */
static void tell(void *ctx, const struct weir_http_told *t)
{
	struct weir_handover_denied d = {
		.flow = t->x->handover.flow,
		.rule = t->verdict.rule,
		.by = (uint8_t)t->verdict.by,
		.why = t->verdict.reason,
		.method = weir_rd_over("", 0),
		.path = weir_rd_over("", 0),
	};
	const struct proxy *p = ctx;
	uint8_t body[64 + WEIR_HANDOVER_METHOD_BYTES +
		     WEIR_HANDOVER_PATH_BYTES];
	struct weir_wr w = weir_wr_over(body, sizeof(body));

	if (t->head) {
		d.method = weir_rd_over(t->head->method, t->head->method_len);
		d.path = weir_rd_over(t->head->path, t->head->path_len);
	}
	weir_handover_build_denied(&d, &w);
	if (p->engine >= 0)
		(void)weir_msg_try(p->engine, WEIR_MSG_DENIED, body,
				   weir_wr_len(&w));
}

/* What was not asked for by name is HTTP/1 all the same, if it is at all. */
static bool open_talk(void *ctx, struct weir_crossing *x)
{
	struct proxy *p = ctx;

	if (x->handover.kind == WEIR_HANDOVER_DOT)
		return weir_dot_open(WEIR_TALK_HOST, &x->talk);
	if (x->handover.kind == WEIR_HANDOVER_RESOLVER)
		return weir_dot_open(WEIR_TALK_GUEST, &x->talk);
	if (x->protocol == WEIR_SECURE_HTTP2)
		return weir_http2_open(&p->http, x, &x->talk);
	return weir_http_open(&p->http, x, &x->talk);
}

static bool is_insecure(void *ctx, const struct weir_dns_name *name)
{
	const struct proxy *p = ctx;

	return weir_image_is_insecure(&p->image, name);
}

static void serve(struct proxy *p, uint32_t i)
{
	struct weir_crossing *x = p->conn[i];

	if (!weir_crossing_run(x, weir_clock_now_ns() / 1000,
			       (int64_t)(weir_clock_unix_us() / 1000000)) ||
	    !change(p, i, TAG_GUEST) || !change(p, i, TAG_HOST))
		drop(p, i);
	else if (x->again)
		weir_timer_set(&p->timer, i, 0);
	else if (x->due_us != UINT64_MAX)
		weir_timer_set(&p->timer, i, x->due_us);
	else
		weir_timer_cancel(&p->timer, i);
}

static void refuse(struct proxy *p, uint64_t flow, enum weir_reason why)
{
	const struct weir_handover_end e = { .flow = flow,
					     .how = WEIR_HANDOVER_RESET,
					     .why = why };

	(void)tell_end(p, &e);
}

/* Both descriptors are taken out of the message. */
static void take_conn(struct proxy *p, struct weir_msg *m)
{
	struct weir_handover *h = &p->handover;
	struct weir_crossing *x;
	uint32_t i;
	int fd[2];

	if (m->n_fds != WEIR_HANDOVER_FDS || !weir_handover_parse(&m->body, h))
		return;
	if (weir_pool_used(&p->conns) == CONNS_MAX) {
		refuse(p, h->flow, WEIR_REASON_LIMIT_FLOWS);
		return;
	}
	x = malloc(sizeof(*x));
	if (!x) {
		refuse(p, h->flow, WEIR_REASON_NO_MEMORY);
		return;
	}
	fd[WEIR_TALK_HOST] = m->fd[WEIR_HANDOVER_HOST];
	fd[WEIR_TALK_GUEST] = m->fd[WEIR_HANDOVER_GUEST];
	m->n_fds = 0;
	for (int k = 0; k < 2; k++)
		(void)fcntl(fd[k], F_SETFL, O_NONBLOCK);
	if (!weir_crossing_begin(x, p->secure, &p->owner, h, fd,
				 weir_clock_now_ns() / 1000)) {
		free(x);
		refuse(p, h->flow, WEIR_REASON_NO_MEMORY);
		return;
	}
	i = weir_pool_take(&p->conns);
	p->conn[i] = x;
	serve(p, i);
}

static void on_conn(struct proxy *p, const struct weir_loop_event *e)
{
	uint32_t i = (uint32_t)e->tag;
	bool guest = e->tag >> 56 == TAG_GUEST;

	if (!weir_pool_is_taken(&p->conns, i) ||
	    tag_of(p, i, guest ? TAG_GUEST : TAG_HOST) != e->tag)
		return;
	/* the engine closed its end: the guest was reset */
	if (guest && e->what & WEIR_LOOP_EOF &&
	    !p->conn[i]->side[WEIR_TALK_GUEST].shut)
		weir_crossing_gone(p->conn[i]);
	weir_crossing_ready(p->conn[i],
			    guest ? WEIR_TALK_GUEST : WEIR_TALK_HOST);
	serve(p, i);
}

/* --- messages --- */

static void take_ca(struct proxy *p, struct weir_msg *m)
{
	struct weir_leaf_ca ca;
	int r;

	ca.cert_len = weir_rd_be32(&m->body);
	ca.cert = weir_rd_take(&m->body, ca.cert_len);
	ca.key_len = m->body.left;
	ca.key = weir_rd_take(&m->body, ca.key_len);
	r = ca.cert && ca.key ? weir_leaf_new(&ca, &p->mint) : -EPROTO;
	if (r == 0)
		r = weir_secure_new(p->mint, &p->secure);
	if (r)
		fail(p, "the CA cannot be used", r);
}

static void take_trust(struct proxy *p, struct weir_msg *m)
{
	struct weir_secure_store s = { .name = NULL };
	struct weir_dns_name name;
	const void *map;
	size_t len;
	int r;

	if (m->n_fds == 0 || !p->secure ||
	    weir_shared_map(m->fd[0], &map, &len))
		return;
	if (m->body.left) {
		size_t n = m->body.left;
		const uint8_t *text = weir_rd_take(&m->body, n);

		if (!weir_dns_name_from_text((const char *)text, n, &name)) {
			weir_shared_unmap(map, len);
			return;
		}
		s.name = &name;
	}
	s.pem = map;
	s.len = len;
	r = weir_secure_trust(p->secure, &s);
	weir_shared_unmap(map, len);
	if (r < 0)
		fail(p, "there is no certificate to believe", r);
}

static void take_policy(struct proxy *p, struct weir_msg *m)
{
	struct weir_image image;
	const void *map;
	size_t len;

	if (m->n_fds == 0 || weir_shared_map(m->fd[0], &map, &len))
		return;
	if (!weir_image_open(map, len, &image)) {
		weir_shared_unmap(map, len);
		return;
	}
	if (p->policy)
		weir_shared_unmap(p->policy, p->policy_len);
	p->policy = map;
	p->policy_len = len;
	p->image = image;
}

static void take_engine(struct proxy *p, struct weir_msg *m)
{
	if (m->n_fds == 0)
		return;
	if (p->engine >= 0)
		close(p->engine);
	p->engine = m->fd[--m->n_fds];
	(void)fcntl(p->engine, F_SETFL, O_NONBLOCK);
	if (weir_loop_watch(p->loop, p->engine, TAG(TAG_ENGINE, 0), false,
			    false))
		fail(p, "the engine cannot be heard", -ENOMEM);
}

static void on_control(struct proxy *p)
{
	struct weir_msg m;
	int r = weir_msg_receive(p->control, p->room, sizeof(p->room), &m);

	if (r == -EAGAIN || r == -EPROTO)
		return;
	if (r <= 0) {
		p->over = true;
		p->status = 1;
		return;
	}
	if (m.kind == WEIR_MSG_CA && !p->mint)
		take_ca(p, &m);
	else if (m.kind == WEIR_MSG_TRUST)
		take_trust(p, &m);
	else if (m.kind == WEIR_MSG_POLICY)
		take_policy(p, &m);
	else if (m.kind == WEIR_MSG_PROXY)
		take_engine(p, &m);
	else if (m.kind == WEIR_MSG_STOP)
		p->over = true;
	weir_msg_close_fds(&m);
	if (m.kind == WEIR_MSG_CA) /* its key */
		OPENSSL_cleanse(p->room, sizeof(p->room));
	if (!p->ready && p->secure && p->engine >= 0 && !p->over) {
		p->ready = true;
		(void)weir_msg_send(p->control, WEIR_MSG_READY, NULL, 0, NULL,
				    0);
	}
}

static void on_engine(struct proxy *p)
{
	struct weir_msg m;
	int r = weir_msg_receive(p->engine, p->room, sizeof(p->room), &m);

	if (r == -EAGAIN || r == -EPROTO)
		return;
	if (r <= 0) {
		close(p->engine);
		p->engine = -1; /* control will say what becomes of us */
		return;
	}
	if (m.kind == WEIR_MSG_HANDOVER && p->secure)
		take_conn(p, &m);
	weir_msg_close_fds(&m);
}

/* --- the turn --- */

/* Those whose time has come. They are taken out first: who has more to do is
 * due again at once, but in the next turn. */
static void tick(struct proxy *p, uint64_t now_us)
{
	uint32_t i, n = 0;

	while ((i = weir_timer_expire(&p->timer, now_us)) != WEIR_TIMER_NONE)
		p->due[n++] = i;
	for (uint32_t k = 0; k < n; k++)
		serve(p, p->due[k]);
}

static uint64_t patience(const struct proxy *p, uint64_t now_us)
{
	uint64_t due_us = weir_timer_next_us(&p->timer);

	if (due_us == UINT64_MAX)
		return UINT64_MAX;
	return due_us > now_us ? due_us - now_us : 0;
}

static void turn(struct proxy *p)
{
	struct weir_loop_event e[EVENTS];
	uint64_t now = weir_clock_now_ns() / 1000;
	int n = weir_loop_wait(p->loop, e, EVENTS, patience(p, now));

	if (n < 0) {
		p->over = true;
		p->status = 1;
	}
	for (int i = 0; i < n && !p->over; i++) {
		switch ((enum tag)(e[i].tag >> 56)) {
		case TAG_CONTROL:
			on_control(p);
			break;
		case TAG_ENGINE:
			on_engine(p);
			break;
		case TAG_GUEST:
		case TAG_HOST:
			on_conn(p, &e[i]);
			break;
		}
	}
	tick(p, weir_clock_now_ns() / 1000);
}

static void end(struct proxy *p)
{
	for (uint32_t i = 0; i < weir_pool_high(&p->conns); i++)
		if (weir_pool_is_taken(&p->conns, i))
			drop(p, i);
	if (p->status == 0)
		(void)weir_msg_send(p->control, WEIR_MSG_BYE, NULL, 0, NULL, 0);
	if (p->engine >= 0)
		close(p->engine);
	if (p->loop >= 0)
		close(p->loop);
	if (p->policy)
		weir_shared_unmap(p->policy, p->policy_len);
	weir_secure_free(p->secure);
	weir_leaf_free(p->mint);
	free(p->memory);
}

static bool has_memory(struct proxy *p)
{
	size_t len = weir_pool_bytes(CONNS_MAX) + weir_timer_bytes(CONNS_MAX);
	struct weir_arena arena;

	p->memory = calloc(1, len);
	if (!p->memory)
		return false;
	weir_arena_init(&arena, p->memory, len);
	return weir_pool_init(&p->conns, &arena, CONNS_MAX) &&
	       weir_timer_init(&p->timer, &arena, CONNS_MAX,
			       weir_clock_now_ns() / 1000);
}

int weir_proxy_run(int control)
{
	struct proxy *p = calloc(1, sizeof(*p));
	int status;

	if (!p)
		return 1;
	p->control = control;
	p->engine = -1;
	p->owner = (struct weir_crossing_owner){ p, open_talk, is_insecure };
	p->http = (struct weir_http_owner){ .ctx = p,
					    .image = &p->image,
					    .in = p->in,
					    .head = p->head,
					    .tell = tell };
	p->loop = weir_loop_open();
	p->over = p->loop < 0 || !has_memory(p) ||
		  weir_loop_watch(p->loop, control, TAG(TAG_CONTROL, 0), false,
				  false) != 0;
	p->status = p->over;
	while (!p->over)
		turn(p);
	end(p);
	status = p->status;
	free(p);
	return status;
}
