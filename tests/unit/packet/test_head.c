/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/head.h"

#include "base/limits.h"

#include "../t.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static uint8_t big[WEIR_FIRST_BYTES + 100];

/* the bytes lie at the end of their memory, where a sanitizer sees an overrun */
static enum weir_head_is is(const char *b, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	struct weir_head h;
	enum weir_head_is got;

	CHECK(exact);
	memcpy(exact, b, n);
	got = weir_head_parse(exact, n, &h);
	free(exact);
	return got;
}

static enum weir_head_is whole(const char *text, struct weir_head *h)
{
	return weir_head_parse((const uint8_t *)text, strlen(text), h);
}

static void is_text(const char *at, size_t len, const char *want)
{
	CHECK(at);
	CHECK_EQ(len, strlen(want));
	CHECK(memcmp(at, want, len) == 0);
}

static void shows(const struct weir_head *h, const char *name)
{
	char text[1100];

	CHECK_EQ(h->has_host, name != NULL);
	if (!name)
		return;
	CHECK(weir_dns_name_to_text(&h->host, text, sizeof(text)));
	assert_string_equal(text, name);
}

/* what it says at once it says of all; WHOLE comes with the last byte */
static void check_parts(const char *text, size_t n, enum weir_head_is all)
{
	for (size_t k = 0; k < n; k++) {
		enum weir_head_is part = is(text, k);

		if (part != WEIR_HEAD_MORE && part != all)
			fail_msg("%zu bytes of %s: %d, then %d", k, text,
				 (int)part, (int)all);
		if (all == WEIR_HEAD_WHOLE && part != WEIR_HEAD_MORE)
			fail_msg("%zu bytes of %s: %d", k, text, (int)part);
	}
}

/* good requests */

struct good {
	const char *text, *method, *target, *path, *name, *host;
};

static const struct good good[] = {
	{ "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", "GET", "/", "/",
	  "example.com", "example.com" },
	{ "GET /a/b?c=d&e HTTP/1.1\r\nhost:EXAMPLE.com:8080\r\nUser-Agent: "
	  "curl/7.88.1\r\nAccept: */*\r\n\r\n",
	  "GET", "/a/b?c=d&e", "/a/b?c=d&e", "example.com",
	  "EXAMPLE.com:8080" },
	{ "M-SEARCH /a HTTP/1.1\r\nHost:\t a.b. \t\r\n\r\n", "M-SEARCH", "/a",
	  "/a", "a.b", "a.b." },
	{ "GET / HTTP/1.1\r\nHost: 10.0.0.1:80\r\n\r\n", "GET", "/", "/", NULL,
	  "10.0.0.1:80" },
	{ "GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n", "GET", "/", "/",
	  NULL, "[2001:db8::1]" },
	{ "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "GET", "/", "/", NULL,
	  "[::1]:8080" },
	{ "GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET", "/", "/", NULL, "" },
	{ "GET / HTTP/1.1\r\n\r\n", "GET", "/", "/", NULL, "" },
	{ "GET / HTTP/1.0\r\n\r\n", "GET", "/", "/", NULL, "" },
	{ "GET / HTTP/1.0\r\nHost: a.b\r\n\r\n", "GET", "/", "/", "a.b",
	  "a.b" },
	{ "OPTIONS * HTTP/1.1\r\nHost: a.b\r\n\r\n", "OPTIONS", "*", "*", "a.b",
	  "a.b" },
	/* absolute targets, RFC 9112 3.2.2 */
	{ "GET http://a.b/c?d HTTP/1.1\r\nHost: a.b\r\n\r\n", "GET",
	  "http://a.b/c?d", "/c?d", "a.b", "a.b" },
	{ "GET HTTP://A.b:80 HTTP/1.1\r\nHost: a.B.\r\n\r\n", "GET",
	  "HTTP://A.b:80", "/", "a.b", "a.B." },
	{ "GET https://a.b?q HTTP/1.1\r\nHost: a.b:443\r\n\r\n", "GET",
	  "https://a.b?q", "?q", "a.b", "a.b:443" },
	{ "GET http://a.b:81/ HTTP/1.0\r\n\r\n", "GET", "http://a.b:81/", "/",
	  "a.b", "a.b:81" },
	{ "GET http://[::A]/ HTTP/1.1\r\nHost: [::a]\r\n\r\n", "GET",
	  "http://[::A]/", "/", NULL, "[::a]" },
	{ "CONNECT a.b:443 HTTP/1.1\r\nHost: a.b:443\r\n\r\n", "CONNECT",
	  "a.b:443", "", "a.b", "a.b:443" },
	{ "CONNECT a.b:443 HTTP/1.1\r\nHost: a.b\r\n\r\n", "CONNECT", "a.b:443",
	  "", "a.b", "a.b" },
	{ "CONNECT 10.0.0.1:443 HTTP/1.0\r\n\r\n", "CONNECT", "10.0.0.1:443",
	  "", NULL, "10.0.0.1:443" },
	/* odd but good */
	{ "GET /{a}|\"<\\>^` HTTP/1.1\r\nHost: a.b\r\nX: \xc3\xa4 \"\t\"\r\n"
	  "X:\r\n\r\n",
	  "GET", "/{a}|\"<\\>^`", "/{a}|\"<\\>^`", "a.b", "a.b" },
	{ "GET /~!$&'()*+,;=:@%7e HTTP/1.1\r\nHost: a.b\r\n"
	  "azAZ09!#$%&'*+-.^_`|~: x\r\n\r\n",
	  "GET", "/~!$&'()*+,;=:@%7e", "/~!$&'()*+,;=:@%7e", "a.b", "a.b" },
	{ "GET HtTpZ+-.1://a.b:7/ HTTP/1.1\r\nHost: a.b:7\r\n\r\n", "GET",
	  "HtTpZ+-.1://a.b:7/", "/", "a.b", "a.b:7" },
	{ "GET //x/../y HTTP/1.1\r\nHost: a.b\r\n\r\n", "GET", "//x/../y",
	  "//x/../y", "a.b", "a.b" },
	{ "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_ABCD / HTTP/1.1\r\nHost: a.b\r\n\r\n",
	  "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_ABCD", "/", "/", "a.b", "a.b" },
};

