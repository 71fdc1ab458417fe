/* SPDX-License-Identifier: Apache-2.0 */
/* test_exchange.c - requests and answers, written anew; refusals; ends */
#include "talk.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define OK0    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define GET    "GET / HTTP/1.1\r\nHost: a.b\r\n\r\n"

static struct talk t;

/* what a guest says, and the host then hears */
static const struct {
	const char *says, *hears;
} requests[] = {
	{ GET, GET },
	{ "GET /a?b=c HTTP/1.1\r\nUser-Agent:x \r\nhost:A.b:443\r\nX:\r\n\r\n",
	  "GET /a?b=c HTTP/1.1\r\nUser-Agent: x\r\nhost: A.b:443\r\nX: "
	  "\r\n\r\n" },
	{ "POST / HTTP/1.1\r\ncontent-LENGTH: 5\r\nHost: a.b\r\n\r\nhello",
	  "POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: 5\r\n\r\nhello" },
	{ "POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: 0\r\n\r\n",
	  "POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: 0\r\n\r\n" },
	{ "POST / HTTP/1.1\r\nHost: a.b\r\n\r\n",
	  "POST / HTTP/1.1\r\nHost: a.b\r\n\r\n" },
	{ "POST / HTTP/1.1\r\nHost: a.b\r\nTransfer-Encoding: Chunked\r\n"
	  "Trailer: Y\r\n\r\n005\r\nhello\r\n0\r\nY:z\r\nConnection: q\r\n\r\n",
	  "POST / HTTP/1.1\r\nHost: a.b\r\nTrailer: Y\r\nTransfer-Encoding: "
	  "chunked\r\n\r\n5\r\nhello\r\n0\r\nY: z\r\n\r\n" },
	/* fields of the hop; Trailer without chunks */
	{ "GET / HTTP/1.1\r\nHost: a.b\r\nConnection: keep-alive, X-One\r\n"
	  "X-One: 1\r\nx-two: 2\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\n"
	  "Proxy-Authorization: x\r\nTrailer: x\r\nHTTP2-Settings: x\r\n"
	  "Upgrade: h2c\r\nCookie: a\r\nCookie: b\r\n\r\n",
	  "GET / HTTP/1.1\r\nHost: a.b\r\nx-two: 2\r\nCookie: a\r\nCookie: "
	  "b\r\n\r\n" },
	{ "GET / HTTP/1.1\r\nHost: a.b\r\nTE: gzip, trailers\r\nConnection: "
	  "TE\r\n\r\n",
	  "GET / HTTP/1.1\r\nHost: a.b\r\nTE: trailers\r\nConnection: "
	  "TE\r\n\r\n" },
	{ "GET / HTTP/1.1\r\nHost: a.b\r\nTE: gzip\r\n\r\n", GET },
	/* absolute targets, * */
	{ "GET https://a.b/c?d HTTP/1.1\r\nHost: a.b\r\n\r\n",
	  "GET /c?d HTTP/1.1\r\nHost: a.b\r\n\r\n" },
	{ "GET https://a.b?d HTTP/1.1\r\nHost: a.b\r\n\r\n",
	  "GET /?d HTTP/1.1\r\nHost: a.b\r\n\r\n" },
	{ "GET https://a.b HTTP/1.1\r\nHost: a.b\r\n\r\n", GET },
	{ "OPTIONS * HTTP/1.1\r\nHost: a.b\r\n\r\n",
	  "OPTIONS * HTTP/1.1\r\nHost: a.b\r\n\r\n" },
	{ "OPTIONS https://a.b HTTP/1.1\r\nHost: a.b\r\n\r\n",
	  "OPTIONS * HTTP/1.1\r\nHost: a.b\r\n\r\n" },
	{ "OPTIONS https://a.b/ HTTP/1.1\r\nHost: a.b\r\n\r\n",
	  "OPTIONS / HTTP/1.1\r\nHost: a.b\r\n\r\n" },
	/* any other Upgrade than websocket, and a handshake that is none */
	{ "GET / HTTP/1.1\r\nHost: a.b\r\nConnection: upgrade\r\nUpgrade: "
	  "foo/2\r\n\r\n",
	  GET },
	{ "GET / HTTP/1.1\r\nHost: a.b\r\nConnection: upgrade\r\nUpgrade: "
	  "websocket\r\nSec-WebSocket-Version: 12\r\n\r\n",
	  "GET / HTTP/1.1\r\nHost: a.b\r\nSec-WebSocket-Version: "
	  "12\r\n\r\n" },
	{ "GET / HTTP/1.1\r\nHost: a.b\r\nExpect: 100-continue\r\n"
	  "Content-Length: 0\r\n\r\n",
	  "GET / HTTP/1.1\r\nHost: a.b\r\nExpect: 100-continue\r\n"
	  "Content-Length: 0\r\n\r\n" },
	{ "GET / HTTP/1.1\r\nHost: a.b\r\nConnection: close\r\n\r\n",
	  "GET / HTTP/1.1\r\nHost: a.b\r\nConnection: close\r\n\r\n" },
	/* HTTP/1.0 */
	{ "GET / HTTP/1.0\r\nHost: a.b\r\n\r\n",
	  "GET / HTTP/1.1\r\nHost: a.b\r\nConnection: close\r\n\r\n" },
	{ "GET / HTTP/1.0\r\nHost: a.b\r\nExpect: 100-continue\r\nConnection: "
	  "keep-alive\r\n\r\n",
	  GET },
	{ "GET https://a.b/c HTTP/1.0\r\nX: y\r\n\r\n",
	  "GET /c HTTP/1.1\r\nHost: a.b\r\nX: y\r\nConnection: close\r\n\r\n" },
};

