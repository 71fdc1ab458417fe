/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.c - namespaces, and the process that makes them a place for CMD
 *
 *	control ── clone: user U1, mount, net, ipc, uts, pid ──► init (PID 1)
 *	                                                          │
 *	   map U1 ► /proc ► TAP, handed to control ► eth0 ► covers ► wait for GO
 *	                                                          │
 *	                       CMD in a second user namespace U2 ◄┘
 *
 * U1 owns everything: the mounts, the network, the PID namespace.  CMD lives
 * in U2 beneath it and has, whatever uid it appears as, no capability over
 * what U1 owns.  Init stays in U1, so CMD may not trace it or look into its
 * memory.
 *
 * The TAP goes to control as soon as it exists: the engine gets ready while
 * init still mounts.
 */
#include "control/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/cover.h"
#include "control/descriptors.h"
#include "control/folders.h"
#include "control/init.h"
#include "sys/msg.h"
#include "sys/netdev.h"

#define SENTENCE_BYTES 512

void weir_sandbox_trouble(const struct weir_sandbox *s, int code,
			  const char *format, ...)
{
	uint8_t body[SENTENCE_BYTES + 4];
	struct weir_wr w = weir_wr_over(body, sizeof(body));
	char text[SENTENCE_BYTES];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	weir_wr_be32(&w, (uint32_t)code);
	weir_wr_copy(&w, text, strlen(text));
	(void)weir_msg_send(s->sock, WEIR_MSG_TROUBLE, body, weir_wr_len(&w),
			    NULL, 0);
	_exit(WEIR_SANDBOX_FAILED);
}

void weir_sandbox_kill_children(void)
{
	char path[64], text[4096];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", getpid(),
		 getpid());
	for (;;) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
		char *at = text;

		if (fd >= 0)
			close(fd);
		text[n > 0 ? n : 0] = 0;
		for (;;) {
			char *end;
			long pid = strtol(at, &end, 10);

			if (end == at || (!*end && n == sizeof(text) - 1))
				break;
			if (pid > 1)
				(void)kill((pid_t)pid, SIGKILL);
			at = end;
		}
		if (waitpid(-1, NULL, 0) < 0 && errno == ECHILD)
			return;
	}
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	close(fd);
	return r;
}

int weir_sandbox_map(uid_t inside_uid, uid_t uid, gid_t inside_gid, gid_t gid)
{
	char text[48];
	int r;

	/* already so in a namespace below another: then it may not be said */
	(void)write_file("/proc/self/setgroups", "deny");
	snprintf(text, sizeof(text), "%u %u 1", inside_uid, uid);
	r = write_file("/proc/self/uid_map", text);
	if (r)
		return r;
	snprintf(text, sizeof(text), "%u %u 1", inside_gid, gid);
	return write_file("/proc/self/gid_map", text);
}

/* close all descriptors above 2 but init's own and those CMD is to keep */
static void close_others(const struct weir_sandbox *s)
{
	int keep[WEIR_PLAN_KEPT_MAX + 2];
	uint32_t n = s->orders->n_kept;

	memcpy(keep, s->orders->keep, n * sizeof(keep[0]));
	keep[n] = s->sock;
	keep[n + 1] = s->terminal.fd;
	weir_descriptors_close(keep, n + 2);
}

