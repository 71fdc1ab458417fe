/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http2_bytes.c - the bodies of HTTP/2: queues, windows, ends
 *
 * A body is asked for by nghttp2 when the windows of the side it goes to have
 * room: read_body() says how much there is, weir_http2_bytes_send_data() writes the
 * frame into the way out, if there is place for it and for a frame of another
 * kind behind it, which nghttp2 would not take back.
 */
#include <stdlib.h>

#include "proxy/http2_state.h"

#define GUEST WEIR_TALK_GUEST
#define HOST  WEIR_TALK_HOST

#define WINDOW 65535 /* for what is thrown away */

static enum weir_talk_side side_of(const struct weir_http2 *t,
				   const nghttp2_session *session)
{
	return session == t->session[HOST] ? HOST : GUEST;
}

/* Where it ends: by itself, with trailers, or torn. */
static void end_body(struct weir_http2 *t, struct weir_http2_stream *s,
		     enum weir_talk_side to, uint32_t *flags)
{
	const struct weir_fields *tail = s->tail[to];

	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (!tail)
		return;
	*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
	if (nghttp2_submit_trailer(t->session[to], s->id[to], tail->nv,
				   tail->n))
		(void)nghttp2_submit_rst_stream(t->session[to],
						NGHTTP2_FLAG_NONE, s->id[to],
						NGHTTP2_INTERNAL_ERROR);
	free(s->tail[to]);
	s->tail[to] = NULL;
}

/* NOLINTNEXTLINE(readability-*): nghttp2's list of parameters */
static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *to,
			 size_t len, uint32_t *flags,
			 nghttp2_data_source *source, void *ctx)
{
	struct weir_http2_stream *s = source->ptr;
	struct weir_http2 *t = ctx;
	enum weir_talk_side side = side_of(t, session);
	size_t n = s->queue[side].len;

	(void)to;
	(void)id;
	if (n == 0 && !s->done[side])
		return NGHTTP2_ERR_DEFERRED;
	n = n < len ? n : len;
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (s->done[side] && n == s->queue[side].len)
		end_body(t, s, side, flags);
	return (ssize_t)n;
}

int weir_http2_bytes_send_data(nghttp2_session *session, nghttp2_frame *frame,
			       const uint8_t *head, size_t len,
			       nghttp2_data_source *source, void *ctx)
{
	struct weir_http2_stream *s = source->ptr;
	struct weir_http2 *t = ctx;
	enum weir_talk_side side = side_of(t, session);
	struct weir_wr to = weir_basin_room(&t->out[side]);

	(void)frame;
	if (len >
	    s->queue[side].len) /* it was forgotten since it was promised */
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (to.left < 9 + len + WEIR_HTTP2_FRAME_BYTES)
		return NGHTTP2_ERR_WOULDBLOCK;
	weir_wr_copy(&to, head, 9);
	weir_pieces_get(&s->queue[side], to.at, len);
	t->held[side] -= len;
	weir_basin_add(&t->out[side], 9 + len);
	if (s->cut && side == GUEST && s->queue[side].len == 0)
		weir_http2_bytes_cut(t, s, s->cut);
	return 0;
}

nghttp2_data_provider weir_http2_bytes_source(struct weir_http2_stream *s)
{
	return (nghttp2_data_provider){ .source = { .ptr = s },
					.read_callback = read_body };
}

static void resume(struct weir_http2 *t, const struct weir_http2_stream *s,
		   enum weir_talk_side to)
{
	if (s->open[to]) /* -EINVAL: it does not wait */
		(void)nghttp2_session_resume_data(t->session[to], s->id[to]);
}

bool weir_http2_bytes_put(struct weir_http2 *t, struct weir_http2_stream *s,
			  enum weir_talk_side to, const uint8_t *bytes,
			  size_t n)
{
	if (!weir_pieces_put(&s->queue[to], bytes, n))
		return false;
	t->held[to] += n;
	resume(t, s, to);
	return true;
}

