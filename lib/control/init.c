/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init.c - PID 1 of the sandbox: starts CMD, reaps, forwards, ends all
 *
 * States:
 *
 *	waiting ── GO: start() ──► running ── CMD ended ──► lingering ──► gone
 *	   │                        │  ▲ │                      finish()
 *	   │           STOPPED told ▼  │ │ RESUME
 *	   │                       (stopped)
 *	   └── control gone, END ──► ending: CMD has its signal, then 900 ms
 *
 * Lingering: what CMD left behind is killed; then init stays, at most
 * WEIR_LINGER_MS, until the other side has acknowledged all that was sent, for
 * with the network namespace everything in its send buffers would go.  Where
 * there is nothing of that, and mostly there is not, it costs nothing.
 *
 * The end of control's socket means that control is gone: everything ends at
 * once, whatever PR_SET_PDEATHSIG does.
 *
 * Signals from the terminal reach init only when CMD shares its process
 * group, and then they reach CMD as well: those are not passed on.
 */
#include "control/init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/gate.h"
#include "control/linger.h"
#include "control/trust.h"
#include "sys/clock.h"
#include "sys/confine.h"
#include "sys/msg.h"

#define NAME_MAX_SHOWN 80u
#define ARGS_MAX       4096u /* of a script without #! */
#define PAUSE_MAX_MS   40

struct init {
	const struct weir_sandbox *s;
	pid_t cmd; /* 0 before it runs */
	int signals;
	uint64_t deadline_ms; /* 0: none */
	uint64_t ended_ms;    /* CMD ended then; 0: not yet */
	uint32_t code;        /* ... with this */
	int pause_ms;         /* to the next look at its sockets */
};

/** struct stumble - why CMD does not run, from the child that was to be CMD */
struct stumble {
	int at_exec; /* else at setting it up */
	int error;
};

static void tell(const struct init *i, enum weir_msg_kind kind, uint32_t v)
{
	uint8_t body[4];
	struct weir_wr w = weir_wr_over(body, sizeof(body));

	weir_wr_be32(&w, v);
	(void)weir_msg_send(i->s->sock, kind, body, sizeof(body), NULL, 0);
}

/* descriptors: only 0 to 2 and the kept ones survive execve(2) */
static int close_on_exec(const struct weir_orders *o)
{
	if (close_range(3, ~0u, CLOSE_RANGE_CLOEXEC))
		return -errno;
	for (uint32_t k = 0; k < o->n_kept; k++)
		if (o->keep[k] > 2 && fcntl(o->keep[k], F_SETFD, 0))
			return -errno;
	return 0;
}

/* the second user namespace: no power over what the first one owns */
static int enter_namespace(const struct weir_sandbox *s)
{
	bool root = s->orders->as_root;

	if (unshare(CLONE_NEWUSER))
		return -errno;
	return weir_sandbox_map(root ? 0 : s->uid, s->uid, root ? 0 : s->gid,
				s->gid);
}

static void take_terminal(const struct weir_terminal *t)
{
	if (!t->own_group)
		return;
	(void)setpgid(0, 0);
	/* SIGTTOU is blocked until the mask is restored */
	if (t->lent)
		(void)tcsetpgrp(t->fd, getpgrp());
}

/* a script without #! is one for sh, as execvp(3) has it */
static void run_file(const char *path, char *const *argv)
{
	char *again[ARGS_MAX];
	char shell[] = "/bin/sh";
	size_t n = 0;

	(void)execve(path, argv, environ);
	if (errno != ENOEXEC)
		return;
	while (n < ARGS_MAX - 2 && argv[n])
		n++;
	if (argv[n]) {
		errno = E2BIG;
		return;
	}
	for (size_t k = 1; k <= n; k++)
		again[k + 1] = argv[k];
	again[0] = shell;
	/* execve() writes to no argument; its type cannot say so */
	memcpy(&again[1], &path, sizeof(path));
	(void)execve(shell, again, environ);
}

/*
 * Find CMD on the PATH and become it.  Unlike execvp(3), which takes a
 * directory it may not search for a program it may not run.
 *
 * Return: why not, an errno.
 */
static int run_program(char *const *argv)
{
	const char *at = getenv("PATH");
	char path[PATH_MAX];
	int why = ENOENT;

	if (strchr(argv[0], '/')) {
		run_file(argv[0], argv);
		return errno;
	}
	for (at = at ? at : "/bin:/usr/bin";; at++) {
		size_t n = strcspn(at, ":");
		int len = snprintf(path, sizeof(path), "%.*s%s%s", (int)n, at,
				   n ? "/" : "", argv[0]);

		if (len > 0 && (size_t)len < sizeof(path) &&
		    access(path, F_OK) == 0) {
			run_file(path, argv);
			if (errno != ENOENT && errno != ENOTDIR)
				why = errno;
		}
		at += n;
		if (!*at)
			return why;
	}
}

