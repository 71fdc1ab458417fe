/* SPDX-License-Identifier: Apache-2.0 */
/* http2_state.h - the state of HTTP/2, for the rooms it is made of: http2,
 * http2_asking, http2_answering, http2_bytes */
#ifndef WEIR_PROXY_HTTP2_STATE_H
#define WEIR_PROXY_HTTP2_STATE_H

#include <nghttp2/nghttp2.h>

#include "policy/forbid.h"
#include "proxy/basin.h"
#include "proxy/fields.h"
#include "proxy/http2.h"
#include "proxy/pieces.h"

#define WEIR_HTTP2_FRAME_BYTES                                                 \
	(16384u + 9u) /* the most that is written at once */

/**
 * struct weir_http2_stream - a request and its answer.  Arrays are by side:
 *          what goes to it
 * @id:    its number there; 0: none yet
 * @open:  the session there knows it
 * @done:  all that is to be said to it is here
 * @queue, @tail: the bytes that wait for it; the trailers behind them
 * @answered: a final head was written for the guest; @own: it is ours;
 *         @headed: it went; @told: so did the end of the answer
 * @drain: what the guest still says goes nowhere; @drained: so many bytes
 * @cut:   behind the queue comes a reset with this code; 0: none
 * @bad:   it was told that something is wrong with it
 */
struct weir_http2_stream {
	struct weir_http2_stream *next, *before;
	int32_t id[2];
	bool open[2], done[2];
	bool answered, headed, told, own, drain, bad;
	uint8_t interim;
	uint32_t cut;
	size_t drained;
	struct weir_pieces queue[2];
	struct weir_fields *tail[2];
	struct weir_forbid request;
	struct weir_dns_name host;
};

/** enum weir_http2_bye - how far a GOAWAY is */
enum weir_http2_bye {
	WEIR_HTTP2_BYE_NONE,
	WEIR_HTTP2_BYE_DUE,
	WEIR_HTTP2_BYE_QUEUED, /* nothing more is read until it went */
	WEIR_HTTP2_BYE_WENT,
};

/**
 * struct weir_http2 - a connection.  Arrays are by side
 * @session: HOST: NULL before the guest's SETTINGS, and when it is gone
 * @out:   bytes for it; its memory is there while there are any
 * @held:  bytes in all queues for it
 * @block: of a head or trailers that come from it, while they do
 * @end:   what it is to be told
 * @mute:  what is written for it goes nowhere
 * @bad:   its session broke the rules; @failed: there was no memory
 * @served: a final head came from the host
 * @bye:   GOAWAY to the guest
 * @max_streams, @window: what it was told of the host's limits
 * @gone:  why there is no host, or NONE; @detail: a sentence more, or NULL
 */
struct weir_http2 {
	const struct weir_http_owner *owner;
	const struct weir_crossing *x;
	nghttp2_session *session[2];
	struct weir_basin out[2];
	size_t held[2];
	struct weir_fields *block[2];
	enum weir_talk_end end[2];
	bool mute[2], bad[2], served, failed;
	enum weir_http2_bye bye;
	uint32_t max_streams, window;
	enum weir_reason gone;
	const char *detail;
	struct weir_http2_stream *streams;
	size_t n_streams;
};

/* --- http2 --- */

/** weir_http2_stream_closed() - a side's session knows it no more; it may be
 * gone afterwards */
void weir_http2_stream_closed(struct weir_http2 *t, struct weir_http2_stream *s,
			      enum weir_talk_side side, uint32_t code);

/** weir_http2_reply() - answer it here
 * @v: the verdict that is told; @detail: a constant, or NULL */
void weir_http2_reply(struct weir_http2 *t, struct weir_http2_stream *s,
		      enum weir_forbid_status status,
		      const struct weir_judge_verdict *v, const char *detail);

/** weir_http2_refuse() - the same, for what nobody judged; it is told */
void weir_http2_refuse(struct weir_http2 *t, struct weir_http2_stream *s,
		       enum weir_forbid_status status, enum weir_reason reason,
		       const char *detail);

/** weir_http2_leave() - no more streams of the guest */
void weir_http2_leave(struct weir_http2 *t);

/** weir_http2_block() - a block of fields begins; Return: 0, or what a callback
 * says */
int weir_http2_block(struct weir_http2 *t, enum weir_talk_side side);

/** weir_http2_session() - make one; Return: NULL: no memory */
nghttp2_session *weir_http2_session(struct weir_http2 *t,
				    enum weir_talk_side side);

/* --- http2_asking: the guest's session --- */

/** weir_http2_asking_frame() - a frame of the guest's is here */
int weir_http2_asking_frame(struct weir_http2 *t, const nghttp2_frame *frame);

/** weir_http2_asking_begin() - HEADERS begin */
int weir_http2_asking_begin(struct weir_http2 *t, const nghttp2_frame *frame);

/* --- http2_answering: the host's --- */

/** weir_http2_answering_frame() - a frame of the host's is here */
int weir_http2_answering_frame(struct weir_http2 *t,
			       const nghttp2_frame *frame);

/** weir_http2_answering_bad() - what the host says on this stream is no answer */
void weir_http2_answering_bad(struct weir_http2 *t,
			      struct weir_http2_stream *s);

/* --- http2_bytes --- */

/** weir_http2_bytes_source() - where nghttp2 gets a body from */
nghttp2_data_provider weir_http2_bytes_source(struct weir_http2_stream *s);

/** weir_http2_bytes_put() - more of a body; Return: false: no memory */
bool weir_http2_bytes_put(struct weir_http2 *t, struct weir_http2_stream *s,
			  enum weir_talk_side to, const uint8_t *bytes,
			  size_t n);

/** weir_http2_bytes_done() - that was all; @tail: trailers behind it, or NULL; takes
 * them */
void weir_http2_bytes_done(struct weir_http2 *t, struct weir_http2_stream *s,
			   enum weir_talk_side to, struct weir_fields *tail);

/** weir_http2_bytes_cut() - a reset behind what waits for the guest */
void weir_http2_bytes_cut(struct weir_http2 *t, struct weir_http2_stream *s,
			  uint32_t code);

/** weir_http2_bytes_forget() - what waits for a side goes nowhere */
void weir_http2_bytes_forget(struct weir_http2 *t, struct weir_http2_stream *s,
			     enum weir_talk_side to);

/** weir_http2_bytes_drain() - what is still to come of the request goes nowhere */
void weir_http2_bytes_drain(struct weir_http2 *t, struct weir_http2_stream *s);

/** weir_http2_bytes_thrown() - so much of a request was thrown away */
void weir_http2_bytes_thrown(struct weir_http2 *t, struct weir_http2_stream *s,
			     size_t n);

/** weir_http2_bytes_tire() - was enough of it thrown away, and is it answered? */
void weir_http2_bytes_tire(struct weir_http2 *t,
			   const struct weir_http2_stream *s);

/** weir_http2_bytes_grant() - let a side say on this stream what the other one takes;
 * with NULL: on the connection */
void weir_http2_bytes_grant(struct weir_http2 *t,
			    const struct weir_http2_stream *s,
			    enum weir_talk_side from);

/** weir_http2_bytes_grant_all() - windows of all streams have changed */
void weir_http2_bytes_grant_all(struct weir_http2 *t, enum weir_talk_side from);

/** weir_http2_bytes_send_data() - nghttp2's: a frame of a body is to be written */
int weir_http2_bytes_send_data(nghttp2_session *session, nghttp2_frame *frame,
			       const uint8_t *head, size_t len,
			       nghttp2_data_source *source, void *ctx);

#endif /* WEIR_PROXY_HTTP2_STATE_H */
