/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk.c - TCP connections of lwIP that do what a line says: see talk.h
 *
 * lwIP tells of everything by a callback, and each callback does the same: it
 * notes what happened and runs the talk: goes on with what is being sent, then
 * takes steps until one has to wait.  A step is a function that is called again
 * until it no longer waits.
 *
 * What came and was not read is held, and lwIP is told of bytes (tcp_recved)
 * only when they are read: that, and nothing else, closes and opens the window
 * towards the other side.
 */
#define _GNU_SOURCE
#include "talk.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lwip/sys.h>
#include <lwip/tcp.h>
#include <lwip/timeouts.h>

#define LINE      512u
#define PIECE     8192u /* bytes given to tcp_write at once */
#define MADE_UP   65521u
#define POLL_EACH 1 /* of lwIP's half seconds */

enum verdict { WAIT, DONE, FAILED };

/**
 * struct talk - one connection
 * @pcb:   NULL when lwIP has done with it, or we have
 * @steps: what is left to be done begins at @at; @step: the one at hand
 * @fresh: it has not been called yet
 * @held:  what came and was not read
 * @out_at, @out_left: bytes of the data that were, that are to be sent
 * @in_at, @in_left:   the same of what comes
 * @end:   how the other side ended; 0: it did not
 * @why:   why a step failed
 */
struct talk {
	struct tcp_pcb *pcb;
	char name[128];
	char *steps, *at;
	char step[LINE];
	bool fresh, connected, paused, aborted;
	struct pbuf *held;
	uint64_t out_at, out_left, in_at, in_left, in_all, out_all;
	enum { OPEN, ENDED, ABORTED, TIMED_OUT } end;
	const char *why;
	u32_t begun_ms;
};

static struct {
	const uint8_t *data;
	size_t length;
	unsigned seconds, left, failed;
} all;

int talk_begin(const char *file, unsigned seconds)
{
	static uint8_t made_up[MADE_UP];
	uint32_t x = 1;
	struct stat s;
	int fd;

	all.seconds = seconds;
	if (!file) {
		for (size_t i = 0; i < MADE_UP; i++) {
			x = x * 1103515245u + 12345u;
			made_up[i] = (uint8_t)(x >> 16);
		}
		all.data = made_up;
		all.length = MADE_UP;
		return 0;
	}
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &s) || !s.st_size) {
		close(fd);
		return -EINVAL;
	}
	all.length = (size_t)s.st_size;
	all.data = mmap(NULL, all.length, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	return all.data == MAP_FAILED ? -ENOMEM : 0;
}

unsigned talk_left(void)
{
	return all.left;
}

unsigned talk_failed(void)
{
	return all.failed;
}

/* --- the end of a talk ------------------------------------------------------ */

/* lwIP tells nothing more of it, and keeps it while there is work to do. */
static void let_go(struct talk *t)
{
	if (!t->pcb)
		return;
	tcp_arg(t->pcb, NULL);
	tcp_recv(t->pcb, NULL);
	tcp_sent(t->pcb, NULL);
	tcp_err(t->pcb, NULL);
	tcp_poll(t->pcb, NULL, 0);
	t->pcb = NULL;
}

/* If bytes are unread lwIP sends a RST, and no FIN. */
static void hang_up(struct talk *t)
{
	struct tcp_pcb *pcb = t->pcb;

	let_go(t);
	if (pcb)
		tcp_close(pcb);
}

static void cut_off(struct talk *t)
{
	struct tcp_pcb *pcb = t->pcb;

	let_go(t);
	if (pcb) {
		tcp_abort(pcb);
		t->aborted = true;
	}
}

static void too_late(void *arg);
static void go_on(void *arg);

/* Return: what lwIP's callbacks have to: ERR_ABRT if its pcb is gone. */
static err_t finish(struct talk *t, enum verdict how)
{
	bool aborted;

	if (how == FAILED) {
		cut_off(t);
		all.failed++;
		printf("not ok - %s: %s: %s\n", t->name, t->step,
		       t->why ? t->why : "no");
	} else {
		hang_up(t);
		printf("ok - %s\n", t->name);
	}
	printf("# %s: %llu bytes in, %llu out, %u ms\n", t->name,
	       (unsigned long long)t->in_all, (unsigned long long)t->out_all,
	       (unsigned)(sys_now() - t->begun_ms));
	fflush(stdout);
	sys_untimeout(too_late, t);
	sys_untimeout(go_on, t);
	if (t->held)
		pbuf_free(t->held);
	aborted = t->aborted;
	free(t->steps);
	free(t);
	all.left--;
	return aborted ? ERR_ABRT : ERR_OK;
}

