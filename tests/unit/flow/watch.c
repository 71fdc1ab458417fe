/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c - what must be true of every segment towards the guest */
#include "watch.h"

#include <stdio.h>
#include <string.h>

/* A guest that takes less is taken for a liar: 64 KB as 65,535 segments. */
#define MSS_LEAST 88u

/* Own comparison on purpose: the one under test is not the judge of itself. */
static bool before(uint32_t a, uint32_t b)
{
	return a - b > 0x7fffffffu;
}

static uint32_t later(uint32_t a, uint32_t b)
{
	return before(a, b) ? b : a;
}

#define BROKEN(w, ...)                                                         \
	do {                                                                   \
		snprintf((w)->why, sizeof((w)->why), __VA_ARGS__);             \
		(w)->failed = true;                                            \
		return (w)->why;                                               \
	} while (0)

void watch_open(struct watch *w, struct tape *tape,
		const struct weir_conn_env *env,
		const struct weir_conn_ends *ends, const struct weir_tcp *syn)
{
	*w = (struct watch){ .tape = tape,
			     .mtu = env->mtu,
			     .v6 = !weir_addr_is4(&ends->guest),
			     .ends = *ends,
			     .syn = *syn,
			     .our_wscale = -1 };
	w->tso = w->v6 ? env->tso6 : env->tso4;
	w->g_max = w->ack = w->ack_edge = syn->seq + 1;
}

void watch_call(struct watch *w, struct tape *tape,
		const struct weir_conn_env *env,
		const struct weir_conn_ends *ends)
{
	static const struct weir_tcp unknown = { .wscale = -1 };

	watch_open(w, tape, env, ends, &unknown);
	w->calling = true;
}

/* The guest's answer to our SYN, or what it says instead. */
static void answer_in(struct watch *w, const struct weir_tcp *t, uint32_t len)
{
	const uint8_t both = WEIR_TCP_SYN | WEIR_TCP_ACK;
	int8_t offered = w->our_wscale;

	if (!w->called || !(t->flags & WEIR_TCP_ACK) || t->flags & WEIR_TCP_RST)
		return;
	if (t->ack != w->iss + 1) {
		w->strange = true;
		w->strange_ack = t->ack;
		return;
	}
	if ((t->flags & both) != both)
		return;
	w->syn = *t;
	w->connected = w->synacked = true;
	w->g_max = t->seq + 1 + len;
	w->una = w->edge = w->max = w->iss + 1;
	w->edge += t->window;
	w->our_wscale = t->wscale < 0 ? -1 : offered;
	w->ack = t->seq + 1;
	w->ack_edge = w->ack + w->our_window;
}

void watch_in(struct watch *w, const struct weir_tcp *t, uint32_t len)
{
	uint32_t end = t->seq + len, wnd = t->window;

	if (w->calling && !w->synacked) {
		answer_in(w, t, len);
		return;
	}
	if (t->flags & WEIR_TCP_FIN)
		end++;
	/* what lies wildly elsewhere says nothing about the stream */
	if (end - w->syn.seq < 0x40000000u || before(end, w->ack + (1u << 30)))
		w->g_max = later(w->g_max, end);
	if (!w->synacked || !(t->flags & WEIR_TCP_ACK))
		return;
	if (before(t->ack, w->iss + 1) || before(w->max, t->ack))
		return;
	if (!(t->flags & WEIR_TCP_SYN) && w->our_wscale >= 0)
		wnd <<= w->syn.wscale;
	w->una = later(w->una, t->ack);
	w->edge = later(w->edge, t->ack + wnd);
}

static uint32_t header_bytes(const struct weir_tcp *t)
{
	uint32_t n = WEIR_TCP_HEADER_BYTES;

	n += t->mss ? 4 : 0;
	n += t->wscale >= 0 ? 4 : 0;
	n += t->sack_ok ? 4 : 0;
	n += t->n_sack ? 4 + 8u * t->n_sack : 0;
	return n;
}

