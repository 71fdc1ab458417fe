/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ask.c - the guest's DNS questions: read, decided, answered, asked onward
 *
 * A question is answered by the first of these that can:
 *
 *	its form	FORMERR, NOTIMP, REFUSED, BADVERS
 *	`hosts`		the table of names answered here
 *	the network	alias names, PTR of the gateway, localhost
 *	the verdict	denied: NXDOMAIN with extended error 15
 *	its type	ANY, transfers, AAAA where there is no IPv6
 *	the cache	answers.h
 *	a server	one upstream question for all who ask the same
 *
 * An upstream question is a slot; the guest's questions wait in its list. Slots
 * in which something is to be done are on the list `todo`, which weir_ask_next()
 * works off; slots whose server may still answer are on the list `asked`, in the
 * order of their deadlines (that of sending: all have the same patience).
 *
 *	            start()            next(): SEND           settle()
 *	(free) ───────────► QUEUED ───────────────► ASKED ──────────► SETTLED
 *	                      ▲  again(): another     │                  │
 *	                      └── server, TCP, plain ─┤ lose()           │
 *	                                              ▼                  │
 *	          next(): TELL … CLOSE              LOST                 │
 *	(free) ◄──────────────────────────────────────┴──────────────────┘
 *
 * Which server is servers.h's matter.  One that refused, failed or could not be
 * reached is not asked again for the same question.
 * Each try has a new id, a new mix of cases and a new socket (a new port).  Equal
 * questions share one, so nobody can have many in flight to guess at.
 *
 * Invariants:
 *  1. A slot is in the table in QUEUED and ASKED; on `asked` in ASKED; on `todo`
 *     in the other three; nowhere else.
 *  2. After weir_ask_next() said IDLE `todo` is empty and @settled is free.
 *  3. A waiter is in exactly one slot's list; it is answered once.
 *
 * Limits: WEIR_DNS_INFLIGHT_MAX slots, WEIR_ASK_WAITERS_MAX waiters,
 * WEIR_ASK_SHARE_MAX of them in a slot; beyond: SERVFAIL.  Not here: sockets,
 * framing of TCP, the policy.
 *
 * RFC 1035, 2308, 5452 (forged answers), 6761 (localhost), 6840 5.7 (AD), 6891,
 * 7766, 8482 (ANY), 8914, 8906.
 */
#include "flow/ask.h"

#include "base/must.h"
#include "base/siphash.h"

#define NONE UINT32_MAX

_Static_assert(WEIR_DNS_INFLIGHT_MAX <= UINT32_MAX / 2, "slots are indices");

size_t weir_ask_bytes(void)
{
	return weir_answers_bytes(WEIR_DNS_CACHE_ENTRIES, WEIR_ANSWERS_BYTES) +
	       weir_pool_bytes(WEIR_DNS_INFLIGHT_MAX) +
	       weir_table_bytes(WEIR_DNS_INFLIGHT_MAX) +
	       weir_pool_bytes(WEIR_ASK_WAITERS_MAX) +
	       WEIR_DNS_INFLIGHT_MAX * sizeof(struct weir_ask_slot) +
	       WEIR_ASK_WAITERS_MAX * sizeof(struct weir_ask_waiter) +
	       weir_local_bytes() + WEIR_ASK_ROOM_BYTES + 1024;
}

static bool take_memory(struct weir_ask *a, struct weir_arena *arena,
			uint32_t entries)
{
	if (!weir_answers_init(&a->answers, arena, entries ? entries : 1,
			       WEIR_ANSWERS_BYTES, a->key) ||
	    !weir_pool_init(&a->slots, arena, WEIR_DNS_INFLIGHT_MAX) ||
	    !weir_table_init(&a->table, arena, WEIR_DNS_INFLIGHT_MAX) ||
	    !weir_pool_init(&a->waiters, arena, WEIR_ASK_WAITERS_MAX))
		return false;
	a->slot =
		weir_arena_take(arena, WEIR_DNS_INFLIGHT_MAX, sizeof(*a->slot),
				_Alignof(struct weir_ask_slot));
	a->waiter =
		weir_arena_take(arena, WEIR_ASK_WAITERS_MAX, sizeof(*a->waiter),
				_Alignof(struct weir_ask_waiter));
	a->settled.room = weir_arena_take(arena, WEIR_ASK_ROOM_BYTES, 1, 1);
	return a->slot && a->waiter && a->settled.room;
}