static void good_heads_are_read(void **state)
{
	struct weir_head h;

	(void)state;
	for (size_t i = 0; i < LEN(good); i++) {
		const struct good *g = &good[i];

		if (whole(g->text, &h) != WEIR_HEAD_WHOLE)
			fail_msg("%s", g->text);
		CHECK_EQ(h.len, strlen(g->text));
		is_text(h.method, h.method_len, g->method);
		is_text(h.target, h.target_len, g->target);
		is_text(h.path, h.path_len, g->path);
		is_text(h.host_text, h.host_text_len, g->host);
		shows(&h, g->name);
		CHECK_EQ(h.minor, strstr(g->text, "HTTP/1.1") != NULL);
		CHECK_EQ(h.connect, strcmp(g->method, "CONNECT") == 0);
		CHECK_EQ(h.upgrade, h.connect);
		CHECK_EQ(h.body, WEIR_HEAD_BODY_NONE);
	}
}

static void every_part_of_a_good_head_is_more(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(good); i++)
		check_parts(good[i].text, strlen(good[i].text),
			    WEIR_HEAD_WHOLE);
}

static void bytes_after_a_head_are_not_looked_at(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(good); i++) {
		size_t n = strlen(good[i].text);
		char text[300];
		struct weir_head h;

		memcpy(text, good[i].text, n);
		memcpy(text + n, "\n\0\r", 3);
		CHECK_EQ(weir_head_parse((const uint8_t *)text, n + 3, &h),
			 WEIR_HEAD_WHOLE);
		CHECK_EQ(h.len, n);
	}
}

/* bad ones: to some server each of them is a request */

#define H "Host: a.b\r\n"

