/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.c - one life of `weir run`: engine, sandbox, CMD, end
 *
 * Control starts the engine and the sandbox side by side and then waits, in
 * one poll, for their messages, for signals and for news of the host:
 *
 *	            READY and TAP: GO            ENDED, TROUBLE, FAILED,
 *	STARTING ─────────────────────► RUNNING ─────────────────────────► ENDING
 *	    │ NO_PROC: the sandbox once more        a process died            │
 *	    └─────────────────────────────────────────────────────────────────┤
 *	                            BYE, or the engine gone, or 300 ms ──► OVER
 *
 * Invariants:
 *  1. The code Weir ends with is decided once, on the way to ENDING; the
 *     first reason wins and is the one that is told.
 *  2. When weir_session_run() returns, init and engine are dead and reaped,
 *     and with init everything in its PID namespace.
 *  3. Control reads no byte that CMD wrote: init and engine answer with
 *     messages of fixed shape, which are parsed as if they were hostile.
 */
#include "control/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "control/ca_bundle.h"
#include "control/descriptors.h"
#include "control/linger.h"
#include "control/network.h"
#include "control/sandbox.h"
#include "sys/clock.h"
#include "sys/msg.h"

#define START_MS     10000u
#define BYE_MS       300u
#define WATCH_MS     1000u /* resolv.conf is watched from then on */
#define SENTENCE_MAX 200u  /* of a sentence from init */
#define NSSWITCH     "/etc/nsswitch.conf"

enum phase { STARTING, RUNNING, ENDING, OVER };

struct session {
	const struct weir_orders *o;
	const struct weir_voice *v;
	enum phase phase;
	int code;
	pid_t init;    /* 0: none or reaped */
	int init_sock; /* -1: none */
	int signals;
	bool hup_ignored;
	uint64_t deadline_ms, watch_ms; /* 0: none */
	uint64_t ended_ms;              /* CMD's sockets may linger from then */
	struct weir_network net;
	struct weir_etc etc;
	struct weir_sandbox box;
	uint8_t room[WEIR_MSG_HEADER_BYTES + WEIR_NETWORK_WHY_BYTES];
};

static void close_sock(int *sock)
{
	close(*sock);
	*sock = -1;
}

#define say(s, tone, ...) weir_voice_say((s)->v, WEIR_VOICE_##tone, __VA_ARGS__)

/* with init its PID namespace ends; without one init must kill the others */
static void end_init(struct session *s)
{
	if (s->init > 0 && s->box.own_pids)
		(void)kill(s->init, SIGKILL);
	else if (s->init_sock >= 0)
		close_sock(&s->init_sock);
}

static int timeout_of(uint64_t deadline_ms)
{
	uint64_t now;

	if (!deadline_ms)
		return -1;
	now = weir_clock_now_ms();
	return now >= deadline_ms ? 0 : (int)(deadline_ms - now);
}

static uint32_t least(uint32_t a, int b)
{
	return b >= 0 && (uint32_t)b < a ? (uint32_t)b : a;
}

/*
 * The way to ENDING; true if this was the first reason.  What CMD sent before
 * it ended is given to the host first, while there is time.
 */
static bool conclude(struct session *s, int code)
{
	uint64_t now = weir_clock_now_ms();
	uint32_t drain_ms = 0;

	if (s->phase == ENDING || s->phase == OVER)
		return false;
	if (s->ended_ms && now < s->ended_ms + WEIR_LINGER_MS)
		drain_ms = (uint32_t)(s->ended_ms + WEIR_LINGER_MS - now);
	if (s->phase == RUNNING && s->deadline_ms) /* it was told to end */
		drain_ms = least(drain_ms, timeout_of(s->deadline_ms));
	s->phase = ENDING;
	s->code = code;
	s->watch_ms = 0;
	s->deadline_ms = now + drain_ms + BYE_MS;
	if (!drain_ms)
		end_init(s);
	if (!weir_network_stop(&s->net, drain_ms))
		s->phase = OVER;
	return true;
}

/* the engine did not take a message */
static void lose_engine(struct session *s, int error)
{
	if (error && conclude(s, WEIR_SANDBOX_FAILED))
		weir_network_lost(&s->net, error);
}

static void tell_init(struct session *s, enum weir_msg_kind kind, uint32_t v)
{
	uint8_t body[4];
	struct weir_wr w = weir_wr_over(body, sizeof(body));

	weir_wr_be32(&w, v);
	if (s->init_sock >= 0)
		(void)weir_msg_send(s->init_sock, kind, body, sizeof(body),
				    NULL, 0);
}

