/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h - one life of `weir run`: engine, sandbox, CMD, end
 */
#ifndef WEIR_CONTROL_SESSION_H
#define WEIR_CONTROL_SESSION_H

#include "control/plan.h"
#include "control/voice.h"

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
int weir_session_run(const struct weir_orders *o, const struct weir_voice *v);

#endif /* WEIR_CONTROL_SESSION_H */