static void requests_are_written_anew(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LEN(requests) * 3; i++) {
		talk_begin(&t);
		/* chunks of what came at once are written as they came */
		if (!strstr(requests[i % LEN(requests)].says, "Chunked"))
			t.step = i / LEN(requests);
		talk_say(&t, GUEST, requests[i % LEN(requests)].says);
		talk_heard(&t, HOST, requests[i % LEN(requests)].hears);
		talk_heard(&t, GUEST, "");
		CHECK_EQ(t.told, 0);
		talk_end(&t);
	}
}

#define TELL(status, error, host, reason)                                      \
	status, "error: " error, "\nhost: " host "\nrule: none\nreason: " reason

static const struct {
	const char *says, *status, *error, *fields;
	enum weir_reason reason; /* told to the owner */
} refused[] = {
	{ "GET / HTTP/1.1\r\n\r\n",
	  TELL("400 Bad Request", "malformed", "none", "bad_head"),
	  WEIR_REASON_BAD_HEAD },
	{ "GET / HTTP/1.1\r\nHost:\r\n\r\n",
	  TELL("400 Bad Request", "malformed", "none", "bad_head"),
	  WEIR_REASON_BAD_HEAD },
	{ "GET / HTTP/1.1\r\nHost : a.b\r\n\r\n",
	  TELL("400 Bad Request", "malformed", "none", "bad_head"),
	  WEIR_REASON_BAD_HEAD },
	{ "POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: 1\r\n"
	  "Transfer-Encoding: chunked\r\n\r\n",
	  TELL("400 Bad Request", "malformed", "none", "bad_head"),
	  WEIR_REASON_BAD_HEAD },
	{ "BREW / HTTP/1.1\r\nHost: a.b\r\n\r\n",
	  TELL("501 Not Implemented", "this", "none", "bad_head"),
	  WEIR_REASON_BAD_HEAD },
	{ "CONNECT a.b:443 HTTP/1.1\r\nHost: a.b\r\n\r\n",
	  TELL("501 Not Implemented", "this", "a.b", "tunnel"),
	  WEIR_REASON_TUNNEL },
	{ "CONNECT c.d:443 HTTP/1.1\r\nHost: c.d\r\n\r\n",
	  TELL("501 Not Implemented", "this", "c.d", "tunnel"),
	  WEIR_REASON_TUNNEL },
	{ "\x16\x03\x01 hello",
	  TELL("400 Bad Request", "malformed", "none", "bad_head"),
	  WEIR_REASON_BAD_HEAD },
};

