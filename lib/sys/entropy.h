/* SPDX-License-Identifier: Apache-2.0 */
/* entropy.h - bytes nobody can guess */
#ifndef WEIR_SYS_ENTROPY_H
#define WEIR_SYS_ENTROPY_H

#include <stddef.h>

/* the system calls of this room */
#define WEIR_ENTROPY_CALLS(X) X(getrandom)

/**
 * weir_entropy_fill() - fill @len bytes from the kernel's generator
 *
 * Return: 0, or -ENOSYS where the kernel has none or refuses it: then nothing
 * that needs a secret key may start.
 */
int weir_entropy_fill(void *to, size_t len);

#endif /* WEIR_SYS_ENTROPY_H */
