/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp.c - the TCP header and its options
 *
 * Invariants: the options get a window of their own, cut by the data offset,
 * and each option again one, cut by its length: no option reads another.  What
 * is written is a whole number of words and at most 60 bytes.
 */
#include "packet/tcp.h"

#define OPTION_END        0u
#define OPTION_NOP        1u
#define OPTION_MSS        2u
#define OPTION_WSCALE     3u
#define OPTION_SACK_OK    4u
#define OPTION_SACK       5u
#define OPTION_TIMESTAMPS 8u

/* one option behind its kind and length */
static bool read_option(uint8_t kind, struct weir_rd *body,
			struct weir_tcp *ret)
{
	size_t len = body->left;
	uint8_t shift;

	switch (kind) {
	case OPTION_MSS:
		ret->mss = weir_rd_be16(body);
		return len == 2;
	case OPTION_WSCALE:
		shift = weir_rd_u8(body);
		ret->wscale = shift > WEIR_TCP_WSCALE_MAX ? WEIR_TCP_WSCALE_MAX
							  : (int8_t)shift;
		return len == 1;
	case OPTION_SACK_OK:
		ret->sack_ok = true;
		return len == 0;
	case OPTION_SACK:
		if (len == 0 || len % 8 != 0 || len / 8 > 4)
			return false;
		ret->n_sack = (uint8_t)(len / 8);
		for (unsigned i = 0; i < ret->n_sack; i++) {
			ret->sack[i].from = weir_rd_be32(body);
			ret->sack[i].to = weir_rd_be32(body);
		}
		return true;
	case OPTION_TIMESTAMPS:
		ret->has_ts = true;
		return len == 8;
	default:
		return true;
	}
}

static bool read_options(struct weir_rd in, struct weir_tcp *ret)
{
	while (in.left) {
		uint8_t kind = weir_rd_u8(&in), len;
		struct weir_rd body;

		if (kind == OPTION_END)
			return true;
		if (kind == OPTION_NOP)
			continue;
		len = weir_rd_u8(&in);
		if (len < 2)
			return false;
		body = weir_rd_sub(&in, len - 2u);
		if (!weir_rd_ok(&body) || !read_option(kind, &body, ret))
			return false;
	}
	return true;
}

enum weir_reason weir_tcp_parse(struct weir_rd *in, struct weir_tcp *ret)
{
	struct weir_rd h = weir_rd_sub(in, WEIR_TCP_HEADER_BYTES), options;
	struct weir_tcp t = { .wscale = -1 };
	uint16_t offset_flags;

	t.sport = weir_rd_be16(&h);
	t.dport = weir_rd_be16(&h);
	t.seq = weir_rd_be32(&h);
	t.ack = weir_rd_be32(&h);
	offset_flags = weir_rd_be16(&h);
	t.window = weir_rd_be16(&h);
	(void)weir_rd_be16(&h); /* the checksum */
	t.urgent = weir_rd_be16(&h);
	t.flags = offset_flags & 0x3f;
	t.header_len = (offset_flags >> 12) * 4u;
	if (!weir_rd_ok(&h) || t.header_len < WEIR_TCP_HEADER_BYTES)
		return WEIR_REASON_TCP_HEADER;
	options = weir_rd_sub(in, t.header_len - WEIR_TCP_HEADER_BYTES);
	if (!weir_rd_ok(&options))
		return WEIR_REASON_TCP_HEADER;
	if (!read_options(options, &t))
		return WEIR_REASON_TCP_OPTIONS;
	*ret = t;
	return WEIR_REASON_NONE;
}

/* bytes of all options but SACK blocks, each padded to words */
static size_t fixed_options_len(const struct weir_tcp *t)
{
	return (t->mss ? 4u : 0u) + (t->wscale >= 0 ? 4u : 0u) +
	       (t->sack_ok ? 4u : 0u);
}

static void write_sack(const struct weir_tcp *t, unsigned n,
		       struct weir_wr *out)
{
	weir_wr_u8(out, OPTION_NOP);
	weir_wr_u8(out, OPTION_NOP);
	weir_wr_u8(out, OPTION_SACK);
	weir_wr_u8(out, (uint8_t)(2 + 8 * n));
	for (unsigned i = 0; i < n; i++) {
		weir_wr_be32(out, t->sack[i].from);
		weir_wr_be32(out, t->sack[i].to);
	}
}

void weir_tcp_build(const struct weir_tcp *tcp, struct weir_wr *out)
{
	size_t len = WEIR_TCP_HEADER_BYTES + fixed_options_len(tcp);
	unsigned n = tcp->n_sack;

	while (n && len + 4 + 8 * (size_t)n > WEIR_TCP_HEADER_MAX_BYTES)
		n--;
	if (n)
		len += 4 + 8 * (size_t)n;
	weir_wr_be16(out, tcp->sport);
	weir_wr_be16(out, tcp->dport);
	weir_wr_be32(out, tcp->seq);
	weir_wr_be32(out, tcp->ack);
	weir_wr_be16(out, (uint16_t)(len / 4 << 12 | (tcp->flags & 0x3fu)));
	weir_wr_be16(out, tcp->window);
	weir_wr_be16(out, 0);
	weir_wr_be16(out, tcp->urgent);
	if (tcp->mss) {
		weir_wr_u8(out, OPTION_MSS);
		weir_wr_u8(out, 4);
		weir_wr_be16(out, tcp->mss);
	}
	if (tcp->wscale >= 0) {
		weir_wr_u8(out, OPTION_NOP);
		weir_wr_u8(out, OPTION_WSCALE);
		weir_wr_u8(out, 3);
		weir_wr_u8(out, (uint8_t)tcp->wscale);
	}
	if (tcp->sack_ok) {
		weir_wr_u8(out, OPTION_NOP);
		weir_wr_u8(out, OPTION_NOP);
		weir_wr_u8(out, OPTION_SACK_OK);
		weir_wr_u8(out, 2);
	}
	if (n)
		write_sack(tcp, n, out);
}
