/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ndp.c - IPv6 neighbour discovery messages, bytes to fields and back
 *
 * Every message is a fixed part and then options: type, length in units of
 * eight bytes, body.  Each option is read in a window of its own.  An option
 * of a kind that is known must have a length that kind can have; one that is
 * not known only has to end within the message (RFC 4861 6.1, 7.1).
 */
#include "packet/ndp.h"

#include "base/must.h"
#include "packet/icmp.h"

#define OPTION_SOURCE_MAC 1u
#define OPTION_TARGET_MAC 2u
#define OPTION_PREFIX     3u
#define OPTION_MTU        5u
#define OPTION_DNS        25u
#define OPTION_DNSSL      31u
#define PREFIX_ON_LINK    0x80u
#define PREFIX_AUTONOMOUS 0x40u
#define ROUTER_MANAGED    0x80u
#define ROUTER_OTHER      0x40u
#define ANSWER_ROUTER     0x80000000u
#define ANSWER_SOLICITED  0x40000000u
#define ANSWER_OVERRIDE   0x20000000u

struct option {
	uint8_t type;
	struct weir_rd body; /* behind type and length */
};

/* the next option; false at the end, and then @in tells whether it was good */
static bool next_option(struct weir_rd *in, struct option *ret)
{
	uint8_t length;

	if (in->left == 0)
		return false;
	ret->type = weir_rd_u8(in);
	length = weir_rd_u8(in);
	/* no length at all is made a window that no message holds */
	ret->body = weir_rd_sub(in, length ? length * 8u - 2u : SIZE_MAX);
	return weir_rd_ok(&ret->body);
}

static bool read_type(struct weir_rd *in, uint8_t want)
{
	uint8_t type = weir_rd_u8(in), code = weir_rd_u8(in);

	(void)weir_rd_be16(in); /* the checksum */
	return weir_rd_ok(in) && type == want && code == 0;
}

/* options of the three messages that have at most an address among them */
static bool read_mac(struct weir_rd *in, uint8_t type, bool *has,
		     struct weir_mac *mac)
{
	struct option o;

	while (next_option(in, &o)) {
		if (o.type != type)
			continue;
		if (o.body.left != sizeof(mac->b))
			return false;
		if (*has)
			continue;
		weir_rd_copy(&o.body, mac->b, sizeof(mac->b));
		*has = true;
	}
	return weir_rd_ok(in);
}

static bool is_multicast(const struct weir_addr *a)
{
	return a->b[0] == 0xff;
}

enum weir_reason weir_ndp_parse_ask(struct weir_rd *in,
				    struct weir_ndp_ask *ret)
{
	struct weir_ndp_ask m = { 0 };

	if (!read_type(in, WEIR_ICMP6_NS))
		return WEIR_REASON_ND;
	(void)weir_rd_be32(in);
	weir_rd_copy(in, m.target.b, sizeof(m.target.b));
	if (!weir_rd_ok(in) || is_multicast(&m.target) ||
	    !read_mac(in, OPTION_SOURCE_MAC, &m.has_mac, &m.mac))
		return WEIR_REASON_ND;
	*ret = m;
	return WEIR_REASON_NONE;
}

enum weir_reason weir_ndp_parse_answer(struct weir_rd *in,
				       struct weir_ndp_answer *ret)
{
	struct weir_ndp_answer m = { 0 };
	uint32_t flags;

	if (!read_type(in, WEIR_ICMP6_NA))
		return WEIR_REASON_ND;
	flags = weir_rd_be32(in);
	m.router = flags & ANSWER_ROUTER;
	m.solicited = flags & ANSWER_SOLICITED;
	m.override = flags & ANSWER_OVERRIDE;
	weir_rd_copy(in, m.target.b, sizeof(m.target.b));
	if (!weir_rd_ok(in) || is_multicast(&m.target) ||
	    !read_mac(in, OPTION_TARGET_MAC, &m.has_mac, &m.mac))
		return WEIR_REASON_ND;
	*ret = m;
	return WEIR_REASON_NONE;
}

