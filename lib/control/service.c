/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.c - one life of `weir serve`: engine, the guest's card, end
 *
 *	          TAP: link;  READY: doors open       stop asked for
 *	STARTING ─────────────────────────────► RUNNING ────────────► LEAVING
 *	    │                                      │ the guest is gone   │ no TCP
 *	    │ refused, failed                      ▼ a process died      │ flow, or
 *	    └───────────────────────────────────► ENDING ◄───────────────┘ time up
 *	                                           │ BYE, or the engine gone,
 *	                                           ▼ or 300 ms
 *	                                          OVER
 *
 * The guest is not Weir's: it was there before and is not ended.  That it is
 * gone shows at the TAP, of which control keeps a descriptor; it never reads
 * from it, it only waits for the error.
 *
 * LEAVING: nobody new comes in at published ports; what is open may go on for
 * a while.  A second signal cuts that short.
 *
 * Invariants: as those of session.c.
 */
#include "control/service.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "control/descriptors.h"
#include "control/doorstep.h"
#include "control/folders.h"
#include "control/netns.h"
#include "control/network.h"
#include "control/notify.h"
#include "control/pidfile.h"
#include "sys/clock.h"
#include "sys/netdev.h"

#define START_MS 10000u
#define BYE_MS   300u
#define ASK_MS   50u /* between questions whether flows are open */

enum phase { STARTING, RUNNING, LEAVING, ENDING, OVER };

struct service {
	const struct weir_orders *o;
	const struct weir_service_again *again;
	const struct weir_voice *v;
	enum phase phase;
	int code;
	pid_t helper; /* 0: none or reaped */
	int helper_sock, signals, exit_fd, notify, tap;
	bool settled;
	struct weir_doorstep step;
	uint64_t deadline_ms, ask_ms; /* 0: none */
	bool hup;                     /* SIGHUP came early; from @hup_uid */
	uint32_t hup_uid;
	struct weir_netns netns;
	struct weir_pidfile pid;
	struct weir_network net;
	uint8_t room[WEIR_MSG_HEADER_BYTES + 1024];
};

#define say(s, tone, ...) weir_voice_say((s)->v, WEIR_VOICE_##tone, __VA_ARGS__)

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* the last that the service manager hears */
static void tell_stopping(struct service *s)
{
	weir_notify_send(s->notify, "STOPPING=1");
	close_one(&s->notify);
}

/* the way to ENDING; true if this was the first reason */
static bool conclude(struct service *s, int code)
{
	if (s->phase == ENDING || s->phase == OVER)
		return false;
	s->phase = ENDING;
	s->code = code;
	s->ask_ms = 0;
	s->deadline_ms = weir_clock_now_ms() + BYE_MS;
	tell_stopping(s);
	if (!weir_network_stop(&s->net, 0))
		s->phase = OVER;
	return true;
}

static void lose_engine(struct service *s, int error)
{
	if (error && conclude(s, WEIR_SERVICE_FAILED))
		weir_network_lost(&s->net, error);
}

/* as much time for what is open as was asked for */
static void leave(struct service *s)
{
	uint64_t grace_ms =
		1000ull * (s->o->serve.has_grace ? s->o->serve.grace_s
						 : WEIR_SERVICE_GRACE_S);

	if (s->phase != RUNNING || grace_ms == 0) {
		(void)conclude(s, 0);
		return;
	}
	s->phase = LEAVING;
	tell_stopping(s);
	weir_network_close_doors(&s->net);
	s->deadline_ms = weir_clock_now_ms() + grace_ms;
	s->ask_ms = weir_clock_now_ms();
}

