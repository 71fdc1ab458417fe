/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http2.h - HTTP/2 of an intercepted connection: two sessions (nghttp2), as a
 *           talk
 *
 * DOC: how it works
 *
 *	guest ══► session[GUEST] ── head ──► decide ──► session[HOST] ══► host
 *	             (a server)  ── bytes ─► queue ───►   (a client)
 *	      ◄══                ◄─── head, queue ◄────             ◄══
 *
 * Both sides speak HTTP/2, since the host was asked first and the guest is told
 * what it chose; nothing is translated.  A stream of the guest is one of the
 * host's, with another number.  Nothing goes on as it came: each frame is read
 * by one session and written by the other, so padding, priorities, unknown
 * frames, pushes, ALTSVC and ORIGIN end here, and the tables of HPACK are each
 * side's own.  A field that must not be indexed is so on the other side too.
 *
 * Windows are passed on, not kept.  A side is granted, for each stream and for
 * all together, what the other side has granted us and is not used up by
 * what waits here:
 *
 *	granted(from) = window(to) - queued(to)
 *
 * Data changes both sides of this alike, so it has to be looked at only when a
 * window grows, or where padding, which does not go on, used one up.  So whatever comes may go on at once; memory holds what is
 * between two system calls, not a window; a stream that nobody reads stops its
 * sender and no other; and the way is as fast as the windows of the two ends
 * allow.  Where it does not hold (the first 65,535 bytes of a connection, whose
 * window is not ours to choose; a window made smaller later, RFC 9113 6.9.2)
 * bytes wait in the queue of their stream.  Then, when WEIR_HTTP2_HELD_BYTES are
 * held, and when what was written for the other side is not taken, its socket
 * is not read: the kernel keeps the sender waiting.
 *
 * The host is spoken to when the guest's first SETTINGS are here.  Its limit of
 * streams and its first windows are the guest's from then on; what the guest has
 * opened beyond it by then is refused, by the host or here, as it would be
 * without us.
 *
 * Ends.  A stream that the host resets is reset for the guest, behind what
 * came before; one that the guest resets is for the host.  A complete answer is
 * delivered whatever becomes of the request.  A host that has gone: 502 for what
 * is unanswered, a reset for what is half answered, and GOAWAY.  GOAWAY is passed
 * on; what the host did not look at is REFUSED_STREAM, so that clients ask
 * again.  A guest that has gone takes its streams with it.
 *
 * What is answered here (403, 421, 400, 431, 501, 502) leaves the connection as
 * it is; the rest of such a request is read and thrown away, up to
 * WEIR_EXCHANGE_DRAIN_BYTES, then the stream is reset with NO_ERROR (8.1).
 *
 * What is no HTTP/2 is answered by nghttp2: RST_STREAM or GOAWAY; so are its
 * floods of acknowledgements, resets, CONTINUATION and SETTINGS.
 *
 * RFC 9113; 7541; 9110.  Not here: server push (refused in SETTINGS), extended
 * CONNECT (8441; not offered: clients then use HTTP/1.1 for a WebSocket).
 */
#ifndef WEIR_PROXY_HTTP2_H
#define WEIR_PROXY_HTTP2_H

#include <stdbool.h>

#include "proxy/http.h"

#define WEIR_HTTP2_STREAMS_MAX 100u   /* of a guest's connection, at once */
#define WEIR_HTTP2_HELD_BYTES  65536u /* waiting for a side */

/** weir_http2_open() - begin one; Return: false: no memory */
bool weir_http2_open(const struct weir_http_owner *owner,
		     const struct weir_crossing *x, struct weir_talk *ret);

#endif /* WEIR_PROXY_HTTP2_H */