static void what_cannot_be_served_is_answered_and_ends(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LEN(refused); i++) {
		talk_begin(&t);
		talk_say(&t, GUEST, refused[i].says);
		CHECK(strncmp(t.got[GUEST], "HTTP/1.1 ", 9) == 0);
		CHECK(talk_has(&t, GUEST, refused[i].status));
		CHECK(talk_has(&t, GUEST, refused[i].error));
		CHECK(talk_has(&t, GUEST, refused[i].fields));
		CHECK(talk_has(&t, GUEST, "\r\nConnection: close\r\n"));
		talk_heard(&t, HOST, "");
		CHECK_EQ(t.told, 1);
		CHECK_EQ(t.reason, refused[i].reason);
		CHECK_EQ(t.asked, 0);
		CHECK_EQ(t.garbled, 1);
		CHECK_ENDS(&t, FIN, FIN);
		/* what comes after it is thrown away */
		talk_forget(&t);
		talk_say(&t, GUEST, GET);
		talk_heard(&t, HOST, "");
		talk_heard(&t, GUEST, "");
		talk_end(&t);
	}
}

static void what_cannot_be_served_is_searched_all_the_same(void **state)
{
	static const char *const says[] = {
		"GET / HTTP/1.1\r\nHost: a.b\r\nHost: a.b\r\nX: leak\r\n\r\n",
		"CONNECT a.b:443 HTTP/1.1\r\nHost: a.b\r\nX: leak\r\n\r\n",
		"GET / HTTP/1.1\r\nX: leak\r\n\r\n",
	};

	(void)state;
	for (unsigned i = 0; i < LEN(says); i++) {
		talk_begin(&t);
		talk_say(&t, GUEST, says[i]);
		CHECK(talk_has(&t, GUEST, "HTTP/1.1 403 "));
		CHECK(talk_has(&t, GUEST, "\nreason: leak\n"));
		CHECK_EQ(t.reason, WEIR_REASON_LEAK);
		talk_heard(&t, HOST, "");
		CHECK_ENDS(&t, FIN, FIN);
		talk_end(&t);
	}
}

static void a_head_that_is_too_large_is_431(void **state)
{
	static char bomb[20000];

	(void)state;
	memset(bomb, 'x', sizeof(bomb) - 1);
	memcpy(bomb, "GET / HTTP/1.1\r\nX: ", 19);
	for (unsigned step = 0; step < 1000; step += 333) {
		talk_begin(&t);
		t.step = step;
		talk_say(&t, GUEST, bomb);
		CHECK(talk_has(&t, GUEST, "HTTP/1.1 431 "));
		CHECK_ENDS(&t, FIN, FIN);
		CHECK_EQ(t.status, 431);
		talk_end(&t);
	}
}

static void a_denied_request_is_answered_and_the_next_one_served(void **state)
{
	static const char *const body[] = {
		"\r\n",
		"Content-Length: 5\r\n\r\nhello",
		"Transfer-Encoding: chunked\r\n\r\n1\r\nh\r\n0\r\nX: y\r\n\r\n",
		"Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
	};

	(void)state;
	for (unsigned i = 0; i < 2 * LEN(body); i++) {
		bool other = i / LEN(body);
		char head[100];

		talk_begin(&t);
		snprintf(head, sizeof(head),
			 "POST %s HTTP/1.1\r\nHost: %s\r\nAccept: %s\r\n",
			 other ? "/" : "/no", other ? "c.d" : "a.b",
			 i & 1 ? "application/json" : "*/*");
		talk_say(&t, GUEST, head);
		talk_say(&t, GUEST, body[i % LEN(body)]);
		CHECK(talk_has(&t, GUEST,
			       other ? "HTTP/1.1 421 " : "HTTP/1.1 403 "));
		CHECK(talk_has(&t, GUEST,
			       i & 1 ? "Content-Type: application/json\r\n"
				     : "Content-Type: text/plain"));
		CHECK(talk_has(&t, GUEST,
			       other ? "shown_mismatch" : "http_rule"));
		CHECK(talk_has(&t, GUEST, other ? "c.d" : "a.b"));
		CHECK(talk_has(&t, GUEST, "\r\nConnection: keep-alive\r\n"));
		CHECK(!talk_has(&t, GUEST, "100 Continue"));
		talk_heard(&t, HOST, "");
		CHECK_EQ(t.told, 0);
		CHECK_ENDS(&t, OPEN, OPEN);
		talk_forget(&t);
		talk_say(&t, GUEST, GET);
		talk_heard(&t, HOST, GET);
		talk_say(&t, HOST, OK0);
		talk_heard(&t, GUEST, OK0);
		CHECK_EQ(t.asked, 2);
		talk_end(&t);
	}
}

