/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.c - events as lines of JSON, into a file, a pipe or stderr
 *
 *	room          from              to                    WEIR_LOG_BYTES
 *	 |.............|rest of a|line\n|line\n|................|
 *	  written       line, if @torn
 *
 * Invariants:
 * 1. [from, to) ends with a newline, and begins with a line, or, if @torn, with
 *    the rest of one whose beginning was written.
 * 2. Every event put is in the file, in the buffer, or in @lost.
 *
 * The ways to write differ by what can make a write(2) wait.  A file: only the
 * disk.  A pipe or terminal that we opened: nothing, it is O_NONBLOCK.  stderr
 * belongs to others too, whose writes would fail if we set that flag on it: so
 * poll(2) is asked first, and a piece of PIPE_BUF is what a pipe that is
 * writable has room for.
 */
#include "control/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "sys/clock.h"

/* what the operator has been told already */
#define TOLD_LOST  1u
#define TOLD_ERROR 2u
#define TOLD_LIES  4u

/* how to write */
enum way {
	WAY_FILE,   /* all at once */
	WAY_PIECES, /* pieces, our own descriptor */
	WAY_SHARED, /* pieces, after poll(2) */
	WAY_SOCKET, /* pieces, send(2) */
	WAY_HELD,   /* not at all: weir_log_read() */
};

/**
 * struct weir_log - see the top
 * @fd:   kept when a pipe's reader goes: another may come, and who may open
 *        no more files could not open it again
 * @path: NULL: stderr, or WAY_HELD
 * @failed: the last write did: a descriptor that poll(2) would say is ready is
 *        not watched, the next event tries again
 * @lost: since the last `lost` event; @lost_us: when the last of them was
 * @event: lent by begin(), filled by take(); @loss: the `lost` event
 */
struct weir_log {
	const struct weir_voice *voice;
	char *path;
	int fd;
	enum way way;
	uint32_t wanted, told;
	bool torn, failed;
	size_t from, to;
	uint64_t lost, lost_us, lost_ever;
	struct weir_event event, loss;
	char room[WEIR_LOG_BYTES];
};

_Static_assert(WEIR_LOG_BYTES >= 2 * WEIR_EVENT_LINE_BYTES,
	       "the longest line fits, and another one waits");

static uint64_t unix_us(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec < 0 ? 0
			    : (uint64_t)t.tv_sec * 1000000u +
				      (uint64_t)t.tv_nsec / 1000u;
}

/* --- the file --- */

static int find_way(int fd, bool own, enum way *ret)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (S_ISREG(st.st_mode))
		*ret = WAY_FILE;
	else if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
		*ret = own ? WAY_PIECES : WAY_SHARED;
	else if (S_ISSOCK(st.st_mode))
		*ret = WAY_SOCKET;
	else
		return -ENOTSUP;
	return 0;
}

static int open_path(const char *path, enum way *ret_way)
{
	int fd = open(path,
		      O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
			      O_NONBLOCK,
		      0600);
	int r;

	if (fd < 0)
		return -errno;
	r = find_way(fd, true, ret_way);
	if (r) {
		close(fd);
		return r;
	}
	return fd;
}

int weir_log_open(const char *path, uint32_t kinds,
		  const struct weir_voice *voice, struct weir_log **ret)
{
	bool own = path && strcmp(path, "-") != 0;
	struct weir_log *l = malloc(sizeof(*l));
	int r = -ENOMEM;

	if (!l)
		return r;
	/* not the texts and the room: pages that no line needs stay untouched */
	memset(l, 0, offsetof(struct weir_log, event));
	l->voice = voice;
	l->wanted = kinds ? kinds & WEIR_EVENT_ALL : WEIR_EVENT_ALL;
	l->fd = path ? STDERR_FILENO : -1;
	if (!path) {
		l->way = WAY_HELD;
		r = 0;
	} else if (own) {
		l->path = strdup(path);
		r = l->path ? open_path(path, &l->way) : -ENOMEM;
		l->fd = r;
	} else {
		r = find_way(l->fd, false, &l->way);
	}
	if (r < 0) {
		free(l->path);
		free(l);
		return r;
	}
	*ret = l;
	return 0;
}

static const char *name_of(const struct weir_log *l)
{
	if (l->way == WAY_HELD)
		return "of the program";
	return l->path ? l->path : "stderr";
}

/* --- events into lines --- */

static void count_lost(struct weir_log *l, uint64_t n, uint64_t when_us)
{
	l->lost += n;
	l->lost_ever += n;
	if (when_us)
		l->lost_us = when_us;
}

