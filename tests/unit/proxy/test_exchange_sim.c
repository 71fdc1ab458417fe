/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_exchange_sim.c - a guest and a host that talk by chance, and two readers
 *
 * A guest sends requests of every kind, one behind the other, cut anywhere; a
 * host answers those that reach it, some early; either may not read for a while.
 * What each of them gets is read by the slow reader and compared with what the
 * other one meant.
 */
#include "../flow/dice.h"
#include "slow.h"
#include "talk.h"

#define REQUESTS 8u
#define BYTES    300000u

/** struct turn - a request as it was meant, and its answer */
struct turn {
	char first[100], fields[400], trailers[100], says[400];
	char body[40000], answer[40000];
	size_t len, answer_len;
	bool to_head, allowed;
	int status;
};

static struct world {
	struct dice dice;
	struct talk t;
	struct turn turn[REQUESTS];
	unsigned turns, reached, heard;
	char guest[BYTES], host[BYTES];
	size_t guest_len, guest_at, host_len, host_at;
	size_t host_read, guest_read; /* of what each got */
	bool early;
	struct slow m;
} w;

static uint32_t below(uint32_t n)
{
	return dice_below(&w.dice, n);
}

static void add(char *to, size_t *len, const char *bytes, size_t n)
{
	CHECK(*len + n < BYTES);
	memcpy(to + *len, bytes, n);
	*len += n;
	to[*len] = 0;
}

static void add_text(char *to, size_t *len, const char *text)
{
	add(to, len, text, strlen(text));
}

static size_t fill(char *body)
{
	static const uint32_t most[] = { 1, 10, 300, 39000 };
	size_t n = below(most[below(4)]);

	for (size_t i = 0; i < n; i++)
		body[i] = "\r\n0 GETxyz"[below(10)];
	return n;
}

static void add_chunks(char *to, size_t *len, const char *body, size_t n,
		       const char *trailers)
{
	char size[40];

	for (size_t part; n; body += part, n -= part) {
		part = 1 + below(below(2) ? 20 : 20000);
		part = part < n ? part : n;
		snprintf(size, sizeof(size), below(2) ? "%zx\r\n" : "00%zX\r\n",
			 part);
		add_text(to, len, size);
		add(to, len, body, part);
		add_text(to, len, "\r\n");
	}
	add_text(to, len, "0\r\n");
	add_text(to, len, trailers);
	add_text(to, len, "\r\n");
}

/* fields as they are sent, and as they must arrive */
static void add_fields(char *to, size_t *len, char *want)
{
	static const char *const sent[][2] = {
		{ "X-A:b\r\n", "X-A: b|" },
		{ "x_a:  \t b c \t\r\n", "x_a: b c|" },
		{ "Cookie: a=b\r\n", "Cookie: a=b|" },
		{ "X-Empty:\r\n", "X-Empty: |" },
		{ "Keep-Alive: 5\r\n", "" },
		{ "Connection: x-hop\r\nX-Hop: 1\r\n", "" },
		{ "Proxy-Connection: keep-alive\r\n", "" },
		{ "Accept: */*\r\n", "Accept: */*|" },
	};

	for (unsigned n = below(5); n; n--) {
		uint32_t i = below(8);

		add_text(to, len, sent[i][0]);
		strcat(want, sent[i][1]);
	}
}

static void make_request(unsigned i)
{
	static const char *const method[] = { "GET",  "POST",   "PUT",
					      "HEAD", "DELETE", "PROPFIND" };
	static const char *const path[] = { "/", "/a?b", "/no/way", "/%2f" };
	struct turn *q = &w.turn[i];
	uint32_t m = below(6), p = below(4), kind = below(4);
	const char *host = below(8) ? "a.b" : "c.d";
	char text[200];

	memset(q, 0, sizeof(*q));
	q->to_head = m == 3;
	q->allowed = p != 2 && host[0] == 'a';
	q->status = host[0] != 'a' ? 421 : p == 2 ? 403 : 0;
	snprintf(q->first, sizeof(q->first), "%s %s HTTP/1.1", method[m],
		 path[p]);
	snprintf(text, sizeof(text), "%s\r\nHost: %s\r\n", q->first, host);
	snprintf(q->fields, sizeof(q->fields), "Host: %s|", host);
	add_text(w.guest, &w.guest_len, text);
	add_fields(w.guest, &w.guest_len, q->fields);
	if (kind == 0) {
		q->len = fill(q->body);
		snprintf(text, sizeof(text), "content-length: %zu\r\n\r\n",
			 q->len);
		add_text(w.guest, &w.guest_len, text);
		add(w.guest, &w.guest_len, q->body, q->len);
	} else if (kind == 1) {
		q->len = fill(q->body);
		add_text(w.guest, &w.guest_len,
			 "Transfer-Encoding: chunked\r\n\r\n");
		if (below(2))
			strcpy(q->trailers, "X-T: z|");
		add_chunks(w.guest, &w.guest_len, q->body, q->len,
			   q->trailers[0] ? "X-T:z\r\n" : "");
	} else {
		add_text(w.guest, &w.guest_len, "\r\n");
	}
}

