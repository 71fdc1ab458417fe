/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_http2.c - a guest and a host that may say anything in HTTP/2
 *
 * The first byte: which of them says bytes as they are (bit 0 the guest, bit 1
 * the host; behind a preface and SETTINGS, unless bit 2), and which is a session
 * of nghttp2 that is told what to do.  The rest is a script.  A byte is a side
 * (its lowest bit) and what happens; see step().
 *
 * Whatever is written for a side is cut into frames that are none but those of
 * RFC 9113, unpadded, whose fields can be decoded; requests are such as the
 * policy allows.  A side that is a session finds no fault with it.  What waits
 * is bounded; when the guest has ended, so has all.
 */
#include "base/limits.h"
#include "base/rd.h"
#include "policy/compile.h"
#include "proxy/http2_state.h"

#include <stdlib.h>

#define GUEST     WEIR_TALK_GUEST
#define HOST      WEIR_TALK_HOST
#define WIRE      (1u << 20)
#define BODIES    128u
#define BODY      200000u
#define BLOCK_MAX 200000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

/** struct body - what a session says on a stream; @left: and more, unless @last
 */
struct body {
	int32_t id;
	size_t left;
	bool last, tail;
};

/** struct scan - a reader of what was written for a side
 * @frame: so much of it is in @head and then @block; @id: of open headers */
struct scan {
	uint8_t head[24 + 9];
	size_t have, skip, preface;
	uint8_t *block;
	size_t block_len, want;
	int32_t id;
	bool in_block;
	nghttp2_hd_inflater *inflater;
};

struct text {
	char text[20000];
	size_t len;
};

static struct world {
	struct weir_image image;
	struct text path, method; /* of the head that is read */
	struct weir_http_owner owner;
	struct weir_crossing x;
	struct weir_talk talk;
	nghttp2_session *session[2];
	uint8_t *wire[2];
	size_t from[2], to[2];
	struct body body[2][BODIES];
	unsigned n[2];
	bool raw[2], shut[2], over[2];
	struct scan scan[2];
} w;

static uint8_t in[WEIR_HTTP_IN_BYTES], head[WEIR_FIRST_BYTES];

/* --- what is written for a side --- */

static bool is(const nghttp2_nv *nv, const char *name)
{
	return nv->namelen == strlen(name) &&
	       memcmp(nv->name, name, nv->namelen) == 0;
}

static void keep(struct text *to, const nghttp2_nv *nv)
{
	must(to->len == 0 && nv->valuelen < sizeof(to->text));
	to->len = nv->valuelen;
	memcpy(to->text, nv->value, nv->valuelen);
	to->text[to->len] = 0;
}

/* nothing but a.b, and what the policy has there */
static void check_field(enum weir_talk_side side, const nghttp2_nv *nv)
{
	if (side == GUEST)
		return;
	must(!is(nv, "host") && !is(nv, "connection"));
	if (is(nv, ":authority"))
		must(nv->valuelen >= 3 && (nv->value[0] | 0x20) == 'a' &&
		     nv->value[1] == '.' && (nv->value[2] | 0x20) == 'b' &&
		     (nv->valuelen == 3 || nv->value[3] == ':'));
	if (is(nv, ":path"))
		keep(&w.path, nv);
	if (is(nv, ":method"))
		keep(&w.method, nv);
}

static void check_request(void)
{
	must(w.path.len && w.method.len);
	must(memcmp(w.method.text, "CONNECT", 8) != 0);
	must(weir_judge_http(&w.image, &w.x.name, w.method.text, w.method.len,
			     w.path.text, w.path.len)
		     .said == WEIR_JUDGE_ALLOW);
	w.path.len = w.method.len = 0;
}

