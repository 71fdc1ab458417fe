/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h - one life of `weir run`: engine, sandbox, CMD, end
 */
#ifndef WEIR_CONTROL_SESSION_H
#define WEIR_CONTROL_SESSION_H

#include "control/plan.h"

/** enum weir_session_tone - how much a sentence matters */
enum weir_session_tone {
	WEIR_SESSION_ERROR,   /* always told */
	WEIR_SESSION_WARNING, /* unless the operator wants quiet */
	WEIR_SESSION_NOTE,    /* only if he wants to know */
};

/**
 * struct weir_session_voice - where sentences go; this floor prints nothing
 * @say: one sentence without a newline, or a few lines; printable
 * @ctx: handed to it
 */
struct weir_session_voice {
	void (*say)(void *ctx, enum weir_session_tone tone, const char *text);
	void *ctx;
};

/**
 * weir_session_run() - do all of it
 * @o: what was asked for; @o->argv is CMD
 *
 * Only once in a process with one thread: signals are blocked, descriptors
 * above 2 that are not kept are closed, privileges are given up.
 *
 * Return: what Weir ends with: CMD's status, 128 and a signal, 125 Weir
 * failed, 126 and 127 as a shell, 2 the orders contradict each other.
 */
int weir_session_run(const struct weir_orders *o,
		     const struct weir_session_voice *v);

#endif /* WEIR_CONTROL_SESSION_H */
