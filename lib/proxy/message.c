/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message.c - one HTTP/1 message after another, read from a stream
 *
 *	      ┌──────────────── END ─────────────────┐
 *	      ▼                                      │
 *	    HEAD ──look_head()──┬──► NONE ───────────┤
 *	                        ├──► LENGTH ─────────┤
 *	                        ├──► CLOSE ── last ──┤
 *	                        └──► CHUNKS          │
 *	                               └► TRAILER ───┘
 *	any state ──► BAD
 *
 * How it works.  A head is looked at again only when a line of it has come to
 * its end, so a head that drips costs its lines times its bytes, both bounded;
 * the first bytes are looked at one by one, because a client that speaks
 * something else may wait for an answer before it ends a line.  A request is
 * read by packet/head; the status line of an answer and the framing of its body
 * here, that of a chunked one by packet/chunked.
 *
 * Whatever this reader steps over is shown to the second one at once (second.c)
 * and is BAD if that one found anything else in it.
 *
 * Invariants:
 *  1. Every byte of the stream is in exactly one @eat.
 *  2. left > 0 in LENGTH.
 *  3. Of a head or trailers nothing is eaten before all of it is.
 *
 * Answers are read as strictly as requests.  Beyond RFC 9112: one
 * Content-Length, a decimal number below 2^63; Transfer-Encoding is "chunked"
 * and nothing else, not in HTTP/1.0, not beside Content-Length; both are looked
 * at, and must be good, also where the status says that there is no body.
 *
 * RFC 9112 4 (status line), 6.3 (length); RFC 9110 15.
 */
#include "proxy/message.h"

#include "base/limits.h"
#include "base/must.h"
#include "base/text.h"
#include "packet/field.h"

#define NUMBER_MAX   ((uint64_t)INT64_MAX)
#define FIRST_LOOKS  64u /* bytes that show what is no HTTP at all */
#define STATUS_BYTES 12u /* HTTP/1.1 200 */

_Static_assert(WEIR_MESSAGE_HEAD_BYTES < WEIR_FIRST_BYTES,
	       "the limit of packet/head must not be met first");

enum state {
	STATE_HEAD = 1,
	STATE_NONE,
	STATE_LENGTH,
	STATE_CLOSE,
	STATE_CHUNKS,
	STATE_TRAILER,
	STATE_BAD,
};

void weir_message_init(struct weir_message *m, bool answers)
{
	*m = (struct weir_message){ .state = STATE_HEAD, .answers = answers };
}

void weir_message_expect(struct weir_message *m, bool to_head)
{
	m->to_head = to_head;
}

bool weir_message_is_begun(const struct weir_message *m)
{
	return m->state != STATE_HEAD && m->state != STATE_BAD;
}

static enum weir_message_is bad(struct weir_message *m,
				enum weir_message_fault fault)
{
	m->state = STATE_BAD;
	m->fault = fault;
	return WEIR_MESSAGE_BAD;
}

/* --- a block of lines: a head, or trailers --- */

/*
 * Is it worth a look?  Lines are counted as they come, so that a bomb of them
 * is known for one before it is read.
 */
static bool has_news(struct weir_message *m, const uint8_t *b, size_t len)
{
	bool news =
		m->lines == 0 && len > m->scanned && m->scanned < FIRST_LOOKS;

	while (m->scanned < len) {
		const uint8_t *lf =
			memchr(b + m->scanned, '\n', len - m->scanned);

		if (!lf) {
			m->scanned = len;
			break;
		}
		m->scanned = (size_t)(lf - b) + 1;
		news = true;
		if (m->lines++ > WEIR_MESSAGE_FIELDS_MAX)
			break;
	}
	return news;
}

static void begin_block(struct weir_message *m)
{
	m->scanned = 0;
	m->lines = 0;
}

/* lines of a block that is not whole, the first one apart */
static bool is_large(const struct weir_message *m, size_t len)
{
	return len >= WEIR_MESSAGE_HEAD_BYTES ||
	       m->lines > WEIR_MESSAGE_FIELDS_MAX + 1;
}

static unsigned count_fields(struct weir_rd fields)
{
	struct weir_rd name, value;
	unsigned n = 0;

	while (weir_field_next(&fields, &name, &value) == WEIR_FIELD_HERE)
		n++;
	return n;
}

/* --- the head of an answer --- */