static void check_block(enum weir_talk_side side)
{
	struct scan *s = &w.scan[side];
	size_t at = 0;

	for (;;) {
		nghttp2_nv nv;
		int flags;
		ssize_t n = nghttp2_hd_inflate_hd2(s->inflater, &nv, &flags,
						   s->block + at,
						   s->block_len - at, 1);

		must(n >= 0);
		at += (size_t)n;
		if (flags & NGHTTP2_HD_INFLATE_EMIT)
			check_field(side, &nv);
		if (flags & NGHTTP2_HD_INFLATE_FINAL)
			break;
		must(n > 0 || flags & NGHTTP2_HD_INFLATE_EMIT);
	}
	nghttp2_hd_inflate_end_headers(s->inflater);
	must(at == s->block_len);
	s->block_len = 0;
	if (side == HOST && (w.path.len || w.method.len))
		check_request();
}

/* a head of a frame is whole */
static void check_head(enum weir_talk_side side)
{
	struct scan *s = &w.scan[side];
	struct weir_rd r = weir_rd_over(s->head, 9);
	uint32_t len = (uint32_t)weir_rd_be16(&r) << 8;
	uint8_t type, flags;
	uint32_t id;

	len |= weir_rd_u8(&r);
	type = weir_rd_u8(&r);
	flags = weir_rd_u8(&r);
	id = weir_rd_be32(&r);
	must(len <= 16384 && id <= INT32_MAX);
	must(type == NGHTTP2_DATA || type == NGHTTP2_HEADERS ||
	     type == NGHTTP2_RST_STREAM || type == NGHTTP2_SETTINGS ||
	     type == NGHTTP2_PING || type == NGHTTP2_GOAWAY ||
	     type == NGHTTP2_WINDOW_UPDATE || type == NGHTTP2_CONTINUATION);
	must(s->in_block == (type == NGHTTP2_CONTINUATION));
	must(!s->in_block || s->id == (int32_t)id);
	s->id = (int32_t)id;
	s->skip = s->want = 0;
	if (type == NGHTTP2_HEADERS || type == NGHTTP2_CONTINUATION) {
		must(type != NGHTTP2_HEADERS || !(flags & ~5u));
		must(s->block_len + len <= BLOCK_MAX);
		s->in_block = !(flags & NGHTTP2_FLAG_END_HEADERS);
		s->want = len;
		if (len == 0 && !s->in_block)
			check_block(side);
		return;
	}
	must(type != NGHTTP2_DATA || !(flags & ~1u));
	s->skip = len;
}

static void scan(enum weir_talk_side side, struct weir_rd r)
{
	struct scan *s = &w.scan[side];

	while (r.left) {
		if (s->skip || s->want) {
			size_t n = s->skip ? s->skip : s->want;

			n = n < r.left ? n : r.left;
			if (s->skip) {
				(void)weir_rd_take(&r, n);
				s->skip -= n;
				continue;
			}
			weir_rd_copy(&r, s->block + s->block_len, n);
			s->block_len += n;
			s->want -= n;
			if (s->want == 0 && !s->in_block)
				check_block(side);
			continue;
		}
		s->head[s->have++] = weir_rd_u8(&r);
		if (s->preface && s->have == 24) {
			must(memcmp(s->head, NGHTTP2_CLIENT_MAGIC, 24) == 0);
			s->have = s->preface = 0;
		} else if (!s->preface && s->have == 9) {
			s->have = 0;
			check_head(side);
		}
	}
}

/* --- sessions --- */

static enum weir_talk_side side_of(const nghttp2_session *session)
{
	return session == w.session[HOST] ? HOST : GUEST;
}

static struct body *add_body(enum weir_talk_side side, int32_t id)
{
	struct body *b;

	if (w.n[side] == BODIES)
		return NULL;
	b = &w.body[side][w.n[side]++];
	*b = (struct body){ .id = id };
	return b;
}