static const char *const bad[] = {
	/* the request line */
	"GET / HTTP/1.1\nHost: a.b\r\n\r\n",
	"GET  / HTTP/1.1\r\n" H "\r\n",
	"GET /  HTTP/1.1\r\n" H "\r\n",
	"GET / HTTP/1.1 \r\n" H "\r\n",
	"GET\t/ HTTP/1.1\r\n" H "\r\n",
	"GET /\tHTTP/1.1\r\n" H "\r\n",
	"GET\x0b/\x0bHTTP/1.1\r\n" H "\r\n",
	"GET\xa0/\xa0HTTP/1.1\r\n" H "\r\n",
	"GET\x1c/\x1cHTTP/1.1\r\n" H "\r\n",
	"GET\r/\rHTTP/1.1\r\n" H "\r\n",
	"GET x HTTP/\n",
	"GET a://\n",
	"GET / HTTP/1.1\r\r\n" H "\r\n",
	"GET /a b HTTP/1.1\r\n" H "\r\n",
	"GET /\x01 HTTP/1.1\r\n" H "\r\n",
	"GET /\x7f HTTP/1.1\r\n" H "\r\n",
	"GET /\xc3\xa4 HTTP/1.1\r\n" H "\r\n",
	"GET /#x HTTP/1.1\r\n" H "\r\n",
	"GET  HTTP/1.1\r\n" H "\r\n",
	"GET HTTP/1.1\r\n" H "\r\n",
	"GET / HTTP/1.2\r\n" H "\r\n",
	"GET / HTTP/2.0\r\n" H "\r\n",
	"GET / HTTP/11\r\n" H "\r\n",
	"GET / HTTP/1.10\r\n" H "\r\n",
	"GET / http/1.1\r\n" H "\r\n",
	"GET / HTTP/0.9\r\n" H "\r\n",
	"GET /\r\n" H "\r\n",
	"GET /\n",
	"GET http://a.b/\r\n",
	"GET x HTTP/1.1\r\n" H "\r\n",
	"GET x HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET * HTTP/1.1\r\n" H "\r\n",
	"GET ?x HTTP/1.1\r\n" H "\r\n",
	"PRI * HTTP/2.0\n\r\nSM\r\n\r\n",
	"PRI / HTTP/2.0\r\n\r\nSM\r\n\r\n",
	/* empty lines before it */
	"\r\nGET / HTTP/1.1\r\n" H "\r\n",
	"\nGET / HTTP/1.1\r\n" H "\r\n",
	"\r\r\n\nGET /\r\n" H "\r\n",
	"\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	/* targets with an authority */
	"GET http:///x HTTP/1.1\r\nHost:\r\n\r\n",
	"GET http://u@a.b/ HTTP/1.1\r\n" H "\r\n",
	"GET http://u:p@a.b/ HTTP/1.1\r\n" H "\r\n",
	"GET http://a.b:/ HTTP/1.1\r\n" H "\r\n",
	"GET http://a.b:99999/ HTTP/1.1\r\n" H "\r\n",
	"GET http://a.b\\@c.d/ HTTP/1.1\r\n" H "\r\n",
	"GET http://c.d/ HTTP/1.1\r\n" H "\r\n",
	"GET http://a.b:81/ HTTP/1.1\r\n" H "\r\n",
	"GET http://a.b/ HTTP/1.1\r\nHost:\r\n\r\n",
	"GET http://10.0.0.1/ HTTP/1.1\r\n" H "\r\n",
	"GET http://10.0.0.1/ HTTP/1.1\r\nHost: 10.0.0.2\r\n\r\n",
	"GET http://10.0.0.1/ HTTP/1.1\r\nHost: 10.0.0.10\r\n\r\n",
	"GET http:/a.b/ HTTP/1.1\r\n" H "\r\n",
	"GET ://a.b/ HTTP/1.1\r\n" H "\r\n",
	"GET ht_tp://a.b/ HTTP/1.1\r\n" H "\r\n",
	"GET 4http://a.b/ HTTP/1.1\r\n" H "\r\n",
	"GET a.b:80 HTTP/1.1\r\n" H "\r\n",
	"CONNECT a.b HTTP/1.1\r\n" H "\r\n",
	"CONNECT / HTTP/1.1\r\n" H "\r\n",
	"CONNECT http://a.b:443/ HTTP/1.1\r\n" H "\r\n",
	"CONNECT a.b:443 HTTP/1.1\r\nHost: c.d:443\r\n\r\n",
	"CONNECT a.b:443 HTTP/1.1\r\nHost: a.b:444\r\n\r\n",
	"CONNECT :443 HTTP/1.1\r\n\r\n",
	"CONNECT a.b:443 HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\n",
	"CONNECT a.b:443 HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n",
	/* Host */
	"GET / HTTP/1.1\r\n" H H "\r\n",
	"GET / HTTP/1.1\r\n" H "HOST: c.d\r\n\r\n",
	"GET / HTTP/1.1\r\nHost:\r\n" H "\r\n",
	"GET / HTTP/1.1\r\nHost: a.b, c.d\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: a.b c.d\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: a.b/\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: u@a.b\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: a.b:\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: a.b:x\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: a.b:65536\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: a.b:80:80\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: :80\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: a..b\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: \xc3\xa4.b\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: ::1\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: [a.b]\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: [10.0.0.1]\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: [v1.x]\r\n\r\n",
	/* the form of fields */
	"GET / HTTP/1.1\r\nHost : a.b\r\n\r\n",
	"GET / HTTP/1.1\r\nHost\t: a.b\r\n\r\n",
	"GET / HTTP/1.1\r\n Host: a.b\r\n\r\n",
	"GET / HTTP/1.1\r\n" H " c.d\r\n\r\n",
	"GET / HTTP/1.1\r\n" H "\tc.d\r\n\r\n",
	"GET / HTTP/1.1\r\n" H "X: 1\r\n 2\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: a.b\n\r\n",
	"GET / HTTP/1.1\r\nHost: a.b\r\n\n",
	"GET / HTTP/1.1\r\nHost: a.b\r\r\n\r\n",
	"GET / HTTP/1.1\r\nX: 1\rHost: c.d\r\n" H "\r\n",
	"GET / HTTP/1.1\r\nX: 1\x0bHost: c.d\r\n" H "\r\n",
	"GET / HTTP/1.1\r\n: a.b\r\n\r\n",
	"GET / HTTP/1.1\r\n:\r\n\r\n",
	"GET / HTTP/1.1\r\nHost\r\n\r\n",
	"GET / HTTP/1.1\r\nX(: 1\r\n" H "\r\n",
	"GET / HTTP/1.1\r\n\xc3: 1\r\n" H "\r\n",
	"GET / HTTP/1.1\r\nX: \x7f\r\n" H "\r\n",
	/* framing */
	"POST / HTTP/1.1\r\n" H
	"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
	"POST / HTTP/1.1\r\n" H
	"Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Content-Length: 1, 1\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Content-Length: 01\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Content-Length: 0x1\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Content-Length: 1 1\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Content-Length: 1_0\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Content-Length: 9223372036854775808\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551617\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Content-Length: 1\r\n"
	"Transfer-Encoding: chunked\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n"
	"Content-Length: 0\r\n\r\n",
	"POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, identity\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Transfer-Encoding: \"chunked\"\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Transfer-Encoding: \x0b"
	"chunked\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked;q=1\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n"
	"Transfer-Encoding: chunked\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Transfer_Encoding: chunked\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Content_Length: 1\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Connection: close, Host\r\n\r\n",
	"POST / HTTP/1.1\r\n" H "Connection: Content-Length\r\n"
	"Content-Length: 1\r\n\r\n",
};