bool weir_ask_init(struct weir_ask *a, struct weir_arena *arena,
		   const struct weir_ask_config *config)
{
	const struct weir_addr gateway[2] = { config->gateway4,
					      config->gateway6 };

	*a = (struct weir_ask){
		.has6 = config->has6,
		.keeps = config->cache_entries != 0,
		.timeout_us = config->timeout_ms * UINT64_C(1000),
		.key = { config->key[0], config->key[1] },
		.first_asked = NONE,
		.last_asked = NONE,
		.first_todo = NONE,
		.last_todo = NONE,
	};
	if (!take_memory(a, arena, config->cache_entries) ||
	    !weir_local_init(&a->local, arena, gateway, config->has6))
		return false;
	for (unsigned i = 0; i < config->n_hosts; i++)
		(void)weir_local_add(&a->local, &config->host[i]);
	weir_ask_set_servers(a, config->server, config->n_servers);
	return true;
}

void weir_ask_set_servers(struct weir_ask *a,
			  const struct weir_servers_entry *s, unsigned n)
{
	weir_servers_set(&a->servers, s, n);
	/* what is in flight may still be answered; the next try is a new one */
	for (uint32_t i = 0; i < weir_pool_high(&a->slots); i++)
		weir_servers_forget(&a->slot[i].tried);
	weir_answers_clear(&a->answers);
}

void weir_ask_forget(struct weir_ask *a)
{
	weir_answers_clear(&a->answers);
}

uint32_t weir_ask_index(uint64_t slot)
{
	return (uint32_t)slot;
}

/* answers */

static void respond_init(struct weir_respond *r,
			 const struct weir_ask_guest *guest,
			 const struct weir_dns_question *q,
			 struct weir_ask_out *out)
{
	weir_respond_init(r, &guest->style, q, out->bytes, out->room);
	out->from = guest->from;
	out->tcp = guest->tcp;
	out->cached = false;
	out->name = &q->name;
	out->type = q->type;
}

/* the answer is @len bytes in the room */
static enum weir_ask_said reply(const struct weir_respond *r, size_t len,
				struct weir_ask_out *out)
{
	out->len = len;
	out->rcode = r->rcode;
	out->answers = r->answers;
	return WEIR_ASK_REPLY;
}

/* reading */

/* answers that repeat no question: the message may not hold one */
static enum weir_ask_said refuse_bare(struct weir_ask *a,
				      const struct weir_dns_header *h,
				      const struct weir_ask_in *in,
				      uint16_t rcode, struct weir_ask_out *out)
{
	a->stats.refused++;
	out->len = weir_respond_bare(h, rcode, out->bytes, out->room);
	out->from = in->from;
	out->tcp = in->tcp;
	out->cached = false;
	out->name = NULL;
	out->type = out->answers = 0;
	out->rcode = rcode;
	return WEIR_ASK_REPLY;
}

enum weir_ask_said weir_ask_read(struct weir_ask *a,
				 const struct weir_ask_in *in,
				 struct weir_ask_question *ret,
				 struct weir_ask_out *out)
{
	struct weir_ask_question *q = &a->reading;
	struct weir_respond r;
	struct weir_dns_walk w;
	struct weir_respond_way way = { .tcp = in->tcp,
					.max_udp = in->max_udp };
	uint8_t version;
	size_t len;

	a->stats.questions++;
	if (!weir_dns_walk_open(in->bytes, in->len, &w) ||
	    w.header.flags & WEIR_DNS_QR) {
		a->stats.dropped++;
		out->reason = WEIR_REASON_DNS_FORM;
		return WEIR_ASK_DROP;
	}
	if (w.header.flags & WEIR_DNS_OPCODE_MASK)
		return refuse_bare(a, &w.header, in, WEIR_DNS_NOTIMP, out);
	if (!weir_respond_read(&w, &way, &q->q, &q->guest.style, &version))
		return refuse_bare(a, &w.header, in, WEIR_DNS_FORMERR, out);
	q->guest.from = in->from;
	q->guest.tcp = in->tcp;
	respond_init(&r, &q->guest, &q->q, out);
	if (version != 0 || q->q.class != WEIR_DNS_CLASS_IN) {
		a->stats.refused++;
		len = weir_respond_empty(&r,
					 version ? WEIR_DNS_BADVERS
						 : WEIR_DNS_REFUSED,
					 WEIR_DNS_EDE_NONE);
		return reply(&r, len, out);
	}
	len = weir_local_answer(&a->local, &r);
	if (len) {
		a->stats.local++;
		return reply(&r, len, out);
	}
	*ret = *q;
	return WEIR_ASK_JUDGE;
}

