/* SPDX-License-Identifier: Apache-2.0 */
/*
 * terminal.h - whose the terminal is
 *
 * DOC: process groups
 *
 *	alone     nothing to do with a terminal, or in its background:
 *	          CMD has a process group of its own
 *	lent      Weir is in the foreground: CMD's own group becomes the
 *	          terminal's foreground, and Weir takes it back at the end and
 *	          when CMD stops
 *	shared    Weir is in the foreground and part of a pipeline: CMD stays in
 *	          Weir's process group, for the other members of the pipeline
 *	          need the terminal too
 */
#ifndef WEIR_CONTROL_TERMINAL_H
#define WEIR_CONTROL_TERMINAL_H

#include <stdbool.h>

/**
 * struct weir_terminal
 * @fd: the controlling terminal, close-on-exec, or -1
 * @own_group: CMD gets a process group of its own
 * @lent: CMD's group is the terminal's foreground
 */
struct weir_terminal {
	int fd;
	bool own_group, lent;
};

/** weir_terminal_open() - look how things are; @lent says what shall be */
void weir_terminal_open(struct weir_terminal *t);

/** weir_terminal_is_ours() - is Weir's own group in the foreground? */
bool weir_terminal_is_ours(const struct weir_terminal *t);

/**
 * weir_terminal_take() - make the caller's process group the foreground
 *
 * SIGTTOU must be blocked or ignored.
 */
void weir_terminal_take(struct weir_terminal *t);

#endif /* WEIR_CONTROL_TERMINAL_H */
