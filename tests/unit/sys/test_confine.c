/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../t.h"

#define KILLED 1000

/* Return: what @thing returned in a process of its own, or KILLED + signal */
static int apart(int (*thing)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(thing());
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? KILLED + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

/* a few calls more than a process would get, so that sanitizers can live */
static int enter(void)
{
#define NR(name) SCMP_SYS(name),
	static const int calls[] = { WEIR_CONFINE_CALLS(NR) NR(socket)
					     NR(close) };
#undef NR

	weir_confine_capabilities();
	return weir_confine_calls(calls, sizeof(calls) / sizeof(calls[0]));
}

#define THING(name, call)                                                      \
	static int name(void)                                                  \
	{                                                                      \
		return enter() ? 99 : (call);                                  \
	}
THING(nothing, 7)
THING(inet, socket(AF_INET, SOCK_STREAM, 0) < 0)
THING(inet6, socket(AF_INET6, SOCK_DGRAM, 0) < 0)
THING(local, socket(AF_UNIX, SOCK_STREAM, 0) < 0)
THING(opens, open("/", O_RDONLY) < 0)
THING(forks, fork() < 0)
THING(kills, kill(getppid(), 0))
THING(data, mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
THING(code, mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
		 -1, 0) == MAP_FAILED)

static void a_call_that_is_not_listed_ends_the_process(void **state)
{
	static const struct {
		const char *what;
		int (*thing)(void);
		int want;
	} row[] = {
		{ "nothing", nothing, 7 },
		{ "an IPv4 socket", inet, 0 },
		{ "an IPv6 socket", inet6, 0 },
		{ "memory", data, 0 },
		{ "a unix socket", local, KILLED + SIGSYS },
		{ "a file", opens, KILLED + SIGSYS },
		{ "a process", forks, KILLED + SIGSYS },
		{ "a signal", kills, KILLED + SIGSYS },
		{ "executable memory", code, KILLED + SIGSYS },
	};

	(void)state;
	if (!weir_confine_is_possible())
		skip();
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		int got = apart(row[i].thing);

		if (got != row[i].want)
			fail_msg("%s: %d, not %d", row[i].what, got,
				 row[i].want);
	}
}

static int leave(void)
{
	if (weir_confine_root())
		return 77; /* a machine without user namespaces */
	if (access("/etc", F_OK) == 0 || access("/proc/self", F_OK) == 0)
		return 1;
	return open("/file", O_CREAT | O_WRONLY, 0600) >= 0 ? 2 : 0;
}

static void behind_the_root_there_is_nothing(void **state)
{
	int got = apart(leave);

	(void)state;
	if (got == 77)
		skip();
	CHECK_EQ(got, 0);
}

static int limited(void)
{
	struct rlimit core, files;

	weir_confine_limits();
	if (prctl(PR_GET_DUMPABLE) != 0)
		return 1;
	if (getrlimit(RLIMIT_CORE, &core) || core.rlim_max != 0)
		return 2;
	if (getrlimit(RLIMIT_NOFILE, &files) ||
	    files.rlim_cur != files.rlim_max)
		return 3;
	return 0;
}

static void limits_are_set(void **state)
{
	(void)state;
	CHECK_EQ(apart(limited), 0);
}

static int bare(void)
{
	weir_confine_capabilities();
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 1;
	/* nothing is left to gain: the bounding set is empty, if it was ours */
	if (geteuid() == 0 && prctl(PR_CAPBSET_READ, 0) != 0)
		return 2;
	return prctl(PR_CAPBSET_DROP, 0, 0, 0, 0) == 0 ? 3 : 0;
}

static void capabilities_are_gone_for_good(void **state)
{
	(void)state;
	CHECK_EQ(apart(bare), 0);
}

static int reads_only_there(void)
{
	static const char *const path[] = { "/nonexistent", "/etc" };
	int fd;

	weir_confine_capabilities();
	if (weir_confine_paths(&(struct weir_confine_places){ .reads = path,
							      .n_reads = 2 }))
		return 77; /* a kernel without Landlock */
	fd = open("/etc/passwd", O_RDONLY);
	if (fd < 0)
		return 1;
	if (open("/proc/self/status", O_RDONLY) >= 0 || errno != EACCES)
		return 2;
	return open("/tmp/weir-test-confine", O_CREAT | O_RDWR, 0600) >= 0 ? 3
									   : 0;
}

static char removable[] = "/tmp/weir-test-confine.XXXXXX";

static int removes_only_there(void)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/file", removable);
	fd = open(path, O_CREAT | O_RDWR, 0600);
	if (fd < 0)
		return 1;
	weir_confine_capabilities();
	if (weir_confine_paths(&(struct weir_confine_places){
		    .removes = { NULL, removable } })) {
		unlink(path);
		return 77;
	}
	if (open(path, O_RDONLY) >= 0 || rmdir(removable) == 0)
		return 2;
	return unlink(path) ? 3 : 0;
}

static char writable[] = "/tmp/weir-test-confine.XXXXXX";

static int writes_only_there(void)
{
	char path[64];
	int fd;

	weir_confine_capabilities();
	if (weir_confine_paths(
		    &(struct weir_confine_places){ .writes = writable }))
		return 77;
	snprintf(path, sizeof(path), "%s/file", writable);
	fd = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1)
		return 1;
	if (open(path, O_RDONLY) >= 0 || unlink(path) == 0)
		return 2;
	return open("/tmp/weir-test-confine", O_CREAT | O_WRONLY, 0600) >= 0
		       ? 3
		       : 0;
}

static void a_file_may_be_written_where_that_was_said(void **state)
{
	char path[64];
	int got;

	(void)state;
	CHECK(mkdtemp(writable));
	got = apart(writes_only_there);
	snprintf(path, sizeof(path), "%s/file", writable);
	CHECK(got == 77 || unlink(path) == 0);
	CHECK(rmdir(writable) == 0);
	if (got == 77)
		skip();
	CHECK_EQ(got, 0);
}

static void a_file_may_be_removed_where_that_was_said(void **state)
{
	int got;

	(void)state;
	CHECK(mkdtemp(removable));
	got = apart(removes_only_there);
	CHECK(rmdir(removable) == 0);
	if (got == 77)
		skip();
	CHECK_EQ(got, 0);
}

static void landlock_leaves_the_paths_named(void **state)
{
	int got = apart(reads_only_there);

	(void)state;
	if (got == 77)
		skip();
	CHECK_EQ(got, 0);
}

T_MAIN(T(a_call_that_is_not_listed_ends_the_process),
       T(behind_the_root_there_is_nothing), T(limits_are_set),
       T(capabilities_are_gone_for_good), T(landlock_leaves_the_paths_named),
       T(a_file_may_be_removed_where_that_was_said),
       T(a_file_may_be_written_where_that_was_said))