/* deciding */

/* types that ask for no data of a name (RFC 6895 3.1) */
static bool is_meta(uint16_t type)
{
	return type == 0 || type == WEIR_DNS_OPT ||
	       (type >= 128 && type < WEIR_DNS_ANY);
}

static uint8_t flavour_of(const struct weir_ask_question *q)
{
	const struct weir_respond_style *s = &q->guest.style;

	return (uint8_t)((s->dnssec_ok ? WEIR_ANSWERS_DO : 0) |
			 (s->flags & WEIR_DNS_CD ? WEIR_ANSWERS_CD : 0));
}

static uint32_t hash_of(const struct weir_ask *a,
			const struct weir_dns_question *q, uint8_t flavour)
{
	uint64_t w[2] = { (uint64_t)q->type << 8 | flavour,
			  weir_siphash(a->key, q->name.b, q->name.len) };

	return (uint32_t)weir_siphash_words(a->key, w, 2);
}

/* begin an answer whose records the caller will write as bytes */
static void open_kept(struct weir_respond *r,
		      const struct weir_answers_what *what)
{
	weir_respond_open(r, what->flags & WEIR_DNS_RCODE_MASK);
	if (what->flags & WEIR_DNS_AD)
		weir_respond_verified(r);
	r->b.n[WEIR_DNS_ANSWER] = what->n[0];
	r->b.n[WEIR_DNS_AUTHORITY] = what->n[1];
}

/* the length of an answer from the cache, 0 if there is none */
static size_t answer_cached(struct weir_ask *a,
			    const struct weir_ask_question *q, uint64_t now_us,
			    struct weir_respond *r)
{
	struct weir_answers_key key = { .name = &q->q.name,
					.type = q->q.type,
					.flavour = flavour_of(q) };
	struct weir_answers_what what;
	uint32_t i = weir_answers_find(&a->answers, &key, now_us, &what);

	if (i == WEIR_POOL_NONE)
		return 0;
	open_kept(r, &what);
	weir_answers_copy(&a->answers, i, now_us, &r->b.w);
	return weir_respond_close(r, WEIR_DNS_EDE_NONE);
}

static void todo_put(struct weir_ask *a, uint32_t i)
{
	a->slot[i].after = NONE;
	if (a->last_todo != NONE)
		a->slot[a->last_todo].after = i;
	else
		a->first_todo = i;
	a->last_todo = i;
}

static void todo_pop(struct weir_ask *a)
{
	a->first_todo = a->slot[a->first_todo].after;
	if (a->first_todo == NONE)
		a->last_todo = NONE;
}

static void asked_put(struct weir_ask *a, uint32_t i)
{
	struct weir_ask_slot *s = &a->slot[i];

	s->earlier = a->last_asked;
	s->later = NONE;
	if (a->last_asked != NONE)
		a->slot[a->last_asked].later = i;
	else
		a->first_asked = i;
	a->last_asked = i;
}

static void asked_remove(struct weir_ask *a, uint32_t i)
{
	struct weir_ask_slot *s = &a->slot[i];

	if (s->earlier != NONE)
		a->slot[s->earlier].later = s->later;
	else
		a->first_asked = s->later;
	if (s->later != NONE)
		a->slot[s->later].earlier = s->earlier;
	else
		a->last_asked = s->earlier;
}

static uint32_t find_slot(const struct weir_ask *a,
			  const struct weir_ask_question *q, uint32_t hash)
{
	uint32_t i = weir_table_first(&a->table, hash);

	for (; i != WEIR_TABLE_NONE; i = weir_table_next(&a->table, i)) {
		const struct weir_ask_slot *s = &a->slot[i];

		if (s->q.type == q->q.type && s->flavour == flavour_of(q) &&
		    weir_dns_is_exact_name(&s->q.name, &q->q.name))
			return i;
	}
	return NONE;
}

