/* SPDX-License-Identifier: Apache-2.0 */
/* http2.c - HTTP/2 of an intercepted connection: its doors, its ends */
#include "proxy/http2.h"

#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "base/text.h"
#include "proxy/http2_state.h"

#define GUEST WEIR_TALK_GUEST
#define HOST  WEIR_TALK_HOST

#define OUT_BYTES (3 * WEIR_HTTP2_FRAME_BYTES) /* two, and place for one */
#define QUEUE_MAX 512u /* frames that are not written yet */

static enum weir_talk_side other(enum weir_talk_side side)
{
	return side == GUEST ? HOST : GUEST;
}

static enum weir_talk_side side_of(const struct weir_http2 *t,
				   const nghttp2_session *session)
{
	return session == t->session[HOST] ? HOST : GUEST;
}

/* --- streams --- */

static void free_stream(struct weir_http2 *t, struct weir_http2_stream *s)
{
	weir_http2_bytes_forget(t, s, GUEST);
	weir_http2_bytes_forget(t, s, HOST);
	if (s->next)
		s->next->before = s->before;
	if (s->before)
		s->before->next = s->next;
	else
		t->streams = s->next;
	t->n_streams--;
	free(s);
}

/* The guest is done with it, or gave it up. */
static void guest_closed(struct weir_http2 *t, struct weir_http2_stream *s,
			 uint32_t code)
{
	if (!s->open[HOST] ||
	    (code == NGHTTP2_NO_ERROR && s->done[HOST] && s->done[GUEST]))
		return; /* the rest of a request that was answered goes on */
	(void)nghttp2_submit_rst_stream(t->session[HOST], NGHTTP2_FLAG_NONE,
					s->id[HOST],
					code == NGHTTP2_NO_ERROR
						? NGHTTP2_CANCEL
						: code);
	weir_http2_bytes_forget(t, s, HOST);
}

static void host_closed(struct weir_http2 *t, struct weir_http2_stream *s,
			uint32_t code)
{
	if (!s->open[GUEST])
		return;
	weir_http2_bytes_drain(t, s);
	if (!s->done[GUEST])
		weir_http2_bytes_cut(t, s,
				     code == NGHTTP2_NO_ERROR
					     ? NGHTTP2_INTERNAL_ERROR
					     : code);
	else
		weir_http2_bytes_tire(t, s);
}

void weir_http2_stream_closed(struct weir_http2 *t, struct weir_http2_stream *s,
			      enum weir_talk_side side, uint32_t code)
{
	s->open[side] = false;
	weir_http2_bytes_forget(t, s, side);
	if (side == GUEST)
		guest_closed(t, s, code);
	else
		host_closed(t, s, code);
	if (!s->open[GUEST] && !s->open[HOST])
		free_stream(t, s);
}

/* --- answers of ours --- */

/* @to: 24 bytes */
static const char *number(uint64_t v, char *to)
{
	struct weir_text t = weir_text_over(to, 24);

	weir_text_add_u64(&t, v);
	return to;
}

void weir_http2_reply(struct weir_http2 *t, struct weir_http2_stream *s,
		      enum weir_forbid_status status,
		      const struct weir_judge_verdict *v, const char *detail)
{
	char body[WEIR_FORBID_BODY_BYTES], code[24], length[24];
	nghttp2_data_provider source = weir_http2_bytes_source(s);
	bool bare = s->request.head;
	size_t n;

	if (s->open[HOST])
		(void)nghttp2_submit_rst_stream(t->session[HOST],
						NGHTTP2_FLAG_NONE, s->id[HOST],
						NGHTTP2_CANCEL);
	s->request.status = status;
	s->request.verdict = *v;
	s->request.detail = detail;
	n = weir_forbid_build_body(&s->request, body);
	nghttp2_nv nv[] = {
		weir_fields_literal(":status",
				    number(weir_forbid_code(status), code)),
		weir_fields_literal("content-type",
				    weir_forbid_type(&s->request)),
		weir_fields_literal("content-length", number(n, length)),
		weir_fields_literal("cache-control", "no-store")
	};
	s->own = s->answered = s->done[GUEST] = true;
	weir_http2_bytes_forget(t, s, HOST);
	weir_http2_bytes_drain(t, s);
	if ((!bare &&
	     !weir_http2_bytes_put(t, s, GUEST, (const uint8_t *)body, n)) ||
	    nghttp2_submit_response(t->session[GUEST], s->id[GUEST], nv, 4,
				    bare ? NULL : &source))
		weir_http2_bytes_cut(t, s, NGHTTP2_INTERNAL_ERROR);
}

