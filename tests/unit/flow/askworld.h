/* SPDX-License-Identifier: Apache-2.0 */
/*
 * askworld.h - a guest that asks, servers that answer, and time
 *
 *	guest ──► weir_ask ──► sent[]: what went to servers
 *	told[] ◄──    ▲
 *	              └── world_serve(): a server's message, written as text
 *
 * Messages are text: "NOERROR: a.example 300 A 192.0.2.1; …", as in
 * tests/cases/dns.tsv.  Every byte the room writes is read back here by the
 * slow way: sections, names and data in full.
 */
#ifndef TESTS_ASKWORLD_H
#define TESTS_ASKWORLD_H

#include <arpa/inet.h>
#include <strings.h>

#include "flow/ask.h"

#include "../t.h"

#define LEN(a)      (sizeof(a) / sizeof((a)[0]))
#define SECOND      UINT64_C(1000000)
#define SAID_MAX    512u
#define RECORDS_MAX 64u

/* a message to somebody */
struct said {
	uint8_t *bytes;
	size_t len;
	struct weir_ask_from from;
	bool tcp, cached;
	uint64_t slot;
	struct weir_servers_entry server;
};

struct world {
	struct weir_ask ask;
	void *mem;
	uint64_t now;
	uint32_t seed;
	struct weir_ask_random random;
	struct said sent[SAID_MAX], told[SAID_MAX];
	unsigned n_sent, n_told, n_closed;
	enum weir_ask_verdict verdict;
	bool strip_ech;
	/* the addresses an owner would pin, and those it would drop */
	struct weir_addr pin[RECORDS_MAX], drop[RECORDS_MAX];
	unsigned n_pins, n_drops;
	uint8_t room[WEIR_ASK_ROOM_BYTES];
};

/* a question, before it is bytes */
struct query {
	const char *name;
	uint16_t type, class, id, flags, size, questions;
	bool noedns, dnssec_ok, tcp;
	uint16_t max_udp;
	uint8_t who;
};

static inline struct weir_addr addr(const char *text)
{
	struct weir_addr a = { { 0 } };
	struct in_addr four;

	if (inet_pton(AF_INET, text, &four) == 1)
		return weir_addr_from4(ntohl(four.s_addr));
	if (inet_pton(AF_INET6, text, a.b) != 1)
		fail_msg("%s is no address", text);
	return a;
}

static inline struct weir_dns_name name(const char *text)
{
	struct weir_dns_name n = { .len = 0 };

	if (!weir_dns_name_from_text(text, strlen(text), &n))
		fail_msg("%s is no name", text);
	return n;
}

static inline uint32_t world_dice(struct world *w)
{
	w->seed = w->seed * 1664525u + 1013904223u;
	return w->seed >> 8;
}

static inline void world_open(struct world *w, unsigned servers, bool has6,
			      const struct weir_local_host *host,
			      unsigned hosts)
{
	struct weir_servers_entry server[WEIR_DNS_UPSTREAMS_MAX];
	struct weir_ask_config c = {
		.timeout_ms = WEIR_DNS_TIMEOUT_MS,
		.cache_entries = WEIR_DNS_CACHE_ENTRIES,
		.gateway4 = addr("10.0.2.2"),
		.gateway6 = addr("fd77:6972::2"),
		.has6 = has6,
		.n_servers = servers,
		.n_hosts = hosts,
		.server = server,
		.host = host,
		.key = { 3, 4 },
	};
	size_t n = weir_ask_bytes();
	struct weir_arena arena;

	memset(w, 0, offsetof(struct world, room));
	w->now = 1000 * SECOND;
	w->verdict = WEIR_ASK_ALLOW;
	for (unsigned i = 0; i < servers; i++)
		server[i] = (struct weir_servers_entry){
			.addr = weir_addr_from4(0xc0000201 + i),
			.port = (uint16_t)(53 + i)
		};
	w->mem = calloc(1, n);
	weir_arena_init(&arena, w->mem, n);
	CHECK(weir_ask_init(&w->ask, &arena, &c));
}

static inline void world_forget(struct world *w)
{
	for (unsigned i = 0; i < w->n_sent; i++)
		free(w->sent[i].bytes);
	for (unsigned i = 0; i < w->n_told; i++)
		free(w->told[i].bytes);
	w->n_sent = w->n_told = w->n_closed = w->n_pins = 0;
}

static inline void world_close(struct world *w)
{
	world_forget(w);
	free(w->mem);
}

