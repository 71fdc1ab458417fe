/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.c - give up what a process does not need
 *
 * Order matters: namespaces need the capabilities that a new user namespace
 * gives, so the root comes first, then capabilities go, then system calls.
 * Whatever the machine refuses leaves the layers below it in place.
 */
#include "sys/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* rights of Landlock newer than the headers; the kernel's ABI is asked */
#define LANDLOCK_FS_V1 ((1ull << 13) - 1)
#define LANDLOCK_FS_V2 ((1ull << 14) - 1) /* REFER */
#define LANDLOCK_FS_V3 ((1ull << 15) - 1) /* TRUNCATE */
#define LANDLOCK_FS_READ                                                       \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

bool weir_confine_is_possible(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
	return false;
#else
	return true;
#endif
#else
	return true;
#endif
}

void weir_confine_limits(void)
{
	struct rlimit r = { .rlim_cur = 0, .rlim_max = 0 };

	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)setrlimit(RLIMIT_CORE, &r);
	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
	}
}

/*
 * A read-only tmpfs becomes the root; the old root, put on top of it by
 * pivot_root(".", "."), is detached.
 */
static int empty_root(void)
{
	static const char *const on[] = { "/proc", "/tmp", "/dev", "/" };
	size_t i = 0;

	while (mount("none", on[i], "tmpfs",
		     MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY,
		     "size=4k,nr_inodes=1,mode=0555"))
		if (++i == sizeof(on) / sizeof(on[0]))
			return -errno;
	if (chdir(on[i]) || syscall(SYS_pivot_root, ".", ".") ||
	    umount2(".", MNT_DETACH) || chdir("/"))
		return -errno;
	return 0;
}

int weir_confine_root(void)
{
	int rest = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;

	if (unshare(CLONE_NEWUSER | rest) && unshare(rest))
		return -errno;
	/* without a user namespace of our own mounts might be shared ones */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	return empty_root();
}

void weir_confine_capabilities(void)
{
	struct __user_cap_header_struct h = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct none[2] = { { .effective = 0 } };

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (int cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		;
	(void)syscall(SYS_capset, &h, none);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* allow @nr when the @mask bits of its argument @arg are @value */
static int allow_if(scmp_filter_ctx f, int nr, unsigned arg, uint32_t mask,
		    uint32_t value)
{
	struct scmp_arg_cmp c = { .arg = arg,
				  .op = SCMP_CMP_MASKED_EQ,
				  .datum_a = mask,
				  .datum_b = value };

	return seccomp_rule_add_array(f, SCMP_ACT_ALLOW, nr, 1, &c);
}

static int allow(scmp_filter_ctx f, int nr)
{
	if (nr == SCMP_SYS(socket)) {
		int r = allow_if(f, nr, 0, UINT32_MAX, AF_INET);

		return r ? r : allow_if(f, nr, 0, UINT32_MAX, AF_INET6);
	}
	if (nr == SCMP_SYS(mmap) || nr == SCMP_SYS(mprotect))
		return allow_if(f, nr, 2, PROT_EXEC, 0);
	return seccomp_rule_add_array(f, SCMP_ACT_ALLOW, nr, 0, NULL);
}

int weir_confine_calls(const int *nr, size_t n)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r = f ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = allow(f, nr[i]);
	if (r == 0)
		r = seccomp_load(f);
	if (f)
		seccomp_release(f);
	return r;
}

static int permit(int ruleset, const char *path, uint64_t what)
{
	struct landlock_path_beneath_attr a = {
		.allowed_access = what,
		.parent_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC),
	};
	int r;

	if (a.parent_fd < 0)
		return 0;
	r = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		    &a, 0)
		    ? -errno
		    : 0;
	close(a.parent_fd);
	return r;
}

int weir_confine_paths(const struct weir_confine_places *p)
{
	struct landlock_ruleset_attr a;
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
			   LANDLOCK_CREATE_RULESET_VERSION);
	int fd, r = 0;

	if (abi < 1)
		return -ENOSYS;
	a.handled_access_fs = abi >= 3   ? LANDLOCK_FS_V3
			      : abi == 2 ? LANDLOCK_FS_V2
					 : LANDLOCK_FS_V1;
	fd = (int)syscall(SYS_landlock_create_ruleset, &a, sizeof(a), 0);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; r == 0 && i < p->n_reads; i++)
		r = permit(fd, p->reads[i], LANDLOCK_FS_READ);
	for (size_t i = 0; r == 0 && i < WEIR_CONFINE_REMOVES; i++)
		if (p->removes[i])
			r = permit(fd, p->removes[i],
				   LANDLOCK_ACCESS_FS_REMOVE_FILE);
	if (r == 0 && p->writes)
		r = permit(fd, p->writes,
			   LANDLOCK_ACCESS_FS_WRITE_FILE |
				   LANDLOCK_ACCESS_FS_MAKE_REG);
	if (r == 0 && syscall(SYS_landlock_restrict_self, fd, 0))
		r = -errno;
	close(fd);
	return r;
}
