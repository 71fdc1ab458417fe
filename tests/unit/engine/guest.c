/* SPDX-License-Identifier: Apache-2.0 */
/* guest.c - the guest of a twin: frames up, and what came of them */
#include "guest.h"

#include <stdlib.h>
#include <string.h>

#include "packet/arp.h"
#include "packet/eth.h"
#include "packet/icmp.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"
#include "packet/udp.h"

#define WINDOW 60000u
#define PIECE  60000u /* most payload of a segment that is sent */

void guest_fill(uint8_t *to, size_t at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = (uint8_t)((at + i) * 131 + (at + i) / 251);
}

bool guest_is_filled(const uint8_t *b, size_t at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (b[i] != (uint8_t)((at + i) * 131 + (at + i) / 251))
			return false;
	return true;
}

/* --- frames --- */

static void put_ip(const struct guest_ip *ip, size_t len, struct weir_wr *w)
{
	uint8_t ttl = ip->ttl ? ip->ttl : 64;

	if (weir_addr_is4(&ip->to)) {
		weir_ipv4_build(
			&(struct weir_ipv4){ .ttl = ttl,
					     .proto = ip->proto,
					     .total_len = (uint16_t)(20 + len),
					     .df = true,
					     .from = ip->from,
					     .to = ip->to },
			w);
		return;
	}
	weir_ipv6_build(&(struct weir_ipv6){ .hops = ttl,
					     .proto = ip->proto,
					     .payload_len = (uint16_t)len,
					     .from = ip->from,
					     .to = ip->to },
			w);
}

void guest_ip(const struct guest *g, const struct guest_ip *ip,
	      const uint8_t *l4, size_t len, struct guest_frame *ret)
{
	const struct weir_charter *c = &g->w->charter;
	bool v4 = weir_addr_is4(&ip->to);
	struct weir_wr w = weir_wr_over(ret->b, sizeof(ret->b));
	struct guest_ip full = *ip;

	if (weir_addr_is_zero(&full.from))
		full.from = v4 ? c->guest4 : c->guest6;
	weir_wr_fill(&w, 0, WEIR_VNET_BYTES);
	weir_eth_build(&(struct weir_eth){ c->gateway_mac, c->guest_mac,
					   v4 ? WEIR_ETH_IPV4 : WEIR_ETH_IPV6 },
		       &w);
	put_ip(&full, len, &w);
	weir_wr_copy(&w, l4, len);
	ret->len = weir_wr_len(&w);
	guest_resum(ret);
}

/* Where the checksum field of the upper layer lies, or 0. */
static size_t csum_at(uint8_t proto)
{
	switch (proto) {
	case WEIR_PROTO_TCP:
		return 16;
	case WEIR_PROTO_UDP:
		return 6;
	case WEIR_PROTO_ICMP:
	case WEIR_PROTO_ICMPV6:
		return 2;
	default:
		return 0;
	}
}

void guest_resum(struct guest_frame *f)
{
	uint8_t *ip = f->b + WEIR_VNET_BYTES + WEIR_ETH_HEADER_BYTES;
	bool v4 = ip[0] >> 4 == 4;
	size_t head = v4 ? 20 : 40, at;
	uint8_t proto = v4 ? ip[9] : ip[6], *l4 = ip + head;
	size_t len = f->len - (size_t)(l4 - f->b);
	struct weir_addr from, to;
	uint16_t sum;

	if (v4) {
		ip[10] = ip[11] = 0;
		sum = (uint16_t)~look_fold(look_sum(0, ip, 20));
		ip[10] = (uint8_t)(sum >> 8);
		ip[11] = (uint8_t)sum;
		from = weir_addr_from4(0);
		to = from;
		memcpy(from.b + 12, ip + 12, 4);
		memcpy(to.b + 12, ip + 16, 4);
	} else {
		memcpy(from.b, ip + 8, 16);
		memcpy(to.b, ip + 24, 16);
	}
	at = csum_at(proto);
	if (at == 0 || len < at + 2)
		return;
	l4[at] = l4[at + 1] = 0;
	sum = (uint16_t)~look_fold(
		look_sum(proto == WEIR_PROTO_ICMP
				 ? 0
				 : look_pseudo(&from, &to, proto, len),
			 l4, len));
	if (proto == WEIR_PROTO_UDP && sum == 0)
		sum = 0xffff;
	l4[at] = (uint8_t)(sum >> 8);
	l4[at + 1] = (uint8_t)sum;
}

void guest_tcp_frame(const struct guest *g, const struct guest_ip *ip,
		     const struct weir_tcp *t, const uint8_t *b, size_t len,
		     struct guest_frame *ret)
{
	struct guest_ip full = *ip;
	uint8_t *l4 = malloc(WEIR_TCP_HEADER_MAX_BYTES + len);
	struct weir_wr w;

