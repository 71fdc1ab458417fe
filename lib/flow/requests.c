/* SPDX-License-Identifier: Apache-2.0 */
/*
 * requests.c - where each request of an HTTP/1 connection begins
 *
 *	        ┌──────────── no body ────────────┐
 *	        ▼                                 │
 *	 ┌─► HEAD ──allow()─┬──► LENGTH ──look()──┤
 *	 │                  ├──► CHUNKS           │
 *	 │                  │      └► TRAILER ────┘
 *	 │                  └──► WAIT ──answer()──┬──► FREE
 *	 └────────────────────────────────────────┘
 *	 any state ──► BAD
 *
 * How it works.  Heads and trailers must be complete before they go on, since
 * what they say counts as a whole.  All else in a body goes on as it comes: a
 * body of known length by one PASS, a chunked one as packet/chunked finds it.
 * So where the bytes are cut makes no difference, and nothing is kept here but
 * numbers; the same goes for the server's answer to an Upgrade.
 *
 * Invariants:
 *  1. Every byte of the client is in exactly one PASS or allowed head.
 *  2. left > 0 in LENGTH.
 *
 * RFC 9112 6, 9.3 (pipelining); 9110 7.8 (Upgrade), 9.3.6 (CONNECT), 15.2
 * (interim answers).
 */
#include "flow/requests.h"

#include "base/limits.h"
#include "base/must.h"
#include "base/rd.h"

#define STATUS_BYTES 12u /* HTTP/1.1 200 */

enum state {
	STATE_HEAD = 1,
	STATE_LENGTH,
	STATE_CHUNKS,
	STATE_TRAILER,
	STATE_WAIT,
	STATE_FREE,
	STATE_BAD,
};

void weir_requests_init(struct weir_requests *r)
{
	*r = (struct weir_requests){ .state = STATE_HEAD };
}

static enum weir_requests_is bad(struct weir_requests *r)
{
	r->state = STATE_BAD;
	return WEIR_REQUESTS_BAD;
}

static enum weir_requests_is look_head(struct weir_requests *r,
				       const uint8_t *b, size_t len, bool last,
				       struct weir_head *ret)
{
	switch (weir_head_parse(b, len, ret)) {
	case WEIR_HEAD_MORE:
		return last && len ? bad(r) : WEIR_REQUESTS_MORE;
	case WEIR_HEAD_NO:
	case WEIR_HEAD_BAD:
		return bad(r);
	case WEIR_HEAD_WHOLE:
		break;
	}
	if (ret->connect && r->later)
		return bad(r);
	return WEIR_REQUESTS_HEAD;
}

static enum weir_requests_is look_trailer(struct weir_requests *r,
					  const uint8_t *b, size_t len,
					  bool last, uint64_t *ret_pass)
{
	size_t n = 0;

	switch (weir_head_parse_trailer(b, len, &n)) {
	case WEIR_HEAD_MORE:
		return last && len ? bad(r) : WEIR_REQUESTS_MORE;
	case WEIR_HEAD_NO:
	case WEIR_HEAD_BAD:
		return bad(r);
	case WEIR_HEAD_WHOLE:
		break;
	}
	*ret_pass = n;
	r->state = STATE_HEAD;
	return WEIR_REQUESTS_PASS;
}

static enum weir_requests_is look_chunks(struct weir_requests *r,
					 struct weir_rd in, uint64_t *ret_pass)
{
	size_t len = in.left;
	enum weir_chunked_is is;
	struct weir_rd data;

	do {
		is = weir_chunked_look(&r->chunks, &in, len, &data);
	} while (is == WEIR_CHUNKED_DATA);
	if (is == WEIR_CHUNKED_BAD)
		return bad(r);
	if (is == WEIR_CHUNKED_END)
		r->state = STATE_TRAILER;
	*ret_pass = len - in.left;
	return WEIR_REQUESTS_PASS;
}

enum weir_requests_is weir_requests_look(struct weir_requests *r,
					 const uint8_t *b, size_t len,
					 bool last, uint64_t *ret_pass,
					 struct weir_head *ret_head)
{
	switch ((enum state)r->state) {
	case STATE_HEAD:
		return look_head(r, b, len, last, ret_head);
	case STATE_LENGTH:
		*ret_pass = r->left;
		r->left = 0;
		r->state = STATE_HEAD;
		return WEIR_REQUESTS_PASS;
	case STATE_CHUNKS:
		return len ? look_chunks(r, weir_rd_over(b, len), ret_pass)
			   : WEIR_REQUESTS_MORE;
	case STATE_TRAILER:
		return look_trailer(r, b, len, last, ret_pass);
	case STATE_WAIT:
		return WEIR_REQUESTS_WAIT;
	case STATE_FREE:
		return WEIR_REQUESTS_FREE;
	case STATE_BAD:
		break;
	}
	return WEIR_REQUESTS_BAD;
}

void weir_requests_allow(struct weir_requests *r, const struct weir_head *head)
{
	bool first = !r->later;

	weir_must(r->state == STATE_HEAD);
	r->later = true;
	r->connect = head->connect;
	r->left = 0;
	switch (head->body) {
	case WEIR_HEAD_BODY_NONE:
		if (head->upgrade && !head->hides && first)
			r->state = STATE_WAIT;
		break;
	case WEIR_HEAD_BODY_LENGTH:
		r->left = head->length;
		r->state = STATE_LENGTH;
		break;
	case WEIR_HEAD_BODY_CHUNKED:
		weir_chunked_init(&r->chunks);
		r->state = STATE_CHUNKS;
		break;
	}
}

/* One byte of the server's answer.  True: its status is known, or no status. */
static bool hear(struct weir_requests *r, uint8_t c)
{
	static const uint8_t start[] = "HTTP/1.? ???";
	uint8_t want = start[r->at < STATUS_BYTES ? r->at : 0];

	if (r->at == STATUS_BYTES) { /* the rest of an interim answer */
		if (c == '\n' && !r->line) {
			r->at = 0;
			r->status = 0;
		} else if (c != '\r') {
			r->line = c != '\n';
		}
		return false;
	}
	if (want != '?' && c != want)
		return true;
	r->at++;
	if (r->at > STATUS_BYTES - 3) {
		if (c < '0' || c > '9') {
			r->status = 0;
			return true;
		}
		r->status = (uint16_t)(r->status * 10 + (c - '0'));
	}
	r->line = true;
	return r->at == STATUS_BYTES &&
	       (r->status / 100 != 1 || r->status == 101);
}

bool weir_requests_answer(struct weir_requests *r, const uint8_t *b, size_t len)
{
	bool told = false;

	if (r->state != STATE_WAIT)
		return true;
	for (size_t i = 0; i < len && !told; i++) {
		told = hear(r, b[i]);
		if (++r->heard < WEIR_FIRST_BYTES || told)
			continue;
		told = true;
		r->status = 0;
	}
	if (!told)
		return false;
	if (r->at != STATUS_BYTES)
		r->status = 0;
	r->state = STATE_HEAD;
	if (r->connect ? r->status / 100 == 2 : r->status == 101)
		r->state = STATE_FREE;
	return true;
}