static void what_servers_read_in_different_ways_is_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(bad); i++) {
		size_t n = strlen(bad[i]);

		if (is(bad[i], n) != WEIR_HEAD_BAD)
			fail_msg("%d: %s", (int)is(bad[i], n), bad[i]);
		check_parts(bad[i], n, WEIR_HEAD_BAD);
	}
}

static void nul_is_bad_wherever_it_stands_in_a_request(void **state)
{
	static const char request[] = "POST /path HTTP/1.1\r\nHost: a.b\r\n"
				      "Content-Length: 3\r\nX: y\r\n\r\n";
	char text[sizeof(request)];

	(void)state;
	CHECK_EQ(is(request, sizeof(request) - 1), WEIR_HEAD_WHOLE);
	for (size_t i = 5; i < sizeof(request) - 1; i++) {
		enum weir_head_is got;

		memcpy(text, request, sizeof(text));
		text[i] = 0;
		got = is(text, sizeof(text) - 1);
		/* in the version it is no HTTP any more */
		CHECK(got == WEIR_HEAD_BAD ||
		      (got == WEIR_HEAD_NO && i >= 10 && i < 16) ||
		      (got == WEIR_HEAD_MORE && i == sizeof(text) - 2));
	}
}

/* other protocols */

#define OTHER(text)                                                            \
	{                                                                      \
		text, sizeof(text) - 1                                         \
	}