void weir_http2_refuse(struct weir_http2 *t, struct weir_http2_stream *s,
		       enum weir_forbid_status status, enum weir_reason reason,
		       const char *detail)
{
	const struct weir_judge_verdict v = weir_http_refused(reason);

	weir_http_tell(t->owner, t->x, weir_forbid_code(status), reason);
	weir_http2_reply(t, s, status, &v, detail);
}

/* --- sessions --- */

static int on_begin(nghttp2_session *session, const nghttp2_frame *frame,
		    void *ctx)
{
	struct weir_http2 *t = ctx;

	return side_of(t, session) == GUEST ? weir_http2_asking_begin(t, frame)
					    : weir_http2_block(t, HOST);
}

int weir_http2_block(struct weir_http2 *t, enum weir_talk_side side)
{
	if (!t->block[side])
		t->block[side] = malloc(sizeof(*t->block[side]));
	if (!t->block[side])
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	weir_fields_begin(t->block[side]);
	return 0;
}

/* NOLINTNEXTLINE(readability-function-size): nghttp2's list of parameters */
static int on_field(nghttp2_session *session, const nghttp2_frame *frame,
		    const uint8_t *name, size_t name_len, const uint8_t *value,
		    size_t value_len, uint8_t flags, void *ctx)
{
	struct weir_http2 *t = ctx;

	(void)frame;
	if (!weir_fields_add(t->block[side_of(t, session)],
			     weir_rd_over(name, name_len),
			     weir_rd_over(value, value_len), flags))
		(void)nghttp2_session_terminate_session(
			session, NGHTTP2_ENHANCE_YOUR_CALM);
	return 0;
}

static struct weir_http2_stream *stream_of(nghttp2_session *session, int32_t id)
{
	return nghttp2_session_get_stream_user_data(session, id);
}

static void tell_bad(struct weir_http2 *t, enum weir_talk_side side,
		     struct weir_http2_stream *s)
{
	if (side == HOST) {
		weir_http2_answering_bad(t, s);
	} else if (!s->bad) {
		s->bad = true;
		weir_http_tell(t->owner, t->x, 0, WEIR_REASON_BAD_HEAD);
	}
}

