/* SPDX-License-Identifier: Apache-2.0 */
/* ownnet.c - a network namespace for one test, with nothing but a loopback */
#include "ownnet.h"

#include <fcntl.h>
#include <linux/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../t.h"

#define SKIP 77

bool ownnet_set(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return done;
}

static bool change_loop(unsigned long what, struct ifreq *r)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool done = fd >= 0 && ioctl(fd, what, r) == 0;

	if (fd >= 0)
		close(fd);
	return done;
}

static bool loop_up(void)
{
	struct ifreq r = { .ifr_name = "lo" };

	r.ifr_flags = IFF_UP;
	return change_loop(SIOCSIFFLAGS, &r);
}

bool ownnet_loop_mtu(int mtu)
{
	struct ifreq r = { .ifr_name = "lo" };

	r.ifr_mtu = mtu;
	return change_loop(SIOCSIFMTU, &r);
}

static bool own_network(void)
{
	char map[64];

	if (unshare(CLONE_NEWNET) == 0)
		return loop_up();
	snprintf(map, sizeof(map), "0 %u 1", (unsigned)getgid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 &&
	       ownnet_set("/proc/self/setgroups", "deny") &&
	       ownnet_set("/proc/self/gid_map", map) && loop_up();
}

void ownnet_run(const char *(*f)(void))
{
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (pid == 0) {
		const char *bad;

		alarm(10);
		if (!own_network())
			_exit(SKIP);
		bad = f();
		if (bad)
			fprintf(stderr, "%s\n", bad);
		_exit(bad ? 1 : 0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIP)
		skip();
	CHECK_EQ(WEXITSTATUS(status), 0);
}