static void become_cmd(const struct weir_sandbox *s, int report)
{
	struct stumble why = { .at_exec = 0 };

	take_terminal(&s->terminal);
	why.error = -enter_namespace(s);
	if (why.error == 0)
		why.error = -close_on_exec(s->orders);
	(void)setrlimit(RLIMIT_NOFILE, &s->descriptors);
	if (why.error == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) ||
			       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)))
		why.error = errno;
	if (why.error == 0)
		why.error = -weir_gate_close();
	if (why.error == 0) {
		(void)sigaction(SIGCHLD, &s->chld, NULL);
		(void)sigprocmask(SIG_SETMASK, &s->mask, NULL);
		if (s->etc->pem.len)
			weir_trust_tell();
		why.at_exec = 1;
		why.error = run_program(s->orders->argv);
	}
	if (write(report, &why, sizeof(why)) != (ssize_t)sizeof(why))
		_exit(WEIR_SANDBOX_FAILED);
	_exit(WEIR_SANDBOX_FAILED);
}

/* CMD does not run: the sentence and the code of a shell */
_Noreturn static void stumbled(const struct init *i, const struct stumble *why)
{
	/* control makes it printable */
	const char *name = i->s->orders->argv[0];
	int n = (int)strnlen(name, NAME_MAX_SHOWN);

	if (!why->at_exec)
		weir_sandbox_trouble(
			i->s, WEIR_SANDBOX_FAILED,
			"the sandbox cannot be closed behind %.*s: "
			"%s",
			n, name, strerror(why->error));
	if (why->error == ENOENT && strchr(name, '/') &&
	    access(name, F_OK) == 0)
		weir_sandbox_trouble(
			i->s, 126,
			"%.*s: the interpreter it names is not found", n, name);
	if (why->error == ENOENT || why->error == ENOTDIR)
		weir_sandbox_trouble(i->s, 127, "%.*s: not found", n, name);
	if (why->error == EACCES)
		weir_sandbox_trouble(i->s, 126, "%.*s: not executable", n,
				     name);
	weir_sandbox_trouble(i->s, 126, "%.*s: cannot be run: %s", n, name,
			     strerror(why->error));
}

static void start(struct init *i)
{
	struct stumble why;
	int report[2];
	ssize_t n;

	if (pipe2(report, O_CLOEXEC))
		weir_sandbox_trouble(i->s, WEIR_SANDBOX_FAILED,
				     "no pipe for CMD: %s", strerror(errno));
	i->cmd = fork();
	if (i->cmd < 0)
		weir_sandbox_trouble(i->s, WEIR_SANDBOX_FAILED,
				     "CMD cannot be started: %s",
				     strerror(errno));
	if (i->cmd == 0)
		become_cmd(i->s, report[1]);
	close(report[1]);
	do {
		n = read(report[0], &why, sizeof(why));
	} while (n < 0 && errno == EINTR);
	close(report[0]);
	if (n == (ssize_t)sizeof(why))
		stumbled(i, &why);
	for (uint32_t k = 0; k < i->s->orders->n_kept; k++)
		if (i->s->orders->keep[k] > 2)
			close(i->s->orders->keep[k]);
	weir_confine_limits();
	weir_confine_capabilities();
	tell(i, WEIR_MSG_STARTED, 0);
}

static void signal_cmd(const struct init *i, int sig)
{
	if (i->cmd > 0)
		(void)kill(i->s->terminal.own_group ? -i->cmd : i->cmd, sig);
}

_Noreturn static void finish(const struct init *i)
{
	if (!i->s->own_pids) {
		signal_cmd(i, SIGKILL);
		weir_sandbox_kill_children();
	}
	_exit(0); /* and with PID 1 everything in its namespace */
}

static uint64_t lingered_ms(const struct init *i)
{
	return weir_clock_now_ms() - i->ended_ms;
}

/*
 * With init the guest's card goes, and what is in it: control ends init when
 * the engine has taken everything.
 */
static void stay(const struct init *i)
{
	uint64_t end = weir_clock_now_ms() + 2ull * WEIR_LINGER_MS, now;
	uint8_t room[WEIR_MSG_HEADER_BYTES + 64];
	struct weir_msg m;

	while ((now = weir_clock_now_ms()) < end) {
		struct pollfd p = { .fd = i->s->sock, .events = POLLIN };
		int r;

		if (poll(&p, 1, (int)(end - now)) <= 0)
			continue;
		r = weir_msg_receive(i->s->sock, room, sizeof(room), &m);
		if (r == 0 || (r < 0 && r != -EPROTO))
			return;
		if (r > 0)
			weir_msg_close_fds(&m);
	}
}

