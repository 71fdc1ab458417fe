/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.h - namespaces, and the process that makes them a place for CMD
 */
#ifndef WEIR_CONTROL_SANDBOX_H
#define WEIR_CONTROL_SANDBOX_H

#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "control/ca.h"
#include "control/etc.h"
#include "control/plan.h"
#include "control/terminal.h"

/* exit codes of TROUBLE beside those of a shell */
#define WEIR_SANDBOX_FAILED  125
/* not a code: the kernel refuses a fresh /proc, try without pid namespace */
#define WEIR_SANDBOX_NO_PROC 0

/**
 * struct weir_sandbox - what its init has to know
 * @orders, @charter, @etc: borrowed
 * @ca: where the CA lies, which CMD is not to see
 * @uid, @gid: the caller's
 * @mask: the signal mask CMD gets
 * @descriptors: how many CMD may have, as Weir found it
 * @chld: what CMD shall do about SIGCHLD, as Weir found it
 * @terminal: CMD's process group and foreground
 * @own_pids: a PID namespace; without one init is a subreaper
 * @cwd: where CMD starts
 * @control: the process whose death ends all
 * @sock: init's end of the pair
 */
struct weir_sandbox {
	const struct weir_orders *orders;
	const struct weir_charter *charter;
	const struct weir_etc *etc;
	struct weir_ca_place ca;
	uid_t uid;
	gid_t gid;
	sigset_t mask;
	struct rlimit descriptors;
	struct sigaction chld;
	struct weir_terminal terminal;
	bool own_pids;
	char cwd[PATH_MAX];
	pid_t control;
	int sock;
};

/**
 * weir_sandbox_spawn() - make the namespaces and start init in them
 * @s: filled but for @sock
 * @ret_sock: control's end: TAP, STARTED, STOPPED, ENDED, TROUBLE arrive
 *
 * The child inherits all descriptors and closes what it need not have.  All
 * signals that control handles are blocked in it.
 *
 * Return: its process id, or a negative errno of clone(2): -EPERM, -ENOSPC,
 * -EUSERS, -EINVAL mean that there are no user namespaces here.
 */
pid_t weir_sandbox_spawn(struct weir_sandbox *s, int *ret_sock);

/**
 * weir_sandbox_trouble() - tell control one sentence and end
 * @code: what Weir ends with
 */
_Noreturn void weir_sandbox_trouble(const struct weir_sandbox *s, int code,
				    const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * weir_sandbox_kill_children() - kill our children until there are none
 *
 * Where there is no PID namespace.  Orphans become the children of a
 * subreaper, so everything CMD started is reached.
 */
void weir_sandbox_kill_children(void);

/**
 * weir_sandbox_map() - write the identity of a new user namespace
 * @inside: what the user is called in it
 * @uid, @gid: what the user is called outside
 *
 * Return: 0 or a negative errno.
 */
int weir_sandbox_map(uid_t inside_uid, uid_t uid, gid_t inside_gid, gid_t gid);

#endif /* WEIR_CONTROL_SANDBOX_H */
