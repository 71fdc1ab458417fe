/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dhcp.c - DHCP for IPv4: fields and options, read strictly, written in order
 *
 * Options may lie in three places: behind the magic cookie, and, if option 52
 * says so, in the fields of BOOTP's file and server names, read in that order
 * (RFC 3396 5).  An option that is known may come once in all of them; so a
 * split one (RFC 3396) is refused unless it is the list of wants, whose pieces
 * are simply added up.  No client splits the others: they are short.
 *
 * The hostname that a client says it has (12, 81) is not even read.
 */
#include "packet/dhcp.h"

#include "base/must.h"

#define OP_REQUEST  1u
#define OP_REPLY    2u
#define ETHERNET    1u
#define MAGIC       0x63825363u
#define BROADCAST   0x8000u
#define SNAME_BYTES 64u
#define FILE_BYTES  128u

enum option {
	OPTION_PAD = 0,
	OPTION_MASK = 1,
	OPTION_ROUTER = 3,
	OPTION_DNS = 6,
	OPTION_HOSTNAME = 12,
	OPTION_DOMAIN = 15,
	OPTION_MTU = 26,
	OPTION_REQUESTED = 50,
	OPTION_LEASE = 51,
	OPTION_OVERLOAD = 52,
	OPTION_TYPE = 53,
	OPTION_SERVER = 54,
	OPTION_WANTS = 55,
	OPTION_PACKET_MAX = 57,
	OPTION_RENEW = 58,
	OPTION_REBIND = 59,
	OPTION_CLIENT = 61,
	OPTION_RAPID = 80,
	OPTION_SEARCH = 119,
	OPTION_END = 255
};

#define OVERLOAD_FILE  1u
#define OVERLOAD_SNAME 2u

/* --- reading --- */

struct reading {
	struct weir_dhcp m;
	uint8_t seen[32];
	uint8_t overload;
};

static bool has_bit(const uint8_t bits[32], uint8_t n)
{
	return bits[n / 8] >> n % 8 & 1;
}

static void set_bit(uint8_t bits[32], uint8_t n)
{
	bits[n / 8] |= (uint8_t)(1u << n % 8);
}

static bool read_type(struct weir_rd *body, struct weir_dhcp *m)
{
	uint8_t type = weir_rd_u8(body);

	m->type = (enum weir_dhcp_type)type;
	return type == WEIR_DHCP_DISCOVER || type == WEIR_DHCP_REQUEST ||
	       type == WEIR_DHCP_DECLINE || type == WEIR_DHCP_RELEASE ||
	       type == WEIR_DHCP_INFORM;
}

static void read_wants(struct weir_rd *body, struct weir_dhcp *m)
{
	m->has_wants = true;
	while (body->left)
		set_bit(m->wants, weir_rd_u8(body));
}

/* one option; false if its length or value is none it can have */
static bool read_option(uint8_t code, struct weir_rd *body, struct reading *r)
{
	struct weir_dhcp *m = &r->m;
	size_t len = body->left;

	switch (code) {
	case OPTION_TYPE:
		return len == 1 && read_type(body, m);
	case OPTION_REQUESTED:
		m->has_requested = true;
		m->requested = weir_addr_from4(weir_rd_be32(body));
		return len == 4;
	case OPTION_SERVER:
		m->has_server = true;
		m->server = weir_addr_from4(weir_rd_be32(body));
		return len == 4;
	case OPTION_OVERLOAD:
		r->overload = weir_rd_u8(body);
		return len == 1 && r->overload >= 1 && r->overload <= 3;
	case OPTION_WANTS:
		read_wants(body, m);
		return len > 0;
	case OPTION_PACKET_MAX:
		m->packet_max = weir_rd_be16(body);
		if (m->packet_max < WEIR_DHCP_PACKET_BYTES)
			m->packet_max = WEIR_DHCP_PACKET_BYTES;
		return len == 2;
	case OPTION_CLIENT: /* RFC 2132 9.14: a type and at least a byte */
		m->id_len = len;
		m->id = weir_rd_take(body, len);
		return len >= 2;
	case OPTION_RAPID:
		m->rapid = true;
		return len == 0;
	default:
		return true;
	}
}

