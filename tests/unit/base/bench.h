/* SPDX-License-Identifier: Apache-2.0 */
/* bench.h - dice that fall alike every time, memory that can be counted */
#ifndef TEST_BASE_BENCH_H
#define TEST_BASE_BENCH_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/** roll() - splitmix64 */
static inline uint64_t roll(uint64_t *seed)
{
	uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/** below() - 0 to @n - 1 */
static inline uint32_t below(uint64_t *seed, uint32_t n)
{
	return (uint32_t)(roll(seed) % n);
}

/** stops() - does @f stop the process, as weir_must() does? */
static inline bool stops(void (*f)(void *), void *arg)
{
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		return false;
	if (pid == 0) {
		(void)signal(SIGILL, SIG_DFL); /* no report of a sanitizer */
		(void)signal(SIGTRAP, SIG_DFL);
		f(arg);
		_exit(0);
	}
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	       (WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGTRAP);
}

/** reserve() - address space without memory, as the wings do it */
static inline void *reserve(size_t len)
{
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

/** resident() - pages of [at, at + len) that were touched; @at from reserve() */
static inline size_t resident(void *at, size_t len)
{
	static unsigned char map[65536];
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = 0;
	size_t step = sizeof(map) * page;

	for (size_t from = 0; from < len; from += step) {
		size_t part = len - from < step ? len - from : step;

		if (mincore((char *)at + from, part, map) != 0)
			return SIZE_MAX;
		for (size_t i = 0; i < (part + page - 1) / page; i++)
			pages += map[i] & 1;
	}
	return pages;
}

#endif /* TEST_BASE_BENCH_H */
