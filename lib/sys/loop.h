/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.h - wait for descriptors (epoll)
 *
 * Each descriptor is watched under a number of the owner's choosing.  Edge
 * means: told once when something changes, so the owner must read or write
 * until it would block; level: told as long as it is so.
 */
#ifndef WEIR_SYS_LOOP_H
#define WEIR_SYS_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* the calls of this room, for the engine's list */
#define WEIR_LOOP_CALLS(X) X(epoll_ctl) X(epoll_pwait) X(epoll_wait)

/* what happened, bits of weir_loop_event.what */
#define WEIR_LOOP_IN    1u
#define WEIR_LOOP_OUT   2u
#define WEIR_LOOP_EOF   4u  /* the peer sends no more */
#define WEIR_LOOP_ERROR 8u  /* an error is pending */
#define WEIR_LOOP_MARK  16u /* urgent data: a read stops there */

struct weir_loop_event {
	uint64_t tag;
	uint32_t what;
};

/** weir_loop_open() - Return: a descriptor, close-on-exec, or -errno */
int weir_loop_open(void);

/**
 * weir_loop_watch() - watch @fd under @tag
 * @out:  for writing too
 * @edge: edge-triggered
 *
 * Return: 0 or a negative errno.  A closed descriptor is forgotten by itself.
 */
int weir_loop_watch(int loop, int fd, uint64_t tag, bool out, bool edge);

/** weir_loop_rearm() - of a watched @fd, edge-triggered: for writing too, or not;
 * what it is now is told once more; 0 or -errno */
int weir_loop_rearm(int loop, int fd, uint64_t tag, bool out);

/** weir_loop_change() - other events for a watched @fd, level; 0 or -errno */
int weir_loop_change(int loop, int fd, uint64_t tag, bool in, bool out);

/**
 * weir_loop_forget() - watch @fd no more
 *
 * Closing does that too, unless another process has the same file open.
 */
void weir_loop_forget(int loop, int fd);

/**
 * weir_loop_wait() - wait for events
 * @timeout_us: at most so long, rounded up to milliseconds; 0 do not wait;
 *              UINT64_MAX for ever
 *
 * Return: how many events; 0 also if a signal came; or a negative errno.
 */
int weir_loop_wait(int loop, struct weir_loop_event *ret, int max,
		   uint64_t timeout_us);

#endif /* WEIR_SYS_LOOP_H */