static void start_cmd(struct session *s)
{
	int r;

	if (s->phase != STARTING || !s->net.ready)
		return;
	r = weir_network_open_doors(&s->net);
	if (r) {
		lose_engine(s, r == -EAGAIN ? 0 : r);
		return;
	}
	s->phase = RUNNING;
	s->deadline_ms = 0;
	if (!s->o->n_dns)
		s->watch_ms = weir_clock_now_ms() + WATCH_MS;
	tell_init(s, WEIR_MSG_GO, 0);
}

static void on_engine(struct session *s)
{
	lose_engine(s, weir_network_catch_up(&s->net));
	switch (weir_network_hear(&s->net)) {
	case WEIR_NETWORK_FAILED:
		if (conclude(s, WEIR_SANDBOX_FAILED))
			say(s, ERROR, "%s", s->net.why);
		break;
	case WEIR_NETWORK_BYE:
		s->phase = s->phase == ENDING ? OVER : s->phase;
		break;
	case WEIR_NETWORK_GONE: /* SIGCHLD tells its death */
		if (s->phase == ENDING)
			s->phase = OVER;
		else if (s->net.engine > 0)
			(void)kill(s->net.engine, SIGKILL);
		break;
	case WEIR_NETWORK_NOTHING:
	case WEIR_NETWORK_READY:
	case WEIR_NETWORK_TALLY:
	case WEIR_NETWORK_UNLINK:
		break;
	}
	start_cmd(s);
}

static int start_sandbox(struct session *s)
{
	pid_t pid = weir_sandbox_spawn(&s->box, &s->init_sock);

	if (pid > 0) {
		s->init = pid;
		return 0;
	}
	s->init_sock = -1;
	return (int)pid;
}

/* no fresh /proc: the sandbox once more, without a PID namespace */
static void try_again(struct session *s)
{
	int status, r;

	say(s, NOTE,
	    "the kernel gives no fresh /proc here: CMD gets no PID namespace");
	while (waitpid(s->init, &status, 0) < 0 && errno == EINTR)
		;
	s->init = 0;
	close_sock(&s->init_sock);
	s->box.own_pids = false;
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	r = start_sandbox(s);
	if (r && conclude(s, WEIR_SANDBOX_FAILED))
		say(s, ERROR, "no sandbox: %s", strerror(-r));
}

static void on_trouble(struct session *s, struct weir_rd *body)
{
	uint32_t code = weir_rd_be32(body);
	char room[WEIR_NETWORK_WHY_BYTES];
	struct weir_text t = weir_text_over(room, sizeof(room));
	size_t n = body->left < SENTENCE_MAX ? body->left : SENTENCE_MAX;

	if (code == WEIR_SANDBOX_NO_PROC && s->box.own_pids &&
	    s->phase == STARTING) {
		try_again(s);
		return;
	}
	if (code < 125 || code > 127)
		code = WEIR_SANDBOX_FAILED;
	weir_text_add_escaped(&t, weir_rd_take(body, n), n);
	if (conclude(s, (int)code))
		say(s, ERROR, "%s", room);
}

static void on_tap(struct session *s, struct weir_msg *m)
{
	if (s->phase == STARTING && !s->net.linked && m->n_fds == 1)
		lose_engine(s, weir_network_link(&s->net, m->fd[0],
						 weir_rd_be32(&m->body)));
	weir_msg_close_fds(m);
}

/* CMD stopped: so does Weir, unless it was only the terminal that was missing */
static void on_stopped(struct session *s)
{
	struct weir_terminal *t = &s->box.terminal;

	if (!t->own_group)
		return; /* whoever stopped CMD stopped Weir as well */
	if (!t->lent && weir_terminal_is_ours(t)) {
		t->lent = true;
		tell_init(s, WEIR_MSG_RESUME, 1);
		return;
	}
	if (t->fd < 0)
		return; /* no job control: whoever stopped it resumes it */
	if (t->lent)
		weir_terminal_take(t);
	(void)raise(SIGSTOP);
}

/* how it ended, and how long its sockets have lingered since */
static void on_ended(struct session *s, struct weir_rd *body)
{
	uint32_t code = weir_rd_be32(body), waited_ms = weir_rd_be32(body);

	if (waited_ms < WEIR_LINGER_MS)
		s->ended_ms = weir_clock_now_ms() - waited_ms;
	(void)conclude(s, (int)(code & 0xff));
}