	if (!l4)
		abort();
	w = weir_wr_over(l4, WEIR_TCP_HEADER_MAX_BYTES + len);
	full.proto = WEIR_PROTO_TCP;
	weir_tcp_build(t, &w);
	weir_wr_copy(&w, b, len);
	guest_ip(g, &full, l4, weir_wr_len(&w), ret);
	free(l4);
}

void guest_udp_frame(const struct guest *g, const struct guest_ip *ip,
		     uint16_t sport, uint16_t dport, const uint8_t *b,
		     size_t len, struct guest_frame *ret)
{
	const struct weir_udp u = { sport, dport, (uint16_t)(8 + len), 0 };
	struct guest_ip full = *ip;
	uint8_t *l4 = malloc(8 + len);
	struct weir_wr w;

	if (!l4)
		abort();
	w = weir_wr_over(l4, 8 + len);
	full.proto = WEIR_PROTO_UDP;
	weir_udp_build(&u, &w);
	weir_wr_copy(&w, b, len);
	guest_ip(g, &full, l4, weir_wr_len(&w), ret);
	free(l4);
}

void guest_echo_frame(const struct guest *g, const struct guest_ip *ip,
		      size_t len, struct guest_frame *ret)
{
	guest_ping_frame(g, ip, 7, 1, len, ret);
}

void guest_ping_frame(const struct guest *g, const struct guest_ip *ip,
		      uint16_t id, uint16_t seq, size_t len,
		      struct guest_frame *ret)
{
	struct guest_ip full = *ip;
	bool v4 = weir_addr_is4(&ip->to);
	uint8_t *l4 = calloc(1, 8 + len);

	if (!l4)
		abort();
	full.proto = v4 ? WEIR_PROTO_ICMP : WEIR_PROTO_ICMPV6;
	l4[0] = v4 ? WEIR_ICMP4_ECHO : WEIR_ICMP6_ECHO;
	l4[4] = (uint8_t)(id >> 8);
	l4[5] = (uint8_t)id;
	l4[6] = (uint8_t)(seq >> 8);
	l4[7] = (uint8_t)seq;
	guest_fill(l4 + 8, 0, len);
	guest_ip(g, &full, l4, 8 + len, ret);
	free(l4);
}

void guest_arp_frame(const struct guest *g, const struct weir_addr *target,
		     struct guest_frame *ret)
{
	const struct weir_charter *c = &g->w->charter;
	const struct weir_mac all = { { 255, 255, 255, 255, 255, 255 } };
	struct weir_wr w = weir_wr_over(ret->b, sizeof(ret->b));

	weir_wr_fill(&w, 0, WEIR_VNET_BYTES);
	weir_eth_build(&(struct weir_eth){ all, c->guest_mac, WEIR_ETH_ARP },
		       &w);
	weir_arp_build(&(struct weir_arp){ .op = WEIR_ARP_REQUEST,
					   .from_mac = c->guest_mac,
					   .from = c->guest4,
					   .to = *target },
		       &w);
	ret->len = weir_wr_len(&w);
}

void guest_put(struct guest *g, const struct guest_frame *f)
{
	twin_frame(g->w, f->b, f->len);
}

/* --- hearing --- */

void guest_init(struct guest *g, struct twin *w)
{
	*g = (struct guest){ .w = w, .next_port = 40000 };
}

void guest_fini(struct guest *g)
{
	twin_list_clear(&g->grams);
	twin_list_clear(&g->pongs);
	twin_list_clear(&g->told);
	for (unsigned i = 0; i < g->n_conns; i++)
		if (g->conn[i])
			free(g->conn[i]->in.b);
}

static void hear_conn(struct guest *g, struct guest_conn *c,
		      const struct look *f)
{
	const struct weir_tcp *t = &f->tcp;
	uint32_t skip = c->ack - t->seq, len = (uint32_t)f->inner_len;

	c->frames++;
	if ((t->flags & (WEIR_TCP_SYN | WEIR_TCP_ACK)) == WEIR_TCP_SYN) {
		c->syns++;
		return;
	}
	if (t->flags & WEIR_TCP_RST) {
		c->rst = true;
		c->rsts++;
		c->rst_seq = t->seq;
		c->rst_ack = t->ack;
		return;
	}
	c->acked = t->ack;
	c->room = (uint32_t)t->window
		  << (t->flags & WEIR_TCP_SYN ? 0 : c->their_scale);
	if (t->flags & WEIR_TCP_SYN) {
		c->synacks++;
		c->ack = t->seq + 1;
		if (c->wscale >= 0 && t->wscale > 0)
			c->their_scale = t->wscale;
		return;
	}
	if (len > c->largest)
		c->largest = len;
	if ((int32_t)(t->seq - c->ack) > 0) {
		c->gap = true;
		return;
	}
	if (skip < len) {
		twin_bytes_put(&c->in, f->b + f->inner + skip, len - skip);
		c->ack += len - skip;
	}
	if (t->flags & WEIR_TCP_FIN && t->seq + len == c->ack) {
		c->fin = true;
		c->ack++;
	}
	if (c->greedy && (len || t->flags & WEIR_TCP_FIN))
		guest_segment(g, c, WEIR_TCP_ACK, NULL, 0);
}

