/* SPDX-License-Identifier: Apache-2.0 */
/* h2world.c - a guest, HTTP/2 of an intercepted connection, and a host */
#include "h2world.h"

#include "base/limits.h"
#include "policy/compile.h"

#define FIELDS_MAX 300u

/* --- fields as text --- */

/* windows on @copy, a copy of @text that is cut up */
static size_t read_fields(const char *text, char *copy, size_t room,
			  nghttp2_nv *nv)
{
	size_t n = 0;
	char *at = copy;

	CHECK(strlen(text) < room);
	strcpy(copy, text);
	while (*at) {
		char *end = strchr(at, '|'), *colon;
		bool never = at[0] == '!';

		CHECK(end && n < FIELDS_MAX);
		*end = 0;
		at += never;
		colon = strstr(at + 1, ": ");
		CHECK(colon);
		nv[n++] = (nghttp2_nv){
			.name = (uint8_t *)at,
			.namelen = (size_t)(colon - at),
			.value = (uint8_t *)colon + 2,
			.valuelen = (size_t)(end - colon) - 2,
			.flags = never ? NGHTTP2_NV_FLAG_NO_INDEX
				       : NGHTTP2_NV_FLAG_NONE,
		};
		at = end + 1;
	}
	return n;
}

static void write_field(char to[H2_TEXT], const uint8_t *name, size_t name_len,
			const uint8_t *value, size_t value_len, uint8_t flags)
{
	size_t len = strlen(to);

	CHECK(len + name_len + value_len + 5 < H2_TEXT);
	snprintf(to + len, H2_TEXT - len, "%s%.*s: %.*s|",
		 flags & NGHTTP2_NV_FLAG_NO_INDEX ? "!" : "", (int)name_len,
		 (const char *)name, (int)value_len, (const char *)value);
}

/* --- an end --- */

static struct h2_end *end_of(struct h2world *w, const nghttp2_session *session)
{
	return &w->end[session == w->end[HOST].session];
}

static struct h2_stream *add_stream(struct h2_end *e, int32_t id)
{
	struct h2_stream *s = calloc(1, sizeof(*s));

	CHECK(s && id > 0 && e->n < H2_STREAMS);
	s->id = id;
	e->stream[e->n++] = s;
	return s;
}

static struct h2_stream *find(const struct h2_end *e, int32_t id)
{
	for (unsigned i = 0; i < e->n; i++)
		if (e->stream[i]->id == id)
			return e->stream[i];
	return NULL;
}

