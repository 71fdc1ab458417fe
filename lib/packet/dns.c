/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns.c - DNS messages, bytes to names and records and back
 *
 * Reading.  A walk goes through the sections in order and reads each byte of
 * the message once; only names jump.  A compression pointer (RFC 1035 4.1.4)
 * must point before the run of labels it ends, so every jump goes further
 * back and the number of jumps is bounded by the message; the length of a name
 * is bounded by 255 bytes.  Records are handed out one at a time and borrow
 * the message.
 *
 * Writing.  A message is written anew, never patched together from another:
 * names are compressed against names written before.  For that the builder
 * remembers, for each label it wrote in full, where it lies and a hash of the
 * name that begins there.  A server could make the search expensive with many
 * names of many labels; so comparisons are counted, and when WEIR_DNS_WORK_MAX
 * are spent the rest is written in full.
 *
 * Invariants:
 *  1. A struct weir_dns_name that came from here is well formed: labels of 1
 *     to 63 bytes, one root at its end, 1 to 255 bytes.
 *  2. Label lengths are below 'A', so changing case byte by byte is safe.
 *  3. suffix[].at is below 0x4000 and begins a name in [start, at).
 *
 * RFC 1035, 2181, 3597, 4343, 6891, 8914.
 */
#include "packet/dns.h"

#include "base/must.h"

#define POINTER_BITS  0xc0u
#define POINTER_REACH 0x4000u /* a pointer has 14 bits */
#define EDNS_DO       0x8000u
#define OPTION_EDE    15u