static void a_denied_request_with_a_large_body_is_the_last(void **state)
{
	static char chunk[0x4000 + 9];

	(void)state;
	talk_begin(&t);
	talk_say(&t, GUEST,
		 "POST /no HTTP/1.1\r\nHost: a.b\r\nContent-Length: "
		 "1048577\r\n\r\n");
	CHECK(talk_has(&t, GUEST, "HTTP/1.1 403 "));
	CHECK(talk_has(&t, GUEST, "\r\nConnection: close\r\n"));
	CHECK_ENDS(&t, FIN, FIN);
	talk_end(&t);
	/* how long it is cannot be known */
	talk_begin(&t);
	talk_say(&t, GUEST,
		 "POST /no HTTP/1.1\r\nHost: a.b\r\nTransfer-Encoding: "
		 "chunked\r\n\r\n");
	CHECK(talk_has(&t, GUEST, "\r\nConnection: keep-alive\r\n"));
	memset(chunk, 'x', sizeof(chunk));
	memcpy(chunk, "4000\r\n", 6);
	memcpy(chunk + sizeof(chunk) - 3, "\r\n", 3);
	for (unsigned i = 0; i < 63; i++)
		talk_say(&t, GUEST, chunk);
	CHECK_ENDS(&t, OPEN, OPEN);
	talk_say(&t, GUEST, chunk);
	CHECK_ENDS(&t, FIN, FIN);
	talk_end(&t);
}

static void the_answer_to_a_denied_head_has_no_body(void **state)
{
	(void)state;
	talk_begin(&t);
	talk_say(&t, GUEST, "HEAD /no HTTP/1.1\r\nHost: a.b\r\n\r\n");
	CHECK(strcmp(t.got[GUEST] + t.len[GUEST] - 4, "\r\n\r\n") == 0);
	talk_end(&t);
}

/* what a host says to GET or HEAD, and the guest then hears */
static const struct {
	const char *asks, *says, *hears;
	bool ends; /* the host's stream ends behind it */
} answers[] = {
	{ GET, OK0, OK0, false },
	{ GET, "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx",
	  "HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx", false },
	{ GET, "HTTP/1.1 404 Nicht da\r\ncontent-length: 1\r\nA:b\r\n\r\nx",
	  "HTTP/1.1 404 Nicht da\r\nA: b\r\nContent-Length: 1\r\n\r\nx",
	  false },
	{ GET,
	  "HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nTransfer-Encoding: chunked\r\n"
	  "Set-Cookie: b\r\nTrailer: X\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
	  "HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nTrailer: X\r\n"
	  "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
	  false },
	{ GET, "HTTP/1.1 200 OK\r\n\r\nhello",
	  "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked"
	  "\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	  true },
	{ GET, "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
	  "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
	  true },
	{ GET,
	  "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: "
	  "1\r\n\r\nx",
	  "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", false },
	{ GET,
	  "HTTP/1.1 200 OK\r\nConnection: close, X\r\nX: y\r\nUpgrade: "
	  "h2\r\nContent-Length: 1\r\n\r\nx",
	  "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
	  true },
	{ GET, "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n",
	  "HTTP/1.1 204 No\r\n\r\n", false },
	{ GET, "HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n",
	  "HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", false },
	{ "HEAD / HTTP/1.1\r\nHost: a.b\r\n\r\n",
	  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
	  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false },
	{ "HEAD / HTTP/1.1\r\nHost: a.b\r\n\r\n",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
	  "HTTP/1.1 200 OK\r\n\r\n", false },
	{ GET,
	  "HTTP/1.1 103 Early\r\nLink: x\r\nConnection: close\r\n\r\n"
	  "HTTP/1.1 100 Continue\r\n\r\n" OK0,
	  "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 100 "
	  "Continue\r\n\r\n" OK0,
	  false },
	/* to HTTP/1.0 */
	{ "GET / HTTP/1.0\r\nHost: a.b\r\n\r\n",
	  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: "
	  "chunked\r\n\r\n5\r\nhello\r\n4\r\n you\r\n0\r\nX: y\r\n\r\n",
	  "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello you", true },
	{ "GET / HTTP/1.0\r\nHost: a.b\r\nConnection: keep-alive\r\n\r\n", OK0,
	  "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: "
	  "0\r\n\r\n",
	  false },
	{ "GET / HTTP/1.1\r\nHost: a.b\r\nConnection: close\r\n\r\n", OK0,
	  "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
	  true },
};

static void answers_are_written_anew(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LEN(answers) * 3; i++) {
		unsigned k = i % LEN(answers);

		talk_begin(&t);
		talk_say(&t, GUEST, answers[k].asks);
		talk_forget(&t);
		/* chunks of what came at once are written as they came */
		t.step = i < LEN(answers) ? 0 : 1000 * (i / LEN(answers));
		talk_say(&t, HOST, answers[k].says);
		if (answers[k].ends)
			talk_hang_up(&t, HOST);
		talk_heard(&t, GUEST, answers[k].hears);
		talk_heard(&t, HOST, "");
		CHECK_EQ(t.told, 0);
		if (answers[k].ends) {
			CHECK_ENDS(&t, FIN, FIN);
		} else {
			CHECK_ENDS(&t, OPEN, OPEN);
			talk_say(&t, GUEST, GET);
			talk_heard(&t, HOST, GET);
		}
		talk_end(&t);
	}
}

