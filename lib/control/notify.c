/* SPDX-License-Identifier: Apache-2.0 */
/* notify.c - tell a service manager how it stands (sd_notify(3)) */
#include "control/notify.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int weir_notify_open(const char *where)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t n = where ? strlen(where) : 0;
	socklen_t len;
	int fd;

	if (n == 0)
		return -ENOENT;
	if (n < 2 || n >= sizeof(a.sun_path) ||
	    (*where != '/' && *where != '@'))
		return -EINVAL;
	memcpy(a.sun_path, where, n);
	if (*where == '@')
		a.sun_path[0] = 0;
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&a, len)) {
		int e = -errno;

		close(fd);
		return e;
	}
	return fd;
}

void weir_notify_send(int fd, const char *state)
{
	if (fd >= 0)
		(void)send(fd, state, strlen(state), MSG_NOSIGNAL);
}
