/* SPDX-License-Identifier: Apache-2.0 */
/* init.h - PID 1 of the sandbox: starts CMD, reaps, forwards, ends all */
#ifndef WEIR_CONTROL_INIT_H
#define WEIR_CONTROL_INIT_H

#include "control/sandbox.h"

/**
 * weir_init_run() - wait for GO, start CMD, stay until it ended
 *
 * Tells control STARTED, STOPPED, ENDED or TROUBLE, and ends with CMD; with a
 * PID namespace every process in it ends then, without one all descendants
 * are killed first.
 */
_Noreturn void weir_init_run(const struct weir_sandbox *s);

#endif /* WEIR_CONTROL_INIT_H */
