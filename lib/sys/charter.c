/* SPDX-License-Identifier: Apache-2.0 */
/*
 * charter.c - what control tells the engine to be
 *
 * Everything has a fixed place but names and search domains (u8 length, bytes)
 * and the three lists (u16 count).  What the reader asks of a value it asks in one place,
 * weir_charter_is_valid(), so that control can ask the same before it sends.
 */
#include "sys/charter.h"

#define PAYLOAD_MAX_BYTES (1ull << 40)
#define LEN4_MAX          30u
#define LEN6_MAX          126u

static void build_addr(const struct weir_addr *a, struct weir_wr *to)
{
	weir_wr_copy(to, a->b, sizeof(a->b));
}

static struct weir_addr parse_addr(struct weir_rd *in)
{
	struct weir_addr a = { .b = { 0 } };

	weir_rd_copy(in, a.b, sizeof(a.b));
	return a;
}

/* 0 or 1; everything else turns the reader bad */
static bool parse_bool(struct weir_rd *in)
{
	uint8_t v = weir_rd_u8(in);

	if (v > 1)
		in->bad = true;
	return v == 1;
}

static uint32_t parse_count(struct weir_rd *in, uint32_t max)
{
	uint32_t n = weir_rd_be16(in);

	if (n > max)
		in->bad = true;
	return in->bad ? 0 : n;
}

static bool is_plain4(const struct weir_addr *a)
{
	uint32_t ip = weir_addr_is4(a) ? weir_addr_to4(a) : 0;

	return ip >> 24 != 0 && ip >> 24 != 127 && ip >> 24 < 224;
}

static bool is_plain6(const struct weir_addr *a)
{
	static const uint8_t zero[15];

	return !weir_addr_is4(a) && a->b[0] != 0xff &&
	       memcmp(a->b, zero, sizeof(zero)) != 0;
}

static bool is_same_net(const struct weir_addr *a, const struct weir_addr *b,
			unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);

	return memcmp(a->b, b->b, whole) == 0 &&
	       (rest == 0 || ((a->b[whole] ^ b->b[whole]) & mask) == 0);
}

/* three addresses of one subnet, no two the same */
static bool is_trio(const struct weir_addr *guest,
		    const struct weir_addr *gateway,
		    const struct weir_addr *dns, unsigned bits)
{
	return is_same_net(guest, gateway, bits) &&
	       is_same_net(guest, dns, bits) &&
	       !weir_addr_is_equal(guest, gateway) &&
	       !weir_addr_is_equal(guest, dns) &&
	       !weir_addr_is_equal(gateway, dns);
}

static bool is_valid_mac(const struct weir_mac *m)
{
	static const struct weir_mac zero;

	return !(m->b[0] & 1) && !weir_mac_is_equal(m, &zero);
}

static bool is_valid_ip(const struct weir_charter *c)
{
	if (c->len4 == 0 || c->len4 > LEN4_MAX || !is_plain4(&c->guest4) ||
	    !is_plain4(&c->gateway4) || !is_plain4(&c->dns4) ||
	    !is_trio(&c->guest4, &c->gateway4, &c->dns4, 96u + c->len4))
		return false;
	if (!c->has6)
		return true;
	return c->mtu >= WEIR_MTU_IPV6_MIN && c->len6 > 0 &&
	       c->len6 <= LEN6_MAX && is_plain6(&c->guest6) &&
	       is_plain6(&c->gateway6) && is_plain6(&c->dns6) &&
	       is_trio(&c->guest6, &c->gateway6, &c->dns6, c->len6) &&
	       c->router6.b[0] == 0xfe && (c->router6.b[1] & 0xc0) == 0x80;
}

