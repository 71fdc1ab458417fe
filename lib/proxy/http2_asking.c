/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http2_asking.c - the guest's requests over HTTP/2: read, judged, asked of the
 *                  host
 *
 * A head is brought into the form of HTTP/1 and read by packet/head, the same
 * that reads HTTP/1: what is malformed there, or open to two readings, is 400
 * here.  nghttp2 has looked before that: at names, at pseudo fields, at fields
 * that belong to a connection, at Content-Length against the bytes that come.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "packet/head.h"
#include "proxy/http2_state.h"

#define GUEST WEIR_TALK_GUEST
#define HOST  WEIR_TALK_HOST

#define SCHEME "https"

static struct weir_http2_stream *stream_of(const struct weir_http2 *t,
					   const nghttp2_frame *frame)
{
	return nghttp2_session_get_stream_user_data(t->session[GUEST],
						    frame->hd.stream_id);
}

int weir_http2_asking_begin(struct weir_http2 *t, const nghttp2_frame *frame)
{
	struct weir_http2_stream *s;

	if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
		s = calloc(1, sizeof(*s));
		if (!s)
			return NGHTTP2_ERR_CALLBACK_FAILURE;
		s->id[GUEST] = frame->hd.stream_id;
		s->open[GUEST] = true;
		s->next = t->streams;
		if (s->next)
			s->next->before = s;
		t->streams = s;
		t->n_streams++;
		(void)nghttp2_session_set_stream_user_data(t->session[GUEST],
							   frame->hd.stream_id,
							   s);
	}
	return weir_http2_block(t, GUEST);
}

/* --- heads --- */

static bool is_scheme(const struct weir_fields *f)
{
	struct weir_rd w = weir_fields_find(f, ":scheme");

	return w.left == sizeof(SCHEME) - 1 &&
	       memcmp(w.at, SCHEME, sizeof(SCHEME) - 1) == 0;
}

static bool is_method(const struct weir_fields *f, const char *method)
{
	struct weir_rd w = weir_fields_find(f, ":method");

	return w.left == strlen(method) && memcmp(w.at, method, w.left) == 0;
}

static void remember(struct weir_http2_stream *s, const struct weir_head *h)
{
	s->request.json = h->prefers_json;
	if (h->has_host) {
		s->host = h->host;
		s->request.host = &s->host;
	}
}

static bool read_head(const struct weir_http2 *t, struct weir_fields *f,
		      struct weir_head *ret)
{
	struct weir_wr to = weir_wr_over(t->owner->head, WEIR_FIRST_BYTES);

	if (!weir_fields_settle(f) || !is_scheme(f))
		return false;
	weir_fields_to_head(f, &to);
	return weir_wr_ok(&to) && weir_head_parse(to.start, weir_wr_len(&to),
						  ret) == WEIR_HEAD_WHOLE;
}

static void reset(const struct weir_http2 *t, const struct weir_http2_stream *s,
		  uint32_t code)
{
	(void)nghttp2_submit_rst_stream(t->session[GUEST], NGHTTP2_FLAG_NONE,
					s->id[GUEST], code);
}

/* The host was never asked, or does not listen any more. */
static void ask_nobody(struct weir_http2 *t, struct weir_http2_stream *s)
{
	if (t->gone != WEIR_REASON_NONE && !t->served)
		weir_http2_refuse(t, s, WEIR_FORBID_UPSTREAM, t->gone,
				  t->detail);
	else
		reset(t, s, NGHTTP2_REFUSED_STREAM);
	weir_http2_leave(t);
}

static void ask(struct weir_http2 *t, struct weir_http2_stream *s,
		const struct weir_fields *f)
{
	nghttp2_session *host = t->session[HOST];
	nghttp2_data_provider body = weir_http2_bytes_source(s);

	if (!host || !nghttp2_session_check_request_allowed(host)) {
		ask_nobody(t, s);
		return;
	}
	/* those that were given up, while the host takes no more, are kept */
	if (t->n_streams > 2 * WEIR_HTTP2_STREAMS_MAX) {
		reset(t, s, NGHTTP2_REFUSED_STREAM);
		return;
	}
	s->id[HOST] = nghttp2_submit_request(host, NULL, f->nv, f->n,
					     s->done[HOST] ? NULL : &body, s);
	s->open[HOST] = s->id[HOST] > 0;
	if (!s->open[HOST])
		ask_nobody(t, s);
}

static void on_request(struct weir_http2 *t, struct weir_http2_stream *s,
		       struct weir_fields *f)
{
	struct weir_judge_verdict v;
	struct weir_head h;