static void too_late(void *arg)
{
	struct talk *t = arg;

	t->why = "it took too long";
	(void)finish(t, FAILED);
}

/* --- bytes in and out ------------------------------------------------------- */

/* The first @n bytes that are held were read. */
static void has_read(struct talk *t, u16_t n)
{
	t->held = pbuf_free_header(t->held, n);
	t->in_all += n;
	if (t->pcb)
		tcp_recved(t->pcb, n);
}

static u16_t held(const struct talk *t)
{
	return t->held ? t->held->tot_len : 0;
}

/* Return: how many of @n bytes lwIP took. */
static u16_t put(struct talk *t, const void *bytes, size_t n)
{
	if (!t->pcb)
		return 0;
	if (n > tcp_sndbuf(t->pcb))
		n = tcp_sndbuf(t->pcb);
	if (!n || tcp_write(t->pcb, bytes, (u16_t)n, TCP_WRITE_FLAG_COPY))
		return 0;
	t->out_all += n;
	return (u16_t)n;
}

/* What is being sent. */
static void pump(struct talk *t)
{
	while (t->out_left) {
		size_t at = t->out_at % all.length;
		size_t n = all.length - at;
		u16_t took;

		if (n > PIECE)
			n = PIECE;
		if (n > t->out_left)
			n = (size_t)t->out_left;
		took = put(t, all.data + at, n);
		if (!took)
			return;
		t->out_at += took;
		t->out_left -= took;
	}
}

/* The held bytes that are wanted: are they the data? */
static bool is_data(struct talk *t, u16_t n)
{
	uint64_t at = t->in_at;

	for (const struct pbuf *p = t->held; p && n; p = p->next) {
		u16_t here = p->len < n ? p->len : n;
		const uint8_t *bytes = p->payload;

		n = (u16_t)(n - here);
		while (here) {
			size_t from = at % all.length;
			size_t k = all.length - from;

			if (k > here)
				k = here;
			if (memcmp(bytes, all.data + from, k))
				return false;
			bytes += k;
			at += k;
			here = (u16_t)(here - k);
		}
	}
	return true;
}

/* --- steps ------------------------------------------------------------------ */

static enum verdict fail(struct talk *t, const char *why)
{
	t->why = why;
	return FAILED;
}

/* More cannot come: it ended, and all was read. */
static bool is_over(const struct talk *t)
{
	return t->end != OPEN && !t->held;
}

static enum verdict step_send(struct talk *t, const char *arg)
{
	if (t->out_left)
		return WAIT; /* what the last one began */
	t->out_left = strtoull(arg, NULL, 10);
	pump(t);
	return DONE;
}

static enum verdict step_say(struct talk *t, const char *arg)
{
	char line[LINE + 1];
	int n = snprintf(line, sizeof(line), "%s\n", arg);

	if (t->end > ENDED)
		return fail(t, "it was reset");
	if (t->out_left || !t->pcb || tcp_sndbuf(t->pcb) < n)
		return WAIT;
	return put(t, line, (size_t)n) ? DONE : WAIT;
}

static enum verdict step_recv(struct talk *t, const char *arg)
{
	u16_t n = held(t);

	if (t->fresh)
		t->in_left = strtoull(arg, NULL, 10);
	if (n > t->in_left)
		n = (u16_t)t->in_left;
	if (n) {
		if (!is_data(t, n))
			return fail(t, "other bytes came");
		t->in_at += n;
		t->in_left -= n;
		has_read(t, n);
	}
	if (!t->in_left)
		return DONE;
	return is_over(t) ? fail(t, "it ended") : WAIT;
}

static enum verdict step_line(struct talk *t, const char *arg)
{
	char line[LINE];
	u16_t n = t->held ? pbuf_memfind(t->held, "\n", 1, 0) : 0xffff;

	(void)arg;
	if (n == 0xffff && (is_over(t) || held(t) >= LINE))
		return fail(t, "there is no line");
	if (n == 0xffff)
		return WAIT;
	if (n >= LINE)
		return fail(t, "it is too long");
	pbuf_copy_partial(t->held, line, n, 0);
	line[n] = '\0';
	has_read(t, (u16_t)(n + 1));
	printf("# %s: %s\n", t->name, line);
	fflush(stdout);
	return DONE;
}

static enum verdict step_echo(struct talk *t, const char *arg)
{
	(void)arg;
	if (t->end > ENDED)
		return fail(t, "it was reset");
	while (t->held) {
		u16_t n = put(t, t->held->payload, t->held->len);

		if (!n)
			break;
		has_read(t, n);
	}
	return is_over(t) ? DONE : WAIT;
}

static enum verdict step_sink(struct talk *t, const char *arg)
{
	(void)arg;
	if (t->held)
		has_read(t, held(t));
	if (t->end > ENDED)
		return fail(t, "it was reset");
	return t->end ? DONE : WAIT;
}

