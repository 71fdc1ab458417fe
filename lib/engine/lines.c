/* SPDX-License-Identifier: Apache-2.0 */
/* lines.c - DNS over TLS: messages between the engine and the proxy */
#include "engine/lines.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/cross.h"
#include "engine/names.h"
#include "engine/relay.h"
#include "host/dial.h"
#include "sys/loop.h"

#define PORT_DOT    853u
#define TURN        16u /* messages of a line in a turn */
#define PENDING_MAX 64u /* questions of a guest's line at once */
#define UP          WEIR_DNS_UPSTREAMS_MAX

/* what a line to a resolver is called in messages; no flow is */
#define FLOW_UP (UINT64_C(1) << 63)

static uint64_t id_of(const struct weir_house *h, uint32_t k)
{
	return (uint64_t)h->names.line[k].gen << 16 | k;
}

/* the line of an id, if it is open; UINT32_MAX */
static uint32_t find(const struct weir_house *h, uint64_t id)
{
	uint32_t k = id & 0xffff;

	return k < WEIR_LINES_MAX && h->names.line[k].fd >= 0 &&
			       id_of(h, k) == id
		       ? k
		       : UINT32_MAX;
}

void weir_lines_init(struct weir_house *h)
{
	for (uint32_t k = 0; k < WEIR_LINES_MAX; k++)
		h->names.line[k] = (struct weir_line){ .fd = -1 };
}

static void hang_up(struct weir_house *h, uint32_t k)
{
	struct weir_line *l = &h->names.line[k];

	if (l->fd < 0)
		return;
	close(l->fd);
	*l = (struct weir_line){ .fd = -1, .gen = (l->gen + 1) & 0xffffff };
}

/*
 * Our end of a new line; @ret_other: the proxy's, to be closed when it was
 * sent.
 */
static bool make(struct weir_house *h, uint32_t k, int *ret_other)
{
	struct weir_line *l = &h->names.line[k];
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC,
		       0, pair))
		return false;
	l->fd = pair[0];
	*ret_other = pair[1];
	if (weir_loop_watch(h->loop, l->fd,
			    WEIR_HOUSE_TAG(WEIR_HOUSE_TAG_LINE, id_of(h, k)),
			    false, false) == 0)
		return true;
	hang_up(h, k);
	close(pair[1]);
	return false;
}

/* --- to resolvers --- */

static bool open_up(struct weir_house *h, uint32_t k)
{
	const struct weir_charter_upstream *u = &h->charter.upstream[k];
	struct weir_handover x = { .flow = FLOW_UP | k,
				   .kind = WEIR_HANDOVER_RESOLVER,
				   .to = u->addr,
				   .port = u->port };
	int fd[WEIR_HANDOVER_FDS];
	bool sent;

	if (h->proxy < 0 || h->proxy_full)
		return false;
	memcpy(x.shown, u->name, sizeof(x.shown));
	fd[WEIR_HANDOVER_HOST] = weir_dial_start(&u->addr, u->port);
	if (fd[WEIR_HANDOVER_HOST] < 0)
		return false;
	if (!make(h, k, &fd[WEIR_HANDOVER_GUEST])) {
		close(fd[WEIR_HANDOVER_HOST]);
		return false;
	}
	sent = weir_cross_send(h, &x, fd) == WEIR_REASON_NONE;
	close(fd[WEIR_HANDOVER_HOST]);
	close(fd[WEIR_HANDOVER_GUEST]);
	if (!sent)
		hang_up(h, k);
	return sent;
}

/* It ended; what it owed is asked again if it was a good one. */
static void lose_up(struct weir_house *h, uint32_t k)
{
	bool spoke = h->names.line[k].spoke;

	hang_up(h, k);
	weir_names_line_lost(h, (uint8_t)(k + 1),
			     spoke ? WEIR_NAMES_ONCE : WEIR_NAMES_NOT);
}

static bool say(struct weir_house *h, uint32_t k, const struct weir_ask_out *o)
{
	return send(h->names.line[k].fd, o->bytes, o->len,
		    MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)o->len;
}

/* One that was used may have ended, and we have not heard of it yet. */
bool weir_lines_ask(struct weir_house *h, const struct weir_ask_out *o)
{
	uint32_t k = o->server.line - 1u;

	if (h->names.line[k].fd >= 0) {
		if (say(h, k, o))
			return true;
		if (errno == EAGAIN || !h->names.line[k].spoke)
			return false;
		lose_up(h, k);
	}
	return open_up(h, k) && say(h, k, o);
}

