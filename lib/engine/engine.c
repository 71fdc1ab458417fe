/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.c - birth, messages from control, the turn of the loop
 *
 * DOC: how it works
 *
 * Control sends a CHARTER (what network to be), a POLICY (what is allowed) and
 * a LINK (the guest's frames).  When all three are here all memory is laid out once: one anonymous
 * mapping, address space for every limit, pages when they are touched.  READY
 * is answered, and from then on the engine turns:
 *
 *	wait      until a descriptor or the nearest deadline, or not at all if
 *		  something could go on
 *	events    host sockets and control; the link is only noted
 *	frames    up to WEIR_TURN_FRAMES_UP from the guest
 *	timers    of all rooms
 *	revise    after another POLICY: a part of what is open is judged again
 *	serve     each flow that has something to do, once
 *	tell      the events of the turn go to control
 *
 * Every step is bounded, nothing sleeps or polls, and a network without
 * traffic has no deadline nearer than its idle times: no wake-ups.
 *
 * The time is read once a turn.
 *
 * As a thread of a program (weir_engine_run_inside()) the engine has a third
 * ear: errands, which its other threads bring (sys/errand.h), are done after the
 * events of a turn, and before its frames.  The first wait for the house to be
 * open.
 *
 * A guest on a socket may go and another come: UNLINK is said, the house is
 * closed with all it knew, and laid out anew for the next LINK, which READY
 * answers.
 */
#include "engine/engine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/cross.h"
#include "engine/datagrams.h"
#include "engine/doors.h"
#include "engine/down.h"
#include "engine/echoes.h"
#include "engine/foyer.h"
#include "engine/house.h"
#include "engine/lines.h"
#include "engine/names.h"
#include "engine/parts.h"
#include "engine/revise.h"
#include "engine/streams.h"
#include "engine/tell.h"
#include "engine/tolls.h"
#include "engine/up.h"
#include "engine/verdict.h"
#include "sys/clock.h"
#include "sys/entropy.h"
#include "sys/errand.h"
#include "sys/loop.h"
#include "sys/msg.h"

#define WINDOW_MAX   (4u << 20) /* payload of one flow and direction, at most */
#define ANSWER_BYTES (WEIR_FRAME_MAX_BYTES + 256u)
#define DEAF_US      100000u /* until control is tried again */

/* --- birth --- */

static void fail(struct weir_house *h, const char *what, int err)
{
	char text[160];
	int n = snprintf(text, sizeof(text), "%s: %s", what, strerror(err));

	if (n < 0)
		return;
	if ((size_t)n >= sizeof(text))
		n = (int)sizeof(text) - 1;
	(void)weir_msg_send(h->control, WEIR_MSG_FAILED, text, (size_t)n, NULL,
			    0);
}

/*
 * A socket has no header to say what a large frame stands for: it is one packet
 * above the MTU, its checksum finished, which --jumbo says the guest takes.
 */
static void set_up_conn(struct weir_house *h)
{
	const struct weir_charter *c = &h->charter;
	bool jumbo = c->jumbo && (c->link == WEIR_CHARTER_STREAM ||
				  c->link == WEIR_CHARTER_DGRAM);

	h->env = (struct weir_conn_env){
		.pool = &h->payload,
		.mtu = c->mtu,
		.tso4 = jumbo || (c->offload & WEIR_OFFLOAD_TSO4) != 0,
		.tso6 = jumbo || (c->offload & WEIR_OFFLOAD_TSO6) != 0,
		.window_max = WINDOW_MAX,
		.idle_us = c->idle_s * 1000000ull,
	};
	if (h->env.window_max > c->payload_bytes / 4)
		h->env.window_max = (uint32_t)(c->payload_bytes / 4);
	weir_entropy_fill(h->env.secret, sizeof(h->env.secret));
	h->env_names = h->env;
	h->env_names.idle_us = WEIR_DNS_TCP_IDLE_MS * 1000ull;
}

static bool lay_out(struct weir_house *h, struct weir_arena *ret)
{
	const struct weir_charter *c = &h->charter;
	size_t len = weir_streams_bytes(c->max_flows) + weir_names_bytes() +
		     weir_pins_bytes() + WEIR_JOURNAL_BYTES +
		     weir_card_bytes() + weir_datagrams_bytes() +
		     weir_doors_bytes() + (size_t)c->payload_bytes +
		     (size_t)(c->payload_bytes / WEIR_CHUNK_BYTES + 1) * 8 +
		     weir_echoes_bytes() + weir_parts_bytes() +
		     WEIR_HOUSE_FRAMES_BYTES + ANSWER_BYTES + (1u << 16);
	uint64_t key[2];
	void *mem;

	if (h->errands)
		len += weir_verdict_given_bytes();
	weir_entropy_fill(key, sizeof(key));
	mem = mmap(NULL, len, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem == MAP_FAILED)
		return false;
	h->mem = mem;
	h->mem_len = len;
	weir_arena_init(ret, mem, len);
	h->frame = weir_arena_take(ret, 1, WEIR_HOUSE_FRAMES_BYTES, 64);
	h->answer = weir_arena_take(ret, 1, ANSWER_BYTES, 64);
	weir_entropy_fill(h->streams.key, sizeof(h->streams.key));
	weir_entropy_fill(&h->slice_id, sizeof(h->slice_id));
	return h->frame && h->answer &&
	       weir_streams_init(h, ret, c->max_flows) &&
	       weir_names_init(h, ret) && weir_datagrams_init(h, ret) &&
	       weir_echoes_init(h, ret) && weir_parts_init(h, ret) &&
	       weir_doors_init(h, ret) && weir_pins_init(&h->pins, ret, key) &&
	       weir_verdict_given_init(h, ret, key) &&
	       weir_tell_init(h, ret, c->events) &&
	       weir_store_pool_init(&h->payload, ret, c->payload_bytes);
}

/* Charter and link are here. */
static int open_house(struct weir_house *h)
{
	struct weir_arena arena;
	int err;

	weir_foyer_learn(h);
	if (!lay_out(h, &arena)) {
		fail(h, "no memory for the network", ENOMEM);
		return 1;
	}
	set_up_conn(h);
	weir_foyer_open(h);
	weir_tolls_init(h);
	h->stranger = h->charter.any_mac;
	err = weir_card_open(h, &arena);
	if (err) {
		fail(h, "the guest's link cannot be used", -err);
		return 1;
	}
	weir_echoes_check(h);
	h->up = true;
	return weir_msg_send(h->control, WEIR_MSG_READY, NULL, 0, NULL, 0) < 0;
}

/* --- control --- */

/* The names of this guest, to those of the guests before it. */
static void add_names(const struct weir_house *h, struct weir_summary *sum)
{
	const struct weir_ask_stats *now = &h->names.ask.stats;

	sum->dns_questions += now->questions;
	sum->dns_cached += now->cached;
	sum->dns_sent += now->sent;
	sum->dns_failed += now->failures;
}

static void send_summary(struct weir_house *h, enum weir_msg_kind kind)
{
	uint8_t body[sizeof(struct weir_summary) + 64];
	struct weir_wr w = weir_wr_over(body, sizeof(body));
	struct weir_summary sum = h->sum;

	if (h->up)
		add_names(h, &sum);
	weir_summary_build(&sum, &w);
	if (weir_wr_ok(&w))
		(void)weir_msg_send(h->control, kind, body, weir_wr_len(&w),
				    NULL, 0);
}

static void take_link(struct weir_house *h, struct weir_msg *m)
{
	if (m->n_fds == 0 || h->up || h->card.given >= 0)
		return;
	h->card.given = m->fd[0];
	m->fd[0] = m->fd[--m->n_fds];
}

/* Doors that come before the house is open would be lost: control waits. */
static void take_door(struct weir_house *h, struct weir_msg *m)
{
	struct weir_charter_door door;

	if (!h->up || m->n_fds == 0 ||
	    !weir_charter_parse_door(&m->body, &door))
		return;
	if (weir_doors_open(h, &door, m->fd[0]))
		weir_house_count(h, WEIR_REASON_BIND);
	m->fd[0] = m->fd[--m->n_fds];
}

/*
 * The first policy, or another one.  One that cannot be read leaves the old
 * one in force; without any the house stays shut.
 */
static void take_policy(struct weir_house *h, const struct weir_msg *m)
{
	static const char text[] = "the new policy cannot be read: the one "
				   "before stays in force";

	if (m->n_fds == 0)
		return;
	if (weir_verdict_take(h, m->fd[0]) == 0) {
		if (h->up)
			weir_revise_begin(h);
		return;
	}
	if (h->up)
		(void)weir_msg_try(h->control, WEIR_MSG_NOTE, text,
				   sizeof(text) - 1);
	else
		fail(h, "the policy cannot be read", EPROTO);
}

/* how long control wants to wait for what the guest sent */
static uint32_t patience_ms(struct weir_rd *body)
{
	uint32_t ms = body->left ? weir_rd_be32(body) : WEIR_DRAIN_MS;

	return ms < WEIR_DRAIN_MS ? ms : WEIR_DRAIN_MS;
}

/* Another proxy: what the one before had has ended with it. */
static void take_proxy(struct weir_house *h, struct weir_msg *m)
{
	if (m->n_fds == 0)
		return;
	weir_cross_open(h, m->fd[0]);
	m->fd[0] = m->fd[--m->n_fds];
}

/* A part of the charter is another one. */
static void take_change(struct weir_house *h, struct weir_msg *m)
{
	struct weir_charter *c = &h->charter;

	if (m->kind == WEIR_MSG_UPSTREAMS) {
		if (weir_charter_parse_upstreams(&m->body, c) && h->up)
			weir_names_reload(h);
	} else if (m->kind == WEIR_MSG_ADDRESSES) {
		if (weir_charter_parse_own(&m->body, c))
			h->classes.n_own = c->n_own;
	} else if (m->kind == WEIR_MSG_LIMITS) {
		if (weir_charter_parse_limits(&m->body, c) && h->up)
			weir_tolls_init(h);
	} else {
		c->events = weir_rd_be32(&m->body);
		weir_tell_want(h, c->events);
	}
}

/* One message.  Return: -1 go on, else the exit status. */
static int take_message(struct weir_house *h, struct weir_msg *m,
			bool *have_charter)
{
	switch (m->kind) {
	case WEIR_MSG_CHARTER:
		if (*have_charter)
			break;
		*have_charter = weir_charter_parse(&m->body, &h->charter);
		if (*have_charter)
			break;
		fail(h, "the charter cannot be read", EPROTO);
		weir_msg_close_fds(m);
		return 1;
	case WEIR_MSG_LINK:
		take_link(h, m);
		break;
	case WEIR_MSG_UPSTREAMS:
	case WEIR_MSG_ADDRESSES:
	case WEIR_MSG_WANTED:
	case WEIR_MSG_LIMITS:
		take_change(h, m);
		break;
	case WEIR_MSG_POLICY:
		take_policy(h, m);
		break;
	case WEIR_MSG_TALLY:
		send_summary(h, WEIR_MSG_TALLY);
		break;
	case WEIR_MSG_PROXY:
		take_proxy(h, m);
		break;
	case WEIR_MSG_DOOR:
		take_door(h, m);
		break;
	case WEIR_MSG_UNDOOR:
		if (h->up)
			weir_doors_close(h, weir_rd_be32(&m->body));
		break;
	case WEIR_MSG_STOP:
		h->stopping = true;
		h->stop_us = h->now_us + patience_ms(&m->body) * 1000ull;
		break;
	case WEIR_MSG_READY: /* the rest is not ours to hear */
	case WEIR_MSG_FAILED:
	case WEIR_MSG_BYE:
	case WEIR_MSG_NOTE:
	case WEIR_MSG_EVENTS:
	case WEIR_MSG_UNLINK:
	case WEIR_MSG_TAP:
	case WEIR_MSG_STARTED:
	case WEIR_MSG_STOPPED:
	case WEIR_MSG_ENDED:
	case WEIR_MSG_TROUBLE:
	case WEIR_MSG_GO:
	case WEIR_MSG_RESUME:
	case WEIR_MSG_END:
	case WEIR_MSG_HANDOVER:
	case WEIR_MSG_HANDED:
	case WEIR_MSG_DENIED:
	case WEIR_MSG_CA:
	case WEIR_MSG_TRUST:
	case WEIR_MSG_KINDS:
		break;
	}
	weir_msg_close_fds(m);
	if (!h->up && *have_charter && weir_card_is_given(h) && h->policy.bytes)
		return open_house(h) ? 1 : -1;
	return -1;
}

/* One message that waits.  Return: -1 go on, else the exit status. */
static int hear_control(struct weir_house *h)
{
	uint8_t buf[WEIR_MSG_PACKET_BYTES];
	bool have = h->charter.mtu != 0;
	struct weir_msg m;
	int r = weir_msg_receive(h->control, buf, sizeof(buf), &m);

	if (r == -EAGAIN || r == -EPROTO)
		return -1;
	if (r <= 0)
		return 1;
	if (h->errands &&
	    (m.kind == WEIR_MSG_POLICY || m.kind == WEIR_MSG_DOOR))
		weir_msg_adopt(&m);
	return take_message(h, &m, &have);
}

/* Errands, and before them what was said before them. */
static int run_errands(struct weir_house *h)
{
	int r = -1;

	h->called = false;
	while (r < 0 && weir_msg_is_waiting(h->control))
		r = hear_control(h);
	weir_errand_run(h->errands, h);
	return r;
}

/* --- the turn --- */

static uint64_t nearest(const struct weir_house *h)
{
	uint64_t due = weir_streams_due_us(h), d;

	d = weir_datagrams_due_us(h);
	due = d < due ? d : due;
	d = weir_echoes_due_us(h);
	due = d < due ? d : due;
	d = weir_parts_due_us(h);
	due = d < due ? d : due;
	d = weir_doors_due_us(h);
	due = d < due ? d : due;
	d = weir_pins_due_us(&h->pins);
	due = d < due ? d : due;
	d = weir_names_due_us(h);
	due = d < due ? d : due;
	d = weir_card_due_us(h);
	due = d < due ? d : due;
	d = weir_desk_due(&h->desk);
	if (d != UINT64_MAX && d * 1000 < due)
		due = d * 1000;
	return due;
}

static void tick(struct weir_house *h)
{
	struct weir_wr out = weir_wr_over(h->answer, ANSWER_BYTES);

	weir_streams_tick(h);
	weir_datagrams_tick(h);
	weir_echoes_tick(h);
	weir_parts_tick(h);
	weir_doors_tick(h);
	weir_names_tick(h);
	weir_card_tick(h);
	weir_pins_tick(&h->pins, h->now_us);
	if (weir_desk_tick(&h->desk, weir_house_now_ms(h), &out))
		weir_down_frame(h, &out);
}

/* Return: -1 go on, else the exit status. */
static int dispatch(struct weir_house *h, const struct weir_loop_event *e)
{
	uint64_t low = e->tag & ((UINT64_C(1) << 56) - 1);

	switch ((enum weir_house_tag)(e->tag >> 56)) {
	case WEIR_HOUSE_TAG_CONTROL:
		return hear_control(h);
	case WEIR_HOUSE_TAG_PROXY:
		if (e->what & WEIR_LOOP_OUT)
			weir_cross_writable(h);
		if (e->what & (uint32_t)~WEIR_LOOP_OUT)
			weir_cross_event(h);
		return -1;
	case WEIR_HOUSE_TAG_RELAY:
		if (weir_card_is_called(h))
			h->called = true; /* until they are done */
		return -1;
	case WEIR_HOUSE_TAG_LINK:
		h->link_ready = true;
		if (weir_card_event(h, e->what) < 0)
			h->link_lost = true;
		return -1;
	case WEIR_HOUSE_TAG_STREAM:
		weir_streams_event(h, low, e->what);
		return -1;
	case WEIR_HOUSE_TAG_DATAGRAM:
		weir_datagrams_event(h, (uint32_t)low, e->what);
		return -1;
	case WEIR_HOUSE_TAG_ECHO:
		weir_echoes_event(h, (uint32_t)low, e->what);
		return -1;
	case WEIR_HOUSE_TAG_NAME:
		weir_names_event(h, (uint32_t)low, e->what);
		return -1;
	case WEIR_HOUSE_TAG_LINE:
		weir_lines_event(h, low);
		return -1;
	case WEIR_HOUSE_TAG_DOOR:
		weir_doors_event(h, (uint32_t)low);
		return -1;
	}
	return -1;
}

static uint64_t patience(struct weir_house *h, bool more)
{
	uint64_t due, tolls;

	if (more)
		return 0;
	if (!h->up)
		return UINT64_MAX;
	due = nearest(h);
	if (h->stopping && h->stop_us < due)
		due = h->stop_us;
	tolls = weir_tolls_due_us(h);
	due = tolls < due ? tolls : due;
	if (h->deaf && h->now_us + DEAF_US < due)
		due = h->now_us + DEAF_US;
	if (due == UINT64_MAX)
		return UINT64_MAX;
	return due > h->now_us ? due - h->now_us : 0;
}

/* Stopped, and what the guest sent is with the hosts, or they took too long. */
static bool is_done(struct weir_house *h)
{
	if (!h->stopping)
		return false;
	if (!h->up)
		return true;
	h->owed = weir_streams_owes(h);
	return !h->owed || h->now_us >= h->stop_us;
}

/* The guest's interface is gone.  Only what it sent before matters now. */
static bool survives_link(struct weir_house *h)
{
	if (!h->stopping)
		return false;
	h->link_lost = false;
	if (h->card.device)
		weir_card_hang_up(h); /* errands still come by it */
	else
		weir_card_close(h);
	return true;
}

static void close_house(struct weir_house *h)
{
	enum weir_reason why =
		h->stopping ? WEIR_REASON_SHUTDOWN : WEIR_REASON_LINK_DOWN;

	if (!h->up)
		return;
	h->ending = true;
	h->deaf = false;
	weir_doors_end_all(h);
	weir_streams_end_all(h, why);
	weir_datagrams_end_all(h, why);
	weir_echoes_end_all(h, why);
	weir_names_end_all(h);
	(void)weir_tell_flush(h, true);
}

/*
 * A TAP goes only when the sandbox does, which control should have known.  That
 * a peer hangs up is the way of sockets: everything of this guest goes, memory
 * and all, and the house waits for the next one's LINK.
 * Return: -1 go on, else the exit status.
 */
static int lose_link(struct weir_house *h)
{
	if (h->charter.link == WEIR_CHARTER_TAP) {
		fail(h, "the guest's interface is gone", EIO);
		return 1;
	}
	if (h->charter.link == WEIR_CHARTER_INPROC)
		return 1; /* its frames shut down: nobody comes back */
	close_house(h);
	add_names(h, &h->sum);
	weir_card_close(h);
	munmap(h->mem, h->mem_len);
	h->mem = NULL;
	h->up = h->link_lost = h->ending = h->deaf = false;
	h->singles = 0;
	h->revise = (struct weir_revise){ .step = 0 };
	return weir_msg_send(h->control, WEIR_MSG_UNLINK, NULL, 0, NULL, 0) < 0
		       ? 1
		       : -1;
}

/* Return: 0 or 1, the exit status. */
static int turn(struct weir_house *h)
{
	struct weir_loop_event event[WEIR_TURN_EVENTS];
	bool more = false;

	while (!is_done(h)) {
		int n = weir_loop_wait(h->loop, event, WEIR_TURN_EVENTS,
				       patience(h, more));

		if (n < 0)
			return 1;
		h->now_us = weir_clock_now_ns() / 1000;
		h->link_ready = false;
		for (int i = 0; i < n; i++) {
			int r = dispatch(h, &event[i]);

			if (r >= 0)
				return r;
		}
		if (h->called && h->up) {
			int r = run_errands(h);

			if (r >= 0)
				return r;
		}
		if (!h->up)
			continue;
		if (h->link_ready)
			weir_card_heard(h);
		if (h->link_ready && weir_card_is_open(h) &&
		    weir_up_frames(h) < 0)
			h->link_lost = true;
		if (h->link_lost && !survives_link(h)) {
			int r = lose_link(h);

			if (r >= 0)
				return r;
			continue;
		}
		tick(h);
		more = weir_revise_turn(h);
		if (weir_streams_serve(h))
			more = true;
		weir_tell_limits(h);
		if (weir_card_flush(h) < 0)
			h->link_lost = true;
		h->deaf = !weir_tell_flush(h, false);
	}
	return 0;
}

static int watch_ears(struct weir_house *h)
{
	int r = weir_loop_watch(h->loop, h->control,
				WEIR_HOUSE_TAG(WEIR_HOUSE_TAG_CONTROL, 0),
				false, false);

	if (r || !h->card.device)
		return r;
	return weir_loop_watch(h->loop, weir_device_relay_fd(h->card.device),
			       WEIR_HOUSE_TAG(WEIR_HOUSE_TAG_RELAY, 0), false,
			       false);
}

static int run(int control, struct weir_device *device,
	       struct weir_errand_list *errands)
{
	struct weir_house *h;
	int status;

	h = mmap(NULL, sizeof(*h), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (h == MAP_FAILED) {
		weir_device_free(device);
		return -ENOMEM;
	}
	h->control = control;
	h->proxy = -1;
	h->card.given = -1;
	h->card.device = device;
	h->errands = errands;
	h->loop = weir_loop_open();
	h->now_us = weir_clock_now_ns() / 1000;
	status = h->loop < 0 ? h->loop : watch_ears(h);
	if (status == 0)
		status = turn(h);
	if (status == 0 && h->owed)
		status = WEIR_ENGINE_OWED;
	if (errands) /* who waits for us would not hear our last events */
		weir_errand_part(errands, h);
	close_house(h);
	send_summary(h, WEIR_MSG_BYE);
	weir_card_close(h); /* which the loop watches */
	weir_cross_open(h, -1);
	if (h->loop >= 0)
		close(h->loop);
	weir_verdict_drop(h);
	if (h->mem)
		munmap(h->mem, h->mem_len);
	munmap(h, sizeof(*h));
	return status;
}

int weir_engine_run(int control)
{
	int status = run(control, NULL, NULL);

	return status != 0 && status != WEIR_ENGINE_OWED;
}

int weir_engine_run_inside(int control, struct weir_device *device,
			   struct weir_errand_list *errands)
{
	int status = run(control, device, errands);

	weir_errand_close(errands);
	return status;
}
