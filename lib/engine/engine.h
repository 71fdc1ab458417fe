/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.h - the process that parses the guest's frames
 */
#ifndef WEIR_ENGINE_ENGINE_H
#define WEIR_ENGINE_ENGINE_H

/**
 * weir_engine_run() - be the engine until control says stop or goes away
 * @control: SEQPACKET socket to control; see sys/msg.h for what is said
 *
 * The process is confined already (sys/confine).  Opens no file.
 *
 * Return: 0 after STOP; 1 if control went away, the link went down or the
 * charter could not be carried out (FAILED was sent).
 */
int weir_engine_run(int control);

#define WEIR_ENGINE_OWED 2 /* the end came before the hosts took all */

struct weir_device;
struct weir_errand_list;

/**
 * weir_engine_run_inside() - the same as a thread of a program that holds the
 *                            guest; the charter's link is WEIR_CHARTER_INPROC
 * @device: the network's end of the rings; freed before it returns
 * @errands: what other threads want; open, and closed before it returns
 *
 * Return: 0 after STOP; WEIR_ENGINE_OWED after STOP, but something the guest
 * had sent was given up; 1 as weir_engine_run(), or the frames shut down; a
 * negative errno: it could not begin.
 */
int weir_engine_run_inside(int control, struct weir_device *device,
			   struct weir_errand_list *errands);

/*
 * The system calls of the engine beyond those its rooms name, for the list
 * that confinement allows.
 */
#define WEIR_ENGINE_CALLS(X)                                                   \
	X(mmap)                                                                \
	X(munmap)                                                              \
	X(madvise)                                                             \
	X(brk)                                                                 \
	X(clock_gettime)                                                       \
	X(getrandom) X(exit) X(exit_group) X(rt_sigreturn) X(restart_syscall)

#endif /* WEIR_ENGINE_ENGINE_H */
