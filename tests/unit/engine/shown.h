/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shown.h - policies of names, and a client that shows one, or does not
 *
 *	connect_named(443); say(...); CHECK_EQ(server_got(443), ...); done();
 */
#ifndef SHOWN_H
#define SHOWN_H

#include "scene.h"

#define SECOND_MS 1000u

/* the least that is a ClientHello with a name */
struct hello {
	size_t len;
	uint8_t b[512];
};

UNUSED static void put16(uint8_t *at, size_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

/* One record; @pad: so many bytes of padding more (RFC 7685). */
UNUSED static struct hello hello_of(const char *name, size_t pad)
{
	static const uint8_t head[] = { 0x03, 0x03 };
	static const uint8_t suites[] = { 0, 2, 0x13, 0x01, 1, 0 };
	struct hello h = { .len = 0 };
	size_t n = strlen(name), at = 9;

	memcpy(h.b + at, head, 2);
	at += 2 + 32; /* random: zeroes */
	h.b[at++] = 0;
	memcpy(h.b + at, suites, sizeof(suites));
	at += sizeof(suites);
	put16(h.b + at, 9 + n + (pad ? pad + 4 : 0));
	at += 2;
	put16(h.b + at, 0); /* server_name */
	put16(h.b + at + 2, n + 5);
	put16(h.b + at + 4, n + 3);
	h.b[at + 6] = 0;
	put16(h.b + at + 7, n);
	memcpy(h.b + at + 9, name, n);
	at += 9 + n;
	if (pad) {
		put16(h.b + at, 21);
		put16(h.b + at + 2, pad);
		at += 4 + pad;
	}
	h.len = at;
	h.b[0] = 22;
	h.b[1] = 3;
	h.b[2] = 1;
	put16(h.b + 3, at - 5);
	h.b[5] = 1;
	put16(h.b + 7, at - 9);
	return h;
}

UNUSED static void policy(const char *first, const char *second)
{
	twin_init(&w);
	w.policy[0] = first;
	w.policy[1] = second;
	w.n_policy = second ? 2 : 1;
}

UNUSED static void pin(const struct weir_addr *a, const char *text)
{
	/* nothing else runs now */
	struct weir_house *h = (struct weir_house *)(uintptr_t)w.house;
	struct weir_dns_name name;

	CHECK(weir_dns_name_from_text(text, strlen(text), &name));
	weir_pins_add(&h->pins, a, &name, 300, h->now_us);
}

/* A world where only api.example.com may be reached, and is pinned. */
UNUSED static void world_of_names(const char *rule_text)
{
	policy(rule_text, NULL);
	begin();
	pin(&far4, "api.example.com");
}

/* The same at that port, where a client of the guest has connected. */
UNUSED static void connect_named(uint16_t port)
{
	static char text[40];

	snprintf(text, sizeof(text), "allow tcp api.example.com:%u",
		 (unsigned)port);
	world_of_names(text);
	CHECK(guest_connect(&g, &c, &far4, port));
}

UNUSED static void say(const void *bytes, size_t len)
{
	CHECK(guest_send(&g, &c, bytes, len));
	guest_talk(&g);
}

UNUSED static size_t server_got(uint16_t port)
{
	struct twin_sock *s = twin_find(&w, port);

	return s ? s->up.len : 0;
}

UNUSED static bool holds(const struct twin_bytes *b, const char *text)
{
	return memmem(b->b, b->len, text, strlen(text)) != NULL;
}

UNUSED static bool is_gone(uint16_t port)
{
	return twin_find(&w, port) == NULL;
}

#endif /* SHOWN_H */
