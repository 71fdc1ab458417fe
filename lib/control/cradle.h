/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cradle.h - a process that starts proxies when control no longer can
 *
 * Once its network stands control may open hardly a file (Landlock) and so
 * execute nothing.  A proxy that dies has to be followed by another: this
 * process was forked before, does nothing but wait for that, and starts them.
 * It reads no byte of anybody's but control's single ones.
 *
 * It ends with control, and its proxies with it.
 */
#ifndef WEIR_CONTROL_CRADLE_H
#define WEIR_CONTROL_CRADLE_H

#include <stdbool.h>
#include <sys/types.h>

/** struct weir_cradle - @pid 0: none */
struct weir_cradle {
	pid_t pid;
	int sock;
};

/**
 * weir_cradle_open() - fork it
 * @unconfined: see weir_spawn_process()
 *
 * Before secrets are read: it is a fork.
 * Return: 0 or a negative errno.
 */
int weir_cradle_open(struct weir_cradle *c, bool unconfined);

/**
 * weir_cradle_start() - have a proxy started; the one before is ended
 * @ret_sock: control's end of its pair, non-blocking
 *
 * Return: 0 or a negative errno.
 */
int weir_cradle_start(struct weir_cradle *c, int *ret_sock);

/** weir_cradle_close() - end it, and what it started; waits for that */
void weir_cradle_close(struct weir_cradle *c);

#endif /* WEIR_CONTROL_CRADLE_H */
