/* SPDX-License-Identifier: Apache-2.0 */
/* terminal.c - whose the terminal is */
#include "control/terminal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 &&
	       (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

void weir_terminal_open(struct weir_terminal *t)
{
	bool foreground;

	t->fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	foreground = weir_terminal_is_ours(t);
	t->own_group = !foreground ||
		       !(is_pipe(STDIN_FILENO) || is_pipe(STDOUT_FILENO));
	t->lent = foreground && t->own_group;
}

bool weir_terminal_is_ours(const struct weir_terminal *t)
{
	return t->fd >= 0 && tcgetpgrp(t->fd) == getpgrp();
}

void weir_terminal_take(struct weir_terminal *t)
{
	t->lent = false;
	if (t->fd >= 0)
		(void)tcsetpgrp(t->fd, getpgrp());
}
