/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - events as lines of JSON, into a file, a pipe or stderr
 *
 * DOC: how it works
 *
 * Control is the only writer.  Lines gather in a buffer and leave whole:
 *
 *	file            one write(2) a batch, appended.  When the disk is full
 *	                a line may be written in part; its rest is kept and
 *	                comes first when there is room, so that none is torn.
 *	pipe, terminal, at most PIPE_BUF bytes of whole lines a write(2), which
 *	socket          a pipe takes all or nothing of, and never by waiting
 *
 * A line that finds the buffer full is lost whole; how many is said by a `lost`
 * event as soon as there is room, and to the operator once.  Nothing here
 * blocks but a disk does.
 *
 * A file is made with mode 0600.  Symbolic links are followed: the operator
 * names the path, a log often lies behind one (so does /dev/stderr), and in
 * directories that everybody may write the kernel guards them
 * (fs.protected_symlinks).
 *
 * SIGPIPE must be blocked or ignored.  A NULL log is one that wants nothing.
 */
#ifndef WEIR_CONTROL_LOG_H
#define WEIR_CONTROL_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rd.h"
#include "control/voice.h"
#include "record/event.h"

#define WEIR_LOG_BYTES    131072u /* of lines that wait */
#define WEIR_LOG_CLOSE_MS 200u    /* a reader's time to take the last ones */

/* what the engine may tell; the rest is control's own to say */
#define WEIR_LOG_OF_ENGINE                                                     \
	(WEIR_EVENT_BIT(WEIR_EVENT_LINK_UP) |                                  \
	 WEIR_EVENT_BIT(WEIR_EVENT_LINK_DOWN) |                                \
	 WEIR_EVENT_BIT(WEIR_EVENT_FLOW_OPEN) |                                \
	 WEIR_EVENT_BIT(WEIR_EVENT_FLOW_CLOSE) |                               \
	 WEIR_EVENT_BIT(WEIR_EVENT_DENY) | WEIR_EVENT_BIT(WEIR_EVENT_DNS) |    \
	 WEIR_EVENT_BIT(WEIR_EVENT_LIMIT) | WEIR_EVENT_BIT(WEIR_EVENT_LOST))

struct weir_log;

/**
 * weir_log_open() - begin a log
 * @path:  "-" is stderr; NULL: nowhere, weir_log_read() takes the lines
 * @kinds: mask of WEIR_EVENT_BIT(); 0: all.  `lost` is told in any case
 * @voice: for what the operator has to know; borrowed for the log's life
 * @ret:   written on success
 *
 * Return: 0; a negative errno: that of open(2) (-ENXIO: a pipe that nobody
 * reads, or a socket), -ENOTSUP something else than a file, a pipe or a
 * terminal, -ENOMEM.
 */
int weir_log_open(const char *path, uint32_t kinds,
		  const struct weir_voice *voice, struct weir_log **ret);

/**
 * weir_log_close() - write what can be written, and end
 *
 * A pipe's reader has WEIR_LOG_CLOSE_MS to take it.
 */
void weir_log_close(struct weir_log *l);

/** weir_log_wants() - is it worth the while to begin such an event? */
bool weir_log_wants(const struct weir_log *l, enum weir_event_kind kind);

/** weir_log_kinds() - the mask of what is wanted, for the engine's journal */
uint32_t weir_log_kinds(const struct weir_log *l);

/**
 * weir_log_begin() - an event of this moment, to be filled and put
 *
 * Memory: lent by the log until the next call.
 */
struct weir_event *weir_log_begin(struct weir_log *l,
				  enum weir_event_kind kind);

/** weir_log_put() - one event of control's own; weir_log_flush() writes it */
void weir_log_put(struct weir_log *l, const struct weir_event *e);

/**
 * weir_log_take() - the body of an EVENTS message, from a process that may lie
 * @may: the kinds it may tell, WEIR_LOG_OF_ENGINE
 *
 * What is malformed, or not its to tell, is counted as lost.  Follow with
 * weir_log_flush() when the messages that are there have been read.
 */
void weir_log_take(struct weir_log *l, uint32_t may, struct weir_rd *body);

/**
 * weir_log_flush() - write what waits
 *
 * Return: 0 nothing waits; -EAGAIN a reader is slow: watch weir_log_fd();
 * another negative errno: the operator was told, the next flush tries again.
 */
int weir_log_flush(struct weir_log *l);

/**
 * weir_log_read() - take lines that wait, of a log that goes nowhere
 * @to: @room bytes, WEIR_LOG_BYTES is always enough for all of them
 *
 * Return: bytes of whole lines, the oldest first; 0: none waits.
 */
size_t weir_log_read(struct weir_log *l, char *to, size_t room);

/** weir_log_fd() - what to watch for POLLOUT, to flush then; -1: nothing */
int weir_log_fd(const struct weir_log *l);

/**
 * weir_log_reopen() - after a rotation: the file that has the name now
 *
 * What waits goes to the old file if it still can.  The rest of a line begun
 * there is given up (and counted), so that the new one begins with a line.
 *
 * Return: 0; a negative errno of open(2): the old file stays open.
 */
int weir_log_reopen(struct weir_log *l);

/** weir_log_lost() - lines and events lost since it was opened */
uint64_t weir_log_lost(const struct weir_log *l);

#endif /* WEIR_CONTROL_LOG_H */
