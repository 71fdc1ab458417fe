/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hello.c - the name in a TLS ClientHello
 *
 *	record   type(1) version(2) length(2) fragment        (RFC 8446 5.1)
 *	message  type(1) length(3) version(2) random(32) session<32>
 *	         suites<2^16> compression<2^8> extensions<2^16>  (4.1.2)
 *
 * The message is read through a cursor that steps from record to record, so it
 * is never put together: only a host name is copied.  Each length in the
 * message becomes a window (a count of bytes) cut from the one around it.  A
 * read beyond its window is BAD, whatever has arrived; a read inside it for
 * which the bytes are not here is MORE.  Both stick to the cursor, so a parser
 * is a straight line of reads.
 *
 * What could be read in two ways is BAD rather than NO, since NO means that
 * the stream may go on without a name.  That is why the bytes that some
 * servers step over or do not look at (an alert before the hello, a version of
 * the record that is none) do not make it another protocol.
 *
 * Limits: the caller holds WEIR_FIRST_BYTES at most, each byte is read once a
 * call.
 *
 * RFC 8446, 6066, 8701; 5246 E.1 (versions), E.2 (the SSLv2 hello).
 */
#include "packet/hello.h"

#include "base/limits.h"
#include "base/text.h"

/* record types */
#define ALERT     21u
#define HANDSHAKE 22u
#define FIRST     20u /* change_cipher_spec */
#define LAST      24u /* heartbeat */

#define RECORD_BYTES  5u
#define FRAGMENT_MAX  16384u
#define MESSAGE_BYTES 4u /* its type and length */
#define MAJOR         3u /* of all versions since SSLv3 */
#define CLIENT_HELLO  1u
#define RANDOM_BYTES  32u
#define SESSION_MAX   32u
#define SERVER_NAME   0u
#define HOST_NAME     0u
#define ECH           0xfe0du
#define HOST_TEXT_MAX 254u /* with a final dot */

/**
 * struct cursor - where the reading of the message is
 * @raw:      records not opened yet
 * @fragment: what is here and not read of the record opened last
 * @owed:     bytes of that record that are not here
 * @is:       WHOLE, until something stops it
 */
struct cursor {
	struct weir_rd raw, fragment;
	size_t owed;
	enum weir_hello_is is;
};

static void stop(struct cursor *c, enum weir_hello_is why)
{
	if (c->is == WEIR_HELLO_WHOLE)
		c->is = why;
}

static void open_record(struct cursor *c)
{
	struct weir_rd in = c->raw;
	uint8_t type, major;
	size_t len, here;

	if (c->owed) {
		stop(c, WEIR_HELLO_MORE);
		return;
	}
	type = weir_rd_u8(&in);
	if (weir_rd_ok(&in) && type != HANDSHAKE)
		stop(c, WEIR_HELLO_BAD);
	major = weir_rd_u8(&in);
	if (weir_rd_ok(&in) && major != MAJOR)
		stop(c, WEIR_HELLO_BAD);
	(void)weir_rd_u8(&in);
	len = weir_rd_be16(&in);
	if (!weir_rd_ok(&in)) {
		stop(c, WEIR_HELLO_MORE);
		return;
	}
	if (len == 0 || len > FRAGMENT_MAX)
		stop(c, WEIR_HELLO_BAD);
	here = len < in.left ? len : in.left;
	c->fragment = weir_rd_sub(&in, here);
	c->owed = len - here;
	c->raw = in;
}

/* read @n bytes inside @win; @to may be NULL.  False once stopped */
static bool get(struct cursor *c, size_t *win, uint8_t *to, size_t n)
{
	if (n > *win)
		stop(c, WEIR_HELLO_BAD);
	while (c->is == WEIR_HELLO_WHOLE && n) {
		size_t k = n < c->fragment.left ? n : c->fragment.left;

		if (k == 0) {
			open_record(c);
			continue;
		}
		if (to) {
			weir_rd_copy(&c->fragment, to, k);
			to += k;
		} else {
			(void)weir_rd_take(&c->fragment, k);
		}
		n -= k;
		*win -= k;
	}
	return c->is == WEIR_HELLO_WHOLE;
}

/* a number of @n bytes; 0 once stopped */
static size_t number(struct cursor *c, size_t *win, size_t n)
{
	uint8_t b[3] = { 0 };
	size_t v = 0;

	if (!get(c, win, b, n))
		return 0;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | b[i];
	return v;
}

