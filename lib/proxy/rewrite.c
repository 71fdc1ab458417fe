/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rewrite.c - write anew what was read
 *
 * Why not pass the bytes on: what a reader behind us could read differently is
 * not only what we know of.  In this form there is one blank, one case of the
 * words that frame, one line end; and a length that was read is a number again.
 *
 * The framing stands last, so that a head can wait in front of it until the
 * length is known (swap.h, HOLD).
 *
 * Names and values go on as they came (white space at their ends apart), for
 * servers look at case and order, and Set-Cookie must not be joined.
 */
#include "proxy/rewrite.h"

#include "base/must.h"
#include "packet/field.h"

static void add(struct weir_wr *to, const char *text)
{
	weir_wr_copy(to, text, strlen(text));
}

static void add_window(struct weir_wr *to, struct weir_rd w)
{
	weir_wr_copy(to, w.at, w.left);
}

static void add_number(struct weir_wr *to, uint64_t v)
{
	uint8_t digit[20];
	size_t n = sizeof(digit);

	do {
		digit[--n] = (uint8_t)('0' + v % 10);
		v /= 10;
	} while (v);
	weir_wr_copy(to, digit + n, sizeof(digit) - n);
}

static bool is_value(const uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((at[i] < ' ' && at[i] != '\t') || at[i] == 0x7f)
			return false;
	}
	return true;
}

static bool is_target(const uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (at[i] <= ' ' || at[i] > '~' || at[i] == '#')
			return false;
	}
	return len > 0;
}

/* --- fields --- */

/* one that goes on, with the swap asked for its value */
static enum weir_rewrite_is put_field(const struct weir_swap *swap,
				      enum weir_swap_way way,
				      struct weir_rd name, struct weir_rd value,
				      struct weir_wr *to)
{
	struct weir_wr undo = *to;
	enum weir_swap_is is = WEIR_SWAP_SAME;
	size_t from;

	add_window(to, name);
	add(to, ": ");
	from = weir_wr_len(to);
	if (swap && swap->field && weir_wr_ok(to))
		is = swap->field(swap->ctx, way, name, value, to);
	if (is == WEIR_SWAP_STOP)
		return WEIR_REWRITE_STOP;
	if (is == WEIR_SWAP_DROP) {
		*to = undo;
		return WEIR_REWRITE_DONE;
	}
	if (is == WEIR_SWAP_SAME)
		add_window(to, value);
	else if (weir_wr_ok(to) &&
		 !is_value(to->start + from, weir_wr_len(to) - from))
		return WEIR_REWRITE_STOP;
	add(to, "\r\n");
	return weir_wr_ok(to) ? WEIR_REWRITE_DONE : WEIR_REWRITE_FULL;
}

static bool goes_on(const struct weir_rewrite *o, const struct weir_hop *hop,
		    struct weir_rd fields, struct weir_rd name)
{
	if (weir_field_is(name, "content-length") ||
	    weir_hop_has(hop, fields, name))
		return false;
	if (weir_field_is(name, "expect"))
		return !o->no_expect;
	if (weir_field_is(name, "trailer"))
		return o->body == WEIR_MESSAGE_BODY_CHUNKED;
	/* frames must be plain to be read: no extension is agreed on */
	return !o->websocket ||
	       !weir_field_is(name, "sec-websocket-extensions");
}

static enum weir_rewrite_is put_fields(const struct weir_rewrite *o,
				       enum weir_swap_way way,
				       const struct weir_hop *hop,
				       struct weir_rd fields,
				       struct weir_wr *to)
{
	struct weir_rd rest = fields, name, value;

	while (weir_field_next(&rest, &name, &value) == WEIR_FIELD_HERE) {
		enum weir_rewrite_is is;

		if (!goes_on(o, hop, fields, name))
			continue;
		is = put_field(o->swap, way, name, value, to);
		if (is != WEIR_REWRITE_DONE)
			return is;
	}
	return WEIR_REWRITE_DONE;
}

/* --- heads --- */

static void add_connection(const struct weir_rewrite *o, struct weir_wr *to)
{
	const char *comma = "Connection: ";

	if (o->websocket)
		add(to, "Upgrade: websocket\r\n");
	if (o->trailers)
		add(to, "TE: trailers\r\n");
	if (o->websocket) {
		add(to, comma);
		add(to, "Upgrade");
		comma = ", ";
	} else if (o->close || o->keep) {
		add(to, comma);
		add(to, o->close ? "close" : "keep-alive");
		comma = ", ";
	}
	if (o->trailers) {
		add(to, comma);
		add(to, "TE");
		comma = ", ";
	}
	if (comma[0] == ',')
		add(to, "\r\n");
}

void weir_rewrite_framing(enum weir_message_body body, uint64_t length,
			  struct weir_wr *to)
{
	switch (body) {
	case WEIR_MESSAGE_BODY_LENGTH:
		add(to, "Content-Length: ");
		add_number(to, length);
		add(to, "\r\n");
		break;
	case WEIR_MESSAGE_BODY_CHUNKED:
		add(to, "Transfer-Encoding: chunked\r\n");
		break;
	case WEIR_MESSAGE_BODY_NONE:
	case WEIR_MESSAGE_BODY_CLOSE:
		break;
	}
	add(to, "\r\n");
}