/* lower-case host name as text: labels of 1 to 63, no final dot */
static bool is_valid_name(const char *name)
{
	size_t n = strnlen(name, WEIR_CHARTER_NAME_BYTES), label = 0;

	if (n == 0 || n > 253)
		return false;
	for (size_t i = 0; i < n; i++) {
		char ch = name[i];
		bool word = (ch >= 'a' && ch <= 'z') ||
			    (ch >= '0' && ch <= '9') || ch == '-' || ch == '_';

		if (ch == '.' ? label == 0 : !word)
			return false;
		label = ch == '.' ? 0 : label + 1;
		if (label > 63)
			return false;
	}
	return label != 0;
}

static bool is_valid_upstreams(const struct weir_charter *c)
{
	if (c->n_upstreams > WEIR_DNS_UPSTREAMS_MAX)
		return false;
	for (uint32_t i = 0; i < c->n_upstreams; i++)
		if (c->upstream[i].port == 0 ||
		    weir_addr_is_zero(&c->upstream[i].addr) ||
		    (c->upstream[i].name[0] &&
		     !is_valid_name(c->upstream[i].name)))
			return false;
	return true;
}

static bool is_valid_rate(const struct weir_charter_rate *r)
{
	return r->bytes_per_s <= WEIR_CHARTER_RATE_MAX &&
	       r->packets_per_s <= WEIR_CHARTER_RATE_MAX &&
	       r->burst_bytes <= WEIR_CHARTER_BURST_MAX &&
	       (r->burst_bytes == 0 || r->bytes_per_s != 0);
}

/* letters, digits and what is in names of hosts though it should not be */
static bool is_label_byte(uint8_t b)
{
	return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') ||
	       (b >= '0' && b <= '9') || b == '-' || b == '_';
}

/* whole names of whole labels, none of them empty, and nothing after them */
static bool is_valid_search(const struct weir_charter *c)
{
	struct weir_rd in;
	size_t name = 0;

	if (c->search_len > WEIR_CHARTER_SEARCH_MAX)
		return false;
	in = weir_rd_over(c->search, c->search_len);
	while (in.left) {
		size_t n = weir_rd_u8(&in);
		const uint8_t *at = weir_rd_take(&in, n);

		if (!weir_rd_ok(&in) || n > 63 || (n == 0 && name == 0))
			return false;
		for (size_t i = 0; i < n; i++)
			if (!is_label_byte(at[i]))
				return false;
		name = n ? name + n + 1 : 0;
	}
	return name == 0;
}

static bool is_valid_link(enum weir_charter_link link)
{
	return link == WEIR_CHARTER_TAP || link == WEIR_CHARTER_STREAM ||
	       link == WEIR_CHARTER_DGRAM || link == WEIR_CHARTER_VHOST ||
	       link == WEIR_CHARTER_INPROC;
}

static bool are_valid_limits(const struct weir_charter *c)
{
	return c->idle_s && c->idle_s <= WEIR_CHARTER_IDLE_MAX_S &&
	       c->udp_conversations &&
	       c->udp_conversations <= WEIR_UDP_CONVERSATIONS_MAX &&
	       c->dns_timeout_ms &&
	       c->dns_timeout_ms <= WEIR_CHARTER_DNS_TIMEOUT_MS &&
	       c->dns_cache_entries <= WEIR_DNS_CACHE_ENTRIES;
}

