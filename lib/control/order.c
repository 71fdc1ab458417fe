/* SPDX-License-Identifier: Apache-2.0 */
/* order.c - one value, as the operator wrote it, into the orders */
#include "control/order.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define PORT_DNS 53u
#define PORT_DOT 853u

static_assert(WEIR_ORDER_WHY_BYTES >= WEIR_PUBLISH_WHY_BYTES,
	      "what is said of a port fits");

static bool __attribute__((format(printf, 2, 3)))
refuse(char why[WEIR_ORDER_WHY_BYTES], const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, WEIR_ORDER_WHY_BYTES, format, ap);
	va_end(ap);
	return false;
}

static bool too_many(char why[WEIR_ORDER_WHY_BYTES], unsigned max)
{
	return refuse(why, "at most %u of them", max);
}

static bool is_part(const char *at, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(at, word, n) == 0;
}

/** struct base - a word of `net` */
struct base {
	const char *word;
	uint32_t bit;
	bool alone;
};

static const struct base *find_base(const char *at, size_t n)
{
	static const struct base row[] = {
		{ "public", WEIR_SETTINGS_PUBLIC, false },
		{ "private", WEIR_SETTINGS_PRIVATE, false },
		{ "host", WEIR_SETTINGS_HOST, false },
		{ "all", WEIR_SETTINGS_ALL, true },
		{ "none", 0, true },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (is_part(at, n, row[i].word))
			return &row[i];
	return NULL;
}

bool weir_order_net(struct weir_settings *s, const char *text,
		    char why[WEIR_ORDER_WHY_BYTES])
{
	uint32_t net = 0, parts = 0;
	bool alone = false;

	for (const char *at = text;; at += strcspn(at, ",") + 1) {
		const struct base *b;
		size_t n;

		at += strspn(at, " ");
		n = strcspn(at, ", ");
		b = find_base(at, n);
		n += strspn(at + n, " ");
		if (!b || (at[n] && at[n] != ','))
			return refuse(why, "it is made of public, private and "
					   "host, or is all, or none");
		net |= b->bit;
		alone = alone || b->alone;
		parts++;
		if (!at[n])
			break;
	}
	if (alone && parts > 1)
		return refuse(why, "all and none stand alone");
	if (!s)
		return true;
	s->has_net = true;
	s->net = net;
	return true;
}

/* ADDR[:PORT], [V6]:PORT, V6; port 0 in @ret if none was written */
static bool parse_server(const char *v, struct weir_charter_upstream *ret)
{
	size_t n = strlen(v), host = n;
	const char *at = v, *port = NULL, *colon = strchr(v, ':');
	uint64_t number = 0;

	if (*v == '[') {
		const char *end = strchr(v, ']');

		if (!end || (end[1] && end[1] != ':'))
			return false;
		at = v + 1;
		host = (size_t)(end - at);
		port = end[1] ? end + 2 : NULL;
	} else if (colon && !strchr(colon + 1, ':')) {
		host = (size_t)(colon - v);
		port = colon + 1;
	}
	if (port && (!weir_text_parse_u64(port, strlen(port), 65535, &number) ||
		     number == 0))
		return false;
	ret->port = (uint16_t)number;
	return weir_text_parse_addr(at, host, &ret->addr);
}

/* lower case, without a final dot; false if it is no host name */
static bool copy_name(const char *at, size_t n,
		      char ret[WEIR_CHARTER_NAME_BYTES])
{
	size_t label = 0;

	if (n && at[n - 1] == '.')
		n--;
	if (n == 0 || n > 253)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = at[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c + 32);
		if (!c || (c == '.' ? label == 0
				    : !strchr("abcdefghijklmnopqrstuvwxyz"
					      "0123456789-_",
					      c)))
			return false;
		label = c == '.' ? 0 : label + 1;
		if (label > 63)
			return false;
		ret[i] = c;
	}
	ret[n] = 0;
	return label != 0;
}

/* NAME@ADDR[:PORT], what stands behind tls:// */
static bool dns_tls(struct weir_orders *o, const char *text, const char *where,
		    char why[WEIR_ORDER_WHY_BYTES])
{
	const char *at = strchr(text + 6, '@');
	struct weir_charter_upstream u = { .port = 0 };

	if (!at || !copy_name(text + 6, (size_t)(at - text) - 6, u.name) ||
	    !parse_server(at + 1, &u))
		return refuse(why, "a server by TLS is tls://NAME@ADDR, for "
				   "example tls://one.one.one.one@1.1.1.1");
	if (!o->settings)
		return refuse(why, "DNS over TLS is not there, name a plain "
				   "server");
	if (!weir_settings_add(&o->settings->dns_tls, text, where))
		return refuse(why, "memory is short");
	if (u.port == 0)
		u.port = PORT_DOT;
	o->dns[o->n_dns++] = u;
	return true;
}

bool weir_order_dns(struct weir_orders *o, const char *text, const char *where,
		    char why[WEIR_ORDER_WHY_BYTES])
{
	struct weir_charter_upstream u = { .port = 0 };

	if (o->n_dns == WEIR_DNS_UPSTREAMS_MAX)
		return too_many(why, WEIR_DNS_UPSTREAMS_MAX);
	if (strncmp(text, "tls://", 6) == 0)
		return dns_tls(o, text, where, why);
	if (!parse_server(text, &u))
		return refuse(why, "a server is ADDR, ADDR:PORT or [V6]:PORT");
	if (u.port == 0)
		u.port = PORT_DNS;
	o->dns[o->n_dns++] = u;
	return true;
}