static int on_begin(nghttp2_session *session, const nghttp2_frame *frame,
		    void *ctx)
{
	struct h2world *w = ctx;
	struct h2_end *e = end_of(w, session);

	if (e == &w->end[HOST] && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		(void)add_stream(e, frame->hd.stream_id);
	return 0;
}

static int on_field(nghttp2_session *session, const nghttp2_frame *frame,
		    const uint8_t *name, size_t name_len, const uint8_t *value,
		    size_t value_len, uint8_t flags, void *ctx)
{
	struct h2_stream *s = find(end_of(ctx, session), frame->hd.stream_id);
	char *to;

	CHECK(s);
	if (name_len == 7 && memcmp(name, ":status", 7) == 0) {
		s->status = atoi((const char *)value);
		s->interims += s->status < 200;
	}
	to = s->head                               ? s->trailer
	     : s->status >= 100 && s->status < 200 ? s->interim
						   : s->fields;
	write_field(to, name, name_len, value, value_len, flags);
	return 0;
}

static int on_bytes(nghttp2_session *session, uint8_t flags, int32_t id,
		    const uint8_t *bytes, size_t n, void *ctx)
{
	struct h2_stream *s = find(end_of(ctx, session), id);

	(void)flags;
	CHECK(s && s->head && !s->whole);
	s->body = realloc(s->body, s->len + n);
	CHECK(s->body);
	memcpy(s->body + s->len, bytes, n);
	s->len += n;
	CHECK_EQ(nghttp2_session_consume_connection(session, n), 0);
	if (s->unread)
		s->unacked += n;
	else
		CHECK_EQ(nghttp2_session_consume_stream(session, id, n), 0);
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame,
		    void *ctx)
{
	struct h2_end *e = end_of(ctx, session);
	struct h2_stream *s = find(e, frame->hd.stream_id);

	if (frame->hd.type == NGHTTP2_GOAWAY) {
		e->goaway = true;
		e->goaway_code = frame->goaway.error_code;
		e->goaway_last = frame->goaway.last_stream_id;
	}
	if (!s)
		return 0;
	if (frame->hd.type == NGHTTP2_HEADERS &&
	    (s->status == 0 || s->status >= 200))
		s->head = true;
	if ((frame->hd.type == NGHTTP2_HEADERS ||
	     frame->hd.type == NGHTTP2_DATA) &&
	    frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		s->whole = true;
	return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code,
		    void *ctx)
{
	struct h2_stream *s = find(end_of(ctx, session), id);

	if (s) {
		s->closed = true;
		s->code = code;
	}
	return 0;
}

static int on_not_sent(nghttp2_session *session, const nghttp2_frame *frame,
		       int error, void *ctx)
{
	struct h2_stream *s = find(end_of(ctx, session), frame->hd.stream_id);

	(void)error;
	if (s && frame->hd.type == NGHTTP2_HEADERS)
		s->closed = true;
	return 0;
}

static int on_bad_frame(nghttp2_session *session, const nghttp2_frame *frame,
			int error, void *ctx)
{
	const struct h2world *w = ctx;

	(void)session;
	/* asked for before its limit was known */
	if (!w->careless && error != NGHTTP2_ERR_REFUSED_STREAM)
		fail_msg("a frame of type %u: %s", frame->hd.type,
			 nghttp2_strerror(error));
	return 0;
}

static ssize_t padded(nghttp2_session *session, const nghttp2_frame *frame,
		      size_t max, void *ctx)
{
	size_t n = frame->hd.length + end_of(ctx, session)->pad;

	return (ssize_t)(n < max ? n : max);
}

static nghttp2_session *make_session(struct h2world *w, enum weir_talk_side i)
{
	nghttp2_session_callbacks *c;
	nghttp2_session *session;
	nghttp2_option *o;

	CHECK(nghttp2_session_callbacks_new(&c) == 0);
	CHECK(nghttp2_option_new(&o) == 0);
	nghttp2_option_set_no_auto_window_update(o, 1);
	nghttp2_session_callbacks_set_on_begin_headers_callback(c, on_begin);
	nghttp2_session_callbacks_set_on_header_callback(c, on_field);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_bytes);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(c, on_close);
	nghttp2_session_callbacks_set_on_frame_not_send_callback(c,
								 on_not_sent);
	nghttp2_session_callbacks_set_select_padding_callback(c, padded);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
		c, on_bad_frame);
	CHECK((i == HOST
		       ? nghttp2_session_server_new2(&session, c, w, o)
		       : nghttp2_session_client_new2(&session, c, w, o)) == 0);
	nghttp2_option_del(o);
	nghttp2_session_callbacks_del(c);
	return session;
}

static void settle(struct h2world *w, enum weir_talk_side i)
{
	struct h2_end *e = &w->end[i];
	nghttp2_settings_entry s[3];
	size_t n = 0;

	e->session = make_session(w, i);
	if (i == GUEST)
		s[n++] = (nghttp2_settings_entry){ NGHTTP2_SETTINGS_ENABLE_PUSH,
						   0 };
	if (e->window)
		s[n++] = (nghttp2_settings_entry){
			NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
			(uint32_t)e->window
		};
	if (e->streams)
		s[n++] = (nghttp2_settings_entry){
			NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, e->streams
		};
	CHECK(nghttp2_submit_settings(e->session, 0, s, n) == 0);
	if (e->all)
		CHECK(nghttp2_session_set_local_window_size(e->session, 0, 0,
							    e->all) == 0);
}

/* --- the world --- */

static void tell(void *ctx, const struct weir_http_told *t)
{
	struct h2world *w = ctx;

	CHECK(t->x == &w->x);
	w->told++;
	w->status = t->status;
	w->reason = t->verdict.reason;
}

static void make_image(struct h2world *w)
{
	static const char *const text[] = { "* /", "* /**", "* /no",
					    "* /no/**" };
	struct weir_httprule_line line[4];
	struct weir_httprule_entry e = { .line = line, .n_lines = 4 };
	struct weir_rule_target t;
	struct weir_rule_error error;
	struct weir_compile *c;
	const char *why;
	size_t len;

	for (unsigned i = 0; i < 4; i++)
		CHECK(weir_httprule_parse(text[i], strlen(text[i]), i >= 2,
					  &line[i], &why));
	CHECK(weir_rule_parse_host("a.b", 3, true, NULL, &t, &error));
	e.host = t.name;
	w->work = calloc(1, weir_compile_bytes());
	CHECK(w->work);
	c = weir_compile_init(w->work, weir_compile_bytes());
	CHECK(c && weir_compile_http(c, &e));
	len = weir_compile_size(c);
	CHECK(len);
	w->bytes = malloc(len);
	CHECK(w->bytes && weir_compile_write(c, w->bytes, len) == len);
	CHECK(weir_image_open(w->bytes, len, &w->image));
	free(w->work);
}