static inline void note(struct said *s, const struct weir_ask_out *out)
{
	*s = (struct said){ .len = out->len,
			    .from = out->from,
			    .tcp = out->tcp,
			    .cached = out->cached,
			    .slot = out->slot,
			    .server = out->server };
	s->bytes = malloc(out->len);
	memcpy(s->bytes, out->bytes, out->len);
}

static inline void world_drain(struct world *w)
{
	struct weir_ask_out out = { .bytes = w->room, .room = sizeof(w->room) };

	for (;;) {
		enum weir_ask_do what;

		for (size_t i = 0; i < sizeof(w->random.b); i++)
			w->random.b[i] = (uint8_t)world_dice(w);
		w->random.used = false;
		what = weir_ask_next(&w->ask, &w->random, w->now, &out);
		CHECK_EQ(w->random.used, what == WEIR_ASK_SEND);
		if (what == WEIR_ASK_IDLE)
			return;
		CHECK(w->n_sent < SAID_MAX && w->n_told < SAID_MAX);
		if (what == WEIR_ASK_SEND)
			note(&w->sent[w->n_sent++], &out);
		else if (what == WEIR_ASK_TELL)
			note(&w->told[w->n_told++], &out);
		else
			w->n_closed++;
	}
}

static inline size_t query_build(const struct query *q, uint8_t *to,
				 size_t room)
{
	struct weir_dns_question first = { .name = name(q->name),
					   .type = q->type,
					   .class = q->class ? q->class : 1 };
	struct weir_dns_edns e = { .size = q->size ? q->size : 1232,
				   .dnssec_ok = q->dnssec_ok,
				   .ede = WEIR_DNS_EDE_NONE };
	struct weir_dns_build b;

	weir_dns_build_open(&b, to, room, q->id, q->flags, &first);
	for (unsigned i = 1; i < q->questions; i++) {
		weir_wr_be16(&b.w, 0xc00c);
		weir_wr_be16(&b.w, q->type);
		weir_wr_be16(&b.w, 1);
		b.n[0]++;
	}
	if (!q->noedns)
		weir_dns_build_opt(&b, &e);
	return weir_dns_build_close(&b);
}

/* bytes from the guest; what becomes of them; answers are in told[] */
static inline enum weir_ask_said world_bytes(struct world *w,
					     const uint8_t *bytes, size_t len,
					     const struct query *q)
{
	struct weir_ask_out out = { .bytes = w->room, .room = sizeof(w->room) };
	struct weir_ask_in in = { .bytes = bytes,
				  .len = len,
				  .tcp = q->tcp,
				  .max_udp = q->max_udp ? q->max_udp : 1472 };
	struct weir_ask_question judged;
	enum weir_ask_said said;

	in.from.b[0] = q->who;
	in.from.b[WEIR_ASK_FROM_BYTES - 1] = q->who;
	said = weir_ask_read(&w->ask, &in, &judged, &out);
	if (said == WEIR_ASK_JUDGE)
		said = weir_ask_decide(&w->ask, &judged, w->verdict, w->now,
				       &out);
	if (said == WEIR_ASK_REPLY)
		note(&w->told[w->n_told++], &out);
	if (said == WEIR_ASK_DROP)
		CHECK_EQ(out.reason, WEIR_REASON_DNS_FORM);
	world_drain(w);
	return said;
}

static inline enum weir_ask_said world_ask(struct world *w,
					   const struct query *q)
{
	uint8_t b[600];

	return world_bytes(w, b, query_build(q, b, sizeof(b)), q);
}

static inline bool is_dropped(const struct world *w, const struct weir_addr *a)
{
	for (unsigned i = 0; i < w->n_drops; i++) {
		if (weir_addr_is_equal(&w->drop[i], a))
			return true;
	}
	return false;
}

/* a server's bytes for the @i-th question sent */
static inline enum weir_ask_took world_give(struct world *w, unsigned i,
					    const uint8_t *bytes, size_t len)
{
	struct weir_ask_review r;
	uint8_t *exact = malloc(len ? len : 1);
	enum weir_ask_took took;

	memcpy(exact, bytes, len);
	took = weir_ask_upstream(&w->ask, w->sent[i].slot, exact, len, w->now,
				 &r);
	if (took == WEIR_ASK_REVIEW) {
		for (unsigned k = 0; k < r.n; k++) {
			r.address[k].drop = is_dropped(w, &r.address[k].addr);
			if (!r.address[k].drop && w->n_pins < RECORDS_MAX)
				w->pin[w->n_pins++] = r.address[k].addr;
		}
		CHECK(!r.strip_ech);
		r.strip_ech = w->strip_ech;
		weir_ask_settle(&w->ask, &r, exact, len, w->now);
	}
	free(exact);
	world_drain(w);
	return took;
}