/* One that nghttp2 would leave out: the message is malformed (RFC 9113 8.2.1). */
/* NOLINTNEXTLINE(readability-function-size): as above */
static int on_bad_field(nghttp2_session *session, const nghttp2_frame *frame,
			const uint8_t *name, size_t name_len,
			const uint8_t *value, size_t value_len, uint8_t flags,
			void *ctx)
{
	struct weir_http2_stream *s = stream_of(session, frame->hd.stream_id);
	struct weir_http2 *t = ctx;

	(void)name;
	(void)name_len;
	(void)value;
	(void)value_len;
	(void)flags;
	if (s)
		tell_bad(t, side_of(t, session), s);
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_bad_frame(nghttp2_session *session, const nghttp2_frame *frame,
			int error, void *ctx)
{
	struct weir_http2_stream *s = stream_of(session, frame->hd.stream_id);
	struct weir_http2 *t = ctx;

	(void)error;
	if (s)
		tell_bad(t, side_of(t, session), s);
	return 0;
}

static void free_block(struct weir_http2 *t, enum weir_talk_side side)
{
	free(t->block[side]);
	t->block[side] = NULL;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame,
		    void *ctx)
{
	struct weir_http2 *t = ctx;
	enum weir_talk_side side = side_of(t, session);
	int r = side == GUEST ? weir_http2_asking_frame(t, frame)
			      : weir_http2_answering_frame(t, frame);

	if (frame->hd.type == NGHTTP2_HEADERS)
		free_block(t, side);
	return r;
}

static int on_bytes(nghttp2_session *session, uint8_t flags, int32_t id,
		    const uint8_t *bytes, size_t n, void *ctx)
{
	struct weir_http2_stream *s = stream_of(session, id);
	struct weir_http2 *t = ctx;
	enum weir_talk_side from = side_of(t, session), to = other(from);

	(void)flags;
	if (!s)
		return 0;
	if (from == GUEST && s->drain) {
		weir_http2_bytes_thrown(t, s, n);
		return 0;
	}
	if (!s->open[to] || (from == HOST && (s->own || s->bad)))
		return 0;
	return weir_http2_bytes_put(t, s, to, bytes, n)
		       ? 0
		       : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code,
		    void *ctx)
{
	struct weir_http2_stream *s = stream_of(session, id);
	struct weir_http2 *t = ctx;

	if (s)
		weir_http2_stream_closed(t, s, side_of(t, session), code);
	return 0;
}

/* What nghttp2 finds wrong in a body is seen by the reset it answers with; not
 * one that is passed on. */
static bool is_verdict(const struct weir_http2_stream *s,
		       enum weir_talk_side side, const nghttp2_frame *frame)
{
	return frame->hd.type == NGHTTP2_RST_STREAM &&
	       frame->rst_stream.error_code == NGHTTP2_PROTOCOL_ERROR &&
	       !s->bad && (side == HOST ? s->open[GUEST] : !s->cut);
}

static void sent_to_guest(struct weir_http2 *t, struct weir_http2_stream *s,
			  const nghttp2_frame *frame)
{
	if (frame->hd.type == NGHTTP2_HEADERS &&
	    frame->headers.cat == NGHTTP2_HCAT_RESPONSE) {
		s->headed = true;
		if (s->cut)
			weir_http2_bytes_cut(t, s, s->cut);
	}
	if ((frame->hd.type == NGHTTP2_HEADERS ||
	     frame->hd.type == NGHTTP2_DATA) &&
	    frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
		s->told = true;
		weir_http2_bytes_tire(t, s);
	}
}

/* A window can be changed once the stream is there; a side that broke the rules
 * is told so with GOAWAY. */
static int on_sent(nghttp2_session *session, const nghttp2_frame *frame,
		   void *ctx)
{
	struct weir_http2 *t = ctx;
	enum weir_talk_side side = side_of(t, session);
	struct weir_http2_stream *s = stream_of(session, frame->hd.stream_id);

	if (frame->hd.type == NGHTTP2_GOAWAY && side == GUEST)
		t->bye = WEIR_HTTP2_BYE_WENT;
	if (frame->hd.type == NGHTTP2_GOAWAY &&
	    frame->goaway.error_code != NGHTTP2_NO_ERROR && !t->bad[side]) {
		t->bad[side] = true;
		if (side == GUEST)
			weir_http_tell(t->owner, t->x, 0,
				       WEIR_REASON_BAD_FRAME);
	}
	if (!s)
		return 0;
	if (is_verdict(s, side, frame))
		tell_bad(t, side, s);
	if (side == GUEST)
		sent_to_guest(t, s, frame);
	if (side == HOST && frame->hd.type == NGHTTP2_HEADERS) {
		weir_http2_bytes_grant(t, s, HOST);
		weir_http2_bytes_grant(t, s, GUEST);
	}
	return 0;
}

/* A request that could not be sent after all, for the host has said GOAWAY, or
 * the guest gave it up before. */
static int on_not_sent(nghttp2_session *session, const nghttp2_frame *frame,
		       int error, void *ctx)
{
	struct weir_http2 *t = ctx;
	struct weir_http2_stream *s = t->streams;

	(void)error;
	if (side_of(t, session) != HOST || frame->hd.type != NGHTTP2_HEADERS)
		return 0;
	while (s && (!s->open[HOST] || s->id[HOST] != frame->hd.stream_id))
		s = s->next;
	if (s && !stream_of(session, frame->hd.stream_id))
		weir_http2_stream_closed(t, s, HOST, NGHTTP2_REFUSED_STREAM);
	return 0;
}

static nghttp2_session_callbacks *make_callbacks(void)
{
	nghttp2_session_callbacks *c;

	if (nghttp2_session_callbacks_new(&c))
		return NULL;
	nghttp2_session_callbacks_set_on_begin_headers_callback(c, on_begin);
	nghttp2_session_callbacks_set_on_header_callback(c, on_field);
	nghttp2_session_callbacks_set_on_invalid_header_callback(c,
								 on_bad_field);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
		c, on_bad_frame);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_bytes);
	nghttp2_session_callbacks_set_on_stream_close_callback(c, on_close);
	nghttp2_session_callbacks_set_on_frame_send_callback(c, on_sent);
	nghttp2_session_callbacks_set_on_frame_not_send_callback(c,
								 on_not_sent);
	nghttp2_session_callbacks_set_send_data_callback(
		c, weir_http2_bytes_send_data);
	return c;
}

