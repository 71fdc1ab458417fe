/* SPDX-License-Identifier: Apache-2.0 */
/*
 * head.c - the head of an HTTP/1 request
 *
 *	METHOD SP target SP HTTP/1.0|1 CRLF *( name ":" value CRLF ) CRLF
 *
 * How it works.  Two questions are kept apart.  recognise() asks whether this
 * is HTTP at all, with the eyes of the most lenient server: any white space
 * between the words, bare LF, empty lines before, "HTTP/" in any case and of
 * any version.  Only what nobody takes for a request is NO, since NO lets the
 * stream go on without a name.  Then the request line and the fields are read
 * with the grammar of RFC 9112 and nothing more: a request that is HTTP to
 * somebody and not by the grammar is BAD.
 *
 * A line is cut off as a window of its own; fields that decide (Host, the
 * framing, Upgrade, Accept) leave their windows in struct parse and are judged
 * together at the end, in finish().
 *
 * Stricter than the RFC, each because servers differ: no bytes above 0x7e in
 * the target; one Content-Length, without leading zeroes, below 2^63; one
 * Transfer-Encoding, and only "chunked"; field names that some gateways read
 * as Host or framing (an underscore for the hyphen), and such names in
 * Connection, are BAD.
 *
 * Limits: WEIR_FIRST_BYTES; each byte is read a fixed number of times a call.
 *
 * RFC 9110 (fields, methods), 9112 (messages), 3986 3.2 (authority), 9113 3.4
 * (the preface of HTTP/2).
 */
#include "packet/head.h"

#include "base/limits.h"
#include "base/text.h"
#include "packet/field.h"
#include "packet/hello.h"

#define METHOD_MAX  32u
#define NUMBER_MAX  ((uint64_t)INT64_MAX)
#define PORT_MAX    65535u
#define NO_PORT     UINT32_MAX
#define QUALITY_ONE 1000u

/** struct taste - how well a range of Accept fits a type, RFC 9110 12.5.1 */
struct taste {
	unsigned quality, exact, order;
};

/**
 * struct parse - a head being read
 * @h:    what is known
 * @host, @length, @coding: the values of those fields; where .at is NULL there
 *        was none
 * @json, @text: what Accept said so far, after @ranges ranges
 */
struct parse {
	struct weir_head h;
	struct weir_rd host, length, coding;
	struct taste json, text;
	unsigned ranges;
};

/** struct authority - a host and its port, RFC 3986 3.2 */
struct authority {
	struct weir_rd text, host;
	enum weir_hello_host is;
	struct weir_dns_name name;
	uint32_t port;
};

/* bytes */