static void other_protocols_are_told_by_their_first_line(void **state)
{
	static const struct {
		const char *b;
		size_t n;
	} others[] = {
		OTHER("EHLO client.example\r\n"),
		OTHER("NICK bob\r\n"),
		OTHER("USER bob\r\n"),
		OTHER("QUIT\r\n"),
		OTHER("A1 LOGIN bob secret\r\n"),
		OTHER("SET key value\r\n"),
		OTHER("GET key\r\n"),
		OTHER("PING\r\n"),
		OTHER("PING\n"),
		OTHER("REGISTER sip:a.example SIP/2.0\r\n"),
		OTHER("OPTIONS rtsp://a.example/x RTSP/1.0\r\n"),
		OTHER("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"),
		OTHER("CONNECT {\"verbose\":false}\r\n"), /* NATS */
		OTHER("STOR x\r\n"),
		OTHER("PRI * HTTP/2.0\r\n"), /* first.c knows better */
		OTHER("\r\nSTAT x\r\n"),
	};

	(void)state;
	for (size_t i = 0; i < LEN(others); i++) {
		if (is(others[i].b, others[i].n) != WEIR_HEAD_NO)
			fail_msg("%s", others[i].b);
		check_parts(others[i].b, others[i].n, WEIR_HEAD_NO);
	}
}

static void other_protocols_are_told_by_their_first_bytes(void **state)
{
	static const struct {
		const char *b;
		size_t n;
	} others[] = {
		OTHER("SSH-2"),
		OTHER("*1\r\n$4\r\nPING\r\n"),
		OTHER("AMQP\0"),
		OTHER("Hello"),
		OTHER("hello"),
		OTHER("get / HTTP/1.1\r\n"),
		OTHER("<stream>"),
		OTHER("{"),
		OTHER("0032git-upload-pack"),
		OTHER("\n\n{"),
		OTHER("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG"),
	};

	(void)state;
	for (size_t i = 0; i < LEN(others); i++) {
		if (is(others[i].b, others[i].n) != WEIR_HEAD_NO)
			fail_msg("%s", others[i].b);
	}
	for (unsigned c = 0; c < 256; c++) {
		char b = (char)c;
		bool may = (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
			   c == '\r' || c == '\n';

		CHECK_EQ(is(&b, 1), may ? WEIR_HEAD_MORE : WEIR_HEAD_NO);
	}
}

/* bounds */

static void a_head_that_never_ends_is_bad_at_the_limit(void **state)
{
	static const char *const starts[] = {
		"GET /",
		"GET / HTTP/1.1\r\nX: ",
		"GET / HTTP/1.1\r\nHost: a.b",
		"\r\n",
		"PATCH",
	};

	(void)state;
	for (size_t i = 0; i < LEN(starts); i++) {
		size_t n = strlen(starts[i]);

		memset(big, i == 3 ? '\n' : i == 4 ? ' ' : 'a', sizeof(big));
		memcpy(big, starts[i], n);
		CHECK_EQ(is((char *)big, WEIR_FIRST_BYTES - 1), WEIR_HEAD_MORE);
		CHECK_EQ(is((char *)big, WEIR_FIRST_BYTES), WEIR_HEAD_BAD);
		CHECK_EQ(is((char *)big, sizeof(big)), WEIR_HEAD_BAD);
	}
}

static void the_largest_head_is_read_and_one_byte_more_is_not(void **state)
{
	static const char start[] = "GET / HTTP/1.1\r\nHost: a.b\r\nX: ";
	size_t n = WEIR_FIRST_BYTES;

	(void)state;
	memset(big, 'a', sizeof(big));
	memcpy(big, start, sizeof(start) - 1);
	memcpy(big + n - 4, "\r\n\r\n", 4);
	CHECK_EQ(is((char *)big, n), WEIR_HEAD_WHOLE);
	CHECK_EQ(is((char *)big, sizeof(big)), WEIR_HEAD_WHOLE);
	memcpy(big + n - 4, "a\r\n\r\n", 5);
	CHECK_EQ(is((char *)big, n), WEIR_HEAD_BAD);
	CHECK_EQ(is((char *)big, n + 1), WEIR_HEAD_BAD);
}

static void many_fields_are_read(void **state)
{
	size_t at = 0;
	struct weir_head h;

	(void)state;
	at += (size_t)sprintf((char *)big, "GET / HTTP/1.1\r\n");
	while (at < WEIR_FIRST_BYTES - 20)
		at += (size_t)sprintf((char *)big + at, "a:\r\n");
	at += (size_t)sprintf((char *)big + at, "Host: a.b\r\n\r\n");
	CHECK_EQ(weir_head_parse(big, at, &h), WEIR_HEAD_WHOLE);
	CHECK_EQ(h.len, at);
	shows(&h, "a.b");
}

/* fields that decide */

static void the_body_is_framed_as_said(void **state)
{
	static const struct {
		const char *text;
		enum weir_head_body body;
		uint64_t length;
	} rows[] = {
		{ "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
		  WEIR_HEAD_BODY_NONE, 0 },
		{ "POST / HTTP/1.0\r\ncontent-length:12\r\n\r\n",
		  WEIR_HEAD_BODY_LENGTH, 12 },
		{ "GET / HTTP/1.1\r\nContent-Length: 9223372036854775807\r\n"
		  "\r\n",
		  WEIR_HEAD_BODY_LENGTH, INT64_MAX },
		{ "POST / HTTP/1.1\r\nTransfer-Encoding: Chunked \r\n\r\n",
		  WEIR_HEAD_BODY_CHUNKED, 0 },
		{ "POST / HTTP/1.1\r\nExpect: 100-continue\r\n"
		  "Transfer-Encoding: chunked\r\nTE: trailers\r\n"
		  "Connection: TE, close\r\n\r\n",
		  WEIR_HEAD_BODY_CHUNKED, 0 },
		{ "POST / HTTP/1.1\r\nX-Host: a\r\nHosts: b\r\n"
		  "X-Content-Length: c\r\n\r\n",
		  WEIR_HEAD_BODY_NONE, 0 },
	};
	struct weir_head h;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		CHECK_EQ(whole(rows[i].text, &h), WEIR_HEAD_WHOLE);
		CHECK_EQ(h.body, rows[i].body);
		CHECK_EQ(h.length, rows[i].length);
		CHECK(!h.upgrade);
	}
}

