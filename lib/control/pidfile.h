/* SPDX-License-Identifier: Apache-2.0 */
/* pidfile.h - a file with the number of this process, while it serves */
#ifndef WEIR_CONTROL_PIDFILE_H
#define WEIR_CONTROL_PIDFILE_H

#include <limits.h>
#include <sys/types.h>

/**
 * struct weir_pidfile - where it is
 * @dir:  the directory, as a descriptor; -1: no file is wanted
 * @path: of the directory; @name: in it
 * @dev, @ino: of the file written; 0: none
 */
struct weir_pidfile {
	int dir;
	char path[PATH_MAX];
	char name[NAME_MAX + 1];
	dev_t dev;
	ino_t ino;
};

/** weir_pidfile_open() - find the directory; Return: 0 or a negative errno */
int weir_pidfile_open(struct weir_pidfile *p, const char *path);

/**
 * weir_pidfile_write() - the number and a newline
 *
 * Whoever sees the file sees all of it: it is written under another name and
 * renamed.  One that is there is replaced.
 *
 * Return: 0 or a negative errno.
 */
int weir_pidfile_write(struct weir_pidfile *p, pid_t pid);

/** weir_pidfile_remove() - if it is still ours; closes @p */
void weir_pidfile_remove(struct weir_pidfile *p);

#endif /* WEIR_CONTROL_PIDFILE_H */