static bool append(struct weir_log *l, const struct weir_event *e)
{
	struct weir_text t =
		weir_text_over(l->room + l->to, sizeof(l->room) - l->to);

	weir_event_print(e, &t);
	if (!weir_text_ok(&t))
		return false;
	l->to += t.len;
	return true;
}

static bool append_lost(struct weir_log *l)
{
	if (!l->lost)
		return true;
	weir_event_init(&l->loss, WEIR_EVENT_LOST,
			l->lost_us ? l->lost_us : unix_us());
	l->loss.has = WEIR_EVENT_HAS_COUNT;
	l->loss.count = l->lost;
	return append(l, &l->loss);
}

static void make_room(struct weir_log *l)
{
	if (!l->from || sizeof(l->room) - l->to > WEIR_EVENT_LINE_BYTES)
		return;
	memmove(l->room, l->room + l->from, l->to - l->from);
	l->to -= l->from;
	l->from = 0;
}

static bool put_line(struct weir_log *l, const struct weir_event *e)
{
	size_t before;

	make_room(l);
	before = l->to;
	if (append_lost(l) && append(l, e)) {
		l->lost = 0;
		return true;
	}
	l->to = before;
	return false;
}

bool weir_log_wants(const struct weir_log *l, enum weir_event_kind kind)
{
	return l && l->wanted >> kind & 1;
}

uint32_t weir_log_kinds(const struct weir_log *l)
{
	return l ? l->wanted : 0;
}

uint64_t weir_log_lost(const struct weir_log *l)
{
	return l ? l->lost_ever : 0;
}

struct weir_event *weir_log_begin(struct weir_log *l, enum weir_event_kind kind)
{
	weir_event_init(&l->event, kind, unix_us());
	return &l->event;
}

void weir_log_put(struct weir_log *l, const struct weir_event *e)
{
	if (!weir_log_wants(l, e->kind) && !(l && e->kind == WEIR_EVENT_LOST))
		return;
	if (put_line(l, e))
		return;
	/* full: what can leave now, leaves now */
	(void)weir_log_flush(l);
	if (put_line(l, e))
		return;
	count_lost(l, 1, e->unix_us);
	if (l->told & TOLD_LOST || l->from == l->to)
		return; /* said, or it is the event: it was not whole */
	l->told |= TOLD_LOST;
	weir_voice_say(l->voice, WEIR_VOICE_WARNING,
		       "log %s: lines are lost, since it takes them more slowly"
		       " than they come; `lost` events in it say how many",
		       name_of(l));
}

/* One event of a body.  Return: false if it is not one, or not his to tell. */
static bool take_one(struct weir_log *l, uint32_t may, struct weir_rd *in)
{
	if (!weir_event_parse(in, &l->event) ||
	    !(may & WEIR_EVENT_BIT(l->event.kind)))
		return false;
	weir_log_put(l, &l->event);
	return true;
}

void weir_log_take(struct weir_log *l, uint32_t may, struct weir_rd *body)
{
	uint64_t bad = 0;

	if (!l)
		return;
	while (weir_rd_ok(body) && body->left) {
		uint16_t n = weir_rd_be16(body);
		struct weir_rd one = weir_rd_sub(body, n);

		if (!take_one(l, may, &one))
			bad++;
	}
	if (!bad)
		return;
	count_lost(l, bad, 0);
	if (l->told & TOLD_LIES)
		return;
	l->told |= TOLD_LIES;
	weir_voice_say(l->voice, WEIR_VOICE_WARNING,
		       "log %s: the engine told something that is no event of"
		       " its own; it is left out and counted as lost",
		       name_of(l));
}

/* --- lines into the file --- */

/* whole lines of at most PIPE_BUF; of a longer line, a piece */
static size_t next_piece(const struct weir_log *l)
{
	const char *p = l->room + l->from;
	size_t left = l->to - l->from, n;
	const char *end;

	if (l->way == WAY_FILE || left <= PIPE_BUF)
		return left;
	end = memrchr(p, '\n', PIPE_BUF);
	n = end ? (size_t)(end - p) + 1 : PIPE_BUF;
	return n;
}

