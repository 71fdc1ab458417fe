/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.c - DNS: the guest's questions by UDP and TCP, the upstream sockets
 *
 * What a question becomes is decided by flow/ask.  This room brings it the
 * guest's messages, keeps at most one upstream socket for each of its slots,
 * and carries answers back.  A TCP flow to port 53 has no host socket: its
 * messages (two bytes of length, RFC 1035 4.2.2) are taken out of its up store
 * here, and answers are put into its down store, in the order in which they
 * are known (RFC 7766 6.2.1.1).
 *
 * A name is judged when it is asked for, the addresses of an answer when it
 * comes, and every address that the guest is told becomes a pin of the name it
 * asked for, at each telling: the only way in which a rule about a name can
 * ever match a flow.
 */
#include "engine/names.h"

#include <errno.h>

#include "engine/down.h"
#include "engine/lines.h"
#include "engine/relay.h"
#include "engine/streams.h"
#include "engine/tell.h"
#include "flow/transmit.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"
#include "packet/udp.h"
#include "policy/judge.h"
#include "sys/entropy.h"
#include "sys/loop.h"

#define FROM_UDP          1u
#define FROM_TCP          2u
#define FROM_LINE         3u
#define TCP_ANSWERS_BYTES (128u << 10) /* unread answers of one flow */
#define TCP_PENDING_MAX   64u          /* questions of one flow at once */
#define LISTEN_MAX        16u          /* datagrams of one call and turn */

static uint64_t tag_of(uint32_t slot)
{
	return WEIR_HOUSE_TAG(WEIR_HOUSE_TAG_NAME, slot);
}

size_t weir_names_bytes(void)
{
	return weir_ask_bytes() + 2 * (WEIR_ASK_ROOM_BYTES + 66u) +
	       WEIR_DNS_INFLIGHT_MAX *
		       (sizeof(struct weir_resolver_call) + sizeof(uint64_t) +
			sizeof(struct weir_names_sent)) +
	       256;
}

static void copy_upstreams(const struct weir_charter *c,
			   struct weir_servers_entry *to)
{
	for (uint32_t i = 0; i < c->n_upstreams; i++)
		to[i] = (struct weir_servers_entry){
			.addr = c->upstream[i].addr,
			.port = c->upstream[i].port,
			.line = (uint8_t)(c->upstream[i].name[0] ? i + 1 : 0),
		};
}

/* The charter's names; one that is no name was refused by control. */
static unsigned copy_hosts(const struct weir_charter *c,
			   struct weir_local_host *to)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < c->n_hosts; i++) {
		const char *name = c->host[i].name;

		if (weir_dns_name_from_text(name, strlen(name), &to[n].name))
			to[n++].addr = c->host[i].addr;
	}
	return n;
}

bool weir_names_init(struct weir_house *h, struct weir_arena *arena)
{
	struct weir_names *n = &h->names;
	const struct weir_charter *c = &h->charter;
	struct weir_servers_entry server[WEIR_DNS_UPSTREAMS_MAX];
	struct weir_local_host host[WEIR_CHARTER_HOSTS_MAX];
	struct weir_ask_config config = {
		.gateway4 = c->gateway4,
		.gateway6 = c->gateway6,
		.has6 = c->has6,
		.n_servers = c->n_upstreams,
		.server = server,
		.host = host,
		.timeout_ms = c->dns_timeout_ms,
		.cache_entries = c->dns_cache_entries,
	};

	copy_upstreams(c, server);
	config.n_hosts = copy_hosts(c, host);
	weir_entropy_fill(config.key, sizeof(config.key));
	weir_entropy_fill(n->random.b, sizeof(n->random.b));
	n->call = weir_arena_take(arena, WEIR_DNS_INFLIGHT_MAX,
				  sizeof(*n->call), 16);
	n->slot = weir_arena_take(arena, WEIR_DNS_INFLIGHT_MAX,
				  sizeof(*n->slot), 8);
	n->sent = weir_arena_take(arena, WEIR_DNS_INFLIGHT_MAX,
				  sizeof(*n->sent), 8);
	n->room = weir_arena_take(arena, 1, WEIR_ASK_ROOM_BYTES, 1);
	n->gathered = weir_arena_take(arena, 1, WEIR_ASK_ROOM_BYTES + 2u, 1);
	weir_lines_init(h);
	return n->call && n->slot && n->sent && n->room && n->gathered &&
	       weir_ask_init(&n->ask, arena, &config);
}