static bool parse_status_line(struct weir_rd line,
			      struct weir_message_answer *a)
{
	const uint8_t *at = weir_rd_take(&line, STATUS_BYTES);

	if (!at || memcmp(at, "HTTP/1.", 7) != 0 ||
	    (at[7] != '0' && at[7] != '1') || at[8] != ' ')
		return false;
	a->minor = (uint8_t)(at[7] - '0');
	a->status = 0;
	for (unsigned i = 9; i < STATUS_BYTES; i++) {
		if (at[i] < '0' || at[i] > '9')
			return false;
		a->status = (uint16_t)(a->status * 10 + (at[i] - '0'));
	}
	/* many leave out the space where they have no phrase */
	if (line.left && weir_rd_u8(&line) != ' ')
		return false;
	for (size_t i = 0; i < line.left; i++) {
		uint8_t c = line.at[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	a->phrase = line;
	return a->status >= 100;
}

/**
 * struct framing - what the fields of an answer say of its body
 * @length, @coding: their values; where .at is NULL there was none
 */
struct framing {
	struct weir_rd length, coding;
};

static bool once(struct weir_rd *to, struct weir_rd value)
{
	if (to->at)
		return false;
	*to = value;
	return true;
}

static bool take_field(struct weir_rd name, struct weir_rd value,
		       struct framing *f)
{
	if (weir_field_is_disguised(name))
		return false;
	if (weir_field_is(name, "content-length"))
		return once(&f->length, value);
	if (weir_field_is(name, "transfer-encoding"))
		return once(&f->coding, value);
	return true;
}

static bool is_bodiless(const struct weir_message *m)
{
	uint16_t status = m->answer.status;

	return m->to_head || status / 100 == 1 || status == 204 ||
	       status == 304;
}

/* RFC 9112 6.3, where nothing may be said twice */
static bool finish_body(struct weir_message *m, const struct framing *f)
{
	struct weir_message_answer *a = &m->answer;

	a->has_length = f->length.at;
	a->length = 0;
	m->body = WEIR_MESSAGE_BODY_CLOSE;
	if (f->coding.at) {
		if (a->has_length || a->minor == 0 ||
		    !weir_field_is(f->coding, "chunked"))
			return false;
		m->body = WEIR_MESSAGE_BODY_CHUNKED;
	}
	if (a->has_length) {
		if (!weir_text_parse_u64((const char *)f->length.at,
					 f->length.left, NUMBER_MAX,
					 &a->length))
			return false;
		m->body = a->length ? WEIR_MESSAGE_BODY_LENGTH
				    : WEIR_MESSAGE_BODY_NONE;
	}
	m->left = a->length;
	if (is_bodiless(m))
		m->body = WEIR_MESSAGE_BODY_NONE;
	return true;
}

static enum weir_head_is parse_answer(struct weir_message *m, struct weir_rd in,
				      size_t *ret_len)
{
	struct weir_rd line, name, value;
	struct framing f = { .length = { .at = NULL } };
	size_t all = in.left;
	enum weir_field_is is;

	if (in.left && memcmp(in.at, "HTTP/1.", in.left < 7 ? in.left : 7) != 0)
		return WEIR_HEAD_BAD; /* another protocol may end no line */
	is = weir_field_line(&in, &line);
	if (is != WEIR_FIELD_HERE)
		return is == WEIR_FIELD_MORE ? WEIR_HEAD_MORE : WEIR_HEAD_BAD;
	if (!parse_status_line(line, &m->answer))
		return WEIR_HEAD_BAD;
	while ((is = weir_field_next(&in, &name, &value)) != WEIR_FIELD_END) {
		if (is == WEIR_FIELD_MORE)
			return WEIR_HEAD_MORE;
		if (is == WEIR_FIELD_BAD || !take_field(name, value, &f))
			return WEIR_HEAD_BAD;
	}
	*ret_len = all - in.left;
	return finish_body(m, &f) ? WEIR_HEAD_WHOLE : WEIR_HEAD_BAD;
}

/* --- heads --- */

static enum weir_head_is parse_request(struct weir_message *m,
				       struct weir_rd in, size_t *ret_len)
{
	enum weir_head_is is;

	if (in.left && (in.at[0] == '\r' || in.at[0] == '\n'))
		return WEIR_HEAD_BAD; /* however many empty lines come */
	is = weir_head_parse(in.at, in.left, &m->request);
	if (is != WEIR_HEAD_WHOLE)
		return is;
	*ret_len = m->request.len;
	m->left = m->request.length;
	switch (m->request.body) {
	case WEIR_HEAD_BODY_NONE:
		m->body = WEIR_MESSAGE_BODY_NONE;
		break;
	case WEIR_HEAD_BODY_LENGTH:
		m->body = WEIR_MESSAGE_BODY_LENGTH;
		break;
	case WEIR_HEAD_BODY_CHUNKED:
		m->body = WEIR_MESSAGE_BODY_CHUNKED;
		break;
	}
	return is;
}

/* what this reader found, for the other one */
static enum weir_second_is
ask_second(struct weir_message *m, struct weir_rd text, struct weir_rd fields)
{
	const struct weir_head *q = &m->request;
	struct weir_second_head h = {
		.text = text,
		.fields = fields,
		.chunked = m->body == WEIR_MESSAGE_BODY_CHUNKED,
	};

	if (m->answers) {
		h.status = m->answer.status;
		h.minor = m->answer.minor;
		h.has_length = m->answer.has_length;
		h.length = m->answer.length;
		h.bodiless = is_bodiless(m);
	} else {
		h.method = weir_rd_over(q->method, q->method_len);
		h.target = weir_rd_over(q->target, q->target_len);
		h.minor = q->minor;
		h.has_length = q->has_length;
		h.length = q->length;
	}
	return weir_second_head(&m->second, &h);
}

static void begin_body(struct weir_message *m)
{
	static const uint8_t of[] = {
		[WEIR_MESSAGE_BODY_NONE] = STATE_NONE,
		[WEIR_MESSAGE_BODY_LENGTH] = STATE_LENGTH,
		[WEIR_MESSAGE_BODY_CHUNKED] = STATE_CHUNKS,
		[WEIR_MESSAGE_BODY_CLOSE] = STATE_CLOSE,
	};

	m->state = of[m->body];
	if (m->body == WEIR_MESSAGE_BODY_CHUNKED)
		weir_chunked_init(&m->chunks);
}

static enum weir_message_is look_head(struct weir_message *m, struct weir_rd in,
				      struct weir_message_piece *ret)
{
	struct weir_rd text, line;
	enum weir_head_is is;
	size_t n = 0;

	if (!has_news(m, in.at, in.left))
		return is_large(m, in.left) ? bad(m, WEIR_MESSAGE_FAULT_LARGE)
					    : WEIR_MESSAGE_MORE;
	is = m->answers ? parse_answer(m, in, &n) : parse_request(m, in, &n);
	if (is == WEIR_HEAD_MORE)
		return is_large(m, in.left) ? bad(m, WEIR_MESSAGE_FAULT_LARGE)
					    : WEIR_MESSAGE_MORE;
	if (is != WEIR_HEAD_WHOLE)
		return bad(m, WEIR_MESSAGE_FAULT_FORM);
	text = weir_rd_over(in.at, n);
	ret->fields = text;
	(void)weir_field_line(&ret->fields, &line);
	if (n > WEIR_MESSAGE_HEAD_BYTES ||
	    count_fields(ret->fields) > WEIR_MESSAGE_FIELDS_MAX)
		return bad(m, WEIR_MESSAGE_FAULT_LARGE);
	if (!weir_hop_read(ret->fields, &m->hop))
		return bad(m, WEIR_MESSAGE_FAULT_FORM);
	switch (ask_second(m, text, ret->fields)) {
	case WEIR_SECOND_SAME:
		break;
	case WEIR_SECOND_OTHER:
		return bad(m, WEIR_MESSAGE_FAULT_FORM);
	case WEIR_SECOND_METHOD:
		return bad(m, WEIR_MESSAGE_FAULT_METHOD);
	}
	ret->eat = n;
	begin_block(m);
	begin_body(m);
	return WEIR_MESSAGE_HEAD;
}

/* --- bodies --- */

static size_t least(uint64_t a, size_t b, size_t c)
{
	size_t n = b < c ? b : c;

	return a < n ? (size_t)a : n;
}

static bool second_agrees(struct weir_message *m, const uint8_t *from,
			  const struct weir_message_piece *p, bool end)
{
	return weir_second_body(&m->second, weir_rd_over(from, p->eat), p->data,
				p->fields, end) == WEIR_SECOND_SAME;
}

/* up to the end of one run of body bytes, or up to the trailers */
static enum weir_message_is look_chunk(struct weir_message *m,
				       struct weir_rd in, size_t max,
				       struct weir_message_piece *ret)
{
	size_t len = in.left;
	enum weir_chunked_is is =
		weir_chunked_look(&m->chunks, &in, max, &ret->data);

	if (is == WEIR_CHUNKED_BAD)
		return bad(m, WEIR_MESSAGE_FAULT_FORM);
	if (is == WEIR_CHUNKED_END)
		m->state = STATE_TRAILER;
	ret->eat = len - in.left;
	return ret->data.left ? WEIR_MESSAGE_DATA : WEIR_MESSAGE_MORE;
}

static enum weir_message_is look_trailer(struct weir_message *m,
					 struct weir_rd in,
					 struct weir_message_piece *ret)
{
	enum weir_head_is is = WEIR_HEAD_MORE;
	size_t n = 0;

	if (has_news(m, in.at, in.left) && m->lines)
		is = weir_head_parse_trailer(in.at, in.left, &n);
	if (is == WEIR_HEAD_MORE)
		return is_large(m, in.left) ? bad(m, WEIR_MESSAGE_FAULT_LARGE)
					    : WEIR_MESSAGE_MORE;
	if (is != WEIR_HEAD_WHOLE)
		return bad(m, WEIR_MESSAGE_FAULT_FORM);
	ret->fields = weir_rd_over(in.at, n);
	if (n > WEIR_MESSAGE_HEAD_BYTES ||
	    count_fields(ret->fields) > WEIR_MESSAGE_FIELDS_MAX)
		return bad(m, WEIR_MESSAGE_FAULT_LARGE);
	ret->eat = n;
	return WEIR_MESSAGE_END;
}

static enum weir_message_is look_plain(struct weir_message *m,
				       struct weir_rd in, size_t max,
				       struct weir_message_piece *ret)
{
	bool counted = m->state == STATE_LENGTH;
	size_t n = least(counted ? m->left : UINT64_MAX, in.left, max);

	if (n == 0)
		return WEIR_MESSAGE_MORE;
	ret->data = weir_rd_sub(&in, n);
	ret->eat = n;
	if (counted) {
		m->left -= n;
		if (m->left == 0)
			m->state = STATE_NONE;
	}
	return WEIR_MESSAGE_DATA;
}

static enum weir_message_is look_body(struct weir_message *m, struct weir_rd in,
				      size_t max,
				      struct weir_message_piece *ret)
{
	switch ((enum state)m->state) {
	case STATE_NONE:
		return WEIR_MESSAGE_END;
	case STATE_LENGTH:
	case STATE_CLOSE:
		return look_plain(m, in, max, ret);
	case STATE_CHUNKS:
		return look_chunk(m, in, max, ret);
	case STATE_TRAILER:
		return look_trailer(m, in, ret);
	case STATE_HEAD:
	case STATE_BAD:
		break;
	}
	return WEIR_MESSAGE_BAD;
}

enum weir_message_is weir_message_look(struct weir_message *m, const uint8_t *b,
				       size_t len, size_t max, bool last,
				       struct weir_message_piece *ret)
{
	struct weir_rd in = weir_rd_over(b, len);
	enum weir_message_is is;
	bool end;

	*ret = (struct weir_message_piece){ .eat = 0 };
	if (m->state == STATE_BAD)
		return WEIR_MESSAGE_BAD;
	if (m->state == STATE_HEAD)
		return look_head(m, in, ret);
	is = look_body(m, in, max, ret);
	if (is == WEIR_MESSAGE_BAD)
		return is;
	if (is == WEIR_MESSAGE_MORE && ret->eat == 0 && last &&
	    (len == 0 || m->state == STATE_TRAILER)) {
		if (m->state != STATE_CLOSE)
			return bad(m, WEIR_MESSAGE_FAULT_CUT);
		is = WEIR_MESSAGE_END;
	}
	/* llhttp knows the end of a counted body with its last byte */
	end = m->state == STATE_NONE || is == WEIR_MESSAGE_END;
	if (ret->eat && !second_agrees(m, b, ret, end))
		return bad(m, WEIR_MESSAGE_FAULT_FORM);
	if (is == WEIR_MESSAGE_END) {
		m->state = STATE_HEAD;
		begin_block(m);
	}
	return is;
}