nghttp2_session *weir_http2_session(struct weir_http2 *t,
				    enum weir_talk_side side)
{
	nghttp2_session_callbacks *c = make_callbacks();
	nghttp2_session *session = NULL;
	nghttp2_option *o;

	if (!c || nghttp2_option_new(&o)) {
		nghttp2_session_callbacks_del(c);
		return NULL;
	}
	nghttp2_option_set_no_auto_window_update(o, 1);
	nghttp2_option_set_no_closed_streams(o, 1);
	nghttp2_option_set_peer_max_concurrent_streams(o,
						       WEIR_HTTP2_STREAMS_MAX);
	if ((side == GUEST
		     ? nghttp2_session_server_new2(&session, c, t, o)
		     : nghttp2_session_client_new2(&session, c, t, o)) != 0)
		session = NULL;
	nghttp2_option_del(o);
	nghttp2_session_callbacks_del(c);
	return session;
}

/* --- ends --- */

void weir_http2_leave(struct weir_http2 *t)
{
	if (t->bye == WEIR_HTTP2_BYE_NONE)
		t->bye = WEIR_HTTP2_BYE_DUE;
}

/* Not within a callback: more streams of the same read may follow, and a later
 * GOAWAY must not name a higher one (RFC 9113 6.8); so nothing more is read before
 * it went. */
static void say_goaway(struct weir_http2 *t)
{
	nghttp2_session *guest = t->session[GUEST];

	if (t->bye != WEIR_HTTP2_BYE_DUE || t->end[GUEST] != WEIR_TALK_OPEN)
		return;
	t->bye = WEIR_HTTP2_BYE_QUEUED;
	(void)nghttp2_submit_goaway(guest, NGHTTP2_FLAG_NONE,
				    nghttp2_session_get_last_proc_stream_id(
					    guest),
				    NGHTTP2_NO_ERROR, NULL, 0);
}

static void close_out(struct weir_http2 *t, enum weir_talk_side side)
{
	free(t->out[side].mem);
	t->out[side] = (struct weir_basin){ .mem = NULL };
}

/* What the host had said of a stream when it went.  True: that was told. */
static bool orphan(struct weir_http2 *t, struct weir_http2_stream *s)
{
	if (!s->answered && s->open[GUEST]) {
		s->open[HOST] = false;
		weir_http2_refuse(t, s, WEIR_FORBID_UPSTREAM, t->gone,
				  t->detail);
		return true;
	}
	weir_http2_stream_closed(t, s, HOST, NGHTTP2_INTERNAL_ERROR);
	return false;
}

static void host_gone(struct weir_http2 *t, enum weir_reason why,
		      enum weir_talk_end how)
{
	nghttp2_session *session = t->session[HOST];
	bool asked = t->streams, told = why != WEIR_REASON_BAD_ANSWER;

	if (t->gone != WEIR_REASON_NONE)
		return;
	t->gone = why;
	t->end[HOST] = how;
	close_out(t, HOST);
	for (struct weir_http2_stream *s = t->streams, *next; s; s = next) {
		next = s->next;
		if (s->open[HOST])
			told = orphan(t, s) || told;
	}
	if (!told)
		weir_http_tell(t->owner, t->x, 0, why);
	free_block(t, HOST);
	t->session[HOST] = NULL;
	nghttp2_session_del(session);
	/* with nothing asked the first request is to be told why */
	if (t->served || asked)
		weir_http2_leave(t);
}

/* The guest has gone: nobody waits for anything.  A host that is still busy with
 * it is told so at once, another one with GOAWAY. */
static void guest_gone(struct weir_http2 *t, enum weir_talk_end how)
{
	if (t->end[GUEST] != WEIR_TALK_OPEN)
		return;
	t->end[GUEST] = how;
	if (how == WEIR_TALK_RESET)
		close_out(t, GUEST);
	if (t->gone != WEIR_REASON_NONE)
		return;
	t->gone = WEIR_REASON_CLOSED;
	t->end[HOST] = how;
	if (t->streams)
		t->end[HOST] = WEIR_TALK_RESET;
	if (t->end[HOST] == WEIR_TALK_RESET)
		close_out(t, HOST);
	else if (t->session[HOST])
		(void)nghttp2_session_terminate_session(t->session[HOST],
							NGHTTP2_NO_ERROR);
}