void weir_names_reload(struct weir_house *h)
{
	struct weir_servers_entry server[WEIR_DNS_UPSTREAMS_MAX];

	copy_upstreams(&h->charter, server);
	weir_ask_set_servers(&h->names.ask, server, h->charter.n_upstreams);
	weir_lines_reload(h);
	weir_names_go_on(h);
}

/* --- answers to the guest --- */

static void answer_stream(struct weir_house *h, uint64_t id,
			  const uint8_t *bytes, size_t len)
{
	uint32_t i = weir_streams_find_id(h, id), want = (uint32_t)len + 2u;
	uint8_t head[2] = { (uint8_t)(len >> 8), (uint8_t)len };
	struct weir_span part[2] = { { head, 2 },
				     { (uint8_t *)(uintptr_t)bytes, len } };
	struct weir_conn *c;

	if (i == WEIR_HOUSE_NONE)
		return;
	c = &h->streams.conn[i];
	if (h->streams.side[i].pending)
		h->streams.side[i].pending--;
	weir_streams_busy(h, i);
	if (c->flags & WEIR_CONN_F_HOST_EOF ||
	    c->down.len + want > TCP_ANSWERS_BYTES ||
	    !weir_relay_say(h, i, &(struct weir_spans){ part, 2, want }))
		weir_conn_abort(c, WEIR_REASON_LIMIT_PAYLOAD);
}

/* What the guest is told becomes pins. */
static void pin(struct weir_house *h, const struct weir_ask_out *o)
{
	struct weir_sift_address a[WEIR_SIFT_ADDRESSES_MAX];
	unsigned n;

	if (!o->name || o->rcode != WEIR_DNS_NOERROR || o->answers == 0)
		return;
	n = weir_ask_addresses(o->bytes, o->len, a, WEIR_SIFT_ADDRESSES_MAX);
	for (unsigned i = 0; i < n; i++)
		weir_pins_add(&h->pins, &a[i].addr, o->name, a[i].ttl,
			      h->now_us);
}

static void answer(struct weir_house *h, const struct weir_ask_out *o)
{
	struct weir_assoc_ends ends;
	uint64_t id;

	pin(h, o);
	weir_tell_name(h, o);
	if (o->from.b[0] != FROM_UDP) {
		memcpy(&id, o->from.b + 1, sizeof(id));
		if (o->from.b[0] == FROM_TCP)
			answer_stream(h, id, o->bytes, o->len);
		else
			weir_lines_answer(h, id, o->bytes, o->len);
		return;
	}
	memcpy(&ends, o->from.b + 1, sizeof(ends));
	(void)weir_down_datagram(h, &ends, o->bytes, o->len);
}

/* --- the sockets --- */

static void hang_up(struct weir_house *h, uint32_t slot)
{
	struct weir_names *n = &h->names;

	if (n->slot[slot] && !n->sent[slot].line)
		weir_resolver_close(&n->call[slot]);
	n->sent[slot].line = 0;
	n->slot[slot] = 0;
}

static bool call_line(struct weir_house *h, const struct weir_ask_out *o)
{
	struct weir_names_sent *s = &h->names.sent[weir_ask_index(o->slot)];

	if (!weir_lines_ask(h, o))
		return false;
	s->line = o->server.line;
	s->id = (uint16_t)(o->bytes[0] << 8 | o->bytes[1]);
	return true;
}

static void call_up(struct weir_house *h, const struct weir_ask_out *o)
{
	struct weir_names *n = &h->names;
	uint32_t slot = weir_ask_index(o->slot);
	struct weir_resolver_call *c = &n->call[slot];
	int err;

	hang_up(h, slot);
	if (o->server.line) {
		if (call_line(h, o))
			n->slot[slot] = o->slot;
		else
			weir_ask_failed(&n->ask, o->slot, h->now_us);
		return;
	}
	weir_resolver_init(c);
	err = weir_resolver_open(c, &o->server.addr, o->server.port, o->tcp,
				 o->bytes, o->len);
	if (!err)
		err = weir_loop_watch(h->loop, c->fd, tag_of(slot),
				      weir_resolver_wants_write(c), false);
	if (err) {
		weir_resolver_close(c);
		weir_ask_failed(&n->ask, o->slot, h->now_us);
		return;
	}
	n->slot[slot] = o->slot;
}

/* Everything that is to be done after an event. */
static void pump(struct weir_house *h)
{
	struct weir_names *n = &h->names;
	struct weir_ask_out o = { .bytes = n->room,
				  .room = WEIR_ASK_ROOM_BYTES };

	for (;;) {
		switch (weir_ask_next(&n->ask, &n->random, h->now_us, &o)) {
		case WEIR_ASK_IDLE:
			return;
		case WEIR_ASK_TELL:
			answer(h, &o);
			break;
		case WEIR_ASK_SEND:
			if (n->random.used) {
				weir_entropy_fill(n->random.b,
						  sizeof(n->random.b));
				n->random.used = false;
			}
			call_up(h, &o);
			break;
		case WEIR_ASK_CLOSE:
			hang_up(h, weir_ask_index(o.slot));
			break;
		}
	}
}