bool weir_charter_is_valid(const struct weir_charter *c)
{
	if (!is_valid_link(c->link) ||
	    (c->offload & ~(WEIR_OFFLOAD_CSUM | WEIR_OFFLOAD_TSO4 |
			    WEIR_OFFLOAD_TSO6 | WEIR_OFFLOAD_USO)) ||
	    c->mtu < WEIR_MTU_MIN || c->mtu > WEIR_MTU_MAX)
		return false;
	if (!is_valid_mac(&c->guest_mac) || !is_valid_mac(&c->gateway_mac) ||
	    weir_mac_is_equal(&c->guest_mac, &c->gateway_mac) ||
	    !is_valid_ip(c))
		return false;
	if (c->max_flows == 0 || c->max_flows > WEIR_CONNS_MAX ||
	    c->payload_bytes < WEIR_CHUNK_BYTES ||
	    c->payload_bytes > PAYLOAD_MAX_BYTES ||
	    c->flows_per_second > WEIR_CHARTER_FLOWS_PER_SECOND_MAX ||
	    !are_valid_limits(c) || !is_valid_rate(&c->up) ||
	    !is_valid_rate(&c->down) || !is_valid_search(c))
		return false;
	if (c->n_hosts > WEIR_CHARTER_HOSTS_MAX ||
	    c->n_own > WEIR_CHARTER_ADDRESSES_MAX)
		return false;
	for (uint32_t i = 0; i < c->n_hosts; i++)
		if (!is_valid_name(c->host[i].name))
			return false;
	return is_valid_upstreams(c);
}

bool weir_charter_add_search(struct weir_charter *c, const char *name,
			     size_t len)
{
	struct weir_charter next = *c;
	struct weir_wr w =
		weir_wr_over(next.search + c->search_len,
			     WEIR_CHARTER_SEARCH_MAX - c->search_len);
	size_t label = 0;

	if (len && name[len - 1] == '.')
		len--;
	for (size_t i = 0; i <= len; i++) {
		if (i < len && name[i] != '.')
			continue;
		weir_wr_u8(&w, (uint8_t)(i - label));
		weir_wr_copy(&w, name + label, i - label);
		if (i - label == 0 || i - label > 63)
			return false;
		label = i + 1;
	}
	weir_wr_u8(&w, 0);
	next.search_len = (uint16_t)(c->search_len + weir_wr_len(&w));
	if (!weir_wr_ok(&w) || !is_valid_search(&next))
		return false;
	*c = next;
	return true;
}

static void put_rate(const struct weir_charter_rate *r, struct weir_wr *to)
{
	weir_wr_be64(to, r->bytes_per_s);
	weir_wr_be64(to, r->packets_per_s);
	weir_wr_be64(to, r->burst_bytes);
}

static void get_rate(struct weir_rd *in, struct weir_charter_rate *r)
{
	r->bytes_per_s = weir_rd_be64(in);
	r->packets_per_s = weir_rd_be64(in);
	r->burst_bytes = weir_rd_be64(in);
}

static void get_search(struct weir_rd *in, struct weir_charter *c)
{
	c->search_len = weir_rd_u8(in);
	weir_rd_copy(in, c->search, c->search_len);
}

static void put_name(const char *name, struct weir_wr *to)
{
	size_t n = strnlen(name, WEIR_CHARTER_NAME_BYTES - 1);

	weir_wr_u8(to, (uint8_t)n);
	weir_wr_copy(to, name, n);
}

static void get_name(struct weir_rd *in, char ret[WEIR_CHARTER_NAME_BYTES])
{
	size_t n = weir_rd_u8(in);

	memset(ret, 0, WEIR_CHARTER_NAME_BYTES);
	weir_rd_copy(in, ret, n);
	/* a NUL inside would make the rest invisible */
	if (strnlen(ret, n) != n)
		in->bad = true;
}

static void put_upstreams(const struct weir_charter *c, struct weir_wr *to)
{
	weir_wr_be16(to, (uint16_t)c->n_upstreams);
	for (uint32_t i = 0; i < c->n_upstreams; i++) {
		build_addr(&c->upstream[i].addr, to);
		weir_wr_be16(to, c->upstream[i].port);
		put_name(c->upstream[i].name, to);
	}
}

static void get_upstreams(struct weir_rd *in, struct weir_charter *c)
{
	c->n_upstreams = parse_count(in, WEIR_DNS_UPSTREAMS_MAX);
	for (uint32_t i = 0; i < c->n_upstreams; i++) {
		c->upstream[i].addr = parse_addr(in);
		c->upstream[i].port = weir_rd_be16(in);
		get_name(in, c->upstream[i].name);
	}
}