static void on_init(struct session *s)
{
	struct weir_msg m;
	int r = weir_msg_receive(s->init_sock, s->room, sizeof(s->room), &m);

	if (r == -EAGAIN || r == -EPROTO)
		return;
	if (r <= 0) {
		close_sock(&s->init_sock);
		end_init(s);
		return;
	}
	if (m.kind == WEIR_MSG_TAP) {
		on_tap(s, &m);
		return;
	}
	weir_msg_close_fds(&m);
	if (m.kind == WEIR_MSG_STOPPED)
		on_stopped(s);
	else if (m.kind == WEIR_MSG_ENDED)
		on_ended(s, &m.body);
	else if (m.kind == WEIR_MSG_TROUBLE)
		on_trouble(s, &m.body);
}

static void tell_death(struct session *s, const char *who, int status)
{
	if (WIFSIGNALED(status))
		say(s, ERROR,
		    "the %s was ended by signal %d (%s); everything ends", who,
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		say(s, ERROR,
		    "the %s ended by itself with status %d; everything ends",
		    who, WEXITSTATUS(status));
}

static void on_child(struct session *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		bool is_engine = pid == s->net.engine, is_init = pid == s->init;

		if (is_engine)
			s->net.engine = 0;
		else if (is_init)
			s->init = 0;
		else
			continue;
		/* what it said last may say why, and how it ended */
		if (is_engine && weir_msg_is_waiting(s->net.sock))
			on_engine(s);
		while (is_init && weir_msg_is_waiting(s->init_sock) &&
		       s->phase < ENDING)
			on_init(s);
		if (conclude(s, WEIR_SANDBOX_FAILED))
			tell_death(s, is_engine ? "engine" : "sandbox's init",
				   status);
		if (is_engine && s->phase == ENDING)
			s->phase = OVER;
	}
}

static void on_resumed(struct session *s)
{
	struct weir_terminal *t = &s->box.terminal;

	if (!t->own_group)
		return;
	t->lent = weir_terminal_is_ours(t);
	tell_init(s, WEIR_MSG_RESUME, t->lent);
}

/* SIGTERM and its like; from the terminal only what CMD did not get itself */
static void on_ending(struct session *s, const struct signalfd_siginfo *i)
{
	const struct weir_terminal *t = &s->box.terminal;
	bool typed = i->ssi_code > 0;

	if (i->ssi_signo == SIGHUP && s->hup_ignored)
		return;
	if (typed && i->ssi_signo != SIGHUP &&
	    (t->lent || !t->own_group || s->phase != RUNNING))
		return;
	if (s->phase == STARTING) {
		(void)conclude(s, 128 + (int)i->ssi_signo);
		return;
	}
	if (s->phase == ENDING) {
		s->phase = OVER; /* no patience */
		return;
	}
	tell_init(s, WEIR_MSG_END, i->ssi_signo);
	if (s->phase == RUNNING && !s->deadline_ms)
		s->deadline_ms = weir_clock_now_ms() + WEIR_STOP_GRACE_MS + 50;
}

static void on_signal(struct session *s)
{
	struct signalfd_siginfo i;

	while (read(s->signals, &i, sizeof(i)) == (ssize_t)sizeof(i)) {
		if (i.ssi_signo == SIGCHLD)
			on_child(s);
		else if (i.ssi_signo == SIGCONT)
			on_resumed(s);
		else
			on_ending(s, &i);
	}
}

static void on_proxy(struct session *s)
{
	weir_network_hear_proxy(&s->net);
}

static void on_addresses(struct session *s)
{
	lose_engine(s, weir_network_on_addresses(&s->net));
}

static void on_resolvers(struct session *s)
{
	lose_engine(s, weir_network_on_resolvers(&s->net));
}

static void on_log(struct session *s)
{
	weir_network_on_log(&s->net);
}

static void on_deadline(struct session *s)
{
	if (s->phase == STARTING) {
		if (conclude(s, WEIR_SANDBOX_FAILED))
			say(s, ERROR, "the %s did not get ready in 10 seconds",
			    s->net.linked ? "engine" : "sandbox");
	} else if (s->phase == RUNNING) {
		(void)conclude(s, 128 + SIGKILL);
	} else {
		s->phase = OVER;
	}
}

static void begin_watch(struct session *s)
{
	s->watch_ms = 0;
	weir_network_watch(&s->net);
	on_resolvers(s); /* what changed until now */
}

/* whichever comes first */
static uint64_t next_deadline(const struct session *s)
{
	const uint64_t due[] = { s->deadline_ms, s->watch_ms,
				 weir_network_due_ms(&s->net) };
	uint64_t first = 0;

	for (unsigned i = 0; i < sizeof(due) / sizeof(due[0]); i++)
		if (due[i] && (!first || due[i] < first))
			first = due[i];
	return first;
}