static int on_begin(nghttp2_session *session, const nghttp2_frame *frame,
		    void *ctx)
{
	(void)ctx;
	if (side_of(session) == HOST &&
	    frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		(void)add_body(HOST, frame->hd.stream_id);
	return 0;
}

static int on_bad_frame(nghttp2_session *session, const nghttp2_frame *frame,
			int error, void *ctx)
{
	(void)session;
	(void)frame;
	(void)ctx;
	/* asked for before its limit was known */
	must(error == NGHTTP2_ERR_REFUSED_STREAM);
	return 0;
}

static void make_session(enum weir_talk_side side)
{
	nghttp2_session_callbacks *c;
	nghttp2_settings_entry e = { NGHTTP2_SETTINGS_ENABLE_PUSH, 0 };

	must(nghttp2_session_callbacks_new(&c) == 0);
	nghttp2_session_callbacks_set_on_begin_headers_callback(c, on_begin);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
		c, on_bad_frame);
	must((side == HOST
		      ? nghttp2_session_server_new(&w.session[side], c, NULL)
		      : nghttp2_session_client_new(&w.session[side], c,
						   NULL)) == 0);
	nghttp2_session_callbacks_del(c);
	must(nghttp2_submit_settings(w.session[side], 0, &e, side == GUEST) ==
	     0);
}

static nghttp2_nv field(const void *name, size_t name_len, const void *value,
			size_t value_len, uint8_t flags)
{
	union {
		const void *from;
		uint8_t *to; /* nghttp2 copies */
	} n = { name }, v = { value };

	return (nghttp2_nv){ n.to, v.to, name_len, value_len, flags };
}

static nghttp2_nv field_of(const char *name, const char *value)
{
	return field(name, strlen(name), value, strlen(value), 0);
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *to,
			 size_t len, uint32_t *flags,
			 nghttp2_data_source *source, void *ctx)
{
	struct body *b = source->ptr;
	size_t n = b->left < len ? b->left : len;

	(void)ctx;
	if (n == 0 && !b->last)
		return NGHTTP2_ERR_DEFERRED;
	memset(to, 'x', n);
	b->left -= n;
	if (b->left || !b->last)
		return (ssize_t)n;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (b->tail) {
		nghttp2_nv nv = field_of("t", "u");

		if (nghttp2_submit_trailer(session, id, &nv, 1) == 0)
			*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
	}
	return (ssize_t)n;
}

/* more fields out of the script: name and value, lengths before them */
static size_t read_fields(struct weir_rd *r, uint8_t n, nghttp2_nv *to)
{
	size_t i;

	for (i = 0; i < (n & 3u); i++) {
		uint8_t len = weir_rd_u8(r), flags = len & 0x80 ? 1 : 0;
		struct weir_rd name =
			weir_rd_sub(r, (len & 15u) < r->left ? len & 15u
							     : r->left);
		struct weir_rd value =
			weir_rd_sub(r, (len >> 4 & 7u) < r->left ? len >> 4 & 7u
								 : r->left);

		to[i] = field(name.left ? name.at : (const uint8_t *)"x",
			      name.left ? name.left : 1,
			      value.left ? value.at : (const uint8_t *)"",
			      value.left, flags);
	}
	return i;
}

static void ask(struct weir_rd *r)
{
	static const char *const method[] = { "GET", "POST",    "HEAD",
					      "PUT", "CONNECT", "OPTIONS",
					      "x",   "GET" };
	static const char *const path[] = { "/", "/a", "/no",   "/no/b",
					    "*", "",   "/%6eo", "/n" };
	uint8_t a = weir_rd_u8(r), b = weir_rd_u8(r), len = b & 31;
	struct weir_rd text = weir_rd_sub(r, len < r->left ? len : r->left);
	struct body *body = add_body(GUEST, 0);
	nghttp2_data_provider p = { .source.ptr = body,
				    .read_callback = read_body };
	nghttp2_nv nv[8] = {
		field_of(":method", method[a & 7]),
		field_of(":scheme", b & 0x20 ? "http" : "https"),
		field_of(":path", path[a >> 3 & 7]),
		field_of(b & 0x40 ? "host" : ":authority",
			 b & 0x80 ? "c.d" : "a.b"),
	};
	size_t n = 4;

	if (text.left)
		nv[2] = field(":path", 5, text.at, text.left, 0);
	if (!body)
		return;
	n += read_fields(r, a >> 6, nv + n);
	body->id = nghttp2_submit_request(w.session[GUEST], NULL, nv, n,
					  a & 1 ? &p : NULL, NULL);
}