/* --- the turn --- */

static bool has_place(struct weir_http2 *t, enum weir_talk_side side)
{
	struct weir_basin *b = &t->out[side];

	if (!b->mem) {
		*b = (struct weir_basin){ .mem = malloc(OUT_BYTES) };
		if (!b->mem)
			return false;
		b->cap = OUT_BYTES;
	}
	return weir_basin_room(b).left >= WEIR_HTTP2_FRAME_BYTES;
}

static void pump(struct weir_http2 *t, enum weir_talk_side side)
{
	nghttp2_session *session = t->session[side];
	const uint8_t *bytes;
	ssize_t n = 1;

	if (!session || t->end[side] == WEIR_TALK_RESET)
		return;
	while (n > 0 && nghttp2_session_want_write(session) &&
	       has_place(t, side)) {
		size_t before = weir_basin_len(&t->out[side]);
		struct weir_wr to;

		n = nghttp2_session_mem_send(session, &bytes);
		if (n > 0) {
			to = weir_basin_room(&t->out[side]);
			weir_wr_copy(&to, bytes, (size_t)n);
			weir_must(weir_wr_ok(&to));
			weir_basin_add(&t->out[side], (size_t)n);
		} else if (weir_basin_len(&t->out[side]) > before) {
			n = 1; /* a body was written past this */
		}
		if (t->mute[side])
			weir_basin_empty(&t->out[side]);
	}
	if (n < 0)
		t->failed = true;
	if (t->out[side].mem && weir_basin_len(&t->out[side]) == 0)
		close_out(t, side);
}

static bool is_over(const struct weir_http2 *t, enum weir_talk_side side)
{
	nghttp2_session *s = t->session[side];

	return s && !nghttp2_session_want_read(s) &&
	       !nghttp2_session_want_write(s);
}

static void settle(struct weir_http2 *t)
{
	if (t->failed) {
		weir_http_tell(t->owner, t->x, 0, WEIR_REASON_NO_MEMORY);
		guest_gone(t, WEIR_TALK_RESET);
		return;
	}
	weir_http2_bytes_grant(t, NULL, GUEST);
	weir_http2_bytes_grant(t, NULL, HOST);
	say_goaway(t);
	pump(t, HOST);
	pump(t, GUEST);
	if (is_over(t, HOST) && t->gone == WEIR_REASON_NONE) {
		host_gone(t,
			  t->bad[HOST] ? WEIR_REASON_BAD_ANSWER
				       : WEIR_REASON_CLOSED,
			  WEIR_TALK_FIN);
		say_goaway(t);
		pump(t, GUEST);
	}
	if (is_over(t, GUEST)) {
		guest_gone(t, WEIR_TALK_FIN);
		pump(t, HOST);
	}
}

/* --- doors --- */

static bool is_short(nghttp2_session *session)
{
	return !session ||
	       nghttp2_session_get_outbound_queue_size(session) < QUEUE_MAX;
}

static uint8_t *room(void *self, enum weir_talk_side side, size_t *ret_len)
{
	struct weir_http2 *t = self;
	enum weir_talk_side to = other(side);
	bool wants = t->end[side] != WEIR_TALK_OPEN; /* to throw it away */

	if (!wants && t->session[side] &&
	    (side == HOST || t->bye != WEIR_HTTP2_BYE_QUEUED))
		wants = weir_basin_len(&t->out[to]) < WEIR_HTTP2_FRAME_BYTES &&
			t->held[to] <= WEIR_HTTP2_HELD_BYTES &&
			is_short(t->session[side]) && is_short(t->session[to]);
	*ret_len = wants ? WEIR_HTTP_IN_BYTES : 0;
	return t->owner->in;
}

