/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guarded.c - touch memory whose file somebody else may cut
 *
 * How it works: every instruction here that touches such memory has an entry
 * in a table that the linker gathers (section weir_guarded): where the
 * instruction is, and where to go on if it faults.  The handler of SIGBUS looks
 * the faulting address up and changes nothing but the program counter of the
 * interrupted code.
 *
 *	instruction ── SIGBUS ──► fault(): in the table? ──yes──► go on there
 *	                                      │ no
 *	                                      ▼
 *	                          the default action: the process ends
 *
 * Why not sigsetjmp: it needs a word per thread in which the handler finds the
 * buffer, and some 20 ns for each of the several accesses a frame costs.  Here
 * the state is the program counter; there is nothing to set, to nest or to
 * forget, and the handler calls nothing.
 *
 * Invariants: the code after the place to go on reads only what the asm
 * statement says it writes; `ok` is set by the last instruction, so that it is
 * 0 wherever a fault came between.  Entries are offsets from themselves:
 * nothing is relocated when the program is loaded.
 *
 * Limits: x86-64 and AArch64.  Elsewhere the functions copy without a guard
 * and weir_guarded_is_possible() says so.  Under ASan our own side of a copy
 * is checked by hand, for the asm is not instrumented.
 */
#include "sys/guarded.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#include "base/must.h"

#if defined(__SANITIZE_ADDRESS__)
#define CHECKED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CHECKED 1
#endif
#endif

#ifdef CHECKED
#include <sanitizer/asan_interface.h>
#endif

#if defined(__x86_64__) || defined(__aarch64__)
#define POSSIBLE 1
#else
#define POSSIBLE 0
#endif

#if POSSIBLE

/* @at may fault; then go on at @to */
#define ENTRY(at, to)                                                          \
	".pushsection weir_guarded, \"a\"\n"                                   \
	".balign 4\n"                                                          \
	".long " at " - .\n"                                                   \
	".long " to " - .\n"                                                   \
	".popsection\n"

struct entry {
	int32_t at, to;
};

/* the linker's names for both ends of the table */
extern const struct entry __start_weir_guarded[]
	__attribute__((visibility("hidden")));
extern const struct entry __stop_weir_guarded[]
	__attribute__((visibility("hidden")));

/* NOLINTBEGIN(readability-non-const-parameter): the asm writes through it */
#if defined(__x86_64__)

#define BULK 256u /* from here on the string instruction is the faster one */

static uintptr_t counter(const ucontext_t *u)
{
	return (uintptr_t)u->uc_mcontext.gregs[REG_RIP];
}

static void go_on(ucontext_t *u, uintptr_t at)
{
	u->uc_mcontext.gregs[REG_RIP] = (greg_t)at;
}

/* after a fault the count is what was not copied */
static bool bulk(uint8_t *to, const uint8_t *from, size_t n)
{
	__asm__ volatile("1:	rep movsb\n"
			 "2:\n" ENTRY("1b", "2b")
			 : "+D"(to), "+S"(from), "+c"(n)
			 :
			 : "memory");
	return n == 0;
}

#define STEP(name, type, load, store)                                          \
	static inline bool name(uint8_t *to, const uint8_t *from)              \
	{                                                                      \
		uint32_t ok = 0;                                               \
		type w;                                                        \
		__asm__ volatile("1:	" load " (%[from]), %[w]\n"            \
				 "2:	" store " %[w], (%[to])\n"             \
				 "	movl $1, %[ok]\n"                           \
				 "3:\n" ENTRY("1b", "3b") ENTRY("2b", "3b")    \
				 : [w] "=&q"(w), [ok] "+&r"(ok)                \
				 : [to] "r"(to), [from] "r"(from)              \
				 : "memory");                                  \
		return ok != 0;                                                \
	}

STEP(step8, uint64_t, "movq", "movq")
STEP(step4, uint32_t, "movl", "movl")
STEP(step2, uint16_t, "movw", "movw")
STEP(step1, uint8_t, "movb", "movb")

static bool load(const void *from, uint16_t *ret)
{
	uint32_t ok = 0, v = 0;

	__asm__ volatile("1:	movzwl (%[from]), %[v]\n"
			 "	movl $1, %[ok]\n"
			 "2:\n" ENTRY("1b", "2b")
			 : [v] "+&r"(v), [ok] "+&r"(ok)
			 : [from] "r"(from)
			 : "memory");
	if (ok)
		*ret = (uint16_t)v;
	return ok != 0;
}

static bool store(void *to, uint16_t v)
{
	uint32_t ok = 0;

	__asm__ volatile("1:	movw %[v], (%[to])\n"
			 "	movl $1, %[ok]\n"
			 "2:\n" ENTRY("1b", "2b")
			 : [ok] "+&r"(ok)
			 : [to] "r"(to), [v] "r"(v)
			 : "memory");
	return ok != 0;
}

#else /* __aarch64__ */

#define BULK 64u

static uintptr_t counter(const ucontext_t *u)
{
	return (uintptr_t)u->uc_mcontext.pc;
}

static void go_on(ucontext_t *u, uintptr_t at)
{
	u->uc_mcontext.pc = at;
}

