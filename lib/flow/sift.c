/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sift.c - what of a server's message answers the question
 *
 * A message is believed if it is an answer with our id that repeats our one
 * question, letters' case included (draft-vixie-dnsext-dns0x20).  Whoever
 * cannot see the question must guess id, port and case.  A server that loses
 * the case is asked again by TCP, which nobody can speak into from aside.
 *
 * The chain: names from the question through CNAMEs to the end.  Servers give
 * CNAMEs in order nearly always, so one pass usually finds the whole chain;
 * passes are repeated while they find more, WEIR_SIFT_CHAIN_MAX at most.
 *
 * What is kept, all of class IN:
 *
 *	answer	    CNAME owned by a name of the chain
 *		    the asked type owned by the chain's end, unless NXDOMAIN
 *		    DNAME above a name of the chain
 *		    RRSIG at or above a name of the chain, if wanted
 *	authority   one SOA above the chain's end, if no asked record came
 *		    NSEC, NSEC3, RRSIG, if wanted
 *	additional  nothing
 *
 * Of SVCB and HTTPS records (asked for) the addresses count as such: the owner
 * sees them in the list, and what it drops is left out of the record, as is
 * ech when it says so.  An answer of which anything was left out or changed has
 * not AD: its signatures do not fit any more.
 *
 * RFC 1035, 2181 (TTLs), 2308 (negative answers), 4035 3.2, 6672 (DNAME), 6891
 * 7 (servers without EDNS), 9460 (SVCB and HTTPS).
 */
#include "flow/sift.h"

#include "packet/svcb.h"

_Static_assert(WEIR_SIFT_ADDRESSES_MAX <= WEIR_SVCB_HINTS_MAX,
	       "every hint that is listed can be kept");

static uint16_t rcode_of(const struct weir_dns_walk *w)
{
	return w->header.flags & WEIR_DNS_RCODE_MASK;
}

static uint32_t clamp_ttl(uint32_t ttl)
{
	if (ttl == 0 || ttl > INT32_MAX) /* RFC 2181 8: as if zero */
		return WEIR_ANSWERS_TTL_MIN_S;
	return ttl < WEIR_ANSWERS_TTL_MAX_S ? ttl : WEIR_ANSWERS_TTL_MAX_S;
}

/* a whole pass: is every record well formed, and what does its OPT say? */
static bool is_whole(struct weir_dns_walk w, uint8_t *ret_rcode_high)
{
	struct weir_dns_record r;
	struct weir_dns_edns e;
	enum weir_dns_step step;

	*ret_rcode_high = 0;
	while ((step = weir_dns_parse_record(&w, &r)) == WEIR_DNS_RECORD) {
		if (r.type != WEIR_DNS_OPT)
			continue;
		if (r.section != WEIR_DNS_ADDITIONAL ||
		    !weir_dns_parse_opt(&r, &e))
			return false;
		*ret_rcode_high = e.rcode_high;
	}
	return step == WEIR_DNS_END;
}

static bool is_in_chain(const struct weir_sift *s,
			const struct weir_dns_name *n)
{
	for (unsigned i = 0; i < s->n_chain; i++) {
		if (weir_dns_is_same_name(&s->chain[i], n))
			return true;
	}
	return false;
}

static bool is_above_chain(const struct weir_sift *s,
			   const struct weir_dns_name *n)
{
	for (unsigned i = 0; i < s->n_chain; i++) {
		if (weir_dns_is_below(&s->chain[i], n))
			return true;
	}
	return false;
}

static const struct weir_dns_name *end_of(const struct weir_sift *s)
{
	return &s->chain[s->n_chain - 1];
}

/* lengthen the chain by what one pass finds; false if that is nothing */
static bool follow(struct weir_sift *s)
{
	struct weir_dns_walk w = s->start;
	unsigned before = s->n_chain;
	struct weir_dns_record r;

	while (s->n_chain < WEIR_SIFT_CHAIN_MAX &&
	       weir_dns_parse_record(&w, &r) == WEIR_DNS_RECORD) {
		struct weir_rd data = r.data;

		if (r.section != WEIR_DNS_ANSWER)
			break;
		if (r.type != WEIR_DNS_CNAME || r.class != WEIR_DNS_CLASS_IN ||
		    !weir_dns_is_same_name(&r.owner, end_of(s)))
			continue;
		if (weir_dns_parse_name(&w, &data, &s->chain[s->n_chain]))
			s->n_chain++;
	}
	return s->n_chain > before;
}

/* a header alone: some servers refuse EDNS so, and repeat no question */
static bool is_bare_refusal(const struct weir_dns_walk *w,
			    const struct weir_sift_sent *sent)
{
	return sent->edns && w->in.left == 0 &&
	       (rcode_of(w) == WEIR_DNS_FORMERR ||
		rcode_of(w) == WEIR_DNS_NOTIMP);
}

