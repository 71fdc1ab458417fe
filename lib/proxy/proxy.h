/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proxy.h - the process that opens what is intercepted
 *
 * DOC: how it works
 *
 * Control gives it what leaves are signed with (CA), whom to believe (TRUST,
 * any number), the POLICY, and one end of a pair to the engine (PROXY); READY is
 * answered when CA and PROXY are there.  From then on the engine hands it
 * connections (HANDOVER) and it says what became of them (HANDED).
 *
 * It opens no socket and no file, and parses no frame.  When control goes away
 * it ends; when it ends, everything it had open is reset, by the kernel and by
 * the engine.
 *
 * One thread, one loop; a turn is bounded, and who could go on is served again
 * in the next.
 */
#ifndef WEIR_PROXY_PROXY_H
#define WEIR_PROXY_PROXY_H

/**
 * weir_proxy_run() - be the proxy until control says stop or goes away
 * @control: SEQPACKET socket to control
 *
 * Return: 0 after STOP; 1 if control went away or it could not begin (FAILED
 * was sent).
 */
int weir_proxy_run(int control);

/** weir_proxy_prepare() - what OpenSSL and signals want before the process is
 * confined */
void weir_proxy_prepare(void);

/* the calls of this process beyond those its rooms name */
#define WEIR_PROXY_CALLS(X)                                                    \
	X(recvfrom)                                                            \
	X(sendto)                                                              \
	X(read)                                                                \
	X(write)                                                               \
	X(shutdown)                                                            \
	X(setsockopt)                                                          \
	X(close)                                                               \
	X(getpid) X(gettid) X(getrandom) X(clock_gettime) X(mlock) X(munlock)

#endif /* WEIR_PROXY_PROXY_H */
