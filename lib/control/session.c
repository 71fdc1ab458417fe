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
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "control/digest.h"
#include "control/sandbox.h"
#include "control/spawn.h"
#include "sys/clock.h"
#include "sys/confine.h"
#include "sys/msg.h"
#include "sys/summary.h"

#define START_MS       10000u
#define BYE_MS         300u
#define WATCH_MS       1000u /* resolv.conf is watched from then on */
#define SENTENCE_BYTES 1024u
#define SENTENCE_MAX   400u /* of a sentence from another process */
#define NSSWITCH       "/etc/nsswitch.conf"

enum phase { STARTING, RUNNING, ENDING, OVER };

struct session {
	const struct weir_orders *o;
	const struct weir_session_voice *v;
	enum phase phase;
	int code;
	pid_t engine, init;             /* 0: none or reaped */
	int engine_sock, init_sock;     /* -1: none */
	int signals, addresses, resolv; /* watched; -1: not */
	int tap;                        /* not yet handed to the engine */
	bool tap_sent, ready;
	bool hup_ignored;
	uint64_t start_ms, deadline_ms, watch_ms; /* 0: none */
	struct weir_charter charter;
	struct weir_hostnet host;
	struct weir_resolvers resolvers;
	struct weir_etc etc;
	struct weir_sandbox box;
	uint8_t room[WEIR_MSG_PACKET_BYTES];
};

static void close_sock(int *sock)
{
	close(*sock);
	*sock = -1;
}

__attribute__((format(printf, 3, 4))) static void
say(const struct session *s, enum weir_session_tone tone, const char *format,
    ...)
{
	char text[SENTENCE_BYTES];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	s->v->say(s->v->ctx, tone, text);
}

/* with init its PID namespace ends; without one init must kill the others */
static void end_init(struct session *s)
{
	if (s->init > 0 && s->box.own_pids)
		(void)kill(s->init, SIGKILL);
	else if (s->init_sock >= 0)
		close_sock(&s->init_sock);
}