static void tell_ready(const struct service *s)
{
	const struct weir_orders_serve *o = &s->o->serve;
	const struct weir_charter *c = &s->net.charter;
	char room[WEIR_TEXT_ADDR_BYTES * 3];
	struct weir_text t = weir_text_over(room, sizeof(room));

	weir_text_add_addr(&t, &c->guest4);
	if (c->has6) {
		weir_text_add(&t, " and ");
		weir_text_add_addr(&t, &c->guest6);
	}
	if (o->netns)
		say(s, NOTE, "serving %s in %s: %s, MTU %u", s->netns.name,
		    o->netns, room, c->mtu);
	else if (o->path)
		say(s, NOTE, "a guest can come in at %s: %s, MTU %u", o->path,
		    room, c->mtu);
	else
		say(s, NOTE, "serving descriptor %d: %s, MTU %u", o->fd, room,
		    c->mtu);
}

/* from now on only what a reload reads can be read */
static void settle(const struct service *s)
{
	const char *removes[WEIR_CONFINE_REMOVES] = {
		s->pid.dir >= 0 ? s->pid.path : NULL, s->step.folder
	};
	struct weir_folders f;

	weir_folders_find(s->o->settings, &f);
	weir_network_settle(&s->net, (const char *const *)f.path, f.n, removes);
	weir_folders_free(&f);
}

/* everything stands: say so, and give up what is needed no more */
static void be_ready(struct service *s)
{
	const struct weir_orders_serve *o = &s->o->serve;
	const char newline = '\n';
	int r = s->pid.dir >= 0 ? weir_pidfile_write(&s->pid, getpid()) : 0;

	if (r && conclude(s, WEIR_SERVICE_REFUSED)) {
		say(s, ERROR, "--pid %s cannot be written: %s", o->pid_file,
		    strerror(-r));
		return;
	}
	s->phase = RUNNING;
	s->deadline_ms = 0;
	s->settled = true;
	weir_network_watch(&s->net);
	lose_engine(s, weir_network_on_resolvers(&s->net));
	settle(s);
	tell_ready(s);
	if (o->has_ready_fd) {
		(void)!write(o->ready_fd, &newline, 1);
		close(o->ready_fd);
	}
	weir_notify_send(s->notify, "READY=1");
}

static void go_on(struct service *s)
{
	int r;

	if (s->phase > RUNNING || !s->net.ready)
		return;
	r = weir_network_open_doors(&s->net);
	if (r == 0 && !s->settled)
		be_ready(s);
	else if (r && r != -EAGAIN)
		lose_engine(s, r);
}

/* --- guests at a socket --- */

static void link_guest(struct service *s, int fd)
{
	lose_engine(s, weir_network_link(&s->net, fd, 0));
	close(fd);
}

static void on_guest(struct service *s)
{
	int fd = weir_doorstep_admit(&s->step);

	if (fd >= 0)
		link_guest(s, fd);
	else if (fd != -EAGAIN && conclude(s, WEIR_SERVICE_REFUSED))
		say(s, ERROR, "no guest can come in at %s: %s",
		    s->o->serve.path, strerror(-fd));
}

/* The guest hung up. */
static void on_unlink(struct service *s)
{
	say(s, NOTE, "the guest is gone");
	weir_doorstep_free(&s->step);
	if (s->phase == LEAVING || s->o->serve.one_off || !s->o->serve.path)
		(void)conclude(s, 0);
}

static bool is_card_gone(const struct service *s)
{
	struct pollfd p = { .fd = s->tap };

	return s->tap >= 0 && poll(&p, 1, 0) == 1 &&
	       (p.revents & (POLLERR | POLLHUP));
}

static void on_card(struct service *s)
{
	bool early = s->phase == STARTING;

	if (!is_card_gone(s))
		return;
	close_one(&s->tap);
	if (conclude(s, early ? WEIR_SERVICE_REFUSED : 0))
		weir_voice_say(s->v, early ? WEIR_VOICE_ERROR : WEIR_VOICE_NOTE,
			       "the namespace of the guest is gone, or %s in "
			       "it",
			       s->netns.name);
}