/* time passes until @us from now, stopping at every deadline */
static inline void world_wait(struct world *w, uint64_t us)
{
	uint64_t end = w->now + us;

	while (weir_ask_due_us(&w->ask) <= end) {
		if (w->now < weir_ask_due_us(&w->ask))
			w->now = weir_ask_due_us(&w->ask);
		weir_ask_tick(&w->ask, w->now);
		world_drain(w);
	}
	w->now = end;
}

/* text to bytes */

struct word {
	const char *text;
	uint16_t value;
};

static const struct word rcodes[] = {
	{ "NOERROR", 0 },  { "FORMERR", 1 },  { "SERVFAIL", 2 },
	{ "NXDOMAIN", 3 }, { "NOTIMP", 4 },   { "REFUSED", 5 },
	{ "YXDOMAIN", 6 }, { "BADVERS", 16 },
};
static const struct word types[] = {
	{ "A", 1 },      { "NS", 2 },     { "CNAME", 5 },  { "SOA", 6 },
	{ "PTR", 12 },   { "HINFO", 13 }, { "MX", 15 },    { "TXT", 16 },
	{ "AAAA", 28 },  { "DNAME", 39 }, { "RRSIG", 46 }, { "NSEC", 47 },
	{ "HTTPS", 65 }, { "ANY", 255 },  { "SVCB", 64 },
};

static inline uint16_t word_value(const struct word *v, size_t n,
				  const char *text)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(v[i].text, text) == 0)
			return v[i].value;
	}
	fail_msg("unknown word %s", text);
	return 0;
}

static inline const char *word_text(const struct word *v, size_t n,
				    unsigned value)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].value == value)
			return v[i].text;
	}
	return "?";
}

/* a record of a message, data in full */
struct flat {
	struct weir_dns_name owner;
	uint16_t type;
	uint32_t ttl;
	enum weir_dns_section section;
	uint8_t data[4096];
	size_t len;
};

static inline void base64(struct weir_wr *w, const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;
	unsigned n = 0;

	for (; *text && *text != '='; text++) {
		bits = bits << 6 | (uint32_t)(strchr(digits, *text) - digits);
		n += 6;
		if (n >= 8) {
			n -= 8;
			weir_wr_u8(w, (uint8_t)(bits >> n));
		}
	}
}

static inline uint16_t https_key(const char *word)
{
	static const char *const keys[] = { "mandatory", "alpn",     "",
					    "port",      "ipv4hint", "ech",
					    "ipv6hint" };
	size_t len = strcspn(word, "=");

	for (size_t i = 0; i < LEN(keys); i++) {
		if (strlen(keys[i]) == len && memcmp(keys[i], word, len) == 0)
			return (uint16_t)i;
	}
	fail_msg("unknown parameter %s", word);
	return 0;
}

static inline void https_value(struct weir_wr *w, uint16_t key, char *value)
{
	char *part, *left;
	struct weir_addr a;

	if (key == 5) {
		base64(w, value);
		return;
	}
	for (part = strtok_r(value, ",", &left); part;
	     part = strtok_r(NULL, ",", &left)) {
		if (key == 0) {
			weir_wr_be16(w, https_key(part));
		} else if (key == 1) {
			weir_wr_u8(w, (uint8_t)strlen(part));
			weir_wr_copy(w, part, strlen(part));
		} else if (key == 3) {
			weir_wr_be16(w, (uint16_t)atoi(part));
		} else {
			a = addr(part);
			weir_wr_copy(w, a.b + (key == 4 ? 12 : 0),
				     key == 4 ? 4 : 16);
		}
	}
}

/* "1 . alpn=h2 ipv4hint=192.0.2.1,192.0.2.2 ech=AEX+DQ==" */
static inline void https_data(struct weir_wr *w, char *text)
{
	char *at, *word = strtok_r(text, " ", &at);
	struct weir_dns_name target;

	weir_wr_be16(w, (uint16_t)atoi(word));
	target = name(strtok_r(NULL, " ", &at));
	weir_wr_copy(w, target.b, target.len);
	while ((word = strtok_r(NULL, " ", &at)) != NULL) {
		uint16_t key = https_key(word);
		size_t start;

		weir_wr_be16(w, key);
		weir_wr_be16(w, 0);
		start = weir_wr_len(w);
		https_value(w, key, strchr(word, '=') + 1);
		weir_wr_put16(w, start - 2, (uint16_t)(weir_wr_len(w) - start));
	}
}