static void put_own(const struct weir_charter *c, struct weir_wr *to)
{
	weir_wr_be16(to, (uint16_t)c->n_own);
	for (uint32_t i = 0; i < c->n_own; i++)
		build_addr(&c->own[i], to);
}

static void get_own(struct weir_rd *in, struct weir_charter *c)
{
	c->n_own = parse_count(in, WEIR_CHARTER_ADDRESSES_MAX);
	for (uint32_t i = 0; i < c->n_own; i++)
		c->own[i] = parse_addr(in);
}

static void put_hosts(const struct weir_charter *c, struct weir_wr *to)
{
	weir_wr_be16(to, (uint16_t)c->n_hosts);
	for (uint32_t i = 0; i < c->n_hosts; i++) {
		put_name(c->host[i].name, to);
		build_addr(&c->host[i].addr, to);
	}
}

static void get_hosts(struct weir_rd *in, struct weir_charter *c)
{
	c->n_hosts = parse_count(in, WEIR_CHARTER_HOSTS_MAX);
	for (uint32_t i = 0; i < c->n_hosts; i++) {
		get_name(in, c->host[i].name);
		c->host[i].addr = parse_addr(in);
	}
}

void weir_charter_build(const struct weir_charter *c, struct weir_wr *to)
{
	weir_wr_u8(to, (uint8_t)c->link);
	weir_wr_be32(to, c->offload);
	weir_wr_be32(to, c->mtu);
	weir_wr_u8(to, c->jumbo);
	weir_wr_u8(to, c->any_mac);
	weir_wr_copy(to, c->guest_mac.b, sizeof(c->guest_mac.b));
	weir_wr_copy(to, c->gateway_mac.b, sizeof(c->gateway_mac.b));
	build_addr(&c->guest4, to);
	build_addr(&c->gateway4, to);
	build_addr(&c->dns4, to);
	weir_wr_u8(to, c->len4);
	weir_wr_u8(to, c->has6);
	build_addr(&c->guest6, to);
	build_addr(&c->gateway6, to);
	build_addr(&c->dns6, to);
	build_addr(&c->router6, to);
	weir_wr_u8(to, c->len6);
	weir_wr_u8(to, c->verbose);
	weir_wr_be32(to, c->events);
	weir_wr_be32(to, c->max_flows);
	weir_wr_be32(to, c->flows_per_second);
	weir_wr_be64(to, c->payload_bytes);
	weir_wr_be32(to, c->idle_s);
	weir_wr_be32(to, c->udp_conversations);
	weir_wr_be32(to, c->dns_timeout_ms);
	weir_wr_be32(to, c->dns_cache_entries);
	put_rate(&c->up, to);
	put_rate(&c->down, to);
	weir_wr_u8(to, (uint8_t)c->search_len);
	weir_wr_copy(to, c->search, c->search_len);
	put_upstreams(c, to);
	put_own(c, to);
	put_hosts(c, to);
}