/* --- questions --- */

static enum weir_ask_verdict judge(struct weir_house *h,
				   const struct weir_ask_question *q)
{
	const struct weir_dns_name *name = &q->q.name;
	struct weir_judge_verdict v = weir_judge_name(&h->policy.image, name);

	if (v.said == WEIR_JUDGE_ALLOW)
		return WEIR_ASK_ALLOW;
	weir_house_count(h, v.reason);
	weir_tell_name_denied(h, name, q->q.type, &v);
	return WEIR_ASK_DENY;
}

/* The addresses of an answer: which may the guest be told? */
static void review(struct weir_house *h, struct weir_ask_review *r)
{
	struct weir_judge_verdict why = { .reason = WEIR_REASON_NONE };
	/* the policy may be another one since it was asked */
	const struct weir_judge_verdict name =
		weir_judge_name(&h->policy.image, r->name);

	for (unsigned i = 0; i < r->n; i++) {
		struct weir_judge_verdict v =
			weir_judge_answer(&h->policy.image, &h->classes,
					  r->name, &r->address[i].addr);

		if (name.said != WEIR_JUDGE_ALLOW)
			v = name;
		r->address[i].drop = v.said != WEIR_JUDGE_ALLOW;
		if (r->address[i].drop)
			why = v;
	}
	r->strip_ech = h->policy.image.flags & WEIR_IMAGE_NAMES;
	if (why.reason == WEIR_REASON_NONE)
		return;
	weir_house_count(h, why.reason);
	weir_tell_name_denied(h, r->name, r->type, &why);
}

/* One message from the guest.  True if an answer will come. */
static bool ask(struct weir_house *h, const struct weir_ask_in *in)
{
	struct weir_names *n = &h->names;
	struct weir_ask_out o = { .bytes = n->room,
				  .room = WEIR_ASK_ROOM_BYTES };
	struct weir_ask_question q;
	enum weir_ask_said said = weir_ask_read(&n->ask, in, &q, &o);

	if (said == WEIR_ASK_JUDGE)
		said = weir_ask_decide(&n->ask, &q, judge(h, &q), h->now_us,
				       &o);
	if (said == WEIR_ASK_DROP) {
		if (!in->tcp) /* a flow's reason is counted when it ends */
			weir_house_count(h, o.reason);
		return false;
	}
	if (said == WEIR_ASK_REPLY)
		answer(h, &o);
	return true;
}

void weir_names_datagram(struct weir_house *h,
			 const struct weir_assoc_ends *ends,
			 const uint8_t *bytes, size_t len)
{
	size_t head = WEIR_UDP_HEADER_BYTES +
		      (weir_addr_is4(&ends->guest) ? WEIR_IPV4_HEADER_BYTES
						   : WEIR_IPV6_HEADER_BYTES);
	struct weir_ask_in in = {
		.bytes = bytes,
		.len = len,
		.max_udp = (uint16_t)(h->charter.mtu - head),
	};

	_Static_assert(sizeof(*ends) < WEIR_ASK_FROM_BYTES, "fits the token");
	in.from.b[0] = FROM_UDP;
	memcpy(in.from.b + 1, ends, sizeof(*ends));
	(void)ask(h, &in);
	pump(h);
}

/* The next whole message of a TCP flow.  0: not there yet. */
static size_t gather(struct weir_house *h, struct weir_conn *c)
{
	struct weir_span part[WEIR_CONN_SPANS_MAX];
	struct weir_spans all = { part, 0, c->up.len };
	uint8_t *to = h->names.gathered;
	size_t len;

	all.n = weir_conn_up_peek(c, &h->env_names, part, WEIR_CONN_SPANS_MAX);
	if (weir_spans_copy(&all, 0, to, 2) < 2)
		return 0;
	len = (size_t)to[0] << 8 | to[1];
	if (weir_spans_copy(&all, 2, to, len) < len)
		return 0;
	return len + 2;
}