static inline void txt_data(struct weir_wr *w, const char *text)
{
	int n;

	if (sscanf(text, "%d bytes", &n) == 1) {
		for (; n > 0; n -= 255) {
			uint8_t part = (uint8_t)(n < 255 ? n : 255);

			weir_wr_u8(w, part);
			weir_wr_fill(w, 'x', part);
		}
	} else {
		CHECK(text[0] == '"');
		weir_wr_u8(w, (uint8_t)(strlen(text) - 2));
		weir_wr_copy(w, text + 1, strlen(text) - 2);
	}
}

/* SOA data: "MINIMUM" is enough for us */
static inline void soa_data(struct weir_wr *w, const char *text)
{
	struct weir_dns_name n = name("ns.example");

	weir_wr_copy(w, n.b, n.len);
	weir_wr_copy(w, n.b, n.len);
	weir_wr_fill(w, 0, 16);
	weir_wr_be32(w, (uint32_t)strtoul(text, NULL, 10));
}

static inline void flat_data(struct flat *f, char *text)
{
	struct weir_wr w = weir_wr_over(f->data, sizeof(f->data));
	struct weir_dns_name n;
	struct weir_addr a;

	switch (f->type) {
	case WEIR_DNS_A:
		a = addr(text);
		weir_wr_be32(&w, weir_addr_to4(&a));
		break;
	case WEIR_DNS_AAAA:
		a = addr(text);
		weir_wr_copy(&w, a.b, 16);
		break;
	case WEIR_DNS_TXT:
		txt_data(&w, text);
		break;
	case WEIR_DNS_SOA:
		soa_data(&w, text);
		break;
	case WEIR_DNS_HTTPS:
	case 64: /* SVCB */
		https_data(&w, text);
		break;
	case WEIR_DNS_RRSIG:
	case WEIR_DNS_HINFO:
		weir_wr_copy(&w, text, strlen(text));
		break;
	default:
		n = name(text);
		weir_wr_copy(&w, n.b, n.len);
	}
	CHECK(weir_wr_ok(&w));
	f->len = weir_wr_len(&w);
}

/*
 * "a.example 300 A 192.0.2.1; …" (with @ttls) to records.  A `|` in front of a
 * record moves on to the next section.
 */
static inline unsigned flat_parse(const char *text, bool ttls, struct flat *ret)
{
	enum weir_dns_section section = WEIR_DNS_ANSWER;
	char copy[4096], *part, *left;
	unsigned n = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	for (part = strtok_r(copy, ";", &left); part;
	     part = strtok_r(NULL, ";", &left)) {
		struct flat *f = &ret[n];
		char *word, *at;

		word = strtok_r(part, " ", &at);
		for (; word && strcmp(word, "|") == 0;
		     word = strtok_r(NULL, " ", &at))
			section++;
		if (!word)
			continue;
		f->owner = name(word);
		f->section = section;
		f->ttl = ttls ? (uint32_t)strtoul(strtok_r(NULL, " ", &at),
						  NULL, 10)
			      : 0;
		f->type =
			word_value(types, LEN(types), strtok_r(NULL, " ", &at));
		while (*at == ' ')
			at++;
		flat_data(f, at);
		n++;
		CHECK(n < RECORDS_MAX);
	}
	return n;
}

/* a server's answer to the @i-th question sent: "RCODE[ FLAGS]: records" */
static inline size_t serve_build(const struct world *w, unsigned i,
				 const char *text, uint8_t *to, size_t room)
{
	static struct flat f[RECORDS_MAX];
	const char *colon = strchr(text, ':');
	struct weir_dns_walk in;
	struct weir_dns_question q;
	struct weir_dns_build b;
	char head[64], *word, *at;
	uint16_t flags = WEIR_DNS_QR | WEIR_DNS_RD | WEIR_DNS_RA;
	unsigned n;

	CHECK(weir_dns_walk_open(w->sent[i].bytes, w->sent[i].len, &in));
	CHECK(weir_dns_parse_question(&in, &q));
	snprintf(head, sizeof(head), "%.*s", (int)(colon - text), text);
	word = strtok_r(head, " ", &at);
	flags |= word_value(rcodes, LEN(rcodes), word);
	while ((word = strtok_r(NULL, " ", &at)) != NULL)
		flags |= strcmp(word, "TC") == 0   ? WEIR_DNS_TC
			 : strcmp(word, "AD") == 0 ? WEIR_DNS_AD
						   : 0;
	weir_dns_build_open(&b, to, room, in.header.id, flags, &q);
	n = flat_parse(colon + 1, true, f);
	for (unsigned k = 0; k < n; k++) {
		struct weir_dns_record r = { .section = f[k].section,
					     .owner = f[k].owner,
					     .type = f[k].type,
					     .class = 1,
					     .ttl = f[k].ttl,
					     .data = weir_rd_over(f[k].data,
								  f[k].len) };

		weir_dns_build_record(&b, &r);
	}
	n = (unsigned)weir_dns_build_close(&b);
	CHECK(n);
	return n;
}