static enum verdict step_eof(struct talk *t, const char *arg)
{
	(void)arg;
	if (t->held)
		return fail(t, "bytes came");
	return t->end == ENDED ? DONE : t->end ? fail(t, "reset") : WAIT;
}

static enum verdict step_full(struct talk *t, const char *arg)
{
	(void)arg;
	if (t->end != OPEN || !t->pcb)
		return fail(t, "it ended");
	return t->pcb->rcv_wnd < tcp_mss(t->pcb) ? DONE : WAIT;
}

static enum verdict step_pause(struct talk *t, const char *arg)
{
	if (t->fresh) {
		t->paused = true;
		sys_timeout((u32_t)strtoul(arg, NULL, 10), go_on, t);
	}
	return t->paused ? WAIT : DONE;
}

static enum verdict step_stuck(struct talk *t, const char *arg)
{
	(void)arg;
	if (t->end != OPEN || !t->pcb)
		return fail(t, "it ended");
	if (!t->pcb->persist_backoff)
		return WAIT;
	printf("# %s: stuck\n", t->name);
	fflush(stdout);
	return DONE;
}

static enum verdict step_shutw(struct talk *t, const char *arg)
{
	(void)arg;
	if (t->end > ENDED)
		return fail(t, "it was reset");
	if (t->out_left)
		return WAIT;
	return !t->pcb || tcp_shutdown(t->pcb, 0, 1) == ERR_OK ? DONE : WAIT;
}

static enum verdict step_close(struct talk *t, const char *arg)
{
	(void)arg;
	if (t->end > ENDED)
		return fail(t, "it was reset");
	if (t->out_left)
		return WAIT;
	hang_up(t);
	return DONE;
}

static enum verdict step_reset(struct talk *t, const char *arg)
{
	(void)arg;
	cut_off(t);
	return DONE;
}

static enum verdict step_aborted(struct talk *t, const char *arg)
{
	(void)arg;
	if (t->held)
		has_read(t, held(t));
	if (t->end == ABORTED)
		t->out_left = 0;
	return t->end == ABORTED ? DONE : WAIT;
}

static enum verdict step_refused(struct talk *t, const char *arg)
{
	(void)arg;
	if (t->connected)
		return fail(t, "it is connected");
	return t->end == ABORTED ? DONE : t->end ? fail(t, "not RST") : WAIT;
}

/*
 * An accepted connection's first line are its steps.  Until it is there they
 * are empty, and `hello` is the step at hand.
 */
static enum verdict step_hello(struct talk *t, const char *arg)
{
	u16_t n = t->held ? pbuf_memfind(t->held, "\n", 1, 0) : 0xffff;

	(void)arg;
	if (n == 0xffff && t->end == OPEN && held(t) < LINE)
		return WAIT;
	if (n >= LINE)
		return fail(t, "the first line did not come");
	t->at = t->steps;
	pbuf_copy_partial(t->held, t->steps, n, 0);
	t->steps[n] = '\0';
	has_read(t, (u16_t)(n + 1));
	t->in_all = 0;
	return DONE;
}

static const struct {
	const char *word;
	enum verdict (*take)(struct talk *t, const char *arg);
} words[] = {
	{ "send", step_send },       { "say", step_say },
	{ "recv", step_recv },       { "line", step_line },
	{ "echo", step_echo },       { "sink", step_sink },
	{ "eof", step_eof },         { "full", step_full },
	{ "pause", step_pause },     { "stuck", step_stuck },
	{ "shutw", step_shutw },     { "close", step_close },
	{ "reset", step_reset },     { "aborted", step_aborted },
	{ "refused", step_refused }, { "hello", step_hello },
};

/* --- taking them ------------------------------------------------------------ */

/* The next step's text to t->step.  Return: false: there is none. */
static bool next(struct talk *t)
{
	size_t n;

	while (isspace((unsigned char)*t->at) || *t->at == '|')
		t->at++;
	n = strcspn(t->at, "|");
	if (!n)
		return false;
	snprintf(t->step, sizeof(t->step), "%.*s", (int)n, t->at);
	t->at += n;
	n = strlen(t->step);
	while (n && isspace((unsigned char)t->step[n - 1]))
		t->step[--n] = '\0';
	t->fresh = true;
	return true;
}

static enum verdict take(struct talk *t)
{
	size_t n = strcspn(t->step, " ");
	const char *arg = t->step + n + (t->step[n] == ' ');

