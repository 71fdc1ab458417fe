/* SPDX-License-Identifier: Apache-2.0 */
/* wake.c - an eventfd that wakes one sleeper */
#include "link/wake.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

int weir_wake_open(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd >= 0           ? fd
	       : errno == EMFILE ? -EMFILE
	       : errno == ENFILE ? -ENFILE
				 : -ENOMEM;
}

void weir_wake_write(int fd)
{
	const uint64_t one = 1;
	int was = errno;
	ssize_t n;

	/* full is as readable as one */
	do
		n = write(fd, &one, sizeof(one));
	while (n < 0 && errno == EINTR);
	errno = was;
}

uint64_t weir_wake_read(int fd)
{
	uint64_t count = 0;
	int was = errno;
	ssize_t n;

	do
		n = read(fd, &count, sizeof(count));
	while (n < 0 && errno == EINTR);
	errno = was;
	return n == (ssize_t)sizeof(count) ? count : 0;
}
