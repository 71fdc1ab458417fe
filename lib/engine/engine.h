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