	s->request.head = is_method(f, "HEAD");
	if (f->large) {
		weir_http2_refuse(t, s, WEIR_FORBID_TOO_LARGE,
				  WEIR_REASON_BAD_HEAD, NULL);
		return;
	}
	if (is_method(f, "CONNECT")) {
		weir_http2_refuse(t, s, WEIR_FORBID_UNKNOWN, WEIR_REASON_TUNNEL,
				  "CONNECT is not passed on where requests are "
				  "read");
		return;
	}
	if (!read_head(t, f, &h)) {
		weir_http2_refuse(t, s, WEIR_FORBID_BAD, WEIR_REASON_BAD_HEAD,
				  NULL);
		return;
	}
	remember(s, &h);
	switch (weir_http_decide(t->owner, t->x, &h, &v)) {
	case WEIR_EXCHANGE_DENY:
		weir_http2_reply(t, s, WEIR_FORBID_DENIED, &v, NULL);
		return;
	case WEIR_EXCHANGE_MISDIRECTED:
		weir_http2_reply(t, s, WEIR_FORBID_MISDIRECTED, &v, NULL);
		return;
	case WEIR_EXCHANGE_ALLOW:
		break;
	}
	ask(t, s, f);
}

/* --- trailers --- */

static bool is_trailer(const struct weir_http2 *t, const struct weir_fields *f)
{
	struct weir_wr to = weir_wr_over(t->owner->head, WEIR_FIRST_BYTES);
	size_t len;

	if (f->large)
		return false;
	weir_fields_to_trailer(f, &to);
	return weir_wr_ok(&to) &&
	       weir_head_parse_trailer(to.start, weir_wr_len(&to), &len) ==
		       WEIR_HEAD_WHOLE;
}

static void on_tail(struct weir_http2 *t, struct weir_http2_stream *s)
{
	struct weir_fields *f = t->block[GUEST];

	if (s->drain) {
		s->done[HOST] = true;
		return;
	}
	if (!is_trailer(t, f)) {
		s->bad = true;
		weir_http_tell(t->owner, t->x, 0, WEIR_REASON_BAD_HEAD);
		reset(t, s, NGHTTP2_PROTOCOL_ERROR);
		return;
	}
	t->block[GUEST] = NULL;
	weir_http2_bytes_done(t, s, HOST, f);
}

/* --- frames --- */

static void on_headers(struct weir_http2 *t, const nghttp2_frame *frame)
{
	struct weir_http2_stream *s = stream_of(t, frame);

	if (!s || !t->block[GUEST])
		return;
	if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
		on_tail(t, s);
		return;
	}
	s->done[HOST] = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
	on_request(t, s, t->block[GUEST]);
}

static int on_settings(struct weir_http2 *t)
{
	uint32_t window = nghttp2_session_get_remote_settings(
		t->session[GUEST], NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE);
	nghttp2_settings_entry e[] = {
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
		  WEIR_MESSAGE_HEAD_BYTES },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window },
	};
	bool small = window < NGHTTP2_INITIAL_WINDOW_SIZE;

	if (t->session[HOST] || t->gone != WEIR_REASON_NONE) {
		weir_http2_bytes_grant_all(t, HOST);
		return 0;
	}
	t->session[HOST] = weir_http2_session(t, HOST);
	return t->session[HOST] && nghttp2_submit_settings(t->session[HOST],
							   NGHTTP2_FLAG_NONE, e,
							   small ? 3 : 2) == 0
		       ? 0
		       : NGHTTP2_ERR_CALLBACK_FAILURE;
}

int weir_http2_asking_frame(struct weir_http2 *t, const nghttp2_frame *frame)
{
	struct weir_http2_stream *s = stream_of(t, frame);

	switch ((nghttp2_frame_type)frame->hd.type) {
	case NGHTTP2_HEADERS:
		on_headers(t, frame);
		break;
	case NGHTTP2_DATA:
		if (s && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
			weir_http2_bytes_done(t, s, HOST, NULL);
		else if (s && frame->hd.flags & NGHTTP2_FLAG_PADDED)
			weir_http2_bytes_grant(t, s, GUEST);
		break;
	case NGHTTP2_SETTINGS:
		if (!(frame->hd.flags & NGHTTP2_FLAG_ACK))
			return on_settings(t);
		weir_http2_bytes_grant_all(
			t, GUEST); /* a window may be less now */
		break;
	case NGHTTP2_WINDOW_UPDATE:
		if (s)
			weir_http2_bytes_grant(t, s, HOST);
		break;
	case NGHTTP2_PRIORITY:
	case NGHTTP2_RST_STREAM:
	case NGHTTP2_PUSH_PROMISE:
	case NGHTTP2_PING:
	case NGHTTP2_GOAWAY:
	case NGHTTP2_CONTINUATION:
	case NGHTTP2_ALTSVC:
	case NGHTTP2_ORIGIN:
	case NGHTTP2_PRIORITY_UPDATE:
		break;
	}
	return 0;
}
