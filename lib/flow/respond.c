/* SPDX-License-Identifier: Apache-2.0 */
/* respond.c - one answer to one question of the guest */
#include "flow/respond.h"

#include "base/must.h"

#define GUEST_FLAGS (WEIR_DNS_RD | WEIR_DNS_CD)
#define FLAGS_AT    2u

_Static_assert(WEIR_RESPOND_HEAD_BYTES >=
		       WEIR_DNS_HEADER_BYTES + WEIR_DNS_NAME_MAX_BYTES + 4 +
			       WEIR_DNS_OPT_BYTES + WEIR_DNS_EDE_BYTES,
	       "header, question, OPT with an extended error");

/* the records after the question: at most one OPT, nothing left over */
static bool read_edns(struct weir_dns_walk *w, struct weir_dns_edns *ret,
		      bool *ret_has)
{
	struct weir_dns_record r;
	enum weir_dns_step step;

	*ret_has = false;
	if (w->header.n[WEIR_DNS_ANSWER] || w->header.n[WEIR_DNS_AUTHORITY] ||
	    w->header.n[WEIR_DNS_ADDITIONAL] > WEIR_RESPOND_EXTRA_MAX)
		return false;
	while ((step = weir_dns_parse_record(w, &r)) == WEIR_DNS_RECORD) {
		if (r.type != WEIR_DNS_OPT)
			continue;
		if (*ret_has || !weir_dns_parse_opt(&r, ret))
			return false;
		*ret_has = true;
	}
	return step == WEIR_DNS_END;
}

static uint16_t limit_of(const struct weir_respond_way *way,
			 const struct weir_dns_edns *e)
{
	uint16_t limit = e->size; /* 0 without EDNS */

	if (way->tcp)
		return WEIR_RESPOND_TCP_MAX_BYTES;
	if (limit < WEIR_RESPOND_UDP_MIN_BYTES)
		limit = WEIR_RESPOND_UDP_MIN_BYTES;
	if (limit > WEIR_RESPOND_UDP_MAX_BYTES)
		limit = WEIR_RESPOND_UDP_MAX_BYTES;
	return limit < way->max_udp ? limit : way->max_udp;
}

bool weir_respond_read(struct weir_dns_walk *w,
		       const struct weir_respond_way *way,
		       struct weir_dns_question *ret,
		       struct weir_respond_style *ret_style,
		       uint8_t *ret_version)
{
	struct weir_dns_edns e = { .size = 0 };
	bool has;

	if (w->header.n[WEIR_DNS_QUESTION] != 1 ||
	    !weir_dns_parse_question(w, ret) || !read_edns(w, &e, &has))
		return false;
	ret_style->id = w->header.id;
	ret_style->flags = w->header.flags;
	ret_style->limit = limit_of(way, &e);
	ret_style->edns = has;
	ret_style->dnssec_ok = e.dnssec_ok;
	weir_dns_lower(&ret->name, ret_style->upper);
	*ret_version = e.version;
	return true;
}

void weir_respond_init(struct weir_respond *r,
		       const struct weir_respond_style *style,
		       const struct weir_dns_question *q, uint8_t *to,
		       size_t room)
{
	weir_must(room >= WEIR_RESPOND_HEAD_BYTES);
	r->style = style;
	r->q = q;
	r->to = to;
	r->room = room;
	r->rcode = r->answers = 0;
}

static void open_with(struct weir_respond *r, uint16_t flags)
{
	struct weir_dns_question as;

	as.type = r->q->type;
	as.class = r->q->class;
	as.name.len = r->q->name.len;
	memcpy(as.name.b, r->q->name.b, as.name.len);
	weir_dns_raise(&as.name, r->style->upper);
	flags |= (uint16_t)(WEIR_DNS_QR | WEIR_DNS_RA |
			    (r->style->flags & GUEST_FLAGS) |
			    (r->rcode & WEIR_DNS_RCODE_MASK));
	weir_dns_build_open(&r->b, r->to, r->room, r->style->id, flags, &as);
}

void weir_respond_open(struct weir_respond *r, uint16_t rcode)
{
	r->rcode = rcode;
	open_with(r, 0);
}

void weir_respond_verified(struct weir_respond *r)
{
	struct weir_rd head = weir_rd_over(r->to, weir_wr_len(&r->b.w));

	if (!r->style->dnssec_ok && !(r->style->flags & WEIR_DNS_AD))
		return;
	(void)weir_rd_take(&head, FLAGS_AT);
	weir_wr_put16(&r->b.w, FLAGS_AT, weir_rd_be16(&head) | WEIR_DNS_AD);
}

static size_t finish(struct weir_respond *r, uint16_t ede)
{
	struct weir_dns_edns e = { .size = WEIR_RESPOND_EDNS_BYTES,
				   .rcode_high = (uint8_t)(r->rcode >> 4),
				   .dnssec_ok = r->style->dnssec_ok,
				   .ede = ede };

	r->answers = r->b.n[WEIR_DNS_ANSWER];
	if (r->style->edns)
		weir_dns_build_opt(&r->b, &e);
	return weir_dns_build_close(&r->b);
}

size_t weir_respond_close(struct weir_respond *r, uint16_t ede)
{
	size_t len = finish(r, ede);

	if (len == 0 || len > r->style->limit) {
		open_with(r, WEIR_DNS_TC);
		len = finish(r, ede);
	}
	weir_must(len);
	return len;
}

size_t weir_respond_empty(struct weir_respond *r, uint16_t rcode, uint16_t ede)
{
	weir_respond_open(r, rcode);
	return weir_respond_close(r, ede);
}

size_t weir_respond_any(struct weir_respond *r)
{
	static const uint8_t hinfo[] = "\7RFC8482"; /* and an empty OS */
	struct weir_dns_record record = {
		.section = WEIR_DNS_ANSWER,
		.owner = r->q->name,
		.type = WEIR_DNS_HINFO,
		.class = WEIR_DNS_CLASS_IN,
		.ttl = WEIR_RESPOND_ANY_TTL_S,
		.data = weir_rd_over(hinfo, sizeof(hinfo)),
	};

	weir_respond_open(r, WEIR_DNS_NOERROR);
	weir_dns_build_record(&r->b, &record);
	return weir_respond_close(r, WEIR_DNS_EDE_NONE);
}

size_t weir_respond_bare(const struct weir_dns_header *h, uint16_t rcode,
			 uint8_t *to, size_t room)
{
	uint16_t keep = WEIR_DNS_OPCODE_MASK | GUEST_FLAGS;
	struct weir_dns_build b;

	weir_dns_build_open(&b, to, room, h->id,
			    (uint16_t)(WEIR_DNS_QR | (h->flags & keep) | rcode),
			    NULL);
	return weir_dns_build_close(&b);
}
