/* SPDX-License-Identifier: Apache-2.0 */
/*
 * second.c - llhttp as the second reader of every message
 *
 * How it works.  Our reader goes first.  Then llhttp is fed exactly the bytes
 * that ours has stepped over, and each of its callbacks compares what it found,
 * as a place in memory, with what ours found: the target, every name, every
 * value, every run of body bytes, and where the message ends.  A comparison
 * costs nothing but a few pointers, and llhttp skips body bytes, so the second
 * reader is cheap.
 *
 * A head is fed in one piece, so that a name or value is one call; a body as it
 * comes.  llhttp begins anew with every message: what it would make of the next
 * one is not asked of the last one.
 *
 * Where the two are meant to differ: an answer without a body in spite of its
 * fields (to HEAD, 304), which llhttp must be told.
 */
#include "proxy/second.h"

#include "packet/field.h"

static struct weir_second *of(llhttp_t *p)
{
	return p->data;
}

static int stop(struct weir_second *s)
{
	s->differs = true;
	return HPE_USER;
}

static int check_target(llhttp_t *p, const char *at, size_t len)
{
	struct weir_second *s = of(p);

	if ((const uint8_t *)at != s->target.at || len != s->target.left)
		return stop(s);
	s->target.left = 0;
	return 0;
}

static int check_name(llhttp_t *p, const char *at, size_t len)
{
	struct weir_second *s = of(p);
	struct weir_rd name;

	if (s->value.left || /* the last value was not found */
	    weir_field_next(&s->fields, &name, &s->value) != WEIR_FIELD_HERE ||
	    (const uint8_t *)at != name.at || len != name.left)
		return stop(s);
	return 0;
}

/* llhttp leaves white space at the end of a value, or gives an empty one */
static int check_value(llhttp_t *p, const char *at, size_t len)
{
	struct weir_second *s = of(p);
	struct weir_rd value = weir_field_trim(weir_rd_over(at, len));

	if (value.left != s->value.left ||
	    (value.left && value.at != s->value.at))
		return stop(s);
	s->value.left = 0;
	return 0;
}

static bool is_done(struct weir_second *s)
{
	struct weir_rd name, value;

	return s->value.left == 0 &&
	       weir_field_next(&s->fields, &name, &value) == WEIR_FIELD_END;
}

static int check_headed(llhttp_t *p)
{
	struct weir_second *s = of(p);

	if (s->target.left || !is_done(s))
		return stop(s);
	s->headed = true;
	return s->bodiless; /* 1: no body, whatever the fields say */
}

static int check_data(llhttp_t *p, const char *at, size_t len)
{
	struct weir_second *s = of(p);

	if (len > s->len || (const uint8_t *)at != s->data)
		return stop(s);
	s->data += len;
	s->len -= len;
	return 0;
}

static int check_complete(llhttp_t *p)
{
	of(p)->complete = true;
	return 0;
}

static const llhttp_settings_t settings = {
	.on_url = check_target,
	.on_header_field = check_name,
	.on_header_value = check_value,
	.on_headers_complete = check_headed,
	.on_body = check_data,
	.on_message_complete = check_complete,
};

/* does llhttp read them all? */
static bool feed(struct weir_second *s, struct weir_rd bytes)
{
	llhttp_errno_t e;

	if (bytes.left == 0)
		return true;
	e = llhttp_execute(&s->parser, (const char *)bytes.at, bytes.left);
	if (e == HPE_PAUSED_UPGRADE)
		return llhttp_get_error_pos(&s->parser) ==
		       (const char *)bytes.at + bytes.left;
	return e == HPE_OK && !s->differs;
}

/* the first line and the framing, as llhttp has them in numbers */
static bool agrees(const struct weir_second *s,
		   const struct weir_second_head *h)
{
	const llhttp_t *p = &s->parser;
	const char *method;

	if (p->http_major != 1 || p->http_minor != h->minor)
		return false;
	if (h->status)
		return p->status_code == h->status;
	method = llhttp_method_name((llhttp_method_t)p->method);
	return strlen(method) == h->method.left &&
	       memcmp(method, h->method.at, h->method.left) == 0;
}

static bool frames_alike(const struct weir_second *s,
			 const struct weir_second_head *h)
{
	const llhttp_t *p = &s->parser;
	bool body = h->chunked || (h->has_length && h->length);

	if (h->bodiless || (!h->status && !body))
		return s->complete;
	if (s->complete) /* llhttp has forgotten its flags by now */
		return !h->chunked && h->has_length && h->length == 0;
	return !!(p->flags & F_CHUNKED) == h->chunked &&
	       (!h->has_length || p->content_length == h->length);
}

enum weir_second_is weir_second_head(struct weir_second *s,
				     const struct weir_second_head *h)
{
	*s = (struct weir_second){ .fields = h->fields,
				   .target = h->target,
				   .bodiless = h->bodiless };
	llhttp_init(&s->parser, h->status ? HTTP_RESPONSE : HTTP_REQUEST,
		    &settings);
	s->parser.data = s;
	if (!feed(s, h->text)) {
		if (llhttp_get_errno(&s->parser) == HPE_INVALID_METHOD)
			return WEIR_SECOND_METHOD;
		return WEIR_SECOND_OTHER;
	}
	return s->headed && agrees(s, h) && frames_alike(s, h)
		       ? WEIR_SECOND_SAME
		       : WEIR_SECOND_OTHER;
}

enum weir_second_is weir_second_body(struct weir_second *s,
				     struct weir_rd eaten, struct weir_rd data,
				     struct weir_rd trailers, bool end)
{
	bool has_trailers = trailers.left > 0;

	s->parser.data = s; /* the message may have been moved */
	s->data = data.at;
	s->len = data.left;
	if (has_trailers)
		s->fields = trailers;
	if (s->complete || !feed(s, eaten) || s->len || s->complete != end ||
	    (has_trailers && !is_done(s)))
		return WEIR_SECOND_OTHER;
	return WEIR_SECOND_SAME;
}
