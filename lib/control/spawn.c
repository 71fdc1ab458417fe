/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn.c - start another of Weir's processes
 *
 * Executed again, not only forked: a forked child keeps the environment and
 * the heap of its parent, and with them whatever was secret there.
 */
#include "control/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void become(const char *what, int sock, pid_t parent, bool unconfined)
{
	char name[32], flag[] = WEIR_SPAWN_UNCONFINED;
	char *const argv[] = { name, unconfined ? flag : NULL, NULL };
	char *const envp[] = { NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t set;

	snprintf(name, sizeof(name), "%s", what);
	(void)setsid();
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || null < 0)
		_exit(125);
	for (int fd = 0; fd <= (unconfined ? 1 : 2); fd++)
		if (dup2(null, fd) < 0)
			_exit(125);
	/* dup2 onto itself would leave close-on-exec set */
	if (sock == WEIR_SPAWN_SOCKET ? fcntl(sock, F_SETFD, 0)
				      : dup2(sock, WEIR_SPAWN_SOCKET) < 0)
		_exit(125);
	(void)close_range(WEIR_SPAWN_SOCKET + 1, ~0u, 0);
	/* whatever the caller ignored, this process can be ended */
	for (int sig = 1; sig < 32; sig++)
		(void)signal(sig, SIG_DFL);
	sigemptyset(&set);
	(void)sigprocmask(SIG_SETMASK, &set, NULL);
	(void)execve("/proc/self/exe", argv, envp);
	_exit(125);
}

pid_t weir_spawn_process(const char *name, bool unconfined, int *ret_sock)
{
	pid_t parent = getpid(), pid;
	int pair[2], e;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	pid = fork();
	if (pid == 0)
		become(name, pair[1], parent, unconfined);
	e = errno;
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return -e;
	}
	(void)fcntl(pair[0], F_SETFL, O_NONBLOCK);
	*ret_sock = pair[0];
	return pid;
}