static bool is_upper(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

static uint8_t lower(uint8_t c)
{
	return is_upper(c) ? (uint8_t)(c | 0x20) : c;
}

/* reading */

bool weir_dns_walk_open(const uint8_t *msg, size_t len,
			struct weir_dns_walk *ret)
{
	struct weir_dns_walk w = { .msg = msg,
				   .len = len,
				   .in = weir_rd_over(msg, len) };

	w.header.id = weir_rd_be16(&w.in);
	w.header.flags = weir_rd_be16(&w.in);
	for (unsigned i = 0; i < 4; i++)
		w.header.n[i] = weir_rd_be16(&w.in);
	if (!weir_rd_ok(&w.in))
		return false;
	w.section = WEIR_DNS_QUESTION;
	w.left = w.header.n[WEIR_DNS_QUESTION];
	*ret = w;
	return true;
}

/* follow a pointer whose first byte was @high; it must reach before @limit */
static bool jump(const struct weir_dns_walk *w, struct weir_rd *at,
		 uint8_t high, size_t *limit)
{
	uint8_t low = weir_rd_u8(at);
	size_t to = (size_t)(high & ~POINTER_BITS) << 8 | low;

	if (!weir_rd_ok(at) || to >= *limit || to < WEIR_DNS_HEADER_BYTES)
		return false;
	*at = weir_rd_over(w->msg, w->len);
	(void)weir_rd_take(at, to);
	*limit = to;
	return true;
}

bool weir_dns_parse_name(const struct weir_dns_walk *w, struct weir_rd *in,
			 struct weir_dns_name *ret)
{
	size_t limit = in->at ? (size_t)(in->at - w->msg) : 0, len = 0;
	struct weir_rd at = *in, after = *in;
	bool jumped = false;
	struct weir_dns_name n;

	for (;;) {
		uint8_t c = weir_rd_u8(&at);

		if (!weir_rd_ok(&at))
			return false;
		if ((c & POINTER_BITS) == POINTER_BITS) {
			if (!jumped) {
				after = at;
				(void)weir_rd_u8(&after);
			}
			jumped = true;
			if (!jump(w, &at, c, &limit))
				return false;
			continue;
		}
		if (c & POINTER_BITS || len + 1 + c > sizeof(n.b))
			return false;
		n.b[len++] = c;
		if (c == 0)
			break;
		weir_rd_copy(&at, n.b + len, c);
		len += c;
	}
	*in = jumped ? after : at;
	ret->len = (uint8_t)len;
	memcpy(ret->b, n.b, len);
	return true;
}

bool weir_dns_parse_question(struct weir_dns_walk *w,
			     struct weir_dns_question *ret)
{
	uint16_t type, class;
	struct weir_dns_name n;

	if (w->section != WEIR_DNS_QUESTION || w->left == 0)
		return false;
	if (!weir_dns_parse_name(w, &w->in, &n))
		return false;
	type = weir_rd_be16(&w->in);
	class = weir_rd_be16(&w->in);
	if (!weir_rd_ok(&w->in))
		return false;
	w->left--;
	ret->name.len = n.len;
	memcpy(ret->name.b, n.b, n.len);
	ret->type = type;
	ret->class = class;
	return true;
}

static void next_section(struct weir_dns_walk *w)
{
	while (w->left == 0 && w->section != WEIR_DNS_ADDITIONAL)
		w->left = w->header.n[++w->section];
}

enum weir_dns_step weir_dns_parse_record(struct weir_dns_walk *w,
					 struct weir_dns_record *ret)
{
	struct weir_dns_question skipped;

	next_section(w);
	while (w->section == WEIR_DNS_QUESTION) {
		if (!weir_dns_parse_question(w, &skipped))
			return WEIR_DNS_BAD;
		next_section(w);
	}
	if (w->left == 0)
		return w->in.left == 0 ? WEIR_DNS_END : WEIR_DNS_BAD;
	if (!weir_dns_parse_name(w, &w->in, &ret->owner))
		return WEIR_DNS_BAD;
	ret->section = w->section;
	ret->type = weir_rd_be16(&w->in);
	ret->class = weir_rd_be16(&w->in);
	ret->ttl = weir_rd_be32(&w->in);
	ret->data = weir_rd_sub(&w->in, weir_rd_be16(&w->in));
	if (!weir_rd_ok(&w->in))
		return WEIR_DNS_BAD;
	w->left--;
	return WEIR_DNS_RECORD;
}

bool weir_dns_parse_opt(const struct weir_dns_record *r,
			struct weir_dns_edns *ret)
{
	struct weir_dns_edns e = {
		.size = r->class,
		.version = (uint8_t)(r->ttl >> 16),
		.rcode_high = (uint8_t)(r->ttl >> 24),
		.dnssec_ok = (r->ttl & EDNS_DO) != 0,
		.ede = WEIR_DNS_EDE_NONE,
	};
	struct weir_rd in = r->data;

	if (r->owner.len != 1)
		return false;
	while (in.left) {
		uint16_t code = weir_rd_be16(&in);
		struct weir_rd option = weir_rd_sub(&in, weir_rd_be16(&in));

		if (!weir_rd_ok(&in))
			return false;
		if (code == OPTION_EDE && option.left >= 2 &&
		    e.ede == WEIR_DNS_EDE_NONE)
			e.ede = weir_rd_be16(&option);
	}
	*ret = e;
	return true;
}

bool weir_dns_parse_address(const struct weir_dns_record *r,
			    struct weir_addr *ret)
{
	struct weir_rd in = r->data;

	if (r->type == WEIR_DNS_A && in.left == 4) {
		*ret = weir_addr_from4(weir_rd_be32(&in));
		return true;
	}
	if (r->type == WEIR_DNS_AAAA && in.left == sizeof(ret->b)) {
		weir_rd_copy(&in, ret->b, sizeof(ret->b));
		return true;
	}
	return false;
}

/* names */

bool weir_dns_is_same_name(const struct weir_dns_name *a,
			   const struct weir_dns_name *b)
{
	if (a->len != b->len)
		return false;
	for (unsigned i = 0; i < a->len; i++) {
		if (a->b[i] != b->b[i] && lower(a->b[i]) != lower(b->b[i]))
			return false;
	}
	return true;
}

bool weir_dns_is_exact_name(const struct weir_dns_name *a,
			    const struct weir_dns_name *b)
{
	return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}

bool weir_dns_is_below(const struct weir_dns_name *n,
		       const struct weir_dns_name *base)
{
	unsigned at = 0;

	if (n->len < base->len)
		return false;
	while (n->len - at > base->len)
		at += n->b[at] + 1u;
	if (n->len - at != base->len)
		return false;
	for (unsigned i = 0; i < base->len; i++) {
		if (lower(n->b[at + i]) != lower(base->b[i]))
			return false;
	}
	return true;
}

void weir_dns_lower(struct weir_dns_name *n,
		    uint8_t ret_case[WEIR_DNS_CASE_BYTES])
{
	if (ret_case)
		memset(ret_case, 0, WEIR_DNS_CASE_BYTES);
	for (unsigned i = 0; i < n->len; i++) {
		if (!is_upper(n->b[i]))
			continue;
		n->b[i] |= 0x20;
		if (ret_case)
			ret_case[i / 8] |= (uint8_t)(1u << i % 8);
	}
}

void weir_dns_raise(struct weir_dns_name *n,
		    const uint8_t bits[WEIR_DNS_CASE_BYTES])
{
	for (unsigned i = 0; i < n->len; i++) {
		if (n->b[i] >= 'a' && n->b[i] <= 'z' &&
		    bits[i / 8] >> i % 8 & 1)
			n->b[i] &= (uint8_t)~0x20u;
	}
}

bool weir_dns_name_from_text(const char *text, size_t len,
			     struct weir_dns_name *ret)
{
	struct weir_dns_name n;
	size_t at = 0, out = 0;

	if (len && text[len - 1] == '.')
		len--;
	while (at < len) {
		const char *dot = memchr(text + at, '.', len - at);
		size_t label = dot ? (size_t)(dot - text) - at : len - at;

		if (label == 0 || label > WEIR_DNS_LABEL_MAX_BYTES ||
		    out + 1 + label + 1 > sizeof(n.b))
			return false;
		n.b[out++] = (uint8_t)label;
		memcpy(n.b + out, text + at, label);
		out += label;
		at += label + 1;
		if (dot && at >= len)
			return false; /* two dots at the end */
	}
	n.b[out++] = 0;
	ret->len = (uint8_t)out;
	memcpy(ret->b, n.b, out);
	return true;
}

static void text_byte(struct weir_wr *w, uint8_t c)
{
	if (c > ' ' && c < 0x7f && c != '.' && c != '\\') {
		weir_wr_u8(w, c);
		return;
	}
	weir_wr_u8(w, '\\');
	weir_wr_u8(w, (uint8_t)('0' + c / 100));
	weir_wr_u8(w, (uint8_t)('0' + c / 10 % 10));
	weir_wr_u8(w, (uint8_t)('0' + c % 10));
}

size_t weir_dns_name_to_text(const struct weir_dns_name *n, char *to,
			     size_t room)
{
	struct weir_wr w = weir_wr_over(to, room);
	struct weir_rd in = weir_rd_over(n->b, n->len);

	for (uint8_t label = weir_rd_u8(&in); label; label = weir_rd_u8(&in)) {
		struct weir_rd l = weir_rd_sub(&in, label);

		if (weir_wr_len(&w))
			weir_wr_u8(&w, '.');
		while (l.left)
			text_byte(&w, weir_rd_u8(&l));
	}
	if (weir_wr_len(&w) == 0)
		weir_wr_u8(&w, '.');
	weir_wr_u8(&w, 0);
	if (weir_wr_ok(&w))
		return weir_wr_len(&w) - 1;
	if (room)
		to[0] = '\0';
	return 0;
}

static void decimal_label(struct weir_wr *w, uint8_t v)
{
	unsigned digits = v >= 100 ? 3 : v >= 10 ? 2 : 1;

	weir_wr_u8(w, (uint8_t)digits);
	if (digits == 3)
		weir_wr_u8(w, (uint8_t)('0' + v / 100));
	if (digits >= 2)
		weir_wr_u8(w, (uint8_t)('0' + v / 10 % 10));
	weir_wr_u8(w, (uint8_t)('0' + v % 10));
}

static void nibble_label(struct weir_wr *w, unsigned v)
{
	weir_wr_u8(w, 1);
	weir_wr_u8(w, (uint8_t)(v < 10 ? '0' + v : 'a' + v - 10));
}

void weir_dns_name_of_address(const struct weir_addr *a,
			      struct weir_dns_name *ret)
{
	static const uint8_t in_addr[] = "\7in-addr\4arpa";
	static const uint8_t ip6[] = "\3ip6\4arpa";
	struct weir_wr w = weir_wr_over(ret->b, sizeof(ret->b));

	if (weir_addr_is4(a)) {
		for (unsigned i = 16; i-- > 12;)
			decimal_label(&w, a->b[i]);
		weir_wr_copy(&w, in_addr, sizeof(in_addr));
	} else {
		for (unsigned i = 16; i-- > 0;) {
			nibble_label(&w, a->b[i] & 0xfu);
			nibble_label(&w, a->b[i] >> 4);
		}
		weir_wr_copy(&w, ip6, sizeof(ip6));
	}
	weir_must(weir_wr_ok(&w));
	ret->len = (uint8_t)weir_wr_len(&w);
}

/* writing */

/* FNV-1a from the name's end, so that a suffix's hash is a step on the way */
static uint32_t hash_label(uint32_t h, const uint8_t *label)
{
	for (unsigned i = label[0] + 1u; i-- > 0;)
		h = (h ^ lower(label[i])) * 16777619u;
	return h;
}

/* does the name at offset @at of the output equal @n from its byte @from on? */
static bool is_suffix(const struct weir_dns_build *b, uint16_t at,
		      const struct weir_dns_name *n, unsigned from)
{
	struct weir_dns_walk w = { .msg = b->w.start,
				   .len = weir_wr_len(&b->w) };
	struct weir_rd in = weir_rd_over(w.msg, w.len);
	struct weir_dns_name there, rest;

	(void)weir_rd_take(&in, at);
	if (!weir_dns_parse_name(&w, &in, &there))
		return false;
	rest.len = (uint8_t)(n->len - from);
	memcpy(rest.b, n->b + from, rest.len);
	return weir_dns_is_same_name(&there, &rest);
}

static unsigned find_suffix(struct weir_dns_build *b, uint32_t hash,
			    const struct weir_dns_name *n, unsigned from)
{
	for (unsigned i = 0; i < b->n_suffixes && b->work; i++) {
		b->work--;
		if (b->suffix[i].hash == hash &&
		    is_suffix(b, b->suffix[i].at, n, from))
			return b->suffix[i].at;
	}
	return 0;
}

static void write_name(struct weir_dns_build *b, const struct weir_dns_name *n)
{
	uint8_t start[WEIR_DNS_NAME_MAX_BYTES / 2 + 1];
	uint32_t hash[sizeof(start)];
	unsigned labels = 0, at = 0;

	for (; n->b[at]; at += n->b[at] + 1u)
		start[labels++] = (uint8_t)at;
	for (unsigned i = labels; i-- > 0;)
		hash[i] = hash_label(i + 1 < labels ? hash[i + 1] : 2166136261u,
				     n->b + start[i]);
	for (unsigned i = 0; i < labels; i++) {
		unsigned to = find_suffix(b, hash[i], n, start[i]);
		size_t here = weir_wr_len(&b->w);

		if (to) {
			weir_wr_be16(&b->w, (uint16_t)(0xc000u | to));
			return;
		}
		if (b->n_suffixes < WEIR_DNS_SUFFIXES_MAX &&
		    here < POINTER_REACH) {
			b->suffix[b->n_suffixes].at = (uint16_t)here;
			b->suffix[b->n_suffixes++].hash = hash[i];
		}
		weir_wr_copy(&b->w, n->b + start[i], n->b[start[i]] + 1u);
	}
	weir_wr_u8(&b->w, 0);
}

void weir_dns_build_open(struct weir_dns_build *b, uint8_t *to, size_t room,
			 uint16_t id, uint16_t flags,
			 const struct weir_dns_question *q)
{
	b->w = weir_wr_over(to, room);
	memset(b->n, 0, sizeof(b->n));
	b->n_suffixes = b->n_ttls = b->max_ttls = 0;
	b->work = WEIR_DNS_WORK_MAX;
	b->ttls = NULL;
	weir_wr_be16(&b->w, id);
	weir_wr_be16(&b->w, flags);
	weir_wr_fill(&b->w, 0, 8);
	if (!q)
		return;
	b->n[WEIR_DNS_QUESTION] = 1;
	write_name(b, &q->name);
	weir_wr_be16(&b->w, q->type);
	weir_wr_be16(&b->w, q->class);
}

/* the head of a record up to its data's length, which is 0 until finish() */
static size_t begin(struct weir_dns_build *b, const struct weir_dns_record *r)
{
	write_name(b, &r->owner);
	weir_wr_be16(&b->w, r->type);
	weir_wr_be16(&b->w, r->class);
	if (b->n_ttls < b->max_ttls)
		b->ttls[b->n_ttls] = (uint16_t)weir_wr_len(&b->w);
	weir_wr_be32(&b->w, r->ttl);
	weir_wr_be16(&b->w, 0);
	return weir_wr_len(&b->w);
}

static void finish(struct weir_dns_build *b, enum weir_dns_section section,
		   size_t data)
{
	if (!weir_wr_ok(&b->w))
		return;
	weir_wr_put16(&b->w, data - 2, (uint16_t)(weir_wr_len(&b->w) - data));
	b->n[section]++;
	b->n_ttls++;
}

void weir_dns_build_record(struct weir_dns_build *b,
			   const struct weir_dns_record *r)
{
	size_t data = begin(b, r);

	weir_wr_copy(&b->w, r->data.at, r->data.left);
	finish(b, r->section, data);
}

void weir_dns_build_address(struct weir_dns_build *b,
			    const struct weir_dns_name *owner,
			    const struct weir_addr *a, uint32_t ttl)
{
	bool is4 = weir_addr_is4(a);
	struct weir_dns_record r = {
		.section = WEIR_DNS_ANSWER,
		.owner = *owner,
		.type = is4 ? WEIR_DNS_A : WEIR_DNS_AAAA,
		.class = WEIR_DNS_CLASS_IN,
		.ttl = ttl,
		.data = weir_rd_over(a->b, sizeof(a->b)),
	};

	if (is4)
		(void)weir_rd_take(&r.data, 12);
	weir_dns_build_record(b, &r);
}

void weir_dns_build_name(struct weir_dns_build *b,
			 const struct weir_dns_name *owner, uint16_t type,
			 const struct weir_dns_name *data, uint32_t ttl)
{
	struct weir_dns_record r = {
		.section = WEIR_DNS_ANSWER,
		.owner = *owner,
		.type = type,
		.class = WEIR_DNS_CLASS_IN,
		.ttl = ttl,
	};
	size_t at = begin(b, &r);

	write_name(b, data);
	finish(b, WEIR_DNS_ANSWER, at);
}

/*
 * What the data of a type is made of, if it may hold compressed names (RFC
 * 3597 4).  N: a name that is compressed again, n: one that must not be; 1 to
 * 9: so many 16-bit words; s: a character string.
 */
static const char *layout_of(uint16_t type)
{
	static const struct {
		uint16_t type;
		char layout[7];
	} layouts[] = {
		{ WEIR_DNS_CNAME, "N" },
		{ WEIR_DNS_NS, "N" },
		{ WEIR_DNS_PTR, "N" },
		{ WEIR_DNS_MX, "1N" },
		{ WEIR_DNS_SOA, "NN91" } /* 5 × 32 bits */,
		{ WEIR_DNS_SRV, "3n" },
		{ WEIR_DNS_DNAME, "n" },
		{ 3, "N" } /* MD */,
		{ 4, "N" } /* MF */,
		{ 7, "N" } /* MB */,
		{ 8, "N" } /* MG */,
		{ 9, "N" } /* MR */,
		{ 14, "NN" } /* MINFO */,
		{ 17, "nn" } /* RP */,
		{ 18, "1n" } /* AFSDB */,
		{ 21, "1n" } /* RT */,
		{ 26, "1nn" } /* PX */,
		{ 35, "2sssn" } /* NAPTR */,
		{ 36, "1n" } /* KX */,
	};

	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		if (layouts[i].type == type)
			return layouts[i].layout;
	}
	return NULL;
}