static enum weir_sift_is judge_code(const struct weir_dns_walk *w,
				    const struct weir_sift_sent *sent)
{
	uint16_t rcode = rcode_of(w);
	uint8_t high;

	if (w->header.flags & WEIR_DNS_TC)
		return sent->tcp ? WEIR_SIFT_FAILED : WEIR_SIFT_CUT;
	if (!is_whole(*w, &high))
		return WEIR_SIFT_FAILED;
	if (sent->edns &&
	    (high || rcode == WEIR_DNS_FORMERR || rcode == WEIR_DNS_NOTIMP))
		return WEIR_SIFT_PLAIN;
	if (high || (rcode != WEIR_DNS_NOERROR && rcode != WEIR_DNS_NXDOMAIN))
		return WEIR_SIFT_FAILED;
	return WEIR_SIFT_ANSWER;
}

enum weir_sift_is weir_sift_open(const uint8_t *bytes, size_t len,
				 const struct weir_sift_sent *sent,
				 struct weir_sift *ret)
{
	struct weir_dns_question q;
	struct weir_dns_walk w;
	enum weir_sift_is is;

	if (!weir_dns_walk_open(bytes, len, &w) || w.header.id != sent->id ||
	    !(w.header.flags & WEIR_DNS_QR) ||
	    w.header.flags & WEIR_DNS_OPCODE_MASK)
		return WEIR_SIFT_FOREIGN;
	if (w.header.n[WEIR_DNS_QUESTION] == 0 && is_bare_refusal(&w, sent))
		return WEIR_SIFT_PLAIN;
	if (w.header.n[WEIR_DNS_QUESTION] != 1 ||
	    !weir_dns_parse_question(&w, &q) || q.type != sent->q.type ||
	    q.class != sent->q.class ||
	    !weir_dns_is_same_name(&q.name, &sent->q.name))
		return WEIR_SIFT_FOREIGN;
	if (!sent->tcp && !weir_dns_is_exact_name(&q.name, &sent->q.name))
		return WEIR_SIFT_CASE;
	is = judge_code(&w, sent);
	if (is != WEIR_SIFT_ANSWER)
		return is;
	ret->sent = sent;
	ret->start = w;
	ret->n_chain = 1;
	ret->chain[0] = sent->q.name;
	if (sent->q.type != WEIR_DNS_CNAME) {
		while (follow(ret)) {
		}
	}
	return WEIR_SIFT_ANSWER;
}

static bool is_asked(const struct weir_sift *s, const struct weir_dns_record *r)
{
	return r->section == WEIR_DNS_ANSWER && r->type == s->sent->q.type &&
	       rcode_of(&s->start) == WEIR_DNS_NOERROR &&
	       weir_dns_is_same_name(&r->owner, end_of(s));
}

static bool is_signature(const struct weir_sift *s,
			 const struct weir_dns_record *r)
{
	if (!s->sent->dnssec_ok)
		return false;
	if (r->type == WEIR_DNS_RRSIG)
		return r->section == WEIR_DNS_AUTHORITY ||
		       is_above_chain(s, &r->owner);
	return r->section == WEIR_DNS_AUTHORITY &&
	       (r->type == WEIR_DNS_NSEC || r->type == WEIR_DNS_NSEC3);
}

/* does the record belong, if it is not of the asked type? */
static bool is_part(const struct weir_sift *s, const struct weir_dns_record *r)
{
	if (is_signature(s, r))
		return true;
	if (r->section != WEIR_DNS_ANSWER)
		return false;
	if (r->type == WEIR_DNS_CNAME)
		return s->sent->q.type != WEIR_DNS_CNAME &&
		       is_in_chain(s, &r->owner);
	return r->type == WEIR_DNS_DNAME && is_above_chain(s, &r->owner);
}

/* the first @max addresses of a record that was asked for; how many it has */
static unsigned list_record(const struct weir_dns_record *r,
			    struct weir_addr *ret, unsigned max)
{
	struct weir_svcb svcb;
	struct weir_addr addr;

	if (weir_svcb_is(r->type))
		return weir_svcb_parse(r->data, &svcb)
			       ? weir_svcb_hints(&svcb, ret, max)
			       : 0;
	if (!weir_dns_parse_address(r, &addr))
		return 0;
	if (max)
		*ret = addr;
	return 1;
}

unsigned weir_sift_list(const struct weir_sift *s,
			struct weir_sift_address ret[WEIR_SIFT_ADDRESSES_MAX])
{
	struct weir_addr addr[WEIR_SIFT_ADDRESSES_MAX];
	struct weir_dns_walk w = s->start;
	struct weir_dns_record r;
	unsigned n = 0;

	while (n < WEIR_SIFT_ADDRESSES_MAX &&
	       weir_dns_parse_record(&w, &r) == WEIR_DNS_RECORD) {
		unsigned max = WEIR_SIFT_ADDRESSES_MAX - n, has;

		if (r.class != WEIR_DNS_CLASS_IN || !is_asked(s, &r))
			continue;
		has = list_record(&r, addr, max);
		for (unsigned i = 0; i < has && i < max; i++)
			ret[n++] = (struct weir_sift_address){
				.addr = addr[i],
				.ttl = clamp_ttl(r.ttl),
				.hint = weir_svcb_is(r.type),
			};
	}
	return n;
}

