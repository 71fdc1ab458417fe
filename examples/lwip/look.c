/* SPDX-License-Identifier: Apache-2.0 */
/*
 * look.c - what is to be done with a frame that is staged: see look.h
 *
 * A stack that is given a SYN answers it.  Whoever wants to be asked first, or
 * to know which names are asked for, has to see the frame before: that is what
 * staging is for.  Nothing of the frame is believed: each field is read only
 * where the frame is long enough.
 *
 * Fragments: lwIP holds ten pbufs of incomplete datagrams, no more, so one of
 * eleven fragments never becomes whole in it.  Here IPv4 fragments are kept
 * until the last one is staged, and the datagram takes its place.  SLOTS
 * datagrams at a time; a new one takes the place of the oldest.  Fragments that
 * overlap are not put together (RFC 5722 says why).
 */
#define _GNU_SOURCE
#include "look.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ETHERNET  14u
#define IPV4      20u
#define IPV6      40u
#define TCP       20u
#define UDP       8u
#define DNS       12u
#define PROTO_TCP 6
#define PROTO_UDP 17
#define SLOTS     4u
#define UNIT      8u
#define UNITS     (65536u / UNIT)

/**
 * struct look_packet - what of a frame is known
 * @ip: its header begins here; @over: what it carries, @over_len bytes
 * @fragment: its offset and its flag of more, as they are in the header
 */
struct look_packet {
	const uint8_t *ip, *over;
	size_t ip_len, over_len;
	unsigned family, proto, fragment;
};

/**
 * struct whole - a datagram that is to become whole
 * @buf:  frame header, Ethernet, IPv4 and the datagram
 * @have: a bit for each 8 bytes of it
 * @got, @want: units that are there; that there have to be, 0: not known yet
 * @top: behind the last unit that is there
 */
struct whole {
	uint8_t buf[WEIR_PORT_HEADER + ETHERNET + IPV4 + 65536];
	uint8_t have[UNITS / 8];
	uint8_t key[11]; /* addresses, protocol, identification */
	unsigned got, want, top, bytes;
	unsigned long born;
};

static struct whole slots[SLOTS];
static struct look_counts counts;
static uint16_t unwanted;

void look_begin(uint16_t port)
{
	unwanted = port;
}

const struct look_counts *look_counts(void)
{
	return &counts;
}

static unsigned be16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* Return: false if it is no IP packet. */
static bool read_packet(const uint8_t *f, size_t len, struct look_packet *p)
{
	size_t head;

	memset(p, 0, sizeof(*p));
	if (len < ETHERNET + IPV4)
		return false;
	p->ip = f + ETHERNET;
	len -= ETHERNET;
	if (be16(f + 12) == 0x0800) {
		head = (p->ip[0] & 15u) * 4;
		p->ip_len = be16(p->ip + 2);
		if (p->ip[0] >> 4 != 4 || head < IPV4 || p->ip_len < head ||
		    p->ip_len > len)
			return false;
		p->family = 4;
		p->proto = p->ip[9];
		p->fragment = be16(p->ip + 6) & 0x3fff;
	} else if (be16(f + 12) == 0x86dd && len >= IPV6) {
		head = IPV6;
		p->ip_len = head + be16(p->ip + 4);
		if (p->ip_len > len)
			return false;
		p->family = 6;
		p->proto = p->ip[6]; /* one behind others is not looked for */
	} else {
		return false;
	}
	p->over = p->ip + head;
	p->over_len = p->ip_len - head;
	return true;
}

/* --- what is seen ----------------------------------------------------------- */

/* "FROM port N > TO port N" */
static void print_way(const char *what, const struct look_packet *p)
{
	char a[INET6_ADDRSTRLEN] = "", b[INET6_ADDRSTRLEN] = "";
	int family = p->family == 4 ? AF_INET : AF_INET6;
	size_t at = p->family == 4 ? 12 : 8, n = p->family == 4 ? 4 : 16;

	inet_ntop(family, p->ip + at, a, sizeof(a));
	inet_ntop(family, p->ip + at + n, b, sizeof(b));
	printf("%s %s port %u > %s port %u", what, a, be16(p->over), b,
	       be16(p->over + 2));
}

static enum look see_tcp(const struct look_packet *p)
{
	bool drop;

	/* SYN without ACK: somebody connects */
	if (p->over_len < TCP || (p->over[13] & 0x12) != 0x02)
		return LOOK_PASS;
	drop = unwanted && be16(p->over + 2) == unwanted;
	counts.syns++;
	counts.dropped += drop;
	print_way(drop ? "dropped syn" : "syn", p);
	printf("\n");
	fflush(stdout);
	return drop ? LOOK_DROP : LOOK_PASS;
}