static void again_part(struct weir_dns_build *b, struct weir_rd *in, size_t n)
{
	struct weir_rd part = weir_rd_sub(in, n);

	if (weir_rd_ok(&part))
		weir_wr_copy(&b->w, part.at, part.left);
}

static bool again_name(struct weir_dns_build *b,
		       const struct weir_dns_walk *from, struct weir_rd *in,
		       bool compress)
{
	struct weir_dns_name n;

	if (!weir_dns_parse_name(from, in, &n))
		return false;
	if (compress)
		write_name(b, &n);
	else
		weir_wr_copy(&b->w, n.b, n.len);
	return true;
}

static bool again_data(struct weir_dns_build *b,
		       const struct weir_dns_walk *from,
		       const struct weir_dns_record *r)
{
	const char *layout = layout_of(r->type);
	struct weir_rd in = r->data;
	struct weir_addr a;

	if (r->type == WEIR_DNS_A || r->type == WEIR_DNS_AAAA) {
		if (!weir_dns_parse_address(r, &a))
			return false;
	}
	if (!layout) {
		weir_wr_copy(&b->w, in.at, in.left);
		return true;
	}
	for (; *layout; layout++) {
		if (*layout == 's') {
			struct weir_rd peek = in;

			again_part(b, &in, weir_rd_u8(&peek) + 1u);
		} else if (*layout == 'N' || *layout == 'n') {
			if (!again_name(b, from, &in, *layout == 'N'))
				return false;
		} else {
			again_part(b, &in, (size_t)(*layout - '0') * 2);
		}
	}
	return weir_rd_ok(&in) && in.left == 0;
}

