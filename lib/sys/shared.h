/* SPDX-License-Identifier: Apache-2.0 */
/* shared.h - bytes that one process made and others may only read */
#ifndef WEIR_SYS_SHARED_H
#define WEIR_SYS_SHARED_H

#include <stddef.h>

/* the system calls of weir_shared_map() and _unmap() */
#define WEIR_SHARED_CALLS(X) X(fcntl) X(lseek) X(mmap) X(munmap)

/**
 * weir_shared_make() - a sealed memfd with these bytes
 *
 * Return: a descriptor, close-on-exec, that nobody can write, shrink or grow;
 * or a negative errno.
 */
int weir_shared_make(const char *name, const void *bytes, size_t len);

/**
 * weir_shared_map() - map what weir_shared_make() made, for reading
 * @fd: stays the caller's; whoever sent it may lie about what it is
 *
 * Return: 0; -EPERM it is not sealed: its maker could change or cut it while
 * it is read; another negative errno.
 */
int weir_shared_map(int fd, const void **ret, size_t *ret_len);

/** weir_shared_unmap() - NULL is fine */
void weir_shared_unmap(const void *bytes, size_t len);

#endif /* WEIR_SYS_SHARED_H */