/* the way to ENDING; true if this was the first reason */
static bool conclude(struct session *s, int code)
{
	if (s->phase == ENDING || s->phase == OVER)
		return false;
	s->phase = ENDING;
	s->code = code;
	s->watch_ms = 0;
	s->deadline_ms = weir_clock_now_ms() + BYE_MS;
	end_init(s);
	if (s->engine_sock < 0 || s->engine <= 0 ||
	    weir_msg_send(s->engine_sock, WEIR_MSG_STOP, NULL, 0, NULL, 0))
		s->phase = OVER;
	return true;
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

static void tell_engine(struct session *s, enum weir_msg_kind kind,
			void (*build)(const struct weir_charter *,
				      struct weir_wr *))
{
	struct weir_wr w = weir_wr_over(s->room, WEIR_MSG_MAX_BYTES);
	int r;

	build(&s->charter, &w);
	r = weir_msg_send(s->engine_sock, kind, s->room, weir_wr_len(&w), NULL,
			  0);
	if (r && conclude(s, WEIR_SANDBOX_FAILED))
		say(s, WEIR_SESSION_ERROR,
		    "the engine takes no message: %s; everything ends",
		    strerror(-r));
}

static void start_cmd(struct session *s)
{
	if (s->phase != STARTING || !s->ready || !s->tap_sent)
		return;
	s->phase = RUNNING;
	s->deadline_ms = 0;
	if (!s->o->n_dns)
		s->watch_ms = weir_clock_now_ms() + WATCH_MS;
	tell_init(s, WEIR_MSG_GO, 0);
}

/* the engine gets its charter when the card's abilities are known */
static void link_engine(struct session *s)
{
	int r;

	tell_engine(s, WEIR_MSG_CHARTER, weir_charter_build);
	if (s->phase != STARTING)
		return;
	r = weir_msg_send(s->engine_sock, WEIR_MSG_LINK, NULL, 0, &s->tap, 1);
	if (r && conclude(s, WEIR_SANDBOX_FAILED))
		say(s, WEIR_SESSION_ERROR,
		    "the engine does not take the TAP: %s; everything ends",
		    strerror(-r));
	close(s->tap);
	s->tap = -1;
	s->tap_sent = true;
}

/* a sentence another process wrote: bounded and made printable */
static const char *sentence(struct weir_rd *body, char room[SENTENCE_BYTES])
{
	struct weir_text t = weir_text_over(room, SENTENCE_BYTES);
	size_t n =
		body->left < SENTENCE_MAX / 2 ? body->left : SENTENCE_MAX / 2;

	weir_text_add_escaped(&t, weir_rd_take(body, n), n);
	return room;
}

static void on_summary(struct session *s, struct weir_rd *body)
{
	char room[WEIR_DIGEST_BYTES];
	struct weir_text t = weir_text_over(room, sizeof(room));
	struct weir_summary sum;

	if (!s->o->verbose || !weir_summary_parse(body, &sum))
		return;
	weir_digest_build(&sum, weir_clock_now_ms() - s->start_ms, &t);
	s->v->say(s->v->ctx, WEIR_SESSION_NOTE, room);
}

static void on_engine(struct session *s)
{
	char room[SENTENCE_BYTES];
	struct weir_msg m;
	int r = weir_msg_receive(s->engine_sock, s->room, sizeof(s->room), &m);

	if (r == -EAGAIN || r == -EPROTO)
		return;
	if (r <= 0) {
		close_sock(&s->engine_sock); /* SIGCHLD tells its death */
		if (s->phase == ENDING)
			s->phase = OVER;
		else
			(void)kill(s->engine, SIGKILL);
		return;
	}
	weir_msg_close_fds(&m);
	if (m.kind == WEIR_MSG_READY) {
		s->ready = true;
		start_cmd(s);
	} else if (m.kind == WEIR_MSG_NOTE) {
		say(s, WEIR_SESSION_NOTE, "%s", sentence(&m.body, room));
	} else if (m.kind == WEIR_MSG_FAILED) {
		if (conclude(s, WEIR_SANDBOX_FAILED))
			say(s, WEIR_SESSION_ERROR, "%s",
			    sentence(&m.body, room));
	} else if (m.kind == WEIR_MSG_BYE) {
		on_summary(s, &m.body);
		s->phase = s->phase == ENDING ? OVER : s->phase;
	}
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

	say(s, WEIR_SESSION_NOTE,
	    "the kernel gives no fresh /proc here: CMD gets no PID namespace");
	while (waitpid(s->init, &status, 0) < 0 && errno == EINTR)
		;
	s->init = 0;
	close_sock(&s->init_sock);
	s->box.own_pids = false;
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	r = start_sandbox(s);
	if (r && conclude(s, WEIR_SANDBOX_FAILED))
		say(s, WEIR_SESSION_ERROR, "no sandbox: %s", strerror(-r));
}

static void on_trouble(struct session *s, struct weir_rd *body)
{
	uint32_t code = weir_rd_be32(body);
	char room[SENTENCE_BYTES];

	if (code == WEIR_SANDBOX_NO_PROC && s->box.own_pids &&
	    s->phase == STARTING) {
		try_again(s);
		return;
	}
	if (code < 125 || code > 127)
		code = WEIR_SANDBOX_FAILED;
	if (conclude(s, (int)code))
		say(s, WEIR_SESSION_ERROR, "%s", sentence(body, room));
}

static void on_tap(struct session *s, struct weir_msg *m)
{
	if (s->phase != STARTING || s->tap_sent || m->n_fds != 1) {
		weir_msg_close_fds(m);
		return;
	}
	s->tap = m->fd[0];
	s->charter.offload = weir_rd_be32(&m->body);
	link_engine(s);
	start_cmd(s);
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
		(void)conclude(s, (int)(weir_rd_be32(&m.body) & 0xff));
	else if (m.kind == WEIR_MSG_TROUBLE)
		on_trouble(s, &m.body);
}

static void tell_death(struct session *s, const char *who, int status)
{
	if (WIFSIGNALED(status))
		say(s, WEIR_SESSION_ERROR,
		    "the %s was ended by signal %d (%s); everything ends", who,
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		say(s, WEIR_SESSION_ERROR,
		    "the %s ended by itself with status %d; everything ends",
		    who, WEXITSTATUS(status));
}

static void on_child(struct session *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		bool is_engine = pid == s->engine, is_init = pid == s->init;

		/* what it said last may say why */
		if (is_engine && s->engine_sock >= 0)
			on_engine(s);
		if (is_init && s->init_sock >= 0)
			on_init(s);
		if (is_engine)
			s->engine = 0;
		else if (pid == s->init)
			s->init = 0;
		else
			continue;
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

static void on_addresses(struct session *s)
{
	weir_hostnet_drain(s->addresses);
	if (s->phase > RUNNING || weir_hostnet_read(&s->host))
		return;
	weir_plan_own(&s->host, &s->charter);
	if (s->tap_sent)
		tell_engine(s, WEIR_MSG_ADDRESSES, weir_charter_build_own);
}

static void on_resolv(struct session *s)
{
	struct weir_resolvers now;

	if (s->resolv >= 0)
		weir_resolvers_drain(s->resolv);
	weir_resolvers_read(&now);
	if (s->phase > RUNNING || s->o->n_dns ||
	    weir_resolvers_is_equal(&now, &s->resolvers))
		return;
	s->resolvers = now;
	weir_plan_upstreams(s->o, &now, &s->charter);
	if (s->tap_sent)
		tell_engine(s, WEIR_MSG_UPSTREAMS,
			    weir_charter_build_upstreams);
}

static void on_deadline(struct session *s)
{
	if (s->phase == STARTING) {
		if (conclude(s, WEIR_SANDBOX_FAILED))
			say(s, WEIR_SESSION_ERROR,
			    "the %s did not get ready in 10 seconds",
			    s->tap_sent ? "engine" : "sandbox");
	} else if (s->phase == RUNNING) {
		(void)conclude(s, 128 + SIGKILL);
	} else {
		s->phase = OVER;
	}
}

/*
 * Giving an inotify descriptor back takes the kernel 20 ms, which a short
 * command should not pay for: the watch begins when CMD has run for a while.
 */
static void begin_watch(struct session *s)
{
	s->watch_ms = 0;
	s->resolv = weir_resolvers_watch();
	on_resolv(s); /* what changed until now */
}

static int timeout_of(uint64_t deadline_ms)
{
	uint64_t now;

	if (!deadline_ms)
		return -1;
	now = weir_clock_now_ms();
	return now >= deadline_ms ? 0 : (int)(deadline_ms - now);
}

/* whichever comes first */
static uint64_t next_deadline(const struct session *s)
{
	if (!s->watch_ms || (s->deadline_ms && s->deadline_ms < s->watch_ms))
		return s->deadline_ms;
	return s->watch_ms;
}

static void turn(struct session *s)
{
	/* signals last: a death is told after the words that explain it */
	struct {
		int fd;
		void (*on)(struct session *);
	} row[] = { { s->init_sock, on_init },
		    { s->engine_sock, on_engine },
		    { s->addresses, on_addresses },
		    { s->resolv, on_resolv },
		    { s->signals, on_signal } };
	enum { ROWS = sizeof(row) / sizeof(row[0]) };
	struct pollfd p[ROWS];

	for (int i = 0; i < ROWS; i++)
		p[i] = (struct pollfd){ .fd = row[i].fd, .events = POLLIN };
	(void)poll(p, ROWS, timeout_of(next_deadline(s)));
	for (int i = 0; i < ROWS && s->phase != OVER; i++)
		if (p[i].fd >= 0 && p[i].revents)
			row[i].on(s);
	if (s->phase == RUNNING && timeout_of(s->watch_ms) == 0)
		begin_watch(s);
	if (timeout_of(s->deadline_ms) == 0)
		on_deadline(s);
}

/* everything above 2 that CMD is not to have does not exist for us either */
static bool close_inherited(struct session *s)
{
	const struct weir_orders *o = s->o;
	unsigned from = 3;

	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return false;
	for (uint32_t i = 0; i < o->n_kept; i++)
		if (fcntl(o->keep[i], F_GETFD) < 0) {
			say(s, WEIR_SESSION_ERROR,
			    "--keep-fd %d: no such descriptor is open",
			    o->keep[i]);
			return false;
		}
	for (;;) {
		unsigned next = ~0u;

		for (uint32_t i = 0; i < o->n_kept; i++)
			if ((unsigned)o->keep[i] >= from &&
			    (unsigned)o->keep[i] < next)
				next = (unsigned)o->keep[i];
		if (next > from)
			(void)close_range(from, next - 1, 0);
		if (next == ~0u)
			return true;
		from = next + 1;
	}
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
	struct weir_resolvers r = s->resolvers;
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
	weir_etc_build(&s->charter, &r, name, nsswitch, len, &s->etc);
}

static void refuse_namespaces(struct session *s, int error)
{
	if (error == -ENOSPC || error == -EUSERS)
		say(s, WEIR_SESSION_ERROR,
		    "there are no user namespaces left; as root allow more: "
		    "sysctl -w user.max_user_namespaces=15000");
	else if (error == -EPERM)
		say(s, WEIR_SESSION_ERROR,
		    "user namespaces are not allowed here; as root allow them: "
		    "sysctl -w kernel.unprivileged_userns_clone=1 (in a "
		    "container: start it so that unshare -U works)");
	else
		say(s, WEIR_SESSION_ERROR,
		    "the sandbox's namespaces cannot be made: %s; the kernel "
		    "needs user, mount, network, PID, IPC and UTS namespaces",
		    strerror(-error));
}

/* with everything started, control needs little more of the machine */
static void settle(const struct session *s)
{
	static const char *const dirs[] = { "/etc",
					    "/run/systemd/resolve",
					    "/run/resolvconf",
					    "/run/NetworkManager",
					    "/run/connman",
					    "/proc" };
	size_t n = sizeof(dirs) / sizeof(dirs[0]);

	if (!weir_confine_is_possible())
		return;
	weir_confine_capabilities();
	/* the last is for finding children where no namespace holds them */
	(void)weir_confine_paths(dirs, s->box.own_pids ? n - 1 : n);
}

static int start_both(struct session *s)
{
	pid_t pid = weir_spawn_engine(s->o->unconfined, &s->engine_sock);
	int r;

	if (pid < 0) {
		s->engine_sock = -1;
		say(s, WEIR_SESSION_ERROR, "the engine cannot be started: %s",
		    strerror((int)-pid));
		return (int)pid;
	}
	s->engine = pid;
	build_etc(s);
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
	if (s->engine > 0)
		(void)kill(s->engine, SIGKILL);
	wait_for(&s->init);
	wait_for(&s->engine);
	if (!s->box.own_pids)
		weir_sandbox_kill_children();
	if (s->box.terminal.lent)
		weir_terminal_take(&s->box.terminal);
}

static int prepare(struct session *s)
{
	char why[WEIR_PLAN_WHY_BYTES];
	int r = weir_hostnet_read(&s->host);

	if (r) {
		say(s, WEIR_SESSION_ERROR,
		    "the host's addresses cannot be read: %s", strerror(-r));
		return WEIR_SANDBOX_FAILED;
	}
	weir_resolvers_read(&s->resolvers);
	if (!weir_plan_make(s->o, &s->host, &s->resolvers, &s->charter, why)) {
		say(s, WEIR_SESSION_ERROR, "%s", why);
		return 2;
	}
	s->box.orders = s->o;
	s->box.charter = &s->charter;
	s->box.etc = &s->etc;
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
	if (start_both(s)) {
		s->code = WEIR_SANDBOX_FAILED;
		return;
	}
	s->addresses = weir_hostnet_watch();
	for (uint32_t i = 0; i < s->o->n_kept; i++)
		if (s->o->keep[i] > 2)
			close(s->o->keep[i]);
	s->deadline_ms = weir_clock_now_ms() + START_MS;
	while (s->phase == STARTING && !s->tap_sent)
		turn(s);
	settle(s);
	while (s->phase != OVER)
		turn(s);
}

int weir_session_run(const struct weir_orders *o,
		     const struct weir_session_voice *v)
{
	struct session *s = calloc(1, sizeof(*s));
	int code;

	if (!s)
		return WEIR_SANDBOX_FAILED;
	s->o = o;
	s->v = v;
	s->start_ms = weir_clock_now_ms();
	s->engine_sock = s->init_sock = s->signals = -1;
	s->addresses = s->resolv = s->tap = -1;
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
	}
	free(s);
	return code;
}
