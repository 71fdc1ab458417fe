/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http2_answering.c - the host's answers over HTTP/2, told to the guest
 *
 *	1xx * ──► final head ──► body * ──► trailers
 *
 * A reset with NO_ERROR behind a complete answer asks for no more of the
 * request (RFC 9113 8.1); any other is passed on.
 */
#include <stdlib.h>

#include "packet/head.h"
#include "proxy/http2_state.h"

#define GUEST WEIR_TALK_GUEST
#define HOST  WEIR_TALK_HOST

static struct weir_http2_stream *stream_of(const struct weir_http2 *t,
					   const nghttp2_frame *frame)
{
	return nghttp2_session_get_stream_user_data(t->session[HOST],
						    frame->hd.stream_id);
}

void weir_http2_answering_bad(struct weir_http2 *t, struct weir_http2_stream *s)
{
	if (s->bad || !s->open[GUEST] || s->own)
		return;
	s->bad = true;
	if (!s->answered) {
		weir_http2_refuse(t, s, WEIR_FORBID_UPSTREAM,
				  WEIR_REASON_BAD_ANSWER, NULL);
		return;
	}
	weir_http_tell(t->owner, t->x, 0, WEIR_REASON_BAD_ANSWER);
	weir_http2_bytes_cut(t, s, NGHTTP2_INTERNAL_ERROR);
	(void)nghttp2_submit_rst_stream(t->session[HOST], NGHTTP2_FLAG_NONE,
					s->id[HOST], NGHTTP2_PROTOCOL_ERROR);
}

static void answer(struct weir_http2 *t, struct weir_http2_stream *s,
		   const struct weir_fields *f, bool whole)
{
	nghttp2_data_provider body = weir_http2_bytes_source(s);

	s->answered = t->served = true;
	s->done[GUEST] = whole;
	if (nghttp2_submit_response(t->session[GUEST], s->id[GUEST], f->nv,
				    f->n, whole ? NULL : &body))
		weir_http2_bytes_cut(t, s, NGHTTP2_INTERNAL_ERROR);
}

static void on_head(struct weir_http2 *t, struct weir_http2_stream *s,
		    struct weir_rd status, bool whole)
{
	const struct weir_fields *f = t->block[HOST];

	if (f->large || s->answered) {
		weir_http2_answering_bad(t, s);
		return;
	}
	if (status.at[0] != '1') {
		answer(t, s, f, whole);
		return;
	}
	if (s->interim++ == WEIR_EXCHANGE_INTERIM_MAX)
		weir_http2_answering_bad(t, s);
	else
		(void)nghttp2_submit_headers(t->session[GUEST],
					     NGHTTP2_FLAG_NONE, s->id[GUEST],
					     NULL, f->nv, f->n, NULL);
}

static void on_tail(struct weir_http2 *t, struct weir_http2_stream *s)
{
	struct weir_fields *f = t->block[HOST];

	if (f->large) {
		weir_http2_answering_bad(t, s);
		return;
	}
	t->block[HOST] = NULL;
	weir_http2_bytes_done(t, s, GUEST, f);
}

static void on_headers(struct weir_http2 *t, const nghttp2_frame *frame)
{
	struct weir_http2_stream *s = stream_of(t, frame);
	struct weir_rd status;

	if (!s || !s->open[GUEST] || s->own || s->bad || !t->block[HOST])
		return;
	status = weir_fields_find(t->block[HOST], ":status");
	if (status.left)
		on_head(t, s, status,
			frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
	else if (t->block[HOST]->large)
		weir_http2_answering_bad(t, s);
	else
		on_tail(t, s);
}

static void on_data_end(struct weir_http2 *t, const nghttp2_frame *frame)
{
	struct weir_http2_stream *s = stream_of(t, frame);

	if (!s || s->own || s->bad)
		return;
	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		weir_http2_bytes_done(t, s, GUEST, NULL);
	else if (frame->hd.flags & NGHTTP2_FLAG_PADDED)
		weir_http2_bytes_grant(t, s, HOST); /* padding does not go on */
}

static uint32_t of_host(const struct weir_http2 *t, nghttp2_settings_id id)
{
	return nghttp2_session_get_remote_settings(t->session[HOST], id);
}

/*
 * The guest is not to open more streams than the host takes, nor say more on a
 * new one.  What it may say is only ever lowered here: granted it is with
 * windows.
 */
static void on_settings(struct weir_http2 *t)
{
	uint32_t max = of_host(t, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
	uint32_t window = of_host(t, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE);
	nghttp2_settings_entry e[2];
	size_t n = 0;

	if (max > WEIR_HTTP2_STREAMS_MAX)
		max = WEIR_HTTP2_STREAMS_MAX;
	if (max != t->max_streams)
		e[n++] = (nghttp2_settings_entry){
			NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, max
		};
	if (window < t->window)
		e[n++] = (nghttp2_settings_entry){
			NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window
		};
	t->max_streams = max;
	t->window = window < t->window ? window : t->window;
	if (n)
		(void)nghttp2_submit_settings(t->session[GUEST],
					      NGHTTP2_FLAG_NONE, e, n);
	weir_http2_bytes_grant_all(t, GUEST);
}

int weir_http2_answering_frame(struct weir_http2 *t, const nghttp2_frame *frame)
{
	struct weir_http2_stream *s = stream_of(t, frame);

	switch ((nghttp2_frame_type)frame->hd.type) {
	case NGHTTP2_HEADERS:
		on_headers(t, frame);
		break;
	case NGHTTP2_DATA:
		on_data_end(t, frame);
		break;
	case NGHTTP2_SETTINGS:
		if (!(frame->hd.flags & NGHTTP2_FLAG_ACK))
			on_settings(t);
		else
			weir_http2_bytes_grant_all(t,
						   HOST); /* as for the guest */
		break;
	case NGHTTP2_WINDOW_UPDATE:
		if (s)
			weir_http2_bytes_grant(t, s, GUEST);
		break;
	case NGHTTP2_GOAWAY:
		weir_http2_leave(t);
		break;
	case NGHTTP2_PUSH_PROMISE: /* before it has read our SETTINGS */
		(void)nghttp2_submit_rst_stream(
			t->session[HOST], NGHTTP2_FLAG_NONE,
			frame->push_promise.promised_stream_id,
			NGHTTP2_REFUSED_STREAM);
		break;
	case NGHTTP2_PRIORITY:
	case NGHTTP2_RST_STREAM:
	case NGHTTP2_PING:
	case NGHTTP2_CONTINUATION:
	case NGHTTP2_ALTSVC:
	case NGHTTP2_ORIGIN:
	case NGHTTP2_PRIORITY_UPDATE:
		break;
	}
	return 0;
}