_Noreturn static void finish_with(const struct init *i, uint32_t code)
{
	uint8_t body[8];
	struct weir_wr w = weir_wr_over(body, sizeof(body));

	weir_wr_be32(&w, code);
	weir_wr_be32(&w, i->ended_ms ? (uint32_t)lingered_ms(i) : 0);
	(void)weir_msg_send(i->s->sock, WEIR_MSG_ENDED, body, sizeof(body),
			    NULL, 0);
	stay(i);
	finish(i);
}

/* CMD has ended: is there something to wait for? */
static void linger(struct init *i)
{
	bool alone;
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		;
	alone = pid < 0 && errno == ECHILD;
	if ((alone && weir_linger_sockets() == 0) ||
	    lingered_ms(i) >= WEIR_LINGER_MS)
		finish_with(i, i->code);
	if (i->pause_ms < PAUSE_MAX_MS)
		i->pause_ms *= 2;
}

static void begin_linger(struct init *i, uint32_t code)
{
	i->ended_ms = weir_clock_now_ms();
	i->code = code;
	i->pause_ms = 1;
	i->cmd = 0;
	if (i->s->own_pids)
		(void)kill(-1, SIGKILL); /* all but us */
	else
		weir_sandbox_kill_children();
	linger(i);
}

/* end CMD with @sig; what is left after the grace is killed */
static void end(struct init *i, int sig)
{
	if (i->ended_ms)
		finish_with(i, i->code); /* no patience */
	if (i->cmd == 0)
		finish(i);
	signal_cmd(i, sig);
	signal_cmd(i, SIGCONT);
	if (!i->deadline_ms)
		i->deadline_ms = weir_clock_now_ms() + WEIR_STOP_GRACE_MS;
}

static void reap(struct init *i)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid != i->cmd)
			continue;
		if (WIFSTOPPED(status)) {
			tell(i, WEIR_MSG_STOPPED, (uint32_t)WSTOPSIG(status));
			continue;
		}
		begin_linger(i, WIFSIGNALED(status)
					? 128u + (uint32_t)WTERMSIG(status)
					: (uint32_t)WEXITSTATUS(status));
		return;
	}
}

static void on_signal(struct init *i)
{
	struct signalfd_siginfo info;

	while (read(i->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(i);
		else if (info.ssi_code <= 0) /* from a process, to us */
			end(i, (int)info.ssi_signo);
	}
}

static void on_message(struct init *i)
{
	uint8_t room[WEIR_MSG_HEADER_BYTES + 64];
	struct weir_msg m;
	uint32_t v;

	if (weir_msg_receive(i->s->sock, room, sizeof(room), &m) <= 0)
		finish(i);
	weir_msg_close_fds(&m);
	v = m.body.left ? weir_rd_be32(&m.body) : 0;
	if (m.kind == WEIR_MSG_GO && i->cmd == 0 && !i->ended_ms) {
		start(i);
	} else if (m.kind == WEIR_MSG_RESUME && i->cmd > 0) {
		if (v == 1 && i->s->terminal.own_group)
			(void)tcsetpgrp(i->s->terminal.fd, i->cmd);
		signal_cmd(i, SIGCONT);
	} else if (m.kind == WEIR_MSG_END && v > 0 && v < 32) {
		end(i, (int)v);
	}
}

static int open_signals(void)
{
	static const int wanted[] = { SIGCHLD, SIGTERM, SIGHUP, SIGINT,
				      SIGQUIT };
	sigset_t set;

	sigemptyset(&set);
	for (size_t k = 0; k < sizeof(wanted) / sizeof(wanted[0]); k++)
		sigaddset(&set, wanted[k]);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int timeout_of(const struct init *i)
{
	int most = i->ended_ms ? i->pause_ms : -1;
	uint64_t now, left;

	if (!i->deadline_ms)
		return most;
	now = weir_clock_now_ms();
	left = now >= i->deadline_ms ? 0 : i->deadline_ms - now;
	return most >= 0 && (uint64_t)most < left ? most : (int)left;
}

void weir_init_run(const struct weir_sandbox *s)
{
	struct init i = { .s = s, .signals = open_signals() };

	if (i.signals < 0)
		weir_sandbox_trouble(s, WEIR_SANDBOX_FAILED,
				     "init gets no signals: %s",
				     strerror(errno));
	for (;;) {
		struct pollfd p[2] = {
			{ .fd = s->sock, .events = POLLIN },
			{ .fd = i.signals, .events = POLLIN },
		};

		(void)poll(p, 2, timeout_of(&i));
		if (p[1].revents)
			on_signal(&i);
		if (p[0].revents)
			on_message(&i);
		if (timeout_of(&i) == 0)
			finish_with(&i, i.ended_ms ? i.code : 128u + SIGKILL);
		if (i.ended_ms)
			linger(&i);
	}
}