bool weir_charter_parse(struct weir_rd *in, struct weir_charter *ret)
{
	struct weir_charter c = { .mtu = 0 };

	c.link = (enum weir_charter_link)weir_rd_u8(in);
	c.offload = weir_rd_be32(in);
	c.mtu = weir_rd_be32(in);
	c.jumbo = parse_bool(in);
	c.any_mac = parse_bool(in);
	weir_rd_copy(in, c.guest_mac.b, sizeof(c.guest_mac.b));
	weir_rd_copy(in, c.gateway_mac.b, sizeof(c.gateway_mac.b));
	c.guest4 = parse_addr(in);
	c.gateway4 = parse_addr(in);
	c.dns4 = parse_addr(in);
	c.len4 = weir_rd_u8(in);
	c.has6 = parse_bool(in);
	c.guest6 = parse_addr(in);
	c.gateway6 = parse_addr(in);
	c.dns6 = parse_addr(in);
	c.router6 = parse_addr(in);
	c.len6 = weir_rd_u8(in);
	c.verbose = parse_bool(in);
	c.events = weir_rd_be32(in);
	c.max_flows = weir_rd_be32(in);
	c.flows_per_second = weir_rd_be32(in);
	c.payload_bytes = weir_rd_be64(in);
	c.idle_s = weir_rd_be32(in);
	c.udp_conversations = weir_rd_be32(in);
	c.dns_timeout_ms = weir_rd_be32(in);
	c.dns_cache_entries = weir_rd_be32(in);
	get_rate(in, &c.up);
	get_rate(in, &c.down);
	get_search(in, &c);
	get_upstreams(in, &c);
	get_own(in, &c);
	get_hosts(in, &c);
	if (!weir_rd_ok(in) || in->left || !weir_charter_is_valid(&c))
		return false;
	*ret = c;
	return true;
}

void weir_charter_build_upstreams(const struct weir_charter *c,
				  struct weir_wr *to)
{
	put_upstreams(c, to);
}

bool weir_charter_parse_upstreams(struct weir_rd *in, struct weir_charter *c)
{
	struct weir_charter got = { .n_upstreams = 0 };

	get_upstreams(in, &got);
	if (!weir_rd_ok(in) || in->left || !is_valid_upstreams(&got))
		return false;
	c->n_upstreams = got.n_upstreams;
	memcpy(c->upstream, got.upstream, sizeof(c->upstream));
	return true;
}

void weir_charter_build_own(const struct weir_charter *c, struct weir_wr *to)
{
	put_own(c, to);
}

bool weir_charter_parse_own(struct weir_rd *in, struct weir_charter *c)
{
	struct weir_charter got = { .n_own = 0 };

	get_own(in, &got);
	if (!weir_rd_ok(in) || in->left)
		return false;
	c->n_own = got.n_own;
	memcpy(c->own, got.own, sizeof(c->own));
	return true;
}

void weir_charter_build_door(const struct weir_charter_door *d,
			     struct weir_wr *to)
{
	weir_wr_be32(to, d->id);
	weir_wr_u8(to, d->udp);
	weir_wr_copy(to, d->bind.b, sizeof(d->bind.b));
	weir_wr_be16(to, d->port);
	weir_wr_be16(to, d->guest_port);
	weir_wr_u8(to, d->preserve_source);
}

bool weir_charter_parse_door(struct weir_rd *in, struct weir_charter_door *ret)
{
	struct weir_charter_door d = { .id = weir_rd_be32(in) };
	uint8_t udp = weir_rd_u8(in), preserve;

	weir_rd_copy(in, d.bind.b, sizeof(d.bind.b));
	d.port = weir_rd_be16(in);
	d.guest_port = weir_rd_be16(in);
	preserve = weir_rd_u8(in);
	if (!weir_rd_ok(in) || in->left || udp > 1 || preserve > 1 ||
	    d.port == 0 || d.guest_port == 0)
		return false;
	d.udp = udp;
	d.preserve_source = preserve;
	*ret = d;
	return true;
}

void weir_charter_build_limits(const struct weir_charter *c, struct weir_wr *to)
{
	put_rate(&c->up, to);
	put_rate(&c->down, to);
	weir_wr_be32(to, c->max_flows);
}

bool weir_charter_parse_limits(struct weir_rd *in, struct weir_charter *c)
{
	struct weir_charter_rate up, down;
	uint32_t flows;

	get_rate(in, &up);
	get_rate(in, &down);
	flows = weir_rd_be32(in);
	if (!weir_rd_ok(in) || in->left || !is_valid_rate(&up) ||
	    !is_valid_rate(&down) || flows == 0 || flows > WEIR_CONNS_MAX)
		return false;
	c->up = up;
	c->down = down;
	c->max_flows = flows;
	return true;
}