static void answer(struct weir_rd *r, struct body *b)
{
	static const char *const status[] = { "200", "103", "100", "204",
					      "304", "500", "101", "2x" };
	uint8_t a = weir_rd_u8(r);
	nghttp2_data_provider p = { .source.ptr = b,
				    .read_callback = read_body };
	nghttp2_nv nv[5] = { field_of(":status", status[a & 7]),
			     field_of("content-length", "300") };
	size_t n = a & 8 ? 2 : 1;

	n += read_fields(r, a >> 6, nv + n);
	if (a & 0x10)
		(void)nghttp2_submit_headers(w.session[HOST], 0, b->id, NULL,
					     nv, n, NULL);
	else
		(void)nghttp2_submit_response(w.session[HOST], b->id, nv, n,
					      a & 0x20 ? NULL : &p);
}

/* --- what a side is told to do --- */

static void do_to_all(enum weir_talk_side side, uint8_t what, uint8_t arg)
{
	static const uint32_t windows[] = { 0,     1,       1000, 65535,
					    70000, 1 << 20, 300,  INT32_MAX };
	nghttp2_session *s = w.session[side];
	nghttp2_settings_entry e = { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
				     windows[arg & 7] };

	if (what == 1) {
		e.settings_id = NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS;
		e.value = arg;
	} else if (what == 2) {
		e.settings_id = NGHTTP2_SETTINGS_HEADER_TABLE_SIZE;
		e.value = arg * 64u;
	}
	if (what < 3)
		(void)nghttp2_submit_settings(s, 0, &e, 1);
	else if (what == 3)
		(void)nghttp2_submit_ping(s, 0, NULL);
	else if (what == 4)
		(void)nghttp2_submit_goaway(s, 0, arg, arg & 1, NULL, 0);
	else if (what == 5)
		(void)nghttp2_submit_window_update(s, 0, 0, arg * 1000);
	else if (what == 6)
		(void)nghttp2_submit_shutdown_notice(s);
	else
		(void)nghttp2_session_terminate_session(s, arg & 3);
}

static void act(enum weir_talk_side side, struct weir_rd *r)
{
	uint8_t what = weir_rd_u8(r), arg = weir_rd_u8(r);
	nghttp2_session *s = w.session[side];
	struct body *b;

	if (what & 0x80) {
		do_to_all(side, what & 7, arg);
		return;
	}
	if ((what & 7) == 0 && side == GUEST)
		ask(r);
	if (w.n[side] == 0)
		return;
	b = &w.body[side][(what >> 3) % w.n[side]];
	if ((what & 7) == 0 && side == HOST) {
		answer(r, b);
	} else if ((what & 7) == 1) {
		b->left += b->left < BODY ? arg : 0u;
	} else if ((what & 7) == 2) {
		b->left += b->left < BODY ? arg * 256u : 0u;
	} else if ((what & 7) == 3) {
		b->last = true;
		b->tail = arg & 1;
	} else if ((what & 7) == 4 && nghttp2_session_find_stream(s, b->id)) {
		(void)nghttp2_submit_rst_stream(s, 0, b->id, arg & 15);
	} else if ((what & 7) == 5) {
		(void)nghttp2_submit_window_update(s, 0, b->id, arg * 1000);
	}
	if (b->id > 0)
		(void)nghttp2_session_resume_data(s, b->id);
}

/* --- the wire --- */

static void put(enum weir_talk_side side, const void *bytes, size_t n)
{
	if (n > WIRE - w.to[side])
		return;
	if (n)
		memcpy(w.wire[side] + w.to[side], bytes, n);
	w.to[side] += n;
}