/*
 * A guest that repeats a datagram waits once.  On a stream nothing is repeated:
 * each question is one, and has its answer.
 */
static bool is_waiting(const struct weir_ask *a, uint32_t slot,
		       const struct weir_ask_guest *g)
{
	uint32_t i = a->slot[slot].waiter;

	for (; i != NONE; i = a->waiter[i].next) {
		const struct weir_ask_guest *w = &a->waiter[i].guest;

		if (w->style.id == g->style.id && w->tcp == g->tcp &&
		    memcmp(&w->from, &g->from, sizeof(w->from)) == 0)
			return true;
	}
	return false;
}

static bool add_waiter(struct weir_ask *a, uint32_t slot,
		       const struct weir_ask_guest *guest)
{
	struct weir_ask_slot *s = &a->slot[slot];
	uint32_t i;

	if (!guest->tcp && is_waiting(a, slot, guest))
		return true;
	if (s->n_waiters == WEIR_ASK_SHARE_MAX)
		return false;
	i = weir_pool_take(&a->waiters);
	if (i == WEIR_POOL_NONE)
		return false;
	a->waiter[i].guest = *guest;
	a->waiter[i].next = NONE;
	if (s->last_waiter != NONE)
		a->waiter[s->last_waiter].next = i;
	else
		s->waiter = i;
	s->last_waiter = i;
	s->n_waiters++;
	return true;
}

/* asking */

/* nobody can answer, or somebody has: no one joins the slot any more */
static void end(struct weir_ask *a, uint32_t i, enum weir_ask_state state)
{
	weir_table_remove(&a->table, i);
	a->slot[i].state = (uint8_t)state;
	todo_put(a, i);
}

/* the slot, on no list, tries (another) server, or is lost */
static void again(struct weir_ask *a, uint32_t i, uint64_t now_us)
{
	struct weir_ask_slot *s = &a->slot[i];

	s->tcp = false;
	if (!weir_servers_choose(&a->servers, &s->tried, now_us)) {
		end(a, i, WEIR_ASK_STATE_LOST);
		return;
	}
	s->state = WEIR_ASK_STATE_QUEUED;
	todo_put(a, i);
}

/* the slot asks the same server once more, in another way */
static void repeat(struct weir_ask *a, uint32_t i, bool tcp, bool plain,
		   uint64_t now_us)
{
	struct weir_ask_slot *s = &a->slot[i];

	if (s->tried.now >= a->servers.n) { /* the list is another one now */
		again(a, i, now_us);
		return;
	}
	s->tcp = tcp;
	s->plain = plain;
	s->state = WEIR_ASK_STATE_QUEUED;
	todo_put(a, i);
}

/* a slot that asks for @q; false if there is none left */
static bool start(struct weir_ask *a, const struct weir_ask_question *q,
		  uint32_t hash, uint64_t now_us)
{
	uint32_t i = weir_pool_take(&a->slots);

	if (i == WEIR_POOL_NONE)
		return false;
	a->slot[i] = (struct weir_ask_slot){
		.q = q->q,
		.flavour = flavour_of(q),
		.tried = { .since_us = now_us },
		.waiter = NONE,
		.last_waiter = NONE,
	};
	if (!add_waiter(a, i, &q->guest)) {
		weir_pool_give(&a->slots, i);
		return false;
	}
	weir_table_put(&a->table, i, hash);
	again(a, i, now_us);
	return true;
}

static bool ask_onward(struct weir_ask *a, const struct weir_ask_question *q,
		       uint64_t now_us)
{
	uint32_t hash = hash_of(a, &q->q, flavour_of(q));
	uint32_t i = find_slot(a, q, hash);

	if (i == NONE)
		return start(a, q, hash, now_us);
	if (!add_waiter(a, i, &q->guest))
		return false;
	a->stats.shared++;
	return true;
}

