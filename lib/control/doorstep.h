/* SPDX-License-Identifier: Apache-2.0 */
/* doorstep.h - the unix socket at which a guest comes in */
#ifndef WEIR_CONTROL_DOORSTEP_H
#define WEIR_CONTROL_DOORSTEP_H

#include <stdbool.h>
#include <sys/types.h>

#include "sys/charter.h"

#define WEIR_DOORSTEP_WHY_BYTES 320u

/**
 * struct weir_doorstep - a socket, and the file that names it
 * @fd:   listening, or a datagram socket; -1: none
 * @link: what comes in there
 * @path: of the file, borrowed; NULL: none; @folder: where it lies
 * @dev, @ino: it, so that only it is removed
 */
struct weir_doorstep {
	int fd;
	enum weir_charter_link link;
	const char *path;
	char *folder;
	dev_t dev;
	ino_t ino;
};

/**
 * weir_doorstep_open() - make the socket
 * @why: on failure one sentence for the operator
 *
 * Its file is for this user alone (mode 0600).  A file that is there is
 * replaced if it is a socket that nobody listens at.
 * Return: false if it cannot be made.
 */
bool weir_doorstep_open(struct weir_doorstep *d, enum weir_charter_link link,
			const char *path, char why[WEIR_DOORSTEP_WHY_BYTES]);

/**
 * weir_doorstep_kind() - which link an inherited descriptor is
 *
 * Return: STREAM or DGRAM; 0 if it is no connected unix socket of these.
 */
enum weir_charter_link weir_doorstep_kind(int fd);

/**
 * weir_doorstep_admit() - a guest is there: the descriptor of its link
 *
 * A datagram socket is its guest's until weir_doorstep_free().
 * Return: a descriptor, non-blocking, the caller's; -EAGAIN: it was nobody;
 * another negative errno.
 */
int weir_doorstep_admit(struct weir_doorstep *d);

/** weir_doorstep_free() - the guest is gone: the next may come */
void weir_doorstep_free(struct weir_doorstep *d);

/** weir_doorstep_close() - close the socket and remove its file */
void weir_doorstep_close(struct weir_doorstep *d);

#endif /* WEIR_CONTROL_DOORSTEP_H */