static struct guest_conn *conn_of(struct guest *g, const struct weir_addr *far,
				  uint16_t fport, uint16_t sport)
{
	for (unsigned i = g->n_conns; i > 0; i--) {
		struct guest_conn *c = g->conn[i - 1];

		if (c && c->sport == sport && c->fport == fport &&
		    weir_addr_is_equal(&c->far, far))
			return c;
	}
	return NULL;
}

/* A SYN for one who listens there. */
static bool hear_syn(struct guest *g, const struct look *f)
{
	const struct weir_tcp *t = &f->tcp;

	if ((t->flags & (WEIR_TCP_SYN | WEIR_TCP_ACK | WEIR_TCP_RST)) !=
	    WEIR_TCP_SYN)
		return false;
	for (unsigned i = 0; i < g->n_conns; i++) {
		struct guest_conn *c = g->conn[i];

		if (!c || !c->listens || c->sport != t->dport)
			continue;
		c->listens = false;
		c->from = f->to;
		c->far = f->from;
		c->fport = t->sport;
		c->ack = t->seq + 1;
		c->room = t->window;
		c->their_scale = t->wscale > 0 ? t->wscale : 0;
		c->acked = c->iss;
		c->syns = c->frames = 1;
		if (c->answers)
			guest_segment(g, c, WEIR_TCP_SYN | WEIR_TCP_ACK, NULL,
				      0);
		return true;
	}
	return false;
}

/* An ICMP message, from its header on. */
static void keep(struct twin_list *l, const struct look *f)
{
	twin_list_put(l, f->b + f->inner - 8, f->inner_len + 8)->addr = f->from;
}

/* An error: of whose? */
static void hear_error(struct guest *g, const struct look *f)
{
	const uint8_t *ip = f->b + f->inner;
	bool v4 = !f->v6;
	size_t head = v4 ? 20 : 40;
	struct weir_addr far = weir_addr_from4(0);
	const uint8_t *l4 = ip + head;
	struct guest_conn *c;

	g->errors++;
	keep(&g->told, f);
	g->error_type = f->icmp_type;
	g->error_code = f->icmp_code;
	if (f->inner_len < head + 4 || (v4 ? ip[9] : ip[6]) != WEIR_PROTO_TCP)
		return;
	if (v4)
		memcpy(far.b + 12, ip + 16, 4);
	else
		memcpy(far.b, ip + 24, 16);
	c = conn_of(g, &far, (uint16_t)(l4[2] << 8 | l4[3]),
		    (uint16_t)(l4[0] << 8 | l4[1]));
	if (c)
		c->unreachable = true;
}

static void hear_icmp(struct guest *g, const struct look *f)
{
	if (f->icmp_type ==
	    (f->v6 ? WEIR_ICMP6_ECHO_REPLY : WEIR_ICMP4_ECHO_REPLY)) {
		g->echoes++;
		keep(&g->pongs, f);
		g->echo_from = f->from;
	} else if (f->v6 && f->icmp_type >= 128) {
		g->adverts++;
	} else {
		hear_error(g, f);
	}
}

static void hear(struct guest *g, const struct look *f)
{
	struct guest_conn *c;
	struct twin_gram *gram;

	if (f->type == WEIR_ETH_ARP) {
		g->arps++;
	} else if (f->fragment) {
		g->fragments++;
	} else if (f->proto == WEIR_PROTO_TCP) {
		c = conn_of(g, &f->from, f->sport, f->dport);
		if (c)
			hear_conn(g, c, f);
		else if (!hear_syn(g, f))
			g->strays++;
	} else if (f->proto == WEIR_PROTO_UDP) {
		gram = twin_list_put(&g->grams, f->b + f->inner, f->inner_len);
		gram->addr = f->from;
		gram->port = f->sport;
		g->gram_dport = f->dport;
	} else {
		hear_icmp(g, f);
	}
}