static const char *check_frame(struct watch *w, const struct weir_conn_out *o)
{
	uint32_t ip = w->v6 ? 40 : 20, head = header_bytes(&o->tcp), total = 0;
	uint32_t mss = w->syn.mss, piece = o->len;

	if (o->tcp.sport != w->ends.fport || o->tcp.dport != w->ends.gport)
		BROKEN(w, "the ports are not those of the connection");
	if (o->n > WEIR_CONN_SPANS_MAX)
		BROKEN(w, "%u spans", o->n);
	for (unsigned i = 0; i < o->n; i++) {
		if (o->payload[i].len == 0)
			BROKEN(w, "an empty span");
		total += (uint32_t)o->payload[i].len;
	}
	if (total != o->len)
		BROKEN(w, "spans of %u bytes for %u", total, o->len);
	if (o->gso_size) {
		if (!w->tso)
			BROKEN(w, "gso_size though the card has no TSO");
		if (o->len <= o->gso_size)
			BROKEN(w, "gso_size %u with %u bytes", o->gso_size,
			       o->len);
		if (ip + head + o->len > 65535)
			BROKEN(w, "a packet of %u bytes", ip + head + o->len);
		piece = o->gso_size;
	}
	if (mss == 0)
		mss = w->v6 ? 1220 : 536;
	if (mss < MSS_LEAST)
		mss = MSS_LEAST;
	/* RFC 6691: options take from the payload */
	if (piece + head - WEIR_TCP_HEADER_BYTES > mss && piece)
		BROKEN(w, "%u bytes and %u of options; the guest takes %u",
		       piece, head - WEIR_TCP_HEADER_BYTES, mss);
	if (ip + head + piece > w->mtu)
		BROKEN(w, "a packet of %u bytes; the MTU is %u",
		       ip + head + piece, w->mtu);
	if (o->tcp.flags & ~0x3fu || o->tcp.flags & WEIR_TCP_URG ||
	    o->tcp.urgent || o->tcp.has_ts)
		BROKEN(w, "flags %x, urgent or timestamps", o->tcp.flags);
	return NULL;
}

static const char *check_synack(struct watch *w, const struct weir_conn_out *o)
{
	const struct weir_tcp *t = &o->tcp;
	uint32_t room = w->mtu - (w->v6 ? 60 : 40);

	if (!w->connected)
		BROKEN(w, "a SYN-ACK before the host connected");
	if (t->flags != (WEIR_TCP_SYN | WEIR_TCP_ACK) || o->len)
		BROKEN(w, "SYN with flags %x and %u bytes", t->flags, o->len);
	if (t->ack != w->syn.seq + 1)
		BROKEN(w, "the SYN-ACK does not acknowledge the SYN alone");
	if (t->mss == 0 || t->mss > room)
		BROKEN(w, "the SYN-ACK offers MSS %u; %u fit", t->mss, room);
	if (t->wscale >= 0 && w->syn.wscale < 0)
		BROKEN(w, "window scale was not offered");
	if (t->sack_ok && !w->syn.sack_ok)
		BROKEN(w, "SACK was not offered");
	if (t->n_sack)
		BROKEN(w, "SACK blocks on a SYN");
	if (w->synacked && (t->seq != w->iss || t->wscale != w->our_wscale))
		BROKEN(w, "the repeated SYN-ACK is another one");
	if (!w->synacked) {
		w->synacked = true;
		w->iss = t->seq;
		w->max = w->una = w->edge = t->seq + 1;
		w->edge += w->syn.window;
		w->our_wscale = t->wscale;
		w->ack_edge = t->ack + t->window;
	}
	return NULL;
}

/* Before the guest has answered: our SYN, and what refuses or ends it. */
static const char *check_call(struct watch *w, const struct weir_conn_out *o)
{
	const struct weir_tcp *t = &o->tcp;
	uint32_t room = w->mtu - (w->v6 ? 60 : 40);

	if (t->ack || o->len || t->n_sack)
		BROKEN(w, "bytes or numbers of the guest before its answer");
	if (t->flags == WEIR_TCP_RST && w->strange &&
	    t->seq == w->strange_ack) {
		w->strange = false;
		return NULL;
	}
	if (t->flags == WEIR_TCP_RST) {
		w->ended = true;
		if (w->called && t->seq != w->iss + 1)
			BROKEN(w, "RST at %u", t->seq - w->iss);
		return NULL;
	}
	if (t->flags != WEIR_TCP_SYN)
		BROKEN(w, "flags %x before the guest's answer", t->flags);
	if (t->mss == 0 || t->mss > room)
		BROKEN(w, "the SYN offers MSS %u; %u fit", t->mss, room);
	if (w->called && (t->seq != w->iss || t->wscale != w->our_wscale ||
			  t->window != w->our_window))
		BROKEN(w, "the repeated SYN is another one");
	w->called = true;
	w->iss = t->seq;
	w->our_wscale = t->wscale;
	w->our_window = t->window;
	return NULL;
}