/* cut a window off whose length stands in @n bytes before it */
static size_t cut(struct cursor *c, size_t *win, size_t n)
{
	size_t len = number(c, win, n);

	if (len > *win) {
		stop(c, WEIR_HELLO_BAD);
		return 0;
	}
	*win -= len;
	return len;
}

/* step over all of a window that has at least @min and at most @max bytes */
static void skip(struct cursor *c, size_t win, size_t min, size_t max)
{
	if (win < min || win > max)
		stop(c, WEIR_HELLO_BAD);
	(void)get(c, &win, NULL, win);
}

enum weir_hello_host weir_hello_host_parse(const char *text, size_t len,
					   struct weir_dns_name *ret)
{
	static const char others[] = { '-', '_', '.' };
	struct weir_addr a;

	if (len && text[len - 1] == '.')
		len--;
	if (len == 0)
		return WEIR_HELLO_HOST_BAD;
	if (weir_text_parse_addr(text, len, &a))
		return WEIR_HELLO_HOST_LITERAL;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9');

		if (!alnum && !memchr(others, c, sizeof(others)))
			return WEIR_HELLO_HOST_BAD;
	}
	/* a dot is left at the end if there were two */
	if (text[len - 1] == '.' || !weir_dns_name_from_text(text, len, ret))
		return WEIR_HELLO_HOST_BAD;
	weir_dns_lower(ret, NULL);
	return WEIR_HELLO_HOST_NAME;
}

static void parse_host(struct cursor *c, size_t win, struct weir_hello *h)
{
	uint8_t text[HOST_TEXT_MAX];
	size_t len = win;

	if (len > sizeof(text))
		stop(c, WEIR_HELLO_BAD);
	if (!get(c, &win, text, len))
		return;
	switch (weir_hello_host_parse((const char *)text, len, &h->name)) {
	case WEIR_HELLO_HOST_NAME:
		h->has_name = true;
		break;
	case WEIR_HELLO_HOST_LITERAL:
		break;
	case WEIR_HELLO_HOST_BAD:
		stop(c, WEIR_HELLO_BAD);
		break;
	}
}

/* RFC 6066 3: names of other types are stepped over; they have lengths too */
static void parse_server_name(struct cursor *c, size_t win,
			      struct weir_hello *h)
{
	size_t list = cut(c, &win, 2);
	bool seen = false;

	if (win || list == 0)
		stop(c, WEIR_HELLO_BAD);
	while (list && c->is == WEIR_HELLO_WHOLE) {
		bool host = number(c, &list, 1) == HOST_NAME;
		size_t name = cut(c, &list, 2);

		if (name == 0 || (host && seen))
			stop(c, WEIR_HELLO_BAD);
		if (host)
			parse_host(c, name, h);
		else
			skip(c, name, 1, name);
		seen = seen || host;
	}
}

static void parse_extensions(struct cursor *c, size_t win, struct weir_hello *h)
{
	bool seen = false;

	while (win && c->is == WEIR_HELLO_WHOLE) {
		size_t type = number(c, &win, 2), data = cut(c, &win, 2);

		if (c->is != WEIR_HELLO_WHOLE)
			return;
		if (type == SERVER_NAME && seen)
			stop(c, WEIR_HELLO_BAD);
		if (type == ECH)
			h->ech = true;
		if (type == SERVER_NAME) {
			seen = true;
			parse_server_name(c, data, h);
		} else {
			skip(c, data, 0, data);
		}
	}
}

static void parse_message(struct cursor *c, struct weir_hello *h)
{
	size_t outer = SIZE_MAX, win, suites;

	if (number(c, &outer, 1) != CLIENT_HELLO)
		stop(c, WEIR_HELLO_BAD);
	win = cut(c, &outer, 3);
	if (win > WEIR_FIRST_BYTES - RECORD_BYTES - MESSAGE_BYTES)
		stop(c, WEIR_HELLO_BAD);
	if (number(c, &win, 1) != MAJOR)
		stop(c, WEIR_HELLO_BAD);
	(void)get(c, &win, NULL, 1 + RANDOM_BYTES);
	skip(c, cut(c, &win, 1), 0, SESSION_MAX);
	suites = cut(c, &win, 2);
	if (suites % 2)
		stop(c, WEIR_HELLO_BAD);
	skip(c, suites, 2, suites);
	skip(c, cut(c, &win, 1), 1, UINT8_MAX);
	if (win) { /* extensions came with RFC 3546 */
		size_t extensions = cut(c, &win, 2);

		if (win)
			stop(c, WEIR_HELLO_BAD);
		parse_extensions(c, extensions, h);
	}
}

