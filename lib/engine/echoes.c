/* SPDX-License-Identifier: Apache-2.0 */
/*
 * echoes.c - echo of the guest to hosts outside, through ping sockets
 *
 * Who pings whom is kept by flow/echo, one ping socket per ident of the guest;
 * a destination is judged at its first request, as any flow is.  The gateway
 * and the DNS address are not outside: the desk answers for them.
 *
 * Where the host's administrator lets this process have no ping socket that
 * is said once at the start, and every echo is answered with "prohibited".
 * Each new ident asks again, so it works from the moment it may.
 */
#include "engine/echoes.h"

#include <errno.h>
#include <string.h>

#include "engine/courier.h"
#include "engine/down.h"
#include "engine/talk.h"
#include "engine/tolls.h"
#include "flow/echo.h"
#include "host/dial.h"
#include "host/ping.h"
#include "host/volley.h"
#include "packet/ipv4.h"
#include "sys/entropy.h"
#include "sys/loop.h"
#include "sys/msg.h"

#define FORBIDDEN                                                              \
	"ping from the guest is refused: this user may have no ping sockets; " \
	"sysctl -w net.ipv4.ping_group_range=\"0 2147483647\" allows it"

size_t weir_echoes_bytes(void)
{
	return weir_echo_bytes() +
	       WEIR_ECHO_IDENTS_MAX * sizeof(struct weir_courier) + 64;
}

static void ended(void *house, uint32_t conversation)
{
	weir_talk_ended(house, WEIR_TALK_ECHO, conversation);
}

bool weir_echoes_init(struct weir_house *h, struct weir_arena *arena)
{
	struct weir_echoes *e = &h->echoes;
	uint64_t key[2];

	weir_entropy_fill(key, sizeof(key));
	e->courier = weir_arena_take(arena, WEIR_ECHO_IDENTS_MAX,
				     sizeof(*e->courier), 8);
	if (!e->courier || !weir_echo_init(&e->assoc, arena, key, h->now_us))
		return false;
	e->assoc.ended = ended;
	e->assoc.ctx = h;
	return true;
}

void weir_echoes_check(struct weir_house *h)
{
	static const char text[] = FORBIDDEN;
	int fd = weir_ping_open(true);

	if (fd == -EACCES || fd == -EPERM)
		(void)weir_msg_send(h->control, WEIR_MSG_NOTE, text,
				    sizeof(text) - 1, NULL, 0);
	weir_ping_close(fd);
}

/* --- flows --- */

static void close_mapping(struct weir_echoes *e, uint32_t m)
{
	if (m != WEIR_ASSOC_NONE)
		weir_ping_close(e->courier[m].fd);
}

static enum weir_reason map(struct weir_house *h,
			    const struct weir_assoc_ends *ends,
			    uint32_t *ret_mapping)
{
	struct weir_echoes *e = &h->echoes;
	bool v4 = weir_addr_is4(&ends->guest);
	uint32_t closed, m;
	int fd, err;

	m = weir_assoc_map(&e->assoc, &ends->guest, ends->gport, &closed);
	close_mapping(e, closed);
	fd = weir_ping_open(v4);
	err = fd;
	if (fd >= 0)
		err = weir_loop_watch(h->loop, fd,
				      WEIR_HOUSE_TAG(WEIR_HOUSE_TAG_ECHO, m),
				      false, false);
	if (err < 0) {
		weir_ping_close(fd);
		weir_assoc_unmap(&e->assoc, m);
		return err == -EACCES || err == -EPERM ? WEIR_REASON_ICMP
						       : weir_dial_reason(err);
	}
	weir_courier_init(&e->courier[m], fd, v4, true);
	*ret_mapping = m;
	return WEIR_REASON_NONE;
}

static enum weir_reason open_flow(struct weir_house *h,
				  const struct weir_assoc_ends *ends,
				  uint32_t *ret_mapping, uint32_t *ret_talk)
{
	struct weir_echoes *e = &h->echoes;
	struct weir_judge_verdict v = weir_talk_judge(h, WEIR_TALK_ECHO, ends);
	enum weir_reason r = v.reason;
	uint32_t closed;

	if (v.said != WEIR_JUDGE_ALLOW)
		return r;
	h->talk_why = WEIR_REASON_LIMIT_UDP;
	if (*ret_mapping == WEIR_ASSOC_NONE)
		r = map(h, ends, ret_mapping);
	if (r != WEIR_REASON_NONE)
		return r;
	*ret_talk = weir_assoc_open(&e->assoc, *ret_mapping, &ends->far, 0,
				    h->now_us, &closed);
	close_mapping(e, closed);
	weir_talk_open(h, WEIR_TALK_ECHO, *ret_talk, &v);
	return WEIR_REASON_NONE;
}

/* --- up --- */