void weir_http2_bytes_done(struct weir_http2 *t, struct weir_http2_stream *s,
			   enum weir_talk_side to, struct weir_fields *tail)
{
	s->done[to] = true;
	s->tail[to] = tail;
	resume(t, s, to);
}

void weir_http2_bytes_cut(struct weir_http2 *t, struct weir_http2_stream *s,
			  uint32_t code)
{
	s->cut = code;
	if (s->open[GUEST] && s->queue[GUEST].len == 0 &&
	    (s->headed || !s->answered))
		(void)nghttp2_submit_rst_stream(t->session[GUEST],
						NGHTTP2_FLAG_NONE, s->id[GUEST],
						code);
}

void weir_http2_bytes_forget(struct weir_http2 *t, struct weir_http2_stream *s,
			     enum weir_talk_side to)
{
	t->held[to] -= s->queue[to].len;
	weir_pieces_empty(&s->queue[to]);
	free(s->tail[to]);
	s->tail[to] = NULL;
}

void weir_http2_bytes_tire(struct weir_http2 *t,
			   const struct weir_http2_stream *s)
{
	if (s->drain && s->drained > WEIR_EXCHANGE_DRAIN_BYTES && s->told)
		(void)nghttp2_submit_rst_stream(t->session[GUEST],
						NGHTTP2_FLAG_NONE, s->id[GUEST],
						NGHTTP2_NO_ERROR);
}

/* The guest may have used up its window already. */
void weir_http2_bytes_drain(struct weir_http2 *t, struct weir_http2_stream *s)
{
	s->drain = s->drain || !s->done[HOST];
	weir_http2_bytes_grant(t, s, GUEST);
}

void weir_http2_bytes_thrown(struct weir_http2 *t, struct weir_http2_stream *s,
			     size_t n)
{
	s->drained += n;
	weir_http2_bytes_grant(t, s, GUEST);
	weir_http2_bytes_tire(t, s);
}

/* --- windows --- */

/* what the session there may write */
static int64_t can_take(const struct weir_http2 *t,
			const struct weir_http2_stream *s,
			enum weir_talk_side to)
{
	nghttp2_session *session = t->session[to];

	if (s && s->drain && to == HOST)
		return s->drained <= WEIR_EXCHANGE_DRAIN_BYTES ? WINDOW : 0;
	if (!session)
		return s ? 0 : WINDOW;
	return s ? nghttp2_session_get_stream_remote_window_size(session,
								 s->id[to])
		 : nghttp2_session_get_remote_window_size(session);
}

/* what the session there may still read; less than nothing once a window was made
 * smaller */
static int64_t may_say(const struct weir_http2 *t,
		       const struct weir_http2_stream *s,
		       enum weir_talk_side from)
{
	nghttp2_session *session = t->session[from];
	int32_t id = s ? s->id[from] : 0;

	if (!s)
		return nghttp2_session_get_local_window_size(session);
	return (int64_t)nghttp2_session_get_stream_effective_local_window_size(
		       session, id) -
	       nghttp2_session_get_stream_effective_recv_data_length(session,
								     id);
}

void weir_http2_bytes_grant(struct weir_http2 *t,
			    const struct weir_http2_stream *s,
			    enum weir_talk_side from)
{
	enum weir_talk_side to = from == GUEST ? HOST : GUEST;
	int64_t more;

	if (!t->session[from] ||
	    (s && (!s->open[from] || s->done[to] || (from == HOST && s->own))))
		return;
	more = can_take(t, s, to) -
	       (int64_t)(s ? s->queue[to].len : t->held[to]) -
	       may_say(t, s, from);
	if (more > 0 && (!s || !s->drain || more >= WINDOW / 2))
		(void)nghttp2_submit_window_update(t->session[from],
						   NGHTTP2_FLAG_NONE,
						   s ? s->id[from] : 0,
						   (int32_t)more);
}

void weir_http2_bytes_grant_all(struct weir_http2 *t, enum weir_talk_side from)
{
	for (const struct weir_http2_stream *s = t->streams; s; s = s->next)
		weir_http2_bytes_grant(t, s, from);
}