bool guest_hear(struct guest *g)
{
	struct look *f = g->w->out;

	if (!f)
		return false;
	while (f) {
		g->w->out = f->next;
		if (!f->next)
			g->w->out_last = NULL;
		hear(g, f);
		free(f);
		f = g->w->out;
	}
	return true;
}

void guest_talk(struct guest *g)
{
	do
		twin_step(g->w);
	while (guest_hear(g) && g->w->frames.first);
}

void guest_pass_ms(struct guest *g, uint64_t ms)
{
	while (ms && !g->w->over) {
		uint64_t step = ms < 50 ? ms : 50;

		twin_pass_us(g->w, step * 1000);
		if (guest_hear(g))
			guest_talk(g);
		ms -= step;
	}
}

/* --- TCP --- */

static void enlist(struct guest *g, struct guest_conn *c)
{
	c->seq = c->iss;
	for (unsigned i = 0; i < g->n_conns; i++) {
		if (!g->conn[i]) {
			g->conn[i] = c;
			return;
		}
	}
	if (g->n_conns == GUEST_CONNS_MAX)
		abort();
	g->conn[g->n_conns++] = c;
}

void guest_conn_init(struct guest *g, struct guest_conn *c,
		     const struct weir_addr *far, uint16_t fport)
{
	*c = (struct guest_conn){
		.from = weir_addr_is4(far) ? g->w->charter.guest4
					   : g->w->charter.guest6,
		.far = *far,
		.sport = g->next_port++,
		.fport = fport,
		.window = WINDOW,
		.wscale = 7,
		.greedy = true,
		.open = true,
	};
	c->iss = c->sport * 77777u;
	enlist(g, c);
}

void guest_listen(struct guest *g, struct guest_conn *c, uint16_t port,
		  bool answers)
{
	*c = (struct guest_conn){ .sport = port,
				  .window = WINDOW,
				  .wscale = 7,
				  .greedy = true,
				  .open = true,
				  .listens = true,
				  .answers = answers,
				  .iss = port * 99991u + g->n_conns };
	enlist(g, c);
}

void guest_conn_fini(struct guest *g, struct guest_conn *c)
{
	free(c->in.b);
	c->in = (struct twin_bytes){ 0 };
	for (unsigned i = 0; i < g->n_conns; i++)
		if (g->conn[i] == c)
			g->conn[i] = NULL;
}

void guest_segment(struct guest *g, struct guest_conn *c, uint8_t flags,
		   const uint8_t *b, size_t len)
{
	static struct guest_frame f;
	const struct guest_ip ip = { .from = c->from, .to = c->far };
	struct weir_tcp t = { .sport = c->sport,
			      .dport = c->fport,
			      .seq = c->seq,
			      .ack = flags & WEIR_TCP_ACK ? c->ack : 0,
			      .flags = flags,
			      .window = c->window,
			      .wscale = -1 };

	if (flags & WEIR_TCP_SYN) {
		t.mss = 1460;
		t.wscale = c->wscale;
		t.sack_ok = true;
	}
	guest_tcp_frame(g, &ip, &t, b, len, &f);
	guest_put(g, &f);
	c->seq += (uint32_t)len + (flags & WEIR_TCP_SYN ? 1u : 0u) +
		  (flags & WEIR_TCP_FIN ? 1u : 0u);
}

void guest_syn(struct guest *g, struct guest_conn *c)
{
	c->seq = c->iss;
	guest_segment(g, c, WEIR_TCP_SYN, NULL, 0);
}

bool guest_connect(struct guest *g, struct guest_conn *c,
		   const struct weir_addr *far, uint16_t fport)
{
	guest_conn_init(g, c, far, fport);
	guest_syn(g, c);
	guest_talk(g);
	if (c->synacks != 1 || c->rst)
		return false;
	guest_segment(g, c, WEIR_TCP_ACK, NULL, 0);
	guest_talk(g);
	return !c->rst;
}

bool guest_send(struct guest *g, struct guest_conn *c, const uint8_t *b,
		size_t len)
{
	size_t done = 0;
	unsigned idle = 0;

	while (done < len && idle < 100 && !c->rst) {
		uint32_t flight = c->seq - c->acked;
		size_t n = c->room > flight ? c->room - flight : 0;

		if (n > len - done)
			n = len - done;
		if (n > PIECE)
			n = PIECE;
		if (n == 0) {
			guest_pass_ms(g, 20);
			idle++;
			continue;
		}
		idle = 0;
		guest_segment(g, c, WEIR_TCP_ACK | WEIR_TCP_PSH, b + done, n);
		done += n;
		guest_talk(g);
	}
	return done == len;
}
