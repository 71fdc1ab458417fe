/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doorstep.c - the unix socket at which a guest comes in
 *
 * A stream socket listens, and each connection is a guest, one after another.
 * A datagram socket has no connections: the first sender is the guest, and the
 * link connects the socket to it; when it is gone the socket is disconnected,
 * and what it still had queued is thrown away.
 */
#include "control/doorstep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/greet.h"

static bool refuse(char why[WEIR_DOORSTEP_WHY_BYTES], const char *path,
		   const char *what)
{
	snprintf(why, WEIR_DOORSTEP_WHY_BYTES, "no guest can come in at %s: %s",
		 path, what);
	return false;
}

static bool address_of(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (!*path || strlen(path) >= sizeof(ret->sun_path))
		return false;
	memcpy(ret->sun_path, path, strlen(path));
	return true;
}

/* Is there a socket at @a that nobody listens at?  Then it is removed. */
static bool is_stale(int type, const struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	struct stat st;
	bool stale;

	if (fd < 0)
		return false;
	stale = lstat(a->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
		connect(fd, (const struct sockaddr *)a, sizeof(*a)) &&
		errno == ECONNREFUSED;
	close(fd);
	return stale && unlink(a->sun_path) == 0;
}

static int bind_to(int fd, int type, const struct sockaddr_un *a)
{
	const struct sockaddr *at = (const struct sockaddr *)a;
	mode_t mask = umask(0177);
	int r = bind(fd, at, sizeof(*a)) ? -errno : 0;

	if (r == -EADDRINUSE && is_stale(type, a))
		r = bind(fd, at, sizeof(*a)) ? -errno : 0;
	(void)umask(mask);
	return r;
}

static char *folder_of(const char *path)
{
	const char *end = strrchr(path, '/');

	return end ? strndup(path, (size_t)(end + 1 - path)) : strdup(".");
}

bool weir_doorstep_open(struct weir_doorstep *d, enum weir_charter_link link,
			const char *path, char why[WEIR_DOORSTEP_WHY_BYTES])
{
	int type = link == WEIR_CHARTER_DGRAM ? SOCK_DGRAM : SOCK_STREAM;
	struct sockaddr_un a;
	struct stat st;
	int r;

	*d = (struct weir_doorstep){ .fd = -1, .link = link };
	if (!address_of(path, &a))
		return refuse(why, path,
			      "the path of a socket has 1 to 107 bytes");
	d->fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->fd < 0)
		return refuse(why, path, strerror(errno));
	r = bind_to(d->fd, type, &a);
	if (r == 0 && type == SOCK_STREAM && listen(d->fd, 1))
		r = -errno;
	if (r) {
		close(d->fd);
		d->fd = -1;
		return refuse(why, path,
			      r == -EADDRINUSE
				      ? "something is there already, and is in "
					"use or no socket"
				      : strerror(-r));
	}
	if (lstat(path, &st) == 0) {
		d->path = path;
		d->folder = folder_of(path);
		d->dev = st.st_dev;
		d->ino = st.st_ino;
	}
	return true;
}

enum weir_charter_link weir_doorstep_kind(int fd)
{
	int domain = 0, type = 0;
	socklen_t n = sizeof(domain);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) ||
	    domain != AF_UNIX)
		return (enum weir_charter_link)0;
	n = sizeof(type);
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n))
		return (enum weir_charter_link)0;
	if (type == SOCK_STREAM)
		return WEIR_CHARTER_STREAM;
	return type == SOCK_DGRAM ? WEIR_CHARTER_DGRAM
				  : (enum weir_charter_link)0;
}

int weir_doorstep_admit(struct weir_doorstep *d)
{
	int fd, r = 0;

	if (d->link == WEIR_CHARTER_DGRAM)
		r = weir_greet_peer(d->fd); /* where there are paths */
	if (r)
		return r == -EDESTADDRREQ || r == -ECONNREFUSED ? -EAGAIN : r;
	if (d->link == WEIR_CHARTER_DGRAM)
		fd = fcntl(d->fd, F_DUPFD_CLOEXEC, 3);
	else
		fd = accept4(d->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		return fd;
	return errno == ECONNABORTED || errno == EINTR ? -EAGAIN : -errno;
}

void weir_doorstep_free(struct weir_doorstep *d)
{
	if (d->link == WEIR_CHARTER_DGRAM && d->fd >= 0)
		(void)weir_greet_forget(d->fd);
}

void weir_doorstep_close(struct weir_doorstep *d)
{
	struct stat st;

	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
	if (d->path && lstat(d->path, &st) == 0 && st.st_dev == d->dev &&
	    st.st_ino == d->ino)
		(void)unlink(d->path);
	free(d->folder);
	d->folder = NULL;
	d->path = NULL;
}
