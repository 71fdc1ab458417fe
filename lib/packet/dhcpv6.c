/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dhcpv6.c - DHCP for IPv6: a header of four bytes and options inside options
 *
 * Options are walked two deep: those of the message, and in an identity
 * association those that name its addresses.  Each is read in a window of its
 * own length, so the walk is bounded by the bytes there are.
 */
#include "packet/dhcpv6.h"

#include "base/must.h"

enum option {
	OPTION_CLIENT = 1,
	OPTION_SERVER = 2,
	OPTION_IA_NA = WEIR_DHCPV6_IA_NA,
	OPTION_IA_TA = WEIR_DHCPV6_IA_TA,
	OPTION_ADDR = 5,
	OPTION_WANTS = 6,
	OPTION_PREFERENCE = 7,
	OPTION_STATUS = 13,
	OPTION_RAPID = 14,
	OPTION_DNS = 23,
	OPTION_SEARCH = 24,
	OPTION_IA_PD = WEIR_DHCPV6_IA_PD
};

#define DUID_LL        3u
#define DUID_ETHERNET  1u
#define DUID_MIN_BYTES 3u
#define ADDR_BYTES     24u
#define PREFERENCE_MAX 255u /* ask nobody else (RFC 8415 18.2.1) */

/* --- reading --- */

struct one {
	uint16_t code;
	struct weir_rd body;
};

/* the next option; false at the end, and if it runs over it (@in is bad) */
static bool next_option(struct weir_rd *in, struct one *o)
{
	if (!in->left)
		return false;
	o->code = weir_rd_be16(in);
	o->body = weir_rd_sub(in, weir_rd_be16(in));
	return weir_rd_ok(in);
}

static bool read_duid(struct weir_rd *body, const uint8_t **duid, size_t *len)
{
	if (*len || body->left < DUID_MIN_BYTES ||
	    body->left > WEIR_DHCPV6_DUID_MAX_BYTES)
		return false;
	*len = body->left;
	*duid = weir_rd_take(body, body->left);
	return true;
}

static bool read_wants(struct weir_rd *body, struct weir_dhcpv6 *m)
{
	if (m->has_wants || body->left % 2)
		return false;
	m->has_wants = true;
	while (body->left) {
		uint16_t code = weir_rd_be16(body);

		m->wants_dns |= code == OPTION_DNS;
		m->wants_search |= code == OPTION_SEARCH;
	}
	return true;
}

static bool read_addr(struct weir_rd *body, struct weir_dhcpv6_ia *ia)
{
	if (body->left < ADDR_BYTES || ia->n == WEIR_DHCPV6_ADDRS_MAX)
		return false;
	weir_rd_copy(body, ia->addr[ia->n].b, sizeof(ia->addr[ia->n].b));
	ia->n++; /* the lifetimes it would like do not matter */
	return true;
}

static bool read_ia(struct one *o, struct weir_dhcpv6 *m)
{
	struct weir_rd *body = &o->body;
	struct weir_dhcpv6_ia *ia;
	struct one inner;

	if (m->n == WEIR_DHCPV6_IAS_MAX)
		return false;
	ia = &m->ia[m->n++];
	ia->code = o->code;
	ia->id = weir_rd_be32(body);
	if (o->code != OPTION_IA_TA)
		(void)weir_rd_be64(body); /* T1, T2 */
	while (next_option(body, &inner)) {
		if (inner.code == OPTION_ADDR && o->code != OPTION_IA_PD &&
		    !read_addr(&inner.body, ia))
			return false;
	}
	return weir_rd_ok(body);
}

/* one option; false if its length is none it can have, or it came before */
static bool read_option(struct one *o, struct weir_dhcpv6 *m)
{
	switch (o->code) {
	case OPTION_CLIENT:
		return read_duid(&o->body, &m->client, &m->client_len);
	case OPTION_SERVER:
		return read_duid(&o->body, &m->server, &m->server_len);
	case OPTION_WANTS:
		return read_wants(&o->body, m);
	case OPTION_IA_NA:
	case OPTION_IA_TA:
	case OPTION_IA_PD:
		return read_ia(o, m);
	case OPTION_RAPID:
		if (m->rapid || o->body.left)
			return false;
		m->rapid = true;
		return true;
	default:
		return true;
	}
}

/* RFC 8415 16.2 to 16.12: which identifiers a type must have, and must not */
static bool has_its_ids(const struct weir_dhcpv6 *m)
{
	switch (m->type) {
	case WEIR_DHCPV6_SOLICIT:
	case WEIR_DHCPV6_CONFIRM:
	case WEIR_DHCPV6_REBIND:
		return m->client_len && !m->server_len;
	case WEIR_DHCPV6_REQUEST:
	case WEIR_DHCPV6_RENEW:
	case WEIR_DHCPV6_RELEASE:
	case WEIR_DHCPV6_DECLINE:
		return m->client_len && m->server_len;
	case WEIR_DHCPV6_INFORMATION:
		return m->n == 0;
	case WEIR_DHCPV6_NOTHING:
	case WEIR_DHCPV6_ADVERTISE:
	case WEIR_DHCPV6_REPLY:
		break;
	}
	return false;
}

