/* SPDX-License-Identifier: Apache-2.0 */
/* test_message.c - what is read, what is refused, wherever it is cut */
#include "proxy/message.h"

#include "reading.h"

#define GET  "GET / HTTP/1.1\r\nHost: a.b\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a.b\r\n"
#define OK   "HTTP/1.1 200 OK\r\n"
#define CH   "Transfer-Encoding: chunked\r\n\r\n"

static struct reading whole, part;

struct row {
	const char *text, *story, *body;
};

/* the same story, whole and in every kind of pieces */
static void check_row(const struct row *r, bool answers, bool to_head)
{
	size_t n = strlen(r->text);

	reading_of(&whole, r->text, n, n, SIZE_MAX, answers, to_head, 0);
	if (strcmp(whole.story, r->story) != 0)
		fail_msg("%s\nis %s, not %s", r->text, whole.story, r->story);
	if (r->body && (whole.len != strlen(r->body) ||
			memcmp(whole.body, r->body, whole.len) != 0))
		fail_msg("%s\nhas the body %.*s, not %s", r->text,
			 (int)whole.len, whole.body, r->body);
	for (unsigned i = 0; i < 12; i++) {
		reading_of(&part, r->text, n, i < 4 ? i + 1 : 0,
			   i & 1 ? SIZE_MAX : 3, answers, to_head, i);
		if (!reading_is_same(&whole, &part))
			fail_msg("%s\nis %s whole and %s in pieces (%u)",
				 r->text, whole.story, part.story, i);
	}
}

static void check_rows(const struct row *r, size_t n, bool answers)
{
	for (size_t i = 0; i < n; i++)
		check_row(&r[i], answers, false);
}

#define CHECK_ROWS(rows, answers)                                              \
	check_rows(rows, sizeof(rows) / sizeof((rows)[0]), answers)

static const struct row good_requests[] = {
	{ GET "\r\n", "HE", "" },
	{ GET "\r\n" GET "\r\n" GET "\r\n", "HEHEHE", "" },
	{ "GET / HTTP/1.0\r\n\r\n", "HE", "" },
	{ POST "Content-Length: 5\r\n\r\nhello", "HE", "hello" },
	{ POST "Content-Length: 0\r\n\r\n" GET "\r\n", "HEHE", "" },
	{ POST "content-length:5\r\n\r\nhello" GET "\r\n", "HEHE", "hello" },
	{ POST CH "5\r\nhello\r\n0\r\n\r\n", "HE", "hello\r\n" },
	{ POST CH "0\r\n\r\n" GET "\r\n", "HEHE", "\r\n" },
	{ POST CH "1\r\nh\r\n00A\r\n0123456789\r\n0\r\nX: y\r\nZ:\r\n\r\n",
	  "HE", "h0123456789X: y\r\nZ:\r\n\r\n" },
	{ POST CH "fF\r\n", "HC", "" },
	{ POST "Transfer-Encoding:\tChunked \r\n\r\n0\r\n\r\n", "HE", "\r\n" },
	{ GET "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n", "HE", "" },
	{ POST "Connection: upgrade\r\nUpgrade: h2c\r\n" CH
	       "1\r\nx\r\n0\r\n\r\n",
	  "HE", "x\r\n" },
	{ "CONNECT a.b:443 HTTP/1.1\r\nHost: a.b\r\n\r\n", "HE", "" },
	{ "OPTIONS * HTTP/1.1\r\nHost: a.b\r\n\r\n", "HE", "" },
	{ "GET http://a.b/c HTTP/1.1\r\nHost: a.b\r\n\r\n", "HE", "" },
	{ "GET /{a}|\"<\\>^` HTTP/1.1\r\nHost: a.b\r\nX: \xc3\xa4\t\"\r\n\r\n",
	  "HE", "" },
	{ "GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", "HE", "" },
	{ "PROPFIND / HTTP/1.1\r\nHost: a.b\r\n\r\n", "HE", "" },
	{ GET "Connection: keep-alive, x-one\r\nX-One: 1\r\nExpect: "
	      "100-continue\r\n\r\n",
	  "HE", "" },
	{ GET "!#$%&'*+-.^_`|~: x\r\nX:  \t \r\n\r\n", "HE", "" },
};

static void good_requests_are_read(void **state)
{
	(void)state;
	CHECK_ROWS(good_requests, false);
}