void weir_echoes_up(struct weir_house *h, const struct weir_view *v,
		    const struct weir_spans *frame, bool whole)
{
	struct weir_echoes *e = &h->echoes;
	struct weir_span part[WEIR_CONN_SPANS_MAX];
	struct weir_courier_gram g = { .whole = whole, .l3 = v->l3 };
	struct weir_assoc_ends ends;
	enum weir_reason r = weir_echo_parse(v, frame, &ends);
	struct weir_assoc_mark *mark;
	uint32_t m, i;

	if (r != WEIR_REASON_NONE) {
		weir_house_count(h, r);
		return;
	}
	i = weir_assoc_up(&e->assoc, &ends, h->now_us, &m);
	if (i == WEIR_ASSOC_NONE) {
		r = open_flow(h, &ends, &m, &i);
		if (r != WEIR_REASON_NONE) {
			weir_courier_deny(h, v->l3, r);
			return;
		}
	}
	mark = &e->assoc.conversation[i].mark;
	mark->up_packets++;
	mark->up_bytes += v->l4_len;
	g.mapping = m;
	g.out.to = ends.far;
	g.out.ttl = weir_courier_ttl(v->ttl);
	g.out.payload.v = part;
	g.out.payload.n =
		weir_view_payload(v, frame, 0, part, WEIR_CONN_SPANS_MAX);
	g.out.payload.len = v->l4_len;
	weir_courier_send(h, &e->courier[m], &e->assoc, &g);
}

/* --- down --- */

static void give_down(struct weir_house *h, uint32_t mapping,
		      const struct weir_volley_in *in)
{
	const struct weir_spans msg = { in->part, in->n, in->len };
	struct weir_span part[3] = { { .len = WEIR_ICMP_HEADER_BYTES } };
	struct weir_spans out = { part, 1, in->len };
	struct weir_echoes *e = &h->echoes;
	uint8_t head[WEIR_ICMP_HEADER_BYTES];
	struct weir_assoc_ends ends;
	enum weir_reason r = WEIR_REASON_NO_FLOW;
	uint32_t i =
		weir_assoc_down(&e->assoc, mapping, &in->from, 0, h->now_us);

	if (i != WEIR_ASSOC_NONE) {
		weir_assoc_ends_of(&e->assoc, i, &ends);
		r = weir_echo_answer(&ends, &msg, head);
	}
	if (r != WEIR_REASON_NONE) {
		weir_house_count(h, r);
		return;
	}
	if (!weir_tolls_datagram(h, WEIR_TOLL_DOWN, in->len, 0))
		return;
	e->assoc.conversation[i].mark.down_packets++;
	e->assoc.conversation[i].mark.down_bytes += in->len;
	part[0].at = head;
	out.n += weir_spans_cut(&msg, WEIR_ICMP_HEADER_BYTES, in->len, part + 1,
				2);
	weir_down_packet(h, &ends.far, &ends.guest,
			 weir_addr_is4(&ends.far) ? WEIR_PROTO_ICMP
						  : WEIR_PROTO_ICMPV6,
			 &out);
}

void weir_echoes_event(struct weir_house *h, uint32_t mapping, uint32_t what)
{
	struct weir_echoes *e = &h->echoes;
	struct weir_courier *c = &e->courier[mapping];
	struct weir_volley_in in[WEIR_VOLLEY_IN_MAX];
	int n;

	if (!weir_pool_is_taken(&e->assoc.mappings, mapping))
		return; /* it ended earlier in this turn */
	if (what & WEIR_LOOP_ERROR)
		(void)weir_courier_hear(h, c, &e->assoc, mapping);
	n = weir_volley_receive(c->fd, h->datagrams.room, in,
				WEIR_VOLLEY_IN_MAX);
	if (n < 0 && n != -EAGAIN)
		(void)weir_courier_hear(h, c, &e->assoc, mapping);
	for (int i = 0; i < n; i++)
		give_down(h, mapping, &in[i]);
}

/* --- ends --- */

void weir_echoes_tick(struct weir_house *h)
{
	struct weir_echoes *e = &h->echoes;
	enum weir_assoc_ended end;
	uint32_t m;

	h->talk_why = WEIR_REASON_IDLE;
	while ((end = weir_assoc_expire(&e->assoc, h->now_us, &m)) !=
	       WEIR_ASSOC_ENDED_NOTHING)
		if (end == WEIR_ASSOC_ENDED_MAPPING)
			close_mapping(e, m);
}

uint64_t weir_echoes_due_us(const struct weir_house *h)
{
	return weir_assoc_due_us(&h->echoes.assoc);
}

void weir_echoes_again(struct weir_house *h, uint32_t i)
{
	struct weir_echoes *e = &h->echoes;
	uint32_t m;

	if (!weir_pool_is_taken(&e->assoc.conversations, i) ||
	    !weir_talk_is_denied(h, WEIR_TALK_ECHO, i))
		return;
	weir_house_count(h, WEIR_REASON_POLICY_CHANGED);
	h->talk_why = WEIR_REASON_POLICY_CHANGED;
	if (weir_assoc_close(&e->assoc, i, &m) == WEIR_ASSOC_ENDED_MAPPING)
		close_mapping(e, m);
}

void weir_echoes_end_all(struct weir_house *h, enum weir_reason why)
{
	struct weir_echoes *e = &h->echoes;
	uint32_t high = weir_pool_high(&e->assoc.mappings);

	h->talk_why = why;
	for (uint32_t m = 0; m < high; m++) {
		if (!weir_pool_is_taken(&e->assoc.mappings, m))
			continue;
		close_mapping(e, m);
		weir_assoc_unmap(&e->assoc, m);
	}
}