static void make_proc(const struct weir_sandbox *s)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		weir_sandbox_trouble(
			s, WEIR_SANDBOX_FAILED,
			"the kernel lets no one mount in a user namespace "
			"(%s); "
			"as root allow it: sysctl -w "
			"kernel.apparmor_restrict_unprivileged_userns=0",
			strerror(errno));
	if (s->own_pids && mount("proc", "/proc", "proc",
				 MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		weir_sandbox_trouble(s, WEIR_SANDBOX_NO_PROC, "%s",
				     strerror(errno));
}

/*
 * Many of the kernel's own files ask for the user alone, not for a capability:
 * where the caller is root they would be CMD's to write, core_pattern among
 * them, which runs programs outside.  They become read-only.
 */
static void guard_kernel(const struct weir_sandbox *s)
{
	static const char *const place[] = { "/proc/sys", "/proc/sysrq-trigger",
					     "/proc/irq", "/proc/bus",
					     "/proc/fs",  "/sys" };
	const unsigned long how = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID |
				  MS_NODEV | MS_NOEXEC;

	for (size_t i = 0; i < sizeof(place) / sizeof(place[0]); i++) {
		if (mount(place[i], place[i], NULL, MS_BIND | MS_REC, NULL) ==
			    0 &&
		    mount(NULL, place[i], NULL, how, NULL) == 0)
			continue;
		if (errno == ENOENT)
			continue;
		weir_sandbox_trouble(s, WEIR_SANDBOX_FAILED,
				     "%s cannot be made read-only: %s",
				     place[i], strerror(errno));
	}
}

static void make_network(const struct weir_sandbox *s)
{
	uint8_t body[4];
	struct weir_wr w = weir_wr_over(body, sizeof(body));
	char why[WEIR_NETDEV_WHY_BYTES];
	uint32_t offload = 0;
	const char *what;
	int tap, r;

	weir_netdev_prepare(s->charter->has6, s->gid);
	tap = weir_netdev_open(&offload);
	if (tap < 0) {
		weir_netdev_explain(WEIR_NETDEV_NAME, tap, why);
		weir_sandbox_trouble(s, WEIR_SANDBOX_FAILED, "%s", why);
	}
	weir_wr_be32(&w, offload);
	r = weir_msg_send(s->sock, WEIR_MSG_TAP, body, sizeof(body), &tap, 1);
	close(tap);
	if (r == 0) {
		what = "control";
		r = weir_netdev_configure(WEIR_NETDEV_NAME, s->charter, &what);
	} else {
		what = "the other process";
	}
	if (r)
		weir_sandbox_trouble(s, WEIR_SANDBOX_FAILED,
				     "the network of the sandbox cannot be set "
				     "up: %s: %s",
				     what, strerror(-r));
}

static void make_place(const struct weir_sandbox *s)
{
	struct weir_cover_orders o = { .uid = s->uid,
				       .share = s->orders->share,
				       .n_shares = s->orders->n_shares,
				       .ca = s->ca.dir,
				       .etc = s->etc };
	struct weir_folders own;
	const char *what = "";
	int r;

	weir_folders_files(s->orders->settings, &own);
	o.own = (const char *const *)own.path;
	o.n_own = own.n;
	r = weir_cover_apply(&o, &what);
	weir_folders_free(&own);
	if (r)
		weir_sandbox_trouble(s, WEIR_SANDBOX_FAILED,
				     "the sandbox's files cannot be put in "
				     "place: %s: %s",
				     what, strerror(-r));
	/* go there again by name: what is covered now must not stay open */
	if (chdir(s->cwd) && chdir("/"))
		weir_sandbox_trouble(s, WEIR_SANDBOX_FAILED,
				     "the root directory cannot be entered: %s",
				     strerror(errno));
}

/* the first process in the namespaces; never returns */
static void be_init(const struct weir_sandbox *s)
{
	int r;

	(void)prctl(PR_SET_PDEATHSIG, s->own_pids ? SIGKILL : SIGTERM);
	(void)prctl(PR_SET_NAME, "weir: init");
	if (!s->own_pids)
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	close_others(s);
	r = weir_sandbox_map(s->uid, s->uid, s->gid, s->gid);
	if (r)
		weir_sandbox_trouble(
			s, WEIR_SANDBOX_FAILED,
			"the user namespace cannot be given its user: %s; is "
			"there a policy against user namespaces?",
			strerror(-r));
	make_proc(s);
	make_network(s);
	if (s->uid == 0)
		guard_kernel(s);
	make_place(s);
	weir_init_run(s);
}

pid_t weir_sandbox_spawn(struct weir_sandbox *s, int *ret_sock)
{
	unsigned long flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET |
			      CLONE_NEWIPC | CLONE_NEWUTS | SIGCHLD;
	int pair[2], e;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	if (s->own_pids)
		flags |= CLONE_NEWPID;
	s->sock = pair[1];
	/* as fork(2): no stack of its own, nothing shared */
	pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, 0UL);
	if (pid == 0)
		be_init(s);
	e = errno;
	close(pair[1]);
	s->sock = -1;
	if (pid < 0) {
		close(pair[0]);
		return -e;
	}
	*ret_sock = pair[0];
	return pid;
}
