/* SPDX-License-Identifier: Apache-2.0 */
/*
 * door.c - try one way out of a sandbox; print `open`, or the error's name
 *
 *	door umount PATH            door connect PATH    (@NAME: abstract)
 *	door freshumount PATH       the same in namespaces of its own
 *	door socket FAMILY TYPE [P]  door socketpair FAMILY
 *	door high                   a family whose high 32 bits are set
 *	door ioctl NUMBER           on a terminal of its own
 *	door uring    door x32    door socketcall    door i386socket
 *	door linkdown    door addr    door tun
 *	door ptrace PID    door setns PID    door hostname
 *	door fds                    how many descriptors above 2 are open
 *	door listen PATH            a server, until its input ends
 *
 * Outside a sandbox it refuses all but connect, listen and fds, so that a test
 * gone wrong cannot hurt the machine; what can be tried without changing
 * anything is tried so.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static int result(long r)
{
	puts(r >= 0 ? "open" : strerrorname_np(errno));
	return 0;
}

static int as_result(long raw)
{
	errno = raw < 0 ? (int)-raw : 0;
	return result(raw < 0 ? -1 : 0);
}

static socklen_t unix_address(const char *path, struct sockaddr_un *a)
{
	size_t n = strlen(path);

	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	if (n >= sizeof(a->sun_path))
		exit(2);
	memcpy(a->sun_path, path, n);
	if (*path == '@')
		a->sun_path[0] = 0;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n +
			   (*path != '@'));
}

static int do_connect(const char *path)
{
	struct sockaddr_un a;
	socklen_t n = unix_address(path, &a);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return result(connect(fd, (struct sockaddr *)&a, n));
}

static int do_listen(const char *path)
{
	struct sockaddr_un a;
	socklen_t n = unix_address(path, &a);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char c;

	if (bind(fd, (struct sockaddr *)&a, n) || listen(fd, 1000))
		return 1;
	puts("ready");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}

static int do_fresh_umount(const char *path)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return result(-1);
	return result(umount2(path, MNT_DETACH));
}

static int do_ioctl(unsigned long request)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY);
	char c = 'x';

	if (fd < 0)
		return result(-1);
	/* straight to the kernel: libc might cut the request */
	return result(syscall(SYS_ioctl, fd, request, &c));
}

/* what is there is set again: it needs the right, but changes nothing */
static int do_link(unsigned long get, unsigned long put)
{
	struct ifreq r;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	memset(&r, 0, sizeof(r));
	memcpy(r.ifr_name, "eth0", 5);
	if (ioctl(fd, get, &r)) {
		puts("no eth0");
		return 1;
	}
	return result(ioctl(fd, put, &r));
}

static int do_hostname(void)
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1))
		return 1;
	return result(sethostname(name, strlen(name)));
}

static int do_tun(void)
{
	struct ifreq r;
	int fd = open("/dev/net/tun", O_RDWR);

	memset(&r, 0, sizeof(r));
	memcpy(r.ifr_name, "eth0", 5);
	r.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
	return result(fd < 0 ? -1 : ioctl(fd, TUNSETIFF, &r));
}

static int do_setns(const char *pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/ns/user", pid);
	fd = open(path, O_RDONLY);
	return result(fd < 0 ? -1 : setns(fd, CLONE_NEWUSER));
}

static int do_fds(void)
{
	int n = 0;

	for (int fd = 3; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	printf("%d\n", n);
	return 0;
}

#if defined(__x86_64__)
/* a system call of the 32-bit ABI; its pointers need low memory */
static int do_i386(long nr, long a, long b)
{
	long r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(nr), "b"(a), "c"(b), "d"(0)
			 : "memory", "r8", "r9", "r10", "r11");
	return as_result((int)r);
}

static int do_socketcall(void)
{
	int fd = syscall(SYS_mmap, NULL, 4096, 3, 0x40 | 0x22, -1, 0) == -1;
	/* MAP_32BIT: the argument block must be below 4 GiB */
	unsigned *args =
		(unsigned *)syscall(SYS_mmap, NULL, 4096, 3, 0x62, -1, 0);

	if (fd)
		return 1;
	args[0] = AF_UNIX;
	args[1] = SOCK_STREAM;
	args[2] = 0;
	return do_i386(102, 1, (long)args);
}
#endif

static int one_argument(const char *what, const char *arg)
{
	if (strcmp(what, "umount") == 0)
		return result(umount2(arg, MNT_DETACH));
	if (strcmp(what, "freshumount") == 0)
		return do_fresh_umount(arg);
	if (strcmp(what, "connect") == 0)
		return do_connect(arg);
	if (strcmp(what, "listen") == 0)
		return do_listen(arg);
	if (strcmp(what, "ioctl") == 0)
		return do_ioctl(strtoul(arg, NULL, 0));
	if (strcmp(what, "socketpair") == 0) {
		int s[2];

		return result(socketpair(atoi(arg), SOCK_STREAM, 0, s));
	}
	if (strcmp(what, "ptrace") == 0)
		return result(ptrace(PTRACE_ATTACH, atoi(arg), 0, 0));
	if (strcmp(what, "setns") == 0)
		return do_setns(arg);
	return 2;
}

static int no_argument(const char *what)
{
	if (strcmp(what, "uring") == 0) {
		char params[256] = { 0 };

		return result(syscall(425, 4, params));
	}
	if (strcmp(what, "high") == 0)
		return result(syscall(SYS_socket, 0xffffffff00000000ul | 40,
				      SOCK_STREAM, 0));
	if (strcmp(what, "linkdown") == 0)
		return do_link(SIOCGIFFLAGS, SIOCSIFFLAGS);
	if (strcmp(what, "addr") == 0)
		return do_link(SIOCGIFADDR, SIOCSIFADDR);
	if (strcmp(what, "tun") == 0)
		return do_tun();
	if (strcmp(what, "hostname") == 0)
		return do_hostname();
	if (strcmp(what, "fds") == 0)
		return do_fds();
#if defined(__x86_64__)
	if (strcmp(what, "x32") == 0)
		return result(syscall(0x40000000 | SYS_socket, 40, 1, 0));
	if (strcmp(what, "i386socket") == 0)
		return do_i386(359, 40, SOCK_STREAM);
	if (strcmp(what, "socketcall") == 0)
		return do_socketcall();
#endif
	return 2;
}

/* is PID 1 the init of a sandbox of Weir? */
static int is_inside(void)
{
	char comm[16] = "";
	FILE *f = fopen("/proc/1/comm", "r");

	if (f) {
		if (!fgets(comm, sizeof(comm), f))
			comm[0] = 0;
		fclose(f);
	}
	return strncmp(comm, "weir: init", 10) == 0;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	if (!is_inside() && strcmp(argv[1], "connect") != 0 &&
	    strcmp(argv[1], "listen") != 0 && strcmp(argv[1], "fds") != 0) {
		fputs("door: not inside a sandbox\n", stderr);
		return 3;
	}
	if (argc >= 4 && strcmp(argv[1], "socket") == 0)
		return result(socket(atoi(argv[2]), atoi(argv[3]),
				     argc > 4 ? atoi(argv[4]) : 0));
	if (argc == 3)
		return one_argument(argv[1], argv[2]);
	return argc == 2 ? no_argument(argv[1]) : 2;
}
