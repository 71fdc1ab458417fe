/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.c - the system calls that CMD may not make
 *
 * A network namespace confines IP; some kinds of sockets ignore it (AF_VSOCK
 * reaches the hypervisor) and others are not needed by programs.  The gate is
 * a small seccomp filter, everything else is allowed:
 *
 *	socket, socketpair   other than UNIX, INET, INET6, NETLINK: EAFNOSUPPORT
 *	ioctl                TIOCSTI, TIOCLINUX (typing into the terminal): EPERM
 *	io_uring_setup       ENOSYS: a ring makes sockets without a system call
 *	another ABI          the same rules for 32-bit programs, but sockets by
 *	                     way of socketcall(2), whose family a filter cannot
 *	                     see: EAFNOSUPPORT; any third ABI: ENOSYS
 *
 * The kernel looks at the low 32 bits of a family and of an ioctl request,
 * and so does the gate.  Written by hand: it is short, and it is loaded on
 * every start, where building it with a library would take longer than all
 * the rest.
 */
#include "control/gate.h"

#include <endian.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/must.h"

#define GATE_MAX     96u
#define NO_CALL      0xffffffffu
#define SOCKETCALL_1 1u /* SYS_SOCKET of socketcall(2) */
#define X32_BIT      0x40000000u

/** struct abi - the numbers that matter, per architecture as seccomp names it */
struct abi {
	uint32_t arch;
	uint32_t socket, socketpair, socketcall, ioctl, io_uring_setup;
	uint32_t too_high; /* numbers from here on are another ABI's */
};

static const struct abi abis[] = {
#if defined(__x86_64__)
	{ AUDIT_ARCH_X86_64, __NR_socket, __NR_socketpair, NO_CALL, __NR_ioctl,
	  __NR_io_uring_setup, X32_BIT },
	{ AUDIT_ARCH_I386, 359, 360, 102, 54, 425, NO_CALL },
#elif defined(__aarch64__)
	{ AUDIT_ARCH_AARCH64, __NR_socket, __NR_socketpair, NO_CALL, __NR_ioctl,
	  __NR_io_uring_setup, NO_CALL },
	{ AUDIT_ARCH_ARM, 281, 288, NO_CALL, 54, 425, NO_CALL },
#elif defined(__riscv) && __riscv_xlen == 64
	{ AUDIT_ARCH_RISCV64, __NR_socket, __NR_socketpair, NO_CALL, __NR_ioctl,
	  __NR_io_uring_setup, NO_CALL },
#else
#error "gate.c does not know this architecture's system calls"
#endif
};

struct program {
	struct sock_filter f[GATE_MAX];
	unsigned short n;
};

static void emit(struct program *p, uint16_t code, uint32_t k, uint8_t yes,
		 uint8_t no)
{
	weir_must(p->n < GATE_MAX);
	p->f[p->n++] = (struct sock_filter){
		.code = code, .jt = yes, .jf = no, .k = k
	};
}

static void load(struct program *p, size_t offset)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void load_arg(struct program *p, unsigned i)
{
	size_t low = __BYTE_ORDER == __LITTLE_ENDIAN ? 0 : 4;

	load(p, offsetof(struct seccomp_data, args) + i * 8u + low);
}

static void answer(struct program *p, uint32_t what)
{
	emit(p, BPF_RET | BPF_K, what, 0, 0);
}

static uint32_t refuse(int error)
{
	return SECCOMP_RET_ERRNO | ((uint32_t)error & SECCOMP_RET_DATA);
}

/* step over the next @skip instructions unless the call is @nr */
static void when(struct program *p, uint32_t nr, uint8_t skip)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, nr, 0, skip);
}

static void check_family(struct program *p, uint32_t nr)
{
	static const uint32_t good[] = { AF_UNIX, AF_INET, AF_INET6,
					 AF_NETLINK };
	uint8_t n = sizeof(good) / sizeof(good[0]);

	when(p, nr, (uint8_t)(n + 3));
	load_arg(p, 0);
	for (uint8_t i = 0; i < n; i++)
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, good[i], (uint8_t)(n - i),
		     0);
	answer(p, refuse(EAFNOSUPPORT));
	answer(p, SECCOMP_RET_ALLOW);
}

static void check_request(struct program *p, uint32_t nr)
{
	when(p, nr, 5);
	load_arg(p, 1);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, TIOCSTI, 2, 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, TIOCLINUX, 1, 0);
	answer(p, SECCOMP_RET_ALLOW);
	answer(p, refuse(EPERM));
}

static void check_abi(struct program *p, const struct abi *a)
{
	load(p, offsetof(struct seccomp_data, nr));
	emit(p, BPF_JMP | BPF_JGE | BPF_K, a->too_high, 0, 1);
	answer(p, refuse(ENOSYS));
	check_family(p, a->socket);
	check_family(p, a->socketpair);
	check_request(p, a->ioctl);
	when(p, a->io_uring_setup, 1);
	answer(p, refuse(ENOSYS));
	if (a->socketcall != NO_CALL) {
		when(p, a->socketcall, 4);
		load_arg(p, 0);
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, SOCKETCALL_1, 0, 1);
		answer(p, refuse(EAFNOSUPPORT));
		answer(p, SECCOMP_RET_ALLOW);
	}
	answer(p, SECCOMP_RET_ALLOW);
}

int weir_gate_close(void)
{
	struct program p = { .n = 0 };
	struct sock_fprog prog = { .filter = p.f };

	for (size_t i = 0; i < sizeof(abis) / sizeof(abis[0]); i++) {
		unsigned short at;

		load(&p, offsetof(struct seccomp_data, arch));
		at = p.n;
		when(&p, abis[i].arch, 0);
		check_abi(&p, &abis[i]);
		p.f[at].jf = (uint8_t)(p.n - at - 1);
	}
	answer(&p, refuse(ENOSYS));
	prog.len = p.n;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_SPEC_ALLOW, &prog)
		       ? -errno
		       : 0;
}