/*
 * WHOLE: records of TLS begin here.  Some servers do not look at the version
 * of a record, so one that holds what a client begins with is BAD, not NO.
 */
static enum weir_hello_is recognise(struct weir_rd in)
{
	uint8_t type = weir_rd_u8(&in), major, minor, first;
	size_t len;

	if (!weir_rd_ok(&in))
		return WEIR_HELLO_MORE;
	if (type < FIRST || type > LAST)
		return WEIR_HELLO_NO;
	major = weir_rd_u8(&in);
	if (!weir_rd_ok(&in))
		return WEIR_HELLO_MORE;
	if (major == MAJOR && type == HANDSHAKE)
		return WEIR_HELLO_WHOLE;
	minor = weir_rd_u8(&in);
	if (!weir_rd_ok(&in))
		return WEIR_HELLO_MORE;
	if (major == MAJOR)
		return minor <= 4 ? WEIR_HELLO_BAD : WEIR_HELLO_NO;
	if (type != HANDSHAKE && type != ALERT)
		return WEIR_HELLO_NO;
	len = weir_rd_be16(&in);
	if (!weir_rd_ok(&in))
		return WEIR_HELLO_MORE;
	if (type == ALERT ? len != 2 : len == 0 || len > FRAGMENT_MAX)
		return WEIR_HELLO_NO;
	first = weir_rd_u8(&in);
	if (!weir_rd_ok(&in))
		return WEIR_HELLO_MORE;
	if (first != CLIENT_HELLO && !(type == ALERT && first == 2))
		return WEIR_HELLO_NO;
	return WEIR_HELLO_BAD;
}

/*
 * A ServerHello's first bytes where `any` does not stand; the random is the
 * SHA-256 of "HelloRetryRequest".
 */
enum { ANY = 0x100 };
static const uint16_t retry[] = {
	2,    ANY,  ANY,  ANY,  MAJOR, 3,    0xcf, 0x21, 0xad, 0x74,
	0xe5, 0x9a, 0x61, 0x11, 0xbe,  0x1d, 0x8c, 0x02, 0x1e, 0x65,
	0xb8, 0x91, 0xc2, 0xa2, 0x11,  0x16, 0x7a, 0xbb, 0x8c, 0x5e,
	0x07, 0x9e, 0x09, 0xe2, 0xc8,  0xa8, 0x33, 0x9c,
};

/* A byte of a record's header.  False: no record that may be, or lead to, it */
static bool hear_head(struct weir_hello_heard *h, uint8_t b)
{
	switch (h->head++) {
	case 0:
		h->type = b;
		return b == HANDSHAKE || b == ALERT || b == FIRST;
	case 1:
		return b == MAJOR;
	case 3:
		h->left = (uint16_t)(b << 8);
		return true;
	case 4:
		h->left |= b;
		return true;
	default:
		return true;
	}
}

/* A byte of a record.  False: it is another message */
static bool hear_byte(struct weir_hello_heard *h, uint8_t b)
{
	uint16_t want = ANY;

	h->left--;
	if (h->type == HANDSHAKE)
		want = retry[h->same++];
	return want == ANY || want == b;
}

enum weir_hello_answer weir_hello_answer(struct weir_hello_heard *heard,
					 const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool ok = heard->head < RECORD_BYTES ? hear_head(heard, b[i])
						     : hear_byte(heard, b[i]);

		if (!ok)
			return WEIR_HELLO_ANSWER_OTHER;
		if (heard->same == sizeof(retry) / sizeof(retry[0]))
			return WEIR_HELLO_ANSWER_RETRY;
		if (heard->head == RECORD_BYTES && heard->left == 0)
			heard->head = 0;
	}
	return WEIR_HELLO_ANSWER_MORE;
}

enum weir_hello_is weir_hello_parse(const uint8_t *b, size_t len,
				    struct weir_hello *ret)
{
	struct cursor c = { .raw = weir_rd_over(b, len),
			    .is = WEIR_HELLO_WHOLE };
	struct weir_hello h = { .has_name = false };
	enum weir_hello_is is = recognise(c.raw);

	if (is != WEIR_HELLO_WHOLE)
		return is;
	parse_message(&c, &h);
	if (c.fragment.left || c.owed)
		stop(&c, WEIR_HELLO_BAD); /* no client says more in a record */
	h.len = len - c.raw.left;
	if (c.is == WEIR_HELLO_WHOLE)
		*ret = h;
	return c.is;
}