bool weir_dns_build_again(struct weir_dns_build *b,
			  const struct weir_dns_walk *from,
			  const struct weir_dns_record *r)
{
	struct weir_wr before = b->w;
	unsigned suffixes = b->n_suffixes;
	size_t data = begin(b, r);

	if (!again_data(b, from, r)) {
		b->w = before;
		b->n_suffixes = suffixes;
		return false;
	}
	finish(b, r->section, data);
	return true;
}

void weir_dns_build_opt(struct weir_dns_build *b, const struct weir_dns_edns *e)
{
	weir_wr_u8(&b->w, 0);
	weir_wr_be16(&b->w, WEIR_DNS_OPT);
	weir_wr_be16(&b->w, e->size);
	weir_wr_u8(&b->w, e->rcode_high);
	weir_wr_u8(&b->w, e->version);
	weir_wr_be16(&b->w, e->dnssec_ok ? EDNS_DO : 0);
	if (e->ede == WEIR_DNS_EDE_NONE) {
		weir_wr_be16(&b->w, 0);
	} else {
		weir_wr_be16(&b->w, WEIR_DNS_EDE_BYTES);
		weir_wr_be16(&b->w, OPTION_EDE);
		weir_wr_be16(&b->w, 2);
		weir_wr_be16(&b->w, e->ede);
	}
	b->n[WEIR_DNS_ADDITIONAL]++;
}

size_t weir_dns_build_close(struct weir_dns_build *b)
{
	for (unsigned i = 0; i < 4; i++)
		weir_wr_put16(&b->w, 4 + 2 * i, b->n[i]);
	return weir_wr_ok(&b->w) ? weir_wr_len(&b->w) : 0;
}