static void see_udp(const struct look_packet *p)
{
	const uint8_t *m = p->over + UDP;
	size_t at = DNS, len = p->over_len - UDP, n = 0;
	char name[256];

	if (p->over_len < UDP + DNS || be16(p->over + 2) != 53 || m[2] & 0x80 ||
	    !be16(m + 4))
		return;
	while (at < len && m[at] && m[at] < 64 && at + m[at] < len &&
	       n + m[at] + 2 < sizeof(name)) {
		for (size_t i = 1; i <= m[at]; i++)
			name[n++] = m[at + i] > 32 && m[at + i] < 127
					    ? (char)m[at + i]
					    : '?';
		name[n++] = '.';
		at += m[at] + 1u;
	}
	name[n] = '\0';
	if (at + 5 > len || m[at])
		return;
	counts.questions++;
	print_way("question", p);
	printf(": %s type %u\n", name, be16(m + at + 1));
	fflush(stdout);
}

/* --- fragments -------------------------------------------------------------- */

static struct whole *slot_of(const struct look_packet *p)
{
	static unsigned long turn;
	struct whole *oldest = &slots[0];
	uint8_t key[11];

	memcpy(key, p->ip + 12, 8);
	key[8] = (uint8_t)p->proto;
	memcpy(key + 9, p->ip + 4, 2);
	for (unsigned i = 0; i < SLOTS; i++) {
		if (slots[i].born && !memcmp(slots[i].key, key, sizeof(key)))
			return &slots[i];
		if (slots[i].born < oldest->born)
			oldest = &slots[i];
	}
	memset(oldest->have, 0, sizeof(oldest->have));
	memcpy(oldest->key, key, sizeof(key));
	oldest->got = oldest->want = oldest->top = oldest->bytes = 0;
	oldest->born = ++turn;
	return oldest;
}

/* Bytes @at to @at + @n are there now.  Return: false: some were before. */
static bool mark(struct whole *w, unsigned at, unsigned n)
{
	unsigned first = at / UNIT, end = (at + n + UNIT - 1) / UNIT;

	for (unsigned i = first; i < end; i++)
		if (w->have[i / 8] & 1u << i % 8)
			return false;
	for (unsigned i = first; i < end; i++)
		w->have[i / 8] |= (uint8_t)(1u << i % 8);
	w->got += end - first;
	w->top = w->top > end ? w->top : end;
	return true;
}

static void put16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

/* The headers of the datagram that is whole, @bytes without them. */
static void write_head(struct whole *w, const struct weir_frame *f,
		       unsigned bytes)
{
	uint8_t *ip = w->buf + WEIR_PORT_HEADER + ETHERNET;
	unsigned sum = 0;

	memcpy(w->buf, f->at, WEIR_PORT_HEADER + ETHERNET + IPV4);
	memset(w->buf, 0, WEIR_PORT_HEADER);
	ip[0] = 0x45; /* options, if there were any, are left out */
	put16(ip + 2, IPV4 + bytes);
	put16(ip + 6, 0);
	put16(ip + 10, 0);
	for (unsigned i = 0; i < IPV4; i += 2)
		sum += be16(ip + i);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 10, ~(sum + (sum >> 16)) & 0xffff);
}

static enum look see_fragment(const struct weir_frame *f,
			      const struct look_packet *p,
			      struct weir_frame *ret)
{
	unsigned at = (p->fragment & 0x1fff) * UNIT;
	unsigned n = (unsigned)p->over_len;
	bool more = p->fragment & 0x2000;
	struct whole *w = slot_of(p);

	if (!n || (more && n % UNIT) || at + n > 65535 - IPV4 ||
	    !mark(w, at, n))
		return LOOK_DROP;
	memcpy(w->buf + WEIR_PORT_HEADER + ETHERNET + IPV4 + at, p->over, n);
	counts.kept++;
	if (!more) {
		w->want = (at + n + UNIT - 1) / UNIT;
		w->bytes = at + n;
	}
	/* all there, and nothing behind the end */
	if (!w->want || w->got != w->want || w->top != w->want)
		return LOOK_KEPT;
	write_head(w, f, w->bytes);
	counts.replaced++;
	printf("replaced a fragment by its datagram of %u bytes\n", w->bytes);
	fflush(stdout);
	w->born = 0;
	*ret = (struct weir_frame){ w->buf, WEIR_PORT_HEADER + ETHERNET + IPV4 +
						    w->bytes };
	return LOOK_REPLACE;
}

enum look look_at(const struct weir_frame *f, struct weir_frame *ret)
{
	struct look_packet p;

	if (!read_packet(f->at + WEIR_PORT_HEADER, f->len - WEIR_PORT_HEADER,
			 &p))
		return LOOK_PASS;
	if (p.family == 4 && p.fragment)
		return see_fragment(f, &p, ret);
	if (p.proto == PROTO_TCP)
		return see_tcp(&p);
	if (p.proto == PROTO_UDP)
		see_udp(&p);
	return LOOK_PASS;
}
