/* SPDX-License-Identifier: Apache-2.0 */
/* notify.h - tell a service manager how it stands (sd_notify(3)) */
#ifndef WEIR_CONTROL_NOTIFY_H
#define WEIR_CONTROL_NOTIFY_H

/**
 * weir_notify_open() - a socket to the service manager
 * @where: $NOTIFY_SOCKET: a path, or @ and an abstract name; may be NULL
 *
 * Return: a descriptor, non-blocking and close-on-exec; -ENOENT there is no
 * manager; another negative errno.
 */
int weir_notify_open(const char *where);

/** weir_notify_send() - one state, "READY=1"; @fd may be -1 */
void weir_notify_send(int fd, const char *state);

#endif /* WEIR_CONTROL_NOTIFY_H */