enum weir_ask_said weir_ask_decide(struct weir_ask *a,
				   const struct weir_ask_question *q,
				   enum weir_ask_verdict verdict,
				   uint64_t now_us, struct weir_ask_out *out)
{
	struct weir_respond r;
	size_t len;

	respond_init(&r, &q->guest, &q->q, out);
	if (verdict == WEIR_ASK_DENY) {
		a->stats.denied++;
		len = weir_respond_empty(&r, WEIR_DNS_NXDOMAIN,
					 WEIR_DNS_EDE_BLOCKED);
	} else if (q->q.type == WEIR_DNS_ANY) {
		a->stats.local++;
		len = weir_respond_any(&r);
	} else if (is_meta(q->q.type)) {
		a->stats.refused++;
		len = weir_respond_empty(&r, WEIR_DNS_REFUSED,
					 WEIR_DNS_EDE_NOT_SUPPORTED);
	} else if (q->q.type == WEIR_DNS_AAAA && !a->has6) {
		a->stats.local++;
		len = weir_respond_empty(&r, WEIR_DNS_NOERROR,
					 WEIR_DNS_EDE_NONE);
	} else if ((len = answer_cached(a, q, now_us, &r)) != 0) {
		a->stats.cached++;
		out->cached = true;
	} else if (ask_onward(a, q, now_us)) {
		return WEIR_ASK_WAIT;
	} else {
		a->stats.limit++;
		len = weir_respond_empty(&r, WEIR_DNS_SERVFAIL,
					 WEIR_DNS_EDE_NONE);
	}
	return reply(&r, len, out);
}

/* the slot of an id, if it waits for its server */
static uint32_t find_asked(const struct weir_ask *a, uint64_t id)
{
	uint32_t i = weir_pool_find(&a->slots, id);

	return i != WEIR_POOL_NONE && a->slot[i].state == WEIR_ASK_STATE_ASKED
		       ? i
		       : NONE;
}

static void give_up_server(struct weir_ask *a, uint32_t i, uint64_t now_us)
{
	a->stats.failures++;
	weir_servers_refused(&a->slot[i].tried);
	again(a, i, now_us);
}

void weir_ask_repeat(struct weir_ask *a, uint64_t slot, uint64_t now_us)
{
	uint32_t i = find_asked(a, slot);

	if (i == NONE)
		return;
	asked_remove(a, i);
	repeat(a, i, a->slot[i].tcp, a->slot[i].plain, now_us);
}

void weir_ask_failed(struct weir_ask *a, uint64_t slot, uint64_t now_us)
{
	uint32_t i = find_asked(a, slot);

	if (i == NONE)
		return;
	asked_remove(a, i);
	give_up_server(a, i, now_us);
}

uint64_t weir_ask_due_us(const struct weir_ask *a)
{
	return a->first_asked == NONE ? UINT64_MAX
				      : a->slot[a->first_asked].due_us;
}

void weir_ask_tick(struct weir_ask *a, uint64_t now_us)
{
	while (a->first_asked != NONE &&
	       a->slot[a->first_asked].due_us <= now_us) {
		uint32_t i = a->first_asked;

		asked_remove(a, i);
		a->stats.timeouts++;
		weir_servers_silent(&a->servers, &a->slot[i].tried, now_us);
		again(a, i, now_us);
	}
}

/* what servers say */

static void sent_of(const struct weir_ask_slot *s, struct weir_sift_sent *ret)
{
	ret->q = s->q;
	ret->id = s->id;
	ret->tcp = s->tcp;
	ret->edns = !s->plain;
	ret->dnssec_ok = (s->flavour & WEIR_ANSWERS_DO) && !s->plain;
	weir_dns_raise(&ret->q.name, s->mix);
}

enum weir_ask_took weir_ask_upstream(struct weir_ask *a, uint64_t slot,
				     const uint8_t *bytes, size_t len,
				     uint64_t now_us,
				     struct weir_ask_review *ret)
{
	uint32_t i = find_asked(a, slot);
	struct weir_sift_sent sent;
	struct weir_ask_slot *s;
	enum weir_sift_is is;
	struct weir_sift sift;

	if (i == NONE)
		return WEIR_ASK_IGNORED;
	s = &a->slot[i];
	sent_of(s, &sent);
	is = weir_sift_open(bytes, len, &sent, &sift);
	if (is == WEIR_SIFT_FOREIGN && !s->tcp) {
		a->stats.ignored++;
		return WEIR_ASK_IGNORED;
	}
	if (is == WEIR_SIFT_ANSWER) {
		weir_servers_spoke(&a->servers, &s->tried);
		ret->slot = slot;
		ret->name = &s->q.name;
		ret->type = s->q.type;
		ret->strip_ech = false;
		ret->n = weir_sift_list(&sift, ret->address);
		return WEIR_ASK_REVIEW;
	}
	asked_remove(a, i);
	if (is == WEIR_SIFT_CASE) {
		a->stats.ignored++;
		repeat(a, i, true, s->plain, now_us);
	} else if (is == WEIR_SIFT_CUT) {
		weir_servers_spoke(&a->servers, &s->tried);
		repeat(a, i, true, s->plain, now_us);
	} else if (is == WEIR_SIFT_PLAIN) {
		repeat(a, i, s->tcp, true, now_us);
	} else {
		give_up_server(a, i, now_us);
	}
	return WEIR_ASK_TAKEN;
}