/* each a way to make two readers see two requests; none may pass */
static const struct row smuggled[] = {
	/* both framings, in either order and any case */
	{ POST "Content-Length: 4\r\n" CH "0\r\n\r\n", "F", NULL },
	{ POST "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n", "F",
	  NULL },
	{ POST "content-length: 4\r\ntransfer-ENCODING: chunked\r\n\r\n", "F",
	  NULL },
	/* several lengths, equal ones too */
	{ POST "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", "F",
	  NULL },
	{ POST "Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", "F",
	  NULL },
	{ POST "Content-Length: 4, 4\r\n\r\nabcd", "F", NULL },
	/* no number */
	{ POST "Content-Length: +4\r\n\r\nabcd", "F", NULL },
	{ POST "Content-Length: -1\r\n\r\n", "F", NULL },
	{ POST "Content-Length: 4 4\r\n\r\nabcd", "F", NULL },
	{ POST "Content-Length: 04\r\n\r\nabcd", "F", NULL },
	{ POST "Content-Length: 0x4\r\n\r\nabcd", "F", NULL },
	{ POST "Content-Length: 4.0\r\n\r\nabcd", "F", NULL },
	{ POST "Content-Length:\r\n\r\n", "F", NULL },
	{ POST "Content-Length: \"4\"\r\n\r\nabcd", "F", NULL },
	{ POST "Content-Length: 9223372036854775808\r\n\r\n", "F", NULL },
	{ POST "Content-Length: 18446744073709551620\r\n\r\nabcd", "F", NULL },
	{ POST "Content-Length: 36893488147419103236\r\n\r\nabcd", "F", NULL },
	{ POST "Content_Length: 4\r\n\r\n", "F", NULL },
	/* TE that is not exactly chunked */
	{ POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "F", NULL },
	{ POST "Transfer-Encoding: chunked, identity\r\n\r\n", "F", NULL },
	{ POST "Transfer-Encoding: identity\r\n\r\n", "F", NULL },
	{ POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "F", NULL },
	{ POST "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", "F", NULL },
	{ POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", "F", NULL },
	{ POST "Transfer-Encoding: \x0b"
	       "chunked\r\n\r\n",
	  "F", NULL },
	{ POST "Transfer-Encoding: chunked, chunked\r\n\r\n", "F", NULL },
	{ POST "Transfer-Encoding:\r\n\r\n", "F", NULL },
	{ POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
	  "F", NULL },
	{ POST "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n",
	  "F", NULL },
	{ POST "Transfer-Encoding: chunked\r\n" CH "0\r\n\r\n", "F", NULL },
	{ POST "Transfer_Encoding: chunked\r\n\r\n0\r\n\r\n", "F", NULL },
	{ "POST / HTTP/1.0\r\nHost: a.b\r\n" CH "0\r\n\r\n", "F", NULL },
	/* folded lines */
	{ POST "X: y\r\n z\r\n\r\n", "F", NULL },
	{ POST "X: y\r\n\tz\r\n\r\n", "F", NULL },
	{ POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", "F", NULL },
	{ "POST / HTTP/1.1\r\n Host: a.b\r\n\r\n", "F", NULL },
	/* a space before the colon, names that are none */
	{ "GET / HTTP/1.1\r\nHost : a.b\r\n\r\n", "F", NULL },
	{ "GET / HTTP/1.1\r\nHost\t: a.b\r\n\r\n", "F", NULL },
	{ POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "F", NULL },
	{ POST "Content-Length : 4\r\n\r\nabcd", "F", NULL },
	{ GET ": x\r\n\r\n", "F", NULL },
	{ GET "no colon\r\n\r\n", "F", NULL },
	{ GET "X(y): z\r\n\r\n", "F", NULL },
	{ GET "X\xc3\xa4: z\r\n\r\n", "F", NULL },
	{ GET "X/Y: z\r\n\r\n", "F", NULL },
	{ GET "X\x01: z\r\n\r\n", "F", NULL },
	/* line ends and controls */
	{ "GET / HTTP/1.1\nHost: a.b\n\n", "F", NULL },
	{ "GET / HTTP/1.1\r\nHost: a.b\n\r\n", "F", NULL },
	{ GET "X: y\nZ: z\r\n\r\n", "F", NULL },
	{ GET "X: y\rZ: z\r\n\r\n", "F", NULL },
	{ GET "X: y\r\r\n\r\n", "F", NULL },
	{ GET "\n", "F", NULL },
	{ GET "X: \x7f\r\n\r\n", "F", NULL },
	{ GET "X: \x0by\r\n\r\n", "F", NULL },
	{ "\r\n" GET "\r\n", "F", NULL },
	{ "\n" GET "\r\n", "F", NULL },
	{ " " GET "\r\n", "F", NULL },
	/* Host */
	{ GET "Host: a.b\r\n\r\n", "F", NULL },
	{ GET "host: c.d\r\n\r\n", "F", NULL },
	{ "GET / HTTP/1.1\r\nHost: u@a.b\r\n\r\n", "F", NULL },
	{ "GET / HTTP/1.1\r\nHost: a.b c.d\r\n\r\n", "F", NULL },
	{ "GET / HTTP/1.1\r\nHost: a.b, c.d\r\n\r\n", "F", NULL },
	{ "GET / HTTP/1.1\r\nHost: a.b:65536\r\n\r\n", "F", NULL },
	{ "GET / HTTP/1.1\r\nHost: a.b:-1\r\n\r\n", "F", NULL },
	{ "GET / HTTP/1.1\r\nHost: a.b:80:80\r\n\r\n", "F", NULL },
	{ "GET / HTTP/1.1\r\nHost: a.b:\r\n\r\n", "F", NULL },
	{ "GET / HTTP/1.1\r\nHost: a.b/c\r\n\r\n", "F", NULL },
	{ "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "F", NULL },
	{ "GET / HTTP/1.1\r\nHost: [::1%lo]\r\n\r\n", "F", NULL },
	{ "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", "F", NULL },
	/* targets */
	{ "GET http://c.d/ HTTP/1.1\r\nHost: a.b\r\n\r\n", "F", NULL },
	{ "GET http://u@a.b/ HTTP/1.1\r\nHost: a.b\r\n\r\n", "F", NULL },
	{ "GET a.b:443 HTTP/1.1\r\nHost: a.b\r\n\r\n", "F", NULL },
	{ "GET * HTTP/1.1\r\nHost: a.b\r\n\r\n", "F", NULL },
	{ "GET //[ HTTP/1.1\r\nHost: a.b\r\n\r\n", "HE", NULL },
	{ "GET /a#b HTTP/1.1\r\nHost: a.b\r\n\r\n", "F", NULL },
	{ "GET /\xc3\xa4 HTTP/1.1\r\nHost: a.b\r\n\r\n", "F", NULL },
	{ "GET a HTTP/1.1\r\nHost: a.b\r\n\r\n", "F", NULL },
	{ "CONNECT a.b HTTP/1.1\r\nHost: a.b\r\n\r\n", "F", NULL },
	{ "CONNECT / HTTP/1.1\r\nHost: a.b\r\n\r\n", "F", NULL },
	/* the request line */
	{ "GET  / HTTP/1.1\r\nHost: a.b\r\n\r\n", "F", NULL },
	{ "GET /  HTTP/1.1\r\nHost: a.b\r\n\r\n", "F", NULL },
	{ "GET / HTTP/1.1 \r\nHost: a.b\r\n\r\n", "F", NULL },
	{ "GET\t/ HTTP/1.1\r\nHost: a.b\r\n\r\n", "F", NULL },
	{ "GET / a HTTP/1.1\r\nHost: a.b\r\n\r\n", "F", NULL },
	{ "GET / HTTP/1.2\r\nHost: a.b\r\n\r\n", "F", NULL },
	{ "GET / HTTP/2.0\r\nHost: a.b\r\n\r\n", "F", NULL },
	{ "GET / HTTP/0.9\r\nHost: a.b\r\n\r\n", "F", NULL },
	{ "GET / HTTP/1.10\r\nHost: a.b\r\n\r\n", "F", NULL },
	{ "GET / http/1.1\r\nHost: a.b\r\n\r\n", "F", NULL },
	{ "GET / HTTPS/1.1\r\nHost: a.b\r\n\r\n", "F", NULL },
	{ "GET /\r\n\r\n", "F", NULL },
	{ "get / HTTP/1.1\r\nHost: a.b\r\n\r\n", "F", NULL },
	{ "Get / HTTP/1.1\r\nHost: a.b\r\n\r\n", "F", NULL },
	{ "G@T / HTTP/1.1\r\nHost: a.b\r\n\r\n", "F", NULL },
	{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "F", NULL },
	{ "\x16\x03\x01\x02", "F", NULL },
	{ "SSH-2.0-x\r\n", "F", NULL },
	/* Connection may not take away what frames */
	{ POST "Connection: content-length\r\nContent-Length: 1\r\n\r\nx", "F",
	  NULL },
	{ POST "Connection: close, Host\r\n\r\n", "F", NULL },
};

static void what_two_readers_could_read_in_two_ways_is_bad(void **state)
{
	(void)state;
	CHECK_ROWS(smuggled, false);
}

static void a_nul_is_bad_wherever_it_stands(void **state)
{
	static const char good[] = GET "X: y\r\n\r\n";

	(void)state;
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		char text[sizeof(good)];

		memcpy(text, good, sizeof(good));
		text[i] = 0;
		reading_of(&whole, text, sizeof(good) - 1, sizeof(good),
			   SIZE_MAX, false, false, 0);
		/* without its end it may only be incomplete */
		if (whole.fault == WEIR_MESSAGE_FAULT_NONE)
			CHECK(!strchr(whole.story, 'H'));
	}
}

static const struct row chunks[] = {
	{ POST CH "5;a=b\r\nhello\r\n0\r\n\r\n", "HF", NULL },
	{ POST CH "5 \r\nhello\r\n0\r\n\r\n", "HF", NULL },
	{ POST CH " 5\r\nhello\r\n0\r\n\r\n", "HF", NULL },
	{ POST CH "+5\r\nhello\r\n0\r\n\r\n", "HF", NULL },
	{ POST CH "0x5\r\nhello\r\n0\r\n\r\n", "HF", NULL },
	{ POST CH "-1\r\n", "HF", NULL },
	{ POST CH "\r\n", "HF", NULL },
	{ POST CH "5\nhello\r\n0\r\n\r\n", "HF", NULL },
	{ POST CH "5\rhello\r\n0\r\n\r\n", "HF", NULL },
	{ POST CH "5\r\nhello\n0\r\n\r\n", "HF", NULL },
	{ POST CH "5\r\nhello0\r\n\r\n", "HF", NULL },
	{ POST CH "5\r\nhelloX\r\n0\r\n\r\n", "HF", NULL },
	{ POST CH "5\r\nhell\r\n0\r\n\r\n", "HF", NULL },
	{ POST CH "0000000000000005\r\n", "HF", NULL },
	{ POST CH "10000000000000005\r\n", "HF", NULL },
	{ POST CH "ffffffffffffffff\r\n", "HF", NULL },
	{ POST CH "0;\r\n\r\n", "HF", NULL },
	{ POST CH "0\r\nX : y\r\n\r\n", "HF", NULL },
	{ POST CH "0\r\nX: y\n\r\n", "HF", NULL },
	{ POST CH "0\r\n X: y\r\n\r\n", "HF", NULL },
	{ POST CH "0\r\nContent-Length: 5\r\n\r\n", "HF", NULL },
	{ POST CH "0\r\nTransfer-Encoding: chunked\r\n\r\n", "HF", NULL },
	{ POST CH "0\r\nHost: c.d\r\n\r\n", "HF", NULL },
	/* cut off */
	{ POST CH "5\r\nhel", "HC", "hel" },
	{ POST CH "5\r\nhello\r\n", "HC", "hello" },
	{ POST CH "5\r\nhello\r\n0\r\n", "HC", "hello" },
	{ POST CH "5\r\nhello\r\n0\r\nX: y\r\n", "HC", "hello" },
	{ POST "Content-Length: 5\r\n\r\nhell", "HC", "hell" },
	{ POST "Content-Length: 5\r\n\r\n", "HC", "" },
};

static void chunks_are_read_strictly(void **state)
{
	(void)state;
	CHECK_ROWS(chunks, false);
}

static const struct row methods[] = {
	{ "BREW / HTTP/1.1\r\nHost: a.b\r\n\r\n", "M", NULL },
	{ "QUERY / HTTP/1.1\r\nHost: a.b\r\n\r\n", "M", NULL },
	{ "GETX / HTTP/1.1\r\nHost: a.b\r\n\r\n", "M", NULL },
};

static void a_method_that_the_second_reader_does_not_know_is_told(void **state)
{
	(void)state;
	CHECK_ROWS(methods, false);
}

static const struct row good_answers[] = {
	{ OK "Content-Length: 5\r\n\r\nhello", "HE", "hello" },
	{ OK "Content-Length: 0\r\n\r\n", "HE", "" },
	{ OK CH "5\r\nhello\r\n0\r\n\r\n", "HE", "hello\r\n" },
	{ OK "\r\nto the end", "HE", "to the end" },
	{ OK "\r\n", "HE", "" },
	{ "HTTP/1.0 200 OK\r\n\r\nold", "HE", "old" },
	{ "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold", "HE", "old" },
	{ "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", "HE", "x" },
	{ "HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx", "HE", "x" },
	{ "HTTP/1.1 200 a\tb \xc3\xa4\r\nContent-Length: 1\r\n\r\nx", "HE",
	  "x" },
	{ "HTTP/1.1 204 No Content\r\n\r\n" OK "\r\nx", "HEHE", "x" },
	{ "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "HE", "" },
	{ "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "HE", "" },
	{ "HTTP/1.1 304 Not Modified\r\n" CH, "HE", "" },
	{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n"
	  "\r\n" OK "Content-Length: 1\r\n\r\nx",
	  "HEHEHE", "x" },
	{ "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: a\r\n\r\n",
	  "HE", "" },
	{ "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", "HE", "" },
	{ OK "Connection: close\r\nContent-Length: 1\r\n\r\nx" OK
	     "Content-Length: 1\r\n\r\ny",
	  "HEHE", "xy" },
	{ OK "Upgrade: h2\r\nConnection: upgrade\r\nContent-Length: 1\r\n\r\nx",
	  "HE", "x" },
};

static void good_answers_are_read(void **state)
{
	static const struct row head[] = {
		{ OK "Content-Length: 5\r\n\r\n", "HE", "" },
		{ OK CH, "HE", "" },
		{ OK "\r\n", "HE", "" },
	};

	(void)state;
	CHECK_ROWS(good_answers, true);
	for (unsigned i = 0; i < 3; i++)
		check_row(&head[i], true, true);
}

static const struct row bad_answers[] = {
	{ "HTTP/1.1 20 OK\r\n\r\n", "F", NULL },
	{ "HTTP/1.1 2000 OK\r\n\r\n", "F", NULL },
	{ "HTTP/1.1 020 OK\r\n\r\n", "F", NULL },
	{ "HTTP/1.1 20x OK\r\n\r\n", "F", NULL },
	{ "HTTP/1.1  200 OK\r\n\r\n", "F", NULL },
	{ "HTTP/1.1 200OK\r\n\r\n", "F", NULL },
	{ "HTTP/1.1\t200 OK\r\n\r\n", "F", NULL },
	{ "HTTP/1.2 200 OK\r\n\r\n", "F", NULL },
	{ "HTTP/2 200\r\n\r\n", "F", NULL },
	{ "http/1.1 200 OK\r\n\r\n", "F", NULL },
	{ "ICY 200 OK\r\n\r\n", "F", NULL },
	{ "\r\nHTTP/1.1 200 OK\r\n\r\n", "F", NULL },
	{ "HTTP/1.1 200 O\rK\r\n\r\n", "F", NULL },
	{ "HTTP/1.1 200 OK\n\n", "F", NULL },
	{ "SSH-2.0-x", "F", NULL },
	{ OK "Content-Length: 4\r\n" CH, "F", NULL },
	{ OK "Content-Length: 4\r\nContent-Length: 4\r\n\r\n", "F", NULL },
	{ OK "Content-Length: +4\r\n\r\n", "F", NULL },
	{ OK "Content-Length: 9223372036854775808\r\n\r\n", "F", NULL },
	{ OK "Transfer-Encoding: gzip, chunked\r\n\r\n", "F", NULL },
	{ OK "Transfer-Encoding: identity\r\n\r\n", "F", NULL },
	{ OK "Transfer-Encoding: gzip\r\n\r\n", "F", NULL },
	{ OK "Transfer-Encoding: chunked\r\n" CH, "F", NULL },
	{ "HTTP/1.0 200 OK\r\n" CH, "F", NULL },
	{ OK "X : y\r\n\r\n", "F", NULL },
	{ OK "X: y\r\n z\r\n\r\n", "F", NULL },
	{ OK "X\r\n\r\n", "F", NULL },
	{ OK "Content_Length: 1\r\n\r\n", "F", NULL },
	{ OK "Connection: content-length\r\nContent-Length: 1\r\n\r\n", "F",
	  NULL },
	{ "HTTP/1.1 204 No\r\nContent-Length: x\r\n\r\n", "F", NULL },
	{ OK CH "5;x\r\nhello\r\n", "HF", NULL },
	{ OK CH "5\r\nhel", "HC", "hel" },
	{ OK "Content-Length: 5\r\n\r\nhel", "HC", "hel" },
};

static void bad_answers_are_not(void **state)
{
	(void)state;
	CHECK_ROWS(bad_answers, true);
}

/* limits */

static char big[WEIR_MESSAGE_HEAD_BYTES + 4096];

/* a head of @fields fields and exactly @len bytes */
static size_t head_of(unsigned fields, size_t len)
{
	size_t n = (size_t)sprintf(big, GET);

	for (unsigned i = 1; i < fields; i++)
		n += (size_t)sprintf(big + n, "X: y\r\n");
	CHECK(n + 7 <= len);
	memset(big + n, 'x', len - n);
	memcpy(big + n - 2, "yy", 2); /* the last value grows */
	memcpy(big + len - 4, "\r\n\r\n", 4);
	return len;
}

static void the_largest_head_is_read_and_one_byte_more_is_not(void **state)
{
	size_t n = head_of(3, WEIR_MESSAGE_HEAD_BYTES);

	(void)state;
	for (size_t step = 1; step <= n; step *= 5) {
		reading_of(&whole, big, n, step, 0, false, false, 0);
		assert_string_equal(whole.story, "HE");
	}
	n = head_of(3, WEIR_MESSAGE_HEAD_BYTES + 1);
	for (size_t step = 1; step <= n; step *= 5) {
		reading_of(&whole, big, n, step, 0, false, false, 0);
		assert_string_equal(whole.story, "L");
	}
}

static void the_largest_number_of_fields_and_one_more(void **state)
{
	(void)state;
	for (size_t step = 1; step < 3000; step *= 7) {
		size_t n = head_of(WEIR_MESSAGE_FIELDS_MAX, 3000);

		reading_of(&whole, big, n, step, 0, false, false, 0);
		assert_string_equal(whole.story, "HE");
		n = head_of(WEIR_MESSAGE_FIELDS_MAX + 1, 3000);
		reading_of(&whole, big, n, step, 0, false, false, 0);
		assert_string_equal(whole.story, "L");
		/* a bomb is known before its end */
		n = head_of(WEIR_MESSAGE_FIELDS_MAX + 2, 3000);
		memcpy(big + n - 4, "yyyy", 4);
		reading_of(&whole, big, n, step, 0, false, false, 0);
		assert_string_equal(whole.story, "L");
	}
}

static void trailers_have_the_same_limits(void **state)
{
	size_t at = (size_t)sprintf(big, POST CH "0\r\n"), n = at;

	(void)state;
	for (unsigned i = 0; i < WEIR_MESSAGE_FIELDS_MAX; i++)
		n += (size_t)sprintf(big + n, "X: y\r\n");
	memcpy(big + n, "\r\n", 2);
	reading_of(&whole, big, n + 2, 100, 0, false, false, 0);
	assert_string_equal(whole.story, "HE");
	memcpy(big + n, "X:\r\n\r\n", 6);
	for (size_t step = 1; step < 3000; step *= 7) {
		reading_of(&whole, big, n + 6, step, 0, false, false, 0);
		assert_string_equal(whole.story, "HL");
	}
	memset(big + at, 'x', WEIR_MESSAGE_HEAD_BYTES);
	reading_of(&whole, big, at + WEIR_MESSAGE_HEAD_BYTES, 99, 0, false,
		   false, 0);
	assert_string_equal(whole.story, "HL");
}

static void more_members_of_connection_than_the_limit_are_bad(void **state)
{
	size_t n = (size_t)sprintf(big, GET "Connection: a");

	(void)state;
	for (unsigned i = 1; i < WEIR_HOP_NAMES_MAX; i++)
		n += (size_t)sprintf(big + n, ",a");
	strcpy(big + n, "\r\n\r\n");
	reading_of(&whole, big, strlen(big), 9999, 0, false, false, 0);
	assert_string_equal(whole.story, "HE");
	strcpy(big + n, "\r\nconnection: close, b\r\n\r\n");
	reading_of(&whole, big, strlen(big), 9999, 0, false, false, 0);
	assert_string_equal(whole.story, "F");
}

T_MAIN(T(good_requests_are_read),
       T(what_two_readers_could_read_in_two_ways_is_bad),
       T(a_nul_is_bad_wherever_it_stands), T(chunks_are_read_strictly),
       T(a_method_that_the_second_reader_does_not_know_is_told),
       T(good_answers_are_read), T(bad_answers_are_not),
       T(the_largest_head_is_read_and_one_byte_more_is_not),
       T(the_largest_number_of_fields_and_one_more),
       T(trailers_have_the_same_limits),
       T(more_members_of_connection_than_the_limit_are_bad))