enum weir_reason weir_dhcpv6_parse(struct weir_rd *in, struct weir_dhcpv6 *ret)
{
	uint32_t first = weir_rd_be32(in);
	struct weir_dhcpv6 m = { .type = (enum weir_dhcpv6_type)(first >> 24),
				 .xid = first & 0xffffff };
	struct one o;

	while (next_option(in, &o)) {
		if (!read_option(&o, &m))
			return WEIR_REASON_DHCP;
	}
	if (!weir_rd_ok(in) || !has_its_ids(&m))
		return WEIR_REASON_DHCP;
	*ret = m;
	return WEIR_REASON_NONE;
}

/* --- writing --- */

static size_t open_option(enum option code, struct weir_wr *out)
{
	weir_wr_be16(out, (uint16_t)code);
	weir_wr_be16(out, 0);
	return weir_wr_len(out);
}

/* @at: from open_option() */
static void close_option(size_t at, struct weir_wr *out)
{
	if (weir_wr_ok(out))
		weir_wr_put16(out, at - 2, (uint16_t)(weir_wr_len(out) - at));
}

static void write_bytes(enum option code, const void *p, size_t len,
			struct weir_wr *out)
{
	size_t at = open_option(code, out);

	weir_wr_copy(out, p, len);
	close_option(at, out);
}

static void write_duid(const struct weir_mac *mac, struct weir_wr *out)
{
	weir_wr_be16(out, DUID_LL);
	weir_wr_be16(out, DUID_ETHERNET);
	weir_wr_copy(out, mac->b, sizeof(mac->b));
}

bool weir_dhcpv6_is_server(const uint8_t *duid, size_t len,
			   const struct weir_mac *server)
{
	uint8_t ours[WEIR_DHCPV6_SERVER_BYTES];
	struct weir_wr w = weir_wr_over(ours, sizeof(ours));

	write_duid(server, &w);
	return len == sizeof(ours) && memcmp(duid, ours, sizeof(ours)) == 0;
}

static void write_status(enum weir_dhcpv6_status status, struct weir_wr *out)
{
	size_t at = open_option(OPTION_STATUS, out);

	weir_wr_be16(out, (uint16_t)status);
	close_option(at, out);
}

static void write_addr(const struct weir_addr *addr, uint32_t life_s,
		       struct weir_wr *out)
{
	size_t at = open_option(OPTION_ADDR, out);

	weir_wr_copy(out, addr->b, sizeof(addr->b));
	weir_wr_be32(out, life_s); /* preferred */
	weir_wr_be32(out, life_s); /* valid */
	close_option(at, out);
}

static void write_ia(const struct weir_dhcpv6_ia *ia,
		     const struct weir_dhcpv6_answer *a, struct weir_wr *out)
{
	bool given = ia->status == WEIR_DHCPV6_SUCCESS;
	size_t at = open_option((enum option)ia->code, out);

	weir_must(ia->n <= WEIR_DHCPV6_ADDRS_MAX);
	weir_wr_be32(out, ia->id);
	if (ia->code != OPTION_IA_TA) {
		weir_wr_be32(out, given ? a->lease_s / 2 : 0);
		weir_wr_be32(out, given ? a->lease_s - a->lease_s / 5 : 0);
	}
	if (given)
		write_addr(&a->given, a->lease_s, out);
	else
		write_status(ia->status, out);
	for (unsigned i = 0; given && i < ia->n; i++) {
		if (!weir_addr_is_equal(&ia->addr[i], &a->given))
			write_addr(&ia->addr[i], 0, out);
	}
	close_option(at, out);
}

static void write_network(const struct weir_dhcpv6 *q,
			  const struct weir_dhcpv6_answer *a,
			  struct weir_wr *out)
{
	if (!q->has_wants || q->wants_dns)
		write_bytes(OPTION_DNS, a->dns.b, sizeof(a->dns.b), out);
	if (a->search_len && (!q->has_wants || q->wants_search))
		write_bytes(OPTION_SEARCH, a->search, a->search_len, out);
}

void weir_dhcpv6_build(const struct weir_dhcpv6 *q,
		       const struct weir_dhcpv6_answer *a, struct weir_wr *out)
{
	size_t at;

	weir_must(a->n <= WEIR_DHCPV6_IAS_MAX);
	weir_wr_be32(out, (uint32_t)a->type << 24 | q->xid);
	if (q->client_len)
		write_bytes(OPTION_CLIENT, q->client, q->client_len, out);
	at = open_option(OPTION_SERVER, out);
	write_duid(&a->server, out);
	close_option(at, out);
	if (a->type == WEIR_DHCPV6_ADVERTISE) {
		const uint8_t most = PREFERENCE_MAX;

		write_bytes(OPTION_PREFERENCE, &most, 1, out);
	}
	if (a->rapid)
		write_bytes(OPTION_RAPID, NULL, 0, out);
	if (a->has_status)
		write_status(a->status, out);
	for (unsigned i = 0; i < a->n; i++)
		write_ia(&a->ia[i], a, out);
	if (a->has_network)
		write_network(q, a, out);
}