static void turn(struct session *s)
{
	/* signals last: a death is told after the words that explain it */
	struct {
		int fd;
		short events;
		void (*on)(struct session *);
	} row[] = { { s->init_sock, POLLIN, on_init },
		    { s->net.sock, weir_network_events(&s->net), on_engine },
		    { s->net.intercept.sock, POLLIN, on_proxy },
		    { s->net.addresses, POLLIN, on_addresses },
		    { s->net.resolv, POLLIN, on_resolvers },
		    { weir_log_fd(s->net.log), POLLOUT, on_log },
		    { s->signals, POLLIN, on_signal } };
	enum { ROWS = sizeof(row) / sizeof(row[0]) };
	struct pollfd p[ROWS];

	for (int i = 0; i < ROWS; i++)
		p[i] = (struct pollfd){ .fd = row[i].fd,
					.events = row[i].events };
	(void)poll(p, ROWS, timeout_of(next_deadline(s)));
	for (int i = 0; i < ROWS && s->phase != OVER; i++)
		if (p[i].fd >= 0 && p[i].revents)
			row[i].on(s);
	if (s->phase == RUNNING && timeout_of(s->watch_ms) == 0)
		begin_watch(s);
	weir_network_tick(&s->net);
	if (timeout_of(s->deadline_ms) == 0)
		on_deadline(s);
}

/* everything above 2 that CMD is not to have does not exist for us either */
static bool close_inherited(struct session *s)
{
	const struct weir_orders *o = s->o;

	for (uint32_t i = 0; i < o->n_kept; i++)
		if (fcntl(o->keep[i], F_GETFD) < 0) {
			say(s, ERROR,
			    "--keep-fd %d: no such descriptor is open",
			    o->keep[i]);
			return false;
		}
	weir_descriptors_close(o->keep, o->n_kept);
	return weir_descriptors_fill();
}

