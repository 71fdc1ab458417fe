/* SPDX-License-Identifier: Apache-2.0 */
/* pidfile.c - a file with the number of this process, while it serves */
#include "control/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int weir_pidfile_open(struct weir_pidfile *p, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t dir = slash ? (size_t)(slash - path) : 0;

	p->dir = -1;
	p->ino = 0;
	if (!*name || strlen(name) > sizeof(p->name) - 32 ||
	    strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EISDIR;
	if (dir >= sizeof(p->path))
		return -ENAMETOOLONG;
	memcpy(p->name, name, strlen(name) + 1);
	memcpy(p->path, slash && !dir ? "/" : ".", 2);
	if (dir) {
		memcpy(p->path, path, dir);
		p->path[dir] = 0;
	}
	p->dir = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return p->dir < 0 ? -errno : 0;
}

int weir_pidfile_write(struct weir_pidfile *p, pid_t pid)
{
	char other[NAME_MAX + 1], text[16];
	int n = snprintf(text, sizeof(text), "%d\n", (int)pid), fd, r = 0;
	struct stat st;

	snprintf(other, sizeof(other), ".%.220s.%d", p->name, (int)pid);
	fd = openat(p->dir, other,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	if (write(fd, text, (size_t)n) != n || fstat(fd, &st) ||
	    renameat(p->dir, other, p->dir, p->name)) {
		r = errno ? -errno : -EIO;
		(void)unlinkat(p->dir, other, 0);
	} else {
		p->dev = st.st_dev;
		p->ino = st.st_ino;
	}
	close(fd);
	return r;
}

void weir_pidfile_remove(struct weir_pidfile *p)
{
	struct stat st;

	if (p->dir < 0)
		return;
	if (p->ino && fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == p->dev && st.st_ino == p->ino)
		(void)unlinkat(p->dir, p->name, 0);
	close(p->dir);
	p->dir = -1;
}
