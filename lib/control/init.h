/* SPDX-License-Identifier: Apache-2.0 */
/* init.h - PID 1 of the sandbox: starts CMD, reaps, forwards, ends all */
#ifndef WEIR_CONTROL_INIT_H
#define WEIR_CONTROL_INIT_H

#include "control/sandbox.h"

/**
 * weir_init_run() - wait for GO, start CMD, stay until it ended
 *
 * Tells control STARTED, STOPPED, ENDED or TROUBLE.  When CMD has ended all
 * other processes of the sandbox are killed, what was sent is waited for (see
 * control/linger.h), and init ends.
 */
_Noreturn void weir_init_run(const struct weir_sandbox *s);

#endif /* WEIR_CONTROL_INIT_H */