static bool may_repeat(uint8_t code)
{
	switch (code) {
	case OPTION_TYPE:
	case OPTION_REQUESTED:
	case OPTION_SERVER:
	case OPTION_OVERLOAD:
	case OPTION_PACKET_MAX:
	case OPTION_CLIENT:
	case OPTION_RAPID:
		return false;
	default:
		return true;
	}
}

static bool read_options(struct weir_rd *in, struct reading *r)
{
	for (;;) {
		uint8_t code = weir_rd_u8(in);
		struct weir_rd body;

		if (!weir_rd_ok(in))
			return false;
		if (code == OPTION_PAD)
			continue;
		if (code == OPTION_END)
			return true;
		body = weir_rd_sub(in, weir_rd_u8(in));
		if (!weir_rd_ok(in) || !read_option(code, &body, r))
			return false;
		if (has_bit(r->seen, code) && !may_repeat(code))
			return false;
		set_bit(r->seen, code);
	}
}

/* the options in all places that hold some */
static bool read_all(struct weir_rd *in, struct weir_rd *sname,
		     struct weir_rd *file, struct reading *r)
{
	uint8_t places;

	if (!read_options(in, r))
		return false;
	places = r->overload; /* lent once: a second 52 is refused */
	if ((places & OVERLOAD_FILE) && !read_options(file, r))
		return false;
	return !(places & OVERLOAD_SNAME) || read_options(sname, r);
}

enum weir_reason weir_dhcp_parse(struct weir_rd *in, struct weir_dhcp *ret)
{
	struct reading r = { .m.packet_max = WEIR_DHCP_PACKET_BYTES };
	uint8_t op = weir_rd_u8(in), hardware = weir_rd_u8(in);
	uint8_t mac_len = weir_rd_u8(in);
	struct weir_rd sname, file;
	uint32_t relay, magic;

	(void)weir_rd_u8(in); /* hops */
	r.m.xid = weir_rd_be32(in);
	(void)weir_rd_be16(in); /* seconds */
	r.m.broadcast = weir_rd_be16(in) & BROADCAST;
	r.m.client = weir_addr_from4(weir_rd_be32(in));
	(void)weir_rd_be64(in); /* yiaddr, siaddr: a client knows neither */
	relay = weir_rd_be32(in);
	weir_rd_copy(in, r.m.mac.b, sizeof(r.m.mac.b));
	(void)weir_rd_take(in, 16 - sizeof(r.m.mac.b));
	sname = weir_rd_sub(in, SNAME_BYTES);
	file = weir_rd_sub(in, FILE_BYTES);
	magic = weir_rd_be32(in);
	if (!weir_rd_ok(in) || op != OP_REQUEST || hardware != ETHERNET ||
	    mac_len != sizeof(r.m.mac.b) || relay != 0 || magic != MAGIC)
		return WEIR_REASON_DHCP;
	if (!read_all(in, &sname, &file, &r) || r.m.type == WEIR_DHCP_NOTHING)
		return WEIR_REASON_DHCP;
	*ret = r.m;
	return WEIR_REASON_NONE;
}

/* --- writing --- */

static void write_addr(const struct weir_addr *a, struct weir_wr *out)
{
	weir_wr_be32(out, weir_addr_to4(a));
}

static void write_u32(enum option code, uint32_t v, struct weir_wr *out)
{
	weir_wr_u8(out, (uint8_t)code);
	weir_wr_u8(out, 4);
	weir_wr_be32(out, v);
}

static void write_bytes(enum option code, const void *p, size_t len,
			struct weir_wr *out)
{
	weir_must(len <= UINT8_MAX);
	weir_wr_u8(out, (uint8_t)code);
	weir_wr_u8(out, (uint8_t)len);
	weir_wr_copy(out, p, len);
}

/* one that may be left out: only if it is wanted, and there is room for it */
static void write_wanted(const struct weir_dhcp *q, enum option code,
			 const void *p, size_t len, struct weir_wr *out)
{
	if (!len || len > UINT8_MAX || out->left < 2 + len + 1)
		return;
	if (!q->has_wants || has_bit(q->wants, (uint8_t)code))
		write_bytes(code, p, len, out);
}

