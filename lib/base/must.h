/* SPDX-License-Identifier: Apache-2.0 */
/*
 * must.h - what our own code promised itself
 *
 * weir_must() stops the process when one of our invariants is broken.  It
 * stays on in release builds, and its condition never depends on bytes that
 * a guest, a server or a peer process wrote: those are answered with a counted
 * reason instead.
 */
#ifndef WEIR_BASE_MUST_H
#define WEIR_BASE_MUST_H

#define weir_must(cond)                                                        \
	do {                                                                   \
		if (__builtin_expect(!(cond), 0))                              \
			__builtin_trap();                                      \
	} while (0)

#endif /* WEIR_BASE_MUST_H */