static void an_upgrade_is_seen_and_whether_it_hides_names(void **state)
{
	static const struct {
		const char *value;
		bool hides;
	} rows[] = {
		{ "websocket", false },
		{ "SPDY/3.1", false },
		{ "", false },
		{ "tcp", false },
		{ "h2c", true },
		{ "websocket, H2C", true },
		{ "HTTP/2.0", true },
		{ "TLS/1.2, HTTP/1.1", true },
		{ "foo/1,tls/1.0", true },
		{ "h2cx", false },
	};
	struct weir_head h;
	char text[200];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(
			text, sizeof(text),
			"GET / HTTP/1.1\r\nHost: a.b\r\nConnection: Upgrade\r\n"
			"upgrade: %s\r\n\r\n",
			rows[i].value);
		CHECK_EQ(whole(text, &h), WEIR_HEAD_WHOLE);
		CHECK(h.upgrade && !h.connect);
		CHECK_EQ(h.hides, rows[i].hides);
	}
}

static void accept_says_whether_json_is_preferred(void **state)
{
	static const struct {
		const char *fields;
		bool json;
	} rows[] = {
		{ "", false },
		{ "Accept:\r\n", false },
		{ "Accept: */*\r\n", false },
		{ "Accept: application/json\r\n", true },
		{ "accept: Application/JSON; charset=utf-8\r\n", true },
		{ "Accept: application/json;v=0\r\n", true },
		{ "Accept: application/json, application/json;q=0.1, "
		  "text/plain;q=0.5\r\n",
		  true },
		{ "Accept: application/json, text/plain, application/json\r\n",
		  true },
		{ "Accept: application/json;q=0.1, application/*, "
		  "text/plain;q=0.5\r\n",
		  false },
		{ "Accept: */*, application/json\r\n", true },
		{ "Accept: application/*\r\n", true },
		{ "Accept: application/json, text/plain, */*\r\n", true },
		{ "Accept: text/plain, application/json\r\n", false },
		{ "Accept: text/plain;q=0.5, application/json\r\n", true },
		{ "Accept: application/json;q=0.5, text/plain\r\n", false },
		{ "Accept: application/json;q=0\r\n", false },
		{ "Accept: application/json; Q=0.001\r\n", true },
		{ "Accept: application/json, */*\r\n", true },
		{ "Accept: application/json;q=0.9, */*;q=0.8\r\n", true },
		{ "Accept: application/json;q=0.8, */*;q=0.9\r\n", false },
		{ "Accept: text/*;q=1, application/*;q=1.000\r\n", false },
		{ "Accept: text/html,application/xhtml+xml,"
		  "application/xml;q=0.9,*/*;q=0.8\r\n",
		  false },
		{ "Accept: text/html;q=0.3\r\nAccept: application/json\r\n",
		  true },
		{ "Accept: application/json;q=x\r\n", false },
		{ "Accept: application/json;q=.5\r\n", false },
		{ "Accept: ,,;;, application/json;;q=0.5\r\n", true },
		{ "Accept: application/json;q=9\r\n", true },
	};
	struct weir_head h;
	char text[300];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%s\r\n",
			 rows[i].fields);
		CHECK_EQ(whole(text, &h), WEIR_HEAD_WHOLE);
		if (h.prefers_json != rows[i].json)
			fail_msg("%s", rows[i].fields);
	}
}