static const char *check_rst(struct watch *w, const struct weir_conn_out *o)
{
	const struct weir_tcp *t = &o->tcp;

	if (t->flags & (WEIR_TCP_SYN | WEIR_TCP_FIN) || o->len)
		BROKEN(w, "RST with flags %x and %u bytes", t->flags, o->len);
	w->ended = true;
	if (!w->synacked) {
		if (!(t->flags & WEIR_TCP_ACK) || t->ack != w->syn.seq + 1)
			BROKEN(w,
			       "a refusal that does not acknowledge the SYN");
		return NULL;
	}
	if (before(t->seq, w->iss + 1) || before(w->max, t->seq))
		BROKEN(w, "RST at %u; %u was sent", t->seq - w->iss,
		       w->max - w->iss);
	return NULL;
}

static const char *check_sack(struct watch *w, const struct weir_tcp *t)
{
	if (t->n_sack && !w->syn.sack_ok)
		BROKEN(w, "SACK blocks that nobody agreed on");
	if (t->n_sack > 4)
		BROKEN(w, "%u SACK blocks", t->n_sack);
	for (unsigned i = 0; i < t->n_sack; i++) {
		struct weir_tcp_block b = t->sack[i];

		if (!before(b.from, b.to) || !before(t->ack, b.from) ||
		    before(w->g_max, b.to) || before(w->ack_edge, b.to))
			BROKEN(w, "SACK block %u-%u; ack %u, guest sent %u",
			       b.from - w->syn.seq, b.to - w->syn.seq,
			       t->ack - w->syn.seq, w->g_max - w->syn.seq);
		for (unsigned k = 0; k < i; k++)
			if (before(b.from, t->sack[k].to) &&
			    before(t->sack[k].from, b.to))
				BROKEN(w, "SACK blocks that overlap");
	}
	return NULL;
}

/* The acknowledgement and the window: what was invited stays invited. */
static const char *check_ack(struct watch *w, const struct weir_conn_out *o)
{
	const struct weir_tcp *t = &o->tcp;
	uint32_t wnd = t->window, edge;

	if (!(t->flags & WEIR_TCP_ACK))
		BROKEN(w, "a segment without ACK");
	if (t->mss || t->wscale >= 0 || t->sack_ok)
		BROKEN(w, "options of the handshake after it");
	if (before(t->ack, w->ack))
		BROKEN(w, "acknowledges %u after %u", t->ack - w->syn.seq,
		       w->ack - w->syn.seq);
	if (before(w->g_max, t->ack))
		BROKEN(w, "acknowledges %u; the guest sent %u",
		       t->ack - w->syn.seq, w->g_max - w->syn.seq);
	edge = t->ack + (w->our_wscale > 0 ? wnd << w->our_wscale : wnd);
	if (before(edge, w->ack_edge))
		BROKEN(w, "the window moves left, from %u to %u",
		       w->ack_edge - w->syn.seq, edge - w->syn.seq);
	/* an acknowledgement must be acceptable to who has got everything */
	if (!o->len && !(t->flags & WEIR_TCP_FIN) && t->seq != w->max &&
	    !before(w->edge, w->max) &&
	    (t->ack != w->ack || edge != w->ack_edge ||
	     !before(t->seq, w->una)))
		BROKEN(w, "an ACK at %u; everything before %u was sent",
		       t->seq - w->iss, w->max - w->iss);
	w->ack = t->ack;
	w->ack_edge = edge;
	return NULL;
}