/* the last field of an SOA: how long a name's absence may be remembered */
static uint32_t soa_minimum(const struct weir_dns_walk *w,
			    const struct weir_dns_record *r)
{
	struct weir_rd in = r->data;
	struct weir_dns_name n;

	for (unsigned i = 0; i < 2; i++) { /* of the server, of a person */
		if (!weir_dns_parse_name(w, &in, &n))
			return 0;
	}
	(void)weir_rd_take(&in, 16);
	return weir_rd_be32(&in);
}

static bool is_absence(const struct weir_sift *s,
		       const struct weir_dns_record *r)
{
	return r->section == WEIR_DNS_AUTHORITY && r->type == WEIR_DNS_SOA &&
	       weir_dns_is_below(end_of(s), &r->owner);
}

/* RFC 2308 5: an absence holds for the lesser of the SOA's TTL and minimum */
static void limit_absence(const struct weir_dns_walk *w,
			  struct weir_dns_record *r)
{
	uint32_t least = clamp_ttl(soa_minimum(w, r));

	if (least > WEIR_ANSWERS_NEGATIVE_MAX_S)
		least = WEIR_ANSWERS_NEGATIVE_MAX_S;
	if (r->ttl > least)
		r->ttl = least;
}

/*
 * struct progress - what is to be left out, and what was written so far
 * @data: of an SVCB record, written again
 */
struct progress {
	const struct weir_sift_address *list;
	unsigned n;
	bool strip_ech;
	unsigned address; /* place in the list */
	bool found;       /* a record of the asked type */
	bool absent;      /* the SOA */
	bool changed;     /* not all is as it was signed */
	uint8_t data[WEIR_SIFT_SVCB_BYTES];
};

static bool is_kept(const struct progress *p, unsigned i)
{
	return i < p->n && !p->list[i].drop;
}

/* leave out of an SVCB record what is to be; false if it is malformed */
static bool trim(struct weir_dns_record *r, struct progress *p)
{
	struct weir_wr to = weir_wr_over(p->data, sizeof(p->data));
	struct weir_svcb svcb;
	uint64_t keep = 0;
	unsigned has;

	if (!weir_svcb_parse(r->data, &svcb))
		return false;
	has = weir_svcb_hints(&svcb, NULL, 0);
	for (unsigned i = 0; i < has && i < WEIR_SVCB_HINTS_MAX; i++) {
		if (is_kept(p, p->address + i))
			keep |= UINT64_C(1) << i;
	}
	p->address += has;
	weir_svcb_build(&svcb, keep, p->strip_ech, &to);
	if (!weir_wr_ok(&to))
		return false;
	if (weir_wr_len(&to) != r->data.left)
		p->changed = true;
	r->data = weir_rd_over(p->data, weir_wr_len(&to));
	return true;
}

static bool is_wanted(const struct weir_sift *s, struct weir_dns_record *r,
		      struct progress *p)
{
	struct weir_addr a;

	if (r->class != WEIR_DNS_CLASS_IN || r->type == WEIR_DNS_OPT)
		return false;
	if (!is_asked(s, r))
		return is_part(s, r) ||
		       (is_absence(s, r) && !p->found && !p->absent);
	if (weir_svcb_is(r->type))
		return trim(r, p);
	if (r->type != WEIR_DNS_A && r->type != WEIR_DNS_AAAA)
		return true;
	return weir_dns_parse_address(r, &a) && is_kept(p, p->address++);
}

bool weir_sift_build(const struct weir_sift *s,
		     const struct weir_sift_address *list, unsigned n,
		     bool strip_ech, struct weir_dns_build *b,
		     struct weir_answers_what *ret)
{
	struct weir_dns_walk w = s->start;
	uint16_t ad = w.header.flags & WEIR_DNS_AD;
	uint32_t life = WEIR_ANSWERS_TTL_MAX_S;
	struct weir_dns_record r;
	struct progress p;

	p.list = list;
	p.n = n;
	p.strip_ech = strip_ech;
	p.address = 0;
	p.found = p.absent = p.changed = false;

	while (weir_dns_parse_record(&w, &r) == WEIR_DNS_RECORD) {
		if (!is_wanted(s, &r, &p)) {
			if (r.section == WEIR_DNS_ANSWER)
				p.changed = true;
			continue;
		}
		r.ttl = clamp_ttl(r.ttl);
		if (is_absence(s, &r))
			limit_absence(&w, &r);
		if (!weir_dns_build_again(b, &w, &r)) {
			p.changed = true;
			continue;
		}
		p.found = p.found || is_asked(s, &r);
		p.absent = p.absent || is_absence(s, &r);
		if (r.ttl < life)
			life = r.ttl;
	}
	if (p.changed)
		ad = 0; /* what was verified is not whole */
	ret->flags = (uint16_t)(rcode_of(&s->start) | ad);
	ret->n[0] = b->n[WEIR_DNS_ANSWER];
	ret->n[1] = b->n[WEIR_DNS_AUTHORITY];
	ret->life_s = life;
	return p.found || p.absent;
}
