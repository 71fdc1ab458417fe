/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.h - give up what a process does not need
 *
 * DOC: lists of system calls
 *
 * Each room says beside its declarations which system calls it makes:
 *
 *	#define WEIR_MSG_CALLS(X) X(sendmsg) X(recvmsg) X(close)
 *
 * and who builds a process gathers the lists of its rooms:
 *
 *	#define NR(name) SCMP_SYS(name),
 *	static const int calls[] = { WEIR_MSG_CALLS(NR) WEIR_CONFINE_CALLS(NR) };
 *
 * A call named twice is fine.  `socket` in a list means IPv4 and IPv6 sockets
 * only; `mmap` and `mprotect` mean memory that is not executable.
 */
#ifndef WEIR_SYS_CONFINE_H
#define WEIR_SYS_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

/* what libc needs to allocate, to wait, to be stopped and to end */
/* clang-format off */
#define WEIR_CONFINE_CALLS(X) \
	X(brk) X(mmap) X(munmap) X(mremap) X(mprotect) X(madvise) X(futex) \
	X(rt_sigreturn) X(restart_syscall) X(exit) X(exit_group)
/* clang-format on */

/**
 * weir_confine_is_possible() - is this build one that can be confined?
 *
 * Return: false with AddressSanitizer or ThreadSanitizer, which open files
 * and make calls of their own.
 */
bool weir_confine_is_possible(void);

/**
 * weir_confine_limits() - not dumpable, no core, all the descriptors there are
 */
void weir_confine_limits(void);

/**
 * weir_confine_root() - leave the file system: an empty root of our own
 *
 * Needs a process with one thread.  User (where allowed), mount, IPC and UTS
 * namespaces are new afterwards, and no path leads anywhere.
 *
 * Return: 0, or a negative errno where the machine does not allow it; the
 * process then goes on with the root it had.
 */
int weir_confine_root(void);

/** weir_confine_capabilities() - drop all, for good; and no new privileges */
void weir_confine_capabilities(void);

/**
 * weir_confine_calls() - from now on only these system calls
 * @nr: @n system call numbers of libseccomp
 *
 * Any other ends the process with SIGSYS.
 *
 * Return: 0 or a negative errno.
 */
int weir_confine_calls(const int *nr, size_t n);

#define WEIR_CONFINE_REMOVES 2u

/**
 * struct weir_confine_places - what may still be done with files
 * @reads: @n_reads directories; one that does not exist is left out
 * @removes: directories in which files may be removed; NULL: none
 * @writes: a directory in which files may be made and written, or NULL
 */
struct weir_confine_places {
	const char *const *reads;
	size_t n_reads;
	const char *removes[WEIR_CONFINE_REMOVES];
	const char *writes;
};

/**
 * weir_confine_paths() - from now on only these places
 *
 * Landlock: nothing outside can be opened, nothing executed, and nothing
 * written, made or removed elsewhere.  Needs no_new_privs.
 *
 * Return: 0, or a negative errno where the kernel has no Landlock.
 */
int weir_confine_paths(const struct weir_confine_places *p);

#endif /* WEIR_SYS_CONFINE_H */
