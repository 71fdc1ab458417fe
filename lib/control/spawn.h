/* SPDX-License-Identifier: Apache-2.0 */
/* spawn.h - start another of Weir's processes */
#ifndef WEIR_CONTROL_SPAWN_H
#define WEIR_CONTROL_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

/* how the program that is started again knows what to be: its argv[0] */
#define WEIR_SPAWN_ENGINE     "weir: engine"
#define WEIR_SPAWN_PROXY      "weir: proxy"
#define WEIR_SPAWN_UNCONFINED "--unconfined"
/* the descriptor on which it finds control */
#define WEIR_SPAWN_SOCKET     3

/**
 * weir_spawn_process() - run one of Weir's other processes
 * @name: WEIR_SPAWN_ENGINE or _PROXY
 * @unconfined: leave it its root and its system calls, and stderr
 * @ret_sock: control's end of the pair, non-blocking
 *
 * /proc/self/exe is executed again, with an empty environment, in a session
 * of its own; it dies with the caller.
 *
 * Return: its process id or a negative errno.
 */
pid_t weir_spawn_process(const char *name, bool unconfined, int *ret_sock);

#endif /* WEIR_CONTROL_SPAWN_H */