static void came(void *self, enum weir_talk_side side, size_t n)
{
	struct weir_http2 *t = self;
	bool memory;
	ssize_t r;

	if (t->end[side] != WEIR_TALK_OPEN)
		return;
	r = nghttp2_session_mem_recv(t->session[side], t->owner->in, n);
	if (r < 0) {
		memory = r == NGHTTP2_ERR_NOMEM ||
			 r == NGHTTP2_ERR_CALLBACK_FAILURE;
		if (side == HOST && !memory) {
			host_gone(t, WEIR_REASON_BAD_ANSWER, WEIR_TALK_RESET);
		} else {
			weir_http_tell(t->owner, t->x, 0,
				       memory ? WEIR_REASON_NO_MEMORY
					      : WEIR_REASON_BAD_FRAME);
			guest_gone(t, WEIR_TALK_RESET);
		}
	}
	settle(t);
}

static void ended(void *self, enum weir_talk_side side)
{
	struct weir_http2 *t = self;

	if (side == GUEST)
		guest_gone(t, WEIR_TALK_FIN);
	else
		host_gone(t, WEIR_REASON_CLOSED, WEIR_TALK_FIN);
	settle(t);
}

static void lost(void *self, enum weir_talk_side side)
{
	struct weir_http2 *t = self;

	if (side == GUEST)
		guest_gone(t, WEIR_TALK_RESET);
	else
		host_gone(t, WEIR_REASON_HOST_RESET, WEIR_TALK_RESET);
	settle(t);
}

/* A guest that takes nothing has gone; of a host answers may still come. */
static void deaf(void *self, enum weir_talk_side side)
{
	struct weir_http2 *t = self;

	if (side == GUEST) {
		lost(self, GUEST);
		return;
	}
	close_out(t, HOST);
	t->mute[HOST] = true;
	weir_http2_leave(t);
	settle(t);
}

static void fail(void *self, enum weir_reason reason, const char *detail)
{
	struct weir_http2 *t = self;

	t->detail = detail;
	host_gone(t, reason, WEIR_TALK_RESET);
	settle(t);
}

static const uint8_t *bytes(void *self, enum weir_talk_side side,
			    size_t *ret_len)
{
	const struct weir_http2 *t = self;

	*ret_len = weir_basin_len(&t->out[side]);
	return *ret_len ? t->out[side].mem + t->out[side].from : NULL;
}

static void went(void *self, enum weir_talk_side side, size_t n)
{
	struct weir_http2 *t = self;

	weir_basin_drop(&t->out[side], n);
	settle(t);
}

static enum weir_talk_end end(const void *self, enum weir_talk_side side)
{
	const struct weir_http2 *t = self;

	if (t->end[side] == WEIR_TALK_FIN && weir_basin_len(&t->out[side]))
		return WEIR_TALK_OPEN;
	return t->end[side];
}

static void close_talk(void *self)
{
	struct weir_http2 *t = self;

	while (t->streams)
		free_stream(t, t->streams);
	for (int i = 0; i < 2; i++) {
		enum weir_talk_side side = i ? HOST : GUEST;

		nghttp2_session_del(t->session[side]);
		free_block(t, side);
		close_out(t, side);
	}
	free(t);
}

static bool begin(struct weir_http2 *t)
{
	const nghttp2_settings_entry e[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
		  WEIR_HTTP2_STREAMS_MAX },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
		  WEIR_MESSAGE_HEAD_BYTES },
		{ NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
	};

	t->session[GUEST] = weir_http2_session(t, GUEST);
	return t->session[GUEST] &&
	       nghttp2_submit_settings(t->session[GUEST], NGHTTP2_FLAG_NONE, e,
				       3) == 0;
}

bool weir_http2_open(const struct weir_http_owner *owner,
		     const struct weir_crossing *x, struct weir_talk *ret)
{
	static const struct weir_talk_ops ops = {
		.room = room,
		.came = came,
		.ended = ended,
		.lost = lost,
		.deaf = deaf,
		.fail = fail,
		.bytes = bytes,
		.went = went,
		.end = end,
		.close = close_talk,
	};
	struct weir_http2 *t = calloc(1, sizeof(*t));

	if (!t)
		return false;
	t->owner = owner;
	t->x = x;
	t->max_streams = WEIR_HTTP2_STREAMS_MAX;
	t->window = NGHTTP2_INITIAL_WINDOW_SIZE;
	if (!begin(t)) {
		close_talk(t);
		return false;
	}
	*ret = (struct weir_talk){ &ops, t };
	pump(t, GUEST);
	return true;
}