static bool is_alpha(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_alnum(uint8_t c)
{
	return is_alpha(c) || (c >= '0' && c <= '9');
}

/* what the most lenient of servers takes for white space between words */
static bool is_gap(uint8_t c)
{
	return (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= ' ') ||
	       c == 0x85 || c == 0xa0;
}

static bool is_method(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* windows */

static bool is_exactly(struct weir_rd w, const char *word)
{
	size_t len = strlen(word);

	return w.left == len && memcmp(w.at, word, len) == 0;
}

static bool has_byte(struct weir_rd w, uint8_t c)
{
	return w.left && memchr(w.at, c, w.left);
}

/* is it HTTP? */

/* "HTTP/" after white space, RFC 9112 2.3 with all its variations */
static bool has_version(struct weir_rd line)
{
	bool gap = false;

	while (line.left >= 5) {
		struct weir_rd word = weir_rd_over(line.at, 5);

		if (gap && weir_field_is(word, "http/"))
			return true;
		gap = is_gap(weir_rd_u8(&line));
	}
	return false;
}

/* GET and a path, or a URL: what there was before versions (HTTP/0.9) */
static bool is_old(struct weir_rd method, struct weir_rd rest)
{
	if (!is_exactly(method, "GET"))
		return false;
	while (rest.left && is_gap(rest.at[0]))
		(void)weir_rd_u8(&rest);
	if (rest.left && rest.at[0] == '/')
		return true;
	while (rest.left >= 3) {
		if (memcmp(rest.at, "://", 3) == 0)
			return true;
		(void)weir_rd_u8(&rest);
	}
	return false;
}

/* WHOLE: the first line is here, it is HTTP, and nothing stands before it */
static enum weir_head_is recognise(struct weir_rd in)
{
	struct weir_rd line, method;
	bool empty = false;
	size_t n = 0;

	while (in.left && (in.at[0] == '\r' || in.at[0] == '\n')) {
		(void)weir_rd_u8(&in);
		empty = true;
	}
	while (n < in.left && n <= METHOD_MAX && is_method(in.at[n]))
		n++;
	if (n == in.left && n <= METHOD_MAX)
		return WEIR_HEAD_MORE;
	if (n == 0 || n > METHOD_MAX || !is_gap(in.at[n]) || in.at[n] == '\n')
		return WEIR_HEAD_NO;
	if (!has_byte(in, '\n'))
		return WEIR_HEAD_MORE;
	line = weir_field_before(&in, '\n');
	if (is_exactly(line, "PRI * HTTP/2.0\r") && !empty)
		return WEIR_HEAD_NO;
	method = weir_rd_sub(&line, n);
	if (!has_version(line) && !is_old(method, line))
		return WEIR_HEAD_NO;
	return empty ? WEIR_HEAD_BAD : WEIR_HEAD_WHOLE;
}

/* authorities */

/* nothing, or a colon and a port */
static bool parse_port(struct weir_rd in, uint32_t *ret)
{
	uint64_t port;

	*ret = NO_PORT;
	if (in.left == 0)
		return true;
	if (weir_rd_u8(&in) != ':' ||
	    !weir_text_parse_u64((const char *)in.at, in.left, PORT_MAX, &port))
		return false;
	*ret = (uint32_t)port;
	return true;
}

/* no user, no empty host, no zone, no later kind of literal */
static bool parse_authority(struct weir_rd in, struct authority *ret)
{
	struct weir_addr a;

	ret->text = in;
	if (in.left && in.at[0] == '[' && has_byte(in, ']')) {
		(void)weir_rd_u8(&in);
		ret->host = weir_field_before(&in, ']');
		ret->is = WEIR_HELLO_HOST_LITERAL;
		return weir_text_parse_ip6((const char *)ret->host.at,
					   ret->host.left, &a) &&
		       parse_port(in, &ret->port);
	}
	ret->host = in;
	while (in.left && in.at[0] != ':')
		(void)weir_rd_u8(&in);
	ret->host.left -= in.left;
	ret->is = weir_hello_host_parse((const char *)ret->host.at,
					ret->host.left, &ret->name);
	return ret->is != WEIR_HELLO_HOST_BAD && parse_port(in, &ret->port);
}

/* do Host and the target name the same?  @port: of a target that has none */
static bool agree(const struct authority *host, const struct authority *target,
		  uint32_t port)
{
	uint32_t of_target = target->port == NO_PORT ? port : target->port;
	uint32_t of_host = host->port == NO_PORT ? port : host->port;

	if (host->is != target->is || of_target != of_host)
		return false;
	if (host->is == WEIR_HELLO_HOST_NAME)
		return weir_dns_is_exact_name(&host->name, &target->name);
	if (host->host.left != target->host.left)
		return false;
	for (size_t i = 0; i < host->host.left; i++) {
		if (lower(host->host.at[i]) != lower(target->host.at[i]))
			return false;
	}
	return true;
}

/* the request line */

/* a scheme and "://": cut off.  False if there is none */
static bool parse_scheme(struct weir_rd *in, uint32_t *ret_port)
{
	struct weir_rd rest = *in, scheme = weir_field_before(&rest, ':');

	if (scheme.left == 0 || !is_alpha(scheme.at[0]) || rest.left < 2 ||
	    memcmp(rest.at, "//", 2) != 0)
		return false;
	*ret_port = NO_PORT;
	if (weir_field_is(scheme, "http") || weir_field_is(scheme, "ws"))
		*ret_port = 80;
	if (weir_field_is(scheme, "https") || weir_field_is(scheme, "wss"))
		*ret_port = 443;
	while (scheme.left) {
		uint8_t c = weir_rd_u8(&scheme);

		if (!is_alnum(c) && c != '+' && c != '-' && c != '.')
			return false;
	}
	(void)weir_rd_take(&rest, 2);
	*in = rest;
	return true;
}

/**
 * struct target - the request's target, RFC 9112 3.2
 * @has:  it has an authority: @a
 * @port: the port where neither it nor Host names one
 */
struct target {
	bool has;
	struct authority a;
	uint32_t port;
};

static void set_path(struct weir_head *h, struct weir_rd path)
{
	h->path = (const char *)path.at;
	h->path_len = path.left;
}

/* scheme://authority/path */
static bool parse_absolute(struct weir_rd in, struct parse *p, struct target *t)
{
	struct weir_rd authority;

	if (!parse_scheme(&in, &t->port))
		return false;
	authority = in;
	while (in.left && in.at[0] != '/' && in.at[0] != '?')
		(void)weir_rd_u8(&in);
	authority.left -= in.left;
	set_path(&p->h, in.left ? in : weir_rd_over("/", 1));
	t->has = true;
	return parse_authority(authority, &t->a);
}

static bool parse_target(struct weir_rd in, struct parse *p, struct target *t)
{
	if (in.left == 0)
		return false;
	for (size_t i = 0; i < in.left; i++) {
		if (in.at[i] <= ' ' || in.at[i] > '~' || in.at[i] == '#')
			return false;
	}
	p->h.target = (const char *)in.at;
	p->h.target_len = in.left;
	if (p->h.connect) {
		set_path(&p->h, weir_rd_over("", 0));
		t->has = true;
		if (!parse_authority(in, &t->a) || t->a.port == NO_PORT)
			return false;
		t->port = t->a.port;
		return true;
	}
	set_path(&p->h, in);
	if (in.at[0] == '/')
		return true;
	if (is_exactly(in, "*"))
		return is_exactly(weir_rd_over(p->h.method, p->h.method_len),
				  "OPTIONS");
	return parse_absolute(in, p, t);
}

static bool parse_request_line(struct weir_rd line, struct parse *p,
			       struct target *t)
{
	struct weir_rd method = weir_field_before(&line, ' '),
		       target = weir_field_before(&line, ' ');

	p->h.method = (const char *)method.at;
	p->h.method_len = method.left;
	p->h.connect = is_exactly(method, "CONNECT");
	for (size_t i = 0; i < method.left; i++) {
		if (!is_method(method.at[i]))
			return false;
	}
	p->h.minor = is_exactly(line, "HTTP/1.1");
	return (p->h.minor || is_exactly(line, "HTTP/1.0")) &&
	       parse_target(target, p, t);
}

/* fields */

/* q=0.5; RFC 9110 12.4.2; what is malformed is not wanted */
static unsigned parse_quality(struct weir_rd in)
{
	unsigned q = 0, unit = QUALITY_ONE;

	while (in.left) {
		struct weir_rd parameter =
			weir_field_trim(weir_field_before(&in, ';'));

		if (parameter.left < 3 || lower(parameter.at[0]) != 'q' ||
		    parameter.at[1] != '=')
			continue;
		(void)weir_rd_take(&parameter, 2);
		while (parameter.left && unit) {
			uint8_t c = weir_rd_u8(&parameter);

			if (c == '.' && unit == QUALITY_ONE / 10)
				continue;
			if (c < '0' || c > '9')
				return 0;
			q += (unsigned)(c - '0') * unit;
			unit /= 10;
		}
		return q > QUALITY_ONE ? QUALITY_ONE : q;
	}
	return QUALITY_ONE;
}

/* the most exact range counts; of equal ones the best liked, then the first */
static void taste(struct taste *t, struct taste with)
{
	if (with.exact > t->exact ||
	    (with.exact == t->exact && with.quality > t->quality))
		*t = with;
}

static void parse_accept(struct weir_rd in, struct parse *p)
{
	while (in.left) {
		struct weir_rd range = weir_field_before(&in, ',');
		struct weir_rd type =
			weir_field_trim(weir_field_before(&range, ';'));
		struct taste with = { .quality = parse_quality(range),
				      .order = p->ranges++ };

		with.exact = 1;
		if (weir_field_is(type, "*/*")) {
			taste(&p->json, with);
			taste(&p->text, with);
		}
		with.exact = 2;
		if (weir_field_is(type, "application/*"))
			taste(&p->json, with);
		if (weir_field_is(type, "text/*"))
			taste(&p->text, with);
		with.exact = 3;
		if (weir_field_is(type, "application/json"))
			taste(&p->json, with);
		if (weir_field_is(type, "text/plain") ||
		    weir_field_is(type, "text/html"))
			taste(&p->text, with);
	}
}

static bool prefers_json(const struct parse *p)
{
	const struct taste *j = &p->json, *t = &p->text;

	if (j->quality != t->quality)
		return j->quality > t->quality;
	if (j->quality == 0 || j->exact != t->exact)
		return j->quality && j->exact > t->exact;
	return j->exact == 3 && j->order < t->order;
}

/* protocols in which requests could follow that nobody here can see */
static void parse_upgrade(struct weir_rd in, struct parse *p)
{
	p->h.upgrade = true;
	while (in.left) {
		struct weir_rd item = weir_field_before(&in, ',');
		struct weir_rd name =
			weir_field_trim(weir_field_before(&item, '/'));

		if (weir_field_is(name, "h2c") || weir_field_is(name, "h2") ||
		    weir_field_is(name, "http") || weir_field_is(name, "tls"))
			p->h.hides = true;
	}
}

/* remember a value; false if there was one before */
static bool once(struct weir_rd *to, struct weir_rd value)
{
	if (to->at)
		return false;
	*to = value;
	return true;
}

static bool take_field(struct weir_rd name, struct weir_rd value,
		       struct parse *p)
{
	if (weir_field_is_disguised(name))
		return false;
	if (weir_field_is(name, "host"))
		return once(&p->host, value);
	if (weir_field_is(name, "content-length"))
		return once(&p->length, value);
	if (weir_field_is(name, "transfer-encoding"))
		return once(&p->coding, value);
	if (weir_field_is(name, "connection"))
		return !weir_field_has_vital(value);
	if (weir_field_is(name, "upgrade"))
		parse_upgrade(value, p);
	if (weir_field_is(name, "accept"))
		parse_accept(value, p);
	return true;
}

/* all of it together */

static bool finish_host(struct parse *p, const struct target *t)
{
	struct authority host = { .is = WEIR_HELLO_HOST_LITERAL };
	const struct authority *shown = t->has ? &t->a : NULL;

	p->h.host_text = "";
	if (p->host.at && (p->host.left || t->has)) {
		if (!parse_authority(p->host, &host) ||
		    (t->has && !agree(&host, &t->a, t->port)))
			return false;
		shown = &host;
	}
	if (!shown)
		return true;
	p->h.host_text = (const char *)shown->text.at;
	p->h.host_text_len = shown->text.left;
	p->h.has_host = shown->is == WEIR_HELLO_HOST_NAME;
	if (p->h.has_host)
		p->h.host = shown->name;
	return true;
}

/* RFC 9112 6.3, where nothing may be said twice */
static bool finish_body(struct parse *p)
{
	struct weir_head *h = &p->h;

	h->body = WEIR_HEAD_BODY_NONE;
	if (p->coding.at) {
		h->body = WEIR_HEAD_BODY_CHUNKED;
		return !p->length.at && h->minor == 1 && !h->connect &&
		       weir_field_is(p->coding, "chunked");
	}
	h->has_length = p->length.at;
	if (!h->has_length)
		return true;
	if (!weir_text_parse_u64((const char *)p->length.at, p->length.left,
				 NUMBER_MAX, &h->length))
		return false;
	if (h->length)
		h->body = WEIR_HEAD_BODY_LENGTH;
	return !h->length || !h->connect;
}

static struct weir_rd held(const uint8_t *b, size_t len)
{
	return weir_rd_over(b, len < WEIR_FIRST_BYTES ? len : WEIR_FIRST_BYTES);
}

static enum weir_head_is parse(struct weir_rd in, struct parse *p)
{
	enum weir_head_is is = recognise(in);
	size_t len = in.left;
	struct weir_rd name, value, line;
	struct target t = { .port = NO_PORT };
	enum weir_field_is field;

	if (is != WEIR_HEAD_WHOLE)
		return is;
	if (weir_field_line(&in, &line) != WEIR_FIELD_HERE ||
	    !parse_request_line(line, p, &t))
		return WEIR_HEAD_BAD;
	while ((field = weir_field_next(&in, &name, &value)) !=
	       WEIR_FIELD_END) {
		if (field == WEIR_FIELD_MORE)
			return WEIR_HEAD_MORE;
		if (field == WEIR_FIELD_BAD || !take_field(name, value, p))
			return WEIR_HEAD_BAD;
	}
	p->h.len = len - in.left;
	p->h.upgrade = p->h.upgrade || p->h.connect;
	p->h.prefers_json = prefers_json(p);
	return finish_host(p, &t) && finish_body(p) ? WEIR_HEAD_WHOLE
						    : WEIR_HEAD_BAD;
}

enum weir_head_is weir_head_parse(const uint8_t *b, size_t len,
				  struct weir_head *ret)
{
	struct parse p = { .ranges = 0 };
	enum weir_head_is is = parse(held(b, len), &p);

	if (is == WEIR_HEAD_MORE && len >= WEIR_FIRST_BYTES)
		return WEIR_HEAD_BAD;
	if (is == WEIR_HEAD_WHOLE)
		*ret = p.h;
	return is;
}

enum weir_head_is weir_head_parse_trailer(const uint8_t *b, size_t len,
					  size_t *ret_len)
{
	struct weir_rd in = held(b, len), name, value;
	size_t all = in.left;
	enum weir_field_is is;

	while ((is = weir_field_next(&in, &name, &value)) != WEIR_FIELD_END) {
		if (is == WEIR_FIELD_MORE && len < WEIR_FIRST_BYTES)
			return WEIR_HEAD_MORE;
		if (is != WEIR_FIELD_HERE || weir_field_is_vital(name) ||
		    weir_field_is_disguised(name))
			return WEIR_HEAD_BAD;
	}
	*ret_len = all - in.left;
	return WEIR_HEAD_WHOLE;
}