static void on_engine(struct service *s)
{
	lose_engine(s, weir_network_catch_up(&s->net));
	switch (weir_network_hear(&s->net)) {
	case WEIR_NETWORK_FAILED:
		on_card(s);
		if (conclude(s, WEIR_SERVICE_FAILED))
			say(s, ERROR, "%s", s->net.why);
		break;
	case WEIR_NETWORK_TALLY:
		if (s->phase == LEAVING && s->net.summary.tcp_now == 0)
			(void)conclude(s, 0);
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
	case WEIR_NETWORK_UNLINK:
		on_unlink(s);
		break;
	case WEIR_NETWORK_NOTHING:
	case WEIR_NETWORK_READY:
		break;
	}
	go_on(s);
}

static void on_trouble(struct service *s, struct weir_rd *body)
{
	char room[1024];
	struct weir_text t = weir_text_over(room, sizeof(room));
	size_t n;

	(void)weir_rd_be32(body);
	n = body->left < WEIR_NETNS_WHY_BYTES ? body->left
					      : WEIR_NETNS_WHY_BYTES;
	weir_text_add_escaped(&t, weir_rd_take(body, n), n);
	if (conclude(s, WEIR_SERVICE_REFUSED))
		say(s, ERROR, "%s", room);
}

static void on_helper(struct service *s)
{
	struct weir_msg m;
	int r = weir_msg_receive(s->helper_sock, s->room, sizeof(s->room), &m);

	if (r <= 0) {
		close_one(&s->helper_sock);
		if (s->tap < 0 && conclude(s, WEIR_SERVICE_FAILED))
			say(s, ERROR,
			    "the card was not made: the process that "
			    "makes it has ended");
		return;
	}
	if (m.kind == WEIR_MSG_TAP && m.n_fds == 1 && s->tap < 0 &&
	    s->phase == STARTING) {
		s->tap = m.fd[--m.n_fds];
		lose_engine(s, weir_network_link(&s->net, s->tap,
						 weir_rd_be32(&m.body)));
	} else if (m.kind == WEIR_MSG_TROUBLE) {
		on_trouble(s, &m.body);
	}
	weir_msg_close_fds(&m);
}

static void on_child(struct service *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s->helper)
			s->helper = 0;
		if (pid != s->net.engine)
			continue;
		/* what it said last may say why */
		if (s->net.sock >= 0)
			on_engine(s);
		s->net.engine = 0;
		on_card(s);
		if (conclude(s, WEIR_SERVICE_FAILED))
			say(s, ERROR,
			    WIFSIGNALED(status)
				    ? "the engine was ended by signal %d; "
				      "everything ends"
				    : "the engine ended by itself with status "
				      "%d; everything ends",
			    WIFSIGNALED(status) ? WTERMSIG(status)
						: WEXITSTATUS(status));
		s->phase = OVER;
	}
}

static void on_resolvers(struct service *s)
{
	lose_engine(s, weir_network_on_resolvers(&s->net));
}

static void on_proxy(struct service *s)
{
	weir_network_hear_proxy(&s->net);
}

static void on_addresses(struct service *s)
{
	lose_engine(s, weir_network_on_addresses(&s->net));
}

/* SIGHUP: the log, the resolvers, and the policy */
static void reload(struct service *s, uint32_t uid)
{
	const struct weir_settings *now;

	weir_network_reopen_log(&s->net);
	on_resolvers(s);
	s->hup = s->phase == STARTING;
	s->hup_uid = uid;
	if (s->phase != RUNNING)
		return;
	now = s->again->read(s->again->ctx);
	if (now)
		lose_engine(s, weir_network_reload(&s->net, now, uid));
	else
		say(s, ERROR, "the policy stays as it was");
	s->again->done(s->again->ctx);
}

static void on_log(struct service *s)
{
	weir_network_on_log(&s->net);
}

static void on_signal(struct service *s)
{
	struct signalfd_siginfo i;

	while (s->phase != OVER &&
	       read(s->signals, &i, sizeof(i)) == (ssize_t)sizeof(i)) {
		if (i.ssi_signo == SIGCHLD)
			on_child(s);
		else if (i.ssi_signo == SIGHUP)
			reload(s, i.ssi_uid);
		else
			leave(s);
	}
}

