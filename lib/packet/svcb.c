/* SPDX-License-Identifier: Apache-2.0 */
/*
 * svcb.c - the data of SVCB and HTTPS records
 *
 * Data is checked as a whole first, so that what is written again, parameter
 * by parameter, is in the one form that all clients read alike.  A client that
 * meets a malformed record refuses all records beside it (RFC 9460 2.2), so
 * nothing is gained by being lenient.
 *
 * RFC 9460 2.2 (wire format), 2.4.2 (aliases), 7 (values), 8 (mandatory).
 */
#include "packet/svcb.h"

#include "base/must.h"

static const size_t hint_bytes[2] = { 4, 16 };

/* the next parameter; @in turns bad if there is none */
static uint16_t next_param(struct weir_rd *in, struct weir_rd *ret_value)
{
	uint16_t key = weir_rd_be16(in);

	*ret_value = weir_rd_sub(in, weir_rd_be16(in));
	return key;
}

/* a name in full: labels up to the root (RFC 9460 2.2: not compressed) */
static struct weir_rd take_name(struct weir_rd *in)
{
	struct weir_rd at = *in;
	size_t len = 0;
	uint8_t label;

	do {
		label = weir_rd_u8(&at);
		(void)weir_rd_take(&at, label);
		len += label + 1u;
		if (label > WEIR_DNS_LABEL_MAX_BYTES ||
		    len > WEIR_DNS_NAME_MAX_BYTES)
			at.bad = true;
	} while (label && weir_rd_ok(&at));
	if (!weir_rd_ok(&at))
		return (struct weir_rd){ .bad = true };
	return weir_rd_sub(in, len);
}

/* one or more keys, ascending, `mandatory` itself not among them */
static bool are_keys(struct weir_rd v)
{
	uint16_t last = WEIR_SVCB_MANDATORY;

	if (v.left == 0)
		return false;
	while (v.left) {
		uint16_t key = weir_rd_be16(&v);

		if (!weir_rd_ok(&v) || key <= last)
			return false;
		last = key;
	}
	return true;
}

/* one or more strings, none of them empty */
static bool are_strings(struct weir_rd v)
{
	if (v.left == 0)
		return false;
	while (v.left) {
		uint8_t len = weir_rd_u8(&v);

		(void)weir_rd_take(&v, len);
		if (!weir_rd_ok(&v) || len == 0)
			return false;
	}
	return true;
}

static bool is_value(uint16_t key, struct weir_rd v)
{
	if (key == WEIR_SVCB_MANDATORY)
		return are_keys(v);
	if (key == WEIR_SVCB_ALPN)
		return are_strings(v);
	if (key == WEIR_SVCB_NO_DEFAULT_ALPN)
		return v.left == 0;
	if (key == WEIR_SVCB_PORT)
		return v.left == 2;
	if (key == WEIR_SVCB_IPV4HINT)
		return v.left && v.left % hint_bytes[0] == 0;
	if (key == WEIR_SVCB_IPV6HINT)
		return v.left && v.left % hint_bytes[1] == 0;
	return key != WEIR_SVCB_INVALID;
}

bool weir_svcb_parse(struct weir_rd data, struct weir_svcb *ret)
{
	struct weir_svcb s = { .priority = weir_rd_be16(&data) };
	struct weir_rd in, value;
	int32_t last = -1;

	s.target = take_name(&data);
	if (!weir_rd_ok(&data) || !weir_rd_ok(&s.target))
		return false;
	if (s.priority == 0) { /* RFC 9460 2.4.2: not to be looked at */
		*ret = s;
		return true;
	}
	s.params = in = data;
	while (in.left) {
		uint16_t key = next_param(&in, &value);

		if (!weir_rd_ok(&in) || key <= last || !is_value(key, value))
			return false;
		last = key;
		if (key == WEIR_SVCB_IPV4HINT)
			s.hint[0] = value;
		if (key == WEIR_SVCB_IPV6HINT)
			s.hint[1] = value;
		s.has_ech = s.has_ech || key == WEIR_SVCB_ECH;
	}
	*ret = s;
	return true;
}

