/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guarded.h - touch memory whose file somebody else may cut
 *
 * Memory that a guest shares through a file goes away under its mapping when
 * whoever made the file makes it shorter: the kernel then answers a load or a
 * store with SIGBUS.  Through these functions that is an answer, not the end
 * of the process.
 *
 * They know nothing of bounds: the caller has checked that the range is inside
 * a mapping.
 *
 * Thread: any; there is no state.
 */
#ifndef WEIR_SYS_GUARDED_H
#define WEIR_SYS_GUARDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* the calls of weir_guarded_install(), made before a process is confined */
#define WEIR_GUARDED_CALLS(X) X(rt_sigaction)

/**
 * weir_guarded_is_possible() - has this machine's architecture got them?
 *
 * Return: false if a fault ends the process as ever: then only memory that
 * cannot be cut (F_SEAL_SHRINK) may be touched.
 */
bool weir_guarded_is_possible(void);

/**
 * weir_guarded_install() - answer SIGBUS, for the whole process
 *
 * Faults of any other code end the process as they did before.  For a process
 * of ours alone, not for a library: it replaces a handler that was there.
 *
 * Return: 0 or a negative errno.
 */
int weir_guarded_install(void);

/**
 * weir_guarded_copy() - copy @n bytes, either side of which may go away
 *
 * No order is promised among the bytes.  They do not overlap.
 *
 * Return: false if a page was gone; part of @to may have been written.
 */
bool weir_guarded_copy(void *to, const void *from, size_t n);

/**
 * weir_guarded_load16() - one aligned load; what follows it comes after it
 * @ret: untouched on failure
 *
 * Return: false if the page was gone.
 */
bool weir_guarded_load16(const void *from, uint16_t *ret);

/**
 * weir_guarded_store16() - one aligned store; what precedes it comes before it
 *
 * Return: false if the page was gone.
 */
bool weir_guarded_store16(void *to, uint16_t v);

#endif /* WEIR_SYS_GUARDED_H */