bool weir_order_search(struct weir_orders *o, const char *text,
		       char why[WEIR_ORDER_WHY_BYTES])
{
	char name[WEIR_CHARTER_NAME_BYTES];

	if (o->n_search == WEIR_RESOLVERS_SEARCH_MAX)
		return too_many(why, WEIR_RESOLVERS_SEARCH_MAX);
	if (!copy_name(text, strlen(text), name))
		return refuse(why, "that is no domain");
	o->search[o->n_search++] = text;
	return true;
}

bool weir_order_host(struct weir_orders *o, const char *text,
		     char why[WEIR_ORDER_WHY_BYTES])
{
	const char *is = strchr(text, '=');
	struct weir_charter_host h;

	if (o->n_hosts == WEIR_CHARTER_HOSTS_MAX)
		return too_many(why, WEIR_CHARTER_HOSTS_MAX);
	if (!is || !copy_name(text, (size_t)(is - text), h.name) ||
	    !weir_text_parse_addr(is + 1, strlen(is + 1), &h.addr))
		return refuse(why, "NAME=ADDR is needed, for example "
				   "db.internal=10.1.2.3");
	o->host[o->n_hosts++] = h;
	return true;
}

bool weir_order_ipv4(struct weir_orders *o, const char *text,
		     char why[WEIR_ORDER_WHY_BYTES])
{
	struct weir_addr a;
	uint8_t bits;

	if (!weir_text_parse_cidr(text, strlen(text), &a, &bits) ||
	    !weir_addr_is4(&a) || bits < 96)
		return refuse(why, "ADDR/LEN is needed, for example "
				   "10.0.2.15/24");
	o->has_ipv4 = true;
	o->ipv4 = a;
	o->len4 = (uint8_t)(bits - 96);
	return true;
}

bool weir_order_gateway(struct weir_orders *o, const char *text,
			char why[WEIR_ORDER_WHY_BYTES])
{
	if (!weir_text_parse_ip4(text, strlen(text), &o->gateway))
		return refuse(why, "an IPv4 address is needed, for example "
				   "10.0.2.2");
	o->has_gateway = true;
	return true;
}

bool weir_order_ipv6(struct weir_orders *o, const char *text,
		     char why[WEIR_ORDER_WHY_BYTES])
{
	struct weir_addr a;
	uint8_t bits;

	if (strcmp(text, "off") == 0) {
		o->six = WEIR_PLAN_IPV6_OFF;
		return true;
	}
	if (!weir_text_parse_cidr(text, strlen(text), &a, &bits) ||
	    weir_addr_is4(&a))
		return refuse(why, "ADDR/LEN or off is needed, for example "
				   "fd77:6972::15/64");
	o->six = WEIR_PLAN_IPV6_GIVEN;
	o->ipv6 = a;
	o->len6 = bits;
	return true;
}

bool weir_order_mac(struct weir_orders *o, const char *text,
		    char why[WEIR_ORDER_WHY_BYTES])
{
	static const struct weir_mac zero;
	struct weir_mac m;

	if (!weir_text_parse_mac(text, strlen(text), &m) || (m.b[0] & 1) ||
	    weir_mac_is_equal(&m, &zero))
		return refuse(why, "the address of one card is needed, for "
				   "example 02:00:5e:00:53:01");
	o->has_mac = true;
	o->mac = m;
	return true;
}

bool weir_order_publish(struct weir_orders *o, const char *text,
			bool preserve_source, char why[WEIR_ORDER_WHY_BYTES])
{
	struct weir_publish p;
	uint32_t ports;

	if (o->n_publish == WEIR_PUBLISH_SPECS_MAX)
		return too_many(why, WEIR_PUBLISH_SPECS_MAX);
	if (!weir_publish_parse(text, &p, why))
		return false;
	ports = p.n;
	for (uint32_t i = 0; i < o->n_publish; i++)
		ports += o->publish[i].n;
	if (ports > WEIR_DOORS_MAX)
		return refuse(why, "at most %u ports can be published",
			      WEIR_DOORS_MAX);
	o->preserve_source[o->n_publish] = preserve_source;
	o->publish[o->n_publish++] = p;
	return true;
}

bool weir_order_number(const char *text, uint64_t min, uint64_t max,
		       uint64_t *ret, char why[WEIR_ORDER_WHY_BYTES])
{
	uint64_t n;

	if (!weir_text_parse_u64(text, strlen(text), max, &n) || n < min)
		return refuse(why, "a number from %llu to %llu is needed",
			      (unsigned long long)min, (unsigned long long)max);
	*ret = n;
	return true;
}

bool weir_order_is_ports(const char *text, size_t len)
{
	const char *dash = memchr(text, '-', len);
	size_t n = dash ? (size_t)(dash - text) : len;
	uint64_t first, last;

	if (!weir_text_parse_u64(text, n, 65535, &first) || first == 0)
		return false;
	return !dash ||
	       (weir_text_parse_u64(dash + 1, len - n - 1, 65535, &last) &&
		last >= first);
}

bool weir_order_is_endpoint(const char *text)
{
	struct weir_charter_upstream u;

	return parse_server(text, &u) && u.port;
}

bool weir_order_is_variable(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		bool letter = (c >= 'A' && c <= 'Z') ||
			      (c >= 'a' && c <= 'z') || c == '_';

		if (!letter && (i == 0 || c < '0' || c > '9'))
			return false;
	}
	return len > 0;
}