/* a frame of a side that says bytes: its payload is of the script */
static void put_frame(enum weir_talk_side side, struct weir_rd *r)
{
	uint8_t h[9] = { 0 };
	size_t n = weir_rd_u8(r);

	n = n < r->left ? n : r->left;
	n = n > 3 ? n : 3;
	if (r->left < n)
		return;
	h[3] = weir_rd_u8(r);
	h[4] = weir_rd_u8(r);
	h[8] = weir_rd_u8(r);
	n -= 3;
	h[2] = (uint8_t)n;
	put(side, h, 9);
	put(side, weir_rd_take(r, n), n);
}

static void check(void)
{
	const struct weir_http2 *t = w.talk.self;

	must(t->n_streams <= 3 * WEIR_HTTP2_STREAMS_MAX);
	for (int i = 0; i < 2; i++)
		must(t->held[i] <=
		     WEIR_HTTP2_HELD_BYTES + WEIR_HTTP_IN_BYTES +
			     t->n_streams * WEIR_FORBID_BODY_BYTES);
}

static bool carry_out(enum weir_talk_side side, size_t most)
{
	const uint8_t *bytes;
	size_t n;

	bytes = w.talk.ops->bytes(w.talk.self, side, &n);
	if (w.shut[side] || n == 0)
		return false;
	n = n < most ? n : most;
	scan(side, weir_rd_over(bytes, n));
	if (!w.raw[side])
		must(nghttp2_session_mem_recv(w.session[side], bytes, n) ==
		     (ssize_t)n);
	w.talk.ops->went(w.talk.self, side, n);
	check();
	return true;
}

static bool carry_in(enum weir_talk_side side, size_t most)
{
	const uint8_t *bytes;
	size_t n, left, room;
	uint8_t *to;
	ssize_t some;

	if (w.from[side] == w.to[side])
		w.from[side] = w.to[side] = 0;
	while (!w.raw[side] && w.to[side] - w.from[side] < 20000 &&
	       WIRE - w.to[side] > 40000) {
		some = nghttp2_session_mem_send(w.session[side], &bytes);
		must(some >= 0);
		if (some == 0)
			break;
		put(side, bytes, (size_t)some);
	}
	to = w.talk.ops->room(w.talk.self, side, &room);
	left = w.to[side] - w.from[side];
	n = left < room ? left : room;
	n = n < most ? n : most;
	if (w.over[side] || n == 0)
		return false;
	memcpy(to, w.wire[side] + w.from[side], n);
	w.from[side] += n;
	w.talk.ops->came(w.talk.self, side, n);
	check();
	return true;
}

static void carry(size_t most, unsigned rounds)
{
	bool more = true;

	while (more && rounds--) {
		more = carry_out(GUEST, most);
		more = carry_out(HOST, most) || more;
		more = carry_in(GUEST, most) || more;
		more = carry_in(HOST, most) || more;
	}
}

/* --- the script --- */

static void leave(enum weir_talk_side side, uint8_t how)
{
	if (w.over[side])
		return;
	if (how == 0) {
		w.talk.ops->ended(w.talk.self, side);
	} else if (how == 1) {
		w.talk.ops->lost(w.talk.self, side);
	} else if (how == 2) {
		w.talk.ops->deaf(w.talk.self, side);
		w.shut[side] = true;
		return;
	} else {
		w.talk.ops->fail(w.talk.self, WEIR_REASON_REFUSED, NULL);
		side = HOST;
	}
	w.over[side] = true;
	check();
}

static void step(struct weir_rd *r)
{
	uint8_t op = weir_rd_u8(r);
	enum weir_talk_side side = op & 1 ? HOST : GUEST;
	size_t n;

	switch (op >> 1 & 7) {
	case 0:
	case 1:
	case 2:
		if (!w.raw[side]) {
			act(side, r);
		} else if ((op >> 1 & 7) == 0) {
			n = weir_rd_u8(r);
			n = n < r->left ? n : r->left;
			put(side, weir_rd_take(r, n), n);
		} else {
			put_frame(side, r);
		}
		if (op & 0x80)
			return;
		carry(SIZE_MAX, 8);
		break;
	case 3:
	case 4:
		carry(1 + (size_t)weir_rd_u8(r), 1 + (op >> 4));
		break;
	case 5:
		if (op & 0x10)
			(void)carry_in(side, SIZE_MAX);
		else
			(void)carry_out(side, SIZE_MAX);
		break;
	case 6:
		w.shut[side] = !w.shut[side];
		break;
	default:
		leave(side, op >> 4 & 3);
		break;
	}
}

