/* SPDX-License-Identifier: Apache-2.0 */
/* dnsbits.c - DNS messages for tests: questions, answers, what is in them */
#include "dnsbits.h"

#include <string.h>

size_t dnsbits_ask(uint8_t to[512], uint16_t id, const char *name,
		   uint16_t type)
{
	struct weir_dns_question q = { .type = type,
				       .class = WEIR_DNS_CLASS_IN };
	struct weir_dns_build b;

	if (!weir_dns_name_from_text(name, strlen(name), &q.name))
		return 0;
	weir_dns_build_open(&b, to, 512, id, WEIR_DNS_RD, &q);
	return weir_dns_build_close(&b);
}

size_t dnsbits_answer(uint8_t to[512], const uint8_t *q, size_t len,
		      const struct weir_addr *addr, uint16_t flags)
{
	struct weir_dns_question question;
	struct weir_dns_walk w;
	struct weir_dns_build b;

	if (!weir_dns_walk_open(q, len, &w) ||
	    !weir_dns_parse_question(&w, &question))
		return 0;
	weir_dns_build_open(&b, to, 512, w.header.id,
			    (uint16_t)(WEIR_DNS_QR | WEIR_DNS_RA | WEIR_DNS_RD |
				       flags),
			    &question);
	if (addr)
		weir_dns_build_address(&b, &question.name, addr, 300);
	return weir_dns_build_close(&b);
}

bool dnsbits_read(const uint8_t *bytes, size_t len, struct dnsbits *ret)
{
	struct weir_dns_record r;
	struct weir_dns_walk w;
	enum weir_dns_step step;

	*ret = (struct dnsbits){ 0 };
	if (!weir_dns_walk_open(bytes, len, &w))
		return false;
	ret->id = w.header.id;
	ret->flags = w.header.flags;
	ret->rcode = w.header.flags & WEIR_DNS_RCODE_MASK;
	ret->answers = w.header.n[WEIR_DNS_ANSWER];
	if (w.header.n[0] && !weir_dns_parse_question(&w, &ret->q))
		return false;
	while ((step = weir_dns_parse_record(&w, &r)) == WEIR_DNS_RECORD)
		(void)weir_dns_parse_address(&r, &ret->addr);
	return step == WEIR_DNS_END;
}