static void make_answer(struct turn *q)
{
	static const int codes[] = { 200, 404, 204, 304, 500 };
	char text[200];
	bool bare;

	for (unsigned n = below(3); n; n--)
		add_text(w.host, &w.host_len,
			 "HTTP/1.1 103 Early\r\nLink: x\r\n\r\n");
	q->status = codes[below(5)];
	bare = q->to_head || q->status == 204 || q->status == 304;
	q->answer_len = fill(q->answer);
	snprintf(text, sizeof(text), "HTTP/1.1 %d Say what\r\n", q->status);
	add_text(w.host, &w.host_len, text);
	add_fields(w.host, &w.host_len, q->says);
	if (below(2)) {
		snprintf(text, sizeof(text), "Content-Length:%zu\r\n\r\n",
			 q->answer_len);
		add_text(w.host, &w.host_len, text);
		if (!bare)
			add(w.host, &w.host_len, q->answer, q->answer_len);
	} else {
		add_text(w.host, &w.host_len,
			 "Transfer-Encoding: chunked\r\n\r\n");
		if (!bare)
			add_chunks(w.host, &w.host_len, q->answer,
				   q->answer_len, below(2) ? "A: b\r\n" : "");
	}
	if (bare)
		q->answer_len = 0;
}

/* the host reads, and answers what is whole; or whose head is, early */
static void host_reads(void)
{
	const char *at = w.t.got[HOST] + w.host_read;
	size_t n = slow_read(at, w.t.len[HOST] - w.host_read, false, &w.m);
	struct turn *q;

	if (!w.m.first[0])
		return;
	while (w.reached < w.turns && !w.turn[w.reached].allowed)
		w.reached++;
	CHECK(w.reached < w.turns);
	q = &w.turn[w.reached];
	assert_string_equal(w.m.first, q->first);
	assert_string_equal(w.m.fields, q->fields);
	if (!w.early && (n || below(4) == 0)) {
		w.early = true;
		make_answer(q);
	}
	if (n == 0)
		return;
	CHECK_EQ(w.m.len, q->len);
	CHECK(memcmp(w.m.body, q->body, q->len) == 0);
	assert_string_equal(w.m.trailers, q->trailers);
	CHECK(!w.m.close);
	w.host_read += n;
	w.reached++;
	w.early = false;
}

static bool guest_reads(void)
{
	const char *at = w.t.got[GUEST] + w.guest_read;
	struct turn *q = &w.turn[w.heard];
	size_t n = slow_read(at, w.t.len[GUEST] - w.guest_read,
			     w.heard < w.turns && q->to_head, &w.m);

	if (n == 0)
		return false;
	CHECK(w.heard < w.turns);
	w.guest_read += n;
	if (w.m.status == 103)
		return true;
	CHECK_EQ(w.m.status, q->status);
	if (q->allowed) {
		CHECK_EQ(w.m.len, q->answer_len);
		CHECK(memcmp(w.m.body, q->answer, w.m.len) == 0);
		assert_string_equal(w.m.fields, q->says);
	} else {
		CHECK(q->to_head || strstr(w.m.body, "reason: "));
	}
	CHECK(!w.m.close);
	w.heard++;
	return true;
}

static void some(enum weir_exchange_side side, const char *from, size_t len,
		 size_t *at)
{
	size_t n = below(2) ? below(40) : below(30000);

	n = n < len - *at ? n : len - *at;
	*at += talk_offer(&w.t, side, from + *at, n);
}

static void play(uint64_t seed)
{
	memset(&w, 0, offsetof(struct world, m));
	w.dice.state = seed;
	talk_begin(&w.t);
	w.turns = 1 + below(REQUESTS);
	for (unsigned i = 0; i < w.turns; i++)
		make_request(i);
	for (unsigned patience = 30000;
	     w.heard < w.turns || w.guest_at < w.guest_len; patience--) {
		CHECK(patience > 0);
		w.t.step = below(3) ? 0 : 1 + below(5000);
		w.t.shut[GUEST] = below(4) == 0;
		w.t.shut[HOST] = below(4) == 0;
		if (below(2))
			some(GUEST, w.guest, w.guest_len, &w.guest_at);
		else
			some(HOST, w.host, w.host_len, &w.host_at);
		host_reads();
		while (guest_reads())
			;
	}
	w.t.shut[GUEST] = w.t.shut[HOST] = false;
	talk_carry(&w.t);
	CHECK_EQ(w.guest_at, w.guest_len);
	CHECK_EQ(w.host_at, w.host_len);
	CHECK_ENDS(&w.t, OPEN, OPEN);
	CHECK_EQ(w.t.told, 0);
	talk_end(&w.t);
}

static void what_one_meant_the_other_one_reads(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 1500; seed++)
		play(seed);
}

T_MAIN(T(what_one_meant_the_other_one_reads))
