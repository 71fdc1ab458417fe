/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crossed.h - the test as the proxy: what it was given, and what it says
 *
 *	crossing("intercept 443", ...); say(hello); last().pair ...; done();
 */
#ifndef CROSSED_H
#define CROSSED_H

#include "record/event.h"
#include "shown.h"
#include "sys/handover.h"

static struct guest_conn more[40] UNUSED;

/* the engine's end of the pair by which both speak */
static struct twin_sock *proxy;

/**
 * struct given - one that was handed over
 * @host:  the host's socket, or of DNS over TLS the engine's end of the line
 * @guest: the engine's end of the other pair: what it sent came from the guest
 */
struct given {
	struct weir_handover x;
	struct twin_sock *host, *guest;
};

UNUSED static unsigned n_given(void)
{
	unsigned n = 0;

	for (const struct twin_gram *m = proxy->sent.first; m; m = m->next)
		n += m->kind == WEIR_MSG_HANDOVER;
	return n;
}

/* The @n-th, from 0. */
UNUSED static struct given given(unsigned n)
{
	const struct twin_gram *m = proxy->sent.first;
	struct weir_rd in;
	struct given ret;

	for (; m && n; m = m->next)
		n--;
	CHECK(m && m->kind == WEIR_MSG_HANDOVER && m->fd && m->other);
	in = weir_rd_over(m->b, m->len);
	CHECK(weir_handover_parse(&in, &ret.x));
	ret.host = twin_near(&w, m->fd);
	ret.guest = twin_near(&w, m->other);
	return ret;
}

UNUSED static struct given last(void)
{
	return given(n_given() - 1);
}

UNUSED static void handed(uint64_t flow, enum weir_handover_how how,
			  enum weir_reason why)
{
	const struct weir_handover_end e = { flow, 0, 0, how, why };
	uint8_t body[64];
	struct weir_wr to = weir_wr_over(body, sizeof(body));

	weir_handover_build_end(&e, &to);
	twin_says(&w, proxy, WEIR_MSG_HANDED, body, weir_wr_len(&to), 0);
}

UNUSED static void denied(uint64_t flow, uint8_t by, uint32_t number,
			  const char *method, const char *path)
{
	const struct weir_handover_denied d = {
		.flow = flow,
		.rule = number,
		.by = by,
		.why = WEIR_REASON_HTTP_RULE,
		.method = weir_rd_over(method, strlen(method)),
		.path = weir_rd_over(path, strlen(path)),
	};
	static uint8_t body[2048];
	struct weir_wr to = weir_wr_over(body, sizeof(body));

	weir_handover_build_denied(&d, &to);
	twin_says(&w, proxy, WEIR_MSG_DENIED, body, weir_wr_len(&to), 0);
}

/* A world with that policy, and a proxy. */
UNUSED static void crossing(const char *a, const char *b, const char *third)
{
	policy(a, b);
	if (third)
		w.policy[w.n_policy++] = third;
	w.charter.events = WEIR_EVENT_ALL & ~WEIR_EVENT_BIT(WEIR_EVENT_START);
	begin();
	proxy = twin_proxy(&w);
	twin_step(&w);
	CHECK(proxy && proxy->watched);
}

/* @conn shows @name to port 443, or whatever is intercepted there. */
UNUSED static void shows(struct guest_conn *conn, uint16_t port,
			 const char *name)
{
	struct hello h = hello_of(name, 0);

	CHECK(guest_connect(&g, conn, &far4, port));
	CHECK(guest_send(&g, conn, h.b, h.len));
	guest_talk(&g);
}

/* A world where 443 is intercepted, and @c was handed over. */
UNUSED static struct given crossed(void)
{
	crossing("intercept 443", "allow public", NULL);
	shows(&c, 443, "www.example.com");
	CHECK_EQ(n_given(), 1);
	return last();
}

/* How many flows there are. */
UNUSED static unsigned flows(void)
{
	return weir_pool_used(&w.house->streams.pool);
}

static struct weir_event ev UNUSED;

/* How many events of a kind were told; the last of them is in @ev. */
UNUSED static unsigned told(enum weir_event_kind kind)
{
	static struct weir_event e;
	unsigned n = 0;

	for (const struct twin_gram *m = w.said.first; m; m = m->next) {
		struct weir_rd in = weir_rd_over(m->b, m->len);

		while (m->kind == WEIR_MSG_EVENTS && in.left) {
			uint16_t len = weir_rd_be16(&in);
			struct weir_rd one = weir_rd_sub(&in, len);

			CHECK(weir_event_parse(&one, &e));
			if (e.kind != kind)
				continue;
			n++;
			ev = e;
		}
	}
	return n;
}

#endif /* CROSSED_H */