static void keep(struct weir_ask *a, const struct weir_ask_slot *s,
		 const struct weir_dns_build *b, size_t body, uint64_t now_us)
{
	struct weir_answers_key key = { .name = &s->q.name,
					.type = s->q.type,
					.flavour = s->flavour };
	uint16_t ttls[WEIR_ANSWERS_TTLS_MAX];

	if (!a->keeps || b->n_ttls > WEIR_ANSWERS_TTLS_MAX)
		return;
	for (unsigned i = 0; i < b->n_ttls; i++)
		ttls[i] = (uint16_t)(b->ttls[i] - body);
	weir_answers_put(&a->answers, &key, &a->settled.what, a->settled.bytes,
			 ttls, now_us);
}

/* write what belongs to the answer into @settled; false if it is too long */
static bool write_settled(struct weir_ask *a, const struct weir_ask_slot *s,
			  const struct weir_sift *sift,
			  const struct weir_ask_review *r, uint64_t now_us)
{
	size_t body = WEIR_DNS_HEADER_BYTES + s->q.name.len + 4u, len;
	uint16_t ttls[WEIR_ANSWERS_TTLS_MAX];
	struct weir_dns_build b;
	bool lasting;

	weir_dns_build_open(&b, a->settled.room,
			    WEIR_ASK_ROOM_BYTES - WEIR_DNS_OPT_BYTES -
				    WEIR_DNS_EDE_BYTES,
			    0, 0, &s->q);
	b.ttls = ttls;
	b.max_ttls = WEIR_ANSWERS_TTLS_MAX;
	lasting = weir_sift_build(sift, r->address, r->n, r->strip_ech, &b,
				  &a->settled.what);
	len = weir_dns_build_close(&b);
	if (len == 0)
		return false;
	a->settled.what.len = (uint16_t)(len - body);
	a->settled.bytes = a->settled.room + body;
	a->settled.ede = WEIR_DNS_EDE_NONE;
	if (lasting)
		keep(a, s, &b, body, now_us);
	return true;
}

/* every address was dropped */
static void settle_filtered(struct weir_ask *a)
{
	a->stats.filtered++;
	a->settled.what =
		(struct weir_answers_what){ .flags = WEIR_DNS_NXDOMAIN };
	a->settled.bytes = a->settled.room;
	a->settled.ede = WEIR_DNS_EDE_FILTERED;
}

/* hints do not count: their record stays */
static bool is_emptied(const struct weir_ask_review *r)
{
	for (unsigned i = 0; i < r->n; i++) {
		if (r->address[i].hint || !r->address[i].drop)
			return false;
	}
	return r->n != 0;
}

void weir_ask_settle(struct weir_ask *a, const struct weir_ask_review *r,
		     const uint8_t *bytes, size_t len, uint64_t now_us)
{
	uint32_t i = find_asked(a, r->slot);
	struct weir_sift_sent sent;
	struct weir_sift sift;

	if (i == NONE)
		return;
	weir_must(!a->telling); /* the owner drains after each event */
	sent_of(&a->slot[i], &sent);
	asked_remove(a, i);
	if (weir_sift_open(bytes, len, &sent, &sift) != WEIR_SIFT_ANSWER) {
		give_up_server(a, i, now_us);
		return;
	}
	if (is_emptied(r)) {
		settle_filtered(a);
	} else if (!write_settled(a, &a->slot[i], &sift, r, now_us)) {
		give_up_server(a, i, now_us);
		return;
	}
	a->telling = true;
	end(a, i, WEIR_ASK_STATE_SETTLED);
}

/* what is to be done */