enum weir_reason weir_ndp_parse_seek(struct weir_rd *in,
				     struct weir_ndp_seek *ret)
{
	struct weir_ndp_seek m = { 0 };

	if (!read_type(in, WEIR_ICMP6_RS))
		return WEIR_REASON_ND;
	(void)weir_rd_be32(in);
	if (!weir_rd_ok(in) ||
	    !read_mac(in, OPTION_SOURCE_MAC, &m.has_mac, &m.mac))
		return WEIR_REASON_ND;
	*ret = m;
	return WEIR_REASON_NONE;
}

static void read_prefix(struct weir_rd *body, struct weir_ndp_router *m)
{
	m->prefix_len = weir_rd_u8(body);
	m->autonomous = weir_rd_u8(body) & PREFIX_AUTONOMOUS;
	m->valid_s = weir_rd_be32(body);
	m->preferred_s = weir_rd_be32(body);
	(void)weir_rd_be32(body);
	weir_rd_copy(body, m->prefix.b, sizeof(m->prefix.b));
}

/* one option of a router; false if its length is none it can have */
static bool read_router_option(struct option *o, struct weir_ndp_router *m)
{
	struct weir_rd *body = &o->body;
	size_t len = body->left + 2;

	switch (o->type) {
	case OPTION_SOURCE_MAC:
		if (len == 8 && !m->has_mac)
			weir_rd_copy(body, m->mac.b, sizeof(m->mac.b));
		m->has_mac = true;
		return len == 8;
	case OPTION_PREFIX:
		if (len == 32 && !m->prefix_len)
			read_prefix(body, m);
		return len == 32 && m->prefix_len <= 128;
	case OPTION_MTU:
		(void)weir_rd_be16(body);
		if (len == 8 && !m->mtu)
			m->mtu = weir_rd_be32(body);
		return len == 8;
	case OPTION_DNS:
		(void)weir_rd_take(body, 6); /* reserved, lifetime */
		if (len >= 24 && len % 16 == 8 && !m->has_dns)
			weir_rd_copy(body, m->dns.b, sizeof(m->dns.b));
		m->has_dns = true;
		return len >= 24 && len % 16 == 8;
	case OPTION_DNSSL:
		(void)weir_rd_take(body, 6);
		if (len >= 16 && !m->dnssl_len) {
			m->dnssl_len = body->left;
			m->dnssl = body->at;
		}
		return len >= 16;
	default:
		return true;
	}
}

enum weir_reason weir_ndp_parse_router(struct weir_rd *in,
				       struct weir_ndp_router *ret)
{
	struct weir_ndp_router m = { 0 };
	struct option o;
	uint8_t flags;

	if (!read_type(in, WEIR_ICMP6_RA))
		return WEIR_REASON_ND;
	m.hops = weir_rd_u8(in);
	flags = weir_rd_u8(in);
	m.managed = flags & ROUTER_MANAGED;
	m.other = flags & ROUTER_OTHER;
	m.lifetime_s = weir_rd_be16(in);
	(void)weir_rd_be64(in); /* reachable time, retransmission timer */
	while (next_option(in, &o)) {
		if (!read_router_option(&o, &m))
			return WEIR_REASON_ND;
	}
	if (!weir_rd_ok(in))
		return WEIR_REASON_ND;
	*ret = m;
	return WEIR_REASON_NONE;
}

static void write_type(uint8_t type, struct weir_wr *out)
{
	weir_wr_u8(out, type);
	weir_wr_u8(out, 0);
	weir_wr_be16(out, 0);
}

static void write_mac(uint8_t type, const struct weir_mac *mac,
		      struct weir_wr *out)
{
	weir_wr_u8(out, type);
	weir_wr_u8(out, 1);
	weir_wr_copy(out, mac->b, sizeof(mac->b));
}