static const char *const no_answers[] = {
	"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: "
	"chunked\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
	"HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
	"HTTP/1.1 200 OK\n\n",
	"SSH-2.0-OpenSSH\r\n",
	"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: "
	"websocket\r\nSec-WebSocket-Accept: x\r\n\r\n",
	"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
};

static void what_is_no_answer_is_502(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LEN(no_answers); i++) {
		talk_begin(&t);
		talk_say(&t, GUEST, GET);
		talk_say(&t, HOST, no_answers[i]);
		CHECK(talk_has(&t, GUEST, "HTTP/1.1 502 "));
		CHECK(talk_has(&t, GUEST, "\nreason: bad_answer\n"));
		CHECK_EQ(t.reason, WEIR_REASON_BAD_ANSWER);
		CHECK_ENDS(&t, FIN, RESET);
		talk_end(&t);
	}
}

static void a_flood_of_interim_answers_is_no_answer(void **state)
{
	(void)state;
	talk_begin(&t);
	talk_say(&t, GUEST, GET);
	for (unsigned i = 0; i < WEIR_EXCHANGE_INTERIM_MAX; i++)
		talk_say(&t, HOST, "HTTP/1.1 102 Wait\r\n\r\n");
	CHECK_ENDS(&t, OPEN, OPEN);
	talk_say(&t, HOST, "HTTP/1.1 102 Wait\r\n\r\n");
	CHECK(talk_has(&t, GUEST, "HTTP/1.1 502 "));
	talk_end(&t);
}

static void a_host_that_cannot_be_asked_is_502_with_the_reason(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		talk_begin(&t);
		if (i)
			talk_say(&t, GUEST, GET);
		weir_exchange_fail(t.x, WEIR_REASON_CLIENT_CERT,
				   "add it to tls.bypass");
		if (!i)
			talk_say(&t, GUEST, GET);
		talk_carry(&t);
		CHECK(talk_has(&t, GUEST, "HTTP/1.1 502 Bad Gateway\r\n"));
		CHECK(talk_has(&t, GUEST, "\nreason: client_cert\n"));
		CHECK(talk_has(&t, GUEST, "\ndetail: add it to tls.bypass\n"));
		CHECK_EQ(t.reason, WEIR_REASON_CLIENT_CERT);
		talk_end(&t);
	}
	/* a denial is told even then */
	talk_begin(&t);
	weir_exchange_fail(t.x, WEIR_REASON_REFUSED, NULL);
	talk_say(&t, GUEST, "GET /no HTTP/1.1\r\nHost: a.b\r\n\r\n");
	CHECK(talk_has(&t, GUEST, "HTTP/1.1 403 "));
	talk_end(&t);
}

T_MAIN(T(requests_are_written_anew),
       T(what_cannot_be_served_is_answered_and_ends),
       T(what_cannot_be_served_is_searched_all_the_same),
       T(a_head_that_is_too_large_is_431),
       T(a_denied_request_is_answered_and_the_next_one_served),
       T(a_denied_request_with_a_large_body_is_the_last),
       T(the_answer_to_a_denied_head_has_no_body), T(answers_are_written_anew),
       T(what_is_no_answer_is_502), T(a_flood_of_interim_answers_is_no_answer),
       T(a_host_that_cannot_be_asked_is_502_with_the_reason))
