/* SPDX-License-Identifier: Apache-2.0 */
/* cradle.c - a process that starts proxies when control no longer can */
#include "control/cradle.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/wr.h"
#include "control/descriptors.h"
#include "control/spawn.h"
#include "sys/confine.h"
#include "sys/msg.h"

#define FAILED 125

static void end_child(pid_t *pid)
{
	if (*pid <= 0)
		return;
	(void)kill(*pid, SIGKILL);
	while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
		;
	*pid = 0;
}

/* One request: what follows is STARTED with a descriptor, or u32 errno. */
static void start(int sock, bool unconfined, pid_t *child)
{
	uint8_t body[4];
	struct weir_wr w = weir_wr_over(body, sizeof(body));
	int fd = -1;
	pid_t pid;

	end_child(child);
	pid = weir_spawn_process(WEIR_SPAWN_PROXY, unconfined, &fd);
	weir_wr_be32(&w, pid < 0 ? (uint32_t)-pid : 0);
	if (pid > 0)
		*child = pid;
	(void)weir_msg_send(sock, WEIR_MSG_STARTED, body, sizeof(body), &fd,
			    pid > 0 ? 1 : 0);
	if (fd >= 0)
		close(fd);
}

static _Noreturn void be_cradle(int sock, pid_t parent, bool unconfined)
{
	const int keep[] = { sock };
	uint8_t room[64];
	struct weir_msg m;
	pid_t child = 0;

	(void)prctl(PR_SET_NAME, "weir: cradle");
	(void)setsid(); /* what the terminal says is not for it */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(FAILED);
	weir_descriptors_close(keep, 1);
	weir_confine_limits();
	while (weir_msg_receive(sock, room, sizeof(room), &m) == 1)
		if (m.kind == WEIR_MSG_GO)
			start(sock, unconfined, &child);
	end_child(&child);
	_exit(0);
}

int weir_cradle_open(struct weir_cradle *c, bool unconfined)
{
	pid_t parent = getpid();
	int pair[2], e;

	*c = (struct weir_cradle){ .sock = -1 };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	c->pid = fork();
	if (c->pid == 0)
		be_cradle(pair[1], parent, unconfined);
	e = errno;
	close(pair[1]);
	if (c->pid < 0) {
		close(pair[0]);
		c->pid = 0;
		return -e;
	}
	c->sock = pair[0];
	return 0;
}

int weir_cradle_start(struct weir_cradle *c, int *ret_sock)
{
	uint8_t room[64];
	struct weir_msg m = { .n_fds = 0 };
	int r = weir_msg_send(c->sock, WEIR_MSG_GO, NULL, 0, NULL, 0);

	if (r == 0)
		r = weir_msg_receive(c->sock, room, sizeof(room), &m);
	if (r != 1)
		return r < 0 ? r : -EPIPE;
	r = -(int)weir_rd_be32(&m.body);
	if (m.n_fds == 1) {
		*ret_sock = m.fd[0];
		return 0;
	}
	weir_msg_close_fds(&m);
	return r ? r : -EPROTO;
}

void weir_cradle_close(struct weir_cradle *c)
{
	if (c->pid <= 0)
		return;
	close(c->sock);
	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		;
	*c = (struct weir_cradle){ .sock = -1 };
}