void weir_ndp_build_ask(const struct weir_ndp_ask *m, struct weir_wr *out)
{
	write_type(WEIR_ICMP6_NS, out);
	weir_wr_be32(out, 0);
	weir_wr_copy(out, m->target.b, sizeof(m->target.b));
	if (m->has_mac)
		write_mac(OPTION_SOURCE_MAC, &m->mac, out);
}

void weir_ndp_build_answer(const struct weir_ndp_answer *m, struct weir_wr *out)
{
	uint32_t flags = (m->router ? ANSWER_ROUTER : 0) |
			 (m->solicited ? ANSWER_SOLICITED : 0) |
			 (m->override ? ANSWER_OVERRIDE : 0);

	write_type(WEIR_ICMP6_NA, out);
	weir_wr_be32(out, flags);
	weir_wr_copy(out, m->target.b, sizeof(m->target.b));
	if (m->has_mac)
		write_mac(OPTION_TARGET_MAC, &m->mac, out);
}

void weir_ndp_build_seek(const struct weir_ndp_seek *m, struct weir_wr *out)
{
	write_type(WEIR_ICMP6_RS, out);
	weir_wr_be32(out, 0);
	if (m->has_mac)
		write_mac(OPTION_SOURCE_MAC, &m->mac, out);
}

static void write_prefix(const struct weir_ndp_router *m, struct weir_wr *out)
{
	weir_wr_u8(out, OPTION_PREFIX);
	weir_wr_u8(out, 4);
	weir_wr_u8(out, m->prefix_len);
	weir_wr_u8(out,
		   PREFIX_ON_LINK | (m->autonomous ? PREFIX_AUTONOMOUS : 0));
	weir_wr_be32(out, m->valid_s);
	weir_wr_be32(out, m->preferred_s);
	weir_wr_be32(out, 0);
	weir_wr_copy(out, m->prefix.b, sizeof(m->prefix.b));
}

static void write_dnssl(const struct weir_ndp_router *m, struct weir_wr *out)
{
	size_t padded = (m->dnssl_len + 7) / 8 * 8;

	weir_must(m->dnssl_len <= WEIR_NDP_DNSSL_MAX_BYTES);
	weir_wr_u8(out, OPTION_DNSSL);
	weir_wr_u8(out, (uint8_t)(1 + padded / 8));
	weir_wr_be16(out, 0);
	weir_wr_be32(out, m->lifetime_s);
	weir_wr_copy(out, m->dnssl, m->dnssl_len);
	weir_wr_fill(out, 0, padded - m->dnssl_len);
}

void weir_ndp_build_router(const struct weir_ndp_router *m, struct weir_wr *out)
{
	write_type(WEIR_ICMP6_RA, out);
	weir_wr_u8(out, m->hops);
	weir_wr_u8(out, (m->managed ? ROUTER_MANAGED : 0) |
				(m->other ? ROUTER_OTHER : 0));
	weir_wr_be16(out, m->lifetime_s);
	weir_wr_be64(out, 0);
	if (m->has_mac)
		write_mac(OPTION_SOURCE_MAC, &m->mac, out);
	if (m->mtu) {
		weir_wr_u8(out, OPTION_MTU);
		weir_wr_u8(out, 1);
		weir_wr_be16(out, 0);
		weir_wr_be32(out, m->mtu);
	}
	if (m->prefix_len)
		write_prefix(m, out);
	if (m->has_dns) {
		weir_wr_u8(out, OPTION_DNS);
		weir_wr_u8(out, 3);
		weir_wr_be16(out, 0);
		weir_wr_be32(out, m->lifetime_s);
		weir_wr_copy(out, m->dns.b, sizeof(m->dns.b));
	}
	if (m->dnssl_len)
		write_dnssl(m, out);
}

struct weir_addr weir_ndp_group(const struct weir_addr *a)
{
	struct weir_addr g = { .b = { 0xff, 0x02, [11] = 0x01, [12] = 0xff } };

	memcpy(g.b + 13, a->b + 13, 3);
	return g;
}
