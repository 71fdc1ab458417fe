/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolving.h - resolvers by TLS: the test is the proxy, which has TLS with
 * them
 *
 *	world_of("dns.example", NULL); ask(1); answers(last().guest, NULL); done();
 */
#ifndef RESOLVING_H
#define RESOLVING_H

#include "crossed.h"
#include "dnsbits.h"

#define DOT      853
#define PATIENCE (WEIR_DNS_TIMEOUT_MS + 10)

static const struct weir_addr first UNUSED = {
	.b = { [10] = 0xff, 0xff, 9, 9, 9, 9 }
};
static const struct weir_addr second UNUSED = { .b = { 0x26, [15] = 0xfe } };

UNUSED static void upstreams(struct weir_charter *to, const char *a,
			     const char *b)
{
	to->n_upstreams = b ? 2 : 1;
	to->upstream[0] = (struct weir_charter_upstream){ first, DOT, "" };
	to->upstream[1] = (struct weir_charter_upstream){ second, DOT, "" };
	snprintf(to->upstream[0].name, sizeof(to->upstream[0].name), "%s", a);
	if (b)
		snprintf(to->upstream[1].name, sizeof(to->upstream[1].name),
			 "%s", b);
}

/* Two servers, by TLS if they have a name; @b NULL: one. */
UNUSED static void world_of(const char *a, const char *b)
{
	twin_init(&w);
	w.charter.events = WEIR_EVENT_ALL & ~WEIR_EVENT_BIT(WEIR_EVENT_START);
	upstreams(&w.charter, a, b);
	begin();
	proxy = twin_proxy(&w);
	twin_step(&w);
}

/* The same two while it runs. */
UNUSED static void reload(const char *a, const char *b)
{
	static uint8_t body[4096];
	struct weir_wr to = weir_wr_over(body, sizeof(body));
	struct weir_charter other = w.charter;

	upstreams(&other, a, b);
	if (!a[0] && !b)
		other.n_upstreams = 0; /* none */
	weir_charter_build_upstreams(&other, &to);
	twin_order(&w, WEIR_MSG_UPSTREAMS, body, weir_wr_len(&to));
	guest_talk(&g);
}

/* The guest asks for nID.example by UDP. */
UNUSED static void ask(uint16_t id)
{
	static struct guest_frame f;
	uint8_t q[512];
	char name[32];
	size_t len;

	snprintf(name, sizeof(name), "n%u.example", (unsigned)id);
	len = dnsbits_ask(q, id, name, WEIR_DNS_A);
	guest_udp_frame(&g, &(struct guest_ip){ .to = w.charter.dns4 }, 5000,
			53, q, len, &f);
	guest_put(&g, &f);
	guest_talk(&g);
}

/* What the last one was told. */
UNUSED static struct dnsbits reply(void)
{
	struct dnsbits d;

	CHECK(g.grams.last != NULL);
	CHECK(dnsbits_read(g.grams.last->b, g.grams.last->len, &d));
	return d;
}

/* The @n-th question that a resolver got, from 0. */
UNUSED static const struct twin_gram *asked(const struct twin_sock *line,
					    unsigned n)
{
	const struct twin_gram *q = line->sent.first;

	for (; q && n; q = q->next)
		n--;
	CHECK(q != NULL);
	return q;
}

UNUSED static void put_answer(struct twin_sock *line, const struct twin_gram *q,
			      uint8_t last_byte, uint16_t flags)
{
	struct weir_addr a = far4;
	uint8_t b[512];
	size_t len;

	a.b[15] = last_byte;
	len = dnsbits_answer(b, q->b, q->len, flags ? NULL : &a, flags);
	CHECK(len > 0);
	twin_writes(&w, line, b, len);
}

/* The resolver answers that question, or the last. */
UNUSED static void answers(struct twin_sock *line, const struct twin_gram *q)
{
	put_answer(line, q ? q : line->sent.last, 1, 0);
	guest_talk(&g);
}

UNUSED static uint64_t sent(void)
{
	return twin_summary(&w).dns_sent;
}

#endif /* RESOLVING_H */
