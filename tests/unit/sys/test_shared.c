/* SPDX-License-Identifier: Apache-2.0 */
/* test_shared.c - bytes that one process made and others may only read */
#include "sys/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../t.h"

static void what_was_made_can_be_mapped_and_read(void **state)
{
	static const char text[] = "some bytes";
	int fd = weir_shared_make("test", text, sizeof(text));
	const void *at = NULL;
	size_t len = 0;

	(void)state;
	CHECK(fd >= 0);
	CHECK_EQ(weir_shared_map(fd, &at, &len), 0);
	CHECK_EQ(len, sizeof(text));
	assert_memory_equal(at, text, len);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	weir_shared_unmap(at, len);
	close(fd);
}

static void nobody_can_change_it_afterwards(void **state)
{
	int fd = weir_shared_make("test", "abc", 3);

	(void)state;
	CHECK(write(fd, "x", 1) < 0);
	CHECK_EQ(errno, EPERM);
	CHECK(ftruncate(fd, 0) < 0);
	CHECK(ftruncate(fd, 99) < 0);
	CHECK(mmap(NULL, 3, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) ==
	      MAP_FAILED);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL) < 0);
	close(fd);
}

static void what_its_maker_could_still_cut_is_not_mapped(void **state)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	const void *at = NULL;
	size_t len = 7;

	(void)state;
	CHECK_EQ(ftruncate(fd, 4096), 0);
	CHECK_EQ(weir_shared_map(fd, &at, &len), -EPERM);
	CHECK_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
	CHECK_EQ(weir_shared_map(fd, &at, &len), -EPERM);
	CHECK(at == NULL && len == 7);
	close(fd);
}

static void what_is_no_memory_file_is_not_mapped(void **state)
{
	const void *at = NULL;
	size_t len = 0;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), empty;

	(void)state;
	CHECK(weir_shared_map(fd, &at, &len) < 0);
	close(fd);
	CHECK_EQ(weir_shared_map(-1, &at, &len), -EBADF);
	empty = weir_shared_make("test", "", 0);
	CHECK_EQ(weir_shared_map(empty, &at, &len), -ENODATA);
	close(empty);
	weir_shared_unmap(NULL, 0);
}

T_MAIN(T(what_was_made_can_be_mapped_and_read),
       T(nobody_can_change_it_afterwards),
       T(what_its_maker_could_still_cut_is_not_mapped),
       T(what_is_no_memory_file_is_not_mapped))