void weir_names_stream(struct weir_house *h, uint32_t i)
{
	struct weir_conn *c = &h->streams.conn[i];
	struct weir_side *side = &h->streams.side[i];
	struct weir_ask_in in = { .bytes = h->names.gathered, .tcp = true };
	uint64_t id = weir_streams_id(h, i);
	size_t n;

	in.from.b[0] = FROM_TCP;
	memcpy(in.from.b + 1, &id, sizeof(id));
	while (c->state == WEIR_CONN_OPEN && side->pending < TCP_PENDING_MAX &&
	       (n = gather(h, c)) != 0) {
		in.len = n - 2;
		weir_conn_up_taken(c, &h->env_names, (uint32_t)n);
		side->pending++;
		if (!ask(h, &in)) {
			side->pending--;
			weir_conn_abort(c, WEIR_REASON_DNS_FORM);
		}
		pump(h);
		if (c->flags & WEIR_CONN_F_RST_NOW)
			return;
	}
}

bool weir_names_message(struct weir_house *h, uint64_t from, size_t len)
{
	struct weir_ask_in in = { .bytes = h->names.gathered,
				  .len = len,
				  .tcp = true };
	bool answered;

	in.from.b[0] = FROM_LINE;
	memcpy(in.from.b + 1, &from, sizeof(from));
	answered = ask(h, &in);
	pump(h);
	return answered;
}

/* --- events and time --- */

/* What came from a server for the question of a slot. */
static enum weir_ask_took took(struct weir_house *h, uint64_t id,
			       const uint8_t *bytes, size_t len)
{
	struct weir_names *n = &h->names;
	struct weir_ask_review answer;
	enum weir_ask_took took =
		weir_ask_upstream(&n->ask, id, bytes, len, h->now_us, &answer);

	if (took != WEIR_ASK_REVIEW)
		return took;
	review(h, &answer);
	weir_ask_settle(&n->ask, &answer, bytes, len, h->now_us);
	return took;
}

void weir_names_heard(struct weir_house *h, uint8_t line, size_t len)
{
	struct weir_names *n = &h->names;
	struct weir_rd in = weir_rd_over(n->gathered, len);
	uint16_t id = weir_rd_be16(&in);

	for (uint32_t k = 0; k < WEIR_DNS_INFLIGHT_MAX; k++) {
		if (n->sent[k].line != line || n->sent[k].id != id)
			continue;
		if (took(h, n->slot[k], n->gathered, len) != WEIR_ASK_IGNORED)
			break;
	}
}

void weir_names_line_lost(struct weir_house *h, uint8_t line,
			  enum weir_names_again again)
{
	struct weir_names *n = &h->names;

	for (uint32_t k = 0; k < WEIR_DNS_INFLIGHT_MAX; k++) {
		uint64_t id = n->slot[k];

		if (n->sent[k].line != line)
			continue;
		hang_up(h, k);
		if (again == WEIR_NAMES_ANYWAY ||
		    (again == WEIR_NAMES_ONCE && n->sent[k].again != id))
			weir_ask_repeat(&n->ask, id, h->now_us);
		else
			weir_ask_failed(&n->ask, id, h->now_us);
		if (again != WEIR_NAMES_NOT)
			n->sent[k].again = again == WEIR_NAMES_ONCE ? id : 0;
	}
}

void weir_names_go_on(struct weir_house *h)
{
	pump(h);
}

void weir_names_event(struct weir_house *h, uint32_t slot, uint32_t what)
{
	struct weir_names *n = &h->names;
	struct weir_resolver_call *c = &n->call[slot];
	uint64_t id = n->slot[slot];
	enum weir_ask_took said = WEIR_ASK_IGNORED;
	int len = 0;

	(void)what;
	if (id == 0)
		return; /* closed earlier in this turn */
	for (unsigned k = 0;
	     k < LISTEN_MAX && said == WEIR_ASK_IGNORED &&
	     (len = weir_resolver_run(c, n->room, WEIR_ASK_ROOM_BYTES)) > 0;
	     k++)
		said = took(h, id, n->room, (size_t)len);
	if (len < 0)
		weir_ask_failed(&n->ask, id, h->now_us);
	else if (len == 0 && c->tcp)
		(void)weir_loop_change(h->loop, c->fd, tag_of(slot), true,
				       weir_resolver_wants_write(c));
	pump(h);
}

void weir_names_tick(struct weir_house *h)
{
	if (weir_ask_due_us(&h->names.ask) > h->now_us)
		return;
	weir_ask_tick(&h->names.ask, h->now_us);
	pump(h);
}

uint64_t weir_names_due_us(const struct weir_house *h)
{
	return weir_ask_due_us(&h->names.ask);
}

void weir_names_end_all(struct weir_house *h)
{
	for (uint32_t i = 0; i < WEIR_DNS_INFLIGHT_MAX; i++)
		hang_up(h, i);
	weir_lines_end_all(h);
}