static const char *check_data(struct watch *w, const struct weir_conn_out *o)
{
	uint32_t off = o->tcp.seq - w->iss - 1, end = off + o->len, at = off;
	uint32_t end_seq = o->tcp.seq + o->len;
	bool fin = o->tcp.flags & WEIR_TCP_FIN;
	bool probe = o->len == 1 && !before(o->tcp.seq, w->edge) && !fin;

	if (before(w->max, o->tcp.seq))
		BROKEN(w, "sends %u; %u comes first", off, w->max - w->iss - 1);
	if (!o->len && !fin)
		return NULL;
	if (o->tcp.seq == w->una - 1 && o->len <= 1 && !fin)
		return NULL; /* a keep-alive; its byte is nobody's */
	if (before(o->tcp.seq, w->iss + 1) || end > w->given)
		BROKEN(w, "sends %u-%u; the host gave %u", off, end,
		       (unsigned)w->given);
	if (o->len && !probe && before(w->edge, end_seq))
		BROKEN(w, "sends up to %u; the guest lets in %u", end,
		       w->edge - w->iss - 1);
	for (unsigned i = 0; i < o->n; i++) {
		uint32_t n = (uint32_t)o->payload[i].len;

		if (memcmp(o->payload[i].at, tape_at(w->tape, TAPE_DOWN, at),
			   n))
			BROKEN(w, "other bytes at %u-%u", at, at + n);
		at += n;
	}
	if (fin) {
		if (!w->eof || end != w->given)
			BROKEN(w, "FIN after %u bytes; the host gave %u%s", end,
			       (unsigned)w->given,
			       w->eof ? "" : " and goes on");
		w->fin = true;
		end_seq++;
	}
	w->max = later(w->max, end_seq);
	w->data_bytes += o->len;
	return NULL;
}

const char *watch_out(struct watch *w, const struct weir_conn_out *o)
{
	const char *why;

	w->outs++;
	if (w->ended)
		BROKEN(w, "a segment after the end");
	if (o->unreachable) {
		w->ended = true;
		if (w->synacked)
			BROKEN(w, "unreachable after a SYN-ACK");
		return NULL;
	}
	why = check_frame(w, o);
	if (why)
		return why;
	if (w->calling && !w->synacked)
		return check_call(w, o);
	if (o->tcp.flags & WEIR_TCP_SYN && w->calling)
		BROKEN(w, "a SYN after the guest's answer");
	if (o->tcp.flags & WEIR_TCP_SYN)
		return check_synack(w, o);
	if (o->tcp.flags & WEIR_TCP_RST)
		return check_rst(w, o);
	if (!w->synacked)
		BROKEN(w, "a segment before the SYN-ACK");
	why = check_ack(w, o);
	if (!why)
		why = check_sack(w, &o->tcp);
	return why ? why : check_data(w, o);
}

void watch_line(const struct watch *w, char *text, size_t n, bool up,
		const struct weir_tcp *t, uint32_t len)
{
	uint32_t seq = t->seq - (up ? w->syn.seq : w->iss);
	uint32_t ack = t->ack - (up ? w->iss : w->syn.seq), wnd = t->window;
	int scale = up ? w->syn.wscale : w->our_wscale;
	int at;

	if (!(t->flags & WEIR_TCP_SYN) && w->our_wscale > -1 && scale > 0)
		wnd <<= scale;
	at = snprintf(text, n, "%s %s%s%s%s seq %u len %u ack %u wnd %u",
		      up ? "up  " : "down", t->flags & WEIR_TCP_SYN ? "S" : "",
		      t->flags & WEIR_TCP_FIN ? "F" : "",
		      t->flags & WEIR_TCP_RST ? "R" : "",
		      t->flags & WEIR_TCP_ACK ? "A" : "", seq, len, ack, wnd);
	for (unsigned i = 0; i < t->n_sack && at > 0 && (size_t)at < n; i++)
		at += snprintf(text + at, n - (size_t)at, " [%u-%u]",
			       t->sack[i].from - (up ? w->iss : w->syn.seq),
			       t->sack[i].to - (up ? w->iss : w->syn.seq));
}
