/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage.h - where the scripts of test_conn_cases.c play
 *
 * A house, a guest that does what the script says, and a list of what came out
 * for the guest.  A script that forgets a segment fails: quiet() and done()
 * insist that everything was looked at.  Offsets count bytes of the streams:
 * the first byte after the SYN is 0.
 */
#ifndef STAGE_H
#define STAGE_H

#include "house.h"

#define STAGE_OUTS 8192u
#define MS         UINT64_C(1000)
#define SECONDS    UINT64_C(1000000)

/** struct stage_out - a segment that came out */
struct stage_out {
	struct weir_tcp t;
	uint32_t len;
	uint16_t gso_size;
	bool unreachable;
	uint64_t at;
};

/**
 * struct stage - a play
 * @syn:  the guest's SYN; a script may change it before act_syn()
 * @sent: bytes the guest has sent (its FIN counts one)
 * @got:  bytes it has received in order, @eof and a FIN after them
 * @wnd:  window field it sends
 * @room, @read: if @room is set the window follows from what was read instead
 */
struct stage {
	struct tape tape;
	struct house h;
	struct weir_tcp syn;
	uint32_t iss, sent, got;
	uint16_t wnd;
	uint32_t room, read;
	bool eof;
	struct stage_out out[STAGE_OUTS];
	unsigned n, seen;
};

/** stage_new() - an empty stage; stage_end() checks and frees it */
struct stage *stage_new(void);
void stage_end(struct stage *s);
/** stage_again() - the connection is over; another may follow */
void stage_again(struct stage *s);

/* --- the guest --- */

/** act_syn() - sends its SYN (again) */
void act_syn(struct stage *s);
/** act_open() - SYN, the host accepts, SYN-ACK, ACK */
void act_open(struct stage *s);
/** act_open_shut() - the same, and 1024 bytes later its window is full */
void act_open_shut(struct stage *s);
/** act_call() - a client of the host is here: the SYN for the guest is seen */
void act_call(struct stage *s);
/** act_answer() - its SYN-ACK, with @len bytes, which it does not count yet */
void act_answer(struct stage *s, uint32_t len);
/** act_call_open() - both, and our ACK */
void act_call_open(struct stage *s);
/** act_at() - sends a segment: @len bytes of the tape from offset @off */
void act_at(struct stage *s, uint8_t flags, uint32_t off, uint32_t len);
/** act_send() - the same, from where it is; it goes on from there */
void act_send(struct stage *s, uint8_t flags, uint32_t len);
/** act_ack() - a bare acknowledgement of what it has received */
void act_ack(struct stage *s);
/** act_raw() - any segment at all, without bytes */
void act_raw(struct stage *s, uint8_t flags, uint32_t seq, uint32_t ack);
/** act_pour() - sends up to offset @end as far as the window lets it */
void act_pour(struct stage *s, uint32_t end, uint32_t piece);
/** act_drink() - takes in what came out and acknowledges, until it is quiet */
void act_drink(struct stage *s);

/* --- the host --- */

/** host_sends() - so many bytes more can be read */
void host_sends(struct stage *s, uint32_t n);
/** host_ends() - and then the end of file */
void host_ends(struct stage *s);
/** host_takes() - it takes so many bytes more; UINT64_MAX: all */
void host_takes(struct stage *s, uint64_t n);

/* --- ends, whoever opened the connection --- */

/** host_ends_first() - 3000 bytes and its end; the guest sends 2500 more */
void host_ends_first(struct stage *s);
/** guest_resets() - after 100 bytes: it is over */
void guest_resets(struct stage *s);
/** see_host_reset() - the 2000 bytes it sent before, the RST: it is over */
void see_host_reset(struct stage *s);

/* --- time, and what is seen --- */

/** pass() - so much time passes */
void pass(struct stage *s, uint64_t us);
/** see() - the next segment that came out; there must be one */
const struct stage_out *see(struct stage *s);
/** see_flags() - see(), with exactly these flags (PSH aside) */
const struct stage_out *see_flags(struct stage *s, uint8_t flags);
/** see_ack() - see(): an acknowledgement of the guest's bytes up to @off */
const struct stage_out *see_ack(struct stage *s, uint32_t off);
/** quiet() - nothing came out that was not seen */
void quiet(struct stage *s);
/** skip_seen() - whatever came out was not the point */
void skip_seen(struct stage *s);
/** over_for() - it is over, for that reason, and its memory is free */
void over_for(struct stage *s, enum weir_reason why);
/** goes_on() - both directions still work */
void goes_on(struct stage *s);

#endif /* STAGE_H */