	if (!t->connected && !t->end && strcmp(t->step, "refused"))
		return WAIT;
	if (!t->connected && t->end && strcmp(t->step, "refused"))
		return fail(t, t->end == ABORTED ? "refused" : "no answer");
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i].word) == n &&
		    !strncmp(words[i].word, t->step, n))
			return words[i].take(t, arg);
	return fail(t, "there is no such step");
}

/* May free @t.  Return: as lwIP's callbacks. */
static err_t run(struct talk *t)
{
	enum verdict v = DONE;

	pump(t);
	while (v == DONE && (*t->step || next(t))) {
		v = take(t);
		t->fresh = false;
		if (v == DONE)
			*t->step = '\0';
	}
	if (v == DONE && t->out_left) /* of the last send */
		v = t->end > ENDED ? fail(t, "it was reset") : WAIT;
	if (v != WAIT)
		return finish(t, v);
	if (t->pcb)
		tcp_output(t->pcb);
	return ERR_OK;
}

static void go_on(void *arg)
{
	struct talk *t = arg;

	t->paused = false;
	(void)run(t);
}

/* --- what lwIP tells -------------------------------------------------------- */

static err_t on_received(void *arg, struct tcp_pcb *pcb, struct pbuf *p,
			 err_t err)
{
	struct talk *t = arg;

	(void)err;
	if (!p) {
		t->end = ENDED;
		/* both have ended: it waits in lwIP until it is forgotten */
		if (pcb->state == TIME_WAIT || pcb->state == CLOSING)
			let_go(t);
	} else if (t->held) {
		pbuf_cat(t->held, p);
	} else {
		t->held = p;
	}
	return run(t);
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t n)
{
	(void)pcb;
	(void)n;
	return run(arg);
}

static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
	(void)pcb;
	return run(arg);
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct talk *t = arg;

	(void)pcb;
	(void)err;
	t->connected = true;
	return run(t);
}

/* The pcb is gone already. */
static void on_error(void *arg, err_t err)
{
	struct talk *t = arg;

	t->pcb = NULL;
	if (err == ERR_RST)
		t->end = ABORTED;
	else if (err != ERR_CLSD) /* the last ACK of an orderly end */
		t->end = TIMED_OUT;
	(void)run(t);
}

static struct talk *make(struct tcp_pcb *pcb, const char *steps)
{
	struct talk *t = calloc(1, sizeof(*t));
	size_t n = steps ? strlen(steps) + 1 : LINE;

	if (t)
		t->steps = calloc(1, n);
	if (!t || !t->steps || !pcb) {
		free(t ? t->steps : NULL);
		free(t);
		return NULL;
	}
	if (steps)
		memcpy(t->steps, steps, n);
	else
		strcpy(t->step, "hello");
	t->at = t->steps;
	t->pcb = pcb;
	t->begun_ms = sys_now();
	tcp_arg(pcb, t);
	tcp_recv(pcb, on_received);
	tcp_sent(pcb, on_sent);
	tcp_err(pcb, on_error);
	tcp_poll(pcb, on_poll, POLL_EACH);
	all.left++;
	sys_timeout(all.seconds * 1000, too_late, t);
	return t;
}

void talk_open(const char *name, const ip_addr_t *to, uint16_t port,
	       const char *steps)
{
	struct tcp_pcb *pcb = tcp_new_ip_type(IP_GET_TYPE(to));
	struct talk *t = make(pcb, steps);

	if (!t) {
		printf("not ok - %s: no memory\n", name);
		all.failed++;
		return;
	}
	snprintf(t->name, sizeof(t->name), "%s", name);
	if (tcp_connect(pcb, to, port, on_connected) != ERR_OK) {
		t->why = "no way to there";
		(void)finish(t, FAILED);
	}
}

static err_t on_accepted(void *arg, struct tcp_pcb *pcb, err_t err)
{
	char from[IPADDR_STRLEN_MAX];
	struct talk *t;

	if (err != ERR_OK || !pcb)
		return ERR_VAL;
	t = make(pcb, arg);
	if (!t)
		return ERR_MEM;
	t->connected = true;
	snprintf(t->name, sizeof(t->name), "from %s port %u to port %u",
		 ipaddr_ntoa_r(&pcb->remote_ip, from, sizeof(from)),
		 pcb->remote_port, pcb->local_port);
	return run(t);
}

int talk_listen(uint16_t port, const char *steps)
{
	struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);

	if (!pcb)
		return -ENOMEM;
	if (tcp_bind(pcb, IP_ANY_TYPE, port) != ERR_OK) {
		tcp_abort(pcb);
		return -EADDRINUSE;
	}
	pcb = tcp_listen(pcb);
	if (!pcb)
		return -ENOMEM;
	tcp_arg(pcb, (void *)(uintptr_t)steps);
	tcp_accept(pcb, on_accepted);
	return 0;
}