/* a server with EDNS of 1232 bytes answers */
static inline enum weir_ask_took world_serve(struct world *w, unsigned i,
					     const char *text)
{
	static uint8_t b[65535];
	size_t n = serve_build(w, i, text, b, sizeof(b));

	if (n > 1232 && !w->sent[i].tcp)
		n = serve_build(w, i, "NOERROR TC:", b, sizeof(b));
	return world_give(w, i, b, n);
}

/* bytes to records */

struct heard {
	struct weir_dns_header h;
	struct weir_dns_question q;
	bool has_question, has_edns;
	struct weir_dns_edns edns;
	unsigned rcode, n;
	struct flat record[RECORDS_MAX];
};

static inline void hear_record(const struct weir_dns_walk *w,
			       struct weir_dns_record *r, struct flat *f)
{
	struct weir_dns_name n;
	struct weir_wr to = weir_wr_over(f->data, sizeof(f->data));

	f->owner = r->owner;
	f->type = r->type;
	f->ttl = r->ttl;
	f->section = r->section;
	if (r->type == WEIR_DNS_CNAME || r->type == WEIR_DNS_PTR ||
	    r->type == WEIR_DNS_NS || r->type == WEIR_DNS_SOA ||
	    r->type == WEIR_DNS_DNAME) {
		for (int i = r->type == WEIR_DNS_SOA ? 2 : 1; i > 0; i--) {
			CHECK(weir_dns_parse_name(w, &r->data, &n));
			weir_dns_lower(&n, NULL);
			weir_wr_copy(&to, n.b, n.len);
		}
	}
	weir_wr_copy(&to, r->data.at, r->data.left);
	CHECK(weir_wr_ok(&to));
	f->len = weir_wr_len(&to);
}

/* read a message as a strict client would */
static inline void hear(const struct said *s, struct heard *ret)
{
	struct weir_dns_walk w;
	struct weir_dns_record r;
	enum weir_dns_step step;

	memset(ret, 0, offsetof(struct heard, record));
	ret->edns.ede = WEIR_DNS_EDE_NONE;
	CHECK(weir_dns_walk_open(s->bytes, s->len, &w));
	ret->h = w.header;
	ret->has_question = weir_dns_parse_question(&w, &ret->q);
	while ((step = weir_dns_parse_record(&w, &r)) == WEIR_DNS_RECORD) {
		CHECK(ret->n < RECORDS_MAX);
		if (r.type == WEIR_DNS_OPT) {
			CHECK(!ret->has_edns);
			CHECK_EQ(r.section, WEIR_DNS_ADDITIONAL);
			CHECK(weir_dns_parse_opt(&r, &ret->edns));
			ret->has_edns = true;
		} else {
			CHECK_EQ(r.class, 1);
			hear_record(&w, &r, &ret->record[ret->n++]);
		}
	}
	CHECK_EQ(step, WEIR_DNS_END);
	ret->rcode = (ret->h.flags & 15u) | (unsigned)ret->edns.rcode_high << 4;
	CHECK(ret->h.flags & WEIR_DNS_QR);
}

/* does a message hold exactly these records, in this order? TTLs if @ttls */
static inline void hears(const struct heard *h, const char *text, bool ttls)
{
	static struct flat want[RECORDS_MAX];
	unsigned n = flat_parse(text, ttls, want);

	if (h->n != n)
		fail_msg("%u records instead of %s", h->n, text);
	for (unsigned i = 0; i < n; i++) {
		const struct flat *f = &h->record[i];

		if (!weir_dns_is_same_name(&f->owner, &want[i].owner) ||
		    f->type != want[i].type || f->section != want[i].section ||
		    (ttls && f->ttl != want[i].ttl) || f->len != want[i].len ||
		    memcmp(f->data, want[i].data, f->len) != 0)
			fail_msg("record %u (ttl %u) is not that of %s", i,
				 f->ttl, text);
	}
}

/* the last answer told: result code and records */
static inline void told_is(const struct world *w, const char *rcode,
			   const char *records)
{
	static struct heard h;

	CHECK(w->n_told > 0);
	hear(&w->told[w->n_told - 1], &h);
	assert_string_equal(word_text(rcodes, LEN(rcodes), h.rcode), rcode);
	hears(&h, records, true);
}

#endif /* TESTS_ASKWORLD_H */