void h2_init(struct h2world *w)
{
	memset(w, 0, sizeof(*w));
	make_image(w);
	/* what a connection leaves there means nothing to the next one */
	w->in = malloc(WEIR_HTTP_IN_BYTES);
	w->head = malloc(WEIR_FIRST_BYTES);
	CHECK(w->in && w->head);
	w->owner = (struct weir_http_owner){ .ctx = w,
					     .image = &w->image,
					     .in = w->in,
					     .head = w->head,
					     .tell = tell };
	w->x.has_name = weir_dns_name_from_text("a.b", 3, &w->x.name);
	w->x.handover.port = 443;
	CHECK(w->x.has_name);
	for (unsigned i = 0; i < 2; i++) {
		w->end[i].wire = malloc(H2_WIRE);
		CHECK(w->end[i].wire);
	}
}

void h2_open(struct h2world *w)
{
	settle(w, GUEST);
	settle(w, HOST);
	CHECK(weir_http2_open(&w->owner, &w->x, &w->talk));
}

void h2_begin(struct h2world *w)
{
	h2_init(w);
	h2_open(w);
	h2_run(w);
}

void h2_close(struct h2world *w)
{
	if (w->talk.ops)
		w->talk.ops->close(w->talk.self);
	w->talk.ops = NULL;
}

void h2_fini(struct h2world *w)
{
	h2_close(w);
	for (unsigned i = 0; i < 2; i++) {
		struct h2_end *e = &w->end[i];

		nghttp2_session_del(e->session);
		for (unsigned k = 0; k < e->n; k++) {
			free(e->stream[k]->say);
			free(e->stream[k]->body);
			free(e->stream[k]);
		}
		free(e->wire);
	}
	free(w->bytes);
	free(w->in);
	free(w->head);
}

struct weir_http2 *h2_state(const struct h2world *w)
{
	return w->talk.self;
}

/* --- invariants --- */

/* What a side may still say is what the other one takes, but for the first
 * window, which is not ours to choose, and for answers of ours. */
static void check_window(const struct weir_http2 *t,
			 const struct weir_http2_stream *s,
			 enum weir_talk_side from)
{
	enum weir_talk_side to = from == GUEST ? HOST : GUEST;
	nghttp2_session *a = t->session[from], *b = t->session[to];
	int64_t may =
		s ? nghttp2_session_get_stream_local_window_size(a, s->id[from])
		  : nghttp2_session_get_local_window_size(a);
	int64_t takes =
		s ? nghttp2_session_get_stream_remote_window_size(b, s->id[to])
		  : nghttp2_session_get_remote_window_size(b);
	int64_t waits = (int64_t)(s ? s->queue[to].len : t->held[to]);
	int64_t ours = (int64_t)t->n_streams * WEIR_FORBID_BODY_BYTES;

	if (may + waits > (takes > 0 ? takes : 0) + 65535 + ours)
		fail_msg("%d: side %d may say %lld, %lld wait, %lld are taken",
			 s ? s->id[from] : 0, (int)from, (long long)may,
			 (long long)waits, (long long)takes);
}

static void check_windows(const struct weir_http2 *t)
{
	check_window(t, NULL, GUEST);
	check_window(t, NULL, HOST);
	for (const struct weir_http2_stream *s = t->streams; s; s = s->next)
		if (s->open[GUEST] && s->open[HOST] && !s->drain &&
		    nghttp2_session_get_stream_remote_window_size(
			    t->session[HOST], s->id[HOST]) >= 0) {
			check_window(t, s, GUEST);
			check_window(t, s, HOST);
		}
}

