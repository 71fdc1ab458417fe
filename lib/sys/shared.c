/* SPDX-License-Identifier: Apache-2.0 */
/* shared.c - bytes that one process made and others may only read */
#include "sys/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int fill(int fd, const char *at, size_t len)
{
	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) ? -errno : 0;
}

int weir_shared_make(const char *name, const void *bytes, size_t len)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), err;

	if (fd < 0)
		return -errno;
	err = fill(fd, bytes, len);
	if (err == 0)
		return fd;
	close(fd);
	return err;
}

int weir_shared_map(int fd, const void **ret, size_t *ret_len)
{
	int seals = fcntl(fd, F_GET_SEALS);
	off_t len;
	void *mem;

	if (seals < 0)
		return -errno;
	if ((seals & SEALS) != SEALS)
		return -EPERM;
	len = lseek(fd, 0, SEEK_END);
	if (len <= 0)
		return len < 0 ? -errno : -ENODATA;
	/* before Linux 6.7 nothing that is sealed could be mapped as shared */
	mem = mmap(NULL, (size_t)len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (mem == MAP_FAILED)
		return -errno;
	*ret = mem;
	*ret_len = (size_t)len;
	return 0;
}

void weir_shared_unmap(const void *bytes, size_t len)
{
	if (bytes)
		munmap((void *)(uintptr_t)bytes, len);
}
