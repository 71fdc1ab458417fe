/* SPDX-License-Identifier: Apache-2.0 */
#include "control/descriptors.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../t.h"

static int apart(int (*what)(void))
{
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (pid == 0)
		_exit(what());
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static int keep_two(void)
{
	static const int keep[] = { 90, -1, 40, 40, 1 };

	for (int fd = 30; fd < 100; fd++)
		if (dup2(0, fd) < 0)
			return 1;
	weir_descriptors_close(keep, 5);
	for (int fd = 0; fd < 200; fd++)
		if (is_open(fd) != (fd < 3 || fd == 40 || fd == 90))
			return 2;
	weir_descriptors_close(NULL, 0);
	return is_open(40) || is_open(90) || !is_open(2) ? 3 : 0;
}

static void only_those_named_stay_open(void **state)
{
	(void)state;
	CHECK_EQ(apart(keep_two), 0);
}

static int fill_two(void)
{
	close(0);
	close(2);
	if (!weir_descriptors_fill() || !is_open(0) || !is_open(2))
		return 1;
	weir_descriptors_close(NULL, 0);
	return open("/", O_RDONLY) == 3 ? 0 : 2;
}

static void the_first_three_are_always_open(void **state)
{
	(void)state;
	CHECK_EQ(apart(fill_two), 0);
}

T_MAIN(T(only_those_named_stay_open), T(the_first_three_are_always_open))