void weir_rewrite_change(struct weir_rewrite *o, enum weir_swap_body mode,
			 enum weir_message_body other)
{
	if (mode == WEIR_SWAP_BODY_STREAM || mode == WEIR_SWAP_BODY_HOLD)
		o->body = other;
	o->later = mode == WEIR_SWAP_BODY_HOLD;
}

static enum weir_rewrite_is finish(const struct weir_rewrite *o,
				   struct weir_wr *to)
{
	add_connection(o, to);
	if (!o->later)
		weir_rewrite_framing(o->body, o->length, to);
	return weir_wr_ok(to) ? WEIR_REWRITE_DONE : WEIR_REWRITE_FULL;
}

/* RFC 9112 3.2.4: an OPTIONS without a path is of the server as a whole */
static struct weir_rd target_of(const struct weir_head *h)
{
	bool none = h->path_len == 1 && h->path[0] == '/' &&
		    h->target[h->target_len - 1] != '/';

	if (none && h->method_len == 7 && memcmp(h->method, "OPTIONS", 7) == 0)
		return weir_rd_over("*", 1);
	return weir_rd_over(h->path, h->path_len);
}

static enum weir_rewrite_is put_target(const struct weir_rewrite *o,
				       const struct weir_head *h,
				       struct weir_wr *to)
{
	struct weir_rd path = target_of(h);
	enum weir_swap_is is = WEIR_SWAP_SAME;
	size_t from;

	if (path.at[0] == '?')
		weir_wr_u8(to, '/');
	from = weir_wr_len(to);
	if (o->swap && o->swap->target && weir_wr_ok(to))
		is = o->swap->target(o->swap->ctx, path, to);
	if (is == WEIR_SWAP_SAME)
		add_window(to, path);
	else if (is != WEIR_SWAP_WRITTEN ||
		 (weir_wr_ok(to) &&
		  !is_target(to->start + from, weir_wr_len(to) - from)))
		return WEIR_REWRITE_STOP;
	return WEIR_REWRITE_DONE;
}

static bool has_field(struct weir_rd fields, const char *word)
{
	struct weir_rd name, value;

	while (weir_field_next(&fields, &name, &value) == WEIR_FIELD_HERE) {
		if (weir_field_is(name, word))
			return true;
	}
	return false;
}

enum weir_rewrite_is weir_rewrite_request(const struct weir_rewrite *o,
					  const struct weir_message *m,
					  struct weir_rd fields,
					  struct weir_wr *to)
{
	const struct weir_head *h = &m->request;
	enum weir_rewrite_is is;

	weir_wr_copy(to, h->method, h->method_len);
	weir_wr_u8(to, ' ');
	is = put_target(o, h, to);
	if (is != WEIR_REWRITE_DONE)
		return is;
	add(to, " HTTP/1.1\r\n");
	if (!has_field(fields, "host")) { /* the target had it */
		is = put_field(o->swap, WEIR_SWAP_UP, weir_rd_over("Host", 4),
			       weir_rd_over(h->host_text, h->host_text_len),
			       to);
		if (is != WEIR_REWRITE_DONE)
			return is;
	}
	is = put_fields(o, WEIR_SWAP_UP, &m->hop, fields, to);
	return is == WEIR_REWRITE_DONE ? finish(o, to) : is;
}

enum weir_rewrite_is weir_rewrite_answer(const struct weir_rewrite *o,
					 const struct weir_message *m,
					 struct weir_rd fields,
					 struct weir_wr *to)
{
	enum weir_rewrite_is is;

	add(to, "HTTP/1.1 ");
	add_number(to, m->answer.status);
	weir_wr_u8(to, ' ');
	add_window(to, m->answer.phrase);
	add(to, "\r\n");
	is = put_fields(o, WEIR_SWAP_DOWN, &m->hop, fields, to);
	return is == WEIR_REWRITE_DONE ? finish(o, to) : is;
}

/* --- chunks --- */

size_t weir_rewrite_chunk(uint8_t *to, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	size_t at = 4, size = len;

	weir_must(len > 0 && len <= WEIR_REWRITE_CHUNK_MAX);
	for (; size; size >>= 4)
		to[--at] = (uint8_t)hex[size & 15];
	to[4] = to[6 + len] = '\r';
	to[5] = to[7 + len] = '\n';
	return at;
}

enum weir_rewrite_is weir_rewrite_end(const struct weir_swap *swap,
				      enum weir_swap_way way,
				      struct weir_rd fields, struct weir_wr *to)
{
	static const struct weir_rewrite plain = {
		.body = WEIR_MESSAGE_BODY_CHUNKED,
	};
	static const struct weir_hop none = { .close = false };
	struct weir_rewrite o = plain;
	enum weir_rewrite_is is;

	o.swap = swap;
	add(to, "0\r\n");
	is = put_fields(&o, way, &none, fields, to);
	if (is != WEIR_REWRITE_DONE)
		return is;
	add(to, "\r\n");
	return weir_wr_ok(to) ? WEIR_REWRITE_DONE : WEIR_REWRITE_FULL;
}