/* the first name of a search list as text; 0: there is none */
static size_t first_name(const struct weir_dhcp_answer *a, uint8_t text[256])
{
	struct weir_rd in = weir_rd_over(a->search, a->search_len);
	struct weir_wr out = weir_wr_over(text, 256);
	uint8_t len;

	while ((len = weir_rd_u8(&in)) != 0) {
		const uint8_t *label = weir_rd_take(&in, len);

		if (weir_wr_len(&out))
			weir_wr_u8(&out, '.');
		if (label)
			weir_wr_copy(&out, label, len);
	}
	return weir_rd_ok(&in) && weir_wr_ok(&out) ? weir_wr_len(&out) : 0;
}

static void write_time(const struct weir_dhcp *q, enum option code, uint32_t s,
		       struct weir_wr *out)
{
	uint8_t b[4];
	struct weir_wr w = weir_wr_over(b, sizeof(b));

	weir_wr_be32(&w, s);
	write_wanted(q, code, b, sizeof(b), out);
}

static void write_network(const struct weir_dhcp *q,
			  const struct weir_dhcp_answer *a, struct weir_wr *out)
{
	uint32_t mask = a->len4 ? UINT32_MAX << (32 - a->len4) : 0;
	uint8_t domain[256];

	weir_must(a->len4 <= 32);
	if (a->lease_s)
		write_u32(OPTION_LEASE, a->lease_s, out);
	write_u32(OPTION_MASK, mask, out);
	write_u32(OPTION_ROUTER, weir_addr_to4(&a->server), out);
	write_u32(OPTION_DNS, weir_addr_to4(&a->dns), out);
	weir_wr_u8(out, OPTION_MTU);
	weir_wr_u8(out, 2);
	weir_wr_be16(out, a->mtu);
	if (q->rapid && a->rapid)
		write_bytes(OPTION_RAPID, NULL, 0, out);
	if (q->id_len)
		write_bytes(OPTION_CLIENT, q->id, q->id_len, out);
	if (a->lease_s) {
		write_time(q, OPTION_RENEW, a->lease_s / 2, out);
		write_time(q, OPTION_REBIND, a->lease_s - a->lease_s / 8, out);
	}
	write_wanted(q, OPTION_HOSTNAME, a->hostname, a->hostname_len, out);
	write_wanted(q, OPTION_SEARCH, a->search, a->search_len, out);
	write_wanted(q, OPTION_DOMAIN, domain, first_name(a, domain), out);
}

void weir_dhcp_build(const struct weir_dhcp *q,
		     const struct weir_dhcp_answer *a, struct weir_wr *out)
{
	static const struct weir_addr none = { .b = { [10] = 0xff, 0xff } };
	bool nak = a->type == WEIR_DHCP_NAK;
	size_t start = weir_wr_len(out), len;

	weir_wr_u8(out, OP_REPLY);
	weir_wr_u8(out, ETHERNET);
	weir_wr_u8(out, sizeof(q->mac.b));
	weir_wr_u8(out, 0);
	weir_wr_be32(out, q->xid);
	weir_wr_be16(out, 0);
	weir_wr_be16(out, q->broadcast ? BROADCAST : 0);
	write_addr(nak ? &none : &a->client, out);
	write_addr(nak ? &none : &a->your, out);
	weir_wr_be32(out, 0); /* no server to boot from */
	weir_wr_be32(out, 0);
	weir_wr_copy(out, q->mac.b, sizeof(q->mac.b));
	weir_wr_fill(out, 0, 16 - sizeof(q->mac.b) + SNAME_BYTES + FILE_BYTES);
	weir_wr_be32(out, MAGIC);
	weir_wr_u8(out, OPTION_TYPE);
	weir_wr_u8(out, 1);
	weir_wr_u8(out, (uint8_t)a->type);
	write_u32(OPTION_SERVER, weir_addr_to4(&a->server), out);
	if (!nak)
		write_network(q, a, out);
	else if (q->id_len) /* RFC 6842 3 */
		write_bytes(OPTION_CLIENT, q->id, q->id_len, out);
	weir_wr_u8(out, OPTION_END);
	len = weir_wr_len(out) - start;
	if (len < WEIR_DHCP_MIN_BYTES)
		weir_wr_fill(out, OPTION_PAD, WEIR_DHCP_MIN_BYTES - len);
}