unsigned weir_svcb_hints(const struct weir_svcb *s, struct weir_addr *ret,
			 unsigned max)
{
	struct weir_rd four = s->hint[0], six = s->hint[1];
	unsigned n = 0;

	for (; four.left; n++) {
		uint32_t a = weir_rd_be32(&four);

		if (n < max)
			ret[n] = weir_addr_from4(a);
	}
	for (; six.left; n++) {
		struct weir_addr a;

		weir_rd_copy(&six, a.b, sizeof(a.b));
		if (n < max)
			ret[n] = a;
	}
	return n;
}

/* struct left - which hints stay, by family, and which parameters do not */
struct left {
	uint64_t keep[2];
	bool no_hint[2], no_ech;
};

static bool stays(const struct left *l, uint16_t key)
{
	if (key == WEIR_SVCB_IPV4HINT)
		return !l->no_hint[0];
	if (key == WEIR_SVCB_IPV6HINT)
		return !l->no_hint[1];
	return key != WEIR_SVCB_ECH || !l->no_ech;
}

/* @n hints from bit @first of @keep on, as bits from 0 on */
static uint64_t bits_of(uint64_t keep, size_t first, size_t n)
{
	if (first >= 64 || n == 0)
		return 0;
	keep >>= first;
	return n >= 64 ? keep : keep & ((UINT64_C(1) << n) - 1);
}

static void write_keys(const struct left *l, struct weir_rd v,
		       struct weir_wr *to)
{
	while (v.left) {
		uint16_t key = weir_rd_be16(&v);

		if (stays(l, key))
			weir_wr_be16(to, key);
	}
}

static void write_hints(uint64_t keep, size_t bytes, struct weir_rd v,
			struct weir_wr *to)
{
	for (; v.left; keep >>= 1) {
		struct weir_rd one = weir_rd_sub(&v, bytes);

		if (keep & 1)
			weir_wr_copy(to, one.at, one.left);
	}
}

static void write_param(const struct left *l, uint16_t key, struct weir_rd v,
			struct weir_wr *to)
{
	struct weir_wr before = *to;
	size_t start;

	weir_wr_be16(to, key);
	weir_wr_be16(to, 0);
	start = weir_wr_len(to);
	if (key == WEIR_SVCB_MANDATORY)
		write_keys(l, v, to);
	else if (key == WEIR_SVCB_IPV4HINT)
		write_hints(l->keep[0], hint_bytes[0], v, to);
	else if (key == WEIR_SVCB_IPV6HINT)
		write_hints(l->keep[1], hint_bytes[1], v, to);
	else if (v.left)
		weir_wr_copy(to, v.at, v.left);
	if (!weir_wr_ok(to))
		return;
	if (key == WEIR_SVCB_MANDATORY && weir_wr_len(to) == start)
		*to = before; /* all its keys are gone */
	else
		weir_wr_put16(to, start - 2,
			      (uint16_t)(weir_wr_len(to) - start));
}

void weir_svcb_build(const struct weir_svcb *s, uint64_t keep, bool strip_ech,
		     struct weir_wr *to)
{
	size_t fours = s->hint[0].left / hint_bytes[0];
	size_t sixes = s->hint[1].left / hint_bytes[1];
	struct left l = { .keep = { bits_of(keep, 0, fours),
				    bits_of(keep, fours, sixes) },
			  .no_ech = s->has_ech && strip_ech };
	struct weir_rd in = s->params, value;

	l.no_hint[0] = fours && !l.keep[0];
	l.no_hint[1] = sixes && !l.keep[1];
	weir_wr_be16(to, s->priority);
	weir_wr_copy(to, s->target.at, s->target.left);
	while (in.left) {
		uint16_t key = next_param(&in, &value);

		weir_must(weir_rd_ok(&in)); /* it was checked */
		if (stays(&l, key))
			write_param(&l, key, value, to);
	}
}
