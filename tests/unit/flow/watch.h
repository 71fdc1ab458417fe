/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch.h - what must be true of every segment towards the guest
 *
 * One place for the promises of conn.h that hold in every state, whatever the
 * guest, the host and the channel do.  It stands where the guest's card is: it
 * is shown every segment that goes in and every one that comes out, and knows
 * of the host only how many bytes it gave and whether it ended.  It looks at
 * nothing inside struct weir_conn.
 */
#ifndef WATCH_H
#define WATCH_H

#include "flow/conn.h"
#include "tape.h"

/**
 * struct watch - what was said so far, by the guest and to it
 * @una, @edge:  the guest acknowledged up to, lets in up to
 * @g_max:       after the last sequence number the guest sent
 * @ack, @ack_edge: acknowledged and invited by the connection
 * @max:         after the furthest sequence number sent to the guest
 * @given, @eof: what the host gave; @connected that it may be answered
 * @calling: the connection calls the guest; @called: its SYN was seen
 * @strange: an acknowledgement of something else came, of @strange_ack
 */
struct watch {
	struct tape *tape;
	uint32_t mtu;
	bool tso, v6;
	struct weir_conn_ends ends;
	struct weir_tcp syn;
	uint32_t una, edge, g_max;
	bool connected, synacked, ended, eof, fin, failed;
	bool calling, called, strange;
	uint32_t strange_ack;
	uint32_t iss, ack, ack_edge, max, fin_at;
	int8_t our_wscale;
	uint16_t our_window; /* of our SYN */
	uint64_t given;
	uint64_t outs, data_bytes;
	char why[200];
};

/** watch_open() - the guest's SYN was taken by weir_conn_init() */
void watch_open(struct watch *w, struct tape *tape,
		const struct weir_conn_env *env,
		const struct weir_conn_ends *ends, const struct weir_tcp *syn);

/** watch_call() - weir_conn_call(): the guest's part is yet to come */
void watch_call(struct watch *w, struct tape *tape,
		const struct weir_conn_env *env,
		const struct weir_conn_ends *ends);

/** watch_in() - a segment of the guest, before the connection sees it */
void watch_in(struct watch *w, const struct weir_tcp *t, uint32_t len);

/**
 * watch_out() - a segment towards the guest
 *
 * Return: NULL, or the sentence that says which promise was broken.
 */
const char *watch_out(struct watch *w, const struct weir_conn_out *out);

/** watch_line() - a segment on one line, numbers relative to the handshake */
void watch_line(const struct watch *w, char *text, size_t n, bool up,
		const struct weir_tcp *t, uint32_t len);

#endif /* WATCH_H */