/* --- the world --- */

static void told(void *ctx, const struct weir_http_told *t)
{
	(void)ctx;
	must(t->verdict.reason != WEIR_REASON_NONE);
	must(t->status == 0 || (t->status >= 400 && t->status < 600));
}

/* once: all requests of a.b but for /no and below */
static void make_policy(void)
{
	static const char *const text[] = { "* /**", "* /", "* /no",
					    "* /no/**" };
	static struct weir_httprule_line line[4];
	struct weir_httprule_entry e = { .line = line, .n_lines = 4 };
	struct weir_rule_target t;
	struct weir_rule_error error;
	struct weir_compile *c;
	const char *why;
	void *work, *bytes;
	size_t len;

	for (unsigned i = 0; i < 4; i++)
		must(weir_httprule_parse(text[i], strlen(text[i]), i >= 2,
					 &line[i], &why));
	must(weir_rule_parse_host("a.b", 3, true, NULL, &t, &error));
	e.host = t.name;
	work = calloc(1, weir_compile_bytes());
	must(work);
	c = weir_compile_init(work, weir_compile_bytes());
	must(c && weir_compile_http(c, &e));
	len = weir_compile_size(c);
	bytes = malloc(len);
	must(bytes && weir_compile_write(c, bytes, len) == len);
	must(weir_image_open(bytes, len, &w.image));
	free(work);
	for (unsigned i = 0; i < 2; i++) {
		w.wire[i] = malloc(WIRE);
		w.scan[i].block = malloc(BLOCK_MAX);
		must(w.wire[i] && w.scan[i].block);
	}
}

static void begin(uint8_t flags)
{
	static const uint8_t settings[9] = { 0, 0, 0, 4 };

	w.owner = (struct weir_http_owner){
		.image = &w.image, .in = in, .head = head, .tell = told
	};
	w.x.has_name = weir_dns_name_from_text("a.b", 3, &w.x.name);
	w.x.handover.port = 443;
	for (unsigned i = 0; i < 2; i++) {
		uint8_t *block = w.scan[i].block;

		w.raw[i] = flags >> i & 1;
		w.from[i] = w.to[i] = w.n[i] = 0;
		w.shut[i] = w.over[i] = false;
		w.scan[i] = (struct scan){ .block = block, .preface = i };
		must(nghttp2_hd_inflate_new(&w.scan[i].inflater) == 0);
		make_session((enum weir_talk_side)i);
		if (!w.raw[i] || flags & 4)
			continue;
		if (i == GUEST)
			put(GUEST, NGHTTP2_CLIENT_MAGIC, 24);
		put((enum weir_talk_side)i, settings, 9);
	}
	must(weir_http2_open(&w.owner, &w.x, &w.talk));
	check();
}

static void finish(void)
{
	w.shut[GUEST] = w.shut[HOST] = false;
	carry(SIZE_MAX, 1000);
	leave(GUEST, 0);
	carry(SIZE_MAX, 1000);
	for (unsigned i = 0; i < 2; i++) {
		must(w.talk.ops->end(w.talk.self, (enum weir_talk_side)i) !=
		     WEIR_TALK_OPEN);
		nghttp2_session_del(w.session[i]);
		nghttp2_hd_inflate_del(w.scan[i].inflater);
	}
	w.talk.ops->close(w.talk.self);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_rd r = weir_rd_over(data, size);

	if (!w.image.bytes)
		make_policy();
	begin(weir_rd_u8(&r));
	carry(SIZE_MAX, 4);
	while (r.left)
		step(&r);
	finish();
	return 0;
}