void h2_check(struct h2world *w)
{
	const struct weir_http2 *t = h2_state(w);
	size_t held[2] = { 0, 0 }, n = 0;

	for (const struct weir_http2_stream *s = t->streams; s; s = s->next) {
		CHECK(s->open[GUEST] || s->open[HOST]);
		held[GUEST] += s->queue[GUEST].len;
		held[HOST] += s->queue[HOST].len;
		n++;
	}
	CHECK_EQ(n, t->n_streams);
	for (unsigned i = 0; i < 2; i++) {
		size_t ours = i == GUEST ? n * WEIR_FORBID_BODY_BYTES : 0;
		enum weir_talk_end end =
			w->talk.ops->end(t, (enum weir_talk_side)i);

		CHECK_EQ(held[i], t->held[i]);
		CHECK(held[i] <=
		      WEIR_HTTP2_HELD_BYTES + WEIR_HTTP_IN_BYTES + ours);
		if (held[i] > w->most_held[i])
			w->most_held[i] = held[i];
		CHECK(w->end[i].end == WEIR_TALK_OPEN || end == w->end[i].end ||
		      end == WEIR_TALK_RESET);
		w->end[i].end = end;
	}
	if (t->session[GUEST] && t->session[HOST] && !w->shrinks)
		check_windows(t);
}

/* --- the wire --- */

static void fill_wire(struct h2_end *e)
{
	const uint8_t *bytes;
	ssize_t n;

	if (e->from == e->to || e->from > H2_WIRE / 2) {
		memmove(e->wire, e->wire + e->from, e->to - e->from);
		e->to -= e->from;
		e->from = 0;
	}
	while (!e->still && e->to - e->from < 40000) {
		n = nghttp2_session_mem_send(e->session, &bytes);
		CHECK(n >= 0);
		if (n == 0)
			return;
		CHECK(e->to + (size_t)n <= H2_WIRE);
		memcpy(e->wire + e->to, bytes, (size_t)n);
		e->to += (size_t)n;
	}
}

bool h2_in(struct h2world *w, enum weir_talk_side side)
{
	struct h2_end *e = &w->end[side];
	size_t room, n;
	uint8_t *to;

	fill_wire(e);
	n = e->to - e->from;
	to = w->talk.ops->room(w->talk.self, side, &room);
	CHECK(room <= WEIR_HTTP_IN_BYTES);
	n = n < room ? n : room;
	n = w->step && w->step < n ? w->step : n;
	if (n == 0)
		return false;
	memcpy(to, e->wire + e->from, n);
	e->from += n;
	w->talk.ops->came(w->talk.self, side, n);
	h2_check(w);
	return true;
}

bool h2_out(struct h2world *w, enum weir_talk_side side)
{
	struct h2_end *e = &w->end[side];
	const uint8_t *bytes;
	size_t n;
	ssize_t r;

	bytes = w->talk.ops->bytes(w->talk.self, side, &n);
	CHECK((n == 0) == (bytes == NULL));
	if (e->shut || n == 0)
		return false;
	CHECK_EQ(w->talk.ops->end(w->talk.self, side), WEIR_TALK_OPEN);
	n = w->step && w->step < n ? w->step : n;
	r = nghttp2_session_mem_recv(e->session, bytes, n);
	if (r != (ssize_t)n && !w->careless)
		fail_msg("side %d: %s", (int)side, nghttp2_strerror((int)r));
	w->talk.ops->went(w->talk.self, side, n);
	h2_check(w);
	return true;
}

void h2_run(struct h2world *w)
{
	bool more;

	do {
		more = h2_out(w, GUEST);
		more = h2_out(w, HOST) || more;
		more = h2_in(w, GUEST) || more;
		more = h2_in(w, HOST) || more;
	} while (more);
	h2_check(w);
}

void h2_raw(struct h2world *w, enum weir_talk_side side, const void *bytes,
	    size_t n)
{
	struct h2_end *e = &w->end[side];

	fill_wire(e);
	CHECK(e->to + n <= H2_WIRE);
	memcpy(e->wire + e->to, bytes, n);
	e->to += n;
}

void h2_frame(struct h2world *w, enum weir_talk_side side, uint8_t type,
	      uint8_t flags, int32_t id, const void *bytes, size_t n)
{
	const uint8_t head[9] = { (uint8_t)(n >> 16),
				  (uint8_t)(n >> 8),
				  (uint8_t)n,
				  type,
				  flags,
				  (uint8_t)(id >> 24),
				  (uint8_t)(id >> 16),
				  (uint8_t)(id >> 8),
				  (uint8_t)id };

	h2_raw(w, side, head, 9);
	h2_raw(w, side, bytes, n);
}

void h2_ended(struct h2world *w, enum weir_talk_side side)
{
	w->talk.ops->ended(w->talk.self, side);
	h2_run(w);
}

void h2_lost(struct h2world *w, enum weir_talk_side side)
{
	w->talk.ops->lost(w->talk.self, side);
	h2_run(w);
}

/* --- what is said --- */

