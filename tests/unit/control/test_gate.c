/* SPDX-License-Identifier: Apache-2.0 */
#include "control/gate.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../t.h"

/* do one thing behind the gate; Return: 0 it worked, or the errno */
static int behind(int (*thing)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || weir_gate_close())
			_exit(255);
		errno = 0;
		_exit(thing() >= 0 ? 0 : errno);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) != 255);
	return WEXITSTATUS(status);
}

#define THING(name, call)                                                      \
	static int name(void)                                                  \
	{                                                                      \
		return (int)(call);                                            \
	}
THING(a_unix_socket, socket(AF_UNIX, SOCK_STREAM, 0))
THING(an_inet_socket, socket(AF_INET, SOCK_STREAM, 0))
THING(an_inet6_socket, socket(AF_INET6, SOCK_DGRAM, 0))
THING(a_netlink_socket, socket(AF_NETLINK, SOCK_RAW, 0))
THING(a_vsock, socket(AF_VSOCK, SOCK_STREAM, 0))
THING(a_packet_socket, socket(AF_PACKET, SOCK_DGRAM, 0))
THING(an_alg_socket, socket(AF_ALG, SOCK_SEQPACKET, 0))
THING(hidden_vsock, syscall(SYS_socket, 0xdeadbeef00000000ul | AF_VSOCK, 1, 0))
THING(hidden_unix, syscall(SYS_socket, 0xdeadbeef00000000ul | AF_UNIX, 1, 0))
THING(a_ring, syscall(SYS_io_uring_setup, 4, NULL))
THING(sti, ioctl(-1, TIOCSTI, "x"))
THING(hidden_sti, syscall(SYS_ioctl, -1, 0x100000000ul | TIOCSTI, "x"))
THING(linux_ioctl, ioctl(-1, TIOCLINUX, "x"))
THING(another_ioctl, ioctl(-1, FIONREAD, NULL))

static int a_tipc_pair(void)
{
	int s[2];

	return socketpair(AF_TIPC, SOCK_SEQPACKET, 0, s);
}

static int a_unix_pair(void)
{
	int s[2];

	return socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s);
}

static void each_call_has_its_answer(void **state)
{
	static const struct {
		const char *what;
		int (*thing)(void);
		int want;
	} row[] = {
		{ "unix", a_unix_socket, 0 },
		{ "inet", an_inet_socket, 0 },
		{ "inet6", an_inet6_socket, 0 },
		{ "netlink", a_netlink_socket, 0 },
		{ "unix pair", a_unix_pair, 0 },
		{ "unix with high bits", hidden_unix, 0 },
		{ "vsock", a_vsock, EAFNOSUPPORT },
		{ "packet", a_packet_socket, EAFNOSUPPORT },
		{ "alg", an_alg_socket, EAFNOSUPPORT },
		{ "vsock with high bits", hidden_vsock, EAFNOSUPPORT },
		{ "tipc pair", a_tipc_pair, EAFNOSUPPORT },
		{ "io_uring", a_ring, ENOSYS },
		{ "TIOCSTI", sti, EPERM },
		{ "TIOCSTI with high bits", hidden_sti, EPERM },
		{ "TIOCLINUX", linux_ioctl, EPERM },
		{ "another ioctl", another_ioctl, EBADF },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		int got = behind(row[i].thing);

		if (got != row[i].want)
			fail_msg("%s: %s", row[i].what, strerror(got));
	}
}

static int again(void)
{
	return weir_gate_close();
}

static void a_gate_behind_the_gate_is_fine(void **state)
{
	(void)state;
	CHECK_EQ(behind(again), 0);
}

T_MAIN(T(each_call_has_its_answer), T(a_gate_behind_the_gate_is_fine))