static void on_exit_fd(struct service *s)
{
	close_one(&s->exit_fd);
	leave(s);
}

static void on_deadline(struct service *s)
{
	s->deadline_ms = 0;
	if (s->phase == STARTING) {
		if (conclude(s, WEIR_SERVICE_FAILED))
			say(s, ERROR, "the %s did not get ready in 10 seconds",
			    s->net.linked ? "engine" : "card");
	} else if (s->phase == LEAVING) {
		(void)conclude(s, 0);
	} else {
		s->phase = OVER;
	}
}

static void ask(struct service *s)
{
	s->ask_ms = weir_clock_now_ms() + ASK_MS;
	lose_engine(s, weir_network_ask(&s->net));
}

/* of two deadlines; 0: none */
static uint64_t first_of(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

static int timeout_of(uint64_t deadline_ms)
{
	uint64_t now;

	if (!deadline_ms)
		return -1;
	now = weir_clock_now_ms();
	return now >= deadline_ms ? 0 : (int)(deadline_ms - now);
}

static void turn(struct service *s)
{
	/* signals last: a death is told after the words that explain it */
	struct {
		int fd;
		short events;
		void (*on)(struct service *);
	} row[] = { { s->helper_sock, POLLIN, on_helper },
		    { s->net.sock, weir_network_events(&s->net), on_engine },
		    { s->tap, 0, on_card },
		    { s->net.linked ? -1 : s->step.fd, POLLIN, on_guest },
		    { s->exit_fd, POLLIN, on_exit_fd },
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
	(void)poll(p, ROWS,
		   timeout_of(first_of(first_of(s->deadline_ms, s->ask_ms),
				       weir_network_due_ms(&s->net))));
	for (int i = 0; i < ROWS && s->phase != OVER; i++)
		if (p[i].fd >= 0 && p[i].revents)
			row[i].on(s);
	if (s->hup && s->phase == RUNNING)
		reload(s, s->hup_uid);
	weir_network_tick(&s->net);
	if (timeout_of(s->ask_ms) == 0)
		ask(s);
	if (timeout_of(s->deadline_ms) == 0)
		on_deadline(s);
}

/* --- before and after --- */

/* first of all, for it may be named by a descriptor: /dev/fd/3 */
static int open_guest(struct service *s)
{
	const struct weir_orders_serve *o = &s->o->serve;
	char why[WEIR_NETNS_WHY_BYTES];

	if (!weir_descriptors_fill())
		return WEIR_SERVICE_FAILED;
	if (!o->netns)
		return 0;
	if (weir_netns_find(&s->netns, o->netns, o->userns, why))
		return 0;
	say(s, ERROR, "%s", why);
	return WEIR_SERVICE_REFUSED;
}

static bool is_open(const struct service *s, const char *option, bool is,
		    int fd)
{
	if (!is || fcntl(fd, F_GETFD) >= 0)
		return true;
	say(s, ERROR, "--%s %d: no such descriptor is open", option, fd);
	return false;
}

static bool take_descriptors(struct service *s)
{
	const struct weir_orders_serve *o = &s->o->serve;
	const int keep[] = { o->has_ready_fd ? o->ready_fd : -1,
			     o->has_exit_fd ? o->exit_fd : -1, s->netns.net,
			     s->netns.user, o->netns || o->path ? -1 : o->fd };

	if (!is_open(s, "ready-fd", o->has_ready_fd, o->ready_fd) ||
	    !is_open(s, "exit-fd", o->has_exit_fd, o->exit_fd))
		return false;
	weir_descriptors_close(keep, 5);
	if (o->has_exit_fd)
		s->exit_fd = o->exit_fd;
	return true;
}

static void open_signals(struct service *s)
{
	static const int wanted[] = { SIGCHLD, SIGTERM, SIGHUP, SIGINT };
	sigset_t set, more;

	(void)signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		sigaddset(&set, wanted[i]);
	more = set;
	sigaddset(&more, SIGPIPE);
	(void)sigprocmask(SIG_BLOCK, &more, NULL);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* what can be refused is asked for before anything is made */
static int prepare(struct service *s)
{
	const struct weir_orders_serve *o = &s->o->serve;
	char why[WEIR_DOORSTEP_WHY_BYTES];
	int r;

	open_signals(s);
	s->notify = weir_notify_open(getenv("NOTIFY_SOCKET"));
	if (s->notify < 0 && s->notify != -ENOENT)
		say(s, WARNING, "NOTIFY_SOCKET cannot be used: %s",
		    strerror(-s->notify));
	r = o->pid_file ? weir_pidfile_open(&s->pid, o->pid_file) : 0;
	if (r) {
		say(s, ERROR, "--pid %s cannot be written: %s", o->pid_file,
		    strerror(-r));
		return WEIR_SERVICE_REFUSED;
	}
	r = weir_network_plan(&s->net);
	if (r)
		return r == WEIR_NETWORK_REFUSED ? WEIR_SERVICE_REFUSED : r;
	s->net.doors.raise = true;
	if (weir_network_bind(&s->net))
		return WEIR_SERVICE_REFUSED;
	if (!o->path || weir_doorstep_open(&s->step, o->link, o->path, why))
		return 0;
	say(s, ERROR, "%s", why);
	return WEIR_SERVICE_REFUSED;
}

/* A socket needs no card: whoever connects brings one. */
static int start_at_socket(struct service *s)
{
	if (!weir_network_start(&s->net))
		return WEIR_SERVICE_FAILED;
	if (s->o->serve.path) {
		be_ready(s);
		return 0;
	}
	(void)fcntl(s->o->serve.fd, F_SETFL, O_NONBLOCK);
	link_guest(s, s->o->serve.fd);
	return 0;
}

static int start_both(struct service *s)
{
	pid_t pid;

	if (!s->o->serve.netns)
		return start_at_socket(s);
	s->netns.charter = &s->net.charter;
	s->netns.name = s->o->serve.tap ? s->o->serve.tap : WEIR_NETDEV_NAME;
	s->netns.configure = !s->o->serve.no_config;
	if (!weir_network_start(&s->net))
		return WEIR_SERVICE_FAILED;
	pid = weir_netns_spawn(&s->netns, &s->helper_sock);
	weir_netns_close(&s->netns);
	if (pid > 0) {
		s->helper = pid;
		return 0;
	}
	s->helper_sock = -1;
	say(s, ERROR, "the process that makes the card cannot be started: %s",
	    strerror((int)-pid));
	return WEIR_SERVICE_FAILED;
}

static void bury(struct service *s)
{
	if (s->helper > 0) {
		(void)kill(s->helper, SIGKILL);
		while (waitpid(s->helper, NULL, 0) < 0 && errno == EINTR)
			;
	}
	weir_network_close(&s->net);
	weir_netns_close(&s->netns);
	weir_doorstep_close(&s->step);
	weir_pidfile_remove(&s->pid);
	close_one(&s->tap);
	close_one(&s->helper_sock);
	close_one(&s->notify);
}

int weir_service_run(const struct weir_orders *o,
		     const struct weir_service_again *again,
		     const struct weir_voice *v)
{
	struct service *s = calloc(1, sizeof(*s));
	int code;

	if (!s)
		return WEIR_SERVICE_FAILED;
	s->o = o;
	s->again = again;
	s->v = v;
	weir_network_init(&s->net, o, v);
	s->helper_sock = s->signals = s->exit_fd = s->notify = s->tap = -1;
	s->netns.net = s->netns.user = s->pid.dir = s->step.fd = -1;
	code = open_guest(s);
	if (code == 0)
		code = take_descriptors(s) ? 0 : 2;
	if (code == 0)
		code = prepare(s);
	if (code == 0)
		code = start_both(s);
	if (code == 0) {
		if (s->phase == STARTING)
			s->deadline_ms = weir_clock_now_ms() + START_MS;
		while (s->phase != OVER)
			turn(s);
		code = s->code;
	}
	bury(s);
	free(s);
	return code;
}