static ssize_t read_says(nghttp2_session *session, int32_t id, uint8_t *to,
			 size_t len, uint32_t *flags,
			 nghttp2_data_source *source, void *ctx)
{
	struct h2_stream *s = source->ptr;
	size_t n = s->say_len - s->said;

	(void)ctx;
	if (n == 0 && !s->last)
		return NGHTTP2_ERR_DEFERRED;
	n = n < len ? n : len;
	if (n)
		memcpy(to, s->say + s->said, n);
	s->said += n;
	if (s->said < s->say_len || !s->last)
		return (ssize_t)n;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (s->tail[0]) {
		char copy[H2_TEXT];
		nghttp2_nv nv[FIELDS_MAX];
		size_t fields = read_fields(s->tail, copy, H2_TEXT, nv);

		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		CHECK(nghttp2_submit_trailer(session, id, nv, fields) == 0);
	}
	return (ssize_t)n;
}

struct h2_stream *h2_ask(struct h2world *w, const char *fields, bool last)
{
	static char copy[100000];
	struct h2_end *e = &w->end[GUEST];
	nghttp2_data_provider p = { .read_callback = read_says };
	nghttp2_nv nv[FIELDS_MAX];
	size_t n = read_fields(fields, copy, sizeof(copy), nv);
	struct h2_stream *s;
	int32_t id;

	s = add_stream(e, 1);
	p.source.ptr = s;
	id = nghttp2_submit_request(e->session, NULL, nv, n, last ? NULL : &p,
				    NULL);
	CHECK(id > 0);
	s->id = id;
	return s;
}

struct h2_stream *h2_get(struct h2world *w, const char *path)
{
	char text[500];

	snprintf(text, sizeof(text),
		 ":method: GET|:scheme: https|:authority: a.b|:path: %s|",
		 path);
	return h2_ask(w, text, true);
}

struct h2_stream *h2_reach(struct h2world *w, bool open,
			   struct h2_stream **ret_host)
{
	unsigned n = w->end[WEIR_TALK_HOST].n;
	struct h2_stream *q = open ? h2_ask(w, H2_POST, false) : h2_get(w, "/");

	h2_run(w);
	*ret_host = h2_asked(w, n);
	return q;
}

void h2_answer(struct h2world *w, struct h2_stream *s, const char *fields,
	       bool last)
{
	static char copy[100000];
	nghttp2_data_provider p = { .source.ptr = s,
				    .read_callback = read_says };
	nghttp2_nv nv[FIELDS_MAX];
	size_t n = read_fields(fields, copy, sizeof(copy), nv);

	CHECK(nghttp2_submit_response(w->end[HOST].session, s->id, nv, n,
				      last ? NULL : &p) == 0);
}

void h2_interim(struct h2world *w, struct h2_stream *s, const char *fields)
{
	char copy[H2_TEXT];
	nghttp2_nv nv[FIELDS_MAX];
	size_t n = read_fields(fields, copy, sizeof(copy), nv);

	CHECK(nghttp2_submit_headers(w->end[HOST].session, 0, s->id, NULL, nv,
				     n, NULL) == 0);
}

void h2_say(struct h2world *w, enum weir_talk_side side, struct h2_stream *s,
	    const void *bytes, size_t n)
{
	if (n == 0)
		return;
	s->say = realloc(s->say, s->say_len + n);
	CHECK(s->say);
	memcpy(s->say + s->say_len, bytes, n);
	s->say_len += n;
	(void)nghttp2_session_resume_data(w->end[side].session, s->id);
}

void h2_last(struct h2world *w, enum weir_talk_side side, struct h2_stream *s,
	     const char *tail)
{
	s->last = true;
	CHECK(!tail || strlen(tail) < sizeof(s->tail));
	strcpy(s->tail, tail ? tail : "");
	(void)nghttp2_session_resume_data(w->end[side].session, s->id);
}

void h2_reset(struct h2world *w, enum weir_talk_side side, struct h2_stream *s,
	      uint32_t code)
{
	CHECK(nghttp2_submit_rst_stream(w->end[side].session, 0, s->id, code) ==
	      0);
}

void h2_read(struct h2world *w, enum weir_talk_side side, struct h2_stream *s)
{
	s->unread = false;
	if (s->unacked)
		(void)nghttp2_session_consume_stream(w->end[side].session,
						     s->id, s->unacked);
	s->unacked = 0;
}

struct h2_stream *h2_asked(struct h2world *w, unsigned i)
{
	CHECK(i < w->end[HOST].n);
	return w->end[HOST].stream[i];
}