void weir_lines_reload(struct weir_house *h)
{
	for (uint32_t k = 0; k < UP; k++)
		if (h->names.line[k].fd >= 0) {
			hang_up(h, k);
			weir_names_line_lost(h, (uint8_t)(k + 1),
					     WEIR_NAMES_ANYWAY);
		}
}

/* --- from guests --- */

bool weir_lines_is_dot(const struct weir_house *h, uint16_t port)
{
	return port == PORT_DOT &&
	       weir_image_is_intercepted(&h->policy.image, PORT_DOT);
}

static enum weir_reason join(struct weir_house *h, uint32_t i)
{
	enum weir_reason why;
	uint32_t k = UP;
	int far;

	while (k < WEIR_LINES_MAX && h->names.line[k].fd >= 0)
		k++;
	if (k == WEIR_LINES_MAX)
		return WEIR_REASON_LIMIT_FLOWS;
	if (!make(h, k, &far))
		return WEIR_REASON_NO_FDS;
	why = weir_cross_join(h, i, far);
	close(far);
	if (why != WEIR_REASON_NONE)
		hang_up(h, k);
	return why;
}

void weir_lines_join(struct weir_house *h, uint32_t i)
{
	enum weir_reason why = join(h, i);

	if (why != WEIR_REASON_NONE) {
		weir_conn_host_failed(weir_relay_conn(h, i), why);
		return;
	}
	h->streams.side[i].flags |= WEIR_SIDE_DOT;
	weir_conn_host_connected(weir_relay_conn(h, i), h->now_us);
}

void weir_lines_answer(struct weir_house *h, uint64_t from,
		       const uint8_t *bytes, size_t len)
{
	uint32_t k = find(h, from);
	struct weir_line *l;

	if (k == UINT32_MAX)
		return;
	l = &h->names.line[k];
	if (l->pending-- == PENDING_MAX)
		(void)weir_loop_change(h->loop, l->fd,
				       WEIR_HOUSE_TAG(WEIR_HOUSE_TAG_LINE,
						      from),
				       true, false);
	if (send(l->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	    (ssize_t)len)
		return;
	weir_house_count(h, WEIR_REASON_LIMIT_PAYLOAD); /* it does not read */
	hang_up(h, k);
}

/* One message of a guest.  False: nothing more for now. */
static bool hear_guest(struct weir_house *h, uint32_t k, size_t len)
{
	uint64_t id = id_of(h, k);
	struct weir_line *l = &h->names.line[k];

	if (++l->pending == PENDING_MAX)
		(void)weir_loop_change(h->loop, l->fd,
				       WEIR_HOUSE_TAG(WEIR_HOUSE_TAG_LINE, id),
				       false, false);
	if (!weir_names_message(h, id, len) && find(h, id) == k) {
		weir_house_count(h, WEIR_REASON_DNS_FORM);
		hang_up(h, k);
	}
	return find(h, id) == k && l->pending < PENDING_MAX;
}

/* --- events --- */

/* As weir_msg_receive(): a reset is told once, and before what was said. */
static ssize_t hear(struct weir_house *h, uint32_t k)
{
	ssize_t n = recv(h->names.line[k].fd, h->names.gathered,
			 WEIR_ASK_ROOM_BYTES, MSG_DONTWAIT);

	if (n < 0 && errno == ECONNRESET)
		n = recv(h->names.line[k].fd, h->names.gathered,
			 WEIR_ASK_ROOM_BYTES, MSG_DONTWAIT);
	return n;
}

void weir_lines_event(struct weir_house *h, uint64_t low)
{
	uint32_t k = find(h, low);
	ssize_t n = 1;

	for (unsigned m = 0; k != UINT32_MAX && n > 0 && m < TURN; m++) {
		n = hear(h, k);
		if (n > 0 && k >= UP) {
			if (!hear_guest(h, k, (size_t)n))
				return;
		} else if (n > 0) {
			h->names.line[k].spoke = true;
			weir_names_heard(h, (uint8_t)(k + 1), (size_t)n);
			weir_names_go_on(h); /* before the next is heard */
			k = find(h, low);
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			if (k < UP)
				lose_up(h, k);
			else
				hang_up(h, k);
		}
	}
	weir_names_go_on(h);
}

void weir_lines_end_all(struct weir_house *h)
{
	for (uint32_t k = 0; k < WEIR_LINES_MAX; k++)
		hang_up(h, k);
}