static ssize_t write_piece(struct weir_log *l, size_t n)
{
	struct pollfd p = { .fd = l->fd, .events = POLLOUT };
	const char *from = l->room + l->from;

	switch (l->way) {
	case WAY_FILE:
	case WAY_PIECES:
	case WAY_HELD:
		break;
	case WAY_SHARED:
		if (poll(&p, 1, 0) <= 0) {
			errno = EAGAIN;
			return -1;
		}
		break;
	case WAY_SOCKET:
		return send(l->fd, from, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	return write(l->fd, from, n);
}

/* the rest of a line whose beginning stands elsewhere is of no use */
static void give_up_torn(struct weir_log *l)
{
	const char *end;

	if (!l->torn)
		return;
	l->torn = false;
	end = memchr(l->room + l->from, '\n', l->to - l->from);
	l->from = end ? (size_t)(end - l->room) + 1 : l->to;
	count_lost(l, 1, 0);
}

static int tell_error(struct weir_log *l, int e)
{
	l->failed = true;
	/* a reader that went: the pipe may have another one later */
	if (e == EPIPE && l->path)
		give_up_torn(l);
	if (l->told & TOLD_ERROR)
		return -e;
	l->told |= TOLD_ERROR;
	weir_voice_say(l->voice, WEIR_VOICE_WARNING,
		       "log %s cannot be written: %s; lines wait, and are"
		       " counted when they no longer fit",
		       name_of(l), strerror(e));
	return -e;
}

static int write_waiting(struct weir_log *l)
{
	if (l->way == WAY_HELD)
		return l->from < l->to ? -EAGAIN : 0;
	while (l->from < l->to) {
		size_t n = next_piece(l);
		ssize_t done = write_piece(l, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno == EAGAIN || errno == ENOBUFS
				       ? -EAGAIN
				       : tell_error(l, errno);
		if (done == 0) /* a device that takes nothing */
			return tell_error(l, EIO);
		l->failed = false;
		l->from += (size_t)done;
		l->torn = l->room[l->from - 1] != '\n';
	}
	l->from = l->to = 0;
	return 0;
}

int weir_log_flush(struct weir_log *l)
{
	int r;

	if (!l || (l->from == l->to && !l->lost))
		return 0;
	r = write_waiting(l);
	if (r || !l->lost || !append_lost(l))
		return r;
	l->lost = 0;
	return write_waiting(l);
}

size_t weir_log_read(struct weir_log *l, char *to, size_t room)
{
	size_t n = l->to - l->from;
	const char *end;

	if (n > room) {
		end = memrchr(l->room + l->from, '\n', room);
		n = end ? (size_t)(end - l->room) + 1 - l->from : 0;
	}
	memcpy(to, l->room + l->from, n);
	l->from += n;
	make_room(l);
	if (append_lost(l))
		l->lost = 0;
	return n;
}

int weir_log_fd(const struct weir_log *l)
{
	if (!l || l->way == WAY_FILE || l->way == WAY_HELD || l->failed ||
	    l->from == l->to)
		return -1;
	return l->fd;
}

static bool is_same_file(int a, int b)
{
	struct stat one, two;

	return fstat(a, &one) == 0 && fstat(b, &two) == 0 &&
	       one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

int weir_log_reopen(struct weir_log *l)
{
	enum way way = WAY_FILE;
	int fd;

	if (!l || !l->path)
		return 0;
	l->told = 0;
	(void)weir_log_flush(l);
	fd = open_path(l->path, &way);
	if (fd < 0)
		return fd;
	if (l->fd >= 0 && !is_same_file(l->fd, fd))
		give_up_torn(l);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = fd;
	l->way = way;
	return weir_log_flush(l) == -EPIPE ? -EPIPE : 0;
}

/* the last chance to say what is in no file and in no `lost` event */
static void tell_rest(struct weir_log *l)
{
	uint64_t n = l->lost;

	for (size_t i = l->from; i < l->to; i++)
		n += l->room[i] == '\n';
	if (n)
		weir_voice_say(l->voice, WEIR_VOICE_WARNING,
			       "log %s: %llu events could not be written",
			       name_of(l), (unsigned long long)n);
}

void weir_log_close(struct weir_log *l)
{
	uint64_t end = weir_clock_now_ms() + WEIR_LOG_CLOSE_MS;

	if (!l)
		return;
	while (weir_log_flush(l) == -EAGAIN) {
		struct pollfd p = { .fd = weir_log_fd(l), .events = POLLOUT };
		uint64_t now = weir_clock_now_ms();

		if (now >= end || p.fd < 0 ||
		    poll(&p, 1, (int)(end - now)) <= 0)
			break;
	}
	tell_rest(l);
	if (l->path && l->fd >= 0)
		close(l->fd);
	free(l->path);
	free(l);
}