/* 32 bytes a round; what is left of @n after a fault is not 0 */
static bool bulk(uint8_t *to, const uint8_t *from, size_t n)
{
	uint64_t a, b, c, d;
	size_t rounds = n / 32;

	__asm__ volatile(
		"1:	ldp %[a], %[b], [%[from]]\n"
		"2:	ldp %[c], %[d], [%[from], #16]\n"
		"3:	stp %[a], %[b], [%[to]]\n"
		"4:	stp %[c], %[d], [%[to], #16]\n"
		"	add %[from], %[from], #32\n"
		"	add %[to], %[to], #32\n"
		"	subs %[n], %[n], #1\n"
		"	b.ne 1b\n"
		"5:\n" ENTRY("1b", "5b") ENTRY("2b", "5b") ENTRY("3b", "5b")
			ENTRY("4b", "5b")
		: [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d),
		  [n] "+&r"(rounds), [to] "+&r"(to), [from] "+&r"(from)
		:
		: "memory", "cc");
	return rounds == 0 &&
	       (n % 32 == 0 || weir_guarded_copy(to, from, n % 32));
}

#define STEP(name, type, load, store, size)                                    \
	static inline bool name(uint8_t *to, const uint8_t *from)              \
	{                                                                      \
		uint32_t ok = 0;                                               \
		type w;                                                        \
		__asm__ volatile("1:	" load " %" size "[w], [%[from]]\n"    \
				 "2:	" store " %" size "[w], [%[to]]\n"     \
				 "	mov %w[ok], #1\n"                           \
				 "3:\n" ENTRY("1b", "3b") ENTRY("2b", "3b")    \
				 : [w] "=&r"(w), [ok] "+&r"(ok)                \
				 : [to] "r"(to), [from] "r"(from)              \
				 : "memory");                                  \
		return ok != 0;                                                \
	}

STEP(step8, uint64_t, "ldr", "str", "x")
STEP(step4, uint32_t, "ldr", "str", "w")
STEP(step2, uint32_t, "ldrh", "strh", "w")
STEP(step1, uint32_t, "ldrb", "strb", "w")

static bool load(const void *from, uint16_t *ret)
{
	uint32_t ok = 0, v = 0;

	__asm__ volatile("1:	ldarh %w[v], [%[from]]\n"
			 "	mov %w[ok], #1\n"
			 "2:\n" ENTRY("1b", "2b")
			 : [v] "+&r"(v), [ok] "+&r"(ok)
			 : [from] "r"(from)
			 : "memory");
	if (ok)
		*ret = (uint16_t)v;
	return ok != 0;
}

static bool store(void *to, uint16_t v)
{
	uint32_t ok = 0, w = v;

	__asm__ volatile("1:	stlrh %w[w], [%[to]]\n"
			 "	mov %w[ok], #1\n"
			 "2:\n" ENTRY("1b", "2b")
			 : [ok] "+&r"(ok)
			 : [to] "r"(to), [w] "r"(w)
			 : "memory");
	return ok != 0;
}

#endif

/* NOLINTEND(readability-non-const-parameter) */

static void fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	uintptr_t at = counter(u);

	(void)info;
	for (const struct entry *e = __start_weir_guarded;
	     e != __stop_weir_guarded; e++) {
		if ((uintptr_t)&e->at + (uintptr_t)(intptr_t)e->at != at)
			continue;
		go_on(u, (uintptr_t)&e->to + (uintptr_t)(intptr_t)e->to);
		return;
	}
	/* not ours: it comes again, and is the end */
	(void)signal(sig, SIG_DFL);
}

int weir_guarded_install(void)
{
	struct sigaction a = { .sa_flags = SA_SIGINFO | SA_ONSTACK };

	a.sa_sigaction = fault;
	sigemptyset(&a.sa_mask);
	return sigaction(SIGBUS, &a, NULL) ? -errno : 0;
}

/* less than 16 bytes: two steps that may overlap */
static bool few(uint8_t *to, const uint8_t *from, size_t n)
{
	if (n >= 8)
		return step8(to, from) && step8(to + n - 8, from + n - 8);
	if (n >= 4)
		return step4(to, from) && step4(to + n - 4, from + n - 4);
	if (n >= 2)
		return step2(to, from) && step2(to + n - 2, from + n - 2);
	return n == 0 || step1(to, from);
}

static bool copy(uint8_t *to, const uint8_t *from, size_t n)
{
	if (n >= BULK)
		return bulk(to, from, n);
	for (; n > 16; n -= 8, to += 8, from += 8)
		if (!step8(to, from))
			return false;
	return few(to, from, n);
}

#else

int weir_guarded_install(void)
{
	return 0;
}

static bool copy(uint8_t *to, const uint8_t *from, size_t n)
{
	memcpy(to, from, n);
	return true;
}

static bool load(const void *from, uint16_t *ret)
{
	*ret = __atomic_load_n((const uint16_t *)from, __ATOMIC_ACQUIRE);
	return true;
}

static bool store(void *to, uint16_t v)
{
	__atomic_store_n((uint16_t *)to, v, __ATOMIC_RELEASE);
	return true;
}

#endif

bool weir_guarded_is_possible(void)
{
	return POSSIBLE;
}

bool weir_guarded_copy(void *to, const void *from, size_t n)
{
#ifdef CHECKED
	void *end;

	memcpy(&end, &from, sizeof(end)); /* the interface knows no const */
	weir_must(n == 0 || !__asan_region_is_poisoned(to, n));
	weir_must(n == 0 || !__asan_region_is_poisoned(end, n));
#endif
	return copy(to, from, n);
}

bool weir_guarded_load16(const void *from, uint16_t *ret)
{
	weir_must((uintptr_t)from % 2 == 0);
	return load(from, ret);
}

bool weir_guarded_store16(void *to, uint16_t v)
{
	weir_must((uintptr_t)to % 2 == 0);
	return store(to, v);
}
