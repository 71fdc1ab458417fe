/* SPDX-License-Identifier: Apache-2.0 */
/* entropy.c - bytes nobody can guess */
#include "sys/entropy.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>

int weir_entropy_fill(void *to, size_t len)
{
	char *at = to;

	while (len) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0 && errno != EINTR)
			return -ENOSYS;
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	return 0;
}