static enum weir_ask_do send_question(struct weir_ask *a, uint32_t i,
				      struct weir_ask_random *random,
				      uint64_t now_us, struct weir_ask_out *out)
{
	struct weir_ask_slot *s = &a->slot[i];
	struct weir_rd dice = weir_rd_over(random->b, sizeof(random->b));
	struct weir_dns_edns e = { .size = WEIR_RESPOND_EDNS_BYTES,
				   .dnssec_ok =
					   (s->flavour & WEIR_ANSWERS_DO) != 0,
				   .ede = WEIR_DNS_EDE_NONE };
	/* AD asks to be told whether the data was verified (RFC 6840 5.7) */
	uint16_t flags = WEIR_DNS_RD | WEIR_DNS_AD;
	struct weir_sift_sent sent;
	struct weir_dns_build b;

	weir_must(!random->used);
	random->used = true;
	s->id = weir_rd_be16(&dice);
	weir_rd_copy(&dice, s->mix, sizeof(s->mix));
	sent_of(s, &sent);
	if (s->flavour & WEIR_ANSWERS_CD)
		flags |= WEIR_DNS_CD;
	weir_dns_build_open(&b, out->bytes, out->room, s->id, flags, &sent.q);
	if (!s->plain)
		weir_dns_build_opt(&b, &e);
	out->len = weir_dns_build_close(&b);
	weir_must(out->len);
	out->slot = weir_pool_id(&a->slots, i);
	out->server = a->servers.entry[s->tried.now];
	out->tcp = s->tcp;
	s->state = WEIR_ASK_STATE_ASKED;
	s->due_us = now_us + a->timeout_us;
	asked_put(a, i);
	a->stats.sent++;
	return WEIR_ASK_SEND;
}

static enum weir_ask_do tell(struct weir_ask *a, uint32_t i,
			     struct weir_ask_out *out)
{
	struct weir_ask_slot *s = &a->slot[i];
	struct weir_ask_waiter *w = &a->waiter[s->waiter];
	const struct weir_ask_settled *t = &a->settled;
	struct weir_respond r;
	size_t len;

	respond_init(&r, &w->guest, &s->q, out);
	if (s->state == WEIR_ASK_STATE_SETTLED) {
		open_kept(&r, &t->what);
		weir_wr_copy(&r.b.w, t->bytes, t->what.len);
		len = weir_respond_close(&r, t->ede);
	} else {
		len = weir_respond_empty(&r, WEIR_DNS_SERVFAIL,
					 WEIR_DNS_EDE_NO_REACHABLE);
	}
	(void)reply(&r, len, out);
	weir_pool_give(&a->waiters, s->waiter);
	s->waiter = w->next;
	return WEIR_ASK_TELL;
}

enum weir_ask_do weir_ask_next(struct weir_ask *a,
			       struct weir_ask_random *random, uint64_t now_us,
			       struct weir_ask_out *out)
{
	uint32_t i = a->first_todo;

	if (i == NONE)
		return WEIR_ASK_IDLE;
	if (a->slot[i].state != WEIR_ASK_STATE_QUEUED &&
	    a->slot[i].waiter != NONE)
		return tell(a, i, out);
	todo_pop(a);
	if (a->slot[i].state == WEIR_ASK_STATE_QUEUED)
		return send_question(a, i, random, now_us, out);
	if (a->slot[i].state == WEIR_ASK_STATE_SETTLED)
		a->telling = false;
	out->slot = weir_pool_id(&a->slots, i);
	weir_pool_give(&a->slots, i);
	return WEIR_ASK_CLOSE;
}

/* what goes to the guest */

unsigned weir_ask_addresses(const uint8_t *msg, size_t len,
			    struct weir_sift_address *ret, unsigned max)
{
	struct weir_sift_address list[WEIR_SIFT_ADDRESSES_MAX];
	struct weir_sift_sent sent = { .tcp = true };
	struct weir_dns_walk w;
	struct weir_sift sift;
	unsigned n;

	if (!weir_dns_walk_open(msg, len, &w) ||
	    !weir_dns_parse_question(&w, &sent.q))
		return 0;
	sent.id = w.header.id;
	if (weir_sift_open(msg, len, &sent, &sift) != WEIR_SIFT_ANSWER)
		return 0;
	n = weir_sift_list(&sift, list);
	if (n > max)
		n = max;
	if (n)
		memcpy(ret, list, n * sizeof(*ret));
	return n;
}