static void trailers_are_as_strict_as_heads(void **state)
{
	static const struct {
		const char *text;
		enum weir_head_is want;
		size_t len;
	} rows[] = {
		{ "\r\n", WEIR_HEAD_WHOLE, 2 },
		{ "\r\nGET", WEIR_HEAD_WHOLE, 2 },
		{ "A: b\r\nC:\r\n\r\n", WEIR_HEAD_WHOLE, 12 },
		{ "A: b\r\n", WEIR_HEAD_MORE, 0 },
		{ "", WEIR_HEAD_MORE, 0 },
		{ "\r", WEIR_HEAD_MORE, 0 },
		{ "\n", WEIR_HEAD_BAD, 0 },
		{ "A: b\n\r\n", WEIR_HEAD_BAD, 0 },
		{ "A: b\r\n c\r\n\r\n", WEIR_HEAD_BAD, 0 },
		{ "A : b\r\n\r\n", WEIR_HEAD_BAD, 0 },
		{ "A\r\n\r\n", WEIR_HEAD_BAD, 0 },
		{ "GET / HTTP/1.1\r\n\r\n", WEIR_HEAD_BAD, 0 },
		{ "Host: a.b\r\n\r\n", WEIR_HEAD_BAD, 0 },
		{ "Host: a.b\r\nX: y\r\n\r\n", WEIR_HEAD_BAD, 0 },
		{ "Content-Length: 0\r\n\r\n", WEIR_HEAD_BAD, 0 },
		{ "transfer-encoding: chunked\r\n\r\n", WEIR_HEAD_BAD, 0 },
		{ "Content_Length: 0\r\n\r\n", WEIR_HEAD_BAD, 0 },
	};
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		const uint8_t *b = (const uint8_t *)rows[i].text;

		CHECK_EQ(weir_head_parse_trailer(b, strlen(rows[i].text), &len),
			 rows[i].want);
		if (rows[i].want == WEIR_HEAD_WHOLE)
			CHECK_EQ(len, rows[i].len);
	}
	memset(big, 'a', sizeof(big));
	CHECK_EQ(weir_head_parse_trailer(big, WEIR_FIRST_BYTES - 1, &len),
		 WEIR_HEAD_MORE);
	CHECK_EQ(weir_head_parse_trailer(big, WEIR_FIRST_BYTES, &len),
		 WEIR_HEAD_BAD);
}

static void a_changed_byte_never_makes_it_change_its_mind(void **state)
{
	unsigned counts[5] = { 0 };

	(void)state;
	for (size_t i = 0; i < LEN(good); i++) {
		size_t n = strlen(good[i].text);

		for (size_t k = 0; k < n * 20; k++) {
			char text[300];
			enum weir_head_is all;

			memcpy(text, good[i].text, n);
			text[k / 20] = (char)(k * 37 + k / 20);
			all = is(text, n);
			counts[all]++;
			for (size_t part = 0; part < n; part += 3) {
				enum weir_head_is got = is(text, part);

				CHECK(got == WEIR_HEAD_MORE || got == all);
			}
		}
	}
	for (size_t i = WEIR_HEAD_MORE; i <= WEIR_HEAD_WHOLE; i++)
		CHECK(counts[i] > 50);
}

T_MAIN(T(good_heads_are_read), T(every_part_of_a_good_head_is_more),
       T(bytes_after_a_head_are_not_looked_at),
       T(what_servers_read_in_different_ways_is_bad),
       T(nul_is_bad_wherever_it_stands_in_a_request),
       T(other_protocols_are_told_by_their_first_line),
       T(other_protocols_are_told_by_their_first_bytes),
       T(a_head_that_never_ends_is_bad_at_the_limit),
       T(the_largest_head_is_read_and_one_byte_more_is_not),
       T(many_fields_are_read), T(the_body_is_framed_as_said),
       T(an_upgrade_is_seen_and_whether_it_hides_names),
       T(accept_says_whether_json_is_preferred),
       T(trailers_are_as_strict_as_heads),
       T(a_changed_byte_never_makes_it_change_its_mind))
