/* SPDX-License-Identifier: Apache-2.0 */
/*
 * h2world.h - a guest, HTTP/2 of an intercepted connection, and a host
 *
 *	nghttp2, a client ══ wire ══► talk ══ wire ══► nghttp2, a server
 *
 * Fields are text: "name: value|name: value|", a ! before a name: never to be
 * indexed.  The connection is for a.b; its requests are allowed but for /no and
 * what begins with /no/.
 */
#ifndef H2WORLD_H
#define H2WORLD_H

#include "proxy/http2_state.h"

#include "../flow/dice.h"
#include "../t.h"

#define H2_STREAMS 512u
#define H2_TEXT    20000u
#define H2_WIRE    (4u << 20)

#define GUEST WEIR_TALK_GUEST
#define HOST  WEIR_TALK_HOST

/**
 * struct h2_stream - one, as one end has it
 * @say, @tail: what is still to be said, from @said on; @last: that is all
 * @unread: what comes is not acknowledged on the stream
 * @fields, @interim, @trailer: heard; @status of the final answer
 * @body:   heard, @len bytes
 * @head:   all of its head came; @whole: its end did; @closed: with @code
 */
struct h2_stream {
	int32_t id;
	uint8_t *say;
	size_t say_len, said;
	bool last, unread;
	char tail[500];
	char fields[H2_TEXT], interim[H2_TEXT], trailer[H2_TEXT];
	int status;
	unsigned interims;
	uint8_t *body;
	size_t len, unacked;
	bool head, whole, closed;
	uint32_t code;
};

/**
 * struct h2_end - the guest, or the host
 * @window, @all: it takes so much on each stream, on all; 0: as is usual
 * @streams: a host's limit; 0: none
 * @pad:    so many bytes behind each frame
 * @wire:   what it said and nobody took yet
 * @shut:   it takes nothing; @still: it says nothing
 * @goaway: it was told; with @goaway_code and @goaway_last
 * @end:    what the talk says of it
 */
struct h2_end {
	nghttp2_session *session;
	int32_t window, all;
	uint32_t streams;
	size_t pad;
	struct h2_stream *stream[H2_STREAMS];
	unsigned n;
	uint8_t *wire;
	size_t from, to;
	bool shut, still, goaway;
	uint32_t goaway_code;
	int32_t goaway_last;
	enum weir_talk_end end;
};

/**
 * struct h2world - the world of a test
 * @step: so many bytes at a time, 0: all; @dice: of who asks for its own
 * @careless: a side may break rules
 * @shrinks: windows are made smaller: no invariant on them
 * @told, @status, @reason: what was told to the owner, the last one
 */
struct h2world {
	struct weir_http_owner owner;
	struct weir_crossing x;
	struct weir_image image;
	void *bytes, *work;
	uint8_t *in, *head;
	struct weir_talk talk;
	struct h2_end end[2];
	size_t step, most_held[2];
	struct dice dice;
	bool careless, shrinks;
	unsigned told;
	uint16_t status;
	enum weir_reason reason;
};

/** h2_init() - all but the connection; then its ends may be changed */
void h2_init(struct h2world *w);
/** h2_open() - it begins; nothing is carried yet */
void h2_open(struct h2world *w);
/** h2_begin() - both, and the settings have gone round */
void h2_begin(struct h2world *w);
/** h2_close() - the connection goes; what was heard stays until h2_fini() */
void h2_close(struct h2world *w);
void h2_fini(struct h2world *w);

/** h2_in(), h2_out() - one step: from a side, to a side; Return: it moved */
bool h2_in(struct h2world *w, enum weir_talk_side side);
bool h2_out(struct h2world *w, enum weir_talk_side side);
/** h2_run() - until nothing moves */
void h2_run(struct h2world *w);
/** h2_check() - the invariants */
void h2_check(struct h2world *w);

/** h2_ask() - a request; @last: that is all of it */
struct h2_stream *h2_ask(struct h2world *w, const char *fields, bool last);
/* a head for a.b, for h2_ask() */
#define H2_ASK(method, path)                                                   \
	":method: " method "|:scheme: https|:authority: a.b|:path: " path "|"
#define H2_POST H2_ASK("POST", "/")

/** h2_get() - one for a path of a.b, without a body */
struct h2_stream *h2_get(struct h2world *w, const char *path);

/** h2_reach() - a request that reaches the host; @open: there is more of it
 * @ret_host: as it is there */
struct h2_stream *h2_reach(struct h2world *w, bool open,
			   struct h2_stream **ret_host);
/** h2_answer(), h2_interim() - of the host, to what it heard */
void h2_answer(struct h2world *w, struct h2_stream *s, const char *fields,
	       bool last);
void h2_interim(struct h2world *w, struct h2_stream *s, const char *fields);
/** h2_say() - more of a body; h2_last() - that was all; @tail: or NULL */
void h2_say(struct h2world *w, enum weir_talk_side side, struct h2_stream *s,
	    const void *bytes, size_t n);
void h2_last(struct h2world *w, enum weir_talk_side side, struct h2_stream *s,
	     const char *tail);
void h2_reset(struct h2world *w, enum weir_talk_side side, struct h2_stream *s,
	      uint32_t code);
/** h2_read() - acknowledge what came, and what will */
void h2_read(struct h2world *w, enum weir_talk_side side, struct h2_stream *s);
/** h2_raw() - bytes onto the wire, as they are */
void h2_raw(struct h2world *w, enum weir_talk_side side, const void *bytes,
	    size_t n);
/** h2_frame() - the same of a frame */
void h2_frame(struct h2world *w, enum weir_talk_side side, uint8_t type,
	      uint8_t flags, int32_t id, const void *bytes, size_t n);

/** h2_asked() - the @i-th stream that reached the host; fails if there is none
 */
struct h2_stream *h2_asked(struct h2world *w, unsigned i);

/** h2_ended(), h2_lost() - a side's connection is over; and all is carried */
void h2_ended(struct h2world *w, enum weir_talk_side side);
void h2_lost(struct h2world *w, enum weir_talk_side side);

/** h2_state() - the room's own */
struct weir_http2 *h2_state(const struct h2world *w);

#define CHECK_ENDS(w, guest, host)                                             \
	do {                                                                   \
		CHECK_EQ((w)->end[GUEST].end, WEIR_TALK_##guest);              \
		CHECK_EQ((w)->end[HOST].end, WEIR_TALK_##host);                \
	} while (0)

#endif /* H2WORLD_H */