static void open_signals(struct session *s)
{
	static const int wanted[] = { SIGCHLD, SIGTERM, SIGHUP,
				      SIGINT,  SIGQUIT, SIGCONT };
	struct sigaction act = { .sa_handler = SIG_DFL };
	sigset_t set, more;

	(void)sigaction(SIGHUP, NULL, &act);
	s->hup_ignored = act.sa_handler == SIG_IGN;
	act = (struct sigaction){ .sa_handler = SIG_DFL };
	(void)sigaction(SIGCHLD, &act, &s->box.chld);
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		sigaddset(&set, wanted[i]);
	more = set;
	sigaddset(&more, SIGTTOU);
	sigaddset(&more, SIGPIPE);
	(void)sigprocmask(SIG_BLOCK, &more, &s->box.mask);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* the files CMD sees in /etc */
static void build_etc(struct session *s)
{
	char nsswitch[WEIR_ETC_FILE_BYTES], name[256] = "";
	int fd = open(NSSWITCH, O_RDONLY | O_CLOEXEC);
	struct weir_resolvers r = s->net.resolvers;
	size_t len = 0;
	ssize_t n;

	while (fd >= 0 && len < sizeof(nsswitch) &&
	       (n = read(fd, nsswitch + len, sizeof(nsswitch) - len)) > 0)
		len += (size_t)n;
	if (fd >= 0)
		close(fd);
	if (gethostname(name, sizeof(name) - 1))
		name[0] = 0;
	if (s->o->n_search) {
		r.n_search = s->o->n_search;
		for (uint32_t i = 0; i < r.n_search; i++)
			snprintf(r.search[i], sizeof(r.search[i]), "%s",
				 s->o->search[i]);
	}
	weir_etc_build(&s->net.charter, &r, name, nsswitch, len, &s->etc);
}

static void refuse_namespaces(struct session *s, int error)
{
	if (error == -ENOSPC || error == -EUSERS)
		say(s, ERROR,
		    "there are no user namespaces left; as root allow more: "
		    "sysctl -w user.max_user_namespaces=15000");
	else if (error == -EPERM)
		say(s, ERROR,
		    "user namespaces are not allowed here; as root allow them: "
		    "sysctl -w kernel.unprivileged_userns_clone=1 (in a "
		    "container: start it so that unshare -U works)");
	else
		say(s, ERROR,
		    "the sandbox's namespaces cannot be made: %s; the kernel "
		    "needs user, mount, network, PID, IPC and UTS namespaces",
		    strerror(-error));
}

/* what CMD is to trust: the host's CAs, and ours */
static bool build_trust(struct session *s)
{
	const struct weir_intercept *i = &s->net.intercept;
	char why[WEIR_CA_WHY_BYTES];

	if (!i->wanted)
		return true;
	if (weir_ca_bundle_pem(&i->ca, weir_ca_bundle_find(), &s->etc.pem,
			       why) &&
	    weir_ca_bundle_java(&s->etc.pem, &s->etc.java))
		return true;
	say(s, ERROR, "%s", why);
	return false;
}

static int start_both(struct session *s)
{
	int r;

	if (!weir_network_start(&s->net))
		return -1;
	build_etc(s);
	if (!build_trust(s))
		return -1;
	weir_terminal_open(&s->box.terminal);
	r = start_sandbox(s);
	if (r)
		refuse_namespaces(s, r);
	return r;
}

static void wait_for(pid_t *pid)
{
	while (*pid > 0 && waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
		;
	*pid = 0;
}

/* without a PID namespace init has work to do before it ends */
static void let_init_end(struct session *s)
{
	uint64_t end = weir_clock_now_ms() + WEIR_STOP_GRACE_MS;

	while (s->init > 0 && weir_clock_now_ms() < end) {
		struct pollfd p = { .fd = s->signals, .events = POLLIN };
		struct signalfd_siginfo i;

		if (waitpid(s->init, NULL, WNOHANG) == s->init)
			s->init = 0;
		else if (poll(&p, 1, (int)(end - weir_clock_now_ms())) > 0)
			(void)!read(s->signals, &i, sizeof(i));
	}
}

/* no process of ours is left behind */
static void bury(struct session *s)
{
	end_init(s);
	if (!s->box.own_pids)
		let_init_end(s);
	if (s->init > 0)
		(void)kill(s->init, SIGKILL);
	wait_for(&s->init);
	weir_network_close(&s->net);
	if (!s->box.own_pids)
		weir_sandbox_kill_children();
	if (s->box.terminal.lent)
		weir_terminal_take(&s->box.terminal);
}

static int prepare(struct session *s)
{
	char why[WEIR_CA_WHY_BYTES];
	int r = weir_network_plan(&s->net);

	if (r)
		return r == WEIR_NETWORK_REFUSED ? WEIR_SANDBOX_FAILED : r;
	s->net.doors.raise = true;
	if (weir_network_bind(&s->net))
		return WEIR_SANDBOX_FAILED;
	s->box.orders = s->o;
	s->box.charter = &s->net.charter;
	s->box.etc = &s->etc;
	if (!weir_ca_find(NULL, &s->box.ca,
			  why)) /* then it cannot be used either */
		s->box.ca.dir[0] = 0;
	s->box.uid = geteuid();
	s->box.gid = getegid();
	s->box.own_pids = true;
	s->box.control = getpid();
	if (!getcwd(s->box.cwd, sizeof(s->box.cwd)))
		memcpy(s->box.cwd, "/", 2);
	return 0;
}

static void be_session(struct session *s)
{
	static const char *const proc = "/proc";
	static const char *const none[WEIR_CONFINE_REMOVES] = { NULL };

	if (start_both(s)) {
		s->code = WEIR_SANDBOX_FAILED;
		return;
	}
	for (uint32_t i = 0; i < s->o->n_kept; i++)
		if (s->o->keep[i] > 2)
			close(s->o->keep[i]);
	s->deadline_ms = weir_clock_now_ms() + START_MS;
	while (s->phase == STARTING && !s->net.linked)
		turn(s);
	/* no PID namespace: /proc is for finding children */
	weir_network_settle(&s->net, &proc, s->box.own_pids ? 0 : 1, none);
	while (s->phase != OVER)
		turn(s);
}

int weir_session_run(const struct weir_orders *o, const struct weir_voice *v)
{
	struct session *s = calloc(1, sizeof(*s));
	int code;

	if (!s)
		return WEIR_SANDBOX_FAILED;
	s->o = o;
	s->v = v;
	weir_network_init(&s->net, o, v);
	(void)getrlimit(RLIMIT_NOFILE, &s->box.descriptors);
	s->init_sock = s->signals = -1;
	s->box.terminal.fd = -1;
	if (!close_inherited(s)) {
		code = 2;
	} else {
		open_signals(s);
		code = prepare(s);
		if (code == 0) {
			be_session(s);
			bury(s);
			code = s->code;
		}
		weir_network_close(&s->net);
	}
	free(s);
	return code;
}
